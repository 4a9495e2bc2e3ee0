/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/hosts and /etc/resolv.conf of a container: what is handed on is an address and a name. */
#include <stdlib.h>
#include <sys/socket.h>

#include "fuzz/target.h"
#include "guard/hosts.h"

static void check(void *ctx, const struct guard_dns_address *a, struct sk_span name)
{
	uint8_t query[GUARD_DNS_QUERY_SIZE];

	(void)ctx;
	if ((a->family != AF_INET && a->family != AF_INET6) ||
	    guard_dns_query(name, GUARD_DNS_A, 0, query) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard_nameservers servers;

	guard_hosts_parse(sk_span_of(data, size), check, NULL);
	guard_hosts_nameservers(sk_span_of(data, size), &servers);
	if (servers.n_servers == 0 || servers.n_servers > GUARD_MAX_NAMESERVERS)
		abort();
	return 0;
}
