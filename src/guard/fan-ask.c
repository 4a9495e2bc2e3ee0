/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that reads fanotify events: who is it, and does anybody care? */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "guard/fan-mount.h"
#include "guard/kern-fan-priv.h"

enum {
	BATCH = 64,
	TICK_MS = 1000,
	LINGER_MS = 50, /* a file that may run stays open so long: nobody writes to it meanwhile */
	STUCK_SECONDS = 2, /* a worker that takes longer is replaced */
	LATE_SECONDS = 8,  /* then it is decided without having looked */
	TREE_DEPTH = 64,
};

static void note_layer(void *ctx, const struct guard_fan_layer *layer)
{
	struct guard_fan_kern *f = ctx;

	(void)pthread_mutex_lock(&f->lock);
	(void)guard_table_put(f->layers, &layer->dev, layer);
	(void)pthread_mutex_unlock(&f->lock);
}

void guard_fan_mark_space(struct guard_fan_kern *f, uint32_t pid, bool remote)
{
	(void)guard_fan_mark_all(f->fd, pid, remote, note_layer, f);
}

/* A container that nobody has named yet. */
static void note_container(struct guard_fan_kern *f, uint64_t id, struct sk_span name)
{
	struct guard_container fresh = {.top = id, .flags = GUARD_C_PENDING};
	struct guard_fan_job *j;

	if (guard_table_put(f->maps[GUARD_MAP_CONTAINERS], &id, &fresh) == NULL)
		return;
	j = guard_fan_job_new(-1, 0);
	j->role = GUARD_FAN_NOTHING;
	j->rec.type = GUARD_REC_CGROUP;
	j->rec.op = GUARD_CGROUP_CONTAINER;
	j->rec.cgroup = id;
	j->rec.time_ns = sk_mono_ns();
	j->len = name.len < GUARD_NAME_BYTES ? name.len : GUARD_NAME_BYTES;
	j->rec.name_len = (uint16_t)j->len;
	memcpy(j->data, name.ptr, j->len);
	(void)guard_fan_emit(f, j, true);
}

/* A cgroup that is known itself, or the outermost above it that is a container by its name. */
static uint64_t find_top(struct guard_fan_kern *f, const char *text)
{
	char path[GUARD_CGROUP_PATH_SIZE + 256], id[GUARD_CONTAINER_ID_SIZE];
	size_t root = strlen(f->root), len;
	const struct guard_container *c;
	char outermost[sizeof(path)];
	uint64_t cgroup;

	outermost[0] = '\0';
	len = (size_t)snprintf(path, sizeof(path), "%s%s", f->root, text);
	while (len > root && len < sizeof(path)) {
		struct sk_span base = sk_path_base(sk_span_of(path, len));

		path[len] = '\0';
		cgroup = guard_cgroup_id(path);
		c = cgroup != 0 ? guard_table_get(f->maps[GUARD_MAP_CONTAINERS], &cgroup) : NULL;
		/* A container in a cgroup of the host that was selected is a container. */
		if (c != NULL && ((c->flags & GUARD_C_HOST) == 0 || outermost[0] == '\0'))
			return c->top;
		if (c != NULL)
			break;
		if (cgroup != 0 && guard_cgroup_container_id(base, id))
			memcpy(outermost, path, len + 1);
		len = base.len < len ? len - base.len - 1 : 0;
	}
	if (outermost[0] == '\0')
		return 0;
	cgroup = guard_cgroup_id(outermost);
	if (cgroup != 0)
		note_container(f, cgroup, sk_path_base(sk_span_str(outermost)));
	return cgroup;
}

static uint64_t self_of(const struct guard_fan_kern *f, const char *text)
{
	char path[GUARD_CGROUP_PATH_SIZE + 256];

	(void)snprintf(path, sizeof(path), "%s%s", f->root, text);
	return guard_cgroup_id(path);
}

uint64_t guard_fan_top_of(struct guard_fan_kern *f, const char *text)
{
	struct guard_fan_cached *c = NULL;
	size_t len = strlen(text), hash = 5381;

	for (size_t i = 0; i < len; i++)
		hash = hash * 33 + (unsigned char)text[i];
	if (len != 0 && len < GUARD_FAN_CACHED_TEXT)
		c = &f->cached[hash % GUARD_FAN_CACHED];
	/* A container that is started again has the same name and another number. */
	if (c != NULL && strcmp(c->text, text) == 0 && (c->top == 0 || c->self == self_of(f, text)))
		return c->top;
	if (c == NULL)
		return find_top(f, text);
	c->top = find_top(f, text);
	c->self = c->top != 0 ? self_of(f, text) : 0;
	memcpy(c->text, text, len + 1);
	return c->top;
}

/* Processes that were selected by number, and their descendants. */
static uint64_t tree_of(struct guard_fan_kern *f, uint32_t tid)
{
	struct guard_fan_task t;
	uint32_t pid;

	if (!guard_fan_task_look(tid, &t))
		return 0;
	pid = t.tgid;
	for (int i = 0; i < TREE_DEPTH && pid > 1; i++) {
		const struct guard_task *task = guard_table_get(f->maps[GUARD_MAP_TASKS], &pid);

		if (task != NULL && guard_cgroup_is_tree(task->cgroup))
			return task->cgroup;
		pid = guard_fan_parent_of(pid);
	}
	return 0;
}

/* Whose is it? Who left the container's cgroup but not its mount namespace is still its own. */
static uint64_t whose(struct guard_fan_kern *f, uint32_t tid, uint64_t mnt_ns)
{
	char text[GUARD_CGROUP_PATH_SIZE];
	const uint64_t *space;
	uint64_t top = 0;

	if (guard_fan_cgroup_of(tid, text, sizeof(text)))
		top = guard_fan_top_of(f, text);
	if (top == 0 && f->n_trees != 0)
		top = tree_of(f, tid);
	if (top != 0 || mnt_ns == f->own_mnt_ns)
		return top;
	space = guard_table_get(f->spaces, &mnt_ns);
	return space != NULL ? *space : 0;
}

/* A mount namespace that was not seen before: everything mounted there is marked first. */
static void meet_space(struct guard_fan_kern *f, uint32_t tid, uint64_t mnt_ns, uint64_t top)
{
	bool known;

	if (mnt_ns == 0 || mnt_ns == f->own_mnt_ns)
		return;
	(void)pthread_mutex_lock(&f->lock);
	known = top != 0 && guard_table_get(f->spaces, &mnt_ns) != NULL;
	if (top != 0)
		(void)guard_table_put(f->spaces, &mnt_ns, &top);
	(void)pthread_mutex_unlock(&f->lock);
	if (!known)
		guard_fan_mark_space(f, tid, false);
}

static void triage(struct guard_fan_kern *f, struct guard_fan_event *e)
{
	uint64_t mnt_ns = guard_fan_mnt_ns(e->tid), top;
	const struct guard_container *c;
	struct guard_fan_job *j;
	bool cares;

	(void)pthread_mutex_lock(&f->lock);
	top = whose(f, e->tid, mnt_ns);
	c = top != 0 ? guard_table_get(f->maps[GUARD_MAP_CONTAINERS], &top) : NULL;
	cares = c != NULL && (c->flags & GUARD_C_IGNORED) == 0;
	(void)pthread_mutex_unlock(&f->lock);
	meet_space(f, e->tid, mnt_ns, top);
	if (!cares) {
		guard_fan_answer(f->fd, e->fd, true);
		sk_closep(&e->fd);
		return;
	}
	j = guard_fan_job_new(sk_take_fd(e->fd), e->tid);
	j->cgroup = top;
	j->asked_ns = sk_mono_ns();
	j->refs = 2; /* one waits for the answer, one is worked on */
	(void)pthread_mutex_lock(&f->lock);
	TAILQ_INSERT_TAIL(&f->waiting, j, waiting);
	TAILQ_INSERT_TAIL(&f->work, j, queue);
	(void)pthread_cond_signal(&f->work_there);
	(void)pthread_mutex_unlock(&f->lock);
}

/* Events were lost: nobody knows whose. */
static void count_lost(struct guard_fan_kern *f)
{
	const uint64_t *key = NULL;

	(void)pthread_mutex_lock(&f->lock);
	f->stats.lost++;
	while ((key = guard_table_next(f->maps[GUARD_MAP_CONTAINERS], key)) != NULL) {
		struct guard_container *c = guard_table_get(f->maps[GUARD_MAP_CONTAINERS], key);

		c->lost++;
	}
	(void)pthread_mutex_unlock(&f->lock);
}

static bool mounts_changed(const struct guard_fan_kern *f)
{
	struct pollfd p = {.fd = f->mounts_fd, .events = POLLPRI};

	return poll(&p, 1, 0) > 0;
}

/*
 * What has to be mounted for a container was mounted before its runtime is started, and starting
 * that is an event too: so the mounts are looked at before any answer is given.
 */
static void take_events(struct guard_fan_kern *f)
{
	struct guard_fan_event events[BATCH];
	size_t n;

	do {
		n = guard_fan_read(f->fd, events, BATCH);
		if (mounts_changed(f))
			guard_fan_mark_space(f, 0, false);
		for (size_t i = 0; i < n; i++) {
			if (events[i].fd < 0)
				count_lost(f);
			else
				triage(f, &events[i]);
		}
		guard_fan_watchdog_beat(f->watchdog);
	} while (n == BATCH);
}

static void more_workers(struct guard_fan_kern *f)
{
	if (f->n_workers >= GUARD_FAN_MAX_WORKERS || f->quit)
		return;
	if (pthread_create(&f->workers[f->n_workers], NULL, guard_fan_work_loop, f) == 0)
		f->n_workers++;
}

void guard_fan_give_up(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	struct guard_container *c = guard_table_get(f->maps[GUARD_MAP_CONTAINERS], &j->cgroup);
	const struct guard_policy *p =
		c != NULL ? guard_table_get(f->maps[GUARD_MAP_POLICIES], &c->service) : NULL;
	bool deny = f->enforce && p != NULL && p->mode_exec == GUARD_REC_MODE_ENFORCE;

	if (j->answered_ns != 0)
		return;
	guard_fan_answer_job(f, j, !deny);
	if (c != NULL)
		c->lost++;
	f->stats.lost++;
}

static void sweep(struct guard_fan_kern *f)
{
	uint64_t now = sk_mono_ns();
	struct guard_fan_job *j, *next;

	(void)pthread_mutex_lock(&f->lock);
	for (j = TAILQ_FIRST(&f->waiting); j != NULL; j = next) {
		next = TAILQ_NEXT(j, waiting);
		if (now - j->asked_ns > LATE_SECONDS * SK_SECOND_NS)
			guard_fan_give_up(f, j);
	}
	j = TAILQ_FIRST(&f->work);
	if (j != NULL && now - j->asked_ns > STUCK_SECONDS * SK_SECOND_NS)
		more_workers(f);
	while ((j = TAILQ_FIRST(&f->lingering)) != NULL &&
	       now - j->answered_ns > LINGER_MS * 1000000ull) {
		TAILQ_REMOVE(&f->lingering, j, waiting);
		guard_fan_job_put(j);
	}
	(void)pthread_mutex_unlock(&f->lock);
}

static int patience(struct guard_fan_kern *f)
{
	int ms;

	(void)pthread_mutex_lock(&f->lock);
	ms = !TAILQ_EMPTY(&f->lingering) ? LINGER_MS : TICK_MS;
	(void)pthread_mutex_unlock(&f->lock);
	return ms;
}

void *guard_fan_ask_loop(void *arg)
{
	struct guard_fan_kern *f = arg;
	struct pollfd p[] = {{.fd = f->fd, .events = POLLIN},
			     {.fd = f->wake_fd, .events = POLLIN},
			     {.fd = f->mounts_fd, .events = POLLPRI}};
	bool quit = false;

	while (!quit) {
		if (poll(p, SK_ARRAY_LEN(p), patience(f)) < 0 && errno != EINTR)
			break;
		if (p[2].revents != 0)
			guard_fan_mark_space(f, 0, false);
		take_events(f);
		sweep(f);
		(void)pthread_mutex_lock(&f->lock);
		quit = f->quit;
		(void)pthread_mutex_unlock(&f->lock);
	}
	return NULL;
}
