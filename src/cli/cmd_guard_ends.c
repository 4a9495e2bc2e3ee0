/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a guard that runs: the line that says ready, signals, the line that says why it
 * ended. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/io.h"
#include "cli/cmd_guard-priv.h"
#include "guard/kern-pin.h"

enum {
	CMDLINE_MAX = 8 << 10, /* bytes that are read of a command line */
};

static void our_signals(sigset_t *ret)
{
	(void)sigemptyset(ret);
	(void)sigaddset(ret, SIGINT);
	(void)sigaddset(ret, SIGTERM);
	(void)sigaddset(ret, SIGHUP);
	(void)sigaddset(ret, SIGUSR2);
}

void cmd_guard_block_signals(void)
{
	sigset_t set;

	our_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int cmd_guard_pending_signal(uint32_t *ret_pid)
{
	static const struct timespec none = {0, 0};
	siginfo_t info = {0};
	sigset_t set;
	int sig;

	our_signals(&set);
	sig = sigtimedwait(&set, &info, &none);
	if (ret_pid != NULL)
		*ret_pid = sig > 0 && info.si_code <= 0 ? (uint32_t)info.si_pid : 0;
	return sig > 0 ? sig : 0;
}

void cmd_guard_say_ready(bool json, enum guard_backend backend)
{
	if (json)
		(void)fprintf(stderr, "{\"kind\":\"ready\",\"backend\":\"%s\"}\n",
			      guard_backend_name(backend));
	else
		(void)fprintf(stderr, "ready (%s)\n", guard_backend_name(backend));
	(void)fflush(stderr);
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
	sk_buf_init(&b, CMDLINE_MAX);
	(void)!sk_read_file(AT_FDCWD, path, &b, &err); /* who is gone says nothing */
	rest = sk_buf_span(&b);
	while (!found && sk_span_cut(&rest, '\0', &word)) {
		found = sk_span_eq_str(before, "guard") && sk_span_eq_str(word, command);
		before = word;
	}
	sk_buf_release(&b);
	return found;
}

static bool is_pinned(void)
{
	struct guard_pinned pinned;
	struct sk_err ignored;

	return guard_pinned_read(&pinned, &ignored) >= 0 && pinned.n_programs != 0;
}

void cmd_guard_say_end(bool json, int sig, uint32_t by)
{
	bool stopped = by != 0 && runs_command(by, "stop");
	bool kept = sig == SIGUSR2 || (!stopped && is_pinned());
	const char *why = sig == SIGUSR2  ? "another 'guard run', which takes over"
			  : stopped       ? "'guard stop'"
			  : sig == SIGINT ? "SIGINT"
					  : "SIGTERM";

	if (json)
		(void)fprintf(stderr, "{\"kind\":\"ended\",\"by\":\"%s\",\"in_force\":%s}\n", why,
			      kept ? "true" : "false");
	else
		(void)fprintf(stderr, "ended by %s; %s\n", why,
			      kept ? "what is in force stays" : "nothing is in force any more");
	(void)fflush(stderr);
}
