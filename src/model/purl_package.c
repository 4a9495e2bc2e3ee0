/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From package URLs to packages and back: which advisory ecosystem a type belongs to, how its names
 * are put together, and the qualifiers that inventory tools write for packages of distributions
 * (distro=, upstream=, epoch=, arch=, rpmmod=).
 */
#include <stdbool.h>

#include "base/ascii.h"
#include "base/parse.h"
#include "base/text.h"
#include "model/purl.h"

enum name_form {
	NAME_ALONE, /* no namespace, or it is no part of the name */
	NAME_SLASH, /* namespace/name */
	NAME_COLON, /* namespace:name */
};

/** struct language - a type of purl whose packages belong to one ecosystem */
struct language {
	const char *type;
	const char *ecosystem; /* OSV's name */
	enum name_form form;
};

static const struct language languages[] = {
	{"npm", "npm", NAME_SLASH},           {"pypi", "PyPI", NAME_ALONE},
	{"maven", "Maven", NAME_COLON},       {"golang", "Go", NAME_SLASH},
	{"cargo", "crates.io", NAME_ALONE},   {"gem", "RubyGems", NAME_ALONE},
	{"nuget", "NuGet", NAME_ALONE},       {"composer", "Packagist", NAME_SLASH},
	{"hex", "Hex", NAME_SLASH},           {"pub", "Pub", NAME_ALONE},
	{"swift", "SwiftURL", NAME_SLASH},    {"cran", "CRAN", NAME_ALONE},
	{"hackage", "Hackage", NAME_ALONE},   {"bitnami", "Bitnami", NAME_ALONE},
	{"conan", "ConanCenter", NAME_ALONE}, {"julia", "Julia", NAME_ALONE},
	{"opam", "opam", NAME_ALONE},         {"vscode-extension", "VSCode", NAME_SLASH},
};

/* What inventory tools and purl namespaces call distributions, where os-release says otherwise. */
static const struct {
	const char *name;
	const char *id;
} distro_names[] = {
	{"redhat", "rhel"},
	{"red-hat", "rhel"},
	{"redhat-linux", "rhel"},
	{"el", "rhel"},
	{"red hat", "rhel"},
	{"red hat:enterprise_linux", "rhel"},
	{"red hat enterprise linux", "rhel"},
	{"centos-stream", "centos"},
	{"amazon", "amzn"},
	{"amazonlinux", "amzn"},
	{"amazon linux", "amzn"},
	{"oracle", "ol"},
	{"oraclelinux", "ol"},
	{"oracle linux", "ol"},
	{"alma", "almalinux"},
	{"rockylinux", "rocky"},
	{"rocky linux", "rocky"},
	{"suse", "sles"},
	{"sle", "sles"},
	{"leap", "opensuse-leap"},
	{"tumbleweed", "opensuse-tumbleweed"},
	{"opensuse.leap", "opensuse-leap"},
	{"opensuse:leap", "opensuse-leap"},
	{"opensuse.tumbleweed", "opensuse-tumbleweed"},
	{"opensuse:tumbleweed", "opensuse-tumbleweed"},
	{"suse linux enterprise server", "sles"},
	{"suse.linux.enterprise.server", "sles"},
	{"suse:linux enterprise server", "sles"},
	{"cbl-mariner", "mariner"},
	{"azl", "azurelinux"},
	{"azure linux", "azurelinux"},
	{"photon os", "photon"},
	{"archlinux", "arch"},
};

enum {
	MAX_DISTRO = 128 /* bytes of a distribution's name with its release */
};

static const char *distro_id(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(distro_names); i++) {
		if (strcmp(distro_names[i].name, name) == 0)
			return distro_names[i].id;
	}
	return name;
}

static char *lower_copy(struct sk_span s, struct sk_arena *a)
{
	char *text = sk_arena_str(a, s);

	for (char *c = text; *c != '\0'; c++)
		*c = sk_lower(*c);
	return text;
}

static bool separator(char c)
{
	return strchr("-_: ", c) != NULL && c != '\0';
}

/* A name may end before a separator, and before its number: "debian-12", "debian12". */
static bool name_may_end(struct sk_span s, size_t at)
{
	return at == s.len || separator(s.ptr[at]) ||
	       (sk_is_digit(s.ptr[at]) && !sk_is_digit(s.ptr[at - 1]));
}

/* The longest begin that is the name of a distribution: "opensuse-leap" of "opensuse-leap-15.5". */
static size_t split_name(struct sk_span s, struct sk_arena *a, const char **ret_id)
{
	struct model_distro d = {0};

	for (size_t at = s.len; at > 0; at--) {
		if (!name_may_end(s, at))
			continue;
		d.id = distro_id(sk_arena_str(a, sk_span_sub(s, 0, at)));
		if (!model_distro_map(&d, a))
			continue;
		*ret_id = d.id;
		return at;
	}
	return 0;
}

/*
 * distro=: "debian-12", "debian-bookworm", "Debian:12", "opensuse-leap-15.5", "sles-15-SP5",
 * "amazon-2 (Karoo)"; "12" and "bookworm", where the namespace says of what.
 */
static void parse_distro(const char *value, const char *ns, struct sk_arena *a,
			 struct model_distro *ret)
{
	struct sk_span s = sk_span_str(lower_copy(sk_span_str(value), a));
	size_t at;

	*ret = (struct model_distro){0};
	s = sk_span_trim(sk_span_sub(s, 0, sk_span_find(s, '(')));
	if (s.len > MAX_DISTRO)
		return;
	at = split_name(s, a, &ret->id);
	if (at == 0)
		ret->id = ns != NULL ? distro_id(ns) : NULL;
	while (at < s.len && separator(s.ptr[at]))
		at++;
	/* "edge" and "sid" are where others have a number */
	ret->version_id = ret->codename = sk_arena_str(a, sk_span_sub(s, at, s.len));
}

/* Ubuntu's code names: os-release always has the number, qualifiers sometimes only the name. */
static const struct {
	const char *name;
	const char *version;
} ubuntu_names[] = {
	{"trusty", "14.04"},   {"xenial", "16.04"},  {"bionic", "18.04"},   {"focal", "20.04"},
	{"jammy", "22.04"},    {"noble", "24.04"},   {"oracular", "24.10"}, {"plucky", "25.04"},
	{"questing", "25.10"}, {"mantic", "23.10"},  {"lunar", "23.04"},    {"kinetic", "22.10"},
	{"impish", "21.10"},   {"hirsute", "21.04"}, {"groovy", "20.10"},   {"eoan", "19.10"},
};

static void complete_codename(struct model_distro *d)
{
	for (size_t i = 0; d->codename != NULL && i < SK_ARRAY_LEN(ubuntu_names); i++) {
		if (strcmp(ubuntu_names[i].name, d->codename) == 0 &&
		    (d->id == NULL || strcmp(d->id, "ubuntu") == 0)) {
			d->id = "ubuntu";
			d->version_id = ubuntu_names[i].version;
		}
	}
	if (d->codename != NULL && d->id == NULL)
		d->id = "debian";
}

/* An rpm without distro= still says its release in the dist tag: 1.0.2k-16.el7_4.1 */
static void distro_of_dist_tag(const char *version, const char *ns, struct sk_arena *a,
			       struct model_distro *ret)
{
	struct sk_span s = sk_span_str(version);
	static const char *const tags[] = {".el", ".amzn", "+el"};

	*ret = (struct model_distro){.id = ns != NULL ? distro_id(ns) : NULL};
	for (size_t i = 0; i < SK_ARRAY_LEN(tags); i++) {
		const char *at = version != NULL ? strstr(version, tags[i]) : NULL;
		size_t n = 0;

		if (at == NULL)
			continue;
		s = sk_span_str(at + strlen(tags[i]));
		while (n < s.len && sk_is_digit(s.ptr[n]))
			n++;
		if (n > 0)
			ret->version_id = sk_arena_str(a, sk_span_sub(s, 0, n));
		return;
	}
}

/* The distribution that a package is said to be of. Return: false when it is not recognised. */
static bool find_distro(const struct model_purl *p, struct sk_arena *a, struct model_distro *ret)
{
	const char *value = model_purl_get(p, "distro");

	if (value != NULL)
		parse_distro(value, p->ns, a, ret);
	else
		distro_of_dist_tag(p->version, p->ns, a, ret);
	complete_codename(ret);
	return ret->id != NULL && model_distro_map(ret, a);
}

static const char *find_ecosystem(const struct model_purl *p, struct sk_arena *a)
{
	struct model_distro d;

	return find_distro(p, a, &d) ? d.ecosystem : NULL;
}

const char *model_purl_blind_spot(const struct model_purl *p, struct sk_arena *a)
{
	static const char *const types[] = {"deb", "apk", "rpm"};
	const char *value = model_purl_get(p, "distro");
	struct model_distro d;
	char quoted[128];
	bool known;

	for (size_t i = 0; i < SK_ARRAY_LEN(types); i++) {
		if (strcmp(types[i], p->type) != 0)
			continue;
		known = find_distro(p, a, &d);
		if (known && d.ecosystem != NULL)
			return NULL;
		if (value == NULL)
			return "no distro= says of which release they are (such as "
			       "distro=debian-12)";
		(void)sk_text_quote(sk_span_str(value), quoted, sizeof(quoted));
		if (known && model_distro_has_feed(&d))
			return sk_arena_printf(a, "distro %s not understood: no release of %s",
					       quoted, d.id);
		return sk_arena_printf(
			a, known ? "no feed is known for distro %s" : "distro %s not understood",
			quoted);
	}
	return NULL;
}

/* "openssl-1.0.2k-16.el7.src.rpm" → openssl, 1.0.2k-16.el7 */
static bool split_source_rpm(struct sk_span s, struct sk_span *ret_name,
			     struct sk_span *ret_version)
{
	size_t release, version;

	if (sk_span_ends(s, ".src.rpm"))
		s.len -= strlen(".src.rpm");
	else if (sk_span_ends(s, ".nosrc.rpm"))
		s.len -= strlen(".nosrc.rpm");
	else
		return false;
	release = sk_span_rfind(s, '-');
	version = sk_span_rfind(sk_span_sub(s, 0, release), '-');
	if (release == s.len || version == release || version == 0)
		return false;
	*ret_name = sk_span_sub(s, 0, version);
	*ret_version = sk_span_sub(s, version + 1, s.len);
	return true;
}

/* "[epoch:]version", the epoch only where it is not 0. */
static const char *with_epoch(const char *epoch, const char *version, struct sk_arena *a)
{
	struct sk_span v = sk_span_str(version);
	size_t colon = sk_span_find(v, ':');
	uint32_t n;

	if (colon < v.len && sk_parse_u32(sk_span_sub(v, 0, colon), &n))
		return n == 0 ? sk_arena_str(a, sk_span_sub(v, colon + 1, v.len)) : version;
	if (epoch == NULL || !sk_parse_u32(sk_span_str(epoch), &n) || n == 0)
		return version;
	return sk_arena_printf(a, "%u:%s", n, version);
}

/* upstream= in its three forms; @epoch is the binary's, which a source file's name leaves out. */
static void fill_source(const char *upstream, const char *epoch, struct sk_arena *a,
			struct model_package *pkg)
{
	struct sk_span s = sk_span_str(upstream), name, version;
	size_t at;

	pkg->source_name = pkg->name;
	pkg->source_version = pkg->version;
	if (s.len == 0)
		return;
	if (pkg->type == MODEL_PACKAGE_RPM && split_source_rpm(s, &name, &version)) {
		pkg->source_name = sk_arena_str(a, name);
		pkg->source_version = with_epoch(epoch, sk_arena_str(a, version), a);
		/* the binary's epoch is the source's only where the versions agree */
		if (strcmp(pkg->source_version, pkg->version) != 0)
			pkg->source_version = sk_arena_str(a, version);
		return;
	}
	at = sk_span_find(s, '@');
	pkg->source_name = sk_arena_str(a, sk_span_sub(s, 0, at));
	if (at + 1 < s.len)
		pkg->source_version = sk_arena_str(a, sk_span_sub(s, at + 1, s.len));
}

static void fill_distro_package(const struct model_purl *p, struct sk_arena *a,
				struct model_package *pkg)
{
	const char *epoch = model_purl_get(p, "epoch");

	pkg->name = p->name;
	pkg->version = p->version != NULL ? p->version : "";
	if (pkg->type != MODEL_PACKAGE_APK && *pkg->version != '\0')
		pkg->version = with_epoch(epoch, pkg->version, a);
	pkg->arch = model_purl_get(p, "arch");
	if (pkg->type == MODEL_PACKAGE_RPM) {
		pkg->module = model_purl_get(p, "rpmmod");
		if (pkg->module == NULL)
			pkg->module = model_purl_get(p, "modularitylabel");
	}
	fill_source(model_purl_get(p, "upstream"), epoch, a, pkg);
	pkg->ecosystem = find_ecosystem(p, a);
}

static const char *join_name(const struct model_purl *p, enum name_form form, struct sk_arena *a)
{
	if (p->ns == NULL || form == NAME_ALONE)
		return p->name;
	return sk_arena_printf(a, "%s%c%s", p->ns, form == NAME_COLON ? ':' : '/', p->name);
}

/* A type that nobody publishes advisories for stays without an ecosystem. */
static void fill_language(const struct model_purl *p, struct sk_arena *a, struct model_package *pkg)
{
	enum name_form form = NAME_SLASH;

	for (size_t i = 0; i < SK_ARRAY_LEN(languages); i++) {
		if (strcmp(languages[i].type, p->type) != 0)
			continue;
		pkg->ecosystem = languages[i].ecosystem;
		form = languages[i].form;
		break;
	}
	pkg->type = MODEL_PACKAGE_LANGUAGE;
	pkg->name = join_name(p, form, a);
	pkg->version = p->version != NULL ? p->version : "";
	pkg->source_name = pkg->name;
	pkg->source_version = pkg->version;
}

void model_purl_to_package(const struct model_purl *p, const char *text, struct sk_arena *a,
			   struct model_package *ret)
{
	struct model_package pkg = {.layer = MODEL_NO_LAYER};
	static const struct {
		const char *type;
		enum model_package_type package;
	} systems[] = {
		{"deb", MODEL_PACKAGE_DEB},
		{"apk", MODEL_PACKAGE_APK},
		{"rpm", MODEL_PACKAGE_RPM},
	};
	bool done = false;

	pkg.id = pkg.purl = sk_arena_strdup(a, text);
	for (size_t i = 0; i < SK_ARRAY_LEN(systems) && !done; i++) {
		if (strcmp(systems[i].type, p->type) != 0)
			continue;
		pkg.type = systems[i].package;
		fill_distro_package(p, a, &pkg);
		done = true;
	}
	if (!done)
		fill_language(p, a, &pkg);
	*ret = pkg;
}

/** struct draft - a purl being put together */
struct draft {
	struct model_purl p;
	struct model_purl_qualifier qualifiers[8]; /* in the order of their keys */
};

static void add(struct draft *d, const char *key, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	d->qualifiers[d->p.n_qualifiers++] =
		(struct model_purl_qualifier){.key = key, .value = value};
}

static const char *namespace_of(const struct model_distro *d)
{
	if (d == NULL || d->id == NULL)
		return NULL;
	return strcmp(d->id, "rhel") == 0 ? "redhat" : d->id;
}

static const char *distro_value(const struct model_distro *d, struct sk_arena *a)
{
	const char *release;

	if (d == NULL || d->id == NULL)
		return NULL;
	release = d->version_id != NULL ? d->version_id : d->codename;
	return release != NULL ? sk_arena_printf(a, "%s-%s", d->id, release) : d->id;
}

/* Splits an epoch off; *ret_version is what follows it. */
static const char *epoch_of(const char *version, struct sk_arena *a, const char **ret_version)
{
	struct sk_span v = sk_span_str(version);
	size_t colon = sk_span_find(v, ':');
	uint32_t n;

	*ret_version = version;
	if (colon == v.len || !sk_parse_u32(sk_span_sub(v, 0, colon), &n))
		return NULL;
	*ret_version = version + colon + 1;
	return n != 0 ? sk_arena_printf(a, "%u", n) : NULL;
}

static bool same_text(const char *x, const char *y)
{
	return x == NULL || y == NULL || strcmp(x, y) == 0;
}

static const char *upstream_value(const struct model_package *p, struct sk_arena *a)
{
	const char *name = p->source_name != NULL ? p->source_name : p->name;
	const char *version = p->source_version != NULL ? p->source_version : p->version;
	bool same = same_text(version, p->version);

	if (strcmp(name, p->name) == 0 && same)
		return NULL;
	if (p->type == MODEL_PACKAGE_APK || version == NULL)
		return strcmp(name, p->name) != 0 ? name : NULL;
	if (p->type == MODEL_PACKAGE_RPM) {
		(void)epoch_of(version, a, &version); /* a file's name has none */
		return sk_arena_printf(a, "%s-%s.src.rpm", name, version);
	}
	return same ? name : sk_arena_printf(a, "%s@%s", name, version);
}

static const char *distro_package_purl(const struct model_package *p, const struct model_distro *d,
				       struct sk_arena *a)
{
	static const char *const kinds[] = {
		[MODEL_PACKAGE_DEB] = "deb",
		[MODEL_PACKAGE_APK] = "apk",
		[MODEL_PACKAGE_RPM] = "rpm",
	};
	struct draft draft = {.p.type = kinds[p->type], .p.name = p->name, .p.version = p->version};
	const char *epoch = NULL;

	if (p->type == MODEL_PACKAGE_RPM && p->version != NULL)
		epoch = epoch_of(p->version, a, &draft.p.version);
	draft.p.ns = namespace_of(d);
	add(&draft, "arch", p->arch);
	add(&draft, "distro", distro_value(d, a));
	add(&draft, "epoch", epoch);
	if (p->type == MODEL_PACKAGE_RPM)
		add(&draft, "rpmmod", p->module);
	add(&draft, "upstream", upstream_value(p, a));
	draft.p.qualifiers = draft.qualifiers;
	return model_purl_text(&draft.p, a);
}

static const struct language *language_of(const char *ecosystem)
{
	for (size_t i = 0; ecosystem != NULL && i < SK_ARRAY_LEN(languages); i++) {
		if (strcmp(languages[i].ecosystem, ecosystem) == 0)
			return &languages[i];
	}
	return NULL;
}

const char *model_purl_of_package(const struct model_package *p, const struct model_distro *d,
				  struct sk_arena *a)
{
	struct model_purl purl = {.type = "generic", .name = p->name, .version = p->version};
	const struct language *l;
	struct sk_span name = sk_span_str(p->name);
	size_t cut = name.len;

	if (p->type != MODEL_PACKAGE_LANGUAGE)
		return distro_package_purl(p, d, a);
	l = language_of(p->ecosystem);
	if (l != NULL) {
		purl.type = l->type;
		if (l->form == NAME_COLON)
			cut = sk_span_find(name, ':');
		else if (l->form == NAME_SLASH)
			cut = sk_span_rfind(name, '/');
	}
	if (cut > 0 && cut + 1 < name.len) {
		purl.ns = sk_arena_str(a, sk_span_sub(name, 0, cut));
		purl.name = p->name + cut + 1;
	}
	if (purl.version != NULL && *purl.version == '\0')
		purl.version = NULL;
	return model_purl_text(&purl, a);
}
