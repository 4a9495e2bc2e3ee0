/* SPDX-License-Identifier: Apache-2.0 */
/* What `guard watch`, `learn` and `run` look at, and how: the options that they share. */
#include "base/log.h"
#include "cli/cmd_guard-priv.h"

void cmd_guard_select(struct cli_context *ctx, struct guard_session_options *o)
{
	struct guard_select *s = &o->select;

	s->containers = cli_options(ctx, "container", &s->n_containers);
	s->images = cli_options(ctx, "image", &s->n_images);
	s->services = cli_options(ctx, "service", &s->n_services);
	s->units = cli_options(ctx, "unit", &s->n_units);
	s->cgroups = cli_options(ctx, "cgroup", &s->n_cgroups);
	s->pids = cli_options(ctx, "pid", &s->n_pids);
	o->max_containers = cli_option(ctx, "max-containers");
	o->engines = cli_options(ctx, "engine", &o->n_engines);
}

bool cmd_guard_backend(struct cli_context *ctx, enum guard_backend *ret)
{
	const char *text = cli_option(ctx, "backend");

	return text == NULL || guard_backend_parse(text, ret);
}

void cmd_guard_note(void *ctx, const char *text)
{
	(void)ctx;
	sk_log(SK_LOG_WARN, "%s", text);
}

struct guard_policy cmd_guard_observe(uint32_t flags)
{
	return (struct guard_policy){.mode_exec = GUARD_REC_MODE_AUDIT,
				     .mode_lib = GUARD_REC_MODE_AUDIT,
				     .mode_peer = GUARD_REC_MODE_AUDIT,
				     .mode_builtin = GUARD_REC_MODE_AUDIT,
				     .mode_anon = GUARD_REC_MODE_AUDIT,
				     .flags = flags};
}
