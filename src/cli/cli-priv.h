/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the command line front end share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "cli/command.h"

enum {
	CLI_MAX_DEPTH = 4,         /* "guard profile show" is three */
	CLI_MAX_CONFIG = 1 << 20,  /* bytes of a configuration file; people write hundreds */
	CLI_MAX_ENVIRONMENT = 256, /* characters of a variable's name that are looked at */
};

enum cli_type {
	CLI_TYPE_STRING,
	CLI_TYPE_PATH, /* a leading "~/" means the home directory */
	CLI_TYPE_BOOL,
	CLI_TYPE_NUMBER,
	CLI_TYPE_SIZE,
	CLI_TYPE_DURATION,
	CLI_TYPE_URL,
	CLI_TYPE_LIST,
	CLI_N_TYPES
};

/** struct cli_key - one configuration key */
struct cli_key {
	const char *name; /* "section.key", see cli_key_variable() */
	enum cli_type type;
	const char *def;     /* NULL: not set */
	const char *choices; /* "a|b", of the value or of each item of a list; NULL: any */
	const char *help;
};

enum cli_source {
	CLI_SOURCE_UNSET,
	CLI_SOURCE_DEFAULT,
	CLI_SOURCE_FILE,
	CLI_SOURCE_ENVIRONMENT,
	CLI_SOURCE_FLAG,
	CLI_N_SOURCES
};

/** struct cli_value - effective value of a key; NULL text: not set */
struct cli_value {
	const char *text;
	enum cli_source source;
	const char *place; /* "FILE:LINE", variable or flag; NULL for a default */
};

/** struct cli_given - an option as it stood on the command line; text is "true" or "false" for a
 * switch */
struct cli_given {
	const struct cli_option *option;
	const char *text;
};

struct cli_context {
	struct sk_arena *arena;
	const struct command *path[CLI_MAX_DEPTH]; /* "db", "build" */
	size_t n_path;
	const char **args;
	size_t n_args;
	struct cli_given *given;
	size_t n_given;
	const struct cli_key *keys;
	struct cli_value *values; /* one a key */
	size_t n_keys;
	const char *files[4]; /* configuration files that were read, weakest first */
	size_t n_files;
	bool want_help;
};

/**
 * cli_commands() - the table of commands, in help order
 *
 * Return: ended by NULL.
 */
const struct command *const *cli_commands(void);

/**
 * cli_global_options() - options that every command takes
 *
 * Return: ended by an entry without a name.
 */
const struct cli_option *cli_global_options(void);

/**
 * cli_find_command() - command by name
 * @list: ended by NULL, may be NULL
 * @name: word
 *
 * Return: NULL when there is none.
 */
const struct command *cli_find_command(const struct command *const *list, const char *name);

/**
 * cli_command_path() - "stockade db build"
 * @ctx: context
 *
 * Return: lives in the context's arena.
 */
const char *cli_command_path(struct cli_context *ctx);

/**
 * cli_context_new() - context of a run, with every key at its default
 *
 * Return: the caller frees with cli_context_free().
 */
struct cli_context *cli_context_new(void);

/**
 * cli_context_free() - drop a context
 * @ctx: may be NULL
 */
void cli_context_free(struct cli_context *ctx);
SK_DEFINE_CLEANUP(struct cli_context, cli_context_free);

/**
 * cli_parse() - command, options and arguments
 * @ctx: filled, as far as parsing got also on failure
 * @argc: count
 * @argv: as main() got it; borrowed
 * @err: filled on failure
 *
 * Stops at -h. Return: 0, or -SK_E_USAGE.
 */
sk_must_check int cli_parse(struct cli_context *ctx, int argc, const char *const *argv,
			    struct sk_err *err);

/**
 * cli_resolve() - make a command the current one, for its help
 * @ctx: its path is replaced
 * @words: "db", "build"
 * @n: count
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_USAGE.
 */
sk_must_check int cli_resolve(struct cli_context *ctx, const char *const *words, size_t n,
			      struct sk_err *err);

/**
 * cli_check_args() - are the positional arguments as many as the command wants
 * @ctx: parsed
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_USAGE.
 */
sk_must_check int cli_check_args(const struct cli_context *ctx, struct sk_err *err);

/**
 * cli_keys_new() - the table of configuration keys, with the limits of base/budget.h
 * @a: lives here
 * @ret_n: count
 *
 * Return: sorted by name.
 */
struct cli_key *cli_keys_new(struct sk_arena *a, size_t *ret_n);

/**
 * cli_key_find() - key by name
 * @ctx: context
 * @name: "section.key"
 * @ret_index: written when found
 *
 * Return: false when unknown.
 */
bool cli_key_find(const struct cli_context *ctx, const char *name, size_t *ret_index);

/**
 * cli_key_variable() - environment variable of a key, STOCKADE_SECTION_KEY
 * @a: lives here
 * @name: "section.key"
 *
 * Return: name of the variable.
 */
const char *cli_key_variable(struct sk_arena *a, const char *name);

/**
 * cli_key_check() - is a text a value of a key; brings it into its normal form
 * @key: key
 * @text: value as written
 * @a: the result lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_USAGE.
 */
sk_must_check int cli_key_check(const struct cli_key *key, const char *text, struct sk_arena *a,
				const char **ret, struct sk_err *err);

/**
 * cli_type_name() - for help texts
 * @type: type
 *
 * Return: static text.
 */
const char *cli_type_name(enum cli_type type);

/**
 * cli_source_name() - for `config show`
 * @source: where a value came from
 *
 * Return: static text.
 */
const char *cli_source_name(enum cli_source source);

/**
 * cli_choice() - one of "a|b|c", written in any case
 * @choices: list
 * @text: candidate
 * @a: the result lives here
 * @ret: the choice as the list spells it; written when there is one
 * @err: filled on failure: says which there are
 *
 * Return: 0, or -SK_E_USAGE.
 */
sk_must_check int cli_choice(const char *choices, const char *text, struct sk_arena *a,
			     const char **ret, struct sk_err *err);

/**
 * cli_config_load() - files, then environment, then flags into the values of the context
 * @ctx: parsed
 * @err: filled on failure, with the file and line
 *
 * Return: 0, or negative. Errors: SK_E_USAGE unknown key or bad value; -errno a file given by
 * --config cannot be read.
 */
sk_must_check int cli_config_load(struct cli_context *ctx, struct sk_err *err);

/**
 * cli_log_setup() - level, form and colour of the log, from what is known so far
 * @ctx: context
 */
void cli_log_setup(const struct cli_context *ctx);

/** struct cli_suggestion - the best of several candidates so far; zero-initialised */
struct cli_suggestion {
	const char *text;
	unsigned distance;
};

/**
 * cli_suggest() - offer one candidate for a misspelt word
 * @s: keeps the better one
 * @word: what was written
 * @candidate: what exists; borrowed
 */
void cli_suggest(struct cli_suggestion *s, const char *word, const char *candidate);

/**
 * cli_suggest_synonym() - offer what a word of comparable programs is called here
 * @s: replaced when there is such a thing
 * @place: name of the command, "" for none
 * @word: a command's name, or an option with its dashes
 */
void cli_suggest_synonym(struct cli_suggestion *s, const char *place, const char *word);

/**
 * cli_suggestion_text() - "; did you mean 'X'?" or nothing
 * @s: after all candidates
 * @prefix: before the word, such as "--"
 * @a: lives here
 *
 * Return: text.
 */
const char *cli_suggestion_text(const struct cli_suggestion *s, const char *prefix,
				struct sk_arena *a);

/**
 * cli_help_overview() - what `stockade help` prints
 * @f: where
 */
void cli_help_overview(FILE *f);

/**
 * cli_help_command() - what `stockade COMMAND -h` prints
 * @ctx: its path is the command
 * @f: where
 */
void cli_help_command(struct cli_context *ctx, FILE *f);

/**
 * cli_help_option() - "-f, --format FORMAT" as help texts show it
 * @o: option
 * @a: lives here
 *
 * Return: text.
 */
const char *cli_help_option(const struct cli_option *o, struct sk_arena *a);

/**
 * cli_main() - the program without its exit
 * @argc: count
 * @argv: as main() got it
 *
 * Return: enum cli_exit.
 */
int cli_main(int argc, const char *const *argv);
