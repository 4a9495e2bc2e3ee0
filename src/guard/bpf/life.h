/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Containers and processes coming and going. */
#pragma once

static __always_inline int is_hex(__u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Is there a run of 64 hexadecimal digits? */
static __noinline int container_name(struct scratch *x)
{
	x->run = 0;
	for (int i = 0; i < 127; i++) {
		FORGET();
		if (x->data[i] == 0)
			break;
		if (is_hex(x->data[i]))
			x->run++;
		else
			x->run = 0;
		if (x->run == 64)
			return 1;
	}
	return 0;
}

static __always_inline void send_cgroup(struct scratch *x, struct guard_container *c, __u32 op,
					struct cgroup *cgrp)
{
	struct guard_rec *r = &x->rec;
	long n;

	__builtin_memset(r, 0, sizeof(*r));
	r->type = GUARD_REC_CGROUP;
	r->op = op;
	r->time_ns = bpf_ktime_get_ns();
	r->cgroup = c->top;
	r->host_pid = bpf_get_current_pid_tgid() >> 32;
	r->uid = (__u32)bpf_get_current_uid_gid();
	n = bpf_probe_read_kernel_str(x->data, GUARD_NAME_BYTES, READ(cgrp, kn, name));
	r->name_len = n > 0 ? (__u16)n : 0;
	if (bpf_ringbuf_output(&alerts, x, sizeof(*r) + BOUND(r->name_len, 0x1ff),
			       BPF_RB_FORCE_WAKEUP) != 0)
		count_lost(c);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(guard_cgroup_mkdir, struct cgroup *cgrp)
{
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct guard_container fresh = {};
	struct guard_container *parent;
	__u64 id;

	if (x == NULL || READ(cgrp, root, hierarchy_id) != 0)
		return 0;
	id = READ(cgrp, kn, id);
	parent = container_of_cgroup(cgrp);
	bpf_probe_read_kernel_str(x->data, 128, READ(cgrp, kn, name));
	/* Inside a container: its own, which takes no room. A container in a cgroup of the host
	 * that was selected is a container. */
	if (parent != NULL && ((parent->flags & GUARD_C_HOST) == 0 || !container_name(x)))
		return 0;
	fresh.top = id;
	/* A name that somebody chose: user space knows whether a runtime is behind it, or a unit
	 * that was asked for. */
	if (!container_name(x)) {
		send_cgroup(x, &fresh, GUARD_CGROUP_OTHER, cgrp);
		return 0;
	}
	fresh.flags = GUARD_C_PENDING;
	bpf_map_update_elem(&containers, &id, &fresh, BPF_NOEXIST);
	send_cgroup(x, &fresh, GUARD_CGROUP_CONTAINER, cgrp);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(guard_cgroup_rmdir, struct cgroup *cgrp)
{
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct guard_container *c;
	__u64 id;

	if (x == NULL || READ(cgrp, root, hierarchy_id) != 0)
		return 0;
	id = READ(cgrp, kn, id);
	c = bpf_map_lookup_elem(&containers, &id);
	if (c == NULL)
		return 0;
	c->flags |= GUARD_C_GONE;
	send_cgroup(x, c, GUARD_CGROUP_REMOVED, cgrp);
	return 0;
}

static __always_inline void add_task(__u32 tgid, struct guard_task *t)
{
	struct guard_stats *st = get_stats();

	if (bpf_map_update_elem(&tasks, &tgid, t, BPF_ANY) != 0 && st != NULL)
		st->tasks_full++;
}

static __always_inline void set_stray(struct guard_task *t)
{
	if (t->flags & GUARD_T_STRAY)
		return;
	t->flags |= GUARD_T_STRAY;
	__sync_fetch_and_add(&n_strays, 1);
}

/*
 * Someone is put into a container. What is inside already keeps its identity wherever it goes; what
 * comes from outside takes the container's.
 */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(guard_cgroup_attach, struct cgroup *dst, const char *path, struct task_struct *task)
{
	__u32 tgid = READ(task, tgid), self = bpf_get_current_pid_tgid() >> 32;
	struct guard_task fresh = {};
	struct guard_container *c;
	struct guard_task *t;

	if (READ(dst, root, hierarchy_id) != 0)
		return 0;
	c = container_of_cgroup(dst);
	t = bpf_map_lookup_elem(&tasks, &tgid);
	if (t != NULL && (c == NULL || c->top != t->cgroup))
		set_stray(t);
	if (c == NULL ||
	    (t != NULL && (t->cgroup == c->top || bpf_map_lookup_elem(&tasks, &self) != NULL)))
		return 0;
	if (t != NULL)
		__sync_fetch_and_add(&n_strays, -1);
	fresh.cgroup = c->top;
	fresh.flags = GUARD_T_JOINING;
	fresh.ppid = READ(task, real_parent, tgid);
	add_task(tgid, &fresh);
	return 0;
}

/* @child: whom @task made, NULL when it ends. */
static __noinline void send_life(struct guard_task *t, struct task_struct *task,
				 struct task_struct *child)
{
	struct subject s = {.task = t, .container = container_of_id(t->cgroup)};
	struct guard_rec r;

	if (s.container == NULL || (s.container->flags & GUARD_C_IGNORED) != 0 ||
	    (t->flags & GUARD_T_JOINING) != 0)
		return;
	s.policy = policy_of(s.container);
	if (s.policy == NULL || (s.policy->flags & GUARD_P_LIFECYCLE) == 0)
		return;
	rec_begin(&r, child != NULL ? GUARD_REC_FORK : GUARD_REC_EXIT, &s, task, 1);
	r.op = child != NULL ? task_vpid(child) : 0;
	r.value = (__u32)(child != NULL ? READ(child, tgid) : READ(task, exit_code));
	send_record(&r, sizeof(r), s.container);
}

static __noinline int report_call(struct subject *s, struct task_struct *task, __u32 nr, __u64 arg,
				  __u32 why);

/*
 * A child in namespaces of its own: clone3 has its flags in memory, so what it made is looked at.
 * Returns 1 when the parent was killed for it.
 */
static __always_inline int minds_child(struct guard_task *t, struct task_struct *parent,
				       struct task_struct *child)
{
	struct subject s = {.task = t};

	if ((t->flags & GUARD_T_JOINING) != 0 ||
	    (READ(parent, nsproxy) == READ(child, nsproxy) &&
	     READ(parent, real_cred, user_ns) == READ(child, real_cred, user_ns)))
		return 0;
	s.container = container_of_id(t->cgroup);
	if (s.container == NULL || (s.container->flags & GUARD_C_IGNORED) != 0)
		return 0;
	s.policy = policy_of(s.container);
	return s.policy != NULL && report_call(&s, parent, 435, 0, GUARD_REC_R_ESCAPE);
}

/* As whom a child begins whose parent was there before the guard. */
static __noinline void begin_cred(struct guard_task *t, struct task_struct *task)
{
	struct powers p;

	note_cred(t, READ(task, real_cred), &p);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(guard_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 ptgid = READ(parent, tgid), tgid = READ(child, tgid);
	struct guard_task *t, copy = {};
	struct guard_container *c;

	if (ptgid == tgid)
		return 0;
	t = bpf_map_lookup_elem(&tasks, &ptgid);
	if (t != NULL) {
		copy = *t;
		copy.flags &= ~(GUARD_T_MAIN | GUARD_T_HELD);
		copy.ppid = ptgid;
		/* Its way out of the call that made it ends it. */
		if (!lsm_backend && (is_doomed(t, parent) || minds_child(t, parent, child)))
			copy.flags |= GUARD_T_ENDS;
		if ((copy.flags & (GUARD_T_CRED | GUARD_T_JOINING)) == 0)
			begin_cred(&copy, child);
		if (copy.flags & GUARD_T_ENDS)
			__sync_fetch_and_add(&n_ending, 1);
		/* Perhaps born into another cgroup (CLONE_INTO_CGROUP). */
		if (parent->cgroups != child->cgroups)
			copy.flags |= GUARD_T_STRAY;
		if (copy.flags & GUARD_T_STRAY)
			__sync_fetch_and_add(&n_strays, 1);
		if (copy.script != 0)
			__sync_fetch_and_add(&n_scripts, 1);
		add_task(tgid, &copy);
		if (lives_wanted)
			send_life(t, parent, child);
		return 0;
	}
	/* Born straight into a container (CLONE_INTO_CGROUP)? */
	c = container_of_task(child);
	if (c == NULL)
		return 0;
	copy.cgroup = c->top;
	copy.flags = GUARD_T_JOINING;
	copy.ppid = ptgid;
	add_task(tgid, &copy);
	return 0;
}

enum {
	CALL_EXIT = 60,
	CALL_EXIT_GROUP = 231,
};

/* The calls that never return. */
static __always_inline void note_exit(struct guard_task *t, __u64 cgroup)
{
	struct subject s = {.task = t};

	if (!calls_wanted || is_noted(noted_now(cgroup), CALL_EXIT_GROUP, 0) ||
	    (t->flags & GUARD_T_JOINING) != 0)
		return;
	s.container = container_of_id(t->cgroup);
	if (s.container == NULL)
		return;
	s.container->calls[CALL_EXIT / 64] |= 1ull << (CALL_EXIT % 64);
	s.container->calls[CALL_EXIT_GROUP / 64] |= 1ull << (CALL_EXIT_GROUP % 64);
	keep_noted(&s, cgroup, CALL_EXIT_GROUP, 0);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(guard_exit, struct task_struct *task)
{
	__u32 tgid = READ(task, tgid);
	struct guard_task *t = bpf_map_lookup_elem(&tasks, &tgid);
	struct guard_control *ctl = get_control();
	int is_agent = ctl != NULL && ctl->agent_pid == tgid;
	__u32 flags;
	__u64 script;

	if ((t == NULL && !is_agent) || READ(task, signal, live.counter) != 0)
		return 0;
	/* From here on nothing is held any more: nobody would look at it. */
	if (is_agent)
		ctl->heartbeat_ns = 0;
	if (t == NULL)
		return 0;
	if (lives_wanted)
		send_life(t, task, NULL);
	note_exit(t, task_cgroup(task));
	flags = t->flags;
	script = t->script;
	/* Threads that end at the same time: one of them counts. */
	if (bpf_map_delete_elem(&tasks, &tgid) != 0)
		return 0;
	if (flags & GUARD_T_ENDS)
		__sync_fetch_and_add(&n_ending, -1);
	if (flags & GUARD_T_STRAY)
		__sync_fetch_and_add(&n_strays, -1);
	if (script != 0)
		__sync_fetch_and_add(&n_scripts, -1);
	return 0;
}

/* Kills the calling process if it is one that must not go on. */
static __always_inline void end_current(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct guard_task *t = bpf_map_lookup_elem(&tasks, &tgid);

	if (t != NULL && (t->flags & GUARD_T_ENDS) != 0)
		bpf_send_signal(SIG_KILL);
}

/*
 * With LSM too: the kernel continues a process group that is left alone and asks no module.
 * Whoever but user space continues a process that waits ends it. This runs in the sender; the
 * process itself is met when it tells its parent that it goes on, or else when its first system
 * call is done.
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(guard_signal, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	struct guard_task *t;
	__u32 tgid;

	if (sig == SIG_CHLD && n_ending != 0) {
		if (READ(info, si_code) == CLD_CONTINUED_CODE)
			end_current();
		return 0;
	}
	if (sig != SIG_CONT)
		return 0;
	tgid = READ(task, tgid);
	t = bpf_map_lookup_elem(&tasks, &tgid);
	if (t == NULL || (t->flags & (GUARD_T_HELD | GUARD_T_PAUSED)) == 0 ||
	    (t->flags & GUARD_T_ENDS) != 0)
		return 0;
	t->flags |= GUARD_T_ENDS;
	__sync_fetch_and_add(&n_ending, 1);
	return 0;
}
