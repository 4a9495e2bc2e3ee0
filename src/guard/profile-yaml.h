/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as files: YAML meant to be read and reviewed in version control. */
#pragma once

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/span.h"
#include "guard/profile.h"

/**
 * guard_profile_parse() - profile from its YAML text
 * @text: UTF-8
 * @ret: the caller frees with guard_profile_free()
 * @err: filled on failure, with the line
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT; SK_E_LIMIT too many items.
 */
sk_must_check int guard_profile_parse(struct sk_span text, struct guard_profile **ret,
				      struct sk_err *err);

/**
 * guard_profile_write() - YAML text of a profile
 * @p: profile
 * @sink: receives the text; equal profiles give equal bytes, whatever the order of learning
 *
 * Return: 0, or the sink's failure.
 */
sk_must_check int guard_profile_write(const struct guard_profile *p, const struct sk_sink *sink);

/**
 * guard_profile_file_name() - file name of a service's profile
 * @service: name; "/" becomes "."
 * @buf: receives "<service>.yaml"
 * @size: bytes
 *
 * Return: @buf, or NULL when it does not fit or names no file (empty, ".", "..").
 */
const char *guard_profile_file_name(const char *service, char *buf, size_t size);

/**
 * guard_profile_load() - read DIR/<service>.yaml
 * @dir: directory
 * @service: name
 * @ret: NULL when there is no such file
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int guard_profile_load(const char *dir, const char *service,
				     struct guard_profile **ret, struct sk_err *err);

/**
 * guard_profile_stamp() - which state of DIR/<service>.yaml is there
 * @dir: directory
 * @service: name
 *
 * Return: another number after each change; 0 when there is no such file.
 */
uint64_t guard_profile_stamp(const char *dir, const char *service);

/**
 * guard_profile_lock() - let others of this program that write to a directory wait
 * @dir: directory
 *
 * Waits for them some seconds at most: who can read the directory can lock it.
 * Return: descriptor that holds the lock, -1 when it could not be had.
 */
int guard_profile_lock(const char *dir);

/**
 * guard_profile_save() - write DIR/<service>.yaml, replacing it in one step
 * @dir: directory, made when absent
 * @p: profile
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int guard_profile_save(const char *dir, const struct guard_profile *p,
				     struct sk_err *err);
