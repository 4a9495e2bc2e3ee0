/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container engines say of a container: from the files they leave on the host, which are
 * there before the container's first program runs and need no answer from a busy daemon; their
 * socket is asked for the place of those files and as the last resort.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
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
 * guard_engine_find() - what is known of a container
 * @e: engines
 * @id: 64 hexadecimal digits
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

/**
 * guard_engine_parse_bundle() - annotations of an OCI runtime bundle's config.json, as the CRI
 * plug-in of containerd, CRI-O and podman write them
 * @text: JSON
 * @a: texts live here
 * @ret: filled
 *
 * Return: false when it is no such document.
 */
sk_must_check bool guard_engine_parse_bundle(struct sk_span text, struct sk_arena *a,
					     struct guard_engine_info *ret);

/**
 * guard_engine_repo_digest() - the repository digest of an image in Docker's repositories.json
 * @text: JSON
 * @image_id: "sha256:…"
 * @a: the result lives here
 *
 * Return: "sha256:…" of the manifest, NULL when the image never was in a registry.
 */
const char *guard_engine_repo_digest(struct sk_span text, const char *image_id, struct sk_arena *a);
