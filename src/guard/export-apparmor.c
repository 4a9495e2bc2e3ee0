/* SPDX-License-Identifier: Apache-2.0 */
/* AppArmor profile (apparmor.d(5)): programs, libraries, files, capabilities, kinds of network. */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "guard/export-priv.h"
#include "guard/names.h"
#include "guard/profile-priv.h"

/* Quoted; stars stay, as they mean the same, every other character of the language is escaped. */
static void add_path(struct sk_buf *b, const char *path)
{
	(void)sk_buf_add_char(b, '"');
	for (const char *s = path; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c >= 0x7f)
			(void)sk_buf_printf(b, "\\%03o", c);
		else if (strchr("\"\\?[]{}^@", c) != NULL)
			(void)sk_buf_printf(b, "\\%c", c);
		else
			(void)sk_buf_add_char(b, (char)c);
	}
	(void)sk_buf_add_char(b, '"');
}

/* AppArmor knows absolute paths only: a memory file cannot be named. */
static void put_path(struct sk_buf *b, const char *path, const char *access)
{
	if (path == NULL || path[0] != '/') {
		if (path == NULL || strcmp(path, "**") != 0)
			return;
		path = "/**";
	}
	(void)sk_buf_add_str(b, "  ");
	add_path(b, path);
	(void)sk_buf_printf(b, " %s,\n", access);
}

static void put_capabilities(struct sk_buf *b, const struct guard_profile *p)
{
	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++) {
		if ((p->capabilities >> i & 1) == 0)
			continue;
		(void)sk_buf_add_str(b, "  capability ");
		for (const char *s = guard_capability_name(i); *s != '\0'; s++)
			(void)sk_buf_add_char(b, (char)tolower((unsigned char)*s));
		(void)sk_buf_add_str(b, ",\n");
	}
}

static bool uses_protocol(const struct guard_profile *p, const char *protocol)
{
	for (size_t i = 0; i < p->n_peers; i++)
		if (p->peers[i].protocol == NULL || strcmp(p->peers[i].protocol, protocol) == 0)
			return true;
	for (size_t i = 0; i < p->n_listen; i++)
		if (strcmp(p->listen[i].protocol, protocol) == 0)
			return true;
	return false;
}

static bool has_named_peer(const struct guard_profile *p)
{
	for (size_t i = 0; i < p->n_peers; i++)
		if (p->peers[i].name != NULL)
			return true;
	return false;
}

static void put_network(struct sk_buf *b, const struct guard_profile *p)
{
	bool raw = false;

	for (size_t i = 0; i < p->n_programs; i++)
		raw = raw || p->programs[i].raw_socket;
	(void)sk_buf_add_str(b, "  network unix,\n  network netlink raw,\n");
	if (uses_protocol(p, "tcp"))
		(void)sk_buf_add_str(b, "  network inet stream,\n  network inet6 stream,\n");
	if (uses_protocol(p, "udp") || has_named_peer(p))
		(void)sk_buf_add_str(b, "  network inet dgram,\n  network inet6 dgram,\n");
	if (raw)
		(void)sk_buf_add_str(b, "  network inet raw,\n  network inet6 raw,\n"
					"  network packet,\n");
}

static void put_programs(struct sk_buf *b, const struct guard_profile *p)
{
	sk_cleanup(sk_freep) const void **programs = guard_sorted_programs(p);
	const char *last = NULL;

	for (size_t i = 0; i < p->n_programs; i++) {
		const struct guard_program *prog = programs[i];

		/* several contents of one path are one rule */
		if (last == NULL || strcmp(last, prog->content.path) != 0)
			put_path(b, prog->content.path, "mrix");
		last = prog->content.path;
		for (size_t k = 0; k < prog->n_scripts; k++)
			put_path(b, prog->scripts[k].content.path, "r");
	}
}

static int compare_libraries(const void *pa, const void *pb)
{
	const struct guard_library *a = *(const struct guard_library *const *)pa;
	const struct guard_library *b = *(const struct guard_library *const *)pb;

	return strcmp(a->content.path, b->content.path);
}

static int compare_files(const void *pa, const void *pb)
{
	const struct guard_file *a = *(const struct guard_file *const *)pa;
	const struct guard_file *b = *(const struct guard_file *const *)pb;

	return strcmp(a->pattern, b->pattern);
}

static void put_files(struct sk_buf *b, const struct guard_profile *p)
{
	/* Locks and links are not learned: who writes may make them. */
	static const char *const access[] = {"", "rk", "wkl", "rwkl"};
	sk_cleanup(sk_freep) const void **libraries = guard_sorted(
		p->libraries, p->n_libraries, sizeof(*p->libraries), compare_libraries);
	sk_cleanup(sk_freep) const void **files =
		guard_sorted(p->files, p->n_files, sizeof(*p->files), compare_files);

	for (size_t i = 0; i < p->n_libraries; i++)
		put_path(b, ((const struct guard_library *)libraries[i])->content.path, "mr");
	for (size_t i = 0; i < p->n_files; i++) {
		const struct guard_file *file = files[i];

		if ((file->access & 3) != 0)
			put_path(b, file->pattern, access[file->access & 3]);
	}
}

int guard_export_apparmor(const struct guard_profile *p, const struct sk_sink *sink,
			  struct sk_err *err)
{
	char name[GUARD_EXPORT_NAME];
	struct sk_buf b;

	if (p->n_programs == 0)
		return sk_err_set(err, SK_E_NOT_FOUND, "the profile lists no programs");
	(void)guard_export_name(p, name);
	sk_buf_init(&b, GUARD_EXPORT_MAX);
	(void)sk_buf_add_str(
		&b, "# Load with apparmor_parser -r FILE; AppArmor knows files by path, not by "
		    "content,\n# and no addresses: what the guard itself enforces is more.\n"
		    "#include <tunables/global>\n\n");
	(void)sk_buf_printf(&b, "profile %s flags=(attach_disconnected,mediate_deleted) {\n", name);
	(void)sk_buf_add_str(&b, "  #include <abstractions/base>\n\n"
				 "  # The runtime starts and stops the container.\n"
				 "  signal (receive) peer=unconfined,\n");
	(void)sk_buf_printf(&b, "  signal (send, receive) peer=%s,\n\n", name);
	put_capabilities(&b, p);
	put_network(&b, p);
	(void)sk_buf_add_str(&b, "\n  # Programs and scripts\n");
	put_programs(&b, p);
	(void)sk_buf_add_str(&b, "\n  # Libraries and files\n");
	put_files(&b, p);
	(void)sk_buf_add_str(&b, "}\n");
	return guard_export_finish(&b, sink, err);
}
