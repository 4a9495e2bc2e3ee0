/* SPDX-License-Identifier: Apache-2.0 */
/* The single outputs. Each takes whole JSON lines with their newline. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"
#include "base/span.h"
#include "guard/event.h"

struct http_options;

/* The different files of one cause; zero-initialised but for the arena is empty. */
struct guard_output_files {
	struct sk_arena *arena; /* of texts */
	struct sk_map seen;     /* hashes of their paths */
	const char *directory;  /* that all are below; its text goes on */
	size_t directory_len;
	const char *examples[GUARD_MAX_EXAMPLES];
	size_t n_examples;
};

void guard_output_files_add(struct guard_output_files *f, const char *path);
/* Fills the event that stands for all, which has the text of the first; the texts live in @f. */
void guard_output_files_tell(const struct guard_output_files *f, struct guard_event *e);
void guard_output_files_release(struct guard_output_files *f);

/* A file that is appended to and rotated. */
struct guard_file_output {
	char *path;
	int fd;
	uint64_t size;     /* bytes in the file */
	uint64_t max_size; /* 0: not rotated */
	unsigned keep;
	bool torn; /* the last line was cut by a failed write */
};

int guard_file_output_open(struct guard_file_output *f, const char *path, uint64_t max_size,
			   unsigned keep, struct sk_err *err);
void guard_file_output_close(struct guard_file_output *f);
int guard_file_output_line(struct guard_file_output *f, struct sk_span line, struct sk_err *err);
int guard_file_output_reopen(struct guard_file_output *f, struct sk_err *err);

/* A terminal, a pipe, a file that somebody else opened. */
struct guard_stream_output {
	int fd;        /* -1: none */
	bool is_stuck; /* nobody reads: not waited for until somebody does */
	bool is_torn;  /* the last text was cut */
};

/* Whole lines. Waits half a second at most, -EAGAIN then. */
int guard_stream_output_text(struct guard_stream_output *s, struct sk_span text,
			     struct sk_err *err);

/* The system log's socket. */
struct guard_syslog_output {
	char *path;
	int fd;
};

enum {
	GUARD_SYSLOG_LINE = 60 << 10, /* longest line: datagrams have less room than events */
};

void guard_syslog_output_open(struct guard_syslog_output *s, const char *path);
void guard_syslog_output_close(struct guard_syslog_output *s);
/* False when the line was not taken. @severity: word of the event, or NULL. */
bool guard_syslog_output_line(struct guard_syslog_output *s, const char *severity,
			      struct sk_span line);

/* A thread that posts lines. */
struct guard_webhook;

int guard_webhook_new(const char *url, const char *authorization, const char *ca_file,
		      struct guard_webhook **ret, struct sk_err *err);
/* Sends what is queued within a few seconds, then ends the thread. */
void guard_webhook_end(struct guard_webhook *w);
/* Ends it where that was not done; may be NULL. */
void guard_webhook_free(struct guard_webhook *w);
void guard_webhook_line(struct guard_webhook *w, struct sk_span line);
void guard_webhook_stats(struct guard_webhook *w, uint64_t *ret_sent, uint64_t *ret_failed,
			 const char **ret_note);
