/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes; replacement by rename. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"

enum {
	READ_CHUNK = 64 * 1024
};

static int sink_fd_write(void *ctx, const void *ptr, size_t len)
{
	return sk_write_all(*(const int *)ctx, ptr, len);
}

struct sk_sink sk_sink_fd(int *fd)
{
	return (struct sk_sink){.write = sink_fd_write, .ctx = fd};
}

static int sink_buf_write(void *ctx, const void *ptr, size_t len)
{
	return sk_buf_add(ctx, ptr, len) ? 0 : -SK_E_LIMIT;
}

struct sk_sink sk_sink_buf(struct sk_buf *b)
{
	return (struct sk_sink){.write = sink_buf_write, .ctx = b};
}

void sk_closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int sk_write_all(int fd, const void *ptr, size_t len)
{
	const char *p = ptr;

	while (len != 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* @off: NULL where the descriptor stands. */
static int64_t read_up_to(int fd, char *p, size_t len, const uint64_t *off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = off != NULL ? pread(fd, p + done, len - done, (off_t)(*off + done))
					: read(fd, p + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

int64_t sk_read_full(int fd, void *ptr, size_t len)
{
	return read_up_to(fd, ptr, len, NULL);
}

int64_t sk_pread_full(int fd, void *ptr, size_t len, uint64_t off)
{
	return read_up_to(fd, ptr, len, &off);
}

int sk_read_fd(int fd, struct sk_buf *b, struct sk_err *err)
{
	while (true) {
		size_t room = b->max - b->len < READ_CHUNK ? b->max - b->len : READ_CHUNK;
		char probe;
		char *to = room != 0 ? sk_buf_reserve(b, room) : &probe;
		ssize_t n = read(fd, to, room != 0 ? room : 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sk_err_errno(err, errno, "read");
		if (n == 0)
			break;
		if (room == 0)
			return sk_err_set(err, SK_E_LIMIT, "larger than %zu bytes", b->max);
		b->len += (size_t)n;
		b->ptr[b->len] = '\0';
	}
	return 0;
}

int sk_read_file(int dirfd, const char *path, struct sk_buf *b, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd =
		openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char quoted[256];
	struct stat st;
	int r;

	(void)sk_text_quote(sk_span_str(path), quoted, sizeof(quoted));
	if (fd < 0 || fstat(fd, &st) < 0)
		return sk_err_errno(err, errno, "open %s", quoted);
	if (!S_ISREG(st.st_mode))
		return sk_err_set(err, SK_E_UNSUPPORTED, "%s is not a regular file", quoted);
	r = sk_read_fd(fd, b, err);
	return r < 0 ? sk_err_wrap(err, r, "%s", quoted) : 0;
}

int sk_open_regular(int path_fd)
{
	char link[32];
	struct stat st;
	int fd;

	if (fstat(path_fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -SK_E_UNSUPPORTED;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static int write_and_sync(int fd, struct sk_span content, unsigned mode)
{
	int r = sk_write_all(fd, content.ptr, content.len);

	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	return r;
}

int sk_write_file_atomic(int dirfd, const char *path, struct sk_span content, unsigned mode,
			 struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = -1;
	char quoted[256];
	struct sk_buf temp;
	int r = 0;

	(void)sk_text_quote(sk_span_str(path), quoted, sizeof(quoted));
	sk_buf_init(&temp, 2 * 4096);
	if (!sk_buf_printf(&temp, "%s.new-%d", path, (int)getpid()))
		r = sk_err_set(err, ENAMETOOLONG, "write %s: name too long", quoted);
	if (r == 0) {
		(void)unlinkat(dirfd, temp.ptr, 0);
		fd = openat(dirfd, temp.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			r = sk_err_errno(err, errno, "create a file beside %s", quoted);
	}
	if (fd >= 0) {
		r = write_and_sync(fd, content, mode);
		if (r == 0 && renameat(dirfd, temp.ptr, dirfd, path) < 0)
			r = -errno;
		if (r < 0) {
			(void)sk_err_errno(err, -r, "write %s", quoted);
			(void)unlinkat(dirfd, temp.ptr, 0);
		}
	}
	sk_buf_release(&temp);
	return r;
}

struct sk_span sk_path_dir(struct sk_span path)
{
	size_t at = sk_span_rfind(path, '/');

	if (at == path.len)
		return sk_span_str(".");
	return at == 0 ? sk_span_str("/") : sk_span_sub(path, 0, at);
}

struct sk_span sk_path_base(struct sk_span path)
{
	size_t at = sk_span_rfind(path, '/');

	return at == path.len ? path : sk_span_sub(path, at + 1, path.len);
}
