/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that are asked document by document: Red Hat's security-data API (cve.json lists,
 * cve/ID.json is the document) and endoflife.date (api/PRODUCT.json). Their answers are kept as
 * JSON lines.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/json.h"
#include "base/map.h"
#include "base/parse.h"
#include "vulndb/update-priv.h"

enum {
	REDHAT_PAGE = 1000,
	REDHAT_MAX_PAGES = 1000,
	REDHAT_MAX_SIZE = 1 << 30,
	/* The list is by public date; a document changes most in the weeks after, so they are
	 * fetched again. */
	REDHAT_OVERLAP_DAYS = 30,
	PRODUCT_MAX_SIZE = 4 << 20,
};

/* What scans ask about: distributions and language runtimes. */
static const char *const products[] = {
	"almalinux",   "alpine-linux", "amazon-linux", "centos", "centos-stream", "debian",
	"dotnet",      "fedora",       "go",           "mageia", "nodejs",        "opensuse",
	"oracle-jdk",  "oracle-linux", "photon",       "php",    "python",        "rhel",
	"rocky-linux", "ruby",         "sles",         "ubuntu",
};

struct redhat {
	struct update *u;
	struct vulndb_update_file *file;
	struct sk_buf lines;
	struct sk_map seen; /* ids of this run */
};

static int redhat_document(struct redhat *rh, struct sk_span id, struct sk_err *err)
{
	struct sk_buf text;
	int r;

	sk_buf_init(&text, UPDATE_MAX_DOCUMENT);
	r = vulndb_update_fetch_text(
		rh->u,
		vulndb_update_url(rh->u, VULNDB_SOURCE_REDHAT, "/cve/%.*s.json", SK_SPAN_ARG(id)),
		&text, rh->file, err);
	if (r == 0 && !vulndb_update_add_line(&rh->lines, &text))
		r = sk_err_set(err, SK_E_LIMIT, "more than %d bytes of documents", REDHAT_MAX_SIZE);
	if (r == 0)
		rh->file->documents++;
	sk_buf_release(&text);
	/* Listed and not there: a document that was drawn back. */
	return r == -SK_E_NOT_FOUND ? 0 : r;
}

static bool is_cve_id(struct sk_span id)
{
	if (id.len < 13 || id.len > 30 || !sk_span_strip_prefix(&id, "CVE-"))
		return false;
	for (size_t i = 0; i < id.len; i++)
		if ((id.ptr[i] < '0' || id.ptr[i] > '9') && id.ptr[i] != '-')
			return false;
	return true;
}

/* Return: 1 there may be another page, 0 it was the last, negative. */
static int redhat_page(struct redhat *rh, const char *after, unsigned page, struct sk_err *err)
{
	sk_cleanup(sk_json_freep) struct sk_json *root = NULL;
	const char *url = vulndb_update_url(rh->u, VULNDB_SOURCE_REDHAT,
					    "/cve.json?after=%s&per_page=%d&page=%u", after,
					    REDHAT_PAGE, page);
	struct sk_buf text;
	size_t n;
	int r;

	sk_buf_init(&text, UPDATE_MAX_DOCUMENT);
	r = vulndb_update_fetch_text(rh->u, url, &text, rh->file, err);
	if (r == 0)
		r = sk_json_parse(sk_buf_span(&text), 0, &root, err);
	sk_buf_release(&text);
	n = sk_json_len(root);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct sk_span id = sk_json_get_text(sk_json_at(root, i), "CVE");
		size_t before = rh->seen.n_items;

		if (!is_cve_id(id))
			continue;
		id = sk_span_str(sk_arena_str(rh->u->arena, id));
		(void)sk_map_put(&rh->seen, id, 0);
		if (rh->seen.n_items > before)
			r = redhat_document(rh, id, err);
	}
	if (r < 0)
		return r;
	return n >= REDHAT_PAGE ? 1 : 0;
}

static int redhat_run(struct redhat *rh, const char *name, struct sk_err *err)
{
	char today[SK_TIME_TEXT_SIZE], after[SK_TIME_TEXT_SIZE] = "1995-01-01";
	struct update_state state;
	int64_t last;
	int r;

	vulndb_update_state_read(rh->u, name, &state);
	if (sk_parse_time(sk_span_str(state.newest), &last)) {
		(void)sk_format_date(last - (int64_t)REDHAT_OVERLAP_DAYS * 86400, after);
		r = sk_read_file(rh->u->dirfd, name, &rh->lines, err);
		if (r < 0)
			return r;
	}
	r = 1;
	for (unsigned page = 1; r == 1 && page <= REDHAT_MAX_PAGES; page++)
		r = redhat_page(rh, after, page, err);
	if (r < 0 || rh->file->documents == 0)
		return r;
	r = sk_write_file_atomic(rh->u->dirfd, name, sk_buf_span(&rh->lines), 0644, err);
	if (r < 0)
		return r;
	rh->file->changed = true;
	(void)snprintf(state.newest, sizeof(state.newest), "%s",
		       sk_format_date((int64_t)time(NULL), today));
	return vulndb_update_state_write(rh->u, name, &state, err);
}

int vulndb_update_redhat(struct update *u, struct sk_err *err)
{
	const char *name = "redhat/cve.jsonl";
	struct redhat rh = {.u = u, .file = vulndb_update_file(u, name)};
	struct sk_err problem;
	int r = vulndb_update_dirs(u, name, err);

	if (r < 0)
		return r;
	sk_buf_init(&rh.lines, REDHAT_MAX_SIZE);
	r = redhat_run(&rh, name, &problem);
	if (r < 0)
		vulndb_update_problem(u, rh.file, &problem);
	sk_buf_release(&rh.lines);
	sk_map_release(&rh.seen);
	return 0;
}

static void write_cycle(struct sk_jw *w, const struct sk_json *cycle)
{
	const struct sk_json *eol = sk_json_get(cycle, "eol");

	sk_jw_object(w, NULL);
	sk_jw_span(w, "releaseCycle", sk_json_get_text(cycle, "cycle"));
	if (sk_json_type_of(eol) == SK_JSON_STRING)
		sk_jw_span(w, "eol", sk_json_text(eol));
	else
		sk_jw_bool(w, "eol", sk_json_is_true(eol));
	sk_jw_end_object(w);
}

static int product_line(struct update *u, const char *product, struct vulndb_update_file *f,
			struct sk_buf *lines, struct sk_err *err)
{
	sk_cleanup(sk_json_freep) struct sk_json *root = NULL;
	struct sk_sink sink = sk_sink_buf(lines);
	struct sk_buf text;
	struct sk_jw w;
	int r;

	sk_buf_init(&text, PRODUCT_MAX_SIZE);
	r = vulndb_update_fetch_text(
		u, vulndb_update_url(u, VULNDB_SOURCE_ENDOFLIFE, "/api/%s.json", product), &text, f,
		err);
	if (r == 0)
		r = sk_json_parse(sk_buf_span(&text), 0, &root, err);
	sk_buf_release(&text);
	if (r < 0)
		return r;
	sk_jw_init(&w, &sink, 0);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "product", product);
	sk_jw_array(&w, "releases");
	for (size_t i = 0; i < sk_json_len(root); i++)
		write_cycle(&w, sk_json_at(root, i));
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	f->documents++;
	return sk_jw_finish(&w);
}

int vulndb_update_endoflife(struct update *u, struct sk_err *err)
{
	const char *name = "signals/endoflife.jsonl";
	struct vulndb_update_file *f = vulndb_update_file(u, name);
	struct sk_buf lines, before;
	struct sk_err problem;
	int r = vulndb_update_dirs(u, name, err);

	if (r < 0)
		return r;
	sk_buf_init(&lines, SK_ARRAY_LEN(products) * (size_t)PRODUCT_MAX_SIZE);
	sk_buf_init(&before, SK_ARRAY_LEN(products) * (size_t)PRODUCT_MAX_SIZE);
	for (size_t i = 0; i < SK_ARRAY_LEN(products) && f->problem == NULL; i++) {
		r = product_line(u, products[i], f, &lines, &problem);
		if (r < 0 && r != -SK_E_NOT_FOUND)
			vulndb_update_problem(u, f, &problem);
	}
	if (f->problem == NULL && lines.len != 0) {
		r = sk_read_file(u->dirfd, name, &before, &problem);
		f->changed = r < 0 || !sk_span_eq(sk_buf_span(&before), sk_buf_span(&lines));
		if (f->changed &&
		    sk_write_file_atomic(u->dirfd, name, sk_buf_span(&lines), 0644, &problem) < 0)
			vulndb_update_problem(u, f, &problem);
	}
	sk_buf_release(&lines);
	sk_buf_release(&before);
	return 0;
}
