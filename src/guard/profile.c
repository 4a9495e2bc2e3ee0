/* SPDX-License-Identifier: Apache-2.0 */
/* The data model of profiles: finding and adding items. */
#include "guard/profile.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "guard/profile-priv.h"

static const char *const modes[] = {
#define X(name, text) [GUARD_MODE_##name] = text,
	GUARD_MODES(X)
#undef X
};
static const struct {
	const char *text;
	enum guard_mode cap;
} sections[] = {
#define X(name, text, cap) [GUARD_SECTION_##name] = {text, cap},
	GUARD_SECTIONS(X)
#undef X
};

_Static_assert(SK_ARRAY_LEN(modes) == GUARD_N_MODES, "modes");
_Static_assert(SK_ARRAY_LEN(sections) == GUARD_N_SECTIONS, "sections");

const char *guard_mode_name(enum guard_mode mode)
{
	return (size_t)mode < GUARD_N_MODES ? modes[mode] : "";
}

bool guard_mode_parse(const char *text, enum guard_mode *ret)
{
	for (size_t i = 1; text != NULL && i < GUARD_N_MODES; i++) {
		if (strcmp(text, modes[i]) == 0) {
			*ret = (enum guard_mode)i;
			return true;
		}
	}
	return false;
}

const char *guard_section_name(enum guard_section section)
{
	return (size_t)section < GUARD_N_SECTIONS ? sections[section].text : "";
}

struct guard_profile *guard_profile_new(const char *service)
{
	struct guard_profile *p = sk_alloc(sizeof(*p));

	p->arena = sk_arena_new();
	p->service = sk_arena_strdup(p->arena, service);
	return p;
}

static void free_texts(struct guard_text_list *list)
{
	sk_free(list->items);
	sk_map_release(&list->index.map);
}

void guard_profile_free(struct guard_profile *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_programs; i++) {
		free_texts(&p->programs[i].applets);
		free_texts(&p->programs[i].parents);
		free_texts(&p->programs[i].shapes);
		sk_free(p->programs[i].scripts);
	}
	sk_free(p->programs);
	sk_free(p->libraries);
	sk_map_release(&p->library_index.map);
	sk_free(p->files);
	sk_map_release(&p->file_index.map);
	sk_free(p->peers);
	sk_map_release(&p->peer_index.map);
	free_texts(&p->names);
	sk_free(p->listen);
	sk_arena_free(p->arena);
	sk_free(p);
}

enum guard_mode guard_profile_mode(const struct guard_profile *p, enum guard_section section,
				   enum guard_mode given)
{
	enum guard_mode mode = p->mode != GUARD_MODE_UNSET ? p->mode : given;

	if (p->section_modes[section] != GUARD_MODE_UNSET)
		return p->section_modes[section];
	if ((p->unseen & 1u << section) != 0 && mode > GUARD_MODE_AUDIT)
		return GUARD_MODE_AUDIT;
	return mode > sections[section].cap ? sections[section].cap : mode;
}

bool guard_profile_is_new_image(const struct guard_profile *p, const char *digest)
{
	if (digest == NULL || p->n_images == 0)
		return false;
	for (size_t i = 0; i < p->n_images; i++)
		if (strcmp(p->images[i].digest, digest) == 0)
			return false;
	return true;
}

uint64_t guard_profile_image(struct guard_profile *p, const char *digest, const char *reference,
			     int64_t now)
{
	struct guard_image *image;

	for (size_t i = 0; i < p->n_images; i++) {
		if (strcmp(p->images[i].digest, digest) != 0)
			continue;
		if (p->images[i].last < now)
			p->images[i].last = now;
		return 1ull << i;
	}
	if (p->n_images == GUARD_MAX_IMAGES)
		return 0;
	image = &p->images[p->n_images];
	image->digest = sk_arena_strdup(p->arena, digest);
	image->reference = sk_arena_strdup(p->arena, reference);
	image->first = now;
	image->last = now;
	return 1ull << p->n_images++;
}

static bool content_eq(const struct guard_content *a, const struct guard_content *b)
{
	if (a->has_sha256 && b->has_sha256)
		return memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
	return a->path != NULL && b->path != NULL && strcmp(a->path, b->path) == 0;
}

static struct guard_content content_copy(struct guard_profile *p, const struct guard_content *c)
{
	struct guard_content copy = *c;

	copy.path = sk_arena_strdup(p->arena, c->path);
	return copy;
}

static void set_new(bool *ret_new)
{
	if (ret_new != NULL)
		*ret_new = true;
}

void guard_profile_settle(struct guard_profile *p)
{
	if (p->lost != 0)
		return;
	for (size_t i = 0; i < p->n_programs; i++)
		if (p->programs[i].item.count != 0 && !p->programs[i].content.has_sha256)
			return; /* a person may well have left it out */
	p->incomplete = false;
}

void guard_content_complete(struct guard_content *have, const struct guard_content *found)
{
	if (have->has_sha256 || !found->has_sha256)
		return;
	have->has_sha256 = true;
	have->size = found->size;
	memcpy(have->sha256, found->sha256, sizeof(have->sha256));
}

struct guard_program *guard_profile_program(const struct guard_profile *p,
					    const struct guard_content *content)
{
	for (size_t i = 0; i < p->n_programs; i++)
		if (content_eq(&p->programs[i].content, content))
			return &p->programs[i];
	return NULL;
}

struct guard_program *guard_profile_add_program(struct guard_profile *p,
						const struct guard_content *content, bool *ret_new)
{
	struct guard_program *prog = guard_profile_program(p, content);

	if (prog != NULL || p->n_programs >= GUARD_MAX_ITEMS)
		return prog;
	SK_GROW(p->programs, p->n_programs, p->programs_cap);
	prog = &p->programs[p->n_programs++];
	memset(prog, 0, sizeof(*prog));
	prog->content = content_copy(p, content);
	set_new(ret_new);
	return prog;
}

struct guard_script *guard_profile_add_script(struct guard_profile *p, struct guard_program *prog,
					      const struct guard_content *content, bool *ret_new)
{
	struct guard_script *script;

	for (size_t i = 0; i < prog->n_scripts; i++)
		if (content_eq(&prog->scripts[i].content, content))
			return &prog->scripts[i];
	if (prog->n_scripts >= GUARD_MAX_ITEMS)
		return NULL;
	SK_GROW(prog->scripts, prog->n_scripts, prog->scripts_cap);
	script = &prog->scripts[prog->n_scripts++];
	memset(script, 0, sizeof(*script));
	script->content = content_copy(p, content);
	set_new(ret_new);
	return script;
}

static void index_content(struct guard_profile *p, struct guard_index *x, struct sk_span key,
			  size_t at)
{
	uint64_t there;

	if (!sk_map_get(&x->map, key, &there))
		(void)sk_map_put(&x->map, sk_span_of(sk_arena_str(p->arena, key), key.len), at);
}

/* "s" and the hash; "b" and the path of what had none; "p" and the path of either. */
static struct sk_span content_key(struct sk_buf *b, char kind, const struct guard_content *c)
{
	sk_buf_reset(b);
	(void)sk_buf_add_char(b, kind);
	if (kind == 's')
		(void)sk_buf_add(b, c->sha256, sizeof(c->sha256));
	else
		(void)sk_buf_add_str(b, c->path);
	return sk_buf_span(b);
}

static void index_libraries(struct guard_profile *p, struct sk_buf *b)
{
	struct guard_index *x = &p->library_index;

	for (; x->n_items < p->n_libraries; x->n_items++) {
		const struct guard_content *c = &p->libraries[x->n_items].content;

		if (c->has_sha256)
			index_content(p, x, content_key(b, 's', c), x->n_items);
		else if (c->path != NULL)
			index_content(p, x, content_key(b, 'b', c), x->n_items);
		if (c->path != NULL)
			index_content(p, x, content_key(b, 'p', c), x->n_items);
	}
}

/* The first one that content_eq() takes for the same. */
static struct guard_library *find_library(struct guard_profile *p, struct sk_buf *b,
					  const struct guard_content *c)
{
	static const char hashed[] = "sb", other[] = "p";
	uint64_t at, first = UINT64_MAX;

	index_libraries(p, b);
	for (const char *kind = c->has_sha256 ? hashed : other; *kind != '\0'; kind++)
		if ((*kind == 's' || c->path != NULL) &&
		    sk_map_get(&p->library_index.map, content_key(b, *kind, c), &at) &&
		    at < first && content_eq(&p->libraries[at].content, c))
			first = at;
	return first != UINT64_MAX ? &p->libraries[first] : NULL;
}

struct guard_library *guard_profile_add_library(struct guard_profile *p,
						const struct guard_content *content, bool *ret_new)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;
	struct guard_library *lib;

	sk_buf_init(&b, SIZE_MAX);
	lib = find_library(p, &b, content);
	if (lib != NULL || p->n_libraries >= GUARD_MAX_ITEMS)
		return lib;
	SK_GROW(p->libraries, p->n_libraries, p->libraries_cap);
	lib = &p->libraries[p->n_libraries++];
	memset(lib, 0, sizeof(*lib));
	lib->content = content_copy(p, content);
	set_new(ret_new);
	return lib;
}

void guard_profile_complete_library(struct guard_profile *p, struct guard_library *lib,
				    const struct guard_content *found)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;
	size_t at = (size_t)(lib - p->libraries);

	sk_buf_init(&b, SIZE_MAX);
	guard_content_complete(&lib->content, found);
	if (lib->content.has_sha256 && at < p->library_index.n_items)
		index_content(p, &p->library_index, content_key(&b, 's', &lib->content), at);
}

static void index_files(struct guard_profile *p)
{
	struct guard_index *x = &p->file_index;

	for (; x->n_items < p->n_files; x->n_items++)
		(void)sk_map_put(&x->map, sk_span_str(p->files[x->n_items].pattern), x->n_items);
}

struct guard_file *guard_profile_add_file(struct guard_profile *p, const char *pattern,
					  bool *ret_new)
{
	struct guard_file *file;
	uint64_t at;

	index_files(p);
	if (sk_map_get(&p->file_index.map, sk_span_str(pattern), &at))
		return &p->files[at];
	if (p->n_files >= GUARD_MAX_ITEMS)
		return NULL;
	SK_GROW(p->files, p->n_files, p->files_cap);
	file = &p->files[p->n_files++];
	memset(file, 0, sizeof(*file));
	file->pattern = sk_arena_strdup(p->arena, pattern);
	set_new(ret_new);
	return file;
}

static bool text_eq(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Neither an address nor a name has a line feed. */
static struct sk_span peer_key(struct sk_buf *b, const struct guard_peer *peer)
{
	sk_buf_reset(b);
	(void)sk_buf_printf(
		b, "%u\n%s\n%s\n%s", peer->port, peer->protocol != NULL ? peer->protocol : "",
		peer->address != NULL ? peer->address : "", peer->name != NULL ? peer->name : "");
	return sk_buf_span(b);
}

static void index_peers(struct guard_profile *p, struct sk_buf *b)
{
	struct guard_index *x = &p->peer_index;

	for (; x->n_items < p->n_peers; x->n_items++) {
		struct sk_span key = peer_key(b, &p->peers[x->n_items]);

		key.ptr = sk_arena_str(p->arena, key);
		(void)sk_map_put(&x->map, key, x->n_items);
	}
}

struct guard_peer *guard_profile_add_peer(struct guard_profile *p, const struct guard_peer *peer,
					  bool *ret_new)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;
	struct guard_peer *fresh;
	uint64_t at;

	sk_buf_init(&b, SIZE_MAX);
	index_peers(p, &b);
	if (sk_map_get(&p->peer_index.map, peer_key(&b, peer), &at))
		return &p->peers[at];
	if (p->n_peers >= GUARD_MAX_ITEMS)
		return NULL;
	SK_GROW(p->peers, p->n_peers, p->peers_cap);
	fresh = &p->peers[p->n_peers++];
	memset(fresh, 0, sizeof(*fresh));
	fresh->address = sk_arena_strdup(p->arena, peer->address);
	fresh->name = sk_arena_strdup(p->arena, peer->name);
	fresh->protocol = sk_arena_strdup(p->arena, peer->protocol);
	fresh->port = peer->port;
	set_new(ret_new);
	return fresh;
}

struct guard_listen *guard_profile_add_listen(struct guard_profile *p, const char *protocol,
					      uint16_t port, bool *ret_new)
{
	struct guard_listen *fresh;

	for (size_t i = 0; i < p->n_listen; i++)
		if (p->listen[i].port == port && text_eq(p->listen[i].protocol, protocol))
			return &p->listen[i];
	if (p->n_listen >= GUARD_MAX_ITEMS)
		return NULL;
	SK_GROW(p->listen, p->n_listen, p->listen_cap);
	fresh = &p->listen[p->n_listen++];
	memset(fresh, 0, sizeof(*fresh));
	fresh->protocol = sk_arena_strdup(p->arena, protocol);
	fresh->port = port;
	set_new(ret_new);
	return fresh;
}

struct guard_text_item *guard_profile_add_text(struct guard_profile *p,
					       struct guard_text_list *list, const char *text,
					       bool *ret_new)
{
	struct guard_index *x = &list->index;
	struct guard_text_item *item;
	uint64_t at;

	for (; x->n_items < list->n_items; x->n_items++)
		(void)sk_map_put(&x->map, sk_span_str(list->items[x->n_items].text), x->n_items);
	if (sk_map_get(&x->map, sk_span_str(text), &at))
		return &list->items[at];
	if (list->n_items >= GUARD_MAX_ITEMS)
		return NULL;
	SK_GROW(list->items, list->n_items, list->cap);
	item = &list->items[list->n_items++];
	memset(item, 0, sizeof(*item));
	item->text = sk_arena_strdup(p->arena, text);
	set_new(ret_new);
	return item;
}

bool *guard_trait(struct guard_program *prog, size_t i)
{
	bool *const flags[] = {
#define X(name) &prog->name,
		GUARD_TRAITS(X)
#undef X
	};

	return flags[i];
}

const char *guard_trait_name(size_t i)
{
	static const char *const names[] = {
#define X(name) #name,
		GUARD_TRAITS(X)
#undef X
	};

	return names[i];
}
