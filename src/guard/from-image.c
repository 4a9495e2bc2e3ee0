/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The static closure of an entry point. Libraries are searched where ld.so(8) searches them
 * (DT_RPATH, DT_RUNPATH, /etc/ld.so.conf, the usual directories; musl: /etc/ld-musl-*.path),
 * scripts lead to their interpreter (execve(2)), shell scripts to the commands at the start of
 * their lines.
 */
#include "guard/from-image.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/map.h"
#include "base/span.h"
#include "guard/shape.h"

enum {
	MAX_FILES = 10000,
	MAX_DIRS = 256,       /* library directories */
	MAX_SCRIPT = 1 << 20, /* bytes of a script that are read */
	MAX_LINE = 256,       /* of "#!", as the kernel reads it */
	MAX_DEPTH = 8,        /* scripts that start scripts */
	MAX_INCLUDES = 64,
	MAX_PATH_LEN = 4096,
};

#define NONE SIZE_MAX /* no place in the profile */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct builder {
	const struct guard_tree *tree;
	struct guard_profile *p;
	struct guard_image_notes *notes;
	struct sk_err *err;
	struct sk_arena *arena;
	const char *path;
	struct sk_map seen;         /* libraries that were looked at, by their path */
	struct sk_map commands;     /* programs and scripts that were looked at */
	const char *dirs[MAX_DIRS]; /* of the system's libraries */
	size_t n_dirs;
	size_t n_includes;
	bool dynamic; /* something uses the dynamic linker */
};

static void sk_printf_like(2, 3) note(struct builder *b, const char *fmt, ...)
{
	struct guard_image_notes *notes = b->notes;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < notes->n_items; i++)
		if (strcmp(notes->items[i], text) == 0)
			return;
	if (notes->n_items < SK_ARRAY_LEN(notes->items))
		notes->items[notes->n_items++] = sk_arena_strdup(notes->arena, text);
}

static const char *join(struct builder *b, struct sk_span dir, const char *name)
{
	return sk_arena_printf(b->arena, "%.*s/%s", SK_SPAN_ARG(dir), name);
}

/* Library directories */

static void add_dir(struct builder *b, struct sk_span dir)
{
	dir = sk_span_trim(dir);
	if (dir.len == 0 || dir.ptr[0] != '/' || dir.len > MAX_PATH_LEN || b->n_dirs == MAX_DIRS)
		return;
	b->dirs[b->n_dirs++] = sk_arena_str(b->arena, dir);
}

static bool read_text(struct builder *b, const char *path, struct sk_buf *ret)
{
	struct guard_tree_file f;
	char *to;
	int64_t n = -1;

	if (!guard_tree_find(b->tree, path, b->arena, &f))
		return false;
	sk_buf_init(ret, MAX_SCRIPT);
	to = sk_buf_reserve(ret, f.size < MAX_SCRIPT ? (size_t)f.size : MAX_SCRIPT);
	if (to != NULL)
		n = sk_pread_full(f.fd, to, f.size < MAX_SCRIPT ? (size_t)f.size : MAX_SCRIPT, 0);
	ret->len += n > 0 ? (size_t)n : 0;
	guard_tree_close(&f);
	return true;
}

static void read_conf(struct builder *b, const char *path, int depth);

/* "include /etc/ld.so.conf.d/" star ".conf" */
static void read_include(struct builder *b, struct sk_span pattern, int depth)
{
	const char **names;
	const char *dir = sk_arena_str(b->arena, sk_path_dir(pattern));
	size_t n = guard_tree_each(b->tree, dir, b->arena, &names);

	for (size_t i = 0; i < n; i++) {
		const char *path = join(b, sk_span_str(dir), names[i]);

		if (guard_pattern_match(pattern, sk_span_str(path)))
			read_conf(b, path, depth + 1);
	}
}

static void read_conf(struct builder *b, const char *path, int depth)
{
	struct sk_span rest, line;
	struct sk_buf text;

	if (depth > MAX_DEPTH || ++b->n_includes > MAX_INCLUDES || !read_text(b, path, &text))
		return;
	rest = sk_buf_span(&text);
	while (sk_span_line(&rest, &line)) {
		line = sk_span_trim(sk_span_sub(line, 0, sk_span_find(line, '#')));
		if (sk_span_strip_prefix(&line, "include "))
			read_include(b, sk_span_trim(line), depth);
		else
			add_dir(b, line);
	}
	sk_buf_release(&text);
}

static void read_musl_paths(struct builder *b)
{
	static const char *const files[] = {"/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path",
					    "/etc/ld-musl-i386.path"};

	for (size_t i = 0; i < SK_ARRAY_LEN(files); i++) {
		struct sk_span rest, line, dir;
		struct sk_buf text;

		if (!read_text(b, files[i], &text))
			continue;
		rest = sk_buf_span(&text);
		while (sk_span_line(&rest, &line))
			while (sk_span_cut(&line, ':', &dir))
				add_dir(b, dir);
		sk_buf_release(&text);
	}
}

static void find_dirs(struct builder *b)
{
	static const char *const usual[] = {
		"/lib/x86_64-linux-gnu",
		"/usr/lib/x86_64-linux-gnu",
		"/lib/aarch64-linux-gnu",
		"/usr/lib/aarch64-linux-gnu",
		"/lib/i386-linux-gnu",
		"/usr/lib/i386-linux-gnu",
		"/lib64",
		"/usr/lib64",
		"/lib",
		"/usr/local/lib",
		"/usr/lib",
		"/lib32",
		"/usr/lib32",
	};

	read_conf(b, "/etc/ld.so.conf", 0);
	read_musl_paths(b);
	for (size_t i = 0; i < SK_ARRAY_LEN(usual); i++)
		add_dir(b, sk_span_str(usual[i]));
}

/* Libraries */

static bool fits(const struct guard_elf *lib, const struct guard_elf *user)
{
	return lib->is_64 == user->is_64 && lib->machine == user->machine;
}

static bool is_first(struct sk_map *map, const char *path)
{
	size_t n = map->n_items;

	(void)sk_map_put(map, sk_span_str(path), 0);
	return map->n_items != n;
}

/* 1, or negative. What it needs itself is added by add_closure(). */
static int add_library(struct builder *b, struct guard_tree_file *f)
{
	struct guard_content content;
	int r;

	if (!is_first(&b->seen, f->path))
		return 1;
	if (b->seen.n_items > MAX_FILES)
		return sk_err_set(b->err, SK_E_LIMIT, "more than %d files are needed", MAX_FILES);
	r = guard_tree_hash(f, &content, b->err);
	if (r < 0)
		return r;
	(void)guard_profile_add_library(b->p, &content, NULL);
	return 1;
}

/* 1 found and added, 0 not there, negative. */
static int try_library(struct builder *b, const char *path, const struct guard_elf *user)
{
	struct guard_tree_file f;
	struct guard_elf_source src;
	struct guard_elf elf;
	struct sk_err ignored = {0};
	int r;

	if (!guard_tree_find(b->tree, path, b->arena, &f))
		return 0;
	src = guard_tree_source(&f);
	r = guard_elf_read(&src, b->arena, &elf, &ignored);
	if (r != 1 || !fits(&elf, user))
		r = 0; /* the dynamic linker goes on looking too */
	else
		r = add_library(b, &f);
	guard_tree_close(&f);
	return r < 0 ? r : r == 1;
}

/* "$ORIGIN/../lib" of a file in /usr/bin: "/usr/bin/../lib". */
static const char *expand_origin(struct builder *b, struct sk_span dir, const char *of)
{
	struct sk_span origin = sk_path_dir(sk_span_str(of));
	struct sk_span rest = dir;

	if (sk_span_strip_prefix(&rest, "$ORIGIN") || sk_span_strip_prefix(&rest, "${ORIGIN}"))
		return sk_arena_printf(b->arena, "%.*s%.*s", SK_SPAN_ARG(origin),
				       SK_SPAN_ARG(rest));
	return sk_arena_str(b->arena, dir);
}

static int search_list(struct builder *b, const char *list, const char *of, const char *name,
		       const struct guard_elf *user)
{
	struct sk_span rest = sk_span_str(list), dir;
	int r = 0;

	while (r == 0 && list != NULL && sk_span_cut(&rest, ':', &dir))
		if (dir.len != 0)
			r = try_library(b, join(b, sk_span_str(expand_origin(b, dir, of)), name),
					user);
	return r;
}

static int find_library(struct builder *b, const char *name, const char *of,
			const struct guard_elf *user)
{
	int r = 0;

	if (strlen(name) > MAX_PATH_LEN)
		return 0;
	if (strchr(name, '/') != NULL)
		return try_library(b, name, user);
	if (user->runpath == NULL)
		r = search_list(b, user->rpath, of, name, user);
	if (r == 0)
		r = search_list(b, user->runpath, of, name, user);
	for (size_t i = 0; r == 0 && i < b->n_dirs; i++)
		r = try_library(b, join(b, sk_span_str(b->dirs[i]), name), user);
	return r;
}

static int add_needed(struct builder *b, const char *of, const struct guard_elf *elf)
{
	for (size_t i = 0; i < elf->n_needed; i++) {
		int r = find_library(b, elf->needed[i], of, elf);

		if (r < 0)
			return r;
		if (r == 0)
			note(b, "%s needs %s, which was not found", of, elf->needed[i]);
	}
	return 0;
}

/* The libraries of libraries: those added since are looked at in turn, so nothing recurses. */
static int add_closure(struct builder *b, const char *path, const struct guard_elf *elf)
{
	size_t next = b->p->n_libraries;
	int r = add_needed(b, path, elf);

	if (r == 0 && elf->interp != NULL) {
		b->dynamic = true;
		r = try_library(b, elf->interp, elf);
		if (r == 0)
			note(b, "%s needs the loader %s, which was not found", path, elf->interp);
	}
	for (; r >= 0 && next < b->p->n_libraries; next++) {
		const char *lib = b->p->libraries[next].content.path;
		struct guard_tree_file f;
		struct guard_elf_source src;
		struct guard_elf inner;
		struct sk_err ignored = {0};

		if (!guard_tree_find(b->tree, lib, b->arena, &f))
			continue;
		src = guard_tree_source(&f);
		if (guard_elf_read(&src, b->arena, &inner, &ignored) == 1)
			r = add_needed(b, lib, &inner);
		guard_tree_close(&f);
	}
	return r < 0 ? r : 0;
}

/* Programs */

static bool is_named(struct sk_span path, const char *const *names, size_t n)
{
	struct sk_span base = sk_path_base(path);

	while (base.len != 0 &&
	       (base.ptr[base.len - 1] == '.' || sk_is_digit(base.ptr[base.len - 1])))
		base.len--;
	for (size_t i = 0; i < n; i++)
		if (sk_span_eq_str(base, names[i]))
			return true;
	return false;
}

static bool is_shell(const char *path)
{
	static const char *const shells[] = {"sh", "bash", "dash", "ash", "ksh", "zsh", "mksh"};

	return is_named(sk_span_str(path), shells, SK_ARRAY_LEN(shells));
}

static bool is_interpreter(const char *path)
{
	static const char *const names[] = {"python", "perl",  "ruby", "php",  "node",
					    "lua",    "tclsh", "awk",  "gawk", "mawk"};

	return is_shell(path) || is_named(sk_span_str(path), names, SK_ARRAY_LEN(names));
}

static bool is_multicall(const char *path)
{
	static const char *const names[] = {"busybox", "toybox", "coreutils"};

	return is_named(sk_span_str(path), names, SK_ARRAY_LEN(names));
}

/* Finds a command as a shell would. */
static bool find_command(struct builder *b, struct sk_span name, struct guard_tree_file *ret,
			 const char **ret_asked)
{
	struct sk_span rest = sk_span_str(b->path), dir;

	if (name.len == 0 || name.len > MAX_PATH_LEN)
		return false;
	if (sk_span_find(name, '/') < name.len) {
		*ret_asked = sk_arena_str(b->arena, name);
		return (*ret_asked)[0] == '/' &&
		       guard_tree_find(b->tree, *ret_asked, b->arena, ret);
	}
	while (sk_span_cut(&rest, ':', &dir)) {
		*ret_asked =
			sk_arena_printf(b->arena, "%.*s/%.*s", SK_SPAN_ARG(dir), SK_SPAN_ARG(name));
		if (!guard_tree_find(b->tree, *ret_asked, b->arena, ret))
			continue;
		if (ret->executable)
			return true;
		guard_tree_close(ret);
	}
	return false;
}

static int add_command(struct builder *b, struct sk_span name, const char *comment, int depth,
		       size_t *ret);

/* The program that a file is, as its place in the profile; @ret stays for what is none. */
static int add_program(struct builder *b, struct guard_tree_file *f, const char *asked,
		       const char *comment, size_t *ret)
{
	struct guard_elf_source src = guard_tree_source(f);
	struct guard_content content;
	struct guard_program *prog;
	struct sk_err damage = {0};
	struct guard_elf elf;
	bool fresh = false;
	int r = guard_elf_read(&src, b->arena, &elf, &damage);

	if (r < 0)
		note(b, "%s: %s", f->path, damage.msg);
	if (r <= 0)
		return 0;
	r = guard_tree_hash(f, &content, b->err);
	if (r < 0)
		return r;
	prog = guard_profile_add_program(b->p, &content, &fresh);
	if (prog == NULL)
		return sk_err_set(b->err, SK_E_LIMIT, "more programs than a profile can hold");
	if (fresh) {
		prog->item.comment = sk_arena_strdup(b->p->arena, comment);
		prog->interpreter = is_interpreter(f->path);
		prog->multicall = is_multicall(f->path);
		r = add_closure(b, f->path, &elf);
	}
	if (prog->multicall) {
		const char *applet = sk_path_base(sk_span_str(asked)).ptr;

		(void)guard_profile_add_text(b->p, &prog->applets, applet, NULL);
		prog->interpreter = prog->interpreter || is_shell(applet);
	}
	*ret = (size_t)(prog - b->p->programs);
	return r;
}

/* Words that a shell does itself, or that only look like commands. */
static bool is_shell_word(struct sk_span word)
{
	static const char *const words[] = {
		"if",      "then",     "else",    "elif",   "fi",     "for",     "while",
		"until",   "do",       "done",    "case",   "esac",   "in",      "function",
		"select",  "time",     "{",       "}",      "[[",     "]]",      "!",
		"[",       "]",        "test",    "echo",   "printf", "cd",      "exit",
		"return",  "set",      "unset",   "export", "shift",  "local",   "read",
		"eval",    "trap",     "wait",    "true",   "false",  "break",   "continue",
		"pwd",     "umask",    "source",  ".",      ":",      "alias",   "declare",
		"typeset", "readonly", "getopts", "ulimit", "type",   "command", "builtin",
		"hash",    "let",      "kill",    "jobs",   "fg",     "bg",
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(words); i++)
		if (sk_span_eq_str(word, words[i]))
			return true;
	return false;
}

/* After these the next word is a command again. */
static bool leads_to_command(struct sk_span word)
{
	static const char *const words[] = {"then",  "else",  "elif", "do",      "if",
					    "while", "until", "!",    "exec",    "time",
					    "{",     "nohup", "env",  "command", "nice"};

	for (size_t i = 0; i < SK_ARRAY_LEN(words); i++)
		if (sk_span_eq_str(word, words[i]))
			return true;
	return false;
}

static bool is_command_char(char c)
{
	return sk_is_alnum(c) || c == '/' || c == '.' || c == '_' || c == '-' || c == '+' ||
	       c == '[' || c == '!' || c == '{' || c == ':';
}

/* Tries each word at which a command could stand; more than there are is better than fewer. */
static int scan_line(struct builder *b, struct sk_span line, const char *script, int depth)
{
	bool command = true;
	size_t i = 0;
	int r = 0;

	while (r >= 0 && i < line.len && line.ptr[i] != '#') {
		size_t end = i;
		struct sk_span word;

		while (end < line.len && is_command_char(line.ptr[end]))
			end++;
		word = sk_span_sub(line, i, end - i);
		if (word.len == 0) {
			command = command ? line.ptr[i] == ' ' || line.ptr[i] == '\t' : false;
			command = command || strchr(";|&(`", line.ptr[i]) != NULL;
			i++;
			continue;
		}
		if (command && end < line.len && line.ptr[end] == '=') {
			/* an assignment in front: skip its value */
			while (end < line.len && line.ptr[end] != ' ' && line.ptr[end] != ';')
				end++;
		} else if (command && !is_shell_word(word)) {
			const char *comment = sk_arena_printf(b->arena, "named in %s", script);
			size_t ignored = NONE;

			r = add_command(b, word, comment, depth + 1, &ignored);
			command = leads_to_command(word);
		} else {
			command = command && leads_to_command(word);
		}
		i = end;
	}
	return r;
}

static int scan_shell(struct builder *b, const char *script, struct sk_span text, int depth)
{
	struct sk_span line;
	int r = 0;

	(void)sk_span_line(&text, &line); /* "#!" */
	while (r >= 0 && sk_span_line(&text, &line))
		r = scan_line(b, sk_span_trim(line), script, depth);
	return r < 0 ? r : 0;
}

/* "#!/usr/bin/env -S python3 -u": interpreter and the words after it. */
static bool parse_hashbang(struct sk_span text, struct sk_span *ret_interp,
			   struct sk_span *ret_rest)
{
	struct sk_span line = sk_span_sub(text, 0, sk_span_find(text, '\n'));
	size_t end;

	line = sk_span_sub(line, 0, MAX_LINE);
	if (!sk_span_strip_prefix(&line, "#!"))
		return false;
	line = sk_span_trim(line);
	end = sk_span_find(line, ' ');
	if (sk_span_find(line, '\t') < end)
		end = sk_span_find(line, '\t');
	*ret_interp = sk_span_sub(line, 0, end);
	*ret_rest = sk_span_trim(sk_span_sub(line, end, line.len));
	return ret_interp->len != 0;
}

static int add_script(struct builder *b, struct guard_tree_file *f, const char *comment, int depth,
		      size_t *ret)
{
	size_t prog = NONE, env = NONE;
	struct sk_span interp, rest;
	struct guard_content content;
	struct guard_script *script;
	struct sk_buf text;
	int r;

	if (!read_text(b, f->path, &text))
		return 0;
	if (!parse_hashbang(sk_buf_span(&text), &interp, &rest)) {
		sk_buf_release(&text);
		note(b, "%s is neither a program nor a script with #!", f->path);
		return 0;
	}
	r = add_command(b, interp, "interpreter", depth + 1, &prog);
	if (r >= 0 && prog != NONE && sk_span_eq_str(sk_path_base(interp), "env")) {
		env = prog;
		prog = NONE;
		(void)sk_span_strip_prefix(&rest, "-S ");
		r = add_command(b, sk_span_sub(rest, 0, sk_span_find(rest, ' ')), "interpreter",
				depth + 1, &prog);
	}
	if (r >= 0 && prog == NONE)
		note(b, "%s: its interpreter %.*s was not found", f->path, SK_SPAN_ARG(interp));
	if (r >= 0)
		r = guard_tree_hash(f, &content, b->err);
	if (r >= 0 && env != NONE)
		/* both are started for the script: env first, then what it finds */
		b->p->programs[env].interpreter = true;
	if (r >= 0 && prog != NONE) {
		b->p->programs[prog].interpreter = true;
		script = guard_profile_add_script(b->p, &b->p->programs[prog], &content, NULL);
		if (script != NULL)
			script->item.comment = sk_arena_strdup(b->p->arena, comment);
		*ret = prog;
	}
	if (r >= 0 && is_shell(sk_arena_str(b->arena, interp)))
		r = scan_shell(b, f->path, sk_buf_span(&text), depth);
	sk_buf_release(&text);
	return r < 0 ? r : 0;
}

static int add_command(struct builder *b, struct sk_span name, const char *comment, int depth,
		       size_t *ret)
{
	const char *asked = NULL;
	struct guard_tree_file f;
	size_t prog = NONE;
	int r;

	if (depth > MAX_DEPTH || !find_command(b, name, &f, &asked))
		return 0;
	if (b->commands.n_items > MAX_FILES) {
		guard_tree_close(&f);
		return sk_err_set(b->err, SK_E_LIMIT, "more than %d files are needed", MAX_FILES);
	}
	r = add_program(b, &f, asked, comment, &prog);
	if (r >= 0 && prog == NONE && f.executable && is_first(&b->commands, f.path))
		r = add_script(b, &f, comment, depth, &prog);
	guard_tree_close(&f);
	if (r >= 0)
		*ret = prog;
	return r < 0 ? r : 0;
}

/* The entry point may hand over to what follows: docker-entrypoint.sh httpd -D FOREGROUND. */
static int add_start(struct builder *b, const struct guard_image_start *start)
{
	size_t at = NONE, next = NONE;
	struct guard_program *prog;
	struct sk_buf shape;
	int r = add_command(b, sk_span_str(start->args[0]), "entry point", 0, &at);

	if (r < 0)
		return r;
	if (at == NONE)
		return sk_err_set(b->err, SK_E_NOT_FOUND, "the entry point was not found");
	prog = &b->p->programs[at];
	prog->main = true;
	sk_buf_init(&shape, MAX_PATH_LEN);
	if (prog->n_scripts == 0 && guard_shape_of(start->args, start->n_args, &shape))
		(void)guard_profile_add_text(b->p, &prog->shapes, shape.ptr, NULL);
	sk_buf_release(&shape);
	if (start->n_args > 2 && strcmp(start->args[1], "-c") == 0 && prog->interpreter) {
		prog->inline_code = true;
		return scan_line(b, sk_span_str(start->args[2]), "the command line", 0);
	}
	if (start->n_args > 1 && start->args[1][0] != '-')
		r = add_command(b, sk_span_str(start->args[1]), "command of the entry point", 0,
				&next);
	return r;
}

int guard_profile_from_tree(const struct guard_tree *tree, const struct guard_image_start *start,
			    struct guard_profile **ret, struct guard_image_notes *notes,
			    struct sk_err *err)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	struct builder b = {.tree = tree, .notes = notes, .err = err, .arena = a};
	int r;

	if (start->n_args == 0)
		return sk_err_set(err, SK_E_USAGE, "an entry point is needed");
	p = guard_profile_new(start->service != NULL
				      ? start->service
				      : sk_path_base(sk_span_str(start->args[0])).ptr);
	b.p = p;
	b.path = start->path != NULL ? start->path : DEFAULT_PATH;
	find_dirs(&b);
	r = add_start(&b, start);
	if (r >= 0 && b.dynamic)
		note(&b, "libraries that programs open by name (plug-ins, name service) are not "
			 "known this way: learn, and merge");
	if (r >= 0)
		note(&b, "files, peers, capabilities and system calls are not known this way");
	sk_map_release(&b.seen);
	sk_map_release(&b.commands);
	if (r < 0)
		return r;
	*ret = sk_take(p);
	return 0;
}
