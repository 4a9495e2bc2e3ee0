/* SPDX-License-Identifier: Apache-2.0 */
/* Ignore files: what parses, what is refused and where; patterns; the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parse.h"
#include "match/gate.h"
#include "match/match.h"

static void test_parse(void **state)
{
	static const char text[] = "# comment\n"
				   "- id: CVE-2021-1\n"
				   "  reason: not reachable\n"
				   "  until: 2026-01-31\n"
				   "- package: pkg:npm/lodash\n"
				   "  path: srv/**\n"
				   "  until: 2026-01-31T12:00:00Z\n"
				   "  reason: 'test: only'\n";
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct match_ignores l;
	struct sk_err err = {0};

	(void)state;
	assert_int_equal(match_ignores_parse(sk_span_str(text), "f.yaml", a, &l, &err), 0);
	assert_int_equal(l.n_rules, 2);
	assert_string_equal(l.rules[0].id, "CVE-2021-1");
	assert_null(l.rules[0].package);
	assert_string_equal(l.rules[0].source, "f.yaml:2");
	assert_int_equal(l.rules[0].until, 1769904000); /* 2026-02-01T00:00:00Z */
	assert_string_equal(l.rules[1].package, "pkg:npm/lodash");
	assert_string_equal(l.rules[1].path, "srv/**");
	assert_string_equal(l.rules[1].reason, "test: only");
	assert_int_equal(l.rules[1].until, 1769860800);
}

static void test_empty(void **state)
{
	static const char *const texts[] = {"", "# nothing\n", "[]", "~", "null\n"};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(texts); i++) {
		struct match_ignores l;
		struct sk_err err = {0};

		if (match_ignores_parse(sk_span_str(texts[i]), "f", a, &l, &err) < 0)
			fail_msg("'%s': %s", texts[i], err.msg);
		assert_int_equal(l.n_rules, 0);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"id: CVE-1\nreason: x\n", "list of rules"},
		{"- CVE-1\n", "f:1: an ignore rule has members"},
		{"- id: CVE-1\n", "f:1: an ignore rule needs a reason"},
		{"- id: CVE-1\n  reason: ''\n", "needs a reason"},
		{"- id: A\n  reason: x\n- reason: y\n", "f:3: an ignore rule needs an id"},
		{"- id: [A]\n  reason: x\n", "plain texts"},
		{"- id: A\n  reason: x\n  untill: 2025-01-01\n", "f:3: unknown member 'untill'"},
		{"- id: A\n  reason: x\n  until: soon\n", "f:3: until"},
		{"- id: A\n  reason: x\n  until: 2025-02-30\n", "until"},
		{"- id: \"A\\0B\"\n  reason: x\n", "NUL"},
		{"- id: A\n   bad\n: [", "f"},
	};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct match_ignores l;
		struct sk_err err = {0};

		assert_int_equal(match_ignores_parse(sk_span_str(cases[i].text), "f", a, &l, &err),
				 -SK_E_FORMAT);
		if (strstr(err.msg, cases[i].message) == NULL)
			fail_msg("'%s': '%s' lacks '%s'", cases[i].text, err.msg, cases[i].message);
	}
}

static void test_glob(void **state)
{
	static const struct {
		const char *pattern;
		const char *path;
		bool matches;
	} cases[] = {
		{"a/b", "a/b", true},
		{"/a/b", "a/b", true},
		{"a/b", "/a/b", true},
		{"a/b", "a/bc", false},
		{"a/*", "a/b", true},
		{"a/*", "a/b/c", false},
		{"a/**", "a/b/c", true},
		{"**/c", "a/b/c", true},
		{"**/c", "c", true},
		{"**/c", "bc", false},
		{"a/**/c", "a/c", true},
		{"a/**/c", "a/x/y/c", true},
		{"a/**/c", "ac", false},
		{"a/**/c", "a/xc", false},
		{"*.jar", "x.jar", true},
		{"*.jar", "d/x.jar", false},
		{"**.jar", "d/x.jar", true},
		{"a?c", "abc", true},
		{"a?c", "a/c", false},
		{"", "", true},
		{"*", "", true},
		{"**", "a/b", true},
		{"a*b*c", "a1b2c", true},
		{"a*b*c", "a1c2b", false},
		{"**/x/**/y", "x/y", true},
		{"**/x/**/y", "q/x/r/s/y", true},
		{"***", "a/b", true},
		{"[a]", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		if (match_glob(cases[i].pattern, cases[i].path) != cases[i].matches)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].path);
	}
}

static void test_glob_is_bounded(void **state)
{
	char pattern[1025], path[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	pattern[sizeof(pattern) - 1] = '\0';
	memset(path, 'a', sizeof(path) - 2);
	path[sizeof(path) - 2] = 'b';
	path[sizeof(path) - 1] = '\0';
	assert_false(match_glob(pattern, path));
	path[sizeof(path) - 2] = 'a';
	assert_true(match_glob(pattern, path));
}

/** struct gated - a report of four findings */
struct gated {
	struct model_finding f[4];
	struct model_diagnostic d[1];
	struct model_report r;
};

static void fill(struct gated *g)
{
	memset(g, 0, sizeof(*g));
	g->f[0] = (struct model_finding){.id = "A", .severity = MODEL_SEVERITY_CRITICAL};
	g->f[1] = (struct model_finding){
		.id = "B", .severity = MODEL_SEVERITY_HIGH, .state = MODEL_STATE_AFFECTED};
	g->f[2] = (struct model_finding){.id = "C", .severity = MODEL_SEVERITY_LOW};
	g->f[2].kev.listed = true;
	g->f[3] = (struct model_finding){.id = "D", .severity = MODEL_SEVERITY_UNKNOWN};
	g->f[0].state = g->f[2].state = g->f[3].state = MODEL_STATE_FIXED;
	g->r = (struct model_report){.findings = g->f, .n_findings = 4, .n_suppressed = 7};
}

static void test_gate(void **state)
{
	static const struct {
		const char *severities;
		const char *fail_on;
		bool only_kev;
		bool ignore_unfixed;
		bool incomplete;
		const char *left;
		const char *verdict;
	} cases[] = {
		{NULL, NULL, false, false, false, "ABCD", "pass"},
		{NULL, NULL, false, false, true, "ABCD", "incomplete"},
		{NULL, "critical", false, false, false, "ABCD", "fail"},
		{NULL, "critical", false, false, true, "ABCD", "fail"},
		{NULL, "Medium", false, false, false, "ABCD", "fail"},
		{"high,low", "critical", false, false, false, "BC", "pass"},
		{" high , unknown", "high", false, false, false, "BD", "fail"},
		{"unknown", "negligible", false, false, false, "D", "pass"},
		{"unknown", "any", false, false, false, "D", "fail"},
		{NULL, "low", true, false, false, "C", "fail"},
		{NULL, "medium", true, false, false, "C", "pass"},
		{"high", "low", false, true, false, "", "pass"},
		{NULL, NULL, false, true, false, "ACD", "pass"},
	};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct match_gate gate = {.only_kev = cases[i].only_kev,
					  .ignore_unfixed = cases[i].ignore_unfixed};
		struct sk_err err = {0};
		struct gated g;
		bool tripped;

		fill(&g);
		g.d[0].severity = MODEL_DIAGNOSTIC_ERROR;
		g.r.diagnostics = g.d;
		g.r.n_diagnostics = cases[i].incomplete;
		if (cases[i].severities != NULL)
			assert_int_equal(match_gate_severities(sk_span_str(cases[i].severities),
							       &gate, &err),
					 0);
		if (cases[i].fail_on != NULL)
			assert_int_equal(
				match_gate_fail_on(sk_span_str(cases[i].fail_on), &gate, &err), 0);
		tripped = match_gate_apply(&gate, &g.r, a);
		assert_string_equal(g.r.verdict, cases[i].verdict);
		assert_int_equal(tripped, strcmp(cases[i].verdict, "fail") == 0);
		assert_int_equal(g.r.n_findings, strlen(cases[i].left));
		for (size_t k = 0; k < g.r.n_findings; k++)
			assert_int_equal(g.r.findings[k].id[0], cases[i].left[k]);
		assert_int_equal(g.r.n_suppressed, 7);
		/* what was left out is said */
		assert_int_equal(g.r.n_diagnostics,
				 cases[i].incomplete + (strlen(cases[i].left) < 4));
	}
}

static void test_gate_database_age(void **state)
{
	static const struct {
		const char *newest;
		const char *limit;
		bool tripped;
	} cases[] = {
		{"2025-02-16T00:00:00Z", "2025-02-15T00:00:00Z", false},
		{"2025-02-16T00:00:00Z", "2025-02-16T00:00:00Z", false},
		{"2025-02-16T00:00:00Z", "2025-02-16T00:00:01Z", true},
		{NULL, "2025-02-16T00:00:00Z", true},
		{"nonsense", "2025-02-16T00:00:00Z", true},
	};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct match_gate gate = {0};
		struct gated g;

		fill(&g);
		g.r.database.newest_feed = cases[i].newest;
		assert_true(sk_parse_time(sk_span_str(cases[i].limit), &gate.db_not_before));
		assert_int_equal(match_gate_apply(&gate, &g.r, a), cases[i].tripped);
		assert_string_equal(g.r.verdict, cases[i].tripped ? "fail" : "pass");
		assert_int_equal(g.r.n_diagnostics, cases[i].tripped);
		if (!cases[i].tripped)
			assert_null(g.r.tripped_by);
	}
}

static void test_gate_tells_all(void **state)
{
	static const struct {
		const char *fail_on;
		bool stale;
		const char *told;
	} cases[] = {
		{"critical", false, "1 finding of severity critical"},
		{"high", false, "2 findings of severity high or more"},
		{"any", false, "4 findings"},
		{NULL, true, "the advisories are older than allowed"},
		{"high", true,
		 "2 findings of severity high or more; the advisories are older than allowed"},
	};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct match_gate gate = {.db_not_before = cases[i].stale};
		struct sk_err err = {0};
		struct gated g;

		fill(&g);
		g.r.database.newest_feed = NULL;
		if (cases[i].fail_on != NULL)
			assert_int_equal(
				match_gate_fail_on(sk_span_str(cases[i].fail_on), &gate, &err), 0);
		assert_true(match_gate_apply(&gate, &g.r, a));
		assert_string_equal(g.r.tripped_by, cases[i].told);
	}
}

/* Not the newest document of the database counts, but that of the feeds that speak of the packages.
 */
static void test_relevant_feed(void **state)
{
	static const char *const debian[] = {"Debian"}, *const npm[] = {"npm"};
	static const char *const both[] = {"Alpine", "Wolfi"};
	static const struct model_feed feeds[] = {
		{"Debian tracker", 1, "2025-02-03T00:00:00Z", debian, 1},
		{"EPSS", 1, "2025-03-01T00:00:00Z", NULL, 0},
		{"OSV Debian", 1, "2025-02-01T00:00:00Z", debian, 1},
		{"OSV npm", 1, "2025-01-01T00:00:00Z", npm, 1},
		{"secdb", 1, NULL, both, 2},
	};
	static const struct {
		const char *ecosystems[3];
		const char *feed;
	} cases[] = {
		{{"Debian:12"}, "Debian tracker"},
		{{"Debian:12", NULL, "npm"}, "OSV npm"},
		{{"npm", "Debian:11"}, "OSV npm"},
		{{"Wolfi"}, NULL},
		{{"Wolfi", "Debian:12"}, "Debian tracker"},
		{{"Debian GNU"}, NULL},
		{{NULL}, NULL},
	};
	struct model_database d = {.feeds = feeds,
				   .n_feeds = SK_ARRAY_LEN(feeds),
				   .newest_feed = "2025-03-01T00:00:00Z"};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct model_package p[3] = {0};
		struct match_gate gate = {0};
		struct gated g;

		for (size_t k = 0; k < SK_ARRAY_LEN(p); k++)
			p[k].ecosystem = cases[i].ecosystems[k];
		fill(&g);
		g.r.database = d;
		g.r.database.relevant = match_relevant_feed(&d, p, SK_ARRAY_LEN(p));
		if (cases[i].feed == NULL)
			assert_null(g.r.database.relevant);
		else
			assert_string_equal(g.r.database.relevant->name, cases[i].feed);
		assert_true(
			sk_parse_time(sk_span_str("2025-02-10T00:00:00Z"), &gate.db_not_before));
		assert_int_equal(match_gate_apply(&gate, &g.r, a), cases[i].feed != NULL);
	}
}

/* A gate asks for a decision; where no feed speaks there is none. */
static void test_gate_unjudged(void **state)
{
	struct match_gate gate = {.fail = true, .fail_on = MODEL_SEVERITY_CRITICAL};
	struct match_gate none = {0};
	struct model_report r = {.n_packages = 2, .n_unjudged = 2};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();

	(void)state;
	assert_false(match_gate_apply(&none, &r, a));
	assert_string_equal(r.verdict, "pass");
	r.n_unjudged = 1;
	assert_false(match_gate_apply(&gate, &r, a));
	assert_string_equal(r.verdict, "pass");
	r.n_unjudged = 2;
	assert_false(match_gate_apply(&gate, &r, a));
	assert_string_equal(r.verdict, "incomplete");
	assert_int_equal(r.n_diagnostics, 1);
}

static void test_gate_words(void **state)
{
	struct match_gate gate = {0};
	struct sk_err err = {0};

	(void)state;
	assert_int_equal(match_gate_severities(sk_span_str("high,,low"), &gate, &err), -SK_E_USAGE);
	assert_int_equal(match_gate_severities(sk_span_str(""), &gate, &err), -SK_E_USAGE);
	assert_int_equal(match_gate_severities(sk_span_str("any"), &gate, &err), -SK_E_USAGE);
	assert_int_equal(match_gate_fail_on(sk_span_str("worst"), &gate, &err), -SK_E_USAGE);
	assert_non_null(strstr(err.msg, "'worst'"));
	assert_int_equal(gate.severities, 0);
	assert_false(gate.fail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_glob_is_bounded),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_gate_database_age),
		cmocka_unit_test(test_gate_tells_all),
		cmocka_unit_test(test_relevant_feed),
		cmocka_unit_test(test_gate_unjudged),
		cmocka_unit_test(test_gate_words),
	};

	return cmocka_run_group_tests_name("match/ignores", tests, NULL, NULL);
}
