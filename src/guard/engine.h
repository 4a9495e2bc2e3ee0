/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container engines say of a container: from the files they leave on the host, which are
 * there before the container's first program runs and need no answer from a busy daemon; their
 * socket is asked for the place of those files and as the last resort.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/span.h"

/** struct guard_engine_info - a container; absent text is NULL; lives in the caller's arena */
struct guard_engine_info {
	const char *name;
	const char *image_reference;
	const char *image_digest; /* repository digest, else image id */
	const char *compose_project;
	const char *compose_service;
	const char *pod_namespace;
	const char *pod_name;
	const char *pod_container;
};

enum {
	GUARD_ID_SIZE = 76 + 1,      /* containerd's longest id, and NUL */
	GUARD_ENGINE_TEXT_MAX = 512, /* names that are longer are not taken */
};

/** struct guard_engine - where to look; opaque */
struct guard_engine;

/**
 * guard_engine_new() - find the engines of this host
 * @sockets: more sockets to ask, from --engine; DOCKER_HOST and the usual ones are asked anyway
 * @n: count
 *
 * Return: the caller frees with guard_engine_free().
 */
struct guard_engine *guard_engine_new(const char *const *sockets, size_t n);

/**
 * guard_engine_free() - drop it
 * @e: may be NULL
 */
void guard_engine_free(struct guard_engine *e);
SK_DEFINE_CLEANUP(struct guard_engine, guard_engine_free);

/**
 * guard_engine_root() - look below a directory instead of /
 * @e: engines
 * @root: outlives @e; without a slash at the end
 *
 * For hosts that are mounted somewhere.
 */
void guard_engine_root(struct guard_engine *e, const char *root);

/**
 * guard_engine_has() - is this the id of a container that a runtime is making or running
 * @e: engines
 * @id: foreign text
 *
 * For ids that people choose: those are not told from other names of cgroups.
 * Return: true if so.
 */
bool guard_engine_has(struct guard_engine *e, const char *id);

/**
 * guard_engine_maker() - remember what a runtime's command line says of a container it makes
 * @e: engines
 * @pid: process that made the container's cgroup
 * @args: of it, each with its NUL
 * @id: container
 *
 * Runtimes write down where the bundle is shortly before the first program starts, and remove it
 * when it ends, which may be sooner than anybody looks.
 */
void guard_engine_maker(struct guard_engine *e, uint32_t pid, struct sk_span args, const char *id);

/**
 * guard_engine_layers() - directories that the root of a container is made of
 * @e: engines
 * @id: container that guard_engine_maker() was asked of last
 * @a: the result lives here
 *
 * Known before its first program runs, and readable after its last one ended.
 * Return: "UPPER:LOWER:…" of the overlay, topmost first; NULL when its root is none.
 */
const char *guard_engine_layers(struct guard_engine *e, const char *id, struct sk_arena *a);

/**
 * guard_engine_pod() - pod by the directory that kubelet keeps for its logs
 * @e: engines
 * @cgroup: path of a cgroup with the pod's UID in it, as "…/kubepods-pod<UID>.slice/…"
 * @a: texts live here
 * @ret: pod_namespace and pod_name are filled when found
 *
 * Return: true when found.
 */
bool guard_engine_pod(struct guard_engine *e, const char *cgroup, struct sk_arena *a,
		      struct guard_engine_info *ret);

/**
 * guard_engine_find() - what is known of a container
 * @e: engines
 * @id: 64 hexadecimal digits, or what guard_engine_has() knows
 * @a: texts live here
 * @ret: filled as far as known
 *
 * Return: 1 known, 0 unknown to every engine.
 */
int guard_engine_find(struct guard_engine *e, const char *id, struct sk_arena *a,
		      struct guard_engine_info *ret);

/**
 * guard_engine_parse_docker() - Docker's config.v2.json, or the answer of GET /containers/ID/json
 * @text: JSON
 * @a: texts live here
 * @ret: filled
 *
 * Return: false when it is no such document.
 */
sk_must_check bool guard_engine_parse_docker(struct sk_span text, struct sk_arena *a,
					     struct guard_engine_info *ret);

/** enum guard_bundle_of - who wrote a bundle: annotations are people's but where an engine sets
 * them */
enum guard_bundle_of {
	GUARD_BUNDLE_CRI,  /* containerd's plug-in for Kubernetes */
	GUARD_BUNDLE_CRIO, /* CRI-O */
	GUARD_BUNDLE_ANY,  /* podman, ctr, nerdctl, runc: pods are not believed */
};

/**
 * guard_engine_parse_bundle() - annotations of an OCI runtime bundle's config.json
 * @text: JSON
 * @by: who wrote it
 * @a: texts live here
 * @ret: what the annotations say replaces what there was
 *
 * Return: false when it is no such document.
 */
sk_must_check bool guard_engine_parse_bundle(struct sk_span text, enum guard_bundle_of by,
					     struct sk_arena *a, struct guard_engine_info *ret);

/**
 * guard_engine_parse_storage() - a container in containers.json of containers/storage
 * @text: JSON
 * @id: container
 * @a: texts live here
 * @ret: name, image_reference and image_digest (the image id) are filled
 * @ret_pod: it belongs to CRI-O
 *
 * Return: false when it is not there.
 */
sk_must_check bool guard_engine_parse_storage(struct sk_span text, const char *id,
					      struct sk_arena *a, struct guard_engine_info *ret,
					      bool *ret_pod);

/**
 * guard_engine_storage_digest() - digest of an image in images.json of containers/storage
 * @text: JSON
 * @image_id: "sha256:…"
 * @a: the result lives here
 *
 * Return: "sha256:…" of the manifest, NULL when it is not there.
 */
const char *guard_engine_storage_digest(struct sk_span text, const char *image_id,
					struct sk_arena *a);

/**
 * guard_engine_repo_digest() - the repository digest of an image in Docker's repositories.json
 * @text: JSON
 * @image_id: "sha256:…"
 * @a: the result lives here
 *
 * Return: "sha256:…" of the manifest, NULL when the image never was in a registry.
 */
const char *guard_engine_repo_digest(struct sk_span text, const char *image_id, struct sk_arena *a);
