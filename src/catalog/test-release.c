/* SPDX-License-Identifier: Apache-2.0 */
/* os-release and the older files, from testdata/release.data, and how they are put together. */
#include <fcntl.h>

#include "base/buf.h"
#include "base/io.h"
#include "catalog/test-common.h"

static const char *or_dash(const char *s)
{
	return s != NULL ? s : "-";
}

static void check_block(const char *path, struct sk_span content, struct sk_span want)
{
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err = {0};
	char *got;

	if (parse(path, content, 0, a, &r, &err) != 0)
		fail_msg("%s: %s", path, err.msg);
	if (r.distro.id != NULL)
		(void)model_distro_map(&r.distro, a);
	got = sk_arena_printf(a, "%s|%s|%s|%s", or_dash(r.distro.id), or_dash(r.distro.version_id),
			      or_dash(r.distro.codename), or_dash(r.distro.ecosystem));
	if (!sk_span_eq_str(want, got))
		fail_msg("%s: got %s, want %.*s", path, got, SK_SPAN_ARG(want));
	sk_arena_free(a);
}

static void test_data(void **state)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;
	struct sk_span rest, line, content = {NULL, 0};
	struct sk_err err;
	char path[256] = "";
	size_t n = 0;

	sk_buf_init(&b, 1 << 20);
	assert_int_equal(sk_read_file(AT_FDCWD, *state, &b, &err), 0);
	rest = sk_buf_span(&b);
	while (sk_span_line(&rest, &line)) {
		if (sk_span_strip_prefix(&line, "@ ")) {
			snprintf(path, sizeof(path), "%.*s", SK_SPAN_ARG(line));
			content = sk_span_of(rest.ptr, 0);
		} else if (sk_span_strip_prefix(&line, "= ")) {
			content.len = (size_t)(line.ptr - 2 - content.ptr);
			check_block(path, content, line);
			n++;
		}
	}
	assert_true(n >= 25);
}

static void test_merge(void **state)
{
	struct catalog_release files[] = {
		{"etc/debian_version", {.id = "debian", .codename = "bookworm"}},
		{"etc/lsb-release", {.id = "ubuntu", .version_id = "1", .codename = "jammy"}},
		{"usr/lib/os-release", {.id = "ubuntu", .version_id = "22.04"}},
	};
	struct catalog_release deb[] = {
		{"etc/debian_version", {.id = "debian", .version_id = "12.5"}},
		{"etc/os-release", {.id = "debian", .pretty_name = "Debian"}},
	};
	struct model_distro d;

	(void)state;
	catalog_merge_releases(files, SK_ARRAY_LEN(files), &d);
	assert_string_equal(d.id, "ubuntu");
	assert_string_equal(d.version_id, "22.04");
	assert_string_equal(d.codename, "jammy");
	catalog_merge_releases(deb, SK_ARRAY_LEN(deb), &d);
	assert_string_equal(d.version_id, "12.5");
	assert_string_equal(d.pretty_name, "Debian");
	catalog_merge_releases(NULL, 0, &d);
	assert_null(d.id);
}

static void test_hostile(void **state)
{
	static char big[300000];
	struct sk_arena *a = sk_arena_new();
	struct catalog_result r;
	struct sk_err err;

	(void)state;
	memset(big, 'A', sizeof(big));
	assert_int_equal(parse("etc/os-release", sk_span_of(big, sizeof(big)), 0, a, &r, &err), 0);
	assert_null(r.distro.id);
	assert_int_equal(r.n_diagnostics, 1);
	memcpy(big, "ID=", 3);
	assert_int_equal(parse("etc/os-release", sk_span_of(big, sizeof(big)), 0, a, &r, &err), 0);
	assert_int_equal(strlen(r.distro.id), 1024);
	memset(big, 0, sizeof(big));
	assert_int_equal(parse("etc/redhat-release", sk_span_of(big, sizeof(big)), 0, a, &r, &err),
			 0);
	assert_null(r.distro.id);
	assert_int_equal(parse("etc/lsb-release", sk_span_of("DISTRIB_ID=X", 12), 0, a, &r, &err),
			 0);
	assert_string_equal(r.distro.id, "x");
	sk_arena_free(a);
}

int main(int argc, char **argv)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/release.data", argc > 1 ? argv[1] : ".");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_data, path),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
