/* SPDX-License-Identifier: Apache-2.0 */
/* rpm databases: which of the three formats a file has, its content decides. */
#include "catalog/catalog-priv.h"

static const char sqlite_magic[16] = "SQLite format 3";

int catalog_rpm(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	sk_cleanup(sk_buf_release) struct sk_buf file;
	struct sk_span all;
	int r = catalog_read_all(in, o->budget, &file, err);

	if (r < 0)
		return r;
	all = sk_buf_span(&file);
	if (all.len == 0) {
		catalog_diagnose(o, MODEL_DIAGNOSTIC_WARNING, sk_span_of(NULL, 0),
				 "rpm: the database is empty");
		return 0;
	}
	if (all.len >= sizeof(sqlite_magic) &&
	    memcmp(all.ptr, sqlite_magic, sizeof(sqlite_magic)) == 0)
		return catalog_rpm_sqlite(o, &file, catalog_rpm_header, err);
	if (sk_span_starts(all, "RpmP"))
		return catalog_rpm_ndb(o, all, catalog_rpm_header, err);
	if (catalog_rpm_is_bdb(all))
		return catalog_rpm_bdb(o, all, catalog_rpm_header, err);
	return sk_err_set(err, SK_E_FORMAT, "rpm: neither SQLite, nor NDB, nor a Berkeley DB hash");
}

/*
 * rpm writes the log back into the database when it closes it, so a log with content was left by a
 * copy of a running system or a crash. One file is judged without its neighbours: the log is not
 * applied, and that is said. Source: sqlite.org/fileformat2.html, section 4.1.
 */
int catalog_rpm_wal(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	enum {
		WAL_HEADER_SIZE = 32
	};
	char head[WAL_HEADER_SIZE + 1];
	size_t len = 0;
	int64_t got;

	do {
		got = in->read(in->ctx, head + len, sizeof(head) - len, err);
		if (got < 0)
			return (int)got;
		len += (size_t)got;
	} while (got != 0 && len < sizeof(head));
	if (len > WAL_HEADER_SIZE)
		catalog_diagnose(o, MODEL_DIAGNOSTIC_WARNING, sk_span_of(NULL, 0),
				 "rpm: changes that SQLite has not yet written into the database "
				 "are not read");
	return 0;
}
