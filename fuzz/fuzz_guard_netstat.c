/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of sockets: what is found has an address and a port, and was asked for. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "guard/netstat.h"

enum {
	INODES = 64, /* asked for; seeds have small numbers */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard_netstat *n = guard_netstat_new();
	uint8_t address[16];

	guard_netstat_add(n, sk_span_of(data, size), false);
	guard_netstat_add(n, sk_span_of(data, size), true);
	for (uint64_t i = 0; i < INODES; i++) {
		const struct guard_connection *c = guard_netstat_outgoing(n, i);

		if (c != NULL && (c->inode != i || c->port == 0 ||
				  inet_pton(strchr(c->address, ':') != NULL ? AF_INET6 : AF_INET,
					    c->address, address) != 1))
			abort();
	}
	guard_netstat_free(n);
	return 0;
}
