/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard's own look-ups, with the eyes of a container: its /etc/hosts and /etc/resolv.conf, its
 * network namespace. For what a container knew before the guard came, and for programs that look a
 * name up once and never again. The files are read and the namespace is taken once, when a
 * container is first met: what it writes there later is not believed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "guard/dns.h"
#include "guard/hosts.h"
#include "guard/reader.h"

struct guard_resolver;

/** struct guard_resolver_found - an address of a name */
struct guard_resolver_found {
	uint64_t cgroup;
	const char *name;
	const struct guard_dns_address *address;
	uint32_t valid_s; /* seconds from now */
};

/** guard_resolver_fn - receives what was found */
typedef void guard_resolver_fn(void *ctx, const struct guard_resolver_found *found);

/**
 * guard_resolver_new() - nothing to look up
 * @reader: of containers' files; outlives the state
 *
 * Return: the caller frees with guard_resolver_free().
 */
struct guard_resolver *guard_resolver_new(struct guard_reader *reader);

/**
 * guard_resolver_free() - forget everything
 * @r: may be NULL
 */
void guard_resolver_free(struct guard_resolver *r);
SK_DEFINE_CLEANUP(struct guard_resolver, guard_resolver_free);

/**
 * guard_resolver_add() - a container was met
 * @r: resolver
 * @cgroup: container; one that is known already is left as it is
 * @pid: a process of it
 * @names: to be looked up now and every few minutes; outlive the container
 * @n_names: count
 *
 * Return: whom the container asks, borrowed; NULL when the container was known, is gone, or there
 * are too many.
 */
const struct guard_nameservers *guard_resolver_add(struct guard_resolver *r, uint64_t cgroup,
						   uint32_t pid, const char *const *names,
						   size_t n_names);

/**
 * guard_resolver_remove() - a container is gone
 * @r: resolver
 * @cgroup: container
 */
void guard_resolver_remove(struct guard_resolver *r, uint64_t cgroup);

/**
 * guard_resolver_tick() - send what is due and take what has come, without waiting
 * @r: resolver
 * @now_ms: a clock that only goes forward
 * @fn: receives addresses
 * @ctx: handed to it
 *
 * Return: true when no container waits for its first look-ups any more.
 */
bool guard_resolver_tick(struct guard_resolver *r, uint64_t now_ms, guard_resolver_fn *fn,
			 void *ctx);
