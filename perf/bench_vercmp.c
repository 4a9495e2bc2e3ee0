/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_vercmp ECOSYSTEM < "A<TAB>B" lines: nanoseconds of CPU a comparison, least of several runs.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "version/version.h"

enum {
	RUNS = 5,
	ROUNDS = 20,
};

struct pair {
	struct sk_span a, b;
};

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	enum version_scheme scheme;
	struct pair *pairs = NULL;
	size_t n = 0, cap = 0;
	struct sk_span text, line;
	struct sk_buf buf;
	double least = 1e18;
	volatile int sum = 0;

	sk_buf_init(&buf, 64 << 20);
	if (argc != 2 || !version_scheme_of(sk_span_str(argv[1]), &scheme) ||
	    sk_read_fd(STDIN_FILENO, &buf, NULL) < 0) {
		(void)fprintf(stderr, "usage: bench_vercmp ECOSYSTEM < PAIRS\n");
		return 2;
	}
	text = sk_buf_span(&buf);
	while (sk_span_line(&text, &line)) {
		SK_GROW(pairs, n, cap);
		pairs[n].b = line;
		if (sk_span_cut(&pairs[n].b, '\t', &pairs[n].a))
			n++;
	}
	for (int run = 0; run < RUNS && n != 0; run++) {
		double start = now_ns(), t;

		for (int round = 0; round < ROUNDS; round++)
			for (size_t i = 0; i < n; i++) {
				int order = 0;

				if (version_compare(scheme, pairs[i].a, pairs[i].b, &order) == 0)
					sum = sum + order;
			}
		t = (now_ns() - start) / (double)(n * ROUNDS);
		least = t < least ? t : least;
	}
	(void)printf("%zu %.1f\n", n, least);
	sk_free(pairs);
	sk_buf_release(&buf);
	return 0;
}
