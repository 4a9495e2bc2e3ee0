/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one thing that a guard should mind, and says how it went: "NAME ok", "NAME errno N". For the
 * tests of the guard; built statically, so that nothing else runs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char code[] = {(char)0xb8, 42, 0, 0, 0, (char)0xc3}; /* mov eax, 42; ret */

static int call_code(void *p)
{
	return ((int (*)(void))p)() == 42 ? 0 : -1;
}

static int anon_mmap(const char *arg)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	(void)arg;
	if (p == MAP_FAILED)
		return -1;
	memcpy(p, code, sizeof(code));
	return call_code(p);
}

static int anon_mprotect(const char *arg)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	memcpy(p, code, sizeof(code));
	return mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0 ? -1 : call_code(p);
}

static int anon_shm(const char *arg)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	void *p = shmat(id, NULL, SHM_EXEC);

	(void)arg;
	(void)shmctl(id, IPC_RMID, NULL);
	if (p == (void *)-1)
		return -1;
	memcpy(p, code, sizeof(code));
	return call_code(p);
}

static int anon_personality(const char *arg)
{
	void *p;

	(void)arg;
	if (personality(READ_IMPLIES_EXEC) == -1)
		return -1;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(p, code, sizeof(code));
	return call_code(p);
}

/* mprotect through the 32-bit entry of the kernel */
static int anon_int80(const char *arg)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
		       -1, 0);
	long r;

	(void)arg;
	memcpy(p, code, sizeof(code));
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(125L), "b"((long)(uintptr_t)p), "c"(4096L), "d"(5L)
			 : "memory", "r8", "r9", "r10", "r11");
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return call_code(p);
}

/* shmat through the 32-bit call that has all of System V's in one; @at is where it puts the address
 */
static int shmat_32(int id, uint32_t *at)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(117L), "b"(21L), "c"((long)id), "d"((long)SHM_EXEC),
			   "S"((long)(uintptr_t)at), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	if (r < 0)
		errno = (int)-r;
	return r < 0 ? -1 : 0;
}

static int shm_with_code(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	void *p = shmat(id, NULL, 0);

	memcpy(p, code, sizeof(code));
	return id;
}

static uint32_t *page_32(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1,
		    0);
}

static int anon_ipc32(const char *arg)
{
	int id = shm_with_code();
	uint32_t *at = page_32();
	int r = shmat_32(id, at);

	(void)arg;
	(void)shmctl(id, IPC_RMID, NULL);
	return r < 0 ? -1 : call_code((void *)(uintptr_t)*at);
}

/* Memory behind the program's own code: one call makes both executable. */
static int anon_span(const char *arg)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *area = mmap(NULL, 12288, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	if (mmap(area, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 4096) ==
		    MAP_FAILED ||
	    mprotect(area + 4096, 4096, PROT_READ | PROT_WRITE) != 0)
		return -1;
	memcpy(area + 4096, code, sizeof(code));
	return mprotect(area, 8192, PROT_READ | PROT_EXEC) != 0 ? -1 : call_code(area + 4096);
}

/* Known code that the process may change for itself: mapped so, or "mprotect": made so later. */
static int code_patched(const char *arg)
{
	int later = strcmp(arg, "mprotect") == 0, fd = open("/proc/self/exe", O_RDONLY);
	int all = PROT_READ | PROT_WRITE | PROT_EXEC;
	void *p = mmap(NULL, 4096, later ? PROT_READ | PROT_EXEC : all, MAP_PRIVATE, fd, 4096);

	if (p == MAP_FAILED || (later && mprotect(p, 4096, all) != 0))
		return -1;
	memcpy(p, code, sizeof(code));
	return call_code(p);
}

static char stacks[2][65536];
static void *shared_page;
static volatile int shared_error;

/* Makes memory executable that another process shares; @at: by a 32-bit call. */
static int share_maker(void *at)
{
	if (at != NULL && shmat_32(shm_with_code(), at) != 0)
		shared_error = errno;
	else if (at == NULL && mprotect(shared_page, 4096, PROT_READ | PROT_EXEC) != 0)
		shared_error = errno;
	_exit(0);
}

/* Who is no parent of who makes it waits without a call; then it makes more than one. */
static int share_user(void *unused)
{
	struct timespec now, begin;

	(void)unused;
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	while (shared_error == 0 && now.tv_sec < begin.tv_sec + 2);
	if (shared_error == 0 && call_code(shared_page) == 0) {
		(void)chdir("/");
		(void)!write(1, "share ok\n", 9);
	}
	_exit(0);
}

/* One process makes memory executable, another one that shares it uses it: see clone(2). */
static int share(const char *arg)
{
	int flags = CLONE_VM | SIGCHLD | (strcmp(arg, "vfork") == 0 ? CLONE_VFORK : 0);
	uint32_t *at = strcmp(arg, "shm32") == 0 ? page_32() : NULL;
	pid_t maker;

	shared_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(shared_page, code, sizeof(code));
	if (strcmp(arg, "sibling") == 0)
		(void)clone(share_user, stacks[0] + sizeof(stacks[0]) - 64, flags, NULL);
	maker = clone(share_maker, stacks[1] + sizeof(stacks[1]) - 64, flags, at);
	(void)waitpid(maker, NULL, 0);
	errno = shared_error;
	return shared_error != 0 ? -1
				 : call_code(at != NULL ? (void *)(uintptr_t)*at : shared_page);
}

/* A child that does nothing, to be acted on */
static pid_t new_victim(void)
{
	pid_t child = fork();

	if (child == 0) {
		(void)sleep(5);
		_exit(0);
	}
	return child;
}

/* errno stays what it is. */
static void end_victim(pid_t child)
{
	int e = errno;

	(void)kill(child, 9);
	(void)waitpid(child, NULL, 0);
	errno = e;
}

/* What another process has in its memory: by a call, or "file": through /proc. */
static int spy(const char *arg)
{
	static char secret[] = "secret";
	char copy[sizeof(secret)] = "", name[64];
	struct iovec from = {secret, sizeof(secret)}, to = {copy, sizeof(copy)};
	pid_t child = new_victim();
	long n = -1;

	(void)snprintf(name, sizeof(name), "/proc/%d/mem", child);
	if (strcmp(arg, "file") == 0)
		n = pread(open(name, O_RDONLY), copy, sizeof(copy), (off_t)(uintptr_t)secret);
	else
		n = process_vm_readv(child, &to, 1, &from, 1, 0);
	end_victim(child);
	if (n < 0 && errno == EBADF)
		errno = EPERM;
	return n == sizeof(copy) && strcmp(copy, "secret") == 0 ? 0 : -1;
}

/* One's own is nobody else's. */
static int spy_self(const char *arg)
{
	static char secret[] = "secret";
	char copy[sizeof(secret)] = "";
	struct iovec from = {secret, sizeof(secret)}, to = {copy, sizeof(copy)};
	int fd = open("/proc/self/mem", O_RDONLY);

	(void)arg;
	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == sizeof(copy) &&
			       pread(fd, copy, sizeof(copy), (off_t)(uintptr_t)secret) ==
				       sizeof(copy)
		       ? 0
		       : -1;
}

/* A descriptor of another process */
static int take_fd(const char *arg)
{
	pid_t child = new_victim();
	int r = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, child, 0), 0, 0);

	(void)arg;
	end_victim(child);
	return r < 0 ? -1 : 0;
}

static int __attribute__((noinline)) overwritten(void *unused)
{
	__asm__ volatile("nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" : : "r"(unused));
	return 0;
}

/* Code that is mapped read-only is changed through /proc. */
static int self_mem(const char *arg)
{
	int (*volatile fn)(void *) = overwritten;
	int fd = open("/proc/self/mem", O_RDWR);

	(void)arg;
	if (fd < 0 || pwrite(fd, code, sizeof(code), (off_t)(uintptr_t)overwritten) < 0)
		return -1;
	return fn(NULL) == 42 ? 0 : -1;
}

static void copy_self(int to)
{
	int from = open("/proc/self/exe", O_RDONLY);
	char buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			break;
	(void)close(from);
}

/* A known file that can be changed through another mapping while it is mapped as code. */
static int dual_map(const char *arg)
{
	int w = open(arg, O_CREAT | O_TRUNC | O_RDWR, 0755), r;
	char *to;
	void *p;

	copy_self(w);
	to = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, w, 4096);
	*(volatile char *)to = *to; /* from now on its time of change stays as it is */
	(void)usleep(100000);
	r = open(arg, O_RDONLY);
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, r, 4096);
	if (p == MAP_FAILED)
		return -1;
	(void)usleep(100000);
	memcpy(to, code, sizeof(code));
	return call_code(p);
}

/*
 * Two files of one size and one time of change. The changed one is mapped as code; by the time
 * that somebody looks at its name, the name is the unchanged one's.
 */
static int swap_map(const char *arg)
{
	char dirs[2][256], file[300];
	struct stat st[2];
	int fd[2], status;
	pid_t child;

	for (int i = 0; i < 2; i++) {
		(void)snprintf(dirs[i], sizeof(dirs[i]), "%s/%d", arg, i);
		(void)mkdir(dirs[i], 0755);
		(void)snprintf(file, sizeof(file), "%s/f", dirs[i]);
		fd[i] = open(file, O_CREAT | O_TRUNC | O_RDWR, 0755);
		copy_self(fd[i]);
	}
	if (pwrite(fd[0], code, sizeof(code), 4096) < 0)
		return -1;
	do {
		for (int i = 0; i < 2; i++)
			if (fchmod(fd[i], 0755) != 0 || fstat(fd[i], &st[i]) != 0)
				return -1;
	} while (st[0].st_ctim.tv_nsec != st[1].st_ctim.tv_nsec);
	(void)snprintf(file, sizeof(file), "%s/f", dirs[0]);
	(void)close(fd[0]);
	(void)close(fd[1]);
	fd[0] = open(file, O_RDONLY);
	child = fork();
	if (child == 0) {
		void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd[0], 4096);

		_exit(p != MAP_FAILED && call_code(p) == 0 ? 0 : 1);
	}
	for (int i = 0; i < 100000 && waitpid(child, &status, WNOHANG) == 0; i++)
		(void)syscall(SYS_renameat2, AT_FDCWD, dirs[0], AT_FDCWD, dirs[1], 2);
	(void)kill(child, SIGKILL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	errno = WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : EPERM;
	return -1;
}

static volatile const char mark[] = "mark good";

static int say_mark(const char *arg)
{
	(void)arg;
	(void)printf("%s\n", (const char *)mark);
	return 0;
}

/*
 * Changes a program through a mapping that was read before: where files live in memory that does
 * not show in their times.
 */
static int patch_map(const char *arg)
{
	static const char good[] = "mark gooe";
	int fd = open(arg, O_RDWR), found = 0;
	size_t len = sizeof(good) - 2;
	volatile char sum = 0;
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	for (off_t i = 0; i < st.st_size; i += 4096)
		sum = (char)(sum + p[i]);
	for (char *at = p; (at = memmem(at, (size_t)(p + st.st_size - at), good, len)) != NULL;
	     at += len) {
		if (at[len] != 'd')
			continue;
		memcpy(at, "mark evil", len + 1);
		found++;
	}
	(void)munmap(p, (size_t)st.st_size);
	(void)close(fd);
	return found != 0 ? 0 : -1;
}

static int memfd_map(const char *arg)
{
	int fd = memfd_create("x", 0);
	void *p;

	(void)arg;
	if (write(fd, code, sizeof(code)) < 0)
		return -1;
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? -1 : call_code(p);
}

static int file_map(const char *arg)
{
	int fd = open(arg, O_RDONLY);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int sock(int family, int type, int proto)
{
	int fd = socket(family, type, proto);

	return fd < 0 ? -1 : close(fd);
}

static int raw(const char *arg)
{
	(void)arg;
	return sock(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int ping(const char *arg)
{
	(void)arg;
	return sock(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static int udp_lite(const char *arg)
{
	(void)arg;
	return sock(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
}

/* SCTP by its type, without its number */
static int sctp(const char *arg)
{
	(void)arg;
	return sock(AF_INET, SOCK_SEQPACKET, 0);
}

static int packet(const char *arg)
{
	(void)arg;
	return sock(AF_PACKET, SOCK_RAW, 0);
}

static struct sockaddr_in address(const char *arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arg))};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int tcp(const char *arg)
{
	struct sockaddr_in a = address(arg);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	/* Nobody listens: refused means that the call was let through. */
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 && errno != ECONNREFUSED)
		return -1;
	return 0;
}

static int udp(const char *arg)
{
	struct sockaddr_in a = address(arg);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == 1 ? 0 : -1;
}

/* A datagram for a known address that goes to 127.0.0.66 first: a loose source route. */
static int route(const char *arg)
{
	static const unsigned char loose[8] = {131, 7, 4, 127, 0, 0, 66, 0};
	struct sockaddr_in a = address(arg);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, loose, sizeof(loose)) != 0)
		return -1;
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == 1 ? 0 : -1;
}

static int udp6(const char *arg)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	a.sin6_port = htons((uint16_t)atoi(arg));
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == 1 ? 0 : -1;
}

/* The same by a segment routing header of IPv6 (RFC 8754), which needs no capability. */
static int route6(const char *arg)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	unsigned char header[40] = {0, 4, 4, 1, 1};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	a.sin6_port = htons((uint16_t)atoi(arg));
	(void)inet_pton(AF_INET6, "fd00::66", header + 24);
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, header, sizeof(header)) != 0)
		return -1;
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == 1 ? 0 : -1;
}

static const unsigned char asked[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\2db\7example\3org\0\0\1\0\1";

/* A name server on 127.0.0.1 that has one address for everything. */
static int dnsd(const char *arg)
{
	static const unsigned char head[] = {0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0};
	unsigned char m[512], record[] = "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4";
	struct sockaddr_in a = address("53"), from;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct in_addr in;

	if (inet_pton(AF_INET, arg, &in) != 1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		return -1;
	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, m, sizeof(m) - 16, 0, (struct sockaddr *)&from, &len);

		if (n < (ssize_t)sizeof(asked) - 1)
			continue;
		memcpy(m + 2, head, sizeof(head));
		memcpy(m + n, record, 12);
		memcpy(m + n + 12, &in, 4);
		(void)sendto(fd, m, (size_t)n + 16, 0, (struct sockaddr *)&from, len);
	}
}

/* Looks a name up and connects to where it leads; with an argument, so many addresses further. */
static int dns(const char *arg)
{
	struct sockaddr_in a = address("53"), to = address("80");
	int fd = socket(AF_INET, SOCK_DGRAM, 0), tcp_fd = socket(AF_INET, SOCK_STREAM, 0);
	unsigned char m[512];
	ssize_t n;

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    send(fd, asked, sizeof(asked) - 1, 0) != (ssize_t)sizeof(asked) - 1)
		return -1;
	n = recv(fd, m, sizeof(m), 0);
	if (n < (ssize_t)sizeof(asked) - 1 + 16)
		return -1;
	memcpy(&to.sin_addr, m + n - 4, 4);
	to.sin_addr.s_addr = htonl(ntohl(to.sin_addr.s_addr) + (uint32_t)atoi(arg));
	if (connect(tcp_fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != ECONNREFUSED)
		return -1;
	return 0;
}

/* An address without a family: one of IPv4 to UDP. */
static int udp_unspec(const char *arg)
{
	struct sockaddr_in a = address(arg);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_family = AF_UNSPEC;
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) == 1 ? 0 : -1;
}

static int do_umount(const char *arg)
{
	return umount2(arg, MNT_DETACH);
}

static int do_unlink(const char *arg)
{
	return unlink(arg);
}

/* DIRECTORY: to another name beside it */
static int do_rename(const char *arg)
{
	char to[256];

	(void)snprintf(to, sizeof(to), "%s.away", arg);
	return rename(arg, to);
}

/* Opens for writing, writes nothing. */
static int do_write(const char *arg)
{
	return open(arg, O_WRONLY);
}

/* What serves as a handler of binfmt_misc and as a program's name. */
static int inject(const char *arg)
{
	static const char text[] = ":evil:E::evil::/bin/evil:";
	int fd = open(arg, O_WRONLY);

	return fd < 0 || write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1 ? -1 : 0;
}

/* Of its own accesses only, which needs no capability: from 5.11. */
static int user_fault(const char *arg)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1);

	(void)arg;
	return fd < 0 && errno != EINVAL ? -1 : 0;
}

static int do_mount(const char *arg)
{
	return mount("none", strcmp(arg, "/none") != 0 ? arg : "/tmp", "tmpfs", 0, NULL);
}

static int open_tree_attr(const char *arg)
{
	uint64_t attr[4] = {0};

	return (int)syscall(467, AT_FDCWD, arg, OPEN_TREE_CLONE, attr, sizeof(attr)) < 0 ? -1 : 0;
}

static int do_unshare(const char *arg)
{
	(void)arg;
	return unshare(CLONE_NEWNS);
}

static int new_userns(const char *arg)
{
	(void)arg;
	return unshare(CLONE_NEWUSER);
}

/* clone and clone3: namespaces made while forking */
static int clone_ns(const char *arg)
{
	struct clone_args args = {.flags = CLONE_NEWUTS, .exit_signal = SIGCHLD};
	int status = 0;
	long child = strcmp(arg, "3") == 0 ? syscall(SYS_clone3, &args, sizeof(args))
					   : syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0);

	if (child == 0)
		_exit(0);
	if (child < 0)
		return -1;
	(void)waitpid((pid_t)child, &status, 0);
	return 0;
}

static int do_setns(const char *arg)
{
	int fd = open("/proc/1/ns/net", O_RDONLY);

	(void)arg;
	return setns(fd, 0);
}

static int trace_child(const char *arg)
{
	pid_t child = new_victim();
	int r = (int)ptrace(PTRACE_ATTACH, child, NULL, NULL);

	(void)arg;
	end_victim(child);
	return r;
}

static int trace_me(const char *arg)
{
	pid_t child = fork();
	int status;

	(void)arg;
	if (child == 0) {
		long r = ptrace(PTRACE_TRACEME, 0, NULL, NULL);

		_exit(r == 0 ? 0 : errno);
	}
	(void)waitpid(child, &status, 0);
	errno = WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
	return errno == 0 ? 0 : -1;
}

static int do_bpf(const char *arg)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	(void)arg;
	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0 ? -1 : 0;
}

static int module(const char *arg)
{
	static char empty[4096];

	(void)arg;
	return (int)syscall(SYS_init_module, empty, sizeof(empty), "");
}

static int handle(const char *arg)
{
	struct file_handle *h = calloc(1, sizeof(*h) + 64);
	int id;

	(void)arg;
	h->handle_bytes = 64;
	if (name_to_handle_at(AT_FDCWD, "/", h, &id, 0) != 0)
		h->handle_bytes = 8; /* an overlay gives none: the attempt counts */
	return open_by_handle_at(open("/", O_RDONLY), h, O_RDONLY) < 0 ? -1 : 0;
}

static int io_uring(const char *arg)
{
	char params[120] = {0};

	(void)arg;
	return (int)syscall(425, 4, params) < 0 ? -1 : 0;
}

/** struct ring - a ring of one request */
struct ring {
	int fd;
	struct io_uring_params params;
	char *submitted;
	char *completed;
	struct io_uring_sqe *request;
};

static int ring_open(struct ring *r, uint32_t flags)
{
	memset(r, 0, sizeof(*r));
	r->params.flags = flags;
	r->fd = (int)syscall(__NR_io_uring_setup, 1, &r->params);
	if (r->fd < 0)
		return -1;
	r->submitted =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->completed =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->request = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
	return r->submitted == MAP_FAILED || r->completed == MAP_FAILED || r->request == MAP_FAILED
		       ? -1
		       : 0;
}

/* Hands in the request and waits until it is done. */
static int ring_do(struct ring *r)
{
	uint32_t *tail = (void *)(r->submitted + r->params.sq_off.tail);
	uint32_t *done = (void *)(r->completed + r->params.cq_off.tail);
	struct io_uring_cqe *result = (void *)(r->completed + r->params.cq_off.cqes);

	*(uint32_t *)(void *)(r->submitted + r->params.sq_off.array) = 0;
	__atomic_store_n(tail, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(done, __ATOMIC_ACQUIRE) == 0)
		if (syscall(__NR_io_uring_enter, r->fd, 1, 1,
			    IORING_ENTER_GETEVENTS |
				    (r->params.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP
									   : 0),
			    NULL, 0) < 0)
			return -1;
	errno = result->res < 0 ? -result->res : 0;
	return result->res < 0 ? -1 : 0;
}

/* Connects by a request that the ring's own thread (@flags of the ring) or a worker takes up. */
static int ring_connect(const char *arg, uint32_t flags, uint8_t request_flags)
{
	struct sockaddr_in a = address(arg);
	struct ring r;

	if (ring_open(&r, flags) != 0)
		return -1;
	r.request->opcode = IORING_OP_CONNECT;
	r.request->flags = request_flags;
	r.request->fd = socket(AF_INET, SOCK_STREAM, 0);
	r.request->addr = (uint64_t)(uintptr_t)&a;
	r.request->off = sizeof(a);
	return ring_do(&r) != 0 && errno != ECONNREFUSED ? -1 : 0;
}

static int ring_tcp(const char *arg)
{
	return ring_connect(arg, 0, 0);
}

static int ring_worker_tcp(const char *arg)
{
	return ring_connect(arg, 0, IOSQE_ASYNC);
}

static int ring_thread_tcp(const char *arg)
{
	return ring_connect(arg, IORING_SETUP_SQPOLL, 0);
}

/* A datagram by a worker of the ring. */
static int ring_worker_udp(const char *arg)
{
	struct sockaddr_in a = address(arg);
	struct iovec v = {.iov_base = (char *)"x", .iov_len = 1};
	struct msghdr m = {
		.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &v, .msg_iovlen = 1};
	struct ring r;

	if (ring_open(&r, 0) != 0)
		return -1;
	r.request->opcode = IORING_OP_SENDMSG;
	r.request->flags = IOSQE_ASYNC;
	r.request->fd = socket(AF_INET, SOCK_DGRAM, 0);
	r.request->addr = (uint64_t)(uintptr_t)&m;
	r.request->len = 1;
	return ring_do(&r);
}

static int ring_open_file(const char *arg)
{
	struct ring r;

	if (ring_open(&r, 0) != 0)
		return -1;
	r.request->opcode = IORING_OP_OPENAT;
	r.request->flags = IOSQE_ASYNC;
	r.request->fd = AT_FDCWD;
	r.request->addr = (uint64_t)(uintptr_t)arg;
	r.request->open_flags = O_RDONLY;
	return ring_do(&r);
}

static int run(const char *path, char *const argv[])
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execv(path, argv);
		_exit(errno == EPERM || errno == EACCES ? 99 : 98);
	}
	(void)waitpid(child, &status, 0);
	if (WIFSIGNALED(status)) {
		errno = 1000 + WTERMSIG(status);
		return -1;
	}
	errno = WEXITSTATUS(status) == 99 ? EPERM : 900 + WEXITSTATUS(status);
	return WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int memfd_exec(const char *arg)
{
	char path[64], buf[65536];
	char *argv[] = {(char *)"probe", (char *)"noop", NULL};
	int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("y", 0);
	ssize_t n;

	(void)arg;
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
	return run(path, argv);
}

static int do_exec(const char *arg)
{
	char *argv[] = {(char *)arg, (char *)"noop", NULL};

	return run(arg, argv);
}

/* Continues held processes: a race for whoever is stopped before its first instruction. */
static int continue_exec(const char *arg)
{
	char *argv[] = {(char *)arg, (char *)"noop", NULL};
	pid_t child = fork(), spammer;
	int status;

	if (child == 0) {
		(void)usleep(20000);
		execv(arg, argv);
		_exit(99);
	}
	spammer = fork();
	if (spammer == 0)
		for (;;)
			(void)kill(child, 18);
	(void)waitpid(child, &status, 0);
	(void)kill(spammer, 9);
	(void)waitpid(spammer, NULL, 0);
	errno = WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : 900 + WEXITSTATUS(status);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/*
 * The kernel itself continues who is stopped when the last one leaves that could: the held program
 * ignores the signal that comes before.
 */
static int orphan_exec(const char *arg)
{
	char *argv[] = {(char *)arg, (char *)"noop", NULL};
	pid_t starter = fork(), child;

	if (starter == 0) {
		child = fork();
		if (child == 0) {
			(void)setpgid(0, 0);
			(void)signal(SIGHUP, SIG_IGN);
			execv(arg, argv);
			_exit(99);
		}
		(void)waitpid(child, NULL, WUNTRACED);
		_exit(0);
	}
	(void)waitpid(starter, NULL, 0);
	(void)usleep(300000);
	errno = EPERM;
	return -1;
}

/* The same of a process that waits for a file that it opened: does it ever get to use it? */
static int continue_open(const char *arg)
{
	volatile char *used =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 10; i++) {
		pid_t child = fork(), spammer;
		char c;

		if (child == 0) {
			int fd;

			(void)usleep(20000);
			fd = open(arg, O_RDONLY);
			*used = read(fd, &c, 1) == 1;
			_exit(0);
		}
		spammer = fork();
		if (spammer == 0)
			for (;;)
				(void)kill(child, SIGCONT);
		(void)waitpid(child, NULL, 0);
		(void)kill(spammer, 9);
		(void)waitpid(spammer, NULL, 0);
		if (*used)
			return 0;
	}
	errno = EPERM;
	return -1;
}

/* A system call and a capability that little else uses. */
static int sys_info(const char *arg)
{
	struct sysinfo info;

	(void)arg;
	return sysinfo(&info);
}

static int change_root(const char *arg)
{
	return chroot(strcmp(arg, "/none") != 0 ? arg : "/");
}

static int do_open(const char *arg)
{
	char c;
	int fd = open(arg, O_RDONLY);

	return fd >= 0 && read(fd, &c, 1) == 1 ? 0 : -1;
}

static int do_listen(const char *arg)
{
	struct sockaddr_in a = address(arg);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ? -1 : listen(fd, 1);
}

static int connected(const char *arg)
{
	struct sockaddr_in a = address(arg);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? fd : -1;
}

static int listener(int family, const char *address, int port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(family, SOCK_STREAM, 0), one = 1, r;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)inet_pton(family, address,
			family == AF_INET6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr);
	r = family == AF_INET6 ? bind(fd, (struct sockaddr *)&six, sizeof(six))
			       : bind(fd, (struct sockaddr *)&four, sizeof(four));
	return r != 0 || listen(fd, 8) != 0 ? -1 : fd;
}

/* Clients of two versions of the protocol, one of them twice, at a listener that takes both. */
static int serve(const char *arg)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = listener(AF_INET6, "::", atoi(arg));

	six.sin6_port = htons((uint16_t)atoi(arg));
	for (int i = 0; fd >= 0 && i < 3; i++) {
		pid_t child = fork();
		int to;

		if (child == 0) {
			to = i == 2 ? socket(AF_INET6, SOCK_STREAM, 0) : connected(arg);
			_exit(i == 2 ? connect(to, (struct sockaddr *)&six, sizeof(six)) != 0
				     : to < 0);
		}
		to = i == 0 ? accept(fd, NULL, NULL) : accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (to < 0)
			return -1;
		(void)close(to);
		(void)waitpid(child, NULL, 0);
	}
	return fd < 0 ? -1 : 0;
}

static int listen_at(const char *arg)
{
	return listener(strchr(arg, ':') != NULL ? AF_INET6 : AF_INET, arg, 8081) < 0 ? -1 : 0;
}

static int server(const char *arg)
{
	int fd = listener(AF_INET, "127.0.0.1", atoi(arg));

	while (fd >= 0) {
		int to = accept(fd, NULL, NULL);

		(void)close(to);
	}
	return -1;
}

static int unix_socket(const char *path, struct sockaddr_un *a)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)snprintf(a->sun_path, sizeof(a->sun_path), "%s", path);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int unix_connect(const char *arg)
{
	struct sockaddr_un a;
	int fd = unix_socket(arg, &a);

	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

/* Listens from now on, in the background. */
static int unix_listen(const char *arg)
{
	struct sockaddr_un a;
	int fd = unix_socket(arg, &a);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 8) != 0)
		return -1;
	if (fork() == 0)
		for (;;)
			(void)close(accept(fd, NULL, NULL));
	return 0;
}

static int alg(const char *arg)
{
	(void)arg;
	return sock(AF_ALG, SOCK_SEQPACKET, 0);
}

/* The numbers of this process and of its parent, as they are seen here. */
static int numbers(const char *arg)
{
	(void)arg;
	printf("numbers %d %d\n", (int)getpid(), (int)getppid());
	return 0;
}

static void become_shell(int in, int out)
{
	(void)dup2(in, 0);
	(void)dup2(out, 1);
	(void)dup2(out, 2);
	(void)execl("/bin/sh", "sh", "-i", NULL);
	_exit(99);
}

static int reap(pid_t child)
{
	int status;

	(void)waitpid(child, &status, 0);
	errno = WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : 900 + WEXITSTATUS(status);
	return status == 0 ? 0 : -1;
}

/* A shell on a connection that was opened from here. */
static int shell_socket(const char *arg)
{
	int fd = connected(arg);
	pid_t child;

	if (fd < 0)
		return -1;
	child = fork();
	if (child == 0)
		become_shell(fd, fd);
	return reap(child);
}

/* The same on one that was accepted: what inetd does. */
static int shell_accepted(const char *arg)
{
	struct sockaddr_in a = address(arg);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	pid_t child;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 1) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		int c = accept(fd, NULL, NULL);

		become_shell(c, c);
	}
	return reap(child);
}

static void copy(int from, int to)
{
	char buf[512];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			break;
}

/* A shell on two pipes; the commands and answers are carried over a connection. */
static int shell_pipes(const char *arg)
{
	int fd = connected(arg), in[2], out[2];
	pid_t shell, writer;

	if (fd < 0 || pipe(in) != 0 || pipe(out) != 0)
		return -1;
	shell = fork();
	if (shell == 0) {
		(void)close(fd);
		(void)close(in[1]);
		(void)close(out[0]);
		become_shell(in[0], out[1]);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	writer = fork();
	if (writer == 0) {
		copy(out[0], fd);
		_exit(0);
	}
	copy(fd, in[1]);
	(void)close(in[1]);
	(void)kill(writer, 9);
	return reap(shell);
}

/* The same on a pseudo terminal. */
static int shell_terminal(const char *arg)
{
	int fd = connected(arg), master = posix_openpt(O_RDWR | O_NOCTTY);
	pid_t shell, writer;

	if (fd < 0 || master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return -1;
	shell = fork();
	if (shell == 0) {
		int slave;

		(void)setsid();
		slave = open(ptsname(master), O_RDWR);
		(void)close(fd);
		(void)close(master);
		become_shell(slave, slave);
	}
	writer = fork();
	if (writer == 0) {
		copy(master, fd);
		_exit(0);
	}
	copy(fd, master);
	(void)kill(writer, 9);
	(void)kill(shell, 9);
	return reap(shell);
}

/* A client of a database whose program also asks a shell for something: no shell for anyone. */
static int client_popen(const char *arg)
{
	int fd = connected(arg), in[2], out[2];
	pid_t child;

	if (fd < 0 || pipe(in) != 0 || pipe(out) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)execl("/bin/sh", "sh", "-c", "sleep 1; echo asked", NULL);
		_exit(99);
	}
	return reap(child);
}

static int do_chown(const char *arg)
{
	return chown(arg, 1, 1);
}

static int do_wait(const char *arg)
{
	(void)arg;
	(void)sleep(3);
	return 0;
}

static int become(const char *arg)
{
	return setuid((uid_t)atoi(arg));
}

static int noop(const char *arg)
{
	(void)arg;
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(const char *arg);
} actions[] = {
	{"noop", noop},
	{"mark", say_mark},
	{"patch-map", patch_map},
	{"udplite", udp_lite},
	{"sctp", sctp},
	{"route", route},
	{"route6", route6},
	{"udp6", udp6},
	{"open-tree-attr", open_tree_attr},
	{"continue-open", continue_open},
	{"orphan-exec", orphan_exec},
	{"become", become},
	{"sysinfo", sys_info},
	{"chroot", change_root},
	{"open", do_open},
	{"listen", do_listen},
	{"listen-at", listen_at},
	{"serve", serve},
	{"server", server},
	{"numbers", numbers},
	{"unix", unix_connect},
	{"unix-listen", unix_listen},
	{"alg", alg},
	{"wait", do_wait},
	{"chown", do_chown},
	{"shell-socket", shell_socket},
	{"shell-accepted", shell_accepted},
	{"shell-pipes", shell_pipes},
	{"shell-terminal", shell_terminal},
	{"client-popen", client_popen},
	{"anon-mmap", anon_mmap},
	{"anon-mprotect", anon_mprotect},
	{"anon-shm", anon_shm},
	{"anon-personality", anon_personality},
	{"anon-int80", anon_int80},
	{"anon-ipc32", anon_ipc32},
	{"anon-span", anon_span},
	{"code-patched", code_patched},
	{"share", share},
	{"spy", spy},
	{"spy-self", spy_self},
	{"take-fd", take_fd},
	{"self-mem", self_mem},
	{"dual-map", dual_map},
	{"swap-map", swap_map},
	{"memfd-map", memfd_map},
	{"file-map", file_map},
	{"raw", raw},
	{"ping", ping},
	{"packet", packet},
	{"udp-unspec", udp_unspec},
	{"umount", do_umount},
	{"clone", clone_ns},
	{"traceme", trace_me},
	{"dnsd", dnsd},
	{"dns", dns},
	{"tcp", tcp},
	{"udp", udp},
	{"mount", do_mount},
	{"unlink", do_unlink},
	{"rename", do_rename},
	{"write", do_write},
	{"inject", inject},
	{"userfaultfd", user_fault},
	{"unshare", do_unshare},
	{"userns", new_userns},
	{"setns", do_setns},
	{"ptrace", trace_child},
	{"bpf", do_bpf},
	{"module", module},
	{"handle", handle},
	{"io-uring", io_uring},
	{"ring-tcp", ring_tcp},
	{"ring-worker-tcp", ring_worker_tcp},
	{"ring-thread-tcp", ring_thread_tcp},
	{"ring-worker-udp", ring_worker_udp},
	{"ring-open", ring_open_file},
	{"memfd-exec", memfd_exec},
	{"exec", do_exec},
	{"continue-exec", continue_exec},
};

/* Opens its script twice, as Python does, and prints what it has then; another one takes its place.
 */
static int as_python(const char *script)
{
	int fd = open(script, O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t n;

	(void)close(fd);
	(void)rename("/tmp/next", script);
	fd = open(script, O_RDONLY);
	n = read(fd, text, sizeof(text));
	return n < 0 || write(1, text, (size_t)n) != n;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strstr(argv[0], "python") != NULL)
		return as_python(argv[1]);
	for (int i = 1; i < argc; i++) {
		char *arg = strchr(argv[i], '=');

		if (arg != NULL)
			*arg++ = '\0';
		for (size_t j = 0; j < sizeof(actions) / sizeof(actions[0]); j++) {
			if (strcmp(actions[j].name, argv[i]) != 0)
				continue;
			if (actions[j].fn(arg != NULL ? arg : "/none") == 0)
				printf("%s ok\n", argv[i]);
			else
				printf("%s errno %d\n", argv[i], errno);
			(void)fflush(stdout);
		}
	}
	return 0;
}
