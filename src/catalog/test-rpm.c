/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm headers and databases built by hand: what sound ones say, and that damaged ones neither hang
 * nor pass. test/t1200-catalog-rpm compares with rpm itself.
 */
#include "base/buf.h"
#include "catalog/test-common.h"

static const char bdb_path[] = "var/lib/rpm/Packages", ndb_path[] = "var/lib/rpm/Packages.db";

static void be32(struct sk_buf *b, uint32_t v)
{
	uint8_t p[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	assert_true(sk_buf_add(b, p, 4));
}

static void le32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(v >> (8 * i));
}

/** struct tag - one entry of a header under construction */
struct tag {
	uint32_t tag, type, count;
	const char *value;
	size_t len;
};

#define TEXT(t, v)                                                                                 \
	{                                                                                          \
		t, 6, 1, v, sizeof(v)                                                              \
	}

static void make_header(struct sk_buf *b, const struct tag *tags, size_t n)
{
	uint32_t off = 0, len = 0;

	sk_buf_init(b, 1 << 20);
	for (size_t i = 0; i < n; i++)
		len += (uint32_t)tags[i].len;
	be32(b, (uint32_t)n);
	be32(b, len);
	for (size_t i = 0; i < n; i++) {
		be32(b, tags[i].tag);
		be32(b, tags[i].type);
		be32(b, off);
		be32(b, tags[i].count);
		off += (uint32_t)tags[i].len;
	}
	for (size_t i = 0; i < n; i++)
		assert_true(sk_buf_add(b, tags[i].value, tags[i].len));
}

/* One blob in an NDB file; the checksum is left wrong. */
static void make_ndb(struct sk_buf *b, struct sk_span blob)
{
	size_t size = (16 + blob.len + 12 + 15) / 16 * 16;
	char *p;

	sk_buf_init(b, 1 << 20);
	p = sk_buf_reserve(b, 4096 + size);
	assert_non_null(p);
	memset(p, 0, 4096 + size);
	b->len = 4096 + size;
	memcpy(p, "RpmP", 4);
	le32(p + 12, 1);
	for (size_t at = 32; at < 4096; at += 16)
		memcpy(p + at, "Slot", 4);
	le32(p + 36, 1);
	le32(p + 40, 4096 / 16);
	le32(p + 44, (uint32_t)(size / 16));
	memcpy(p + 4096, "BlbS", 4);
	le32(p + 4100, 1);
	le32(p + 4108, (uint32_t)blob.len);
	if (blob.len != 0)
		memcpy(p + 4112, blob.ptr, blob.len);
}

static void parse_header(const struct tag *tags, size_t n, struct sk_arena *a,
			 struct catalog_result *r)
{
	struct sk_buf header, file;
	struct sk_err err = {0};

	make_header(&header, tags, n);
	make_ndb(&file, sk_buf_span(&header));
	assert_int_equal(parse(ndb_path, sk_buf_span(&file), CATALOG_CLAIM_FILES, a, r, &err), 0);
	sk_buf_release(&header);
	sk_buf_release(&file);
}

static void test_header(void **state)
{
	static const struct tag full[] = {
		{1003, 4, 1, "\0\0\0\2", 4},
		{1116, 4, 3, "\0\0\0\0\0\0\0\1\0\0\0\7", 12},
		TEXT(1000, "perl-libs"),
		TEXT(1001, "5.26.3"),
		TEXT(1002, "419.el8"),
		TEXT(1011, "Red Hat, Inc."),
		TEXT(1022, "x86_64"),
		TEXT(1044, "perl-5.26.3-419.el8.src.rpm"),
		TEXT(5096, "perl:5.26:820:abc"),
		{1117, 8, 3, "a\0b\0c", 6},
		{1118, 8, 2, "/usr/bin/\0/etc/", 16},
	};
	static const struct tag other[] = {
		TEXT(1000, "perl-version"),
		TEXT(1001, "0.99"),
		TEXT(1002, "1"),
		TEXT(1044, "perl-5.26.3-419.el8.nosrc.rpm"),
	};
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;

	(void)state;
	parse_header(full, SK_ARRAY_LEN(full), a, &r);
	assert_int_equal(r.n_packages, 1);
	assert_string_equal(r.packages[0].version, "2:5.26.3-419.el8");
	assert_string_equal(r.packages[0].source_name, "perl");
	assert_string_equal(r.packages[0].source_version, "2:5.26.3-419.el8");
	assert_string_equal(r.packages[0].module, "perl:5.26:820:abc");
	/* a directory's number beyond the directories owns nothing */
	assert_int_equal(r.n_owned, 2);
	assert_string_equal(r.owned[0].path, "usr/bin/a");
	assert_string_equal(r.owned[1].path, "etc/b");
	assert_int_equal(r.n_diagnostics, 1);
	assert_non_null(strstr(r.diagnostics[0].message, "checksum"));
	parse_header(other, SK_ARRAY_LEN(other), a, &r);
	assert_string_equal(r.packages[0].version, "0.99-1");
	assert_string_equal(r.packages[0].source_version, "5.26.3-419.el8");
	sk_arena_free(a);
}

static void test_bad_headers(void **state)
{
	static const struct tag key[] = {TEXT(1000, "gpg-pubkey"), TEXT(1001, "1"),
					 TEXT(1002, "1")};
	static const struct tag no_release[] = {TEXT(1000, "a"), TEXT(1001, "1")};
	static const struct tag no_end[] = {
		TEXT(1001, "1"), TEXT(1002, "1"), {1000, 6, 1, "abc", 3}};
	static const struct tag count[] = {
		TEXT(1000, "a"), TEXT(1001, "1"), TEXT(1002, "1"), {1117, 8, 0xffffffff, "x", 2}};
	static const struct sk_span sizes = SK_SPAN("\xff\xff\xff\xff\xff\xff\xff\xff");
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_buf file;
	struct sk_err err;

	(void)state;
	parse_header(key, SK_ARRAY_LEN(key), a, &r);
	assert_int_equal(r.n_packages, 0);
	assert_int_equal(r.n_diagnostics, 1); /* the checksum */
	parse_header(no_release, SK_ARRAY_LEN(no_release), a, &r);
	assert_int_equal(r.n_packages, 0);
	assert_int_equal(r.diagnostics[1].severity, MODEL_DIAGNOSTIC_ERROR);
	parse_header(no_end, SK_ARRAY_LEN(no_end), a, &r);
	assert_int_equal(r.n_packages, 0);
	parse_header(count, SK_ARRAY_LEN(count), a, &r);
	assert_int_equal(r.n_packages, 1);
	assert_int_equal(r.n_owned, 0);
	make_ndb(&file, sizes);
	assert_int_equal(parse(ndb_path, sk_buf_span(&file), 0, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 0);
	assert_int_equal(r.n_diagnostics, 2);
	/* slots that point at the same blob again and again are read once */
	for (size_t at = 48; at < 4096; at += 16)
		memcpy(file.ptr + at, file.ptr + 32, 16);
	assert_int_equal(parse(ndb_path, sk_buf_span(&file), 0, a, &r, &err), 0);
	/* a slot that points outside */
	le32(file.ptr + 40, 0xffffffff);
	assert_int_equal(parse(ndb_path, sk_buf_span(&file), 0, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 0);
	sk_buf_release(&file);
	sk_arena_free(a);
}

enum {
	PAGE = 512
};

/* A hash database of @n_pages pages; page 1 holds one value that begins on page @first. */
static char *make_bdb(size_t n_pages, uint32_t first, uint32_t len)
{
	char *f = calloc(n_pages, PAGE), *p = f + PAGE;

	assert_non_null(f);
	le32(f + 12, 0x61561);
	le32(f + 16, 9);
	le32(f + 20, PAGE);
	f[25] = 8;
	le32(f + 32, (uint32_t)n_pages - 1);
	p[20] = 2;
	p[25] = 13;
	p[26] = (char)((PAGE - 5) & 0xff);
	p[27] = (char)((PAGE - 5) >> 8);
	p[28] = (char)((PAGE - 17) & 0xff);
	p[29] = (char)((PAGE - 17) >> 8);
	p[PAGE - 5] = 1;
	p[PAGE - 4] = 1;
	p[PAGE - 17] = 3;
	le32(p + PAGE - 13, first);
	le32(p + PAGE - 9, len);
	for (size_t i = 2; i < n_pages; i++) {
		f[i * PAGE + 25] = 7;
		f[i * PAGE + 22] = 100;
		/* each page leads to the next, the last to the first */
		le32(f + i * PAGE + 16, (uint32_t)(i + 1 < n_pages ? i + 1 : 2));
	}
	return f;
}

static void expect_bdb(char *f, size_t n_pages, size_t n_diagnostics, const char *message)
{
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	assert_int_equal(parse(bdb_path, sk_span_of(f, n_pages * PAGE), 0, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 0);
	assert_int_equal(r.n_diagnostics, n_diagnostics);
	assert_int_equal(r.diagnostics[0].severity, MODEL_DIAGNOSTIC_ERROR);
	assert_non_null(strstr(r.diagnostics[0].message, message));
	sk_arena_free(a);
	free(f);
}

static void test_bdb(void **state)
{
	static const struct sk_span old = SK_SPAN("\x61\x15\x06");
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;
	char *f;

	(void)state;
	/* a chain in a circle; one that leads outside; one that is longer than the file; a header
	 * of zeros at the end of a sound chain */
	expect_bdb(make_bdb(4, 2, 1000), 4, 1, "chain");
	expect_bdb(make_bdb(4, 77, 100), 4, 1, "chain");
	expect_bdb(make_bdb(4, 2, 0xffffffff), 4, 1, "chain");
	expect_bdb(make_bdb(4, 2, 200), 4, 1, "header 1");
	f = make_bdb(4, 2, 200);
	f[PAGE + 20] = 3; /* half a pair */
	expect_bdb(f, 4, 1, "count");
	f = make_bdb(4, 2, 200);
	f[PAGE + 27] = 9; /* beyond the page */
	expect_bdb(f, 4, 1, "index");
	f = make_bdb(4, 2, 200);
	le32(f + 32, 40); /* pages are missing */
	expect_bdb(f, 4, 2, "ends early");
	f = make_bdb(4, 2, 200);
	f[24] = 1;
	assert_int_equal(parse(bdb_path, sk_span_of(f, 4 * PAGE), 0, a, &r, &err),
			 -SK_E_UNSUPPORTED);
	f[24] = 0;
	le32(f + 20, 513);
	assert_int_equal(parse(bdb_path, sk_span_of(f, 4 * PAGE), 0, a, &r, &err), -SK_E_FORMAT);
	free(f);
	assert_int_equal(parse(bdb_path, old, 0, a, &r, &err), -SK_E_FORMAT);
	assert_int_equal(parse(bdb_path, sk_span_of("", 0), 0, a, &r, &err), 0);
	assert_int_equal(r.n_diagnostics, 1);
	sk_arena_free(a);
}

static void test_sqlite(void **state)
{
	static char file[4096] = "SQLite format 3";
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	assert_int_equal(parse("var/lib/rpm/rpmdb.sqlite", sk_span_of(file, 16), 0, a, &r, &err),
			 -SK_E_FORMAT);
	assert_int_equal(
		parse("var/lib/rpm/rpmdb.sqlite", sk_span_of(file, sizeof(file)), 0, a, &r, &err),
		-SK_E_FORMAT);
	sk_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_bdb),
		cmocka_unit_test(test_sqlite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
