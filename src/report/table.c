/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report for people: findings by package, the most urgent first, and after them the sentences
 * that say what to do. Every foreign text is escaped and cut to its column.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "base/text.h"
#include "report/report-priv.h"

enum {
	DEFAULT_WIDTH = 80,
	MIN_WIDTH = 60,
	MAX_WIDTH = 500,
	MAX_DIAGNOSTICS = 20, /* lines; the rest is counted */
	CHUNK = 64 << 10,     /* bytes between writes */
	RISK_COLUMNS = 5,
	SEVERITY_COLUMNS = 10,
	ID_COLUMNS = 20,
	DAY = 86400,
};

/** struct page - text on its way out */
struct page {
	const struct model_report *r;
	const struct report_options *opts;
	const struct sk_sink *out;
	struct sk_buf b;
	size_t width;
	int failure;
};

static void flush(struct page *p, size_t keep)
{
	if (p->failure == 0 && p->b.overflow)
		p->failure = -SK_E_LIMIT;
	if (p->failure != 0 || p->b.len <= keep)
		return;
	p->failure = p->out->write(p->out->ctx, p->b.ptr, p->b.len);
	sk_buf_reset(&p->b);
}

static void add(struct page *p, const char *text)
{
	sk_buf_add_str(&p->b, text);
}

static void end_line(struct page *p)
{
	while (p->b.len > 0 && p->b.ptr[p->b.len - 1] == ' ')
		p->b.len--;
	sk_buf_add_char(&p->b, '\n');
	flush(p, CHUNK);
}

/* Longest begin of valid text that has at most @columns. */
static size_t cut_at(struct sk_span s, size_t columns)
{
	struct sk_span rest = s;
	uint32_t cp;

	while (rest.len > 0) {
		size_t used = s.len - rest.len;

		(void)sk_utf8_next(&rest, &cp);
		if (sk_text_width(sk_span_sub(s, 0, s.len - rest.len)) > columns)
			return used;
	}
	return s.len;
}

/* Foreign text, escaped, cut to @columns with "…", and padded to them when asked. */
static size_t add_cell(struct page *p, const char *text, size_t columns, bool padded)
{
	struct sk_buf safe;
	struct sk_span s;
	size_t width;

	sk_buf_init(&safe, 1 << 20);
	/* what cannot be seen anyway need not be escaped */
	(void)sk_text_escape(&safe, sk_span_sub(sk_span_str(text), 0, 4 * MAX_WIDTH));
	s = sk_buf_span(&safe);
	width = sk_text_width(s);
	if (width > columns) {
		s.len = cut_at(s, columns - 1);
		sk_buf_add_span(&p->b, s);
		add(p, "…");
		width = sk_text_width(s) + 1;
	} else {
		sk_buf_add_span(&p->b, s);
	}
	for (size_t i = width; padded && i < columns; i++)
		sk_buf_add_char(&p->b, ' ');
	sk_buf_release(&safe);
	return width;
}

static void add_sentence(struct page *p, const char *fmt, ...) sk_printf_like(2, 3);

/* Words wrapped at the width; foreign text in it is escaped. */
static void add_sentence(struct page *p, const char *fmt, ...)
{
	struct sk_buf safe;
	char *text = NULL;
	struct sk_span rest, word;
	size_t column = 0;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	sk_buf_init(&safe, 1 << 20);
	(void)sk_text_escape(&safe, sk_span_str(text));
	rest = sk_buf_span(&safe);
	while (sk_span_cut(&rest, ' ', &word)) {
		size_t width = sk_text_width(word);

		if (column > 0 && column + 1 + width > p->width) {
			end_line(p);
			add(p, "  ");
			column = 2;
		} else if (column > 0) {
			add(p, " ");
			column++;
		}
		while (width > p->width - column) {
			size_t n = cut_at(word, p->width - column);

			sk_buf_add_span(&p->b, sk_span_sub(word, 0, n));
			word = sk_span_sub(word, n, word.len);
			width = sk_text_width(word);
			end_line(p);
			column = 0;
		}
		sk_buf_add_span(&p->b, word);
		column += width;
	}
	end_line(p);
	sk_buf_release(&safe);
	free(text);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static bool shown(const struct page *p, const struct model_finding *f)
{
	unsigned mask = p->opts->severity_mask;

	return mask == 0 || (mask & (1u << f->severity)) != 0;
}

/* Which findings stand together: those of one source package in one version, or of one library.
 * Packages of one source may have versions of their own.
 */
static int compare_homes(const struct model_package *x, const struct model_package *y)
{
	const char *const keys[][2] = {
		{x->ecosystem, y->ecosystem},
		{x->source_name, y->source_name},
		{x->source_version, y->source_version},
		{x->version, y->version},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(keys); i++) {
		int o = strcmp(keys[i][0] != NULL ? keys[i][0] : "",
			       keys[i][1] != NULL ? keys[i][1] : "");

		if (o != 0)
			return o;
	}
	return 0;
}

/** struct row - a finding and where it stood in the report */
struct row {
	const struct model_finding *f;
	const struct model_suppressed *held; /* or NULL */
	size_t place;
	size_t group; /* best place of its group */
};

static int compare_rows(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	int o = compare_homes(a->f->package, b->f->package);

	if (o != 0)
		return o;
	return a->place < b->place ? -1 : a->place > b->place;
}

static int compare_groups(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

/* Groups in the order of their most urgent finding, findings in the order of the report. */
static void sort_rows(struct row *rows, size_t n)
{
	if (n == 0)
		return;
	qsort(rows, n, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < n; i++) {
		bool same = i > 0 && compare_homes(rows[i].f->package, rows[i - 1].f->package) == 0;

		rows[i].group = same ? rows[i - 1].group : rows[i].place;
	}
	qsort(rows, n, sizeof(*rows), compare_groups);
}

static void add_severity(struct page *p, enum model_severity s)
{
	if (p->opts->colour)
		add(p, model_severity_colour(s));
	add_cell(p, model_severity_text(s), SEVERITY_COLUMNS, true);
	if (p->opts->colour)
		add(p, "\033[0m");
	add(p, "  ");
}

/* "1.2.5, 2.0.1" or why there is none */
static void add_fix(struct page *p, const struct model_finding *f)
{
	static const char *const words[] = {
		[MODEL_STATE_FIXED] = "fixed",
		[MODEL_STATE_AFFECTED] = "no fix",
		[MODEL_STATE_WILL_NOT_FIX] = "will not be fixed",
		[MODEL_STATE_DEFERRED] = "fix deferred",
		[MODEL_STATE_UNDER_INVESTIGATION] = "under investigation",
		[MODEL_STATE_END_OF_LIFE] = "end of life",
	};
	size_t used = 2 + RISK_COLUMNS + 2 + SEVERITY_COLUMNS + 2 + ID_COLUMNS + 2;
	const char *mark = f->kev.ransomware ? "ransomware" : f->kev.listed ? "exploited" : "";
	size_t room = p->width - used - (*mark != '\0' ? strlen(mark) + 2 : 0);
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	for (size_t i = 0; i < f->n_fixed_versions; i++)
		sk_buf_printf(&b, "%s%s", i > 0 ? ", " : "", f->fixed_versions[i]);
	if (f->n_fixed_versions == 0)
		sk_buf_add_str(&b, words[f->state]);
	add_cell(p, b.ptr, room, *mark != '\0');
	if (*mark != '\0') {
		add(p, "  ");
		add(p, mark);
	}
	sk_buf_release(&b);
}

static void add_row(struct page *p, const struct row *row)
{
	char risk[32];

	(void)snprintf(risk, sizeof(risk), "  %*.1f  ", RISK_COLUMNS, row->f->risk);
	add(p, risk);
	add_severity(p, row->f->severity);
	add_cell(p, row->f->id, ID_COLUMNS, true);
	add(p, "  ");
	add_fix(p, row->f);
	end_line(p);
	if (row->held == NULL)
		return;
	add(p, "         ");
	add_cell(p, model_reason_text(row->held->reason), 14, false);
	add(p, ": ");
	add_cell(p, row->held->text != NULL ? row->held->text : "", p->width - 25, false);
	end_line(p);
}

/* "libc6, libc-bin" of the group that begins at @first, each once */
static void add_names(struct sk_buf *b, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		/* long groups are cut on the screen anyway: bounded work */
		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(rows[k].f->package->name, rows[i].f->package->name) == 0;
		if (!seen)
			sk_buf_printf(b, "%s%s", b->len > 0 ? ", " : "", rows[i].f->package->name);
		if (b->len > MAX_WIDTH)
			return;
	}
}

static void add_group_head(struct page *p, const struct row *rows, size_t n)
{
	const struct model_package *pkg = rows[0].f->package;
	const char *version = pkg->version != NULL ? pkg->version : "";
	size_t room = p->width, used, version_width = strlen(version);
	char place[64] = "";
	struct sk_buf names;

	if (pkg->layer != MODEL_NO_LAYER && p->r->target.n_layers > 1)
		(void)snprintf(place, sizeof(place), "  layer %u", pkg->layer);
	room -= strlen(place);
	/* the names give way to the version, down to half of the line */
	if (version_width > room / 2)
		version_width = room / 2;
	sk_buf_init(&names, 1 << 20);
	add_names(&names, rows, n);
	end_line(p);
	if (p->opts->colour)
		add(p, "\033[1m");
	used = add_cell(p, names.ptr, room - version_width - 1, false) + 1;
	add(p, " ");
	used += add_cell(p, version, room - used, false);
	if (p->opts->colour)
		add(p, "\033[0m");
	for (; *place != '\0' && used < room; used++)
		add(p, " ");
	add(p, place);
	end_line(p);
	sk_buf_release(&names);
	if (pkg->type == MODEL_PACKAGE_LANGUAGE && pkg->n_locations > 0) {
		add(p, "  ");
		add_cell(p, pkg->locations[0], p->width - 2, false);
		end_line(p);
	}
}

/* The rows, sorted; a vulnerability is listed once a group, however many of its packages have it.
 */
static void add_rows(struct page *p, struct row *rows, size_t n)
{
	sort_rows(rows, n);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && rows[end].group == rows[i].group;)
			end++;
		add_group_head(p, rows + i, end - i);
		for (size_t k = i; k < end; k++) {
			/* equal risk, severity and id stand side by side */
			bool again = k > i && strcmp(rows[k].f->id, rows[k - 1].f->id) == 0 &&
				     rows[k].f->n_fixed_versions == rows[k - 1].f->n_fixed_versions;

			if (!again)
				add_row(p, &rows[k]);
		}
	}
	sk_free(rows);
}

static size_t add_findings(struct page *p)
{
	struct row *rows = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < p->r->n_findings; i++) {
		if (!shown(p, &p->r->findings[i]))
			continue;
		SK_GROW(rows, n, cap);
		rows[n++] = (struct row){.f = &p->r->findings[i], .place = i};
	}
	add_rows(p, rows, n);
	return n;
}

static void add_suppressed(struct page *p)
{
	struct row *rows = NULL;
	size_t n = 0, cap = 0;

	if (!p->opts->show_suppressed || p->r->n_suppressed == 0)
		return;
	for (size_t i = 0; i < p->r->n_suppressed; i++) {
		SK_GROW(rows, n, cap);
		rows[n++] = (struct row){
			.f = &p->r->suppressed[i].finding,
			.held = &p->r->suppressed[i],
			.place = i,
		};
	}
	add_sentence(p, "Held back:");
	add_rows(p, rows, n);
	end_line(p);
}

/* What extended support is called there. */
static const char *lts_word(const struct model_distro *os)
{
	if (os->id != NULL && strcmp(os->id, "debian") == 0)
		return " (LTS)";
	if (os->id != NULL && strcmp(os->id, "ubuntu") == 0)
		return " (ESM, by subscription)";
	return "";
}

static void add_head(struct page *p)
{
	const struct model_target *t = &p->r->target;
	const struct model_distro *os = &t->os;
	const char *name = os->pretty_name != NULL ? os->pretty_name : os->id;
	char today[SK_TIME_TEXT_SIZE], digest[SK_DIGEST_TEXT_SIZE];

	add_sentence(p, "%s", t->reference != NULL ? t->reference : "");
	if (t->digest.alg != SK_DIGEST_NONE)
		add_sentence(p, "%s", sk_digest_text(&t->digest, digest));
	if (name == NULL)
		return;
	sk_format_date(p->opts->now, today);
	if (os->end_of_life != NULL && strcmp(os->end_of_life, today) <= 0)
		add_sentence(p, "%s, past its end of life since %s%s%s%s", name, os->end_of_life,
			     os->extended_support == NULL ? ""
			     : strcmp(os->extended_support, today) <= 0
				     ? "; extended support ended on "
				     : "; extended support until ",
			     os->extended_support != NULL ? os->extended_support : "",
			     os->extended_support != NULL ? lts_word(os) : "");
	else if (os->end_of_life != NULL)
		add_sentence(p, "%s, supported until %s", name, os->end_of_life);
	else
		add_sentence(p, "%s", name);
}

static int compare_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* How many different texts there are; the array is sorted. */
static size_t count_distinct(const char **items, size_t n)
{
	size_t distinct = 0;

	if (n > 0)
		qsort(items, n, sizeof(*items), compare_text);
	for (size_t i = 0; i < n; i++)
		distinct += i == 0 || strcmp(items[i], items[i - 1]) != 0;
	return distinct;
}

static void add_found(struct page *p, const struct report_summary *s, const char *severities)
{
	const char **texts = sk_realloc_array(NULL, s->findings, sizeof(*texts));
	size_t n_vulns, n_packages;
	char vulns[64] = "";

	for (size_t i = 0; i < s->findings; i++)
		texts[i] = p->r->findings[i].id;
	n_vulns = count_distinct(texts, s->findings);
	for (size_t i = 0; i < s->findings; i++)
		texts[i] = p->r->findings[i].package->id;
	n_packages = count_distinct(texts, s->findings);
	sk_free(texts);
	if (n_vulns < s->findings)
		(void)snprintf(vulns, sizeof(vulns), " (%zu vulnerabilit%s)", n_vulns,
			       n_vulns == 1 ? "y" : "ies");
	add_sentence(p, "%zu finding%s%s in %zu of %zu package%s: %s", s->findings,
		     plural(s->findings), vulns, n_packages, s->packages, plural(s->packages),
		     severities);
}

/* What was not judged is not clean. */
static void add_clean(struct page *p, size_t n, size_t n_unjudged)
{
	if (n_unjudged >= n)
		add_sentence(p, "None of %zu package%s could be judged.", n, plural(n));
	else if (n_unjudged != 0)
		add_sentence(p,
			     "No known vulnerabilities in %zu of %zu packages; the others could "
			     "not be judged.",
			     n - n_unjudged, n);
	else
		add_sentence(p, "No known vulnerabilities in %zu package%s.", n, plural(n));
}

static void add_counts(struct page *p, const struct report_summary *s)
{
	struct sk_buf b;

	if (s->packages == 0) {
		add_sentence(p, "No package was recognised.");
		return;
	}
	if (s->findings == 0 && p->r->n_filtered != 0) {
		add_sentence(p, "None of %zu finding%s in %zu package%s is among those asked for.",
			     p->r->n_filtered, plural(p->r->n_filtered), s->packages,
			     plural(s->packages));
		return;
	}
	if (s->findings == 0) {
		add_clean(p, s->packages, p->r->n_unjudged);
		return;
	}
	sk_buf_init(&b, 4096);
	for (size_t i = MODEL_N_SEVERITIES; i-- > 0;) {
		if (s->by_severity[i] > 0)
			sk_buf_printf(&b, "%s%zu %s", b.len > 0 ? ", " : "", s->by_severity[i],
				      model_severity_text((enum model_severity)i));
	}
	add_found(p, s, b.ptr);
	sk_buf_release(&b);
}

static bool is_image(const struct model_target *t)
{
	return t->n_layers > 0;
}

/* "3.11" of "3.11.5": Alpine's images are rebuilt under the branch's name. */
static struct sk_span branch_of(const char *version)
{
	struct sk_span v = sk_span_str(version);
	size_t minor = sk_span_find(v, '.') + 1;

	return sk_span_sub(v, 0, minor + sk_span_find(sk_span_sub(v, minor, v.len), '.'));
}

/* "debian:11": the base image when it is known, else the distribution's own. */
static void base_name(const struct model_target *t, struct sk_buf *b)
{
	const char *said = t->os.version_id != NULL ? t->os.version_id : t->os.codename;
	struct sk_span version = sk_span_str(said != NULL ? said : "latest");

	if (strcmp(t->os.id, "alpine") == 0 && said != NULL)
		version = branch_of(said);
	if (t->base != NULL)
		sk_buf_add_str(b, t->base);
	else
		sk_buf_printf(b, "%s:%.*s", t->os.id, SK_SPAN_ARG(version));
}

/* What helps: the distribution's updates, newer libraries, or nothing yet. */
static void add_remedies(struct page *p, const struct report_summary *s)
{
	const struct model_target *t = &p->r->target;
	size_t system = 0, library = 0;
	struct sk_buf b;

	for (size_t i = 0; i < p->r->n_findings; i++) {
		const struct model_finding *f = &p->r->findings[i];

		if (f->n_fixed_versions == 0)
			continue;
		if (f->package->type == MODEL_PACKAGE_LANGUAGE)
			library++;
		else
			system++;
	}
	sk_buf_init(&b, 1 << 16);
	if (system > 0 && is_image(t) && t->os.id != NULL) {
		base_name(t, &b);
		add_sentence(p, "%zu of %zu %s fixed by rebuilding on today's %s", system,
			     s->findings, system == 1 ? "is" : "are", b.ptr);
	} else if (system > 0) {
		add_sentence(p, "%zu of %zu %s fixed by the distribution's updates", system,
			     s->findings, system == 1 ? "is" : "are");
	}
	if (library > 0)
		add_sentence(p, "%zu of %zu %s fixed by newer libraries", library, s->findings,
			     library == 1 ? "is" : "are");
	sk_buf_release(&b);
}

static void add_layers(struct page *p, const struct report_summary *s)
{
	size_t base = 0, above = 0;

	if (p->r->target.n_layers < 2 || s->findings == 0)
		return;
	for (size_t i = 0; i < p->r->n_findings; i++) {
		uint32_t layer = p->r->findings[i].package->layer;

		base += layer == 0;
		above += layer != 0 && layer != MODEL_NO_LAYER;
	}
	add_sentence(p, "%zu come%s with layer 0, %zu with the layers above it", base,
		     base == 1 ? "s" : "", above);
}

static void add_held(struct page *p, const struct report_summary *s)
{
	struct sk_buf b;

	if (p->r->n_suppressed == 0)
		return;
	sk_buf_init(&b, 4096);
	for (size_t i = 0; i < MODEL_N_REASONS; i++) {
		if (s->suppressed[i] > 0)
			sk_buf_printf(&b, "%s%zu %s", b.len > 0 ? ", " : "", s->suppressed[i],
				      model_reason_text((enum model_reason)i));
	}
	add_sentence(p, "%zu held back: %s%s", p->r->n_suppressed, b.ptr,
		     p->opts->show_suppressed ? "" : " (--show-suppressed lists them)");
	sk_buf_release(&b);
}

static void add_database(struct page *p)
{
	const struct model_feed *feed = p->r->database.relevant;
	const char *date = feed != NULL ? feed->date : p->r->database.newest_feed;
	const char *name = feed != NULL ? feed->name : "newest feed";
	int64_t t, days;

	if (date == NULL)
		return;
	if (!sk_parse_time(sk_span_str(date), &t) || t > p->opts->now) {
		add_sentence(p, "Advisories up to %.10s (%s)", date, name);
		return;
	}
	days = (p->opts->now - t) / DAY;
	add_sentence(p, "Advisories up to %.10s (%s), %lld day%s old", date, name, (long long)days,
		     plural((size_t)days));
}

static void add_diagnostics(struct page *p)
{
	static const char *const words[] = {
		[MODEL_DIAGNOSTIC_INFO] = "note",
		[MODEL_DIAGNOSTIC_WARNING] = "warning",
		[MODEL_DIAGNOSTIC_ERROR] = "error",
	};
	size_t n = p->r->n_diagnostics, lines = n < MAX_DIAGNOSTICS ? n : (size_t)MAX_DIAGNOSTICS;

	for (size_t i = 0; i < lines; i++) {
		const struct model_diagnostic *d = &p->r->diagnostics[i];

		add_sentence(p, "%s: %s: %s", words[d->severity], d->place != NULL ? d->place : "",
			     d->message);
	}
	if (n > lines)
		add_sentence(p, "… and %zu more (-f json has them)", n - lines);
}

static void add_verdict(struct page *p)
{
	const char *verdict = p->r->verdict;

	if (verdict != NULL && strcmp(verdict, "incomplete") == 0)
		add_sentence(p, "Not everything was read and judged: this is no clean result.");
	else if (verdict != NULL && strcmp(verdict, "fail") == 0)
		add_sentence(p, "The gate tripped%s%s.", p->r->tripped_by != NULL ? ": " : "",
			     p->r->tripped_by != NULL ? p->r->tripped_by : "");
}

static int table_write(const struct model_report *r, const struct report_options *opts,
		       const struct sk_sink *out, struct sk_err *err)
{
	struct page p = {.r = r, .opts = opts, .out = out, .width = DEFAULT_WIDTH};
	struct report_summary s;

	if (opts->width != 0)
		p.width = opts->width < MIN_WIDTH   ? MIN_WIDTH
			  : opts->width > MAX_WIDTH ? MAX_WIDTH
						    : opts->width;
	sk_buf_init(&p.b, 16 << 20);
	report_summarise(r, &s);
	add_head(&p);
	if (add_findings(&p) > 0 || (opts->show_suppressed && r->n_suppressed > 0))
		end_line(&p);
	add_suppressed(&p);
	add_counts(&p, &s);
	add_remedies(&p, &s);
	add_layers(&p, &s);
	add_held(&p, &s);
	add_database(&p);
	add_diagnostics(&p);
	add_verdict(&p);
	flush(&p, 0);
	sk_buf_release(&p.b);
	return p.failure < 0 ? sk_err_set(err, -p.failure, "cannot write the report: %s",
					  sk_err_name(-p.failure))
			     : 0;
}

const struct report_ops report_table = {.name = "table", .write = table_write};
