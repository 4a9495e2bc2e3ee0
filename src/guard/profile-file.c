/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as files of a directory, one for each service. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/text.h"
#include "guard/profile-priv.h"
#include "guard/profile-yaml.h"

enum {
	QUOTE_SIZE = 100,
	PATH_SIZE = 4096,
	MAX_FILE_NAME = 255,
	LOCK_PAUSE_NS = 20000000,
	LOCK_TRIES = 250, /* five seconds */
};

const char *guard_profile_file_name(const char *service, char *buf, size_t size)
{
	size_t len = strlen(service);

	if (len == 0 || len + sizeof(".yaml") > size || len + sizeof(".yaml") - 1 > MAX_FILE_NAME)
		return NULL;
	for (size_t i = 0; i < len; i++)
		buf[i] = service[i] == '/' ? '.' : service[i];
	buf[len] = '\0';
	if (strcmp(buf, ".") == 0 || strcmp(buf, "..") == 0)
		return NULL;
	memcpy(buf + len, ".yaml", sizeof(".yaml"));
	return buf;
}

static int open_dir(const char *dir, struct sk_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char quoted[QUOTE_SIZE];

	if (fd < 0)
		return sk_err_errno(err, errno, "open %s",
				    sk_text_quote(sk_span_str(dir), quoted, sizeof(quoted)));
	return fd;
}

static int name_of(const char *service, char *name, struct sk_err *err)
{
	char quoted[QUOTE_SIZE];

	if (guard_profile_file_name(service, name, MAX_FILE_NAME + 1) != NULL)
		return 0;
	return sk_err_set(err, EINVAL, "%s names no profile",
			  sk_text_quote(sk_span_str(service), quoted, sizeof(quoted)));
}

int guard_profile_load(const char *dir, const char *service, struct guard_profile **ret,
		       struct sk_err *err)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	sk_cleanup(sk_closep) int dirfd = -1;
	char name[MAX_FILE_NAME + 1], path[PATH_SIZE], quoted[QUOTE_SIZE];
	struct sk_buf text;
	int res = name_of(service, name, err);

	if (res < 0)
		return res;
	dirfd = open_dir(dir, err);
	if (dirfd == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (dirfd < 0)
		return dirfd;
	sk_buf_init(&text, GUARD_PROFILE_MAX_BYTES);
	res = sk_read_file(dirfd, name, &text, err);
	if (res == 0)
		res = guard_profile_parse(sk_buf_span(&text), &p, err);
	sk_buf_release(&text);
	if (res == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (res < 0)
		return sk_err_wrap(err, res, "%s",
				   sk_text_quote(sk_span_str(path), quoted, sizeof(quoted)));
	if (strcmp(p->service, service) != 0)
		return sk_err_set(err, SK_E_AMBIGUOUS,
				  "%s/%s is the profile of another service, %s", dir, name,
				  sk_text_quote(sk_span_str(p->service), quoted, sizeof(quoted)));
	*ret = sk_take(p);
	return 0;
}

uint64_t guard_profile_stamp(const char *dir, const char *service)
{
	sk_cleanup(sk_closep) int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[MAX_FILE_NAME + 1];
	struct stat st;

	if (dirfd < 0 || guard_profile_file_name(service, name, sizeof(name)) == NULL ||
	    fstatat(dirfd, name, &st, 0) != 0)
		return 0;
	const uint64_t state[] = {st.st_dev, st.st_ino, (uint64_t)st.st_size,
				  sk_timespec_ns(&st.st_ctim)};

	return sk_hash64(sk_span_of(state, sizeof(state))) | 1;
}

int guard_profile_lock(const char *dir)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	sk_cleanup(sk_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return sk_take_fd(fd);
		(void)nanosleep(&pause, NULL);
	}
	return -1;
}

/* Who may read it stays as it is. */
static unsigned mode_of(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, 0) == 0 ? st.st_mode & 0777 : 0644;
}

int guard_profile_save(const char *dir, const struct guard_profile *p, struct sk_err *err)
{
	sk_cleanup(sk_closep) int dirfd = -1;
	char name[MAX_FILE_NAME + 1];
	struct sk_buf text;
	struct sk_sink sink;
	int res = name_of(p->service, name, err);

	if (res < 0)
		return res;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return sk_err_errno(err, errno, "make the directory %s", dir);
	dirfd = open_dir(dir, err);
	if (dirfd < 0)
		return dirfd;
	sk_buf_init(&text, GUARD_PROFILE_MAX_BYTES);
	sink = sk_sink_buf(&text);
	res = guard_profile_write(p, &sink);
	if (res < 0)
		(void)sk_err_set(err, -res, "profile: larger than %d bytes",
				 GUARD_PROFILE_MAX_BYTES);
	else
		res = sk_write_file_atomic(dirfd, name, sk_buf_span(&text), mode_of(dirfd, name),
					   err);
	sk_buf_release(&text);
	return res;
}
