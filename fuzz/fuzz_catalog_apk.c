/* SPDX-License-Identifier: Apache-2.0 */
/* apk's installed database. */
#include "catalog-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parse("lib/apk/db/installed", data, size);
	return 0;
}
