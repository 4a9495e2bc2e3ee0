/* SPDX-License-Identifier: Apache-2.0 */
/* Events as lines for people: time, service, process, what happened. Foreign text is escaped. */
#include <string.h>

#include "base/buf.h"
#include "base/parse.h"
#include "base/text.h"
#include "guard/event.h"
#include "guard/names.h"
#include "model/severity.h"

enum {
	LINE_MAX = 64 << 10, /* long argument lists are cut by the kernel half already */
};

static void add(struct sk_buf *b, const char *text)
{
	if (text != NULL)
		(void)sk_text_escape(b, sk_span_str(text));
}

/* A word that is empty, or has blanks or quotes, stands in single quotes: where it ends is seen. */
static void add_word(struct sk_buf *b, const char *word)
{
	const char *quote;

	if (*word != '\0' && strpbrk(word, " '\"") == NULL) {
		add(b, word);
		return;
	}
	(void)sk_buf_add_char(b, '\'');
	for (; (quote = strchr(word, '\'')) != NULL; word = quote + 1) {
		(void)sk_text_escape(b, sk_span_of(word, (size_t)(quote - word)));
		(void)sk_buf_add_str(b, "\\'");
	}
	add(b, word);
	(void)sk_buf_add_char(b, '\'');
}

static void add_args(struct sk_buf *b, const struct guard_event *e)
{
	for (size_t i = 0; i < e->n_args; i++) {
		(void)sk_buf_add_char(b, ' ');
		add_word(b, e->args[i]);
	}
	if (e->args_cut)
		(void)sk_buf_add_str(b, " …");
}

/* db.example.org AAAA → 2001:db8::1, 2001:db8::2 */
static void add_dns(struct sk_buf *b, const struct guard_event *e)
{
	add(b, e->detail);
	(void)sk_buf_add_char(b, ' ');
	add(b, e->dns_type);
	if (!e->dns_answer)
		return;
	(void)sk_buf_add_str(b, " →");
	for (size_t i = 0; i < e->n_dns_addresses; i++) {
		(void)sk_buf_add_str(b, i == 0 ? " " : ", ");
		add(b, e->dns_addresses[i]);
	}
	if (e->n_dns_addresses == 0) {
		(void)sk_buf_add_char(b, ' ');
		add(b, e->dns_error != NULL ? e->dns_error : "no address");
	}
}

/* How many files beside the one that is named. */
static void add_files(struct sk_buf *b, const struct guard_event *e)
{
	if (e->n_files < 2)
		return;
	(void)sk_buf_printf(b, " and %zu%s more below ", e->n_files - 1,
			    e->n_files == GUARD_MAX_FILES ? " or" : "");
	add(b, e->files_directory);
}

/* user 0 (was 1000), gained CHOWN, SETUID */
static void add_privilege(struct sk_buf *b, const struct guard_event *e)
{
	add(b, e->detail);
	if (e->user != e->user_before)
		(void)sk_buf_printf(b, " (was %u)", e->user_before);
	for (size_t i = 0; i < e->n_gained; i++) {
		(void)sk_buf_add_str(b, i == 0 ? ", gained " : ", ");
		add(b, e->gained[i]);
	}
}

/* The word of the kind; what is no change of user is called what it is. */
static const char *kind_word(const struct guard_event *e)
{
	unsigned nr;

	if (e->kind != GUARD_KIND_PRIVILEGE || e->has_user)
		return guard_kind_name(e->kind);
	if (e->reason == GUARD_REASON_TAMPER)
		return "tamper";
	return e->detail != NULL && guard_capability_number(sk_span_str(e->detail), &nr)
		       ? "capability"
		       : "call";
}

/* 12:00:00.000  shop/web  4711  exec; what is not of a process is the guard's own. */
static void add_head(struct sk_buf *b, const struct guard_event *e)
{
	char time[SK_TIME_TEXT_SIZE];

	(void)sk_format_time((int64_t)(e->time_us / 1000000), time);
	(void)sk_buf_printf(b, "%.8s.%03u  ", time + 11, (unsigned)(e->time_us / 1000 % 1000));
	add(b, e->service != NULL          ? e->service
	       : e->container_name != NULL ? e->container_name
					   : "guard");
	if (e->host_pid != 0)
		(void)sk_buf_printf(b, "  %u", e->host_pid);
	(void)sk_buf_printf(b, "  %-8s ", kind_word(e));
}

/* alerted (high): entry - a sentence */
static void add_verdict(struct sk_buf *b, const struct guard_event *e, bool colour)
{
	enum model_severity severity = MODEL_SEVERITY_UNKNOWN;
	bool has = e->severity != NULL && model_severity_parse(sk_span_str(e->severity), &severity);
	const char *begin = colour ? model_severity_colour(severity) : "";
	const char *end = *begin != '\0' ? MODEL_COLOUR_END : "";

	if (e->reason == GUARD_REASON_NONE) {
		if (has) /* what was lost */
			(void)sk_buf_printf(b, "  %s(%s)%s", begin, model_severity_text(severity),
					    end);
		return;
	}
	(void)sk_buf_printf(b, "  %s%s%s%s%s%s: %s", begin, guard_verdict_name(e->verdict),
			    has ? " (" : "", has ? model_severity_text(severity) : "",
			    has ? ")" : "", end, guard_reason_name(e->reason));
	if (e->reason_text != NULL) {
		(void)sk_buf_add_str(b, " - ");
		add(b, e->reason_text);
	}
}

static void add_subject(struct sk_buf *b, const struct guard_event *e)
{
	switch (e->kind) {
	case GUARD_KIND_EXEC:
		add(b, e->file_path != NULL ? e->file_path : "(path not known)");
		if (e->file_script != NULL) {
			(void)sk_buf_add_str(b, " [");
			add(b, e->file_script);
			(void)sk_buf_add_char(b, ']');
		}
		(void)sk_buf_add_str(b, " :");
		add_args(b, e);
		return;
	case GUARD_KIND_DNS:
		add_dns(b, e);
		return;
	case GUARD_KIND_PRIVILEGE:
		if (!e->has_user)
			break;
		add_privilege(b, e);
		return;
	case GUARD_KIND_FORK:
		if (e->child_host_pid == 0)
			break;
		/* in the numbers of the column of processes, the host's */
		(void)sk_buf_printf(b, "child %u", e->child_host_pid);
		return;
	case GUARD_KIND_LOST:
		(void)sk_buf_printf(b, "%llu event%s", (unsigned long long)e->lost_events,
				    e->lost_events == 1 ? "" : "s");
		if (e->detail != NULL)
			(void)sk_buf_printf(b, " %s%s%s", e->detail,
					    e->lost_cgroup[0] != '\0' ? " " : "", e->lost_cgroup);
		return;
	default:
		break;
	}
	if (e->detail != NULL) {
		add(b, e->detail);
		if (e->file_path != NULL || e->peer_protocol != NULL || e->peer_name != NULL)
			(void)sk_buf_add_char(b, ' ');
	}
	if (e->file_path != NULL) {
		add(b, e->file_path);
		if (e->kind == GUARD_KIND_OPEN)
			(void)sk_buf_add_str(b, e->file_write ? " (write)" : " (read)");
		add_files(b, e);
	}
	if (e->peer_protocol != NULL)
		add(b, e->peer_protocol);
	if (e->peer_address != NULL) {
		(void)sk_buf_add_char(b, ' ');
		add(b, e->peer_address);
		if (!guard_event_is_unix(e))
			(void)sk_buf_printf(b, " port %u", e->peer_port);
	}
	if (e->local_address != NULL) {
		(void)sk_buf_add_str(b, " to ");
		add(b, e->local_address);
		(void)sk_buf_printf(b, " port %u", e->local_port);
	}
	if (e->peer_name != NULL) {
		(void)sk_buf_add_str(b, " (");
		add(b, e->peer_name);
		(void)sk_buf_add_char(b, ')');
	}
}

/* A line for what was told before and happened again. */
static void add_again(struct sk_buf *b, const struct guard_event *e)
{
	char time[SK_TIME_TEXT_SIZE];

	(void)sk_format_time((int64_t)(e->first_us / 1000000), time);
	(void)sk_buf_printf(b, "  ×%llu again since %.8s", (unsigned long long)e->count, time + 11);
}

int guard_event_line(const struct guard_event *e, bool colour, const struct sk_sink *sink)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, LINE_MAX);
	add_head(&b, e);
	add_subject(&b, e);
	add_verdict(&b, e, colour);
	if (e->first_us != 0)
		add_again(&b, e);
	else if (e->count > 1)
		(void)sk_buf_printf(&b, "  ×%llu", (unsigned long long)e->count);
	if (!sk_buf_add_char(&b, '\n') && b.len != 0)
		b.ptr[b.len - 1] = '\n';
	r = sink->write(sink->ctx, b.ptr, b.len);
	sk_buf_release(&b);
	return r;
}
