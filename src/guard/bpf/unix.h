/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sockets that container engines listen on: who talks to one rules the host. */
#pragma once

enum {
	UNIX_PATH_BYTES = 108, /* unix(7) */
	ENGINE_SOCKETS = 8,
};

/* FNV-1a of the names that such sockets have, 0 for none. Set by user space. */
const volatile __u64 engine_sockets[ENGINE_SOCKETS] = {};

/** struct unix_name - hashes of the path a socket was bound to, and of its last component */
struct unix_name {
	__u64 whole;
	__u64 base;
};

static __always_inline void unix_hash(const __u8 *path, struct unix_name *n)
{
	n->whole = n->base = GUARD_FNV_BASIS;
	for (int i = 0; i < UNIX_PATH_BYTES; i++) {
		__u8 c = path[i];

		FORGET();
		if (c == 0)
			break;
		n->whole = (n->whole ^ c) * GUARD_FNV_PRIME;
		n->base = c == '/' ? GUARD_FNV_BASIS : (n->base ^ c) * GUARD_FNV_PRIME;
	}
}

static __always_inline int is_engine_name(__u64 hash)
{
	for (int i = 0; i < ENGINE_SOCKETS; i++)
		if (engine_sockets[i] == hash)
			return 1;
	return 0;
}

/*
 * Is it an engine's? The name that it was bound to counts, which nobody changes later, and the one
 * that its file has now. @path receives the former. Returns its length with the NUL, 0 for no.
 */
static __always_inline __u32 engine_path(struct unix_sock *u, __u8 *path, struct unix_name *n)
{
	struct unix_address *addr = BPF_CORE_READ(u, addr);
	long len;

	if (addr == NULL)
		return 0;
	len = bpf_probe_read_kernel_str(
		path, UNIX_PATH_BYTES,
		(void *)addr + bpf_core_field_offset(struct unix_address, name) +
			bpf_core_field_offset(struct sockaddr_un, sun_path));
	if (len <= 1 || len > UNIX_PATH_BYTES)
		return 0;
	unix_hash(path, n);
	if (!is_engine_name(n->base) && !is_engine_name(dentry_hash(BPF_CORE_READ(u, path.dentry))))
		return 0;
	return (__u32)len;
}

/*
 * An engine inside the container: its socket is in the root file system, or who listens is one of
 * the container's.
 */
static __always_inline int is_inside(struct subject *s, struct task_struct *task,
				     struct unix_sock *u, struct pid *listener)
{
	__u32 tgid = pid_at(listener, 0);
	struct guard_task *t = bpf_map_lookup_elem(&tasks, &tgid);

	if (t != NULL && t->cgroup == s->task->cgroup)
		return 1;
	return (s->container->flags & GUARD_C_HOST) == 0 &&
	       BPF_CORE_READ(u, path.mnt, mnt_sb) == root_sb(task);
}

static __always_inline int engine_known(struct subject *s, struct unix_name *n)
{
	struct guard_peer_key key = {.service = s->container->service, .family = AF_UNIX_};

	__builtin_memcpy(key.addr, &n->whole, sizeof(n->whole));
	return bpf_map_lookup_elem(&peers, &key) != NULL;
}

/*
 * A connection to @u, which @listener listens on; @r and @path are where the record is made, one
 * behind the other. Returns the verdict.
 */
static __always_inline __u8 rule_unix(struct subject *s, struct task_struct *task,
				      struct unix_sock *u, struct pid *listener,
				      struct guard_rec *r, __u8 *path, __u8 block)
{
	struct unix_name n = {};
	__u32 len = engine_path(u, path, &n);
	__u64 size = sizeof(*r) + BOUND(len, 0x7f);

	if (len == 0 || is_inside(s, task, u, listener) || engine_known(s, &n))
		return GUARD_REC_OBSERVED;
	rec_init(r, GUARD_REC_UNIX, s, task);
	r->name_len = (__u16)len;
	r->family = AF_UNIX_;
	r->reason = GUARD_REC_R_ESCAPE;
	r->verdict = verdict_of(s->policy->mode_builtin, block);
	if (r->verdict != GUARD_REC_OBSERVED)
		send_alert(r, size, s->task->exe.ino, n.whole);
	else if ((s->policy->flags & (GUARD_P_LEARN | GUARD_P_RECORD)) &&
		 first_time(r->cgroup, s->task->exe.ino, n.whole, r->type, 0))
		send_record(r, size, s->container);
	return r->verdict;
}
