/* SPDX-License-Identifier: Apache-2.0 */
/* The table of cataloguers and what they share: lines, whole files, results. */
#include "catalog/catalog.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/text.h"
#include "catalog/catalog-priv.h"

/** struct catalog_ops - one cataloguer */
struct catalog_ops {
	const char *name;
	catalog_parser *parse;
};

static const struct catalog_ops cataloguers[] = {
	[CATALOG_OS_RELEASE] = {"os-release", catalog_os_release},
	[CATALOG_OLD_RELEASE] = {"old-release", catalog_old_release},
	[CATALOG_DPKG_STATUS] = {"dpkg", catalog_dpkg_status},
	[CATALOG_DPKG_STATUS_D] = {"dpkg-status-d", catalog_dpkg_status_d},
	[CATALOG_DPKG_FILES] = {"dpkg-files", catalog_dpkg_files},
	[CATALOG_APK] = {"apk", catalog_apk},
	[CATALOG_RPM] = {"rpm", catalog_rpm},
	[CATALOG_RPM_WAL] = {"rpm-wal", catalog_rpm_wal},
	[CATALOG_CONTENT_SETS] = {"content-sets", catalog_content_sets},
};
_Static_assert(SK_ARRAY_LEN(cataloguers) == CATALOG_N_KINDS, "every kind has a cataloguer");

const char *catalog_kind_name(enum catalog_kind kind)
{
	return (size_t)kind < CATALOG_N_KINDS ? cataloguers[kind].name : "unknown";
}

/* Reads more behind what is left over; the buffer has room. */
static int lines_fill(struct catalog_lines *l, struct sk_err *err)
{
	int64_t got;

	if (l->start != 0) {
		memmove(l->buf, l->buf + l->start, l->end - l->start);
		l->end -= l->start;
		l->searched -= l->start;
		l->start = 0;
	}
	got = l->in->read(l->in->ctx, l->buf + l->end, sizeof(l->buf) - l->end, err);
	if (got < 0)
		return (int)got;
	if (got == 0)
		l->eof = true;
	l->end += (size_t)got;
	l->total += (uint64_t)got;
	return sk_budget_check(l->budget, SK_LIMIT_FILE, l->total, err);
}

/* Gives out @len bytes and drops @drop after them. */
static void lines_take(struct catalog_lines *l, size_t len, size_t drop, struct sk_span *ret)
{
	*ret = sk_span_of(l->buf + l->start, len);
	if (drop != 0 && len != 0 && ret->ptr[len - 1] == '\r')
		ret->len--;
	l->start += len + drop;
	l->searched = l->start;
}

int catalog_lines_next(struct catalog_lines *l, struct sk_span *ret, bool *ret_cut,
		       struct sk_err *err)
{
	bool unused;
	int r;

	if (ret_cut == NULL)
		ret_cut = &unused;
	*ret_cut = false;
	for (;;) {
		const char *hit = memchr(l->buf + l->searched, '\n', l->end - l->searched);

		if (hit != NULL) {
			lines_take(l, (size_t)(hit - (l->buf + l->start)), 1, ret);
			if (!l->skipping)
				return 1;
			l->skipping = false;
			continue;
		}
		l->searched = l->end;
		if (l->skipping)
			l->start = l->end;
		if (l->eof) {
			if (l->start == l->end)
				return 0;
			lines_take(l, l->end - l->start, 0, ret);
			return 1;
		}
		if (l->start == 0 && l->end == sizeof(l->buf)) {
			lines_take(l, l->end, 0, ret);
			l->skipping = true;
			*ret_cut = true;
			return 1;
		}
		r = lines_fill(l, err);
		if (r < 0)
			return r;
	}
}

int catalog_read_all(const struct catalog_input *in, struct sk_budget *budget, struct sk_buf *ret,
		     struct sk_err *err)
{
	uint64_t max = budget->limits.max[SK_LIMIT_FILE];
	size_t step = 65536;
	int64_t got;
	char *to;
	int r;

	/* one byte more shows that the file is larger */
	sk_buf_init(ret, max < SIZE_MAX - 1 ? (size_t)max + 1 : SIZE_MAX);
	r = sk_budget_check(budget, SK_LIMIT_FILE, in->size, err);
	if (r < 0)
		return r;
	if (in->size >= step)
		step = (size_t)in->size + 1;
	do {
		if (step > ret->max - ret->len)
			step = ret->max - ret->len;
		if (step == 0)
			return sk_budget_fail(budget, SK_LIMIT_FILE, err);
		to = sk_buf_reserve(ret, step);
		if (to == NULL)
			return sk_budget_fail(budget, SK_LIMIT_FILE, err);
		got = in->read(in->ctx, to, step, err);
		if (got < 0)
			return (int)got;
		ret->len += (size_t)got;
		step = 65536;
	} while (got != 0);
	return sk_budget_check(budget, SK_LIMIT_FILE, ret->len, err);
}

int catalog_add_package(struct catalog_out *o, const struct model_package *p, struct sk_err *err)
{
	struct model_package *to;
	int r = sk_budget_spend(o->budget, SK_LIMIT_PACKAGES, 1, err);

	if (r < 0)
		return r;
	SK_GROW(o->result.packages, o->result.n_packages, o->packages_cap);
	to = &o->result.packages[o->result.n_packages++];
	*to = *p;
	to->layer = MODEL_NO_LAYER;
	if (to->source_name == NULL)
		to->source_name = to->name;
	if (to->source_version == NULL)
		to->source_version = to->version;
	return 0;
}

static struct sk_span without_slashes(struct sk_span s)
{
	if (sk_span_starts(s, "./") || sk_span_eq_str(s, "."))
		s = sk_span_sub(s, 1, s.len);
	while (s.len != 0 && s.ptr[0] == '/')
		s = sk_span_sub(s, 1, s.len);
	while (s.len != 0 && s.ptr[s.len - 1] == '/')
		s.len--;
	return s;
}

/* Package databases hold clean paths; anything else owns nothing. */
static bool path_is_plain(struct sk_span s)
{
	struct sk_span piece;

	if (s.len == 0)
		return true;
	while (sk_span_cut(&s, '/', &piece)) {
		if (piece.len == 0 || sk_span_eq_str(piece, ".") || sk_span_eq_str(piece, "..") ||
		    memchr(piece.ptr, '\0', piece.len) != NULL)
			return false;
	}
	return true;
}

int catalog_add_owned(struct catalog_out *o, struct sk_span dir, struct sk_span base,
		      const char *package, struct sk_err *err)
{
	uint64_t max_path = o->budget->limits.max[SK_LIMIT_PATH_LEN];
	char *path;
	int r;

	dir = without_slashes(dir);
	base = without_slashes(base);
	if (base.len == 0 || dir.len + base.len + 1 > max_path || !path_is_plain(dir) ||
	    !path_is_plain(base))
		return 0;
	o->owned_size += sizeof(struct catalog_owned) + dir.len + base.len + 2;
	r = sk_budget_check(o->budget, SK_LIMIT_FILE, o->owned_size, err);
	if (r < 0)
		return sk_err_wrap(err, r, "list of files");
	path = sk_arena_alloc(o->a, dir.len + base.len + 2);
	if (dir.len != 0) {
		memcpy(path, dir.ptr, dir.len);
		path[dir.len++] = '/';
	}
	memcpy(path + dir.len, base.ptr, base.len);
	SK_GROW(o->result.owned, o->result.n_owned, o->owned_cap);
	o->result.owned[o->result.n_owned++] =
		(struct catalog_owned){.path = path, .package = package};
	return 0;
}

static void add_diagnostic(struct catalog_out *o, enum model_diagnostic_severity severity,
			   const char *place, const char *message)
{
	SK_GROW(o->result.diagnostics, o->result.n_diagnostics, o->diagnostics_cap);
	o->result.diagnostics[o->result.n_diagnostics++] = (struct model_diagnostic){
		.severity = severity,
		.place = place,
		.message = message,
	};
}

void catalog_diagnose(struct catalog_out *o, enum model_diagnostic_severity severity,
		      struct sk_span record, const char *fmt, ...)
{
	char text[256], quoted[128];
	const char *place;
	va_list ap;

	if (o->result.n_diagnostics >= CATALOG_MAX_DIAGNOSTICS) {
		o->n_dropped++;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	place = sk_arena_str(o->a, o->path);
	if (record.len != 0)
		place = sk_arena_printf(o->a, "%s %s", place,
					sk_text_quote(record, quoted, sizeof(quoted)));
	add_diagnostic(o, severity, place, sk_arena_strdup(o->a, text));
}

const char *catalog_text(struct catalog_out *o, struct sk_span s)
{
	s = sk_span_sub(s, 0, CATALOG_MAX_TEXT);
	s = sk_span_sub(s, 0, sk_span_find(s, '\0'));
	return s.len != 0 ? sk_arena_str(o->a, s) : NULL;
}

bool catalog_is_word(struct sk_span s)
{
	if (s.len == 0 || s.len > CATALOG_MAX_TEXT)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
			return false;
	}
	return true;
}

static void *into_arena(struct sk_arena *a, void *heap, size_t n, size_t size)
{
	void *to = NULL;

	if (n != 0) {
		to = sk_arena_array(a, n, size);
		memcpy(to, heap, n * size);
	}
	sk_free(heap);
	return to;
}

/* Moves the arrays into the arena; on failure drops them. */
static void out_finish(struct catalog_out *o, bool keep)
{
	struct catalog_result *r = &o->result;

	if (keep && o->n_dropped != 0)
		add_diagnostic(
			o, MODEL_DIAGNOSTIC_ERROR, sk_arena_str(o->a, o->path),
			sk_arena_printf(o->a, "%zu further problems are not shown", o->n_dropped));
	if (!keep)
		r->n_packages = r->n_owned = r->n_diagnostics = 0;
	r->packages = into_arena(o->a, r->packages, r->n_packages, sizeof(*r->packages));
	r->owned = into_arena(o->a, r->owned, r->n_owned, sizeof(*r->owned));
	r->diagnostics =
		into_arena(o->a, r->diagnostics, r->n_diagnostics, sizeof(*r->diagnostics));
}

int catalog_parse(enum catalog_kind kind, const struct catalog_input *in, unsigned flags,
		  struct sk_budget *budget, struct sk_arena *a, struct catalog_result *ret,
		  struct sk_err *err)
{
	struct catalog_out o = {.a = a, .budget = budget, .path = in->path, .flags = flags};
	char quoted[256];
	int r;

	if ((size_t)kind >= CATALOG_N_KINDS)
		return sk_err_set(err, SK_E_UNSUPPORTED, "no such cataloguer");
	r = cataloguers[kind].parse(in, &o, err);
	out_finish(&o, r >= 0);
	if (r < 0)
		return sk_err_wrap(err, r, "%s", sk_text_quote(in->path, quoted, sizeof(quoted)));
	*ret = o.result;
	return 0;
}
