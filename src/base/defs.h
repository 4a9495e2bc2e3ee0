/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes and tiny macros that a function cannot express. */
#pragma once

#include <stddef.h>

#define sk_must_check __attribute__((warn_unused_result))
#define sk_printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define sk_unused __attribute__((unused))
#define sk_noreturn __attribute__((noreturn))

/* Runs @fn(&variable) when the variable leaves its scope. */
#define sk_cleanup(fn) __attribute__((cleanup(fn)))

/* Hands the pointer over: the variable is NULL afterwards, so its cleanup does nothing. */
#define sk_take(ptr)                                                                               \
	({                                                                                         \
		__auto_type sk_taken_ = (ptr);                                                     \
		(ptr) = NULL;                                                                      \
		sk_taken_;                                                                         \
	})

/* Hands a descriptor over: the variable is -1 afterwards. */
#define sk_take_fd(fd)                                                                             \
	({                                                                                         \
		int sk_taken_fd_ = (fd);                                                           \
		(fd) = -1;                                                                         \
		sk_taken_fd_;                                                                      \
	})

#define SK_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Defines NAMEp(), a cleanup function for a variable of type TYPE *, that calls FREE on it. */
#define SK_DEFINE_CLEANUP(type, free_fn)                                                           \
	static inline sk_unused void free_fn##p(type **ptr)                                        \
	{                                                                                          \
		free_fn(*ptr);                                                                     \
	}                                                                                          \
	struct sk_semicolon_
