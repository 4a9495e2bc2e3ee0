/* SPDX-License-Identifier: Apache-2.0 */
/* Zip archives of documents. */
#include <stdlib.h>

#include "fuzz/target.h"
#include "vulndb/stream-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vulndb_zip *z = NULL;
	struct sk_span name;
	struct sk_err err;
	struct sk_buf out;

	if (vulndb_zip_open_bytes(sk_span_of(data, size), &z, &err) < 0)
		return 0;
	sk_buf_init(&out, 1 << 22);
	while (vulndb_zip_next(z, &name, &out, &err) > 0)
		sk_buf_reset(&out);
	sk_buf_release(&out);
	vulndb_zip_close(z);
	return 0;
}
