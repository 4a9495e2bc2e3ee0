/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the matcher: rules by ecosystem, a claim's verdict on a package, and what becomes of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "match/match.h"
#include "version/version.h"

enum match_rule_flags {
	MATCH_BY_SOURCE = 1 << 0, /* claims name source packages … */
	MATCH_BY_BINARY = 1 << 1, /* … or binary packages; with both, the claim says which */
	MATCH_RPM = 1 << 2,       /* epochs and modularity */
	MATCH_FIX_BEATS_STATE = 1 << 3, /* a released fix outweighs a state without versions */
};

/** struct match_rule - how the packages of a family of ecosystems are asked for */
struct match_rule {
	const char *family; /* what the ecosystem's name begins with, up to ':' or ' ' or its end */
	unsigned flags;
	const char *product; /* endoflife.date's name, or NULL */
};

enum {
	MATCH_MAX_ECOSYSTEMS = 64,
	MATCH_LAST_DEBIAN = 99, /* release; one every two years */
};

/** struct match_scope - one ecosystem that packages of this target belong to */
struct match_scope {
	const char *ecosystem; /* as the packages have it */
	const struct match_rule *rule;
	enum version_scheme scheme;
	bool known; /* a rule and a version order exist, and the database speaks of it */
	const char *asked[MATCH_MAX_ECOSYSTEMS]; /* what the database is asked for */
	size_t n_asked;
	size_t n_specific; /* the first so many of them overrule the rest: update streams */
	size_t n_packages;
	const char *instead; /* the release that is asked for one without advisories, or NULL */
};

/** struct match_subject - a package being judged */
struct match_subject {
	const struct model_package *package;
	const struct match_scope *scope;
	struct sk_span version;
	struct sk_span source_version;
	bool modular;       /* rpm built in a module */
	bool unordered;     /* the ecosystem's order cannot read the version */
	bool epoch_unknown; /* rpm: the source package's version is not the binary's, and source
			       file names leave the epoch out */
};

enum match_verdict {
	MATCH_CLEAN,       /* outside of the ranges */
	MATCH_CLEAN_BELOW, /* outside, but some fix lies above: another branch */
	MATCH_VULNERABLE,
	MATCH_NOT_AFFECTED, /* the feed says so outright */
};

/** struct match_hit - a claim that matters to a package */
struct match_hit {
	struct vulndb_claim claim;
	struct vulndb_advisory advisory;
	struct vulndb_range range; /* that holds the version; unused when enumerated */
	struct sk_span version;    /* enumerated version that equals, or empty */
	struct sk_span installed;  /* what was compared */
	enum match_verdict verdict;
	int rank; /* smaller speaks with more authority */
};

enum {
	MATCH_KNOWN_ORDERS = 32
};

/** struct match_order - an installed version beside a bound, compared before */
struct match_order {
	const char *installed;
	const char *bound; /* claims of one package share the texts of their bounds */
	size_t bound_len;
	int order;
};

/** struct match_bounds - what one subject's comparisons with bounds have shown */
struct match_bounds {
	struct sk_span bad_text; /* that the ecosystem's order cannot read, the first */
	uint32_t bad_advisory;
	size_t n_bad;
	struct match_order known[MATCH_KNOWN_ORDERS]; /* by the bound's address */
};

/**
 * match_rule_of() - rule of an ecosystem
 * @ecosystem: name with release
 *
 * Return: static; NULL for an empty name.
 */
const struct match_rule *match_rule_of(struct sk_span ecosystem);

/**
 * match_scope_init() - rule, version order and names for the database
 * @s: written
 * @db: database
 * @ecosystem: as a package has it
 * @opts: content sets choose update streams
 * @a: text lives here
 */
void match_scope_init(struct match_scope *s, const struct vulndb *db, const char *ecosystem,
		      const struct match_options *opts, struct sk_arena *a);

/**
 * match_claim_applies() - is a claim about this package at all: key, arch, module
 * @s: subject
 * @c: claim
 * @asked_binary: it was found under the binary package's name
 * @asked_source: it was found under the source package's name
 *
 * Return: true if so.
 */
bool match_claim_applies(const struct match_subject *s, const struct vulndb_claim *c,
			 bool asked_binary, bool asked_source);

/**
 * match_claim_judge() - does a claim's range hold the package's version
 * @s: subject
 * @ret: claim filled; verdict, range, version, installed are written
 * @bounds: bounds that could not be read are counted here, orders are kept
 *
 * Return: 0, or negative on a damaged record.
 */
sk_must_check int match_claim_judge(const struct match_subject *s, struct match_hit *ret,
				    struct match_bounds *bounds);

/**
 * match_range_text() - a range in words
 * @h: vulnerable hit
 * @a: text lives here
 *
 * Return: text such as ">= 1.0, < 1.2".
 */
const char *match_range_text(const struct match_hit *h, struct sk_arena *a);

/** struct match_group - everything that is said of one vulnerability of one package */
struct match_group {
	const struct match_subject *subject;
	bool has_vuln;
	struct vulndb_vuln vuln;
	const struct match_hit **hits; /* verdict vulnerable, best first */
	size_t n_hits;
	const struct match_hit *others; /* other branches of any advisory */
	size_t n_others;
};

/**
 * match_finding_fill() - the finding of a group
 * @g: group
 * @a: text lives here
 * @ret: written on success
 *
 * Return: 0, or -SK_E_FORMAT on a damaged record.
 */
sk_must_check int match_finding_fill(const struct match_group *g, struct sk_arena *a,
				     struct model_finding *ret);

/**
 * match_ignores_find() - first rule that holds a finding back
 * @ignores: rules
 * @f: finding
 * @now: seconds since the epoch
 * @used: one flag a rule, set for every rule in force that speaks of the finding
 *
 * Return: NULL when none does.
 */
const struct match_ignore *match_ignores_find(const struct match_ignores *ignores,
					      const struct model_finding *f, int64_t now,
					      bool *used);
