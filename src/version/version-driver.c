/* SPDX-License-Identifier: Apache-2.0 */
/* `stockade vercmp` without the rest of the program, for test/t1000-version-oracles. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

struct cli_context {
	const char *const *args;
	size_t n_args;
};

extern const struct command cmd_vercmp;

const char *const *cli_args(const struct cli_context *ctx, size_t *ret_n)
{
	*ret_n = ctx->n_args;
	return ctx->args;
}

int cli_usage_error(struct cli_context *ctx sk_unused, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CLI_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct cli_context ctx = {
		.args = (const char *const *)argv + 2,
		.n_args = argc > 2 ? (size_t)argc - 2 : 0,
	};

	if (ctx.n_args < 2 || ctx.n_args > 3 || strcmp(argv[1], cmd_vercmp.name) != 0)
		return CLI_EXIT_USAGE;
	return cmd_vercmp.run(&ctx);
}
