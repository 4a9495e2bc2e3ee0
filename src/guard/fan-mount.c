/* SPDX-License-Identifier: Apache-2.0 */
/* Marking what is mounted. */
#include "guard/fan-mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "base/io.h"
#include "guard/fan.h"
#include "guard/files.h"
#include "guard/mounts.h"

enum {
	MOUNTS_MAX = 8 << 20,
	POINT_MAX = 4096,
	USER_MAX = 64, /* mounts of processes that are kept in mind; with more nothing below is
			  marked */
};

/* Trees that the kernel makes up. Automounts must not be touched at all. */
static const char *const pseudo[] = {
	"autofs",  "binfmt_misc", "bpf",        "cgroup",    "cgroup2", "configfs", "cpuset",
	"debugfs", "devpts",      "efivarfs",   "fusectl",   "mqueue",  "nsfs",     "proc",
	"pstore",  "rpc_pipefs",  "securityfs", "selinuxfs", "sysfs",   "tracefs",  "hugetlbfs",
};

static const char *const remote[] = {
	"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "virtiofs", "gfs2", "ocfs2", "lustre",
};

static bool is_among(const char *const *list, size_t n, struct sk_span type)
{
	for (size_t i = 0; i < n; i++)
		if (sk_span_eq_str(type, list[i]))
			return true;
	return false;
}

enum guard_fan_kind guard_fan_kind(struct sk_span type)
{
	if (is_among(pseudo, SK_ARRAY_LEN(pseudo), type))
		return GUARD_FAN_PSEUDO;
	if (is_among(remote, SK_ARRAY_LEN(remote), type))
		return GUARD_FAN_REMOTE;
	if (sk_span_eq_str(type, "fuse") || sk_span_eq_str(type, "fuseblk") ||
	    sk_span_starts(type, "fuse."))
		return GUARD_FAN_USER;
	return GUARD_FAN_LOCAL;
}

static void tell_layer(const struct guard_mount *m, guard_fan_layer_fn *fn, void *ctx)
{
	struct guard_fan_layer layer = {.dev = guard_device(m->major, m->minor)};
	struct sk_span rest = m->options, option;
	struct stat st;

	while (sk_span_cut(&rest, ',', &option)) {
		if (!sk_span_strip_prefix(&option, "upperdir=") ||
		    !guard_mount_text(option, layer.upper, sizeof(layer.upper)) ||
		    stat(layer.upper, &st) != 0)
			continue;
		layer.layer = guard_device(major(st.st_dev), minor(st.st_dev));
		fn(ctx, &layer);
		return;
	}
}

/** struct served - directories behind which some process answers, or does not */
struct served {
	struct sk_span points[USER_MAX];
	size_t n;
};

static bool is_served(const struct served *s, struct sk_span point)
{
	for (size_t i = 0; i < s->n && i < USER_MAX; i++)
		if (point.len > s->points[i].len &&
		    sk_span_eq(sk_span_sub(point, 0, s->points[i].len), s->points[i]) &&
		    point.ptr[s->points[i].len] == '/')
			return true;
	return s->n > USER_MAX;
}

static void note_served(struct served *s, struct sk_span point)
{
	if (s->n < USER_MAX)
		s->points[s->n] = point;
	s->n++;
}

/* A mount point as another process has it, without following its links out of there. */
static int mark_one(int fd, int root, const struct guard_mount *m)
{
	char path[POINT_MAX + 1] = ".";

	if (!guard_mount_text(m->point, path + 1, sizeof(path) - 1))
		return -1;
	return guard_fan_mark(fd, root, path);
}

struct guard_fan_marked guard_fan_mark_all(int fd, uint32_t pid, bool with_remote,
					   guard_fan_layer_fn *fn, void *ctx)
{
	struct guard_fan_marked n = {0};
	struct served served = {.n = 0};
	enum guard_fan_kind kind;
	sk_cleanup(sk_closep) int table = -1, root = -1;
	struct guard_mount m;
	struct sk_span rest, line;
	char name[64], who[16] = "self";
	struct sk_err err;
	struct sk_buf b;

	if (pid != 0)
		(void)snprintf(who, sizeof(who), "%u", pid);
	(void)snprintf(name, sizeof(name), "/proc/%s/mountinfo", who);
	table = open(name, O_RDONLY | O_CLOEXEC);
	(void)snprintf(name, sizeof(name), "/proc/%s/root", who);
	root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	sk_buf_init(&b, MOUNTS_MAX);
	if (table < 0 || root < 0 || sk_read_fd(table, &b, &err) < 0)
		n.refused++; /* gone, or longer than is read: what there is */
	rest = sk_buf_span(&b);
	while (sk_span_line(&rest, &line)) {
		kind = guard_mount_parse(line, &m) ? guard_fan_kind(m.type) : GUARD_FAN_PSEUDO;
		if (kind == GUARD_FAN_PSEUDO)
			continue;
		if (kind == GUARD_FAN_USER || is_served(&served, m.point)) {
			note_served(&served, m.point);
			n.user++;
		} else if (kind == GUARD_FAN_REMOTE && !with_remote) {
			n.remote++;
		} else if (mark_one(fd, root, &m) == 0) {
			n.marked++;
		} else {
			n.refused++;
		}
		/* What a container mounts itself may name directories that are not its own. */
		if (fn != NULL && sk_span_eq_str(m.type, "overlay") &&
		    (pid == 0 || sk_span_eq_str(m.point, "/")))
			tell_layer(&m, fn, ctx);
	}
	sk_buf_release(&b);
	return n;
}
