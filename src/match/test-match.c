/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of matching are the cases of the data file; this runs them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/parse.h"
#include "match/fake-vulndb.h"
#include "match/match.h"
#include "model/purl.h"

enum {
	MAX_FIELDS = 16,
	MAX_LINES = 32,
};

static const char *data_file;

/** struct scenario - one case */
struct scenario {
	struct sk_arena *a;
	struct vulndb *db;
	const char *name;
	struct model_package packages[MAX_LINES];
	size_t n_packages;
	struct match_ignore rules[MAX_LINES];
	size_t n_rules;
	const char *content_sets[MAX_LINES];
	size_t n_content_sets;
	const char **expect[MAX_LINES];
	size_t n_expect;
	const char **held[MAX_LINES];
	size_t n_held;
	const char *diags[MAX_LINES];
	size_t n_diags;
};

static const char *joined(struct sk_arena *a, const char *const *items, size_t n)
{
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = sk_arena_printf(a, "%s%s%s", text, i > 0 ? "," : "", items[i]);
	return text;
}

static void same(const struct scenario *s, const char **f, const char *key, const char *got)
{
	const char *want = fake_value(f, key);

	if (want != NULL && strcmp(want, got != NULL ? got : "none") != 0)
		fail_msg("%s: %s %s: %s is '%s', not '%s'", s->name, f[1], f[2], key,
			 got != NULL ? got : "none", want);
}

static void check_finding(const struct scenario *s, const char **f, const struct model_finding *m)
{
	struct sk_arena *a = s->a;

	same(s, f, "fixed", joined(a, m->fixed_versions, m->n_fixed_versions));
	same(s, f, "aliases", joined(a, m->aliases, m->n_aliases));
	same(s, f, "state", model_state_text(m->state));
	same(s, f, "severity", model_severity_text(m->severity));
	same(s, f, "source", m->severity_source);
	same(s, f, "feed", m->advisory.feed);
	same(s, f, "advisory", m->advisory.id);
	same(s, f, "range", m->advisory.range);
	same(s, f, "published", m->published);
	same(s, f, "fix_published", m->fix_published);
	same(s, f, "risk", sk_arena_printf(a, "%.2f", m->risk));
	same(s, f, "kev", m->kev.date_added);
	same(s, f, "epss_date", m->epss.date);
	same(s, f, "cvss", sk_arena_printf(a, "%zu", m->n_cvss));
}

static void check_result(const struct scenario *s, const struct match_result *r)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		const struct model_finding *m = &r->findings[i];

		if (i >= s->n_expect)
			fail_msg("%s: unexpected %s in %s (%s)", s->name, m->id, m->package->name,
				 m->advisory.range);
		if (strcmp(s->expect[i][1], m->id) != 0 ||
		    strcmp(s->expect[i][2], m->package->name) != 0)
			fail_msg("%s: finding %zu is %s in %s", s->name, i, m->id,
				 m->package->name);
		check_finding(s, s->expect[i], m);
	}
	if (r->n_findings < s->n_expect)
		fail_msg("%s: %s not found", s->name, s->expect[r->n_findings][1]);
	for (size_t i = 0; i < r->n_suppressed; i++) {
		const struct model_suppressed *h = &r->suppressed[i];

		if (i >= s->n_held)
			fail_msg("%s: unexpectedly held back: %s", s->name, h->finding.id);
		assert_string_equal(h->finding.id, s->held[i][1]);
		assert_string_equal(h->finding.package->name, s->held[i][2]);
		assert_string_equal(model_reason_text(h->reason), s->held[i][3]);
		same(s, s->held[i], "by", h->source);
		same(s, s->held[i], "until", h->until);
		assert_non_null(h->text);
	}
	assert_int_equal(r->n_suppressed, s->n_held);
	for (size_t i = 0; i < r->n_diagnostics; i++) {
		const char *message = r->diagnostics[i].message;

		if (i >= s->n_diags)
			fail_msg("%s: unexpected: %s", s->name, message);
		if (strstr(message, s->diags[i]) == NULL)
			fail_msg("%s: '%s' lacks '%s'", s->name, message, s->diags[i]);
		assert_non_null(r->diagnostics[i].place);
	}
	assert_int_equal(r->n_diagnostics, s->n_diags);
}

static void run(struct scenario *s)
{
	const struct match_ignores ignores = {.rules = s->rules, .n_rules = s->n_rules};
	struct match_options opts = {
		.ignores = &ignores,
		.content_sets = s->content_sets,
		.n_content_sets = s->n_content_sets,
	};
	struct match_result r;
	struct sk_err err = {0};

	if (s->name == NULL)
		return;
	assert_true(sk_parse_time(sk_span_str("2025-06-01"), &opts.now));
	if (match_packages(s->db, s->packages, s->n_packages, &opts, s->a, &r, &err) < 0)
		fail_msg("%s: %s", s->name, err.msg);
	check_result(s, &r);
}

static void add_package(struct scenario *s, const char **f)
{
	struct model_package *p = &s->packages[s->n_packages++];
	struct model_purl purl;
	struct sk_err err = {0};
	const char **locations = sk_arena_array(s->a, 1, sizeof(*locations));

	if (model_purl_parse(sk_span_str(f[1]), s->a, &purl, &err) < 0)
		fail_msg("%s: %s", s->name, err.msg);
	model_purl_to_package(&purl, f[1], s->a, p);
	p->third_party = fake_value(f, "third_party") != NULL;
	p->vendor = fake_value(f, "vendor");
	p->owner = fake_value(f, "owner");
	if (fake_value(f, "module") != NULL)
		p->module = fake_value(f, "module");
	locations[0] = fake_value(f, "location");
	p->locations = locations;
	p->n_locations = locations[0] != NULL;
}

static void add_rule(struct scenario *s, const char **f)
{
	struct match_ignore *r = &s->rules[s->n_rules++];

	*r = (struct match_ignore){
		.id = fake_value(f, "id"),
		.package = fake_value(f, "package"),
		.path = fake_value(f, "path"),
		.reason = "because",
		.source = "ignore:1",
	};
	if (fake_value(f, "until") != NULL)
		assert_true(sk_parse_time(sk_span_str(fake_value(f, "until")), &r->until));
}

static void run_line(struct scenario *s, const char **f)
{
	if (fake_line(s->db, f))
		return;
	if (strcmp(f[0], "package") == 0)
		add_package(s, f);
	else if (strcmp(f[0], "ignore") == 0)
		add_rule(s, f);
	else if (strcmp(f[0], "content") == 0)
		s->content_sets[s->n_content_sets++] = f[1];
	else if (strcmp(f[0], "expect") == 0)
		s->expect[s->n_expect++] = f;
	else if (strcmp(f[0], "held") == 0)
		s->held[s->n_held++] = f;
	else if (strcmp(f[0], "diag") == 0)
		s->diags[s->n_diags++] = f[1];
	else
		fail_msg("%s: unknown verb %s", s->name, f[0]);
}

static const char **split(struct sk_arena *a, struct sk_span line)
{
	const char **f = sk_arena_array(a, MAX_FIELDS + 1, sizeof(*f));
	struct sk_span field;
	size_t n = 0;

	while (sk_span_cut(&line, ' ', &field)) {
		if (field.len == 0)
			continue;
		assert_true(n < MAX_FIELDS);
		char *text = sk_arena_str(a, field);
		for (char *c = text; *c != '\0'; c++)
			*c = *c == '^' ? ' ' : *c;
		f[n++] = text;
	}
	return f;
}

static void test_cases(void **state)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct scenario *s = sk_arena_alloc(a, sizeof(*s));
	struct sk_buf b;
	struct sk_err err = {0};
	struct sk_span rest, line;
	size_t n = 0;

	(void)state;
	sk_buf_init(&b, 1 << 20);
	assert_int_equal(sk_read_file(AT_FDCWD, data_file, &b, &err), 0);
	rest = sk_buf_span(&b);
	while (sk_span_line(&rest, &line)) {
		if (sk_span_strip_prefix(&line, "case ")) {
			run(s);
			memset(s, 0, sizeof(*s));
			s->a = a;
			s->db = sk_arena_alloc(a, sizeof(*s->db));
			s->name = sk_arena_str(a, line);
			n++;
		} else if (line.len > 0 && line.ptr[0] != '#') {
			run_line(s, split(a, line));
		}
	}
	run(s);
	assert_true(n > 35);
	sk_buf_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	if (argc != 2)
		return 2;
	data_file = argv[1];
	return cmocka_run_group_tests_name("match/match", tests, NULL, NULL);
}
