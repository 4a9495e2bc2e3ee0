/* SPDX-License-Identifier: Apache-2.0 */
/* stockade db build, verify, export, import: whole databases. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/cli-priv.h"
#include "cli/cmd_db-priv.h"
#include "cli/cmd_db.h"
#include "vulndb/build.h"
#include "vulndb/text.h"

enum {
	MAX_DATABASE = 1 << 30, /* bytes; all public feeds together make 16 MiB */
};

/* --- build --- */

static void log_note(const struct vulndb_note *note)
{
	struct sk_buf text;

	sk_buf_init(&text, 4096);
	(void)sk_text_escape(&text, sk_span_str(note->place));
	(void)sk_buf_add_str(&text, ": ");
	(void)sk_text_escape(&text, sk_span_str(note->message));
	sk_log(SK_LOG_WARN, "%s", text.ptr);
	sk_buf_release(&text);
}

static int built_json(const char *out, const struct vulndb_build_result *res)
{
	struct sk_sink sink = cli_stdout();
	char digest[SK_DIGEST_TEXT_SIZE];
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.db-build/1");
	sk_jw_str(&w, "path", out);
	sk_jw_str(&w, "digest", sk_digest_text(&res->digest, digest));
	sk_jw_u64(&w, "size", res->size);
	sk_jw_u64(&w, "text_size", res->text_size);
	sk_jw_u64(&w, "documents", res->documents);
	sk_jw_u64(&w, "claims", res->claims);
	sk_jw_u64(&w, "malformed", res->bad);
	sk_jw_array(&w, "notes");
	for (size_t i = 0; i < res->n_notes; i++) {
		sk_jw_object(&w, NULL);
		sk_jw_str(&w, "place", res->notes[i].place);
		sk_jw_str(&w, "message", res->notes[i].message);
		sk_jw_end_object(&w);
	}
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

/* The moment that goes into the file: --date, else what reproducible builds set, else none. */
static bool build_date(struct cli_context *ctx, int64_t *ret)
{
	const char *date = cli_option(ctx, "date");
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	if (date != NULL)
		return sk_parse_time(sk_span_str(date), ret);
	return epoch == NULL || sk_parse_i64(sk_span_str(epoch), ret);
}

static int run_build(struct cli_context *ctx)
{
	struct vulndb_build_options opts = {.out = cli_option(ctx, "output")};
	struct vulndb_build_result res;
	char digest[SK_DIGEST_TEXT_SIZE];
	const char **paths;
	const char *const *from;
	const char *const *args;
	size_t n_from;
	size_t n_args;
	struct sk_err err;

	from = cli_options(ctx, "from", &n_from);
	args = cli_args(ctx, &n_args);
	if (n_from + n_args == 0)
		return cli_usage_error(ctx, "--from names files and directories to read");
	if (opts.out == NULL)
		return cli_usage_error(ctx, "-o names the database to write");
	if (!build_date(ctx, &opts.built))
		return cli_usage_error(ctx, "a date is YYYY-MM-DD or RFC 3339");
	paths = sk_arena_array(cli_arena(ctx), n_from + n_args, sizeof(*paths));
	for (size_t i = 0; i < n_from; i++)
		paths[i] = from[i];
	for (size_t i = 0; i < n_args; i++)
		paths[n_from + i] = args[i];
	opts.text = cli_switch(ctx, "text");
	opts.paths = paths;
	opts.n_paths = n_from + n_args;
	if (vulndb_build(&opts, cli_arena(ctx), &res, &err) < 0)
		return cli_fail(ctx, &err);
	for (size_t i = 0; i < res.n_notes; i++)
		log_note(&res.notes[i]);
	if (cli_wants_json(ctx))
		return built_json(opts.out, &res);
	(void)printf("%s: %" PRIu64 " documents, %" PRIu64 " claims, %" PRIu64 " bytes\n%s\n",
		     opts.out, res.documents, res.claims, res.size,
		     sk_digest_text(&res.digest, digest));
	if (res.bad != 0)
		(void)printf("%" PRIu64 " malformed documents left out\n", res.bad);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option build_options[] = {
	{"from", 0, "PATH", NULL, "feed file, or directory of feeds", NULL, CLI_OPTION_REPEAT},
	{"output", 'o', "FILE", NULL, "database to write", NULL, 0},
	{"text", 0, NULL, NULL, "write summaries, references and more ratings to FILE.text, too",
	 NULL, 0},
	{"date", 0, "DATE", NULL,
	 "when it was built, for the file (default: SOURCE_DATE_EPOCH, else its newest document)",
	 NULL, 0},
	{"format", 'f', "FORMAT", NULL, "text or json", "text|json", 0},
	{NULL},
};

const struct command cmd_db_build = {
	.name = "build",
	.summary = "make a database from feeds",
	.usage = "--from PATH… -o FILE",
	.options = build_options,
	.max_args = -1,
	.run = run_build,
};

/* --- verify --- */

static const struct cli_option format_options[] = {
	{"format", 'f', "FORMAT", NULL, "text or json", "text|json", 0},
	{NULL},
};

static void verified_json(const char *path, const struct vulndb *db, int r,
			  const struct sk_err *err)
{
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.db-verify/1");
	sk_jw_str(&w, "path", path);
	if (db != NULL)
		cmd_db_put_database(&w, "database", path, db);
	else
		sk_jw_null(&w, "database");
	sk_jw_bool(&w, "ok", r == 0);
	sk_jw_str(&w, "error", r < 0 ? err->msg : NULL);
	sk_jw_end_object(&w);
	(void)!sk_jw_finish(&w); /* the exit code says the same */
}

static int verify_text(const char *name, const struct vulndb *db, struct sk_err *err)
{
	sk_cleanup(vulndb_text_closep) struct vulndb_text *text = NULL;
	int r = vulndb_text_open(name, db, &text, err);

	return r < 0 ? r : vulndb_text_verify(text, err);
}

/* Texts beside the database are checked with it. */
static int verify_text_beside(struct cli_context *ctx, const char *path, const struct vulndb *db,
			      struct sk_err *err)
{
	const char *name = sk_arena_printf(cli_arena(ctx), "%s.text", path);

	return access(name, F_OK) < 0 ? 0 : verify_text(name, db, err);
}

static int run_verify(struct cli_context *ctx)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	char digest[SK_DIGEST_TEXT_SIZE];
	const char *path = NULL;
	struct sk_err err = {0};
	size_t n_args;
	const char *const *args = cli_args(ctx, &n_args);
	int r;

	if (n_args != 0) {
		path = args[0];
		r = vulndb_open(path, &db, &err);
	} else {
		r = cmd_db_open(ctx, &path, &db, &err);
	}
	if (r == 0)
		r = vulndb_verify(db, &err);
	if (r == 0)
		r = verify_text_beside(ctx, path, db, &err);
	if (cli_wants_json(ctx))
		verified_json(path, db, r, &err);
	if (r < 0)
		return cli_fail(ctx, &err);
	if (!cli_wants_json(ctx))
		(void)printf("%s: whole, %s\n", path, sk_digest_text(vulndb_digest(db), digest));
	return CLI_EXIT_CLEAN;
}

const struct command cmd_db_verify = {
	.name = "verify",
	.summary = "check every byte of a database",
	.usage = "[-f FORMAT] [FILE]",
	.options = format_options,
	.max_args = 1,
	.run = run_verify,
};

/* --- export, import --- */

static int check(const char *path, struct sk_err *err)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	int r = vulndb_open(path, &db, err);

	return r < 0 ? r : vulndb_verify(db, err);
}

static int check_text(const char *path, const char *db_path, struct sk_err *err)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	int r = vulndb_open(db_path, &db, err);

	return r < 0 ? r : verify_text(path, db, err);
}

/* A verified copy, whole or not at all; what is checked is what is written. @db: the database that
 * texts belong to; NULL: it is one. */
static int carry_file(const char *from, const char *to, const char *db, struct sk_err *err)
{
	struct sk_buf bytes;
	char *tmp = NULL;
	int r;

	sk_buf_init(&bytes, MAX_DATABASE);
	r = sk_read_file(AT_FDCWD, from, &bytes, err);
	if (asprintf(&tmp, "%s.new", to) < 0)
		abort();
	if (r == 0)
		r = sk_write_file_atomic(AT_FDCWD, tmp, sk_buf_span(&bytes), 0644, err);
	sk_buf_release(&bytes);
	if (r == 0) {
		r = db != NULL ? check_text(tmp, db, err) : check(tmp, err);
		if (r < 0)
			r = sk_err_wrap(err, r, "%s", from);
		else if (rename(tmp, to) < 0)
			r = sk_err_errno(err, errno, "rename %s", to);
		if (r < 0)
			(void)unlink(tmp); /* nothing more can be done about it */
	}
	free(tmp);
	return r;
}

/* The database, and its texts where there are any. */
static int carry(struct cli_context *ctx, const char *from, const char *to, struct sk_err *err)
{
	const char *text = sk_arena_printf(cli_arena(ctx), "%s.text", from);
	int r = carry_file(from, to, NULL, err);

	if (r < 0)
		return r;
	if (access(text, F_OK) == 0)
		return carry_file(text, sk_arena_printf(cli_arena(ctx), "%s.text", to), to, err);
	vulndb_text_drop(to);
	return 0;
}

static int carried(struct cli_context *ctx, const char *path)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	struct sk_sink sink = cli_stdout();
	char digest[SK_DIGEST_TEXT_SIZE];
	struct sk_err err;
	struct sk_jw w;

	if (vulndb_open(path, &db, &err) < 0)
		return cli_fail(ctx, &err);
	if (!cli_wants_json(ctx)) {
		(void)printf("%s: %s\n", path, sk_digest_text(vulndb_digest(db), digest));
		return CLI_EXIT_CLEAN;
	}
	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.db-copy/1");
	cmd_db_put_database(&w, "database", path, db);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static int run_export(struct cli_context *ctx)
{
	size_t n_args;
	const char *to = cli_args(ctx, &n_args)[0];
	struct sk_err err;
	const char *from = cmd_db_found_path(ctx, &err);

	if (from == NULL || carry(ctx, from, to, &err) < 0)
		return cli_fail(ctx, &err);
	return carried(ctx, to);
}

const struct command cmd_db_export = {
	.name = "export",
	.summary = "write a verified copy, to be carried elsewhere",
	.usage = "[-f FORMAT] FILE",
	.options = format_options,
	.min_args = 1,
	.max_args = 1,
	.run = run_export,
};

static int run_import(struct cli_context *ctx)
{
	size_t n_args;
	const char *from = cli_args(ctx, &n_args)[0];
	const char *to = cmd_db_own_path(ctx);
	struct sk_err err;

	if (to == NULL)
		return cli_usage_error(ctx, "without a home directory --db names the destination");
	if (cmd_db_make_parents(to, &err) < 0 || carry(ctx, from, to, &err) < 0)
		return cli_fail(ctx, &err);
	return carried(ctx, to);
}

const struct command cmd_db_import = {
	.name = "import",
	.summary = "check a database that was carried here and make it one's own",
	.usage = "[-f FORMAT] FILE",
	.options = format_options,
	.min_args = 1,
	.max_args = 1,
	.run = run_import,
};
