/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of foreign text: a line of JSON is one line and JSON, a line for people is one line, and
 * neither has anything that a terminal minds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "fuzz/target.h"
#include "guard/event.h"

enum {
	MAX_INPUT = 8192,
	MAX_TEXTS = 12,
	MAX_LINE = 1 << 20,
};

static void check_line(const struct sk_buf *b)
{
	if (b->len == 0 || b->ptr[b->len - 1] != '\n')
		abort();
	for (size_t i = 0; i + 1 < b->len; i++)
		if ((uint8_t)b->ptr[i] < ' ' || b->ptr[i] == 0x7f ||
		    ((uint8_t)b->ptr[i] == 0xc2 && (uint8_t)b->ptr[i + 1] < 0xa0))
			abort();
}

static void check(const struct guard_event *e)
{
	struct sk_json *j = NULL;
	struct sk_sink sink;
	struct sk_err err;
	struct sk_buf b;

	sk_buf_init(&b, MAX_LINE);
	sink = sk_sink_buf(&b);
	if (guard_event_json(e, &sink) < 0)
		abort();
	check_line(&b);
	if (sk_json_parse(sk_span_of(b.ptr, b.len - 1), 0, &j, &err) < 0)
		abort();
	sk_json_free(j);
	sk_buf_reset(&b);
	if (guard_event_line(e, false, &sink) < 0)
		abort();
	check_line(&b);
	sk_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MAX_INPUT + 1];
	const char *t[MAX_TEXTS];
	size_t n = 0;

	if (size < 3 || size > MAX_INPUT)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t at = 3; n < MAX_TEXTS; n++) {
		t[n] = text + (at < size ? at : size);
		at += strlen(t[n]) + 1;
	}
	struct guard_event e = {
		.kind = (enum guard_kind)(data[0] % GUARD_N_KINDS),
		.verdict = (enum guard_verdict)(data[1] % GUARD_N_VERDICTS),
		.reason = (enum guard_reason)(data[2] % GUARD_N_REASONS),
		.host_pid = 1,
		.count = 2,
		.first_us = 1,
		.last_us = 2,
		.reason_text = t[0],
		.service = t[1],
		.container_name = t[2],
		.image_reference = t[3],
		.exe = t[4],
		.cwd = t[5],
		.args = t + 4,
		.n_args = 3,
		.file_path = t[7],
		.file_script = t[8],
		.detail = t[9],
		.dns_type = t[10],
		.peer_name = t[11],
		.peer_protocol = "unix",
		.peer_address = t[6],
		.ancestry = {{.exe = t[5], .args = t, .n_args = 2}},
		.n_ancestry = 1,
	};
	check(&e);
	return 0;
}
