/* SPDX-License-Identifier: Apache-2.0 */
/* Packing of numbers and texts; docs/formats/database.md, "Elements". */
#include "base/ascii.h"
#include "vulndb/pack-priv.h"

/* The number in the first bytes of @x, up to the first that is below 0x80; *ret_len bytes. */
static uint64_t number_of(uint64_t x, unsigned *ret_len)
{
	uint64_t stop = ~x & 0x8080808080808080u;

	*ret_len = ((unsigned)__builtin_ctzll(stop) + 1) / 8;
	x &= (stop ^ (stop - 1)) & 0x7f7f7f7f7f7f7f7fu;
	x = (x & 0x007f007f007f007fu) | (x & 0x7f007f007f007f00u) >> 1;
	x = (x & 0x00003fff00003fffu) | (x & 0x3fff00003fff0000u) >> 2;
	return (x & 0x0fffffffu) | (x & 0x0fffffff00000000u) >> 4;
}

uint64_t vulndb_cur_long(struct vulndb_cur *c)
{
	uint64_t v = 0, word;
	unsigned len;

	if (c->p != NULL && c->end - c->p >= 8) {
		word = vulndb_le64(c->p);
		if ((~word & 0x8080808080808080u) != 0) {
			v = number_of(word, &len);
			c->p += len;
			return v;
		}
	}
	for (unsigned shift = 0; shift < 64 && c->p < c->end; shift += 7) {
		uint8_t b = *c->p++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
	c->bad = true;
	c->p = c->end;
	return 0;
}

void vulndb_put_u64(struct sk_buf *b, uint64_t v)
{
	uint8_t out[10];
	size_t n = 0;

	do {
		out[n] = (uint8_t)(v & 0x7f);
		v >>= 7;
		if (v != 0)
			out[n] |= 0x80;
		n++;
	} while (v != 0);
	(void)sk_buf_add(b, out, n);
}

void vulndb_put_text(struct sk_buf *b, struct sk_span s)
{
	vulndb_put_u64(b, s.len);
	(void)sk_buf_add_span(b, s);
}

void vulndb_put_le32(struct sk_buf *b, uint32_t v)
{
	uint8_t out[4];

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(v >> (8 * i));
	(void)sk_buf_add(b, out, sizeof(out));
}

void vulndb_put_le64(struct sk_buf *b, uint64_t v)
{
	vulndb_put_le32(b, (uint32_t)v);
	vulndb_put_le32(b, (uint32_t)(v >> 32));
}

void vulndb_put_front(struct sk_buf *b, struct sk_span prev, struct sk_span s)
{
	size_t shared = 0;

	while (shared < prev.len && shared < s.len && prev.ptr[shared] == s.ptr[shared])
		shared++;
	vulndb_put_u64(b, shared);
	vulndb_put_text(b, sk_span_sub(s, shared, s.len));
}

/* Takes a run of digits off @s, without leading zeros. */
static struct sk_span cut_number(struct sk_span *s)
{
	size_t n = 0;
	struct sk_span run;

	while (n < s->len && sk_is_digit(s->ptr[n]))
		n++;
	run = sk_span_sub(*s, 0, n);
	*s = sk_span_sub(*s, n, s->len);
	while (run.len > 1 && run.ptr[0] == '0')
		run = sk_span_sub(run, 1, run.len);
	return run;
}

int vulndb_id_cmp(struct sk_span a, struct sk_span b)
{
	struct sk_span ra = a;
	struct sk_span rb = b;

	while (ra.len != 0 && rb.len != 0) {
		if (sk_is_digit(ra.ptr[0]) && sk_is_digit(rb.ptr[0])) {
			struct sk_span na = cut_number(&ra);
			struct sk_span nb = cut_number(&rb);
			int r;

			if (na.len != nb.len)
				return na.len < nb.len ? -1 : 1;
			r = na.len != 0 ? memcmp(na.ptr, nb.ptr, na.len) : 0;
			if (r != 0)
				return r;
			continue;
		}
		if (ra.ptr[0] != rb.ptr[0])
			return (unsigned char)ra.ptr[0] < (unsigned char)rb.ptr[0] ? -1 : 1;
		ra = sk_span_sub(ra, 1, ra.len);
		rb = sk_span_sub(rb, 1, rb.len);
	}
	if (ra.len != rb.len)
		return ra.len < rb.len ? -1 : 1;
	return sk_span_cmp(a, b);
}

struct sk_span vulndb_normal_name(struct sk_span family, struct sk_span name, char *buf,
				  size_t size)
{
	static const char *const folded[] = {"NuGet", "Packagist", "Hex", "Pub"};
	bool pypi, fold;
	size_t n = 0;

	/* Most have no other spellings: told from the first letter. */
	if (family.len == 0 ||
	    (family.ptr[0] != 'P' && family.ptr[0] != 'N' && family.ptr[0] != 'H'))
		return name;
	fold = pypi = sk_span_eq_str(family, "PyPI");

	for (size_t i = 0; i < SK_ARRAY_LEN(folded) && !fold; i++)
		fold = sk_span_eq_str(family, folded[i]);
	if (!fold || name.len > size)
		return name;
	for (size_t i = 0; i < name.len; i++) {
		char c = sk_lower(name.ptr[i]);

		if (pypi && (c == '_' || c == '.'))
			c = '-';
		if (pypi && c == '-' && n != 0 && buf[n - 1] == '-')
			continue;
		buf[n++] = c;
	}
	return sk_span_of(buf, n);
}
