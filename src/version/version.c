/* SPDX-License-Identifier: Apache-2.0 */
/* The table of comparators, which ecosystem uses which, and the helpers that they share. */
#include "version/version.h"

#include "version/version-priv.h"

static const struct version_ops *const version_table[] = {
	[VERSION_DPKG] = &version_dpkg_ops,           /* dpkg.c */
	[VERSION_APK] = &version_apk_ops,             /* apk.c */
	[VERSION_RPM] = &version_rpm_ops,             /* rpm.c */
	[VERSION_SEMVER] = &version_semver_ops,       /* semver.c */
	[VERSION_PEP440] = &version_pep440_ops,       /* pep440.c */
	[VERSION_MAVEN] = &version_maven_ops,         /* maven.c */
	[VERSION_RUBYGEMS] = &version_rubygems_ops,   /* rubygems.c */
	[VERSION_NUGET] = &version_nuget_ops,         /* nuget.c */
	[VERSION_PACKAGIST] = &version_packagist_ops, /* packagist.c */
	[VERSION_GO] = &version_go_ops,               /* go.c */
	[VERSION_CRAN] = &version_cran_ops,           /* lists.c */
	[VERSION_HACKAGE] = &version_hackage_ops,     /* lists.c */
};
_Static_assert(SK_ARRAY_LEN(version_table) == VERSION_N_SCHEMES, "a comparator for each scheme");

/*
 * Names as in the OSV schema ("Defined ecosystems") and a few that OSV does not name. Where OSV
 * leaves the order open, the choice follows the ecosystem: opam orders as dpkg does; Bioconductor
 * is R; actions, kernels and Kubernetes have tags like Go modules (v optional, v4 and 5.10 whole).
 * Android's versions ("12L:2022-09-05") and Git commits have no order.
 */
static const struct {
	const char *name;
	enum version_scheme scheme;
} version_ecosystems[] = {
	{"AlmaLinux", VERSION_RPM},
	{"Alpaquita", VERSION_APK},
	{"Alpine", VERSION_APK},
	{"Amazon Linux", VERSION_RPM},
	{"Azure Linux", VERSION_RPM},
	{"BellSoft Hardened Containers", VERSION_APK},
	{"Bioconductor", VERSION_CRAN},
	{"Bitnami", VERSION_SEMVER},
	{"CBL-Mariner", VERSION_RPM},
	{"CentOS", VERSION_RPM},
	{"Chainguard", VERSION_APK},
	{"CleanStart", VERSION_APK},
	{"ConanCenter", VERSION_SEMVER},
	{"CRAN", VERSION_CRAN},
	{"crates.io", VERSION_SEMVER},
	{"Debian", VERSION_DPKG},
	{"Echo", VERSION_DPKG},
	{"Fedora", VERSION_RPM},
	{"GHC", VERSION_HACKAGE},
	{"GitHub Actions", VERSION_GO},
	{"Go", VERSION_GO},
	{"Hackage", VERSION_HACKAGE},
	{"Hex", VERSION_SEMVER},
	{"Julia", VERSION_SEMVER},
	{"Kubernetes", VERSION_GO},
	{"Linux", VERSION_GO},
	{"Mageia", VERSION_RPM},
	{"Maven", VERSION_MAVEN},
	{"MinimOS", VERSION_APK},
	{"npm", VERSION_SEMVER},
	{"NuGet", VERSION_NUGET},
	{"opam", VERSION_DPKG},
	{"openEuler", VERSION_RPM},
	{"openSUSE", VERSION_RPM},
	{"Oracle Linux", VERSION_RPM},
	{"Packagist", VERSION_PACKAGIST},
	{"Photon OS", VERSION_RPM},
	{"postmarketOS", VERSION_APK},
	{"Pub", VERSION_SEMVER},
	{"PyPI", VERSION_PEP440},
	{"Red Hat", VERSION_RPM},
	{"Rocky Linux", VERSION_RPM},
	{"RubyGems", VERSION_RUBYGEMS},
	{"SUSE", VERSION_RPM},
	{"SwiftURL", VERSION_SEMVER},
	{"Ubuntu", VERSION_DPKG},
	{"VSCode", VERSION_SEMVER},
	{"Wolfi", VERSION_APK},
};

const struct version_ops *version_ops_for(enum version_scheme s)
{
	return version_table[s];
}

bool version_scheme_of(struct sk_span ecosystem, enum version_scheme *ret)
{
	struct sk_span name = sk_span_sub(ecosystem, 0, sk_span_find(ecosystem, ':'));

	for (size_t i = 0; i < SK_ARRAY_LEN(version_ecosystems); i++) {
		if (sk_span_eq_nocase(name, sk_span_str(version_ecosystems[i].name))) {
			*ret = version_ecosystems[i].scheme;
			return true;
		}
	}
	return false;
}

int version_compare(enum version_scheme s, struct sk_span a, struct sk_span b, int *ret_order)
{
	return version_table[s]->compare(a, b, ret_order);
}

struct sk_span version_take(struct sk_span *s, bool (*is)(char c))
{
	size_t n = 0;
	struct sk_span run;

	while (n < s->len && is(s->ptr[n]))
		n++;
	run = sk_span_sub(*s, 0, n);
	version_skip(s, n);
	return run;
}

bool version_take_char(struct sk_span *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	version_skip(s, 1);
	return true;
}

bool version_take_word(struct sk_span *s, const char *word)
{
	size_t len = strlen(word);

	if (!sk_span_eq_nocase(sk_span_sub(*s, 0, len), sk_span_of(word, len)))
		return false;
	version_skip(s, len);
	return true;
}

struct sk_span version_trim(struct sk_span s)
{
	while (s.len != 0 && sk_is_space(s.ptr[0]))
		version_skip(&s, 1);
	while (s.len != 0 && sk_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct sk_span version_strip_zeros(struct sk_span digits)
{
	while (version_peek(digits) == '0')
		version_skip(&digits, 1);
	return digits;
}

int version_num_cmp(struct sk_span a, struct sk_span b)
{
	a = version_strip_zeros(a);
	b = version_strip_zeros(b);
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return version_text_cmp(a, b);
}

int version_text_cmp(struct sk_span a, struct sk_span b)
{
	return version_sign(sk_span_cmp(a, b));
}

int version_text_cmp_nocase(struct sk_span a, struct sk_span b)
{
	size_t common = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < common; i++) {
		unsigned char x = (unsigned char)sk_lower(a.ptr[i]);
		unsigned char y = (unsigned char)sk_lower(b.ptr[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.len > b.len) - (a.len < b.len);
}

bool version_all_digits(struct sk_span s)
{
	return s.len != 0 && version_take(&s, sk_is_digit).len != 0 && s.len == 0;
}
