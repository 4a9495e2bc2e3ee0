/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms, and the choice of one image among several. Source: OCI image-spec 1.1 image-index.md;
 * Go's GOOS and GOARCH words. */
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/text.h"
#include "image/doc.h"
#include "image/target.h"

enum {
	LIST_MAX = 400 /* bytes of a list in a message */
};

bool image_platform_parse(const char *text, struct sk_arena *a, struct image_platform *ret)
{
	struct sk_span rest = sk_span_str(text), part[3] = {{0}};
	size_t n = 0;

	while (n < 3 && sk_span_cut(&rest, '/', &part[n])) {
		if (part[n].len == 0)
			return false;
		n++;
	}
	if (n == 0 || rest.ptr != NULL)
		return false;
	*ret = (struct image_platform){0};
	ret->os = n == 1 ? "linux" : sk_arena_str(a, part[0]);
	ret->arch = sk_arena_str(a, part[n == 1 ? 0 : 1]);
	ret->variant = n == 3 ? sk_arena_str(a, part[2]) : NULL;
	return true;
}

struct image_platform image_platform_host(void)
{
	static const struct {
		const char *machine;
		struct image_platform platform;
	} machines[] = {
		{"x86_64", {"linux", "amd64", NULL}},
		{"aarch64", {"linux", "arm64", NULL}},
		{"armv7l", {"linux", "arm", "v7"}},
		{"armv6l", {"linux", "arm", "v6"}},
		{"i686", {"linux", "386", NULL}},
		{"ppc64le", {"linux", "ppc64le", NULL}},
		{"s390x", {"linux", "s390x", NULL}},
		{"riscv64", {"linux", "riscv64", NULL}},
		{"mips64", {"linux", "mips64le", NULL}},
		{"loongarch64", {"linux", "loong64", NULL}},
	};
	struct utsname u;

	if (uname(&u) == 0)
		for (size_t i = 0; i < SK_ARRAY_LEN(machines); i++)
			if (strcmp(u.machine, machines[i].machine) == 0)
				return machines[i].platform;
	return machines[0].platform;
}

const char *image_platform_text(const struct image_platform *p, struct sk_arena *a)
{
	if (p->os == NULL && p->arch == NULL)
		return NULL;
	return sk_arena_printf(a, "%s/%s%s%s", p->os != NULL ? p->os : "linux",
			       p->arch != NULL ? p->arch : "unknown", p->variant != NULL ? "/" : "",
			       p->variant != NULL ? p->variant : "");
}

int image_platform_matches(const struct image_platform *have, const struct image_platform *want)
{
	const char *have_os = have->os != NULL ? have->os : "linux";
	const char *want_os = want->os != NULL ? want->os : "linux";

	if (strcmp(have_os, want_os) != 0)
		return 0;
	if (have->arch == NULL || want->arch == NULL || strcmp(have->arch, want->arch) != 0)
		return 0;
	if (want->variant == NULL)
		return have->variant == NULL ? 2 : 1;
	if (have->variant != NULL)
		return strcmp(have->variant, want->variant) == 0 ? 2 : 0;
	/* "arm64" and "arm64/v8" are the same thing. */
	return strcmp(want->arch, "arm64") == 0 && strcmp(want->variant, "v8") == 0 ? 2 : 1;
}

static bool is_candidate(const struct image_descriptor *d, const struct image_choice *c)
{
	char text[SK_DIGEST_TEXT_SIZE];

	if (d->is_attestation)
		return false;
	if (c->digest.len != 0 && !sk_span_eq_str(c->digest, sk_digest_text(&d->digest, text)))
		return false;
	if (c->tag.len == 0)
		return true;
	return (d->tag != NULL && image_tag_matches(sk_span_str(d->tag), c->tag)) ||
	       (d->name != NULL && image_tag_matches(sk_span_str(d->name), c->tag));
}

/* Adds ", 'text'" until the list is long enough for a message. */
static void list_add(struct sk_buf *list, const char *text)
{
	char quoted[128];

	if (text == NULL || list->overflow)
		return;
	(void)sk_buf_printf(list, "%s%s", list->len != 0 ? ", " : "",
			    sk_text_quote(sk_span_str(text), quoted, sizeof(quoted)));
}

static int fail_with_list(const struct image_doc *index, const struct image_choice *c,
			  const char *what, bool tags, int code, struct sk_arena *a,
			  struct sk_err *err)
{
	struct sk_buf list;
	int r;

	sk_buf_init(&list, LIST_MAX);
	for (size_t i = 0; i < index->n_blobs; i++) {
		const struct image_descriptor *d = &index->blobs[i];

		if (d->is_attestation || (!tags && !is_candidate(d, c)))
			continue;
		list_add(&list, tags ? d->tag != NULL ? d->tag : d->name
				     : image_platform_text(&d->platform, a));
	}
	r = sk_err_set(err, code, "%s: %s%s", what, list.len != 0 ? list.ptr : "nothing",
		       list.overflow ? ", …" : "");
	sk_buf_release(&list);
	return r;
}

int image_index_choose(const struct image_doc *index, const struct image_choice *choice,
		       struct sk_arena *a, const struct image_descriptor **ret, struct sk_err *err)
{
	struct image_platform want =
		choice->platform.arch != NULL ? choice->platform : image_platform_host();
	const struct image_descriptor *lone = NULL, *best = NULL;
	size_t n = 0, n_best = 0;
	int best_match = 0;

	for (size_t i = 0; i < index->n_blobs; i++) {
		const struct image_descriptor *d = &index->blobs[i];
		int match;

		if (!is_candidate(d, choice))
			continue;
		n++;
		lone = d;
		match = image_platform_matches(&d->platform, &want);
		if (d->platform.arch == NULL)
			match = 1; /* said by the configuration, checked there */
		if (match == 0 || match < best_match)
			continue;
		if (best != NULL && match == best_match && !sk_digest_eq(&best->digest, &d->digest))
			n_best++;
		else
			n_best = 1;
		best = d;
		best_match = match;
	}
	if (n == 0)
		return fail_with_list(index, choice, "no such image; there are", true,
				      SK_E_NOT_FOUND, a, err);
	if (n == 1 && (choice->platform.arch == NULL || best != NULL)) {
		*ret = lone;
		return 0;
	}
	if (best == NULL)
		return fail_with_list(index, choice,
				      "no image for this platform; choose with --platform", false,
				      SK_E_NOT_FOUND, a, err);
	if (n_best > 1)
		return fail_with_list(index, choice, "several images; choose with :TAG", true,
				      SK_E_AMBIGUOUS, a, err);
	*ret = best;
	return 0;
}

static bool entry_matches(const struct image_archive_entry *e, struct sk_span tag)
{
	for (size_t i = 0; i < e->n_tags; i++)
		if (image_tag_matches(sk_span_str(e->tags[i]), tag))
			return true;
	return false;
}

int image_archive_choose(const struct image_doc *archive, struct sk_span tag,
			 const struct image_archive_entry **ret, struct sk_err *err)
{
	const struct image_archive_entry *found = NULL;
	struct sk_buf list;
	size_t n = 0;
	int r = 0;

	sk_buf_init(&list, LIST_MAX);
	for (size_t i = 0; i < archive->n_entries; i++) {
		const struct image_archive_entry *e = &archive->entries[i];

		for (size_t k = 0; k < e->n_tags; k++)
			list_add(&list, e->tags[k]);
		if (tag.len == 0 || entry_matches(e, tag)) {
			found = e;
			n++;
		}
	}
	if (n == 0)
		r = sk_err_set(err, SK_E_NOT_FOUND, "no such image; there are: %s",
			       list.len != 0 ? list.ptr : "images without a tag");
	else if (n > 1)
		r = sk_err_set(err, SK_E_AMBIGUOUS, "several images; choose with :TAG: %s",
			       list.len != 0 ? list.ptr : "none has a tag");
	else
		*ret = found;
	sk_buf_release(&list);
	return r;
}
