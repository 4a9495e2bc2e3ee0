/* SPDX-License-Identifier: Apache-2.0 */
/* Words for severities, states and reasons. */
#include "model/severity.h"

static const char *const severities[] = {
	[MODEL_SEVERITY_UNKNOWN] = "unknown", [MODEL_SEVERITY_NEGLIGIBLE] = "negligible",
	[MODEL_SEVERITY_LOW] = "low",         [MODEL_SEVERITY_MEDIUM] = "medium",
	[MODEL_SEVERITY_HIGH] = "high",       [MODEL_SEVERITY_CRITICAL] = "critical",
};
_Static_assert(SK_ARRAY_LEN(severities) == MODEL_N_SEVERITIES, "one word per severity");

static const char *const states[] = {
	[MODEL_STATE_FIXED] = "fixed",
	[MODEL_STATE_AFFECTED] = "affected",
	[MODEL_STATE_WILL_NOT_FIX] = "will_not_fix",
	[MODEL_STATE_DEFERRED] = "deferred",
	[MODEL_STATE_UNDER_INVESTIGATION] = "under_investigation",
	[MODEL_STATE_END_OF_LIFE] = "end_of_life",
};
_Static_assert(SK_ARRAY_LEN(states) == MODEL_N_STATES, "one word per state");

static const char *const reasons[] = {
	[MODEL_REASON_UNIMPORTANT] = "unimportant",
	[MODEL_REASON_NOT_AFFECTED] = "not_affected",
	[MODEL_REASON_IGNORED] = "ignored",
	[MODEL_REASON_OWNED_BY_DISTRO] = "owned_by_distro",
	[MODEL_REASON_THIRD_PARTY] = "third_party",
	[MODEL_REASON_VEX] = "vex",
	[MODEL_REASON_WITHDRAWN] = "withdrawn",
};
_Static_assert(SK_ARRAY_LEN(reasons) == MODEL_N_REASONS, "one word per reason");

const char *model_severity_text(enum model_severity s)
{
	return severities[s];
}

bool model_severity_parse(struct sk_span s, enum model_severity *ret)
{
	static const struct {
		const char *word;
		enum model_severity severity;
	} synonyms[] = {
		{"moderate", MODEL_SEVERITY_MEDIUM},
		{"important", MODEL_SEVERITY_HIGH},
		{"none", MODEL_SEVERITY_NEGLIGIBLE},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(severities); i++) {
		if (sk_span_eq_nocase(s, sk_span_str(severities[i]))) {
			*ret = (enum model_severity)i;
			return true;
		}
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(synonyms); i++) {
		if (sk_span_eq_nocase(s, sk_span_str(synonyms[i].word))) {
			*ret = synonyms[i].severity;
			return true;
		}
	}
	return false;
}

const char *model_severity_colour(enum model_severity s)
{
	static const char *const codes[] = {
		[MODEL_SEVERITY_UNKNOWN] = "",      [MODEL_SEVERITY_NEGLIGIBLE] = "\033[2m",
		[MODEL_SEVERITY_LOW] = "\033[36m",  [MODEL_SEVERITY_MEDIUM] = "\033[33m",
		[MODEL_SEVERITY_HIGH] = "\033[31m", [MODEL_SEVERITY_CRITICAL] = "\033[1;31m",
	};

	return codes[s];
}

enum model_severity model_severity_of_score(double score)
{
	if (score <= 0.0)
		return MODEL_SEVERITY_NEGLIGIBLE;
	if (score < 4.0)
		return MODEL_SEVERITY_LOW;
	if (score < 7.0)
		return MODEL_SEVERITY_MEDIUM;
	return score < 9.0 ? MODEL_SEVERITY_HIGH : MODEL_SEVERITY_CRITICAL;
}

const char *model_state_text(enum model_state s)
{
	return states[s];
}

const char *model_reason_text(enum model_reason r)
{
	return reasons[r];
}
