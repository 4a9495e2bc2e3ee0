/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which distribution is this: os-release(5) with its quoting rules, and the files that came before
 * it.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/io.h"
#include "catalog/catalog-priv.h"

/* Removes one level of shell quoting; the result is never longer. @ret has CATALOG_MAX_TEXT bytes.
 * Return: false when a quote is not closed. */
static bool unquote(struct sk_span s, char *ret, size_t *ret_len)
{
	char quote = '\0';
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (quote == '\0' && (c == ' ' || c == '\t' || c == ';' || c == '#'))
			break; /* the shell ends the assignment here */
		if (quote != '\'' && c == '\\') {
			if (++i == s.len)
				return false;
			c = s.ptr[i];
			/* within double quotes only these lose the backslash */
			if (quote == '"' && c != '"' && c != '\\' && c != '$' && c != '`' &&
			    n < CATALOG_MAX_TEXT)
				ret[n++] = '\\';
		} else if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
			continue;
		} else if (c == quote) {
			quote = '\0';
			continue;
		}
		if (n < CATALOG_MAX_TEXT)
			ret[n++] = c;
	}
	*ret_len = n;
	return quote == '\0';
}

/** struct key - member of struct model_distro that a variable fills */
struct key {
	const char *name;
	size_t offset;
};

static const struct key os_release_keys[] = {
	{"ID", offsetof(struct model_distro, id)},
	{"VERSION_ID", offsetof(struct model_distro, version_id)},
	{"VERSION_CODENAME", offsetof(struct model_distro, codename)},
	{"PRETTY_NAME", offsetof(struct model_distro, pretty_name)},
	{"ID_LIKE", offsetof(struct model_distro, id_like)},
	{"CPE_NAME", offsetof(struct model_distro, cpe_name)},
};

static const struct key lsb_keys[] = {
	{"DISTRIB_ID", offsetof(struct model_distro, id)},
	{"DISTRIB_RELEASE", offsetof(struct model_distro, version_id)},
	{"DISTRIB_CODENAME", offsetof(struct model_distro, codename)},
	{"DISTRIB_DESCRIPTION", offsetof(struct model_distro, pretty_name)},
};

static const char *lower(struct sk_arena *a, const char *s)
{
	char *copy = sk_arena_strdup(a, s);

	for (char *c = copy; c != NULL && *c != '\0'; c++)
		*c = sk_lower(*c);
	return copy;
}

/* KEY=VALUE lines; the last assignment wins, as it does in a shell. */
static int read_variables(const struct catalog_input *in, struct catalog_out *o,
			  const struct key *keys, size_t n_keys, struct sk_err *err)
{
	sk_cleanup(sk_freep) struct catalog_lines *l = sk_alloc(sizeof(*l));
	char value[CATALOG_MAX_TEXT];
	struct sk_span line, name;
	size_t len;
	int r;

	l->in = in;
	l->budget = o->budget;
	while ((r = catalog_lines_next(l, &line, NULL, err)) > 0) {
		line = sk_span_trim(line);
		name = sk_span_sub(line, 0, sk_span_find(line, '='));
		if (name.len == line.len || line.ptr[0] == '#')
			continue;
		for (size_t i = 0; i < n_keys; i++) {
			const char **to;

			if (!sk_span_eq_str(name, keys[i].name))
				continue;
			if (!unquote(sk_span_sub(line, name.len + 1, line.len), value, &len)) {
				catalog_diagnose(o, MODEL_DIAGNOSTIC_WARNING, name,
						 "unbalanced quotes");
				break;
			}
			to = (const char **)(void *)((char *)&o->result.distro + keys[i].offset);
			*to = catalog_text(o, sk_span_of(value, len));
		}
	}
	o->result.distro.id = lower(o->a, o->result.distro.id);
	return r;
}

int catalog_os_release(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	int r = read_variables(in, o, os_release_keys, SK_ARRAY_LEN(os_release_keys), err);

	/* os-release(5): "If not set, a default of "ID=linux" may be used"; that names nobody */
	if (r == 0 && o->result.distro.id == NULL)
		catalog_diagnose(o, MODEL_DIAGNOSTIC_WARNING, sk_span_of(NULL, 0),
				 "no ID: the distribution is not named");
	return r;
}

/* Names that begin the line of a *-release file, the longer before the shorter. */
static const struct {
	const char *text;
	const char *id;
} names[] = {
	{"Red Hat Enterprise Linux", "rhel"},
	{"CentOS", "centos"},
	{"Rocky Linux", "rocky"},
	{"AlmaLinux", "almalinux"},
	{"Oracle Linux", "ol"},
	{"Enterprise Linux Enterprise Linux", "ol"},
	{"Scientific Linux", "scientific"},
	{"EuroLinux", "eurolinux"},
	{"Fedora", "fedora"},
	{"Amazon Linux", "amzn"},
	{"VMware Photon", "photon"},
	{"Photon", "photon"},
	{"Mageia", "mageia"},
	{"CBL-Mariner", "mariner"},
	{"Microsoft Azure Linux", "azurelinux"},
	{"openEuler", "openeuler"},
	{"SUSE Linux Enterprise Server for SAP", "sles_sap"},
	{"SUSE Linux Enterprise Server", "sles"},
	{"SUSE Linux Enterprise Desktop", "sled"},
	{"openSUSE", "opensuse"},
	{"Gentoo", "gentoo"},
	{"Arch", "arch"},
};

/* First word that begins with a digit. */
static struct sk_span first_version(struct sk_span s)
{
	struct sk_span word;

	while (sk_span_cut(&s, ' ', &word)) {
		if (word.len != 0 && sk_is_digit(word.ptr[0]))
			return word;
	}
	return sk_span_of(NULL, 0);
}

/* "CentOS release 6.10 (Final)" */
static void read_sentence(struct catalog_out *o, struct sk_span line)
{
	struct model_distro *d = &o->result.distro;
	size_t open = sk_span_find(line, '(');
	struct sk_span name = sk_span_sub(line, open + 1, line.len);

	for (size_t i = 0; i < SK_ARRAY_LEN(names) && d->id == NULL; i++) {
		if (sk_span_starts(line, names[i].text))
			d->id = names[i].id;
	}
	d->pretty_name = catalog_text(o, line);
	d->version_id = catalog_text(o, first_version(sk_span_sub(line, 0, open)));
	name = sk_span_trim(sk_span_sub(name, 0, sk_span_find(name, ')')));
	d->codename = lower(o->a, catalog_text(o, name));
}

/* SuSE-release: a sentence, then "VERSION = 11" and "PATCHLEVEL = 4". */
static void read_suse(struct catalog_out *o, struct sk_span text)
{
	struct sk_span line, version = {NULL, 0}, patch = {NULL, 0};
	bool first = true;

	while (sk_span_line(&text, &line)) {
		size_t at = sk_span_find(line, '=');
		struct sk_span key = sk_span_trim(sk_span_sub(line, 0, at));
		struct sk_span value = sk_span_trim(sk_span_sub(line, at + 1, line.len));

		if (first)
			read_sentence(o, sk_span_trim(line));
		first = false;
		if (sk_span_eq_str(key, "VERSION") && catalog_is_word(value))
			version = value;
		else if (sk_span_eq_str(key, "PATCHLEVEL") && catalog_is_word(value))
			patch = value;
	}
	o->result.distro.codename = NULL; /* the sentence has the architecture in its place */
	if (version.len == 0)
		return;
	if (patch.len != 0 && !sk_span_eq_str(patch, "0") &&
	    sk_span_find(version, '.') == version.len)
		o->result.distro.version_id = sk_arena_printf(
			o->a, "%.*s.%.*s", SK_SPAN_ARG(version), SK_SPAN_ARG(patch));
	else
		o->result.distro.version_id = catalog_text(o, version);
}

/* A file with nothing but a version. */
static void read_version(struct catalog_out *o, struct sk_span line, const char *id)
{
	struct model_distro *d = &o->result.distro;

	if (!catalog_is_word(line))
		return;
	d->id = id;
	if (sk_is_digit(line.ptr[0]))
		d->version_id = catalog_text(o, line);
	else /* debian_version of testing: "trixie/sid" */
		d->codename = catalog_text(o, sk_span_sub(line, 0, sk_span_find(line, '/')));
}

int catalog_old_release(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	struct sk_span name = sk_path_base(in->path), rest, line = {NULL, 0};
	sk_cleanup(sk_buf_release) struct sk_buf text = {0};
	int r;

	if (sk_span_eq_str(name, "lsb-release"))
		return read_variables(in, o, lsb_keys, SK_ARRAY_LEN(lsb_keys), err);
	r = catalog_read_all(in, o->budget, &text, err);
	if (r < 0)
		return r;
	rest = sk_buf_span(&text);
	while (line.len == 0 && sk_span_line(&rest, &line))
		line = sk_span_trim(line);
	if (sk_span_eq_str(name, "debian_version"))
		read_version(o, line, "debian");
	else if (sk_span_eq_str(name, "alpine-release"))
		read_version(o, line, "alpine");
	else if (sk_span_eq_str(name, "arch-release")) /* empty */
		o->result.distro.id = "arch";
	else if (sk_span_eq_str(name, "SuSE-release"))
		read_suse(o, sk_buf_span(&text));
	else
		read_sentence(o, line);
	return 0;
}

/* Smaller speaks first. Files that only one distribution has go before those that derivatives carry
 * along. */
static unsigned rank_of(const char *path)
{
	static const char *const order[] = {
		"etc/os-release",        "usr/lib/os-release",    "etc/rocky-release",
		"etc/almalinux-release", "etc/oracle-release",    "etc/centos-release",
		"etc/fedora-release",    "etc/photon-release",    "etc/mageia-release",
		"etc/mariner-release",   "etc/openEuler-release", "etc/system-release",
		"etc/redhat-release",    "etc/SuSE-release",      "etc/lsb-release",
		"etc/alpine-release",    "etc/arch-release",      "etc/gentoo-release",
		"etc/debian_version",
	};

	for (unsigned i = 0; i < SK_ARRAY_LEN(order); i++) {
		if (strcmp(order[i], path) == 0)
			return i;
	}
	return SK_ARRAY_LEN(order);
}

static int by_rank(const void *a, const void *b)
{
	const struct catalog_release *x = a, *y = b;
	unsigned rx = rank_of(x->path), ry = rank_of(y->path);

	return rx != ry ? (rx > ry) - (rx < ry) : strcmp(x->path, y->path);
}

static void fill(const char **to, const char *from)
{
	if (*to == NULL)
		*to = from;
}

void catalog_merge_releases(struct catalog_release *files, size_t n, struct model_distro *ret)
{
	*ret = (struct model_distro){0};
	if (n > 1)
		qsort(files, n, sizeof(*files), by_rank);
	for (size_t i = 0; i < n; i++) {
		const struct model_distro *d = &files[i].distro;

		if (d->id == NULL || (ret->id != NULL && strcmp(ret->id, d->id) != 0))
			continue;
		fill(&ret->id, d->id);
		fill(&ret->version_id, d->version_id);
		fill(&ret->codename, d->codename);
		fill(&ret->pretty_name, d->pretty_name);
		fill(&ret->id_like, d->id_like);
		fill(&ret->cpe_name, d->cpe_name);
	}
	/* Raspbian, Ubuntu and others keep Debian's file beside their own, so it never overrides */
}
