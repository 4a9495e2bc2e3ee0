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
#include "guard/kern-pin.h"
#include "guard/live.h"

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

/** struct predecessor - what is in force already */
struct predecessor {
	bool is_there;
	bool is_readable;  /* else nobody knows the number */
	size_t n_profiles; /* containers that it has a profile for */
};

static void count_profile(void *ctx, uint64_t cgroup, const struct guard_container *c,
			  const struct guard_policy *p)
{
	struct predecessor *before = ctx;

	(void)cgroup;
	if ((c->flags & (GUARD_C_IGNORED | GUARD_C_GONE)) == 0 && p->has_profile)
		before->n_profiles++;
}

static struct predecessor look_before(void)
{
	struct predecessor ret = {0};
	struct guard_pinned pinned;
	struct guard_live live;
	struct sk_err ignored;

	/* Without rights nothing can be taken over either. */
	if (guard_pinned_read(&pinned, &ignored) < 0)
		return ret;
	ret.is_there = pinned.n_programs != 0 || guard_live_read(&live);
	ret.is_readable = pinned.is_readable;
	if (pinned.is_readable)
		guard_pinned_containers(count_profile, &ret);
	return ret;
}

static void warn_no_profiles(const struct guarding *g, const char *dir, const char *why)
{
	struct predecessor before = look_before();
	const char *mode = guard_mode_name(g->default_mode);

	sk_log(SK_LOG_WARN,
	       "no profile is in %s (%s): what is selected is under the default mode, %s", dir, why,
	       mode);
	if (before.n_profiles != 0)
		sk_log(SK_LOG_WARN,
		       "this replaces a guard with profiles for %zu container%s: from now on the "
		       "default mode, %s, holds for %s",
		       before.n_profiles, before.n_profiles == 1 ? "" : "s", mode,
		       before.n_profiles == 1 ? "it" : "them");
	else if (before.is_there && !before.is_readable)
		sk_log(SK_LOG_WARN, "this replaces a guard that is in force here; whatever "
				    "profiles that one has do not hold any more");
}

int cmd_guard_find_profiles(struct guarding *g, const char *dir, struct sk_err *err)
{
	DIR *d = opendir(dir);
	int why = d == NULL ? errno : 0;
	const struct dirent *entry;
	char quoted[TEXT_MAX];

	while (d != NULL && !g->has_profiles && (entry = readdir(d)) != NULL)
		g->has_profiles = sk_span_ends(sk_span_str(entry->d_name), ".yaml");
	if (d != NULL)
		(void)closedir(d);
	(void)sk_text_quote(sk_span_str(dir), quoted, sizeof(quoted));
	if (why == ENOENT && look_before().is_there)
		return sk_err_set(err, SK_E_NOT_FOUND,
				  "--profiles: there is no directory %s; what is in force stays as "
				  "it is",
				  quoted);
	if (why == ENOENT && cli_option(g->ctx, "default-mode") == NULL)
		return sk_err_set(
			err, SK_E_NOT_FOUND,
			"--profiles: there is no directory %s; to guard without profiles, "
			"say under which --default-mode",
			quoted);
	if (why != 0 && why != ENOENT)
		return sk_err_errno(err, why, "--profiles %s", quoted);
	if (!g->has_profiles)
		warn_no_profiles(g, dir, why != 0 ? strerror(why) : "it holds none");
	return 0;
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
