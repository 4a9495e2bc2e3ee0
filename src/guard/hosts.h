/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's own files say of names: /etc/hosts (hosts(5)) and /etc/resolv.conf
 * (resolv.conf(5)). The container may have written them: every byte is hostile, what is kept is
 * bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "guard/dns.h"

enum {
	GUARD_HOSTS_BYTES = 64 << 10, /* of a file that is read; more is left out */
	GUARD_MAX_NAMESERVERS = 8,
};

/** guard_hosts_fn - receives an address with one of its names, the canonical one first */
typedef void guard_hosts_fn(void *ctx, const struct guard_dns_address *a, struct sk_span name);

/**
 * guard_hosts_parse() - read the text of /etc/hosts
 * @text: bytes
 * @fn: called for each pair; names are names of DNS
 * @ctx: handed to it
 */
void guard_hosts_parse(struct sk_span text, guard_hosts_fn *fn, void *ctx);

/** struct guard_nameservers - whom a container asks */
struct guard_nameservers {
	struct guard_dns_address servers[GUARD_MAX_NAMESERVERS];
	size_t n_servers;
};

/**
 * guard_hosts_nameservers() - read the text of /etc/resolv.conf
 * @text: bytes
 * @ret: receives the servers; without any it is 127.0.0.1, as the resolver does it
 */
void guard_hosts_nameservers(struct sk_span text, struct guard_nameservers *ret);
