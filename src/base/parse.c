/* SPDX-License-Identifier: Apache-2.0 */
/* Text to numbers and times. Calendar arithmetic: proleptic Gregorian, days counted from
 * 1970-01-01. */
#include "base/parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"

static bool digits_to_u64(struct sk_span s, unsigned base, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.ptr[i] - (unsigned)'0';

		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*ret = value;
	return true;
}

bool sk_parse_u64(struct sk_span s, uint64_t *ret)
{
	return digits_to_u64(s, 10, ret);
}

bool sk_parse_octal(struct sk_span s, uint64_t *ret)
{
	return digits_to_u64(s, 8, ret);
}

bool sk_parse_u32(struct sk_span s, uint32_t *ret)
{
	uint64_t value;

	if (!sk_parse_u64(s, &value) || value > UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool sk_parse_i64(struct sk_span s, int64_t *ret)
{
	bool negative = s.len != 0 && s.ptr[0] == '-';
	uint64_t value;

	if (!sk_parse_u64(negative ? sk_span_sub(s, 1, s.len) : s, &value))
		return false;
	if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

static int hex_digit(char c)
{
	if (!sk_is_hex(c))
		return -1;
	return sk_is_digit(c) ? c - '0' : sk_lower(c) - 'a' + 10;
}

bool sk_parse_hex(struct sk_span s, uint8_t *ret, size_t len)
{
	if (s.len != 2 * len)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (hex_digit(s.ptr[i]) < 0)
			return false;
	for (size_t i = 0; i < len; i++)
		ret[i] = (uint8_t)(hex_digit(s.ptr[2 * i]) * 16 + hex_digit(s.ptr[2 * i + 1]));
	return true;
}

const char *sk_format_hex(const uint8_t *bytes, size_t len, char *buf)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		buf[2 * i] = digits[bytes[i] >> 4];
		buf[2 * i + 1] = digits[bytes[i] & 15];
	}
	buf[2 * len] = '\0';
	return buf;
}

bool sk_parse_double(struct sk_span s, double *ret)
{
	char text[64];
	char *end;
	double value;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	/* Only plain decimals: strtod() would also take "nan", "0x1p3" and leading space. */
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\0' || strchr("0123456789.+-eE", s.ptr[i]) == NULL)
			return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	value = strtod(text, &end);
	if (*end != '\0' || !isfinite(value))
		return false;
	*ret = value;
	return true;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static bool number_with_unit(struct sk_span s, const struct unit *units, size_t n_units,
			     uint64_t *ret)
{
	size_t n_digits = 0;
	struct sk_span unit;
	uint64_t value;

	while (n_digits < s.len && sk_is_digit(s.ptr[n_digits]))
		n_digits++;
	if (!sk_parse_u64(sk_span_sub(s, 0, n_digits), &value))
		return false;
	unit = sk_span_sub(s, n_digits, s.len);
	for (size_t i = 0; i < n_units; i++) {
		if (sk_span_eq_nocase(unit, sk_span_str(units[i].name)))
			return !__builtin_mul_overflow(value, units[i].factor, ret);
	}
	return false;
}

bool sk_parse_size(struct sk_span s, uint64_t *ret)
{
	static const struct unit units[] = {
		{"", 1},
		{"B", 1},
		{"K", 1ull << 10},
		{"KB", 1ull << 10},
		{"KiB", 1ull << 10},
		{"M", 1ull << 20},
		{"MB", 1ull << 20},
		{"MiB", 1ull << 20},
		{"G", 1ull << 30},
		{"GB", 1ull << 30},
		{"GiB", 1ull << 30},
		{"T", 1ull << 40},
		{"TB", 1ull << 40},
		{"TiB", 1ull << 40},
	};

	return number_with_unit(s, units, SK_ARRAY_LEN(units), ret);
}

bool sk_parse_duration(struct sk_span s, uint64_t *ret_ms)
{
	static const struct unit units[] = {
		{"", 1000},     {"ms", 1},      {"s", 1000},     {"m", 60000},
		{"min", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000},
	};

	return number_with_unit(s, units, SK_ARRAY_LEN(units), ret_ms);
}

bool sk_parse_bool(struct sk_span s, bool *ret)
{
	static const char *const words[2][4] = {{"false", "no", "off", "0"},
						{"true", "yes", "on", "1"}};

	for (int value = 0; value < 2; value++) {
		for (size_t i = 0; i < 4; i++) {
			if (sk_span_eq_nocase(s, sk_span_str(words[value][i]))) {
				*ret = value != 0;
				return true;
			}
		}
	}
	return false;
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month <= 2 ? year - 1 : year;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t mp = (5 * day_of_year + 2) / 153;

	*day = day_of_year - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	int64_t next_year = month == 12 ? year + 1 : year;
	int64_t next_month = month == 12 ? 1 : month + 1;

	return days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1);
}

static bool take_number(struct sk_span *s, size_t n_digits, int64_t min, int64_t max, int64_t *ret)
{
	uint64_t value;

	if (s->len < n_digits || !sk_parse_u64(sk_span_sub(*s, 0, n_digits), &value))
		return false;
	if ((int64_t)value < min || (int64_t)value > max)
		return false;
	*s = sk_span_sub(*s, n_digits, s->len);
	*ret = (int64_t)value;
	return true;
}

static bool take_zone(struct sk_span s, int64_t *ret_offset)
{
	int64_t hours, minutes;
	bool west;

	*ret_offset = 0;
	s = sk_span_trim(s);
	if (s.len == 0 || sk_span_eq_str(s, "Z") || sk_span_eq_str(s, "z") ||
	    sk_span_eq_str(s, "UTC"))
		return true;
	west = s.ptr[0] == '-';
	if (!west && s.ptr[0] != '+')
		return false;
	s = sk_span_sub(s, 1, s.len);
	if (!take_number(&s, 2, 0, 23, &hours))
		return false;
	(void)sk_span_strip_prefix(&s, ":");
	if (!take_number(&s, 2, 0, 59, &minutes) || s.len != 0)
		return false;
	*ret_offset = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

bool sk_parse_time(struct sk_span s, int64_t *ret)
{
	int64_t year, month, day, hour = 0, minute = 0, second = 0, offset = 0;

	if (!take_number(&s, 4, 1900, 9999, &year) || !sk_span_strip_prefix(&s, "-") ||
	    !take_number(&s, 2, 1, 12, &month) || !sk_span_strip_prefix(&s, "-") ||
	    !take_number(&s, 2, 1, 31, &day))
		return false;
	if (s.len != 0) {
		if (s.ptr[0] != 'T' && s.ptr[0] != 't' && s.ptr[0] != ' ')
			return false;
		s = sk_span_sub(s, 1, s.len);
		if (!take_number(&s, 2, 0, 23, &hour) || !sk_span_strip_prefix(&s, ":") ||
		    !take_number(&s, 2, 0, 59, &minute))
			return false;
		if (sk_span_strip_prefix(&s, ":") && !take_number(&s, 2, 0, 60, &second))
			return false;
		if (sk_span_strip_prefix(&s, "."))
			while (s.len != 0 && sk_is_digit(s.ptr[0]))
				s = sk_span_sub(s, 1, s.len);
		if (!take_zone(s, &offset))
			return false;
	}
	if (day > days_in_month(year, month))
		return false;
	*ret = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
	       offset;
	return true;
}

/* As %0*u, without its price: reports have thousands of times. */
static char *put_digits(char *to, uint64_t value, int n)
{
	for (int i = n; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + n;
}

const char *sk_format_time(int64_t t, char *buf)
{
	int64_t days = t / 86400 - (t % 86400 < 0 ? 1 : 0);
	int64_t rest = t - days * 86400;
	int64_t year, month, day;
	char *p;

	civil_from_days(days, &year, &month, &day);
	p = put_digits(buf, (unsigned)year % 10000, 4);
	*p++ = '-';
	p = put_digits(p, (uint64_t)month, 2);
	*p++ = '-';
	p = put_digits(p, (uint64_t)day, 2);
	*p++ = 'T';
	p = put_digits(p, (uint64_t)rest / 3600, 2);
	*p++ = ':';
	p = put_digits(p, (uint64_t)rest / 60 % 60, 2);
	*p++ = ':';
	p = put_digits(p, (uint64_t)rest % 60, 2);
	*p++ = 'Z';
	*p = '\0';
	return buf;
}

const char *sk_format_time_us(uint64_t us, char *buf)
{
	size_t len = strlen(sk_format_time((int64_t)(us / 1000000), buf)) - 1; /* without Z */
	char *p = buf + len;

	*p++ = '.';
	p = put_digits(p, us % 1000000, 6);
	*p++ = 'Z';
	*p = '\0';
	return buf;
}

const char *sk_format_date(int64_t t, char *buf)
{
	(void)sk_format_time(t, buf);
	buf[10] = '\0';
	return buf;
}

const char *sk_format_duration(int64_t seconds, char *buf)
{
	static const struct {
		int64_t seconds;
		const char *one;
		const char *many;
	} units[] = {{86400, " day", " days"},
		     {3600, " h", " h"},
		     {60, " min", " min"},
		     {1, " s", " s"}};
	size_t at = 0;
	int64_t n, rest;
	int len;

	if (seconds < 0)
		seconds = 0;
	while (at + 1 < SK_ARRAY_LEN(units) && seconds < units[at].seconds)
		at++;
	n = seconds / units[at].seconds;
	rest = seconds % units[at].seconds;
	len = snprintf(buf, SK_DURATION_TEXT_SIZE, "%lld%s", (long long)n,
		       n == 1 ? units[at].one : units[at].many);
	if (at + 1 < SK_ARRAY_LEN(units) && rest / units[at + 1].seconds != 0)
		(void)snprintf(buf + len, SK_DURATION_TEXT_SIZE - (size_t)len, " %lld%s",
			       (long long)(rest / units[at + 1].seconds), units[at + 1].many);
	return buf;
}
