/* SPDX-License-Identifier: Apache-2.0 */
/* Containers by cgroup id, their names and services. */
#include "guard/attrib.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/ascii.h"

enum {
	N_CHAINS = 1024,
};

struct guard_attrib {
	struct guard_engine *engine;
	const struct guard_select *select;
	struct guard_whose *chains[N_CHAINS]; /* ids of cgroups are given one after the other */
	struct guard_whose **items;
	size_t n_items;
	size_t most;
	size_t cap;
};

struct guard_attrib *guard_attrib_new(struct guard_engine *engine,
				      const struct guard_select *select)
{
	struct guard_attrib *t = sk_alloc(sizeof(*t));

	t->engine = engine;
	t->select = select;
	t->most = GUARD_MAX_CONTAINERS;
	return t;
}

void guard_attrib_limit(struct guard_attrib *t, uint32_t most)
{
	t->most = most;
}

bool guard_attrib_is_full(const struct guard_attrib *t)
{
	return t->n_items >= t->most;
}

static void whose_free(struct guard_whose *w)
{
	sk_arena_free(w->arena);
	sk_free(w);
}

void guard_attrib_free(struct guard_attrib *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_items; i++)
		whose_free(t->items[i]);
	sk_free(t->items);
	sk_free(t);
}

static bool is_suffix_of(struct sk_span s, size_t least, size_t most, bool digits)
{
	if (s.len < least || s.len > most)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!sk_is_digit(s.ptr[i]) && (digits || !sk_is_lower(s.ptr[i])))
			return false;
	return true;
}

const char *guard_owner_of_pod(const char *pod, struct sk_arena *a)
{
	struct sk_span name = sk_span_str(pod);
	size_t dash = sk_span_rfind(name, '-');
	struct sk_span tail = sk_span_sub(name, dash + 1, name.len);

	if (dash >= name.len || dash == 0)
		return sk_arena_str(a, name);
	if (is_suffix_of(tail, 1, 4, true)) /* StatefulSet: name-0 */
		return sk_arena_str(a, sk_span_sub(name, 0, dash));
	if (!is_suffix_of(tail, 5, 5, false)) /* random part of ReplicaSet and DaemonSet */
		return sk_arena_str(a, name);
	name = sk_span_sub(name, 0, dash);
	dash = sk_span_rfind(name, '-');
	if (dash < name.len && dash != 0 &&
	    is_suffix_of(sk_span_sub(name, dash + 1, name.len), 8, 10, false))
		name = sk_span_sub(name, 0, dash); /* Deployment: name-<template hash>-<random> */
	return sk_arena_str(a, name);
}

const char *guard_whose_service(const struct guard_engine_info *info, const char *id,
				struct sk_arena *a)
{
	if (info->pod_name != NULL)
		return sk_arena_printf(
			a, "%s/%s", info->pod_namespace != NULL ? info->pod_namespace : "default",
			guard_owner_of_pod(info->pod_name, a));
	if (info->compose_project != NULL && info->compose_service != NULL)
		return sk_arena_printf(a, "%s/%s", info->compose_project, info->compose_service);
	if (info->name != NULL)
		return info->name;
	return sk_arena_printf(a, "%.12s", id);
}

void guard_whose_tell(const struct guard_whose *w, struct guard_event *e)
{
	if (w == NULL)
		return;
	e->service = w->service;
	e->image_reference = w->info.image_reference;
	e->image_digest = w->info.image_digest;
	e->container_id = w->id[0] != '\0' ? w->id : NULL;
	e->container_name = w->info.name;
	e->pod_namespace = w->info.pod_namespace;
	e->pod_name = w->info.pod_name;
}

static bool in_list(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; text != NULL && i < n; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static bool is_container(const struct guard_select *s, const struct guard_whose *w)
{
	if (in_list(s->containers, s->n_containers, w->info.name))
		return true;
	for (size_t i = 0; i < s->n_containers; i++)
		if (strlen(s->containers[i]) >= 4 &&
		    strncmp(w->id, s->containers[i], strlen(s->containers[i])) == 0)
			return true;
	return false;
}

/* "name" means "name:latest" too; a digest may follow an @. */
static bool is_image(const struct guard_select *s, const struct guard_whose *w)
{
	const char *ref = w->info.image_reference, *digest = w->info.image_digest;

	for (size_t i = 0; i < s->n_images; i++) {
		const char *want = s->images[i], *at = strchr(want, '@');
		size_t n = strlen(want);

		if (digest != NULL && strcmp(at != NULL ? at + 1 : want, digest) == 0)
			return true;
		if (ref != NULL && (strcmp(want, ref) == 0 || (strncmp(want, ref, n) == 0 &&
							       strcmp(ref + n, ":latest") == 0)))
			return true;
		if (ref != NULL && strncmp(want, ref, strlen(ref)) == 0 &&
		    strcmp(want + strlen(ref), ":latest") == 0)
			return true;
	}
	return false;
}

static bool is_in_unit(const char *path, const char *unit)
{
	struct sk_span rest = sk_span_str(path), part;
	char name[512];

	(void)snprintf(name, sizeof(name), "%s.service", unit);
	while (sk_span_cut(&rest, '/', &part))
		if (sk_span_eq_str(part, name) ||
		    (sk_span_eq_str(part, unit) && strchr(unit, '.') != NULL))
			return true;
	return false;
}

static bool is_placed(const struct guard_select *s, const struct guard_whose *w)
{
	if (w->path[0] == '\0')
		return false;
	for (size_t i = 0; i < s->n_units; i++)
		if (is_in_unit(w->path, s->units[i]))
			return true;
	for (size_t i = 0; i < s->n_cgroups; i++)
		if (guard_cgroup_is_below(w->path, s->cgroups[i]) ||
		    guard_cgroup_is_below(s->cgroups[i], w->path))
			return true;
	return false;
}

bool guard_select_is_empty(const struct guard_select *s)
{
	return s->n_containers + s->n_images + s->n_services + s->n_units + s->n_cgroups +
		       s->n_pids ==
	       0;
}

bool guard_select_match(const struct guard_select *s, const struct guard_whose *w)
{
	if (w->is_host || w->is_chosen)
		return true;
	if (guard_select_is_empty(s))
		return true;
	return is_container(s, w) || is_image(s, w) || is_placed(s, w) ||
	       in_list(s->services, s->n_services, w->service);
}

bool guard_attrib_ask(struct guard_attrib *t, struct guard_whose *w)
{
	if (!w->is_host)
		w->is_known = guard_engine_find(t->engine, w->id, w->arena, &w->info) != 0;
	if (!w->is_host && w->info.pod_name == NULL)
		w->is_known |= guard_engine_pod(t->engine, w->path, w->arena, &w->info);
	w->service = guard_whose_service(&w->info, w->id, w->arena);
	w->is_selected = guard_select_match(t->select, w);
	return w->is_known;
}

struct guard_whose *guard_attrib_add(struct guard_attrib *t, uint64_t cgroup, const char *id,
				     const char *path, const char *unit)
{
	struct guard_whose *w = guard_attrib_get(t, cgroup);

	if (w != NULL)
		return w;
	if (guard_attrib_is_full(t))
		return NULL;
	w = sk_alloc(sizeof(*w));
	w->arena = sk_arena_new();
	w->cgroup = cgroup;
	w->is_host = id == NULL;
	if (id != NULL)
		(void)snprintf(w->id, sizeof(w->id), "%s", id);
	else
		w->info.name = sk_arena_strdup(w->arena, unit);
	if (path != NULL)
		(void)snprintf(w->path, sizeof(w->path), "%s", path);
	(void)guard_attrib_ask(t, w);
	SK_GROW(t->items, t->n_items, t->cap);
	t->items[t->n_items++] = w;
	w->chain = t->chains[cgroup % N_CHAINS];
	t->chains[cgroup % N_CHAINS] = w;
	return w;
}

struct guard_whose *guard_attrib_get(const struct guard_attrib *t, uint64_t cgroup)
{
	struct guard_whose *w = t->chains[cgroup % N_CHAINS];

	while (w != NULL && w->cgroup != cgroup)
		w = w->chain;
	return w;
}

void guard_attrib_remove(struct guard_attrib *t, uint64_t cgroup)
{
	struct guard_whose **at = &t->chains[cgroup % N_CHAINS], *w;
	size_t i = 0;

	while (*at != NULL && (*at)->cgroup != cgroup)
		at = &(*at)->chain;
	w = *at;
	if (w == NULL)
		return;
	*at = w->chain;
	while (t->items[i] != w)
		i++;
	t->items[i] = t->items[--t->n_items];
	whose_free(w);
}

struct guard_whose *guard_attrib_next(const struct guard_attrib *t, size_t *pos)
{
	return *pos < t->n_items ? t->items[(*pos)++] : NULL;
}
