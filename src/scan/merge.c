/* SPDX-License-Identifier: Apache-2.0 */
/* Layers over each other, lowest first; see merge.h for the rules. */
#include "scan/merge.h"

#include "base/alloc.h"
#include "base/map.h"
#include "model/package.h"
#include "scan/vtree.h"

enum {
	MAX_NEEDS = 64
};

struct merge {
	struct sk_arena *arena;
	struct scan_vtree tree;
	const struct scan_alias *known;
	size_t n_known;
	struct sk_map since; /* hash of a package → stamp << 32 | layer */
	uint32_t stamp;
	struct sk_map keys; /* fact → uint64_t array of its packages' hashes */
	struct scan_file *files;
	size_t n_files, files_cap;
	struct scan_need *needs;
	size_t n_needs, needs_cap;
	const char *lost;
};

static bool is_at_or_below(struct sk_span path, struct sk_span dir)
{
	return path.len >= dir.len && memcmp(path.ptr, dir.ptr, dir.len) == 0 &&
	       (path.len == dir.len || dir.len == 0 || path.ptr[dir.len] == '/');
}

/* Was every layer asked what is at this path? */
static bool is_known(const void *ctx, struct sk_span path)
{
	const struct merge *m = ctx;
	enum catalog_kind kind;

	if (catalog_may_lead(path) || catalog_claims(path, CATALOG_CLAIM_FILES, &kind))
		return true;
	for (size_t i = 0; i < m->n_known; i++)
		if (is_at_or_below(path, m->known[i].real) ||
		    is_at_or_below(m->known[i].real, path))
			return true;
	return false;
}

static void remove_at(struct merge *m, struct sk_span path)
{
	struct scan_found f = scan_vtree_follow(&m->tree, path, 0, NULL, NULL);

	if (f.node != SCAN_NO_NODE && f.node != 0)
		scan_vtree_remove(&m->tree, f.node);
}

static void remove_below(struct merge *m, struct sk_span path)
{
	struct scan_found f = scan_vtree_follow(&m->tree, path, SCAN_FOLLOW_ALL, NULL, NULL);

	while (f.node != SCAN_NO_NODE && m->tree.nodes[f.node].child != SCAN_NO_NODE)
		scan_vtree_remove(&m->tree, m->tree.nodes[f.node].child);
}

static void apply_removals(struct merge *m, const struct scan_facts *f)
{
	for (size_t i = 0; i < f->n_facts; i++) {
		if (f->facts[i].type == SCAN_FACT_WHITEOUT)
			remove_at(m, f->facts[i].path);
		else if (f->facts[i].type == SCAN_FACT_OPAQUE)
			remove_below(m, f->facts[i].path);
	}
}

/* Directories over lower links and files, other things over whatever there was. */
static void apply_hashes(struct merge *m, const struct scan_facts *f)
{
	size_t at = 0;

	if (f->n_dirs == 0 && f->n_others == 0)
		return;
	while ((at = scan_vtree_next(&m->tree, at, false)) != SCAN_NO_NODE) {
		struct scan_node *n = &m->tree.nodes[at];
		bool other = scan_facts_has_hash(f->others, f->n_others, n->path);

		if (other ? n->type == SCAN_NODE_OTHER
			  : n->type == SCAN_NODE_DIR ||
				    !scan_facts_has_hash(f->dirs, f->n_dirs, n->path))
			continue;
		/* Put first among its siblings: they are looked at again, but need nothing then. */
		(void)scan_vtree_put(&m->tree, n->path, other ? SCAN_NODE_OTHER : SCAN_NODE_DIR);
	}
}

static void link_to(struct merge *m, struct scan_node *n, struct sk_span target)
{
	struct scan_found f;
	size_t at = (size_t)(n - m->tree.nodes);

	f = scan_vtree_follow(&m->tree, target, 0, NULL, NULL);
	n = &m->tree.nodes[at];
	if (f.node == SCAN_NO_NODE || f.node == at || m->tree.nodes[f.node].type == SCAN_NODE_DIR ||
	    m->tree.nodes[f.node].type == SCAN_NODE_OTHER)
		return;
	n->type = m->tree.nodes[f.node].type;
	n->fact = m->tree.nodes[f.node].fact;
	n->link = m->tree.nodes[f.node].link;
	n->layer = m->tree.nodes[f.node].layer;
}

static void apply_fact(struct merge *m, const struct scan_fact *fact, uint32_t layer)
{
	static const enum scan_node_type types[] = {
		[SCAN_FACT_FILE] = SCAN_NODE_FILE,       [SCAN_FACT_SYMLINK] = SCAN_NODE_SYMLINK,
		[SCAN_FACT_HARDLINK] = SCAN_NODE_UNREAD, [SCAN_FACT_WHITEOUT] = SCAN_NODE_OTHER,
		[SCAN_FACT_OPAQUE] = SCAN_NODE_OTHER,    [SCAN_FACT_DIR] = SCAN_NODE_DIR,
		[SCAN_FACT_OTHER] = SCAN_NODE_OTHER,
	};
	struct scan_found at;
	struct scan_node *n;

	if (fact->type == SCAN_FACT_WHITEOUT || fact->type == SCAN_FACT_OPAQUE ||
	    fact->path.len == 0)
		return;
	at = scan_vtree_follow(&m->tree, fact->path, SCAN_FOLLOW_MAKE, NULL, NULL);
	if (at.loop || at.real.len == 0)
		return;
	if (fact->type == SCAN_FACT_DIR && at.node != SCAN_NO_NODE &&
	    m->tree.nodes[at.node].type == SCAN_NODE_DIR)
		return;
	n = scan_vtree_put(&m->tree, at.real, types[fact->type]);
	n->layer = layer;
	n->fact = fact->type == SCAN_FACT_FILE ? fact : NULL;
	n->link = fact->link;
	if (fact->type == SCAN_FACT_HARDLINK)
		link_to(m, n, fact->link);
}

static bool apply_layer(struct merge *m, const struct scan_layer *layer, uint32_t index)
{
	bool any = false;

	for (size_t i = 0; i < layer->n_parts; i++) {
		any |= layer->parts[i]->n_facts != 0 || layer->parts[i]->n_dirs != 0 ||
		       layer->parts[i]->n_others != 0;
		apply_removals(m, layer->parts[i]);
	}
	for (size_t i = 0; i < layer->n_parts; i++)
		apply_hashes(m, layer->parts[i]);
	/* What targeted passes brought first: it may be what the others link to. */
	for (size_t i = layer->n_parts; i > 0; i--)
		for (size_t k = 0; k < layer->parts[i - 1]->n_facts; k++)
			apply_fact(m, &layer->parts[i - 1]->facts[k], index);
	return any;
}

static void add_file(struct merge *m, struct sk_span path, const struct scan_node *n)
{
	SK_GROW(m->files, m->n_files, m->files_cap);
	m->files[m->n_files++] = (struct scan_file){
		.path = sk_arena_str(m->arena, path), .fact = n->fact, .layer = n->layer};
}

/* A file that only a targeted pass found counts under the claimed name that leads to it. */
static void add_aliased(struct merge *m, size_t at)
{
	struct sk_span path = m->tree.nodes[at].path;
	enum catalog_kind kind;

	for (size_t i = 0; i < m->n_known; i++) {
		const struct scan_alias *alias = &m->known[i];
		struct sk_span rest, claimed;
		char *text;

		if (!is_at_or_below(path, alias->real))
			continue;
		rest = sk_span_sub(path, alias->real.len, path.len);
		text = sk_arena_printf(m->arena, "%.*s%.*s", SK_SPAN_ARG(alias->claimed),
				       SK_SPAN_ARG(rest));
		claimed = sk_span_str(text);
		if (catalog_claims(claimed, CATALOG_CLAIM_FILES, &kind) &&
		    scan_vtree_follow(&m->tree, claimed, SCAN_FOLLOW_ALL, NULL, NULL).node == at) {
			add_file(m, claimed, &m->tree.nodes[at]);
			return;
		}
	}
}

static int cmp_files(const void *x, const void *y)
{
	return strcmp(((const struct scan_file *)x)->path, ((const struct scan_file *)y)->path);
}

static void list_files(struct merge *m)
{
	enum catalog_kind kind;
	size_t at = 0;

	m->n_files = 0;
	while ((at = scan_vtree_next(&m->tree, at, false)) != SCAN_NO_NODE) {
		const struct scan_node *n = &m->tree.nodes[at];

		if (n->type != SCAN_NODE_FILE)
			continue;
		if (catalog_claims(n->path, CATALOG_CLAIM_FILES, &kind))
			add_file(m, n->path, n);
		else
			add_aliased(m, at);
	}
	if (m->n_files != 0)
		qsort(m->files, m->n_files, sizeof(*m->files), cmp_files);
}

static uint64_t package_key(const struct model_package *p, struct sk_buf *text)
{
	const char *const parts[] = {p->name,   p->version, p->arch, p->ecosystem,
				     p->module, p->purl,    p->owner};

	sk_buf_reset(text);
	(void)sk_buf_add_char(text, (char)('0' + p->type));
	for (size_t i = 0; i < SK_ARRAY_LEN(parts); i++) {
		(void)sk_buf_add_char(text, parts[i] != NULL ? 1 : 0);
		if (parts[i] != NULL)
			(void)sk_buf_add(text, parts[i], strlen(parts[i]) + 1);
	}
	return sk_hash64(sk_buf_span(text));
}

/* The hashes of a fact's packages, computed once. */
static const uint64_t *fact_keys(struct merge *m, const struct scan_fact **fact)
{
	struct sk_span name = sk_span_of(fact, sizeof(const struct scan_fact *));
	const struct catalog_result *r = &(*fact)->result;
	union {
		uint64_t number;
		uint64_t *keys;
	} u = {0};
	struct sk_buf text;

	if (sk_map_get(&m->keys, name, &u.number))
		return u.keys;
	u.keys = sk_arena_array(m->arena, r->n_packages, sizeof(*u.keys));
	sk_buf_init(&text, 1 << 20);
	for (size_t i = 0; i < r->n_packages; i++)
		u.keys[i] = package_key(&r->packages[i], &text);
	sk_buf_release(&text);
	name.ptr = sk_arena_str(m->arena, name);
	(void)sk_map_put(&m->keys, name, u.number);
	return u.keys;
}

/* Notes for every package that is visible now since when it is there. */
static void note_packages(struct merge *m, uint32_t layer)
{
	uint32_t before = m->stamp++;

	for (size_t i = 0; i < m->n_files; i++) {
		const uint64_t *keys = fact_keys(m, &m->files[i].fact);

		for (size_t k = 0; k < m->files[i].fact->result.n_packages; k++) {
			uint64_t *slot = sk_map_put(
				&m->since, sk_span_of(&keys[k], sizeof(keys[k])), UINT64_MAX);
			uint32_t since = (uint32_t)*slot;

			if (*slot == UINT64_MAX || (uint32_t)(*slot >> 32) < before)
				since = layer;
			*slot = (uint64_t)m->stamp << 32 | since;
		}
	}
}

static void fill_since(struct merge *m)
{
	for (size_t i = 0; i < m->n_files; i++) {
		const uint64_t *keys = fact_keys(m, &m->files[i].fact);
		size_t n = m->files[i].fact->result.n_packages;
		uint32_t *since = sk_arena_array(m->arena, n, sizeof(*since));

		for (size_t k = 0; k < n; k++) {
			uint64_t value = 0;

			(void)sk_map_get(&m->since, sk_span_of(&keys[k], sizeof(keys[k])), &value);
			since[k] = (uint32_t)value;
		}
		m->files[i].since = since;
	}
}

static bool alias_is_known(const struct merge *m, struct sk_span real, struct sk_span claimed)
{
	for (size_t i = 0; i < m->n_known; i++)
		if (sk_span_eq(m->known[i].real, real) && sk_span_eq(m->known[i].claimed, claimed))
			return true;
	for (size_t i = 0; i < m->n_needs; i++)
		if (sk_span_eq(m->needs[i].alias.real, real) &&
		    sk_span_eq(m->needs[i].alias.claimed, claimed))
			return true;
	return false;
}

static void add_need(struct merge *m, struct sk_span real, struct sk_span claimed, uint32_t layer)
{
	if (real.len == 0 || m->n_needs >= MAX_NEEDS || alias_is_known(m, real, claimed))
		return;
	SK_GROW(m->needs, m->n_needs, m->needs_cap);
	m->needs[m->n_needs++] =
		(struct scan_need){.alias = {.real = real, .claimed = claimed}, .layer = layer};
}

/* Claimed names that are links to something that nobody read. */
static void need_for_links(struct merge *m)
{
	size_t at = 0;

	while ((at = scan_vtree_next(&m->tree, at, false)) != SCAN_NO_NODE) {
		const struct scan_node *n = &m->tree.nodes[at];
		enum catalog_kind kind;
		struct scan_found f;

		if ((n->type != SCAN_NODE_SYMLINK && n->type != SCAN_NODE_UNREAD) ||
		    !catalog_claims(n->path, CATALOG_CLAIM_FILES, &kind))
			continue;
		if (n->type == SCAN_NODE_UNREAD) {
			/* in its own layer or one below: nobody asked, so no trace is left */
			if (n->link.len == 0 || alias_is_known(m, n->link, n->path))
				m->lost = sk_arena_str(m->arena, n->path);
			add_need(m, n->link, n->path, MODEL_NO_LAYER);
			continue;
		}
		f = scan_vtree_follow(&m->tree, n->path, SCAN_FOLLOW_ALL, is_known, m);
		if (!f.loop && (f.unknown || (f.node != SCAN_NO_NODE &&
					      m->tree.nodes[f.node].type == SCAN_NODE_OTHER)))
			add_need(m, f.real, m->tree.nodes[at].path, MODEL_NO_LAYER);
	}
}

static bool is_catalog_dir(struct sk_span path)
{
	struct sk_span dir;

	for (size_t i = 0; catalog_dir(i, &dir); i++)
		if (sk_span_eq(dir, path))
			return true;
	return false;
}

/* Directories of claimed files that a link moves to where nobody looked. */
static void need_for_dirs(struct merge *m)
{
	struct sk_span dir;

	for (size_t i = 0; catalog_dir(i, &dir); i++) {
		struct scan_found f =
			scan_vtree_follow(&m->tree, dir, SCAN_FOLLOW_ALL, is_known, m);

		if (f.loop || !f.through_link)
			continue;
		if (f.unknown || (f.node != SCAN_NO_NODE && !is_catalog_dir(f.real)))
			add_need(m, f.real, dir, MODEL_NO_LAYER);
	}
}

void scan_merge(const struct scan_layer *layers, size_t n_layers, const struct scan_alias *known,
		size_t n_known, struct sk_arena *a, struct scan_merged *ret)
{
	struct merge m = {.arena = a, .known = known, .n_known = n_known, .stamp = 1};

	scan_vtree_init(&m.tree, a);
	for (size_t i = 0; i < n_layers; i++) {
		if (!apply_layer(&m, &layers[i], (uint32_t)i))
			continue;
		list_files(&m);
		note_packages(&m, (uint32_t)i);
	}
	fill_since(&m);
	need_for_links(&m);
	need_for_dirs(&m);
	ret->files = sk_arena_array(a, m.n_files, sizeof(*ret->files));
	ret->n_files = m.n_files;
	if (m.n_files != 0)
		memcpy(ret->files, m.files, m.n_files * sizeof(*ret->files));
	ret->needs = sk_arena_array(a, m.n_needs, sizeof(*ret->needs));
	ret->n_needs = m.n_needs;
	ret->lost = m.lost;
	if (m.n_needs != 0)
		memcpy(ret->needs, m.needs, m.n_needs * sizeof(*ret->needs));
	sk_free(m.files);
	sk_free(m.needs);
	sk_map_release(&m.since);
	sk_map_release(&m.keys);
	scan_vtree_release(&m.tree);
}
