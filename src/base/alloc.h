/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Small fixed allocations abort when memory is gone; a size that comes from input is
 * checked against a budget before it gets here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

/**
 * sk_alloc() - zeroed heap memory, aborts on exhaustion
 * @size: bytes, 0 allowed
 *
 * Return: never NULL; the caller frees with sk_free().
 */
void *sk_alloc(size_t size) __attribute__((malloc, returns_nonnull));

/**
 * sk_realloc_array() - grow an array, aborts on exhaustion or overflow; new elements are not zeroed
 * @ptr: previous array or NULL
 * @n: elements
 * @size: bytes an element
 *
 * Return: never NULL; the caller frees with sk_free().
 */
void *sk_realloc_array(void *ptr, size_t n, size_t size) __attribute__((returns_nonnull));

/**
 * sk_strdup() - copy of a C string, aborts on exhaustion
 * @s: not NULL
 *
 * Return: the caller frees with sk_free().
 */
char *sk_strdup(const char *s) __attribute__((malloc, returns_nonnull));

/**
 * sk_free() - free(), and the name that goes with sk_alloc()
 * @ptr: may be NULL
 */
void sk_free(void *ptr);

/**
 * sk_freep() - cleanup function for a heap pointer: sk_cleanup(sk_freep) char *s
 * @ptr: address of the pointer variable
 */
static inline void sk_freep(void *ptr)
{
	sk_free(*(void **)ptr);
}

/**
 * sk_size_mul() - checked product
 * @a: factor
 * @b: factor
 * @ret: written on success
 *
 * Return: false on overflow.
 */
static inline sk_must_check bool sk_size_mul(size_t a, size_t b, size_t *ret)
{
	return !__builtin_mul_overflow(a, b, ret);
}

/**
 * sk_size_add() - checked sum
 * @a: summand
 * @b: summand
 * @ret: written on success
 *
 * Return: false on overflow.
 */
static inline sk_must_check bool sk_size_add(size_t a, size_t b, size_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}

/*
 * Makes room for one more element in a growing array: SK_GROW(items, n_items, items_cap); aborts on
 * exhaustion. The caller has bounded n_items.
 */
#define SK_GROW(arr, n, cap)                                                                       \
	do {                                                                                       \
		if ((n) >= (cap)) {                                                                \
			(cap) = (cap) != 0 ? (cap)*2 : 16;                                         \
			(arr) = sk_realloc_array((arr), (cap), sizeof(*(arr)));                    \
		}                                                                                  \
	} while (0)
