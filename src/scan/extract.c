/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image as a directory. Archives are read by confined workers, which cannot open files: each
 * hands what it reads through a pipe to a process that makes the files.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/json.h"
#include "base/wire.h"
#include "scan/place.h"
#include "scan/reader-priv.h"
#include "scan/session.h"

enum {
	MAX_START_ARGS = 256,
	MAX_START_TEXT = 1 << 16,
};

/** struct extract_ctx - what a reader needs */
struct extract_ctx {
	struct scan_range range;
};

/** struct partner - the process that makes files; its result lies in memory that both see */
struct partner {
	pid_t pid;
	int out; /* writing end of its pipe */
	struct partner_result {
		int r;
		struct sk_err err;
	} * result;
};

static int give(int out, const void *ptr, size_t len, struct sk_err *err)
{
	int r = sk_write_all(out, ptr, len);

	return r < 0 ? sk_err_errno(err, -r, "hand over") : 0;
}

static int give_entry(int out, struct unpack_tar *tar, const struct unpack_entry *e,
		      struct sk_err *err)
{
	static const enum scan_place_type types[] = {
		[UNPACK_FILE] = SCAN_PLACE_FILE,
		[UNPACK_DIR] = SCAN_PLACE_DIR,
		[UNPACK_SYMLINK] = SCAN_PLACE_SYMLINK,
		[UNPACK_HARDLINK] = SCAN_PLACE_HARDLINK,
	};
	struct scan_place_head h = {.mode = e->mode,
				    .path_len = (uint32_t)e->path.len,
				    .link_len = (uint32_t)e->link.len};
	struct sk_span piece;
	uint64_t done = 0;
	int r;

	if (e->type >= SK_ARRAY_LEN(types) || types[e->type] == SCAN_PLACE_END)
		return 0; /* devices and pipes have no content */
	h.type = types[e->type];
	h.size = e->type == UNPACK_FILE ? e->size : 0;
	r = give(out, &h, sizeof(h), err);
	if (r == 0)
		r = give(out, e->path.ptr, e->path.len, err);
	if (r == 0)
		r = give(out, e->link.ptr, e->link.len, err);
	while (r == 0 && done < h.size) {
		r = unpack_tar_chunk(tar, &piece, err);
		if (r <= 0)
			return r < 0 ? r : sk_err_set(err, SK_E_TRUNCATED, "member ends early");
		done += piece.len;
		r = done > h.size ? sk_err_set(err, SK_E_FORMAT, "member is too long")
				  : give(out, piece.ptr, piece.len, err);
	}
	return r;
}

static int give_layer(int out, struct unpack_stream *stream, struct sk_budget *budget,
		      struct sk_err *err)
{
	sk_cleanup(unpack_tar_closep) struct unpack_tar *tar = unpack_tar_open(stream, budget);
	struct scan_place_head end = {.type = SCAN_PLACE_END};
	const struct unpack_entry *e;
	int r = unpack_tar_next(tar, &e, err);

	while (r == 1) {
		r = give_entry(out, tar, e, err);
		if (r == 0)
			r = unpack_tar_next(tar, &e, err);
	}
	if (r == 0)
		r = unpack_stream_drain(stream, err);
	return r < 0 ? r : give(out, &end, sizeof(end), err);
}

/* One layer; the answer is its digests and sizes. */
static int layer_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct extract_ctx *ctx = job->ctx;
	struct scan_source source = {.fd = job->fd, .range = ctx->range, .progress = job->progress};
	struct unpack_source src = {.read = scan_source_read, .ctx = &source};
	sk_cleanup(unpack_stream_closep) struct unpack_stream *stream = NULL;
	struct unpack_totals totals;
	struct sk_budget budget;
	int r;

	sk_budget_init(&budget, job->limits);
	r = unpack_stream_open(&src, UNPACK_HASH_PLAIN | UNPACK_HASH_STORED, &budget, &stream, err);
	if (r == 0)
		r = give_layer(job->out_fd, stream, &budget, err);
	if (r < 0)
		return r;
	unpack_stream_totals(stream, &totals);
	sk_wire_put_digest(answer, &totals.stored);
	sk_wire_put_digest(answer, &totals.plain);
	sk_wire_put_u64(answer, totals.bytes_in);
	sk_wire_put_u64(answer, totals.bytes_out);
	return 0;
}

/* A stream, decompressed. */
static int spool_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct extract_ctx *ctx = job->ctx;
	struct scan_source source = {.fd = job->fd, .range = ctx->range, .progress = job->progress};
	struct unpack_source src = {.read = scan_source_read, .ctx = &source};
	sk_cleanup(unpack_stream_closep) struct unpack_stream *stream = NULL;
	struct sk_budget budget;
	struct sk_span piece;
	int r;

	(void)answer;
	sk_budget_init(&budget, job->limits);
	r = unpack_stream_open(&src, 0, &budget, &stream, err);
	while (r == 0) {
		r = unpack_stream_next(stream, &piece, err);
		if (r <= 0)
			break;
		r = give(job->out_fd, piece.ptr, piece.len, err);
	}
	return r;
}

/*
 * Of what was open in the parent only what the partner works with stays open: it would hold the
 * other ends of pipes that others wait for the end of.
 */
static void keep_only(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > STDERR_FILENO + 1)
		(void)close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0);
	if (high > low + 1)
		(void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	(void)close_range((unsigned)high + 1, ~0u, 0);
}

/* @root_fd: entries go there; @file_fd: bytes go there; the other is -1 */
static int start_partner(struct scan_session *s, struct partner *p, int root_fd, int file_fd,
			 struct sk_err *err)
{
	int fds[2];

	p->result = mmap(NULL, sizeof(*p->result), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->result == MAP_FAILED || pipe2(fds, O_CLOEXEC) < 0)
		return sk_err_errno(err, errno, "unpack");
	p->result->r = -SK_E_WORKER;
	p->pid = fork();
	if (p->pid == 0) {
		keep_only(fds[0], root_fd >= 0 ? root_fd : file_fd);
		p->result->r = root_fd >= 0
				       ? scan_place_entries(fds[0], root_fd, &p->result->err)
				       : scan_place_bytes(fds[0], file_fd,
							  s->opts->limits.max[SK_LIMIT_BYTES_OUT],
							  &p->result->err);
		_exit(0);
	}
	(void)close(fds[0]);
	p->out = fds[1];
	return p->pid < 0 ? sk_err_errno(err, errno, "unpack: fork") : 0;
}

/* After the reader: what the partner says counts more, its failure is the reason of a broken pipe.
 */
static int end_partner(struct partner *p, struct sk_err *err)
{
	int r = 0, status;

	sk_closep(&p->out);
	if (p->pid > 0 && waitpid(p->pid, &status, 0) == p->pid) {
		r = p->result->r;
		if (r == -SK_E_WORKER && p->result->err.code == 0)
			r = sk_err_set(err, SK_E_WORKER, "unpack: the process was ended");
		else if (r < 0)
			*err = p->result->err;
	}
	if (p->result != NULL && p->result != MAP_FAILED)
		(void)munmap(p->result, sizeof(*p->result));
	return r;
}

/* Runs the jobs, whose last one is the reader, with a partner. */
static int run_with(struct scan_session *s, struct scan_job *jobs, size_t n, int root_fd,
		    int file_fd, struct sk_err *err)
{
	struct partner p = {.out = -1};
	struct sk_err why = {0};
	int r = start_partner(s, &p, root_fd, file_fd, err), end;

	if (r == 0) {
		jobs[n - 1].out_fd = p.out;
		jobs[n - 1].flags |= SCAN_JOB_OUT;
		r = scan_run_jobs(s, "unpacking the image", jobs, n, err);
	}
	for (size_t i = n; i > 0 && r == 0; i--) {
		if (jobs[i - 1].r == 0)
			continue;
		*err = jobs[i - 1].err;
		r = jobs[i - 1].r;
	}
	end = end_partner(&p, &why);
	/* Ended early by the reader's failure is no reason of its own. */
	if (end < 0 && (r == 0 || r == -EPIPE)) {
		*err = why;
		r = end;
	}
	return r;
}

static int check_layer(struct scan_session *s, const struct scan_plan_layer *l,
		       struct sk_span answer, struct sk_err *err)
{
	struct sk_wire w = sk_wire_init(answer);
	struct sk_digest stored = sk_wire_get_digest(&w), plain = sk_wire_get_digest(&w);
	uint64_t size = sk_wire_get_u64(&w, UINT64_MAX), out = sk_wire_get_u64(&w, UINT64_MAX);

	if (!sk_wire_at_end(&w))
		return sk_err_set(err, SK_E_WORKER, "%s: no answer", l->name);
	if ((l->stored.alg != SK_DIGEST_NONE && !sk_digest_eq(&stored, &l->stored)) ||
	    (l->diff_id.alg != SK_DIGEST_NONE && !sk_digest_eq(&plain, &l->diff_id)) ||
	    (l->stored_size != UINT64_MAX && l->stored_size != size))
		return sk_err_set(err, SK_E_DIGEST, "%s was changed or is damaged", l->name);
	return sk_budget_spend(&s->budget, SK_LIMIT_BYTES_OUT, out, err);
}

static int extract_layer(struct scan_session *s, size_t i, int root_fd, struct sk_err *err)
{
	const struct scan_plan_layer *l = &s->layers[i];
	const struct scan_blob *blob = &s->layers[l->same_as].blob;
	struct extract_ctx ctx = {.range = blob->range};
	struct scan_job job = {.what = l->name,
			       .fd = blob->fd,
			       .work = layer_work,
			       .ctx = &ctx,
			       .size_hint = blob->size};
	int r = run_with(s, &job, 1, root_fd, -1, err);

	if (r == 0)
		r = check_layer(s, l, sk_buf_span(&job.answer), err);
	sk_buf_release(&job.answer);
	return r < 0 ? sk_err_wrap(err, r, "%s", l->name) : 0;
}

/* A compressed archive, and what an engine exports, become a file that can be read at any place. */
static int spool(struct scan_session *s, const char *dir, struct sk_err *err)
{
	const struct scan_wanted wanted = {0};
	struct extract_ctx ctx = {
		.range = {.seekable = s->engine_name == NULL,
			  .len = s->engine_name == NULL ? s->file_size : UINT64_MAX}};
	sk_cleanup(sk_closep) int file = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct scan_job jobs[2] = {{.fd = -1}, {.fd = -1}};
	size_t n = 0;
	struct stat st;
	int fd = s->fd, r = 0;

	if (file < 0)
		return sk_err_errno(err, errno, "%s", dir);
	if (s->engine_name == NULL && !s->rereadable)
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "an image from a pipe is not unpacked; write it to a file first");
	if (s->engine_name != NULL)
		r = scan_engine_feed(s, &jobs[n++], &fd, err);
	if (r < 0)
		return r;
	jobs[n++] = (struct scan_job){.what = "archive",
				      .fd = fd,
				      .flags = s->engine_name != NULL ? SCAN_JOB_TAKE_FD : 0,
				      .work = spool_work,
				      .ctx = &ctx};
	r = run_with(s, jobs, n, -1, file, err);
	for (size_t i = 0; i < n; i++)
		sk_buf_release(&jobs[i].answer);
	if (r < 0)
		return r;
	if (fstat(file, &st) < 0)
		return sk_err_errno(err, errno, "%s", dir);
	sk_closep(&s->fd);
	s->fd = sk_take_fd(file);
	s->file_size = (uint64_t)st.st_size;
	s->rereadable = true;
	s->engine_name = NULL;
	s->head = (struct sk_span){NULL, 0};
	s->input = SCAN_INPUT_FILE;
	return scan_read_archive(s, &wanted, false, err);
}

static void put_texts(struct sk_buf *answer, const struct sk_json *list)
{
	for (size_t i = 0; i < sk_json_len(list); i++)
		sk_wire_put_span(answer, sk_json_text(sk_json_at(list, i)));
}

int scan_start_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct scan_doc_ctx *ctx = job->ctx;
	sk_cleanup(sk_json_freep) struct sk_json *j = NULL;
	const struct sk_json *config, *entry, *cmd, *env;
	struct sk_span path = {NULL, 0};
	int r = sk_json_parse(ctx->text, 0, &j, err);

	if (r < 0)
		return r;
	config = sk_json_get(j, "config");
	entry = sk_json_get(config, "Entrypoint");
	cmd = sk_json_get(config, "Cmd");
	env = sk_json_get(config, "Env");
	for (size_t i = 0; i < sk_json_len(env); i++) {
		struct sk_span text = sk_json_text(sk_json_at(env, i));

		if (sk_span_strip_prefix(&text, "PATH="))
			path = text;
	}
	sk_wire_put_span(answer, path);
	sk_wire_put_u64(answer, sk_json_len(entry) + sk_json_len(cmd));
	put_texts(answer, entry);
	put_texts(answer, cmd);
	return 0;
}

int scan_start_decode(struct sk_span s, struct sk_arena *a, struct scan_extracted *ret,
		      struct sk_err *err)
{
	struct sk_wire w = sk_wire_init(s);
	struct sk_span path = sk_wire_get_span(&w, MAX_START_TEXT), text;
	size_t n = sk_wire_get_count(&w, MAX_START_ARGS, 1);
	const char **args = sk_arena_array(a, n + 1, sizeof(*args));

	for (size_t i = 0; i < n; i++) {
		text = sk_wire_get_span(&w, MAX_START_TEXT);
		args[i] = sk_arena_str(a, text);
	}
	if (!sk_wire_at_end(&w))
		return sk_err_set(err, SK_E_FORMAT,
				  "configuration: too many or too long arguments");
	ret->path = path.len != 0 ? sk_arena_str(a, path) : NULL;
	ret->args = args;
	ret->n_args = n;
	return 0;
}

int scan_extract_layers(struct scan_session *s, const char *dir, struct sk_err *err)
{
	sk_cleanup(sk_closep) int root = -1;
	char path[4096];
	int r = scan_open_target(s, err);

	if (r < 0)
		return r;
	if (s->kind == IMAGE_PURL || s->kind == IMAGE_PURLS || s->input == SCAN_INPUT_TREE ||
	    s->kind == IMAGE_LAYER || s->input == SCAN_INPUT_LAYER)
		return sk_err_set(err, SK_E_UNSUPPORTED, "%s is no image", s->opts->target);
	if (s->input == SCAN_INPUT_STREAM)
		r = spool(s, dir, err);
	if (r == 0)
		r = scan_resolve_image(s, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/root", dir);
	if (mkdir(path, 0700) < 0)
		return sk_err_errno(err, errno, "%s", path);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return sk_err_errno(err, errno, "%s", path);
	for (size_t i = 0; i < s->n_layers && r == 0; i++)
		r = extract_layer(s, i, root, err);
	return r;
}
