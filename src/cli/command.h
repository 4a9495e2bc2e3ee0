/* SPDX-License-Identifier: Apache-2.0 */
/* Sub-commands: each cmd_NAME.c exports one const struct command; commands.c lists them in help
 * order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/defs.h"

enum cli_exit {
	CLI_EXIT_CLEAN = 0,
	CLI_EXIT_FINDINGS = 1, /* gate tripped or denied */
	CLI_EXIT_USAGE = 2,
	CLI_EXIT_FAILURE = 3, /* could not do the job */
};

enum cli_option_flags {
	CLI_OPTION_REPEAT = 1 << 0, /* may be given several times */
	CLI_OPTION_HIDDEN = 1 << 1,
};

/**
 * struct cli_option - one flag of a command
 * @name: long name without dashes
 * @letter: short form, or 0
 * @arg: name of the value in help texts, NULL for a switch
 * @key: configuration key ("db.path" ↔ STOCKADE_DB_PATH ↔ stockade.yaml db: path:), NULL: flag only
 * @help: one line, the same as in the man page
 */
struct cli_option {
	const char *name;
	char letter;
	const char *arg;
	const char *key;
	const char *help;
	unsigned flags;
};

/** struct cli_context - parsed command line and configuration of one run; opaque */
struct cli_context;

/**
 * struct command - one sub-command
 * @name: word on the command line
 * @summary: one line for `stockade help`
 * @usage: what follows the name, e.g. "[options] TARGET"
 * @options: ended by an entry without a name; global options are added by the caller
 * @min_args: positional arguments at least
 * @max_args: at most; -1: any number
 * @subcommands: for `db build` and the like; NULL or ended by NULL
 * @run: does the work; returns enum cli_exit
 */
struct command {
	const char *name;
	const char *summary;
	const char *usage;
	const struct cli_option *options;
	int min_args;
	int max_args;
	const struct command *const *subcommands;
	int (*run)(struct cli_context *ctx);
};

/**
 * cli_args() - positional arguments
 * @ctx: context
 * @ret_n: count
 *
 * Return: borrowed.
 */
const char *const *cli_args(const struct cli_context *ctx, size_t *ret_n);

/**
 * cli_option() - effective value: flag, else environment, else configuration file
 * @ctx: context
 * @name: long name of an option of this command
 *
 * Return: borrowed text, NULL when not set; a switch gives "true" or "false".
 */
const char *cli_option(const struct cli_context *ctx, const char *name);

/**
 * cli_options() - all values of a repeatable option
 * @ctx: context
 * @name: long name
 * @ret_n: count
 *
 * Return: borrowed.
 */
const char *const *cli_options(const struct cli_context *ctx, const char *name, size_t *ret_n);

/**
 * cli_switch() - is a switch on
 * @ctx: context
 * @name: long name
 *
 * Return: false when not set.
 */
bool cli_switch(const struct cli_context *ctx, const char *name);

/**
 * cli_config() - effective value of a configuration key that has no flag: environment, else file
 * @ctx: context
 * @key: such as "db.osv_url"
 *
 * Return: borrowed text, NULL when not set.
 */
const char *cli_config(const struct cli_context *ctx, const char *key);

/**
 * cli_arena() - memory of this run
 * @ctx: context
 *
 * Return: dropped after the command returns.
 */
struct sk_arena *cli_arena(struct cli_context *ctx);

/**
 * cli_usage_error() - say what is wrong and where help is
 * @ctx: context
 * @fmt: message
 *
 * Return: CLI_EXIT_USAGE.
 */
int cli_usage_error(struct cli_context *ctx, const char *fmt, ...) sk_printf_like(2, 3);
