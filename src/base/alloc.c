/* SPDX-License-Identifier: Apache-2.0 */
/* Aborting allocation: a process that cannot get a few bytes cannot report anything either. */
#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sk_noreturn void out_of_memory(size_t size)
{
	(void)fprintf(stderr, "stockade: out of memory (%zu bytes)\n", size);
	abort();
}

void *sk_alloc(size_t size)
{
	void *ptr = calloc(1, size != 0 ? size : 1);

	if (ptr == NULL)
		out_of_memory(size);
	return ptr;
}

void *sk_realloc_array(void *ptr, size_t n, size_t size)
{
	void *grown = reallocarray(ptr, n != 0 ? n : 1, size);

	if (grown == NULL)
		out_of_memory(n);
	return grown;
}

char *sk_strdup(const char *s)
{
	char *copy = strdup(s);

	if (copy == NULL)
		out_of_memory(strlen(s));
	return copy;
}

void sk_free(void *ptr)
{
	free(ptr);
}
