/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a profile's YAML by tables: the keys of a mapping, the items of a list, values. How text
 * is written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/map.h"
#include "base/span.h"
#include "base/yaml.h"
#include "guard/profile.h"

/** struct guard_reader - the profile being read */
struct guard_reader {
	struct guard_profile *p;
	struct sk_err *err;
};

/** struct guard_seen - what the items before had, where it must not come again */
struct guard_seen {
	struct sk_map keys;
	struct sk_map paths; /* of contents; value: 1 with hash, 2 without */
};

/**
 * struct guard_list - the items of a list go to an array that grows
 * @items: offset of the array in what has the list
 * @n: offset of its count
 * @cap: offset of its room
 * @item_size: bytes
 * @read: reads and checks one; it is all zero before
 */
struct guard_list {
	size_t items;
	size_t n;
	size_t cap;
	size_t item_size;
	int (*read)(struct guard_reader *r, const struct sk_yaml *y, void *item,
		    struct guard_seen *seen);
};

#define GUARD_LIST(type, member, count, room, fn)                                                  \
	{                                                                                          \
		.items = offsetof(struct type, member), .n = offsetof(struct type, count),         \
		.cap = offsetof(struct type, room),                                                \
		.item_size = sizeof(*((struct type *)NULL)->member), .read = fn                    \
	}

/** struct guard_field - a key of a mapping: its value goes to the object at the offset */
struct guard_field {
	const char *name;
	int (*read)(struct guard_reader *r, const struct sk_yaml *y, void *to);
	size_t offset;
	const struct guard_list *list; /* instead of @read; the object has it */
};

#define GUARD_FIELD(name, fn, type, member)                                                        \
	{                                                                                          \
		name, fn, offsetof(struct type, member), NULL                                      \
	}

/* Failures, with the line; @word is shown quoted. */
int guard_read_fail(struct guard_reader *r, const struct sk_yaml *y, const char *what);
int guard_read_fail_word(struct guard_reader *r, const struct sk_yaml *y, const char *what,
			 const char *word);

/* Are all keys among the fields? What is no mapping has none. */
sk_must_check int guard_read_known(struct guard_reader *r, const struct sk_yaml *y,
				   const struct guard_field *fields, size_t n);

/* Reads each key that is there, in the order of the file; unknown ones are refused. */
sk_must_check int guard_read_mapping(struct guard_reader *r, const struct sk_yaml *y,
				     const struct guard_field *fields, size_t n, void *to);

/* Is it a list, and none of too many items? */
sk_must_check int guard_read_expect_list(struct guard_reader *r, const struct sk_yaml *y);

/* Reads a list into @to's array. */
sk_must_check int guard_read_list(struct guard_reader *r, const struct sk_yaml *y,
				  const struct guard_list *l, void *to);

/* Notes a key, which is borrowed. Returns false when it was noted before. */
bool guard_read_is_first(struct sk_map *seen, struct sk_span key);

/* The text of a value, borrowed; it may be empty. */
sk_must_check int guard_read_scalar(struct guard_reader *r, const struct sk_yaml *y,
				    struct sk_span *ret);

/* Readers of one value; @to is a pointer to what the comment says. */
int guard_read_text(struct guard_reader *r, const struct sk_yaml *y, void *to); /* const char * */
int guard_read_bool(struct guard_reader *r, const struct sk_yaml *y, void *to); /* bool */
int guard_read_u64(struct guard_reader *r, const struct sk_yaml *y, void *to);  /* uint64_t */
int guard_read_u32(struct guard_reader *r, const struct sk_yaml *y, void *to);  /* uint32_t */
int guard_read_port(struct guard_reader *r, const struct sk_yaml *y, void *to); /* uint16_t */
int guard_read_time(struct guard_reader *r, const struct sk_yaml *y, void *to); /* int64_t */
int guard_read_mode(struct guard_reader *r, const struct sk_yaml *y,
		    void *to); /* enum guard_mode */
int guard_read_protocol(struct guard_reader *r, const struct sk_yaml *y,
			void *to); /* static text */

/* Adds a text to what is written; @flow: within a list in brackets. */
void guard_write_text(struct sk_buf *b, const char *text, bool flow);
