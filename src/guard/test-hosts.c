/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/hosts and /etc/resolv.conf, as administrators and as attackers write them. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard/hosts.h"

static void note(void *ctx, const struct guard_dns_address *a, struct sk_span name)
{
	char *to = ctx, address[INET6_ADDRSTRLEN];
	size_t n = strlen(to);

	assert_non_null(inet_ntop(a->family, a->addr, address, sizeof(address)));
	(void)snprintf(to + n, 400 - n, "%s=%.*s ", address, (int)name.len, name.ptr);
}

static void test_hosts(void **state)
{
	static const char text[] =
		"# comment\n127.0.0.1\tlocalhost\r\n10.0.0.5 db.Example.org  db# x y\n"
		"::1 ip6-localhost;no\n10.0.0.256 bad\n10.0.0.1\0x.org y.org\n"
		"10.0.0.7\n10.0.0.8 a..b c_d.\n10.0.0.9 last";
	char got[400] = "";

	(void)state;
	guard_hosts_parse(sk_span_of(text, sizeof(text) - 1), note, got);
	assert_string_equal(got, "127.0.0.1=localhost 10.0.0.5=db.Example.org 10.0.0.5=db "
				 "::1=ip6-localhost 10.0.0.8=c_d. 10.0.0.9=last ");
}

static void test_nameservers(void **state)
{
	static const char many[] =
		"nameserver 10.0.0.1\nnameserver 10.0.0.1\nnameserver 10.0.0.1\nnameserver 10.0.0.1\n"
		"nameserver 10.0.0.1\nnameserver 10.0.0.1\nnameserver 10.0.0.1\nnameserver 10.0.0.1\n"
		"nameserver 10.0.0.1\nnameserver 10.0.0.1\n";
	struct guard_nameservers s;

	(void)state;
	guard_hosts_nameservers(sk_span_str("search a\n nameserver\t127.0.0.11 # docker\n"
					    "nameservers 1.2.3.4\nnameserver x\nnameserver ::1\n"),
				&s);
	assert_int_equal(s.n_servers, 2);
	assert_memory_equal(s.servers[0].addr, "\x7f\0\0\x0b", 4);
	assert_int_equal(s.servers[1].family, AF_INET6);
	guard_hosts_nameservers(sk_span_str(""), &s);
	assert_int_equal(s.n_servers, 1);
	assert_memory_equal(s.servers[0].addr, "\x7f\0\0\x01", 4);
	guard_hosts_nameservers(sk_span_str(many), &s);
	assert_int_equal(s.n_servers, GUARD_MAX_NAMESERVERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_nameservers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
