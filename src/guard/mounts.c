/* SPDX-License-Identifier: Apache-2.0 */
/* proc(5), /proc/PID/mountinfo; options of overlays: Documentation/filesystems/overlayfs.rst. */
#include "guard/mounts.h"

#include <string.h>

#include "base/parse.h"

enum {
	TEXT_MAX = 4096, /* of a directory; options of one mount are a page */
};

bool guard_mount_parse(struct sk_span line, struct guard_mount *ret)
{
	struct sk_span field, dev;

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < 6; i++) {
		if (!sk_span_cut(&line, ' ', &field))
			return false;
		if (i == 2 && (!sk_span_cut(&field, ':', &dev) || !sk_parse_u32(dev, &ret->major) ||
			       !sk_parse_u32(field, &ret->minor)))
			return false;
		if (i == 4)
			ret->point = field;
	}
	/* Optional fields, then a dash. */
	do {
		if (!sk_span_cut(&line, ' ', &field))
			return false;
	} while (!sk_span_eq_str(field, "-"));
	if (!sk_span_cut(&line, ' ', &ret->type) || !sk_span_cut(&line, ' ', &field))
		return false;
	ret->options = line;
	return ret->point.len != 0;
}

bool guard_mount_text(struct sk_span s, char *to, size_t size)
{
	size_t n = 0;
	uint64_t code;

	for (size_t i = 0; i < s.len; i++) {
		struct sk_span digits = sk_span_sub(s, i + 1, 3);

		if (n + 1 >= size)
			return false;
		to[n] = s.ptr[i];
		if (s.ptr[i] == '\\' && digits.len == 3 && sk_parse_octal(digits, &code)) {
			to[n] = (char)code;
			i += 3;
		}
		if (to[n++] == '\0')
			return false;
	}
	to[n] = '\0';
	return true;
}

/* From 6.8 on layers may be told one by one. */
static bool add_layers(struct sk_span options, struct sk_buf *b)
{
	struct sk_span rest = options, option;
	char text[TEXT_MAX] = "";
	bool any = false;

	while (sk_span_cut(&rest, ',', &option))
		if (sk_span_strip_prefix(&option, "upperdir=") &&
		    !guard_mount_text(option, text, sizeof(text)))
			return false;
	if (!sk_buf_add_str(b, text))
		return false;
	for (rest = options; sk_span_cut(&rest, ',', &option);) {
		if (!sk_span_strip_prefix(&option, "lowerdir=") &&
		    !sk_span_strip_prefix(&option, "lowerdir+="))
			continue;
		if (!guard_mount_text(option, text, sizeof(text)) || !sk_buf_printf(b, ":%s", text))
			return false;
		any = true;
	}
	return any;
}

bool guard_mounts_overlay(struct sk_span table, const char *dir, struct sk_buf *b)
{
	struct guard_mount m;
	char point[TEXT_MAX];
	struct sk_span line;

	while (sk_span_line(&table, &line))
		if (guard_mount_parse(line, &m) && sk_span_eq_str(m.type, "overlay") &&
		    guard_mount_text(m.point, point, sizeof(point)) && strcmp(point, dir) == 0)
			return add_layers(m.options, b);
	return false;
}
