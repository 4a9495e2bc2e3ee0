/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths are claimed, and limits that hold for every cataloguer. */
#include "catalog/test-common.h"

static void test_claims(void **state)
{
	static const struct {
		const char *path;
		unsigned flags;
		int kind; /* -1: not claimed */
	} cases[] = {
		{"etc/os-release", 0, CATALOG_OS_RELEASE},
		{"usr/lib/os-release", 0, CATALOG_OS_RELEASE},
		{"etc/debian_version", 0, CATALOG_OLD_RELEASE},
		{"etc/almalinux-release", 0, CATALOG_OLD_RELEASE},
		{"etc/os-releas", 0, -1},
		{"etc/os-release2", 0, -1},
		{"srv/etc/os-release", 0, -1},
		{"var/lib/dpkg/status", 0, CATALOG_DPKG_STATUS},
		{"var/lib/dpkg/status-old", 0, -1},
		{"var/lib/dpkg/status.d/libc6", 0, CATALOG_DPKG_STATUS_D},
		{"var/lib/dpkg/status.d/", 0, -1},
		{"var/lib/dpkg/status.d/a/b", 0, -1},
		{"var/lib/dpkg/status.d/libc6.md5sums", 0, -1},
		{"var/lib/dpkg/status.d/libc6.md5sums", CATALOG_CLAIM_FILES, CATALOG_DPKG_FILES},
		{"var/lib/dpkg/info/libc6:amd64.list", CATALOG_CLAIM_FILES, CATALOG_DPKG_FILES},
		{"var/lib/dpkg/info/libc6:amd64.list", 0, -1},
		{"var/lib/dpkg/info/libc6:amd64.md5sums", CATALOG_CLAIM_FILES, -1},
		{"lib/apk/db/installed", 0, CATALOG_APK},
		{"usr/lib/apk/db/installed", 0, CATALOG_APK},
		{"lib/apk/db/triggers", 0, -1},
		{"var/lib/rpm/Packages", 0, CATALOG_RPM},
		{"usr/lib/sysimage/rpm/Packages.db", 0, CATALOG_RPM},
		{"usr/share/rpm/rpmdb.sqlite", 0, CATALOG_RPM},
		{"var/lib/rpm/rpmdb.sqlite-wal", 0, CATALOG_RPM_WAL},
		{"var/lib/rpm/Name", 0, -1},
		{"root/buildinfo/content_manifests/ubi8.json", 0, CATALOG_CONTENT_SETS},
		{"usr/share/buildinfo/content-sets.json", 0, CATALOG_CONTENT_SETS},
		{"root/buildinfo/Dockerfile-ubi8", 0, -1},
		{"", 0, -1},
		{"u", 0, -1},
	};
	enum catalog_kind kind;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		bool hit = catalog_claims(sk_span_str(cases[i].path), cases[i].flags, &kind);

		if (hit != (cases[i].kind >= 0) || (hit && (int)kind != cases[i].kind))
			fail_msg("%s: wrong", cases[i].path);
	}
}

static void test_may_lead(void **state)
{
	static const char *const yes[] = {
		"",
		"lib",
		"usr",
		"usr/lib",
		"var/lib/dpkg",
		"etc",
		"lib/apk/db",
		"usr/lib/sysimage",
		"usr/share",
		"root",
		"var",
		"usr/lib/apk/db",
		"var/lib/rpm",
		"var/lib/dpkg/status.d",
	};
	static const char *const no[] = {"li",
					 "usr/bin",
					 "bin",
					 "var/lib/rpm2",
					 "usr/lib/x86",
					 "etc/ssl",
					 "var/lib/dpkg/status.d/x"};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(yes); i++)
		assert_true(catalog_may_lead(sk_span_str(yes[i])));
	for (size_t i = 0; i < SK_ARRAY_LEN(no); i++)
		assert_false(catalog_may_lead(sk_span_str(no[i])));
}

static void test_limits(void **state)
{
	static const struct sk_span apk = SK_SPAN("P:a\nV:1\n\nP:b\nV:2\n\nP:c\nV:3\n\n");
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err = {0};

	(void)state;
	limits.max[SK_LIMIT_PACKAGES] = 2;
	assert_int_equal(parse_limited("lib/apk/db/installed", apk, 0, 99, &limits, a, &r, &err),
			 -SK_E_LIMIT);
	limits.max[SK_LIMIT_PACKAGES] = 3;
	assert_int_equal(parse_limited("lib/apk/db/installed", apk, 0, 99, &limits, a, &r, &err),
			 0);
	limits.max[SK_LIMIT_FILE] = apk.len - 1;
	assert_int_equal(parse_limited("lib/apk/db/installed", apk, 0, 99, &limits, a, &r, &err),
			 -SK_E_LIMIT);
	assert_int_equal(parse_limited("var/lib/rpm/Packages", apk, 0, 99, &limits, a, &r, &err),
			 -SK_E_LIMIT);
	sk_arena_free(a);
}

static void test_content_sets(void **state)
{
	static const struct sk_span good = SK_SPAN(
		"{\"metadata\":{\"icm_version\":1},\"content_sets\":[\"rhel-8-for-x86_64-baseos-"
		"rpms\",7,\"rhel-8-for-x86_64-appstream-rpms\"],\"image_contents\":[]}");
	static const struct sk_span labels = SK_SPAN("{\"name\":\"ubi9\"}"), bad = SK_SPAN("{");
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	assert_int_equal(parse("root/buildinfo/content_manifests/x.json", good, 0, a, &r, &err), 0);
	assert_int_equal(r.n_content_sets, 2);
	assert_string_equal(r.content_sets[1], "rhel-8-for-x86_64-appstream-rpms");
	assert_int_equal(parse("usr/share/buildinfo/labels.json", labels, 0, a, &r, &err), 0);
	assert_int_equal(r.n_content_sets, 0);
	assert_int_equal(parse("usr/share/buildinfo/labels.json", bad, 0, a, &r, &err),
			 -SK_E_FORMAT);
	assert_non_null(strstr(err.msg, "labels.json"));
	sk_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_may_lead),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_content_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
