/* SPDX-License-Identifier: Apache-2.0 */
/* YAML: small documents, refused when they are dangerous. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/yaml.h"

static int arena_new(void **state)
{
	*state = sk_arena_new();
	return 0;
}

static int arena_free(void **state)
{
	sk_arena_free(*state);
	return 0;
}

static const struct sk_yaml *parse(void **state, const char *text)
{
	struct sk_yaml *root = NULL;
	struct sk_err err = {0};

	assert_int_equal(sk_yaml_parse(sk_span_str(text), *state, &root, &err), 0);
	return root;
}

static void reads_trees(void **state)
{
	const struct sk_yaml *y = parse(state, "a: 1\n"
					       "b:\n"
					       "  - x\n"
					       "  - 'y z'\n"
					       "  - {c: d}\n"
					       "e: |\n"
					       "  two\n"
					       "  lines\n"
					       "n: ~\n"
					       "q: \"\"\n"
					       "o:\n");
	const struct sk_yaml *b = sk_yaml_get(y, "b");

	assert_int_equal(y->type, SK_YAML_MAPPING);
	assert_int_equal(y->n, 6);
	assert_string_equal(y->pairs[0].key, "a");
	assert_string_equal(sk_yaml_text(sk_yaml_get(y, "a")), "1");
	assert_int_equal(b->type, SK_YAML_SEQUENCE);
	assert_int_equal(b->n, 3);
	assert_int_equal(b->items[1]->line, 4);
	assert_int_equal(b->items[1]->column, 5);
	assert_false(b->items[1]->plain);
	assert_string_equal(b->items[1]->text, "y z");
	assert_string_equal(sk_yaml_text(sk_yaml_get(b->items[2], "c")), "d");
	assert_string_equal(sk_yaml_text(sk_yaml_get(y, "e")), "two\nlines\n");
	assert_null(sk_yaml_text(sk_yaml_get(y, "n")));
	assert_null(sk_yaml_text(sk_yaml_get(y, "o")));
	assert_string_equal(sk_yaml_text(sk_yaml_get(y, "q")), "");
	assert_null(sk_yaml_text(b));
	assert_null(sk_yaml_text(NULL));
	assert_null(sk_yaml_get(y, "absent"));
	assert_null(sk_yaml_get(b, "a"));
	assert_null(sk_yaml_get(NULL, "a"));
}

static void empty_documents(void **state)
{
	assert_null(parse(state, ""));
	assert_null(parse(state, "# only a comment\n"));
	assert_int_equal(parse(state, "[]")->n, 0);
	assert_int_equal(parse(state, "{}")->n, 0);
	assert_string_equal(sk_yaml_text(parse(state, "word")), "word");
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"a: &x 1\nb: *x\n", "line 2 column 4: aliases"},
		{"a: 1\nb: 2\na: 3\n", "line 3: key 'a' appears twice"},
		{"? [1, 2]\n: x\n", "a key must be a scalar"},
		{"a: 1\n---\nb: 2\n", "a second document"},
		{"a: [1, 2\n", "YAML: line"},
		{"a: {b: [1, \"x}\n", "YAML: line"},
		{"a:\n\t- b\n", "YAML: line"},
		{"\xff\xfe\xff", "YAML: line"},
		{"- a\n- *b\n", "aliases"},
		{"%YAML 9.9\n---\na\n", "YAML: line"},
	};
	struct sk_yaml *root;
	struct sk_err err;

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		assert_int_equal(sk_yaml_parse(sk_span_str(cases[i].text), *state, &root, &err),
				 -SK_E_FORMAT);
		assert_non_null(strstr(err.msg, cases[i].words));
	}
}

static void bounds_depth(void **state)
{
	char text[400] = "";
	struct sk_yaml *root;
	struct sk_err err;

	memset(text, '[', SK_YAML_MAX_DEPTH + 1);
	memset(text + SK_YAML_MAX_DEPTH + 1, ']', SK_YAML_MAX_DEPTH + 1);
	assert_int_equal(sk_yaml_parse(sk_span_str(text), *state, &root, &err), 0);
	memset(text, '[', SK_YAML_MAX_DEPTH + 2);
	assert_int_equal(sk_yaml_parse(sk_span_str(text), *state, &root, &err), -SK_E_LIMIT);
	assert_non_null(strstr(err.msg, "nested too deeply"));
}

static void bounds_nodes(void **state)
{
	struct sk_yaml *root;
	struct sk_err err;
	struct sk_buf b;

	sk_buf_init(&b, 4 << 20);
	(void)sk_buf_add_char(&b, '[');
	for (size_t i = 0; i < SK_YAML_MAX_NODES; i++)
		(void)sk_buf_add_str(&b, "1,");
	(void)sk_buf_add_char(&b, ']');
	assert_int_equal(sk_yaml_parse(sk_buf_span(&b), *state, &root, &err), -SK_E_LIMIT);
	assert_non_null(strstr(err.msg, "too many nodes"));
	sk_buf_release(&b);
}

/* Keys are compared through a hash, so that many of them do not take quadratic time. */
static void many_keys(void **state)
{
	enum {
		N = 100000
	};
	struct sk_yaml *root;
	struct sk_err err;
	struct sk_buf b;

	sk_buf_init(&b, 4 << 20);
	for (int i = 0; i < N; i++)
		(void)sk_buf_printf(&b, "k%d: %d\n", i, i);
	assert_int_equal(sk_yaml_parse(sk_buf_span(&b), *state, &root, &err), 0);
	assert_int_equal(root->n, N);
	assert_string_equal(sk_yaml_text(sk_yaml_get(root, "k99999")), "99999");
	(void)sk_buf_add_str(&b, "k5: 1\n");
	assert_int_equal(sk_yaml_parse(sk_buf_span(&b), *state, &root, &err), -SK_E_FORMAT);
	sk_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_trees, arena_new, arena_free),
		cmocka_unit_test_setup_teardown(empty_documents, arena_new, arena_free),
		cmocka_unit_test_setup_teardown(refuses, arena_new, arena_free),
		cmocka_unit_test_setup_teardown(bounds_depth, arena_new, arena_free),
		cmocka_unit_test_setup_teardown(bounds_nodes, arena_new, arena_free),
		cmocka_unit_test_setup_teardown(many_keys, arena_new, arena_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
