/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching the kernel half: each program is tried, what a kernel refuses is told. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <malloc.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/io.h"
#include "base/parse.h"
#include "guard/batch.h"
#include "guard/call.h"
#include "guard/cgroup.h"
#include "guard/kern-pin.h"
#include "guard/kern-plan.h"
#include "guard/kern-priv.h"
#include "guard/lsm-list.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "guard/guard.skel.h"
#pragma GCC diagnostic pop

enum {
	LOG_SIZE = 1 << 18, /* the last way through a program that the verifier took; more is cut */
	LEAST_TASKS = 1024,
	MOST_TASKS = 1 << 22, /* include/linux/threads.h: PID_MAX_LIMIT */
};

static const struct {
	const char *name;
	unsigned flags;
} plan[] = {
#define X(name, flags) {#name, flags},
	GUARD_PLAN(X)
#undef X
};

_Static_assert(SK_ARRAY_LEN(plan) <= GUARD_MAX_PROGRAMS, "plan");

static const char *const map_names[] = {
	[GUARD_MAP_TASKS] = "tasks",         [GUARD_MAP_CONTAINERS] = "containers",
	[GUARD_MAP_POLICIES] = "policies",   [GUARD_MAP_ALLOW] = "allow",
	[GUARD_MAP_SIZES] = "sizes",         [GUARD_MAP_USES] = "uses",
	[GUARD_MAP_PEERS] = "peers",         [GUARD_MAP_NETS] = "nets",
	[GUARD_MAP_NAMES] = "names",         [GUARD_MAP_NAMED] = "named",
	[GUARD_MAP_CALL_SETS] = "call_sets", [GUARD_MAP_SEEN] = "seen",
	[GUARD_MAP_FOLDS] = "folds",         [GUARD_MAP_TOLD] = "told",
	[GUARD_MAP_RECORDS] = "records",     [GUARD_MAP_ALERTS] = "alerts",
	[GUARD_MAP_STATS] = "stats",         [GUARD_MAP_CONTROL] = "control",
};

_Static_assert(SK_ARRAY_LEN(map_names) == GUARD_N_MAPS, "maps");

/* Who may talk to them may start any program on the host, as any user. */
static const char *const engine_sockets[] = {
	"docker.sock", "containerd.sock",  "containerd.sock.ttrpc", "crio.sock",
	"podman.sock", "cri-dockerd.sock", "dockershim.sock",       "buildkitd.sock",
};

const char *guard_kern_map_name(enum guard_map map)
{
	return map_names[map];
}

/* Byte offset of a member, or -1. */
static int64_t member_offset(const struct btf *btf, const char *type, const char *member)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (unsigned)id) : NULL;

	for (unsigned i = 0; t != NULL && i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(btf, btf_members(t)[i].name_off);

		if (name != NULL && strcmp(name, member) == 0)
			return btf_member_bit_offset(t, i) / 8;
	}
	return -1;
}

static unsigned kernel_version(void)
{
	struct utsname u;
	unsigned major = 0, minor = 0;
	const char *p;

	if (uname(&u) != 0)
		return 0;
	for (p = u.release; sk_is_digit(*p); p++)
		major = major * 10 + (unsigned)(*p - '0');
	if (*p == '.')
		for (p++; sk_is_digit(*p); p++)
			minor = minor * 10 + (unsigned)(*p - '0');
	return major * 1000 + minor;
}

/*
 * Where overlayfs keeps the inodes below its own. Its type information says so when the module is
 * there and the kernel offers it (5.11); else the layout of the version: struct inode is followed
 * by the upper dentry and by what leads to the lower one.
 */
static void find_overlay(struct guard_bpf *skel, const struct btf *vmlinux)
{
	int id = btf__find_by_name_kind(vmlinux, "inode", BTF_KIND_STRUCT);
	int64_t size = id > 0 ? btf__resolve_size(vmlinux, (unsigned)id) : 0;
	struct btf *module = btf__load_module_btf("overlay", (struct btf *)(uintptr_t)vmlinux);
	const struct btf *btf = module != NULL ? module : vmlinux;
	int64_t base = member_offset(btf, "ovl_inode", "vfs_inode");
	int64_t upper = member_offset(btf, "ovl_inode", "__upperdentry");
	unsigned version = kernel_version();
	int64_t lower;

	if (base < 0 || upper < 0) {
		skel->rodata->ovl_upper_off = size > 0 ? (uint32_t)size : 0;
		skel->rodata->ovl_lower_kind = version >= 6005 ? 3 : version >= 6000 ? 2 : 1;
		skel->rodata->ovl_lower_off =
			(uint32_t)size + (version >= 6005 || version < 6000 ? 8 : 16);
	} else {
		skel->rodata->ovl_upper_off = (uint32_t)(upper - base);
		if ((lower = member_offset(btf, "ovl_inode", "oe")) >= 0) {
			skel->rodata->ovl_lower_kind = 3;
		} else if ((lower = member_offset(btf, "ovl_inode", "lowerpath")) >= 0) {
			skel->rodata->ovl_lower_kind = 2;
			lower += 8;
		} else {
			lower = member_offset(btf, "ovl_inode", "lower");
			skel->rodata->ovl_lower_kind = 1;
		}
		skel->rodata->ovl_lower_off = lower > base ? (uint32_t)(lower - base) : 0;
	}
	btf__free(module);
}

/*
 * FMODE_BACKING, which is no part of the type information: it moved with 6.14, and in those stable
 * kernels that took over what it moved for, as 6.12 did; they have this function then.
 */
static uint32_t fmode_backing(const struct btf *btf)
{
	if (kernel_version() >= 6014 ||
	    btf__find_by_name_kind(btf, "file_set_fsnotify_mode", BTF_KIND_FUNC) > 0)
		return 1u << 24;
	return kernel_version() >= 6005 ? 1u << 25 : 0;
}

/* Does the kernel have what the program attaches to? Says so before the kernel's refusal would. */
static bool hook_exists(const struct btf *btf, const char *hook)
{
	char name[128];
	uint32_t kind = BTF_KIND_FUNC;

	if (strncmp(hook, "tp_btf/", 7) == 0) {
		(void)snprintf(name, sizeof(name), "btf_trace_%s", hook + 7);
		kind = BTF_KIND_TYPEDEF;
	} else if (strncmp(hook, "lsm/", 4) == 0) {
		(void)snprintf(name, sizeof(name), "bpf_lsm_%s", hook + 4);
	} else if (strncmp(hook, "fexit/", 6) == 0) {
		(void)snprintf(name, sizeof(name), "%s", hook + 6);
	} else if (strncmp(hook, "iter/", 5) == 0) {
		(void)snprintf(name, sizeof(name), "bpf_iter_%s", hook + 5);
	} else {
		return true;
	}
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

/* Why the kernel cannot have this program, NULL when it has all that it takes. */
static const char *lacks(const struct guard_kern *k, size_t i, const struct btf *btf)
{
	if (!hook_exists(btf, k->programs[i].hook))
		return "this kernel has no such hook";
	if ((plan[i].flags & PLAN_VMA) != 0 &&
	    btf__find_by_name_kind(btf, "bpf_find_vma", BTF_KIND_FUNC) <= 0)
		return "this kernel does not tell programs which mapping is where (from 5.17)";
	return NULL;
}

static bool is_wanted(size_t i, const struct guard_kern_options *o, enum guard_backend backend)
{
	unsigned flags = plan[i].flags;

	if (o->calls && (flags & PLAN_CALLS) != 0)
		return true;
	if (o->caps && (flags & PLAN_CAPS) != 0 && backend != GUARD_BACKEND_LSM)
		return true;
	if (o->hold && (flags & PLAN_HOLD) != 0)
		return true;
	return (flags & (backend == GUARD_BACKEND_LSM ? PLAN_LSM : PLAN_SIGNAL)) != 0;
}

static void note_failure(struct guard_kern *k, size_t i, int error, const char *why)
{
	k->programs[i].attached = false;
	k->programs[i].error = error;
	(void)snprintf(k->why[i], sizeof(k->why[i]), "%s", why != NULL ? why : strerror(error));
	k->programs[i].why = k->why[i];
}

/* The last line that says something of a verifier's log. */
static void last_line(const char *log, char *ret, size_t size)
{
	struct sk_span rest = sk_span_str(log), line, best = {NULL, 0};

	while (sk_span_line(&rest, &line))
		if (line.len != 0 && !sk_span_starts(line, "processed ") &&
		    !sk_span_starts(line, "verification time") &&
		    !sk_span_starts(line, "stack depth"))
			best = line;
	(void)snprintf(ret, size, "%.*s", SK_SPAN_ARG(best));
}

static struct bpf_program *program(const struct guard_kern *k, size_t i)
{
	return bpf_object__find_program_by_name(k->skel->obj, plan[i].name);
}

/* As many processes as the machine can have at once: the kernel's own limit goes by its memory. */
static uint32_t tasks_of_machine(void)
{
	sk_cleanup(sk_closep) int fd = open("/proc/sys/kernel/threads-max", O_RDONLY | O_CLOEXEC);
	char text[32];
	int64_t len = fd < 0 ? 0 : sk_read_full(fd, text, sizeof(text));
	uint32_t n;

	if (len <= 0 || !sk_parse_u32(sk_span_trim(sk_span_of(text, (size_t)len)), &n) ||
	    n > MOST_TASKS)
		return MOST_TASKS;
	return n > LEAST_TASKS ? n : LEAST_TASKS;
}

static int open_skeleton(struct guard_kern *k, const struct btf *btf,
			 const struct guard_kern_options *o, struct sk_err *err)
{
	struct stat st;

	guard_bpf__destroy(k->skel);
	k->skel = guard_bpf__open();
	if (k->skel == NULL)
		return sk_err_errno(err, errno, "guard: open the kernel object");
	if (stat("/proc/self/ns/mnt", &st) == 0)
		k->skel->rodata->host_mnt_ns = (uint32_t)st.st_ino;
	if (getrandom(&k->skel->rodata->args_key, sizeof(k->skel->rodata->args_key), 0) < 0)
		return sk_err_errno(err, errno, "guard: draw a key");
	for (size_t i = 0; i < SK_ARRAY_LEN(engine_sockets); i++)
		k->skel->rodata->engine_sockets[i] = guard_name_hash(engine_sockets[i]);
	k->skel->rodata->lsm_backend = k->backend == GUARD_BACKEND_LSM;
	k->skel->rodata->have_cast =
		btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	k->skel->rodata->fmode_backing = fmode_backing(btf);
	(void)bpf_map__set_max_entries(k->skel->maps.tasks, tasks_of_machine());
	if (o->max_containers != 0)
		(void)bpf_map__set_max_entries(k->skel->maps.containers, 2 * o->max_containers);
	find_overlay(k->skel, btf);
	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++) {
		bool use = is_wanted(i, o, k->backend) && k->programs[i].error == 0;
		const char *why;

		/* A fallback waits until the program before it failed. */
		if ((plan[i].flags & PLAN_FALLBACK) != 0 && k->programs[i - 1].error == 0)
			use = false;
		k->programs[i].hook = bpf_program__section_name(program(k, i));
		why = use ? lacks(k, i, btf) : NULL;
		if (why != NULL)
			note_failure(k, i, ENOENT, why);
		(void)bpf_program__set_autoload(program(k, i), use && why == NULL);
	}
	return 0;
}

/* Loads one program alone; for finding out which one a kernel minds when no log tells. */
static int try_alone(struct guard_kern *k, size_t i, const struct btf *btf,
		     const struct guard_kern_options *o, struct sk_err *err)
{
	int r = open_skeleton(k, btf, o, err);

	if (r < 0)
		return r;
	for (size_t j = 0; j < SK_ARRAY_LEN(plan); j++)
		if (j != i)
			(void)bpf_program__set_autoload(program(k, j), false);
	r = guard_bpf__load(k->skel);
	if (r < 0)
		note_failure(k, i, -r, NULL);
	return r;
}

/* After a failed load: blame the program whose log speaks, else try each alone. Returns how many.
 */
static int blame(struct guard_kern *k, char *const *logs, int r, const struct btf *btf,
		 const struct guard_kern_options *o, struct sk_err *err)
{
	bool was[GUARD_MAX_PROGRAMS];
	int n = 0;

	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++) {
		char line[160];

		was[i] = bpf_program__autoload(program(k, i));
		if (logs[i] == NULL || logs[i][0] == '\0')
			continue;
		last_line(logs[i], line, sizeof(line));
		note_failure(k, i, -r, line);
		n++;
	}
	for (size_t i = 0; n == 0 && i < SK_ARRAY_LEN(plan); i++)
		if (was[i] && try_alone(k, i, btf, o, err) < 0)
			n++;
	return n;
}

static size_t index_of(const char *name)
{
	size_t i = 0;

	while (i < SK_ARRAY_LEN(plan) - 1 && strcmp(plan[i].name, name) != 0)
		i++;
	return i;
}

static bool lacks_needed(const struct guard_kern *k, const struct guard_kern_options *o)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++)
		if ((plan[i].flags & PLAN_NEEDED) != 0 && is_wanted(i, o, k->backend) &&
		    k->programs[i].error != 0)
			return true;
	return false;
}

static int load_once(struct guard_kern *k, const struct btf *btf,
		     const struct guard_kern_options *o, int *ret_blamed, struct sk_err *err)
{
	char *logs[GUARD_MAX_PROGRAMS] = {NULL};
	int r = open_skeleton(k, btf, o, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++) {
		if (!bpf_program__autoload(program(k, i)))
			continue;
		logs[i] = sk_alloc(LOG_SIZE);
		(void)bpf_program__set_log_buf(program(k, i), logs[i], LOG_SIZE);
	}
	r = guard_bpf__load(k->skel);
	*ret_blamed = r < 0 ? blame(k, logs, r, btf, o, err) : 0;
	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++)
		sk_free(logs[i]);
	return r;
}

/* Leaves out what the kernel refuses until the rest loads. */
static int load_backend(struct guard_kern *k, const struct btf *btf,
			const struct guard_kern_options *o, struct sk_err *err)
{
	int r = -1, blamed = 1;

	while (r < 0 && blamed > 0 && !lacks_needed(k, o))
		r = load_once(k, btf, o, &blamed, err);
	if (r < 0 || lacks_needed(k, o)) {
		const char *why = "no program is to blame";

		for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++)
			if ((plan[i].flags & PLAN_NEEDED) != 0 && is_wanted(i, o, k->backend) &&
			    k->programs[i].error != 0)
				why = k->programs[i].why;
		return sk_err_set(err, SK_E_UNSUPPORTED, "guard: the %s backend does not load: %s",
				  guard_backend_name(k->backend), why);
	}
	return 0;
}

static int attach_one(struct guard_kern *k, size_t i)
{
	struct bpf_program *p = program(k, i);

	if (!bpf_program__autoload(p) || (plan[i].flags & PLAN_ITER) != 0)
		return 0;
	if ((plan[i].flags & PLAN_CGROUP) != 0)
		k->links[i] =
			k->cgroup_fd >= 0 ? bpf_program__attach_cgroup(p, k->cgroup_fd) : NULL;
	else
		k->links[i] = bpf_program__attach(p);
	if (k->links[i] == NULL) {
		note_failure(k, i, k->cgroup_fd < 0 ? ENOENT : errno, NULL);
		return -1;
	}
	k->programs[i].attached = true;
	return 0;
}

static void detach_all(struct guard_kern *k)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++) {
		if (k->links[i] != NULL)
			(void)bpf_link__destroy(k->links[i]);
		k->links[i] = NULL;
		k->programs[i].attached = false;
	}
}

static int attach_all(struct guard_kern *k, const struct guard_kern_options *o, struct sk_err *err)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++)
		(void)attach_one(k, i); /* noted per program; the needed ones are asked for below */
	if (!lacks_needed(k, o))
		return 0;
	detach_all(k);
	return sk_err_set(err, SK_E_UNSUPPORTED, "guard: the %s backend does not attach",
			  guard_backend_name(k->backend));
}

/* Why a program is not attached that nothing is wrong with. */
static void note_unused(struct guard_kern *k)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++) {
		struct guard_kern_program *p = &k->programs[i];

		if (p->attached || p->error != 0)
			continue;
		if ((plan[i].flags & PLAN_ITER) != 0)
			p->why = "loaded; runs when it is asked for";
		else if ((plan[i].flags & PLAN_FALLBACK) != 0 && k->programs[i - 1].attached)
			p->why = "stands in for the one before it, which works";
		else if ((plan[i].flags & (PLAN_LSM | PLAN_SIGNAL)) == PLAN_LSM)
			p->why = "of the LSM backend, which is not in force";
		else if ((plan[i].flags & PLAN_HOLD) != 0)
			p->why = "of 'guard run'";
		else
			p->why = "not needed with this backend";
	}
}

void guard_bpf_hand_out(struct guard_kern *k)
{
	const struct guard_rec *rec;
	size_t size;

	while ((rec = guard_batch_take(k->batch, &size)) != NULL)
		if (k->fn != NULL && k->fn_result >= 0)
			k->fn_result = k->fn(k->fn_ctx, rec, (const uint8_t *)(rec + 1),
					     size - sizeof(*rec));
}

int guard_bpf_on_record(void *ctx, void *data, size_t size)
{
	struct guard_kern *k = ctx;

	if (size < sizeof(struct guard_rec) || guard_batch_put(k->batch, data, size))
		return 0;
	guard_bpf_hand_out(k);
	return guard_batch_put(k->batch, data, size) ? 0 : -E2BIG; /* no record is that large */
}

static int open_maps(struct guard_kern *k, struct sk_err *err)
{
	for (size_t i = 0; i < GUARD_N_MAPS; i++)
		k->map_fds[i] = bpf_object__find_map_fd_by_name(k->skel->obj, map_names[i]);
	k->batch = guard_batch_new();
	/* Read in this order, so that what led to an alert is there when the alert is. */
	k->rings = ring_buffer__new(k->map_fds[GUARD_MAP_ALERTS], guard_bpf_on_record, k, NULL);
	if (k->rings == NULL ||
	    ring_buffer__add(k->rings, k->map_fds[GUARD_MAP_RECORDS], guard_bpf_on_record, k) != 0)
		return sk_err_errno(err, errno, "guard: open the ring buffers");
	return 0;
}

/*
 * Is there a use in trying? A kernel that has the hooks but does not run the module takes every
 * program and calls none: that would be a guard that blocks nothing.
 */
static void ask_lsm(struct guard_kern *k, const struct btf *btf)
{
	size_t first = index_of("guard_bprm");
	char list[GUARD_LSM_LIST_SIZE], why[160];

	if (!hook_exists(btf, "lsm/bprm_check_security")) {
		note_failure(k, first, ENOENT, "this kernel is built without BPF LSM");
		return;
	}
	switch (guard_lsm_bpf(list)) {
	case GUARD_LSM_ABSENT:
		(void)snprintf(why, sizeof(why), "bpf is not in lsm= (%.120s)", list);
		note_failure(k, first, EOPNOTSUPP, why);
		break;
	case GUARD_LSM_UNKNOWN:
		note_failure(k, first, EACCES,
			     "/sys/kernel/security/lsm cannot be read: bpf may not be in lsm=");
		break;
	case GUARD_LSM_PRESENT:
		break;
	}
}

static int start_backend(struct guard_kern *k, const struct btf *btf,
			 const struct guard_kern_options *o, enum guard_backend backend,
			 struct sk_err *err)
{
	int r;

	k->backend = backend;
	/* Without this one there is no LSM backend: asked first, since most kernels that say no do
	 * so here. */
	if (backend == GUARD_BACKEND_LSM)
		ask_lsm(k, btf);
	if (backend == GUARD_BACKEND_LSM && k->programs[index_of("guard_bprm")].error == 0)
		(void)try_alone(k, index_of("guard_bprm"), btf, o, err);
	r = load_backend(k, btf, o, err);
	if (r < 0)
		return r;
	return attach_all(k, o, err);
}

/* The best that works. What the better one lacked stays in the report. */
static int start_best(struct guard_kern *k, const struct btf *btf,
		      const struct guard_kern_options *o, struct sk_err *err)
{
	int r;

	if (o->backend != GUARD_BACKEND_AUTO)
		return start_backend(k, btf, o, o->backend, err);
	r = start_backend(k, btf, o, GUARD_BACKEND_LSM, err);
	if (r >= 0)
		return r;
	return start_backend(k, btf, o, GUARD_BACKEND_SIGNAL, err);
}

int guard_bpf_open(struct guard_kern *k, const struct guard_kern_options *o, struct sk_err *err)
{
	struct btf *btf;
	char root[256];
	int r;

	k->ops = &guard_bpf_ops;
	k->n_programs = SK_ARRAY_LEN(plan);
	for (size_t i = 0; i < SK_ARRAY_LEN(plan); i++)
		k->programs[i].name = plan[i].name;
	(void)libbpf_set_print(NULL);
	(void)libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	btf = btf__load_vmlinux_btf();
	if (btf == NULL)
		return sk_err_errno(err, errno, "guard: no type information in this kernel");
	if (guard_cgroup_root(root, sizeof(root)))
		k->cgroup_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = start_best(k, btf, o, err);
	k->ring_strangers = btf__find_by_name_kind(btf, "create_io_thread", BTF_KIND_FUNC) <= 0;
	btf__free(btf);
	(void)malloc_trim(0); /* the kernel's types twice over, most of it below what stays */
	note_unused(k);
	if (r >= 0)
		r = open_maps(k, err);
	if (r < 0)
		return r;
	k->control = (struct guard_control){.agent_pid = (uint32_t)getpid(),
					    .agent_start = guard_process_start((uint32_t)getpid()),
					    .enforce = o->enforce,
					    .abi = GUARD_ABI,
					    .backend = (uint32_t)k->backend,
					    .hold_pending = o->hold};
	if (o->succeed)
		guard_bpf_succeed(k);
	if (k->has_old)
		guard_bpf_ops.pause(k); /* until it is the only one */
	else
		guard_bpf_ops.heartbeat(k);
	return 0;
}

void guard_bpf_close(struct guard_kern *k)
{
	ring_buffer__free(k->rings);
	k->rings = NULL;
	guard_batch_free(k->batch);
	k->batch = NULL;
	if (k->skel != NULL)
		detach_all(k);
	guard_bpf__destroy(k->skel);
	k->skel = NULL;
	sk_closep(&k->cgroup_fd);
	sk_closep(&k->pins_fd);
	for (size_t i = 0; k->has_old && i < GUARD_N_MAPS; i++)
		sk_closep(&k->old_fds[i]);
	k->has_old = false;
}

void guard_bpf_changed(struct guard_kern *k, enum guard_map map, const struct guard_task *before,
		       const void *value)
{
	const struct guard_policy *policy = value;
	const struct guard_task *task = value;
	uint32_t fresh;

	if (map == GUARD_MAP_POLICIES &&
	    (policy->flags & (GUARD_P_CALLS | GUARD_P_JUDGE_CALLS)) != 0)
		k->skel->bss->calls_wanted = 1;
	if (map == GUARD_MAP_POLICIES && (policy->flags & GUARD_P_LIFECYCLE) != 0)
		k->skel->bss->lives_wanted = 1;
	if (map == GUARD_MAP_POLICIES || map == GUARD_MAP_CONTAINERS)
		(void)__atomic_add_fetch(&k->skel->bss->generation, 1, __ATOMIC_RELEASE);
	if (map != GUARD_MAP_TASKS)
		return;
	/* The kernel half counts down, when a process ends: it must not meet a zero too early. */
	fresh = task->flags & ~before->flags;
	if ((fresh & GUARD_T_ENDS) != 0)
		(void)__atomic_add_fetch(&k->skel->bss->n_ending, 1, __ATOMIC_RELEASE);
	if ((fresh & GUARD_T_STRAY) != 0)
		(void)__atomic_add_fetch(&k->skel->bss->n_strays, 1, __ATOMIC_RELEASE);
	if (before->script == 0 && task->script != 0)
		(void)__atomic_add_fetch(&k->skel->bss->n_scripts, 1, __ATOMIC_RELEASE);
}

bool guard_bpf_has_strays(const struct guard_kern *k)
{
	return __atomic_load_n(&k->skel->bss->n_strays, __ATOMIC_ACQUIRE) != 0;
}

static int read_iterator(struct guard_kern *k, struct bpf_program *p, guard_record_fn *fn,
			 void *ctx, struct sk_err *err)
{
	struct {
		struct guard_rec rec;
		uint8_t path[GUARD_PATH_BYTES];
	} item;
	struct bpf_link *link = bpf_program__attach_iter(p, NULL);
	sk_cleanup(sk_closep) int fd = link != NULL ? bpf_iter_create(bpf_link__fd(link)) : -1;
	int r = fd < 0 ? sk_err_errno(err, errno, "guard: walk what runs") : 0;

	(void)k;
	while (r >= 0) {
		int64_t n = sk_read_full(fd, &item, sizeof(item));

		if (n < (int64_t)sizeof(item))
			break;
		r = fn(ctx, &item.rec, item.path, sizeof(item.path));
	}
	if (link != NULL)
		(void)bpf_link__destroy(link);
	return r;
}

static int no_record(void *ctx, const struct guard_rec *rec, const uint8_t *data, size_t len)
{
	(void)ctx, (void)rec, (void)data, (void)len;
	return 0;
}

int guard_bpf_note_pins(struct guard_kern *k, int fd, struct sk_err *err)
{
	k->skel->bss->pins_inode = 0;
	if (fd < 0 || bpf_program__fd(k->skel->progs.guard_walk_pins) < 0)
		return 0;
	k->skel->bss->pins_fd = (uint32_t)fd;
	return read_iterator(k, k->skel->progs.guard_walk_pins, no_record, NULL, err);
}

int guard_bpf_walk(struct guard_kern *k, guard_record_fn *fn, void *ctx, struct sk_err *err)
{
	int r = 0;

	if (bpf_program__fd(k->skel->progs.guard_walk_tasks) >= 0)
		r = read_iterator(k, k->skel->progs.guard_walk_tasks, fn, ctx, err);
	if (r < 0)
		return r;
	if (bpf_program__fd(k->skel->progs.guard_walk_vmas) < 0)
		return 1;
	return read_iterator(k, k->skel->progs.guard_walk_vmas, fn, ctx, err);
}
