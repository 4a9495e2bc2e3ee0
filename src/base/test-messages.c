/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, limits and the log: what people are told. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/budget.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"

static void fills_errors(void **state)
{
	struct sk_err err = {0};

	(void)state;
	assert_int_equal(sk_err_set(&err, SK_E_FORMAT, "tar: at %d", 512), -SK_E_FORMAT);
	assert_int_equal(err.code, SK_E_FORMAT);
	assert_string_equal(err.msg, "tar: at 512");
	assert_int_equal(sk_err_wrap(&err, -SK_E_FORMAT, "layer %s", "x"), -SK_E_FORMAT);
	assert_string_equal(err.msg, "layer x: tar: at 512");
	assert_int_equal(err.code, SK_E_FORMAT);
	assert_int_equal(sk_err_errno(&err, ENOENT, "open %s", "'f'"), -ENOENT);
	assert_string_equal(err.msg, "open 'f': No such file or directory");
	assert_int_equal(sk_err_errno(&err, SK_E_LIMIT, "read"), -SK_E_LIMIT);
	assert_string_equal(err.msg, "read: limit exceeded");
	/* Without a place for the message the code still comes back. */
	assert_int_equal(sk_err_set(NULL, EIO, "x"), -EIO);
	assert_int_equal(sk_err_errno(NULL, EIO, "x"), -EIO);
	assert_int_equal(sk_err_wrap(NULL, -EIO, "x"), -EIO);
}

static void cuts_long_messages(void **state)
{
	char text[2 * SK_ERR_MSG_SIZE];
	struct sk_err err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)sk_err_set(&err, EIO, "%s", text);
	assert_int_equal(strlen(err.msg), SK_ERR_MSG_SIZE - 1);
	(void)sk_err_wrap(&err, -EIO, "context");
	assert_int_equal(strlen(err.msg), SK_ERR_MSG_SIZE - 1);
	assert_memory_equal(err.msg, "context: xx", 11);
	(void)sk_err_errno(&err, EIO, "%s", text);
	assert_int_equal(strlen(err.msg), SK_ERR_MSG_SIZE - 1);
}

static void names_codes(void **state)
{
	(void)state;
	assert_string_equal(sk_err_name(ENOENT), "ENOENT");
	assert_string_equal(sk_err_name(SK_E_DIGEST), "DIGEST");
	assert_string_equal(sk_err_name(SK_E_FORMAT), "FORMAT");
	assert_string_equal(sk_err_name(SK_E_USAGE), "USAGE");
	assert_string_equal(sk_err_name(SK_E_USAGE + 1), "unknown");
	assert_string_equal(sk_err_name(1000), "unknown");
}

static void limits_have_names(void **state)
{
	struct sk_limits limits = sk_limits_default();
	enum sk_limit limit;
	const char *unit;

	(void)state;
	for (size_t i = 0; i < SK_N_LIMITS; i++) {
		assert_true(sk_limit_find(sk_limit_name((enum sk_limit)i), &limit));
		assert_int_equal(limit, i);
		assert_true(strlen(sk_limit_why(limit, &unit)) > 10);
		assert_true(*unit != '\0');
		assert_true(limits.max[i] > 0);
	}
	assert_false(sk_limit_find("bytes", &limit));
}

static void budgets_end(void **state)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_budget b;
	struct sk_err err;

	(void)state;
	limits.max[SK_LIMIT_ENTRIES] = 10;
	sk_budget_init(&b, &limits);
	assert_int_equal(sk_budget_spend(&b, SK_LIMIT_ENTRIES, 9, &err), 0);
	assert_int_equal(sk_budget_spend(&b, SK_LIMIT_ENTRIES, 1, &err), 0);
	assert_int_equal(sk_budget_spend(&b, SK_LIMIT_ENTRIES, 1, &err), -SK_E_LIMIT);
	assert_string_equal(err.msg, "limit entries of 10 entries exceeded; raise it with --limit "
				     "entries=N if the source is trusted");
	/* Once spent it stays spent, also when the count would wrap. */
	assert_int_equal(sk_budget_spend(&b, SK_LIMIT_ENTRIES, UINT64_MAX, &err), -SK_E_LIMIT);
	assert_int_equal(sk_budget_check(&b, SK_LIMIT_PATH_LEN, 4096, &err), 0);
	assert_int_equal(sk_budget_check(&b, SK_LIMIT_PATH_LEN, 4097, &err), -SK_E_LIMIT);
}

/* What fn writes to stderr. */
static void logged(char *text, size_t size, enum sk_log_level level, const char *message)
{
	int pipe_fds[2];
	int saved;
	ssize_t n;

	assert_int_equal(pipe(pipe_fds), 0);
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	assert_true(saved >= 0 && dup2(pipe_fds[1], STDERR_FILENO) >= 0);
	(void)close(pipe_fds[1]);
	sk_log(level, "%s", message);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	n = read(pipe_fds[0], text, size - 1);
	(void)close(pipe_fds[0]);
	text[n > 0 ? n : 0] = '\0';
}

static void logs(void **state)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = NULL;
	char text[512];
	struct sk_err err;

	(void)state;
	sk_log_setup(SK_LOG_INFO, 0);
	logged(text, sizeof(text), SK_LOG_WARN, "one");
	assert_string_equal(text, "stockade: warning: one\n");
	logged(text, sizeof(text), SK_LOG_DEBUG, "hidden");
	assert_string_equal(text, "");
	sk_log_setup(SK_LOG_INFO, SK_LOG_COLOUR);
	logged(text, sizeof(text), SK_LOG_ERROR, "two");
	assert_string_equal(text, "stockade: \x1b[31merror\x1b[0m: two\n");
	sk_log_setup(SK_LOG_DEBUG, SK_LOG_JSON);
	logged(text, sizeof(text), SK_LOG_DEBUG, "say \"three\"");
	assert_int_equal(sk_json_parse(sk_span_str(text), 0, &j, &err), 0);
	assert_true(sk_span_eq_str(sk_json_get_text(j, "level"), "debug"));
	assert_true(sk_span_eq_str(sk_json_get_text(j, "message"), "say \"three\""));
	assert_int_equal(sk_json_get_text(j, "time").len, 20);
	sk_log_setup(SK_LOG_WARN, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_errors), cmocka_unit_test(cuts_long_messages),
		cmocka_unit_test(names_codes),  cmocka_unit_test(limits_have_names),
		cmocka_unit_test(budgets_end),  cmocka_unit_test(logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
