/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths are wanted. Called for every file of an image, so the first byte decides most. */
#include "catalog/catalog.h"

/** struct exact - one wanted path */
struct exact {
	struct sk_span path;
	enum catalog_kind kind;
};

static const struct exact in_etc[] = {
	{SK_SPAN("etc/os-release"), CATALOG_OS_RELEASE},
	{SK_SPAN("etc/debian_version"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/alpine-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/redhat-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/centos-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/fedora-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/oracle-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/rocky-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/almalinux-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/system-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/photon-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/mageia-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/mariner-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/openEuler-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/SuSE-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/lsb-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/arch-release"), CATALOG_OLD_RELEASE},
	{SK_SPAN("etc/gentoo-release"), CATALOG_OLD_RELEASE},
};

/* Directories of rpm databases: the usual one, the one of newer systems, the one of ostree. */
static const struct sk_span rpm_dirs[] = {
	SK_SPAN("var/lib/rpm/"),
	SK_SPAN("usr/lib/sysimage/rpm/"),
	SK_SPAN("usr/share/rpm/"),
};

static const struct exact in_rpm[] = {
	{SK_SPAN("Packages"), CATALOG_RPM},
	{SK_SPAN("Packages.db"), CATALOG_RPM},
	{SK_SPAN("rpmdb.sqlite"), CATALOG_RPM},
	{SK_SPAN("rpmdb.sqlite-wal"), CATALOG_RPM_WAL},
};

/* All directories that hold something wanted. */
static const struct sk_span dirs[] = {
	SK_SPAN("etc/"),
	SK_SPAN("lib/apk/db/"),
	SK_SPAN("root/buildinfo/content_manifests/"),
	SK_SPAN("usr/lib/"),
	SK_SPAN("usr/lib/apk/db/"),
	SK_SPAN("usr/lib/sysimage/rpm/"),
	SK_SPAN("usr/share/buildinfo/"),
	SK_SPAN("usr/share/rpm/"),
	SK_SPAN("var/lib/dpkg/"),
	SK_SPAN("var/lib/dpkg/info/"),
	SK_SPAN("var/lib/dpkg/status.d/"),
	SK_SPAN("var/lib/rpm/"),
};

static bool strip(struct sk_span *s, struct sk_span prefix)
{
	if (s->len < prefix.len || memcmp(s->ptr, prefix.ptr, prefix.len) != 0)
		return false;
	*s = sk_span_sub(*s, prefix.len, s->len);
	return true;
}

static bool find_exact(const struct exact *table, size_t n, struct sk_span path,
		       enum catalog_kind *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (sk_span_eq(table[i].path, path)) {
			*ret = table[i].kind;
			return true;
		}
	}
	return false;
}

static bool claim(enum catalog_kind kind, enum catalog_kind *ret)
{
	*ret = kind;
	return true;
}

static bool claims_rpm(struct sk_span path, enum catalog_kind *ret)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(rpm_dirs); i++) {
		struct sk_span name = path;

		if (strip(&name, rpm_dirs[i]))
			return find_exact(in_rpm, SK_ARRAY_LEN(in_rpm), name, ret);
	}
	return false;
}

/* @name is what follows "var/lib/dpkg/". */
static bool claims_dpkg(struct sk_span name, unsigned flags, enum catalog_kind *ret)
{
	static const struct sk_span status_d = SK_SPAN("status.d/"), info = SK_SPAN("info/");
	bool files = (flags & CATALOG_CLAIM_FILES) != 0;

	if (sk_span_eq_str(name, "status"))
		return claim(CATALOG_DPKG_STATUS, ret);
	if (strip(&name, status_d)) {
		if (name.len == 0 || sk_span_find(name, '/') != name.len)
			return false;
		/* distroless images put the package's sums beside its record */
		if (sk_span_ends(name, ".md5sums"))
			return files && claim(CATALOG_DPKG_FILES, ret);
		return claim(CATALOG_DPKG_STATUS_D, ret);
	}
	if (files && strip(&name, info) && sk_span_ends(name, ".list") &&
	    sk_span_find(name, '/') == name.len)
		return claim(CATALOG_DPKG_FILES, ret);
	return false;
}

static bool claims_json(struct sk_span name, enum catalog_kind *ret)
{
	return sk_span_ends(name, ".json") && sk_span_find(name, '/') == name.len &&
	       claim(CATALOG_CONTENT_SETS, ret);
}

static bool claims_usr(struct sk_span path, enum catalog_kind *ret)
{
	static const struct sk_span build = SK_SPAN("usr/share/buildinfo/");

	/* "usr/lib/{os-release,apk,sysimage}", "usr/share/{rpm,buildinfo}": usr has most files */
	if (path.len < 18 || path.ptr[3] != '/')
		return false;
	if (path.ptr[4] == 'l') {
		if (path.ptr[7] != '/' ||
		    (path.ptr[8] != 'o' && path.ptr[8] != 'a' && path.ptr[8] != 's'))
			return false;
	} else if (path.ptr[4] != 's' || (path.ptr[10] != 'r' && path.ptr[10] != 'b')) {
		return false;
	}
	if (sk_span_eq_str(path, "usr/lib/os-release"))
		return claim(CATALOG_OS_RELEASE, ret);
	if (sk_span_eq_str(path, "usr/lib/apk/db/installed"))
		return claim(CATALOG_APK, ret);
	if (path.ptr[4] == 's' && strip(&path, build))
		return claims_json(path, ret);
	return claims_rpm(path, ret);
}

bool catalog_claims(struct sk_span path, unsigned flags, enum catalog_kind *ret)
{
	static const struct sk_span dpkg = SK_SPAN("var/lib/dpkg/"),
				    manifests = SK_SPAN("root/buildinfo/content_manifests/");

	if (path.len < 10)
		return false;
	switch (path.ptr[0]) {
	case 'e':
		return path.len <= 21 && find_exact(in_etc, SK_ARRAY_LEN(in_etc), path, ret);
	case 'u':
		return claims_usr(path, ret);
	case 'v':
		if (path.ptr[4] != 'l')
			return false;
		return strip(&path, dpkg) ? claims_dpkg(path, flags, ret) : claims_rpm(path, ret);
	case 'l':
		return sk_span_eq_str(path, "lib/apk/db/installed") && claim(CATALOG_APK, ret);
	case 'r':
		return strip(&path, manifests) && claims_json(path, ret);
	default:
		return false;
	}
}

bool catalog_may_lead(struct sk_span path)
{
	if (path.len == 0)
		return true;
	if (path.len > 34)
		return false;
	for (size_t i = 0; i < SK_ARRAY_LEN(dirs); i++) {
		if (path.ptr[0] == dirs[i].ptr[0] && path.len < dirs[i].len &&
		    dirs[i].ptr[path.len] == '/' && memcmp(path.ptr, dirs[i].ptr, path.len) == 0)
			return true;
	}
	return false;
}

bool catalog_dir(size_t i, struct sk_span *ret)
{
	if (i >= SK_ARRAY_LEN(dirs))
		return false;
	*ret = sk_span_sub(dirs[i], 0, dirs[i].len - 1);
	return true;
}
