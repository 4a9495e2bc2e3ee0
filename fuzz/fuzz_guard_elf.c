/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files: what is read lies within the file, or an error says what is wrong. */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "fuzz/target.h"
#include "guard/elf-read.h"

static int read_span(void *ctx, uint64_t off, void *buf, size_t len)
{
	const struct sk_span *s = ctx;

	if (off > s->len || len > s->len - off)
		abort(); /* the reader checks before it asks */
	if (len != 0)
		memcpy(buf, s->ptr + off, len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct sk_span s = sk_span_of(data, size);
	const struct guard_elf_source src = {.read = read_span, .ctx = &s, .size = size};
	struct sk_err err = {0};
	struct guard_elf elf;
	int r = guard_elf_read(&src, a, &elf, &err);
	size_t total = 0;

	if (r < 0 && err.code != -r)
		abort();
	if (r != 1)
		return 0;
	if (elf.n_needed > GUARD_ELF_MAX_NEEDED)
		abort();
	for (size_t i = 0; i < elf.n_needed; i++)
		total += strlen(elf.needed[i]);
	return total == SIZE_MAX;
}
