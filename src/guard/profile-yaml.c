/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text to a profile, format "stockade.profile/1" (docs/formats/profile.md). Strict: unknown
 * keys, repeated items and wrong types are refused with their line, because a profile that says
 * less than its author thinks is worse than none.
 */
#include "guard/profile-yaml.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "base/parse.h"
#include "guard/dns.h"
#include "guard/names.h"
#include "guard/profile-priv.h"
#include "guard/profile-yaml-priv.h"

enum {
	MAX_FILE_NAME = 255,
};

/* Content and provenance */

static int read_sha256(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_content *c = to;
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res < 0)
		return res;
	if (!sk_parse_hex(s, c->sha256, sizeof(c->sha256)))
		return guard_read_fail(r, y, "sha256 has 64 hexadecimal digits");
	c->has_sha256 = true;
	return 0;
}

/* A copy in the arena: the array of items moves when it grows. */
static struct sk_span hash_key(struct sk_arena *a, const struct guard_content *c)
{
	const char *copy = sk_arena_str(a, sk_span_of(c->sha256, sizeof(c->sha256)));

	return sk_span_of(copy, sizeof(c->sha256));
}

/* Refuses also what finding by content would take for one item. */
static int check_content(struct guard_reader *r, const struct sk_yaml *y,
			 const struct guard_content *c, struct guard_seen *seen)
{
	uint64_t kind = c->has_sha256 ? 1 : 2;
	size_t n = seen->paths.n_items;
	uint64_t *kinds;

	if (c->path == NULL)
		return guard_read_fail(r, y, "the item has no path");
	if (c->has_sha256 && sk_yaml_get(y, "size") == NULL)
		return guard_read_fail(r, y, "sha256 needs the size too: it is compared first");
	if (!c->has_sha256 && sk_yaml_get(y, "size") != NULL)
		return guard_read_fail(r, y, "a size without sha256 says nothing");
	if (c->has_sha256 && !guard_read_is_first(&seen->keys, hash_key(r->p->arena, c)))
		return guard_read_fail_word(r, y, "the same content is listed already:", c->path);
	kinds = sk_map_put(&seen->paths, sk_span_str(c->path), kind);
	if (seen->paths.n_items == n && (kind == 2 || *kinds == 2))
		return guard_read_fail_word(r, y, "the same path is listed already:", c->path);
	return 0;
}

static int read_image_numbers(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	uint64_t images = 0;
	int res = guard_read_expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		uint32_t number = 0;

		res = guard_read_u32(r, y->items[i], &number);
		if (res < 0)
			return res;
		if (number == 0 || number > r->p->n_images)
			return guard_read_fail(
				r, y->items[i],
				"no such image; images are numbered from 1 in their list");
		images |= 1ull << (number - 1);
	}
	if (res == 0)
		*(uint64_t *)to = images;
	return res;
}

static int read_seen(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	static const struct guard_field fields[] = {
		GUARD_FIELD("images", read_image_numbers, guard_item, images),
		GUARD_FIELD("count", guard_read_u64, guard_item, count),
		GUARD_FIELD("first", guard_read_time, guard_item, first),
		GUARD_FIELD("last", guard_read_time, guard_item, last),
	};

	return guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), to);
}

/* Keys that every item has. */
#define ITEM_FIELDS(type)                                                                          \
	GUARD_FIELD("seen", read_seen, type, item),                                                \
		GUARD_FIELD("comment", guard_read_text, type, item.comment)

#define CONTENT_FIELDS(type)                                                                       \
	GUARD_FIELD("path", guard_read_text, type, content.path),                                  \
		GUARD_FIELD("sha256", read_sha256, type, content),                                 \
		GUARD_FIELD("size", guard_read_u64, type, content.size)

/* Words */

static int read_word_text(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	if (res == 0)
		*(const char **)to = sk_arena_str(r->p->arena, s);
	return res;
}

static int read_word(struct guard_reader *r, const struct sk_yaml *y, void *to,
		     struct guard_seen *seen)
{
	static const struct guard_field fields[] = {
		GUARD_FIELD("text", read_word_text, guard_text_item, text),
		GUARD_FIELD("images", read_image_numbers, guard_text_item, item.images),
		GUARD_FIELD("comment", guard_read_text, guard_text_item, item.comment),
	};
	struct guard_text_item *item = to;
	int res;

	/* Until the program's own images are known, all bits stand for "as the program". */
	item->item.images = UINT64_MAX;
	res = y->type == SK_YAML_SCALAR
		      ? read_word_text(r, y, &item->text)
		      : guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), item);
	if (res < 0)
		return res;
	if (item->text == NULL)
		return guard_read_fail(r, y, "the item has no text");
	if (!guard_read_is_first(&seen->keys, sk_span_str(item->text)))
		return guard_read_fail_word(r, y, "listed twice:", item->text);
	return 0;
}

static const struct guard_list words = GUARD_LIST(guard_text_list, items, n_items, cap, read_word);

/* Programs */

static int read_script(struct guard_reader *r, const struct sk_yaml *y, void *to,
		       struct guard_seen *seen)
{
	static const struct guard_field fields[] = {
		CONTENT_FIELDS(guard_script),
		ITEM_FIELDS(guard_script),
	};
	struct guard_script *script = to;
	int res = guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), script);

	return res < 0 ? res : check_content(r, y, &script->content, seen);
}

static const struct guard_list scripts =
	GUARD_LIST(guard_program, scripts, n_scripts, scripts_cap, read_script);

static int read_traits(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	int res = guard_read_expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct sk_span s;
		size_t t = 0;

		res = guard_read_scalar(r, y->items[i], &s);
		if (res < 0)
			break;
		while (t < GUARD_N_TRAITS && !sk_span_eq_str(s, guard_trait_name(t)))
			t++;
		if (t == GUARD_N_TRAITS)
			return guard_read_fail_word(r, y->items[i], "unknown trait", s.ptr);
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

static int read_program(struct guard_reader *r, const struct sk_yaml *y, void *to,
			struct guard_seen *seen)
{
	static const struct guard_field fields[] = {
		CONTENT_FIELDS(guard_program),
		ITEM_FIELDS(guard_program),
		{"traits", read_traits, 0},
		{"applets", NULL, offsetof(struct guard_program, applets), &words},
		{"parents", NULL, offsetof(struct guard_program, parents), &words},
		{"arguments", NULL, offsetof(struct guard_program, shapes), &words},
		{"scripts", NULL, 0, &scripts},
	};
	struct guard_program *prog = to;
	int res = guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), prog);

	if (res < 0)
		return res;
	settle_words(&prog->applets, prog->item.images);
	settle_words(&prog->parents, prog->item.images);
	settle_words(&prog->shapes, prog->item.images);
	return check_content(r, y, &prog->content, seen);
}

static const struct guard_list programs =
	GUARD_LIST(guard_profile, programs, n_programs, programs_cap, read_program);

/* The other sections */

static int read_library(struct guard_reader *r, const struct sk_yaml *y, void *to,
			struct guard_seen *seen)
{
	static const struct guard_field fields[] = {
		CONTENT_FIELDS(guard_library),
		ITEM_FIELDS(guard_library),
	};
	struct guard_library *lib = to;
	int res = guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), lib);

	return res < 0 ? res : check_content(r, y, &lib->content, seen);
}

static const struct guard_list libraries =
	GUARD_LIST(guard_profile, libraries, n_libraries, libraries_cap, read_library);

static int read_access(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

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
		return guard_read_fail_word(r, y, "access is read, write, read+write or none, not",
					    s.ptr);
	return 0;
}

static int read_file(struct guard_reader *r, const struct sk_yaml *y, void *to,
		     struct guard_seen *seen)
{
	static const struct guard_field fields[] = {
		GUARD_FIELD("pattern", guard_read_text, guard_file, pattern),
		GUARD_FIELD("access", read_access, guard_file, access),
		ITEM_FIELDS(guard_file),
	};
	struct guard_file *file = to;
	int res;

	file->access = GUARD_ACCESS_READ;
	res = guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), file);
	if (res < 0)
		return res;
	if (file->pattern == NULL)
		return guard_read_fail(r, y, "the item has no pattern");
	if (!guard_read_is_first(&seen->keys, sk_span_str(file->pattern)))
		return guard_read_fail_word(r, y, "listed twice:", file->pattern);
	return 0;
}

static const struct guard_list files =
	GUARD_LIST(guard_profile, files, n_files, files_cap, read_file);

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

static int read_names(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_profile *p = to;
	uint64_t all =
		p->n_images == GUARD_MAX_IMAGES ? UINT64_MAX >> 1 : (1ull << p->n_images) - 1;
	struct guard_dns_pattern pattern;
	int res = guard_read_list(r, y, &words, &p->names);

	settle_words(&p->names, all);
	for (size_t i = 0; res == 0 && i < p->names.n_items; i++)
		if (!guard_dns_pattern(sk_span_str(p->names.items[i].text), &pattern))
			return guard_read_fail_word(r, y,
						    "not a DNS name:", p->names.items[i].text);
	return res;
}

static int read_peer_name(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct guard_dns_pattern pattern;
	int res = guard_read_text(r, y, to);

	if (res == 0 && !guard_dns_pattern(sk_span_str(*(const char **)to), &pattern))
		return guard_read_fail_word(r, y, "not a DNS name:", *(const char **)to);
	return res;
}

static bool is_unix(const char *protocol)
{
	return protocol != NULL && strcmp(protocol, "unix") == 0;
}

static int read_peer(struct guard_reader *r, const struct sk_yaml *y, void *to,
		     struct guard_seen *seen)
{
	static const struct guard_field fields[] = {
		GUARD_FIELD("address", guard_read_text, guard_peer, address),
		GUARD_FIELD("name", read_peer_name, guard_peer, name),
		GUARD_FIELD("protocol", guard_read_protocol, guard_peer, protocol),
		GUARD_FIELD("port", guard_read_port, guard_peer, port),
		ITEM_FIELDS(guard_peer),
	};
	struct guard_peer *peer = to;
	const char *key;
	int res = guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), peer);

	if (res < 0)
		return res;
	if ((peer->address == NULL) == (peer->name == NULL))
		return guard_read_fail(r, y, "a peer has either an address or a name");
	if (is_unix(peer->protocol) && (peer->name != NULL || peer->port != 0))
		return guard_read_fail(
			r, y, "a peer of protocol unix has a path for its address, and no port");
	if (peer->address != NULL && !is_unix(peer->protocol) && !is_address(peer->address))
		return guard_read_fail_word(r, y, "not an IP address or prefix:", peer->address);
	key = sk_arena_printf(r->p->arena, "%c%s|%s|%u", peer->name != NULL ? 'n' : 'a',
			      peer->name != NULL ? peer->name : peer->address,
			      peer->protocol != NULL ? peer->protocol : "", peer->port);
	if (!guard_read_is_first(&seen->keys, sk_span_str(key)))
		return guard_read_fail(r, y, "the peer is listed already");
	return 0;
}

static const struct guard_list peers =
	GUARD_LIST(guard_profile, peers, n_peers, peers_cap, read_peer);

static int read_listen(struct guard_reader *r, const struct sk_yaml *y, void *to,
		       struct guard_seen *seen)
{
	static const struct guard_field fields[] = {
		GUARD_FIELD("port", guard_read_port, guard_listen, port),
		GUARD_FIELD("protocol", guard_read_protocol, guard_listen, protocol),
		ITEM_FIELDS(guard_listen),
	};
	struct guard_listen *port = to;
	const char *key;
	int res;

	port->protocol = "tcp";
	res = guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), port);
	if (res < 0)
		return res;
	if (port->port == 0 || is_unix(port->protocol))
		return guard_read_fail(r, y, "the item has no port");
	key = sk_arena_printf(r->p->arena, "%s|%u", port->protocol, port->port);
	if (!guard_read_is_first(&seen->keys, sk_span_str(key)))
		return guard_read_fail(r, y, "the port is listed already");
	return 0;
}

static const struct guard_list ports =
	GUARD_LIST(guard_profile, listen, n_listen, listen_cap, read_listen);

/* Words that stand for numbers: a set of bits. */
static int read_bits(struct guard_reader *r, const struct sk_yaml *y,
		     bool (*number)(struct sk_span word, unsigned *ret), const char *unknown,
		     uint64_t *set)
{
	int res = guard_read_expect_list(r, y);

	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct sk_span s;
		unsigned nr;

		res = guard_read_scalar(r, y->items[i], &s);
		if (res < 0)
			break;
		if (!number(s, &nr))
			return guard_read_fail_word(r, y->items[i], unknown, s.ptr);
		set[nr / 64] |= 1ull << (nr % 64);
	}
	return res;
}

static int read_capabilities(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	return read_bits(r, y, guard_capability_number, "unknown capability", to);
}

static int read_syscalls(struct guard_reader *r, const struct sk_yaml *y, void *to)
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

static int read_unseen(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	return read_bits(r, y, section_number, "unknown section", to);
}

/* The head */

static int read_modes(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	enum guard_mode *modes = to;
	struct guard_field fields[GUARD_N_SECTIONS];

	for (size_t i = 0; i < GUARD_N_SECTIONS; i++)
		fields[i] = (struct guard_field){guard_section_name((enum guard_section)i),
						 guard_read_mode, i * sizeof(*modes)};
	return guard_read_mapping(r, y, fields, GUARD_N_SECTIONS, modes);
}

static int read_learned(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	static const struct guard_field fields[] = {
		GUARD_FIELD("first", guard_read_time, guard_profile, first),
		GUARD_FIELD("last", guard_read_time, guard_profile, last),
		GUARD_FIELD("last_new", guard_read_time, guard_profile, last_new),
		GUARD_FIELD("seconds", guard_read_u64, guard_profile, learned_s),
		GUARD_FIELD("runs", guard_read_u32, guard_profile, runs),
		GUARD_FIELD("replicas", guard_read_u32, guard_profile, replicas),
		GUARD_FIELD("starts", guard_read_u32, guard_profile, starts),
		GUARD_FIELD("lost", guard_read_u64, guard_profile, lost),
		GUARD_FIELD("incomplete", guard_read_bool, guard_profile, incomplete),
		GUARD_FIELD("unseen", read_unseen, guard_profile, unseen),
	};

	return guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), to);
}

static int read_images(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	static const struct guard_field fields[] = {
		GUARD_FIELD("digest", guard_read_text, guard_image, digest),
		GUARD_FIELD("reference", guard_read_text, guard_image, reference),
		GUARD_FIELD("first", guard_read_time, guard_image, first),
		GUARD_FIELD("last", guard_read_time, guard_image, last),
	};
	struct guard_profile *p = to;
	int res = guard_read_expect_list(r, y);

	if (res == 0 && y->n > GUARD_MAX_IMAGES)
		return guard_read_fail(r, y, "more images than a profile can hold (64)");
	for (size_t i = 0; res == 0 && i < y->n; i++) {
		struct guard_image *image = &p->images[i];

		res = guard_read_mapping(r, y->items[i], fields, SK_ARRAY_LEN(fields), image);
		if (res < 0)
			break;
		if (image->digest == NULL)
			return guard_read_fail(r, y->items[i], "the image has no digest");
		for (size_t k = 0; k < i; k++)
			if (strcmp(p->images[k].digest, image->digest) == 0)
				return guard_read_fail(r, y->items[i],
						       "the image is listed already");
		p->n_images = i + 1;
	}
	return res;
}

static int read_schema(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	struct sk_span s;
	int res = guard_read_scalar(r, y, &s);

	(void)to;
	if (res < 0)
		return res;
	if (!sk_span_eq_str(s, GUARD_PROFILE_SCHEMA))
		return guard_read_fail_word(
			r, y, "this version reads " GUARD_PROFILE_SCHEMA ", not", s.ptr);
	return 0;
}

static int read_service(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	char name[MAX_FILE_NAME + 1];
	int res = guard_read_text(r, y, to);

	if (res == 0 && guard_profile_file_name(*(const char **)to, name, sizeof(name)) == NULL)
		return guard_read_fail(r, y, "not a name of a service");
	return res;
}

static int read_nothing(struct guard_reader *r, const struct sk_yaml *y, void *to)
{
	(void)r;
	(void)y;
	(void)to;
	return 0;
}

static int read_profile(struct guard_reader *r, const struct sk_yaml *y)
{
	static const struct guard_field fields[] = {
		{"schema", read_schema, 0},
		GUARD_FIELD("service", read_service, guard_profile, service),
		{"images", read_nothing, 0}, /* read first: items name them by number */
		GUARD_FIELD("mode", guard_read_mode, guard_profile, mode),
		GUARD_FIELD("modes", read_modes, guard_profile, section_modes),
		{"learned", read_learned, 0},
		{"executables", NULL, 0, &programs},
		{"libraries", NULL, 0, &libraries},
		{"files", NULL, 0, &files},
		{"peers", NULL, 0, &peers},
		{"names", read_names, 0},
		{"listen", NULL, 0, &ports},
		GUARD_FIELD("capabilities", read_capabilities, guard_profile, capabilities),
		GUARD_FIELD("syscalls", read_syscalls, guard_profile, syscalls),
		GUARD_FIELD("syscalls_ia32", guard_read_bool, guard_profile, syscalls_ia32),
	};
	const struct sk_yaml *images = sk_yaml_get(y, "images");
	const struct sk_yaml *schema = sk_yaml_get(y, "schema");
	int res = 0;

	/* Another version may have other keys; a key that is missing may be there misspelt. */
	if (schema != NULL)
		res = read_schema(r, schema, r->p);
	if (res == 0)
		res = guard_read_known(r, y, fields, SK_ARRAY_LEN(fields));
	if (res < 0)
		return res;
	if (schema == NULL)
		return guard_read_fail(r, y, "the key schema: " GUARD_PROFILE_SCHEMA " is missing");
	if (sk_yaml_get(y, "service") == NULL)
		return guard_read_fail(r, y, "the key service is missing");
	if (images != NULL)
		res = read_images(r, images, r->p);
	return res < 0 ? res : guard_read_mapping(r, y, fields, SK_ARRAY_LEN(fields), r->p);
}

int guard_profile_parse(struct sk_span text, struct guard_profile **ret, struct sk_err *err)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	struct sk_yaml *root = NULL;
	struct guard_reader r = {.err = err};
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
