/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Programs that start. */
#pragma once

/* Kinds of descriptors, by the mode of their inode. */
enum {
	MODE_FORMAT = 0170000,
	MODE_SOCKET = 0140000,
	MODE_DIRECTORY = 0040000,
	MODE_FIFO = 0010000,
	MODE_CHARACTERS = 0020000,
	PTS_MAJOR_FIRST = 136, /* pseudo terminals, Documentation/admin-guide/devices.txt */
	PTS_MAJOR_LAST = 143,
	AF_UNIX_ = 1,
	AF_INET_ = 2,
	AF_INET6_ = 10,
};

static __always_inline struct file *file_of_fd(struct task_struct *task, __u32 fd)
{
	struct fdtable *fdt = READ(task, files, fdt);
	struct list_head *slot = (void *)(READ(fdt, fd) + fd);

	return fd < READ(fdt, max_fds) ? (struct file *)READ(slot, next) : NULL;
}

/* The far end of a descriptor: a network's socket, a pipe, a terminal; flags as for input. */
static __noinline __u32 far_end(struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct inode *inode;
	__u32 format, family;
	struct socket *sock;

	if (file == NULL)
		return 0;
	inode = READ(file, f_inode);
	format = READ(inode, i_mode) & MODE_FORMAT;
	if (format == MODE_FIFO)
		return GUARD_RF_STDIN_PIPE;
	if (format == MODE_CHARACTERS) {
		__u32 major = READ(inode, i_rdev) >> 20;

		return major >= PTS_MAJOR_FIRST && major <= PTS_MAJOR_LAST ? GUARD_RF_STDIN_TTY : 0;
	}
	if (format != MODE_SOCKET)
		return 0;
	sock = READ(file, private_data);
	family = READ(sock, sk, __sk_common.skc_family);
	return family == AF_INET_ || family == AF_INET6_ ? GUARD_RF_STDIN_SOCKET : 0;
}

static __always_inline __u32 far_ends(struct task_struct *task)
{
	__u32 flags = far_end(task, 0), out = far_end(task, 1);

	if (out == 0)
		out = far_end(task, 2);
	if (out == GUARD_RF_STDIN_SOCKET)
		flags |= GUARD_RF_STDOUT_SOCKET;
	else if (out == GUARD_RF_STDIN_PIPE)
		flags |= GUARD_RF_STDOUT_PIPE;
	else if (out == GUARD_RF_STDIN_TTY)
		flags |= GUARD_RF_STDOUT_TTY;
	return flags;
}

/* Makes sure that the process is known; returns NULL for one that is nobody's. */
static __noinline struct guard_task *task_of_exec(struct task_struct *task, __u32 tgid)
{
	struct guard_task *t = bpf_map_lookup_elem(&tasks, &tgid);
	struct guard_task fresh = {};
	struct guard_container *c;

	if (t != NULL)
		return t;
	c = container_of_task(task);
	if (c == NULL)
		return NULL;
	fresh.cgroup = c->top;
	fresh.ppid = READ(task, real_parent, tgid);
	fresh.flags = GUARD_T_JOINING;
	add_task(tgid, &fresh);
	return bpf_map_lookup_elem(&tasks, &tgid);
}

/* A runtime's own programs run in the host's mount namespace, before they enter the container. */
static __always_inline int still_joining(struct subject *s, struct task_struct *task)
{
	if ((s->task->flags & GUARD_T_JOINING) == 0)
		return 0;
	if ((s->container->flags & GUARD_C_HOST) == 0 && task_mnt_ns(task) == host_mnt_ns)
		return 1;
	s->task->flags &= ~(GUARD_T_JOINING | GUARD_T_CRED);
	if ((s->container->flags & (GUARD_C_STARTED | GUARD_C_HOST)) == 0) {
		s->container->flags |= GUARD_C_STARTED;
		s->task->flags |= GUARD_T_MAIN;
	} else if ((s->container->flags & GUARD_C_HOST) == 0) {
		s->task->flags |= GUARD_T_ENTRY;
	}
	return 0;
}

/* Argument text of the new program, copied once; later changes by other threads do not matter. */
static __always_inline __u32 read_args(struct task_struct *task, __u8 *buf, __u32 *ret_flags)
{
	unsigned long start = READ(task, mm, arg_start);
	unsigned long end = READ(task, mm, arg_end);
	__u64 n = end - start;

	if (end <= start)
		return 0;
	if (n > GUARD_ARGS_BYTES - 1) {
		n = GUARD_ARGS_BYTES - 1;
		*ret_flags |= GUARD_RF_ARGS_CUT;
	}
	if (bpf_probe_read_user(buf, (__u32)BOUND(n, ARGS_MASK), (void *)start) != 0)
		return 0;
	return (__u32)n;
}

/* Global functions: the verifier looks at them once, not once for every way that leads to them. */
__noinline int guard_parse_byte(__u32 i)
{
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);

	if (x != NULL)
		guard_parse_step(&x->parse, x->args[BOUND(i, ARGS_MASK)]);
	return 0;
}

__noinline int guard_parse_args(__u32 n_args)
{
	for (__u32 i = 0; i < GUARD_PARSE_BYTES; i++) {
		if (i >= n_args)
			break;
		guard_parse_byte(i);
	}
	return 0;
}

/* A hash of all the arguments, with a key that nobody outside knows. */
__noinline int guard_hash_args(__u32 n_args)
{
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	__u64 hash = args_key ^ n_args;

	if (x == NULL)
		return 0;
	for (__u32 i = 0; i < GUARD_ARGS_BYTES; i += 8) {
		__u64 word;

		if (i >= n_args)
			break;
		word = *(__u64 *)&x->args[BOUND(i, ARGS_MASK & ~7)];
		if (n_args - i < 8)
			word &= (1ull << ((n_args - i) * 8)) - 1;
		hash = (hash ^ word) * GUARD_FNV_PRIME;
		hash ^= hash >> 29;
	}
	x->args_hash = hash != 0 ? hash : 1;
	return 0;
}

/* Copies @n bytes behind the record's data so far. */
static __always_inline __u32 add_data(struct scratch *x, __u32 off, const void *from, __u32 n)
{
	if (off > DATA_MASK || n > DATA_MASK)
		return 0;
	if (bpf_probe_read_kernel(&x->data[BOUND(off, DATA_MASK)], BOUND(n, DATA_MASK), from) != 0)
		return 0;
	return n;
}

/* The directory that the program starts in. Returns its length, 0 when it is deeper than told. */
static __always_inline __u32 read_cwd(struct scratch *x, struct task_struct *task)
{
	struct guard_rec *r = &x->rec;

	guard_path(
		number_of((void *)READ(task, fs) + bpf_core_field_offset(struct fs_struct, pwd)));
	if (r->flags & GUARD_RF_PATH_CUT) {
		r->flags &= ~GUARD_RF_PATH_CUT;
		return 0;
	}
	x->cwd[0] = 0;
	if (r->path_len == 0)
		return 1; /* the root */
	return bpf_probe_read_kernel(x->cwd, BOUND(r->path_len, PATH_MASK), x->data) == 0
		       ? r->path_len
		       : 0;
}

static __always_inline void describe_exec(struct scratch *x, struct task_struct *task,
					  struct file *file, struct linux_binprm *bprm,
					  __u32 n_args, __u32 want)
{
	int cwd = (want & GUARD_P_CWD) != 0 ||
		  ((want & GUARD_P_CWD_ARGS) != 0 && READ(bprm, argc) > 1);
	__u32 off, cwd_len = cwd ? read_cwd(x, task) : 0;
	struct guard_rec *r = &x->rec;
	long n;

	guard_path(number_of(file_path(file)));
	off = r->path_len;
	n = bpf_probe_read_kernel_str(&x->data[BOUND(off, DATA_MASK)], GUARD_NAME_BYTES,
				      READ(bprm, filename));
	r->name_len = n > 0 ? (__u16)n : 0;
	off += r->name_len;
	r->args_len = (__u16)add_data(x, off, x->args, n_args);
	off += r->args_len;
	r->cwd_len = (__u16)add_data(x, off, x->cwd, cwd_len);
	r->flags |= far_ends(task);
	if (READ(bprm, filename) != READ(bprm, interp))
		r->flags |= GUARD_RF_SCRIPT;
}

/* Who started it? What has no number (a runtime, a program that no profile knows) is not judged. */
static __always_inline int odd_parent(struct subject *s, struct guard_allow *a, __u32 parent)
{
	return (a->flags & GUARD_A_PARENTS) != 0 && parent != 0 &&
	       s->policy->mode_parent != GUARD_REC_MODE_UNSET &&
	       use_of(s->container->service, a->program, GUARD_USE_PARENT, parent) == NULL;
}

/* @ret_flags receives GUARD_RF_PARENT. */
static __always_inline void judge_exec(struct scratch *x, struct subject *s, struct file *file,
				       struct seen_file *f, __u32 n_args, struct ruling *rule,
				       __u32 *ret_flags)
{
	__u32 parent = s->task->program;
	__u64 script = 0;

	rule_file(s, file, f, GUARD_A_EXEC, rule);
	if (rule->known) {
		guard_parse_init(&x->parse, rule->rules.letters, rule->rules.valued);
		/* Of others the arguments say nothing that is decided here. */
		if (rule->rules.flags & (GUARD_A_MULTICALL | GUARD_A_INTERPRETER))
			guard_parse_args(n_args);
		rule->mode = s->policy->mode_exec;
		rule->reason = rule_use(s->container->service, &rule->rules, &x->parse, &script);
		if (rule->reason == 0 && odd_parent(s, &rule->rules, parent)) {
			rule->reason = GUARD_REC_R_NOT_IN_PROFILE;
			rule->mode = s->policy->mode_parent;
			*ret_flags |= GUARD_RF_PARENT;
		}
		if (rule->reason != 0 && (s->task->flags & GUARD_T_ENTRY) != 0)
			rule->reason = GUARD_REC_R_ENTRY;
		set_script(s->task, script);
		s->task->program = rule->rules.program;
		s->task->use = rule->rules.flags;
		return;
	}
	/* Nobody's program may be many: the name it is called by is told. */
	if (rule->reason != 0) {
		guard_parse_init(&x->parse, 0, 0);
		guard_parse_args(n_args);
	}
	set_script(s->task, 0);
	s->task->program = 0;
	s->task->use = 0;
}

/* Stops the new program until user space has looked. */
static __always_inline void hold(struct scratch *x, struct subject *s, struct seen_file *f,
				 __u64 size)
{
	struct guard_rec *r = &x->rec;

	r->verdict = GUARD_REC_HELD;
	s->task->held = f->id;
	s->task->flags |= GUARD_T_HELD;
	bpf_send_signal(SIG_STOP);
	/* Nobody would let it go on. */
	if (bpf_ringbuf_output(&alerts, x, size, BPF_RB_FORCE_WAKEUP) != 0)
		bpf_send_signal(SIG_KILL);
}

static __always_inline int must_wait(struct subject *s)
{
	struct guard_control *ctl = get_control();

	if (ctl == NULL || !ctl->hold_pending || !agent_alive(ctl))
		return 0;
	if ((s->policy->flags & GUARD_P_NAMED) && (s->task->flags & GUARD_T_MAIN) &&
	    (s->container->flags & GUARD_C_LOOKED) == 0)
		return 1;
	return (s->container->flags & GUARD_C_PENDING) != 0;
}

/*
 * A program that the list has nothing against, but whose input is the network's, or whose
 * arguments were not seen yet: user space decides before it runs.
 */
static __always_inline int must_ask(struct scratch *x, struct subject *s, struct ruling *rule)
{
	struct guard_control *ctl = get_control();
	__u32 use = rule->rules.flags;

	if (ctl == NULL || !ctl->enforce || !agent_alive(ctl) ||
	    (s->policy->flags & GUARD_P_HOLD) == 0)
		return 0;
	if ((x->rec.flags & GUARD_RF_STDIN_SOCKET) != 0 &&
	    s->policy->mode_builtin == GUARD_REC_MODE_ENFORCE && (use & GUARD_A_REMOTE) == 0 &&
	    (!rule->known ||
	     ((use & (GUARD_A_INTERPRETER | GUARD_A_MULTICALL)) != 0 && s->task->script == 0)))
		return 1;
	return (s->policy->flags & GUARD_P_HOLD_ARGS) != 0 && rule->known &&
	       (use & GUARD_A_SHAPES) != 0 &&
	       !looked_at(s->container->service, x->args_hash, rule->rules.program, GUARD_REC_EXEC,
			  0);
}

static __always_inline void finish_exec(struct scratch *x, struct subject *s, struct seen_file *f,
					struct ruling *rule)
{
	struct guard_rec *r = &x->rec;
	__u64 size = sizeof(*r) + BOUND(guard_rec_data_len(r), 0xfff);

	r->program = s->task->program;
	/* Held already: something that the kernel mapped for it has to be looked at first. */
	if (must_wait(s) || (rule->hold && rule->reason != 0) ||
	    (rule->reason == 0 && ((s->task->flags & GUARD_T_HELD) != 0 || must_ask(x, s, rule)))) {
		r->reason = rule->reason;
		hold(x, s, f, size);
		return;
	}
	if (rule->reason == 0) {
		r->verdict = rule->known ? GUARD_REC_ALLOWED : GUARD_REC_OBSERVED;
		if (s->policy->flags & GUARD_P_RECORD)
			send_record(x, size, s->container);
		return;
	}
	r->reason = rule->reason;
	r->verdict = verdict_of(rule->mode, GUARD_REC_KILLED);
	if (r->verdict == GUARD_REC_KILLED) {
		s->task->flags |= GUARD_T_DOOMED;
		bpf_send_signal(SIG_KILL);
	}
	if (r->verdict == GUARD_REC_OBSERVED)
		send_record(x, size, s->container);
	else
		send_alert(r, size, f->id.ino, f->id.ctime_ns ^ s->task->script ^ x->parse.argv0);
}

/** struct found_vma - a mapping, as the kernel has it after the call */
struct found_vma {
	__u64 flags;
	__u64 end;
	struct file *file;
	__u32 copied; /* pages of a private mapping were written */
	__u32 found;
};

static long on_vma(struct task_struct *task, struct vm_area_struct *vma, struct found_vma *v)
{
	v->flags = READ(vma, vm_flags);
	v->end = READ(vma, vm_end);
	v->file = READ(vma, vm_file);
	v->copied = READ(vma, anon_vma) != NULL;
	v->found = 1;
	return 0;
}

static __always_inline __u64 record_file(struct scratch *x, struct subject *s,
					 struct task_struct *task, __u16 type, struct file *file,
					 struct seen_file *f)
{
	struct guard_rec *r = &x->rec;

	rec_init(r, type, s, task);
	r->file = f->id;
	r->origin = f->origin;
	if (f->unlinked)
		r->flags |= GUARD_RF_UNLINKED;
	guard_path(number_of(file_path(file)));
	return sizeof(*r) + BOUND(r->path_len, 0x7ff);
}

/* A forbidden file: told, and where the mode says so the process is stopped or killed. */
static __always_inline void punish_file(struct scratch *x, struct subject *s, struct seen_file *f,
					struct ruling *rule, __u64 size)
{
	struct guard_rec *r = &x->rec;

	r->reason = rule->reason;
	if (rule->hold) {
		hold(x, s, f, size);
		return;
	}
	r->verdict = verdict_of(rule->mode, GUARD_REC_KILLED);
	if (r->verdict == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
	if (r->verdict != GUARD_REC_OBSERVED)
		send_alert(r, size, f->id.ino, f->id.ctime_ns);
	else if (first_time(r->cgroup, f->id.ino, f->id.ctime_ns, r->type, 0))
		send_record(x, size, s->container);
}

/*
 * The code that runs first: for a dynamic program its linker, which the kernel mapped without any
 * hook that works here.
 */
static __noinline int judge_entry(struct scratch *x, struct subject *s, struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct found_vma v = {};
	struct seen_file *f;
	struct ruling rule;
	__u64 size;

	bpf_find_vma(bpf_get_current_task_btf(), READ(regs, ip), on_vma, &v, 0);
	if (v.file == NULL)
		return 0;
	f = &x->code;
	file_look(v.file, task, s->container->flags & GUARD_C_HOST, f);
	if (f->id.ino == s->task->exe.ino && f->id.ctime_ns == s->task->exe.ctime_ns)
		return 0;
	rule_file(s, v.file, f, GUARD_A_LIB, &rule);
	if (rule.reason == 0 || rule.mode <= GUARD_REC_MODE_AUDIT) {
		if ((s->policy->flags & GUARD_P_LEARN) == 0 ||
		    !first_time(s->container->top, f->id.ino, f->id.ctime_ns, GUARD_REC_MMAP, 0))
			return 0;
		size = record_file(x, s, task, GUARD_REC_MMAP, v.file, f);
		if (send_record(x, size, s->container) != 0)
			not_seen(s->container->top, f->id.ino, f->id.ctime_ns, GUARD_REC_MMAP, 0);
		return 0;
	}
	size = record_file(x, s, task, GUARD_REC_MMAP, v.file, f);
	x->rec.flags |= GUARD_RF_EXECVE;
	punish_file(x, s, f, &rule, size);
	return 0;
}

/*
 * Notes as whom the current process acts from now on, and tells of what changed: @flags is
 * GUARD_RF_EXECVE when that is since a program was started. Of calls only another user is told. A
 * global function: see guard_parse_byte().
 */
__noinline int guard_note_powers(__u64 cred, __u32 flags)
{
	struct subject s = {.task = task_current()};
	struct powers p = {};
	struct guard_rec *r;
	__u64 what;

	if (s.task == NULL)
		return 0;
	note_cred(s.task, (const struct cred *)cred, &p);
	if ((p.before == s.task->user && (p.gained == 0 || flags == 0)) || subject_of_task(&s) != 0)
		return 0;
	what = s.task->exe.ctime_ns ^ p.gained ^ ((__u64)p.before << 32) ^ flags;
	if ((s.policy->flags & GUARD_P_LEARN) == 0 ||
	    !first_time(s.container->top, s.task->exe.ino, what, GUARD_REC_PRIV, s.task->user))
		return 0;
	/* Made in the ring: the stack of who calls has no room for it. */
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (r == NULL) {
		count_lost(s.container);
		return 0;
	}
	rec_init(r, GUARD_REC_PRIV, &s, (void *)bpf_get_current_task());
	r->op = s.task->user;
	r->user = p.before;
	r->value = flags != 0 ? p.gained : 0;
	r->flags |= flags;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	count_record(s.container);
	return 0;
}

static __always_inline int exec_done(struct task_struct *task, struct linux_binprm *bprm,
				     int have_vma)
{
	__u32 zero = 0, tgid = READ(task, tgid), n_args;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct ruling rule = {};
	struct subject s = {};
	struct seen_file *f;
	struct file *file;
	__u32 flags = 0;
	__u64 parent;

	if (x == NULL)
		return 0;
	s.task = task_of_exec(task, tgid);
	if (s.task == NULL)
		return 0;
	s.container = container_of_id(s.task->cgroup);
	if (s.container == NULL || (s.container->flags & GUARD_C_IGNORED) != 0)
		return 0;
	s.policy = policy_of(s.container);
	if (s.policy == NULL || still_joining(&s, task))
		return 0;
	file = READ(bprm, file);
	f = &x->file;
	file_look(file, task, s.container->flags & GUARD_C_HOST, f);
	parent = s.task->exec_id;
	s.task->parent_exec_id = parent;
	s.task->exec_id = new_exec_id();
	s.task->exe = f->id;
	x->parse.argv0 = 0;
	n_args = read_args(task, x->args, &flags);
	judge_exec(x, &s, file, f, n_args, &rule, &flags);
	if (s.policy->flags & GUARD_P_HOLD_ARGS)
		guard_hash_args(n_args);
	if (have_vma && !lsm_backend && (rule.reason == 0 || rule.hold))
		judge_entry(x, &s, task);
	rec_init_direct(&x->rec, GUARD_REC_EXEC, &s, task);
	x->rec.file = f->id;
	x->rec.origin = f->origin;
	x->rec.flags |= flags;
	x->rec.value = s.policy->flags & GUARD_P_HOLD_ARGS ? x->args_hash : 0;
	if (f->unlinked)
		x->rec.flags |= GUARD_RF_UNLINKED;
	describe_exec(x, task, file, bprm, n_args, s.policy->flags);
	finish_exec(x, &s, f, &rule);
	guard_note_powers(number_of((void *)READ(task, real_cred)), GUARD_RF_EXECVE);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(guard_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return exec_done(task, bprm, 1);
}

/* For kernels before 5.17. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(guard_exec_old, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return exec_done(task, bprm, 0);
}
