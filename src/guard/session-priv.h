/* SPDX-License-Identifier: Apache-2.0 */
/* What session*.c share. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "guard/dns.h"
#include "guard/full.h"
#include "guard/later.h"
#include "guard/lineage.h"
#include "guard/resolved.h"
#include "guard/session.h"

enum {
	GUARD_MAX_CAUSES = 4096, /* records kept to tell repetitions */
	GUARD_TEXT_MAX = 4096,
	GUARD_MAX_FORKED = 8192, /* processes remembered that were forked */
};

/** struct cause - the first record of a cause of alerts */
struct cause {
	uint64_t id;
	uint64_t told; /* how often it was told */
	size_t size;
	uint8_t *bytes; /* struct guard_rec and its data */
};

/** struct guard_put_off - a record that waits for its file to be read, its data behind it */
struct guard_put_off {
	struct guard_put_off *next;
	struct guard_asking asking;
	struct guard_rec rec;
};

/** struct guard_forked - a process that was forked; by its number, the next one takes the place */
struct guard_forked {
	uint64_t program; /* exec id of what it ran then */
	uint32_t host_pid;
	uint32_t host_ppid;
	uint32_t pid;
};

struct guard_session {
	struct guard_kern *kern;
	struct guard_engine *engine;
	struct guard_attrib *attrib;
	struct guard_lineage *lineage;
	struct guard_later *later;
	struct guard_reader *reader;
	struct guard_put_off *first_off; /* in the order they came */
	struct guard_put_off **last_off;
	size_t n_off;
	const uint8_t *data; /* behind the record at hand */
	struct guard_resolved *resolved;
	struct guard_select select; /* its cgroups spelled in one way */
	char **cgroups;             /* those */
	struct guard_session_ops ops;
	void *ctx;
	uint64_t offset_ns;     /* wall clock minus CLOCK_MONOTONIC */
	uint64_t looked_ns;     /* when containers were looked at, CLOCK_MONOTONIC as those below */
	uint64_t look_ns;       /* when all of their counts were to be read */
	uint64_t look;          /* how often that was so */
	uint64_t n_lost;        /* by all of them, then */
	struct guard_full full; /* what was told of tables that are full */
	uint64_t beat_ns;       /* 0: the kernel half is to hold nothing */
	uint64_t fold_ns;       /* when repetitions were told */
	uint64_t n_strays;      /* late reports of containers that are gone */
	bool is_meeting;        /* the cgroup that is covered was made just now */
	uint64_t missed;        /* cgroup that was looked for and is gone */
	bool is_late;           /* what is read was written while no agent lived */
	uint64_t next_exec_id; /* of programs that ran already: small numbers, never the kernel's */
	struct cause causes[GUARD_MAX_CAUSES];
	size_t n_causes;
	struct guard_forked forked[GUARD_MAX_FORKED];
	struct sk_buf text;
	char host[256];
	char root[256];
	/* containers that found no room */
	uint64_t n_unnamed;     /* now, as last counted */
	uint64_t n_unnamed_new; /* not told yet */
	uint64_t n_untold;      /* alerts of such */
	uint64_t room_ns;       /* when they were counted */
	bool is_counting;
	char unnamed[GUARD_CGROUP_PATH_SIZE]; /* the last one's directory */
	/* storage of the event being told */
	char path[GUARD_PATH_BYTES + 2];
	char name[GUARD_NAME_BYTES + 1];
	char arg_text[GUARD_ARGS_BYTES + 1];
	const char *args[GUARD_MAX_ARGS];
	char cwd[GUARD_TEXT_MAX];
	char address[INET6_ADDRSTRLEN];
	char local[INET6_ADDRSTRLEN];
	char life[32];
	const char *gained[64];
	struct guard_dns dns;
	char dns_type[16];
	char dns_text[GUARD_DNS_MAX_ADDRESSES][INET6_ADDRSTRLEN];
	const char *dns_addresses[GUARD_DNS_MAX_ADDRESSES];
	const char *dns_aliases[GUARD_DNS_MAX_ALIASES];
};

/* A script that is executed is told of as the program that was to run. */
static inline bool guard_session_is_exec(const struct guard_rec *rec)
{
	return rec->type == GUARD_REC_EXEC ||
	       (rec->type == GUARD_REC_SCRIPT && (rec->flags & GUARD_RF_EXECVE) != 0);
}

/**
 * guard_session_event() - what a record tells
 * @s: its texts are the event's, until the next one
 * @rec: record
 * @data: texts behind it: path, name, arguments
 * @w: container or service, NULL: nobody's
 * @e: filled
 */
void guard_session_event(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
			 struct guard_whose *w, struct guard_event *e);

/**
 * guard_session_keep_cause() - keep the first record of a cause, which its repetitions are told by
 * @s: session
 * @rec: one without a cause is not kept
 * @data: texts behind it
 * @len: of @data
 */
void guard_session_keep_cause(struct guard_session *s, const struct guard_rec *rec,
			      const uint8_t *data, size_t len);

/**
 * guard_session_say_lost() - an event that says how many were lost
 * @s: session
 * @w: whose; NULL: not known
 * @count: how many
 */
void guard_session_say_lost(struct guard_session *s, struct guard_whose *w, uint64_t count);

/**
 * guard_session_tell_room() - tell of containers that found no room; now and then, try again
 * @s: session
 */
void guard_session_tell_room(struct guard_session *s);

/**
 * guard_session_look() - does every container's count have to be read: was anything lost? What the
 * kernel half had no room for is told
 * @s: session
 *
 * To be asked before guard_session_tell_lost(): what is lost meanwhile is seen by the next look.
 */
void guard_session_look(struct guard_session *s);

/**
 * guard_session_tell_lost() - what of a container was lost since it was told; whether it is ending
 * @s: session
 * @w: container; it is read once for each look, and always when it is new or ending
 */
void guard_session_tell_lost(struct guard_session *s, struct guard_whose *w);

/**
 * guard_session_forget_lost() - a container is gone
 * @s: session
 * @cgroup: its id
 */
void guard_session_forget_lost(struct guard_session *s, uint64_t cgroup);

/**
 * guard_session_tell_old() - tell what a predecessor's programs counted and nobody told
 * @s: session
 */
void guard_session_tell_old(struct guard_session *s);

/**
 * guard_session_note_fork() - remember a process that was forked
 * @s: session
 * @rec: GUARD_REC_FORK
 */
void guard_session_note_fork(struct guard_session *s, const struct guard_rec *rec);

/**
 * guard_session_ancestry() - who is above a process
 * @s: session
 * @rec: of the event
 * @program: exec id of what the process runs, for exec of what asked
 * @is_exec: it is a program start
 * @e: its ancestry is filled; texts are borrowed until the next program is remembered
 */
void guard_session_ancestry(struct guard_session *s, const struct guard_rec *rec, uint64_t program,
			    bool is_exec, struct guard_event *e);

/**
 * guard_session_split_args() - argument text into the session's storage
 * @s: session
 * @data: texts, each with its NUL
 * @len: bytes
 *
 * Return: how many there are in @s->args.
 */
size_t guard_session_split_args(struct guard_session *s, const uint8_t *data, size_t len);

/**
 * guard_session_settle() - a container is named, selected and given its policy: the kernel half
 * knows it from now on
 * @s: session
 * @w: container
 */
void guard_session_settle(struct guard_session *s, struct guard_whose *w);

/**
 * guard_session_recall() - remember the program of a process whose start was not told
 * @s: session
 * @pid: process, as the host numbers it
 * @exec_id: program that it has to be still
 *
 * The texts of the event being told are overwritten.
 * Return: true when it is remembered now.
 */
bool guard_session_recall(struct guard_session *s, uint32_t pid, uint64_t exec_id);

/**
 * guard_session_keep_layers() - what a container did last may be read when it is gone: remember
 * what its root is made of while it lives
 * @w: container; nothing is done when that is known, or was looked for in vain too often
 * @pid: process inside, which may have ended; 0: any
 */
void guard_session_keep_layers(struct guard_whose *w, uint32_t pid);

/**
 * guard_session_find_path() - find the directory of a cgroup that is known by its name only
 * @s: session
 * @w: container
 */
void guard_session_find_path(struct guard_session *s, struct guard_whose *w);

/**
 * guard_session_meet() - look at a cgroup that is not known yet
 * @s: session
 * @cgroup: id
 * @made_ns: CLOCK_MONOTONIC, when the kernel told that it is made: it is waited for then; 0: long
 * ago
 *
 * Return: the container or selected service that it is of; NULL when it is none, or gone.
 */
struct guard_whose *guard_session_meet(struct guard_session *s, uint64_t cgroup, uint64_t made_ns);

/**
 * guard_session_on_cgroup() - a cgroup was made or removed
 * @s: session
 * @rec: record
 * @data: its name
 */
void guard_session_on_cgroup(struct guard_session *s, const struct guard_rec *rec,
			     const uint8_t *data);

/**
 * guard_session_note() - what was selected is not quite what it looks like, or is not there
 * @s: session
 * @fmt: as for printf()
 */
void guard_session_note(struct guard_session *s, const char *fmt, ...) sk_printf_like(2, 3);

/**
 * guard_session_adopt() - a process that ran before: its program is remembered under a number of
 * its own
 * @s: session
 * @cgroup: container or service that it is of
 * @pid: process
 * @flags: enum guard_task_flags, beside GUARD_T_SEEN
 */
void guard_session_adopt(struct guard_session *s, uint64_t cgroup, uint32_t pid, uint32_t flags);

/**
 * guard_session_container_at() - the container that a cgroup is of, or below
 * @s: session
 * @path: of the cgroup
 *
 * One that starts again has the directory of the one before, which is remembered until its last
 * records are read. Return: NULL when it is of none.
 */
struct guard_whose *guard_session_container_at(struct guard_session *s, const char *path);

/**
 * guard_session_cover_host() - cover a cgroup of the host as a service
 * @s: session
 * @path: of the cgroup; what is a container, or in one, is covered as that
 * @name: of the service
 *
 * Return: false when there is no such cgroup.
 */
bool guard_session_cover_host(struct guard_session *s, const char *path, const char *name);

/**
 * guard_session_check() - can what was selected be there; cgroups get their one spelling
 * @s: session
 * @err: filled on failure
 *
 * Return: 0, or negative: SK_E_USAGE for what is no number or path, SK_E_NOT_FOUND for a process
 * that is not there.
 */
sk_must_check int guard_session_check(struct guard_session *s, struct sk_err *err);

/**
 * guard_session_is_wanted() - may a cgroup be of a unit or a path that was selected
 * @s: session
 * @name: of its directory
 *
 * Return: true when it has to be looked at.
 */
bool guard_session_is_wanted(const struct guard_session *s, struct sk_span name);

/**
 * guard_session_cover_wanted() - cover a cgroup that was made just now, if its unit or path was
 * selected
 * @s: session
 * @path: of it
 * @id: of it
 */
void guard_session_cover_wanted(struct guard_session *s, const char *path, uint64_t id);

/**
 * guard_session_cover_selected() - cover units, cgroups and processes that were selected; tell of
 * names that nothing here has
 * @s: session
 */
void guard_session_cover_selected(struct guard_session *s);

/**
 * guard_session_cover() - find what runs and is selected, and enter it in the kernel's maps
 * @s: session
 */
void guard_session_cover(struct guard_session *s);
