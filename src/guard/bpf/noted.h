/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Calls and capabilities of a cgroup that need nothing more, for a quick answer. */
#pragma once

enum {
	NOTED_CGROUPS = 64, /* a power of two */
};

/* Calls of a cgroup that are noted in its container already, for a quick answer. */
struct noted {
	__u64 cgroup; /* the one that processes are in, which need not be the container's */
	__u32 generation;
	__u32 nobodys; /* no container of ours: only strays in it need to be looked at */
	__u64 caps;
	__u64 calls[GUARD_N_CALLS / 64];
	__u64 calls_ia32[GUARD_N_CALLS / 64];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NOTED_CGROUPS);
	__type(key, __u32);
	__type(value, struct noted);
} noted_calls SEC(".maps");

static __always_inline struct noted *noted_of(__u64 cgroup)
{
	__u32 i = cgroup & (NOTED_CGROUPS - 1);

	return bpf_map_lookup_elem(&noted_calls, &i);
}

/* What is noted of a cgroup on this CPU, NULL: nothing. */
static __always_inline struct noted *noted_now(__u64 cgroup)
{
	struct noted *n = noted_of(cgroup);

	return n != NULL && n->cgroup == cgroup && n->generation == generation ? n : NULL;
}

/* The container where a task lives. It may be somebody of another one who was moved there. */
static __always_inline struct guard_container *container_of_task(struct task_struct *task)
{
	struct noted *n = noted_now(task_cgroup(task));

	if (n != NULL && n->nobodys)
		return NULL;
	return container_of_cgroup(READ(task, cgroups, dfl_cgrp));
}

static __always_inline int is_noted(struct noted *n, __u32 nr, int compat)
{
	__u64 *word;

	if (n == NULL || nr >= GUARD_N_CALLS)
		return 0;
	word = compat ? &n->calls_ia32[BOUND(nr / 64, 7)] : &n->calls[BOUND(nr / 64, 7)];
	return (*word >> (nr % 64)) & 1;
}

static __always_inline struct noted *fresh_note(__u64 cgroup)
{
	struct noted *n = noted_of(cgroup);

	if (n == NULL)
		return NULL;
	if (n->cgroup != cgroup || n->generation != generation) {
		__builtin_memset(n, 0, sizeof(*n));
		n->cgroup = cgroup;
		n->generation = generation;
	}
	return n;
}

/* The current process's cgroup, NULL when it is in another one by now. */
static __always_inline struct cgroup *still_in(__u64 cgroup)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cgroup *cgrp = READ(task, cgroups, dfl_cgrp);

	return READ(cgrp, kn, id) == cgroup ? cgrp : NULL;
}

/* Who brought another container's identity along speaks for nobody else in this cgroup. */
static __always_inline int speaks_for(struct subject *s, __u64 cgroup)
{
	struct cgroup *cgrp;

	if (cgroup == s->container->top)
		return 1;
	cgrp = still_in(cgroup);
	return cgrp != NULL && container_of_cgroup(cgrp) == s->container;
}

/* Where to keep what needs nothing more of this cgroup, until user space changes its mind. */
static __always_inline struct noted *noted_place(struct subject *s, __u64 cgroup)
{
	return speaks_for(s, cgroup) ? fresh_note(cgroup) : NULL;
}

static __always_inline void keep_nobodys(__u64 cgroup)
{
	struct cgroup *cgrp = still_in(cgroup);
	struct guard_container *c;
	struct noted *n;

	if (cgrp == NULL)
		return;
	c = container_of_cgroup(cgrp);
	if (c != NULL && (c->flags & GUARD_C_IGNORED) == 0)
		return;
	n = fresh_note(cgroup);
	if (n != NULL)
		n->nobodys = 1;
}

static __always_inline void keep_noted(struct subject *s, __u64 cgroup, __u32 nr, int compat)
{
	struct noted *n = noted_place(s, cgroup);
	__u64 *word;

	if (n == NULL)
		return;
	word = compat ? &n->calls_ia32[BOUND(nr / 64, 7)] : &n->calls[BOUND(nr / 64, 7)];
	*word |= 1ull << (nr % 64);
}
