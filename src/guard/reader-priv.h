/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader's two sides say to each other: messages of sockets that keep their bounds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guard/files.h"
#include "guard/reader.h"

enum {
	GUARD_READER_SLOTS = 48, /* processes at most */
	GUARD_READER_QUESTION = 96 << 10,
};

enum guard_reader_op {
	GUARD_READER_USED,
	GUARD_READER_NAMED,
	GUARD_READER_BELOW,
	GUARD_READER_BELOW_CONTENT,
	GUARD_READER_PLACE,
	GUARD_READER_FILE_TEXT,
	GUARD_READER_ARGUMENTS,
};

/** struct guard_reader_question - followed by its texts, each with its NUL */
struct guard_reader_question {
	struct guard_file_id id;
	uint32_t op; /* enum guard_reader_op; a descriptor may come with GUARD_READER_USED */
	uint32_t pid;
	uint32_t size; /* of a text, at most */
	uint32_t is_program;
	uint32_t is_host;
	uint32_t path_len; /* with the NUL; 0: there is none */
	uint32_t cgroup_len;
	uint32_t layers_len;
};

/** struct guard_reader_answer - followed by its text */
struct guard_reader_answer {
	struct guard_file_id id;
	uint8_t hash[GUARD_HASH_BYTES];
	uint32_t is_found;
	uint32_t is_directory;
	uint32_t is_kept;
	uint32_t len;
};

/** struct guard_reader_order - to the process that starts and ends the others */
struct guard_reader_order {
	uint32_t slot;
	uint32_t is_end; /* 0: a process is to be started, its socket comes with the order */
};

/**
 * guard_reader_message() - send a message, never waiting for room
 * @fd: socket
 * @ptr: bytes
 * @len: count
 * @pass: descriptor that goes along, -1: none
 *
 * Return: false when it was not sent.
 */
sk_must_check bool guard_reader_message(int fd, const void *ptr, size_t len, int pass);

/**
 * guard_reader_serve() - what the process that starts the others does until the agent ends
 * @fd: its socket
 * @agent: who started it
 */
_Noreturn void guard_reader_serve(int fd, pid_t agent);
