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

static int use_facts(struct scan_session *s, struct scan_plan_layer *l, struct sk_err *err)
{
	int r = verify_layer(l, err);

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

static int take_facts(struct scan_session *s, struct scan_plan_layer *l, struct sk_span bytes,
		      const struct scan_wanted *wanted, struct sk_err *err)
{
	struct sk_err why = {0};

	if (decode_facts(s, bytes, wanted, &l->facts, &why) < 0) {
		note_unread(s, l, &why);
		return 0;
	}
	return use_facts(s, l, err);
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

static bool ends_scan(int r)
{
	return r == -SK_E_DIGEST;
}

static int read_files(struct scan_session *s, const struct scan_wanted *wanted, struct sk_err *err)
{
	struct scan_reading *readings = sk_arena_array(s->arena, s->n_layers, sizeof(*readings));
	int r = scan_read_pass(s, wanted, MODEL_NO_LAYER, readings, err);

	for (size_t i = 0; r == 0 && i < s->n_layers; i++) {
		struct scan_plan_layer *l = &s->layers[i];
		const struct scan_reading *reading = &readings[i];

		if (!reading->asked)
			continue;
		l->facts = reading->facts;
		if (reading->r == 0)
			r = use_facts(s, l, err);
		else if (ends_scan(reading->r))
			r = (*err = reading->err, reading->r);
		else
			note_unread(s, l, &reading->err);
	}
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

/* Adds what a targeted pass over a layer has found. */
static void add_extra(struct scan_session *s, size_t layer, const struct scan_facts *f)
{
	for (size_t i = 0; i < s->n_layers; i++)
		if (s->layers[i].same_as == layer && s->layers[i].facts != NULL)
			add_part(s, &s->layers[i], f);
}

/* Failures leave the result incomplete. */
static void take_extra(struct scan_session *s, size_t layer, struct sk_span bytes,
		       const struct scan_wanted *wanted)
{
	struct scan_facts *f = NULL;
	struct sk_err why = {0};

	if (decode_facts(s, bytes, wanted, &f, &why) < 0)
		scan_note(s, MODEL_DIAGNOSTIC_ERROR, s->layers[layer].name, "%s", why.msg);
	else
		add_extra(s, layer, f);
}

static int ask_files(struct scan_session *s, const struct scan_wanted *wanted, uint32_t only,
		     struct sk_err *err)
{
	struct scan_reading *readings = sk_arena_array(s->arena, s->n_layers, sizeof(*readings));
	int r;

	if (only != MODEL_NO_LAYER)
		only = (uint32_t)s->layers[only].same_as;
	r = scan_read_pass(s, wanted, only, readings, err);
	for (size_t i = 0; r == 0 && i < s->n_layers; i++) {
		if (readings[i].facts != NULL)
			add_extra(s, i, readings[i].facts);
		else if (readings[i].asked)
			scan_note(s, MODEL_DIAGNOSTIC_ERROR, s->layers[i].name, "%s",
				  readings[i].err.msg);
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
	if (r == 0 && s->merged.lost != NULL)
		scan_note(s, MODEL_DIAGNOSTIC_ERROR, s->merged.lost,
			  "hard link to a file that no layer has");
	return r;
}
