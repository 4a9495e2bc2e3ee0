/* SPDX-License-Identifier: Apache-2.0 */
/* CVSS 2.0, 3.0 and 3.1 base equations; 4.0 is in cvss4.c. */
#include "vulndb/cvss.h"

#include <math.h>

#include "vulndb/cvss-priv.h"

bool vulndb_cvss_parse(struct sk_span text, const struct vulndb_cvss_metric *metrics, size_t n,
		       uint8_t *values)
{
	struct sk_span piece;

	for (size_t i = 0; i < n; i++)
		values[i] = UINT8_MAX;
	while (sk_span_cut(&text, '/', &piece)) {
		size_t colon = sk_span_find(piece, ':');
		struct sk_span value = sk_span_sub(piece, colon + 1, piece.len);
		size_t i = 0;
		const char *at;

		if (piece.len == 0 && text.len == 0)
			break; /* a slash at the end */
		while (i < n && !sk_span_eq_str(sk_span_sub(piece, 0, colon), metrics[i].name))
			i++;
		if (colon >= piece.len || value.len == 0)
			return false;
		if (i == n)
			continue; /* not a base metric */
		at = value.len == 1 && value.ptr[0] > ' ' ? strchr(metrics[i].values, value.ptr[0])
							  : NULL;
		if (at == NULL || values[i] != UINT8_MAX)
			return false;
		values[i] = (uint8_t)(at - metrics[i].values);
	}
	for (size_t i = 0; i < n; i++) {
		if (values[i] == UINT8_MAX && !metrics[i].optional)
			return false;
	}
	return true;
}

/* CVSS v2.0 Complete Guide, 3.2.1. */
static bool score_v2(struct sk_span text, double *ret)
{
	static const struct vulndb_cvss_metric metrics[] = {
		{"AV", "LAN", false}, {"AC", "HML", false}, {"Au", "MSN", false},
		{"C", "NPC", false},  {"I", "NPC", false},  {"A", "NPC", false},
	};
	static const double av[] = {0.395, 0.646, 1.0};
	static const double ac[] = {0.35, 0.61, 0.71};
	static const double au[] = {0.45, 0.56, 0.704};
	static const double cia[] = {0.0, 0.275, 0.660};
	uint8_t v[SK_ARRAY_LEN(metrics)];
	double impact;
	double exploitability;

	if (!vulndb_cvss_parse(text, metrics, SK_ARRAY_LEN(metrics), v))
		return false;
	impact = 10.41 * (1 - (1 - cia[v[3]]) * (1 - cia[v[4]]) * (1 - cia[v[5]]));
	exploitability = 20 * av[v[0]] * ac[v[1]] * au[v[2]];
	*ret = (0.6 * impact + 0.4 * exploitability - 1.5) * (impact == 0.0 ? 0.0 : 1.176);
	*ret = round(*ret * 10) / 10;
	return true;
}

/* CVSS v3.1 specification, appendix A: in integers, so that no rounding error shows. */
static double roundup_31(double x)
{
	long i = lround(x * 100000);

	return i % 10000 == 0 ? (double)i / 100000.0 : (double)(i / 10000 + 1) / 10.0;
}

/* CVSS v3.0 and v3.1 specifications, 7.1 (8.1 in 3.0). */
static bool score_v3(struct sk_span text, bool v30, double *ret)
{
	static const struct vulndb_cvss_metric metrics[] = {
		{"AV", "NALP", false}, {"AC", "LH", false}, {"PR", "NLH", false},
		{"UI", "NR", false},   {"S", "UC", false},  {"C", "NLH", false},
		{"I", "NLH", false},   {"A", "NLH", false},
	};
	static const double av[] = {0.85, 0.62, 0.55, 0.2};
	static const double ac[] = {0.77, 0.44};
	static const double pr[2][3] = {{0.85, 0.62, 0.27}, {0.85, 0.68, 0.5}};
	static const double ui[] = {0.85, 0.62};
	static const double cia[] = {0.0, 0.22, 0.56};
	uint8_t v[SK_ARRAY_LEN(metrics)];
	double iss;
	double impact;
	double sum;

	if (!vulndb_cvss_parse(text, metrics, SK_ARRAY_LEN(metrics), v))
		return false;
	iss = 1 - (1 - cia[v[5]]) * (1 - cia[v[6]]) * (1 - cia[v[7]]);
	impact = v[4] == 0 ? 6.42 * iss : 7.52 * (iss - 0.029) - 3.25 * pow(iss - 0.02, 15);
	sum = impact + 8.22 * av[v[0]] * ac[v[1]] * pr[v[4]][v[2]] * ui[v[3]];
	if (v[4] == 1)
		sum *= 1.08;
	if (sum > 10)
		sum = 10;
	/* 3.0 rounds the product itself; the guard against binary fractions is 3.1's. */
	*ret = impact <= 0 ? 0 : v30 ? ceil(sum * 10 - 1e-9) / 10 : roundup_31(sum);
	return true;
}

bool vulndb_cvss_score(struct sk_span vector, struct vulndb_cvss_score *ret)
{
	double base = 0;
	bool ok;

	vector = sk_span_trim(vector);
	if (vector.len > 2 && vector.ptr[0] == '(' && vector.ptr[vector.len - 1] == ')')
		vector = sk_span_sub(vector, 1, vector.len - 2);
	if (sk_span_strip_prefix(&vector, "CVSS:3.1/")) {
		ret->version = VULNDB_CVSS_31;
		ok = score_v3(vector, false, &base);
	} else if (sk_span_strip_prefix(&vector, "CVSS:3.0/")) {
		ret->version = VULNDB_CVSS_30;
		ok = score_v3(vector, true, &base);
	} else if (sk_span_strip_prefix(&vector, "CVSS:4.0/")) {
		ret->version = VULNDB_CVSS_4;
		ok = vulndb_cvss4_score(vector, &base);
	} else {
		(void)sk_span_strip_prefix(&vector, "CVSS:2.0/"); /* some write it */
		ret->version = VULNDB_CVSS_2;
		ok = score_v2(vector, &base);
	}
	if (ok)
		ret->base = base;
	return ok;
}
