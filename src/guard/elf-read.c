/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF: only what leads to other files. Section headers are not looked at, as the kernel and the
 * dynamic linker do not either. Every offset is checked against the file, every count is bounded.
 */
#include "guard/elf-read.h"

#include <elf.h>
#include <string.h>

#include "base/alloc.h"

enum {
	MAX_SEGMENTS = 256,
	MAX_DYNAMIC = 4096, /* entries of the dynamic section */
	MAX_STRING = 4096,  /* PATH_MAX; search paths are longer in no real file */
};

struct segment {
	uint32_t type;
	uint64_t offset;
	uint64_t address;
	uint64_t size; /* in the file */
};

struct reader {
	const struct guard_elf_source *src;
	struct sk_arena *arena;
	struct sk_err *err;
	struct guard_elf *elf;
	struct segment segments[MAX_SEGMENTS];
	size_t n_segments;
};

static int damaged(struct reader *r, const char *what)
{
	return sk_err_set(r->err, SK_E_FORMAT, "ELF: %s", what);
}

static int read_at(struct reader *r, uint64_t off, void *buf, size_t len)
{
	if (off > r->src->size || len > r->src->size - off)
		return damaged(r, "a part lies beyond the end of the file");
	return r->src->read(r->src->ctx, off, buf, len);
}

/* A NUL-terminated text that ends before @limit bytes. */
static int read_string(struct reader *r, uint64_t off, uint64_t limit, const char **ret)
{
	char text[MAX_STRING];
	size_t len;
	int res;

	if (off > r->src->size)
		return damaged(r, "a text lies beyond the end of the file");
	if (limit > r->src->size - off)
		limit = r->src->size - off;
	len = limit < sizeof(text) ? (size_t)limit : sizeof(text);
	res = read_at(r, off, text, len);
	if (res < 0)
		return res;
	if (memchr(text, '\0', len) == NULL)
		return damaged(r, "a text has no end");
	*ret = sk_arena_strdup(r->arena, text);
	return 0;
}

static int read_segment(struct reader *r, uint64_t off, struct segment *ret)
{
	int res;

	if (r->elf->is_64) {
		Elf64_Phdr ph;

		res = read_at(r, off, &ph, sizeof(ph));
		if (res == 0)
			*ret = (struct segment){ph.p_type, ph.p_offset, ph.p_vaddr, ph.p_filesz};
	} else {
		Elf32_Phdr ph;

		res = read_at(r, off, &ph, sizeof(ph));
		if (res == 0)
			*ret = (struct segment){ph.p_type, ph.p_offset, ph.p_vaddr, ph.p_filesz};
	}
	return res;
}

static int read_header(struct reader *r, uint64_t *ret_off, size_t *ret_n)
{
	Elf64_Ehdr h64;
	Elf32_Ehdr h32;
	size_t entry;
	int res;

	if (r->elf->is_64) {
		res = read_at(r, 0, &h64, sizeof(h64));
		if (res < 0)
			return res;
		*ret_off = h64.e_phoff;
		*ret_n = h64.e_phnum;
		entry = h64.e_phentsize;
		r->elf->machine = h64.e_machine;
		r->elf->type = h64.e_type;
	} else {
		res = read_at(r, 0, &h32, sizeof(h32));
		if (res < 0)
			return res;
		*ret_off = h32.e_phoff;
		*ret_n = h32.e_phnum;
		entry = h32.e_phentsize;
		r->elf->machine = h32.e_machine;
		r->elf->type = h32.e_type;
	}
	if (*ret_n != 0 && entry != (r->elf->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return damaged(r, "program headers of another size");
	if (*ret_n > MAX_SEGMENTS)
		return sk_err_set(r->err, SK_E_LIMIT, "ELF: more than %d segments", MAX_SEGMENTS);
	return 0;
}

static int read_segments(struct reader *r)
{
	size_t size = r->elf->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint64_t off = 0;
	size_t n = 0;
	int res = read_header(r, &off, &n);

	for (size_t i = 0; res == 0 && i < n; i++) {
		uint64_t at;

		if (__builtin_add_overflow(off, i * size, &at))
			return damaged(r, "program headers beyond the end of the file");
		res = read_segment(r, at, &r->segments[i]);
	}
	r->n_segments = n;
	return res;
}

/* Where an address of memory is in the file, and how much of its segment follows. */
static bool file_offset(const struct reader *r, uint64_t address, uint64_t *ret_off,
			uint64_t *ret_left)
{
	for (size_t i = 0; i < r->n_segments; i++) {
		const struct segment *s = &r->segments[i];

		if (s->type != PT_LOAD || address < s->address || address - s->address >= s->size)
			continue;
		if (__builtin_add_overflow(s->offset, address - s->address, ret_off))
			return false;
		*ret_left = s->size - (address - s->address);
		return true;
	}
	return false;
}

struct dynamic {
	uint64_t needed[GUARD_ELF_MAX_NEEDED]; /* offsets into the strings */
	uint64_t soname, rpath, runpath;       /* UINT64_MAX: absent */
	uint64_t strings;                      /* address */
	uint64_t strings_size;
};

static int note_entry(struct reader *r, struct dynamic *d, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case DT_NEEDED:
		if (r->elf->n_needed == GUARD_ELF_MAX_NEEDED)
			return sk_err_set(r->err, SK_E_LIMIT, "ELF: more than %d libraries",
					  GUARD_ELF_MAX_NEEDED);
		d->needed[r->elf->n_needed++] = value;
		break;
	case DT_SONAME:
		d->soname = value;
		break;
	case DT_RPATH:
		d->rpath = value;
		break;
	case DT_RUNPATH:
		d->runpath = value;
		break;
	case DT_STRTAB:
		d->strings = value;
		break;
	case DT_STRSZ:
		d->strings_size = value;
		break;
	default:
		break;
	}
	return 0;
}

static int read_entries(struct reader *r, const struct segment *s, struct dynamic *d)
{
	size_t size = r->elf->is_64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);

	for (uint64_t i = 0; i < s->size / size; i++) {
		uint64_t tag, value, at;
		Elf64_Dyn d64;
		Elf32_Dyn d32;
		int res;

		if (i == MAX_DYNAMIC)
			return sk_err_set(r->err, SK_E_LIMIT, "ELF: a dynamic section without end");
		if (__builtin_add_overflow(s->offset, i * size, &at))
			return damaged(r, "the dynamic section is beyond the end of the file");
		if (r->elf->is_64) {
			res = read_at(r, at, &d64, sizeof(d64));
			tag = res == 0 ? (uint64_t)d64.d_tag : 0;
			value = res == 0 ? d64.d_un.d_val : 0;
		} else {
			res = read_at(r, at, &d32, sizeof(d32));
			tag = res == 0 ? (uint64_t)(uint32_t)d32.d_tag : 0;
			value = res == 0 ? d32.d_un.d_val : 0;
		}
		if (res < 0 || tag == DT_NULL)
			return res;
		res = note_entry(r, d, tag, value);
		if (res < 0)
			return res;
	}
	return 0;
}

static int dynamic_string(struct reader *r, const struct dynamic *d, uint64_t index,
			  const char **ret)
{
	uint64_t off, left;

	if (index == UINT64_MAX)
		return 0;
	if (!file_offset(r, d->strings, &off, &left))
		return damaged(r, "the dynamic strings are in no segment");
	if (d->strings_size < left)
		left = d->strings_size;
	if (index >= left)
		return damaged(r, "a dynamic text lies beyond the strings");
	return read_string(r, off + index, left - index, ret);
}

static int read_dynamic(struct reader *r, const struct segment *s)
{
	struct dynamic *d = sk_arena_alloc(r->arena, sizeof(*d));
	int res;

	d->soname = d->rpath = d->runpath = UINT64_MAX;
	r->elf->n_needed = 0;
	res = read_entries(r, s, d);
	if (res < 0)
		return res;
	r->elf->needed = sk_arena_array(r->arena, r->elf->n_needed, sizeof(*r->elf->needed));
	for (size_t i = 0; res == 0 && i < r->elf->n_needed; i++) {
		if (d->needed[i] == UINT64_MAX)
			return damaged(r, "a library without a name");
		res = dynamic_string(r, d, d->needed[i], &r->elf->needed[i]);
	}
	if (res == 0)
		res = dynamic_string(r, d, d->soname, &r->elf->soname);
	if (res == 0)
		res = dynamic_string(r, d, d->rpath, &r->elf->rpath);
	if (res == 0)
		res = dynamic_string(r, d, d->runpath, &r->elf->runpath);
	return res;
}

static int read_parts(struct reader *r)
{
	int res = read_segments(r);

	for (size_t i = 0; res == 0 && i < r->n_segments; i++) {
		const struct segment *s = &r->segments[i];

		if (s->type == PT_INTERP && r->elf->interp == NULL)
			res = read_string(r, s->offset, s->size, &r->elf->interp);
		else if (s->type == PT_DYNAMIC && r->elf->needed == NULL)
			res = read_dynamic(r, s);
	}
	return res;
}

int guard_elf_read(const struct guard_elf_source *src, struct sk_arena *a, struct guard_elf *ret,
		   struct sk_err *err)
{
	struct guard_elf elf = {0};
	struct reader *r = sk_arena_alloc(a, sizeof(*r));
	unsigned char ident[EI_NIDENT];
	int res;

	if (src->size < sizeof(ident))
		return 0;
	res = src->read(src->ctx, 0, ident, sizeof(ident));
	if (res < 0)
		return res;
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return 0;
	if (ident[EI_DATA] != ELFDATA2LSB)
		return sk_err_set(err, SK_E_UNSUPPORTED, "ELF: not of little-endian byte order");
	if (ident[EI_CLASS] != ELFCLASS64 && ident[EI_CLASS] != ELFCLASS32)
		return sk_err_set(err, SK_E_FORMAT, "ELF: neither 32 nor 64 bits");
	elf.is_64 = ident[EI_CLASS] == ELFCLASS64;
	r->src = src;
	r->arena = a;
	r->err = err;
	r->elf = &elf;
	res = read_parts(r);
	if (res < 0)
		return res;
	*ret = elf;
	return 1;
}
