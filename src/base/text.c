/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping of foreign text; decoder after RFC 3629, display classes after Unicode 15. */
#include "base/text.h"

#include <stdio.h>

struct cp_range {
	uint32_t first;
	uint32_t last;
};

static bool in_ranges(uint32_t cp, const struct cp_range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

bool sk_utf8_next(struct sk_span *s, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s->ptr;
	size_t len = 1;
	uint32_t cp = p[0];
	bool ok = true;

	if (cp >= 0x80) {
		len = cp >= 0xf0 ? 4 : cp >= 0xe0 ? 3 : 2;
		ok = cp >= 0xc2 && cp <= 0xf4 && s->len >= len;
		cp &= 0xffu >> (len + 1);
		for (size_t i = 1; ok && i < len; i++) {
			ok = (p[i] & 0xc0) == 0x80;
			cp = cp << 6 | (p[i] & 0x3f);
		}
		ok = ok && cp >= smallest[len] && cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
	}
	if (!ok)
		len = 1;
	else
		*ret = cp;
	*s = sk_span_sub(*s, len, s->len);
	return ok;
}

bool sk_text_is_unsafe(uint32_t cp)
{
	static const struct cp_range unsafe[] = {
		{0x0, 0x1f},         {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
		{0x115f, 0x1160},    {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f},
		{0x2028, 0x202e},    {0x2060, 0x206f}, {0x3164, 0x3164}, {0xe000, 0xf8ff},
		{0xfe00, 0xfe0f},    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xffff},
		{0xe0000, 0x10ffff},
	};

	return in_ranges(cp, unsafe, SK_ARRAY_LEN(unsafe));
}

bool sk_text_escape(struct sk_buf *b, struct sk_span s)
{
	while (s.len != 0) {
		const char *start = s.ptr;
		uint32_t cp;

		if (!sk_utf8_next(&s, &cp)) {
			if (!sk_buf_printf(b, "\\x%02x", (unsigned char)*start))
				return false;
		} else if (cp == '\\') {
			if (!sk_buf_add_str(b, "\\\\"))
				return false;
		} else if (sk_text_is_unsafe(cp)) {
			if (!sk_buf_printf(b, cp < 0x80 ? "\\x%02x" : "\\u{%x}", cp))
				return false;
		} else if (!sk_buf_add(b, start, (size_t)(s.ptr - start))) {
			return false;
		}
	}
	return true;
}

const char *sk_text_quote(struct sk_span s, char *buf, size_t size)
{
	static const char ellipsis[] = "…";
	struct sk_buf text;
	size_t room = size - 3; /* two quotes and NUL */
	size_t keep;

	sk_buf_init(&text, 8 * size);
	(void)sk_text_escape(&text, sk_span_sub(s, 0, size));
	keep = text.len;
	if (keep > room || s.len > size) {
		keep = room - (sizeof(ellipsis) - 1) < keep ? room - (sizeof(ellipsis) - 1) : keep;
		while (keep != 0 && ((unsigned char)text.ptr[keep] & 0xc0) == 0x80)
			keep--;
		(void)snprintf(buf, size, "'%.*s%s'", (int)keep, text.ptr, ellipsis);
	} else {
		(void)snprintf(buf, size, "'%.*s'", (int)keep, keep != 0 ? text.ptr : "");
	}
	sk_buf_release(&text);
	return buf;
}

static bool is_wide(uint32_t cp)
{
	static const struct cp_range wide[] = {
		{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff}, {0x3400, 0x4dbf},
		{0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3}, {0xf900, 0xfaff},
		{0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
		{0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	return in_ranges(cp, wide, SK_ARRAY_LEN(wide));
}

static bool is_combining(uint32_t cp)
{
	return (cp >= 0x300 && cp <= 0x36f) || (cp >= 0x1ab0 && cp <= 0x1aff) ||
	       (cp >= 0x20d0 && cp <= 0x20ff);
}

size_t sk_text_width(struct sk_span s)
{
	size_t columns = 0;
	uint32_t cp;

	while (s.len != 0) {
		if (!sk_utf8_next(&s, &cp))
			columns++;
		else if (!is_combining(cp))
			columns += is_wide(cp) ? 2 : 1;
	}
	return columns;
}
