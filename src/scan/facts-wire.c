/* SPDX-License-Identifier: Apache-2.0 */
/* Binary form of layer facts (docs/formats/facts.md). */
#include "base/wire.h"
#include "scan/facts.h"

enum {
	TEXT_MAX = 64 * 1024,
	MESSAGE_MAX = 4096,
	LINK_MAX = 64 * 1024,
	LIST_MAX = 1000000,
	OWNED_MAX = 8000000,
	FACTS_MAX = 1000000,
	PACKAGE_MIN = 14, /* one byte for each of its fields */
	FACT_MIN = 4,
};

static const char magic[] = "SKF1";

static void put_package(struct sk_buf *b, const struct model_package *p)
{
	sk_wire_put_u64(b, p->type);
	sk_wire_put_str(b, p->name);
	sk_wire_put_str(b, p->version);
	sk_wire_put_str(b, p->arch);
	sk_wire_put_str(b, p->ecosystem);
	sk_wire_put_str(b, p->purl);
	sk_wire_put_str(b, p->source_name);
	sk_wire_put_str(b, p->source_version);
	sk_wire_put_str(b, p->module);
	sk_wire_put_str(b, p->vendor);
	sk_wire_put_str(b, p->origin);
	sk_wire_put_u64(b, p->third_party);
	sk_wire_put_str(b, p->owner);
	sk_wire_put_u64(b, 0); /* reserved */
}

static void put_distro(struct sk_buf *b, const struct model_distro *d)
{
	sk_wire_put_str(b, d->id);
	sk_wire_put_str(b, d->version_id);
	sk_wire_put_str(b, d->codename);
	sk_wire_put_str(b, d->pretty_name);
	sk_wire_put_str(b, d->id_like);
	sk_wire_put_str(b, d->cpe_name);
}

static void put_diagnostics(struct sk_buf *b, const struct model_diagnostic *d, size_t n)
{
	sk_wire_put_u64(b, n);
	for (size_t i = 0; i < n; i++) {
		sk_wire_put_u64(b, d[i].severity);
		sk_wire_put_str(b, d[i].place);
		sk_wire_put_str(b, d[i].message);
	}
}

static void put_result(struct sk_buf *b, const struct catalog_result *r)
{
	sk_wire_put_u64(b, r->n_packages);
	for (size_t i = 0; i < r->n_packages; i++)
		put_package(b, &r->packages[i]);
	put_distro(b, &r->distro);
	sk_wire_put_u64(b, r->n_owned);
	for (size_t i = 0; i < r->n_owned; i++) {
		sk_wire_put_str(b, r->owned[i].path);
		sk_wire_put_str(b, r->owned[i].package);
	}
	sk_wire_put_u64(b, r->n_content_sets);
	for (size_t i = 0; i < r->n_content_sets; i++)
		sk_wire_put_str(b, r->content_sets[i]);
	put_diagnostics(b, r->diagnostics, r->n_diagnostics);
}

static void put_fact(struct sk_buf *b, const struct scan_fact *f)
{
	sk_wire_put_u64(b, f->type);
	sk_wire_put_u64(b, f->kind);
	sk_wire_put_span(b, f->path);
	sk_wire_put_span(b, f->link);
	if (f->type != SCAN_FACT_FILE)
		return;
	sk_wire_put_str(b, f->damage);
	put_result(b, &f->result);
}

static void put_hashes(struct sk_buf *b, const uint64_t *hashes, size_t n)
{
	sk_wire_put_u64(b, n);
	for (size_t i = 0; i < n; i++)
		sk_wire_put_fixed64(b, hashes[i]);
}

void scan_facts_encode(const struct scan_facts *f, struct sk_buf *b)
{
	(void)sk_buf_add(b, magic, sizeof(magic) - 1);
	sk_wire_put_u64(b, CATALOG_VERSION);
	sk_wire_put_digest(b, &f->stored);
	sk_wire_put_digest(b, &f->diff_id);
	sk_wire_put_u64(b, f->size);
	sk_wire_put_u64(b, f->plain_size);
	sk_wire_put_u64(b, f->n_entries);
	sk_wire_put_u64(b, f->n_facts);
	for (size_t i = 0; i < f->n_facts && !b->overflow; i++)
		put_fact(b, &f->facts[i]);
	put_hashes(b, f->dirs, f->n_dirs);
	put_hashes(b, f->others, f->n_others);
	put_diagnostics(b, f->diagnostics, f->n_diagnostics);
}

/** struct decoding - what the parts of one decoding share */
struct decoding {
	struct sk_wire w;
	struct sk_arena *arena;
	const struct scan_wanted *wanted;
	const struct sk_limits *limits;
	uint64_t n_packages;
};

static const char *get_str(struct decoding *d)
{
	return sk_wire_get_str(&d->w, d->arena, TEXT_MAX);
}

static void get_package(struct decoding *d, struct model_package *p)
{
	*p = (struct model_package){.layer = MODEL_NO_LAYER};
	p->type = (enum model_package_type)sk_wire_get_u64(&d->w, MODEL_PACKAGE_LANGUAGE);
	p->name = get_str(d);
	p->version = get_str(d);
	p->arch = get_str(d);
	p->ecosystem = get_str(d);
	p->purl = get_str(d);
	p->source_name = get_str(d);
	p->source_version = get_str(d);
	p->module = get_str(d);
	p->vendor = get_str(d);
	p->origin = get_str(d);
	p->third_party = sk_wire_get_u64(&d->w, 1) != 0;
	p->owner = get_str(d);
	(void)sk_wire_get_u64(&d->w, 0);
	if (p->name == NULL || p->version == NULL || p->source_name == NULL ||
	    p->source_version == NULL)
		d->w.bad = true;
}

static void get_distro(struct decoding *d, struct model_distro *ret)
{
	ret->id = get_str(d);
	ret->version_id = get_str(d);
	ret->codename = get_str(d);
	ret->pretty_name = get_str(d);
	ret->id_like = get_str(d);
	ret->cpe_name = get_str(d);
}

static void get_diagnostics(struct decoding *d, struct model_diagnostic **ret, size_t *ret_n)
{
	size_t n = sk_wire_get_count(&d->w, LIST_MAX, 3);
	struct model_diagnostic *list = sk_arena_array(d->arena, n, sizeof(*list));

	for (size_t i = 0; i < n && !d->w.bad; i++) {
		list[i].severity = (enum model_diagnostic_severity)sk_wire_get_u64(
			&d->w, MODEL_DIAGNOSTIC_ERROR);
		list[i].place = sk_wire_get_str(&d->w, d->arena, LINK_MAX);
		list[i].message = sk_wire_get_str(&d->w, d->arena, MESSAGE_MAX);
		if (list[i].message == NULL)
			d->w.bad = true;
	}
	*ret = list;
	*ret_n = n;
}

static void get_packages(struct decoding *d, struct catalog_result *ret)
{
	uint64_t left = d->limits->max[SK_LIMIT_PACKAGES] - d->n_packages;
	size_t n = sk_wire_get_count(&d->w, left < SIZE_MAX ? (size_t)left : SIZE_MAX, PACKAGE_MIN);

	d->n_packages += n;
	ret->packages = sk_arena_array(d->arena, n, sizeof(*ret->packages));
	ret->n_packages = n;
	for (size_t i = 0; i < n && !d->w.bad; i++)
		get_package(d, &ret->packages[i]);
}

static void get_result(struct decoding *d, struct catalog_result *ret)
{
	get_packages(d, ret);
	get_distro(d, &ret->distro);
	ret->n_owned = sk_wire_get_count(&d->w, OWNED_MAX, 2);
	ret->owned = sk_arena_array(d->arena, ret->n_owned, sizeof(*ret->owned));
	for (size_t i = 0; i < ret->n_owned && !d->w.bad; i++) {
		ret->owned[i].path = get_str(d);
		ret->owned[i].package = get_str(d);
		if (ret->owned[i].path == NULL || ret->owned[i].package == NULL)
			d->w.bad = true;
	}
	ret->n_content_sets = sk_wire_get_count(&d->w, LIST_MAX, 1);
	ret->content_sets =
		sk_arena_array(d->arena, ret->n_content_sets, sizeof(*ret->content_sets));
	for (size_t i = 0; i < ret->n_content_sets && !d->w.bad; i++) {
		ret->content_sets[i] = get_str(d);
		if (ret->content_sets[i] == NULL)
			d->w.bad = true;
	}
	get_diagnostics(d, &ret->diagnostics, &ret->n_diagnostics);
}

/* Relative, without empty, "." and ".." components and NUL bytes; the root is "". */
static bool is_normal_path(struct sk_span path, const struct sk_limits *limits)
{
	struct sk_span rest = path, part;

	if (path.len == 0)
		return true;
	if (path.len > limits->max[SK_LIMIT_PATH_LEN] || memchr(path.ptr, 0, path.len) != NULL)
		return false;
	while (sk_span_cut(&rest, '/', &part))
		if (part.len == 0 || sk_span_eq_str(part, ".") || sk_span_eq_str(part, ".."))
			return false;
	return true;
}

static struct sk_span get_path(struct decoding *d)
{
	struct sk_span s = sk_wire_get_span(&d->w, TEXT_MAX);

	if (!is_normal_path(s, d->limits))
		d->w.bad = true;
	return sk_span_of(sk_arena_str(d->arena, s), s.len);
}

static struct sk_span get_link(struct decoding *d)
{
	struct sk_span s = sk_wire_get_span(&d->w, LINK_MAX);

	if (s.len != 0 && memchr(s.ptr, 0, s.len) != NULL)
		d->w.bad = true;
	return sk_span_of(sk_arena_str(d->arena, s), s.len);
}

/* Did this run ask for such a fact at this path? */
static bool was_asked(const struct decoding *d, const struct scan_fact *f)
{
	enum catalog_kind kind = CATALOG_N_KINDS;
	bool wanted = scan_wants(d->wanted, f->path, &kind);

	if (f->type == SCAN_FACT_FILE || f->type == SCAN_FACT_HARDLINK)
		return wanted && kind == f->kind;
	return wanted || scan_leads(d->wanted, f->path);
}

static void get_fact(struct decoding *d, struct scan_fact *f)
{
	*f = (struct scan_fact){0};
	f->type = (enum scan_fact_type)sk_wire_get_u64(&d->w, SCAN_FACT_N_TYPES - 1);
	f->kind = (enum catalog_kind)sk_wire_get_u64(&d->w, CATALOG_N_KINDS - 1);
	f->path = get_path(d);
	f->link = get_link(d);
	if (f->type == SCAN_FACT_FILE) {
		f->damage = sk_wire_get_str(&d->w, d->arena, MESSAGE_MAX);
		get_result(d, &f->result);
	}
	if (f->type == SCAN_FACT_HARDLINK && !is_normal_path(f->link, d->limits))
		d->w.bad = true;
	if (!d->w.bad && !was_asked(d, f))
		d->w.bad = true;
}

static void get_hashes(struct decoding *d, uint64_t **ret, size_t *ret_n)
{
	size_t n = sk_wire_get_count(&d->w, SIZE_MAX, sizeof(uint64_t));
	uint64_t *hashes = sk_arena_array(d->arena, n, sizeof(*hashes));

	for (size_t i = 0; i < n && !d->w.bad; i++) {
		hashes[i] = sk_wire_get_fixed64(&d->w);
		if (i != 0 && hashes[i] <= hashes[i - 1])
			d->w.bad = true;
	}
	*ret = hashes;
	*ret_n = n;
}

int scan_facts_decode(struct sk_span s, const struct scan_wanted *wanted,
		      const struct sk_limits *limits, struct sk_arena *a, struct scan_facts *ret,
		      struct sk_err *err)
{
	struct decoding d = {.arena = a, .wanted = wanted, .limits = limits};
	struct scan_facts f = {0};

	if (!sk_span_strip_prefix(&s, magic))
		return sk_err_set(err, SK_E_FORMAT, "layer facts: not in the expected form");
	d.w = sk_wire_init(s);
	if (sk_wire_get_u64(&d.w, UINT32_MAX) != CATALOG_VERSION)
		d.w.bad = true;
	f.stored = sk_wire_get_digest(&d.w);
	f.diff_id = sk_wire_get_digest(&d.w);
	f.size = sk_wire_get_u64(&d.w, INT64_MAX);
	f.plain_size = sk_wire_get_u64(&d.w, INT64_MAX);
	f.n_entries = sk_wire_get_u64(&d.w, INT64_MAX);
	f.n_facts = sk_wire_get_count(&d.w, FACTS_MAX, FACT_MIN);
	f.facts = sk_arena_array(a, f.n_facts, sizeof(*f.facts));
	for (size_t i = 0; i < f.n_facts && !d.w.bad; i++)
		get_fact(&d, &f.facts[i]);
	get_hashes(&d, &f.dirs, &f.n_dirs);
	get_hashes(&d, &f.others, &f.n_others);
	get_diagnostics(&d, &f.diagnostics, &f.n_diagnostics);
	if (!sk_wire_at_end(&d.w))
		return sk_err_set(err, SK_E_FORMAT, "layer facts: malformed");
	*ret = f;
	return 0;
}
