/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard watch: events live, nothing is changed. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cmd_guard-priv.h"
#include "guard/event.h"
#include "guard/hasher.h"

enum {
	KINDS_SIZE = 512,   /* names of all kinds of events */
	END_POLL_US = 5000, /* between looks at programs that are still read at the end */
};

/** struct watching - `guard watch` */
struct watching {
	bool json;
	struct sk_sink out;
	struct guard_session *session;
	struct guard_hasher *hasher; /* with JSON */
	unsigned kinds;              /* bit (1 << enum guard_kind); 0: all */
	int failure;
};

static void watch_line(struct watching *r, const struct guard_event *e)
{
	int failure = r->json ? guard_event_json(e, &r->out) : guard_event_line(e, &r->out);

	if (failure < 0)
		r->failure = failure;
}

static void watch_event(void *ctx, const struct guard_rec *rec, struct guard_event *e,
			struct guard_whose *w)
{
	struct watching *r = ctx;

	/* What was lost is always told. */
	if (r->kinds != 0 && e->kind != GUARD_KIND_LOST && (r->kinds & 1u << e->kind) == 0)
		return;
	if (e->kind == GUARD_KIND_EXEC)
		guard_session_find_cwd(r->session, e);
	if (r->hasher == NULL || !guard_hasher_put(r->hasher, rec, e, w))
		watch_line(r, e);
}

/* Events whose programs were read by now. Returns true when others wait. */
static bool watch_hashed(struct watching *r)
{
	const struct guard_event *e;
	bool waits = false;

	while (r->hasher != NULL && (e = guard_hasher_next(r->hasher, &waits)) != NULL)
		watch_line(r, e);
	return waits;
}

static int unknown_kind(struct cli_context *ctx, struct sk_span name)
{
	char names[KINDS_SIZE];
	size_t n = 0;

	for (unsigned kind = 0; kind < GUARD_N_KINDS && n < sizeof(names); kind++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", kind != 0 ? ", " : "",
				      guard_kind_name(kind));
	return cli_usage_error(ctx, "no kind of event has the name '%.*s'; there are %s",
			       SK_SPAN_ARG(name), names);
}

static int choose_kinds(struct cli_context *ctx, unsigned *ret)
{
	size_t n;
	const char *const *lists = cli_options(ctx, "kind", &n);
	struct sk_span rest, name;

	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		rest = sk_span_str(lists[i]);
		while (sk_span_cut(&rest, ',', &name)) {
			unsigned kind = 0;

			while (kind < GUARD_N_KINDS && !sk_span_eq_str(name, guard_kind_name(kind)))
				kind++;
			if (kind == GUARD_N_KINDS)
				return unknown_kind(ctx, name);
			*ret |= 1u << kind;
		}
	}
	return CLI_EXIT_CLEAN;
}

static int watch(struct cli_context *ctx)
{
	static const struct guard_session_ops ops = {.note = cmd_guard_note, .event = watch_event};
	struct watching r = {.json = cli_wants_json(ctx), .out = cli_stdout()};
	struct guard_session_options o = {
		.policy = cmd_guard_observe(GUARD_P_RECORD | GUARD_P_LEARN | GUARD_P_LIFECYCLE |
					    GUARD_P_CLIENTS),
		.ops = &ops,
		.ctx = &r,
	};
	sk_cleanup(guard_hasher_freep) struct guard_hasher *hasher = NULL;
	sk_cleanup(guard_session_freep) struct guard_session *s = NULL;
	struct sk_err err;
	int failure, sig = 0;

	if (choose_kinds(ctx, &r.kinds) != CLI_EXIT_CLEAN)
		return CLI_EXIT_USAGE;
	if (!cmd_guard_backend(ctx, &o.kern.backend))
		return cli_usage_error(ctx, "unknown backend");
	cmd_guard_select(ctx, &o);
	cmd_guard_block_signals();
	if (guard_session_open(&o, &s, &err) < 0)
		return cli_fail_rights(ctx, &err);
	r.session = s;
	if (r.json)
		r.hasher = hasher = guard_hasher_new();
	cmd_guard_say_ready(r.json, guard_kern_backend(guard_session_kern(s)));
	do {
		failure = guard_session_poll(s, 20, &err);
		(void)watch_hashed(&r);
		(void)fflush(stdout);
		sig = cmd_guard_pending_signal(NULL);
	} while (failure >= 0 && r.failure >= 0 && ferror(stdout) == 0 &&
		 (sig == 0 || sig == SIGHUP));
	if (failure < 0)
		return cli_fail(ctx, &err);
	guard_session_flush(s);
	while (watch_hashed(&r))
		(void)usleep(END_POLL_US);
	(void)fflush(stdout);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option watch_options[] = {
	CMD_GUARD_SELECT_OPTIONS,
	{"kind", 'k', "KIND", NULL, "only these events, such as exec,connect", NULL,
	 CLI_OPTION_REPEAT},
	CMD_GUARD_BACKEND_OPTION("how to see; fanotify: programs only"),
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{NULL},
};

const struct command cmd_guard_watch = {
	.name = "watch",
	.summary = "print events live, change nothing",
	.usage = "[SELECT] [--kind KIND]... [-f FORMAT]",
	.more = CMD_GUARD_SELECT_TEXT "\nExamples:\n"
				      "  stockade guard watch --container web --kind exec,connect\n"
				      "  stockade guard watch --pid $$ -f json\n",
	.options = watch_options,
	.run = watch,
};
