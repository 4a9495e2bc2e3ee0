/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each service with a profile has an index. Its files are entered in the kernel's allow set when
 * they are found (in running containers at once, else when the first container starts), and when a
 * held program turns out to have known content.
 */
#include "guard/enforce.h"

#include <string.h>

#include "base/alloc.h"
#include "guard/enforce-priv.h"
#include "guard/named.h"
#include "guard/profile-yaml.h"

enum {
	TEXT_MAX = 16 << 10,
	RESOLVE_MS = 1000, /* longest wait for one file that a profile names */
};

struct guard_enforce *guard_enforce_new(const struct guard_enforce_options *o)
{
	struct guard_enforce *f = sk_alloc(sizeof(*f));

	f->options = *o;
	f->resolver = guard_resolver_new(o->reader);
	f->arena = sk_arena_new();
	sk_buf_init(&f->text, TEXT_MAX);
	sk_buf_init(&f->expected, TEXT_MAX);
	return f;
}

void guard_enforce_free(struct guard_enforce *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n_services; i++) {
		guard_profile_free(f->services[i].profile);
		sk_free(f->services[i].name);
	}
	guard_resolver_free(f->resolver);
	sk_arena_free(f->arena);
	sk_buf_release(&f->text);
	sk_buf_release(&f->expected);
	sk_free(f);
}

void guard_enforce_session(struct guard_enforce *f, struct guard_session *s)
{
	f->session = s;
	if (s != NULL)
		guard_named_signs(guard_session_kern(s), f->options.signs);
}

/** struct resolving - a container whose files are entered */
struct resolving {
	struct guard_enforce *f;
	struct guard_kern *k;
	const struct guard_service *svc;
	struct guard_asking asking;
	uint32_t pid;
	bool is_late; /* its files do not answer: they are looked at when they are used */
};

static void resolve_file(struct resolving *v, const char *path)
{
	uint8_t hash[GUARD_HASH_BYTES];
	struct guard_file_id id;
	struct guard_allow a;
	enum guard_read read;

	if (path == NULL || v->is_late)
		return;
	guard_kern_heartbeat(v->k);
	read = guard_reader_named(v->f->options.reader, &v->asking, v->pid, path, &id, hash);
	v->is_late = read == GUARD_READ_LATE;
	if (read != GUARD_READ_YES)
		return;
	a = guard_enforce_allow_of(v->svc->profile, hash);
	if (a.flags != 0)
		guard_enforce_put_allow(v->k, v->svc->index, &id, &a);
}

void guard_enforce_resolve(struct guard_enforce *f, struct guard_kern *k, struct guard_service *svc,
			   uint64_t cgroup, uint32_t pid)
{
	const struct guard_profile *p = svc->profile;
	struct resolving v = {.f = f,
			      .k = k,
			      .svc = svc,
			      .pid = pid,
			      .asking = {.owner = cgroup,
					 .wait_ms = RESOLVE_MS,
					 .patience = GUARD_PATIENCE_RARE}};

	if (svc->resolved || pid == 0)
		return;
	svc->resolved = true;
	for (size_t i = 0; i < p->n_programs; i++) {
		resolve_file(&v, p->programs[i].content.path);
		for (size_t j = 0; j < p->programs[i].n_scripts; j++)
			resolve_file(&v, p->programs[i].scripts[j].content.path);
	}
	for (size_t i = 0; i < p->n_libraries; i++)
		resolve_file(&v, p->libraries[i].content.path);
}

void guard_enforce_look_around(struct guard_enforce *f, struct guard_kern *k,
			       const struct guard_service *svc, uint64_t cgroup, uint32_t pid)
{
	const struct guard_nameservers *servers;
	struct guard_container c;

	if (svc->n_names == 0 || pid == 0)
		return;
	servers = guard_resolver_add(f->resolver, cgroup, pid, svc->names, svc->n_names);
	if (servers == NULL)
		return;
	guard_named_servers(k, svc->index, servers);
	if (!guard_kern_get(k, GUARD_MAP_CONTAINERS, &cgroup, &c))
		return;
	c.flags |= GUARD_C_LOOKED;
	(void)guard_kern_put(k, GUARD_MAP_CONTAINERS, &cgroup, &c);
}

/** struct finding - where found addresses go */
struct finding {
	struct guard_enforce *f;
	struct guard_kern *k;
};

static void on_found(void *ctx, const struct guard_resolver_found *found)
{
	struct finding *g = ctx;

	/* Names are texts of their profile. */
	for (size_t i = 0; i < g->f->n_services; i++)
		for (size_t j = 0; j < g->f->services[i].n_names; j++)
			if (g->f->services[i].names[j] == found->name)
				guard_named_open(g->k, g->f->services[i].profile, found);
}

bool guard_enforce_tick(struct guard_enforce *f, struct guard_kern *k, uint64_t now_ms)
{
	struct finding g = {f, k};

	return guard_resolver_tick(f->resolver, now_ms, on_found, &g);
}

void guard_enforce_gone(struct guard_enforce *f, const struct guard_whose *w)
{
	guard_resolver_remove(f->resolver, w->cgroup);
}

static struct guard_service *service_of(struct guard_enforce *f, const char *name, bool *ret_new)
{
	struct guard_service *svc;

	for (size_t i = 0; i < f->n_services; i++)
		if (strcmp(f->services[i].name, name) == 0)
			return &f->services[i];
	if (f->n_services + 1 >= GUARD_MAX_SERVICES)
		return NULL;
	svc = &f->services[f->n_services++];
	svc->name = sk_strdup(name);
	svc->index = (uint32_t)f->n_services; /* 0 is the default */
	*ret_new = true;
	return svc;
}

int guard_enforce_container(struct guard_enforce *f, struct guard_kern *k, struct guard_whose *w,
			    struct sk_err *err)
{
	bool fresh = false;
	struct guard_service *svc = w->service != NULL ? service_of(f, w->service, &fresh) : NULL;
	int r = 0;

	w->index = GUARD_DEFAULT_SERVICE;
	if (svc == NULL)
		return 0;
	if (fresh)
		r = guard_profile_load(f->options.dir, w->service, &svc->profile, err);
	if (svc->profile == NULL)
		return r;
	if (fresh)
		guard_enforce_put_profile(f, k, svc);
	w->user = svc;
	w->index = svc->index;
	guard_enforce_resolve(f, k, svc, w->cgroup, guard_session_pid(w));
	if (w->has_started || w->is_host)
		guard_enforce_look_around(f, k, svc, w->cgroup, guard_session_pid(w));
	return 1;
}

const struct guard_profile *guard_enforce_profile(const struct guard_whose *w)
{
	const struct guard_service *svc = w->user;

	return svc != NULL ? svc->profile : NULL;
}

const struct guard_decisions *guard_enforce_decisions(const struct guard_enforce *f)
{
	return &f->decisions;
}

void guard_enforce_retract(struct guard_enforce *f, size_t n)
{
	f->decisions.alerts -= n;
}

/* What the kernel half decided it has counted itself. */
static void count_decision(struct guard_enforce *f, const struct guard_rec *rec,
			   const struct guard_event *e)
{
	if (e->verdict < GUARD_VERDICT_ALERTED ||
	    (rec->verdict >= GUARD_REC_ALERTED && rec->verdict != GUARD_REC_HELD))
		return;
	f->decisions.alerts++;
	f->decisions.blocks += e->verdict > GUARD_VERDICT_ALERTED;
}

enum guard_told guard_enforce_event(struct guard_enforce *f, struct guard_kern *k,
				    const struct guard_rec *rec, struct guard_event *e,
				    struct guard_whose *w)
{
	struct guard_asking asking;
	struct guard_held h = {
		.f = f, .k = k, .rec = rec, .e = e, .w = w, .svc = w != NULL ? w->user : NULL};
	bool tell = true;

	h.section = rec != NULL && rec->type == GUARD_REC_MMAP ? GUARD_SECTION_LIBRARIES
							       : GUARD_SECTION_EXECUTABLES;
	e->profile = h.svc != NULL ? h.svc->name : NULL;
	if (rec != NULL)
		tell = guard_enforce_judge(&h);
	if (h.is_pending) {
		asking = guard_enforce_asking(&h);
		guard_session_put_off(f->session, rec, &asking);
		return GUARD_TELL_LATER;
	}
	/* Also of counts that the kernel half kept, which have no record. */
	if (e->kind == GUARD_KIND_MMAP &&
	    (e->reason == GUARD_REASON_NOT_IN_PROFILE || e->reason == GUARD_REASON_ENTRY))
		e->file_is_listed = true;
	if (tell && e->kind != GUARD_KIND_LOST)
		guard_enforce_tell(&h);
	if (tell && rec != NULL)
		count_decision(f, rec, e);
	return tell ? GUARD_TELL : GUARD_TELL_NOT;
}
