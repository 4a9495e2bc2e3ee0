/* SPDX-License-Identifier: Apache-2.0 */
/* The form in which deltas are made: there and back, damaged, and what is no database. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/io.h"
#include "vulndb/build.h"
#include "vulndb/transit-priv.h"

enum {
	MAX_FILE = 1 << 24,
	N_DOCS = 300
};

static const char *data_dir;

/* A database of one file of testdata, or of N_DOCS documents when @name is NULL. */
static void load(const char *name, struct sk_buf *ret)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	char dir[] = "/tmp/transit-XXXXXX";
	const char *out, *in;
	struct vulndb_build_options opts = {.n_paths = 1, .jobs = 1};
	struct vulndb_build_result res;
	struct sk_err err = {0};
	struct sk_buf docs;

	assert_non_null(mkdtemp(dir));
	out = sk_arena_printf(a, "%s/db", dir);
	in = sk_arena_printf(a, "%s/in.jsonl", dir);
	sk_buf_init(&docs, MAX_FILE);
	if (name != NULL)
		assert_int_equal(sk_read_file(AT_FDCWD, sk_arena_printf(a, "%s/%s", data_dir, name),
					      &docs, &err),
				 0);
	for (unsigned i = 0; name == NULL && i < N_DOCS; i++)
		(void)sk_buf_printf(&docs,
				    "{\"id\":\"CVE-2024-%u\",\"modified\":\"2024-01-02T00:00:00Z\","
				    "\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":"
				    "\"p%u\"},\"versions\":[\"1.0.%u\"]}]}\n",
				    1000 + i * 7, i % 50, i);
	assert_int_equal(sk_write_file_atomic(AT_FDCWD, in, sk_buf_span(&docs), 0644, &err), 0);
	opts.paths = &in;
	opts.out = out;
	assert_int_equal(vulndb_build(&opts, a, &res, &err), 0);
	sk_buf_init(ret, MAX_FILE);
	assert_int_equal(sk_read_file(AT_FDCWD, out, ret, &err), 0);
	sk_buf_release(&docs);
	(void)unlink(in);
	(void)unlink(out);
	(void)rmdir(dir);
}

static void check_round_trip(struct sk_span file)
{
	struct sk_buf form, back;

	sk_buf_init(&form, MAX_FILE);
	sk_buf_init(&back, MAX_FILE);
	assert_true(vulndb_to_transit(file, &form));
	assert_true(vulndb_from_transit(sk_buf_span(&form), &back));
	assert_true(sk_span_eq(sk_buf_span(&back), file));
	sk_buf_release(&form);
	sk_buf_release(&back);
}

static void test_there_and_back(void **state)
{
	static const char *const cases[] = {"alpine.in", "debian.in",  "identity.in", "osv.in",
					    "rpm.in",    "signals.in", "ubuntu.in",   NULL};
	struct sk_buf file;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		load(cases[i], &file);
		check_round_trip(sk_buf_span(&file));
		sk_buf_release(&file);
	}
}

static void test_other_files(void **state)
{
	static const char *const files[] = {"", "x", "SKVULNTX and so on", "SKVULNDB"};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(files); i++)
		check_round_trip(sk_span_str(files[i]));
}

/* Every byte changed and every length: refused, or something else, but never out of bounds. */
static void test_damage(void **state)
{
	struct sk_buf file, form, out;

	(void)state;
	load(NULL, &file);
	sk_buf_init(&form, MAX_FILE);
	sk_buf_init(&out, MAX_FILE);
	assert_true(vulndb_to_transit(sk_buf_span(&file), &form));
	for (size_t i = 0; i < form.len; i++) {
		form.ptr[i] = (char)(form.ptr[i] ^ (1 << i % 8));
		sk_buf_reset(&out);
		if (vulndb_from_transit(sk_buf_span(&form), &out))
			assert_false(sk_span_eq(sk_buf_span(&out), sk_buf_span(&file)));
		form.ptr[i] = (char)(form.ptr[i] ^ (1 << i % 8));
	}
	for (size_t i = 0; i < file.len; i++) {
		file.ptr[i] = (char)(file.ptr[i] ^ (1 << i % 8));
		sk_buf_reset(&out);
		if (vulndb_to_transit(sk_buf_span(&file), &out) && out.len == file.len)
			assert_false(sk_span_eq(sk_buf_span(&out), sk_buf_span(&form)));
		file.ptr[i] = (char)(file.ptr[i] ^ (1 << i % 8));
	}
	for (size_t len = 64; len < form.len; len++) {
		sk_buf_reset(&out);
		assert_false(vulndb_from_transit(sk_span_of(form.ptr, len), &out) &&
			     sk_span_eq(sk_buf_span(&out), sk_buf_span(&file)));
	}
	sk_buf_release(&file);
	sk_buf_release(&form);
	sk_buf_release(&out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_damage),
	};

	data_dir = argc > 1 ? argv[1] : "testdata";
	return cmocka_run_group_tests_name("vulndb/transit", tests, NULL, NULL);
}
