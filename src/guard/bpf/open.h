/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Files that were opened: by what name, whether somebody has to look, whether it was the script. */
#pragma once

enum {
	O_ACCMODE_ = 3,
	OPENED_BYTES = 1024,                 /* of the name given to open */
	OPENED_TAIL = GUARD_PARSE_BYTES - 2, /* of its end that is compared */
	OPENED_FILES = 256,                  /* a power of two */
};

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

static __always_inline __u64 name_hash(struct file *file)
{
	return dentry_hash(READ(file, f_path.dentry));
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

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OPENED_FILES);
	__type(key, __u32);
	__type(value, struct opened);
} opened_files SEC(".maps");

static __always_inline void opened_key(struct opened *o, __u64 cgroup, struct dentry *dentry)
{
	o->cgroup = cgroup;
	o->inode = (__u64)READ(dentry, d_inode);
	o->parent = (__u64)READ(dentry, d_parent);
	o->name = READ(dentry, d_name.hash_len);
	o->generation = generation;
}

static __always_inline struct opened *opened_place(struct opened *o)
{
	__u32 i = (__u32)(o->name ^ (o->name >> 32) ^ o->cgroup) & (OPENED_FILES - 1);

	return bpf_map_lookup_elem(&opened_files, &i);
}

/*
 * Was the file seen when somebody of this cgroup opened it before, on this CPU lately? While some
 * process waits for its script this says nothing. From 5.17.
 */
static __always_inline int was_opened(__u64 cgroup, struct task_struct *task, __u32 fd)
{
	struct opened o = {}, *have;
	struct file *file;

	if (n_scripts != 0)
		return 0;
	file = file_of_fd(task, fd);
	if (file == NULL)
		return 0;
	opened_key(&o, cgroup, READ(file, f_path.dentry));
	have = opened_place(&o);
	return have != NULL && have->cgroup == o.cgroup && have->inode == o.inode &&
	       have->parent == o.parent && have->name == o.name && have->generation == o.generation;
}

static __noinline void keep_opened(struct subject *s, __u64 cgroup, struct file *file)
{
	struct opened o = {}, *place;

	if (!speaks_for(s, cgroup))
		return;
	opened_key(&o, cgroup, READ(file, f_path.dentry));
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
	__u64 name = compat ? at ? READ(regs, cx) : READ(regs, bx)
			    : (at ? READ(regs, si) : READ(regs, di));
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

/* The expected script was opened: may it be read? Returns 0 when the process does not go on. */
static __noinline int judge_script(struct subject *s, struct task_struct *task, struct file *file)
{
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct seen_file f = {};
	struct ruling rule;
	__u64 size;

	if (x == NULL)
		return 0;
	file_look(file, task, s->container->flags & GUARD_C_HOST, &f);
	rule_file(s, file, &f, GUARD_A_SCRIPT, &rule);
	if (rule.reason != 0) {
		size = record_file(x, s, task, GUARD_REC_SCRIPT, file, &f);
		punish_file(x, s, &f, &rule, size);
		if (rule.hold)
			script_opened(s->task);
		return 0;
	}
	script_opened(s->task);
	return 1;
}

/* Returns 1 when the file was told of before, and nobody has to look at it. */
static __noinline int note_open(struct subject *s, struct task_struct *task, struct file *file,
				__u32 op)
{
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct ruling rule = {.reason = GUARD_REC_R_POLICY, .mode = GUARD_REC_MODE_ENFORCE};
	struct seen_file f = {};
	__u64 size;

	if (x == NULL)
		return 0;
	file_look(file, task, s->container->flags & GUARD_C_HOST, &f);
	if (must_look(s, &f, op)) {
		size = record_file(x, s, task, GUARD_REC_OPEN, file, &f);
		x->rec.op = op;
		x->rec.value = f.place;
		x->rec.verdict = GUARD_REC_HELD;
		pause_task(s);
		/* Nobody would look at it. */
		if (bpf_ringbuf_output(&alerts, x, size, BPF_RB_FORCE_WAKEUP) != 0)
			punish_file(x, s, &f, &rule, size);
		return 0;
	}
	if (!first_time(s->container->top, f.id.ino, f.place, GUARD_REC_OPEN, op))
		return 1;
	size = record_file(x, s, task, GUARD_REC_OPEN, file, &f);
	x->rec.op = op;
	if (send_record(x, size, s->container) != 0)
		not_seen(s->container->top, f.id.ino, f.place, GUARD_REC_OPEN, op);
	return 0;
}

/* How a file was opened, as a record says it. A mere place (O_PATH) counts as read. */
static __always_inline __u32 open_op(struct file *file)
{
	__u32 op = READ(file, f_mode) & (GUARD_OPEN_READ | GUARD_OPEN_WRITE);

	if (op == 0)
		op = GUARD_OPEN_READ;
	if ((READ(file, f_inode, i_mode) & MODE_FORMAT) == MODE_DIRECTORY)
		op |= GUARD_OPEN_DIRECTORY;
	return op;
}

/*
 * The kernel would do on the host what is written to the file, whatever the service's profile says.
 * Units of the host may: they lead out of nothing. Returns 1 when there is no more to be said.
 */
static __noinline int writes_host(struct subject *s, struct task_struct *task, struct file *file)
{
	struct ruling rule = {.reason = GUARD_REC_R_ESCAPE, .mode = s->policy->mode_builtin};
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct seen_file f = {};
	__u64 size;

	if (x == NULL || (s->container->flags & GUARD_C_HOST) != 0 ||
	    rule.mode == GUARD_REC_MODE_UNSET)
		return 0;
	file_look(file, task, 0, &f);
	size = record_file(x, s, task, GUARD_REC_OPEN, file, &f);
	x->rec.op = GUARD_OPEN_WRITE;
	punish_file(x, s, &f, &rule, size);
	return rule.mode > GUARD_REC_MODE_AUDIT;
}

static __always_inline void on_open(struct subject *s, struct task_struct *task,
				    struct pt_regs *regs, __u32 nr, int compat, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	int leads;
	__u32 op;

	if (file == NULL)
		return;
	if (s->task->script != 0 &&
	    (name_hash(file) == s->task->script || opened_script(s, regs, nr, compat)) &&
	    !judge_script(s, task, file))
		return;
	op = open_op(file);
	leads = what_is_written(file);
	if ((op & GUARD_OPEN_WRITE) == 0 && leads == WRITES_HOST)
		leads = WRITES_FILE;
	if (leads == WRITES_HOST && writes_host(s, task, file))
		return;
	if (leads == WRITES_MEMORY && ((op & GUARD_OPEN_WRITE) != 0 || reads_other(file, task)))
		report_call(s, task,
			    (op & GUARD_OPEN_WRITE) != 0 ? GUARD_CALL_WRITE_MEMORY
							 : GUARD_CALL_READ_MEMORY,
			    fd, GUARD_REC_R_ESCAPE);
	/* Of memory it matters each time who opens it. */
	if ((s->policy->flags & GUARD_P_LEARN) != 0 && note_open(s, task, file, op) &&
	    (op & GUARD_OPEN_WRITE) == 0 && leads != WRITES_MEMORY)
		keep_opened(s, task_cgroup(task), file);
}

/* A file opened to be read; the flags are in a register. */
static __always_inline int is_reading(struct pt_regs *regs, __u32 nr)
{
	return (nr == 257 && (regs->dx & O_ACCMODE_) == 0) ||
	       (nr == 2 && (regs->si & O_ACCMODE_) == 0);
}
