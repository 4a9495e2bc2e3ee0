/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version comparison under any bytes: first byte the scheme, then A, a tab, B. Every version equals
 * itself (where it is not refused), both ways round give opposite answers, and the answers of valid
 * versions are never refused.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "version/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_self(enum version_scheme s, struct sk_span v, bool refused)
{
	int order = 2;
	int r = version_compare(s, v, v, &order);

	if (r == 0)
		assert(order == 0);
	else
		assert(r == -SK_E_FORMAT && refused && !version_ops_for(s)->valid(v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span text = sk_span_of(data, size);
	enum version_scheme s;
	struct sk_span a, b;
	int order = 2, reverse = 2;
	int r;

	if (size == 0)
		return 0;
	s = data[0] % VERSION_N_SCHEMES;
	text = sk_span_sub(text, 1, size);
	a = sk_span_sub(text, 0, sk_span_find(text, '\t'));
	b = sk_span_sub(text, a.len + 1, size);
	r = version_compare(s, a, b, &order);
	assert(version_compare(s, b, a, &reverse) == r);
	if (r == 0) {
		assert(order >= -1 && order <= 1 && order == -reverse);
	} else {
		assert(r == -SK_E_FORMAT && order == 2 && reverse == 2);
		/* Only two branches of Packagist are valid and without an order. */
		assert(s == VERSION_PACKAGIST || !version_ops_for(s)->valid(a) ||
		       !version_ops_for(s)->valid(b));
	}
	check_self(s, a, r != 0);
	check_self(s, b, r != 0);
	return 0;
}
