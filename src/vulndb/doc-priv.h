/* SPDX-License-Identifier: Apache-2.0 */
/* What feed readers make of a document, and what they are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/span.h"
#include "model/severity.h"
#include "vulndb/vulndb.h"

/** struct vulndb_doc_claim - one package in one release; text lives in the job's arena */
struct vulndb_doc_claim {
	struct sk_span ecosystem;
	struct sk_span name;
	enum vulndb_claim_state state;
	unsigned flags; /* enum vulndb_claim_flags */
	enum model_severity severity;
	struct sk_span module;
	struct sk_span arch;
	const struct vulndb_range *ranges;
	uint32_t n_ranges;
	const struct sk_span *versions;
	uint32_t n_versions;
	struct sk_span unless; /* the advisory whose own document, if it is there, speaks instead */
};

/** struct vulndb_doc_cvss - a vector that a document gives */
struct vulndb_doc_cvss {
	struct sk_span vector;
	const char *source;
};

/** struct vulndb_doc - a document of a feed, or of the part of it that one family of releases has
 */
struct vulndb_doc {
	const char *feed;
	struct sk_span id;
	const struct sk_span *aliases;
	size_t n_aliases;
	const struct sk_span *closes; /* CVEs that a notice closes */
	size_t n_closes;
	bool notice;
	bool withdrawn;
	bool partial;  /* other documents of this feed and id add to it rather than replace it */
	bool stand_in; /* gives way to a document of the same id from any other feed */
	bool signal;   /* says something of a vulnerability, nothing of packages */
	enum model_severity severity;
	const char *severity_source;
	int64_t published;
	int64_t modified;
	const struct vulndb_doc_cvss *cvss;
	size_t n_cvss;
	struct vulndb_doc_claim *claims;
	size_t n_claims, claims_cap;
	struct sk_span summary;
	const struct sk_span *references;
	size_t n_references;
	/* Signals: */
	bool kev, kev_ransomware;
	int64_t kev_added;
	bool epss;
	uint32_t epss_score, epss_percentile; /* hundred-thousandths */
};

/** struct vulndb_eol - one release cycle */
struct vulndb_eol {
	struct sk_span product;
	struct sk_span cycle;
	int64_t date;
};

/** struct vulndb_repo - Red Hat repository and one of its products */
struct vulndb_repo {
	struct sk_span name;
	struct sk_span cpe;
};

/** struct vulndb_module - stream of which an advisory speaks */
struct vulndb_module {
	struct sk_span advisory;
	struct sk_span module; /* name:stream */
};

/** struct vulndb_skip - something of a feed that was not used, counted by reason */
struct vulndb_skip {
	const char *feed;
	const char *reason;
	struct sk_span example;
	uint64_t n;
};

/** struct vulndb_batch - what one job yields, in document order */
struct vulndb_batch {
	struct sk_arena *arena;
	struct vulndb_doc **docs;
	size_t n_docs, docs_cap;
	struct vulndb_eol *eols;
	size_t n_eols, eols_cap;
	struct vulndb_repo *repos;
	size_t n_repos, repos_cap;
	struct vulndb_module *modules;
	size_t n_modules, modules_cap;
	struct vulndb_skip *skips;
	size_t n_skips, skips_cap;
	uint64_t n_read;    /* documents that were looked at */
	uint64_t n_bad;     /* malformed ones among them */
	uint64_t n_unknown; /* of no known feed */
	int64_t table_date; /* of the table that the job is a part of */
};

/* New document, zeroed, appended to the batch. */
struct vulndb_doc *vulndb_batch_doc(struct vulndb_batch *b, const char *feed, struct sk_span id);

/* New claim with one range without bounds. */
struct vulndb_doc_claim *vulndb_doc_add(struct vulndb_batch *b, struct vulndb_doc *d,
					struct sk_span ecosystem, struct sk_span name);

/* The claim's versions are those below @fixed. */
void vulndb_claim_fixed(struct vulndb_batch *b, struct vulndb_doc_claim *c, struct sk_span fixed);

/* Counts something that is not used. */
void vulndb_batch_skip(struct vulndb_batch *b, const char *feed, const char *reason,
		       struct sk_span example);

/* A copy in the batch's arena. */
struct sk_span vulndb_batch_text(struct vulndb_batch *b, struct sk_span s);

/* One line for people: the summary, else the begin of the details. */
struct sk_span vulndb_batch_summary(struct vulndb_batch *b, struct sk_span summary,
				    struct sk_span details);

/* Texts of a JSON array, in the batch's arena. */
const struct sk_span *vulndb_batch_texts(struct vulndb_batch *b, const struct sk_json *array,
					 size_t *ret_n);

/* A malformed document. */
void vulndb_batch_bad(struct vulndb_batch *b, const char *feed, const char *reason,
		      struct sk_span example);

bool vulndb_is_cve(struct sk_span id);
int64_t vulndb_json_time(const struct sk_json *j, const char *key);

/**
 * struct vulndb_reader - one kind of document
 * @name: for messages
 * @matches: is a parsed document of this kind
 * @read: what it says goes to the batch
 */
struct vulndb_reader {
	const char *name;
	bool (*matches)(const struct sk_json *doc);
	void (*read)(struct vulndb_batch *b, const struct sk_json *doc);
};

extern const struct vulndb_reader vulndb_reader_osv;
extern const struct vulndb_reader vulndb_reader_secdb;
extern const struct vulndb_reader vulndb_reader_kev;
extern const struct vulndb_reader vulndb_reader_vulnrichment;
extern const struct vulndb_reader vulndb_reader_eol;
extern const struct vulndb_reader vulndb_reader_redhat;
extern const struct vulndb_reader vulndb_reader_repos;
extern const struct vulndb_reader vulndb_reader_ubuntu;
extern const struct vulndb_reader vulndb_reader_amazon;
extern const struct vulndb_reader vulndb_reader_arch;
extern const struct vulndb_reader vulndb_reader_debian;

/* Reader for a document, or NULL. */
const struct vulndb_reader *vulndb_reader_for(const struct sk_json *doc);
