/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of an event beside the verdict: a finer reason, what was expected, whose file. */
#include <string.h>

#include "guard/call.h"
#include "guard/enforce-priv.h"
#include "guard/expect.h"
#include "guard/names.h"
#include "guard/story.h"

/*
 * A profile learned from running containers alone knows nothing of how they start: what a container
 * does that starts now is noted where only a list of those days minds.
 */
static void forgive_start(const struct guard_held *h)
{
	const struct guard_event *e = h->e;
	bool lists = e->kind == GUARD_KIND_OPEN || e->kind == GUARD_KIND_BIND ||
		     e->kind == GUARD_KIND_ACCEPT || e->kind == GUARD_KIND_PRIVILEGE ||
		     (e->kind == GUARD_KIND_EXEC && e->detail != NULL);

	if (h->svc != NULL && h->svc->profile->runs != 0 && h->svc->profile->starts == 0 &&
	    !h->w->has_started && lists && e->reason == GUARD_REASON_NOT_IN_PROFILE &&
	    e->verdict == GUARD_VERDICT_ALERTED)
		h->e->verdict = GUARD_VERDICT_OBSERVED;
}

/* A known shell that runs a known script, but with other arguments or for somebody else. */
static bool is_known_script(const struct guard_event *e)
{
	struct guard_call call;

	if (e->detail == NULL)
		return false;
	guard_call_parse(e->file_path, e->args, e->n_args, &call);
	return call.script != NULL;
}

/* A shell that the service never had is told as such. */
static void refine(struct guard_held *h)
{
	if (h->e->kind == GUARD_KIND_EXEC && h->e->reason == GUARD_REASON_NOT_IN_PROFILE &&
	    guard_story_is_shell(h->e->file_path) && !is_known_script(h->e))
		h->e->reason = GUARD_REASON_SHELL;
}

/* The program of the profile that was run; NULL: none. Counted repetitions have a path alone. */
static const struct guard_program *program_of(const struct guard_held *h)
{
	const struct guard_profile *p = h->svc->profile;

	if (h->prog != NULL)
		return h->prog;
	if (h->rec != NULL)
		return h->rec->program != 0 && h->rec->program <= p->n_programs
			       ? &p->programs[h->rec->program - 1]
			       : NULL;
	for (size_t i = 0; h->e->file_path != NULL && i < p->n_programs; i++)
		if (strcmp(p->programs[i].content.path, h->e->file_path) == 0)
			return &p->programs[i];
	return NULL;
}

/* A program that is known, started from outside by a name that is not: the sentence names that. */
static void name_applet(const struct guard_held *h)
{
	const struct guard_program *prog;
	struct guard_event *e = h->e;
	struct guard_call call;

	if (h->svc == NULL || e->kind != GUARD_KIND_EXEC || e->file_is_script ||
	    e->reason != GUARD_REASON_ENTRY || e->detail != NULL)
		return;
	prog = program_of(h);
	if (prog == NULL)
		return;
	guard_call_parse(e->file_path, e->args, e->n_args, &call);
	if (call.applet[0] != '\0' && guard_call_judge(prog, &call) == GUARD_REC_R_APPLET)
		e->applet = call.applet;
}

/* What the profile has instead, for the sentence. */
static void expect(const struct guard_held *h)
{
	struct sk_buf *b = &h->f->expected;
	const struct guard_profile *p = h->svc != NULL ? h->svc->profile : NULL;
	const struct guard_event *e = h->e;
	unsigned nr;

	sk_buf_reset(b);
	if (p == NULL ||
	    (e->reason != GUARD_REASON_NOT_IN_PROFILE && e->reason != GUARD_REASON_ENTRY))
		return;
	if (h->prog != NULL && e->detail != NULL)
		guard_expected_texts(
			strcmp(e->detail, "parent") == 0 ? &h->prog->parents : &h->prog->shapes, b);
	else if (e->kind == GUARD_KIND_OPEN && e->file_path != NULL)
		guard_expected_files(p, e->file_path,
				     e->file_write ? GUARD_ACCESS_WRITE : GUARD_ACCESS_READ, b);
	else if (e->kind == GUARD_KIND_BIND || e->kind == GUARD_KIND_ACCEPT)
		guard_expected_listen(p, b);
	else if (e->kind == GUARD_KIND_PRIVILEGE && e->detail != NULL &&
		 guard_capability_number(sk_span_str(e->detail), &nr))
		guard_expected_capabilities(p, b);
	else if (e->kind == GUARD_KIND_PRIVILEGE)
		guard_expected_syscalls(p, b);
	h->e->expected = b->ptr;
}

/* Which package the file came with: what was not in the image came with none. */
static void find_owner(struct guard_held *h)
{
	const struct guard_enforce_options *o = &h->f->options;
	struct guard_event *e = h->e;
	struct guard_owner_answer answer = {0};
	uint32_t pid = 0;

	if (e->file_path == NULL || e->file_package != NULL || o->owner == NULL ||
	    e->reason == GUARD_REASON_NONE)
		return;
	if (e->file_origin != GUARD_ORIGIN_IMAGE) {
		if (e->kind != GUARD_KIND_OPEN && e->file_origin != GUARD_ORIGIN_UNKNOWN &&
		    e->file_origin != GUARD_ORIGIN_HOST)
			e->file_package = "";
		return;
	}
	if (h->rec != NULL && (h->rec->verdict <= GUARD_REC_ALERTED))
		pid = h->rec->host_pid;
	if (pid == 0)
		pid = guard_session_pid(h->w);
	switch (o->owner(o->owner_ctx, pid, h->w, e->file_path, &answer)) {
	case GUARD_OWNED_YES:
		e->file_package = answer.package;
		break;
	case GUARD_OWNED_LATER:
		e->owner_question = answer.question;
		break;
	case GUARD_OWNED_NO:
		e->file_package = "";
		break;
	case GUARD_OWNED_UNKNOWN:
		e->file_owner_unknown = true;
		break;
	}
}

void guard_enforce_tell(struct guard_held *h)
{
	forgive_start(h);
	refine(h);
	name_applet(h);
	expect(h);
	find_owner(h);
	guard_story_tell(h->e, h->rec, h->f->options.signs, &h->f->text);
}
