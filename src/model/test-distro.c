/* SPDX-License-Identifier: Apache-2.0 */
/* Distributions and their feeds, from testdata/distro.data. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/io.h"
#include "model/package.h"

static const char *text(struct sk_arena *a, struct sk_span s)
{
	return s.len != 0 ? sk_arena_str(a, s) : NULL;
}

static void check_line(struct sk_arena *a, struct sk_span line)
{
	struct sk_span part[5] = {{0}};
	struct model_distro d = {0};
	const char *got;

	for (size_t i = 0; i < 5; i++)
		assert_true(sk_span_cut(&line, '|', &part[i]));
	d.id = text(a, part[0]);
	d.version_id = text(a, part[1]);
	d.codename = text(a, part[2]);
	d.pretty_name = text(a, part[3]);
	if (!model_distro_map(&d, a))
		got = "?";
	else
		got = d.ecosystem != NULL ? d.ecosystem : "-";
	if (!sk_span_eq_str(part[4], got))
		fail_msg("%s %s: got %s, want %.*s", d.id, d.version_id, got, SK_SPAN_ARG(part[4]));
}

static void test_data(void **state)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;
	struct sk_arena *a = sk_arena_new();
	struct sk_span rest, line;
	struct sk_err err;
	size_t n = 0;

	sk_buf_init(&b, 1 << 20);
	assert_int_equal(sk_read_file(AT_FDCWD, *state, &b, &err), 0);
	rest = sk_buf_span(&b);
	while (sk_span_line(&rest, &line)) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		check_line(a, line);
		n++;
	}
	assert_true(n > 70);
	sk_arena_free(a);
}

static bool has(const char **list, size_t n, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += strcmp(list[i], name) == 0;
	assert_true(found < 2);
	return found == 1;
}

static void test_ecosystems(void **state)
{
	struct model_distro sles = {.id = "sles", .version_id = "15.5"};
	struct model_distro old = {.id = "sles", .version_id = "12.5"};
	struct model_distro desktop = {.id = "sled", .version_id = "15.4"};
	struct model_distro deb = {.id = "debian", .version_id = "12"}, none = {.id = "kali"};
	struct model_distro leap = {.id = "opensuse-leap", .version_id = "15.5"};
	struct sk_arena *a = sk_arena_new();
	const char **l;
	size_t n;

	(void)state;
	model_distro_ecosystems(&sles, a, &l, &n);
	assert_string_equal(l[0], "SUSE:Linux Enterprise Server 15 SP5");
	assert_true(has(l, n, "SUSE:Linux Enterprise Module for Basesystem 15 SP5"));
	assert_true(has(l, n, "SUSE:Linux Enterprise Server 15 SP5-LTSS"));
	assert_true(has(l, n, "SUSE:Package Hub 15 SP5"));
	assert_false(has(l, n, "SUSE:Linux Enterprise Module for Basesystem 15 SP6"));
	model_distro_ecosystems(&old, a, &l, &n);
	assert_true(has(l, n, "SUSE:Linux Enterprise Server 12 SP5"));
	assert_true(has(l, n, "SUSE:Linux Enterprise Module for Web and Scripting 12"));
	assert_true(has(l, n, "SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5"));
	model_distro_ecosystems(&desktop, a, &l, &n);
	assert_true(has(l, n, "SUSE:Linux Enterprise Module for Basesystem 15 SP4"));
	assert_false(has(l, n, "SUSE:Linux Enterprise Server 15 SP4"));
	model_distro_ecosystems(&deb, a, &l, &n);
	assert_int_equal(n, 1);
	assert_string_equal(l[0], "Debian:12");
	model_distro_ecosystems(&leap, a, &l, &n);
	assert_int_equal(n, 2);
	assert_string_equal(l[1], "openSUSE:Leap 15.5 NonFree");
	model_distro_ecosystems(&none, a, &l, &n);
	assert_int_equal(n, 0);
	assert_null(l);
	sk_arena_free(a);
}

int main(int argc, char **argv)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/distro.data", argc > 1 ? argv[1] : ".");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_data, path),
		cmocka_unit_test(test_ecosystems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
