/* SPDX-License-Identifier: Apache-2.0 */
/* What `guard run` warns of: that it will do less than its profiles or its user may expect. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/cmd_guard_run-priv.h"
#include "guard/gaps.h"

enum {
	MOST_SAID = 10000,
	NAMES_TOLD = 8, /* services without a profile, by name */
	TEXT_MAX = 4096,
};

bool cmd_guard_warn_once(struct guarding *g, const char *what, const char *about,
			 const char *detail)
{
	struct sk_span key;
	char text[TEXT_MAX];

	if (g->said.n_items >= MOST_SAID)
		return false;
	(void)snprintf(text, sizeof(text), "%s\n%s\n%s", what, about, detail);
	key = sk_span_str(text);
	if (sk_map_get(&g->said, key, NULL))
		return false;
	if (g->texts == NULL)
		g->texts = sk_arena_new();
	(void)sk_map_put(&g->said, sk_span_str(sk_arena_str(g->texts, key)), 0);
	return true;
}

void cmd_guard_warn_unknown(struct guarding *g, const struct guard_whose *w)
{
	char quoted[TEXT_MAX];

	if ((!w->is_known && !w->is_host) || (g->is_ready && !g->selects) || !g->has_profiles ||
	    !cmd_guard_warn_once(g, "unknown", w->service, ""))
		return;
	(void)sk_text_quote(sk_span_str(w->service), quoted, sizeof(quoted));
	if (g->is_ready) {
		sk_log(SK_LOG_WARN, "%s has no profile in %s: it is under the default mode, %s",
		       quoted, cli_option(g->ctx, "profiles"), guard_mode_name(g->default_mode));
		return;
	}
	if (g->n_unknown++ == 0)
		sk_buf_init(&g->unknown, TEXT_MAX);
	if (g->n_unknown <= NAMES_TOLD)
		(void)sk_buf_printf(&g->unknown, "%s%s", g->unknown.len != 0 ? ", " : "", quoted);
}

/* A directory without profiles may be meant; a mistyped one looks the same. */
bool cmd_guard_warn_no_profiles(const char *dir, enum guard_mode mode)
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
	return why == NULL;
}

/* Until it is ready a warning waits for other services that it is true of. */
static void warn_of(struct guarding *g, const char *service, const char *text)
{
	struct guard_warning *at = g->warnings;

	while (at < g->warnings + g->n_warnings && strcmp(at->text, text) != 0)
		at++;
	if (g->is_ready || at == g->warnings + CMD_GUARD_WARNINGS) {
		sk_log(SK_LOG_WARN, "%s: %s", service, text);
		return;
	}
	if (at == g->warnings + g->n_warnings) {
		if (g->texts == NULL)
			g->texts = sk_arena_new();
		g->n_warnings++;
		at->text = sk_arena_strdup(g->texts, text);
		sk_buf_init(&at->names, TEXT_MAX);
	}
	if (at->n++ < NAMES_TOLD)
		(void)sk_buf_printf(&at->names, "%s%s", at->names.len != 0 ? ", " : "", service);
}

static void tell_warnings(struct guarding *g)
{
	for (size_t i = 0; i < g->n_warnings; i++) {
		struct guard_warning *w = &g->warnings[i];

		if (w->n > NAMES_TOLD)
			(void)sk_buf_printf(&w->names, " and %zu more", w->n - NAMES_TOLD);
		sk_log(SK_LOG_WARN, "%s: %s", w->names.len != 0 ? w->names.ptr : "", w->text);
		sk_buf_release(&w->names);
	}
	g->n_warnings = 0;
}

/* What is enforced by the mode alone, and what by a mode of its own only. */
static void warn_modes(struct guarding *g, const struct guard_profile *p)
{
	struct sk_buf b;

	sk_buf_init(&b, TEXT_MAX);
	if (guard_gap_modes(g->kern, p, g->mode, &b) &&
	    sk_buf_add_str(&b, "; 'modes' in the profile can change that") && !b.overflow)
		warn_of(g, p->service, b.ptr);
	sk_buf_release(&b);
}

void cmd_guard_warn_gaps(struct guarding *g, const struct guard_profile *p)
{
	char text[TEXT_MAX];

	if (p == NULL || !cmd_guard_warn_once(g, "gaps", p->service, ""))
		return;
	warn_modes(g, p);
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++) {
		const char *gap = guard_gap(g->kern, p, i, g->mode);
		const char *late = gap == NULL ? guard_gap_late(p, i, g->mode) : NULL;

		if (gap != NULL) {
			(void)snprintf(text, sizeof(text), "%s cannot be judged: %s",
				       guard_section_name(i), gap);
			warn_of(g, p->service, text);
		}
		if (late != NULL) {
			(void)snprintf(text, sizeof(text), "%s: %s", guard_section_name(i), late);
			warn_of(g, p->service, text);
		}
	}
}

void cmd_guard_warn_ready(struct guarding *g)
{
	g->is_ready = true;
	tell_warnings(g);
	if (g->n_unknown > NAMES_TOLD)
		(void)sk_buf_printf(&g->unknown, " and %zu more", g->n_unknown - NAMES_TOLD);
	if (g->n_unknown != 0)
		sk_log(SK_LOG_WARN, "%s ha%s no profile in %s: the default mode, %s, holds",
		       g->unknown.ptr, g->n_unknown == 1 ? "s" : "ve",
		       cli_option(g->ctx, "profiles"), guard_mode_name(g->default_mode));
}
