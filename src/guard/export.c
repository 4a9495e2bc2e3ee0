/* SPDX-License-Identifier: Apache-2.0 */
/* The table of export formats and what they share. */
#include "guard/export.h"

#include <linux/capability.h>
#include <string.h>

#include "base/ascii.h"
#include "guard/export-priv.h"

enum {
	FIRST_FREE_PORT = 1024, /* net.ipv4.ip_unprivileged_port_start, as the kernel has it */
};

static const struct guard_export formats[] = {
	{"seccomp", false, guard_export_seccomp},     {"apparmor", false, guard_export_apparmor},
	{"kubearmor", false, guard_export_kubearmor}, {"kubernetes", true, guard_export_kubernetes},
	{"docker", true, guard_export_docker},
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

const char *guard_export_filter_name(const struct guard_profile *p, char buf[GUARD_EXPORT_FILE])
{
	static const char prefix[] = "stockade-", suffix[] = ".json";
	size_t n = sizeof(prefix) - 1;
	bool any = false;

	for (size_t i = 0; i < SK_ARRAY_LEN(p->syscalls); i++)
		any = any || p->syscalls[i] != 0;
	if (!any)
		return NULL;
	memcpy(buf, prefix, n);
	for (const char *s = p->service; *s != '\0' && n + sizeof(suffix) < GUARD_EXPORT_FILE;
	     s++) {
		bool plain = sk_is_alnum(*s) || strchr("._-", *s) != NULL;

		buf[n++] = *s == '/' ? '.' : (plain ? *s : '-');
	}
	memcpy(buf + n, suffix, sizeof(suffix));
	return buf;
}

const struct guard_listen *guard_export_hidden_port(const struct guard_profile *p)
{
	const struct guard_listen *first = NULL;

	if ((p->capabilities >> CAP_NET_BIND_SERVICE & 1) != 0)
		return NULL;
	for (size_t i = 0; i < p->n_listen; i++)
		if (p->listen[i].port < FIRST_FREE_PORT &&
		    (first == NULL || p->listen[i].port < first->port))
			first = &p->listen[i];
	return first;
}

uint64_t guard_export_capabilities(const struct guard_profile *p)
{
	bool hidden = guard_export_hidden_port(p) != NULL;

	return p->capabilities | (hidden ? 1ull << CAP_NET_BIND_SERVICE : 0);
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
