/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases from small feeds: testdata/NAME.in is the input, testdata/NAME.out what the database
 * says then, one line a claim. Then the file itself: damage, determinism, all ways in.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "vulndb/build.h"
#include "vulndb/db-priv.h"
#include "vulndb/query.h"
#include "vulndb/text-priv.h"

struct fixture {
	char dir[64];
	char out[128];
	const char *data; /* testdata */
	struct sk_arena *arena;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->data = *state;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/sk-vulndb-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	(void)snprintf(f->out, sizeof(f->out), "%s/out.db", f->dir);
	f->arena = sk_arena_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char *cmd = NULL;
	int r = 0;

	/* Everything in it was made here, by plain names. */
	if (asprintf(&cmd, "%s/d", f->dir) >= 0) {
		(void)unlink(cmd);
		(void)rmdir(cmd);
		free(cmd);
	}
	(void)unlink(f->out);
	r = rmdir(f->dir);
	sk_arena_free(f->arena);
	free(f);
	return r == 0 || errno == ENOTEMPTY ? 0 : -1;
}

static const char *put(struct fixture *f, const char *name, const char *text, size_t len)
{
	char *path = sk_arena_printf(f->arena, "%s/%s", f->dir, name);
	struct sk_err err;

	assert_int_equal(sk_write_file_atomic(AT_FDCWD, path, sk_span_of(text, len), 0644, &err),
			 0);
	return path;
}

static int build(struct fixture *f, const char *const *paths, size_t n,
		 struct vulndb_build_result *res, struct sk_err *err)
{
	struct vulndb_build_options opts = {.paths = paths, .n_paths = n, .out = f->out, .jobs = 1};

	return vulndb_build(&opts, f->arena, res, err);
}

static struct vulndb *build_text(struct fixture *f, const char *text)
{
	const char *path = put(f, "in.jsonl", text, strlen(text));
	struct vulndb_build_result res;
	struct vulndb *db = NULL;
	struct sk_err err = {0};

	if (build(f, &path, 1, &res, &err) < 0 || vulndb_open(f->out, &db, &err) < 0)
		print_error("%s\n", err.msg);
	assert_non_null(db);
	(void)unlink(path);
	return db;
}

/* --- what a database says, as text --- */

static void add(struct sk_buf *b, const char *before, struct sk_span s)
{
	if (s.len == 0)
		return;
	(void)sk_buf_add_str(b, before);
	(void)sk_buf_add_span(b, s);
}

static void add_lists(struct sk_buf *b, const struct vulndb_claim *c)
{
	struct vulndb_range r;
	struct sk_span v;

	for (uint32_t i = 0; i < c->n_ranges; i++) {
		assert_int_equal(vulndb_claim_range(c, i, &r), 0);
		(void)sk_buf_add_str(b, " [");
		add(b, "", r.introduced);
		add(b, " <", r.fixed);
		add(b, " <=", r.last_affected);
		(void)sk_buf_add_char(b, ']');
	}
	for (uint32_t i = 0; i < c->n_versions; i++) {
		assert_int_equal(vulndb_claim_version(c, i, &v), 0);
		add(b, " =", v);
	}
}

static void add_vulns(struct sk_buf *b, const struct vulndb *db, const struct vulndb_advisory *adv)
{
	for (uint32_t i = 0; i < adv->n_vulns; i++) {
		struct vulndb_vuln v;
		struct vulndb_cvss cvss;
		struct sk_err err;
		uint32_t alias = 0, index = 0;

		assert_int_equal(vulndb_advisory_vuln(adv, i, &index), 0);
		assert_int_equal(vulndb_vuln_get(db, index, &v, &err), 0);
		add(b, " ", vulndb_id_text(db, v.id));
		for (uint32_t k = 0; k < v.n_aliases; k++) {
			assert_int_equal(vulndb_vuln_alias(&v, k, &alias), 0);
			add(b, "=", vulndb_id_text(db, alias));
		}
		if (v.severity != MODEL_SEVERITY_UNKNOWN) {
			(void)sk_buf_printf(b, ":%s", model_severity_text(v.severity));
			add(b, "/", vulndb_string(db, v.severity_source));
		}
		if (v.n_cvss != 0 && vulndb_vuln_cvss(&v, 0, &cvss) == 0)
			(void)sk_buf_printf(b, ":%.1f", cvss.score);
		(void)sk_buf_add_str(b, v.kev ? v.kev_ransomware ? ":kev!" : ":kev" : "");
		if (v.epss_known)
			(void)sk_buf_printf(b, ":epss%.2f", (double)v.epss_score);
	}
}

static void add_claim(struct sk_buf *b, const struct vulndb *db, struct sk_span name,
		      const struct vulndb_claim *c)
{
	static const char *const states[] = {"affected", "not",    "wontfix",
					     "deferred", "unsure", "eol"};
	struct vulndb_advisory adv;
	struct sk_span id, feed;
	struct sk_err err;

	assert_int_equal(vulndb_advisory_get(db, c->advisory, &adv, &err), 0);
	id = vulndb_id_text(db, adv.id);
	feed = vulndb_feed_name(db, adv.feed);
	add(b, "", c->ecosystem);
	add(b, " ", name);
	(void)sk_buf_printf(b, " %s", states[c->state]);
	(void)sk_buf_add_str(b, (c->flags & VULNDB_CLAIM_UNIMPORTANT) != 0 ? " unimportant" : "");
	(void)sk_buf_add_str(b, (c->flags & VULNDB_CLAIM_FOLLOW_UP) != 0 ? " follow-up" : "");
	(void)sk_buf_add_str(b, (c->flags & VULNDB_CLAIM_MALICIOUS) != 0 ? " malicious" : "");
	(void)sk_buf_add_str(b, (c->flags & VULNDB_CLAIM_BY_BINARY) != 0 ? " binary" : "");
	if (c->severity != MODEL_SEVERITY_UNKNOWN)
		(void)sk_buf_printf(b, " %s", model_severity_text(c->severity));
	add(b, " module=", c->module);
	add(b, " arch=", c->arch);
	add_lists(b, c);
	(void)sk_buf_add_str(b, " |");
	add_vulns(b, db, &adv);
	(void)sk_buf_printf(b, " | %.*s, %.*s%s%s", SK_SPAN_ARG(id), SK_SPAN_ARG(feed),
			    adv.notice ? ", notice" : "", adv.withdrawn ? ", withdrawn" : "");
	if (adv.severity != MODEL_SEVERITY_UNKNOWN)
		(void)sk_buf_printf(b, ", %s", model_severity_text(adv.severity));
	(void)sk_buf_add_char(b, '\n');
}

static int cmp_line(const void *pa, const void *pb)
{
	return strcmp(*(char *const *)pa, *(char *const *)pb);
}

/* All claims, sorted, then what was not used. */
static char *dump(struct fixture *f, const struct vulndb *db)
{
	struct vulndb_search *s = vulndb_search_new(db, sk_span_of("", 0), false);
	char *lines[512];
	size_t n = 0;
	struct vulndb_claim c;
	struct vulndb_feed feed;
	struct sk_span name;
	struct sk_span reason;
	uint64_t count;
	struct sk_err err;
	struct sk_buf b;
	char *text;

	sk_buf_init(&b, 1 << 20);
	while (vulndb_search_next(s, &name, &c, &err) > 0 && n < 512) {
		sk_buf_reset(&b);
		add_claim(&b, db, name, &c);
		lines[n++] = sk_arena_str(f->arena, sk_buf_span(&b));
	}
	vulndb_search_free(s);
	qsort(lines, n, sizeof(lines[0]), cmp_line);
	sk_buf_reset(&b);
	for (size_t i = 0; i < n; i++)
		(void)sk_buf_add_str(&b, lines[i]);
	for (uint32_t i = 0; vulndb_feed_get(db, i, &feed); i++) {
		for (uint32_t k = 0; vulndb_feed_skipped(&feed, k, &reason, &count); k++)
			(void)sk_buf_printf(&b, "%.*s: %d %.*s\n", SK_SPAN_ARG(feed.name),
					    (int)count, SK_SPAN_ARG(reason));
	}
	text = sk_arena_str(f->arena, sk_buf_span(&b));
	sk_buf_release(&b);
	return text;
}

static char *slurp(struct fixture *f, const char *path)
{
	struct sk_buf b;
	struct sk_err err = {0};
	char *text;

	sk_buf_init(&b, 1 << 20);
	if (sk_read_file(AT_FDCWD, path, &b, &err) < 0)
		print_error("%s\n", err.msg);
	text = sk_arena_str(f->arena, sk_buf_span(&b));
	sk_buf_release(&b);
	return text;
}

static void test_cases(void **state)
{
	static const char *const cases[] = {"osv",    "identity", "rpm",    "alpine",
					    "debian", "ubuntu",   "signals"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *in = sk_arena_printf(f->arena, "%s/%s.in", f->data, cases[i]);
		const char *out = sk_arena_printf(f->arena, "%s/%s.out", f->data, cases[i]);
		struct vulndb_build_result res;
		struct vulndb *db = NULL;
		struct sk_err err = {0};
		char *text;

		if (build(f, &in, 1, &res, &err) < 0 || vulndb_open(f->out, &db, &err) < 0)
			print_error("%s: %s\n", in, err.msg);
		assert_non_null(db);
		assert_int_equal(vulndb_verify(db, &err), 0);
		text = dump(f, db);
		if (getenv("SK_SHOW") != NULL)
			(void)printf("== %s\n%s", cases[i], text);
		else
			assert_string_equal(text, slurp(f, out));
		vulndb_close(db);
	}
}

/* --- look-ups --- */

static const char two_docs[] =
	"{\"id\":\"GHSA-aaaa-bbbb-cccc\",\"modified\":\"2024-01-02T00:00:00Z\",\"affected\":[{"
	"\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"Some_.Thing\"},\"ranges\":[{\"type\":"
	"\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.2\"}]}]}]}\n"
	"{\"id\":\"CVE-2024-0001\",\"modified\":\"2024-01-02T00:00:00Z\",\"affected\":[{"
	"\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"openssl\"},\"ranges\":[{\"type\":"
	"\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"3.0.11-1\"}]}]},{"
	"\"package\":{\"ecosystem\":\"Debian:11\",\"name\":\"openssl\"},\"ranges\":[{\"type\":"
	"\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}]}]}]}\n";

static size_t count(const struct vulndb *db, const char *ecosystem, const char *name)
{
	struct vulndb_iter it;
	struct vulndb_claim c;
	struct sk_err err;
	size_t n = 0;

	vulndb_lookup(db, sk_span_str(ecosystem), sk_span_str(name), &it);
	while (vulndb_next(&it, &c, &err) > 0)
		n++;
	return n;
}

static void test_lookup(void **state)
{
	struct vulndb *db = build_text(*state, two_docs);
	uint32_t index;

	assert_int_equal(count(db, "Debian:12", "openssl"), 1);
	assert_int_equal(count(db, "Debian:11", "openssl"), 1);
	assert_int_equal(count(db, "Debian:10", "openssl"), 0);
	assert_int_equal(count(db, "Debian", "openssl"), 0);
	assert_int_equal(count(db, "Debian:12", "openss"), 0);
	assert_int_equal(count(db, "Debian:12", "openssl1"), 0);
	assert_int_equal(count(db, "Debian:12", ""), 0);
	assert_int_equal(count(db, "", "openssl"), 0);
	assert_int_equal(count(db, "PyPI", "some-thing"), 1);
	assert_int_equal(count(db, "PyPI", "SOME...THING"), 1);
	assert_int_equal(count(db, "PyPI", "something"), 0);
	assert_true(vulndb_has_ecosystem(db, sk_span_str("Debian:11")));
	assert_false(vulndb_has_ecosystem(db, sk_span_str("Debian:10")));
	assert_true(vulndb_vuln_find(db, sk_span_str("GHSA-aaaa-bbbb-cccc"), &index));
	assert_false(vulndb_vuln_find(db, sk_span_str("CVE-2024-9"), &index));
	vulndb_close(db);
}

#define SAME_WORDS(id, releases)                                                                   \
	"{\"id\":\"" id "\",\"modified\":\"2024-01-02T00:00:00Z\",\"affected\":[" releases "]}\n"
#define SAME_PACKAGE(release, fixed)                                                               \
	"{\"package\":{\"ecosystem\":\"" release "\",\"name\":\"a\"},\"ranges\":[{\"type\":"       \
	"\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}" fixed "]}]}"

static const char same_words[] = SAME_WORDS("CVE-2024-1", SAME_PACKAGE("Debian:12", ""))
	SAME_WORDS("CVE-2024-2", SAME_PACKAGE("Debian:12", "") "," SAME_PACKAGE("Debian:11", ""))
		SAME_WORDS("CVE-2024-4", SAME_PACKAGE("Debian:12", ""))
			SAME_WORDS("CVE-2024-5", SAME_PACKAGE("Debian:12", ",{\"fixed\":\"3\"}"));

/* Identifiers of the advisories, group by group; each must be what its own record says. */
static const char *group_ids(struct fixture *f, const struct vulndb *db, const char *ecosystem)
{
	struct vulndb_iter it;
	struct vulndb_claim c;
	struct vulndb_advisory adv;
	struct sk_err err;
	const char *text = "";
	int r;

	vulndb_lookup(db, sk_span_str(ecosystem), sk_span_str("a"), &it);
	while ((r = vulndb_next_group(&it, &c, &err)) > 0) {
		text = sk_arena_printf(f->arena, "%s[", text);
		do {
			const char *id;

			vulndb_soon(db, VULNDB_RECORD_ADVISORY, c.advisory, VULNDB_STEP_RECORD);
			assert_int_equal(vulndb_advisory_get(db, c.advisory, &adv, &err), 0);
			id = vulndb_id_copy(db, adv.id, f->arena);
			assert_true(sk_span_eq_str(vulndb_id_text(db, adv.id), id));
			text = sk_arena_printf(f->arena, "%s %s", text, id + strlen("CVE-2024-"));
			r = vulndb_claim_next(&c);
		} while (r > 0);
		assert_int_equal(r, 0);
		text = sk_arena_printf(f->arena, "%s ]", text);
	}
	assert_int_equal(r, 0);
	return text;
}

static void test_groups(void **state)
{
	struct vulndb *db = build_text(*state, same_words);

	assert_string_equal(group_ids(*state, db, "Debian:12"), "[ 1 4 ][ 2 ][ 5 ]");
	assert_string_equal(group_ids(*state, db, "Debian:11"), "[ 2 ]");
	assert_string_equal(group_ids(*state, db, "Debian:10"), "");
	assert_null(vulndb_id_copy(db, 4, ((struct fixture *)*state)->arena));
	vulndb_soon(db, VULNDB_RECORD_ID, UINT32_MAX, VULNDB_STEP_RECORD); /* is none */
	vulndb_close(db);
}

/* Many names, so that every place in a block and every block is asked. */
static void test_names(void **state)
{
	struct fixture *f = *state;
	struct sk_buf b;
	struct vulndb *db;
	char name[32];

	sk_buf_init(&b, 1 << 22);
	for (int i = 0; i < 1000; i++)
		(void)sk_buf_printf(&b,
				    "{\"id\":\"MAL-2024-%d\",\"modified\":\"2024-01-02T00:00:00Z\","
				    "\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":"
				    "\"p%x\"},\"versions\":[\"1.0.%d\"]}]}\n",
				    i, (unsigned)i * 7, i);
	db = build_text(f, b.ptr);
	sk_buf_release(&b);
	for (unsigned i = 0; i < 7100; i++) {
		(void)snprintf(name, sizeof(name), "p%x", i);
		assert_int_equal(count(db, "npm", name), i % 7 == 0 && i < 7000);
	}
	vulndb_close(db);
}

/* --- damage --- */

static void load(struct fixture *f, struct sk_buf *b)
{
	struct sk_err err;

	sk_buf_init(b, 1 << 22);
	assert_int_equal(sk_read_file(AT_FDCWD, f->out, b, &err), 0);
}

static void test_flips(void **state)
{
	struct fixture *f = *state;
	struct sk_buf b;
	struct sk_err err;

	vulndb_close(build_text(f, two_docs));
	load(f, &b);
	for (size_t i = 0; i < b.len; i++) {
		struct vulndb *db = NULL;

		b.ptr[i] = (char)(b.ptr[i] ^ (1 << i % 8));
		if (vulndb_open_bytes(sk_buf_span(&b), &db, &err) == 0) {
			if (vulndb_verify(db, &err) == 0)
				print_error("flip at %zu of %zu was not found\n", i, b.len);
			assert_int_not_equal(vulndb_verify(db, &err), 0);
			(void)count(db, "Debian:12", "openssl");
			vulndb_close(db);
		}
		b.ptr[i] = (char)(b.ptr[i] ^ (1 << i % 8));
	}
	for (size_t len = 0; len < b.len; len++) {
		struct vulndb *db = NULL;

		assert_true(vulndb_open_bytes(sk_span_of(b.ptr, len), &db, &err) < 0);
	}
	sk_buf_release(&b);
}

static void test_newer_minor(void **state)
{
	struct fixture *f = *state;
	struct vulndb_header *h;
	struct vulndb *db = NULL;
	struct sk_err err;
	struct sk_buf b;

	vulndb_close(build_text(f, two_docs));
	load(f, &b);
	h = (struct vulndb_header *)(void *)b.ptr;
	h->major[0]++;
	assert_int_equal(vulndb_open_bytes(sk_buf_span(&b), &db, &err), -SK_E_UNSUPPORTED);
	h->major[0]--;
	/* A section of a type from the future is skipped: the last one gets such a number. */
	{
		struct vulndb_section *s = (struct vulndb_section *)(void *)(b.ptr + sizeof(*h));
		struct sk_hasher *hasher = sk_hasher_new(SK_DIGEST_SHA256);
		struct sk_digest d;
		uint32_t n = vulndb_le32(h->n_sections);

		h->minor[0]++;
		s[n - 1].type[0] = 200;
		sk_hasher_add(hasher, h, 32);
		sk_hasher_add(hasher, s, (size_t)n * sizeof(*s));
		sk_hasher_finish(hasher, &d);
		sk_hasher_free(hasher);
		memcpy(h->digest, d.bytes, sizeof(h->digest));
	}
	assert_int_equal(vulndb_open_bytes(sk_buf_span(&b), &db, &err), 0);
	assert_int_equal(vulndb_verify(db, &err), 0);
	assert_int_equal(count(db, "Debian:12", "openssl"), 1);
	vulndb_close(db);
	sk_buf_release(&b);
}

/* --- texts --- */

static const char rated_doc[] =
	"{\"id\":\"GHSA-aaaa-bbbb-cccc\",\"modified\":\"2024-01-02T00:00:00Z\",\"aliases\":["
	"\"CVE-2024-0001\"],\"summary\":\"A thing\",\"details\":\"Long.\",\"severity\":[{"
	"\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"},{\"score\":"
	"\"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N\"}],\"references\":["
	"{\"url\":\"https://b.example/\"},{\"url\":\"https://a.example/\"},{\"url\":"
	"\"https://b.example/\"}],\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":"
	"\"a\"},\"versions\":[\"1.0.0\"]}]}\n";

static void test_texts(void **state)
{
	struct fixture *f = *state;
	const char *in = put(f, "in.jsonl", rated_doc, strlen(rated_doc));
	const char *name = sk_arena_printf(f->arena, "%s.text", f->out);
	struct vulndb_build_options opts = {
		.paths = &in, .n_paths = 1, .out = f->out, .text = true};
	struct vulndb_build_result res;
	struct vulndb_text_entry e;
	struct vulndb_text *text = NULL;
	struct vulndb *db = NULL;
	struct sk_err err = {0};
	struct sk_buf b;

	assert_int_equal(vulndb_build(&opts, f->arena, &res, &err), 0);
	assert_int_equal(vulndb_open(f->out, &db, &err), 0);
	assert_int_equal(vulndb_text_open(name, db, &text, &err), 0);
	assert_int_equal(vulndb_text_get(text, 0, f->arena, &e, &err), 0);
	assert_true(sk_span_eq_str(e.summary, "A thing"));
	assert_int_equal(e.n_references, 2);
	assert_true(sk_span_eq_str(e.references[0], "https://a.example/"));
	assert_int_equal(e.n_cvss, 1);
	assert_string_equal(e.cvss[0].version, "4.0");
	assert_true(e.cvss[0].score > 9.25 && e.cvss[0].score < 9.35);
	assert_int_equal(vulndb_text_get(text, 256, f->arena, &e, &err), -SK_E_FORMAT);
	vulndb_text_close(text);
	sk_buf_init(&b, 1 << 20);
	assert_int_equal(sk_read_file(AT_FDCWD, name, &b, &err), 0);
	for (size_t i = 0; i < b.len; i++) {
		b.ptr[i] = (char)(b.ptr[i] ^ 4);
		text = NULL;
		assert_true(vulndb_text_open_bytes(sk_buf_span(&b), db, &text, &err) < 0 ||
			    vulndb_text_verify(text, &err) < 0);
		vulndb_text_close(text);
		b.ptr[i] = (char)(b.ptr[i] ^ 4);
	}
	sk_buf_release(&b);
	vulndb_close(db);
	/* They are of one database only. */
	db = build_text(f, two_docs);
	assert_int_equal(vulndb_text_open(name, db, &text, &err), -SK_E_DIGEST);
	vulndb_close(db);
	(void)unlink(name);
	(void)unlink(in);
}

/* --- ways in --- */

static void test_repeated(void **state)
{
	static const char old[] =
		"{\"id\":\"CVE-2024-0005\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{"
		"\"package\":{\"ecosystem\":\"npm\",\"name\":\"a\"},\"ranges\":[{\"type\":"
		"\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.0.0\"}]}]}]}\n";
	static const char new[] =
		"{\"id\":\"CVE-2024-0005\",\"modified\":\"2024-01-01T00:00:01Z\",\"affected\":[{"
		"\"package\":{\"ecosystem\":\"npm\",\"name\":\"a\"},\"ranges\":[{\"type\":"
		"\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"2.0.0\"}]}]}]}\n";
	struct fixture *f = *state;
	const char *a = put(f, "a.jsonl", old, strlen(old));
	const char *b = put(f, "b.jsonl", new, strlen(new));
	const char *orders[2][2] = {{a, b}, {b, a}};

	for (size_t i = 0; i < 2; i++) {
		struct vulndb_build_result res;
		struct vulndb *db = NULL;
		struct sk_err err;
		char *text;

		assert_int_equal(build(f, orders[i], 2, &res, &err), 0);
		assert_int_equal(vulndb_open(f->out, &db, &err), 0);
		text = dump(f, db);
		assert_non_null(strstr(text, "<2.0.0"));
		assert_null(strstr(text, "<1.0.0"));
		vulndb_close(db);
	}
	(void)unlink(a);
	(void)unlink(b);
}

static void test_same_bytes(void **state)
{
	struct fixture *f = *state;
	const char *in = sk_arena_printf(f->arena, "%s/osv.in", f->data);
	struct vulndb_build_options opts = {.paths = &in, .n_paths = 1, .out = f->out};
	struct vulndb_build_result res[3];
	struct sk_err err;

	for (int jobs = 0; jobs < 3; jobs++) {
		opts.jobs = jobs * 2 + 1;
		assert_int_equal(vulndb_build(&opts, f->arena, &res[jobs], &err), 0);
		assert_true(sk_digest_eq(&res[0].digest, &res[jobs].digest));
	}
}

/* The order of the input is no part of it. */
static void test_any_order(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"osv",    "identity", "rpm",
					    "alpine", "debian",   "signals"};
	enum {
		N = sizeof(names) / sizeof(names[0])
	};
	const char *paths[2][N];
	struct vulndb_build_result res[2];
	struct sk_err err;

	for (size_t i = 0; i < N; i++)
		paths[0][i] = paths[1][N - 1 - i] =
			sk_arena_printf(f->arena, "%s/%s.in", f->data, names[i]);
	assert_int_equal(build(f, paths[0], N, &res[0], &err), 0);
	assert_int_equal(build(f, paths[1], N, &res[1], &err), 0);
	assert_true(sk_digest_eq(&res[0].digest, &res[1].digest));
}

static void test_bad_documents(void **state)
{
	struct fixture *f = *state;
	struct vulndb_build_result res;
	struct vulndb *db = NULL;
	struct sk_err err = {0};
	struct sk_buf b;
	const char *path;

	sk_buf_init(&b, 1 << 16);
	(void)sk_buf_add_str(&b, two_docs);
	(void)sk_buf_add_str(&b, "{\"id\":\"CVE-2024-0007\",\"modified\":\"x\",\"affected\":{}}\n");
	(void)sk_buf_add_str(&b, "{\"id\":\n");
	path = put(f, "bad.jsonl", b.ptr, b.len);
	assert_int_equal(build(f, &path, 1, &res, &err), 0);
	assert_int_equal(res.bad, 2);
	assert_true(res.n_notes >= 2);
	assert_non_null(strstr(res.notes[0].message, "malformed document: 'CVE-2024-0007'"));
	/* Three more, and most of it is malformed: nothing changes. */
	for (int i = 0; i < 3; i++)
		(void)sk_buf_add_str(&b, "{\"id\":\n");
	(void)put(f, "bad.jsonl", b.ptr, b.len);
	assert_int_equal(build(f, &path, 1, &res, &err), -SK_E_FORMAT);
	assert_non_null(strstr(err.msg, "5 of 7 documents are malformed"));
	assert_int_equal(vulndb_open(f->out, &db, &err), 0);
	assert_int_equal(count(db, "Debian:12", "openssl"), 1);
	vulndb_close(db);
	(void)unlink(path);
	/* What is no feed at all. */
	path = put(f, "text", "hello\nworld\n", 12);
	assert_int_equal(build(f, &path, 1, &res, &err), -SK_E_UNSUPPORTED);
	(void)unlink(path);
	sk_buf_release(&b);
}

/* A zip archive with stored members, made by hand. */
static void zip_member(struct sk_buf *z, struct sk_buf *dir, const char *name, const char *text,
		       uint32_t crc)
{
	uint32_t off = (uint32_t)z->len;
	uint32_t len = (uint32_t)strlen(text);

	(void)sk_buf_add(z, "PK\3\4\24\0\0\0\0\0\0\0\0\0", 14);
	vulndb_put_le32(z, crc);
	vulndb_put_le32(z, len);
	vulndb_put_le32(z, len);
	vulndb_put_le32(z, (uint32_t)strlen(name));
	(void)sk_buf_add_str(z, name);
	(void)sk_buf_add_str(z, text);
	(void)sk_buf_add(dir, "PK\1\2\24\0\24\0\0\0\0\0\0\0\0\0", 16);
	vulndb_put_le32(dir, crc);
	vulndb_put_le32(dir, len);
	vulndb_put_le32(dir, len);
	vulndb_put_le32(dir, (uint32_t)strlen(name));
	vulndb_put_le32(dir, 0);
	(void)sk_buf_add(dir, "\0\0", 2);
	vulndb_put_le32(dir, 0);
	vulndb_put_le32(dir, off);
	(void)sk_buf_add_str(dir, name);
}

static void test_archives(void **state)
{
	struct fixture *f = *state;
	struct vulndb_build_result res;
	struct vulndb *db = NULL;
	struct sk_err err = {0};
	struct sk_buf z;
	struct sk_buf dir;
	const char *path;
	char *first = sk_arena_strdup(f->arena, two_docs);
	char *second = strchr(first, '\n');

	*second++ = '\0';
	sk_buf_init(&z, 1 << 16);
	sk_buf_init(&dir, 1 << 16);
	zip_member(&z, &dir, "GHSA.json", first, 0);
	zip_member(&z, &dir, "CVE.json", second, 0);
	vulndb_put_le32(&dir, 0x06054b50);
	vulndb_put_le32(&dir, 0);
	vulndb_put_le32(&dir, 2 | 2 << 16);
	vulndb_put_le32(&dir, (uint32_t)dir.len - 12);
	vulndb_put_le32(&dir, (uint32_t)z.len);
	(void)sk_buf_add(&dir, "\0\0", 2);
	(void)sk_buf_add_span(&z, sk_buf_span(&dir));
	path = put(f, "all.zip", z.ptr, z.len);
	if (build(f, &path, 1, &res, &err) < 0)
		print_error("%s\n", err.msg);
	assert_int_equal(vulndb_open(f->out, &db, &err), 0);
	assert_int_equal(count(db, "Debian:12", "openssl"), 1);
	assert_int_equal(count(db, "PyPI", "some-thing"), 1);
	vulndb_close(db);
	/* Without its end there is no directory. */
	(void)put(f, "all.zip", z.ptr, z.len - 1);
	assert_true(build(f, &path, 1, &res, &err) < 0);
	(void)unlink(path);
	sk_buf_release(&z);
	sk_buf_release(&dir);
}

static void test_directory(void **state)
{
	struct fixture *f = *state;
	struct vulndb_build_result res;
	struct vulndb *db = NULL;
	struct sk_err err = {0};
	char *first = sk_arena_strdup(f->arena, two_docs);
	char *second = strchr(first, '\n');
	const char *dir = sk_arena_printf(f->arena, "%s/d", f->dir);
	const char *names[3];

	*second++ = '\0';
	assert_int_equal(mkdir(dir, 0755), 0);
	names[0] = put(f, "d/GHSA.json", first, strlen(first));
	names[1] = put(f, "d/CVE.json", second, strlen(second));
	names[2] = put(f, "d/README", "text\n", 5);
	assert_int_equal(build(f, &dir, 1, &res, &err), 0);
	assert_int_equal(res.n_notes, 1); /* that the text was left out */
	assert_int_equal(vulndb_open(f->out, &db, &err), 0);
	assert_int_equal(count(db, "Debian:12", "openssl"), 1);
	assert_int_equal(count(db, "PyPI", "some-thing"), 1);
	vulndb_close(db);
	for (size_t i = 0; i < 3; i++)
		(void)unlink(names[i]);
}

/* --- elements --- */

static void test_order(void **state)
{
	static const char *const ascending[] = {"",
						"1",
						"01",
						"1.2",
						"1.10",
						"2",
						"10",
						"CVE-2009-1",
						"CVE-2021-999",
						"CVE-2021-1000",
						"CVE-2021-10000",
						"CVE-2022-1",
						"DSA-1-1",
						"a",
						"a1",
						"a1b",
						"b"};
	size_t n = sizeof(ascending) / sizeof(ascending[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			int r = vulndb_id_cmp(sk_span_str(ascending[i]), sk_span_str(ascending[k]));

			/* "1" and "01" are equal by value: the byte decides. */
			if ((i == 1 && k == 2) || (i == 2 && k == 1))
				assert_int_not_equal(r, 0);
			else
				assert_true(i < k ? r < 0 : i > k ? r > 0 : r == 0);
		}
	}
}

static void test_numbers(void **state)
{
	static const uint64_t values[] = {0,   1,          127,        128,
					  300, UINT32_MAX, UINT64_MAX, UINT64_MAX / 2};
	struct vulndb_cur cur;
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 1024);
	for (size_t i = 0; i < 8; i++)
		vulndb_put_u64(&b, values[i]);
	cur = vulndb_cur_of((const uint8_t *)b.ptr, b.len, 0);
	for (size_t i = 0; i < 8; i++)
		assert_true(vulndb_cur_u64(&cur) == values[i] && !cur.bad);
	assert_int_equal(vulndb_cur_u64(&cur), 0);
	assert_true(cur.bad);
	for (int64_t v = -300; v < 300; v++)
		assert_true(vulndb_unzigzag(vulndb_zigzag(v)) == v);
	sk_buf_release(&b);
}

int main(int argc, char **argv)
{
	char *data = argc > 1 ? argv[1] : NULL;
#define TEST(fn)                                                                                   \
	{                                                                                          \
#fn, fn, setup, teardown, data                                                     \
	}
	const struct CMUnitTest tests[] = {
		TEST(test_cases),      TEST(test_lookup),      TEST(test_names),
		TEST(test_flips),      TEST(test_newer_minor), TEST(test_repeated),
		TEST(test_same_bytes), TEST(test_any_order),   TEST(test_bad_documents),
		TEST(test_archives),   TEST(test_directory),   TEST(test_texts),
		TEST(test_order),      TEST(test_numbers),     TEST(test_groups),
	};

	return argc == 2 ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
