/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service is known to do: the data model of profiles. No I/O here: reading and writing YAML
 * is profile-yaml.h, learning fills the model from kernel records (learn.h), enforcement turns it
 * into kernel maps (enforce.h).
 *
 * One profile belongs to one service. It lists the image digests that it was learned from; each
 * item says with a bit mask which of them it was seen in, so that a new digest inherits the items
 * and shows its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/map.h"

/* X(NAME, "text"); UNSET means: whatever --mode or --default-mode says */
#define GUARD_MODES(X)                                                                             \
	X(UNSET, "")                                                                               \
	X(AUDIT, "audit")                                                                          \
	X(ALERT, "alert")                                                                          \
	X(ENFORCE, "enforce")

/*
 * X(NAME, "text", cap): sections with a mode of their own; @cap is the strongest mode that the
 * service's mode gives the section, which only the section's own mode exceeds.
 */
#define GUARD_SECTIONS(X)                                                                          \
	X(EXECUTABLES, "executables", GUARD_MODE_ENFORCE)                                          \
	X(ARGUMENTS, "arguments", GUARD_MODE_ALERT)                                                \
	X(PARENTS, "parents", GUARD_MODE_ALERT)                                                    \
	X(LIBRARIES, "libraries", GUARD_MODE_ENFORCE)                                              \
	X(FILES, "files", GUARD_MODE_ALERT)                                                        \
	X(PEERS, "peers", GUARD_MODE_ENFORCE)                                                      \
	X(NAMES, "names", GUARD_MODE_ALERT)                                                        \
	X(LISTEN, "listen", GUARD_MODE_ALERT)                                                      \
	X(CAPABILITIES, "capabilities", GUARD_MODE_ALERT)                                          \
	X(SYSCALLS, "syscalls", GUARD_MODE_AUDIT)

enum guard_mode {
#define X(name, text) GUARD_MODE_##name,
	GUARD_MODES(X)
#undef X
	GUARD_N_MODES
};

enum guard_section {
#define X(name, text, cap) GUARD_SECTION_##name,
	GUARD_SECTIONS(X)
#undef X
	GUARD_N_SECTIONS
};

enum {
	GUARD_MAX_IMAGES = 64,    /* digests one profile remembers: bits of guard_item.images */
	GUARD_MAX_ITEMS = 100000, /* items of one section; a larger file is refused */
	GUARD_N_SYSCALLS = 512,   /* x86-64 ends below 470 */
	GUARD_SHA256_BYTES = 32,  /* content hash */
	GUARD_MAX_SHAPES = 64     /* argument shapes of one program; more become one "…" */
};

/** struct guard_item - what every learned item carries */
struct guard_item {
	uint64_t images; /* bit i: seen in guard_profile.images[i]; 0: put in by hand, any image */
	uint64_t count;  /* times seen, over all runs */
	int64_t first;   /* seconds since the epoch */
	int64_t last;
	const char *comment; /* kept from the file; NULL for none */
};

/** struct guard_image - an image the service ran from */
struct guard_image {
	const char *reference; /* name:tag as the engine had it, may be NULL */
	const char *digest;    /* repository digest, else image id */
	int64_t first;
	int64_t last;
};

/** struct guard_text_item - a learned word */
struct guard_text_item {
	struct guard_item item;
	const char *text;
};

/** struct guard_index - finds items of a list that a hostile service may make long */
struct guard_index {
	struct sk_map map; /* to the first such item; keys in the profile's arena */
	size_t n_items;    /* of the list that it knows: what is behind them was read since */
};

/** struct guard_text_list - growing list of words, unique, order of learning */
struct guard_text_list {
	struct guard_text_item *items;
	size_t n_items;
	size_t cap;
	struct guard_index index; /* by text */
};

/** struct guard_content - a file's identity: its bytes; the path is for people */
struct guard_content {
	const char *path;
	bool has_sha256;
	uint8_t sha256[GUARD_SHA256_BYTES];
	uint64_t size; /* bytes; checked before the hash is */
};

/** struct guard_script - a script an interpreter was started for, or was given as an argument */
struct guard_script {
	struct guard_item item;
	struct guard_content content;
};

/** struct guard_program - an executable file and how it is used */
struct guard_program {
	struct guard_item item;
	struct guard_content content;
	bool interpreter; /* starts scripts: then only @scripts, or inline code if @inline_code */
	bool inline_code; /* was given code in its arguments (sh -c, perl -e) */
	bool interactive; /* interpreter was started without script and code */
	bool multicall;   /* busybox, toybox, coreutils: then only @applets */
	bool anon_exec;   /* makes anonymous memory executable (a JIT compiler) */
	bool raw_socket;  /* opens raw or packet sockets */
	bool remote;      /* a shell that takes its commands from the network */
	bool entry;       /* was started from outside (docker exec) */
	bool main;        /* was the container's first program */
	struct guard_text_list applets; /* names it was called by */
	struct guard_text_list parents; /* paths of the programs that started it */
	struct guard_text_list shapes;  /* argument shapes, see shape.h */
	struct guard_script *scripts;
	size_t n_scripts;
	size_t scripts_cap;
};

/** struct guard_library - a file mapped as code */
struct guard_library {
	struct guard_item item;
	struct guard_content content;
};

/** enum guard_access - what was done with a file */
enum guard_access {
	GUARD_ACCESS_READ = 1 << 0,
	GUARD_ACCESS_WRITE = 1 << 1,
};

/** struct guard_file - files opened, by pattern: "*" within a component, "**" across components */
struct guard_file {
	struct guard_item item;
	const char *pattern;
	unsigned access; /* enum guard_access */
};

/** struct guard_peer - an address or name with a port that the service talks to */
struct guard_peer {
	struct guard_item item;
	const char *address; /* IP address or prefix a.b.c.d/n; NULL when @name says it */
	const char *name;    /* DNS name, "*." in front for all below; NULL when @address says it */
	const char *protocol; /* "tcp", "udp" */
	uint16_t port;        /* 0: any */
};

/** struct guard_listen - a port that the service offers */
struct guard_listen {
	struct guard_item item;
	const char *protocol;
	uint16_t port;
};

/** struct guard_profile - one service; made by guard_profile_new() */
struct guard_profile {
	struct sk_arena *arena; /* all text of the profile */
	const char *service;
	enum guard_mode mode;
	enum guard_mode section_modes[GUARD_N_SECTIONS];

	/* How it came about */
	bool incomplete;    /* events were lost while learning, or a program's content is missing */
	uint64_t unseen;    /* bit (1u << section): whatever learned it could not see these */
	uint64_t lost;      /* how many */
	uint32_t runs;      /* learning runs merged */
	uint32_t replicas;  /* containers it was learned from, over all runs */
	uint32_t starts;    /* of those, how many were learned from their start on */
	int64_t first;      /* learning began, seconds since the epoch */
	int64_t last;       /* learning ended */
	int64_t last_new;   /* the last item that was new */
	uint64_t learned_s; /* seconds of learning, all runs together */

	struct guard_image images[GUARD_MAX_IMAGES];
	size_t n_images;

	struct guard_program *programs;
	size_t n_programs;
	size_t programs_cap;
	struct guard_library *libraries;
	size_t n_libraries;
	size_t libraries_cap;
	struct guard_index library_index; /* by content, and by path */
	struct guard_file *files;
	size_t n_files;
	size_t files_cap;
	struct guard_index file_index; /* by pattern */
	struct guard_peer *peers;
	size_t n_peers;
	size_t peers_cap;
	struct guard_index peer_index; /* by all that tells two apart */
	struct guard_text_list names;  /* DNS names asked for, "*." in front for all below */
	struct guard_listen *listen;
	size_t n_listen;
	size_t listen_cap;
	uint64_t capabilities; /* bit n: CAP_n was used */
	uint64_t syscalls[GUARD_N_SYSCALLS / 64];
	bool syscalls_ia32; /* 32-bit calls were made; they are not listed */
};

/**
 * guard_profile_new() - empty profile
 * @service: name, copied
 *
 * Return: the caller frees with guard_profile_free().
 */
struct guard_profile *guard_profile_new(const char *service);

/**
 * guard_profile_free() - drop a profile and everything in it
 * @p: may be NULL
 */
void guard_profile_free(struct guard_profile *p);
SK_DEFINE_CLEANUP(struct guard_profile, guard_profile_free);

/**
 * guard_profile_mode() - the mode in force for a section
 * @p: profile
 * @section: which
 * @given: --mode
 *
 * The section's own mode, else the profile's or @given cut to what the section takes by default:
 * GUARD_MODE_AUDIT for a section that learning could not see.
 * Return: never GUARD_MODE_UNSET unless @given is.
 */
enum guard_mode guard_profile_mode(const struct guard_profile *p, enum guard_section section,
				   enum guard_mode given);

/**
 * guard_profile_is_new_image() - is a digest none of those that the profile was learned from
 * @p: profile
 * @digest: may be NULL: not known, so not new
 *
 * Return: true if so; false for a profile that names no image.
 */
bool guard_profile_is_new_image(const struct guard_profile *p, const char *digest);

/**
 * guard_profile_settle() - an incomplete profile that lacks nothing any more is complete
 * @p: profile; what was lost stays lost, a program whose content was missing may have it now
 */
void guard_profile_settle(struct guard_profile *p);

/**
 * guard_content_complete() - enter the hash of a file that could not be read before
 * @have: unchanged when it has one
 * @found: the same file
 */
void guard_content_complete(struct guard_content *have, const struct guard_content *found);

/**
 * guard_profile_image() - find or add an image
 * @p: profile
 * @digest: not NULL
 * @reference: may be NULL
 * @now: seconds since the epoch
 *
 * Return: its bit for guard_item.images; 0 when the profile is full of images.
 */
uint64_t guard_profile_image(struct guard_profile *p, const char *digest, const char *reference,
			     int64_t now);

/**
 * guard_profile_program() - find a program by content, or by path when @content has no hash
 * @p: profile
 * @content: identity
 *
 * Return: NULL when absent.
 */
struct guard_program *guard_profile_program(const struct guard_profile *p,
					    const struct guard_content *content);

/**
 * guard_profile_add_program() - find or add a program
 * @p: profile
 * @content: identity, copied
 * @ret_new: set to true when it was added; never set to false; may be NULL
 *
 * Return: valid until the next addition; NULL when there are GUARD_MAX_ITEMS.
 */
struct guard_program *guard_profile_add_program(struct guard_profile *p,
						const struct guard_content *content, bool *ret_new);

/**
 * guard_profile_add_script() - find or add a script of an interpreter
 * @p: profile
 * @prog: program of @p
 * @content: identity, copied
 * @ret_new: set to true when it was added; may be NULL
 *
 * Return: valid until the next addition; NULL when there are GUARD_MAX_ITEMS.
 */
struct guard_script *guard_profile_add_script(struct guard_profile *p, struct guard_program *prog,
					      const struct guard_content *content, bool *ret_new);

/**
 * guard_profile_add_library() - find or add a library
 * @p: profile
 * @content: identity, copied
 * @ret_new: set to true when it was added; may be NULL
 *
 * Return: valid until the next addition; NULL when there are GUARD_MAX_ITEMS.
 */
struct guard_library *guard_profile_add_library(struct guard_profile *p,
						const struct guard_content *content, bool *ret_new);

/**
 * guard_profile_complete_library() - guard_content_complete() for a library
 * @p: profile
 * @lib: of it
 * @found: the same file
 */
void guard_profile_complete_library(struct guard_profile *p, struct guard_library *lib,
				    const struct guard_content *found);

/**
 * guard_profile_add_file() - find or add a file pattern
 * @p: profile
 * @pattern: copied
 * @ret_new: set to true when it was added; may be NULL
 *
 * Return: valid until the next addition; NULL when there are GUARD_MAX_ITEMS.
 */
struct guard_file *guard_profile_add_file(struct guard_profile *p, const char *pattern,
					  bool *ret_new);

/**
 * guard_profile_add_peer() - find or add a peer
 * @p: profile
 * @peer: texts are copied, @peer->item is not
 * @ret_new: set to true when it was added; may be NULL
 *
 * Return: valid until the next addition; NULL when there are GUARD_MAX_ITEMS.
 */
struct guard_peer *guard_profile_add_peer(struct guard_profile *p, const struct guard_peer *peer,
					  bool *ret_new);

/**
 * guard_profile_add_listen() - find or add a port offered
 * @p: profile
 * @protocol: "tcp" or "udp"
 * @port: number
 * @ret_new: set to true when it was added; may be NULL
 *
 * Return: valid until the next addition; NULL when there are GUARD_MAX_ITEMS.
 */
struct guard_listen *guard_profile_add_listen(struct guard_profile *p, const char *protocol,
					      uint16_t port, bool *ret_new);

/**
 * guard_profile_add_text() - find or add a word of a list
 * @p: profile whose arena takes the copy
 * @list: list of @p
 * @text: copied
 * @ret_new: set to true when it was added; may be NULL
 *
 * Return: valid until the next addition; NULL when there are GUARD_MAX_ITEMS.
 */
struct guard_text_item *guard_profile_add_text(struct guard_profile *p,
					       struct guard_text_list *list, const char *text,
					       bool *ret_new);

/**
 * guard_mode_name() - word for a mode
 * @mode: any value
 *
 * Return: static text.
 */
const char *guard_mode_name(enum guard_mode mode);

/**
 * guard_mode_parse() - mode from its word
 * @text: may be NULL
 * @ret: written on success; never GUARD_MODE_UNSET
 *
 * Return: false when it is none.
 */
sk_must_check bool guard_mode_parse(const char *text, enum guard_mode *ret);

/**
 * guard_section_name() - word for a section
 * @section: any value
 *
 * Return: static text.
 */
const char *guard_section_name(enum guard_section section);
