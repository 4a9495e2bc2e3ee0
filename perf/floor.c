/* SPDX-License-Identifier: Apache-2.0 */
/* The floor: ISA-L, zstd and SHA-256 alone, over bytes that read(2) brings into the cache. */
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/digest.h"

enum {
	STORED = 64 << 10,
	PLAIN = 256 << 10,
};

/* CPU time of this thread: other load on the machine counts little. */
static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct reader {
	const struct floor_part *part;
	uint64_t done;
	uint8_t *buf;
};

static size_t next(struct reader *r, size_t max)
{
	uint64_t left = r->part->len - r->done;
	ssize_t n = pread(r->part->fd, r->buf, left < max ? (size_t)left : max,
			  (off_t)(r->part->off + r->done));

	if (n < 0) {
		perror("floor: read");
		exit(3);
	}
	r->done += (size_t)n;
	return (size_t)n;
}

static void give_up(const char *what)
{
	(void)fprintf(stderr, "floor: damaged %s data\n", what);
	exit(3);
}

/* One member; layers have one. */
static uint64_t inflate_gzip(struct reader *in, uint8_t *out)
{
	struct inflate_state *s = sk_alloc(sizeof(*s));
	uint64_t total = 0;

	isal_inflate_init(s);
	s->crc_flag = ISAL_GZIP;
	while (s->block_state != ISAL_BLOCK_FINISH) {
		if (s->avail_in == 0) {
			s->avail_in = (uint32_t)next(in, STORED);
			s->next_in = in->buf;
			if (s->avail_in == 0)
				break;
		}
		s->next_out = out;
		s->avail_out = PLAIN;
		if (isal_inflate(s) != ISAL_DECOMP_OK)
			give_up("gzip");
		total += PLAIN - s->avail_out;
	}
	sk_free(s);
	return total;
}

static uint64_t inflate_zstd(struct reader *in, uint8_t *out)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	uint64_t total = 0;
	size_t n;

	while ((n = next(in, STORED)) != 0) {
		ZSTD_inBuffer from = {.src = in->buf, .size = n};
		ZSTD_outBuffer to = {.dst = out, .size = PLAIN};

		do {
			to.pos = 0;
			if (ZSTD_isError(ZSTD_decompressStream(ctx, &to, &from)))
				give_up("zstd");
			total += to.pos;
		} while (from.pos < from.size || to.pos == to.size);
	}
	(void)ZSTD_freeDCtx(ctx);
	return total;
}

static uint64_t read_plain(struct reader *in)
{
	uint64_t total = 0;
	size_t n;

	while ((n = next(in, PLAIN)) != 0)
		total += n;
	return total;
}

static double time_inflate(struct floor_part *p, uint8_t *in, uint8_t *out)
{
	struct reader r = {.part = p, .buf = in};
	double start = now();

	if (p->compression == UNPACK_GZIP)
		p->plain_len = inflate_gzip(&r, out);
	else if (p->compression == UNPACK_ZSTD)
		p->plain_len = inflate_zstd(&r, out);
	else
		p->plain_len = read_plain(&r);
	return now() - start;
}

static double time_hash(uint64_t len, const uint8_t *buf)
{
	struct sk_hasher *h = sk_hasher_new(SK_DIGEST_SHA256);
	struct sk_digest digest;
	double start = now();

	for (; len > PLAIN; len -= PLAIN)
		sk_hasher_add(h, buf, PLAIN);
	sk_hasher_add(h, buf, (size_t)len);
	sk_hasher_finish(h, &digest);
	sk_hasher_free(h);
	return now() - start;
}

static void keep_least(double *least, double value, bool first)
{
	if (first || value < *least)
		*least = value;
}

void floor_measure(struct floor_part *p, uint32_t runs)
{
	uint8_t *in = sk_alloc(PLAIN), *out = sk_alloc(PLAIN);
	char head[6] = {0};

	if (pread(p->fd, head, sizeof(head), (off_t)p->off) < 0)
		give_up("no");
	p->compression = unpack_detect(sk_span_of(head, sizeof(head)));
	for (uint32_t i = 0; i < runs; i++) {
		keep_least(&p->inflate, time_inflate(p, in, out), i == 0);
		keep_least(&p->stored_hash, time_hash(p->len, out), i == 0);
		keep_least(&p->plain_hash, time_hash(p->plain_len, out), i == 0);
	}
	if (p->compression == UNPACK_PLAIN)
		p->stored_hash = 0; /* the same bytes */
	sk_free(in);
	sk_free(out);
}

double floor_cpu(const struct floor_part *parts, size_t n, bool hash_stored)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += parts[i].inflate + parts[i].plain_hash +
		       (hash_stored ? parts[i].stored_hash : 0);
	return sum;
}

double floor_two_cores(const struct floor_part *parts, size_t n, bool hash_stored)
{
	double most = floor_cpu(parts, n, hash_stored) / 2;

	for (size_t i = 0; i < n; i++) {
		if (parts[i].inflate > most)
			most = parts[i].inflate;
		if (parts[i].plain_hash > most)
			most = parts[i].plain_hash;
	}
	return most;
}
