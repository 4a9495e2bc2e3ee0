/* SPDX-License-Identifier: Apache-2.0 */
/* The fanotify backend is told of neither cgroups nor ends: it goes round and looks, once a second.
 */
#include <string.h>

#include "base/clock.h"
#include "guard/kern-fan-priv.h"

enum {
	PRUNE_ROUNDS = 5, /* between looks for tasks that are gone */
	IMAGE_AGE_S = 60, /* programs that started since stay known */
};

/** struct round - going through the cgroup tree */
struct round {
	struct guard_fan_kern *f;
	struct guard_table *there; /* cgroup ids */
};

static void any_pid(void *ctx, uint32_t pid)
{
	uint32_t *ret = ctx;

	if (*ret == 0)
		*ret = pid;
}

static void visit_cgroup(void *ctx, const char *path, uint64_t id)
{
	struct round *r = ctx;
	struct guard_fan_kern *f = r->f;
	const struct guard_container *c;
	uint32_t one = 1, pid = 0;
	bool look;

	if (id == 0)
		return;
	(void)guard_table_put(r->there, &id, &one);
	(void)pthread_mutex_lock(&f->lock);
	(void)guard_fan_top_of(f, path + strlen(f->root));
	c = guard_table_get(f->maps[GUARD_MAP_CONTAINERS], &id);
	look = c != NULL && (c->flags & GUARD_C_IGNORED) == 0;
	(void)pthread_mutex_unlock(&f->lock);
	if (!look)
		return;
	/* What was mounted since. */
	guard_cgroup_pids(path, any_pid, &pid);
	if (pid != 0 && guard_fan_mnt_ns(pid) != f->own_mnt_ns)
		guard_fan_mark_space(f, pid, true);
}

static void forget_spaces(struct guard_fan_kern *f, uint64_t top)
{
	const uint64_t *key = guard_table_next(f->spaces, NULL);

	while (key != NULL) {
		const uint64_t *of = guard_table_get(f->spaces, key);
		uint64_t ns = *key;

		key = guard_table_next(f->spaces, key);
		if (*of == top)
			guard_table_del(f->spaces, &ns);
	}
}

static void tell_gone(struct guard_fan_kern *f, uint64_t id)
{
	struct guard_fan_job *j = guard_fan_job_new(-1, 0);

	j->role = GUARD_FAN_NOTHING;
	j->rec.type = GUARD_REC_CGROUP;
	j->rec.op = GUARD_CGROUP_REMOVED;
	j->rec.cgroup = id;
	j->rec.time_ns = sk_mono_ns();
	(void)guard_fan_emit(f, j, true);
}

static void find_gone(struct guard_fan_kern *f, const struct guard_table *there)
{
	struct guard_table *containers = f->maps[GUARD_MAP_CONTAINERS];
	const uint64_t *key = guard_table_next(containers, NULL);

	while (key != NULL) {
		struct guard_container *c = guard_table_get(containers, key);
		uint64_t id = *key;

		key = guard_table_next(containers, key);
		if (guard_cgroup_is_tree(id) || guard_table_get(there, &id) != NULL ||
		    (c->flags & GUARD_C_GONE) != 0)
			continue;
		forget_spaces(f, id);
		c->flags |= GUARD_C_GONE;
		tell_gone(f, id);
	}
	memset(f->cached, 0, sizeof(f->cached));
}

static void prune_tasks(struct guard_fan_kern *f)
{
	struct guard_table *tasks = f->maps[GUARD_MAP_TASKS];
	const uint32_t *key = guard_table_next(tasks, NULL);

	while (key != NULL) {
		uint32_t pid = *key;
		const uint64_t *then = guard_table_get(f->starts, &pid);

		key = guard_table_next(tasks, key);
		if (then != NULL && guard_fan_start_of(pid) == *then)
			continue;
		guard_table_del(tasks, &pid);
		guard_table_del(f->starts, &pid);
		guard_table_del(f->flights, &pid);
	}
}

/* Images of processes that are gone go when there are many: ancestors in events are not from here.
 */
static void prune_images(struct guard_fan_kern *f)
{
	const uint64_t *key = guard_table_next(f->images, NULL);
	uint64_t now = sk_mono_ns();

	while (key != NULL && guard_table_count(f->images) > GUARD_FAN_MAX_IMAGES / 2) {
		uint64_t id = *key;

		key = guard_table_next(f->images, key);
		if (now - id > IMAGE_AGE_S * SK_SECOND_NS)
			guard_table_del(f->images, &id);
	}
	key = NULL;
	if (guard_table_count(f->flights) > GUARD_FAN_MAX_FLIGHTS / 2) {
		guard_table_free(f->flights);
		f->flights = guard_table_new(sizeof(uint32_t), sizeof(struct guard_fan_flight),
					     GUARD_FAN_MAX_FLIGHTS);
	}
}

void guard_fan_round(struct guard_fan_kern *f)
{
	struct round r = {.f = f};

	r.there = guard_table_new(sizeof(uint64_t), sizeof(uint32_t), GUARD_FAN_MAX_TASKS);
	guard_cgroup_walk(f->root, visit_cgroup, &r);
	(void)pthread_mutex_lock(&f->lock);
	find_gone(f, r.there);
	if (++f->n_rounds % PRUNE_ROUNDS == 0) {
		prune_tasks(f);
		prune_images(f);
	}
	(void)pthread_mutex_unlock(&f->lock);
	guard_table_free(r.there);
}
