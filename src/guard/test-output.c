/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of events: folding, file, system log, webhook. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/json.h"
#include "base/parse.h"
#include "guard/output.h"
#include "guard/test-util.h"

#define SECOND 1000000ull

static char dir[] = "/tmp/guard-output-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static struct guard_event alert(uint64_t time_us, const char *path)
{
	static const char *const args[] = {"sh", "-c", "id"};

	return (struct guard_event){
		.time_us = time_us,
		.kind = GUARD_KIND_EXEC,
		.verdict = GUARD_VERDICT_DENIED,
		.reason = GUARD_REASON_NOT_IN_PROFILE,
		.reason_text = "never seen",
		.severity = "high",
		.service = "web",
		.host_pid = (uint32_t)time_us,
		.args = args,
		.n_args = 3,
		.file_path = path,
	};
}

static struct guard_event opened(uint64_t time_us, const char *path)
{
	struct guard_event e = alert(time_us, path);

	e.kind = GUARD_KIND_OPEN;
	e.exe = "/usr/bin/db";
	e.file_is_listed = true;
	return e;
}

struct lines {
	struct sk_json *items[64];
	size_t n;
};

static void read_lines(const char *name, struct lines *lines)
{
	char *text = slurp(dir, name);
	struct sk_span rest = sk_span_str(text), line;

	lines->n = 0;
	while (sk_span_line(&rest, &line)) {
		struct sk_err err = {0};

		if (sk_json_parse(line, 0, &lines->items[lines->n++], &err) < 0)
			fail_msg("%s: %.*s", err.msg, SK_SPAN_ARG(line));
	}
	sk_free(text);
}

static void drop_lines(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		sk_json_free(lines->items[i]);
}

static int64_t count_of(const struct lines *lines, size_t i)
{
	int64_t count = -1;

	(void)sk_json_get_i64(lines->items[i], "count", &count);
	return count;
}

static struct guard_output *open_output(const struct guard_output_options *opts)
{
	struct guard_output *o = NULL;
	struct sk_err err = {0};

	if (guard_output_new(opts, &o, &err) < 0)
		fail_msg("%s", err.msg);
	return o;
}

static void send_event(struct guard_output *o, struct guard_event e, uint64_t now_us)
{
	assert_int_equal(guard_output_event(o, &e, now_us, NULL), 0);
}

static void repetitions_are_folded(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("fold")};
	struct guard_output *o = open_output(&opts);
	struct guard_output_stats stats;
	struct lines lines;

	(void)state;
	send_event(o, alert(1 * SECOND, "/bin/sh"), 1 * SECOND);
	send_event(o, alert(2 * SECOND, "/bin/id"), 2 * SECOND);
	send_event(o, alert(3 * SECOND, "/bin/sh"), 3 * SECOND);
	send_event(o, alert(4 * SECOND, "/bin/sh"), 4 * SECOND);
	read_lines("fold", &lines);
	assert_int_equal(lines.n, 2); /* the first of each cause, at once */
	drop_lines(&lines);
	assert_int_equal(guard_output_tick(o, 10 * SECOND, NULL), 0);
	read_lines("fold", &lines);
	assert_int_equal(lines.n, 2);
	drop_lines(&lines);
	assert_int_equal(guard_output_tick(o, 11 * SECOND, NULL), 0);
	read_lines("fold", &lines);
	assert_int_equal(lines.n, 3);
	assert_int_equal(count_of(&lines, 0), 1);
	assert_int_equal(count_of(&lines, 2), 2);
	assert_true(sk_span_eq_str(sk_json_get_text(lines.items[2], "first"),
				   "1970-01-01T00:00:03.000000Z"));
	assert_true(sk_span_eq_str(sk_json_get_text(lines.items[2], "last"),
				   "1970-01-01T00:00:04.000000Z"));
	drop_lines(&lines);
	/* /bin/id was quiet for a period: its next event is a first one; /bin/sh goes on */
	assert_int_equal(guard_output_tick(o, 13 * SECOND, NULL), 0);
	send_event(o, alert(14 * SECOND, "/bin/id"), 14 * SECOND);
	send_event(o, alert(15 * SECOND, "/bin/sh"), 15 * SECOND);
	guard_output_stats(o, &stats);
	assert_int_equal(stats.events, 6);
	guard_output_free(o);
	read_lines("fold", &lines);
	assert_int_equal(lines.n, 5); /* what was held back comes at the end */
	assert_true(sk_span_eq_str(sk_json_get_text(sk_json_get(lines.items[4], "file"), "path"),
				   "/bin/sh"));
	drop_lines(&lines);
}

/* A program that goes through a tree: the first file, then all others; what shows a sign stays. */
static void files_are_folded(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("files")};
	struct guard_output *o = open_output(&opts);
	const struct sk_json *files, *examples;
	struct guard_event e;
	struct lines lines;
	int64_t count = 0;
	char path[64];

	(void)state;
	send_event(o, opened(1 * SECOND, "/data/base/1/first"), 1 * SECOND);
	for (unsigned i = 0; i < 900; i++) {
		(void)snprintf(path, sizeof(path), "/data/base/%u/%u", i / 100, i % 450);
		send_event(o, opened(2 * SECOND + i, path), 2 * SECOND);
	}
	send_event(o, opened(3 * SECOND, "/data/base/0/0"), 3 * SECOND);
	e = opened(3 * SECOND, "/etc/shadow");
	e.sign = "password hashes";
	send_event(o, e, 3 * SECOND);
	e = opened(3 * SECOND, "/data/base/w");
	e.file_write = true;
	send_event(o, e, 3 * SECOND);
	e = opened(3 * SECOND, "/data/base/exe");
	e.exe = "/bin/cat";
	send_event(o, e, 3 * SECOND);
	e = opened(3 * SECOND, "/data/base/script");
	e.file_is_listed = false;
	send_event(o, e, 3 * SECOND);
	guard_output_free(o);
	read_lines("files", &lines);
	assert_int_equal(lines.n, 6);
	assert_int_equal(count_of(&lines, 0), 1);
	assert_null(sk_json_get(lines.items[0], "files"));
	for (size_t i = 1; i < 5; i++) {
		assert_int_equal(count_of(&lines, i), 1);
		assert_null(sk_json_get(lines.items[i], "files"));
	}
	assert_int_equal(count_of(&lines, 5), 901);
	assert_true(sk_span_eq_str(sk_json_get_text(sk_json_get(lines.items[5], "file"), "path"),
				   "/data/base/0/0"));
	files = sk_json_get(lines.items[5], "files");
	assert_true(sk_json_get_i64(files, "count", &count));
	assert_int_equal(count, 900);
	assert_true(sk_span_eq_str(sk_json_get_text(files, "directory"), "/data/base"));
	examples = sk_json_get(files, "examples");
	assert_int_equal(sk_json_len(examples), 8);
	assert_true(sk_span_eq_str(sk_json_text(sk_json_at(examples, 0)), "/data/base/0/0"));
	assert_true(sk_span_eq_str(sk_json_text(sk_json_at(examples, 7)), "/data/base/5/50"));
	assert_true(sk_span_eq_str(sk_json_get_text(sk_json_get(lines.items[5], "reason"), "text"),
				   "never seen; and 899 other files below '/data/base'"));
	drop_lines(&lines);
}

static struct guard_event mapped(uint64_t time_us, const char *path)
{
	struct guard_event e = opened(time_us, path);

	e.kind = GUARD_KIND_MMAP;
	return e;
}

/* The libraries of one program: the first, then all others and what the kernel counted. */
static void libraries_are_folded(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("libs")};
	struct guard_output *o = open_output(&opts);
	struct guard_event e;
	struct lines lines;
	int64_t count = 0;

	(void)state;
	send_event(o, mapped(1 * SECOND, "/lib/a.so"), 1 * SECOND);
	send_event(o, mapped(2 * SECOND, "/lib/b.so"), 2 * SECOND);
	send_event(o, mapped(2 * SECOND, "/lib/x/c.so"), 2 * SECOND);
	e = mapped(3 * SECOND, "/lib/b.so");
	e.first_us = 2 * SECOND;
	e.last_us = 3 * SECOND;
	e.count = 5;
	send_event(o, e, 3 * SECOND);
	send_event(o, opened(3 * SECOND, "/lib/b.so"), 3 * SECOND);
	e = mapped(3 * SECOND, "/lib/drift.so");
	e.reason = GUARD_REASON_DRIFT;
	e.file_is_listed = false;
	send_event(o, e, 3 * SECOND);
	e.file_path = "/lib/drift2.so";
	send_event(o, e, 3 * SECOND);
	guard_output_free(o);
	read_lines("libs", &lines);
	assert_int_equal(lines.n, 5);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(count_of(&lines, i), 1);
		assert_null(sk_json_get(lines.items[i], "files"));
	}
	assert_int_equal(count_of(&lines, 4), 7);
	assert_true(sk_json_get_i64(sk_json_get(lines.items[4], "files"), "count", &count));
	assert_int_equal(count, 2);
	assert_true(sk_span_eq_str(sk_json_get_text(sk_json_get(lines.items[4], "reason"), "text"),
				   "never seen; and 1 other library below '/lib'"));
	drop_lines(&lines);
}

/* One other file is no multitude, and directories have whole names in common. */
static void few_files_are_folded(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("few")};
	struct guard_output *o = open_output(&opts);
	struct lines lines;

	(void)state;
	send_event(o, opened(1 * SECOND, "/a/x"), 1 * SECOND);
	send_event(o, opened(2 * SECOND, "/a/y"), 2 * SECOND);
	send_event(o, opened(3 * SECOND, "/a/y"), 3 * SECOND);
	assert_int_equal(guard_output_flush(o, NULL), 0);
	send_event(o, opened(4 * SECOND, "/a/x"), 4 * SECOND);
	send_event(o, opened(5 * SECOND, "/lib/y"), 5 * SECOND);
	send_event(o, opened(6 * SECOND, "/library/y"), 6 * SECOND);
	guard_output_free(o);
	read_lines("few", &lines);
	assert_int_equal(lines.n, 4);
	assert_null(sk_json_get(lines.items[1], "files"));
	assert_true(sk_span_eq_str(sk_json_get_text(sk_json_get(lines.items[1], "file"), "path"),
				   "/a/y"));
	assert_true(sk_span_eq_str(
		sk_json_get_text(sk_json_get(lines.items[3], "files"), "directory"), "/"));
	drop_lines(&lines);
}

/* One file, many programs: none hides behind the first. */
static void applets_are_causes_of_their_own(void **state)
{
	static const char *const calls[][4] = {{"wget", "http://a.example/"},
					       {"ping", "a.example"},
					       {"/bin/wget", "http://b.example/"},
					       {"busybox", "wget", "http://c.example/"},
					       {"busybox", "nc", "-l"}};
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("applets")};
	struct guard_output *o = open_output(&opts);
	struct guard_event e = alert(1, "/bin/busybox");
	struct lines lines;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(calls); i++) {
		e.args = calls[i];
		e.n_args = calls[i][2] != NULL ? 3 : 2;
		send_event(o, e, 1);
	}
	read_lines("applets", &lines);
	assert_int_equal(lines.n, 3); /* wget, ping, nc */
	drop_lines(&lines);
	guard_output_free(o);
	read_lines("applets", &lines);
	assert_int_equal(lines.n, 4);
	assert_int_equal(count_of(&lines, 3), 2); /* wget again */
	drop_lines(&lines);
}

/* One program with one technique that shows two things: neither hides behind the other. */
static void signs_are_causes_of_their_own(void **state)
{
	static const char *const signs[] = {"a miner", "a tunnel", "a miner"};
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("signs")};
	struct guard_output *o = open_output(&opts);
	struct guard_event e = alert(1, "/bin/x");
	struct lines lines;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(signs); i++) {
		e.sign = signs[i];
		send_event(o, e, 1);
	}
	read_lines("signs", &lines);
	assert_int_equal(lines.n, 2);
	drop_lines(&lines);
	guard_output_free(o);
}

static void counts_of_the_kernel_add_up(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("counts")};
	struct guard_output *o = open_output(&opts);
	struct guard_event e = alert(5 * SECOND, "/x");
	struct lines lines;
	int64_t sum = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		e.count = i % 3;
		e.time_us = i;
		send_event(o, e, i * 5000ull);
	}
	guard_output_free(o);
	read_lines("counts", &lines);
	for (size_t i = 0; i < lines.n; i++)
		sum += count_of(&lines, i);
	assert_int_equal(sum, 3334 + 3333 + 2 * 3333);
	assert_int_equal(lines.n, 6); /* 50 s: at once, four times on the way, at the end */
	drop_lines(&lines);
}

static void many_causes(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("many")};
	struct guard_output *o = open_output(&opts);
	struct guard_output_stats stats;
	char path[32];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		(void)snprintf(path, sizeof(path), "/bin/%u", i);
		send_event(o, alert(i, path), i);
		send_event(o, alert(i, path), i);
	}
	assert_int_equal(guard_output_flush(o, NULL), 0);
	guard_output_stats(o, &stats);
	assert_int_equal(stats.events, 20000);
	assert_int_equal(stats.lines, 20000); /* first and repetition of each */
	guard_output_free(o);
}

static void observed_events_are_not_folded(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("observed")};
	struct guard_output *o = open_output(&opts);
	struct guard_event e = alert(1, "/bin/sh");
	struct lines lines;

	(void)state;
	e.verdict = GUARD_VERDICT_OBSERVED;
	e.reason = GUARD_REASON_NONE;
	send_event(o, e, 1);
	send_event(o, e, 2);
	read_lines("observed", &lines);
	assert_int_equal(lines.n, 2);
	drop_lines(&lines);
	/* what a profile in mode audit minds is noted, not told again and again */
	e.reason = GUARD_REASON_NOT_IN_PROFILE;
	send_event(o, e, 3);
	send_event(o, e, 4);
	read_lines("observed", &lines);
	assert_int_equal(lines.n, 3);
	drop_lines(&lines);
	guard_output_free(o);
}

static void files_rotate(void **state)
{
	const struct guard_output_options opts = {.fd = -1,
						  .file = in_dir("rot"),
						  .file_size = 1000,
						  .file_keep = 2,
						  .no_fold = true};
	struct guard_output *o = open_output(&opts);
	static const char *const names[] = {"rot", "rot.1", "rot.2"};
	struct lines lines;
	struct stat st;

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		send_event(o, alert(i, "/bin/sh"), i);
	for (size_t i = 0; i < 3; i++) {
		read_lines(names[i], &lines);
		assert_true(lines.n > 0);
		drop_lines(&lines);
		assert_int_equal(stat(in_dir(names[i]), &st), 0);
		assert_true(st.st_size <= 1000);
	}
	assert_int_equal(stat(in_dir("rot.3"), &st), -1);
	guard_output_free(o);
}

static void files_are_reopened(void **state)
{
	char from[300], to[300];
	struct guard_output_options opts = {.fd = -1};
	struct guard_output *o;
	struct lines lines;

	(void)state;
	(void)snprintf(from, sizeof(from), "%s/hup", dir);
	(void)snprintf(to, sizeof(to), "%s/hup.old", dir);
	opts.file = from;
	o = open_output(&opts);
	send_event(o, alert(1, "/a"), 1);
	assert_int_equal(rename(from, to), 0);
	errno = EAGAIN; /* of something else */
	send_event(o, alert(2, "/b"), 2);
	assert_int_equal(guard_output_reopen(o, NULL), 0);
	send_event(o, alert(3, "/c"), 3);
	guard_output_free(o);
	read_lines("hup.old", &lines);
	assert_int_equal(lines.n, 2);
	drop_lines(&lines);
	read_lines("hup", &lines);
	assert_int_equal(lines.n, 1);
	drop_lines(&lines);
}

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

/* A new file cannot be made: what is written stays in one place, and older files stay. */
static void what_cannot_rotate_goes_on(void **state)
{
	char path[64], moved[80], older[80];
	struct guard_output_options opts = {
		.fd = -1, .file_size = 1000, .file_keep = 3, .no_fold = true};
	struct guard_output *o;
	struct lines lines;
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/full", dir);
	(void)snprintf(moved, sizeof(moved), "%s.moved", path);
	(void)snprintf(older, sizeof(older), "%s.1", path);
	put_file(older, "older");
	opts.file = path;
	o = open_output(&opts);
	send_event(o, alert(1, "/bin/sh"), 1);
	/* a directory has the name, as if there were no room for another file */
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	for (unsigned i = 2; i < 20; i++) {
		struct guard_event e = alert(i, "/bin/sh");

		(void)!guard_output_event(o, &e, i, NULL);
	}
	assert_int_equal(stat(older, &st), 0);
	assert_int_equal(st.st_size, strlen("older"));
	/* there is room again */
	assert_int_equal(rmdir(path), 0);
	send_event(o, alert(20, "/bin/sh"), 20);
	guard_output_free(o);
	read_lines("full.moved", &lines);
	assert_int_equal(lines.n, 19);
	drop_lines(&lines);
	read_lines("full", &lines);
	assert_int_equal(lines.n, 1);
	drop_lines(&lines);
}

/* A crash left half a line: the next event begins on its own. */
static void torn_lines_are_ended(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = in_dir("torn")};
	struct guard_output *o;
	FILE *f = fopen(opts.file, "w");
	char *text;

	(void)state;
	assert_true(fputs("{\"half\":", f) >= 0 && fclose(f) == 0);
	o = open_output(&opts);
	send_event(o, alert(1, "/a"), 1);
	guard_output_free(o);
	text = slurp(dir, "torn");
	assert_non_null(strstr(text, "{\"half\":\n{\"schema\":"));
	sk_free(text);
}

static void a_full_disk_is_counted(void **state)
{
	const struct guard_output_options opts = {.fd = -1, .file = "/dev/full"};
	struct guard_output *o = open_output(&opts);
	struct guard_event e = alert(1, "/a");
	struct guard_output_stats stats;
	struct sk_err err = {0};

	(void)state;
	assert_int_equal(guard_output_event(o, &e, 1, &err), -ENOSPC);
	guard_output_stats(o, &stats);
	assert_int_equal(stats.file_failed, 1);
	guard_output_free(o);
}

static void descriptor_gets_lines(void **state)
{
	struct guard_output_options opts = {.fd = -1};
	struct guard_output *o;
	char buf[4096] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	opts.fd = fds[1];
	o = open_output(&opts);
	send_event(o, alert(1, "/bin/\033[31m"), 1);
	assert_true(read(fds[0], buf, sizeof(buf) - 1) > 0);
	assert_null(strchr(buf, '\033'));
	assert_non_null(strstr(buf, "/bin/\\x1b[31m"));
	guard_output_free(o);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* What is less bad than asked for is not told; what was lost always is. */
static void little_is_not_told(void **state)
{
	static const char *const severities[] = {"low", "medium", "high", "critical"};
	const struct guard_output_options opts = {
		.fd = -1, .file = in_dir("worse"), .min_severity = MODEL_SEVERITY_HIGH};
	struct guard_output *o = open_output(&opts);
	struct guard_event e = alert(1, "/bin/sh");
	struct guard_output_stats stats;
	struct lines lines;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(severities); i++) {
		e.severity = severities[i];
		send_event(o, e, 1);
	}
	e.kind = GUARD_KIND_LOST;
	e.severity = "medium";
	send_event(o, e, 1);
	e.kind = GUARD_KIND_PROFILE;
	e.reason = GUARD_REASON_NONE;
	e.severity = NULL;
	send_event(o, e, 1);
	guard_output_stats(o, &stats);
	assert_int_equal(stats.events, 6);
	guard_output_free(o);
	read_lines("worse", &lines);
	assert_int_equal(lines.n, 4);
	drop_lines(&lines);
}

/* Nobody reads: the guard goes on, and the next line that is taken begins on its own. */
static void a_full_pipe_does_not_block(void **state)
{
	struct guard_output_options opts = {.fd_json = true, .no_fold = true};
	struct guard_output_stats stats;
	sk_cleanup(sk_freep) char *buf = sk_alloc(1 << 20);
	struct guard_output *o;
	struct guard_event e = alert(1, "/bin/sh");
	struct sk_err err = {0};
	struct sk_span rest, line;
	size_t n_whole = 0;
	int fds[2], r = 0;
	ssize_t n, len = 0;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	opts.fd = fds[1];
	o = open_output(&opts);
	for (unsigned i = 0; i < 1000 && r == 0; i++)
		r = guard_output_event(o, &e, i, &err);
	assert_int_equal(r, -EAGAIN);
	for (unsigned i = 0; i < 1000; i++)
		(void)!guard_output_event(o, &e, i, &err);
	guard_output_stats(o, &stats);
	assert_int_equal(stats.fd_failed, 1001);
	n = read(fds[0], buf, 1 << 16);
	assert_true(n > 0);
	len = n;
	send_event(o, e, 3000);
	guard_output_free(o);
	(void)close(fds[1]);
	while ((n = read(fds[0], buf + len, (size_t)((1 << 20) - len))) > 0)
		len += n;
	(void)close(fds[0]);
	rest = sk_span_of(buf, (size_t)len);
	while (sk_span_line(&rest, &line))
		n_whole += sk_span_starts(line, "{\"schema\"") && sk_span_ends(line, "}");
	assert_int_equal(n_whole, stats.lines - stats.fd_failed + 1);
	assert_true(buf[len - 1] == '\n');
}

static int log_socket(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	(void)unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* The longest texts that the kernel half hands on, of bytes that take six in JSON. */
static void nothing_is_too_long(void **state)
{
	struct guard_output_options opts = {.fd = -1, .syslog = true, .no_fold = true};
	static char path[4096], name[1024], arg[1024], log[300], file[300];
	static const char *const args[] = {arg};
	struct guard_event e = alert(1, name);
	struct guard_output_stats stats;
	struct guard_output *o;
	struct lines lines;
	char *buf = sk_alloc(1 << 20);
	ssize_t n;
	int fd;

	(void)state;
	memset(path, 1, sizeof(path) - 1);
	memset(name, 1, sizeof(name) - 1);
	memset(arg, 1, sizeof(arg) - 1);
	e.args = args;
	e.n_args = 1;
	e.exe = e.cwd = path;
	e.files_directory = name;
	e.n_files = 2;
	for (size_t i = 0; i < GUARD_MAX_EXAMPLES; i++)
		e.files_examples[e.n_files_examples++] = path;
	for (size_t i = 0; i < GUARD_MAX_ANCESTRY; i++)
		e.ancestry[e.n_ancestry++] =
			(struct guard_ancestor){.exe = path, .args = args, .n_args = 1};
	(void)snprintf(log, sizeof(log), "%s/longlog", dir);
	(void)snprintf(file, sizeof(file), "%s/long", dir);
	opts.syslog_socket = log;
	opts.file = file;
	fd = log_socket(log);
	o = open_output(&opts);
	send_event(o, e, 1);
	guard_output_stats(o, &stats);
	assert_int_equal(stats.syslog_failed, 0);
	n = recv(fd, buf, (1 << 20) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, "\"args_cut\":true"));
	assert_true(buf[n - 1] == '}');
	(void)close(fd);
	sk_free(buf);
	guard_output_free(o);
	read_lines("long", &lines);
	assert_int_equal(lines.n, 1);
	drop_lines(&lines);
}

static void system_log(void **state)
{
	const struct guard_output_options opts = {
		.fd = -1, .syslog = true, .syslog_socket = in_dir("log"), .no_fold = true};
	char path[300], buf[8192];
	struct guard_output *o = NULL;
	struct guard_output_stats stats;
	ssize_t n;
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/log", dir);
	o = open_output(&opts);
	assert_false(guard_output_has_log(o));
	send_event(o, alert(1, "/a"), 1); /* nobody listens */
	guard_output_stats(o, &stats);
	assert_int_equal(stats.syslog_failed, 1);
	fd = log_socket(path);
	errno = EAGAIN; /* of something else: no reason not to connect */
	send_event(o, alert(2, "/b"), 2);
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_int_equal(strncmp(buf, "<27>", 4), 0); /* daemon, error */
	assert_non_null(strstr(buf, " stockade["));
	assert_non_null(strstr(buf, "]: {\"schema\":\"stockade.event/1\""));
	assert_true(buf[n - 1] == '}');
	(void)close(fd);
	fd = log_socket(path); /* the daemon starts anew */
	send_event(o, alert(3, "/c"), 3);
	assert_true(recv(fd, buf, sizeof(buf), 0) > 0);
	guard_output_free(o);
	o = open_output(&opts);
	assert_true(guard_output_has_log(o));
	guard_output_free(o);
	(void)close(fd);
}

/* A receiver that answers each status in turn, then ends. */
struct receiver {
	int fd;
	const int *statuses;
	size_t n;
	struct sk_buf got;
};

static void answer(struct receiver *rx, int status)
{
	int fd = accept(rx->fd, NULL, NULL);
	char buf[65536], reply[128];
	size_t len = 0, want = SIZE_MAX;

	while (len < want && len < sizeof(buf) - 1) {
		ssize_t n = recv(fd, buf + len, sizeof(buf) - 1 - len, 0);
		const char *body, *length;
		uint32_t size = 0;

		if (n <= 0)
			break;
		len += (size_t)n;
		buf[len] = '\0';
		body = strstr(buf, "\r\n\r\n");
		length = strstr(buf, "Content-Length: ");
		if (body == NULL || length == NULL)
			continue;
		length += strlen("Content-Length: ");
		if (sk_parse_u32(sk_span_of(length, strcspn(length, "\r")), &size))
			want = (size_t)(body + 4 - buf) + size;
	}
	(void)sk_buf_add(&rx->got, buf, len);
	(void)snprintf(reply, sizeof(reply),
		       "HTTP/1.1 %d x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", status);
	(void)send(fd, reply, strlen(reply), MSG_NOSIGNAL);
	(void)close(fd);
}

static void *receive(void *ctx)
{
	struct receiver *rx = ctx;

	for (size_t i = 0; i < rx->n; i++)
		answer(rx, rx->statuses[i]);
	return NULL;
}

static void webhook(void **state)
{
	static const int statuses[] = {503, 204};
	struct receiver rx = {.statuses = statuses, .n = 2};
	struct guard_output_options opts = {.fd = -1, .webhook_authorization = "Bearer secret"};
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);
	struct guard_output_stats stats;
	struct guard_output *o;
	pthread_t thread;
	char url[64];

	(void)state;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rx.fd = socket(AF_INET, SOCK_STREAM, 0);
	sk_buf_init(&rx.got, 1 << 20);
	assert_int_equal(bind(rx.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(rx.fd, 8), 0);
	assert_int_equal(getsockname(rx.fd, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(pthread_create(&thread, NULL, receive, &rx), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook/secret", ntohs(addr.sin_port));
	opts.webhook_url = url;
	o = open_output(&opts);
	send_event(o, alert(1, "/bin/first"), 1);
	assert_int_equal(pthread_join(thread, NULL), 0); /* asked twice: 503, then 204 */
	guard_output_free(o);
	o = NULL;
	assert_non_null(strstr(rx.got.ptr, "POST /hook/secret HTTP/1.1"));
	assert_non_null(strstr(rx.got.ptr, "Authorization: Bearer secret"));
	assert_non_null(strstr(rx.got.ptr, "Content-Type: application/json"));
	assert_non_null(strstr(rx.got.ptr, "/bin/first"));
	/* nobody listens any more: given up at the end, and said without the address */
	(void)close(rx.fd);
	o = open_output(&opts);
	send_event(o, alert(2, "/bin/second"), 2);
	do {
		(void)usleep(10000);
		guard_output_stats(o, &stats);
	} while (stats.webhook_note == NULL);
	assert_non_null(strstr(stats.webhook_note, "not reached"));
	assert_null(strstr(stats.webhook_note, "secret"));
	guard_output_free(o);
	sk_buf_release(&rx.got);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {
		"fold",    "counts", "many", "observed", "rot",        "rot.1", "rot.2",
		"hup.old", "hup",    "torn", "log",      "applets",    "files", "few",
		"libs",    "signs",  "full", "full.1",   "full.moved", "long",  "longlog"};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(names); i++)
		(void)unlink(in_dir(names[i]));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repetitions_are_folded),
		cmocka_unit_test(files_are_folded),
		cmocka_unit_test(few_files_are_folded),
		cmocka_unit_test(libraries_are_folded),
		cmocka_unit_test(applets_are_causes_of_their_own),
		cmocka_unit_test(signs_are_causes_of_their_own),
		cmocka_unit_test(counts_of_the_kernel_add_up),
		cmocka_unit_test(many_causes),
		cmocka_unit_test(observed_events_are_not_folded),
		cmocka_unit_test(files_rotate),
		cmocka_unit_test(files_are_reopened),
		cmocka_unit_test(torn_lines_are_ended),
		cmocka_unit_test(what_cannot_rotate_goes_on),
		cmocka_unit_test(a_full_pipe_does_not_block),
		cmocka_unit_test(nothing_is_too_long),
		cmocka_unit_test(a_full_disk_is_counted),
		cmocka_unit_test(descriptor_gets_lines),
		cmocka_unit_test(little_is_not_told),
		cmocka_unit_test(system_log),
		cmocka_unit_test(webhook),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
