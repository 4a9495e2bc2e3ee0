/* SPDX-License-Identifier: Apache-2.0 */
/* Inside scan: the state of one scan and the steps that share it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/doc.h"
#include "image/target.h"
#include "scan/cache.h"
#include "scan/facts.h"
#include "scan/merge.h"
#include "scan/pool.h"
#include "scan/reader.h"
#include "scan/scan.h"

/** enum scan_input - how the target's bytes can be reached */
enum scan_input {
	SCAN_INPUT_NONE,   /* packages given by name */
	SCAN_INPUT_DIR,    /* OCI layout directory: blobs are files beneath root_fd */
	SCAN_INPUT_FILE,   /* uncompressed archive in fd: members by offset */
	SCAN_INPUT_STREAM, /* archive that is read from front to back: compressed, pipe, engine */
	SCAN_INPUT_TREE,   /* directory tree beneath root_fd */
	SCAN_INPUT_LAYER,  /* fd is one layer */
};

/** struct scan_blob - a layer's bytes, or what was made of them already */
struct scan_blob {
	int fd; /* -1: none */
	struct scan_range range;
	uint64_t size;
	const struct scan_member *member; /* archives */
};

/** struct scan_plan_layer - one layer of the image and what it must turn out to be */
struct scan_plan_layer {
	const char *name;         /* digest or member, as messages name it; escaped */
	struct sk_digest stored;  /* expected, or none */
	struct sk_digest diff_id; /* expected, or none */
	uint64_t stored_size;     /* expected; UINT64_MAX: not said */
	struct scan_blob blob;
	struct sk_span member_path; /* streams: to find it when the archive is read again */
	size_t same_as;             /* index of an earlier layer with the same bytes, or its own */
	const char *created_by;
	struct scan_facts *facts; /* of the first pass; NULL when it could not be read */
	const struct scan_facts **parts;
	size_t n_parts;
};

/** struct scan_session - one scan */
struct scan_session {
	const struct scan_options *opts;
	const struct vulndb *db;
	struct sk_arena *arena;
	struct sk_budget budget; /* of this process: documents, packages */
	uint64_t deadline_ms;
	unsigned n_workers;
	enum scan_input input;
	enum image_kind kind;
	int fd;
	int root_fd;
	uint64_t file_size;  /* SCAN_INPUT_FILE, SCAN_INPUT_LAYER; UINT64_MAX: not known */
	struct sk_span head; /* taken from the front of a pipe already */
	bool rereadable;
	const char *engine_name; /* docker:NAME */
	const char *given_text;  /* purl: */
	struct image_choice choice;
	struct scan_cache *cache; /* NULL: none */
	struct scan_archive archive;
	struct sk_buf archive_bytes; /* what archive points into */
	struct scan_alias *aliases;  /* asked for by targeted passes */
	size_t n_aliases;
	struct scan_plan_layer *layers;
	size_t n_layers;
	struct scan_merged merged;
	struct model_package *given; /* purls */
	size_t n_given;
	struct model_diagnostic *diagnostics;
	size_t n_diagnostics, diagnostics_cap;
	struct model_report *report;
	struct scan_extracted *start; /* not NULL: how the container starts is wanted */
};

/**
 * scan_note() - add a diagnostic
 * @s: session
 * @severity: how bad
 * @place: lives in the arena or longer; may be NULL
 * @fmt: message
 */
void scan_note(struct scan_session *s, enum model_diagnostic_severity severity, const char *place,
	       const char *fmt, ...) sk_printf_like(4, 5);

/**
 * scan_run_jobs() - run jobs with this scan's limits, deadline and progress
 * @s: session
 * @what: shown as progress
 * @jobs: as for scan_pool_run()
 * @n_jobs: count
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_run_jobs(struct scan_session *s, const char *what, struct scan_job *jobs,
				size_t n_jobs, struct sk_err *err);

/**
 * scan_open_target() - find out what the target is and open it
 * @s: session with options
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_open_target(struct scan_session *s, struct sk_err *err);

/**
 * scan_open_engine() - have the local engine export an image
 * @s: session
 * @name: as the engine knows it
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_NOT_FOUND, SK_E_NETWORK.
 */
sk_must_check int scan_open_engine(struct scan_session *s, const char *name, struct sk_err *err);

/**
 * scan_engine_feed() - a job that writes the engine's export into a pipe
 * @s: session of an engine's image
 * @ret: the job; its descriptor is the pipe's writing end
 * @ret_fd: the reading end, the caller closes
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_engine_feed(struct scan_session *s, struct scan_job *ret, int *ret_fd,
				   struct sk_err *err);

/**
 * scan_resolve_image() - from index, manifest and configuration to the layers
 * @s: session with an opened image
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_resolve_image(struct scan_session *s, struct sk_err *err);

/**
 * scan_read_archive() - list an archive; a stream's members are read as well
 * @s: session; its archive is replaced
 * @wanted: what to look for in layers
 * @outer: read it as a layer too
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_read_archive(struct scan_session *s, const struct scan_wanted *wanted,
				    bool outer, struct sk_err *err);

/**
 * scan_find_member() - member of an archive by name, links followed
 * @s: session
 * @name: as a manifest writes it
 *
 * Return: NULL when there is none.
 */
const struct scan_member *scan_find_member(const struct scan_session *s, struct sk_span name);

/** struct scan_reading - what a pass has made of one layer */
struct scan_reading {
	bool asked; /* was part of the pass */
	struct scan_facts *facts;
	int r; /* 0 or why there are no facts, then @err says which */
	struct sk_err err;
};

/**
 * scan_read_pass() - facts of layers that can be read again, from the cache or from workers
 * @s: session with planned layers
 * @wanted: what to look for
 * @only: one layer, or MODEL_NO_LAYER for all
 * @readings: one for each layer, written
 * @err: filled on failure
 *
 * Repeated layers are not part of it. Facts live in the arena.
 * Return: 0 when every layer has its reading, or negative.
 */
sk_must_check int scan_read_pass(struct scan_session *s, const struct scan_wanted *wanted,
				 uint32_t only, struct scan_reading *readings, struct sk_err *err);

/**
 * scan_read_layers() - read every layer, verify its digests, fill its facts
 * @s: session with planned layers
 * @err: filled on failure
 *
 * A layer that cannot be read is a diagnostic of severity error; one that is not what it must be
 * ends the scan. Return: 0, or negative. Errors: SK_E_DIGEST.
 */
sk_must_check int scan_read_layers(struct scan_session *s, struct sk_err *err);

/**
 * scan_merge_layers() - merge, and ask again for what links lead to
 * @s: session with facts
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_merge_layers(struct scan_session *s, struct sk_err *err);

/**
 * scan_read_purls() - packages given by name
 * @s: session; a list in its fd, or the target itself
 * @err: filled on failure, with the line
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_read_purls(struct scan_session *s, struct sk_err *err);

/**
 * scan_assemble() - packages, distribution and findings of the report
 * @s: session with merged files or given packages
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: ENODATA nothing recognised.
 */
sk_must_check int scan_assemble(struct scan_session *s, struct sk_err *err);

/**
 * scan_start_work() - entry point and command of a configuration
 * @job: @ctx is a struct scan_doc_ctx
 * @answer: appended to
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
int scan_start_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err);

/**
 * scan_start_decode() - read and validate scan_start_work()'s answer
 * @s: bytes, not trusted
 * @a: the result lives here
 * @ret: @path, @args and @n_args are written
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int scan_start_decode(struct sk_span s, struct sk_arena *a,
				    struct scan_extracted *ret, struct sk_err *err);

/**
 * scan_extract_layers() - the target's files beneath DIR/root
 * @s: session
 * @dir: exists
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_extract_layers(struct scan_session *s, const char *dir, struct sk_err *err);

/**
 * scan_quote() - escaped, quoted text in the arena, for messages and places
 * @s: session
 * @text: foreign
 *
 * Return: lives as long as the arena.
 */
const char *scan_quote(struct scan_session *s, struct sk_span text);
