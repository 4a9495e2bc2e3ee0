/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Peers: who a service talks to. Decided in cgroup hooks, or in LSM hooks where those work. */
#pragma once

/** struct peer - where to */
struct peer {
	__u8 addr[16];
	__u16 port; /* host order */
	__u16 family;
	__u8 proto;
};

/* An address that a known name led to; its use keeps it alive. */
static __always_inline int peer_named(struct subject *s, struct peer *p)
{
	struct guard_named_key key = {.cgroup = s->container->top,
				      .port = p->port,
				      .proto = p->proto,
				      .family = (__u8)p->family};
	__u64 now = bpf_ktime_get_ns();
	struct guard_named *n;

	__builtin_memcpy(key.addr, p->addr, 16);
	n = bpf_map_lookup_elem(&named, &key);
	if (n == NULL) {
		key.port = 0;
		n = bpf_map_lookup_elem(&named, &key);
	}
	if (n == NULL || n->until_ns < now)
		return 0;
	if (n->until_ns < now + NAMED_USE_NS)
		n->until_ns = now + NAMED_USE_NS;
	return 1;
}

static __always_inline int peer_known(struct subject *s, struct peer *p)
{
	struct guard_peer_key key = {.service = s->container->service,
				     .port = p->port,
				     .proto = p->proto,
				     .family = (__u8)p->family};
	struct guard_net_key net = {.bits = 64 + 128,
				    .service = s->container->service,
				    .port = p->port,
				    .proto = p->proto,
				    .family = (__u8)p->family};

	__builtin_memcpy(key.addr, p->addr, 16);
	if (bpf_map_lookup_elem(&peers, &key) != NULL)
		return 1;
	key.port = 0;
	if (bpf_map_lookup_elem(&peers, &key) != NULL)
		return 1;
	__builtin_memcpy(net.addr, p->addr, 16);
	if (bpf_map_lookup_elem(&nets, &net) != NULL)
		return 1;
	net.port = 0;
	if (bpf_map_lookup_elem(&nets, &net) != NULL)
		return 1;
	return peer_named(s, p);
}

/* Returns 1 when the call may go on. */
static __always_inline int rule_peer(struct subject *s, struct task_struct *task, struct peer *p,
				     __u16 type)
{
	__u64 a = addr_word(p->addr, 0),
	      b = addr_word(p->addr, 8) ^ ((__u64)p->port << 32) ^ p->proto;
	int known = s->policy->has_profile && peer_known(s, p);
	struct guard_rec r;

	/* A datagram socket connected to port 0: the C library asks which way packets would go. */
	if (p->proto == PROTO_UDP && p->port == 0)
		return 1;
	if (known && (s->policy->flags & GUARD_P_LEARN) == 0)
		return 1;
	rec_init(&r, type, s, task);
	__builtin_memcpy(r.addr, p->addr, 16);
	r.family = p->family;
	r.port = p->port;
	r.proto = p->proto;
	if (s->policy->has_profile && !known) {
		r.reason = GUARD_REC_R_NOT_IN_PROFILE;
		r.verdict = verdict_of(s->policy->mode_peer, GUARD_REC_DENIED);
	}
	if (r.verdict > GUARD_REC_ALLOWED) {
		send_alert(&r, sizeof(r), a, b);
		return r.verdict != GUARD_REC_DENIED;
	}
	if ((s->policy->flags & GUARD_P_LEARN) && first_time(r.cgroup, a, b, type, p->family) &&
	    send_record(&r, sizeof(r), s->container) != 0)
		not_seen(r.cgroup, a, b, type, p->family);
	return 1;
}

static __always_inline int subject_task(struct subject *s, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);

	s->task = bpf_map_lookup_elem(&tasks, &tgid);
	return s->task != NULL ? subject_of_task(s) : -1;
}

static __always_inline void dns_who(struct dns_asker *a, struct subject *s,
				    struct task_struct *task)
{
	struct task_ids ids;

	a->top = s->container->top;
	a->exec_id = s->task->exec_id;
	a->parent_exec_id = s->task->parent_exec_id;
	task_ids_of(&ids, task, 0);
	a->host_pid = ids.host_pid;
	a->pid = ids.pid;
	a->ppid = ids.ppid;
	a->host_ppid = ids.host_ppid;
	a->uid = BPF_CORE_READ(task, real_cred, uid.val);
	a->program = s->task->program;
}

static __always_inline void dns_note(__u64 cookie, struct subject *s, struct task_struct *task,
				     struct peer *p)
{
	struct dns_socket d = {.family = p->family};

	dns_who(&d.who, s, task);
	__builtin_memcpy(d.server, p->addr, 16);
	bpf_map_update_elem(&dns_sockets, &cookie, &d, BPF_ANY);
}

/* With the LSM backend only the questions' sockets are noted here. */
static __always_inline int on_peer(struct bpf_sock_addr *ctx, struct subject *s,
				   struct task_struct *task, struct peer *p, __u16 type)
{
	if (!lsm_backend && !rule_peer(s, task, p, type))
		return 0;
	if (p->port == DNS_PORT)
		dns_note(bpf_get_socket_cookie(ctx), s, task, p);
	return 1;
}

static __always_inline int on_addr4(struct bpf_sock_addr *ctx, __u16 type)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct peer p = {};
	struct subject s = {};
	__u32 ip = ctx->user_ip4;

	if (subject_task(&s, task) != 0)
		return 1;
	__builtin_memcpy(p.addr, &ip, 4);
	p.port = bpf_ntohs((__u16)ctx->user_port);
	p.family = AF_INET_;
	p.proto = (__u8)ctx->protocol;
	return on_peer(ctx, &s, task, &p, type);
}

static __always_inline int on_addr6(struct bpf_sock_addr *ctx, __u16 type)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 ip[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	struct peer p = {};
	struct subject s = {};

	if (subject_task(&s, task) != 0)
		return 1;
	p.family = AF_INET6_;
	if (ip[0] == 0 && ip[1] == 0 && ip[2] == bpf_htonl(0xffff)) {
		p.family = AF_INET_; /* ::ffff:a.b.c.d */
		__builtin_memcpy(p.addr, &ip[3], 4);
	} else {
		__builtin_memcpy(p.addr, ip, 16);
	}
	p.port = bpf_ntohs((__u16)ctx->user_port);
	p.proto = (__u8)ctx->protocol;
	return on_peer(ctx, &s, task, &p, type);
}

SEC("cgroup/connect4")
int guard_connect4(struct bpf_sock_addr *ctx)
{
	return on_addr4(ctx, GUARD_REC_CONNECT);
}

SEC("cgroup/connect6")
int guard_connect6(struct bpf_sock_addr *ctx)
{
	return on_addr6(ctx, GUARD_REC_CONNECT);
}

SEC("cgroup/sendmsg4")
int guard_sendmsg4(struct bpf_sock_addr *ctx)
{
	return on_addr4(ctx, GUARD_REC_SEND);
}

SEC("cgroup/sendmsg6")
int guard_sendmsg6(struct bpf_sock_addr *ctx)
{
	return on_addr6(ctx, GUARD_REC_SEND);
}
