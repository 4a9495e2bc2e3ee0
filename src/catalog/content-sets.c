/* SPDX-License-Identifier: Apache-2.0 */
/* Red Hat's build records: which repositories an image was built from ("content sets"). */
#include "base/json.h"
#include "catalog/catalog-priv.h"

enum {
	MAX_SETS = 10000 /* real images have under 100 */
};

int catalog_content_sets(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	sk_cleanup(sk_json_freep) struct sk_json *root = NULL;
	sk_cleanup(sk_buf_release) struct sk_buf text;
	const struct sk_json *sets;
	size_t n;
	int r = catalog_read_all(in, o->budget, &text, err);

	if (r == 0)
		r = sk_budget_check(o->budget, SK_LIMIT_DOCUMENT, text.len, err);
	if (r == 0)
		r = sk_json_parse(sk_buf_span(&text), SK_JSON_ALLOW_DUPLICATES, &root, err);
	if (r < 0)
		return r;
	sets = sk_json_get(root, "content_sets");
	if (sets == NULL)
		sets = sk_json_get(root, "content-sets");
	n = sk_json_len(sets);
	if (sk_json_type_of(sets) != SK_JSON_ARRAY || n == 0)
		return 0;
	if (n > MAX_SETS)
		return sk_err_set(err, SK_E_FORMAT, "more than %d content sets", MAX_SETS);
	o->result.content_sets = sk_arena_array(o->a, n, sizeof(*o->result.content_sets));
	for (size_t i = 0; i < n; i++) {
		struct sk_span set = sk_json_text(sk_json_at(sets, i));

		if (catalog_is_word(set))
			o->result.content_sets[o->result.n_content_sets++] = catalog_text(o, set);
	}
	return 0;
}
