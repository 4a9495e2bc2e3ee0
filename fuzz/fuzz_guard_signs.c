/* SPDX-License-Identifier: Apache-2.0 */
/* Files of signs: what is accepted is complete, and matching it against anything ends. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "guard/signs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sk_cleanup(guard_signs_freep) struct guard_sign_list *l = NULL;
	const char *args[] = {"a", "--option=value"};
	struct guard_event e = {
		.kind = GUARD_KIND_EXEC, .file_path = "/usr/bin/a", .args = args, .n_args = 2};
	struct sk_err err = {0};
	int r = guard_signs_parse(sk_span_of(data, size), &l, &err);

	if (r < 0 && (err.code != -r || l != NULL))
		abort();
	if (r < 0)
		return 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].pattern == NULL || l->items[i].attack[0] != 'T')
			abort();
	(void)guard_sign_of_event(&e, l);
	return 0;
}
