/* SPDX-License-Identifier: Apache-2.0 */
/* rpm headers: the input becomes the only blob of a sound NDB database. */
#include "catalog-target.h"

enum {
	SLOT_PAGE = 4096,
	HEAD_SIZE = 16,
	TAIL_SIZE = 12,
};

static void put32(uint8_t *p, size_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t blob = (HEAD_SIZE + size + TAIL_SIZE + 15) / 16 * 16;
	uint8_t *file = calloc(1, SLOT_PAGE + blob);

	assert(file != NULL);
	memcpy(file, "RpmP", 4);
	put32(file + 12, 1);
	for (size_t at = 32; at < SLOT_PAGE; at += 16)
		memcpy(file + at, "Slot", 4);
	put32(file + 36, 1);
	put32(file + 40, SLOT_PAGE / 16);
	put32(file + 44, blob / 16);
	memcpy(file + SLOT_PAGE, "BlbS", 4);
	put32(file + SLOT_PAGE + 4, 1);
	put32(file + SLOT_PAGE + 12, size);
	if (size != 0)
		memcpy(file + SLOT_PAGE + HEAD_SIZE, data, size);
	fuzz_parse("var/lib/rpm/Packages.db", file, SLOT_PAGE + blob);
	free(file);
	return 0;
}
