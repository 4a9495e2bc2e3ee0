/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS 4.0 has one score for all metrics that a vector gives: its equivalence classes form a
 * macrovector with a score, from which the distance to the next lower ones is taken.
 * Source: CVSS v4.0 specification document, 8.2 and tables 24 to 29; scores of the macrovectors
 * from its reference data.
 */
#include <math.h>

#include "base/defs.h"
#include "vulndb/cvss-priv.h"

enum metric {
	AV,
	AC,
	AT,
	PR,
	UI,
	VC,
	VI,
	VA,
	SC,
	SI,
	SA,
	E,
	CR,
	IR,
	AR,
	N_METRICS,
	FIRST_MODIFIED = N_METRICS,
	N_ALL = N_METRICS + 11,
};

enum {
	N_EQ = 5, /* EQ3 and EQ6 depend on each other and count as one, third here */
	EQ36 = 2,
	NONE = UINT8_MAX,
};

/* Values in order of falling severity; a metric's level is its place here. */
static const struct vulndb_cvss_metric metrics[N_ALL] = {
	[AV] = {"AV", "NALP", false},
	[AC] = {"AC", "LH", false},
	[AT] = {"AT", "NP", false},
	[PR] = {"PR", "NLH", false},
	[UI] = {"UI", "NPA", false},
	[VC] = {"VC", "HLN", false},
	[VI] = {"VI", "HLN", false},
	[VA] = {"VA", "HLN", false},
	/* "S" (safety) is only for the modified metrics of SI and SA; SC leaves its place empty. */
	[SC] = {"SC", " HLN", false},
	[SI] = {"SI", " HLN", false},
	[SA] = {"SA", " HLN", false},
	[E] = {"E", "APUX", true},
	[CR] = {"CR", "HMLX", true},
	[IR] = {"IR", "HMLX", true},
	[AR] = {"AR", "HMLX", true},
	[FIRST_MODIFIED + AV] = {"MAV", "NALPX", true},
	[FIRST_MODIFIED + AC] = {"MAC", "LHX", true},
	[FIRST_MODIFIED + AT] = {"MAT", "NPX", true},
	[FIRST_MODIFIED + PR] = {"MPR", "NLHX", true},
	[FIRST_MODIFIED + UI] = {"MUI", "NPAX", true},
	[FIRST_MODIFIED + VC] = {"MVC", "HLNX", true},
	[FIRST_MODIFIED + VI] = {"MVI", "HLNX", true},
	[FIRST_MODIFIED + VA] = {"MVA", "HLNX", true},
	[FIRST_MODIFIED + SC] = {"MSC", " HLNX", true},
	[FIRST_MODIFIED + SI] = {"MSI", "SHLNX", true},
	[FIRST_MODIFIED + SA] = {"MSA", "SHLNX", true},
};

/* Tenths, by EQ1 and EQ2, EQ3 and EQ6 (00, 01, 10, 11, 21), EQ4, EQ5. */
static const uint8_t macro_scores[6][5][3][3] =
	{
		[0] =
			{
				{{100, 98, 95}, {100, 93, 91}, {93, 89, 81}},
				{{99, 95, 92}, {96, 87, 81}, {90, 80, 68}},
				{{98, 95, 90}, {93, 89, 81}, {88, 78, 69}},
				{{95, 92, 84}, {92, 81, 65}, {80, 70, 48}},
				{{92, 82, 72}, {79, 69, 50}, {69, 55, 27}},
			},
		[1] =
			{
				{{99, 95, 92}, {95, 90, 84}, {92, 82, 72}},
				{{97, 92, 85}, {91, 83, 71}, {81, 71, 53}},
				{{95, 92, 85}, {92, 80, 70}, {84, 71, 50}},
				{{93, 85, 73}, {82, 72, 59}, {70, 52, 30}},
				{{86, 75, 52}, {71, 52, 29}, {63, 29, 17}},
			},
		[2] =
			{
				{{98, 94, 91}, {94, 86, 77}, {87, 74, 63}},
				{{95, 87, 81}, {89, 74, 64}, {75, 63, 49}},
				{{94, 88, 76}, {86, 74, 59}, {72, 57, 52}},
				{{89, 77, 67}, {76, 58, 50}, {57, 52, 25}},
				{{83, 70, 54}, {65, 58, 26}, {53, 21, 13}},
			},
		[3] =
			{
				{{95, 88, 76}, {90, 75, 61}, {77, 68, 52}},
				{{90, 76, 70}, {77, 62, 53}, {66, 59, 30}},
				{{89, 76, 62}, {74, 57, 47}, {61, 57, 24}},
				{{78, 67, 58}, {59, 57, 23}, {52, 29, 16}},
				{{71, 59, 30}, {58, 26, 15}, {23, 13, 6}},
			},
		[4] =
			{
				{{93, 86, 75}, {86, 74, 56}, {70, 52, 40}},
				{{87, 72, 58}, {74, 61, 34}, {54, 40, 22}},
				{{85, 74, 62}, {72, 55, 46}, {53, 34, 19}},
				{{75, 55, 51}, {57, 41, 19}, {36, 19, 8}},
				{{64, 51, 20}, {47, 21, 11}, {24, 9, 4}},
			},
		[5] =
			{
				{{88, 73, 60}, {73, 59, 41}, {54, 45, 20}},
				{{75, 53, 50}, {55, 40, 20}, {43, 22, 11}},
				{{75, 58, 40}, {61, 48, 20}, {46, 17, 8}},
				{{55, 45, 21}, {51, 18, 9}, {18, 7, 2}},
				{{53, 24, 14}, {24, 12, 5}, {10, 3, 1}},
			},
};

/* Depth of each level of a class, in steps. */
static const uint8_t depths[N_EQ][5] = {
	{1, 4, 5}, {1, 2}, {7, 6, 8, 8, 10}, {6, 5, 4}, {1, 1, 1},
};

/** struct highest - a vector of a class's level that no other of it exceeds */
struct highest {
	uint8_t eq, level;
	uint8_t n;
	uint8_t values[6]; /* of the class's metrics, as levels */
};

static const uint8_t eq_metrics[N_EQ][6] = {
	{AV, PR, UI}, {AC, AT}, {VC, VI, VA, CR, IR, AR}, {SC, SI, SA}, {E},
};

static const struct highest highest[] = {
	{0, 0, 3, {0, 0, 0}},
	{0, 1, 3, {1, 0, 0}},
	{0, 1, 3, {0, 1, 0}},
	{0, 1, 3, {0, 0, 1}},
	{0, 2, 3, {3, 0, 0}},
	{0, 2, 3, {1, 1, 1}},
	{1, 0, 2, {0, 0}},
	{1, 1, 2, {1, 0}},
	{1, 1, 2, {0, 1}},
	{2, 0, 6, {0, 0, 0, 0, 0, 0}},
	{2, 1, 6, {0, 0, 1, 1, 1, 0}},
	{2, 1, 6, {0, 0, 0, 1, 1, 1}},
	{2, 2, 6, {1, 0, 0, 0, 0, 0}},
	{2, 2, 6, {0, 1, 0, 0, 0, 0}},
	{2, 3, 6, {1, 0, 1, 0, 1, 0}},
	{2, 3, 6, {1, 0, 0, 0, 1, 1}},
	{2, 3, 6, {0, 1, 0, 1, 0, 1}},
	{2, 3, 6, {0, 1, 1, 1, 0, 0}},
	{2, 3, 6, {1, 1, 0, 0, 0, 1}},
	{2, 4, 6, {1, 1, 1, 0, 0, 0}},
	{3, 0, 3, {1, 0, 0}},
	{3, 1, 3, {1, 1, 1}},
	{3, 2, 3, {2, 2, 2}},
	{4, 0, 1, {0}},
	{4, 1, 1, {1}},
	{4, 2, 1, {2}},
};

static void classify(const uint8_t v[N_METRICS], uint8_t eq[N_EQ])
{
	bool reach[] = {v[AV] == 0, v[PR] == 0, v[UI] == 0};
	bool high = v[VC] == 0 || v[VI] == 0 || v[VA] == 0;
	unsigned eq3 = v[VC] == 0 && v[VI] == 0 ? 0 : high ? 1 : 2;
	bool eq6 = !((v[CR] == 0 && v[VC] == 0) || (v[IR] == 0 && v[VI] == 0) ||
		     (v[AR] == 0 && v[VA] == 0));

	if (reach[0] && reach[1] && reach[2])
		eq[0] = 0;
	else
		eq[0] = (reach[0] || reach[1] || reach[2]) && v[AV] != 3 ? 1 : 2;
	eq[1] = v[AC] != 0 || v[AT] != 0;
	eq[EQ36] = (uint8_t)(eq3 == 2 ? 4 : eq3 * 2 + eq6);
	if (v[SI] == 0 || v[SA] == 0)
		eq[3] = 0;
	else
		eq[3] = v[SC] == 1 || v[SI] == 1 || v[SA] == 1 ? 1 : 2;
	eq[4] = v[E];
}

static double macro_score(const uint8_t eq[N_EQ])
{
	return macro_scores[eq[0] * 2 + eq[1]][eq[EQ36]][eq[3]][eq[4]];
}

/* Score of the next lower macrovector in one class; negative when there is none. */
static double lower_score(const uint8_t eq[N_EQ], unsigned which)
{
	static const uint8_t last[N_EQ] = {2, 1, 4, 2, 2};
	uint8_t lower[N_EQ];
	double a;

	memcpy(lower, eq, sizeof(lower));
	if (eq[which] == last[which])
		return -1;
	if (which != EQ36) {
		lower[which]++;
		return macro_score(lower);
	}
	/* 00 goes to the better of 01 and 10, 01 and 10 go to 11, 11 to 21. */
	if (eq[EQ36] != 0) {
		lower[EQ36] = eq[EQ36] == 3 ? 4 : 3;
		return macro_score(lower);
	}
	lower[EQ36] = 1;
	a = macro_score(lower);
	lower[EQ36] = 2;
	return fmax(a, macro_score(lower));
}

/* Steps from the highest vector of the class's level that is nowhere below this one. */
static int distance(const uint8_t v[N_METRICS], unsigned which, uint8_t level)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(highest); i++) {
		const struct highest *h = &highest[i];
		int sum = 0;
		bool below = false;

		if (h->eq != which || h->level != level)
			continue;
		for (size_t k = 0; k < h->n; k++) {
			int d = (int)v[eq_metrics[which][k]] - h->values[k];

			below = below || d < 0;
			sum += d;
		}
		if (!below)
			return sum;
	}
	return 0;
}

/* Metrics as they count: modified ones replace, absent ones are taken at their worst. */
static void effective(const uint8_t all[N_ALL], uint8_t v[N_METRICS])
{
	memcpy(v, all, N_METRICS);
	for (size_t i = 0; i < N_ALL - FIRST_MODIFIED; i++) {
		uint8_t m = all[FIRST_MODIFIED + i];

		if (m != NONE && metrics[FIRST_MODIFIED + i].values[m] != 'X')
			v[i] = m;
	}
	for (size_t i = E; i <= AR; i++) {
		if (v[i] == NONE || metrics[i].values[v[i]] == 'X')
			v[i] = 0;
	}
}

bool vulndb_cvss4_score(struct sk_span text, double *ret)
{
	uint8_t all[N_ALL];
	uint8_t v[N_METRICS];
	uint8_t eq[N_EQ];
	double score;
	double sum = 0;
	int n = 0;

	if (!vulndb_cvss_parse(text, metrics, N_ALL, all))
		return false;
	effective(all, v);
	if (v[VC] == 2 && v[VI] == 2 && v[VA] == 2 && v[SC] == 3 && v[SI] == 3 && v[SA] == 3) {
		*ret = 0;
		return true;
	}
	classify(v, eq);
	score = macro_score(eq);
	for (unsigned i = 0; i < N_EQ; i++) {
		double lower = lower_score(eq, i);

		if (lower < 0)
			continue;
		n++;
		sum += i == 4 ? 0 /* nothing lies between the levels of E */
			      : (score - lower) * distance(v, i, eq[i]) / depths[i][eq[i]];
	}
	if (n != 0)
		score -= sum / n;
	*ret = fmin(fmax(floor(score + 0.5 + 1e-6), 0), 100) / 10;
	return true;
}
