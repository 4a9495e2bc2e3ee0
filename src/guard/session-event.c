/* SPDX-License-Identifier: Apache-2.0 */
/* A record of the kernel half becomes an event: what it names is asked for while it is there. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "guard/dns.h"
#include "guard/lineage.h"
#include "guard/names.h"
#include "guard/reader.h"
#include "guard/resolved.h"
#include "guard/session-priv.h"
#include "guard/story.h"

enum {
	PLACE_MS = 200, /* longest wait for where a name leads */
};

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

static enum guard_kind kind_of(const struct guard_rec *rec, struct guard_event *e)
{
	enum guard_kind kind = GUARD_KIND_PRIVILEGE;

	if (guard_session_is_exec(rec))
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
		e->error = rec->error != 0 ? strerrorname_np(rec->error) : NULL;
		if (rec->reason != GUARD_REC_R_NOT_IN_PROFILE)
			return kind;
		if ((rec->flags & GUARD_RF_COMPAT) != 0)
			e->detail = GUARD_STORY_COMPAT;
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

void guard_session_find_cwd(struct guard_session *s, struct guard_event *e)
{
	char link[64];
	ssize_t n;

	if (e->cwd != NULL)
		return;
	(void)snprintf(link, sizeof(link), "/proc/%u/cwd", e->host_pid);
	n = readlink(link, s->cwd, sizeof(s->cwd) - 1);
	if (n <= 0)
		return;
	s->cwd[n] = '\0';
	e->cwd = s->cwd;
}

static void fill_process(struct guard_session *s, const struct guard_rec *rec,
			 struct guard_event *e)
{
	uint64_t asker = rec->type == GUARD_REC_EXEC ? rec->parent_exec_id : rec->exec_id;
	uint32_t asker_pid = rec->type == GUARD_REC_EXEC ? rec->host_ppid : rec->host_pid;
	const struct guard_image_of *image = guard_lineage_get(s->lineage, asker);

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
		guard_session_ancestry(s, rec, asker, guard_session_is_exec(rec), e);
		if (!guard_session_is_exec(rec)) {
			e->args = (const char *const *)image->args;
			e->n_args = image->n_args;
		}
	}
	/* Who is held or minded may be gone when it is told. */
	if (e->reason != GUARD_REASON_NONE || rec->verdict == GUARD_REC_HELD)
		guard_session_find_cwd(s, e);
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

/* There is text behind the last argument that is kept. */
static bool more_args(const struct guard_session *s, const struct guard_event *e, size_t len)
{
	const char *last = e->n_args == GUARD_MAX_ARGS ? e->args[e->n_args - 1] : NULL;

	return last != NULL && last + strlen(last) + 1 < s->arg_text + len;
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
	e->args_cut = (rec->flags & GUARD_RF_ARGS_CUT) != 0 || more_args(s, e, rec->args_len);
	if (rec->cwd_len != 0) {
		join_path(s->cwd, sizeof(s->cwd), data + args + rec->args_len, rec->cwd_len);
		e->cwd = s->cwd;
	}
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

/* A name as it was given becomes the path that an open would show. */
static void fill_place(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		       struct guard_whose *w, struct guard_event *e)
{
	const char *name = (const char *)data + rec->path_len;
	struct guard_asking asking = {.owner = w->cgroup, .wait_ms = PLACE_MS};
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
	if (guard_reader_place(s->reader, &asking, w, rec->host_pid, s->path, sizeof(s->path),
			       &e->file_directory) != GUARD_READ_YES)
		tidy_path(s->path); /* nobody is left to ask where links lead */
}

void guard_session_event(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
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
	e->file_is_script = guard_session_is_exec(rec) && rec->type == GUARD_REC_SCRIPT;
	e->host = s->host;
	guard_whose_tell(w, e);
	fill_process(s, rec, e);
	if (guard_session_is_exec(rec))
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
