/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of numbers, sizes, durations and times: tables of text and value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parse.h"

#define BAD (-999)

static void reads_integers(void **state)
{
	static const struct {
		const char *text;
		int u32, u64, i64;
	} cases[] = {
		{"0", 1, 1, 1},
		{"007", 1, 1, 1},
		{"4294967295", 1, 1, 1},
		{"4294967296", 0, 1, 1},
		{"9223372036854775807", 0, 1, 1},
		{"9223372036854775808", 0, 1, 0},
		{"18446744073709551615", 0, 1, 0},
		{"18446744073709551616", 0, 0, 0},
		{"-1", 0, 0, 1},
		{"-9223372036854775808", 0, 0, 1},
		{"-9223372036854775809", 0, 0, 0},
		{"", 0, 0, 0},
		{"-", 0, 0, 0},
		{"+1", 0, 0, 0},
		{" 1", 0, 0, 0},
		{"1 ", 0, 0, 0},
		{"0x1", 0, 0, 0},
		{"1a", 0, 0, 0},
		{"/", 0, 0, 0},
		{":", 0, 0, 0},
	};
	uint32_t u32;
	uint64_t u64;
	int64_t i64;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct sk_span s = sk_span_str(cases[i].text);

		assert_int_equal(sk_parse_u32(s, &u32), cases[i].u32);
		assert_int_equal(sk_parse_u64(s, &u64), cases[i].u64);
		assert_int_equal(sk_parse_i64(s, &i64), cases[i].i64);
	}
	assert_true(sk_parse_u32(sk_span_str("4294967295"), &u32) && u32 == UINT32_MAX);
	assert_true(sk_parse_u64(sk_span_str("18446744073709551615"), &u64) && u64 == UINT64_MAX);
	assert_true(sk_parse_i64(sk_span_str("-9223372036854775808"), &i64) && i64 == INT64_MIN);
	assert_false(sk_parse_u64(sk_span_of("1\0", 2), &u64));
}

static void leaves_result_alone_on_failure(void **state)
{
	uint32_t u32 = 7;
	int64_t i64 = 7;
	uint8_t bytes[2] = {7, 7};

	(void)state;
	assert_false(sk_parse_u32(sk_span_str("x"), &u32));
	assert_false(sk_parse_i64(sk_span_str("--1"), &i64));
	assert_false(sk_parse_hex(sk_span_str("00zz"), bytes, 2));
	assert_int_equal(u32, 7);
	assert_int_equal(i64, 7);
	assert_int_equal(bytes[0], 7);
}

static void reads_octal_and_hex(void **state)
{
	uint8_t bytes[4];
	uint64_t value;
	char text[9];

	(void)state;
	assert_true(sk_parse_octal(sk_span_str("0000644"), &value) && value == 0644);
	assert_false(sk_parse_octal(sk_span_str("8"), &value));
	assert_true(sk_parse_hex(sk_span_str("00fFA09b"), bytes, 4));
	assert_memory_equal(bytes, "\x00\xff\xa0\x9b", 4);
	assert_false(sk_parse_hex(sk_span_str("00ff"), bytes, 4));
	assert_false(sk_parse_hex(sk_span_str("0g"), bytes, 1));
	assert_string_equal(sk_format_hex((const uint8_t *)"\x00\xff\xa0\x9b", 4, text),
			    "00ffa09b");
	assert_string_equal(sk_format_hex(bytes, 0, text), "");
}

static void reads_doubles(void **state)
{
	static const struct {
		const char *text;
		double value;
	} good[] = {{"0", 0},       {"-1.5", -1.5}, {"2.5e3", 2500},
		    {"1E-2", 0.01}, {".5", .5},     {"5.", 5}};
	static const char *const bad[] = {"",    "nan",    "inf", "0x1p3", " 1",    "1 ",
					  "1,5", "1e9999", ".",   "e1",    "1.2.3", "--1"};
	double value;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(good); i++) {
		assert_true(sk_parse_double(sk_span_str(good[i].text), &value));
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(bad); i++)
		assert_false(sk_parse_double(sk_span_str(bad[i]), &value));
	assert_false(sk_parse_double(sk_span_of("1\0002", 3), &value));
	assert_false(sk_parse_double(
		sk_span_str("0000000000000000000000000000000000000000000000000000000000000000001"),
		&value));
}

static void reads_sizes_and_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t size, ms;
	} cases[] = {
		{"0", 0, 0},
		{"64", 64, 64000},
		{"64K", 65536, BAD},
		{"1kb", 1024, BAD},
		{"1KiB", 1024, BAD},
		{"3MiB", 3 << 20, BAD},
		{"2g", 2ll << 30, BAD},
		{"1TB", 1ll << 40, BAD},
		{"5B", 5, BAD},
		{"1ms", BAD, 1},
		{"2s", BAD, 2000},
		{"3m", 3 << 20, 180000},
		{"3min", BAD, 180000},
		{"36h", BAD, 129600000},
		{"1d", BAD, 86400000},
		{"2W", BAD, 1209600000},
		{"", BAD, BAD},
		{"K", BAD, BAD},
		{"-1", BAD, BAD},
		{"1.5h", BAD, BAD},
		{"1 K", BAD, BAD},
		{"16777216T", BAD, BAD},
		{"30500568905w", BAD, BAD},
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct sk_span s = sk_span_str(cases[i].text);

		value = (uint64_t)BAD;
		assert_int_equal(sk_parse_size(s, &value), cases[i].size != BAD);
		assert_true(cases[i].size == BAD || value == (uint64_t)cases[i].size);
		value = (uint64_t)BAD;
		assert_int_equal(sk_parse_duration(s, &value), cases[i].ms != BAD);
		assert_true(cases[i].ms == BAD || value == (uint64_t)cases[i].ms);
	}
}

static void reads_truth(void **state)
{
	bool value = false;

	(void)state;
	assert_true(sk_parse_bool(sk_span_str("Yes"), &value) && value);
	assert_true(sk_parse_bool(sk_span_str("OFF"), &value) && !value);
	assert_true(sk_parse_bool(sk_span_str("1"), &value) && value);
	assert_false(sk_parse_bool(sk_span_str("2"), &value));
	assert_false(sk_parse_bool(sk_span_str(""), &value));
}

static void reads_times(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01", 0},
		{"1969-12-31T23:59:59Z", -1},
		{"2000-02-29T12:34:56Z", 951827696},
		{"2024-02-29", 1709164800},
		{"2024-03-01t01:00:00+01:00", 1709251200},
		{"2024-02-29T23:00:00-0100", 1709251200},
		{"2021-05-06 07:08", 1620284880},
		{"2021-05-06 07:08:09 UTC", 1620284889},
		{"2021-05-06T07:08:09.123456789z", 1620284889},
		{"1900-01-01", -2208988800},
		{"9999-12-31T23:59:59Z", 253402300799},
		{"2016-12-31T23:59:60Z", 1483228800},
	};
	static const char *const bad[] = {
		"",
		"2024",
		"2024-1-1",
		"2024-13-01",
		"2024-00-10",
		"2024-01-00",
		"2024-01-32",
		"2024-04-31",
		"2023-02-29",
		"1900-02-29",
		"1899-12-31",
		"2024-01-01T24:00:00Z",
		"2024-01-01T12:60:00Z",
		"2024-01-01T12:00:61Z",
		"2024-01-01T12:00:00+24:00",
		"2024-01-01T12:00:00+01:0",
		"2024-01-01T12:00:00 CET",
		"2024-01-01x",
		"2024-01-01T",
		"2024/01/01",
		" 2024-01-01",
	};
	int64_t value;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(good); i++) {
		assert_true(sk_parse_time(sk_span_str(good[i].text), &value));
		assert_int_equal(value, good[i].value);
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(bad); i++)
		assert_false(sk_parse_time(sk_span_str(bad[i]), &value));
}

static void writes_times(void **state)
{
	char text[SK_TIME_TEXT_SIZE];
	int64_t again;

	(void)state;
	assert_string_equal(sk_format_time(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(sk_format_time(-1, text), "1969-12-31T23:59:59Z");
	assert_string_equal(sk_format_time(-62135596800, text), "0001-01-01T00:00:00Z");
	assert_string_equal(sk_format_date(951827696, text), "2000-02-29");
	assert_string_equal(sk_format_time_us(0, text), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(sk_format_time_us(951827696000001, text),
			    "2000-02-29T12:34:56.000001Z");
	assert_string_equal(sk_format_time_us(253402300799999999, text),
			    "9999-12-31T23:59:59.999999Z");
	/* Every day of 400 years, at another second each. */
	for (int64_t day = -25567; day < 146097; day++) {
		int64_t t = day * 86400 + (day * 7919 % 86400 + 86400) % 86400;

		assert_true(sk_parse_time(sk_span_str(sk_format_time(t, text)), &again));
		assert_int_equal(again, t);
	}
}

static void writes_durations(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{-1, "0 s"},       {0, "0 s"},           {8, "8 s"},          {60, "1 min"},
		{65, "1 min 5 s"}, {3000, "50 min"},     {3600, "1 h"},       {3665, "1 h 1 min"},
		{86400, "1 day"},  {90000, "1 day 1 h"}, {864000, "10 days"},
	};
	char buf[SK_DURATION_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++)
		assert_string_equal(sk_format_duration(rows[i].seconds, buf), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(leaves_result_alone_on_failure),
		cmocka_unit_test(reads_octal_and_hex),
		cmocka_unit_test(reads_doubles),
		cmocka_unit_test(reads_sizes_and_durations),
		cmocka_unit_test(writes_durations),
		cmocka_unit_test(reads_truth),
		cmocka_unit_test(reads_times),
		cmocka_unit_test(writes_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
