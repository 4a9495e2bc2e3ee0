/* SPDX-License-Identifier: Apache-2.0 */
/* Sets, not streams: each record adds to the profile of its service or only to a count. */
#include "guard/learn.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/map.h"
#include "guard/bpf/call-nr.h"
#include "guard/call.h"
#include "guard/hosts.h"
#include "guard/profile-merge.h"
#include "guard/profile-yaml.h"
#include "guard/reader.h"
#include "guard/remote.h"
#include "guard/resolved.h"
#include "guard/shape.h"
#include "guard/starts.h"
#include "guard/story.h"

enum {
	MAX_SERVICES = 1024,
	TEXT_MAX = 16 << 10,
	MAX_SIBLINGS = 32, /* names of one parent; more become "*.parent" */
	READ_MS = 3000,    /* longest wait for a file */
};

/** struct loaded - what a profile had when it was loaded; all 0: there was none */
struct loaded {
	uint64_t stamp;
	uint32_t runs, replicas, starts;
	uint64_t lost, learned_s;
};

struct guard_learn {
	const char *dir;
	struct guard_session *session;
	struct guard_reader *reader; /* NULL: nobody is there to read */
	struct guard_resolved *resolved;
	struct guard_profile *profiles[MAX_SERVICES];
	uint64_t n_new[MAX_SERVICES]; /* of each */
	struct loaded loaded[MAX_SERVICES];
	struct sk_map refused; /* names of services whose profiles cannot be read */
	struct sk_arena *arena;
	size_t n_profiles;
	struct guard_learn_state state;
	int64_t ready;     /* since when all is seen, seconds since the epoch, 0: not yet */
	uint64_t ready_ms; /* the same of the monotonic clock */
	struct guard_content script; /* the last one that was executed; @path is not set */
	uint32_t script_pid;
	struct guard_starts *starts; /* NULL: nobody blocks what starts */
	unsigned blind;              /* sections that events do not tell of */
};

struct guard_learn *guard_learn_new(const char *dir)
{
	struct guard_learn *l = sk_alloc(sizeof(*l));

	l->dir = dir;
	l->arena = sk_arena_new();
	l->resolved = guard_resolved_new();
	l->state.started = time(NULL);
	l->state.last_new = l->state.started;
	return l;
}

void guard_learn_ready(struct guard_learn *l)
{
	l->ready = time(NULL);
	l->ready_ms = sk_mono_ms();
	l->state.last_new = l->ready;
	for (size_t i = 0; i < l->n_profiles; i++)
		if (l->n_new[i] != 0)
			l->profiles[i]->last_new = l->ready;
}

void guard_learn_guarded(struct guard_learn *l)
{
	l->starts = guard_starts_new();
}

static int64_t begin_of(const struct guard_learn *l)
{
	return l->ready != 0 ? l->ready : l->state.started;
}

void guard_learn_session(struct guard_learn *l, struct guard_session *s)
{
	l->session = s;
	l->reader = guard_session_reader(s);
}

void guard_learn_free(struct guard_learn *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n_profiles; i++)
		guard_profile_free(l->profiles[i]);
	sk_map_release(&l->refused);
	sk_arena_free(l->arena);
	guard_resolved_free(l->resolved);
	guard_starts_free(l->starts);
	sk_free(l);
}

/* Said once; what the file has is neither extended nor overwritten. */
static int refuse(struct guard_learn *l, const char *service, int r)
{
	struct sk_span name = sk_span_str(service);

	if (sk_map_get(&l->refused, name, NULL))
		return 0;
	(void)sk_map_put(&l->refused, sk_span_str(sk_arena_str(l->arena, name)), 0);
	l->state.n_refused++;
	return r;
}

static int profile_of(struct guard_learn *l, const char *service, struct guard_profile **ret,
		      struct sk_err *err)
{
	struct guard_profile *p = NULL;
	uint64_t stamp;
	int r;

	for (size_t i = 0; i < l->n_profiles; i++) {
		if (strcmp(l->profiles[i]->service, service) == 0) {
			*ret = l->profiles[i];
			return 0;
		}
	}
	if (l->n_profiles == MAX_SERVICES)
		return refuse(l, service,
			      sk_err_set(err, SK_E_LIMIT, "more than %d services", MAX_SERVICES));
	stamp = guard_profile_stamp(l->dir, service);
	r = guard_profile_load(l->dir, service, &p, err);
	if (r < 0)
		return refuse(l, service, r);
	if (p == NULL)
		p = guard_profile_new(service);
	l->loaded[l->n_profiles] = (struct loaded){.stamp = stamp,
						   .runs = p->runs,
						   .replicas = p->replicas,
						   .starts = p->starts,
						   .lost = p->lost,
						   .learned_s = p->learned_s};
	if (p->first == 0)
		p->first = l->state.started;
	p->runs++;
	l->profiles[l->n_profiles++] = p;
	l->state.n_services = l->n_profiles;
	*ret = p;
	return 0;
}

int guard_learn_container(struct guard_learn *l, struct guard_whose *w, struct sk_err *err)
{
	struct guard_profile *p = NULL;
	int r = w->service != NULL ? profile_of(l, w->service, &p, err) : 0;

	if (p != NULL && p != w->user) {
		p->replicas++;
		l->state.n_containers++;
	}
	w->user = p;
	return r;
}

static uint64_t image_bit(struct guard_profile *p, const struct guard_whose *w)
{
	if (w->info.image_digest == NULL)
		return 0;
	return guard_profile_image(p, w->info.image_digest, w->info.image_reference, time(NULL));
}

/** struct sight - what is common to everything that one record teaches */
struct sight {
	struct guard_learn *l;
	struct guard_profile *p;
	const struct guard_rec *rec;
	struct guard_event *e;
	struct guard_whose *w;
	struct guard_start *start; /* of a program, where it may be taken back */
	uint64_t bit;
	int64_t now;
	bool fresh;
};

/*
 * How often and when is told of the run that learned the item: another one that sees nothing new
 * changes no line of it.
 */
static void touch(const struct sight *s, struct guard_item *item)
{
	item->images |= s->bit;
	if (item->first != 0 && item->first < s->l->state.started)
		return;
	if (item->count == 0 && item->first == 0)
		item->first = s->now;
	item->count++;
	item->last = s->now;
}

/* Nobody is held up by the learner, and a profile is to be whole. */
static struct guard_asking asking_of(const struct sight *s)
{
	return (struct guard_asking){
		.owner = s->rec->cgroup, .wait_ms = READ_MS, .patience = GUARD_PATIENCE_FULL};
}

static struct guard_content content_of(struct sight *s)
{
	struct guard_content c = {.path = s->e->file_path, .size = s->rec->file.size};
	struct guard_used_file used = {.id = &s->rec->file,
				       .path = s->e->file_path,
				       .fd = s->e->file_fd,
				       .pid = s->rec->host_pid,
				       .is_program = s->rec->type == GUARD_REC_EXEC};
	struct guard_asking asking = asking_of(s);

	c.has_sha256 = s->l->reader != NULL && guard_reader_used(s->l->reader, &asking, s->w, &used,
								 c.sha256) == GUARD_READ_YES;
	if (c.has_sha256)
		guard_event_set_hash(s->e, c.sha256);
	return c;
}

/* Told of before its interpreter is, with its content. */
static void script_executed(struct sight *s)
{
	s->l->script = content_of(s);
	s->l->script.path = NULL;
	s->l->script_pid = s->rec->host_pid;
}

/* As a process sees it; 0 is none. */
static bool read_script(const struct sight *s, uint32_t pid, struct guard_content *c)
{
	struct guard_asking asking = asking_of(s);
	struct guard_file_id id;

	if (pid == 0 || s->l->reader == NULL ||
	    guard_reader_named(s->l->reader, &asking, pid, c->path, &id, c->sha256) !=
		    GUARD_READ_YES)
		return false;
	c->size = id.size;
	c->has_sha256 = true;
	return true;
}

static void learn_script(struct sight *s, struct guard_program *prog, const char *script)
{
	struct guard_content c = {.path = script};
	struct guard_script *item;
	const char *path;
	char buf[4096];
	bool is_new = false;

	if (s->l->session != NULL)
		guard_session_find_cwd(s->l->session, s->e);
	path = guard_event_path(s->e, script, buf, sizeof(buf));
	if (path != NULL)
		c.path = path;
	/* Its own process may end while it is asked. */
	if (path != NULL && !read_script(s, s->rec->host_pid, &c) &&
	    !read_script(s, guard_session_pid(s->w), &c) && s->w->is_host)
		(void)read_script(s, (uint32_t)getpid(), &c);
	if (!c.has_sha256 && (s->rec->flags & GUARD_RF_SCRIPT) != 0 &&
	    s->l->script_pid == s->rec->host_pid) {
		const char *named = c.path;

		c = s->l->script;
		c.path = named;
	}
	item = guard_profile_add_script(s->p, prog, &c, &is_new);
	if (item == NULL)
		return;
	if (is_new)
		guard_starts_add(s->start, item->content.path);
	s->fresh |= is_new;
	guard_content_complete(&item->content, &c);
	touch(s, &item->item);
}

static void add_text(struct sight *s, struct guard_text_list *list, const char *text)
{
	struct guard_text_item *item;
	bool is_new = false;

	if (text == NULL || text[0] == '\0')
		return;
	if (list->n_items >= GUARD_MAX_SHAPES)
		text = "*"; /* too many to be of use: any */
	item = guard_profile_add_text(s->p, list, text, &is_new);
	if (item == NULL)
		return;
	if (is_new)
		guard_starts_add(s->start, item->text);
	s->fresh |= is_new;
	touch(s, &item->item);
}

static void set_flag(struct sight *s, bool *flag)
{
	if (!*flag)
		s->fresh = true;
	*flag = true;
}

static void learn_use(struct sight *s, struct guard_program *prog)
{
	struct guard_call call;
	struct sk_buf b;

	guard_call_parse(s->e->file_path, s->e->args, s->e->n_args, &call);
	prog->multicall |= call.family.multicall;
	prog->interpreter |= call.family.interpreter;
	if (prog->multicall)
		add_text(s, &prog->applets, call.applet);
	if (call.is_shell && call.code)
		set_flag(s, &prog->inline_code);
	if (call.is_shell && call.interactive)
		set_flag(s, &prog->interactive);
	if (call.script != NULL)
		learn_script(s, prog, call.script);
	else if (!call.is_shell && s->e->file_script != NULL)
		learn_script(s, prog, s->e->file_script);
	sk_buf_init(&b, TEXT_MAX);
	if (s->e->n_args > 0 && guard_shape_of(s->e->args, s->e->n_args, &b) && b.len != 0)
		add_text(s, &prog->shapes, b.ptr);
	sk_buf_release(&b);
}

/* What it was called with is not known any more: it calls itself something else. */
static void learn_family(const struct sight *s, struct guard_program *prog)
{
	struct guard_family family = guard_family_of(s->e->file_path);

	prog->multicall |= family.multicall;
	prog->interpreter |= family.interpreter;
}

/* A shell that takes its commands from the network: told by lint, and not reported later. */
static void learn_remote(struct sight *s, struct guard_program *prog)
{
	struct guard_remote remote;
	enum guard_remote_state state =
		guard_remote_look(s->rec, s->e, prog->content.path, s->w, &remote);

	if (state == GUARD_REMOTE_YES)
		set_flag(s, &prog->remote);
	if (state == GUARD_REMOTE_AGAIN && s->l->session != NULL)
		guard_session_later(
			s->l->session, s->rec,
			guard_remote_pause((s->rec->flags & GUARD_RF_LATER) != 0 ? s->rec->op : 0));
}

static void learn_exec(struct sight *s)
{
	struct guard_content c = content_of(s);
	struct guard_program *prog = guard_profile_add_program(s->p, &c, &s->fresh);

	if (prog == NULL)
		return;
	if ((s->rec->flags & (GUARD_RF_LATER | GUARD_RF_RUNNING)) == 0)
		s->start = guard_starts_begin(s->l->starts, s->rec, s->p, prog, s->fresh);
	learn_remote(s, prog);
	if ((s->rec->flags & GUARD_RF_LATER) != 0)
		return;
	guard_content_complete(&prog->content, &c);
	touch(s, &prog->item);
	if (s->rec->flags & GUARD_RF_MAIN)
		prog->main = true;
	if ((s->rec->flags & GUARD_RF_ENTRY) && s->e->exe == NULL)
		prog->entry = true;
	add_text(s, &prog->parents, s->e->exe);
	if (s->e->n_args > 0)
		learn_use(s, prog);
	else if ((s->rec->flags & GUARD_RF_RUNNING) != 0)
		learn_family(s, prog);
}

static void learn_library(struct sight *s)
{
	struct guard_content c = content_of(s);
	struct guard_library *lib;

	/* The program itself is mapped as code too. */
	if (guard_profile_program(s->p, &c) != NULL)
		return;
	lib = guard_profile_add_library(s->p, &c, &s->fresh);
	if (lib == NULL)
		return;
	guard_profile_complete_library(s->p, lib, &c);
	touch(s, &lib->item);
}

static void learn_file(struct sight *s)
{
	unsigned access = s->rec->op & (GUARD_ACCESS_READ | GUARD_ACCESS_WRITE);
	struct guard_file *file;
	struct sk_buf b;

	if (s->e->file_path == NULL)
		return;
	sk_buf_init(&b, TEXT_MAX);
	if (guard_pattern_of(sk_span_str(s->e->file_path), &b) && b.len != 0 &&
	    (!s->e->file_directory || b.ptr[b.len - 1] == '/' || sk_buf_add_char(&b, '/'))) {
		file = guard_profile_add_file(s->p, b.ptr, &s->fresh);
		if (file != NULL) {
			s->fresh |= (file->access & access) == 0;
			file->access |= access;
			touch(s, &file->item);
		}
	}
	sk_buf_release(&b);
}

/** struct hosts - /etc/hosts of a container being read */
struct hosts {
	struct sight *s;
	struct sk_span own; /* the container's own name */
	struct guard_dns_address last;
};

/* The first name of each address, but for what every container has. */
static void learn_host(void *ctx, const struct guard_dns_address *a, struct sk_span name)
{
	static const uint8_t own6[16] = {[15] = 1};
	struct hosts *h = ctx;
	char text[GUARD_RESOLVED_TEXT_MAX + 1];
	bool again =
		h->last.family == a->family && memcmp(h->last.addr, a->addr, sizeof(a->addr)) == 0;

	h->last = *a;
	if (again || name.len >= sizeof(text) || sk_span_eq(name, h->own) ||
	    (a->family == AF_INET ? a->addr[0] == 127 || a->addr[0] == 0
				  : memcmp(a->addr, own6, 15) == 0 || a->addr[0] >= 0xfe))
		return;
	(void)snprintf(text, sizeof(text), "%.*s", SK_SPAN_ARG(name));
	(void)guard_resolved_name(h->s->l->resolved, h->s->rec->cgroup, a, text);
}

/* Once for each container, before its first peer. */
static void learn_hosts(struct sight *s)
{
	static const struct guard_dns_address mark = {0};
	char name[256];
	sk_cleanup(sk_freep) char *text = NULL;
	struct guard_asking asking = asking_of(s);
	struct hosts h = {.s = s};

	if (guard_resolved_get(s->l->resolved, s->rec->cgroup, mark.family, mark.addr) != NULL)
		return;
	(void)guard_resolved_name(s->l->resolved, s->rec->cgroup, &mark, "");
	if (s->l->reader == NULL)
		return;
	text = sk_alloc(GUARD_HOSTS_BYTES);
	h.own = sk_span_trim(guard_reader_text(s->l->reader, &asking, s->rec->host_pid,
					       "/etc/hostname", name, sizeof(name)));
	guard_hosts_parse(guard_reader_text(s->l->reader, &asking, s->rec->host_pid, "/etc/hosts",
					    text, GUARD_HOSTS_BYTES),
			  learn_host, &h);
}

static void add_peer(struct sight *s, const char *name, const char *address, uint8_t proto,
		     uint16_t port)
{
	struct guard_peer peer = {.address = name != NULL ? NULL : address,
				  .name = name,
				  .protocol = s->rec->type == GUARD_REC_UNIX ? "unix"
					      : proto == IPPROTO_UDP         ? "udp"
					      : proto == IPPROTO_TCP         ? "tcp"
									     : NULL,
				  .port = port};
	struct guard_peer *item;

	if (peer.protocol == NULL)
		return; /* a raw socket's, which is judged as such */
	item = guard_profile_add_peer(s->p, &peer, &s->fresh);
	if (item != NULL)
		touch(s, &item->item);
}

/* Every name that leads to the address: an answer does not say which of them was meant. */
static void learn_peer(struct sight *s)
{
	struct guard_resolved_port port = {s->rec->port, s->rec->proto};
	struct guard_dns_address a = {.family = s->rec->family};
	const struct guard_resolved_entry *known;

	memcpy(a.addr, s->rec->addr, sizeof(a.addr));
	learn_hosts(s);
	known = guard_resolved_port(s->l->resolved, s->rec->cgroup, &a, port);
	for (size_t i = 0; i < GUARD_RESOLVED_NAMES && known->names[i] != NULL; i++)
		add_peer(s, known->names[i], NULL, port.proto, port.port);
	if (known->names[0] == NULL)
		add_peer(s, NULL, s->e->peer_address, port.proto, port.port);
}

/* Reverse look-ups and families of names that are made up as needed become "*.parent". */
static const char *pattern_of(const struct guard_profile *p, const char *name, char *buf,
			      size_t size)
{
	static const char *const reverse[] = {"in-addr.arpa", "ip6.arpa"};
	const char *parent = strchr(name, '.');
	size_t n = 0;

	for (size_t i = 0; i < SK_ARRAY_LEN(reverse); i++) {
		if (sk_span_ends(sk_span_str(name), reverse[i])) {
			(void)snprintf(buf, size, "*.%s", reverse[i]);
			return buf;
		}
	}
	if (parent == NULL || strchr(parent + 1, '.') == NULL)
		return name;
	for (size_t i = 0; i < p->names.n_items; i++) {
		const char *other = strchr(p->names.items[i].text, '.');

		n += other != NULL && strcmp(other, parent) == 0;
		if (strcmp(p->names.items[i].text, name) == 0)
			return name;
	}
	if (n < MAX_SIBLINGS)
		return name;
	(void)snprintf(buf, size, "*%s", parent);
	return buf;
}

static void learn_name(struct sight *s)
{
	char buf[GUARD_RESOLVED_TEXT_MAX + 4];
	struct guard_dns_pattern pattern;
	struct guard_text_item *item;
	const char *name = s->e->detail;

	if (name == NULL || strlen(name) > GUARD_RESOLVED_TEXT_MAX)
		return;
	name = pattern_of(s->p, name, buf, sizeof(buf));
	if (!guard_dns_pattern(sk_span_str(name), &pattern))
		return; /* the root */
	item = guard_profile_add_text(s->p, &s->p->names, name, &s->fresh);
	if (item != NULL)
		touch(s, &item->item);
}

/* An answer: where the container talks to already has one name more. */
static void learn_answer(struct sight *s)
{
	const struct guard_resolved_entry *known;
	struct guard_dns_address a = {0};

	for (size_t i = 0; i < s->e->n_dns_addresses; i++) {
		const char *text = s->e->dns_addresses[i];

		a.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
		memset(a.addr, 0, sizeof(a.addr));
		if (inet_pton(a.family, text, a.addr) != 1)
			continue;
		known = guard_resolved_name(s->l->resolved, s->rec->cgroup, &a, s->e->detail);
		for (size_t k = 0; k < known->n_ports && known->names[0] != NULL; k++)
			add_peer(s, known->names[0], NULL, known->ports[k].proto,
				 known->ports[k].port);
	}
}

/* The program that acts, for what belongs to programs. */
static struct guard_program *actor(struct sight *s)
{
	struct guard_content c = {.path = s->e->exe};

	return s->e->exe != NULL ? guard_profile_program(s->p, &c) : NULL;
}

static void learn_other(struct sight *s)
{
	struct guard_program *prog = actor(s);
	uint32_t call = guard_call_known_as(s->rec->op);
	struct guard_listen *listen;

	if (s->rec->type == GUARD_REC_ANON && prog != NULL)
		set_flag(s, &prog->anon_exec);
	if (s->rec->type == GUARD_REC_RAW && prog != NULL)
		set_flag(s, &prog->raw_socket);
	if (s->rec->type == GUARD_REC_CALL && call < GUARD_N_SYSCALLS)
		s->p->syscalls[call / 64] |= 1ull << (call % 64);
	/* A port on which connections come may have been offered before anybody looked. */
	if ((s->rec->type == GUARD_REC_BIND || s->rec->type == GUARD_REC_ACCEPT) &&
	    (s->rec->proto == IPPROTO_TCP || s->rec->proto == IPPROTO_UDP)) {
		listen = guard_profile_add_listen(s->p, s->e->peer_protocol,
						  s->rec->type == GUARD_REC_BIND ? s->e->peer_port
										 : s->e->local_port,
						  &s->fresh);
		if (listen != NULL)
			touch(s, &listen->item);
	}
}

static void count_new(struct guard_learn *l, const struct guard_profile *p)
{
	l->state.n_new++;
	for (size_t i = 0; i < l->n_profiles; i++)
		l->n_new[i] += l->profiles[i] == p;
}

/* A program was ended at its start: by another guard, or nobody can tell. */
static void take_back(struct guard_learn *l, const struct guard_rec *rec)
{
	const struct guard_profile *p = guard_starts_see(l->starts, rec);

	if (p == NULL)
		return;
	l->state.n_new--;
	for (size_t i = 0; i < l->n_profiles; i++)
		l->n_new[i] -= l->profiles[i] == p;
}

/* Processes were not followed, and nobody knows whose: each has at least been started. */
static void lose_any(struct guard_learn *l, uint64_t n)
{
	for (size_t i = 0; i < l->n_profiles; i++) {
		l->profiles[i]->incomplete = true;
		l->profiles[i]->lost += n;
	}
	l->state.lost += n;
}

void guard_learn_event(struct guard_learn *l, const struct guard_rec *rec, struct guard_event *e,
		       struct guard_whose *w)
{
	struct sight s = {.l = l, .p = w != NULL ? w->user : NULL, .rec = rec, .e = e, .w = w};

	if (rec == NULL && e->detail != NULL && strcmp(e->detail, GUARD_STORY_NOT_FOLLOWED) == 0)
		lose_any(l, e->count);
	if (s.p == NULL)
		return;
	if (rec == NULL) {
		if (e->kind == GUARD_KIND_LOST) {
			s.p->incomplete = true;
			s.p->lost += e->lost_events;
			l->state.lost += e->lost_events;
		}
		return;
	}
	take_back(l, rec);
	s.now = (int64_t)(e->time_us / 1000000);
	s.bit = image_bit(s.p, w);
	switch (rec->type) {
	case GUARD_REC_EXEC:
		learn_exec(&s);
		break;
	case GUARD_REC_SCRIPT:
		script_executed(&s);
		break;
	case GUARD_REC_MMAP:
		learn_library(&s);
		break;
	case GUARD_REC_OPEN:
	case GUARD_REC_PLACE:
		learn_file(&s);
		break;
	case GUARD_REC_CONNECT:
	case GUARD_REC_SEND:
		learn_peer(&s);
		break;
	case GUARD_REC_UNIX:
		add_peer(&s, NULL, e->peer_address, 0, 0);
		break;
	case GUARD_REC_DNS:
		learn_name(&s);
		learn_answer(&s);
		break;
	default:
		learn_other(&s);
		break;
	}
	if (s.fresh) {
		count_new(l, s.p);
		l->state.last_new = s.now;
		s.p->last_new = s.now;
	}
}

void guard_learn_gone(struct guard_learn *l, struct guard_kern *k, struct guard_whose *w)
{
	struct guard_profile *p = w->user;
	struct guard_container c;

	(void)l;
	if (p == NULL || !guard_kern_get(k, GUARD_MAP_CONTAINERS, &w->cgroup, &c))
		return;
	if (!w->has_started)
		p->starts++;
	p->capabilities |= c.caps;
	for (size_t i = 0; i < GUARD_N_CALLS / 64; i++) {
		p->syscalls[i] |= c.calls[i];
		p->syscalls_ia32 |= c.calls_ia32[i] != 0;
	}
	if (c.lost > w->lost) {
		p->incomplete = true;
		p->lost += c.lost - w->lost;
		w->lost = c.lost;
	}
}

void guard_learn_blind(struct guard_learn *l, unsigned sections)
{
	l->blind = sections;
}

/* Sections that nobody has seen, this time or before. */
static uint64_t unseen_of(const struct guard_profile *p, unsigned blind)
{
	if (p->runs > 1)
		return p->unseen & blind;
	return blind;
}

/* A program that was seen and whose content nobody could read: gone before anybody looked. */
static bool lacks_content(const struct guard_learn *l, const struct guard_profile *p)
{
	for (size_t i = 0; i < p->n_programs; i++)
		if (!p->programs[i].content.has_sha256 &&
		    p->programs[i].item.last >= l->state.started)
			return true;
	return false;
}

/* Somebody else has written the file meanwhile: what both know, with what was said by hand. */
static int save_united(const struct guard_learn *l, const struct guard_profile *p,
		       const struct loaded *had, struct sk_err *err)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *there = NULL;
	int r = guard_profile_load(l->dir, p->service, &there, err);

	if (r < 0 || there == NULL)
		return r < 0 ? r : guard_profile_save(l->dir, p, err);
	r = guard_profile_merge(there, p, err);
	if (r < 0)
		return r;
	/* What both began with is counted once. */
	there->runs -= had->runs;
	there->replicas -= had->replicas;
	there->starts -= had->starts;
	there->lost -= had->lost;
	there->learned_s -= had->learned_s;
	guard_profile_settle(there);
	return guard_profile_save(l->dir, there, err);
}

int guard_learn_save(struct guard_learn *l, struct sk_err *err)
{
	sk_cleanup(sk_closep) int lock = -1;
	uint64_t seconds = l->ready != 0 ? (sk_mono_ms() - l->ready_ms) / 1000 : 0;
	int64_t now = time(NULL);
	int r = 0;

	lock = guard_profile_lock(l->dir); /* not there yet, or not to be had: goes on */

	for (size_t i = 0; i < l->n_profiles; i++) {
		struct guard_profile *p = l->profiles[i];

		p->learned_s += seconds;
		p->last = now;
		p->unseen = unseen_of(p, l->blind);
		p->incomplete |= lacks_content(l, p);
		guard_profile_settle(p);
		if ((guard_profile_stamp(l->dir, p->service) != l->loaded[i].stamp
			     ? save_united(l, p, &l->loaded[i], err)
			     : guard_profile_save(l->dir, p, err)) < 0)
			r = -err->code;
		l->loaded[i].stamp = guard_profile_stamp(l->dir, p->service);
	}
	return r;
}

struct guard_learn_state guard_learn_state(const struct guard_learn *l)
{
	return l->state;
}

bool guard_learn_next_service(const struct guard_learn *l, size_t *pos,
			      struct guard_learn_service *ret)
{
	const struct guard_profile *p;

	if (*pos >= l->n_profiles)
		return false;
	p = l->profiles[*pos];
	ret->name = p->service;
	ret->n_new = l->n_new[*pos];
	ret->last_new = ret->n_new != 0 ? p->last_new : begin_of(l);
	(*pos)++;
	return true;
}

const struct guard_profile *guard_learn_next_heir(const struct guard_learn *l, size_t *pos)
{
	while (*pos < l->n_profiles) {
		const struct guard_profile *p = l->profiles[(*pos)++];
		size_t n_new = 0;

		for (size_t i = 0; i < p->n_images; i++)
			n_new += p->images[i].first >= l->state.started;
		if (n_new != 0 && n_new < p->n_images)
			return p;
	}
	return NULL;
}
