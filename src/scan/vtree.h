/* SPDX-License-Identifier: Apache-2.0 */
/* A small tree of names for merging: directories, links, files; no content. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/span.h"
#include "scan/facts.h"

enum scan_node_type {
	SCAN_NODE_DIR,
	SCAN_NODE_FILE,    /* with a fact */
	SCAN_NODE_SYMLINK, /* @link */
	SCAN_NODE_UNREAD,  /* hard link to something that nobody read; @link */
	SCAN_NODE_OTHER,   /* something else */
};

enum {
	SCAN_NO_NODE = SIZE_MAX
};

/** struct scan_node - a name; indices into the tree's nodes */
struct scan_node {
	struct sk_span path;
	size_t parent, child, next; /* SCAN_NO_NODE: none */
	enum scan_node_type type;
	bool live;
	uint32_t layer;
	const struct scan_fact *fact;
	struct sk_span link;
};

/** struct scan_vtree - all names; zero-initialise, then scan_vtree_init() */
struct scan_vtree {
	struct sk_arena *arena;
	struct sk_map index; /* path → node */
	struct scan_node *nodes;
	size_t n_nodes, nodes_cap;
};

/** struct scan_found - where a path leads */
struct scan_found {
	size_t node;         /* SCAN_NO_NODE: nothing there */
	struct sk_span real; /* path without links, in the arena */
	bool through_link;   /* a link was followed */
	bool loop;           /* too many links, or a path that grew too long */
	bool unknown;        /* @real and what lies there was never asked for */
};

/**
 * scan_vtree_init() - tree with a root
 * @t: storage owned by the caller
 * @a: nodes' paths live here
 */
void scan_vtree_init(struct scan_vtree *t, struct sk_arena *a);

/**
 * scan_vtree_release() - free what is not in the arena
 * @t: tree
 */
void scan_vtree_release(struct scan_vtree *t);

/**
 * scan_vtree_get() - live node at exactly this path
 * @t: tree
 * @path: normalised
 *
 * Return: SCAN_NO_NODE when there is none.
 */
size_t scan_vtree_get(const struct scan_vtree *t, struct sk_span path);

enum scan_follow {
	SCAN_FOLLOW_ALL = 1 << 0,  /* also a link at the end */
	SCAN_FOLLOW_MAKE = 1 << 1, /* make directories that are not there, the last name excluded */
};

/**
 * scan_vtree_follow() - where does a path lead
 * @t: tree
 * @path: normalised
 * @flags: enum scan_follow
 * @is_known: was this path asked for; NULL: every path was
 * @ctx: for @is_known
 *
 * Return: what was found.
 */
struct scan_found scan_vtree_follow(struct scan_vtree *t, struct sk_span path, unsigned flags,
				    bool (*is_known)(const void *ctx, struct sk_span path),
				    const void *ctx);

/**
 * scan_vtree_put() - set what is at a path; what was below or at it is gone
 * @t: tree
 * @path: without links; its directory exists
 * @type: what
 *
 * Return: the node, valid until the next call.
 */
struct scan_node *scan_vtree_put(struct scan_vtree *t, struct sk_span path,
				 enum scan_node_type type);

/**
 * scan_vtree_remove() - remove a node and all below
 * @t: tree
 * @node: not the root
 */
void scan_vtree_remove(struct scan_vtree *t, size_t node);

/**
 * scan_vtree_next() - walk over live nodes, parents first
 * @t: tree
 * @node: SCAN_NO_NODE at first
 * @skip_children: leave out what is below @node
 *
 * Return: the next node, SCAN_NO_NODE after the last.
 */
size_t scan_vtree_next(const struct scan_vtree *t, size_t node, bool skip_children);
