/* SPDX-License-Identifier: Apache-2.0 */
/* os-release and every older file. */
#include "catalog-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {
		"etc/os-release",   "etc/lsb-release",    "etc/redhat-release",
		"etc/SuSE-release", "etc/debian_version", "etc/alpine-release",
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(paths); i++)
		fuzz_parse(paths[i], data, size);
	return 0;
}
