/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs: pkg:type/namespace/name@version?qualifiers#subpath. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"
#include "model/package.h"

/** struct model_purl_qualifier - key (lower case) and decoded value */
struct model_purl_qualifier {
	const char *key;
	const char *value;
};

/** struct model_purl - decoded parts, in an arena; absent parts are NULL */
struct model_purl {
	const char *type; /* lower case */
	const char *ns;   /* segments joined by '/' */
	const char *name;
	const char *version;
	const char *subpath;
	struct model_purl_qualifier *qualifiers; /* sorted by key */
	size_t n_qualifiers;
};

/**
 * model_purl_parse() - decode and normalise a package URL
 * @text: up to 8 KiB
 * @a: parts live here
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_FORMAT. Source: the purl specification, core and types documents.
 */
sk_must_check int model_purl_parse(struct sk_span text, struct sk_arena *a, struct model_purl *ret,
				   struct sk_err *err);

/**
 * model_purl_text() - canonical text
 * @p: parts
 * @a: text lives here
 *
 * Return: NUL-terminated text.
 */
const char *model_purl_text(const struct model_purl *p, struct sk_arena *a);

/**
 * model_purl_get() - value of a qualifier
 * @p: parts
 * @key: lower case
 *
 * Return: NULL when absent.
 */
const char *model_purl_get(const struct model_purl *p, const char *key);

/**
 * model_purl_to_package() - the package that a package URL names
 * @p: parts
 * @text: the URL as it was asked; becomes the package's purl, whole
 * @a: text lives here
 * @ret: written; source, arch, module, epoch and ecosystem come from the qualifiers
 *
 * `distro=debian-12` chooses the ecosystem, `upstream=name@version` (or a name, or a source
 * package's file name) the source package, `epoch=`, `arch=`, `rpmmod=` speak for themselves.
 * A type or a distribution that no feed speaks of leaves the ecosystem NULL.
 */
void model_purl_to_package(const struct model_purl *p, const char *text, struct sk_arena *a,
			   struct model_package *ret);

/**
 * model_purl_blind_spot() - why no feed speaks of a distribution's package
 * @p: parts
 * @a: text lives here
 *
 * Return: in words, such as "distro 'debain-12' not understood"; NULL when a feed may speak of it,
 * and for packages of languages.
 */
const char *model_purl_blind_spot(const struct model_purl *p, struct sk_arena *a);

/**
 * model_purl_of_package() - package URL for a catalogued package
 * @p: type, name, version, arch, source, module and ecosystem filled
 * @d: its distribution; may be NULL
 * @a: text lives here
 *
 * Return: canonical text with distro=, arch=, epoch=, upstream= and rpmmod= where they apply.
 */
const char *model_purl_of_package(const struct model_package *p, const struct model_distro *d,
				  struct sk_arena *a);
