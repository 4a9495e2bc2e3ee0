/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_vulndb DATABASE: microseconds of opening and the first look-up, and package look-ups a
 * second on one core, each the best of several runs. A look-up finds the package and reads the head
 * of its first claim; every package of the database is asked, in an order that has no locality.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "vulndb/query.h"
#include "vulndb/vulndb.h"

enum {
	ROUNDS = 7
};

struct question {
	struct sk_span ecosystem;
	struct sk_span name;
};

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double first_lookup(const char *path)
{
	double best = 1e9;

	for (int i = 0; i < ROUNDS; i++) {
		struct vulndb *db;
		struct vulndb_iter it;
		struct vulndb_claim c;
		struct sk_err err;
		double start = now();

		if (vulndb_open(path, &db, &err) < 0) {
			(void)fprintf(stderr, "%s\n", err.msg);
			exit(3);
		}
		vulndb_lookup(db, sk_span_str("Debian:12"), sk_span_str("openssl"), &it);
		(void)!vulndb_next(&it, &c, &err); /* there may be none */
		if (now() - start < best)
			best = now() - start;
		vulndb_close(db);
	}
	return best;
}

/* Every package once, in one of its ecosystems. */
static size_t collect(const struct vulndb *db, struct sk_arena *a, struct question **ret)
{
	struct vulndb_search *s = vulndb_search_new(db, sk_span_of("", 0), false);
	struct question *list = NULL;
	struct vulndb_claim c;
	struct sk_span name;
	struct sk_err err;
	size_t n = 0;
	size_t cap = 0;

	while (vulndb_search_next(s, &name, &c, &err) > 0) {
		if (n != 0 && sk_span_eq(list[n - 1].name, name))
			continue;
		SK_GROW(list, n, cap);
		list[n++] =
			(struct question){c.ecosystem, sk_span_of(sk_arena_str(a, name), name.len)};
	}
	vulndb_search_free(s);
	*ret = list;
	return n;
}

static double lookups(const struct vulndb *db, const struct question *list, size_t n,
		      uint64_t *ret_found)
{
	uint64_t found = 0;
	double start = now();
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct vulndb_iter it;
		struct vulndb_claim c;
		struct sk_err err;

		k = (k + 7919) % n;
		vulndb_lookup(db, list[k].ecosystem, list[k].name, &it);
		found += vulndb_next(&it, &c, &err) > 0;
	}
	*ret_found = found;
	return (double)n / (now() - start);
}

int main(int argc, char **argv)
{
	struct sk_arena *a = sk_arena_new();
	struct question *list = NULL;
	struct vulndb *db = NULL;
	uint64_t found = 0;
	double best = 0;
	struct sk_err err;
	size_t n;

	if (argc != 2)
		return 2;
	(void)printf("first %.0f\n", first_lookup(argv[1]) * 1e6);
	if (vulndb_open(argv[1], &db, &err) < 0)
		return 3;
	n = collect(db, a, &list);
	for (int i = 0; i < ROUNDS; i++) {
		double rate = lookups(db, list, n, &found);

		best = rate > best ? rate : best;
	}
	(void)printf("rate %.0f\npackages %zu\nfound %" PRIu64 "\n", best, n, found);
	vulndb_close(db);
	sk_free(list);
	sk_arena_free(a);
	return 0;
}
