/* SPDX-License-Identifier: Apache-2.0 */
/* dpkg's status file, and the same bytes as a list of files. */
#include "catalog-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parse("var/lib/dpkg/status", data, size);
	fuzz_parse("var/lib/dpkg/info/x.list", data, size);
	fuzz_parse("var/lib/dpkg/status.d/x.md5sums", data, size);
	return 0;
}
