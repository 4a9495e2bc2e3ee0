/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended headers: records "LENGTH KEY=VALUE\n". Specifications: POSIX.1-2017 pax, "pax Extended
 * Header"; GNU tar manual, "Storing Sparse Files".
 */
#include <string.h>

#include "base/parse.h"
#include "unpack/tar-priv.h"

static const char *const pax_keys[] = {
	[TAR_PAX_PATH] = "path",
	[TAR_PAX_LINKPATH] = "linkpath",
	[TAR_PAX_SIZE] = "size",
	[TAR_PAX_MTIME] = "mtime",
	[TAR_PAX_UID] = "uid",
	[TAR_PAX_GID] = "gid",
	[TAR_PAX_SPARSE_NAME] = "GNU.sparse.name",
	[TAR_PAX_SPARSE_SIZE] = "GNU.sparse.size",
	[TAR_PAX_SPARSE_REALSIZE] = "GNU.sparse.realsize",
	[TAR_PAX_SPARSE_MAJOR] = "GNU.sparse.major",
	[TAR_PAX_SPARSE_MINOR] = "GNU.sparse.minor",
	[TAR_PAX_SPARSE_NUMBLOCKS] = "GNU.sparse.numblocks",
	[TAR_PAX_SPARSE_MAP] = "GNU.sparse.map",
	[TAR_PAX_SPARSE_OFFSET] = "GNU.sparse.offset",
	[TAR_PAX_SPARSE_NUMBYTES] = "GNU.sparse.numbytes",
};

_Static_assert(SK_ARRAY_LEN(pax_keys) == TAR_N_PAX_KEYS, "one text per key");

/* Which key this is, or TAR_N_PAX_KEYS. */
static enum tar_pax_key pax_key(struct sk_span key)
{
	for (size_t i = 0; i < TAR_N_PAX_KEYS; i++) {
		if (sk_span_eq_str(key, pax_keys[i]))
			return (enum tar_pax_key)i;
	}
	return TAR_N_PAX_KEYS;
}

/* Splits the next record off; NULL, or what is wrong. */
static const char *pax_record(struct sk_span *text, struct sk_span *ret_key,
			      struct sk_span *ret_value)
{
	size_t space = sk_span_find(*text, ' ');
	struct sk_span body;
	uint64_t len;
	size_t eq;

	if (space == text->len || !sk_parse_u64(sk_span_sub(*text, 0, space), &len))
		return "record without a length";
	if (len > text->len || len < space + 2 || text->ptr[len - 1] != '\n')
		return "record of a wrong length";
	body = sk_span_sub(*text, space + 1, (size_t)len - space - 2);
	eq = sk_span_find(body, '=');
	if (eq == 0 || eq == body.len)
		return "record without a key";
	*ret_key = sk_span_sub(body, 0, eq);
	*ret_value = sk_span_sub(body, eq + 1, SIZE_MAX);
	*text = sk_span_sub(*text, (size_t)len, SIZE_MAX);
	return NULL;
}

/* A repeated GNU.sparse.offset or .numbytes record. */
static const char *pax_sparse(enum tar_pax_key key, struct sk_span value, struct tar_map *map)
{
	uint64_t n;

	if (map->half != (key == TAR_PAX_SPARSE_NUMBYTES))
		return "sparse offsets and lengths do not alternate";
	if (!tar_pax_number(value, &n))
		return "malformed sparse map";
	return tar_map_add(map, n) ? NULL : "too many sparse extents";
}

const char *tar_pax_parse(struct sk_span text, struct tar_pax *ret, struct tar_map *map)
{
	memset(ret, 0, sizeof(*ret));
	ret->set = true;
	tar_map_reset(map);
	while (text.len != 0) {
		struct sk_span key;
		struct sk_span value;
		const char *wrong = pax_record(&text, &key, &value);
		enum tar_pax_key k;

		if (wrong != NULL)
			return wrong;
		k = pax_key(key);
		if (k == TAR_PAX_SPARSE_OFFSET || k == TAR_PAX_SPARSE_NUMBYTES)
			wrong = pax_sparse(k, value, map);
		else if ((k == TAR_PAX_PATH || k == TAR_PAX_LINKPATH || k == TAR_PAX_SPARSE_NAME) &&
			 sk_span_find(value, '\0') != value.len)
			wrong = "NUL in a path";
		else if (k != TAR_N_PAX_KEYS)
			ret->value[k] = value;
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

const char *tar_pax_check_global(struct sk_span text)
{
	while (text.len != 0) {
		struct sk_span key;
		struct sk_span value;
		const char *wrong = pax_record(&text, &key, &value);

		if (wrong != NULL)
			return wrong;
		switch (pax_key(key)) {
		case TAR_PAX_MTIME:
		case TAR_PAX_UID:
		case TAR_PAX_GID:
		case TAR_N_PAX_KEYS:
			break;
		default:
			if (value.len != 0)
				return "global record that readers do not agree on";
		}
	}
	return NULL;
}

bool tar_pax_number(struct sk_span s, uint64_t *ret)
{
	uint64_t n;

	if (!sk_parse_u64(s, &n) || n > INT64_MAX)
		return false;
	*ret = n;
	return true;
}

bool tar_pax_time(struct sk_span s, uint64_t *ret)
{
	size_t dot = sk_span_find(s, '.');
	struct sk_span fraction = sk_span_sub(s, dot + 1, SIZE_MAX);
	int64_t seconds;

	if (!sk_parse_i64(sk_span_sub(s, 0, dot), &seconds))
		return false;
	for (size_t i = 0; i < fraction.len; i++) {
		if (fraction.ptr[i] < '0' || fraction.ptr[i] > '9')
			return false;
	}
	*ret = seconds < 0 ? 0 : (uint64_t)seconds;
	return true;
}
