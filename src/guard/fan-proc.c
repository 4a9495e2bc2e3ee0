/* SPDX-License-Identifier: Apache-2.0 */
/* proc(5): stat, status, cgroup, ns/mnt, syscall, mem. */
#include "guard/fan-proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/map.h"
#include "base/parse.h"

enum {
	TEXT_SIZE = 8192,
	PAGE = 4096, /* smallest one there is: reads do not cross it */
	MAX_ARGS = 256,
	MAX_MOMENTS = 10000, /* about a second */
	REGISTERS = 6,
	COMPAT_EXECVE = 11, /* of 32-bit calls, x86 and Arm alike */
	COMPAT_EXECVEAT_X86 = 358,
	COMPAT_EXECVEAT_ARM = 387,
	X32_BIT = 0x40000000,
	X32_EXECVE = 520,
	X32_EXECVEAT = 545,
};

/* The files of /proc are short and come whole. Returns an empty span when there is none. */
static struct sk_span read_proc(uint32_t pid, const char *name, char *buf, size_t size)
{
	sk_cleanup(sk_closep) int fd = -1;
	char path[64];
	int64_t n;

	(void)snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? sk_read_full(fd, buf, size) : -1;
	return n > 0 ? sk_span_of(buf, (size_t)n) : (struct sk_span){NULL, 0};
}

bool guard_fan_parse_stat(struct sk_span text, struct guard_fan_task *ret)
{
	/* The name in brackets may hold anything; the last bracket ends it. */
	size_t end = sk_span_rfind(text, ')');
	struct sk_span rest = sk_span_sub(sk_span_trim(text), end + 2, text.len), field;

	if (end >= text.len)
		return false;
	for (int i = 3; sk_span_cut(&rest, ' ', &field); i++) {
		if (i == 4 && !sk_parse_u32(field, &ret->ppid))
			return false;
		if (i == 22)
			return sk_parse_u64(field, &ret->start);
	}
	return false;
}

/* The first or the last number of a line; @ret_n: how many there are, where that matters. */
static bool number_of(struct sk_span line, bool last, uint32_t *ret, uint32_t *ret_n)
{
	struct sk_span word;
	bool found = false;
	uint32_t n = 0;

	while (sk_span_cut(&line, '\t', &word)) {
		n += word.len != 0;
		if (word.len != 0 && (last || !found))
			found = sk_parse_u32(sk_span_trim(word), ret);
	}
	if (ret_n != NULL)
		*ret_n = n;
	return found;
}

bool guard_fan_parse_status(struct sk_span text, struct guard_fan_task *ret)
{
	struct sk_span line;
	unsigned found = 0;

	while (sk_span_line(&text, &line)) {
		if (sk_span_strip_prefix(&line, "Tgid:"))
			found |= number_of(line, false, &ret->tgid, NULL) ? 1u : 0u;
		else if (sk_span_strip_prefix(&line, "PPid:"))
			found |= number_of(line, false, &ret->ppid, NULL) ? 2u : 0u;
		else if (sk_span_strip_prefix(&line, "Uid:"))
			found |= number_of(line, false, &ret->uid, NULL) ? 4u : 0u;
		else if (sk_span_strip_prefix(&line, "NStgid:"))
			found |= number_of(line, true, &ret->pid, &ret->depth) ? 8u : 0u;
	}
	return found == 15;
}

static struct sk_span skip_blanks(struct sk_span s)
{
	size_t i = 0;

	while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '\t'))
		i++;
	return sk_span_sub(s, i, s.len);
}

bool guard_fan_parse_script(struct sk_span head, struct sk_span *ret_interpreter,
			    struct sk_span *ret_arg)
{
	struct sk_span line;
	size_t n = 0;

	if (!sk_span_strip_prefix(&head, "#!") || !sk_span_line(&head, &line))
		return false;
	line = skip_blanks(line);
	while (n < line.len && line.ptr[n] != ' ' && line.ptr[n] != '\t')
		n++;
	*ret_interpreter = sk_span_sub(line, 0, n);
	*ret_arg = sk_span_trim(sk_span_sub(line, n, line.len));
	return n != 0;
}

bool guard_fan_task_look(uint32_t tid, struct guard_fan_task *ret)
{
	char buf[TEXT_SIZE];
	struct sk_span text;

	memset(ret, 0, sizeof(*ret));
	text = read_proc(tid, "status", buf, sizeof(buf));
	if (text.len == 0 || !guard_fan_parse_status(text, ret))
		return false;
	ret->start = guard_fan_start_of(ret->tgid);
	ret->mnt_ns = guard_fan_mnt_ns(tid);
	return ret->start != 0;
}

static bool stat_of(uint32_t pid, struct guard_fan_task *ret)
{
	char buf[TEXT_SIZE];
	struct sk_span text = read_proc(pid, "stat", buf, sizeof(buf));

	return text.len != 0 && guard_fan_parse_stat(text, ret);
}

uint64_t guard_fan_start_of(uint32_t pid)
{
	struct guard_fan_task t = {0};

	return stat_of(pid, &t) ? t.start : 0;
}

uint32_t guard_fan_parent_of(uint32_t pid)
{
	struct guard_fan_task t = {0};

	return stat_of(pid, &t) ? t.ppid : 0;
}

uint32_t guard_fan_inner_parent(const struct guard_fan_task *t)
{
	struct guard_fan_task above = {0};
	char buf[TEXT_SIZE];
	struct sk_span text = read_proc(t->ppid, "status", buf, sizeof(buf));

	/* A namespace's processes come from it or from one above it. */
	return text.len != 0 && guard_fan_parse_status(text, &above) && above.depth == t->depth
		       ? above.pid
		       : 0;
}

uint64_t guard_fan_mnt_ns(uint32_t tid)
{
	char path[64], link[64];
	struct sk_span text;
	uint64_t ns = 0;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%u/ns/mnt", tid);
	n = readlink(path, link, sizeof(link));
	text = sk_span_of(link, n > 0 ? (size_t)n : 0);
	if (!sk_span_strip_prefix(&text, "mnt:[") || text.len == 0 ||
	    !sk_parse_u64(sk_span_sub(text, 0, text.len - 1), &ns))
		return 0;
	return ns;
}

bool guard_fan_cgroup_of(uint32_t tid, char *buf, size_t size)
{
	char text[TEXT_SIZE];
	struct sk_span rest = read_proc(tid, "cgroup", text, sizeof(text)), line;

	while (sk_span_line(&rest, &line))
		if (sk_span_strip_prefix(&line, "0::"))
			return (size_t)snprintf(buf, size, "%.*s", SK_SPAN_ARG(line)) < size;
	return false;
}

/** struct memory - of the process that waits */
struct memory {
	int fd;
	bool wide; /* pointers have eight bytes */
};

/* Reads up to the end of the page or to @size. Returns bytes, 0 when there is nothing. */
static size_t read_memory(const struct memory *m, uint64_t at, void *to, size_t size)
{
	size_t n = PAGE - (size_t)(at % PAGE);
	ssize_t r = pread(m->fd, to, n < size ? n : size, (off_t)at);

	return r > 0 ? (size_t)r : 0;
}

/* A text with its NUL. Returns its length with it; 0 when it cannot be read; @size when it is cut.
 */
static size_t read_text(const struct memory *m, uint64_t at, char *to, size_t size)
{
	size_t n = 0;

	while (at != 0 && n < size) {
		size_t got = read_memory(m, at + n, to + n, size - n);
		const char *end = memchr(to + n, 0, got);

		if (got == 0)
			return 0;
		if (end != NULL)
			return (size_t)(end - to) + 1;
		n += got;
	}
	return n;
}

static bool read_pointer(const struct memory *m, uint64_t at, size_t i, uint64_t *ret)
{
	size_t width = m->wide ? 8 : 4, n = 0;
	uint8_t bytes[8] = {0};

	while (n < width) {
		size_t got = read_memory(m, at + i * width + n, bytes + n, width - n);

		if (got == 0)
			return false;
		n += got;
	}
	memcpy(ret, bytes, sizeof(*ret)); /* little-endian, as all machines that this runs on */
	return true;
}

static void read_args(const struct memory *m, uint64_t argv, struct guard_fan_call *ret)
{
	uint64_t at;

	ret->has_args = argv != 0;
	for (size_t i = 0; argv != 0; i++) {
		size_t room = sizeof(ret->args) - ret->args_len, n;

		if (!read_pointer(m, argv, i, &at)) {
			ret->has_args = false;
			return;
		}
		if (at == 0)
			return;
		n = i < MAX_ARGS && room > 1
			    ? read_text(m, at, (char *)ret->args + ret->args_len, room)
			    : room;
		if (n == 0) {
			ret->has_args = false;
			return;
		}
		if (n >= room) {
			ret->args_cut = true;
			ret->args_len = sizeof(ret->args);
			ret->args[ret->args_len - 1] = 0;
			return;
		}
		ret->args_len += (uint32_t)n;
	}
}

/* Where a call of the family of execve has its path, or -1 when it is none. */
static int path_register(uint64_t nr, bool *ret_wide)
{
	*ret_wide = nr == SYS_execve || nr == SYS_execveat;
	if (nr == SYS_execve || nr == (X32_BIT | X32_EXECVE) || nr == COMPAT_EXECVE)
		return 0;
	return nr == SYS_execveat || nr == (X32_BIT | X32_EXECVEAT) || nr == COMPAT_EXECVEAT_X86 ||
			       nr == COMPAT_EXECVEAT_ARM
		       ? 1
		       : -1;
}

static bool hex_word(struct sk_span word, uint64_t *ret)
{
	uint64_t value = 0;

	if (!sk_span_strip_prefix(&word, "0x") || word.len == 0 || word.len > 16)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];

		value = value << 4 |
			(uint64_t)(c >= 'a' ? c - 'a' + 10 : c - '0'); /* the kernel wrote it */
	}
	*ret = value;
	return true;
}

/* "NR 0xARG0 … 0xARG5 0xSP 0xPC" */
static int parse_call(struct sk_span line, uint64_t *regs, bool *ret_wide)
{
	struct sk_span word;
	uint64_t nr;

	if (!sk_span_cut(&line, ' ', &word) || !sk_parse_u64(word, &nr))
		return -1; /* "running", or no right to know */
	for (size_t i = 0; i < REGISTERS; i++)
		if (!sk_span_cut(&line, ' ', &word) || !hex_word(word, &regs[i]))
			return -1;
	return path_register(nr, ret_wide);
}

/* An event comes a moment before who asks has gone to sleep: until then there are no registers. */
static struct sk_span read_call(uint32_t tid, char *buf, size_t size)
{
	const struct timespec moment = {.tv_nsec = 50000};
	struct sk_span line = {NULL, 0};

	for (int i = 0; i < MAX_MOMENTS; i++) {
		line = sk_span_trim(read_proc(tid, "syscall", buf, size));
		if (!sk_span_eq_str(line, "running"))
			break;
		(void)nanosleep(&moment, NULL);
	}
	return line;
}

void guard_fan_call_look(uint32_t tid, struct guard_fan_call *ret)
{
	uint64_t regs[REGISTERS] = {0};
	struct memory m = {.fd = -1};
	char buf[512], name[64];
	struct sk_span line;
	size_t n;
	int at;

	ret->path[0] = '\0';
	ret->args_len = 0;
	ret->args_cut = false;
	ret->has_args = false;
	ret->has_path = false;
	line = read_call(tid, buf, sizeof(buf));
	ret->mark = sk_hash64(line);
	at = parse_call(line, regs, &m.wide);
	if (at < 0)
		return;
	(void)snprintf(name, sizeof(name), "/proc/%u/mem", tid);
	m.fd = open(name, O_RDONLY | O_CLOEXEC);
	if (m.fd < 0)
		return;
	n = read_text(&m, regs[at], ret->path, sizeof(ret->path));
	ret->has_path = n != 0 && n != sizeof(ret->path);
	if (!ret->has_path)
		ret->path[0] = '\0';
	ret->dir = at == 0 ? AT_FDCWD : (int)(uint32_t)regs[0];
	read_args(&m, regs[at + 1], ret);
	sk_closep(&m.fd);
	ret->mark ^= sk_hash64(sk_span_str(ret->path));
}
