/* SPDX-License-Identifier: Apache-2.0 */
/* Target grammar: "oci:DIR:TAG", "docker:NAME", "pkg:…", a bare path, "-". Text only, no I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/span.h"

enum image_kind {
	IMAGE_AUTO, /* a bare path or name: recognised from content */
	IMAGE_DOCKER_ARCHIVE,
	IMAGE_OCI_DIR,
	IMAGE_OCI_ARCHIVE,
	IMAGE_ENGINE, /* docker:NAME */
	IMAGE_REGISTRY,
	IMAGE_DIR,
	IMAGE_HOST,
	IMAGE_LAYER,
	IMAGE_ZIP,
	IMAGE_SBOM,
	IMAGE_PURL,
	IMAGE_PURLS,
	IMAGE_STDIN,
	IMAGE_N_KINDS,
};

/** struct image_target - a target split at its prefix; text borrowed from the caller */
struct image_target {
	enum image_kind kind;
	const char *rest; /* what follows the prefix; "/" for host: */
};

/**
 * image_target_parse() - split a target at its prefix
 * @text: as asked
 *
 * Return: IMAGE_AUTO with the whole text when there is no known prefix.
 */
struct image_target image_target_parse(const char *text);

/**
 * image_kind_name() - name of a kind, as reports show it
 * @kind: which
 *
 * Return: static text such as "docker-archive".
 */
const char *image_kind_name(enum image_kind kind);

/** struct image_select - which image of an archive or layout */
struct image_select {
	struct sk_span path;   /* file or directory */
	struct sk_span tag;    /* after ':', empty when not given */
	struct sk_span digest; /* after '@', empty when not given */
};

/**
 * image_select_split() - candidate splits of "PATH[:TAG]" or "PATH@DIGEST", longest path first
 * @text: what follows the prefix
 * @i: from 0
 * @ret: written when there is a candidate
 *
 * Paths may hold ':' and '@' themselves, so the caller takes the first candidate whose path exists.
 * Return: false after the last candidate.
 */
bool image_select_split(struct sk_span text, size_t i, struct image_select *ret);

/**
 * image_tag_matches() - does a stored reference answer to what was asked
 * @stored: e.g. "docker.io/library/debian:12" or "12"
 * @asked: e.g. "12", "debian:12"
 *
 * Equal, or equal from the last ':' or a '/' on. Return: true if so.
 */
bool image_tag_matches(struct sk_span stored, struct sk_span asked);
