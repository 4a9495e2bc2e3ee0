/* SPDX-License-Identifier: Apache-2.0 */
/* Names of addresses: the latest first, per container, the oldest entry makes room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "guard/resolved.h"

static struct guard_dns_address address(uint32_t n)
{
	struct guard_dns_address a = {.family = AF_INET};

	memcpy(a.addr, &n, sizeof(n));
	return a;
}

static void test_names(void **state)
{
	struct guard_resolved *t = guard_resolved_new();
	struct guard_dns_address a = address(1);
	const struct guard_resolved_entry *e;
	char name[300];

	(void)state;
	assert_null(guard_resolved_get(t, 7, AF_INET, a.addr));
	(void)guard_resolved_name(t, 7, &a, "a.example.org");
	(void)guard_resolved_name(t, 7, &a, "b.example.org");
	e = guard_resolved_name(t, 7, &a, "a.example.org");
	assert_string_equal(e->names[0], "a.example.org");
	assert_string_equal(e->names[1], "b.example.org");
	assert_null(e->names[2]);
	assert_null(guard_resolved_get(t, 8, AF_INET, a.addr));
	assert_null(guard_resolved_get(t, 7, AF_INET6, a.addr));
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "%d.example.org", i);
		e = guard_resolved_name(t, 7, &a, name);
	}
	assert_string_equal(e->names[0], "19.example.org");
	assert_string_equal(e->names[GUARD_RESOLVED_NAMES - 1], "12.example.org");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	e = guard_resolved_name(t, 7, &a, name);
	assert_string_equal(e->names[0], "19.example.org");
	guard_resolved_free(t);
}

static void test_ports(void **state)
{
	struct guard_resolved *t = guard_resolved_new();
	struct guard_dns_address a = address(1);
	const struct guard_resolved_entry *e = NULL;

	(void)state;
	for (uint16_t i = 0; i < 40; i++)
		e = guard_resolved_port(t, 7, &a,
					(struct guard_resolved_port){(uint16_t)(i % 20 + 1), 6});
	assert_int_equal(e->n_ports, GUARD_RESOLVED_PORTS);
	assert_int_equal(e->ports[2].port, 3);
	guard_resolved_free(t);
}

static void test_room(void **state)
{
	struct guard_resolved *t = guard_resolved_new();
	struct guard_dns_address a = address(0);

	(void)state;
	for (uint32_t i = 0; i < GUARD_RESOLVED_MAX + 100; i++) {
		a = address(i);
		(void)guard_resolved_name(t, i % 3, &a, "x.example.org");
	}
	for (uint32_t i = 0; i < GUARD_RESOLVED_MAX + 100; i++) {
		a = address(i);
		assert_int_equal(guard_resolved_get(t, i % 3, AF_INET, a.addr) != NULL, i >= 100);
	}
	guard_resolved_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
