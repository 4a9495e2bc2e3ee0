/* SPDX-License-Identifier: Apache-2.0 */
/* Amazon Linux security advisories (updateinfo as JSON) and Arch Linux vulnerability groups. */
#include "base/ascii.h"
#include "vulndb/doc-priv.h"

static bool amazon_matches(const struct sk_json *doc)
{
	return sk_span_starts(sk_json_get_text(doc, "ID"), "ALAS") &&
	       sk_json_get(doc, "Pkglist") != NULL;
}

/* "amazon-linux-2---kernel-5.10": the release, and the collection of Amazon's extras. */
static struct sk_span amazon_scope(struct sk_span name, struct sk_span *ret_extra)
{
	struct sk_span rest = name;
	size_t end = 0;

	*ret_extra = (struct sk_span){NULL, 0};
	if (!sk_span_strip_prefix(&rest, "amazon-linux"))
		return (struct sk_span){NULL, 0};
	/* "amazon-linux", "amazon-linux-ami": the first one, whose advisories have no number. */
	if (rest.len == 0 || sk_span_eq_str(rest, "-ami"))
		return sk_span_str("Amazon Linux:1");
	if (!sk_span_strip_prefix(&rest, "-"))
		return (struct sk_span){NULL, 0};
	while (end < rest.len && sk_is_digit(rest.ptr[end]))
		end++;
	*ret_extra = sk_span_sub(rest, end, rest.len);
	(void)sk_span_strip_prefix(ret_extra, "---");
	rest = sk_span_sub(rest, 0, end);
	if (sk_span_eq_str(rest, "2"))
		return sk_span_str("Amazon Linux:2");
	if (sk_span_eq_str(rest, "2022"))
		return sk_span_str("Amazon Linux:2022");
	if (sk_span_eq_str(rest, "2023"))
		return sk_span_str("Amazon Linux:2023");
	return (struct sk_span){NULL, 0};
}

/*
 * A collection such as "kernel-5.10" has packages that the release has too, in another series: its
 * fixes are for that series only. "5.10" when @version is of it.
 */
static struct sk_span series_of(struct sk_span extra, struct sk_span version)
{
	size_t at = extra.len;
	struct sk_span series;

	while (at > 0 && (sk_is_digit(extra.ptr[at - 1]) || extra.ptr[at - 1] == '.'))
		at--;
	series = sk_span_sub(extra, at, extra.len);
	if (series.len == 0 || version.len <= series.len ||
	    memcmp(series.ptr, version.ptr, series.len) != 0 || version.ptr[series.len] != '.')
		return (struct sk_span){NULL, 0};
	return series;
}

static const char *with_epoch(struct vulndb_batch *b, struct sk_span epoch, struct sk_span text)
{
	if (epoch.len == 0 || sk_span_eq_str(epoch, "0"))
		return sk_arena_printf(b->arena, "%.*s", SK_SPAN_ARG(text));
	return sk_arena_printf(b->arena, "%.*s:%.*s", SK_SPAN_ARG(epoch), SK_SPAN_ARG(text));
}

static void amazon_package(struct vulndb_batch *b, struct vulndb_doc *d, struct sk_span scope,
			   struct sk_span extra, const struct sk_json *p)
{
	struct sk_span name = sk_json_get_text(p, "Name");
	struct sk_span version = sk_json_get_text(p, "Version");
	struct sk_span release = sk_json_get_text(p, "Release");
	struct sk_span epoch = sk_json_get_text(p, "Epoch");
	struct sk_span arch = sk_json_get_text(p, "Arch");
	struct sk_span series = series_of(extra, version);
	struct vulndb_range *r = sk_arena_alloc(b->arena, sizeof(*r));
	struct vulndb_doc_claim *c;
	const char *vr;

	if (name.len == 0 || version.len == 0 || release.len == 0 || arch.len == 0) {
		vulndb_batch_skip(b, d->feed, "package without name or version", d->id);
		return;
	}
	vr = sk_arena_printf(b->arena, "%.*s-%.*s", SK_SPAN_ARG(version), SK_SPAN_ARG(release));
	r->fixed = sk_span_str(with_epoch(b, epoch, sk_span_str(vr)));
	if (series.len != 0)
		r->introduced = sk_span_str(with_epoch(b, epoch, series));
	/* The same version for several architectures is one claim; see merge_arches(). */
	c = vulndb_doc_add(b, d, scope, name);
	c->ranges = r;
	c->flags |= VULNDB_CLAIM_BY_BINARY;
	c->arch = vulndb_batch_text(b, arch);
}

static int cmp_claim(const void *pa, const void *pb)
{
	const struct vulndb_doc_claim *a = pa;
	const struct vulndb_doc_claim *b = pb;
	int r = sk_span_cmp(a->name, b->name);

	if (r == 0)
		r = sk_span_cmp(a->ranges->fixed, b->ranges->fixed);
	return r != 0 ? r : sk_span_cmp(a->arch, b->arch);
}

/* Names whose version is the same everywhere lose their architecture, others list it. */
static void merge_arches(struct vulndb_batch *b, struct vulndb_doc *d)
{
	size_t out = 0;

	if (d->n_claims != 0)
		qsort(d->claims, d->n_claims, sizeof(*d->claims), cmp_claim);
	for (size_t i = 0; i < d->n_claims; i++) {
		struct vulndb_doc_claim *last = out != 0 ? &d->claims[out - 1] : NULL;
		const struct vulndb_doc_claim *c = &d->claims[i];

		if (last == NULL || !sk_span_eq(last->name, c->name) ||
		    !sk_span_eq(last->ranges->fixed, c->ranges->fixed)) {
			d->claims[out++] = *c;
			continue;
		}
		if (!sk_span_ends(last->arch, c->arch.ptr))
			last->arch = sk_span_str(sk_arena_printf(b->arena, "%.*s,%.*s",
								 SK_SPAN_ARG(last->arch),
								 SK_SPAN_ARG(c->arch)));
	}
	d->n_claims = out;
	for (size_t i = 0; i < out; i++) {
		bool same_before = i != 0 && sk_span_eq(d->claims[i - 1].name, d->claims[i].name);
		bool same_after =
			i + 1 < out && sk_span_eq(d->claims[i + 1].name, d->claims[i].name);

		if (!same_before && !same_after)
			d->claims[i].arch = (struct sk_span){NULL, 0};
	}
}

static void amazon_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	static const char feed[] = "Amazon ALAS";
	const struct sk_json *collection = sk_json_get(sk_json_get(doc, "Pkglist"), "Collection");
	const struct sk_json *packages = sk_json_get(collection, "Package");
	const struct sk_json *references = sk_json_get(sk_json_get(doc, "References"), "Reference");
	struct vulndb_doc *d = vulndb_batch_doc(b, feed, sk_json_get_text(doc, "ID"));
	struct sk_span *cves = sk_arena_array(b->arena, sk_json_len(references), sizeof(*cves));
	struct sk_span extra;
	struct sk_span scope = amazon_scope(sk_json_get_text(collection, "Short"), &extra);

	d->notice = true;
	d->published = vulndb_json_time(sk_json_get(doc, "Issued"), "Date");
	d->modified = vulndb_json_time(sk_json_get(doc, "Updated"), "Date");
	d->summary = vulndb_batch_text(b, sk_json_get_text(doc, "Title"));
	if (model_severity_parse(sk_json_get_text(doc, "Severity"), &d->severity))
		d->severity_source = "Amazon";
	for (size_t i = 0; i < sk_json_len(references); i++) {
		struct sk_span id = sk_json_get_text(sk_json_at(references, i), "ID");

		if (vulndb_is_cve(id))
			cves[d->n_closes++] = vulndb_batch_text(b, id);
	}
	d->closes = cves;
	if (scope.len == 0) {
		vulndb_batch_skip(b, feed, "unknown release", d->id);
		return;
	}
	for (size_t i = 0; i < sk_json_len(packages); i++)
		amazon_package(b, d, scope, extra, sk_json_at(packages, i));
	merge_arches(b, d);
}

const struct vulndb_reader vulndb_reader_amazon = {"Amazon ALAS", amazon_matches, amazon_read};

static bool arch_matches(const struct sk_json *doc)
{
	return sk_span_starts(sk_json_get_text(doc, "name"), "AVG-") &&
	       sk_json_get(doc, "packages") != NULL;
}

static void arch_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	static const char feed[] = "Arch Linux";
	const struct sk_json *packages = sk_json_get(doc, "packages");
	struct sk_span status = sk_json_get_text(doc, "status");
	struct sk_span fixed = sk_json_get_text(doc, "fixed");
	struct vulndb_doc *d = vulndb_batch_doc(b, feed, sk_json_get_text(doc, "name"));

	d->notice = true;
	d->closes = vulndb_batch_texts(b, sk_json_get(doc, "issues"), &d->n_closes);
	d->aliases = vulndb_batch_texts(b, sk_json_get(doc, "advisories"), &d->n_aliases);
	if (model_severity_parse(sk_json_get_text(doc, "severity"), &d->severity))
		d->severity_source = "Arch Linux";
	for (size_t i = 0; i < sk_json_len(packages); i++) {
		struct sk_span name = sk_json_text(sk_json_at(packages, i));
		struct vulndb_doc_claim *c;

		if (name.len == 0)
			continue;
		c = vulndb_doc_add(b, d, sk_span_str("Arch Linux"), name);
		c->flags |= VULNDB_CLAIM_BY_BINARY;
		if (sk_span_eq_str(status, "Not affected"))
			c->state = VULNDB_CLAIM_NOT_AFFECTED;
		else if (fixed.len != 0)
			vulndb_claim_fixed(b, c, fixed);
		else if (sk_span_eq_str(status, "Unknown"))
			c->state = VULNDB_CLAIM_UNDER_INVESTIGATION;
	}
}

const struct vulndb_reader vulndb_reader_arch = {"Arch Linux", arch_matches, arch_read};
