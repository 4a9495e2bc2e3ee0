/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend that needs no BPF: fanotify asks before programs are opened for execution, a thread
 * of this process decides. It sees programs only, and it ends with this process.
 */
#pragma once

#include "guard/kern-priv.h"

/**
 * guard_fan_kern_open() - make a group, mark what is mounted, begin to answer
 * @k: zero
 * @o: options
 * @err: filled on failure
 *
 * Return: 0, or negative; the close function of @k->ops is due afterwards.
 */
sk_must_check int guard_fan_kern_open(struct guard_kern *k, const struct guard_kern_options *o,
				      struct sk_err *err);
