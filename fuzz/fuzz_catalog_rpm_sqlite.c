/* SPDX-License-Identifier: Apache-2.0 */
/* rpmdb.sqlite: the magic is put in front, so that SQLite sees every input. */
#include "catalog-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(size + 16);

	assert(file != NULL);
	memcpy(file, "SQLite format 3", 16);
	if (size != 0)
		memcpy(file + 16, data, size);
	fuzz_parse("var/lib/rpm/rpmdb.sqlite", file, size + 16);
	free(file);
	return 0;
}
