/* SPDX-License-Identifier: Apache-2.0 */
/* dpkg: states, sources, damage, lists of files. */
#include "catalog/test-common.h"

static const char status[] = "var/lib/dpkg/status";

static const struct sk_span text = SK_SPAN("Package: libc6\n"
					   "Status: install ok installed\n"
					   "Architecture: amd64\n"
					   "Multi-Arch: same\n"
					   "Source: glibc (2.36-9)\n"
					   "Version: 2.36-9+deb12u4\n"
					   "Maintainer: GNU Libc <a@b>\n"
					   "Description: text\n"
					   " Package: not-me\n"
					   " .\n"
					   "\n"
					   "package: bash\n"
					   "STATUS: hold ok unpacked\n"
					   "version:5.2-1\n"
					   "\r\n"
					   "Package: gone\n"
					   "Status: deinstall ok config-files\n"
					   "Version: 1\n"
					   "\n\n"
					   "Package: never\n"
					   "Status: purge ok not-installed\n"
					   "\n"
					   "Package: half\n"
					   "Status: install reinstreq half-installed\n"
					   "Version: 3\n"
					   "\n"
					   "Package: nostatus\n"
					   "Version: 4\n"
					   "Source: src\n"
					   "Origin: Example\n"
					   "\n"
					   "Package: last\n"
					   "Status: install ok triggers-pending\n"
					   "Vendor: fpm\n"
					   "Version: 6");

static void test_status(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	assert_int_equal(parse(status, text, 0, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 5);
	assert_string_equal(r.packages[0].name, "libc6");
	assert_string_equal(r.packages[0].version, "2.36-9+deb12u4");
	assert_string_equal(r.packages[0].source_name, "glibc");
	assert_string_equal(r.packages[0].source_version, "2.36-9");
	assert_string_equal(r.packages[0].arch, "amd64");
	assert_string_equal(r.packages[0].vendor, "GNU Libc <a@b>");
	assert_string_equal(r.packages[1].name, "bash");
	assert_string_equal(r.packages[1].version, "5.2-1");
	assert_string_equal(r.packages[1].source_name, "bash");
	assert_string_equal(r.packages[1].source_version, "5.2-1");
	assert_string_equal(r.packages[2].name, "half");
	assert_string_equal(r.packages[3].source_name, "src");
	assert_string_equal(r.packages[3].source_version, "4");
	assert_string_equal(r.packages[3].origin, "Example");
	assert_string_equal(r.packages[4].version, "6");
	assert_string_equal(r.packages[4].origin, "fpm");
	assert_int_equal(r.n_diagnostics, 1);
	assert_int_equal(r.diagnostics[0].severity, MODEL_DIAGNOSTIC_INFO);
	sk_arena_free(a);
}

static void test_damage(void **state)
{
	static const struct sk_span lost = SK_SPAN("Package: a\nStatus: install ok installed\n\n"
						   "Package: b\nVersion: 1 2\n\n"
						   "Package: c\nPackage: d\nVersion: 1\n\n"
						   "garbage\nPackage: e\nVersion: 2\n");
	static const struct sk_span junk = SK_SPAN("\x7f"
						   "ELF\x01\x02\x03\nmore\n");
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	assert_int_equal(parse(status, lost, 0, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 2);
	assert_string_equal(r.packages[0].name, "c");
	assert_int_equal(r.n_diagnostics, 4);
	assert_int_equal(r.diagnostics[0].severity, MODEL_DIAGNOSTIC_ERROR);
	assert_string_equal(r.diagnostics[0].place, "var/lib/dpkg/status 'a'");
	assert_int_equal(r.diagnostics[2].severity, MODEL_DIAGNOSTIC_WARNING);
	assert_int_equal(parse(status, junk, 0, a, &r, &err), -SK_E_FORMAT);
	assert_int_equal(parse(status, sk_span_of("", 0), 0, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 0);
	sk_arena_free(a);
}

/* Lines and values without an end cost no memory and hide nothing. */
static void test_long_lines(void **state)
{
	static const char head[] = "Package: a\nVersion: 1\nDescription: ",
			  tail[] = "\n\nPackage: b\nVersion: 2\nMaintainer: ";
	size_t len = 200000, at = 0;
	char *big = malloc(2 * len + 200);
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	memcpy(big, head, sizeof(head) - 1);
	at = sizeof(head) - 1;
	memset(big + at, 'x', len);
	memcpy(big + at + len, tail, sizeof(tail) - 1);
	at += len + sizeof(tail) - 1;
	memset(big + at, 'y', len);
	assert_int_equal(parse(status, sk_span_of(big, at + len), 0, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 2);
	assert_int_equal(strlen(r.packages[1].vendor), 1024);
	/* a name that is too long is no name */
	memcpy(big, "Package: ", 9);
	memset(big + 9, 'p', 2000);
	memcpy(big + 2009, "\nVersion: 1\n", 12);
	assert_int_equal(parse(status, sk_span_of(big, 2021), 0, a, &r, &err), 0);
	assert_int_equal(r.n_packages, 0);
	assert_int_equal(r.n_diagnostics, 1);
	free(big);
	sk_arena_free(a);
}

static void test_many_diagnostics(void **state)
{
	struct sk_arena *a = sk_arena_new();
	char *big = malloc(50000);
	struct catalog_result r;
	struct sk_err err;
	size_t at = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		at += (size_t)snprintf(big + at, 50000 - at, "Package: p%d\n\n", i);
	assert_int_equal(parse(status, sk_span_of(big, at), 0, a, &r, &err), 0);
	assert_int_equal(r.n_diagnostics, 101);
	assert_string_equal(r.diagnostics[100].message, "900 further problems are not shown");
	free(big);
	sk_arena_free(a);
}

static void test_files(void **state)
{
	static const struct sk_span list = SK_SPAN("/.\n/bin\n/bin/bash\n/bin/bashbug\n/usr\n"
						   "/usr/share\n/usr/share/doc/a b\n/etc/../x\n");
	static const struct sk_span sums =
		SK_SPAN("0123456789abcdef0123456789abcdef  usr/bin/x\nshort  usr/bin/y\n");
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	assert_int_equal(
		parse("var/lib/dpkg/info/bash:amd64.list", list, CATALOG_CLAIM_FILES, a, &r, &err),
		0);
	assert_int_equal(r.n_owned, 3);
	assert_string_equal(r.owned[0].path, "bin/bash");
	assert_string_equal(r.owned[0].package, "bash");
	assert_string_equal(r.owned[1].path, "bin/bashbug");
	assert_string_equal(r.owned[2].path, "usr/share/doc/a b");
	assert_int_equal(parse("var/lib/dpkg/status.d/libssl3.md5sums", sums, CATALOG_CLAIM_FILES,
			       a, &r, &err),
			 0);
	assert_int_equal(r.n_owned, 1);
	assert_string_equal(r.owned[0].package, "libssl3");
	assert_string_equal(r.owned[0].path, "usr/bin/x");
	sk_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),     cmocka_unit_test(test_damage),
		cmocka_unit_test(test_long_lines), cmocka_unit_test(test_many_diagnostics),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
