/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard: watch, learn, run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/cmd_guard_learned.h"
#include "cli/cmd_guard_profile.h"
#include "cli/cmd_guard_signs.h"
#include "cli/cmd_guard_status.h"
#include "cli/command.h"
#include "cli/owner.h"
#include "guard/enforce.h"
#include "guard/event.h"
#include "guard/gaps.h"
#include "guard/hasher.h"
#include "guard/kern-pin.h"
#include "guard/learn.h"
#include "guard/live.h"
#include "guard/output.h"
#include "guard/session.h"
#include "guard/warden.h"

enum {
	DEFAULT_KEPT = 4, /* rotated files */
	MOST_KEPT = 1000,
	MAX_TOKEN = 8 << 10,
	END_POLL_US = 5000,
	END_TIMEOUT_MS = 10000,  /* for an agent to answer what is held, and to end */
	QUEUED_US = 10000,       /* between looks at alerts that wait at the end */
	NAMES_WAIT_US = 3000000, /* longest wait for name servers before the guard is ready */
	PINS_MS = 500,           /* how often the pins are looked at */
};

#define SELECT_OPTIONS                                                                               \
	{"container", 'c', "NAME|ID", NULL, "this container", NULL, CLI_OPTION_REPEAT},              \
		{"image", 0, "REF", NULL, "containers of this image", NULL, CLI_OPTION_REPEAT},      \
		{"service", 0, "NAME", NULL, "containers of this service", NULL, CLI_OPTION_REPEAT}, \
		{"unit", 0, "UNIT", NULL, "this systemd unit", NULL, CLI_OPTION_REPEAT},             \
		{"cgroup", 0, "PATH", NULL, "this cgroup", NULL, CLI_OPTION_REPEAT},                 \
		{"pid",                                                                              \
		 0,                                                                                  \
		 "PID",                                                                              \
		 NULL,                                                                               \
		 "this process and its descendants",                                                 \
		 NULL,                                                                               \
		 CLI_OPTION_REPEAT},                                                                 \
	{                                                                                            \
		"engine", 0, "SOCKET", NULL, "ask this container engine too", NULL,                  \
			CLI_OPTION_REPEAT                                                            \
	}

/* Of every command that has them. */
#define SELECT_TEXT                                                                                 \
	"SELECT is any of --container, --image, --service, --unit, --cgroup, --pid; without one,\n" \
	"every container. They may repeat and add up, and cover what starts later.\n"               \
	"  --container web            a container by its name or the beginning of its id\n"         \
	"  --image nginx:1.27         every container of an image\n"                                \
	"  --service shop/web         all containers of a service: the pod's owner as\n"            \
	"                             namespace/name, compose's project/service, else the\n"        \
	"                             container's name, or the systemd unit\n"                      \
	"  --unit ssh.service         a systemd unit of this machine\n"                             \
	"  --cgroup PATH              what is in a cgroup, containers too: its directory, or its\n" \
	"                             path as in /proc/PID/cgroup\n"                                \
	"  --pid 4711                 one process and its descendants; the whole container if it\n" \
	"                             is in one\n"

#define BACKEND_OPTION(text)                                                                       \
	{                                                                                          \
		"backend", 0, "BACKEND", NULL, text, "auto|lsm|signal|fanotify", 0                 \
	}

/** struct run - a session of a command */
struct run {
	struct cli_context *ctx;
	bool json;
	struct sk_sink out;
	struct guard_hasher *hasher; /* of `guard watch` with JSON */
	unsigned kinds;              /* bit (1 << enum guard_kind); 0: all */
	int failure;
};

static bool wants_json(const struct cli_context *ctx)
{
	const char *format = cli_option(ctx, "format");

	return format != NULL && strcmp(format, "json") == 0;
}

static void select_from(struct cli_context *ctx, struct guard_select *s)
{
	s->containers = cli_options(ctx, "container", &s->n_containers);
	s->images = cli_options(ctx, "image", &s->n_images);
	s->services = cli_options(ctx, "service", &s->n_services);
	s->units = cli_options(ctx, "unit", &s->n_units);
	s->cgroups = cli_options(ctx, "cgroup", &s->n_cgroups);
	s->pids = cli_options(ctx, "pid", &s->n_pids);
}

/*
 * SIGINT and SIGTERM end the command in order, SIGUSR2 comes from a successor: they are blocked and
 * asked for between polls.
 */
static void block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Returns the signal that arrived, 0 for none; @ret_pid: who sent it, 0 when that is not known. */
static int pending_signal(uint32_t *ret_pid)
{
	static const struct timespec none = {0, 0};
	siginfo_t info = {0};
	sigset_t set;
	int sig;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR2);
	sig = sigtimedwait(&set, &info, &none);
	if (ret_pid != NULL)
		*ret_pid = sig > 0 && info.si_code <= 0 ? (uint32_t)info.si_pid : 0;
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

/* False when it is none. */
static bool backend_option(struct cli_context *ctx, enum guard_backend *ret)
{
	const char *text = cli_option(ctx, "backend");

	return text == NULL || guard_backend_parse(text, ret);
}

static void watch_line(struct run *r, const struct guard_event *e)
{
	int failure = r->json ? guard_event_json(e, &r->out) : guard_event_line(e, &r->out);

	if (failure < 0)
		r->failure = failure;
}

static void watch_event(void *ctx, const struct guard_rec *rec, struct guard_event *e,
			struct guard_whose *w)
{
	struct run *r = ctx;

	/* What was lost is always told. */
	if (r->kinds != 0 && e->kind != GUARD_KIND_LOST && (r->kinds & 1u << e->kind) == 0)
		return;
	if (r->hasher != NULL)
		guard_hasher_put(r->hasher, rec, e, w);
	else
		watch_line(r, e);
}

/* Events whose programs were read by now. Returns true when others wait. */
static bool watch_hashed(struct run *r)
{
	const struct guard_event *e;
	bool waits = false;

	while (r->hasher != NULL && (e = guard_hasher_next(r->hasher, &waits)) != NULL)
		watch_line(r, e);
	return waits;
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
				return cli_usage_error(ctx, "no kind of event has the name '%.*s'",
						       SK_SPAN_ARG(name));
			*ret |= 1u << kind;
		}
	}
	return CLI_EXIT_CLEAN;
}

/* What the selection does not do is told once, before the guard is ready. */
static void note_selection(void *ctx, const char *text)
{
	(void)ctx;
	sk_log(SK_LOG_WARN, "%s", text);
}

static int watch(struct cli_context *ctx)
{
	static const struct guard_session_ops ops = {.note = note_selection, .event = watch_event};
	struct run r = {.ctx = ctx, .out = cli_stdout()};
	struct guard_session_options o = {
		.policy = {.mode_exec = GUARD_REC_MODE_AUDIT,
			   .mode_lib = GUARD_REC_MODE_AUDIT,
			   .mode_peer = GUARD_REC_MODE_AUDIT,
			   .mode_builtin = GUARD_REC_MODE_AUDIT,
			   .mode_anon = GUARD_REC_MODE_AUDIT,
			   .flags = GUARD_P_RECORD | GUARD_P_LEARN | GUARD_P_LIFECYCLE |
				    GUARD_P_CLIENTS},
		.ops = &ops,
		.ctx = &r,
	};
	sk_cleanup(guard_hasher_freep) struct guard_hasher *hasher = NULL;
	sk_cleanup(guard_session_freep) struct guard_session *s = NULL;
	struct sk_err err;
	int failure, sig = 0;

	r.json = wants_json(ctx);
	if (choose_kinds(ctx, &r.kinds) != CLI_EXIT_CLEAN)
		return CLI_EXIT_USAGE;
	if (!backend_option(ctx, &o.kern.backend))
		return cli_usage_error(ctx, "unknown backend");
	select_from(ctx, &o.select);
	o.engines = cli_options(ctx, "engine", &o.n_engines);
	block_signals();
	if (guard_session_open(&o, &s, &err) < 0)
		return cli_fail_rights(ctx, &err);
	if (r.json)
		r.hasher = hasher = guard_hasher_new();
	say_ready(&r, guard_kern_backend(guard_session_kern(s)));
	do {
		failure = guard_session_poll(s, 20, &err);
		(void)watch_hashed(&r);
		(void)fflush(stdout);
		sig = pending_signal(NULL);
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
	SELECT_OPTIONS,
	{"kind", 'k', "KIND", NULL, "only these events, such as exec,connect", NULL,
	 CLI_OPTION_REPEAT},
	BACKEND_OPTION("how to see; fanotify: programs only"),
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{NULL},
};

static const struct command cmd_watch = {
	.name = "watch",
	.summary = "print events live, change nothing",
	.usage = "[SELECT] [--kind KIND]... [-f FORMAT]",
	.more = SELECT_TEXT "\nExamples:\n"
			    "  stockade guard watch --container web --kind exec,connect\n"
			    "  stockade guard watch --pid $$ -f json\n",
	.options = watch_options,
	.run = watch,
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

	guard_learn_container(l->learner, w);
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

/* Polls until a signal or the end; returns -1 on failure. */
static int loop(struct guard_session *s, int64_t until, const struct guard_learn *learner,
		struct sk_err *err)
{
	time_t told = time(NULL);
	int sig;

	do {
		if (guard_session_poll(s, 20, err) < 0)
			return -1;
		sig = pending_signal(NULL);
		if (learner != NULL && time(NULL) - told >= 60) {
			cmd_guard_say_learned(learner, NULL);
			told = time(NULL);
		}
	} while ((sig == 0 || sig == SIGHUP) && (until == 0 || time(NULL) < until));
	return 0;
}

static int learn(struct cli_context *ctx)
{
	static const struct guard_session_ops ops = {.opened = learn_opened,
						     .container = learn_container,
						     .gone = learn_gone,
						     .note = note_selection,
						     .event = learn_event};
	const char *dir = cli_option(ctx, "profiles"), *length = cli_option(ctx, "for");
	sk_cleanup(guard_learn_freep) struct guard_learn *learner = guard_learn_new(dir);
	sk_cleanup(guard_session_freep) struct guard_session *s = NULL;
	struct learning l = {.learner = learner};
	struct guard_session_options o = {
		.kern = {.calls = true, .caps = true},
		.policy = {.mode_exec = GUARD_REC_MODE_AUDIT,
			   .mode_lib = GUARD_REC_MODE_AUDIT,
			   .mode_peer = GUARD_REC_MODE_AUDIT,
			   .mode_builtin = GUARD_REC_MODE_AUDIT,
			   .mode_anon = GUARD_REC_MODE_AUDIT,
			   .flags =
				   GUARD_P_RECORD | GUARD_P_LEARN | GUARD_P_CALLS | GUARD_P_PLACES},
		.ops = &ops,
		.ctx = &l,
	};
	struct run r = {.ctx = ctx, .json = wants_json(ctx)};
	const struct guard_profile *heir;
	size_t n_heirs = 0;
	struct guard_whose *w;
	uint64_t ms = 0;
	struct sk_err err;
	size_t pos = 0;
	int failure;
	bool is_saved;

	if (dir == NULL)
		return cli_usage_error(ctx, "--profiles DIR is needed");
	if (length != NULL && !sk_parse_duration(sk_span_str(length), &ms))
		return cli_usage_error(ctx, "--for: '%s' is no duration", length);
	if (length != NULL && ms == 0)
		return cli_usage_error(ctx, "--for: nothing can be learned in no time");
	if (!backend_option(ctx, &o.kern.backend))
		return cli_usage_error(ctx, "unknown backend");
	select_from(ctx, &o.select);
	o.engines = cli_options(ctx, "engine", &o.n_engines);
	block_signals();
	if (guard_session_open(&o, &s, &err) < 0)
		return cli_fail_rights(ctx, &err);
	guard_learn_session(learner, s);
	guard_learn_blind(learner, guard_backend_blind(guard_kern_backend(l.kern)));
	if (guard_session_walk(s, &err) < 0)
		return cli_fail(ctx, &err);
	say_ready(&r, guard_kern_backend(l.kern));
	failure = loop(s, ms != 0 ? time(NULL) + (int64_t)(ms + 999) / 1000 : 0, learner, &err);
	if (failure >= 0)
		failure = guard_session_poll(s, 0, &err); /* what the rings still hold */
	while ((w = guard_attrib_next(guard_session_attrib(s), &pos)) != NULL)
		guard_learn_gone(learner, l.kern, w);
	is_saved = guard_learn_save(learner, &err) >= 0;
	cmd_guard_say_learned(learner, is_saved ? dir : NULL);
	while ((heir = guard_learn_next_heir(learner, &n_heirs)) != NULL) {
		sk_log(SK_LOG_WARN,
		       "%s: the image is new, its profile goes on with it; what differs:",
		       heir->service);
		cmd_guard_show_heir(ctx, heir);
	}
	return failure < 0 || !is_saved ? cli_fail(ctx, &err) : CLI_EXIT_CLEAN;
}

static const struct cli_option learn_options[] = {
	{"profiles", 0, "DIR", NULL, "profiles are read from and written to DIR", NULL, 0},
	{"for", 0, "DURATION", NULL, "learn for so long; without it until interrupted", NULL, 0},
	SELECT_OPTIONS,
	BACKEND_OPTION("how to see; fanotify: programs only"),
	{"format", 'f', "FORMAT", NULL, "of the line that says ready", "table|json", 0},
	{NULL},
};

static const struct command cmd_learn = {
	.name = "learn",
	.summary = "write or extend the profiles of services",
	.usage = "--profiles DIR [SELECT] [--for DURATION]",
	.more = SELECT_TEXT
	"\nDURATION is a number and s, m, h or d. Examples:\n"
	"  stockade guard learn --profiles profiles --service shop/web --for 2h\n"
	"  stockade guard learn --profiles profiles\n",
	.options = learn_options,
	.run = learn,
};

/** struct guarding - `guard run` */
struct guarding {
	struct run run;
	struct cli_context *ctx;
	struct guard_enforce *enforce;
	struct guard_session *session;
	struct guard_kern *kern;
	struct guard_output *output;
	struct guard_queue *queue;
	struct cli_owner *owner;
	const struct guard_sign_list *signs;
	enum guard_mode mode;
	struct sk_map said; /* names of services whose gaps were told; texts of their profiles */
	bool output_failed; /* said once, until it works again */
	uint64_t tampers;   /* signals that were no operator's */
	uint64_t pins_ms;   /* when the pins were looked at */
	bool pins_failed;   /* said once, as with outputs */
	uint64_t noted;     /* alerts that were decided here, as status tells */
	uint32_t ended_by;  /* who sent the signal that ends it; 0: not known */
};

/* A full disk does not end the guard. */
static void note_output(struct guarding *g, int r, const struct sk_err *err)
{
	if (r < 0 && !g->output_failed)
		sk_log(SK_LOG_ERROR, "events are lost: %s", err->msg);
	g->output_failed = r < 0;
}

static void put_event(struct guarding *g, const struct guard_event *e)
{
	struct sk_err err = {0};

	(void)fflush(stdout);
	note_output(g, guard_output_event(g->output, e, sk_mono_us(), &err), &err);
}

/* Events that are not waited with any longer. */
static void tell_queued(struct guarding *g)
{
	struct guard_queued *w;

	while ((w = guard_queue_next(g->queue, cli_owner_is_known, g->owner, sk_mono_ms())) !=
	       NULL) {
		cli_owner_tell(g->owner, w, g->signs);
		put_event(g, &w->event);
	}
}

/* In their order, whatever they wait for. Decided is by now what they tell of. */
static void tell(struct guarding *g, const struct guard_rec *rec, const struct guard_event *e)
{
	guard_enforce_retract(g->enforce, guard_queue_unite(g->queue, e));
	if (guard_queue_put(g->queue, rec, e, sk_mono_ms()))
		tell_queued(g);
	else
		put_event(g, e);
}

static void run_event(void *ctx, const struct guard_rec *rec, struct guard_event *e,
		      struct guard_whose *w)
{
	struct guarding *g = ctx;

	if (!guard_enforce_event(g->enforce, g->kern, rec, e, w)) {
		if (rec != NULL && rec->verdict == GUARD_REC_ALERTED)
			guard_session_mute(g->session, rec);
		return;
	}
	tell(g, rec, e);
}

/* What the profile asks for and will not get here; once a profile. */
static void say_gaps(struct guarding *g, const struct guard_profile *p)
{
	size_t n_said = g->said.n_items;

	if (p == NULL)
		return;
	(void)sk_map_put(&g->said, sk_span_str(p->service), 0);
	if (g->said.n_items == n_said)
		return;
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++) {
		const char *gap = guard_gap(g->kern, p, i, g->mode);
		const char *late = gap == NULL ? guard_gap_late(p, i, g->mode) : NULL;

		if (gap != NULL)
			sk_log(SK_LOG_WARN, "%s: %s cannot be judged: %s", p->service,
			       guard_section_name(i), gap);
		if (late != NULL)
			sk_log(SK_LOG_WARN, "%s: %s: %s", p->service, guard_section_name(i), late);
	}
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
		.service = w->service,
		.image_reference = w->info.image_reference,
		.image_digest = w->info.image_digest,
		.container_id = w->id[0] != '\0' ? w->id : NULL,
		.container_name = w->info.name,
		.pod_namespace = w->info.pod_namespace,
		.pod_name = w->info.pod_name,
		.detail = "new_image",
		.profile = p->service,
		.count = 1,
		.file_fd = -1,
	};

	sk_log(SK_LOG_WARN,
	       "%s: image %s is new to its profile, which holds for it all the same; learn it, then "
	       "'guard profile diff' shows what differs",
	       w->service, w->info.image_digest);
	tell(g, NULL, &e);
}

static void run_container(void *ctx, struct guard_whose *w)
{
	struct guarding *g = ctx;
	struct sk_err err;

	cli_owner_meet(g->owner, w);
	if (guard_enforce_container(g->enforce, g->kern, w, &err) < 0)
		sk_log(SK_LOG_ERROR, "%s: %s; the default mode holds", w->service, err.msg);
	say_gaps(g, guard_enforce_profile(w));
	if (guard_enforce_profile(w) != NULL &&
	    guard_profile_is_new_image(guard_enforce_profile(w), w->info.image_digest))
		tell_heir(g, w, guard_enforce_profile(w));
}

/* The value of the header, from a file: arguments and environments are seen by others. */
static int read_token(struct cli_context *ctx, const char **ret, struct sk_err *err)
{
	const char *path = cli_option(ctx, "webhook-token");
	struct sk_buf text;
	int r;

	if (path == NULL)
		return 0;
	sk_buf_init(&text, MAX_TOKEN);
	r = sk_read_file(AT_FDCWD, path, &text, err);
	if (r == 0)
		*ret = sk_arena_str(cli_arena(ctx), sk_span_trim(sk_buf_span(&text)));
	sk_buf_release(&text);
	return r;
}

static int open_output(struct guarding *g, struct sk_err *err)
{
	struct cli_context *ctx = g->ctx;
	struct guard_output_options o = {
		.file = cli_option(ctx, "output"),
		.syslog = cli_switch(ctx, "syslog"),
		.webhook_url = cli_option(ctx, "webhook"),
		.webhook_ca_file = cli_option(ctx, "webhook-ca"),
		.fd_json = g->run.json,
	};
	const char *size = cli_option(ctx, "rotate");
	const char *keep = cli_option(ctx, "keep-files");
	int r;

	o.fd = o.file != NULL ? -1 : STDOUT_FILENO;
	o.file_keep = DEFAULT_KEPT;
	if (size != NULL && !sk_parse_size(sk_span_str(size), &o.file_size))
		return sk_err_set(err, SK_E_USAGE, "--rotate: not a size, such as 100M");
	if (keep != NULL &&
	    (!sk_parse_u32(sk_span_str(keep), &o.file_keep) || o.file_keep > MOST_KEPT))
		return sk_err_set(err, SK_E_USAGE, "--keep-files: a number up to %d", MOST_KEPT);
	r = read_token(ctx, &o.webhook_authorization, err);
	return r < 0 ? r : guard_output_new(&o, &g->output, err);
}

/* Until a signal ends it, which is returned. */
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
		tell(g, NULL, &e);
	}
	g->pins_failed = r < 0;
}

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
		tell_queued(g);
		keep_pins(g);
		r = guard_output_tick(g->output, sk_mono_us(), &failure);
		if (r < 0)
			note_output(g, r, &failure);
		sig = pending_signal(&g->ended_by);
		if (sig != 0 && is_tampered(g)) {
			sk_log(SK_LOG_WARN, "signal %d came from a container: not minded", sig);
			sig = 0;
		}
		if (sig == SIGHUP && guard_output_reopen(g->output, &failure) < 0)
			sk_log(SK_LOG_ERROR, "%s; the old file stays in use", failure.msg);
	} while (sig == 0 || sig == SIGHUP);
	return sig;
}

static void run_gone(void *ctx, struct guard_whose *w)
{
	struct guarding *g = ctx;

	guard_enforce_gone(g->enforce, w);
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

/* Does a process run `stockade guard COMMAND`? It waits for this one to end. */
static bool runs_command(uint32_t pid, const char *command)
{
	struct sk_span rest, word, before = {NULL, 0};
	struct sk_buf b;
	struct sk_err err;
	char path[64];
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	sk_buf_init(&b, MAX_TOKEN);
	(void)!sk_read_file(AT_FDCWD, path, &b, &err); /* who is gone says nothing */
	rest = sk_buf_span(&b);
	while (!found && sk_span_cut(&rest, '\0', &word)) {
		found = sk_span_eq_str(before, "guard") && sk_span_eq_str(word, command);
		before = word;
	}
	sk_buf_release(&b);
	return found;
}

/* One line, so that who finds it gone knows why. */
static void say_end(const struct guarding *g, int sig)
{
	bool stopped = g->ended_by != 0 && runs_command(g->ended_by, "stop");
	bool kept = sig == SIGUSR2 || (cli_switch(g->ctx, "keep") && !stopped);
	const char *why = sig == SIGUSR2  ? "another 'guard run', which takes over"
			  : stopped       ? "'guard stop'"
			  : sig == SIGINT ? "SIGINT"
					  : "SIGTERM";

	if (g->run.json)
		(void)fprintf(stderr, "{\"kind\":\"ended\",\"by\":\"%s\",\"in_force\":%s}\n", why,
			      kept ? "true" : "false");
	else
		(void)fprintf(stderr, "ended by %s; %s\n", why,
			      kept ? "what is in force stays" : "nothing is in force any more");
	(void)fflush(stderr);
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
	(void)guard_live_end(END_TIMEOUT_MS);
	live = hold_live(guard_kern_backend(g->kern));
	say_ready(&g->run, guard_kern_backend(g->kern));
	sig = run_loop(g, err);
	r = guard_session_end(g->session, sig == SIGUSR2 || cli_switch(g->ctx, "keep"),
			      sig < 0 ? &failure : err);
	for (tell_queued(g); !guard_queue_is_empty(g->queue); tell_queued(g))
		(void)usleep(QUEUED_US); /* they do not wait for ever */
	note_output(g, guard_output_flush(g->output, &failure), &failure);
	if (sig > 0 && r >= 0)
		say_end(g, sig);
	return sig < 0 ? sig : r;
}

/* An agent that lives leaves what it has in force, so that there is no gap, and ends. */
static int take_over(int *ret_warden, struct sk_err *err)
{
	if (guard_pinned_end_agent(SIGUSR2, END_TIMEOUT_MS))
		sk_log(SK_LOG_INFO, "an agent that was running has ended for this one");
	return guard_warden_start(ret_warden, err);
}

/* A directory without profiles may be meant; a mistyped one looks the same. */
static void warn_no_profiles(const char *dir, enum guard_mode mode)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	const char *why = d == NULL ? strerror(errno) : "it holds none";

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (sk_span_ends(sk_span_str(entry->d_name), ".yaml"))
			why = NULL;
	}
	if (d != NULL)
		(void)closedir(d);
	if (why != NULL)
		sk_log(SK_LOG_WARN,
		       "no profile is in %s (%s): what is selected is under the default mode, %s",
		       dir, why, guard_mode_name(mode));
}

static bool mode_option(struct cli_context *ctx, const char *name, enum guard_mode def,
			enum guard_mode *ret)
{
	const char *text = cli_option(ctx, name);

	*ret = def;
	return text == NULL || guard_mode_parse(text, ret);
}

static int run(struct cli_context *ctx)
{
	static const struct guard_session_ops ops = {.opened = run_opened,
						     .container = run_container,
						     .gone = run_gone,
						     .note = note_selection,
						     .event = run_event};
	struct guarding g = {.ctx = ctx};
	struct guard_enforce_options eo = {.dir = cli_option(ctx, "profiles")};
	struct guard_session_options o = {
		.kern = {.enforce = true, .hold = true, .succeed = true, .caps = true},
		.ops = &ops,
		.ctx = &g};
	sk_cleanup(guard_output_freep) struct guard_output *output = NULL;
	sk_cleanup(cli_owner_freep) struct cli_owner *owner = NULL;
	sk_cleanup(guard_queue_freep) struct guard_queue *queue = NULL;
	sk_cleanup(guard_signs_freep) struct guard_sign_list *signs = NULL;
	sk_cleanup(guard_enforce_freep) struct guard_enforce *enforce = NULL;
	sk_cleanup(guard_session_freep) struct guard_session *s = NULL;
	struct sk_err err;
	int failure, warden = -1;

	if (eo.dir == NULL)
		return cli_usage_error(ctx, "--profiles DIR is needed");
	if (!mode_option(ctx, "mode", GUARD_MODE_ALERT, &eo.mode) ||
	    !mode_option(ctx, "default-mode", GUARD_MODE_AUDIT, &eo.default_mode) ||
	    !backend_option(ctx, &o.kern.backend))
		return cli_usage_error(ctx, "unknown mode or backend");
	g.run = (struct run){.ctx = ctx, .json = wants_json(ctx), .out = cli_stdout()};
	g.mode = eo.mode;
	warn_no_profiles(eo.dir, eo.default_mode);
	if (cli_read_signs(ctx, &signs, &err) < 0)
		return cli_fail(ctx, &err);
	eo.signs = signs;
	g.signs = signs;
	o.kern.calls = guard_wants_calls(eo.dir);
	block_signals();
	/* Processes are started before there are threads. */
	eo.owner = cli_owner_ask;
	eo.owner_ctx = g.owner = owner = cli_owner_new();
	g.queue = queue = guard_queue_new();
	if (take_over(&warden, &err) < 0 || open_output(&g, &err) < 0)
		return cli_fail(ctx, &err);
	output = g.output;
	g.enforce = enforce = guard_enforce_new(&eo);
	o.policy = guard_enforce_default(enforce);
	select_from(ctx, &o.select);
	o.engines = cli_options(ctx, "engine", &o.n_engines);
	failure = guard_session_open(&o, &s, &err);
	g.session = s;
	guard_enforce_session(enforce, s);
	if (failure >= 0)
		failure = guard_on(&g, &err);
	if (failure >= 0)
		guard_warden_dismiss(&warden);
	sk_map_release(&g.said);
	return failure < 0 ? cli_fail_rights(ctx, &err) : CLI_EXIT_CLEAN;
}

static const struct cli_option run_options[] = {
	{"profiles", 0, "DIR", NULL, "profiles of the services", NULL, 0},
	{"mode", 0, "MODE", NULL, "of profiles that do not say (alert)", "audit|alert|enforce", 0},
	{"default-mode", 0, "MODE", NULL, "of containers without a profile (audit)",
	 "audit|alert|enforce", 0},
	BACKEND_OPTION("how to block; fanotify: programs only"),
	{"signs", 0, "FILE", "guard.signs", "further signs of what is unwelcome anywhere", NULL, 0},
	{"keep", 0, NULL, NULL, "leave enforcement in force at the end", NULL, 0},
	SELECT_OPTIONS,
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{"output", 'o', "FILE", NULL, "append events to FILE as JSON; SIGHUP reopens it", NULL, 0},
	{"rotate", 0, "SIZE", NULL, "start a new FILE when it reaches SIZE", NULL, 0},
	{"keep-files", 0, "N", NULL, "old files kept, 4 if not said", NULL, 0},
	{"syslog", 0, NULL, NULL, "alerts to the system log too", NULL, 0},
	{"webhook", 0, "URL", NULL, "alerts to a webhook too", NULL, 0},
	{"webhook-ca", 0, "FILE", NULL, "authorities that vouch for the webhook", NULL, 0},
	{"webhook-token", 0, "FILE", NULL, "holds the value of its Authorization header", NULL, 0},
	{NULL},
};

static const struct command cmd_run = {
	.name = "run",
	.summary = "report or block what is not in the profiles",
	.usage = "--profiles DIR [--mode MODE] [SELECT] [-f FORMAT] [-o FILE]",
	.more = "MODE is audit (note), alert (tell) or enforce (block).\n\n" SELECT_TEXT
		"\nExamples:\n"
		"  stockade guard run --profiles profiles --mode alert\n"
		"  stockade guard run --profiles profiles --mode enforce --service shop/web\n"
		"  stockade guard run --profiles profiles -f json -o events.jsonl --syslog\n",
	.options = run_options,
	.run = run,
};

static const struct command *const subcommands[] = {
	&cmd_watch,      &cmd_learn,       &cmd_run,           &cmd_guard_status,
	&cmd_guard_stop, &cmd_guard_signs, &cmd_guard_profile, NULL,
};

const struct command cmd_guard = {
	.name = "guard",
	.summary = "learn what services do, report or block the rest",
	.usage = "watch|learn|run|status|stop|signs|profile …",
	.more = "In this order, as root ('stockade doctor' says first what works here):\n"
		"  stockade guard watch --container web\n"
		"  stockade guard learn --profiles profiles --container web --for 2h\n"
		"  stockade guard profile show --profiles profiles web\n"
		"  stockade guard profile lint --profiles profiles web\n"
		"  stockade guard run --profiles profiles --mode alert\n"
		"  stockade guard run --profiles profiles --mode enforce\n"
		"  stockade guard stop\n",
	.subcommands = subcommands,
};
