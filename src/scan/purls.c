/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages given by name. A line is at most 8 KiB and its parser small, so this is read in the
 * process itself: the answer to one package URL should not wait for a worker.
 */
#include "base/alloc.h"
#include "base/io.h"
#include "model/purl.h"
#include "scan/session.h"

enum {
	MAX_BLIND_SPOTS = 32 /* of different causes; the matcher counts all packages */
};

/** struct purl_list - what is read */
struct purl_list {
	struct scan_session *s;
	size_t cap;
	struct {
		const char *why;
		size_t n;
	} blind[MAX_BLIND_SPOTS];
	size_t n_blind;
};

static void note_blind_spot(struct purl_list *l, const char *why)
{
	size_t i = 0;

	while (i < l->n_blind && strcmp(l->blind[i].why, why) != 0)
		i++;
	if (i == MAX_BLIND_SPOTS)
		return;
	if (i == l->n_blind)
		l->blind[l->n_blind++].why = why;
	l->blind[i].n++;
}

static void report_blind_spots(const struct purl_list *l)
{
	for (size_t i = 0; i < l->n_blind; i++)
		scan_note(l->s, MODEL_DIAGNOSTIC_WARNING, "packages", "%s: %zu package%s",
			  l->blind[i].why, l->blind[i].n, l->blind[i].n == 1 ? "" : "s");
}

static int add_purl(struct purl_list *l, struct sk_span text, struct sk_err *err)
{
	struct scan_session *s = l->s;
	struct model_package *pkg;
	const char *why;
	struct model_purl p;
	int r = sk_budget_spend(&s->budget, SK_LIMIT_PACKAGES, 1, err);

	if (r == 0)
		r = model_purl_parse(text, s->arena, &p, err);
	if (r < 0)
		return r;
	SK_GROW(s->given, s->n_given, l->cap);
	pkg = &s->given[s->n_given++];
	*pkg = (struct model_package){0};
	model_purl_to_package(&p, sk_arena_str(s->arena, text), s->arena, pkg);
	pkg->layer = MODEL_NO_LAYER;
	why = pkg->ecosystem == NULL ? model_purl_blind_spot(&p, s->arena) : NULL;
	if (why != NULL)
		note_blind_spot(l, why);
	return 0;
}

/* A URL holds no blank, so '#' after one begins a comment; elsewhere it begins the subpath. */
static struct sk_span without_comment(struct sk_span line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] == '#' &&
		    (i == 0 || line.ptr[i - 1] == ' ' || line.ptr[i - 1] == '\t'))
			return sk_span_trim(sk_span_sub(line, 0, i));
	}
	return sk_span_trim(line);
}

static int read_list(struct purl_list *l, struct sk_span text, struct sk_err *err)
{
	size_t number = 0;
	struct sk_span line;

	while (sk_span_line(&text, &line)) {
		int r;

		number++;
		line = without_comment(line);
		if (line.len == 0)
			continue;
		r = add_purl(l, line, err);
		if (r < 0)
			return sk_err_wrap(err, r, "line %zu", number);
	}
	return 0;
}

int scan_read_purls(struct scan_session *s, struct sk_err *err)
{
	struct purl_list l = {.s = s};
	struct sk_buf text;
	int r = 0;

	if (s->given_text != NULL) {
		r = add_purl(&l, sk_span_trim(sk_span_str(s->given_text)), err);
		report_blind_spots(&l);
		return r;
	}
	sk_buf_init(&text, (size_t)s->opts->limits.max[SK_LIMIT_FILE]);
	if (s->head.len != 0 && !sk_buf_add_span(&text, s->head))
		r = sk_budget_fail(&s->budget, SK_LIMIT_FILE, err);
	if (r == 0)
		r = sk_read_fd(s->fd, &text, err);
	if (r == 0)
		r = read_list(&l, sk_buf_span(&text), err);
	report_blind_spots(&l);
	sk_buf_release(&text);
	return r;
}
