/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages: a name that was read can be asked for, and is read again as the same. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz/target.h"
#include "guard/dns.h"

static void ask_again(const char *name, uint16_t type, uint16_t id)
{
	uint8_t query[GUARD_DNS_QUERY_SIZE];
	static struct guard_dns again;
	size_t n = guard_dns_query(sk_span_str(name), type, id, query);

	if (n == 0 || !guard_dns_parse(sk_span_of(query, n), &again) || again.is_answer ||
	    again.id != id || again.type != type || strcmp(again.name, name) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guard_dns m;
	uint8_t wire[GUARD_DNS_WIRE_SIZE];

	if (guard_dns_wire(sk_span_of(data, size), wire) > sizeof(wire))
		abort();
	if (!guard_dns_parse(sk_span_of(data, size), &m))
		return 0;
	if (m.n_addresses > GUARD_DNS_MAX_ADDRESSES || m.n_aliases > GUARD_DNS_MAX_ALIASES ||
	    (!m.is_answer && m.n_addresses != 0))
		abort();
	for (size_t i = 0; i < m.n_addresses; i++)
		if (m.addresses[i].family != AF_INET && m.addresses[i].family != AF_INET6)
			abort();
	ask_again(m.name, m.type, m.id);
	for (size_t i = 0; i < m.n_aliases; i++)
		ask_again(m.aliases[i], m.type, m.id);
	return 0;
}
