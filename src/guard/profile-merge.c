/* SPDX-License-Identifier: Apache-2.0 */
/* Union of profiles: every item of one is found or added in the other. */
#include "guard/profile-merge.h"

struct merge {
	struct guard_profile *to;
	const struct guard_profile *from;
	uint64_t only;                   /* items of these images of @from, and of none */
	uint64_t bits[GUARD_MAX_IMAGES]; /* image of @from → bit in @to */
	bool full;
};

static uint64_t map_images(const struct merge *m, uint64_t images)
{
	uint64_t mapped = 0;

	for (size_t i = 0; i < m->from->n_images; i++)
		if ((images >> i & 1) != 0)
			mapped |= m->bits[i];
	return mapped;
}

static bool is_wanted(const struct merge *m, const struct guard_item *item)
{
	return item->images == 0 || (item->images & m->only) != 0;
}

static void merge_item(struct merge *m, struct guard_item *to, const struct guard_item *from,
		       bool fresh)
{
	/* "by hand, for any image" is more than any list of images */
	if (fresh)
		to->images = map_images(m, from->images);
	else if (to->images == 0 || from->images == 0)
		to->images = 0;
	else
		to->images |= map_images(m, from->images);
	to->count += from->count;
	if (from->first != 0 && (to->first == 0 || from->first < to->first))
		to->first = from->first;
	if (from->last > to->last)
		to->last = from->last;
	if (to->comment == NULL)
		to->comment = sk_arena_strdup(m->to->arena, from->comment);
}

static void merge_words(struct merge *m, struct guard_text_list *to,
			const struct guard_text_list *from)
{
	for (size_t i = 0; i < from->n_items; i++) {
		struct guard_text_item *item;
		bool fresh = false;

		if (!is_wanted(m, &from->items[i].item))
			continue;
		item = guard_profile_add_text(m->to, to, from->items[i].text, &fresh);
		if (item == NULL)
			m->full = true;
		else
			merge_item(m, &item->item, &from->items[i].item, fresh);
	}
}

/* What was learned without its content has it from the other; what a person wrote so stays so. */
static void merge_content(struct guard_content *to, const struct guard_item *item,
			  const struct guard_content *from)
{
	if (item->count != 0)
		guard_content_complete(to, from);
}

static void merge_scripts(struct merge *m, struct guard_program *to,
			  const struct guard_program *from)
{
	for (size_t i = 0; i < from->n_scripts; i++) {
		struct guard_script *script;
		bool fresh = false;

		if (!is_wanted(m, &from->scripts[i].item))
			continue;
		script = guard_profile_add_script(m->to, to, &from->scripts[i].content, &fresh);
		if (script == NULL) {
			m->full = true;
			continue;
		}
		merge_content(&script->content, &script->item, &from->scripts[i].content);
		merge_item(m, &script->item, &from->scripts[i].item, fresh);
	}
}

static void merge_programs(struct merge *m)
{
	for (size_t i = 0; i < m->from->n_programs; i++) {
		const struct guard_program *from = &m->from->programs[i];
		struct guard_program *to;
		bool fresh = false;

		if (!is_wanted(m, &from->item))
			continue;
		to = guard_profile_add_program(m->to, &from->content, &fresh);
		if (to == NULL) {
			m->full = true;
			return;
		}
		merge_content(&to->content, &to->item, &from->content);
		merge_item(m, &to->item, &from->item, fresh);
		to->interpreter |= from->interpreter;
		to->inline_code |= from->inline_code;
		to->interactive |= from->interactive;
		to->multicall |= from->multicall;
		to->anon_exec |= from->anon_exec;
		to->raw_socket |= from->raw_socket;
		to->remote |= from->remote;
		to->entry |= from->entry;
		to->main |= from->main;
		merge_words(m, &to->applets, &from->applets);
		merge_words(m, &to->parents, &from->parents);
		merge_words(m, &to->shapes, &from->shapes);
		merge_scripts(m, to, from);
	}
}

static void merge_libraries(struct merge *m)
{
	for (size_t i = 0; i < m->from->n_libraries; i++) {
		const struct guard_library *from = &m->from->libraries[i];
		struct guard_library *to;
		bool fresh = false;

		if (!is_wanted(m, &from->item))
			continue;
		to = guard_profile_add_library(m->to, &from->content, &fresh);
		if (to == NULL) {
			m->full = true;
			continue;
		}
		if (to->item.count != 0)
			guard_profile_complete_library(m->to, to, &from->content);
		merge_item(m, &to->item, &from->item, fresh);
	}
}

static void merge_files(struct merge *m)
{
	for (size_t i = 0; i < m->from->n_files; i++) {
		const struct guard_file *from = &m->from->files[i];
		struct guard_file *to;
		bool fresh = false;

		if (!is_wanted(m, &from->item))
			continue;
		to = guard_profile_add_file(m->to, from->pattern, &fresh);
		if (to == NULL) {
			m->full = true;
			continue;
		}
		merge_item(m, &to->item, &from->item, fresh);
		to->access |= from->access;
	}
}

static void merge_network(struct merge *m)
{
	bool fresh = false;

	merge_words(m, &m->to->names, &m->from->names);
	for (size_t i = 0; i < m->from->n_peers; i++, fresh = false) {
		const struct guard_peer *from = &m->from->peers[i];
		struct guard_peer *to;

		if (!is_wanted(m, &from->item))
			continue;
		to = guard_profile_add_peer(m->to, from, &fresh);
		if (to == NULL)
			m->full = true;
		else
			merge_item(m, &to->item, &from->item, fresh);
	}
	for (size_t i = 0; i < m->from->n_listen; i++, fresh = false) {
		const struct guard_listen *from = &m->from->listen[i];
		struct guard_listen *to;

		if (!is_wanted(m, &from->item))
			continue;
		to = guard_profile_add_listen(m->to, from->protocol, from->port, &fresh);
		if (to == NULL)
			m->full = true;
		else
			merge_item(m, &to->item, &from->item, fresh);
	}
}

static void merge_images(struct merge *m)
{
	for (size_t i = 0; i < m->from->n_images; i++) {
		const struct guard_image *from = &m->from->images[i];
		size_t n = m->to->n_images;
		struct guard_image *to;

		if ((m->only >> i & 1) == 0)
			continue;
		m->bits[i] = guard_profile_image(m->to, from->digest, from->reference, from->last);
		if (m->bits[i] == 0) {
			m->full = true;
			continue;
		}
		to = &m->to->images[__builtin_ctzll(m->bits[i])];
		if (m->to->n_images > n || (from->first != 0 && from->first < to->first))
			to->first = from->first;
		if (to->reference == NULL)
			to->reference = sk_arena_strdup(m->to->arena, from->reference);
	}
}

static void merge_head(struct merge *m)
{
	struct guard_profile *to = m->to;
	const struct guard_profile *from = m->from;

	if (to->mode == GUARD_MODE_UNSET)
		to->mode = from->mode;
	for (size_t i = 0; i < GUARD_N_SECTIONS; i++)
		if (to->section_modes[i] == GUARD_MODE_UNSET)
			to->section_modes[i] = from->section_modes[i];
	to->incomplete |= from->incomplete;
	to->unseen &= from->unseen;
	to->lost += from->lost;
	to->runs += from->runs;
	to->replicas += from->replicas;
	to->starts += from->starts;
	to->learned_s += from->learned_s;
	if (from->first != 0 && (to->first == 0 || from->first < to->first))
		to->first = from->first;
	if (from->last > to->last)
		to->last = from->last;
	if (from->last_new > to->last_new)
		to->last_new = from->last_new;
	to->capabilities |= from->capabilities;
	for (size_t i = 0; i < SK_ARRAY_LEN(to->syscalls); i++)
		to->syscalls[i] |= from->syscalls[i];
	to->syscalls_ia32 |= from->syscalls_ia32;
}

static void merge_all(struct merge *m)
{
	merge_head(m);
	merge_images(m);
	merge_programs(m);
	merge_libraries(m);
	merge_files(m);
	merge_network(m);
	guard_profile_settle(m->to);
}

int guard_profile_merge(struct guard_profile *to, const struct guard_profile *from,
			struct sk_err *err)
{
	struct merge m = {.to = to, .from = from, .only = UINT64_MAX};

	merge_all(&m);
	if (m.full)
		return sk_err_set(err, SK_E_LIMIT,
				  "merge: more than %d images or %d items of one kind",
				  GUARD_MAX_IMAGES, GUARD_MAX_ITEMS);
	return 0;
}

struct guard_profile *guard_profile_of_image(const struct guard_profile *p, size_t image)
{
	struct merge m = {
		.to = guard_profile_new(p->service), .from = p, .only = 1ull << image % 64};

	merge_all(&m);
	return m.to;
}
