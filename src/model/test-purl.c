/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs: every line of the data file, and the way back from catalogued packages. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/io.h"
#include "model/purl.h"

enum {
	MAX_FIELDS = 8
};

static const char *data_file;

static const char *or_dash(const char *s)
{
	return s != NULL && *s != '\0' ? s : "-";
}

static void check_text(const char *what, const char *line, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s is '%s', not '%s'", line, what, got, want);
}

static void check_parse(struct sk_arena *a, const char **f)
{
	struct model_purl p, again;
	struct sk_err err = {0};
	const char *text;

	if (model_purl_parse(sk_span_str(f[1]), a, &p, &err) < 0)
		fail_msg("%s: %s", f[1], err.msg);
	text = model_purl_text(&p, a);
	check_text("canonical", f[1], text, f[2]);
	assert_int_equal(model_purl_parse(sk_span_str(text), a, &again, &err), 0);
	check_text("second pass", f[1], model_purl_text(&again, a), text);
}

static void check_parts(struct sk_arena *a, const char **f)
{
	struct model_purl p;
	struct sk_err err = {0};

	if (model_purl_parse(sk_span_str(f[1]), a, &p, &err) < 0)
		fail_msg("%s: %s", f[1], err.msg);
	check_text("type", f[1], p.type, f[2]);
	check_text("namespace", f[1], or_dash(p.ns), f[3]);
	check_text("name", f[1], p.name, f[4]);
	check_text("version", f[1], or_dash(p.version), f[5]);
	check_text("subpath", f[1], or_dash(p.subpath), f[6]);
}

static void check_bad(struct sk_arena *a, const char **f)
{
	struct model_purl p;
	struct sk_err err = {0};

	if (model_purl_parse(sk_span_str(f[1]), a, &p, &err) == 0)
		fail_msg("%s: accepted as %s", f[1], model_purl_text(&p, a));
	assert_int_equal(err.code, SK_E_FORMAT);
	if (strstr(err.msg, f[2]) == NULL)
		fail_msg("%s: message '%s' lacks '%s'", f[1], err.msg, f[2]);
}

static void check_package(struct sk_arena *a, const char **f)
{
	struct model_purl p;
	struct model_package pkg;
	struct sk_err err = {0};

	if (model_purl_parse(sk_span_str(f[1]), a, &p, &err) < 0)
		fail_msg("%s: %s", f[1], err.msg);
	model_purl_to_package(&p, f[1], a, &pkg);
	check_text("name", f[1], pkg.name, f[2]);
	check_text("version", f[1], or_dash(pkg.version), f[3]);
	check_text("ecosystem", f[1], or_dash(pkg.ecosystem), f[4]);
	check_text("source", f[1], pkg.source_name, f[5]);
	check_text("source version", f[1], or_dash(pkg.source_version), f[6]);
	check_text("module", f[1], or_dash(pkg.module), f[7]);
	check_text("purl", f[1], pkg.purl, f[1]);
}

static void check_blind(struct sk_arena *a, const char **f)
{
	struct model_purl p;
	struct sk_err err = {0};
	const char *why;

	if (model_purl_parse(sk_span_str(f[1]), a, &p, &err) < 0)
		fail_msg("%s: %s", f[1], err.msg);
	why = or_dash(model_purl_blind_spot(&p, a));
	if (strstr(why, f[2]) == NULL)
		fail_msg("%s: '%s' lacks '%s'", f[1], why, f[2]);
}

static void run_line(struct sk_arena *a, struct sk_span line)
{
	const char *f[MAX_FIELDS + 1] = {0};
	struct sk_span field;
	size_t n = 0;
	static const struct {
		const char *verb;
		size_t n_fields;
		void (*check)(struct sk_arena *a, const char **f);
	} verbs[] = {
		{"parse", 3, check_parse},     {"parts", 7, check_parts}, {"bad", 3, check_bad},
		{"package", 8, check_package}, {"blind", 3, check_blind},
	};

	while (n < MAX_FIELDS && sk_span_cut(&line, ' ', &field)) {
		if (field.len == 0)
			continue;
		char *text = sk_arena_str(a, field);
		/* a blank inside a field is written ^ */
		for (char *c = text; *c != '\0'; c++)
			*c = *c == '^' ? ' ' : *c;
		f[n++] = text;
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].verb, f[0]) == 0) {
			if (n != verbs[i].n_fields)
				fail_msg("%s %s: %zu fields", f[0], f[1], n);
			verbs[i].check(a, f);
			return;
		}
	}
	fail_msg("unknown verb %s", f[0]);
}

static void test_data(void **state)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct sk_buf b;
	struct sk_err err = {0};
	struct sk_span rest, line;
	size_t n = 0;

	(void)state;
	sk_buf_init(&b, 1 << 20);
	assert_int_equal(sk_read_file(AT_FDCWD, data_file, &b, &err), 0);
	rest = sk_buf_span(&b);
	while (sk_span_line(&rest, &line)) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		run_line(a, line);
		n++;
	}
	assert_true(n > 100);
	sk_buf_release(&b);
}

static void check_of(const struct model_package *p, const struct model_distro *d, const char *want)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	const char *text = model_purl_of_package(p, d, a);
	struct model_purl purl;
	struct model_package back;
	struct sk_err err = {0};

	assert_string_equal(text, want);
	assert_int_equal(model_purl_parse(sk_span_str(text), a, &purl, &err), 0);
	model_purl_to_package(&purl, text, a, &back);
	assert_string_equal(back.name, p->name);
	assert_string_equal(back.version, p->version);
	assert_string_equal(back.source_name, p->source_name);
	if (p->type != MODEL_PACKAGE_APK)
		assert_string_equal(back.source_version, p->source_version);
	assert_string_equal(back.ecosystem, p->ecosystem);
}

static void test_of_package(void **state)
{
	const struct model_distro debian = {.id = "debian", .version_id = "12"};
	const struct model_distro testing = {.id = "debian", .codename = "trixie"};
	const struct model_distro alpine = {.id = "alpine", .version_id = "3.11.5"};
	const struct model_distro rhel = {.id = "rhel", .version_id = "8.4"};
	struct model_package p = {
		.type = MODEL_PACKAGE_DEB,
		.name = "libstdc++6",
		.version = "12.2.0-14",
		.arch = "amd64",
		.ecosystem = "Debian:12",
		.source_name = "gcc-12",
		.source_version = "12.2.0-14",
	};

	(void)state;
	check_of(
		&p, &debian,
		"pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-12&upstream=gcc-12");
	p.source_version = "1:12.2";
	p.ecosystem = "Debian:13";
	check_of(&p, &testing,
		 "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-trixie"
		 "&upstream=gcc-12%401:12.2");
	p = (struct model_package){
		.type = MODEL_PACKAGE_APK,
		.name = "musl-utils",
		.version = "1.1.24-r2",
		.arch = "x86_64",
		.ecosystem = "Alpine:v3.11",
		.source_name = "musl",
		.source_version = "1.1.24-r2",
	};
	check_of(
		&p, &alpine,
		"pkg:apk/alpine/musl-utils@1.1.24-r2?arch=x86_64&distro=alpine-3.11.5&upstream=musl");
	p = (struct model_package){
		.type = MODEL_PACKAGE_RPM,
		.name = "ruby-libs",
		.version = "1:2.5.9-107.module+el8.4.0+10822+fe4fffb1",
		.arch = "x86_64",
		.ecosystem = "Red Hat:enterprise_linux:8",
		.source_name = "ruby",
		.source_version = "1:2.5.9-107.module+el8.4.0+10822+fe4fffb1",
		.module = "ruby:2.5",
	};
	check_of(
		&p, &rhel,
		"pkg:rpm/redhat/ruby-libs@2.5.9-107.module%2Bel8.4.0%2B10822%2Bfe4fffb1?arch=x86_64"
		"&distro=rhel-8.4&epoch=1&rpmmod=ruby:2.5"
		"&upstream=ruby-2.5.9-107.module%2Bel8.4.0%2B10822%2Bfe4fffb1.src.rpm");
}

static void test_of_language(void **state)
{
	static const struct {
		const char *ecosystem;
		const char *name;
		const char *want;
	} cases[] = {
		{"npm", "@babel/core", "pkg:npm/%40babel/core@1.0"},
		{"npm", "lodash", "pkg:npm/lodash@1.0"},
		{"Maven", "org.x:y", "pkg:maven/org.x/y@1.0"},
		{"Go", "github.com/BurntSushi/toml", "pkg:golang/github.com/BurntSushi/toml@1.0"},
		{"Go", "stdlib", "pkg:golang/stdlib@1.0"},
		{"PyPI", "zope-interface", "pkg:pypi/zope-interface@1.0"},
		{"crates.io", "Inflector", "pkg:cargo/Inflector@1.0"},
		{"Packagist", "symfony/http-kernel", "pkg:composer/symfony/http-kernel@1.0"},
		{"NuGet", "Newtonsoft.Json", "pkg:nuget/Newtonsoft.Json@1.0"},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct model_package p = {
			.type = MODEL_PACKAGE_LANGUAGE,
			.name = cases[i].name,
			.version = "1.0",
			.ecosystem = cases[i].ecosystem,
			.source_name = cases[i].name,
			.source_version = "1.0",
		};
		check_of(&p, NULL, cases[i].want);
	}
}

static void test_too_long(void **state)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct model_purl p;
	struct sk_err err = {0};
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 1 << 20);
	sk_buf_add_str(&b, "pkg:npm/");
	for (size_t i = 0; i < 8192; i++)
		sk_buf_add_char(&b, 'a');
	assert_int_equal(model_purl_parse(sk_buf_span(&b), a, &p, &err), -SK_E_FORMAT);
	assert_int_equal(model_purl_parse(sk_span_sub(sk_buf_span(&b), 0, 8192), a, &p, &err), 0);
	sk_buf_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_of_package),
		cmocka_unit_test(test_of_language),
		cmocka_unit_test(test_too_long),
	};

	if (argc != 2)
		return 2;
	data_file = argv[1];
	return cmocka_run_group_tests_name("model/purl", tests, NULL, NULL);
}
