/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm's own database format (Packages.db): a header, pages of 16-byte slots that say where each
 * package's blob lies, blobs between a head and a tail with a checksum. All numbers are
 * little-endian. Source: rpm's lib/backend/ndb; docs/formats/package-databases.md has the byte
 * tables.
 */
#include "catalog/catalog-priv.h"

enum {
	MAGIC_FILE = 0x506d7052, /* "RpmP" */
	MAGIC_SLOT = 0x746f6c53, /* "Slot" */
	MAGIC_BLOB = 0x53626c42, /* "BlbS" */
	MAGIC_TAIL = 0x45626c42, /* "BlbE" */
	SLOT_PAGE = 4096,
	SLOT_SIZE = 16,
	FIRST_SLOT = 2, /* the file's header takes the room of two */
	BLOCK_SIZE = 16,
	HEAD_SIZE = 16,
	TAIL_SIZE = 12,
};

/* RFC 1950, section 9. */
static uint32_t adler32(struct sk_span s)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < s.len;) {
		/* as many bytes as cannot overflow 32 bits */
		size_t end = s.len - i > 5552 ? i + 5552 : s.len;

		for (; i < end; i++) {
			a += (uint8_t)s.ptr[i];
			b += a;
		}
		a %= 65521;
		b %= 65521;
	}
	return b << 16 | a;
}

/** struct blob - where a package's header lies, with head and tail around it */
struct blob {
	struct sk_span all;
	struct sk_span header;
};

/* The blob that a slot points to; a text that says what is wrong, or NULL. */
static const char *find_blob(struct sk_span file, const char *slot, struct blob *ret)
{
	uint64_t off = (uint64_t)catalog_le32(slot + 8) * BLOCK_SIZE;
	uint64_t size = (uint64_t)catalog_le32(slot + 12) * BLOCK_SIZE;
	uint32_t len;

	if (off > file.len || size > file.len - off || size < HEAD_SIZE + TAIL_SIZE)
		return "slot points outside of the file";
	ret->all = sk_span_sub(file, (size_t)off, (size_t)size);
	len = catalog_le32(ret->all.ptr + 12);
	if (catalog_le32(ret->all.ptr) != MAGIC_BLOB ||
	    catalog_le32(ret->all.ptr + 4) != catalog_le32(slot + 4) ||
	    len > ret->all.len - HEAD_SIZE - TAIL_SIZE)
		return "damaged head of a blob";
	ret->header = sk_span_sub(ret->all, HEAD_SIZE, len);
	return NULL;
}

/* The tail repeats the length and sums up everything before it. */
static bool tail_is_sound(const struct blob *b)
{
	struct sk_span before = sk_span_sub(b->all, 0, b->all.len - TAIL_SIZE);
	const char *tail = before.ptr + before.len;

	return catalog_le32(tail + 4) == b->header.len && catalog_le32(tail + 8) == MAGIC_TAIL &&
	       catalog_le32(tail) == adler32(before);
}

static int read_slot(struct catalog_out *o, struct sk_span file, const char *slot, uint64_t *room,
		     catalog_header_fn *each, struct sk_err *err)
{
	uint32_t index = catalog_le32(slot + 4);
	const char *problem;
	struct blob b;

	problem = find_blob(file, slot, &b);
	/* blobs of a sound database do not overlap, so all of them together are read in linear time
	 */
	if (problem == NULL && b.all.len > *room)
		problem = "blobs overlap";
	if (problem != NULL) {
		catalog_diagnose(o, MODEL_DIAGNOSTIC_ERROR, sk_span_of(NULL, 0),
				 "rpm: package %u: %s", index, problem);
		return 0;
	}
	*room -= b.all.len;
	if (!tail_is_sound(&b))
		catalog_diagnose(o, MODEL_DIAGNOSTIC_WARNING, sk_span_of(NULL, 0),
				 "rpm: package %u: checksum of the blob is wrong", index);
	return each(o, b.header, index, err);
}

int catalog_rpm_ndb(struct catalog_out *o, struct sk_span file, catalog_header_fn *each,
		    struct sk_err *err)
{
	uint64_t room = file.len;
	uint32_t n_pages;
	size_t n_slots;
	int r = 0;

	if (file.len < SLOT_PAGE || catalog_le32(file.ptr) != MAGIC_FILE)
		return sk_err_set(err, SK_E_FORMAT, "rpm: damaged header of the database");
	if (catalog_le32(file.ptr + 4) != 0)
		return sk_err_set(err, SK_E_UNSUPPORTED, "rpm: database format version %u",
				  catalog_le32(file.ptr + 4));
	n_pages = catalog_le32(file.ptr + 12);
	if (n_pages == 0 || n_pages > file.len / SLOT_PAGE)
		return sk_err_set(err, SK_E_FORMAT, "rpm: damaged count of slot pages");
	n_slots = (size_t)n_pages * (SLOT_PAGE / SLOT_SIZE);
	for (size_t i = FIRST_SLOT; i < n_slots && r == 0; i++) {
		const char *slot = file.ptr + i * SLOT_SIZE;

		if (catalog_le32(slot) != MAGIC_SLOT)
			catalog_diagnose(o, MODEL_DIAGNOSTIC_ERROR, sk_span_of(NULL, 0),
					 "rpm: slot %zu is damaged", i);
		else if (catalog_le32(slot + 8) != 0) /* else free */
			r = read_slot(o, file, slot, &room, each, err);
	}
	return r;
}
