/* SPDX-License-Identifier: Apache-2.0 */
/* What a delta gives, before it is a database again; and any file, there and back. */
#include <stdlib.h>

#include "fuzz/target.h"
#include "vulndb/transit-priv.h"

enum {
	MAX_OUT = 1 << 20
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span bytes = sk_span_of(data, size);
	struct sk_buf form, back;

	sk_buf_init(&form, MAX_OUT);
	sk_buf_init(&back, MAX_OUT);
	(void)!vulndb_from_transit(bytes, &back);
	sk_buf_reset(&back);
	/* Numbers that are written longer than they need to be come back shorter: then by digest
	 * the whole file is fetched. */
	if (vulndb_to_transit(bytes, &form))
		(void)!vulndb_from_transit(sk_buf_span(&form), &back);
	sk_buf_release(&form);
	sk_buf_release(&back);
	return 0;
}
