/* SPDX-License-Identifier: Apache-2.0 */
/* Files of /proc with names that a container chose, and the first line of its scripts. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "guard/fan-proc.h"

static void check_inside(struct sk_span whole, struct sk_span part)
{
	if (part.len != 0 && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len ||
			      memchr(part.ptr, '\n', part.len) != NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span text = sk_span_of(data, size), interpreter, arg;
	struct guard_fan_task task = {0};

	(void)guard_fan_parse_stat(text, &task);
	(void)guard_fan_parse_status(text, &task);
	if (!guard_fan_parse_script(text, &interpreter, &arg))
		return 0;
	check_inside(text, interpreter);
	check_inside(text, arg);
	if (interpreter.len == 0)
		abort();
	return 0;
}
