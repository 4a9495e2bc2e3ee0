/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins: /sys/fs/bpf/stockade/link-<program>, map-<map>. New ones are made beside the old ones and
 * take their place when they are complete; map-control is made last and says so. Who dies in
 * between leaves one complete set, which whoever comes next finds.
 */
#include "guard/kern-pin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/parse.h"
#include "guard/kern-priv.h"

enum {
	BPFFS_MAGIC = (int)0xcafe4a11,
	START_FIELD = 20, /* of /proc/PID/stat behind the name; proc(5): (22) starttime */
};

uint64_t guard_process_start(uint32_t pid)
{
	char path[64], line[1024];
	sk_cleanup(sk_closep) int fd = -1;
	struct sk_span rest, field;
	uint64_t start = 0;
	int64_t n;

	(void)snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : sk_read_full(fd, line, sizeof(line));
	rest = sk_span_of(line, n > 0 ? (size_t)n : 0);
	rest = sk_span_sub(rest, sk_span_rfind(rest, ')') + 1, rest.len);
	for (int i = 0; i <= START_FIELD; i++)
		if (!sk_span_cut(&rest, ' ', &field))
			return 0;
	return sk_parse_u64(field, &start) ? start : 0;
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
		/* Directories are none of ours. */
		if (unlinkat(dirfd(d), e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0) != 0)
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

static bool is_complete(const char *dir)
{
	char path[512];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/map-%s", dir,
		       guard_kern_map_name(GUARD_MAP_CONTROL));
	return stat(path, &st) == 0;
}

/* Where the pins are: beside their place when their maker died before it had removed the others. */
static const char *pin_dir(void)
{
	return is_complete(GUARD_PIN_NEW) ? GUARD_PIN_NEW : GUARD_PIN_DIR;
}

/* Ends what a maker that died had begun. */
static int mend(struct sk_err *err)
{
	int r;

	if (!is_complete(GUARD_PIN_NEW)) {
		r = remove_dir(GUARD_PIN_NEW, err);
		return r < 0 ? r : 0;
	}
	r = remove_dir(GUARD_PIN_DIR, err);
	if (r >= 0 && rename(GUARD_PIN_NEW, GUARD_PIN_DIR) != 0)
		r = sk_err_errno(err, errno, "guard: rename %s", GUARD_PIN_NEW);
	return r < 0 ? r : 0;
}

static int pin_all(struct guard_kern *k, struct sk_err *err)
{
	char path[512];

	k->n_pins = 0;

	for (size_t i = 0; i < k->n_programs; i++) {
		if (k->links[i] == NULL)
			continue;
		(void)snprintf(path, sizeof(path), GUARD_PIN_NEW "/link-%s", k->programs[i].name);
		if (bpf_obj_pin(bpf_link__fd(k->links[i]), path) != 0)
			return sk_err_errno(err, errno, "guard: pin %s", path);
		k->n_pins++;
	}
	for (size_t i = 0; i < GUARD_N_MAPS; i++) {
		if (k->map_fds[i] < 0)
			continue; /* not in this object */
		(void)snprintf(path, sizeof(path), GUARD_PIN_NEW "/map-%s",
			       guard_kern_map_name((enum guard_map)i));
		if (bpf_obj_pin(k->map_fds[i], path) != 0)
			return sk_err_errno(err, errno, "guard: pin %s", path);
		k->n_pins++;
	}
	return 0;
}

/*
 * The kernel detaches programs some time after their pin is gone. Until then the old ones block
 * and tell nothing, and do not mind who is continued: the new ones do it all.
 */
static void disarm_old(struct guard_kern *k)
{
	int tasks = k->old_fds[GUARD_MAP_TASKS], control_fd = k->old_fds[GUARD_MAP_CONTROL];
	struct guard_control control;
	struct guard_task task;
	uint32_t key, next, zero = 0;
	bool more = bpf_map_get_next_key(tasks, NULL, &key) == 0;

	if (bpf_map_lookup_elem(control_fd, &zero, &control) == 0) {
		control.enforce = 0;
		control.quiet = 1;
		(void)bpf_map_update_elem(control_fd, &zero, &control, BPF_ANY);
	}
	for (size_t i = 0; more && i < GUARD_TASKS_WALKED; i++) {
		more = bpf_map_get_next_key(tasks, &key, &next) == 0;
		if (bpf_map_lookup_elem(tasks, &key, &task) == 0 &&
		    (task.flags & GUARD_T_WAITS) != 0) {
			task.flags &= ~(uint32_t)GUARD_T_WAITS;
			(void)bpf_map_update_elem(tasks, &key, &task, BPF_EXIST);
		}
		key = next;
	}
}

/* From here on who takes something out of the directory is seen. */
static int watch_pins(struct guard_kern *k, struct sk_err *err)
{
	sk_closep(&k->pins_fd);
	k->pins_fd = open(GUARD_PIN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->pins_fd < 0)
		return sk_err_errno(err, errno, "guard: open %s", GUARD_PIN_DIR);
	return guard_bpf_note_pins(k, k->pins_fd, err);
}

/* Makes new pins beside what is there, then puts them in its place. */
static int place_pins(struct guard_kern *k, struct sk_err *err)
{
	struct sk_err ignored;
	int r = pin_all(k, err);

	if (r < 0) {
		(void)remove_dir(GUARD_PIN_NEW, &ignored);
		return r;
	}
	r = guard_bpf_note_pins(k, -1, err);
	if (r >= 0)
		r = mend(err);
	return r >= 0 ? watch_pins(k, err) : r;
}

static size_t count_links_of(const struct guard_kern *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n_programs; i++)
		n += k->links[i] != NULL;
	return n;
}

int guard_bpf_pin(struct guard_kern *k, struct sk_err *err)
{
	int r = make_pin_dir("/sys/fs/bpf", err);

	if (r >= 0)
		r = mend(err);
	if (r >= 0)
		r = make_pin_dir(GUARD_PIN_NEW, err);
	if (r < 0)
		return r;
	/* The old ones go in a moment: rather told twice than not at all. */
	k->control.quiet = 0;
	k->control.n_links = (uint32_t)count_links_of(k);
	guard_bpf_ops.pause(k);
	r = place_pins(k, err);
	if (r >= 0 && k->has_old) {
		disarm_old(k);
		k->control.before =
			guard_stats_sum(k->old_fds[GUARD_MAP_STATS], &k->control.before);
		guard_bpf_ops.pause(k);
	}
	return r;
}

/* Is the directory that we made the one in its place, with all that was put there? */
static bool pins_are_whole(const struct guard_kern *k)
{
	sk_cleanup(sk_closep) int fd = open(GUARD_PIN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat own, there;
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	if (fd < 0 || fstat(fd, &there) != 0 || fstat(k->pins_fd, &own) != 0 ||
	    own.st_ino != there.st_ino || own.st_dev != there.st_dev)
		return false;
	d = fdopendir(fd);
	if (d == NULL)
		return false;
	fd = -1; /* is d's now */
	while ((e = readdir(d)) != NULL)
		n += e->d_type == DT_REG;
	(void)closedir(d);
	return n == k->n_pins;
}

/* Pins that were carried elsewhere would keep the programs attached when all else is gone. */
static void drop_carried(int dir)
{
	DIR *d = fdopendir(dir);
	char link[64], path[512];
	struct dirent *e;
	ssize_t n;

	if (d == NULL) {
		(void)close(dir);
		return;
	}
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	n = readlink(link, path, sizeof(path) - 1);
	while ((e = readdir(d)) != NULL)
		if (e->d_type == DT_REG)
			(void)unlinkat(dir, e->d_name, 0);
	path[n > 0 ? n : 0] = '\0';
	if (strcmp(path, GUARD_PIN_DIR) != 0)
		(void)rmdir(path); /* was removed, perhaps */
	(void)closedir(d);
}

int guard_kern_keep_pins(struct guard_kern *k, struct sk_err *err)
{
	int old, r;

	if (k->ops->pin == NULL || k->pins_fd < 0 || pins_are_whole(k))
		return 0;
	old = fcntl(k->pins_fd, F_DUPFD_CLOEXEC, 0);
	r = make_pin_dir("/sys/fs/bpf", err);
	if (r >= 0)
		r = remove_dir(GUARD_PIN_NEW, err);
	if (r >= 0)
		r = make_pin_dir(GUARD_PIN_NEW, err);
	if (r >= 0)
		r = place_pins(k, err);
	if (r >= 0 && old >= 0)
		drop_carried(old);
	else
		sk_closep(&old);
	return r < 0 ? r : 1;
}

/* A map of that name, negative errno when there is none. */
static int open_pinned(enum guard_map map)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/map-%s", pin_dir(), guard_kern_map_name(map));
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static bool is_own(const struct guard_kern *k)
{
	sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_CONTROL);
	struct bpf_map_info own = {0}, there = {0};
	uint32_t own_len = sizeof(own), there_len = sizeof(there);

	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &there, &there_len) == 0 &&
	       bpf_obj_get_info_by_fd(k->map_fds[GUARD_MAP_CONTROL], &own, &own_len) == 0 &&
	       own.id == there.id;
}

int guard_kern_unpin(const struct guard_kern *k, struct sk_err *err)
{
	int n, r;

	if (k != NULL && (k->ops->pin == NULL || !is_own(k)))
		return 0;
	r = remove_dir(GUARD_PIN_DIR, err);
	if (r < 0)
		return r;
	n = remove_dir(GUARD_PIN_NEW, err);
	return n < 0 ? n : r + n;
}

/* Keys and values of the size that this version has. */
static bool is_like(int fd, int own_fd)
{
	struct bpf_map_info a = {0}, b = {0};
	uint32_t a_len = sizeof(a), b_len = sizeof(b);

	return bpf_obj_get_info_by_fd(fd, &a, &a_len) == 0 &&
	       bpf_obj_get_info_by_fd(own_fd, &b, &b_len) == 0 && a.type == b.type &&
	       a.key_size == b.key_size && a.value_size == b.value_size;
}

/* The control element, whatever the version; its first members are the same in all. */
static bool read_control(struct guard_control *ret, bool *ret_same)
{
	sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_CONTROL);
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info), zero = 0;
	union {
		struct guard_control now;
		uint8_t room[4096];
	} value = {0};

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) != 0 || info.key_size != 4 ||
	    info.value_size < offsetof(struct guard_control, quiet) ||
	    info.value_size > sizeof(value) || bpf_map_lookup_elem(fd, &zero, &value) != 0)
		return false;
	*ret = value.now;
	*ret_same = value.now.abi == GUARD_ABI && info.value_size == sizeof(value.now);
	return true;
}

void guard_bpf_succeed(struct guard_kern *k)
{
	struct guard_control control;
	struct sk_err ignored;
	bool same = false;

	(void)mend(&ignored); /* told when the new pins take this place */
	if (!read_control(&control, &same) || !same)
		return;
	k->has_old = true;
	for (size_t i = 0; i < GUARD_N_MAPS; i++) {
		k->old_fds[i] = open_pinned((enum guard_map)i);
		same = same && (k->map_fds[i] < 0 || is_like(k->old_fds[i], k->map_fds[i]));
	}
	if (same) {
		k->control.quiet = 1;
		k->control.before = control.before;
		return;
	}
	for (size_t i = 0; i < GUARD_N_MAPS; i++)
		sk_closep(&k->old_fds[i]);
	k->has_old = false;
}

/* Addresses that names have led to: the containers will not ask again for it. */
static void inherit_named(struct guard_kern *k)
{
	sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_NAMED);
	int own = k->map_fds[GUARD_MAP_NAMED];
	struct guard_named_key key, next;
	struct guard_named value;
	bool more;

	if (fd < 0 || !is_like(fd, own))
		return;
	more = bpf_map_get_next_key(fd, NULL, &key) == 0;
	for (size_t i = 0; more && i < GUARD_NAMED_WALKED; i++) {
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &value) == 0)
			(void)bpf_map_update_elem(own, &key, &value, BPF_NOEXIST); /* is there */
		key = next;
	}
}

size_t guard_bpf_inherit(struct guard_kern *k, bool held)
{
	sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_TASKS);
	int own = k->map_fds[GUARD_MAP_TASKS];
	struct guard_control control;
	const struct guard_task none = {0};
	struct guard_task task;
	uint32_t key, next;
	bool more, same = false;
	size_t n = 0;

	if (fd < 0 || !read_control(&control, &same) || !same || !is_like(fd, own))
		return 0;
	inherit_named(k);
	more = bpf_map_get_next_key(fd, NULL, &key) == 0;
	for (size_t i = 0; more && i < GUARD_TASKS_WALKED; i++) {
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &task) == 0) {
			if (!held)
				task.flags &= ~(uint32_t)GUARD_T_WAITS;
			if (bpf_map_update_elem(own, &key, &task, BPF_NOEXIST) == 0) {
				guard_bpf_changed(k, GUARD_MAP_TASKS, &none, &task);
				n++;
			}
		}
		key = next;
	}
	return n;
}

void guard_kern_drain_old(struct guard_kern *k)
{
	struct ring_buffer *rings;

	if (!k->has_old)
		return;
	rings = ring_buffer__new(k->old_fds[GUARD_MAP_ALERTS], guard_bpf_on_record, k, NULL);
	if (rings == NULL)
		return;
	if (ring_buffer__add(rings, k->old_fds[GUARD_MAP_RECORDS], guard_bpf_on_record, k) == 0)
		(void)ring_buffer__consume(rings); /* what cannot be read is in the counts */
	guard_bpf_hand_out(k);
	ring_buffer__free(rings);
}

bool guard_kern_old_get(const struct guard_kern *k, enum guard_map map, const void *key,
			void *ret_value)
{
	return k->has_old && bpf_map_lookup_elem(k->old_fds[map], key, ret_value) == 0;
}

bool guard_kern_old_next(const struct guard_kern *k, enum guard_map map, const void *key,
			 void *ret_key)
{
	return k->has_old && bpf_map_get_next_key(k->old_fds[map], key, ret_key) == 0;
}

static int count_links(const char *dir, size_t *ret, struct sk_err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (d == NULL)
		return errno == ENOENT ? 0 : sk_err_errno(err, errno, "guard: open %s", dir);
	while ((e = readdir(d)) != NULL)
		*ret += strncmp(e->d_name, "link-", 5) == 0;
	(void)closedir(d);
	return 0;
}

static bool lives(const struct guard_control *c)
{
	return c->agent_pid != 0 && c->agent_start != 0 &&
	       guard_process_start(c->agent_pid) == c->agent_start;
}

void guard_kern_note_decisions(struct guard_kern *k, const struct guard_decisions *d)
{
	struct guard_told_key alerts = {.kind = GUARD_TOLD_ALERTS},
			      blocks = {.kind = GUARD_TOLD_BLOCKS};

	(void)guard_kern_put(k, GUARD_MAP_TOLD, &alerts, &d->alerts);
	(void)guard_kern_put(k, GUARD_MAP_TOLD, &blocks, &d->blocks);
}

static void read_decisions(struct guard_decisions *ret)
{
	sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_TOLD);
	struct guard_told_key alerts = {.kind = GUARD_TOLD_ALERTS},
			      blocks = {.kind = GUARD_TOLD_BLOCKS};

	/* Not there until there is something to count. */
	if (fd < 0 || bpf_map_lookup_elem(fd, &alerts, &ret->alerts) != 0 ||
	    bpf_map_lookup_elem(fd, &blocks, &ret->blocks) != 0)
		*ret = (struct guard_decisions){0};
}

static uint64_t read_unnamed(void)
{
	sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_TOLD);
	struct guard_told_key key = {.kind = GUARD_TOLD_UNNAMED};
	uint64_t n = 0;

	return fd >= 0 && bpf_map_lookup_elem(fd, &key, &n) == 0 ? n : 0;
}

int guard_pinned_read(struct guard_pinned *ret, struct sk_err *err)
{
	struct guard_control control;
	bool same = false;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = count_links(pin_dir(), &ret->n_programs, err);
	if (r < 0 || ret->n_programs == 0 || !read_control(&control, &same))
		return r;
	ret->agent_pid = control.agent_pid;
	ret->agent_lives = lives(&control);
	ret->is_readable = same;
	if (same) {
		sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_STATS);

		ret->enforces = control.enforce != 0;
		if (control.n_links > ret->n_programs)
			ret->n_missing = control.n_links - ret->n_programs;
		ret->backend = (enum guard_backend)control.backend;
		if (fd >= 0)
			ret->stats = guard_stats_sum(fd, &control.before);
		/* A predecessor's tables are gone. */
		ret->n_unfollowed = ret->stats.tasks_full - control.before.tasks_full;
		ret->n_unfolded = ret->stats.folds_full - control.before.folds_full;
		if (ret->agent_lives)
			read_decisions(&ret->decisions);
		ret->n_unnamed = read_unnamed();
	}
	return 0;
}

void guard_pinned_containers(void (*fn)(void *ctx, uint64_t cgroup, const struct guard_container *c,
					const struct guard_policy *p),
			     void *ctx)
{
	sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_CONTAINERS);
	sk_cleanup(sk_closep) int policies = open_pinned(GUARD_MAP_POLICIES);
	struct guard_container c;
	struct guard_policy p;
	struct guard_control control;
	uint64_t key, next;
	bool more, same = false;

	if (fd < 0 || policies < 0 || !read_control(&control, &same) || !same)
		return;
	more = bpf_map_get_next_key(fd, NULL, &key) == 0;
	for (size_t i = 0; more && i < GUARD_TASKS_WALKED; i++) {
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &c) == 0 &&
		    bpf_map_lookup_elem(policies, &c.service, &p) == 0)
			fn(ctx, key, &c, &p);
		key = next;
	}
}

size_t guard_pinned_kill_held(void)
{
	sk_cleanup(sk_closep) int fd = open_pinned(GUARD_MAP_TASKS);
	struct guard_control control;
	bool same = false;

	return fd >= 0 && read_control(&control, &same) && same ? guard_tasks_kill_held(fd) : 0;
}

bool guard_pinned_end_agent(int sig, int timeout_ms)
{
	struct guard_control control;
	sk_cleanup(sk_closep) int fd = -1;
	struct pollfd wait = {.events = POLLIN};
	bool same;

	if (!read_control(&control, &same) || control.agent_pid == (uint32_t)getpid())
		return false;
	wait.fd = fd = (int)syscall(SYS_pidfd_open, control.agent_pid, 0);
	/* The number may have passed to another process before it was opened. */
	if (fd < 0 || !lives(&control))
		return false;
	if (syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) != 0)
		return false;
	if (poll(&wait, 1, timeout_ms) <= 0) {
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
		(void)poll(&wait, 1, timeout_ms);
	}
	return true;
}
