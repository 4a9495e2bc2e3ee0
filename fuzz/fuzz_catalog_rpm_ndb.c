/* SPDX-License-Identifier: Apache-2.0 */
/* NDB: the magics of the file and of its slots are put in their places. */
#include "catalog-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(size + 1);

	assert(file != NULL);
	memcpy(file, data, size);
	if (size >= 4096) {
		memcpy(file, "RpmP\0\0\0\0", 8);
		for (size_t at = 32; at < 4096; at += 16)
			memcpy(file + at, "Slot", 4);
	}
	fuzz_parse("var/lib/rpm/Packages.db", file, size);
	free(file);
	return 0;
}
