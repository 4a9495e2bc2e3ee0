/* SPDX-License-Identifier: Apache-2.0 */
/* The session's side of the fanotify backend: its start and end, maps, records. */
#include "guard/kern-fan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "guard/fan-mount.h"
#include "guard/files.h"
#include "guard/kern-fan-priv.h"

enum {
	MAX_ENTRIES = 262144,
	JOIN_SECONDS = 1, /* for workers to come back at the end */
};

static const struct {
	size_t key, value, max;
} shapes[GUARD_N_MAPS] = {
	[GUARD_MAP_TASKS] = {sizeof(uint32_t), sizeof(struct guard_task), GUARD_FAN_MAX_TASKS},
	[GUARD_MAP_CONTAINERS] = {sizeof(uint64_t), sizeof(struct guard_container),
				  GUARD_FAN_MAX_TASKS},
	[GUARD_MAP_POLICIES] = {sizeof(uint32_t), sizeof(struct guard_policy), GUARD_MAX_SERVICES},
	[GUARD_MAP_ALLOW] = {sizeof(struct guard_allow_key), sizeof(struct guard_allow),
			     MAX_ENTRIES},
	[GUARD_MAP_SIZES] = {sizeof(struct guard_size_key), sizeof(uint32_t), MAX_ENTRIES},
	[GUARD_MAP_USES] = {sizeof(struct guard_use_key), sizeof(uint32_t), MAX_ENTRIES},
	[GUARD_MAP_SEEN] = {sizeof(struct guard_seen_key), sizeof(uint64_t), GUARD_FAN_MAX_TASKS},
	[GUARD_MAP_FOLDS] = {sizeof(struct guard_fold_key), sizeof(struct guard_fold),
			     GUARD_FAN_MAX_TASKS},
};

/* A program, or a script that a program waits for. Returns false when it waits no more. */
static bool release_job(struct guard_fan_kern *f, struct guard_fan_job *j, bool allow)
{
	struct guard_fan_job *program = j->gate != NULL ? j->gate : j;
	bool waits = program->asked_ns != 0 && program->answered_ns == 0;

	if (allow)
		guard_fan_pass(f, program, program == j);
	else
		guard_fan_answer_job(f, program, false);
	return waits;
}

/* What nobody released was none of the session's business. */
static void tell(struct guard_kern *k, struct guard_fan_job *j)
{
	struct guard_fan_kern *f = k->fan;

	f->current = j;
	if (k->fn != NULL && k->fn_result >= 0)
		k->fn_result = k->fn(k->fn_ctx, &j->rec, j->data, j->len);
	f->current = NULL;
	(void)pthread_mutex_lock(&f->lock);
	if (j->rec.verdict == GUARD_REC_HELD && !j->is_released)
		(void)release_job(f, j, true);
	guard_fan_job_put(j);
	(void)pthread_mutex_unlock(&f->lock);
}

static int fan_poll(struct guard_kern *k, int timeout_ms, struct sk_err *err)
{
	struct guard_fan_kern *f = k->fan;
	struct pollfd p = {.fd = f->out_fd, .events = POLLIN};
	struct guard_fan_job *j;
	uint64_t count, now;
	int n = 0;

	k->fn_result = 0;
	if (poll(&p, 1, timeout_ms) < 0 && errno != EINTR)
		return sk_err_errno(err, errno, "guard: wait for events");
	if (p.revents != 0 && read(f->out_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return sk_err_errno(err, errno, "guard: wait for events");
	do {
		(void)pthread_mutex_lock(&f->lock);
		j = TAILQ_FIRST(&f->out);
		if (j != NULL) {
			TAILQ_REMOVE(&f->out, j, queue);
			f->n_out--;
		}
		(void)pthread_mutex_unlock(&f->lock);
		if (j != NULL) {
			tell(k, j);
			n++;
		}
	} while (j != NULL && k->fn_result >= 0);
	now = sk_mono_ns();
	if (now - f->round_ns >= SK_SECOND_NS) {
		f->round_ns = now;
		guard_fan_round(f);
	}
	return k->fn_result < 0 ? k->fn_result : n;
}

static void fan_heartbeat(struct guard_kern *k)
{
	(void)k; /* the asker gives its own */
}

static bool fan_get(const struct guard_kern *k, enum guard_map map, const void *key,
		    void *ret_value)
{
	struct guard_fan_kern *f = k->fan;
	const void *value = NULL;

	(void)pthread_mutex_lock(&f->lock);
	if (f->maps[map] != NULL)
		value = guard_table_get(f->maps[map], key);
	if (value != NULL)
		memcpy(ret_value, value, shapes[map].value);
	(void)pthread_mutex_unlock(&f->lock);
	return value != NULL;
}

/* What has to be known beside the element. */
static void note_put(struct guard_fan_kern *f, enum guard_map map, const void *key,
		     const void *value)
{
	uint64_t start;
	uint32_t pid;

	if (map == GUARD_MAP_CONTAINERS) {
		const struct guard_container *c = value;

		memset(f->cached, 0, sizeof(f->cached));
		f->n_trees += guard_cgroup_is_tree(c->top);
	}
	if (map != GUARD_MAP_TASKS)
		return;
	memcpy(&pid, key, sizeof(pid));
	start = guard_fan_start_of(pid);
	(void)guard_table_put(f->starts, &pid, &start);
}

static int fan_put(struct guard_kern *k, enum guard_map map, const void *key, const void *value)
{
	struct guard_fan_kern *f = k->fan;
	bool fits = true;

	(void)pthread_mutex_lock(&f->lock);
	if (f->maps[map] != NULL) {
		fits = guard_table_put(f->maps[map], key, value) != NULL;
		note_put(f, map, key, value);
	}
	(void)pthread_mutex_unlock(&f->lock);
	return fits ? 0 : -E2BIG;
}

static void fan_del(struct guard_kern *k, enum guard_map map, const void *key)
{
	struct guard_fan_kern *f = k->fan;

	(void)pthread_mutex_lock(&f->lock);
	if (f->maps[map] != NULL)
		guard_table_del(f->maps[map], key);
	(void)pthread_mutex_unlock(&f->lock);
}

static bool fan_next(const struct guard_kern *k, enum guard_map map, const void *key, void *ret_key)
{
	struct guard_fan_kern *f = k->fan;
	const void *next = NULL;

	(void)pthread_mutex_lock(&f->lock);
	if (f->maps[map] != NULL)
		next = guard_table_next(f->maps[map], key);
	if (next != NULL)
		memcpy(ret_key, next, shapes[map].key);
	(void)pthread_mutex_unlock(&f->lock);
	return next != NULL;
}

static bool fan_release(struct guard_kern *k, const struct guard_rec *rec, int sig)
{
	struct guard_fan_kern *f = k->fan;
	bool waits = false;

	(void)pthread_mutex_lock(&f->lock);
	if (f->current != NULL && &f->current->rec == rec) {
		waits = release_job(f, f->current, sig == SIGCONT);
		f->current->is_released = true;
	}
	(void)pthread_mutex_unlock(&f->lock);
	return waits;
}

static int fan_file(const struct guard_kern *k, const struct guard_rec *rec)
{
	const struct guard_fan_job *j = k->fan->current;

	return j != NULL && &j->rec == rec ? j->fd : -1;
}

static struct guard_stats fan_stats(const struct guard_kern *k)
{
	struct guard_stats stats;

	(void)pthread_mutex_lock(&k->fan->lock);
	stats = k->fan->stats;
	(void)pthread_mutex_unlock(&k->fan->lock);
	return stats;
}

/* What the kernel knows of a file: a file system that some container serves is not asked. */
static bool stat_known(const char *path, struct stat *ret)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) != 0)
		return false;
	*ret = (struct stat){
		.st_dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.st_ino = st.stx_ino,
		.st_mode = st.stx_mode,
		.st_size = (off_t)st.stx_size,
		.st_ctim = {.tv_sec = st.stx_ctime.tv_sec, .tv_nsec = st.stx_ctime.tv_nsec}};
	return true;
}

/* A program that runs already, as a record. */
static bool running(uint32_t pid, const struct guard_task *t, struct guard_rec *r, uint8_t *data)
{
	char name[64], link[4096];
	struct guard_fan_task task;
	struct stat st;
	ssize_t n;

	(void)snprintf(name, sizeof(name), "/proc/%u/exe", pid);
	n = readlink(name, link, sizeof(link) - 1);
	if (n <= 0 || !stat_known(name, &st) || !guard_fan_task_look(pid, &task))
		return false;
	link[n] = '\0';
	*r = (struct guard_rec){.type = GUARD_REC_EXEC,
				.verdict = GUARD_REC_OBSERVED,
				.flags = GUARD_RF_RUNNING,
				.time_ns = sk_mono_ns(),
				.cgroup = t->cgroup,
				.exec_id = t->exec_id,
				.parent_exec_id = t->parent_exec_id,
				.host_pid = pid,
				.pid = task.pid,
				.ppid = guard_fan_inner_parent(&task),
				.host_ppid = task.ppid,
				.uid = task.uid};
	r->file = guard_file_id_of(&st);
	r->path_len = (uint16_t)guard_fan_put_path(link, data, GUARD_PATH_BYTES);
	return true;
}

static int fan_walk(struct guard_kern *k, guard_record_fn *fn, void *ctx, struct sk_err *err)
{
	uint8_t data[GUARD_PATH_BYTES];
	uint32_t pid = 0, next;
	struct guard_task t;
	struct guard_rec r;
	bool more = fan_next(k, GUARD_MAP_TASKS, NULL, &pid);
	int n = 0;

	(void)err;
	while (more && n >= 0) {
		more = fan_next(k, GUARD_MAP_TASKS, &pid, &next);
		if (fan_get(k, GUARD_MAP_TASKS, &pid, &t) && (t.flags & GUARD_T_SEEN) != 0 &&
		    running(pid, &t, &r, data))
			n = fn(ctx, &r, data, r.path_len);
		pid = next;
	}
	return n < 0 ? n : 1;
}

static void stop_threads(struct guard_fan_kern *f)
{
	struct timespec until;
	uint64_t one = 1;

	(void)pthread_mutex_lock(&f->lock);
	f->quit = true;
	(void)pthread_cond_broadcast(&f->work_there);
	(void)pthread_mutex_unlock(&f->lock);
	if (f->has_asker && write(f->wake_fd, &one, sizeof(one)) == sizeof(one))
		(void)pthread_join(f->asker, NULL);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += JOIN_SECONDS;
	for (unsigned i = 0; i < f->n_workers; i++)
		if (pthread_timedjoin_np(f->workers[i], NULL, &until) == 0)
			f->n_idle++;
}

static void drop_jobs(struct guard_fan_kern *f)
{
	struct guard_fan_job *j;

	while ((j = TAILQ_FIRST(&f->waiting)) != NULL)
		guard_fan_answer_job(f, j, true);
	while ((j = TAILQ_FIRST(&f->lingering)) != NULL) {
		TAILQ_REMOVE(&f->lingering, j, waiting);
		guard_fan_job_put(j);
	}
	while ((j = TAILQ_FIRST(&f->work)) != NULL) {
		TAILQ_REMOVE(&f->work, j, queue);
		guard_fan_job_put(j);
	}
	while ((j = TAILQ_FIRST(&f->out)) != NULL) {
		TAILQ_REMOVE(&f->out, j, queue);
		guard_fan_job_put(j);
	}
}

static void fan_close(struct guard_kern *k)
{
	struct guard_fan_kern *f = k->fan;

	if (f == NULL)
		return;
	stop_threads(f);
	(void)pthread_mutex_lock(&f->lock);
	drop_jobs(f);
	(void)pthread_mutex_unlock(&f->lock);
	sk_closep(&f->fd);
	guard_fan_watchdog_free(f->watchdog);
	k->fan = NULL;
	/* A worker that hangs in somebody's memory keeps what it uses: the process ends anyway. */
	if (f->n_idle != f->n_workers)
		return;
	sk_closep(&f->wake_fd);
	sk_closep(&f->out_fd);
	sk_closep(&f->mounts_fd);
	for (size_t i = 0; i < GUARD_N_MAPS; i++)
		guard_table_free(f->maps[i]);
	guard_table_free(f->starts);
	guard_table_free(f->images);
	guard_table_free(f->flights);
	guard_table_free(f->layers);
	guard_table_free(f->spaces);
	(void)pthread_cond_destroy(&f->work_there);
	(void)pthread_mutex_destroy(&f->lock);
	sk_free(f);
}

static const struct guard_kern_ops fan_ops = {
	.close = fan_close,
	.poll = fan_poll,
	.heartbeat = fan_heartbeat,
	.walk = fan_walk,
	.get = fan_get,
	.put = fan_put,
	.del = fan_del,
	.next = fan_next,
	.release = fan_release,
	.stats = fan_stats,
	.file = fan_file,
};

static struct guard_fan_kern *new_state(const struct guard_kern_options *o)
{
	struct guard_fan_kern *f = sk_alloc(sizeof(*f));

	f->fd = f->mounts_fd = f->wake_fd = f->out_fd = -1;
	f->enforce = o->enforce;
	f->hold = o->hold;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->work_there, NULL);
	TAILQ_INIT(&f->work);
	TAILQ_INIT(&f->out);
	TAILQ_INIT(&f->waiting);
	TAILQ_INIT(&f->lingering);
	for (size_t i = 0; i < GUARD_N_MAPS; i++)
		if (shapes[i].key != 0)
			f->maps[i] = guard_table_new(shapes[i].key, shapes[i].value, shapes[i].max);
	f->starts = guard_table_new(sizeof(uint32_t), sizeof(uint64_t), 2 * GUARD_FAN_MAX_TASKS);
	f->images = guard_table_new(sizeof(uint64_t), sizeof(struct guard_fan_image),
				    GUARD_FAN_MAX_IMAGES);
	f->flights = guard_table_new(sizeof(uint32_t), sizeof(struct guard_fan_flight),
				     GUARD_FAN_MAX_FLIGHTS);
	f->layers = guard_table_new(sizeof(uint32_t), sizeof(struct guard_fan_layer),
				    GUARD_FAN_MAX_TASKS);
	f->spaces = guard_table_new(sizeof(uint64_t), sizeof(uint64_t), GUARD_FAN_MAX_TASKS);
	return f;
}

static int start_threads(struct guard_fan_kern *f, struct sk_err *err)
{
	sigset_t all, before;
	int r;

	/* Signals are the session's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < GUARD_FAN_WORKERS; i++)
		if (pthread_create(&f->workers[f->n_workers], NULL, guard_fan_work_loop, f) == 0)
			f->n_workers++;
	r = f->n_workers != 0 ? pthread_create(&f->asker, NULL, guard_fan_ask_loop, f) : EAGAIN;
	f->has_asker = r == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r == 0 ? 0 : sk_err_errno(err, r, "guard: start threads");
}

/* Looking into the root directory and the memory of others takes this. */
static bool may_trace(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[CAP_SYS_PTRACE / 32].effective & 1u << CAP_SYS_PTRACE % 32) != 0;
}

static int open_descriptors(struct guard_fan_kern *f, struct sk_err *err)
{
	struct rlimit files;
	int r;

	f->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->out_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->mounts_fd < 0 || f->wake_fd < 0 || f->out_fd < 0)
		return sk_err_errno(err, errno, "guard: open what fanotify needs");
	f->own_mnt_ns = guard_fan_mnt_ns((uint32_t)getpid());
	if (f->own_mnt_ns == 0 || !may_trace())
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "guard: fanotify needs /proc and CAP_SYS_PTRACE");
	r = guard_fan_open(&f->fd, err);
	if (r < 0)
		return r;
	/* Each program that waits has its file open here. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	/* A lease that somebody breaks is told by a signal. */
	(void)signal(SIGIO, SIG_IGN);
	return 0;
}

static int open_all(struct guard_fan_kern *f, struct sk_err *err)
{
	int r;

	if (!guard_cgroup_root(f->root, sizeof(f->root)))
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "guard: no version 2 cgroup tree is mounted on this host");
	r = guard_fan_probe(err);
	if (r < 0)
		return r;
	f->watchdog = guard_fan_watchdog_new();
	if (f->watchdog == NULL)
		return sk_err_errno(err, errno, "guard: start the watchdog");
	r = open_descriptors(f, err);
	return r < 0 ? r : start_threads(f, err);
}

int guard_fan_kern_open(struct guard_kern *k, const struct guard_kern_options *o,
			struct sk_err *err)
{
	struct guard_fan_kern *f = new_state(o);
	int r;

	k->fan = f;
	k->ops = &fan_ops;
	k->backend = GUARD_BACKEND_FANOTIFY;
	k->n_programs = 1;
	k->programs[0] = (struct guard_kern_program){.name = "guard_open_exec",
						     .hook = "fanotify/open_exec_perm"};
	r = open_all(f, err);
	if (r < 0)
		return r;
	guard_fan_mark_space(f, 0, true);
	k->programs[0].attached = true;
	return 0;
}
