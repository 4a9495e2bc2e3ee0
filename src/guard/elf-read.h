/* SPDX-License-Identifier: Apache-2.0 */
/* What the dynamic linker would look for: a small reader of ELF files for hostile input. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"

enum {
	GUARD_ELF_MAX_NEEDED = 512, /* libraries of one file; the largest programs have 200 */
};

/** struct guard_elf_source - where the bytes come from */
struct guard_elf_source {
	/* Reads exactly @len bytes at @off; 0, or negative. */
	int (*read)(void *ctx, uint64_t off, void *buf, size_t len);
	void *ctx;
	uint64_t size;
};

/** struct guard_elf - facts; text lives in the arena */
struct guard_elf {
	bool is_64;
	uint16_t machine;    /* EM_* */
	uint16_t type;       /* ET_EXEC, ET_DYN, … */
	const char *interp;  /* PT_INTERP, NULL: static or a library */
	const char **needed; /* DT_NEEDED */
	size_t n_needed;
	const char *soname;  /* DT_SONAME or NULL */
	const char *rpath;   /* DT_RPATH or NULL */
	const char *runpath; /* DT_RUNPATH or NULL */
};

/**
 * guard_elf_read() - read the program headers and the dynamic section
 * @src: file
 * @a: text lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 1 an ELF file, 0 none (other magic), negative: an ELF file that is damaged or of another
 * byte order. Errors: SK_E_FORMAT, SK_E_LIMIT, SK_E_UNSUPPORTED; what the source says.
 * Source: System V ABI, edition 4.1, chapters 4 and 5; elf(5).
 */
sk_must_check int guard_elf_read(const struct guard_elf_source *src, struct sk_arena *a,
				 struct guard_elf *ret, struct sk_err *err);
