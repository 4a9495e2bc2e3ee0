/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What runs already: iterators that user space reads once, when it starts. */
#pragma once

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} KRELO;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} KRELO;

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
} KRELO;

/* Only the agent runs iterators; nobody else writes here. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} walk_scratch SEC(".maps");

static __always_inline void walk_file(struct seq_file *seq, struct task_struct *task,
				      struct file *file, __u16 type)
{
	__u32 zero = 0, tgid = BPF_CORE_READ(task, tgid);
	struct scratch *x = bpf_map_lookup_elem(&walk_scratch, &zero);
	struct guard_task *t = bpf_map_lookup_elem(&tasks, &tgid);
	struct subject s = {.task = t};
	struct seen_file f = {};

	if (x == NULL || t == NULL || file == NULL)
		return;
	s.container = container_of_id(t->cgroup);
	if (s.container == NULL)
		return;
	file_look(file, task, s.container->flags & GUARD_C_HOST, &f);
	rec_init(&x->rec, type, &s, task);
	x->rec.file = f.id;
	x->rec.origin = f.origin;
	x->rec.flags |= GUARD_RF_RUNNING;
	if (f.unlinked)
		x->rec.flags |= GUARD_RF_UNLINKED;
	if (type == GUARD_REC_EXEC)
		t->exe = f.id;
	path_walk(file_path(file), task, x->data, &x->rec);
	bpf_seq_write(seq, x, sizeof(x->rec) + GUARD_PATH_BYTES);
}

SEC("iter/task")
int guard_walk_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (task == NULL || BPF_CORE_READ(task, tgid) != BPF_CORE_READ(task, pid))
		return 0;
	walk_file(seq, task, BPF_CORE_READ(task, mm, exe_file), GUARD_REC_EXEC);
	return 0;
}

SEC("iter/task_vma")
int guard_walk_vmas(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;
	struct seq_file *seq = ctx->meta->seq;

	if (task == NULL || vma == NULL || BPF_CORE_READ(task, tgid) != BPF_CORE_READ(task, pid))
		return 0;
	if ((BPF_CORE_READ(vma, vm_flags) & VM_EXEC_BIT) == 0)
		return 0;
	walk_file(seq, task, BPF_CORE_READ(vma, vm_file), GUARD_REC_MMAP);
	return 0;
}

/* Which directory the agent's descriptor leads to, and how it is now. */
SEC("iter/task")
int guard_walk_pins(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct guard_control *ctl = get_control();
	struct inode *dir;
	struct file *file;

	if (task == NULL || ctl == NULL || (__u32)BPF_CORE_READ(task, pid) != ctl->agent_pid)
		return 0;
	file = file_of_fd(task, pins_fd);
	if (file == NULL)
		return 0;
	dir = BPF_CORE_READ(file, f_inode);
	pins_ctime = inode_ctime(dir);
	pins_inode = (__u64)dir;
	return 0;
}
