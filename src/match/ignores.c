/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .stockadeignore: a YAML list of {id, package, path, reason, until}. A rule holds a finding back
 * when every one of id, package and path that it names agrees. docs/formats/stockadeignore.md.
 */
#include "base/parse.h"
#include "base/text.h"
#include "base/yaml.h"
#include "match/match-priv.h"

enum {
	MAX_GLOB = 1024, /* bytes of a pattern: bounds the work for each location */
	DAY = 86400,
};

static int complain(struct sk_err *err, const char *file, const struct sk_yaml *at,
		    const char *what)
{
	return sk_err_set(err, SK_E_FORMAT, "%s:%zu: %s", file, at->line, what);
}

/* A date counts to its end: the first second of the day after. */
static bool parse_until(const char *text, int64_t *ret)
{
	struct sk_span s = sk_span_str(text);

	if (!sk_parse_time(s, ret))
		return false;
	if (s.len == strlen("2025-01-31"))
		*ret += DAY;
	return true;
}

static int read_member(const struct sk_yaml_pair *pair, const char *file, struct sk_arena *a,
		       struct match_ignore *rule, struct sk_err *err)
{
	const struct {
		const char *key;
		const char **place;
	} texts[] = {
		{"id", &rule->id},
		{"package", &rule->package},
		{"path", &rule->path},
		{"reason", &rule->reason},
	};
	const char *text = sk_yaml_text(pair->value);
	char quoted[64];

	if (pair->value->type != SK_YAML_SCALAR)
		return complain(err, file, pair->value, "an ignore rule's members are plain texts");
	if (text != NULL && strlen(text) != pair->value->text_len)
		return complain(err, file, pair->value, "a NUL byte");
	for (size_t i = 0; i < SK_ARRAY_LEN(texts); i++) {
		if (strcmp(texts[i].key, pair->key) != 0)
			continue;
		*texts[i].place = text != NULL && *text != '\0' ? sk_arena_strdup(a, text) : NULL;
		return 0;
	}
	if (strcmp(pair->key, "until") != 0)
		return sk_err_set(err, SK_E_FORMAT,
				  "%s:%zu: unknown member %s; there are id, package, path, reason "
				  "and until",
				  file, pair->value->line,
				  sk_text_quote(sk_span_str(pair->key), quoted, sizeof(quoted)));
	if (text != NULL && !parse_until(text, &rule->until))
		return complain(err, file, pair->value, "until: no date such as 2026-01-31");
	return 0;
}

static int read_rule(const struct sk_yaml *y, const char *file, struct sk_arena *a,
		     struct match_ignore *ret, struct sk_err *err)
{
	if (y->type != SK_YAML_MAPPING)
		return complain(err, file, y,
				"an ignore rule has members: id, package, path, "
				"reason, until");
	*ret = (struct match_ignore){0};
	for (size_t i = 0; i < y->n; i++) {
		int r = read_member(&y->pairs[i], file, a, ret, err);

		if (r < 0)
			return r;
	}
	if (ret->reason == NULL)
		return complain(err, file, y, "an ignore rule needs a reason");
	if (ret->id == NULL && ret->package == NULL && ret->path == NULL)
		return complain(err, file, y, "an ignore rule needs an id, a package or a path");
	if (ret->path != NULL && strlen(ret->path) > MAX_GLOB)
		return complain(err, file, y, "path: longer than 1024 bytes");
	ret->source = sk_arena_printf(a, "%s:%zu", file, y->line);
	return 0;
}

int match_ignores_parse(struct sk_span text, const char *file, struct sk_arena *a,
			struct match_ignores *ret, struct sk_err *err)
{
	struct match_ignores list = {0};
	struct sk_yaml *root;
	int r = sk_yaml_parse(text, a, &root, err);

	if (r < 0)
		return sk_err_wrap(err, r, "%s", file);
	if (root == NULL || (root->type == SK_YAML_SCALAR && sk_yaml_text(root) == NULL)) {
		*ret = list;
		return 0;
	}
	if (root->type != SK_YAML_SEQUENCE)
		return complain(err, file, root, "an ignore file is a list of rules");
	list.rules = sk_arena_array(a, root->n, sizeof(*list.rules));
	for (size_t i = 0; i < root->n; i++) {
		r = read_rule(root->items[i], file, a, &list.rules[i], err);
		if (r < 0)
			return r;
	}
	list.n_rules = root->n;
	*ret = list;
	return 0;
}

/*
 * Shell pattern over a whole path: '?' and '*' do not match '/', '**' matches everything, "**" with
 * its slash also nothing. Linear in pattern × text: reachable pattern positions, byte by byte.
 */
static bool glob_matches(const char *pattern, const char *text)
{
	bool at[MAX_GLOB + 2] = {[0] = true}, next[MAX_GLOB + 2];
	size_t n = strlen(pattern);

	for (const char *c = text;; c++) {
		/* a star also matches nothing */
		for (size_t i = 0; i < n; i++) {
			if (!at[i] || pattern[i] != '*')
				continue;
			at[i + 1] = true;
			if (pattern[i + 1] == '*' && pattern[i + 2] == '/')
				at[i + 3] = at[i + 3] || c == text || c[-1] == '/';
		}
		if (*c == '\0')
			return at[n];
		memset(next, 0, n + 2);
		for (size_t i = 0; i < n; i++) {
			bool deep = pattern[i] == '*' &&
				    (pattern[i + 1] == '*' || (i > 0 && pattern[i - 1] == '*'));

			if (!at[i])
				continue;
			if (pattern[i] == '*')
				next[i] = next[i] || deep || *c != '/';
			else if (pattern[i] == *c || (pattern[i] == '?' && *c != '/'))
				next[i + 1] = true;
		}
		memcpy(at, next, n + 2);
	}
}

bool match_glob(const char *pattern, const char *path)
{
	while (*pattern == '/')
		pattern++;
	while (*path == '/')
		path++;
	return strlen(pattern) <= MAX_GLOB && glob_matches(pattern, path);
}

/* "pkg:npm/a@1?x=y" and "pkg:npm/a" name the same package. */
static struct sk_span purl_without_version(const char *purl)
{
	struct sk_span s = sk_span_str(purl);
	size_t at;

	s = sk_span_sub(s, 0, sk_span_find(s, '#'));
	s = sk_span_sub(s, 0, sk_span_find(s, '?'));
	at = sk_span_rfind(s, '@');
	if (at < s.len && at > sk_span_rfind(s, '/') + 1)
		s = sk_span_sub(s, 0, at);
	return s;
}

static bool id_agrees(const char *id, const struct model_finding *f)
{
	struct sk_span s = sk_span_str(id);

	if (sk_span_eq_nocase(s, sk_span_str(f->id)))
		return true;
	for (size_t i = 0; i < f->n_aliases; i++) {
		if (sk_span_eq_nocase(s, sk_span_str(f->aliases[i])))
			return true;
	}
	return false;
}

static bool package_agrees(const char *name, const struct model_package *p)
{
	if (strncmp(name, "pkg:", 4) == 0)
		return p->purl != NULL &&
		       (strcmp(name, p->purl) == 0 ||
			sk_span_eq(sk_span_str(name), purl_without_version(p->purl)));
	return strcmp(name, p->name) == 0 ||
	       (p->source_name != NULL && strcmp(name, p->source_name) == 0);
}

static bool path_agrees(const char *pattern, const struct model_package *p)
{
	for (size_t i = 0; i < p->n_locations; i++) {
		if (match_glob(pattern, p->locations[i]))
			return true;
	}
	return false;
}

const struct match_ignore *match_ignores_find(const struct match_ignores *ignores,
					      const struct model_finding *f, int64_t now,
					      bool *used)
{
	const struct match_ignore *found = NULL;

	for (size_t i = 0; i < ignores->n_rules; i++) {
		const struct match_ignore *rule = &ignores->rules[i];

		if (rule->until != 0 && rule->until <= now)
			continue;
		if ((rule->id != NULL && !id_agrees(rule->id, f)) ||
		    (rule->package != NULL && !package_agrees(rule->package, f->package)) ||
		    (rule->path != NULL && !path_agrees(rule->path, f->package)))
			continue;
		used[i] = true;
		if (found == NULL)
			found = rule;
	}
	return found;
}
