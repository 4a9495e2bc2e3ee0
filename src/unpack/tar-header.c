/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header blocks: v7, ustar, star and GNU. Specifications: POSIX.1-2017 pax, "ustar Interchange
 * Format"; GNU tar manual, "Basic Tar Format".
 */
#include <string.h>

#include "unpack/tar-priv.h"

/* Big-endian two's complement; the first bit marks the form, the second is the sign. */
static bool tar_base256(const char *p, size_t len, int64_t *ret)
{
	uint8_t invert = p[0] & 0x40 ? 0xff : 0;
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)p[i] ^ invert;

		if (i == 0)
			c &= 0x7f;
		if (value >> 55 != 0)
			return false;
		value = value << 8 | c;
	}
	*ret = invert != 0 ? -(int64_t)value - 1 : (int64_t)value;
	return true;
}

bool tar_number(const char *p, size_t len, int64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	if ((uint8_t)p[0] & 0x80)
		return tar_base256(p, len, ret);
	while (i < len && (p[i] == ' ' || p[i] == '\0'))
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(p[i] - '0'); /* at most 12 digits, 36 bits */
	while (i < len && p[i] == ' ')
		i++;
	if (i < len && p[i] != '\0')
		return false;
	*ret = (int64_t)value;
	return true;
}

struct sk_span tar_text(const char *p, size_t len)
{
	return sk_span_of(p, strnlen(p, len));
}

/* Sum of all bytes, eight at a time. */
static uint32_t tar_sum(const char *block)
{
	const uint64_t even = 0x00ff00ff00ff00ffull;
	uint64_t lanes = 0; /* four sums of at most 128 * 255 */

	for (size_t i = 0; i < TAR_BLOCK; i += sizeof(uint64_t)) {
		uint64_t w;

		memcpy(&w, block + i, sizeof(w));
		lanes += (w & even) + (w >> 8 & even);
	}
	return (uint32_t)((lanes & 0xffff) + (lanes >> 16 & 0xffff) + (lanes >> 32 & 0xffff) +
			  (lanes >> 48));
}

bool tar_block_is_zero(const char *block)
{
	return block[0] == 0 && tar_sum(block) == 0;
}

bool tar_checksum_ok(const char *block)
{
	int64_t want;
	int64_t sum = tar_sum(block);
	int64_t negative = 0;

	if (!tar_number(block + TAR_CHECKSUM, TAR_ID_LEN, &want))
		return false;
	/* The field itself counts as spaces. */
	for (size_t i = 0; i < TAR_ID_LEN; i++)
		sum += ' ' - (int64_t)(uint8_t)block[TAR_CHECKSUM + i];
	if (sum == want)
		return true;
	/* Old writers summed signed bytes. */
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		bool own = i >= TAR_CHECKSUM && i < TAR_CHECKSUM + TAR_ID_LEN;

		negative += !own && (uint8_t)block[i] & 0x80 ? 256 : 0;
	}
	return sum - negative == want;
}

static enum tar_format tar_format(const char *block)
{
	if (memcmp(block + TAR_MAGIC, "ustar  ", 8) == 0)
		return TAR_GNU;
	if (memcmp(block + TAR_MAGIC, "ustar", 6) != 0)
		return TAR_V7;
	return memcmp(block + TAR_STAR_TRAILER, "tar", 4) == 0 ? TAR_STAR : TAR_USTAR;
}

/* A number that nothing depends on: 0 when malformed, kept within 32 bits. */
static uint32_t tar_attribute(const char *p)
{
	int64_t value;

	if (!tar_number(p, TAR_ID_LEN, &value) || value < 0)
		return 0;
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

bool tar_fields_parse(const char *block, struct tar_fields *ret)
{
	int64_t size;
	int64_t mtime;

	if (!tar_number(block + TAR_SIZE, TAR_NUMBER_LEN, &size) || size < 0)
		return false;
	if (!tar_number(block + TAR_MTIME, TAR_NUMBER_LEN, &mtime) || mtime < 0)
		mtime = 0;
	*ret = (struct tar_fields){
		.format = tar_format(block),
		.type = block[TAR_TYPE],
		.size = (uint64_t)size,
		.mtime = (uint64_t)mtime,
		.mode = tar_attribute(block + TAR_MODE) & 07777,
		.uid = tar_attribute(block + TAR_UID),
		.gid = tar_attribute(block + TAR_GID),
	};
	return true;
}

/*
 * The GNU format has times where ustar has the prefix. Go before 1.8 wrote a prefix into GNU
 * headers nevertheless, and such layers are in registries: it is one when it is no pair of times.
 */
static bool tar_gnu_has_prefix(const char *block)
{
	int64_t t;

	if (block[TAR_PREFIX] == '\0')
		return false;
	if (tar_number(block + TAR_GNU_ATIME, TAR_NUMBER_LEN, &t) &&
	    tar_number(block + TAR_GNU_CTIME, TAR_NUMBER_LEN, &t))
		return false;
	for (size_t i = 0; i < TAR_PREFIX_LEN && block[TAR_PREFIX + i] != '\0'; i++) {
		if ((uint8_t)block[TAR_PREFIX + i] & 0x80)
			return false;
	}
	return true;
}

struct sk_span tar_header_path(const char *block, enum tar_format format, char *buf)
{
	struct sk_span name = tar_text(block + TAR_NAME, TAR_NAME_LEN);
	struct sk_span prefix = {NULL, 0};

	if (format == TAR_USTAR || (format == TAR_GNU && tar_gnu_has_prefix(block)))
		prefix = tar_text(block + TAR_PREFIX, TAR_PREFIX_LEN);
	else if (format == TAR_STAR)
		prefix = tar_text(block + TAR_PREFIX, TAR_STAR_PREFIX_LEN);
	if (prefix.len == 0)
		return name;
	memcpy(buf, prefix.ptr, prefix.len);
	buf[prefix.len] = '/';
	memcpy(buf + prefix.len + 1, name.ptr, name.len);
	return sk_span_of(buf, prefix.len + 1 + name.len);
}
