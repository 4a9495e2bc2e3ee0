/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The advisory database as the matcher sees it: one immutable file, opened by mmap, asked by
 * ecosystem and package name. All text that it hands out is borrowed and lives until
 * vulndb_close(). One open database may be asked from several threads.
 *
 * Two identities: an *advisory* is a document of a feed (DSA-5376-1, GHSA-…, CVE-… of the Debian
 * feed) and makes claims about packages; a *vulnerability* is what people talk about (the CVE where
 * one exists among the aliases, else the document's own id). A notice that closes five CVEs is one
 * advisory with five vulnerabilities.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/span.h"
#include "model/finding.h"
#include "model/severity.h"

struct vulndb;

/**
 * vulndb_open() - map a database and check its frame
 * @path: file
 * @ret: the caller closes with vulndb_close()
 * @err: filled on failure
 *
 * Header, section bounds and their header checksum are checked here; a damaged record inside a
 * section is found when it is read and ends that look-up with an error. vulndb_verify() checks
 * every byte. Return: 0, or negative. Errors: SK_E_FORMAT, SK_E_DIGEST, SK_E_UNSUPPORTED (version),
 * -errno.
 */
sk_must_check int vulndb_open(const char *path, struct vulndb **ret, struct sk_err *err);

/**
 * vulndb_close() - unmap
 * @db: may be NULL
 */
void vulndb_close(struct vulndb *db);
SK_DEFINE_CLEANUP(struct vulndb, vulndb_close);

/*
 * X(NAME, "word"). Affected: the ranges say which versions, a fix may be among them. Not affected:
 * the feed says so outright of the package. End of life: out of support scope.
 */
#define VULNDB_CLAIM_STATES(X)                                                                     \
	X(AFFECTED, "affected")                                                                    \
	X(NOT_AFFECTED, "not_affected")                                                            \
	X(WILL_NOT_FIX, "will_not_fix")                                                            \
	X(DEFERRED, "deferred")                                                                    \
	X(UNDER_INVESTIGATION, "under_investigation")                                              \
	X(END_OF_LIFE, "end_of_life")

enum vulndb_claim_state {
#define X(name, word) VULNDB_CLAIM_##name,
	VULNDB_CLAIM_STATES(X)
#undef X
};

enum vulndb_claim_flags {
	VULNDB_CLAIM_UNIMPORTANT = 1 << 0, /* Debian urgency "unimportant" */
	VULNDB_CLAIM_MALICIOUS = 1 << 1,   /* MAL-: the package itself is the attack */
	VULNDB_CLAIM_BY_BINARY = 1
				 << 2, /* the name is a binary package's, else a source package's */
	VULNDB_CLAIM_FOLLOW_UP = 1 << 3, /* of a notice that corrects an earlier one and closes no
					    vulnerability */
};

/** struct vulndb_range - versions [introduced, fixed) or [introduced, last_affected] */
struct vulndb_range {
	struct sk_span introduced;    /* empty: from the beginning */
	struct sk_span fixed;         /* empty: no fix known, unless last_affected */
	struct sk_span last_affected; /* inclusive; empty: none */
};

/**
 * struct vulndb_claim - what one advisory says of one package; fixed part, lists through accessors
 *
 * Every claim speaks of the versions in its ranges and of those it enumerates, whatever its state;
 * one that speaks of all versions has one range without bounds. Where a notice and a tracker's
 * record (vulndb_advisory.notice) speak of one vulnerability of one package, the record decides
 * whether it is affected and the notice says when it was fixed.
 */
struct vulndb_claim {
	uint32_t advisory;        /* index for vulndb_advisory_get() */
	uint32_t n_more;          /* advisories that vulndb_claim_next() has yet to give */
	struct sk_span ecosystem; /* that the claim speaks of, whole, with release and CPE tail */
	enum vulndb_claim_state state;
	unsigned flags;               /* enum vulndb_claim_flags */
	enum model_severity severity; /* as this feed rates it for this package, or unknown */
	struct sk_span module;  /* modular rpm: "name:stream" that the claim speaks of, several
				   with commas; empty: non-modular, or not known */
	struct sk_span product; /* Red Hat: the CPE tail, e.g. "8::appstream"; else empty */
	struct sk_span arch;    /* comma separated, empty: all */
	uint32_t n_ranges;
	uint32_t n_versions; /* enumerated versions that no range covers */
	const struct vulndb *db;
	uint64_t body;           /* private: the package's record */
	uint64_t off;            /* private: where the lists are */
	uint64_t more, more_end; /* private: further advisories */
};

/** struct vulndb_iter - private state of a look-up; value type */
struct vulndb_iter {
	const struct vulndb *db;
	uint64_t body;    /* the package's record */
	uint64_t off;     /* next group */
	uint64_t end;     /* of the groups */
	uint64_t adv_off; /* next advisory of the current group */
	uint64_t list_off;
	uint32_t left;      /* groups */
	uint32_t advs_left; /* advisories of the current group, the current one included */
	uint32_t adv;       /* current advisory */
	uint32_t first_adv; /* of the current group */
	uint32_t attr;
	uint32_t n_ranges;
	uint32_t n_versions;
	uint32_t set_pos, set_left; /* releases of the current group that are left for @adv */
	uint32_t set_start, set_len;
	uint32_t scope, parent, low, high; /* releases that were asked for */
};

/**
 * vulndb_lookup() - what is known of a package
 * @db: open database
 * @ecosystem: as OSV writes it with release, e.g. "Debian:12", "npm"; exact case
 * @name: any spelling that the ecosystem takes for the same (PyPI: PEP 503; NuGet, Packagist, Hex
 *        and Pub: any case)
 * @ret_iter: for vulndb_next()
 *
 * "Red Hat:enterprise_linux:8" finds the claims of all its CPE tails, one each;
 * "Red Hat:enterprise_linux:8::appstream" those of that tail and those without a tail.
 * Never fails: an unknown package gives an empty iteration.
 */
void vulndb_lookup(const struct vulndb *db, struct sk_span ecosystem, struct sk_span name,
		   struct vulndb_iter *ret_iter);

/**
 * vulndb_next() - next claim
 * @it: from vulndb_lookup()
 * @ret_claim: written when there is one
 * @err: filled on failure
 *
 * Return: 1 claim, 0 end, negative on a damaged record (SK_E_FORMAT).
 */
sk_must_check int vulndb_next(struct vulndb_iter *it, struct vulndb_claim *ret_claim,
			      struct sk_err *err);

/**
 * vulndb_next_group() - next claim, with those that other advisories make in the same words
 * @it: from vulndb_lookup(); one iteration uses either this or vulndb_next()
 * @ret_claim: written when there is one: the claim of the group's first advisory
 * @err: filled on failure
 *
 * What holds for one claim of a group holds for all of them; vulndb_claim_next() goes through them.
 * Return: 1 group, 0 end, negative on a damaged record (SK_E_FORMAT).
 */
sk_must_check int vulndb_next_group(struct vulndb_iter *it, struct vulndb_claim *ret_claim,
				    struct sk_err *err);

/**
 * vulndb_claim_next() - the same claim by the next advisory of its group
 * @c: from vulndb_next_group(); its advisory changes
 *
 * Return: 1, 0 after the last one, -SK_E_FORMAT on a damaged record.
 */
sk_must_check int vulndb_claim_next(struct vulndb_claim *c);

/**
 * vulndb_claim_range() - i-th range of a claim
 * @c: claim
 * @i: below @c->n_ranges
 * @ret: written on success
 *
 * Return: 0, or -SK_E_FORMAT on a damaged record.
 */
sk_must_check int vulndb_claim_range(const struct vulndb_claim *c, uint32_t i,
				     struct vulndb_range *ret);

/**
 * vulndb_claim_version() - i-th enumerated version of a claim
 * @c: claim
 * @i: below @c->n_versions
 * @ret: written on success
 *
 * Return: 0, or -SK_E_FORMAT on a damaged record.
 */
sk_must_check int vulndb_claim_version(const struct vulndb_claim *c, uint32_t i,
				       struct sk_span *ret);

/** struct vulndb_advisory - one document of a feed */
struct vulndb_advisory {
	uint32_t id;                  /* for vulndb_id_text() */
	uint32_t feed;                /* for vulndb_feed_name() */
	enum model_severity severity; /* the document's own rating, or unknown */
	int64_t modified;             /* seconds since the epoch, 0: not known */
	bool withdrawn;
	bool notice; /* DSA, RHSA, …: a fix announcement rather than a vulnerability */
	uint32_t n_vulns;
	const struct vulndb *db;
	uint64_t off;      /* private */
	int64_t published; /* private: vulndb_advisory_published() */
	bool as_vuln;      /* private */
};

/** struct vulndb_vuln - one identity */
struct vulndb_vuln {
	uint32_t id; /* for vulndb_id_text(): the CVE where one exists */
	uint32_t n_aliases;
	uint32_t n_cvss;
	enum model_severity severity; /* best severity that any source gives, or unknown */
	uint32_t severity_source;     /* for vulndb_string() */
	int64_t published;            /* seconds since the epoch, 0: not known */
	bool kev;
	bool kev_ransomware;
	int64_t kev_added;
	bool epss_known;
	float epss_score;
	float epss_percentile;
	const struct vulndb *db;
	uint64_t off;               /* private */
	uint32_t cvss, cvss_source; /* equal numbers: equal ratings */
};

/**
 * vulndb_id_text() - an identifier
 * @db: open database
 * @id: its number; equal numbers are equal texts, and the other way round
 *
 * Return: empty when damaged.
 */
struct sk_span vulndb_id_text(const struct vulndb *db, uint32_t id);

/**
 * vulndb_id_copy() - an identifier, for the caller to keep
 * @db: open database
 * @id: its number
 * @a: the text lives here
 *
 * Cheaper than vulndb_id_text() for texts that are asked for once. Return: NULL when damaged.
 */
const char *vulndb_id_copy(const struct vulndb *db, uint32_t id, struct sk_arena *a);

/**
 * vulndb_string() - a small text that many records share
 * @db: open database
 * @string: its number; 0 is the empty text
 *
 * Return: empty when damaged.
 */
struct sk_span vulndb_string(const struct vulndb *db, uint32_t string);

/**
 * vulndb_feed_name() - name of a feed
 * @db: open database
 * @feed: its number
 *
 * Return: empty when damaged.
 */
struct sk_span vulndb_feed_name(const struct vulndb *db, uint32_t feed);

enum vulndb_record {
	VULNDB_RECORD_ADVISORY,
	VULNDB_RECORD_VULN,
	VULNDB_RECORD_ID,
};

enum vulndb_step {
	VULNDB_STEP_PLACE,  /* where the record is */
	VULNDB_STEP_RECORD, /* the record; the place is at hand by then */
};

/**
 * vulndb_soon() - a record will be asked for: the processor may begin to fetch it
 * @db: open database
 * @what: kind of record
 * @index: its number, any
 * @step: what is fetched; a list of records goes through all places first
 */
void vulndb_soon(const struct vulndb *db, enum vulndb_record what, uint32_t index,
		 enum vulndb_step step);

/**
 * vulndb_advisory_get() - document by index
 * @db: open database
 * @index: from a claim
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int vulndb_advisory_get(const struct vulndb *db, uint32_t index,
				      struct vulndb_advisory *ret, struct sk_err *err);

/**
 * vulndb_advisory_published() - when a document came out
 * @adv: document
 *
 * Return: seconds since the epoch; 0: not known.
 */
int64_t vulndb_advisory_published(const struct vulndb_advisory *adv);

/**
 * vulndb_advisory_vuln() - i-th vulnerability of a document
 * @adv: document
 * @i: below @adv->n_vulns
 * @ret_index: for vulndb_vuln_get(); equal indices are the same vulnerability
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int vulndb_advisory_vuln(const struct vulndb_advisory *adv, uint32_t i,
				       uint32_t *ret_index);

/**
 * vulndb_vuln_get() - vulnerability by index
 * @db: open database
 * @index: from vulndb_advisory_vuln()
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int vulndb_vuln_get(const struct vulndb *db, uint32_t index, struct vulndb_vuln *ret,
				  struct sk_err *err);

/**
 * vulndb_vuln_alias() - i-th alias, sorted
 * @v: vulnerability
 * @i: below @v->n_aliases
 * @ret_id: for vulndb_id_text()
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int vulndb_vuln_alias(const struct vulndb_vuln *v, uint32_t i, uint32_t *ret_id);

/** struct vulndb_cvss - one rating */
struct vulndb_cvss {
	const char *version; /* static: "2.0", "3.0", "3.1", "4.0" */
	struct sk_span vector;
	double score;
	struct sk_span source;
};

/**
 * vulndb_vuln_cvss() - i-th rating, best source first
 * @v: vulnerability
 * @i: below @v->n_cvss
 * @ret: written on success
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int vulndb_vuln_cvss(const struct vulndb_vuln *v, uint32_t i,
				   struct vulndb_cvss *ret);

/* Behind a cycle of vulndb_end_of_life(): the end of its extended support. */
#define VULNDB_EXTENDED "+extended"

/**
 * vulndb_end_of_life() - end of support of a distribution release or a language runtime
 * @db: open database
 * @product: endoflife.date's product name, e.g. "debian", "alpine", "nodejs"
 * @cycle: release cycle, e.g. "11", "3.11"; with VULNDB_EXTENDED behind it "11+extended"
 * @ret: seconds since the epoch
 *
 * Return: false when not known.
 */
bool vulndb_end_of_life(const struct vulndb *db, struct sk_span product, struct sk_span cycle,
			int64_t *ret);

/**
 * vulndb_has_ecosystem() - does any feed of this database speak of an ecosystem
 * @db: open database
 * @ecosystem: as OSV writes it
 *
 * Return: false when no claim exists: a scan then says that it could not judge.
 */
bool vulndb_has_ecosystem(const struct vulndb *db, struct sk_span ecosystem);

/**
 * vulndb_describe() - what a report says of the database
 * @db: open database
 * @a: text and the list of feeds live here
 * @ret: written
 */
void vulndb_describe(const struct vulndb *db, struct sk_arena *a, struct model_database *ret);
