/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guard tells: one event, written as a JSON line of the schema "stockade.event/1" or as a
 * line of a table. Plain data; every pointer is borrowed from whoever made the event and is valid
 * until the call that received the event returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/io.h"

#define GUARD_EVENT_SCHEMA "stockade.event/1"

/* Why the hash of a file is not there. */
#define GUARD_CONTENT_GONE "gone"
#define GUARD_CONTENT_LATE "late" /* it did not answer in time */

/* X(NAME, "text") */
#define GUARD_KINDS(X)                                                                             \
	X(EXEC, "exec")                                                                            \
	X(FORK, "fork")                                                                            \
	X(EXIT, "exit")                                                                            \
	X(OPEN, "open")                                                                            \
	X(MMAP, "mmap")                                                                            \
	X(CONNECT, "connect")                                                                      \
	X(ACCEPT, "accept")                                                                        \
	X(BIND, "bind")                                                                            \
	X(SEND, "send")                                                                            \
	X(DNS, "dns")                                                                              \
	X(PRIVILEGE, "privilege")                                                                  \
	X(PTRACE, "ptrace")                                                                        \
	X(MOUNT, "mount")                                                                          \
	X(MODULE, "module")                                                                        \
	X(BPF, "bpf")                                                                              \
	X(NAMESPACE, "namespace")                                                                  \
	X(LOST, "lost")                                                                            \
	X(PROFILE, "profile")

#define GUARD_VERDICTS(X)                                                                          \
	X(OBSERVED, "observed")                                                                    \
	X(ALLOWED, "allowed")                                                                      \
	X(ALERTED, "alerted")                                                                      \
	X(DENIED, "denied")                                                                        \
	X(KILLED, "killed")

#define GUARD_REASONS(X)                                                                           \
	X(NONE, "")                                                                                \
	X(NOT_IN_PROFILE, "not_in_profile")                                                        \
	X(ENTRY, "entry")                                                                          \
	X(DRIFT, "drift")                                                                          \
	X(FILELESS, "fileless")                                                                    \
	X(LOADER, "loader")                                                                        \
	X(SCRIPT, "script")                                                                        \
	X(APPLET, "applet")                                                                        \
	X(SHELL, "shell")                                                                          \
	X(ANON_EXEC, "anon_exec")                                                                  \
	X(RAW_SOCKET, "raw_socket")                                                                \
	X(ESCAPE, "escape")                                                                        \
	X(TAMPER, "tamper")                                                                        \
	X(POLICY, "policy")

#define GUARD_ORIGINS(X)                                                                           \
	X(UNKNOWN, "")                                                                             \
	X(IMAGE, "image")                                                                          \
	X(UPPER, "upper")                                                                          \
	X(VOLUME, "volume")                                                                        \
	X(TMPFS, "tmpfs")                                                                          \
	X(MEMFD, "memfd")                                                                          \
	X(HOST, "host")

enum guard_kind {
#define X(name, text) GUARD_KIND_##name,
	GUARD_KINDS(X)
#undef X
	GUARD_N_KINDS
};

enum guard_verdict {
#define X(name, text) GUARD_VERDICT_##name,
	GUARD_VERDICTS(X)
#undef X
	GUARD_N_VERDICTS
};

/* The numbers are shared with the kernel half, bpf/record.h. */
enum guard_reason {
#define X(name, text) GUARD_REASON_##name,
	GUARD_REASONS(X)
#undef X
	GUARD_N_REASONS
};

/* The numbers are shared with the kernel half, bpf/record.h. */
enum guard_origin {
#define X(name, text) GUARD_ORIGIN_##name,
	GUARD_ORIGINS(X)
#undef X
	GUARD_N_ORIGINS
};

enum {
	GUARD_MAX_ARGS = 64,      /* arguments kept of one program start */
	GUARD_MAX_ANCESTRY = 16,  /* ancestors told */
	GUARD_MAX_FILES = 4096,   /* different files counted in one event */
	GUARD_MAX_EXAMPLES = 8,   /* of them told */
	GUARD_SHA256_HEX = 64 + 1 /* digits and NUL */
};

/** struct guard_ancestor - one step up the tree of processes, nearest first */
struct guard_ancestor {
	uint32_t pid; /* in its own pid namespace */
	uint32_t host_pid;
	const char *exe;
	const char *const *args;
	size_t n_args;
};

/** struct guard_event - see GUARD_EVENT_SCHEMA; absent text is NULL, absent numbers are 0 */
struct guard_event {
	uint64_t time_us; /* when the kernel saw it, microseconds since the epoch, UTC */
	enum guard_kind kind;
	enum guard_verdict verdict;
	enum guard_reason reason;
	const char *reason_text; /* one sentence for people, no full stop */
	const char *severity;    /* "critical" … "low"; NULL for what is merely observed */
	const char *sign;        /* in the sentence too: what it shows, of the table of signs */
	const char *attack;      /* ATT&CK technique such as "T1059.004" */

	const char *service;
	const char *image_reference;
	const char *image_digest;
	const char *container_id; /* 64 digits */
	const char *container_name;
	const char *pod_namespace;
	const char *pod_name;
	const char *host;

	/* process: who did it; for exec the program that asked */
	uint32_t pid;      /* in its own pid namespace */
	uint32_t host_pid; /* as the host numbers it */
	uint32_t ppid;     /* parent, in the pid namespace of the process; 0: it is outside */
	uint32_t host_ppid;
	uint32_t uid;
	const char *exe;
	const char *const *args; /* for exec: what the new program was given */
	size_t n_args;
	bool args_cut; /* there were more, or longer ones */
	const char *cwd;
	struct guard_ancestor ancestry[GUARD_MAX_ANCESTRY];
	size_t n_ancestry;

	/* file: for exec the program that was to run, else the file acted on */
	const char *file_path;
	const char *file_script; /* the script that an interpreter was started for */
	char file_sha256[GUARD_SHA256_HEX];
	const char
		*sha256_state; /* why it is not there: GUARD_CONTENT_*; NULL: it is, or unasked */
	enum guard_origin file_origin;
	const char *file_package; /* owner in the image's package database; "": it has none */
	uint64_t owner_question;  /* the owner is being asked for; 0: not */
	bool file_owner_unknown;  /* it was asked for, and nobody could tell */
	bool file_write;          /* open: for writing */
	bool file_directory;      /* open: a directory, as far as known */
	bool file_is_script;      /* exec: the file names its interpreter */
	bool file_is_listed; /* open, mmap: it is in no list, which says nothing of what it is */
	int file_fd;         /* the file itself, borrowed, where the backend has it; else -1 */

	/* files: of an event that stands for several; file is the first of them */
	size_t n_files;              /* different ones, at most GUARD_MAX_FILES; 0: it does not */
	const char *files_directory; /* that all are below, without a slash at its end but "/" */
	const char *files_examples[GUARD_MAX_EXAMPLES];
	size_t n_files_examples;

	/* peer; for bind the own end */
	const char *peer_address; /* protocol "unix": a path */
	uint16_t peer_port;
	const char *peer_protocol; /* "tcp", "udp", "raw", "packet", "alg", "unix", … */
	const char *peer_name;     /* the DNS name that led to the address */
	const char *local_address; /* accept: the own end */
	uint16_t local_port;

	/* privilege: as whom it acts from now on */
	bool has_user;
	uint32_t user;
	uint32_t user_before;
	const char *const *gained; /* capabilities */
	size_t n_gained;

	/* fork: who was made */
	uint32_t child_pid;
	uint32_t child_host_pid;

	/* dns: @detail is the name asked for, the peer the server */
	const char *dns_type;  /* "A", "AAAA", … */
	const char *dns_error; /* "NXDOMAIN", …; NULL: none */
	const char *error;     /* "EPERM", …, that a call ended with; NULL: none, or not known */
	bool dns_answer;       /* the following are what the server said */
	const char *const *dns_addresses;
	size_t n_dns_addresses;
	const char *const *dns_aliases;
	size_t n_dns_aliases;

	const char *detail; /* kind-specific word: syscall, capability, namespace kind, query name;
			       for exec the rule that minds: "arguments", "parent" */
	const char *relay;  /* for the sentence only: program between a shell and the network */
	const char *applet; /* for the sentence only: name that a known program is not known by */
	const char *expected; /* for the sentence only: what the profile has instead */
	const char *profile;  /* name of the profile that was asked */
	uint64_t count;       /* 1 for a single event; more when repetitions were folded */
	uint64_t first_us;
	uint64_t last_us;
	uint64_t lost_events; /* kind lost */
	const char *lost_cgroup;
};

/**
 * guard_event_copy() - a deep copy, for an event that waits
 * @a: its texts live here
 * @e: event
 * @ret: copy
 */
void guard_event_copy(struct sk_arena *a, const struct guard_event *e, struct guard_event *ret);

/**
 * guard_kind_name() - word of the schema
 * @kind: any value
 *
 * Return: static text, "" when out of range.
 */
const char *guard_kind_name(enum guard_kind kind);

/**
 * guard_verdict_name() - word of the schema
 * @verdict: any value
 *
 * Return: static text, "" when out of range.
 */
const char *guard_verdict_name(enum guard_verdict verdict);

/**
 * guard_reason_name() - word of the schema
 * @reason: any value
 *
 * Return: static text, "" when out of range or none.
 */
const char *guard_reason_name(enum guard_reason reason);

/**
 * guard_origin_name() - word of the schema
 * @origin: any value
 *
 * Return: static text, "" when out of range or unknown.
 */
const char *guard_origin_name(enum guard_origin origin);

/**
 * guard_event_set_hash() - say what content the file has
 * @e: event
 * @hash: SHA-256, 32 bytes
 */
void guard_event_set_hash(struct guard_event *e, const uint8_t *hash);

/**
 * guard_event_is_unix() - is the peer a socket with a path, and so without a port
 * @e: event
 *
 * Return: whether it is.
 */
bool guard_event_is_unix(const struct guard_event *e);

/**
 * guard_event_path() - where a name leads that a program start was given
 * @e: program start
 * @name: may be relative to the directory that it starts in
 * @buf: storage
 * @size: of @buf
 *
 * Return: absolute path, @name itself or in @buf; NULL when that directory is not known, or the
 * path too long.
 */
const char *guard_event_path(const struct guard_event *e, const char *name, char *buf, size_t size);

/**
 * guard_event_json() - write one event as one JSON line
 * @e: event
 * @sink: receives the line with its newline
 *
 * Absent members are left out, so that lines stay short; "schema", "time", "kind", "verdict" and
 * "count" are always there.
 * Return: 0, or the sink's failure.
 */
sk_must_check int guard_event_json(const struct guard_event *e, const struct sk_sink *sink);

/**
 * guard_event_line() - write one event as a line for people
 * @e: event
 * @colour: the verdict has the colour of the severity
 * @sink: receives the line with its newline; foreign text is escaped
 *
 * Return: 0, or the sink's failure.
 */
sk_must_check int guard_event_line(const struct guard_event *e, bool colour,
				   const struct sk_sink *sink);
