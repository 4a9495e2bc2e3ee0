/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsers of image documents after OCI image-spec 1.1 and Docker's image manifest version 2, schema
 * 2. A document that could be read in two ways (index and manifest at once, a repeated key, a key
 * in other letters, a media type that contradicts the content) is refused.
 */
#include "image/doc.h"

#include "base/ascii.h"
#include "base/json.h"
#include "base/text.h"

enum {
	QUOTED_SIZE = 160
};

static const char *text_or_null(const struct sk_json *j, const char *key, struct sk_arena *a)
{
	struct sk_span s = sk_json_get_text(j, key);

	return s.len != 0 && memchr(s.ptr, 0, s.len) == NULL ? sk_arena_str(a, s) : NULL;
}

/* Does Go's encoding/json take @key for @name? It ignores case, also that of U+017F and U+212A. */
static bool folds_to(struct sk_span key, const char *name)
{
	size_t i = 0;

	for (; i < key.len && *name != '\0'; i++, name++) {
		struct sk_span rest = sk_span_sub(key, i, key.len);
		char c = key.ptr[i], want = *name;

		if (sk_span_starts(rest, "\xc5\xbf")) {
			c = 's';
			i += 1;
		} else if (sk_span_starts(rest, "\xe2\x84\xaa")) {
			c = 'k';
			i += 2;
		}
		if (sk_lower(c) != sk_lower(want))
			return false;
	}
	return i == key.len && *name == '\0';
}

/*
 * The engines that run images are written in Go, for which "Layers" is "layers" too and the last
 * one counts: what is read here must be what they read.
 */
static int check_keys(const struct sk_json *j, const char *const *names, struct sk_err *err)
{
	const struct sk_json *value;
	struct sk_span key;
	char quoted[QUOTED_SIZE];
	void *iter = NULL;

	while (sk_json_next(j, &iter, &key, &value)) {
		for (const char *const *name = names; *name != NULL; name++)
			if (folds_to(key, *name) && !sk_span_eq_str(key, *name))
				return sk_err_set(err, SK_E_FORMAT,
						  "JSON: key %s, which others take for '%s'",
						  sk_text_quote(key, quoted, sizeof(quoted)),
						  *name);
	}
	return 0;
}

static const char *const platform_keys[] = {"os", "architecture", "variant", NULL};

static void parse_platform(const struct sk_json *j, struct sk_arena *a, struct image_platform *ret)
{
	ret->os = text_or_null(j, "os", a);
	ret->arch = text_or_null(j, "architecture", a);
	ret->variant = text_or_null(j, "variant", a);
}

static int parse_descriptor(const struct sk_json *j, struct sk_arena *a, const char *what,
			    struct image_descriptor *ret, struct sk_err *err)
{
	static const char *const keys[] = {"digest",      "size",     "mediaType",
					   "annotations", "platform", NULL};
	const struct sk_json *notes = sk_json_get(j, "annotations");
	char quoted[QUOTED_SIZE];
	int64_t size;
	int r = check_keys(j, keys, err);

	if (r == 0)
		r = check_keys(sk_json_get(j, "platform"), platform_keys, err);
	if (r < 0)
		return r;
	if (!sk_digest_parse(sk_json_get_text(j, "digest"), &ret->digest))
		return sk_err_set(
			err, SK_E_FORMAT, "%s: digest %s is not sha256 or sha512", what,
			sk_text_quote(sk_json_get_text(j, "digest"), quoted, sizeof(quoted)));
	if (!sk_json_get_i64(j, "size", &size) || size < 0)
		return sk_err_set(err, SK_E_FORMAT, "%s: no valid size", what);
	ret->size = (uint64_t)size;
	ret->media_type = text_or_null(j, "mediaType", a);
	parse_platform(sk_json_get(j, "platform"), a, &ret->platform);
	ret->tag = text_or_null(notes, "org.opencontainers.image.ref.name", a);
	ret->name = text_or_null(notes, "io.containerd.image.name", a);
	ret->is_attestation = sk_json_get(notes, "vnd.docker.reference.type") != NULL ||
			      (ret->platform.os != NULL && ret->platform.arch != NULL &&
			       strcmp(ret->platform.os, "unknown") == 0 &&
			       strcmp(ret->platform.arch, "unknown") == 0);
	return 0;
}

static int parse_descriptors(const struct sk_json *list, struct sk_arena *a, const char *what,
			     struct image_doc *ret, struct sk_err *err)
{
	int r = 0;

	ret->n_blobs = sk_json_len(list);
	ret->blobs = sk_arena_array(a, ret->n_blobs, sizeof(*ret->blobs));
	for (size_t i = 0; i < ret->n_blobs && r == 0; i++)
		r = parse_descriptor(sk_json_at(list, i), a, what, &ret->blobs[i], err);
	return r;
}

static bool media_type_is(const struct sk_json *j, const char *const *allowed)
{
	struct sk_span type = sk_json_get_text(j, "mediaType");

	if (sk_json_get(j, "mediaType") == NULL)
		return true;
	for (; *allowed != NULL; allowed++)
		if (sk_span_eq_str(type, *allowed))
			return true;
	return false;
}

static int parse_index(const struct sk_json *j, struct sk_arena *a, struct image_doc *ret,
		       struct sk_err *err)
{
	static const char *const types[] = {
		"application/vnd.oci.image.index.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json", NULL};

	ret->kind = IMAGE_DOC_INDEX;
	if (!media_type_is(j, types))
		return sk_err_set(err, SK_E_FORMAT, "index: media type is not an index's");
	return parse_descriptors(sk_json_get(j, "manifests"), a, "index", ret, err);
}

/* A layer that unpack can read as a file system: any tar, whatever its compression. */
static bool is_layer_type(const char *type)
{
	struct sk_span s = sk_span_str(type);

	if (type == NULL)
		return true;
	if (sk_span_contains(s, "+encrypted"))
		return false;
	return sk_span_contains(s, ".tar") || sk_span_eq_str(s, "application/tar");
}

static int check_layer_types(const struct image_doc *d, struct sk_err *err)
{
	char quoted[QUOTED_SIZE];

	for (size_t i = 0; i < d->n_blobs; i++)
		if (!is_layer_type(d->blobs[i].media_type))
			return sk_err_set(err, SK_E_UNSUPPORTED,
					  "manifest: layer %zu of media type %s is no file system",
					  i,
					  sk_text_quote(sk_span_str(d->blobs[i].media_type), quoted,
							sizeof(quoted)));
	return 0;
}

static int parse_manifest(const struct sk_json *j, const struct sk_budget *budget,
			  struct sk_arena *a, struct image_doc *ret, struct sk_err *err)
{
	static const char *const types[] = {"application/vnd.oci.image.manifest.v1+json",
					    "application/vnd.docker.distribution.manifest.v2+json",
					    NULL};
	int r;

	ret->kind = IMAGE_DOC_MANIFEST;
	if (!media_type_is(j, types))
		return sk_err_set(err, SK_E_FORMAT, "manifest: media type is not a manifest's");
	r = sk_budget_check(budget, SK_LIMIT_LAYERS, sk_json_len(sk_json_get(j, "layers")), err);
	if (r == 0)
		r = parse_descriptor(sk_json_get(j, "config"), a, "manifest: configuration",
				     &ret->config, err);
	if (r == 0)
		r = parse_descriptors(sk_json_get(j, "layers"), a, "manifest: layer", ret, err);
	return r < 0 ? r : check_layer_types(ret, err);
}

static int parse_index_or_manifest(enum image_doc_kind kind, const struct sk_json *j,
				   const struct sk_budget *budget, struct sk_arena *a,
				   struct image_doc *ret, struct sk_err *err)
{
	static const char *const keys[] = {"schemaVersion", "mediaType", "manifests",
					   "config",        "layers",    NULL};
	bool index = sk_json_type_of(sk_json_get(j, "manifests")) == SK_JSON_ARRAY;
	bool manifest = sk_json_type_of(sk_json_get(j, "layers")) == SK_JSON_ARRAY ||
			sk_json_get(j, "config") != NULL;
	int64_t version = 2;
	int r = check_keys(j, keys, err);

	if (r < 0)
		return r;
	if (index && manifest)
		return sk_err_set(err, SK_E_FORMAT, "manifest: index and manifest at once");
	(void)sk_json_get_i64(j, "schemaVersion", &version);
	if (version != 2)
		return sk_err_set(err, SK_E_UNSUPPORTED, "manifest: only schema version 2 is read");
	if (index && kind == IMAGE_DOC_INDEX)
		return parse_index(j, a, ret, err);
	if (manifest)
		return parse_manifest(j, budget, a, ret, err);
	return sk_err_set(err, SK_E_FORMAT, "manifest: neither layers nor manifests");
}

static int parse_diff_ids(const struct sk_json *rootfs, struct sk_arena *a, struct image_doc *ret,
			  struct sk_err *err)
{
	const struct sk_json *list = sk_json_get(rootfs, "diff_ids");

	if (sk_json_type_of(list) != SK_JSON_ARRAY && sk_json_type_of(list) != SK_JSON_NULL &&
	    list != NULL)
		return sk_err_set(err, SK_E_FORMAT, "configuration: diff_ids is no list");
	ret->n_diff_ids = sk_json_len(list);
	ret->diff_ids = sk_arena_array(a, ret->n_diff_ids, sizeof(*ret->diff_ids));
	for (size_t i = 0; i < ret->n_diff_ids; i++)
		if (!sk_digest_parse(sk_json_text(sk_json_at(list, i)), &ret->diff_ids[i]))
			return sk_err_set(err, SK_E_FORMAT,
					  "configuration: diff_id %zu is not sha256 or sha512", i);
	return 0;
}

/* Steps marked empty_layer made no layer; the others stand for the layers in order. */
static void parse_history(const struct sk_json *history, struct sk_arena *a, struct image_doc *ret)
{
	size_t n = 0;

	ret->created_by = sk_arena_array(a, ret->n_diff_ids, sizeof(*ret->created_by));
	for (size_t i = 0; i < sk_json_len(history); i++) {
		const struct sk_json *step = sk_json_at(history, i);

		if (sk_json_is_true(sk_json_get(step, "empty_layer")))
			continue;
		if (n < ret->n_diff_ids) {
			const char *text = text_or_null(step, "created_by", a);

			ret->created_by[n] = text != NULL ? text : text_or_null(step, "comment", a);
		}
		n++;
	}
	ret->n_created_by = n == ret->n_diff_ids ? n : 0;
}

static int parse_config(const struct sk_json *j, const struct sk_budget *budget, struct sk_arena *a,
			struct image_doc *ret, struct sk_err *err)
{
	static const char *const keys[] = {"os",     "architecture", "variant",
					   "rootfs", "history",      NULL};
	static const char *const rootfs_keys[] = {"type", "diff_ids", NULL};
	const struct sk_json *rootfs = sk_json_get(j, "rootfs");
	int r = check_keys(j, keys, err);

	ret->kind = IMAGE_DOC_CONFIG;
	if (r == 0)
		r = check_keys(rootfs, rootfs_keys, err);
	if (r < 0)
		return r;
	if (sk_json_type_of(rootfs) != SK_JSON_OBJECT)
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "configuration: no rootfs, so this is no container image");
	parse_platform(j, a, &ret->platform);
	r = sk_budget_check(budget, SK_LIMIT_LAYERS, sk_json_len(sk_json_get(rootfs, "diff_ids")),
			    err);
	if (r == 0)
		r = parse_diff_ids(rootfs, a, ret, err);
	if (r == 0)
		parse_history(sk_json_get(j, "history"), a, ret);
	return r;
}

static int parse_texts(const struct sk_json *list, struct sk_arena *a, const char ***ret,
		       size_t *ret_n, struct sk_err *err)
{
	size_t n = sk_json_type_of(list) == SK_JSON_ARRAY ? sk_json_len(list) : 0;
	const char **texts = sk_arena_array(a, n, sizeof(*texts));

	for (size_t i = 0; i < n; i++) {
		struct sk_span s = sk_json_text(sk_json_at(list, i));

		if (s.len == 0 || memchr(s.ptr, 0, s.len) != NULL)
			return sk_err_set(err, SK_E_FORMAT,
					  "manifest.json: a name is empty or not text");
		texts[i] = sk_arena_str(a, s);
	}
	*ret = texts;
	*ret_n = n;
	return 0;
}

static int parse_archive_entry(const struct sk_json *j, const struct sk_budget *budget,
			       struct sk_arena *a, struct image_archive_entry *ret,
			       struct sk_err *err)
{
	static const char *const keys[] = {"Config", "Layers", "RepoTags", NULL};
	int r = sk_budget_check(budget, SK_LIMIT_LAYERS, sk_json_len(sk_json_get(j, "Layers")),
				err);

	if (r == 0)
		r = check_keys(j, keys, err);
	if (r < 0)
		return r;
	ret->config = text_or_null(j, "Config", a);
	if (ret->config == NULL)
		return sk_err_set(err, SK_E_FORMAT, "manifest.json: an image without Config");
	r = parse_texts(sk_json_get(j, "RepoTags"), a, &ret->tags, &ret->n_tags, err);
	if (r == 0)
		r = parse_texts(sk_json_get(j, "Layers"), a, &ret->layers, &ret->n_layers, err);
	return r;
}

static int parse_archive(const struct sk_json *j, const struct sk_budget *budget,
			 struct sk_arena *a, struct image_doc *ret, struct sk_err *err)
{
	int r = 0;

	ret->kind = IMAGE_DOC_ARCHIVE;
	if (sk_json_type_of(j) != SK_JSON_ARRAY || sk_json_len(j) == 0)
		return sk_err_set(err, SK_E_FORMAT, "manifest.json: not a list of images");
	ret->n_entries = sk_json_len(j);
	ret->entries = sk_arena_array(a, ret->n_entries, sizeof(*ret->entries));
	for (size_t i = 0; i < ret->n_entries && r == 0; i++)
		r = parse_archive_entry(sk_json_at(j, i), budget, a, &ret->entries[i], err);
	return r;
}

int image_doc_parse(enum image_doc_kind kind, struct sk_span text, const struct sk_budget *budget,
		    struct sk_arena *a, struct image_doc *ret, struct sk_err *err)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = NULL;
	struct image_doc d = {.kind = kind};
	int r = sk_budget_check(budget, SK_LIMIT_DOCUMENT, text.len, err);

	if (r == 0)
		r = sk_json_parse(text, 0, &j, err);
	if (r < 0)
		return r;
	if (kind == IMAGE_DOC_ARCHIVE)
		r = parse_archive(j, budget, a, &d, err);
	else if (sk_json_type_of(j) != SK_JSON_OBJECT)
		r = sk_err_set(err, SK_E_FORMAT, "JSON: not an object");
	else if (kind == IMAGE_DOC_CONFIG)
		r = parse_config(j, budget, a, &d, err);
	else
		r = parse_index_or_manifest(kind, j, budget, a, &d, err);
	if (r == 0)
		*ret = d;
	return r;
}
