/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks: units, order, and which clock it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static uint64_t system_ns(clockid_t clock)
{
	struct timespec t;

	assert_int_equal(clock_gettime(clock, &t), 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void joins_seconds(void **state)
{
	const struct timespec zero = {0}, t = {.tv_sec = 1700000000, .tv_nsec = 999999999};

	(void)state;
	assert_true(sk_timespec_ns(&zero) == 0);
	assert_true(sk_timespec_ns(&t) == 1700000000999999999u);
}

/* Each reading lies between two of the system's own, however slow the machine is. */
static void reads_the_monotonic_clock(void **state)
{
	uint64_t before = system_ns(CLOCK_MONOTONIC);
	uint64_t ns = sk_mono_ns(), us = sk_mono_us(), ms = sk_mono_ms();
	uint64_t after = system_ns(CLOCK_MONOTONIC);

	(void)state;
	assert_in_range(ns, before, after);
	assert_in_range(us, ns / 1000, after / 1000);
	assert_in_range(ms, us / 1000, after / 1000000);
}

static void reads_the_wall_clock(void **state)
{
	const struct timespec y2020 = {.tv_sec = 1577836800};
	uint64_t off = sk_wall_ns() - system_ns(CLOCK_MONOTONIC);
	uint64_t expected = system_ns(CLOCK_REALTIME) - system_ns(CLOCK_MONOTONIC);
	uint64_t apart = off > expected ? off - expected : expected - off;

	(void)state;
	assert_true(sk_wall_ns() > sk_timespec_ns(&y2020));
	assert_true(apart < 60 * SK_SECOND_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_seconds),
		cmocka_unit_test(reads_the_monotonic_clock),
		cmocka_unit_test(reads_the_wall_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
