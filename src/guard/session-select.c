/* SPDX-License-Identifier: Apache-2.0 */
/* What was selected: can it be, is it here, is it what was made just now? Services of the host. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "guard/fan-proc.h"
#include "guard/session-priv.h"

enum {
	MAX_DEPTH = 64, /* of descendants that run already */
	NAMES_TOLD = 5, /* containers that are here, where a name fits none */
};

static bool is_unit(struct sk_span name, const char *unit)
{
	char full[512];

	(void)snprintf(full, sizeof(full), "%s.service", unit);
	return sk_span_eq_str(name, unit) || sk_span_eq_str(name, full);
}

/** struct unit_search - a systemd unit's cgroup */
struct unit_search {
	struct guard_session *s;
	const char *unit;
	bool found;
};

static void match_unit(void *ctx, const char *path, uint64_t id)
{
	struct unit_search *u = ctx;

	(void)id;
	if (is_unit(sk_path_base(sk_span_str(path)), u->unit))
		u->found |= guard_session_cover_host(u->s, path, u->unit);
}

/* What has a parent in @cgroup and is not known, but for the guard; true when there was any. */
static bool adopt_children(struct guard_session *s, uint64_t cgroup)
{
	DIR *d = opendir("/proc");
	const struct dirent *entry;
	struct guard_fan_task task;
	struct guard_task t, own;
	bool any = false;
	uint32_t pid;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (!sk_parse_u32(sk_span_str(entry->d_name), &pid) || pid == (uint32_t)getpid() ||
		    !guard_fan_task_look(pid, &task) ||
		    !guard_kern_get(s->kern, GUARD_MAP_TASKS, &task.ppid, &t) ||
		    t.cgroup != cgroup || guard_kern_get(s->kern, GUARD_MAP_TASKS, &pid, &own))
			continue;
		guard_session_adopt(s, cgroup, pid, GUARD_T_STRAY);
		any |= guard_kern_get(s->kern, GUARD_MAP_TASKS, &pid, &own);
	}
	if (d != NULL)
		(void)closedir(d);
	return any;
}

/*
 * A process and its descendants, whatever their cgroup: under a number that no cgroup has. So they
 * are strays in those that they are in. Who is born from here on the kernel half knows.
 */
static void cover_tree(struct guard_session *s, uint32_t pid, const char *text)
{
	uint64_t id = guard_cgroup_of_tree(pid);
	struct guard_whose *w = guard_attrib_add(s->attrib, id, NULL, NULL, text);
	struct guard_container entry = {.top = id, .flags = GUARD_C_HOST | GUARD_C_STARTED};

	if (w == NULL)
		return;
	if (s->ops.container != NULL)
		s->ops.container(s->ctx, w);
	entry.service = w->index;
	(void)guard_kern_put(s->kern, GUARD_MAP_CONTAINERS, &id, &entry);
	guard_session_adopt(s, id, pid, GUARD_T_STRAY);
	for (int depth = 0; depth < MAX_DEPTH && adopt_children(s, id); depth++)
		;
}

/* The container or service that a process is of already. */
static struct guard_whose *whose_pid(struct guard_session *s, uint32_t pid)
{
	char path[GUARD_CGROUP_PATH_SIZE];
	struct guard_task t;

	if (guard_kern_get(s->kern, GUARD_MAP_TASKS, &pid, &t))
		return guard_attrib_get(s->attrib, t.cgroup);
	return guard_cgroup_of_pid(pid, path, sizeof(path)) ? guard_session_container_at(s, path)
							    : NULL;
}

/*
 * A process of a container stands for that: what a container does is judged as a whole, by one
 * profile.
 */
static void choose_container(struct guard_session *s, struct guard_whose *w, const char *pid)
{
	struct guard_container entry;

	guard_session_note(s, "process %s is in %s '%s', which is covered as a whole", pid,
			   w->is_host ? "the service" : "the container", w->service);
	if (w->is_selected)
		return;
	w->is_selected = w->is_chosen = true;
	/* Not named yet: then it is settled when it is. */
	if (guard_kern_get(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &entry) &&
	    (entry.flags & GUARD_C_PENDING) == 0)
		guard_session_settle(s, w);
}

static void cover_process(struct guard_session *s, const char *text)
{
	struct guard_whose *w;
	uint32_t pid;

	if (!sk_parse_u32(sk_span_str(text), &pid))
		return;
	w = whose_pid(s, pid);
	if (w != NULL)
		choose_container(s, w, text);
	else
		cover_tree(s, pid, text);
}

/* A process that is not there cannot start later under its number: that is a mistake. */
static int check_pid(const char *text, struct sk_err *err)
{
	struct guard_fan_task task;
	char quoted[64], name[64], exe[GUARD_TEXT_MAX];
	uint32_t pid;

	(void)sk_text_quote(sk_span_str(text), quoted, sizeof(quoted));
	if (!sk_parse_u32(sk_span_str(text), &pid) || pid == 0 || pid > INT32_MAX)
		return sk_err_set(err, SK_E_USAGE, "--pid: %s is no number of a process", quoted);
	if (!guard_fan_task_look(pid, &task))
		return sk_err_set(err, SK_E_NOT_FOUND, "guard: no process %u", pid);
	if (task.tgid != pid)
		return sk_err_set(err, SK_E_NOT_FOUND,
				  "guard: %u is a thread of the process %u: select that", pid,
				  task.tgid);
	(void)snprintf(name, sizeof(name), "/proc/%u/exe", pid);
	if (readlink(name, exe, sizeof(exe)) < 0)
		return sk_err_set(err, SK_E_NOT_FOUND,
				  "guard: process %u runs no program: it has ended, or is one of "
				  "the kernel's",
				  pid);
	return 0;
}

int guard_session_check(struct guard_session *s, struct sk_err *err)
{
	struct guard_select *select = &s->select;
	const char *const *given = select->cgroups;
	char path[GUARD_CGROUP_PATH_SIZE], quoted[GUARD_CGROUP_PATH_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < select->n_pids; i++)
		r = check_pid(select->pids[i], err);
	s->cgroups = sk_alloc((select->n_cgroups + 1) * sizeof(*s->cgroups));
	for (size_t i = 0; r == 0 && i < select->n_cgroups; i++) {
		if (given[i][0] == '\0' ||
		    !guard_cgroup_resolve(s->root, given[i], path, sizeof(path)))
			r = sk_err_set(
				err, SK_E_USAGE, "--cgroup: %s is no path of a cgroup",
				sk_text_quote(sk_span_str(given[i]), quoted, sizeof(quoted)));
		else
			s->cgroups[i] = sk_strdup(path);
	}
	if (r == 0)
		select->cgroups = (const char *const *)s->cgroups;
	return r;
}

/* The same for all spellings. */
static const char *cgroup_service(const struct guard_session *s, const char *path)
{
	const char *below = path + strlen(s->root);

	return below[0] == '/' ? below + 1 : "/";
}

void guard_session_cover_wanted(struct guard_session *s, const char *path, uint64_t id)
{
	for (size_t i = 0; i < s->select.n_units; i++) {
		struct unit_search u = {.s = s, .unit = s->select.units[i]};

		match_unit(&u, path, id);
	}
	for (size_t i = 0; i < s->select.n_cgroups; i++)
		if (strcmp(s->select.cgroups[i], path) == 0)
			(void)guard_session_cover_host(s, path, cgroup_service(s, path));
}

bool guard_session_is_wanted(const struct guard_session *s, struct sk_span name)
{
	for (size_t i = 0; i < s->select.n_units; i++)
		if (is_unit(name, s->select.units[i]))
			return true;
	for (size_t i = 0; i < s->select.n_cgroups; i++)
		if (sk_span_eq(name, sk_path_base(sk_span_str(s->select.cgroups[i]))))
			return true;
	return false;
}

/* What a container is selected by. */
typedef const char *name_fn(const struct guard_whose *w);

static const char *container_name(const struct guard_whose *w)
{
	return w->info.name;
}

static const char *image_name(const struct guard_whose *w)
{
	return w->info.image_reference;
}

static const char *service_name(const struct guard_whose *w)
{
	return w->service;
}

/* A name that nothing has may be misspelt: "; here are 'web', 'db' and others". */
static void add_present(struct guard_session *s, name_fn *name_of, struct sk_buf *b)
{
	const char *told[NAMES_TOLD], *name;
	const struct guard_whose *w;
	size_t pos = 0, n = 0, i;
	bool more = false;
	char quoted[GUARD_CGROUP_PATH_SIZE];

	while ((w = guard_attrib_next(s->attrib, &pos)) != NULL) {
		name = w->is_host ? NULL : name_of(w);
		for (i = 0; name != NULL && i < n && strcmp(told[i], name) != 0; i++)
			;
		if (name == NULL || i < n)
			continue;
		if (n == NAMES_TOLD) {
			more = true;
			continue;
		}
		told[n++] = name;
		(void)sk_buf_printf(b, "%s%s", n > 1 ? ", " : "; here are ",
				    sk_text_quote(sk_span_str(name), quoted, sizeof(quoted)));
	}
	if (more)
		(void)sk_buf_add_str(b, " and others");
}

static void note_absent(struct guard_session *s, const char *what, const char *name,
			name_fn *name_of)
{
	char quoted[GUARD_CGROUP_PATH_SIZE];
	struct sk_buf b;

	sk_buf_init(&b, GUARD_CGROUP_PATH_SIZE);
	if (name_of != NULL)
		add_present(s, name_of, &b);
	guard_session_note(s, "no %s %s is here now: it is covered as soon as it is there%.*s",
			   what, sk_text_quote(sk_span_str(name), quoted, sizeof(quoted)),
			   (int)b.len, b.len != 0 ? b.ptr : "");
	sk_buf_release(&b);
}

static bool selects_any(struct guard_session *s, const struct guard_select *one)
{
	const struct guard_whose *w;
	size_t pos = 0;

	while ((w = guard_attrib_next(s->attrib, &pos)) != NULL)
		if (!w->is_host && guard_select_match(one, w))
			return true;
	return false;
}

/* A name that nothing has may be of what comes later, or a mistake. */
static void note_unmatched(struct guard_session *s)
{
	for (size_t i = 0; i < s->select.n_containers; i++)
		if (!selects_any(s, &(struct guard_select){.containers = &s->select.containers[i],
							   .n_containers = 1}))
			note_absent(s, "container", s->select.containers[i], container_name);
	for (size_t i = 0; i < s->select.n_images; i++)
		if (!selects_any(s, &(struct guard_select){.images = &s->select.images[i],
							   .n_images = 1}))
			note_absent(s, "container of the image", s->select.images[i], image_name);
	for (size_t i = 0; i < s->select.n_services; i++)
		if (!selects_any(s, &(struct guard_select){.services = &s->select.services[i],
							   .n_services = 1}))
			note_absent(s, "container of the service", s->select.services[i],
				    service_name);
}

void guard_session_cover_selected(struct guard_session *s)
{
	note_unmatched(s);
	for (size_t i = 0; i < s->select.n_units; i++) {
		struct unit_search u = {.s = s, .unit = s->select.units[i]};

		guard_cgroup_walk(s->root, match_unit, &u);
		if (!u.found)
			note_absent(s, "unit", u.unit, NULL);
	}
	for (size_t i = 0; i < s->select.n_cgroups; i++)
		if (!guard_session_cover_host(s, s->select.cgroups[i],
					      cgroup_service(s, s->select.cgroups[i])))
			note_absent(s, "cgroup", s->select.cgroups[i], NULL);
	for (size_t i = 0; i < s->select.n_pids; i++)
		cover_process(s, s->select.pids[i]);
}
