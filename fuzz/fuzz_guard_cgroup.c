/* SPDX-License-Identifier: Apache-2.0 */
/* Names of cgroups, which containers may choose: ids have their form, a path never leaves its root.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "guard/cgroup.h"
#include "guard/engine.h"

enum {
	MAX_INPUT = 4096,
};

static void check_path(const char *root, const char *path)
{
	size_t n = strlen(root);

	if (strncmp(path, root, n) != 0 || (path[n] != '\0' && path[n] != '/') ||
	    strstr(path, "/../") != NULL || !guard_cgroup_is_below(path, root))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mounts[] = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
				     "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n";
	struct sk_span name = sk_span_of(data, size);
	char id[GUARD_CONTAINER_ID_SIZE], chosen[GUARD_ID_SIZE], path[GUARD_CGROUP_PATH_SIZE];
	char given[MAX_INPUT + 1];

	if (size > MAX_INPUT)
		return 0;
	if (guard_cgroup_container_id(name, id) &&
	    strspn(id, "0123456789abcdef") != GUARD_CONTAINER_ID_SIZE - 1)
		abort();
	if (guard_cgroup_chosen_id(name, chosen, sizeof(chosen)) && strlen(chosen) > size)
		abort();
	if (size != 0)
		memcpy(given, data, size);
	given[size] = '\0';
	if (guard_cgroup_spell(sk_span_str(mounts), "/c", given, path, sizeof(path)))
		check_path("/c", path);
	/* the table of mounts has names that others chose */
	if (guard_cgroup_spell(name, "/c", "/a/b", path, sizeof(path)))
		check_path("/c", path);
	return 0;
}
