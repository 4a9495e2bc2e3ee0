/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the local container engine: its API exports an image as a docker-archive, which is read
 * as it comes. One process speaks HTTP and writes the export into a pipe, another, confined, reads
 * it. Source: Docker Engine API v1.41, "ImageInspect", "ImageGet".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/io.h"
#include "http/http.h"
#include "scan/session.h"

struct feed_ctx {
	const char *engine; /* DOCKER_HOST */
	const char *url_path;
	uint64_t max_size;
	int other_end; /* of the pipe, closed in the worker */
};

/* Everything but unreserved characters and '/', ':', '@' becomes %XX. */
static const char *escape_name(struct sk_arena *a, const char *name)
{
	struct sk_buf b;
	char *text;

	sk_buf_init(&b, 16 * 1024);
	for (; *name != '\0'; name++)
		if (sk_is_alnum(*name) || strchr("-._~/:@", *name) != NULL)
			(void)sk_buf_add_char(&b, *name);
		else
			(void)sk_buf_printf(&b, "%%%02X", (unsigned char)*name);
	text = sk_arena_str(a, sk_buf_span(&b));
	sk_buf_release(&b);
	return text;
}

/* DOCKER_HOST: unix://PATH, tcp://HOST:PORT, http(s)://… */
static int connect_engine(const char *engine, struct sk_arena *a, struct http_client **ret,
			  const char **ret_base, struct sk_err *err)
{
	struct http_options opts = {.stall_timeout_ms = 120000, .max_tries = 1};
	struct sk_span host = sk_span_str(engine);
	bool tls = getenv("DOCKER_TLS_VERIFY") != NULL;

	if (sk_span_strip_prefix(&host, "unix://")) {
		opts.unix_socket = sk_arena_str(a, host);
		*ret_base = "http://localhost";
	} else if (sk_span_strip_prefix(&host, "tcp://")) {
		*ret_base =
			sk_arena_printf(a, "%s://%.*s", tls ? "https" : "http", SK_SPAN_ARG(host));
	} else if (sk_span_starts(host, "http://") || sk_span_starts(host, "https://")) {
		*ret_base = sk_arena_str(a, host);
	} else {
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "engine: DOCKER_HOST must begin with unix:// or tcp://");
	}
	return http_client_new(&opts, ret, err);
}

static int get(const char *engine, const char *path, uint64_t max_size, const struct sk_sink *body,
	       struct sk_err *err)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(http_client_freep) struct http_client *c = NULL;
	struct http_response response = {0};
	struct http_request req = {.max_size = max_size};
	const char *base = NULL;
	int r = connect_engine(engine, a, &c, &base, err);

	if (r < 0)
		return r;
	req.url = sk_arena_printf(a, "%s%s", base, path);
	r = http_get(c, &req, body, &response, err);
	return r > 0 ? 0 : r;
}

static int feed_work(const struct scan_job *job, sk_unused struct sk_buf *answer,
		     struct sk_err *err)
{
	const struct feed_ctx *ctx = job->ctx;
	int fd = job->fd;
	struct sk_sink sink = sk_sink_fd(&fd);

	(void)close(ctx->other_end);
	return get(ctx->engine, ctx->url_path, ctx->max_size, &sink, err);
}

static int ask_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct feed_ctx *ctx = job->ctx;
	struct sk_sink sink = sk_sink_buf(answer);

	return get(ctx->engine, ctx->url_path, ctx->max_size, &sink, err);
}

static const char *engine_of(const struct scan_session *s)
{
	return s->opts->engine != NULL && *s->opts->engine != '\0' ? s->opts->engine
								   : "unix:///var/run/docker.sock";
}

/* Does the engine have the image? Its own answer is better than a broken export. */
static int ask_engine(struct scan_session *s, struct sk_err *err)
{
	struct feed_ctx ctx = {
		.engine = engine_of(s),
		.url_path = sk_arena_printf(s->arena, "/images/%s/json",
					    escape_name(s->arena, s->engine_name)),
		.max_size = s->opts->limits.max[SK_LIMIT_DOCUMENT],
	};
	const char *name = scan_quote(s, sk_span_str(s->engine_name));
	struct scan_job job = {.what = sk_arena_printf(s->arena, "engine: image %s", name),
			       .fd = -1,
			       .flags = SCAN_JOB_NETWORK,
			       .work = ask_work,
			       .ctx = &ctx};
	int r = scan_run_jobs(s, "asking the engine", &job, 1, err);

	if (r == 0 && job.r == -SK_E_NOT_FOUND)
		r = sk_err_set(err, SK_E_NOT_FOUND, "the engine at %s has no image %s", ctx.engine,
			       name);
	else if (r == 0 && job.r == -SK_E_NETWORK)
		r = sk_err_wrap(err, sk_err_set(err, SK_E_NETWORK, "%s", job.err.msg),
				"the engine at %s does not answer (DOCKER_HOST names another; "
				"'docker save IMAGE' or 'podman save IMAGE' writes what 'scan -' "
				"reads)",
				ctx.engine);
	else if (r == 0 && job.r < 0) {
		*err = job.err;
		r = job.r;
	}
	sk_buf_release(&job.answer);
	return r;
}

int scan_engine_feed(struct scan_session *s, struct scan_job *ret, int *ret_fd, struct sk_err *err)
{
	struct feed_ctx *ctx = sk_arena_alloc(s->arena, sizeof(*ctx));
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return sk_err_errno(err, errno, "pipe");
	(void)fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	*ctx = (struct feed_ctx){
		.engine = engine_of(s),
		.url_path = sk_arena_printf(s->arena, "/images/%s/get",
					    escape_name(s->arena, s->engine_name)),
		.max_size = s->opts->limits.max[SK_LIMIT_BYTES_IN],
		.other_end = fds[0],
	};
	*ret = (struct scan_job){.what = "engine: export",
				 .fd = fds[1],
				 .flags = SCAN_JOB_NETWORK | SCAN_JOB_TAKE_FD,
				 .work = feed_work,
				 .ctx = ctx};
	*ret_fd = fds[0];
	return 0;
}

int scan_open_engine(struct scan_session *s, const char *name, struct sk_err *err)
{
	const struct scan_wanted wanted = {0};
	int r;

	s->engine_name = name;
	s->input = SCAN_INPUT_STREAM;
	s->rereadable = true;
	r = ask_engine(s, err);
	return r < 0 ? r : scan_read_archive(s, &wanted, false, err);
}
