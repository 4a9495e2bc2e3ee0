/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of `stockade guard` that run, watch, learn and run, share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "guard/kern.h"
#include "guard/session.h"

extern const struct command cmd_guard_watch;
extern const struct command cmd_guard_learn;
extern const struct command cmd_guard_run;

#define CMD_GUARD_SELECT_OPTIONS                                                                     \
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
		{"max-containers",                                                                   \
		 0,                                                                                  \
		 "N",                                                                                \
		 "guard.max_containers",                                                             \
		 "room for so many containers (8192)",                                               \
		 NULL,                                                                               \
		 0},                                                                                 \
	{                                                                                            \
		"engine", 0, "SOCKET", NULL, "ask this container engine too", NULL,                  \
			CLI_OPTION_REPEAT                                                            \
	}

/* Of every command that has them. */
#define CMD_GUARD_SELECT_TEXT                                                                       \
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

#define CMD_GUARD_BACKEND_OPTION(text)                                                             \
	{                                                                                          \
		"backend", 0, "BACKEND", NULL, text, "auto|lsm|signal|fanotify", 0                 \
	}

/**
 * cmd_guard_select() - what CMD_GUARD_SELECT_OPTIONS say
 * @ctx: command that has them
 * @o: its selection and engines are filled; texts live as long as @ctx
 */
void cmd_guard_select(struct cli_context *ctx, struct guard_session_options *o);

/**
 * cmd_guard_backend() - what CMD_GUARD_BACKEND_OPTION says
 * @ctx: command that has it
 * @ret: left as it is when the option is not given
 *
 * Return: false when no backend has that name.
 */
bool cmd_guard_backend(struct cli_context *ctx, enum guard_backend *ret);

/* The @note of a session: what the selection does not do is told before the guard is ready. */
void cmd_guard_note(void *ctx, const char *text);

/**
 * cmd_guard_observe() - the policy of who only looks
 * @flags: enum guard_policy_flags; what is recorded
 *
 * Return: nothing is blocked, everything that the kernel half would judge is recorded.
 */
struct guard_policy cmd_guard_observe(uint32_t flags);

/**
 * cmd_guard_block_signals() - SIGINT, SIGTERM, SIGHUP, SIGUSR2 wait until they are asked for
 *
 * The first two end the command in order, SIGUSR2 comes from a successor. Call it while there is
 * one thread.
 */
void cmd_guard_block_signals(void);

/**
 * cmd_guard_pending_signal() - a blocked signal that has arrived
 * @ret_pid: who sent it, 0 when that is not known; may be NULL
 *
 * Return: 0 for none; never waits.
 */
int cmd_guard_pending_signal(uint32_t *ret_pid);

/**
 * cmd_guard_say_ready() - on stderr: all that runs is covered from now on
 * @json: an object, for programs that wait for it
 * @backend: in use
 */
void cmd_guard_say_ready(bool json, enum guard_backend backend);

/**
 * cmd_guard_say_end() - on stderr: why the guard ended, for who finds it gone
 * @json: an object
 * @sig: ended it
 * @by: who sent @sig; 0: not known
 *
 * Whether something is still in force is looked up: --keep was given, or another guard has put its
 * own there.
 */
void cmd_guard_say_end(bool json, int sig, uint32_t by);
