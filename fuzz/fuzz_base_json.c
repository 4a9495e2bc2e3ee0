/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what was read can be written (numbers as their sign) and read again, with the same bytes
 * the second time. */
#include <stdlib.h>

#include "base/json.h"
#include "fuzz/target.h"

enum {
	OUT_MAX = 16 << 20
};

static void copy(struct sk_jw *w, const char *key, const struct sk_json *j, int depth)
{
	const struct sk_json *value;
	struct sk_span name;
	void *iter = NULL;
	double number;

	switch (depth < SK_JW_MAX_DEPTH - 2 ? sk_json_type_of(j) : SK_JSON_NULL) {
	case SK_JSON_OBJECT:
		sk_jw_object(w, key);
		while (sk_json_next(j, &iter, &name, &value))
			copy(w, name.ptr, value, depth + 1);
		sk_jw_end_object(w);
		break;
	case SK_JSON_ARRAY:
		sk_jw_array(w, key);
		for (size_t i = 0; i < sk_json_len(j); i++)
			copy(w, NULL, sk_json_at(j, i), depth + 1);
		sk_jw_end_array(w);
		break;
	case SK_JSON_STRING:
		sk_jw_span(w, key, sk_json_text(j));
		break;
	case SK_JSON_NUMBER:
		if (!sk_json_number(j, &number))
			abort();
		sk_jw_bool(w, key, number < 0);
		break;
	case SK_JSON_BOOL:
		sk_jw_bool(w, key, sk_json_is_true(j));
		break;
	default:
		sk_jw_null(w, key);
		break;
	}
}

static void write_copy(const struct sk_json *j, struct sk_buf *out)
{
	struct sk_sink sink = sk_sink_buf(out);
	struct sk_jw w;

	sk_jw_init(&w, &sink, 1);
	copy(&w, NULL, j, 0);
	if (sk_jw_finish(&w) < 0 && !out->overflow)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span text = sk_span_of(data, size);
	struct sk_json *first = NULL;
	struct sk_json *second = NULL;
	struct sk_buf once, twice;
	struct sk_err err;

	if (sk_json_parse(text, SK_JSON_ALLOW_DUPLICATES | SK_JSON_ALLOW_TRAILING, &first, &err) <
	    0)
		return 0;
	sk_buf_init(&once, OUT_MAX);
	sk_buf_init(&twice, OUT_MAX);
	write_copy(first, &once);
	if (!once.overflow) {
		if (sk_json_parse(sk_buf_span(&once), 0, &second, &err) < 0)
			abort();
		write_copy(second, &twice);
		if (!sk_span_eq(sk_buf_span(&once), sk_buf_span(&twice)))
			abort();
	}
	sk_json_free(first);
	sk_json_free(second);
	sk_buf_release(&once);
	sk_buf_release(&twice);
	return 0;
}
