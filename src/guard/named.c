/* SPDX-License-Identifier: Apache-2.0 */
/* Names in the kernel's maps: wire form in lower case, with the ports they are peers on. */
#include "guard/named.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/map.h"
#include "guard/dns.h"
#include "guard/expect.h"

enum {
	DNS_PORT = 53,
};

static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {{IPPROTO_TCP, "tcp"}, {IPPROTO_UDP, "udp"}};

static bool has_protocol(const struct guard_peer *peer, size_t i)
{
	return peer->protocol == NULL || strcmp(peer->protocol, protocols[i].name) == 0;
}

/* Adds a name, or a port to it; more than GUARD_NAME_PORTS are left out: those stay denied. */
static void put_name(struct guard_kern *k, uint32_t service, const char *text,
		     const struct guard_peer *peer, struct guard_policy *policy)
{
	struct guard_name_key key = {.service = service};
	struct guard_dns_pattern pattern;
	struct guard_name name = {0};

	if (!guard_dns_pattern(sk_span_str(text), &pattern))
		return;
	key.wildcard = pattern.wildcard;
	memcpy(key.name, pattern.wire, pattern.len);
	if (pattern.wildcard)
		policy->flags |= GUARD_P_WILDCARDS;
	if (!guard_kern_get(k, GUARD_MAP_NAMES, &key, &name))
		memset(&name, 0, sizeof(name));
	for (size_t i = 0; peer != NULL && i < SK_ARRAY_LEN(protocols); i++)
		if (has_protocol(peer, i) && name.n_ports < GUARD_NAME_PORTS)
			name.ports[name.n_ports++] = (struct guard_name_port){
				.port = peer->port, .proto = protocols[i].number};
	(void)guard_kern_put(k, GUARD_MAP_NAMES, &key, &name);
}

void guard_named_put(struct guard_kern *k, uint32_t service, const struct guard_profile *p,
		     enum guard_mode given, struct guard_policy *policy)
{
	for (size_t i = 0; i < p->n_peers; i++) {
		if (p->peers[i].name == NULL)
			continue;
		put_name(k, service, p->peers[i].name, &p->peers[i], policy);
		policy->flags |= GUARD_P_NAMED;
	}
	for (size_t i = 0; i < p->names.n_items; i++)
		put_name(k, service, p->names.items[i].text, NULL, policy);
	policy->mode_name = (uint8_t)guard_profile_mode(p, GUARD_SECTION_NAMES, given);
	if (guard_expect_mode(p, GUARD_SECTION_NAMES, given) != GUARD_MODE_UNSET)
		policy->flags |= GUARD_P_NAMES;
}

/* The name itself, and all below it. */
static void put_sign(struct guard_kern *k, const struct guard_sign *sign)
{
	struct guard_policy policy = {0};
	char below[GUARD_DNS_NAME + 2];

	if (sign->field != GUARD_SIGN_NAME)
		return;
	(void)snprintf(below, sizeof(below), "*.%s", sign->pattern);
	put_name(k, GUARD_SIGNS_SERVICE, sign->pattern, NULL, &policy);
	put_name(k, GUARD_SIGNS_SERVICE, below, NULL, &policy);
}

void guard_named_signs(struct guard_kern *k, const struct guard_sign_list *more)
{
	size_t n;
	const struct guard_sign *signs = guard_signs(&n);

	for (size_t i = 0; i < n; i++)
		put_sign(k, &signs[i]);
	for (size_t i = 0; more != NULL && i < more->n; i++)
		put_sign(k, &more->items[i]);
}

const char *const *guard_named_list(const struct guard_profile *p, struct sk_arena *a,
				    size_t *ret_n)
{
	const char **list = sk_arena_array(a, p->n_peers, sizeof(*list));
	struct guard_dns_pattern pattern;
	struct sk_map seen = {0};

	for (size_t i = 0; i < p->n_peers; i++) {
		const char *name = p->peers[i].name;
		size_t n = seen.n_items;

		if (name == NULL || !guard_dns_pattern(sk_span_str(name), &pattern) ||
		    pattern.wildcard)
			continue;
		(void)sk_map_put(&seen, sk_span_str(name), 0);
		if (seen.n_items > n)
			list[n] = name;
	}
	*ret_n = seen.n_items;
	sk_map_release(&seen);
	return list;
}

void guard_named_open(struct guard_kern *k, const struct guard_profile *p,
		      const struct guard_resolver_found *found)
{
	struct guard_named_key key = {.cgroup = found->cgroup,
				      .family = (uint8_t)found->address->family};
	struct guard_named value, have;

	value.until_ns = sk_mono_ns() + found->valid_s * SK_SECOND_NS;
	memcpy(key.addr, found->address->addr, sizeof(key.addr));
	for (size_t i = 0; i < p->n_peers; i++) {
		const struct guard_peer *peer = &p->peers[i];

		if (peer->name == NULL || strcmp(peer->name, found->name) != 0)
			continue;
		for (size_t j = 0; j < SK_ARRAY_LEN(protocols); j++) {
			if (!has_protocol(peer, j))
				continue;
			key.port = peer->port;
			key.proto = protocols[j].number;
			if (!guard_kern_get(k, GUARD_MAP_NAMED, &key, &have) ||
			    have.until_ns < value.until_ns)
				(void)guard_kern_put(k, GUARD_MAP_NAMED, &key, &value);
		}
	}
}

void guard_named_servers(struct guard_kern *k, uint32_t service,
			 const struct guard_nameservers *servers)
{
	uint32_t one = 1;

	for (size_t i = 0; i < servers->n_servers; i++) {
		struct guard_peer_key key = {.service = service,
					     .port = DNS_PORT,
					     .family = (uint8_t)servers->servers[i].family};

		memcpy(key.addr, servers->servers[i].addr, sizeof(key.addr));
		for (size_t j = 0; j < SK_ARRAY_LEN(protocols); j++) {
			key.proto = protocols[j].number;
			(void)guard_kern_put(k, GUARD_MAP_PEERS, &key, &one);
		}
	}
}
