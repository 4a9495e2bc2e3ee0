/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of DATABASE.text: blocks of vulnerabilities, each a zstd frame. */
#include "vulndb/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/io.h"
#include "unpack/pack.h"
#include "vulndb/db-priv.h"
#include "vulndb/query.h"
#include "vulndb/text-priv.h"

enum {
	MAX_BLOCK = 64 * 1024 * 1024
};

struct vulndb_text {
	const uint8_t *map;
	size_t size;
	bool mapped;
	uint32_t n_blocks;
};

static int check(const struct vulndb_text *t, const struct vulndb *db, uint32_t *ret_n,
		 struct sk_err *err)
{
	const struct vulndb_text_header *h = (const struct vulndb_text_header *)t->map;
	unsigned major;

	if (t->size < sizeof(*h) || memcmp(h->magic, VULNDB_TEXT_MAGIC, sizeof(h->magic)) != 0)
		return sk_err_set(err, SK_E_FORMAT, "no texts of an advisory database");
	major = (unsigned)h->major[0] | (unsigned)h->major[1] << 8;
	if (major != VULNDB_TEXT_MAJOR)
		return sk_err_set(err, SK_E_UNSUPPORTED, "texts of format %u", major);
	if (memcmp(h->database, vulndb_digest(db)->bytes, SK_SHA256_SIZE) != 0)
		return sk_err_set(err, SK_E_DIGEST, "texts of another database");
	*ret_n = vulndb_le32(h->n_blocks);
	if (vulndb_le64(h->file_size) != t->size ||
	    *ret_n > (t->size - sizeof(*h)) / sizeof(struct vulndb_text_block))
		return sk_err_set(err, SK_E_TRUNCATED, "texts are cut off");
	return 0;
}

int vulndb_text_open_bytes(struct sk_span bytes, const struct vulndb *db, struct vulndb_text **ret,
			   struct sk_err *err)
{
	sk_cleanup(vulndb_text_closep) struct vulndb_text *t = sk_alloc(sizeof(*t));
	int r;

	t->map = (const uint8_t *)bytes.ptr;
	t->size = bytes.len;
	r = check(t, db, &t->n_blocks, err);
	if (r < 0)
		return r;
	*ret = sk_take(t);
	return 0;
}

int vulndb_text_open(const char *path, const struct vulndb *db, struct vulndb_text **ret,
		     struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	void *map;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return sk_err_errno(err, errno, "open %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct vulndb_text_header))
		return sk_err_set(err, SK_E_FORMAT, "%s: no texts of an advisory database", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return sk_err_errno(err, errno, "map %s", path);
	r = vulndb_text_open_bytes(sk_span_of(map, (size_t)st.st_size), db, ret, err);
	if (r < 0) {
		(void)munmap(map, (size_t)st.st_size); /* nothing to do about it */
		return sk_err_wrap(err, r, "%s", path);
	}
	(*ret)->mapped = true;
	return 0;
}

void vulndb_text_close(struct vulndb_text *t)
{
	if (t == NULL)
		return;
	if (t->mapped)
		(void)munmap((void *)(uintptr_t)t->map, t->size); /* nothing to do about it */
	sk_free(t);
}

int vulndb_text_verify(const struct vulndb_text *t, struct sk_err *err)
{
	const struct vulndb_text_header *h = (const struct vulndb_text_header *)t->map;
	struct sk_hasher *hasher = sk_hasher_new(SK_DIGEST_SHA256);
	struct sk_digest d;

	sk_hasher_add(hasher, t->map, offsetof(struct vulndb_text_header, sha256));
	sk_hasher_add(hasher, t->map + sizeof(*h), t->size - sizeof(*h));
	sk_hasher_finish(hasher, &d);
	sk_hasher_free(hasher);
	return memcmp(d.bytes, h->sha256, SK_SHA256_SIZE) == 0
		       ? 0
		       : sk_err_set(err, SK_E_DIGEST, "texts do not match their checksum");
}

void vulndb_text_drop(const char *db_path)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	sk_cleanup(vulndb_text_closep) struct vulndb_text *text = NULL;
	struct sk_err ignored;
	char *path = NULL;

	if (asprintf(&path, "%s.text", db_path) < 0)
		abort();
	if (vulndb_open(db_path, &db, &ignored) == 0 &&
	    vulndb_text_open(path, db, &text, &ignored) == -SK_E_DIGEST)
		(void)unlink(path); /* left there it is refused with a warning */
	free(path);
}

static struct sk_span cur_text(struct vulndb_cur *c)
{
	return vulndb_cur_bytes(c, vulndb_cur_u64(c));
}

static bool read_entry(struct vulndb_cur *c, struct sk_arena *a, struct vulndb_text_entry *e)
{
	static const char *const versions[] = {"2.0", "3.0", "3.1", "4.0"};
	struct sk_span *references;
	struct vulndb_cvss *cvss;

	*e = (struct vulndb_text_entry){.summary = cur_text(c)};
	e->n_references = vulndb_cur_u64(c);
	if (e->n_references > (size_t)(c->end - c->p))
		return false;
	references = sk_arena_array(a, e->n_references, sizeof(*references));
	for (size_t i = 0; i < e->n_references; i++)
		references[i] = cur_text(c);
	e->references = references;
	e->n_cvss = vulndb_cur_u64(c);
	if (e->n_cvss > (size_t)(c->end - c->p))
		return false;
	cvss = sk_arena_array(a, e->n_cvss, sizeof(*cvss));
	for (size_t i = 0; i < e->n_cvss; i++) {
		struct sk_span head = vulndb_cur_bytes(c, 2);

		if (head.len != 2 || (uint8_t)head.ptr[0] >= SK_ARRAY_LEN(versions) ||
		    (uint8_t)head.ptr[1] > 100)
			return false;
		cvss[i].version = versions[(uint8_t)head.ptr[0]];
		cvss[i].score = (uint8_t)head.ptr[1] / 10.0;
		cvss[i].vector = cur_text(c);
		cvss[i].source = cur_text(c);
	}
	e->cvss = cvss;
	return !c->bad;
}

/* The block that a vulnerability is in; *vuln becomes its place there. */
static int find_block(const struct vulndb_text *t, uint32_t *vuln, struct sk_span *ret,
		      struct sk_err *err)
{
	const struct vulndb_text_block *table =
		(const struct vulndb_text_block *)(t->map + sizeof(struct vulndb_text_header));
	uint64_t at = sizeof(struct vulndb_text_header) + (uint64_t)t->n_blocks * sizeof(*table);

	for (uint32_t i = 0; i < t->n_blocks; i++) {
		uint32_t len = vulndb_le32(table[i].len);
		uint32_t n = vulndb_le32(table[i].n_vulns);

		if (len > t->size - at || n > VULNDB_TEXT_BLOCK_MAX)
			return sk_err_set(err, SK_E_FORMAT, "texts: damaged table of blocks");
		if (*vuln < n) {
			*ret = sk_span_of(t->map + at, len);
			return 0;
		}
		*vuln -= n;
		at += len;
	}
	return sk_err_set(err, SK_E_FORMAT, "texts: no such vulnerability");
}

int vulndb_text_get(const struct vulndb_text *t, uint32_t vuln, struct sk_arena *a,
		    struct vulndb_text_entry *ret, struct sk_err *err)
{
	struct vulndb_text_entry entry = {0};
	struct vulndb_cur cur;
	struct sk_span packed;
	struct sk_buf bytes;
	char *copy;
	int r = find_block(t, &vuln, &packed, err);

	if (r < 0)
		return r;
	sk_buf_init(&bytes, MAX_BLOCK);
	r = unpack_packed(packed, sk_span_of("", 0), &bytes, err);
	copy = sk_arena_str(a, sk_buf_span(&bytes));
	cur = vulndb_cur_of((const uint8_t *)copy, bytes.len, 0);
	sk_buf_release(&bytes);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i <= vuln; i++) {
		if (!read_entry(&cur, a, &entry))
			return sk_err_set(err, SK_E_FORMAT, "texts: damaged block");
	}
	*ret = entry;
	return 0;
}
