/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks. Both are there on every Linux, so reading them cannot fail. */
#include "base/clock.h"

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return sk_timespec_ns(&now);
}

uint64_t sk_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t sk_mono_us(void)
{
	return sk_mono_ns() / SK_US_NS;
}

uint64_t sk_mono_ms(void)
{
	return sk_mono_ns() / SK_MS_NS;
}

uint64_t sk_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}
