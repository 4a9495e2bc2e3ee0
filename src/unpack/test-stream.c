/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of decompression, digests and budgets. Archives are made with the libraries' own writers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bzlib.h>
#include <cmocka.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "unpack/unpack.h"

enum {
	MIB = 1 << 20,
	BOTH = UNPACK_HASH_STORED | UNPACK_HASH_PLAIN,
};

/* Gives a buffer's bytes in pieces of at most @max; fails at @fail_at. */
struct memory {
	struct sk_span rest;
	size_t max;
	size_t given;
	size_t fail_at;
};

static int64_t memory_read(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	struct memory *m = ctx;

	if (m->given >= m->fail_at)
		return sk_err_set(err, EIO, "memory is worn out");
	if (len > m->max)
		len = m->max;
	if (len > m->rest.len)
		len = m->rest.len;
	if (len != 0)
		memcpy(buf, m->rest.ptr, len);
	m->rest = sk_span_sub(m->rest, len, SIZE_MAX);
	m->given += len;
	return (int64_t)len;
}

/* Everything that a stream gives: content, result, totals. */
struct outcome {
	int r;
	struct sk_err err;
	struct sk_buf plain;
	struct unpack_totals totals;
};

static void outcome_release(struct outcome *o)
{
	sk_buf_release(&o->plain);
}

static void run(struct outcome *o, struct memory *m, unsigned flags, const struct sk_limits *limits)
{
	struct unpack_source src = {.read = memory_read, .ctx = m};
	sk_cleanup(unpack_stream_closep) struct unpack_stream *s = NULL;
	struct sk_budget budget;
	struct sk_span piece;
	struct sk_err again = {0};

	memset(o, 0, sizeof(*o));
	sk_buf_init(&o->plain, 512 * (size_t)MIB);
	sk_budget_init(&budget, limits);
	o->r = unpack_stream_open(&src, flags, &budget, &s, &o->err);
	if (o->r < 0)
		return;
	while ((o->r = unpack_stream_next(s, &piece, &o->err)) > 0) {
		assert_true(piece.len != 0);
		assert_true(sk_buf_add_span(&o->plain, piece));
	}
	/* The end and a failure stay what they are. */
	assert_int_equal(unpack_stream_next(s, &piece, &again), o->r);
	assert_string_equal(again.msg, o->err.msg);
	if (o->r < 0)
		return;
	unpack_stream_totals(s, &o->totals);
	assert_int_equal(o->totals.bytes_out, o->plain.len);
	assert_int_equal(budget.used[SK_LIMIT_BYTES_OUT], o->plain.len);
	assert_int_equal(budget.used[SK_LIMIT_BYTES_IN], o->totals.bytes_in);
}

static void run_span(struct outcome *o, struct sk_span stored, unsigned flags)
{
	struct memory m = {.rest = stored, .max = SIZE_MAX, .fail_at = SIZE_MAX};
	struct sk_limits limits = sk_limits_default();

	run(o, &m, flags, &limits);
}

/* Both ways to the same end. */
static void expect_plain(struct sk_span stored, struct sk_span plain, uint64_t trailing)
{
	struct sk_digest d_stored = sk_digest_of(SK_DIGEST_SHA256, stored);
	struct sk_digest d_plain = sk_digest_of(SK_DIGEST_SHA256, plain);

	for (unsigned flags = BOTH; flags <= (BOTH | UNPACK_THREADED); flags += UNPACK_THREADED) {
		struct outcome o;

		run_span(&o, stored, flags);
		assert_string_equal(o.err.msg, "");
		assert_int_equal(o.r, 0);
		assert_true(sk_span_eq(sk_span_of(o.plain.ptr, o.plain.len), plain));
		assert_int_equal(o.totals.bytes_in, stored.len);
		assert_int_equal(o.totals.trailing, trailing);
		assert_true(sk_digest_eq(&o.totals.stored, &d_stored));
		assert_true(sk_digest_eq(&o.totals.plain, &d_plain));
		outcome_release(&o);
	}
}

static void expect_error(struct sk_span stored, int code, const char *text)
{
	for (unsigned flags = BOTH; flags <= (BOTH | UNPACK_THREADED); flags += UNPACK_THREADED) {
		struct outcome o;

		run_span(&o, stored, flags);
		assert_string_equal(sk_err_name(-o.r), sk_err_name(code));
		assert_int_equal(o.err.code, code);
		assert_non_null(strstr(o.err.msg, text));
		outcome_release(&o);
	}
}

/* Text that compresses, noise that does not, and zeros. */
static void make_plain(struct sk_buf *b, size_t len)
{
	uint32_t state = 1;

	sk_buf_init(b, len);
	while (b->len < len) {
		char piece[64];
		size_t n = len - b->len < sizeof(piece) ? len - b->len : sizeof(piece);
		size_t kind = b->len / 100000 % 3;

		for (size_t i = 0; i < sizeof(piece); i++) {
			state = state * 1664525 + 1013904223;
			piece[i] = (char)(kind == 0   ? "abcdefgh"[state >> 29]
					  : kind == 1 ? (int)(state >> 24)
						      : 0);
		}
		assert_true(sk_buf_add(b, piece, n));
	}
}

static void add_gzip(struct sk_buf *to, struct sk_span plain)
{
	size_t size = compressBound(plain.len) + 64;
	char *out = sk_alloc(size);
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	memcpy(&z.next_in, &plain.ptr, sizeof(plain.ptr));
	z.avail_in = (uInt)plain.len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_true(sk_buf_add(to, out, z.total_out));
	(void)deflateEnd(&z);
	sk_free(out);
}

static void add_zstd(struct sk_buf *to, struct sk_span plain)
{
	size_t size = ZSTD_compressBound(plain.len);
	char *out = sk_alloc(size);
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	size_t n;

	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(ctx, out, size, plain.ptr, plain.len);
	assert_false(ZSTD_isError(n));
	assert_true(sk_buf_add(to, out, n));
	(void)ZSTD_freeCCtx(ctx);
	sk_free(out);
}

static void add_xz(struct sk_buf *to, struct sk_span plain)
{
	size_t size = lzma_stream_buffer_bound(plain.len);
	uint8_t *out = sk_alloc(size);
	size_t n = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL,
						 (const uint8_t *)plain.ptr, plain.len, out, &n,
						 size),
			 LZMA_OK);
	assert_true(sk_buf_add(to, out, n));
	sk_free(out);
}

static void add_bzip2(struct sk_buf *to, struct sk_span plain)
{
	unsigned size = (unsigned)(plain.len + plain.len / 50 + 1000);
	char *out = sk_alloc(size);
	char *in = sk_alloc(plain.len + 1);

	if (plain.len != 0)
		memcpy(in, plain.ptr, plain.len);
	assert_int_equal(BZ2_bzBuffToBuffCompress(out, &size, in, (unsigned)plain.len, 1, 0, 0),
			 BZ_OK);
	assert_true(sk_buf_add(to, out, size));
	sk_free(in);
	sk_free(out);
}

static void add_plain(struct sk_buf *to, struct sk_span plain)
{
	assert_true(sk_buf_add_span(to, plain));
}

static const struct format {
	enum unpack_compression compression;
	void (*add)(struct sk_buf *to, struct sk_span plain);
	bool concatenates;
} formats[] = {
	{UNPACK_PLAIN, add_plain, false}, {UNPACK_GZIP, add_gzip, true},
	{UNPACK_ZSTD, add_zstd, true},    {UNPACK_XZ, add_xz, true},
	{UNPACK_BZIP2, add_bzip2, true},
};

static struct sk_span span_of(const struct sk_buf *b)
{
	return sk_span_of(b->ptr, b->len);
}

static void test_detect(sk_unused void **state)
{
	static const struct {
		struct sk_span head;
		enum unpack_compression want;
	} cases[] = {
		{SK_SPAN(""), UNPACK_PLAIN},
		{SK_SPAN("\x1f"), UNPACK_PLAIN},
		{SK_SPAN("\x1f\x8b"), UNPACK_GZIP},
		{SK_SPAN("\x28\xb5\x2f"), UNPACK_PLAIN},
		{SK_SPAN("\x28\xb5\x2f\xfd"), UNPACK_ZSTD},
		{SK_SPAN("\x50\x2a\x4d\x18"), UNPACK_ZSTD},
		{SK_SPAN("\x5f\x2a\x4d\x18"), UNPACK_ZSTD},
		{SK_SPAN("\x60\x2a\x4d\x18"), UNPACK_PLAIN},
		{SK_SPAN("\xfd"
			 "7zXZ"),
		 UNPACK_PLAIN},
		{SK_SPAN("\xfd"
			 "7zXZ\0"),
		 UNPACK_XZ},
		{SK_SPAN("BZh9"), UNPACK_BZIP2},
		{SK_SPAN("BZ"), UNPACK_PLAIN},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++)
		assert_int_equal(unpack_detect(cases[i].head), cases[i].want);
}

static void test_round_trip(sk_unused void **state)
{
	static const size_t sizes[] = {0, 1, 511, 65536, 262144, 262145, 3 * MIB + 17};

	for (size_t f = 0; f < SK_ARRAY_LEN(formats); f++) {
		for (size_t i = 0; i < SK_ARRAY_LEN(sizes); i++) {
			struct sk_buf plain;
			struct sk_buf stored;

			make_plain(&plain, sizes[i]);
			sk_buf_init(&stored, 16 * MIB);
			formats[f].add(&stored, span_of(&plain));
			assert_int_equal(unpack_detect(span_of(&stored)), formats[f].compression);
			expect_plain(span_of(&stored), span_of(&plain), 0);
			sk_buf_release(&stored);
			sk_buf_release(&plain);
		}
	}
}

static void test_small_reads(sk_unused void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_buf plain;

	make_plain(&plain, 210000);
	for (size_t f = 0; f < SK_ARRAY_LEN(formats); f++) {
		struct sk_buf stored;

		sk_buf_init(&stored, 16 * MIB);
		formats[f].add(&stored, span_of(&plain));
		for (size_t max = 1; max <= 1001; max += 250) {
			struct memory m = {
				.rest = span_of(&stored), .max = max, .fail_at = SIZE_MAX};
			struct outcome o;

			run(&o, &m, BOTH | (max % 2 ? UNPACK_THREADED : 0), &limits);
			assert_int_equal(o.r, 0);
			assert_true(sk_span_eq(span_of(&o.plain), span_of(&plain)));
			outcome_release(&o);
		}
		sk_buf_release(&stored);
	}
	sk_buf_release(&plain);
}

static void test_no_digest_unasked(sk_unused void **state)
{
	struct outcome o;

	run_span(&o, (struct sk_span)SK_SPAN("plain bytes"), 0);
	assert_int_equal(o.totals.stored.alg, SK_DIGEST_NONE);
	assert_int_equal(o.totals.plain.alg, SK_DIGEST_NONE);
	outcome_release(&o);
	run_span(&o, (struct sk_span)SK_SPAN("plain bytes"), UNPACK_HASH_STORED);
	assert_int_equal(o.totals.stored.alg, SK_DIGEST_SHA256);
	assert_int_equal(o.totals.plain.alg, SK_DIGEST_NONE);
	outcome_release(&o);
}

static void test_concatenated(sk_unused void **state)
{
	struct sk_buf plain;
	struct sk_buf twice;

	make_plain(&plain, 300001);
	sk_buf_init(&twice, MIB);
	add_plain(&twice, span_of(&plain));
	add_plain(&twice, (struct sk_span)SK_SPAN("tail"));
	for (size_t f = 0; f < SK_ARRAY_LEN(formats); f++) {
		struct sk_buf stored;

		if (!formats[f].concatenates)
			continue;
		sk_buf_init(&stored, 16 * MIB);
		formats[f].add(&stored, span_of(&plain));
		formats[f].add(&stored, (struct sk_span)SK_SPAN(""));
		formats[f].add(&stored, (struct sk_span)SK_SPAN("tail"));
		expect_plain(span_of(&stored), span_of(&twice), 0);
		sk_buf_release(&stored);
	}
	sk_buf_release(&twice);
	sk_buf_release(&plain);
}

/* Cut anywhere, a stream is truncated, and says so; what came before is right. */
static void test_truncated(sk_unused void **state)
{
	struct sk_buf plain;

	make_plain(&plain, 2000);
	for (size_t f = 1; f < SK_ARRAY_LEN(formats); f++) {
		struct sk_buf stored;

		sk_buf_init(&stored, MIB);
		formats[f].add(&stored, span_of(&plain));
		for (size_t len = 6; len < stored.len; len++) {
			struct outcome o;

			run_span(&o, sk_span_of(stored.ptr, len), BOTH);
			assert_int_equal(o.r, -SK_E_TRUNCATED);
			assert_true(o.plain.len <= plain.len);
			if (o.plain.len != 0)
				assert_memory_equal(o.plain.ptr, plain.ptr, o.plain.len);
			outcome_release(&o);
		}
		sk_buf_release(&stored);
	}
	sk_buf_release(&plain);
}

/* Any byte changed: an error, or the same bytes. */
static void test_flipped(sk_unused void **state)
{
	struct sk_buf plain;

	make_plain(&plain, 700);
	for (size_t f = 1; f < SK_ARRAY_LEN(formats); f++) {
		struct sk_buf stored;

		sk_buf_init(&stored, MIB);
		formats[f].add(&stored, span_of(&plain));
		for (size_t i = 6; i < stored.len; i++) {
			struct outcome o;

			stored.ptr[i] ^= 0x55;
			run_span(&o, span_of(&stored), BOTH);
			stored.ptr[i] ^= 0x55;
			assert_true(o.r < 0 || sk_span_eq(span_of(&o.plain), span_of(&plain)));
			outcome_release(&o);
		}
		sk_buf_release(&stored);
	}
	sk_buf_release(&plain);
}

static void test_gzip_trailing(sk_unused void **state)
{
	static const struct {
		struct sk_span bytes;
		uint64_t trailing;
	} cases[] = {
		{SK_SPAN("\0\0\0\0\0\0\0\0"), 8},
		{SK_SPAN("garbage"), 7},
		{SK_SPAN("\0\0\x1f\x8b\x08"), 5},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct sk_buf stored;

		sk_buf_init(&stored, MIB);
		add_gzip(&stored, (struct sk_span)SK_SPAN("text"));
		add_plain(&stored, cases[i].bytes);
		expect_plain(span_of(&stored), (struct sk_span)SK_SPAN("text"), cases[i].trailing);
		sk_buf_release(&stored);
	}
}

static void test_bzip2_trailing(sk_unused void **state)
{
	struct sk_buf stored;

	sk_buf_init(&stored, MIB);
	add_bzip2(&stored, (struct sk_span)SK_SPAN("text"));
	add_plain(&stored, (struct sk_span)SK_SPAN("garbage"));
	expect_plain(span_of(&stored), (struct sk_span)SK_SPAN("text"), 7);
	sk_buf_release(&stored);
}

/* More trailing bytes than a piece holds: all of them are hashed. */
static void test_long_trailing(sk_unused void **state)
{
	struct sk_buf stored;
	struct sk_buf zeros;

	sk_buf_init(&zeros, 2 * MIB);
	sk_buf_init(&stored, 4 * MIB);
	add_gzip(&stored, (struct sk_span)SK_SPAN("text"));
	for (size_t i = 0; i < 2 * MIB / 64; i++)
		assert_true(sk_buf_add(&zeros, (const char[64]){0}, 64));
	add_plain(&stored, span_of(&zeros));
	expect_plain(span_of(&stored), (struct sk_span)SK_SPAN("text"), 2 * MIB);
	sk_buf_release(&stored);
	sk_buf_release(&zeros);
}

static void test_gzip_headers(sk_unused void **state)
{
	static const struct sk_span fields = SK_SPAN("\x1f\x8b\x08\x1e\0\0\0\0\0\xff"
						     "\x02\0ex"
						     "name\0comment\0"
						     "\x12\x34");
	struct sk_buf member;
	struct sk_buf stored;

	sk_buf_init(&member, MIB);
	sk_buf_init(&stored, MIB);
	add_gzip(&member, (struct sk_span)SK_SPAN("text"));
	add_plain(&stored, fields);
	add_plain(&stored, sk_span_sub(span_of(&member), 10, SIZE_MAX));
	expect_plain(span_of(&stored), (struct sk_span)SK_SPAN("text"), 0);
	for (size_t len = 2; len < stored.len; len++)
		expect_error(sk_span_of(stored.ptr, len), SK_E_TRUNCATED, "gzip");
	member.ptr[3] = '\x20';
	expect_error(span_of(&member), SK_E_FORMAT, "reserved flags");
	member.ptr[3] = '\0';
	member.ptr[2] = '\7';
	expect_error(span_of(&member), SK_E_UNSUPPORTED, "compression method 7");
	member.ptr[2] = '\10';
	member.ptr[member.len - 1] ^= 1;
	expect_error(span_of(&member), SK_E_FORMAT, "length mismatch");
	member.ptr[member.len - 1] ^= 1;
	member.ptr[member.len - 8] ^= 1;
	expect_error(span_of(&member), SK_E_FORMAT, "checksum mismatch");
	sk_buf_release(&stored);
	sk_buf_release(&member);
}

static void test_zstd_frames(sk_unused void **state)
{
	struct sk_buf stored;

	sk_buf_init(&stored, MIB);
	add_plain(&stored, (struct sk_span)SK_SPAN("\x51\x2a\x4d\x18\3\0\0\0abc"));
	expect_plain(span_of(&stored), (struct sk_span)SK_SPAN(""), 0);
	add_zstd(&stored, (struct sk_span)SK_SPAN("one"));
	add_plain(&stored, (struct sk_span)SK_SPAN("\x5e\x2a\x4d\x18\0\0\0\0"));
	add_zstd(&stored, (struct sk_span)SK_SPAN("two"));
	expect_plain(span_of(&stored), (struct sk_span)SK_SPAN("onetwo"), 0);
	add_plain(&stored, (struct sk_span)SK_SPAN("\x51\x2a\x4d\x18\xff\xff\xff\xff"));
	expect_error(span_of(&stored), SK_E_TRUNCATED, "zstd");
	stored.len -= 8;
	add_plain(&stored, (struct sk_span)SK_SPAN("garbage"));
	expect_error(span_of(&stored), SK_E_FORMAT, "zstd");
	sk_buf_release(&stored);
}

static void test_xz_padding(sk_unused void **state)
{
	struct sk_buf stored;

	sk_buf_init(&stored, MIB);
	add_xz(&stored, (struct sk_span)SK_SPAN("one"));
	assert_true(sk_buf_add(&stored, "\0\0\0\0", 4));
	add_xz(&stored, (struct sk_span)SK_SPAN("two"));
	assert_true(sk_buf_add(&stored, "\0\0\0\0\0\0\0\0", 8));
	expect_plain(span_of(&stored), (struct sk_span)SK_SPAN("onetwo"), 0);
	assert_true(sk_buf_add(&stored, "\0", 1));
	expect_error(span_of(&stored), SK_E_FORMAT, "xz");
	sk_buf_release(&stored);
}

static void expect_limit(struct sk_span stored, const struct sk_limits *limits, const char *name)
{
	for (unsigned flags = BOTH; flags <= (BOTH | UNPACK_THREADED); flags += UNPACK_THREADED) {
		struct memory m = {.rest = stored, .max = SIZE_MAX, .fail_at = SIZE_MAX};
		struct outcome o;

		run(&o, &m, flags, limits);
		assert_int_equal(o.r, -SK_E_LIMIT);
		assert_int_equal(o.err.code, SK_E_LIMIT);
		assert_non_null(strstr(o.err.msg, name));
		outcome_release(&o);
	}
}

static void test_window_limit(sk_unused void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_buf plain;
	struct sk_buf stored;

	limits.max[SK_LIMIT_WINDOW] = 128 << 10;
	make_plain(&plain, 3 * MIB);
	sk_buf_init(&stored, 8 * MIB);
	add_zstd(&stored, span_of(&plain));
	expect_limit(span_of(&stored), &limits, "limit window of 131072");
	sk_buf_reset(&stored);
	limits.max[SK_LIMIT_WINDOW] = 1;
	assert_true(sk_buf_add(&stored,
			       "\xfd"
			       "7zXZ",
			       6));
	sk_buf_reset(&stored);
	add_xz(&stored, span_of(&plain));
	/* The least that xz -0 needs is 256 KiB and liblzma's own; 1 MiB is granted for that. */
	expect_plain(span_of(&stored), span_of(&plain), 0);
	sk_buf_reset(&stored);
	{
		uint8_t *out = sk_alloc(8 * MIB);
		size_t n = 0;

		assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL,
							 (const uint8_t *)plain.ptr, plain.len, out,
							 &n, 8 * MIB),
				 LZMA_OK);
		expect_limit(sk_span_of(out, n), &limits, "limit window of 1 ");
		expect_plain(sk_span_of(out, n), span_of(&plain), 0);
		sk_free(out);
	}
	sk_buf_release(&stored);
	sk_buf_release(&plain);
}

static void test_byte_limits(sk_unused void **state)
{
	struct sk_buf plain;

	make_plain(&plain, MIB);
	for (size_t f = 0; f < SK_ARRAY_LEN(formats); f++) {
		struct sk_limits limits = sk_limits_default();
		struct sk_buf stored;

		sk_buf_init(&stored, 4 * MIB);
		formats[f].add(&stored, span_of(&plain));
		limits.max[SK_LIMIT_BYTES_OUT] = MIB - 1;
		expect_limit(span_of(&stored), &limits, "limit bytes_out");
		limits.max[SK_LIMIT_BYTES_OUT] = MIB;
		limits.max[SK_LIMIT_BYTES_IN] = stored.len - 1;
		expect_limit(span_of(&stored), &limits, "limit bytes_in");
		sk_buf_release(&stored);
	}
	sk_buf_release(&plain);
}

/* Input that gives no output is bounded too. */
static void test_empty_members(sk_unused void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_buf stored;

	limits.max[SK_LIMIT_BYTES_IN] = 100000;
	sk_buf_init(&stored, 4 * MIB);
	for (size_t i = 0; i < 20000; i++)
		add_gzip(&stored, (struct sk_span)SK_SPAN(""));
	expect_limit(span_of(&stored), &limits, "limit bytes_in");
	expect_plain(span_of(&stored), (struct sk_span)SK_SPAN(""), 0);
	sk_buf_release(&stored);
}

/* Members that are each below the ratio's start make a bomb together. */
static void test_ratio(sk_unused void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_buf member;
	struct sk_buf stored;
	char *zeros = sk_alloc(8 * MIB);

	limits.max[SK_LIMIT_RATIO] = 500;
	for (size_t f = 1; f < 3; f++) {
		sk_buf_init(&member, MIB);
		sk_buf_init(&stored, 4 * MIB);
		formats[f].add(&member, sk_span_of(zeros, 8 * MIB));
		for (size_t i = 0; i < 8; i++)
			add_plain(&stored, span_of(&member));
		{
			struct memory m = {
				.rest = span_of(&stored), .max = SIZE_MAX, .fail_at = SIZE_MAX};
			struct outcome o;

			run(&o, &m, BOTH, &limits); /* 64 MiB are granted */
			assert_int_equal(o.r, 0);
			outcome_release(&o);
		}
		add_plain(&stored, span_of(&member));
		expect_limit(span_of(&stored), &limits, "limit ratio");
		sk_buf_release(&stored);
		sk_buf_release(&member);
	}
	sk_free(zeros);
}

static void test_source_failure(sk_unused void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_buf plain;

	make_plain(&plain, MIB);
	for (size_t f = 0; f < SK_ARRAY_LEN(formats); f++) {
		struct sk_buf stored;

		sk_buf_init(&stored, 4 * MIB);
		formats[f].add(&stored, span_of(&plain));
		for (size_t at = 0; at < stored.len; at += stored.len / 5) {
			struct memory m = {.rest = span_of(&stored), .max = 5000, .fail_at = at};
			struct outcome o;

			run(&o, &m, BOTH | (at % 2 ? UNPACK_THREADED : 0), &limits);
			assert_int_equal(o.r, -EIO);
			assert_string_equal(o.err.msg, "memory is worn out");
			outcome_release(&o);
		}
		sk_buf_release(&stored);
	}
	sk_buf_release(&plain);
}

/* A stream may be closed at any time. */
static void test_early_close(sk_unused void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_buf plain;
	struct sk_buf stored;

	make_plain(&plain, 4 * MIB);
	sk_buf_init(&stored, 8 * MIB);
	add_gzip(&stored, span_of(&plain));
	for (size_t n = 0; n < 4; n++) {
		struct memory m = {.rest = span_of(&stored), .max = SIZE_MAX, .fail_at = SIZE_MAX};
		struct unpack_source src = {.read = memory_read, .ctx = &m};
		struct unpack_stream *s = NULL;
		struct sk_budget budget;
		struct sk_err err = {0};
		struct sk_span piece;

		sk_budget_init(&budget, &limits);
		assert_int_equal(
			unpack_stream_open(&src, BOTH | UNPACK_THREADED, &budget, &s, &err), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(unpack_stream_next(s, &piece, &err), 1);
		unpack_stream_close(s);
	}
	unpack_stream_close(NULL);
	sk_buf_release(&stored);
	sk_buf_release(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detect),         cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_small_reads),    cmocka_unit_test(test_no_digest_unasked),
		cmocka_unit_test(test_concatenated),   cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),        cmocka_unit_test(test_gzip_trailing),
		cmocka_unit_test(test_bzip2_trailing), cmocka_unit_test(test_long_trailing),
		cmocka_unit_test(test_gzip_headers),   cmocka_unit_test(test_zstd_frames),
		cmocka_unit_test(test_xz_padding),     cmocka_unit_test(test_window_limit),
		cmocka_unit_test(test_byte_limits),    cmocka_unit_test(test_empty_members),
		cmocka_unit_test(test_ratio),          cmocka_unit_test(test_source_failure),
		cmocka_unit_test(test_early_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
