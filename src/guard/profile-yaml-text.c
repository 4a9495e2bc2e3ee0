/* SPDX-License-Identifier: Apache-2.0 */
/* Text as YAML: plain where every reader takes it for text, else quoted. */
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"
#include "guard/profile-yaml-priv.h"

static bool is_word_char(char c, bool flow)
{
	return sk_is_alnum(c) || strchr("/._+@=%*-", c) != NULL || (c == ',' && !flow);
}

/* Words that other readers of YAML take for something else than text. */
static bool is_reserved(struct sk_span s)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on",
					    "off",  "null",  "y",   "n"};

	for (size_t i = 0; i < SK_ARRAY_LEN(words); i++)
		if (sk_span_eq_nocase(s, sk_span_str(words[i])))
			return true;
	return false;
}

/* Dotted addresses are text to every reader of YAML, other digits in front are not. */
static bool is_dotted(struct sk_span s)
{
	size_t dots = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '.')
			dots++;
		else if (s.ptr[i] != '/' && !sk_is_digit(s.ptr[i]))
			return false;
	}
	return dots >= 2 && s.ptr[0] != '.' && s.ptr[0] != '/';
}

static bool is_plain(struct sk_span s, bool flow)
{
	if (s.len == 0 || is_reserved(s))
		return false;
	if (is_dotted(s))
		return true;
	if (s.ptr[0] != '/' && !sk_is_alpha(s.ptr[0]))
		return false;
	for (size_t i = 1; i < s.len; i++) {
		bool inner = i + 1 < s.len && s.ptr[i + 1] != ' ';

		if (is_word_char(s.ptr[i], flow))
			continue;
		if ((s.ptr[i] == ' ' && inner && !flow) || (s.ptr[i] == ':' && inner && !flow))
			continue;
		return false;
	}
	return true;
}

static void add_code_point(struct sk_buf *b, uint32_t cp, struct sk_span raw)
{
	if (cp == '"' || cp == '\\') {
		(void)sk_buf_add_char(b, '\\');
		(void)sk_buf_add_char(b, (char)cp);
	} else if (cp == '\n') {
		(void)sk_buf_add_str(b, "\\n");
	} else if (cp == '\t') {
		(void)sk_buf_add_str(b, "\\t");
	} else if (cp < 0x20 || sk_text_is_unsafe(cp) || cp > 0xffff) {
		(void)sk_buf_printf(b, "\\U%08x", (unsigned)cp);
	} else {
		(void)sk_buf_add_span(b, raw);
	}
}

static void add_quoted(struct sk_buf *b, struct sk_span s)
{
	(void)sk_buf_add_char(b, '"');
	while (s.len != 0) {
		struct sk_span raw = s;
		uint32_t cp;

		if (sk_utf8_next(&s, &cp)) {
			raw.len -= s.len;
			add_code_point(b, cp, raw);
		} else {
			/* No YAML text can hold this byte: it is shown as four characters. */
			(void)sk_buf_printf(b, "\\\\x%02x", (unsigned char)raw.ptr[0]);
		}
	}
	(void)sk_buf_add_char(b, '"');
}

void guard_write_text(struct sk_buf *b, const char *text, bool flow)
{
	struct sk_span s = sk_span_str(text);

	if (is_plain(s, flow))
		(void)sk_buf_add_span(b, s);
	else
		add_quoted(b, s);
}
