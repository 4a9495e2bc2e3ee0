/* SPDX-License-Identifier: Apache-2.0 */
/* What the cataloguers' fuzz targets share: one file in memory, and what must hold of any result.
 */
#pragma once

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** struct fuzz_input - bytes that are left */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

static int64_t fuzz_read(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	struct fuzz_input *in = ctx;

	(void)err;
	if (len > in->size)
		len = in->size;
	if (len != 0)
		memcpy(buf, in->data, len);
	in->data += len;
	in->size -= len;
	return (int64_t)len;
}

static void fuzz_check(const struct catalog_result *r, size_t size)
{
	for (size_t i = 0; i < r->n_packages; i++) {
		const struct model_package *p = &r->packages[i];

		assert(p->name != NULL && p->name[0] != '\0' && strlen(p->name) <= 1024);
		assert(p->version != NULL && p->version[0] != '\0');
		assert(p->source_name != NULL && p->source_version != NULL);
	}
	assert(r->n_packages <= size);
	assert(r->n_diagnostics <= 101);
	for (size_t i = 0; i < r->n_owned; i++) {
		assert(r->owned[i].path[0] != '/' && r->owned[i].path[0] != '\0');
		assert(strstr(r->owned[i].path, "/../") == NULL);
		assert(r->owned[i].package != NULL);
	}
}

/* Parses @data as the file at @path, with lists of files. */
static void fuzz_parse(const char *path, const uint8_t *data, size_t size)
{
	struct fuzz_input bytes = {data, size};
	struct catalog_input in = {.read = fuzz_read, .ctx = &bytes, .size = size};
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct catalog_result result;
	struct sk_budget budget;
	enum catalog_kind kind;
	struct sk_err err = {0};

	in.path = sk_span_str(path);
	limits.max[SK_LIMIT_FILE] = 4 << 20;
	sk_budget_init(&budget, &limits);
	if (!catalog_claims(in.path, CATALOG_CLAIM_FILES, &kind))
		abort(); /* the target names a path that nobody wants */
	if (catalog_parse(kind, &in, CATALOG_CLAIM_FILES, &budget, a, &result, &err) < 0) {
		assert(err.code != 0 && err.msg[0] != '\0');
	} else {
		fuzz_check(&result, size);
		(void)model_distro_map(&result.distro, a);
		for (size_t i = 0; i < result.n_packages; i++)
			(void)catalog_is_third_party(&result.packages[i], &result.distro, NULL);
	}
	sk_arena_free(a);
}
