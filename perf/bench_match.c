/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_match DB PURLS RUNS: judges the packages of a list. Prints packages, findings, seconds of
 * opening the database and its first look-up, seconds of judging all packages for the first time
 * and the least of several runs, and look-ups a second; CPU time of this thread.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/parse.h"
#include "match/match.h"
#include "model/purl.h"
#include "vulndb/vulndb.h"

enum {
	LOOKUP_ROUNDS = 200,
};

struct list {
	struct model_package *packages;
	size_t n, cap;
};

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int add_line(struct list *l, struct sk_span line, struct sk_arena *a, struct sk_err *err)
{
	struct model_purl p;
	int r = model_purl_parse(line, a, &p, err);

	if (r < 0)
		return r;
	SK_GROW(l->packages, l->n, l->cap);
	l->packages[l->n] = (struct model_package){0};
	model_purl_to_package(&p, sk_arena_str(a, line), a, &l->packages[l->n++]);
	return 0;
}

static int read_list(const char *path, struct sk_arena *a, struct list *l, struct sk_err *err)
{
	struct sk_span text, line;
	struct sk_buf buf;
	int r;

	sk_buf_init(&buf, 16 << 20);
	r = sk_read_file(AT_FDCWD, path, &buf, err);
	text = sk_buf_span(&buf);
	while (r == 0 && sk_span_line(&text, &line))
		if (line.len != 0)
			r = add_line(l, line, a, err);
	sk_buf_release(&buf);
	return r;
}

static double lookup_rate(const struct vulndb *db, const struct list *l)
{
	double start = now();
	volatile uint64_t found = 0;

	for (int round = 0; round < LOOKUP_ROUNDS; round++)
		for (size_t i = 0; i < l->n; i++) {
			struct vulndb_iter it;
			struct vulndb_claim claim;

			vulndb_lookup(db, sk_span_str(l->packages[i].ecosystem),
				      sk_span_str(l->packages[i].source_name), &it);
			found = found + (vulndb_next(&it, &claim, NULL) == 1);
		}
	return (double)(LOOKUP_ROUNDS * l->n) / (now() - start);
}

static int judge(const struct vulndb *db, const struct list *l, uint32_t runs, struct sk_err *err)
{
	struct match_options opts = {0};
	struct match_result result = {0};
	double first = 0, least = 1e9;

	for (uint32_t i = 0; i < runs; i++) {
		sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
		double start = now(), t;
		int r = match_packages(db, l->packages, l->n, &opts, a, &result, err);

		if (r < 0)
			return r;
		t = now() - start;
		first = i == 0 ? t : first;
		least = t < least ? t : least;
	}
	(void)printf("%zu %.9f %.9f ", result.n_findings, first, least);
	return 0;
}

static double time_open(const char *path, struct vulndb **ret, struct sk_err *err)
{
	double start = now();
	struct vulndb_iter it;
	struct vulndb_claim claim;

	if (vulndb_open(path, ret, err) < 0)
		return -1;
	vulndb_lookup(*ret, sk_span_str("Debian:12"), sk_span_str("openssl"), &it);
	return vulndb_next(&it, &claim, err) < 0 ? -1 : now() - start;
}

int main(int argc, char **argv)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	struct sk_err err = {0};
	struct list l = {0};
	uint32_t runs;
	double open;
	int r;

	if (argc != 4 || !sk_parse_u32(sk_span_str(argv[3]), &runs)) {
		(void)fprintf(stderr, "usage: bench_match DB PURLS RUNS\n");
		return 2;
	}
	open = time_open(argv[1], &db, &err);
	r = open < 0 ? -1 : read_list(argv[2], a, &l, &err);
	if (r == 0) {
		(void)printf("%zu %.9f ", l.n, open);
		r = judge(db, &l, runs, &err);
	}
	if (r == 0)
		(void)printf("%.0f\n", lookup_rate(db, &l));
	else
		(void)fprintf(stderr, "bench_match: %s\n", err.msg);
	sk_free(l.packages);
	return r < 0 ? 3 : 0;
}
