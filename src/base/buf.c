/* SPDX-License-Identifier: Apache-2.0 */
/* Growing bytes: doubling storage, refusal at the maximum. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

enum {
	BUF_FIRST = 64
};

void sk_buf_init(struct sk_buf *b, size_t max)
{
	*b = (struct sk_buf){.max = max};
}

void sk_buf_release(struct sk_buf *b)
{
	sk_free(b->ptr);
	*b = (struct sk_buf){.max = b->max};
}

void sk_buf_reset(struct sk_buf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->ptr != NULL)
		b->ptr[0] = '\0';
}

char *sk_buf_grow(struct sk_buf *b, size_t len)
{
	size_t need, size;

	if (!sk_size_add(b->len, len, &need) || need > b->max) {
		b->overflow = true;
		return NULL;
	}
	if (!sk_size_add(need, 1, &need))
		abort();
	if (need > b->size) {
		size = b->size != 0 ? b->size : BUF_FIRST;
		while (size < need)
			size *= 2;
		b->ptr = sk_realloc_array(b->ptr, size, 1);
		b->size = size;
	}
	return b->ptr + b->len;
}

bool sk_buf_add(struct sk_buf *b, const void *ptr, size_t len)
{
	char *to = sk_buf_reserve(b, len);

	if (to == NULL)
		return false;
	if (len != 0)
		memcpy(to, ptr, len);
	b->len += len;
	b->ptr[b->len] = '\0';
	return true;
}

bool sk_buf_add_span(struct sk_buf *b, struct sk_span s)
{
	return sk_buf_add(b, s.ptr, s.len);
}

bool sk_buf_add_str(struct sk_buf *b, const char *s)
{
	return sk_buf_add(b, s, strlen(s));
}

bool sk_buf_add_char(struct sk_buf *b, char c)
{
	return sk_buf_add(b, &c, 1);
}

bool sk_buf_printf(struct sk_buf *b, const char *fmt, ...)
{
	size_t room = b->size - b->len;
	va_list ap;
	char *to;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(room != 0 ? b->ptr + b->len : NULL, room, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	to = sk_buf_reserve(b, (size_t)len);
	if (to == NULL) {
		if (room != 0)
			b->ptr[b->len] = '\0';
		return false;
	}
	if ((size_t)len >= room) {
		va_start(ap, fmt);
		(void)vsnprintf(to, (size_t)len + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)len;
	return true;
}

char *sk_buf_steal(struct sk_buf *b)
{
	char *content = b->ptr != NULL ? b->ptr : sk_strdup("");

	*b = (struct sk_buf){.max = b->max};
	return content;
}
