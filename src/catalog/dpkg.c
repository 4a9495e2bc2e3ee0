/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpkg: the status file, the one-package files of distroless images, and the lists of files.
 *
 * A package counts when its files are there: states unpacked, half-configured, triggers-awaited,
 * triggers-pending and installed; half-installed as well, because some of its files may be. States
 * not-installed and config-files leave no program behind. A record without a Status field
 * (status.d, images put together without dpkg) counts. Source: deb-control(5), dpkg(1) "Package
 * states".
 */
#include "base/alloc.h"
#include "base/io.h"
#include "catalog/catalog-priv.h"

enum field {
	F_PACKAGE,
	F_STATUS,
	F_VERSION,
	F_ARCHITECTURE,
	F_SOURCE,
	F_MAINTAINER,
	F_ORIGIN,
	F_VENDOR, /* written by fpm and nfpm, never by Debian's own tools */
	N_FIELDS,
};

static const char *const field_names[] = {
	[F_PACKAGE] = "Package", [F_STATUS] = "Status",
	[F_VERSION] = "Version", [F_ARCHITECTURE] = "Architecture",
	[F_SOURCE] = "Source",   [F_MAINTAINER] = "Maintainer",
	[F_ORIGIN] = "Origin",   [F_VENDOR] = "Vendor",
};
_Static_assert(SK_ARRAY_LEN(field_names) == N_FIELDS, "every field has a name");

/** struct stanza - what is kept of one record */
struct stanza {
	size_t at[N_FIELDS]; /* offset in @text */
	size_t len[N_FIELDS];
	bool seen[N_FIELDS];
	struct sk_buf text;
	bool any;         /* a field of any name */
	bool damaged;     /* a line that is no field */
	size_t n_records; /* records that had fields */
	size_t n_garbage; /* lines that are no fields */
};

static struct sk_span value_of(const struct stanza *s, enum field f)
{
	return s->seen[f] ? sk_span_sub(sk_buf_span(&s->text), s->at[f], s->len[f])
			  : sk_span_of(NULL, 0);
}

static void stanza_reset(struct stanza *s)
{
	memset(s->seen, 0, sizeof(s->seen));
	sk_buf_reset(&s->text);
	s->any = false;
	s->damaged = false;
}

static bool field_find(struct sk_span name, enum field *ret)
{
	for (enum field f = 0; f < N_FIELDS; f++) {
		if (sk_span_eq_nocase(name, sk_span_str(field_names[f]))) {
			*ret = f;
			return true;
		}
	}
	return false;
}

static bool name_is_sane(struct sk_span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f)
			return false;
	}
	return name.len != 0;
}

/* "Name: value"; continuation lines begin with a blank and none of the kept fields has any. */
static void stanza_line(struct stanza *s, struct sk_span line)
{
	struct sk_span name = sk_span_sub(line, 0, sk_span_find(line, ':')), value;
	enum field f;

	if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
		return;
	if (name.len == line.len || !name_is_sane(name)) {
		s->damaged = true;
		s->n_garbage++;
		return;
	}
	s->any = true;
	if (!field_find(name, &f))
		return;
	if (s->seen[f]) {
		s->damaged = true;
		return;
	}
	value = sk_span_trim(sk_span_sub(line, name.len + 1, line.len));
	/* one byte more than allowed, so that the check of the text sees it */
	value = sk_span_sub(value, 0, CATALOG_MAX_TEXT + 1);
	s->at[f] = s->text.len;
	s->len[f] = value.len;
	s->seen[f] = sk_buf_add_span(&s->text, value);
}

/* Last word of "install ok installed". */
static bool status_counts(struct sk_span status, bool *ret_partial)
{
	static const char *const present[] = {"installed",        "unpacked",
					      "half-configured",  "triggers-awaited",
					      "triggers-pending", "half-installed"};
	struct sk_span word = sk_span_sub(status, sk_span_rfind(status, ' ') + 1, status.len);

	if (sk_span_rfind(status, ' ') == status.len)
		word = status;
	*ret_partial = sk_span_eq_str(word, "half-installed");
	for (size_t i = 0; i < SK_ARRAY_LEN(present); i++) {
		if (sk_span_eq_str(word, present[i]))
			return true;
	}
	return false;
}

/* "glibc (2.36-9)" or "glibc". */
static void split_source(struct catalog_out *o, struct sk_span source, struct model_package *p)
{
	size_t open = sk_span_find(source, '(');
	struct sk_span name = sk_span_trim(sk_span_sub(source, 0, open));
	struct sk_span version = sk_span_sub(source, open + 1, source.len);

	version = sk_span_trim(sk_span_sub(version, 0, sk_span_find(version, ')')));
	if (catalog_is_word(name))
		p->source_name = catalog_text(o, name);
	if (catalog_is_word(version))
		p->source_version = catalog_text(o, version);
}

static int stanza_emit(struct stanza *s, struct catalog_out *o, struct sk_err *err)
{
	struct sk_span name = value_of(s, F_PACKAGE), version = value_of(s, F_VERSION);
	struct sk_span origin = value_of(s, s->seen[F_ORIGIN] ? F_ORIGIN : F_VENDOR);
	struct model_package p = {.type = MODEL_PACKAGE_DEB};
	bool partial = false;

	if (!s->any && !s->damaged)
		return 0;
	if (s->any)
		s->n_records++;
	if (s->seen[F_STATUS] && !status_counts(value_of(s, F_STATUS), &partial))
		return 0;
	if (!catalog_is_word(name) || !catalog_is_word(version)) {
		/* dpkg keeps records without a version for what is half installed */
		catalog_diagnose(
			o, partial && !s->damaged ? MODEL_DIAGNOSTIC_INFO : MODEL_DIAGNOSTIC_ERROR,
			name, "dpkg: record without a usable package name and version");
		return 0;
	}
	if (s->damaged)
		catalog_diagnose(o, MODEL_DIAGNOSTIC_WARNING, name,
				 "dpkg: record has lines that are no fields, or a field twice");
	if (partial)
		catalog_diagnose(o, MODEL_DIAGNOSTIC_INFO, name,
				 "dpkg: half-installed package is taken as present");
	p.name = catalog_text(o, name);
	p.version = catalog_text(o, version);
	p.arch = catalog_text(o, value_of(s, F_ARCHITECTURE));
	p.vendor = catalog_text(o, value_of(s, F_MAINTAINER));
	p.origin = catalog_text(o, origin);
	split_source(o, value_of(s, F_SOURCE), &p);
	return catalog_add_package(o, &p, err);
}

static int read_stanzas(const struct catalog_input *in, struct catalog_out *o, struct stanza *s,
			struct sk_err *err)
{
	sk_cleanup(sk_freep) struct catalog_lines *l = sk_alloc(sizeof(*l));
	struct sk_span line;
	int r;

	l->in = in;
	l->budget = o->budget;
	while ((r = catalog_lines_next(l, &line, NULL, err)) > 0) {
		if (sk_span_trim(line).len != 0) {
			stanza_line(s, line);
			continue;
		}
		r = stanza_emit(s, o, err);
		if (r < 0)
			return r;
		stanza_reset(s);
	}
	return r < 0 ? r : stanza_emit(s, o, err);
}

int catalog_dpkg_status(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	struct stanza s = {0};
	int r;

	sk_buf_init(&s.text, (size_t)N_FIELDS * (CATALOG_MAX_TEXT + 1));
	r = read_stanzas(in, o, &s, err);
	sk_buf_release(&s.text);
	if (r >= 0 && s.n_records == 0 && s.n_garbage != 0)
		return sk_err_set(err, SK_E_FORMAT, "dpkg: no record in this file");
	return r;
}

int catalog_dpkg_status_d(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	return catalog_dpkg_status(in, o, err);
}

/* "libc6:amd64.list" → "libc6" */
static struct sk_span package_of(struct sk_span path)
{
	struct sk_span name = sk_path_base(path);

	name = sk_span_sub(name, 0, sk_span_rfind(name, '.'));
	return sk_span_sub(name, 0, sk_span_find(name, ':'));
}

/* "0123…ef  usr/bin/x": the sums of a distroless image, paths without a slash in front. */
static bool strip_sum(struct sk_span *line)
{
	size_t blank = sk_span_find(*line, ' ');

	if (blank != 32 || line->len < 35)
		return false;
	*line = sk_span_sub(*line, 34, line->len);
	return true;
}

/* A list names directories as well, each before what lies in it: a line that the next one begins
 * with is one. */
static bool is_parent(struct sk_span line, struct sk_span next)
{
	return next.len > line.len && next.ptr[line.len] == '/' &&
	       memcmp(next.ptr, line.ptr, line.len) == 0;
}

int catalog_dpkg_files(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	sk_cleanup(sk_freep) struct catalog_lines *l = sk_alloc(sizeof(*l));
	const char *package = catalog_text(o, package_of(in->path));
	bool sums = sk_span_ends(in->path, ".md5sums"), cut;
	sk_cleanup(sk_buf_release) struct sk_buf last;
	struct sk_span line;
	int r;

	sk_buf_init(&last, CATALOG_LINE_SIZE);
	if (package == NULL)
		return sk_err_set(err, SK_E_FORMAT, "dpkg: list of files without a package name");
	l->in = in;
	l->budget = o->budget;
	while ((r = catalog_lines_next(l, &line, &cut, err)) > 0) {
		if (cut || line.len == 0 || (sums && !strip_sum(&line)))
			continue;
		if (last.len != 0 && !is_parent(sk_buf_span(&last), line)) {
			r = catalog_add_owned(o, sk_span_of(NULL, 0), sk_buf_span(&last), package,
					      err);
			if (r < 0)
				return r;
		}
		sk_buf_reset(&last);
		(void)sk_buf_add_span(&last, line); /* lines fit: they are cut before */
	}
	if (r < 0 || last.len == 0)
		return r;
	return catalog_add_owned(o, sk_span_of(NULL, 0), sk_buf_span(&last), package, err);
}
