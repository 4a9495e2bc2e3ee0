/* SPDX-License-Identifier: Apache-2.0 */
/* The pinned maps know cgroups and policies; the cgroup tree and the engines know the names. */
#include "guard/status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "guard/attrib.h"
#include "guard/full.h"
#include "guard/kern-pin.h"
#include "guard/live.h"
#include "guard/profile.h"

enum {
	LINE_MAX_BYTES = 16 << 10,
};

/** struct item - a container that is watched */
struct item {
	uint64_t cgroup;
	char id[GUARD_ID_SIZE];
	const char *name;
	const char *service;
	enum guard_mode mode;
	bool has_profile;
};

struct guard_status {
	struct guard_pinned pinned;
	struct guard_live live; /* ends with its process */
	bool is_live;
	struct guard_engine *engine;
	struct sk_arena *arena;
	struct item *items;
	size_t n_items;
	size_t cap;
};

static void add_item(void *ctx, uint64_t cgroup, const struct guard_container *c,
		     const struct guard_policy *p)
{
	struct guard_status *st = ctx;
	struct item *item;

	if ((c->flags & (GUARD_C_IGNORED | GUARD_C_GONE)) != 0)
		return;
	SK_GROW(st->items, st->n_items, st->cap);
	item = &st->items[st->n_items++];
	*item = (struct item){
		.cgroup = cgroup,
		.mode = (enum guard_mode)(p->has_profile ? p->mode_exec : p->mode_builtin),
		.has_profile = p->has_profile};
	if (guard_cgroup_is_tree(cgroup))
		item->service = item->name =
			sk_arena_printf(st->arena, "process %" PRIu32, (uint32_t)cgroup);
}

/* A cgroup that is there: whose is it? */
static void name_item(void *ctx, const char *path, uint64_t id)
{
	struct guard_status *st = ctx;
	struct sk_span base = sk_path_base(sk_span_str(path));
	struct guard_engine_info info = {0};
	struct item *item = NULL;

	for (size_t i = 0; i < st->n_items && item == NULL; i++)
		if (st->items[i].cgroup == id)
			item = &st->items[i];
	if (item == NULL)
		return;
	if (!guard_cgroup_container_id(base, item->id) &&
	    (!guard_cgroup_chosen_id(base, item->id, sizeof(item->id)) ||
	     !guard_engine_has(st->engine, item->id))) {
		item->id[0] = '\0';
		item->service = item->name = sk_arena_str(st->arena, base);
		return;
	}
	(void)guard_engine_find(st->engine, item->id, st->arena, &info); /* the id is a name too */
	if (info.pod_name == NULL)
		(void)guard_engine_pod(st->engine, path, st->arena, &info);
	item->name = info.name;
	item->service = guard_whose_service(&info, item->id, st->arena);
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

/* By name, so that two looks at the same containers show the same. */
static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int r = compare_texts(a->service, b->service);

	if (r == 0)
		r = compare_texts(a->name, b->name);
	if (r == 0)
		r = strcmp(a->id, b->id);
	return r != 0 ? r : (a->cgroup > b->cgroup) - (a->cgroup < b->cgroup);
}

int guard_status_read(const char *const *engines, size_t n, struct guard_status **ret,
		      struct sk_err *err)
{
	sk_cleanup(guard_status_freep) struct guard_status *st = sk_alloc(sizeof(*st));
	char root[GUARD_CGROUP_PATH_SIZE];
	int r = guard_pinned_read(&st->pinned, err);

	if (r < 0)
		return r;
	st->is_live = guard_live_read(&st->live);
	st->arena = sk_arena_new();
	if (st->pinned.is_readable) {
		st->engine = guard_engine_new(engines, n);
		guard_pinned_containers(add_item, st);
		if (guard_cgroup_root(root, sizeof(root)))
			guard_cgroup_walk(root, name_item, st);
		if (st->n_items > 1)
			qsort(st->items, st->n_items, sizeof(*st->items), compare_items);
	}
	*ret = sk_take(st);
	return 0;
}

void guard_status_free(struct guard_status *st)
{
	if (st == NULL)
		return;
	guard_engine_free(st->engine);
	sk_arena_free(st->arena);
	sk_free(st->items);
	sk_free(st);
}

/* A guard lives that pins what it does, and nothing is pinned: it would end with its process. */
static bool lost_pins(const struct guard_status *st)
{
	return st->is_live && st->pinned.n_programs == 0 &&
	       strcmp(st->live.backend, guard_backend_name(GUARD_BACKEND_FANOTIFY)) != 0;
}

bool guard_status_is_whole(const struct guard_status *st)
{
	if (st->pinned.n_programs != 0)
		return st->pinned.agent_lives && st->pinned.n_missing == 0 &&
		       st->pinned.n_unnamed == 0;
	return st->is_live && !lost_pins(st);
}

static void json_item(struct sk_jw *w, const struct item *item)
{
	sk_jw_object(w, NULL);
	if (item->id[0] != '\0')
		sk_jw_str(w, "id", item->id);
	if (item->name != NULL)
		sk_jw_str(w, "name", item->name);
	if (item->service != NULL)
		sk_jw_str(w, "service", item->service);
	sk_jw_bool(w, "profile", item->has_profile);
	sk_jw_str(w, "mode", guard_mode_name(item->mode));
	sk_jw_end_object(w);
}

/* Nothing is pinned: it is in force as long as its process lives. */
static void json_live(struct sk_jw *w, const struct guard_live *live)
{
	struct sk_span rest = sk_span_str(live->not_covered), word;

	sk_jw_object(w, "agent");
	sk_jw_bool(w, "alive", true);
	sk_jw_u64(w, "pid", live->pid);
	sk_jw_end_object(w);
	sk_jw_bool(w, "ends_with_agent", true);
	sk_jw_str(w, "backend", live->backend);
	sk_jw_array(w, "not_covered");
	while (sk_span_cut(&rest, ' ', &word))
		sk_jw_span(w, NULL, word);
	sk_jw_end_array(w);
}

static void text_live(struct sk_buf *b, const struct guard_status *st)
{
	const struct guard_live *live = &st->live;

	if (lost_pins(st)) {
		(void)sk_buf_printf(b,
				    "in force: process %" PRIu32
				    ", backend %s; its pins were removed: until it has made new "
				    "ones, what is in force ends with the process\n",
				    live->pid, live->backend);
		return;
	}
	(void)sk_buf_printf(b,
			    "in force: process %" PRIu32
			    ", backend %s; ends with the process\nnot covered: %s\n",
			    live->pid, live->backend, live->not_covered);
}

int guard_status_json(const struct guard_status *st, const struct sk_sink *sink)
{
	const struct guard_pinned *p = &st->pinned;
	struct sk_jw w;

	sk_jw_init(&w, sink, 0);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.guard-status/1");
	sk_jw_bool(&w, "in_force", p->n_programs != 0 || st->is_live);
	sk_jw_u64(&w, "programs", p->n_programs);
	if (p->n_missing != 0)
		sk_jw_u64(&w, "missing", p->n_missing);
	if (p->n_unnamed != 0)
		sk_jw_u64(&w, "no_room", p->n_unnamed);
	if (lost_pins(st))
		sk_jw_bool(&w, "pins_lost", true);
	if (p->n_programs != 0) {
		sk_jw_object(&w, "agent");
		sk_jw_bool(&w, "alive", p->agent_lives);
		if (p->agent_lives)
			sk_jw_u64(&w, "pid", p->agent_pid);
		sk_jw_end_object(&w);
	}
	if (st->is_live && p->n_programs == 0)
		json_live(&w, &st->live);
	if (p->is_readable) {
		sk_jw_str(&w, "backend", guard_backend_name(p->backend));
		sk_jw_object(&w, "counts");
		sk_jw_u64(&w, "records", p->stats.records);
		sk_jw_u64(&w, "lost", p->stats.lost);
		sk_jw_u64(&w, "alerts", p->stats.alerts);
		sk_jw_u64(&w, "blocks", p->stats.blocks);
		sk_jw_u64(&w, "not_followed", p->n_unfollowed);
		sk_jw_u64(&w, "not_folded", p->n_unfolded);
		if (p->agent_lives) {
			sk_jw_u64(&w, "agent_alerts", p->decisions.alerts);
			sk_jw_u64(&w, "agent_blocks", p->decisions.blocks);
		}
		sk_jw_end_object(&w);
		sk_jw_array(&w, "containers");
		for (size_t i = 0; i < st->n_items; i++)
			json_item(&w, &st->items[i]);
		sk_jw_end_array(&w);
	}
	sk_jw_end_object(&w);
	return sk_jw_finish(&w);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void text_item(struct sk_buf *b, const struct item *item)
{
	(void)sk_buf_add_str(b, "  ");
	(void)sk_text_escape(b, sk_span_str(item->service != NULL ? item->service : "?"));
	if (item->name != NULL && item->service != NULL && strcmp(item->name, item->service) != 0) {
		(void)sk_buf_add_str(b, " (");
		(void)sk_text_escape(b, sk_span_str(item->name));
		(void)sk_buf_add_str(b, ")");
	}
	(void)sk_buf_printf(b, ": %s%s\n", guard_mode_name(item->mode),
			    item->has_profile ? "" : ", no profile");
}

static void text_agent(struct sk_buf *b, const struct guard_pinned *p)
{
	if (p->agent_lives)
		(void)sk_buf_printf(b, "agent: process %" PRIu32 "\n", p->agent_pid);
	else
		(void)sk_buf_add_str(
			b,
			"agent: none lives; what is known to be forbidden stays blocked, a program whose "
			"content would have to be looked at is blocked too, containers that start are "
			"under the default mode; 'guard run' takes over, 'guard stop' ends it\n");
}

static void text_room(struct sk_buf *b, const struct guard_pinned *p)
{
	if (p->n_unnamed != 0)
		(void)sk_buf_printf(b,
				    "no room: %" PRIu64 " container%s under the default mode and "
				    "not told of (--max-containers)\n",
				    p->n_unnamed, p->n_unnamed == 1 ? " is" : "s are");
	if (p->n_unfollowed != 0) {
		guard_full_processes(p->n_unfollowed, b);
		(void)sk_buf_add_char(b, '\n');
	}
	if (p->n_unfolded != 0) {
		guard_full_causes(p->n_unfolded, b);
		(void)sk_buf_add_char(b, '\n');
	}
}

/* Programs that are held, arguments, files and ports are decided by the agent. */
static void text_counts(struct sk_buf *b, const struct guard_pinned *p)
{
	uint64_t alerts = p->stats.alerts, blocks = p->stats.blocks;

	if (p->agent_lives) {
		alerts += p->decisions.alerts;
		blocks += p->decisions.blocks;
	}
	(void)sk_buf_printf(b,
			    "counts: %" PRIu64 " record%s, %" PRIu64 " lost; %" PRIu64
			    " alert%s, %" PRIu64 " blocked",
			    p->stats.records, plural(p->stats.records), p->stats.lost, alerts,
			    plural(alerts), blocks);
	if (p->agent_lives)
		(void)sk_buf_printf(b,
				    " (%" PRIu64 " by the kernel half, %" PRIu64 " by the agent)\n",
				    p->stats.blocks, p->decisions.blocks);
	else
		(void)sk_buf_add_str(b, " (by the kernel half; what the agent decided ended "
					"with it)\n");
}

int guard_status_text(const struct guard_status *st, const struct sk_sink *sink)
{
	const struct guard_pinned *p = &st->pinned;
	struct sk_buf b;
	int r = 0;

	sk_buf_init(&b, LINE_MAX_BYTES);
	if (p->n_programs == 0 && st->is_live) {
		text_live(&b, st);
	} else if (p->n_programs == 0) {
		(void)sk_buf_add_str(&b, "not in force\n");
	} else {
		(void)sk_buf_printf(&b, "in force: %zu program%s pinned%s%s\n", p->n_programs,
				    p->n_programs == 1 ? " is" : "s are",
				    p->is_readable ? ", backend " : ", by another version",
				    p->is_readable ? guard_backend_name(p->backend) : "");
		if (p->n_missing != 0)
			(void)sk_buf_printf(&b, "missing: %zu program%s pinned no more\n",
					    p->n_missing, p->n_missing == 1 ? " is" : "s are");
		text_room(&b, p);
		text_agent(&b, p);
	}
	if (p->is_readable)
		text_counts(&b, p);
	for (size_t i = 0; i < st->n_items && r == 0; i++) {
		r = sink->write(sink->ctx, b.ptr, b.len);
		sk_buf_reset(&b);
		text_item(&b, &st->items[i]);
	}
	if (r == 0)
		r = sink->write(sink->ctx, b.ptr, b.len);
	sk_buf_release(&b);
	return r;
}
