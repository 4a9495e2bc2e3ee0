/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of the cataloguers share: parsing bytes in memory, a few at a time. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "catalog/catalog.h"

/** struct memory - input over bytes */
struct memory {
	struct sk_span rest;
	size_t step; /* bytes a read gives at most */
};

/**
 * memory_read() - read function of struct catalog_input
 * @ctx: struct memory
 * @buf: destination
 * @len: bytes at most
 * @err: not used
 *
 * Return: bytes, 0 at the end.
 */
static int64_t memory_read(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	struct memory *m = ctx;

	(void)err;
	if (len > m->step)
		len = m->step;
	if (len > m->rest.len)
		len = m->rest.len;
	if (len != 0)
		memcpy(buf, m->rest.ptr, len);
	m->rest = sk_span_sub(m->rest, len, m->rest.len);
	return (int64_t)len;
}

/**
 * parse_limited() - parse bytes as the file at a path that is claimed
 * @path: in the target
 * @content: bytes
 * @flags: enum catalog_claim_flags
 * @step: bytes a read gives at most
 * @limits: copied into the budget
 * @a: the result lives here
 * @ret: empty on failure
 * @err: filled on failure
 *
 * Return: what catalog_parse() returns.
 */
static sk_unused int parse_limited(const char *path, struct sk_span content, unsigned flags,
				   size_t step, const struct sk_limits *limits, struct sk_arena *a,
				   struct catalog_result *ret, struct sk_err *err)
{
	struct memory m = {content, step};
	struct catalog_input in = {
		.read = memory_read,
		.ctx = &m,
		.path = sk_span_str(path),
		.size = content.len,
	};
	struct sk_budget budget;
	enum catalog_kind kind;

	sk_budget_init(&budget, limits);
	*ret = (struct catalog_result){0};
	assert_true(catalog_claims(in.path, flags, &kind));
	return catalog_parse(kind, &in, flags, &budget, a, ret, err);
}

/**
 * parse() - parse with default limits, at once and in small reads, which must agree
 * @path: in the target
 * @content: bytes
 * @flags: enum catalog_claim_flags
 * @a: the result lives here
 * @ret: empty on failure
 * @err: filled on failure
 *
 * Return: what catalog_parse() returns.
 */
static sk_unused int parse(const char *path, struct sk_span content, unsigned flags,
			   struct sk_arena *a, struct catalog_result *ret, struct sk_err *err)
{
	struct sk_limits limits = sk_limits_default();
	struct catalog_result slow;
	int r = parse_limited(path, content, flags, SIZE_MAX, &limits, a, ret, err);

	/* the sizes of reads must not matter */
	assert_int_equal(parse_limited(path, content, flags, 7, &limits, a, &slow, NULL), r);
	assert_int_equal(slow.n_packages, ret->n_packages);
	assert_int_equal(slow.n_owned, ret->n_owned);
	assert_int_equal(slow.n_diagnostics, ret->n_diagnostics);
	return r;
}
