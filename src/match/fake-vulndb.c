/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of vulndb.h over lines of text. Claims keep their order; look-ups filter. */
#include "match/fake-vulndb.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/parse.h"

const char *fake_value(const char **f, const char *key)
{
	size_t n = strlen(key);

	for (; *f != NULL; f++) {
		if (strcmp(*f, key) == 0)
			return "";
		if (strncmp(*f, key, n) == 0 && (*f)[n] == '=')
			return *f + n + 1;
	}
	return NULL;
}

static struct sk_span value(const char **f, const char *key)
{
	return sk_span_str(fake_value(f, key));
}

static enum model_severity severity(const char **f, const char *key)
{
	enum model_severity s = MODEL_SEVERITY_UNKNOWN;

	if (value(f, key).len > 0)
		assert_true(model_severity_parse(value(f, key), &s));
	return s;
}

static int64_t date(const char **f, const char *key)
{
	int64_t t = 0;

	if (value(f, key).len > 0)
		assert_true(sk_parse_time(value(f, key), &t));
	return t;
}

/* Equal texts have one number. */
static uint32_t number(struct vulndb *db, struct sk_span text)
{
	for (uint32_t i = 0; i <= db->n_texts; i++) {
		if (sk_span_eq(db->texts[i], text))
			return i;
	}
	assert_true(db->n_texts + 1 < FAKE_TEXTS);
	db->texts[++db->n_texts] = text;
	return db->n_texts;
}

static uint32_t advisory_of(const struct vulndb *db, const char *id)
{
	for (uint32_t i = 0; i < db->n_advisories; i++) {
		if (sk_span_eq_str(db->texts[db->advisories[i].id], id))
			return i;
	}
	fail_msg("no advisory %s", id);
	return 0;
}

static void add_vuln(struct vulndb *db, const char **f)
{
	struct vulndb_vuln *v = &db->vulns[db->n_vulns];
	struct sk_span rest = value(f, "aliases"), piece;
	double value_of = 0.0;

	*v = (struct vulndb_vuln){
		.id = number(db, sk_span_str(f[1])),
		.severity = severity(f, "severity"),
		.severity_source = number(db, value(f, "source")),
		.published = date(f, "published"),
		.kev = fake_value(f, "kev") != NULL,
		.kev_added = date(f, "kev"),
		.kev_ransomware = fake_value(f, "ransomware") != NULL,
		.epss_known = fake_value(f, "epss") != NULL,
		.db = db,
		.off = db->n_vulns,
		.cvss = (uint32_t)db->n_vulns,
	};
	if (v->epss_known)
		assert_true(sk_parse_double(value(f, "epss"), &value_of));
	v->epss_score = (float)value_of;
	while (sk_span_cut(&rest, ',', &piece))
		db->aliases[db->n_vulns][v->n_aliases++] = number(db, piece);
	rest = value(f, "cvss");
	while (sk_span_cut(&rest, ',', &piece)) {
		assert_true(sk_parse_double(piece, &value_of));
		db->cvss[db->n_vulns][v->n_cvss++] = (struct vulndb_cvss){
			.version = "3.1",
			.vector = SK_SPAN("CVSS:3.1/…"),
			.score = value_of,
			.source = SK_SPAN("NVD"),
		};
	}
	db->n_vulns++;
}

/* vulns=… names them; without, the advisory is a record of the vulnerability of its own name. */
static void add_advisory(struct vulndb *db, const char **f)
{
	struct vulndb_advisory *a = &db->advisories[db->n_advisories];
	struct sk_span rest = value(f, "vulns"), piece;

	*a = (struct vulndb_advisory){
		.id = number(db, sk_span_str(f[1])),
		.feed = number(db, value(f, "feed")),
		.severity = severity(f, "severity"),
		.published = date(f, "published"),
		.withdrawn = fake_value(f, "withdrawn") != NULL,
		.notice = fake_value(f, "notice") != NULL,
		.db = db,
		.off = db->n_advisories,
	};
	while (sk_span_cut(&rest, ',', &piece)) {
		uint32_t i = 0;

		while (i < db->n_vulns && !sk_span_eq(db->texts[db->vulns[i].id], piece))
			i++;
		if (i == db->n_vulns)
			fail_msg("no vulnerability %.*s", SK_SPAN_ARG(piece));
		db->vulns_of[db->n_advisories][a->n_vulns++] = i;
	}
	db->n_advisories++;
}

/* "1.0..2.0", "..2.0", "1.0..", "..", "1.0..=1.9" */
static struct vulndb_range range_of(struct sk_span s)
{
	struct vulndb_range r = {0};

	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.ptr[i] != '.' || s.ptr[i + 1] != '.')
			continue;
		r.introduced = sk_span_sub(s, 0, i);
		r.fixed = sk_span_sub(s, i + 2, s.len);
		if (sk_span_strip_prefix(&r.fixed, "=")) {
			r.last_affected = r.fixed;
			r.fixed = (struct sk_span){0};
		}
		return r;
	}
	fail_msg("no range: %.*s", SK_SPAN_ARG(s));
	return r;
}

static enum vulndb_claim_state state_of(const char **f)
{
	static const char *const words[] = {
#define X(name, word) [VULNDB_CLAIM_##name] = word,
		VULNDB_CLAIM_STATES(X)
#undef X
	};
	const char *word = fake_value(f, "state");

	for (size_t i = 0; word != NULL && i < SK_ARRAY_LEN(words); i++) {
		if (strcmp(words[i], word) == 0)
			return (enum vulndb_claim_state)i;
	}
	assert_null(word);
	return VULNDB_CLAIM_AFFECTED;
}

static void add_claim(struct vulndb *db, const char **f)
{
	struct fake_claim *c = &db->claims[db->n_claims];
	struct sk_span rest = value(f, "range"), piece;

	c->ecosystem = f[2];
	c->name = f[3];
	c->claim = (struct vulndb_claim){
		.advisory = advisory_of(db, f[1]),
		.state = state_of(f),
		.severity = severity(f, "severity"),
		.module = value(f, "module"),
		.arch = value(f, "arch"),
		.db = db,
		.off = db->n_claims,
	};
	if (fake_value(f, "unimportant") != NULL)
		c->claim.flags |= VULNDB_CLAIM_UNIMPORTANT;
	if (fake_value(f, "follow_up") != NULL)
		c->claim.flags |= VULNDB_CLAIM_FOLLOW_UP;
	if (fake_value(f, "malicious") != NULL)
		c->claim.flags |= VULNDB_CLAIM_MALICIOUS;
	if (fake_value(f, "binary") != NULL)
		c->claim.flags |= VULNDB_CLAIM_BY_BINARY;
	while (sk_span_cut(&rest, ',', &piece))
		c->ranges[c->claim.n_ranges++] = range_of(piece);
	rest = value(f, "versions");
	while (sk_span_cut(&rest, ',', &piece))
		c->versions[c->claim.n_versions++] = piece;
	db->n_claims++;
}

bool fake_line(struct vulndb *db, const char **f)
{
	assert_true(db->n_claims < FAKE_MAX && db->n_advisories < FAKE_MAX &&
		    db->n_vulns < FAKE_MAX && db->n_eols < SK_ARRAY_LEN(db->eols));
	if (strcmp(f[0], "vuln") == 0)
		add_vuln(db, f);
	else if (strcmp(f[0], "adv") == 0)
		add_advisory(db, f);
	else if (strcmp(f[0], "claim") == 0)
		add_claim(db, f);
	else if (strcmp(f[0], "eol") != 0)
		return false;
	if (strcmp(f[0], "eol") != 0)
		return true;
	db->eols[db->n_eols].product = f[1];
	db->eols[db->n_eols].cycle = f[2];
	assert_true(sk_parse_time(sk_span_str(f[3]), &db->eols[db->n_eols].date));
	db->n_eols++;
	return true;
}

void vulndb_lookup(const struct vulndb *db, struct sk_span ecosystem, struct sk_span name,
		   struct vulndb_iter *ret_iter)
{
	/* claims of one look-up stand together in the data, or are found one group at a time */
	*ret_iter = (struct vulndb_iter){.db = db};
	for (size_t i = 0; i < db->n_claims; i++) {
		if (!sk_span_eq_str(ecosystem, db->claims[i].ecosystem) ||
		    !sk_span_eq_str(name, db->claims[i].name))
			continue;
		ret_iter->off = i;
		ret_iter->left = 1;
		return;
	}
}

int vulndb_next(struct vulndb_iter *it, struct vulndb_claim *ret_claim, struct sk_err *err)
{
	const struct fake_claim *c = &it->db->claims[it->off];

	(void)err;
	if (it->left == 0)
		return 0;
	*ret_claim = c->claim;
	it->left = 0;
	for (size_t i = it->off + 1; i < it->db->n_claims && it->left == 0; i++) {
		const struct fake_claim *next = &it->db->claims[i];

		if (strcmp(c->ecosystem, next->ecosystem) == 0 &&
		    strcmp(c->name, next->name) == 0) {
			it->off = i;
			it->left = 1;
		}
	}
	return 1;
}

int vulndb_next_group(struct vulndb_iter *it, struct vulndb_claim *ret_claim, struct sk_err *err)
{
	return vulndb_next(it, ret_claim, err); /* each a group of its own */
}

int vulndb_claim_next(struct vulndb_claim *c)
{
	return (int)c->n_more;
}

int vulndb_claim_range(const struct vulndb_claim *c, uint32_t i, struct vulndb_range *ret)
{
	*ret = c->db->claims[c->off].ranges[i];
	return 0;
}

int vulndb_claim_version(const struct vulndb_claim *c, uint32_t i, struct sk_span *ret)
{
	*ret = c->db->claims[c->off].versions[i];
	return 0;
}

int vulndb_advisory_get(const struct vulndb *db, uint32_t index, struct vulndb_advisory *ret,
			struct sk_err *err)
{
	(void)err;
	*ret = db->advisories[index];
	return 0;
}

void vulndb_soon(const struct vulndb *db, enum vulndb_record what, uint32_t index,
		 enum vulndb_step step)
{
	(void)db;
	(void)what;
	(void)index;
	(void)step;
}

int vulndb_advisory_vuln(const struct vulndb_advisory *adv, uint32_t i, uint32_t *ret_index)
{
	*ret_index = adv->db->vulns_of[adv->off][i];
	return 0;
}

int vulndb_vuln_get(const struct vulndb *db, uint32_t index, struct vulndb_vuln *ret,
		    struct sk_err *err)
{
	(void)err;
	*ret = db->vulns[index];
	return 0;
}

int vulndb_vuln_alias(const struct vulndb_vuln *v, uint32_t i, uint32_t *ret_id)
{
	*ret_id = v->db->aliases[v->off][i];
	return 0;
}

int vulndb_vuln_cvss(const struct vulndb_vuln *v, uint32_t i, struct vulndb_cvss *ret)
{
	*ret = v->db->cvss[v->off][i];
	return 0;
}

int64_t vulndb_advisory_published(const struct vulndb_advisory *adv)
{
	return adv->published;
}

struct sk_span vulndb_id_text(const struct vulndb *db, uint32_t id)
{
	return db->texts[id];
}

const char *vulndb_id_copy(const struct vulndb *db, uint32_t id, struct sk_arena *a)
{
	return sk_arena_str(a, db->texts[id]);
}

struct sk_span vulndb_string(const struct vulndb *db, uint32_t string)
{
	return db->texts[string];
}

struct sk_span vulndb_feed_name(const struct vulndb *db, uint32_t feed)
{
	return db->texts[feed];
}

bool vulndb_end_of_life(const struct vulndb *db, struct sk_span product, struct sk_span cycle,
			int64_t *ret)
{
	for (size_t i = 0; i < db->n_eols; i++) {
		if (sk_span_eq_str(product, db->eols[i].product) &&
		    sk_span_eq_str(cycle, db->eols[i].cycle)) {
			*ret = db->eols[i].date;
			return true;
		}
	}
	return false;
}

bool vulndb_has_ecosystem(const struct vulndb *db, struct sk_span ecosystem)
{
	for (size_t i = 0; i < db->n_claims; i++) {
		if (sk_span_eq_str(ecosystem, db->claims[i].ecosystem))
			return true;
	}
	return false;
}

void vulndb_describe(const struct vulndb *db, struct sk_arena *a, struct model_database *ret)
{
	static const struct model_feed feeds[] = {{.name = "EPSS", .date = "2021-08-31T00:00:00Z"}};

	(void)db;
	(void)a;
	*ret = (struct model_database){.feeds = feeds, .n_feeds = SK_ARRAY_LEN(feeds)};
}
