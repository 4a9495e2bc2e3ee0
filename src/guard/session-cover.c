/* SPDX-License-Identifier: Apache-2.0 */
/* Containers: what runs already, what comes later, what processes are in; room for them. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "guard/call.h"
#include "guard/fan-proc.h"
#include "guard/files.h"
#include "guard/session-priv.h"
#include "guard/story.h"

enum {
	ROOM_S = 5,        /* between two looks whether there is room by now */
	STAT_BYTES = 4096, /* /proc/PID/stat: 52 numbers and a name */
	LAYERS_TRIES = 8,  /* of a container whose root is no overlay */
	MADE_MS = 30,      /* a cgroup that was made can be asked for by then */
	MADE_POLL_US = 200,
	ADOPT_MS = 200,  /* longest wait for the arguments of what ran before, */
	RECALL_MS = 200, /* and of what an event is about */
};

static void first_pid(void *ctx, uint32_t pid)
{
	uint32_t *ret = ctx;

	if (*ret == 0)
		*ret = pid;
}

uint32_t guard_session_pid(const struct guard_whose *w)
{
	uint32_t pid = 0;

	if (w->path[0] != '\0')
		guard_cgroup_pids(w->path, first_pid, &pid);
	return pid;
}

void guard_session_keep_layers(struct guard_whose *w, uint32_t pid)
{
	uint32_t other;

	if (w->layers != NULL || w->is_host || w->n_looked == LAYERS_TRIES)
		return;
	w->n_looked++;
	if (pid != 0)
		w->layers = guard_files_overlay(pid, "/", w->arena);
	other = w->layers == NULL ? guard_session_pid(w) : 0;
	if (other != 0)
		w->layers = guard_files_overlay(other, "/", w->arena);
}

/* Named, selected, given a policy: the kernel half knows it from now on. */
void guard_session_settle(struct guard_session *s, struct guard_whose *w)
{
	struct guard_container c;

	w->look = 0; /* it may be selected only now: then what it has lost is to be told */
	if (w->is_selected && s->ops.container != NULL)
		s->ops.container(s->ctx, w);
	if (!guard_kern_get(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &c))
		return;
	c.service = w->index;
	c.flags &= ~(uint32_t)(GUARD_C_PENDING | GUARD_C_IGNORED);
	if (!w->is_selected)
		c.flags |= GUARD_C_IGNORED;
	(void)guard_kern_put(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &c);
}

void guard_session_find_path(struct guard_session *s, struct guard_whose *w)
{
	if (w->path[0] == '\0' && !guard_cgroup_find(s->root, w->cgroup, w->path, sizeof(w->path)))
		w->path[0] = '\0';
}

/* How many bytes of arguments exec put there, 0 when that cannot be known. */
static size_t argument_area(uint32_t pid)
{
	uint64_t start = 0, end = 0;
	struct sk_span rest, field;
	struct sk_err ignored;
	char name[64];
	struct sk_buf b;

	sk_buf_init(&b, STAT_BYTES);
	(void)snprintf(name, sizeof(name), "/proc/%u/stat", pid);
	if (sk_read_file(AT_FDCWD, name, &b, &ignored) == 0) {
		rest = sk_buf_span(&b);
		/* The second field is a name, which may have anything in it. */
		rest = sk_span_sub(rest, sk_span_rfind(rest, ')'), rest.len);
		for (int i = 2; sk_span_cut(&rest, ' ', &field); i++)
			if ((i == 48 && !sk_parse_u64(field, &start)) ||
			    (i == 49 && !sk_parse_u64(field, &end)))
				start = end = 0;
	}
	sk_buf_release(&b);
	return end > start ? end - start : 0;
}

/* What a process runs now, in the session's storage; false when it is gone or a kernel thread. */
static bool read_image(struct guard_session *s, const struct guard_asking *asking, uint32_t pid,
		       struct guard_image_of *image)
{
	sk_cleanup(sk_freep) char *text = sk_alloc(GUARD_READER_TEXT);
	struct guard_fan_task task;
	struct sk_span args;
	char name[64];
	ssize_t n;

	(void)snprintf(name, sizeof(name), "/proc/%u/exe", pid);
	n = readlink(name, s->path, sizeof(s->path) - 1);
	if (n <= 0)
		return false;
	s->path[n] = '\0';
	if (guard_fan_task_look(pid, &task)) {
		image->pid = task.pid;
		image->host_ppid = task.ppid;
	}
	/* Gone meanwhile, or cut: what there is will do. */
	args = guard_reader_arguments(s->reader, asking, pid, text, GUARD_READER_TEXT);
	image->host_pid = pid;
	image->exe = s->path;
	image->n_args = (uint32_t)guard_session_split_args(s, (const uint8_t *)args.ptr, args.len);
	image->is_title =
		guard_call_is_title(image->exe, s->args, image->n_args, args.len,
				    args.len < GUARD_READER_TEXT ? argument_area(pid) : 0);
	return true;
}

void guard_session_adopt(struct guard_session *s, uint64_t cgroup, uint32_t pid, uint32_t flags)
{
	struct guard_asking asking = {
		.owner = cgroup, .wait_ms = ADOPT_MS, .patience = GUARD_PATIENCE_RARE};
	struct guard_task t = {.cgroup = cgroup}, parent;
	struct guard_image_of image = {0};

	if (guard_kern_get(s->kern, GUARD_MAP_TASKS, &pid, &t) && t.exec_id != 0)
		return;
	if (!read_image(s, &asking, pid, &image))
		return;
	image.exec_id = t.exec_id = ++s->next_exec_id;
	if (t.ppid != 0 && guard_kern_get(s->kern, GUARD_MAP_TASKS, &t.ppid, &parent))
		image.parent = t.parent_exec_id = parent.exec_id;
	t.flags |= GUARD_T_SEEN | flags;
	(void)guard_kern_put(s->kern, GUARD_MAP_TASKS, &pid, &t);
	guard_lineage_add(s->lineage, &image, s->args);
}

bool guard_session_recall(struct guard_session *s, uint32_t pid, uint64_t exec_id)
{
	struct guard_image_of image = {.exec_id = exec_id};
	struct guard_asking asking = {.wait_ms = RECALL_MS};
	struct guard_task t, after;

	if (exec_id == 0 || !guard_kern_get(s->kern, GUARD_MAP_TASKS, &pid, &t) ||
	    t.exec_id != exec_id)
		return false;
	asking.owner = t.cgroup;
	if (!read_image(s, &asking, pid, &image) ||
	    !guard_kern_get(s->kern, GUARD_MAP_TASKS, &pid, &after) || after.exec_id != exec_id)
		return false;
	image.parent = t.parent_exec_id;
	guard_lineage_add(s->lineage, &image, s->args);
	return true;
}

/** struct cover - a container whose cgroups are being gone through */
struct cover {
	struct guard_session *s;
	struct guard_whose *w;
	bool is_pending;
};

/* The runtime's own process, on its way into the container: the kernel half knows what to do. */
static bool is_outside(uint32_t pid)
{
	struct stat own, its;
	char name[64];

	(void)snprintf(name, sizeof(name), "/proc/%u/ns/mnt", pid);
	return stat(name, &its) != 0 ||
	       (stat("/proc/self/ns/mnt", &own) == 0 && its.st_ino == own.st_ino);
}

static void cover_pid(void *ctx, uint32_t pid)
{
	struct cover *c = ctx;

	/* Of a container that is being made the kernel half sees everybody come. */
	if (!c->w->is_host && (c->s->is_meeting || is_outside(pid)))
		return;
	guard_session_adopt(c->s, c->w->cgroup, pid, 0);
}

static void see_pid(void *ctx, uint32_t pid)
{
	if (!is_outside(pid))
		first_pid(ctx, pid);
}

/* Says so when something runs in the cgroup or below it. */
static void see_pids(void *ctx, const char *path, uint64_t id)
{
	(void)id;
	guard_cgroup_pids(path, see_pid, ctx);
}

static bool is_empty(const char *path)
{
	uint32_t pid = 0;

	guard_cgroup_walk(path, see_pids, &pid);
	return pid == 0;
}

/* What it makes inside its cgroup is its own, and takes no room. */
static void enter(const struct cover *c)
{
	struct guard_container entry = {.top = c->w->cgroup, .service = c->w->index};

	if (c->w->is_host)
		entry.flags |= GUARD_C_HOST;
	if (!c->w->is_selected && !c->is_pending)
		entry.flags |= GUARD_C_IGNORED;
	if (c->is_pending)
		entry.flags |= GUARD_C_PENDING;
	if (c->w->has_started)
		entry.flags |= GUARD_C_STARTED;
	(void)guard_kern_put(c->s->kern, GUARD_MAP_CONTAINERS, &entry.top, &entry);
}

/* A container in a cgroup of the host is a container. */
static bool is_own(const struct cover *c, const char *path, uint64_t id)
{
	char above[GUARD_CGROUP_PATH_SIZE];
	struct guard_container entry;
	char *slash = above;

	(void)snprintf(above, sizeof(above), "%s", path);
	while (id != c->w->cgroup) {
		if (slash == NULL || guard_kern_get(c->s->kern, GUARD_MAP_CONTAINERS, &id, &entry))
			return false;
		slash = strrchr(above, '/');
		if (slash != NULL)
			*slash = '\0';
		id = guard_cgroup_id(above);
	}
	return true;
}

static void cover_cgroup(void *ctx, const char *path, uint64_t id)
{
	struct cover *c = ctx;

	if (id == c->w->cgroup)
		enter(c);
	if (is_own(c, path, id))
		guard_cgroup_pids(path, cover_pid, c);
}

/*
 * Did its first program run already? Of a container that was made just now the kernel half knows:
 * what is in there is the runtime, which may have a mount namespace of its own by now.
 */
static bool has_started(struct guard_session *s, const struct guard_whose *w, const char *path,
			bool made)
{
	struct guard_container entry;

	if ((!s->is_meeting && !made) || w->is_host)
		return !is_empty(path);
	return guard_kern_get(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &entry) &&
	       (entry.flags & GUARD_C_STARTED) != 0;
}

static void cover(struct guard_session *s, struct guard_whose *w, const char *path)
{
	struct cover c = {.s = s, .w = w};
	struct guard_container seen;
	bool made = guard_kern_get(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &seen) &&
		    (seen.flags & GUARD_C_PENDING) != 0;

	w->has_started = has_started(s, w, path, made);
	/* Created and not known yet: its service's name, and so its profile, comes with the answer.
	 */
	c.is_pending = !w->is_known && !w->is_host && (made || !w->has_started);
	if (w->has_started)
		guard_session_keep_layers(w, 0);
	if (w->is_selected && s->ops.container != NULL && !c.is_pending)
		s->ops.container(s->ctx, w);
	guard_cgroup_walk(path, cover_cgroup, &c);
}

/* The container that a cgroup is of, by its name. */
static bool container_of(struct guard_session *s, const char *path, char *ret, size_t size)
{
	struct sk_span name = sk_path_base(sk_span_str(path));

	return guard_cgroup_container_id(name, ret) ||
	       (guard_cgroup_chosen_id(name, ret, size) && guard_engine_has(s->engine, ret));
}

struct guard_whose *guard_session_container_at(struct guard_session *s, const char *path)
{
	struct guard_whose *w;
	size_t pos = 0;

	while ((w = guard_attrib_next(s->attrib, &pos)) != NULL)
		if (!w->is_host && w->path[0] != '\0' && guard_cgroup_is_below(path, w->path) &&
		    guard_cgroup_id(w->path) == w->cgroup)
			return w;
	return NULL;
}

void guard_session_note(struct guard_session *s, const char *fmt, ...)
{
	char text[GUARD_CGROUP_PATH_SIZE * 2];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (s->ops.note != NULL)
		s->ops.note(s->ctx, text);
}

/* The kernel half judges it by the default mode, as long as it has room; nobody here can name it.
 */
static void find_no_room(struct guard_session *s, const char *path)
{
	s->n_unnamed++;
	if (s->is_counting)
		return;
	s->n_unnamed_new++;
	(void)snprintf(s->unnamed, sizeof(s->unnamed), "%s", path);
}

static void find_container(void *ctx, const char *path, uint64_t id)
{
	struct guard_session *s = ctx;
	char container[GUARD_ID_SIZE];
	struct guard_whose *w;

	if (id == 0 || !container_of(s, path, container, sizeof(container)) ||
	    guard_attrib_get(s->attrib, id) != NULL || guard_session_container_at(s, path) != NULL)
		return;
	w = guard_attrib_add(s->attrib, id, container, path, NULL);
	if (w != NULL)
		cover(s, w, path);
	else
		find_no_room(s, path);
}

bool guard_session_cover_host(struct guard_session *s, const char *path, const char *name)
{
	uint64_t id = guard_cgroup_id(path);
	const struct guard_whose *in = guard_session_container_at(s, path);
	char quoted[GUARD_CGROUP_PATH_SIZE];
	struct guard_whose *w;

	if (id == 0)
		return false;
	if (in != NULL && in->cgroup != id)
		guard_session_note(
			s, "cgroup %s is in the container '%s', which is covered as a whole",
			sk_text_quote(sk_span_str(name), quoted, sizeof(quoted)), in->service);
	if (in != NULL || guard_attrib_get(s->attrib, id) != NULL)
		return true;
	w = guard_attrib_add(s->attrib, id, NULL, path, name);
	if (w != NULL)
		cover(s, w, path);
	else
		find_no_room(s, path);
	return true;
}

/* Worth looking for, of the many cgroups that a host makes? */
static bool may_matter(struct guard_session *s, struct sk_span name)
{
	char id[GUARD_ID_SIZE];

	if (name.len > 0 && name.ptr[name.len - 1] == '\0')
		name.len--;
	return guard_session_is_wanted(s, name) ||
	       (guard_cgroup_chosen_id(name, id, sizeof(id)) && guard_engine_has(s->engine, id));
}

static bool id_of_name(struct sk_span name, char *ret, size_t size)
{
	if (name.len > 0 && name.ptr[name.len - 1] == '\0')
		name.len--;
	return guard_cgroup_container_id(name, ret) || guard_cgroup_chosen_id(name, ret, size);
}

/*
 * The kernel tells that a cgroup is made a moment before it can be asked for. What it is made for
 * is covered by its directory: that moment is waited for, but not for what is gone long since.
 */
static bool find_made(const struct guard_session *s, uint64_t cgroup, uint64_t made_ns, char *path,
		      size_t size)
{
	while (!guard_cgroup_find(s->root, cgroup, path, size)) {
		if (sk_mono_ns() - made_ns >= MADE_MS * SK_MS_NS)
			return false;
		(void)usleep(MADE_POLL_US);
	}
	return true;
}

struct guard_whose *guard_session_meet(struct guard_session *s, uint64_t cgroup, uint64_t made_ns)
{
	char path[GUARD_CGROUP_PATH_SIZE];

	if (cgroup == s->missed)
		return NULL;
	if (!find_made(s, cgroup, made_ns, path, sizeof(path))) {
		s->missed = cgroup;
		return NULL;
	}
	s->is_meeting = true;
	find_container(s, path, cgroup);
	guard_session_cover_wanted(s, path, cgroup);
	s->is_meeting = false;
	return guard_attrib_get(s->attrib, cgroup);
}

/* Who makes a cgroup like a container's is a runtime, or a container that would look like one. */
static void look_at_maker(struct guard_session *s, uint32_t pid, const char *id)
{
	sk_cleanup(sk_freep) char *text = sk_alloc(GUARD_READER_TEXT);
	struct guard_asking asking = {.wait_ms = RECALL_MS};
	struct guard_task t;

	if (guard_kern_get(s->kern, GUARD_MAP_TASKS, &pid, &t))
		asking.owner = t.cgroup;
	guard_engine_maker(s->engine, pid,
			   guard_reader_arguments(s->reader, &asking, pid, text, GUARD_READER_TEXT),
			   id);
}

void guard_session_on_cgroup(struct guard_session *s, const struct guard_rec *rec,
			     const uint8_t *data)
{
	struct guard_whose *w = guard_attrib_get(s->attrib, rec->cgroup);
	bool is_made = w == NULL || w->layers == NULL; /* nobody has looked how */
	char id[GUARD_ID_SIZE];

	if (rec->op == GUARD_CGROUP_REMOVED) {
		if (w != NULL)
			w->is_gone = true; /* its last records may still be on their way */
		else if (!guard_kern_has_left(s->kern, rec->cgroup))
			guard_kern_del(s->kern, GUARD_MAP_CONTAINERS, &rec->cgroup);
		return;
	}
	if (is_made && rec->uid == 0 && id_of_name(sk_span_of(data, rec->name_len), id, sizeof(id)))
		look_at_maker(s, rec->host_pid, id);
	if (w != NULL) {
		/* Its first programs were read before. */
		if (is_made)
			w->layers = guard_engine_layers(s->engine, w->id, w->arena);
		return;
	}
	if (rec->op == GUARD_CGROUP_OTHER && !may_matter(s, sk_span_of(data, rec->name_len)))
		return;
	w = guard_session_meet(s, rec->cgroup, rec->time_ns);
	if (w != NULL && w->layers == NULL)
		w->layers = guard_engine_layers(s->engine, w->id, w->arena);
	if (w != NULL || rec->op != GUARD_CGROUP_CONTAINER)
		return;
	/* Gone already, but its records are there. */
	if (guard_cgroup_container_id(sk_span_of(data, rec->name_len), id))
		w = guard_attrib_add(s->attrib, rec->cgroup, id, NULL, NULL);
	else /* no container, but of its name, as a monitor's */
		guard_kern_del(s->kern, GUARD_MAP_CONTAINERS, &rec->cgroup);
	if (w != NULL && w->is_known)
		guard_session_settle(s, w);
}

/* For `guard status`. */
static void note_unnamed(struct guard_session *s)
{
	struct guard_told_key key = {.kind = GUARD_TOLD_UNNAMED};

	(void)guard_kern_put(s->kern, GUARD_MAP_TOLD, &key, &s->n_unnamed);
}

static void tell_no_room(struct guard_session *s, uint64_t now)
{
	char text[160];
	struct guard_event e = {.kind = GUARD_KIND_LOST,
				.verdict = GUARD_VERDICT_ALERTED,
				.reason = GUARD_REASON_POLICY,
				.reason_text = text,
				.severity = "high",
				.detail = GUARD_STORY_NO_ROOM,
				.file_fd = -1,
				.host = s->host};

	(void)snprintf(
		text, sizeof(text),
		"containers without room: %llu; they are under the default mode, and not told "
		"of (--max-containers)",
		(unsigned long long)s->n_unnamed);
	if (s->n_unnamed_new != 0)
		guard_session_note(s, "%s", text);
	e.time_us = guard_session_time(s, now);
	e.count = s->n_unnamed_new != 0 ? s->n_unnamed_new : 1;
	e.lost_events = s->n_untold;
	e.lost_cgroup = s->unnamed;
	s->ops.event(s->ctx, NULL, &e, NULL);
	note_unnamed(s);
	s->n_unnamed_new = s->n_untold = 0;
}

void guard_session_tell_room(struct guard_session *s)
{
	uint64_t now = sk_mono_ns();
	bool is_time = s->n_unnamed != 0 && now - s->room_ns >= ROOM_S * SK_SECOND_NS;

	if (s->n_unnamed_new != 0 || (is_time && s->n_untold != 0))
		tell_no_room(s, now);
	if (!is_time)
		return;
	s->n_unnamed = 0;
	s->is_counting = true;
	guard_cgroup_walk(s->root, find_container, s);
	s->is_counting = false;
	s->room_ns = now;
	note_unnamed(s);
}

void guard_session_cover(struct guard_session *s)
{
	guard_cgroup_walk(s->root, find_container, s);
	guard_session_cover_selected(s);
}
