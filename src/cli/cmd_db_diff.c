/* SPDX-License-Identifier: Apache-2.0 */
/* stockade db diff A B: what became known, what changed and what was withdrawn, by ecosystem. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "cli/cli-priv.h"
#include "cli/cmd_db-priv.h"

/* One vulnerability of one package in one release. */
struct entry {
	uint64_t key;     /* hash of the three */
	uint64_t content; /* sum of the hashes of all that is said of it */
	struct sk_span ecosystem;
	const char *name; /* in the arena */
	uint32_t vuln;
};

struct entries {
	const struct vulndb *db;
	struct sk_arena *arena;
	struct entry *list;
	size_t n, cap;
};

static uint64_t mix(uint64_t h, struct sk_span s)
{
	return (h ^ sk_hash64(s)) * 0x9e3779b97f4a7c15u;
}

static uint64_t content_of(const struct vulndb_claim *c, const struct vulndb_advisory *adv)
{
	uint8_t fixed[] = {(uint8_t)c->state, (uint8_t)c->flags, (uint8_t)c->severity,
			   adv->withdrawn};
	uint64_t h = mix(mix(1, sk_span_of(fixed, sizeof(fixed))), c->module);
	struct vulndb_range r;
	struct sk_span version;

	for (uint32_t i = 0; i < c->n_ranges && vulndb_claim_range(c, i, &r) == 0; i++)
		h = mix(mix(mix(h, r.introduced), r.fixed), r.last_affected);
	for (uint32_t i = 0; i < c->n_versions && vulndb_claim_version(c, i, &version) == 0; i++)
		h = mix(h, version);
	return h;
}

static int add_claim(struct entries *e, const char *name, const struct vulndb_claim *c,
		     struct sk_err *err)
{
	struct vulndb_advisory adv;
	uint64_t content;
	int r = vulndb_advisory_get(e->db, c->advisory, &adv, err);

	if (r < 0)
		return r;
	content = content_of(c, &adv);
	for (uint32_t i = 0; i < adv.n_vulns; i++) {
		struct vulndb_vuln v;
		uint32_t index = 0;

		if (vulndb_advisory_vuln(&adv, i, &index) < 0)
			return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged advisory");
		r = vulndb_vuln_get(e->db, index, &v, err);
		if (r < 0)
			return r;
		SK_GROW(e->list, e->n, e->cap);
		e->list[e->n++] = (struct entry){
			.key = mix(mix(mix(2, c->ecosystem), sk_span_str(name)),
				   vulndb_id_text(e->db, v.id)),
			.content = content,
			.ecosystem = c->ecosystem,
			.name = name,
			.vuln = index,
		};
	}
	return 0;
}

static int cmp_entry(const void *pa, const void *pb)
{
	const struct entry *a = pa;
	const struct entry *b = pb;

	return a->key < b->key ? -1 : a->key > b->key;
}

/* All entries of a database, one for each key, sorted by it. */
static int collect(struct entries *e, struct sk_err *err)
{
	sk_cleanup(vulndb_search_freep) struct vulndb_search *s =
		vulndb_search_new(e->db, sk_span_of("", 0), false);
	const char *copy = "";
	struct vulndb_claim c;
	struct sk_span name;
	size_t out = 0;
	int r;

	while ((r = vulndb_search_next(s, &name, &c, err)) > 0) {
		if (!sk_span_eq_str(name, copy))
			copy = sk_arena_str(e->arena, name);
		r = add_claim(e, copy, &c, err);
		if (r < 0)
			return r;
	}
	if (e->n != 0)
		qsort(e->list, e->n, sizeof(*e->list), cmp_entry);
	for (size_t i = 0; i < e->n; i++) {
		if (out != 0 && e->list[out - 1].key == e->list[i].key)
			e->list[out - 1].content += e->list[i].content;
		else
			e->list[out++] = e->list[i];
	}
	e->n = out;
	return r;
}

enum change {
	CHANGE_KNOWN,
	CHANGE_CHANGED,
	CHANGE_WITHDRAWN,
	N_CHANGES,
};

struct difference {
	enum change change;
	struct sk_span ecosystem;
	const char *name;
	struct sk_span id;
};

struct differences {
	struct difference *list;
	size_t n, cap;
};

static void add_difference(struct differences *d, enum change change, const struct entries *e,
			   const struct entry *entry)
{
	struct vulndb_vuln v;
	struct sk_err err;

	if (vulndb_vuln_get(e->db, entry->vuln, &v, &err) < 0)
		return;
	SK_GROW(d->list, d->n, d->cap);
	d->list[d->n++] = (struct difference){change, entry->ecosystem, entry->name,
					      vulndb_id_text(e->db, v.id)};
}

static int cmp_difference(const void *pa, const void *pb)
{
	const struct difference *a = pa;
	const struct difference *b = pb;
	int r = sk_span_cmp(a->ecosystem, b->ecosystem);

	if (r == 0)
		r = (int)a->change - (int)b->change;
	if (r == 0)
		r = sk_span_cmp(a->id, b->id);
	return r != 0 ? r : strcmp(a->name, b->name);
}

static void compare(const struct entries *a, const struct entries *b, struct differences *d)
{
	size_t i = 0;
	size_t k = 0;

	while (i < a->n || k < b->n) {
		if (k == b->n || (i < a->n && a->list[i].key < b->list[k].key)) {
			add_difference(d, CHANGE_WITHDRAWN, a, &a->list[i++]);
		} else if (i == a->n || a->list[i].key > b->list[k].key) {
			add_difference(d, CHANGE_KNOWN, b, &b->list[k++]);
		} else {
			if (a->list[i].content != b->list[k].content)
				add_difference(d, CHANGE_CHANGED, b, &b->list[k]);
			i++;
			k++;
		}
	}
	if (d->n != 0)
		qsort(d->list, d->n, sizeof(*d->list), cmp_difference);
}

static size_t same_ecosystem(const struct differences *d, size_t i, size_t counts[N_CHANGES])
{
	size_t n = 0;

	memset(counts, 0, N_CHANGES * sizeof(*counts));
	while (i + n < d->n && sk_span_eq(d->list[i + n].ecosystem, d->list[i].ecosystem)) {
		counts[d->list[i + n].change]++;
		n++;
	}
	return n;
}

static void put_changes(struct sk_jw *w, const char *key, const struct differences *d, size_t i,
			size_t n, enum change change)
{
	sk_jw_array(w, key);
	for (size_t k = i; k < i + n; k++) {
		if (d->list[k].change != change)
			continue;
		sk_jw_object(w, NULL);
		sk_jw_span(w, "id", d->list[k].id);
		sk_jw_str(w, "package", d->list[k].name);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
}

static int show_json(const char *const *paths, const struct entries *a, const struct entries *b,
		     const struct differences *d)
{
	struct sk_sink sink = cli_stdout();
	size_t counts[N_CHANGES];
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.db-diff/1");
	cmd_db_put_database(&w, "a", paths[0], a->db);
	cmd_db_put_database(&w, "b", paths[1], b->db);
	sk_jw_array(&w, "ecosystems");
	for (size_t i = 0; i < d->n;) {
		size_t n = same_ecosystem(d, i, counts);

		sk_jw_object(&w, NULL);
		sk_jw_span(&w, "ecosystem", d->list[i].ecosystem);
		put_changes(&w, "known", d, i, n, CHANGE_KNOWN);
		put_changes(&w, "changed", d, i, n, CHANGE_CHANGED);
		put_changes(&w, "withdrawn", d, i, n, CHANGE_WITHDRAWN);
		sk_jw_end_object(&w);
		i += n;
	}
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static int show_text(const struct differences *d)
{
	static const char *const signs[] = {
		[CHANGE_KNOWN] = "+",
		[CHANGE_CHANGED] = "~",
		[CHANGE_WITHDRAWN] = "-",
	};
	size_t counts[N_CHANGES];

	for (size_t i = 0; i < d->n;) {
		size_t n = same_ecosystem(d, i, counts);

		cmd_db_print(d->list[i].ecosystem, 0);
		(void)printf(": %zu became known, %zu changed, %zu withdrawn\n",
			     counts[CHANGE_KNOWN], counts[CHANGE_CHANGED],
			     counts[CHANGE_WITHDRAWN]);
		for (size_t k = i; k < i + n; k++) {
			(void)printf("  %s ", signs[d->list[k].change]);
			cmd_db_print(d->list[k].id, 20);
			(void)putchar(' ');
			cmd_db_print(sk_span_str(d->list[k].name), 0);
			(void)putchar('\n');
		}
		i += n;
	}
	if (d->n == 0)
		(void)puts("no difference");
	return CLI_EXIT_CLEAN;
}

static int run_diff(struct cli_context *ctx)
{
	sk_cleanup(vulndb_closep) struct vulndb *old = NULL;
	sk_cleanup(vulndb_closep) struct vulndb *new = NULL;
	struct entries a = {.arena = cli_arena(ctx)};
	struct entries b = {.arena = cli_arena(ctx)};
	struct differences d = {0};
	struct sk_err err;
	size_t n_args;
	const char *const *paths = cli_args(ctx, &n_args);
	int r;

	r = vulndb_open(paths[0], &old, &err);
	if (r == 0)
		r = vulndb_open(paths[1], &new, &err);
	a.db = old;
	b.db = new;
	if (r == 0)
		r = collect(&a, &err);
	if (r == 0)
		r = collect(&b, &err);
	if (r == 0) {
		compare(&a, &b, &d);
		r = cli_wants_json(ctx) ? show_json(paths, &a, &b, &d) : show_text(&d);
	} else {
		r = cli_fail(ctx, &err);
	}
	sk_free(a.list);
	sk_free(b.list);
	sk_free(d.list);
	return r;
}

static const struct cli_option options[] = {
	{"format", 'f', "FORMAT", NULL, "text or json", "text|json", 0},
	{NULL},
};

const struct command cmd_db_diff = {
	.name = "diff",
	.summary = "list what two databases say differently",
	.usage = "[-f FORMAT] A B",
	.options = options,
	.min_args = 2,
	.max_args = 2,
	.run = run_diff,
};
