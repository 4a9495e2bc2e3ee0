/* SPDX-License-Identifier: Apache-2.0 */
/* Severity words, fix states and the reasons for holding a finding back. */
#pragma once

#include <stdbool.h>

#include "base/defs.h"
#include "base/span.h"

#define MODEL_COLOUR_END "\033[0m"

/* Ascending: a larger value is worse. */
enum model_severity {
	MODEL_SEVERITY_UNKNOWN,
	MODEL_SEVERITY_NEGLIGIBLE,
	MODEL_SEVERITY_LOW,
	MODEL_SEVERITY_MEDIUM,
	MODEL_SEVERITY_HIGH,
	MODEL_SEVERITY_CRITICAL,
	MODEL_N_SEVERITIES,
};

enum model_state {
	MODEL_STATE_FIXED,    /* affected, and a fixed version exists */
	MODEL_STATE_AFFECTED, /* affected, no fix known */
	MODEL_STATE_WILL_NOT_FIX,
	MODEL_STATE_DEFERRED,
	MODEL_STATE_UNDER_INVESTIGATION,
	MODEL_STATE_END_OF_LIFE,
	MODEL_N_STATES,
};

enum model_reason {
	MODEL_REASON_UNIMPORTANT,
	MODEL_REASON_NOT_AFFECTED,
	MODEL_REASON_IGNORED,
	MODEL_REASON_OWNED_BY_DISTRO,
	MODEL_REASON_THIRD_PARTY,
	MODEL_REASON_VEX,
	MODEL_REASON_WITHDRAWN,
	MODEL_N_REASONS,
};

/**
 * model_severity_text() - word of a severity
 * @s: severity
 *
 * Return: static lower-case text.
 */
const char *model_severity_text(enum model_severity s);

/**
 * model_severity_parse() - severity of a word, any case
 * @s: the word; "moderate" is medium, "important" high, "none" negligible
 * @ret: written on success
 *
 * Return: false when unknown.
 */
sk_must_check bool model_severity_parse(struct sk_span s, enum model_severity *ret);

/**
 * model_severity_of_score() - severity of a CVSS base score
 * @score: 0.0 to 10.0
 *
 * Return: 0 negligible, below 4 low, below 7 medium, below 9 high, else critical.
 * Source: CVSS v3.1 specification, table 14.
 */
enum model_severity model_severity_of_score(double score);

/**
 * model_severity_colour() - what begins its colour on a terminal
 * @s: severity
 *
 * Return: static text, "" for none; MODEL_COLOUR_END ends it.
 */
const char *model_severity_colour(enum model_severity s);

/**
 * model_state_text() - word of a state
 * @s: state
 *
 * Return: static lower-case text.
 */
const char *model_state_text(enum model_state s);

/**
 * model_reason_text() - word of a reason
 * @r: reason
 *
 * Return: static lower-case text.
 */
const char *model_reason_text(enum model_reason r);
