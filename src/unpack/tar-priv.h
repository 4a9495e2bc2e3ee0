/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the tar reader: tar.c reads members, the other tar-*.c files take headers apart. */
#pragma once

#include "base/buf.h"
#include "unpack/unpack-priv.h"

enum {
	TAR_BLOCK = 512,
	/* Extended headers and long names; Go's archive/tar, and so the container engines, have the
	 * same maximum. */
	TAR_MAX_EXTENDED = 1 << 20,
	/* Extents of a sparse member, 16 bytes each; as many as an extended header can list. */
	TAR_MAX_EXTENTS = 1 << 16,
};

/* Offsets in a header block. Source: POSIX.1-2017 pax; GNU tar manual, "Basic Tar Format". */
enum tar_offset {
	TAR_NAME = 0,
	TAR_MODE = 100,
	TAR_UID = 108,
	TAR_GID = 116,
	TAR_SIZE = 124,
	TAR_MTIME = 136,
	TAR_CHECKSUM = 148,
	TAR_TYPE = 156,
	TAR_LINK = 157,
	TAR_MAGIC = 257,
	TAR_PREFIX = 345,       /* ustar */
	TAR_GNU_ATIME = 345,    /* GNU */
	TAR_GNU_CTIME = 357,    /* GNU */
	TAR_GNU_SPARSE = 386,   /* GNU: four extents of twice 12 bytes */
	TAR_GNU_MORE = 482,     /* GNU: an extension block follows */
	TAR_GNU_REALSIZE = 483, /* GNU: size with holes */
	TAR_STAR_TRAILER = 508,
	TAR_GNU_EXT_MORE = 504, /* in an extension block of 21 extents */
};

enum tar_width {
	TAR_NAME_LEN = 100,
	TAR_PREFIX_LEN = 155,
	TAR_STAR_PREFIX_LEN = 131,
	TAR_NUMBER_LEN = 12,
	TAR_ID_LEN = 8,
	TAR_GNU_EXTENTS = 4,
	TAR_GNU_EXT_EXTENTS = 21,
};

enum tar_format {
	TAR_V7,
	TAR_USTAR,
	TAR_STAR,
	TAR_GNU,
};

/* Records of an extended header that mean something here. */
enum tar_pax_key {
	TAR_PAX_PATH,
	TAR_PAX_LINKPATH,
	TAR_PAX_SIZE,
	TAR_PAX_MTIME,
	TAR_PAX_UID,
	TAR_PAX_GID,
	TAR_PAX_SPARSE_NAME,
	TAR_PAX_SPARSE_SIZE,
	TAR_PAX_SPARSE_REALSIZE,
	TAR_PAX_SPARSE_MAJOR,
	TAR_PAX_SPARSE_MINOR,
	TAR_PAX_SPARSE_NUMBLOCKS,
	TAR_PAX_SPARSE_MAP,
	TAR_PAX_SPARSE_OFFSET,   /* repeated; gathered in the map */
	TAR_PAX_SPARSE_NUMBYTES, /* repeated; gathered in the map */
	TAR_N_PAX_KEYS
};

/** struct tar_extent - stored part of a sparse member */
struct tar_extent {
	uint64_t off; /* in the member as it is read */
	uint64_t len;
};

/** struct tar_map - extents, in order, without overlap once tar_map_check() said so */
struct tar_map {
	struct tar_extent *extents;
	size_t n_extents;
	size_t extents_cap;
	bool half; /* the last extent has an offset but no length yet */
};

/** struct tar_pax - values of the extended header of one member; empty when absent */
struct tar_pax {
	struct sk_span value[TAR_N_PAX_KEYS];
	bool set; /* there was an extended header */
};

/** struct tar_fields - numbers of a header block */
struct tar_fields {
	enum tar_format format;
	char type;
	uint64_t size;
	uint64_t mtime;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
};

/**
 * tar_number() - octal or base-256 field
 * @p: field
 * @len: its width
 * @ret: written on success; may be negative
 *
 * Return: false when it is no number or does not fit.
 */
sk_must_check bool tar_number(const char *p, size_t len, int64_t *ret);

/**
 * tar_text() - text field, up to its first NUL
 * @p: field
 * @len: its width
 *
 * Return: part of the field.
 */
struct sk_span tar_text(const char *p, size_t len);

/**
 * tar_block_is_zero() - is this an end-of-archive block
 * @block: TAR_BLOCK bytes
 *
 * Return: true when every byte is 0.
 */
bool tar_block_is_zero(const char *block);

/**
 * tar_checksum_ok() - does the header's checksum fit, as unsigned or signed bytes
 * @block: TAR_BLOCK bytes
 *
 * Return: true if so.
 */
bool tar_checksum_ok(const char *block);

/**
 * tar_fields_parse() - numbers and format of a header block
 * @block: TAR_BLOCK bytes
 * @ret: written
 *
 * Return: false when the size is malformed or negative; other malformed numbers become 0.
 */
sk_must_check bool tar_fields_parse(const char *block, struct tar_fields *ret);

enum {
	TAR_HEADER_PATH_SIZE = TAR_PREFIX_LEN + 1 + TAR_NAME_LEN
};

/**
 * tar_header_path() - path that a header block gives
 * @block: TAR_BLOCK bytes
 * @format: of the block
 * @buf: TAR_HEADER_PATH_SIZE bytes
 *
 * Return: part of @block or of @buf.
 */
struct sk_span tar_header_path(const char *block, enum tar_format format, char *buf);

/**
 * tar_pax_parse() - records of a local extended header
 * @text: the header's content; @ret borrows from it
 * @ret: replaced
 * @map: extents of GNU.sparse.offset and .numbytes records; replaced
 *
 * Return: NULL, or what is wrong.
 */
sk_must_check const char *tar_pax_parse(struct sk_span text, struct tar_pax *ret,
					struct tar_map *map);

/**
 * tar_pax_check_global() - is a global extended header harmless
 * @text: the header's content
 *
 * Container engines ignore global records, POSIX applies them. Where it would matter, the archive
 * means two things, and is refused: names, sizes and sparse maps.
 * Return: NULL, or what is wrong.
 */
sk_must_check const char *tar_pax_check_global(struct sk_span text);

/**
 * tar_pax_number() - decimal number of a record
 * @s: value
 * @ret: written on success
 *
 * Return: false when it is no number, negative, or above INT64_MAX.
 */
sk_must_check bool tar_pax_number(struct sk_span s, uint64_t *ret);

/**
 * tar_pax_time() - seconds of a time record, 0 when negative
 * @s: value, with or without a fraction
 * @ret: written on success
 *
 * Return: false when malformed.
 */
sk_must_check bool tar_pax_time(struct sk_span s, uint64_t *ret);

/**
 * tar_map_reset() - no extents
 * @m: map
 */
void tar_map_reset(struct tar_map *m);

/**
 * tar_map_add() - append a number, which is an extent's offset and length in turn
 * @m: map
 * @value: number
 *
 * Return: false when there are too many.
 */
sk_must_check bool tar_map_add(struct tar_map *m, uint64_t value);

/**
 * tar_map_add_gnu() - append the extents of an old GNU header or extension block
 * @m: map
 * @p: first extent
 * @n: how many there may be; the first one without an offset field ends them
 *
 * Return: NULL, or what is wrong.
 */
sk_must_check const char *tar_map_add_gnu(struct tar_map *m, const char *p, size_t n);

/**
 * tar_map_add_list() - extents of GNU.sparse.map, "offset,length,offset,length"
 * @m: replaced
 * @list: record
 *
 * Return: NULL, or what is wrong.
 */
sk_must_check const char *tar_map_add_list(struct tar_map *m, struct sk_span list);

/**
 * tar_map_check() - are extents whole, in order, apart, inside the member and stored
 * @m: map
 * @size: of the member with its holes
 * @stored: bytes that the archive has for it
 *
 * Return: NULL, or what is wrong.
 */
sk_must_check const char *tar_map_check(const struct tar_map *m, uint64_t size, uint64_t stored);
