/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process a job. The answer's frame (docs/formats/worker.md): magic, code, length of the
 * message, length of the content, little-endian; then message and content.
 */
#include "scan/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/sandbox.h"
#include "base/text.h"

enum {
	MAX_WORKERS = 256,
	TICK_MS = 100,
	FRAME_SIZE = 24,
	READ_CHUNK = 64 * 1024,
	/* Directory handles of the deepest path (limit path_depth) and a few more. */
	WORKER_FILES = 300,
};

static const uint32_t frame_magic = 0x31574b53; /* "SKW1" */
/* A million packages with their texts; a worker that sends more is not telling the truth. */
static const size_t answer_max = 256u << 20;
/* Decoder windows (zstd: 128 MiB) plus one whole file (limit file) three times over. */
static const uint64_t worker_memory = 2ull << 30;

struct worker {
	struct scan_job *job;
	pid_t pid;
	int fd;
	uint8_t frame[FRAME_SIZE];
	size_t n_frame;
	size_t expected; /* bytes of message and content together */
	uint32_t code;
	uint32_t msg_len;
};

static void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void send_answer(int fd, int r, const struct sk_err *err, const struct sk_buf *answer)
{
	uint8_t frame[FRAME_SIZE] = {0};
	size_t msg_len = r < 0 ? strlen(err->msg) : 0;
	size_t len = r < 0 ? 0 : answer->len;

	put_u32(frame, frame_magic);
	put_u32(frame + 4, (uint32_t)(r < 0 ? -r : 0));
	put_u32(frame + 8, (uint32_t)msg_len);
	put_u32(frame + 16, (uint32_t)len);
	put_u32(frame + 20, (uint32_t)((uint64_t)len >> 32));
	if (sk_write_all(fd, frame, sizeof(frame)) < 0 || sk_write_all(fd, err->msg, msg_len) < 0 ||
	    sk_write_all(fd, answer->ptr, len) < 0)
		_exit(1);
}

static sk_noreturn void worker_main(struct scan_job *job, int out)
{
	struct sk_sandbox box = {
		.keep_fds = {out, job->tree ? -1 : job->fd,
			     (job->flags & SCAN_JOB_OUT) != 0 ? job->out_fd : -1, -1},
		.tree_fd = job->tree ? job->fd : -1,
		.memory = worker_memory,
		.cpu_s = job->limits->max[SK_LIMIT_TIME],
		.n_files = WORKER_FILES,
	};
	struct sk_err err = {0};
	struct sk_buf answer;
	int r = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	sk_buf_init(&answer, answer_max);
	if ((job->flags & SCAN_JOB_NETWORK) == 0)
		r = sk_sandbox_enter(&box, &job->layers, &err);
	if (r == 0)
		r = job->work(job, &answer, &err);
	if (r == 0 && answer.overflow)
		r = sk_err_set(&err, SK_E_LIMIT, "more than %zu bytes of results", answer_max);
	send_answer(out, r, &err, &answer);
	_exit(0);
}

static int start(struct worker *w, struct scan_job *job, struct sk_err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return sk_err_errno(err, errno, "worker: pipe");
	*w = (struct worker){.job = job, .fd = fds[0]};
	sk_buf_init(&job->answer, answer_max);
	w->pid = fork();
	if (w->pid == 0) {
		(void)close(fds[0]);
		worker_main(job, fds[1]);
	}
	(void)close(fds[1]);
	if ((job->flags & SCAN_JOB_TAKE_FD) != 0)
		sk_closep(&job->fd);
	if (w->pid < 0) {
		w->pid = 0;
		(void)close(fds[0]);
		return sk_err_errno(err, EAGAIN, "worker: fork");
	}
	return 0;
}

/* Return: false when the frame is not one that a worker of ours writes. */
static bool read_frame(struct worker *w)
{
	uint64_t len = get_u32(w->frame + 16) | (uint64_t)get_u32(w->frame + 20) << 32;

	w->code = get_u32(w->frame + 4);
	w->msg_len = get_u32(w->frame + 8);
	if (get_u32(w->frame) != frame_magic || w->msg_len >= SK_ERR_MSG_SIZE || len > answer_max)
		return false;
	if (w->code >= SK_E_END_ || (w->code != 0) != (w->msg_len != 0) ||
	    (w->code != 0 && len != 0))
		return false;
	w->expected = w->msg_len + (size_t)len;
	return true;
}

/* Return: 1 more to come, 0 end of the pipe, negative: the worker does not keep to the form. */
static int receive(struct worker *w)
{
	struct sk_buf *b = &w->job->answer;
	size_t room = READ_CHUNK;
	ssize_t n;

	if (w->n_frame < FRAME_SIZE) {
		n = read(w->fd, w->frame + w->n_frame, FRAME_SIZE - w->n_frame);
		if (n <= 0)
			return n < 0 && (errno == EINTR || errno == EAGAIN) ? 1 : 0;
		w->n_frame += (size_t)n;
		return w->n_frame < FRAME_SIZE || read_frame(w) ? 1 : -SK_E_WORKER;
	}
	if (room > w->expected - b->len)
		room = w->expected - b->len;
	if (room == 0) {
		char extra;

		n = read(w->fd, &extra, 1);
		return n > 0 ? -SK_E_WORKER : n < 0 && errno == EINTR ? 1 : 0;
	}
	n = read(w->fd, sk_buf_reserve(b, room), room);
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN) ? 1 : 0;
	b->len += (size_t)n;
	b->ptr[b->len] = '\0';
	return 1;
}

/* The worker's own words, made safe: it may have been taken over. */
static void take_message(struct worker *w)
{
	struct scan_job *job = w->job;
	struct sk_buf text;

	sk_buf_init(&text, SK_ERR_MSG_SIZE - 1);
	for (struct sk_span s = sk_span_sub(sk_buf_span(&job->answer), 0, w->msg_len);
	     s.len != 0;) {
		const char *at = s.ptr;
		uint32_t cp;

		if (sk_utf8_next(&s, &cp) && !sk_text_is_unsafe(cp))
			(void)sk_buf_add(&text, at, (size_t)(s.ptr - at));
		else
			(void)sk_buf_add_char(&text, '?');
	}
	job->r = sk_err_set(&job->err, (int)w->code, "%s", text.len != 0 ? text.ptr : "");
	sk_buf_release(&text);
	sk_buf_reset(&job->answer);
}

static void explain_death(struct scan_job *job, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		job->r = sk_err_set(&job->err, SK_E_TIMEOUT,
				    "worker used more CPU time than limit time allows");
	else if (WIFSIGNALED(status))
		job->r = sk_err_set(&job->err, SK_E_WORKER, "worker died: %s",
				    strsignal(WTERMSIG(status)));
	else
		job->r = sk_err_set(&job->err, SK_E_WORKER, "worker ended without an answer");
}

/* @r: how receiving ended. */
static void finish(struct worker *w, int r, const char *why)
{
	struct scan_job *job = w->job;
	int status = 0;

	if (r < 0)
		(void)kill(w->pid, SIGKILL);
	(void)close(w->fd);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
	w->fd = -1;
	if (r < 0)
		job->r = sk_err_set(&job->err, -r, "%s", why);
	else if (w->n_frame < FRAME_SIZE || job->answer.len != w->expected)
		explain_death(job, status);
	else if (w->code != 0)
		take_message(w);
	else
		job->r = 0;
	if (job->r < 0) {
		sk_buf_release(&job->answer);
		job->r = sk_err_wrap(&job->err, job->r, "%s", job->what);
	}
}

struct run {
	const struct scan_pool *pool;
	struct worker *workers; /* pid 0: free */
	struct pollfd *polls;
	unsigned n_workers;
	unsigned n_busy;
};

static int larger_first(const void *x, const void *y)
{
	const struct scan_job *a = *(struct scan_job *const *)x, *b = *(struct scan_job *const *)y;

	if (a->size_hint != b->size_hint)
		return a->size_hint > b->size_hint ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* The largest job starts first, so that no core waits long for the last one. */
static struct scan_job **order_of(struct scan_job *jobs, size_t n_jobs)
{
	struct scan_job **order = sk_alloc((n_jobs + 1) * sizeof(*order));

	for (size_t i = 0; i < n_jobs; i++)
		order[i] = &jobs[i];
	qsort(order, n_jobs, sizeof(struct scan_job *), larger_first);
	return order;
}

static int start_free(struct run *run, struct scan_job **jobs, size_t n_jobs, size_t *next,
		      struct sk_err *err)
{
	for (unsigned i = 0; i < run->n_workers && *next < n_jobs; i++) {
		int r;

		if (run->workers[i].pid != 0)
			continue;
		r = start(&run->workers[i], jobs[*next], err);
		if (r < 0)
			return r;
		(*next)++;
		run->n_busy++;
	}
	return 0;
}

static void serve_one(struct run *run, unsigned i)
{
	struct worker *w = &run->workers[i];
	int r = receive(w);

	if (r == 1)
		return;
	finish(w, r, "worker does not keep to the channel's form");
	run->n_busy--;
}

static void serve(struct run *run)
{
	bool late = run->pool->deadline_ms != 0 && sk_mono_ms() > run->pool->deadline_ms;
	bool blind = false;

	for (unsigned i = 0; i < run->n_workers; i++)
		run->polls[i] = (struct pollfd){
			.fd = run->workers[i].pid != 0 ? run->workers[i].fd : -1, .events = POLLIN};
	if (!late && poll(run->polls, run->n_workers, TICK_MS) < 0 && errno != EINTR)
		blind = true;
	for (unsigned i = 0; i < run->n_workers; i++) {
		if (run->workers[i].pid == 0)
			continue;
		if (late) {
			finish(&run->workers[i], -SK_E_TIMEOUT,
			       "limit time exceeded; raise it with --limit time=N");
			run->n_busy--;
		} else if (blind) {
			finish(&run->workers[i], -SK_E_WORKER, "the worker cannot be waited for");
			run->n_busy--;
		} else if (run->polls[i].revents != 0) {
			serve_one(run, i);
		}
	}
}

static void tick(const struct scan_pool *pool, const struct scan_job *jobs, size_t n_jobs)
{
	uint64_t done = 0, total = 0;

	if (pool->tick == NULL)
		return;
	for (size_t i = 0; i < n_jobs; i++) {
		uint64_t said = *jobs[i].progress;

		done += said < (1ull << 50) ? said : 0;
		total += jobs[i].size_hint;
	}
	pool->tick(pool->ctx, done, total);
}

int scan_pool_run(const struct scan_pool *pool, struct scan_job *jobs, size_t n_jobs,
		  struct sk_err *err)
{
	struct run run = {.pool = pool, .n_workers = pool->n_workers};
	size_t shared_size = (n_jobs + 1) * sizeof(uint64_t), next = 0;
	uint64_t *shared =
		mmap(NULL, shared_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct scan_job **order;
	int r = 0;

	if (shared == MAP_FAILED)
		return sk_err_errno(err, errno, "worker: shared memory");
	if (run.n_workers > MAX_WORKERS)
		run.n_workers = MAX_WORKERS;
	if (run.n_workers > n_jobs)
		run.n_workers = (unsigned)n_jobs;
	run.workers = sk_alloc(run.n_workers * sizeof(*run.workers));
	run.polls = sk_alloc(run.n_workers * sizeof(*run.polls));
	for (size_t i = 0; i < n_jobs; i++) {
		jobs[i].progress = &shared[i];
		sk_buf_init(&jobs[i].answer, answer_max);
		jobs[i].r = sk_err_set(&jobs[i].err, SK_E_WORKER, "%s: not run", jobs[i].what);
	}
	order = order_of(jobs, n_jobs);
	while (r == 0 && (next < n_jobs || run.n_busy != 0)) {
		r = start_free(&run, order, n_jobs, &next, err);
		if (r == 0)
			serve(&run);
		tick(pool, jobs, n_jobs);
	}
	for (unsigned i = 0; i < run.n_workers; i++)
		if (run.workers[i].pid != 0)
			finish(&run.workers[i], -SK_E_WORKER, "stopped");
	for (size_t i = 0; i < n_jobs; i++)
		jobs[i].progress = NULL;
	sk_free(order);
	sk_free(run.workers);
	sk_free(run.polls);
	(void)munmap(shared, shared_size);
	return r;
}

int scan_pool_ask(struct scan_job *job, uint64_t deadline_ms,
		  void (*read)(struct sk_wire *w, void *ctx), void *ctx, struct sk_err *err)
{
	const struct sk_limits limits = sk_limits_default();
	const struct scan_pool pool = {.n_workers = 1, .deadline_ms = deadline_ms};
	struct sk_wire w;
	int r;

	job->limits = &limits;
	r = scan_pool_run(&pool, job, 1, err);
	if (r == 0 && job->r < 0) {
		*err = job->err;
		r = job->r;
	}
	if (r == 0) {
		w = sk_wire_init(sk_buf_span(&job->answer));
		read(&w, ctx);
		if (!sk_wire_at_end(&w))
			r = sk_err_set(err, SK_E_WORKER, "%s: malformed answer", job->what);
	}
	sk_buf_release(&job->answer);
	job->limits = NULL;
	return r;
}
