/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Severities, as docs/formats/event.md tells them: by reason; for what a service merely never did
 * by what it is done to.
 */
#include "guard/rating.h"

#include <string.h>

#include "base/defs.h"
#include "base/io.h"
#include "base/span.h"
#include "guard/names.h"
#include "guard/shape.h"
#include "guard/story.h"

#define LOW "low"
#define MEDIUM "medium"
#define HIGH "high"
#define CRITICAL "critical"

static const char *const reasons[] = {
	[GUARD_REASON_NONE] = NULL,         [GUARD_REASON_NOT_IN_PROFILE] = HIGH,
	[GUARD_REASON_ENTRY] = MEDIUM,      [GUARD_REASON_DRIFT] = HIGH,
	[GUARD_REASON_FILELESS] = CRITICAL, [GUARD_REASON_LOADER] = HIGH,
	[GUARD_REASON_SCRIPT] = HIGH,       [GUARD_REASON_APPLET] = HIGH,
	[GUARD_REASON_SHELL] = HIGH,        [GUARD_REASON_ANON_EXEC] = HIGH,
	[GUARD_REASON_RAW_SOCKET] = HIGH,   [GUARD_REASON_ESCAPE] = CRITICAL,
	[GUARD_REASON_TAMPER] = CRITICAL,   [GUARD_REASON_POLICY] = MEDIUM,
};

_Static_assert(SK_ARRAY_LEN(reasons) == GUARD_N_REASONS, "reasons");

/* Opened files that a profile does not list; the first line that fits counts. */
static const struct {
	const char *pattern; /* of guard_pattern_match() */
	const char *read;
	const char *write; /* NULL: as for files of no line */
} paths[] = {
	/* what every program may use */
	{"/dev/null", LOW, LOW},
	{"/dev/zero", LOW, LOW},
	{"/dev/full", LOW, LOW},
	{"/dev/random", LOW, LOW},
	{"/dev/urandom", LOW, LOW},
	{"/dev/tty", LOW, LOW},
	{"/dev/ptmx", LOW, LOW},
	{"/dev/console", LOW, LOW},
	{"/dev/pts/*", LOW, LOW},
	/* what says nothing of the service */
	{"/proc/filesystems", LOW, NULL},
	{"/proc/meminfo", LOW, NULL},
	{"/proc/cpuinfo", LOW, NULL},
	{"/proc/stat", LOW, NULL},
	{"/proc/loadavg", LOW, NULL},
	{"/proc/uptime", LOW, NULL},
	{"/proc/version", LOW, NULL},
	{"/sys/devices/system/cpu/**", LOW, NULL},
	{"/etc/ld.so.cache", LOW, NULL},
	{"/etc/localtime", LOW, NULL},
	{"/etc/locale.alias", LOW, NULL},
	{"/etc/nsswitch.conf", LOW, NULL},
	{"/etc/terminfo/**", LOW, NULL},
	{"/lib/terminfo/**", LOW, NULL},
	{"/usr/lib/locale/**", LOW, NULL},
	{"/usr/share/i18n/**", LOW, NULL},
	{"/usr/share/locale/**", LOW, NULL},
	{"/usr/share/terminfo/**", LOW, NULL},
	{"/usr/share/zoneinfo/**", LOW, NULL},
	{"/usr/**/gconv/**", LOW, NULL},
	/* secrets, beside those of the table of signs */
	{"/run/secrets/**", HIGH, HIGH},
	{"/var/run/secrets/**", HIGH, HIGH},
	{"/etc/ssl/private/**", HIGH, HIGH},
	{"/etc/ssh/ssh_host_*_key", HIGH, HIGH},
	{"/proc/*/environ", HIGH, HIGH},
	{"/**/*.key", HIGH, HIGH},
	/* where programs leave what is theirs alone */
	{"/tmp/**", MEDIUM, MEDIUM},
	{"/var/tmp/**", MEDIUM, MEDIUM},
	{"/dev/shm/**", MEDIUM, MEDIUM},
	{"/run/**", MEDIUM, MEDIUM},
	{"/var/run/**", MEDIUM, MEDIUM},
	{"/var/cache/**", MEDIUM, MEDIUM},
	{"/var/log/**", MEDIUM, MEDIUM},
};

/* Capabilities that come close to root outside; others are less. */
static const char *const strong[] = {
	"SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT",        "BPF",
	"PERFMON",   "MKNOD",      "NET_ADMIN",  "NET_RAW",   "DAC_READ_SEARCH", "SETFCAP",
};

/* libc.so.6 */
static bool is_library(const char *path)
{
	struct sk_span base = sk_path_base(sk_span_str(path));

	return sk_span_ends(base, ".so") || strstr(base.ptr, ".so.") != NULL;
}

static const char *rate_open(const struct guard_event *e)
{
	const char *rest = e->file_write ? HIGH : MEDIUM, *fit;

	if (e->file_path == NULL)
		return rest;
	if (!e->file_write && (e->file_directory ||
			       (e->file_origin == GUARD_ORIGIN_IMAGE && is_library(e->file_path))))
		return LOW;
	for (size_t i = 0; i < SK_ARRAY_LEN(paths); i++) {
		if (!guard_pattern_match(sk_span_str(paths[i].pattern), sk_span_str(e->file_path)))
			continue;
		fit = e->file_write ? paths[i].write : paths[i].read;
		return fit != NULL ? fit : rest;
	}
	return rest;
}

/* A capability, or a system call. */
static const char *rate_power(const struct guard_event *e)
{
	unsigned nr;

	if (e->detail == NULL)
		return MEDIUM;
	if (!guard_capability_number(sk_span_str(e->detail), &nr))
		return e->attack != NULL                            ? HIGH
		       : strcmp(e->detail, GUARD_STORY_COMPAT) == 0 ? MEDIUM
								    : LOW;
	for (size_t i = 0; i < SK_ARRAY_LEN(strong); i++)
		if (strcmp(strong[i], e->detail) == 0)
			return HIGH;
	return MEDIUM;
}

/* What is merely not in the profile, or of who came from outside. */
static const char *rate_kind(const struct guard_event *e)
{
	bool entry = e->reason == GUARD_REASON_ENTRY;

	switch (e->kind) {
	case GUARD_KIND_EXEC:
		/* who comes in for a shell may do anything next */
		return !entry || guard_story_is_shell(e->file_path) ||
				       guard_story_is_shell(e->applet) ||
				       (e->n_args != 0 && guard_story_is_shell(e->args[0]))
			       ? HIGH
			       : MEDIUM;
	case GUARD_KIND_OPEN:
		return rate_open(e);
	case GUARD_KIND_MMAP:
		return e->file_origin != GUARD_ORIGIN_IMAGE ? HIGH : entry ? LOW : MEDIUM;
	case GUARD_KIND_PRIVILEGE:
		return rate_power(e);
	case GUARD_KIND_DNS:
		return MEDIUM;
	default:
		return reasons[e->reason];
	}
}

const char *guard_rating(const struct guard_event *e)
{
	bool by_kind = e->reason == GUARD_REASON_NOT_IN_PROFILE || e->reason == GUARD_REASON_ENTRY;
	const char *severity = by_kind ? rate_kind(e) : reasons[e->reason];

	/* What was worth a block is worth a look. */
	if (e->verdict >= GUARD_VERDICT_DENIED && severity != NULL && strcmp(severity, LOW) == 0)
		return MEDIUM;
	return severity;
}
