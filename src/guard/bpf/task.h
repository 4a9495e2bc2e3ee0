/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes and containers: who is this, and which rules are theirs. */
#pragma once

static __always_inline struct guard_stats *get_stats(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&stats, &zero);
}

static __always_inline struct guard_control *get_control(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

static __always_inline int agent_alive(struct guard_control *ctl)
{
	return ctl != NULL && ctl->heartbeat_ns != 0 &&
	       bpf_ktime_get_ns() - ctl->heartbeat_ns < HOLD_ALIVE_NS;
}

/* Another object still tells of everything that both block. */
static __always_inline int is_quiet(void)
{
	struct guard_control *ctl = get_control();

	return ctl != NULL && ctl->quiet;
}

static __always_inline __u64 task_cgroup(struct task_struct *task)
{
	return READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline __u32 task_mnt_ns(struct task_struct *task)
{
	return READ(task, nsproxy, mnt_ns, ns.inum);
}

/* The number that a process has at one level of pid namespaces; 0 is the host's. */
static __always_inline __u32 pid_at(struct pid *pid, __u32 level)
{
	struct upid *upid;
	int nr = 0;

	upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	       level * bpf_core_type_size(struct upid);
	bpf_core_read(&nr, sizeof(nr), &upid->nr);
	return (__u32)nr;
}

/*
 * The number that one process has for another, 0 when that is in none of its pid namespaces: those
 * come from the same one or from one above it. A global function: the verifier looks at it once.
 */
__noinline int guard_pid_for(__u64 pid, __u64 other)
{
	__u32 level = BPF_CORE_READ((struct pid *)pid, level);

	if (level > 32 || BPF_CORE_READ((struct pid *)other, level) != level)
		return 0;
	return (int)pid_at((void *)pid, level);
}

static __always_inline __u32 task_vpid(struct task_struct *task)
{
	__u64 pid = (__u64)BPF_CORE_READ(task, group_leader, thread_pid);

	return (__u32)guard_pid_for(pid, pid);
}

/** struct task_ids - numbers of a process and its parent */
struct task_ids {
	__u32 host_pid;
	__u32 pid;  /* in its own pid namespace, as the next one */
	__u32 ppid; /* 0: the parent is outside */
	__u32 host_ppid;
};

/* @direct: the verifier knows the task, so that most is read without a call. */
#define TASK_GET(direct, p, member) ((direct) ? (p)->member : BPF_CORE_READ(p, member))

static __always_inline void task_ids_of(struct task_ids *ids, struct task_struct *task, int direct)
{
	struct task_struct *parent = TASK_GET(direct, task, real_parent);
	struct task_struct *leader = TASK_GET(direct, task, group_leader);
	struct task_struct *above = TASK_GET(direct, parent, group_leader);
	struct pid *pid = TASK_GET(direct, leader, thread_pid);
	struct pid *parent_pid = TASK_GET(direct, above, thread_pid);

	ids->host_pid = TASK_GET(direct, task, tgid);
	ids->host_ppid = TASK_GET(direct, parent, tgid);
	if (direct) {
		__u32 level = BOUND(pid->level, 0x3f); /* MAX_PID_NS_LEVEL is 32 */

		ids->pid = pid_at(pid, level);
		ids->ppid = parent_pid->level == level ? pid_at(parent_pid, level) : 0;
	} else {
		ids->pid = (__u32)guard_pid_for((__u64)pid, (__u64)pid);
		ids->ppid = (__u32)guard_pid_for((__u64)parent_pid, (__u64)pid);
	}
}

/* Unique: a CPU does not start two programs within 256 ns. */
static __always_inline __u64 new_exec_id(void)
{
	return (bpf_ktime_get_ns() & ~0xffull) | (bpf_get_smp_processor_id() & 0xff);
}

/* An address as a number: global functions take no pointers in 5.10 and 6.1. */
static __always_inline __u64 number_of(void *pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

/* A container by its own cgroup. */
static __always_inline struct guard_container *container_of_id(__u64 id)
{
	return bpf_map_lookup_elem(&containers, &id);
}

/* One word serves for all: who calls has hardly any stack left. */
static __always_inline void ancestor_id(struct cgroup *cgrp, __u32 level, __u64 *word)
{
	struct cgroup___v510 *old = (void *)cgrp;

	if (bpf_core_field_exists(old->ancestor_ids)) {
		bpf_probe_read_kernel(
			word, 8,
			(void *)cgrp + bpf_core_field_offset(struct cgroup___v510, ancestor_ids) +
				level * 8);
		return;
	}
	bpf_probe_read_kernel(word, 8,
			      (void *)cgrp + bpf_core_field_offset(struct cgroup, ancestors) +
				      level * 8);
	bpf_probe_read_kernel(word, 8, (void *)*word + bpf_core_field_offset(struct cgroup, kn));
	bpf_probe_read_kernel(word, 8,
			      (void *)*word + bpf_core_field_offset(struct kernfs_node, id));
}

/*
 * The nearest container that a cgroup is, or is in; 0: none. What a container makes inside its own
 * cgroup takes no room. A global function: see guard_path().
 */
__noinline __u64 guard_top_of(__u64 cgroup)
{
	struct cgroup *cgrp = (void *)cgroup;
	__u64 found = 0, word = 0;
	__u32 level;

	bpf_core_read(&word, 4, &cgrp->level);
	level = (__u32)word;
	for (__u32 i = 0; i <= TOP_DEPTH; i++) {
		FORGET();
		if (i > level)
			break;
		ancestor_id(cgrp, i, &word);
		if (bpf_map_lookup_elem(&containers, &word) != NULL)
			found = word;
	}
	return found;
}

/* The container that a cgroup is, or is in. */
static __always_inline struct guard_container *container_of_cgroup(struct cgroup *cgrp)
{
	__u64 top = guard_top_of(number_of(cgrp));

	return top != 0 ? bpf_map_lookup_elem(&containers, &top) : NULL;
}

static __always_inline struct guard_policy *policy_of(struct guard_container *c)
{
	__u32 service = c->service;

	return bpf_map_lookup_elem(&policies, &service);
}

/** struct subject - who acts, and by which rules he is judged */
struct subject {
	struct guard_task *task;
	struct guard_container *container;
	struct guard_policy *policy;
};

/* A process that waits for its script is counted: others need not be asked whether they do. */
static __always_inline void set_script(struct guard_task *t, __u64 script)
{
	if ((t->script != 0) != (script != 0))
		__sync_fetch_and_add(&n_scripts, script != 0 ? 1 : -1);
	t->script = script;
	t->flags &= ~GUARD_T_SCRIPT;
}

/* The expected script was opened, which is all there is to wait for, or one of two times. */
static __always_inline void script_opened(struct guard_task *t)
{
	if ((t->use & GUARD_A_REOPENS) != 0 && (t->flags & GUARD_T_SCRIPT) == 0)
		t->flags |= GUARD_T_SCRIPT;
	else
		set_script(t, 0);
}

/* Do other processes use its memory too (CLONE_VM, vfork)? Or does somebody look at it right now.
 */
static __always_inline int shares_memory(struct task_struct *task)
{
	return READ(task, mm, mm_users.counter) > READ(task, signal, live.counter);
}

/*
 * What a process that is killed for it made executable stays so for those that share its memory:
 * each of them ends when its next call is done. Returns 1 when there may be any.
 */
static __noinline int doom_memory(struct guard_task *t, struct task_struct *task)
{
	struct doomed key = {.mm = (__u64)READ(task, mm), .exec_id = t->exec_id};
	struct guard_control *ctl = get_control();
	__u8 one = 1;

	if (ctl == NULL || !ctl->enforce || !shares_memory(task))
		return 0;
	if (bpf_map_update_elem(&doomed, &key, &one, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&n_ending, 1);
	return 1;
}

static __always_inline int is_doomed(struct guard_task *t, struct task_struct *task)
{
	struct doomed key = {.mm = (__u64)READ(task, mm), .exec_id = t->exec_id};

	return n_ending != 0 && bpf_map_lookup_elem(&doomed, &key) != NULL;
}

static __always_inline struct guard_task *task_current(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&tasks, &tgid);
}

/* The rest of a subject whose task is known. Returns 0 when it is one that is watched. */
static __always_inline int subject_of_task(struct subject *s)
{
	if ((s->task->flags & GUARD_T_JOINING) != 0)
		return -1;
	s->container = container_of_id(s->task->cgroup);
	if (s->container == NULL || (s->container->flags & GUARD_C_IGNORED) != 0)
		return -1;
	s->policy = policy_of(s->container);
	return s->policy != NULL ? 0 : -1;
}

/* The current process, if it is one that is watched. Returns 0 when it is. */
static __always_inline int subject_current(struct subject *s)
{
	s->task = task_current();
	return s->task != NULL ? subject_of_task(s) : -1;
}

static __always_inline void rec_begin(struct guard_rec *r, __u16 type, struct subject *s,
				      struct task_struct *task, int direct)
{
	struct task_ids ids;

	__builtin_memset(r, 0, sizeof(*r));
	task_ids_of(&ids, task, direct);
	r->type = type;
	r->time_ns = bpf_ktime_get_ns();
	r->cgroup = s->container->top;
	r->exec_id = s->task->exec_id;
	r->parent_exec_id = s->task->parent_exec_id;
	r->host_pid = ids.host_pid;
	r->pid = ids.pid;
	r->ppid = ids.ppid;
	r->host_ppid = ids.host_ppid;
	r->uid = READ(task, real_cred, uid.val);
	r->service = s->container->service;
	r->program = s->task->program;
	if (s->task->flags & GUARD_T_ENTRY)
		r->flags |= GUARD_RF_ENTRY;
	if (s->task->flags & GUARD_T_MAIN)
		r->flags |= GUARD_RF_MAIN;
	if (s->container->flags & GUARD_C_PENDING)
		r->flags |= GUARD_RF_PENDING;
}

/*
 * Both have a stack frame of their own, as others that every program needs: up to 6.12 all frames
 * of a program, those of global functions too, have to fit into 512 bytes, each rounded up to 32.
 */
static __noinline void rec_init(struct guard_rec *r, __u16 type, struct subject *s,
				struct task_struct *task)
{
	rec_begin(r, type, s, task, 0);
}

static __noinline void rec_init_direct(struct guard_rec *r, __u16 type, struct subject *s,
				       struct task_struct *task)
{
	rec_begin(r, type, s, task, 1);
}

static __always_inline void count_lost(struct guard_container *c)
{
	struct guard_stats *st = get_stats();

	__sync_fetch_and_add(&c->lost, 1);
	if (st != NULL)
		st->lost++;
}

/* What neither a ring nor a count holds. */
static __always_inline void count_lost_of(__u64 top)
{
	struct guard_container *c = container_of_id(top);

	if (c != NULL)
		count_lost(c);
}

static __always_inline void count_record(struct guard_container *c)
{
	struct guard_stats *st = get_stats();

	__sync_fetch_and_add(&c->records, 1);
	if (st != NULL)
		st->records++;
}

/* Sends a report without waking anyone: the reader looks every few milliseconds. */
static __always_inline int send_record(void *rec, __u64 size, struct guard_container *c)
{
	if (bpf_ringbuf_output(&records, rec, size, BPF_RB_NO_WAKEUP) != 0) {
		count_lost(c);
		return -1;
	}
	count_record(c);
	return 0;
}

/* Sends what people wait for. A cause that was sent is only counted from then on. */
static __noinline int send_alert(struct guard_rec *rec, __u64 size, __u64 a, __u64 b)
{
	struct guard_fold_key key = {
		.cgroup = rec->cgroup,
		.a = a,
		.b = b,
		.type = rec->type,
		.verdict = rec->verdict,
		.reason = rec->reason,
		.op = rec->op,
	};
	struct guard_fold fresh = {
		.count = 1,
		.first_ns = rec->time_ns,
		.last_ns = rec->time_ns,
		.id = rec->time_ns,
		.sent = 1,
		.host_pid = rec->host_pid,
	};
	struct guard_stats *st = get_stats();
	struct guard_fold *fold = bpf_map_lookup_elem(&folds, &key);
	long r;

	if (is_quiet())
		return 0;
	if (st != NULL)
		st->alerts++;
	if (st != NULL && rec->verdict >= GUARD_REC_DENIED)
		st->blocks++;
	if (fold != NULL) {
		__sync_fetch_and_add(&fold->count, 1);
		fold->last_ns = rec->time_ns;
		return 0;
	}
	r = bpf_map_update_elem(&folds, &key, &fresh, BPF_NOEXIST);
	fold = bpf_map_lookup_elem(&folds, &key);
	/* Another CPU was first. */
	if (r == -EEXIST_ && fold != NULL) {
		__sync_fetch_and_add(&fold->count, 1);
		return 0;
	}
	if (r != 0 && st != NULL)
		st->folds_full++;
	rec->cause = fresh.id;
	if (bpf_ringbuf_output(&alerts, rec, size, BPF_RB_FORCE_WAKEUP) == 0)
		return 0;
	if (st != NULL)
		st->alerts_unsent++;
	if (r == 0 && fold != NULL)
		fold->sent = 0;
	else
		count_lost_of(rec->cgroup);
	return -1;
}

/* True the first time, and again when the record of the first time found no room. */
static __always_inline int first_time(__u64 cgroup, __u64 a, __u64 b, __u32 kind, __u32 op)
{
	struct guard_seen_key key = {.cgroup = cgroup, .a = a, .b = b, .kind = kind, .op = op};
	__u64 *count = bpf_map_lookup_elem(&seen, &key);
	__u64 one = 1;

	if (count != NULL) {
		*count += 1;
		return 0;
	}
	/* Another CPU may be first. */
	return bpf_map_update_elem(&seen, &key, &one, BPF_NOEXIST) != -EEXIST_;
}

static __always_inline void not_seen(__u64 cgroup, __u64 a, __u64 b, __u32 kind, __u32 op)
{
	struct guard_seen_key key = {.cgroup = cgroup, .a = a, .b = b, .kind = kind, .op = op};

	bpf_map_delete_elem(&seen, &key);
}

/** struct powers - as whom a process acts, and what it gained by that */
struct powers {
	__u64 gained;
	__u32 before;
};

/* Notes as whom a process acts from now on. */
static __always_inline void note_cred(struct guard_task *t, const struct cred *cred,
				      struct powers *p)
{
	__u32 user = READ(cred, euid.val);
	__u64 caps = 0;

	bpf_core_read(&caps, sizeof(caps), &cred->cap_permitted);
	p->before = (t->flags & GUARD_T_CRED) != 0 ? t->user : user;
	p->gained = (t->flags & GUARD_T_CRED) != 0 ? caps & ~t->caps : 0;
	t->user = user;
	t->caps = caps;
	t->flags |= GUARD_T_CRED;
}
