/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes: whatever is chosen is one of the index's own manifests and no attestation; the binary
 * form of a document takes any bytes. */
#include <stdlib.h>

#include "fuzz/target.h"
#include "image/doc.h"
#include "image/target.h"

static void choose(const struct image_doc *index, const char *tag, const char *platform,
		   struct sk_arena *a)
{
	const struct image_descriptor *d = NULL;
	struct image_choice choice = {.tag = sk_span_str(tag)};
	struct sk_err err = {0};

	if (platform != NULL && !image_platform_parse(platform, a, &choice.platform))
		abort();
	if (image_index_choose(index, &choice, a, &d, &err) < 0) {
		if (err.code != SK_E_NOT_FOUND && err.code != SK_E_AMBIGUOUS)
			abort();
		return;
	}
	if (d < index->blobs || d >= index->blobs + index->n_blobs || d->is_attestation)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct sk_budget budget;
	struct image_doc d;
	struct sk_err err = {0};

	sk_budget_init(&budget, &limits);
	if (image_doc_parse(IMAGE_DOC_INDEX, sk_span_of(data, size), &budget, a, &d, &err) == 0 &&
	    d.kind == IMAGE_DOC_INDEX) {
		choose(&d, "", NULL, a);
		choose(&d, "1.0", NULL, a);
		choose(&d, "", "linux/arm64/v8", a);
	}
	if (image_doc_decode(sk_span_of(data, size), &limits, a, &d, &err) == 0 &&
	    d.kind == IMAGE_DOC_INDEX)
		choose(&d, "", NULL, a);
	sk_arena_free(a);
	return 0;
}
