/* SPDX-License-Identifier: Apache-2.0 */
/* Records of LEB128 numbers and length-prefixed bytes. */
#include "base/wire.h"

void sk_wire_put_u64(struct sk_buf *b, uint64_t value)
{
	uint8_t out[10];
	size_t n = 0;

	do {
		out[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value != 0);
	(void)sk_buf_add(b, out, n);
}

void sk_wire_put_fixed64(struct sk_buf *b, uint64_t value)
{
	uint8_t out[8];

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(value >> (8 * i));
	(void)sk_buf_add(b, out, sizeof(out));
}

void sk_wire_put_span(struct sk_buf *b, struct sk_span s)
{
	sk_wire_put_u64(b, s.len);
	if (s.len != 0)
		(void)sk_buf_add(b, s.ptr, s.len);
}

void sk_wire_put_str(struct sk_buf *b, const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0;

	sk_wire_put_u64(b, s != NULL ? len + 1 : 0);
	if (len != 0)
		(void)sk_buf_add(b, s, len);
}

void sk_wire_put_digest(struct sk_buf *b, const struct sk_digest *d)
{
	sk_wire_put_u64(b, d->alg);
	(void)sk_buf_add(b, d->bytes, sk_digest_size(d->alg));
}

static uint64_t wire_fail(struct sk_wire *w)
{
	w->bad = true;
	w->rest = (struct sk_span){NULL, 0};
	return 0;
}

uint64_t sk_wire_get_u64(struct sk_wire *w, uint64_t max)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 10 && i < w->rest.len; i++) {
		uint8_t byte = (uint8_t)w->rest.ptr[i];

		if (i == 9 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			w->rest = sk_span_sub(w->rest, i + 1, w->rest.len);
			return value <= max ? value : wire_fail(w);
		}
	}
	return wire_fail(w);
}

uint64_t sk_wire_get_fixed64(struct sk_wire *w)
{
	uint64_t value = 0;

	if (w->rest.len < 8)
		return wire_fail(w);
	for (size_t i = 0; i < 8; i++)
		value |= (uint64_t)(uint8_t)w->rest.ptr[i] << (8 * i);
	w->rest = sk_span_sub(w->rest, 8, w->rest.len);
	return value;
}

size_t sk_wire_get_count(struct sk_wire *w, size_t max, size_t min_size)
{
	size_t n = (size_t)sk_wire_get_u64(w, max);

	if (n > w->rest.len / min_size)
		return (size_t)wire_fail(w);
	return n;
}

static struct sk_span wire_bytes(struct sk_wire *w, size_t len)
{
	struct sk_span s = sk_span_sub(w->rest, 0, len);

	if (len > w->rest.len) {
		(void)wire_fail(w);
		return (struct sk_span){NULL, 0};
	}
	w->rest = sk_span_sub(w->rest, len, w->rest.len);
	return s;
}

struct sk_span sk_wire_get_span(struct sk_wire *w, size_t max)
{
	return wire_bytes(w, (size_t)sk_wire_get_u64(w, max));
}

const char *sk_wire_get_str(struct sk_wire *w, struct sk_arena *a, size_t max)
{
	size_t n = (size_t)sk_wire_get_u64(w, max + 1);
	struct sk_span s;

	if (n == 0)
		return NULL;
	s = wire_bytes(w, n - 1);
	if (w->bad || (s.len != 0 && memchr(s.ptr, 0, s.len) != NULL)) {
		(void)wire_fail(w);
		return NULL;
	}
	return sk_arena_str(a, s);
}

struct sk_digest sk_wire_get_digest(struct sk_wire *w)
{
	struct sk_digest d = {.alg = (enum sk_digest_alg)sk_wire_get_u64(w, SK_DIGEST_SHA512)};
	struct sk_span s = wire_bytes(w, sk_digest_size(d.alg));

	if (w->bad)
		return (struct sk_digest){0};
	if (s.len != 0)
		memcpy(d.bytes, s.ptr, s.len);
	return d;
}
