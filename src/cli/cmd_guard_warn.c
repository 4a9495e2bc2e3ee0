/* SPDX-License-Identifier: Apache-2.0 */
/* What `guard run` warns of: that it will do less than its profiles or its user may expect. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/cmd_guard_run-priv.h"
#include "guard/gaps.h"

/* A directory without profiles may be meant; a mistyped one looks the same. */
void cmd_guard_warn_no_profiles(const char *dir, enum guard_mode mode)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	const char *why = d == NULL ? strerror(errno) : "it holds none";

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (sk_span_ends(sk_span_str(entry->d_name), ".yaml"))
			why = NULL;
	}
	if (d != NULL)
		(void)closedir(d);
	if (why != NULL)
		sk_log(SK_LOG_WARN,
		       "no profile is in %s (%s): what is selected is under the default mode, %s",
		       dir, why, guard_mode_name(mode));
}

/* What the profile asks for and will not get here; once a profile. */
void cmd_guard_warn_gaps(struct guarding *g, const struct guard_profile *p)
{
	size_t n_said = g->said.n_items;

	if (p == NULL)
		return;
	(void)sk_map_put(&g->said, sk_span_str(p->service), 0);
	if (g->said.n_items == n_said)
		return;
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++) {
		const char *gap = guard_gap(g->kern, p, i, g->mode);
		const char *late = gap == NULL ? guard_gap_late(p, i, g->mode) : NULL;

		if (gap != NULL)
			sk_log(SK_LOG_WARN, "%s: %s cannot be judged: %s", p->service,
			       guard_section_name(i), gap);
		if (late != NULL)
			sk_log(SK_LOG_WARN, "%s: %s: %s", p->service, guard_section_name(i), late);
	}
}
