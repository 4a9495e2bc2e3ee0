/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of archive members, relative to the root of the file system that they describe. */
#include <string.h>

#include "unpack/unpack-priv.h"

/* Length of @buf without its last component. */
static size_t path_parent(const char *buf, size_t len)
{
	while (len > 0 && buf[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

bool unpack_path_normalise(struct sk_span path, char *buf, struct sk_span *ret)
{
	const char *p = path.ptr;
	const char *end = path.len != 0 ? p + path.len : p;
	bool escapes = path.len != 0 && *p == '/';
	size_t len = 0;

	while (p < end) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash != NULL ? slash : end) - p);

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			escapes = true;
			len = path_parent(buf, len);
		} else if (n != 0 && !(n == 1 && p[0] == '.')) {
			if (len != 0)
				buf[len++] = '/';
			memcpy(buf + len, p, n);
			len += n;
		}
		p += n + 1;
	}
	*ret = sk_span_of(buf, len);
	return escapes;
}
