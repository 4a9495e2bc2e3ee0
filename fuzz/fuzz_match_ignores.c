/* SPDX-License-Identifier: Apache-2.0 */
/* Ignore files: every rule that is accepted has a reason and a subject, and its pattern ends. */
#include <assert.h>
#include <stdint.h>

#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_arena *a = sk_arena_new();
	struct match_ignores l;
	struct sk_err err;

	if (match_ignores_parse(sk_span_of(data, size), "fuzz", a, &l, &err) == 0) {
		for (size_t i = 0; i < l.n_rules; i++) {
			const struct match_ignore *r = &l.rules[i];

			assert(r->reason != NULL && r->source != NULL);
			assert(r->id != NULL || r->package != NULL || r->path != NULL);
			if (r->path != NULL) {
				(void)match_glob(r->path, "srv/app/node_modules/x/package.json");
				(void)match_glob(r->path, "");
			}
		}
	}
	sk_arena_free(a);
	return 0;
}
