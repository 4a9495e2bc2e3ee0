/* SPDX-License-Identifier: Apache-2.0 */
/* Ubuntu's CVE tracker as JSON: for each release and pocket, what became of each source package. */
#include "base/ascii.h"
#include "vulndb/doc-priv.h"

static const char feed[] = "Ubuntu CVE tracker";

struct release {
	const char *name;
	const char *version;
};

static const struct release releases[] = {
	{"warty", "4.10"},        {"hoary", "5.04"},         {"breezy", "5.10"},
	{"dapper", "6.06:LTS"},   {"edgy", "6.10"},          {"feisty", "7.04"},
	{"gutsy", "7.10"},        {"hardy", "8.04:LTS"},     {"intrepid", "8.10"},
	{"jaunty", "9.04"},       {"karmic", "9.10"},        {"lucid", "10.04:LTS"},
	{"maverick", "10.10"},    {"natty", "11.04"},        {"oneiric", "11.10"},
	{"precise", "12.04:LTS"}, {"quantal", "12.10"},      {"raring", "13.04"},
	{"saucy", "13.10"},       {"trusty", "14.04:LTS"},   {"utopic", "14.10"},
	{"vivid", "15.04"},       {"wily", "15.10"},         {"xenial", "16.04:LTS"},
	{"yakkety", "16.10"},     {"zesty", "17.04"},        {"artful", "17.10"},
	{"bionic", "18.04:LTS"},  {"cosmic", "18.10"},       {"disco", "19.04"},
	{"eoan", "19.10"},        {"focal", "20.04:LTS"},    {"groovy", "20.10"},
	{"hirsute", "21.04"},     {"impish", "21.10"},       {"jammy", "22.04:LTS"},
	{"kinetic", "22.10"},     {"lunar", "23.04"},        {"mantic", "23.10"},
	{"noble", "24.04:LTS"},   {"oracular", "24.10"},     {"plucky", "25.04"},
	{"questing", "25.10"},    {"resolute", "26.04:LTS"},
};

/* Pockets of Ubuntu Pro, as OSV names them. */
static const struct release pockets[] = {
	{"esm", "Pro"},
	{"esm-infra", "Pro"},
	{"esm-infra-legacy", "Pro"},
	{"esm-apps", "Pro"},
	{"fips", "Pro:FIPS"},
	{"fips-updates", "Pro:FIPS-updates"},
	{"fips-preview", "Pro:FIPS-preview"},
	{"realtime", "Pro:Realtime"},
};

static const char *find(const struct release *list, size_t n, struct sk_span name)
{
	for (size_t i = 0; i < n; i++) {
		if (sk_span_eq_str(name, list[i].name))
			return list[i].version;
	}
	return NULL;
}

/* "jammy", "trusty/esm", "esm-apps/jammy". */
static struct sk_span scope_of(struct vulndb_batch *b, struct sk_span key)
{
	size_t slash = sk_span_find(key, '/');
	struct sk_span first = sk_span_sub(key, 0, slash);
	struct sk_span second = sk_span_sub(key, slash + 1, key.len);
	const char *version = find(releases, SK_ARRAY_LEN(releases), first);
	const char *pocket = NULL;

	if (slash < key.len) {
		pocket = find(pockets, SK_ARRAY_LEN(pockets), version != NULL ? second : first);
		if (version == NULL)
			version = find(releases, SK_ARRAY_LEN(releases), second);
		if (pocket == NULL)
			return (struct sk_span){NULL, 0};
	}
	if (version == NULL)
		return (struct sk_span){NULL, 0};
	return sk_span_str(pocket != NULL
				   ? sk_arena_printf(b->arena, "Ubuntu:%s:%s", pocket, version)
				   : sk_arena_printf(b->arena, "Ubuntu:%s", version));
}

static bool ubuntu_matches(const struct sk_json *doc)
{
	return sk_json_get_text(doc, "candidate").len != 0 &&
	       sk_json_type_of(sk_json_get(doc, "packages")) == SK_JSON_OBJECT;
}

/* "5.15.0-1.2 ", "1.2-3 [comment]": a version begins with a digit and has no blanks. */
static struct sk_span version_of(struct sk_span note)
{
	note = sk_span_trim(note);
	note = sk_span_sub(note, 0, sk_span_find(note, ' '));
	if (note.len == 0 || !sk_is_digit(note.ptr[0]))
		return (struct sk_span){NULL, 0};
	return note;
}

static void add_claim(struct vulndb_batch *b, struct vulndb_doc *d, struct sk_span scope,
		      struct sk_span name, const struct sk_json *package)
{
	struct sk_span status = sk_json_get_text(package, "status");
	struct sk_span note = sk_json_get_text(package, "note");
	enum vulndb_claim_state state;
	struct vulndb_doc_claim *c;

	if (sk_span_eq_str(status, "released") && version_of(note).len == 0) {
		vulndb_batch_skip(b, feed, "released without a version", d->id);
		return;
	} else if (sk_span_eq_str(status, "released") || sk_span_eq_str(status, "needed") ||
		   sk_span_eq_str(status, "pending") || sk_span_eq_str(status, "active")) {
		/* A pending fix is not there yet. */
		state = VULNDB_CLAIM_AFFECTED;
	} else if (sk_span_eq_str(status, "needs-triage")) {
		state = VULNDB_CLAIM_UNDER_INVESTIGATION;
	} else if (sk_span_eq_str(status, "not-affected")) {
		state = VULNDB_CLAIM_NOT_AFFECTED;
	} else if (sk_span_eq_str(status, "deferred")) {
		state = VULNDB_CLAIM_DEFERRED;
	} else if (sk_span_eq_str(status, "ignored")) {
		state = sk_span_contains(note, "end of life") ||
					sk_span_contains(note, "end of standard support") ||
					sk_span_contains(note, "end-of-life") ||
					sk_span_contains(note, "end of kernel support")
				? VULNDB_CLAIM_END_OF_LIFE
				: VULNDB_CLAIM_WILL_NOT_FIX;
	} else {
		vulndb_batch_skip(b, feed,
				  sk_span_eq_str(status, "DNE") ? "package not in the release"
								: "unknown status",
				  d->id);
		return;
	}
	c = vulndb_doc_add(b, d, scope, name);
	c->state = state;
	if (sk_span_eq_str(status, "released"))
		vulndb_claim_fixed(b, c, version_of(note));
	(void)!model_severity_parse(sk_json_get_text(package, "priority"), &c->severity);
}

static void read_releases(struct vulndb_batch *b, struct vulndb_doc *d,
			  const struct sk_json *packages)
{
	const struct sk_json *list;
	struct sk_span key;
	void *iter = NULL;

	while (sk_json_next(packages, &iter, &key, &list)) {
		struct sk_span scope = scope_of(b, key);
		const struct sk_json *package;
		struct sk_span name;
		void *inner = NULL;

		if (scope.len == 0) {
			vulndb_batch_skip(b, feed, "no release (upstream, devel, snap, phone)",
					  d->id);
			continue;
		}
		while (sk_json_next(list, &inner, &name, &package))
			add_claim(b, d, scope, name, package);
	}
}

/* " CVSS:3.1/AV:N/… [7.5 HIGH]" */
static void add_vectors(struct vulndb_batch *b, struct vulndb_doc *d, const struct sk_json *cvss)
{
	struct sk_span vector = sk_span_trim(sk_json_get_text(cvss, "nvd"));
	struct vulndb_doc_cvss *out;

	vector = sk_span_sub(vector, 0, sk_span_find(vector, ' '));
	if (vector.len == 0)
		return;
	out = sk_arena_alloc(b->arena, sizeof(*out));
	*out = (struct vulndb_doc_cvss){vulndb_batch_text(b, vector), "NVD"};
	d->cvss = out;
	d->n_cvss = 1;
}

static void ubuntu_read(struct vulndb_batch *b, const struct sk_json *doc)
{
	struct sk_span priority = sk_json_get_text(doc, "priority");
	struct vulndb_doc *d = vulndb_batch_doc(b, feed, sk_json_get_text(doc, "candidate"));

	/* Newer exports wrap it: {"priority": word, "reason": …}. */
	if (priority.len == 0)
		priority = sk_json_get_text(sk_json_get(doc, "priority"), "priority");
	if (model_severity_parse(priority, &d->severity))
		d->severity_source = "Ubuntu";
	d->published = vulndb_json_time(doc, "public_date");
	d->summary = vulndb_batch_summary(b, (struct sk_span){NULL, 0},
					  sk_json_get_text(doc, "description"));
	d->references = vulndb_batch_texts(b, sk_json_get(doc, "references"), &d->n_references);
	add_vectors(b, d, sk_json_get(doc, "cvss"));
	read_releases(b, d, sk_json_get(doc, "packages"));
}

const struct vulndb_reader vulndb_reader_ubuntu = {"Ubuntu CVE tracker", ubuntu_matches,
						   ubuntu_read};
