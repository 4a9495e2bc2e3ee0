/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which findings are shown and counted, and whether they trip the gate. Filters take findings away
 * before anything is counted, as users of comparable scanners expect; what was suppressed stays as
 * it is, and the number of filtered findings is said in a diagnostic.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"
#include "model/finding.h"

/** struct match_gate - filters and threshold; all zero: everything is shown, nothing trips */
struct match_gate {
	unsigned severities; /* bit (1 << enum model_severity); 0: all */
	bool only_kev;       /* known to be exploited */
	bool ignore_unfixed; /* without those that no version fixes */
	bool fail;           /* a finding of at least this severity trips */
	enum model_severity fail_on;
	int64_t db_not_before; /* seconds since the epoch: older advisories trip */
};

/**
 * match_gate_severities() - value of --severity
 * @text: words separated by commas
 * @ret: severities are added
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_USAGE.
 */
sk_must_check int match_gate_severities(struct sk_span text, struct match_gate *ret,
					struct sk_err *err);

/**
 * match_gate_fail_on() - value of --fail-on
 * @text: severity word; "any" is every finding, also of unknown severity
 * @ret: threshold is set
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_USAGE.
 */
sk_must_check int match_gate_fail_on(struct sk_span text, struct match_gate *ret,
				     struct sk_err *err);

/**
 * match_gate_apply() - filter the findings and give the verdict
 * @g: filters and threshold
 * @r: report; findings are taken out in place, diagnostics and verdict are written
 * @a: text lives here
 *
 * The verdict is "fail" when a finding that remains reaches the threshold or when the newest
 * document of the feeds that speak of the packages is too old (a diagnostic says so), else
 * "incomplete" when some diagnostic is an error, also because the threshold is asked for and no
 * feed speaks of any package, else "pass"; what tripped the gate is told in the report. Return:
 * true when the gate is tripped.
 */
bool match_gate_apply(const struct match_gate *g, struct model_report *r, struct sk_arena *a);
