/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-size errors: formatting into the caller's struct, truncation instead of failure. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const char *const err_names[] = {
#define X(name, text) #name,
	SK_ERR_CODES(X)
#undef X
};

static const char *const err_texts[] = {
#define X(name, text) text,
	SK_ERR_CODES(X)
#undef X
};

_Static_assert(SK_ARRAY_LEN(err_names) == SK_ARRAY_LEN(err_texts), "one text per code");

static const char *err_text(int code)
{
	size_t i = (size_t)(code - SK_E_FIRST_ - 1);

	if (code > SK_E_FIRST_ && i < SK_ARRAY_LEN(err_texts))
		return err_texts[i];
	return strerror(code);
}

int sk_err_set(struct sk_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -code;
}

int sk_err_errno(struct sk_err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	if (err == NULL)
		return -errnum;
	err->code = errnum;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", err_text(errnum));
	return -errnum;
}

int sk_err_wrap(struct sk_err *err, int r, const char *fmt, ...)
{
	char inner[SK_ERR_MSG_SIZE];
	va_list ap;
	size_t len;

	if (err == NULL)
		return r;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", inner);
	return r;
}

const char *sk_err_name(int code)
{
	size_t i = (size_t)(code - SK_E_FIRST_ - 1);
	const char *name;

	if (code > SK_E_FIRST_ && i < SK_ARRAY_LEN(err_names))
		return err_names[i];
	name = strerrorname_np(code);
	return name != NULL ? name : "unknown";
}
