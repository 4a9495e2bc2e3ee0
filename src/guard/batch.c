/* SPDX-License-Identifier: Apache-2.0 */
/* Copies in one block, sorted when the first is taken. */
#include "guard/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	MAX_BYTES = 1 << 20, /* a fraction of the rings: a flood is handed out in pieces */
	MAX_ITEMS = 8192,
	ALIGNMENT = 8,
};

/** struct item - a record in the block */
struct item {
	uint64_t time_ns;
	uint32_t off;
	uint32_t size;
};

struct guard_batch {
	struct item items[MAX_ITEMS];
	size_t n_items;
	size_t n_taken; /* not 0: they are sorted */
	size_t len;
	_Alignas(ALIGNMENT) uint8_t bytes[MAX_BYTES];
};

struct guard_batch *guard_batch_new(void)
{
	return sk_alloc(sizeof(struct guard_batch));
}

void guard_batch_free(struct guard_batch *b)
{
	sk_free(b);
}

bool guard_batch_put(struct guard_batch *b, const struct guard_rec *rec, size_t size)
{
	struct item *item = &b->items[b->n_items];

	if (b->n_items == MAX_ITEMS || size > MAX_BYTES - b->len)
		return false;
	*item = (struct item){
		.time_ns = rec->time_ns, .off = (uint32_t)b->len, .size = (uint32_t)size};
	memcpy(b->bytes + b->len, rec, size);
	b->len += size;
	/* The end of the block is aligned too, so this stays within it. */
	b->len += (ALIGNMENT - b->len % ALIGNMENT) % ALIGNMENT;
	b->n_items++;
	return true;
}

static int by_time(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	return a->off < b->off ? -1 : a->off > b->off;
}

const struct guard_rec *guard_batch_take(struct guard_batch *b, size_t *ret_size)
{
	const struct item *item;

	if (b->n_taken == 0 && b->n_items > 1)
		qsort(b->items, b->n_items, sizeof(b->items[0]), by_time);
	if (b->n_taken == b->n_items) {
		b->n_items = b->n_taken = b->len = 0;
		return NULL;
	}
	item = &b->items[b->n_taken++];
	*ret_size = item->size;
	return (const struct guard_rec *)(const void *)(b->bytes + item->off);
}
