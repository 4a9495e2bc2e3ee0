/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS base scores from vectors. Sources: CVSS v2.0 Complete Guide, CVSS v3.0, v3.1 and v4.0
 * specification documents (first.org).
 */
#pragma once

#include <stdbool.h>

#include "base/defs.h"
#include "base/span.h"

enum vulndb_cvss_version {
	VULNDB_CVSS_2,
	VULNDB_CVSS_30,
	VULNDB_CVSS_31,
	VULNDB_CVSS_4,
};

/** struct vulndb_cvss_score - what a vector says */
struct vulndb_cvss_score {
	enum vulndb_cvss_version version;
	double base; /* 0.0 to 10.0, one decimal; of 4.0 the score */
};

/**
 * vulndb_cvss_score() - base score of a vector
 * @vector: "AV:N/AC:L/…" (2.0), or with its version in front; blanks and brackets around it are
 *          allowed
 * @ret: written on success
 *
 * Of 2.0 and 3.x the base score: temporal and environmental metrics are ignored. 4.0 has one score,
 * for all metrics given; supplemental ones have no influence on it. Return: false when a base
 * metric is missing, repeated or has an unknown value.
 */
sk_must_check bool vulndb_cvss_score(struct sk_span vector, struct vulndb_cvss_score *ret);
