/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles from YAML: mappings and lists by table, and the values that they hold. */
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/parse.h"
#include "base/text.h"
#include "guard/profile-priv.h"
#include "guard/profile-yaml-priv.h"

enum {
	QUOTE_SIZE = 100,
};

int guard_read_fail(struct guard_reader *r, const struct sk_yaml *y, const char *what)
{
	return sk_err_set(r->err, SK_E_FORMAT, "profile: line %zu: %s", y->line, what);
}

int guard_read_fail_word(struct guard_reader *r, const struct sk_yaml *y, const char *what,
			 const char *word)
{
	char quoted[QUOTE_SIZE];

	return sk_err_set(r->err, SK_E_FORMAT, "profile: line %zu: %s %s", y->line, what,
			  sk_text_quote(sk_span_str(word), quoted, sizeof(quoted)));
}

static int read_field(struct guard_reader *r, const struct sk_yaml *y, const struct guard_field *f,
		      void *to)
{
	return f->list != NULL ? guard_read_list(r, y, f->list, to) : f->read(r, y, to);
}

/* Returns the number of the key's field, or @n. */
static size_t find_field(const char *key, const struct guard_field *fields, size_t n)
{
	size_t f = 0;

	while (f < n && strcmp(fields[f].name, key) != 0)
		f++;
	return f;
}

static int unknown_key(struct guard_reader *r, const struct sk_yaml_pair *pair)
{
	const struct sk_yaml key = {.line = pair->line};

	return guard_read_fail_word(r, &key, "unknown key", pair->key);
}

int guard_read_known(struct guard_reader *r, const struct sk_yaml *y,
		     const struct guard_field *fields, size_t n)
{
	for (size_t i = 0; y->type == SK_YAML_MAPPING && i < y->n; i++)
		if (find_field(y->pairs[i].key, fields, n) == n)
			return unknown_key(r, &y->pairs[i]);
	return 0;
}

int guard_read_mapping(struct guard_reader *r, const struct sk_yaml *y,
		       const struct guard_field *fields, size_t n, void *to)
{
	if (y->type != SK_YAML_MAPPING)
		return guard_read_fail(r, y, "a mapping (key: value) is expected here");
	for (size_t i = 0; i < y->n; i++) {
		size_t f = find_field(y->pairs[i].key, fields, n);
		int res;

		if (f == n)
			return unknown_key(r, &y->pairs[i]);
		res = read_field(r, y->pairs[i].value, &fields[f], (char *)to + fields[f].offset);
		if (res < 0)
			return res;
	}
	return 0;
}

int guard_read_expect_list(struct guard_reader *r, const struct sk_yaml *y)
{
	if (y->type != SK_YAML_SEQUENCE)
		return guard_read_fail(r, y, "a list is expected here");
	if (y->n > GUARD_MAX_ITEMS)
		return sk_err_set(r->err, SK_E_LIMIT, "profile: line %zu: more than %d items",
				  y->line, GUARD_MAX_ITEMS);
	return 0;
}

/* One more item of the array, all zero. */
static void *add_item(void *to, const struct guard_list *l)
{
	char **items = (char **)((char *)to + l->items);
	size_t *n = (size_t *)((char *)to + l->n), *cap = (size_t *)((char *)to + l->cap);

	if (*n == *cap) {
		*cap = *cap != 0 ? *cap * 2 : 16;
		*items = sk_realloc_array(*items, *cap, l->item_size);
	}
	return memset(*items + (*n)++ * l->item_size, 0, l->item_size);
}

int guard_read_list(struct guard_reader *r, const struct sk_yaml *y, const struct guard_list *l,
		    void *to)
{
	struct guard_seen seen = {0};
	int res = guard_read_expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++)
		res = l->read(r, y->items[i], add_item(to, l), &seen);
	sk_map_release(&seen.keys);
	sk_map_release(&seen.paths);
	return res;
}

bool guard_read_is_first(struct sk_map *seen, struct sk_span key)
{
	size_t n = seen->n_items;

	(void)sk_map_put(seen, key, 0);
	return seen->n_items != n;
}

/* Values */

int guard_read_scalar(struct guard_reader *r, const struct sk_yaml *y, struct sk_span *ret)
{
	const char *text = sk_yaml_text(y);

	if (text == NULL)
		return guard_read_fail(r, y, "a value is expected here");
	if (y->text_len > GUARD_TEXT_MAX)
		return guard_read_fail(r, y, "the value is too long");
	if (strlen(text) != y->text_len)
		return guard_read_fail(r, y, "the value holds a NUL byte");
	*ret = sk_span_of(text, y->text_len);
	return 0;
}

int guard_read_text(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res < 0)
		return res;
	if (s.len == 0)
		return guard_read_fail(r, y, "the value is empty");
	*(const char **)to = sk_arena_str(r->p->arena, s);
	return 0;
}

int guard_read_bool(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_span_eq_str(s, "true") && !sk_span_eq_str(s, "false"))
		return guard_read_fail_word(r, y, "true or false is expected, not", s.ptr);
	*(bool *)to = s.ptr[0] == 't';
	return 0;
}

int guard_read_u64(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_parse_u64(s, to))
		return guard_read_fail_word(r, y, "a number is expected, not", s.ptr);
	return 0;
}

int guard_read_u32(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_parse_u32(s, to))
		return guard_read_fail_word(r, y, "a number is expected, not", s.ptr);
	return 0;
}

int guard_read_port(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	uint32_t port = 0;
	int res = guard_read_u32(r, y, &port);

	if (res < 0)
		return res;
	if (port == 0 || port > UINT16_MAX)
		return guard_read_fail(r, y, "a port is a number from 1 to 65535");
	*(uint16_t *)to = (uint16_t)port;
	return 0;
}

int guard_read_time(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_parse_time(s, to))
		return guard_read_fail_word(
			r, y, "a time such as 2026-01-31T12:00:00Z is expected, not", s.ptr);
	return 0;
}

int guard_read_mode(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!guard_mode_parse(s.ptr, to))
		return guard_read_fail_word(r, y, "a mode is audit, alert or enforce, not", s.ptr);
	return 0;
}

int guard_read_protocol(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	static const char *const words[] = {"tcp", "udp", "unix"};
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res < 0)
		return res;
	for (size_t i = 0; i < SK_ARRAY_LEN(words); i++) {
		if (sk_span_eq_str(s, words[i])) {
			*(const char **)to = words[i];
			return 0;
		}
	}
	return guard_read_fail_word(r, y, "a protocol is tcp, udp or unix, not", s.ptr);
}
