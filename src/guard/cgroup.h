/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups of the version 2 tree: where it is, their ids, and which of them are containers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/span.h"

enum {
	GUARD_CONTAINER_ID_SIZE = 64 + 1, /* hexadecimal digits and NUL */
	GUARD_CGROUP_PATH_SIZE = 1024,
};

/**
 * guard_cgroup_root() - mount point of the version 2 tree: /sys/fs/cgroup, or …/unified on hybrids
 * @buf: receives the path
 * @size: bytes
 *
 * Return: false when there is none.
 */
sk_must_check bool guard_cgroup_root(char *buf, size_t size);

/**
 * guard_cgroup_is_hybrid() - are version 1 trees mounted on this host
 *
 * Return: true if so; what a runtime makes there alone is no cgroup of the version 2 tree.
 */
bool guard_cgroup_is_hybrid(void);

/**
 * guard_cgroup_container_id() - the container id in a cgroup's name or path
 * @name: such as "docker-<64 digits>.scope" or "/docker/<64 digits>"
 * @ret: GUARD_CONTAINER_ID_SIZE bytes
 *
 * The last run of exactly 64 hexadecimal digits counts. The cgroup of a container's monitor
 * ("libpod-conmon-<64 digits>.scope") is none of the container.
 * Return: false when there is none.
 */
sk_must_check bool guard_cgroup_container_id(struct sk_span name, char *ret);

/**
 * guard_cgroup_chosen_id() - what may be the id that somebody gave a container
 * @name: last part of a cgroup's path, such as "web" or "runc-web.scope"
 * @ret: receives the id
 * @size: bytes
 *
 * Return: false when it is too long or none.
 */
sk_must_check bool guard_cgroup_chosen_id(struct sk_span name, char *ret, size_t size);

/**
 * guard_cgroup_of_tree() - what stands for the cgroup of a process and its descendants that were
 * selected by number
 * @pid: process
 *
 * Return: a number that no cgroup has.
 */
static inline uint64_t guard_cgroup_of_tree(uint32_t pid)
{
	return UINT64_C(1) << 63 | pid;
}

/**
 * guard_cgroup_is_tree() - was it made by guard_cgroup_of_tree()
 * @id: any number
 *
 * Return: true if so.
 */
static inline bool guard_cgroup_is_tree(uint64_t id)
{
	return id >> 63 != 0;
}

/**
 * guard_cgroup_spell() - the one spelling of a cgroup that somebody gave by some path
 * @mounts: content of /proc/self/mounts
 * @root: mount point of the version 2 tree
 * @given: below a mount point of cgroups of either version, or relative to the tree's root, or a
 * line of /proc/PID/cgroup
 * @buf: receives the directory in the version 2 tree, whether it is there or not
 * @size: bytes
 *
 * Return: false when it is too long, or leads upwards.
 */
sk_must_check bool guard_cgroup_spell(struct sk_span mounts, const char *root, const char *given,
				      char *buf, size_t size);

/**
 * guard_cgroup_resolve() - guard_cgroup_spell() on this host, links and other mounts followed
 * @root: mount point of the version 2 tree
 * @given: see there
 * @buf: receives the directory
 * @size: bytes
 *
 * Return: as there.
 */
sk_must_check bool guard_cgroup_resolve(const char *root, const char *given, char *buf,
					size_t size);

/**
 * guard_cgroup_is_below() - is a cgroup another one, or below it
 * @path: directory
 * @above: directory
 *
 * Return: true if so.
 */
bool guard_cgroup_is_below(const char *path, const char *above);

/**
 * guard_cgroup_id() - what the kernel calls a cgroup
 * @path: directory
 *
 * Return: 0 when it cannot be told. Source: kernfs node ids are inode numbers on 64-bit kernels.
 */
uint64_t guard_cgroup_id(const char *path);

/** guard_cgroup_fn - receives a cgroup: its directory, its id */
typedef void guard_cgroup_fn(void *ctx, const char *path, uint64_t id);

/**
 * guard_cgroup_walk() - a cgroup and everything below it, parents first
 * @path: directory; at most 32 levels and 65,536 cgroups are visited
 * @fn: called for each
 * @ctx: handed to it
 */
void guard_cgroup_walk(const char *path, guard_cgroup_fn *fn, void *ctx);

/**
 * guard_cgroup_find() - the directory of a cgroup by its id
 * @root: where the version 2 tree is mounted
 * @id: as guard_cgroup_id()
 * @buf: receives the path
 * @size: bytes
 *
 * Takes as long for one of many as for one of few.
 * Return: false when there is none.
 */
sk_must_check bool guard_cgroup_find(const char *root, uint64_t id, char *buf, size_t size);

/** guard_cgroup_pid_fn - receives a process of a cgroup */
typedef void guard_cgroup_pid_fn(void *ctx, uint32_t pid);

/**
 * guard_cgroup_pids() - processes of one cgroup, not of those below
 * @path: directory
 * @fn: called for each
 * @ctx: handed to it
 */
void guard_cgroup_pids(const char *path, guard_cgroup_pid_fn *fn, void *ctx);

/**
 * guard_cgroup_of_pid() - directory of a process's cgroup
 * @pid: process
 * @buf: receives the path
 * @size: bytes
 *
 * Return: false when the process is gone or there is no version 2 tree.
 */
sk_must_check bool guard_cgroup_of_pid(uint32_t pid, char *buf, size_t size);
