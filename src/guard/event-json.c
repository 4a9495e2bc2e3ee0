/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON lines of the schema "stockade.event/1". */
#include "base/json.h"
#include "base/parse.h"
#include "guard/event.h"

static void put_time(struct sk_jw *w, const char *key, uint64_t us)
{
	char text[SK_TIME_TEXT_SIZE];

	sk_jw_str(w, key, sk_format_time_us(us, text));
}

static void put(struct sk_jw *w, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		sk_jw_str(w, key, text);
}

static void put_list(struct sk_jw *w, const char *key, const char *const *texts, size_t n)
{
	sk_jw_array(w, key);
	for (size_t i = 0; i < n; i++)
		sk_jw_str(w, NULL, texts[i]);
	sk_jw_end_array(w);
}

static void put_args(struct sk_jw *w, const char *const *args, size_t n)
{
	put_list(w, "args", args, n);
}

static void put_whose(struct sk_jw *w, const struct guard_event *e)
{
	put(w, "service", e->service);
	if (e->image_reference != NULL || e->image_digest != NULL) {
		sk_jw_object(w, "image");
		put(w, "reference", e->image_reference);
		put(w, "digest", e->image_digest);
		sk_jw_end_object(w);
	}
	if (e->container_id != NULL || e->container_name != NULL) {
		sk_jw_object(w, "container");
		put(w, "id", e->container_id);
		put(w, "name", e->container_name);
		sk_jw_end_object(w);
	}
	if (e->pod_name != NULL) {
		sk_jw_object(w, "pod");
		put(w, "namespace", e->pod_namespace);
		put(w, "name", e->pod_name);
		sk_jw_end_object(w);
	}
	put(w, "host", e->host);
}

static void put_process(struct sk_jw *w, const struct guard_event *e)
{
	if (e->host_pid == 0)
		return;
	sk_jw_object(w, "process");
	sk_jw_u64(w, "pid", e->pid);
	sk_jw_u64(w, "host_pid", e->host_pid);
	sk_jw_u64(w, "ppid", e->ppid);
	sk_jw_u64(w, "host_ppid", e->host_ppid);
	sk_jw_u64(w, "uid", e->uid);
	put(w, "exe", e->exe);
	put_args(w, e->args, e->n_args);
	if (e->args_cut)
		sk_jw_bool(w, "args_cut", true);
	put(w, "cwd", e->cwd);
	sk_jw_array(w, "ancestry");
	for (size_t i = 0; i < e->n_ancestry; i++) {
		sk_jw_object(w, NULL);
		sk_jw_u64(w, "pid", e->ancestry[i].pid);
		sk_jw_u64(w, "host_pid", e->ancestry[i].host_pid);
		put(w, "exe", e->ancestry[i].exe);
		put_args(w, e->ancestry[i].args, e->ancestry[i].n_args);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
	sk_jw_end_object(w);
}

static void put_child(struct sk_jw *w, const struct guard_event *e)
{
	if (e->child_host_pid == 0)
		return;
	sk_jw_object(w, "child");
	sk_jw_u64(w, "pid", e->child_pid);
	sk_jw_u64(w, "host_pid", e->child_host_pid);
	sk_jw_end_object(w);
}

static void put_privilege(struct sk_jw *w, const struct guard_event *e)
{
	if (!e->has_user)
		return;
	sk_jw_object(w, "privilege");
	sk_jw_u64(w, "user", e->user);
	sk_jw_u64(w, "before", e->user_before);
	put_list(w, "gained", e->gained, e->n_gained);
	sk_jw_end_object(w);
}

static void put_file(struct sk_jw *w, const struct guard_event *e)
{
	if (e->file_path == NULL)
		return;
	sk_jw_object(w, "file");
	sk_jw_str(w, "path", e->file_path);
	put(w, "script", e->file_script);
	put(w, "sha256", e->file_sha256);
	put(w, "sha256_state", e->sha256_state);
	put(w, "origin", guard_origin_name(e->file_origin));
	if (e->file_package != NULL)
		sk_jw_str(w, "package", e->file_package);
	if (e->file_package != NULL || e->file_owner_unknown)
		sk_jw_str(w, "package_state",
			  e->file_package == NULL      ? "unknown"
			  : e->file_package[0] != '\0' ? "owned"
						       : "none");
	if (e->kind == GUARD_KIND_OPEN)
		sk_jw_str(w, "access", e->file_write ? "write" : "read");
	sk_jw_end_object(w);
}

static void put_files(struct sk_jw *w, const struct guard_event *e)
{
	if (e->n_files == 0)
		return;
	sk_jw_object(w, "files");
	sk_jw_u64(w, "count", e->n_files);
	put(w, "directory", e->files_directory);
	put_list(w, "examples", e->files_examples, e->n_files_examples);
	sk_jw_end_object(w);
}

static void put_peer(struct sk_jw *w, const struct guard_event *e)
{
	if (e->peer_address == NULL && e->peer_protocol == NULL)
		return;
	sk_jw_object(w, "peer");
	put(w, "address", e->peer_address);
	if (e->peer_address != NULL && !guard_event_is_unix(e))
		sk_jw_u64(w, "port", e->peer_port);
	put(w, "protocol", e->peer_protocol);
	put(w, "name", e->peer_name);
	sk_jw_end_object(w);
}

static void put_local(struct sk_jw *w, const struct guard_event *e)
{
	if (e->local_address == NULL)
		return;
	sk_jw_object(w, "local");
	sk_jw_str(w, "address", e->local_address);
	sk_jw_u64(w, "port", e->local_port);
	sk_jw_end_object(w);
}

static void put_dns(struct sk_jw *w, const struct guard_event *e)
{
	if (e->dns_type == NULL)
		return;
	sk_jw_object(w, "dns");
	sk_jw_str(w, "type", e->dns_type);
	if (e->dns_answer) {
		put_list(w, "addresses", e->dns_addresses, e->n_dns_addresses);
		put_list(w, "aliases", e->dns_aliases, e->n_dns_aliases);
	}
	put(w, "error", e->dns_error);
	sk_jw_end_object(w);
}

static void put_end(struct sk_jw *w, const struct guard_event *e)
{
	put(w, "detail", e->detail);
	put(w, "error", e->error);
	put(w, "profile", e->profile);
	sk_jw_u64(w, "count", e->count != 0 ? e->count : 1);
	if (e->first_us != 0)
		put_time(w, "first", e->first_us);
	if (e->last_us != 0)
		put_time(w, "last", e->last_us);
	if (e->kind == GUARD_KIND_LOST) {
		sk_jw_object(w, "lost");
		sk_jw_u64(w, "events", e->lost_events);
		put(w, "cgroup", e->lost_cgroup);
		sk_jw_end_object(w);
	}
}

int guard_event_json(const struct guard_event *e, const struct sk_sink *sink)
{
	struct sk_jw w;

	sk_jw_init(&w, sink, 0);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", GUARD_EVENT_SCHEMA);
	put_time(&w, "time", e->time_us);
	sk_jw_str(&w, "kind", guard_kind_name(e->kind));
	sk_jw_str(&w, "verdict", guard_verdict_name(e->verdict));
	if (e->reason != GUARD_REASON_NONE) {
		sk_jw_object(&w, "reason");
		sk_jw_str(&w, "kind", guard_reason_name(e->reason));
		put(&w, "text", e->reason_text);
		sk_jw_end_object(&w);
	}
	put(&w, "severity", e->severity);
	put(&w, "attack", e->attack);
	put_whose(&w, e);
	put_process(&w, e);
	put_child(&w, e);
	put_privilege(&w, e);
	put_file(&w, e);
	put_files(&w, e);
	put_peer(&w, e);
	put_local(&w, e);
	put_dns(&w, e);
	put_end(&w, e);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w);
}
