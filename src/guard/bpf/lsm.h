/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * LSM hooks: denial with EPERM before anything happens. They may be preempted, so they keep what
 * they need on the stack or in the ring. Another module's denial (@ret) is passed on.
 */
#pragma once

enum {
	EPERM_ = 1,
	PROT_EXEC_BIT = 4,
	RULE_ARG = GUARD_PATH_BYTES + 256,
};

/** struct told - a record with a path, made in the ring */
struct told {
	struct guard_rec rec;
	__u8 path[RULE_ARG];
};

/*
 * Where records with paths are made: one place a thread, since these programs may be preempted by
 * each other. @told_blank is what a new element is copied from.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct told);
} tolds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct told);
} told_blank SEC(".maps");

/* A global function: the verifier looks at it once. */
__noinline int guard_path_told(__u64 path)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct told *t = bpf_map_lookup_elem(&tolds, &id);

	if (t == NULL)
		return 0;
	return path_walk((struct path *)path, (void *)bpf_get_current_task(), t->path, &t->rec);
}

/*
 * Has the name that open was given, as the kernel copied it, this hash? A symbolic link may lead
 * from it to a file of any other name. What is not seen whole has.
 */
__noinline int guard_opened(__u64 script)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	__u32 zero = 0, from = 0;
	struct told *t = bpf_map_lookup_elem(&told_blank, &zero);
	int match;
	long n;

	if (t == NULL || bpf_map_update_elem(&tolds, &id, t, BPF_ANY) != 0)
		return 1;
	t = bpf_map_lookup_elem(&tolds, &id);
	if (t == NULL)
		return 1;
	n = bpf_probe_read_kernel_str(t->path, GUARD_PATH_BYTES,
				      BPF_CORE_READ(task, nameidata, name, name));
	if (n > OPENED_TAIL)
		from = (__u32)n - OPENED_TAIL;
	t->rec.value = GUARD_FNV_BASIS;
	for (__u32 i = 0; i < OPENED_TAIL; i++) {
		__u8 c = t->path[BOUND(from + i, PATH_MASK)];

		FORGET();
		if (c == 0)
			break;
		t->rec.value = c == '/' ? GUARD_FNV_BASIS : (t->rec.value ^ c) * GUARD_FNV_PRIME;
	}
	match = n <= 0 || n == GUARD_PATH_BYTES || t->rec.value == script;
	bpf_map_delete_elem(&tolds, &id);
	return match;
}

/** struct report - what is to be told of a file */
struct report {
	__u16 type;
	__u8 reason;
	__u8 verdict;
	__u32 op;
	__u32 flags;
	__u64 cause;
};

/* Returns 0 when the record is on its way. */
static __always_inline int report_file(struct subject *s, struct task_struct *task,
				       struct file *file, struct seen_file *f, struct report *w,
				       int urgent)
{
	__u64 id = bpf_get_current_pid_tgid(), size;
	__u32 zero = 0;
	struct told *t = bpf_map_lookup_elem(&told_blank, &zero);
	int r = -1;

	if (t == NULL || bpf_map_update_elem(&tolds, &id, t, BPF_ANY) != 0)
		return -1;
	t = bpf_map_lookup_elem(&tolds, &id);
	if (t == NULL)
		return -1;
	rec_init(&t->rec, w->type, s, task);
	t->rec.file = f->id;
	t->rec.origin = f->origin;
	t->rec.reason = w->reason;
	t->rec.verdict = w->verdict;
	t->rec.op = w->op;
	t->rec.value = w->type == GUARD_REC_OPEN ? f->place : 0;
	t->rec.flags |= w->flags;
	t->rec.cause = w->cause;
	guard_path_told(number_of(file_path(file)));
	size = sizeof(t->rec) + BOUND(t->rec.path_len, 0x3ff);
	if (urgent)
		r = bpf_ringbuf_output(&alerts, t, size, BPF_RB_FORCE_WAKEUP) != 0;
	else
		r = send_record(t, size, s->container);
	bpf_map_delete_elem(&tolds, &id);
	return r;
}

/* Tells of a forbidden file. The fold map counts what finds no room, and what was told before. */
static __always_inline void tell_file(struct subject *s, struct task_struct *task, __u16 type,
				      struct file *file, struct seen_file *f, __u8 reason,
				      __u8 verdict, __u32 op)
{
	struct guard_fold_key key = {.cgroup = s->container->top,
				     .a = f->id.ino,
				     .b = f->id.ctime_ns,
				     .type = type,
				     .verdict = verdict,
				     .reason = reason,
				     .op = op};
	struct guard_fold *fold = bpf_map_lookup_elem(&folds, &key);
	struct report w = {.type = type, .reason = reason, .verdict = verdict, .op = op};
	struct guard_fold fresh = {.count = 1, .sent = 1};
	long r;

	if (is_quiet())
		return;
	if (fold == NULL) {
		fresh.first_ns = fresh.last_ns = fresh.id = w.cause = bpf_ktime_get_ns();
		fresh.host_pid = bpf_get_current_pid_tgid() >> 32;
		r = bpf_map_update_elem(&folds, &key, &fresh, BPF_NOEXIST);
		fold = bpf_map_lookup_elem(&folds, &key);
		/* Another CPU may be first. */
		if (r != -EEXIST_ || fold == NULL) {
			if (report_file(s, task, file, f, &w, 1) == 0)
				return;
			if (r == 0 && fold != NULL)
				fold->sent = 0;
			else
				count_lost(s->container);
			return;
		}
	}
	if (fold != NULL) {
		__sync_fetch_and_add(&fold->count, 1);
		fold->last_ns = bpf_ktime_get_ns();
	}
}

/* Notes a file the first time. */
static __always_inline void note_file(struct subject *s, struct task_struct *task, __u16 type,
				      struct file *file, struct seen_file *f, __u32 op, __u64 b)
{
	struct report w = {.type = type, .op = op};

	if ((s->policy->flags & GUARD_P_LEARN) == 0 ||
	    !first_time(s->container->top, f->id.ino, b, type, op))
		return;
	if (report_file(s, task, file, f, &w, 0) != 0)
		not_seen(s->container->top, f->id.ino, b, type, op);
}

/* Tells of something that is no file. */
static __always_inline int tell_plain(struct subject *s, struct task_struct *task, __u16 type,
				      __u32 op, __u64 value, __u8 reason, __u8 mode)
{
	struct guard_rec r;

	rec_init(&r, type, s, task);
	r.op = op;
	r.value = value;
	r.reason = reason;
	r.verdict = verdict_of(mode, GUARD_REC_DENIED);
	if (r.verdict != GUARD_REC_OBSERVED)
		send_alert(&r, sizeof(r), s->task->exe.ino, op);
	else if ((s->policy->flags & (GUARD_P_LEARN | GUARD_P_RECORD)) &&
		 first_time(r.cgroup, s->task->exe.ino, s->task->exe.ctime_ns, type, op))
		send_record(&r, sizeof(r), s->container);
	return r.verdict == GUARD_REC_DENIED ? -EPERM_ : 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(guard_bprm, struct linux_binprm *bprm, int ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file = BPF_CORE_READ(bprm, file);
	struct seen_file f = {};
	struct subject s = {};
	struct ruling rule;
	__u8 magic[2] = {};
	__u8 verdict;

	if (ret != 0 || subject_current(&s) != 0)
		return ret;
	bpf_core_read(magic, sizeof(magic), &bprm->buf);
	file_look(file, task, s.container->flags & GUARD_C_HOST, &f);
	rule_file(&s, file, &f, magic[0] == '#' && magic[1] == '!' ? GUARD_A_SCRIPT : GUARD_A_EXEC,
		  &rule);
	/* Held programs are stopped once they are loaded, see exec.h. */
	if (rule.reason == 0 || rule.hold)
		return 0;
	verdict = verdict_of(rule.mode, GUARD_REC_DENIED);
	if (verdict != GUARD_REC_DENIED)
		return 0;
	tell_file(&s, task, GUARD_REC_EXEC, file, &f, rule.reason, verdict, 0);
	return -EPERM_;
}

static __always_inline int escape(__u32 nr, __u64 value)
{
	struct subject s = {};

	if (subject_current(&s) != 0 || call_known(&s, nr))
		return 0;
	return tell_plain(&s, (void *)bpf_get_current_task(), GUARD_REC_CALL, nr, value,
			  GUARD_REC_R_ESCAPE, s.policy->mode_builtin);
}

/* Not known yet: let through, stopped on the way back to the program, looked at by user space. */
static __always_inline void hold_file(struct subject *s, struct task_struct *task, __u16 type,
				      struct file *file, struct seen_file *f, __u8 reason)
{
	struct report w = {.type = type, .reason = reason, .verdict = GUARD_REC_HELD};

	if (BPF_CORE_READ_BITFIELD_PROBED(task, in_execve))
		w.flags = GUARD_RF_EXECVE;
	s->task->flags |= GUARD_T_HELD;
	s->task->held = f->id;
	bpf_send_signal(SIG_STOP);
	if (report_file(s, task, file, f, &w, 1) != 0)
		bpf_send_signal(SIG_KILL);
}

/* As writes_host(). Returns the verdict; GUARD_REC_OBSERVED when there is more to be looked at. */
static __always_inline __u8 deny_host(struct subject *s, struct task_struct *task,
				      struct file *file)
{
	struct report w = {.type = GUARD_REC_OPEN, .reason = GUARD_REC_R_ESCAPE, .op = 2};
	__u8 mode = s->policy->mode_builtin, verdict = verdict_of(mode, GUARD_REC_DENIED);
	struct seen_file f = {};

	if ((s->container->flags & GUARD_C_HOST) != 0 || mode == GUARD_REC_MODE_UNSET)
		return GUARD_REC_OBSERVED;
	file_look(file, task, 0, &f);
	if (verdict > GUARD_REC_ALLOWED)
		tell_file(s, task, GUARD_REC_OPEN, file, &f, GUARD_REC_R_ESCAPE, verdict, w.op);
	else if (first_time(s->container->top, f.id.ino, f.id.ctime_ns, GUARD_REC_OPEN, 0))
		report_file(s, task, file, &f, &w, 0);
	return verdict;
}

SEC("lsm/file_open")
int BPF_PROG(guard_file_open, struct file *file, int ret)
{
	struct report w = {.type = GUARD_REC_OPEN, .verdict = GUARD_REC_HELD};
	struct task_struct *task = (void *)bpf_get_current_task();
	struct seen_file f = {};
	struct subject s = {};
	int written = WRITES_FILE;
	struct ruling rule;
	__u8 verdict;

	if (ret != 0 || subject_current(&s) != 0)
		return ret;
	if (BPF_CORE_READ(file, f_mode) & FMODE_WRITE_BIT)
		written = what_is_written(file);
	if (written == WRITES_MEMORY && escape(GUARD_CALL_WRITE_MEMORY, 0) != 0)
		return -EPERM_;
	verdict = written == WRITES_HOST ? deny_host(&s, task, file) : GUARD_REC_OBSERVED;
	if (verdict != GUARD_REC_OBSERVED)
		return verdict == GUARD_REC_DENIED ? -EPERM_ : 0;
	if (s.task->script == 0 && (s.policy->flags & GUARD_P_LEARN) == 0)
		return 0;
	file_look(file, task, s.container->flags & GUARD_C_HOST, &f);
	if (s.task->script != 0 &&
	    (name_hash(file) == s.task->script || guard_opened(s.task->script) != 0)) {
		rule_file(&s, file, &f, GUARD_A_SCRIPT, &rule);
		verdict = verdict_of(rule.mode, GUARD_REC_DENIED);
		if (rule.reason != 0 && rule.hold) {
			hold_file(&s, task, GUARD_REC_SCRIPT, file, &f, rule.reason);
		} else if (rule.reason != 0 && verdict > GUARD_REC_ALLOWED) {
			w.type = GUARD_REC_SCRIPT;
			goto tell;
		}
		script_opened(s.task);
	}
	w.op = open_op(file);
	if (!must_look(&s, &f, w.op)) {
		note_file(&s, task, GUARD_REC_OPEN, file, &f, w.op, f.place);
		return 0;
	}
	pause_task(&s);
	if (report_file(&s, task, file, &f, &w, 1) == 0)
		return 0;
	/* Nobody would look at it. */
	s.task->flags &= ~GUARD_T_PAUSED;
	bpf_send_signal(SIG_CONT);
	rule.reason = GUARD_REC_R_POLICY;
	verdict = GUARD_REC_DENIED;
tell:
	tell_file(&s, task, w.type, file, &f, rule.reason, verdict, w.op);
	return verdict == GUARD_REC_DENIED ? -EPERM_ : 0;
}

static __always_inline int anon_code(struct subject *s, struct task_struct *task, __u32 op)
{
	if (s->task->use & GUARD_A_ANON)
		return 0;
	return tell_plain(s, task, GUARD_REC_ANON, op, 0, GUARD_REC_R_ANON_EXEC,
			  s->policy->mode_anon);
}

static __always_inline int file_code(struct subject *s, struct task_struct *task, struct file *file)
{
	struct seen_file f = {};
	struct ruling rule;
	__u8 verdict;

	file_look(file, task, s->container->flags & GUARD_C_HOST, &f);
	rule_file(s, file, &f, GUARD_A_LIB, &rule);
	if (rule.reason != 0 && rule.hold && !shares_memory(task)) {
		hold_file(s, task, GUARD_REC_MMAP, file, &f, rule.reason);
		return 0;
	}
	verdict = verdict_of(rule.mode, GUARD_REC_DENIED);
	if (rule.reason != 0 && verdict > GUARD_REC_ALLOWED) {
		tell_file(s, task, GUARD_REC_MMAP, file, &f, rule.reason, verdict, 0);
		return verdict == GUARD_REC_DENIED ? -EPERM_ : 0;
	}
	note_file(s, task, GUARD_REC_MMAP, file, &f, 0, f.id.ctime_ns);
	return 0;
}

SEC("lsm/mmap_file")
int BPF_PROG(guard_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot,
	     unsigned long flags, int ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct subject s = {};

	if (ret != 0 || (prot & PROT_EXEC_BIT) == 0 || subject_current(&s) != 0)
		return ret;
	if (file == NULL || (BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) != S_IFREG_ ||
	    ((prot & VM_WRITE_BIT) != 0 && (flags & MAP_SHARED_) == 0 &&
	     !BPF_CORE_READ_BITFIELD_PROBED(task, in_execve)))
		return anon_code(&s, task, 9);
	return file_code(&s, task, file);
}

SEC("lsm/file_mprotect")
int BPF_PROG(guard_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot,
	     int ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct subject s = {};
	struct file *file;

	if (ret != 0 || (prot & PROT_EXEC_BIT) == 0 || subject_current(&s) != 0)
		return ret;
	file = BPF_CORE_READ(vma, vm_file);
	if (file == NULL || BPF_CORE_READ(vma, anon_vma) != NULL ||
	    is_patchable((prot & VM_WRITE_BIT) | (BPF_CORE_READ(vma, vm_flags) & VM_SHARED_BIT)))
		return anon_code(&s, task, 10);
	return file_code(&s, task, file);
}

SEC("lsm/socket_create")
int BPF_PROG(guard_socket_create, int family, int type, int protocol, int kern, int ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct subject s = {};

	if (ret != 0 || kern != 0)
		return ret;
	if (!is_raw((__u32)family, (__u32)type & 0xf, (__u32)protocol))
		return 0;
	if (subject_current(&s) != 0 || (s.task->use & GUARD_A_RAW) != 0)
		return 0;
	return tell_plain(&s, task, GUARD_REC_RAW, (__u32)family, (__u64)(type & 0xf),
			  GUARD_REC_R_RAW_SOCKET, s.policy->mode_builtin);
}

static __always_inline int on_sockaddr(struct socket *sock, void *address, __u16 type)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct sock *sk = BPF_CORE_READ(sock, sk);
	struct subject s = {};
	struct peer p = {};
	__u32 mapped[4] = {};
	__u16 port = 0;

	if (subject_current(&s) != 0)
		return 0;
	bpf_probe_read_kernel(&p.family, sizeof(p.family), address);
	/* UDP takes an address without a family for one of IPv4. */
	if (p.family == 0 && type == GUARD_REC_SEND &&
	    BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET_)
		p.family = AF_INET_;
	if (p.family != AF_INET_ && p.family != AF_INET6_)
		return 0;
	bpf_probe_read_kernel(&port, sizeof(port), address + 2);
	p.port = bpf_ntohs(port);
	p.proto = (__u8)BPF_CORE_READ(sk, sk_protocol);
	if (p.family == AF_INET_) {
		bpf_probe_read_kernel(p.addr, 4, address + 4);
	} else {
		bpf_probe_read_kernel(mapped, 16, address + 8);
		if (mapped[0] == 0 && mapped[1] == 0 && mapped[2] == bpf_htonl(0xffff)) {
			p.family = AF_INET_;
			__builtin_memcpy(p.addr, &mapped[3], 4);
		} else {
			__builtin_memcpy(p.addr, mapped, 16);
		}
	}
	return rule_peer(&s, task, &p, type) ? 0 : -EPERM_;
}

SEC("lsm/socket_listen")
int BPF_PROG(guard_socket_listen, struct socket *sock, int backlog, int ret)
{
	struct subject s = {};

	if (ret == 0 && subject_current(&s) == 0)
		note_listen(&s, (void *)bpf_get_current_task(), sock);
	return ret;
}

/* A connection that was accepted becomes a socket of who accepts it. */
SEC("lsm/sock_graft")
int BPF_PROG(guard_sock_graft, struct sock *sk, struct socket *parent)
{
	struct accepted x = {};
	struct subject s = {};

	if (subject_current(&s) == 0)
		note_accept(&s, (void *)bpf_get_current_task(), sk, &x);
	return 0;
}

SEC("lsm/socket_connect")
int BPF_PROG(guard_socket_connect, struct socket *sock, struct sockaddr *address, int len, int ret)
{
	return ret != 0 ? ret : on_sockaddr(sock, address, GUARD_REC_CONNECT);
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(guard_unix_connect, struct sock *sk, struct sock *other, struct sock *newsk, int ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	struct subject s = {};
	__u32 zero = 0;
	struct told *t = bpf_map_lookup_elem(&told_blank, &zero);
	__u8 verdict = GUARD_REC_OBSERVED;

	if (ret != 0 || subject_current(&s) != 0 || t == NULL ||
	    bpf_map_update_elem(&tolds, &id, t, BPF_ANY) != 0)
		return ret;
	t = bpf_map_lookup_elem(&tolds, &id);
	if (t != NULL)
		verdict = rule_unix(&s, task, (void *)other, BPF_CORE_READ(other, sk_peer_pid),
				    &t->rec, t->path, GUARD_REC_DENIED);
	bpf_map_delete_elem(&tolds, &id);
	return verdict == GUARD_REC_DENIED ? -EPERM_ : 0;
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(guard_socket_sendmsg, struct socket *sock, struct msghdr *msg, int size, int ret)
{
	void *name = BPF_CORE_READ(msg, msg_name);

	if (ret != 0 || name == NULL || BPF_CORE_READ(msg, msg_namelen) < 8)
		return ret;
	return on_sockaddr(sock, name, GUARD_REC_SEND);
}

SEC("lsm/ptrace_traceme")
int BPF_PROG(guard_traceme, struct task_struct *parent, int ret)
{
	return ret != 0 ? ret : escape(101, 0);
}

SEC("lsm/sb_umount")
int BPF_PROG(guard_umount, struct vfsmount *mnt, int flags, int ret)
{
	return ret != 0 ? ret : escape(166, (__u64)flags);
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(guard_pivotroot, const struct path *old_path, const struct path *new_path, int ret)
{
	return ret != 0 ? ret : escape(155, 0);
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(guard_ptrace, struct task_struct *child, unsigned int mode, int ret)
{
	/* PTRACE_MODE_ATTACH; reading /proc needs PTRACE_MODE_READ only */
	return ret != 0 || (mode & 2) == 0 ? ret : escape(101, mode);
}

SEC("lsm/sb_mount")
int BPF_PROG(guard_mount, const char *dev_name, const struct path *path, const char *type,
	     unsigned long flags, void *data, int ret)
{
	return ret != 0 ? ret : escape(165, flags);
}

SEC("lsm/move_mount")
int BPF_PROG(guard_move_mount, const struct path *from, const struct path *to, int ret)
{
	return ret != 0 ? ret : escape(429, 0);
}

SEC("lsm/kernel_read_file")
int BPF_PROG(guard_read_file, struct file *file, int id, int contents, int ret)
{
	/* READING_FIRMWARE 1, READING_MODULE 2, READING_KEXEC_IMAGE 3 */
	return ret != 0 || (id != 2 && id != 3) ? ret : escape(id == 2 ? 313 : 320, 0);
}

SEC("lsm/kernel_load_data")
int BPF_PROG(guard_load_data, int id, int contents, int ret)
{
	return ret != 0 || (id != 2 && id != 3) ? ret : escape(id == 2 ? 175 : 246, 0);
}

SEC("lsm/bpf")
int BPF_PROG(guard_bpf, int cmd, void *attr, unsigned int size, int ret)
{
	return ret != 0 ? ret : escape(321, (__u64)cmd);
}

/* From 6.1. */
SEC("lsm/userns_create")
int BPF_PROG(guard_userns, const struct cred *cred, int ret)
{
	return ret != 0 ? ret : escape(272, 0x10000000);
}

SEC("lsm/capable")
int BPF_PROG(guard_lsm_capable, const struct cred *cred, void *ns, int cap, unsigned int opts,
	     int ret)
{
	if (ret == 0 && on_cap(cred, cap, GUARD_REC_DENIED) == GUARD_REC_DENIED)
		return -EPERM_;
	return ret;
}

/* Capabilities follow the user in the first module that is asked, so they are settled here. */
SEC("lsm/task_fix_setuid")
int BPF_PROG(guard_setuid, struct cred *new, const struct cred *old, int flags, int ret)
{
	if (ret == 0)
		guard_note_powers(number_of(new), 0);
	return ret;
}

SEC("lsm/capset")
int BPF_PROG(guard_capset, struct cred *new, const struct cred *old, const void *effective,
	     const void *inheritable, const void *permitted, int ret)
{
	if (ret == 0)
		guard_note_powers(number_of(new), 0);
	return ret;
}

/* A stopped program is continued by nobody but user space's own verdict. */
SEC("lsm/task_kill")
int BPF_PROG(guard_kill, struct task_struct *task, void *info, int sig, const struct cred *cred,
	     int ret)
{
	__u32 tgid = BPF_CORE_READ(task, tgid), self = bpf_get_current_pid_tgid() >> 32;
	struct guard_task *t = bpf_map_lookup_elem(&tasks, &tgid);
	struct subject s = {};

	if (ret == 0 && sig != 0 && is_tampering(task, &s))
		return tell_plain(&s, (void *)bpf_get_current_task(), GUARD_REC_CALL,
				  GUARD_CALL_SIGNAL_AGENT, (__u64)sig, GUARD_REC_R_TAMPER,
				  s.policy->mode_builtin);
	if (ret != 0 || t == NULL || sig != SIG_CONT ||
	    (t->flags & (GUARD_T_HELD | GUARD_T_PAUSED)) == 0)
		return ret;
	return bpf_map_lookup_elem(&tasks, &self) != NULL ? -EPERM_ : 0;
}

static __always_inline int remove_pins(void)
{
	struct subject s = {};

	if (subject_current(&s) != 0)
		return 0;
	return tell_plain(&s, (void *)bpf_get_current_task(), GUARD_REC_CALL,
			  GUARD_CALL_REMOVE_PINS, 0, GUARD_REC_R_TAMPER, s.policy->mode_builtin);
}

static __always_inline int is_pins_entry(struct dentry *dentry)
{
	return is_pins((__u64)BPF_CORE_READ(dentry, d_inode));
}

SEC("lsm/inode_unlink")
int BPF_PROG(guard_unlink, struct inode *dir, struct dentry *dentry, int ret)
{
	return ret != 0 || !is_pins(number_of(dir)) ? ret : remove_pins();
}

SEC("lsm/inode_rmdir")
int BPF_PROG(guard_rmdir, struct inode *dir, struct dentry *dentry, int ret)
{
	return ret != 0 || !is_pins_entry(dentry) ? ret : remove_pins();
}

SEC("lsm/inode_rename")
int BPF_PROG(guard_rename, struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
	     struct dentry *new_dentry, int ret)
{
	if (ret != 0)
		return ret;
	return is_pins(number_of(old_dir)) || is_pins(number_of(new_dir)) ||
			       is_pins_entry(old_dentry) || is_pins_entry(new_dentry)
		       ? remove_pins()
		       : 0;
}
