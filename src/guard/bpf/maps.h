/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Maps and settings of the kernel half. Sizes here are maxima; hash maps take memory as they fill.
 */
#pragma once

enum {
	MAX_TASKS = 262144,     /* the loader takes what the machine can have */
	MAX_CONTAINERS = 16384, /* cgroups inside of them do not count; half is for unnamed ones */
	TOP_DEPTH = 24, /* a container's own cgroup is not deeper; what it makes below may be */
	ROOT_DEPTH = 8, /* mounts in mounts that root directories were changed to */
	MAX_ALLOW = 262144,
	MAX_SEEN = 65536,
	MAX_FOLDS = 16384,
	MAX_NAMED = 16384,
	MAX_CLIENTS = 8192,
	MAX_DOOMED = 16384,
	MAX_QUESTIONS = 8192, /* that wait for their answers */
	DNS_PORT = 53,
	RECORD_RING_BYTES = 2 << 20,
	ALERT_RING_BYTES = 512 << 10,
	HOLD_ALIVE_NS = 3000000000,
	OVERLAY_MAGIC = 0x794c7630,
	TMPFS_MAGIC = 0x01021994,
	RAMFS_MAGIC = 0x858458f6,
	PROC_MAGIC = 0x9fa0,
	SYSFS_MAGIC = 0x62656572,
	CGROUP1_MAGIC = 0x27e0eb,
	BINFMT_MAGIC = 0x42494e4d,
	FMODE_READ_BIT = 1,
	FMODE_WRITE_BIT = 2,
	TS_COMPAT_BIT = 2,
	EEXIST_ = 17,
	SIG_KILL = 9,
	SIG_CHLD = 17,
	SIG_CONT = 18,
	SIG_STOP = 19,
	CLD_CONTINUED_CODE = 6,
	DATA_MASK = 0x7ff,
	PATH_MASK = GUARD_PATH_BYTES - 1,
	NAME_MASK = GUARD_NAME_BYTES - 1,
	ARGS_MASK = GUARD_ARGS_BYTES - 1,
};

/* How long an address that a name led to stays a peer. */
#define NAMED_LEAST_NS 60000000000ull /* after an answer, were its own time shorter */
#define NAMED_MOST_S 86400            /* … or longer */
#define NAMED_USE_NS 600000000000ull  /* after a connection */

/* A bound that the compiler cannot argue away and the verifier understands. */
#define BOUND(value, mask)                                                                         \
	({                                                                                         \
		__u64 bound_ = (value);                                                            \
		asm volatile("%0 &= %1" : "+r"(bound_) : "i"(mask));                               \
		bound_;                                                                            \
	})

/* State goes back to memory, where the verifier forgets its value: loops converge. */
#define FORGET() asm volatile("" ::: "memory")

/* Set by user space before loading. */
const volatile __u32 host_mnt_ns = 0;
const volatile __u32 lsm_backend = 0;   /* file and network decisions are made in LSM hooks */
const volatile __u64 args_key = 0;      /* of the hash of arguments, drawn at each start */
const volatile __u32 have_cast = 0;     /* the kernel has bpf_rdonly_cast */
const volatile __u32 fmode_backing = 0; /* bit of file.f_mode: struct backing_file; 0: none */
const volatile __u32 ovl_upper_off =
	0; /* from struct inode to ovl_inode.__upperdentry; 0: unknown */
const volatile __u32 ovl_lower_off = 0;  /* … to what leads to the lower inode */
const volatile __u32 ovl_lower_kind = 0; /* 1 inode, 2 dentry, 3 ovl_entry */

/*
 * What every system call asks for, where it costs least. @n_ending: processes with GUARD_T_ENDS and
 * elements of doomed,
 * @n_scripts: those that wait for a script, @n_strays: those with GUARD_T_STRAY; or more. The
 * others are set by user space.
 */
__u64 n_ending = 0;
__u64 n_scripts = 0;
__u64 n_strays = 0;
__u32 calls_wanted = 0; /* some policy notes system calls */
__u32 lives_wanted = 0; /* some policy records forks and exits */
__u32 generation = 0;   /* raised when containers or policies change */

__u32 regs_at = 0; /* where a task's stack has the registers of user space; 0: not known yet */

/* The directory where the programs are pinned: the agent's descriptor, what that leads to. */
__u32 pins_fd = 0;
__u64 pins_inode = 0;
__u64 pins_ctime = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RECORD_RING_BYTES);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ALERT_RING_BYTES);
} alerts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TASKS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct guard_task);
} tasks SEC(".maps");

/** struct doomed - memory with forbidden code in it; by the program too: addresses come again */
struct doomed {
	__u64 mm;
	__u64 exec_id;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_DOOMED);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct doomed);
	__type(value, __u8);
} doomed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CONTAINERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct guard_container);
} containers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GUARD_MAX_SERVICES);
	__type(key, __u32);
	__type(value, struct guard_policy);
} policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ALLOW);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_allow_key);
	__type(value, struct guard_allow);
} allow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ALLOW);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_size_key);
	__type(value, __u32);
} sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SEEN);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_use_key);
	__type(value, __u32);
} uses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SEEN);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_peer_key);
	__type(value, __u32);
} peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MAX_SEEN);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_net_key);
	__type(value, __u32);
} nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SEEN);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_name_key);
	__type(value, struct guard_name);
} names SEC(".maps");

/* Addresses that known names led to, by the container that asked. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_NAMED);
	__type(key, struct guard_named_key);
	__type(value, struct guard_named);
} named SEC(".maps");

/** struct dns_asker - the process that asks */
struct dns_asker {
	__u64 top;
	__u64 exec_id;
	__u64 parent_exec_id;
	__u32 host_pid;
	__u32 pid;
	__u32 ppid;
	__u32 host_ppid;
	__u32 uid;
	__u32 program;
};

/** struct dns_socket - a socket that talks to a name server, with the address as it was given */
struct dns_socket {
	struct dns_asker who;
	__u8 server[16];
	__u32 family;
	__u32 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_QUESTIONS);
	__type(key, __u64); /* socket cookie */
	__type(value, struct dns_socket);
} dns_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_SEEN);
	__type(key, struct guard_seen_key);
	__type(value, __u64);
} seen SEC(".maps");

/* Connections that were accepted: apart, since strangers choose how many there are. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CLIENTS);
	__type(key, struct guard_seen_key);
	__type(value, __u8);
} clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_FOLDS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_fold_key);
	__type(value, struct guard_fold);
} folds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guard_control);
} control SEC(".maps");

/* No program uses it: it is the agent's own memory, pinned with the rest. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_FOLDS + MAX_CONTAINERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_told_key);
	__type(value, __u64);
} told SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guard_stats);
} stats SEC(".maps");

/** struct seen_file - what the kernel knows of a file */
struct seen_file {
	struct guard_file_id id;
	__u32 origin;
	__u32 unlinked;
	__u64 place;   /* device and generation: tells a number that was given again */
	__u32 writers; /* someone can write to it right now, perhaps through a mapping */
};

/* The slack lets the verifier see that a write at a masked offset stays inside. */
struct scratch {
	struct guard_rec rec;
	__u8 data[4096 + 64];
	__u8 args[GUARD_ARGS_BYTES * 2];
	__u8 cwd[GUARD_PATH_BYTES];
	struct guard_parse parse;
	struct seen_file file; /* the program that starts */
	struct seen_file code; /* what runs first of it */
	__u64 args_hash;
	__u32 run; /* kept here, not in a register, so that the verifier sees one state */
};

/* Only programs at tracepoints use it: those run with preemption off. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");
