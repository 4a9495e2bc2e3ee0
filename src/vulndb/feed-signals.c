/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: CISA's catalogue of exploited vulnerabilities, its Vulnrichment as CVE records, ends of
 * life of endoflife.date.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "vulndb/doc-priv.h"
#include "vulndb/vulndb.h"

static bool kev_matches(const struct sk_json *doc)
{
	return sk_json_get(doc, "catalogVersion") != NULL &&
	       sk_json_type_of(sk_json_get(doc, "vulnerabilities")) == SK_JSON_ARRAY;
}

static void kev_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	static const char feed[] = "CISA KEV";
	const struct sk_json *list = sk_json_get(doc, "vulnerabilities");
	int64_t released = vulndb_json_time(doc, "dateReleased");

	for (size_t i = 0; i < sk_json_len(list); i++) {
		const struct sk_json *v = sk_json_at(list, i);
		struct sk_span id = sk_json_get_text(v, "cveID");
		struct vulndb_doc *d;

		if (!vulndb_is_cve(id)) {
			vulndb_batch_skip(b, feed, "entry without a CVE", id);
			continue;
		}
		d = vulndb_batch_doc(b, feed, id);
		d->signal = true;
		d->kev = true;
		d->kev_added = vulndb_json_time(v, "dateAdded");
		d->kev_ransomware =
			sk_span_eq_str(sk_json_get_text(v, "knownRansomwareCampaignUse"), "Known");
		d->modified = released;
	}
}

const struct vulndb_reader vulndb_reader_kev = {"CISA KEV", kev_matches, kev_read};

static bool eol_matches(const struct sk_json *doc)
{
	return sk_json_get_text(doc, "product").len != 0 &&
	       sk_json_type_of(sk_json_get(doc, "releases")) == SK_JSON_ARRAY;
}

static void add_eol(struct vulndb_batch *b, struct sk_span product, struct sk_span cycle,
		    int64_t date)
{
	if (cycle.len == 0 || date == 0)
		return; /* no date is set yet */
	SK_GROW(b->eols, b->n_eols, b->eols_cap);
	b->eols[b->n_eols++] = (struct vulndb_eol){product, vulndb_batch_text(b, cycle), date};
}

/* "eoes" is the end of extended support: Debian's LTS, Ubuntu's ESM, Red Hat's ELS. */
static void eol_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	const struct sk_json *releases = sk_json_get(doc, "releases");
	struct sk_span product = vulndb_batch_text(b, sk_json_get_text(doc, "product"));

	for (size_t i = 0; i < sk_json_len(releases); i++) {
		const struct sk_json *r = sk_json_at(releases, i);
		struct sk_span cycle = sk_json_get_text(r, "releaseCycle");
		char extended[128];

		add_eol(b, product, cycle, vulndb_json_time(r, "eol"));
		if (snprintf(extended, sizeof(extended), "%.*s" VULNDB_EXTENDED,
			     SK_SPAN_ARG(cycle)) < (int)sizeof(extended))
			add_eol(b, product, cycle.len != 0 ? sk_span_str(extended) : cycle,
				vulndb_json_time(r, "eoes"));
	}
}

const struct vulndb_reader vulndb_reader_eol = {"endoflife.date", eol_matches, eol_read};

/* CVE records (schema 5) as CISA publishes them, with a container of its own. */
static bool vulnrichment_matches(const struct sk_json *doc)
{
	return sk_span_eq_str(sk_json_get_text(doc, "dataType"), "CVE_RECORD") &&
	       vulndb_is_cve(sk_json_get_text(sk_json_get(doc, "cveMetadata"), "cveId"));
}

/* The first vector of a container, of the newest system that it has. */
static struct sk_span container_vector(const struct sk_json *container)
{
	static const char *const systems[] = {"cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"};
	const struct sk_json *metrics = sk_json_get(container, "metrics");

	for (size_t k = 0; k < SK_ARRAY_LEN(systems); k++) {
		for (size_t i = 0; i < sk_json_len(metrics); i++) {
			struct sk_span v = sk_json_get_text(
				sk_json_get(sk_json_at(metrics, i), systems[k]), "vectorString");

			if (v.len != 0)
				return v;
		}
	}
	return (struct sk_span){NULL, 0};
}

static void vulnrichment_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	static const char feed[] = "CISA Vulnrichment";
	const struct sk_json *meta = sk_json_get(doc, "cveMetadata");
	const struct sk_json *containers = sk_json_get(doc, "containers");
	const struct sk_json *adp = sk_json_get(containers, "adp");
	struct vulndb_doc *d = vulndb_batch_doc(b, feed, sk_json_get_text(meta, "cveId"));
	struct sk_span vector = {NULL, 0};
	struct vulndb_doc_cvss *cvss;

	d->signal = true;
	d->modified = vulndb_json_time(meta, "dateUpdated");
	for (size_t i = 0; i < sk_json_len(adp) && vector.len == 0; i++) {
		const struct sk_json *c = sk_json_at(adp, i);

		if (sk_span_contains(sk_json_get_text(c, "title"), "Vulnrichment"))
			vector = container_vector(c);
	}
	/* CISA adds its rating only where the record's own publisher gives none. */
	if (vector.len == 0)
		vector = container_vector(sk_json_get(containers, "cna"));
	if (vector.len == 0)
		return;
	cvss = sk_arena_alloc(b->arena, sizeof(*cvss));
	*cvss = (struct vulndb_doc_cvss){vulndb_batch_text(b, vector), "Vulnrichment"};
	d->cvss = cvss;
	d->n_cvss = 1;
}

const struct vulndb_reader vulndb_reader_vulnrichment = {"CISA Vulnrichment", vulnrichment_matches,
							 vulnrichment_read};
