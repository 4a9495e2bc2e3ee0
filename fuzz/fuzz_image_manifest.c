/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest, configuration and docker-archive's manifest.json: what was parsed survives the way
 * through its binary form, byte for byte. */
#include <stdlib.h>

#include "fuzz/target.h"
#include "image/doc.h"

static void parse(enum image_doc_kind kind, struct sk_span text)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct image_doc d, again;
	struct sk_budget budget;
	struct sk_buf one, two;
	struct sk_err err = {0};

	sk_budget_init(&budget, &limits);
	sk_buf_init(&one, 64 << 20);
	sk_buf_init(&two, 64 << 20);
	if (image_doc_parse(kind, text, &budget, a, &d, &err) == 0) {
		const struct image_archive_entry *e;

		image_doc_encode(&d, &one);
		if (image_doc_decode(sk_buf_span(&one), &limits, a, &again, &err) == 0) {
			image_doc_encode(&again, &two);
			if (!sk_span_eq(sk_buf_span(&one), sk_buf_span(&two)))
				abort();
		}
		if (kind == IMAGE_DOC_ARCHIVE)
			(void)!image_archive_choose(&d, sk_span_str("1"), &e, &err);
	} else if (err.code == 0) {
		abort();
	}
	sk_buf_release(&one);
	sk_buf_release(&two);
	sk_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span text = sk_span_of(data, size);

	parse(IMAGE_DOC_MANIFEST, text);
	parse(IMAGE_DOC_CONFIG, text);
	parse(IMAGE_DOC_ARCHIVE, text);
	return 0;
}
