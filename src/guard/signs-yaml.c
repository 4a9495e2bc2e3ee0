/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text to signs, format "stockade.signs/1" (docs/formats/signs.md). Strict, as profiles are: a
 * sign that says less than its author thinks finds nothing.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/yaml.h"
#include "guard/signs.h"

enum {
	MAX_SIGNS = 10000,
	MAX_TEXT = 256, /* bytes of one value; what guard_signs matches is as long at most */
	QUOTE_SIZE = 100,
};

static const char *const fields[] = {
	[GUARD_SIGN_PROGRAM] = "program", [GUARD_SIGN_ARGUMENT] = "argument",
	[GUARD_SIGN_NAME] = "name",       [GUARD_SIGN_PATH] = "path",
	[GUARD_SIGN_PORT] = "port",
};

const char *guard_sign_field_name(enum guard_sign_field field)
{
	return (size_t)field < SK_ARRAY_LEN(fields) ? fields[field] : "";
}

static int fail(const struct sk_yaml *y, const char *what, const char *word, struct sk_err *err)
{
	char quoted[QUOTE_SIZE];

	if (word == NULL)
		return sk_err_set(err, SK_E_FORMAT, "signs: line %zu: %s", y->line, what);
	return sk_err_set(err, SK_E_FORMAT, "signs: line %zu: %s %s", y->line, what,
			  sk_text_quote(sk_span_str(word), quoted, sizeof(quoted)));
}

static bool parse_field(const char *text, enum guard_sign_field *ret)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(fields); i++) {
		if (strcmp(fields[i], text) == 0) {
			*ret = (enum guard_sign_field)i;
			return true;
		}
	}
	return false;
}

/* "T1496", "T1059.004" */
static bool is_technique(const char *text)
{
	size_t n = strlen(text);

	if (text[0] != 'T' || (n != 5 && n != 9) || (n == 9 && text[5] != '.'))
		return false;
	for (size_t i = 1; i < n; i++)
		if (i != 5 && (text[i] < '0' || text[i] > '9'))
			return false;
	return true;
}

static bool is_severity(const char *text)
{
	static const char *const words[] = {"critical", "high", "medium", "low"};

	for (size_t i = 0; i < SK_ARRAY_LEN(words); i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

static bool is_port(const char *text)
{
	uint32_t port;

	return sk_parse_u32(sk_span_str(text), &port) && port != 0 && port <= UINT16_MAX;
}

static const char *const keys[] = {"group", "field", "pattern", "severity", "attack", "text"};

enum {
	KEY_GROUP,
	KEY_FIELD,
	KEY_PATTERN,
	KEY_SEVERITY,
	KEY_ATTACK,
	KEY_TEXT,
	N_KEYS,
};

_Static_assert(SK_ARRAY_LEN(keys) == N_KEYS, "keys");

static int read_values(const struct sk_yaml *y, const char **values, struct sk_err *err)
{
	if (y->type != SK_YAML_MAPPING)
		return fail(y, "a sign is a mapping (key: value)", NULL, err);
	for (size_t i = 0; i < y->n; i++) {
		const char *text = sk_yaml_text(y->pairs[i].value);
		size_t k = 0;

		while (k < N_KEYS && strcmp(keys[k], y->pairs[i].key) != 0)
			k++;
		if (k == N_KEYS)
			return fail(y->pairs[i].value, "unknown key", y->pairs[i].key, err);
		if (text == NULL || text[0] == '\0' || strlen(text) != y->pairs[i].value->text_len)
			return fail(y->pairs[i].value, "a text is expected for", keys[k], err);
		if (strlen(text) >= MAX_TEXT)
			return fail(y->pairs[i].value, "too long:", keys[k], err);
		values[k] = text;
	}
	for (size_t k = 0; k < N_KEYS; k++)
		if (values[k] == NULL)
			return fail(y, "the sign lacks the key", keys[k], err);
	return 0;
}

/* Fits everything, or as good as. */
static bool is_empty_pattern(const char *pattern)
{
	while (*pattern == '*' || *pattern == '/')
		pattern++;
	return *pattern == '\0';
}

static int read_sign(const struct sk_yaml *y, struct sk_arena *a, struct guard_sign *ret,
		     struct sk_err *err)
{
	const char *values[N_KEYS] = {NULL};
	int r = read_values(y, values, err);

	if (r < 0)
		return r;
	if (!parse_field(values[KEY_FIELD], &ret->field))
		return fail(y, "program, argument, name, path or port is expected, not",
			    values[KEY_FIELD], err);
	if (is_empty_pattern(values[KEY_PATTERN]))
		return fail(y, "the pattern fits everything:", values[KEY_PATTERN], err);
	if (ret->field == GUARD_SIGN_PORT && !is_port(values[KEY_PATTERN]))
		return fail(y, "not a port:", values[KEY_PATTERN], err);
	if (ret->field == GUARD_SIGN_PROGRAM && strchr(values[KEY_PATTERN], '/') != NULL)
		return fail(y, "a program is known by its base name, not by", values[KEY_PATTERN],
			    err);
	if (ret->field == GUARD_SIGN_NAME && strchr(values[KEY_PATTERN], '*') != NULL)
		return fail(y, "names below are meant anyway, without a star:", values[KEY_PATTERN],
			    err);
	if (!is_severity(values[KEY_SEVERITY]))
		return fail(y, "critical, high, medium or low is expected, not",
			    values[KEY_SEVERITY], err);
	if (!is_technique(values[KEY_ATTACK]))
		return fail(y, "not a technique of ATT&CK (T1496, T1059.004):", values[KEY_ATTACK],
			    err);
	ret->group = sk_arena_strdup(a, values[KEY_GROUP]);
	ret->pattern = sk_arena_strdup(a, values[KEY_PATTERN]);
	ret->severity = sk_arena_strdup(a, values[KEY_SEVERITY]);
	ret->attack = sk_arena_strdup(a, values[KEY_ATTACK]);
	ret->text = sk_arena_strdup(a, values[KEY_TEXT]);
	return 0;
}

static int read_list(const struct sk_yaml *y, struct guard_sign_list *l, struct sk_err *err)
{
	struct guard_sign *items;
	int r = 0;

	if (y->type != SK_YAML_SEQUENCE)
		return fail(y, "a list of signs is expected here", NULL, err);
	if (y->n > MAX_SIGNS)
		return sk_err_set(err, SK_E_LIMIT, "signs: more than %d", MAX_SIGNS);
	items = sk_arena_alloc(l->arena, (y->n + 1) * sizeof(*items));
	for (size_t i = 0; r == 0 && i < y->n; i++)
		r = read_sign(y->items[i], l->arena, &items[i], err);
	l->items = items;
	l->n = y->n;
	return r;
}

static int read_document(const struct sk_yaml *y, struct guard_sign_list *l, struct sk_err *err)
{
	const struct sk_yaml *schema = sk_yaml_get(y, "schema"), *signs = sk_yaml_get(y, "signs");
	const char *text = sk_yaml_text(schema);

	if (text == NULL || strcmp(text, GUARD_SIGNS_SCHEMA) != 0)
		return fail(y, "the key schema: " GUARD_SIGNS_SCHEMA " is missing", NULL, err);
	for (size_t i = 0; i < y->n; i++)
		if (strcmp(y->pairs[i].key, "schema") != 0 && strcmp(y->pairs[i].key, "signs") != 0)
			return fail(y->pairs[i].value, "unknown key", y->pairs[i].key, err);
	if (signs == NULL)
		return fail(y, "the key signs is missing", NULL, err);
	return read_list(signs, l, err);
}

int guard_signs_parse(struct sk_span text, struct guard_sign_list **ret, struct sk_err *err)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(guard_signs_freep) struct guard_sign_list *l = sk_alloc(sizeof(*l));
	struct sk_yaml *root = NULL;
	int r;

	l->arena = sk_arena_new();
	if (text.len > GUARD_SIGNS_MAX_BYTES)
		return sk_err_set(err, SK_E_LIMIT, "signs: larger than %d bytes",
				  GUARD_SIGNS_MAX_BYTES);
	r = sk_yaml_parse(text, a, &root, err);
	if (r < 0)
		return sk_err_wrap(err, r, "signs");
	if (root == NULL || root->type != SK_YAML_MAPPING)
		return sk_err_set(err, SK_E_FORMAT,
				  "signs: a mapping with schema and signs is expected");
	r = read_document(root, l, err);
	if (r < 0)
		return r;
	*ret = sk_take(l);
	return 0;
}

void guard_signs_free(struct guard_sign_list *l)
{
	if (l == NULL)
		return;
	sk_arena_free(l->arena);
	sk_free(l);
}
