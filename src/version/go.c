/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go. Modules: golang.org/x/mod/semver, where v1 is v1.0.0 and v1.2 is v1.2.0; the "v" may be
 * missing, as advisories leave it out; "+incompatible" and other metadata do not count. Toolchains
 * (the standard library): "go1.21rc2", "1.21rc2", with an optional suffix after a blank or hyphen
 * ("go1.21.3-bigcorp", "go1.22.1 X:boringcrypto"), as package go/version orders them; they compare
 * with modules' versions as the Go vulnerability database writes them: 1.21rc2 is 1.21.0-rc.2.
 * "go1.21" is a language version, older than go1.21rc1, from 1.21 on; "1.21" is 1.21.0.
 */
#include "version/version-priv.h"

/* golang.org/x/mod/semver: major[.minor[.patch[-pre][+build]]] */
static bool version_go_module(struct sk_span s, struct version_semver *ret)
{
	version_take_char(&s, 'v');
	for (size_t i = 0; i < SK_ARRAY_LEN(ret->num); i++) {
		if (i != 0 && s.len == 0)
			return true;
		if (i != 0 && !version_take_char(&s, '.'))
			return false;
		if (!version_semver_number(&s, &ret->num[i]))
			return false;
	}
	return version_semver_tail(s, ret);
}

static bool version_go_kind(struct sk_span s, struct version_semver *ret)
{
	struct sk_span digits = s;

	ret->pre = s;
	ret->has_pre = true;
	ret->split = true;
	if (version_take(&digits, sk_is_lower).len == 0)
		return false;
	return digits.len == 0 || (version_semver_number(&digits, &s) && digits.len == 0);
}

/* major[.minor[.patch]] or major.minorkind[number] */
static bool version_go_toolchain(struct sk_span s, bool prefixed, struct version_semver *ret)
{
	static const struct sk_span first_split = SK_SPAN("21");

	if (!version_semver_number(&s, &ret->num[0]))
		return false;
	if (s.len == 0)
		return true;
	if (!version_take_char(&s, '.') || !version_semver_number(&s, &ret->num[1]))
		return false;
	if (s.len == 0) {
		ret->language = prefixed && version_num_cmp(ret->num[1], first_split) >= 0;
		return true;
	}
	if (version_take_char(&s, '.'))
		return version_semver_number(&s, &ret->num[2]) && s.len == 0;
	return version_go_kind(s, ret);
}

static bool version_go_parse(struct sk_span s, struct version_semver *ret)
{
	struct sk_span name = s;
	size_t len = 0;

	*ret = (struct version_semver){0};
	if (sk_span_strip_prefix(&name, "go")) {
		while (len < name.len && name.ptr[len] != ' ' && name.ptr[len] != '\t' &&
		       name.ptr[len] != '-')
			len++;
		return version_go_toolchain(sk_span_sub(name, 0, len), true, ret);
	}
	if (version_go_module(s, ret))
		return true;
	*ret = (struct version_semver){0};
	return version_go_toolchain(s, false, ret);
}

static int version_go_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_semver x, y;

	if (!version_go_parse(a, &x) || !version_go_parse(b, &y))
		return -SK_E_FORMAT;
	*ret_order = version_semver_precedence(&x, &y);
	return 0;
}

static bool version_go_valid(struct sk_span v)
{
	struct version_semver x;

	return version_go_parse(v, &x);
}

const struct version_ops version_go_ops = {
	.name = "go",
	.compare = version_go_compare,
	.valid = version_go_valid,
};
