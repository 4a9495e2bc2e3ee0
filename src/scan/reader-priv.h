/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the readers inside a worker. */
#pragma once

#include "scan/reader.h"
#include "unpack/unpack.h"

/**
 * scan_add_member() - hand a tar member to the builder
 * @b: builder
 * @tar: reader at the member
 * @e: the member
 * @whiteouts: names with ".wh." remove
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
int scan_add_member(struct scan_facts_builder *b, struct unpack_tar *tar,
		    const struct unpack_entry *e, bool whiteouts, struct sk_err *err);

/**
 * scan_read_layer() - read a layer from a source to its encoded facts
 * @src: stored bytes
 * @ctx: @range is not used here
 * @budget: spent
 * @answer: appended to
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
int scan_read_layer(const struct unpack_source *src, const struct scan_layer_ctx *ctx,
		    struct sk_budget *budget, struct sk_buf *answer, struct sk_err *err);

/**
 * scan_source_skip() - skip callback for struct unpack_source
 * @ctx: struct scan_source, seekable and with a known length
 * @len: bytes
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_TRUNCATED.
 */
int scan_source_skip(void *ctx, uint64_t len, struct sk_err *err);
