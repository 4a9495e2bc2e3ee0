/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP client: GET and POST over TCP, TLS or a unix socket, with limits on size and time. libcurl
 * does the work; it is loaded when the first client is made, because linking it would triple the
 * start-up time of every command (docs/decisions/0004-http.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/span.h"

struct http_client;

enum {
	HTTP_TEXT_SIZE = 512,       /* an ETag, a header value; longer ones are dropped */
	HTTP_ERROR_BODY_SIZE = 256, /* what is kept of an error answer's text */
};

/** struct http_options - how to connect; zero values choose the defaults, text is copied */
struct http_options {
	const char *unix_socket; /* connect here whatever the URL's host says */
	const char *ca_file;     /* PEM file instead of the system's authorities */
	const char *proxy; /* URL; NULL: https_proxy, http_proxy, no_proxy of the environment */
	uint32_t connect_timeout_ms; /* default 10,000 */
	uint32_t stall_timeout_ms;   /* give up when nothing comes for so long, default 30,000 */
	uint32_t backoff_ms;  /* first wait of http_fetch(), doubled each time, default 500 */
	uint32_t max_wait_ms; /* longest single wait, also against Retry-After, default 60,000 */
	uint32_t max_tries;   /* of http_fetch(), default 6 */
};

/**
 * http_client_new() - load libcurl, keep connections
 * @opts: choices
 * @ret: the caller frees with http_client_free()
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_UNSUPPORTED when libcurl is not installed; the message says what to install.
 */
sk_must_check int http_client_new(const struct http_options *opts, struct http_client **ret,
				  struct sk_err *err);

/**
 * http_client_free() - close connections
 * @c: may be NULL
 */
void http_client_free(struct http_client *c);
SK_DEFINE_CLEANUP(struct http_client, http_client_free);

/** struct http_progress - told about received bytes; total is 0 while it is not known */
struct http_progress {
	void (*update)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

/** struct http_request - one GET; text borrowed during the call */
struct http_request {
	const char *url;            /* http: or https: */
	const char *etag;           /* If-None-Match */
	const char *last_modified;  /* If-Modified-Since */
	uint64_t resume_from;       /* Range; the answer's offset says whether it was heeded */
	const char *if_range;       /* with @resume_from: an ETag or date that must still hold */
	uint64_t max_size;          /* bytes of body at most; 0 refuses any body */
	const char *const *headers; /* "Name: value", ended by NULL; or NULL */
	const struct http_progress *progress; /* or NULL */
};

/** struct http_message - one POST; text borrowed during the call */
struct http_message {
	const char *url; /* http: or https: */
	const char *content_type;
	struct sk_span body;
	const char *const *headers; /* "Name: value", ended by NULL; or NULL */
	uint32_t timeout_ms;        /* for all of it, however slowly the answer comes; 0: none */
};

/** struct http_response - what came back besides the body */
struct http_response {
	int status;
	uint64_t offset;         /* of the body's first byte: 0, or resume_from for 206 */
	uint64_t received;       /* bytes of body handed to the sink */
	uint64_t total;          /* size that the server announces, 0: none */
	uint32_t retry_after_ms; /* 0: not said */
	char etag[HTTP_TEXT_SIZE];
	char last_modified[HTTP_TEXT_SIZE];
	char md5[HTTP_TEXT_SIZE];    /* base64, as Content-MD5 or x-goog-hash announce it, or "" */
	char sha256[HTTP_TEXT_SIZE]; /* base64, as Repr-Digest announces it, or "" */
	char error_body[HTTP_ERROR_BODY_SIZE]; /* start of the text of an error answer, foreign */
};

/**
 * http_get() - one request, redirects followed
 * @c: client
 * @req: request
 * @body: gets the body of a 200 or 206
 * @ret: written on success and after an HTTP status that is an error
 * @err: filled on failure
 *
 * Redirects never leave TLS. The body is taken as sent: nothing is decompressed.
 * Return: 0 body delivered, 1 not modified (304), negative on failure.
 * Errors: SK_E_NETWORK also for 429 and 5xx; SK_E_TIMEOUT; SK_E_TRUNCATED; SK_E_LIMIT;
 * SK_E_NOT_FOUND 404, 410; SK_E_AUTH 401, 403, 407; SK_E_UNSUPPORTED other statuses; what the sink
 * says.
 */
sk_must_check int http_get(struct http_client *c, const struct http_request *req,
			   const struct sk_sink *body, struct http_response *ret,
			   struct sk_err *err);

/**
 * http_post() - send one body, redirects are not followed
 * @c: client
 * @msg: what to send
 * @ret: written on success and after an HTTP status that is an error
 * @err: filled on failure
 *
 * What the server answers is dropped, but for the start of an error's text.
 * Return: 0 after a 2xx status, negative on failure, as http_get().
 */
sk_must_check int http_post(struct http_client *c, const struct http_message *msg,
			    struct http_response *ret, struct sk_err *err);

/**
 * http_fetch() - one file, tried again where that helps
 * @c: client
 * @req: request; resume_from and if_range are set here
 * @fd: regular file, written from its start and cut to size
 * @ret: written on success
 * @err: filled on failure
 *
 * A server that left a whole file unanswered gets one try for the next ones, and none after three.
 * After a broken or stalled transfer the rest is asked for by range, if the server gave a
 * validator; 429 and 5xx are waited for (Retry-After, else doubling waits). A body of another
 * length than announced is an error. Return: 0 the file is whole, 1 not modified, negative on
 * failure, as http_get().
 */
sk_must_check int http_fetch(struct http_client *c, const struct http_request *req, int fd,
			     struct http_response *ret, struct sk_err *err);
