/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the tar reader, on archives that the tests lay out themselves. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "unpack/tar-priv.h"

enum {
	MIB = 1 << 20,
};

/* An archive being written; the last header can be changed until the next is added. */
struct archive {
	struct sk_buf buf;
	size_t header;
};

static void archive_init(struct archive *a)
{
	sk_buf_init(&a->buf, 64 * (size_t)MIB);
	a->header = 0;
}

static void archive_release(struct archive *a)
{
	sk_buf_release(&a->buf);
}

/* Sums the last header again. */
static void seal(struct archive *a)
{
	char *h = a->buf.ptr + a->header;
	unsigned sum = 0;
	char text[8];

	memset(h + TAR_CHECKSUM, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (uint8_t)h[i];
	(void)snprintf(text, sizeof(text), "%06o", sum);
	memcpy(h + TAR_CHECKSUM, text, 7);
}

static void put(struct archive *a, size_t off, const void *bytes, size_t len)
{
	memcpy(a->buf.ptr + a->header + off, bytes, len);
	seal(a);
}

static void add_header(struct archive *a, const char *name, char type, uint64_t size)
{
	char h[TAR_BLOCK] = {0};

	memcpy(h, name, strnlen(name, TAR_NAME_LEN));
	memcpy(h + TAR_MODE, "0004755", 8);
	memcpy(h + TAR_UID, "0001750", 8);
	memcpy(h + TAR_GID, "0001751", 8);
	(void)snprintf(h + TAR_SIZE, TAR_NUMBER_LEN, "%011" PRIo64, size);
	memcpy(h + TAR_MTIME, "14000000000", 12);
	h[TAR_TYPE] = type;
	memcpy(h + TAR_MAGIC, "ustar\00000", 8);
	a->header = a->buf.len;
	assert_true(sk_buf_add(&a->buf, h, sizeof(h)));
	seal(a);
}

static void add_bytes(struct archive *a, const void *bytes, size_t len)
{
	static const char zeros[TAR_BLOCK];

	assert_true(sk_buf_add(&a->buf, bytes, len));
	assert_true(sk_buf_add(&a->buf, zeros, -len % TAR_BLOCK));
}

static void add_file(struct archive *a, const char *name, char type, const char *content)
{
	add_header(a, name, type, strlen(content));
	add_bytes(a, content, strlen(content));
}

static void add_end(struct archive *a)
{
	static const char zeros[2 * TAR_BLOCK];

	assert_true(sk_buf_add(&a->buf, zeros, sizeof(zeros)));
}

static void add_record(struct sk_buf *b, const char *key, const char *value)
{
	size_t body = strlen(key) + strlen(value) + 3;
	size_t len = body + 1;
	char digits[16];

	while ((size_t)snprintf(digits, sizeof(digits), "%zu", len) + body != len)
		len++;
	assert_true(sk_buf_add_str(b, digits) && sk_buf_add_str(b, " ") && sk_buf_add_str(b, key) &&
		    sk_buf_add_str(b, "=") && sk_buf_add_str(b, value) && sk_buf_add_str(b, "\n"));
}

/* An extended header of key and value pairs, ended by NULL. */
static void add_pax(struct archive *a, char type, const char *const *pairs)
{
	struct sk_buf b;

	sk_buf_init(&b, 2 * MIB);
	for (; *pairs != NULL; pairs += 2)
		add_record(&b, pairs[0], pairs[1]);
	add_header(a, "pax", type, b.len);
	add_bytes(a, b.ptr, b.len);
	sk_buf_release(&b);
}

#define PAIRS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

struct memory {
	struct sk_span rest;
	uint64_t skipped;
};

static int64_t memory_read(void *ctx, void *buf, size_t len, sk_unused struct sk_err *err)
{
	struct memory *m = ctx;

	if (len > m->rest.len)
		len = m->rest.len;
	if (len != 0)
		memcpy(buf, m->rest.ptr, len);
	m->rest = sk_span_sub(m->rest, len, SIZE_MAX);
	return (int64_t)len;
}

struct reader {
	struct memory memory;
	struct unpack_source src;
	struct sk_budget budget;
	struct unpack_stream *stream;
	struct unpack_tar *tar;
	struct sk_err err;
	const struct unpack_entry *entry;
};

static void reader_open(struct reader *r, struct sk_span bytes, const struct sk_limits *limits)
{
	struct sk_limits defaults = sk_limits_default();

	memset(r, 0, sizeof(*r));
	r->memory.rest = bytes;
	r->src = (struct unpack_source){.read = memory_read, .ctx = &r->memory};
	sk_budget_init(&r->budget, limits != NULL ? limits : &defaults);
	assert_int_equal(unpack_stream_open(&r->src, 0, &r->budget, &r->stream, &r->err), 0);
	r->tar = unpack_tar_open(r->stream, &r->budget);
}

static void reader_archive(struct reader *r, const struct archive *a)
{
	reader_open(r, sk_span_of(a->buf.ptr, a->buf.len), NULL);
}

static void reader_close(struct reader *r)
{
	unpack_tar_close(r->tar);
	unpack_stream_close(r->stream);
}

static int next(struct reader *r)
{
	return unpack_tar_next(r->tar, &r->entry, &r->err);
}

static void expect_entry(struct reader *r, enum unpack_entry_type type, const char *path,
			 uint64_t size)
{
	assert_int_equal(next(r), 1);
	assert_int_equal(r->entry->type, type);
	assert_true(sk_span_eq_str(r->entry->path, path));
	assert_int_equal(r->entry->size, size);
}

static void expect_content(struct reader *r, const char *content, size_t len)
{
	char *buf = sk_alloc(len + 16);

	assert_int_equal(unpack_tar_read(r->tar, buf, len + 16, &r->err), len);
	assert_memory_equal(buf, content, len);
	assert_int_equal(unpack_tar_read(r->tar, buf, 1, &r->err), 0);
	sk_free(buf);
}

static void expect_end(struct reader *r)
{
	assert_int_equal(next(r), 0);
	assert_int_equal(next(r), 0);
	reader_close(r);
}

/* All members and their content; the result of the last call. */
static int read_all(struct reader *r)
{
	int result;

	while ((result = next(r)) > 0) {
		struct sk_span piece;
		uint64_t total = 0;

		while ((result = unpack_tar_chunk(r->tar, &piece, &r->err)) > 0) {
			total += piece.len;
			if (total > 4 * MIB)
				break;
		}
		if (result < 0)
			break;
	}
	if (result < 0) {
		struct sk_err again = {0};

		assert_int_equal(r->err.code, -result);
		assert_int_equal(unpack_tar_next(r->tar, &r->entry, &again), result);
		assert_string_equal(again.msg, r->err.msg);
	}
	return result;
}

static void expect_error(const struct archive *a, int code, const char *text)
{
	struct reader r;

	reader_archive(&r, a);
	assert_string_equal(sk_err_name(-read_all(&r)), sk_err_name(code));
	if (strstr(r.err.msg, text) == NULL)
		assert_string_equal(r.err.msg, text);
	reader_close(&r);
}

static void test_types(sk_unused void **state)
{
	struct archive a;
	struct reader r;

	archive_init(&a);
	add_header(&a, "./dir//", '5', 0);
	add_file(&a, "dir/file", '0', "content");
	add_header(&a, "link", '2', 0);
	put(&a, TAR_LINK, "../x/./y", 8);
	add_header(&a, "hard", '1', 12345); /* a size without content */
	put(&a, TAR_LINK, "/dir/./file", 11);
	add_header(&a, "chr", '3', 0);
	add_header(&a, "blk", '4', 0);
	add_header(&a, "fifo", '6', 0);
	add_file(&a, "contiguous", '7', "c");
	add_file(&a, "unknown", 'Z', "u");
	add_file(&a, "label", 'V', "");
	add_header(&a, "old-dir/", '\0', 0);
	add_file(&a, "old-file", '\0', "o");
	add_end(&a);
	reader_archive(&r, &a);
	expect_entry(&r, UNPACK_DIR, "dir", 0);
	expect_entry(&r, UNPACK_FILE, "dir/file", 7);
	assert_int_equal(r.entry->mode, 04755);
	assert_int_equal(r.entry->uid, 01750);
	assert_int_equal(r.entry->gid, 01751);
	assert_int_equal(r.entry->mtime, 014000000000);
	assert_false(r.entry->path_escapes);
	expect_content(&r, "content", 7);
	expect_entry(&r, UNPACK_SYMLINK, "link", 0);
	assert_true(sk_span_eq_str(r.entry->link, "../x/./y"));
	expect_entry(&r, UNPACK_HARDLINK, "hard", 0);
	assert_true(sk_span_eq_str(r.entry->link, "dir/file"));
	expect_entry(&r, UNPACK_DEVICE, "chr", 0);
	assert_int_equal(r.entry->link.len, 0);
	expect_entry(&r, UNPACK_DEVICE, "blk", 0);
	expect_entry(&r, UNPACK_FIFO, "fifo", 0);
	expect_entry(&r, UNPACK_FILE, "contiguous", 1);
	expect_entry(&r, UNPACK_FILE, "unknown", 1);
	expect_entry(&r, UNPACK_DIR, "old-dir", 0);
	expect_entry(&r, UNPACK_FILE, "old-file", 1);
	expect_content(&r, "o", 1);
	expect_end(&r);
	archive_release(&a);
}

static void test_formats(sk_unused void **state)
{
	struct archive a;
	struct reader r;

	archive_init(&a);
	add_file(&a, "name", '0', "");
	put(&a, TAR_PREFIX, "pre/fix", 7);
	add_file(&a, "v7", '0', "");
	put(&a, TAR_MAGIC, "\0\0\0\0\0\0\0\0", 8);
	put(&a, TAR_PREFIX, "pre/fix", 7);
	add_file(&a, "gnu", '0', "");
	put(&a, TAR_MAGIC, "ustar  ", 8);
	put(&a, TAR_PREFIX, "14000000000\00014000000000", 24);
	add_file(&a, "go", '0', "");
	put(&a, TAR_MAGIC, "ustar  ", 8);
	put(&a, TAR_PREFIX, "pre/fix", 7);
	add_file(&a, "star", '0', "");
	put(&a, TAR_PREFIX, "pre", 3);
	put(&a, TAR_PREFIX + TAR_STAR_PREFIX_LEN, "14000000000 14000000000 ", 24);
	put(&a, TAR_STAR_TRAILER, "tar", 4);
	add_end(&a);
	reader_archive(&r, &a);
	expect_entry(&r, UNPACK_FILE, "pre/fix/name", 0);
	expect_entry(&r, UNPACK_FILE, "v7", 0);
	expect_entry(&r, UNPACK_FILE, "gnu", 0);
	expect_entry(&r, UNPACK_FILE, "pre/fix/go", 0);
	expect_entry(&r, UNPACK_FILE, "pre/star", 0);
	expect_end(&r);
	archive_release(&a);
}

static void test_ends(sk_unused void **state)
{
	struct archive a;
	struct reader r;

	archive_init(&a);
	reader_open(&r, (struct sk_span)SK_SPAN(""), NULL);
	expect_end(&r);
	add_file(&a, "f", '0', "content");
	reader_archive(&r, &a);
	expect_entry(&r, UNPACK_FILE, "f", 7);
	expect_end(&r); /* no blocks of zeros */
	reader_open(&r, sk_span_of(a.buf.ptr, TAR_BLOCK + 7), NULL);
	expect_entry(&r, UNPACK_FILE, "f", 7);
	expect_end(&r); /* no padding */
	add_end(&a);
	reader_open(&r, sk_span_of(a.buf.ptr, 3 * TAR_BLOCK), NULL);
	expect_entry(&r, UNPACK_FILE, "f", 7);
	expect_end(&r); /* one block of zeros, and no more */
	add_file(&a, "after", '0', "hidden");
	reader_archive(&r, &a);
	expect_entry(&r, UNPACK_FILE, "f", 7);
	expect_end(&r); /* what follows the end is not looked at */
	archive_release(&a);

	archive_init(&a);
	add_file(&a, "f", '0', "content");
	assert_true(sk_buf_add(&a.buf, (char[TAR_BLOCK]){0}, TAR_BLOCK));
	add_file(&a, "after", '0', "hidden");
	expect_error(&a, SK_E_FORMAT, "one block of zeros");
	archive_release(&a);
}

/* Cut at every 512 bytes and between: truncated, unless a member ends there. */
static void test_truncated(sk_unused void **state)
{
	struct archive a;

	archive_init(&a);
	add_pax(&a, 'x', PAIRS("path", "long"));
	add_header(&a, "short", '0', 3000);
	add_bytes(&a, (char[3000]){0}, 3000);
	for (size_t len = 0; len <= a.buf.len; len += 128) {
		bool whole = len == 0 || len == 2 * TAR_BLOCK || len >= 3 * TAR_BLOCK + 3000;
		struct reader r;

		reader_open(&r, sk_span_of(a.buf.ptr, len), NULL);
		if (whole) {
			assert_int_equal(read_all(&r), 0);
		} else if (len > TAR_BLOCK && len < 2 * TAR_BLOCK) {
			(void)read_all(&r); /* the padding of an extended header */
		} else {
			assert_int_equal(read_all(&r), -SK_E_TRUNCATED);
			assert_non_null(strstr(r.err.msg, "offset"));
		}
		reader_close(&r);
	}
	archive_release(&a);
}

static void test_checksum(sk_unused void **state)
{
	struct archive a;
	struct reader r;
	int sum = 0;
	char text[8];

	archive_init(&a);
	add_file(&a, "f", '0', "");
	a.buf.ptr[0] = 'g';
	expect_error(&a, SK_E_FORMAT, "wrong header checksum, member at offset 0");
	put(&a, 0, "\xe4\xf6", 2);
	/* The same with signed bytes. */
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= TAR_CHECKSUM && i < TAR_CHECKSUM + 8 ? ' ' : (signed char)a.buf.ptr[i];
	(void)snprintf(text, sizeof(text), "%06o", (unsigned)sum);
	memcpy(a.buf.ptr + TAR_CHECKSUM, text, 7);
	reader_archive(&r, &a);
	expect_entry(&r, UNPACK_FILE, "\xe4\xf6", 0);
	expect_end(&r);
	memcpy(a.buf.ptr + TAR_CHECKSUM, "junk", 5);
	expect_error(&a, SK_E_FORMAT, "wrong header checksum");
	archive_release(&a);
}

static void test_numbers(sk_unused void **state)
{
	static const struct {
		struct sk_span field;
		int64_t want;
		bool ok;
	} cases[] = {
		{SK_SPAN("00000000017\0"), 15, true},
		{SK_SPAN("        17 \0"), 15, true},
		{SK_SPAN("000000000017"), 15, true},
		{SK_SPAN("777777777777"), 0777777777777, true},
		{SK_SPAN("\0\0\0\0\0\0\0\0\0\0\0\0"), 0, true},
		{SK_SPAN("            "), 0, true},
		{SK_SPAN("17\0ignored  "), 15, true},
		{SK_SPAN("-0000000001\0"), 0, false},
		{SK_SPAN("00000000018\0"), 0, false},
		{SK_SPAN("1 1         "), 0, false},
		{SK_SPAN("\x80\0\0\0\0\0\0\0\0\0\1\2"), 258, true},
		{SK_SPAN("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX, true},
		{SK_SPAN("\x80\0\0\0\x80\0\0\0\0\0\0\0"), 0, false},
		{SK_SPAN("\x80\1\0\0\0\0\0\0\0\0\0\0"), 0, false},
		{SK_SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), -1, true},
		{SK_SPAN("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"), INT64_MIN, true},
		{SK_SPAN("\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), 0, false},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		int64_t got = 0;

		assert_int_equal(tar_number(cases[i].field.ptr, cases[i].field.len, &got),
				 cases[i].ok);
		if (cases[i].ok)
			assert_int_equal(got, cases[i].want);
	}
}

static void test_hostile_sizes(sk_unused void **state)
{
	static const struct {
		struct sk_span size;
		int code;
		const char *text;
	} cases[] = {
		{SK_SPAN("77777777777\0"), SK_E_TRUNCATED, "archive ends"},
		{SK_SPAN("-7777777777\0"), SK_E_FORMAT, "malformed size"},
		{SK_SPAN("0000000000x\0"), SK_E_FORMAT, "malformed size"},
		{SK_SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), SK_E_FORMAT,
		 "malformed size"},
		{SK_SPAN("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), SK_E_TRUNCATED,
		 "archive ends"},
		{SK_SPAN("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), SK_E_FORMAT,
		 "malformed size"},
	};
	static const char *const texts[] = {
		"-1", "9223372036854775808", "18446744073709551617", "0x10", "1 ", "1.5"};
	struct archive a;

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		archive_init(&a);
		add_file(&a, "f", '0', "x");
		put(&a, TAR_SIZE, cases[i].size.ptr, TAR_NUMBER_LEN);
		expect_error(&a, cases[i].code, cases[i].text);
		archive_release(&a);
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(texts); i++) {
		archive_init(&a);
		add_pax(&a, 'x', PAIRS("size", texts[i]));
		add_file(&a, "f", '0', "x");
		expect_error(&a, SK_E_FORMAT, "malformed size");
		archive_release(&a);
	}
	archive_init(&a);
	add_pax(&a, 'x', PAIRS("size", "9223372036854775807"));
	add_file(&a, "f", '0', "x");
	expect_error(&a, SK_E_TRUNCATED, "archive ends");
	archive_release(&a);
	/* An extended header that claims to be huge. */
	archive_init(&a);
	add_header(&a, "x", 'x', 1ull << 32);
	expect_error(&a, SK_E_LIMIT, "extended header of 4294967296 bytes");
	archive_release(&a);
	archive_init(&a);
	add_header(&a, "x", 'L', TAR_MAX_EXTENDED + 1);
	expect_error(&a, SK_E_LIMIT, "extended header");
	archive_release(&a);
}

static void test_pax(sk_unused void **state)
{
	struct archive a;
	struct reader r;

	archive_init(&a);
	add_pax(&a, 'g', PAIRS("comment", "nothing", "mtime", "1"));
	add_pax(&a, 'x',
		PAIRS("path", "first", "path", "/p/../q", "mtime", "1234.9", "uid", "4294967296",
		      "gid", "70000", "SCHILY.xattr.user.x", "a=b\nc", "size", "3"));
	add_header(&a, "short", '0', 0);
	add_bytes(&a, "abc", 3);
	add_file(&a, "second", '0', "de");
	add_pax(&a, 'x', PAIRS("path", "", "linkpath", "to", "mtime", "-5"));
	add_header(&a, "third", '2', 0);
	put(&a, TAR_LINK, "from", 4);
	add_end(&a);
	reader_archive(&r, &a);
	expect_entry(&r, UNPACK_FILE, "q", 3);
	assert_true(r.entry->path_escapes);
	assert_int_equal(r.entry->mtime, 1234);
	assert_int_equal(r.entry->uid, UINT32_MAX);
	assert_int_equal(r.entry->gid, 70000);
	expect_content(&r, "abc", 3);
	expect_entry(&r, UNPACK_FILE, "second", 2);
	assert_int_equal(r.entry->mtime, 014000000000);
	expect_entry(&r, UNPACK_SYMLINK, "third", 0);
	assert_true(sk_span_eq_str(r.entry->link, "to"));
	assert_int_equal(r.entry->mtime, 0);
	expect_end(&r);
	archive_release(&a);
}

static void test_pax_damaged(sk_unused void **state)
{
	static const struct {
		struct sk_span text;
		const char *wrong;
	} cases[] = {
		{SK_SPAN("x"), "without a length"},
		{SK_SPAN(" path=a\n"), "without a length"},
		{SK_SPAN("-9 path=a\n"), "without a length"},
		{SK_SPAN("99999999999999999999999 path=a\n"), "without a length"},
		{SK_SPAN("11 path=a\n"), "wrong length"},
		{SK_SPAN("8 path=a\n"), "wrong length"},
		{SK_SPAN("0 path=a\n"), "wrong length"},
		{SK_SPAN("2 path=a\n"), "wrong length"},
		{SK_SPAN("10 path=ab"), "wrong length"},
		{SK_SPAN("18446744073709551615 path=a\n"), "wrong length"},
		{SK_SPAN("8 path\n\n"), "without a key"},
		{SK_SPAN("6 =ab\n"), "without a key"},
		{SK_SPAN("12 path=a\0b\n"), "NUL in a path"},
		{SK_SPAN("12 mtime=1x\n"), "malformed time"},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct archive a;

		archive_init(&a);
		add_header(&a, "x", 'x', cases[i].text.len);
		add_bytes(&a, cases[i].text.ptr, cases[i].text.len);
		add_file(&a, "f", '0', "");
		expect_error(&a, SK_E_FORMAT, cases[i].wrong);
		archive_release(&a);
	}
}

/* Global records that engines ignore and POSIX applies cannot be told apart: refused. */
static void test_pax_global(sk_unused void **state)
{
	static const char *const keys[] = {"path", "linkpath", "size", "GNU.sparse.map"};

	for (size_t i = 0; i < SK_ARRAY_LEN(keys); i++) {
		struct archive a;

		archive_init(&a);
		add_pax(&a, 'g', PAIRS(keys[i], "1"));
		add_file(&a, "f", '0', "");
		expect_error(&a, SK_E_FORMAT, "readers do not agree");
		archive_release(&a);
	}
}

static void test_long_names(sk_unused void **state)
{
	char name[300];
	struct archive a;
	struct reader r;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	archive_init(&a);
	add_header(&a, "././@LongLink", 'L', sizeof(name));
	add_bytes(&a, name, sizeof(name));
	add_header(&a, "././@LongLink", 'K', sizeof(name) - 1);
	add_bytes(&a, name, sizeof(name) - 1);
	add_header(&a, "short", '1', 0);
	put(&a, TAR_LINK, "other", 5);
	add_file(&a, "plain", '0', "");
	add_end(&a);
	reader_archive(&r, &a);
	expect_entry(&r, UNPACK_HARDLINK, name, 0);
	assert_true(sk_span_eq_str(r.entry->link, name));
	expect_entry(&r, UNPACK_FILE, "plain", 0);
	expect_end(&r);
	archive_release(&a);
}

static void test_path_limits(sk_unused void **state)
{
	char *name = sk_alloc(64 << 10);
	struct archive a;

	memset(name, 'n', (64 << 10) - 1);
	archive_init(&a);
	add_file(&a, "././@LongLink", 'L', name);
	add_file(&a, "f", '0', "");
	expect_error(&a, SK_E_LIMIT, "limit path_len of 4096");
	archive_release(&a);
	archive_init(&a);
	add_pax(&a, 'x', PAIRS("linkpath", name));
	add_file(&a, "f", '2', "");
	expect_error(&a, SK_E_LIMIT, "limit path_len of 4096");
	archive_release(&a);
	for (size_t i = 0; i < 1000; i++)
		name[i] = i % 2 ? '/' : 'd';
	name[600] = '\0';
	archive_init(&a);
	add_pax(&a, 'x', PAIRS("path", name));
	add_file(&a, "f", '0', "");
	expect_error(&a, SK_E_LIMIT, "limit path_depth of 256");
	archive_release(&a);
	sk_free(name);
}

static void test_entry_limit(sk_unused void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct archive a;
	struct reader r;

	limits.max[SK_LIMIT_ENTRIES] = 2;
	archive_init(&a);
	for (int i = 0; i < 3; i++)
		add_file(&a, "f", '0', "");
	reader_open(&r, sk_span_of(a.buf.ptr, a.buf.len), &limits);
	assert_int_equal(next(&r), 1);
	assert_int_equal(next(&r), 1);
	assert_int_equal(next(&r), -SK_E_LIMIT);
	assert_non_null(strstr(r.err.msg, "limit entries of 2"));
	reader_close(&r);
	archive_release(&a);
}

static void put_gnu_sparse(struct archive *a, const char *map, const char *real, bool more)
{
	put(a, TAR_MAGIC, "ustar  ", 8);
	put(a, TAR_GNU_SPARSE, map, strlen(map));
	put(a, TAR_GNU_REALSIZE, real, strlen(real));
	put(a, TAR_GNU_MORE, more ? "\1" : "\0", 1);
}

/* "ab" at 3 and "cd" at 10 of 14 bytes, in every form. */
static void add_sparse(struct archive *a, int form)
{
	static const char map10[] = "2\n3\n2\n10\n2\n";
	char block[TAR_BLOCK] = {0};

	switch (form) {
	case 0:
		add_header(a, "s", 'S', 4);
		put_gnu_sparse(a, "00000000003000000000020000000001200000000002", "00000000016",
			       false);
		put(a, TAR_GNU_SPARSE, "00000000003\00000000000002\00000000000012\00000000000002",
		    47);
		add_bytes(a, "abcd", 4);
		break;
	case 1:
		add_header(a, "s", 'S', 4);
		put_gnu_sparse(a, "", "00000000016", true);
		put(a, TAR_GNU_SPARSE, "00000000003\00000000000002", 23);
		memcpy(block, "00000000012\00000000000002", 23);
		assert_true(sk_buf_add(&a->buf, block, sizeof(block)));
		add_bytes(a, "abcd", 4);
		break;
	case 2:
		add_pax(a, 'x',
			PAIRS("GNU.sparse.size", "14", "GNU.sparse.numblocks", "2",
			      "GNU.sparse.offset", "3", "GNU.sparse.numbytes", "2",
			      "GNU.sparse.offset", "10", "GNU.sparse.numbytes", "2"));
		add_file(a, "s", '0', "abcd");
		break;
	case 3:
		add_pax(a, 'x',
			PAIRS("GNU.sparse.size", "14", "GNU.sparse.numblocks", "2",
			      "GNU.sparse.name", "s", "GNU.sparse.map", "3,2,10,2"));
		add_file(a, "GNUSparseFile.1/s", '0', "abcd");
		break;
	default:
		add_pax(a, 'x',
			PAIRS("GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name",
			      "s", "GNU.sparse.realsize", "14"));
		memcpy(block, map10, sizeof(map10) - 1);
		add_header(a, "GNUSparseFile.1/s", '0', TAR_BLOCK + 4);
		assert_true(sk_buf_add(&a->buf, block, sizeof(block)));
		add_bytes(a, "abcd", 4);
	}
}

static void test_sparse(sk_unused void **state)
{
	for (int form = 0; form < 5; form++) {
		struct archive a;
		struct reader r;

		archive_init(&a);
		add_sparse(&a, form);
		add_file(&a, "next", '0', "n");
		add_sparse(&a, form); /* not read: passed over */
		add_file(&a, "last", '0', "l");
		reader_archive(&r, &a);
		expect_entry(&r, UNPACK_FILE, "s", 14);
		expect_content(&r, "\0\0\0ab\0\0\0\0\0cd\0\0", 14);
		expect_entry(&r, UNPACK_FILE, "next", 1);
		expect_content(&r, "n", 1);
		expect_entry(&r, UNPACK_FILE, "s", 14);
		expect_entry(&r, UNPACK_FILE, "last", 1);
		expect_content(&r, "l", 1);
		expect_end(&r);
		archive_release(&a);
	}
}

static void test_sparse_map_hostile(sk_unused void **state)
{
	static const struct {
		const char *map;
		const char *count;
		const char *size;
		const char *wrong;
	} cases[] = {
		{"0,3,2,1", "2", "10", "overlap or go backwards"},
		{"5,1,0,1", "2", "10", "overlap or go backwards"},
		{"0,5", "1", "10", "needs more bytes than are stored"},
		{"8,3", "1", "10", "beyond the end"},
		{"9223372036854775807,9223372036854775807", "1", "10", "beyond the end"},
		{"-1,2", "1", "10", "malformed sparse map"},
		{"1,", "1", "10", "malformed sparse map"},
		{"1,2,", "1", "10", "malformed sparse map"},
		{"1,2,3", "2", "10", "odd length"},
		{"1,2", "2", "10", "another length"},
		{"1,2", "x", "10", "another length"},
		{"1,2", "1", "-10", "malformed size of a sparse member"},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct archive a;

		archive_init(&a);
		add_pax(&a, 'x',
			PAIRS("GNU.sparse.map", cases[i].map, "GNU.sparse.numblocks",
			      cases[i].count, "GNU.sparse.size", cases[i].size));
		add_file(&a, "s", '0', "abcd");
		expect_error(&a, SK_E_FORMAT, cases[i].wrong);
		archive_release(&a);
	}
}

static void test_sparse_1_hostile(sk_unused void **state)
{
	static const struct {
		struct sk_span map;
		const char *wrong;
	} cases[] = {
		{SK_SPAN("9999999999\n"), "too many"},
		{SK_SPAN("99999999999999999999\n"), "malformed sparse map"},
		{SK_SPAN("\n"), "malformed sparse map"},
		{SK_SPAN("-1\n"), "malformed sparse map"},
		{SK_SPAN("2\n0\n1\n"), "malformed sparse map"},
		{SK_SPAN("1\n0\n600\n"), "needs more bytes"},
	};
	struct archive a;

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		archive_init(&a);
		add_pax(&a, 'x',
			PAIRS("GNU.sparse.major", "1", "GNU.sparse.minor", "0",
			      "GNU.sparse.realsize", "1000"));
		add_header(&a, "s", '0', TAR_BLOCK);
		add_bytes(&a, cases[i].map.ptr, cases[i].map.len);
		expect_error(&a, SK_E_FORMAT, cases[i].wrong);
		archive_release(&a);
	}
	archive_init(&a);
	add_pax(&a, 'x', PAIRS("GNU.sparse.major", "1", "GNU.sparse.minor", "0"));
	add_file(&a, "s", '0', "1\n0\n");
	expect_error(&a, SK_E_FORMAT, "does not end");
	archive_release(&a);
}

/* Alternation, a map of something that is no file, old GNU numbers, maps without end. */
static void test_sparse_odd(sk_unused void **state)
{
	char block[TAR_BLOCK];
	struct archive a;

	archive_init(&a);
	add_pax(&a, 'x', PAIRS("GNU.sparse.offset", "0", "GNU.sparse.offset", "1"));
	add_file(&a, "s", '0', "");
	expect_error(&a, SK_E_FORMAT, "do not alternate");
	archive_release(&a);
	archive_init(&a);
	add_pax(&a, 'x', PAIRS("GNU.sparse.map", "0,1", "GNU.sparse.numblocks", "1"));
	add_header(&a, "s", '5', 0);
	expect_error(&a, SK_E_FORMAT, "no file");
	archive_release(&a);
	archive_init(&a);
	add_header(&a, "s", 'S', 0);
	put_gnu_sparse(&a, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "00000000016",
		       false);
	expect_error(&a, SK_E_FORMAT, "malformed sparse map");
	archive_release(&a);
	archive_init(&a);
	add_header(&a, "s", 'S', 0);
	put_gnu_sparse(&a, "", "00000000016", true);
	expect_error(&a, SK_E_TRUNCATED, "archive ends");
	memset(block, '0', sizeof(block));
	for (size_t i = 0; i < TAR_MAX_EXTENTS / TAR_GNU_EXT_EXTENTS + 1; i++)
		assert_true(sk_buf_add(&a.buf, block, sizeof(block)));
	expect_error(&a, SK_E_FORMAT, "too many sparse extents");
	archive_release(&a);
}

/* A hole as large as a file can be costs nothing until it is read, and is then charged. */
static void test_sparse_huge(sk_unused void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct archive a;
	struct reader r;
	char buf[8192];

	limits.max[SK_LIMIT_BYTES_OUT] = 4 * MIB;
	archive_init(&a);
	for (int i = 0; i < 2; i++) {
		add_pax(&a, 'x',
			PAIRS("GNU.sparse.map", "9223372036854775806,1", "GNU.sparse.numblocks",
			      "1", "GNU.sparse.size", "9223372036854775807"));
		add_file(&a, "s", '0', "x");
	}
	add_end(&a);
	reader_open(&r, sk_span_of(a.buf.ptr, a.buf.len), &limits);
	expect_entry(&r, UNPACK_FILE, "s", INT64_MAX);
	expect_entry(&r, UNPACK_FILE, "s", INT64_MAX);
	expect_end(&r);
	reader_open(&r, sk_span_of(a.buf.ptr, a.buf.len), &limits);
	expect_entry(&r, UNPACK_FILE, "s", INT64_MAX);
	for (;;) {
		int64_t n = unpack_tar_read(r.tar, buf, sizeof(buf), &r.err);

		if (n < 0) {
			assert_int_equal(n, -SK_E_LIMIT);
			break;
		}
		assert_int_equal(n, sizeof(buf));
	}
	reader_close(&r);
	archive_release(&a);
}

/* Members across the edges of pieces, read by turns with both calls. */
static void test_edges(sk_unused void **state)
{
	char *content = sk_alloc(300000);
	struct archive a;
	struct reader r;

	for (size_t i = 0; i < 300000; i++)
		content[i] = (char)(i * 7 + i / 251);
	archive_init(&a);
	for (size_t i = 0; i < 200; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "f%zu", i);
		add_header(&a, name, '0', i * 1493);
		add_bytes(&a, content, i * 1493);
	}
	add_end(&a);
	reader_archive(&r, &a);
	for (size_t i = 0; i < 200; i++) {
		size_t got = 0;
		char name[32];

		(void)snprintf(name, sizeof(name), "f%zu", i);
		expect_entry(&r, UNPACK_FILE, name, i * 1493);
		for (size_t turn = i; i % 3 != 0 && got < i * 1493; turn++) {
			struct sk_span piece;
			char buf[777];

			if (turn % 2) {
				assert_int_equal(unpack_tar_chunk(r.tar, &piece, &r.err), 1);
			} else {
				int64_t n = unpack_tar_read(r.tar, buf, sizeof(buf), &r.err);

				assert_true(n > 0);
				piece = sk_span_of(buf, (size_t)n);
			}
			assert_memory_equal(piece.ptr, content + got, piece.len);
			got += piece.len;
		}
	}
	expect_end(&r);
	archive_release(&a);
	sk_free(content);
}

static void test_volume(sk_unused void **state)
{
	struct archive a;

	archive_init(&a);
	add_file(&a, "f", 'M', "x");
	expect_error(&a, SK_E_UNSUPPORTED, "another volume");
	archive_release(&a);
}

static int memory_skip(void *ctx, uint64_t len, struct sk_err *err)
{
	struct memory *m = ctx;

	if (len > m->rest.len)
		return sk_err_set(err, SK_E_TRUNCATED, "memory ends early");
	m->rest = sk_span_sub(m->rest, (size_t)len, m->rest.len);
	m->skipped += len;
	return 0;
}

/* A source that can skip is not read where nobody looks, and members lie where they are said to. */
static void test_skip(sk_unused void **state)
{
	char *large = sk_alloc(5 * MIB + 7);
	struct archive a;
	struct reader r;

	archive_init(&a);
	memset(large, 'x', 5 * MIB + 6);
	add_file(&a, "first", '0', "abc");
	add_file(&a, "large", '0', large);
	add_file(&a, "last", '0', "def");
	add_end(&a);
	memset(&r, 0, sizeof(r));
	r.memory.rest = sk_buf_span(&a.buf);
	r.src = (struct unpack_source){.read = memory_read, .skip = memory_skip, .ctx = &r.memory};
	r.budget.limits = sk_limits_default();
	assert_int_equal(unpack_stream_open(&r.src, 0, &r.budget, &r.stream, &r.err), 0);
	r.tar = unpack_tar_open(r.stream, &r.budget);
	expect_entry(&r, UNPACK_FILE, "first", 3);
	assert_int_equal(r.entry->data_off, TAR_BLOCK);
	assert_false(r.entry->sparse);
	expect_entry(&r, UNPACK_FILE, "large", 5 * MIB + 6);
	assert_int_equal(r.entry->data_off, 3 * TAR_BLOCK);
	expect_entry(&r, UNPACK_FILE, "last", 3);
	assert_memory_equal(a.buf.ptr + r.entry->data_off, "def", 3);
	expect_content(&r, "def", 3);
	assert_true(r.memory.skipped > 4 * MIB);
	expect_end(&r);
	/* Cut inside what would be skipped. */
	memset(&r, 0, sizeof(r));
	r.memory.rest = sk_span_sub(sk_buf_span(&a.buf), 0, 3 * MIB);
	r.src = (struct unpack_source){.read = memory_read, .skip = memory_skip, .ctx = &r.memory};
	r.budget.limits = sk_limits_default();
	assert_int_equal(unpack_stream_open(&r.src, 0, &r.budget, &r.stream, &r.err), 0);
	r.tar = unpack_tar_open(r.stream, &r.budget);
	expect_entry(&r, UNPACK_FILE, "first", 3);
	expect_entry(&r, UNPACK_FILE, "large", 5 * MIB + 6);
	assert_int_equal(next(&r), -SK_E_TRUNCATED);
	reader_close(&r);
	archive_release(&a);
	sk_free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_hostile_sizes),
		cmocka_unit_test(test_pax),
		cmocka_unit_test(test_pax_damaged),
		cmocka_unit_test(test_pax_global),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_path_limits),
		cmocka_unit_test(test_entry_limit),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_sparse_map_hostile),
		cmocka_unit_test(test_sparse_1_hostile),
		cmocka_unit_test(test_sparse_odd),
		cmocka_unit_test(test_sparse_huge),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_volume),
		cmocka_unit_test(test_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
