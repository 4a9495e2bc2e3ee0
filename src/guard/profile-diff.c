/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparison of profiles. Each section of both becomes a sorted list of (key, value) pairs; one
 * walk over two such lists finds what was added, removed and changed.
 */
#include "guard/profile-diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/parse.h"
#include "guard/names.h"
#include "guard/profile-priv.h"

enum {
	HASH_SHOWN = 12, /* digits of a content hash that people compare */
};

static const char *const changes[] = {
#define X(name, text) [GUARD_CHANGE_##name] = text,
	GUARD_CHANGES(X)
#undef X
};

_Static_assert(SK_ARRAY_LEN(changes) == GUARD_N_CHANGES, "changes");

const char *guard_change_name(enum guard_change change)
{
	return (size_t)change < GUARD_N_CHANGES ? changes[change] : "";
}

void guard_diff_release(struct guard_diff *d)
{
	sk_free(d->items);
	sk_arena_free(d->arena);
	*d = (struct guard_diff){0};
}

static void add(struct guard_diff *d, struct guard_difference item)
{
	SK_GROW(d->items, d->n_items, d->cap);
	d->items[d->n_items++] = item;
}

/* A thing and what is told of it; the same key may come more than once. */
struct pair {
	const char *key;
	const char *value;
};

struct pairs {
	struct pair *items;
	size_t n;
	size_t cap;
};

static void pairs_add(struct pairs *list, const char *key, const char *value)
{
	SK_GROW(list->items, list->n, list->cap);
	list->items[list->n++] = (struct pair){key != NULL ? key : "", value != NULL ? value : ""};
}

static int compare_pairs(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;
	int order = strcmp(a->key, b->key);

	return order != 0 ? order : strcmp(a->value, b->value);
}

/* Joins the values of equal keys: "a, b". */
static void pairs_settle(struct pairs *list, struct sk_arena *a)
{
	size_t kept = 0;

	if (list->n != 0)
		qsort(list->items, list->n, sizeof(*list->items), compare_pairs);
	for (size_t i = 0; i < list->n; i++) {
		struct pair *last = kept != 0 ? &list->items[kept - 1] : NULL;

		if (last == NULL || strcmp(last->key, list->items[i].key) != 0)
			list->items[kept++] = list->items[i];
		else if (strcmp(list->items[i].value, list->items[i - 1].value) != 0)
			last->value =
				sk_arena_printf(a, "%s, %s", last->value, list->items[i].value);
	}
	list->n = kept;
}

/* Settles and compares both lists, then frees them. */
static void compare(struct guard_diff *d, const char *section, const char *item, const char *what,
		    struct pairs *before, struct pairs *after)
{
	size_t i = 0, k = 0;

	pairs_settle(before, d->arena);
	pairs_settle(after, d->arena);
	while (i < before->n || k < after->n) {
		const struct pair *b = i < before->n ? &before->items[i] : NULL;
		const struct pair *a = k < after->n ? &after->items[k] : NULL;
		int order = b == NULL ? 1 : a == NULL ? -1 : strcmp(b->key, a->key);
		struct guard_difference found = {.section = section, .what = what};

		i += order <= 0;
		k += order >= 0;
		if (order == 0 && strcmp(b->value, a->value) == 0)
			continue;
		found.change = order == 0  ? GUARD_CHANGE_CHANGED
			       : order < 0 ? GUARD_CHANGE_REMOVED
					   : GUARD_CHANGE_ADDED;
		/* words of an item: the item is the place, the word is what came or went */
		found.item = item != NULL ? item : order <= 0 ? b->key : a->key;
		if (order <= 0)
			found.before = item != NULL ? b->key : b->value;
		if (order >= 0)
			found.after = item != NULL ? a->key : a->value;
		add(d, found);
	}
	sk_free(before->items);
	sk_free(after->items);
}

static const char *content_text(struct guard_diff *d, const struct guard_content *c)
{
	char hex[HASH_SHOWN + 1];

	if (!c->has_sha256)
		return "any content";
	return sk_arena_printf(d->arena, "sha256 %s…",
			       sk_format_hex(c->sha256, HASH_SHOWN / 2, hex));
}

/* Programs */

static void program_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	for (size_t i = 0; i < p->n_programs; i++)
		pairs_add(ret, p->programs[i].content.path,
			  content_text(d, &p->programs[i].content));
}

enum part {
	PART_TRAITS,
	PART_APPLETS,
	PART_PARENTS,
	PART_ARGUMENTS,
	PART_SCRIPTS,
	N_PARTS
};

static const char *const parts[] = {
	[PART_TRAITS] = "traits",       [PART_APPLETS] = "applets", [PART_PARENTS] = "parents",
	[PART_ARGUMENTS] = "arguments", [PART_SCRIPTS] = "scripts",
};

static void word_pairs(const struct guard_text_list *list, struct pairs *ret)
{
	for (size_t i = 0; i < list->n_items; i++)
		pairs_add(ret, list->items[i].text, NULL);
}

static void part_pairs(struct guard_diff *d, const struct guard_program *prog, enum part part,
		       struct pairs *ret)
{
	switch (part) {
	case PART_TRAITS:
		for (size_t i = 0; i < GUARD_N_TRAITS; i++)
			if (*guard_trait((struct guard_program *)(uintptr_t)prog, i))
				pairs_add(ret, guard_trait_name(i), NULL);
		break;
	case PART_APPLETS:
		word_pairs(&prog->applets, ret);
		break;
	case PART_PARENTS:
		word_pairs(&prog->parents, ret);
		break;
	case PART_ARGUMENTS:
		word_pairs(&prog->shapes, ret);
		break;
	case PART_SCRIPTS:
		for (size_t i = 0; i < prog->n_scripts; i++)
			pairs_add(ret, prog->scripts[i].content.path,
				  content_text(d, &prog->scripts[i].content));
		break;
	case N_PARTS:
		break;
	}
}

/* The run of programs of one path in a sorted list. */
static size_t same_path(const void **sorted, size_t n, size_t at, const char *path)
{
	size_t count = 0;

	while (at + count < n &&
	       strcmp(((const struct guard_program *)sorted[at + count])->content.path, path) == 0)
		count++;
	return count;
}

static void diff_parts(struct guard_diff *d, const char *path, const void **before, size_t n_before,
		       const void **after, size_t n_after)
{
	for (size_t part = 0; part < N_PARTS; part++) {
		struct pairs b = {0}, a = {0};

		for (size_t i = 0; i < n_before; i++)
			part_pairs(d, before[i], (enum part)part, &b);
		for (size_t i = 0; i < n_after; i++)
			part_pairs(d, after[i], (enum part)part, &a);
		compare(d, "executables", path, parts[part], &b, &a);
	}
}

static void diff_programs(struct guard_diff *d, const struct guard_profile *before,
			  const struct guard_profile *after)
{
	sk_cleanup(sk_freep) const void **b = guard_sorted_programs(before);
	sk_cleanup(sk_freep) const void **a = guard_sorted_programs(after);
	struct pairs pb = {0}, pa = {0};
	size_t i = 0, k = 0;

	program_pairs(d, before, &pb);
	program_pairs(d, after, &pa);
	compare(d, "executables", NULL, NULL, &pb, &pa);
	while (i < before->n_programs && k < after->n_programs) {
		const char *path_b = ((const struct guard_program *)b[i])->content.path;
		const char *path_a = ((const struct guard_program *)a[k])->content.path;
		int order = strcmp(path_b, path_a);
		size_t n_b = order <= 0 ? same_path(b, before->n_programs, i, path_b) : 0;
		size_t n_a = order >= 0 ? same_path(a, after->n_programs, k, path_a) : 0;

		if (order == 0)
			diff_parts(d, path_b, b + i, n_b, a + k, n_a);
		i += n_b;
		k += n_a;
	}
}

/* The other sections */

static void library_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	for (size_t i = 0; i < p->n_libraries; i++)
		pairs_add(ret, p->libraries[i].content.path,
			  content_text(d, &p->libraries[i].content));
}

static void file_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	static const char *const access[] = {"none", "read", "write", "read+write"};

	(void)d;
	for (size_t i = 0; i < p->n_files; i++)
		pairs_add(ret, p->files[i].pattern, access[p->files[i].access & 3]);
}

const char *guard_peer_text(struct sk_arena *a, const struct guard_peer *peer)
{
	const char *who = peer->name != NULL ? peer->name : peer->address;
	const char *protocol = peer->protocol != NULL ? peer->protocol : "any protocol";

	if (strcmp(protocol, "unix") == 0)
		return sk_arena_printf(a, "%s unix", who);
	if (peer->port == 0)
		return sk_arena_printf(a, "%s any port %s", who, protocol);
	return sk_arena_printf(a, "%s port %u %s", who, peer->port, protocol);
}

static void peer_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	for (size_t i = 0; i < p->n_peers; i++)
		pairs_add(ret, guard_peer_text(d->arena, &p->peers[i]), NULL);
}

static void name_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	(void)d;
	for (size_t i = 0; i < p->names.n_items; i++)
		pairs_add(ret, p->names.items[i].text, NULL);
}

static void listen_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	for (size_t i = 0; i < p->n_listen; i++)
		pairs_add(ret,
			  sk_arena_printf(d->arena, "port %u %s", p->listen[i].port,
					  p->listen[i].protocol),
			  NULL);
}

static void capability_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	(void)d;
	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++)
		if ((p->capabilities >> i & 1) != 0)
			pairs_add(ret, guard_capability_name(i), NULL);
}

static void syscall_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	for (unsigned i = 0; i < GUARD_N_SYSCALLS; i++) {
		const char *name = guard_syscall_name(i);

		if ((p->syscalls[i / 64] >> i % 64 & 1) == 0)
			continue;
		if (name == NULL)
			name = sk_arena_printf(d->arena, "syscall_%u", i);
		pairs_add(ret, name, NULL);
	}
	if (p->syscalls_ia32)
		pairs_add(ret, "32-bit calls", NULL);
}

static void mode_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	(void)d;
	if (p->mode != GUARD_MODE_UNSET)
		pairs_add(ret, "service", guard_mode_name(p->mode));
	for (size_t i = 0; i < GUARD_N_SECTIONS; i++)
		if (p->section_modes[i] != GUARD_MODE_UNSET)
			pairs_add(ret, guard_section_name((enum guard_section)i),
				  guard_mode_name(p->section_modes[i]));
}

static void image_pairs(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret)
{
	(void)d;
	for (size_t i = 0; i < p->n_images; i++)
		pairs_add(ret, p->images[i].digest, NULL);
}

typedef void (*pairs_of)(struct guard_diff *d, const struct guard_profile *p, struct pairs *ret);

static void diff_section(struct guard_diff *d, const char *section, pairs_of make,
			 const struct guard_profile *before, const struct guard_profile *after)
{
	struct pairs b = {0}, a = {0};

	make(d, before, &b);
	make(d, after, &a);
	compare(d, section, NULL, NULL, &b, &a);
}

void guard_profile_diff(const struct guard_profile *before, const struct guard_profile *after,
			struct guard_diff *ret)
{
	static const struct {
		const char *name;
		pairs_of make;
	} sections[] = {
		{"libraries", library_pairs}, {"files", file_pairs},
		{"peers", peer_pairs},        {"names", name_pairs},
		{"listen", listen_pairs},     {"capabilities", capability_pairs},
		{"syscalls", syscall_pairs},
	};

	*ret = (struct guard_diff){.arena = sk_arena_new()};
	diff_section(ret, "mode", mode_pairs, before, after);
	diff_section(ret, "images", image_pairs, before, after);
	diff_programs(ret, before, after);
	for (size_t i = 0; i < SK_ARRAY_LEN(sections); i++)
		diff_section(ret, sections[i].name, sections[i].make, before, after);
}
