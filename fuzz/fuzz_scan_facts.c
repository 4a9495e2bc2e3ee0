/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel from a worker: any bytes are refused or are facts that can be merged; what was
 * decoded is encoded to bytes that decode to the same.
 */
#include <stdlib.h>

#include "fuzz/target.h"
#include "scan/facts.h"
#include "scan/merge.h"
#include "scan/reader.h"

static void merge(const struct scan_facts *f, struct sk_arena *a)
{
	const struct scan_facts *parts[] = {f};
	const struct scan_layer layers[] = {{.parts = parts, .n_parts = 1},
					    {.parts = parts, .n_parts = 1}};
	const struct scan_alias known[] = {
		{SK_SPAN("opt/release"), SK_SPAN("etc/os-release")},
	};
	struct scan_merged merged;

	scan_merge(layers, 2, known, 1, a, &merged);
	for (size_t i = 0; i < merged.n_files; i++) {
		if (merged.files[i].fact == NULL || merged.files[i].layer > 1)
			abort();
		for (size_t k = 0; k < merged.files[i].fact->result.n_packages; k++)
			if (merged.files[i].since[k] > merged.files[i].layer)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scan_wanted wanted = {0};
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct scan_facts f, again;
	struct scan_archive archive;
	struct sk_buf one, two;
	struct sk_err err = {0};

	sk_buf_init(&one, 64 << 20);
	sk_buf_init(&two, 64 << 20);
	(void)!scan_archive_decode(sk_span_of(data, size), &limits, a, &archive, &err);
	if (scan_facts_decode(sk_span_of(data, size), &wanted, &limits, a, &f, &err) == 0) {
		scan_facts_encode(&f, &one);
		if (scan_facts_decode(sk_buf_span(&one), &wanted, &limits, a, &again, &err) < 0)
			abort();
		scan_facts_encode(&again, &two);
		if (!sk_span_eq(sk_buf_span(&one), sk_buf_span(&two)))
			abort();
		merge(&again, a);
	}
	sk_buf_release(&one);
	sk_buf_release(&two);
	sk_arena_free(a);
	return 0;
}
