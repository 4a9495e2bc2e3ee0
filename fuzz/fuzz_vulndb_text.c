/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile files of texts. */
#include <stdlib.h>

#include "fuzz/target.h"
#include "vulndb/db-priv.h"
#include "vulndb/text-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vulndb_text_header *h = (const struct vulndb_text_header *)data;
	struct vulndb_text *text = NULL;
	struct vulndb_text_entry e;
	struct vulndb db = {0};
	struct sk_arena *a;
	struct sk_err err;

	/* The database is the one that it says it belongs to. */
	if (size >= sizeof(*h))
		memcpy(db.digest.bytes, h->database, sizeof(h->database));
	if (vulndb_text_open_bytes(sk_span_of(data, size), &db, &text, &err) < 0)
		return 0;
	a = sk_arena_new();
	(void)!vulndb_text_verify(text, &err);
	for (uint32_t i = 0; i < 8; i++)
		(void)!vulndb_text_get(text, i * 37, a, &e, &err);
	sk_arena_free(a);
	vulndb_text_close(text);
	return 0;
}
