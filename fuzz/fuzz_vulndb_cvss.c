/* SPDX-License-Identifier: Apache-2.0 */
/* CVSS vectors of every version: a score is within its range and has one decimal. */
#include <math.h>
#include <stdlib.h>

#include "fuzz/target.h"
#include "vulndb/cvss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vulndb_cvss_score score;

	if (!vulndb_cvss_score(sk_span_of(data, size), &score))
		return 0;
	if (!(score.base >= 0 && score.base <= 10) ||
	    fabs(score.base * 10 - round(score.base * 10)) > 1e-9)
		abort();
	return 0;
}
