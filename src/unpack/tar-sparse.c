/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps of sparse members. Specification: GNU tar manual, "Storing Sparse Files": the old GNU
 * format and the pax formats 0.0, 0.1 and 1.0.
 */
#include "base/alloc.h"
#include "unpack/tar-priv.h"

void tar_map_reset(struct tar_map *m)
{
	m->n_extents = 0;
	m->half = false;
}

bool tar_map_add(struct tar_map *m, uint64_t value)
{
	if (m->half) {
		m->extents[m->n_extents - 1].len = value;
		m->half = false;
		return true;
	}
	if (m->n_extents == TAR_MAX_EXTENTS)
		return false;
	SK_GROW(m->extents, m->n_extents, m->extents_cap);
	m->extents[m->n_extents++] = (struct tar_extent){.off = value};
	m->half = true;
	return true;
}

const char *tar_map_add_gnu(struct tar_map *m, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++, p += 2 * TAR_NUMBER_LEN) {
		int64_t off;
		int64_t len;

		if (p[0] == '\0')
			break;
		if (!tar_number(p, TAR_NUMBER_LEN, &off) || off < 0 ||
		    !tar_number(p + TAR_NUMBER_LEN, TAR_NUMBER_LEN, &len) || len < 0)
			return "malformed sparse map";
		if (!tar_map_add(m, (uint64_t)off) || !tar_map_add(m, (uint64_t)len))
			return "too many sparse extents";
	}
	return NULL;
}

const char *tar_map_add_list(struct tar_map *m, struct sk_span list)
{
	struct sk_span item;
	uint64_t n;

	tar_map_reset(m);
	if (list.len == 0)
		return NULL;
	while (sk_span_cut(&list, ',', &item)) {
		if (!tar_pax_number(item, &n))
			return "malformed sparse map";
		if (!tar_map_add(m, n))
			return "too many sparse extents";
	}
	return NULL;
}

const char *tar_map_check(const struct tar_map *m, uint64_t size, uint64_t stored)
{
	uint64_t end = 0;
	uint64_t total = 0;

	if (m->half)
		return "sparse map of odd length";
	for (size_t i = 0; i < m->n_extents; i++) {
		const struct tar_extent *e = &m->extents[i];

		if (e->off < end)
			return "sparse extents overlap or go backwards";
		if (__builtin_add_overflow(e->off, e->len, &end) || end > size)
			return "sparse extent beyond the end of the member";
		total += e->len; /* at most size, as they do not overlap */
	}
	return total > stored ? "sparse map needs more bytes than are stored" : NULL;
}
