/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to a webhook: a thread posts what waits in a bounded queue, several lines at once
 * (application/x-ndjson) when they come faster than they are taken. A receiver that fails is asked
 * again with growing pauses; what finds no room meanwhile is counted.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "guard/output-priv.h"
#include "http/http.h"

enum {
	QUEUE_BYTES = 4 << 20,
	BATCH_BYTES = 256 << 10,
	BATCH_LINES = 100,
	FIRST_PAUSE_MS = 500,
	LONGEST_PAUSE_MS = 60000,
	END_MS = 3000,     /* at the end, for what is left */
	TIMEOUT_MS = 5000, /* without a word from the receiver */
	POST_MS = 10000,   /* for a whole answer, which it may send byte by byte */
	NOTE_SIZE = 128,
};

struct guard_webhook {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	char *url;
	char *authorization; /* whole header line, or NULL */
	struct http_client *client;
	/* below: under the lock */
	struct sk_buf queue;
	size_t n_lines;
	bool ending;
	bool ended; /* the thread is gone */
	struct timespec end;
	uint64_t sent;
	uint64_t failed;
	char note[NOTE_SIZE];
	char note_copy[NOTE_SIZE];
};

static struct timespec after_ms(unsigned ms)
{
	uint64_t ns = sk_mono_ns() + ms * SK_MS_NS;

	return (struct timespec){
		.tv_sec = (time_t)(ns / SK_SECOND_NS),
		.tv_nsec = (long)(ns % SK_SECOND_NS),
	};
}

static bool is_past(const struct timespec *t)
{
	return sk_mono_ns() >= sk_timespec_ns(t);
}

/* Moves some lines from the front of the queue to @batch. */
static size_t take_batch(struct guard_webhook *w, struct sk_buf *batch)
{
	struct sk_span rest = sk_buf_span(&w->queue);
	size_t n = 0, used = 0;

	while (used < rest.len && n < BATCH_LINES) {
		struct sk_span tail = sk_span_sub(rest, used, rest.len);
		size_t len = sk_span_find(tail, '\n') + 1;

		if (n != 0 && used + len > BATCH_BYTES)
			break;
		used += len;
		n++;
	}
	(void)sk_buf_add(batch, rest.ptr, used);
	memmove(w->queue.ptr, w->queue.ptr + used, w->queue.len - used);
	w->queue.len -= used;
	w->n_lines -= n;
	return n;
}

static int post(struct guard_webhook *w, const struct sk_buf *batch, size_t n, struct sk_err *err)
{
	const char *headers[] = {w->authorization, NULL};
	struct http_message msg = {
		.url = w->url,
		.content_type = n == 1 ? "application/json" : "application/x-ndjson",
		.body = sk_buf_span(batch),
		.headers = headers,
		.timeout_ms = POST_MS,
	};
	struct http_response resp;
	int r = http_post(w->client, &msg, &resp, err);

	/* The address may hold a secret: only the kind of failure is told. */
	if (r < 0 && resp.status != 0)
		(void)sk_err_set(err, -r, "the webhook answers %d", resp.status);
	else if (r < 0)
		(void)sk_err_set(err, -r, "the webhook is not reached (%s)", sk_err_name(-r));
	return r;
}

/* Refused for good: asking again with the same lines would block all later ones. */
static bool is_refusal(int r)
{
	return r == -SK_E_UNSUPPORTED || r == -SK_E_NOT_FOUND || r == -SK_E_AUTH;
}

/* Until the time given, or until the end is called for. Locked. */
static void pause_until(struct guard_webhook *w, const struct timespec *until)
{
	bool ending = w->ending;

	while (w->ending == ending &&
	       pthread_cond_timedwait(&w->wake, &w->lock, until) != ETIMEDOUT)
		;
}

/* Posts one batch until it is taken, refused, or the end comes. Unlocked. */
static void deliver(struct guard_webhook *w, const struct sk_buf *batch, size_t n)
{
	unsigned pause_ms = FIRST_PAUSE_MS;
	bool over = false;

	while (!over) {
		struct sk_err err = {0};
		int r = post(w, batch, n, &err);
		struct timespec until = after_ms(pause_ms);

		(void)pthread_mutex_lock(&w->lock);
		if (r == 0) {
			w->sent += n;
			w->note[0] = '\0';
		} else {
			(void)snprintf(w->note, sizeof(w->note), "%.*s", NOTE_SIZE - 1, err.msg);
		}
		over = r == 0 || is_refusal(r);
		over = over || (w->ending && is_past(&w->end));
		if (!over)
			pause_until(w, &until);
		if (over && r < 0)
			w->failed += n;
		(void)pthread_mutex_unlock(&w->lock);
		pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
	}
}

static void *run(void *ctx)
{
	struct guard_webhook *w = ctx;
	struct sk_buf batch;

	sk_buf_init(&batch, QUEUE_BYTES);
	while (true) {
		size_t n;

		(void)pthread_mutex_lock(&w->lock);
		while (w->n_lines == 0 && !w->ending)
			(void)pthread_cond_wait(&w->wake, &w->lock);
		if (w->n_lines == 0 || (w->ending && is_past(&w->end))) {
			w->failed += w->n_lines;
			w->n_lines = 0;
			(void)pthread_mutex_unlock(&w->lock);
			break;
		}
		sk_buf_reset(&batch);
		n = take_batch(w, &batch);
		(void)pthread_mutex_unlock(&w->lock);
		deliver(w, &batch, n);
	}
	sk_buf_release(&batch);
	return NULL;
}

static void release(struct guard_webhook *w)
{
	http_client_free(w->client);
	sk_buf_release(&w->queue);
	sk_free(w->url);
	sk_free(w->authorization);
	sk_free(w);
}

static char *header_line(const char *authorization)
{
	struct sk_buf b;

	if (authorization == NULL)
		return NULL;
	sk_buf_init(&b, 64 << 10);
	(void)sk_buf_printf(&b, "Authorization: %s", authorization);
	return sk_buf_steal(&b);
}

int guard_webhook_new(const char *url, const char *authorization, const char *ca_file,
		      struct guard_webhook **ret, struct sk_err *err)
{
	const struct http_options opts = {
		.ca_file = ca_file,
		.connect_timeout_ms = TIMEOUT_MS,
		.stall_timeout_ms = TIMEOUT_MS,
	};
	struct guard_webhook *w = sk_alloc(sizeof(*w));
	pthread_condattr_t attr;
	sigset_t all, old;
	int r;

	sk_buf_init(&w->queue, QUEUE_BYTES);
	w->url = sk_strdup(url);
	w->authorization = header_line(authorization);
	r = http_client_new(&opts, &w->client, err);
	if (r < 0) {
		release(w);
		return sk_err_wrap(err, r, "webhook");
	}
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	/* signals are for the thread that waits for them */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	r = pthread_create(&w->thread, NULL, run, w);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0) {
		release(w);
		return sk_err_errno(err, r, "start a thread for the webhook");
	}
	*ret = w;
	return 0;
}

void guard_webhook_end(struct guard_webhook *w)
{
	if (w->ended)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->ending = true;
	w->end = after_ms(END_MS);
	(void)pthread_cond_signal(&w->wake);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	w->ended = true;
}

void guard_webhook_free(struct guard_webhook *w)
{
	if (w == NULL)
		return;
	guard_webhook_end(w);
	(void)pthread_mutex_destroy(&w->lock);
	(void)pthread_cond_destroy(&w->wake);
	release(w);
}

void guard_webhook_line(struct guard_webhook *w, struct sk_span line)
{
	(void)pthread_mutex_lock(&w->lock);
	if (sk_buf_add_span(&w->queue, line))
		w->n_lines++;
	else
		w->failed++;
	(void)pthread_cond_signal(&w->wake);
	(void)pthread_mutex_unlock(&w->lock);
}

void guard_webhook_stats(struct guard_webhook *w, uint64_t *ret_sent, uint64_t *ret_failed,
			 const char **ret_note)
{
	(void)pthread_mutex_lock(&w->lock);
	*ret_sent = w->sent;
	*ret_failed = w->failed;
	memcpy(w->note_copy, w->note, sizeof(w->note));
	*ret_note = w->note_copy[0] != '\0' ? w->note_copy : NULL;
	(void)pthread_mutex_unlock(&w->lock);
}
