/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a database, its sections and their texts; docs/formats/database.md. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "vulndb/db-priv.h"
#include "vulndb/vulndb.h"

static uint64_t field64(const uint8_t *p)
{
	return vulndb_le64(p);
}

static int check_header(const uint8_t *map, size_t size, uint32_t *ret_n, struct sk_err *err)
{
	const struct vulndb_header *h = (const struct vulndb_header *)map;
	unsigned major;

	if (size < sizeof(*h) || memcmp(h->magic, VULNDB_MAGIC, sizeof(h->magic)) != 0)
		return sk_err_set(err, SK_E_FORMAT, "not an advisory database");
	major = (unsigned)h->major[0] | (unsigned)h->major[1] << 8;
	if (major != VULNDB_MAJOR)
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "advisory database of format %u; this program reads format %d",
				  major, VULNDB_MAJOR);
	if (field64(h->file_size) != size)
		return sk_err_set(err, SK_E_TRUNCATED,
				  "advisory database has %zu bytes instead of %" PRIu64, size,
				  field64(h->file_size));
	*ret_n = vulndb_le32(h->n_sections);
	if (*ret_n > VULNDB_MAX_SECTIONS || *ret_n > (size - sizeof(*h)) / 64)
		return sk_err_set(err, SK_E_FORMAT, "advisory database with %" PRIu32 " sections",
				  *ret_n);
	return 0;
}

static void header_digest(const uint8_t *map, uint32_t n_sections, struct sk_digest *ret)
{
	struct sk_hasher *hasher = sk_hasher_new(SK_DIGEST_SHA256);

	sk_hasher_add(hasher, map, offsetof(struct vulndb_header, digest));
	sk_hasher_add(hasher, map + sizeof(struct vulndb_header),
		      (size_t)n_sections * sizeof(struct vulndb_section));
	sk_hasher_finish(hasher, ret);
	sk_hasher_free(hasher);
}

static int take_sections(struct vulndb *db, uint32_t n, struct sk_err *err)
{
	uint64_t at = sizeof(struct vulndb_header) + (uint64_t)n * sizeof(struct vulndb_section);

	for (uint32_t i = 0; i < n; i++) {
		const struct vulndb_section *s =
			(const struct vulndb_section *)(db->map + sizeof(struct vulndb_header)) + i;
		uint32_t type = vulndb_le32(s->type);
		uint64_t off = vulndb_le64(s->off);
		uint64_t len = vulndb_le64(s->len);

		if (off != at || len > db->size - off)
			return sk_err_set(err, SK_E_FORMAT,
					  "advisory database: section %" PRIu32 " out of bounds",
					  i);
		at += len;
		if (type >= VULNDB_N_SECTIONS)
			continue; /* of a newer minor version */
		db->parts[type] = (struct vulndb_part){db->map + off, len, vulndb_le32(s->n_items)};
	}
	if (at != db->size)
		return sk_err_set(err, SK_E_FORMAT, "advisory database: %" PRIu64 " stray bytes",
				  db->size - at);
	return 0;
}

static int open_map(struct vulndb *db, const char *path, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	void *map;

	if (fd < 0)
		return sk_err_errno(err, errno, "open %s", path);
	if (fstat(fd, &st) < 0)
		return sk_err_errno(err, errno, "stat %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct vulndb_header))
		return sk_err_set(err, SK_E_FORMAT, "%s: not an advisory database", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return sk_err_errno(err, errno, "map %s", path);
	db->map = map;
	db->size = (size_t)st.st_size;
	return 0;
}

/* Everything but the mapping itself. */
static int adopt(struct vulndb *db, struct sk_err *err)
{
	uint32_t n = 0;
	int r;

	r = check_header(db->map, db->size, &n, err);
	if (r < 0)
		return r;
	header_digest(db->map, n, &db->digest);
	if (memcmp(db->digest.bytes, ((const struct vulndb_header *)db->map)->digest,
		   SK_SHA256_SIZE) != 0)
		return sk_err_set(err, SK_E_DIGEST, "the header does not match its checksum");
	r = take_sections(db, n, err);
	if (r < 0)
		return r;
	db->built = (int64_t)vulndb_le64(((const struct vulndb_header *)db->map)->built);
	db->hints = sk_alloc(sizeof(*db->hints));
	db->cache = sk_alloc(VULNDB_TEXT_BUCKETS * sizeof(struct vulndb_texts *));
	return 0;
}

int vulndb_open(const char *path, struct vulndb **ret, struct sk_err *err)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = sk_alloc(sizeof(*db));
	int r;

	r = open_map(db, path, err);
	if (r < 0)
		return r;
	db->mapped = true;
	r = adopt(db, err);
	if (r < 0)
		return sk_err_wrap(err, r, "%s", path);
	*ret = sk_take(db);
	return 0;
}

int vulndb_open_bytes(struct sk_span bytes, struct vulndb **ret, struct sk_err *err)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = sk_alloc(sizeof(*db));
	int r;

	db->map = (const uint8_t *)bytes.ptr;
	db->size = bytes.len;
	r = adopt(db, err);
	if (r < 0)
		return r;
	*ret = sk_take(db);
	return 0;
}

void vulndb_close(struct vulndb *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; db->cache != NULL && i < VULNDB_TEXT_BUCKETS; i++) {
		while (db->cache[i] != NULL) {
			struct vulndb_texts *t = db->cache[i];

			db->cache[i] = t->next;
			sk_free(t);
		}
	}
	sk_free(db->cache);
	sk_free(db->hints);
	if (db->mapped)
		(void)munmap((void *)(uintptr_t)db->map, db->size); /* nothing to do about it */
	sk_free(db);
}

struct vulndb_cur vulndb_part_at(const struct vulndb_part *part, uint32_t n, uint32_t i)
{
	if (i >= n || n > part->len / 4)
		return (struct vulndb_cur){.bad = true};
	return vulndb_cur_of(part->p, part->len, vulndb_le32(part->p + (size_t)i * 4));
}

bool vulndb_part_find(const struct vulndb_part *part, struct sk_span key, struct vulndb_cur *ret)
{
	uint32_t low = 0;
	uint32_t high = part->n_items;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct vulndb_cur cur = vulndb_part_at(part, part->n_items, mid);
		int r = sk_span_cmp(vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur)), key);

		if (cur.bad)
			return false;
		if (r == 0) {
			*ret = cur;
			return true;
		}
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static struct sk_span blob_at(const struct vulndb_part *part, uint32_t i)
{
	struct vulndb_cur cur = vulndb_part_at(part, part->n_items, i);

	return vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
}

struct sk_span vulndb_string(const struct vulndb *db, uint32_t index)
{
	if (index == 0)
		return (struct sk_span){NULL, 0}; /* the empty text, the most frequent one */
	return blob_at(&db->parts[VULNDB_SECTION_STRINGS], index);
}

struct sk_span vulndb_scope(const struct vulndb *db, uint32_t index)
{
	return blob_at(&db->parts[VULNDB_SECTION_SCOPES], index);
}
