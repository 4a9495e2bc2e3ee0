/* SPDX-License-Identifier: Apache-2.0 */
/* YAML: small documents (configuration, ignore lists, profiles) as a tree, through libyaml. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"

enum sk_yaml_type {
	SK_YAML_SCALAR,
	SK_YAML_SEQUENCE,
	SK_YAML_MAPPING,
};

/** struct sk_yaml_pair - member of a mapping */
struct sk_yaml_pair {
	const char *key;
	size_t line; /* of the key, from 1 */
	struct sk_yaml *value;
};

/** struct sk_yaml - node; lives in the arena given to sk_yaml_parse() */
struct sk_yaml {
	enum sk_yaml_type type;
	size_t line; /* from 1 */
	size_t column;
	bool plain;       /* scalar without quotes */
	const char *text; /* scalar, NUL-terminated */
	size_t text_len;
	struct sk_yaml **items;     /* sequence */
	struct sk_yaml_pair *pairs; /* mapping, document order */
	size_t n;                   /* items or pairs */
};

enum {
	SK_YAML_MAX_NODES = 1000000,
	SK_YAML_MAX_DEPTH = 64,
};

/**
 * sk_yaml_parse() - parse one document
 * @text: UTF-8 YAML 1.1
 * @a: nodes live here
 * @ret: root; NULL for an empty document
 * @err: filled on failure, with line and column
 *
 * Aliases, repeated keys, keys that are no scalars and several documents are refused.
 * Return: 0, or negative. Errors: SK_E_FORMAT; SK_E_LIMIT too deep or too many nodes.
 */
sk_must_check int sk_yaml_parse(struct sk_span text, struct sk_arena *a, struct sk_yaml **ret,
				struct sk_err *err);

/**
 * sk_yaml_get() - member of a mapping
 * @y: any node or NULL
 * @key: name
 *
 * Return: NULL when absent or no mapping.
 */
const struct sk_yaml *sk_yaml_get(const struct sk_yaml *y, const char *key);

/**
 * sk_yaml_text() - text of a scalar
 * @y: any node or NULL
 *
 * Return: NULL when it is no scalar, or null (plain "", "~", "null").
 */
const char *sk_yaml_text(const struct sk_yaml *y);
