/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events appended to a file. Every line is one write, so that a reader never waits and a crash
 * loses nothing. The file is rotated by size, or by logrotate with SIGHUP.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/text.h"
#include "guard/output-priv.h"

enum {
	NAME_SIZE = 4096 + 16,
	QUOTE_SIZE = 120,
};

static int open_file(const char *path, uint64_t *ret_size, bool *ret_torn, struct sk_err *err)
{
	char quoted[QUOTE_SIZE], last = '\n';
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	struct stat st;

	/* a pipe or a terminal can only be written */
	if (fd < 0 && (errno == EACCES || errno == ENXIO))
		fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sk_err_errno(err, errno, "open %s",
				    sk_text_quote(sk_span_str(path), quoted, sizeof(quoted)));
	*ret_size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	if (*ret_size != 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
		last = '\n';
	*ret_torn = last != '\n';
	return fd;
}

int guard_file_output_open(struct guard_file_output *f, const char *path, uint64_t max_size,
			   unsigned keep, struct sk_err *err)
{
	int fd;

	*f = (struct guard_file_output){.fd = -1, .max_size = max_size, .keep = keep};
	if (strlen(path) + 16 > NAME_SIZE)
		return sk_err_set(err, ENAMETOOLONG, "the name of the file for events is too long");
	fd = open_file(path, &f->size, &f->torn, err);
	if (fd < 0)
		return fd;
	f->fd = fd;
	f->path = sk_strdup(path);
	return 0;
}

void guard_file_output_close(struct guard_file_output *f)
{
	sk_closep(&f->fd);
	f->fd = -1;
	sk_free(f->path);
	f->path = NULL;
}

int guard_file_output_reopen(struct guard_file_output *f, struct sk_err *err)
{
	uint64_t size = 0;
	bool torn = false;
	int fd;

	if (f->path == NULL)
		return 0;
	fd = open_file(f->path, &size, &torn, err);
	if (fd < 0)
		return fd;
	sk_closep(&f->fd);
	f->fd = fd;
	f->size = size;
	f->torn = torn;
	return 0;
}

/* Has the name the file that is written? Somebody else may have moved it. */
static bool is_in_place(const struct guard_file_output *f)
{
	struct stat own, there;

	return fstat(f->fd, &own) == 0 && stat(f->path, &there) == 0 &&
	       own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

/*
 * FILE.1 becomes FILE.2 and so on, FILE becomes FILE.1. Where a new FILE cannot be made, what was
 * moved is written on, and each further try moves nothing.
 */
static int rotate(struct guard_file_output *f, struct sk_err *err)
{
	char from[NAME_SIZE], to[NAME_SIZE];

	if (!is_in_place(f))
		return guard_file_output_reopen(f, err);
	for (unsigned i = f->keep; i > 1; i--) {
		(void)snprintf(from, sizeof(from), "%s.%u", f->path, i - 1);
		(void)snprintf(to, sizeof(to), "%s.%u", f->path, i);
		if (rename(from, to) < 0 && errno != ENOENT)
			return sk_err_errno(err, errno, "rotate the file for events");
	}
	(void)snprintf(to, sizeof(to), "%s.1", f->path);
	if (f->keep == 0 ? unlink(f->path) < 0 : rename(f->path, to) < 0)
		return sk_err_errno(err, errno, "rotate the file for events");
	return guard_file_output_reopen(f, err);
}

int guard_file_output_line(struct guard_file_output *f, struct sk_span line, struct sk_err *err)
{
	int r = 0;

	if (f->path == NULL)
		return 0;
	if (f->max_size != 0 && f->size != 0 && f->size + line.len > f->max_size)
		r = rotate(f, err); /* the line is written whatever comes of it */
	if (f->torn && sk_write_all(f->fd, "\n", 1) == 0)
		f->torn = false;
	if (sk_write_all(f->fd, line.ptr, line.len) < 0) {
		f->torn = true;
		return sk_err_errno(err, errno, "write an event to the file");
	}
	f->size += line.len;
	return r;
}
