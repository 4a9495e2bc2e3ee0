/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that decide. One execve opens several files: a script, then its interpreter; a
 * program, then its dynamic linker. They are told apart by the path that was given to execve: the
 * file that it names is the program.
 */
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/map.h"
#include "guard/call.h"
#include "guard/fan-judge.h"
#include "guard/fan-look.h"

enum {
	FLIGHT_SECONDS = 30,
	ANCESTORS = 16,
};

/* The program that a process runs, as the images know it. Returns an exec id, 0 for none. */
static uint64_t image_of(struct guard_fan_kern *f, uint64_t exec_id, uint32_t pid)
{
	const struct guard_fan_image *image;
	char name[64];
	struct stat st;
	const uint64_t *key = NULL;

	(void)snprintf(name, sizeof(name), "/proc/%u/exe", pid);
	if (stat(name, &st) != 0)
		return exec_id;
	for (int i = 0; i < ANCESTORS && exec_id != 0; i++) {
		image = guard_table_get(f->images, &exec_id);
		if (image == NULL)
			return exec_id; /* it ran before us */
		if (image->dev == st.st_dev && image->ino == st.st_ino)
			return exec_id;
		exec_id = image->parent;
	}
	while ((key = guard_table_next(f->images, key)) != NULL) {
		image = guard_table_get(f->images, key);
		if (image->dev == st.st_dev && image->ino == st.st_ino && *key > exec_id)
			exec_id = *key;
	}
	return exec_id;
}

/* A process that is still what it was when it was entered. */
static struct guard_task *living(struct guard_fan_kern *f, uint32_t pid, uint64_t start)
{
	struct guard_task *t = guard_table_get(f->maps[GUARD_MAP_TASKS], &pid);
	const uint64_t *then = guard_table_get(f->starts, &pid);

	return t != NULL && then != NULL && *then == start ? t : NULL;
}

static struct guard_task *ancestor_of(struct guard_fan_look *l)
{
	uint32_t pid = l->task.ppid;

	for (int i = 0; i < ANCESTORS && pid > 1; i++) {
		struct guard_task *t = living(l->f, pid, guard_fan_start_of(pid));

		if (t != NULL)
			return t->cgroup == l->j->cgroup ? t : NULL;
		pid = guard_fan_parent_of(pid);
	}
	return NULL;
}

/*
 * A runtime's own programs run in the host's mount namespace, before they enter the container.
 * Returns false for those.
 */
static bool meet_process(struct guard_fan_look *l)
{
	struct guard_task fresh = {.cgroup = l->j->cgroup, .ppid = l->task.ppid}, *above;
	struct guard_container *c = l->container;
	bool is_host = (c->flags & GUARD_C_HOST) != 0;

	l->known = living(l->f, l->task.tgid, l->task.start);
	if (l->known != NULL)
		return true;
	above = ancestor_of(l);
	if (above != NULL) {
		fresh.exec_id = image_of(l->f, above->exec_id, l->task.tgid);
		fresh.program = fresh.exec_id == above->exec_id ? above->program : 0;
		fresh.flags = above->flags & (GUARD_T_ENTRY | GUARD_T_SEEN);
	} else if (!is_host) {
		if (l->task.mnt_ns == l->f->own_mnt_ns)
			return false;
		fresh.flags = (c->flags & GUARD_C_STARTED) != 0 ? GUARD_T_ENTRY : GUARD_T_MAIN;
		c->flags |= GUARD_C_STARTED;
	}
	(void)guard_table_put(l->f->starts, &l->task.tgid, &l->task.start);
	l->known = guard_table_put(l->f->maps[GUARD_MAP_TASKS], &l->task.tgid, &fresh);
	if (l->known == NULL)
		l->f->stats.tasks_full++;
	return l->known != NULL;
}

static bool same_state(const struct guard_file_id *a, const struct guard_file_id *b)
{
	return a->size == b->size && a->ctime_ns == b->ctime_ns;
}

/* Which of the files of an execve is this one? */
static enum guard_fan_role role_of(struct guard_fan_look *l, const struct guard_fan_flight *before)
{
	if (before == NULL || l->names_it != 0)
		return l->is_script ? GUARD_FAN_SCRIPT : GUARD_FAN_PROGRAM;
	if (before->role == GUARD_FAN_SCRIPT)
		return l->is_script ? GUARD_FAN_SCRIPT : GUARD_FAN_INTERPRETER;
	return GUARD_FAN_LINKER;
}

static const struct guard_fan_flight *flight_of(const struct guard_fan_look *l)
{
	const struct guard_fan_flight *fl = guard_table_get(l->f->flights, &l->j->tid);

	return fl != NULL && l->call.has_path && fl->mark == l->call.mark &&
			       fl->start == l->task.start &&
			       sk_mono_ns() - fl->ns < FLIGHT_SECONDS * SK_SECOND_NS
		       ? fl
		       : NULL;
}

static void add_arg(struct guard_fan_flight *fl, const char *text, size_t len)
{
	if (fl->args_len + len + 1 > sizeof(fl->args))
		return;
	memcpy(fl->args + fl->args_len, text, len);
	fl->args_len += (uint32_t)len;
	fl->args[fl->args_len++] = 0;
}

/* What the kernel makes of a script's arguments: interpreter, its argument, the script, the rest.
 */
static void script_args(const struct guard_fan_look *l, const struct guard_fan_flight *before,
			struct guard_fan_flight *fl)
{
	bool nested = before != NULL && l->j->role == GUARD_FAN_SCRIPT && l->names_it == 0;
	const uint8_t *args = nested ? before->args : l->call.args, *rest;
	size_t len = nested ? before->args_len : l->call.args_len;

	fl->args_len = 0;
	add_arg(fl, l->interpreter.ptr, l->interpreter.len);
	if (l->interpreter_arg.len != 0)
		add_arg(fl, l->interpreter_arg.ptr, l->interpreter_arg.len);
	if (nested)
		add_arg(fl, (const char *)args, strnlen((const char *)args, len));
	else
		add_arg(fl, l->call.path, strlen(l->call.path));
	rest = len != 0 ? memchr(args, 0, len) : NULL;
	if (rest == NULL)
		return;
	rest++;
	len -= (size_t)(rest - args);
	if (fl->args_len + len <= sizeof(fl->args)) {
		memcpy(fl->args + fl->args_len, rest, len);
		fl->args_len += (uint32_t)len;
	}
}

static void put_args(struct guard_fan_look *l, const struct guard_fan_flight *before)
{
	bool shebang = l->j->role == GUARD_FAN_INTERPRETER;
	const uint8_t *args = shebang ? before->args : l->call.args;
	uint32_t len = shebang ? before->args_len : l->call.args_len;

	l->j->rec.args_len = (uint16_t)len;
	memcpy(l->j->data + l->j->len, args, len);
	l->j->len += len;
	if (shebang)
		l->j->rec.flags |= GUARD_RF_SCRIPT;
}

static uint32_t wanted(enum guard_fan_role role)
{
	return role == GUARD_FAN_SCRIPT   ? GUARD_A_SCRIPT
	       : role == GUARD_FAN_LINKER ? GUARD_A_LIB
					  : GUARD_A_EXEC;
}

static void judge_use(struct guard_fan_look *l, struct guard_fan_ruling *r)
{
	struct guard_rec *rec = &l->j->rec;
	const uint8_t *args = l->j->data + rec->path_len + rec->name_len;
	uint32_t special = GUARD_A_INTERPRETER | GUARD_A_MULTICALL;

	rec->program = r->rules.program;
	r->mode = (enum guard_rec_mode)l->policy->mode_exec;
	if ((r->rules.flags & special) != 0 && !l->call.has_args)
		r->reason = GUARD_REC_R_SCRIPT; /* it hides what it was given */
	else if ((r->rules.flags & special) != 0)
		r->reason = guard_fan_judge_use(l->f->maps, l->container->service, &r->rules, args,
						rec->args_len);
	if (r->reason != GUARD_REC_R_NONE && (l->known->flags & GUARD_T_ENTRY) != 0)
		r->reason = GUARD_REC_R_ENTRY;
	if (r->reason == GUARD_REC_R_NONE &&
	    !guard_fan_judge_parent(l->f->maps, l->policy, l->container->service, &r->rules,
				    l->known->program)) {
		r->reason = GUARD_REC_R_NOT_IN_PROFILE;
		r->mode = (enum guard_rec_mode)l->policy->mode_parent;
		rec->flags |= GUARD_RF_PARENT;
	}
}

static struct guard_fan_ruling judge(struct guard_fan_look *l)
{
	struct guard_fan_sight s = {.policy = l->policy,
				    .service = l->container->service,
				    .want = wanted(l->j->role),
				    .id = l->j->rec.file,
				    .origin = (enum guard_rec_origin)l->j->rec.origin,
				    .unlinked = l->file.unlinked,
				    .written = l->written,
				    .entry = (l->known->flags & GUARD_T_ENTRY) != 0,
				    .path = l->file.path};
	struct guard_fan_ruling r = guard_fan_judge_file(l->f->maps, &s);

	if (r.known && s.want == GUARD_A_EXEC)
		judge_use(l, &r);
	return r;
}

/* What is remembered when the file is let go. */
static void plan_flight(struct guard_fan_look *l, const struct guard_fan_flight *before)
{
	struct guard_fan_job *j = l->j;

	j->flight = (struct guard_fan_flight){.mark = l->call.mark,
					      .start = l->task.start,
					      .ns = sk_mono_ns(),
					      .file = j->rec.file,
					      .role = j->role};
	if (j->role == GUARD_FAN_SCRIPT)
		script_args(l, before, &j->flight);
	j->exe_dev = l->file.st.st_dev;
	j->exe_ino = l->file.st.st_ino;
}

/* The name that a program is called by; of a multi-call binary's own name also the next word. */
static uint64_t hash_called(const char *args, size_t len)
{
	size_t n = strnlen(args, len);

	if (n < len && guard_family_of(args).multicall)
		n += 1 + strnlen(args + n + 1, len - n - 1);
	return sk_hash64(sk_span_of(args, n));
}

/* A cause that was told is only counted from then on. */
static bool tell_once(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	struct guard_rec *r = &j->rec;
	const char *args = (const char *)j->data + r->path_len + r->name_len;
	struct guard_fold_key key = {.cgroup = r->cgroup,
				     .a = r->file.ino,
				     .b = r->file.ctime_ns ^ hash_called(args, r->args_len),
				     .type = r->type,
				     .verdict = r->verdict,
				     .reason = r->reason,
				     .op = r->op};
	struct guard_fold fresh = {.count = 1,
				   .first_ns = r->time_ns,
				   .last_ns = r->time_ns,
				   .id = guard_fan_next_exec_id(f),
				   .sent = 1,
				   .host_pid = r->host_pid};
	struct guard_fold *fold = guard_table_get(f->maps[GUARD_MAP_FOLDS], &key);

	f->stats.alerts++;
	f->stats.blocks += r->verdict == GUARD_REC_DENIED;
	if (fold != NULL) {
		fold->count++;
		fold->last_ns = r->time_ns;
		return false;
	}
	r->cause = fresh.id;
	if (guard_table_put(f->maps[GUARD_MAP_FOLDS], &key, &fresh) == NULL)
		f->stats.folds_full++;
	return true;
}

/* Libraries are recorded once, and only for those who learn. */
static bool is_new_library(struct guard_fan_kern *f, const struct guard_policy *p,
			   const struct guard_rec *r)
{
	struct guard_seen_key key = {.cgroup = r->cgroup,
				     .a = r->file.ino,
				     .b = r->file.ctime_ns,
				     .kind = GUARD_REC_MMAP};
	uint64_t one = 1;

	if ((p->flags & GUARD_P_LEARN) == 0 ||
	    guard_table_get(f->maps[GUARD_MAP_SEEN], &key) != NULL)
		return false;
	(void)guard_table_put(f->maps[GUARD_MAP_SEEN], &key, &one);
	return true;
}

static void emit(struct guard_fan_kern *f, struct guard_fan_job *j, bool urgent)
{
	j->refs++;
	(void)guard_fan_emit(f, j, urgent);
}

static const struct guard_policy *policy_of(struct guard_fan_kern *f, const struct guard_fan_job *j,
					    uint32_t *ret_service)
{
	const struct guard_container *c =
		guard_table_get(f->maps[GUARD_MAP_CONTAINERS], &j->cgroup);

	*ret_service = c != NULL ? c->service : GUARD_DEFAULT_SERVICE;
	return guard_table_get(f->maps[GUARD_MAP_POLICIES], ret_service);
}

/* A violation that needs no look at the content: told. Returns true when it is refused. */
static bool tell(struct guard_fan_kern *f, struct guard_fan_job *j,
		 const struct guard_fan_ruling *r)
{
	j->rec.reason = (uint8_t)r->reason;
	j->rec.verdict = (uint8_t)guard_fan_verdict(r->mode, f->enforce);
	if (j->rec.verdict == GUARD_REC_OBSERVED)
		emit(f, j, false);
	else if (tell_once(f, j))
		emit(f, j, true);
	return j->rec.verdict == GUARD_REC_DENIED;
}

static void hold(struct guard_fan_kern *f, struct guard_fan_job *j, enum guard_rec_reason reason)
{
	j->rec.reason = (uint8_t)reason;
	j->rec.verdict = GUARD_REC_HELD;
	emit(f, j, true);
}

/* The script that the program will read. Returns false when the program has to wait, or is refused.
 */
static bool pass_script(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	struct guard_fan_job *js = j->script;
	struct guard_fan_ruling r;
	struct guard_fan_sight s = {.want = GUARD_A_SCRIPT, .path = ""};
	bool pass = true;

	j->script = NULL;
	if (js == NULL)
		return true;
	s.policy = policy_of(f, j, &s.service);
	s.id = js->rec.file;
	s.origin = (enum guard_rec_origin)js->rec.origin;
	s.unlinked = (js->rec.flags & GUARD_RF_UNLINKED) != 0;
	js->rec.type = GUARD_REC_SCRIPT;
	js->rec.flags |= GUARD_RF_EXECVE | (j->rec.flags & (GUARD_RF_ENTRY | GUARD_RF_MAIN));
	js->rec.service = s.service;
	js->rec.exec_id = j->rec.parent_exec_id;
	r = s.policy != NULL ? guard_fan_judge_file(f->maps, &s) : (struct guard_fan_ruling){0};
	if (r.reason != GUARD_REC_R_NONE && r.hold) {
		js->gate = j;
		j->refs++;
		hold(f, js, r.reason);
		pass = false;
	} else if (r.reason != GUARD_REC_R_NONE && tell(f, js, &r)) {
		guard_fan_answer_job(f, j, false);
		pass = false;
	}
	guard_fan_job_put(js);
	return pass;
}

/* Scripts are told of with their interpreters; who learns gets their content too. */
static bool is_recorded(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	uint32_t service;
	const struct guard_policy *p = policy_of(f, j, &service);

	if (p == NULL)
		return false;
	if (j->role == GUARD_FAN_LINKER)
		return is_new_library(f, p, &j->rec);
	return (p->flags & (j->role == GUARD_FAN_SCRIPT ? GUARD_P_CALLS : GUARD_P_RECORD)) != 0;
}

void guard_fan_pass(struct guard_fan_kern *f, struct guard_fan_job *j, bool told)
{
	if (!pass_script(f, j))
		return;
	if (!told && j->answered_ns == 0 && is_recorded(f, j))
		emit(f, j, false);
	guard_fan_answer_job(f, j, true);
}

/* Arguments that are enforced are the session's to judge. */
static bool must_ask(const struct guard_fan_look *l, const struct guard_fan_ruling *r)
{
	return r->known && l->f->enforce && (l->policy->flags & GUARD_P_HOLD) != 0 &&
	       (l->policy->flags & GUARD_P_HOLD_ARGS) != 0 &&
	       (r->rules.flags & GUARD_A_SHAPES) != 0;
}

static void act(struct guard_fan_look *l, const struct guard_fan_ruling *r)
{
	struct guard_fan_job *j = l->j;
	bool pending = (l->container->flags & GUARD_C_PENDING) != 0 && l->f->hold;

	if (pending || (r->reason != GUARD_REC_R_NONE ? r->hold : must_ask(l, r))) {
		hold(l->f, j, r->reason);
	} else if (r->reason == GUARD_REC_R_NONE) {
		j->rec.verdict = r->known ? GUARD_REC_ALLOWED : GUARD_REC_OBSERVED;
		guard_fan_pass(l->f, j, false);
	} else if (tell(l->f, j, r)) {
		guard_fan_answer_job(l->f, j, false);
	} else {
		guard_fan_pass(l->f, j, true);
	}
}

static void fill_rec(struct guard_fan_look *l)
{
	struct guard_rec *r = &l->j->rec;

	r->type = l->j->role == GUARD_FAN_LINKER   ? GUARD_REC_MMAP
		  : l->j->role == GUARD_FAN_SCRIPT ? GUARD_REC_SCRIPT
						   : GUARD_REC_EXEC;
	r->service = l->container->service;
	r->parent_exec_id = l->known->exec_id;
	r->exec_id = r->type == GUARD_REC_EXEC ? guard_fan_next_exec_id(l->f) : l->known->exec_id;
	r->flags |= (l->known->flags & GUARD_T_ENTRY) != 0 ? GUARD_RF_ENTRY : 0u;
	r->flags |= (l->known->flags & GUARD_T_MAIN) != 0 ? GUARD_RF_MAIN : 0u;
	r->flags |= (l->container->flags & GUARD_C_PENDING) != 0 ? GUARD_RF_PENDING : 0u;
	r->flags |= r->type != GUARD_REC_EXEC ? GUARD_RF_EXECVE : 0u;
}

/* With the lock. */
static void decide(struct guard_fan_look *l)
{
	const struct guard_fan_flight *before;
	struct guard_fan_ruling r;

	if (l->j->answered_ns != 0)
		return; /* it took too long */
	l->container = guard_table_get(l->f->maps[GUARD_MAP_CONTAINERS], &l->j->cgroup);
	if (l->container == NULL || (l->container->flags & GUARD_C_IGNORED) != 0 ||
	    !meet_process(l)) {
		guard_fan_answer_job(l->f, l->j, true);
		return;
	}
	l->policy = guard_table_get(l->f->maps[GUARD_MAP_POLICIES], &l->container->service);
	before = flight_of(l);
	/* Below an overlay the kernel asks again about the same file. */
	if (l->policy == NULL || (before != NULL && l->file.fs != OVERLAYFS_SUPER_MAGIC &&
				  l->names_it == 0 && same_state(&before->file, &l->j->rec.file))) {
		guard_fan_answer_job(l->f, l->j, true);
		return;
	}
	l->j->role = role_of(l, before);
	put_args(l, before);
	fill_rec(l);
	plan_flight(l, before);
	r = judge(l);
	act(l, &r);
}

static void work_on(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	struct guard_fan_look *l = sk_alloc(sizeof(*l));
	bool ok;

	l->f = f;
	l->j = j;
	ok = guard_fan_look(l);
	(void)pthread_mutex_lock(&f->lock);
	if (ok)
		decide(l);
	else if (guard_fan_start_of(j->tid) == 0)
		guard_fan_answer_job(f, j, true); /* whoever asked is gone */
	else
		guard_fan_give_up(f, j);
	guard_fan_job_put(j);
	(void)pthread_mutex_unlock(&f->lock);
	sk_free(l);
}

void *guard_fan_work_loop(void *arg)
{
	struct guard_fan_kern *f = arg;
	struct guard_fan_job *j;

	(void)pthread_mutex_lock(&f->lock);
	while (!f->quit) {
		j = TAILQ_FIRST(&f->work);
		if (j == NULL) {
			(void)pthread_cond_wait(&f->work_there, &f->lock);
			continue;
		}
		TAILQ_REMOVE(&f->work, j, queue);
		(void)pthread_mutex_unlock(&f->lock);
		work_on(f, j);
		(void)pthread_mutex_lock(&f->lock);
	}
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}
