/* SPDX-License-Identifier: Apache-2.0 */
/* Mount tables: names and options that a container may choose. What comes out is text. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "guard/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span table = sk_span_of(data, size), rest = table, line;
	struct guard_mount m;
	char point[256];
	struct sk_buf b;

	sk_buf_init(&b, size + 2);
	if (guard_mounts_overlay(table, "/", &b) &&
	    (b.len == 0 || memchr(b.ptr, ':', b.len) == NULL || memchr(b.ptr, 0, b.len) != NULL))
		abort();
	sk_buf_release(&b);
	while (sk_span_line(&rest, &line))
		if (guard_mount_parse(line, &m) &&
		    guard_mount_text(m.point, point, sizeof(point)) &&
		    (point[0] == '\0' || strlen(point) > m.point.len))
			abort();
	return 0;
}
