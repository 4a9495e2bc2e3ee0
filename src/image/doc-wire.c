/* SPDX-License-Identifier: Apache-2.0 */
/* Binary form of image documents (docs/formats/worker.md). */
#include "base/wire.h"
#include "image/doc.h"

enum {
	TEXT_MAX = 64 * 1024,
	CREATED_BY_MAX = 1024 * 1024,
	BLOBS_MAX = 100000,
	ENTRIES_MAX = 10000,
	DIGEST_MIN = 1,
	DESCRIPTOR_MIN = 9,
};

static void put_platform(struct sk_buf *b, const struct image_platform *p)
{
	sk_wire_put_str(b, p->os);
	sk_wire_put_str(b, p->arch);
	sk_wire_put_str(b, p->variant);
}

static void put_descriptor(struct sk_buf *b, const struct image_descriptor *d)
{
	sk_wire_put_digest(b, &d->digest);
	sk_wire_put_u64(b, d->size);
	sk_wire_put_str(b, d->media_type);
	put_platform(b, &d->platform);
	sk_wire_put_str(b, d->name);
	sk_wire_put_str(b, d->tag);
	sk_wire_put_u64(b, d->is_attestation);
}

static void put_texts(struct sk_buf *b, const char *const *texts, size_t n)
{
	sk_wire_put_u64(b, n);
	for (size_t i = 0; i < n; i++)
		sk_wire_put_str(b, texts[i]);
}

void image_doc_encode(const struct image_doc *d, struct sk_buf *b)
{
	sk_wire_put_u64(b, d->kind);
	sk_wire_put_u64(b, d->n_entries);
	for (size_t i = 0; i < d->n_entries; i++) {
		sk_wire_put_str(b, d->entries[i].config);
		put_texts(b, d->entries[i].tags, d->entries[i].n_tags);
		put_texts(b, d->entries[i].layers, d->entries[i].n_layers);
	}
	put_descriptor(b, &d->config);
	sk_wire_put_u64(b, d->n_blobs);
	for (size_t i = 0; i < d->n_blobs; i++)
		put_descriptor(b, &d->blobs[i]);
	put_platform(b, &d->platform);
	sk_wire_put_u64(b, d->n_diff_ids);
	for (size_t i = 0; i < d->n_diff_ids; i++)
		sk_wire_put_digest(b, &d->diff_ids[i]);
	put_texts(b, d->created_by, d->n_created_by);
}

static void get_platform(struct sk_wire *w, struct sk_arena *a, struct image_platform *ret)
{
	ret->os = sk_wire_get_str(w, a, TEXT_MAX);
	ret->arch = sk_wire_get_str(w, a, TEXT_MAX);
	ret->variant = sk_wire_get_str(w, a, TEXT_MAX);
}

static void get_descriptor(struct sk_wire *w, struct sk_arena *a, struct image_descriptor *ret)
{
	ret->digest = sk_wire_get_digest(w);
	ret->size = sk_wire_get_u64(w, INT64_MAX);
	ret->media_type = sk_wire_get_str(w, a, TEXT_MAX);
	get_platform(w, a, &ret->platform);
	ret->name = sk_wire_get_str(w, a, TEXT_MAX);
	ret->tag = sk_wire_get_str(w, a, TEXT_MAX);
	ret->is_attestation = sk_wire_get_u64(w, 1) != 0;
}

static const char **get_texts(struct sk_wire *w, struct sk_arena *a, size_t max, size_t max_len,
			      size_t *ret_n)
{
	size_t n = sk_wire_get_count(w, max, 1);
	const char **texts = sk_arena_array(a, n, sizeof(*texts));

	for (size_t i = 0; i < n; i++)
		texts[i] = sk_wire_get_str(w, a, max_len);
	*ret_n = n;
	return texts;
}

static void get_entries(struct sk_wire *w, const struct sk_limits *limits, struct sk_arena *a,
			struct image_doc *d)
{
	d->n_entries = sk_wire_get_count(w, ENTRIES_MAX, 3);
	d->entries = sk_arena_array(a, d->n_entries, sizeof(*d->entries));
	for (size_t i = 0; i < d->n_entries && !w->bad; i++) {
		struct image_archive_entry *e = &d->entries[i];

		e->config = sk_wire_get_str(w, a, TEXT_MAX);
		e->tags = get_texts(w, a, BLOBS_MAX, TEXT_MAX, &e->n_tags);
		e->layers = get_texts(w, a, limits->max[SK_LIMIT_LAYERS], TEXT_MAX, &e->n_layers);
		if (e->config == NULL)
			w->bad = true;
		for (size_t k = 0; k < e->n_tags; k++)
			w->bad |= e->tags[k] == NULL;
		for (size_t k = 0; k < e->n_layers; k++)
			w->bad |= e->layers[k] == NULL;
	}
}

/* What each kind promises beyond its form. */
static bool is_consistent(const struct image_doc *d)
{
	for (size_t i = 0; i < d->n_blobs; i++)
		if (d->blobs[i].digest.alg == SK_DIGEST_NONE)
			return false;
	for (size_t i = 0; i < d->n_diff_ids; i++)
		if (d->diff_ids[i].alg == SK_DIGEST_NONE)
			return false;
	if (d->n_created_by != 0 && d->n_created_by != d->n_diff_ids)
		return false;
	if (d->kind == IMAGE_DOC_MANIFEST && d->config.digest.alg == SK_DIGEST_NONE)
		return false;
	return d->kind != IMAGE_DOC_ARCHIVE || d->n_entries != 0;
}

int image_doc_decode(struct sk_span s, const struct sk_limits *limits, struct sk_arena *a,
		     struct image_doc *ret, struct sk_err *err)
{
	struct sk_wire w = sk_wire_init(s);
	struct image_doc d = {0};
	size_t max_layers = limits->max[SK_LIMIT_LAYERS];

	d.kind = (enum image_doc_kind)sk_wire_get_u64(&w, IMAGE_DOC_N_KINDS - 1);
	get_entries(&w, limits, a, &d);
	get_descriptor(&w, a, &d.config);
	d.n_blobs = sk_wire_get_count(&w, d.kind == IMAGE_DOC_INDEX ? BLOBS_MAX : max_layers,
				      DESCRIPTOR_MIN);
	d.blobs = sk_arena_array(a, d.n_blobs, sizeof(*d.blobs));
	for (size_t i = 0; i < d.n_blobs && !w.bad; i++)
		get_descriptor(&w, a, &d.blobs[i]);
	get_platform(&w, a, &d.platform);
	d.n_diff_ids = sk_wire_get_count(&w, max_layers, DIGEST_MIN);
	d.diff_ids = sk_arena_array(a, d.n_diff_ids, sizeof(*d.diff_ids));
	for (size_t i = 0; i < d.n_diff_ids && !w.bad; i++)
		d.diff_ids[i] = sk_wire_get_digest(&w);
	d.created_by = get_texts(&w, a, max_layers, CREATED_BY_MAX, &d.n_created_by);
	if (!sk_wire_at_end(&w) || !is_consistent(&d))
		return sk_err_set(err, SK_E_FORMAT, "worker: malformed document");
	*ret = d;
	return 0;
}
