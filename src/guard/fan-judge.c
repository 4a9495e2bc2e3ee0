/* SPDX-License-Identifier: Apache-2.0 */
/* bpf/decide.h for who has no BPF. */
#include "guard/fan-judge.h"

#include <string.h>

#include "guard/bpf/parse.h"

/* ld-linux*, ld-musl*, ld.so*, ld-2*: the dynamic linker under its own name. */
static bool is_loader(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;

	return strncmp(name, "ld.so", 5) == 0 || strncmp(name, "ld-2", 4) == 0 ||
	       strncmp(name, "ld-lin", 6) == 0 || strncmp(name, "ld-mus", 6) == 0;
}

static bool from_elsewhere(enum guard_rec_origin origin)
{
	return origin == GUARD_REC_O_UPPER || origin == GUARD_REC_O_VOLUME ||
	       origin == GUARD_REC_O_TMPFS || origin == GUARD_REC_O_MEMFD;
}

static bool can_hold(struct guard_table *const *maps, const struct guard_fan_sight *s,
		     enum guard_rec_mode mode)
{
	struct guard_size_key key = {.service = s->service, .size = s->id.size};

	if (s->written || mode != GUARD_REC_MODE_ENFORCE || (s->policy->flags & GUARD_P_HOLD) == 0)
		return false;
	if (s->policy->has_profile)
		return guard_table_get(maps[GUARD_MAP_SIZES], &key) != NULL;
	return s->origin == GUARD_REC_O_UPPER;
}

static enum guard_rec_reason reason_of(const struct guard_fan_sight *s, uint32_t flags)
{
	if (s->want == GUARD_A_EXEC && ((flags & GUARD_A_LOADER) != 0 || is_loader(s->path)))
		return GUARD_REC_R_LOADER;
	if (!from_elsewhere(s->origin) && !s->written && !s->policy->has_profile)
		return GUARD_REC_R_NONE;
	if (s->want == GUARD_A_SCRIPT)
		return GUARD_REC_R_SCRIPT;
	if (from_elsewhere(s->origin) || s->written)
		return GUARD_REC_R_DRIFT;
	return s->entry ? GUARD_REC_R_ENTRY : GUARD_REC_R_NOT_IN_PROFILE;
}

struct guard_fan_ruling guard_fan_judge_file(struct guard_table *const *maps,
					     const struct guard_fan_sight *s)
{
	struct guard_allow_key key = {.service = s->service, .file = s->id};
	const struct guard_allow *a = guard_table_get(maps[GUARD_MAP_ALLOW], &key);
	struct guard_fan_ruling r = {.mode = (enum guard_rec_mode)s->policy->mode_builtin};

	if (s->unlinked) {
		r.reason = GUARD_REC_R_FILELESS;
		return r;
	}
	if (a != NULL && (a->flags & s->want) != 0 && !s->written) {
		r.rules = *a;
		r.known = true;
		return r;
	}
	r.reason = reason_of(s, a != NULL ? a->flags : 0);
	if (r.reason == GUARD_REC_R_NONE || r.reason == GUARD_REC_R_LOADER)
		return r;
	if (s->policy->has_profile)
		r.mode = (enum guard_rec_mode)(s->want == GUARD_A_LIB ? s->policy->mode_lib
								      : s->policy->mode_exec);
	if (r.mode == GUARD_REC_MODE_UNSET) {
		r.reason = GUARD_REC_R_NONE;
		return r;
	}
	r.hold = can_hold(maps, s, r.mode);
	return r;
}

static uint32_t use_of(struct guard_table *const *maps, uint32_t service, uint32_t program,
		       uint32_t kind, uint64_t hash)
{
	struct guard_use_key key = {
		.service = service, .program = program, .kind = kind, .hash = hash};
	const uint32_t *use = guard_table_get(maps[GUARD_MAP_USES], &key);

	return use != NULL ? *use : 0;
}

static enum guard_rec_reason judge_script(struct guard_table *const *maps, uint32_t service,
					  const struct guard_allow *rules,
					  const struct guard_parse *p, uint32_t first)
{
	if (p->code[first])
		return (rules->flags & GUARD_A_INLINE) != 0 ? GUARD_REC_R_NONE : GUARD_REC_R_SHELL;
	if (p->n_words <= first || p->stdin_[first])
		return (rules->flags & GUARD_A_INTERACTIVE) != 0 ? GUARD_REC_R_NONE
								 : GUARD_REC_R_SHELL;
	if (p->too_long ||
	    use_of(maps, service, rules->program, GUARD_USE_SCRIPT, p->words[first]) == 0)
		return GUARD_REC_R_SCRIPT;
	return GUARD_REC_R_NONE;
}

enum guard_rec_reason guard_fan_judge_use(struct guard_table *const *maps, uint32_t service,
					  const struct guard_allow *rules, const uint8_t *args,
					  size_t len)
{
	bool is_shell = (rules->flags & GUARD_A_INTERPRETER) != 0;
	struct guard_parse p;
	uint32_t first = 0, use;

	guard_parse_init(&p, rules->letters, rules->valued);
	for (size_t i = 0; i < len; i++)
		guard_parse_step(&p, args[i]);
	if ((rules->flags & GUARD_A_MULTICALL) != 0) {
		use = use_of(maps, service, rules->program, GUARD_USE_APPLET, p.argv0);
		if ((use & GUARD_U_SELF) != 0) {
			first = 1;
			use = use_of(maps, service, rules->program, GUARD_USE_APPLET, p.words[0]);
		}
		if ((use & GUARD_U_KNOWN) == 0)
			return GUARD_REC_R_APPLET;
		is_shell = (use & GUARD_U_SHELL) != 0;
	}
	return is_shell ? judge_script(maps, service, rules, &p, first) : GUARD_REC_R_NONE;
}

bool guard_fan_judge_parent(struct guard_table *const *maps, const struct guard_policy *policy,
			    uint32_t service, const struct guard_allow *rules, uint32_t parent)
{
	struct guard_use_key key = {.service = service,
				    .program = rules->program,
				    .kind = GUARD_USE_PARENT,
				    .hash = parent};

	return (rules->flags & GUARD_A_PARENTS) == 0 || parent == 0 ||
	       policy->mode_parent == GUARD_REC_MODE_UNSET ||
	       guard_table_get(maps[GUARD_MAP_USES], &key) != NULL;
}

enum guard_rec_verdict guard_fan_verdict(enum guard_rec_mode mode, bool enforce)
{
	if (mode == GUARD_REC_MODE_ENFORCE)
		return enforce ? GUARD_REC_DENIED : GUARD_REC_ALERTED;
	return mode == GUARD_REC_MODE_ALERT ? GUARD_REC_ALERTED : GUARD_REC_OBSERVED;
}
