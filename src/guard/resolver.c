/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stub resolver over UDP (RFC 1035, RFC 5452: random ids and ports, connected sockets) that never
 * waits. One round of a container asks all its names, a few questions at a time; a few containers
 * are served at a time.
 */
#include "guard/resolver.h"

#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/io.h"

enum {
	MAX_PLACES = 8192,
	MAX_ROUNDS = 32,   /* containers served at a time */
	MAX_ASKED = 16,    /* questions of a container on their way */
	MAX_NAMES = 256,   /* of a container */
	MAX_HOSTS = 64,    /* addresses from its /etc/hosts */
	MAX_SERVERS = 3,   /* asked, as the C library does it */
	TRY_MS = 1000,     /* until the next server is asked */
	MAX_TRIES = 6,     /* of a question */
	ROUND_MS = 300000, /* between rounds */
	ROUND_S = 400,     /* an answer holds at least until the next round */
	FILES_MS = 1000,   /* longest wait for a container's /etc/hosts */
	MESSAGE_SIZE = 4096,
	DNS_PORT = 53,
};

/** struct host - an address from /etc/hosts for a name of the container */
struct host {
	struct guard_dns_address address;
	size_t name;
};

/** struct question - on its way */
struct question {
	bool used;
	uint16_t id;
	uint16_t type;
	size_t name;
	unsigned tries;
	uint64_t deadline_ms;
};

/** struct place - a container */
struct place {
	uint64_t cgroup;
	int netns;
	struct guard_nameservers servers;
	const char *const *names;
	size_t n_names;
	struct host hosts[MAX_HOSTS];
	size_t n_hosts;
	/* the current round */
	bool active;
	bool met; /* a round is over */
	int fds[MAX_SERVERS];
	size_t next; /* name and type to be asked next: two for each name */
	struct question asked[MAX_ASKED];
	uint64_t due_ms;
};

struct guard_resolver {
	struct guard_reader *reader;
	struct place **places;
	size_t n_places;
	size_t cap;
	size_t n_active;
	int own_netns;
	uint8_t message[MESSAGE_SIZE];
	struct guard_dns dns;
};

struct guard_resolver *guard_resolver_new(struct guard_reader *reader)
{
	struct guard_resolver *r = sk_alloc(sizeof(*r));

	r->reader = reader;

	r->own_netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return r;
}

static void end_round(struct guard_resolver *r, struct place *p)
{
	for (size_t i = 0; i < MAX_SERVERS; i++)
		sk_closep(&p->fds[i]);
	if (p->active)
		r->n_active--;
	p->active = false;
	p->met = true;
}

static void drop_place(struct guard_resolver *r, struct place *p)
{
	end_round(r, p);
	sk_closep(&p->netns);
	sk_free(p);
}

void guard_resolver_free(struct guard_resolver *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_places; i++)
		drop_place(r, r->places[i]);
	sk_free(r->places);
	sk_closep(&r->own_netns);
	sk_free(r);
}

static bool same_name(const char *a, struct sk_span b)
{
	uint8_t wire_a[GUARD_DNS_WIRE_SIZE], wire_b[GUARD_DNS_WIRE_SIZE];
	size_t len = guard_dns_wire(sk_span_str(a), wire_a);

	return len != 0 && len == guard_dns_wire(b, wire_b) && memcmp(wire_a, wire_b, len) == 0;
}

static void note_host(void *ctx, const struct guard_dns_address *a, struct sk_span name)
{
	struct place *p = ctx;

	for (size_t i = 0; i < p->n_names && p->n_hosts < MAX_HOSTS; i++)
		if (same_name(p->names[i], name))
			p->hosts[p->n_hosts++] = (struct host){.address = *a, .name = i};
}

static void read_files(struct guard_reader *reader, struct place *p, uint32_t pid)
{
	sk_cleanup(sk_freep) char *text = sk_alloc(GUARD_HOSTS_BYTES);
	struct guard_asking asking = {
		.owner = p->cgroup, .wait_ms = FILES_MS, .patience = GUARD_PATIENCE_RARE};

	guard_hosts_parse(
		guard_reader_text(reader, &asking, pid, "/etc/hosts", text, GUARD_HOSTS_BYTES),
		note_host, p);
	guard_hosts_nameservers(guard_reader_text(reader, &asking, pid, "/etc/resolv.conf", text,
						  GUARD_HOSTS_BYTES),
				&p->servers);
}

static size_t find(const struct guard_resolver *r, uint64_t cgroup)
{
	size_t i = 0;

	while (i < r->n_places && r->places[i]->cgroup != cgroup)
		i++;
	return i;
}

const struct guard_nameservers *guard_resolver_add(struct guard_resolver *r, uint64_t cgroup,
						   uint32_t pid, const char *const *names,
						   size_t n_names)
{
	struct place *p;
	char path[64];
	int netns;

	if (find(r, cgroup) < r->n_places || r->n_places == MAX_PLACES)
		return NULL;
	(void)snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return NULL;
	SK_GROW(r->places, r->n_places, r->cap);
	p = r->places[r->n_places++] = sk_alloc(sizeof(*p));
	p->cgroup = cgroup;
	p->netns = netns;
	p->names = names;
	p->n_names = n_names < MAX_NAMES ? n_names : MAX_NAMES;
	for (size_t i = 0; i < MAX_SERVERS; i++)
		p->fds[i] = -1;
	read_files(r->reader, p, pid);
	return &p->servers;
}

void guard_resolver_remove(struct guard_resolver *r, uint64_t cgroup)
{
	size_t i = find(r, cgroup);

	if (i == r->n_places)
		return;
	drop_place(r, r->places[i]);
	r->places[i] = r->places[--r->n_places];
}

static int open_socket(const struct guard_dns_address *server)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};
	int fd = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int res;

	memcpy(&in4.sin_addr, server->addr, sizeof(in4.sin_addr));
	memcpy(&in6.sin6_addr, server->addr, sizeof(in6.sin6_addr));
	if (fd < 0)
		return -1;
	res = server->family == AF_INET ? connect(fd, (const void *)&in4, sizeof(in4))
					: connect(fd, (const void *)&in6, sizeof(in6));
	if (res != 0)
		sk_closep(&fd);
	return fd;
}

/* Sockets belong to the namespace they are made in. */
static void begin_round(struct guard_resolver *r, struct place *p, uint64_t now_ms)
{
	int back;

	p->active = true;
	p->next = 0;
	p->due_ms = now_ms + ROUND_MS;
	memset(p->asked, 0, sizeof(p->asked));
	r->n_active++;
	if (r->own_netns < 0 || setns(p->netns, CLONE_NEWNET) != 0)
		return;
	for (size_t i = 0; i < MAX_SERVERS && i < p->servers.n_servers; i++)
		p->fds[i] = open_socket(&p->servers.servers[i]);
	/* The descriptor is this thread's own: there is no way on when it does not work. */
	back = setns(r->own_netns, CLONE_NEWNET);
	assert(back == 0);
}

static size_t n_servers(const struct place *p)
{
	return p->servers.n_servers < MAX_SERVERS ? p->servers.n_servers : MAX_SERVERS;
}

static void send_question(struct place *p, struct question *q, uint64_t now_ms)
{
	uint8_t query[GUARD_DNS_QUERY_SIZE];
	int fd = p->fds[q->tries % n_servers(p)];
	size_t n;

	q->used = q->tries++ < MAX_TRIES &&
		  getrandom(&q->id, sizeof(q->id), GRND_NONBLOCK) == sizeof(q->id);
	if (!q->used)
		return;
	n = guard_dns_query(sk_span_str(p->names[q->name]), q->type, q->id, query);
	/* A server that cannot be reached is one that does not answer. */
	q->deadline_ms = now_ms + TRY_MS;
	if (n == 0 || fd < 0 || send(fd, query, n, MSG_NOSIGNAL) != (ssize_t)n)
		q->deadline_ms = now_ms + 1;
}

static bool in_hosts(const struct place *p, size_t name)
{
	for (size_t i = 0; i < p->n_hosts; i++)
		if (p->hosts[i].name == name)
			return true;
	return false;
}

/* Asks what is due; returns false when the round is over. */
static bool ask(struct place *p, uint64_t now_ms)
{
	bool waits = false;

	for (size_t i = 0; i < MAX_ASKED; i++) {
		struct question *q = &p->asked[i];

		if (q->used && now_ms >= q->deadline_ms)
			send_question(p, q, now_ms);
		while (!q->used && p->next < 2 * p->n_names) {
			*q = (struct question){.name = p->next / 2,
					       .type = p->next % 2 == 0 ? GUARD_DNS_A
									: GUARD_DNS_AAAA};
			p->next++;
			if (!in_hosts(p, q->name))
				send_question(p, q, now_ms);
		}
		waits |= q->used;
	}
	return waits;
}

static void tell(const struct place *p, size_t name, const struct guard_dns_address *a,
		 guard_resolver_fn *fn, void *ctx)
{
	struct guard_resolver_found found = {.cgroup = p->cgroup,
					     .name = p->names[name],
					     .address = a,
					     .valid_s = a->ttl > ROUND_S ? a->ttl : ROUND_S};

	fn(ctx, &found);
}

static void take(struct guard_resolver *r, struct place *p, size_t server, uint64_t now_ms,
		 guard_resolver_fn *fn, void *ctx)
{
	const struct guard_dns *m = &r->dns;

	for (size_t i = 0; i < MAX_ASKED; i++) {
		struct question *q = &p->asked[i];

		if (!q->used || q->id != m->id || q->type != m->type ||
		    (q->tries - 1) % n_servers(p) != server ||
		    !same_name(p->names[q->name], sk_span_str(m->name)))
			continue;
		if (m->code != 0 && m->code != 3) {
			q->deadline_ms = now_ms; /* the next server may know */
			return;
		}
		for (size_t k = 0; k < m->n_addresses; k++)
			tell(p, q->name, &m->addresses[k], fn, ctx);
		q->used = false;
		return;
	}
}

static void receive(struct guard_resolver *r, struct place *p, uint64_t now_ms,
		    guard_resolver_fn *fn, void *ctx)
{
	for (size_t i = 0; i < MAX_SERVERS; i++) {
		ssize_t n = 0;

		for (int k = 0; p->fds[i] >= 0 && k < 2 * MAX_ASKED; k++) {
			n = recv(p->fds[i], r->message, sizeof(r->message), 0);
			if (n < 0)
				break;
			if (guard_dns_parse(sk_span_of(r->message, (size_t)n), &r->dns) &&
			    r->dns.is_answer)
				take(r, p, i, now_ms, fn, ctx);
		}
	}
}

bool guard_resolver_tick(struct guard_resolver *r, uint64_t now_ms, guard_resolver_fn *fn,
			 void *ctx)
{
	bool all_met = true;

	for (size_t i = 0; i < r->n_places; i++) {
		struct place *p = r->places[i];

		if (!p->active && now_ms >= p->due_ms && r->n_active < MAX_ROUNDS) {
			begin_round(r, p, now_ms);
			for (size_t k = 0; k < p->n_hosts; k++)
				tell(p, p->hosts[k].name, &p->hosts[k].address, fn, ctx);
		}
		if (p->active) {
			receive(r, p, now_ms, fn, ctx);
			if (!ask(p, now_ms))
				end_round(r, p);
		}
		all_met = all_met && p->met;
	}
	return all_met;
}
