/* SPDX-License-Identifier: Apache-2.0 */
/* Signed manifests: an envelope {schema, signature, payload} around a JSON text;
 * docs/formats/publication.md. */
#include "vulndb/manifest.h"

#include "base/json.h"
#include "base/parse.h"
#include "base/text.h"

#define ENVELOPE_SCHEMA "stockade.signed/1"
#define PAYLOAD_SCHEMA "stockade.publication/1"

/* Signed in front of the payload, so that a signature for another purpose never fits. */
#define SIGNED_PREFIX PAYLOAD_SCHEMA "\n"

enum {
	PATH_MAX_LEN = 200
};

static int signed_text(struct sk_span payload, struct sk_buf *out, struct sk_err *err)
{
	sk_buf_init(out, VULNDB_MANIFEST_MAX_SIZE + sizeof(SIGNED_PREFIX));
	(void)sk_buf_add_str(out, SIGNED_PREFIX);
	if (!sk_buf_add_span(out, payload))
		return sk_err_set(err, SK_E_LIMIT, "manifest: larger than %d bytes",
				  VULNDB_MANIFEST_MAX_SIZE);
	return 0;
}

static int check_signature(const struct sk_json *envelope, const struct sk_key *key,
			   struct sk_span *ret_payload, struct sk_err *err)
{
	struct sk_span payload = sk_json_get_text(envelope, "payload");
	struct sk_span hex = sk_json_get_text(envelope, "signature");
	uint8_t signature[SK_SIGNATURE_SIZE];
	struct sk_buf text;
	int r;

	if (!sk_span_eq_str(sk_json_get_text(envelope, "schema"), ENVELOPE_SCHEMA))
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "manifest: its schema is not " ENVELOPE_SCHEMA);
	if (payload.ptr == NULL || !sk_parse_hex(hex, signature, sizeof(signature)))
		return sk_err_set(err, SK_E_FORMAT, "manifest: no payload or no signature");
	r = signed_text(payload, &text, err);
	if (r == 0)
		r = sk_key_verify(key, sk_buf_span(&text), sk_span_of(signature, sizeof(signature)),
				  err);
	sk_buf_release(&text);
	if (r < 0)
		return sk_err_wrap(err, r, "manifest");
	*ret_payload = payload;
	return 0;
}

/* A path stays inside the publication: no scheme, no absolute path, no "..". */
static bool path_ok(struct sk_span path)
{
	if (path.len == 0 || path.len > PATH_MAX_LEN || path.ptr[0] == '/' ||
	    sk_span_contains(path, ".."))
		return false;
	for (size_t i = 0; i < path.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-./", path.ptr[i]) == NULL)
			return false;
	return true;
}

static bool get_size(const struct sk_json *j, uint64_t *ret)
{
	int64_t size;

	if (!sk_json_get_i64(j, "size", &size) || size <= 0 || size > VULNDB_FILE_MAX_SIZE)
		return false;
	*ret = (uint64_t)size;
	return true;
}

static int read_object(const struct sk_json *j, struct sk_arena *a, struct vulndb_object *ret,
		       struct sk_err *err)
{
	struct sk_span path = sk_json_get_text(j, "path");

	if (!path_ok(path) || !get_size(j, &ret->size) ||
	    !sk_digest_parse(sk_json_get_text(j, "digest"), &ret->digest))
		return sk_err_set(err, SK_E_FORMAT, "manifest: malformed file entry");
	ret->path = sk_arena_str(a, path);
	return 0;
}

static int read_file(const struct sk_json *j, struct sk_arena *a, struct vulndb_file *ret,
		     struct sk_err *err)
{
	const struct sk_json *delta = sk_json_get(j, "delta");
	int r;

	if (!sk_digest_parse(sk_json_get_text(j, "digest"), &ret->digest) ||
	    !get_size(j, &ret->size))
		return sk_err_set(err, SK_E_FORMAT, "manifest: malformed version entry");
	r = read_object(sk_json_get(j, "full"), a, &ret->full, err);
	if (r == 0 && sk_json_type_of(delta) == SK_JSON_OBJECT)
		r = read_object(delta, a, &ret->delta, err);
	return r;
}

static int read_version(const struct sk_json *j, struct sk_arena *a, struct vulndb_version *ret,
			struct sk_err *err)
{
	const struct sk_json *text = sk_json_get(j, "text");
	int r;

	if (!sk_parse_time(sk_json_get_text(j, "built"), &ret->built))
		return sk_err_set(err, SK_E_FORMAT, "manifest: malformed version entry");
	r = read_file(j, a, &ret->db, err);
	if (r == 0 && sk_json_type_of(text) == SK_JSON_OBJECT)
		r = read_file(text, a, &ret->text, err);
	return r;
}

static int read_payload(struct sk_span payload, struct sk_arena *a, struct vulndb_manifest *ret,
			struct sk_err *err)
{
	sk_cleanup(sk_json_freep) struct sk_json *root = NULL;
	struct vulndb_manifest m = {0};
	const struct sk_json *versions;
	int r = sk_json_parse(payload, 0, &root, err);

	if (r < 0)
		return sk_err_wrap(err, r, "manifest");
	if (!sk_span_eq_str(sk_json_get_text(root, "schema"), PAYLOAD_SCHEMA))
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "manifest: its payload is not " PAYLOAD_SCHEMA);
	versions = sk_json_get(root, "versions");
	m.n_versions = sk_json_len(versions);
	if (m.n_versions == 0 || m.n_versions > VULNDB_MANIFEST_MAX_VERSIONS)
		return sk_err_set(err, SK_E_FORMAT, "manifest: %zu versions", m.n_versions);
	m.versions = sk_arena_array(a, m.n_versions, sizeof(*m.versions));
	for (size_t i = 0; i < m.n_versions && r == 0; i++)
		r = read_version(sk_json_at(versions, i), a, &m.versions[i], err);
	if (r == 0)
		*ret = m;
	return r;
}

int vulndb_manifest_parse(struct sk_span text, const struct sk_key *key, struct sk_arena *a,
			  struct vulndb_manifest *ret, struct sk_err *err)
{
	sk_cleanup(sk_json_freep) struct sk_json *envelope = NULL;
	struct sk_span payload;
	int r;

	if (text.len > VULNDB_MANIFEST_MAX_SIZE)
		return sk_err_set(err, SK_E_LIMIT, "manifest: larger than %d bytes",
				  VULNDB_MANIFEST_MAX_SIZE);
	r = sk_json_parse(text, 0, &envelope, err);
	if (r < 0)
		return sk_err_wrap(err, r, "manifest");
	r = check_signature(envelope, key, &payload, err);
	return r < 0 ? r : read_payload(payload, a, ret, err);
}

static void write_object(struct sk_jw *w, const char *key, const struct vulndb_object *o)
{
	char digest[SK_DIGEST_TEXT_SIZE];

	sk_jw_object(w, key);
	sk_jw_str(w, "path", o->path);
	sk_jw_u64(w, "size", o->size);
	sk_jw_str(w, "digest", sk_digest_text(&o->digest, digest));
	sk_jw_end_object(w);
}

static void write_file(struct sk_jw *w, const struct vulndb_file *f)
{
	char text[SK_DIGEST_TEXT_SIZE];

	sk_jw_str(w, "digest", sk_digest_text(&f->digest, text));
	sk_jw_u64(w, "size", f->size);
	write_object(w, "full", &f->full);
	if (f->delta.path != NULL)
		write_object(w, "delta", &f->delta);
}

static void write_version(struct sk_jw *w, const struct vulndb_version *v)
{
	char text[SK_TIME_TEXT_SIZE];

	sk_jw_object(w, NULL);
	write_file(w, &v->db);
	sk_jw_str(w, "built", sk_format_time(v->built, text));
	if (v->text.size != 0) {
		sk_jw_object(w, "text");
		write_file(w, &v->text);
		sk_jw_end_object(w);
	}
	sk_jw_end_object(w);
}

static int write_payload(const struct vulndb_manifest *m, struct sk_buf *out)
{
	struct sk_sink sink = sk_sink_buf(out);
	struct sk_jw w;

	sk_jw_init(&w, &sink, 1);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", PAYLOAD_SCHEMA);
	sk_jw_array(&w, "versions");
	for (size_t i = 0; i < m->n_versions; i++)
		write_version(&w, &m->versions[i]);
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w);
}

static int write_envelope(struct sk_span payload, const uint8_t *signature, struct sk_buf *out)
{
	struct sk_sink sink = sk_sink_buf(out);
	char hex[2 * SK_SIGNATURE_SIZE + 1];
	struct sk_jw w;

	sk_jw_init(&w, &sink, 1);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", ENVELOPE_SCHEMA);
	sk_jw_str(&w, "signature", sk_format_hex(signature, SK_SIGNATURE_SIZE, hex));
	sk_jw_span(&w, "payload", payload);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w);
}

int vulndb_manifest_write(const struct vulndb_manifest *m, const struct sk_key *key,
			  struct sk_buf *out, struct sk_err *err)
{
	uint8_t signature[SK_SIGNATURE_SIZE];
	struct sk_buf payload, text;
	int r;

	sk_buf_init(&payload, VULNDB_MANIFEST_MAX_SIZE);
	r = write_payload(m, &payload);
	if (r < 0)
		(void)sk_err_set(err, SK_E_LIMIT, "manifest: too many versions");
	if (r == 0) {
		r = signed_text(sk_buf_span(&payload), &text, err);
		if (r == 0)
			r = sk_key_sign(key, sk_buf_span(&text), signature, err);
		sk_buf_release(&text);
	}
	if (r == 0 && write_envelope(sk_buf_span(&payload), signature, out) < 0)
		r = sk_err_set(err, SK_E_LIMIT, "manifest: too many versions");
	sk_buf_release(&payload);
	return r;
}
