/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to a descriptor: a terminal, a pipe, a file. Who reads slowly is waited for a moment, who
 * does not read at all is not: programs that are held wait for the guard.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/io.h"
#include "guard/output-priv.h"

enum {
	WAIT_MS = 500, /* once; until the reader goes on no more */
	PIECE = 4096,  /* what a pipe that has room takes without waiting: pipe(7), PIPE_BUF */
};

/* Until there is room. Returns 0, or -errno. */
static int wait_for_room(struct guard_stream_output *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	int n;

	do
		n = poll(&p, 1, s->is_stuck ? 0 : WAIT_MS);
	while (n < 0 && errno == EINTR);
	s->is_stuck = n == 0;
	return n < 0 ? -errno : n == 0 ? -EAGAIN : 0;
}

static int write_text(struct guard_stream_output *s, struct sk_span text)
{
	int r = 0;

	while (text.len != 0 && r == 0) {
		size_t n = text.len < PIECE ? text.len : PIECE;

		r = wait_for_room(s);
		if (r == 0)
			r = sk_write_all(s->fd, text.ptr, n);
		if (r == 0)
			text = sk_span_sub(text, n, text.len);
	}
	return r;
}

int guard_stream_output_text(struct guard_stream_output *s, struct sk_span text, struct sk_err *err)
{
	int r = 0;

	if (s->fd < 0)
		return 0;
	if (s->is_torn)
		r = write_text(s, sk_span_str("\n"));
	if (r == 0) {
		r = write_text(s, text);
		s->is_torn = r < 0;
	}
	return r == -EAGAIN ? sk_err_set(err, EAGAIN, "nobody reads what is written")
	       : r < 0      ? sk_err_errno(err, -r, "write an event")
			    : 0;
}
