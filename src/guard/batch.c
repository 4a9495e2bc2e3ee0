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
	LOADED_MOST = 16, /* records among which a program's linker is looked for */
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

static struct guard_rec *rec_at(struct guard_batch *b, size_t i)
{
	return (struct guard_rec *)(void *)(b->bytes + b->items[i].off);
}

static bool is_held_of(const struct guard_rec *rec, uint32_t pid)
{
	return rec->verdict == GUARD_REC_HELD && rec->host_pid == pid;
}

/*
 * The kernel maps a program's linker before it says that the program runs: the start is put first,
 * as of that moment. What is held is judged in the order in which it is held, or the program would
 * go on before its linker was looked at.
 */
static void put_start_first(struct guard_batch *b, size_t at)
{
	const struct item start = b->items[at];
	size_t most = at < LOADED_MOST ? at : LOADED_MOST, first = at;
	struct guard_rec *rec = rec_at(b, at);

	for (size_t i = at; i-- > at - most && !is_held_of(rec_at(b, i), rec->host_pid);)
		if (rec_at(b, i)->type == GUARD_REC_MMAP && rec_at(b, i)->exec_id == rec->exec_id &&
		    rec_at(b, i)->host_pid == rec->host_pid)
			first = i;
	if (first == at)
		return;
	rec->time_ns = rec_at(b, first)->time_ns;
	memmove(&b->items[first + 1], &b->items[first], (at - first) * sizeof(start));
	b->items[first] = start;
}

static void sort(struct guard_batch *b)
{
	qsort(b->items, b->n_items, sizeof(b->items[0]), by_time);
	for (size_t i = 1; i < b->n_items; i++)
		if (rec_at(b, i)->type == GUARD_REC_EXEC)
			put_start_first(b, i);
}

const struct guard_rec *guard_batch_take(struct guard_batch *b, size_t *ret_size)
{
	if (b->n_taken == 0 && b->n_items > 1)
		sort(b);
	if (b->n_taken == b->n_items) {
		b->n_items = b->n_taken = b->len = 0;
		return NULL;
	}
	*ret_size = b->items[b->n_taken].size;
	return rec_at(b, b->n_taken++);
}
