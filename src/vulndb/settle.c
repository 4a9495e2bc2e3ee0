/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between documents: which module stream a claim is for, which claim speaks where two feeds speak
 * of one vulnerability in one package, and which notices only correct earlier ones. The rules are
 * in docs/advisories.md.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "version/version.h"
#include "vulndb/merge-priv.h"

static void kill_claim(struct vulndb_merge *m, struct vulndb_mclaim *c)
{
	c->dead = true;
	m->docs[c->doc].n_claims--;
}

/* --- module streams of Red Hat's advisories --- */

static int cmp_span(const void *pa, const void *pb)
{
	const struct sk_span *a = pa;
	const struct sk_span *b = pb;

	return sk_span_cmp(*a, *b);
}

/* All streams of an advisory, "a:1,b:2"; 0 when none is known. */
static uint32_t streams_of(struct vulndb_merge *m, uint32_t advisory)
{
	struct sk_span list[64];
	struct sk_buf text;
	uint64_t link = 0;
	uint32_t result = 0;
	size_t n = 0;

	(void)!sk_map_get(&m->modules, vulndb_text_of(m, advisory), &link);
	for (; link != 0 && n < SK_ARRAY_LEN(list); link = m->module_links[link - 1].next)
		list[n++] = vulndb_text_of(m, m->module_links[link - 1].id);
	if (n == 0)
		return 0;
	vulndb_sort(list, n, sizeof(list[0]), cmp_span);
	sk_buf_init(&text, 16384);
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			(void)sk_buf_add_char(&text, ',');
		(void)sk_buf_add_span(&text, list[i]);
	}
	if (!text.overflow)
		result = vulndb_intern(&m->texts, sk_buf_span(&text));
	sk_buf_release(&text);
	return result;
}

static bool is_modular(const struct vulndb_merge *m, const struct vulndb_mclaim *c)
{
	struct sk_span body = m->bodies.texts[c->body];
	uint32_t fixed;

	if (body.len < 16)
		return false;
	memcpy(&fixed, body.ptr + 8, sizeof(fixed));
	return sk_span_contains(vulndb_text_of(m, fixed), ".module+");
}

static void name_streams(struct vulndb_merge *m)
{
	uint32_t feed = vulndb_intern(&m->texts, sk_span_str("OSV Red Hat"));

	for (size_t i = 0; i < m->n_claims; i++) {
		struct vulndb_mclaim *c = &m->claims[i];
		struct vulndb_mattr attr;

		if (c->dead || m->docs[c->doc].feed != feed || !is_modular(m, c))
			continue;
		memcpy(&attr, m->attrs.texts[c->attr].ptr, sizeof(attr));
		if (attr.module != 0)
			continue;
		attr.module = streams_of(m, m->docs[c->doc].id);
		c->attr = vulndb_intern(&m->attrs, sk_span_of(&attr, sizeof(attr)));
	}
}

/* --- who speaks --- */

/* Claims that stand in for an advisory whose own document is there. */
static void drop_stand_ins(struct vulndb_merge *m)
{
	bool *there = sk_alloc(m->texts.n * sizeof(*there));

	for (size_t i = 0; i < m->n_docs; i++) {
		if (!m->docs[i].dead && m->docs[i].n_claims != 0)
			there[m->docs[i].id] = true;
	}
	for (size_t i = 0; i < m->n_claims; i++) {
		struct vulndb_mclaim *c = &m->claims[i];

		if (c->unless == 0 || c->dead || m->docs[c->doc].dead || !there[c->unless])
			continue;
		kill_claim(m, c);
		vulndb_merge_skip(m, vulndb_text_of(m, m->docs[c->doc].feed),
				  sk_span_str("fix that the advisory itself brings"),
				  vulndb_text_of(m, c->unless), 1);
	}
	sk_free(there);
}

/* The one CVE that a record, not a notice, is about; 0 for none. */
static uint32_t subject_of(const struct vulndb_merge *m, const struct vulndb_mdoc *d)
{
	if (d->notice)
		return 0;
	if (vulndb_is_cve(vulndb_text_of(m, d->id)))
		return d->id;
	if (d->n_closes == 1 && vulndb_is_cve(vulndb_text_of(m, m->lists[d->closes])))
		return m->lists[d->closes];
	return 0;
}

static struct sk_span claim_key(const struct vulndb_merge *m, const struct vulndb_mclaim *c,
				uint32_t key[3])
{
	key[0] = c->ecosystem;
	key[1] = c->name;
	key[2] = subject_of(m, &m->docs[c->doc]);
	return sk_span_of(key, 3 * sizeof(key[0]));
}

static void prefer(struct vulndb_merge *m, const char *winner, const char *loser)
{
	uint32_t win = vulndb_intern(&m->texts, sk_span_str(winner));
	uint32_t lose = vulndb_intern(&m->texts, sk_span_str(loser));
	struct sk_map spoken = {0};
	struct sk_arena *keys = sk_arena_new();
	uint32_t key[3];

	for (size_t i = 0; i < m->n_claims; i++) {
		const struct vulndb_mclaim *c = &m->claims[i];
		struct sk_span k;

		if (c->dead || m->docs[c->doc].dead || m->docs[c->doc].feed != win)
			continue;
		k = claim_key(m, c, key);
		if (key[2] != 0 && !sk_map_get(&spoken, k, NULL))
			(void)sk_map_put(&spoken, sk_span_of(sk_arena_str(keys, k), k.len), 1);
	}
	for (size_t i = 0; i < m->n_claims && spoken.n_items != 0; i++) {
		struct vulndb_mclaim *c = &m->claims[i];
		struct sk_span k;

		if (c->dead || m->docs[c->doc].dead || m->docs[c->doc].feed != lose)
			continue;
		k = claim_key(m, c, key);
		if (key[2] == 0 || !sk_map_get(&spoken, k, NULL))
			continue;
		kill_claim(m, c);
		vulndb_merge_skip(m, vulndb_text_of(m, lose),
				  sk_span_str(sk_arena_printf(keys, "%s speaks of it", winner)),
				  vulndb_text_of(m, key[2]), 1);
	}
	sk_map_release(&spoken);
	sk_arena_free(keys);
}

/* --- corrections of earlier notices --- */

static bool closes_cves(const struct vulndb_merge *m, const struct vulndb_mdoc *d)
{
	bool found = d->n_closes != 0;

	for (uint32_t i = 0; i < d->n_aliases && !found; i++)
		found = vulndb_is_cve(vulndb_text_of(m, m->lists[d->aliases + i]));
	return found;
}

/* "DLA-3942-2" → "DLA-3942-1"; empty for what is no later part of a notice. */
static const char *first_part(struct sk_span id, char *buf, size_t size)
{
	static const char *const series[] = {"DSA-", "DLA-", "USN-"};
	size_t dash = sk_span_rfind(id, '-');
	bool known = false;
	uint32_t part;

	for (size_t i = 0; i < SK_ARRAY_LEN(series); i++)
		known = known || (sk_span_starts(id, series[i]) && dash > strlen(series[i]));
	*buf = '\0';
	if (known && dash < size - 2 && sk_parse_u32(sk_span_sub(id, dash + 1, id.len), &part) &&
	    part > 1)
		(void)snprintf(buf, size, "%.*s-1", (int)dash, id.ptr);
	return buf;
}

/* A notice without CVEs whose first part closed some: it mends what that update broke. */
static bool is_follow_up(const struct vulndb_merge *m, const struct vulndb_mdoc *d)
{
	char first[64], key[32];
	uint64_t text, doc;

	if (!d->notice || closes_cves(m, d) ||
	    *first_part(vulndb_text_of(m, d->id), first, sizeof(first)) == '\0' ||
	    !sk_map_get(&m->texts.map, sk_span_str(first), &text))
		return false;
	(void)snprintf(key, sizeof(key), "%u %u", d->feed, (unsigned)text);
	return sk_map_get(&m->by_key, sk_span_str(key), &doc) && closes_cves(m, &m->docs[doc]);
}

static void mark_follow_ups(struct vulndb_merge *m)
{
	bool *follow_up = sk_alloc((m->n_docs + 1) * sizeof(*follow_up));

	for (size_t i = 0; i < m->n_docs; i++)
		follow_up[i] = !m->docs[i].dead && is_follow_up(m, &m->docs[i]);
	for (size_t i = 0; i < m->n_claims; i++) {
		struct vulndb_mclaim *c = &m->claims[i];
		struct vulndb_mattr attr;

		if (c->dead || !follow_up[c->doc])
			continue;
		memcpy(&attr, m->attrs.texts[c->attr].ptr, sizeof(attr));
		attr.flags |= VULNDB_CLAIM_FOLLOW_UP;
		c->attr = vulndb_intern(&m->attrs, sk_span_of(&attr, sizeof(attr)));
	}
	sk_free(follow_up);
}

/* --- enumerated versions --- */

static bool at_least(enum version_scheme scheme, struct sk_span v, struct sk_span bound, int least)
{
	int order = 0;

	return version_compare(scheme, v, bound, &order) == 0 && order >= least;
}

static bool at_most(enum version_scheme scheme, struct sk_span v, struct sk_span bound, int most)
{
	int order = 0;

	return version_compare(scheme, v, bound, &order) == 0 && order <= most;
}

static bool is_covered(const struct vulndb_merge *m, enum version_scheme scheme,
		       const uint32_t *body, struct sk_span v)
{
	int order;

	/* One that the ecosystem's tool refuses is only found by its text. */
	if (version_compare(scheme, v, v, &order) < 0)
		return false;
	for (uint32_t i = 0; i < body[0]; i++) {
		const uint32_t *bound = body + 1 + (size_t)i * 3;

		if ((bound[0] == 0 || at_least(scheme, v, vulndb_text_of(m, bound[0]), 0)) &&
		    (bound[1] == 0 || at_most(scheme, v, vulndb_text_of(m, bound[1]), -1)) &&
		    (bound[2] == 0 || at_most(scheme, v, vulndb_text_of(m, bound[2]), 0)))
			return true;
	}
	return false;
}

/* Most feeds enumerate what the ranges already say: only the rest is kept. */
static void thin_versions(struct vulndb_merge *m)
{
	uint32_t *body = NULL;

	for (size_t i = 0; i < m->n_claims; i++) {
		struct vulndb_mclaim *c = &m->claims[i];
		struct sk_span old = m->bodies.texts[c->body];
		enum version_scheme scheme;
		size_t n;
		size_t first;

		if (c->dead || old.len < 4)
			continue;
		body = sk_realloc_array(body, old.len / 4, 4);
		memcpy(body, old.ptr, old.len);
		first = n = 1 + (size_t)body[0] * 3;
		if (body[0] == 0 || n * 4 >= old.len ||
		    !version_scheme_of(vulndb_text_of(m, c->ecosystem), &scheme))
			continue;
		for (size_t k = first; k < old.len / 4; k++) {
			if (!is_covered(m, scheme, body, vulndb_text_of(m, body[k])))
				body[n++] = body[k];
		}
		c->body = vulndb_intern(&m->bodies, sk_span_of(body, n * 4));
	}
	sk_free(body);
}

void vulndb_settle(struct vulndb_merge *m)
{
	drop_stand_ins(m);
	prefer(m, "Alpine secdb", "OSV Alpine");
	prefer(m, "Debian tracker", "OSV Debian");
	prefer(m, "Ubuntu CVE tracker", "OSV Ubuntu");
	name_streams(m);
	mark_follow_ups(m);
	thin_versions(m);
}
