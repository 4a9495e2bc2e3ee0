/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of programs that a container starts: what is found is one of them. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "guard/call.h"

enum {
	MAX_INPUT = 4096,
	MAX_ARGS = 64,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MAX_INPUT + 1];
	const char *args[MAX_ARGS];
	struct guard_call call;
	bool found = false;
	size_t n = 0;

	if (size == 0 || size > MAX_INPUT)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t at = 0; at < size && n < MAX_ARGS; at += strlen(text + at) + 1)
		args[n++] = text + at;
	/* the program, then the words it was given */
	guard_call_parse(args[0], args + 1, n - 1, &call);
	if (call.applet == NULL || strchr(call.applet, '/') != NULL)
		abort();
	for (size_t i = 1; i < n; i++)
		found |= call.script == args[i];
	if ((call.script != NULL && !found) || (call.script != NULL && call.code) ||
	    (call.interactive && call.code))
		abort();
	(void)guard_call_is_title(args[0], args + 1, n - 1, size, data[0]);
	return 0;
}
