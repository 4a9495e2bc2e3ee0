/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of the database file: variable-length numbers, checked cursors, the order of identifiers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/span.h"

/** struct vulndb_cur - checked cursor over foreign bytes; the first fault sticks */
struct vulndb_cur {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

static inline struct vulndb_cur vulndb_cur_of(const uint8_t *base, uint64_t size, uint64_t off)
{
	if (base == NULL || off > size)
		return (struct vulndb_cur){.bad = true};
	return (struct vulndb_cur){.p = base + off, .end = base + size};
}

/* The numbers of vulndb_cur_u64() that are not one byte. */
uint64_t vulndb_cur_long(struct vulndb_cur *c);

/* LEB128, at most 10 bytes; 0 and @bad on damage. */
static inline uint64_t vulndb_cur_u64(struct vulndb_cur *c)
{
	if (c->p < c->end && *c->p < 0x80)
		return *c->p++;
	if (c->end - c->p >= 2 && c->p[1] < 0x80) {
		uint64_t v = (c->p[0] & 0x7fu) | (uint64_t)c->p[1] << 7;

		c->p += 2;
		return v;
	}
	return vulndb_cur_long(c);
}

/* Steps over @n numbers, however long they are. */
static inline void vulndb_cur_skip(struct vulndb_cur *c, uint64_t n)
{
	const uint8_t *p = c->p;

	while (n-- != 0) {
		while (p < c->end && *p >= 0x80)
			p++;
		if (p >= c->end) {
			c->bad = true;
			break;
		}
		p++;
	}
	c->p = p;
}

static inline uint32_t vulndb_cur_u32(struct vulndb_cur *c)
{
	uint64_t v = vulndb_cur_u64(c);

	if (v > UINT32_MAX) {
		c->bad = true;
		c->p = c->end;
		return 0;
	}
	return (uint32_t)v;
}

static inline int64_t vulndb_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static inline uint64_t vulndb_zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline struct sk_span vulndb_cur_bytes(struct vulndb_cur *c, size_t len)
{
	struct sk_span s;

	if (c->p == NULL || (size_t)(c->end - c->p) < len) {
		c->bad = true;
		c->p = c->end;
		return (struct sk_span){NULL, 0};
	}
	s = sk_span_of(c->p, len);
	c->p += len;
	return s;
}

static inline uint32_t vulndb_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t vulndb_le64(const uint8_t *p)
{
	return vulndb_le32(p) | (uint64_t)vulndb_le32(p + 4) << 32;
}

void vulndb_put_u64(struct sk_buf *b, uint64_t v);
void vulndb_put_text(struct sk_buf *b, struct sk_span s);
void vulndb_put_le32(struct sk_buf *b, uint32_t v);
void vulndb_put_le64(struct sk_buf *b, uint64_t v);

/* One front-coded string: bytes shared with @prev, then the rest. */
void vulndb_put_front(struct sk_buf *b, struct sk_span prev, struct sk_span s);

/*
 * Order of identifiers and versions in the file: runs of digits by value, everything else by byte,
 * equal values by byte; a total order whatever the text.
 */
int vulndb_id_cmp(struct sk_span a, struct sk_span b);

/*
 * Name in its ecosystem's normal form: PyPI's after PEP 503; NuGet's, Packagist's, Hex' and Pub's
 * in lower case; all others as they are. @buf has @size bytes; a longer name stays as it is.
 */
struct sk_span vulndb_normal_name(struct sk_span family, struct sk_span name, char *buf,
				  size_t size);
