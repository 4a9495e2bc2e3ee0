/* SPDX-License-Identifier: Apache-2.0 */
/* How bad what is: what everybody does is little, secrets and ways out are much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/defs.h"
#include "guard/rating.h"
#include "guard/story.h"

static void opened_files(void **state)
{
	static const struct {
		const char *path;
		const char *read;
		const char *write;
	} rows[] = {
		{"/dev/null", "low", "low"},
		{"/dev/tty", "low", "low"},
		{"/dev/pts/0", "low", "low"},
		{"/dev/sda", "medium", "high"},
		{"/proc/filesystems", "low", "high"},
		{"/proc/1/environ", "high", "high"},
		{"/usr/share/zoneinfo/Europe/Rome", "low", "high"},
		{"/usr/lib/x86_64-linux-gnu/libc.so.6", "low", "high"},
		{"/srv/plugin.so", "low", "high"},
		{"/srv/plugin.sock", "medium", "high"},
		{"/srv/data", "medium", "high"},
		{"/tmp/x/y", "medium", "medium"},
		{"/etc/passwd", "medium", "high"},
		{"/etc/shadow", "high", "high"},
		{"/run/secrets/db", "high", "high"},
		{"/run/secrets/kubernetes.io/serviceaccount/token", "high", "high"},
		{"/srv/tls/server.key", "high", "high"},
		{"/root/.ssh/id_ed25519", "high", "high"},
		{NULL, "medium", "high"},
	};
	sk_cleanup(sk_buf_release) struct sk_buf b = {0};

	(void)state;
	sk_buf_init(&b, 4096);
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++) {
		struct guard_event e = {.kind = GUARD_KIND_OPEN,
					.verdict = GUARD_VERDICT_ALERTED,
					.reason = GUARD_REASON_NOT_IN_PROFILE,
					.file_origin = GUARD_ORIGIN_IMAGE,
					.file_path = rows[i].path};

		guard_story_tell(&e, NULL, NULL, &b);
		assert_string_equal(e.severity, rows[i].read);
		e.file_write = true;
		guard_story_tell(&e, NULL, NULL, &b);
		assert_string_equal(e.severity, rows[i].write);
	}
}

static void what_is_done_to_what(void **state)
{
	static const char *const sh[] = {"sh"};
	static const struct {
		const char *severity;
		struct guard_event e;
	} rows[] = {
		{"high", {.reason = GUARD_REASON_ENTRY, .file_path = "/bin/bash"}},
		{"medium", {.reason = GUARD_REASON_ENTRY, .file_path = "/bin/busybox"}},
		{"high",
		 {.reason = GUARD_REASON_ENTRY,
		  .file_path = "/bin/busybox",
		  .args = sh,
		  .n_args = 1}},
		{"high", {.reason = GUARD_REASON_NOT_IN_PROFILE, .file_path = "/bin/ls"}},
		{"low",
		 {.kind = GUARD_KIND_OPEN,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .file_directory = true,
		  .file_path = "/"}},
		{"medium",
		 {.kind = GUARD_KIND_OPEN,
		  .verdict = GUARD_VERDICT_KILLED,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .file_directory = true,
		  .file_path = "/"}},
		{"medium",
		 {.kind = GUARD_KIND_OPEN,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .file_origin = GUARD_ORIGIN_UPPER,
		  .file_path = "/srv/plugin.so"}},
		{"medium",
		 {.kind = GUARD_KIND_MMAP,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .file_origin = GUARD_ORIGIN_IMAGE,
		  .file_path = "/lib/libm.so.6"}},
		{"low",
		 {.kind = GUARD_KIND_MMAP,
		  .reason = GUARD_REASON_ENTRY,
		  .file_origin = GUARD_ORIGIN_IMAGE,
		  .file_path = "/lib/libm.so.6"}},
		{"high",
		 {.kind = GUARD_KIND_MMAP,
		  .reason = GUARD_REASON_ENTRY,
		  .file_origin = GUARD_ORIGIN_VOLUME,
		  .file_path = "/data/libm.so.6"}},
		{"low",
		 {.kind = GUARD_KIND_PRIVILEGE,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .detail = "poll"}},
		{"medium",
		 {.kind = GUARD_KIND_PRIVILEGE,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .detail = "32-bit call"}},
		{"high",
		 {.kind = GUARD_KIND_PRIVILEGE,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .detail = "mount"}},
		{"high",
		 {.kind = GUARD_KIND_PRIVILEGE,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .detail = "SYS_ADMIN"}},
		{"medium",
		 {.kind = GUARD_KIND_PRIVILEGE,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .detail = "CHOWN"}},
		{"medium",
		 {.kind = GUARD_KIND_DNS,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .detail = "example.org"}},
		{"critical",
		 {.kind = GUARD_KIND_DNS,
		  .reason = GUARD_REASON_NOT_IN_PROFILE,
		  .detail = "pool.supportxmr.com"}},
		{"critical", {.reason = GUARD_REASON_POLICY, .file_path = "/tmp/xmrig"}},
		{"critical",
		 {.kind = GUARD_KIND_CONNECT,
		  .reason = GUARD_REASON_ESCAPE,
		  .peer_address = "/run/docker.sock"}},
	};
	sk_cleanup(sk_buf_release) struct sk_buf b = {0};

	(void)state;
	sk_buf_init(&b, 4096);
	/* Also of what is only noted: the verdict is no matter. */
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++) {
		struct guard_event e = rows[i].e;

		guard_story_tell(&e, NULL, NULL, &b);
		assert_string_equal(e.severity, rows[i].severity);
	}
}

/* What everybody opens is no technique. */
static void little_is_no_technique(void **state)
{
	struct guard_event e = {.kind = GUARD_KIND_OPEN,
				.verdict = GUARD_VERDICT_ALERTED,
				.reason = GUARD_REASON_NOT_IN_PROFILE,
				.file_write = true,
				.file_path = "/dev/null"};
	sk_cleanup(sk_buf_release) struct sk_buf b = {0};

	(void)state;
	sk_buf_init(&b, 4096);
	guard_story_tell(&e, NULL, NULL, &b);
	assert_null(e.attack);
	e.file_path = "/etc/crontab";
	guard_story_tell(&e, NULL, NULL, &b);
	assert_string_equal(e.attack, "T1565.001");
	e.reason = GUARD_REASON_NONE;
	assert_null(guard_rating(&e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opened_files),
		cmocka_unit_test(what_is_done_to_what),
		cmocka_unit_test(little_is_no_technique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
