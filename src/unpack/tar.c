/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader. Blocks and content are used where the stream has them; only what must outlive a
 * piece is copied: names, extended headers, sparse maps. Where formats leave room, members mean
 * what they mean to Go's archive/tar, because container engines unpack layers with it: a scanner
 * that reads an archive another way can be made to look past what will run.
 * Specifications: POSIX.1-2017 pax; GNU tar manual, "Basic Tar Format", "Storing Sparse Files".
 */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "unpack/tar-priv.h"

struct unpack_tar {
	struct unpack_stream *stream;
	struct sk_budget *budget;
	struct sk_span rest; /* of the stream's piece */
	uint64_t off;        /* of rest, in the stream */
	uint64_t header_off; /* of the current header block */

	struct unpack_entry entry;
	struct tar_fields fields;
	uint64_t stored;  /* bytes of the current member that are still in the stream */
	uint64_t padding; /* after them */
	uint64_t pos;     /* in the current member, holes included */
	bool sparse;
	struct tar_map map;
	size_t extent; /* of the map, at or behind pos */

	struct tar_pax pax;
	struct sk_buf pax_text;
	struct sk_buf long_name;
	struct sk_buf long_link;
	char *path; /* the entry's, normalised */
	size_t path_size;
	char *link;
	size_t link_size;
	char block[TAR_BLOCK]; /* a block that lay across two pieces */

	bool ended;
	int result; /* sticky once negative */
	struct sk_err err;
};

struct unpack_tar *unpack_tar_open(struct unpack_stream *s, struct sk_budget *budget)
{
	struct unpack_tar *t = sk_alloc(sizeof(*t));

	t->stream = s;
	t->budget = budget;
	sk_buf_init(&t->pax_text, TAR_MAX_EXTENDED);
	sk_buf_init(&t->long_name, TAR_MAX_EXTENDED);
	sk_buf_init(&t->long_link, TAR_MAX_EXTENDED);
	return t;
}

void unpack_tar_close(struct unpack_tar *t)
{
	if (t == NULL)
		return;
	sk_buf_release(&t->pax_text);
	sk_buf_release(&t->long_name);
	sk_buf_release(&t->long_link);
	sk_free(t->map.extents);
	sk_free(t->path);
	sk_free(t->link);
	sk_free(t);
}

static int tar_damaged(const struct unpack_tar *t, const char *what, struct sk_err *err)
{
	return sk_err_set(err, SK_E_FORMAT, "tar: %s, member at offset %" PRIu64, what,
			  t->header_off);
}

static int tar_truncated(const struct unpack_tar *t, struct sk_err *err)
{
	return sk_err_set(err, SK_E_TRUNCATED,
			  "tar: archive ends at offset %" PRIu64
			  ", inside the member at offset %" PRIu64,
			  t->off, t->header_off);
}

/* Makes the rest not empty; 1, 0 at the end of the stream, negative on failure. */
static int tar_fill(struct unpack_tar *t, struct sk_err *err)
{
	return t->rest.len != 0 ? 1 : unpack_stream_next(t->stream, &t->rest, err);
}

static void tar_consume(struct unpack_tar *t, size_t n)
{
	t->rest.ptr += n;
	t->rest.len -= n;
	t->off += n;
}

/* Passes over @n bytes; 1, 0 when the stream ends before, negative on failure. */
static int tar_skip(struct unpack_tar *t, uint64_t n, struct sk_err *err)
{
	while (n != 0) {
		uint64_t skipped = 0;
		size_t len;
		int r = 0;

		if (t->rest.len == 0)
			r = unpack_stream_skip(t->stream, n, &skipped, err);
		t->off += skipped;
		n -= skipped;
		if (r < 0 || n == 0)
			return r < 0 ? r : 1;
		r = tar_fill(t, err);
		if (r <= 0)
			return r;
		len = n < t->rest.len ? (size_t)n : t->rest.len;
		tar_consume(t, len);
		n -= len;
	}
	return 1;
}

/* Copies @n bytes out; 1, 0 when the stream ended before the first of them, negative. */
static int tar_copy(struct unpack_tar *t, char *to, size_t n, struct sk_err *err)
{
	size_t done = 0;

	while (done < n) {
		size_t len;
		int r = tar_fill(t, err);

		if (r < 0)
			return r;
		if (r == 0)
			return done == 0 ? 0 : tar_truncated(t, err);
		len = n - done < t->rest.len ? n - done : t->rest.len;
		memcpy(to + done, t->rest.ptr, len);
		tar_consume(t, len);
		done += len;
	}
	return 1;
}

/* Next block, borrowed until the stream moves; 1, 0 at the end, negative on failure. */
static int tar_block(struct unpack_tar *t, const char **ret, struct sk_err *err)
{
	if (t->rest.len >= TAR_BLOCK) {
		*ret = t->rest.ptr;
		tar_consume(t, TAR_BLOCK);
		return 1;
	}
	*ret = t->block;
	return tar_copy(t, t->block, TAR_BLOCK, err);
}

/* Up to @max stored bytes of the current member, borrowed. */
static int tar_stored(struct unpack_tar *t, size_t max, struct sk_span *ret, struct sk_err *err)
{
	int r = tar_fill(t, err);

	if (r < 0)
		return r;
	if (r == 0)
		return tar_truncated(t, err);
	if (max > t->stored)
		max = (size_t)t->stored;
	*ret = sk_span_sub(t->rest, 0, max);
	tar_consume(t, ret->len);
	t->stored -= ret->len;
	return 1;
}

static void tar_set_stored(struct unpack_tar *t, uint64_t size)
{
	t->stored = size;
	t->padding = -size % TAR_BLOCK;
}

/* To the next header; a missing end of the last padding is forgiven. */
static int tar_leave_member(struct unpack_tar *t, struct sk_err *err)
{
	int r = tar_skip(t, t->stored, err);

	if (r == 0)
		return tar_truncated(t, err);
	if (r > 0)
		r = tar_skip(t, t->padding, err);
	t->stored = 0;
	t->padding = 0;
	return r < 0 ? r : 0;
}

/* Next block that begins a member; 0 at the end of the archive. */
static int tar_header(struct unpack_tar *t, const char **ret, struct sk_err *err)
{
	int r;

	t->header_off = t->off;
	r = tar_block(t, ret, err);
	if (r <= 0)
		return r;
	if (!tar_block_is_zero(*ret))
		return 1;
	r = tar_block(t, ret, err);
	if (r <= 0 || tar_block_is_zero(*ret))
		return r < 0 ? r : 0;
	return tar_damaged(t, "one block of zeros where two end an archive", err);
}

/* Whole content of an extended header or long name. */
static int tar_extended(struct unpack_tar *t, struct sk_buf *to, struct sk_err *err)
{
	struct sk_span piece;
	int r = 0;

	sk_buf_reset(to);
	if (t->stored > TAR_MAX_EXTENDED)
		return sk_err_set(err, SK_E_LIMIT,
				  "tar: extended header of %" PRIu64 " bytes at offset %" PRIu64
				  ", %d are allowed",
				  t->stored, t->header_off, TAR_MAX_EXTENDED);
	while (t->stored != 0) {
		r = tar_stored(t, SIZE_MAX, &piece, err);
		if (r < 0)
			return r;
		(void)sk_buf_add_span(to, piece); /* fits: checked above */
	}
	return 0;
}

static int tar_long_text(struct unpack_tar *t, struct sk_buf *to, struct sk_err *err)
{
	int r = tar_extended(t, to, err);

	if (r == 0 && to->len != 0)
		to->len = strnlen(to->ptr, to->len);
	return r;
}

static int tar_pax(struct unpack_tar *t, struct sk_err *err)
{
	const char *wrong;
	int r = tar_extended(t, &t->pax_text, err);

	if (r < 0)
		return r;
	wrong = tar_pax_parse(sk_span_of(t->pax_text.ptr, t->pax_text.len), &t->pax, &t->map);
	return wrong != NULL ? tar_damaged(t, wrong, err) : 0;
}

static int tar_pax_global(struct unpack_tar *t, struct sk_err *err)
{
	const char *wrong;
	struct sk_buf text;
	int r;

	sk_buf_init(&text, TAR_MAX_EXTENDED);
	r = tar_extended(t, &text, err);
	if (r == 0) {
		wrong = tar_pax_check_global(sk_span_of(text.ptr, text.len));
		r = wrong != NULL ? tar_damaged(t, wrong, err) : 0;
	}
	sk_buf_release(&text);
	return r;
}

/* Headers that say something about the next one; 1 when @type is such a one and was read. */
static int tar_meta(struct unpack_tar *t, char type, struct sk_err *err)
{
	int r;

	switch (type) {
	case 'x':
		r = tar_pax(t, err);
		break;
	case 'g':
		r = tar_pax_global(t, err);
		break;
	case 'L':
		r = tar_long_text(t, &t->long_name, err);
		break;
	case 'K':
		r = tar_long_text(t, &t->long_link, err);
		break;
	case 'V': /* volume label */
		r = 0;
		break;
	default:
		return 0;
	}
	return r < 0 ? r : 1;
}

/* Types after which no content follows, whatever the size field says. */
static bool tar_type_is_bare(char type)
{
	return type >= '1' && type <= '6';
}

static enum unpack_entry_type tar_entry_type(char type)
{
	switch (type) {
	case '1':
		return UNPACK_HARDLINK;
	case '2':
		return UNPACK_SYMLINK;
	case '3':
	case '4':
		return UNPACK_DEVICE;
	case '5':
	case 'D': /* GNU: directory with a list of names as content */
		return UNPACK_DIR;
	case '6':
		return UNPACK_FIFO;
	default: /* POSIX: a type that is not known is a regular file */
		return UNPACK_FILE;
	}
}

static int tar_check_path(struct unpack_tar *t, struct sk_span path, struct sk_err *err)
{
	return sk_budget_check(t->budget, SK_LIMIT_PATH_LEN, path.len, err);
}

static char *tar_room(char **buf, size_t *size, size_t need)
{
	if (need > *size) {
		*size = need < 512 ? 512 : need;
		*buf = sk_realloc_array(*buf, *size, 1);
	}
	return *buf;
}

static int tar_set_path(struct unpack_tar *t, struct sk_span raw, struct sk_err *err)
{
	uint64_t depth = 1;
	int r = tar_check_path(t, raw, err);

	if (r < 0)
		return r;
	tar_room(&t->path, &t->path_size, raw.len + 1);
	t->entry.path_escapes = unpack_path_normalise(raw, t->path, &t->entry.path);
	for (size_t i = 0; i < t->entry.path.len; i++)
		depth += t->entry.path.ptr[i] == '/';
	return sk_budget_check(t->budget, SK_LIMIT_PATH_DEPTH, depth, err);
}

static int tar_set_link(struct unpack_tar *t, struct sk_span raw, struct sk_err *err)
{
	int r = tar_check_path(t, raw, err);

	t->entry.link = sk_span_of(NULL, 0);
	if (r < 0 || raw.len == 0)
		return r;
	tar_room(&t->link, &t->link_size, raw.len + 1);
	if (t->entry.type == UNPACK_HARDLINK) {
		(void)unpack_path_normalise(raw, t->link, &t->entry.link);
		return 0;
	}
	memcpy(t->link, raw.ptr, raw.len);
	t->entry.link = sk_span_of(t->link, raw.len);
	return 0;
}

/* The first that is there: long name of the format's own, extended header, header block. */
static struct sk_span tar_choose(const struct sk_buf *own, struct sk_span pax, struct sk_span block)
{
	if (own->len != 0)
		return sk_span_of(own->ptr, own->len);
	return pax.len != 0 ? pax : block;
}

static bool tar_pax_is(const struct unpack_tar *t, enum tar_pax_key key, const char *text)
{
	return sk_span_eq_str(t->pax.value[key], text);
}

enum tar_sparse_form {
	TAR_SPARSE_NONE,
	TAR_SPARSE_GNU,
	TAR_SPARSE_0,
	TAR_SPARSE_1,
};

static enum tar_sparse_form tar_sparse_form(const struct unpack_tar *t)
{
	struct sk_span major = t->pax.value[TAR_PAX_SPARSE_MAJOR];
	struct sk_span minor = t->pax.value[TAR_PAX_SPARSE_MINOR];

	if (t->fields.type == 'S')
		return TAR_SPARSE_GNU;
	if (!t->pax.set)
		return TAR_SPARSE_NONE;
	if (tar_pax_is(t, TAR_PAX_SPARSE_MAJOR, "0") &&
	    (tar_pax_is(t, TAR_PAX_SPARSE_MINOR, "0") || tar_pax_is(t, TAR_PAX_SPARSE_MINOR, "1")))
		return TAR_SPARSE_0;
	if (tar_pax_is(t, TAR_PAX_SPARSE_MAJOR, "1") && tar_pax_is(t, TAR_PAX_SPARSE_MINOR, "0"))
		return TAR_SPARSE_1;
	if (major.len != 0 || minor.len != 0)
		return TAR_SPARSE_NONE;
	/* 0.0 and the first 0.1 had no version. */
	return t->pax.value[TAR_PAX_SPARSE_MAP].len != 0 || t->map.n_extents != 0 ? TAR_SPARSE_0
										  : TAR_SPARSE_NONE;
}

static int tar_names(struct unpack_tar *t, const char *block, enum tar_sparse_form form,
		     struct sk_err *err)
{
	char buf[TAR_HEADER_PATH_SIZE];
	struct sk_span path = tar_choose(&t->long_name, t->pax.value[TAR_PAX_PATH],
					 tar_header_path(block, t->fields.format, buf));
	struct sk_span sparse = t->pax.value[TAR_PAX_SPARSE_NAME];
	struct sk_span link = tar_choose(&t->long_link, t->pax.value[TAR_PAX_LINKPATH],
					 tar_text(block + TAR_LINK, TAR_NAME_LEN));
	int r;

	if (sparse.len != 0 && (form == TAR_SPARSE_0 || form == TAR_SPARSE_1))
		path = sparse;
	if (t->fields.type == '\0' && sk_span_ends(path, "/"))
		t->fields.type = '5'; /* v7 has no type of its own for directories */
	t->entry.type = tar_entry_type(t->fields.type);
	r = tar_set_path(t, path, err);
	if (r < 0)
		return r;
	if (t->entry.type != UNPACK_HARDLINK && t->entry.type != UNPACK_SYMLINK)
		link = sk_span_of(NULL, 0);
	return tar_set_link(t, link, err);
}

/* Numbers of the extended header over those of the block. */
static int tar_numbers(struct unpack_tar *t, struct sk_err *err)
{
	const struct sk_span *v = t->pax.value;
	uint64_t n;

	if (v[TAR_PAX_SIZE].len != 0 && !tar_pax_number(v[TAR_PAX_SIZE], &t->fields.size))
		return tar_damaged(t, "malformed size", err);
	if (v[TAR_PAX_MTIME].len != 0 && !tar_pax_time(v[TAR_PAX_MTIME], &t->fields.mtime))
		return tar_damaged(t, "malformed time", err);
	if (tar_pax_number(v[TAR_PAX_UID], &n))
		t->fields.uid = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	if (tar_pax_number(v[TAR_PAX_GID], &n))
		t->fields.gid = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return 0;
}

/* The map of an old GNU member: in its header and in extension blocks. */
static int tar_sparse_gnu(struct unpack_tar *t, const char *block, struct sk_err *err)
{
	const char *wrong;
	int64_t size;
	bool more = block[TAR_GNU_MORE] != 0;
	int r;

	tar_map_reset(&t->map);
	if (!tar_number(block + TAR_GNU_REALSIZE, TAR_NUMBER_LEN, &size) || size < 0)
		return tar_damaged(t, "malformed size of a sparse member", err);
	t->entry.size = (uint64_t)size;
	wrong = tar_map_add_gnu(&t->map, block + TAR_GNU_SPARSE, TAR_GNU_EXTENTS);
	while (wrong == NULL && more) {
		r = tar_block(t, &block, err);
		if (r <= 0)
			return r < 0 ? r : tar_truncated(t, err);
		wrong = tar_map_add_gnu(&t->map, block, TAR_GNU_EXT_EXTENTS);
		more = block[TAR_GNU_EXT_MORE] != 0;
	}
	return wrong != NULL ? tar_damaged(t, wrong, err) : 0;
}

static int tar_sparse_0(struct unpack_tar *t, struct sk_err *err)
{
	struct sk_span list = t->pax.value[TAR_PAX_SPARSE_MAP];
	struct sk_span count = t->pax.value[TAR_PAX_SPARSE_NUMBLOCKS];
	const char *wrong = NULL;
	uint64_t n;

	if (t->map.n_extents == 0)
		wrong = tar_map_add_list(&t->map, list);
	if (wrong == NULL && (!tar_pax_number(count, &n) || n != t->map.n_extents))
		wrong = "sparse map of another length than it says";
	return wrong != NULL ? tar_damaged(t, wrong, err) : 0;
}

/* Reads the next number of a 1.0 map, a line of its own; @used counts the map's bytes. */
static int tar_sparse_line(struct unpack_tar *t, uint64_t *used, uint64_t *ret, struct sk_err *err)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (;;) {
		struct sk_span c = {NULL, 0};
		int r;

		if (t->stored == 0 || *used == TAR_MAX_EXTENDED)
			return tar_damaged(t, "sparse map does not end", err);
		r = tar_stored(t, 1, &c, err);
		if (r < 0)
			return r;
		++*used;
		if (*c.ptr == '\n' && digits != 0)
			break;
		if (*c.ptr < '0' || *c.ptr > '9' || ++digits > 18)
			return tar_damaged(t, "malformed sparse map", err);
		value = value * 10 + (uint64_t)(*c.ptr - '0');
	}
	*ret = value;
	return 0;
}

/* The map of a 1.0 member: in front of its content, padded to whole blocks. */
static int tar_sparse_1(struct unpack_tar *t, struct sk_err *err)
{
	struct sk_span skipped;
	uint64_t used = 0;
	uint64_t left;
	uint64_t n;
	int r;

	tar_map_reset(&t->map);
	r = tar_sparse_line(t, &used, &left, err);
	if (r == 0 && left > TAR_MAX_EXTENTS)
		return tar_damaged(t, "too many sparse extents", err);
	for (left *= 2; r == 0 && left != 0; left--) {
		r = tar_sparse_line(t, &used, &n, err);
		if (r == 0 && !tar_map_add(&t->map, n))
			return tar_damaged(t, "too many sparse extents", err);
	}
	while (r >= 0 && used % TAR_BLOCK != 0) {
		if (t->stored == 0)
			return tar_damaged(t, "sparse map is not padded", err);
		r = tar_stored(t, (size_t)(TAR_BLOCK - used % TAR_BLOCK), &skipped, err);
		used += r < 0 ? 0 : skipped.len;
	}
	return r < 0 ? r : 0;
}

static int tar_sparse(struct unpack_tar *t, enum tar_sparse_form form, const char *block,
		      struct sk_err *err)
{
	struct sk_span size = t->pax.value[TAR_PAX_SPARSE_SIZE];
	const char *wrong;
	int r;

	t->sparse = form != TAR_SPARSE_NONE;
	if (!t->sparse)
		return 0;
	if (t->entry.type != UNPACK_FILE)
		return tar_damaged(t, "sparse map of something that is no file", err);
	if (form == TAR_SPARSE_GNU) {
		r = tar_sparse_gnu(t, block, err);
	} else {
		if (size.len == 0)
			size = t->pax.value[TAR_PAX_SPARSE_REALSIZE];
		if (size.len != 0 && !tar_pax_number(size, &t->entry.size))
			return tar_damaged(t, "malformed size of a sparse member", err);
		r = form == TAR_SPARSE_0 ? tar_sparse_0(t, err) : tar_sparse_1(t, err);
	}
	if (r < 0)
		return r;
	wrong = tar_map_check(&t->map, t->entry.size, t->stored);
	return wrong != NULL ? tar_damaged(t, wrong, err) : 0;
}

/* Everything about a member whose header block is @block, borrowed from the stream. */
static int tar_member(struct unpack_tar *t, const char *block, struct sk_err *err)
{
	enum tar_sparse_form form = tar_sparse_form(t);
	int r = tar_numbers(t, err);

	if (r == 0)
		r = tar_names(t, block, form, err);
	if (r < 0)
		return r;
	if (t->fields.type == 'M')
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "tar: member at offset %" PRIu64 " continues another volume",
				  t->header_off);
	tar_set_stored(t, tar_type_is_bare(t->fields.type) ? 0 : t->fields.size);
	t->entry.size = t->entry.type == UNPACK_FILE ? t->fields.size : 0;
	t->entry.mtime = t->fields.mtime;
	t->entry.mode = t->fields.mode;
	t->entry.uid = t->fields.uid;
	t->entry.gid = t->fields.gid;
	t->pos = 0;
	t->extent = 0;
	r = tar_sparse(t, form, block, err);
	t->entry.data_off = t->off;
	t->entry.sparse = t->sparse;
	return r;
}

/* What extended headers said holds for one member only. */
static void tar_forget(struct unpack_tar *t)
{
	if (t->pax.set)
		memset(&t->pax, 0, sizeof(t->pax));
	tar_map_reset(&t->map);
	sk_buf_reset(&t->long_name);
	sk_buf_reset(&t->long_link);
}

static int tar_next(struct unpack_tar *t, struct sk_err *err)
{
	const char *block;
	int r;

	tar_forget(t);
	for (;;) {
		r = tar_leave_member(t, err);
		if (r == 0)
			r = tar_header(t, &block, err);
		if (r <= 0)
			return r;
		if (!tar_checksum_ok(block))
			return tar_damaged(t, "wrong header checksum", err);
		if (!tar_fields_parse(block, &t->fields))
			return tar_damaged(t, "malformed size", err);
		if (tar_type_is_bare(t->fields.type))
			break;
		tar_set_stored(t, t->fields.size);
		r = tar_meta(t, t->fields.type, err);
		if (r < 0)
			return r;
		if (r == 0)
			break;
	}
	r = sk_budget_spend(t->budget, SK_LIMIT_ENTRIES, 1, err);
	if (r == 0)
		r = tar_member(t, block, err);
	return r < 0 ? r : 1;
}

/* Keeps a failure: everything after it fails the same way. */
static int tar_keep(struct unpack_tar *t, int r, struct sk_err *err)
{
	if (r < 0) {
		t->result = r;
		if (err != NULL)
			*err = t->err;
	}
	return r;
}

int unpack_tar_next(struct unpack_tar *t, const struct unpack_entry **ret_entry, struct sk_err *err)
{
	int r;

	if (t->result < 0)
		return tar_keep(t, t->result, err);
	if (t->ended)
		return 0;
	r = tar_next(t, &t->err);
	t->ended = r == 0;
	if (r > 0)
		*ret_entry = &t->entry;
	return tar_keep(t, r, err);
}

/* Where in the sparse map the position is; the length of the hole or extent there. */
static uint64_t tar_locate(struct unpack_tar *t, bool *ret_hole)
{
	const struct tar_extent *e;

	while (t->extent < t->map.n_extents &&
	       t->pos >= t->map.extents[t->extent].off + t->map.extents[t->extent].len)
		t->extent++;
	*ret_hole = true;
	if (t->extent == t->map.n_extents)
		return t->entry.size - t->pos;
	e = &t->map.extents[t->extent];
	*ret_hole = t->pos < e->off;
	return *ret_hole ? e->off - t->pos : e->off + e->len - t->pos;
}

static int tar_piece(struct unpack_tar *t, size_t max, struct sk_span *ret, struct sk_err *err)
{
	static const char zeros[4096];
	bool hole = false;
	uint64_t n = t->entry.size - t->pos;
	int r;

	if (n == 0)
		return 0;
	if (t->sparse)
		n = tar_locate(t, &hole);
	if (max > n)
		max = (size_t)n;
	if (hole) {
		*ret = sk_span_of(zeros, max < sizeof(zeros) ? max : sizeof(zeros));
		r = sk_budget_spend(t->budget, SK_LIMIT_BYTES_OUT, ret->len, err);
	} else {
		r = tar_stored(t, max, ret, err);
	}
	if (r < 0)
		return r;
	t->pos += ret->len;
	return 1;
}

int unpack_tar_chunk(struct unpack_tar *t, struct sk_span *ret, struct sk_err *err)
{
	if (t->result < 0)
		return tar_keep(t, t->result, err);
	return tar_keep(t, tar_piece(t, SIZE_MAX, ret, &t->err), err);
}

int64_t unpack_tar_read(struct unpack_tar *t, void *buf, size_t len, struct sk_err *err)
{
	size_t done = 0;

	if (t->result < 0)
		return tar_keep(t, t->result, err);
	while (done < len) {
		struct sk_span piece;
		int r = tar_piece(t, len - done, &piece, &t->err);

		if (r < 0)
			return tar_keep(t, r, err);
		if (r == 0)
			break;
		memcpy((char *)buf + done, piece.ptr, piece.len);
		done += piece.len;
	}
	return (int64_t)done;
}
