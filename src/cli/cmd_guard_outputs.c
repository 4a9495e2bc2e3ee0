/* SPDX-License-Identifier: Apache-2.0 */
/* Where the events of `guard run` go, and in what order. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/cmd_guard_run-priv.h"

enum {
	DEFAULT_KEPT = 4, /* rotated files */
	MOST_KEPT = 1000,
	MAX_TOKEN = 8 << 10, /* bytes of the file of --webhook-token */
};

/* Would writing to standard error wait? It may be the pipe that nobody reads. */
static bool can_say(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) != 0;
}

/* A full disk does not end the guard. */
void cmd_guard_note_output(struct guarding *g, int r, const struct sk_err *err)
{
	if (r < 0 && !g->output_failed && can_say()) {
		sk_log(SK_LOG_ERROR, "events are lost: %s", err->msg);
		g->output_failed = true;
	} else if (r == 0) {
		g->output_failed = false;
	}
}

void cmd_guard_note_delivery(struct guarding *g, bool at_end)
{
	struct guard_output_stats stats;

	if (!can_say())
		return;
	guard_output_stats(g->output, &stats);
	if (stats.webhook_note != NULL && !g->webhook_failed && !at_end)
		sk_log(SK_LOG_WARN, "%s: alerts do not arrive", stats.webhook_note);
	g->webhook_failed = stats.webhook_note != NULL;
	if (stats.syslog_failed != 0 && g->syslog_failed == 0)
		sk_log(SK_LOG_WARN, "the system log does not take alerts: does anybody listen at "
				    "/dev/log?");
	g->syslog_failed = stats.syslog_failed;
	if (at_end && stats.syslog_failed != 0)
		sk_log(SK_LOG_WARN, "%llu line%s did not reach the system log",
		       (unsigned long long)stats.syslog_failed,
		       stats.syslog_failed == 1 ? "" : "s");
	if (at_end && stats.webhook_failed != 0)
		sk_log(SK_LOG_WARN, "%llu line%s did not reach the webhook%s%s",
		       (unsigned long long)stats.webhook_failed,
		       stats.webhook_failed == 1 ? "" : "s", stats.webhook_note != NULL ? ": " : "",
		       stats.webhook_note != NULL ? stats.webhook_note : "");
}

static void put_event(struct guarding *g, const struct guard_event *e)
{
	struct sk_err err = {0};

	cmd_guard_note_output(g, guard_output_event(g->output, e, sk_mono_us(), &err), &err);
}

/* Events that are not waited with any longer. */
void cmd_guard_tell_queued(struct guarding *g)
{
	struct guard_queued *w;

	while ((w = guard_queue_next(g->queue, cli_owner_is_known, g->owner, sk_mono_ms())) !=
	       NULL) {
		cli_owner_tell(g->owner, w, g->signs);
		put_event(g, &w->event);
	}
}

/* In their order, whatever they wait for. Decided is by now what they tell of. */
void cmd_guard_tell(struct guarding *g, const struct guard_rec *rec, const struct guard_event *e)
{
	guard_enforce_retract(g->enforce, guard_queue_unite(g->queue, e));
	if (guard_queue_put(g->queue, rec, e, sk_mono_ms()))
		cmd_guard_tell_queued(g);
	else
		put_event(g, e);
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

int cmd_guard_open_output(struct guarding *g, struct sk_err *err)
{
	struct cli_context *ctx = g->ctx;
	struct guard_output_options o = {
		.file = cli_option(ctx, "output"),
		.syslog = cli_switch(ctx, "syslog"),
		.webhook_url = cli_option(ctx, "webhook"),
		.webhook_ca_file = cli_option(ctx, "webhook-ca"),
		.fd_json = g->json,
	};
	const char *size = cli_option(ctx, "rotate");
	const char *keep = cli_option(ctx, "keep-files");
	const char *severity = cli_option(ctx, "min-severity");
	int r;

	o.fd = o.file != NULL ? -1 : STDOUT_FILENO;
	o.fd_colour = cli_colour(ctx, STDOUT_FILENO);
	o.file_keep = DEFAULT_KEPT;
	if (size != NULL && !sk_parse_size(sk_span_str(size), &o.file_size))
		return sk_err_set(err, SK_E_USAGE, "--rotate: not a size, such as 100M");
	if (keep != NULL &&
	    (!sk_parse_u32(sk_span_str(keep), &o.file_keep) || o.file_keep > MOST_KEPT))
		return sk_err_set(err, SK_E_USAGE, "--keep-files: a number up to %d", MOST_KEPT);
	if (severity != NULL && !model_severity_parse(sk_span_str(severity), &o.min_severity))
		return sk_err_set(err, SK_E_USAGE, "--min-severity: not a severity");
	r = read_token(ctx, &o.webhook_authorization, err);
	if (r == 0)
		r = guard_output_new(&o, &g->output, err);
	if (r == 0 && !guard_output_has_log(g->output))
		sk_log(SK_LOG_WARN, "--syslog: nobody listens at /dev/log; until somebody does, "
				    "alerts do not reach the system log");
	return r;
}
