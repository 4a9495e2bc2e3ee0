/* SPDX-License-Identifier: Apache-2.0 */
/* What is remarked beside the findings: what was not judged, or not wholly, and why. */
#include "base/alloc.h"
#include "base/parse.h"
#include "base/text.h"
#include "match/matcher.h"

void match_diagnose(struct matcher *m, enum model_diagnostic_severity severity, const char *place,
		    const char *message)
{
	SK_GROW(m->diagnostics, m->n_diagnostics, m->diagnostics_cap);
	m->diagnostics[m->n_diagnostics++] = (struct model_diagnostic){
		.severity = severity,
		.place = place,
		.message = message,
	};
}

const char *match_quoted(struct matcher *m, struct sk_span s)
{
	char buf[160];

	return sk_arena_strdup(m->a, sk_text_quote(s, buf, sizeof(buf)));
}

void match_report_bad_bound(struct matcher *m, const struct match_subject *s,
			    const struct match_bounds *bounds)
{
	struct vulndb_advisory adv;
	struct sk_err ignored;
	const char *id = "an advisory";

	if (bounds->n_bad == 0)
		return;
	if (vulndb_advisory_get(m->db, bounds->bad_advisory, &adv, &ignored) == 0)
		id = sk_arena_str(m->a, vulndb_id_text(m->db, adv.id));
	match_diagnose(m, MODEL_DIAGNOSTIC_WARNING, s->package->id,
		       sk_arena_printf(m->a,
				       "%s gives a version that the order of %s cannot read: %s%s; "
				       "the range is left out",
				       id, s->scope->ecosystem, match_quoted(m, bounds->bad_text),
				       bounds->n_bad > 1 ? ", and others do" : ""));
}

static const char *packages_text(struct matcher *m, size_t n)
{
	return n == 1 ? "1 package was" : sk_arena_printf(m->a, "%zu packages were", n);
}

static void report_scope(struct matcher *m, const struct match_scope *s)
{
	char buf[SK_TIME_TEXT_SIZE], buf_extended[SK_TIME_TEXT_SIZE];
	int64_t eol, extended;

	if (!s->known)
		match_diagnose(m, MODEL_DIAGNOSTIC_WARNING, s->ecosystem,
			       sk_arena_printf(
				       m->a, "the database has no advisories for %s: %s not judged",
				       s->ecosystem, packages_text(m, s->n_packages)));
	if (s->instead != NULL)
		match_diagnose(
			m, MODEL_DIAGNOSTIC_INFO, s->ecosystem,
			sk_arena_printf(m->a, "judged by what the database has on %s", s->instead));
	if (match_end_of_life(m->db, s->ecosystem, &eol, &extended) && eol < m->opts->now)
		match_diagnose(
			m, MODEL_DIAGNOSTIC_WARNING, s->ecosystem,
			sk_arena_printf(
				m->a,
				"end of life since %s%s%s: newer vulnerabilities may be missing "
				"from its advisories",
				sk_format_date(eol, buf),
				extended == 0             ? ""
				: extended < m->opts->now ? ", extended support ended on "
							  : ", extended support until ",
				extended != 0 ? sk_format_date(extended, buf_extended) : ""));
}

static void report_ignores(struct matcher *m)
{
	const struct match_ignores *l = m->opts->ignores;
	char buf[SK_TIME_TEXT_SIZE];

	for (size_t i = 0; l != NULL && i < l->n_rules; i++) {
		const struct match_ignore *rule = &l->rules[i];
		const char *subject = rule->id != NULL        ? rule->id
				      : rule->package != NULL ? rule->package
							      : rule->path;

		if (rule->until != 0 && rule->until <= m->opts->now)
			match_diagnose(
				m, MODEL_DIAGNOSTIC_WARNING, rule->source,
				sk_arena_printf(m->a,
						"the rule for %s expired after %s and no longer "
						"applies",
						match_quoted(m, sk_span_str(subject)),
						sk_format_date(rule->until - 1, buf)));
		else if (!m->results.ignore_used[i])
			match_diagnose(m, MODEL_DIAGNOSTIC_INFO, rule->source,
				       sk_arena_printf(m->a,
						       "the rule for %s speaks of nothing here",
						       match_quoted(m, sk_span_str(subject))));
	}
}

void match_report(struct matcher *m)
{
	if (m->n_without_ecosystem > 0)
		match_diagnose(
			m, MODEL_DIAGNOSTIC_WARNING, "packages",
			sk_arena_printf(m->a,
					"no advisory feed is known for their distribution or "
					"type: %s not judged",
					packages_text(m, m->n_without_ecosystem)));
	for (size_t i = 0; i < m->n_scopes; i++)
		report_scope(m, m->scopes[i]);
	report_ignores(m);
}
