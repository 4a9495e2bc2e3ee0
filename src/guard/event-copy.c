/* SPDX-License-Identifier: Apache-2.0 */
/* Deep copies of events, for those that wait. */
#include "guard/event.h"

static const char *const *copy_args(struct sk_arena *a, const char *const *args, size_t n)
{
	const char **copy = sk_arena_array(a, n, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = sk_arena_strdup(a, args[i]);
	return copy;
}

void guard_event_copy(struct sk_arena *a, const struct guard_event *e, struct guard_event *ret)
{
	struct guard_event copy = *e;
	const char **const texts[] = {
		&copy.reason_text,   &copy.severity,     &copy.sign,
		&copy.attack,        &copy.service,      &copy.image_reference,
		&copy.image_digest,  &copy.container_id, &copy.container_name,
		&copy.pod_namespace, &copy.pod_name,     &copy.host,
		&copy.exe,           &copy.cwd,          &copy.file_path,
		&copy.file_script,   &copy.file_package, &copy.peer_address,
		&copy.peer_protocol, &copy.peer_name,    &copy.local_address,
		&copy.dns_type,      &copy.dns_error,    &copy.detail,
		&copy.profile,       &copy.lost_cgroup,  &copy.applet,
		&copy.relay,         &copy.expected,     &copy.files_directory,
		&copy.error,
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(texts); i++)
		*texts[i] = sk_arena_strdup(a, *texts[i]);
	copy.args = copy_args(a, e->args, e->n_args);
	copy.gained = copy_args(a, e->gained, e->n_gained);
	copy.dns_addresses = copy_args(a, e->dns_addresses, e->n_dns_addresses);
	copy.dns_aliases = copy_args(a, e->dns_aliases, e->n_dns_aliases);
	for (size_t i = 0; i < e->n_files_examples; i++)
		copy.files_examples[i] = sk_arena_strdup(a, e->files_examples[i]);
	for (size_t i = 0; i < e->n_ancestry; i++) {
		copy.ancestry[i].exe = sk_arena_strdup(a, e->ancestry[i].exe);
		copy.ancestry[i].args = copy_args(a, e->ancestry[i].args, e->ancestry[i].n_args);
	}
	*ret = copy;
}
