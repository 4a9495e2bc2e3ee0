/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard learn: profiles from what services do. */
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "cli/cmd_guard-priv.h"
#include "cli/cmd_guard_learned.h"
#include "cli/cmd_guard_profile.h"
#include "guard/gaps.h"
#include "guard/kern-pin.h"
#include "guard/learn.h"
#include "guard/live.h"

enum {
	TELL_MS = 60000, /* between lines that say how far it got */
};

/** struct learning - `guard learn` */
struct learning {
	struct guard_learn *learner;
	struct guard_kern *kern;
};

static void learn_opened(void *ctx, struct guard_kern *k)
{
	struct learning *l = ctx;

	l->kern = k;
}

static void learn_container(void *ctx, struct guard_whose *w)
{
	struct learning *l = ctx;
	struct sk_err err;

	if (guard_learn_container(l->learner, w, &err) < 0)
		sk_log(SK_LOG_ERROR, "%s; nothing is learned of this service", err.msg);
}

static void learn_gone(void *ctx, struct guard_whose *w)
{
	struct learning *l = ctx;

	guard_learn_gone(l->learner, l->kern, w);
}

static void learn_event(void *ctx, const struct guard_rec *rec, struct guard_event *e,
			struct guard_whose *w)
{
	struct learning *l = ctx;

	guard_learn_event(l->learner, rec, e, w);
}

/* Polls until a signal or, by a clock that nobody sets, the end; returns -1 on failure. */
static int loop(struct guard_session *s, uint64_t until_ms, const struct guard_learn *learner,
		struct sk_err *err)
{
	uint64_t told_ms = sk_mono_ms();
	int sig;

	do {
		if (guard_session_poll(s, 20, err) < 0)
			return -1;
		sig = cmd_guard_pending_signal(NULL);
		if (learner != NULL && sk_mono_ms() - told_ms >= TELL_MS) {
			cmd_guard_say_learned(learner, NULL);
			told_ms = sk_mono_ms();
		}
	} while ((sig == 0 || sig == SIGHUP) && (until_ms == 0 || sk_mono_ms() < until_ms));
	return 0;
}

/* --for in milliseconds, 0: until a signal. Returns enum cli_exit. */
static int read_length(struct cli_context *ctx, uint64_t *ret_ms)
{
	const char *length = cli_option(ctx, "for");

	*ret_ms = 0;
	if (length == NULL)
		return CLI_EXIT_CLEAN;
	if (!sk_parse_duration(sk_span_str(length), ret_ms))
		return cli_usage_error(ctx, "--for: '%s' is no duration", length);
	if (*ret_ms == 0)
		return cli_usage_error(ctx, "--for: nothing can be learned in no time");
	return CLI_EXIT_CLEAN;
}

/* What still runs is learned as if it had ended, and all is written. Returns -1 on failure. */
static int conclude(struct cli_context *ctx, struct learning *l, struct guard_session *s,
		    struct sk_err *err)
{
	const struct guard_profile *heir;
	struct guard_whose *w;
	size_t pos = 0, n_heirs = 0;
	bool is_saved;

	while ((w = guard_attrib_next(guard_session_attrib(s), &pos)) != NULL)
		guard_learn_gone(l->learner, l->kern, w);
	is_saved = guard_learn_save(l->learner, err) >= 0;
	cmd_guard_say_learned(l->learner, is_saved ? cli_option(ctx, "profiles") : NULL);
	while ((heir = guard_learn_next_heir(l->learner, &n_heirs)) != NULL) {
		sk_log(SK_LOG_WARN,
		       "%s: the image is new, its profile goes on with it; what differs:",
		       heir->service);
		cmd_guard_show_heir(ctx, heir);
	}
	return is_saved ? 0 : -1;
}

static void find_enforced(void *ctx, uint64_t cgroup, const struct guard_container *c,
			  const struct guard_policy *p)
{
	bool *found = ctx;

	(void)cgroup;
	if ((c->flags & (GUARD_C_IGNORED | GUARD_C_GONE)) == 0 &&
	    (p->mode_exec == GUARD_REC_MODE_ENFORCE || p->mode_builtin == GUARD_REC_MODE_ENFORCE))
		*found = true;
}

/* May another guard block what is to be learned? */
static bool is_guarded(void)
{
	struct guard_pinned pinned;
	struct guard_live live;
	struct sk_err ignored;
	bool found = false;

	if (guard_pinned_read(&pinned, &ignored) < 0)
		return false; /* for want of rights, as is said next */
	if (pinned.n_programs == 0)
		return guard_live_read(&live);
	guard_pinned_containers(find_enforced, &found);
	return found || !pinned.is_readable;
}

/* What was asked for by name and never came is a failure; a host without containers is none. */
static int result(const struct learning *l, const struct guard_select *select)
{
	struct guard_learn_state state = guard_learn_state(l->learner);

	if (state.n_refused != 0)
		return CLI_EXIT_FAILURE;
	if (state.n_services != 0 || guard_select_is_empty(select))
		return CLI_EXIT_CLEAN;
	sk_log(SK_LOG_ERROR, "nothing that was selected was here: no profile is written");
	return CLI_EXIT_FAILURE;
}

static int learn(struct cli_context *ctx)
{
	static const struct guard_session_ops ops = {.opened = learn_opened,
						     .container = learn_container,
						     .gone = learn_gone,
						     .note = cmd_guard_note,
						     .event = learn_event};
	const char *dir = cli_option(ctx, "profiles");
	sk_cleanup(guard_learn_freep) struct guard_learn *learner = guard_learn_new(dir);
	sk_cleanup(guard_reader_freep) struct guard_reader *reader = NULL;
	sk_cleanup(guard_session_freep) struct guard_session *s = NULL;
	struct learning l = {.learner = learner};
	struct guard_session_options o = {
		.kern = {.calls = true, .caps = true},
		.policy = cmd_guard_observe(GUARD_P_RECORD | GUARD_P_LEARN | GUARD_P_CALLS |
					    GUARD_P_PLACES | GUARD_P_CWD_ARGS),
		.ops = &ops,
		.ctx = &l,
	};
	struct sk_err err;
	uint64_t ms;
	int failure;

	if (dir == NULL)
		return cli_usage_error(ctx, "--profiles DIR is needed");
	if (read_length(ctx, &ms) != CLI_EXIT_CLEAN)
		return CLI_EXIT_USAGE;
	if (!cmd_guard_backend(ctx, &o.kern.backend))
		return cli_usage_error(ctx, "unknown backend");
	cmd_guard_select(ctx, &o);
	cmd_guard_block_signals();
	if (guard_reader_new(&reader, &err) < 0)
		return cli_fail(ctx, &err);
	o.reader = reader;
	if (is_guarded()) {
		sk_log(SK_LOG_WARN,
		       "a guard is in force on this host: what it blocks is not learned, nor what "
		       "would have followed; to learn all, end it first ('guard stop'), or run it "
		       "with --mode alert");
		guard_learn_guarded(learner);
		o.policy.flags |= GUARD_P_LIFECYCLE;
	}
	if (guard_session_open(&o, &s, &err) < 0)
		return cli_fail_rights(ctx, &err);
	guard_learn_session(learner, s);
	guard_learn_blind(learner, guard_backend_blind(guard_kern_backend(l.kern)));
	if (guard_session_walk(s, &err) < 0)
		return cli_fail(ctx, &err);
	guard_learn_ready(learner);
	cmd_guard_say_ready(cli_wants_json(ctx), guard_kern_backend(l.kern));
	failure = loop(s, ms != 0 ? sk_mono_ms() + ms : 0, learner, &err);
	if (failure >= 0)
		failure = guard_session_poll(s, 0, &err); /* what the rings still hold */
	if (conclude(ctx, &l, s, &err) < 0)
		failure = -1;
	if (failure < 0)
		return cli_fail(ctx, &err);
	return result(&l, &o.select);
}

static const struct cli_option learn_options[] = {
	{"profiles", 0, "DIR", NULL, "profiles are read from and written to DIR", NULL, 0},
	{"for", 0, "DURATION", NULL, "learn for so long; without it until interrupted", NULL, 0},
	CMD_GUARD_SELECT_OPTIONS,
	CMD_GUARD_BACKEND_OPTION("how to see; fanotify: programs only"),
	{"format", 'f', "FORMAT", NULL, "of the line that says ready", "table|json", 0},
	{NULL},
};

const struct command cmd_guard_learn = {
	.name = "learn",
	.summary = "write or extend the profiles of services",
	.usage = "--profiles DIR [SELECT] [--for DURATION]",
	.more = CMD_GUARD_SELECT_TEXT
	"\nDURATION is a number and s, m, h or d. For the start of a service make its container\n"
	"anew meanwhile (docker rm -f and docker run, docker compose up --force-recreate,\n"
	"kubectl rollout restart): one that is only restarted has what its first start wrote,\n"
	"so that work is not learned. Examples:\n"
	"  stockade guard learn --profiles profiles --service shop/web --for 2h\n"
	"  stockade guard learn --profiles profiles\n",
	.options = learn_options,
	.run = learn,
};
