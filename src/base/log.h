/* SPDX-License-Identifier: Apache-2.0 */
/* The log: stderr, one line an entry, plain or JSON; libraries log at debug level only. */
#pragma once

#include "base/defs.h"

enum sk_log_level {
	SK_LOG_ERROR,
	SK_LOG_WARN,
	SK_LOG_INFO,
	SK_LOG_DEBUG,
};

enum sk_log_flags {
	SK_LOG_JSON = 1 << 0,
	SK_LOG_COLOUR = 1 << 1,
};

/**
 * sk_log_setup() - choose level and form; before any thread starts
 * @level: most detailed level that is written
 * @flags: enum sk_log_flags
 */
void sk_log_setup(enum sk_log_level level, unsigned flags);

/**
 * sk_log() - write one line to stderr
 * @level: dropped when more detailed than the chosen level
 * @fmt: message; foreign text already escaped
 */
void sk_log(enum sk_log_level level, const char *fmt, ...) sk_printf_like(2, 3);
