/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded into the program by test/t7200-failures: the n-th call of one function of the C library
 * fails in each process. FAIL_CALL names the function, FAIL_AT is n, FAIL_ERRNO what it fails with,
 * or "short" for a read or write of one byte. FAIL_WHO is "parent", "worker" or "all": processes
 * are told apart by whether they were forked. FAIL_MARK names a file that exists afterwards when a
 * call has failed; it is opened beforehand, because workers cannot open anything.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <dlfcn.h>

static const char *fail_call;
static unsigned fail_at, fail_errno;
static int fail_short, fail_parent, fail_worker;
static unsigned count;
static int is_worker;
static volatile uint32_t *mark; /* shared: has a call failed */

static void fail_init(void)
{
	static int done;
	const char *who, *text, *path;
	int fd;

	if (done)
		return;
	done = 1;
	text = getenv("FAIL_ERRNO");
	who = getenv("FAIL_WHO");
	path = getenv("FAIL_MARK");
	if (getenv("FAIL_CALL") == NULL || text == NULL || who == NULL || path == NULL)
		return;
	fail_short = strcmp(text, "short") == 0;
	fail_errno = (unsigned)atoi(text);
	fail_at = (unsigned)atoi(getenv("FAIL_AT"));
	fail_parent = strcmp(who, "worker") != 0;
	fail_worker = strcmp(who, "parent") != 0;
	fd = ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(path, O_RDWR | O_CLOEXEC);
	mark = ((void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap"))(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || mark == MAP_FAILED)
		_exit(99);
	((int (*)(int))dlsym(RTLD_NEXT, "close"))(fd);
	fail_call = getenv("FAIL_CALL");
}

__attribute__((constructor)) static void fail_start(void)
{
	fail_init();
}

/* 1: fail with errno, 2: do a part only */
static int due(const char *call)
{
	if (fail_call == NULL || strcmp(call, fail_call) != 0 ||
	    !(is_worker ? fail_worker : fail_parent) ||
	    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) != fail_at)
		return 0;
	*mark = 1;
	errno = (int)fail_errno;
	return fail_short ? 2 : 1;
}

#define REAL(ret, name, ...) ((ret(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

#define TRANSFER(name, type, ...)                                                                  \
	ssize_t name(int fd, type p, size_t len __VA_OPT__(, off_t off))                           \
	{                                                                                          \
		static ssize_t (*real)(int, type, size_t __VA_OPT__(, off_t));                     \
		int d = due(strcmp(#name, "pread64") == 0    ? "pread"                             \
			    : strcmp(#name, "pwrite64") == 0 ? "pwrite"                            \
							     : #name);                             \
                                                                                                   \
		if (real == NULL)                                                                  \
			real = (ssize_t(*)(int, type, size_t __VA_OPT__(, off_t)))dlsym(RTLD_NEXT, \
											#name);    \
		if (d == 1)                                                                        \
			return -1;                                                                 \
		return real(fd, p, d == 2 && len > 1 ? 1 : len __VA_OPT__(, off));                 \
	}
TRANSFER(read, void *)
TRANSFER(write, const void *)
TRANSFER(pread, void *, x)
TRANSFER(pread64, void *, x)
TRANSFER(pwrite, const void *, x)
TRANSFER(pwrite64, const void *, x)

/* What the compiler makes of the same calls where it knows the size of the destination. */
ssize_t __read_chk(int fd, void *p, size_t len, size_t size)
{
	return len > size ? (abort(), -1) : read(fd, p, len);
}

ssize_t __pread64_chk(int fd, void *p, size_t len, off_t off, size_t size)
{
	return len > size ? (abort(), -1) : pread64(fd, p, len, off);
}

ssize_t __pread_chk(int fd, void *p, size_t len, off_t off, size_t size)
{
	return len > size ? (abort(), -1) : pread64(fd, p, len, off);
}

pid_t fork(void)
{
	pid_t pid;

	if (due("fork") != 0)
		return -1;
	pid = REAL(pid_t, fork, void)();
	if (pid == 0) {
		is_worker = 1;
		count = 0;
	}
	return pid;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	if (due("mmap") != 0)
		return MAP_FAILED;
	return REAL(void *, mmap, void *, size_t, int, int, int, off_t)(addr, len, prot, flags, fd,
									off);
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return mmap(addr, len, prot, flags, fd, off);
}

#define MODE_OF(flags)                                                                             \
	({                                                                                         \
		mode_t mode_ = 0;                                                                  \
                                                                                                   \
		if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) {                  \
			va_list ap_;                                                               \
                                                                                                   \
			va_start(ap_, flags);                                                      \
			mode_ = va_arg(ap_, mode_t);                                               \
			va_end(ap_);                                                               \
		}                                                                                  \
		mode_;                                                                             \
	})

int open(const char *path, int flags, ...)
{
	mode_t mode = MODE_OF(flags);

	return due("open") != 0 ? -1 : REAL(int, open, const char *, int, ...)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = MODE_OF(flags);

	return due("open") != 0 ? -1 : REAL(int, open64, const char *, int, ...)(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = MODE_OF(flags);

	return due("openat") != 0
		       ? -1
		       : REAL(int, openat, int, const char *, int, ...)(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = MODE_OF(flags);

	return due("openat") != 0
		       ? -1
		       : REAL(int, openat64, int, const char *, int, ...)(dir, path, flags, mode);
}

int fstat(int fd, struct stat *st)
{
	return due("fstat") != 0 ? -1 : REAL(int, fstat, int, struct stat *)(fd, st);
}

int fstat64(int fd, struct stat64 *st)
{
	return due("fstat") != 0 ? -1 : REAL(int, fstat64, int, struct stat64 *)(fd, st);
}

int pipe2(int fds[2], int flags)
{
	return due("pipe2") != 0 ? -1 : REAL(int, pipe2, int *, int)(fds, flags);
}

int fsync(int fd)
{
	return due("fsync") != 0 ? -1 : REAL(int, fsync, int)(fd);
}

int rename(const char *from, const char *to)
{
	return due("rename") != 0 ? -1 : REAL(int, rename, const char *, const char *)(from, to);
}

int renameat(int fd, const char *from, int to_fd, const char *to)
{
	return due("rename") != 0 ? -1
				  : REAL(int, renameat, int, const char *, int,
					 const char *)(fd, from, to_fd, to);
}

int ftruncate(int fd, off_t len)
{
	return due("ftruncate") != 0 ? -1 : REAL(int, ftruncate, int, off_t)(fd, len);
}

int ftruncate64(int fd, off_t len)
{
	return due("ftruncate") != 0 ? -1 : REAL(int, ftruncate64, int, off_t)(fd, len);
}

struct dirent *readdir(DIR *dir)
{
	return due("readdir") != 0 ? NULL : REAL(struct dirent *, readdir, DIR *)(dir);
}

struct dirent64 *readdir64(DIR *dir)
{
	return due("readdir") != 0 ? NULL : REAL(struct dirent64 *, readdir64, DIR *)(dir);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	return due("poll") != 0 ? -1
				: REAL(int, poll, struct pollfd *, nfds_t, int)(fds, n, timeout);
}

ssize_t readlinkat(int dir, const char *path, char *buf, size_t len)
{
	return due("readlinkat") != 0 ? -1
				      : REAL(ssize_t, readlinkat, int, const char *, char *,
					     size_t)(dir, path, buf, len);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	if (due("pthread_create") != 0)
		return (int)fail_errno;
	return REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *),
		    void *)(thread, attr, start, arg);
}

FILE *fopen64(const char *path, const char *mode)
{
	return due("fopen") != 0 ? NULL
				 : REAL(FILE *, fopen64, const char *, const char *)(path, mode);
}

FILE *fopen(const char *path, const char *mode)
{
	return due("fopen") != 0 ? NULL
				 : REAL(FILE *, fopen, const char *, const char *)(path, mode);
}

int fstatat(int dir, const char *path, struct stat *st, int flags)
{
	return due("fstatat") != 0 ? -1
				   : REAL(int, fstatat, int, const char *, struct stat *,
					  int)(dir, path, st, flags);
}

int fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
	return due("fstatat") != 0 ? -1
				   : REAL(int, fstatat64, int, const char *, struct stat64 *,
					  int)(dir, path, st, flags);
}

int stat(const char *path, struct stat *st)
{
	return due("stat") != 0 ? -1 : REAL(int, stat, const char *, struct stat *)(path, st);
}

int stat64(const char *path, struct stat64 *st)
{
	return due("stat") != 0 ? -1 : REAL(int, stat64, const char *, struct stat64 *)(path, st);
}

int fstatfs(int fd, struct statfs *fs)
{
	return due("fstatfs") != 0 ? -1 : REAL(int, fstatfs, int, struct statfs *)(fd, fs);
}

int fstatfs64(int fd, struct statfs64 *fs)
{
	return due("fstatfs") != 0 ? -1 : REAL(int, fstatfs64, int, struct statfs64 *)(fd, fs);
}

off64_t lseek64(int fd, off64_t off, int whence)
{
	return due("lseek") != 0 ? -1 : REAL(off64_t, lseek64, int, off64_t, int)(fd, off, whence);
}

DIR *fdopendir(int fd)
{
	return due("fdopendir") != 0 ? NULL : REAL(DIR *, fdopendir, int)(fd);
}
