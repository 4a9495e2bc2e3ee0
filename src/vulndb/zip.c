/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a zip archive, stored or deflated, with zip64. A deflated member with a gzip header in
 * front and its checksum and size behind is a gzip file, so unpack decompresses and checks it.
 * Source: APPNOTE.TXT 6.3.10, 4.3 to 4.5; RFC 1952.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "unpack/unpack.h"
#include "vulndb/pack-priv.h"
#include "vulndb/stream-priv.h"

enum {
	EOCD_SIZE = 22,
	EOCD64_SIZE = 56,
	LOCATOR_SIZE = 20,
	CENTRAL_SIZE = 46,
	LOCAL_SIZE = 30,
	MAX_COMMENT = 65535,
	MAX_MEMBER = 64 * 1024 * 1024, /* one document; the largest of OSV's have a few MiB */
	METHOD_STORED = 0,
	METHOD_DEFLATED = 8,
	ZIP64_EXTRA = 1,
};

struct vulndb_zip {
	const uint8_t *p;
	size_t size;
	bool mapped;
	uint64_t at;   /* next central directory entry */
	uint64_t left; /* entries */
};

static uint32_t le16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static bool within(const struct vulndb_zip *z, uint64_t off, uint64_t len)
{
	return off <= z->size && len <= z->size - off;
}

static int damaged(const struct vulndb_zip *z, uint64_t off, struct sk_err *err)
{
	(void)z;
	return sk_err_set(err, SK_E_FORMAT, "zip: damaged entry at offset %" PRIu64, off);
}

/* The end record is found from behind: a comment may follow it. */
static bool find_end(const struct vulndb_zip *z, uint64_t *ret)
{
	uint64_t lowest = z->size > EOCD_SIZE + MAX_COMMENT ? z->size - EOCD_SIZE - MAX_COMMENT : 0;

	if (z->size < EOCD_SIZE)
		return false;
	for (uint64_t at = z->size - EOCD_SIZE + 1; at-- > lowest;) {
		if (memcmp(z->p + at, "PK\5\6", 4) == 0 &&
		    le16(z->p + at + 20) == z->size - at - EOCD_SIZE) {
			*ret = at;
			return true;
		}
	}
	return false;
}

static int read_end(struct vulndb_zip *z, struct sk_err *err)
{
	uint64_t end = 0;
	uint64_t far;

	if (!find_end(z, &end))
		return sk_err_set(err, SK_E_TRUNCATED, "zip: no end of the directory");
	z->left = le16(z->p + end + 10);
	z->at = vulndb_le32(z->p + end + 16);
	if (end >= LOCATOR_SIZE && memcmp(z->p + end - LOCATOR_SIZE, "PK\6\7", 4) == 0) {
		far = vulndb_le64(z->p + end - LOCATOR_SIZE + 8);
		if (!within(z, far, EOCD64_SIZE) || memcmp(z->p + far, "PK\6\6", 4) != 0)
			return damaged(z, far, err);
		z->left = vulndb_le64(z->p + far + 32);
		z->at = vulndb_le64(z->p + far + 48);
	}
	if (z->left > z->size / CENTRAL_SIZE || !within(z, z->at, z->left * CENTRAL_SIZE))
		return damaged(z, end, err);
	return 0;
}

int vulndb_zip_open_bytes(struct sk_span bytes, struct vulndb_zip **ret, struct sk_err *err)
{
	sk_cleanup(vulndb_zip_closep) struct vulndb_zip *z = sk_alloc(sizeof(*z));
	int r;

	z->p = (const uint8_t *)bytes.ptr;
	z->size = bytes.len;
	r = read_end(z, err);
	if (r < 0)
		return r;
	*ret = sk_take(z);
	return 0;
}

int vulndb_zip_open(const char *path, struct vulndb_zip **ret, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	sk_cleanup(vulndb_zip_closep) struct vulndb_zip *z = NULL;
	uint8_t magic[4];
	struct stat st;
	void *map;
	int r;

	*ret = NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		return sk_err_errno(err, errno, "open %s", path);
	if (sk_pread_full(fd, magic, sizeof(magic), 0) != (int64_t)sizeof(magic) ||
	    (memcmp(magic, "PK\3\4", 4) != 0 && memcmp(magic, "PK\5\6", 4) != 0))
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return sk_err_errno(err, errno, "map %s", path);
	z = sk_alloc(sizeof(*z));
	*z = (struct vulndb_zip){.p = map, .size = (size_t)st.st_size, .mapped = true};
	r = read_end(z, err);
	if (r < 0)
		return r;
	*ret = sk_take(z);
	return 0;
}

/** struct member - one entry of the central directory */
struct member {
	struct sk_span name;
	uint32_t method;
	uint32_t flags;
	uint32_t crc;
	uint64_t packed, size, off;
};

/* Sizes that do not fit stand in an extra field, those that are needed, in this order. */
static bool read_zip64(struct sk_span extra, struct member *m)
{
	uint64_t *const fields[] = {&m->size, &m->packed, &m->off};

	while (extra.len >= 4) {
		const uint8_t *p = (const uint8_t *)extra.ptr;
		size_t len = le16(p + 2);
		struct sk_span body = sk_span_sub(extra, 4, len);

		if (body.len != len)
			return false;
		extra = sk_span_sub(extra, 4 + len, extra.len);
		if (le16(p) != ZIP64_EXTRA)
			continue;
		for (size_t i = 0; i < SK_ARRAY_LEN(fields); i++) {
			if (*fields[i] != UINT32_MAX)
				continue;
			if (body.len < 8)
				return false;
			*fields[i] = vulndb_le64((const uint8_t *)body.ptr);
			body = sk_span_sub(body, 8, body.len);
		}
	}
	return true;
}

static bool read_member(struct vulndb_zip *z, struct member *m)
{
	const uint8_t *p = z->p + z->at;
	uint64_t name_len;
	uint64_t extra_len;
	uint64_t comment_len;

	if (!within(z, z->at, CENTRAL_SIZE) || memcmp(p, "PK\1\2", 4) != 0)
		return false;
	name_len = le16(p + 28);
	extra_len = le16(p + 30);
	comment_len = le16(p + 32);
	if (!within(z, z->at + CENTRAL_SIZE, name_len + extra_len + comment_len))
		return false;
	*m = (struct member){
		.name = sk_span_of(p + CENTRAL_SIZE, name_len),
		.flags = le16(p + 8),
		.method = le16(p + 10),
		.crc = vulndb_le32(p + 16),
		.packed = vulndb_le32(p + 20),
		.size = vulndb_le32(p + 24),
		.off = vulndb_le32(p + 42),
	};
	z->at += CENTRAL_SIZE + name_len + extra_len + comment_len;
	z->left--;
	return read_zip64(sk_span_of(p + CENTRAL_SIZE + name_len, extra_len), m);
}

/** struct gzip_source - header, deflated bytes and trailer in a row */
struct gzip_source {
	struct sk_span parts[3];
};

static int64_t read_gzip(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	struct gzip_source *s = ctx;
	size_t done = 0;

	(void)err;
	for (size_t i = 0; i < SK_ARRAY_LEN(s->parts) && done < len; i++) {
		struct sk_span piece = sk_span_sub(s->parts[i], 0, len - done);

		if (piece.len == 0)
			continue;
		memcpy((char *)buf + done, piece.ptr, piece.len);
		s->parts[i] = sk_span_sub(s->parts[i], piece.len, s->parts[i].len);
		done += piece.len;
	}
	return (int64_t)done;
}

static int inflate_member(const struct member *m, struct sk_span data, struct sk_buf *out,
			  struct sk_err *err)
{
	static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	sk_cleanup(unpack_stream_closep) struct unpack_stream *stream = NULL;
	struct sk_limits limits = sk_limits_default();
	struct sk_budget budget;
	uint8_t trailer[8];
	struct gzip_source gz;
	struct unpack_source source = {.read = read_gzip, .ctx = &gz};
	struct sk_span piece;
	int r;

	for (size_t i = 0; i < 4; i++) {
		trailer[i] = (uint8_t)(m->crc >> (8 * i));
		trailer[4 + i] = (uint8_t)(m->size >> (8 * i));
	}
	gz = (struct gzip_source){
		{sk_span_of(header, sizeof(header)), data, sk_span_of(trailer, sizeof(trailer))}};
	limits.max[SK_LIMIT_BYTES_OUT] = MAX_MEMBER;
	sk_budget_init(&budget, &limits);
	r = unpack_stream_open(&source, 0, &budget, &stream, err);
	while (r >= 0 && (r = unpack_stream_next(stream, &piece, err)) > 0) {
		if (!sk_buf_add_span(out, piece))
			return sk_err_set(err, SK_E_LIMIT, "zip: member too large");
	}
	return r;
}

int vulndb_zip_next(struct vulndb_zip *z, struct sk_span *ret_name, struct sk_buf *out,
		    struct sk_err *err)
{
	uint64_t entry = z->at;
	struct member m;
	const uint8_t *local;
	struct sk_span data;
	int r;

	if (z->left == 0)
		return 0;
	if (!read_member(z, &m) || !within(z, m.off, LOCAL_SIZE))
		return damaged(z, entry, err);
	local = z->p + m.off;
	m.off += LOCAL_SIZE + le16(local + 26) + le16(local + 28);
	if (memcmp(local, "PK\3\4", 4) != 0 || !within(z, m.off, m.packed))
		return damaged(z, entry, err);
	if ((m.flags & 1) != 0 || (m.method != METHOD_STORED && m.method != METHOD_DEFLATED))
		return sk_err_set(err, SK_E_UNSUPPORTED, "zip: encrypted, or method %u", m.method);
	if (m.size > MAX_MEMBER)
		return sk_err_set(err, SK_E_LIMIT, "zip: member of %" PRIu64 " bytes", m.size);
	*ret_name = m.name;
	data = sk_span_of(z->p + m.off, m.packed);
	if (m.method == METHOD_DEFLATED) {
		r = inflate_member(&m, data, out, err);
		if (r < 0)
			return r;
	} else if (!sk_buf_add_span(out, data)) {
		return sk_err_set(err, SK_E_LIMIT, "zip: member too large");
	}
	return 1;
}

void vulndb_zip_close(struct vulndb_zip *z)
{
	if (z == NULL)
		return;
	if (z->mapped)
		(void)munmap((void *)(uintptr_t)z->p, z->size); /* nothing to do about it */
	sk_free(z);
}
