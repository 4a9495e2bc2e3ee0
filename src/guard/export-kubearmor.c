/* SPDX-License-Identifier: Apache-2.0 */
/* KubeArmor policy, security.kubearmor.com/v1: an allow-list of programs, files and capabilities.
 */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "guard/export-priv.h"
#include "guard/names.h"
#include "guard/profile-priv.h"

/* JSON's strings are YAML's double-quoted ones. */
static void add_string(struct sk_buf *b, struct sk_span s)
{
	uint32_t cp = 0;

	(void)sk_buf_add_char(b, '"');
	while (s.len != 0) {
		struct sk_span raw = s;

		if (!sk_utf8_next(&s, &cp))
			(void)sk_buf_add_char(b, '?');
		else if (cp == '"' || cp == '\\')
			(void)sk_buf_printf(b, "\\%c", (int)cp);
		else if (cp < 0x20 || sk_text_is_unsafe(cp))
			(void)sk_buf_printf(b, "\\U%08x", (unsigned)cp);
		else
			(void)sk_buf_add(b, raw.ptr, raw.len - s.len);
	}
	(void)sk_buf_add_char(b, '"');
}

static void put_processes(struct sk_buf *b, const struct guard_profile *p)
{
	sk_cleanup(sk_freep) const void **programs = guard_sorted_programs(p);
	const char *last = NULL;

	(void)sk_buf_add_str(b, "  process:\n    matchPaths:\n");
	for (size_t i = 0; i < p->n_programs; i++) {
		const char *path = ((const struct guard_program *)programs[i])->content.path;

		if (path[0] != '/' || (last != NULL && strcmp(last, path) == 0))
			continue;
		(void)sk_buf_add_str(b, "      - path: ");
		add_string(b, sk_span_str(path));
		(void)sk_buf_add_char(b, '\n');
		last = path;
	}
}

enum form {
	FORM_PATH,      /* one file */
	FORM_DIRECTORY, /* what is directly in it */
	FORM_TREE,      /* everything below it */
	FORM_PATTERN,
};

static enum form form_of(struct sk_span pattern, struct sk_span *ret_dir)
{
	size_t star = sk_span_find(pattern, '*');

	*ret_dir = sk_span_sub(pattern, 0, star);
	if (star == pattern.len)
		return sk_span_ends(pattern, "/") ? FORM_DIRECTORY : FORM_PATH;
	if (star == 0 || pattern.ptr[star - 1] != '/')
		return FORM_PATTERN;
	if (sk_span_eq_str(sk_span_sub(pattern, star, pattern.len), "**"))
		return FORM_TREE;
	return star + 1 == pattern.len ? FORM_DIRECTORY : FORM_PATTERN;
}

static void put_file(struct sk_buf *b, const char *key, const char *text, bool tree, bool write)
{
	(void)sk_buf_printf(b, "      - %s: ", key);
	add_string(b, sk_span_str(text));
	(void)sk_buf_add_char(b, '\n');
	if (tree)
		(void)sk_buf_add_str(b, "        recursive: true\n");
	if (!write)
		(void)sk_buf_add_str(b, "        readOnly: true\n");
}

static bool is_form(const struct guard_file *file, enum form wanted, struct sk_span *ret_dir)
{
	enum form form = form_of(sk_span_str(file->pattern), ret_dir);

	if (file->access == 0 || file->pattern[0] != '/')
		return false;
	return form == wanted || (form == FORM_TREE && wanted == FORM_DIRECTORY);
}

/*
 * A directory that was opened and what is directly in it are one entry here. Returns false when
 * an earlier pattern stands for it.
 */
static bool merge_directory(const struct guard_profile *p, size_t at, struct sk_span dir,
			    bool *tree, bool *write)
{
	for (size_t i = 0; i < p->n_files; i++) {
		struct sk_span other;

		if (!is_form(&p->files[i], FORM_DIRECTORY, &other) || !sk_span_eq(other, dir))
			continue;
		if (i < at)
			return false;
		*tree |= sk_span_ends(sk_span_str(p->files[i].pattern), "**");
		*write |= (p->files[i].access & GUARD_ACCESS_WRITE) != 0;
	}
	return true;
}

static void put_file_group(struct sk_buf *b, const struct guard_profile *p, enum form form,
			   const char *group, const char *key)
{
	struct sk_span dir;
	bool any = false;

	for (size_t i = 0; i < p->n_files; i++) {
		const struct guard_file *file = &p->files[i];
		bool tree = false, write = (file->access & GUARD_ACCESS_WRITE) != 0;
		char text[GUARD_TEXT_MAX + 1];

		if (!is_form(file, form, &dir) || dir.len > GUARD_TEXT_MAX ||
		    (form == FORM_DIRECTORY && !merge_directory(p, i, dir, &tree, &write)))
			continue;
		if (!any)
			(void)sk_buf_printf(b, "    %s:\n", group);
		any = true;
		memcpy(text, dir.ptr, dir.len);
		text[dir.len] = '\0';
		put_file(b, key, form == FORM_DIRECTORY ? text : file->pattern, tree, write);
	}
}

static void put_files(struct sk_buf *b, const struct guard_profile *p)
{
	if (p->n_files == 0)
		return;
	(void)sk_buf_add_str(b, "  file:\n");
	put_file_group(b, p, FORM_PATH, "matchPaths", "path");
	put_file_group(b, p, FORM_DIRECTORY, "matchDirectories", "dir");
	put_file_group(b, p, FORM_PATTERN, "matchPatterns", "pattern");
}

static void put_network(struct sk_buf *b, const struct guard_profile *p)
{
	bool tcp = false, udp = false;

	for (size_t i = 0; i < p->n_peers; i++) {
		bool any = p->peers[i].protocol == NULL;

		tcp = tcp || any || strcmp(p->peers[i].protocol, "tcp") == 0;
		/* a name has to be looked up */
		udp = udp || any || p->peers[i].name != NULL ||
		      strcmp(p->peers[i].protocol, "udp") == 0;
	}
	for (size_t i = 0; i < p->n_listen; i++) {
		tcp = tcp || strcmp(p->listen[i].protocol, "tcp") == 0;
		udp = udp || strcmp(p->listen[i].protocol, "udp") == 0;
	}
	if (tcp || udp)
		(void)sk_buf_printf(b, "  network:\n    matchProtocols:\n%s%s",
				    tcp ? "      - protocol: TCP\n" : "",
				    udp ? "      - protocol: UDP\n" : "");
}

static void put_capabilities(struct sk_buf *b, const struct guard_profile *p)
{
	uint64_t capabilities = guard_export_capabilities(p);
	bool any = false;

	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++) {
		if ((capabilities >> i & 1) == 0)
			continue;
		if (!any)
			(void)sk_buf_add_str(b, "  capabilities:\n    matchCapabilities:\n");
		any = true;
		(void)sk_buf_add_str(b, "      - capability: ");
		for (const char *s = guard_capability_name(i); *s != '\0'; s++)
			(void)sk_buf_add_char(b, (char)tolower((unsigned char)*s));
		(void)sk_buf_add_char(b, '\n');
	}
}

int guard_export_kubearmor(const struct guard_profile *p, const struct sk_sink *sink,
			   struct sk_err *err)
{
	struct sk_span service = sk_span_str(p->service);
	size_t slash = sk_span_find(service, '/');
	char name[GUARD_EXPORT_NAME];
	struct sk_buf b;

	if (p->n_programs == 0)
		return sk_err_set(err, SK_E_NOT_FOUND, "the profile lists no programs");
	sk_buf_init(&b, GUARD_EXPORT_MAX);
	(void)sk_buf_printf(&b,
			    "apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
			    "metadata:\n  name: %s\n",
			    guard_export_name(p, name));
	if (slash < service.len) {
		(void)sk_buf_add_str(&b, "  namespace: ");
		add_string(&b, sk_span_sub(service, 0, slash));
		(void)sk_buf_add_char(&b, '\n');
		service = sk_span_sub(service, slash + 1, service.len);
	}
	(void)sk_buf_add_str(&b, "spec:\n  # Put the labels of the pods here.\n"
				 "  selector:\n    matchLabels:\n      app: ");
	add_string(&b, service);
	(void)sk_buf_add_char(&b, '\n');
	put_processes(&b, p);
	put_files(&b, p);
	put_network(&b, p);
	put_capabilities(&b, p);
	(void)sk_buf_add_str(&b, "  action: Allow\n");
	return guard_export_finish(&b, sink, err);
}
