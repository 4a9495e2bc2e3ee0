/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a database that people ask, not the matcher: what it is made of, who speaks of a
 * name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"
#include "vulndb/vulndb.h"

/** struct vulndb_feed - one feed of a database; text is borrowed from it */
struct vulndb_feed {
	struct sk_span name;
	uint64_t documents;
	uint64_t claims;
	int64_t oldest; /* documents' dates, seconds since the epoch, 0: without dates */
	int64_t newest;
	uint32_t n_skipped;      /* reasons */
	const struct vulndb *db; /* private */
	uint32_t index;          /* private */
};

/** struct vulndb_counts - how much is in a database */
struct vulndb_counts {
	uint64_t size; /* bytes */
	uint32_t major, minor;
	int64_t built; /* seconds since the epoch */
	uint32_t ecosystems;
	uint64_t packages;
	uint32_t advisories;
	uint32_t vulnerabilities;
	uint32_t feeds;
};

/**
 * vulndb_count() - how much is in a database
 * @db: open database
 * @ret: written
 */
void vulndb_count(const struct vulndb *db, struct vulndb_counts *ret);

/**
 * vulndb_digest() - the name of a database
 * @db: open database
 *
 * Return: SHA-256 over its header and the checksums of its sections; lives as long as @db.
 */
const struct sk_digest *vulndb_digest(const struct vulndb *db);

/**
 * vulndb_feed_get() - i-th feed, sorted by name
 * @db: open database
 * @i: below vulndb_counts.feeds
 * @ret: written on success
 *
 * Return: false at the end, and on a damaged record.
 */
bool vulndb_feed_get(const struct vulndb *db, uint32_t i, struct vulndb_feed *ret);

/**
 * vulndb_feed_skipped() - i-th reason for which something of a feed is not used
 * @f: feed
 * @i: below @f->n_skipped
 * @ret_reason: text
 * @ret_n: how often
 *
 * Return: false on a damaged record.
 */
bool vulndb_feed_skipped(const struct vulndb_feed *f, uint32_t i, struct sk_span *ret_reason,
			 uint64_t *ret_n);

/**
 * vulndb_feed_family() - i-th family of ecosystems that a feed speaks of, sorted
 * @f: feed
 * @i: from 0
 * @ret: an ecosystem without its release, e.g. "Debian"; written on success
 *
 * Return: false at the end, and on a damaged record.
 */
bool vulndb_feed_family(const struct vulndb_feed *f, uint32_t i, struct sk_span *ret);

/** struct vulndb_search - walks all claims, or those on a name or an identifier; opaque */
struct vulndb_search;

/**
 * vulndb_search_new() - start a walk
 * @db: outlives the walk
 * @text: package name in any family, or identifier or alias of an advisory or a vulnerability;
 *        empty: everything
 * @any_case: names match in any case; identifiers are as the database spells them
 *
 * Return: the caller frees with vulndb_search_free().
 */
struct vulndb_search *vulndb_search_new(const struct vulndb *db, struct sk_span text,
					bool any_case);

/**
 * vulndb_search_next() - next claim, by family and package in byte order
 * @s: walk
 * @ret_name: package, borrowed until the next call
 * @ret_claim: written when there is one
 * @err: filled on failure
 *
 * Return: 1 claim, 0 end, negative on a damaged database.
 */
sk_must_check int vulndb_search_next(struct vulndb_search *s, struct sk_span *ret_name,
				     struct vulndb_claim *ret_claim, struct sk_err *err);

/**
 * vulndb_search_free() - end a walk
 * @s: may be NULL
 */
void vulndb_search_free(struct vulndb_search *s);
SK_DEFINE_CLEANUP(struct vulndb_search, vulndb_search_free);

/**
 * vulndb_has_id() - does the database know an identifier or alias
 * @db: open database
 * @id: as the database spells it
 *
 * Return: true if so.
 */
bool vulndb_has_id(const struct vulndb *db, struct sk_span id);

/**
 * vulndb_repository() - i-th product of a Red Hat repository
 * @db: open database
 * @repository: content set, e.g. "rhel-8-for-x86_64-baseos-rpms"
 * @i: from 0
 * @ret: ecosystem, e.g. "Red Hat:enterprise_linux:8::baseos"
 *
 * Return: false when there is none (any more).
 */
bool vulndb_repository(const struct vulndb *db, struct sk_span repository, uint32_t i,
		       struct sk_span *ret);

/**
 * vulndb_vuln_find() - vulnerability by identifier or alias
 * @db: open database
 * @id: exact text
 * @ret_index: for vulndb_vuln_get()
 *
 * Return: false when it is not known.
 */
bool vulndb_vuln_find(const struct vulndb *db, struct sk_span id, uint32_t *ret_index);
