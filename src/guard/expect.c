/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in a profile, and the words for what they do not find. */
#include "guard/expect.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "guard/names.h"
#include "guard/shape.h"

enum {
	TEXT_MAX = 16 << 10, /* shape of the arguments that the kernel half passes on */
	ITEMS_TOLD = 3,
	/* Linux's default of net.ipv4.ip_local_port_range: who listens there did not choose. */
	EPHEMERAL_FIRST = 32768,
	EPHEMERAL_LAST = 60999,
};

bool guard_expect_arguments(const struct guard_program *prog, const char *const *args,
			    size_t n_args)
{
	bool known = prog->shapes.n_items == 0 || n_args == 0;
	struct sk_buf b;

	sk_buf_init(&b, TEXT_MAX);
	if (!known && !guard_shape_of(args, n_args, &b))
		known = true; /* nothing so long was learned either */
	for (size_t i = 0; !known && i < prog->shapes.n_items; i++)
		known = guard_shape_match(sk_span_str(prog->shapes.items[i].text), sk_buf_span(&b));
	sk_buf_release(&b);
	return known;
}

bool guard_expect_parent(const struct guard_program *prog, const char *exe)
{
	bool known = prog->parents.n_items == 0 || exe == NULL;

	for (size_t i = 0; !known && i < prog->parents.n_items; i++)
		known = guard_pattern_match(sk_span_str(prog->parents.items[i].text),
					    sk_span_str(exe));
	return known;
}

/* Directories have a "/" at their end, and had none in older profiles: they match without. */
static bool is_expected(const char *text, const char *path)
{
	struct sk_span pattern = sk_span_str(text), name = sk_span_str(path);

	if (pattern.len > 1 && pattern.ptr[pattern.len - 1] == '/')
		pattern.len--;
	return guard_pattern_match(pattern, name) || guard_pattern_is_kin(pattern, name);
}

bool guard_expect_file(const struct guard_profile *p, const char *path, unsigned access)
{
	for (size_t i = 0; i < p->n_files; i++)
		if ((p->files[i].access & access) != 0 && is_expected(p->files[i].pattern, path))
			return true;
	return false;
}

static bool is_ephemeral(uint16_t port)
{
	return port >= EPHEMERAL_FIRST && port <= EPHEMERAL_LAST;
}

bool guard_expect_listen(const struct guard_profile *p, const char *protocol, uint16_t port)
{
	for (size_t i = 0; i < p->n_listen; i++)
		if ((p->listen[i].port == port ||
		     (is_ephemeral(port) && is_ephemeral(p->listen[i].port))) &&
		    (p->listen[i].protocol == NULL || strcmp(p->listen[i].protocol, protocol) == 0))
			return true;
	return false;
}

/* A profile made by hand or from an image says nothing of what it does not list. */
static bool was_learned(const struct guard_profile *p, enum guard_section section)
{
	uint64_t calls = 0;

	switch (section) {
	case GUARD_SECTION_FILES:
		return p->runs != 0 || p->n_files != 0;
	case GUARD_SECTION_LISTEN:
		return p->runs != 0 || p->n_listen != 0;
	case GUARD_SECTION_NAMES: /* seen where peers are */
		return (p->runs != 0 && (p->unseen & 1u << GUARD_SECTION_PEERS) == 0) ||
		       p->names.n_items != 0;
	case GUARD_SECTION_CAPABILITIES:
		return p->runs != 0 || p->capabilities != 0;
	case GUARD_SECTION_SYSCALLS:
		for (size_t i = 0; i < SK_ARRAY_LEN(p->syscalls); i++)
			calls |= p->syscalls[i];
		return calls != 0;
	default:
		return true;
	}
}

enum guard_mode guard_expect_mode(const struct guard_profile *p, enum guard_section section,
				  enum guard_mode given)
{
	if (p->section_modes[section] == GUARD_MODE_UNSET && !was_learned(p, section))
		return GUARD_MODE_UNSET;
	return guard_profile_mode(p, section, given);
}

/** struct telling - a list being written */
struct telling {
	struct sk_buf *b;
	size_t n;
};

static void tell(struct telling *t, const char *text)
{
	char mark;

	if (t->n++ >= ITEMS_TOLD)
		return;
	/* Shapes have quotes of their own: nginx -g 'daemon off;' */
	mark = strchr(text, '\'') != NULL ? '"' : '\'';
	(void)sk_buf_printf(t->b, "%s%c", t->n > 1 ? ", " : "", mark);
	(void)sk_text_escape(t->b, sk_span_str(text));
	(void)sk_buf_add_char(t->b, mark);
}

static void tell_rest(const struct telling *t)
{
	if (t->n > ITEMS_TOLD)
		(void)sk_buf_printf(t->b, " and %zu more", t->n - ITEMS_TOLD);
}

void guard_expected_texts(const struct guard_text_list *list, struct sk_buf *b)
{
	struct telling t = {.b = b};

	for (size_t i = 0; i < list->n_items; i++)
		tell(&t, list->items[i].text);
	tell_rest(&t);
}

static size_t common(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

/* Patterns that begin like the path, up to its directory at least. */
void guard_expected_files(const struct guard_profile *p, const char *path, unsigned access,
			  struct sk_buf *b)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash != NULL && slash != path ? (size_t)(slash - path) : 1;
	struct telling t = {.b = b};

	for (size_t i = 0; i < p->n_files; i++)
		if ((p->files[i].access & access) != 0 && common(p->files[i].pattern, path) >= dir)
			tell(&t, p->files[i].pattern);
	tell_rest(&t);
}

void guard_expected_listen(const struct guard_profile *p, struct sk_buf *b)
{
	struct telling t = {.b = b};

	for (size_t i = 0; i < p->n_listen; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "port %u (%s)", p->listen[i].port,
			       p->listen[i].protocol != NULL ? p->listen[i].protocol : "any");
		tell(&t, text);
	}
	tell_rest(&t);
}

void guard_expected_capabilities(const struct guard_profile *p, struct sk_buf *b)
{
	struct telling t = {.b = b};

	for (unsigned i = 0; i < GUARD_N_CAPABILITIES; i++)
		if ((p->capabilities >> i & 1) != 0)
			tell(&t, guard_capability_name(i));
	tell_rest(&t);
}

void guard_expected_syscalls(const struct guard_profile *p, struct sk_buf *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < SK_ARRAY_LEN(p->syscalls); i++)
		n += (unsigned)__builtin_popcountll(p->syscalls[i]);
	if (n != 0)
		(void)sk_buf_printf(b, "one of %u others", n);
}
