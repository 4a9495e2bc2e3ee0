/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Package URLs: parsing and canonical text after the purl specification (ECMA-427, core and type
 * definitions). One deliberate difference: npm and golang names keep their case, because both
 * registries hold packages that differ by case alone and advisories name them exactly.
 */
#include "model/purl.h"

#include <stdbool.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/parse.h"
#include "base/text.h"

enum {
	PURL_MAX_LEN = 8192,      /* longest text that is read */
	PURL_MAX_QUALIFIERS = 64, /* the types define fewer than ten */
};

enum purl_rule {
	PURL_NS_LOWER = 1 << 0,
	PURL_NAME_LOWER = 1 << 1,
	PURL_VERSION_LOWER = 1 << 2,
	PURL_NAME_PEP503 = 1 << 3,     /* runs of - _ . become one -, lower case */
	PURL_NAME_UNDERSCORE = 1 << 4, /* pub: - becomes _ */
	PURL_NS_REQUIRED = 1 << 5,
	PURL_NS_PROHIBITED = 1 << 6,
	PURL_VERSION_REQUIRED = 1 << 7,
	PURL_NS_UPPER = 1 << 8,
	PURL_CONAN = 1 << 9,   /* user and channel come together */
	PURL_MLFLOW = 1 << 10, /* lower case on Databricks only */
	PURL_BOTH_LOWER = PURL_NS_LOWER | PURL_NAME_LOWER,
};

/** struct purl_type - what a type definition asks for beyond the core rules */
struct purl_type {
	const char *type;
	unsigned rules;
	const char *required; /* qualifier that must be there, or NULL */
};

/* Types without an entry follow the core rules alone. Source: purl-spec types definitions. */
static const struct purl_type types[] = {
	{"alpm", PURL_BOTH_LOWER, NULL},
	{"apk", PURL_BOTH_LOWER, NULL},
	{"bitbucket", PURL_BOTH_LOWER, NULL},
	{"bitnami", PURL_NAME_LOWER | PURL_NS_PROHIBITED, NULL},
	{"cargo", PURL_NS_PROHIBITED, NULL},
	{"cocoapods", PURL_NS_PROHIBITED, NULL},
	{"composer", PURL_BOTH_LOWER, NULL},
	{"conan", PURL_CONAN, NULL},
	{"conda", PURL_NS_PROHIBITED, NULL},
	{"cpan", PURL_NS_UPPER, NULL},
	{"cran", PURL_NS_PROHIBITED | PURL_VERSION_REQUIRED, NULL},
	{"deb", PURL_BOTH_LOWER, NULL},
	{"github", PURL_BOTH_LOWER, NULL},
	{"gitlab", PURL_BOTH_LOWER, NULL},
	{"hackage", PURL_NS_PROHIBITED, NULL},
	{"hex", PURL_BOTH_LOWER, NULL},
	{"huggingface", PURL_VERSION_LOWER, NULL},
	{"julia", PURL_NS_PROHIBITED, "uuid"},
	{"luarocks", PURL_BOTH_LOWER, NULL},
	{"mlflow", PURL_MLFLOW, NULL},
	{"nuget", PURL_NS_PROHIBITED, NULL},
	{"oci", PURL_NAME_LOWER | PURL_NS_PROHIBITED, NULL},
	{"otp", PURL_NAME_LOWER | PURL_NS_PROHIBITED, NULL},
	{"pub", PURL_NAME_LOWER | PURL_NAME_UNDERSCORE | PURL_NS_PROHIBITED, NULL},
	{"pypi", PURL_NAME_PEP503 | PURL_NS_PROHIBITED, NULL},
	{"qpkg", PURL_NS_LOWER, NULL},
	{"rpm", PURL_NS_LOWER, NULL},
	{"swid", 0, "tag_id"},
	{"swift", PURL_NS_REQUIRED | PURL_VERSION_REQUIRED, NULL},
	{"vscode-extension", PURL_BOTH_LOWER | PURL_VERSION_LOWER, NULL},
};

/* strchr() would find the NUL that ends the set. */
static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static void lower_text(char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		*s = sk_lower(*s);
}

static void upper_text(char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		*s = sk_upper(*s);
}

static unsigned rules_of(const char *type, const char **ret_required)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(types); i++) {
		if (strcmp(types[i].type, type) == 0) {
			*ret_required = types[i].required;
			return types[i].rules;
		}
	}
	*ret_required = NULL;
	return 0;
}

static int malformed(struct sk_err *err, struct sk_span text, const char *why)
{
	char quoted[96];

	return sk_err_set(err, SK_E_FORMAT, "package URL %s: %s",
			  sk_text_quote(text, quoted, sizeof(quoted)), why);
}

static bool valid_utf8(struct sk_span s)
{
	uint32_t cp;

	while (s.len > 0) {
		if (!sk_utf8_next(&s, &cp))
			return false;
	}
	return true;
}

/* NULL when an escape is cut or no hexadecimal, or the bytes are no UTF-8 or hold a NUL. */
static char *decode(struct sk_span s, struct sk_arena *a)
{
	char *out = sk_arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = (uint8_t)s.ptr[i];

		if (c == '%') {
			if (!sk_parse_hex(sk_span_sub(s, i + 1, 2), &c, 1))
				return NULL;
			i += 2;
		}
		if (c == '\0')
			return NULL;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return valid_utf8(sk_span_of(out, n)) ? out : NULL;
}

/* "a//b/" → "a/b", each segment decoded; *ret is NULL when nothing is left. */
static bool decode_path(struct sk_span s, bool dots_dropped, struct sk_arena *a, char **ret)
{
	char *out = sk_arena_alloc(a, s.len + 1);
	struct sk_span segment;
	size_t n = 0;

	*ret = NULL;
	while (sk_span_cut(&s, '/', &segment)) {
		if (segment.len == 0)
			continue;
		char *text = decode(segment, a);
		if (text == NULL || strchr(text, '/') != NULL)
			return false;
		if (dots_dropped && (strcmp(text, ".") == 0 || strcmp(text, "..") == 0))
			continue;
		if (n > 0)
			out[n++] = '/';
		size_t len = strlen(text);
		memcpy(out + n, text, len);
		n += len;
	}
	out[n] = '\0';
	if (n > 0)
		*ret = out;
	return true;
}

static bool key_valid(struct sk_span key)
{
	if (key.len == 0 || sk_is_digit(key.ptr[0]))
		return false;
	for (size_t i = 0; i < key.len; i++) {
		if (!sk_is_alnum(key.ptr[i]) && !is_one_of(key.ptr[i], ".-_"))
			return false;
	}
	return true;
}

/* Sorted insertion; false when the key is there already. */
static bool insert_qualifier(struct model_purl *p, const char *key, const char *value)
{
	size_t at = p->n_qualifiers;

	while (at > 0 && strcmp(p->qualifiers[at - 1].key, key) > 0)
		at--;
	if (at > 0 && strcmp(p->qualifiers[at - 1].key, key) == 0)
		return false;
	memmove(p->qualifiers + at + 1, p->qualifiers + at,
		(p->n_qualifiers - at) * sizeof(*p->qualifiers));
	p->qualifiers[at] = (struct model_purl_qualifier){.key = key, .value = value};
	p->n_qualifiers++;
	return true;
}

static int parse_qualifiers(struct sk_span text, struct sk_span s, struct sk_arena *a,
			    struct model_purl *p, struct sk_err *err)
{
	struct sk_span pair;

	p->qualifiers = sk_arena_array(a, PURL_MAX_QUALIFIERS, sizeof(*p->qualifiers));
	while (sk_span_cut(&s, '&', &pair)) {
		size_t eq = sk_span_find(pair, '=');
		struct sk_span raw_key = sk_span_sub(pair, 0, eq);

		if (pair.len == 0)
			continue;
		if (eq == pair.len || !key_valid(raw_key))
			return malformed(err, text, "bad qualifier");
		char *key = sk_arena_str(a, raw_key);
		char *value = decode(sk_span_sub(pair, eq + 1, pair.len), a);
		lower_text(key);
		if (value == NULL)
			return malformed(err, text, "bad percent-encoding in a qualifier");
		if (*value == '\0')
			continue; /* the same as an absent one */
		if (p->n_qualifiers == PURL_MAX_QUALIFIERS)
			return malformed(err, text, "too many qualifiers");
		if (!insert_qualifier(p, key, value))
			return malformed(err, text, "a qualifier is repeated");
	}
	return 0;
}

static void pep503(char *name)
{
	char *out = name;

	for (const char *in = name; *in != '\0'; in++) {
		if (!is_one_of(*in, "-_."))
			*out++ = sk_lower(*in);
		else if (out == name || out[-1] != '-')
			*out++ = '-';
	}
	*out = '\0';
}

static void normalise_name(char *name, unsigned rules)
{
	if ((rules & PURL_NAME_LOWER) != 0)
		lower_text(name);
	if ((rules & PURL_NAME_PEP503) != 0)
		pep503(name);
	if ((rules & PURL_NAME_UNDERSCORE) != 0) {
		for (char *c = name; *c != '\0'; c++)
			*c = *c == '-' ? '_' : *c;
	}
}

static const char *type_complaint(const struct model_purl *p, unsigned rules, const char *required)
{
	if ((rules & PURL_NS_REQUIRED) != 0 && p->ns == NULL)
		return "the type wants a namespace";
	if ((rules & PURL_NS_PROHIBITED) != 0 && p->ns != NULL)
		return "the type has no namespaces";
	if ((rules & PURL_VERSION_REQUIRED) != 0 && p->version == NULL)
		return "the type wants a version";
	if (required != NULL && model_purl_get(p, required) == NULL)
		return "a qualifier that the type wants is missing";
	if ((rules & PURL_CONAN) != 0 && (p->ns != NULL) != (model_purl_get(p, "channel") != NULL))
		return "a namespace and a channel come together";
	return NULL;
}

/* The type's own normalisation; name, ns and version are fresh copies in the arena. */
static const char *apply_type(struct model_purl *p, char *ns, char *name, char *version)
{
	const char *required;
	unsigned rules = rules_of(p->type, &required);
	const char *repository = model_purl_get(p, "repository_url");

	if ((rules & PURL_MLFLOW) != 0 && repository != NULL &&
	    sk_span_contains(sk_span_str(repository), "databricks"))
		rules |= PURL_NAME_LOWER;
	if ((rules & PURL_NS_LOWER) != 0)
		lower_text(ns);
	if ((rules & PURL_NS_UPPER) != 0)
		upper_text(ns);
	if ((rules & PURL_VERSION_LOWER) != 0)
		lower_text(version);
	normalise_name(name, rules);
	p->ns = ns;
	p->name = name;
	p->version = version;
	return type_complaint(p, rules, required);
}

static bool parse_type(struct sk_span s, struct sk_arena *a, struct model_purl *p)
{
	if (s.len == 0 || sk_is_digit(s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!sk_is_alnum(s.ptr[i]) && !is_one_of(s.ptr[i], ".-+"))
			return false;
	}
	char *type = sk_arena_str(a, s);
	lower_text(type);
	p->type = type;
	return true;
}

static struct sk_span strip_slashes(struct sk_span s)
{
	while (s.len > 0 && s.ptr[0] == '/')
		s = sk_span_sub(s, 1, s.len);
	while (s.len > 0 && s.ptr[s.len - 1] == '/')
		s.len--;
	return s;
}

/*
 * The '@' that begins the version: the last one, unless it begins a path segment that another
 * follows, where it is an npm scope that was not encoded.
 */
static size_t version_at(struct sk_span s)
{
	size_t at = sk_span_rfind(s, '@');
	bool begins_segment = at == 0 || (at < s.len && s.ptr[at - 1] == '/');

	if (begins_segment && sk_span_find(sk_span_sub(s, at, s.len), '/') < s.len - at)
		return s.len;
	return at;
}

/* "ns/ns/name@version", already without slashes at both ends. */
static int parse_path(struct sk_span text, struct sk_span s, struct sk_arena *a,
		      struct model_purl *p, struct sk_err *err)
{
	size_t at = version_at(s);
	struct sk_span path = strip_slashes(sk_span_sub(s, 0, at));
	size_t slash = sk_span_rfind(path, '/');
	char *ns = NULL, *name, *version = NULL;

	if (at < s.len) {
		version = decode(sk_span_sub(s, at + 1, s.len), a);
		if (version == NULL)
			return malformed(err, text, "bad percent-encoding in the version");
		if (*version == '\0')
			version = NULL;
	}
	if (slash < path.len && !decode_path(sk_span_sub(path, 0, slash), false, a, &ns))
		return malformed(err, text, "bad namespace");
	name = decode(slash < path.len ? sk_span_sub(path, slash + 1, path.len) : path, a);
	if (name == NULL)
		return malformed(err, text, "bad percent-encoding in the name");
	if (*name == '\0')
		return malformed(err, text, "no name");

	const char *complaint = apply_type(p, ns, name, version);
	return complaint != NULL ? malformed(err, text, complaint) : 0;
}

int model_purl_parse(struct sk_span text, struct sk_arena *a, struct model_purl *ret,
		     struct sk_err *err)
{
	struct model_purl p = {0};
	struct sk_span s = text;
	char *subpath = NULL;
	size_t at;
	int r;

	if (s.len > PURL_MAX_LEN)
		return malformed(err, text, "longer than 8 KiB");
	at = sk_span_rfind(s, '#');
	if (at < s.len && !decode_path(sk_span_sub(s, at + 1, s.len), true, a, &subpath))
		return malformed(err, text, "bad subpath");
	p.subpath = subpath;
	s = sk_span_sub(s, 0, at);

	at = sk_span_find(s, ':');
	if (at == s.len ||
	    !sk_span_eq_nocase(sk_span_sub(s, 0, at), (struct sk_span)SK_SPAN("pkg")))
		return malformed(err, text, "does not begin with pkg:");
	s = sk_span_sub(s, at + 1, s.len);

	at = sk_span_rfind(s, '?');
	if (at < s.len) {
		r = parse_qualifiers(text, sk_span_sub(s, at + 1, s.len), a, &p, err);
		if (r < 0)
			return r;
	}
	s = strip_slashes(sk_span_sub(s, 0, at));
	at = sk_span_find(s, '/');
	if (at == s.len || !parse_type(sk_span_sub(s, 0, at), a, &p))
		return malformed(err, text, "no type, or a malformed one");
	r = parse_path(text, strip_slashes(sk_span_sub(s, at + 1, s.len)), a, &p, err);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

/* Everything but unreserved characters and ':' is encoded; '/' stays where it separates. */
static void encode(struct sk_buf *b, const char *s, bool is_path)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (sk_is_alnum(*s) || is_one_of(*s, ".-_~:") || (is_path && c == '/')) {
			sk_buf_add_char(b, *s);
		} else {
			sk_buf_add_char(b, '%');
			sk_buf_add_char(b, hex[c >> 4]);
			sk_buf_add_char(b, hex[c & 15]);
		}
	}
}

static const char *buf_text(struct sk_buf *b, struct sk_arena *a)
{
	const char *text = sk_arena_str(a, sk_buf_span(b));

	sk_buf_release(b);
	return text;
}

const char *model_purl_text(const struct model_purl *p, struct sk_arena *a)
{
	struct sk_buf b;

	sk_buf_init(&b, 16 * PURL_MAX_LEN);
	sk_buf_printf(&b, "pkg:%s/", p->type);
	if (p->ns != NULL) {
		encode(&b, p->ns, true);
		sk_buf_add_char(&b, '/');
	}
	encode(&b, p->name, false);
	if (p->version != NULL) {
		sk_buf_add_char(&b, '@');
		encode(&b, p->version, false);
	}
	for (size_t i = 0; i < p->n_qualifiers; i++) {
		sk_buf_printf(&b, "%c%s=", i == 0 ? '?' : '&', p->qualifiers[i].key);
		encode(&b, p->qualifiers[i].value, false);
	}
	if (p->subpath != NULL) {
		sk_buf_add_char(&b, '#');
		encode(&b, p->subpath, true);
	}
	return buf_text(&b, a);
}

const char *model_purl_get(const struct model_purl *p, const char *key)
{
	for (size_t i = 0; i < p->n_qualifiers; i++) {
		if (strcmp(p->qualifiers[i].key, key) == 0)
			return p->qualifiers[i].value;
	}
	return NULL;
}
