/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds that are tables: EPSS as published (a comment line, a header, "cve,epss,percentile"), and
 * CISA's Vulnrichment reduced to "cve, vector, exploitation, automatable, impact, kev" between
 * tabs.
 */
#include "base/parse.h"
#include "vulndb/ingest-priv.h"

bool vulndb_is_table(struct sk_span head)
{
	struct sk_span line;

	if (!sk_span_line(&head, &line))
		return false;
	return sk_span_starts(line, "#model_version:") || sk_span_starts(line, "cve,epss") ||
	       (sk_span_starts(line, "CVE-") && sk_span_find(line, '\t') < 32);
}

static bool parse_fraction(struct sk_span s, uint32_t *ret)
{
	double v;

	if (!sk_parse_double(s, &v) || v < 0 || v > 1)
		return false;
	*ret = (uint32_t)(v * 100000 + 0.5);
	return true;
}

static void read_epss(struct vulndb_batch *b, struct sk_span line)
{
	static const char feed[] = "EPSS";
	struct sk_span rest = line;
	struct sk_span id = {NULL, 0};
	struct sk_span score = {NULL, 0};
	struct sk_span percentile = {NULL, 0};
	struct vulndb_doc *d;
	uint32_t s;
	uint32_t p;

	b->n_read++;
	if (!sk_span_cut(&rest, ',', &id) || !sk_span_cut(&rest, ',', &score) ||
	    !sk_span_cut(&rest, ',', &percentile) || !vulndb_is_cve(id) ||
	    !parse_fraction(score, &s) || !parse_fraction(percentile, &p)) {
		vulndb_batch_bad(b, feed, "malformed line", line);
		return;
	}
	d = vulndb_batch_doc(b, feed, id);
	d->signal = true;
	d->epss = true;
	d->epss_score = s;
	d->epss_percentile = p;
	d->modified = b->table_date;
}

static void read_vulnrichment(struct vulndb_batch *b, struct sk_span line)
{
	static const char feed[] = "CISA Vulnrichment";
	struct sk_span rest = line;
	struct sk_span id = {NULL, 0};
	struct sk_span vector = {NULL, 0};
	struct vulndb_doc_cvss *cvss;
	struct vulndb_doc *d;

	b->n_read++;
	if (!sk_span_cut(&rest, '\t', &id) || !sk_span_cut(&rest, '\t', &vector) ||
	    !vulndb_is_cve(id)) {
		vulndb_batch_bad(b, feed, "malformed line", line);
		return;
	}
	d = vulndb_batch_doc(b, feed, id);
	d->signal = true;
	if (vector.len == 0)
		return;
	cvss = sk_arena_alloc(b->arena, sizeof(*cvss));
	*cvss = (struct vulndb_doc_cvss){vulndb_batch_text(b, vector), "Vulnrichment"};
	d->cvss = cvss;
	d->n_cvss = 1;
}

void vulndb_read_table(struct sk_span lines, struct vulndb_batch *b)
{
	struct sk_span line;

	while (sk_span_line(&lines, &line)) {
		if (line.len == 0 || line.ptr[0] == '#' || sk_span_starts(line, "cve,"))
			continue;
		if (sk_span_find(line, '\t') < line.len)
			read_vulnrichment(b, line);
		else
			read_epss(b, line);
	}
}
