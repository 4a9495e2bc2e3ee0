/* SPDX-License-Identifier: Apache-2.0 */
/* How far `guard learn` got, as a whole and for each service: one may be done while another is not.
 */
#include "cli/cmd_guard_learned.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/parse.h"
#include "base/text.h"

enum {
	MOST_LINES = 20,       /* services that are told one by one */
	TEXT_BYTES = 16 << 10, /* of what is written at once; names are cut by it */
};

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void add_quiet(struct sk_buf *b, int64_t last_new)
{
	char quiet[SK_DURATION_TEXT_SIZE];

	(void)sk_buf_printf(b, "nothing new for %s",
			    sk_format_duration((int64_t)time(NULL) - last_new, quiet));
}

static void add_service(struct sk_buf *b, const struct guard_learn_service *s)
{
	(void)sk_text_escape(b, sk_span_str(s->name));
	(void)sk_buf_printf(b, ": %llu item%s new; ", (unsigned long long)s->n_new,
			    plural(s->n_new));
	add_quiet(b, s->last_new);
}

static void say(struct sk_buf *b)
{
	(void)fprintf(stderr, "%.*s\n", (int)b->len, b->len != 0 ? b->ptr : "");
	sk_buf_reset(b);
}

static void say_services(const struct guard_learn *l, struct sk_buf *b)
{
	struct guard_learn_service s;
	size_t pos = 0;

	while (pos < MOST_LINES && guard_learn_next_service(l, &pos, &s)) {
		(void)sk_buf_add_str(b, "  ");
		add_service(b, &s);
		say(b);
	}
	if (pos == MOST_LINES && guard_learn_next_service(l, &pos, &s)) {
		(void)sk_buf_add_str(b, "  …");
		say(b);
	}
}

static void add_slowest(const struct guard_learn *l, struct sk_buf *b)
{
	struct guard_learn_service s, slowest = {0};
	size_t pos = 0;

	while (guard_learn_next_service(l, &pos, &s))
		if (slowest.name == NULL || s.last_new > slowest.last_new)
			slowest = s;
	(void)sk_buf_add_str(b, "slowest: ");
	add_service(b, &slowest);
}

void cmd_guard_say_learned(const struct guard_learn *l, const char *dir)
{
	struct guard_learn_state state = guard_learn_state(l);
	bool each = isatty(STDERR_FILENO) != 0;
	struct sk_buf b;

	sk_buf_init(&b, TEXT_BYTES);
	(void)sk_buf_printf(&b, "%zu service%s, %zu container%s, %llu item%s new; ",
			    state.n_services, plural(state.n_services), state.n_containers,
			    plural(state.n_containers), (unsigned long long)state.n_new,
			    plural(state.n_new));
	if (state.n_services > 1 && !each)
		add_slowest(l, &b);
	else
		add_quiet(&b, state.last_new);
	if (dir != NULL && state.n_services != 0)
		(void)sk_buf_printf(&b, "; written to %s", dir);
	else if (dir != NULL)
		(void)sk_buf_printf(&b, "; nothing is written to %s", dir);
	say(&b);
	if (state.n_services > 1 && each)
		say_services(l, &b);
	sk_buf_release(&b);
	if (state.lost != 0)
		(void)fprintf(stderr, "%llu event%s lost: the profiles are marked incomplete\n",
			      (unsigned long long)state.lost, state.lost == 1 ? " was" : "s were");
}
