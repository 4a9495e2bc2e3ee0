/* SPDX-License-Identifier: Apache-2.0 */
/* Many files opened or mapped for one cause: how many, what they are below, some examples. */
#include <string.h>

#include "base/text.h"
#include "guard/output-priv.h"

enum {
	ANY_EXAMPLES = 3, /* taken as they come; further ones are of other directories */
	TEXT_BYTES = 64 << 10,
};

static size_t directory_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash - path) : 0;
}

/* What both are below, ending before a slash. */
static size_t common_len(const char *a, size_t len, const char *path)
{
	size_t n = 0, last = 0;

	while (n < len && a[n] == path[n])
		if (a[n++] == '/')
			last = n - 1;
	return n == len && path[n] == '/' ? len : last;
}

static bool is_telling(const struct guard_output_files *f, const char *path)
{
	size_t len = directory_len(path);

	if (f->n_examples == GUARD_MAX_EXAMPLES)
		return false;
	for (size_t i = 0; i < f->n_examples && f->n_examples >= ANY_EXAMPLES; i++)
		if (directory_len(f->examples[i]) == len && memcmp(f->examples[i], path, len) == 0)
			return false;
	return true;
}

void guard_output_files_add(struct guard_output_files *f, const char *path)
{
	uint64_t hash = sk_hash64(sk_span_str(path));
	uint64_t *kept;

	if (f->directory == NULL) {
		f->directory = sk_arena_strdup(f->arena, path);
		f->directory_len = directory_len(path);
	}
	f->directory_len = common_len(f->directory, f->directory_len, path);
	if (f->seen.n_items == GUARD_MAX_FILES ||
	    sk_map_get(&f->seen, sk_span_of(&hash, sizeof(hash)), NULL))
		return;
	kept = sk_arena_alloc(f->arena, sizeof(*kept));
	*kept = hash;
	(void)sk_map_put(&f->seen, sk_span_of(kept, sizeof(*kept)), 0);
	if (is_telling(f, path))
		f->examples[f->n_examples++] = sk_arena_strdup(f->arena, path);
}

static const char *whole_text(const struct guard_output_files *f, const struct guard_event *e)
{
	struct sk_buf b;
	const char *text;

	sk_buf_init(&b, TEXT_BYTES);
	(void)sk_buf_printf(&b, "%s; and %zu%s other %s below '", e->reason_text, e->n_files - 1,
			    e->n_files == GUARD_MAX_FILES ? " or more" : "",
			    e->kind == GUARD_KIND_MMAP ? e->n_files == 2 ? "library" : "libraries"
			    : e->n_files == 2          ? "file"
						       : "files");
	(void)sk_text_escape(&b, sk_span_str(e->files_directory));
	(void)sk_buf_add_char(&b, '\'');
	text = sk_arena_str(f->arena, sk_buf_span(&b));
	sk_buf_release(&b);
	return text;
}

void guard_output_files_tell(const struct guard_output_files *f, struct guard_event *e)
{
	if (f->seen.n_items < 2)
		return;
	e->n_files = f->seen.n_items;
	e->files_directory =
		f->directory_len != 0
			? sk_arena_str(f->arena, sk_span_of(f->directory, f->directory_len))
			: "/";
	memcpy(e->files_examples, f->examples, sizeof(f->examples));
	e->n_files_examples = f->n_examples;
	if (e->reason_text != NULL)
		e->reason_text = whole_text(f, e);
}

void guard_output_files_release(struct guard_output_files *f)
{
	sk_map_release(&f->seen);
	memset(f, 0, sizeof(*f));
}
