/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of container engines: labels and annotations are whoever's who started the container.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "fuzz/target.h"
#include "guard/attrib.h"
#include "guard/engine.h"
#include "guard/profile-yaml.h"

static void check_text(const char *text)
{
	if (text != NULL && strlen(text) > GUARD_ENGINE_TEXT_MAX)
		abort();
}

/* A profile's file is in its directory, whatever the service is called. */
static void check(struct sk_arena *a, const struct guard_engine_info *info)
{
	const char *service = guard_whose_service(info, "0123456789abcdef", a), *file;
	char name[256];

	check_text(info->name);
	check_text(info->image_reference);
	check_text(info->compose_project);
	check_text(info->compose_service);
	check_text(info->pod_name);
	check_text(info->pod_namespace);
	check_text(info->pod_container);
	file = guard_profile_file_name(service, name, sizeof(name));
	if (file != NULL && (strchr(file, '/') != NULL || strcmp(file, "..") == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span text = sk_span_of(data, size);
	struct sk_arena *a = sk_arena_new();
	struct guard_engine_info info = {0};
	bool pod;

	if (guard_engine_parse_docker(text, a, &info))
		check(a, &info);
	for (unsigned by = GUARD_BUNDLE_CRI; by <= GUARD_BUNDLE_ANY; by++) {
		info = (struct guard_engine_info){0};
		if (guard_engine_parse_bundle(text, (enum guard_bundle_of)by, a, &info))
			check(a, &info);
	}
	info = (struct guard_engine_info){0};
	if (guard_engine_parse_storage(text, "c1", a, &info, &pod))
		check(a, &info);
	(void)guard_engine_storage_digest(text, "sha256:i1", a);
	(void)guard_engine_repo_digest(text, "sha256:i1", a);
	sk_arena_free(a);
	return 0;
}
