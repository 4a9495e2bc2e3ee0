/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the layers show together: the facts of each layer, lowest first, become the claimed files of
 * the whole, as a container would see them. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/span.h"
#include "scan/facts.h"

/** struct scan_layer - facts of one layer: of the first pass, and of targeted ones after it */
struct scan_layer {
	const struct scan_facts **parts;
	size_t n_parts;
};

/** struct scan_file - a claimed file that is visible at the end */
struct scan_file {
	const char *path; /* under which it is claimed */
	const struct scan_fact *fact;
	uint32_t layer;        /* that holds it */
	const uint32_t *since; /* for each of its packages: the lowest layer from which on it is
				  there without a break */
};

/** struct scan_need - a claimed name leads to a path that no layer was asked about */
struct scan_need {
	struct scan_alias alias;
	uint32_t layer; /* the only one to ask, or MODEL_NO_LAYER for all */
};

/** struct scan_merged - the whole */
struct scan_merged {
	struct scan_file *files; /* by path */
	size_t n_files;
	struct scan_need *needs;
	size_t n_needs;
	const char *lost; /* a claimed name that is a hard link to what no layer has, or NULL */
};

/**
 * scan_merge() - lay layers over each other
 * @layers: lowest first
 * @n_layers: count
 * @known: aliases that targeted passes have asked for already
 * @n_known: count
 * @a: the result lives here
 * @ret: written
 *
 * Removals of a layer speak of the layers below it only. A directory hides a lower file or link, a
 * file or link hides a lower directory with all that is in it. Paths of an upper layer go through
 * the links of lower ones where it has no directory of its own, as in a running container. Links
 * are followed inside the whole, 40 at most.
 * Source: OCI image-spec 1.1 layer.md; Linux Documentation/filesystems/overlayfs.rst.
 */
void scan_merge(const struct scan_layer *layers, size_t n_layers, const struct scan_alias *known,
		size_t n_known, struct sk_arena *a, struct scan_merged *ret);
