/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation in blocks that double up to 1 MiB; larger requests get a block of their own. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/alloc.h"

enum {
	ARENA_FIRST_BLOCK = 16 * 1024,
	ARENA_MAX_BLOCK = 1024 * 1024,
	ARENA_ALIGN = 16,
	ARENA_HUGE = 2 * 1024 * 1024, /* a huge page, and the least that is expected to fill one */
};

struct block {
	struct block *next;
	size_t size;
	size_t used;
	size_t mapped; /* bytes of the mapping that it begins, 0: it is from the heap */
	_Alignas(ARENA_ALIGN) unsigned char data[];
};

struct sk_arena {
	struct block *blocks;
	size_t next_size;
	size_t expected;
	size_t used;
};

struct sk_arena *sk_arena_new(void)
{
	struct sk_arena *a = sk_alloc(sizeof(*a));

	a->next_size = ARENA_FIRST_BLOCK;
	return a;
}

void sk_arena_free(struct sk_arena *a)
{
	struct block *next;

	if (a == NULL)
		return;
	for (struct block *b = a->blocks; b != NULL; b = next) {
		next = b->next;
		if (b->mapped != 0)
			(void)munmap(b, b->mapped); /* nothing to do about it */
		else
			sk_free(b);
	}
	sk_free(a);
}

/* A block of huge pages where the system has them; NULL when there is no room for it. */
static struct block *map_block(size_t size)
{
	size_t len = (size + sizeof(struct block) + ARENA_HUGE - 1) & ~(size_t)(ARENA_HUGE - 1);
	char *map, *start;
	size_t before;
	struct block *b;

	map = mmap(NULL, len + ARENA_HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
	if (map == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)map & (ARENA_HUGE - 1);
	start = map + before;
	/* What does not work here costs time, or addresses that nobody needs. */
	if (before != 0)
		(void)munmap(map, before);
	(void)munmap(start + len, ARENA_HUGE - before);
	(void)madvise(start, len, MADV_HUGEPAGE);
	b = (struct block *)start;
	b->mapped = len;
	b->size = len - sizeof(*b);
	return b;
}

static struct block *add_block(struct sk_arena *a, size_t need)
{
	size_t size = need > a->next_size ? need : a->next_size;
	struct block *b = NULL;

	if (a->expected >= ARENA_HUGE / 2 && need <= a->expected) {
		b = map_block(a->expected);
		a->expected = 0;
	}
	/* Fresh blocks are zeroed by calloc, which costs nothing for pages that come from mmap. */
	if (b == NULL) {
		b = sk_alloc(sizeof(*b) + size);
		b->size = size;
	}
	if (a->next_size < ARENA_MAX_BLOCK)
		a->next_size *= 2;
	/* A block for one large request goes behind the current one, which still has room. */
	if (a->blocks != NULL && need > ARENA_MAX_BLOCK / 4) {
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		b->next = a->blocks;
		a->blocks = b;
	}
	return b;
}

void *sk_arena_alloc(struct sk_arena *a, size_t size)
{
	struct block *b = a->blocks;
	size_t need;
	void *ptr;

	if (size > SIZE_MAX / 2)
		abort();
	need = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (b == NULL || b->size - b->used < need)
		b = add_block(a, need);
	ptr = b->data + b->used;
	b->used += need;
	a->used += need;
	return ptr;
}

void *sk_arena_array(struct sk_arena *a, size_t n, size_t size)
{
	size_t total;

	if (!sk_size_mul(n, size, &total))
		abort();
	return sk_arena_alloc(a, total);
}

char *sk_arena_str(struct sk_arena *a, struct sk_span s)
{
	char *copy = sk_arena_alloc(a, s.len + 1);

	if (s.len != 0)
		memcpy(copy, s.ptr, s.len);
	return copy;
}

char *sk_arena_strdup(struct sk_arena *a, const char *s)
{
	return s != NULL ? sk_arena_str(a, sk_span_str(s)) : NULL;
}

char *sk_arena_printf(struct sk_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	text = sk_arena_alloc(a, (size_t)len + 1);
	va_start(ap, fmt);
	(void)vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}

void sk_arena_expect(struct sk_arena *a, size_t size)
{
	a->expected = size;
}

size_t sk_arena_used(const struct sk_arena *a)
{
	return a->used;
}
