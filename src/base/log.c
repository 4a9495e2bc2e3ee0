/* SPDX-License-Identifier: Apache-2.0 */
/* One write() a line, so that lines of several processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/parse.h"

enum {
	LOG_LINE_SIZE = 2048
};

/* The one mutable variable of file scope: set once at start-up. */
static struct {
	enum sk_log_level level;
	unsigned flags;
} log_config = {.level = SK_LOG_WARN};

static const struct {
	const char *word;
	const char *colour;
} log_levels[] = {
	[SK_LOG_ERROR] = {"error", "\x1b[31m"},
	[SK_LOG_WARN] = {"warning", "\x1b[33m"},
	[SK_LOG_INFO] = {"info", ""},
	[SK_LOG_DEBUG] = {"debug", "\x1b[2m"},
};

void sk_log_setup(enum sk_log_level level, unsigned flags)
{
	log_config.level = level;
	log_config.flags = flags;
}

static void log_json(enum sk_log_level level, const char *text)
{
	char when[SK_TIME_TEXT_SIZE];
	struct sk_sink sink;
	struct sk_buf line;
	struct sk_jw w;

	sk_buf_init(&line, 8 * LOG_LINE_SIZE);
	sink = sk_sink_buf(&line);
	sk_jw_init(&w, &sink, 0);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "time", sk_format_time(time(NULL), when));
	sk_jw_str(&w, "level", log_levels[level].word);
	sk_jw_str(&w, "message", text);
	sk_jw_end_object(&w);
	/* A log that cannot be written has nowhere to say so. */
	if (sk_jw_finish(&w) == 0)
		(void)!write(STDERR_FILENO, line.ptr, line.len);
	sk_buf_release(&line);
}

void sk_log(enum sk_log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_SIZE];
	va_list ap;

	if (level > log_config.level)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if ((log_config.flags & SK_LOG_JSON) != 0) {
		log_json(level, text);
	} else {
		bool colour = (log_config.flags & SK_LOG_COLOUR) != 0;

		(void)dprintf(STDERR_FILENO, "stockade: %s%s%s: %s\n",
			      colour ? log_levels[level].colour : "", log_levels[level].word,
			      colour ? "\x1b[0m" : "", text);
	}
}
