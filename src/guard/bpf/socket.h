/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sockets: of what kind they are, which ports they offer, who comes to them. */
#pragma once

enum {
	AF_NETLINK_ = 16,
	SOCK_STREAM_ = 1,
	SOCK_DGRAM_ = 2,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_MPTCP = 262,
};

/*
 * Sockets that no peer rule can judge: raw and packet sockets, pings, whatever speaks to a
 * hypervisor, a bus, the kernel's ciphers or a network in another way than by TCP and UDP, as SCTP
 * and UDP-Lite do.
 */
static __always_inline int is_raw(__u32 family, __u32 type, __u32 proto)
{
	if (family == AF_INET_ || family == AF_INET6_)
		return (type != SOCK_STREAM_ && type != SOCK_DGRAM_) ||
		       (proto != 0 && proto != PROTO_TCP && proto != PROTO_UDP &&
			proto != PROTO_MPTCP);
	return family != 0 && family != AF_UNIX_ && family != AF_NETLINK_;
}

static __noinline void on_socket(struct subject *s, struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct socket *sock;
	struct sock *sk;
	struct guard_rec r;
	__u32 family, type;

	if (file == NULL || (BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) != MODE_SOCKET)
		return;
	sock = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(sock, sk);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	type = (__u32)BPF_CORE_READ(sock, type);
	if (!is_raw(family, type, BPF_CORE_READ(sk, sk_protocol)))
		return;
	if (s->task->use & GUARD_A_RAW)
		return;
	rec_init(&r, GUARD_REC_RAW, s, task);
	r.op = family;
	r.value = type;
	r.reason = GUARD_REC_R_RAW_SOCKET;
	r.verdict = verdict_of(s->policy->mode_builtin, GUARD_REC_KILLED);
	if (r.verdict == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
	if (r.verdict != GUARD_REC_OBSERVED)
		send_alert(&r, sizeof(r), s->task->exe.ino, family);
	else if (first_time(r.cgroup, s->task->exe.ino, s->task->exe.ctime_ns, r.type, family))
		send_record(&r, sizeof(r), s->container);
}

/* One end of a socket, its own or the other, as a program would be told it. Returns the family. */
static __noinline __u16 sock_end(struct sock *sk, int other, __u8 *addr)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u32 words[4] = {};

	if (family == AF_INET_) {
		words[0] = other ? BPF_CORE_READ(sk, __sk_common.skc_daddr)
				 : BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	} else if (family == AF_INET6_ && bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		if (other)
			bpf_core_read(words, 16, &sk->__sk_common.skc_v6_daddr);
		else
			bpf_core_read(words, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		if (words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff)) {
			family = AF_INET_; /* ::ffff:a.b.c.d */
			words[0] = words[3];
			words[2] = words[3] = 0;
		}
	}
	__builtin_memcpy(addr, words, 16);
	return family;
}

static __always_inline __u64 addr_word(const __u8 *addr, int i)
{
	__u64 w;

	__builtin_memcpy(&w, addr + i, 8);
	return w;
}

static __noinline void note_listen(struct subject *s, struct task_struct *task, struct socket *sock)
{
	struct sock *sk = BPF_CORE_READ(sock, sk);
	struct guard_rec r;

	if ((s->policy->flags & GUARD_P_LEARN) == 0)
		return;
	rec_init(&r, GUARD_REC_BIND, s, task);
	r.family = sock_end(sk, 0, r.addr);
	r.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	r.proto = (__u8)BPF_CORE_READ(sk, sk_protocol);
	if (r.family != AF_INET_ && r.family != AF_INET6_)
		return;
	if (first_time(r.cgroup, addr_word(r.addr, 0),
		       addr_word(r.addr, 8) ^ ((__u64)r.port << 32) ^ r.proto, r.type, r.family))
		send_record(&r, sizeof(r), s->container);
}

static __always_inline void on_listen(struct subject *s, struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);

	if (file != NULL && (BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) == MODE_SOCKET)
		note_listen(s, task, BPF_CORE_READ(file, private_data));
}

/** struct accepted - a record of a connection from outside */
struct accepted {
	struct guard_rec rec;
	__u8 own[16];
};

/*
 * Clients are not judged. Each is told once where that is wanted, else each port is. @x: where to
 * put the record together.
 */
static __noinline void note_accept(struct subject *s, struct task_struct *task, struct sock *sk,
				   struct accepted *x)
{
	struct guard_seen_key key = {.cgroup = s->container->top, .kind = GUARD_REC_ACCEPT};
	__u8 one = 1;

	if ((s->policy->flags & GUARD_P_LEARN) == 0)
		return;
	key.op = sock_end(sk, 1, x->own);
	if (key.op != AF_INET_ && key.op != AF_INET6_)
		return;
	if (s->policy->flags & GUARD_P_CLIENTS) {
		key.a = addr_word(x->own, 0);
		key.b = addr_word(x->own, 8);
	}
	key.b ^= (__u64)BPF_CORE_READ(sk, __sk_common.skc_num) << 32;
	if (bpf_map_lookup_elem(&clients, &key) != NULL)
		return;
	rec_init(&x->rec, GUARD_REC_ACCEPT, s, task);
	__builtin_memcpy(x->rec.addr, x->own, 16);
	x->rec.family = (__u16)key.op;
	x->rec.port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	x->rec.proto = (__u8)BPF_CORE_READ(sk, sk_protocol);
	x->rec.op = BPF_CORE_READ(sk, __sk_common.skc_num);
	sock_end(sk, 0, x->own);
	x->rec.args_len = sizeof(x->own);
	if (send_record(x, sizeof(*x), s->container) == 0)
		bpf_map_update_elem(&clients, &key, &one, BPF_ANY);
}

/* IPv4 and IPv6 are judged where the cgroup's programs are asked. */
static __always_inline void on_connect(struct subject *s, struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct unix_sock *peer;
	struct socket *sock;
	struct scratch *x;
	__u32 zero = 0;
	struct sock *sk;

	if (file == NULL || (BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) != MODE_SOCKET)
		return;
	sock = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(sock, sk);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX_)
		return;
	peer = (void *)BPF_CORE_READ((struct unix_sock *)sk, peer);
	x = bpf_map_lookup_elem(&scratches, &zero);
	if (peer == NULL || x == NULL)
		return;
	if (rule_unix(s, task, peer, BPF_CORE_READ(sk, sk_peer_pid), &x->rec, x->data,
		      GUARD_REC_KILLED) == GUARD_REC_KILLED)
		bpf_send_signal(SIG_KILL);
}

static __always_inline void on_accept(struct subject *s, struct task_struct *task, __u32 fd)
{
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);
	struct file *file = file_of_fd(task, fd);
	struct socket *sock;

	if (x == NULL || file == NULL ||
	    (BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) != MODE_SOCKET)
		return;
	sock = BPF_CORE_READ(file, private_data);
	note_accept(s, task, BPF_CORE_READ(sock, sk), (void *)x);
}
