/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of a network namespace, as /proc/PID/net shows them: which were opened by whom.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/span.h"

enum {
	GUARD_ADDRESS_SIZE = 46, /* INET6_ADDRSTRLEN */
};

/** struct guard_connection - a connected socket */
struct guard_connection {
	uint64_t inode;
	uint16_t local_port;
	uint16_t port; /* the other side's */
	char address[GUARD_ADDRESS_SIZE];
};

struct guard_netstat;

/**
 * guard_netstat_new() - no connection known
 *
 * Return: the caller frees with guard_netstat_free().
 */
struct guard_netstat *guard_netstat_new(void);

/**
 * guard_netstat_free() - drop it
 * @n: may be NULL
 */
void guard_netstat_free(struct guard_netstat *n);
SK_DEFINE_CLEANUP(struct guard_netstat, guard_netstat_free);

/**
 * guard_netstat_add() - take in a table
 * @n: connections so far
 * @text: of /proc/net/tcp, tcp6, udp or udp6
 * @is_v6: addresses have 16 bytes
 *
 * Lines that do not look like it are passed over. At most 65,536 sockets are kept.
 */
void guard_netstat_add(struct guard_netstat *n, struct sk_span text, bool is_v6);

/**
 * guard_netstat_read() - the tables of a process's network namespace
 * @n: connections so far
 * @pid: process
 */
void guard_netstat_read(struct guard_netstat *n, uint32_t pid);

/**
 * guard_netstat_outgoing() - a connection that was opened from this side
 * @n: connections, complete
 * @inode: of the socket
 *
 * One whose local port somebody listens on was accepted; where nobody listens any more, one from a
 * fixed port to an ephemeral one was.
 * Return: NULL when it is none; borrowed.
 */
const struct guard_connection *guard_netstat_outgoing(const struct guard_netstat *n,
						      uint64_t inode);
