/* SPDX-License-Identifier: Apache-2.0 */
/* Berkeley DB: the magic is put in its place in the byte order that the first byte chooses. */
#include "catalog-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(size + 1);

	assert(file != NULL);
	memcpy(file, data, size);
	if (size >= 32) {
		memcpy(file + 12, (data[0] & 1) != 0 ? "\x61\x15\x06" : "\0\x06\x15\x61", 4);
		if (file[20] == 0 && file[22] == 0) /* a small page, so that there are many */
			file[(data[0] & 1) != 0 ? 21 : 22] = 2;
	}
	fuzz_parse("var/lib/rpm/Packages", file, size);
	free(file);
	return 0;
}
