/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON documents of an image: OCI index and manifest (and their Docker equivalents),
 * configuration, and docker-archive's manifest.json. Parsed from bytes to plain data, checked for
 * everything that can be checked without the blobs; the binary form carries a parsed document from
 * a worker to the scan.
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
#include "base/span.h"

enum image_doc_kind {
	IMAGE_DOC_ARCHIVE,  /* docker-archive's manifest.json */
	IMAGE_DOC_INDEX,    /* OCI index, Docker manifest list */
	IMAGE_DOC_MANIFEST, /* OCI manifest, Docker manifest schema 2 */
	IMAGE_DOC_CONFIG,   /* OCI image configuration */
	IMAGE_DOC_N_KINDS,
};

/** struct image_platform - what an image runs on; NULL where not said */
struct image_platform {
	const char *os;
	const char *arch;
	const char *variant;
};

/** struct image_descriptor - a pointer to a blob */
struct image_descriptor {
	const char *media_type; /* NULL when not said */
	struct sk_digest digest;
	uint64_t size;
	struct image_platform platform;
	const char *name;    /* containerd's full name annotation, or NULL */
	const char *tag;     /* ref.name annotation, or NULL */
	bool is_attestation; /* describes another manifest, is no image */
};

/** struct image_archive_entry - one image of a docker-archive */
struct image_archive_entry {
	const char *config;
	const char **tags;
	size_t n_tags;
	const char **layers;
	size_t n_layers;
};

/** struct image_doc - a parsed document; text lives in the arena */
struct image_doc {
	enum image_doc_kind kind;
	struct image_archive_entry *entries; /* archive */
	size_t n_entries;
	struct image_descriptor config; /* manifest */
	struct image_descriptor *blobs; /* index: manifests; manifest: layers */
	size_t n_blobs;
	struct image_platform platform; /* configuration */
	struct sk_digest *diff_ids;     /* configuration */
	size_t n_diff_ids;
	const char **created_by; /* configuration: history of non-empty layers; elements may be
				    NULL */
	size_t n_created_by;     /* 0 when history and layers do not agree */
};

/**
 * image_doc_parse() - read a document
 * @kind: what it must be; IMAGE_DOC_INDEX also takes a manifest (an index may point to either)
 * @text: JSON; a repeated key is refused
 * @budget: limits document and layers are checked here
 * @a: the result lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT, SK_E_LIMIT, SK_E_UNSUPPORTED a kind of manifest or
 * layer that holds no file system. Source: OCI image-spec 1.1 image-index.md, manifest.md,
 * config.md, annotations.md; Docker image manifest version 2 schema 2.
 */
sk_must_check int image_doc_parse(enum image_doc_kind kind, struct sk_span text,
				  const struct sk_budget *budget, struct sk_arena *a,
				  struct image_doc *ret, struct sk_err *err);

/**
 * image_doc_encode() - binary form
 * @d: document
 * @b: appended to; its overflow flag tells whether it fitted
 */
void image_doc_encode(const struct image_doc *d, struct sk_buf *b);

/**
 * image_doc_decode() - read and validate the binary form
 * @s: bytes, not trusted
 * @limits: layers
 * @a: the result lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int image_doc_decode(struct sk_span s, const struct sk_limits *limits,
				   struct sk_arena *a, struct image_doc *ret, struct sk_err *err);

/**
 * image_platform_parse() - "os/arch[/variant]", or "arch" alone
 * @text: as asked
 * @a: text lives here
 * @ret: written on success
 *
 * Return: false when malformed.
 */
sk_must_check bool image_platform_parse(const char *text, struct sk_arena *a,
					struct image_platform *ret);

/**
 * image_platform_host() - this machine's platform in OCI's words
 *
 * Return: static text.
 */
struct image_platform image_platform_host(void);

/**
 * image_platform_text() - "os/arch[/variant]"
 * @p: platform
 * @a: text lives here
 *
 * Return: NULL when neither system nor architecture is said.
 */
const char *image_platform_text(const struct image_platform *p, struct sk_arena *a);

/**
 * image_platform_matches() - does a manifest's platform answer to what was asked
 * @have: of the manifest
 * @want: asked; a NULL variant takes any
 *
 * Return: 0 no, 1 yes, 2 yes with the same variant.
 */
int image_platform_matches(const struct image_platform *have, const struct image_platform *want);

/** struct image_choice - what to choose from an index */
struct image_choice {
	struct sk_span tag;             /* empty: any */
	struct sk_span digest;          /* empty: any */
	struct image_platform platform; /* os NULL: this machine's */
};

/**
 * image_index_choose() - the one manifest that was asked for
 * @index: IMAGE_DOC_INDEX
 * @choice: what was asked
 * @a: texts of messages
 * @ret: written on success, points into @index
 * @err: filled on failure; it lists what there is
 *
 * Attestations are passed over. A lone manifest is taken whatever its platform unless one was
 * asked for. Return: 0, or negative. Errors: SK_E_NOT_FOUND, SK_E_AMBIGUOUS.
 */
sk_must_check int image_index_choose(const struct image_doc *index,
				     const struct image_choice *choice, struct sk_arena *a,
				     const struct image_descriptor **ret, struct sk_err *err);

/**
 * image_archive_choose() - the one image of a docker-archive that was asked for
 * @archive: IMAGE_DOC_ARCHIVE
 * @tag: empty: the only one
 * @ret: written on success, points into @archive
 * @err: filled on failure; it lists the tags
 *
 * Return: 0, or negative. Errors: SK_E_NOT_FOUND, SK_E_AMBIGUOUS.
 */
sk_must_check int image_archive_choose(const struct image_doc *archive, struct sk_span tag,
				       const struct image_archive_entry **ret, struct sk_err *err);
