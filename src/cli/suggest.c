/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions for misspelt words: optimal string alignment distance (insertion, deletion,
 * substitution, swap of neighbours). */
#include <stdlib.h>
#include <string.h>

#include "cli/cli-priv.h"

enum {
	SUGGEST_MAX_LEN = 48 /* longer words are not compared */
};

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][SUGGEST_MAX_LEN + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3];
		const unsigned *above2 = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned cost = a[i - 1] != b[j - 1];

			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    above2[j - 2] + 1 < row[j])
				row[j] = above2[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

void cli_suggest(struct cli_suggestion *s, const char *word, const char *candidate)
{
	size_t word_len = strlen(word);
	size_t candidate_len = strlen(candidate);
	unsigned d;

	if (word_len == 0 || word_len > SUGGEST_MAX_LEN || candidate_len > SUGGEST_MAX_LEN)
		return;
	d = distance(word, word_len, candidate, candidate_len);
	/* The beginning of a longer word is a likely abbreviation. */
	if (word_len >= 3 && strncmp(word, candidate, word_len) == 0)
		d = 1;
	if (d > (word_len + 2) / 3)
		return;
	if (s->text == NULL || d < s->distance)
		*s = (struct cli_suggestion){.text = candidate, .distance = d};
}

void cli_suggest_synonym(struct cli_suggestion *s, const char *place, const char *word)
{
	/* What other scanners call it: where, what, and what it is here. */
	static const struct {
		const char *place;
		const char *word;
		const char *here;
	} synonyms[] = {
		{"", "image", "scan"},
		{"", "fs", "scan"},
		{"", "filesystem", "scan"},
		{"", "rootfs", "scan"},
		{"", "dir", "scan"},
		{"", "sbom", "scan"},
		{"", "analyze", "scan"},
		{"", "update", "db update"},
		{"", "lookup", "db lookup"},
		{"", "search", "db lookup"},
		{"", "explain", "db lookup"},
		{"db", "status", "info"},
		{"db", "list", "info"},
		{"db", "check", "info"},
		{"db", "search", "lookup"},
		{"db", "download", "update"},
		{"profile", "check", "lint"},
		{"profile", "validate", "lint"},
		{"profile", "list", "show"},
		{"profile", "compare", "diff"},
		{"config", "list", "show"},
		{"config", "view", "show"},
		{"scan", "--exit-code", "fail-on"},
		{"scan", "--severity-cutoff", "fail-on"},
		{"scan", "--severity-threshold", "fail-on"},
		{"run", "--severity", "min-severity"},
		{"run", "--priority", "min-severity"},
		{"scan", "--only-fixed", "ignore-unfixed"},
		{"scan", "--ignorefile", "ignore-file"},
		{"scan", "--show-suppressed-findings", "show-suppressed"},
		{"scan", "--no-progress", "quiet"},
		{"scan", "--timeout", "limit time=DURATION"},
		{"scan", "--parallel", "workers"},
		{"scan", "--db-path", "db"},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(synonyms); i++) {
		if (strcmp(synonyms[i].place, place) == 0 && strcmp(synonyms[i].word, word) == 0)
			*s = (struct cli_suggestion){.text = synonyms[i].here};
	}
}

const char *cli_suggestion_text(const struct cli_suggestion *s, const char *prefix,
				struct sk_arena *a)
{
	if (s->text == NULL)
		return "";
	return sk_arena_printf(a, "; did you mean '%s%s'?", prefix, s->text);
}
