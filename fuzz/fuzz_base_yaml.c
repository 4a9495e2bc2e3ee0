/* SPDX-License-Identifier: Apache-2.0 */
/* YAML: a tree within its limits, whose texts are terminated, or an error that says the line. */
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "fuzz/target.h"

static size_t walk(const struct sk_yaml *node, size_t depth)
{
	size_t n = 1;

	if (depth > SK_YAML_MAX_DEPTH || node->line == 0)
		abort();
	if (node->type == SK_YAML_SCALAR && node->text[node->text_len] != '\0')
		abort();
	for (size_t i = 0; node->type == SK_YAML_SEQUENCE && i < node->n; i++)
		n += walk(node->items[i], depth + 1);
	for (size_t i = 0; node->type == SK_YAML_MAPPING && i < node->n; i++) {
		if (sk_yaml_get(node, node->pairs[i].key) != node->pairs[i].value)
			abort();
		n += 1 + walk(node->pairs[i].value, depth + 1);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct sk_yaml *root = NULL;
	struct sk_err err = {0};
	int r = sk_yaml_parse(sk_span_of(data, size), a, &root, &err);

	if (r < 0 && (err.code != -r || strstr(err.msg, "line ") == NULL))
		abort();
	if (r == 0 && root != NULL && walk(root, 0) > SK_YAML_MAX_NODES)
		abort();
	return 0;
}
