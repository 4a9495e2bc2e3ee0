/* SPDX-License-Identifier: Apache-2.0 */
/* The table of limits. */
#include "base/budget.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *name;
	uint64_t value;
	const char *unit;
	const char *why;
} limit_table[] = {
#define X(name, text, value, unit, why) [SK_LIMIT_##name] = {text, value, unit, why},
	SK_LIMITS(X)
#undef X
};

_Static_assert(SK_ARRAY_LEN(limit_table) == SK_N_LIMITS, "one row per limit");

struct sk_limits sk_limits_default(void)
{
	struct sk_limits limits;

	for (size_t i = 0; i < SK_N_LIMITS; i++)
		limits.max[i] = limit_table[i].value;
	return limits;
}

const char *sk_limit_name(enum sk_limit limit)
{
	return limit_table[limit].name;
}

const char *sk_limit_why(enum sk_limit limit, const char **ret_unit)
{
	*ret_unit = limit_table[limit].unit;
	return limit_table[limit].why;
}

bool sk_limit_find(const char *name, enum sk_limit *ret)
{
	for (size_t i = 0; i < SK_N_LIMITS; i++) {
		if (strcmp(limit_table[i].name, name) == 0) {
			*ret = (enum sk_limit)i;
			return true;
		}
	}
	return false;
}

void sk_budget_init(struct sk_budget *b, const struct sk_limits *limits)
{
	memset(b, 0, sizeof(*b));
	b->limits = *limits;
}

int sk_budget_fail(const struct sk_budget *b, enum sk_limit limit, struct sk_err *err)
{
	return sk_err_set(err, SK_E_LIMIT,
			  "limit %s of %" PRIu64
			  " %s exceeded; raise it with --limit %s=N if the source is trusted",
			  limit_table[limit].name, b->limits.max[limit], limit_table[limit].unit,
			  limit_table[limit].name);
}
