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

/** struct match_said - a claim about a package, with what it comes to; for all advisories that make
 * it
 */
struct match_said {
	struct vulndb_claim claim; /* of the first advisory */
	struct vulndb_range range; /* that holds the version; unused when enumerated */
	struct sk_span version;    /* enumerated version that equals, or empty */
	struct sk_span installed;  /* what was compared */
	enum match_verdict verdict;
	int level;              /* of the ecosystem that was asked */
	bool bounded;           /* it has versions, rather than a state for all of them */
	const char *range_text; /* NULL until it is asked for */
};

/** struct match_hit - an advisory that finds a package vulnerable */
struct match_hit {
	struct match_said *said; /* filled when everything is said */
	size_t said_at;          /* its index */
	uint32_t index;          /* of the advisory */
	int rank;                /* smaller speaks with more authority */
	struct vulndb_advisory advisory;
};

/** struct match_other - an advisory with fixes on another branch only */
struct match_other {
	size_t said_at;
	uint32_t index; /* of the advisory */
};

enum {
	MATCH_KNOWN_TEXTS = 256
};

/** struct match_texts - texts of the database that many findings share, copied once */
struct match_texts {
	const struct vulndb *db;
	struct sk_arena *a;
	struct {
		uint64_t key; /* 0: none */
		const char *text;
	} known[MATCH_KNOWN_TEXTS];
	struct {
		uint64_t key; /* 0: none */
		const struct model_cvss *cvss;
	} ratings[MATCH_KNOWN_TEXTS];
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
 * @ret: claim filled; verdict, range, version, installed, range_text are written
 * @bounds: bounds that could not be read are counted here, orders are kept
 *
 * Return: 0, or negative on a damaged record.
 */
sk_must_check int match_claim_judge(const struct match_subject *s, struct match_said *ret,
				    struct match_bounds *bounds);

/**
 * match_range_text() - a range in words
 * @said: vulnerable; keeps the text
 * @a: text lives here
 *
 * Return: text such as ">= 1.0, < 1.2".
 */
const char *match_range_text(struct match_said *said, struct sk_arena *a);

/**
 * match_join() - texts one after the other
 * @a: text lives here
 * @parts: texts
 * @n: how many
 *
 * Return: text.
 */
const char *match_join(struct sk_arena *a, const struct sk_span *parts, size_t n);

/**
 * match_feed_name() - name of a feed
 * @t: copies
 * @feed: its number
 *
 * Return: lives in @t's arena.
 */
const char *match_feed_name(struct match_texts *t, uint32_t feed);

/**
 * match_string() - a text that records of the database share
 * @t: copies
 * @string: its number
 *
 * Return: lives in @t's arena.
 */
const char *match_string(struct match_texts *t, uint32_t string);

/** struct match_group - everything that is said of one vulnerability of one package */
struct match_group {
	const struct match_subject *subject;
	bool has_vuln;
	struct vulndb_vuln vuln;
	const struct match_hit **hits; /* verdict vulnerable, best first */
	size_t n_hits;
	const struct match_other *others; /* other branches of any advisory */
	size_t n_others;
	const struct match_said *said; /* everything, for said_at */
};

/**
 * match_finding_fill() - the finding of a group
 * @g: group
 * @t: texts; the finding lives in its arena
 * @ret: zeroed; filled on success
 *
 * Return: 0, or -SK_E_FORMAT on a damaged record.
 */
sk_must_check int match_finding_fill(const struct match_group *g, struct match_texts *t,
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

/** struct match_outcome - what is known of one vulnerability of a source version, for all its
 * binaries
 */
struct match_outcome {
	struct model_finding finding; /* without the package */
	uint32_t rank;                /* in report order; equal where that cannot tell */
	bool withdrawn;
	bool unimportant;
	bool follow_up; /* a correction of an earlier update that closes nothing */
	bool outright;  /* a feed says "not affected" against another */
	const char *outright_text;
	const char *outright_feed;
};

/** struct match_delivery - an outcome for one package; a finding, or a suppressed one */
struct match_delivery {
	uint32_t package; /* index */
	uint32_t outcome; /* index */
	uint32_t rule;    /* suppressed by the user: index */
	enum model_reason reason;
};

/** struct match_deliveries - a growing list of them */
struct match_deliveries {
	struct match_delivery *items;
	size_t n, cap;
};

/** struct match_results - what comes out of a run, until it is in order */
struct match_results {
	const struct vulndb *db;
	const struct match_options *opts;
	struct sk_arena *a;
	const struct model_package *packages;
	size_t n_packages;
	struct match_outcome **outcomes;
	size_t n_outcomes, outcomes_cap;
	struct match_deliveries findings;
	struct match_deliveries suppressed;
	bool *ignore_used; /* one a rule */
};

/**
 * match_outcome_add() - another outcome
 * @r: results
 *
 * Return: zeroed, lives in the arena.
 */
struct match_outcome *match_outcome_add(struct match_results *r);

/**
 * match_deliver() - findings for one package from what is known of its source's version
 * @r: results
 * @p: one of the packages
 * @first: index of the first outcome
 * @n: outcomes
 */
void match_deliver(struct match_results *r, const struct model_package *p, size_t first, size_t n);

/**
 * match_hand_over() - the lists of a report
 * @r: results
 * @ret: findings and what is suppressed are written, in report order
 */
void match_hand_over(struct match_results *r, struct match_result *ret);

/**
 * match_results_release() - free what is not in the arena
 * @r: not used any more
 */
void match_results_release(struct match_results *r);
