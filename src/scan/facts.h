/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layer facts: everything that a scan needs to know of one layer (or one directory tree), and
 * nothing of the others, so that layers are read in parallel and a layer's facts can be kept by its
 * diff_id. One binary form, for the channel from the worker and for a cache
 * (docs/formats/facts.md); what reads it trusts nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/map.h"
#include "base/span.h"
#include "catalog/catalog.h"

enum {
	SCAN_FACTS_VERSION = 1, /* of the binary form; the last character of its magic */
};

enum scan_fact_type {
	SCAN_FACT_FILE,     /* claimed file with what it records */
	SCAN_FACT_SYMLINK,  /* at a claimed path or above one */
	SCAN_FACT_HARDLINK, /* at a claimed path */
	SCAN_FACT_WHITEOUT, /* the path is removed from the layers below */
	SCAN_FACT_OPAQUE,   /* the layers below show nothing in this directory */
	/* In the place of an earlier fact of the same layer; else a hash says enough. */
	SCAN_FACT_DIR,
	SCAN_FACT_OTHER,
	SCAN_FACT_N_TYPES,
};

/** struct scan_fact - one path of interest; order is the archive's, the last of a path wins */
struct scan_fact {
	enum scan_fact_type type;
	enum catalog_kind kind; /* file, hard link */
	struct sk_span path;    /* normalised, followed by NUL */
	struct sk_span link;    /* symlink: as stored; hard link: normalised */
	const char *damage;     /* file: it could not be read, and why; else NULL */
	struct catalog_result result;
};

/** struct scan_facts - what is known of one layer; text lives in the arena */
struct scan_facts {
	struct sk_digest stored;  /* none when not asked for */
	struct sk_digest diff_id; /* of the plain bytes; none for a directory tree */
	uint64_t size;            /* bytes as stored */
	uint64_t plain_size;
	uint64_t n_entries;
	struct scan_fact *facts;
	size_t n_facts;
	/* Hashes (sk_hash64) of paths at or above which claimed paths lie: what else is there, that
	 * could hide a lower layer's directory or be hidden by this layer's. Ascending, no
	 * doubles. */
	uint64_t *dirs;
	size_t n_dirs;
	uint64_t *others; /* neither directory nor symlink nor claimed */
	size_t n_others;
	struct model_diagnostic *diagnostics;
	size_t n_diagnostics;
};

/** struct scan_alias - in this run, what lies at @real counts as if it were at @claimed */
struct scan_alias {
	struct sk_span real;    /* file or directory, normalised */
	struct sk_span claimed; /* claimed path, or a directory above claimed paths */
};

/** struct scan_wanted - what to look for */
struct scan_wanted {
	unsigned flags;                   /* enum catalog_claim_flags */
	const struct scan_alias *aliases; /* when given, only these: a targeted second pass */
	size_t n_aliases;
};

/**
 * scan_wants() - is a path claimed in this run
 * @w: what is looked for
 * @path: normalised
 * @ret: kind, written when claimed
 *
 * Return: true when claimed.
 */
bool scan_wants(const struct scan_wanted *w, struct sk_span path, enum catalog_kind *ret);

/**
 * scan_leads() - can this path be a directory above a claimed path in this run
 * @w: what is looked for
 * @path: normalised
 *
 * Return: true if so.
 */
bool scan_leads(const struct scan_wanted *w, struct sk_span path);

/** struct scan_facts_builder - facts in the making, in a worker */
struct scan_facts_builder {
	struct sk_arena *arena;
	struct sk_budget *budget;
	struct scan_wanted wanted;
	struct scan_facts facts;
	size_t facts_cap, dirs_cap, others_cap;
	struct sk_map seen; /* paths of facts (1) and of directories above them (0) */
};

/** struct scan_entry - one directory entry or archive member for the builder */
struct scan_entry {
	enum scan_entry_type {
		SCAN_ENTRY_FILE,
		SCAN_ENTRY_DIR,
		SCAN_ENTRY_SYMLINK,
		SCAN_ENTRY_HARDLINK,
		SCAN_ENTRY_OTHER,
	} type;
	struct sk_span path;
	struct sk_span link;
	uint64_t size;
	bool whiteouts; /* names with ".wh." remove, as in image layers */
	/* Content of a claimed file, read only then. */
	int64_t (*read)(void *ctx, void *buf, size_t len, struct sk_err *err);
	void *ctx;
};

/**
 * scan_facts_add() - note an entry
 * @b: builder with arena, budget and wanted set
 * @e: borrowed for the call
 * @err: filled on failure
 *
 * A file that its cataloguer cannot read becomes a damaged fact.
 * Return: 0, or negative: the source failed or a budget is spent.
 */
sk_must_check int scan_facts_add(struct scan_facts_builder *b, const struct scan_entry *e,
				 struct sk_err *err);

/**
 * scan_facts_finish() - sort what is sorted
 * @b: builder; its arrays are heap memory until scan_facts_builder_release()
 */
void scan_facts_finish(struct scan_facts_builder *b);

/**
 * scan_facts_builder_release() - free the arrays
 * @b: builder
 */
void scan_facts_builder_release(struct scan_facts_builder *b);

/**
 * scan_facts_encode() - binary form
 * @f: facts
 * @b: appended to; its overflow flag tells whether it fitted
 */
void scan_facts_encode(const struct scan_facts *f, struct sk_buf *b);

/**
 * scan_facts_decode() - read and validate the binary form
 * @s: bytes, not trusted; borrowed only for the call
 * @wanted: every fact must be one that this run asked for
 * @limits: packages, path_len
 * @a: the result lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int scan_facts_decode(struct sk_span s, const struct scan_wanted *wanted,
				    const struct sk_limits *limits, struct sk_arena *a,
				    struct scan_facts *ret, struct sk_err *err);

/**
 * scan_facts_has_hash() - is a path among sorted hashes
 * @hashes: ascending
 * @n: count
 * @path: normalised
 *
 * Return: true if so.
 */
bool scan_facts_has_hash(const uint64_t *hashes, size_t n, struct sk_span path);
