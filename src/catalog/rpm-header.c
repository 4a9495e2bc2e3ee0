/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm headers: two big-endian counts (index entries, data bytes), the index of 16-byte entries
 * (tag, type, offset, count), the data. Source: rpm's doc/manual/format_header.md and tags.md.
 */
#include "base/alloc.h"
#include "catalog/catalog-priv.h"

enum tag {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_DISTRIBUTION = 1010,
	TAG_VENDOR = 1011,
	TAG_ARCH = 1022,
	TAG_OLDFILENAMES = 1027,
	TAG_SOURCERPM = 1044,
	TAG_DIRINDEXES = 1116,
	TAG_BASENAMES = 1117,
	TAG_DIRNAMES = 1118,
	TAG_MODULARITYLABEL = 5096,
};

enum type {
	TYPE_INT32 = 4,
	TYPE_STRING = 6,
	TYPE_STRING_ARRAY = 8,
	TYPE_I18NSTRING = 9,
};

enum {
	ENTRY_SIZE = 16,
	/* rpm's own limits for a header: 0xffff entries, 256 MiB of data */
	MAX_ENTRIES = 0xffff,
	MAX_DATA = 256 << 20,
};

/** struct entry - one tag's place */
struct entry {
	bool seen;
	uint32_t type;
	uint32_t off;
	uint32_t count;
};

enum slot {
	S_NAME,
	S_VERSION,
	S_RELEASE,
	S_EPOCH,
	S_DISTRIBUTION,
	S_VENDOR,
	S_ARCH,
	S_OLDFILENAMES,
	S_SOURCERPM,
	S_DIRINDEXES,
	S_BASENAMES,
	S_DIRNAMES,
	S_MODULARITYLABEL,
	N_SLOTS,
};

static const uint32_t slot_tags[] = {
	[S_NAME] = TAG_NAME,
	[S_VERSION] = TAG_VERSION,
	[S_RELEASE] = TAG_RELEASE,
	[S_EPOCH] = TAG_EPOCH,
	[S_DISTRIBUTION] = TAG_DISTRIBUTION,
	[S_VENDOR] = TAG_VENDOR,
	[S_ARCH] = TAG_ARCH,
	[S_OLDFILENAMES] = TAG_OLDFILENAMES,
	[S_SOURCERPM] = TAG_SOURCERPM,
	[S_DIRINDEXES] = TAG_DIRINDEXES,
	[S_BASENAMES] = TAG_BASENAMES,
	[S_DIRNAMES] = TAG_DIRNAMES,
	[S_MODULARITYLABEL] = TAG_MODULARITYLABEL,
};
_Static_assert(SK_ARRAY_LEN(slot_tags) == N_SLOTS, "every slot has a tag");

/** struct header - a header whose counts fit its bytes */
struct header {
	struct sk_span data;
	struct entry entries[N_SLOTS];
};

/* Finds the tags that are wanted; the first of equal ones counts. */
static bool header_open(struct sk_span blob, struct header *h)
{
	uint32_t n, data_len;
	size_t index_len;

	if (blob.len < 8)
		return false;
	n = catalog_be32(blob.ptr);
	data_len = catalog_be32(blob.ptr + 4);
	if (n == 0 || n > MAX_ENTRIES || data_len > MAX_DATA)
		return false;
	index_len = (size_t)n * ENTRY_SIZE;
	if (blob.len - 8 < index_len || blob.len - 8 - index_len < data_len)
		return false;
	*h = (struct header){.data = sk_span_sub(blob, 8 + index_len, data_len)};
	for (uint32_t i = 0; i < n; i++) {
		const char *e = blob.ptr + 8 + (size_t)i * ENTRY_SIZE;
		uint32_t tag = catalog_be32(e), off = catalog_be32(e + 8);

		if (tag < TAG_NAME || off >= data_len)
			continue;
		for (enum slot s = 0; s < N_SLOTS; s++) {
			if (slot_tags[s] != tag || h->entries[s].seen)
				continue;
			h->entries[s] = (struct entry){true, catalog_be32(e + 4), off,
						       catalog_be32(e + 12)};
		}
	}
	return true;
}

/* Text up to its NUL; empty when absent, not text, or without an end. */
static struct sk_span header_text(const struct header *h, enum slot s)
{
	const struct entry *e = &h->entries[s];
	struct sk_span rest = sk_span_sub(h->data, e->off, h->data.len);
	size_t len = sk_span_find(rest, '\0');

	if (!e->seen || len == rest.len ||
	    (e->type != TYPE_STRING && e->type != TYPE_I18NSTRING && e->type != TYPE_STRING_ARRAY))
		return sk_span_of(NULL, 0);
	return sk_span_sub(rest, 0, len);
}

/* Bytes of an array of 32-bit numbers; false when it does not fit. */
static bool header_numbers(const struct header *h, enum slot s, struct sk_span *ret)
{
	const struct entry *e = &h->entries[s];

	if (!e->seen || e->type != TYPE_INT32 || e->count == 0 ||
	    (h->data.len - e->off) / 4 < e->count)
		return false;
	*ret = sk_span_sub(h->data, e->off, (size_t)e->count * 4);
	return true;
}

/* Where an array of strings begins; false when there is none. */
static bool header_strings(const struct header *h, enum slot s, struct sk_span *ret,
			   uint32_t *ret_count)
{
	const struct entry *e = &h->entries[s];

	/* each string takes a byte at least */
	if (!e->seen || e->type != TYPE_STRING_ARRAY || e->count > h->data.len - e->off)
		return false;
	*ret = sk_span_sub(h->data, e->off, h->data.len);
	*ret_count = e->count;
	return true;
}

static bool next_string(struct sk_span *rest, struct sk_span *ret)
{
	size_t len = sk_span_find(*rest, '\0');

	if (len == rest->len)
		return false;
	*ret = sk_span_sub(*rest, 0, len);
	*rest = sk_span_sub(*rest, len + 1, rest->len);
	return true;
}

/* Files of headers as old as rpm 3: whole paths. */
static int own_old(struct catalog_out *o, const struct header *h, const char *package,
		   struct sk_err *err)
{
	struct sk_span rest, path;
	uint32_t n;
	int r = 0;

	if (!header_strings(h, S_OLDFILENAMES, &rest, &n))
		return 0;
	for (uint32_t i = 0; i < n && r == 0 && next_string(&rest, &path); i++)
		r = catalog_add_owned(o, sk_span_of(NULL, 0), path, package, err);
	return r;
}

/* Files: names, for each the number of its directory, and the directories. */
static int own_files(struct catalog_out *o, const struct header *h, const char *package,
		     struct sk_err *err)
{
	sk_cleanup(sk_freep) struct sk_span *dirs = NULL;
	struct sk_span indexes, names, dir_text, base;
	uint32_t n_names, n_dirs, n_read = 0;
	int r = 0;

	if (!header_strings(h, S_BASENAMES, &names, &n_names))
		return own_old(o, h, package, err);
	if (!header_strings(h, S_DIRNAMES, &dir_text, &n_dirs) ||
	    !header_numbers(h, S_DIRINDEXES, &indexes) || indexes.len / 4 != n_names) {
		catalog_diagnose(o, MODEL_DIAGNOSTIC_WARNING, sk_span_str(package),
				 "rpm: list of files is damaged");
		return 0;
	}
	dirs = sk_realloc_array(NULL, n_dirs != 0 ? n_dirs : 1, sizeof(*dirs));
	while (n_read < n_dirs && next_string(&dir_text, &dirs[n_read]))
		n_read++;
	for (uint32_t i = 0; i < n_names && r == 0 && next_string(&names, &base); i++) {
		uint32_t d = catalog_be32(indexes.ptr + (size_t)i * 4);

		if (d < n_read)
			r = catalog_add_owned(o, dirs[d], base, package, err);
	}
	return r;
}

/*
 * "openssl-1.0.2k-16.el7.src.rpm" → name and version. The source's epoch is not recorded; it is the
 * package's own where both have the same version, which is all but the few source packages that
 * give their parts other versions.
 */
static void split_source(struct catalog_out *o, struct sk_span file, struct sk_span evr,
			 struct model_package *p)
{
	struct sk_span release, version, bare = evr;
	size_t at;

	if (sk_span_ends(file, ".src.rpm"))
		file.len -= strlen(".src.rpm");
	else if (sk_span_ends(file, ".nosrc.rpm"))
		file.len -= strlen(".nosrc.rpm");
	else
		return;
	at = sk_span_rfind(file, '-');
	if (at == file.len)
		return;
	release = sk_span_sub(file, at + 1, file.len);
	version = sk_span_sub(file, 0, at);
	at = sk_span_rfind(version, '-');
	if (at == version.len || at == 0)
		return;
	p->source_name = catalog_text(o, sk_span_sub(file, 0, at));
	version = sk_span_sub(version, at + 1, version.len);
	at = sk_span_find(bare, ':');
	if (at != bare.len)
		bare = sk_span_sub(bare, at + 1, bare.len);
	p->source_version =
		sk_arena_printf(o->a, "%.*s-%.*s", SK_SPAN_ARG(version), SK_SPAN_ARG(release));
	if (sk_span_eq_str(bare, p->source_version))
		p->source_version = p->version;
}

static uint32_t epoch_of(const struct header *h)
{
	struct sk_span number;

	return header_numbers(h, S_EPOCH, &number) ? catalog_be32(number.ptr) : 0;
}

int catalog_rpm_header(struct catalog_out *o, struct sk_span blob, uint32_t record,
		       struct sk_err *err)
{
	struct model_package p = {.type = MODEL_PACKAGE_RPM};
	struct sk_span name, version, release, file, arch;
	struct header h;
	uint32_t epoch;
	int r;

	if (!header_open(blob, &h)) {
		catalog_diagnose(o, MODEL_DIAGNOSTIC_ERROR, sk_span_of(NULL, 0),
				 "rpm: header %u is damaged", record);
		return 0;
	}
	name = header_text(&h, S_NAME);
	version = header_text(&h, S_VERSION);
	release = header_text(&h, S_RELEASE);
	/* a key that rpm trusts, stored as if it were a package */
	if (sk_span_eq_str(name, "gpg-pubkey"))
		return 0;
	if (!catalog_is_word(name) || !catalog_is_word(version) || !catalog_is_word(release)) {
		catalog_diagnose(o, MODEL_DIAGNOSTIC_ERROR, name,
				 "rpm: header %u has no usable name, version and release", record);
		return 0;
	}
	epoch = epoch_of(&h);
	p.name = catalog_text(o, name);
	p.version = epoch != 0 ? sk_arena_printf(o->a, "%u:%.*s-%.*s", epoch, SK_SPAN_ARG(version),
						 SK_SPAN_ARG(release))
			       : sk_arena_printf(o->a, "%.*s-%.*s", SK_SPAN_ARG(version),
						 SK_SPAN_ARG(release));
	arch = header_text(&h, S_ARCH);
	p.arch = catalog_is_word(arch) ? catalog_text(o, arch) : NULL;
	p.module = catalog_text(o, header_text(&h, S_MODULARITYLABEL));
	p.vendor = catalog_text(o, header_text(&h, S_VENDOR));
	p.origin = catalog_text(o, header_text(&h, S_DISTRIBUTION));
	file = header_text(&h, S_SOURCERPM);
	if (catalog_is_word(file))
		split_source(o, file, sk_span_str(p.version), &p);
	r = catalog_add_package(o, &p, err);
	if (r == 0 && (o->flags & CATALOG_CLAIM_FILES) != 0)
		r = own_files(o, &h, p.name, err);
	return r;
}
