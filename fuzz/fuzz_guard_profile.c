/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: what is accepted is written, read again and written to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz/target.h"
#include "guard/profile-yaml.h"

static void write_profile(const struct guard_profile *p, struct sk_buf *b)
{
	struct sk_sink sink = sk_sink_buf(b);

	sk_buf_init(b, 64 << 20);
	if (guard_profile_write(p, &sink) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	sk_cleanup(guard_profile_freep) struct guard_profile *q = NULL;
	struct sk_err err = {0};
	struct sk_buf once, twice;
	int r = guard_profile_parse(sk_span_of(data, size), &p, &err);

	if (r < 0 && (err.code != -r || p != NULL))
		abort();
	if (r < 0)
		return 0;
	write_profile(p, &once);
	if (guard_profile_parse(sk_buf_span(&once), &q, &err) < 0)
		abort();
	write_profile(q, &twice);
	if (!sk_span_eq(sk_buf_span(&once), sk_buf_span(&twice)))
		abort();
	sk_buf_release(&once);
	sk_buf_release(&twice);
	return 0;
}
