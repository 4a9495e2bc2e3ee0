/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sub-commands: each cmd_NAME.c exports one const struct command; src/cli/meson.build lists their
 * names in help order. Everything a command needs of its caller is in this header.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"

enum cli_exit {
	CLI_EXIT_CLEAN = 0,
	CLI_EXIT_FINDINGS = 1, /* gate tripped or denied */
	CLI_EXIT_USAGE = 2,
	CLI_EXIT_FAILURE = 3, /* could not do the job */
};

enum cli_option_flags {
	CLI_OPTION_REPEAT = 1 << 0, /* may be given several times */
	CLI_OPTION_HIDDEN = 1 << 1,
	CLI_OPTION_OPEN = 1 << 2, /* other values than @choices are accepted too */
};

/**
 * struct cli_option - one flag of a command
 * @name: long name without dashes
 * @letter: short form, or 0
 * @arg: name of the value in help texts, NULL for a switch
 * @key: configuration key ("db.path" ↔ STOCKADE_DB_PATH ↔ stockade.yaml db: path:), NULL: flag only
 * @help: one line; help texts, man pages and completions are made from it
 * @choices: accepted values, "table|json"; NULL: those of the key, or any
 * @flags: enum cli_option_flags
 *
 * A switch with a key can also be given as --no-NAME, since the configuration may have set it.
 */
struct cli_option {
	const char *name;
	char letter;
	const char *arg;
	const char *key;
	const char *help;
	const char *choices;
	unsigned flags;
};

/** struct cli_context - parsed command line and configuration of one run; opaque */
struct cli_context;

enum command_flags {
	COMMAND_NO_CONFIG = 1 << 0, /* works although a configuration file is broken */
	COMMAND_HIDDEN = 1 << 1,
};

/**
 * struct command - one sub-command
 * @name: word on the command line
 * @summary: one line for `stockade help`, begins in lower case, without full stop
 * @usage: what follows the name, e.g. "[options] TARGET"
 * @more: what its help says beyond the summary, lines of at most 80 columns, or NULL
 * @options: ended by an entry without a name, or NULL; sub-commands inherit those of their parent,
 * global options are added by the caller
 * @min_args: positional arguments at least
 * @max_args: at most; -1: any number
 * @subcommands: for `db build` and the like; NULL or ended by NULL
 * @run: does the work; returns enum cli_exit; NULL when a sub-command is required
 * @flags: enum command_flags
 */
struct command {
	const char *name;
	const char *summary;
	const char *usage;
	const char *more;
	const struct cli_option *options;
	int min_args;
	int max_args;
	const struct command *const *subcommands;
	int (*run)(struct cli_context *ctx);
	unsigned flags;
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
 * cli_option() - effective value: flag, else environment, else configuration file, else default
 * @ctx: context
 * @name: long name of an option of this command
 *
 * Return: borrowed text, NULL when not set; a switch gives "true" or "false"; a list is joined by
 * commas.
 */
const char *cli_option(const struct cli_context *ctx, const char *name);

/**
 * cli_options() - all values of a repeatable option, or the items of a list
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
 * cli_wants_json() - did the user ask for JSON
 * @ctx: of a command that has --format
 *
 * Return: true under -f json.
 */
bool cli_wants_json(const struct cli_context *ctx);

/**
 * cli_config() - effective value of a configuration key that has no flag: environment, else file,
 * else default
 * @ctx: context
 * @key: such as "db.osv_url"
 *
 * Return: borrowed text, NULL when not set; a list is joined by commas.
 */
const char *cli_config(const struct cli_context *ctx, const char *key);

/**
 * cli_limits() - what one scan may use: --limit, else environment, else file, else default
 * @ctx: context
 *
 * Return: limits.
 */
struct sk_limits cli_limits(const struct cli_context *ctx);

/**
 * cli_arena() - memory of this run
 * @ctx: context
 *
 * Return: dropped after the command returns.
 */
struct sk_arena *cli_arena(struct cli_context *ctx);

/**
 * cli_stdout() - sink to standard output, buffered together with stdio
 *
 * The caller of the command flushes it and reports what could not be written.
 * Return: the sink.
 */
struct sk_sink cli_stdout(void);

/**
 * cli_is_terminal() - is a descriptor a terminal that understands escape sequences
 * @fd: STDOUT_FILENO or STDERR_FILENO
 *
 * Return: false for pipes and files, and under TERM=dumb.
 */
bool cli_is_terminal(int fd);

/**
 * cli_colour() - should output to a descriptor be coloured
 * @ctx: context
 * @fd: STDOUT_FILENO or STDERR_FILENO
 *
 * Return: what --color says; without it true on a terminal unless NO_COLOR is set.
 */
bool cli_colour(const struct cli_context *ctx, int fd);

/**
 * cli_width() - columns of the terminal on standard output
 *
 * Return: 80 when it is none.
 */
unsigned cli_width(void);

/** struct cli_progress - one line on stderr that is written over; zero-initialised */
struct cli_progress {
	uint64_t last_ms;
	bool shown;
};

/**
 * cli_progress_show() - say how far something is, a few times a second at most
 * @progress: struct cli_progress
 * @what: is being done
 * @done: bytes
 * @total: bytes, 0 while it is not known
 *
 * The caller has made sure that stderr is a terminal and the user not quiet.
 */
void cli_progress_show(void *progress, const char *what, uint64_t done, uint64_t total);

/**
 * cli_progress_end() - wipe the line
 * @p: what was shown, if anything
 */
void cli_progress_end(struct cli_progress *p);

/**
 * cli_is_quiet() - did the user ask for errors only
 * @ctx: context
 *
 * Return: true under -q: no progress, no hints.
 */
bool cli_is_quiet(const struct cli_context *ctx);

/**
 * cli_usage_error() - say what is wrong and where help is
 * @ctx: context
 * @fmt: message
 *
 * Return: CLI_EXIT_USAGE.
 */
int cli_usage_error(struct cli_context *ctx, const char *fmt, ...) sk_printf_like(2, 3);

/**
 * cli_fail() - log an error that ends the command
 * @ctx: context
 * @err: filled
 *
 * Return: CLI_EXIT_USAGE for SK_E_USAGE, else CLI_EXIT_FAILURE.
 */
int cli_fail(struct cli_context *ctx, const struct sk_err *err);

#define CLI_BE_ROOT "this needs root: run it as root, or with sudo"

/**
 * cli_lacks_rights() - did it fail for want of root's rights
 * @err: filled
 *
 * Return: true when the user is not root and the error is one that others get.
 */
bool cli_lacks_rights(const struct sk_err *err);

/**
 * cli_fail_rights() - cli_fail() of what needs root, which is said first when it lacks
 * @ctx: context
 * @err: filled
 *
 * Return: as cli_fail().
 */
int cli_fail_rights(struct cli_context *ctx, const struct sk_err *err);
