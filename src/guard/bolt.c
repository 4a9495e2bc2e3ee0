/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bbolt, format version 2 (go.etcd.io/bbolt, page.go, bucket.go, db.go). Pages: id u64, flags u16,
 * count u16, overflow u32, then elements. Two meta pages lead to the root bucket; the newer valid
 * one counts. Writers copy pages, so what a meta page leads to stays for a while: a reader that
 * finds the meta page changed afterwards reads again.
 */
#include "guard/bolt.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/io.h"

enum {
	MAGIC = (int)0xED0CDAED,
	VERSION = 2,
	HEADER = 16,      /* of a page */
	ELEMENT = 16,     /* branch: pos u32, ksize u32, page u64; leaf: flags, pos, ksize, vsize */
	META_SUMMED = 56, /* bytes that the checksum covers */
	BUCKET = 16,      /* root page u64, sequence u64; root 0: the page follows */
	FLAG_BRANCH = 1,
	FLAG_LEAF = 2,
	FLAG_META = 4,
	LEAF_BUCKET = 1,
	PAGE_LEAST = 1024,
	PAGE_MOST = 65536,
	PAGE_BYTES_MOST = 16 << 20, /* with what it continues on */
	DEPTH_MOST = 32,            /* branches below each other */
	ATTEMPTS = 3,
};

struct meta {
	uint32_t page_size;
	uint64_t root;
	uint64_t txid;
};

/** struct reader - a file and the page that was read last */
struct reader {
	int fd;
	uint32_t page_size;
	uint8_t *page;
};

static uint16_t u16_at(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* FNV-1a over the members before the checksum. */
static uint64_t checksum(const uint8_t *p)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < META_SUMMED; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

static bool read_meta_at(int fd, uint64_t off, struct meta *ret)
{
	uint8_t b[HEADER + META_SUMMED + 8];
	const uint8_t *m = b + HEADER;

	if (sk_pread_full(fd, b, sizeof(b), off) != (int64_t)sizeof(b))
		return false;
	if ((u16_at(b + 8) & FLAG_META) == 0 || u32_at(m) != (uint32_t)MAGIC ||
	    u32_at(m + 4) != VERSION || u64_at(m + META_SUMMED) != checksum(m))
		return false;
	ret->page_size = u32_at(m + 8);
	ret->root = u64_at(m + 16);
	ret->txid = u64_at(m + 48);
	return ret->page_size >= PAGE_LEAST && ret->page_size <= PAGE_MOST &&
	       (ret->page_size & (ret->page_size - 1)) == 0;
}

/* The newer of the two; the second one's place is known from the first, or tried. */
static bool read_meta(int fd, struct meta *ret)
{
	struct meta first, second;
	bool have = read_meta_at(fd, 0, &first), more = false;

	if (have)
		more = read_meta_at(fd, first.page_size, &second);
	for (uint32_t size = PAGE_LEAST; !have && !more && size <= PAGE_MOST; size *= 2)
		more = read_meta_at(fd, size, &second) && second.page_size == size;
	if (!have && !more)
		return false;
	*ret = !have || (more && second.txid > first.txid) ? second : first;
	return true;
}

/* Reads a page with what it continues on. Returns its bytes, 0 when it is none. */
static size_t read_page(struct reader *r, uint64_t id)
{
	uint8_t head[HEADER];
	size_t size;

	if (id == 0 || id > INT64_MAX / PAGE_MOST ||
	    sk_pread_full(r->fd, head, HEADER, id * r->page_size) != HEADER || u64_at(head) != id ||
	    u32_at(head + 12) >= PAGE_BYTES_MOST / r->page_size)
		return 0;
	size = ((size_t)u32_at(head + 12) + 1) * r->page_size;
	sk_free(r->page);
	r->page = sk_alloc(size);
	return sk_pread_full(r->fd, r->page, size, id * r->page_size) == (int64_t)size ? size : 0;
}

static int compare(struct sk_span a, struct sk_span b)
{
	int c = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return c != 0 ? c : a.len < b.len ? -1 : a.len > b.len;
}

/* Bytes at an element's offset, checked. */
static bool span_of(const uint8_t *page, size_t size, size_t off, size_t len, struct sk_span *ret)
{
	if (off > size || len > size - off)
		return false;
	*ret = sk_span_of(page + off, len);
	return true;
}

/* The page below a branch that may hold @key: the last one that begins with no more than it. */
static int choose_branch(const uint8_t *page, size_t size, struct sk_span key, uint64_t *ret)
{
	size_t n = u16_at(page + 10);
	struct sk_span k;

	if (n == 0 || HEADER + n * ELEMENT > size)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *e = page + HEADER + i * ELEMENT;

		if (!span_of(page, size, (size_t)(e - page) + u32_at(e), u32_at(e + 4), &k))
			return -EBADMSG;
		if (i > 0 && compare(k, key) > 0)
			break;
		*ret = u64_at(e + 8);
	}
	return 0;
}

/* Looks in a leaf. Returns 1 and the value when it is there. */
static int find_in_leaf(const uint8_t *page, size_t size, struct sk_span key, bool want_bucket,
			struct sk_span *ret)
{
	size_t n = u16_at(page + 10);
	struct sk_span k;

	if (HEADER + n * ELEMENT > size)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *e = page + HEADER + i * ELEMENT;
		size_t off = (size_t)(e - page) + u32_at(e + 4), klen = u32_at(e + 8);

		if (!span_of(page, size, off, klen, &k))
			return -EBADMSG;
		if (compare(k, key) != 0)
			continue;
		if (((u32_at(e) & LEAF_BUCKET) != 0) != want_bucket)
			return 0;
		return span_of(page, size, off + klen, u32_at(e + 12), ret) ? 1 : -EBADMSG;
	}
	return 0;
}

/* From a bucket's root page down to the leaf. The result lies in the reader's page. */
static int find_from(struct reader *r, uint64_t root, struct sk_span key, bool want_bucket,
		     struct sk_span *ret)
{
	for (int depth = 0; depth < DEPTH_MOST; depth++) {
		size_t size = read_page(r, root);
		uint16_t flags = size != 0 ? u16_at(r->page + 8) : 0;

		if (flags & FLAG_LEAF)
			return find_in_leaf(r->page, size, key, want_bucket, ret);
		if ((flags & FLAG_BRANCH) == 0 || choose_branch(r->page, size, key, &root) < 0)
			return -EBADMSG;
	}
	return -EBADMSG;
}

/* A bucket's value names its root page, or holds the page. */
static int find_in_bucket(struct reader *r, struct sk_span bucket, struct sk_span key,
			  bool want_bucket, struct sk_span *ret)
{
	const uint8_t *p = (const uint8_t *)bucket.ptr;

	if (bucket.len < BUCKET)
		return -EBADMSG;
	if (u64_at(p) != 0)
		return find_from(r, u64_at(p), key, want_bucket, ret);
	if (bucket.len < BUCKET + HEADER || (u16_at(p + BUCKET + 8) & FLAG_LEAF) == 0)
		return -EBADMSG;
	return find_in_leaf(p + BUCKET, bucket.len - BUCKET, key, want_bucket, ret);
}

static int walk(struct reader *r, uint64_t root, const struct sk_span *path, size_t n,
		struct sk_buf *ret)
{
	struct sk_span value;
	int found = find_from(r, root, path[0], n > 1, &value);

	for (size_t i = 1; found == 1 && i < n; i++)
		found = find_in_bucket(r, value, path[i], i + 1 < n, &value);
	sk_buf_reset(ret);
	if (found == 1 && !sk_buf_add_span(ret, value))
		return -EBADMSG;
	return found;
}

int guard_bolt_get(int fd, const struct sk_span *path, size_t n, struct sk_buf *ret)
{
	struct reader r = {.fd = fd};
	struct meta before, after;
	int found = -EBADMSG;

	for (int i = 0; i < ATTEMPTS; i++) {
		if (!read_meta(fd, &before))
			return -EBADMSG;
		r.page_size = before.page_size;
		found = walk(&r, before.root, path, n, ret);
		if (read_meta(fd, &after) && after.txid == before.txid)
			break;
	}
	sk_free(r.page);
	return found;
}
