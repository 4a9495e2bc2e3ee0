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

static void assert_line(const struct guard_event *e, bool colour, const char *text)
{
	sk_cleanup(sk_buf_release) struct sk_buf b = {0};
	struct sk_sink sink;

	sk_buf_init(&b, 4096);
	sink = sk_sink_buf(&b);
	assert_int_equal(guard_event_line(e, colour, &sink), 0);
	assert_true(b.len > 14 && b.ptr[b.len - 1] == '\n');
	b.ptr[b.len - 1] = '\0';
	assert_string_equal(b.ptr + 14, text); /* behind the time */
}

/* How bad it is stands in the line; colours are for terminals. */
static void lines_have_severities(void **state)
{
	struct guard_event e = {.kind = GUARD_KIND_EXEC,
				.verdict = GUARD_VERDICT_ALERTED,
				.reason = GUARD_REASON_DRIFT,
				.reason_text = "new",
				.severity = "critical",
				.service = "web",
				.host_pid = 12,
				.file_path = "/tmp/x"};

	(void)state;
	assert_line(&e, false, "web  12  exec     /tmp/x :  alerted (critical): drift - new");
	assert_line(&e, true,
		    "web  12  exec     /tmp/x :  \033[1;31malerted (critical)\033[0m: drift - new");
	e.verdict = GUARD_VERDICT_OBSERVED;
	e.severity = NULL;
	assert_line(&e, true, "web  12  exec     /tmp/x :  observed: drift - new");
	e = (struct guard_event){
		.kind = GUARD_KIND_LOST, .severity = "medium", .service = "web", .lost_events = 1};
	assert_line(&e, false, "web  lost     1 event  (medium)");
}

/* A system call is no privilege, and what is of no process is the guard's. */
static void lines_say_what_it_is(void **state)
{
	struct guard_event e = {.kind = GUARD_KIND_PRIVILEGE,
				.reason = GUARD_REASON_NOT_IN_PROFILE,
				.service = "web",
				.host_pid = 12,
				.detail = "poll"};
	struct guard_event pins = {.kind = GUARD_KIND_PRIVILEGE,
				   .verdict = GUARD_VERDICT_ALERTED,
				   .reason = GUARD_REASON_TAMPER,
				   .severity = "critical",
				   .detail = "pins of the guard are missing"};

	(void)state;
	assert_line(&e, false, "web  12  call     poll  observed: not_in_profile");
	e.detail = "SYS_ADMIN";
	assert_line(&e, false, "web  12  capability SYS_ADMIN  observed: not_in_profile");
	e.reason = GUARD_REASON_NONE;
	e.has_user = true;
	e.user_before = 33;
	e.detail = "user 0";
	assert_line(&e, false, "web  12  privilege user 0 (was 33)");
	assert_line(&pins, false,
		    "guard  tamper   pins of the guard are missing  alerted (critical): tamper");
	e = (struct guard_event){.kind = GUARD_KIND_FORK,
				 .service = "web",
				 .host_pid = 4711,
				 .child_pid = 22,
				 .child_host_pid = 4712,
				 .detail = "child 22"};
	assert_line(&e, false, "web  4711  fork     child 4712");
}

/* Who was never learned cannot have learned better. */
static void no_profile_is_not_never_done(void **state)
{
	struct guard_event e = {.kind = GUARD_KIND_MOUNT,
				.verdict = GUARD_VERDICT_ALERTED,
				.reason = GUARD_REASON_ESCAPE,
				.detail = "mount"};
	sk_cleanup(sk_buf_release) struct sk_buf b = {0};

	(void)state;
	sk_buf_init(&b, 4096);
	guard_story_tell(&e, NULL, NULL, &b);
	assert_string_equal(e.reason_text,
			    "mount leads out of a container and no profile allows it");
	e.profile = "web";
	guard_story_tell(&e, NULL, NULL, &b);
	assert_string_equal(e.reason_text,
			    "mount leads out of a container and this service never used it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applets_are_named),
		cmocka_unit_test(no_room_is_told),
		cmocka_unit_test(names_become_paths),
		cmocka_unit_test(calls_have_techniques_that_fit),
		cmocka_unit_test(lines_have_severities),
		cmocka_unit_test(lines_say_what_it_is),
		cmocka_unit_test(no_profile_is_not_never_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
