/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Decisions: pure look-ups in what user space has put into the maps. */
#pragma once

/** struct ruling - a decision */
struct ruling {
	__u8 reason; /* 0: fine */
	__u8 mode;   /* of the section that minds */
	__u8 hold;   /* user space has to look first */
	__u8 known;  /* the file is in the profile, @rules is valid */
	struct guard_allow rules;
};

static __always_inline int size_known(__u32 service, __u64 size)
{
	struct guard_size_key key = {.service = service, .size = size};

	return bpf_map_lookup_elem(&sizes, &key) != NULL;
}

static __always_inline struct guard_allow *allow_of(__u32 service, struct seen_file *f)
{
	struct guard_allow_key key = {.service = service, .file = f->id};

	return bpf_map_lookup_elem(&allow, &key);
}

/* ld-linux*, ld-musl*, ld.so*, ld-2*: the dynamic linker under its own name. */
static __always_inline int loader_name(struct file *file)
{
	char n[8] = {};

	bpf_probe_read_kernel_str(n, sizeof(n), READ(file, f_path.dentry, d_name.name));
	if (n[0] != 'l' || n[1] != 'd')
		return 0;
	if (n[2] == '.' && n[3] == 's' && n[4] == 'o')
		return 1;
	if (n[2] != '-')
		return 0;
	return n[3] == '2' || (n[3] == 'l' && n[4] == 'i' && n[5] == 'n') ||
	       (n[3] == 'm' && n[4] == 'u' && n[5] == 's');
}

static __always_inline int from_elsewhere(struct seen_file *f)
{
	return f->origin == GUARD_REC_O_UPPER || f->origin == GUARD_REC_O_VOLUME ||
	       f->origin == GUARD_REC_O_TMPFS || f->origin == GUARD_REC_O_MEMFD;
}

/* May user space be asked, and does it make sense to? */
static __always_inline int can_hold(struct subject *s, struct seen_file *f, __u8 mode)
{
	if (mode != GUARD_REC_MODE_ENFORCE || (s->policy->flags & GUARD_P_HOLD) == 0)
		return 0;
	if (!agent_alive(get_control()))
		return 0;
	if (s->policy->has_profile)
		return size_known(s->container->service, f->id.size);
	return f->origin == GUARD_REC_O_UPPER;
}

/* @want: GUARD_A_EXEC, GUARD_A_LIB or GUARD_A_SCRIPT */
static __always_inline void rule_file(struct subject *s, struct file *file, struct seen_file *f,
				      __u32 want, struct ruling *r)
{
	struct guard_allow *a = allow_of(s->container->service, f);
	__u8 listed_mode = want == GUARD_A_LIB ? s->policy->mode_lib : s->policy->mode_exec;

	__builtin_memset(r, 0, sizeof(*r));
	r->mode = s->policy->mode_builtin;
	if (f->unlinked) {
		r->reason = GUARD_REC_R_FILELESS;
		return;
	}
	/* What may change while it is used is not what was looked at. */
	if (a != NULL && (a->flags & want) != 0 && !f->writers) {
		r->rules = *a;
		r->known = 1;
		return;
	}
	if (want == GUARD_A_EXEC &&
	    ((a != NULL && (a->flags & GUARD_A_LOADER)) || loader_name(file))) {
		r->reason = GUARD_REC_R_LOADER;
		return;
	}
	if (s->policy->has_profile)
		r->mode = listed_mode;
	if (r->mode == GUARD_REC_MODE_UNSET)
		return;
	if (from_elsewhere(f))
		r->reason = GUARD_REC_R_DRIFT;
	else if (!s->policy->has_profile)
		return;
	else
		r->reason = (s->task->flags & GUARD_T_ENTRY) ? GUARD_REC_R_ENTRY
							     : GUARD_REC_R_NOT_IN_PROFILE;
	if (want == GUARD_A_SCRIPT)
		r->reason = GUARD_REC_R_SCRIPT;
	r->hold = !f->writers && can_hold(s, f, r->mode);
}

/* Has user space looked at it and found nothing? */
static __always_inline int looked_at(__u64 who, __u64 a, __u64 b, __u32 kind, __u32 op)
{
	struct guard_seen_key key = {
		.cgroup = who, .a = a, .b = b, .kind = kind, .op = op | GUARD_SEEN_FINE};

	return bpf_map_lookup_elem(&seen, &key) != NULL;
}

static __always_inline __u32 *use_of(__u32 service, __u32 program, __u32 kind, __u64 hash)
{
	struct guard_use_key key = {
		.service = service, .program = program, .kind = kind, .hash = hash};

	return bpf_map_lookup_elem(&uses, &key);
}

/*
 * A known program's use: its applet, its script. @ret_script: hash of the name of the script that
 * it will open, 0 for none. Returns a reason.
 */
static __always_inline __u8 rule_use(__u32 service, struct guard_allow *a, struct guard_parse *p,
				     __u64 *ret_script)
{
	__u32 first = 0;
	int script = (a->flags & GUARD_A_INTERPRETER) != 0;

	*ret_script = 0;
	if (a->flags & GUARD_A_MULTICALL) {
		__u32 *use = use_of(service, a->program, GUARD_USE_APPLET, p->argv0);

		if (use != NULL && (*use & GUARD_U_SELF) != 0) {
			first = 1;
			p->argv0 = p->words[0]; /* the applet, of which is told */
			use = use_of(service, a->program, GUARD_USE_APPLET, p->argv0);
		}
		if (use == NULL || (*use & GUARD_U_KNOWN) == 0)
			return GUARD_REC_R_APPLET;
		script = (*use & GUARD_U_SHELL) != 0;
	}
	if (!script)
		return 0;
	if (p->code[first & 1])
		return (a->flags & GUARD_A_INLINE) ? 0 : GUARD_REC_R_SHELL;
	if (p->n_words <= first || p->stdin_[first & 1])
		return (a->flags & GUARD_A_INTERACTIVE) ? 0 : GUARD_REC_R_SHELL;
	if (p->too_long)
		return GUARD_REC_R_SCRIPT;
	if (use_of(service, a->program, GUARD_USE_SCRIPT, p->words[first & 1]) == NULL)
		return GUARD_REC_R_SCRIPT;
	*ret_script = p->words[first & 1];
	return 0;
}

/* What a mode makes of a violation. */
static __always_inline __u8 verdict_of(__u8 mode, __u8 block)
{
	struct guard_control *ctl = get_control();

	if (mode == GUARD_REC_MODE_ENFORCE)
		return ctl != NULL && ctl->enforce ? block : GUARD_REC_ALERTED;
	return mode == GUARD_REC_MODE_ALERT ? GUARD_REC_ALERTED : GUARD_REC_OBSERVED;
}
