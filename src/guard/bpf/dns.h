/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * DNS over UDP and TCP, where packets leave and reach the sockets of watched processes (RFC 1035
 * section 4). A question is noted with its socket, id, server and name; an answer counts when it
 * fits one. Addresses of known names are entered as peers before the program gets the answer, so
 * that it cannot be faster. Names in answers are not followed here: what a server that was asked
 * says in the answer to a question is what the program will believe.
 */
#pragma once

enum {
	DNS_HEADER = 12,
	DNS_RECORDS = 32, /* of one answer */
	DNS_LABELS = 32,  /* of one owner's name that is not compressed */
	DNS_SUFFIXES = 16,
	DNS_A = 1,
	DNS_AAAA = 28,
	DNS_CLASS_IN = 1,
	DNS_ASKED_MOST = 4000, /* questions a second of one container */
	DNS_TOLD_MOST = 200,   /* records a second of one container */
	LOOPBACK_INDEX = 1,
	TCP_BARE = 60, /* a segment without data is not longer, one with a question is */
};

#define DNS_WAIT_NS 30000000000ull /* an answer that comes later counts no more */

/** struct dns_work - one message being looked at; @rec and @message are sent */
struct dns_work {
	struct guard_rec rec;
	__u8 message[GUARD_DNS_BYTES];
	struct guard_name_key key;
	__u8 zeros[GUARD_DNS_NAME]; /* read when a name's end is copied */
	struct guard_name_key suffix;
	struct guard_name name;
	__u64 hash;  /* of the name */
	__u64 set;   /* of the addresses, in any order */
	__u64 until; /* of the current address */
	__u32 off;   /* in the packet */
	__u32 name_len;
	__u32 left;
	__u32 done;
	__u8 addr[16];
	__u32 family;
};

/*
 * One place a packet: programs that look at leaving packets may be preempted. @dns_blank is what a
 * new element is copied from.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct dns_work);
} dns_works SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_work);
} dns_blank SEC(".maps");

/** struct dns_question_key - what an answer has to fit */
struct dns_question_key {
	__u64 cookie;
	__u8 server[16];
	__u16 id; /* as in the packet */
	__u8 family;
	__u8 proto;
	__u32 zero;
};

/** struct dns_question - who waits for it */
struct dns_question {
	struct dns_asker who;
	__u64 time_ns;
	__u64 hash; /* of the name */
	__u32 type; /* and class, as in the packet */
	__u32 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_QUESTIONS);
	__type(key, struct dns_question_key);
	__type(value, struct dns_question);
} dns_questions SEC(".maps");

/** struct dns_packet - where the message is and between whom */
struct dns_packet {
	__u8 from[16];
	__u8 to[16];
	__u16 sport;
	__u16 dport;
	__u32 l4; /* offset of the UDP or TCP header */
	__u8 family;
	__u8 proto;
};

/* Ports. Returns 0 for UDP and TCP over IPv4 and IPv6 without extension headers. */
static __always_inline int dns_ports(struct __sk_buff *skb, struct dns_packet *p, __u8 *h)
{
	__u16 ports[2];

	if (bpf_skb_load_bytes(skb, 0, h, 24) != 0)
		return -1;
	if ((h[0] >> 4) == 4) {
		p->family = AF_INET_;
		p->proto = h[9];
		p->l4 = (h[0] & 15) * 4;
		if (((h[6] & 0x1f) | h[7]) != 0) /* not the first fragment */
			return -1;
	} else {
		p->family = AF_INET6_;
		p->proto = h[6];
		p->l4 = 40;
	}
	if (p->proto != PROTO_UDP && (p->proto != PROTO_TCP || skb->len <= TCP_BARE))
		return -1;
	if (p->l4 == 20)
		__builtin_memcpy(ports, h + 20, 4);
	else if (bpf_skb_load_bytes(skb, p->l4, ports, 4) != 0)
		return -1;
	p->sport = bpf_ntohs(ports[0]);
	p->dport = bpf_ntohs(ports[1]);
	return 0;
}

static __always_inline void dns_addresses(struct __sk_buff *skb, struct dns_packet *p)
{
	if (p->family == AF_INET_) {
		bpf_skb_load_bytes(skb, 12, p->from, 4);
		bpf_skb_load_bytes(skb, 16, p->to, 4);
	} else {
		bpf_skb_load_bytes(skb, 8, p->from, 16);
		bpf_skb_load_bytes(skb, 24, p->to, 16);
	}
}

/* Where the message begins; 0 when the packet holds none. One segment of TCP is looked at. */
static __always_inline __u32 dns_start(struct __sk_buff *skb, struct dns_packet *p)
{
	__u32 off = p->l4 + 8;
	__u8 words = 0;

	if (p->proto == PROTO_TCP) {
		if (bpf_skb_load_bytes(skb, p->l4 + 12, &words, 1) != 0)
			return 0;
		off = p->l4 + (words >> 4) * 4 + 2; /* behind the length */
	}
	return off + DNS_HEADER < skb->len ? off : 0;
}

static __always_inline struct dns_work *dns_work_new(__u64 *ret_id)
{
	struct dns_work *blank;
	__u32 zero = 0;

	*ret_id = new_exec_id();
	blank = bpf_map_lookup_elem(&dns_blank, &zero);
	if (blank == NULL || bpf_map_update_elem(&dns_works, ret_id, blank, BPF_ANY) != 0)
		return NULL;
	return bpf_map_lookup_elem(&dns_works, ret_id);
}

static __always_inline __u8 lower(__u8 c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Reads a question's name at @x->off. Returns 0, or -1 when it is none. */
__noinline int guard_dns_name(struct __sk_buff *skb, __u64 id)
{
	struct dns_work *x = bpf_map_lookup_elem(&dns_works, &id);
	__u32 room;
	__u8 c;

	if (x == NULL || x->off >= skb->len)
		return -1;
	room = skb->len - x->off;
	if (room > GUARD_DNS_NAME - 1)
		room = GUARD_DNS_NAME - 1;
	room = BOUND(room - 1, 0xff) + 1;
	if (bpf_skb_load_bytes(skb, x->off, x->key.name, room) != 0)
		return -1;
	x->hash = GUARD_FNV_BASIS;
	for (int i = 0; i < GUARD_DNS_NAME - 1; i++) {
		FORGET();
		c = x->key.name[i];
		if (x->done) {
			x->key.name[i] = 0;
			continue;
		}
		if (x->left != 0) {
			x->left--;
			c = lower(c);
			x->key.name[i] = c;
		} else if (c == 0) {
			x->done = 1;
			x->name_len = i + 1;
		} else if (c < 64) {
			x->left = c;
		} else {
			return -1;
		}
		x->hash = (x->hash ^ c) * GUARD_FNV_PRIME;
	}
	x->off += x->name_len;
	return x->done ? 0 : -1;
}

/* Looks the name up among the service's, and the names that it ends in among its wildcards. */
__noinline int guard_dns_known(__u64 id, __u32 service, __u32 wildcards)
{
	struct dns_work *x = bpf_map_lookup_elem(&dns_works, &id);
	struct guard_name *n;
	__u32 pos = 0;

	if (x == NULL)
		return 0;
	x->key.service = service;
	n = bpf_map_lookup_elem(&names, &x->key);
	for (int i = 0; n == NULL && wildcards && i < DNS_SUFFIXES; i++) {
		__u8 len = x->key.name[BOUND(pos, 0xff)];

		if (len == 0)
			break;
		pos += len + 1;
		x->suffix.service = service;
		x->suffix.wildcard = 1;
		bpf_probe_read_kernel(x->suffix.name, GUARD_DNS_NAME,
				      x->key.name + BOUND(pos, 0xff));
		n = bpf_map_lookup_elem(&names, &x->suffix);
	}
	if (n == NULL)
		return 0;
	x->name = *n;
	return 1;
}

/* Enters the current address for every port of the name. */
__noinline int guard_dns_open(__u64 id)
{
	struct dns_work *x = bpf_map_lookup_elem(&dns_works, &id);
	struct guard_named_key key = {};
	struct guard_named value = {};

	if (x == NULL)
		return 0;
	key.cgroup = x->rec.cgroup;
	key.family = (__u8)x->family;
	__builtin_memcpy(key.addr, x->addr, 16);
	value.until_ns = x->until;
	for (__u32 i = 0; i < GUARD_NAME_PORTS; i++) {
		if (i >= x->name.n_ports)
			break;
		key.port = x->name.ports[i].port;
		key.proto = x->name.ports[i].proto;
		bpf_map_update_elem(&named, &key, &value, BPF_ANY);
	}
	return 0;
}

static __always_inline __u64 dns_until(__u32 ttl)
{
	__u64 lives = (ttl > NAMED_MOST_S ? NAMED_MOST_S : ttl) * 1000000000ull;

	return bpf_ktime_get_ns() + (lives < NAMED_LEAST_NS ? NAMED_LEAST_NS : lives);
}

/** struct dns_head - of a resource record, behind its owner's name */
struct dns_head {
	__u16 type;
	__u16 class;
	__u16 ttl[2];
	__u16 len;
};

/* Passes over an owner's name at @x->off. */
static __always_inline int dns_skip_name(struct __sk_buff *skb, struct dns_work *x)
{
	__u8 len;

	for (int i = 0; i < DNS_LABELS; i++) {
		FORGET();
		if (bpf_skb_load_bytes(skb, x->off, &len, 1) != 0)
			return -1;
		if (len >= 0xc0) {
			x->off += 2;
			return 0;
		}
		if (len >= 64)
			return -1;
		x->off += len + 1;
		if (len == 0)
			return 0;
	}
	return -1;
}

/* One record at @x->off: its address is entered. Returns -1 at the end of what can be read. */
__noinline int guard_dns_record(struct __sk_buff *skb, __u64 id)
{
	struct dns_work *x = bpf_map_lookup_elem(&dns_works, &id);
	struct dns_head h = {};
	__u64 words[2] = {};
	__u16 type, len;

	if (x == NULL || dns_skip_name(skb, x) != 0 || bpf_skb_load_bytes(skb, x->off, &h, 10) != 0)
		return -1;
	x->off += 10;
	type = bpf_ntohs(h.type);
	len = bpf_ntohs(h.len);
	x->family = 0;
	if (bpf_ntohs(h.class) == DNS_CLASS_IN && type == DNS_A && len == 4) {
		x->family = AF_INET_;
		if (bpf_skb_load_bytes(skb, x->off, words, 4) != 0)
			return -1;
	} else if (bpf_ntohs(h.class) == DNS_CLASS_IN && type == DNS_AAAA && len == 16) {
		x->family = AF_INET6_;
		if (bpf_skb_load_bytes(skb, x->off, words, 16) != 0)
			return -1;
	}
	x->off += len;
	if (x->family == 0)
		return 0;
	__builtin_memcpy(x->addr, words, 16);
	x->set += ((words[0] ^ GUARD_FNV_BASIS) * GUARD_FNV_PRIME ^ words[1]) * GUARD_FNV_PRIME;
	x->until = dns_until((__u32)bpf_ntohs(h.ttl[0]) << 16 | bpf_ntohs(h.ttl[1]));
	guard_dns_open(id);
	return 0;
}

/* Does a container's second have room for one more? */
static __always_inline int dns_room(struct guard_container *c, __u32 *count, __u32 most)
{
	__u64 now = bpf_ktime_get_ns();

	if (now - c->dns_since > 1000000000ull) {
		c->dns_since = now;
		c->dns_asked = 0;
		c->dns_told = 0;
	}
	__sync_fetch_and_add(count, 1);
	return *count <= most;
}

static __always_inline void dns_fill(struct guard_rec *r, struct dns_asker *a, __u32 op,
				     struct dns_packet *p, __u8 *server, struct guard_container *c)
{
	r->type = GUARD_REC_DNS;
	r->op = op;
	r->time_ns = bpf_ktime_get_ns();
	r->cgroup = a->top;
	r->exec_id = a->exec_id;
	r->parent_exec_id = a->parent_exec_id;
	r->host_pid = a->host_pid;
	r->pid = a->pid;
	r->ppid = a->ppid;
	r->host_ppid = a->host_ppid;
	r->uid = a->uid;
	r->program = a->program;
	r->service = c->service;
	r->family = p->family;
	r->port = DNS_PORT;
	r->proto = p->proto;
	__builtin_memcpy(r->addr, server, 16);
}

/* The message behind the record; returns the size of both. */
static __always_inline __u64 dns_attach(struct __sk_buff *skb, struct dns_work *x, __u32 start)
{
	__u32 len = skb->len - start;

	x->rec.value = len;
	if (len > GUARD_DNS_BYTES)
		len = GUARD_DNS_BYTES;
	len = BOUND(len - 1, GUARD_DNS_BYTES - 1) + 1;
	if (bpf_skb_load_bytes(skb, start, x->message, len) != 0)
		return sizeof(x->rec);
	x->rec.args_len = (__u16)len;
	return sizeof(x->rec) + BOUND(len - 1, GUARD_DNS_BYTES - 1) + 1;
}

/* Tells of a question or answer the first time. */
static __always_inline void dns_tell(struct __sk_buff *skb, struct dns_work *x, __u32 start,
				     struct guard_container *c)
{
	__u64 size;

	if (!first_time(x->rec.cgroup, x->hash, x->set, GUARD_REC_DNS, x->rec.op))
		return;
	if (!dns_room(c, &c->dns_told, DNS_TOLD_MOST)) {
		count_lost(c);
		not_seen(x->rec.cgroup, x->hash, x->set, GUARD_REC_DNS, x->rec.op);
		return;
	}
	size = dns_attach(skb, x, start);
	if (send_record(x, size, c) != 0)
		not_seen(x->rec.cgroup, x->hash, x->set, GUARD_REC_DNS, x->rec.op);
}

/* An unknown name. Returns 1 when the question may leave. */
static __always_inline int dns_unknown(struct __sk_buff *skb, struct dns_work *x, __u32 start,
				       struct guard_container *c, __u8 mode)
{
	__u64 cause = x->hash, size;

	x->rec.reason = GUARD_REC_R_NOT_IN_PROFILE;
	x->rec.verdict = verdict_of(mode, GUARD_REC_DENIED);
	if (x->rec.verdict <= GUARD_REC_ALLOWED)
		return 1;
	if (!dns_room(c, &c->dns_told, DNS_TOLD_MOST))
		cause = 0; /* a flood of names is one cause */
	size = dns_attach(skb, x, start);
	send_alert(&x->rec, size, cause, 0);
	return x->rec.verdict != GUARD_REC_DENIED;
}

/*
 * A name that is unwelcome anywhere is told, unless the profile has it. It is not held back: what
 * asks may be a scanner of mail. Returns 1 when it was told.
 */
static __always_inline int dns_sign(struct __sk_buff *skb, struct dns_work *x, __u64 id,
				    __u32 start, struct guard_container *c,
				    struct guard_policy *policy)
{
	__u8 mode = policy->mode_builtin;
	__u64 size;

	if (mode == GUARD_REC_MODE_UNSET || !guard_dns_known(id, GUARD_SIGNS_SERVICE, 1) ||
	    (policy->has_profile &&
	     guard_dns_known(id, c->service, policy->flags & GUARD_P_WILDCARDS)))
		return 0;
	x->rec.reason = GUARD_REC_R_POLICY;
	if (mode == GUARD_REC_MODE_AUDIT) {
		dns_tell(skb, x, start, c);
		return 1;
	}
	x->rec.verdict = GUARD_REC_ALERTED;
	size = dns_attach(skb, x, start);
	send_alert(&x->rec, size, x->hash, 0);
	return 1;
}

/* Returns 1 when the question may leave. */
static __always_inline int dns_ask(struct __sk_buff *skb, struct dns_packet *p, __u32 start,
				   struct dns_question_key *key, struct dns_question *q,
				   struct dns_work *x, __u64 id)
{
	struct guard_container *c = container_of_id(q->who.top);
	struct guard_policy *policy;
	int judged;

	if (c == NULL || (c->flags & GUARD_C_IGNORED) != 0)
		return 1;
	policy = policy_of(c);
	x->off = start + DNS_HEADER;
	if (policy == NULL || guard_dns_name(skb, id) != 0 ||
	    bpf_skb_load_bytes(skb, x->off, &q->type, 4) != 0)
		return 1;
	q->hash = x->hash;
	q->time_ns = bpf_ktime_get_ns();
	dns_fill(&x->rec, &q->who, 1, p, key->server, c);
	judged = (policy->flags & GUARD_P_NAMES) != 0 && policy->mode_name > GUARD_REC_MODE_AUDIT;
	if (judged && !guard_dns_known(id, c->service, policy->flags & GUARD_P_WILDCARDS) &&
	    !dns_unknown(skb, x, start, c, policy->mode_name))
		return 0;
	if (!dns_room(c, &c->dns_asked, DNS_ASKED_MOST) ||
	    bpf_map_update_elem(&dns_questions, key, q, BPF_ANY) != 0)
		count_lost(c);
	if ((judged || !dns_sign(skb, x, id, start, c, policy)) &&
	    (policy->flags & GUARD_P_LEARN) != 0)
		dns_tell(skb, x, start, c);
	return 1;
}

/* Who asks, and whom: what the program said when it sent or connected, else what the packet says.
 */
static __always_inline int dns_asked(struct __sk_buff *skb, struct dns_packet *p,
				     struct dns_question_key *key, struct dns_question *q)
{
	struct dns_socket *d = bpf_map_lookup_elem(&dns_sockets, &key->cookie);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct subject s = {};

	if (d == NULL && p->dport != DNS_PORT)
		return -1;
	key->family = p->family;
	key->proto = p->proto;
	dns_addresses(skb, p);
	__builtin_memcpy(key->server, p->to, 16);
	if (d != NULL) {
		__builtin_memcpy(key->server, d->server, 16);
		key->family = (__u8)d->family;
		q->who = d->who;
	}
	/* Datagrams leave while their sender runs; segments of TCP may leave at any time. */
	if (p->proto == PROTO_UDP && subject_task(&s, task) == 0)
		dns_who(&q->who, &s, task);
	return q->who.top != 0 ? 0 : -1;
}

/*
 * Notes the container whose cgroup a socket is in, or is below. A global function: see
 * guard_path().
 */
__noinline int guard_answers(struct __sk_buff *skb)
{
	for (int i = 1; i <= TOP_DEPTH; i++) {
		__u64 id = bpf_skb_ancestor_cgroup_id(skb, i);
		struct guard_container *c = container_of_id(id);

		FORGET();
		if (id == 0)
			break;
		if (c != NULL && (c->flags & GUARD_C_ANSWERS) == 0)
			c->flags |= GUARD_C_ANSWERS;
	}
	return 0;
}

/*
 * A container that answers questions itself is not believed about its own. Datagrams leave while
 * their sender runs; for segments only the socket tells whose they are.
 */
static __always_inline void dns_own_answer(struct __sk_buff *skb, struct dns_packet *p)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct subject s = {};

	if (p->proto == PROTO_UDP && subject_task(&s, task) == 0 &&
	    (s.container->flags & GUARD_C_ANSWERS) == 0)
		s.container->flags |= GUARD_C_ANSWERS;
	guard_answers(skb);
}

/* Sockets may be connected to port 0, see rule_peer(), but nothing is sent there. */
static __always_inline int dns_no_port(struct dns_packet *p)
{
	struct subject s = {};

	if (p->proto != PROTO_UDP || subject_task(&s, (void *)bpf_get_current_task()) != 0 ||
	    !s.policy->has_profile)
		return 1;
	return verdict_of(s.policy->mode_peer, GUARD_REC_DENIED) != GUARD_REC_DENIED;
}

/** struct dns_front - how a message begins */
struct dns_front {
	__u16 id;
	__u8 flags[2];
	__u16 questions;
	__u16 answers;
};

/* No memory: the message passes unseen, which is counted. */
static __always_inline int dns_unseen(__u64 top)
{
	struct guard_container *c = container_of_id(top);

	if (c != NULL)
		count_lost(c);
	return 1;
}

/* Not inlined: what most packets need is on a small stack. */
static __noinline int dns_leaves(struct __sk_buff *skb, struct dns_packet *p)
{
	struct dns_question_key key = {};
	struct dns_question q = {};
	struct dns_front front;
	struct dns_work *x;
	__u32 start;
	__u64 id;
	int r;

	key.cookie = bpf_get_socket_cookie(skb);
	if (dns_asked(skb, p, &key, &q) != 0)
		return 1;
	start = dns_start(skb, p);
	if (start == 0 || bpf_skb_load_bytes(skb, start, &front, sizeof(front)) != 0 ||
	    (front.flags[0] & 0xf8) != 0 || front.questions != bpf_htons(1))
		return 1;
	key.id = front.id;
	x = dns_work_new(&id);
	if (x == NULL)
		return dns_unseen(q.who.top);
	r = dns_ask(skb, p, start, &key, &q, x, id);
	bpf_map_delete_elem(&dns_works, &id);
	return r;
}

enum {
	OPTION_END = 0, /* of IPv4, RFC 791 section 3.1 */
	OPTION_NONE = 1,
	OPTION_LOOSE = 131,
	OPTION_STRICT = 137,
	HEADER_HOPS = 0, /* of IPv6, RFC 8200 section 4 */
	HEADER_ROUTE = 43,
	HEADER_DESTINATION = 60,
	EXTENSIONS = 4, /* headers that are looked at */
};

static __always_inline int is_extension(__u8 header)
{
	return header == HEADER_HOPS || header == HEADER_ROUTE || header == HEADER_DESTINATION;
}

/* Does the packet go to another host first, which its sender chose (a source route)? */
static __always_inline int has_route4(struct __sk_buff *skb, __u32 end)
{
	__u8 option[2] = {};
	__u32 off = 20;

	for (int i = 0; i < 40; i++) {
		FORGET();
		if (off + 2 > end || bpf_skb_load_bytes(skb, off, option, 2) != 0 ||
		    option[0] == OPTION_END)
			return 0;
		if (option[0] == OPTION_LOOSE || option[0] == OPTION_STRICT)
			return 1;
		off += option[0] == OPTION_NONE ? 1 : option[1] >= 2 ? option[1] : 40;
	}
	return 0;
}

/* The same for IPv6; @proto becomes the protocol behind the headers, @off where that begins. */
static __always_inline int has_route6(struct __sk_buff *skb, __u8 *proto, __u32 *off)
{
	__u8 header[2] = {};
	int routed = 0;

	for (int i = 0; i < EXTENSIONS; i++) {
		routed |= *proto == HEADER_ROUTE;
		if (!is_extension(*proto) || bpf_skb_load_bytes(skb, *off, header, 2) != 0)
			return routed;
		*proto = header[0];
		*off += (header[1] + 1) * 8;
	}
	return 1;
}

/* Whose socket sent it: segments of TCP leave at any time. */
static __always_inline struct guard_container *sender_of(struct __sk_buff *skb)
{
	struct guard_container *c = NULL;

	for (int i = 1; i <= TOP_DEPTH; i++) {
		__u64 id = bpf_skb_ancestor_cgroup_id(skb, i);
		struct guard_container *at = container_of_id(id);

		FORGET();
		if (id == 0)
			break;
		if (at != NULL)
			c = at;
	}
	return c;
}

/* Tells of it; the record is made where there is room. */
static __always_inline void tell_route(struct subject *s, struct peer *p, __u8 verdict)
{
	__u64 id;
	struct dns_work *x = dns_work_new(&id);

	if (x == NULL) {
		count_lost(s->container);
		return;
	}
	rec_init(&x->rec, GUARD_REC_SEND, s, (void *)bpf_get_current_task());
	__builtin_memcpy(x->rec.addr, p->addr, 16);
	x->rec.family = p->family;
	x->rec.port = p->port;
	x->rec.proto = p->proto;
	x->rec.reason = GUARD_REC_R_NOT_IN_PROFILE;
	x->rec.verdict = verdict;
	if (verdict > GUARD_REC_ALLOWED)
		send_alert(&x->rec, sizeof(x->rec), addr_word(p->addr, 0),
			   addr_word(p->addr, 8) ^ p->port);
	bpf_map_delete_elem(&dns_works, &id);
}

/*
 * A source route leads past what was said of the address that the program named: the host that the
 * packet goes to first has to be a peer too. A global function: see guard_path().
 */
__noinline int guard_route(struct __sk_buff *skb, __u32 off, __u32 family, __u32 proto)
{
	struct peer p = {.family = (__u16)family, .proto = (__u8)proto};
	struct subject s = {};
	__u8 verdict;

	if (family == AF_INET_ ? !has_route4(skb, off) : !has_route6(skb, &p.proto, &off))
		return 1;
	bpf_skb_load_bytes(skb, off + 2, &p.port, 2);
	p.port = bpf_ntohs(p.port);
	if (family == AF_INET_)
		bpf_skb_load_bytes(skb, 16, p.addr, 4);
	else
		bpf_skb_load_bytes(skb, 24, p.addr, 16);
	if (subject_task(&s, (void *)bpf_get_current_task()) != 0) {
		s.task = NULL;
		s.container = sender_of(skb);
		if (s.container == NULL || (s.container->flags & GUARD_C_IGNORED) != 0)
			return 1;
		s.policy = policy_of(s.container);
	}
	if (s.policy == NULL || !s.policy->has_profile || peer_known(&s, &p))
		return 1;
	verdict = verdict_of(s.policy->mode_peer, GUARD_REC_DENIED);
	if (s.task != NULL)
		tell_route(&s, &p, verdict);
	return verdict != GUARD_REC_DENIED;
}

SEC("cgroup_skb/egress")
int guard_dns_out(struct __sk_buff *skb)
{
	struct dns_packet p = {};
	__u8 head[24];
	int r = dns_ports(skb, &p, head);

	/* More in front of its ports than it needs. */
	if ((p.family == AF_INET_ ? p.l4 > 20 : p.family != 0 && is_extension(p.proto)) &&
	    guard_route(skb, p.l4, p.family, p.proto) == 0)
		return 0;
	if (r != 0)
		return 1;
	if (p.dport == 0)
		return dns_no_port(&p);
	if (p.sport == DNS_PORT)
		dns_own_answer(skb, &p);
	/* Packets that were redirected on the way stay on this machine, as to an engine's resolver.
	 */
	if (p.dport != DNS_PORT && !(p.family == AF_INET_ && head[16] == 127))
		return 1;
	return dns_leaves(skb, &p);
}

static __always_inline void dns_answer(struct __sk_buff *skb, struct dns_packet *p, __u32 start,
				       struct dns_front *front, struct dns_question *q,
				       struct dns_work *x, __u64 id)
{
	struct guard_container *c = container_of_id(q->who.top);
	__u32 n = bpf_ntohs(front->answers), type = 0;
	struct guard_policy *policy;

	if (c == NULL || (c->flags & GUARD_C_IGNORED) != 0 ||
	    (skb->ifindex == LOOPBACK_INDEX && (c->flags & GUARD_C_ANSWERS) != 0))
		return;
	policy = policy_of(c);
	x->off = start + DNS_HEADER;
	if (policy == NULL || guard_dns_name(skb, id) != 0 || x->hash != q->hash ||
	    bpf_skb_load_bytes(skb, x->off, &type, 4) != 0 || type != q->type)
		return;
	dns_fill(&x->rec, &q->who, 2, p, p->from, c);
	x->off += 4;
	if (policy->has_profile)
		guard_dns_known(id, c->service, policy->flags & GUARD_P_WILDCARDS);
	for (__u32 i = 0; i < DNS_RECORDS && (front->flags[1] & 15) == 0; i++)
		if (i >= n || guard_dns_record(skb, id) != 0)
			break;
	x->set ^= (__u64)(front->flags[1] & 15) << 32 ^ type;
	if (policy->has_profile || (policy->flags & GUARD_P_LEARN) != 0)
		dns_tell(skb, x, start, c);
}

static __noinline int dns_arrives(struct __sk_buff *skb, struct dns_packet *p)
{
	struct dns_question_key key = {};
	struct dns_question *q, copy;
	struct dns_front front;
	struct dns_work *x;
	__u32 start;
	__u64 id;

	start = dns_start(skb, p);
	if (start == 0 || bpf_skb_load_bytes(skb, start, &front, sizeof(front)) != 0 ||
	    (front.flags[0] & 0xf8) != 0x80 || front.questions != bpf_htons(1))
		return 1;
	dns_addresses(skb, p);
	key.cookie = bpf_get_socket_cookie(skb);
	__builtin_memcpy(key.server, p->from, 16);
	key.id = front.id;
	key.family = p->family;
	key.proto = p->proto;
	q = bpf_map_lookup_elem(&dns_questions, &key);
	if (q == NULL)
		return 1;
	copy = *q;
	if (bpf_ktime_get_ns() - copy.time_ns > DNS_WAIT_NS)
		return 1;
	x = dns_work_new(&id);
	if (x == NULL)
		return dns_unseen(copy.who.top);
	dns_answer(skb, p, start, &front, &copy, x, id);
	if (x->rec.type != 0)
		bpf_map_delete_elem(&dns_questions, &key);
	bpf_map_delete_elem(&dns_works, &id);
	return 1;
}

SEC("cgroup_skb/ingress")
int guard_dns_in(struct __sk_buff *skb)
{
	struct dns_packet p = {};
	__u8 head[24];

	if (dns_ports(skb, &p, head) != 0 || p.sport != DNS_PORT)
		return 1;
	return dns_arrives(skb, &p);
}
