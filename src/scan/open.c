/* SPDX-License-Identifier: Apache-2.0 */
/* What a target is: by its prefix, else by what lies there. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "scan/session.h"
#include "unpack/unpack.h"

enum {
	HEAD_SIZE = 512
};

const char *scan_quote(struct scan_session *s, struct sk_span text)
{
	char quoted[512];

	return sk_arena_strdup(s->arena, sk_text_quote(text, quoted, sizeof(quoted)));
}

/* Splits PATH[:TAG] or PATH[@DIGEST] at the longest path that exists. */
static bool find_path(struct scan_session *s, const char *text, struct stat *st, const char **ret)
{
	struct image_select sel;

	for (size_t i = 0; image_select_split(sk_span_str(text), i, &sel); i++) {
		const char *path = sk_arena_str(s->arena, sel.path);

		if (sel.path.len == 0 || stat(path, st) < 0)
			continue;
		s->choice.tag = sel.tag;
		s->choice.digest = sel.digest;
		*ret = path;
		return true;
	}
	return false;
}

static int not_there(struct scan_session *s, const char *path, struct sk_err *err)
{
	struct stat st;
	const char *name = scan_quote(s, sk_span_str(path));
	int e = stat(path, &st) < 0 ? errno : ENOENT;

	if (e == ENOENT || e == ENOTDIR)
		return sk_err_set(err, SK_E_NOT_FOUND, "%s: no such file or directory", name);
	return sk_err_errno(err, e, "%s", name);
}

static int open_dir(struct scan_session *s, const char *path, struct sk_err *err)
{
	s->root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root_fd < 0)
		return sk_err_errno(err, errno, "%s", scan_quote(s, sk_span_str(path)));
	return 0;
}

/* A regular file of known length, or something that is read from front to back. */
static int look_at_fd(struct scan_session *s, const char *path, struct sk_err *err)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return sk_err_errno(err, errno, "%s", scan_quote(s, sk_span_str(path)));
	if (S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
		return sk_err_set(err, SK_E_UNSUPPORTED, "%s is no file",
				  scan_quote(s, sk_span_str(path)));
	s->rereadable = S_ISREG(st.st_mode) && lseek(s->fd, 0, SEEK_CUR) == 0;
	s->file_size = s->rereadable ? (uint64_t)st.st_size : UINT64_MAX;
	return 0;
}

static int open_file(struct scan_session *s, const char *path, struct sk_err *err)
{
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (s->fd < 0)
		return sk_err_errno(err, errno, "%s", scan_quote(s, sk_span_str(path)));
	return look_at_fd(s, path, err);
}

/* The first bytes; those of a pipe are kept for whoever reads on. */
static int take_head(struct scan_session *s, struct sk_span *ret, struct sk_err *err)
{
	char *head = sk_arena_alloc(s->arena, HEAD_SIZE);
	int64_t n = s->rereadable ? sk_pread_full(s->fd, head, HEAD_SIZE, 0)
				  : sk_read_full(s->fd, head, HEAD_SIZE);

	if (n < 0)
		return sk_err_errno(err, (int)-n, "read the target");
	*ret = sk_span_of(head, (size_t)n);
	if (!s->rereadable)
		s->head = *ret;
	return 0;
}

/* Return: 1 a regular file, 0 none, negative: it cannot be told. */
static int exists_in(struct scan_session *s, const char *name, struct sk_err *err)
{
	struct stat st;

	if (fstatat(s->root_fd, name, &st, 0) == 0)
		return S_ISREG(st.st_mode);
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return 0;
	return sk_err_errno(err, errno, "%s", name);
}

/* A directory: an OCI layout, or a tree. */
static int recognise_dir(struct scan_session *s, struct sk_err *err)
{
	int r = exists_in(s, "oci-layout", err);

	if (r == 0)
		r = exists_in(s, "index.json", err);
	if (r < 0)
		return r;
	s->kind = r == 1 ? IMAGE_OCI_DIR : IMAGE_DIR;
	s->input = r == 1 ? SCAN_INPUT_DIR : SCAN_INPUT_TREE;
	return 0;
}

/* A tar archive's kind shows in its members. */
static int recognise_archive(struct scan_session *s, struct sk_err *err)
{
	const struct scan_wanted wanted = {0};
	bool outer = s->input == SCAN_INPUT_STREAM;
	int r = scan_read_archive(s, &wanted, outer, err);

	if (r < 0)
		return r;
	if (scan_find_member(s, sk_span_str("manifest.json")) != NULL) {
		s->kind = IMAGE_DOCKER_ARCHIVE;
	} else if (scan_find_member(s, sk_span_str("index.json")) != NULL) {
		s->kind = IMAGE_OCI_ARCHIVE;
	} else {
		s->kind = IMAGE_LAYER;
		if (s->input == SCAN_INPUT_FILE)
			s->input = SCAN_INPUT_LAYER;
	}
	return 0;
}

/* What the user can do instead. */
static int not_yet(const char *what, enum image_kind kind, struct sk_err *err)
{
	static const char *const instead[] = {
		[IMAGE_REGISTRY] = "; 'docker save IMAGE | stockade scan -' scans what an engine "
				   "pulled",
		[IMAGE_SBOM] = "; its package URLs can: jq -r '.components[].purl // empty' FILE | "
			       "stockade scan purls:-",
		[IMAGE_ZIP] = "; unpack it and scan dir:DIRECTORY",
	};
	const char *hint = (size_t)kind < SK_ARRAY_LEN(instead) ? instead[kind] : NULL;

	return sk_err_set(err, SK_E_UNSUPPORTED, "%s cannot be scanned yet%s", what,
			  hint != NULL ? hint : "");
}

/* Blank lines may come first. */
static bool is_purl_list(struct sk_span head)
{
	size_t at = 0;

	while (at < head.len && strchr(" \t\r\n", head.ptr[at]) != NULL && head.ptr[at] != '\0')
		at++;
	head = sk_span_sub(head, at, head.len);
	return sk_span_starts(head, "pkg:") || sk_span_starts(head, "#");
}

static int recognise_bytes(struct scan_session *s, struct sk_err *err)
{
	struct sk_span head;
	int r = take_head(s, &head, err);

	if (r < 0)
		return r;
	if (head.len == 0)
		return sk_err_set(err, SK_E_FORMAT, "the target is empty");
	if (is_purl_list(head)) {
		s->kind = IMAGE_PURLS;
		return 0;
	}
	if (sk_span_starts(head, "{"))
		return not_yet("a JSON document", IMAGE_SBOM, err);
	if (sk_span_starts(head, "PK\x03\x04"))
		return not_yet("a zip archive", IMAGE_ZIP, err);
	s->input = s->rereadable && unpack_detect(head) == UNPACK_PLAIN ? SCAN_INPUT_FILE
									: SCAN_INPUT_STREAM;
	return recognise_archive(s, err);
}

/* A bare path or name. */
static int recognise(struct scan_session *s, const char *text, struct sk_err *err)
{
	const char *path = NULL;
	struct stat st;
	int r;

	if (!find_path(s, text, &st, &path)) {
		if (text[0] == '/' || text[0] == '.')
			return not_there(s, text, err);
		return sk_err_set(err, SK_E_NOT_FOUND,
				  "%s: no such file or directory; images in a registry cannot be "
				  "scanned yet, docker:NAME asks the local engine",
				  scan_quote(s, sk_span_str(text)));
	}
	if (!S_ISDIR(st.st_mode)) {
		r = open_file(s, path, err);
		return r < 0 ? r : recognise_bytes(s, err);
	}
	r = open_dir(s, path, err);
	return r < 0 ? r : recognise_dir(s, err);
}

/* docker-archive: and oci-archive: */
static int open_archive(struct scan_session *s, const char *text, struct sk_err *err)
{
	const struct scan_wanted wanted = {0};
	const char *path = text;
	struct sk_span head;
	struct stat st;
	int r;

	if (strcmp(text, "-") == 0) {
		s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		r = s->fd < 0 ? sk_err_errno(err, errno, "standard input")
			      : look_at_fd(s, "standard input", err);
	} else {
		r = find_path(s, text, &st, &path) ? open_file(s, path, err)
						   : not_there(s, text, err);
	}
	if (r == 0)
		r = take_head(s, &head, err);
	if (r < 0)
		return r;
	s->input = s->rereadable && unpack_detect(head) == UNPACK_PLAIN ? SCAN_INPUT_FILE
									: SCAN_INPUT_STREAM;
	return scan_read_archive(s, &wanted, false, err);
}

static int open_tree(struct scan_session *s, const char *path, enum scan_input input,
		     struct sk_err *err)
{
	struct stat st;

	if (input == SCAN_INPUT_DIR) {
		if (!find_path(s, path, &st, &path))
			return not_there(s, path, err);
	}
	s->input = input;
	if (stat(path, &st) < 0)
		return not_there(s, path, err);
	return open_dir(s, path, err);
}

static int open_layer(struct scan_session *s, const char *path, struct sk_err *err)
{
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return not_there(s, path, err);
	r = open_file(s, path, err);
	s->input = SCAN_INPUT_LAYER;
	return r;
}

static int open_stdin(struct scan_session *s, struct sk_err *err)
{
	int r;

	s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (s->fd < 0)
		return sk_err_errno(err, errno, "standard input");
	r = look_at_fd(s, "standard input", err);
	return r < 0 ? r : recognise_bytes(s, err);
}

int scan_open_target(struct scan_session *s, struct sk_err *err)
{
	struct image_target t = image_target_parse(s->opts->target);

	s->kind = t.kind;
	switch (t.kind) {
	case IMAGE_AUTO:
		return recognise(s, t.rest, err);
	case IMAGE_STDIN:
		return open_stdin(s, err);
	case IMAGE_DOCKER_ARCHIVE:
	case IMAGE_OCI_ARCHIVE:
		return open_archive(s, t.rest, err);
	case IMAGE_OCI_DIR:
		return open_tree(s, t.rest, SCAN_INPUT_DIR, err);
	case IMAGE_DIR:
	case IMAGE_HOST:
		return open_tree(s, t.rest, SCAN_INPUT_TREE, err);
	case IMAGE_LAYER:
		return open_layer(s, t.rest, err);
	case IMAGE_ENGINE:
		return scan_open_engine(s, t.rest, err);
	case IMAGE_PURL:
		s->given_text = t.rest;
		return 0;
	case IMAGE_PURLS:
		if (strcmp(t.rest, "-") == 0)
			s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return s->fd >= 0 ? 0 : open_file(s, t.rest, err);
	default:
		return not_yet(sk_arena_printf(s->arena, "%s: targets", image_kind_name(t.kind)),
			       t.kind, err);
	}
}
