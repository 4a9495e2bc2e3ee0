/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard watch: events live, nothing is changed. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "cli/cmd_guard-priv.h"
#include "guard/event.h"
#include "guard/hasher.h"

enum {
	KINDS_SIZE = 512,   /* names of all kinds of events */
	BATCH = 64 << 10,   /* bytes that are written at once */
	PIECE = 4096,       /* what a pipe that has room takes without waiting: pipe(7), PIPE_BUF */
	LOOK_MS = 100,      /* between looks for a signal while nobody reads */
	END_POLL_US = 5000, /* between looks at programs that are still read at the end */
};

/** struct watching - `guard watch` */
struct watching {
	bool json;
	bool colour;
	struct sk_buf out; /* whole lines, not written yet */
	size_t piece;      /* bytes of them that are handed over at once */
	struct guard_session *session;
	struct guard_hasher *hasher; /* with JSON */
	unsigned kinds;              /* bit (1 << enum guard_kind); 0: all */
	int failure;
	bool is_ending;
};

/* The signals that end it are blocked, also while it waits for a reader. */
static bool is_to_end(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	       (sigismember(&set, SIGINT) != 0 || sigismember(&set, SIGTERM) != 0);
}

/* A file takes what it is given; who reads a pipe or a terminal may stop. */
static size_t watch_piece(void)
{
	struct stat st;

	return fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) ? BATCH : PIECE;
}

/* Waits for who reads slowly: what finds no room in the kernel meanwhile is counted and told. */
static void watch_write(struct watching *r)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
	struct sk_span rest = sk_buf_span(&r->out);

	while (rest.len != 0 && r->failure >= 0) {
		size_t n = rest.len < r->piece ? rest.len : r->piece;
		int ready = poll(&p, 1, LOOK_MS);

		if (ready == 0 && (r->is_ending || is_to_end()))
			break;
		if (ready == 0)
			continue;
		(void)!fwrite(rest.ptr, 1, n, stdout); /* its failure is known to the stream */
		if (fflush(stdout) != 0)
			r->failure = -EIO;
		rest = sk_span_sub(rest, n, rest.len);
	}
	sk_buf_reset(&r->out);
}

static void watch_line(struct watching *r, const struct guard_event *e)
{
	struct sk_sink sink = sk_sink_buf(&r->out);

	/* The longest line that there is fits behind others. */
	if ((r->json ? guard_event_json(e, &sink) : guard_event_line(e, r->colour, &sink)) < 0)
		r->failure = -SK_E_LIMIT;
	if (r->out.len >= BATCH)
		watch_write(r);
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
	struct watching r = {
		.json = cli_wants_json(ctx),
		.colour = cli_colour(ctx, STDOUT_FILENO),
		.piece = watch_piece(),
	};
	struct guard_session_options o = {
		.policy = cmd_guard_observe(GUARD_P_RECORD | GUARD_P_LEARN | GUARD_P_LIFECYCLE |
					    GUARD_P_CLIENTS | GUARD_P_CWD),
		.ops = &ops,
		.ctx = &r,
	};
	sk_cleanup(guard_hasher_freep) struct guard_hasher *hasher = NULL;
	sk_cleanup(guard_reader_freep) struct guard_reader *reader = NULL;
	sk_cleanup(guard_session_freep) struct guard_session *s = NULL;
	struct sk_err err;
	int failure, sig = 0;

	if (choose_kinds(ctx, &r.kinds) != CLI_EXIT_CLEAN)
		return CLI_EXIT_USAGE;
	if (!cmd_guard_backend(ctx, &o.kern.backend))
		return cli_usage_error(ctx, "unknown backend");
	sk_buf_init(&r.out, 2 << 20);
	cmd_guard_select(ctx, &o);
	cmd_guard_block_signals();
	if (guard_reader_new(&reader, &err) < 0)
		return cli_fail(ctx, &err);
	o.reader = reader;
	if (r.json)
		r.hasher = hasher = guard_hasher_new();
	if (guard_session_open(&o, &s, &err) < 0)
		return cli_fail_rights(ctx, &err);
	r.session = s;
	cmd_guard_say_ready(r.json, guard_kern_backend(guard_session_kern(s)));
	do {
		failure = guard_session_poll(s, 20, &err);
		(void)watch_hashed(&r);
		watch_write(&r);
		sig = cmd_guard_pending_signal(NULL);
	} while (failure >= 0 && r.failure >= 0 && (sig == 0 || sig == SIGHUP));
	r.is_ending = true;
	if (failure >= 0) {
		guard_session_flush(s);
		while (watch_hashed(&r))
			(void)usleep(END_POLL_US);
		watch_write(&r);
	}
	sk_buf_release(&r.out);
	return failure < 0 ? cli_fail(ctx, &err) : CLI_EXIT_CLEAN;
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
