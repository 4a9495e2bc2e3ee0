/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text to a profile, format "stockade.profile/1" (docs/formats/profile.md). Strict: unknown
 * keys, repeated items and wrong types are refused with their line, because a profile that says
 * less than its author thinks is worse than none.
 */
#include "guard/profile-yaml.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/map.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/yaml.h"
#include "guard/dns.h"
#include "guard/names.h"
#include "guard/profile-priv.h"

enum {
	QUOTE_SIZE = 100,
	MAX_FILE_NAME = 255,
};

struct reader {
	struct guard_profile *p;
	struct sk_err *err;
};

/* A key of a mapping: its reader writes into the object at the offset. */
struct field {
	const char *name;
	int (*read)(struct reader *r, const struct sk_yaml *y, void *to);
	size_t offset;
};

#define FIELD(name, fn, type, member)                                                              \
	{                                                                                          \
		name, fn, offsetof(struct type, member)                                            \
	}

static int fail(struct reader *r, const struct sk_yaml *y, const char *what)
{
	return sk_err_set(r->err, SK_E_FORMAT, "profile: line %zu: %s", y->line, what);
}

static int fail_word(struct reader *r, const struct sk_yaml *y, const char *what, const char *word)
{
	char quoted[QUOTE_SIZE];

	return sk_err_set(r->err, SK_E_FORMAT, "profile: line %zu: %s %s", y->line, what,
			  sk_text_quote(sk_span_str(word), quoted, sizeof(quoted)));
}

static int read_mapping(struct reader *r, const struct sk_yaml *y, const struct field *fields,
			size_t n, void *to)
{
	if (y->type != SK_YAML_MAPPING)
		return fail(r, y, "a mapping (key: value) is expected here");
	for (size_t i = 0; i < y->n; i++) {
		size_t f = 0;
		int res;

		while (f < n && strcmp(fields[f].name, y->pairs[i].key) != 0)
			f++;
		if (f == n)
			return fail_word(r, y->pairs[i].value, "unknown key", y->pairs[i].key);
		res = fields[f].read(r, y->pairs[i].value, (char *)to + fields[f].offset);
		if (res < 0)
			return res;
	}
	return 0;
}

static int expect_list(struct reader *r, const struct sk_yaml *y)
{
	if (y->type != SK_YAML_SEQUENCE)
		return fail(r, y, "a list is expected here");
	if (y->n > GUARD_MAX_ITEMS)
		return sk_err_set(r->err, SK_E_LIMIT, "profile: line %zu: more than %d items",
				  y->line, GUARD_MAX_ITEMS);
	return 0;
}

/* Scalars */

static int scalar(struct reader *r, const struct sk_yaml *y, struct sk_span *ret)
{
	const char *text = sk_yaml_text(y);

	if (text == NULL)
		return fail(r, y, "a value is expected here");
	if (y->text_len > GUARD_TEXT_MAX)
		return fail(r, y, "the value is too long");
	if (strlen(text) != y->text_len)
		return fail(r, y, "the value holds a NUL byte");
	*ret = sk_span_of(text, y->text_len);
	return 0;
}

static int read_text(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (s.len == 0)
		return fail(r, y, "the value is empty");
	*(const char **)to = sk_arena_str(r->p->arena, s);
	return 0;
}

static int read_bool(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_span_eq_str(s, "true") && !sk_span_eq_str(s, "false"))
		return fail_word(r, y, "true or false is expected, not", s.ptr);
	*(bool *)to = s.ptr[0] == 't';
	return 0;
}

static int read_u64(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_parse_u64(s, to))
		return fail_word(r, y, "a number is expected, not", s.ptr);
	return 0;
}

static int read_u32(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_parse_u32(s, to))
		return fail_word(r, y, "a number is expected, not", s.ptr);
	return 0;
}

static int read_port(struct reader *r, const struct sk_yaml *y, void *to)
{
	uint32_t port = 0;
	int res = read_u32(r, y, &port);

	if (res < 0)
		return res;
	if (port == 0 || port > UINT16_MAX)
		return fail(r, y, "a port is a number from 1 to 65535");
	*(uint16_t *)to = (uint16_t)port;
	return 0;
}

static int read_time(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_parse_time(s, to))
		return fail_word(r, y, "a time such as 2026-01-31T12:00:00Z is expected, not",
				 s.ptr);
	return 0;
}

static int read_mode(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!guard_mode_parse(s.ptr, to))
		return fail_word(r, y, "a mode is audit, alert or enforce, not", s.ptr);
	return 0;
}

static int read_protocol(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_span_eq_str(s, "tcp") && !sk_span_eq_str(s, "udp"))
		return fail_word(r, y, "a protocol is tcp or udp, not", s.ptr);
	*(const char **)to = s.ptr[0] == 't' ? "tcp" : "udp";
	return 0;
}

/* Content and provenance */

static int read_sha256(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_content *c = to;
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_parse_hex(s, c->sha256, sizeof(c->sha256)))
		return fail(r, y, "sha256 has 64 hexadecimal digits");
	c->has_sha256 = true;
	return 0;
}

static int check_content(struct reader *r, const struct sk_yaml *y, const struct guard_content *c)
{
	if (c->path == NULL)
		return fail(r, y, "the item has no path");
	if (c->has_sha256 && sk_yaml_get(y, "size") == NULL)
		return fail(r, y, "sha256 needs the size too: it is compared first");
	if (!c->has_sha256 && sk_yaml_get(y, "size") != NULL)
		return fail(r, y, "a size without sha256 says nothing");
	return 0;
}

static int read_image_numbers(struct reader *r, const struct sk_yaml *y, void *to)
{
	uint64_t images = 0;
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		uint32_t number = 0;

		res = read_u32(r, y->items[i], &number);
		if (res < 0)
			return res;
		if (number == 0 || number > r->p->n_images)
			return fail(r, y->items[i],
				    "no such image; images are numbered from 1 in their list");
		images |= 1ull << (number - 1);
	}
	if (res == 0)
		*(uint64_t *)to = images;
	return res;
}

static int read_seen(struct reader *r, const struct sk_yaml *y, void *to)
{
	static const struct field fields[] = {
		FIELD("images", read_image_numbers, guard_item, images),
		FIELD("count", read_u64, guard_item, count),
		FIELD("first", read_time, guard_item, first),
		FIELD("last", read_time, guard_item, last),
	};

	return read_mapping(r, y, fields, SK_ARRAY_LEN(fields), to);
}

/* Keys that every item has. */
#define ITEM_FIELDS(type)                                                                          \
	FIELD("seen", read_seen, type, item), FIELD("comment", read_text, type, item.comment)

#define CONTENT_FIELDS(type)                                                                       \
	FIELD("path", read_text, type, content.path), FIELD("sha256", read_sha256, type, content), \
		FIELD("size", read_u64, type, content.size)

/* Refuses what finding by content would take for one item. */
struct contents {
	struct sk_map hashes;
	struct sk_map paths; /* value: 1 with hash, 2 without */
};

static void contents_release(struct contents *c)
{
	sk_map_release(&c->hashes);
	sk_map_release(&c->paths);
}

static int contents_add(struct contents *c, struct reader *r, const struct sk_yaml *y,
			const struct guard_content *content)
{
	uint64_t kind = content->has_sha256 ? 1 : 2;
	size_t n = c->hashes.n_items;
	uint64_t *kinds;

	if (content->has_sha256) {
		/* a copy in the arena: the array of items moves when it grows */
		const char *key = sk_arena_str(
			r->p->arena, sk_span_of(content->sha256, sizeof(content->sha256)));

		(void)sk_map_put(&c->hashes, sk_span_of(key, sizeof(content->sha256)), 0);
		if (c->hashes.n_items == n)
			return fail_word(r, y,
					 "the same content is listed already:", content->path);
	}
	n = c->paths.n_items;
	kinds = sk_map_put(&c->paths, sk_span_str(content->path), kind);
	if (c->paths.n_items == n && (kind == 2 || *kinds == 2))
		return fail_word(r, y, "the same path is listed already:", content->path);
	return 0;
}

/* Words */

static int read_word_text(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res == 0)
		*(const char **)to = sk_arena_str(r->p->arena, s);
	return res;
}

static int read_word(struct reader *r, const struct sk_yaml *y, struct guard_text_item *item)
{
	static const struct field fields[] = {
		FIELD("text", read_word_text, guard_text_item, text),
		FIELD("images", read_image_numbers, guard_text_item, item.images),
		FIELD("comment", read_text, guard_text_item, item.comment),
	};
	int res;

	/* Until the program's own images are known, all bits stand for "as the program". */
	item->item.images = UINT64_MAX;
	if (y->type == SK_YAML_SCALAR)
		return read_word_text(r, y, &item->text);
	res = read_mapping(r, y, fields, SK_ARRAY_LEN(fields), item);
	if (res == 0 && item->text == NULL)
		return fail(r, y, "the item has no text");
	return res;
}

static int read_words(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_text_list *list = to;
	struct sk_map seen = {0};
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_text_item *item;

		SK_GROW(list->items, list->n_items, list->cap);
		item = &list->items[list->n_items++];
		memset(item, 0, sizeof(*item));
		res = read_word(r, y->items[i], item);
		if (res < 0)
			break;
		(void)sk_map_put(&seen, sk_span_str(item->text), 0);
		if (seen.n_items != list->n_items)
			res = fail_word(r, y->items[i], "listed twice:", item->text);
	}
	sk_map_release(&seen);
	return res;
}

/* Programs */

static int read_script(struct reader *r, const struct sk_yaml *y, struct guard_script *script)
{
	static const struct field fields[] = {
		CONTENT_FIELDS(guard_script),
		ITEM_FIELDS(guard_script),
	};
	int res = read_mapping(r, y, fields, SK_ARRAY_LEN(fields), script);

	return res < 0 ? res : check_content(r, y, &script->content);
}

static int read_scripts(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_program *prog = to;
	struct contents seen = {0};
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_script *script;

		SK_GROW(prog->scripts, prog->n_scripts, prog->scripts_cap);
		script = &prog->scripts[prog->n_scripts++];
		memset(script, 0, sizeof(*script));
		res = read_script(r, y->items[i], script);
		if (res == 0)
			res = contents_add(&seen, r, y->items[i], &script->content);
	}
	contents_release(&seen);
	return res;
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

static int read_traits(struct reader *r, const struct sk_yaml *y, void *to)
{
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct sk_span s;
		size_t t = 0;

		res = scalar(r, y->items[i], &s);
		if (res < 0)
			break;
		while (t < GUARD_N_TRAITS && !sk_span_eq_str(s, guard_trait_name(t)))
			t++;
		if (t == GUARD_N_TRAITS)
			return fail_word(r, y->items[i], "unknown trait", s.ptr);
		*guard_trait(to, t) = true;
	}
	return res;
}

static void settle_words(struct guard_text_list *list, uint64_t images)
{
	for (size_t i = 0; i < list->n_items; i++)
		if (list->items[i].item.images == UINT64_MAX)
			list->items[i].item.images = images;
}

static int read_program(struct reader *r, const struct sk_yaml *y, struct guard_program *prog)
{
	static const struct field fields[] = {
		CONTENT_FIELDS(guard_program),
		ITEM_FIELDS(guard_program),
		{"traits", read_traits, 0},
		FIELD("applets", read_words, guard_program, applets),
		FIELD("parents", read_words, guard_program, parents),
		FIELD("arguments", read_words, guard_program, shapes),
		{"scripts", read_scripts, 0},
	};
	int res = read_mapping(r, y, fields, SK_ARRAY_LEN(fields), prog);

	if (res < 0)
		return res;
	settle_words(&prog->applets, prog->item.images);
	settle_words(&prog->parents, prog->item.images);
	settle_words(&prog->shapes, prog->item.images);
	return check_content(r, y, &prog->content);
}

static int read_programs(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_profile *p = to;
	struct contents seen = {0};
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_program *prog;

		SK_GROW(p->programs, p->n_programs, p->programs_cap);
		prog = &p->programs[p->n_programs++];
		memset(prog, 0, sizeof(*prog));
		res = read_program(r, y->items[i], prog);
		if (res == 0)
			res = contents_add(&seen, r, y->items[i], &prog->content);
	}
	contents_release(&seen);
	return res;
}

/* The other sections */

static int read_libraries(struct reader *r, const struct sk_yaml *y, void *to)
{
	static const struct field fields[] = {
		CONTENT_FIELDS(guard_library),
		ITEM_FIELDS(guard_library),
	};
	struct guard_profile *p = to;
	struct contents seen = {0};
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_library *lib;

		SK_GROW(p->libraries, p->n_libraries, p->libraries_cap);
		lib = &p->libraries[p->n_libraries++];
		memset(lib, 0, sizeof(*lib));
		res = read_mapping(r, y->items[i], fields, SK_ARRAY_LEN(fields), lib);
		if (res == 0)
			res = check_content(r, y->items[i], &lib->content);
		if (res == 0)
			res = contents_add(&seen, r, y->items[i], &lib->content);
	}
	contents_release(&seen);
	return res;
}

static int read_access(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	if (res < 0)
		return res;
	if (sk_span_eq_str(s, "read"))
		*(unsigned *)to = GUARD_ACCESS_READ;
	else if (sk_span_eq_str(s, "write"))
		*(unsigned *)to = GUARD_ACCESS_WRITE;
	else if (sk_span_eq_str(s, "read+write"))
		*(unsigned *)to = GUARD_ACCESS_READ | GUARD_ACCESS_WRITE;
	else if (sk_span_eq_str(s, "none"))
		*(unsigned *)to = 0;
	else
		return fail_word(r, y, "access is read, write, read+write or none, not", s.ptr);
	return 0;
}

static int read_files(struct reader *r, const struct sk_yaml *y, void *to)
{
	static const struct field fields[] = {
		FIELD("pattern", read_text, guard_file, pattern),
		FIELD("access", read_access, guard_file, access),
		ITEM_FIELDS(guard_file),
	};
	struct guard_profile *p = to;
	struct sk_map seen = {0};
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_file *file;

		SK_GROW(p->files, p->n_files, p->files_cap);
		file = &p->files[p->n_files++];
		*file = (struct guard_file){.access = GUARD_ACCESS_READ};
		res = read_mapping(r, y->items[i], fields, SK_ARRAY_LEN(fields), file);
		if (res < 0)
			break;
		if (file->pattern == NULL) {
			res = fail(r, y->items[i], "the item has no pattern");
			break;
		}
		(void)sk_map_put(&seen, sk_span_str(file->pattern), 0);
		if (seen.n_items != p->n_files)
			res = fail_word(r, y->items[i], "listed twice:", file->pattern);
	}
	sk_map_release(&seen);
	return res;
}

/* An address, or a prefix with its length. */
static bool is_address(const char *text)
{
	struct sk_span s = sk_span_str(text);
	size_t slash = sk_span_find(s, '/');
	char host[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	uint32_t bits = 0;
	bool v6;

	if (slash >= sizeof(host))
		return false;
	memcpy(host, text, slash);
	host[slash] = '\0';
	v6 = strchr(host, ':') != NULL;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, host, bytes) != 1)
		return false;
	return slash == s.len ||
	       (sk_parse_u32(sk_span_sub(s, slash + 1, s.len), &bits) && bits <= (v6 ? 128 : 32));
}

static int read_address(struct reader *r, const struct sk_yaml *y, void *to)
{
	int res = read_text(r, y, to);

	if (res == 0 && !is_address(*(const char **)to))
		return fail_word(r, y, "not an IP address or prefix:", *(const char **)to);
	return res;
}

static int read_names(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_profile *p = to;
	uint64_t all =
		p->n_images == GUARD_MAX_IMAGES ? UINT64_MAX >> 1 : (1ull << p->n_images) - 1;
	struct guard_dns_pattern pattern;
	int res = read_words(r, y, &p->names);

	settle_words(&p->names, all);
	for (size_t i = 0; res == 0 && i < p->names.n_items; i++)
		if (!guard_dns_pattern(sk_span_str(p->names.items[i].text), &pattern))
			return fail_word(r, y, "not a DNS name:", p->names.items[i].text);
	return res;
}

static int read_peer_name(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_dns_pattern pattern;
	int res = read_text(r, y, to);

	if (res == 0 && !guard_dns_pattern(sk_span_str(*(const char **)to), &pattern))
		return fail_word(r, y, "not a DNS name:", *(const char **)to);
	return res;
}

static int check_peer(struct reader *r, const struct sk_yaml *y, const struct guard_peer *peer,
		      struct sk_map *seen)
{
	size_t n = seen->n_items;

	if ((peer->address == NULL) == (peer->name == NULL))
		return fail(r, y, "a peer has either an address or a name");
	(void)sk_map_put(seen,
			 sk_span_str(sk_arena_printf(
				 r->p->arena, "%c%s|%s|%u", peer->name != NULL ? 'n' : 'a',
				 peer->name != NULL ? peer->name : peer->address,
				 peer->protocol != NULL ? peer->protocol : "", peer->port)),
			 0);
	return seen->n_items == n ? fail(r, y, "the peer is listed already") : 0;
}

static int read_peers(struct reader *r, const struct sk_yaml *y, void *to)
{
	static const struct field fields[] = {
		FIELD("address", read_address, guard_peer, address),
		FIELD("name", read_peer_name, guard_peer, name),
		FIELD("protocol", read_protocol, guard_peer, protocol),
		FIELD("port", read_port, guard_peer, port),
		ITEM_FIELDS(guard_peer),
	};
	struct guard_profile *p = to;
	struct sk_map seen = {0};
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_peer *peer;

		SK_GROW(p->peers, p->n_peers, p->peers_cap);
		peer = &p->peers[p->n_peers++];
		memset(peer, 0, sizeof(*peer));
		res = read_mapping(r, y->items[i], fields, SK_ARRAY_LEN(fields), peer);
		if (res == 0)
			res = check_peer(r, y->items[i], peer, &seen);
	}
	sk_map_release(&seen);
	return res;
}

static int check_listen(struct reader *r, const struct sk_yaml *y, const struct guard_profile *p)
{
	const struct guard_listen *last = &p->listen[p->n_listen - 1];

	if (last->port == 0)
		return fail(r, y, "the item has no port");
	for (size_t i = 0; i + 1 < p->n_listen; i++)
		if (p->listen[i].port == last->port &&
		    strcmp(p->listen[i].protocol, last->protocol) == 0)
			return fail(r, y, "the port is listed already");
	return 0;
}

static int read_listen(struct reader *r, const struct sk_yaml *y, void *to)
{
	static const struct field fields[] = {
		FIELD("port", read_port, guard_listen, port),
		FIELD("protocol", read_protocol, guard_listen, protocol),
		ITEM_FIELDS(guard_listen),
	};
	struct guard_profile *p = to;
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_listen *port;

		SK_GROW(p->listen, p->n_listen, p->listen_cap);
		port = &p->listen[p->n_listen++];
		*port = (struct guard_listen){.protocol = "tcp"};
		res = read_mapping(r, y->items[i], fields, SK_ARRAY_LEN(fields), port);
		if (res == 0)
			res = check_listen(r, y->items[i], p);
	}
	return res;
}

/* Words that stand for numbers: a set of bits. */
static int read_bits(struct reader *r, const struct sk_yaml *y,
		     bool (*number)(struct sk_span word, unsigned *ret), const char *unknown,
		     uint64_t *set)
{
	int res = expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct sk_span s;
		unsigned nr;

		res = scalar(r, y->items[i], &s);
		if (res < 0)
			break;
		if (!number(s, &nr))
			return fail_word(r, y->items[i], unknown, s.ptr);
		set[nr / 64] |= 1ull << (nr % 64);
	}
	return res;
}

static int read_capabilities(struct reader *r, const struct sk_yaml *y, void *to)
{
	return read_bits(r, y, guard_capability_number, "unknown capability", to);
}

static int read_syscalls(struct reader *r, const struct sk_yaml *y, void *to)
{
	return read_bits(r, y, guard_syscall_number, "unknown system call", to);
}

static bool section_number(struct sk_span word, unsigned *ret)
{
	for (*ret = 0; *ret < GUARD_N_SECTIONS; ++*ret)
		if (sk_span_eq_str(word, guard_section_name((enum guard_section) * ret)))
			return true;
	return false;
}

static int read_unseen(struct reader *r, const struct sk_yaml *y, void *to)
{
	return read_bits(r, y, section_number, "unknown section", to);
}

/* The head */

static int read_modes(struct reader *r, const struct sk_yaml *y, void *to)
{
	enum guard_mode *modes = to;
	struct field fields[GUARD_N_SECTIONS];

	for (size_t i = 0; i < GUARD_N_SECTIONS; i++)
		fields[i] = (struct field){guard_section_name((enum guard_section)i), read_mode,
					   i * sizeof(*modes)};
	return read_mapping(r, y, fields, GUARD_N_SECTIONS, modes);
}

static int read_learned(struct reader *r, const struct sk_yaml *y, void *to)
{
	static const struct field fields[] = {
		FIELD("first", read_time, guard_profile, first),
		FIELD("last", read_time, guard_profile, last),
		FIELD("last_new", read_time, guard_profile, last_new),
		FIELD("seconds", read_u64, guard_profile, learned_s),
		FIELD("runs", read_u32, guard_profile, runs),
		FIELD("replicas", read_u32, guard_profile, replicas),
		FIELD("starts", read_u32, guard_profile, starts),
		FIELD("lost", read_u64, guard_profile, lost),
		FIELD("incomplete", read_bool, guard_profile, incomplete),
		FIELD("unseen", read_unseen, guard_profile, unseen),
	};

	return read_mapping(r, y, fields, SK_ARRAY_LEN(fields), to);
}

static int read_images(struct reader *r, const struct sk_yaml *y, void *to)
{
	static const struct field fields[] = {
		FIELD("digest", read_text, guard_image, digest),
		FIELD("reference", read_text, guard_image, reference),
		FIELD("first", read_time, guard_image, first),
		FIELD("last", read_time, guard_image, last),
	};
	struct guard_profile *p = to;
	int res = expect_list(r, y);

	if (res == 0 && y->n > GUARD_MAX_IMAGES)
		return fail(r, y, "more images than a profile can hold (64)");
	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_image *image = &p->images[i];

		res = read_mapping(r, y->items[i], fields, SK_ARRAY_LEN(fields), image);
		if (res < 0)
			break;
		if (image->digest == NULL)
			return fail(r, y->items[i], "the image has no digest");
		for (size_t k = 0; k < i; k++)
			if (strcmp(p->images[k].digest, image->digest) == 0)
				return fail(r, y->items[i], "the image is listed already");
		p->n_images = i + 1;
	}
	return res;
}

static int read_schema(struct reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = scalar(r, y, &s);

	(void)to;
	if (res < 0)
		return res;
	if (!sk_span_eq_str(s, GUARD_PROFILE_SCHEMA))
		return fail_word(r, y, "this version reads " GUARD_PROFILE_SCHEMA ", not", s.ptr);
	return 0;
}

static int read_service(struct reader *r, const struct sk_yaml *y, void *to)
{
	char name[MAX_FILE_NAME + 1];
	int res = read_text(r, y, to);

	if (res == 0 && guard_profile_file_name(*(const char **)to, name, sizeof(name)) == NULL)
		return fail(r, y, "not a name of a service");
	return res;
}

static int read_nothing(struct reader *r, const struct sk_yaml *y, void *to)
{
	(void)r;
	(void)y;
	(void)to;
	return 0;
}

static int read_profile(struct reader *r, const struct sk_yaml *y)
{
	static const struct field fields[] = {
		{"schema", read_schema, 0},
		FIELD("service", read_service, guard_profile, service),
		{"images", read_nothing, 0}, /* read first: items name them by number */
		FIELD("mode", read_mode, guard_profile, mode),
		FIELD("modes", read_modes, guard_profile, section_modes),
		{"learned", read_learned, 0},
		{"executables", read_programs, 0},
		{"libraries", read_libraries, 0},
		{"files", read_files, 0},
		{"peers", read_peers, 0},
		{"names", read_names, 0},
		{"listen", read_listen, 0},
		FIELD("capabilities", read_capabilities, guard_profile, capabilities),
		FIELD("syscalls", read_syscalls, guard_profile, syscalls),
		FIELD("syscalls_ia32", read_bool, guard_profile, syscalls_ia32),
	};
	const struct sk_yaml *images = sk_yaml_get(y, "images");
	int res = 0;

	if (sk_yaml_get(y, "schema") == NULL)
		return fail(r, y, "the key schema: " GUARD_PROFILE_SCHEMA " is missing");
	if (sk_yaml_get(y, "service") == NULL)
		return fail(r, y, "the key service is missing");
	if (images != NULL)
		res = read_images(r, images, r->p);
	return res < 0 ? res : read_mapping(r, y, fields, SK_ARRAY_LEN(fields), r->p);
}

int guard_profile_parse(struct sk_span text, struct guard_profile **ret, struct sk_err *err)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	struct sk_yaml *root = NULL;
	struct reader r = {.err = err};
	int res;

	if (text.len > GUARD_PROFILE_MAX_BYTES)
		return sk_err_set(err, SK_E_LIMIT, "profile: larger than %d bytes",
				  GUARD_PROFILE_MAX_BYTES);
	res = sk_yaml_parse(text, a, &root, err);
	if (res < 0)
		return sk_err_wrap(err, res, "profile");
	if (root == NULL)
		return sk_err_set(err, SK_E_FORMAT, "profile: the file is empty");
	p = guard_profile_new("");
	r.p = p;
	res = read_profile(&r, root);
	if (res < 0)
		return res;
	*ret = sk_take(p);
	return 0;
}

/* Files */

const char *guard_profile_file_name(const char *service, char *buf, size_t size)
{
	size_t len = strlen(service);

	if (len == 0 || len + sizeof(".yaml") > size || len + sizeof(".yaml") - 1 > MAX_FILE_NAME)
		return NULL;
	for (size_t i = 0; i < len; i++)
		buf[i] = service[i] == '/' ? '.' : service[i];
	buf[len] = '\0';
	if (strcmp(buf, ".") == 0 || strcmp(buf, "..") == 0)
		return NULL;
	memcpy(buf + len, ".yaml", sizeof(".yaml"));
	return buf;
}

static int open_dir(const char *dir, struct sk_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char quoted[QUOTE_SIZE];

	if (fd < 0)
		return sk_err_errno(err, errno, "open %s",
				    sk_text_quote(sk_span_str(dir), quoted, sizeof(quoted)));
	return fd;
}

static int name_of(const char *service, char *name, struct sk_err *err)
{
	char quoted[QUOTE_SIZE];

	if (guard_profile_file_name(service, name, MAX_FILE_NAME + 1) != NULL)
		return 0;
	return sk_err_set(err, EINVAL, "%s names no profile",
			  sk_text_quote(sk_span_str(service), quoted, sizeof(quoted)));
}

int guard_profile_load(const char *dir, const char *service, struct guard_profile **ret,
		       struct sk_err *err)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	sk_cleanup(sk_closep) int dirfd = -1;
	char name[MAX_FILE_NAME + 1], quoted[QUOTE_SIZE];
	struct sk_buf text;
	int res = name_of(service, name, err);

	if (res < 0)
		return res;
	dirfd = open_dir(dir, err);
	if (dirfd == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (dirfd < 0)
		return dirfd;
	sk_buf_init(&text, GUARD_PROFILE_MAX_BYTES);
	res = sk_read_file(dirfd, name, &text, err);
	if (res == 0)
		res = guard_profile_parse(sk_buf_span(&text), &p, err);
	sk_buf_release(&text);
	if (res == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (res < 0)
		return sk_err_wrap(err, res, "%s/%s", dir,
				   sk_text_quote(sk_span_str(name), quoted, sizeof(quoted)));
	if (strcmp(p->service, service) != 0)
		return sk_err_set(err, SK_E_AMBIGUOUS,
				  "%s/%s is the profile of another service, %s", dir, name,
				  sk_text_quote(sk_span_str(p->service), quoted, sizeof(quoted)));
	*ret = sk_take(p);
	return 0;
}

int guard_profile_save(const char *dir, const struct guard_profile *p, struct sk_err *err)
{
	sk_cleanup(sk_closep) int dirfd = -1;
	char name[MAX_FILE_NAME + 1];
	struct sk_buf text;
	struct sk_sink sink;
	int res = name_of(p->service, name, err);

	if (res < 0)
		return res;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return sk_err_errno(err, errno, "make the directory %s", dir);
	dirfd = open_dir(dir, err);
	if (dirfd < 0)
		return dirfd;
	sk_buf_init(&text, GUARD_PROFILE_MAX_BYTES);
	sink = sk_sink_buf(&text);
	res = guard_profile_write(p, &sink);
	if (res < 0)
		(void)sk_err_set(err, -res, "profile: larger than %d bytes",
				 GUARD_PROFILE_MAX_BYTES);
	else
		res = sk_write_file_atomic(dirfd, name, sk_buf_span(&text), 0644, err);
	sk_buf_release(&text);
	return res;
}
