/* SPDX-License-Identifier: Apache-2.0 */
/* What profiles expect, and how they say what they would have expected. */
#include "guard/expect.h"
#include "guard/gaps.h"
#include "guard/shape.h"
#include "guard/test-util.h"

static const char profile_text[] = "schema: stockade.profile/1\n"
				   "service: web\n"
				   "learned: {runs: 1}\n"
				   "executables:\n"
				   "  - path: /usr/bin/date\n"
				   "    parents: [/usr/bin/bash, /opt/*/run]\n"
				   "    arguments: ['date -u +%Y', 'date -d *', 'cp /etc/* **']\n"
				   "  - path: /usr/bin/true\n"
				   "files:\n"
				   "  - {pattern: /etc/passwd, access: read}\n"
				   "  - {pattern: /etc/group, access: read}\n"
				   "  - {pattern: /var/log/*, access: write}\n"
				   "  - {pattern: /run/x.pid.Rwimvn, access: write}\n"
				   "  - {pattern: /srv/new/, access: read}\n"
				   "  - {pattern: /srv/old, access: read}\n"
				   "listen:\n"
				   "  - {port: 80, protocol: tcp}\n"
				   "  - {port: 40000, protocol: udp}\n"
				   "capabilities: [CHOWN, SETUID, SETGID, KILL]\n";

static bool has_arguments(const struct guard_program *prog, const char *a, const char *b,
			  const char *c)
{
	const char *args[] = {a, b, c};

	return guard_expect_arguments(prog, args, b == NULL ? 1 : c == NULL ? 2 : 3);
}

static void arguments(void **state)
{
	struct guard_profile *p = profile_of(profile_text);
	const struct guard_program *date = &p->programs[0], *any = &p->programs[1];

	(void)state;
	assert_true(has_arguments(date, "/bin/date", "-u", "+%Y"));
	assert_false(has_arguments(date, "/bin/date", "-s", "+%Y"));
	assert_false(has_arguments(date, "/bin/date", "-u", NULL));
	assert_true(has_arguments(date, "date", "-d", "yesterday"));
	assert_true(has_arguments(date, "date", "-d", "12"));
	assert_false(has_arguments(date, "date", "-d", "two words"));
	assert_true(has_arguments(any, "true", "what", "ever"));
	assert_true(guard_shape_match(sk_span_str("*"), sk_span_str("any thing 'at all'")));
	assert_true(guard_shape_match(sk_span_str("cp /etc/* **"),
				      sk_span_str("cp /etc/a/b and the rest")));
	assert_false(guard_shape_match(sk_span_str("cp /etc/*"), sk_span_str("cp /etc/a /tmp/b")));
	guard_profile_free(p);
}

static void parents(void **state)
{
	struct guard_profile *p = profile_of(profile_text);

	(void)state;
	assert_true(guard_expect_parent(&p->programs[0], "/usr/bin/bash"));
	assert_true(guard_expect_parent(&p->programs[0], "/opt/x/run"));
	assert_true(guard_expect_parent(&p->programs[0], NULL));
	assert_false(guard_expect_parent(&p->programs[0], "/usr/bin/dash"));
	assert_true(guard_expect_parent(&p->programs[1], "/usr/bin/dash"));
	guard_profile_free(p);
}

static void files_and_ports(void **state)
{
	struct guard_profile *p = profile_of(profile_text);

	(void)state;
	assert_true(guard_expect_file(p, "/etc/passwd", GUARD_ACCESS_READ));
	assert_false(guard_expect_file(p, "/etc/passwd", GUARD_ACCESS_WRITE));
	assert_false(guard_expect_file(p, "/etc/shadow", GUARD_ACCESS_READ));
	assert_true(guard_expect_file(p, "/var/log/x", GUARD_ACCESS_WRITE));
	assert_true(guard_expect_file(p, "/run/x.pid.4VGzwr", GUARD_ACCESS_WRITE));
	assert_false(guard_expect_file(p, "/run/x.pid.letter", GUARD_ACCESS_WRITE));
	assert_false(guard_expect_file(p, "/run/y.pid.4VGzwr", GUARD_ACCESS_WRITE));
	/* a directory, as learned now and as profiles had it before */
	assert_true(guard_expect_file(p, "/srv/new", GUARD_ACCESS_READ));
	assert_true(guard_expect_file(p, "/srv/old", GUARD_ACCESS_READ));
	assert_false(guard_expect_file(p, "/srv/new/x", GUARD_ACCESS_READ));
	assert_true(guard_expect_listen(p, "tcp", 80));
	assert_false(guard_expect_listen(p, "udp", 80));
	assert_false(guard_expect_listen(p, "tcp", 4444));
	assert_true(guard_expect_listen(p, "udp", 50000));
	assert_false(guard_expect_listen(p, "tcp", 50000));
	guard_profile_free(p);
}

static void check_text(struct sk_buf *b, const char *want)
{
	(void)sk_buf_add_char(b, '\0');
	assert_string_equal(b->ptr, want);
	sk_buf_reset(b);
}

static void words(void **state)
{
	struct guard_profile *p = profile_of(profile_text);
	char text[] = "nginx -g 'daemon off;'";
	struct guard_text_item shape = {.text = text};
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 4096);
	guard_expected_texts(&p->programs[0].parents, &b);
	check_text(&b, "'/usr/bin/bash', '/opt/*/run'");
	guard_expected_files(p, "/etc/shadow", GUARD_ACCESS_READ, &b);
	check_text(&b, "'/etc/passwd', '/etc/group'");
	guard_expected_files(p, "/etc/shadow", GUARD_ACCESS_WRITE, &b);
	check_text(&b, "");
	guard_expected_listen(p, &b);
	check_text(&b, "'port 80 (tcp)', 'port 40000 (udp)'");
	guard_expected_capabilities(p, &b);
	check_text(&b, "'CHOWN', 'KILL', 'SETGID' and 1 more");
	guard_expected_syscalls(p, &b);
	check_text(&b, "");
	guard_expected_texts(&(struct guard_text_list){.items = &shape, .n_items = 1}, &b);
	check_text(&b, "\"nginx -g 'daemon off;'\"");
	sk_buf_release(&b);
	guard_profile_free(p);
}

/* Nothing learned for a section: nothing is judged by it, unless its own mode says so. */
static void modes(void **state)
{
	struct guard_profile *learned = profile_of(profile_text);
	struct guard_profile *made = profile_of("schema: stockade.profile/1\nservice: web\n"
						"modes: {syscalls: alert}\n");

	(void)state;
	assert_int_equal(guard_expect_mode(learned, GUARD_SECTION_CAPABILITIES, GUARD_MODE_ENFORCE),
			 GUARD_MODE_ALERT);
	assert_int_equal(guard_expect_mode(learned, GUARD_SECTION_SYSCALLS, GUARD_MODE_ENFORCE),
			 GUARD_MODE_UNSET);
	assert_int_equal(guard_expect_mode(made, GUARD_SECTION_CAPABILITIES, GUARD_MODE_ENFORCE),
			 GUARD_MODE_UNSET);
	assert_int_equal(guard_expect_mode(made, GUARD_SECTION_FILES, GUARD_MODE_ENFORCE),
			 GUARD_MODE_UNSET);
	assert_int_equal(guard_expect_mode(made, GUARD_SECTION_SYSCALLS, GUARD_MODE_ENFORCE),
			 GUARD_MODE_ALERT);
	assert_int_equal(guard_expect_mode(made, GUARD_SECTION_PARENTS, GUARD_MODE_ENFORCE),
			 GUARD_MODE_ALERT);
	guard_profile_free(learned);
	guard_profile_free(made);
}

/* What `guard run --mode enforce` says of a profile before it is ready. */
static void less_than_enforced(void **state)
{
	struct guard_profile *p = profile_of(profile_text);
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 1000);
	assert_false(guard_gap_modes(NULL, p, GUARD_MODE_ALERT, &b));
	assert_int_equal(b.len, 0);
	assert_true(guard_gap_modes(NULL, p, GUARD_MODE_ENFORCE, &b));
	check_text(&b, "executables, libraries, peers block; "
		       "arguments, parents, files, names, listen, capabilities alert only");
	sk_buf_reset(&b);
	p->syscalls[0] = 1;
	p->section_modes[GUARD_SECTION_FILES] = GUARD_MODE_ENFORCE;
	assert_true(guard_gap_modes(NULL, p, GUARD_MODE_ENFORCE, &b));
	check_text(&b, "executables, libraries, files, peers block; "
		       "arguments, parents, names, listen, capabilities alert only; "
		       "syscalls are noted only");
	sk_buf_reset(&b);
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++)
		p->section_modes[i] = GUARD_MODE_ENFORCE;
	p->section_modes[GUARD_SECTION_LISTEN] = GUARD_MODE_ALERT;
	assert_false(guard_gap_modes(NULL, p, GUARD_MODE_ENFORCE, &b)); /* as somebody wants it */
	sk_buf_release(&b);
	guard_profile_free(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments),       cmocka_unit_test(parents),
		cmocka_unit_test(files_and_ports), cmocka_unit_test(words),
		cmocka_unit_test(modes),           cmocka_unit_test(less_than_enforced),
	};

	(void)argc;
	(void)argv;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
