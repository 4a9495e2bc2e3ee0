/* SPDX-License-Identifier: Apache-2.0 */
/* Text: what is escaped or quoted is safe to show; numbers, sizes,
 * times and lines of any bytes are read within bounds. */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "fuzz/target.h"

static void check_escape(struct sk_span s)
{
	struct sk_buf b;
	struct sk_span out;
	char quoted[40];
	uint32_t cp;

	sk_buf_init(&b, 8 * s.len + 64);
	if (!sk_text_escape(&b, s))
		abort();
	out = sk_buf_span(&b);
	while (out.len != 0)
		if (!sk_utf8_next(&out, &cp) || sk_text_is_unsafe(cp))
			abort();
	if (sk_text_width(sk_buf_span(&b)) > 2 * b.len)
		abort();
	sk_buf_release(&b);
	(void)sk_text_quote(s, quoted, sizeof(quoted));
	if (memchr(quoted, '\0', sizeof(quoted)) == NULL)
		abort();
	out = sk_span_str(quoted);
	while (out.len != 0)
		if (!sk_utf8_next(&out, &cp) || sk_text_is_unsafe(cp))
			abort();
}

static void check_time(struct sk_span s)
{
	char text[SK_TIME_TEXT_SIZE];
	int64_t t, again;

	/* A zone can push the first hours of the range out of it. */
	if (sk_parse_time(s, &t) && t > -2208902400 && t < 253402214400 &&
	    (!sk_parse_time(sk_span_str(sk_format_time(t, text)), &again) || again != t))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span all = sk_span_of(data, size);
	struct sk_span rest = all;
	struct sk_span line;
	size_t total = 0;

	check_escape(all);
	while (sk_span_line(&rest, &line)) {
		struct sk_span word = sk_span_trim(line);
		uint64_t number;
		double real;
		bool truth;

		total += line.len;
		check_time(word);
		(void)!sk_parse_size(word, &number);
		(void)!sk_parse_duration(word, &number);
		(void)!sk_parse_octal(word, &number);
		(void)!sk_parse_double(word, &real);
		(void)!sk_parse_bool(word, &truth);
	}
	if (total > size)
		abort();
	return 0;
}
