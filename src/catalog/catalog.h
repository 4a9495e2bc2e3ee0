/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cataloguers: each claims paths, gets the content of a claimed file, and says which packages it
 * records. One file is judged alone and without its neighbours, so that layers can be read in
 * parallel and cached; what wins where layers overlap is decided by the scan.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"
#include "model/finding.h"
#include "model/package.h"

enum catalog_kind {
	CATALOG_OS_RELEASE,    /* etc/os-release, usr/lib/os-release */
	CATALOG_OLD_RELEASE,   /* etc/debian_version, etc/alpine-release, etc/redhat-release, … */
	CATALOG_DPKG_STATUS,   /* var/lib/dpkg/status */
	CATALOG_DPKG_STATUS_D, /* var/lib/dpkg/status.d/NAME: one package each */
	CATALOG_DPKG_FILES,    /* var/lib/dpkg/info/NAME.list: who owns a file */
	CATALOG_APK,           /* lib/apk/db/installed, usr/lib/apk/db/installed */
	CATALOG_RPM,           /* Packages, Packages.db, rpmdb.sqlite; told apart by content */
	CATALOG_RPM_WAL, /* rpmdb.sqlite-wal: what SQLite did not yet write back; only reported */
	CATALOG_CONTENT_SETS, /* root/buildinfo/content_manifests/NAME.json: Red Hat repositories */
	CATALOG_N_KINDS,
};

/* Raised whenever any cataloguer's output for the same bytes changes: cached results are then not
 * used. */
enum {
	CATALOG_VERSION = 1
};

enum catalog_claim_flags {
	CATALOG_CLAIM_FILES = 1 << 0, /* also claim the lists of files, for ownership */
};

/**
 * catalog_claims() - does a cataloguer want the file at this path
 * @path: relative to the root, normalised
 * @flags: enum catalog_claim_flags; with CATALOG_CLAIM_FILES CATALOG_DPKG_FILES is claimed, and
 * catalog_parse() fills the owned files of apk and rpm databases
 * @ret: which kind, written when claimed
 *
 * Called for every entry of every layer: costs a few nanoseconds for paths that nobody wants.
 * Return: true when claimed.
 */
bool catalog_claims(struct sk_span path, unsigned flags, enum catalog_kind *ret);

/**
 * catalog_may_lead() - can this path be a directory above a claimed path
 * @path: relative to the root, normalised
 *
 * A symbolic link at such a path (lib → usr/lib) redirects claimed paths, so the scan remembers it.
 * Return: true when some claimed path lies below.
 */
bool catalog_may_lead(struct sk_span path);

/**
 * catalog_dir() - directories whose files are claimed by their place, for following links to them
 * @i: from 0
 * @ret: path relative to the root, written when there is one
 *
 * Return: false after the last.
 */
bool catalog_dir(size_t i, struct sk_span *ret);

/**
 * catalog_kind_name() - name of a cataloguer, for reports and caches
 * @kind: which
 *
 * Return: static text.
 */
const char *catalog_kind_name(enum catalog_kind kind);

/**
 * struct catalog_input - content of a claimed file
 * @read: up to @len bytes; count, 0 at the end, or negative with @err filled
 * @path: relative to the root
 * @size: bytes that reading gives
 */
struct catalog_input {
	int64_t (*read)(void *ctx, void *buf, size_t len, struct sk_err *err);
	void *ctx;
	struct sk_span path;
	uint64_t size;
};

/** struct catalog_owned - one file of a package */
struct catalog_owned {
	const char *path;    /* relative to the root */
	const char *package; /* name, as in the package database */
};

/** struct catalog_result - what one file records; lives in the arena */
struct catalog_result {
	struct model_package
		*packages; /* locations, layer, ecosystem, purl, id are the scan's to fill */
	size_t n_packages;
	struct model_distro
		distro; /* CATALOG_OS_RELEASE, CATALOG_OLD_RELEASE: what the file says */
	struct catalog_owned *owned; /* only with CATALOG_CLAIM_FILES */
	size_t n_owned;
	const char **content_sets; /* CATALOG_CONTENT_SETS */
	size_t n_content_sets;
	struct model_diagnostic *diagnostics; /* damaged records; place is the path and record */
	size_t n_diagnostics;
};

/**
 * catalog_parse() - read a claimed file
 * @kind: from catalog_claims()
 * @in: content
 * @flags: enum catalog_claim_flags
 * @budget: limits file and packages are checked here
 * @a: the result lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * A damaged record becomes a diagnostic and reading goes on; a damaged file is an error.
 * Return: 0, or negative. Errors: SK_E_FORMAT, SK_E_LIMIT, what the input says.
 */
sk_must_check int catalog_parse(enum catalog_kind kind, const struct catalog_input *in,
				unsigned flags, struct sk_budget *budget, struct sk_arena *a,
				struct catalog_result *ret, struct sk_err *err);

/** struct catalog_release - what one release file says, and where it lies */
struct catalog_release {
	const char *path; /* relative to the root */
	struct model_distro distro;
};

/**
 * catalog_merge_releases() - one distribution out of all release files of a target
 * @files: results of CATALOG_OS_RELEASE and CATALOG_OLD_RELEASE, any order; sorted by this call
 * @n: count
 * @ret: all members NULL when nothing was recognised; pointers borrowed from @files
 *
 * etc/os-release wins, then usr/lib/os-release, then the older files, the special before the
 * general. Files of the same distribution fill in what the winner does not say. The ecosystem is
 * for model_distro_map() to find afterwards.
 */
void catalog_merge_releases(struct catalog_release *files, size_t n, struct model_distro *ret);

/**
 * catalog_is_third_party() - was this package built by somebody else than the distribution
 * @p: name, version, vendor, origin filled
 * @d: distribution of the target
 * @ret_why: what told, static text for evidence; may be NULL; written when true
 *
 * The distribution's advisories do not speak of such packages. Where nothing tells, a package is
 * the distribution's own.
 * Return: true when it is another vendor's.
 */
bool catalog_is_third_party(const struct model_package *p, const struct model_distro *d,
			    const char **ret_why);
