/* SPDX-License-Identifier: Apache-2.0 */
/* One run of matching: what it keeps, and its parts that have files of their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/map.h"
#include "match/match-priv.h"

enum {
	MATCH_RANKS_A_LEVEL = 4, /* added to the rank of what is not an update stream's own */
};

/** struct match_pair - a vulnerability and a hit that speaks of it */
struct match_pair {
	uint32_t vuln; /* index; where the document names none, the advisory with the top bit set */
	uint32_t hit;
	int rank;
};

/** struct match_cleans - claims that clear the package; their documents are read only when that
 * matters
 */
struct match_cleans {
	size_t *said; /* indices */
	size_t n, cap;
	struct match_pair *pairs; /* sorted; hit is the advisory */
	size_t n_pairs, pairs_cap;
	bool expanded;
};

/** struct matcher - one run; the arrays are kept from package to package */
struct matcher {
	const struct vulndb *db;
	const struct match_options *opts;
	struct sk_arena *a;
	struct sk_err *err;
	struct match_scope **scopes;
	size_t n_scopes, scopes_cap;
	size_t n_without_ecosystem;
	size_t n_without_version;
	struct match_texts texts;
	struct match_said *said;
	size_t n_said, said_cap;
	struct match_hit *hits;
	size_t n_hits, hits_cap;
	struct match_other *others;
	size_t n_others, others_cap;
	struct match_cleans outside;  /* of the range */
	struct match_cleans outright; /* "not affected" */
	struct match_pair *pairs;
	size_t n_pairs, pairs_cap;
	struct sk_map judged; /* scope, source, version → first and count of outcomes */
	const struct match_hit **group;
	size_t group_cap;
	struct match_results results;
	struct model_diagnostic *diagnostics;
	size_t n_diagnostics, diagnostics_cap;
};

/**
 * match_weigh() - what was said of a package becomes outcomes, one a vulnerability
 * @m: run; what was said of the package is in its arrays
 * @s: package
 *
 * Return: 0, or negative: the database is damaged.
 */
sk_must_check int match_weigh(struct matcher *m, const struct match_subject *s);

/**
 * match_damaged_claim() - the error of a claim that cannot be read
 * @m: run, whose error is filled
 * @r: negative, or what is passed on
 *
 * Return: @r, or the error.
 */
static inline int match_damaged_claim(struct matcher *m, int r)
{
	return r < 0 ? sk_err_set(m->err, -r, "advisory database: damaged claim") : r;
}

/**
 * match_diagnose() - add a diagnostic
 * @m: run
 * @severity: how much it matters
 * @place: borrowed as long as the run's arena
 * @message: same
 */
void match_diagnose(struct matcher *m, enum model_diagnostic_severity severity, const char *place,
		    const char *message);

/**
 * match_quoted() - foreign text as messages have it
 * @m: run
 * @s: text
 *
 * Return: in the run's arena.
 */
const char *match_quoted(struct matcher *m, struct sk_span s);

/**
 * match_report_bad_bound() - say that claims about a package gave versions that are none
 * @m: run
 * @s: package
 * @bounds: how many did; none: nothing is said
 */
void match_report_bad_bound(struct matcher *m, const struct match_subject *s,
			    const struct match_bounds *bounds);

/**
 * match_report() - say at the end what the run as a whole left out
 * @m: run
 */
void match_report(struct matcher *m);
