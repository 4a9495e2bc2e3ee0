/* SPDX-License-Identifier: Apache-2.0 */
/* The database file: header, table, sections; docs/formats/database.md. */
#include <fcntl.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/io.h"
#include "vulndb/write-priv.h"

static void put_header(struct writer *w, struct sk_buf *out, int64_t built, struct sk_digest *ret)
{
	uint64_t off = sizeof(struct vulndb_header) +
		       (VULNDB_N_SECTIONS - 1) * sizeof(struct vulndb_section);
	struct sk_buf table;
	struct sk_hasher *hasher = sk_hasher_new(SK_DIGEST_SHA256);

	sk_buf_init(&table, SIZE_MAX / 2);
	for (uint32_t i = 1; i < VULNDB_N_SECTIONS; i++) {
		struct sk_digest d = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&w->sections[i]));

		vulndb_put_le32(&table, i);
		vulndb_put_le32(&table, w->n_items[i]);
		vulndb_put_le64(&table, off);
		vulndb_put_le64(&table, w->sections[i].len);
		vulndb_put_le64(&table, 0);
		(void)sk_buf_add(&table, d.bytes, SK_SHA256_SIZE);
		off += w->sections[i].len;
	}
	(void)sk_buf_add(out, VULNDB_MAGIC, 8);
	vulndb_put_le32(out, VULNDB_MAJOR | VULNDB_MINOR << 16);
	vulndb_put_le32(out, VULNDB_N_SECTIONS - 1);
	vulndb_put_le64(out, off);
	vulndb_put_le64(out, (uint64_t)built);
	sk_hasher_add(hasher, out->ptr, out->len);
	sk_hasher_add(hasher, table.ptr, table.len);
	sk_hasher_finish(hasher, ret);
	sk_hasher_free(hasher);
	(void)sk_buf_add(out, ret->bytes, SK_SHA256_SIZE);
	(void)sk_buf_add_span(out, sk_buf_span(&table));
	sk_buf_release(&table);
}

static void writer_release(struct writer *w)
{
	for (size_t i = 0; i < VULNDB_N_SECTIONS; i++)
		sk_buf_release(&w->sections[i]);
	sk_free(w->id_index);
	sk_free(w->string_index);
	sk_free(w->scope_index);
	sk_free(w->attr_rank);
	sk_free(w->vuln_rank);
	sk_free(w->vulns);
	sk_free(w->advs);
	sk_free(w->feed_index);
	sk_free(w->feeds);
	sk_free(w->rows);
	sk_free(w->packages);
	sk_free(w->set_count);
	sk_map_release(&w->sets.map);
	sk_free(w->sets.texts);
}

/* The moment of building: said, or the date of the newest document, so that equal input is equal.
 */
static int64_t built_at(const struct writer *w, const struct vulndb_build_options *opts)
{
	int64_t built = opts->built;

	for (size_t i = 0; i < w->n_feeds && opts->built == 0; i++) {
		if (w->feeds[i].newest > built)
			built = w->feeds[i].newest;
	}
	return built;
}

int vulndb_write_bytes(struct vulndb_merge *m, const struct vulndb_build_options *opts,
		       struct sk_buf *out, struct sk_buf *text, struct vulndb_build_result *ret,
		       struct sk_err *err)
{
	struct writer w = {.m = m};
	int r = 0;

	for (size_t i = 0; i < VULNDB_N_SECTIONS; i++)
		sk_buf_init(&w.sections[i], UINT32_MAX / 2);
	vulndb_w_put_scopes(&w);
	vulndb_w_put_strings(&w);
	vulndb_w_put_attrs(&w);
	vulndb_w_put_ids(&w);
	vulndb_w_put_vulns(&w);
	vulndb_w_put_feeds(&w);
	vulndb_w_put_coverage(&w);
	vulndb_w_put_advisories(&w);
	vulndb_w_put_packages(&w);
	vulndb_w_put_eol(&w);
	vulndb_w_put_repos(&w);
	for (size_t i = 0; i < w.n_feeds; i++)
		ret->documents += w.feeds[i].documents;
	ret->claims = w.n_rows;
	put_header(&w, out, built_at(&w, opts), &ret->digest);
	for (uint32_t i = 1; i < VULNDB_N_SECTIONS; i++)
		(void)sk_buf_add_span(out, sk_buf_span(&w.sections[i]));
	ret->size = out->len;
	if (text != NULL)
		r = vulndb_w_put_text(&w, &ret->digest, text, err);
	writer_release(&w);
	return r;
}

static int save_text(const struct vulndb_build_options *opts, const struct sk_buf *text,
		     struct sk_err *err)
{
	char *path = NULL;
	int r;

	if (asprintf(&path, "%s.text", opts->out) < 0)
		abort();
	r = sk_write_file_atomic(AT_FDCWD, path, sk_buf_span(text), 0644, err);
	free(path);
	return r;
}

int vulndb_write(struct vulndb_merge *m, const struct vulndb_build_options *opts,
		 struct vulndb_build_result *ret, struct sk_err *err)
{
	struct sk_buf out;
	struct sk_buf text;
	int r;

	sk_buf_init(&out, SIZE_MAX / 2);
	sk_buf_init(&text, SIZE_MAX / 2);
	r = vulndb_write_bytes(m, opts, &out, opts->text ? &text : NULL, ret, err);
	/* Texts first: with the old database beside them they are refused, not believed. */
	if (r == 0 && opts->text)
		r = save_text(opts, &text, err);
	ret->text_size = text.len;
	if (r == 0)
		r = sk_write_file_atomic(AT_FDCWD, opts->out, sk_buf_span(&out), 0644, err);
	sk_buf_release(&out);
	sk_buf_release(&text);
	return r;
}
