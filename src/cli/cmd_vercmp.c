/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stockade vercmp ECOSYSTEM A B: prints -1, 0 or 1, or "?" (exit 2) where the ecosystem's own tool
 * refuses. stockade vercmp ECOSYSTEM -: reads A<TAB>B lines and answers each with one line; the
 * answers to what has been read are written before more is waited for, so a caller may talk to one
 * process. An unparsable pair does not end such a run, but its exit status is 2 then.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/span.h"
#include "base/text.h"
#include "cli/command.h"
#include "version/version.h"

enum {
	VERCMP_BUF_SIZE = 1 << 20, /* a longer line is answered with "?" */
};

static int cmd_vercmp_refuse(void)
{
	puts("?");
	return CLI_EXIT_USAGE;
}

static int cmd_vercmp_answer(enum version_scheme scheme, struct sk_span a, struct sk_span b)
{
	static const char *const words[] = {"-1", "0", "1"};
	int order;

	if (version_compare(scheme, a, b, &order) < 0)
		return cmd_vercmp_refuse();
	puts(words[order + 1]);
	return CLI_EXIT_CLEAN;
}

static int cmd_vercmp_line(enum version_scheme scheme, struct sk_span line)
{
	struct sk_span a = sk_span_sub(line, 0, sk_span_find(line, '\t'));

	if (a.len == line.len)
		return cmd_vercmp_refuse();
	return cmd_vercmp_answer(scheme, a, sk_span_sub(line, a.len + 1, line.len));
}

/** struct cmd_vercmp_input - lines on stdin */
struct cmd_vercmp_input {
	char *buf;
	size_t len;
	bool skipping; /* the rest of a line that was too long */
	int code;      /* what became of the pairs so far */
};

/* Answers all complete lines and keeps the rest for later. */
static void cmd_vercmp_lines(enum version_scheme scheme, struct cmd_vercmp_input *in, bool at_end)
{
	struct sk_span rest = sk_span_of(in->buf, in->len);

	while (rest.len != 0) {
		size_t len = sk_span_find(rest, '\n');

		if (len == rest.len && !at_end)
			break;
		if (!in->skipping && cmd_vercmp_line(scheme, sk_span_sub(rest, 0, len)) != 0)
			in->code = CLI_EXIT_USAGE;
		in->skipping = false;
		rest = sk_span_sub(rest, len + 1, rest.len);
	}
	if (rest.len == VERCMP_BUF_SIZE) {
		if (!in->skipping)
			in->code = cmd_vercmp_refuse();
		in->skipping = true;
		rest.len = 0;
	}
	if (rest.len != 0)
		memmove(in->buf, rest.ptr, rest.len);
	in->len = rest.len;
}

static int cmd_vercmp_batch(enum version_scheme scheme)
{
	sk_cleanup(sk_freep) char *buf = sk_alloc(VERCMP_BUF_SIZE);
	struct cmd_vercmp_input in = {.buf = buf};

	while (true) {
		ssize_t n = read(STDIN_FILENO, in.buf + in.len, VERCMP_BUF_SIZE - in.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			sk_log(SK_LOG_ERROR, "standard input: %s", strerror(errno));
			return CLI_EXIT_FAILURE;
		}
		in.len += (size_t)n;
		cmd_vercmp_lines(scheme, &in, n == 0);
		if (fflush(stdout) != 0) {
			sk_log(SK_LOG_ERROR, "standard output: %s", strerror(errno));
			return CLI_EXIT_FAILURE;
		}
		if (n == 0)
			return in.code;
	}
}

static int cmd_vercmp_run(struct cli_context *ctx)
{
	size_t n_args;
	const char *const *args = cli_args(ctx, &n_args);
	enum version_scheme scheme;
	char quoted[128];

	if (!version_scheme_of(sk_span_str(args[0]), &scheme))
		return cli_usage_error(ctx,
				       "no known order of versions for ecosystem %s; names are "
				       "OSV's: Debian, Alpine, Red Hat, npm, PyPI, Maven, Go …",
				       sk_text_quote(sk_span_str(args[0]), quoted, sizeof(quoted)));
	if (n_args == 2 && strcmp(args[1], "-") == 0)
		return cmd_vercmp_batch(scheme);
	if (n_args != 3)
		return cli_usage_error(ctx, "two versions are needed, or - to read pairs");
	return cmd_vercmp_answer(scheme, sk_span_str(args[1]), sk_span_str(args[2]));
}

const struct command cmd_vercmp = {
	.name = "vercmp",
	.summary = "compare two versions as their ecosystem's own tool does",
	.usage = "ECOSYSTEM A B | ECOSYSTEM -",
	.min_args = 2,
	.max_args = 3,
	.run = cmd_vercmp_run,
};
