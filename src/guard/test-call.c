/* SPDX-License-Identifier: Apache-2.0 */
/* How programs are called: interpreters, scripts, applets; the automaton that the kernel runs too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/defs.h"
#include "guard/call.h"

struct row {
	const char *path;
	const char *args[6];
	const char *applet;
	const char *script;
	bool code;
	bool interactive;
};

static const struct row rows[] = {
	{"/usr/bin/dash", {"sh", "-c", "id"}, "sh", NULL, true, false},
	{"/usr/bin/bash", {"/bin/bash", "/x/a.cgi"}, "bash", "/x/a.cgi", false, false},
	{"/usr/bin/bash", {"bash", "-lc", "id"}, "bash", NULL, true, false},
	{"/usr/bin/bash", {"bash", "-e", "run.sh", "-c"}, "bash", "run.sh", false, false},
	{"/usr/bin/bash", {"bash", "-o", "errexit", "run.sh"}, "bash", "run.sh", false, false},
	{"/usr/bin/bash", {"-bash"}, "bash", NULL, false, true},
	{"/usr/bin/bash", {"bash", "-"}, "bash", NULL, false, true},
	{"/usr/bin/bash", {"bash", "--norc", "s"}, "bash", "s", false, false},
	{"/usr/bin/python3.11", {"python3", "-m", "http.server"}, "python3", NULL, true, false},
	{"/usr/bin/python3.11", {"python3", "a.py", "-c", "1"}, "python3", "a.py", false, false},
	{"/usr/bin/perl", {"perl", "-ne", "print"}, "perl", NULL, true, false},
	{"/usr/bin/perl", {"perl", "-E", "say"}, "perl", NULL, true, false},
	{"/usr/bin/node", {"node", "--eval", "1"}, "node", NULL, true, false},
	{"/usr/bin/node", {"node", "app.js", "--eval"}, "node", "app.js", false, false},
	/* values of options are no scripts */
	{"/usr/bin/bash", {"bash", "-s", "run.sh"}, "bash", NULL, false, true},
	{"/usr/bin/bash", {"bash", "-O", "extglob", "run.sh"}, "bash", "run.sh", false, false},
	{"/usr/bin/bash", {"bash", "--rcfile", "a.sh", "b.sh"}, "bash", "b.sh", false, false},
	{"/usr/bin/bash", {"bash", "-init-file", "a.sh", "b.sh"}, "bash", "b.sh", false, false},
	{"/usr/bin/bash", {"bash", "--init-file=a", "b.sh"}, "bash", "b.sh", false, false},
	{"/usr/bin/python3", {"python3", "-W", "a.py", "b.py"}, "python3", "b.py", false, false},
	{"/usr/bin/python3", {"python3", "-Wignore", "b.py"}, "python3", "b.py", false, false},
	{"/usr/bin/python3", {"python3", "-X", "a.py", "b.py"}, "python3", "b.py", false, false},
	{"/usr/bin/python3", {"python3", "-i", "b.py"}, "python3", NULL, false, true},
	{"/usr/bin/python3", {"python3", "-uI", "b.py"}, "python3", "b.py", false, false},
	{"/usr/bin/python3", {"python3", "b.py", "-i", "-"}, "python3", "b.py", false, false},
	{"/usr/bin/perl", {"perl", "-I", "a.pl", "b.pl"}, "perl", "b.pl", false, false},
	{"/usr/bin/perl", {"perl", "-I/usr/share/perl", "b.pl"}, "perl", "b.pl", false, false},
	{"/usr/bin/perl", {"perl", "-MPOSIX;exit", "b.pl"}, "perl", NULL, true, false},
	{"/usr/bin/perl", {"perl", "-w", "b.pl"}, "perl", "b.pl", false, false},
	{"/usr/bin/node", {"node", "--import", "a.js", "b.js"}, "node", "b.js", false, false},
	{"/usr/bin/node", {"node", "--title", "a.js", "b.js"}, "node", "b.js", false, false},
	{"/usr/bin/node", {"node", "--import=a.js", "b.js"}, "node", "b.js", false, false},
	{"/usr/bin/node", {"node", "--trace-warnings", "b.js"}, "node", "b.js", false, false},
	{"/usr/bin/php8.2", {"php", "-d", "a=1", "b.php"}, "php", "b.php", false, false},
	{"/usr/bin/php8.2", {"php", "-c", "a.php", "b.php"}, "php", "b.php", false, false},
	{"/usr/bin/php8.2", {"php", "-B", "f();//b.php"}, "php", NULL, true, false},
	{"/usr/bin/ruby", {"ruby", "-r", "a.rb", "b.rb"}, "ruby", "b.rb", false, false},
	{"/bin/busybox", {"sh", "-s", "x"}, "sh", NULL, false, true},
	{"/bin/busybox", {"ls", "-c"}, "ls", NULL, false, false},
	{"/bin/busybox", {"sh", "-c", "id"}, "sh", NULL, true, false},
	{"/bin/busybox", {"/bin/sh", "/x/s"}, "sh", "/x/s", false, false},
	{"/bin/busybox", {"busybox", "wget"}, "wget", NULL, false, false},
	{"/bin/busybox", {"busybox", "sh", "s.sh"}, "sh", "s.sh", false, false},
	{"/bin/busybox", {"busybox", "sh", "-c", "x"}, "sh", NULL, true, false},
	{"/usr/bin/env", {"env", "-c"}, "env", NULL, false, false},
	{"/usr/bin/env", {NULL}, "", NULL, false, false},
};

static void check(const char *have, const char *want)
{
	if (want == NULL)
		assert_null(have);
	else
		assert_string_equal(have, want);
}

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++) {
		struct guard_call call;
		size_t n = 0;

		while (n < 6 && rows[i].args[n] != NULL)
			n++;
		guard_call_parse(rows[i].path, rows[i].args, n, &call);
		check(call.applet, rows[i].applet);
		check(call.script, rows[i].script);
		assert_int_equal(call.code, rows[i].code);
		assert_int_equal(call.interactive, rows[i].interactive);
	}
}

static struct guard_call called(const char *path, const char *a0, const char *a1, const char *a2)
{
	const char *args[] = {a0, a1, a2};
	struct guard_call call;

	guard_call_parse(path, args, a1 == NULL ? 1 : a2 == NULL ? 2 : 3, &call);
	return call;
}

static void test_judge(void **state)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = guard_profile_new("s");
	struct guard_content bash = {.path = "/bin/bash"}, script = {.path = "/x/good.sh"};
	struct guard_program *prog = guard_profile_add_program(p, &bash, NULL);
	struct guard_call call;

	(void)state;
	prog->interpreter = true;
	assert_non_null(guard_profile_add_script(p, prog, &script, NULL));
	call = called("/bin/bash", "bash", "/y/good.sh", NULL);
	assert_int_equal(guard_call_judge(prog, &call),
			 GUARD_REC_R_NONE); /* content is asked later */
	call = called("/bin/bash", "bash", "/x/evil.sh", NULL);
	assert_int_equal(guard_call_judge(prog, &call), GUARD_REC_R_SCRIPT);
	call = called("/bin/bash", "bash", "-c", "id");
	assert_int_equal(guard_call_judge(prog, &call), GUARD_REC_R_SHELL);
	call = called("/bin/bash", "bash", NULL, NULL);
	assert_int_equal(guard_call_judge(prog, &call), GUARD_REC_R_SHELL);
	prog->inline_code = true;
	prog->interactive = true;
	assert_int_equal(guard_call_judge(prog, &call), GUARD_REC_R_NONE);
	call = called("/bin/bash", "bash", "-c", "id");
	assert_int_equal(guard_call_judge(prog, &call), GUARD_REC_R_NONE);
	prog->multicall = true;
	assert_int_equal(guard_call_judge(prog, &call), GUARD_REC_R_APPLET);
}

static void test_hash(void **state)
{
	struct guard_parse p;

	(void)state;
	guard_parse_init(&p, 0, 0);
	for (const char *c = "/usr/bin/some-name"; *c != '\0'; c++)
		guard_parse_step(&p, (uint8_t)*c);
	guard_parse_step(&p, 0);
	assert_true(p.argv0 == guard_name_hash("some-name"));
	assert_true(p.argv0 == guard_name_hash("/else/some-name"));
	assert_false(p.argv0 == guard_name_hash("other"));
}

struct titled {
	const char *exe;
	const char *text;
	size_t len;
	size_t area;
	bool is_title;
};

/* Sizes are what cmdline gives for `nginx -g "daemon off;"` and the like. */
static const struct titled titled[] = {
	{"/usr/sbin/nginx", "nginx\0-g\0daemon off;\0", 21, 21, false},
	{"/usr/sbin/nginx", "nginx\0-g\0daemon off;\0", 21, 0, false},
	/* Longer than what it wrote over, to the byte, and shorter. */
	{"/usr/sbin/nginx", "nginx: master process nginx -g daemon off;\0", 43, 21, true},
	{"/usr/sbin/nginx", "nginx: master process nginx -g daemon off;\0", 43, 0, true},
	{"/usr/sbin/nginx", "nginx: worker process\0", 22, 21, true},
	{"/usr/bin/python3.11", "celeryd\0\0\0\0\0", 12, 12, true},
	{"/usr/bin/python3.11", "gunicorn: master [app]\0", 23, 23, true},
	{"/usr/bin/redis-server", "redis-server *:6379\0", 20, 20, true},
	{"/usr/lib/systemd/systemd", "(sd-pam)\0", 9, 9, true},
	{"/usr/bin/x", "", 0, 0, true},
	/* Names other than the file's, empty arguments among others, paths with blanks. */
	{"/usr/bin/busybox", "sh\0-c\0a: b\0", 11, 11, false},
	{"/usr/bin/bash", "-bash\0", 6, 6, false},
	{"/usr/bin/python3.11", "python3\0/srv/app.py\0\0--x\0", 26, 26, false},
	{"/opt/my app/run it", "/opt/my app/run it\0x\0", 21, 21, false},
	{"/opt/my app/run it", "./run it\0", 9, 9, false},
};

static void test_title(void **state)
{
	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(titled); i++) {
		const struct titled *t = &titled[i];
		const char *args[16];
		size_t n = 0;

		for (size_t at = 0; at < t->len; at += strlen(t->text + at) + 1)
			args[n++] = t->text + at;
		if (guard_call_is_title(t->exe, args, n, t->len, t->area) != t->is_title)
			fail_msg("'%s' (%zu)", t->text, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_title),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
