/* SPDX-License-Identifier: Apache-2.0 */
/* A database made of lines of text, in place of vulndb, for the matcher's tests. */
#pragma once

#include "vulndb/vulndb.h"

enum {
	FAKE_MAX = 64,
	FAKE_TEXTS = 512,
};

/** struct fake_claim - one line */
struct fake_claim {
	struct vulndb_claim claim;
	const char *ecosystem;
	const char *name;
	struct vulndb_range ranges[8];
	struct sk_span versions[8];
};

/** struct vulndb - the lines of one case */
struct vulndb {
	struct fake_claim claims[FAKE_MAX];
	size_t n_claims;
	struct vulndb_advisory advisories[FAKE_MAX];
	uint32_t vulns_of[FAKE_MAX][8];
	size_t n_advisories;
	struct vulndb_vuln vulns[FAKE_MAX];
	uint32_t aliases[FAKE_MAX][8];
	struct vulndb_cvss cvss[FAKE_MAX][4];
	size_t n_vulns;
	struct {
		const char *product;
		const char *cycle;
		int64_t date;
	} eols[8];
	size_t n_eols;
	struct sk_span texts[FAKE_TEXTS]; /* identifiers, feeds, sources by number; 0 is empty */
	uint32_t n_texts;
};

/**
 * fake_line() - add an adv, vuln, claim or eol line
 * @db: database
 * @f: fields, ended by NULL: the verb, its positional fields, then key=value
 *
 * Return: false when the verb is another.
 */
bool fake_line(struct vulndb *db, const char **f);

/**
 * fake_value() - value of a key=value field
 * @f: fields, ended by NULL
 * @key: name
 *
 * Return: NULL when absent, "" for a field without '='.
 */
const char *fake_value(const char **f, const char *key);
