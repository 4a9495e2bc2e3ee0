/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to write where the container is started: a read-only root file system with the directories
 * that must stay writable, dropped capabilities, no new privileges, the seccomp profile.
 * Kubernetes: core/v1 SecurityContext; Docker: docker-run(1).
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/io.h"
#include "base/text.h"
#include "guard/export-priv.h"
#include "guard/export.h"
#include "guard/names.h"

/** struct dir - a directory that is written to */
struct dir {
	struct sk_span path;
	bool is_volume; /* what the image has there is needed */
};

/** struct dirs - of one service; none is below another, but for those on a tmpfs */
struct dirs {
	struct dir *items;
	size_t n;
	size_t cap;
	const char *blocks_read_only; /* a write into the image's own directories, NULL: none */
	bool any_volume;
};

static bool is_below(struct sk_span path, const char *dir)
{
	size_t len = strlen(dir);

	return sk_span_starts(path, dir) && (path.len == len || path.ptr[len] == '/');
}

static bool is_any(struct sk_span path, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_below(path, list[i]))
			return true;
	return false;
}

static struct sk_span without_slash(const char *pattern)
{
	struct sk_span s = sk_span_str(pattern);

	return s.len > 1 && sk_span_ends(s, "/") ? sk_span_sub(s, 0, s.len - 1) : s;
}

/* The directory that has to be there for a pattern: up to the last "/" before the first star. */
static struct sk_span dir_of(struct sk_span pattern)
{
	struct sk_span fixed = sk_span_sub(pattern, 0, sk_span_find(pattern, '*'));
	size_t slash = sk_span_rfind(fixed, '/');

	return slash == fixed.len ? sk_span_sub(fixed, 0, 0) : sk_span_sub(fixed, 0, slash);
}

static int compare_dirs(const void *a, const void *b)
{
	return sk_span_cmp(((const struct dir *)a)->path, ((const struct dir *)b)->path);
}

static bool covers(struct sk_span dir, struct sk_span path)
{
	return path.len >= dir.len && sk_span_eq(sk_span_sub(path, 0, dir.len), dir) &&
	       (path.len == dir.len || path.ptr[dir.len] == '/');
}

/* Code below it: a volume would go on with it when the image has been replaced. */
static bool has_code(const struct guard_profile *p, struct sk_span dir)
{
	for (size_t i = 0; i < p->n_programs; i++) {
		const struct guard_program *prog = &p->programs[i];

		if (covers(dir, sk_span_str(prog->content.path)))
			return true;
		for (size_t k = 0; k < prog->n_scripts; k++)
			if (covers(dir, sk_span_str(prog->scripts[k].content.path)))
				return true;
	}
	for (size_t i = 0; i < p->n_libraries; i++)
		if (covers(dir, sk_span_str(p->libraries[i].content.path)))
			return true;
	return false;
}

/*
 * Does the service read there what the image may have brought? What it also writes may be its own
 * where nothing of an image is kept.
 */
static bool needs_content(const struct guard_profile *p, struct sk_span dir)
{
	static const char *const scratch[] = {"/tmp", "/var/tmp", "/run", "/var/run"};
	bool own = is_any(dir, scratch, SK_ARRAY_LEN(scratch));

	for (size_t i = 0; i < p->n_files; i++) {
		struct sk_span path = without_slash(p->files[i].pattern);
		unsigned access = p->files[i].access;

		if (covers(dir, path) && path.len > dir.len && (access & GUARD_ACCESS_READ) != 0 &&
		    (!own || (access & GUARD_ACCESS_WRITE) == 0))
			return true;
	}
	return false;
}

static bool was_made(const struct guard_profile *p, struct sk_span path)
{
	for (size_t i = 0; i < p->n_files; i++)
		if ((p->files[i].access & GUARD_ACCESS_WRITE) != 0 &&
		    sk_span_ends(sk_span_str(p->files[i].pattern), "/") &&
		    sk_span_eq(without_slash(p->files[i].pattern), path))
			return true;
	return false;
}

/* Directories between an empty one and @path that the service does not make itself? */
static bool lacks(const struct guard_profile *p, struct sk_span dir, struct sk_span path)
{
	while (path.len > dir.len) {
		if (!was_made(p, path))
			return true;
		path = sk_span_sub(path, 0, sk_span_rfind(path, '/'));
	}
	return false;
}

/* The shortest first; keeps those that the ones before them do not stand for. */
static void reduce(const struct guard_profile *p, struct dirs *d)
{
	size_t kept = 0;

	if (d->n != 0)
		qsort(d->items, d->n, sizeof(*d->items), compare_dirs);
	for (size_t i = 0; i < d->n; i++) {
		struct dir *dir = &d->items[i];
		bool stands = false;

		for (size_t k = 0; k < kept && !stands; k++)
			stands = covers(d->items[k].path, dir->path) &&
				 (d->items[k].is_volume || !lacks(p, d->items[k].path, dir->path));
		if (stands)
			continue;
		dir->is_volume = needs_content(p, dir->path);
		d->any_volume |= dir->is_volume;
		d->items[kept++] = *dir;
	}
	d->n = kept;
}

static void collect(const struct guard_profile *p, struct dirs *d)
{
	/* mounted by the runtime whatever the root file system is */
	static const char *const mounted[] = {"/proc", "/dev", "/sys"};
	/* programs and settings: a volume over them would hide what the image brings */
	static const char *const image[] = {"/usr",   "/bin", "/sbin", "/lib",
					    "/lib64", "/etc", "/opt",  "/boot"};

	for (size_t i = 0; i < p->n_files; i++) {
		struct sk_span pattern = without_slash(p->files[i].pattern);
		struct sk_span dir = dir_of(pattern);

		if ((p->files[i].access & GUARD_ACCESS_WRITE) == 0 || pattern.ptr[0] != '/' ||
		    is_any(pattern, mounted, SK_ARRAY_LEN(mounted)))
			continue;
		if (dir.len == 0 || is_any(dir, image, SK_ARRAY_LEN(image)) ||
		    sk_span_find(dir, ':') < dir.len || has_code(p, dir)) {
			d->blocks_read_only = p->files[i].pattern;
			continue;
		}
		SK_GROW(d->items, d->n, d->cap);
		d->items[d->n++] = (struct dir){.path = dir};
	}
	reduce(p, d);
}

/* Programs that gain rights by being started; no_new_privs would break them. */
static const char *gains_rights(const struct guard_profile *p)
{
	static const char *const names[] = {"sudo",   "su",         "ping",       "newgrp",
					    "passwd", "mount",      "umount",     "pkexec",
					    "doas",   "fusermount", "fusermount3"};

	for (size_t i = 0; i < p->n_programs; i++) {
		struct sk_span base = sk_path_base(sk_span_str(p->programs[i].content.path));

		for (size_t k = 0; k < SK_ARRAY_LEN(names); k++)
			if (sk_span_eq_str(base, names[k]))
				return names[k];
	}
	return NULL;
}

static void add_safe(struct sk_buf *b, struct sk_span s)
{
	(void)sk_text_escape(b, s);
}

static void put_kubernetes_capabilities(struct sk_buf *b, const struct guard_profile *p)
{
	const struct guard_listen *hidden = guard_export_hidden_port(p);
	uint64_t capabilities = guard_export_capabilities(p);
	bool any = false;

	(void)sk_buf_add_str(b, "  capabilities:\n    drop: [ALL]\n");
	if (hidden != NULL)
		(void)sk_buf_printf(
			b,
			"    # NET_BIND_SERVICE for %s port %u; whoever is not root has no use of it "
			"and needs in the pod's\n    # securityContext: sysctls: [{name: "
			"net.ipv4.ip_unprivileged_port_start, value: \"0\"}]\n",
			hidden->protocol, hidden->port);
	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++) {
		if ((capabilities >> i & 1) == 0)
			continue;
		(void)sk_buf_printf(b, "%s%s", any ? ", " : "    add: [", guard_capability_name(i));
		any = true;
	}
	if (any)
		(void)sk_buf_add_str(b, "]\n");
}

/* "/var/log" as the name of a volume: "var-log". */
static void add_volume_name(struct sk_buf *b, struct sk_span dir)
{
	bool dash = true;
	size_t n = 0;

	for (size_t i = 0; i < dir.len && n < 50; i++) {
		if (sk_is_alnum(dir.ptr[i])) {
			(void)sk_buf_add_char(b, sk_lower(dir.ptr[i]));
			dash = false;
			n++;
		} else if (!dash && i + 1 < dir.len) {
			(void)sk_buf_add_char(b, '-');
			dash = true;
			n++;
		}
	}
	(void)sk_buf_add_str(b, dash ? "x" : "");
}

static void put_volumes(struct sk_buf *b, const struct dirs *d)
{
	bool any = false;

	for (size_t i = 0; i < d->n; i++) {
		if (d->items[i].is_volume)
			continue;
		if (!any)
			(void)sk_buf_add_str(b, "# Directories that are written to; leave out "
						"those that are volumes already.\n"
						"volumeMounts:\n");
		any = true;
		(void)sk_buf_add_str(b, "  - name: ");
		add_volume_name(b, d->items[i].path);
		(void)sk_buf_add_str(b, "\n    mountPath: \"");
		add_safe(b, d->items[i].path);
		(void)sk_buf_add_str(b, "\"\n");
	}
	if (any)
		(void)sk_buf_add_str(b, "# and in the pod:\n# volumes:\n");
	for (size_t i = 0; i < d->n; i++) {
		if (d->items[i].is_volume)
			continue;
		(void)sk_buf_add_str(b, "#   - name: ");
		add_volume_name(b, d->items[i].path);
		(void)sk_buf_add_str(b, "\n#     emptyDir: {}\n");
	}
}

/* Kubernetes fills no volume from the image. */
static void put_contents(struct sk_buf *b, const struct dirs *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct sk_span path = d->items[i].path;

		if (!d->items[i].is_volume)
			continue;
		(void)sk_buf_add_str(b, "# ");
		add_safe(b, path);
		(void)sk_buf_add_str(
			b, " is written to and read, perhaps what the image has "
			   "there: an empty volume would hide it.\n# For a read-only root "
			   "file system mount a volume there that is filled first:\n"
			   "# initContainers:\n#   - name: fill-");
		add_volume_name(b, path);
		(void)sk_buf_add_str(b, "\n#     image: THE SAME\n#     command: [cp, -a, \"");
		add_safe(b, path);
		(void)sk_buf_add_str(b, "/.\", /fill/]\n#     volumeMounts:\n#       - name: ");
		add_volume_name(b, path);
		(void)sk_buf_add_str(b, "\n#         mountPath: /fill\n");
	}
}

static void put_kubernetes_filter(struct sk_buf *b, const struct guard_profile *p)
{
	char file[GUARD_EXPORT_FILE];

	(void)sk_buf_add_str(b, "  seccompProfile:\n");
	if (guard_export_filter_name(p, file) == NULL)
		(void)sk_buf_add_str(b, "    # the profile lists no system calls\n"
					"    type: RuntimeDefault\n");
	else
		(void)sk_buf_printf(
			b,
			"    type: Localhost\n    # the file that profile export --format "
			"seccomp writes, below the kubelet's seccomp directory\n"
			"    localhostProfile: %s\n",
			file);
}

int guard_export_kubernetes(const struct guard_profile *p, const struct sk_sink *sink,
			    struct sk_err *err)
{
	const char *gains = gains_rights(p);
	struct dirs d = {0};
	struct sk_buf b;

	collect(p, &d);
	sk_buf_init(&b, GUARD_EXPORT_MAX);
	(void)sk_buf_add_str(&b, "securityContext:\n  privileged: false\n");
	if (gains != NULL)
		(void)sk_buf_printf(&b, "  # %s gains rights when it starts\n", gains);
	(void)sk_buf_printf(&b, "  allowPrivilegeEscalation: %s\n",
			    gains != NULL ? "true" : "false");
	if (d.blocks_read_only != NULL) {
		(void)sk_buf_add_str(&b, "  # the service writes to ");
		add_safe(&b, sk_span_str(d.blocks_read_only));
		(void)sk_buf_add_char(&b, '\n');
	}
	if (d.any_volume)
		(void)sk_buf_add_str(&b, "  # see below for directories that are read, too\n");
	(void)sk_buf_printf(&b, "  readOnlyRootFilesystem: %s\n",
			    d.blocks_read_only != NULL || d.any_volume ? "false" : "true");
	put_kubernetes_capabilities(&b, p);
	put_kubernetes_filter(&b, p);
	put_volumes(&b, &d);
	put_contents(&b, &d);
	sk_free(d.items);
	return guard_export_finish(&b, sink, err);
}

/* As it is, so that $(...) takes it, or where it must be within single quotes of the shell. */
static void add_quoted(struct sk_buf *b, struct sk_span s)
{
	bool plain = true;

	for (size_t i = 0; i < s.len; i++)
		plain = plain && (sk_is_alnum(s.ptr[i]) || strchr("/._-+@%,", s.ptr[i]) != NULL) &&
			s.ptr[i] != '\0';
	if (plain) {
		(void)sk_buf_add_span(b, s);
		return;
	}
	(void)sk_buf_add_char(b, '\'');
	for (size_t i = 0; i < s.len; i++) {
		struct sk_span rest = sk_span_sub(s, i, 1);

		if (s.ptr[i] == '\'')
			(void)sk_buf_add_str(b, "'\\''");
		else if ((unsigned char)s.ptr[i] >= 0x80)
			(void)sk_buf_add_span(b, rest);
		else
			add_safe(b, rest);
	}
	(void)sk_buf_add_char(b, '\'');
}

/*
 * Docker fills a fresh volume with what the image has there, with owners and rights: one with a
 * name where that is needed, else one that the container has for itself. A tmpfs is empty and
 * root's, with the rights of the directory that it lies over: as good where that is root's, too.
 */
static void put_docker_dir(struct sk_buf *b, const struct guard_profile *p, const struct dir *dir)
{
	static const char *const roots[] = {"/tmp", "/var/tmp", "/run", "/var/run"};
	char name[GUARD_EXPORT_NAME];
	bool tmpfs = false;

	for (size_t i = 0; i < SK_ARRAY_LEN(roots); i++)
		tmpfs |= sk_span_eq_str(dir->path, roots[i]);
	tmpfs = tmpfs && !dir->is_volume;
	(void)sk_buf_add_str(b, tmpfs ? "--tmpfs=" : "--volume=");
	if (dir->is_volume) {
		(void)sk_buf_printf(b, "%s-", guard_export_name(p, name));
		add_volume_name(b, dir->path);
		(void)sk_buf_add_char(b, ':');
	}
	add_quoted(b, dir->path);
	(void)sk_buf_add_char(b, '\n');
}

int guard_export_docker(const struct guard_profile *p, const struct sk_sink *sink,
			struct sk_err *err)
{
	char file[GUARD_EXPORT_FILE];
	struct dirs d = {0};
	struct sk_buf b;

	collect(p, &d);
	sk_buf_init(&b, GUARD_EXPORT_MAX);
	if (d.blocks_read_only == NULL)
		(void)sk_buf_add_str(&b, "--read-only\n");
	for (size_t i = 0; d.blocks_read_only == NULL && i < d.n; i++)
		put_docker_dir(&b, p, &d.items[i]);
	(void)sk_buf_add_str(&b, "--cap-drop=ALL\n");
	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++)
		if ((p->capabilities >> i & 1) != 0)
			(void)sk_buf_printf(&b, "--cap-add=%s\n", guard_capability_name(i));
	if (gains_rights(p) == NULL)
		(void)sk_buf_add_str(&b, "--security-opt=no-new-privileges\n");
	if (guard_export_filter_name(p, file) != NULL)
		(void)sk_buf_printf(&b, "--security-opt=seccomp=%s\n", file);
	sk_free(d.items);
	return guard_export_finish(&b, sink, err);
}
