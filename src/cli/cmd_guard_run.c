/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard run: what is not in the profiles is told or blocked, until a signal ends it. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cmd_guard-priv.h"
#include "cli/cmd_guard_run-priv.h"
#include "cli/cmd_guard_signs.h"
#include "guard/gaps.h"
#include "guard/kern-pin.h"
#include "guard/live.h"
#include "guard/warden.h"

enum {
	END_TIMEOUT_MS = 10000,   /* for an agent to answer what is held, and to end */
	QUEUED_US = 10000,        /* between looks at alerts that wait at the end */
	START_TIMEOUT_MS = 30000, /* for another guard to get ready */
	NAMES_WAIT_US = 3000000,  /* longest wait for name servers before the guard is ready */
	PINS_MS = 500,            /* how often the pins are looked at */
};

static void run_event(void *ctx, const struct guard_rec *rec, struct guard_event *e,
		      struct guard_whose *w)
{
	struct guarding *g = ctx;

	enum guard_told told = guard_enforce_event(g->enforce, g->kern, rec, e, w);

	if (told == GUARD_TELL_NOT && rec != NULL && rec->verdict == GUARD_REC_ALERTED)
		guard_session_mute(g->session, rec);
	if (told != GUARD_TELL)
		return;
	if (rec != NULL)
		guard_session_find_cwd(g->session, e);
	cmd_guard_tell(g, rec, e);
}

static void run_opened(void *ctx, struct guard_kern *k)
{
	struct guarding *g = ctx;

	g->kern = k;
}

/* An image that the profile was not learned from: what is known of the former ones holds for it. */
static void tell_heir(struct guarding *g, const struct guard_whose *w,
		      const struct guard_profile *p)
{
	struct guard_event e = {
		.kind = GUARD_KIND_PROFILE,
		.time_us = sk_wall_ns() / SK_US_NS,
		.detail = "new_image",
		.host = guard_session_host(g->session),
		.profile = p->service,
		.count = 1,
		.file_fd = -1,
	};

	if (!cmd_guard_warn_once(g, "heir", p->service, w->info.image_digest))
		return;
	guard_whose_tell(w, &e);
	sk_log(SK_LOG_WARN,
	       "%s: image %s is new to its profile, which holds for it all the same; learn it, then "
	       "'guard profile diff' shows what differs",
	       w->service, w->info.image_digest);
	cmd_guard_tell(g, NULL, &e);
}

static void run_container(void *ctx, struct guard_whose *w)
{
	struct guarding *g = ctx;
	struct sk_err err;
	int r;

	cli_owner_meet(g->owner, w);
	r = guard_enforce_container(g->enforce, g->kern, w, &err);
	if (r < 0 && cmd_guard_warn_once(g, "unknown", w->service, ""))
		sk_log(SK_LOG_ERROR, "%s: %s; the default mode, %s, holds", w->service, err.msg,
		       guard_mode_name(g->default_mode));
	if (r == 0)
		cmd_guard_warn_unknown(g, w);
	cmd_guard_warn_gaps(g, guard_enforce_profile(w));
	if (guard_enforce_profile(w) != NULL &&
	    guard_profile_is_new_image(guard_enforce_profile(w), w->info.image_digest))
		tell_heir(g, w, guard_enforce_profile(w));
}

static void run_gone(void *ctx, struct guard_whose *w)
{
	struct guarding *g = ctx;

	guard_enforce_gone(g->enforce, w);
}

/*
 * Was a signal sent from inside a container that is enforced? The kernel half counts such a signal
 * before it can be taken; one of the operator's that arrives at the same time is to be sent again.
 */
static bool is_tampered(struct guarding *g)
{
	uint64_t n = guard_kern_stats(g->kern).tampers, before = g->tampers;

	g->tampers = n;
	return n != before;
}

/* For `guard status`. */
static void note_decisions(struct guarding *g)
{
	const struct guard_decisions *d = guard_enforce_decisions(g->enforce);

	if (d->alerts != g->noted)
		guard_kern_note_decisions(g->kern, d);
	g->noted = d->alerts;
}

/* What outlives this process is somebody's aim: looked after, told, made again. */
static void keep_pins(struct guarding *g)
{
	struct guard_event e = {
		.kind = GUARD_KIND_PRIVILEGE,
		.verdict = GUARD_VERDICT_ALERTED,
		.reason = GUARD_REASON_TAMPER,
		.time_us = sk_wall_ns() / SK_US_NS,
		.detail = "pins of the guard are missing",
		.host = guard_session_host(g->session),
		.count = 1,
		.file_fd = -1,
	};
	struct sk_err err = {0};
	uint64_t now = sk_mono_ms();
	int r;

	if (now - g->pins_ms < PINS_MS)
		return;
	g->pins_ms = now;
	r = guard_kern_keep_pins(g->kern, &err);
	if (r < 0 && !g->pins_failed)
		sk_log(SK_LOG_ERROR, "pins are missing: %s; nothing outlives this process",
		       err.msg);
	if (r == 1 || (r < 0 && !g->pins_failed)) {
		(void)guard_enforce_event(g->enforce, g->kern, NULL, &e, NULL);
		cmd_guard_tell(g, NULL, &e);
	}
	g->pins_failed = r < 0;
}

/* Until a signal ends it, which is returned. */
static int run_loop(struct guarding *g, struct sk_err *err)
{
	struct sk_err failure = {0};
	int sig = 0, r;

	g->tampers = guard_kern_stats(g->kern).tampers; /* a predecessor's */
	do {
		if (guard_session_poll(g->session, 20, err) < 0)
			return -1;
		(void)guard_enforce_tick(g->enforce, g->kern, sk_mono_ms());
		note_decisions(g);
		cmd_guard_tell_queued(g);
		keep_pins(g);
		cmd_guard_note_delivery(g, false);
		r = guard_output_tick(g->output, sk_mono_us(), &failure);
		if (r < 0)
			cmd_guard_note_output(g, r, &failure);
		sig = cmd_guard_pending_signal(&g->ended_by);
		if (sig != 0 && is_tampered(g)) {
			sk_log(SK_LOG_WARN, "signal %d came from a container: not minded", sig);
			sig = 0;
		}
		if (sig == SIGHUP && guard_output_reopen(g->output, &failure) < 0)
			sk_log(SK_LOG_ERROR, "%s; the old file stays in use", failure.msg);
	} while (sig == 0 || sig == SIGHUP);
	return sig;
}

/* What runs already may know names that it will not look up again; a dead server is not waited for.
 */
static int learn_names(struct guarding *g, struct sk_err *err)
{
	uint64_t until = sk_mono_us() + NAMES_WAIT_US;

	while (!guard_enforce_tick(g->enforce, g->kern, sk_mono_ms()) && sk_mono_us() < until)
		if (guard_session_poll(g->session, 5, err) < 0)
			return -1;
	return 0;
}

static int hold_live(enum guard_backend backend)
{
	struct guard_live live = {.pid = (uint32_t)getpid()};
	unsigned blind = guard_backend_blind(backend);
	size_t n = 0;

	(void)snprintf(live.backend, sizeof(live.backend), "%s", guard_backend_name(backend));
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++)
		if ((blind & 1u << i) != 0 && n < sizeof(live.not_covered))
			n += (size_t)snprintf(live.not_covered + n, sizeof(live.not_covered) - n,
					      "%s%s", n != 0 ? " " : "",
					      guard_section_name((enum guard_section)i));
	return guard_live_hold(&live);
}

/* Runs until told to end. What is held is answered and what was counted is told before the end. */
static int guard_on(struct guarding *g, struct sk_err *err)
{
	sk_cleanup(sk_closep) int live = -1;
	struct sk_err failure = {0};
	int sig, r;

	if (guard_session_walk(g->session, err) < 0 || learn_names(g, err) < 0 ||
	    guard_session_pin(g->session, err) < 0)
		return -1;
	/* What is pinned tells of itself; what is not ends with its agent, also for a successor. */
	(void)guard_live_end(SIGUSR2, END_TIMEOUT_MS);
	live = hold_live(guard_kern_backend(g->kern));
	cmd_guard_warn_ready(g);
	cmd_guard_say_ready(g->json, guard_kern_backend(g->kern));
	sk_closep(&g->starting);
	sig = run_loop(g, err);
	r = guard_session_end(g->session, sig == SIGUSR2 || cli_switch(g->ctx, "keep"),
			      sig < 0 ? &failure : err);
	for (cmd_guard_tell_queued(g); !guard_queue_is_empty(g->queue); cmd_guard_tell_queued(g))
		(void)usleep(QUEUED_US); /* they do not wait for ever */
	cmd_guard_note_output(g, guard_output_flush(g->output, &failure), &failure);
	guard_output_end(g->output);
	cmd_guard_note_delivery(g, true);
	if (sig > 0 && r >= 0)
		cmd_guard_say_end(g->json, sig, g->ended_by);
	return sig < 0 ? sig : r;
}

/* An agent that lives leaves what it has in force, so that there is no gap, and ends. */
static void take_over(struct guarding *g)
{
	struct sk_err err;

	if (!guard_pinned_end_agent(SIGUSR2, END_TIMEOUT_MS))
		return;
	sk_log(SK_LOG_INFO, "an agent that was running has ended for this one");
	/* It may have begun a new file. */
	if (guard_output_reopen(g->output, &err) < 0)
		sk_log(SK_LOG_ERROR, "%s; the old file stays in use", err.msg);
}

static bool mode_option(struct cli_context *ctx, const char *name, enum guard_mode def,
			enum guard_mode *ret)
{
	const char *text = cli_option(ctx, name);

	*ret = def;
	return text == NULL || guard_mode_parse(text, ret);
}

/* What asks goes before who answers it. */
static void release(struct guarding *g)
{
	guard_session_free(g->session);
	guard_enforce_free(g->enforce);
	guard_signs_free(g->signs);
	guard_queue_free(g->queue);
	cli_owner_free(g->owner);
	guard_reader_free(g->reader);
	guard_output_free(g->output);
	sk_map_release(&g->said);
	sk_arena_free(g->texts);
	sk_closep(&g->starting);
	sk_buf_release(&g->unknown);
	for (size_t i = 0; i < g->n_warnings; i++)
		sk_buf_release(&g->warnings[i].names);
}

/* What has to be there before anything is loaded; @eo is filled. */
static int prepare(struct guarding *g, struct guard_enforce_options *eo, int *ret_warden,
		   struct sk_err *err)
{
	if (cli_read_signs(g->ctx, &g->signs, err) < 0)
		return -1;
	eo->signs = g->signs;
	cmd_guard_block_signals();
	/* Processes are started before there are threads. */
	g->owner = cli_owner_new();
	eo->owner = cli_owner_ask;
	eo->owner_ctx = g->owner;
	if (guard_reader_new(&g->reader, err) < 0)
		return -1;
	eo->reader = g->reader;
	g->queue = guard_queue_new();
	if (guard_warden_start(ret_warden, err) < 0)
		return -1;
	if (cmd_guard_open_output(g, err) < 0) {
		guard_warden_dismiss(ret_warden); /* what is held is still somebody else's */
		return -1;
	}
	take_over(g);
	return 0;
}

static int run(struct cli_context *ctx)
{
	static const struct guard_session_ops ops = {.opened = run_opened,
						     .container = run_container,
						     .gone = run_gone,
						     .note = cmd_guard_note,
						     .event = run_event};
	sk_cleanup(release) struct guarding g = {
		.ctx = ctx, .json = cli_wants_json(ctx), .starting = -1};
	struct guard_enforce_options eo = {.dir = cli_option(ctx, "profiles")};
	struct guard_session_options o = {
		.kern = {.enforce = true, .hold = true, .succeed = true, .caps = true},
		.ops = &ops,
		.ctx = &g};
	struct sk_err err;
	int failure, warden = -1;

	if (eo.dir == NULL)
		return cli_usage_error(ctx, "--profiles DIR is needed");
	if (!mode_option(ctx, "mode", GUARD_MODE_ALERT, &eo.mode) ||
	    !mode_option(ctx, "default-mode", GUARD_MODE_AUDIT, &eo.default_mode) ||
	    !cmd_guard_backend(ctx, &o.kern.backend))
		return cli_usage_error(ctx, "unknown mode or backend");
	g.mode = eo.mode;
	g.default_mode = eo.default_mode;
	g.starting = guard_live_begin(START_TIMEOUT_MS);
	if (cmd_guard_find_profiles(&g, eo.dir, &err) < 0 || prepare(&g, &eo, &warden, &err) < 0)
		return cli_fail(ctx, &err);
	g.enforce = guard_enforce_new(&eo);
	o.kern.calls = guard_wants_calls(eo.dir);
	o.policy = guard_enforce_default(g.enforce);
	o.reader = g.reader;
	cmd_guard_select(ctx, &o);
	g.selects = !guard_select_is_empty(&o.select);
	failure = guard_session_open(&o, &g.session, &err);
	guard_enforce_session(g.enforce, g.session);
	if (failure >= 0)
		failure = guard_on(&g, &err);
	if (failure >= 0)
		guard_warden_dismiss(&warden);
	return failure < 0 ? cli_fail_rights(ctx, &err) : CLI_EXIT_CLEAN;
}

static const struct cli_option run_options[] = {
	{"profiles", 0, "DIR", NULL, "profiles of the services", NULL, 0},
	{"mode", 0, "MODE", NULL, "of profiles that do not say (alert)", "audit|alert|enforce", 0},
	{"default-mode", 0, "MODE", NULL, "of containers without a profile (audit)",
	 "audit|alert|enforce", 0},
	CMD_GUARD_BACKEND_OPTION("how to block; fanotify: programs only"),
	{"signs", 0, "FILE", "guard.signs", "further signs of what is unwelcome anywhere", NULL, 0},
	{"keep", 0, NULL, NULL, "leave enforcement in force at the end", NULL, 0},
	CMD_GUARD_SELECT_OPTIONS,
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{"output", 'o', "FILE", NULL, "append events to FILE as JSON; SIGHUP reopens it", NULL, 0},
	{"rotate", 0, "SIZE", NULL, "start a new FILE when it reaches SIZE", NULL, 0},
	{"keep-files", 0, "N", NULL, "old files kept, 4 if not said", NULL, 0},
	{"min-severity", 0, "SEVERITY", "guard.min_severity",
	 "tell only of alerts that are so bad, or worse", "critical|high|medium|low", 0},
	{"syslog", 0, NULL, NULL, "alerts to the system log too", NULL, 0},
	{"webhook", 0, "URL", NULL, "alerts to a webhook too", NULL, 0},
	{"webhook-ca", 0, "FILE", NULL, "authorities that vouch for the webhook", NULL, 0},
	{"webhook-token", 0, "FILE", NULL, "holds the value of its Authorization header", NULL, 0},
	{NULL},
};

const struct command cmd_guard_run = {
	.name = "run",
	.summary = "report or block what is not in the profiles",
	.usage = "--profiles DIR [--mode MODE] [SELECT] [-f FORMAT] [-o FILE]",
	.more = "MODE is audit (note), alert (tell) or enforce (block).\n\n" CMD_GUARD_SELECT_TEXT
		"\nExamples:\n"
		"  stockade guard run --profiles profiles --mode alert\n"
		"  stockade guard run --profiles profiles --mode enforce --service shop/web\n"
		"  stockade guard run --profiles profiles -f json -o events.jsonl --syslog\n",
	.options = run_options,
	.run = run,
};
