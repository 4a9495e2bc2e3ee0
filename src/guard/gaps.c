/* SPDX-License-Identifier: Apache-2.0 */
/* Sections, the programs of the kernel half that see for them, and profiles that name them. */
#include "guard/gaps.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/span.h"
#include "guard/expect.h"
#include "guard/profile-priv.h"
#include "guard/profile-yaml.h"

enum {
	MOST_NAMES = 3,
	MAX_PROFILES = 4096,
};

/* Any of the programs is enough. */
static const struct {
	enum guard_section section;
	const char *programs[MOST_NAMES];
	const char *text;
} needs[] = {
	{GUARD_SECTION_CAPABILITIES,
	 {"guard_capable", "guard_capable_old", "guard_lsm_capable"},
	 "the use of capabilities is not seen here"},
	{GUARD_SECTION_SYSCALLS,
	 {"guard_sys_exit", "guard_sys_exit_old", NULL},
	 "system calls are not seen by the guard that runs"},
	{GUARD_SECTION_FILES,
	 {"guard_sys_exit", "guard_sys_exit_old", "guard_file_open"},
	 "the opening of files is not seen here"},
	{GUARD_SECTION_LISTEN,
	 {"guard_sys_exit", "guard_sys_exit_old", "guard_socket_listen"},
	 "ports that are offered are not seen here"},
};

unsigned guard_backend_blind(enum guard_backend backend)
{
	if (backend != GUARD_BACKEND_FANOTIFY)
		return 0;
	return 1u << GUARD_SECTION_LIBRARIES | 1u << GUARD_SECTION_FILES |
	       1u << GUARD_SECTION_PEERS | 1u << GUARD_SECTION_NAMES | 1u << GUARD_SECTION_LISTEN |
	       1u << GUARD_SECTION_CAPABILITIES | 1u << GUARD_SECTION_SYSCALLS;
}

static bool is_attached(const struct guard_kern *k, const char *name)
{
	size_t n;
	const struct guard_kern_program *p = guard_kern_programs(k, &n);

	for (size_t i = 0; name != NULL && i < n; i++)
		if (strcmp(p[i].name, name) == 0)
			return p[i].attached;
	return false;
}

const char *guard_gap(const struct guard_kern *k, const struct guard_profile *p,
		      enum guard_section section, enum guard_mode given)
{
	if (guard_kern_backend(k) == GUARD_BACKEND_FANOTIFY)
		return (guard_backend_blind(GUARD_BACKEND_FANOTIFY) & 1u << section) != 0 &&
				       guard_expect_mode(p, section, given) >= GUARD_MODE_ALERT
			       ? "the fanotify backend sees programs only"
			       : NULL;
	for (size_t i = 0; i < SK_ARRAY_LEN(needs); i++) {
		bool seen = false;

		for (size_t j = 0; j < MOST_NAMES; j++)
			seen = seen || is_attached(k, needs[i].programs[j]);
		if (needs[i].section != section || seen)
			continue;
		/* Calls are noted where it costs nothing, unless someone asked for them. */
		if (section == GUARD_SECTION_SYSCALLS &&
		    p->section_modes[section] == GUARD_MODE_UNSET)
			return NULL;
		return guard_expect_mode(p, section, given) != GUARD_MODE_UNSET ? needs[i].text
										: NULL;
	}
	return NULL;
}

const char *guard_gap_late(const struct guard_profile *p, enum guard_section section,
			   enum guard_mode given)
{
	if (guard_expect_mode(p, section, given) != GUARD_MODE_ENFORCE)
		return NULL;
	if (section == GUARD_SECTION_LISTEN)
		return "the port is open for a moment before its program is ended";
	if (section == GUARD_SECTION_SYSCALLS)
		return "the call may have happened when its program is ended";
	if (section == GUARD_SECTION_FILES)
		return "the file is opened, even made or emptied, before its program is ended; it "
		       "is not read and not written";
	return NULL;
}

bool guard_gap_modes(const struct guard_kern *k, const struct guard_profile *p,
		     enum guard_mode given, struct sk_buf *b)
{
	static const struct {
		enum guard_mode mode;
		const char *does;
	} said[] = {{GUARD_MODE_ENFORCE, " block"},
		    {GUARD_MODE_ALERT, " alert only"},
		    {GUARD_MODE_AUDIT, " are noted only"}};
	bool is_less = false;

	if ((p->mode != GUARD_MODE_UNSET ? p->mode : given) != GUARD_MODE_ENFORCE)
		return false;
	for (size_t i = 0; i < SK_ARRAY_LEN(said); i++) {
		const char *between = b->len != 0 ? "; " : "";
		size_t before = b->len;

		for (unsigned n = 0; n < GUARD_N_SECTIONS; n++) {
			if (guard_expect_mode(p, n, given) != said[i].mode ||
			    (k != NULL && guard_gap(k, p, n, given) != NULL))
				continue;
			is_less |= i != 0 && p->section_modes[n] == GUARD_MODE_UNSET;
			(void)sk_buf_add_str(b, between);
			(void)sk_buf_add_str(b, guard_section_name(n));
			between = ", ";
		}
		if (b->len != before)
			(void)sk_buf_add_str(b, said[i].does);
	}
	return is_less;
}

static bool wants_calls(int dir, const char *name)
{
	struct guard_profile *p = NULL;
	struct sk_err err;
	struct sk_buf text;
	bool wants = false;

	sk_buf_init(&text, GUARD_PROFILE_MAX_BYTES);
	if (sk_read_file(dir, name, &text, &err) == 0 &&
	    guard_profile_parse(sk_buf_span(&text), &p, &err) == 0)
		wants = p->section_modes[GUARD_SECTION_SYSCALLS] != GUARD_MODE_UNSET;
	guard_profile_free(p);
	sk_buf_release(&text);
	return wants;
}

bool guard_wants_calls(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool wants = false;

	for (int i = 0; d != NULL && !wants && i < MAX_PROFILES; i++) {
		entry = readdir(d);
		if (entry == NULL)
			break;
		if (sk_span_ends(sk_span_str(entry->d_name), ".yaml"))
			wants = wants_calls(dirfd(d), entry->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	return wants;
}
