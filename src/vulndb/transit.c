/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new identifier moves everything behind it: the offset of each block that follows, and the
 * number with which each block begins. In transit a table holds lengths instead of offsets, and a
 * block begins with the difference to the begin of the block before, so that both stay what they
 * were.
 */
#include <string.h>

#include "vulndb/format-priv.h"
#include "vulndb/pack-priv.h"
#include "vulndb/transit-priv.h"

/* What the blocks of a section begin with. */
enum start {
	START_PLAIN,    /* nothing that moves */
	START_VULN,     /* z identifier */
	START_ADVISORY, /* z identifier, v feed, u8, z vulnerability */
};

/** struct transit - one section on its way, to or fro */
struct transit {
	enum start start;
	uint64_t id, vuln; /* of the block before */
};

static bool has_table(uint32_t type, struct transit *t)
{
	*t = (struct transit){.start = START_PLAIN};
	switch (type) {
	case VULNDB_SECTION_ADVISORIES:
		t->start = START_ADVISORY;
		return true;
	case VULNDB_SECTION_VULNS:
		t->start = START_VULN;
		return true;
	case VULNDB_SECTION_META:
	case VULNDB_SECTION_SCOPES:
	case VULNDB_SECTION_SETS:
	case VULNDB_SECTION_STRINGS:
	case VULNDB_SECTION_FAMILIES:
	case VULNDB_SECTION_NAMES:
	case VULNDB_SECTION_IDS:
	case VULNDB_SECTION_CVSS:
	case VULNDB_SECTION_EOL:
	case VULNDB_SECTION_REPOS:
	case VULNDB_SECTION_COVERAGE:
		return true;
	default:
		return false;
	}
}

/* Sections of a database whose tables are known here; 0 for any other file. */
static uint32_t sections_of(struct sk_span file)
{
	const struct vulndb_header *h = (const struct vulndb_header *)file.ptr;
	uint32_t n;

	if (file.len < sizeof(*h) || memcmp(h->magic, VULNDB_MAGIC, sizeof(h->magic)) != 0 ||
	    ((unsigned)h->major[0] | (unsigned)h->major[1] << 8) != VULNDB_MAJOR)
		return 0;
	n = vulndb_le32(h->n_sections);
	return n <= VULNDB_MAX_SECTIONS &&
			       n <= (file.len - sizeof(*h)) / sizeof(struct vulndb_section)
		       ? n
		       : 0;
}

static const struct vulndb_section *section_at(struct sk_span file, uint32_t i)
{
	return (const struct vulndb_section *)(file.ptr + sizeof(struct vulndb_header)) + i;
}

/* A number that counts from the begin of the section becomes one that counts from the block before.
 */
static uint64_t to_difference(uint64_t v, uint64_t *before)
{
	uint64_t number = (uint64_t)vulndb_unzigzag(v);
	uint64_t difference = number - *before;

	*before = number;
	return vulndb_zigzag((int64_t)difference);
}

static uint64_t from_difference(uint64_t v, uint64_t *before)
{
	*before += (uint64_t)vulndb_unzigzag(v);
	return vulndb_zigzag((int64_t)*before);
}

/* The begin of a block, from @c to @out; the rest of the block is the same in both forms. */
static bool put_start(struct transit *t, uint64_t (*turn)(uint64_t v, uint64_t *before),
		      struct vulndb_cur *c, struct sk_buf *out)
{
	if (t->start == START_PLAIN)
		return true;
	vulndb_put_u64(out, turn(vulndb_cur_u64(c), &t->id));
	if (t->start == START_ADVISORY) {
		vulndb_put_u64(out, vulndb_cur_u64(c));
		(void)sk_buf_add_span(out, vulndb_cur_bytes(c, 1));
		vulndb_put_u64(out, turn(vulndb_cur_u64(c), &t->vuln));
	}
	return !c->bad;
}

/* Offsets that ascend from the end of their table on, as many as there is room for before that. */
static bool table_ok(struct sk_span s, uint32_t *ret_n)
{
	const uint8_t *p = (const uint8_t *)s.ptr;
	uint32_t last;

	if (s.len < 4)
		return false;
	last = vulndb_le32(p);
	*ret_n = last / 4;
	if (last == 0 || last % 4 != 0 || last > s.len)
		return false;
	for (uint32_t i = 1; i < *ret_n; i++) {
		uint32_t at = vulndb_le32(p + (size_t)i * 4);

		if (at < last || at > s.len)
			return false;
		last = at;
	}
	return true;
}

static uint64_t block_end(struct sk_span s, uint32_t n, uint32_t i)
{
	return i + 1 < n ? vulndb_le32((const uint8_t *)s.ptr + ((size_t)i + 1) * 4) : s.len;
}

static bool section_to(struct transit *t, struct sk_span s, struct sk_buf *out)
{
	uint64_t at;
	uint32_t n;

	if (!table_ok(s, &n))
		return false;
	vulndb_put_u64(out, n);
	at = (uint64_t)n * 4;
	for (uint32_t i = 0; i < n; i++) {
		vulndb_put_u64(out, block_end(s, n, i) - at);
		at = block_end(s, n, i);
	}
	at = (uint64_t)n * 4;
	for (uint32_t i = 0; i < n; i++) {
		struct vulndb_cur c = vulndb_cur_of((const uint8_t *)s.ptr, block_end(s, n, i), at);

		if (!put_start(t, to_difference, &c, out))
			return false;
		(void)sk_buf_add(out, c.p, (size_t)(c.end - c.p));
		at = block_end(s, n, i);
	}
	return !out->overflow;
}

bool vulndb_to_transit(struct sk_span file, struct sk_buf *out)
{
	uint32_t n = sections_of(file);
	size_t head = sizeof(struct vulndb_header) + n * sizeof(struct vulndb_section);

	if (n == 0)
		return sk_buf_add_span(out, file);
	(void)sk_buf_add(out, file.ptr, head);
	for (uint32_t i = 0; i < n; i++) {
		const struct vulndb_section *s = section_at(file, i);
		uint64_t off = vulndb_le64(s->off), len = vulndb_le64(s->len);
		struct transit t;
		struct sk_span bytes;

		/* Without gaps, so that the lengths say where everything is. */
		if (off != head || len > file.len - off)
			return false;
		bytes = sk_span_of(file.ptr + off, len);
		if (!has_table(vulndb_le32(s->type), &t) || len == 0)
			(void)sk_buf_add_span(out, bytes);
		else if (!section_to(&t, bytes, out))
			return false;
		head += len;
	}
	return head == file.len && !out->overflow;
}

static bool block_from(struct transit *t, struct vulndb_cur *c, uint64_t len, struct sk_buf *out)
{
	size_t start = out->len;

	if (!put_start(t, from_difference, c, out) || out->len - start > len)
		return false;
	(void)sk_buf_add_span(out, vulndb_cur_bytes(c, (size_t)len - (out->len - start)));
	return !c->bad && !out->overflow;
}

static bool section_from(struct transit *t, struct vulndb_cur *c, uint64_t len, struct sk_buf *out)
{
	struct vulndb_cur lengths;
	uint64_t n = vulndb_cur_u64(c);
	uint64_t at = n * 4;

	/* A length takes a byte at least: what is claimed cannot cost more than what is there. */
	if (c->bad || n > len / 4 || n > (uint64_t)(c->end - c->p))
		return false;
	lengths = *c;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t block = vulndb_cur_u64(c);

		if (block > len - at)
			return false;
		vulndb_put_le32(out, (uint32_t)at);
		at += block;
	}
	if (c->bad || at != len)
		return false;
	for (uint64_t i = 0; i < n; i++) {
		if (!block_from(t, c, vulndb_cur_u64(&lengths), out))
			return false;
	}
	return true;
}

bool vulndb_from_transit(struct sk_span form, struct sk_buf *out)
{
	uint32_t n = sections_of(form);
	size_t head = sizeof(struct vulndb_header) + n * sizeof(struct vulndb_section);
	struct vulndb_cur c = vulndb_cur_of((const uint8_t *)form.ptr, form.len, head);

	if (n == 0)
		return sk_buf_add_span(out, form);
	(void)sk_buf_add(out, form.ptr, head);
	for (uint32_t i = 0; i < n && !c.bad; i++) {
		const struct vulndb_section *s = section_at(form, i);
		uint64_t len = vulndb_le64(s->len);
		struct transit t;

		if (len > UINT32_MAX)
			return false;
		if (!has_table(vulndb_le32(s->type), &t) || len == 0)
			(void)sk_buf_add_span(out, vulndb_cur_bytes(&c, (size_t)len));
		else if (!section_from(&t, &c, len, out))
			return false;
	}
	return !c.bad && c.p == c.end && !out->overflow;
}
