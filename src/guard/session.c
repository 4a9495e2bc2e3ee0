/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: containers coming and going, records becoming events, repetitions, losses. */
#include "guard/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "guard/dns.h"
#include "guard/files.h"
#include "guard/kern-pin.h"
#include "guard/later.h"
#include "guard/lineage.h"
#include "guard/names.h"
#include "guard/resolved.h"
#include "guard/session-priv.h"
#include "guard/story.h"

enum {
	POLL_MS = 20,          /* how long records may wait in the ring */
	BEAT_NS = 500000000,   /* heartbeat, losses, unnamed containers */
	FOLD_NS = 9,           /* seconds between lines of one cause: "at least every 10 s" */
	FOLD_IDLE = 60,        /* seconds after which a cause is forgotten */
	LAYERS_MAX = 64 << 10, /* of the names of a container's layers */
};

uint64_t guard_session_time(const struct guard_session *s, uint64_t mono_ns)
{
	return (mono_ns + s->offset_ns) / 1000;
}

struct guard_kern *guard_session_kern(struct guard_session *s)
{
	return s->kern;
}

struct guard_attrib *guard_session_attrib(struct guard_session *s)
{
	return s->attrib;
}

/* Components, last one first, become a path. */
static void join_path(char *to, size_t size, const uint8_t *data, size_t len)
{
	size_t end = len, n = 0;

	if (len == 0) {
		(void)snprintf(to, size, "/");
		return;
	}
	while (end > 0) {
		size_t start = end - 1; /* of the NUL that ends the component */

		while (start > 0 && data[start - 1] != 0)
			start--;
		if (n + 1 + (end - 1 - start) < size) {
			to[n++] = '/';
			memcpy(to + n, data + start, end - 1 - start);
			n += end - 1 - start;
		}
		end = start;
	}
	to[n] = '\0';
}

size_t guard_session_split_args(struct guard_session *s, const uint8_t *data, size_t len)
{
	size_t n = 0, start = 0;

	if (len > GUARD_ARGS_BYTES)
		len = GUARD_ARGS_BYTES;
	memcpy(s->arg_text, data, len);
	s->arg_text[len] = '\0';
	for (size_t i = 0; i <= len && n < GUARD_MAX_ARGS; i++) {
		if (i < len && data[i] != 0)
			continue;
		if (i < len || i > start)
			s->args[n++] = s->arg_text + start;
		start = i + 1;
	}
	return n;
}

/* A script that is executed is told of as the program that was to run. */
static bool is_exec(const struct guard_rec *rec)
{
	return rec->type == GUARD_REC_EXEC ||
	       (rec->type == GUARD_REC_SCRIPT && (rec->flags & GUARD_RF_EXECVE) != 0);
}

static enum guard_kind kind_of(const struct guard_rec *rec, struct guard_event *e)
{
	enum guard_kind kind = GUARD_KIND_PRIVILEGE;

	if (is_exec(rec))
		return GUARD_KIND_EXEC;
	switch (rec->type) {
	case GUARD_REC_OPEN:
	case GUARD_REC_PLACE:
	case GUARD_REC_SCRIPT:
		return GUARD_KIND_OPEN;
	case GUARD_REC_MMAP:
	case GUARD_REC_ANON:
		return GUARD_KIND_MMAP;
	case GUARD_REC_CONNECT:
	case GUARD_REC_RAW:
	case GUARD_REC_UNIX:
		return GUARD_KIND_CONNECT;
	case GUARD_REC_ACCEPT:
		return GUARD_KIND_ACCEPT;
	case GUARD_REC_SEND:
		return GUARD_KIND_SEND;
	case GUARD_REC_BIND:
		return GUARD_KIND_BIND;
	case GUARD_REC_DNS:
		return GUARD_KIND_DNS;
	case GUARD_REC_FORK:
		return GUARD_KIND_FORK;
	case GUARD_REC_EXIT:
		return GUARD_KIND_EXIT;
	case GUARD_REC_CALL:
		e->detail = guard_story_call(rec->op, &kind);
		if (rec->reason != GUARD_REC_R_NOT_IN_PROFILE)
			return kind;
		if ((rec->flags & GUARD_RF_COMPAT) != 0)
			e->detail = "32-bit call";
		return GUARD_KIND_PRIVILEGE;
	case GUARD_REC_CAP:
		e->detail = guard_capability_name(rec->op);
		return GUARD_KIND_PRIVILEGE;
	default:
		return GUARD_KIND_PRIVILEGE;
	}
}

/* What kind of socket, by its address family. */
static const char *raw_name(uint32_t family)
{
	switch (family) {
	case AF_INET:
	case AF_INET6:
		return "raw";
	case AF_PACKET:
		return "packet";
	case AF_VSOCK:
		return "vsock";
	case AF_XDP:
		return "xdp";
	case AF_ALG:
		return "alg";
	default:
		return "other";
	}
}

static const char *proto_name(const struct guard_rec *rec)
{
	if (rec->type == GUARD_REC_RAW)
		return raw_name(rec->op);
	return rec->proto == 6     ? "tcp"
	       : rec->proto == 17  ? "udp"
	       : rec->proto == 132 ? "sctp"
				   : "other";
}

static void fill_dns(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		     struct guard_event *e)
{
	struct guard_dns *m = &s->dns;

	if (!guard_dns_parse(sk_span_of(data, rec->args_len), m))
		return;
	e->detail = m->name;
	e->dns_type = guard_dns_type_name(m->type);
	if (e->dns_type == NULL) {
		(void)snprintf(s->dns_type, sizeof(s->dns_type), "TYPE%u", m->type);
		e->dns_type = s->dns_type;
	}
	e->dns_answer = m->is_answer;
	if (!m->is_answer)
		return;
	e->dns_error = guard_dns_code_name(m->code);
	for (size_t i = 0; i < m->n_addresses; i++) {
		(void)inet_ntop(m->addresses[i].family, m->addresses[i].addr, s->dns_text[i],
				sizeof(s->dns_text[i]));
		s->dns_addresses[i] = s->dns_text[i];
		(void)guard_resolved_name(s->resolved, rec->cgroup, &m->addresses[i], m->name);
	}
	for (size_t i = 0; i < m->n_aliases; i++)
		s->dns_aliases[i] = m->aliases[i];
	e->dns_addresses = s->dns_addresses;
	e->n_dns_addresses = m->n_addresses;
	e->dns_aliases = s->dns_aliases;
	e->n_dns_aliases = m->n_aliases;
}

static void fill_name(struct guard_session *s, const struct guard_rec *rec, struct guard_event *e)
{
	const struct guard_resolved_entry *known =
		guard_resolved_get(s->resolved, rec->cgroup, rec->family, rec->addr);

	if (known != NULL)
		e->peer_name = known->names[0];
}

/* The end of a connection that was accepted. */
static void fill_local(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		       struct guard_event *e)
{
	if (rec->args_len == sizeof(rec->addr) &&
	    inet_ntop(rec->family, data, s->local, sizeof(s->local)) != NULL)
		e->local_address = s->local;
	e->local_port = (uint16_t)rec->op;
}

static void fill_peer(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		      struct guard_event *e)
{
	if (rec->type == GUARD_REC_RAW) {
		e->peer_protocol = proto_name(rec);
		return;
	}
	if (rec->type == GUARD_REC_UNIX) {
		e->peer_protocol = "unix";
		(void)snprintf(s->name, sizeof(s->name), "%.*s", (int)rec->name_len, data);
		e->peer_address = rec->name_len != 0 ? s->name : NULL;
		return;
	}
	if (rec->type != GUARD_REC_CONNECT && rec->type != GUARD_REC_SEND &&
	    rec->type != GUARD_REC_BIND && rec->type != GUARD_REC_DNS &&
	    rec->type != GUARD_REC_ACCEPT)
		return;
	e->peer_protocol = proto_name(rec);
	e->peer_port = rec->port;
	if (inet_ntop(rec->family, rec->addr, s->address, sizeof(s->address)) != NULL)
		e->peer_address = s->address;
	if (rec->type == GUARD_REC_ACCEPT)
		fill_local(s, rec, data, e);
	if (rec->type == GUARD_REC_CONNECT || rec->type == GUARD_REC_SEND)
		fill_name(s, rec, e);
}

static void fill_whose(const struct guard_whose *w, struct guard_event *e)
{
	if (w == NULL)
		return;
	e->service = w->service;
	e->image_reference = w->info.image_reference;
	e->image_digest = w->info.image_digest;
	e->container_id = w->id[0] != '\0' ? w->id : NULL;
	e->container_name = w->info.name;
	e->pod_namespace = w->info.pod_namespace;
	e->pod_name = w->info.pod_name;
}

static void fill_process(struct guard_session *s, const struct guard_rec *rec,
			 struct guard_event *e)
{
	uint64_t asker = rec->type == GUARD_REC_EXEC ? rec->parent_exec_id : rec->exec_id;
	uint32_t asker_pid = rec->type == GUARD_REC_EXEC ? rec->host_ppid : rec->host_pid;
	const struct guard_image_of *image = guard_lineage_get(s->lineage, asker);
	char link[64];
	ssize_t n;

	/* Its start was lost, or is long ago. */
	if (image == NULL && guard_session_recall(s, asker_pid, asker))
		image = guard_lineage_get(s->lineage, asker);
	e->pid = rec->pid;
	e->host_pid = rec->host_pid;
	e->ppid = rec->ppid;
	e->host_ppid = rec->host_ppid;
	e->uid = rec->uid;
	if (image != NULL) {
		e->exe = image->exe;
		guard_session_ancestry(s, rec, asker, is_exec(rec), e);
		if (!is_exec(rec)) {
			e->args = (const char *const *)image->args;
			e->n_args = image->n_args;
		}
	}
	if (e->reason == GUARD_REASON_NONE && !is_exec(rec))
		return;
	(void)snprintf(link, sizeof(link), "/proc/%u/cwd", rec->host_pid);
	n = readlink(link, s->cwd, sizeof(s->cwd) - 1);
	if (n > 0) {
		s->cwd[n] = '\0';
		e->cwd = s->cwd;
	}
}

static void fill_powers(struct guard_session *s, const struct guard_rec *rec, struct guard_event *e)
{
	e->has_user = true;
	e->user = rec->op;
	e->user_before = rec->user;
	e->gained = s->gained;
	for (unsigned i = 0; i < SK_ARRAY_LEN(s->gained); i++) {
		const char *name = guard_capability_name(i);

		if ((rec->value >> i & 1) != 0 && name != NULL)
			s->gained[e->n_gained++] = name;
	}
}

/* What numbers of the record tell: the child, how it ended, as whom it acts. */
static void fill_life(struct guard_session *s, const struct guard_rec *rec, struct guard_event *e)
{
	uint32_t code = (uint32_t)rec->value;

	if (rec->type == GUARD_REC_FORK) {
		e->child_pid = rec->op;
		e->child_host_pid = code;
		(void)snprintf(s->life, sizeof(s->life), "child %u", rec->op);
	} else if (rec->type == GUARD_REC_EXIT && (code & 0x7f) != 0)
		(void)snprintf(s->life, sizeof(s->life), "signal %u", code & 0x7f);
	else if (rec->type == GUARD_REC_EXIT)
		(void)snprintf(s->life, sizeof(s->life), "status %u", code >> 8 & 0xff);
	else if (rec->type == GUARD_REC_PRIV) {
		(void)snprintf(s->life, sizeof(s->life), "user %u", rec->op);
		fill_powers(s, rec, e);
	} else
		return;
	e->detail = s->life;
}

static bool has_file(const struct guard_rec *rec)
{
	return rec->type == GUARD_REC_EXEC || rec->type == GUARD_REC_OPEN ||
	       rec->type == GUARD_REC_MMAP || rec->type == GUARD_REC_SCRIPT;
}

static void fill_exec(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		      struct guard_event *e)
{
	size_t name = rec->path_len, args = name + rec->name_len;

	if (rec->name_len > 0 && (rec->flags & GUARD_RF_SCRIPT) != 0) {
		(void)snprintf(s->name, sizeof(s->name), "%.*s", (int)rec->name_len, data + name);
		e->file_script = s->name;
	}
	e->args = s->args;
	e->n_args = guard_session_split_args(s, data + args, rec->args_len);
	e->args_cut = (rec->flags & GUARD_RF_ARGS_CUT) != 0;
	if ((rec->flags & GUARD_RF_PARENT) != 0)
		e->detail = "parent";
}

/* Without empty components, "." and "..". */
static void tidy_path(char *path)
{
	struct sk_span rest = sk_span_str(path), c;
	size_t n = 0;

	while (sk_span_cut(&rest, '/', &c)) {
		if (c.len == 0 || sk_span_eq_str(c, "."))
			continue;
		if (sk_span_eq_str(c, "..")) {
			while (n > 0 && path[--n] != '/')
				;
			continue;
		}
		path[n++] = '/';
		memmove(path + n, c.ptr, c.len);
		n += c.len;
	}
	if (n == 0)
		path[n++] = '/';
	path[n] = '\0';
}

static void add_layer(void *ctx, const char *dir)
{
	struct sk_buf *b = ctx;

	(void)(sk_buf_add_char(b, ':') && sk_buf_add_str(b, dir));
}

/* What a container did last may be read when it is gone: its layers are kept while it lives. */
static void keep_layers(struct guard_whose *w)
{
	uint32_t pid = w->layers == NULL && !w->is_host ? guard_session_pid(w) : 0;
	struct sk_buf b;

	sk_buf_init(&b, LAYERS_MAX);
	if (pid != 0 && guard_files_layers(pid, add_layer, &b) && b.len != 0 && !b.overflow)
		w->layers = sk_arena_strdup(w->arena, b.ptr);
	sk_buf_release(&b);
}

/* A name as it was given becomes the path that an open would show. */
static void fill_place(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		       struct guard_whose *w, struct guard_event *e)
{
	const char *name = (const char *)data + rec->path_len;
	uint32_t pid = 0;
	size_t len;

	e->file_directory = (rec->op & GUARD_OPEN_DIRECTORY) != 0;
	e->file_write = true;
	if ((rec->flags & GUARD_RF_PATH_CUT) != 0 || rec->name_len == 0)
		return;
	s->path[0] = '\0';
	if (name[0] != '/')
		join_path(s->path, sizeof(s->path), data, rec->path_len);
	len = strlen(s->path);
	(void)snprintf(s->path + len, sizeof(s->path) - len, "/%.*s", (int)rec->name_len, name);
	e->file_path = s->path;
	keep_layers(w);
	if (!guard_files_place(rec->host_pid, s->path, sizeof(s->path), &e->file_directory) &&
	    ((pid = guard_session_pid(w)) == 0 ||
	     !guard_files_place(pid, s->path, sizeof(s->path), &e->file_directory)) &&
	    !guard_files_place_layers(w->layers, s->path, sizeof(s->path), &e->file_directory))
		tidy_path(s->path); /* nobody is left to ask where links lead */
}

static void fill_event(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		       struct guard_whose *w, struct guard_event *e)
{
	memset(e, 0, sizeof(*e));
	e->time_us = guard_session_time(s, rec->time_ns);
	e->verdict = rec->verdict < GUARD_N_VERDICTS ? (enum guard_verdict)rec->verdict
						     : GUARD_VERDICT_OBSERVED;
	e->reason =
		rec->reason < GUARD_N_REASONS ? (enum guard_reason)rec->reason : GUARD_REASON_NONE;
	e->kind = kind_of(rec, e);
	e->count = 1;
	e->file_fd = guard_kern_file(s->kern, rec);
	e->file_is_script = is_exec(rec) && rec->type == GUARD_REC_SCRIPT;
	e->host = s->host;
	fill_whose(w, e);
	fill_process(s, rec, e);
	if (is_exec(rec))
		fill_exec(s, rec, data, e);
	fill_life(s, rec, e);
	if (has_file(rec)) {
		join_path(s->path, sizeof(s->path), data, rec->path_len);
		e->file_path = s->path;
		e->file_origin = rec->origin < GUARD_N_ORIGINS ? (enum guard_origin)rec->origin
							       : GUARD_ORIGIN_UNKNOWN;
		if (rec->type == GUARD_REC_OPEN) {
			e->file_write = (rec->op & GUARD_OPEN_WRITE) != 0;
			e->file_directory = (rec->op & GUARD_OPEN_DIRECTORY) != 0;
		}
	}
	if (rec->type == GUARD_REC_PLACE)
		fill_place(s, rec, data, w, e);
	fill_peer(s, rec, data, e);
	if (rec->type == GUARD_REC_DNS)
		fill_dns(s, rec, data, e);
	if (rec->type == GUARD_REC_OPEN && rec->reason == GUARD_REC_R_POLICY)
		e->detail = GUARD_STORY_NO_ROOM;
	guard_story_tell(e, rec, NULL, &s->text);
}

/* A program that runs from now on. Denied ones never did; killed ones did not get to it. */
static void remember_exec(struct guard_session *s, const struct guard_rec *rec,
			  const struct guard_event *e)
{
	struct guard_image_of image = {.exec_id = rec->exec_id,
				       .parent = rec->parent_exec_id,
				       .host_pid = rec->host_pid,
				       .pid = rec->pid,
				       .host_ppid = rec->host_ppid,
				       .n_args = (uint32_t)e->n_args,
				       .exe = s->path};

	if (rec->verdict != GUARD_REC_DENIED)
		guard_lineage_add(s->lineage, &image, e->args);
}

static struct cause *find_cause(struct guard_session *s, uint64_t id)
{
	for (size_t i = 0; i < GUARD_MAX_CAUSES && i < s->n_causes; i++)
		if (s->causes[i].id == id)
			return &s->causes[i];
	return NULL;
}

static void keep_cause(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		       size_t len)
{
	struct cause *c;
	bool fresh;

	if (rec->cause == 0)
		return;
	/* Counts may be told before the record that they are of is read. */
	c = find_cause(s, rec->cause);
	fresh = c == NULL;
	if (fresh)
		c = &s->causes[s->n_causes++ % GUARD_MAX_CAUSES];
	sk_free(c->bytes);
	c->size = sizeof(*rec) + len;
	c->bytes = sk_alloc(c->size);
	memcpy(c->bytes, rec, sizeof(*rec));
	memcpy(c->bytes + sizeof(*rec), data, len);
	c->id = rec->cause;
	if (fresh)
		c->told = 1;
}

/* A sign of life, also while much is to be looked at. */
static void beat(struct guard_session *s, uint64_t now)
{
	guard_kern_heartbeat(s->kern);
	s->last_beat = now;
}

static int on_record(void *ctx, const struct guard_rec *given, const uint8_t *data, size_t len)
{
	struct guard_session *s = ctx;
	struct guard_rec late;
	const struct guard_rec *rec = given;
	struct guard_whose *w;
	struct guard_event e;
	uint64_t now = sk_mono_ns();

	if (s->last_beat != 0 && now - s->last_beat >= BEAT_NS)
		beat(s, now);
	if ((size_t)rec->path_len + rec->name_len + rec->args_len > len)
		return 0;
	if (s->is_late) {
		if (rec->type == GUARD_REC_CGROUP)
			return 0; /* what is there now was found by looking */
		late = *given;
		late.flags |= GUARD_RF_LATE;
		rec = &late;
	}
	if (rec->type == GUARD_REC_CGROUP) {
		guard_session_on_cgroup(s, rec, data);
		return 0;
	}
	w = guard_attrib_get(s->attrib, rec->cgroup);
	/* Its first programs may be read before the news that it was made. */
	if (w == NULL && !s->is_late)
		w = guard_session_meet(s, rec->cgroup);
	if (w != NULL && !w->is_known && (rec->flags & GUARD_RF_PENDING) != 0) {
		(void)guard_attrib_ask(s->attrib, w);
		guard_session_settle(s, w);
	}
	if (w == NULL || !w->is_selected) {
		s->n_strays += w == NULL && s->is_late && rec->verdict > GUARD_REC_ALLOWED;
		/* What nobody can name is not let go on with what its rules forbid. */
		if (rec->verdict == GUARD_REC_HELD)
			(void)guard_kern_release(s->kern, rec,
						 w == NULL && rec->reason != 0 ? SIGKILL : SIGCONT);
		return 0;
	}
	fill_event(s, rec, data, w, &e);
	if (rec->type == GUARD_REC_DNS && e.detail == NULL)
		return 0; /* no DNS after all */
	keep_cause(s, rec, data, len);
	s->ops.event(s->ctx, rec, &e, w);
	if (rec->type == GUARD_REC_EXEC)
		remember_exec(s, rec, &e);
	else if (rec->type == GUARD_REC_FORK)
		guard_session_note_fork(s, rec);
	return 0;
}

void guard_session_later(struct guard_session *s, const struct guard_rec *rec, uint64_t ns)
{
	guard_later_put(s->later, rec, sk_mono_ns() + ns);
}

/* Program starts whose time to be looked at again has come, if they still run. */
static void look_again(struct guard_session *s, uint64_t now)
{
	struct guard_whose *w;
	struct guard_task task;
	struct guard_rec *rec;
	struct guard_event e;
	size_t len;

	while ((rec = guard_later_take(s->later, now, &len)) != NULL) {
		w = guard_attrib_get(s->attrib, rec->cgroup);
		if (w != NULL && w->is_selected &&
		    guard_kern_get(s->kern, GUARD_MAP_TASKS, &rec->host_pid, &task) &&
		    task.exec_id == rec->exec_id) {
			rec->flags |= GUARD_RF_LATER;
			rec->op++;
			rec->reason = GUARD_REC_R_NONE;
			rec->verdict = GUARD_REC_OBSERVED;
			fill_event(s, rec, (const uint8_t *)(rec + 1), w, &e);
			s->ops.event(s->ctx, rec, &e, w);
		}
		sk_free(rec);
	}
}

/* Kept in the kernel, for an agent that comes after this one. */
static void note_told(struct guard_session *s, uint32_t kind, uint64_t id, uint64_t count)
{
	struct guard_told_key key = {.kind = kind, .id = id};

	(void)guard_kern_put(s->kern, GUARD_MAP_TOLD, &key, &count); /* full: told twice then */
}

static void forget_told(struct guard_session *s, uint32_t kind, uint64_t id)
{
	struct guard_told_key key = {.kind = kind, .id = id};

	guard_kern_del(s->kern, GUARD_MAP_TOLD, &key);
}

/* How much of a count was told already, where the cause itself is not remembered any more. */
static uint64_t told_of(struct guard_session *s, const struct guard_fold *fold)
{
	struct guard_told_key key = {.kind = GUARD_TOLD_FOLD, .id = fold->id};
	uint64_t count = 0;

	if (!guard_kern_get(s->kern, GUARD_MAP_TOLD, &key, &count) || count < fold->sent)
		return fold->sent;
	return count;
}

static uint64_t told_before(struct guard_session *s, uint32_t kind, uint64_t id)
{
	struct guard_told_key key = {.kind = kind, .id = id};
	uint64_t count = 0;

	return guard_kern_old_get(s->kern, GUARD_MAP_TOLD, &key, &count) ? count : 0;
}

/* Repetitions of a cause, from the kernel's counts; @told: how often that was told if not here. */
static void tell_fold(struct guard_session *s, const struct guard_fold_key *key,
		      struct guard_fold *fold, uint64_t told)
{
	struct cause *c = find_cause(s, fold->id);
	struct guard_whose *w = guard_attrib_get(s->attrib, key->cgroup);
	struct guard_rec bare = {.type = key->type,
				 .verdict = key->verdict,
				 .reason = key->reason,
				 .op = key->op,
				 .cgroup = key->cgroup,
				 .cause = fold->id,
				 .time_ns = fold->first_ns,
				 .host_pid = fold->host_pid,
				 .flags = GUARD_RF_NO_PATH};
	const struct guard_rec *rec = c != NULL ? (const void *)c->bytes : &bare;
	struct guard_task task;
	struct guard_event e;

	/* Of who did it last there is more to say as long as it lives. */
	if (c == NULL && !is_exec(&bare) &&
	    guard_kern_get(s->kern, GUARD_MAP_TASKS, &bare.host_pid, &task)) {
		bare.exec_id = task.exec_id;
		bare.ppid = task.ppid;
	}
	if (c != NULL)
		told = c->told;
	if (fold->count <= told || w == NULL || !w->is_selected)
		return;
	fill_event(s, rec, c != NULL ? c->bytes + sizeof(*rec) : (const uint8_t *)"", w, &e);
	if ((rec->flags & GUARD_RF_NO_PATH) != 0)
		e.file_path = NULL;
	e.count = fold->count - told;
	e.first_us = guard_session_time(s, fold->first_ns);
	e.time_us = e.last_us = guard_session_time(s, fold->last_ns);
	if (c == NULL) {
		keep_cause(s, &bare, (const uint8_t *)"", 0);
		c = find_cause(s, fold->id);
	}
	c->told = fold->count;
	note_told(s, GUARD_TOLD_FOLD, fold->id, fold->count);
	s->ops.event(s->ctx, NULL, &e, w);
}

void guard_session_mute(struct guard_session *s, const struct guard_rec *rec)
{
	struct cause *c = rec->cause != 0 ? find_cause(s, rec->cause) : NULL;

	if (c != NULL)
		c->told = UINT64_MAX;
}

void guard_session_flush(struct guard_session *s)
{
	struct guard_fold_key key, next;
	struct guard_fold fold;
	uint64_t now = sk_mono_ns();
	bool more = guard_kern_next(s->kern, GUARD_MAP_FOLDS, NULL, &key);

	while (more) {
		more = guard_kern_next(s->kern, GUARD_MAP_FOLDS, &key, &next);
		if (guard_kern_get(s->kern, GUARD_MAP_FOLDS, &key, &fold)) {
			tell_fold(s, &key, &fold, told_of(s, &fold));
			if (now - fold.last_ns > FOLD_IDLE * SK_SECOND_NS) {
				guard_kern_del(s->kern, GUARD_MAP_FOLDS, &key);
				forget_told(s, GUARD_TOLD_FOLD, fold.id);
			}
		}
		key = next;
	}
	s->last_fold = now;
}

static void say_lost(struct guard_session *s, struct guard_whose *w, uint64_t count)
{
	struct guard_event e = {
		.kind = GUARD_KIND_LOST, .count = 1, .file_fd = -1, .host = s->host};

	fill_whose(w, &e);
	e.time_us = guard_session_time(s, sk_mono_ns());
	e.lost_events = count;
	e.lost_cgroup = w == NULL ? "" : w->path[0] != '\0' ? w->path : w->id;
	e.severity = "medium";
	s->ops.event(s->ctx, NULL, &e, w);
}

static void tell_lost(struct guard_session *s, struct guard_whose *w)
{
	struct guard_container c;

	if (!guard_kern_get(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &c))
		return;
	/* The news of it may have found no room. What it did last is read by the next look. */
	w->is_gone |= w->is_ending;
	w->is_ending = (c.flags & GUARD_C_GONE) != 0;
	if (!w->is_selected || c.lost <= w->lost)
		return;
	say_lost(s, w, c.lost - w->lost);
	w->lost = c.lost;
	note_told(s, GUARD_TOLD_LOST, w->cgroup, w->lost);
}

static void forget(struct guard_session *s, struct guard_whose *w)
{
	uint64_t cgroup = w->cgroup;

	if (s->ops.gone != NULL && w->is_selected)
		s->ops.gone(s->ctx, w);
	guard_kern_del(s->kern, GUARD_MAP_CONTAINERS, &cgroup);
	forget_told(s, GUARD_TOLD_LOST, cgroup);
	guard_attrib_remove(s->attrib, cgroup);
}

/* Once a second: a sign of life, losses, containers that no engine knew yet. */
static void every_second(struct guard_session *s)
{
	struct guard_whose *w;
	size_t pos = 0;

	beat(s, s->last_second);
	while ((w = guard_attrib_next(s->attrib, &pos)) != NULL) {
		tell_lost(s, w);
		if (w->is_gone) {
			guard_session_flush(s);
			forget(s, w);
			pos--;
			continue;
		}
		if (!w->is_host)
			guard_session_find_path(s, w);
		if (!w->is_known && !w->is_host) {
			(void)guard_attrib_ask(s->attrib, w);
			guard_session_settle(s, w);
		}
	}
}

int guard_session_poll(struct guard_session *s, int timeout_ms, struct sk_err *err)
{
	uint64_t now;
	int r;

	r = guard_kern_poll(s->kern, timeout_ms < POLL_MS ? timeout_ms : POLL_MS, err);
	if (r < 0)
		return r;
	now = sk_mono_ns();
	look_again(s, now);
	if (now - s->last_second >= BEAT_NS) {
		s->offset_ns = sk_wall_ns() - now;
		s->last_second = now;
		every_second(s);
	}
	if (now - s->last_fold >= FOLD_NS * SK_SECOND_NS)
		guard_session_flush(s);
	return 0;
}

static int walk_record(void *ctx, const struct guard_rec *rec, const uint8_t *data, size_t len)
{
	struct guard_session *s = ctx;
	struct guard_whose *w = guard_attrib_get(s->attrib, rec->cgroup);
	const struct guard_image_of *image;
	struct guard_event e;

	(void)len;
	if (w == NULL || !w->is_selected)
		return 0;
	fill_event(s, rec, data, w, &e);
	image = guard_lineage_get(s->lineage, rec->exec_id);
	if (rec->type == GUARD_REC_EXEC && image != NULL && !image->is_title) {
		e.args = (const char *const *)image->args;
		e.n_args = image->n_args;
	}
	s->ops.event(s->ctx, rec, &e, w);
	return 0;
}

int guard_session_walk(struct guard_session *s, struct sk_err *err)
{
	return guard_kern_walk(s->kern, walk_record, s, err);
}

/* What a predecessor's programs counted and nobody told. */
static void tell_old(struct guard_session *s)
{
	struct guard_fold_key key, next;
	struct guard_container c;
	struct guard_fold fold;
	struct guard_whose *w;
	size_t pos = 0;
	bool more = guard_kern_old_next(s->kern, GUARD_MAP_FOLDS, NULL, &key);

	while (more) {
		more = guard_kern_old_next(s->kern, GUARD_MAP_FOLDS, &key, &next);
		if (guard_kern_old_get(s->kern, GUARD_MAP_FOLDS, &key, &fold)) {
			uint64_t told = told_before(s, GUARD_TOLD_FOLD, fold.id);

			tell_fold(s, &key, &fold, told > fold.sent ? told : fold.sent);
			forget_told(s, GUARD_TOLD_FOLD, fold.id);
		}
		key = next;
	}
	while ((w = guard_attrib_next(s->attrib, &pos)) != NULL) {
		uint64_t told = told_before(s, GUARD_TOLD_LOST, w->cgroup);

		if (w->is_selected &&
		    guard_kern_old_get(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &c) &&
		    c.lost > told)
			say_lost(s, w, c.lost - told);
	}
}

int guard_session_pin(struct guard_session *s, struct sk_err *err)
{
	int r = guard_kern_pin(s->kern, err);

	s->last_beat = 0;
	if (r < 0)
		return r;
	s->is_late = true;
	guard_kern_drain_old(s->kern);
	s->is_late = false;
	tell_old(s);
	if (s->n_strays != 0)
		say_lost(s, NULL, s->n_strays);
	/* Whose report is lost is not going to be looked at. */
	(void)guard_kern_kill_held(s->kern);
	beat(s, sk_mono_ns());
	return 0;
}

int guard_session_end(struct guard_session *s, bool keep, struct sk_err *err)
{
	int r = 0;

	guard_kern_pause(s->kern);
	s->last_beat = 0;
	for (int i = 0; i < 2 && r >= 0; i++)
		r = guard_kern_poll(s->kern, POLL_MS, err);
	(void)guard_kern_kill_held(s->kern);
	guard_session_flush(s);
	if (!keep && r >= 0)
		r = guard_kern_unpin(s->kern, err);
	return r < 0 ? r : 0;
}

int guard_session_open(const struct guard_session_options *o, struct guard_session **ret,
		       struct sk_err *err)
{
	sk_cleanup(guard_session_freep) struct guard_session *s = sk_alloc(sizeof(*s));
	uint32_t zero = GUARD_DEFAULT_SERVICE;
	int r;

	s->select = o->select;
	s->ops = *o->ops;
	s->ctx = o->ctx;
	sk_buf_init(&s->text, GUARD_TEXT_MAX);
	(void)gethostname(s->host, sizeof(s->host) - 1);
	if (!guard_cgroup_root(s->root, sizeof(s->root)))
		return sk_err_set(
			err, SK_E_UNSUPPORTED,
			"guard: no version 2 cgroup tree is mounted on this host: containers "
			"are known by their cgroups there, also where version 1 is used "
			"beside it (mount -t cgroup2 none /sys/fs/cgroup/unified)");
	s->engine = guard_engine_new(o->engines, o->n_engines);
	s->attrib = guard_attrib_new(s->engine, &s->select);
	s->lineage = guard_lineage_new();
	s->later = guard_later_new();
	s->resolved = guard_resolved_new();
	s->offset_ns = sk_wall_ns() - sk_mono_ns();
	s->last_fold = sk_mono_ns();
	r = guard_session_check(s, err);
	if (r == 0)
		r = guard_kern_open(&o->kern, &s->kern, err);
	if (r < 0)
		return r;
	if (s->ops.opened != NULL)
		s->ops.opened(s->ctx, s->kern);
	guard_kern_on(s->kern, on_record, s);
	(void)guard_kern_put(s->kern, GUARD_MAP_POLICIES, &zero, &o->policy);
	(void)guard_kern_inherit(s->kern, o->kern.succeed);
	guard_session_cover(s);
	/* Children of those that were not known yet when they started. */
	(void)guard_kern_inherit(s->kern, o->kern.succeed);
	*ret = sk_take(s);
	return 0;
}

void guard_session_free(struct guard_session *s)
{
	if (s == NULL)
		return;
	guard_kern_free(s->kern);
	guard_attrib_free(s->attrib);
	guard_engine_free(s->engine);
	guard_lineage_free(s->lineage);
	guard_later_free(s->later);
	guard_resolved_free(s->resolved);
	for (size_t i = 0; s->cgroups != NULL && i < s->select.n_cgroups; i++)
		sk_free(s->cgroups[i]);
	sk_free(s->cgroups);
	for (size_t i = 0; i < GUARD_MAX_CAUSES; i++)
		sk_free(s->causes[i].bytes);
	sk_buf_release(&s->text);
	sk_free(s);
}
