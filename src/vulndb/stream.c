/* SPDX-License-Identifier: Apache-2.0 */
/* Files of feeds, plain or zstd. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <zstd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "vulndb/stream-priv.h"

enum {
	IN_SIZE = 256 * 1024,
	OUT_SIZE = 1024 * 1024,
};

struct vulndb_stream {
	int fd;
	bool zstd, eof;
	ZSTD_DCtx *d;
	ZSTD_inBuffer in;
	char *inbuf, *outbuf;
};

int vulndb_stream_open(const char *path, struct vulndb_stream **ret, struct sk_err *err)
{
	sk_cleanup(vulndb_stream_closep) struct vulndb_stream *s = sk_alloc(sizeof(*s));
	unsigned char magic[4] = {0};
	int64_t n;

	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return sk_err_errno(err, errno, "open %s", path);
	n = sk_pread_full(s->fd, magic, sizeof(magic), 0);
	s->zstd = n == 4 && memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0;
	s->d = ZSTD_createDCtx();
	s->inbuf = sk_alloc(IN_SIZE);
	s->outbuf = sk_alloc(OUT_SIZE);
	*ret = sk_take(s);
	return 0;
}

int vulndb_stream_next(struct vulndb_stream *s, struct sk_span *ret, struct sk_err *err)
{
	ZSTD_outBuffer out = {s->outbuf, OUT_SIZE, 0};

	if (!s->zstd) {
		int64_t n = sk_read_full(s->fd, s->outbuf, OUT_SIZE);

		if (n < 0)
			return sk_err_errno(err, (int)-n, "read");
		*ret = sk_span_of(s->outbuf, (size_t)n);
		return n != 0;
	}
	while (out.pos < out.size) {
		size_t r;

		if (s->in.pos == s->in.size && !s->eof) {
			int64_t n = sk_read_full(s->fd, s->inbuf, IN_SIZE);

			if (n < 0)
				return sk_err_errno(err, (int)-n, "read");
			s->eof = n == 0;
			s->in = (ZSTD_inBuffer){s->inbuf, (size_t)n, 0};
		}
		if (s->eof)
			break;
		r = ZSTD_decompressStream(s->d, &out, &s->in);
		if (ZSTD_isError(r))
			return sk_err_set(err, SK_E_FORMAT, "zstd: %s", ZSTD_getErrorName(r));
	}
	*ret = sk_span_of(s->outbuf, out.pos);
	return out.pos != 0;
}

void vulndb_stream_close(struct vulndb_stream *s)
{
	if (s == NULL)
		return;
	if (s->fd >= 0)
		(void)close(s->fd);
	(void)ZSTD_freeDCtx(s->d);
	sk_free(s->inbuf);
	sk_free(s->outbuf);
	sk_free(s);
}
