/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of all CVSS versions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/** struct vulndb_cvss_metric - one metric with its one-letter values */
struct vulndb_cvss_metric {
	const char *name;
	const char *values;
	bool optional; /* UINT8_MAX when absent */
};

/* Value numbers by metric; false on a missing, repeated or unknown one. */
bool vulndb_cvss_parse(struct sk_span text, const struct vulndb_cvss_metric *metrics, size_t n,
		       uint8_t *values);

bool vulndb_cvss4_score(struct sk_span text, double *ret);
