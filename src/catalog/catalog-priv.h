/* SPDX-License-Identifier: Apache-2.0 */
/* What the cataloguers share: lines of a stream, whole files, and where results go. */
#pragma once

#include "base/buf.h"
#include "catalog/catalog.h"

enum {
	/* Names, versions and architectures of real packages have under 200 bytes. */
	CATALOG_MAX_TEXT = 1024,
	/* Diagnostics of one file; what is beyond is counted in a last one. */
	CATALOG_MAX_DIAGNOSTICS = 100,
	/* Lines are cut here: no line that is looked at is longer. */
	CATALOG_LINE_SIZE = 65536,
};

/** struct catalog_out - a result that grows */
struct catalog_out {
	struct catalog_result result; /* arrays on the heap until catalog_out_finish() */
	struct sk_arena *a;
	struct sk_budget *budget;
	struct sk_span path;
	unsigned flags;
	size_t packages_cap;
	size_t owned_cap;
	size_t diagnostics_cap;
	size_t n_dropped;    /* diagnostics beyond the maximum */
	uint64_t owned_size; /* bytes that the owned files take */
};

/** struct catalog_lines - reader of lines */
struct catalog_lines {
	const struct catalog_input *in;
	const struct sk_budget *budget; /* SK_LIMIT_FILE bounds what is read */
	uint64_t total;                 /* bytes read so far */
	size_t start;                   /* first byte not yet given out */
	size_t searched;                /* no newline before this */
	size_t end;                     /* bytes in @buf */
	bool eof;
	bool skipping; /* the rest of a cut line is to be dropped */
	char buf[CATALOG_LINE_SIZE];
};

/**
 * catalog_lines_next() - next line, without its newline
 * @l: zeroed but for @in and @budget
 * @ret: borrowed until the next call
 * @ret_cut: the line was longer than CATALOG_LINE_SIZE and is cut; may be NULL
 * @err: filled on failure
 *
 * Return: 1 line, 0 end, negative what the input says.
 */
sk_must_check int catalog_lines_next(struct catalog_lines *l, struct sk_span *ret, bool *ret_cut,
				     struct sk_err *err);

/**
 * catalog_read_all() - a file that has to be looked at as a whole
 * @in: input
 * @budget: SK_LIMIT_FILE bounds the size
 * @ret: initialised by this call, released by the caller also on failure
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_LIMIT; what the input says.
 */
sk_must_check int catalog_read_all(const struct catalog_input *in, struct sk_budget *budget,
				   struct sk_buf *ret, struct sk_err *err);

/**
 * catalog_add_package() - append a package, source defaults to the package itself
 * @o: output
 * @p: text already in the arena
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_LIMIT.
 */
sk_must_check int catalog_add_package(struct catalog_out *o, const struct model_package *p,
				      struct sk_err *err);

/**
 * catalog_add_owned() - append a file of a package
 * @o: output
 * @dir: directory, with or without slashes around it
 * @base: name
 * @package: lives in the arena
 * @err: filled on failure
 *
 * Paths that no file can have (too long, "..") are left out.
 * Return: 0, or -SK_E_LIMIT.
 */
sk_must_check int catalog_add_owned(struct catalog_out *o, struct sk_span dir, struct sk_span base,
				    const char *package, struct sk_err *err);

/**
 * catalog_diagnose() - say what is wrong with a record
 * @o: output
 * @severity: MODEL_DIAGNOSTIC_ERROR when a package was lost
 * @record: which one, foreign text; may be empty
 * @fmt: message
 */
void catalog_diagnose(struct catalog_out *o, enum model_diagnostic_severity severity,
		      struct sk_span record, const char *fmt, ...) sk_printf_like(4, 5);

/**
 * catalog_text() - copy foreign text into the arena
 * @o: output
 * @s: cut to CATALOG_MAX_TEXT and at the first NUL
 *
 * Return: NULL for the empty span.
 */
const char *catalog_text(struct catalog_out *o, struct sk_span s);

/**
 * catalog_is_word() - can this be a name, version or architecture
 * @s: text
 *
 * Return: true when it is not empty, not too long, and has neither blanks nor control bytes.
 */
bool catalog_is_word(struct sk_span s);

/* One for each cataloguer; see catalog_parse(). */
typedef int catalog_parser(const struct catalog_input *in, struct catalog_out *o,
			   struct sk_err *err);
catalog_parser catalog_os_release, catalog_old_release, catalog_dpkg_status, catalog_dpkg_status_d,
	catalog_dpkg_files, catalog_apk, catalog_rpm, catalog_rpm_wal, catalog_content_sets;

/**
 * catalog_header_fn - takes one rpm header blob
 * @o: output
 * @blob: borrowed
 * @record: number of the package in its database
 * @err: filled on failure
 *
 * Return: 0, or negative for a limit.
 */
typedef int catalog_header_fn(struct catalog_out *o, struct sk_span blob, uint32_t record,
			      struct sk_err *err);

/**
 * catalog_rpm_header() - package of one rpm header
 * @o: output; a damaged header becomes a diagnostic
 * @blob: index and data, without lead and magic
 * @record: number in the database, for diagnostics
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_LIMIT. Source: rpm's doc/manual/format_header.md.
 */
sk_must_check int catalog_rpm_header(struct catalog_out *o, struct sk_span blob, uint32_t record,
				     struct sk_err *err);

/**
 * catalog_rpm_bdb() - headers of a Berkeley DB hash database
 * @o: output
 * @file: whole database
 * @each: called for each value
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT, SK_E_UNSUPPORTED, SK_E_LIMIT.
 */
sk_must_check int catalog_rpm_bdb(struct catalog_out *o, struct sk_span file,
				  catalog_header_fn *each, struct sk_err *err);

/**
 * catalog_rpm_is_bdb() - is it a Berkeley DB hash, in either byte order
 * @file: at least its beginning
 *
 * Return: true if so.
 */
bool catalog_rpm_is_bdb(struct sk_span file);

/**
 * catalog_rpm_ndb() - headers of rpm's own database format
 * @o: output
 * @file: whole database
 * @each: called for each blob
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT, SK_E_UNSUPPORTED, SK_E_LIMIT.
 */
sk_must_check int catalog_rpm_ndb(struct catalog_out *o, struct sk_span file,
				  catalog_header_fn *each, struct sk_err *err);

/**
 * catalog_rpm_sqlite() - headers of an SQLite database
 * @o: output
 * @file: whole database; two bytes of its header are changed
 * @each: called for each blob
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT, SK_E_LIMIT.
 */
sk_must_check int catalog_rpm_sqlite(struct catalog_out *o, struct sk_buf *file,
				     catalog_header_fn *each, struct sk_err *err);

/* Fixed-width numbers in either byte order. */
static inline uint32_t catalog_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint32_t catalog_le32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static inline uint16_t catalog_be16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint16_t catalog_le16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[1] << 8 | b[0]);
}
