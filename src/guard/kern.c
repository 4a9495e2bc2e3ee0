/* SPDX-License-Identifier: Apache-2.0 */
/* The backends behind one interface: names, choice by really loading, dispatch. */
#include "guard/kern.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "guard/kern-fan.h"
#include "guard/kern-pin.h"
#include "guard/kern-priv.h"

enum {
	FILES_WANTED = 16384, /* all containers that there is room for */
	FILES_NEEDED = 128,   /* programs, maps and rings of a backend */
};

static const char *const backend_names[] = {"auto", "lsm", "signal", "fanotify"};

_Static_assert(SK_ARRAY_LEN(backend_names) == GUARD_N_BACKENDS, "backends");

const char *guard_backend_name(enum guard_backend backend)
{
	return (size_t)backend < GUARD_N_BACKENDS ? backend_names[backend] : "";
}

bool guard_backend_parse(const char *text, enum guard_backend *ret)
{
	for (size_t i = 0; text != NULL && i < GUARD_N_BACKENDS; i++) {
		if (strcmp(text, backend_names[i]) == 0) {
			*ret = (enum guard_backend)i;
			return true;
		}
	}
	return false;
}

/* A message within another one does not say again whose it is. */
static const char *bare(const char *msg)
{
	static const char prefix[] = "guard: ";

	return strncmp(msg, prefix, sizeof(prefix) - 1) == 0 ? msg + sizeof(prefix) - 1 : msg;
}

/* What needs no BPF is tried last: it covers least. Why the others do not work stays to be told. */
static int open_any(struct guard_kern *k, const struct guard_kern_options *o, struct sk_err *err)
{
	struct sk_err why;
	int r;

	if (o->backend == GUARD_BACKEND_FANOTIFY)
		return guard_fan_kern_open(k, o, err);
	r = guard_bpf_open(k, o, err);
	if (r >= 0 || o->backend != GUARD_BACKEND_AUTO)
		return r;
	guard_bpf_close(k);
	(void)snprintf(k->fallback, sizeof(k->fallback), "%s", bare(err->msg));
	if (guard_fan_kern_open(k, o, &why) >= 0)
		return 0;
	return sk_err_set(err, SK_E_UNSUPPORTED, "guard: %s; %s", k->fallback, bare(why.msg));
}

/*
 * A descriptor or more for each container: the usual limit is for programs that use select(2). With
 * too few of them a backend does not load, and one that does less would be taken.
 */
static int lift_limit(struct sk_err *err)
{
	struct rlimit rl = {0}, more;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 0;
	more.rlim_max = more.rlim_cur = rl.rlim_max > FILES_WANTED ? rl.rlim_max : FILES_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)
		return 0;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur >= FILES_NEEDED)
		return 0;
	return sk_err_set(err, EMFILE, "guard: %llu descriptors are too few (ulimit -n): %d",
			  (unsigned long long)rl.rlim_cur, FILES_NEEDED);
}

int guard_kern_open(const struct guard_kern_options *o, struct guard_kern **ret, struct sk_err *err)
{
	sk_cleanup(guard_kern_freep) struct guard_kern *k = sk_alloc(sizeof(*k));
	int r;

	k->cgroup_fd = k->pins_fd = -1;
	r = lift_limit(err);
	if (r >= 0)
		r = open_any(k, o, err);
	if (r >= 0)
		*ret = sk_take(k);
	return r;
}

void guard_kern_free(struct guard_kern *k)
{
	if (k == NULL)
		return;
	if (k->ops != NULL)
		k->ops->close(k);
	sk_free(k);
}

enum guard_backend guard_kern_backend(const struct guard_kern *k)
{
	return k->backend;
}

const struct guard_kern_program *guard_kern_programs(const struct guard_kern *k, size_t *ret_n)
{
	*ret_n = k->n_programs;
	return k->programs;
}

void guard_kern_on(struct guard_kern *k, guard_record_fn *fn, void *ctx)
{
	k->fn = fn;
	k->fn_ctx = ctx;
}

int guard_kern_poll(struct guard_kern *k, int timeout_ms, struct sk_err *err)
{
	return k->ops->poll(k, timeout_ms, err);
}

void guard_kern_heartbeat(struct guard_kern *k)
{
	k->ops->heartbeat(k);
}

int guard_kern_walk(struct guard_kern *k, guard_record_fn *fn, void *ctx, struct sk_err *err)
{
	return k->ops->walk(k, fn, ctx, err);
}

bool guard_kern_get(const struct guard_kern *k, enum guard_map map, const void *key,
		    void *ret_value)
{
	return k->ops->get(k, map, key, ret_value);
}

int guard_kern_put(struct guard_kern *k, enum guard_map map, const void *key, const void *value)
{
	return k->ops->put(k, map, key, value);
}

void guard_kern_del(struct guard_kern *k, enum guard_map map, const void *key)
{
	k->ops->del(k, map, key);
}

bool guard_kern_next(const struct guard_kern *k, enum guard_map map, const void *key, void *ret_key)
{
	return k->ops->next(k, map, key, ret_key);
}

bool guard_kern_has_left(const struct guard_kern *k, uint64_t cgroup)
{
	return k->ops->has_left != NULL && k->ops->has_left(k, cgroup);
}

bool guard_kern_release(struct guard_kern *k, const struct guard_rec *rec, int sig)
{
	return k->ops->release(k, rec, sig);
}

enum guard_rec_verdict guard_kern_refusal(const struct guard_kern *k)
{
	return k->backend == GUARD_BACKEND_FANOTIFY ? GUARD_REC_DENIED : GUARD_REC_KILLED;
}

int guard_kern_file(const struct guard_kern *k, const struct guard_rec *rec)
{
	return k->ops->file != NULL ? k->ops->file(k, rec) : -1;
}

bool guard_kern_ring_strangers(const struct guard_kern *k)
{
	return k->ring_strangers;
}

const char *guard_kern_fallback(const struct guard_kern *k)
{
	return k->fallback[0] != '\0' ? k->fallback : NULL;
}

void guard_kern_pause(struct guard_kern *k)
{
	if (k->ops->pause != NULL)
		k->ops->pause(k);
}

size_t guard_kern_kill_held(struct guard_kern *k)
{
	return k->ops->kill_held != NULL ? k->ops->kill_held(k) : 0;
}

bool guard_kern_kill(struct guard_kern *k, const struct guard_rec *rec)
{
	sk_cleanup(sk_closep) int fd = (int)syscall(SYS_pidfd_open, rec->host_pid, 0);
	struct guard_task task;

	return fd >= 0 && guard_kern_get(k, GUARD_MAP_TASKS, &rec->host_pid, &task) &&
	       task.exec_id == rec->exec_id &&
	       syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
}

struct guard_stats guard_kern_stats(const struct guard_kern *k)
{
	return k->ops->stats(k);
}

int guard_kern_pin(struct guard_kern *k, struct sk_err *err)
{
	/* What cannot be pinned takes the place of what is all the same. */
	if (k->ops->pin == NULL)
		return guard_kern_unpin(NULL, err) < 0 ? -err->code : 0;
	return k->ops->pin(k, err);
}

size_t guard_kern_inherit(struct guard_kern *k, bool held)
{
	return k->ops->inherit != NULL ? k->ops->inherit(k, held) : 0;
}
