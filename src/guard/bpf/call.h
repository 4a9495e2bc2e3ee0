/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * System calls of watched processes, where no LSM hook can be used: when they are done, for then
 * the kernel's own objects tell what was opened, mapped or made, and 32-bit calls are seen like
 * others. There is one program for it since it is the presence of such a program, more than what it
 * does, that costs every call of every process; nearly all calls leave it after a few instructions.
 */
#pragma once

enum {
	CALL_SIGRETURN = 15,
	CALL_READ_PROCESS = 310,
	IPC_SHMAT = 21, /* of ipc, the 32-bit call */
	WHY_COMPAT = 0x100,
	WHY_ERROR = 16, /* bits above: errno that the call ended with */
};

/* System calls a service is known to make: only asked about those that are rare and dangerous. */
struct call_set {
	__u64 bits[GUARD_N_CALLS / 64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GUARD_MAX_SERVICES);
	__type(key, __u32);
	__type(value, struct call_set);
} call_sets SEC(".maps");

static __always_inline int call_listed(struct subject *s, __u32 nr)
{
	__u32 service = s->container->service;
	struct call_set *set = bpf_map_lookup_elem(&call_sets, &service);

	if (set == NULL || nr >= GUARD_N_CALLS)
		return 0;
	return (set->bits[BOUND(nr / 64, 7)] >> (nr % 64)) & 1;
}

static __always_inline int call_known(struct subject *s, __u32 nr)
{
	return call_listed(s, guard_call_known_as(nr));
}

/* @why: a reason, WHY_COMPAT for a 32-bit call, an errno. Returns 1 when the process was killed for
 * it. */
static __noinline int report_call(struct subject *s, struct task_struct *task, __u32 nr, __u64 arg,
				  __u32 why)
{
	__u8 mode = s->policy->mode_builtin, reason = (__u8)why;
	struct guard_rec r;

	if (reason == GUARD_REC_R_ANON_EXEC)
		mode = (s->task->use & GUARD_A_ANON) ? GUARD_REC_MODE_AUDIT : s->policy->mode_anon;
	if (reason == GUARD_REC_R_POLICY && mode == GUARD_REC_MODE_ENFORCE)
		mode = GUARD_REC_MODE_ALERT;
	if (call_known(s, nr) || (s->policy->flags == 0 && mode == GUARD_REC_MODE_UNSET))
		return 0;
	rec_init(&r, GUARD_REC_CALL, s, task);
	r.op = nr;
	r.value = arg;
	r.reason = reason;
	r.error = (__u8)(why >> WHY_ERROR);
	r.flags |= (why & WHY_COMPAT) ? GUARD_RF_COMPAT : 0;
	r.verdict = verdict_of(mode, GUARD_REC_KILLED);
	if (r.verdict == GUARD_REC_OBSERVED) {
		if (first_time(r.cgroup, s->task->exec_id, r.error, r.type, nr))
			send_record(&r, sizeof(r), s->container);
		return 0;
	}
	if (r.verdict == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
	send_alert(&r, sizeof(r), s->task->exe.ino, r.error);
	return r.verdict == GUARD_REC_KILLED;
}

static __always_inline int call_expected(struct subject *s, __u32 nr, int compat)
{
	return compat ? (s->policy->flags & GUARD_P_COMPAT) != 0 : call_listed(s, nr);
}

/*
 * Is the call among those that the service is known to make? What is fine, or only to be noted, is
 * remembered in the container. Returns 1 when it is.
 */
static __noinline int judge_call(struct subject *s, struct task_struct *task, __u32 nr, int compat)
{
	struct guard_container *c = s->container;
	__u64 bit = 1ull << (nr % 64);
	struct guard_rec r;
	__u64 *word;

	word = compat ? &c->calls_ia32[BOUND(nr / 64, 7)] : &c->calls[BOUND(nr / 64, 7)];
	if ((*word & bit) != 0)
		return 1;
	if ((s->policy->flags & GUARD_P_JUDGE_CALLS) == 0 || call_expected(s, nr, compat)) {
		*word |= bit;
		return 1;
	}
	rec_init(&r, GUARD_REC_CALL, s, task);
	r.op = nr;
	r.reason = GUARD_REC_R_NOT_IN_PROFILE;
	r.flags |= compat ? GUARD_RF_COMPAT : 0;
	r.verdict = verdict_of(s->policy->mode_call, GUARD_REC_KILLED);
	if (r.verdict == GUARD_REC_OBSERVED) {
		*word |= bit;
		send_record(&r, sizeof(r), c);
		return 1;
	}
	if (r.verdict == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
	send_alert(&r, sizeof(r), s->task->exe.ino, compat);
	return 0;
}

/* Is it the number that the task, or its process, has for itself? */
static __always_inline int is_own(struct task_struct *task, __u32 nr)
{
	__u64 pid = (__u64)BPF_CORE_READ(task, thread_pid);

	return nr == task_vpid(task) || nr == (__u32)guard_pid_for(pid, pid);
}

static __always_inline void on_leaving(struct subject *s, struct task_struct *task,
				       struct pt_regs *regs, long ret)
{
	int compat = is_compat(task);
	__u32 nr = (__u32)regs->orig_ax & CALL_NR;
	__u64 arg = compat ? regs->bx & 0xffffffff : regs->di;
	__u32 error = ret < 0 && ret > -256 ? (__u32)-ret : 0;
	__u8 reason;

	if (compat && nr == 117 && (arg & 0xffff) == IPC_SHMAT && (regs->dx & SHM_EXEC_BIT) != 0) {
		nr = 30;
		reason = GUARD_REC_R_ANON_EXEC;
	} else {
		nr = native_nr(nr, compat);
		reason = break_out(nr, arg);
	}
	if (nr == CALL_READ_PROCESS && is_own(task, (__u32)arg))
		return;
	if (reason != 0 &&
	    report_call(s, task, nr, arg,
			reason | (compat ? WHY_COMPAT : 0) | error << WHY_ERROR) != 0 &&
	    reason == GUARD_REC_R_ANON_EXEC)
		doom_memory(s->task, task);
}

/* What keeps the guard in force when its agent is killed is no container's to remove. */
static __always_inline void on_remove(struct subject *s, struct task_struct *task)
{
	if (pins_changed())
		report_call(s, task, GUARD_CALL_REMOVE_PINS, 0, GUARD_REC_R_TAMPER);
}

static __always_inline void call_notable(struct subject *s, struct task_struct *task,
					 struct pt_regs *regs, long ret, int have_vma)
{
	int compat = is_compat(task);
	__u32 nr = (__u32)regs->orig_ax & CALL_NR;
	enum call_op op = op_of(nr, compat);

	if (compat && nr == SOCKETCALL)
		op = op_of_socketcall((__u32)regs->bx);
	on_leaving(s, task, regs, ret);
	if (op == OP_NONE || (ret < 0 && ret >= -4095))
		return;
	if (op == OP_REMOVE) {
		on_remove(s, task);
		op = is_place(nr, compat) ? OP_PLACE : OP_NONE;
	}
	if (op == OP_OPEN)
		on_open(s, task, regs, nr, compat, (__u32)ret);
	else if (op == OP_ACCEPT)
		on_accept(s, task, (__u32)ret);
	else if (op == OP_CONNECT)
		on_connect(s, task, call_socket(regs, nr, compat));
	else if (op == OP_SOCKET)
		on_socket(s, task, (__u32)ret);
	else if (op == OP_PLACE)
		on_place(s, regs, nr);
	else if (op == OP_USER)
		guard_note_powers((__u64)BPF_CORE_READ(task, real_cred), 0);
	else if (op == OP_LISTEN)
		on_listen(s, task, call_socket(regs, nr, compat));
	else if (op != OP_NONE)
		on_mmap(s, task, regs, ret, have_vma, op);
}

static __always_inline int call_done(struct task_struct *task, __u64 cgroup, int compat,
				     struct pt_regs *regs, long ret, int have_vma)
{
	__u32 nr = (__u32)regs->orig_ax & CALL_NR;
	struct noted *n = noted_now(cgroup);
	int notable, noted;
	struct subject s; /* nothing is written for calls that leave at once */

	if (n != NULL && n->nobodys && n_strays == 0)
		return 0;
	if (nr == CALL_NR)
		nr = CALL_SIGRETURN; /* which has put other registers in place */
	notable = lsm_backend ? is_place(nr, compat)
			      : is_notable(nr, compat) &&
					(compat || !is_data(task, regs, nr, have_vma));
	noted = !calls_wanted || is_noted(n, nr, compat);
	if (noted && n_ending == 0 &&
	    (!notable || (have_vma && !compat && is_reading(regs, nr) &&
			  (ret < 0 || was_opened(cgroup, task, (__u32)ret)))))
		return 0;
	if (subject_current(&s) != 0) {
		keep_nobodys(cgroup);
		return 0;
	}
	if ((s.task->flags & GUARD_T_ENDS) != 0 || is_doomed(s.task, task)) {
		bpf_send_signal(SIG_KILL);
		return 0;
	}
	if (!noted && nr < GUARD_N_CALLS &&
	    ((s.policy->flags & (GUARD_P_CALLS | GUARD_P_JUDGE_CALLS)) == 0 ||
	     judge_call(&s, task, nr, compat)))
		keep_noted(&s, cgroup, nr, compat);
	if (notable && lsm_backend && ret == 0)
		on_place(&s, regs, nr);
	else if (notable && !lsm_backend)
		call_notable(&s, task, regs, ret, have_vma);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(guard_sys_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	return call_done(task, task->cgroups->dfl_cgrp->kn->id,
			 (task->thread_info.status & TS_COMPAT_BIT) != 0, regs, ret, 1);
}

/* For kernels before 5.17. */
SEC("tp_btf/sys_exit")
int BPF_PROG(guard_sys_exit_old, struct pt_regs *regs, long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 cgroup = task_cgroup(task);

	return call_done(task, cgroup, is_compat(task), regs, ret, 0);
}
