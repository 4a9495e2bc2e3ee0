/* SPDX-License-Identifier: Apache-2.0 */
/* Packages × advisories → findings, with the evidence for each finding and each suppression. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "model/finding.h"
#include "vulndb/vulndb.h"

/** struct match_ignore - one rule of .stockadeignore */
struct match_ignore {
	const char *id;      /* vulnerability or alias, or NULL */
	const char *package; /* name or purl without version, or NULL */
	const char *path;    /* glob over locations, or NULL */
	const char *reason;
	int64_t until;      /* first second that it no longer applies, 0: for ever */
	const char *source; /* "file:line" */
};

/** struct match_ignores - parsed ignore file */
struct match_ignores {
	struct match_ignore *rules;
	size_t n_rules;
};

/**
 * match_ignores_parse() - read an ignore list
 * @text: YAML list of {id, package, path, reason, until}
 * @file: name for messages
 * @a: rules live here
 * @ret: written on success
 * @err: filled on failure, with the line
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT also for a rule without a reason or without a
 * subject.
 */
sk_must_check int match_ignores_parse(struct sk_span text, const char *file, struct sk_arena *a,
				      struct match_ignores *ret, struct sk_err *err);

/**
 * match_glob() - does a pattern match a whole path
 * @pattern: '?' one byte and '*' any bytes but '/', "**" any bytes; at most 1,024 bytes
 * @path: leading slashes of both do not count
 *
 * Return: true when it matches. Linear in pattern × path.
 */
bool match_glob(const char *pattern, const char *path);

/** struct match_options - what the caller chose */
struct match_options {
	const struct match_ignores *ignores; /* may be NULL */
	const char *const
		*content_sets; /* Red Hat repositories or CPEs that the image was built from */
	size_t n_content_sets;
	int64_t now; /* seconds since the epoch, for expiry of ignores */
};

/** struct match_result - lists in report order, text in the arena */
struct match_result {
	struct model_finding *findings;
	size_t n_findings;
	struct model_suppressed *suppressed;
	size_t n_suppressed;
	struct model_diagnostic *diagnostics;
	size_t n_diagnostics;
	size_t n_unjudged; /* packages without a version, or that no feed here speaks of */
};

/**
 * match_packages() - judge packages
 * @db: advisories
 * @packages: ecosystem, source, module and owner filled
 * @n_packages: count
 * @opts: choices
 * @a: results live here; they borrow @packages
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or negative (a damaged database). A version that its ecosystem's order cannot read is
 * a diagnostic, never a guess.
 */
sk_must_check int match_packages(const struct vulndb *db, const struct model_package *packages,
				 size_t n_packages, const struct match_options *opts,
				 struct sk_arena *a, struct match_result *ret, struct sk_err *err);

/**
 * match_relevant_feed() - whose age is that of the advisories on some packages
 * @d: described database
 * @packages: with their ecosystems
 * @n_packages: count
 *
 * Of the feeds that speak of one family of ecosystems the newest counts, of several families the
 * oldest. Return: borrowed from @d; NULL when no feed with a date speaks of any package.
 */
const struct model_feed *match_relevant_feed(const struct model_database *d,
					     const struct model_package *packages,
					     size_t n_packages);

/**
 * match_end_of_life() - end of support of the distribution release behind an ecosystem
 * @db: open database
 * @ecosystem: as packages have it, e.g. "Debian:10"
 * @ret: seconds since the epoch
 * @ret_extended: end of extended support (LTS and the like), 0 when none is known
 *
 * Return: false when not known.
 */
bool match_end_of_life(const struct vulndb *db, const char *ecosystem, int64_t *ret,
		       int64_t *ret_extended);

/**
 * match_risk() - how urgent a vulnerability is, from 0 to 100
 * @severity: word
 * @cvss: ratings, may be NULL
 * @n_cvss: count
 * @kev: entry of the catalogue of exploited vulnerabilities
 * @epss: exploit prediction
 *
 * min(threat × severity × kev, 1) × 100: threat is 1 for what is known to be exploited, else the
 * exploit prediction; severity the mean of the word's score and the mean CVSS score, over 10; kev
 * 1.05, with ransomware 1.1, for what is known to be exploited. Return: the risk.
 */
double match_risk(enum model_severity severity, const struct model_cvss *cvss, size_t n_cvss,
		  const struct model_kev *kev, const struct model_epss *epss);
