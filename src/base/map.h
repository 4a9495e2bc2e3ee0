/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map from bytes to a 64-bit value; keys are hashed with a per-process secret. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/span.h"

/** struct sk_map - zero-initialised is empty; keys are borrowed and must outlive the map */
struct sk_map {
	struct sk_map_slot *slots;
	size_t n_slots;
	size_t n_items;
};

/**
 * sk_map_release() - free the map's own memory, keys and values stay the caller's
 * @m: empty afterwards
 */
void sk_map_release(struct sk_map *m);

/**
 * sk_map_get() - look a key up
 * @m: map
 * @key: bytes
 * @ret_value: written when found; may be NULL
 *
 * Return: true when found.
 */
bool sk_map_get(const struct sk_map *m, struct sk_span key, uint64_t *ret_value);

/**
 * sk_map_put() - insert or find
 * @m: map
 * @key: borrowed when inserted
 * @value: value for a new key
 *
 * Return: the place of the value, valid until the next insertion; an existing key keeps its value
 * (compare with @value, or see whether @m->n_items grew).
 */
uint64_t *sk_map_put(struct sk_map *m, struct sk_span key, uint64_t value);

/**
 * sk_map_next() - iterate in no particular order
 * @m: map, not changed meanwhile
 * @pos: 0 at first
 * @ret_key: key
 * @ret_value: value
 *
 * Return: true while there was an item.
 */
bool sk_map_next(const struct sk_map *m, size_t *pos, struct sk_span *ret_key, uint64_t *ret_value);

/**
 * sk_hash64() - SipHash-1-3 with a fixed key: equal in every process, for files and fingerprints
 * @s: bytes
 *
 * Return: 64-bit hash. Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
uint64_t sk_hash64(struct sk_span s);
