/* SPDX-License-Identifier: Apache-2.0 */
/* A handful of records with their times. */
#include "guard/later.h"

#include <string.h>

#include "base/alloc.h"

enum {
	MAX_WAITING = 64,
};

/** struct waiting - a record */
struct waiting {
	struct guard_rec *rec; /* NULL: free */
	size_t len;
	uint64_t due_ns;
	uint64_t since; /* order of arrival */
};

struct guard_later {
	struct waiting items[MAX_WAITING];
	uint64_t n_put;
};

struct guard_later *guard_later_new(void)
{
	return sk_alloc(sizeof(struct guard_later));
}

void guard_later_free(struct guard_later *l)
{
	for (size_t i = 0; l != NULL && i < MAX_WAITING; i++)
		sk_free(l->items[i].rec);
	sk_free(l);
}

void guard_later_put(struct guard_later *l, const struct guard_rec *rec, const uint8_t *data,
		     uint64_t due_ns)
{
	size_t len = guard_rec_data_len(rec);
	struct waiting *to = &l->items[0];

	for (size_t i = 0; i < MAX_WAITING && to->rec != NULL; i++)
		if (l->items[i].rec == NULL || l->items[i].since < to->since)
			to = &l->items[i];
	sk_free(to->rec);
	to->rec = sk_alloc(sizeof(*rec) + len);
	*to->rec = *rec;
	memcpy(to->rec + 1, data, len);
	to->len = len;
	to->due_ns = due_ns;
	to->since = ++l->n_put;
}

struct guard_rec *guard_later_take(struct guard_later *l, uint64_t now_ns, size_t *ret_len)
{
	for (size_t i = 0; i < MAX_WAITING; i++) {
		if (l->items[i].rec == NULL || l->items[i].due_ns > now_ns)
			continue;
		*ret_len = l->items[i].len;
		return sk_take(l->items[i].rec);
	}
	return NULL;
}
