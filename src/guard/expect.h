/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile expects of a program start, a file, a port, a capability, a system call: is it
 * known, and if not, what would have been. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "guard/profile.h"

/**
 * guard_expect_arguments() - is a program known with these arguments
 * @prog: program of the profile; one without shapes takes any
 * @args: argv
 * @n_args: count
 *
 * Return: true if so.
 */
bool guard_expect_arguments(const struct guard_program *prog, const char *const *args,
			    size_t n_args);

/**
 * guard_expect_parent() - is a program known as the child of another
 * @prog: program of the profile; one without parents may be anyone's child
 * @exe: who started it; NULL: not known, which is nobody's fault
 *
 * Return: true if so.
 */
bool guard_expect_parent(const struct guard_program *prog, const char *exe);

/**
 * guard_expect_file() - is a file known to be opened
 * @p: profile
 * @path: absolute
 * @access: one of enum guard_access
 *
 * Return: true if so.
 */
bool guard_expect_file(const struct guard_profile *p, const char *path, unsigned access);

/**
 * guard_expect_listen() - is a port known to be offered
 * @p: profile
 * @protocol: "tcp", "udp"
 * @port: number; one ephemeral port is as good as another
 *
 * Return: true if so.
 */
bool guard_expect_listen(const struct guard_profile *p, const char *protocol, uint16_t port);

/**
 * guard_expect_mode() - the mode by which a section is judged
 * @p: profile
 * @section: which
 * @given: --mode
 *
 * A section that nothing was ever learned for is judged only where its own mode is written.
 * Return: GUARD_MODE_UNSET when it is not judged.
 */
enum guard_mode guard_expect_mode(const struct guard_profile *p, enum guard_section section,
				  enum guard_mode given);

/* What would have been expected: a few items and how many more there are; nothing when none. */

/**
 * guard_expected_texts() - the words of a list
 * @list: shapes, parents
 * @b: appended to
 */
void guard_expected_texts(const struct guard_text_list *list, struct sk_buf *b);

/**
 * guard_expected_files() - the patterns nearest to a path
 * @p: profile
 * @path: absolute
 * @access: one of enum guard_access
 * @b: appended to
 */
void guard_expected_files(const struct guard_profile *p, const char *path, unsigned access,
			  struct sk_buf *b);

/**
 * guard_expected_listen() - the ports that the service offers
 * @p: profile
 * @b: appended to
 */
void guard_expected_listen(const struct guard_profile *p, struct sk_buf *b);

/**
 * guard_expected_capabilities() - the capabilities that it uses
 * @p: profile
 * @b: appended to
 */
void guard_expected_capabilities(const struct guard_profile *p, struct sk_buf *b);

/**
 * guard_expected_syscalls() - how many system calls it makes
 * @p: profile
 * @b: appended to
 */
void guard_expected_syscalls(const struct guard_profile *p, struct sk_buf *b);
