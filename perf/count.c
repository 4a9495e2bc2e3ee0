/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a command (LD_PRELOAD) to count what its processes allocate and copy: calls of
 * malloc, calloc and realloc, and calls and bytes of memcpy and memmove that the compiler left as
 * calls. The counters are six 64-bit numbers in the file that COUNT_FILE names, mapped before the
 * command starts and shared by the processes that it forks. Such a run is slow and not timed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	ALLOCATIONS,
	ALLOCATED_BYTES,
	COPIES,
	COPIED_BYTES,
	N_COUNTERS = 6,
};

/* glibc's own names for what is replaced here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static uint64_t *counters;

static void count(int which, uint64_t bytes)
{
	if (counters == NULL)
		return;
	(void)__atomic_fetch_add(&counters[which], 1, __ATOMIC_RELAXED);
	(void)__atomic_fetch_add(&counters[which + 1], bytes, __ATOMIC_RELAXED);
}

__attribute__((constructor)) static void count_start(void)
{
	const char *path = getenv("COUNT_FILE");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0)
		map = mmap(NULL, N_COUNTERS * sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED,
			   fd, 0);
	if (map != MAP_FAILED)
		counters = map;
	if (fd >= 0)
		(void)close(fd);
}

void *malloc(size_t size)
{
	count(ALLOCATIONS, size);
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	count(ALLOCATIONS, n * size);
	return __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
	count(ALLOCATIONS, size);
	return __libc_realloc(ptr, size);
}

void *memmove(void *to, const void *from, size_t len)
{
	volatile uint8_t *d = to;
	const volatile uint8_t *s = from;

	count(COPIES, len);
	if ((uintptr_t)to - (uintptr_t)from >= len)
		for (size_t i = 0; i < len; i++)
			d[i] = s[i];
	else
		for (size_t i = len; i-- > 0;)
			d[i] = s[i];
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	return memmove(to, from, len);
}
