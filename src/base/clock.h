/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks as one number. Deadlines and pauses use the monotonic one, times that people read the
 * wall clock. */
#pragma once

#include <stdint.h>
#include <time.h>

#define SK_SECOND_NS UINT64_C(1000000000)
#define SK_MS_NS UINT64_C(1000000)
#define SK_US_NS UINT64_C(1000)

/**
 * sk_timespec_ns() - a time as one number
 * @t: not before 1970
 *
 * Return: nanoseconds.
 */
static inline uint64_t sk_timespec_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * SK_SECOND_NS + (uint64_t)t->tv_nsec;
}

/**
 * sk_mono_ns() - CLOCK_MONOTONIC, which never goes back and stands while the machine sleeps
 *
 * Return: nanoseconds since some start.
 */
uint64_t sk_mono_ns(void);

/**
 * sk_mono_us() - the same clock in microseconds
 *
 * Return: microseconds since some start.
 */
uint64_t sk_mono_us(void);

/**
 * sk_mono_ms() - the same clock in milliseconds
 *
 * Return: milliseconds since some start.
 */
uint64_t sk_mono_ms(void);

/**
 * sk_wall_ns() - CLOCK_REALTIME, which people and files go by and which may be set back
 *
 * Return: nanoseconds since 1970 (UTC).
 */
uint64_t sk_wall_ns(void);
