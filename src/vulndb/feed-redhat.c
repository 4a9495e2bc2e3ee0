/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Red Hat security data: CVE documents (what is fixed where, and what never will be) and the map of
 * repositories to products. Packages are sources here, or "module:stream/package".
 */
#include "base/alloc.h"
#include "base/ascii.h"
#include "vulndb/doc-priv.h"

static const char feed[] = "Red Hat CVE";

static bool redhat_matches(const struct sk_json *doc)
{
	return sk_json_get(doc, "bugzilla") != NULL && sk_json_get(doc, "public_date") != NULL &&
	       vulndb_is_cve(sk_json_get_text(doc, "name"));
}

/* "cpe:/o:redhat:enterprise_linux:8" is "Red Hat:enterprise_linux:8". */
static struct sk_span scope_of(struct vulndb_batch *b, struct sk_span cpe)
{
	if (!sk_span_strip_prefix(&cpe, "cpe:/") || cpe.len < 3 || cpe.len > 200)
		return (struct sk_span){NULL, 0};
	cpe = sk_span_sub(cpe, 1, cpe.len);
	if (!sk_span_strip_prefix(&cpe, ":redhat:") || cpe.len == 0)
		return (struct sk_span){NULL, 0};
	return sk_span_str(sk_arena_printf(b->arena, "Red Hat:%.*s", SK_SPAN_ARG(cpe)));
}

static bool state_of(struct sk_span word, enum vulndb_claim_state *ret)
{
	static const struct {
		const char *word;
		enum vulndb_claim_state state;
	} words[] = {
		{"Affected", VULNDB_CLAIM_AFFECTED},
		{"Not affected", VULNDB_CLAIM_NOT_AFFECTED},
		{"Will not fix", VULNDB_CLAIM_WILL_NOT_FIX},
		{"Fix deferred", VULNDB_CLAIM_DEFERRED},
		{"Under investigation", VULNDB_CLAIM_UNDER_INVESTIGATION},
		{"New", VULNDB_CLAIM_UNDER_INVESTIGATION},
		{"Out of support scope", VULNDB_CLAIM_END_OF_LIFE},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(words); i++) {
		if (sk_span_eq_str(word, words[i].word)) {
			*ret = words[i].state;
			return true;
		}
	}
	return false;
}

static void read_state(struct vulndb_batch *b, struct vulndb_doc *d, const struct sk_json *s)
{
	struct sk_span name = sk_json_get_text(s, "package_name");
	struct sk_span scope = scope_of(b, sk_json_get_text(s, "cpe"));
	size_t slash = sk_span_find(name, '/');
	struct sk_span module = sk_span_sub(name, 0, slash);
	enum vulndb_claim_state state;
	struct vulndb_doc_claim *c;

	if (slash >= name.len) {
		module = (struct sk_span){NULL, 0};
	} else if (sk_span_find(module, ':') >= module.len) {
		vulndb_batch_skip(b, feed, "state of a container image", d->id);
		return;
	} else {
		name = sk_span_sub(name, slash + 1, name.len);
	}
	if (name.len == 0 || scope.len == 0 ||
	    !state_of(sk_json_get_text(s, "fix_state"), &state)) {
		vulndb_batch_skip(b, feed, "state without package, product or known word", d->id);
		return;
	}
	c = vulndb_doc_add(b, d, scope, name);
	c->state = state;
	c->module = vulndb_batch_text(b, module);
	(void)!model_severity_parse(sk_json_get_text(s, "impact"), &c->severity); /* often none */
}

/* "httpd:2.4-8070020230131172653.bd1311ed": a module build says which stream an advisory is for. */
static bool read_module(struct vulndb_batch *b, struct sk_span advisory, struct sk_span package)
{
	size_t colon = sk_span_find(package, ':');
	size_t dash = sk_span_rfind(package, '-');
	size_t digits = 0;

	if (colon >= package.len || dash >= package.len || dash < colon)
		return false;
	while (dash + 1 + digits < package.len && sk_is_digit(package.ptr[dash + 1 + digits]))
		digits++;
	if (digits < 10)
		return false;
	SK_GROW(b->modules, b->n_modules, b->modules_cap);
	b->modules[b->n_modules++] =
		(struct vulndb_module){vulndb_batch_text(b, advisory),
				       vulndb_batch_text(b, sk_span_sub(package, 0, dash))};
	return true;
}

/* name-epoch:version-release */
static bool split_nevr(struct sk_span text, struct sk_span *ret_name, struct sk_span *ret_evr)
{
	size_t colon = sk_span_find(text, ':');
	struct sk_span head = sk_span_sub(text, 0, colon);
	size_t dash = sk_span_rfind(head, '-');
	struct sk_span evr = sk_span_sub(text, dash + 1, text.len);

	if (colon >= text.len || dash >= head.len || dash == 0 ||
	    sk_span_find(text, '/') < text.len || sk_span_find(evr, '-') >= evr.len)
		return false;
	(void)sk_span_strip_prefix(&evr, "0:"); /* a missing epoch is 0 */
	*ret_name = sk_span_sub(text, 0, dash);
	*ret_evr = evr;
	return true;
}

/*
 * A fix by source package. Where the advisory's own document is there, with its binaries, it speaks
 * instead.
 */
static void read_release(struct vulndb_batch *b, struct vulndb_doc *d, const struct sk_json *r)
{
	struct sk_span advisory = sk_json_get_text(r, "advisory");
	struct sk_span package = sk_json_get_text(r, "package");
	struct sk_span scope = scope_of(b, sk_json_get_text(r, "cpe"));
	struct sk_span name;
	struct sk_span evr;
	struct vulndb_doc_claim *c;

	if (read_module(b, advisory, package))
		return;
	if (scope.len == 0 || !split_nevr(package, &name, &evr)) {
		vulndb_batch_skip(b, feed, "fix without a package version (images, middleware)",
				  d->id);
		return;
	}
	c = vulndb_doc_add(b, d, scope, name);
	vulndb_claim_fixed(b, c, evr);
	c->unless = vulndb_batch_text(b, advisory);
	(void)!model_severity_parse(sk_json_get_text(r, "impact"), &c->severity); /* often none */
}

static void add_vectors(struct vulndb_batch *b, struct vulndb_doc *d, const struct sk_json *doc)
{
	const struct sk_span vectors[] = {
		sk_json_get_text(sk_json_get(doc, "cvss3"), "cvss3_scoring_vector"),
		sk_json_get_text(sk_json_get(doc, "cvss"), "cvss_scoring_vector"),
	};
	struct vulndb_doc_cvss *out = sk_arena_array(b->arena, SK_ARRAY_LEN(vectors), sizeof(*out));

	for (size_t i = 0; i < SK_ARRAY_LEN(vectors); i++) {
		if (vectors[i].len != 0)
			out[d->n_cvss++] = (struct vulndb_doc_cvss){
				vulndb_batch_text(b, vectors[i]), "Red Hat"};
	}
	d->cvss = out;
}

static void redhat_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	const struct sk_json *states = sk_json_get(doc, "package_state");
	const struct sk_json *releases = sk_json_get(doc, "affected_release");
	struct vulndb_doc *d = vulndb_batch_doc(b, feed, sk_json_get_text(doc, "name"));

	d->published = vulndb_json_time(doc, "public_date");
	if (model_severity_parse(sk_json_get_text(doc, "threat_severity"), &d->severity))
		d->severity_source = "Red Hat";
	d->summary =
		vulndb_batch_text(b, sk_json_get_text(sk_json_get(doc, "bugzilla"), "description"));
	add_vectors(b, d, doc);
	/* A single entry comes without its array. */
	if (sk_json_type_of(states) == SK_JSON_OBJECT)
		read_state(b, d, states);
	if (sk_json_type_of(releases) == SK_JSON_OBJECT)
		read_release(b, d, releases);
	for (size_t i = 0; sk_json_at(states, i) != NULL; i++)
		read_state(b, d, sk_json_at(states, i));
	for (size_t i = 0; sk_json_at(releases, i) != NULL; i++)
		read_release(b, d, sk_json_at(releases, i));
}

const struct vulndb_reader vulndb_reader_redhat = {"Red Hat CVE", redhat_matches, redhat_read};

static bool repos_matches(const struct sk_json *doc)
{
	void *iter = NULL;
	struct sk_span key;
	const struct sk_json *first;

	return sk_json_next(sk_json_get(doc, "data"), &iter, &key, &first) &&
	       sk_json_type_of(sk_json_get(first, "cpes")) == SK_JSON_ARRAY;
}

static void repos_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	const struct sk_json *data = sk_json_get(doc, "data");
	const struct sk_json *value;
	struct sk_span name;
	void *iter = NULL;

	while (sk_json_next(data, &iter, &name, &value)) {
		const struct sk_json *cpes = sk_json_get(value, "cpes");

		for (size_t i = 0; i < sk_json_len(cpes); i++) {
			struct sk_span scope = scope_of(b, sk_json_text(sk_json_at(cpes, i)));

			if (scope.len == 0) {
				vulndb_batch_skip(b, "Red Hat repositories",
						  "no product of Red Hat", name);
				continue;
			}
			SK_GROW(b->repos, b->n_repos, b->repos_cap);
			b->repos[b->n_repos++] =
				(struct vulndb_repo){vulndb_batch_text(b, name), scope};
		}
	}
}

const struct vulndb_reader vulndb_reader_repos = {"Red Hat repositories", repos_matches,
						  repos_read};
