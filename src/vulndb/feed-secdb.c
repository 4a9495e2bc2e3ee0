/* SPDX-License-Identifier: Apache-2.0 */
/* Alpine's security database: packages with the versions that closed each vulnerability. */
#include "base/ascii.h"
#include "vulndb/doc-priv.h"

static const char feed[] = "Alpine secdb";

static bool secdb_matches(const struct sk_json *doc)
{
	return sk_json_get_text(doc, "distroversion").len != 0 &&
	       sk_json_type_of(sk_json_get(doc, "packages")) == SK_JSON_ARRAY;
}

/* "CVE_2019-1234" occurs; what has no digit ("N/A") is no identifier. */
static struct sk_span clean_id(struct vulndb_batch *b, struct sk_span id)
{
	char *text = sk_arena_str(b->arena, id);
	bool digit = false;

	for (size_t i = 0; i < id.len; i++)
		digit = digit || sk_is_digit(text[i]);
	if (sk_span_starts(id, "CVE_"))
		text[3] = '-';
	return digit && id.len <= 64 ? sk_span_of(text, id.len) : (struct sk_span){NULL, 0};
}

static void add_fix(struct vulndb_batch *b, struct sk_span ecosystem, struct sk_span name,
		    struct sk_span version, struct sk_span id, const struct sk_span *aliases,
		    size_t n_aliases)
{
	struct vulndb_doc *d = vulndb_batch_doc(b, feed, id);
	struct vulndb_doc_claim *c = vulndb_doc_add(b, d, ecosystem, name);

	d->partial = true;
	d->aliases = aliases;
	d->n_aliases = n_aliases;
	if (sk_span_eq_str(version, "0"))
		c->state = VULNDB_CLAIM_NOT_AFFECTED;
	else
		vulndb_claim_fixed(b, c, version);
}

/*
 * One string may hold several identifiers of one problem, "CVE-2017-15597 XSA-236": the CVE is it,
 * the others are its aliases. Several CVEs in one string are several problems; what then is an
 * alias of each is none of them when it stands alone.
 */
static void read_fix(struct vulndb_batch *b, struct sk_span ecosystem, struct sk_span name,
		     struct sk_span version, struct sk_span text)
{
	struct sk_span cves[16];
	struct sk_span *others = sk_arena_array(b->arena, SK_ARRAY_LEN(cves), sizeof(*others));
	size_t n_cves = 0;
	size_t n_others = 0;
	struct sk_span id;

	while (sk_span_cut(&text, ' ', &id)) {
		struct sk_span clean = clean_id(b, id);

		if (id.len == 0)
			continue;
		if (clean.len == 0 || n_cves + n_others == SK_ARRAY_LEN(cves))
			vulndb_batch_skip(b, feed, "not an identifier", id);
		else if (vulndb_is_cve(clean))
			cves[n_cves++] = clean;
		else
			others[n_others++] = clean;
	}
	for (size_t i = 0; i < n_cves; i++)
		add_fix(b, ecosystem, name, version, cves[i], others, n_others);
	if (n_cves == 0 && n_others != 0)
		add_fix(b, ecosystem, name, version, others[0], others + 1, n_others - 1);
}

static void read_package(struct vulndb_batch *b, struct sk_span ecosystem,
			 const struct sk_json *package)
{
	struct sk_span name = sk_json_get_text(package, "name");
	const struct sk_json *fixes = sk_json_get(package, "secfixes");
	const struct sk_json *ids;
	struct sk_span version;
	void *iter = NULL;

	if (name.len == 0) {
		vulndb_batch_skip(b, feed, "package without a name", ecosystem);
		return;
	}
	while (sk_json_next(fixes, &iter, &version, &ids)) {
		for (size_t i = 0; i < sk_json_len(ids); i++)
			read_fix(b, ecosystem, name, version, sk_json_text(sk_json_at(ids, i)));
	}
}

static void secdb_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	const struct sk_json *packages = sk_json_get(doc, "packages");
	char *text = sk_arena_printf(b->arena, "Alpine:%.*s",
				     SK_SPAN_ARG(sk_json_get_text(doc, "distroversion")));

	for (size_t i = 0; i < sk_json_len(packages); i++)
		read_package(b, sk_span_str(text), sk_json_get(sk_json_at(packages, i), "pkg"));
}

const struct vulndb_reader vulndb_reader_secdb = {"Alpine secdb", secdb_matches, secdb_read};
