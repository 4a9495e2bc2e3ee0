/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `stockade guard run` share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/map.h"
#include "cli/command.h"
#include "cli/owner.h"
#include "guard/enforce.h"
#include "guard/event.h"
#include "guard/output.h"
#include "guard/queue.h"
#include "guard/reader.h"
#include "guard/session.h"
#include "guard/signs.h"

enum {
	CMD_GUARD_WARNINGS = 32, /* different ones that wait for other services */
};

/** struct guard_warning - true of services that were there at the start */
struct guard_warning {
	const char *text;
	struct sk_buf names; /* the first of them */
	size_t n;
};

/** struct guarding - `guard run` */
struct guarding {
	struct cli_context *ctx;
	bool json; /* what is told on stdout and stderr */
	struct guard_enforce *enforce;
	struct guard_session *session;
	struct guard_kern *kern;
	struct guard_output *output;
	struct guard_queue *queue;
	struct cli_owner *owner;
	struct guard_reader *reader;
	struct guard_sign_list *signs; /* NULL: no further ones */
	enum guard_mode mode;
	struct sk_map said;     /* what is told once, see cmd_guard_warn_once() */
	struct sk_arena *texts; /* its keys */
	struct sk_buf unknown;  /* services without a profile, until it is ready */
	size_t n_unknown;
	struct guard_warning warnings[CMD_GUARD_WARNINGS]; /* until it is ready */
	size_t n_warnings;
	bool selects; /* what is guarded was named */
	bool is_ready;
	bool has_profiles; /* else that was said */
	enum guard_mode default_mode;
	bool output_failed; /* said once, until it works again */
	bool webhook_failed;
	uint64_t syslog_failed; /* lines of which was said that they did not arrive */
	uint64_t tampers;       /* signals that were no operator's */
	uint64_t pins_ms;       /* when the pins were looked at */
	bool pins_failed;       /* said once, as with outputs */
	uint64_t noted;         /* alerts that were decided here, as status tells */
	int starting;           /* guard_live_begin(), until it is ready */
	uint32_t ended_by;      /* who sent the signal that ends it; 0: not known */
};

/**
 * cmd_guard_open_output() - what --output, --syslog, --webhook and their like say
 * @g: its output is opened
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int cmd_guard_open_output(struct guarding *g, struct sk_err *err);

/**
 * cmd_guard_note_output() - what came of writing: a full disk does not end the guard
 * @g: remembers it, so that it is said once
 * @r: negative when it failed
 * @err: filled then
 */
void cmd_guard_note_output(struct guarding *g, int r, const struct sk_err *err);

/**
 * cmd_guard_note_delivery() - say when the system log or the webhook do not take alerts
 * @g: remembers it, so that it is said once
 * @at_end: how many did not arrive is said
 */
void cmd_guard_note_delivery(struct guarding *g, bool at_end);

/**
 * cmd_guard_tell() - tell an event when its turn has come
 * @g: state
 * @rec: its record, or NULL
 * @e: borrowed; copied when it has to wait
 *
 * In their order, whatever they wait for.
 */
void cmd_guard_tell(struct guarding *g, const struct guard_rec *rec, const struct guard_event *e);

/**
 * cmd_guard_tell_queued() - tell the events that are not waited with any longer
 * @g: state
 */
void cmd_guard_tell_queued(struct guarding *g);

/**
 * cmd_guard_find_profiles() - are there profiles? Asked before anything that is in force is touched
 * @g: its has_profiles is set
 * @dir: --profiles
 * @err: filled on failure
 *
 * A directory without profiles may be meant, which is said. One that is not there is a mistake,
 * but where --default-mode was given and no guard is there to be replaced.
 * Return: 0, or negative.
 */
sk_must_check int cmd_guard_find_profiles(struct guarding *g, const char *dir, struct sk_err *err);

/**
 * cmd_guard_warn_once() - is this the first time
 * @g: remembers it
 * @what: kind of warning
 * @about: service
 * @detail: of it; "": none
 *
 * Return: false from the second time on, and when very many are remembered.
 */
bool cmd_guard_warn_once(struct guarding *g, const char *what, const char *about,
			 const char *detail);

/**
 * cmd_guard_warn_unknown() - a service has no profile, so that the default mode holds
 * @g: until it is ready they are collected; from then on only what was selected by name is told of
 * @w: whose
 */
void cmd_guard_warn_unknown(struct guarding *g, const struct guard_whose *w);

/**
 * cmd_guard_warn_ready() - tell what is true of the services that are there at the start
 * @g: is ready from now on
 */
void cmd_guard_warn_ready(struct guarding *g);

/**
 * cmd_guard_warn_gaps() - what a profile that is enforced does not block, or cannot; once a profile
 * @g: remembers which were told
 * @p: NULL: none
 */
void cmd_guard_warn_gaps(struct guarding *g, const struct guard_profile *p);
