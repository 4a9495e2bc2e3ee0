/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of the last starts. Items that something else was seen to use since stay. */
#include "guard/starts.h"

#include <signal.h>
#include <string.h>

#include "base/alloc.h"

enum {
	MOST_STARTS = 256,
	MOST_TEXTS = 4, /* applet, parent, shape, script */
	SIGNAL_MASK = 0x7f,
};

/* A file has five seconds to be read before what waits for it is ended. */
static const uint64_t most_ns = 6000000000;

struct guard_start {
	struct guard_profile *p; /* NULL: it ran, or is none */
	uint64_t exec_id, time_ns, count;
	uint32_t pid;
	const char *path; /* of the program's content: the pointer tells which it is */
	bool is_new;
	bool inline_code, interactive, remote, entry, main; /* as before */
	const char *texts[MOST_TEXTS];
	size_t n_texts;
};

struct guard_starts {
	struct guard_start ring[MOST_STARTS];
	size_t next;
};

struct guard_starts *guard_starts_new(void)
{
	return sk_alloc(sizeof(struct guard_starts));
}

void guard_starts_free(struct guard_starts *x)
{
	sk_free(x);
}

static struct guard_start *find(struct guard_starts *x, uint32_t pid)
{
	for (size_t i = 0; x != NULL && i < MOST_STARTS; i++)
		if (x->ring[i].p != NULL && x->ring[i].pid == pid)
			return &x->ring[i];
	return NULL;
}

struct guard_start *guard_starts_begin(struct guard_starts *x, const struct guard_rec *rec,
				       struct guard_profile *p, const struct guard_program *prog,
				       bool is_new)
{
	struct guard_start *s = find(x, rec->host_pid);

	if (x == NULL)
		return NULL;
	if (s != NULL)
		s->p = NULL; /* who starts another program ran */
	s = &x->ring[x->next];
	x->next = (x->next + 1) % MOST_STARTS;
	*s = (struct guard_start){.p = p,
				  .exec_id = rec->exec_id,
				  .time_ns = rec->time_ns,
				  .count = prog->item.count,
				  .pid = rec->host_pid,
				  .path = prog->content.path,
				  .is_new = is_new,
				  .inline_code = prog->inline_code,
				  .interactive = prog->interactive,
				  .remote = prog->remote,
				  .entry = prog->entry,
				  .main = prog->main};
	return s;
}

void guard_starts_add(struct guard_start *s, const char *text)
{
	if (s != NULL && s->n_texts < MOST_TEXTS)
		s->texts[s->n_texts++] = text;
}

static bool drop_text(struct guard_text_list *list, const char *text)
{
	for (size_t i = 0; i < list->n_items; i++) {
		if (list->items[i].text != text || list->items[i].item.count > 1)
			continue;
		list->n_items--;
		memmove(&list->items[i], &list->items[i + 1],
			(list->n_items - i) * sizeof(*list->items));
		sk_map_release(&list->index.map);
		list->index.n_items = 0;
		return true;
	}
	return false;
}

static bool drop_script(struct guard_program *prog, const char *path)
{
	for (size_t i = 0; i < prog->n_scripts; i++) {
		if (prog->scripts[i].content.path != path || prog->scripts[i].item.count > 1)
			continue;
		prog->n_scripts--;
		memmove(&prog->scripts[i], &prog->scripts[i + 1],
			(prog->n_scripts - i) * sizeof(*prog->scripts));
		return true;
	}
	return false;
}

static void drop_program(struct guard_profile *p, struct guard_program *prog)
{
	struct guard_text_list *lists[] = {&prog->applets, &prog->parents, &prog->shapes};
	size_t i = (size_t)(prog - p->programs);

	for (size_t k = 0; k < SK_ARRAY_LEN(lists); k++) {
		sk_free(lists[k]->items);
		sk_map_release(&lists[k]->index.map);
	}
	sk_free(prog->scripts);
	p->n_programs--;
	memmove(prog, prog + 1, (p->n_programs - i) * sizeof(*prog));
}

/* What nobody else was seen to do since. True when anything was taken back. */
static bool take_back(const struct guard_start *s)
{
	struct guard_program *prog = NULL;
	bool any = false;

	for (size_t i = 0; i < s->p->n_programs && prog == NULL; i++)
		if (s->p->programs[i].content.path == s->path)
			prog = &s->p->programs[i];
	if (prog == NULL)
		return false;
	if (s->is_new && prog->item.count <= 1) {
		drop_program(s->p, prog);
		return true;
	}
	for (size_t i = 0; i < s->n_texts; i++)
		any |= drop_text(&prog->applets, s->texts[i]) ||
		       drop_text(&prog->parents, s->texts[i]) ||
		       drop_text(&prog->shapes, s->texts[i]) || drop_script(prog, s->texts[i]);
	if (prog->item.count > s->count + 1)
		return any;
	prog->inline_code = s->inline_code;
	prog->interactive = s->interactive;
	prog->remote = s->remote;
	prog->entry = s->entry;
	prog->main = s->main;
	return any;
}

/* Who does this runs. Loading a program, and what follows from whose it is, come before. */
static bool shows_life(const struct guard_rec *rec)
{
	switch (rec->type) {
	case GUARD_REC_OPEN:
	case GUARD_REC_PLACE:
	case GUARD_REC_MMAP:
	case GUARD_REC_ANON:
	case GUARD_REC_CONNECT:
	case GUARD_REC_SEND:
	case GUARD_REC_BIND:
	case GUARD_REC_ACCEPT:
	case GUARD_REC_UNIX:
	case GUARD_REC_RAW:
	case GUARD_REC_DNS:
	case GUARD_REC_FORK:
		return (rec->flags & GUARD_RF_EXECVE) == 0;
	default:
		return false;
	}
}

struct guard_profile *guard_starts_see(struct guard_starts *x, const struct guard_rec *rec)
{
	struct guard_start *s = find(x, rec->host_pid);
	struct guard_profile *p;

	if (s == NULL || s->exec_id != rec->exec_id ||
	    (rec->type != GUARD_REC_EXIT && !shows_life(rec)))
		return NULL;
	p = rec->type == GUARD_REC_EXIT && (rec->value & SIGNAL_MASK) == SIGKILL &&
			    rec->time_ns - s->time_ns < most_ns && take_back(s)
		    ? s->p
		    : NULL;
	s->p = NULL;
	return p;
}
