/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the kernel half and the user half of the guard share: keys and values of the maps, records
 * of the rings. Fixed-width types, no pointers, sizes asserted.
 */
#pragma once

#ifdef __bpf__
typedef __u8 guard_u8;
typedef __u16 guard_u16;
typedef __u32 guard_u32;
typedef __u64 guard_u64;
#else
#include <stdint.h>
typedef uint8_t guard_u8;
typedef uint16_t guard_u16;
typedef uint32_t guard_u32;
typedef uint64_t guard_u64;
#endif

enum {
	GUARD_ABI =
		12, /* raised when anything below changes; pinned maps of another are not read */
	GUARD_PATH_DEPTH = 24,   /* components walked */
	GUARD_PATH_BYTES = 1024, /* of one walked path */
	GUARD_NAME_BYTES = 256,  /* name as given to execve, cgroup name */
	GUARD_ARGS_BYTES = 1024, /* of argument text */
	GUARD_PARSE_BYTES = 192, /* of argument text looked at for options and script */
	GUARD_DATA_BYTES = GUARD_PATH_BYTES + GUARD_NAME_BYTES + GUARD_ARGS_BYTES,
	GUARD_N_CALLS = 512,       /* system calls noted */
	GUARD_DEFAULT_SERVICE = 0, /* who has no profile, or is not known yet */
	GUARD_MAX_SERVICES = 1024,
	GUARD_SIGNS_SERVICE = GUARD_MAX_SERVICES, /* whose names are unwelcome anywhere */
	GUARD_DNS_BYTES = 1024,                   /* of one DNS message that a record holds */
	GUARD_DNS_NAME = 256,  /* wire form of a name, RFC 1035 3.1, with the root's length */
	GUARD_NAME_PORTS = 16, /* ports that one name is known for */
};

/* Modes, numbered as enum guard_mode is. */
enum guard_rec_mode {
	GUARD_REC_MODE_UNSET,
	GUARD_REC_MODE_AUDIT,
	GUARD_REC_MODE_ALERT,
	GUARD_REC_MODE_ENFORCE,
};

/* Verdicts, numbered as enum guard_verdict is. */
enum guard_rec_verdict {
	GUARD_REC_OBSERVED,
	GUARD_REC_ALLOWED,
	GUARD_REC_ALERTED,
	GUARD_REC_DENIED,
	GUARD_REC_KILLED,
	GUARD_REC_HELD = 15, /* stopped until user space has looked */
};

/* Reasons, numbered as enum guard_reason is. */
enum guard_rec_reason {
	GUARD_REC_R_NONE,
	GUARD_REC_R_NOT_IN_PROFILE,
	GUARD_REC_R_ENTRY,
	GUARD_REC_R_DRIFT,
	GUARD_REC_R_FILELESS,
	GUARD_REC_R_LOADER,
	GUARD_REC_R_SCRIPT,
	GUARD_REC_R_APPLET,
	GUARD_REC_R_SHELL,
	GUARD_REC_R_ANON_EXEC,
	GUARD_REC_R_RAW_SOCKET,
	GUARD_REC_R_ESCAPE,
	GUARD_REC_R_TAMPER,
	GUARD_REC_R_POLICY,
};

/* Origins, numbered as enum guard_origin is. */
enum guard_rec_origin {
	GUARD_REC_O_UNKNOWN,
	GUARD_REC_O_IMAGE,
	GUARD_REC_O_UPPER,
	GUARD_REC_O_VOLUME,
	GUARD_REC_O_TMPFS,
	GUARD_REC_O_MEMFD,
	GUARD_REC_O_HOST,
};

enum guard_rec_type {
	GUARD_REC_EXEC = 1, /* file, path, name, args */
	GUARD_REC_OPEN,     /* file, path; op: enum guard_open; held: value is the file's place */
	GUARD_REC_MMAP,     /* file, path: mapped as code */
	GUARD_REC_ANON,     /* op: call that made anonymous memory executable */
	GUARD_REC_SCRIPT,   /* file, path: a script was opened by the interpreter started for it */
	GUARD_REC_CONNECT,  /* peer */
	GUARD_REC_SEND,     /* peer */
	GUARD_REC_BIND,     /* peer: own address and port */
	GUARD_REC_RAW,      /* op: family, value: type */
	GUARD_REC_DNS,  /* peer: server; op: 1 question, 2 answer; args: message; value: its size */
	GUARD_REC_CALL, /* op: system call number, value: first argument */
	GUARD_REC_CAP,  /* op: capability */
	GUARD_REC_CGROUP, /* name; op: enum guard_cgroup_news */
	GUARD_REC_PRIV,   /* op: the user it acts as from now on; value: capabilities it gained */
	GUARD_REC_FORK,   /* op: child's pid, value: its host pid */
	GUARD_REC_EXIT,   /* value: exit code */
	GUARD_REC_ACCEPT, /* peer; op: own port; args: own address, as in addr */
	GUARD_REC_UNIX,   /* name: the path that the other end's socket was bound to */
	GUARD_REC_PLACE,  /* path: a directory; name: as given, from there; op: enum guard_open */
};

/* What became of a cgroup. */
enum guard_cgroup_news {
	GUARD_CGROUP_CONTAINER = 1, /* one that is a container by its name was made */
	GUARD_CGROUP_REMOVED,
	GUARD_CGROUP_OTHER, /* any other was made */
};

/* How a file is opened, and what it is. */
enum guard_open {
	GUARD_OPEN_READ = 1 << 0,
	GUARD_OPEN_WRITE = 1 << 1,
	GUARD_OPEN_DIRECTORY = 1 << 2,
};

enum guard_rec_flags {
	GUARD_RF_SCRIPT = 1 << 0,   /* an interpreter started for a script; name is the script's */
	GUARD_RF_ENTRY = 1 << 1,    /* started from outside, or a child of such */
	GUARD_RF_MAIN = 1 << 2,     /* the container's first program */
	GUARD_RF_COMPAT = 1 << 3,   /* 32-bit call */
	GUARD_RF_ARGS_CUT = 1 << 4, /* more arguments than the record holds */
	GUARD_RF_PATH_CUT = 1 << 5, /* deeper path than the record holds */
	GUARD_RF_UNLINKED = 1 << 6, /* the file has no name any more */
	GUARD_RF_STDIN_SOCKET = 1 << 7, /* standard input is a socket of IPv4 or IPv6 */
	GUARD_RF_STDIN_PIPE = 1 << 8,
	GUARD_RF_PENDING = 1 << 9, /* the container's service was not known yet */
	GUARD_RF_INLINE = 1 << 10, /* interpreter was given code in its arguments */
	GUARD_RF_NOARGS = 1 << 11, /* interpreter was given neither code nor script */
	GUARD_RF_EXECVE =
		1 << 14, /* mapped, or read as a script, while a program is being loaded */
	GUARD_RF_RUNNING = 1 << 13, /* ran already when the guard started */
	GUARD_RF_NO_PATH = 1 << 12, /* made from a count: only the key is known */
	GUARD_RF_STDIN_TTY = 1 << 15,
	GUARD_RF_STDOUT_SOCKET = 1 << 16, /* standard output, or the one for errors */
	GUARD_RF_STDOUT_PIPE = 1 << 17,
	GUARD_RF_STDOUT_TTY = 1 << 18,
	GUARD_RF_LATER = 1 << 21,  /* looked at again, in user space only */
	GUARD_RF_PARENT = 1 << 19, /* known, but not as a child of who started it */
	GUARD_RF_LATE = 1 << 20,   /* set by user space: written while no agent lived */
};

/** struct guard_file_id - a file, below overlayfs, in one state of its content */
struct guard_file_id {
	guard_u64 ino;
	guard_u64 size;
	guard_u64 ctime_ns; /* nanoseconds since the epoch */
	guard_u32 dev;      /* major << 20 | minor */
	guard_u32 untimed;  /* 1: content may change and ctime_ns not, so nobody remembers it */
};

/** struct guard_rec - a record; data: path, name, args, cwd; a path has its last name first */
struct guard_rec {
	guard_u16 type;
	guard_u8 verdict;
	guard_u8 reason;
	guard_u32 flags;
	guard_u64 time_ns; /* CLOCK_MONOTONIC */
	guard_u64 cgroup;  /* the container's cgroup id */
	guard_u64 exec_id; /* the image of the process; for exec the new one */
	guard_u64 parent_exec_id;
	guard_u32 host_pid;
	guard_u32 pid;  /* in the process' own pid namespace, as the next one */
	guard_u32 ppid; /* 0: the parent is in none that the process knows */
	guard_u32 uid;
	guard_u32 service;
	guard_u32 origin;
	guard_u32 op;
	guard_u32 program; /* index into the profile's programs, + 1 */
	guard_u64 value;   /* for exec: hash of the arguments, where they may be held */
	struct guard_file_id file;
	guard_u8 addr[16]; /* IPv4 in the first four bytes */
	guard_u16 family;
	guard_u16 port; /* host order */
	guard_u8 proto; /* IPPROTO_* */
	guard_u8 error; /* errno that a call ended with; 0: none, or not known */
	guard_u8 zero[2];
	guard_u16 path_len;
	guard_u16 name_len;
	guard_u16 args_len;
	guard_u16 cwd_len; /* of the directory that a program starts in; 0: not told */
	guard_u32 host_ppid;
	guard_u32 user;  /* that it acted as before */
	guard_u64 cause; /* key of the fold map, for counts */
};

/** guard_rec_data_len() - bytes of data behind a record */
static inline guard_u32 guard_rec_data_len(const struct guard_rec *r)
{
	return (guard_u32)r->path_len + r->name_len + r->args_len + r->cwd_len;
}

/** struct guard_task - what is known of a process, keyed by its host pid */
struct guard_task {
	guard_u64 cgroup;
	guard_u64 exec_id;
	guard_u64 parent_exec_id;
	guard_u64 script; /* hash of the script's base name the interpreter is to open; 0: none */
	struct guard_file_id exe;
	struct guard_file_id held; /* the file that user space has to look at */
	guard_u32 flags;           /* enum guard_task_flags */
	guard_u32 ppid;
	guard_u32 program;
	guard_u32 use;  /* enum guard_allow_flags of the program */
	guard_u64 caps; /* permitted, where GUARD_T_CRED is set */
	guard_u32 user; /* that it acts as, likewise */
	guard_u32 zero;
};

enum guard_task_flags {
	GUARD_T_JOINING = 1 << 0, /* put into the container from outside, not yet inside */
	GUARD_T_ENTRY = 1 << 1,
	GUARD_T_HELD = 1 << 2, /* stopped until user space has looked */
	GUARD_T_MAIN = 1 << 3,
	GUARD_T_SEEN = 1 << 4,   /* found running when the guard started */
	GUARD_T_DOOMED = 1 << 5, /* a kill was sent */
	GUARD_T_PAUSED = 1 << 6, /* stopped for a file it opened; its threads may be in calls */
	GUARD_T_ENDS = 1 << 7,   /* goes on although it must not: killed where it is met */
	GUARD_T_STRAY =
		1 << 8, /* or a thread of it: lives in a cgroup that is not its container's */
	GUARD_T_CRED = 1 << 9,    /* as whom it acts is known */
	GUARD_T_SCRIPT = 1 << 10, /* has opened its script, and will do so again */
};

/** struct guard_container - keyed by cgroup id */
struct guard_container {
	guard_u64 top; /* its key */
	guard_u32 service;
	guard_u32 flags; /* enum guard_container_flags */
	guard_u64 lost;  /* records that found no room */
	guard_u64 records;
	guard_u64 caps;
	guard_u64 calls[GUARD_N_CALLS / 64];
	guard_u64 calls_ia32[GUARD_N_CALLS / 64];
	guard_u64 dns_since; /* the second that the next two count in */
	guard_u32 dns_asked;
	guard_u32 dns_told;
};

enum guard_container_flags {
	GUARD_C_PENDING = 1 << 0, /* user space has not named it */
	GUARD_C_IGNORED = 1 << 1, /* not selected */
	GUARD_C_HOST = 1 << 2,    /* a host's service, no container */
	GUARD_C_STARTED = 1 << 3, /* its first program ran */
	GUARD_C_GONE = 1 << 4,
	GUARD_C_ANSWERS = 1 << 5, /* sent something from port 53 itself */
	GUARD_C_LOOKED = 1 << 6,  /* user space has read where it asks for names */
};

/** struct guard_policy - of one service */
struct guard_policy {
	guard_u8 mode_exec; /* enum guard_rec_mode of the sections */
	guard_u8 mode_lib;
	guard_u8 mode_peer;
	guard_u8 mode_file;
	guard_u8 mode_builtin; /* fileless, loader, drift, raw sockets, escape */
	guard_u8 mode_anon;
	guard_u8 mode_listen;
	guard_u8 has_profile;
	guard_u8 mode_parent;
	guard_u8 mode_cap;
	guard_u8 mode_call;
	guard_u8 mode_name;
	guard_u32 flags; /* enum guard_policy_flags */
	guard_u32 zero;
	guard_u64 caps; /* bit n: CAP_n is known */
};

enum guard_policy_flags {
	GUARD_P_RECORD = 1 << 0,      /* every program start is recorded */
	GUARD_P_LEARN = 1 << 1,       /* first opens, mappings, peers, calls are recorded */
	GUARD_P_HOLD = 1 << 2,        /* unknown files may be held for user space to look */
	GUARD_P_LIFECYCLE = 1 << 3,   /* fork and exit are recorded */
	GUARD_P_CALLS = 1 << 4,       /* system calls and capabilities are noted */
	GUARD_P_NAMES = 1 << 5,       /* names that are asked for are judged */
	GUARD_P_WILDCARDS = 1 << 6,   /* some known names stand for all below */
	GUARD_P_JUDGE_CALLS = 1 << 7, /* system calls are held against call_sets */
	GUARD_P_JUDGE_CAPS = 1 << 8,  /* capabilities are held against caps */
	GUARD_P_COMPAT = 1 << 9,      /* 32-bit calls are known */
	GUARD_P_HOLD_ARGS = 1 << 10,  /* arguments not seen before are looked at first */
	GUARD_P_HOLD_FILES = 1 << 11, /* opened files not seen before are looked at first */
	GUARD_P_NAMED = 1 << 12,      /* some peers are known by name */
	GUARD_P_CLIENTS = 1 << 13,    /* who connects is recorded, not only to which port */
	GUARD_P_PLACES = 1 << 14,     /* so is what is made, moved or removed without an open */
	GUARD_P_CWD = 1 << 15,        /* so is the directory that a program starts in */
	GUARD_P_CWD_ARGS = 1 << 16,   /* … of one with arguments: they may be names of files */
};

/** struct guard_allow_key - a known file of a service */
struct guard_allow_key {
	guard_u32 service;
	guard_u32 zero;
	struct guard_file_id file;
};

/** struct guard_allow - how a known file may be used */
struct guard_allow {
	guard_u32 flags;   /* enum guard_allow_flags */
	guard_u32 program; /* index + 1 */
	guard_u32 letters; /* options that bring code, see parse.h */
	guard_u32 valued;  /* options that take the next argument */
};

enum guard_allow_flags {
	GUARD_A_EXEC = 1 << 0,
	GUARD_A_LIB = 1 << 1,
	GUARD_A_SCRIPT = 1 << 2,
	GUARD_A_INTERPRETER = 1 << 3,
	GUARD_A_MULTICALL = 1 << 4,
	GUARD_A_INLINE = 1 << 5,      /* code in arguments is known */
	GUARD_A_INTERACTIVE = 1 << 6, /* start without script is known */
	GUARD_A_ANON = 1 << 7,
	GUARD_A_RAW = 1 << 8,
	GUARD_A_LOADER = 1 << 9,
	GUARD_A_ANY_SCRIPT = 1 << 10,
	GUARD_A_PARENTS = 1 << 11, /* only as a child of known programs */
	GUARD_A_SHAPES = 1 << 12,  /* only with known arguments */
	GUARD_A_REMOTE = 1 << 13,  /* a shell that takes its commands from the network */
	GUARD_A_REOPENS =
		1 << 14, /* opens its script twice, and runs what it has the second time */
};

/** struct guard_size_key - a size that some known file of the service has */
struct guard_size_key {
	guard_u32 service;
	guard_u32 zero;
	guard_u64 size;
};

/** struct guard_use_key - a known use of a program */
struct guard_use_key {
	guard_u32 service;
	guard_u32 program;
	guard_u32 kind; /* enum guard_use_kind */
	guard_u32 zero;
	guard_u64 hash;
};

enum guard_use_kind {
	GUARD_USE_SCRIPT = 1, /* hash: FNV-1a of the script's base name */
	GUARD_USE_APPLET = 2, /* hash: FNV-1a of the name it is called by */
	GUARD_USE_PARENT = 3, /* hash: number of the program that starts it */
};

/* Values of the use map. */
enum guard_use_flags {
	GUARD_U_KNOWN = 1 << 0,
	GUARD_U_SELF = 1 << 1,  /* the multi-call binary's own name: the applet is the next word */
	GUARD_U_SHELL = 1 << 2, /* an applet that runs scripts */
};

/** struct guard_peer_key - a known peer; port 0 in the map: any */
struct guard_peer_key {
	guard_u32 service;
	guard_u16 port;
	guard_u8 proto;
	guard_u8 family;
	guard_u8 addr[16];
};

/** struct guard_net_key - prefix of addresses, for the longest-prefix map */
struct guard_net_key {
	guard_u32 bits; /* 64 + prefix length */
	guard_u32 service;
	guard_u16 port;
	guard_u8 proto;
	guard_u8 family;
	guard_u8 addr[16];
};

/** struct guard_name_key - a DNS name known to a service */
struct guard_name_key {
	guard_u32 service;
	guard_u32 wildcard;            /* 1: all names below */
	guard_u8 name[GUARD_DNS_NAME]; /* wire form, lower case, zeros behind it */
};

/** struct guard_name_port - port 0: any */
struct guard_name_port {
	guard_u16 port;
	guard_u8 proto;
	guard_u8 zero;
};

/** struct guard_name - what a name is known for; no ports: it is asked for only */
struct guard_name {
	guard_u32 n_ports;
	struct guard_name_port ports[GUARD_NAME_PORTS];
};

/** struct guard_named_key - a peer that a container may talk to because a known name led to it */
struct guard_named_key {
	guard_u64 cgroup;
	guard_u8 addr[16];
	guard_u16 port; /* 0: any */
	guard_u8 proto;
	guard_u8 family;
	guard_u32 zero;
};

/** struct guard_named - for how long */
struct guard_named {
	guard_u64 until_ns; /* CLOCK_MONOTONIC */
};

/* Bit of guard_seen_key.op: user space has looked at the file and minds nothing. */
#define GUARD_SEEN_FINE 0x100

/** struct guard_seen_key - what was recorded once already */
struct guard_seen_key {
	guard_u64 cgroup;
	guard_u64 a;
	guard_u64 b;
	guard_u32 kind; /* enum guard_rec_type */
	guard_u32 op;
};

/** struct guard_fold_key - a cause of alerts */
struct guard_fold_key {
	guard_u64 cgroup;
	guard_u64 a;
	guard_u64 b;
	guard_u16 type;
	guard_u8 verdict;
	guard_u8 reason;
	guard_u32 op;
};

/** struct guard_fold - how often */
struct guard_fold {
	guard_u64 count;
	guard_u64 first_ns;
	guard_u64 last_ns;
	guard_u64 id;
	guard_u32 sent; /* 1: the first of it went through the ring */
	guard_u32 host_pid;
};

/** struct guard_stats - one element, sums of all CPUs */
struct guard_stats {
	guard_u64 records;
	guard_u64 lost;
	guard_u64 alerts;
	guard_u64 alerts_unsent; /* counted in the fold map only */
	guard_u64 blocks;
	guard_u64 tasks_full;
	guard_u64 folds_full;
	guard_u64 tampers; /* signals for the agent that it shall not mind */
};

/**
 * struct guard_control - one element: what the agent tells the kernel half while it lives
 *
 * The members up to @agent_start stay what and where they are: agents of other versions read them.
 */
struct guard_control {
	guard_u64
		heartbeat_ns; /* CLOCK_MONOTONIC; held programs need a living agent; 0: it ended */
	guard_u32 agent_pid;
	guard_u32 enforce; /* 0: record only */
	guard_u32 abi;
	guard_u32
		hold_pending;  /* 1: a container's first program waits until its service is known */
	guard_u64 agent_start; /* clock ticks after boot; with the number it names a process */
	guard_u32 quiet;       /* 1: blocks, but a predecessor's programs still tell of it */
	guard_u32 backend;     /* enum guard_backend */
	guard_u32 n_links;     /* programs that are pinned when all are there */
	guard_u32 zero;
	struct guard_stats before; /* sums of all predecessors */
};

enum guard_told_kind {
	GUARD_TOLD_LOST = 1, /* id: cgroup */
	GUARD_TOLD_FOLD,     /* id: cause */
	GUARD_TOLD_ALERTS,   /* what the agent decided itself, read by who asks for the status */
	GUARD_TOLD_BLOCKS,
	GUARD_TOLD_UNNAMED, /* containers without room now, read likewise */
};

/** struct guard_told_key - how much of a count was told; read by the next agent only */
struct guard_told_key {
	guard_u64 id;
	guard_u32 kind;
	guard_u32 zero;
};

#define GUARD_FNV_BASIS 0xcbf29ce484222325ull
#define GUARD_FNV_PRIME 0x100000001b3ull

_Static_assert(sizeof(struct guard_file_id) == 32, "file id");
_Static_assert(sizeof(struct guard_rec) == 160, "record");
_Static_assert(sizeof(struct guard_task) == 128, "task");
_Static_assert(sizeof(struct guard_container) == 184, "container");
_Static_assert(sizeof(struct guard_allow_key) == 40, "allow key");
_Static_assert(sizeof(struct guard_policy) == 32, "policy");
_Static_assert(sizeof(struct guard_use_key) == 24, "use key");
_Static_assert(sizeof(struct guard_peer_key) == 24, "peer key");
_Static_assert(sizeof(struct guard_net_key) == 28, "net key");
_Static_assert(sizeof(struct guard_name_key) == 264, "name key");
_Static_assert(sizeof(struct guard_name) == 68, "name");
_Static_assert(sizeof(struct guard_named_key) == 32, "named key");
_Static_assert(sizeof(struct guard_seen_key) == 32, "seen key");
_Static_assert(sizeof(struct guard_fold_key) == 32, "fold key");
_Static_assert(sizeof(struct guard_control) == 112, "control");
_Static_assert(sizeof(struct guard_told_key) == 16, "told key");
