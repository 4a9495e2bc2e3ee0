/* SPDX-License-Identifier: Apache-2.0 */
/* Rings, maps and pins of the kernel half. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/alloc.h"
#include "base/io.h"
#include "guard/kern-priv.h"

enum {
	BPFFS_MAGIC = (int)0xcafe4a11,
};

static int poll_rings(struct guard_kern *k, int timeout_ms, struct sk_err *err)
{
	int r;

	struct epoll_event ready[2];

	k->fn_result = 0;
	if (epoll_wait(ring_buffer__epoll_fd(k->rings), ready, 2, timeout_ms) < 0 && errno != EINTR)
		return sk_err_errno(err, errno, "guard: wait for events");
	/*
	 * Records come without waking anyone. They are taken first, so that an alert finds the
	 * program starts that led to it.
	 */
	r = ring_buffer__consume(k->rings);
	if (r < 0 && r != -EINTR)
		return sk_err_errno(err, -r, "guard: read events");
	if (k->fn_result < 0)
		return k->fn_result;
	return r < 0 ? 0 : r;
}

static int rings_fd(const struct guard_kern *k)
{
	return ring_buffer__epoll_fd(k->rings);
}

static void heartbeat(struct guard_kern *k)
{
	struct timespec now;
	uint32_t zero = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	k->control.heartbeat_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	(void)bpf_map_update_elem(k->control_fd, &zero, &k->control, BPF_ANY);
}

static bool map_get(const struct guard_kern *k, enum guard_map map, const void *key,
		    void *ret_value)
{
	return bpf_map_lookup_elem(k->map_fds[map], key, ret_value) == 0;
}

static int map_put(struct guard_kern *k, enum guard_map map, const void *key, const void *value)
{
	return bpf_map_update_elem(k->map_fds[map], key, value, BPF_ANY) == 0 ? 0 : -errno;
}

static void map_del(struct guard_kern *k, enum guard_map map, const void *key)
{
	(void)bpf_map_delete_elem(k->map_fds[map], key); /* absent is as good */
}

static bool map_next(const struct guard_kern *k, enum guard_map map, const void *key, void *ret_key)
{
	return bpf_map_get_next_key(k->map_fds[map], key, ret_key) == 0;
}

static void release(struct guard_kern *k, const struct guard_rec *rec, int sig)
{
	sk_cleanup(sk_closep) int fd = (int)syscall(SYS_pidfd_open, rec->host_pid, 0);
	struct guard_task task;

	if (fd < 0 || !map_get(k, GUARD_MAP_TASKS, &rec->host_pid, &task) ||
	    (task.flags & (GUARD_T_HELD | GUARD_T_PAUSED)) == 0)
		return;
	/* What is loaded for a program waits for the program's own hold. */
	if (sig == SIGCONT && (rec->flags & GUARD_RF_EXECVE) != 0)
		return;
	task.flags &= ~(uint32_t)(GUARD_T_HELD | GUARD_T_PAUSED);
	if (sig == SIGCONT)
		(void)map_put(k, GUARD_MAP_TASKS, &rec->host_pid, &task);
	(void)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
}

static struct guard_stats stats(const struct guard_kern *k)
{
	struct guard_stats sum = {0};
	size_t n = k->n_cpus > 0 ? (size_t)k->n_cpus : 0;
	sk_cleanup(sk_freep) struct guard_stats *all = sk_alloc((n + 1) * sizeof(*all));
	uint32_t zero = 0;

	if (n == 0 || bpf_map_lookup_elem(k->stats_fd, &zero, all) != 0)
		return sum;
	for (size_t i = 0; i < n; i++) {
		sum.records += all[i].records;
		sum.lost += all[i].lost;
		sum.alerts += all[i].alerts;
		sum.alerts_unsent += all[i].alerts_unsent;
		sum.blocks += all[i].blocks;
		sum.tasks_full += all[i].tasks_full;
		sum.folds_full += all[i].folds_full;
	}
	return sum;
}

/* bpffs is not mounted everywhere. */
static int make_pin_dir(const char *dir, struct sk_err *err)
{
	struct statfs fs;

	if (statfs("/sys/fs/bpf", &fs) != 0 || fs.f_type != (__fsword_t)(unsigned)BPFFS_MAGIC) {
		if (mount("bpf", "/sys/fs/bpf", "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  "mode=0700") != 0)
			return sk_err_errno(err, errno, "guard: mount /sys/fs/bpf");
	}
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return sk_err_errno(err, errno, "guard: make %s", dir);
	return 0;
}

/* Removes pins; links count, maps do not. */
static int remove_dir(const char *dir, struct sk_err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0, r = 0;

	if (d == NULL)
		return errno == ENOENT ? 0 : sk_err_errno(err, errno, "guard: open %s", dir);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) != 0)
			r = sk_err_errno(err, errno, "guard: remove %s/%s", dir, e->d_name);
		else if (strncmp(e->d_name, "link-", 5) == 0)
			n++;
	}
	(void)closedir(d);
	if (r < 0)
		return r;
	if (rmdir(dir) != 0)
		return sk_err_errno(err, errno, "guard: remove %s", dir);
	return n;
}

static int pin_all(struct guard_kern *k, const char *dir, struct sk_err *err)
{
	char path[512];

	for (size_t i = 0; i < k->n_programs; i++) {
		if (k->links[i] == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/link-%s", dir, k->programs[i].name);
		if (bpf_link__pin(k->links[i], path) != 0)
			return sk_err_errno(err, errno, "guard: pin %s", path);
	}
	for (size_t i = 0; i < GUARD_N_MAPS; i++) {
		if (k->map_fds[i] < 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/map-%s", dir,
			       guard_kern_map_name((enum guard_map)i));
		if (bpf_obj_pin(k->map_fds[i], path) != 0)
			return sk_err_errno(err, errno, "guard: pin %s", path);
	}
	return 0;
}

static int pin(struct guard_kern *k, struct sk_err *err)
{
	static const char fresh[] = GUARD_PIN_DIR "-new";
	struct sk_err ignored;
	int r = make_pin_dir("/sys/fs/bpf", err);

	if (r < 0)
		return r;
	(void)remove_dir(fresh, &ignored); /* left by a run that died while pinning */
	r = make_pin_dir(fresh, err);
	if (r >= 0)
		r = pin_all(k, fresh, err);
	if (r < 0) {
		(void)remove_dir(fresh, &ignored);
		return r;
	}
	r = remove_dir(GUARD_PIN_DIR, err);
	if (r < 0)
		return r;
	if (rename(fresh, GUARD_PIN_DIR) != 0)
		return sk_err_errno(err, errno, "guard: rename %s", fresh);
	return 0;
}

bool guard_kern_pinned(size_t *ret_programs)
{
	DIR *d = opendir(GUARD_PIN_DIR);
	struct dirent *e;
	size_t n = 0;

	if (d == NULL)
		return false;
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, "link-", 5) == 0;
	(void)closedir(d);
	if (ret_programs != NULL)
		*ret_programs = n;
	return n != 0;
}

int guard_kern_unpin(struct sk_err *err)
{
	struct sk_err ignored;
	int n = remove_dir(GUARD_PIN_DIR "-new", &ignored);
	int r = remove_dir(GUARD_PIN_DIR, err);

	if (r < 0)
		return r;
	return r + (n > 0 ? n : 0);
}

static size_t inherit(struct guard_kern *k)
{
	sk_cleanup(sk_closep) int fd = bpf_obj_get(GUARD_PIN_DIR "/map-tasks");
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info), key, *prev = NULL;
	struct guard_task task;
	size_t n = 0;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) != 0 ||
	    info.value_size != sizeof(task))
		return 0;
	while (bpf_map_get_next_key(fd, prev, &key) == 0 && n < 1000000) {
		if (bpf_map_lookup_elem(fd, &key, &task) == 0 &&
		    bpf_map_update_elem(k->map_fds[GUARD_MAP_TASKS], &key, &task, BPF_NOEXIST) == 0)
			n++;
		prev = &key;
	}
	return n;
}

const struct guard_kern_ops guard_bpf_ops = {
	.close = guard_bpf_close,
	.poll = poll_rings,
	.fd = rings_fd,
	.heartbeat = heartbeat,
	.walk = guard_bpf_walk,
	.get = map_get,
	.put = map_put,
	.del = map_del,
	.next = map_next,
	.release = release,
	.stats = stats,
	.pin = pin,
	.inherit = inherit,
};
