/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles as YAML text, format "stockade.profile/1" (docs/formats/profile.md). Items are sorted,
 * so that what was learned in another order gives the same bytes and a review shows only what
 * changed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/parse.h"
#include "guard/names.h"
#include "guard/profile-priv.h"
#include "guard/profile-yaml-priv.h"
#include "guard/profile-yaml.h"

enum {
	FOLD_COLUMN = 96, /* lists of words are folded here */
};

struct writer {
	const struct guard_profile *p;
	struct sk_buf out;
	size_t order[GUARD_MAX_IMAGES]; /* written place → place in the profile */
};

static void put_text(struct writer *w, const char *key, const char *text)
{
	if (text == NULL)
		return;
	(void)sk_buf_printf(&w->out, "%s: ", key);
	guard_write_text(&w->out, text, false);
	(void)sk_buf_add_char(&w->out, '\n');
}

static void put_time(struct writer *w, const char *key, int64_t t)
{
	char text[SK_TIME_TEXT_SIZE];

	if (t != 0)
		(void)sk_buf_printf(&w->out, "%s: %s\n", key, sk_format_time(t, text));
}

static void put_u64(struct writer *w, const char *key, uint64_t value)
{
	if (value != 0)
		(void)sk_buf_printf(&w->out, "%s: %llu\n", key, (unsigned long long)value);
}

/* A list of words on one line, folded where it becomes long. */
struct words {
	struct writer *w;
	int indent;
	size_t line_start;
	bool any;
};

static void words_begin(struct words *ws, struct writer *w, int indent, const char *key)
{
	ws->w = w;
	ws->indent = indent + 2;
	ws->line_start = w->out.len;
	ws->any = false;
	(void)sk_buf_printf(&w->out, "%*s%s: [", indent, "", key);
}

static void words_add(struct words *ws, const char *word)
{
	struct sk_buf *b = &ws->w->out;

	if (ws->any)
		(void)sk_buf_add_char(b, ',');
	if (b->len - ws->line_start + strlen(word) > FOLD_COLUMN) {
		(void)sk_buf_add_char(b, '\n');
		ws->line_start = b->len;
		(void)sk_buf_printf(b, "%*s", ws->indent, "");
	} else if (ws->any) {
		(void)sk_buf_add_char(b, ' ');
	}
	guard_write_text(b, word, true);
	ws->any = true;
}

static void words_end(struct words *ws)
{
	(void)sk_buf_add_str(&ws->w->out, "]\n");
}

/* Items */

static void add_image_numbers(struct writer *w, uint64_t images)
{
	bool any = false;

	(void)sk_buf_add_char(&w->out, '[');
	for (size_t i = 0; i < w->p->n_images; i++) {
		if ((images >> w->order[i] & 1) == 0)
			continue;
		(void)sk_buf_printf(&w->out, "%s%zu", any ? ", " : "", i + 1);
		any = true;
	}
	(void)sk_buf_add_char(&w->out, ']');
}

static uint64_t known_images(const struct writer *w, uint64_t images)
{
	size_t n = w->p->n_images;

	return n >= 64 ? images : images & ((1ull << n) - 1);
}

static void put_item(struct writer *w, int indent, const struct guard_item *item)
{
	uint64_t images = known_images(w, item->images);
	const char *sep = "";
	char text[SK_TIME_TEXT_SIZE];

	if (item->comment != NULL) {
		(void)sk_buf_printf(&w->out, "%*s", indent, "");
		put_text(w, "comment", item->comment);
	}
	if (images == 0 && item->count == 0 && item->first == 0 && item->last == 0)
		return;
	(void)sk_buf_printf(&w->out, "%*sseen: {", indent, "");
	if (images != 0) {
		(void)sk_buf_add_str(&w->out, "images: ");
		add_image_numbers(w, images);
		sep = ", ";
	}
	if (item->count != 0) {
		(void)sk_buf_printf(&w->out, "%scount: %llu", sep, (unsigned long long)item->count);
		sep = ", ";
	}
	if (item->first != 0) {
		(void)sk_buf_printf(&w->out, "%sfirst: %s", sep, sk_format_time(item->first, text));
		sep = ", ";
	}
	if (item->last != 0)
		(void)sk_buf_printf(&w->out, "%slast: %s", sep, sk_format_time(item->last, text));
	(void)sk_buf_add_str(&w->out, "}\n");
}

static void put_sha256(struct writer *w, int indent, const struct guard_content *c)
{
	char hex[2 * GUARD_SHA256_BYTES + 1];

	if (!c->has_sha256)
		return;
	(void)sk_buf_printf(&w->out, "%*ssha256: %s\n%*ssize: %llu\n", indent, "",
			    sk_format_hex(c->sha256, GUARD_SHA256_BYTES, hex), indent, "",
			    (unsigned long long)c->size);
}

/* The first line of an item, "- path: …", and what follows at the same depth. */
static void put_content(struct writer *w, int indent, const struct guard_content *c)
{
	(void)sk_buf_printf(&w->out, "%*s- ", indent, "");
	put_text(w, "path", c->path != NULL ? c->path : "");
	put_sha256(w, indent + 2, c);
}

static int compare_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_content(const struct guard_content *a, const struct guard_content *b)
{
	int order = compare_text(a->path, b->path);

	if (order != 0)
		return order;
	if (a->has_sha256 != b->has_sha256)
		return a->has_sha256 ? 1 : -1;
	return memcmp(a->sha256, b->sha256, sizeof(a->sha256));
}

#define COMPARE(name, type, expr)                                                                  \
	static int name(const void *pa, const void *pb)                                            \
	{                                                                                          \
		const struct type *a = *(const struct type *const *)pa;                            \
		const struct type *b = *(const struct type *const *)pb;                            \
                                                                                                   \
		return expr;                                                                       \
	}

COMPARE(compare_program, guard_program, compare_content(&a->content, &b->content))
COMPARE(compare_script, guard_script, compare_content(&a->content, &b->content))
COMPARE(compare_library, guard_library, compare_content(&a->content, &b->content))
COMPARE(compare_word, guard_text_item, compare_text(a->text, b->text))
COMPARE(compare_file, guard_file, compare_text(a->pattern, b->pattern))

static int compare_peer(const void *pa, const void *pb)
{
	const struct guard_peer *a = *(const struct guard_peer *const *)pa;
	const struct guard_peer *b = *(const struct guard_peer *const *)pb;
	int order = compare_text(a->name, b->name);

	if (order == 0)
		order = compare_text(a->address, b->address);
	if (order == 0)
		order = compare_text(a->protocol, b->protocol);
	return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

static int compare_listen(const void *pa, const void *pb)
{
	const struct guard_listen *a = *(const struct guard_listen *const *)pa;
	const struct guard_listen *b = *(const struct guard_listen *const *)pb;
	int order = compare_text(a->protocol, b->protocol);

	return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

const void **guard_sorted(const void *items, size_t n, size_t size,
			  int (*compare)(const void *, const void *))
{
	const void **list = sk_realloc_array(NULL, n != 0 ? n : 1, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = (const char *)items + i * size;
	qsort(list, n, sizeof(*list), compare);
	return list;
}

const void **guard_sorted_programs(const struct guard_profile *p)
{
	return guard_sorted(p->programs, p->n_programs, sizeof(*p->programs), compare_program);
}

static void put_list(struct writer *w, int indent, const char *key,
		     const struct guard_text_list *list, uint64_t images)
{
	sk_cleanup(sk_freep) const void **sorted =
		guard_sorted(list->items, list->n_items, sizeof(*list->items), compare_word);

	if (list->n_items == 0)
		return;
	(void)sk_buf_printf(&w->out, "%*s%s:\n", indent, "", key);
	for (size_t i = 0; i < list->n_items; i++) {
		const struct guard_text_item *item = sorted[i];
		bool same = known_images(w, item->item.images) == known_images(w, images);

		(void)sk_buf_printf(&w->out, "%*s- ", indent + 2, "");
		if (same && item->item.comment == NULL) {
			guard_write_text(&w->out, item->text, false);
			(void)sk_buf_add_char(&w->out, '\n');
			continue;
		}
		put_text(w, "text", item->text);
		if (!same) {
			(void)sk_buf_printf(&w->out, "%*simages: ", indent + 4, "");
			add_image_numbers(w, item->item.images);
			(void)sk_buf_add_char(&w->out, '\n');
		}
		if (item->item.comment != NULL) {
			(void)sk_buf_printf(&w->out, "%*s", indent + 4, "");
			put_text(w, "comment", item->item.comment);
		}
	}
}

static void put_traits(struct writer *w, const struct guard_program *prog)
{
	struct words ws;
	bool any = false;

	for (size_t i = 0; i < GUARD_N_TRAITS; i++)
		any = any || *guard_trait((struct guard_program *)(uintptr_t)prog, i);
	if (!any)
		return;
	words_begin(&ws, w, 4, "traits");
	for (size_t i = 0; i < GUARD_N_TRAITS; i++)
		if (*guard_trait((struct guard_program *)(uintptr_t)prog, i))
			words_add(&ws, guard_trait_name(i));
	words_end(&ws);
}

/** struct section - a list of items, sorted */
struct section {
	const char *head;
	size_t items; /* offsets of the array and its count in what has the list */
	size_t n;
	size_t size;
	int (*compare)(const void *, const void *);
	void (*put)(struct writer *w, const void *item);
};

#define SECTION(text, type, member, count, order, fn)                                              \
	{                                                                                          \
		.head = text, .items = offsetof(struct type, member),                              \
		.n = offsetof(struct type, count), .size = sizeof(*((struct type *)NULL)->member), \
		.compare = order, .put = fn                                                        \
	}

static void put_section(struct writer *w, const void *owner, const struct section *s)
{
	const void *items = *(const void *const *)((const char *)owner + s->items);
	size_t n = *(const size_t *)((const char *)owner + s->n);
	sk_cleanup(sk_freep) const void **sorted = guard_sorted(items, n, s->size, s->compare);

	if (n != 0)
		(void)sk_buf_add_str(&w->out, s->head);
	for (size_t i = 0; i < n; i++)
		s->put(w, sorted[i]);
}

static void put_script(struct writer *w, const void *item)
{
	const struct guard_script *script = item;

	put_content(w, 6, &script->content);
	put_item(w, 8, &script->item);
}

static const struct section scripts =
	SECTION("    scripts:\n", guard_program, scripts, n_scripts, compare_script, put_script);

static void put_program(struct writer *w, const void *item)
{
	const struct guard_program *prog = item;

	put_content(w, 2, &prog->content);
	put_traits(w, prog);
	put_list(w, 4, "applets", &prog->applets, prog->item.images);
	put_list(w, 4, "parents", &prog->parents, prog->item.images);
	put_list(w, 4, "arguments", &prog->shapes, prog->item.images);
	put_section(w, prog, &scripts);
	put_item(w, 4, &prog->item);
}

static const struct section programs = SECTION("\nexecutables:\n", guard_profile, programs,
					       n_programs, compare_program, put_program);

static void put_library(struct writer *w, const void *item)
{
	const struct guard_library *lib = item;

	put_content(w, 2, &lib->content);
	put_item(w, 4, &lib->item);
}

static const struct section libraries = SECTION("\nlibraries:\n", guard_profile, libraries,
						n_libraries, compare_library, put_library);

static void put_file(struct writer *w, const void *item)
{
	static const char *const access[] = {"none", "read", "write", "read+write"};
	const struct guard_file *file = item;

	(void)sk_buf_add_str(&w->out, "  - ");
	put_text(w, "pattern", file->pattern);
	(void)sk_buf_printf(&w->out, "    access: %s\n", access[file->access & 3]);
	put_item(w, 4, &file->item);
}

static const struct section files =
	SECTION("\nfiles:\n", guard_profile, files, n_files, compare_file, put_file);

static void put_peer(struct writer *w, const void *item)
{
	const struct guard_peer *peer = item;

	(void)sk_buf_add_str(&w->out, "  - ");
	put_text(w, peer->name != NULL ? "name" : "address",
		 peer->name != NULL ? peer->name : peer->address);
	if (peer->protocol != NULL) {
		(void)sk_buf_add_str(&w->out, "    ");
		put_text(w, "protocol", peer->protocol);
	}
	if (peer->port != 0)
		(void)sk_buf_printf(&w->out, "    port: %u\n", peer->port);
	put_item(w, 4, &peer->item);
}

static const struct section peers =
	SECTION("\npeers:\n", guard_profile, peers, n_peers, compare_peer, put_peer);

static void put_port(struct writer *w, const void *item)
{
	const struct guard_listen *port = item;

	(void)sk_buf_printf(&w->out, "  - port: %u\n    protocol: %s\n", port->port,
			    port->protocol != NULL ? port->protocol : "tcp");
	put_item(w, 4, &port->item);
}

static const struct section ports =
	SECTION("\nlisten:\n", guard_profile, listen, n_listen, compare_listen, put_port);

static uint64_t all_images(const struct guard_profile *p)
{
	return p->n_images == GUARD_MAX_IMAGES ? UINT64_MAX : (1ull << p->n_images) - 1;
}

static void put_names_asked(struct writer *w)
{
	if (w->p->names.n_items != 0)
		(void)sk_buf_add_char(&w->out, '\n');
	put_list(w, 0, "names", &w->p->names, all_images(w->p));
}

static int compare_names(const void *pa, const void *pb)
{
	return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

static void put_names(struct writer *w, const char *key, const char **names, size_t n)
{
	struct words ws;

	if (n == 0)
		return;
	qsort(names, n, sizeof(*names), compare_names);
	(void)sk_buf_add_char(&w->out, '\n');
	words_begin(&ws, w, 0, key);
	for (size_t i = 0; i < n; i++)
		words_add(&ws, names[i]);
	words_end(&ws);
}

static void put_capabilities(struct writer *w)
{
	const char *names[64];
	size_t n = 0;

	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++)
		if ((w->p->capabilities >> i & 1) != 0)
			names[n++] = guard_capability_name(i);
	put_names(w, "capabilities", names, n);
}

static void put_syscalls(struct writer *w)
{
	char unknown[GUARD_N_SYSCALLS][sizeof("syscall_4294967295")];
	const char *names[GUARD_N_SYSCALLS];
	size_t n = 0;

	for (unsigned i = 0; i < GUARD_N_SYSCALLS; i++) {
		if ((w->p->syscalls[i / 64] >> i % 64 & 1) == 0)
			continue;
		names[n] = guard_syscall_name(i);
		if (names[n] == NULL) {
			(void)snprintf(unknown[i], sizeof(unknown[i]), "syscall_%u", i);
			names[n] = unknown[i];
		}
		n++;
	}
	put_names(w, "syscalls", names, n);
	if (w->p->syscalls_ia32)
		(void)sk_buf_add_str(&w->out, "syscalls_ia32: true\n");
}

/* The head */

static void put_modes(struct writer *w)
{
	bool any = false;

	if (w->p->mode != GUARD_MODE_UNSET)
		put_text(w, "mode", guard_mode_name(w->p->mode));
	for (size_t i = 0; i < GUARD_N_SECTIONS; i++) {
		if (w->p->section_modes[i] == GUARD_MODE_UNSET)
			continue;
		if (!any)
			(void)sk_buf_add_str(&w->out, "modes:\n");
		any = true;
		(void)sk_buf_printf(&w->out, "  %s: %s\n",
				    guard_section_name((enum guard_section)i),
				    guard_mode_name(w->p->section_modes[i]));
	}
}

static void put_unseen(struct writer *w)
{
	struct words ws;

	if (w->p->unseen == 0)
		return;
	words_begin(&ws, w, 2, "unseen");
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++)
		if ((w->p->unseen & 1u << i) != 0)
			words_add(&ws, guard_section_name((enum guard_section)i));
	words_end(&ws);
}

static void put_learned(struct writer *w)
{
	const struct guard_profile *p = w->p;
	size_t start = w->out.len;
	size_t empty;

	(void)sk_buf_add_str(&w->out, "learned:\n");
	empty = w->out.len;
	put_time(w, "  first", p->first);
	put_time(w, "  last", p->last);
	put_time(w, "  last_new", p->last_new);
	put_u64(w, "  seconds", p->learned_s);
	put_u64(w, "  runs", p->runs);
	put_u64(w, "  replicas", p->replicas);
	put_u64(w, "  starts", p->starts);
	put_u64(w, "  lost", p->lost);
	if (p->incomplete)
		(void)sk_buf_add_str(&w->out, "  incomplete: true\n");
	put_unseen(w);
	if (w->out.len == empty)
		w->out.len = start;
}

static void put_images(struct writer *w)
{
	const struct guard_profile *p = w->p;

	if (p->n_images != 0)
		(void)sk_buf_add_str(&w->out, "images:\n");
	for (size_t i = 0; i < p->n_images; i++) {
		const struct guard_image *image = &p->images[w->order[i]];

		(void)sk_buf_add_str(&w->out, "  - ");
		put_text(w, "digest", image->digest);
		if (image->reference != NULL) {
			(void)sk_buf_add_str(&w->out, "    ");
			put_text(w, "reference", image->reference);
		}
		put_time(w, "    first", image->first);
		put_time(w, "    last", image->last);
	}
}

static int compare_images(const struct guard_image *a, const struct guard_image *b)
{
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return strcmp(a->digest, b->digest);
}

/* Insertion: at most GUARD_MAX_IMAGES. */
static void sort_images(struct writer *w)
{
	for (size_t i = 0; i < w->p->n_images; i++) {
		size_t at = i;

		while (at > 0 &&
		       compare_images(&w->p->images[w->order[at - 1]], &w->p->images[i]) > 0) {
			w->order[at] = w->order[at - 1];
			at--;
		}
		w->order[at] = i;
	}
}

int guard_profile_write(const struct guard_profile *p, const struct sk_sink *sink)
{
	struct writer w = {.p = p};
	int r;

	sk_buf_init(&w.out, GUARD_PROFILE_MAX_BYTES);
	sort_images(&w);
	(void)sk_buf_add_str(&w.out,
			     "# What this service is known to do; `stockade guard` reports or "
			     "blocks the rest.\n"
			     "# Meant to be reviewed and edited; check it with `stockade guard "
			     "profile lint`.\n"
			     "schema: " GUARD_PROFILE_SCHEMA "\n");
	put_text(&w, "service", p->service);
	put_modes(&w);
	put_learned(&w);
	put_images(&w);
	put_section(&w, p, &programs);
	put_section(&w, p, &libraries);
	put_section(&w, p, &files);
	put_section(&w, p, &peers);
	put_names_asked(&w);
	put_section(&w, p, &ports);
	put_capabilities(&w);
	put_syscalls(&w);
	r = w.out.overflow ? -SK_E_LIMIT : sink->write(sink->ctx, w.out.ptr, w.out.len);
	sk_buf_release(&w.out);
	return r;
}
