/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Calls and capabilities of a cgroup that need nothing more, for a quick answer. */
#pragma once

enum {
	NOTED_CGROUPS = 8, /* a power of two */
};

/* Calls of a cgroup that are noted in its container already, for a quick answer. */
struct noted {
	__u64 cgroup; /* the one that processes are in, which need not be the container's */
	__u32 generation;
	__u32 zero;
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

static __always_inline int is_noted(__u64 cgroup, __u32 nr, int compat)
{
	struct noted *n = noted_of(cgroup);
	__u64 *word;

	if (n == NULL || n->cgroup != cgroup || n->generation != generation || nr >= GUARD_N_CALLS)
		return 0;
	word = compat ? &n->calls_ia32[BOUND(nr / 64, 7)] : &n->calls[BOUND(nr / 64, 7)];
	return (*word >> (nr % 64)) & 1;
}

/* Where to keep what needs nothing more of this cgroup, until user space changes its mind. */
static __always_inline struct noted *noted_place(struct subject *s, __u64 cgroup)
{
	struct noted *n = noted_of(cgroup);

	/* Who brought another container's identity along speaks for nobody else here. */
	if (n == NULL || container_of_id(cgroup) != s->container)
		return NULL;
	if (n->cgroup != cgroup || n->generation != generation) {
		__builtin_memset(n, 0, sizeof(*n));
		n->cgroup = cgroup;
		n->generation = generation;
	}
	return n;
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
