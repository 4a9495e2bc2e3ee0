/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_floor RUNS stored|plain FILE OFF:LEN...: what two cores cannot do without for the layers at
 * these places in a file. Prints seconds on two cores, seconds of CPU, seconds of inflating, of
 * hashing, and bytes stored and plain. "stored": the stored bytes are hashed as well.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "floor.h"

static bool parse_part(const char *text, int fd, struct floor_part *p)
{
	struct sk_span rest = sk_span_str(text), off;

	*p = (struct floor_part){.fd = fd};
	return sk_span_cut(&rest, ':', &off) && sk_parse_u64(off, &p->off) &&
	       sk_parse_u64(rest, &p->len);
}

int main(int argc, char **argv)
{
	size_t n = argc > 4 ? (size_t)argc - 4 : 0;
	struct floor_part *parts;
	double inflate = 0, all;
	uint64_t stored = 0, plain = 0;
	bool hash_stored;
	uint32_t runs;
	int fd;

	if (n == 0 || !sk_parse_u32(sk_span_str(argv[1]), &runs)) {
		(void)fprintf(stderr, "usage: bench_floor RUNS stored|plain FILE OFF:LEN...\n");
		return 2;
	}
	hash_stored = strcmp(argv[2], "stored") == 0;
	fd = open(argv[3], O_RDONLY | O_CLOEXEC);
	parts = sk_alloc(n * sizeof(*parts));
	for (size_t i = 0; i < n; i++) {
		if (fd < 0 || !parse_part(argv[4 + i], fd, &parts[i])) {
			(void)fprintf(stderr, "bench_floor: cannot read %s\n", argv[3]);
			return 3;
		}
		floor_measure(&parts[i], runs);
		inflate += parts[i].inflate;
		stored += parts[i].len;
		plain += parts[i].plain_len;
	}
	all = floor_cpu(parts, n, hash_stored);
	(void)printf("%.6f %.6f %.6f %.6f %" PRIu64 " %" PRIu64 "\n",
		     floor_two_cores(parts, n, hash_stored), all, inflate, all - inflate, stored,
		     plain);
	sk_free(parts);
	return 0;
}
