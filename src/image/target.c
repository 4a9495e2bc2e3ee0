/* SPDX-License-Identifier: Apache-2.0 */
/* Prefixes of targets. */
#include "image/target.h"

static const struct {
	const char *prefix; /* NULL: reached otherwise */
	const char *name;
} kinds[] = {
	[IMAGE_AUTO] = {NULL, "auto"},
	[IMAGE_DOCKER_ARCHIVE] = {"docker-archive:", "docker-archive"},
	[IMAGE_OCI_DIR] = {"oci:", "oci"},
	[IMAGE_OCI_ARCHIVE] = {"oci-archive:", "oci-archive"},
	[IMAGE_ENGINE] = {"docker:", "docker"},
	[IMAGE_REGISTRY] = {"registry:", "registry"},
	[IMAGE_DIR] = {"dir:", "dir"},
	[IMAGE_HOST] = {"host:", "host"},
	[IMAGE_LAYER] = {"layer:", "layer"},
	[IMAGE_ZIP] = {"zip:", "zip"},
	[IMAGE_SBOM] = {"sbom:", "sbom"},
	[IMAGE_PURL] = {"purl:", "purl"},
	[IMAGE_PURLS] = {"purls:", "purls"},
	[IMAGE_STDIN] = {NULL, "stdin"},
};

_Static_assert(SK_ARRAY_LEN(kinds) == IMAGE_N_KINDS, "one row per kind");

/* What other tools call them. */
static const struct {
	const char *prefix;
	enum image_kind kind;
} synonyms[] = {
	{"docker-daemon:", IMAGE_ENGINE},
	{"oci-dir:", IMAGE_OCI_DIR},
	{"file:", IMAGE_AUTO},
};

static bool take_prefix(const char *text, const char *prefix, const char **ret_rest)
{
	size_t len = prefix != NULL ? strlen(prefix) : 0;

	if (len == 0 || strncmp(text, prefix, len) != 0)
		return false;
	*ret_rest = text + len;
	return true;
}

struct image_target image_target_parse(const char *text)
{
	struct image_target t = {.kind = IMAGE_AUTO, .rest = text};

	if (strcmp(text, "-") == 0) {
		t.kind = IMAGE_STDIN;
		return t;
	}
	if (strncmp(text, "pkg:", 4) == 0) {
		t.kind = IMAGE_PURL;
		return t;
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(kinds); i++) {
		if (take_prefix(text, kinds[i].prefix, &t.rest))
			t.kind = (enum image_kind)i;
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(synonyms); i++) {
		if (take_prefix(text, synonyms[i].prefix, &t.rest))
			t.kind = synonyms[i].kind;
	}
	if (t.kind == IMAGE_HOST && *t.rest == '\0')
		t.rest = "/";
	return t;
}

const char *image_kind_name(enum image_kind kind)
{
	return kinds[kind].name;
}

/* Position of the n-th ':' or '@' counted from the end, or text.len. */
static size_t nth_mark(struct sk_span text, size_t n)
{
	for (size_t i = text.len; i > 0; i--)
		if ((text.ptr[i - 1] == ':' || text.ptr[i - 1] == '@') && n-- == 0)
			return i - 1;
	return text.len;
}

bool image_select_split(struct sk_span text, size_t i, struct image_select *ret)
{
	size_t at = text.len;

	*ret = (struct image_select){.path = text};
	if (i == 0)
		return true;
	at = nth_mark(text, i - 1);
	if (at == text.len)
		return false;
	ret->path = sk_span_sub(text, 0, at);
	if (text.ptr[at] == ':')
		ret->tag = sk_span_sub(text, at + 1, text.len);
	else
		ret->digest = sk_span_sub(text, at + 1, text.len);
	return true;
}

bool image_tag_matches(struct sk_span stored, struct sk_span asked)
{
	struct sk_span tail;
	char before;

	if (sk_span_eq(stored, asked))
		return true;
	if (asked.len == 0 || asked.len >= stored.len)
		return false;
	tail = sk_span_sub(stored, stored.len - asked.len, asked.len);
	before = stored.ptr[stored.len - asked.len - 1];
	return sk_span_eq(tail, asked) && (before == '/' || before == ':');
}
