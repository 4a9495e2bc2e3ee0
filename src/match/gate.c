/* SPDX-License-Identifier: Apache-2.0 */
/* Filters and the gate over a finished report. */
#include "match/gate.h"

#include "base/parse.h"
#include "base/text.h"

static int unknown_word(struct sk_span word, struct sk_err *err)
{
	char quoted[64];

	return sk_err_set(err, SK_E_USAGE,
			  "%s is no severity: critical, high, medium, low, negligible, unknown",
			  sk_text_quote(word, quoted, sizeof(quoted)));
}

int match_gate_severities(struct sk_span text, struct match_gate *ret, struct sk_err *err)
{
	unsigned mask = 0;
	struct sk_span word;

	if (text.len == 0)
		return unknown_word(text, err);
	while (sk_span_cut(&text, ',', &word)) {
		enum model_severity s;

		word = sk_span_trim(word);
		if (!model_severity_parse(word, &s))
			return unknown_word(word, err);
		mask |= 1u << s;
	}
	ret->severities |= mask;
	return 0;
}

int match_gate_fail_on(struct sk_span text, struct match_gate *ret, struct sk_err *err)
{
	enum model_severity s = MODEL_SEVERITY_UNKNOWN;

	text = sk_span_trim(text);
	if (!sk_span_eq_nocase(text, (struct sk_span)SK_SPAN("any")) &&
	    !model_severity_parse(text, &s))
		return unknown_word(text, err);
	ret->fail = true;
	ret->fail_on = s;
	return 0;
}

static bool kept(const struct match_gate *g, const struct model_finding *f)
{
	if (g->severities != 0 && (g->severities & (1u << f->severity)) == 0)
		return false;
	if (g->only_kev && !f->kev.listed)
		return false;
	return !g->ignore_unfixed || f->state == MODEL_STATE_FIXED;
}

static void add_diagnostic(struct model_report *r, struct sk_arena *a,
			   enum model_diagnostic_severity severity, const char *place,
			   const char *message)
{
	struct model_diagnostic *grown =
		sk_arena_array(a, r->n_diagnostics + 1, sizeof(*r->diagnostics));

	if (r->n_diagnostics > 0)
		memcpy(grown, r->diagnostics, r->n_diagnostics * sizeof(*grown));
	grown[r->n_diagnostics] = (struct model_diagnostic){
		.severity = severity,
		.place = place,
		.message = message,
	};
	r->diagnostics = grown;
	r->n_diagnostics++;
}

static bool is_stale(const struct match_gate *g, struct model_report *r, struct sk_arena *a)
{
	const struct model_feed *feed = r->database.relevant;
	const char *newest = feed != NULL ? feed->date : r->database.newest_feed;
	int64_t t;

	if (g->db_not_before == 0)
		return false;
	if (newest != NULL && sk_parse_time(sk_span_str(newest), &t) && t >= g->db_not_before)
		return false;
	add_diagnostic(r, a, MODEL_DIAGNOSTIC_WARNING, "database",
		       sk_arena_printf(a, "older than accepted: the newest document%s%s is of %s",
				       feed != NULL ? " of " : "", feed != NULL ? feed->name : "",
				       newest != NULL ? newest : "an unknown date"));
	return true;
}

/* A gate over packages that nobody could judge stays closed. */
static void close_blind_gate(const struct match_gate *g, struct model_report *r, struct sk_arena *a)
{
	if (g->fail && r->n_packages != 0 && r->n_unjudged == r->n_packages)
		add_diagnostic(r, a, MODEL_DIAGNOSTIC_ERROR, "database",
			       "none of the packages could be judged: the gate cannot be passed");
}

/* All of it: who mends one cause should not meet the other in the next run. */
static const char *tell_tripped(const struct match_gate *g, size_t n, bool is_stale,
				struct sk_arena *a)
{
	const char *found = "", *stale = "the advisories are older than allowed";

	if (n == 0)
		return stale;
	if (g->fail_on != MODEL_SEVERITY_UNKNOWN)
		found = sk_arena_printf(a, " of severity %s%s", model_severity_text(g->fail_on),
					g->fail_on == MODEL_SEVERITY_CRITICAL ? "" : " or more");
	return sk_arena_printf(a, "%zu finding%s%s%s%s", n, n == 1 ? "" : "s", found,
			       is_stale ? "; " : "", is_stale ? stale : "");
}

bool match_gate_apply(const struct match_gate *g, struct model_report *r, struct sk_arena *a)
{
	size_t n = 0, n_hidden, n_failing = 0;
	bool stale, tripped, incomplete = false;

	for (size_t i = 0; i < r->n_findings; i++) {
		if (!kept(g, &r->findings[i]))
			continue;
		r->findings[n] = r->findings[i];
		n_failing += g->fail && r->findings[n].severity >= g->fail_on;
		n++;
	}
	n_hidden = r->n_findings - n;
	r->n_findings = n;
	r->n_filtered = n_hidden;
	if (n_hidden > 0)
		add_diagnostic(r, a, MODEL_DIAGNOSTIC_INFO, "filters",
			       sk_arena_printf(a, "%zu finding%s left out as asked", n_hidden,
					       n_hidden == 1 ? " is" : "s are"));
	stale = is_stale(g, r, a);
	tripped = n_failing > 0 || stale;
	r->tripped_by = tripped ? tell_tripped(g, n_failing, stale, a) : NULL;
	close_blind_gate(g, r, a);
	for (size_t i = 0; i < r->n_diagnostics; i++)
		incomplete |= r->diagnostics[i].severity == MODEL_DIAGNOSTIC_ERROR;
	r->verdict = tripped ? "fail" : incomplete ? "incomplete" : "pass";
	return tripped;
}
