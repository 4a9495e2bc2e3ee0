/* SPDX-License-Identifier: Apache-2.0 */
/* Files of feeds, in any compression that unpack knows. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "unpack/unpack.h"
#include "vulndb/stream-priv.h"

struct vulndb_stream {
	int fd;
	struct unpack_source source;
	struct sk_budget budget;
	struct unpack_stream *stream;
};

static int64_t read_fd(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	const struct vulndb_stream *s = ctx;
	int64_t n = sk_read_full(s->fd, buf, len);

	return n < 0 ? sk_err_errno(err, (int)-n, "read") : n;
}

int vulndb_stream_open(const char *path, struct vulndb_stream **ret, struct sk_err *err)
{
	sk_cleanup(vulndb_stream_closep) struct vulndb_stream *s = sk_alloc(sizeof(*s));
	struct sk_limits limits = sk_limits_default();
	int r;

	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (s->fd < 0)
		return sk_err_errno(err, errno, "open %s", path);
	s->source = (struct unpack_source){.read = read_fd, .ctx = s};
	sk_budget_init(&s->budget, &limits);
	r = unpack_stream_open(&s->source, 0, &s->budget, &s->stream, err);
	if (r < 0)
		return r;
	*ret = sk_take(s);
	return 0;
}

int vulndb_stream_next(struct vulndb_stream *s, struct sk_span *ret, struct sk_err *err)
{
	return unpack_stream_next(s->stream, ret, err);
}

void vulndb_stream_close(struct vulndb_stream *s)
{
	if (s == NULL)
		return;
	unpack_stream_close(s->stream);
	if (s->fd >= 0)
		(void)close(s->fd); /* it was only read */
	sk_free(s);
}
