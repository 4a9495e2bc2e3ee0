/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and techniques of alerts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/defs.h"
#include "guard/story.h"

static void applets_are_named(void **state)
{
	struct guard_event e = {.kind = GUARD_KIND_EXEC,
				.verdict = GUARD_VERDICT_KILLED,
				.reason = GUARD_REASON_ENTRY,
				.file_path = "/bin/busybox",
				.applet = "id"};
	sk_cleanup(sk_buf_release) struct sk_buf b = {0};

	(void)state;
	sk_buf_init(&b, 4096);
	guard_story_tell(&e, NULL, NULL, &b);
	assert_string_equal(e.reason_text, "applet 'id' of '/bin/busybox' is not in the profile; "
					   "started from outside the container");
	assert_int_equal(e.reason, GUARD_REASON_ENTRY);
	e.applet = NULL;
	guard_story_tell(&e, NULL, NULL, &b);
	assert_string_equal(e.reason_text, "'/bin/busybox' is not in the profile; started from "
					   "outside the container");
	e.exe = "/bin/sh";
	guard_story_tell(&e, NULL, NULL, &b);
	assert_string_equal(e.reason_text, "'/bin/busybox' is not in the profile; in a session "
					   "started from outside the container");
	e.file_path = NULL;
	e.reason = GUARD_REASON_NOT_IN_PROFILE;
	guard_story_tell(&e, NULL, NULL, &b);
	assert_string_equal(e.reason_text, "a file that the guard before this one told of is not "
					   "among the programs of this service");
}

static void calls_have_techniques_that_fit(void **state)
{
	static const struct {
		const char *detail;
		const char *attack;
	} rows[] = {
		{"read", NULL},   {"lseek", NULL},        {"32-bit call", NULL},
		{"clone", NULL},  {"mount", "T1611"},     {"ptrace", "T1055.008"},
		{"bpf", "T1014"}, {"SYS_ADMIN", "T1548"},
	};
	sk_cleanup(sk_buf_release) struct sk_buf b = {0};

	(void)state;
	sk_buf_init(&b, 4096);
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++) {
		struct guard_event e = {.kind = GUARD_KIND_PRIVILEGE,
					.verdict = GUARD_VERDICT_ALERTED,
					.reason = GUARD_REASON_NOT_IN_PROFILE,
					.detail = rows[i].detail};

		guard_story_tell(&e, NULL, NULL, &b);
		assert_non_null(e.reason_text);
		if (rows[i].attack == NULL)
			assert_null(e.attack);
		else
			assert_string_equal(e.attack, rows[i].attack);
	}
}

/* What was refused because there was no room is told as that. */
static void no_room_is_told(void **state)
{
	struct guard_event e = {.kind = GUARD_KIND_OPEN,
				.verdict = GUARD_VERDICT_KILLED,
				.reason = GUARD_REASON_POLICY,
				.file_path = "/etc/secret",
				.detail = GUARD_STORY_NO_ROOM};
	sk_cleanup(sk_buf_release) struct sk_buf b = {0};

	(void)state;
	sk_buf_init(&b, 4096);
	guard_story_tell(&e, NULL, NULL, &b);
	assert_string_equal(e.reason_text,
			    "there was no room to look at what it opened: it does not go on");
	assert_string_equal(e.severity, "medium");
}

/* What a program was given is found from where it starts. */
static void names_become_paths(void **state)
{
	static const struct {
		const char *cwd, *name, *path;
	} names[] = {
		{"/srv/app", "run.sh", "/srv/app/run.sh"},
		{"/srv/app", "././run.sh", "/srv/app/run.sh"},
		{"/srv/app", "../run.sh", "/srv/app/../run.sh"},
		{"/", "a/run.sh", "/a/run.sh"},
		{"/srv", "/bin/run.sh", "/bin/run.sh"},
		{NULL, "/bin/run.sh", "/bin/run.sh"},
		{NULL, "run.sh", NULL},
		{"(unreachable)/srv", "run.sh", NULL},
		{"/a/directory/that/is/too/long/for/it", "run.sh", NULL},
	};
	struct guard_event e = {.kind = GUARD_KIND_EXEC};
	const char *path;
	char buf[32];

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(names); i++) {
		e.cwd = names[i].cwd;
		path = guard_event_path(&e, names[i].name, buf, sizeof(buf));
		if (names[i].path == NULL)
			assert_null(path);
		else
			assert_string_equal(path, names[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applets_are_named),
		cmocka_unit_test(no_room_is_told),
		cmocka_unit_test(names_become_paths),
		cmocka_unit_test(calls_have_techniques_that_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
