/* SPDX-License-Identifier: Apache-2.0 */
/* The fanotify backend's parsers, tables and decisions, without a kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard/call.h"
#include "guard/fan-judge.h"
#include "guard/fan-mount.h"
#include "guard/fan-proc.h"
#include "guard/mounts.h"
#include "guard/table.h"

static void tables_grow_and_shrink(void **state)
{
	struct guard_table *t = guard_table_new(sizeof(uint32_t), sizeof(uint64_t), 1000);
	const uint32_t *key = NULL;
	uint64_t value, sum = 0;
	size_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		value = i * 3ull;
		assert_non_null(guard_table_put(t, &i, &value));
	}
	assert_null(guard_table_put(t, &(uint32_t){1000}, &value)); /* full */
	assert_non_null(guard_table_put(t, &(uint32_t){7}, &(uint64_t){70}));
	assert_int_equal(*(uint64_t *)guard_table_get(t, &(uint32_t){7}), 70);
	while ((key = guard_table_next(t, key)) != NULL) {
		sum += *key;
		n++;
	}
	assert_int_equal(n, 1000);
	assert_int_equal(sum, 999 * 1000 / 2);
	for (uint32_t i = 0; i < 1000; i += 2)
		guard_table_del(t, &i);
	guard_table_del(t, &(uint32_t){4});
	assert_int_equal(guard_table_count(t), 500);
	assert_null(guard_table_get(t, &(uint32_t){4}));
	assert_int_equal(*(uint64_t *)guard_table_get(t, &(uint32_t){999}), 2997);
	guard_table_free(t);
}

static void mounts_are_sorted(void **state)
{
	static const struct {
		const char *line;
		enum guard_fan_kind kind;
		const char *point;
	} lines[] = {
		{"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw", GUARD_FAN_LOCAL,
		 "/mnt2"},
		{"36 35 0:44 / / rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/c",
		 GUARD_FAN_LOCAL, "/"},
		{"36 35 0:5 / /proc rw - proc proc rw", GUARD_FAN_PSEUDO, "/proc"},
		{"36 35 0:5 / /auto rw - autofs auto rw", GUARD_FAN_PSEUDO, "/auto"},
		{"36 35 0:6 / /n rw - nfs4 server:/ rw", GUARD_FAN_REMOTE, "/n"},
		{"36 35 0:7 / /f rw - fuse.sshfs me rw", GUARD_FAN_USER, "/f"},
		{"36 35 0:7 / /f rw shared:2 master:3 propagate_from:4 - fuse me rw",
		 GUARD_FAN_USER, "/f"},
		{"36 35 8:1 / /s rw - fuseblk /dev/sda1 rw", GUARD_FAN_USER, "/s"},
	};
	struct guard_mount m;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(lines); i++) {
		assert_true(guard_mount_parse(sk_span_str(lines[i].line), &m));
		assert_int_equal(guard_fan_kind(m.type), lines[i].kind);
		assert_true(sk_span_eq_str(m.point, lines[i].point));
	}
}

static void processes_are_read(void **state)
{
	static const char stat[] =
		"42 (a) b (x) S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 1234567 1 1 18446744";
	static const char status[] = "Name:\ta\nTgid:\t42\nPPid:\t7\nUid:\t1000\t0\t0\t0\n"
				     "NStgid:\t42\t9\t1\n";
	struct guard_fan_task t = {0};

	(void)state;
	assert_true(guard_fan_parse_stat(sk_span_str(stat), &t));
	assert_int_equal(t.ppid, 7);
	assert_int_equal(t.start, 1234567);
	assert_true(guard_fan_parse_status(sk_span_str(status), &t));
	assert_int_equal(t.tgid, 42);
	assert_int_equal(t.uid, 1000);
	assert_int_equal(t.pid, 1);
	assert_int_equal(t.depth, 3);
	assert_false(guard_fan_parse_stat(sk_span_str("42 (a"), &t));
	assert_false(guard_fan_parse_stat(sk_span_str(""), &t));
	assert_false(guard_fan_parse_status(sk_span_str("Tgid:\t42\n"), &t));
	assert_true(guard_fan_task_look((uint32_t)getpid(), &t));
	assert_int_equal(t.tgid, getpid());
	assert_int_equal(t.ppid, getppid());
	assert_int_not_equal(t.mnt_ns, 0);
	/* Here parent and child share their namespaces. */
	assert_int_equal(guard_fan_inner_parent(&t), getppid());
	t.depth++;
	assert_int_equal(guard_fan_inner_parent(&t), 0);
}

static void script_lines_are_read(void **state)
{
	struct sk_span interpreter, arg;

	(void)state;
	assert_true(guard_fan_parse_script(sk_span_str("#!/bin/sh\necho"), &interpreter, &arg));
	assert_true(sk_span_eq_str(interpreter, "/bin/sh"));
	assert_int_equal(arg.len, 0);
	assert_true(guard_fan_parse_script(sk_span_str("#! /usr/bin/env  perl -w \n"), &interpreter,
					   &arg));
	assert_true(sk_span_eq_str(interpreter, "/usr/bin/env"));
	assert_true(sk_span_eq_str(arg, "perl -w"));
	assert_false(guard_fan_parse_script(sk_span_str("#!\n/bin/sh"), &interpreter, &arg));
	assert_false(guard_fan_parse_script(sk_span_str("\177ELF"), &interpreter, &arg));
	assert_false(guard_fan_parse_script(sk_span_str("#"), &interpreter, &arg));
}

/** struct rules - the tables that decisions look at */
struct rules {
	struct guard_table *maps[GUARD_N_MAPS];
	struct guard_policy policy;
};

static void put_allow(struct rules *r, uint64_t ino, uint64_t size, uint32_t flags)
{
	struct guard_allow_key key = {.service = 3, .file = {.ino = ino, .size = size}};
	struct guard_allow a = {.flags = flags,
				.program = 1,
				.letters = guard_family_of("busybox").letters,
				.valued = guard_family_of("busybox").valued};
	struct guard_size_key of = {.service = 3, .size = size};
	uint32_t one = 1;

	assert_non_null(guard_table_put(r->maps[GUARD_MAP_ALLOW], &key, &a));
	assert_non_null(guard_table_put(r->maps[GUARD_MAP_SIZES], &of, &one));
}

static void put_use(struct rules *r, uint32_t kind, const char *name, uint32_t value)
{
	struct guard_use_key key = {
		.service = 3, .program = 1, .kind = kind, .hash = guard_name_hash(name)};

	assert_non_null(guard_table_put(r->maps[GUARD_MAP_USES], &key, &value));
}

static struct rules make_rules(void)
{
	struct rules r = {.policy = {.mode_exec = GUARD_REC_MODE_ENFORCE,
				     .mode_lib = GUARD_REC_MODE_ALERT,
				     .mode_builtin = GUARD_REC_MODE_ENFORCE,
				     .has_profile = 1,
				     .flags = GUARD_P_HOLD}};

	r.maps[GUARD_MAP_ALLOW] =
		guard_table_new(sizeof(struct guard_allow_key), sizeof(struct guard_allow), 100);
	r.maps[GUARD_MAP_SIZES] =
		guard_table_new(sizeof(struct guard_size_key), sizeof(uint32_t), 100);
	r.maps[GUARD_MAP_USES] =
		guard_table_new(sizeof(struct guard_use_key), sizeof(uint32_t), 100);
	put_allow(&r, 1, 100, GUARD_A_EXEC | GUARD_A_LIB);
	put_allow(&r, 2, 200, GUARD_A_SCRIPT);
	put_use(&r, GUARD_USE_APPLET, "sh", GUARD_U_KNOWN | GUARD_U_SHELL);
	put_use(&r, GUARD_USE_APPLET, "cat", GUARD_U_KNOWN);
	put_use(&r, GUARD_USE_APPLET, "busybox", GUARD_U_SELF);
	put_use(&r, GUARD_USE_SCRIPT, "good.sh", GUARD_U_KNOWN);
	return r;
}

static void free_rules(struct rules *r)
{
	for (size_t i = 0; i < GUARD_N_MAPS; i++)
		guard_table_free(r->maps[i]);
}

static void files_are_judged(void **state)
{
	static const struct {
		const char *what;
		struct guard_fan_sight s;
		enum guard_rec_reason reason;
		bool hold;
	} cases[] = {
		{"known", {.want = GUARD_A_EXEC, .id = {.ino = 1, .size = 100}}, 0, false},
		{"known as a script only",
		 {.want = GUARD_A_EXEC, .id = {.ino = 2, .size = 200}},
		 GUARD_REC_R_NOT_IN_PROFILE,
		 true},
		{"known script", {.want = GUARD_A_SCRIPT, .id = {.ino = 2, .size = 200}}, 0, false},
		{"no known size",
		 {.want = GUARD_A_EXEC, .id = {.ino = 9, .size = 101}},
		 GUARD_REC_R_NOT_IN_PROFILE,
		 false},
		{"known size",
		 {.want = GUARD_A_EXEC, .id = {.ino = 9, .size = 100}},
		 GUARD_REC_R_NOT_IN_PROFILE,
		 true},
		{"from outside",
		 {.want = GUARD_A_EXEC, .id = {.ino = 9, .size = 101}, .entry = true},
		 GUARD_REC_R_ENTRY,
		 false},
		{"written while the container ran",
		 {.want = GUARD_A_EXEC, .id = {.ino = 9, .size = 100}, .origin = GUARD_REC_O_UPPER},
		 GUARD_REC_R_DRIFT,
		 true},
		{"known, but open for writing",
		 {.want = GUARD_A_EXEC, .id = {.ino = 1, .size = 100}, .written = true},
		 GUARD_REC_R_DRIFT,
		 false},
		{"unlinked",
		 {.want = GUARD_A_EXEC, .id = {.ino = 1, .size = 100}, .unlinked = true},
		 GUARD_REC_R_FILELESS,
		 false},
		{"other script",
		 {.want = GUARD_A_SCRIPT, .id = {.ino = 9, .size = 7}},
		 GUARD_REC_R_SCRIPT,
		 false},
		{"loader",
		 {.want = GUARD_A_EXEC,
		  .id = {.ino = 9, .size = 7},
		  .path = "/lib/ld-linux-x.so.2"},
		 GUARD_REC_R_LOADER,
		 false},
		{"loader of a program, in a section that alerts",
		 {.want = GUARD_A_LIB,
		  .id = {.ino = 9, .size = 100},
		  .path = "/lib/ld-linux-x.so.2"},
		 GUARD_REC_R_NOT_IN_PROFILE,
		 false},
	};
	struct rules r = make_rules();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct guard_fan_sight s = cases[i].s;
		struct guard_fan_ruling ruling;

		s.service = 3;
		s.policy = &r.policy;
		s.path = s.path != NULL ? s.path : "/bin/x";
		ruling = guard_fan_judge_file(r.maps, &s);
		if (ruling.reason != cases[i].reason || ruling.hold != cases[i].hold)
			fail_msg("%s: reason %d, hold %d", cases[i].what, (int)ruling.reason,
				 (int)ruling.hold);
	}
	/* Without a profile only what is not from the image counts. */
	r.policy.has_profile = 0;
	{
		struct guard_fan_sight s = {.policy = &r.policy,
					    .want = GUARD_A_EXEC,
					    .id = {.ino = 9, .size = 5},
					    .origin = GUARD_REC_O_IMAGE,
					    .path = "/bin/x"};

		assert_int_equal(guard_fan_judge_file(r.maps, &s).reason, GUARD_REC_R_NONE);
		s.origin = GUARD_REC_O_TMPFS;
		assert_int_equal(guard_fan_judge_file(r.maps, &s).reason, GUARD_REC_R_DRIFT);
	}
	free_rules(&r);
}

static void uses_are_judged(void **state)
{
	static const struct {
		const char *args; /* words, blanks become NULs */
		enum guard_rec_reason reason;
	} cases[] = {
		{"/bin/cat x", 0},
		{"/bin/id", GUARD_REC_R_APPLET},
		{"busybox cat x", 0},
		{"busybox id", GUARD_REC_R_APPLET},
		{"busybox busybox id", GUARD_REC_R_APPLET},
		{"sh /bin/good.sh a", 0},
		{"busybox sh good.sh", 0},
		{"sh /bin/evil.sh", GUARD_REC_R_SCRIPT},
		{"sh -c code", GUARD_REC_R_SHELL},
		{"sh", GUARD_REC_R_SHELL},
		{"sh -s good.sh", GUARD_REC_R_SHELL},
		{"", GUARD_REC_R_APPLET},
	};
	struct rules r = make_rules();
	struct guard_allow a = {.flags = GUARD_A_EXEC | GUARD_A_INTERPRETER | GUARD_A_MULTICALL,
				.program = 1,
				.letters = guard_family_of("busybox").letters,
				.valued = guard_family_of("busybox").valued};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].args) + 1;
		uint8_t args[64];
		enum guard_rec_reason got;

		memcpy(args, cases[i].args, len);
		for (size_t j = 0; j < len; j++)
			if (args[j] == ' ')
				args[j] = 0;
		got = guard_fan_judge_use(r.maps, 3, &a, args, len);
		if (got != cases[i].reason)
			fail_msg("'%s': %d", cases[i].args, (int)got);
	}
	free_rules(&r);
}

static void parents_are_judged(void **state)
{
	struct rules r = make_rules();
	struct guard_allow a = {.flags = GUARD_A_EXEC | GUARD_A_PARENTS, .program = 1};
	struct guard_use_key key = {
		.service = 3, .program = 1, .kind = GUARD_USE_PARENT, .hash = 5};
	uint32_t known = GUARD_U_KNOWN;

	(void)state;
	assert_non_null(guard_table_put(r.maps[GUARD_MAP_USES], &key, &known));
	assert_true(guard_fan_judge_parent(r.maps, &r.policy, 3, &a, 6)); /* not asked for */
	r.policy.mode_parent = GUARD_REC_MODE_ALERT;
	assert_true(guard_fan_judge_parent(r.maps, &r.policy, 3, &a, 5));
	assert_true(guard_fan_judge_parent(r.maps, &r.policy, 3, &a, 0));
	assert_false(guard_fan_judge_parent(r.maps, &r.policy, 3, &a, 6));
	a.flags &= ~(uint32_t)GUARD_A_PARENTS;
	assert_true(guard_fan_judge_parent(r.maps, &r.policy, 3, &a, 6));
	free_rules(&r);
}

static void modes_become_verdicts(void **state)
{
	(void)state;
	assert_int_equal(guard_fan_verdict(GUARD_REC_MODE_ENFORCE, true), GUARD_REC_DENIED);
	assert_int_equal(guard_fan_verdict(GUARD_REC_MODE_ENFORCE, false), GUARD_REC_ALERTED);
	assert_int_equal(guard_fan_verdict(GUARD_REC_MODE_ALERT, true), GUARD_REC_ALERTED);
	assert_int_equal(guard_fan_verdict(GUARD_REC_MODE_AUDIT, true), GUARD_REC_OBSERVED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_grow_and_shrink), cmocka_unit_test(mounts_are_sorted),
		cmocka_unit_test(processes_are_read),     cmocka_unit_test(script_lines_are_read),
		cmocka_unit_test(files_are_judged),       cmocka_unit_test(uses_are_judged),
		cmocka_unit_test(parents_are_judged),     cmocka_unit_test(modes_become_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
