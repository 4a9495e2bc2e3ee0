/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this folder share. */
#pragma once

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "guard/profile-yaml.h"

/* A file of the directory given to the test; the caller frees. */
static inline char *slurp(const char *dir, const char *name)
{
	struct sk_err err = {0};
	char path[4096];
	struct sk_buf b;
	char *text;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	sk_buf_init(&b, 16 << 20);
	if (sk_read_file(AT_FDCWD, path, &b, &err) < 0)
		fail_msg("%s", err.msg);
	(void)sk_buf_add_char(&b, '\0');
	text = sk_buf_steal(&b);
	return text;
}

/* A profile that must be readable. */
static inline struct guard_profile *profile_of(const char *text)
{
	struct guard_profile *p = NULL;
	struct sk_err err = {0};

	if (guard_profile_parse(sk_span_str(text), &p, &err) < 0)
		fail_msg("%s", err.msg);
	return p;
}

/* Its text; the caller frees. */
static inline char *text_of(const struct guard_profile *p)
{
	struct sk_sink sink;
	struct sk_buf b;

	sk_buf_init(&b, 64 << 20);
	sink = sk_sink_buf(&b);
	assert_int_equal(guard_profile_write(p, &sink), 0);
	return sk_buf_steal(&b);
}

/* "\n" and "\t" written as two characters become one. */
static inline char *unescape(const char *s)
{
	char *text = sk_strdup(s);
	char *to = text;

	for (; *s != '\0'; s++) {
		if (s[0] == '\\' && (s[1] == 'n' || s[1] == 't')) {
			*to++ = s[1] == 'n' ? '\n' : '\t';
			s++;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return text;
}

/*
 * Runs @check(columns, n, ctx) for each line of a data file: columns are separated by tabs, empty
 * lines and lines that begin with '#' are skipped.
 */
static inline size_t each_line(const char *dir, const char *name, size_t max_columns,
			       void (*check)(char **columns, size_t n, void *ctx), void *ctx)
{
	char *text = slurp(dir, name);
	size_t n_lines = 0;

	for (char *line = text; line != NULL && *line != '\0';) {
		char *end = strchr(line, '\n');
		char *columns[8];
		size_t n = 0;

		if (end != NULL)
			*end++ = '\0';
		if (line[0] != '\0' && line[0] != '#') {
			for (char *c = line; c != NULL && n < max_columns; n++) {
				columns[n] = c;
				c = n + 1 < max_columns ? strchr(c, '\t') : NULL;
				if (c != NULL)
					*c++ = '\0';
			}
			check(columns, n, ctx);
			n_lines++;
		}
		line = end;
	}
	sk_free(text);
	return n_lines;
}
