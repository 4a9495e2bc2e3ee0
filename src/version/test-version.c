/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The comparators against testdata/SCHEME.data (a, operator, b; "?" where the tool refuses), and
 * properties that every order must have, over generated versions. argv[1] is the data folder.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "version/version.h"

enum {
	TEST_VERSIONS = 90, /* all triples of them are looked at */
	TEST_VERSION_SIZE = 96,
	TEST_MAX_PIECES = 7,
	TEST_MAX_DATA = 1 << 20,
	TEST_LONG = 1 << 16,
};

/*
 * Pieces that a generated version is made of. Maven's own order is not transitive where zeros or
 * release qualifiers stand inside a version (10 < 10.Final.1 < 10.Final-SNAPSHOT.1 < 10), so its
 * pieces have none.
 */
static const char *const test_pieces[VERSION_N_SCHEMES][16] = {
	[VERSION_DPKG] = {"1:", "0", "1", "01", "10", ".", "~", "+", "-", "a", "Z", "-1", "~rc",
			  "_"},
	[VERSION_APK] = {"1", "0", ".0", ".1", ".01", ".10", "a", "_rc", "_p", "2", "_git", "-r1",
			 "~a", "-r10", "_alpha", ".00"},
	[VERSION_RPM] = {"1:", "0", "1", "01", "10", ".", "~", "^", "a", "Z", "-1", "_", "el8",
			 "-"},
	[VERSION_SEMVER] = {"1.0.0", "0.1.0", "-", "-rc", ".1", ".0", "a", "-0", "+b", "10", ".rc",
			    "-alpha"},
	[VERSION_PEP440] = {"1!", "1", "0", ".0", ".1", "a1", "b", "rc2", ".post1", ".dev0", "-1",
			    "+a", "+1", "c", ".2", "10"},
	[VERSION_MAVEN] = {"1", "2", ".1", "10", "-1", "-rc1", "-SNAPSHOT", ".2", "-sp", "-3"},
	[VERSION_RUBYGEMS] = {"1", "0", ".0", ".1", ".a", ".b", "-1", "rc", ".pre", ".01", "-a",
			      ".B", "2"},
	[VERSION_NUGET] = {"1", "1.0", ".0", ".1", "-", "-a", "-B", ".b", ".A", "-5", "+x", "10",
			   "-99999999999", ".rc", "-rc"},
	[VERSION_PACKAGIST] = {"1", "1.0", ".0", ".1", "-dev", "-alpha", "beta2", "-RC1", "-p1",
			       ".x-dev", "20100102", "-stable", "-Stable", ".2", "dev-a", "10"},
	[VERSION_GO] = {"v1", "1", ".0", ".1", "-rc.1", "-0", "rc1", "go1.21", "beta2", ".rc", "+x",
			"1.21", "10", "-alpha"},
	[VERSION_CRAN] = {"1", "0", ".", "-", "01", "10", "2", ".1", "-1"},
	[VERSION_HACKAGE] = {"1", "0", ".", ".1", ".0", "10", "2", "-tag"},
};

static int test_compare(enum version_scheme s, const char *a, const char *b, int *ret)
{
	return version_compare(s, sk_span_str(a), sk_span_str(b), ret);
}

/* One row of data, both ways round. */
static void test_row(enum version_scheme s, struct sk_span line, size_t line_no)
{
	static const char ops[] = "<=>";
	struct sk_span a, op, b = {0};
	int order = 2, reverse = 2;
	int expected, r, r_reverse;

	if (!sk_span_cut(&line, '\t', &a) || !sk_span_cut(&line, '\t', &op) || op.len != 1 ||
	    !sk_span_cut(&line, '\t', &b) || line.ptr != NULL)
		fail_msg("%s.data:%zu: not three fields", version_ops_for(s)->name, line_no);
	r = version_compare(s, a, b, &order);
	r_reverse = version_compare(s, b, a, &reverse);
	if (op.ptr[0] == '?') {
		if (r != -SK_E_FORMAT || r_reverse != -SK_E_FORMAT || order != 2 || reverse != 2)
			fail_msg("%s.data:%zu: taken, %d", version_ops_for(s)->name, line_no,
				 order);
		return;
	}
	assert_non_null(strchr(ops, op.ptr[0]));
	expected = (int)(strchr(ops, op.ptr[0]) - ops) - 1;
	if (r != 0 || r_reverse != 0 || order != expected || reverse != -expected)
		fail_msg("%s.data:%zu: result %d %d, order %d %d", version_ops_for(s)->name,
			 line_no, r, r_reverse, order, reverse);
}

static size_t test_rows(enum version_scheme s, struct sk_span text)
{
	struct sk_span line;
	size_t line_no = 0;
	size_t n = 0;

	while (sk_span_cut(&text, '\n', &line)) {
		line_no++;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		test_row(s, line, line_no);
		n++;
	}
	return n;
}

static void test_data(void **state)
{
	const char *folder = *state;

	for (unsigned s = 0; s < VERSION_N_SCHEMES; s++) {
		char path[4096];
		struct sk_buf text;
		struct sk_err err;

		(void)snprintf(path, sizeof(path), "%s/%s.data", folder, version_ops_for(s)->name);
		sk_buf_init(&text, TEST_MAX_DATA);
		if (sk_read_file(AT_FDCWD, path, &text, &err) < 0)
			fail_msg("%s", err.msg);
		if (test_rows(s, sk_buf_span(&text)) < 15)
			fail_msg("%s: too few rows", path);
		sk_buf_release(&text);
	}
}

static uint32_t test_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A version that the scheme calls well-formed. */
static void test_generate(enum version_scheme s, uint32_t *seed, char *ret)
{
	size_t n_pieces = 0;

	while (n_pieces < SK_ARRAY_LEN(test_pieces[s]) && test_pieces[s][n_pieces] != NULL)
		n_pieces++;
	for (size_t tries = 0; tries < 100000; tries++) {
		size_t n = test_random(seed) % TEST_MAX_PIECES + 1;
		size_t len = 0;

		for (size_t i = 0; i < n; i++)
			len += (size_t)snprintf(ret + len, TEST_VERSION_SIZE - len, "%s",
						test_pieces[s][test_random(seed) % n_pieces]);
		if (version_ops_for(s)->valid(sk_span_str(ret)))
			return;
	}
	fail_msg("%s: no valid version could be made", version_ops_for(s)->name);
}

/* a <= b and b <= c give a <= c, strictly where one of them is strict. */
static void test_triple(enum version_scheme s, const char *a, const char *b, const char *c, int ab,
			int bc, int ac)
{
	int low = ab < bc ? ab : bc;

	if (ab > 0 || bc > 0)
		return;
	if (ac != low)
		fail_msg("%s: '%s' %d '%s' %d '%s', but %d", version_ops_for(s)->name, a, ab, b, bc,
			 c, ac);
}

static void test_order(enum version_scheme s, char (*v)[TEST_VERSION_SIZE])
{
	static const int undecided = 2; /* two branches of Packagist */
	int order[TEST_VERSIONS][TEST_VERSIONS];

	for (size_t i = 0; i < TEST_VERSIONS; i++) {
		for (size_t j = 0; j < TEST_VERSIONS; j++) {
			order[i][j] = undecided;
			if (test_compare(s, v[i], v[j], &order[i][j]) < 0 && s != VERSION_PACKAGIST)
				fail_msg("%s: '%s' or '%s' refused", version_ops_for(s)->name, v[i],
					 v[j]);
		}
		assert_int_equal(order[i][i], 0);
	}
	for (size_t i = 0; i < TEST_VERSIONS; i++) {
		for (size_t j = 0; j < TEST_VERSIONS; j++) {
			if (order[i][j] == undecided)
				continue;
			assert_int_equal(order[i][j], -order[j][i]);
			for (size_t k = 0; k < TEST_VERSIONS; k++) {
				if (order[j][k] != undecided && order[i][k] != undecided)
					test_triple(s, v[i], v[j], v[k], order[i][j], order[j][k],
						    order[i][k]);
			}
		}
	}
}

static void test_properties(void **state)
{
	uint32_t seed = 0x5eed0001;
	char v[TEST_VERSIONS][TEST_VERSION_SIZE];

	(void)state;
	for (unsigned s = 0; s < VERSION_N_SCHEMES; s++) {
		for (size_t i = 0; i < TEST_VERSIONS; i++)
			test_generate(s, &seed, v[i]);
		test_order(s, v);
	}
}

static void test_ecosystems(void **state)
{
	static const struct {
		const char *ecosystem;
		enum version_scheme scheme;
	} rows[] = {
		{"Debian:12", VERSION_DPKG},
		{"debian", VERSION_DPKG},
		{"Ubuntu:18.04:LTS", VERSION_DPKG},
		{"Alpine:v3.11", VERSION_APK},
		{"ALPINE", VERSION_APK},
		{"Wolfi", VERSION_APK},
		{"Chainguard", VERSION_APK},
		{"Alpaquita:23", VERSION_APK},
		{"BellSoft Hardened Containers:23", VERSION_APK},
		{"MinimOS", VERSION_APK},
		{"Red Hat:enterprise_linux:8::appstream", VERSION_RPM},
		{"Amazon Linux:2", VERSION_RPM},
		{"Oracle Linux:8", VERSION_RPM},
		{"SUSE:Linux Enterprise Server 15 SP5", VERSION_RPM},
		{"openSUSE:Leap 15.5", VERSION_RPM},
		{"AlmaLinux:8", VERSION_RPM},
		{"Rocky Linux:8", VERSION_RPM},
		{"Photon OS:5.0", VERSION_RPM},
		{"Mageia:9", VERSION_RPM},
		{"openEuler:24.03-LTS", VERSION_RPM},
		{"Azure Linux:3", VERSION_RPM},
		{"npm", VERSION_SEMVER},
		{"CRATES.IO", VERSION_SEMVER},
		{"Pub", VERSION_SEMVER},
		{"Hex", VERSION_SEMVER},
		{"SwiftURL", VERSION_SEMVER},
		{"Bitnami", VERSION_SEMVER},
		{"PyPI", VERSION_PEP440},
		{"Maven", VERSION_MAVEN},
		{"Maven:https://repo1.maven.org/maven2", VERSION_MAVEN},
		{"RubyGems", VERSION_RUBYGEMS},
		{"NuGet", VERSION_NUGET},
		{"Packagist:https://packages.drupal.org/8", VERSION_PACKAGIST},
		{"Go", VERSION_GO},
		{"GitHub Actions", VERSION_GO},
		{"Linux", VERSION_GO},
		{"CRAN", VERSION_CRAN},
		{"Hackage", VERSION_HACKAGE},
	};
	static const char *const unknown[] = {"",      ":",         ":12",    "GIT",
					      "Debia", "Debian 12", "Android"};
	enum version_scheme scheme = VERSION_N_SCHEMES;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++) {
		assert_true(version_scheme_of(sk_span_str(rows[i].ecosystem), &scheme));
		assert_int_equal(scheme, rows[i].scheme);
	}
	scheme = VERSION_N_SCHEMES;
	for (size_t i = 0; i < SK_ARRAY_LEN(unknown); i++)
		assert_false(version_scheme_of(sk_span_str(unknown[i]), &scheme));
	assert_int_equal(scheme, VERSION_N_SCHEMES);
}

/* What the comparators order although it is not well-formed. */
static void test_valid(void **state)
{
	static const struct {
		enum version_scheme scheme;
		const char *text;
		bool valid;
	} rows[] = {
		{VERSION_DPKG, "1:1.0-1~a+b", true},
		{VERSION_DPKG, "", false},
		{VERSION_DPKG, "<unknown>", false},
		{VERSION_DPKG, "a1", false},
		{VERSION_DPKG, "1_2", false},
		{VERSION_DPKG, "1.0-a_b", false},
		{VERSION_DPKG, "1.0-", false},
		{VERSION_APK, "1.0a_rc1_p2~abc-r0", true},
		{VERSION_APK, "1.0a_rc1-r0~a", false},
		{VERSION_APK, "1.0_", false},
		{VERSION_APK, "1.0-r", false},
		{VERSION_APK, "1.0bc", false},
		{VERSION_APK, "1.0a1", false},
		{VERSION_APK, "1.0~", false},
		{VERSION_APK, "1.0~ABC", false},
		{VERSION_APK, "1.0_foo", false},
		{VERSION_RPM, "1:1.0~a^b-1.el8", true},
		{VERSION_RPM, "1-1-1", false},
		{VERSION_RPM, "1.0-", false},
		{VERSION_RPM, "-1", false},
		{VERSION_RPM, "1 0", false},
		{VERSION_MAVEN, "x", true},
		{VERSION_MAVEN, "", false},
		{VERSION_GO, "go1.21rc2", true},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++) {
		if (version_ops_for(rows[i].scheme)->valid(sk_span_str(rows[i].text)) !=
		    rows[i].valid)
			fail_msg("%s: '%s'", version_ops_for(rows[i].scheme)->name, rows[i].text);
	}
}

static void test_rpm_contexts(void **state)
{
	static const struct sk_span bare = SK_SPAN("1.2");
	static const struct sk_span full = SK_SPAN("0:1.2-3");
	static const struct sk_span newer = SK_SPAN("1:1.2-1");

	(void)state;
	assert_int_equal(version_rpm_cmp(bare, full), -1);
	assert_int_equal(version_rpm_cmp(full, bare), 1);
	assert_int_equal(version_rpm_dependency_cmp(bare, full), 0);
	assert_int_equal(version_rpm_dependency_cmp(full, bare), 0);
	assert_int_equal(version_rpm_dependency_cmp(full, newer), -1);
	assert_int_equal(version_rpm_segments_cmp(bare, (struct sk_span)SK_SPAN("1.2~a")), 1);
}

/* Long, repetitive and binary input ends soon and is ordered or refused alike both ways round. */
static void test_hostile(void **state)
{
	static const char *const fills[] = {"0",  "1",  "1.", "0.",   "-",  ".",    "a",
					    "1a", "~",  "^",  "a-1.", "_p", "_rc1", "\xff",
					    " ",  "-1", "1-", ".0.a", "+",  "v"};
	char *a = sk_alloc(TEST_LONG);
	char *b = sk_alloc(TEST_LONG);

	(void)state;
	for (size_t f = 0; f < SK_ARRAY_LEN(fills); f++) {
		size_t len = strlen(fills[f]);

		for (size_t i = 0; i < TEST_LONG; i++)
			a[i] = b[i] = fills[f][i % len];
		a[0] = b[0] = '1';
		b[TEST_LONG - 1] = '2';
		for (unsigned s = 0; s < VERSION_N_SCHEMES; s++) {
			int order = 0, reverse = 0;
			int r = version_compare(s, sk_span_of(a, TEST_LONG),
						sk_span_of(b, TEST_LONG), &order);

			assert_true(r == 0 || r == -SK_E_FORMAT);
			assert_int_equal(r, version_compare(s, sk_span_of(b, TEST_LONG),
							    sk_span_of(a, TEST_LONG), &reverse));
			assert_int_equal(order, -reverse);
		}
	}
	sk_free(a);
	sk_free(b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_data, argc > 1 ? argv[1] : NULL),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_ecosystems),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_rpm_contexts),
		cmocka_unit_test(test_hostile),
	};

	if (argc < 2)
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
