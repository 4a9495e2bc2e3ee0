/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From visible package databases to the report: one distribution, one package per purl with all its
 * places, and what the matcher says of them.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/parse.h"
#include "catalog/catalog.h"
#include "model/purl.h"
#include "scan/session.h"
#include "version/version.h"

static const char looked_for[] =
	"dpkg (var/lib/dpkg/status, status.d), apk (lib/apk/db/installed, usr/lib/apk/db/installed) "
	"and rpm (var/lib/rpm, usr/lib/sysimage/rpm, usr/share/rpm)";

static bool is_release(enum catalog_kind kind)
{
	return kind == CATALOG_OS_RELEASE || kind == CATALOG_OLD_RELEASE;
}

/* @from up to the second '.' or the first, for release cycles. */
static struct sk_span version_prefix(const char *version, unsigned n_parts)
{
	struct sk_span s = sk_span_str(version);
	size_t i = 0;

	for (; i < s.len; i++)
		if (s.ptr[i] == '.' && --n_parts == 0)
			break;
	return sk_span_sub(s, 0, i);
}

/* endoflife.date's products, and how many parts of VERSION_ID make a cycle. */
static const struct {
	const char *id;
	const char *product;
	unsigned n_parts;
} products[] = {
	{"debian", "debian", 1},
	{"raspbian", "debian", 1},
	{"ubuntu", "ubuntu", 2},
	{"alpine", "alpine-linux", 2},
	{"alpine", "alpine", 2},
	{"postmarketos", "postmarketos", 2},
	{"rhel", "rhel", 1},
	{"centos", "centos", 1},
	{"rocky", "rocky-linux", 1},
	{"almalinux", "almalinux", 1},
	{"ol", "oracle-linux", 1},
	{"amzn", "amazon-linux", 2},
	{"fedora", "fedora", 1},
	{"sles", "sles", 2},
	{"opensuse-leap", "opensuse", 2},
	{"photon", "vmware-photon", 2},
	{"azurelinux", "azure-linux", 2},
	{"mageia", "mageia", 1},
	{"devuan", "devuan", 1},
	{"linuxmint", "linuxmint", 2},
};

static void find_end_of_life(struct scan_session *s, struct model_distro *os)
{
	char date[SK_TIME_TEXT_SIZE];
	const char *version = os->version_id, *cycle;
	const char *colon = os->ecosystem != NULL ? strchr(os->ecosystem, ':') : NULL;
	int64_t when;

	/* Testing releases have no number of their own, but a feed that is named by one. */
	if (version == NULL && colon != NULL)
		version = colon + 1;
	if (os->id == NULL || version == NULL || s->db == NULL)
		return;
	for (size_t i = 0; i < SK_ARRAY_LEN(products); i++) {
		const char *product = products[i].product;

		if (strcmp(products[i].id, os->id) != 0)
			continue;
		if (strcmp(os->id, "centos") == 0 && os->pretty_name != NULL &&
		    strstr(os->pretty_name, "Stream") != NULL)
			product = "centos-stream";
		if (!vulndb_end_of_life(s->db, sk_span_str(product),
					version_prefix(version, products[i].n_parts), &when))
			continue;
		os->end_of_life = sk_arena_strdup(s->arena, sk_format_date(when, date));
		cycle = sk_arena_printf(s->arena, "%.*s" VULNDB_EXTENDED,
					SK_SPAN_ARG(version_prefix(version, products[i].n_parts)));
		if (vulndb_end_of_life(s->db, sk_span_str(product), sk_span_str(cycle), &when))
			os->extended_support =
				sk_arena_strdup(s->arena, sk_format_date(when, date));
		return;
	}
}

static void find_distro(struct scan_session *s)
{
	struct catalog_release *files = sk_arena_array(s->arena, s->merged.n_files, sizeof(*files));
	struct model_distro *os = &s->report->target.os;
	size_t n = 0;

	for (size_t i = 0; i < s->merged.n_files; i++) {
		const struct scan_file *f = &s->merged.files[i];

		if (is_release(f->fact->kind) && f->fact->damage == NULL)
			files[n++] = (struct catalog_release){.path = f->path,
							      .distro = f->fact->result.distro};
	}
	catalog_merge_releases(files, n, os);
	(void)model_distro_map(os, s->arena);
	find_end_of_life(s, os);
}

/* Everything that a visible file could not say in full. */
static void note_damage(struct scan_session *s)
{
	for (size_t i = 0; i < s->merged.n_files; i++) {
		const struct scan_file *f = &s->merged.files[i];

		if (f->fact->damage != NULL)
			scan_note(s, MODEL_DIAGNOSTIC_ERROR, f->path, "%s", f->fact->damage);
		for (size_t k = 0; k < f->fact->result.n_diagnostics; k++) {
			const struct model_diagnostic *d = &f->fact->result.diagnostics[k];

			scan_note(s, d->severity, d->place != NULL ? d->place : f->path, "%s",
				  d->message);
		}
	}
}

/** struct package_list - packages in the making, one per purl */
struct package_list {
	struct model_package *packages;
	size_t n, cap;
	struct sk_map by_purl;
	struct sk_map places; /* "PURL\nLOCATION" */
};

static void add_location(struct scan_session *s, struct package_list *l, struct model_package *p,
			 const char *location)
{
	const char *key = sk_arena_printf(s->arena, "%s\n%s", p->id, location);
	size_t before = l->places.n_items;
	const char **locations;

	(void)sk_map_put(&l->places, sk_span_str(key), 0);
	if (l->places.n_items == before)
		return;
	locations = sk_arena_array(s->arena, p->n_locations + 1, sizeof(const char *));
	if (p->n_locations != 0)
		memcpy(locations, p->locations, p->n_locations * sizeof(const char *));
	locations[p->n_locations++] = location;
	p->locations = locations;
}

/* A package whose purl was seen is the same package at one more place. */
static int add_package(struct scan_session *s, struct package_list *l,
		       const struct model_package *p, const char *location, struct sk_err *err)
{
	size_t before = l->by_purl.n_items;
	uint64_t at = *sk_map_put(&l->by_purl, sk_span_str(p->id), l->n);
	int r;

	if (l->by_purl.n_items != before) {
		r = sk_budget_spend(&s->budget, SK_LIMIT_PACKAGES, 1, err);
		if (r < 0)
			return r;
		SK_GROW(l->packages, l->n, l->cap);
		l->packages[l->n++] = *p;
	} else if (p->layer < l->packages[at].layer) {
		l->packages[at].layer = p->layer;
	}
	if (location != NULL)
		add_location(s, l, &l->packages[at], location);
	return 0;
}

/* Does the distribution use this kind of package? An apk database on Debian came from elsewhere. */
static bool is_native(const struct model_package *p, const struct model_distro *os)
{
	static const enum version_scheme native[] = {
		[MODEL_PACKAGE_DEB] = VERSION_DPKG,
		[MODEL_PACKAGE_APK] = VERSION_APK,
		[MODEL_PACKAGE_RPM] = VERSION_RPM,
	};
	enum version_scheme scheme;

	return os->ecosystem == NULL || !version_scheme_of(sk_span_str(os->ecosystem), &scheme) ||
	       scheme == native[p->type];
}

/* What the package database does not say itself: feed, purl, whose it is. */
static void complete_package(struct scan_session *s, struct model_package *p)
{
	const struct model_distro *os = &s->report->target.os;

	if (p->type != MODEL_PACKAGE_LANGUAGE) {
		if (!is_native(p, os))
			os = NULL;
		p->ecosystem = os != NULL ? os->ecosystem : NULL;
		if (os != NULL && catalog_is_third_party(p, os, NULL))
			p->third_party = true;
	}
	if (p->purl == NULL)
		p->purl = model_purl_of_package(p, os, s->arena);
	p->id = p->purl;
}

static int add_file_packages(struct scan_session *s, struct package_list *l,
			     const struct scan_file *f, struct sk_err *err)
{
	const struct catalog_result *result = &f->fact->result;
	bool image = s->report->target.n_layers != 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < result->n_packages; i++) {
		struct model_package p = result->packages[i];

		complete_package(s, &p);
		p.layer = image ? f->since[i] : MODEL_NO_LAYER;
		r = add_package(s, l, &p, f->path, err);
	}
	return r;
}

static int cmp_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int cmp_packages(const void *x, const void *y)
{
	const struct model_package *a = x, *b = y;
	int r = cmp_text(a->purl, b->purl);

	if (r == 0)
		r = cmp_text(a->name, b->name);
	return r != 0 ? r : cmp_text(a->version, b->version);
}

static int cmp_locations(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int collect_packages(struct scan_session *s, struct package_list *l, struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->merged.n_files; i++)
		r = add_file_packages(s, l, &s->merged.files[i], err);
	for (size_t i = 0; r == 0 && i < s->n_given; i++) {
		s->given[i].id = s->given[i].purl;
		r = add_package(s, l, &s->given[i], NULL, err);
	}
	if (r < 0 || l->n == 0)
		return r;
	for (size_t i = 0; i < l->n; i++)
		if (l->packages[i].n_locations > 1)
			qsort(l->packages[i].locations, l->packages[i].n_locations,
			      sizeof(const char *), cmp_locations);
	qsort(l->packages, l->n, sizeof(*l->packages), cmp_packages);
	return 0;
}

static int take_packages(struct scan_session *s, struct sk_err *err)
{
	struct model_report *report = s->report;
	struct package_list l = {0};
	int r = collect_packages(s, &l, err);

	report->packages = sk_arena_array(s->arena, l.n, sizeof(*report->packages));
	report->n_packages = l.n;
	if (l.n != 0)
		memcpy(report->packages, l.packages, l.n * sizeof(*l.packages));
	sk_free(l.packages);
	sk_map_release(&l.by_purl);
	sk_map_release(&l.places);
	return r;
}

static void collect_content_sets(struct scan_session *s, struct match_options *opts)
{
	const char **sets;
	size_t n = 0;

	for (size_t i = 0; i < s->merged.n_files; i++)
		n += s->merged.files[i].fact->result.n_content_sets;
	sets = sk_arena_array(s->arena, n, sizeof(const char *));
	n = 0;
	for (size_t i = 0; i < s->merged.n_files; i++) {
		const struct catalog_result *r = &s->merged.files[i].fact->result;

		for (size_t k = 0; k < r->n_content_sets; k++)
			sets[n++] = r->content_sets[k];
	}
	if (n == 0)
		return;
	opts->content_sets = sets;
	opts->n_content_sets = n;
}

/* Why packages have no ecosystem; the matcher says how many it could not judge. */
static void note_blind_spots(struct scan_session *s)
{
	const struct model_distro *os = &s->report->target.os;
	const char *name = os->pretty_name != NULL ? os->pretty_name : os->id;
	size_t n_system = 0;

	for (size_t i = 0; i < s->report->n_packages; i++)
		n_system +=
			s->report->packages[i].type != MODEL_PACKAGE_LANGUAGE && s->given == NULL;
	if (n_system == 0)
		return;
	if (os->id == NULL)
		scan_note(s, MODEL_DIAGNOSTIC_WARNING, "etc/os-release",
			  "no distribution was recognised");
	else if (os->ecosystem == NULL)
		scan_note(s, MODEL_DIAGNOSTIC_WARNING, "etc/os-release", "no feed is known for %s",
			  scan_quote(s, sk_span_str(name)));
}

static int match(struct scan_session *s, struct sk_err *err)
{
	struct match_options opts = s->opts->match;
	struct match_result result = {0};
	int r;

	if (s->db == NULL)
		return 0;
	collect_content_sets(s, &opts);
	r = match_packages(s->db, s->report->packages, s->report->n_packages, &opts, s->arena,
			   &result, err);
	if (r < 0)
		return r;
	s->report->findings = result.findings;
	s->report->n_findings = result.n_findings;
	s->report->suppressed = result.suppressed;
	s->report->n_suppressed = result.n_suppressed;
	s->report->n_unjudged = result.n_unjudged;
	s->report->database.relevant = match_relevant_feed(
		&s->report->database, s->report->packages, s->report->n_packages);
	for (size_t i = 0; i < result.n_diagnostics; i++)
		scan_note(s, result.diagnostics[i].severity, result.diagnostics[i].place, "%s",
			  result.diagnostics[i].message);
	return 0;
}

/* Nothing at all: the reason is what could not be read, if there was such a thing. */
static int nothing_found(struct scan_session *s, struct sk_err *err)
{
	for (size_t i = 0; i < s->n_diagnostics; i++) {
		const struct model_diagnostic *d = &s->diagnostics[i];

		if (d->severity == MODEL_DIAGNOSTIC_ERROR)
			return sk_err_set(err, ENODATA,
					  "no package found, and not all was read: %s", d->message);
	}
	return sk_err_set(err, ENODATA,
			  "no package recognised; looked for the databases of %s; if that is "
			  "expected, say --allow-empty",
			  looked_for);
}

int scan_assemble(struct scan_session *s, struct sk_err *err)
{
	int r;

	find_distro(s);
	note_damage(s);
	r = take_packages(s, err);
	if (r < 0)
		return r;
	if (s->report->n_packages == 0 && !s->opts->allow_empty)
		return nothing_found(s, err);
	note_blind_spots(s);
	return match(s, err);
}
