/* SPDX-License-Identifier: Apache-2.0 */
/* Whose process is it: cgroup id → container, image, pod, service; and which of them are selected.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "guard/cgroup.h"
#include "guard/engine.h"
#include "guard/event.h"

enum {
	GUARD_MAX_CONTAINERS = 8192,   /* where nobody says how many */
	GUARD_MOST_CONTAINERS = 65536, /* that anybody can say */
};

/**
 * struct guard_select - the SELECT options; everything empty selects every container
 *
 * For guard_select_match() @cgroups are spelled as guard_cgroup_resolve() does.
 */
struct guard_select {
	const char *const *containers; /* names or beginnings of ids */
	size_t n_containers;
	const char *const *images;
	size_t n_images;
	const char *const *services;
	size_t n_services;
	const char *const *units;
	size_t n_units;
	const char *const *cgroups;
	size_t n_cgroups;
	const char *const *pids;
	size_t n_pids;
};

/** struct guard_whose - a container, or a service of the host */
struct guard_whose {
	uint64_t cgroup;
	char id[GUARD_ID_SIZE];            /* "" for a service of the host */
	char path[GUARD_CGROUP_PATH_SIZE]; /* directory of the cgroup, "" when not known */
	struct guard_engine_info info;
	const char *service;
	struct sk_arena *arena;
	uint32_t index; /* service index of the kernel's policies */
	uint64_t lost;  /* as told so far */
	uint64_t look;  /* the session's look that its counts were read in; 0: none yet */
	bool is_host;
	bool is_selected;
	bool is_chosen; /* one of its processes was selected, and so it was */
	bool is_gone;
	bool is_ending; /* the kernel half says so */
	bool is_known;  /* an engine knew it */
	bool has_started;
	uint64_t ask_ns;           /* when the engines are asked again; 0: not asked again yet */
	uint64_t ask_pause_ns;     /* and how long after that */
	size_t n_off;              /* records that wait for its files */
	const char *layers;        /* see guard_files_overlay() */
	uint32_t n_looked;         /* how often they were looked for in a process */
	void *user;                /* of whoever uses the session */
	struct guard_whose *chain; /* the table's */
};

/**
 * guard_whose_service() - the service's name: pod's owner, compose service, container, unit
 * @info: what the engine said
 * @id: container id, used shortened when nothing else is known
 * @a: the result lives here
 *
 * Return: never NULL.
 */
const char *guard_whose_service(const struct guard_engine_info *info, const char *id,
				struct sk_arena *a);

/**
 * guard_whose_tell() - an event of a container says which
 * @w: NULL: nobody's, nothing is said
 * @e: its service, image, container and pod are filled; texts are borrowed from @w
 */
void guard_whose_tell(const struct guard_whose *w, struct guard_event *e);

/**
 * guard_owner_of_pod() - owner's name in a pod's: what Deployments, DaemonSets and StatefulSets
 * append is taken off
 * @pod: name
 * @a: the result lives here
 *
 * Return: the owner.
 */
const char *guard_owner_of_pod(const char *pod, struct sk_arena *a);

/**
 * guard_select_match() - is a container selected
 * @s: options
 * @w: container, completely filled
 *
 * Services of the host are selected by being named only. A container is selected with the unit or
 * cgroup that it is in, and by a cgroup inside of it.
 * Return: true if so.
 */
bool guard_select_match(const struct guard_select *s, const struct guard_whose *w);

/**
 * guard_select_is_empty() - does it select everything
 * @s: options
 *
 * Return: true when no option was given.
 */
bool guard_select_is_empty(const struct guard_select *s);

/** struct guard_attrib - table of containers; opaque */
struct guard_attrib;

/**
 * guard_attrib_new() - empty table
 * @engine: borrowed, outlives the table
 * @select: borrowed, outlives the table
 *
 * Return: the caller frees with guard_attrib_free().
 */
struct guard_attrib *guard_attrib_new(struct guard_engine *engine,
				      const struct guard_select *select);

/**
 * guard_attrib_limit() - how many it takes
 * @t: table
 * @most: GUARD_MAX_CONTAINERS otherwise
 */
void guard_attrib_limit(struct guard_attrib *t, uint32_t most);

/**
 * guard_attrib_is_full() - is there no room for another one
 * @t: table
 *
 * Return: true if so.
 */
bool guard_attrib_is_full(const struct guard_attrib *t);

/**
 * guard_attrib_free() - drop it
 * @t: may be NULL
 */
void guard_attrib_free(struct guard_attrib *t);
SK_DEFINE_CLEANUP(struct guard_attrib, guard_attrib_free);

/**
 * guard_attrib_add() - a container that is there
 * @t: table
 * @cgroup: id
 * @id: container id, or NULL for a service of the host
 * @path: directory of its cgroup; may be NULL
 * @unit: name of the host's service; used when @id is NULL
 *
 * Return: borrowed until it is removed; NULL when the table is full.
 */
struct guard_whose *guard_attrib_add(struct guard_attrib *t, uint64_t cgroup, const char *id,
				     const char *path, const char *unit);

/**
 * guard_attrib_ask() - ask the engines again about a container they did not know
 * @t: table
 * @w: container of @t
 *
 * Return: true when it is known now.
 */
bool guard_attrib_ask(struct guard_attrib *t, struct guard_whose *w);

/**
 * guard_attrib_get() - by cgroup id
 * @t: table
 * @cgroup: id
 *
 * Return: NULL when absent.
 */
struct guard_whose *guard_attrib_get(const struct guard_attrib *t, uint64_t cgroup);

/**
 * guard_attrib_remove() - forget one
 * @t: table
 * @cgroup: id
 */
void guard_attrib_remove(struct guard_attrib *t, uint64_t cgroup);

/**
 * guard_attrib_next() - iterate
 * @t: table, not changed meanwhile
 * @pos: 0 at first
 *
 * Return: NULL at the end.
 */
struct guard_whose *guard_attrib_next(const struct guard_attrib *t, size_t *pos);
