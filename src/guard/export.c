/* SPDX-License-Identifier: Apache-2.0 */
/* The table of export formats and what they share. */
#include "guard/export.h"

#include <string.h>

#include "base/ascii.h"
#include "guard/export-priv.h"

static const struct guard_export formats[] = {
	{"seccomp", guard_export_seccomp},     {"apparmor", guard_export_apparmor},
	{"kubearmor", guard_export_kubearmor}, {"kubernetes", guard_export_kubernetes},
	{"docker", guard_export_docker},
};

const struct guard_export *guard_export_find(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const char *guard_export_name(const struct guard_profile *p, char buf[GUARD_EXPORT_NAME])
{
	static const char prefix[] = "stockade-";
	size_t n = sizeof(prefix) - 1;

	memcpy(buf, prefix, n);
	for (const char *s = p->service; *s != '\0' && n + 1 < GUARD_EXPORT_NAME; s++) {
		char c = sk_is_alnum(*s) ? sk_lower(*s) : '-';

		if (c != '-' || buf[n - 1] != '-')
			buf[n++] = c;
	}
	while (buf[n - 1] == '-')
		n--;
	buf[n] = '\0';
	return buf;
}

int guard_export_finish(struct sk_buf *b, const struct sk_sink *sink, struct sk_err *err)
{
	int r;

	if (b->overflow)
		r = sk_err_set(err, SK_E_LIMIT, "export: larger than %d bytes", GUARD_EXPORT_MAX);
	else
		r = sink->write(sink->ctx, b->ptr, b->len);
	sk_buf_release(b);
	return r;
}
