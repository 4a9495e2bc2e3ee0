/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker walks a directory tree. Each name is opened relative to its directory's descriptor and
 * never through a link, so that the walk stays in the tree whatever changes meanwhile; links become
 * facts and are followed by the scan inside the facts. Nothing but directories above claimed paths
 * and claimed regular files is opened.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/text.h"
#include "scan/reader-priv.h"

enum {
	PATH_SIZE = 4096 + 256 + 2,
	LINK_SIZE = 4096,
	MAX_DIAGNOSTICS = 1000,
};

struct level {
	DIR *dir;
	size_t path_len; /* of the walk's path, of this directory */
	dev_t dev;
};

struct walk {
	struct scan_facts_builder b;
	struct level *levels;
	size_t n_levels;
	size_t max_levels;
	char path[PATH_SIZE];
	size_t path_len;
	size_t n_diagnostics, diagnostics_cap;
	volatile uint64_t *progress;
};

/* Root's home holds nothing but refinements (content_manifests), and users may not look into it. */
static enum model_diagnostic_severity severity_of(struct sk_span path, int errnum)
{
	if ((errnum == EACCES || errnum == EPERM) &&
	    (sk_span_eq_str(path, "root") || sk_span_starts(path, "root/")))
		return MODEL_DIAGNOSTIC_INFO;
	return MODEL_DIAGNOSTIC_ERROR;
}

/* What could not be read is said; a thing that vanished meanwhile is not there. */
static void note(struct walk *w, int errnum, const char *what)
{
	struct model_diagnostic *d;

	if (errnum == ENOENT || w->b.facts.n_diagnostics >= MAX_DIAGNOSTICS)
		return;
	SK_GROW(w->b.facts.diagnostics, w->b.facts.n_diagnostics, w->diagnostics_cap);
	d = &w->b.facts.diagnostics[w->b.facts.n_diagnostics++];
	d->severity = severity_of(sk_span_of(w->path, w->path_len), errnum);
	d->place = sk_arena_str(w->b.arena, sk_span_of(w->path, w->path_len));
	d->message = sk_arena_printf(w->b.arena, "%s: %s", what, strerror(errnum));
}

/* Kernel interfaces that look like files: reading them may block, change things, or never end. */
static bool is_kernel_fs(const struct statfs *fs)
{
	static const unsigned long types[] = {
		PROC_SUPER_MAGIC,
		SYSFS_MAGIC,
		DEBUGFS_MAGIC,
		TRACEFS_MAGIC,
		CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC,
		BPF_FS_MAGIC,
		SECURITYFS_MAGIC,
		PSTOREFS_MAGIC,
		DEVPTS_SUPER_MAGIC,
		0x19800202 /* mqueue */,
		0x0187 /* autofs */,
		EFIVARFS_MAGIC,
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(types); i++)
		if ((unsigned long)fs->f_type == types[i])
			return true;
	return false;
}

static int64_t read_fd(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	ssize_t n;

	do {
		n = read(*(int *)ctx, buf, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? sk_err_errno(err, errno, "read") : n;
}

static int visit_file(struct walk *w, int dirfd, const char *name, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd =
		openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct scan_entry e = {.type = SCAN_ENTRY_FILE,
			       .path = sk_span_of(w->path, w->path_len),
			       .read = read_fd,
			       .ctx = &fd};
	struct stat st;
	struct sk_err why = {0};
	int r;

	if (fd < 0 || fstat(fd, &st) < 0) {
		note(w, errno, "open");
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return 0;
	e.size = (uint64_t)st.st_size;
	r = scan_facts_add(&w->b, &e, &why);
	if (r < 0 && r > -SK_E_FIRST_) { /* the file, not the scan */
		note(w, -r, "read");
		return 0;
	}
	if (r < 0 && err != NULL)
		*err = why;
	return r;
}

static int visit_link(struct walk *w, int dirfd, const char *name, struct sk_err *err)
{
	char target[LINK_SIZE];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));
	struct scan_entry e = {.type = SCAN_ENTRY_SYMLINK,
			       .path = sk_span_of(w->path, w->path_len)};

	if (n < 0) {
		note(w, errno, "read link");
		return 0;
	}
	e.link = sk_span_of(target, (size_t)n);
	return scan_facts_add(&w->b, &e, err);
}

/* Return: 0, also when the directory is not entered, or negative. */
static int enter(struct walk *w, int dirfd, const char *name, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd =
		openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY | O_NONBLOCK);
	struct statfs fs;
	struct stat st;
	DIR *dir;

	if (w->n_levels >= w->max_levels)
		return sk_budget_fail(w->b.budget, SK_LIMIT_PATH_DEPTH, err);
	if (fd < 0 || fstat(fd, &st) < 0) {
		note(w, errno, "open");
		return 0;
	}
	if (w->n_levels == 0 || st.st_dev != w->levels[w->n_levels - 1].dev) {
		if (fstatfs(fd, &fs) < 0) {
			note(w, errno, "find out the file system");
			return 0;
		}
		if (is_kernel_fs(&fs))
			return 0;
	}
	dir = fdopendir(fd);
	if (dir == NULL)
		return sk_err_errno(err, errno, "open a directory");
	(void)sk_take_fd(fd);
	w->levels[w->n_levels++] =
		(struct level){.dir = dir, .path_len = w->path_len, .dev = st.st_dev};
	return 0;
}

static unsigned char type_of(struct walk *w, int dirfd, const struct dirent *de)
{
	struct stat st;

	if (de->d_type != DT_UNKNOWN)
		return de->d_type;
	if (fstatat(dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		note(w, errno, "look at");
		return DT_UNKNOWN;
	}
	return (unsigned char)IFTODT(st.st_mode);
}

static int visit(struct walk *w, int dirfd, const struct dirent *de, struct sk_err *err)
{
	struct scan_entry e = {.path = sk_span_of(w->path, w->path_len)};
	enum catalog_kind kind;
	bool leads = scan_leads(&w->b.wanted, e.path);
	bool wanted = scan_wants(&w->b.wanted, e.path, &kind);
	int r;

	if (!wanted && !leads)
		return 0;
	switch (type_of(w, dirfd, de)) {
	case DT_DIR:
		e.type = SCAN_ENTRY_DIR;
		r = scan_facts_add(&w->b, &e, err);
		return r == 0 && leads ? enter(w, dirfd, de->d_name, err) : r;
	case DT_LNK:
		return visit_link(w, dirfd, de->d_name, err);
	case DT_REG:
		if (wanted)
			return visit_file(w, dirfd, de->d_name, err);
		e.type = SCAN_ENTRY_OTHER;
		return scan_facts_add(&w->b, &e, err);
	default:
		e.type = SCAN_ENTRY_OTHER;
		return scan_facts_add(&w->b, &e, err);
	}
}

/* Sets the path to @name in the directory at the top. Return: false when it would be too long. */
static bool set_path(struct walk *w, const char *name)
{
	size_t base = w->levels[w->n_levels - 1].path_len;
	size_t len = strlen(name);

	if (base + 1 + len >= PATH_SIZE)
		return false;
	if (base != 0)
		w->path[base++] = '/';
	memcpy(w->path + base, name, len + 1);
	w->path_len = base + len;
	return true;
}

static int step(struct walk *w, struct sk_err *err)
{
	struct level *top = &w->levels[w->n_levels - 1];
	struct dirent *de;
	int r;

	errno = 0;
	de = readdir(top->dir);
	if (de == NULL) {
		w->path_len = top->path_len;
		if (errno != 0)
			note(w, errno, "read a directory");
		(void)closedir(top->dir);
		w->n_levels--;
		return 0;
	}
	if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0 ||
	    !set_path(w, de->d_name))
		return 0;
	r = sk_budget_spend(w->b.budget, SK_LIMIT_ENTRIES, 1, err);
	*w->progress += 1;
	return r < 0 ? r : visit(w, dirfd(top->dir), de, err);
}

int scan_tree_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct scan_tree_ctx *ctx = job->ctx;
	sk_cleanup(sk_arena_freep) struct sk_arena *arena = sk_arena_new();
	sk_cleanup(sk_freep) struct walk *w = sk_alloc(sizeof(*w));
	struct sk_budget budget;
	int r;

	sk_budget_init(&budget, job->limits);
	w->b = (struct scan_facts_builder){
		.arena = arena, .budget = &budget, .wanted = ctx->wanted};
	w->max_levels = (size_t)(job->limits->max[SK_LIMIT_PATH_DEPTH] < 256
					 ? job->limits->max[SK_LIMIT_PATH_DEPTH]
					 : 256);
	w->levels = sk_alloc((w->max_levels + 1) * sizeof(*w->levels));
	w->progress = job->progress;
	r = enter(w, job->fd, ".", err);
	while (r == 0 && w->n_levels != 0)
		r = step(w, err);
	while (w->n_levels != 0)
		(void)closedir(w->levels[--w->n_levels].dir);
	if (r == 0) {
		scan_facts_finish(&w->b);
		scan_facts_encode(&w->b.facts, answer);
	}
	sk_free(w->b.facts.diagnostics);
	scan_facts_builder_release(&w->b);
	sk_free(w->levels);
	return r;
}
