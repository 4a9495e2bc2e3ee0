/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Berkeley DB hash databases, read without the library: the metadata page, then every hash page in
 * the order of the file, so that no chain of buckets can lead in circles. Values larger than a page
 * lie on chains of overflow pages; each of those is used once. Layout: Berkeley DB 4.x and 5.x,
 * hash versions 5 to 10, both byte orders; docs/formats/package-databases.md has the byte tables.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "catalog/catalog-priv.h"

enum {
	HASH_MAGIC = 0x061561,
	HASH_VERSION_MIN = 5,
	HASH_VERSION_MAX = 10,
	META_SIZE = 512,
	PAGE_HEADER_SIZE = 26,
	PAGE_HEADER_SIZE_CHECKSUM = 32,
	FLAG_CHECKSUM = 1,

	PAGE_HASH_UNSORTED = 2,
	PAGE_OVERFLOW = 7,
	PAGE_HASH_META = 8,
	PAGE_HASH = 13,

	ITEM_KEYDATA = 1,
	ITEM_DUPLICATE = 2,
	ITEM_OFFPAGE = 3,
	ITEM_OFFPAGE_DUPLICATES = 4,
};

/** struct bdb - an open database */
struct bdb {
	struct catalog_out *o;
	struct sk_span file;
	bool big; /* numbers are big-endian */
	size_t page_size;
	size_t header_size; /* of a page */
	size_t n_pages;
	uint8_t *used; /* overflow pages that were read, a bit each */
	struct sk_buf value;
	catalog_header_fn *each;
	uint32_t n_values;
};

static uint32_t u32(const struct bdb *db, const char *p)
{
	return db->big ? catalog_be32(p) : catalog_le32(p);
}

static uint16_t u16(const struct bdb *db, const char *p)
{
	return db->big ? catalog_be16(p) : catalog_le16(p);
}

static const char *page_at(const struct bdb *db, size_t n)
{
	return db->file.ptr + n * db->page_size;
}

bool catalog_rpm_is_bdb(struct sk_span file)
{
	return file.len >= META_SIZE && (catalog_le32(file.ptr + 12) == HASH_MAGIC ||
					 catalog_be32(file.ptr + 12) == HASH_MAGIC);
}

static int open_meta(struct bdb *db, struct sk_err *err)
{
	const char *meta = db->file.ptr;
	uint32_t version, page_size;

	db->big = catalog_be32(meta + 12) == HASH_MAGIC;
	version = u32(db, meta + 16);
	page_size = u32(db, meta + 20);
	if (version < HASH_VERSION_MIN || version > HASH_VERSION_MAX)
		return sk_err_set(err, SK_E_UNSUPPORTED, "rpm: Berkeley DB hash version %u",
				  version);
	if (meta[24] != 0)
		return sk_err_set(err, SK_E_UNSUPPORTED, "rpm: encrypted Berkeley DB");
	if (meta[25] != PAGE_HASH_META || page_size < 512 || page_size > 65536 ||
	    (page_size & (page_size - 1)) != 0)
		return sk_err_set(err, SK_E_FORMAT, "rpm: damaged Berkeley DB metadata page");
	db->page_size = page_size;
	db->header_size =
		(meta[26] & FLAG_CHECKSUM) != 0 ? PAGE_HEADER_SIZE_CHECKSUM : PAGE_HEADER_SIZE;
	db->n_pages = db->file.len / page_size;
	if (db->file.len % page_size != 0 || (size_t)u32(db, meta + 32) >= db->n_pages)
		catalog_diagnose(db->o, MODEL_DIAGNOSTIC_ERROR, sk_span_of(NULL, 0),
				 "rpm: database ends early: %zu pages of %zu", db->n_pages,
				 (size_t)u32(db, meta + 32) + 1);
	return 0;
}

static bool take_page(struct bdb *db, size_t n)
{
	uint8_t bit = (uint8_t)(1u << (n % 8));

	if (n == 0 || n >= db->n_pages || (db->used[n / 8] & bit) != 0)
		return false;
	db->used[n / 8] |= bit;
	return page_at(db, n)[25] == PAGE_OVERFLOW;
}

/* Collects a chain of overflow pages in @db->value; false when it is damaged. */
static bool read_overflow(struct bdb *db, size_t n, uint32_t len)
{
	sk_buf_reset(&db->value);
	if (len > db->file.len)
		return false;
	while (n != 0 && db->value.len < len) {
		const char *page;
		size_t here;

		if (!take_page(db, n))
			return false;
		page = page_at(db, n);
		here = u16(db, page + 22);
		if (here > db->page_size - db->header_size || here > len - db->value.len)
			return false;
		if (!sk_buf_add(&db->value, page + db->header_size, here))
			return false;
		n = u32(db, page + 16);
	}
	return db->value.len == len;
}

static int give(struct bdb *db, struct sk_span value, struct sk_err *err)
{
	db->n_values++;
	return db->each(db->o, value, db->n_values, err);
}

static int damaged(struct bdb *db, size_t page, const char *what)
{
	catalog_diagnose(db->o, MODEL_DIAGNOSTIC_ERROR, sk_span_of(NULL, 0), "rpm: page %zu: %s",
			 page, what);
	return 0;
}

/* Several values under one key: length, bytes, length again. */
static int read_duplicates(struct bdb *db, size_t page, struct sk_span set, struct sk_err *err)
{
	int r = 0;

	while (set.len != 0 && r == 0) {
		size_t len = set.len >= 4 ? u16(db, set.ptr) : SIZE_MAX;

		if (len > set.len - 4 || set.len < 4)
			return damaged(db, page, "damaged set of duplicates");
		r = give(db, sk_span_sub(set, 2, len), err);
		set = sk_span_sub(set, len + 4, set.len);
	}
	return r;
}

static int read_value(struct bdb *db, size_t page, struct sk_span item, struct sk_err *err)
{
	switch (item.ptr[0]) {
	case ITEM_KEYDATA:
		return give(db, sk_span_sub(item, 1, item.len), err);
	case ITEM_OFFPAGE:
		if (item.len < 12)
			return damaged(db, page, "damaged reference to an overflow page");
		if (!read_overflow(db, u32(db, item.ptr + 4), u32(db, item.ptr + 8)))
			return damaged(db, page, "damaged chain of overflow pages");
		return give(db, sk_buf_span(&db->value), err);
	case ITEM_DUPLICATE:
		return read_duplicates(db, page, sk_span_sub(item, 1, item.len), err);
	case ITEM_OFFPAGE_DUPLICATES:
		return damaged(db, page, "several packages under one number are not read");
	default:
		return damaged(db, page, "item of unknown type");
	}
}

/* Record 0 holds the highest number that was given to a package; it is none itself. */
static bool is_counter(struct sk_span key)
{
	return key.len == 5 && key.ptr[0] == ITEM_KEYDATA &&
	       memcmp(key.ptr + 1, "\0\0\0\0", 4) == 0;
}

/* Items lie from the end of the page downwards; the index after the header says where. */
static bool item_at(const struct bdb *db, const char *page, size_t i, struct sk_span *ret)
{
	const char *index = page + db->header_size;
	size_t off = u16(db, index + 2 * i);
	size_t end = i == 0 ? db->page_size : u16(db, index + 2 * (i - 1));

	if (off >= end || end > db->page_size || off < db->header_size)
		return false;
	*ret = sk_span_of(page + off, end - off);
	return true;
}

static int read_hash_page(struct bdb *db, size_t n, struct sk_err *err)
{
	const char *page = page_at(db, n);
	size_t n_items = u16(db, page + 20);
	int r = 0;

	if (n_items % 2 != 0 || n_items > (db->page_size - db->header_size) / 2)
		return damaged(db, n, "damaged count of items");
	for (size_t i = 0; i < n_items && r == 0; i += 2) {
		struct sk_span key, value;

		if (!item_at(db, page, i, &key) || !item_at(db, page, i + 1, &value))
			return damaged(db, n, "damaged index of items");
		if (!is_counter(key))
			r = read_value(db, n, value, err);
	}
	return r;
}

int catalog_rpm_bdb(struct catalog_out *o, struct sk_span file, catalog_header_fn *each,
		    struct sk_err *err)
{
	struct bdb db = {.o = o, .file = file, .each = each};
	int r = open_meta(&db, err);

	if (r < 0)
		return r;
	sk_buf_init(&db.value, file.len);
	db.used = sk_alloc(db.n_pages / 8 + 1);
	for (size_t n = 1; n < db.n_pages && r == 0; n++) {
		int type = page_at(&db, n)[25];

		if (type == PAGE_HASH || type == PAGE_HASH_UNSORTED)
			r = read_hash_page(&db, n, err);
	}
	sk_free(db.used);
	sk_buf_release(&db.value);
	return r;
}
