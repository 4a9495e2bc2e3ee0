/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the merged layers. Path resolution after path_resolution(7), inside the root. */
#include "scan/vtree.h"

#include "base/alloc.h"
#include "base/io.h"

enum {
	MAX_LINKS = 40,       /* as Linux: MAXSYMLINKS */
	MAX_PATH = 16 * 1024, /* of a path in the middle of being followed */
};

static size_t new_node(struct scan_vtree *t, struct sk_span path)
{
	struct scan_node *n;

	SK_GROW(t->nodes, t->n_nodes, t->nodes_cap);
	n = &t->nodes[t->n_nodes];
	*n = (struct scan_node){
		.parent = SCAN_NO_NODE, .child = SCAN_NO_NODE, .next = SCAN_NO_NODE};
	n->path = sk_span_of(sk_arena_str(t->arena, path), path.len);
	return t->n_nodes++;
}

void scan_vtree_init(struct scan_vtree *t, struct sk_arena *a)
{
	*t = (struct scan_vtree){.arena = a};
	(void)new_node(t, sk_span_str(""));
	t->nodes[0].live = true;
	(void)sk_map_put(&t->index, t->nodes[0].path, 0);
}

void scan_vtree_release(struct scan_vtree *t)
{
	sk_map_release(&t->index);
	sk_free(t->nodes);
	*t = (struct scan_vtree){0};
}

size_t scan_vtree_get(const struct scan_vtree *t, struct sk_span path)
{
	uint64_t at;

	if (!sk_map_get(&t->index, path, &at) || !t->nodes[at].live)
		return SCAN_NO_NODE;
	return (size_t)at;
}

static struct sk_span dir_of(struct sk_span path)
{
	size_t at = sk_span_rfind(path, '/');

	return at == path.len ? sk_span_str("") : sk_span_sub(path, 0, at);
}

static bool is_below(struct sk_span path, struct sk_span dir)
{
	return path.len > dir.len && path.ptr[dir.len] == '/' &&
	       memcmp(path.ptr, dir.ptr, dir.len) == 0;
}

void scan_vtree_remove(struct scan_vtree *t, size_t node)
{
	size_t *link = &t->nodes[t->nodes[node].parent].child;
	size_t at = node;

	while (*link != node)
		link = &t->nodes[*link].next;
	*link = t->nodes[node].next;
	/* Everything below dies too; the lists of the dead are not looked at again. */
	do {
		size_t next = scan_vtree_next(t, at, false);

		t->nodes[at].live = false;
		at = next != SCAN_NO_NODE && is_below(t->nodes[next].path, t->nodes[node].path)
			     ? next
			     : SCAN_NO_NODE;
	} while (at != SCAN_NO_NODE);
}

struct scan_node *scan_vtree_put(struct scan_vtree *t, struct sk_span path,
				 enum scan_node_type type)
{
	size_t old = scan_vtree_get(t, path);
	size_t parent = scan_vtree_get(t, dir_of(path));
	uint64_t at = SCAN_NO_NODE;
	struct scan_node *n;

	if (path.len == 0)
		return &t->nodes[0];
	if (old != SCAN_NO_NODE)
		scan_vtree_remove(t, old);
	if (!sk_map_get(&t->index, path, &at)) {
		at = new_node(t, path);
		(void)sk_map_put(&t->index, t->nodes[at].path, at);
	}
	n = &t->nodes[at];
	*n = (struct scan_node){.path = n->path,
				.parent = parent,
				.child = SCAN_NO_NODE,
				.next = t->nodes[parent].child,
				.type = type,
				.live = true};
	t->nodes[parent].child = (size_t)at;
	return n;
}

size_t scan_vtree_next(const struct scan_vtree *t, size_t node, bool skip_children)
{
	if (node == SCAN_NO_NODE)
		return 0;
	if (!skip_children && t->nodes[node].child != SCAN_NO_NODE)
		return t->nodes[node].child;
	while (node != SCAN_NO_NODE && t->nodes[node].next == SCAN_NO_NODE)
		node = t->nodes[node].parent;
	return node == SCAN_NO_NODE ? SCAN_NO_NODE : t->nodes[node].next;
}

/* State of following one path. */
struct follow {
	struct sk_buf real; /* without links, so far */
	struct sk_buf rest; /* still to go */
	size_t rest_at;
	unsigned n_links;
	bool failed;
};

static void drop_last(struct sk_buf *path)
{
	while (path->len != 0 && path->ptr[path->len - 1] != '/')
		path->len--;
	if (path->len != 0)
		path->len--;
}

static void follow_link(struct follow *f, struct sk_span target)
{
	struct sk_buf rest;

	if (++f->n_links > MAX_LINKS) {
		f->failed = true;
		return;
	}
	sk_buf_init(&rest, MAX_PATH);
	f->failed = !sk_buf_add_span(&rest, target) || !sk_buf_add_char(&rest, '/') ||
		    !sk_buf_add_span(&rest,
				     sk_span_sub(sk_buf_span(&f->rest), f->rest_at, f->rest.len));
	sk_buf_release(&f->rest);
	f->rest = rest;
	f->rest_at = 0;
	if (sk_span_starts(target, "/"))
		sk_buf_reset(&f->real);
}

static bool next_name(struct follow *f, struct sk_span *ret)
{
	struct sk_span rest = sk_span_sub(sk_buf_span(&f->rest), f->rest_at, f->rest.len);
	size_t skip = 0, len;

	while (skip < rest.len && rest.ptr[skip] == '/')
		skip++;
	rest = sk_span_sub(rest, skip, rest.len);
	len = sk_span_find(rest, '/');
	*ret = sk_span_sub(rest, 0, len);
	f->rest_at += skip + len;
	return ret->len != 0;
}

static bool is_last(const struct follow *f)
{
	for (size_t i = f->rest_at; i < f->rest.len; i++)
		if (f->rest.ptr[i] != '/')
			return false;
	return true;
}

/*
 * What is left of a path behind a name that nobody was asked about. ".." behind it means something
 * only once it is known whether the name is a link: then the name alone is what is not known.
 */
static void add_rest(struct follow *f)
{
	size_t len = f->real.len;
	struct sk_span name;

	while (next_name(f, &name)) {
		if (sk_span_eq_str(name, "."))
			continue;
		if (sk_span_eq_str(name, "..")) {
			f->real.len = len;
			return;
		}
		f->failed |= !sk_buf_add_char(&f->real, '/') || !sk_buf_add_span(&f->real, name);
	}
}

static struct scan_found finish(struct scan_vtree *t, struct follow *f, bool unknown)
{
	struct scan_found found = {.node = SCAN_NO_NODE, .through_link = f->n_links != 0};

	if (unknown)
		add_rest(f);
	found.loop = f->failed;
	found.unknown = unknown;
	found.real = sk_span_of(sk_arena_str(t->arena, sk_buf_span(&f->real)), f->real.len);
	if (!f->failed && !unknown)
		found.node = scan_vtree_get(t, found.real);
	sk_buf_release(&f->real);
	sk_buf_release(&f->rest);
	return found;
}

/* One name further. Return: false when the path leaves what was asked for. */
static bool follow_name(struct scan_vtree *t, struct follow *f, struct sk_span name, unsigned flags,
			bool (*is_known)(const void *ctx, struct sk_span path), const void *ctx)
{
	bool last = is_last(f);
	size_t before = f->real.len, at;

	if (sk_span_eq_str(name, "."))
		return true;
	if (sk_span_eq_str(name, "..")) {
		drop_last(&f->real);
		return true;
	}
	f->failed |= (before != 0 && !sk_buf_add_char(&f->real, '/')) ||
		     !sk_buf_add_span(&f->real, name);
	if (f->failed)
		return true;
	at = scan_vtree_get(t, sk_buf_span(&f->real));
	if (at == SCAN_NO_NODE && is_known != NULL && !is_known(ctx, sk_buf_span(&f->real)))
		return false;
	if (at != SCAN_NO_NODE && t->nodes[at].type == SCAN_NODE_SYMLINK &&
	    (!last || (flags & SCAN_FOLLOW_ALL) != 0)) {
		f->real.len = before;
		follow_link(f, t->nodes[at].link);
	} else if (!last && (flags & SCAN_FOLLOW_MAKE) != 0 &&
		   (at == SCAN_NO_NODE || t->nodes[at].type != SCAN_NODE_DIR)) {
		(void)scan_vtree_put(t, sk_buf_span(&f->real), SCAN_NODE_DIR);
	}
	return true;
}

struct scan_found scan_vtree_follow(struct scan_vtree *t, struct sk_span path, unsigned flags,
				    bool (*is_known)(const void *ctx, struct sk_span path),
				    const void *ctx)
{
	struct follow f = {0};
	struct sk_span name;
	bool unknown = false;

	sk_buf_init(&f.real, MAX_PATH);
	sk_buf_init(&f.rest, MAX_PATH);
	(void)sk_buf_add_str(&f.real, "");
	f.failed = !sk_buf_add_span(&f.rest, path);
	while (!f.failed && !unknown && next_name(&f, &name))
		unknown = !follow_name(t, &f, name, flags, is_known, ctx);
	return finish(t, &f, unknown);
}
