/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a database: read, join, write. */
#include "vulndb/build.h"

#include "vulndb/ingest-priv.h"

int vulndb_build(const struct vulndb_build_options *opts, struct sk_arena *a,
		 struct vulndb_build_result *ret, struct sk_err *err)
{
	struct vulndb_build_result result = {0};
	struct vulndb_merge m;
	int r;

	vulndb_merge_init(&m);
	m.keep_text = opts->text;
	r = vulndb_ingest(opts, &m, a, &result, err);
	if (r == 0) {
		vulndb_settle(&m);
		vulndb_identify(&m);
		r = vulndb_write(&m, opts, &result, err);
	}
	vulndb_merge_release(&m);
	if (r == 0)
		*ret = result;
	return r;
}
