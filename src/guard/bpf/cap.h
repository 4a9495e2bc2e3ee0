/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Capabilities that were used and granted, where no LSM hook can be used. */
#pragma once

enum {
	CAP_SYS_ADMIN_ = 21,
	CAP_OPT_NOAUDIT_ = 2,
};

/*
 * A capability was used and granted. Returns the verdict on what the profile does not know. What
 * overlayfs does with the credentials of who mounted it is nobody's own use.
 */
static __always_inline __u8 on_cap(const struct cred *cred, int cap, __u8 block)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct subject s = {};
	struct guard_rec r;

	if (cap < 0 || cap > 63 || subject_current(&s) != 0 ||
	    BPF_CORE_READ(task, real_cred) != cred)
		return GUARD_REC_OBSERVED;
	if ((s.policy->flags & GUARD_P_CALLS) && !(s.container->caps >> (cap & 63) & 1))
		s.container->caps |= 1ull << (cap & 63);
	if ((s.policy->flags & GUARD_P_JUDGE_CAPS) == 0 || (s.policy->caps >> (cap & 63) & 1)) {
		struct noted *n = noted_place(&s, task_cgroup(task));

		if (n != NULL)
			n->caps |= 1ull << (cap & 63);
		return GUARD_REC_OBSERVED;
	}
	rec_init(&r, GUARD_REC_CAP, &s, task);
	r.op = (__u32)cap;
	r.reason = GUARD_REC_R_NOT_IN_PROFILE;
	r.verdict = verdict_of(s.policy->mode_cap, block);
	if (r.verdict != GUARD_REC_OBSERVED)
		send_alert(&r, sizeof(r), s.task->exe.ino, 0);
	else if (first_time(r.cgroup, s.task->exe.ino, s.task->exe.ctime_ns, r.type, r.op))
		send_record(&r, sizeof(r), s.container);
	return r.verdict;
}

/*
 * Whoever asks for memory is asked for CAP_SYS_ADMIN, which decides about the last reserve. Nobody
 * would call that using it. These calls ask for it for nothing else.
 */
static __always_inline int is_for_memory(struct task_struct *task)
{
	struct pt_regs *regs;

	if (regs_at == 0)
		regs_at = (__u32)((void *)bpf_task_pt_regs(task) - task->stack);
	regs = CAST(struct pt_regs, task->stack + regs_at);
	switch ((__u32)regs->orig_ax & CALL_NR) {
	case 9:       /* mmap */
	case 10:      /* mprotect */
	case 12:      /* brk */
	case 25:      /* mremap */
	case 57:      /* fork */
	case 58:      /* vfork */
	case 59:      /* execve */
	case 322:     /* execveat */
	case CALL_NR: /* a fault */
		return 1;
	case 56: /* clone */
		return (regs->di & NEW_NAMESPACES) == 0;
	}
	return 0;
}

/* From 6.14; what was granted only. */
SEC("tp_btf/cap_capable")
int BPF_PROG(guard_capable, const struct cred *cred, void *target_ns, void *capable_ns, int cap,
	     int ret)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 cgroup;
	struct noted *n;

	if (ret != 0 || (cap == CAP_SYS_ADMIN_ && is_for_memory(task)))
		return 0;
	cgroup = task->cgroups->dfl_cgrp->kn->id;
	n = noted_now(cgroup);
	if (n != NULL && (n->caps >> (cap & 63) & 1))
		return 0;
	if (on_cap(cred, cap, GUARD_REC_KILLED) == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
	return 0;
}

/* For kernels before 6.14. */
SEC("fexit/cap_capable")
int BPF_PROG(guard_capable_old, const struct cred *cred, void *ns, int cap, unsigned int opts,
	     int ret)
{
	if (ret == 0 && (opts & CAP_OPT_NOAUDIT_) == 0 &&
	    on_cap(cred, cap, GUARD_REC_KILLED) == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
	return 0;
}
