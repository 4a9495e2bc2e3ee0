/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of profiles. argv[1]: the directory of the data files. */
#include <stdio.h>

#include "base/parse.h"
#include "guard/profile-lint.h"
#include "guard/test-util.h"

static const char *data_dir;

/* A profile without a finding; "+" in front of the addition: more executables. */
static char *document(const char *addition)
{
	static const char head[] = "schema: stockade.profile/1\nservice: x\nmode: enforce\n";
	static const char program[] =
		"executables:\n  - path: /usr/sbin/app\n    sha256: "
		"0000000000000000000000000000000000000000000000000000000000000001\n    size: 1\n";
	bool more = addition[0] == '+';
	struct sk_buf b;

	sk_buf_init(&b, 1 << 16);
	(void)sk_buf_add_str(&b, head);
	if (!more)
		(void)(sk_buf_add_str(&b, addition) && sk_buf_add_char(&b, '\n'));
	(void)sk_buf_add_str(&b, program);
	if (more)
		(void)sk_buf_add_str(&b, addition + 1);
	return sk_buf_steal(&b);
}

static void check(char **columns, size_t n, void *ctx)
{
	char *addition = unescape(columns[0]);
	char *text = document(addition);
	struct guard_profile *p = profile_of(text);
	struct guard_lint l;
	bool found = strcmp(columns[1], "-") == 0;
	int64_t now = 0;

	(void)ctx;
	assert_int_equal(n, 2);
	assert_true(sk_parse_time(sk_span_str("2026-06-01"), &now));
	guard_profile_lint(p, now, &l);
	if (found && l.n_items != 0)
		fail_msg("%s: %s", columns[0], l.items[0].rule);
	for (size_t i = 0; i < l.n_items; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%s:%s", guard_lint_level_name(l.items[i].level),
			       l.items[i].rule);
		found = found || strcmp(name, columns[1]) == 0;
		assert_non_null(l.items[i].text);
		assert_non_null(l.items[i].advice);
		assert_true(i == 0 || l.items[i - 1].level <= l.items[i].level);
	}
	if (!found)
		fail_msg("%s: no %s", columns[0], columns[1]);
	guard_lint_release(&l);
	guard_profile_free(p);
	sk_free(text);
	sk_free(addition);
}

static void rules(void **state)
{
	(void)state;
	assert_true(each_line(data_dir, "lint.data", 2, check, NULL) > 30);
}

static void nothing_learned(void **state)
{
	struct guard_profile *p = guard_profile_new("x");
	struct guard_lint l;

	(void)state;
	guard_profile_lint(p, 0, &l);
	assert_int_equal(l.n_levels[GUARD_LINT_ERROR], 1);
	assert_string_equal(l.items[0].rule, "empty");
	guard_lint_release(&l);
	guard_profile_free(p);
}

static const char *little_text(uint32_t runs, uint32_t replicas)
{
	struct guard_profile *p = guard_profile_new("x");
	static char text[128];
	struct guard_lint l;

	text[0] = '\0';
	p->runs = runs;
	p->replicas = replicas;
	guard_profile_lint(p, 0, &l);
	for (size_t i = 0; i < l.n_items; i++)
		if (strcmp(l.items[i].rule, "one_run") == 0)
			(void)snprintf(text, sizeof(text), "%s", l.items[i].text);
	guard_lint_release(&l);
	guard_profile_free(p);
	return text;
}

/* What is said of how little it was is so. */
static void learned_little(void **state)
{
	(void)state;
	assert_string_equal(little_text(1, 1), "learned once only, from one container");
	assert_string_equal(little_text(1, 4), "learned once only, from 4 containers");
	assert_string_equal(little_text(2, 1), "learned from one container only");
	assert_string_equal(little_text(2, 2), "");
}

/* A restart keeps what the first start wrote: what is advised for its sake is a new container. */
static void learned_no_start(void **state)
{
	struct guard_profile *p = guard_profile_new("x");
	size_t n = 0;

	(void)state;
	p->runs = 1;
	for (p->starts = 0; p->starts <= 1; p->starts++) {
		struct guard_lint l;

		guard_profile_lint(p, 0, &l);
		for (size_t i = 0; i < l.n_items; i++) {
			if (strcmp(l.items[i].rule, "one_run") != 0 &&
			    strcmp(l.items[i].rule, "no_start") != 0)
				continue;
			n++;
			assert_null(strstr(l.items[i].advice, "over a restart"));
			assert_null(strstr(l.items[i].advice, "after a restart"));
			assert_non_null(strstr(l.items[i].advice, "a restart keeps"));
		}
		guard_lint_release(&l);
	}
	assert_int_equal(n, 3);
	guard_profile_free(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(nothing_learned),
		cmocka_unit_test(learned_little),
		cmocka_unit_test(learned_no_start),
	};

	data_dir = argc > 1 ? argv[1] : "testdata";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
