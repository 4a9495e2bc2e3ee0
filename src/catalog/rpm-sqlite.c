/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpmdb.sqlite, through SQLite over bytes in memory: nothing is opened, nothing can be written, the
 * schema is not trusted, one statement may read one table, and steps are counted.
 * Source: https://www.sqlite.org/security.html, "Untrusted SQLite Database Files".
 */
#include <errno.h>
#include <limits.h>

#include <sqlite3.h>

#include "catalog/catalog-priv.h"

enum {
	STEPS = 1000, /* virtual machine instructions between two calls of the counter */
	/* 10 million in all: a row costs under 10, so a million packages fit. */
	STEPS_MAX = 10000,
	OFF_WRITE_VERSION = 18, /* of the database's header */
	OFF_READ_VERSION = 19,
	SCHEMA_MAX = 65536,
};

/** struct counter - bounds the work */
struct counter {
	unsigned n;
};

static int count_steps(void *ctx)
{
	struct counter *c = ctx;

	return ++c->n > STEPS_MAX;
}

/* Only SELECT over columns of the tables, no functions, no pragmas. */
static int authorise(void *ctx, int action, const char *a, const char *b, const char *c,
		     const char *d)
{
	(void)ctx;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

static void harden(sqlite3 *db, size_t size, struct counter *counter)
{
	static const int off[] = {
		SQLITE_DBCONFIG_TRUSTED_SCHEMA,        SQLITE_DBCONFIG_ENABLE_VIEW,
		SQLITE_DBCONFIG_ENABLE_TRIGGER,        SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
		SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER,
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(off); i++)
		(void)sqlite3_db_config(db, off[i], 0, NULL); /* fails where compiled out */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, size < INT_MAX ? (int)size : INT_MAX);
	(void)sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SCHEMA_MAX);
	(void)sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 64);
	(void)sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 20);
	(void)sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 25000);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_progress_handler(db, STEPS, count_steps, counter);
}

static int fail(sqlite3 *db, const char *what, struct sk_err *err)
{
	int code = sqlite3_errcode(db);

	if (code == SQLITE_INTERRUPT)
		return sk_err_set(err, SK_E_LIMIT, "rpm: database takes too many steps to read");
	return sk_err_set(err, SK_E_FORMAT, "rpm: %s: %s", what, sqlite3_errstr(code));
}

static int read_rows(struct catalog_out *o, sqlite3 *db, sqlite3_stmt *rows, uint64_t room,
		     catalog_header_fn *each, struct sk_err *err)
{
	int step = SQLITE_DONE, r = 0;

	while (r == 0 && (step = sqlite3_step(rows)) == SQLITE_ROW) {
		uint32_t number = (uint32_t)sqlite3_column_int64(rows, 0);
		struct sk_span blob;

		if (sqlite3_column_type(rows, 1) != SQLITE_BLOB) {
			catalog_diagnose(o, MODEL_DIAGNOSTIC_ERROR, sk_span_of(NULL, 0),
					 "rpm: row %u holds no header", number);
			continue;
		}
		blob.ptr = sqlite3_column_blob(rows, 1);
		blob.len = (size_t)sqlite3_column_bytes(rows, 1);
		/* values of a sound database do not share pages */
		if (blob.ptr == NULL || blob.len > room)
			return sk_err_set(err, SK_E_FORMAT, "rpm: rows share their pages");
		room -= blob.len;
		r = each(o, blob, number, err);
	}
	if (r == 0 && step != SQLITE_DONE) {
		/* what was read counts, what was not is said */
		if (o->result.n_packages == 0 || step == SQLITE_INTERRUPT)
			return fail(db, "cannot read the table of packages", err);
		catalog_diagnose(o, MODEL_DIAGNOSTIC_ERROR, sk_span_of(NULL, 0),
				 "rpm: the table of packages cannot be read to its end: %s",
				 sqlite3_errstr(step));
	}
	return r;
}

static int query(struct catalog_out *o, sqlite3 *db, struct sk_buf *file, catalog_header_fn *each,
		 struct sk_err *err)
{
	sqlite3_stmt *rows = NULL;
	int r;

	r = sqlite3_deserialize(db, "main", (unsigned char *)file->ptr, (sqlite3_int64)file->len,
				(sqlite3_int64)file->len, SQLITE_DESERIALIZE_READONLY);
	if (r != SQLITE_OK)
		return fail(db, "cannot open the database", err);
	(void)sqlite3_set_authorizer(db, authorise, NULL);
	r = sqlite3_prepare_v2(db, "SELECT hnum, blob FROM Packages", -1, &rows, NULL);
	if (r != SQLITE_OK)
		return fail(db, "no table of packages", err);
	r = read_rows(o, db, rows, file->len, each, err);
	(void)sqlite3_finalize(rows); /* repeats the error of the last step */
	return r;
}

int catalog_rpm_sqlite(struct catalog_out *o, struct sk_buf *file, catalog_header_fn *each,
		       struct sk_err *err)
{
	struct counter counter = {0};
	sqlite3 *db = NULL;
	int r;

	if (file->len < 512)
		return sk_err_set(err, SK_E_FORMAT, "rpm: database ends early");
	/* 2 says that a write-ahead log goes with the file, which memory cannot have; 1 is the same
	 * format without (sqlite.org/c3ref/deserialize.html) */
	file->ptr[OFF_WRITE_VERSION] = 1;
	file->ptr[OFF_READ_VERSION] = 1;
	r = sqlite3_open_v2(":memory:", &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX |
				    SQLITE_OPEN_PRIVATECACHE,
			    NULL);
	if (r != SQLITE_OK) {
		r = sk_err_set(err, ENOMEM, "rpm: SQLite: %s", sqlite3_errstr(r));
	} else {
		harden(db, file->len, &counter);
		r = query(o, db, file, each, err);
	}
	(void)sqlite3_close_v2(db);
	return r;
}
