/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a whole database: every byte by its checksum, then every record by reading it. */
#include "vulndb/build.h"
#include "vulndb/db-priv.h"
#include "vulndb/query.h"

static int verify_sections(const struct vulndb *db, struct sk_err *err)
{
	uint32_t n = vulndb_le32(((const struct vulndb_header *)db->map)->n_sections);
	const struct vulndb_section *s =
		(const struct vulndb_section *)(db->map + sizeof(struct vulndb_header));

	for (uint32_t i = 0; i < n; i++) {
		/* vulndb_open() has checked the bounds. */
		struct sk_span bytes =
			sk_span_of(db->map + vulndb_le64(s[i].off), vulndb_le64(s[i].len));
		struct sk_digest d = sk_digest_of(SK_DIGEST_SHA256, bytes);

		if (memcmp(d.bytes, s[i].sha256, SK_SHA256_SIZE) != 0)
			return sk_err_set(
				err, SK_E_DIGEST,
				"advisory database: section %u does not match its checksum",
				vulndb_le32(s[i].type));
	}
	return 0;
}

static int verify_claim(const struct vulndb_claim *c, struct sk_err *err)
{
	struct vulndb_range range;
	struct sk_span version;

	for (uint32_t i = 0; i < c->n_ranges; i++) {
		if (vulndb_claim_range(c, i, &range) < 0)
			return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged range");
	}
	for (uint32_t i = 0; i < c->n_versions; i++) {
		if (vulndb_claim_version(c, i, &version) < 0)
			return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged version");
	}
	return 0;
}

static int verify_claims(const struct vulndb *db, struct sk_err *err)
{
	sk_cleanup(vulndb_search_freep) struct vulndb_search *s =
		vulndb_search_new(db, sk_span_of("", 0), false);
	uint32_t n_advisories = db->parts[VULNDB_SECTION_ADVISORIES].n_items;
	struct vulndb_claim c;
	struct sk_span name;
	uint64_t last = UINT64_MAX;
	int r;

	while ((r = vulndb_search_next(s, &name, &c, err)) > 0) {
		if (c.advisory >= n_advisories || c.ecosystem.len == 0)
			return sk_err_set(err, SK_E_FORMAT,
					  "advisory database: claim of an unknown advisory");
		/* Claims of one group share their lists. */
		if (c.off == last)
			continue;
		last = c.off;
		r = verify_claim(&c, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int verify_vulns(const struct vulndb *db, struct sk_err *err)
{
	uint32_t n = db->parts[VULNDB_SECTION_VULNS].n_items;

	for (uint32_t i = 0; i < n; i++) {
		struct vulndb_vuln v;
		struct vulndb_cvss cvss;
		uint32_t alias;
		int r = vulndb_vuln_get(db, i, &v, err);

		if (r < 0)
			return r;
		if (vulndb_id_text(db, v.id).len == 0)
			return sk_err_set(err, SK_E_FORMAT,
					  "advisory database: damaged identifier");
		for (uint32_t k = 0; k < v.n_aliases; k++) {
			if (vulndb_vuln_alias(&v, k, &alias) < 0 ||
			    vulndb_id_text(db, alias).len == 0)
				return sk_err_set(err, SK_E_FORMAT,
						  "advisory database: damaged alias");
		}
		for (uint32_t k = 0; k < v.n_cvss; k++) {
			if (vulndb_vuln_cvss(&v, k, &cvss) < 0)
				return sk_err_set(err, SK_E_FORMAT,
						  "advisory database: damaged rating");
		}
	}
	return 0;
}

static int verify_advisories(const struct vulndb *db, struct sk_err *err)
{
	uint32_t n = db->parts[VULNDB_SECTION_ADVISORIES].n_items;
	uint32_t n_vulns = db->parts[VULNDB_SECTION_VULNS].n_items;

	for (uint32_t i = 0; i < n; i++) {
		struct vulndb_advisory a;
		uint32_t v = 0;
		int r = vulndb_advisory_get(db, i, &a, err);

		if (r < 0)
			return r;
		if (vulndb_id_text(db, a.id).len == 0 || vulndb_feed_name(db, a.feed).len == 0)
			return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged advisory");
		for (uint32_t k = 0; k < a.n_vulns; k++) {
			if (vulndb_advisory_vuln(&a, k, &v) < 0 || v >= n_vulns)
				return sk_err_set(err, SK_E_FORMAT,
						  "advisory database: damaged advisory");
		}
	}
	return 0;
}

int vulndb_verify(const struct vulndb *db, struct sk_err *err)
{
	int r = verify_sections(db, err);

	if (r == 0)
		r = verify_vulns(db, err);
	if (r == 0)
		r = verify_advisories(db, err);
	if (r == 0)
		r = verify_claims(db, err);
	return r;
}
