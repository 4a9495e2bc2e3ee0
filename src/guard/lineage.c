/* SPDX-License-Identifier: Apache-2.0 */
/* A set-associative memory: exec ids hash to a set of a few places, the longest unused goes. */
#include "guard/lineage.h"

#include <string.h>

#include "base/alloc.h"
#include "base/map.h"

enum {
	SETS = 2048,
	WAYS = 4, /* 8,192 starts of about 300 bytes */
};

struct guard_lineage {
	struct guard_image_of sets[SETS][WAYS];
	uint64_t clock;
};

struct guard_lineage *guard_lineage_new(void)
{
	return sk_alloc(sizeof(struct guard_lineage));
}

void guard_lineage_free(struct guard_lineage *l)
{
	for (size_t i = 0; l != NULL && i < (size_t)SETS * WAYS; i++)
		sk_free(l->sets[i / WAYS][i % WAYS].args);
	sk_free(l);
}

static struct guard_image_of *set_of(struct guard_lineage *l, uint64_t exec_id)
{
	return l->sets[sk_hash64(sk_span_of(&exec_id, sizeof(exec_id))) % SETS];
}

/* One block: the pointers, then the texts. */
static void copy_texts(struct guard_image_of *to, const char *exe, const char *const *args)
{
	size_t size = to->n_args * sizeof(char *) + strlen(exe) + 1;
	char *p;

	for (size_t i = 0; i < to->n_args; i++)
		size += strlen(args[i]) + 1;
	to->args = sk_alloc(size);
	p = (char *)(to->args + to->n_args);
	for (size_t i = 0; i < to->n_args; i++) {
		size_t n = strlen(args[i]) + 1;

		to->args[i] = memcpy(p, args[i], n);
		p += n;
	}
	to->exe = memcpy(p, exe, strlen(exe) + 1);
}

void guard_lineage_add(struct guard_lineage *l, const struct guard_image_of *image,
		       const char *const *args)
{
	struct guard_image_of *set = set_of(l, image->exec_id), *to = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].exec_id == image->exec_id) {
			to = &set[i];
			break;
		}
		if (set[i].used < to->used)
			to = &set[i];
	}
	sk_free(to->args);
	*to = *image;
	to->used = ++l->clock;
	copy_texts(to, image->exe != NULL ? image->exe : "", args);
}

const struct guard_image_of *guard_lineage_get(struct guard_lineage *l, uint64_t exec_id)
{
	struct guard_image_of *set = set_of(l, exec_id);

	for (size_t i = 0; exec_id != 0 && i < WAYS; i++) {
		if (set[i].exec_id == exec_id) {
			set[i].used = ++l->clock;
			return &set[i];
		}
	}
	return NULL;
}
