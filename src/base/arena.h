/* SPDX-License-Identifier: Apache-2.0 */
/* Arena: memory of one scan or request, dropped in one call; nothing in it is freed singly. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/span.h"

struct sk_arena;

/**
 * sk_arena_new() - empty arena
 *
 * Return: the caller frees with sk_arena_free().
 */
struct sk_arena *sk_arena_new(void);

/**
 * sk_arena_free() - drop the arena and everything in it
 * @a: may be NULL
 */
void sk_arena_free(struct sk_arena *a);
SK_DEFINE_CLEANUP(struct sk_arena, sk_arena_free);

/**
 * sk_arena_alloc() - zeroed memory, aligned for any type; aborts on exhaustion
 * @a: arena
 * @size: bytes
 *
 * Return: lives as long as the arena.
 */
void *sk_arena_alloc(struct sk_arena *a, size_t size) __attribute__((returns_nonnull));

/**
 * sk_arena_array() - zeroed array; aborts on exhaustion or overflow
 * @a: arena
 * @n: elements
 * @size: bytes an element
 *
 * Return: lives as long as the arena.
 */
void *sk_arena_array(struct sk_arena *a, size_t n, size_t size) __attribute__((returns_nonnull));

/**
 * sk_arena_str() - NUL-terminated copy of a span
 * @a: arena
 * @s: may hold NUL bytes, which then end the C string early
 *
 * Return: lives as long as the arena.
 */
char *sk_arena_str(struct sk_arena *a, struct sk_span s) __attribute__((returns_nonnull));

/**
 * sk_arena_strdup() - copy of a C string
 * @a: arena
 * @s: may be NULL
 *
 * Return: NULL for NULL; lives as long as the arena.
 */
char *sk_arena_strdup(struct sk_arena *a, const char *s);

/**
 * sk_arena_printf() - formatted text
 * @a: arena
 * @fmt: printf format
 *
 * Return: lives as long as the arena.
 */
char *sk_arena_printf(struct sk_arena *a, const char *fmt, ...) sk_printf_like(2, 3)
	__attribute__((returns_nonnull));

/**
 * sk_arena_expect() - much will be wanted soon
 * @a: arena
 * @size: bytes, roughly
 *
 * The arena then takes the memory that it needs next at once, in huge pages where that pays: pages
 * that are touched one by one cost more than what is written to them.
 */
void sk_arena_expect(struct sk_arena *a, size_t size);

/**
 * sk_arena_used() - bytes handed out so far
 * @a: arena
 *
 * Return: bytes.
 */
size_t sk_arena_used(const struct sk_arena *a);
