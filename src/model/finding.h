/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan says: target, packages, findings, suppressions, diagnostics. Plain data, no I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "model/package.h"
#include "model/severity.h"

/** struct model_cvss - one vector and its base score */
struct model_cvss {
	const char *version; /* "2.0", "3.0", "3.1", "4.0" */
	const char *vector;
	double score;
	const char *source;
};

/** struct model_kev - entry of CISA's catalogue of exploited vulnerabilities */
struct model_kev {
	bool listed;
	const char *date_added; /* YYYY-MM-DD */
	bool ransomware;
};

/** struct model_epss - exploit prediction */
struct model_epss {
	bool known;
	double score;      /* 0 to 1 */
	double percentile; /* 0 to 1 */
	const char *date;  /* YYYY-MM-DD */
};

/** struct model_finding - one (vulnerability, package) pair */
struct model_finding {
	const char *id; /* the CVE where one exists, else the advisory's own id */
	const char **aliases;
	size_t n_aliases; /* sorted */
	const struct model_package *package;
	const char **fixed_versions; /* ascending by the ecosystem's order */
	size_t n_fixed_versions;
	enum model_state state;
	enum model_severity severity;
	const char *severity_source;
	const struct model_cvss *cvss;
	size_t n_cvss;
	struct model_kev kev;
	struct model_epss epss;
	double risk; /* 0 to 100 */
	struct {
		const char *feed;
		const char *id;
		const char *range; /* as people read it: ">= 1.0, < 1.2" */
	} advisory;
	const char *published;     /* RFC 3339, or NULL */
	const char *fix_published; /* RFC 3339, or NULL */
};

/** struct model_suppressed - a finding that is held back, and why */
struct model_suppressed {
	struct model_finding finding;
	enum model_reason reason;
	const char *text;   /* the reason in words */
	const char *source; /* who decided: feed, file and line */
	const char *until;  /* YYYY-MM-DD, or NULL */
};

enum model_diagnostic_severity {
	MODEL_DIAGNOSTIC_INFO,
	MODEL_DIAGNOSTIC_WARNING,
	MODEL_DIAGNOSTIC_ERROR, /* part of the target was not read: the scan has no clean result */
};

/** struct model_diagnostic - what could not be read or decided */
struct model_diagnostic {
	enum model_diagnostic_severity severity;
	const char *place; /* layer, path, feed, file:line */
	const char *message;
};

/** struct model_layer - one layer of the target */
struct model_layer {
	struct sk_digest digest;  /* of the blob as stored; none for docker-archive */
	struct sk_digest diff_id; /* of the uncompressed tar */
	uint64_t size;            /* bytes as stored */
	const char *created_by;   /* history line, or NULL */
};

/** struct model_target - what was scanned */
struct model_target {
	const char *reference; /* as asked */
	const char *kind;      /* "docker-archive", "oci", "dir", "host", "purl", … */
	struct sk_digest digest;
	struct sk_digest config_digest;
	const char *platform; /* "linux/amd64", or NULL */
	struct model_distro os;
	const char *base; /* base image, or NULL when not known */
	struct model_layer *layers;
	size_t n_layers;
};

/** struct model_feed - one feed of the database */
struct model_feed {
	const char *name;
	uint64_t records;
	const char *date;            /* RFC 3339 of its newest document, or NULL */
	const char *const *families; /* that it speaks of: ecosystems without their release */
	size_t n_families;
};

/** struct model_database - which advisories were asked */
struct model_database {
	struct sk_digest digest;
	const char *built;       /* RFC 3339 */
	const char *oldest_feed; /* RFC 3339 */
	const char *newest_feed;
	const struct model_feed *feeds;
	size_t n_feeds;
	const struct model_feed *relevant; /* its date is the age of what speaks of the packages;
					      NULL: no feed with a date does */
};

/** struct model_report - everything that a report shows; arrays in report order */
struct model_report {
	struct model_target target;
	struct model_database database;
	struct model_package *packages; /* by purl, then name and version */
	size_t n_packages;
	size_t n_unjudged; /* packages that no feed of the database speaks of, or without a version
			    */
	struct model_finding *findings; /* by risk, severity, id, package id */
	size_t n_findings;
	size_t n_filtered; /* findings that filters took away */
	struct model_suppressed *suppressed;
	size_t n_suppressed;
	struct model_diagnostic *diagnostics;
	size_t n_diagnostics;
	const char *verdict;    /* "pass", "fail", "incomplete" */
	const char *tripped_by; /* for people, of "fail": all that tripped the gate; or NULL */
};
