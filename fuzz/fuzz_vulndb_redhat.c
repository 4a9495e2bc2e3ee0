/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines of one feed, and whatever else the same bytes may be taken for. */
#include "vulndb-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_feed(VULNDB_KIND_LINES, data, size);
	return 0;
}
