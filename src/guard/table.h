/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of fixed-size keys and values: what the kernel's hash maps are, where there are none. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

/** struct guard_table - keys to values; opaque; the caller serialises its use */
struct guard_table;

/**
 * guard_table_new() - empty table
 * @key_size: bytes of a key
 * @value_size: bytes of a value
 * @max: elements it may hold
 *
 * Return: the caller frees with guard_table_free().
 */
struct guard_table *guard_table_new(size_t key_size, size_t value_size, size_t max);

/**
 * guard_table_free() - drop it
 * @t: may be NULL
 */
void guard_table_free(struct guard_table *t);
SK_DEFINE_CLEANUP(struct guard_table, guard_table_free);

/**
 * guard_table_get() - look an element up
 * @t: table
 * @key: of the table's size
 *
 * Return: its value, valid until the element is deleted; NULL when absent.
 */
void *guard_table_get(const struct guard_table *t, const void *key);

/**
 * guard_table_put() - insert or replace an element
 * @t: table
 * @key: of the table's size
 * @value: of the table's size
 *
 * Return: its value in the table; NULL when the table is full.
 */
void *guard_table_put(struct guard_table *t, const void *key, const void *value);

/**
 * guard_table_del() - remove an element
 * @t: table
 * @key: of the table's size; absent is as good
 */
void guard_table_del(struct guard_table *t, const void *key);

/**
 * guard_table_next() - iterate over keys
 * @t: table
 * @key: the key before; NULL or one that is gone begins anew
 *
 * Return: borrowed key; NULL at the end.
 */
const void *guard_table_next(const struct guard_table *t, const void *key);

/**
 * guard_table_count() - elements
 * @t: table
 *
 * Return: how many there are.
 */
size_t guard_table_count(const struct guard_table *t);
