/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes and patterns: a path matches its own pattern, whose pattern it is. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz/target.h"
#include "guard/shape.h"

enum {
	MAX_ARGS = 16,
	MAX_INPUT = 4096,
};

static void check_pattern(struct sk_span path)
{
	struct sk_buf b, again;

	sk_buf_init(&b, 2 * MAX_INPUT);
	sk_buf_init(&again, 2 * MAX_INPUT);
	if (!guard_pattern_of(path, &b) || !guard_pattern_of(sk_buf_span(&b), &again))
		abort();
	if (!guard_pattern_match(sk_buf_span(&b), path))
		abort();
	if (!sk_span_eq(sk_buf_span(&b), sk_buf_span(&again)))
		abort();
	sk_buf_release(&b);
	sk_buf_release(&again);
}

static void check_shape(char *text, size_t size)
{
	const char *args[MAX_ARGS];
	size_t n = 0;
	struct sk_buf b;

	for (size_t i = 0; i < size && n < MAX_ARGS; i += strlen(text + i) + 1)
		args[n++] = text + i;
	sk_buf_init(&b, 4 * MAX_INPUT);
	if (!guard_shape_of(args, n, &b))
		abort();
	sk_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span s = sk_span_of(data, size);
	size_t cut = sk_span_find(s, '\n');
	char text[MAX_INPUT + 1];

	if (size > MAX_INPUT)
		return 0;
	check_pattern(s);
	(void)guard_pattern_match(sk_span_sub(s, 0, cut), sk_span_sub(s, cut + 1, s.len));
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_shape(text, size);
	return 0;
}
