/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Places of files that calls make, move, remove or change without opening them. Told while
 * learning, for what other tools have to be told to allow; judged by nobody. 64-bit calls only.
 */
#pragma once

enum {
	AT_FDCWD_ = -100,
	AT_REMOVEDIR_ = 0x200,
	PLACE_WRITE = GUARD_OPEN_WRITE,
	PLACE_DIRECTORY = GUARD_OPEN_WRITE | GUARD_OPEN_DIRECTORY,
};

/** struct places - what a call changes: names as given, and what they count from */
struct places {
	__u64 name; /* 0: none */
	__u64 to;
	__u32 dir;
	__u32 to_dir;
	__u32 op;
};

static __always_inline void places_of(struct pt_regs *regs, __u32 nr, struct places *p)
{
	switch (nr) {
	case 83: /* mkdir */
	case 84: /* rmdir */
		p->op = PLACE_DIRECTORY;
		p->name = regs->di;
		break;
	case 76:  /* truncate */
	case 87:  /* unlink */
	case 90:  /* chmod */
	case 92:  /* chown */
	case 94:  /* lchown */
	case 133: /* mknod */
		p->name = regs->di;
		break;
	case 82: /* rename */
		p->name = regs->di;
		p->to = regs->si;
		break;
	case 86: /* link */
	case 88: /* symlink */
		p->to = regs->si;
		break;
	case 258: /* mkdirat */
	case 263: /* unlinkat */
		if (nr == 258 || (regs->dx & AT_REMOVEDIR_) != 0)
			p->op = PLACE_DIRECTORY;
		p->dir = (__u32)regs->di;
		p->name = regs->si;
		break;
	case 259: /* mknodat */
	case 260: /* fchownat */
	case 268: /* fchmodat */
	case 452: /* fchmodat2 */
		p->dir = (__u32)regs->di;
		p->name = regs->si;
		break;
	case 264: /* renameat */
	case 316: /* renameat2 */
		p->dir = (__u32)regs->di;
		p->name = regs->si;
		p->to_dir = (__u32)regs->dx;
		p->to = regs->r10;
		break;
	case 265: /* linkat */
		p->to_dir = (__u32)regs->dx;
		p->to = regs->r10;
		break;
	case 266: /* symlinkat */
		p->to_dir = (__u32)regs->si;
		p->to = regs->dx;
		break;
	case 49: /* bind: what leads to a socket's name */
		p->name = regs->si;
		break;
	}
}

/*
 * Tells of one place the first time: the directory as the kernel knows it, the name as it was
 * given. A global function: see guard_path().
 */
__noinline int guard_tell_place(__u64 name, __u32 dir, __u32 op)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 hash = GUARD_FNV_BASIS;
	struct subject s = {};
	struct file *file;
	struct path *from = NULL;
	struct scratch *x;
	__u32 zero = 0;
	long n;

	x = bpf_map_lookup_elem(&scratches, &zero);
	if (x == NULL || subject_current(&s) != 0)
		return 0;
	n = bpf_probe_read_user_str(x->args, GUARD_NAME_BYTES, (void *)name);
	if (n <= 1 || n >= GUARD_NAME_BYTES)
		return 0; /* nothing, a name of no file, or one that is not seen whole */
	if (x->args[0] != '/' && dir == (__u32)AT_FDCWD_) {
		from = (void *)BPF_CORE_READ(task, fs) +
		       bpf_core_field_offset(struct fs_struct, pwd);
	} else if (x->args[0] != '/') {
		file = file_of_fd(task, dir);
		if (file == NULL)
			return 0;
		from = __builtin_preserve_access_index(&file->f_path);
	}
	for (int i = 0; i < GUARD_NAME_BYTES; i++) {
		FORGET();
		if (x->args[i] == 0)
			break;
		hash = (hash ^ x->args[i]) * GUARD_FNV_PRIME;
	}
	if (!first_time(s.container->top, hash,
			from != NULL ? (__u64)BPF_CORE_READ(from, dentry) : 0, GUARD_REC_PLACE, op))
		return 0;
	rec_init(&x->rec, GUARD_REC_PLACE, &s, task);
	x->rec.op = op;
	if (from != NULL)
		guard_path(number_of((void *)from));
	x->rec.name_len = (__u16)(n - 1);
	bpf_probe_read_kernel(x->data + BOUND(x->rec.path_len, PATH_MASK), GUARD_NAME_BYTES,
			      x->args);
	send_record(x, sizeof(x->rec) + BOUND(x->rec.path_len, PATH_MASK) + BOUND(n, NAME_MASK),
		    s.container);
	return 0;
}

static __always_inline void on_place(struct subject *s, struct pt_regs *regs, __u32 nr)
{
	struct places p = {.dir = (__u32)AT_FDCWD_, .to_dir = (__u32)AT_FDCWD_, .op = PLACE_WRITE};
	__u16 family = 0;

	if ((s->policy->flags & GUARD_P_PLACES) == 0)
		return;
	places_of(regs, nr, &p);
	if (nr == 49) {
		bpf_probe_read_user(&family, sizeof(family), (void *)p.name);
		if (family != AF_UNIX_)
			return;
		p.name += sizeof(family);
	}
	if (p.name != 0)
		guard_tell_place(p.name, p.dir, p.op);
	if (p.to != 0)
		guard_tell_place(p.to, p.to_dir, p.op);
}
