/* SPDX-License-Identifier: Apache-2.0 */
/* AppArmor profile (apparmor.d(5)): programs, libraries, files, capabilities, kinds of network. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "guard/export-priv.h"
#include "guard/names.h"

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

static void put_capabilities(struct sk_buf *b, const struct guard_profile *p)
{
	uint64_t capabilities = guard_export_capabilities(p);

	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++) {
		if ((capabilities >> i & 1) == 0)
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

/* In the order in which they are written. */
enum right {
	RIGHT_MAP = 1 << 0,
	RIGHT_READ = 1 << 1,
	RIGHT_WRITE = 1 << 2,
	RIGHT_LOCK = 1 << 3,
	RIGHT_LINK = 1 << 4,
	RIGHT_EXEC = 1 << 5,
};

/** struct rule - what may be done with one path */
struct rule {
	const char *path;
	unsigned rights; /* enum right */
	bool code;       /* a program or a script */
};

/** struct rules - all of them; @items is freed by who collected them */
struct rules {
	struct rule *items;
	size_t n;
	size_t cap;
};

/* AppArmor knows absolute paths only: a memory file cannot be named. */
static void add_rule(struct rules *rules, const char *path, unsigned rights, bool code)
{
	if (path == NULL || (path[0] != '/' && strcmp(path, "**") != 0))
		return;
	SK_GROW(rules->items, rules->n, rules->cap);
	rules->items[rules->n++] = (struct rule){
		.path = path[0] == '/' ? path : "/**", .rights = rights, .code = code};
}

static void collect_programs(const struct guard_profile *p, struct rules *rules)
{
	for (size_t i = 0; i < p->n_programs; i++) {
		const struct guard_program *prog = &p->programs[i];

		add_rule(rules, prog->content.path, RIGHT_MAP | RIGHT_READ | RIGHT_EXEC, true);
		for (size_t k = 0; k < prog->n_scripts; k++)
			add_rule(rules, prog->scripts[k].content.path, RIGHT_READ, true);
	}
}

static void collect_files(const struct guard_profile *p, struct rules *rules)
{
	/* Locks and links are not learned: who writes may make them. */
	static const unsigned read = RIGHT_READ | RIGHT_LOCK;
	static const unsigned write = RIGHT_WRITE | RIGHT_LOCK | RIGHT_LINK;

	for (size_t i = 0; i < p->n_libraries; i++)
		add_rule(rules, p->libraries[i].content.path, RIGHT_MAP | RIGHT_READ, false);
	for (size_t i = 0; i < p->n_files; i++) {
		unsigned access = p->files[i].access;
		unsigned rights = ((access & GUARD_ACCESS_READ) != 0 ? read : 0) |
				  ((access & GUARD_ACCESS_WRITE) != 0 ? write : 0);

		if (rights != 0)
			add_rule(rules, p->files[i].pattern, rights, false);
	}
}

static int compare_rules(const void *a, const void *b)
{
	return strcmp(((const struct rule *)a)->path, ((const struct rule *)b)->path);
}

/* Several contents of one path, and what is mapped and read, are one rule. */
static void unite(struct rules *rules)
{
	size_t n = 0;

	if (rules->n != 0)
		qsort(rules->items, rules->n, sizeof(*rules->items), compare_rules);
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule rule = rules->items[i];

		if (n == 0 || strcmp(rules->items[n - 1].path, rule.path) != 0) {
			rules->items[n++] = rule;
			continue;
		}
		rules->items[n - 1].rights |= rule.rights;
		rules->items[n - 1].code |= rule.code;
	}
	rules->n = n;
}

static void put_rules(struct sk_buf *b, const struct rules *rules, bool code)
{
	static const char *const letters[] = {"m", "r", "w", "k", "l", "ix"};

	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->items[i];

		if (rule->code != code)
			continue;
		(void)sk_buf_add_str(b, "  ");
		add_path(b, rule->path);
		(void)sk_buf_add_char(b, ' ');
		for (size_t k = 0; k < SK_ARRAY_LEN(letters); k++)
			if ((rule->rights >> k & 1) != 0)
				(void)sk_buf_add_str(b, letters[k]);
		(void)sk_buf_add_str(b, ",\n");
	}
}

int guard_export_apparmor(const struct guard_profile *p, const struct sk_sink *sink,
			  struct sk_err *err)
{
	char name[GUARD_EXPORT_NAME];
	struct rules rules = {0};
	struct sk_buf b;

	if (p->n_programs == 0)
		return sk_err_set(err, SK_E_NOT_FOUND, "the profile lists no programs");
	(void)guard_export_name(p, name);
	collect_programs(p, &rules);
	collect_files(p, &rules);
	unite(&rules);
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
	put_rules(&b, &rules, true);
	(void)sk_buf_add_str(&b, "\n  # Libraries and files\n");
	put_rules(&b, &rules, false);
	(void)sk_buf_add_str(&b, "}\n");
	sk_free(rules.items);
	return guard_export_finish(&b, sink, err);
}
