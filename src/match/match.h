/* SPDX-License-Identifier: Apache-2.0 */
/* Packages × advisories → findings, with the evidence for each finding and each suppression. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "model/finding.h"
#include "vulndb/vulndb.h"

/** struct match_ignore - one rule of .stockadeignore */
struct match_ignore {
	const char *id;      /* vulnerability or alias, or NULL */
	const char *package; /* name or purl without version, or NULL */
	const char *path;    /* glob over locations, or NULL */
	const char *reason;
	int64_t until;      /* first second that it no longer applies, 0: for ever */
	const char *source; /* "file:line" */
};

/** struct match_ignores - parsed ignore file */
struct match_ignores {
	struct match_ignore *rules;
	size_t n_rules;
};

/**
 * match_ignores_parse() - read an ignore list
 * @text: YAML list of {id, package, path, reason, until}
 * @file: name for messages
 * @a: rules live here
 * @ret: written on success
 * @err: filled on failure, with the line
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT also for a rule without a reason or without a
 * subject.
 */
sk_must_check int match_ignores_parse(struct sk_span text, const char *file, struct sk_arena *a,
				      struct match_ignores *ret, struct sk_err *err);

/** struct match_options - what the caller chose */
struct match_options {
	const struct match_ignores *ignores; /* may be NULL */
	const char *const
		*content_sets; /* Red Hat repositories or CPEs that the image was built from */
	size_t n_content_sets;
	int64_t now; /* seconds since the epoch, for expiry of ignores */
};

/** struct match_result - lists in report order, text in the arena */
struct match_result {
	struct model_finding *findings;
	size_t n_findings;
	struct model_suppressed *suppressed;
	size_t n_suppressed;
	struct model_diagnostic *diagnostics;
	size_t n_diagnostics;
};

/**
 * match_packages() - judge packages
 * @db: advisories
 * @packages: ecosystem, source, module and owner filled
 * @n_packages: count
 * @opts: choices
 * @a: results live here; they borrow @packages
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or negative (a damaged database). A version that its ecosystem's order cannot read is
 * a diagnostic, never a guess.
 */
sk_must_check int match_packages(const struct vulndb *db, const struct model_package *packages,
				 size_t n_packages, const struct match_options *opts,
				 struct sk_arena *a, struct match_result *ret, struct sk_err *err);
