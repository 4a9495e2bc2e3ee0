/* SPDX-License-Identifier: Apache-2.0 */
/* The table of signs. argv[1]: the directory of the data files. */
#include <stdio.h>

#include "base/parse.h"
#include "guard/signs.h"
#include "guard/test-util.h"

static const char *data_dir;

static struct guard_event event_of(const char *field, const char *text, const char **args)
{
	struct guard_event e = {.args = args, .n_args = 2};
	uint32_t port = 0;

	args[0] = "x";
	args[1] = "y";
	if (strcmp(field, "program") == 0) {
		e.kind = GUARD_KIND_EXEC;
		e.file_path = text;
	} else if (strcmp(field, "argument") == 0) {
		e.kind = GUARD_KIND_EXEC;
		args[1] = text;
	} else if (strcmp(field, "dns") == 0) {
		e.kind = GUARD_KIND_DNS;
		e.detail = text;
	} else if (strcmp(field, "path") == 0) {
		e.kind = GUARD_KIND_OPEN;
		e.file_path = text;
	} else {
		e.kind = GUARD_KIND_CONNECT;
		assert_true(sk_parse_u32(sk_span_str(text), &port));
		e.peer_port = (uint16_t)port;
	}
	return e;
}

static void check(char **columns, size_t n, void *ctx)
{
	const struct guard_sign *sign;
	struct guard_event e;
	const char *args[2];

	(void)ctx;
	assert_int_equal(n, 3);
	e = event_of(columns[0], columns[1], args);
	sign = guard_sign_of_event(&e, NULL);
	if (strcmp(sign != NULL ? sign->group : "-", columns[2]) != 0)
		fail_msg("%s %s: %s, not %s", columns[0], columns[1],
			 sign != NULL ? sign->group : "-", columns[2]);
}

static void examples(void **state)
{
	(void)state;
	assert_true(each_line(data_dir, "signs.data", 3, check, NULL) > 20);
}

/* Every line is reachable: its own pattern, with the stars as text, gives a sign of its group. */
static void table_is_consistent(void **state)
{
	size_t n;
	const struct guard_sign *signs = guard_signs(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		static const char *const fields[] = {[GUARD_SIGN_PROGRAM] = "program",
						     [GUARD_SIGN_ARGUMENT] = "argument",
						     [GUARD_SIGN_NAME] = "dns",
						     [GUARD_SIGN_PATH] = "path",
						     [GUARD_SIGN_PORT] = "port"};
		const struct guard_sign *sign;
		const char *args[2];
		struct guard_event e = event_of(fields[signs[i].field], signs[i].pattern, args);

		sign = guard_sign_of_event(&e, NULL);
		assert_non_null(sign);
		assert_string_equal(sign->group, signs[i].group);
		assert_int_equal(signs[i].attack[0], 'T');
		assert_true(strcmp(signs[i].severity, "critical") == 0 ||
			    strcmp(signs[i].severity, "high") == 0 ||
			    strcmp(signs[i].severity, "medium") == 0);
	}
}

static struct guard_sign_list *list_of(const char *text)
{
	struct guard_sign_list *l = NULL;
	struct sk_err err;

	if (guard_signs_parse(sk_span_str(text), &l, &err) < 0)
		fail_msg("%s", err.msg);
	return l;
}

#define SIGN(field, pattern)                                                                       \
	"  - {group: own, field: " field ", pattern: \"" pattern                                   \
	"\", severity: critical, attack: T1496, text: our own}\n"

static void own_signs(void **state)
{
	struct guard_sign_list *l =
		list_of("schema: stockade.signs/1\nsigns:\n" SIGN("program", "digger*")
				SIGN("argument", "--dig=*") SIGN("name", "pool.example.org")
					SIGN("path", "/srv/ledger/*") SIGN("port", "7777")
						SIGN("program", "xmrig*"));
	static const char *const fields[] = {"program", "argument", "dns",
					     "path",    "port",     "program"};
	static const char *const texts[] = {"/opt/digger-2",   "--dig=x", "a.pool.example.org",
					    "/srv/ledger/a/b", "7777",    "/tmp/xmrig"};

	(void)state;
	assert_int_equal(l->n, 6);
	for (size_t i = 0; i < SK_ARRAY_LEN(fields); i++) {
		const char *args[2];
		struct guard_event e = event_of(fields[i], texts[i], args);
		const struct guard_sign *sign = guard_sign_of_event(&e, l);

		if (sign == NULL)
			fail_msg("%s %s", fields[i], texts[i]);
		assert_string_equal(sign->group, "own");
		if (i < 5)
			assert_null(guard_sign_of_event(&e, NULL));
	}
	guard_signs_free(l);
}

static void check_error(char **columns, size_t n, void *ctx)
{
	struct guard_sign_list *l = NULL;
	struct sk_err err;
	char *text = unescape(columns[0]);

	(void)ctx;
	assert_int_equal(n, 2);
	if (guard_signs_parse(sk_span_str(text), &l, &err) == 0)
		fail_msg("accepted: %s", columns[0]);
	if (strstr(err.msg, columns[1]) == NULL)
		fail_msg("%s: %s", columns[0], err.msg);
	sk_free(text);
}

static void refused_signs(void **state)
{
	(void)state;
	assert_true(each_line(data_dir, "signs-errors.data", 2, check_error, NULL) > 10);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(table_is_consistent),
		cmocka_unit_test(own_signs),
		cmocka_unit_test(refused_signs),
	};

	data_dir = argc > 1 ? argv[1] : "testdata";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
