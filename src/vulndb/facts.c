/* SPDX-License-Identifier: Apache-2.0 */
/* Advisories, vulnerabilities and what else a report says; docs/formats/database.md. */
#include "base/arena.h"
#include "base/parse.h"
#include "vulndb/db-priv.h"

enum {
	MAX_FAMILIES = 64 /* of one feed; most have one */
};

/* Day numbers are even, seconds odd: most dates come without a time of day. */
static int64_t cur_time(struct vulndb_cur *c)
{
	uint64_t v = vulndb_cur_u64(c);

	if (v > (uint64_t)1 << 40)
		c->bad = true;
	return c->bad ? 0 : (v & 1) != 0 ? (int64_t)(v >> 1) : (int64_t)(v >> 1) * 86400;
}

static uint8_t cur_byte(struct vulndb_cur *c)
{
	if (c->p < c->end)
		return *c->p++;
	c->bad = true;
	return 0;
}

/* Adds a zigzag delta; damage when it leaves 32 bits. */
static uint32_t cur_delta(struct vulndb_cur *c, uint32_t base)
{
	uint64_t sum = base + (uint64_t)vulndb_unzigzag(vulndb_cur_u64(c));

	if (sum > UINT32_MAX) {
		c->bad = true;
		return 0;
	}
	return (uint32_t)sum;
}

enum {
	PASS_ROOM = 128, /* bytes of the section behind a record that is passed without a look at
			    each */
};

/* A number within the next ten bytes, which are there; too long a one is damage, and ends
 * somewhere. */
static inline uint64_t take_number(const uint8_t **p)
{
	uint64_t v = *(*p)++;

	if (v < 0x80)
		return v;
	v &= 0x7f;
	for (unsigned shift = 7; shift < 70; shift += 7) {
		uint64_t b = *(*p)++;

		if (shift < 64)
			v |= (b & 0x7f) << shift;
		if (b < 0x80)
			break;
	}
	return v;
}

struct advisory_raw {
	uint32_t id;
	uint32_t feed;
	uint32_t vuln;
	uint32_t n_vulns;
	uint8_t flags;
	int64_t published;
	int64_t modified;
	const uint8_t *more; /* deltas of the further vulnerabilities */
};

static void cur_advisory(struct vulndb_cur *c, struct advisory_raw *a)
{
	uint64_t feed;

	a->id = cur_delta(c, a->id);
	feed = vulndb_cur_u64(c);
	a->feed = (uint32_t)(feed >> 1);
	a->flags = cur_byte(c);
	a->vuln = cur_delta(c, a->vuln);
	a->n_vulns = (feed & 1) != 0 ? vulndb_cur_u32(c) : 1;
	a->published = a->modified = 0;
	if ((a->flags & VULNDB_ADV_PUBLISHED) != 0 &&
	    (a->flags & VULNDB_ADV_PUBLISHED_AS_VULN) == 0)
		a->published = cur_time(c);
	if ((a->flags & VULNDB_ADV_MODIFIED) != 0)
		a->modified = cur_time(c);
	a->more = c->p;
	if (a->n_vulns != 0)
		vulndb_cur_skip(c, a->n_vulns - 1);
	if (a->n_vulns == 0 || feed >> 1 > UINT32_MAX)
		c->bad = true;
}

/* Steps over an advisory, which the next one is told from. */
static void pass_advisory(struct vulndb_cur *c, struct advisory_raw *a)
{
	const uint8_t *p = c->p;
	unsigned flags;
	uint64_t feed, n = 1;

	if (c->end - p < PASS_ROOM) {
		cur_advisory(c, a);
		return;
	}
	a->id += (uint32_t)vulndb_unzigzag(take_number(&p));
	feed = take_number(&p);
	flags = *p++;
	a->vuln += (uint32_t)vulndb_unzigzag(take_number(&p));
	if ((feed & 1) != 0)
		n = take_number(&p);
	c->p = p;
	n += (flags & (VULNDB_ADV_PUBLISHED | VULNDB_ADV_PUBLISHED_AS_VULN)) ==
	     VULNDB_ADV_PUBLISHED;
	n += (flags & VULNDB_ADV_MODIFIED) != 0;
	vulndb_cur_skip(c, n - 1);
}

static struct vulndb_cur block_at(const struct vulndb_part *part, uint32_t index)
{
	uint32_t n = part->n_items / VULNDB_FACT_BLOCK + (part->n_items % VULNDB_FACT_BLOCK != 0);

	if (index >= part->n_items)
		return (struct vulndb_cur){.bad = true};
	return vulndb_part_at(part, n, index / VULNDB_FACT_BLOCK);
}

void vulndb_soon(const struct vulndb *db, enum vulndb_record what, uint32_t index,
		 enum vulndb_step step)
{
	static const struct {
		enum vulndb_section_type section;
		uint32_t block;
	} kinds[] = {
		[VULNDB_RECORD_ADVISORY] = {VULNDB_SECTION_ADVISORIES, VULNDB_FACT_BLOCK},
		[VULNDB_RECORD_VULN] = {VULNDB_SECTION_VULNS, VULNDB_FACT_BLOCK},
		[VULNDB_RECORD_ID] = {VULNDB_SECTION_IDS, VULNDB_ID_BLOCK},
	};
	const struct vulndb_part *part = &db->parts[kinds[what].section];
	uint64_t at = (uint64_t)(index / kinds[what].block) * 4;
	uint32_t off;

	if (index >= part->n_items || at + 4 > part->len)
		return;
	__builtin_prefetch(part->p + at);
	if (step == VULNDB_STEP_PLACE)
		return;
	off = vulndb_le32(part->p + at);
	if (off >= part->len)
		return;
	__builtin_prefetch(part->p + off);
	if (part->len - off > 64)
		__builtin_prefetch(part->p + off + 64);
}

int vulndb_advisory_get(const struct vulndb *db, uint32_t index, struct vulndb_advisory *ret,
			struct sk_err *err)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_ADVISORIES];
	struct vulndb_cur cur = block_at(part, index);
	struct advisory_raw a = {0};

	for (uint32_t i = 0; i < index % VULNDB_FACT_BLOCK; i++)
		pass_advisory(&cur, &a);
	cur_advisory(&cur, &a);
	if (cur.bad || (a.flags & 7) >= MODEL_N_SEVERITIES)
		return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged advisory");
	*ret = (struct vulndb_advisory){
		.id = a.id,
		.feed = a.feed,
		.severity = (enum model_severity)(a.flags & 7),
		.modified = a.modified,
		.withdrawn = (a.flags & VULNDB_ADV_WITHDRAWN) != 0,
		.notice = (a.flags & VULNDB_ADV_NOTICE) != 0,
		.n_vulns = a.n_vulns,
		.db = db,
		.off = a.n_vulns == 1 ? a.vuln : (uint64_t)(a.more - part->p) << 32 | a.vuln,
		.published = a.published,
		.as_vuln = (a.flags & VULNDB_ADV_PUBLISHED_AS_VULN) != 0,
	};
	return 0;
}

int64_t vulndb_advisory_published(const struct vulndb_advisory *adv)
{
	struct vulndb_vuln first;

	if (!adv->as_vuln)
		return adv->published;
	return vulndb_vuln_get(adv->db, (uint32_t)adv->off, &first, NULL) == 0 ? first.published
									       : 0;
}

struct sk_span vulndb_feed_name(const struct vulndb *db, uint32_t feed)
{
	struct vulndb_feed_info f;

	return vulndb_feed_at(db, feed, &f) ? f.name : (struct sk_span){NULL, 0};
}

int vulndb_advisory_vuln(const struct vulndb_advisory *adv, uint32_t i, uint32_t *ret_index)
{
	const struct vulndb_part *part = &adv->db->parts[VULNDB_SECTION_ADVISORIES];
	struct vulndb_cur cur = vulndb_cur_of(part->p, part->len, adv->off >> 32);
	uint64_t index = adv->off & UINT32_MAX;

	if (i >= adv->n_vulns)
		return -SK_E_FORMAT;
	for (uint32_t k = 0; k < i && !cur.bad; k++)
		index += vulndb_cur_u64(&cur) + 1;
	if (cur.bad || index > UINT32_MAX)
		return -SK_E_FORMAT;
	*ret_index = (uint32_t)index;
	return 0;
}

struct vuln_raw {
	uint32_t id;
	uint8_t flags;
	uint32_t severity_source;
	uint32_t n_aliases;
	const uint8_t *aliases;
	int64_t published;
	int64_t kev_added;
	uint32_t epss;
	uint32_t cvss;
	uint32_t cvss_source;
};

static void cur_vuln(struct vulndb_cur *c, struct vuln_raw *v)
{
	uint32_t id = cur_delta(c, v->id);

	*v = (struct vuln_raw){.id = id, .flags = cur_byte(c)};
	if ((v->flags & 7) != 0)
		v->severity_source = vulndb_cur_u32(c);
	if ((v->flags & VULNDB_VULN_PUBLISHED) != 0)
		v->published = cur_time(c);
	if ((v->flags & VULNDB_VULN_KEV) != 0)
		v->kev_added = cur_time(c);
	if ((v->flags & VULNDB_VULN_EPSS) != 0)
		v->epss = vulndb_cur_u32(c);
	if ((v->flags & VULNDB_VULN_CVSS) != 0) {
		v->cvss = vulndb_cur_u32(c);
		v->cvss_source = vulndb_cur_u32(c);
	}
	v->n_aliases = vulndb_cur_u32(c);
	v->aliases = c->p;
	vulndb_cur_skip(c, v->n_aliases);
}

/* Steps over a vulnerability, which the next one is told from. */
static void pass_vuln(struct vulndb_cur *c, struct vuln_raw *v)
{
	const uint8_t *p = c->p;
	unsigned flags;
	uint32_t n;

	if (c->end - p < PASS_ROOM) {
		cur_vuln(c, v);
		return;
	}
	v->id += (uint32_t)vulndb_unzigzag(take_number(&p));
	flags = *p++;
	n = (flags & VULNDB_VULN_CVSS) != 0 ? 2 : 0;
	n += (flags & 7) != 0;
	n += (flags & VULNDB_VULN_PUBLISHED) != 0;
	n += (flags & VULNDB_VULN_KEV) != 0;
	n += (flags & VULNDB_VULN_EPSS) != 0;
	while (n != 0 && p < c->p + PASS_ROOM / 2)
		n -= *p++ < 0x80;
	n = (uint32_t)take_number(&p);
	c->p = p;
	if (n != 0)
		vulndb_cur_skip(c, n);
}

void vulndb_scan_vulns(const struct vulndb *db, uint32_t id, bool *marks)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_VULNS];
	struct vulndb_cur cur = {0};
	struct vuln_raw v = {0};

	for (uint32_t i = 0; i < part->n_items; i++) {
		if (i % VULNDB_FACT_BLOCK == 0) {
			cur = block_at(part, i);
			v = (struct vuln_raw){0};
		}
		cur_vuln(&cur, &v);
		if (cur.bad)
			return;
		marks[i] = v.id == id;
		cur.p = v.aliases;
		for (uint32_t k = 0, alias = 0; k < v.n_aliases; k++) {
			alias += vulndb_cur_u32(&cur);
			marks[i] = marks[i] || alias == id;
		}
	}
}

void vulndb_scan_advisories(const struct vulndb *db, uint32_t id, const bool *vulns, bool *marks)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_ADVISORIES];
	uint32_t n_vulns = db->parts[VULNDB_SECTION_VULNS].n_items;
	struct vulndb_cur cur = {0};
	struct advisory_raw a = {0};

	for (uint32_t i = 0; i < part->n_items; i++) {
		uint64_t v;

		if (i % VULNDB_FACT_BLOCK == 0) {
			cur = block_at(part, i);
			a = (struct advisory_raw){0};
		}
		cur_advisory(&cur, &a);
		if (cur.bad)
			return;
		v = a.vuln;
		marks[i] = a.id == id || (v < n_vulns && vulns[v]);
		cur.p = a.more;
		for (uint32_t k = 1; k < a.n_vulns; k++) {
			v += vulndb_cur_u64(&cur) + 1;
			marks[i] = marks[i] || (v < n_vulns && vulns[v]);
		}
	}
}

static bool get_epss(const struct vulndb *db, uint32_t index, struct vulndb_vuln *ret)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_EPSS];
	const struct vulndb_epss *e = (const struct vulndb_epss *)part->p;

	if (index >= part->n_items || part->n_items > part->len / sizeof(*e))
		return false;
	e += index;
	ret->epss_known = true;
	ret->epss_score = (float)vulndb_le32(e->score) / 100000.0F;
	ret->epss_percentile = (float)vulndb_le32(e->percentile) / 100000.0F;
	return true;
}

int vulndb_vuln_get(const struct vulndb *db, uint32_t index, struct vulndb_vuln *ret,
		    struct sk_err *err)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_VULNS];
	struct vulndb_cur cur = block_at(part, index);
	struct vuln_raw v = {0};

	for (uint32_t i = 0; i < index % VULNDB_FACT_BLOCK; i++)
		pass_vuln(&cur, &v);
	cur_vuln(&cur, &v);
	if (cur.bad || (v.flags & 7) >= MODEL_N_SEVERITIES)
		return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged vulnerability");
	*ret = (struct vulndb_vuln){
		.id = v.id,
		.n_aliases = v.n_aliases,
		.n_cvss = (v.flags & VULNDB_VULN_CVSS) != 0,
		.severity = (enum model_severity)(v.flags & 7),
		.severity_source = v.severity_source,
		.published = v.published,
		.kev = (v.flags & VULNDB_VULN_KEV) != 0,
		.kev_ransomware = (v.flags & VULNDB_VULN_RANSOMWARE) != 0,
		.kev_added = v.kev_added,
		.db = db,
		.off = (uint64_t)(v.aliases - part->p),
		.cvss = v.cvss,
		.cvss_source = v.cvss_source,
	};
	if ((v.flags & VULNDB_VULN_EPSS) != 0 && !get_epss(db, v.epss, ret))
		return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged vulnerability");
	return 0;
}

int vulndb_vuln_alias(const struct vulndb_vuln *v, uint32_t i, uint32_t *ret_id)
{
	const struct vulndb_part *part = &v->db->parts[VULNDB_SECTION_VULNS];
	struct vulndb_cur cur = vulndb_cur_of(part->p, part->len, v->off);
	uint32_t index = 0;

	if (i >= v->n_aliases)
		return -SK_E_FORMAT;
	for (uint32_t k = 0; k <= i; k++)
		index += vulndb_cur_u32(&cur);
	*ret_id = index;
	return cur.bad ? -SK_E_FORMAT : 0;
}

int vulndb_vuln_cvss(const struct vulndb_vuln *v, uint32_t i, struct vulndb_cvss *ret)
{
	static const char *const versions[] = {"2.0", "3.0", "3.1", "4.0"};
	const struct vulndb_part *part = &v->db->parts[VULNDB_SECTION_CVSS];
	struct vulndb_cur cur = vulndb_part_at(part, part->n_items, v->cvss);
	uint8_t version = cur_byte(&cur);
	uint8_t score = cur_byte(&cur);
	struct sk_span vector = vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));

	if (i >= v->n_cvss || cur.bad || version >= SK_ARRAY_LEN(versions) || score > 100)
		return -SK_E_FORMAT;
	*ret = (struct vulndb_cvss){
		.version = versions[version],
		.vector = vector,
		.score = score / 10.0,
		.source = vulndb_string(v->db, v->cvss_source),
	};
	return 0;
}

/* Records: product text, v cycles, then for each: cycle text, time. */
bool vulndb_end_of_life(const struct vulndb *db, struct sk_span product, struct sk_span cycle,
			int64_t *ret)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_EOL];
	struct vulndb_cur cur;

	if (!vulndb_part_find(part, product, &cur))
		return false;
	for (uint32_t n = vulndb_cur_u32(&cur); n != 0 && !cur.bad; n--) {
		struct sk_span c = vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
		int64_t t = cur_time(&cur);

		if (!cur.bad && sk_span_eq(c, cycle)) {
			*ret = t;
			return true;
		}
	}
	return false;
}

/* META: one record a feed: text name, v documents, v claims, times oldest and newest, v skipped. */
bool vulndb_feed_at(const struct vulndb *db, uint32_t index, struct vulndb_feed_info *ret)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_META];
	struct vulndb_cur cur = vulndb_part_at(part, part->n_items, index);

	ret->name = vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
	ret->documents = vulndb_cur_u64(&cur);
	ret->claims = vulndb_cur_u64(&cur);
	ret->oldest = cur_time(&cur);
	ret->newest = cur_time(&cur);
	ret->n_skipped = vulndb_cur_u32(&cur);
	ret->skipped = cur;
	return !cur.bad;
}

/* COVERAGE: of each feed v families, as texts. */
bool vulndb_feed_family_at(const struct vulndb *db, uint32_t feed, uint32_t i, struct sk_span *ret)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_COVERAGE];
	struct vulndb_cur cur = vulndb_part_at(part, part->n_items, feed);
	uint32_t n = vulndb_cur_u32(&cur);

	if (cur.bad || i >= n)
		return false;
	for (uint32_t k = 0; k <= i && !cur.bad; k++)
		*ret = vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
	return !cur.bad;
}

static void describe_families(const struct vulndb *db, uint32_t feed, struct sk_arena *a,
			      struct model_feed *ret)
{
	const char *list[MAX_FAMILIES];
	const char **copy;
	struct sk_span family;
	size_t n = 0;

	while (n < MAX_FAMILIES && vulndb_feed_family_at(db, feed, (uint32_t)n, &family))
		list[n++] = sk_arena_str(a, family);
	copy = sk_arena_array(a, n, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = list[i];
	ret->families = copy;
	ret->n_families = n;
}

void vulndb_describe(const struct vulndb *db, struct sk_arena *a, struct model_database *ret)
{
	uint32_t n = db->parts[VULNDB_SECTION_META].n_items;
	struct model_feed *feeds = sk_arena_array(a, n < 1024 ? n : 1024, sizeof(*feeds));
	int64_t oldest = 0;
	int64_t newest = 0;
	char text[SK_TIME_TEXT_SIZE];
	size_t count = 0;

	for (uint32_t i = 0; i < n && i < 1024; i++) {
		struct vulndb_feed_info f;

		if (!vulndb_feed_at(db, i, &f))
			break;
		feeds[count] = (struct model_feed){.name = sk_arena_str(a, f.name),
						   .records = f.documents};
		if (f.newest != 0)
			feeds[count].date = sk_arena_strdup(a, sk_format_time(f.newest, text));
		describe_families(db, i, a, &feeds[count]);
		if (f.newest != 0 && (oldest == 0 || f.newest < oldest))
			oldest = f.newest;
		if (f.newest > newest)
			newest = f.newest;
		count++;
	}
	*ret = (struct model_database){.digest = db->digest, .feeds = feeds, .n_feeds = count};
	ret->built = sk_arena_strdup(a, sk_format_time(db->built, text));
	if (oldest != 0)
		ret->oldest_feed = sk_arena_strdup(a, sk_format_time(oldest, text));
	if (newest != 0)
		ret->newest_feed = sk_arena_strdup(a, sk_format_time(newest, text));
}
