/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From outcomes to the lists of a report: what is held back and why, and the order. An outcome is
 * known once for all binaries of a source; findings are written once, where they stay.
 */
#include <endian.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "match/match-priv.h"

enum {
	FEW = 12,         /* sorted without qsort() */
	MAX_ROOM = 65536, /* items that a list has room for at first */
};

/*
 * Room for one more item. The lists lie in the arena, whose memory is at hand, with room for what
 * packages mostly have; a list that outgrows it leaves the old place behind.
 */
static void *room_for(const struct match_results *r, void *items, size_t n, size_t *cap,
		      size_t size)
{
	void *more;

	if (n < *cap)
		return items;
	*cap = *cap != 0 ? *cap * 2 : r->n_packages < MAX_ROOM ? r->n_packages * 2 + FEW : MAX_ROOM;
	more = sk_arena_array(r->a, *cap, size);
	if (n != 0)
		memcpy(more, items, n * size);
	return more;
}

struct match_outcome *match_outcome_add(struct match_results *r)
{
	struct match_outcome *o = sk_arena_alloc(r->a, sizeof(*o));

	r->outcomes = room_for(r, r->outcomes, r->n_outcomes, &r->outcomes_cap,
			       sizeof(struct match_outcome *));
	r->outcomes[r->n_outcomes++] = o;
	return o;
}

static void keep(const struct match_results *r, struct match_deliveries *l,
		 const struct match_delivery *d)
{
	l->items = room_for(r, l->items, l->n, &l->cap, sizeof(*l->items));
	l->items[l->n++] = *d;
}

static bool suppress_ignored(struct match_results *r, struct match_delivery *d, bool already)
{
	const struct match_ignores *ignores = r->opts->ignores;
	const struct match_ignore *rule;
	struct model_finding f;

	if (ignores == NULL || ignores->n_rules == 0)
		return already;
	f = r->outcomes[d->outcome]->finding;
	f.package = &r->packages[d->package];
	rule = match_ignores_find(ignores, &f, r->opts->now, r->ignore_used);
	if (already || rule == NULL)
		return already;
	d->rule = (uint32_t)(rule - ignores->rules);
	d->reason = MODEL_REASON_IGNORED;
	return true;
}

/* Why a finding is held back, the most fundamental reason first. */
static bool hold_back(const struct match_outcome *o, const struct model_package *p,
		      struct match_delivery *d)
{
	if (o->withdrawn)
		d->reason = MODEL_REASON_WITHDRAWN;
	else if (o->outright)
		d->reason = MODEL_REASON_NOT_AFFECTED;
	else if (o->unimportant || o->follow_up)
		d->reason = MODEL_REASON_UNIMPORTANT;
	else if (p->third_party)
		d->reason = MODEL_REASON_THIRD_PARTY;
	else if (p->owner != NULL)
		d->reason = MODEL_REASON_OWNED_BY_DISTRO;
	else
		return false;
	return true;
}

/* The reason in words, and who gives it. */
static void explain(const struct match_results *r, const struct match_delivery *d,
		    const struct match_outcome *o, struct model_suppressed *s)
{
	const struct model_package *p = &r->packages[d->package];
	const struct match_ignore *rule;
	char buf[SK_TIME_TEXT_SIZE];

	s->reason = d->reason;
	s->source = o->finding.advisory.feed;
	switch (d->reason) {
	case MODEL_REASON_WITHDRAWN:
		s->text = "the advisory was withdrawn";
		break;
	case MODEL_REASON_NOT_AFFECTED:
		s->text = o->outright_text;
		s->source = o->outright_feed;
		break;
	case MODEL_REASON_UNIMPORTANT:
		s->text = o->unimportant
				  ? "the distribution rates it as no real risk"
				  : "it corrects an earlier update and closes no vulnerability";
		break;
	case MODEL_REASON_THIRD_PARTY:
		s->text = "the package is another vendor's; the distribution does not speak of it";
		s->source = p->vendor != NULL ? p->vendor : p->origin;
		break;
	case MODEL_REASON_OWNED_BY_DISTRO:
		s->text = "the files belong to a package of the distribution, which is judged";
		s->source = p->owner;
		break;
	case MODEL_REASON_IGNORED:
	default:
		rule = &r->opts->ignores->rules[d->rule];
		s->text = rule->reason;
		s->source = rule->source;
		if (rule->until != 0)
			s->until = sk_arena_strdup(r->a, sk_format_date(rule->until - 1, buf));
		break;
	}
}

void match_deliver(struct match_results *r, const struct model_package *p, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct match_delivery d = {
			.package = (uint32_t)(p - r->packages),
			.outcome = (uint32_t)(first + i),
		};
		bool held = hold_back(r->outcomes[d.outcome], p, &d);

		held = suppress_ignored(r, &d, held);
		keep(r, held ? &r->suppressed : &r->findings, &d);
	}
}

/** struct place - an outcome in report order; what decides is at hand */
struct place {
	double risk;
	enum model_severity severity;
	uint64_t id[2]; /* its first 16 bytes as numbers */
	struct match_outcome *outcome;
};

static void place_init(struct place *p, struct match_outcome *o)
{
	uint8_t text[sizeof(p->id)] = {0};

	memcpy(text, o->finding.id, strnlen(o->finding.id, sizeof(text)));
	p->risk = o->finding.risk;
	p->severity = o->finding.severity;
	p->outcome = o;
	for (size_t i = 0; i < SK_ARRAY_LEN(p->id); i++) {
		memcpy(&p->id[i], text + 8 * i, 8);
		p->id[i] = be64toh(p->id[i]);
	}
}

/* Report order: risk, severity, id; then the package. */
static int compare_places(const struct place *a, const struct place *b)
{
	if (a->risk > b->risk || a->risk < b->risk)
		return a->risk > b->risk ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	for (size_t i = 0; i < SK_ARRAY_LEN(a->id); i++) {
		if (a->id[i] != b->id[i])
			return a->id[i] < b->id[i] ? -1 : 1;
	}
	return strcmp(a->outcome->finding.id, b->outcome->finding.id);
}

/* Joins two runs in order, [0, @half) and [@half, @n), into @to. */
static void merge_places(const struct place *from, size_t half, size_t n, struct place *to)
{
	size_t a = 0, b = half;

	for (size_t i = 0; i < n; i++) {
		bool second = a == half || (b < n && compare_places(&from[b], &from[a]) < 0);

		to[i] = second ? from[b++] : from[a++];
	}
}

/* A merge sort whose comparison is no call; @spare has as much room. Return: the sorted one. */
static struct place *sort_places(struct place *places, struct place *spare, size_t n)
{
	for (size_t run = 1; run < n; run *= 2) {
		struct place *swap = places;

		for (size_t i = 0; i < n; i += 2 * run) {
			size_t left = n - i;

			merge_places(places + i, run < left ? run : left,
				     2 * run < left ? 2 * run : left, spare + i);
		}
		places = spare;
		spare = swap;
	}
	return places;
}

static void rank_outcomes(const struct match_results *r)
{
	struct place *places = sk_arena_array(r->a, r->n_outcomes, sizeof(*places));
	struct place *spare = sk_arena_array(r->a, r->n_outcomes, sizeof(*spare));
	uint32_t rank = 0;

	for (size_t i = 0; i < r->n_outcomes; i++)
		place_init(&places[i], r->outcomes[i]);
	places = sort_places(places, spare, r->n_outcomes);
	for (size_t i = 0; i < r->n_outcomes; i++) {
		rank += i > 0 && compare_places(&places[i - 1], &places[i]) != 0;
		places[i].outcome->rank = rank;
	}
}

static int compare_deliveries(const void *x, const void *y, void *packages)
{
	const struct model_package *p = packages;
	const struct match_delivery *a = x, *b = y;
	int o = strcmp(p[a->package].id, p[b->package].id);

	return o != 0 ? o : (int)a->reason - (int)b->reason;
}

/* Few deliveries in the order of their packages. */
static void sort_few(const struct match_results *r, struct match_delivery *l, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct match_delivery d = l[i];
		size_t at = i;

		while (at > 0 &&
		       compare_deliveries(&d, &l[at - 1], (void *)(uintptr_t)r->packages) < 0) {
			l[at] = l[at - 1];
			at--;
		}
		l[at] = d;
	}
}

/* The list in report order: by the rank of the outcome, and for equal ones by the package. */
static const struct match_delivery *sort_deliveries(const struct match_results *r,
						    const struct match_deliveries *l)
{
	struct match_delivery *sorted = sk_arena_array(r->a, l->n, sizeof(*sorted));
	uint32_t *ends = sk_arena_array(r->a, r->n_outcomes, sizeof(*ends));
	uint32_t at = 0, n;

	for (size_t i = 0; i < l->n; i++)
		ends[r->outcomes[l->items[i].outcome]->rank]++;
	for (size_t i = 0; i < r->n_outcomes; i++) {
		n = ends[i];
		ends[i] = at;
		at += n;
	}
	for (size_t i = 0; i < l->n; i++)
		sorted[ends[r->outcomes[l->items[i].outcome]->rank]++] = l->items[i];
	at = 0;
	for (size_t i = 0; i < r->n_outcomes; i++) {
		n = ends[i] - at;
		if (n <= FEW)
			sort_few(r, sorted + at, n);
		else
			qsort_r(sorted + at, n, sizeof(*sorted), compare_deliveries,
				(void *)(uintptr_t)r->packages);
		at = ends[i];
	}
	return sorted;
}

/* Day of the exploit predictions: the database has one set of them. */
static void fill_epss_date(const struct match_results *r)
{
	struct model_database d = {0};
	const char *date = NULL;

	vulndb_describe(r->db, r->a, &d);
	for (size_t i = 0; i < d.n_feeds; i++) {
		if (sk_span_starts(sk_span_str(d.feeds[i].name), "EPSS") && d.feeds[i].date != NULL)
			date = sk_arena_str(r->a, sk_span_sub(sk_span_str(d.feeds[i].date), 0, 10));
	}
	for (size_t i = 0; i < r->n_outcomes; i++) {
		struct model_epss *epss = &r->outcomes[i]->finding.epss;

		epss->date = epss->known ? date : NULL;
	}
}

void match_hand_over(struct match_results *r, struct match_result *ret)
{
	const struct match_delivery *d;

	rank_outcomes(r);
	fill_epss_date(r);
	ret->n_findings = r->findings.n;
	ret->findings = sk_arena_array(r->a, ret->n_findings, sizeof(*ret->findings));
	d = sort_deliveries(r, &r->findings);
	for (size_t i = 0; i < ret->n_findings; i++) {
		ret->findings[i] = r->outcomes[d[i].outcome]->finding;
		ret->findings[i].package = &r->packages[d[i].package];
	}
	ret->n_suppressed = r->suppressed.n;
	ret->suppressed = sk_arena_array(r->a, ret->n_suppressed, sizeof(*ret->suppressed));
	d = sort_deliveries(r, &r->suppressed);
	for (size_t i = 0; i < ret->n_suppressed; i++) {
		struct model_suppressed *s = &ret->suppressed[i];
		const struct match_outcome *o = r->outcomes[d[i].outcome];

		s->finding = o->finding;
		s->finding.package = &r->packages[d[i].package];
		explain(r, &d[i], o, s);
	}
}

void match_results_release(struct match_results *r)
{
	sk_free(r->ignore_used);
}
