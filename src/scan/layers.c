/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers of an image, a lone layer or a tree: read in workers, compared with what they must be,
 * merged, and read again where a claimed name leads to a path that nobody asked for.
 */
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "scan/session.h"

enum {
	MAX_ROUNDS = 8, /* links that lead from one unknown path to the next */
};

static void add_part(struct scan_session *s, struct scan_plan_layer *l, const struct scan_facts *f)
{
	const struct scan_facts **parts =
		sk_arena_array(s->arena, l->n_parts + 1, sizeof(const struct scan_facts *));

	if (l->n_parts != 0)
		memcpy(parts, l->parts, l->n_parts * sizeof(const struct scan_facts *));
	parts[l->n_parts++] = f;
	l->parts = parts;
}

static int decode_facts(struct scan_session *s, struct sk_span bytes,
			const struct scan_wanted *wanted, struct scan_facts **ret,
			struct sk_err *err)
{
	struct scan_facts *f = sk_arena_alloc(s->arena, sizeof(*f));
	int r = scan_facts_decode(bytes, wanted, &s->opts->limits, s->arena, f, err);

	if (r == 0)
		*ret = f;
	return r;
}

static int check_digest(const char *name, const char *what, const struct sk_digest *want,
			const struct sk_digest *have, struct sk_err *err)
{
	char a[SK_DIGEST_TEXT_SIZE], b[SK_DIGEST_TEXT_SIZE];

	if (want->alg == SK_DIGEST_NONE || sk_digest_eq(want, have))
		return 0;
	if (want->alg != SK_DIGEST_SHA256)
		return sk_err_set(err, SK_E_UNSUPPORTED, "%s: only sha256 digests are verified",
				  name);
	return sk_err_set(err, SK_E_DIGEST,
			  "%s was changed or is damaged: its %s is %s, it must be %s", name, what,
			  sk_digest_text(have, a), sk_digest_text(want, b));
}

static int verify_layer(const struct scan_plan_layer *l, struct sk_err *err)
{
	int r = check_digest(l->name, "digest", &l->stored, &l->facts->stored, err);

	if (r == 0 && l->stored_size != UINT64_MAX && l->stored_size != l->facts->size)
		r = sk_err_set(err, SK_E_DIGEST, "%s is not as long as its manifest says", l->name);
	return r < 0 ? r : check_digest(l->name, "diff_id", &l->diff_id, &l->facts->diff_id, err);
}

/* A layer that cannot be read leaves the result incomplete, but does not hide the others. */
static void note_unread(struct scan_session *s, struct scan_plan_layer *l, const struct sk_err *why)
{
	scan_note(s, MODEL_DIAGNOSTIC_ERROR, l->name, "%s", why->msg);
	l->facts = NULL;
}

static void note_diagnostics(struct scan_session *s, const struct scan_plan_layer *l)
{
	for (size_t i = 0; i < l->facts->n_diagnostics; i++)
		scan_note(s, l->facts->diagnostics[i].severity, l->facts->diagnostics[i].place,
			  "%s", l->facts->diagnostics[i].message);
}

static int take_facts(struct scan_session *s, struct scan_plan_layer *l, struct sk_span bytes,
		      const struct scan_wanted *wanted, struct sk_err *err)
{
	struct sk_err why = {0};
	int r;

	if (decode_facts(s, bytes, wanted, &l->facts, &why) < 0) {
		note_unread(s, l, &why);
		return 0;
	}
	r = verify_layer(l, err);
	if (r < 0)
		return r;
	r = sk_budget_spend(&s->budget, SK_LIMIT_BYTES_OUT, l->facts->plain_size, err);
	if (r == 0)
		r = sk_budget_spend(&s->budget, SK_LIMIT_ENTRIES, l->facts->n_entries, err);
	if (r < 0)
		return r;
	note_diagnostics(s, l);
	add_part(s, l, l->facts);
	return 0;
}

/* Layers that the archive's own pass has read. */
static int take_members(struct scan_session *s, const struct scan_wanted *wanted,
			struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_layers; i++) {
		struct scan_plan_layer *l = &s->layers[i];
		const struct scan_member *m = l->blob.member;
		struct sk_err why = {0};

		if (l->same_as != i)
			continue;
		if (m->content == SCAN_MEMBER_LAYER) {
			r = take_facts(s, l, m->bytes, wanted, err);
		} else if (m->content == SCAN_MEMBER_ERROR) {
			(void)sk_err_set(&why, m->code, "%s", scan_quote(s, m->bytes));
			note_unread(s, l, &why);
		} else {
			(void)sk_err_set(&why, SK_E_FORMAT, "not a tar archive");
			note_unread(s, l, &why);
		}
	}
	return r;
}

static size_t count_jobs(const struct scan_session *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_layers; i++)
		n += s->layers[i].same_as == i;
	return n;
}

/* Jobs for the layers that are to be read; @map says whose job each is. */
static size_t plan_jobs(struct scan_session *s, const struct scan_wanted *wanted, uint32_t only,
			struct scan_job *jobs, struct scan_layer_ctx *ctx, size_t *map)
{
	bool tree = s->input == SCAN_INPUT_TREE;
	size_t n = 0, n_all = count_jobs(s);
	struct scan_tree_ctx *tree_ctx = sk_arena_alloc(s->arena, sizeof(*tree_ctx));

	tree_ctx->wanted = *wanted;
	for (size_t i = 0; i < s->n_layers; i++) {
		const struct scan_plan_layer *l = &s->layers[i];

		if (l->same_as != i || (only != MODEL_NO_LAYER && only != i))
			continue;
		ctx[n] = (struct scan_layer_ctx){.range = l->blob.range,
						 .wanted = *wanted,
						 .hash_stored = l->stored.alg != SK_DIGEST_NONE ||
								s->input == SCAN_INPUT_LAYER,
						 .whiteouts = true,
						 .threaded = n_all < s->n_workers};
		jobs[n] = (struct scan_job){.what = l->name,
					    .fd = tree ? s->root_fd : l->blob.fd,
					    .tree = tree,
					    .work = tree ? scan_tree_work : scan_layer_work,
					    .ctx = tree ? (void *)tree_ctx : (void *)&ctx[n],
					    .size_hint = l->blob.size};
		map[n++] = i;
	}
	return n;
}

struct layer_run {
	struct scan_job *jobs;
	struct scan_layer_ctx *ctx;
	size_t *map;
	size_t n;
};

static int run_layers(struct scan_session *s, const struct scan_wanted *wanted, uint32_t only,
		      struct layer_run *ret, struct sk_err *err)
{
	ret->jobs = sk_arena_array(s->arena, s->n_layers, sizeof(*ret->jobs));
	ret->ctx = sk_arena_array(s->arena, s->n_layers, sizeof(*ret->ctx));
	ret->map = sk_arena_array(s->arena, s->n_layers, sizeof(*ret->map));
	ret->n = plan_jobs(s, wanted, only, ret->jobs, ret->ctx, ret->map);
	return scan_run_jobs(s, "reading layers", ret->jobs, ret->n, err);
}

static bool ends_scan(int r)
{
	return r == -SK_E_DIGEST;
}

static int read_files(struct scan_session *s, const struct scan_wanted *wanted, struct sk_err *err)
{
	struct layer_run run;
	int r = run_layers(s, wanted, MODEL_NO_LAYER, &run, err);

	for (size_t i = 0; r == 0 && i < run.n; i++) {
		struct scan_plan_layer *l = &s->layers[run.map[i]];

		if (run.jobs[i].r == 0)
			r = take_facts(s, l, sk_buf_span(&run.jobs[i].answer), wanted, err);
		else if (ends_scan(run.jobs[i].r))
			r = (*err = run.jobs[i].err, run.jobs[i].r);
		else
			note_unread(s, l, &run.jobs[i].err);
	}
	for (size_t i = 0; i < run.n; i++)
		sk_buf_release(&run.jobs[i].answer);
	return r;
}

static int take_repeats(struct scan_session *s, struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_layers; i++) {
		struct scan_plan_layer *l = &s->layers[i];

		if (l->same_as == i)
			continue;
		l->facts = s->layers[l->same_as].facts;
		l->parts = s->layers[l->same_as].parts;
		l->n_parts = s->layers[l->same_as].n_parts;
		if (l->facts != NULL)
			r = verify_layer(l, err);
	}
	return r;
}

int scan_read_layers(struct scan_session *s, struct sk_err *err)
{
	const struct scan_wanted wanted = {0};
	struct scan_plan_layer *lone;
	int r;

	if (s->input == SCAN_INPUT_STREAM && s->kind == IMAGE_LAYER) {
		lone = &s->layers[0];
		r = take_facts(s, lone, s->archive.outer, &wanted, err);
	} else if (s->input == SCAN_INPUT_STREAM) {
		r = take_members(s, &wanted, err);
	} else {
		r = read_files(s, &wanted, err);
	}
	return r < 0 ? r : take_repeats(s, err);
}

static void merge_once(struct scan_session *s)
{
	struct scan_layer *layers = sk_arena_array(s->arena, s->n_layers, sizeof(*layers));

	for (size_t i = 0; i < s->n_layers; i++)
		layers[i] = (struct scan_layer){.parts = s->layers[i].parts,
						.n_parts = s->layers[i].n_parts};
	scan_merge(layers, s->n_layers, s->aliases, s->n_aliases, s->arena, &s->merged);
}

/* Adds what a targeted pass over a layer has found. Failures leave the result incomplete. */
static void take_extra(struct scan_session *s, size_t layer, struct sk_span bytes,
		       const struct scan_wanted *wanted)
{
	struct scan_facts *f = NULL;
	struct sk_err why = {0};

	if (decode_facts(s, bytes, wanted, &f, &why) < 0) {
		scan_note(s, MODEL_DIAGNOSTIC_ERROR, s->layers[layer].name, "%s", why.msg);
		return;
	}
	for (size_t i = 0; i < s->n_layers; i++)
		if (s->layers[i].same_as == layer && s->layers[i].facts != NULL)
			add_part(s, &s->layers[i], f);
}

static int ask_files(struct scan_session *s, const struct scan_wanted *wanted, uint32_t only,
		     struct sk_err *err)
{
	struct layer_run run;
	int r;

	if (only != MODEL_NO_LAYER)
		only = (uint32_t)s->layers[only].same_as;
	r = run_layers(s, wanted, only, &run, err);
	for (size_t i = 0; i < run.n; i++) {
		if (r == 0 && run.jobs[i].r == 0)
			take_extra(s, run.map[i], sk_buf_span(&run.jobs[i].answer), wanted);
		else if (r == 0)
			scan_note(s, MODEL_DIAGNOSTIC_ERROR, run.jobs[i].what, "%s",
				  run.jobs[i].err.msg);
		sk_buf_release(&run.jobs[i].answer);
	}
	return r;
}

/* A stream is read again as a whole. */
static int ask_stream(struct scan_session *s, const struct scan_wanted *wanted, struct sk_err *err)
{
	bool lone = s->kind == IMAGE_LAYER;
	int r = scan_read_archive(s, wanted, lone, err);

	if (r < 0)
		return r;
	if (lone) {
		take_extra(s, 0, s->archive.outer, wanted);
		return 0;
	}
	for (size_t i = 0; i < s->n_layers; i++) {
		const struct scan_member *m;

		if (s->layers[i].same_as != i)
			continue;
		m = scan_find_member(s, s->layers[i].member_path);
		if (m != NULL && m->content == SCAN_MEMBER_LAYER)
			take_extra(s, i, m->bytes, wanted);
		else
			scan_note(s, MODEL_DIAGNOSTIC_ERROR, s->layers[i].name,
				  "layer was not there when it was read again");
	}
	return 0;
}

static void note_cannot_ask(struct scan_session *s)
{
	for (size_t i = 0; i < s->merged.n_needs; i++)
		scan_note(
			s, MODEL_DIAGNOSTIC_ERROR,
			sk_arena_str(s->arena, s->merged.needs[i].alias.claimed),
			"leads to %s, which a pipe cannot be asked for again; scan a file instead",
			scan_quote(s, s->merged.needs[i].alias.real));
}

/* One targeted pass for everything that the last merge lacked. */
static int ask_needs(struct scan_session *s, struct sk_err *err)
{
	const struct scan_merged *m = &s->merged;
	struct scan_alias *aliases =
		sk_arena_array(s->arena, s->n_aliases + m->n_needs, sizeof(*aliases));
	struct scan_wanted wanted = {.aliases = aliases + s->n_aliases, .n_aliases = m->n_needs};
	uint32_t only = m->needs[0].layer;

	if (s->n_aliases != 0)
		memcpy(aliases, s->aliases, s->n_aliases * sizeof(*aliases));
	for (size_t i = 0; i < m->n_needs; i++) {
		aliases[s->n_aliases + i] = m->needs[i].alias;
		if (m->needs[i].layer != only)
			only = MODEL_NO_LAYER;
	}
	s->aliases = aliases;
	s->n_aliases += m->n_needs;
	return s->input == SCAN_INPUT_STREAM ? ask_stream(s, &wanted, err)
					     : ask_files(s, &wanted, only, err);
}

int scan_merge_layers(struct scan_session *s, struct sk_err *err)
{
	int r = 0;

	merge_once(s);
	for (unsigned round = 0; r == 0 && s->merged.n_needs != 0; round++) {
		if (round == MAX_ROUNDS) {
			scan_note(s, MODEL_DIAGNOSTIC_ERROR, NULL,
				  "links lead to links too often to follow them all");
			break;
		}
		if (!s->rereadable && s->input == SCAN_INPUT_STREAM) {
			note_cannot_ask(s);
			break;
		}
		r = ask_needs(s, err);
		if (r == 0)
			merge_once(s);
	}
	return r;
}
