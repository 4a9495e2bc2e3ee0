/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over layers: from the cache what is known, from workers what is not.
 *
 * The cache has a layer's facts by the digest of its stored bytes. That the bytes at hand have this
 * digest is never taken from the image: either this very file, unchanged, was digested before
 * (its identity was remembered), or it is digested now. A layer that is said to be a known one is
 * only digested; when it turns out to be another it is read.
 */
#include "base/alloc.h"
#include "base/wire.h"
#include "scan/session.h"

/** struct task - what becomes of one layer in this pass */
struct task {
	const struct scan_plan_layer *layer;
	struct scan_reading *out;
	struct scan_cache_key seen;
	bool has_seen;
	struct sk_digest stored; /* of the bytes at hand; none while not known */
	uint64_t stored_size;
	struct scan_facts *candidate; /* of the layer that this is said to be */
	bool recalled;
	struct scan_job *read_job, *hash_job; /* of this round */
	struct scan_layer_ctx ctx;
	struct scan_hash_ctx hash_ctx;
};

/** struct pass - one call of scan_read_pass() */
struct pass {
	struct scan_session *s;
	const struct scan_wanted *wanted;
	struct task *tasks;
	size_t n_tasks;
	struct scan_job *jobs;
	size_t n_jobs;
};

static int decode(struct pass *p, struct sk_span bytes, struct scan_facts **ret, struct sk_err *err)
{
	struct scan_session *s = p->s;
	struct scan_facts *f = sk_arena_alloc(s->arena, sizeof(*f));
	int r = scan_facts_decode(bytes, p->wanted, &s->opts->limits, s->arena, f, err);

	if (r == 0)
		*ret = f;
	return r;
}

static struct scan_facts *load_facts(struct pass *p, const struct sk_digest *stored)
{
	struct scan_cache_key key = scan_cache_facts_key(stored, p->wanted, &p->s->opts->limits);
	struct scan_facts *f = NULL;
	struct sk_err ignored;
	struct sk_buf bytes;

	sk_buf_init(&bytes, SIZE_MAX / 2);
	if (scan_cache_get(p->s->cache, &key, &bytes) &&
	    (decode(p, sk_buf_span(&bytes), &f, &ignored) < 0 || !sk_digest_eq(&f->stored, stored)))
		f = NULL;
	sk_buf_release(&bytes);
	return f;
}

static void load_seen(struct pass *p, struct task *t)
{
	struct sk_err ignored;
	struct sk_buf bytes;

	sk_buf_init(&bytes, 4096);
	if (scan_cache_get(p->s->cache, &t->seen, &bytes) &&
	    scan_hash_decode(sk_buf_span(&bytes), &t->stored, &t->stored_size, &ignored) < 0)
		t->stored.alg = SK_DIGEST_NONE;
	/* Not the layer that it must be: do not believe it, look. */
	if (t->layer->stored.alg != SK_DIGEST_NONE && !sk_digest_eq(&t->stored, &t->layer->stored))
		t->stored.alg = SK_DIGEST_NONE;
	sk_buf_release(&bytes);
}

static bool is_cacheable(const struct pass *p, const struct scan_plan_layer *l)
{
	return p->s->cache != NULL && l->blob.fd >= 0 && l->blob.range.seekable &&
	       l->blob.range.len != UINT64_MAX;
}

/* What was found out about this layer earlier, in this scan or in another. */
static void recall(struct pass *p, struct task *t)
{
	const struct scan_plan_layer *l = t->layer;

	if (!is_cacheable(p, l))
		return;
	t->has_seen = scan_cache_seen_key(l->blob.fd, l->blob.range.off, l->blob.range.len,
					  &t->seen, NULL);
	if (t->has_seen)
		load_seen(p, t);
	if (t->stored.alg == SK_DIGEST_NONE && l->facts != NULL) {
		t->stored = l->facts->stored;
		t->stored_size = l->facts->size;
	}
	if (t->stored.alg != SK_DIGEST_NONE) {
		t->out->facts = load_facts(p, &t->stored);
		t->recalled = t->out->facts != NULL;
		return;
	}
	if (l->stored.alg == SK_DIGEST_SHA256)
		t->candidate = load_facts(p, &l->stored);
	else if (l->diff_id.alg == SK_DIGEST_SHA256) /* archives of plain layers */
		t->candidate = load_facts(p, &l->diff_id);
}

/*
 * A second thread helps where a core would be idle: fewer layers than cores, or a layer so large
 * that the others are done long before it is.
 */
static bool wants_thread(const struct pass *p, const struct task *t, size_t n_readers,
			 uint64_t all_size)
{
	return n_readers < p->s->n_workers ||
	       t->layer->blob.size > all_size / (4 * (uint64_t)p->s->n_workers);
}

static void add_read_job(struct pass *p, struct task *t, bool threaded)
{
	const struct scan_plan_layer *l = t->layer;
	struct scan_session *s = p->s;
	bool tree = s->input == SCAN_INPUT_TREE;
	struct scan_tree_ctx *tree_ctx = NULL;

	if (tree) {
		tree_ctx = sk_arena_alloc(s->arena, sizeof(*tree_ctx));
		tree_ctx->wanted = *p->wanted;
	}
	t->ctx = (struct scan_layer_ctx){
		.range = l->blob.range,
		.wanted = *p->wanted,
		.hash_stored = !is_cacheable(p, l) &&
			       (l->stored.alg != SK_DIGEST_NONE || s->input == SCAN_INPUT_LAYER),
		.whiteouts = true,
		.threaded = threaded,
	};
	t->read_job = &p->jobs[p->n_jobs++];
	*t->read_job = (struct scan_job){.what = l->name,
					 .fd = tree ? s->root_fd : l->blob.fd,
					 .tree = tree,
					 .work = tree ? scan_tree_work : scan_layer_work,
					 .ctx = tree ? (void *)tree_ctx : (void *)&t->ctx,
					 .size_hint = l->blob.size};
}

static void add_hash_job(struct pass *p, struct task *t)
{
	t->hash_ctx.range = t->layer->blob.range;
	t->hash_job = &p->jobs[p->n_jobs++];
	*t->hash_job = (struct scan_job){.what = t->layer->name,
					 .fd = t->layer->blob.fd,
					 .work = scan_hash_work,
					 .ctx = &t->hash_ctx,
					 .size_hint = t->layer->blob.size};
}

static bool is_done(const struct task *t)
{
	return t->out->facts != NULL || t->out->r < 0;
}

static void plan_round(struct pass *p)
{
	uint64_t all_size = 0;
	size_t n_readers = 0;

	p->n_jobs = 0;
	for (size_t i = 0; i < p->n_tasks; i++) {
		if (is_done(&p->tasks[i]) || p->tasks[i].candidate != NULL)
			continue;
		n_readers++;
		all_size += p->tasks[i].layer->blob.size;
	}
	for (size_t i = 0; i < p->n_tasks; i++) {
		struct task *t = &p->tasks[i];

		t->read_job = t->hash_job = NULL;
		if (is_done(t))
			continue;
		if (t->candidate == NULL)
			add_read_job(p, t, wants_thread(p, t, n_readers, all_size));
		if (is_cacheable(p, t->layer) && t->stored.alg == SK_DIGEST_NONE)
			add_hash_job(p, t);
	}
}

static void take_hash(struct task *t)
{
	struct scan_reading *out = t->out;
	const struct scan_job *job = t->hash_job;

	if (job->r < 0) {
		out->err = job->err;
		out->r = job->r;
		return;
	}
	out->r =
		scan_hash_decode(sk_buf_span(&job->answer), &t->stored, &t->stored_size, &out->err);
}

static void take_reading(struct pass *p, struct task *t)
{
	struct scan_reading *out = t->out;
	const struct scan_job *job = t->read_job;

	if (job->r < 0) {
		out->err = job->err;
		out->r = job->r;
		return;
	}
	out->r = decode(p, sk_buf_span(&job->answer), &out->facts, &out->err);
	if (out->r < 0 || t->stored.alg == SK_DIGEST_NONE)
		return;
	out->facts->stored = t->stored;
	out->facts->size = t->stored_size;
}

static void take_round(struct pass *p)
{
	for (size_t i = 0; i < p->n_tasks; i++) {
		struct task *t = &p->tasks[i];

		if (t->hash_job != NULL)
			take_hash(t);
		if (t->read_job != NULL && t->out->r == 0)
			take_reading(p, t);
		if (t->candidate == NULL || t->hash_job == NULL || t->out->r < 0)
			continue;
		if (sk_digest_eq(&t->candidate->stored, &t->stored)) {
			t->out->facts = t->candidate;
			t->recalled = true;
		}
		t->candidate = NULL;
	}
}

/* A file that could not be read may be readable next time. */
static bool is_whole(const struct scan_facts *f)
{
	for (size_t i = 0; i < f->n_facts; i++)
		if (f->facts[i].damage != NULL)
			return false;
	return true;
}

static void keep_facts(struct pass *p, const struct task *t)
{
	struct scan_cache_key key =
		scan_cache_facts_key(&t->stored, p->wanted, &p->s->opts->limits);
	struct sk_buf bytes;

	sk_buf_init(&bytes, 256u << 20);
	scan_facts_encode(t->out->facts, &bytes);
	if (!bytes.overflow)
		scan_cache_put(p->s->cache, &key, sk_buf_span(&bytes));
	sk_buf_release(&bytes);
}

static void keep_seen(struct pass *p, const struct task *t)
{
	const struct scan_range *range = &t->layer->blob.range;
	struct scan_cache_key now;
	struct sk_buf bytes;
	bool settled;

	if (!t->has_seen ||
	    !scan_cache_seen_key(t->layer->blob.fd, range->off, range->len, &now, &settled) ||
	    !settled || !sk_digest_eq(&now.digest, &t->seen.digest))
		return;
	sk_buf_init(&bytes, 4096);
	sk_wire_put_digest(&bytes, &t->stored);
	sk_wire_put_u64(&bytes, t->stored_size);
	scan_cache_put(p->s->cache, &t->seen, sk_buf_span(&bytes));
	sk_buf_release(&bytes);
}

/* Only what is known from a digest that the reader of the layer had no part in. */
static void keep(struct pass *p)
{
	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct task *t = &p->tasks[i];

		if (t->out->facts == NULL || t->stored.alg == SK_DIGEST_NONE)
			continue;
		if (!t->recalled && is_whole(t->out->facts))
			keep_facts(p, t);
		if (t->hash_job != NULL)
			keep_seen(p, t);
	}
}

static bool plan_tasks(struct pass *p, uint32_t only, struct scan_reading *readings)
{
	struct scan_session *s = p->s;

	p->tasks = sk_arena_array(s->arena, s->n_layers, sizeof(*p->tasks));
	p->jobs = sk_arena_array(s->arena, 2 * s->n_layers, sizeof(*p->jobs));
	for (size_t i = 0; i < s->n_layers; i++) {
		readings[i] = (struct scan_reading){0};
		if (s->layers[i].same_as != i || (only != MODEL_NO_LAYER && only != i))
			continue;
		readings[i].asked = true;
		p->tasks[p->n_tasks++] = (struct task){.layer = &s->layers[i], .out = &readings[i]};
	}
	return p->n_tasks != 0;
}

int scan_read_pass(struct scan_session *s, const struct scan_wanted *wanted, uint32_t only,
		   struct scan_reading *readings, struct sk_err *err)
{
	struct pass p = {.s = s, .wanted = wanted};
	int r = 0;

	if (!plan_tasks(&p, only, readings))
		return 0;
	for (size_t i = 0; i < p.n_tasks; i++)
		recall(&p, &p.tasks[i]);
	/* The second round reads what is not what it was said to be. */
	for (int round = 0; r == 0 && round < 2; round++) {
		plan_round(&p);
		if (p.n_jobs == 0)
			break;
		r = scan_run_jobs(s, "reading layers", p.jobs, p.n_jobs, err);
		if (r == 0)
			take_round(&p);
		for (size_t i = 0; i < p.n_jobs; i++)
			sk_buf_release(&p.jobs[i].answer);
		if (r == 0 && s->cache != NULL)
			keep(&p);
	}
	return r;
}
