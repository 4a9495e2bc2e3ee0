/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version comparison: one comparator per ecosystem behind one const table, each with the answers of
 * the ecosystem's own tool. Pure functions over borrowed text; nothing here fails for lack of
 * memory, and numbers of any length compare exactly.
 */
#pragma once

#include <stdbool.h>

#include "base/defs.h"
#include "base/span.h"

/** enum version_scheme - whose rules */
enum version_scheme {
	VERSION_DPKG,      /* deb-version(7), dpkg --compare-versions */
	VERSION_APK,       /* apk-tools 3, apk version -t */
	VERSION_RPM,       /* rpm.vercmp() on [epoch:]version[-release] */
	VERSION_SEMVER,    /* node-semver, strict: npm, crates.io, Pub, Hex, Swift */
	VERSION_PEP440,    /* Python's packaging.version.Version */
	VERSION_MAVEN,     /* ComparableVersion of Maven 3.8.7 */
	VERSION_RUBYGEMS,  /* Gem::Version */
	VERSION_NUGET,     /* NuGetVersion */
	VERSION_PACKAGIST, /* Composer's normalisation, then PHP's version_compare() */
	VERSION_GO,   /* golang.org/x/mod/semver, "v" optional; and toolchains such as go1.21rc2 */
	VERSION_CRAN, /* R's compareVersion() */
	VERSION_HACKAGE, /* Cabal's Version */
	VERSION_N_SCHEMES
};

/**
 * struct version_ops - one comparator
 * @name: short lower-case name, e.g. "dpkg"
 * @compare: as version_compare()
 * @valid: is the text well-formed by the ecosystem's rules; a comparator may order more than that,
 *         where its tool does (dpkg only warns of some faults, apk orders damaged versions)
 */
struct version_ops {
	const char *name;
	int (*compare)(struct sk_span a, struct sk_span b, int *ret_order);
	bool (*valid)(struct sk_span v);
};

/**
 * version_ops_for() - comparator of a scheme
 * @s: scheme, below VERSION_N_SCHEMES
 *
 * Return: static, never NULL.
 */
const struct version_ops *version_ops_for(enum version_scheme s);

/**
 * version_scheme_of() - scheme of an ecosystem
 * @ecosystem: name as OSV has it, any case, with or without a release ("Debian:12",
 *             "Alpine:v3.11", "Red Hat:enterprise_linux:8::appstream", "PyPI")
 * @ret: written when known
 *
 * "GIT" and ecosystems whose versions have no published order are unknown.
 * Return: false when unknown.
 */
sk_must_check bool version_scheme_of(struct sk_span ecosystem, enum version_scheme *ret);

/**
 * version_compare() - order of two versions
 * @s: scheme, below VERSION_N_SCHEMES
 * @a: version, any bytes
 * @b: version, any bytes
 * @ret_order: -1, 0 or 1, written on success
 *
 * Return: 0, or -SK_E_FORMAT when the ecosystem's own tool refuses @a or @b, or has no order for
 * the two (two different development branches of Packagist).
 */
sk_must_check int version_compare(enum version_scheme s, struct sk_span a, struct sk_span b,
				  int *ret_order);

/**
 * version_rpm_cmp() - order of two [epoch:]version[-release] texts, as rpm.vercmp()
 * @a: text; a missing epoch is 0
 * @b: text
 *
 * A version without a release is older than the same version with one.
 * Return: -1, 0 or 1.
 */
int version_rpm_cmp(struct sk_span a, struct sk_span b);

/**
 * version_rpm_dependency_cmp() - as version_rpm_cmp(), but with rpm's rule for dependencies
 * @a: text
 * @b: text
 *
 * Releases are compared only where both texts have one: 1.2 equals 1.2-3. This order is not
 * transitive (1.2-1 and 1.2-3 both equal 1.2): use it for one range bound at a time, not to sort.
 * Return: -1, 0 or 1.
 */
int version_rpm_dependency_cmp(struct sk_span a, struct sk_span b);

/**
 * version_rpm_segments_cmp() - order of two bare version or release texts, rpmvercmp()
 * @a: text without epoch and release
 * @b: text without epoch and release
 *
 * Return: -1, 0 or 1.
 */
int version_rpm_segments_cmp(struct sk_span a, struct sk_span b);
