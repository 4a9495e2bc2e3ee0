/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: tar archives, plain and inside gzip. The target repairs header checksums, so that
 * mutations get past them, and checks what the interface promises about every entry.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "unpack/unpack.h"

enum {
	BLOCK = 512,
	MAX_SIZE = 1 << 20,
};

struct memory {
	const uint8_t *ptr;
	size_t len;
};

static int64_t memory_read(void *ctx, void *buf, size_t len, sk_unused struct sk_err *err)
{
	struct memory *m = ctx;
	size_t n = len < m->len ? len : m->len;

	if (n != 0)
		memcpy(buf, m->ptr, n);
	m->ptr += n;
	m->len -= n;
	return (int64_t)n;
}

/* Every block that has a checksum field of the usual shape gets the right one. */
static void repair(uint8_t *p, size_t size)
{
	for (size_t i = 0; i + BLOCK <= size; i += BLOCK) {
		unsigned sum = 0;
		char text[8];

		if (p[i + 148] != '0' || p[i + 155] != ' ')
			continue;
		memset(p + i + 148, ' ', 8);
		for (size_t k = 0; k < BLOCK; k++)
			sum += p[i + k];
		(void)snprintf(text, sizeof(text), "%06o", sum);
		memcpy(p + i + 148, text, 7);
	}
}

static void check_path(struct sk_span path)
{
	struct sk_span rest = path;
	struct sk_span part;

	if (path.len == 0)
		return;
	while (sk_span_cut(&rest, '/', &part)) {
		if (part.len == 0 || sk_span_eq_str(part, ".") || sk_span_eq_str(part, ".."))
			abort();
	}
}

/* Reads some members in one way, some in the other, and skips some. */
static void check_content(struct unpack_tar *t, const struct unpack_entry *e, size_t turn)
{
	struct sk_err err = {0};
	char buf[700];
	uint64_t total = 0;
	int64_t n = 0;

	if (e->type != UNPACK_FILE || turn % 3 == 0)
		return;
	while (total < MAX_SIZE) {
		struct sk_span piece;

		if (turn % 3 == 1) {
			n = unpack_tar_read(t, buf, sizeof(buf), &err);
		} else {
			n = unpack_tar_chunk(t, &piece, &err);
			n = n > 0 ? (int64_t)piece.len : n;
		}
		if (n <= 0)
			break;
		total += (uint64_t)n;
	}
	if (total > e->size || (n == 0 && total != e->size))
		abort();
}

static void run(const uint8_t *data, size_t size, unsigned flags)
{
	struct memory m = {.ptr = data, .len = size};
	struct unpack_source src = {.read = memory_read, .ctx = &m};
	struct sk_limits limits = sk_limits_default();
	sk_cleanup(unpack_stream_closep) struct unpack_stream *s = NULL;
	sk_cleanup(unpack_tar_closep) struct unpack_tar *t = NULL;
	const struct unpack_entry *e;
	struct sk_budget budget;
	struct sk_err err = {0};
	size_t turn = 0;
	int r;

	limits.max[SK_LIMIT_BYTES_OUT] = 8 << 20;
	sk_budget_init(&budget, &limits);
	r = unpack_stream_open(&src, flags, &budget, &s, &err);
	if (r < 0)
		return;
	t = unpack_tar_open(s, &budget);
	while ((r = unpack_tar_next(t, &e, &err)) > 0) {
		check_path(e->path);
		if (e->type == UNPACK_HARDLINK)
			check_path(e->link);
		check_content(t, e, turn++);
	}
	if (r < 0 && (err.code != -r || err.msg[0] == '\0'))
		abort();
}

static uint32_t crc32_of(const uint8_t *p, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void put(uint8_t **to, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*(*to)++ = (uint8_t)(value >> (8 * i));
}

/* The archive as a gzip member of stored blocks. */
static void run_gzip(const uint8_t *data, size_t size)
{
	static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
	uint8_t *out = sk_alloc(size + size / UINT16_MAX * 5 + 64);
	uint8_t *to = out;
	size_t at = 0;

	memcpy(to, header, sizeof(header));
	to += sizeof(header);
	do {
		size_t n = size - at < UINT16_MAX ? size - at : UINT16_MAX;

		put(&to, at + n == size, 1);
		put(&to, (uint32_t)n, 2);
		put(&to, ~(uint32_t)n, 2);
		memcpy(to, data + at, n);
		to += n;
		at += n;
	} while (at < size);
	put(&to, crc32_of(data, size), 4);
	put(&to, (uint32_t)size, 4);
	run(out, (size_t)(to - out), UNPACK_HASH_PLAIN);
	sk_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size == 0 || size > MAX_SIZE)
		return 0;
	copy = sk_alloc(size);
	memcpy(copy, data, size);
	repair(copy, size);
	run(copy, size, 0);
	if (size % 8 == 0)
		run_gzip(copy, size);
	sk_free(copy);
	return 0;
}
