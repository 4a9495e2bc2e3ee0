/* SPDX-License-Identifier: Apache-2.0 */
/* Files over HTTP with patience: resumption by range, back-off on 429 and 5xx. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/sign.h"
#include "base/text.h"
#include "http/http-priv.h"

enum {
	MAX_SILENT = 3, /* files that a server may leave unanswered before it is asked no more */
};

struct file_sink {
	int fd;
	uint64_t off;                     /* where the next byte goes */
	const struct http_response *resp; /* says where the body begins */
	bool started;
};

static int file_write(void *ctx, const void *ptr, size_t len)
{
	struct file_sink *f = ctx;
	const char *p = ptr;

	if (!f->started) {
		/* The whole file again where the server did not heed the range. */
		f->off = f->resp->offset;
		f->started = true;
	}
	while (len != 0) {
		ssize_t n = pwrite(f->fd, p, len, (off_t)f->off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		f->off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static bool worth_another_try(int r, const struct http_response *resp)
{
	switch (-r) {
	case SK_E_TRUNCATED:
	case SK_E_TIMEOUT:
		return true;
	case SK_E_NETWORK:
		return resp->status == 0 || resp->status == 429 || resp->status >= 500 ||
		       resp->status == 206 || resp->status == 200;
	default:
		return false;
	}
}

static void wait_before(const struct http_client *c, uint32_t try, const struct http_response *resp)
{
	const struct http_options *opts = http_client_options(c);
	uint64_t ms = (uint64_t)opts->backoff_ms << (try < 10 ? try : 10);
	struct timespec left;

	if (resp->retry_after_ms > ms)
		ms = resp->retry_after_ms;
	if (ms > opts->max_wait_ms)
		ms = opts->max_wait_ms;
	sk_log(SK_LOG_DEBUG, "trying again in %llu ms", (unsigned long long)ms);
	left = (struct timespec){.tv_sec = (time_t)(ms / 1000),
				 .tv_nsec = (long)(ms % 1000) * 1000000};
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* A weak ETag does not promise equal bytes, so it cannot guard a range (RFC 9110, section 13.1.5).
 */
static void keep_validator(const struct http_response *resp, char *validator)
{
	if (resp->etag[0] == '"')
		(void)snprintf(validator, HTTP_TEXT_SIZE, "%s", resp->etag);
	else if (resp->last_modified[0] != '\0')
		(void)snprintf(validator, HTTP_TEXT_SIZE, "%s", resp->last_modified);
	else
		validator[0] = '\0';
}

static int check_sum(int fd, const char *announced, bool sha256, struct sk_err *err)
{
	char sum[SK_CHECKSUM_TEXT_SIZE];
	int r;

	if (announced[0] == '\0')
		return 0;
	r = sk_checksum_fd(fd, sha256, sum, err);
	if (r == 0 && strcmp(sum, announced) != 0)
		r = sk_err_set(err, SK_E_DIGEST, "what came is not what the server announces (%s)",
			       sha256 ? "SHA-256" : "MD5");
	return r;
}

static int cut_to_size(int fd, uint64_t size, struct sk_err *err)
{
	if (ftruncate(fd, (off_t)size) < 0)
		return sk_err_errno(err, errno, "cut the received file to its size");
	return 0;
}

/* All tries for a server that answers, one for a server that did not, none after some more of them.
 */
static int patience(const struct http_client *c, const struct http_request *req,
		    uint32_t *ret_tries, struct sk_err *err)
{
	unsigned int silent = http_client_silent(c, req->url);
	char quoted[256];

	if (silent >= MAX_SILENT)
		return sk_err_set(err, SK_E_NETWORK, "%s: its server has not answered before",
				  sk_text_quote(sk_span_str(req->url), quoted, sizeof(quoted)));
	*ret_tries = silent != 0 ? 1 : http_client_options(c)->max_tries;
	return 0;
}

int http_fetch(struct http_client *c, const struct http_request *req, int fd,
	       struct http_response *ret, struct sk_err *err)
{
	struct file_sink file = {.fd = fd, .resp = ret};
	const struct sk_sink sink = {.write = file_write, .ctx = &file};
	struct http_request again = *req;
	char validator[HTTP_TEXT_SIZE] = "";
	uint32_t tries = 0;
	int r = patience(c, req, &tries, err);

	if (r < 0)
		return r;
	for (uint32_t try = 0; try < tries; try++) {
		if (try != 0)
			wait_before(c, try - 1, ret);
		file.started = false;
		again.resume_from = validator[0] != '\0' ? file.off : 0;
		again.if_range = validator;
		r = http_get(c, &again, &sink, ret, err);
		if (r >= 0)
			break;
		if (file.started)
			keep_validator(ret, validator);
		if (!worth_another_try(r, ret))
			break;
		sk_log(SK_LOG_DEBUG, "%s", err->msg);
	}
	http_client_note(c, req->url, r < 0 && ret->status == 0 && worth_another_try(r, ret));
	if (r != 0)
		return r;
	r = cut_to_size(fd, file.started ? file.off : 0, err);
	if (r == 0)
		r = check_sum(fd, ret->sha256, true, err);
	if (r == 0)
		r = check_sum(fd, ret->md5, false, err);
	return r;
}
