/* SPDX-License-Identifier: Apache-2.0 */
/* YAML events of libyaml become a tree of bounded size; aliases are refused, so it cannot explode.
 */
#include "base/yaml.h"

#include <string.h>

#include <yaml.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/text.h"

struct builder {
	yaml_parser_t parser;
	struct sk_arena *arena;
	size_t n_nodes;
};

static int next_event(struct builder *b, yaml_event_t *event, struct sk_err *err)
{
	if (yaml_parser_parse(&b->parser, event) == 1)
		return 0;
	return sk_err_set(err, SK_E_FORMAT, "YAML: line %zu column %zu: %s",
			  b->parser.problem_mark.line + 1, b->parser.problem_mark.column + 1,
			  b->parser.problem != NULL ? b->parser.problem : "malformed");
}

/* Returns 1 with an event inside of the collection that @end ends, 0 at its end. */
static int next_within(struct builder *b, yaml_event_type_t end, yaml_event_t *event,
		       struct sk_err *err)
{
	int r = next_event(b, event, err);

	if (r < 0 || event->type != end)
		return r < 0 ? r : 1;
	yaml_event_delete(event);
	return 0;
}

static int refuse(const yaml_event_t *event, int code, const char *what, struct sk_err *err)
{
	return sk_err_set(err, code, "YAML: line %zu column %zu: %s", event->start_mark.line + 1,
			  event->start_mark.column + 1, what);
}

static int build_node(struct builder *b, yaml_event_t *event, int depth, struct sk_yaml **ret,
		      struct sk_err *err);

static int build_items(struct builder *b, struct sk_yaml *node, int depth, struct sk_err *err)
{
	struct sk_yaml **items = NULL;
	yaml_event_t event;
	size_t cap = 0;
	int r;

	while ((r = next_within(b, YAML_SEQUENCE_END_EVENT, &event, err)) > 0) {
		SK_GROW(items, node->n, cap);
		r = build_node(b, &event, depth + 1, &items[node->n], err);
		if (r < 0)
			break;
		node->n++;
	}
	if (r == 0) {
		node->items = sk_arena_array(b->arena, node->n, sizeof(*items));
		if (node->n != 0)
			memcpy(node->items, items, node->n * sizeof(*items));
	}
	sk_free(items);
	return r;
}

static int build_pair(struct builder *b, yaml_event_t *key_event, int depth, struct sk_map *seen,
		      struct sk_yaml_pair *pair, struct sk_err *err)
{
	struct sk_yaml *key;
	yaml_event_t event;
	char quoted[80];
	int r;

	if (key_event->type != YAML_SCALAR_EVENT) {
		r = refuse(key_event, SK_E_FORMAT, "a key must be a scalar", err);
		yaml_event_delete(key_event);
		return r;
	}
	r = build_node(b, key_event, depth + 1, &key, err);
	if (r < 0)
		return r;
	if (sk_map_get(seen, sk_span_str(key->text), NULL))
		return sk_err_set(err, SK_E_FORMAT, "YAML: line %zu: key %s appears twice",
				  key->line,
				  sk_text_quote(sk_span_str(key->text), quoted, sizeof(quoted)));
	(void)sk_map_put(seen, sk_span_str(key->text), 0);
	pair->key = key->text;
	pair->line = key->line;
	r = next_event(b, &event, err);
	if (r < 0)
		return r;
	return build_node(b, &event, depth + 1, &pair->value, err);
}

static int build_pairs(struct builder *b, struct sk_yaml *node, int depth, struct sk_err *err)
{
	struct sk_yaml_pair *pairs = NULL;
	struct sk_map seen = {0};
	yaml_event_t event;
	size_t cap = 0;
	int r;

	while ((r = next_within(b, YAML_MAPPING_END_EVENT, &event, err)) > 0) {
		SK_GROW(pairs, node->n, cap);
		r = build_pair(b, &event, depth, &seen, &pairs[node->n], err);
		if (r < 0)
			break;
		node->n++;
	}
	if (r == 0) {
		node->pairs = sk_arena_array(b->arena, node->n, sizeof(*pairs));
		if (node->n != 0)
			memcpy(node->pairs, pairs, node->n * sizeof(*pairs));
	}
	sk_free(pairs);
	sk_map_release(&seen);
	return r;
}

/* Consumes @event. */
static int build_node(struct builder *b, yaml_event_t *event, int depth, struct sk_yaml **ret,
		      struct sk_err *err)
{
	struct sk_yaml *node = sk_arena_alloc(b->arena, sizeof(*node));
	int r = 0;

	node->line = event->start_mark.line + 1;
	node->column = event->start_mark.column + 1;
	if (depth > SK_YAML_MAX_DEPTH)
		r = refuse(event, SK_E_LIMIT, "nested too deeply", err);
	else if (++b->n_nodes > SK_YAML_MAX_NODES)
		r = refuse(event, SK_E_LIMIT, "too many nodes", err);
	else if (event->type == YAML_ALIAS_EVENT)
		r = refuse(event, SK_E_FORMAT, "aliases are not accepted, write the value out",
			   err);
	if (r < 0) {
		yaml_event_delete(event);
		return r;
	}
	if (event->type == YAML_SCALAR_EVENT) {
		node->type = SK_YAML_SCALAR;
		node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		node->text_len = event->data.scalar.length;
		node->text = sk_arena_str(
			b->arena, sk_span_of(event->data.scalar.value, event->data.scalar.length));
		yaml_event_delete(event);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		yaml_event_delete(event);
		node->type = SK_YAML_SEQUENCE;
		r = build_items(b, node, depth, err);
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		yaml_event_delete(event);
		node->type = SK_YAML_MAPPING;
		r = build_pairs(b, node, depth, err);
	} else {
		r = refuse(event, SK_E_FORMAT, "unexpected structure", err);
		yaml_event_delete(event);
	}
	*ret = node;
	return r;
}

static int build_document(struct builder *b, struct sk_yaml **ret, struct sk_err *err)
{
	struct sk_yaml *root = NULL;
	bool ended = false;
	int n_documents = 0;

	while (!ended) {
		yaml_event_t event;
		int r = next_event(b, &event, err);

		if (r < 0)
			return r;
		switch (event.type) {
		case YAML_STREAM_END_EVENT:
			ended = true;
			yaml_event_delete(&event);
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (++n_documents > 1)
				r = refuse(&event, SK_E_FORMAT, "a second document", err);
			yaml_event_delete(&event);
			break;
		case YAML_NO_EVENT:
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			yaml_event_delete(&event);
			break;
		default:
			r = build_node(b, &event, 0, &root, err);
			break;
		}
		if (r < 0)
			return r;
	}
	*ret = root;
	return 0;
}

int sk_yaml_parse(struct sk_span text, struct sk_arena *a, struct sk_yaml **ret, struct sk_err *err)
{
	struct builder b = {.arena = a};
	int r;

	if (yaml_parser_initialize(&b.parser) != 1)
		abort();
	yaml_parser_set_input_string(
		&b.parser, (const unsigned char *)(text.len != 0 ? text.ptr : ""), text.len);
	r = build_document(&b, ret, err);
	yaml_parser_delete(&b.parser);
	return r;
}

const struct sk_yaml *sk_yaml_get(const struct sk_yaml *y, const char *key)
{
	if (y == NULL || y->type != SK_YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < y->n; i++)
		if (strcmp(y->pairs[i].key, key) == 0)
			return y->pairs[i].value;
	return NULL;
}

const char *sk_yaml_text(const struct sk_yaml *y)
{
	if (y == NULL || y->type != SK_YAML_SCALAR)
		return NULL;
	if (y->plain &&
	    (y->text_len == 0 || strcmp(y->text, "~") == 0 || strcmp(y->text, "null") == 0))
		return NULL;
	return y->text;
}
