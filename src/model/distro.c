/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributions and the advisory feeds that speak of them. The names are OSV's ("Defined
 * Ecosystems" of the OSV schema) where OSV has the distribution, else the vendor's own. Everything
 * that is known about a distribution is a line of the tables below.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/parse.h"
#include "model/package.h"

/* How the release part of an ecosystem's name is made. */
enum release_rule {
	NO_FEED,   /* known, but nobody publishes advisories that are read here */
	BARE,      /* rolling: the name alone */
	MAJOR,     /* NAME:8 from "8.9" */
	WHOLE,     /* NAME:VERSION_ID */
	DEBIAN,    /* number, or code name where testing has no number */
	UBUNTU,    /* NAME:22.04:LTS */
	ALPINE,    /* NAME:v3.19, NAME:edge */
	AMAZON,    /* 2018.03 and its like are release 1 */
	OPENEULER, /* NAME:22.03-LTS-SP3, the service pack from PRETTY_NAME */
	SUSE,      /* NAME 15 SP5 from "15.5" */
	LEAP,      /* NAME 15.6 */
	CODENAME,  /* looked up in the derivatives' table: release of another distribution */
};

struct distro_rule {
	const char *id; /* ID of os-release */
	enum release_rule rule;
	const char *name;
};

static const struct distro_rule rules[] = {
	{"debian", DEBIAN, "Debian"},
	{"raspbian", DEBIAN, "Debian"}, /* Debian rebuilt for ARMv6: the same versions */
	{"devuan", CODENAME, "debian"},
	{"ubuntu", UBUNTU, "Ubuntu"},
	{"pop", UBUNTU, "Ubuntu"}, /* VERSION_ID is Ubuntu's */
	{"neon", UBUNTU, "Ubuntu"},
	{"tuxedo", UBUNTU, "Ubuntu"},
	{"linuxmint", CODENAME, "ubuntu"},
	{"elementary", CODENAME, "ubuntu"},
	{"zorin", CODENAME, "ubuntu"},
	{"kali", NO_FEED, NULL},
	{"parrot", NO_FEED, NULL},
	{"alpine", ALPINE, "Alpine"},
	{"postmarketos", CODENAME, "alpine"},
	{"wolfi", BARE, "Wolfi"},
	{"chainguard", BARE, "Chainguard"},
	{"minimos", BARE, "MinimOS"},
	{"alpaquita", WHOLE, "Alpaquita"},
	{"bellsoft-hardened-containers", WHOLE, "BellSoft Hardened Containers"},
	{"rhel", MAJOR, "Red Hat:enterprise_linux"},
	{"centos", MAJOR, "Red Hat:enterprise_linux"},
	{"scientific", MAJOR, "Red Hat:enterprise_linux"},
	{"eurolinux", MAJOR, "Red Hat:enterprise_linux"},
	{"springdale", MAJOR, "Red Hat:enterprise_linux"},
	{"rocky", MAJOR, "Rocky Linux"},
	{"almalinux", MAJOR, "AlmaLinux"},
	{"ol", MAJOR, "Oracle Linux"},
	{"amzn", AMAZON, "Amazon Linux"},
	{"fedora", NO_FEED, NULL},
	{"sles", SUSE, "SUSE:Linux Enterprise Server"},
	{"sles_sap", SUSE, "SUSE:Linux Enterprise Server for SAP Applications"},
	{"sled", SUSE, "SUSE:Linux Enterprise Desktop"},
	{"sle_hpc", SUSE, "SUSE:Linux Enterprise High Performance Computing"},
	{"sle-micro", LEAP, "SUSE:Linux Enterprise Micro"},
	{"suse-microos", LEAP, "SUSE:Linux Enterprise Micro"},
	{"sl-micro", LEAP, "SUSE:Linux Micro"},
	{"opensuse", LEAP, "openSUSE:Leap"},
	{"opensuse-leap", LEAP, "openSUSE:Leap"},
	{"opensuse-leap-micro", LEAP, "openSUSE:Leap Micro"},
	{"leap-micro", LEAP, "openSUSE:Leap Micro"},
	{"opensuse-tumbleweed", BARE, "openSUSE:Tumbleweed"},
	{"opensuse-microos", BARE, "openSUSE:Tumbleweed"},
	{"photon", WHOLE, "Photon OS"},
	{"mageia", MAJOR, "Mageia"},
	{"openeuler", OPENEULER, "openEuler"},
	{"mariner", MAJOR, "Azure Linux"},
	{"azurelinux", MAJOR, "Azure Linux"},
	{"arch", BARE, "Arch Linux"},
	{"archarm", NO_FEED, NULL},
	{"manjaro", NO_FEED, NULL}, /* holds packages back: versions do not correspond */
	{"gentoo", NO_FEED, NULL},
	{"nixos", NO_FEED, NULL},
	{"void", NO_FEED, NULL},
};

/* Debian's code names; testing and unstable say the next release's name and have no number. */
static const struct {
	const char *codename;
	const char *release;
} debian_names[] = {
	{"woody", "3.0"},         {"sarge", "3.1"},   {"etch", "4.0"},         {"lenny", "5.0"},
	{"squeeze", "6.0"},       {"wheezy", "7"},    {"jessie", "8"},         {"stretch", "9"},
	{"buster", "10"},         {"bullseye", "11"}, {"bookworm", "12"},      {"trixie", "13"},
	{"forky", "14"},          {"duke", "15"},     {"testing", "unstable"}, {"sid", "unstable"},
	{"unstable", "unstable"},
};

/*
 * Derivatives whose packages are another distribution's own: (distribution, code name or first
 * component of the version) → (distribution, release). Source: each project's release notes.
 */
static const struct {
	const char *id;
	const char *key;
	const char *base;
	const char *release;
} derivatives[] = {
	{"devuan", "jessie", "debian", "8"},
	{"devuan", "ascii", "debian", "9"},
	{"devuan", "beowulf", "debian", "10"},
	{"devuan", "chimaera", "debian", "11"},
	{"devuan", "daedalus", "debian", "12"},
	{"devuan", "excalibur", "debian", "13"},
	{"devuan", "1", "debian", "8"},
	{"devuan", "2", "debian", "9"},
	{"devuan", "3", "debian", "10"},
	{"devuan", "4", "debian", "11"},
	{"devuan", "5", "debian", "12"},
	{"devuan", "6", "debian", "13"},
	{"linuxmint", "cindy", "debian", "9"}, /* the Debian edition, LMDE 3 */
	{"linuxmint", "debbie", "debian", "10"},
	{"linuxmint", "elsie", "debian", "11"},
	{"linuxmint", "faye", "debian", "12"},
	{"linuxmint", "gigi", "debian", "13"},
	{"linuxmint", "17", "ubuntu", "14.04"},
	{"linuxmint", "18", "ubuntu", "16.04"},
	{"linuxmint", "19", "ubuntu", "18.04"},
	{"linuxmint", "20", "ubuntu", "20.04"},
	{"linuxmint", "21", "ubuntu", "22.04"},
	{"linuxmint", "22", "ubuntu", "24.04"},
	{"elementary", "5", "ubuntu", "18.04"},
	{"elementary", "6", "ubuntu", "20.04"},
	{"elementary", "7", "ubuntu", "22.04"},
	{"elementary", "8", "ubuntu", "24.04"},
	{"zorin", "15", "ubuntu", "18.04"},
	{"zorin", "16", "ubuntu", "20.04"},
	{"zorin", "17", "ubuntu", "22.04"},
	{"zorin", "18", "ubuntu", "24.04"},
	{"postmarketos", "v22.06", "alpine", "3.16"},
	{"postmarketos", "v22.12", "alpine", "3.17"},
	{"postmarketos", "v23.06", "alpine", "3.18"},
	{"postmarketos", "v23.12", "alpine", "3.19"},
	{"postmarketos", "v24.06", "alpine", "3.20"},
	{"postmarketos", "v24.12", "alpine", "3.21"},
	{"postmarketos", "v25.06", "alpine", "3.22"},
	{"postmarketos", "v25.12", "alpine", "3.23"},
	{"postmarketos", "edge", "alpine", "edge"},
};

/* Products that ship packages of a SUSE Linux Enterprise 15 host beside its base product; each name
 * is followed by the service pack. */
static const char *const suse_15[] = {
	"SUSE:Linux Enterprise Module for Basesystem",
	"SUSE:Linux Enterprise Module for Server Applications",
	"SUSE:Linux Enterprise Module for Containers",
	"SUSE:Linux Enterprise Module for Desktop Applications",
	"SUSE:Linux Enterprise Module for Development Tools",
	"SUSE:Linux Enterprise Module for Legacy",
	"SUSE:Linux Enterprise Module for Public Cloud",
	"SUSE:Linux Enterprise Module for Python 2",
	"SUSE:Linux Enterprise Module for Python 3",
	"SUSE:Linux Enterprise Module for Web and Scripting",
	"SUSE:Linux Enterprise Module for Transactional Server",
	"SUSE:Linux Enterprise Module for HPC",
	"SUSE:Linux Enterprise Module for Certifications",
	"SUSE:Linux Enterprise Module for Confidential Computing Technical Preview",
	"SUSE:Linux Enterprise Module for SAP Applications",
	"SUSE:Linux Enterprise Module for Package Hub",
	"SUSE:Package Hub",
	"SUSE:Linux Enterprise High Availability Extension",
	"SUSE:Linux Enterprise Live Patching",
	"SUSE:Linux Enterprise Workstation Extension",
	"SUSE:Real Time Module",
};

/* The same for SUSE Linux Enterprise 12: extensions follow the service pack … */
static const char *const suse_12[] = {
	"SUSE:Linux Enterprise Software Development Kit",
	"SUSE:Linux Enterprise High Availability Extension",
	"SUSE:Linux Enterprise Live Patching",
	"SUSE:Linux Enterprise Workstation Extension",
	"SUSE:Package Hub",
	"SUSE:Linux Enterprise Server LTSS Extended Security",
};

/* … modules do not. */
static const char *const suse_12_modules[] = {
	"SUSE:Linux Enterprise Module for Advanced Systems Management 12",
	"SUSE:Linux Enterprise Module for Containers 12",
	"SUSE:Linux Enterprise Module for HPC 12",
	"SUSE:Linux Enterprise Module for Legacy 12",
	"SUSE:Linux Enterprise Module for Public Cloud 12",
	"SUSE:Linux Enterprise Module for Toolchain 12",
	"SUSE:Linux Enterprise Module for Web and Scripting 12",
	"SUSE:Package Hub 12",
};

/* And for 11. */
static const char *const suse_11[] = {
	"SUSE:Linux Enterprise Software Development Kit",
	"SUSE:Linux Enterprise High Availability Extension",
};

static bool release_is_sane(struct sk_span s)
{
	if (s.len == 0 || s.len > 64)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!(sk_is_alnum(c) || c == '.' || c == '-' || c == '_' || c == '+'))
			return false;
	}
	return true;
}

/* "8.9" → "8"; false when it does not begin with a number. */
static bool first_number(struct sk_span s, struct sk_span *ret_part, uint32_t *ret)
{
	size_t n = 0;

	while (n < s.len && sk_is_digit(s.ptr[n]))
		n++;
	*ret_part = sk_span_sub(s, 0, n);
	return sk_parse_u32(*ret_part, ret);
}

/* "22.04.1" → 22 and 4. */
static bool two_numbers(struct sk_span s, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct sk_span part;

	if (!first_number(s, &part, ret_major) || part.len >= s.len || s.ptr[part.len] != '.')
		return false;
	s = sk_span_sub(s, part.len + 1, s.len);
	return first_number(s, &part, ret_minor);
}

static const char *debian_by_codename(struct sk_span name)
{
	/* "trixie/sid" is what testing and unstable both say */
	name = sk_span_sub(name, 0, sk_span_find(name, '/'));
	for (size_t i = 0; i < SK_ARRAY_LEN(debian_names); i++) {
		if (sk_span_eq_str(name, debian_names[i].codename))
			return debian_names[i].release;
	}
	return NULL;
}

static const char *debian_release(const struct model_distro *d, struct sk_arena *a)
{
	struct sk_span v = sk_span_str(d->version_id), part;
	uint32_t major, minor;
	const char *by_name;

	if (first_number(v, &part, &major) && major >= 1) {
		if (part.len < v.len && v.ptr[part.len] != '.' && v.ptr[part.len] != 'r')
			return NULL;
		if (major >= 7)
			return sk_arena_printf(a, "%u", major);
		/* until squeeze the second number was part of the release's name */
		if (major == 3 && two_numbers(v, &major, &minor))
			return sk_arena_printf(a, "3.%u", minor);
		return sk_arena_printf(a, "%u.0", major);
	}
	by_name = debian_by_codename(sk_span_str(d->codename));
	return by_name != NULL ? by_name : debian_by_codename(v);
}

static const char *ubuntu_release(struct sk_span v, struct sk_arena *a)
{
	uint32_t year, month;
	bool lts;

	if (!two_numbers(v, &year, &month) || year < 4 || year > 99 || month < 1 || month > 12)
		return NULL;
	lts = (year % 2 == 0 && month == 4 && year >= 8) || (year == 6 && month == 6);
	return sk_arena_printf(a, "%u.%02u%s", year, month, lts ? ":LTS" : "");
}

static const char *alpine_release(struct sk_span v, struct sk_arena *a)
{
	uint32_t major, minor;

	(void)sk_span_strip_prefix(&v, "v");
	/* edge says the next release's number with the day: 3.21.0_alpha20240606 */
	if (sk_span_contains(v, "_alpha") || sk_span_starts(v, "edge"))
		return "edge";
	if (!two_numbers(v, &major, &minor))
		return NULL;
	return sk_arena_printf(a, "v%u.%u", major, minor);
}

static const char *amazon_release(struct sk_span v, struct sk_arena *a)
{
	struct sk_span part;
	uint32_t year;

	if (!first_number(v, &part, &year))
		return NULL;
	/* 2011.09 to 2018.03 were releases of the first generation */
	if (year >= 2010 && year < 2020)
		return "1";
	return sk_arena_printf(a, "%u", year);
}

/* "22.03-lts-sp3" in the letters of the feed. */
static const char *upper_copy(const char *text, struct sk_arena *a)
{
	char *copy = sk_arena_strdup(a, text);

	for (char *c = copy; *c != '\0'; c++)
		*c = sk_upper(*c);
	return copy;
}

/* The part in "(LTS-SP3)" of "openEuler 22.03 (LTS-SP3)". */
static const char *openeuler_release(const struct model_distro *d, struct sk_arena *a)
{
	struct sk_span v = sk_span_str(d->version_id), text = sk_span_str(d->pretty_name);
	size_t open = sk_span_find(text, '(');

	if (!release_is_sane(v))
		return NULL;
	text = sk_span_sub(text, open + 1, text.len);
	text = sk_span_sub(text, 0, sk_span_find(text, ')'));
	if (!sk_span_contains(v, "LTS") && sk_span_starts(text, "LTS") && release_is_sane(text))
		return sk_arena_printf(a, "%.*s-%.*s", SK_SPAN_ARG(v), SK_SPAN_ARG(text));
	return upper_copy(d->version_id, a);
}

/* "15.5" and "15-SP5" → 15 and 5, "12" → 12 and 0. */
static bool suse_numbers(struct sk_span v, uint32_t *ret_major, uint32_t *ret_pack)
{
	struct sk_span part, pack;

	*ret_pack = 0;
	if (!first_number(v, &part, ret_major))
		return false;
	pack = sk_span_sub(v, part.len, v.len);
	if (pack.len == 0)
		return true;
	if (strchr("-. _", pack.ptr[0]) != NULL)
		pack = sk_span_sub(pack, 1, pack.len);
	if (sk_span_eq_nocase(sk_span_sub(pack, 0, 2), sk_span_str("sp")))
		return sk_parse_u32(sk_span_sub(pack, 2, pack.len), ret_pack);
	return two_numbers(v, ret_major, ret_pack);
}

/* "15.5" → "15 SP5", "12" → "12". */
static const char *suse_release(struct sk_span v, struct sk_arena *a)
{
	uint32_t major, minor;

	if (!suse_numbers(v, &major, &minor))
		return NULL;
	/* 16 and later name their minor releases 16.0 */
	if (major >= 16)
		return sk_arena_printf(a, "%u.%u", major, minor);
	if (minor == 0)
		return sk_arena_printf(a, "%u", major);
	return sk_arena_printf(a, "%u SP%u", major, minor);
}

static const struct distro_rule *find_rule(const char *id)
{
	for (size_t i = 0; id != NULL && i < SK_ARRAY_LEN(rules); i++) {
		if (strcmp(rules[i].id, id) == 0)
			return &rules[i];
	}
	return NULL;
}

/* The distribution whose packages a derivative ships. */
static bool derivative_base(const struct model_distro *d, struct model_distro *ret)
{
	struct sk_span v = sk_span_str(d->version_id), code = sk_span_str(d->codename);
	struct sk_span major = sk_span_sub(v, 0, sk_span_find(v, '.'));

	for (size_t i = 0; i < SK_ARRAY_LEN(derivatives); i++) {
		const char *key = derivatives[i].key;

		if (strcmp(derivatives[i].id, d->id) != 0)
			continue;
		/* the Debian edition of Mint counts from 1 too, so the name goes first */
		if (!sk_span_eq_str(code, key) && !sk_span_eq_str(v, key) &&
		    !sk_span_eq_str(major, key))
			continue;
		*ret = (struct model_distro){
			.id = derivatives[i].base,
			.version_id = derivatives[i].release,
		};
		return true;
	}
	return false;
}

static const char *release_of(const struct distro_rule *rule, const struct model_distro *d,
			      struct sk_arena *a)
{
	struct sk_span v = sk_span_str(d->version_id), part;
	uint32_t number;

	switch (rule->rule) {
	case MAJOR:
		return first_number(v, &part, &number) ? sk_arena_printf(a, "%u", number) : NULL;
	case WHOLE:
		return release_is_sane(v) ? d->version_id : NULL;
	case LEAP:
		return release_is_sane(v) && first_number(v, &part, &number) ? d->version_id : NULL;
	case DEBIAN:
		return debian_release(d, a);
	case UBUNTU:
		return ubuntu_release(v, a);
	case ALPINE:
		return alpine_release(v, a);
	case AMAZON:
		return amazon_release(v, a);
	case OPENEULER:
		return openeuler_release(d, a);
	case SUSE:
		return suse_release(v, a);
	case NO_FEED:
	case BARE:
	case CODENAME:
		break;
	}
	return NULL;
}

bool model_distro_map(struct model_distro *d, struct sk_arena *a)
{
	const struct distro_rule *rule = find_rule(d->id);
	struct model_distro base = *d;
	const char *release;
	char sep;

	d->ecosystem = NULL;
	if (rule == NULL)
		return false;
	if (rule->rule == CODENAME) {
		if (!derivative_base(d, &base))
			return true;
		rule = find_rule(base.id);
		if (rule == NULL)
			return true;
	}
	if (rule->rule == BARE)
		d->ecosystem = rule->name;
	if (rule->rule == BARE || rule->rule == NO_FEED)
		return true;
	release = release_of(rule, &base, a);
	sep = rule->rule == SUSE || rule->rule == LEAP ? ' ' : ':';
	if (release != NULL)
		d->ecosystem = sk_arena_printf(a, "%s%c%s", rule->name, sep, release);
	return true;
}

bool model_distro_has_feed(const struct model_distro *d)
{
	const struct distro_rule *rule = find_rule(d->id);

	return rule != NULL && rule->rule != NO_FEED;
}

/** struct names - growing list in an arena */
struct names {
	const char **items;
	size_t n;
	struct sk_arena *a;
};

enum {
	MAX_ECOSYSTEMS = 48
};

static void add_name(struct names *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->items[i], name) == 0)
			return;
	}
	if (l->n < MAX_ECOSYSTEMS)
		l->items[l->n++] = name;
}

static void add_products(struct names *l, const char *const *products, size_t n,
			 const char *release)
{
	for (size_t i = 0; i < n; i++)
		add_name(l, sk_arena_printf(l->a, "%s %s", products[i], release));
}

/* Base products and their long-term variants; every SUSE server product holds the server's
 * packages. */
static void add_suse(struct names *l, const struct distro_rule *rule, const char *release)
{
	static const char *const server = "SUSE:Linux Enterprise Server";
	bool desktop = strcmp(rule->id, "sled") == 0;

	if (!desktop) {
		add_name(l, sk_arena_printf(l->a, "%s %s", server, release));
		add_name(l, sk_arena_printf(l->a, "%s %s-LTSS", server, release));
	}
	if (strcmp(rule->id, "sle_hpc") == 0) {
		add_name(l, sk_arena_printf(l->a, "%s %s-ESPOS", rule->name, release));
		add_name(l, sk_arena_printf(l->a, "%s %s-LTSS", rule->name, release));
	}
	if (strncmp(release, "15", 2) == 0) {
		add_products(l, suse_15, SK_ARRAY_LEN(suse_15), release);
	} else if (strncmp(release, "12", 2) == 0) {
		add_products(l, suse_12, SK_ARRAY_LEN(suse_12), release);
		for (size_t i = 0; i < SK_ARRAY_LEN(suse_12_modules); i++)
			add_name(l, suse_12_modules[i]);
	} else if (strncmp(release, "11", 2) == 0) {
		add_products(l, suse_11, SK_ARRAY_LEN(suse_11), release);
	}
}

void model_distro_ecosystems(const struct model_distro *d, struct sk_arena *a, const char ***ret,
			     size_t *ret_n)
{
	const struct distro_rule *rule = find_rule(d->id);
	struct model_distro mapped = *d;
	struct names l = {.a = a};
	const char *release;

	*ret = NULL;
	*ret_n = 0;
	if (!model_distro_map(&mapped, a) || mapped.ecosystem == NULL)
		return;
	l.items = sk_arena_array(a, MAX_ECOSYSTEMS, sizeof(*l.items));
	add_name(&l, mapped.ecosystem);
	if (rule->rule == SUSE) {
		release = suse_release(sk_span_str(d->version_id), a);
		if (release != NULL)
			add_suse(&l, rule, release);
	} else if (sk_span_starts(sk_span_str(mapped.ecosystem), "openSUSE:Leap 1")) {
		add_name(&l, sk_arena_printf(a, "%s NonFree", mapped.ecosystem));
	}
	*ret = l.items;
	*ret_n = l.n;
}
