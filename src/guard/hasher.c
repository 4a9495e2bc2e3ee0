/* SPDX-License-Identifier: Apache-2.0 */
/* A queue that one thread fills and empties, and another goes through. */
#include "guard/hasher.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "guard/files.h"
#include "guard/reader.h"

enum {
	MAX_WAITING = 4096,
	WAIT_MS = 2000, /* longest that an event waits: 400 MB and more are read by then */
	N_ANSWERS = 256,
};

/** struct waiting - an event of the queue */
struct waiting {
	struct waiting *next;
	struct sk_arena *arena;
	struct guard_event event;
	struct guard_file_id id;
	struct guard_whose whose; /* for the look-up only: cgroup, path, layers, is_host */
	int fd;                   /* the file, where the backend has it */
	bool is_program;          /* the process runs the file itself */
	bool is_asked;            /* and not answered yet */
	bool is_read;             /* by the thread, now */
	bool is_told;             /* handed out as it was */
	bool is_dropped;          /* nobody waits any more: the thread frees it */
	uint64_t until_ms;
};

/** struct answer - what the thread found */
struct answer {
	struct guard_file_id id;
	bool is_set;
	uint8_t hash[GUARD_HASH_BYTES];
};

struct guard_hasher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool has_thread;
	bool is_over;
	uint64_t busy_ms; /* since when a file is being read; 0: none is */
	struct waiting *first;
	struct waiting **last;
	struct waiting *todo; /* the next that the thread looks at */
	struct waiting *told; /* what guard_hasher_next() handed out */
	size_t n_waiting;
	struct answer answers[N_ANSWERS]; /* by the file's hash; a later one takes the place */
	struct guard_reader *reader;      /* of the thread */
};

static void waiting_free(struct waiting *p)
{
	if (p == NULL)
		return;
	if (p->fd >= 0)
		(void)close(p->fd);
	sk_arena_free(p->arena);
	sk_free(p);
}

static enum guard_read read_hash(struct guard_hasher *h, struct waiting *p, uint8_t *ret)
{
	struct guard_asking asking = {
		.owner = p->whose.cgroup, .wait_ms = WAIT_MS, .patience = GUARD_PATIENCE_FULL};
	struct guard_used_file used = {.id = &p->id,
				       .path = p->event.file_path,
				       .fd = p->fd,
				       .pid = p->event.host_pid,
				       .is_program = p->is_program};

	return guard_reader_used(h->reader, &asking, &p->whose, &used, ret);
}

static struct answer *answer_place(struct guard_hasher *h, const struct guard_file_id *id)
{
	return &h->answers[sk_hash64(sk_span_of(id, sizeof(*id))) % N_ANSWERS];
}

/* The file was read before: nothing is to be waited for. */
static bool answer_known(struct guard_hasher *h, const struct guard_file_id *id,
			 struct guard_event *e)
{
	const struct answer *a = answer_place(h, id);

	if (!a->is_set || memcmp(&a->id, id, sizeof(*id)) != 0)
		return false;
	guard_event_set_hash(e, a->hash);
	return true;
}

static void answer(struct guard_hasher *h, struct waiting *p, enum guard_read read,
		   const uint8_t *hash)
{
	struct answer *a = answer_place(h, &p->id);

	/* What may change without a trace is read each time. */
	if (read == GUARD_READ_YES && guard_reader_is_kept(h->reader)) {
		*a = (struct answer){.id = p->id, .is_set = true};
		memcpy(a->hash, hash, sizeof(a->hash));
	}
	if (read == GUARD_READ_YES)
		guard_event_set_hash(&p->event, hash);
	else
		p->event.sha256_state =
			read == GUARD_READ_NO ? GUARD_CONTENT_GONE : GUARD_CONTENT_LATE;
	p->is_asked = false;
}

/* Called with the lock, which is given up while a file is read. */
static void look_at(struct guard_hasher *h, struct waiting *p)
{
	uint8_t hash[GUARD_HASH_BYTES];
	enum guard_read read;

	p->is_read = true;
	h->busy_ms = sk_mono_ms();
	(void)pthread_mutex_unlock(&h->lock);
	read = read_hash(h, p, hash);
	(void)pthread_mutex_lock(&h->lock);
	h->busy_ms = 0;
	p->is_read = false;
	if (p->is_dropped)
		waiting_free(p);
	else if (!p->is_told)
		answer(h, p, read, hash);
}

static void hasher_end(struct guard_hasher *h)
{
	(void)pthread_cond_destroy(&h->more);
	(void)pthread_mutex_destroy(&h->lock);
	guard_reader_free(h->reader);
	sk_free(h);
}

static void *go_through(void *arg)
{
	struct guard_hasher *h = arg;
	bool is_left;

	(void)pthread_mutex_lock(&h->lock);
	while (!h->is_over) {
		struct waiting *p = h->todo;

		if (p == NULL) {
			(void)pthread_cond_wait(&h->more, &h->lock);
			continue;
		}
		h->todo = p->next;
		if (p->is_asked)
			look_at(h, p);
	}
	is_left = !h->has_thread;
	(void)pthread_mutex_unlock(&h->lock);
	if (is_left)
		hasher_end(h);
	return NULL;
}

struct guard_hasher *guard_hasher_new(void)
{
	struct guard_hasher *h = sk_alloc(sizeof(*h));
	struct sk_err ignored;

	(void)pthread_mutex_init(&h->lock, NULL);
	(void)pthread_cond_init(&h->more, NULL);
	h->last = &h->first;
	h->has_thread = guard_reader_new(&h->reader, &ignored) == 0 &&
			pthread_create(&h->thread, NULL, go_through, h) == 0;
	return h;
}

static void drop(struct waiting *p)
{
	if (p != NULL && p->is_read)
		p->is_dropped = true;
	else
		waiting_free(p);
}

void guard_hasher_free(struct guard_hasher *h)
{
	bool is_busy;

	if (h == NULL)
		return;
	(void)pthread_mutex_lock(&h->lock);
	while (h->first != NULL) {
		struct waiting *p = h->first;

		h->first = p->next;
		drop(p);
	}
	drop(h->told);
	h->is_over = true;
	/* A thread that waits for a file cleans up behind itself. */
	is_busy = h->has_thread && h->busy_ms != 0;
	if (is_busy) {
		h->has_thread = false;
		(void)pthread_detach(h->thread);
	}
	(void)pthread_cond_signal(&h->more);
	(void)pthread_mutex_unlock(&h->lock);
	if (is_busy)
		return;
	if (h->has_thread)
		(void)pthread_join(h->thread, NULL);
	hasher_end(h);
}

/* What the look-up needs; the container may be forgotten meanwhile. */
static void copy_whose(struct waiting *p, const struct guard_whose *w)
{
	memcpy(p->whose.path, w->path, sizeof(p->whose.path));
	p->whose.is_host = w->is_host;
	p->whose.cgroup = w->cgroup;
	p->whose.layers = sk_arena_strdup(p->arena, w->layers);
}

static struct waiting *waiting_new(const struct guard_event *e)
{
	struct waiting *p = sk_alloc(sizeof(*p));

	p->arena = sk_arena_new();
	guard_event_copy(p->arena, e, &p->event);
	p->event.file_fd = -1;
	p->fd = -1;
	return p;
}

static void ask(struct waiting *p, const struct guard_rec *rec, const struct guard_event *e,
		const struct guard_whose *w)
{
	p->is_asked = true;
	p->is_program = rec->type == GUARD_REC_EXEC;
	p->id = rec->file;
	p->until_ms = sk_mono_ms() + WAIT_MS;
	if (e->file_fd >= 0)
		p->fd = fcntl(e->file_fd, F_DUPFD_CLOEXEC, 0);
	copy_whose(p, w);
}

bool guard_hasher_put(struct guard_hasher *h, const struct guard_rec *rec, struct guard_event *e,
		      const struct guard_whose *w)
{
	bool wanted = rec != NULL && w != NULL && e->kind == GUARD_KIND_EXEC &&
		      e->file_path != NULL && e->file_sha256[0] == '\0';
	struct waiting *p = NULL;

	(void)pthread_mutex_lock(&h->lock);
	wanted = wanted && !answer_known(h, &rec->file, e);
	if (wanted || h->first != NULL) {
		p = waiting_new(e);
		if (wanted)
			ask(p, rec, e, w);
		*h->last = p;
		h->last = &p->next;
		h->n_waiting++;
	}
	if (wanted && h->todo == NULL) {
		h->todo = p;
		(void)pthread_cond_signal(&h->more);
	}
	(void)pthread_mutex_unlock(&h->lock);
	return p != NULL;
}

static bool is_ready(const struct guard_hasher *h, const struct waiting *p)
{
	uint64_t now = sk_mono_ms();

	return !p->is_asked || !h->has_thread || h->n_waiting > MAX_WAITING || now >= p->until_ms ||
	       (h->busy_ms != 0 && now - h->busy_ms >= WAIT_MS);
}

const struct guard_event *guard_hasher_next(struct guard_hasher *h, bool *ret_waits)
{
	struct waiting *p;

	(void)pthread_mutex_lock(&h->lock);
	drop(h->told);
	h->told = NULL;
	p = h->first;
	if (p != NULL && is_ready(h, p)) {
		h->first = p->next;
		if (h->first == NULL)
			h->last = &h->first;
		if (h->todo == p)
			h->todo = p->next;
		h->n_waiting--;
		p->is_told = true;
		if (p->is_asked)
			p->event.sha256_state = GUARD_CONTENT_LATE;
		h->told = p;
	} else {
		*ret_waits = p != NULL;
	}
	p = h->told;
	(void)pthread_mutex_unlock(&h->lock);
	return p != NULL ? &p->event : NULL;
}
