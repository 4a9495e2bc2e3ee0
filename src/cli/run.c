/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to an exit code: find the command, load the configuration, run, flush. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli-priv.h"

/* stdio forgets why an earlier write failed; a pipe still knows. */
static bool reader_is_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0;
}

/* Output that nobody reads any more (EPIPE) ends the program quietly, any other loss is said. */
static int finish_output(int code)
{
	bool lost = ferror(stdout) != 0;
	int errnum = 0;

	errno = 0;
	if (fflush(stdout) != 0) {
		errnum = errno;
		lost = true;
	}
	if (!lost)
		return code;
	if (errnum != EPIPE && !reader_is_gone())
		sk_log(SK_LOG_ERROR, "standard output: %s",
		       errnum != 0 ? strerror(errnum) : "not everything could be written");
	return CLI_EXIT_FAILURE;
}

static int run_command(struct cli_context *ctx)
{
	const struct command *c = ctx->path[ctx->n_path - 1];
	struct sk_err err;
	int r;

	r = cli_check_args(ctx, &err);
	if (r < 0)
		return cli_fail(ctx, &err);
	r = cli_config_load(ctx, &err);
	if (r < 0 && (c->flags & COMMAND_NO_CONFIG) == 0) {
		sk_log(SK_LOG_ERROR, "%s", err.msg);
		return r == -SK_E_USAGE ? CLI_EXIT_USAGE : CLI_EXIT_FAILURE;
	}
	return c->run(ctx);
}

/* "stockade --version" and "stockade -V" are what people try first. */
static bool is_version_switch(int argc, const char *const *argv)
{
	return argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0);
}

/* Wrong usage is said in the form that was asked for, before any file is read. */
static void early_log_setup(struct cli_context *ctx)
{
	const char *format = getenv("STOCKADE_LOG_FORMAT");
	struct sk_err ignored;
	size_t i;

	/* An unknown one is said with the other settings. */
	if (format != NULL && cli_key_find(ctx, "log.format", &i) &&
	    cli_choice(ctx->keys[i].choices, format, ctx->arena, &format, &ignored) == 0)
		ctx->values[i].text = format;
	cli_log_setup(ctx);
}

int cli_main(int argc, const char *const *argv)
{
	static const char *const version_argv[] = {"stockade", "version", NULL};
	sk_cleanup(cli_context_freep) struct cli_context *ctx = cli_context_new();
	struct sk_err err;
	int code;
	int r;

	/* Lost readers are reported by write(); workers and sockets need the same. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (is_version_switch(argc, argv))
		argv = version_argv;
	r = cli_parse(ctx, argc, argv, &err);
	early_log_setup(ctx);
	if (r < 0) {
		code = cli_fail(ctx, &err);
	} else if (ctx->n_path == 0) {
		cli_help_overview(ctx->want_help ? stdout : stderr);
		code = ctx->want_help ? CLI_EXIT_CLEAN : CLI_EXIT_USAGE;
	} else if (ctx->want_help) {
		cli_help_command(ctx, stdout);
		code = CLI_EXIT_CLEAN;
	} else {
		code = run_command(ctx);
	}
	return finish_output(code);
}
