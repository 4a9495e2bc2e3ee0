/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second file of a database, DATABASE.text: what people read of a vulnerability and matching
 * never opens. docs/formats/database.md, "Texts".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"
#include "vulndb/vulndb.h"

struct vulndb_text;

/** struct vulndb_text_entry - texts of one vulnerability, in an arena */
struct vulndb_text_entry {
	struct sk_span summary; /* empty: none */
	const struct sk_span *references;
	size_t n_references;
	const struct vulndb_cvss *cvss; /* those beyond the one in the database */
	size_t n_cvss;
};

/**
 * vulndb_text_open() - map the texts that belong to a database
 * @path: file
 * @db: the database; texts of another one are refused
 * @ret: the caller closes with vulndb_text_close()
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT; SK_E_DIGEST of another database, or damaged;
 * SK_E_UNSUPPORTED version; -errno.
 */
sk_must_check int vulndb_text_open(const char *path, const struct vulndb *db,
				   struct vulndb_text **ret, struct sk_err *err);

/**
 * vulndb_text_get() - texts of a vulnerability
 * @t: open texts
 * @vuln: index as for vulndb_vuln_get()
 * @a: the texts live here
 * @ret: written on success; empty where nothing is known
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT damaged block.
 */
sk_must_check int vulndb_text_get(const struct vulndb_text *t, uint32_t vuln, struct sk_arena *a,
				  struct vulndb_text_entry *ret, struct sk_err *err);

/**
 * vulndb_text_verify() - check every byte
 * @t: open texts
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_DIGEST.
 */
sk_must_check int vulndb_text_verify(const struct vulndb_text *t, struct sk_err *err);

/**
 * vulndb_text_drop() - remove texts that were another database's
 * @db_path: database; its texts are DB_PATH.text
 *
 * They would be refused from now on. What is no file of texts, or belongs to the database, stays.
 */
void vulndb_text_drop(const char *db_path);

/**
 * vulndb_text_close() - unmap
 * @t: may be NULL
 */
void vulndb_text_close(struct vulndb_text *t);
SK_DEFINE_CLEANUP(struct vulndb_text, vulndb_text_close);
