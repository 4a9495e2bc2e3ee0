/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: EPSS and Vulnrichment. */
#include "vulndb-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (vulndb_is_table(sk_span_of(data, size)))
		fuzz_feed(VULNDB_KIND_TABLE, data, size);
	return 0;
}
