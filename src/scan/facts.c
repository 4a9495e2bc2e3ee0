/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From entries of a layer or tree to its facts. Whiteouts after OCI image-spec 1.1 layer.md:
 * ".wh.NAME" removes NAME, ".wh..wh..opq" hides what the layers below have in the directory.
 */
#include "scan/facts.h"

#include "base/alloc.h"
#include "base/io.h"
#include "base/map.h"
#include "base/text.h"

/* More facts than this are no image: each claimed path once would be a few dozen. */
static const size_t max_facts = 1000000;

/* @path at @alias->real or below it: the path that it counts as. Return: false when elsewhere. */
static bool alias_path(const struct scan_alias *alias, struct sk_span path, struct sk_buf *out)
{
	struct sk_span rest = path;

	if (sk_span_eq(path, alias->real))
		return sk_buf_add_span(out, alias->claimed);
	if (path.len <= alias->real.len || path.ptr[alias->real.len] != '/' ||
	    memcmp(path.ptr, alias->real.ptr, alias->real.len) != 0)
		return false;
	rest = sk_span_sub(path, alias->real.len, path.len);
	return sk_buf_add_span(out, alias->claimed) && sk_buf_add_span(out, rest);
}

bool scan_wants(const struct scan_wanted *w, struct sk_span path, enum catalog_kind *ret)
{
	struct sk_buf as;
	bool found = false;

	if (w->n_aliases == 0)
		return catalog_claims(path, w->flags, ret);
	sk_buf_init(&as, 16 * 1024);
	for (size_t i = 0; i < w->n_aliases && !found; i++) {
		sk_buf_reset(&as);
		found = alias_path(&w->aliases[i], path, &as) &&
			catalog_claims(sk_buf_span(&as), w->flags, ret);
	}
	sk_buf_release(&as);
	return found;
}

static bool is_above(struct sk_span dir, struct sk_span path)
{
	return path.len > dir.len && (dir.len == 0 || (path.ptr[dir.len] == '/' &&
						       memcmp(path.ptr, dir.ptr, dir.len) == 0));
}

bool scan_leads(const struct scan_wanted *w, struct sk_span path)
{
	struct sk_buf as;
	bool found = false;

	if (w->n_aliases == 0)
		return catalog_may_lead(path);
	sk_buf_init(&as, 16 * 1024);
	for (size_t i = 0; i < w->n_aliases && !found; i++) {
		sk_buf_reset(&as);
		found = is_above(path, w->aliases[i].real) ||
			(alias_path(&w->aliases[i], path, &as) &&
			 catalog_may_lead(sk_buf_span(&as)));
	}
	sk_buf_release(&as);
	return found;
}

static struct sk_span arena_span(struct sk_arena *a, struct sk_span s)
{
	return sk_span_of(sk_arena_str(a, s), s.len);
}

/* Remembers that a fact lies at @path, and so that something lies below what is above it. */
static void see(struct scan_facts_builder *b, struct sk_span path)
{
	size_t before = b->seen.n_items;

	*sk_map_put(&b->seen, path, 1) = 1;
	while (path.len != 0 && b->seen.n_items != before) {
		size_t at = sk_span_rfind(path, '/');

		path = sk_span_sub(path, 0, at == path.len ? 0 : at);
		before = b->seen.n_items;
		(void)sk_map_put(&b->seen, path, 0);
	}
}

static struct scan_fact *new_fact(struct scan_facts_builder *b, enum scan_fact_type type,
				  struct sk_span path)
{
	struct scan_facts *f = &b->facts;

	SK_GROW(f->facts, f->n_facts, b->facts_cap);
	f->facts[f->n_facts] = (struct scan_fact){.type = type, .path = arena_span(b->arena, path)};
	if (type != SCAN_FACT_WHITEOUT && type != SCAN_FACT_OPAQUE)
		see(b, f->facts[f->n_facts].path);
	return &f->facts[f->n_facts++];
}

static int check_room(const struct scan_facts_builder *b, struct sk_err *err)
{
	if (b->facts.n_facts >= max_facts || b->facts.n_dirs >= 8 * max_facts ||
	    b->facts.n_others >= 8 * max_facts)
		return sk_err_set(err, SK_E_LIMIT, "more than %zu paths of interest", max_facts);
	return 0;
}

static void add_dir(struct scan_facts_builder *b, struct sk_span path)
{
	uint64_t seen;

	SK_GROW(b->facts.dirs, b->facts.n_dirs, b->dirs_cap);
	b->facts.dirs[b->facts.n_dirs++] = sk_hash64(path);
	if (sk_map_get(&b->seen, path, &seen) && seen != 0)
		(void)new_fact(b, SCAN_FACT_DIR, path);
}

static void add_other(struct scan_facts_builder *b, struct sk_span path)
{
	SK_GROW(b->facts.others, b->facts.n_others, b->others_cap);
	b->facts.others[b->facts.n_others++] = sk_hash64(path);
	if (sk_map_get(&b->seen, path, NULL))
		(void)new_fact(b, SCAN_FACT_OTHER, path);
}

/* Which results say something of the source rather than of the file's content. */
static bool ends_layer(int r)
{
	return r != -SK_E_FORMAT && r != -SK_E_LIMIT && r != -SK_E_UNSUPPORTED;
}

struct reading {
	const struct scan_entry *entry;
	int r; /* failure of the source, 0: none */
};

static int64_t read_entry(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	struct reading *reading = ctx;
	int64_t n = reading->entry->read(reading->entry->ctx, buf, len, err);

	if (n < 0)
		reading->r = (int)n;
	return n;
}

static int add_file(struct scan_facts_builder *b, const struct scan_entry *e,
		    enum catalog_kind kind, struct sk_err *err)
{
	struct reading reading = {.entry = e};
	struct catalog_input in = {
		.read = read_entry, .ctx = &reading, .path = e->path, .size = e->size};
	struct catalog_result result = {0};
	struct sk_err why = {0};
	struct scan_fact *fact;
	int r = catalog_parse(kind, &in, b->wanted.flags, b->budget, b->arena, &result, &why);

	if (r < 0 && (reading.r < 0 || ends_layer(r))) {
		if (err != NULL)
			*err = why;
		return r;
	}
	fact = new_fact(b, SCAN_FACT_FILE, e->path);
	fact->kind = kind;
	fact->result = result;
	if (r < 0) {
		fact->damage = sk_arena_strdup(b->arena, why.msg);
		fact->result = (struct catalog_result){0};
	}
	return 0;
}

static bool add_whiteout(struct scan_facts_builder *b, const struct scan_entry *e)
{
	struct sk_span name = sk_path_base(e->path);
	struct sk_span dir = sk_span_sub(e->path, 0, e->path.len - name.len);
	struct sk_span target = name;
	enum catalog_kind kind;
	struct sk_buf path;

	if (!sk_span_strip_prefix(&target, ".wh."))
		return false;
	if (sk_span_eq_str(name, ".wh..wh..opq")) {
		dir.len -= dir.len != 0;
		if (scan_leads(&b->wanted, dir) || scan_wants(&b->wanted, dir, &kind))
			(void)new_fact(b, SCAN_FACT_OPAQUE, dir);
		return true;
	}
	/* ".wh..wh.*" is aufs' own bookkeeping; ".wh.", ".wh.." and ".wh..." name nothing. */
	if (sk_span_starts(target, ".wh.") || target.len == 0 || sk_span_eq_str(target, ".") ||
	    sk_span_eq_str(target, ".."))
		return true;
	sk_buf_init(&path, 64 * 1024);
	if (sk_buf_add_span(&path, dir) && sk_buf_add_span(&path, target) &&
	    (scan_wants(&b->wanted, sk_buf_span(&path), &kind) ||
	     scan_leads(&b->wanted, sk_buf_span(&path))))
		(void)new_fact(b, SCAN_FACT_WHITEOUT, sk_buf_span(&path));
	sk_buf_release(&path);
	return true;
}

int scan_facts_add(struct scan_facts_builder *b, const struct scan_entry *e, struct sk_err *err)
{
	enum catalog_kind kind = CATALOG_N_KINDS;
	struct scan_fact *fact;
	bool wanted, leads;

	b->facts.n_entries++;
	if (e->whiteouts && sk_span_starts(sk_path_base(e->path), ".wh.") && add_whiteout(b, e))
		return check_room(b, err);
	wanted = scan_wants(&b->wanted, e->path, &kind);
	leads = scan_leads(&b->wanted, e->path);
	if (!wanted && !leads)
		return 0;
	if (e->type == SCAN_ENTRY_FILE && wanted) {
		int r = add_file(b, e, kind, err);

		return r < 0 ? r : check_room(b, err);
	}
	if (e->type == SCAN_ENTRY_SYMLINK || (e->type == SCAN_ENTRY_HARDLINK && wanted)) {
		fact = new_fact(
			b, e->type == SCAN_ENTRY_SYMLINK ? SCAN_FACT_SYMLINK : SCAN_FACT_HARDLINK,
			e->path);
		fact->kind = wanted ? kind : (enum catalog_kind)0;
		fact->link = arena_span(b->arena, e->link);
	} else if (e->type == SCAN_ENTRY_DIR) {
		add_dir(b, e->path);
	} else {
		add_other(b, e->path);
	}
	return check_room(b, err);
}

static int cmp_u64(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

static size_t sort_unique(uint64_t *hashes, size_t n)
{
	size_t kept = 0;

	if (n == 0)
		return 0;
	qsort(hashes, n, sizeof(*hashes), cmp_u64);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || hashes[kept - 1] != hashes[i])
			hashes[kept++] = hashes[i];
	return kept;
}

void scan_facts_finish(struct scan_facts_builder *b)
{
	b->facts.n_dirs = sort_unique(b->facts.dirs, b->facts.n_dirs);
	b->facts.n_others = sort_unique(b->facts.others, b->facts.n_others);
}

void scan_facts_builder_release(struct scan_facts_builder *b)
{
	sk_free(b->facts.facts);
	sk_free(b->facts.dirs);
	sk_free(b->facts.others);
	sk_map_release(&b->seen);
	b->facts = (struct scan_facts){0};
}

bool scan_facts_has_hash(const uint64_t *hashes, size_t n, struct sk_span path)
{
	uint64_t key;

	if (n == 0)
		return false;
	key = sk_hash64(path);
	return bsearch(&key, hashes, n, sizeof(key), cmp_u64) != NULL;
}
