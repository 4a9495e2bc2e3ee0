/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OSV documents, schema 1.7 (https://ossf.github.io/osv-schema/). A document that speaks of several
 * families of ecosystems becomes one for each, so that a claim's feed says whose it is.
 */
#include "version/version.h"
#include "vulndb/doc-priv.h"

/* What the begin of an identifier says of its source. */
struct osv_source {
	const char *prefix;
	const char *source; /* of its rating */
	const char *feed;   /* of a document that names no package */
	bool notice;
};

static const struct osv_source osv_sources[] = {
	{"CVE-", "NVD", "OSV", false},
	{"GHSA-", "GHSA", "OSV", false},
	{"MAL-", "OpenSSF", "OSV", false},
	{"PYSEC-", "PyPA", "OSV PyPI", false},
	{"GO-", "Go", "OSV Go", false},
	{"RUSTSEC-", "RustSec", "OSV crates.io", false},
	{"BIT-", "Bitnami", "OSV Bitnami", false},
	{"BELL-", "BellSoft", "OSV Alpaquita", false},
	{"DEBIAN-CVE-", "Debian", "OSV Debian", false},
	{"UBUNTU-CVE-", "Ubuntu", "OSV Ubuntu", false},
	{"ALPINE-CVE-", "Alpine", "OSV Alpine", false},
	{"DSA-", "Debian", "OSV Debian", true},
	{"DLA-", "Debian", "OSV Debian", true},
	{"DTSA-", "Debian", "OSV Debian", true},
	{"USN-", "Ubuntu", "OSV Ubuntu", true},
	{"LSN-", "Ubuntu", "OSV Ubuntu", true},
	{"RHSA-", "Red Hat", "OSV Red Hat", true},
	{"RHBA-", "Red Hat", "OSV Red Hat", true},
	{"RHEA-", "Red Hat", "OSV Red Hat", true},
	{"ALSA-", "AlmaLinux", "OSV AlmaLinux", true},
	{"ALBA-", "AlmaLinux", "OSV AlmaLinux", true},
	{"ALEA-", "AlmaLinux", "OSV AlmaLinux", true},
	{"RLSA-", "Rocky Linux", "OSV Rocky Linux", true},
	{"RXSA-", "Rocky Linux", "OSV Rocky Linux", true},
	{"SUSE-", "SUSE", "OSV SUSE", true},
	{"openSUSE-", "SUSE", "OSV openSUSE", true},
	{"MGASA-", "Mageia", "OSV Mageia", true},
	{"ALAS", "Amazon", "OSV Amazon Linux", true},
	{"ELSA-", "Oracle", "OSV Oracle Linux", true},
	{"", "OSV", "OSV", false},
};

/* Families whose names are binary packages'. */
static const char *const by_binary[] = {"Red Hat", "AlmaLinux"};

/* Families of rpm, whose versions may come with epoch 0 written out. */
static const char *const by_rpm[] = {"Red Hat",  "AlmaLinux", "Rocky Linux", "SUSE",
				     "openSUSE", "Mageia",    "openEuler",   "Azure Linux"};

/* Families of distributions: what is enumerated there only repeats the range. */
static const char *const by_release[] = {
	"Debian", "Ubuntu",    "Alpine", "Alpaquita", "BellSoft Hardened Containers",
	"Wolfi",  "Chainguard"};

static bool one_of(struct sk_span s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (sk_span_eq_str(s, list[i]))
			return true;
	}
	return false;
}

static bool osv_matches(const struct sk_json *doc)
{
	return sk_json_get_text(doc, "id").len != 0 && sk_json_get(doc, "modified") != NULL &&
	       (sk_json_get(doc, "affected") != NULL ||
		sk_json_get(doc, "schema_version") != NULL ||
		sk_json_get(doc, "withdrawn") != NULL || sk_json_get(doc, "published") != NULL);
}

static const struct osv_source *source_of(struct sk_span id)
{
	const struct osv_source *s = osv_sources;

	while (!sk_span_starts(id, s->prefix))
		s++;
	return s;
}

struct osv_state {
	struct vulndb_batch *b;
	const struct sk_json *doc;
	const struct osv_source *source;
	struct vulndb_doc *parts[32]; /* one a family */
	size_t n_parts;
	struct vulndb_doc head; /* what the parts share */
	bool unusable;
};

static struct vulndb_doc *part_for(struct osv_state *st, struct sk_span family)
{
	struct vulndb_doc *d;
	char *feed;

	for (size_t i = 0; i < st->n_parts; i++) {
		if (sk_span_eq_str(family, st->parts[i]->feed + 4))
			return st->parts[i];
	}
	if (st->n_parts == SK_ARRAY_LEN(st->parts))
		return NULL;
	feed = sk_arena_printf(st->b->arena, "OSV %.*s", SK_SPAN_ARG(family));
	d = vulndb_batch_doc(st->b, feed, st->head.id);
	*d = st->head;
	d->feed = feed;
	if (st->n_parts != 0)
		d->n_cvss = d->n_references = 0; /* once is enough */
	st->parts[st->n_parts++] = d;
	return d;
}

static struct sk_span bound_text(struct osv_state *st, struct sk_span family, struct sk_span v)
{
	if (one_of(family, by_rpm, SK_ARRAY_LEN(by_rpm)))
		(void)sk_span_strip_prefix(&v, "0:"); /* a missing epoch is 0 */
	return vulndb_batch_text(st->b, v);
}

struct range_list {
	struct vulndb_range *r;
	size_t n, cap;
};

static struct vulndb_range *add_range(struct osv_state *st, struct range_list *l)
{
	if (l->n == l->cap) {
		size_t cap = l->cap != 0 ? l->cap * 2 : 4;
		struct vulndb_range *grown = sk_arena_array(st->b->arena, cap, sizeof(*grown));

		if (l->n != 0)
			memcpy(grown, l->r, l->n * sizeof(*grown));
		l->r = grown;
		l->cap = cap;
	}
	return &l->r[l->n++];
}

enum event_kind {
	EVENT_INTRODUCED,
	EVENT_FIXED,
	EVENT_LAST,
};

struct event {
	enum event_kind kind;
	struct sk_span version; /* empty: before all others */
};

/* Events of a range, in document order; false when one has no meaning here. */
static bool list_events(struct osv_state *st, const struct sk_json *events, struct sk_span family,
			struct event **ret, size_t *ret_n)
{
	static const char *const keys[] = {"introduced", "fixed", "last_affected"};
	size_t n = sk_json_type_of(events) == SK_JSON_ARRAY ? sk_json_len(events) : 0;
	struct event *out = sk_arena_array(st->b->arena, n * SK_ARRAY_LEN(keys), sizeof(*out));
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct sk_json *e = sk_json_at(events, i);
		struct sk_span limit = sk_json_get_text(e, "limit");

		if (limit.len != 0 && !sk_span_eq_str(limit, "*"))
			return false;
		for (size_t k = 0; k < SK_ARRAY_LEN(keys); k++) {
			struct sk_span v = sk_json_get_text(e, keys[k]);

			if (v.len == 0)
				continue;
			if (k == EVENT_INTRODUCED &&
			    (sk_span_eq_str(v, "0") || sk_span_eq_str(v, "0.0.0-0")))
				v.len = 0;
			out[count++] =
				(struct event){(enum event_kind)k, bound_text(st, family, v)};
		}
	}
	*ret = out;
	*ret_n = count;
	return true;
}

/* Is @b to come before @a. Versions without an order stay where they are. */
static bool comes_before(enum version_scheme scheme, const struct event *b, const struct event *a)
{
	int order = 0;

	if (b->version.len == 0 || a->version.len == 0)
		return b->version.len == 0 && a->version.len != 0;
	return version_compare(scheme, b->version, a->version, &order) == 0 && order < 0;
}

/* The schema leaves their order open, although feeds write them in the order of versions. */
static void sort_events(struct event *events, size_t n, struct sk_span family)
{
	enum version_scheme scheme;

	if (n < 3 || n > 1000 || !version_scheme_of(family, &scheme))
		return;
	for (size_t i = 1; i < n; i++) {
		struct event e = events[i];
		size_t k = i;

		for (; k > 0 && comes_before(scheme, &e, &events[k - 1]); k--)
			events[k] = events[k - 1];
		events[k] = e;
	}
}

/* Each "introduced" opens an interval that the next bound closes. */
static bool read_events(struct osv_state *st, const struct sk_json *json, struct sk_span family,
			struct range_list *out)
{
	struct vulndb_range *open = NULL;
	size_t before = out->n;
	struct event *events;
	size_t n;

	if (!list_events(st, json, family, &events, &n))
		return false;
	sort_events(events, n, family);
	for (size_t i = 0; i < n; i++) {
		if (events[i].kind == EVENT_INTRODUCED) {
			open = add_range(st, out);
			open->introduced = events[i].version;
		} else if (open != NULL) {
			if (events[i].kind == EVENT_FIXED)
				open->fixed = events[i].version;
			else
				open->last_affected = events[i].version;
			open = NULL;
		}
	}
	return out->n > before;
}

static const char *read_ranges(struct osv_state *st, const struct sk_json *affected,
			       struct sk_span family, struct range_list *out)
{
	const struct sk_json *ranges = sk_json_get(affected, "ranges");
	const char *why = "neither ranges nor versions";

	for (size_t i = 0; i < sk_json_len(ranges); i++) {
		const struct sk_json *r = sk_json_at(ranges, i);
		struct sk_span type = sk_json_get_text(r, "type");
		size_t before = out->n;

		if (sk_span_eq_str(type, "GIT")) {
			why = "only git ranges";
			continue;
		}
		if (!sk_span_eq_str(type, "ECOSYSTEM") && !sk_span_eq_str(type, "SEMVER")) {
			why = "unknown kind of range";
			continue;
		}
		if (!read_events(st, sk_json_get(r, "events"), family, out)) {
			out->n = before;
			why = "range with a limit or without an introduction";
		}
	}
	return why;
}

static void read_urgency(const struct sk_json *affected, struct vulndb_doc_claim *c)
{
	struct sk_span u = sk_json_get_text(sk_json_get(affected, "ecosystem_specific"), "urgency");

	if (sk_span_eq_str(u, "unimportant"))
		c->flags |= VULNDB_CLAIM_UNIMPORTANT;
	else if (sk_span_eq_str(u, "end-of-life"))
		c->state = VULNDB_CLAIM_END_OF_LIFE;
	else if (sk_span_eq_str(u, "low") || sk_span_eq_str(u, "medium") ||
		 sk_span_eq_str(u, "high"))
		(void)!model_severity_parse(u, &c->severity); /* one of its words */
}

static void fill_claim(struct osv_state *st, const struct sk_json *affected, struct sk_span family,
		       const struct range_list *ranges, struct vulndb_doc_claim *c)
{
	const struct sk_json *versions = sk_json_get(affected, "versions");
	size_t n = 0;

	c->ranges = ranges->r;
	c->n_ranges = (uint32_t)ranges->n;
	if (ranges->n == 0 || !one_of(family, by_release, SK_ARRAY_LEN(by_release)))
		c->versions = vulndb_batch_texts(st->b, versions, &n);
	c->n_versions = (uint32_t)n;
	if (one_of(family, by_binary, SK_ARRAY_LEN(by_binary)))
		c->flags |= VULNDB_CLAIM_BY_BINARY;
	if (sk_span_starts(st->head.id, "MAL-"))
		c->flags |= VULNDB_CLAIM_MALICIOUS;
	if (sk_span_eq_str(family, "Debian"))
		read_urgency(affected, c);
	/* "Fixed before the first version" is how Debian and Alpine say not affected. */
	if (ranges->n == 1 && sk_span_eq_str(ranges->r[0].fixed, "0")) {
		c->state = VULNDB_CLAIM_NOT_AFFECTED;
		ranges->r[0] = (struct vulndb_range){0};
		c->n_versions = 0;
	}
}

static void read_affected(struct osv_state *st, const struct sk_json *affected)
{
	const struct sk_json *package = sk_json_get(affected, "package");
	struct sk_span ecosystem = sk_json_get_text(package, "ecosystem");
	struct sk_span name = sk_json_get_text(package, "name");
	struct sk_span family = sk_span_sub(ecosystem, 0, sk_span_find(ecosystem, ':'));
	struct range_list ranges = {0};
	struct vulndb_doc *d;
	const char *why;

	if (name.len == 0 || ecosystem.len == 0 || family.len == 0 || name.len > 1024 ||
	    ecosystem.len > 256) {
		st->unusable = true;
		vulndb_batch_skip(st->b, st->source->feed,
				  package == NULL ? "affected entry without a package"
						  : "package without name or ecosystem",
				  st->head.id);
		return;
	}
	why = read_ranges(st, affected, family, &ranges);
	d = part_for(st, family);
	if (d == NULL || (ranges.n == 0 && sk_json_len(sk_json_get(affected, "versions")) == 0)) {
		st->unusable = true;
		vulndb_batch_skip(st->b, d != NULL ? d->feed : st->source->feed,
				  d != NULL ? why : "too many ecosystems", st->head.id);
		return;
	}
	fill_claim(st, affected, family, &ranges,
		   vulndb_doc_add(st->b, d, vulndb_batch_text(st->b, ecosystem), name));
}

static void add_cvss(struct osv_state *st, const struct sk_json *list)
{
	size_t n = sk_json_type_of(list) == SK_JSON_ARRAY ? sk_json_len(list) : 0;
	struct vulndb_doc_cvss *out =
		sk_arena_array(st->b->arena, n + st->head.n_cvss, sizeof(*out));

	if (st->head.n_cvss != 0)
		memcpy(out, st->head.cvss, st->head.n_cvss * sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		struct sk_span v = sk_json_get_text(sk_json_at(list, i), "score");

		if (v.len != 0)
			out[st->head.n_cvss++] = (struct vulndb_doc_cvss){
				vulndb_batch_text(st->b, v), st->source->source};
	}
	st->head.cvss = out;
}

/* The publisher's own word: GHSA and Bitnami write it down, AlmaLinux and Rocky begin with it. */
static void read_severity(struct osv_state *st)
{
	struct sk_span word =
		sk_json_get_text(sk_json_get(st->doc, "database_specific"), "severity");
	struct sk_span summary = sk_json_get_text(st->doc, "summary");

	if (word.len == 0 && st->source->notice && sk_span_find(summary, ':') < 12)
		word = sk_span_sub(summary, 0, sk_span_find(summary, ':'));
	if (word.len != 0 && model_severity_parse(word, &st->head.severity))
		st->head.severity_source = st->source->source;
}

static void read_references(struct osv_state *st)
{
	const struct sk_json *list = sk_json_get(st->doc, "references");
	size_t n = sk_json_type_of(list) == SK_JSON_ARRAY ? sk_json_len(list) : 0;
	struct sk_span *out = sk_arena_array(st->b->arena, n, sizeof(*out));

	for (size_t i = 0; i < n; i++) {
		struct sk_span url = sk_json_get_text(sk_json_at(list, i), "url");

		if (url.len != 0 && url.len < 2048)
			out[st->head.n_references++] = vulndb_batch_text(st->b, url);
	}
	st->head.references = out;
}

static void read_head(struct osv_state *st)
{
	struct vulndb_doc *d = &st->head;
	size_t n_related = 0;
	const struct sk_span *related;

	d->aliases = vulndb_batch_texts(st->b, sk_json_get(st->doc, "aliases"), &d->n_aliases);
	d->published = vulndb_json_time(st->doc, "published");
	d->modified = vulndb_json_time(st->doc, "modified");
	d->withdrawn = sk_json_get_text(st->doc, "withdrawn").len != 0;
	d->notice = st->source->notice;
	d->summary = vulndb_batch_summary(st->b, sk_json_get_text(st->doc, "summary"),
					  sk_json_get_text(st->doc, "details"));
	read_references(st);
	d->closes = vulndb_batch_texts(st->b, sk_json_get(st->doc, "upstream"), &d->n_closes);
	related = vulndb_batch_texts(st->b, sk_json_get(st->doc, "related"), &n_related);
	if (d->n_closes == 0 && d->notice) {
		d->closes = related;
		d->n_closes = n_related;
	}
	add_cvss(st, sk_json_get(st->doc, "severity"));
	read_severity(st);
}

static void osv_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	const struct sk_json *affected = sk_json_get(doc, "affected");
	struct osv_state st = {.b = b, .doc = doc};

	st.head.id = vulndb_batch_text(b, sk_json_get_text(doc, "id"));
	st.source = source_of(st.head.id);
	if (affected != NULL && sk_json_type_of(affected) != SK_JSON_ARRAY &&
	    sk_json_type_of(affected) != SK_JSON_NULL) {
		vulndb_batch_bad(b, st.source->feed, "malformed document", st.head.id);
		return;
	}
	read_head(&st);
	for (size_t i = 0; i < sk_json_len(affected); i++)
		add_cvss(&st, sk_json_get(sk_json_at(affected, i), "severity"));
	for (size_t i = 0; i < sk_json_len(affected); i++)
		read_affected(&st, sk_json_at(affected, i));
	if (st.n_parts == 0 && !st.unusable)
		vulndb_batch_skip(b, st.source->feed,
				  st.head.withdrawn ? "withdrawn, without packages"
						    : "document without packages",
				  st.head.id);
}

const struct vulndb_reader vulndb_reader_osv = {"OSV", osv_matches, osv_read};
