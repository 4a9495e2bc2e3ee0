/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: one number space and one fixed-size message that needs no memory. */
#pragma once

#include <stdarg.h>

#include "base/defs.h"

/*
 * Codes above every errno. Functions return them negated, as they return -errno. Each error has a
 * short name for machines (sk_err_name) and a message for people (struct sk_err).
 */
#define SK_ERR_CODES(X)                                                                            \
	X(FORMAT, "malformed input")                                                               \
	X(LIMIT, "limit exceeded")                                                                 \
	X(DIGEST, "digest mismatch")                                                               \
	X(UNSUPPORTED, "not supported")                                                            \
	X(TRUNCATED, "input ends early")                                                           \
	X(NOT_FOUND, "not found")                                                                  \
	X(AMBIGUOUS, "more than one answer")                                                       \
	X(TIMEOUT, "time is up")                                                                   \
	X(AUTH, "not authorised")                                                                  \
	X(NETWORK, "network failure")                                                              \
	X(SIGNATURE, "bad signature")                                                              \
	X(WORKER, "worker process failed")                                                         \
	X(USAGE, "usage error")

enum sk_err_code {
	SK_E_FIRST_ = 1023,
#define X(name, text) SK_E_##name,
	SK_ERR_CODES(X)
#undef X
	SK_E_END_, /* one above the last code */
};

enum {
	SK_ERR_MSG_SIZE = 512
};

/** struct sk_err - what went wrong, filled exactly once by the origin; lives on the caller's stack.
 */
struct sk_err {
	int code; /* positive errno or enum sk_err_code; 0: nothing happened */
	char msg[SK_ERR_MSG_SIZE];
};

/**
 * sk_err_set() - fill an error
 * @err: may be NULL
 * @code: positive errno or enum sk_err_code
 * @fmt: message, no full stop, foreign text already escaped
 *
 * Return: -@code.
 */
int sk_err_set(struct sk_err *err, int code, const char *fmt, ...) sk_printf_like(3, 4);

/**
 * sk_err_errno() - fill an error from errno, ": strerror" is appended
 * @err: may be NULL
 * @errnum: saved errno, positive
 * @fmt: what was attempted, e.g. "open %s"
 *
 * Return: -@errnum.
 */
int sk_err_errno(struct sk_err *err, int errnum, const char *fmt, ...) sk_printf_like(3, 4);

/**
 * sk_err_wrap() - put context in front of a filled error, "context: message"
 * @err: may be NULL
 * @r: the negative result being passed on
 * @fmt: one short context
 *
 * Return: @r.
 */
int sk_err_wrap(struct sk_err *err, int r, const char *fmt, ...) sk_printf_like(3, 4);

/**
 * sk_err_name() - short stable name of a code, such as "digest" or "ENOENT"
 * @code: positive
 *
 * Return: static text, never NULL.
 */
const char *sk_err_name(int code);
