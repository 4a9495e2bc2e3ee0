/* SPDX-License-Identifier: Apache-2.0 */
/* How a program was called: interpreters and their scripts, multi-call binaries and their applets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "guard/bpf/parse.h"
#include "guard/profile.h"

/** struct guard_family - what is special about a program, by its name */
struct guard_family {
	bool interpreter;
	bool multicall;
	uint32_t letters; /* see bpf/parse.h */
	uint32_t valued;
	bool reopens; /* opens its script twice, and runs what it has the second time */
};

/** struct guard_call - how it was called */
struct guard_call {
	struct guard_family family;
	const char *applet; /* base name it was called by; of a multi-call binary its applet */
	const char *script; /* argument that names the script; NULL for none */
	bool is_self;       /* a multi-call binary under its own name */
	bool is_shell;      /* an interpreter, or an applet that is one */
	bool code;          /* code came in the arguments */
	bool interactive;   /* neither code nor script */
};

/**
 * guard_family_of() - what a program is, by the base name of its path
 * @path: may be NULL
 *
 * Return: nothing special for names that are not known.
 */
struct guard_family guard_family_of(const char *path);

/**
 * guard_applet_is_shell() - does an applet run scripts
 * @name: applet
 *
 * Return: true for sh and its kin.
 */
bool guard_applet_is_shell(const char *name);

/**
 * guard_call_parse() - how a program was called
 * @path: of the program
 * @args: argv
 * @n_args: count
 * @ret: filled; texts are borrowed from @args
 */
void guard_call_parse(const char *path, const char *const *args, size_t n_args,
		      struct guard_call *ret);

/**
 * guard_call_is_title() - did a process write something else over its arguments
 * @exe: path of what it runs
 * @args: what cmdline says they are
 * @n_args: count
 * @len: bytes that cmdline has
 * @area: bytes that exec(2) put there, 0 when not known
 *
 * A server's "nginx: worker process" is nothing that anybody started it with. cmdline has as many
 * bytes as exec put there, unless the last of them was overwritten; a title that is shorter is
 * followed by NULs, or is no name that a program has. When in doubt it is taken for a title.
 *
 * Source: proc_pid_cmdline(5), proc_pid_stat(5) arg_start and arg_end.
 * Return: true, then @args are not the ones it was started with.
 */
bool guard_call_is_title(const char *exe, const char *const *args, size_t n_args, size_t len,
			 size_t area);

/**
 * guard_name_hash() - the hash by which the kernel half knows a name
 * @path: its base name counts
 *
 * Return: FNV-1a.
 */
uint64_t guard_name_hash(const char *path);

/**
 * guard_path_hash() - number of a whole path, as the kernel half has it of sockets
 * @path: path
 *
 * Return: FNV-1a.
 */
uint64_t guard_path_hash(const char *path);

/**
 * guard_call_judge() - is this use of a known program known
 * @prog: program of a profile
 * @call: how it was called
 *
 * The same rules as the kernel half's (bpf/decide.h).
 * Return: GUARD_REC_R_NONE, or the reason why not.
 */
enum guard_rec_reason guard_call_judge(const struct guard_program *prog,
				       const struct guard_call *call);
