/* SPDX-License-Identifier: Apache-2.0 */
/* What was found in a target: packages and the distribution they belong to. Plain data, no I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/span.h"

enum model_package_type {
	MODEL_PACKAGE_DEB,
	MODEL_PACKAGE_APK,
	MODEL_PACKAGE_RPM,
	MODEL_PACKAGE_LANGUAGE, /* npm, PyPI, …: the ecosystem says which */
};

enum {
	MODEL_NO_LAYER = UINT32_MAX
};

/**
 * struct model_package - one installed package; all text lives in one arena
 *
 * Text members are NUL-terminated UTF-8 or foreign bytes (escaped when shown); NULL where absent.
 */
struct model_package {
	enum model_package_type type;
	const char *id; /* stable within a report: the purl, or what makes it unique */
	const char *name;
	const char *version; /* rpm: [epoch:]version-release, the epoch only where it is not 0 */
	const char *arch;
	const char *ecosystem; /* OSV's name with release, e.g. "Debian:12"; NULL when unknown */
	const char *purl;
	const char
		*source_name; /* never NULL after cataloguing: the package's own name by default */
	const char *source_version; /* likewise */
	const char *module; /* rpm modularity label "name:stream:version:context", apk/deb: NULL */
	const char *vendor; /* rpm Vendor, deb Maintainer, apk maintainer: to tell third-party
			       packages */
	const char *origin; /* deb Origin/rpm Distribution/apk repository, where recorded */
	bool third_party;   /* not the distribution's own: its advisories do not speak of it */
	uint32_t layer;     /* index of the layer that brought it, or MODEL_NO_LAYER */
	const char **locations;
	size_t n_locations;
	const char *owner; /* id of the distribution package whose file it is */
};

/** struct model_distro - the distribution of a target, from os-release or the older files */
struct model_distro {
	const char *id;               /* ID, lower case; NULL: no distribution was recognised */
	const char *version_id;       /* VERSION_ID or what the older files say */
	const char *codename;         /* VERSION_CODENAME */
	const char *pretty_name;      /* PRETTY_NAME */
	const char *id_like;          /* ID_LIKE */
	const char *cpe_name;         /* CPE_NAME */
	const char *ecosystem;        /* feed that speaks of it, OSV's name; NULL: unknown to us */
	const char *end_of_life;      /* YYYY-MM-DD, or NULL */
	const char *extended_support; /* its end, of LTS and the like; YYYY-MM-DD, or NULL */
};

/**
 * model_distro_map() - which advisory ecosystem speaks of a distribution
 * @d: id, version_id, codename, id_like filled; ecosystem and, where derived, nothing else is
 * written
 * @a: text lives here
 *
 * Derivatives map to the feed that they share (Raspbian → Debian, CentOS → Red Hat, …); a release
 * that the rule does not know leaves @d->ecosystem NULL. Return: true when the distribution was
 * recognised.
 */
bool model_distro_map(struct model_distro *d, struct sk_arena *a);

/**
 * model_distro_has_feed() - does somebody publish advisories for a distribution that are read here
 * @d: id filled
 *
 * Return: true also for a release that is not known.
 */
bool model_distro_has_feed(const struct model_distro *d);

/**
 * model_distro_ecosystems() - every advisory ecosystem that speaks of a distribution
 * @d: id, version_id, codename, pretty_name filled
 * @a: array and text live here
 * @ret: ecosystems, the base product first; NULL when none
 * @ret_n: count
 *
 * Most distributions have one, @d->ecosystem. SUSE publishes each fix under the products and
 * modules that ship the package, so a SUSE host asks all products of its service pack; LTSS
 * products are included, because a flaw that is fixed only there is present without them too.
 * Ubuntu's "Ubuntu:Pro:…" ecosystems are not included: their fixes are not offered to a host
 * without a subscription.
 */
void model_distro_ecosystems(const struct model_distro *d, struct sk_arena *a, const char ***ret,
			     size_t *ret_n);
