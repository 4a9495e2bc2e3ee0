/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules by ecosystem: under which name a package is asked for, in which releases, and which claims
 * speak of it. Everything that differs between ecosystems is a line of the table.
 */
#include "base/parse.h"
#include "match/match-priv.h"
#include "model/package.h"

/* The last line holds the language ecosystems: one name, the package's own. */
static const struct match_rule rules[] = {
	{"Debian", MATCH_BY_SOURCE, "debian"},
	{"Ubuntu", MATCH_BY_SOURCE, "ubuntu"},
	{"Alpine", MATCH_BY_SOURCE, "alpine-linux"},
	{"Wolfi", MATCH_BY_SOURCE, NULL},
	{"Chainguard", MATCH_BY_SOURCE, NULL},
	{"MinimOS", MATCH_BY_SOURCE, NULL},
	{"Alpaquita", MATCH_BY_SOURCE, NULL},
	{"BellSoft Hardened Containers", MATCH_BY_SOURCE, NULL},
	{"Red Hat", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM | MATCH_FIX_BEATS_STATE, "rhel"},
	{"AlmaLinux", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, "almalinux"},
	{"Rocky Linux", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, "rocky-linux"},
	{"Oracle Linux", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, "oracle-linux"},
	{"Amazon Linux", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, "amazon-linux"},
	{"SUSE", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, "sles"},
	{"openSUSE", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, "opensuse"},
	{"Mageia", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, "mageia"},
	{"openEuler", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, NULL},
	{"Photon OS", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, "vmware-photon"},
	{"Azure Linux", MATCH_BY_SOURCE | MATCH_BY_BINARY | MATCH_RPM, NULL},
	{"", 0, NULL},
};

const struct match_rule *match_rule_of(struct sk_span ecosystem)
{
	if (ecosystem.len == 0)
		return NULL;
	for (size_t i = 0; i < SK_ARRAY_LEN(rules); i++) {
		size_t n = strlen(rules[i].family);

		if (!sk_span_starts(ecosystem, rules[i].family))
			continue;
		if (n == 0 || ecosystem.len == n || ecosystem.ptr[n] == ':' ||
		    ecosystem.ptr[n] == ' ')
			return &rules[i];
	}
	return NULL;
}

static void ask(struct match_scope *s, const char *ecosystem)
{
	for (size_t i = 0; i < s->n_asked; i++) {
		if (strcmp(s->asked[i], ecosystem) == 0)
			return;
	}
	if (s->n_asked < MATCH_MAX_ECOSYSTEMS)
		s->asked[s->n_asked++] = ecosystem;
}

/* "cpe:/a:redhat:rhel_eus:8.4::appstream" → "Red Hat:rhel_eus:8.4::appstream", but not the base. */
static void ask_update_streams(struct match_scope *s, const struct match_options *opts,
			       struct sk_arena *a)
{
	for (size_t i = 0; i < opts->n_content_sets; i++) {
		struct sk_span cpe = sk_span_str(opts->content_sets[i]);

		if (!sk_span_strip_prefix(&cpe, "cpe:/a:redhat:") &&
		    !sk_span_strip_prefix(&cpe, "cpe:/o:redhat:"))
			continue;
		if (!sk_span_starts(cpe, "rhel_"))
			continue;
		ask(s, sk_arena_printf(a, "Red Hat:%.*s", SK_SPAN_ARG(cpe)));
	}
	s->n_specific = s->n_asked;
}

/* "SUSE:Linux Enterprise Server 15 SP5" → sles, 15.5 */
static bool suse_distro(struct sk_span ecosystem, struct sk_arena *a, struct model_distro *ret)
{
	static const struct {
		const char *name;
		const char *id;
	} products[] = {
		{"SUSE:Linux Enterprise Server for SAP Applications ", "sles_sap"},
		{"SUSE:Linux Enterprise High Performance Computing ", "sle_hpc"},
		{"SUSE:Linux Enterprise Desktop ", "sled"},
		{"SUSE:Linux Enterprise Server ", "sles"},
		{"openSUSE:Leap ", "opensuse-leap"},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(products); i++) {
		struct sk_span rest = ecosystem;

		if (!sk_span_strip_prefix(&rest, products[i].name))
			continue;
		size_t blank = sk_span_find(rest, ' ');
		struct sk_span pack = sk_span_sub(rest, blank, rest.len);

		if (sk_span_strip_prefix(&pack, " SP"))
			ret->version_id = sk_arena_printf(a, "%.*s.%.*s", (int)blank, rest.ptr,
							  SK_SPAN_ARG(pack));
		else
			ret->version_id = sk_arena_str(a, rest);
		ret->id = products[i].id;
		return true;
	}
	return false;
}

static void ask_modules(struct match_scope *s, struct sk_arena *a)
{
	struct model_distro d = {0};
	const char **names;
	size_t n;

	if (!suse_distro(sk_span_str(s->ecosystem), a, &d))
		return;
	model_distro_ecosystems(&d, a, &names, &n);
	for (size_t i = 0; i < n; i++)
		ask(s, names[i]);
}

/*
 * OSV's records for Debian's testing and unstable are those of the next release: the last that the
 * database knows.
 */
static void ask_next_debian(struct match_scope *s, const struct vulndb *db, struct sk_arena *a)
{
	if (strcmp(s->ecosystem, "Debian:unstable") != 0 ||
	    vulndb_has_ecosystem(db, sk_span_str(s->ecosystem)))
		return;
	for (unsigned n = MATCH_LAST_DEBIAN; n > 0; n--) {
		const char *name = sk_arena_printf(a, "Debian:%u", n);

		if (!vulndb_has_ecosystem(db, sk_span_str(name)))
			continue;
		ask(s, name);
		s->instead = name;
		return;
	}
}

void match_scope_init(struct match_scope *s, const struct vulndb *db, const char *ecosystem,
		      const struct match_options *opts, struct sk_arena *a)
{
	bool order;

	*s = (struct match_scope){.ecosystem = ecosystem};
	s->rule = match_rule_of(sk_span_str(ecosystem));
	if (s->rule == NULL)
		return;
	order = version_scheme_of(sk_span_str(ecosystem), &s->scheme);
	if (strcmp(s->rule->family, "Red Hat") == 0)
		ask_update_streams(s, opts, a);
	ask(s, ecosystem);
	if (strcmp(s->rule->family, "SUSE") == 0 || strcmp(s->rule->family, "openSUSE") == 0)
		ask_modules(s, a);
	ask_next_debian(s, db, a);
	for (size_t i = 0; i < s->n_asked && order && !s->known; i++)
		s->known = vulndb_has_ecosystem(db, sk_span_str(s->asked[i]));
}

/* "Ubuntu:22.04:LTS" → 22.04, "SUSE:Linux Enterprise Server 15 SP5" → 15.5 */
static struct sk_span release_of(struct sk_span ecosystem, struct sk_arena *a)
{
	struct model_distro d = {0};
	struct sk_span rest;

	if (suse_distro(ecosystem, a, &d))
		return sk_span_str(d.version_id);
	rest = sk_span_sub(ecosystem, sk_span_find(ecosystem, ':') + 1, ecosystem.len);
	(void)sk_span_strip_prefix(&rest, "enterprise_linux:");
	(void)sk_span_strip_prefix(&rest, "v");
	return sk_span_sub(rest, 0, sk_span_find(rest, ':'));
}

bool match_end_of_life(const struct vulndb *db, const char *ecosystem, int64_t *ret,
		       int64_t *ret_extended)
{
	struct sk_span name = sk_span_str(ecosystem);
	const struct match_rule *rule = match_rule_of(name);
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct sk_span release;
	const char *cycle;

	if (rule == NULL || rule->product == NULL)
		return false;
	release = release_of(name, a);
	if (release.len == 0 || !vulndb_end_of_life(db, sk_span_str(rule->product), release, ret))
		return false;
	cycle = sk_arena_printf(a, "%.*s" VULNDB_EXTENDED, SK_SPAN_ARG(release));
	if (!vulndb_end_of_life(db, sk_span_str(rule->product), sk_span_str(cycle), ret_extended))
		*ret_extended = 0;
	return true;
}

/* "name:stream:version:context" → "name:stream" */
static struct sk_span stream_of(struct sk_span label)
{
	size_t first = sk_span_find(label, ':');
	size_t second = sk_span_find(sk_span_sub(label, first + 1, label.len), ':');

	return sk_span_sub(label, 0, first + 1 + second);
}

/* What follows the epoch, up to the release. */
static struct sk_span upstream_part(struct sk_span v)
{
	size_t colon = sk_span_find(v, ':');

	if (colon < v.len)
		v = sk_span_sub(v, colon + 1, v.len);
	return sk_span_sub(v, 0, sk_span_find(v, '-'));
}

static bool has_module_tag(struct sk_span v)
{
	return sk_span_contains(v, ".module+el") || sk_span_contains(v, ".module_el");
}

/* Does version 2.5.9 belong to stream 2.5? */
static bool in_stream(struct sk_span version, struct sk_span stream)
{
	struct sk_span v = upstream_part(version);

	if (v.len < stream.len || memcmp(v.ptr, stream.ptr, stream.len) != 0)
		return false;
	return v.len == stream.len || v.ptr[stream.len] == '.';
}

static bool is_number(struct sk_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '.' && (s.ptr[i] < '0' || s.ptr[i] > '9'))
			return false;
	}
	return s.len > 0;
}

/*
 * A modular claim that does not say of which stream: where the stream is a number that the
 * installed version begins with, the fixed version must begin with it too. AlmaLinux has its
 * streams only this way.
 */
static bool stream_fits(const struct match_subject *s, struct sk_span fixed)
{
	struct sk_span label = stream_of(sk_span_str(s->package->module));
	struct sk_span stream = sk_span_sub(label, sk_span_find(label, ':') + 1, label.len);
	struct sk_span major = upstream_part(s->version);

	if (is_number(stream) && in_stream(s->version, stream))
		return in_stream(fixed, stream);
	if (label.len > 0)
		return true;
	major = sk_span_sub(major, 0, sk_span_find(major, '.'));
	return in_stream(fixed, major);
}

static struct sk_span some_fixed_version(const struct vulndb_claim *c)
{
	struct vulndb_range range;

	for (uint32_t i = 0; i < c->n_ranges; i++) {
		if (vulndb_claim_range(c, i, &range) == 0 && range.fixed.len > 0)
			return range.fixed;
	}
	return (struct sk_span){0};
}

static bool one_module_applies(const struct match_subject *s, struct sk_span module)
{
	struct sk_span label = sk_span_str(s->package->module);
	struct sk_span stream;

	if (label.len > 0)
		return sk_span_eq(stream_of(module), stream_of(label));
	if (!s->modular)
		return false;
	stream = sk_span_sub(module, sk_span_find(module, ':') + 1, module.len);
	return !is_number(stream) || in_stream(s->version, stream);
}

/* Modular fixes never apply to packages outside of modules, nor the other way round. */
static bool module_applies(const struct match_subject *s, const struct vulndb_claim *c)
{
	struct sk_span modules = c->module, module, fixed;

	/* An advisory may be for several: "python39-devel:3.9,python39:3.9". */
	while (modules.len > 0 && sk_span_cut(&modules, ',', &module)) {
		if (one_module_applies(s, module))
			return true;
	}
	if (c->module.len > 0)
		return false;
	fixed = some_fixed_version(c);
	if (has_module_tag(fixed) != s->modular)
		return false;
	return !s->modular || stream_fits(s, fixed);
}

static bool arch_applies(struct sk_span list, const char *arch)
{
	struct sk_span piece;

	if (list.len == 0 || arch == NULL)
		return true;
	while (sk_span_cut(&list, ',', &piece)) {
		piece = sk_span_trim(piece);
		if (sk_span_eq_str(piece, arch) || sk_span_eq_str(piece, "noarch"))
			return true;
	}
	return strcmp(arch, "noarch") == 0;
}

bool match_claim_applies(const struct match_subject *s, const struct vulndb_claim *c,
			 bool asked_binary, bool asked_source)
{
	bool by_binary = (c->flags & VULNDB_CLAIM_BY_BINARY) != 0;
	unsigned flags = s->scope->rule->flags;

	if ((flags & (MATCH_BY_SOURCE | MATCH_BY_BINARY)) != 0 &&
	    !(by_binary ? asked_binary : asked_source))
		return false;
	if (!arch_applies(c->arch, s->package->arch))
		return false;
	return (flags & MATCH_RPM) == 0 || module_applies(s, c);
}
