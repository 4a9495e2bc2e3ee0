/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names led a container to an address, and on which ports it talks to it: filled from the
 * answers that its questions got, asked when it connects.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "guard/dns.h"

enum {
	GUARD_RESOLVED_NAMES = 8,     /* of one address, the latest */
	GUARD_RESOLVED_PORTS = 16,    /* of one address */
	GUARD_RESOLVED_MAX = 16384,   /* addresses of all containers; the oldest make room */
	GUARD_RESOLVED_TEXT_MAX = 256 /* longer names are none that a profile can hold */
};

/** struct guard_resolved_port - where a container talks to */
struct guard_resolved_port {
	uint16_t port;
	uint8_t proto; /* IPPROTO_* */
};

/** struct guard_resolved_entry - an address as one container knows it */
struct guard_resolved_entry {
	uint64_t cgroup;
	uint16_t family;
	uint8_t addr[16];
	char *names[GUARD_RESOLVED_NAMES]; /* latest first; NULL behind the last */
	struct guard_resolved_port ports[GUARD_RESOLVED_PORTS];
	size_t n_ports;
};

struct guard_resolved;

/**
 * guard_resolved_new() - empty table
 *
 * Return: the caller frees with guard_resolved_free().
 */
struct guard_resolved *guard_resolved_new(void);

/**
 * guard_resolved_free() - drop it
 * @t: may be NULL
 */
void guard_resolved_free(struct guard_resolved *t);
SK_DEFINE_CLEANUP(struct guard_resolved, guard_resolved_free);

/**
 * guard_resolved_get() - what is known of an address
 * @t: table
 * @cgroup: container
 * @family: AF_INET, AF_INET6
 * @addr: 16 bytes, IPv4 in the first four
 *
 * Return: NULL when nothing is; else valid until the next addition.
 */
const struct guard_resolved_entry *guard_resolved_get(const struct guard_resolved *t,
						      uint64_t cgroup, uint16_t family,
						      const uint8_t *addr);

/**
 * guard_resolved_name() - a name led to an address
 * @t: table
 * @cgroup: container
 * @a: address
 * @name: text, copied; too long ones are left out
 *
 * Return: the entry, valid until the next addition.
 */
const struct guard_resolved_entry *guard_resolved_name(struct guard_resolved *t, uint64_t cgroup,
						       const struct guard_dns_address *a,
						       const char *name);

/**
 * guard_resolved_port() - a container talks to an address
 * @t: table
 * @cgroup: container
 * @a: address
 * @port: where to; more than GUARD_RESOLVED_PORTS are left out
 *
 * Return: the entry, valid until the next addition.
 */
const struct guard_resolved_entry *guard_resolved_port(struct guard_resolved *t, uint64_t cgroup,
						       const struct guard_dns_address *a,
						       struct guard_resolved_port port);
