/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams: stored bytes come in pieces, are decompressed into pieces, and both kinds are hashed
 * while they are in the cache.
 *
 * Two lanes of pieces stand between the source and the reader: "stored" and "plain". A piece is
 * filled, hashed and used, in the order of its lane, and its memory is then filled again. With
 * UNPACK_THREADED a thread of its own fills both lanes, and whoever has nothing better to do takes
 * the next piece that is to be hashed: the thread when the plain lane is full, the reader when it
 * is empty. So two cores share the work evenly whichever of inflating and hashing is slower.
 * Without a thread the reader does the same steps itself.
 */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

enum {
	STORED_PIECE = 64 << 10,
	PLAIN_PIECE = 256 << 10, /* fits beside its source in a second-level cache */
	STORED_PIECES = 16,
	PLAIN_PIECES = 6,
	MAX_PIECES = 16,
	DETECT_LEN = 6,
};

/* Output below which the ratio is not looked at. */
static const uint64_t ratio_from = 64ull << 20;

struct piece {
	uint8_t *ptr;
	size_t len;
	uint64_t bytes_in; /* plain lane: stored bytes that had been decompressed then */
};

/* Counters only grow; piece n is at pieces[n % n_pieces]. */
struct lane {
	struct piece pieces[MAX_PIECES];
	uint8_t *memory;
	size_t n_pieces;
	uint64_t n_filled;
	uint64_t n_hashed; /* follows n_filled when there is no hasher */
	uint64_t n_used;
	bool hashing; /* somebody works on piece n_hashed */
	struct sk_hasher *hasher;
};

struct unpack_stream {
	struct unpack_source src;
	struct sk_budget *budget;
	unsigned flags;
	struct unpack_totals totals;
	const struct unpack_decoder_ops *ops;
	void *state;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool threaded;
	bool started;

	/* Under the lock when there is a thread. */
	struct lane stored;
	struct lane plain;
	bool stop;
	bool done; /* everything is in the lanes, or the filling side failed */
	int fill_result;
	struct sk_err fill_err;

	/* The filling side's own. */
	size_t stored_pos; /* in the oldest stored piece that is not used */
	size_t plain_len;  /* in the plain piece that is being filled */
	uint64_t bytes_in;
	uint64_t bytes_used;
	uint64_t max_in;
	bool source_end;
	bool data_end;

	/* The reader's own. */
	bool holding; /* piece plain.n_used is lent to the caller */
	uint64_t spent_in;
	int result; /* sticky once negative */
	struct sk_err err;
	bool ended;
};

enum unpack_compression unpack_detect(struct sk_span head)
{
	static const struct {
		struct sk_span magic;
		enum unpack_compression compression;
	} table[] = {
		{SK_SPAN("\x1f\x8b"), UNPACK_GZIP},
		{SK_SPAN("\x28\xb5\x2f\xfd"), UNPACK_ZSTD},
		{SK_SPAN("\xfd"
			 "7zXZ\0"),
		 UNPACK_XZ},
		{SK_SPAN("BZh"), UNPACK_BZIP2},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(table); i++) {
		if (sk_span_eq(sk_span_sub(head, 0, table[i].magic.len), table[i].magic))
			return table[i].compression;
	}
	/* A skippable zstd frame, 0x184d2a50 to 0x184d2a5f. Source: RFC 8878, 3.1.2. */
	if (head.len >= 4 && ((uint8_t)head.ptr[0] & 0xf0) == 0x50 &&
	    memcmp(head.ptr + 1, "\x2a\x4d\x18", 3) == 0)
		return UNPACK_ZSTD;
	return UNPACK_PLAIN;
}

static const struct unpack_decoder_ops *stream_ops(enum unpack_compression compression)
{
	static const struct unpack_decoder_ops *const table[] = {
		[UNPACK_PLAIN] = &unpack_plain_ops, [UNPACK_GZIP] = &unpack_gzip_ops,
		[UNPACK_ZSTD] = &unpack_zstd_ops,   [UNPACK_XZ] = &unpack_xz_ops,
		[UNPACK_BZIP2] = &unpack_bzip2_ops,
	};

	return table[compression];
}

static void lane_init(struct lane *l, size_t n_pieces, size_t size)
{
	l->memory = sk_alloc(n_pieces * size);
	l->n_pieces = n_pieces;
	for (size_t i = 0; i < n_pieces; i++)
		l->pieces[i].ptr = l->memory + i * size;
}

static void lane_release(struct lane *l)
{
	sk_hasher_free(l->hasher);
	sk_free(l->memory);
}

static struct piece *lane_piece(struct lane *l, uint64_t n)
{
	return &l->pieces[n % l->n_pieces];
}

static bool lane_has_room(const struct lane *l)
{
	uint64_t oldest = l->n_used < l->n_hashed ? l->n_used : l->n_hashed;

	return l->n_filled - oldest < l->n_pieces;
}

static bool lane_has_hashing(const struct lane *l)
{
	return !l->hashing && l->n_hashed < l->n_filled;
}

static void lane_filled(struct lane *l)
{
	l->n_filled++;
	if (l->hasher == NULL)
		l->n_hashed = l->n_filled;
}

static void stream_lock(struct unpack_stream *s)
{
	if (s->started)
		(void)pthread_mutex_lock(&s->lock);
}

static void stream_unlock(struct unpack_stream *s)
{
	if (s->started)
		(void)pthread_mutex_unlock(&s->lock);
}

/* Something changed that the other side may wait for. */
static void stream_wake(struct unpack_stream *s)
{
	if (s->started)
		(void)pthread_cond_signal(&s->changed);
}

/* Hashes the next piece of a lane that has one; locked before and after, not during. */
static void stream_hash(struct unpack_stream *s, struct lane *l)
{
	const struct piece *p = lane_piece(l, l->n_hashed);

	l->hashing = true;
	stream_unlock(s);
	sk_hasher_add(l->hasher, p->ptr, p->len);
	stream_lock(s);
	l->hashing = false;
	l->n_hashed++;
	stream_wake(s);
}

/* Reads until @len bytes are there or the source ends; the count, or negative. */
static int64_t stream_read(struct unpack_stream *s, uint8_t *buf, size_t len, struct sk_err *err)
{
	size_t n = 0;

	while (n < len && !s->source_end) {
		int64_t r = s->src.read(s->src.ctx, buf + n, len - n, err);

		if (r < 0)
			return r;
		if ((uint64_t)r > len - n)
			return sk_err_set(err, SK_E_FORMAT, "source gave more than was asked for");
		if (r == 0)
			s->source_end = true;
		n += (size_t)r;
	}
	s->bytes_in += n;
	if (s->bytes_in > s->max_in)
		return sk_budget_fail(s->budget, SK_LIMIT_BYTES_IN, err);
	return (int64_t)n;
}

static int stream_fill_stored(struct unpack_stream *s, struct sk_err *err)
{
	struct piece *p = lane_piece(&s->stored, s->stored.n_filled);
	int64_t n;

	stream_unlock(s);
	n = stream_read(s, p->ptr, STORED_PIECE, err);
	stream_lock(s);
	if (n < 0)
		return (int)n;
	p->len = (size_t)n;
	if (n != 0) {
		lane_filled(&s->stored);
		stream_wake(s);
	}
	return 0;
}

static void stream_plain_filled(struct unpack_stream *s)
{
	struct piece *p = lane_piece(&s->plain, s->plain.n_filled);

	p->len = s->plain_len;
	p->bytes_in = s->bytes_used;
	s->plain_len = 0;
	lane_filled(&s->plain);
	stream_wake(s);
}

/* One decoding step outside the lock: from the oldest stored piece to the current plain piece. */
static int stream_decode(struct unpack_stream *s, const struct piece *from, bool eof,
			 struct sk_err *err)
{
	struct piece *to = lane_piece(&s->plain, s->plain.n_filled);
	struct unpack_io io = {
		.in = from != NULL ? from->ptr + s->stored_pos : (const uint8_t *)"",
		.in_len = from != NULL ? from->len - s->stored_pos : 0,
		.out = to->ptr + s->plain_len,
		.out_len = PLAIN_PIECE - s->plain_len,
		.eof = eof,
	};
	size_t in_len = io.in_len;
	size_t out_len = io.out_len;
	int r = s->ops->step(s->state, &io, err);

	if (r == -SK_E_LIMIT)
		return sk_err_wrap(err, sk_budget_fail(s->budget, SK_LIMIT_WINDOW, err), "%s",
				   s->ops->name);
	if (r == 0 && io.in_len == in_len && io.out_len == out_len && (in_len != 0 || eof))
		return sk_err_set(err, SK_E_FORMAT, "%s: damaged data", s->ops->name);
	s->stored_pos += in_len - io.in_len;
	s->bytes_used += in_len - io.in_len;
	s->plain_len += out_len - io.out_len;
	return r;
}

/* Decompresses what is there; needs room in the plain lane and a stored piece, or the end. */
static int stream_fill_plain(struct unpack_stream *s, struct sk_err *err)
{
	const struct piece *from = NULL;
	bool eof;
	int r;

	if (s->stored.n_used < s->stored.n_filled)
		from = lane_piece(&s->stored, s->stored.n_used);
	eof = s->source_end && s->stored.n_filled - s->stored.n_used <= 1;
	stream_unlock(s);
	r = stream_decode(s, from, eof, err);
	stream_lock(s);
	if (r == 1)
		s->data_end = true;
	if (from != NULL && (s->data_end || s->stored_pos == from->len)) {
		s->totals.trailing += from->len - s->stored_pos;
		s->stored_pos = 0;
		s->stored.n_used++;
	}
	/* What was decompressed before a failure is still handed out. */
	if (s->plain_len == PLAIN_PIECE || (s->plain_len != 0 && r != 0))
		stream_plain_filled(s);
	return r < 0 ? r : 0;
}

/* Uncompressed bytes are read to where they are handed out. */
static int stream_fill_direct(struct unpack_stream *s, struct sk_err *err)
{
	struct piece *p = lane_piece(&s->plain, s->plain.n_filled);
	int64_t n;

	stream_unlock(s);
	n = stream_read(s, p->ptr + s->plain_len, PLAIN_PIECE - s->plain_len, err);
	stream_lock(s);
	if (n < 0)
		return (int)n;
	s->plain_len += (size_t)n;
	s->bytes_used += (size_t)n;
	s->data_end = s->source_end;
	if (s->plain_len != 0)
		stream_plain_filled(s);
	return 0;
}

/* Bytes after the end of the data are only hashed. Return: 0, 1 when they must be hashed first. */
static int stream_trailing(struct unpack_stream *s, struct sk_err *err)
{
	while (s->stored.n_used < s->stored.n_filled) {
		s->totals.trailing += lane_piece(&s->stored, s->stored.n_used)->len;
		s->stored.n_used++;
	}
	if (s->source_end)
		s->done = true;
	else if (lane_has_room(&s->stored))
		return stream_fill_stored(s, err);
	else
		return 1;
	return 0;
}

/*
 * One step of the filling side, the most urgent one; locked.
 * Return: 1 something was done, 0 the reader must act first, negative on failure.
 */
static int stream_fill(struct unpack_stream *s, struct sk_err *err)
{
	bool has_stored = s->stored.n_used < s->stored.n_filled;
	int r;

	if (s->data_end)
		r = stream_trailing(s, err);
	else if (lane_has_room(&s->plain) && (has_stored || s->source_end))
		r = stream_fill_plain(s, err);
	else if (lane_has_room(&s->plain) && s->ops == &unpack_plain_ops)
		r = stream_fill_direct(s, err);
	else if (!s->source_end && lane_has_room(&s->stored) &&
		 (lane_has_room(&s->plain) || !lane_has_hashing(&s->stored)) &&
		 s->ops != &unpack_plain_ops)
		r = stream_fill_stored(s, err);
	else
		r = 1;
	if (r <= 0)
		return r < 0 ? r : 1;
	if (lane_has_hashing(&s->stored))
		stream_hash(s, &s->stored);
	else if (lane_has_hashing(&s->plain))
		stream_hash(s, &s->plain);
	else
		return 0;
	return 1;
}

/* The filling side's end, good or bad; locked. */
static void stream_filled(struct unpack_stream *s, int r, const struct sk_err *err)
{
	if (r < 0) {
		s->fill_result = r;
		s->fill_err = *err;
		s->done = true;
	}
	if (s->done)
		stream_wake(s);
}

static void *stream_thread(void *arg)
{
	struct unpack_stream *s = arg;
	struct sk_err err = {0};

	stream_lock(s);
	while (!s->stop && !s->done) {
		int r = stream_fill(s, &err);

		if (r == 0)
			(void)pthread_cond_wait(&s->changed, &s->lock);
		else
			stream_filled(s, r, &err);
	}
	stream_unlock(s);
	return NULL;
}

/* The thread starts with the first read, so that it inherits what its process is confined to. */
static void stream_start(struct unpack_stream *s)
{
	if (!s->threaded || s->started)
		return;
	s->started = true; /* the thread takes the lock as soon as it runs */
	if (pthread_create(&s->thread, NULL, stream_thread, s) == 0)
		return;
	s->started = false; /* no more threads allowed: the reader does the work */
	s->threaded = false;
}

static void stream_setup_hashing(struct unpack_stream *s)
{
	bool plain = s->ops == &unpack_plain_ops;

	if (s->flags & UNPACK_HASH_STORED && !plain)
		s->stored.hasher = sk_hasher_new(SK_DIGEST_SHA256);
	if (s->flags & UNPACK_HASH_PLAIN || (s->flags & UNPACK_HASH_STORED && plain))
		s->plain.hasher = sk_hasher_new(SK_DIGEST_SHA256);
}

int unpack_stream_open(const struct unpack_source *src, unsigned flags, struct sk_budget *budget,
		       struct unpack_stream **ret, struct sk_err *err)
{
	sk_cleanup(unpack_stream_closep) struct unpack_stream *s = sk_alloc(sizeof(*s));
	bool threaded = (flags & UNPACK_THREADED) != 0;
	struct piece *head;
	int64_t n;

	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->changed, NULL);
	s->src = *src;
	s->flags = flags;
	s->budget = budget;
	s->threaded = threaded;
	s->max_in = budget->limits.max[SK_LIMIT_BYTES_IN];
	s->max_in -= s->max_in < budget->used[SK_LIMIT_BYTES_IN] ? s->max_in
								 : budget->used[SK_LIMIT_BYTES_IN];
	lane_init(&s->stored, threaded ? STORED_PIECES : 1, STORED_PIECE);
	lane_init(&s->plain, threaded ? PLAIN_PIECES : 1, PLAIN_PIECE);
	head = lane_piece(&s->stored, 0);
	n = stream_read(s, head->ptr, STORED_PIECE, err);
	if (n < 0)
		return (int)n;
	head->len = (size_t)n;
	s->totals.compression = unpack_detect(sk_span_of(head->ptr, head->len));
	s->ops = stream_ops(s->totals.compression);
	stream_setup_hashing(s);
	if (n != 0)
		lane_filled(&s->stored);
	s->state = s->ops->open(budget->limits.max[SK_LIMIT_WINDOW]);
	*ret = sk_take(s);
	return 0;
}

/* The end of the stream for the reader: what is left to hash, and the filling side's verdict. */
static int stream_end(struct unpack_stream *s, struct sk_err *err)
{
	uint64_t rest = s->bytes_in - s->spent_in;

	if (s->fill_result < 0) {
		if (err != NULL)
			*err = s->fill_err;
		return s->fill_result;
	}
	s->totals.bytes_in = s->bytes_in;
	if (s->stored.hasher != NULL)
		sk_hasher_finish(s->stored.hasher, &s->totals.stored);
	if (s->plain.hasher != NULL)
		sk_hasher_finish(s->plain.hasher, &s->totals.plain);
	if (s->ops == &unpack_plain_ops && s->flags & UNPACK_HASH_STORED)
		s->totals.stored = s->totals.plain;
	if (!(s->flags & UNPACK_HASH_PLAIN))
		s->totals.plain = (struct sk_digest){0};
	s->spent_in = s->bytes_in;
	s->ended = true;
	return sk_budget_spend(s->budget, SK_LIMIT_BYTES_IN, rest, err);
}

/* Budgets are spent by the reader, who owns them, when a piece is handed out. */
static int stream_spend(struct unpack_stream *s, const struct piece *p, struct sk_err *err)
{
	uint64_t ratio = s->budget->limits.max[SK_LIMIT_RATIO];
	uint64_t allowed;
	int r;

	r = sk_budget_spend(s->budget, SK_LIMIT_BYTES_IN, p->bytes_in - s->spent_in, err);
	if (r < 0)
		return r;
	s->spent_in = p->bytes_in;
	s->totals.bytes_out += p->len;
	r = sk_budget_spend(s->budget, SK_LIMIT_BYTES_OUT, p->len, err);
	if (r < 0)
		return r;
	if (s->totals.bytes_out <= ratio_from)
		return 0;
	if (!__builtin_mul_overflow(p->bytes_in, ratio, &allowed) && s->totals.bytes_out > allowed)
		return sk_budget_fail(s->budget, SK_LIMIT_RATIO, err);
	return 0;
}

/* Waits for a piece, hashing meanwhile; locked. Return: 1 there is one, 0 there will be none. */
static int stream_await(struct unpack_stream *s)
{
	struct sk_err err = {0};

	for (;;) {
		struct lane *p = &s->plain;

		if (p->n_used < p->n_hashed)
			return 1;
		if (lane_has_hashing(p))
			stream_hash(s, p);
		else if (lane_has_hashing(&s->stored))
			stream_hash(s, &s->stored);
		else if (s->done && !p->hashing && !s->stored.hashing)
			return 0;
		else if (s->started)
			(void)pthread_cond_wait(&s->changed, &s->lock);
		else
			stream_filled(s, stream_fill(s, &err), &err);
	}
}

static int stream_next(struct unpack_stream *s, struct sk_span *ret, struct sk_err *err)
{
	const struct piece *p = NULL;

	stream_start(s);
	stream_lock(s);
	if (s->holding) {
		s->plain.n_used++;
		s->holding = false;
		stream_wake(s);
	}
	if (stream_await(s) != 0)
		p = lane_piece(&s->plain, s->plain.n_used);
	stream_unlock(s);
	if (p == NULL)
		return stream_end(s, err);
	s->holding = true;
	*ret = sk_span_of(p->ptr, p->len);
	return stream_spend(s, p, err) < 0 ? -SK_E_LIMIT : 1;
}

int unpack_stream_next(struct unpack_stream *s, struct sk_span *ret, struct sk_err *err)
{
	int r;

	if (s->result < 0) {
		if (err != NULL)
			*err = s->err;
		return s->result;
	}
	if (s->ended)
		return 0;
	r = stream_next(s, ret, &s->err);
	if (r >= 0)
		return r;
	s->result = r;
	if (err != NULL)
		*err = s->err;
	return r;
}

int unpack_stream_drain(struct unpack_stream *s, struct sk_err *err)
{
	struct sk_span piece;
	int r;

	do {
		r = unpack_stream_next(s, &piece, err);
	} while (r > 0);
	return r;
}

/* Is everything that was read handed out and used, by nobody but the reader itself? */
static bool stream_can_skip(const struct unpack_stream *s)
{
	return s->src.skip != NULL && s->ops == &unpack_plain_ops && !s->threaded &&
	       s->plain.hasher == NULL && !s->source_end && s->plain_len == 0 && s->result == 0 &&
	       s->stored.n_used == s->stored.n_filled &&
	       s->plain.n_used + (s->holding ? 1 : 0) == s->plain.n_filled;
}

int unpack_stream_skip(struct unpack_stream *s, uint64_t len, uint64_t *ret_skipped,
		       struct sk_err *err)
{
	*ret_skipped = 0;
	if (!stream_can_skip(s))
		return 0;
	s->result = s->src.skip(s->src.ctx, len, &s->err);
	if (s->result < 0) {
		if (err != NULL)
			*err = s->err;
		return s->result;
	}
	/* Not read, so nothing of the budget is spent. */
	s->bytes_in += len;
	s->bytes_used += len;
	s->spent_in += len;
	s->max_in += len;
	*ret_skipped = len;
	return 0;
}

void unpack_stream_totals(struct unpack_stream *s, struct unpack_totals *ret)
{
	*ret = s->totals;
}

void unpack_stream_close(struct unpack_stream *s)
{
	if (s == NULL)
		return;
	if (s->started) {
		stream_lock(s);
		s->stop = true;
		stream_wake(s);
		stream_unlock(s);
		(void)pthread_join(s->thread, NULL);
	}
	if (s->ops != NULL)
		s->ops->close(s->state);
	lane_release(&s->stored);
	lane_release(&s->plain);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	sk_free(s);
}
