/* SPDX-License-Identifier: Apache-2.0 */
/* apk: fields, origin, files, damage. */
#include "catalog/test-common.h"

static const struct sk_span text = SK_SPAN("C:Q1abc=\nP:libcrypto1.1\nV:1.1.1g-r0\nA:x86_64\n"
					   "o:openssl\nm:Timo <t@a>\nt:1587485234\nL:OpenSSL\n"
					   "F:lib\nR:libcrypto.so.1.1\na:0:0:755\nF:etc/ssl\n"
					   "R:openssl.cnf\n\nP:musl\nV:1.1.24-r2\nF:\nR:init\n\n"
					   "P:broken\nF:bin\nR:x\n\nnonsense\nP:tail\nV:1");

static void test_fields(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	assert_int_equal(parse("lib/apk/db/installed", text, CATALOG_CLAIM_FILES, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 3);
	assert_string_equal(r.packages[0].name, "libcrypto1.1");
	assert_string_equal(r.packages[0].version, "1.1.1g-r0");
	assert_string_equal(r.packages[0].arch, "x86_64");
	assert_string_equal(r.packages[0].source_name, "openssl");
	assert_string_equal(r.packages[0].source_version, "1.1.1g-r0");
	assert_string_equal(r.packages[1].source_name, "musl");
	assert_string_equal(r.packages[2].name, "tail");
	assert_int_equal(r.n_owned, 3);
	assert_string_equal(r.owned[1].path, "etc/ssl/openssl.cnf");
	assert_string_equal(r.owned[1].package, "libcrypto1.1");
	assert_string_equal(r.owned[2].path, "init");
	assert_string_equal(r.owned[2].package, "musl");
	assert_int_equal(r.n_diagnostics, 2);
	assert_int_equal(r.diagnostics[0].severity, MODEL_DIAGNOSTIC_ERROR);
	assert_int_equal(parse("lib/apk/db/installed", text, 0, a, &r, &err), 0);
	assert_int_equal(r.n_owned, 0);
	sk_arena_free(a);
}

static void test_junk(void **state)
{
	static const struct sk_span junk = SK_SPAN("\x1f\x8b\x08\nxyz\n");
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	assert_int_equal(parse("lib/apk/db/installed", junk, 0, a, &r, &err), -SK_E_FORMAT);
	assert_int_equal(parse("lib/apk/db/installed", sk_span_of(NULL, 0), 0, a, &r, &err), 0);
	sk_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_junk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
