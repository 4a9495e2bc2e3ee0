/* SPDX-License-Identifier: Apache-2.0 */
/* Separate chaining; elements stay where they are, so that values can be borrowed. */
#include "guard/table.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"

enum {
	FIRST_CHAINS = 64,
};

/** struct element - the value begins after the key, aligned */
struct element {
	struct element *next;
	uint64_t bytes[];
};

struct guard_table {
	struct element **chains;
	size_t n_chains; /* a power of two */
	size_t n;
	size_t max;
	size_t key_size;
	size_t value_size;
	size_t value_word; /* index of the value's first word */
};

struct guard_table *guard_table_new(size_t key_size, size_t value_size, size_t max)
{
	struct guard_table *t = sk_alloc(sizeof(*t));

	t->n_chains = FIRST_CHAINS;
	t->chains = sk_alloc(t->n_chains * sizeof(*t->chains));
	t->max = max;
	t->key_size = key_size;
	t->value_size = value_size;
	t->value_word = (key_size + 7) / 8;
	return t;
}

void guard_table_free(struct guard_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_chains; i++) {
		struct element *e = t->chains[i];

		while (e != NULL) {
			struct element *next = e->next;

			sk_free(e);
			e = next;
		}
	}
	sk_free(t->chains);
	sk_free(t);
}

static size_t chain_of(const struct guard_table *t, const void *key)
{
	return (size_t)sk_hash64(sk_span_of(key, t->key_size)) & (t->n_chains - 1);
}

static struct element *find(const struct guard_table *t, const void *key)
{
	struct element *e = t->chains[chain_of(t, key)];

	while (e != NULL && memcmp(e->bytes, key, t->key_size) != 0)
		e = e->next;
	return e;
}

void *guard_table_get(const struct guard_table *t, const void *key)
{
	struct element *e = find(t, key);

	return e != NULL ? e->bytes + t->value_word : NULL;
}

static void grow(struct guard_table *t)
{
	struct element **old = t->chains;
	size_t n_old = t->n_chains;

	t->n_chains *= 2;
	t->chains = sk_alloc(t->n_chains * sizeof(*t->chains));
	for (size_t i = 0; i < n_old; i++) {
		struct element *e = old[i];

		while (e != NULL) {
			struct element *next = e->next;
			size_t to = chain_of(t, e->bytes);

			e->next = t->chains[to];
			t->chains[to] = e;
			e = next;
		}
	}
	sk_free(old);
}

void *guard_table_put(struct guard_table *t, const void *key, const void *value)
{
	struct element *e = find(t, key);
	size_t chain;

	if (e == NULL) {
		if (t->n >= t->max)
			return NULL;
		if (t->n >= t->n_chains)
			grow(t);
		e = sk_alloc(sizeof(*e) + t->value_word * 8 + t->value_size);
		memcpy(e->bytes, key, t->key_size);
		chain = chain_of(t, key);
		e->next = t->chains[chain];
		t->chains[chain] = e;
		t->n++;
	}
	memcpy(e->bytes + t->value_word, value, t->value_size);
	return e->bytes + t->value_word;
}

void guard_table_del(struct guard_table *t, const void *key)
{
	struct element **at = &t->chains[chain_of(t, key)], *e;

	while (*at != NULL && memcmp((*at)->bytes, key, t->key_size) != 0)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	e = *at;
	*at = e->next;
	sk_free(e);
	t->n--;
}

const void *guard_table_next(const struct guard_table *t, const void *key)
{
	const struct element *e = key != NULL ? find(t, key) : NULL;
	size_t chain = 0;

	if (e != NULL) {
		if (e->next != NULL)
			return e->next->bytes;
		chain = chain_of(t, key) + 1;
	}
	while (chain < t->n_chains && t->chains[chain] == NULL)
		chain++;
	return chain < t->n_chains ? t->chains[chain]->bytes : NULL;
}

size_t guard_table_count(const struct guard_table *t)
{
	return t->n;
}
