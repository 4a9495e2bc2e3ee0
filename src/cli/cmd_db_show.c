/* SPDX-License-Identifier: Apache-2.0 */
/* stockade db info, db lookup: what a database is made of and what it says. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/cli-priv.h"
#include "cli/cmd_db-priv.h"
#include "vulndb/text.h"

enum {
	MAX_CELL = 64 * 1024,
	SECONDS_A_DAY = 86400,
};

void cmd_db_put_time(struct sk_jw *w, const char *key, int64_t t)
{
	char text[SK_TIME_TEXT_SIZE];

	if (t == 0)
		sk_jw_null(w, key);
	else
		sk_jw_str(w, key, sk_format_time(t, text));
}

void cmd_db_put_database(struct sk_jw *w, const char *key, const char *path,
			 const struct vulndb *db)
{
	struct vulndb_counts counts;
	char digest[SK_DIGEST_TEXT_SIZE];

	vulndb_count(db, &counts);
	sk_jw_object(w, key);
	sk_jw_str(w, "path", path);
	sk_jw_str(w, "digest", sk_digest_text(vulndb_digest(db), digest));
	cmd_db_put_time(w, "built", counts.built);
	sk_jw_u64(w, "size", counts.size);
	sk_jw_end_object(w);
}

void cmd_db_print(struct sk_span s, int width)
{
	struct sk_buf cell;
	size_t columns;

	sk_buf_init(&cell, MAX_CELL);
	(void)sk_text_escape(&cell, s);
	columns = sk_text_width(sk_buf_span(&cell));
	(void)fwrite(cell.ptr != NULL ? cell.ptr : "", 1, cell.len, stdout);
	for (; width > 0 && columns < (size_t)width; columns++)
		(void)putchar(' ');
	sk_buf_release(&cell);
}

const char *cmd_db_state_text(const struct vulndb_claim *c)
{
	static const char *const words[] = {
#define X(name, word) [VULNDB_CLAIM_##name] = word,
		VULNDB_CLAIM_STATES(X)
#undef X
	};
	struct vulndb_range r;

	/* As reports have it: affected, and a fixed version exists. */
	for (uint32_t i = 0; i < c->n_ranges && c->state == VULNDB_CLAIM_AFFECTED; i++) {
		if (vulndb_claim_range(c, i, &r) == 0 && r.fixed.len != 0)
			return "fixed";
	}
	return words[c->state];
}

static void add_bound(struct sk_buf *b, const char *sign, struct sk_span bound, bool *first)
{
	if (bound.len == 0)
		return;
	(void)sk_buf_printf(b, "%s%s %.*s", *first ? "" : ", ", sign, SK_SPAN_ARG(bound));
	*first = false;
}

const char *cmd_db_range_text(struct sk_arena *a, const struct vulndb_claim *c)
{
	struct vulndb_range r;
	struct sk_span version;
	struct sk_buf b;
	const char *text;

	sk_buf_init(&b, MAX_CELL);
	for (uint32_t i = 0; i < c->n_ranges; i++) {
		bool first = true;

		if (vulndb_claim_range(c, i, &r) < 0)
			continue;
		if (i != 0)
			(void)sk_buf_add_str(&b, " or ");
		add_bound(&b, ">=", r.introduced, &first);
		add_bound(&b, "<", r.fixed, &first);
		add_bound(&b, "<=", r.last_affected, &first);
		if (first)
			(void)sk_buf_add_str(&b, "all versions");
	}
	for (uint32_t i = 0; i < c->n_versions; i++) {
		if (vulndb_claim_version(c, i, &version) < 0)
			break;
		(void)sk_buf_printf(&b, "%s%.*s",
				    i == 0 ? (c->n_ranges != 0 ? " or = " : "= ") : ", ",
				    SK_SPAN_ARG(version));
	}
	text = sk_arena_str(a, sk_buf_span(&b));
	sk_buf_release(&b);
	return text;
}

/* --- info --- */

static void put_age(struct sk_jw *w, int64_t newest, int64_t now)
{
	if (newest == 0)
		sk_jw_null(w, "age");
	else
		sk_jw_i64(w, "age", now - newest);
}

static void info_feed_json(struct sk_jw *w, const struct vulndb_feed *f, int64_t now)
{
	uint64_t skipped = 0;
	struct sk_span reason, family;
	uint64_t n;

	sk_jw_object(w, NULL);
	sk_jw_span(w, "name", f->name);
	sk_jw_u64(w, "records", f->documents);
	sk_jw_u64(w, "claims", f->claims);
	cmd_db_put_time(w, "oldest", f->oldest);
	cmd_db_put_time(w, "date", f->newest);
	put_age(w, f->newest, now);
	sk_jw_array(w, "ecosystems");
	for (uint32_t i = 0; vulndb_feed_family(f, i, &family); i++)
		sk_jw_span(w, NULL, family);
	sk_jw_end_array(w);
	sk_jw_array(w, "not_used");
	for (uint32_t i = 0; vulndb_feed_skipped(f, i, &reason, &n); i++) {
		sk_jw_object(w, NULL);
		sk_jw_span(w, "reason", reason);
		sk_jw_u64(w, "count", n);
		sk_jw_end_object(w);
		skipped += n;
	}
	sk_jw_end_array(w);
	sk_jw_u64(w, "skipped", skipped);
	sk_jw_end_object(w);
}

/* Age is that of the newest document: a database built today from old feeds is old. */
static int64_t newest_feed(const struct vulndb *db)
{
	struct vulndb_feed f;
	int64_t newest = 0;

	for (uint32_t i = 0; vulndb_feed_get(db, i, &f); i++) {
		if (f.newest > newest)
			newest = f.newest;
	}
	return newest;
}

static int info_json(const char *path, const struct vulndb *db, int64_t now)
{
	struct sk_sink sink = cli_stdout();
	struct vulndb_counts counts;
	char digest[SK_DIGEST_TEXT_SIZE];
	struct vulndb_feed f;
	struct sk_jw w;

	vulndb_count(db, &counts);
	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.db-info/1");
	sk_jw_str(&w, "path", path);
	sk_jw_str(&w, "digest", sk_digest_text(vulndb_digest(db), digest));
	sk_jw_u64(&w, "size", counts.size);
	sk_jw_object(&w, "format");
	sk_jw_u64(&w, "major", counts.major);
	sk_jw_u64(&w, "minor", counts.minor);
	sk_jw_end_object(&w);
	cmd_db_put_time(&w, "built", counts.built);
	sk_jw_i64(&w, "age", newest_feed(db) != 0 ? now - newest_feed(db) : 0);
	sk_jw_u64(&w, "ecosystems", counts.ecosystems);
	sk_jw_u64(&w, "packages", counts.packages);
	sk_jw_u64(&w, "advisories", counts.advisories);
	sk_jw_u64(&w, "vulnerabilities", counts.vulnerabilities);
	sk_jw_array(&w, "feeds");
	for (uint32_t i = 0; vulndb_feed_get(db, i, &f); i++)
		info_feed_json(&w, &f, now);
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static void info_feed_text(const struct vulndb_feed *f, int64_t now)
{
	char date[SK_TIME_TEXT_SIZE] = "-";
	char age[32] = "-";
	struct sk_span reason, family;
	uint64_t n;

	if (f->newest != 0) {
		(void)sk_format_date(f->newest, date);
		(void)snprintf(age, sizeof(age), "%" PRId64 " d",
			       (now - f->newest) / SECONDS_A_DAY);
	}
	cmd_db_print(f->name, 30);
	(void)printf(" %9" PRIu64 " %9" PRIu64 "  %-10s %7s", f->documents, f->claims, date, age);
	for (uint32_t i = 0; vulndb_feed_family(f, i, &family); i++) {
		(void)fputs(i != 0 ? ", " : "  ", stdout);
		cmd_db_print(family, 0);
	}
	(void)putchar('\n');
	for (uint32_t i = 0; vulndb_feed_skipped(f, i, &reason, &n); i++) {
		(void)printf("  not used: %" PRIu64 " ", n);
		cmd_db_print(reason, 0);
		(void)putchar('\n');
	}
}

static int run_info(struct cli_context *ctx)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	const char *path = NULL;
	struct vulndb_counts counts;
	char digest[SK_DIGEST_TEXT_SIZE];
	char date[SK_TIME_TEXT_SIZE];
	struct vulndb_feed f;
	struct sk_err err;
	int64_t now = (int64_t)time(NULL);
	size_t n_args;
	const char *const *args = cli_args(ctx, &n_args);
	int r;

	if (n_args != 0) {
		path = args[0];
		r = vulndb_open(path, &db, &err);
	} else {
		r = cmd_db_open(ctx, &path, &db, &err);
	}
	if (r < 0)
		return cli_fail(ctx, &err);
	if (cli_wants_json(ctx))
		return info_json(path, db, now);
	vulndb_count(db, &counts);
	(void)printf("%s\n  digest           %s\n  format           %" PRIu32 ".%" PRIu32
		     "\n  size             %" PRIu64 " bytes\n  newest document  %s, %" PRId64
		     " days ago\n",
		     path, sk_digest_text(vulndb_digest(db), digest), counts.major, counts.minor,
		     counts.size, sk_format_time(newest_feed(db), date),
		     newest_feed(db) != 0 ? (now - newest_feed(db)) / SECONDS_A_DAY : 0);
	(void)printf("  ecosystems       %" PRIu32 "\n  packages         %" PRIu64
		     "\n  advisories       %" PRIu32 "\n  vulnerabilities  %" PRIu32 "\n\n",
		     counts.ecosystems, counts.packages, counts.advisories, counts.vulnerabilities);
	(void)printf("%-30s %9s %9s  %-10s %7s  %s\n", "FEED", "DOCUMENTS", "CLAIMS", "NEWEST",
		     "AGE", "SPEAKS OF");
	for (uint32_t i = 0; vulndb_feed_get(db, i, &f); i++)
		info_feed_text(&f, now);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option format_options[] = {
	{"format", 'f', "FORMAT", NULL, "text or json", "text|json", 0},
	{NULL},
};

const struct command cmd_db_info = {
	.name = "info",
	.summary = "print feeds with counts and dates, digest and age",
	.usage = "[-f FORMAT] [FILE]",
	.options = format_options,
	.max_args = 1,
	.run = run_info,
};

/* --- lookup --- */

/** struct lookup - one run of it */
struct lookup {
	struct cli_context *ctx;
	const struct vulndb *db;
	struct vulndb_text *text; /* NULL: none */
	const char *ecosystem;    /* only this one, or NULL */
	struct sk_jw w;
	bool json;
	bool *vulns; /* that were named */
	uint32_t n_vulns;
	uint64_t n_claims;
};

static void put_span_or_null(struct sk_jw *w, const char *key, struct sk_span s)
{
	if (s.len != 0)
		sk_jw_span(w, key, s);
	else
		sk_jw_null(w, key);
}

/* Texts beside the database, where there are any and they belong to it. */
static struct vulndb_text *open_text(struct cli_context *ctx, const char *path,
				     const struct vulndb *db)
{
	const char *name = sk_arena_printf(cli_arena(ctx), "%s.text", path);
	struct vulndb_text *text = NULL;
	struct sk_err err;

	if (access(name, R_OK) == 0 && vulndb_text_open(name, db, &text, &err) < 0)
		sk_log(SK_LOG_WARN, "%s", err.msg);
	return text;
}

static bool get_text(const struct lookup *l, uint32_t index, struct vulndb_text_entry *ret)
{
	struct sk_err err;

	*ret = (struct vulndb_text_entry){0};
	if (l->text == NULL)
		return false;
	if (vulndb_text_get(l->text, index, cli_arena(l->ctx), ret, &err) == 0)
		return true;
	sk_log(SK_LOG_WARN, "%s", err.msg);
	return false;
}

static void put_cvss(struct sk_jw *w, const struct vulndb_cvss *cvss)
{
	sk_jw_object(w, NULL);
	sk_jw_str(w, "version", cvss->version);
	sk_jw_span(w, "vector", cvss->vector);
	sk_jw_decimal(w, "score", cvss->score, 1);
	sk_jw_span(w, "source", cvss->source);
	sk_jw_end_object(w);
}

static void put_vuln(struct lookup *l, uint32_t index)
{
	const struct vulndb *db = l->db;
	struct sk_jw *w = &l->w;
	struct vulndb_text_entry text;
	struct vulndb_vuln v;
	struct vulndb_cvss cvss;
	struct sk_err err;
	uint32_t alias;

	if (vulndb_vuln_get(db, index, &v, &err) < 0)
		return;
	(void)get_text(l, index, &text);
	sk_jw_object(w, NULL);
	sk_jw_span(w, "id", vulndb_id_text(db, v.id));
	put_span_or_null(w, "summary", text.summary);
	sk_jw_array(w, "aliases");
	for (uint32_t i = 0; i < v.n_aliases && vulndb_vuln_alias(&v, i, &alias) == 0; i++)
		sk_jw_span(w, NULL, vulndb_id_text(db, alias));
	sk_jw_end_array(w);
	sk_jw_str(w, "severity", model_severity_text(v.severity));
	if (v.severity_source != 0)
		sk_jw_span(w, "severity_source", vulndb_string(db, v.severity_source));
	else
		sk_jw_null(w, "severity_source");
	cmd_db_put_time(w, "published", v.published);
	sk_jw_array(w, "cvss");
	for (uint32_t i = 0; i < v.n_cvss && vulndb_vuln_cvss(&v, i, &cvss) == 0; i++)
		put_cvss(w, &cvss);
	for (size_t i = 0; i < text.n_cvss; i++)
		put_cvss(w, &text.cvss[i]);
	sk_jw_end_array(w);
	sk_jw_array(w, "references");
	for (size_t i = 0; i < text.n_references; i++)
		sk_jw_span(w, NULL, text.references[i]);
	sk_jw_end_array(w);
	if (v.kev) {
		sk_jw_object(w, "kev");
		cmd_db_put_time(w, "date_added", v.kev_added);
		sk_jw_bool(w, "ransomware", v.kev_ransomware);
		sk_jw_end_object(w);
	} else {
		sk_jw_null(w, "kev");
	}
	if (v.epss_known) {
		sk_jw_object(w, "epss");
		sk_jw_decimal(w, "score", (double)v.epss_score, 5);
		sk_jw_decimal(w, "percentile", (double)v.epss_percentile, 5);
		sk_jw_end_object(w);
	} else {
		sk_jw_null(w, "epss");
	}
	sk_jw_end_object(w);
}

static void put_lists(struct sk_jw *w, const struct vulndb_claim *c)
{
	struct vulndb_range r;
	struct sk_span version;

	sk_jw_array(w, "ranges");
	for (uint32_t i = 0; i < c->n_ranges && vulndb_claim_range(c, i, &r) == 0; i++) {
		sk_jw_object(w, NULL);
		put_span_or_null(w, "introduced", r.introduced);
		put_span_or_null(w, "fixed", r.fixed);
		put_span_or_null(w, "last_affected", r.last_affected);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
	sk_jw_array(w, "versions");
	for (uint32_t i = 0; i < c->n_versions && vulndb_claim_version(c, i, &version) == 0; i++)
		sk_jw_span(w, NULL, version);
	sk_jw_end_array(w);
}

static void put_advisory(struct sk_jw *w, const struct vulndb_advisory *adv)
{
	sk_jw_object(w, "advisory");
	sk_jw_span(w, "id", vulndb_id_text(adv->db, adv->id));
	sk_jw_span(w, "feed", vulndb_feed_name(adv->db, adv->feed));
	sk_jw_str(w, "severity", model_severity_text(adv->severity));
	cmd_db_put_time(w, "published", vulndb_advisory_published(adv));
	cmd_db_put_time(w, "modified", adv->modified);
	sk_jw_bool(w, "notice", adv->notice);
	sk_jw_bool(w, "withdrawn", adv->withdrawn);
	sk_jw_end_object(w);
}

static bool same_ecosystem(const char *asked, struct sk_span ecosystem)
{
	size_t n = strlen(asked);

	if (ecosystem.len < n ||
	    !sk_span_eq_nocase(sk_span_sub(ecosystem, 0, n), sk_span_str(asked)))
		return false;
	return ecosystem.len == n || ecosystem.ptr[n] == ':';
}

static void note_vulns(struct lookup *l, const struct vulndb_advisory *adv)
{
	uint32_t index;

	for (uint32_t i = 0; i < adv->n_vulns; i++) {
		if (vulndb_advisory_vuln(adv, i, &index) == 0 && index < l->n_vulns)
			l->vulns[index] = true;
	}
}

static void put_claim(struct lookup *l, struct sk_span name, const struct vulndb_claim *c,
		      const struct vulndb_advisory *adv)
{
	struct sk_jw *w = &l->w;
	struct vulndb_vuln v;
	struct sk_err err;
	uint32_t index;

	sk_jw_object(w, NULL);
	sk_jw_span(w, "ecosystem", c->ecosystem);
	sk_jw_span(w, "package", name);
	sk_jw_str(w, "package_kind",
		  (c->flags & VULNDB_CLAIM_BY_BINARY) != 0 ? "binary" : "source");
	put_advisory(w, adv);
	sk_jw_array(w, "vulnerabilities");
	for (uint32_t i = 0; i < adv->n_vulns; i++) {
		if (vulndb_advisory_vuln(adv, i, &index) == 0 &&
		    vulndb_vuln_get(l->db, index, &v, &err) == 0)
			sk_jw_span(w, NULL, vulndb_id_text(l->db, v.id));
	}
	sk_jw_end_array(w);
	sk_jw_str(w, "state", cmd_db_state_text(c));
	sk_jw_str(w, "severity", model_severity_text(c->severity));
	sk_jw_bool(w, "unimportant", (c->flags & VULNDB_CLAIM_UNIMPORTANT) != 0);
	sk_jw_bool(w, "correction", (c->flags & VULNDB_CLAIM_FOLLOW_UP) != 0);
	sk_jw_bool(w, "malicious", (c->flags & VULNDB_CLAIM_MALICIOUS) != 0);
	put_span_or_null(w, "module", c->module);
	put_span_or_null(w, "product", c->product);
	put_span_or_null(w, "arch", c->arch);
	put_lists(w, c);
	sk_jw_end_object(w);
}

static void print_claim(struct sk_span name, const struct vulndb_claim *c,
			const struct vulndb_advisory *adv)
{
	struct sk_arena *a = sk_arena_new();

	cmd_db_print(c->ecosystem, 20);
	(void)putchar(' ');
	cmd_db_print(name, 24);
	(void)putchar(' ');
	cmd_db_print(vulndb_id_text(adv->db, adv->id), 20);
	(void)printf(" %-19s ", cmd_db_state_text(c));
	if (c->module.len != 0) {
		cmd_db_print(c->module, 0);
		(void)fputs(": ", stdout);
	}
	cmd_db_print(sk_span_str(cmd_db_range_text(a, c)), 0);
	if ((c->flags & VULNDB_CLAIM_UNIMPORTANT) != 0)
		(void)fputs(" (unimportant)", stdout);
	if ((c->flags & VULNDB_CLAIM_FOLLOW_UP) != 0)
		(void)fputs(" (correction)", stdout);
	if (adv->withdrawn)
		(void)fputs(" (withdrawn)", stdout);
	(void)fputs("  [", stdout);
	cmd_db_print(vulndb_feed_name(adv->db, adv->feed), 0);
	(void)fputs("]\n", stdout);
	sk_arena_free(a);
}

static int walk_spelling(struct lookup *l, struct sk_span text, bool any_case, struct sk_err *err)
{
	sk_cleanup(vulndb_search_freep) struct vulndb_search *s =
		vulndb_search_new(l->db, text, any_case);
	struct vulndb_advisory adv;
	struct vulndb_claim c;
	struct sk_span name;
	int r;

	while ((r = vulndb_search_next(s, &name, &c, err)) > 0) {
		if (l->ecosystem != NULL && !same_ecosystem(l->ecosystem, c.ecosystem))
			continue;
		r = vulndb_advisory_get(l->db, c.advisory, &adv, err);
		if (r < 0)
			return r;
		note_vulns(l, &adv);
		l->n_claims++;
		if (l->json)
			put_claim(l, name, &c, &adv);
		else
			print_claim(name, &c, &adv);
	}
	return r;
}

/* A name that nobody spells so is meant in any case. */
static int walk(struct lookup *l, struct sk_span text, struct sk_err *err)
{
	int r = walk_spelling(l, text, false, err);

	return r < 0 || l->n_claims != 0 ? r : walk_spelling(l, text, true, err);
}

static void print_vuln(const struct lookup *l, uint32_t index)
{
	struct vulndb_text_entry text;
	struct vulndb_vuln v;
	struct vulndb_cvss cvss;
	struct sk_err err;
	uint32_t alias;

	if (vulndb_vuln_get(l->db, index, &v, &err) < 0)
		return;
	cmd_db_print(vulndb_id_text(l->db, v.id), 0);
	(void)printf("  %s", model_severity_text(v.severity));
	if (v.severity_source != 0) {
		(void)fputs(" by ", stdout);
		cmd_db_print(vulndb_string(l->db, v.severity_source), 0);
	}
	if (v.n_cvss != 0 && vulndb_vuln_cvss(&v, 0, &cvss) == 0) {
		(void)printf("  CVSS %.1f ", cvss.score);
		cmd_db_print(cvss.vector, 0);
	}
	if (v.kev)
		(void)printf("  exploited%s", v.kev_ransomware ? ", by ransomware" : "");
	if (v.epss_known)
		(void)printf("  EPSS %.5f", (double)v.epss_score);
	for (uint32_t i = 0; i < v.n_aliases && vulndb_vuln_alias(&v, i, &alias) == 0; i++) {
		(void)fputs(i == 0 ? "  also " : ", ", stdout);
		cmd_db_print(vulndb_id_text(l->db, alias), 0);
	}
	(void)putchar('\n');
	if (get_text(l, index, &text) && text.summary.len != 0) {
		(void)fputs("  ", stdout);
		cmd_db_print(text.summary, 0);
		(void)putchar('\n');
	}
	for (size_t i = 0; i < text.n_references; i++) {
		(void)fputs("  ", stdout);
		cmd_db_print(text.references[i], 0);
		(void)putchar('\n');
	}
}

static int run_lookup_json(struct lookup *l, const char *path, const char *text, struct sk_err *err)
{
	struct sk_sink sink = cli_stdout();
	int r;

	sk_jw_init(&l->w, &sink, 2);
	sk_jw_object(&l->w, NULL);
	sk_jw_str(&l->w, "schema", "stockade.db-lookup/1");
	sk_jw_str(&l->w, "query", text);
	cmd_db_put_database(&l->w, "database", path, l->db);
	sk_jw_array(&l->w, "claims");
	r = walk(l, sk_span_str(text), err);
	sk_jw_end_array(&l->w);
	sk_jw_array(&l->w, "vulnerabilities");
	for (uint32_t i = 0; i < l->n_vulns; i++) {
		if (l->vulns[i])
			put_vuln(l, i);
	}
	sk_jw_end_array(&l->w);
	sk_jw_end_object(&l->w);
	if (sk_jw_finish(&l->w) < 0 && r == 0)
		r = sk_err_set(err, EPIPE, "standard output cannot be written");
	return r;
}

static int run_lookup_text(struct lookup *l, const char *text, struct sk_err *err)
{
	uint32_t index;
	int r;

	if (vulndb_vuln_find(l->db, sk_span_str(text), &index))
		print_vuln(l, index);
	r = walk(l, sk_span_str(text), err);
	if (r == 0 && l->n_claims == 0)
		(void)printf("nothing is known of %s\n", text);
	return r;
}

/* Upper case as far as @n_upper, then lower. */
static const char *recase(struct sk_arena *a, const char *text, size_t n_upper)
{
	char *copy = sk_arena_strdup(a, text);

	for (size_t i = 0; copy[i] != '\0'; i++)
		copy[i] = i < n_upper ? sk_upper(copy[i]) : sk_lower(copy[i]);
	return copy;
}

/* "cve-2024-1", "ghsa-ABCD-…", "dsa-1-1" as the database spells them; other text as it is. */
static const char *id_spelling(struct cli_context *ctx, const struct vulndb *db, const char *text)
{
	const char *forms[] = {
		text,
		recase(cli_arena(ctx), text, strlen(text)),
		recase(cli_arena(ctx), text, strcspn(text, "-")),
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(forms); i++) {
		if (vulndb_has_id(db, sk_span_str(forms[i])))
			return forms[i];
	}
	return text;
}

static int run_lookup(struct cli_context *ctx)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	struct lookup l = {.ctx = ctx, .ecosystem = cli_option(ctx, "ecosystem")};
	struct vulndb_counts counts;
	const char *path = NULL;
	struct sk_err err;
	size_t n_args;
	const char *text;
	int r;

	r = cmd_db_open(ctx, &path, &db, &err);
	if (r < 0)
		return cli_fail(ctx, &err);
	text = id_spelling(ctx, db, cli_args(ctx, &n_args)[0]);
	vulndb_count(db, &counts);
	l.db = db;
	l.text = open_text(ctx, path, db);
	l.json = cli_wants_json(ctx);
	l.n_vulns = counts.vulnerabilities;
	l.vulns = sk_arena_alloc(cli_arena(ctx), (size_t)l.n_vulns + 1);
	r = l.json ? run_lookup_json(&l, path, text, &err) : run_lookup_text(&l, text, &err);
	vulndb_text_close(l.text);
	return r < 0 ? cli_fail(ctx, &err) : CLI_EXIT_CLEAN;
}

static const struct cli_option lookup_options[] = {
	{"ecosystem", 'e', "ECOSYSTEM", NULL, "only this ecosystem, e.g. npm, Debian:12", NULL, 0},
	{"format", 'f', "FORMAT", NULL, "text or json", "text|json", 0},
	{NULL},
};

const struct command cmd_db_lookup = {
	.name = "lookup",
	.summary = "list what is known of a package or of an identifier",
	.usage = "[-e ECOSYSTEM] [-f FORMAT] NAME|ID",
	.options = lookup_options,
	.min_args = 1,
	.max_args = 1,
	.run = run_lookup,
};
