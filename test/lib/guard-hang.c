/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the guard: a file system with one program on it, which answers everybody but
 * processes whose names begin with "stockade". Those wait, and cannot even be killed once their
 * question was read.
 *
 * guard-hang DIR PROGRAM: mounts at DIR, serves DIR/prog until it is killed.
 *
 * Source: include/uapi/linux/fuse.h, fuse(4).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	PROG = 2, /* its inode; 1 is the root */
	PAGE = 4096,
};

static int dev, file;
static struct stat prog;
static char request[1 << 20], block[1 << 20];

static void reply(const struct fuse_in_header *in, int error, const void *data, size_t len)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + len), .error = -error, .unique = in->unique};
	struct iovec v[] = {{&out, sizeof(out)}, {(void *)(uintptr_t)data, len}};

	(void)!writev(dev, v, len != 0 ? 2 : 1);
}

static int is_guard(uint32_t pid)
{
	char path[64], name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	(void)!fgets(name, sizeof(name), f);
	fclose(f);
	return strncmp(name, "stockade", 8) == 0;
}

static struct fuse_attr attr_of(uint64_t node)
{
	struct fuse_attr a = {.ino = node, .mode = S_IFDIR | 0755, .nlink = 1};

	if (node == PROG) {
		a.mode = S_IFREG | 0755;
		a.size = (uint64_t)prog.st_size;
		a.mtime = a.ctime = 1700000000;
	}
	return a;
}

static void lookup(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out e = {.nodeid = PROG, .attr = attr_of(PROG)};

	if (strcmp(name, "prog") != 0)
		reply(in, ENOENT, NULL, 0);
	else
		reply(in, 0, &e, sizeof(e));
}

static void answer(const struct fuse_in_header *in, const void *arg)
{
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
				     .minor = FUSE_KERNEL_MINOR_VERSION,
				     .max_readahead = PAGE,
				     .max_write = 1 << 16};
	struct fuse_attr_out attr = {.attr = attr_of(in->nodeid)};
	struct fuse_open_out open_out = {.fh = 1};
	struct fuse_statfs_out fs = {.st = {.bsize = PAGE, .namelen = 255}};
	const struct fuse_read_in *r = arg;
	ssize_t n;

	switch (in->opcode) {
	case FUSE_INIT:
		reply(in, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		lookup(in, arg);
		break;
	case FUSE_GETATTR:
		reply(in, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(in, 0, &open_out, sizeof(open_out));
		break;
	case FUSE_READ:
		n = pread(file, block, r->size, (off_t)r->offset);
		reply(in, n < 0 ? EIO : 0, block, n < 0 ? 0 : (size_t)n);
		break;
	case FUSE_STATFS:
		reply(in, 0, &fs, sizeof(fs));
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		reply(in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(in, ENOSYS, NULL, 0);
	}
}

static int serve(const char *dir, const char *program)
{
	const struct fuse_in_header *in = (const void *)request;
	char options[128];

	file = open(program, O_RDONLY);
	dev = open("/dev/fuse", O_RDWR);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	if (file < 0 || fstat(file, &prog) != 0 || dev < 0 ||
	    mount("hang", dir, "fuse", 0, options) != 0) {
		perror(dir);
		return 1;
	}
	while (read(dev, request, sizeof(request)) >= (ssize_t)sizeof(*in)) {
		if (in->opcode != FUSE_INIT && is_guard(in->pid))
			printf("kept waiting: process %u, request %u\n", in->pid, in->opcode);
		else
			answer(in, in + 1);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	return argc == 3 ? serve(argv[1], argv[2]) : 2;
}
