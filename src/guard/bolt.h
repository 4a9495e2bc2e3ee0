/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one value of a bbolt file, the database that containerd keeps its names in. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/span.h"

/**
 * guard_bolt_get() - a value
 * @fd: file, open for reading; somebody may be writing to it
 * @path: names of nested buckets, the key last
 * @n: how many, at least 2
 * @ret: reset, receives the value; its maximum bounds it
 *
 * Return: 1 found, 0 not there, -EBADMSG for what is no such file.
 */
sk_must_check int guard_bolt_get(int fd, const struct sk_span *path, size_t n, struct sk_buf *ret);
