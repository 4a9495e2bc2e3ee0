/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard: watch, learn, run, status, stop, profile. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/parse.h"
#include "cli/command.h"
#include "guard/event.h"
#include "guard/session.h"

#define SELECT_OPTIONS                                                                             \
	{"container", 'c', "NAME|ID", NULL, "this container", NULL, CLI_OPTION_REPEAT},            \
		{"image", 0, "REF", NULL, "containers of this image", NULL, CLI_OPTION_REPEAT},    \
		{"service", 0, "NAME", NULL, "containers of this service", NULL,                   \
		 CLI_OPTION_REPEAT},                                                               \
		{"unit", 0, "UNIT", NULL, "this systemd unit", NULL, CLI_OPTION_REPEAT},           \
		{"cgroup", 0, "PATH", NULL, "this cgroup", NULL, CLI_OPTION_REPEAT},               \
		{"pid", 0, "PID", NULL, "this process and its descendants", NULL,                  \
		 CLI_OPTION_REPEAT},                                                               \
	{                                                                                          \
		"engine", 0, "SOCKET", NULL, "ask this container engine too", NULL,                \
			CLI_OPTION_REPEAT                                                          \
	}

/** struct run - a session of a command */
struct run {
	struct cli_context *ctx;
	bool json;
	struct sk_sink out;
	int signal_fd;
	int failure;
};

static void select_from(struct cli_context *ctx, struct guard_select *s)
{
	s->containers = cli_options(ctx, "container", &s->n_containers);
	s->images = cli_options(ctx, "image", &s->n_images);
	s->services = cli_options(ctx, "service", &s->n_services);
	s->units = cli_options(ctx, "unit", &s->n_units);
	s->cgroups = cli_options(ctx, "cgroup", &s->n_cgroups);
	s->pids = cli_options(ctx, "pid", &s->n_pids);
}

/* SIGINT and SIGTERM end the command in order: they are blocked and asked for between polls. */
static void block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Returns the signal that arrived, 0 for none. */
static int pending_signal(void)
{
	static const struct timespec none = {0, 0};
	sigset_t set;
	int sig;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	sig = sigtimedwait(&set, NULL, &none);
	return sig > 0 ? sig : 0;
}

static void say_ready(const struct run *r, enum guard_backend backend)
{
	if (r->json)
		(void)fprintf(stderr, "{\"kind\":\"ready\",\"backend\":\"%s\"}\n",
			      guard_backend_name(backend));
	else
		(void)fprintf(stderr, "ready (%s)\n", guard_backend_name(backend));
	(void)fflush(stderr);
}

static void watch_event(void *ctx, const struct guard_rec *rec, struct guard_event *e,
			struct guard_whose *w)
{
	struct run *r = ctx;
	int failure = r->json ? guard_event_json(e, &r->out) : guard_event_line(e, &r->out);

	(void)rec;
	(void)w;
	if (failure < 0)
		r->failure = failure;
}

static int watch(struct cli_context *ctx)
{
	static const struct guard_session_ops ops = {.event = watch_event};
	struct run r = {.ctx = ctx, .out = cli_stdout()};
	struct guard_session_options o = {
		.policy = {.mode_exec = GUARD_REC_MODE_AUDIT,
			   .mode_lib = GUARD_REC_MODE_AUDIT,
			   .mode_peer = GUARD_REC_MODE_AUDIT,
			   .mode_builtin = GUARD_REC_MODE_AUDIT,
			   .mode_anon = GUARD_REC_MODE_AUDIT,
			   .flags = GUARD_P_RECORD | GUARD_P_LEARN | GUARD_P_LIFECYCLE},
		.ops = &ops,
		.ctx = &r,
	};
	sk_cleanup(guard_session_freep) struct guard_session *s = NULL;
	const char *format = cli_option(ctx, "format");
	struct sk_err err;
	int failure, sig = 0;

	r.json = format != NULL && strcmp(format, "json") == 0;
	select_from(ctx, &o.select);
	o.engines = cli_options(ctx, "engine", &o.n_engines);
	block_signals();
	if (guard_session_open(&o, &s, &err) < 0)
		return cli_fail(ctx, &err);
	say_ready(&r, guard_kern_backend(guard_session_kern(s)));
	do {
		failure = guard_session_poll(s, 20, &err);
		(void)fflush(stdout);
		sig = pending_signal();
	} while (failure >= 0 && r.failure >= 0 && (sig == 0 || sig == SIGHUP));
	if (failure < 0)
		return cli_fail(ctx, &err);
	guard_session_flush(s);
	(void)fflush(stdout);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option watch_options[] = {
	SELECT_OPTIONS,
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{NULL},
};

static const struct command cmd_watch = {
	.name = "watch",
	.summary = "print events live, change nothing",
	.usage = "[SELECT] [-f FORMAT]",
	.options = watch_options,
	.run = watch,
};

static int stop(struct cli_context *ctx)
{
	struct sk_err err;
	int n = guard_kern_unpin(&err);

	if (n < 0)
		return cli_fail(ctx, &err);
	if (n == 0)
		(void)printf("nothing to remove\n");
	else
		(void)printf("%d programs removed\n", n);
	return CLI_EXIT_CLEAN;
}

static const struct command cmd_stop = {
	.name = "stop",
	.summary = "remove pinned programs: enforcement ends",
	.usage = "",
	.run = stop,
};

static const struct command *const subcommands[] = {&cmd_watch, &cmd_stop, NULL};

const struct command cmd_guard = {
	.name = "guard",
	.summary = "learn what services do, report or block the rest",
	.usage = "watch|learn|run|status|stop|profile",
	.subcommands = subcommands,
};
