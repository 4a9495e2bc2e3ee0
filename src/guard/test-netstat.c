/* SPDX-License-Identifier: Apache-2.0 */
/* Who opened a connection, from the kernel's tables. */
#include "guard/netstat.h"
#include "guard/test-util.h"

static const char tcp[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	"   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 100 0 0 10 0\n"
	"   1: 0100007F:0050 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0 20 4 30 10 -1\n"
	"   2: 0A00020F:C351 CB007105:01BB 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0 20 4 30 10 -1\n"
	"   3: 0100007F:115C 0100007F:C352 01 00000000:00000000 00:00000000 00000000     0        0 103 1 0 20 4 30 10 -1\n"
	"   4: 0100007F:0400 0100007F:0401 02 00000000:00000000 00:00000000 00000000     0        0 104 1 0 20 4 30 10 -1\n"
	"   5: 0100007F:0400 0100007F:0401 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0\n"
	"   6: 0100007F:0400\n"
	"   7: 0100007F:0400 zz:0401 02 00000000:00000000 00:00000000 00000000     0        0 105 1\n";
static const char tcp6[] =
	"  sl  local_address                         remote_address                        st\n"
	"   0: 0000000000000000FFFF00000100007F:C353 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 201 1\n"
	"   1: 00000000000000000000000001000000:C354 B80D0120000000000000000001000000:1F90 01 00000000:00000000 00:00000000 00000000     0        0 202 1\n";

static void check(const struct guard_netstat *n, uint64_t inode, const char *address, uint16_t port)
{
	const struct guard_connection *c = guard_netstat_outgoing(n, inode);

	if (address == NULL) {
		assert_null(c);
		return;
	}
	if (c == NULL)
		fail_msg("%llu", (unsigned long long)inode);
	assert_string_equal(c->address, address);
	assert_int_equal(c->port, port);
}

static void directions(void **state)
{
	struct guard_netstat *n = guard_netstat_new();

	(void)state;
	guard_netstat_add(n, sk_span_str(tcp), false);
	guard_netstat_add(n, sk_span_str(tcp6), true);
	check(n, 100, NULL, 0);            /* listens */
	check(n, 101, NULL, 0);            /* accepted: its port is listened on */
	check(n, 102, "5.113.0.203", 443); /* opened */
	check(n, 103, NULL, 0);            /* accepted once, nobody listens any more */
	check(n, 104, "127.0.0.1", 1025);  /* opened from a port of its own choice */
	check(n, 105, NULL, 0);            /* no address */
	check(n, 201, "127.0.0.1", 8080);  /* IPv4 in IPv6 */
	check(n, 202, "2001:db8::1", 8080);
	check(n, 0, NULL, 0);
	guard_netstat_free(n);
}

/* One line after the other, whatever their order: all are found. */
static void many(void **state)
{
	struct guard_netstat *n = guard_netstat_new();
	char line[200];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(line, sizeof(line),
			       "%u: 0A00020F:C351 CB007105:01BB 01 0:0 0:0 0 0 0 %u 1\n", i,
			       (i * 7919u) % 2003u + 1);
		guard_netstat_add(n, sk_span_str(line), false);
	}
	for (unsigned i = 0; i < 2000; i++)
		check(n, (i * 7919u) % 2003u + 1, "5.113.0.203", 443);
	check(n, 5000, NULL, 0);
	guard_netstat_free(n);
}

/* The tables of this very process, whatever they hold. */
static void own(void **state)
{
	struct guard_netstat *n = guard_netstat_new();

	(void)state;
	guard_netstat_read(n, (uint32_t)getpid());
	check(n, 1, NULL, 0);
	guard_netstat_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(directions), cmocka_unit_test(many),
					   cmocka_unit_test(own)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
