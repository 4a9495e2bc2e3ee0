/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs: what parses has a canonical text that parses to itself, and makes a package. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "model/purl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_arena *a = sk_arena_new();
	struct model_purl p, again;
	struct model_package pkg;
	struct sk_err err;

	if (model_purl_parse(sk_span_of(data, size), a, &p, &err) == 0) {
		const char *text = model_purl_text(&p, a);

		/* encoding may triple the length, beyond what is read */
		if (strlen(text) <= 8192) {
			assert(model_purl_parse(sk_span_str(text), a, &again, &err) == 0);
			assert(strcmp(model_purl_text(&again, a), text) == 0);
		}
		model_purl_to_package(&p, text, a, &pkg);
		assert(pkg.name != NULL && pkg.version != NULL);
		assert(pkg.source_name != NULL && pkg.source_version != NULL);
		assert(model_purl_of_package(&pkg, NULL, a) != NULL);
	}
	sk_arena_free(a);
	return 0;
}
