/* SPDX-License-Identifier: Apache-2.0 */
/* One job of a build: text of documents becomes a batch. Pure, so that it can run anywhere. */
#include "base/json.h"
#include "vulndb/ingest-priv.h"

/* Documents come bare or as {"_path": …, "d": document}. */
static const struct sk_json *unwrap(const struct sk_json *j)
{
	const struct sk_json *d = sk_json_get(j, "d");

	return d != NULL && sk_json_get(j, "_path") != NULL ? d : j;
}

static void parse_document(struct sk_span text, struct vulndb_batch *b)
{
	sk_cleanup(sk_json_freep) struct sk_json *root = NULL;
	const struct vulndb_reader *reader;
	const struct sk_json *doc;
	struct sk_err err;

	b->n_read++;
	if (sk_json_parse(text, SK_JSON_ALLOW_DUPLICATES, &root, &err) < 0) {
		vulndb_batch_bad(b, "(unreadable)", "not JSON", sk_span_str(err.msg));
		return;
	}
	doc = unwrap(root);
	reader = vulndb_reader_for(doc);
	if (reader == NULL) {
		vulndb_batch_skip(b, "(unknown)", "document of no known feed",
				  sk_span_sub(text, 0, 80));
		b->n_unknown++;
		return;
	}
	reader->read(b, doc);
}

void vulndb_parse_piece(enum vulndb_kind kind, struct sk_span piece, struct vulndb_batch *b)
{
	struct sk_span line;

	if (kind == VULNDB_KIND_WHOLE) {
		parse_document(piece, b);
		return;
	}
	if (kind == VULNDB_KIND_TABLE) {
		vulndb_read_table(piece, b);
		return;
	}
	while (kind == VULNDB_KIND_MANY ? sk_span_cut(&piece, '\0', &line)
					: sk_span_line(&piece, &line)) {
		if (sk_span_trim(line).len != 0)
			parse_document(line, b);
	}
}
