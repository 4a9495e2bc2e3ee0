/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record of the kernel half comes to: is the program, the library or the script one of known
 * content, is it started and used as the profile says, and what becomes of a process that waits.
 */
#include <signal.h>
#include <string.h>

#include "base/map.h"
#include "guard/call.h"
#include "guard/enforce-priv.h"
#include "guard/expect.h"

enum {
	OPENED_HASHED = 16 << 20, /* opened files are hashed for an alert up to this size */
	HASH_MOST = 64 << 20,     /* bytes of a file that cannot be known: its hash is for people */
	HELD_MS = 20,             /* longest wait for a file by who is asked again, */
	NOW_MS = 200,             /* and by who is not, */
	KERNEL_MS = 3000,         /* also where the kernel waits itself, at most eight seconds */
};

/* Has something that the profile knows this size? Only then can the content be known. */
static bool is_known_size(const struct guard_profile *p, uint64_t size)
{
	for (size_t i = 0; i < p->n_programs; i++) {
		const struct guard_program *prog = &p->programs[i];

		if (prog->content.size == size)
			return true;
		for (size_t j = 0; j < prog->n_scripts; j++)
			if (prog->scripts[j].content.size == size)
				return true;
	}
	for (size_t i = 0; i < p->n_libraries; i++)
		if (p->libraries[i].content.size == size)
			return true;
	return false;
}

static bool is_file_violation(const struct guard_rec *rec)
{
	return (rec->type == GUARD_REC_EXEC || rec->type == GUARD_REC_MMAP ||
		rec->type == GUARD_REC_SCRIPT) &&
	       rec->reason != 0;
}

struct guard_asking guard_enforce_asking(const struct guard_held *h)
{
	const struct guard_rec *rec = h->rec;
	const uint64_t key[] = {rec->time_ns, rec->host_pid, rec->type, rec->file.ino};
	struct guard_asking asking = {.owner = rec->cgroup, .wait_ms = NOW_MS};

	if ((rec->verdict == GUARD_REC_HELD || is_file_violation(rec) ||
	     (rec->flags & GUARD_RF_RUNNING) != 0) &&
	    guard_session_has_room(h->f->session, h->w)) {
		asking.wait_ms = HELD_MS;
		asking.ticket = sk_hash64(sk_span_of(key, sizeof(key))) | 1;
		asking.since_ns = rec->time_ns;
	} else if (guard_kern_backend(h->k) == GUARD_BACKEND_FANOTIFY) {
		asking.wait_ms = KERNEL_MS;
		asking.patience = GUARD_PATIENCE_FULL;
	}
	return asking;
}

/* The image's own file of that name, when it may be the same. */
static bool is_below(struct guard_held *h, uint8_t *ret_hash)
{
	struct guard_asking asking = guard_enforce_asking(h);
	enum guard_read read = guard_reader_below(h->f->options.reader, &asking, h->w,
						  h->e->file_path, h->rec->file.size, ret_hash);

	h->is_pending |= read == GUARD_READ_LATER;
	return read == GUARD_READ_YES;
}

/* Was it only copied up, as by chmod? */
static bool is_images(struct guard_held *h)
{
	uint8_t hash[GUARD_HASH_BYTES];

	return is_below(h, hash) && memcmp(hash, h->f->hash, sizeof(hash)) == 0;
}

/* Files can be made as large as one likes at no cost: the agent does not hash all of them. */
static bool is_worth_hashing(struct guard_held *h)
{
	if (h->rec->file.size <= HASH_MOST)
		return true;
	if (h->svc != NULL)
		return is_known_size(h->svc->profile, h->rec->file.size);
	return h->e->reason == GUARD_REASON_DRIFT && is_below(h, NULL);
}

static void take_hash(struct guard_held *h)
{
	struct guard_used_file used = {.id = &h->rec->file,
				       .path = h->e->file_path,
				       .fd = h->e->file_fd,
				       .pid = h->rec->host_pid,
				       .is_program = h->rec->type == GUARD_REC_EXEC};
	struct guard_asking asking = guard_enforce_asking(h);
	enum guard_read read;

	if (!is_worth_hashing(h) || h->is_pending)
		return;
	read = guard_reader_used(h->f->options.reader, &asking, h->w, &used, h->f->hash);
	h->has_hash = read == GUARD_READ_YES;
	h->is_pending = read == GUARD_READ_LATER;
	if (!h->has_hash && h->rec->type != GUARD_REC_OPEN)
		h->e->sha256_state =
			read == GUARD_READ_LATE ? GUARD_CONTENT_LATE : GUARD_CONTENT_GONE;
	if (h->has_hash)
		guard_event_set_hash(h->e, h->f->hash);
}

static uint32_t wanted_use(const struct guard_rec *rec)
{
	return rec->type == GUARD_REC_EXEC     ? GUARD_A_EXEC
	       : rec->type == GUARD_REC_SCRIPT ? GUARD_A_SCRIPT
					       : GUARD_A_LIB;
}

/* A file of known content: entered for the next time. Returns the reason that remains. */
static enum guard_reason known_content(struct guard_held *h, const struct guard_allow *a)
{
	const struct guard_program *prog;
	enum guard_reason reason;
	struct guard_call call;
	struct guard_task task;

	guard_enforce_put_allow(h->k, h->w->index, &h->rec->file, a);
	if (h->rec->type != GUARD_REC_EXEC || h->svc == NULL || a->program == 0)
		return GUARD_REASON_NONE;
	prog = h->prog = &h->svc->profile->programs[a->program - 1];
	guard_call_parse(prog->content.path, h->e->args, h->e->n_args, &call);
	if (guard_kern_get(h->k, GUARD_MAP_TASKS, &h->rec->host_pid, &task)) {
		task.program = a->program;
		task.use = a->flags;
		task.script = call.script != NULL ? guard_name_hash(call.script) : 0;
		(void)guard_kern_put(h->k, GUARD_MAP_TASKS, &h->rec->host_pid, &task);
	}
	reason = (enum guard_reason)guard_call_judge(prog, &call);
	if (reason == GUARD_REASON_NONE && (h->rec->flags & GUARD_RF_RUNNING) == 0 &&
	    !guard_expect_parent(prog, h->e->exe) &&
	    guard_expect_mode(h->svc->profile, GUARD_SECTION_PARENTS, h->f->options.mode) !=
		    GUARD_MODE_UNSET) {
		reason = GUARD_REASON_NOT_IN_PROFILE;
		h->section = GUARD_SECTION_PARENTS;
		h->e->detail = "parent";
	}
	if (reason != GUARD_REASON_NONE && (h->rec->flags & GUARD_RF_ENTRY) != 0)
		return GUARD_REASON_ENTRY;
	return reason;
}

/* Looks at content. Returns the reason to mind, GUARD_REASON_NONE when there is none. */
static enum guard_reason look(struct guard_held *h)
{
	struct guard_allow a = {.flags = wanted_use(h->rec)};

	if (h->svc != NULL) {
		if (h->has_hash)
			a = guard_enforce_allow_of(h->svc->profile, h->f->hash);
		if (h->has_hash && (a.flags & wanted_use(h->rec)) != 0)
			return known_content(h, &a);
	} else if (h->e->reason == GUARD_REASON_DRIFT && h->has_hash && is_images(h)) {
		return known_content(h, &a);
	}
	return h->e->reason;
}

static enum guard_reason default_reason(const struct guard_held *h)
{
	if (h->rec->flags & GUARD_RF_UNLINKED)
		return GUARD_REASON_FILELESS;
	if (h->e->file_origin == GUARD_ORIGIN_UPPER || h->e->file_origin == GUARD_ORIGIN_VOLUME ||
	    h->e->file_origin == GUARD_ORIGIN_TMPFS)
		return GUARD_REASON_DRIFT;
	if (h->svc == NULL)
		return GUARD_REASON_NONE;
	return h->rec->flags & GUARD_RF_ENTRY ? GUARD_REASON_ENTRY : GUARD_REASON_NOT_IN_PROFILE;
}

static enum guard_mode mode_for(const struct guard_held *h)
{
	const struct guard_enforce_options *o = &h->f->options;

	if (h->svc == NULL)
		return o->default_mode;
	if (h->section == GUARD_N_SECTIONS)
		return guard_enforce_own_mode(h->svc->profile, o->mode);
	return guard_expect_mode(h->svc->profile, h->section, o->mode);
}

/* Whatever the lists say: a shell that somebody outside talks to. */
static bool is_remote(struct guard_held *h)
{
	struct guard_remote *remote = &h->f->remote;
	enum guard_remote_state state;

	if (h->prog != NULL && h->prog->remote)
		return false;
	state = guard_remote_look(h->rec, h->e, h->prog != NULL ? h->prog->content.path : NULL,
				  h->w, remote);
	if (state == GUARD_REMOTE_AGAIN && h->f->session != NULL)
		guard_session_later(
			h->f->session, h->rec,
			guard_remote_pause((h->rec->flags & GUARD_RF_LATER) != 0 ? h->rec->op : 0));
	if (state != GUARD_REMOTE_YES)
		return false;
	h->section = GUARD_N_SECTIONS;
	h->e->peer_address = remote->from.address;
	h->e->peer_port = remote->from.port;
	h->e->peer_protocol = "tcp";
	h->e->relay = remote->relay[0] != '\0' ? remote->relay : NULL;
	return mode_for(h) != GUARD_MODE_UNSET;
}

/*
 * Nobody said what this container does, but this is known not to be wanted. What a profile knows is
 * for its review to mind.
 */
static bool is_unwelcome(struct guard_held *h)
{
	const struct guard_sign *sign = guard_sign_of_event(h->e, h->f->options.signs);

	if (sign == NULL ||
	    (strcmp(sign->severity, "critical") != 0 && strcmp(sign->severity, "high") != 0))
		return false;
	h->section = GUARD_N_SECTIONS;
	return mode_for(h) != GUARD_MODE_UNSET;
}

/*
 * A program that is not known as an interpreter, started for a file all the same: by the file's
 * first line, as awk may be, or by binfmt_misc. Is it a file that it was learned with?
 */
static bool is_odd_script(struct guard_held *h)
{
	struct guard_asking asking = guard_enforce_asking(h);
	const struct guard_program *prog = h->prog;
	const char *name = h->e->file_script, *path;
	char buf[4096];
	uint8_t hash[GUARD_HASH_BYTES];
	struct guard_file_id id;
	struct guard_call call;
	enum guard_read read;

	if (prog->n_scripts == 0 || name == NULL || (h->rec->flags & GUARD_RF_SCRIPT) == 0)
		return false;
	guard_call_parse(prog->content.path, h->e->args, h->e->n_args, &call);
	if (call.is_shell)
		return false; /* judged by its use already */
	if (h->f->session != NULL)
		guard_session_find_cwd(h->f->session, h->e);
	path = guard_event_path(h->e, name, buf, sizeof(buf));
	read = path != NULL ? guard_reader_named(h->f->options.reader, &asking, h->rec->host_pid,
						 path, &id, hash)
			    : GUARD_READ_NO;
	h->is_pending = read == GUARD_READ_LATER;
	if (read == GUARD_READ_YES)
		return (guard_enforce_allow_of(h->svc->profile, hash).flags & GUARD_A_SCRIPT) == 0;
	if (read != GUARD_READ_NO)
		return true;
	for (size_t i = 0; i < prog->n_scripts; i++)
		if (guard_name_hash(prog->scripts[i].content.path) == guard_name_hash(name))
			return false;
	return true;
}

/* A program that no list forbids: is it given the arguments that it is known with? */
static enum guard_reason judge_start(struct guard_held *h)
{
	uint32_t one = 1;
	struct guard_seen_key key = {.cgroup = h->w->index,
				     .a = h->rec->value,
				     .kind = GUARD_REC_EXEC,
				     .op = GUARD_SEEN_FINE};

	bool is_judged = h->prog != NULL && (h->rec->flags & GUARD_RF_LATER) == 0;
	bool is_odd = is_judged && is_odd_script(h);

	if (h->is_pending)
		return GUARD_REASON_NONE;
	if (is_remote(h))
		return GUARD_REASON_SHELL;
	if (h->svc == NULL && is_unwelcome(h))
		return GUARD_REASON_POLICY;
	if (!is_judged)
		return GUARD_REASON_NONE;
	if (is_odd)
		return GUARD_REASON_SCRIPT;
	h->section = GUARD_SECTION_ARGUMENTS;
	if (mode_for(h) == GUARD_MODE_UNSET)
		return GUARD_REASON_NONE;
	if (guard_expect_arguments(h->prog, h->e->args, h->e->n_args)) {
		key.b = (uint64_t)(h->prog - h->svc->profile->programs) + 1;
		if (key.a != 0)
			(void)guard_kern_put(h->k, GUARD_MAP_SEEN, &key, &one);
		return GUARD_REASON_NONE;
	}
	h->e->detail = "arguments";
	return h->rec->flags & GUARD_RF_ENTRY ? GUARD_REASON_ENTRY : GUARD_REASON_NOT_IN_PROFILE;
}

static bool decide_held(struct guard_held *h)
{
	enum guard_reason reason = h->e->reason;
	enum guard_mode mode;

	if (h->svc != NULL)
		guard_enforce_resolve(h->f, h->k, h->svc, h->rec->cgroup, h->rec->host_pid);
	take_hash(h);
	if (h->is_pending)
		return false;
	if (reason == GUARD_REASON_NONE)
		h->e->reason = default_reason(h);
	reason = look(h);
	if (reason == GUARD_REASON_NONE && h->rec->type == GUARD_REC_EXEC && !h->is_pending)
		reason = judge_start(h);
	if (h->is_pending)
		return false;
	h->e->reason = reason;
	mode = mode_for(h);
	if (reason != GUARD_REASON_NONE && mode == GUARD_MODE_ENFORCE) {
		(void)guard_kern_release(h->k, h->rec, SIGKILL); /* gone is as good */
		h->e->verdict = (enum guard_verdict)guard_kern_refusal(h->k);
		return true;
	}
	if (!guard_kern_release(h->k, h->rec, SIGCONT) && (h->rec->flags & GUARD_RF_LATE) != 0) {
		/* It waited for an agent that had ended, and was ended for that. */
		h->e->verdict = GUARD_VERDICT_KILLED;
		h->e->reason = h->rec->reason != 0 ? (enum guard_reason)h->rec->reason
						   : GUARD_REASON_POLICY;
		return true;
	}
	h->e->verdict = reason == GUARD_REASON_NONE ? GUARD_VERDICT_ALLOWED
			: mode < GUARD_MODE_ALERT   ? GUARD_VERDICT_OBSERVED
						    : GUARD_VERDICT_ALERTED;
	return reason != GUARD_REASON_NONE && mode != GUARD_MODE_UNSET;
}

static bool file_expected(const struct guard_held *h)
{
	return h->svc == NULL ||
	       guard_expect_file(h->svc->profile, h->e->file_path,
				 h->e->file_write ? GUARD_ACCESS_WRITE : GUARD_ACCESS_READ);
}

/* A process that opened a file waits before it can use it. */
static bool decide_open(struct guard_held *h)
{
	struct guard_seen_key key = {.cgroup = h->rec->cgroup,
				     .a = h->rec->file.ino,
				     .b = h->rec->value,
				     .kind = GUARD_REC_OPEN,
				     .op = h->rec->op | GUARD_SEEN_FINE};
	uint64_t one = 1;

	if (file_expected(h)) {
		(void)guard_kern_put(h->k, GUARD_MAP_SEEN, &key, &one);
		guard_kern_release(h->k, h->rec, SIGCONT);
		return false;
	}
	guard_kern_release(h->k, h->rec, SIGKILL);
	h->e->file_is_listed = true;
	h->e->verdict = GUARD_VERDICT_KILLED;
	h->e->reason = GUARD_REASON_NOT_IN_PROFILE;
	return true;
}

/* Program starts, files and ports that were let through and are judged from their records. */
static enum guard_reason judge_record(struct guard_held *h)
{
	if (h->rec->type == GUARD_REC_EXEC) {
		if (h->svc != NULL && h->rec->program != 0 &&
		    h->rec->program <= h->svc->profile->n_programs)
			h->prog = &h->svc->profile->programs[h->rec->program - 1];
		return judge_start(h);
	}
	if (h->svc == NULL)
		return GUARD_REASON_NONE;
	if (h->rec->type == GUARD_REC_OPEN) {
		h->section = GUARD_SECTION_FILES;
		h->e->file_is_listed = true;
		return file_expected(h) ? GUARD_REASON_NONE : GUARD_REASON_NOT_IN_PROFILE;
	}
	if (h->rec->type == GUARD_REC_BIND || h->rec->type == GUARD_REC_ACCEPT) {
		h->section = GUARD_SECTION_LISTEN;
		return guard_expect_listen(h->svc->profile, h->e->peer_protocol,
					   h->rec->type == GUARD_REC_BIND ? h->rec->port
									  : h->e->local_port)
			       ? GUARD_REASON_NONE
			       : GUARD_REASON_NOT_IN_PROFILE;
	}
	return GUARD_REASON_NONE;
}

/* Too late to stop what it did, not too late to end it. */
static bool decide_late(struct guard_held *h, enum guard_reason reason)
{
	enum guard_mode mode = mode_for(h);

	if (reason == GUARD_REASON_NONE || mode == GUARD_MODE_UNSET)
		return false;
	if (h->rec->type == GUARD_REC_EXEC ||
	    (h->rec->type == GUARD_REC_OPEN && h->rec->file.size <= OPENED_HASHED))
		take_hash(h);
	h->e->reason = reason;
	h->e->verdict = mode == GUARD_MODE_AUDIT ? GUARD_VERDICT_OBSERVED : GUARD_VERDICT_ALERTED;
	if (mode == GUARD_MODE_ENFORCE && guard_kern_kill(h->k, h->rec))
		h->e->verdict = GUARD_VERDICT_KILLED;
	return true;
}

/* What ran before the guard: known files are entered, others are told of. Nothing is ended. */
static bool judge_running(struct guard_held *h)
{
	struct guard_allow a = {0};

	if (h->svc == NULL)
		return false;
	take_hash(h);
	if (h->is_pending)
		return false;
	if (h->has_hash)
		a = guard_enforce_allow_of(h->svc->profile, h->f->hash);
	if ((a.flags & wanted_use(h->rec)) != 0) {
		(void)known_content(h, &a);
		return false;
	}
	h->e->verdict = GUARD_VERDICT_ALERTED;
	h->e->reason = GUARD_REASON_NOT_IN_PROFILE;
	return mode_for(h) >= GUARD_MODE_ALERT;
}

bool guard_enforce_judge(struct guard_held *h)
{
	const struct guard_rec *rec = h->rec;

	if (rec->type == GUARD_REC_EXEC && h->svc != NULL)
		guard_enforce_look_around(h->f, h->k, h->svc, h->w->cgroup, rec->host_pid);
	if ((rec->flags & GUARD_RF_RUNNING) != 0)
		return judge_running(h);
	if (rec->verdict == GUARD_REC_HELD)
		return rec->type == GUARD_REC_OPEN ? decide_open(h) : decide_held(h);
	if (is_file_violation(rec) && h->e->file_path != NULL) {
		take_hash(h);
		/* Not blocked: content may still tell that it is no violation. */
		if (rec->verdict <= GUARD_REC_ALERTED && !h->is_pending)
			h->e->reason = look(h);
		return h->e->reason != GUARD_REASON_NONE;
	}
	if (rec->reason != 0)
		return true;
	return decide_late(h, judge_record(h));
}
