/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on borrowed text. */
#include "base/span.h"

#include <strings.h>

#include "base/ascii.h"

bool sk_span_eq(struct sk_span a, struct sk_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool sk_span_eq_str(struct sk_span a, const char *s)
{
	return sk_span_eq(a, sk_span_str(s));
}

bool sk_span_eq_nocase(struct sk_span a, struct sk_span b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

int sk_span_cmp(struct sk_span a, struct sk_span b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common != 0 ? memcmp(a.ptr, b.ptr, common) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool sk_span_starts(struct sk_span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && (len == 0 || memcmp(s.ptr, prefix, len) == 0);
}

bool sk_span_ends(struct sk_span s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len >= len && (len == 0 || memcmp(s.ptr + s.len - len, suffix, len) == 0);
}

bool sk_span_strip_prefix(struct sk_span *s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (!sk_span_starts(*s, prefix))
		return false;
	if (len != 0) {
		s->ptr += len;
		s->len -= len;
	}
	return true;
}

size_t sk_span_find(struct sk_span s, char c)
{
	const char *hit = s.len != 0 ? memchr(s.ptr, c, s.len) : NULL;

	return hit != NULL ? (size_t)(hit - s.ptr) : s.len;
}

size_t sk_span_rfind(struct sk_span s, char c)
{
	const char *hit = s.len != 0 ? memrchr(s.ptr, c, s.len) : NULL;

	return hit != NULL ? (size_t)(hit - s.ptr) : s.len;
}

bool sk_span_contains(struct sk_span s, const char *needle)
{
	size_t len = strlen(needle);

	if (len == 0)
		return true;
	return s.len >= len && memmem(s.ptr, s.len, needle, len) != NULL;
}

struct sk_span sk_span_trim(struct sk_span s)
{
	while (s.len != 0 && sk_is_space(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len != 0 && sk_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool sk_span_cut(struct sk_span *rest, char sep, struct sk_span *ret_piece)
{
	size_t at;

	if (rest->ptr == NULL)
		return false;
	at = sk_span_find(*rest, sep);
	*ret_piece = sk_span_sub(*rest, 0, at);
	if (at == rest->len)
		*rest = (struct sk_span){NULL, 0};
	else
		*rest = sk_span_sub(*rest, at + 1, rest->len);
	return true;
}

bool sk_span_line(struct sk_span *rest, struct sk_span *ret_line)
{
	size_t at;

	if (rest->len == 0)
		return false;
	at = sk_span_find(*rest, '\n');
	*ret_line = sk_span_sub(*rest, 0, at);
	if (ret_line->len != 0 && ret_line->ptr[ret_line->len - 1] == '\r')
		ret_line->len--;
	*rest = sk_span_sub(*rest, at + 1, rest->len);
	return true;
}
