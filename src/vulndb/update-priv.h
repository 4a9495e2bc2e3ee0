/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of the feed store's update. */
#pragma once

#include "base/buf.h"
#include "vulndb/update.h"

enum {
	UPDATE_MAX_FILE = 1 << 30,      /* OSV's largest archive has 150 MB; a mirror may add */
	UPDATE_MAX_DOCUMENT = 32 << 20, /* the largest OSV document has 4 MB */
	UPDATE_MAX_LIST = 256 << 20,    /* modified_id.csv of all ecosystems has 30 MB */
	UPDATE_MAX_URL = 2048,
};

/* One update under way. */
struct update {
	const struct vulndb_update_options *opts;
	struct sk_arena *arena;
	int dirfd;
	struct vulndb_update_file *files;
	size_t n_files;
	size_t files_cap;
};

/* What is known of a stored file: NAME.state beside it. Empty text where nothing is known. */
struct update_state {
	char etag[HTTP_TEXT_SIZE];
	char last_modified[HTTP_TEXT_SIZE];
	char newest[64]; /* OSV: time stamp of the newest document that is in the store */
};

/* A percent-encoded path below a source's base address; lives in the arena. */
const char *vulndb_update_url(const struct update *u, enum vulndb_source s, const char *fmt, ...)
	sk_printf_like(3, 4);

/* A new entry of the result. */
struct vulndb_update_file *vulndb_update_file(struct update *u, const char *name);

/* Notes a problem and forgets the error. */
void vulndb_update_problem(struct update *u, struct vulndb_update_file *f,
			   const struct sk_err *err);

/* Makes the directories above a name in the store. */
sk_must_check int vulndb_update_dirs(const struct update *u, const char *name, struct sk_err *err);

/* Reads NAME.state; a missing or damaged one gives an empty state. */
void vulndb_update_state_read(const struct update *u, const char *name, struct update_state *ret);

/* Replaces NAME.state. */
sk_must_check int vulndb_update_state_write(const struct update *u, const char *name,
					    const struct update_state *s, struct sk_err *err);

/* Fetches a whole file conditionally. Return: 0 replaced, 1 unchanged, negative. */
sk_must_check int vulndb_update_fetch_file(struct update *u, const char *url, const char *name,
					   struct update_state *state, struct vulndb_update_file *f,
					   struct sk_err *err);

/* Fetches a document into memory; @out's maximum bounds it. Return: 0, or negative. */
sk_must_check int vulndb_update_fetch_text(struct update *u, const char *url, struct sk_buf *out,
					   struct vulndb_update_file *f, struct sk_err *err);

/*
 * Appends a JSON document as one line; @text is changed: a newline cannot stand inside a JSON
 * string, so it is white space. Return: false when @lines is full.
 */
bool vulndb_update_add_line(struct sk_buf *lines, struct sk_buf *text);

/* The sources that need more than one conditional request. */
sk_must_check int vulndb_update_osv(struct update *u, struct sk_err *err);
sk_must_check int vulndb_update_redhat(struct update *u, struct sk_err *err);
sk_must_check int vulndb_update_endoflife(struct update *u, struct sk_err *err);
