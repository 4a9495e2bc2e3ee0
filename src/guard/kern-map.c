/* SPDX-License-Identifier: Apache-2.0 */
/* Rings and maps of the kernel half. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "guard/kern-priv.h"

static int poll_rings(struct guard_kern *k, int timeout_ms, struct sk_err *err)
{
	int r;

	struct epoll_event ready[2];

	k->fn_result = 0;
	if (epoll_wait(ring_buffer__epoll_fd(k->rings), ready, 2, timeout_ms) < 0 && errno != EINTR)
		return sk_err_errno(err, errno, "guard: wait for events");
	/*
	 * Records come without waking anyone. They are copied, then handed out by time, so that an
	 * alert finds the program starts that led to it.
	 */
	r = ring_buffer__consume(k->rings);
	guard_bpf_hand_out(k);
	if (r < 0 && r != -EINTR)
		return sk_err_errno(err, -r, "guard: read events");
	if (k->fn_result < 0)
		return k->fn_result;
	return r < 0 ? 0 : r;
}

static void heartbeat(struct guard_kern *k)
{
	uint32_t zero = 0;

	k->control.heartbeat_ns = sk_mono_ns();
	(void)bpf_map_update_elem(k->map_fds[GUARD_MAP_CONTROL], &zero, &k->control, BPF_ANY);
}

static bool map_get(const struct guard_kern *k, enum guard_map map, const void *key,
		    void *ret_value)
{
	return bpf_map_lookup_elem(k->map_fds[map], key, ret_value) == 0;
}

static int map_put(struct guard_kern *k, enum guard_map map, const void *key, const void *value)
{
	struct guard_task before = {0};

	if (map == GUARD_MAP_TASKS)
		(void)map_get(k, map, key, &before);
	if (bpf_map_update_elem(k->map_fds[map], key, value, BPF_ANY) != 0)
		return -errno;
	guard_bpf_changed(k, map, &before, value);
	return 0;
}

static void map_del(struct guard_kern *k, enum guard_map map, const void *key)
{
	(void)bpf_map_delete_elem(k->map_fds[map], key); /* absent is as good */
}

static bool map_next(const struct guard_kern *k, enum guard_map map, const void *key, void *ret_key)
{
	return bpf_map_get_next_key(k->map_fds[map], key, ret_key) == 0;
}

static bool has_left(const struct guard_kern *k, uint64_t cgroup)
{
	uint32_t key, next;
	struct guard_task task;
	bool more = guard_bpf_has_strays(k) && map_next(k, GUARD_MAP_TASKS, NULL, &key);

	for (size_t n = 0; more && n < GUARD_TASKS_WALKED; n++) {
		more = map_next(k, GUARD_MAP_TASKS, &key, &next);
		if (map_get(k, GUARD_MAP_TASKS, &key, &task) && task.cgroup == cgroup)
			return true;
		key = next;
	}
	return false;
}

static bool release(struct guard_kern *k, const struct guard_rec *rec, int sig)
{
	sk_cleanup(sk_closep) int fd = (int)syscall(SYS_pidfd_open, rec->host_pid, 0);
	struct guard_task task;

	if (fd < 0 || !map_get(k, GUARD_MAP_TASKS, &rec->host_pid, &task) ||
	    (task.flags & GUARD_T_WAITS) == 0)
		return false;
	/* What is loaded for a program waits for the program's own hold. */
	if (sig == SIGCONT && (rec->flags & GUARD_RF_EXECVE) != 0)
		return true;
	task.flags &= ~(uint32_t)(GUARD_T_WAITS | GUARD_T_ENDS);
	if (sig == SIGCONT)
		(void)map_put(k, GUARD_MAP_TASKS, &rec->host_pid, &task);
	return syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) == 0;
}

static bool is_stopped(uint32_t pid)
{
	char path[64], line[512];
	sk_cleanup(sk_closep) int fd = -1;
	const char *end;
	int64_t n;

	(void)snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : sk_read_full(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return false;
	line[n] = '\0';
	end = strrchr(line, ')'); /* of the name, which may hold anything */
	return end != NULL && (end[1] == ' ' && (end[2] == 'T' || end[2] == 't'));
}

size_t guard_tasks_kill_held(int tasks_fd)
{
	uint32_t key, next;
	struct guard_task task;
	size_t killed = 0;
	bool more = bpf_map_get_next_key(tasks_fd, NULL, &key) == 0;

	for (size_t n = 0; more && n < GUARD_TASKS_WALKED; n++) {
		sk_cleanup(sk_closep) int fd = -1;

		more = bpf_map_get_next_key(tasks_fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(tasks_fd, &key, &task) == 0 &&
		    (task.flags & GUARD_T_WAITS) != 0)
			fd = (int)syscall(SYS_pidfd_open, key, 0);
		if (fd >= 0 && is_stopped(key))
			killed += syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
		key = next;
	}
	return killed;
}

static size_t kill_held(struct guard_kern *k)
{
	return guard_tasks_kill_held(k->map_fds[GUARD_MAP_TASKS]);
}

static void pause_holds(struct guard_kern *k)
{
	uint32_t zero = 0;

	k->control.heartbeat_ns = 0;
	(void)bpf_map_update_elem(k->map_fds[GUARD_MAP_CONTROL], &zero, &k->control, BPF_ANY);
}

struct guard_stats guard_stats_sum(int stats_fd, const struct guard_stats *before)
{
	struct guard_stats sum = *before;
	int n_cpus = libbpf_num_possible_cpus();
	size_t n = n_cpus > 0 ? (size_t)n_cpus : 0;
	sk_cleanup(sk_freep) struct guard_stats *all = sk_alloc((n + 1) * sizeof(*all));
	uint32_t zero = 0;

	if (n == 0 || bpf_map_lookup_elem(stats_fd, &zero, all) != 0)
		return sum;
	for (size_t i = 0; i < n; i++) {
		sum.records += all[i].records;
		sum.lost += all[i].lost;
		sum.alerts += all[i].alerts;
		sum.alerts_unsent += all[i].alerts_unsent;
		sum.blocks += all[i].blocks;
		sum.tasks_full += all[i].tasks_full;
		sum.folds_full += all[i].folds_full;
		sum.tampers += all[i].tampers;
	}
	return sum;
}

static struct guard_stats stats(const struct guard_kern *k)
{
	return guard_stats_sum(k->map_fds[GUARD_MAP_STATS], &k->control.before);
}

const struct guard_kern_ops guard_bpf_ops = {
	.close = guard_bpf_close,
	.poll = poll_rings,
	.heartbeat = heartbeat,
	.walk = guard_bpf_walk,
	.get = map_get,
	.put = map_put,
	.del = map_del,
	.next = map_next,
	.has_left = has_left,
	.release = release,
	.pause = pause_holds,
	.kill_held = kill_held,
	.stats = stats,
	.pin = guard_bpf_pin,
	.inherit = guard_bpf_inherit,
};
