/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages given by name. A line is at most 8 KiB and its parser small, so this is read in the
 * process itself: the answer to one package URL should not wait for a worker.
 */
#include "base/alloc.h"
#include "base/io.h"
#include "model/purl.h"
#include "scan/session.h"

static int add_purl(struct scan_session *s, struct sk_span text, size_t *cap, struct sk_err *err)
{
	struct model_purl p;
	int r = sk_budget_spend(&s->budget, SK_LIMIT_PACKAGES, 1, err);

	if (r == 0)
		r = model_purl_parse(text, s->arena, &p, err);
	if (r < 0)
		return r;
	SK_GROW(s->given, s->n_given, *cap);
	s->given[s->n_given] = (struct model_package){0};
	model_purl_to_package(&p, sk_arena_str(s->arena, text), s->arena, &s->given[s->n_given]);
	s->given[s->n_given].layer = MODEL_NO_LAYER;
	s->n_given++;
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

static int read_list(struct scan_session *s, struct sk_span text, struct sk_err *err)
{
	size_t cap = 0, number = 0;
	struct sk_span line;

	while (sk_span_line(&text, &line)) {
		int r;

		number++;
		line = without_comment(line);
		if (line.len == 0)
			continue;
		r = add_purl(s, line, &cap, err);
		if (r < 0)
			return sk_err_wrap(err, r, "line %zu", number);
	}
	return 0;
}

int scan_read_purls(struct scan_session *s, struct sk_err *err)
{
	struct sk_buf text;
	size_t cap = 0;
	int r = 0;

	if (s->given_text != NULL)
		return add_purl(s, sk_span_trim(sk_span_str(s->given_text)), &cap, err);
	sk_buf_init(&text, (size_t)s->opts->limits.max[SK_LIMIT_FILE]);
	if (s->head.len != 0 && !sk_buf_add_span(&text, s->head))
		r = sk_budget_fail(&s->budget, SK_LIMIT_FILE, err);
	if (r == 0)
		r = sk_read_fd(s->fd, &text, err);
	if (r == 0)
		r = read_list(s, sk_buf_span(&text), err);
	sk_buf_release(&text);
	return r;
}
