/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Developer benchmark of unpack: a layer's way through the pipeline against its floor. The floor is
 * what the machine cannot do without: inflating with the library alone, and SHA-256 over as many
 * bytes, stored and plain, in the cache; together on two cores. Each number is the best of several
 * runs. Use: bench_unpack LAYER [RUNS]
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "unpack/unpack.h"

enum {
	PIECE = 256 << 10,
};

struct layer {
	int fd;
	const uint8_t *ptr;
	size_t len;
	enum unpack_compression compression;
	uint64_t plain_len;
};

/* Wall time, or CPU time of all threads. */
static double now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t layer_read(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	const struct layer *l = ctx;
	ssize_t n = read(l->fd, buf, len);

	return n < 0 ? sk_err_errno(err, errno, "read") : n;
}

static uint64_t inflate_gzip(const struct layer *l, uint8_t *out)
{
	struct inflate_state *s = sk_alloc(sizeof(*s));
	uint64_t total = 0;
	size_t at = 0;

	isal_inflate_init(s);
	s->crc_flag = ISAL_GZIP;
	while (s->block_state != ISAL_BLOCK_FINISH) {
		int r;

		if (s->avail_in == 0) {
			size_t n = l->len - at < 1 << 20 ? l->len - at : 1 << 20;
			const uint8_t *p = l->ptr + at;

			memcpy(&s->next_in, &p, sizeof(p));
			s->avail_in = (uint32_t)n;
			at += n;
		}
		s->next_out = out;
		s->avail_out = PIECE;
		r = isal_inflate(s);
		total += PIECE - s->avail_out;
		if (r != ISAL_DECOMP_OK || (s->avail_in == 0 && at == l->len && s->avail_out != 0))
			break;
	}
	sk_free(s);
	return total;
}

static uint64_t inflate_zstd(const struct layer *l, uint8_t *out)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	ZSTD_inBuffer in = {.src = l->ptr, .size = l->len};
	uint64_t total = 0;

	while (in.pos < in.size) {
		ZSTD_outBuffer o = {.dst = out, .size = PIECE};

		if (ZSTD_isError(ZSTD_decompressStream(ctx, &o, &in)))
			break;
		total += o.pos;
	}
	(void)ZSTD_freeDCtx(ctx);
	return total;
}

/* Seconds that the library alone needs; notes the size. */
static double time_inflate(struct layer *l)
{
	uint8_t *out = sk_alloc(PIECE);
	double start = now(CLOCK_MONOTONIC);

	if (l->compression == UNPACK_GZIP)
		l->plain_len = inflate_gzip(l, out);
	else if (l->compression == UNPACK_ZSTD)
		l->plain_len = inflate_zstd(l, out);
	else
		l->plain_len = l->len;
	sk_free(out);
	return now(CLOCK_MONOTONIC) - start;
}

static double time_hash(uint64_t len)
{
	uint8_t *buf = sk_alloc(PIECE);
	struct sk_hasher *h = sk_hasher_new(SK_DIGEST_SHA256);
	struct sk_digest digest;
	double start = now(CLOCK_MONOTONIC);

	for (; len > PIECE; len -= PIECE)
		sk_hasher_add(h, buf, PIECE);
	sk_hasher_add(h, buf, (size_t)len);
	sk_hasher_finish(h, &digest);
	sk_hasher_free(h);
	sk_free(buf);
	return now(CLOCK_MONOTONIC) - start;
}

/* The whole way, tar included; negative on failure. */
static double time_pipeline(struct layer *l, unsigned flags, clockid_t clock, uint64_t *ret_entries)
{
	struct unpack_source src = {.read = layer_read, .ctx = l};
	struct sk_limits limits = sk_limits_default();
	sk_cleanup(unpack_stream_closep) struct unpack_stream *s = NULL;
	sk_cleanup(unpack_tar_closep) struct unpack_tar *t = NULL;
	const struct unpack_entry *e;
	struct sk_budget budget;
	struct sk_err err = {0};
	double start = now(clock);
	int r;

	*ret_entries = 0;
	(void)lseek(l->fd, 0, SEEK_SET);
	sk_budget_init(&budget, &limits);
	r = unpack_stream_open(&src, flags, &budget, &s, &err);
	if (r == 0) {
		t = unpack_tar_open(s, &budget);
		while ((r = unpack_tar_next(t, &e, &err)) > 0)
			++*ret_entries;
	}
	if (r == 0)
		r = unpack_stream_drain(s, &err);
	if (r < 0)
		(void)fprintf(stderr, "bench_unpack: %s\n", err.msg);
	return r < 0 ? -1 : now(clock) - start;
}

static double best(double a, double b)
{
	return b < a ? b : a;
}

static int measure(struct layer *l, uint32_t runs)
{
	const unsigned both = UNPACK_HASH_STORED | UNPACK_HASH_PLAIN;
	double inflate = 1e9, hash = 1e9, threaded = 1e9, alone = 1e9, bare = 1e9, cpu = 1e9, floor;
	struct rusage usage;
	uint64_t entries = 0;

	for (uint32_t i = 0; i < runs; i++) {
		uint64_t bytes;

		inflate = best(inflate, time_inflate(l));
		bytes = l->plain_len + (l->compression == UNPACK_PLAIN ? 0 : l->len);
		hash = best(hash, time_hash(bytes));
		bare = best(bare, time_pipeline(l, 0, CLOCK_MONOTONIC, &entries));
		alone = best(alone, time_pipeline(l, both, CLOCK_MONOTONIC, &entries));
		threaded = best(threaded, time_pipeline(l, both | UNPACK_THREADED, CLOCK_MONOTONIC,
							&entries));
		cpu = best(cpu, time_pipeline(l, both | UNPACK_THREADED, CLOCK_PROCESS_CPUTIME_ID,
					      &entries));
	}
	if (threaded < 0)
		return 1;
	floor = (inflate + hash) / 2 > inflate ? (inflate + hash) / 2 : inflate;
	if (l->compression == UNPACK_PLAIN)
		floor = hash;
	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf("%zu bytes stored, %" PRIu64 " plain, %" PRIu64 " entries, best of %u\n",
		     l->len, l->plain_len, entries, runs);
	(void)printf("inflate, library alone     %8.3f s\n", inflate);
	(void)printf("both hashes, one core      %8.3f s\n", hash);
	(void)printf("floor on two cores         %8.3f s\n", floor);
	(void)printf("pipeline, threaded         %8.3f s  %.2f x floor\n", threaded,
		     threaded / floor);
	(void)printf("  CPU time of both         %8.3f s  %.2f x inflate and hashes\n", cpu,
		     cpu / (inflate + hash));
	(void)printf("pipeline, one thread       %8.3f s\n", alone);
	(void)printf("inflate and tar, no hashes %8.3f s\n", bare);
	(void)printf("peak memory (file mapped)  %8ld KiB\n", usage.ru_maxrss);
	return 0;
}

int main(int argc, char **argv)
{
	struct layer l = {.fd = -1};
	uint32_t runs = 5;
	struct stat st;
	void *map;

	if (argc < 2 || (argc > 2 && !sk_parse_u32(sk_span_str(argv[2]), &runs))) {
		(void)fprintf(stderr, "use: bench_unpack LAYER [RUNS]\n");
		return 2;
	}
	l.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (l.fd < 0 || fstat(l.fd, &st) < 0 || st.st_size == 0) {
		(void)fprintf(stderr, "bench_unpack: cannot read %s\n", argv[1]);
		return 3;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, l.fd, 0);
	if (map == MAP_FAILED)
		return 3;
	l.ptr = map;
	l.len = (size_t)st.st_size;
	l.compression = unpack_detect(sk_span_of(l.ptr, l.len));
	return measure(&l, runs);
}
