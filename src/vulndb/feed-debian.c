/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debian's security tracker as JSON: source package → identifier → release. It comes as one large
 * object and is read in pieces of some packages each.
 */
#include "vulndb/doc-priv.h"

static const char feed[] = "Debian tracker";

static const struct {
	const char *name;
	const char *ecosystem;
} releases[] = {
	{"squeeze", "Debian:6.0"}, {"wheezy", "Debian:7"},     {"jessie", "Debian:8"},
	{"stretch", "Debian:9"},   {"buster", "Debian:10"},    {"bullseye", "Debian:11"},
	{"bookworm", "Debian:12"}, {"trixie", "Debian:13"},    {"forky", "Debian:14"},
	{"duke", "Debian:15"},     {"sid", "Debian:unstable"},
};

static bool debian_matches(const struct sk_json *doc)
{
	struct sk_span key;
	const struct sk_json *package;
	const struct sk_json *issue;
	void *outer = NULL;
	void *inner = NULL;

	return sk_json_next(doc, &outer, &key, &package) &&
	       sk_json_next(package, &inner, &key, &issue) &&
	       sk_json_type_of(sk_json_get(issue, "releases")) == SK_JSON_OBJECT;
}

static const char *ecosystem_of(struct sk_span release)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(releases); i++) {
		if (sk_span_eq_str(release, releases[i].name))
			return releases[i].ecosystem;
	}
	return NULL;
}

static void read_urgency(struct sk_span urgency, struct vulndb_doc_claim *c)
{
	if (sk_span_ends(urgency, "**"))
		urgency.len -= 2; /* set by a person rather than by NVD's score */
	if (sk_span_eq_str(urgency, "unimportant"))
		c->flags |= VULNDB_CLAIM_UNIMPORTANT;
	else if (sk_span_eq_str(urgency, "end-of-life") && c->state == VULNDB_CLAIM_AFFECTED)
		c->state = VULNDB_CLAIM_END_OF_LIFE;
	else if (sk_span_eq_str(urgency, "low") || sk_span_eq_str(urgency, "medium") ||
		 sk_span_eq_str(urgency, "high"))
		(void)!model_severity_parse(urgency, &c->severity); /* one of its words */
}

static void read_release(struct vulndb_batch *b, struct vulndb_doc *d, struct sk_span name,
			 struct sk_span release, const struct sk_json *r)
{
	struct sk_span status = sk_json_get_text(r, "status");
	struct sk_span fixed = sk_json_get_text(r, "fixed_version");
	struct sk_span reason = sk_json_get_text(r, "nodsa_reason");
	const char *ecosystem = ecosystem_of(release);
	struct vulndb_doc_claim *c;

	if (ecosystem == NULL) {
		vulndb_batch_skip(b, feed, "unknown release", release);
		return;
	}
	c = vulndb_doc_add(b, d, sk_span_str(ecosystem), name);
	if (sk_span_eq_str(status, "resolved") && sk_span_eq_str(fixed, "0"))
		c->state = VULNDB_CLAIM_NOT_AFFECTED;
	else if (sk_span_eq_str(status, "resolved") && fixed.len != 0)
		vulndb_claim_fixed(b, c, fixed);
	else if (sk_span_eq_str(status, "undetermined"))
		c->state = VULNDB_CLAIM_UNDER_INVESTIGATION;
	else if (sk_span_eq_str(reason, "postponed"))
		c->state = VULNDB_CLAIM_DEFERRED;
	else if (sk_span_eq_str(reason, "ignored"))
		c->state = VULNDB_CLAIM_WILL_NOT_FIX;
	read_urgency(sk_json_get_text(r, "urgency"), c);
}

static void read_issue(struct vulndb_batch *b, struct sk_span name, struct sk_span id,
		       const struct sk_json *issue)
{
	struct vulndb_doc *d = vulndb_batch_doc(b, feed, id);
	const struct sk_json *list = sk_json_get(issue, "releases");
	const struct sk_json *r;
	struct sk_span release;
	void *iter = NULL;

	d->partial = true;
	while (sk_json_next(list, &iter, &release, &r))
		read_release(b, d, name, release, r);
}

static void debian_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	const struct sk_json *package;
	const struct sk_json *issue;
	struct sk_span name;
	struct sk_span id;
	void *outer = NULL;

	while (sk_json_next(doc, &outer, &name, &package)) {
		void *inner = NULL;

		while (sk_json_next(package, &inner, &id, &issue)) {
			if (sk_json_type_of(sk_json_get(issue, "releases")) == SK_JSON_OBJECT)
				read_issue(b, name, id, issue);
			else
				vulndb_batch_skip(b, feed, "entry without releases", id);
		}
	}
}

const struct vulndb_reader vulndb_reader_debian = {"Debian tracker", debian_matches, debian_read};
