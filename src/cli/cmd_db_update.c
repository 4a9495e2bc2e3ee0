/* SPDX-License-Identifier: Apache-2.0 */
/* stockade db update, db publish: databases over the network, from the public feeds or from a
 * site's own. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/cli-priv.h"
#include "cli/cmd_db-priv.h"
#include "cli/cmd_db.h"
#include "http/http.h"
#include "vulndb/build.h"
#include "vulndb/publish.h"
#include "vulndb/text.h"
#include "vulndb/update.h"

enum {
	DEFAULT_KEEP = 30, /* a month of daily publications gets deltas */
	MAX_KEEP = 900,
	MAX_KEY_SIZE = 64 * 1024,
};

static const struct cli_option update_options[] = {
	{"ecosystem", 'e', "ECOSYSTEM", "db.ecosystems", "OSV ecosystem to fetch, e.g. Debian, npm",
	 NULL, CLI_OPTION_REPEAT},
	{"source", 0, "SOURCE", "db.sources",
	 "feed to fetch: osv, alpine, debian, redhat, kev, epss, endoflife", NULL,
	 CLI_OPTION_REPEAT},
	{"from", 0, "URL", "db.from", "follow a publication instead of the public feeds", NULL, 0},
	{"key", 0, "FILE", "db.key", "public key of the publication, PEM", NULL, 0},
	{"allow-older", 0, NULL, NULL, "accept a publication older than the local database", NULL,
	 0},
	{"text", 0, NULL, "db.text", "titles, references and more ratings beside it, for db lookup",
	 NULL, 0},
	{"store", 0, "DIR", "db.store", "where fetched documents are kept", NULL, 0},
	{"format", 'f', "FORMAT", NULL, "text or json", "text|json", 0},
	{NULL},
};

static const struct cli_option publish_options[] = {
	{"key", 0, "FILE", "db.publish_key", "private key that signs, PEM", NULL, 0},
	{"text", 0, NULL, "db.text", "publish the texts beside the database, too", NULL, 0},
	{"keep", 0, "N", NULL, "versions that get a delta to the latest, default 30", NULL, 0},
	{"format", 'f', "FORMAT", NULL, "text or json", "text|json", 0},
	{NULL},
};

static int read_key(const char *path, bool private, struct sk_key **ret, struct sk_err *err)
{
	struct sk_buf pem;
	int r;

	sk_buf_init(&pem, MAX_KEY_SIZE);
	r = sk_read_file(AT_FDCWD, path, &pem, err);
	if (r == 0)
		r = private ? sk_key_read_private(sk_buf_span(&pem), ret, err)
			    : sk_key_read_public(sk_buf_span(&pem), ret, err);
	sk_buf_release(&pem);
	return r < 0 ? sk_err_wrap(err, r, "key %s", path) : 0;
}

static uint32_t config_ms(const struct cli_context *ctx, const char *key)
{
	const char *text = cli_config(ctx, key);
	uint64_t ms;

	return text != NULL && sk_parse_duration(sk_span_str(text), &ms) && ms < UINT32_MAX
		       ? (uint32_t)ms
		       : 0;
}

static int new_client(const struct cli_context *ctx, struct http_client **ret, struct sk_err *err)
{
	struct http_options opts = {
		.ca_file = cli_config(ctx, "network.ca_file"),
		.proxy = cli_config(ctx, "network.proxy"),
		.connect_timeout_ms = config_ms(ctx, "network.connect_timeout"),
		.stall_timeout_ms = config_ms(ctx, "network.stall_timeout"),
		.max_wait_ms = config_ms(ctx, "network.max_wait"),
	};

	return http_client_new(&opts, ret, err);
}

/* Fetching of a publication's files: over HTTP, or from a directory that was carried here. */
struct site {
	struct cli_context *cli;
	const char *base;
	struct http_client *http;
};

static int get_local(const struct site *s, const char *path, struct sk_buf *out, struct sk_err *err)
{
	const char *file =
		sk_arena_printf(cli_arena(s->cli), "%s/%s", s->base + strlen("file://"), path);

	return sk_read_file(AT_FDCWD, file, out, err);
}

static int get_remote(const struct site *s, const char *path, struct sk_buf *out,
		      struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct http_request req = {
		.url = sk_arena_printf(cli_arena(s->cli), "%s/%s", s->base, path),
		.max_size = out->max - out->len,
	};
	struct http_response resp;
	int r;

	if (fd < 0)
		return sk_err_errno(err, errno, "create a temporary file");
	r = http_fetch(s->http, &req, fd, &resp, err);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = sk_err_errno(err, errno, "read what was received");
	return r == 0 ? sk_read_fd(fd, out, err) : r;
}

static int site_get(void *ctx, const char *path, struct sk_buf *out, struct sk_err *err)
{
	const struct site *s = ctx;

	return s->http != NULL ? get_remote(s, path, out, err) : get_local(s, path, out, err);
}

static int print_follow(struct cli_context *ctx, const char *db_path,
			const struct vulndb_follow_result *res)
{
	static const char *const texts[] = {
		[VULNDB_FETCHED_NOTHING] = "unchanged",
		[VULNDB_FETCHED_DELTA] = "delta",
		[VULNDB_FETCHED_WHOLE] = "whole",
		[VULNDB_NOT_PUBLISHED] = "none",
	};
	bool changed = res->db != VULNDB_FETCHED_NOTHING;
	char digest[SK_DIGEST_TEXT_SIZE], built[SK_TIME_TEXT_SIZE];
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	(void)sk_digest_text(&res->digest, digest);
	(void)sk_format_time(res->built, built);
	if (!cli_wants_json(ctx)) {
		(void)printf("%s: %s, built %s, %" PRIu64 " bytes fetched%s%s\n%s\n", db_path,
			     changed ? "updated" : "is the latest", built, res->fetched,
			     res->db == VULNDB_FETCHED_DELTA ? " as a delta" : "",
			     res->text == VULNDB_NOT_PUBLISHED ? "" : ", with texts", digest);
		return CLI_EXIT_CLEAN;
	}
	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.db-update/1");
	sk_jw_str(&w, "path", db_path);
	sk_jw_str(&w, "file_digest", digest);
	sk_jw_str(&w, "built", built);
	sk_jw_u64(&w, "fetched", res->fetched);
	sk_jw_bool(&w, "changed", changed);
	sk_jw_bool(&w, "delta", res->db == VULNDB_FETCHED_DELTA);
	sk_jw_str(&w, "text", texts[res->text]);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static int follow(struct cli_context *ctx, const char *base, const char *db_path)
{
	sk_cleanup(http_client_freep) struct http_client *http = NULL;
	sk_cleanup(sk_key_freep) struct sk_key *key = NULL;
	const char *key_path = cli_option(ctx, "key");
	struct site site = {.cli = ctx, .base = base};
	const struct vulndb_fetch fetch = {.get = site_get, .ctx = &site};
	struct vulndb_follow_options opts = {
		.fetch = &fetch,
		.db_path = db_path,
		.allow_older = cli_switch(ctx, "allow-older"),
		.text = cli_switch(ctx, "text"),
	};
	struct vulndb_follow_result res;
	struct sk_err err;
	int r;

	if (key_path == NULL)
		return cli_usage_error(ctx, "--from needs --key: the publisher's public key");
	r = read_key(key_path, false, &key, &err);
	if (r == 0 && strncmp(base, "file://", 7) != 0) {
		r = new_client(ctx, &http, &err);
		site.http = http;
	}
	if (r == 0)
		opts.key = key;
	if (r == 0)
		r = vulndb_follow(&opts, &res, &err);
	if (r < 0)
		return cli_fail(ctx, &err);
	return print_follow(ctx, db_path, &res);
}

static int choose_sources(struct cli_context *ctx, struct vulndb_update_options *opts)
{
	static const enum vulndb_source usual[] = {
		VULNDB_SOURCE_OSV,  VULNDB_SOURCE_ALPINE,    VULNDB_SOURCE_KEV,
		VULNDB_SOURCE_EPSS, VULNDB_SOURCE_ENDOFLIFE,
	};
	size_t n;
	const char *const *names = cli_options(ctx, "source", &n);
	enum vulndb_source source;

	for (size_t i = 0; n == 0 && i < SK_ARRAY_LEN(usual); i++)
		opts->wanted[usual[i]] = true;
	for (size_t i = 0; i < n; i++) {
		if (!vulndb_source_find(names[i], &source))
			return cli_usage_error(ctx, "no feed has the name '%s'", names[i]);
		opts->wanted[source] = true;
	}
	for (size_t i = 0; i < VULNDB_N_SOURCES; i++)
		opts->urls[i] =
			cli_config(ctx, sk_arena_printf(cli_arena(ctx), "db.%s_url",
							vulndb_source_name((enum vulndb_source)i)));
	opts->ecosystems = cli_options(ctx, "ecosystem", &opts->n_ecosystems);
	return CLI_EXIT_CLEAN;
}

static const char *outcome(const struct vulndb_update_file *f)
{
	if (f->problem != NULL)
		return "problem";
	return f->changed ? "updated" : "unchanged";
}

static void print_store_text(const struct vulndb_update_result *res)
{
	for (size_t i = 0; i < res->n_files; i++) {
		const struct vulndb_update_file *f = &res->files[i];

		(void)printf("%-34s %-9s %10" PRIu64 " bytes", f->name, outcome(f), f->fetched);
		if (f->documents != 0)
			(void)printf(", %" PRIu64 " documents", f->documents);
		(void)putchar('\n');
		if (f->problem != NULL)
			(void)printf("    %s\n", f->problem);
	}
}

static int print_store_json(const struct vulndb_update_result *res, const char *db_path,
			    const struct vulndb_build_result *built)
{
	char digest[SK_DIGEST_TEXT_SIZE];
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.db-update/1");
	sk_jw_str(&w, "path", db_path);
	sk_jw_str(&w, "digest", built != NULL ? sk_digest_text(&built->digest, digest) : NULL);
	sk_jw_u64(&w, "fetched", res->fetched);
	sk_jw_bool(&w, "changed", built != NULL);
	sk_jw_array(&w, "files");
	for (size_t i = 0; i < res->n_files; i++) {
		sk_jw_object(&w, NULL);
		sk_jw_str(&w, "name", res->files[i].name);
		sk_jw_str(&w, "outcome", outcome(&res->files[i]));
		sk_jw_u64(&w, "fetched", res->files[i].fetched);
		sk_jw_u64(&w, "documents", res->files[i].documents);
		sk_jw_str(&w, "problem", res->files[i].problem);
		sk_jw_end_object(&w);
	}
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static int finish_store(struct cli_context *ctx, const struct vulndb_update_result *res,
			const char *store, const char *db_path)
{
	const struct vulndb_build_options opts = {
		.paths = &store, .n_paths = 1, .out = db_path, .text = cli_switch(ctx, "text")};
	bool build = res->changed || access(db_path, F_OK) < 0;
	struct vulndb_build_result built;
	struct sk_err err;

	if (!cli_wants_json(ctx))
		print_store_text(res);
	if (build && vulndb_build(&opts, cli_arena(ctx), &built, &err) < 0) {
		if (res->n_problems == res->n_files && res->n_files != 0)
			(void)sk_err_set(
				&err, SK_E_NETWORK,
				"none of the feeds could be fetched, and none was before: %s",
				res->files[0].problem);
		return cli_fail(ctx, &err);
	}
	vulndb_text_drop(db_path);
	if (!cli_wants_json(ctx))
		(void)printf("%s: %s, %" PRIu64 " bytes fetched\n", db_path,
			     build ? "updated" : "is the latest", res->fetched);
	else if (print_store_json(res, db_path, build ? &built : NULL) != CLI_EXIT_CLEAN)
		return CLI_EXIT_FAILURE;
	if (res->n_problems == 0)
		return CLI_EXIT_CLEAN;
	sk_log(SK_LOG_ERROR,
	       "%zu of %zu feed files could not be updated; what was there before is used for them",
	       res->n_problems, res->n_files);
	return CLI_EXIT_FAILURE;
}

static int update_from_feeds(struct cli_context *ctx, const char *db_path)
{
	sk_cleanup(http_client_freep) struct http_client *http = NULL;
	struct cli_progress line = {0};
	const struct vulndb_update_progress progress = {.update = cli_progress_show, .ctx = &line};
	const char *store = cli_option(ctx, "store");
	struct vulndb_update_options opts = {0};
	struct vulndb_update_result res;
	struct sk_err err;
	int r = choose_sources(ctx, &opts);

	if (r != CLI_EXIT_CLEAN)
		return r;
	opts.store = store != NULL ? store : sk_arena_printf(cli_arena(ctx), "%s.feeds", db_path);
	if (cli_is_terminal(STDERR_FILENO) && !cli_is_quiet(ctx))
		opts.progress = &progress;
	r = new_client(ctx, &http, &err);
	opts.http = http;
	if (r == 0)
		r = vulndb_update_store(&opts, cli_arena(ctx), &res, &err);
	cli_progress_end(&line);
	if (r < 0)
		return cli_fail(ctx, &err);
	return finish_store(ctx, &res, opts.store, db_path);
}

static int run_update(struct cli_context *ctx)
{
	const char *db_path = cmd_db_own_path(ctx);
	const char *base = cli_option(ctx, "from");
	struct sk_err err;
	int lock = -1;
	int r;

	if (db_path == NULL)
		return cli_usage_error(ctx, "no home directory: name the database with --db");
	r = cmd_db_make_parents(db_path, &err);
	if (r == 0)
		r = vulndb_lock(db_path, &lock, &err);
	if (r < 0)
		return cli_fail(ctx, &err);
	r = base != NULL ? follow(ctx, base, db_path) : update_from_feeds(ctx, db_path);
	sk_closep(&lock);
	return r;
}

const struct command cmd_db_update = {
	.name = "update",
	.summary = "fetch what changed and replace the local database",
	.usage = "[--ecosystem ECOSYSTEM]... | --from URL --key FILE",
	.options = update_options,
	.run = run_update,
};

static int print_published(struct cli_context *ctx, const char *dir,
			   const struct vulndb_publish_result *res)
{
	char digest[SK_DIGEST_TEXT_SIZE];
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	(void)sk_digest_text(&res->digest, digest);
	if (!cli_wants_json(ctx)) {
		(void)printf("%s: %s\n%s\nwhole file: %" PRIu64 " bytes (%" PRIu64 " unpacked)\n",
			     dir, res->unchanged ? "has this database already" : "published",
			     digest, res->full_size, res->size);
		if (res->text_full_size != 0)
			(void)printf("its texts: %" PRIu64
				     " bytes, from the version before: %" PRIu64 " bytes\n",
				     res->text_full_size, res->text_last_delta_size);
		if (res->n_deltas != 0)
			(void)printf("deltas: %zu; from the version before: %" PRIu64 " bytes\n",
				     res->n_deltas, res->last_delta_size);
		return CLI_EXIT_CLEAN;
	}
	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.db-publish/1");
	sk_jw_str(&w, "directory", dir);
	sk_jw_str(&w, "file_digest", digest);
	sk_jw_u64(&w, "size", res->size);
	sk_jw_u64(&w, "full_size", res->full_size);
	sk_jw_u64(&w, "deltas", res->n_deltas);
	sk_jw_u64(&w, "last_delta_size", res->last_delta_size);
	sk_jw_u64(&w, "text_full_size", res->text_full_size);
	sk_jw_u64(&w, "text_last_delta_size", res->text_last_delta_size);
	sk_jw_bool(&w, "changed", !res->unchanged);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static int run_publish(struct cli_context *ctx)
{
	sk_cleanup(sk_key_freep) struct sk_key *key = NULL;
	const char *key_path = cli_option(ctx, "key");
	const char *keep = cli_option(ctx, "keep");
	struct vulndb_publish_options opts = {.keep = DEFAULT_KEEP,
					      .text = cli_switch(ctx, "text")};
	struct vulndb_publish_result res;
	struct sk_err err;
	uint32_t n_keep;
	size_t n;
	int r;

	if (key_path == NULL)
		return cli_usage_error(ctx, "publishing needs --key: an Ed25519 private key");
	if (keep != NULL) {
		if (!sk_parse_u32(sk_span_str(keep), &n_keep) || n_keep > MAX_KEEP)
			return cli_usage_error(ctx, "--keep takes a number from 0 to %d", MAX_KEEP);
		opts.keep = n_keep;
	}
	opts.dir = cli_args(ctx, &n)[0];
	opts.db_path = cmd_db_found_path(ctx, &err);
	if (opts.db_path == NULL)
		return cli_fail(ctx, &err);
	r = read_key(key_path, true, &key, &err);
	opts.key = key;
	if (r == 0)
		r = vulndb_publish(&opts, &res, &err);
	if (r < 0)
		return cli_fail(ctx, &err);
	return print_published(ctx, opts.dir, &res);
}

const struct command cmd_db_publish = {
	.name = "publish",
	.summary = "write the database as signed static files with deltas",
	.usage = "[--keep N] --key FILE DIR",
	.options = publish_options,
	.min_args = 1,
	.max_args = 1,
	.run = run_publish,
};
