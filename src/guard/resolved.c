/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table in a ring: entries are found by their key, the oldest one makes room. */
#include "guard/resolved.h"

#include <string.h>

#include "base/alloc.h"

enum {
	BUCKETS = 16384, /* power of two */
};

struct slot {
	struct guard_resolved_entry entry;
	uint32_t next; /* index + 1 in the bucket's chain */
	uint32_t bucket;
};

struct guard_resolved {
	struct slot *slots;
	size_t n_slots;
	size_t cap;
	size_t oldest; /* when all are in use */
	uint32_t heads[BUCKETS];
};

struct guard_resolved *guard_resolved_new(void)
{
	return sk_alloc(sizeof(struct guard_resolved));
}

static void drop_names(struct guard_resolved_entry *e)
{
	for (size_t i = 0; i < GUARD_RESOLVED_NAMES; i++)
		sk_free(e->names[i]);
}

void guard_resolved_free(struct guard_resolved *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_slots; i++)
		drop_names(&t->slots[i].entry);
	sk_free(t->slots);
	sk_free(t);
}

static uint32_t bucket_of(uint64_t cgroup, uint16_t family, const uint8_t *addr)
{
	uint64_t h = cgroup * 0x9e3779b97f4a7c15u + family;

	for (size_t i = 0; i < 16; i++)
		h = (h ^ addr[i]) * 0x100000001b3u;
	return (uint32_t)(h >> 32) & (BUCKETS - 1);
}

static struct slot *find(const struct guard_resolved *t, uint64_t cgroup, uint16_t family,
			 const uint8_t *addr, uint32_t bucket)
{
	for (uint32_t i = t->heads[bucket]; i != 0; i = t->slots[i - 1].next) {
		struct guard_resolved_entry *e = &t->slots[i - 1].entry;

		if (e->cgroup == cgroup && e->family == family &&
		    memcmp(e->addr, addr, sizeof(e->addr)) == 0)
			return &t->slots[i - 1];
	}
	return NULL;
}

const struct guard_resolved_entry *guard_resolved_get(const struct guard_resolved *t,
						      uint64_t cgroup, uint16_t family,
						      const uint8_t *addr)
{
	struct slot *s = find(t, cgroup, family, addr, bucket_of(cgroup, family, addr));

	return s != NULL ? &s->entry : NULL;
}

static void unlink_slot(struct guard_resolved *t, size_t index)
{
	uint32_t *at = &t->heads[t->slots[index].bucket];

	while (*at != 0 && *at != index + 1)
		at = &t->slots[*at - 1].next;
	if (*at != 0)
		*at = t->slots[index].next;
}

static struct guard_resolved_entry *add(struct guard_resolved *t, uint64_t cgroup,
					const struct guard_dns_address *a)
{
	uint32_t bucket = bucket_of(cgroup, a->family, a->addr);
	struct slot *s = find(t, cgroup, a->family, a->addr, bucket);
	size_t index = t->n_slots;

	if (s != NULL)
		return &s->entry;
	if (t->n_slots < GUARD_RESOLVED_MAX) {
		SK_GROW(t->slots, t->n_slots, t->cap);
		t->n_slots++;
	} else {
		index = t->oldest++ % GUARD_RESOLVED_MAX;
		unlink_slot(t, index);
		drop_names(&t->slots[index].entry);
	}
	s = &t->slots[index];
	memset(s, 0, sizeof(*s));
	s->entry.cgroup = cgroup;
	s->entry.family = a->family;
	memcpy(s->entry.addr, a->addr, sizeof(s->entry.addr));
	s->bucket = bucket;
	s->next = t->heads[bucket];
	t->heads[bucket] = (uint32_t)index + 1;
	return &s->entry;
}

const struct guard_resolved_entry *guard_resolved_name(struct guard_resolved *t, uint64_t cgroup,
						       const struct guard_dns_address *a,
						       const char *name)
{
	struct guard_resolved_entry *e = add(t, cgroup, a);
	size_t last = GUARD_RESOLVED_NAMES - 1;
	char *mine;

	if (strlen(name) > GUARD_RESOLVED_TEXT_MAX)
		return e;
	for (size_t i = 0; i < last; i++)
		if (e->names[i] == NULL || strcmp(e->names[i], name) == 0)
			last = i;
	mine = e->names[last];
	if (mine == NULL || strcmp(mine, name) != 0) {
		sk_free(mine);
		mine = sk_strdup(name);
	}
	memmove(&e->names[1], &e->names[0], last * sizeof(e->names[0]));
	e->names[0] = mine;
	return e;
}

const struct guard_resolved_entry *guard_resolved_port(struct guard_resolved *t, uint64_t cgroup,
						       const struct guard_dns_address *a,
						       struct guard_resolved_port port)
{
	struct guard_resolved_entry *e = add(t, cgroup, a);

	for (size_t i = 0; i < e->n_ports; i++)
		if (e->ports[i].port == port.port && e->ports[i].proto == port.proto)
			return e;
	if (e->n_ports < GUARD_RESOLVED_PORTS)
		e->ports[e->n_ports++] = port;
	return e;
}
