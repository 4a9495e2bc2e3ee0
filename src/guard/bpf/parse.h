/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * How a program was called, from its argument text: the name in argv[0], whether options bring code
 * with them, and the first words that are no options (script, applet). One small automaton, fed
 * byte by byte, that both halves run, so that learning and judging agree.
 */
#pragma once

#include "record.h"

enum {
	GUARD_LETTER_E = 26, /* bits of guard_parse.letters and .valued */
	GUARD_LETTER_R = 27,
	GUARD_LETTER_LONG = 28, /* --eval, --command, --print, --run bring code */
	GUARD_NAME_HASHED = 96, /* longest base name that is compared */
};

/** struct guard_parse - state and result */
struct guard_parse {
	guard_u64 hash;
	guard_u64 argv0;    /* FNV-1a of the base name of argv[0], a leading '-' dropped */
	guard_u64 words[2]; /* FNV-1a of the base names of the first words */
	guard_u32 n_words;
	guard_u32 letters; /* options that bring code */
	guard_u32 valued;  /* options whose value is the next argument */
	guard_u32 arg;     /* index of the current argument, at most 64 */
	guard_u32 pos;     /* position in it */
	guard_u32 dashes;  /* leading ones */
	guard_u32 skip;    /* the current argument is an option's value */
	guard_u32 last;    /* last letter of a short option */
	guard_u32 code[2]; /* code was given before the first, the second word */
	guard_u32 stdin_;  /* "-": read from standard input */
	guard_u32 base_len;
	guard_u32 too_long; /* a name is longer than what is compared */
};

static inline __attribute__((always_inline)) guard_u32 guard_parse_letter(guard_u8 c)
{
	if (c >= 'a' && c <= 'z')
		return 1u << ((c - 'a') & 31);
	if (c == 'E')
		return 1u << GUARD_LETTER_E;
	if (c == 'R')
		return 1u << GUARD_LETTER_R;
	return 0;
}

static inline __attribute__((always_inline)) void guard_parse_end(struct guard_parse *p)
{
	if (p->arg == 0) {
		p->argv0 = p->hash;
	} else if (p->skip) {
		p->skip = 0;
	} else if (p->dashes == 1 && p->pos == 1) {
		p->stdin_ = 1;
	} else if (p->dashes == 1) {
		p->skip = (p->valued & p->last) != 0;
	} else if (p->dashes == 0 && p->n_words < 2) {
		p->words[p->n_words & 1] = p->hash;
		p->n_words++;
	}
	if (p->arg < 64)
		p->arg++;
	p->pos = 0;
	p->dashes = 0;
	p->base_len = 0;
	p->hash = GUARD_FNV_BASIS;
}

static inline __attribute__((always_inline)) void guard_parse_option(struct guard_parse *p,
								     guard_u8 c)
{
	guard_u32 letter = guard_parse_letter(c);
	int code = 0;

	if (p->dashes == 1) {
		code = (p->letters & letter) != 0;
		p->last = letter;
	} else if (p->pos == 2 && (p->letters & (1u << GUARD_LETTER_LONG)) != 0) {
		code = c == 'e' || c == 'c' || c == 'p' || c == 'r';
	}
	if (code && p->n_words < 2)
		p->code[p->n_words & 1] = 1;
}

static inline __attribute__((always_inline)) void guard_parse_step(struct guard_parse *p,
								   guard_u8 c)
{
	if (c == 0) {
		guard_parse_end(p);
		return;
	}
	if (p->pos == 0 && c == '-' && p->arg != 0 && !p->skip) {
		p->dashes = 1;
	} else if (p->pos == 1 && c == '-' && p->dashes == 1) {
		p->dashes = 2;
	} else if (p->dashes != 0) {
		guard_parse_option(p, c);
	} else if (c == '/') {
		p->hash = GUARD_FNV_BASIS;
		p->base_len = 0;
	} else if (!(p->pos == 0 && c == '-')) {
		p->hash = (p->hash ^ c) * GUARD_FNV_PRIME;
		p->base_len++;
		if (p->base_len > GUARD_NAME_HASHED && p->n_words < 2)
			p->too_long = 1;
	}
	if (p->pos < 4096)
		p->pos++;
}

static inline __attribute__((always_inline)) void
guard_parse_init(struct guard_parse *p, guard_u32 letters, guard_u32 valued)
{
	p->hash = GUARD_FNV_BASIS;
	p->argv0 = 0;
	p->words[0] = 0;
	p->words[1] = 0;
	p->n_words = 0;
	p->letters = letters;
	p->valued = valued;
	p->arg = 0;
	p->pos = 0;
	p->dashes = 0;
	p->skip = 0;
	p->last = 0;
	p->code[0] = 0;
	p->code[1] = 0;
	p->stdin_ = 0;
	p->base_len = 0;
	p->too_long = 0;
}
