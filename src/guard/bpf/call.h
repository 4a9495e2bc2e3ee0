/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * System calls of watched processes, where no LSM hook can be used: when they are done, for then
 * the kernel's own objects tell what was opened, mapped or made, and 32-bit calls are seen like
 * others. There is one program for it since it is the presence of such a program, more than what it
 * does, that costs every call of every process; nearly all calls leave it after a few instructions.
 */
#pragma once

#define CALL_NR 0x3fffffff /* without the x32 bit */

enum {
	CALL_SIGRETURN = 15,
	CALL_UNSHARE = 272,
	CAP_SYS_ADMIN_ = 21,
	O_ACCMODE_ = 3,
	CAP_OPT_NOAUDIT_ = 2,
};

enum call_op {
	OP_NONE,
	OP_OPEN,
	OP_MMAP,
	OP_MPROTECT,
	OP_SOCKET,
	OP_LISTEN,
	OP_ACCEPT,
	OP_USER,
};

enum {
	VM_EXEC_BIT = 4,
	READ_IMPLIES_EXEC_BIT = 0x0400000,
	NEW_NAMESPACES = 0x7e020080, /* CLONE_NEWTIME, NEWNS, NEWCGROUP … NEWNET */
	S_IFREG_ = 0100000,
	IPC_SHMAT = 21,   /* of ipc, the 32-bit call */
	SOCKETCALL = 102, /* the 32-bit call, and what it may be told to do */
	SYS_ACCEPT_ = 5,
	SYS_ACCEPT4_ = 18,
	SHM_EXEC_BIT = 0100000,
	SPAN_AREAS = 16,                     /* areas of one mprotect that are looked at */
	OPENED_BYTES = 1024,                 /* of the name given to open */
	OPENED_TAIL = GUARD_PARSE_BYTES - 2, /* of its end that is compared */
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

static __always_inline int is_compat(struct task_struct *task)
{
	return (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT_BIT) != 0;
}

static __always_inline enum call_op op_of(__u32 nr, int compat)
{
	if (compat) {
		switch (nr) {
		case 5:   /* open */
		case 8:   /* creat */
		case 295: /* openat */
		case 437: /* openat2 */
			return OP_OPEN;
		case 90:  /* old mmap */
		case 192: /* mmap2 */
		case 397: /* shmat */
			return OP_MMAP;
		case 125: /* mprotect */
		case 380: /* pkey_mprotect */
			return OP_MPROTECT;
		case SOCKETCALL:
		case 359: /* socket */
			return OP_SOCKET;
		case 363: /* listen */
			return OP_LISTEN;
		case 364: /* accept4 */
			return OP_ACCEPT;
		case 23:  /* setuid, of 16 bits */
		case 70:  /* setreuid */
		case 164: /* setresuid */
		case 203: /* setreuid */
		case 208: /* setresuid */
		case 213: /* setuid */
			return OP_USER;
		}
		return OP_NONE;
	}
	switch (nr) {
	case 2:   /* open */
	case 85:  /* creat */
	case 257: /* openat */
	case 304: /* open_by_handle_at */
	case 437: /* openat2 */
		return OP_OPEN;
	case 9:  /* mmap */
	case 30: /* shmat */
		return OP_MMAP;
	case 10:  /* mprotect */
	case 329: /* pkey_mprotect */
		return OP_MPROTECT;
	case 41: /* socket */
		return OP_SOCKET;
	case 43:  /* accept */
	case 288: /* accept4 */
		return OP_ACCEPT;
	case 50: /* listen */
		return OP_LISTEN;
	case 105: /* setuid */
	case 113: /* setreuid */
	case 117: /* setresuid */
		return OP_USER;
	}
	return OP_NONE;
}

/*
 * The number that a 32-bit call, or one of x32's own, has among the 64-bit ones, for the calls that
 * break_out() knows.
 */
static __always_inline __u32 native_nr(__u32 nr, int compat)
{
	if (!compat && nr >= 512 && nr < 548)
		return nr == 521 ? 101 : nr == 528 ? 246 : nr == 540 ? 311 : GUARD_N_CALLS;
	if (!compat || nr >= 403)
		return nr;
	switch (nr) {
	case 21:
		return 165; /* mount */
	case 22:            /* oldumount */
	case 52:
		return 166; /* umount2 */
	case 26:
		return 101; /* ptrace */
	case 110:
		return 172; /* iopl */
	case 128:
		return 175; /* init_module */
	case 136:
		return 135; /* personality */
	case 217:
		return 155; /* pivot_root */
	case 283:
		return 246; /* kexec_load */
	case 310:
		return 272; /* unshare */
	case 342:
		return 304; /* open_by_handle_at */
	case 346:
		return 308; /* setns */
	case 348:
		return 311; /* process_vm_writev */
	case 350:
		return 313; /* finit_module */
	case 357:
		return 321; /* bpf */
	}
	return GUARD_N_CALLS;
}

/* Calls that lead out of a container; @arg is the first register, which is not in memory. */
static __always_inline __u8 break_out(__u32 nr, __u64 arg)
{
	switch (nr) {
	case CALL_UNSHARE: /* clone is seen when it makes a process */
		return (arg & NEW_NAMESPACES) ? GUARD_REC_R_ESCAPE : 0;
	case 101: /* ptrace: TRACEME, POKETEXT, POKEDATA, ATTACH, SEIZE */
		return arg == 0 || arg == 4 || arg == 5 || arg == 16 || arg == 0x4206
			       ? GUARD_REC_R_ESCAPE
			       : 0;
	case 135: /* personality */
		return arg != 0xffffffff && (arg & READ_IMPLIES_EXEC_BIT) ? GUARD_REC_R_ANON_EXEC
									  : 0;
	case 155: /* pivot_root */
	case 165: /* mount */
	case 166: /* umount2 */
	case 172: /* iopl */
	case 173: /* ioperm */
	case 175: /* init_module */
	case 246: /* kexec_load */
	case 298: /* perf_event_open */
	case 304: /* open_by_handle_at */
	case 308: /* setns */
	case 311: /* process_vm_writev */
	case 313: /* finit_module */
	case 320: /* kexec_file_load */
	case 321: /* bpf */
	case 428: /* open_tree */
	case 429: /* move_mount */
	case 430: /* fsopen */
	case 432: /* fsmount */
	case 433: /* fspick */
	case 442: /* mount_setattr */
		return GUARD_REC_R_ESCAPE;
	case 425: /* io_uring_setup: its requests pass by the hooks of system calls */
		return GUARD_REC_R_POLICY;
	}
	return 0;
}

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

/* Calls of a cgroup that are noted in its container already, for a quick answer. */
struct noted {
	__u64 cgroup; /* the one that processes are in, which need not be the container's */
	__u32 generation;
	__u32 zero;
	__u64 caps;
	__u64 calls[GUARD_N_CALLS / 64];
	__u64 calls_ia32[GUARD_N_CALLS / 64];
};

enum {
	NOTED_CGROUPS = 8, /* a power of two */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NOTED_CGROUPS);
	__type(key, __u32);
	__type(value, struct noted);
} noted_calls SEC(".maps");

static __always_inline struct noted *noted_of(__u64 cgroup)
{
	__u32 i = cgroup & (NOTED_CGROUPS - 1);

	return bpf_map_lookup_elem(&noted_calls, &i);
}

static __always_inline int is_noted(__u64 cgroup, __u32 nr, int compat)
{
	struct noted *n = noted_of(cgroup);
	__u64 *word;

	if (n == NULL || n->cgroup != cgroup || n->generation != generation || nr >= GUARD_N_CALLS)
		return 0;
	word = compat ? &n->calls_ia32[BOUND(nr / 64, 7)] : &n->calls[BOUND(nr / 64, 7)];
	return (*word >> (nr % 64)) & 1;
}

/* Where to keep what needs nothing more of this cgroup, until user space changes its mind. */
static __always_inline struct noted *noted_place(struct subject *s, __u64 cgroup)
{
	struct noted *n = noted_of(cgroup);

	/* Who brought another container's identity along speaks for nobody else here. */
	if (n == NULL || container_of_id(cgroup) != s->container)
		return NULL;
	if (n->cgroup != cgroup || n->generation != generation) {
		__builtin_memset(n, 0, sizeof(*n));
		n->cgroup = cgroup;
		n->generation = generation;
	}
	return n;
}

static __always_inline void keep_noted(struct subject *s, __u64 cgroup, __u32 nr, int compat)
{
	struct noted *n = noted_place(s, cgroup);
	__u64 *word;

	if (n == NULL)
		return;
	word = compat ? &n->calls_ia32[BOUND(nr / 64, 7)] : &n->calls[BOUND(nr / 64, 7)];
	*word |= 1ull << (nr % 64);
}

/* Returns 1 when the process was killed for it. */
static __always_inline int report_call(struct subject *s, struct task_struct *task, __u32 nr,
				       __u64 arg, __u8 reason, int compat)
{
	__u8 mode = s->policy->mode_builtin;
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
	r.flags |= compat ? GUARD_RF_COMPAT : 0;
	r.verdict = verdict_of(mode, GUARD_REC_KILLED);
	if (r.verdict == GUARD_REC_OBSERVED) {
		if (first_time(r.cgroup, s->task->exec_id, 0, r.type, nr))
			send_record(&r, sizeof(r), s->container);
		return 0;
	}
	if (r.verdict == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
	send_alert(&r, sizeof(r), s->task->exe.ino, 0);
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
static __always_inline int judge_call(struct subject *s, struct task_struct *task, __u32 nr,
				      int compat)
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

/* FNV-1a of a file's own name, as guard_parse makes it of a script's. */
static __noinline __u64 dentry_hash(struct dentry *dentry)
{
	__u8 n[GUARD_NAME_HASHED + 1] = {};
	__u64 hash = GUARD_FNV_BASIS;

	bpf_probe_read_kernel_str(n, sizeof(n), BPF_CORE_READ(dentry, d_name.name));
	for (int i = 0; i < GUARD_NAME_HASHED; i++) {
		if (n[i] == 0)
			break;
		hash = (hash ^ n[i]) * GUARD_FNV_PRIME;
	}
	return hash;
}

/* Does user space have to look at an opened file before the program goes on? */
static __always_inline int must_look(struct subject *s, struct seen_file *f, __u32 op)
{
	struct guard_control *ctl = get_control();

	return (s->policy->flags & GUARD_P_HOLD_FILES) != 0 && ctl != NULL && ctl->enforce &&
	       agent_alive(ctl) &&
	       !looked_at(s->container->top, f->id.ino, f->place, GUARD_REC_OPEN, op);
}

/* Its other threads may be inside calls, so nothing but user space's verdict ends it. */
static __always_inline void pause_task(struct subject *s)
{
	s->task->flags |= GUARD_T_PAUSED;
	bpf_send_signal(SIG_STOP);
}

static __always_inline void resume_task(struct subject *s)
{
	s->task->flags &= ~GUARD_T_PAUSED;
	bpf_send_signal(SIG_CONT);
	count_lost(s->container);
}

static __always_inline __u64 name_hash(struct file *file)
{
	return dentry_hash(BPF_CORE_READ(file, f_path.dentry));
}

/* Files opened for reading that need no further look, by the name that the process sees. */
struct opened {
	__u64 cgroup; /* the one that the process is in */
	__u64 inode;
	__u64 parent;
	__u64 name; /* the kernel's hash and length of it */
	__u32 generation;
	__u32 zero;
};

enum {
	OPENED_FILES = 256, /* a power of two */
	DENTRY_BYTES = 64,  /* of a dentry's beginning, read at once */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OPENED_FILES);
	__type(key, __u32);
	__type(value, struct opened);
} opened_files SEC(".maps");

/* Returns 0 when the kernel's layout is not what this can read at once. */
static __always_inline int opened_key(struct opened *o, __u64 cgroup, struct dentry *dentry)
{
	__u64 begin[DENTRY_BYTES / 8] = {};
	__u32 inode = bpf_core_field_offset(struct dentry, d_inode);
	__u32 parent = bpf_core_field_offset(struct dentry, d_parent);
	__u32 name = bpf_core_field_offset(struct dentry, d_name);

	if (inode > DENTRY_BYTES - 8 || parent > DENTRY_BYTES - 8 || name > DENTRY_BYTES - 8)
		return 0;
	bpf_probe_read_kernel(begin, sizeof(begin), dentry);
	o->cgroup = cgroup;
	o->inode = *(__u64 *)((__u8 *)begin + inode);
	o->parent = *(__u64 *)((__u8 *)begin + parent);
	o->name = *(__u64 *)((__u8 *)begin + name);
	o->generation = generation;
	return 1;
}

static __always_inline struct opened *opened_place(struct opened *o)
{
	__u32 i = (__u32)((o->inode >> 6) ^ o->name ^ o->cgroup) & (OPENED_FILES - 1);

	return bpf_map_lookup_elem(&opened_files, &i);
}

/*
 * Was the file seen when somebody of this cgroup opened it before, on this CPU lately? While some
 * process waits for its script this says nothing. From 5.17.
 */
static __always_inline int was_opened(__u64 cgroup, struct task_struct *task, __u32 fd)
{
	struct opened o = {}, *have;
	struct file *file = NULL;

	if (n_scripts != 0 || fd >= task->files->fdt->max_fds)
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), task->files->fdt->fd + fd);
	if (file == NULL || !opened_key(&o, cgroup, BPF_CORE_READ(file, f_path.dentry)))
		return 0;
	have = opened_place(&o);
	return have != NULL && have->cgroup == o.cgroup && have->inode == o.inode &&
	       have->parent == o.parent && have->name == o.name && have->generation == o.generation;
}

static __always_inline void keep_opened(struct subject *s, __u64 cgroup, struct file *file)
{
	struct opened o = {}, *place;

	if (container_of_id(cgroup) != s->container ||
	    !opened_key(&o, cgroup, BPF_CORE_READ(file, f_path.dentry)))
		return;
	place = opened_place(&o);
	if (place != NULL)
		*place = o;
}

/*
 * Was the expected script opened, by the name that was given? A symbolic link may lead from it to a
 * file of any other. Names that are not seen whole count as the script's.
 */
static __always_inline int opened_script(struct subject *s, struct pt_regs *regs, __u32 nr,
					 int compat)
{
	int at = compat ? nr == 295 || nr == 437 : nr == 257 || nr == 437;
	__u64 name = compat ? at ? BPF_CORE_READ(regs, cx) : BPF_CORE_READ(regs, bx)
			    : (at ? BPF_CORE_READ(regs, si) : BPF_CORE_READ(regs, di));
	__u32 zero = 0, from = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	long n;

	if (x == NULL)
		return 1;
	if (compat)
		name &= 0xffffffff;
	n = bpf_probe_read_user_str(x->data, OPENED_BYTES, (void *)name);
	if (n <= 0 || n == OPENED_BYTES)
		return 1;
	if (n > OPENED_TAIL)
		from = (__u32)n - OPENED_TAIL;
	bpf_probe_read_kernel(x->args, OPENED_TAIL, &x->data[BOUND(from, PATH_MASK)]);
	guard_parse_init(&x->parse, 0, 0);
	guard_parse_args(n > OPENED_TAIL ? OPENED_TAIL : (__u32)n);
	return x->parse.argv0 == s->task->script;
}

static __always_inline void on_open(struct subject *s, struct task_struct *task,
				    struct pt_regs *regs, __u32 nr, int compat, __u32 fd)
{
	__u32 zero = 0, op;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct file *file = file_of_fd(task, fd);
	struct seen_file f = {};
	struct ruling rule;
	__u64 size;

	if (x == NULL || file == NULL)
		return;
	if (s->task->script != 0 &&
	    (name_hash(file) == s->task->script || opened_script(s, regs, nr, compat))) {
		file_look(file, task, s->container->flags & GUARD_C_HOST, &f);
		rule_file(s, file, &f, GUARD_A_SCRIPT, &rule);
		if (rule.reason != 0) {
			size = record_file(x, s, task, GUARD_REC_SCRIPT, file, &f);
			punish_file(x, s, &f, &rule, size);
			return;
		}
		set_script(s->task, 0);
	}
	op = (BPF_CORE_READ(file, f_mode) & FMODE_WRITE_BIT) ? 2 : 1;
	if (op == 2 && is_process_memory(file))
		report_call(s, task, GUARD_CALL_WRITE_MEMORY, fd, GUARD_REC_R_ESCAPE, 0);
	if ((s->policy->flags & GUARD_P_LEARN) == 0)
		return;
	file_look(file, task, s->container->flags & GUARD_C_HOST, &f);
	if (must_look(s, &f, op)) {
		size = record_file(x, s, task, GUARD_REC_OPEN, file, &f);
		x->rec.op = op;
		x->rec.value = f.place;
		x->rec.verdict = GUARD_REC_HELD;
		pause_task(s);
		if (bpf_ringbuf_output(&alerts, x, size, BPF_RB_FORCE_WAKEUP) != 0)
			resume_task(s);
		return;
	}
	if (!first_time(s->container->top, f.id.ino, f.place, GUARD_REC_OPEN, op)) {
		if (op == 1)
			keep_opened(s, task_cgroup(task), file);
		return;
	}
	size = record_file(x, s, task, GUARD_REC_OPEN, file, &f);
	x->rec.op = op;
	if (send_record(x, size, s->container) != 0)
		not_seen(s->container->top, f.id.ino, f.place, GUARD_REC_OPEN, op);
}

static __always_inline void on_anon(struct subject *s, struct task_struct *task, __u32 nr)
{
	struct guard_rec r;
	__u8 mode = s->policy->mode_anon;

	if (s->task->use & GUARD_A_ANON)
		return;
	rec_init(&r, GUARD_REC_ANON, s, task);
	r.op = nr;
	r.reason = GUARD_REC_R_ANON_EXEC;
	r.verdict = verdict_of(mode, GUARD_REC_KILLED);
	if (r.verdict == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
	if (r.verdict != GUARD_REC_OBSERVED)
		send_alert(&r, sizeof(r), s->task->exe.ino, 0);
	else if (first_time(r.cgroup, s->task->exe.ino, s->task->exe.ctime_ns, r.type, 0))
		send_record(&r, sizeof(r), s->container);
}

static __always_inline void on_code(struct subject *s, struct task_struct *task, struct file *file)
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
	if (file == NULL || (BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) != S_IFREG_ ||
	    (op == OP_MPROTECT && v->copied))
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
		if (!v.found || v.file == NULL || v.copied)
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
	__u64 prot = BPF_CORE_READ(regs, dx);
	__u64 flags = compat ? BPF_CORE_READ(regs, si) : BPF_CORE_READ(regs, r10);
	__u64 fd = compat ? BPF_CORE_READ(regs, di) : BPF_CORE_READ(regs, r8);

	if (nr == 30) /* shmat: the third argument are flags */
		v->flags = (prot & SHM_EXEC_BIT) ? VM_EXEC_BIT : 0;
	else
		v->flags = prot & VM_EXEC_BIT;
	v->copied = 1;
	if ((flags & 0x20) == 0) /* MAP_ANONYMOUS */
		v->file = file_of_fd(task, (__u32)fd);
}

#define BIT_IN(word, nr) ((nr) / 64 == (word) ? 1ull << ((nr) % 64) : 0)
#define NATIVE_CALLS(w)                                                                            \
	(BIT_IN(w, 2) | BIT_IN(w, 9) | BIT_IN(w, 10) | BIT_IN(w, 30) | BIT_IN(w, 41) |             \
	 BIT_IN(w, 43) | BIT_IN(w, 288) | BIT_IN(w, 50) | BIT_IN(w, 85) | BIT_IN(w, 101) |         \
	 BIT_IN(w, 105) | BIT_IN(w, 113) | BIT_IN(w, 117) | BIT_IN(w, 135) | BIT_IN(w, 155) |      \
	 BIT_IN(w, 165) | BIT_IN(w, 166) | BIT_IN(w, 172) | BIT_IN(w, 173) | BIT_IN(w, 175) |      \
	 BIT_IN(w, 246) | BIT_IN(w, 257) | BIT_IN(w, 272) | BIT_IN(w, 298) | BIT_IN(w, 304) |      \
	 BIT_IN(w, 308) | BIT_IN(w, 311) | BIT_IN(w, 313) | BIT_IN(w, 320) | BIT_IN(w, 321) |      \
	 BIT_IN(w, 329) | BIT_IN(w, 425) | BIT_IN(w, 428) | BIT_IN(w, 429) | BIT_IN(w, 430) |      \
	 BIT_IN(w, 432) | BIT_IN(w, 433) | BIT_IN(w, 437) | BIT_IN(w, 442))

/* Does op_of() or break_out() say anything of the call? 32-bit calls and x32 are rare: all may. */
static __always_inline int is_notable(__u32 nr, int compat)
{
	__u64 set = 0;

	if (compat || nr >= 512)
		return 1;
	switch (nr / 64) {
	case 0:
		set = NATIVE_CALLS(0);
		break;
	case 1:
		set = NATIVE_CALLS(1);
		break;
	case 2:
		set = NATIVE_CALLS(2);
		break;
	case 3:
		set = NATIVE_CALLS(3);
		break;
	case 4:
		set = NATIVE_CALLS(4);
		break;
	case 5:
		set = NATIVE_CALLS(5);
		break;
	case 6:
		set = NATIVE_CALLS(6);
		break;
	}
	return (set >> (nr % 64)) & 1;
}

/* A file opened to be read; the flags are in a register. */
static __always_inline int is_reading(struct pt_regs *regs, __u32 nr)
{
	return (nr == 257 && (regs->dx & O_ACCMODE_) == 0) ||
	       (nr == 2 && (regs->si & O_ACCMODE_) == 0);
}

/* Memory that nobody may execute, which is nearly all: no need to ask who that is. */
static __always_inline int is_data(struct task_struct *task, struct pt_regs *regs, __u32 nr)
{
	return (nr == 9 || nr == 10) && (regs->dx & VM_EXEC_BIT) == 0 &&
	       (BPF_CORE_READ(task, personality) & READ_IMPLIES_EXEC_BIT) == 0;
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

static __always_inline void on_leaving(struct subject *s, struct task_struct *task,
				       struct pt_regs *regs)
{
	int compat = is_compat(task);
	__u32 nr = (__u32)regs->orig_ax & CALL_NR;
	__u64 arg = compat ? regs->bx & 0xffffffff : regs->di;
	__u8 reason;

	if (compat && nr == 117 && (arg & 0xffff) == IPC_SHMAT && (regs->dx & SHM_EXEC_BIT) != 0)
		report_call(s, task, 30, arg, GUARD_REC_R_ANON_EXEC, compat);
	nr = native_nr(nr, compat);
	reason = break_out(nr, arg);
	if (reason != 0)
		report_call(s, task, nr, arg, reason, compat);
}

static __always_inline void call_notable(struct subject *s, struct task_struct *task,
					 struct pt_regs *regs, long ret, int have_vma)
{
	int compat = is_compat(task);
	__u32 nr = (__u32)regs->orig_ax & CALL_NR;
	enum call_op op = op_of(nr, compat);

	on_leaving(s, task, regs);
	if (op == OP_NONE || (ret < 0 && ret >= -4095))
		return;
	if (op == OP_OPEN)
		on_open(s, task, regs, nr, compat, (__u32)ret);
	else if (op == OP_ACCEPT || (compat && nr == SOCKETCALL &&
				     (regs->bx == SYS_ACCEPT_ || regs->bx == SYS_ACCEPT4_)))
		on_accept(s, task, (__u32)ret);
	else if (op == OP_SOCKET)
		on_socket(s, task, (__u32)ret);
	else if (op == OP_USER)
		note_user(s, task);
	else if (op == OP_LISTEN)
		on_listen(s, task, (__u32)(compat ? regs->bx : regs->di));
	else
		on_mmap(s, task, regs, ret, have_vma, op);
}

static __always_inline int call_done(struct task_struct *task, __u64 cgroup, int compat,
				     struct pt_regs *regs, long ret, int have_vma)
{
	__u32 nr = (__u32)regs->orig_ax & CALL_NR;
	int notable, noted;
	struct subject s = {};

	if (nr == CALL_NR)
		nr = CALL_SIGRETURN; /* which has put other registers in place */
	notable = !lsm_backend && is_notable(nr, compat) && (compat || !is_data(task, regs, nr));
	noted = !calls_wanted || is_noted(cgroup, nr, compat);
	if (noted && n_ending == 0 &&
	    (!notable || (have_vma && !compat && is_reading(regs, nr) &&
			  (ret < 0 || was_opened(cgroup, task, (__u32)ret)))))
		return 0;
	if (subject_current(&s) != 0)
		return 0;
	if (s.task->flags & GUARD_T_ENDS) {
		bpf_send_signal(SIG_KILL);
		return 0;
	}
	if (!noted && nr < GUARD_N_CALLS &&
	    ((s.policy->flags & (GUARD_P_CALLS | GUARD_P_JUDGE_CALLS)) == 0 ||
	     judge_call(&s, task, nr, compat)))
		keep_noted(&s, cgroup, nr, compat);
	if (notable)
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
	__u64 cgroup = calls_wanted ? task_cgroup(task) : 0;

	return call_done(task, cgroup, is_compat(task), regs, ret, 0);
}

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
static __always_inline int is_for_memory(struct pt_regs *regs)
{
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

	if (ret != 0 ||
	    (cap == CAP_SYS_ADMIN_ && is_for_memory((void *)bpf_task_pt_regs((void *)task))))
		return 0;
	cgroup = task->cgroups->dfl_cgrp->kn->id;
	n = noted_of(cgroup);
	if (n != NULL && n->cgroup == cgroup && n->generation == generation &&
	    (n->caps >> (cap & 63) & 1))
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
