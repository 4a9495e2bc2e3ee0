/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small process that outlives an agent that is killed. Programs that were stopped to be looked at
 * would stay so for ever: the warden ends them, and ends itself.
 */
#pragma once

#include "base/defs.h"
#include "base/err.h"

/**
 * guard_warden_start() - begin to wait for the end of this process
 * @ret_fd: closed last, after guard_warden_dismiss(); its end is the sign
 * @err: filled on failure
 *
 * To be called before threads are started and files are opened.
 * Return: 0, or negative.
 */
sk_must_check int guard_warden_start(int *ret_fd, struct sk_err *err);

/**
 * guard_warden_dismiss() - the agent ends in order, nothing is held any more
 * @fd: from guard_warden_start(); closed
 */
void guard_warden_dismiss(int *fd);
