/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers' files hold, read by processes of their own: a file system that a container
 * brings along may never answer, and a process that waits for one may not even be killed. Whoever
 * asks goes on after a moment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"
#include "guard/attrib.h"
#include "guard/bpf/record.h"

enum {
	GUARD_READER_TEXT = 64 << 10, /* bytes of a text at most */
};

/** struct guard_reader - the processes, and what they are asked; opaque */
struct guard_reader;

/* What became of a question. */
enum guard_read {
	GUARD_READ_NO, /* it is not there, or is not what it was */
	GUARD_READ_YES,
	GUARD_READ_LATE,  /* it does not answer in time, or what it lies on did not before */
	GUARD_READ_LATER, /* it is being read: to be asked again by the same ticket */
};

/* How much of the agent's time all questions about one container's files may take. */
enum guard_patience {
	GUARD_PATIENCE_OFTEN, /* a quarter of a second in each */
	GUARD_PATIENCE_RARE,  /* five seconds a minute: what is asked once, or at the start */
	GUARD_PATIENCE_FULL,  /* as much as they want */
};

/** struct guard_asking - for whom, and for how long */
struct guard_asking {
	uint64_t owner;    /* cgroup whose files these are: what hangs there is held against it */
	uint64_t ticket;   /* the answer is taken later; 0: it is not waited for any longer */
	uint64_t since_ns; /* of a ticket: CLOCK_MONOTONIC, when it was asked for first */
	unsigned wait_ms;  /* longest wait now */
	enum guard_patience patience;
};

/** struct guard_used_file - a file that a process of a container used */
struct guard_used_file {
	const struct guard_file_id *id; /* in the state that the kernel saw */
	const char *path;               /* absolute, as the process saw it */
	int fd;                         /* the kernel's own descriptor; -1: none */
	uint32_t pid;                   /* the process, which may be gone */
	bool is_program;                /* the process runs it */
};

/**
 * guard_reader_new() - start what starts the processes; before there are threads
 * @ret: the caller frees with guard_reader_free()
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int guard_reader_new(struct guard_reader **ret, struct sk_err *err);

/**
 * guard_reader_free() - end them; one that cannot be ended is not waited for
 * @r: may be NULL
 */
void guard_reader_free(struct guard_reader *r);
SK_DEFINE_CLEANUP(struct guard_reader, guard_reader_free);

/**
 * guard_reader_is_due() - is it time to ask again
 * @r: processes
 * @a: with the ticket that something was answered GUARD_READ_LATER by
 *
 * Return: true when it would not be GUARD_READ_LATER again.
 */
bool guard_reader_is_due(struct guard_reader *r, const struct guard_asking *a);

/**
 * guard_reader_give_up() - nothing that is not there yet is waited for from here on
 * @r: processes
 */
void guard_reader_give_up(struct guard_reader *r);

/**
 * guard_reader_used() - content of a file that was used
 * @r: processes
 * @a: for whom
 * @w: container or service that it was used in
 * @u: the file
 * @ret: GUARD_HASH_BYTES, written with GUARD_READ_YES
 *
 * From the kernel's own descriptor where there is one, since a path may lead elsewhere by now. Else
 * through the process, another one of the container, the host's own root for a service of the host,
 * the image's layers.
 * Return: GUARD_READ_NO when it is found in none of them, or changed.
 */
sk_must_check enum guard_read guard_reader_used(struct guard_reader *r,
						const struct guard_asking *a,
						const struct guard_whose *w,
						const struct guard_used_file *u, uint8_t *ret);

/**
 * guard_reader_is_kept() - is what was answered last remembered, since each change would show
 * @r: processes, after guard_reader_used()
 *
 * Return: false when the file is to be read again each time.
 */
bool guard_reader_is_kept(const struct guard_reader *r);

/**
 * guard_reader_named() - what a process has under a name
 * @r: processes
 * @a: for whom
 * @pid: process in whose root it is
 * @path: absolute
 * @ret_id: what the kernel half would call it
 * @ret: GUARD_HASH_BYTES
 *
 * Return: what became of it; both are written with GUARD_READ_YES.
 */
sk_must_check enum guard_read guard_reader_named(struct guard_reader *r,
						 const struct guard_asking *a, uint32_t pid,
						 const char *path, struct guard_file_id *ret_id,
						 uint8_t *ret);

/**
 * guard_reader_below() - the image's own file of a name
 * @r: processes
 * @a: for whom
 * @w: container, its layers are known
 * @path: absolute
 * @size: that it has to have
 * @ret: GUARD_HASH_BYTES; NULL: whether it is there is enough
 *
 * Return: what became of it.
 */
sk_must_check enum guard_read guard_reader_below(struct guard_reader *r,
						 const struct guard_asking *a,
						 const struct guard_whose *w, const char *path,
						 uint64_t size, uint8_t *ret);

/**
 * guard_reader_place() - where a name really is, see guard_files_place()
 * @r: processes
 * @a: for whom
 * @w: container: other processes and the layers of it are looked at when @pid is gone
 * @pid: process
 * @path: absolute; changed with GUARD_READ_YES
 * @size: of @path
 * @directory: set when a directory is there, else left
 *
 * Return: what became of it.
 */
sk_must_check enum guard_read guard_reader_place(struct guard_reader *r,
						 const struct guard_asking *a,
						 const struct guard_whose *w, uint32_t pid,
						 char *path, size_t size, bool *directory);

/**
 * guard_reader_text() - the beginning of a small file in the root of a process
 * @r: processes
 * @a: for whom
 * @pid: process
 * @path: absolute
 * @buf: receives the bytes
 * @size: at most so many, GUARD_READER_TEXT at most
 *
 * Return: what was read; nothing when there is none, or it does not answer.
 */
struct sk_span guard_reader_text(struct guard_reader *r, const struct guard_asking *a, uint32_t pid,
				 const char *path, char *buf, size_t size);

/**
 * guard_reader_arguments() - a process's arguments, which lie in its memory, thus maybe in a file
 * @r: processes
 * @a: for whom
 * @pid: process
 * @buf: receives them, each with its NUL
 * @size: at most so many bytes, GUARD_READER_TEXT at most
 *
 * Return: what was read.
 */
struct sk_span guard_reader_arguments(struct guard_reader *r, const struct guard_asking *a,
				      uint32_t pid, char *buf, size_t size);
