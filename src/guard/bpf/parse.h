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
	/* --eval, --command, --print, --run bring code; of valued: see guard_parse_takes_value() */
	GUARD_LETTER_LONG = 28,
	GUARD_LETTER_W = 29, /* W and X, of which Python has both */
	GUARD_LETTER_I = 30,
	GUARD_LETTER_O = 31,
	GUARD_NAME_HASHED = 96, /* longest base name that is compared */
};

/** struct guard_parse - state and result */
struct guard_parse {
	guard_u64 hash;
	guard_u64 argv0;    /* FNV-1a of the base name of argv[0], a leading '-' dropped */
	guard_u64 words[2]; /* FNV-1a of the base names of the first words */
	guard_u32 n_words;
	guard_u32 letters;   /* options that bring code */
	guard_u32 valued;    /* options whose value is the next argument */
	guard_u32 arg;       /* index of the current argument, at most 64 */
	guard_u32 pos;       /* position in it */
	guard_u32 dashes;    /* leading ones */
	guard_u32 skip;      /* the current argument is an option's value */
	guard_u32 last;      /* last letter of a short option */
	guard_u32 attached;  /* the option's value is in the same argument */
	guard_u32 code[2];   /* code was given before the first, the second word */
	guard_u32 stdin_[2]; /* the same with "-", or an option: read from standard input */
	guard_u32 base_len;
	guard_u32 too_long; /* a name is longer than what is compared */
};

static inline __attribute__((always_inline)) guard_u32 guard_parse_letter(guard_u8 c)
{
	if (c >= 'a' && c <= 'z')
		return 1u << ((c - 'a') & 31);
	switch (c) {
	case 'E':
		return 1u << GUARD_LETTER_E;
	case 'R':
		return 1u << GUARD_LETTER_R;
	case 'W':
	case 'X':
		return 1u << GUARD_LETTER_W;
	case 'I':
		return 1u << GUARD_LETTER_I;
	case 'O':
		return 1u << GUARD_LETTER_O;
	case 'M': /* Perl: as m */
		return 1u << ('m' - 'a');
	case 'B': /* PHP: no b */
		return 1u << ('b' - 'a');
	}
	return 0;
}

/*
 * Options with names, by the FNV-1a of the name, that take the next argument: what follows them is
 * no script.
 */
static inline __attribute__((always_inline)) int guard_parse_takes_value(guard_u64 name)
{
	switch (name) {
	case 0x7d8841cdd6ce7384ull: /* bash: --rcfile */
	case 0xdafb32245727049cull: /* bash: --init-file */
	case 0x67c212779cb9533aull: /* zsh: --emulate */
	case 0xb2da471cf8314f70ull: /* tclsh: --encoding */
	case 0x4c56130c429d6d92ull: /* php: --define */
	case 0x7d760eec07c486d5ull: /* php: --docroot */
	case 0xdfa284d233c20962ull: /* php: --zend-extension */
	case 0xf4d30088534a1af4ull: /* node: --import */
	case 0x037e0ed2f49acee2ull: /* node: --loader */
	case 0xda31296c0c1b6029ull: /* node: --title */
	case 0xffb323f0b40b783dull: /* node: --icu-data-dir */
	case 0xf1248127777364b2ull: /* node: --openssl-config */
	case 0x158294bb274e66b8ull: /* node: --diagnostic-dir */
	case 0x38189bb83dc939d6ull: /* node: --disable-warning */
	case 0x2bde494b37dd93b7ull: /* node: --dns-result-order */
	case 0xdd02dd4b49b24652ull: /* node: --input-type */
	case 0xaa53e97007d5bbdaull: /* node: --localstorage-file */
	case 0xd56337b3083dd121ull: /* node: --secure-heap */
	case 0xb63fead9a1161c78ull: /* node: --secure-heap-min */
	case 0x48389f0cf1b28e01ull: /* node: --tls-cipher-list */
	case 0xa155528df0231d6eull: /* node: --tls-keylog */
	case 0xa4160023b94c3502ull: /* node: --trace-event-categories */
	case 0xcd51b528ee501b6bull: /* node: --trace-event-file-pattern */
	case 0x79789ff7ee190633ull: /* node: --unhandled-rejections */
	case 0x761c792dfd0a9f0aull: /* node: --use-largepages */
	case 0x072faf92b1c24b78ull: /* node: --watch-path */
	case 0x6b0f30adf3cfb329ull: /* node: --inspect-port */
	case 0x424f47c4ccb56658ull: /* node: --debug-port */
	case 0x3ecb02b4435ae864ull: /* node: --max-http-header-size */
	case 0x42ec1dad94992136ull: /* node: --heapsnapshot-signal */
	case 0x720d6e560fcf4f0full: /* node: --heapsnapshot-near-heap-limit */
	case 0xfb61388273ae8b1bull: /* node: --heap-prof-dir */
	case 0xf78ca3ff00af4d7full: /* node: --heap-prof-name */
	case 0xa1a09086f8887c05ull: /* node: --heap-prof-interval */
	case 0xc21e38f7eb5ad8d3ull: /* node: --snapshot-blob */
	case 0xf369c6e2360c3c13ull: /* node: --build-snapshot-config */
	case 0x44bdb1f53585e996ull: /* node: --v8-pool-size */
	case 0xe83115b9c2935fa4ull: /* node: --security-revert */
	case 0x5a4deb4e788e9f6cull: /* node: --network-family-autoselection-attempt-timeout */
		return 1;
	}
	return 0;
}

static inline __attribute__((always_inline)) void guard_parse_end(struct guard_parse *p)
{
	if (p->arg == 0) {
		p->argv0 = p->hash;
	} else if (p->skip) {
		p->skip = 0;
	} else if (p->dashes == 1 && p->pos == 1) {
		if (p->n_words < 2)
			p->stdin_[p->n_words & 1] = 1;
	} else if (p->dashes != 0) {
		p->skip = p->dashes == 1 && (p->valued & p->last) != 0 && !p->attached;
		if ((p->valued & (1u << GUARD_LETTER_LONG)) != 0 &&
		    guard_parse_takes_value(p->hash))
			p->skip = 1;
	} else if (p->dashes == 0 && p->n_words < 2) {
		p->words[p->n_words & 1] = p->hash;
		p->n_words++;
	}
	if (p->arg < 64)
		p->arg++;
	p->pos = 0;
	p->dashes = 0;
	p->last = 0;
	p->attached = 0;
	p->base_len = 0;
	p->hash = GUARD_FNV_BASIS;
}

static inline __attribute__((always_inline)) void guard_parse_option(struct guard_parse *p,
								     guard_u8 c)
{
	const guard_u32 alone = 1u << ('o' - 'a') | 1u << GUARD_LETTER_O; /* of shells */
	guard_u32 letter = guard_parse_letter(c);
	int code = 0;

	p->hash = (p->hash ^ c) * GUARD_FNV_PRIME;
	if (p->dashes == 1 && (p->valued & p->last & ~alone) != 0) {
		p->attached = 1;
	} else if (p->dashes == 1) {
		code = (p->letters & letter) != 0;
		p->last = letter;
	} else if (p->pos == 2 && (p->letters & (1u << GUARD_LETTER_LONG)) != 0) {
		code = c == 'e' || c == 'c' || c == 'p' || c == 'r';
	}
	if (!code || p->n_words >= 2)
		return;
	/* -s of shells, -i, -d and -a of others */
	if (p->dashes == 1 && (c == 's' || c == 'i' || c == 'd' || c == 'a'))
		p->stdin_[p->n_words & 1] = 1;
	else
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
	p->attached = 0;
	p->code[0] = 0;
	p->code[1] = 0;
	p->stdin_[0] = 0;
	p->stdin_[1] = 0;
	p->base_len = 0;
	p->too_long = 0;
}
