/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, at most half full; SipHash-1-3 against chosen keys. */
#include "base/map.h"

#include <sys/random.h>

#include "base/alloc.h"

struct sk_map_slot {
	struct sk_span key;
	uint64_t hash; /* 0: empty */
	uint64_t value;
};

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[0] = ROTL(v[0], 32);
	v[2] += v[3];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[2] = ROTL(v[2], 32);
}

static uint64_t siphash13(struct sk_span s, const uint64_t key[2])
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
			 key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
	uint64_t tail = (uint64_t)s.len << 56;
	uint64_t word;
	size_t i;

	for (i = 0; i + 8 <= s.len; i += 8) {
		memcpy(&word, s.ptr + i, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	for (size_t shift = 0; i < s.len; i++, shift += 8)
		tail |= (uint64_t)(unsigned char)s.ptr[i] << shift;
	v[3] ^= tail;
	sip_round(v);
	v[0] ^= tail;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t sk_hash64(struct sk_span s)
{
	static const uint64_t fixed[2] = {0, 0};

	return siphash13(s, fixed);
}

static uint64_t map_hash(struct sk_span key)
{
	/* Written once per thread, before first use; the value is a secret, not state. */
	static _Thread_local uint64_t secret[2];
	uint64_t hash;

	if (secret[0] == 0 && secret[1] == 0 &&
	    getrandom(secret, sizeof(secret), GRND_NONBLOCK) != (ssize_t)sizeof(secret))
		secret[0] = (uint64_t)(uintptr_t)&hash;
	hash = siphash13(key, secret);
	return hash != 0 ? hash : 1;
}

void sk_map_release(struct sk_map *m)
{
	sk_free(m->slots);
	*m = (struct sk_map){0};
}

static struct sk_map_slot *map_find(const struct sk_map *m, struct sk_span key, uint64_t hash)
{
	size_t mask = m->n_slots - 1;
	size_t i = (size_t)hash & mask;

	while (m->slots[i].hash != 0) {
		if (m->slots[i].hash == hash && sk_span_eq(m->slots[i].key, key))
			break;
		i = (i + 1) & mask;
	}
	return &m->slots[i];
}

bool sk_map_get(const struct sk_map *m, struct sk_span key, uint64_t *ret_value)
{
	const struct sk_map_slot *slot;

	if (m->n_items == 0)
		return false;
	slot = map_find(m, key, map_hash(key));
	if (slot->hash == 0)
		return false;
	if (ret_value != NULL)
		*ret_value = slot->value;
	return true;
}

static void map_grow(struct sk_map *m)
{
	struct sk_map old = *m;

	m->n_slots = old.n_slots != 0 ? old.n_slots * 2 : 16;
	/* The number of items is bounded by the caller's budget long before this overflows. */
	m->slots = sk_alloc(m->n_slots * sizeof(*m->slots));
	for (size_t i = 0; i < old.n_slots; i++) {
		if (old.slots[i].hash != 0)
			*map_find(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
	}
	sk_free(old.slots);
}

uint64_t *sk_map_put(struct sk_map *m, struct sk_span key, uint64_t value)
{
	uint64_t hash = map_hash(key);
	struct sk_map_slot *slot;

	if ((m->n_items + 1) * 2 > m->n_slots)
		map_grow(m);
	slot = map_find(m, key, hash);
	if (slot->hash == 0) {
		*slot = (struct sk_map_slot){.key = key, .hash = hash, .value = value};
		m->n_items++;
	}
	return &slot->value;
}

bool sk_map_next(const struct sk_map *m, size_t *pos, struct sk_span *ret_key, uint64_t *ret_value)
{
	for (; *pos < m->n_slots; (*pos)++) {
		const struct sk_map_slot *slot = &m->slots[*pos];

		if (slot->hash == 0)
			continue;
		*ret_key = slot->key;
		*ret_value = slot->value;
		(*pos)++;
		return true;
	}
	return false;
}
