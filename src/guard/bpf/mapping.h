/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Memory that may be executed: code of files, and what has none. */
#pragma once

enum {
	VM_WRITE_BIT = 2,
	VM_EXEC_BIT = 4,
	VM_SHARED_BIT = 8,
	MAP_SHARED_ = 1,
	S_IFREG_ = 0100000,
	SHM_EXEC_BIT = 0100000,
	SPAN_AREAS = 16, /* areas of one mprotect that are looked at */
};

/* Code of a file that can be changed for this process alone: what runs need not be the file's. */
static __always_inline int is_patchable(__u64 vm_flags)
{
	return (vm_flags & (VM_WRITE_BIT | VM_SHARED_BIT)) == VM_WRITE_BIT;
}

static __noinline void on_anon(struct subject *s, struct task_struct *task, __u32 nr)
{
	struct guard_rec r;
	__u8 mode = s->policy->mode_anon;

	if (s->task->use & GUARD_A_ANON)
		return;
	rec_init(&r, GUARD_REC_ANON, s, task);
	r.op = nr;
	r.reason = GUARD_REC_R_ANON_EXEC;
	r.verdict = verdict_of(mode, GUARD_REC_KILLED);
	if (r.verdict == GUARD_REC_KILLED) {
		bpf_send_signal(SIG_KILL);
		doom_memory(s->task, task);
	}
	if (r.verdict != GUARD_REC_OBSERVED)
		send_alert(&r, sizeof(r), s->task->exe.ino, 0);
	else if (first_time(r.cgroup, s->task->exe.ino, s->task->exe.ctime_ns, r.type, 0))
		send_record(&r, sizeof(r), s->container);
}

static __noinline void on_code(struct subject *s, struct task_struct *task, struct file *file)
{
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct seen_file f = {};
	struct ruling rule;
	__u64 size;

	if (x == NULL)
		return;
	file_look(file, task, s->container->flags & GUARD_C_HOST, &f);
	rule_file(s, file, &f, GUARD_A_LIB, &rule);
	if (rule.reason != 0 && rule.mode > GUARD_REC_MODE_AUDIT) {
		size = record_file(x, s, task, GUARD_REC_MMAP, file, &f);
		/* Who shares the memory would not wait. */
		if (rule.mode == GUARD_REC_MODE_ENFORCE && doom_memory(s->task, task))
			rule.hold = 0;
		punish_file(x, s, &f, &rule, size);
		return;
	}
	if ((s->policy->flags & GUARD_P_LEARN) == 0 ||
	    !first_time(s->container->top, f.id.ino, f.id.ctime_ns, GUARD_REC_MMAP, 0))
		return;
	size = record_file(x, s, task, GUARD_REC_MMAP, file, &f);
	x->rec.reason = rule.reason;
	if (send_record(x, size, s->container) != 0)
		not_seen(s->container->top, f.id.ino, f.id.ctime_ns, GUARD_REC_MMAP, 0);
}

static __always_inline void on_mapping(struct subject *s, struct task_struct *task,
				       struct found_vma *v, __u32 nr, enum call_op op)
{
	struct file *file = v->file;

	if ((v->flags & VM_EXEC_BIT) == 0)
		return;
	if (file == NULL || (READ(file, f_inode, i_mode) & MODE_FORMAT) != S_IFREG_ ||
	    is_patchable(v->flags) || (op == OP_MPROTECT && v->copied))
		on_anon(s, task, nr);
	else
		on_code(s, task, file);
}

/*
 * The areas that one mprotect made executable together with its first one: is any of them memory
 * without a file, changed, or of a file that is no code of this service? A global function: see
 * guard_path().
 */
__noinline int guard_minds_areas(__u64 addr, __u64 end)
{
	struct subject s = {};

	if (subject_current(&s) != 0)
		return 0;
	for (int i = 0; i < SPAN_AREAS; i++) {
		struct found_vma v = {};
		struct seen_file f = {};
		struct guard_allow *a;

		FORGET();
		if (addr >= end)
			return 0;
		bpf_find_vma(bpf_get_current_task_btf(), addr, on_vma, &v, 0);
		if (!v.found || v.file == NULL || v.copied || is_patchable(v.flags))
			return 1;
		if (s.policy->has_profile) {
			file_look(v.file, (void *)bpf_get_current_task(),
				  s.container->flags & GUARD_C_HOST, &f);
			a = allow_of(s.container->service, &f);
			if (a == NULL || (a->flags & GUARD_A_LIB) == 0 || f.unlinked || f.writers)
				return 1;
		}
		addr = v.end;
	}
	return 1;
}

/* Without bpf_find_vma: what the registers say, and the descriptor as it is now. */
static __always_inline void guess_vma(struct task_struct *task, struct pt_regs *regs, __u32 nr,
				      int compat, struct found_vma *v)
{
	__u64 prot = READ(regs, dx);
	__u64 flags = compat ? READ(regs, si) : READ(regs, r10);
	__u64 fd = compat ? READ(regs, di) : READ(regs, r8);

	if (nr == 30) /* shmat: the third argument are flags */
		v->flags = (prot & SHM_EXEC_BIT) ? VM_EXEC_BIT : 0;
	else
		v->flags = prot & (VM_EXEC_BIT | VM_WRITE_BIT);
	v->flags |= (flags & MAP_SHARED_) ? VM_SHARED_BIT : 0;
	v->copied = 1;
	if ((flags & 0x20) == 0) /* MAP_ANONYMOUS */
		v->file = file_of_fd(task, (__u32)fd);
}

/* Memory that nobody may execute, which is nearly all: no need to ask who that is. */
static __always_inline int is_data(struct task_struct *task, struct pt_regs *regs, __u32 nr,
				   int direct)
{
	return (nr == 9 || nr == 10) && (regs->dx & VM_EXEC_BIT) == 0 &&
	       (TASK_GET(direct, task, personality) & READ_IMPLIES_EXEC_BIT) == 0;
}

static __always_inline void on_mmap(struct subject *s, struct task_struct *task,
				    struct pt_regs *regs, long ret, int have_vma, enum call_op op)
{
	int compat = is_compat(task);
	__u32 nr = (__u32)regs->orig_ax & CALL_NR;
	__u64 addr = compat ? regs->bx : regs->di, end;
	struct found_vma v = {};

	if (op == OP_MPROTECT && (regs->dx & VM_EXEC_BIT) == 0)
		return;
	end = addr + (compat ? regs->cx : regs->si);
	if (op == OP_MMAP)
		addr = (__u64)ret;
	if (have_vma)
		bpf_find_vma(bpf_get_current_task_btf(), addr, on_vma, &v, 0);
	if (!v.found)
		guess_vma(task, regs, compat ? 0 : nr, compat, &v);
	on_mapping(s, task, &v, nr, op);
	if (have_vma && op == OP_MPROTECT && v.found && v.end < end &&
	    guard_minds_areas(v.end, end))
		on_anon(s, task, nr);
}
