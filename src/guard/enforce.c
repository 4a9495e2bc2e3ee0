/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each service with a profile has an index. Its files are entered in the kernel's allow set when
 * they are found (in running containers at once, else when the first container starts), and when a
 * held program turns out to have known content.
 */
#include "guard/enforce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/parse.h"
#include "guard/call.h"
#include "guard/expect.h"
#include "guard/files.h"
#include "guard/named.h"
#include "guard/names.h"
#include "guard/profile-yaml.h"
#include "guard/remote.h"
#include "guard/resolver.h"
#include "guard/shape.h"
#include "guard/story.h"

enum {
	TEXT_MAX = 16 << 10,
	OPENED_HASHED = 16 << 20, /* opened files are hashed for an alert up to this size */
	HASH_MOST = 64 << 20,     /* bytes of a file that cannot be known: its hash is for people */
};

/** struct service - a profile in force */
struct service {
	char *name;
	struct guard_profile *profile; /* NULL: there is none */
	uint32_t index;
	bool resolved;            /* its files were looked up in a running container */
	const char *const *names; /* of peers, to be looked up */
	size_t n_names;
};

struct guard_enforce {
	struct guard_session *session; /* NULL: nothing is looked at again */
	struct guard_remote remote;    /* of the event at hand */
	struct guard_enforce_options options;
	struct guard_files *files;
	struct guard_resolver *resolver;
	struct sk_arena *arena;
	struct service services[GUARD_MAX_SERVICES];
	size_t n_services;
	struct sk_buf text;
	struct sk_buf expected;
	uint8_t hash[GUARD_HASH_BYTES];
};

struct guard_enforce *guard_enforce_new(const struct guard_enforce_options *o)
{
	struct guard_enforce *f = sk_alloc(sizeof(*f));

	f->options = *o;
	f->files = guard_files_new();
	f->resolver = guard_resolver_new();
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
	guard_files_free(f->files);
	guard_resolver_free(f->resolver);
	sk_arena_free(f->arena);
	sk_buf_release(&f->text);
	sk_buf_release(&f->expected);
	sk_free(f);
}

void guard_enforce_session(struct guard_enforce *f, struct guard_session *s)
{
	f->session = s;
}

struct guard_policy guard_enforce_default(const struct guard_enforce *f)
{
	enum guard_mode mode = f->options.default_mode;

	return (struct guard_policy){
		.mode_builtin = (uint8_t)mode,
		/* Compilers at run time are common; without a profile nobody said that this is
		   none. */
		.mode_anon = (uint8_t)(mode > GUARD_MODE_ALERT ? GUARD_MODE_ALERT : mode),
		.flags = GUARD_P_RECORD | GUARD_P_HOLD,
	};
}

/* The mode of what no section stands for. */
static enum guard_mode own_mode(const struct guard_profile *p, enum guard_mode given)
{
	return p->mode != GUARD_MODE_UNSET ? p->mode : given;
}

static struct guard_policy policy_of(const struct guard_profile *p, enum guard_mode given)
{
	enum guard_mode files = guard_expect_mode(p, GUARD_SECTION_FILES, given);
	enum guard_mode listen = guard_expect_mode(p, GUARD_SECTION_LISTEN, given);
	struct guard_policy policy = {
		.mode_exec = (uint8_t)guard_profile_mode(p, GUARD_SECTION_EXECUTABLES, given),
		.mode_lib = (uint8_t)guard_profile_mode(p, GUARD_SECTION_LIBRARIES, given),
		.mode_peer = (uint8_t)guard_profile_mode(p, GUARD_SECTION_PEERS, given),
		.mode_file = (uint8_t)files,
		.mode_listen = (uint8_t)listen,
		.mode_parent = (uint8_t)guard_expect_mode(p, GUARD_SECTION_PARENTS, given),
		.mode_cap = (uint8_t)guard_expect_mode(p, GUARD_SECTION_CAPABILITIES, given),
		.mode_call = (uint8_t)guard_expect_mode(p, GUARD_SECTION_SYSCALLS, given),
		.mode_builtin = (uint8_t)own_mode(p, given),
		.mode_anon = (uint8_t)guard_profile_mode(p, GUARD_SECTION_EXECUTABLES, given),
		.has_profile = 1,
		.flags = GUARD_P_RECORD | GUARD_P_HOLD,
		.caps = p->capabilities,
	};

	if (files != GUARD_MODE_UNSET || listen != GUARD_MODE_UNSET)
		policy.flags |= GUARD_P_LEARN;
	if (policy.mode_cap != GUARD_MODE_UNSET)
		policy.flags |= GUARD_P_JUDGE_CAPS;
	if (policy.mode_call != GUARD_MODE_UNSET)
		policy.flags |= GUARD_P_JUDGE_CALLS;
	if (p->syscalls_ia32)
		policy.flags |= GUARD_P_COMPAT;
	if (files == GUARD_MODE_ENFORCE)
		policy.flags |= GUARD_P_HOLD_FILES;
	if (guard_profile_mode(p, GUARD_SECTION_ARGUMENTS, given) == GUARD_MODE_ENFORCE)
		policy.flags |= GUARD_P_HOLD_ARGS;
	return policy;
}

static void put_size(struct guard_kern *k, uint32_t service, uint64_t size)
{
	struct guard_size_key key = {.service = service, .size = size};
	uint32_t one = 1;

	(void)guard_kern_put(k, GUARD_MAP_SIZES, &key, &one);
}

static void put_use(struct guard_kern *k, uint32_t service, uint32_t program,
		    enum guard_use_kind kind, uint64_t hash, uint32_t value)
{
	struct guard_use_key key = {
		.service = service, .program = program, .kind = kind, .hash = hash};

	(void)guard_kern_put(k, GUARD_MAP_USES, &key, &value);
}

/* Every parent is a program of the profile; else the kernel half could not tell. */
static bool has_parents(const struct guard_profile *p, const struct guard_program *prog)
{
	for (size_t i = 0; i < prog->parents.n_items; i++) {
		struct sk_span text = sk_span_str(prog->parents.items[i].text);
		size_t j = 0;

		while (j < p->n_programs &&
		       !guard_pattern_match(text, sk_span_str(p->programs[j].content.path)))
			j++;
		if (j == p->n_programs)
			return false;
	}
	return prog->parents.n_items != 0;
}

static void put_parents(struct guard_kern *k, uint32_t service, const struct guard_profile *p,
			const struct guard_program *prog, uint32_t number)
{
	for (size_t i = 0; i < p->n_programs && has_parents(p, prog); i++)
		if (guard_expect_parent(prog, p->programs[i].content.path))
			put_use(k, service, number, GUARD_USE_PARENT, i + 1, GUARD_U_KNOWN);
}

static void put_program(struct guard_kern *k, uint32_t service, const struct guard_program *prog,
			uint32_t number)
{
	put_size(k, service, prog->content.size);
	for (size_t i = 0; i < prog->applets.n_items; i++) {
		const char *name = prog->applets.items[i].text;

		put_use(k, service, number, GUARD_USE_APPLET, guard_name_hash(name),
			GUARD_U_KNOWN | (guard_applet_is_shell(name) ? GUARD_U_SHELL : 0u));
	}
	if (prog->multicall)
		put_use(k, service, number, GUARD_USE_APPLET, guard_name_hash(prog->content.path),
			GUARD_U_SELF);
	for (size_t i = 0; i < prog->n_scripts; i++) {
		put_use(k, service, number, GUARD_USE_SCRIPT,
			guard_name_hash(prog->scripts[i].content.path), GUARD_U_KNOWN);
		put_size(k, service, prog->scripts[i].content.size);
	}
}

static void put_net(struct guard_kern *k, uint32_t service, const struct guard_peer *peer,
		    uint8_t proto)
{
	struct guard_peer_key key = {.service = service, .port = peer->port, .proto = proto};
	struct guard_net_key net = {.service = service, .port = peer->port, .proto = proto};
	struct sk_span text = sk_span_str(peer->address);
	size_t slash = sk_span_find(text, '/');
	char addr[INET6_ADDRSTRLEN + 1];
	uint32_t bits = 0, one = 1;

	if (slash >= sizeof(addr))
		return;
	(void)snprintf(addr, sizeof(addr), "%.*s", (int)slash, text.ptr);
	key.family = inet_pton(AF_INET, addr, key.addr) == 1 ? AF_INET : AF_INET6;
	if (key.family == AF_INET6 && inet_pton(AF_INET6, addr, key.addr) != 1)
		return;
	if (slash == text.len) {
		(void)guard_kern_put(k, GUARD_MAP_PEERS, &key, &one);
		return;
	}
	if (!sk_parse_u32(sk_span_sub(text, slash + 1, text.len), &bits) || bits > 128)
		return;
	net.family = key.family;
	net.bits = 64 + bits;
	memcpy(net.addr, key.addr, sizeof(net.addr));
	(void)guard_kern_put(k, GUARD_MAP_NETS, &net, &one);
}

static void put_peers(struct guard_kern *k, uint32_t service, const struct guard_profile *p)
{
	for (size_t i = 0; i < p->n_peers; i++) {
		const char *proto = p->peers[i].protocol;

		if (p->peers[i].address == NULL)
			continue;
		if (proto == NULL || strcmp(proto, "tcp") == 0)
			put_net(k, service, &p->peers[i], IPPROTO_TCP);
		if (proto == NULL || strcmp(proto, "udp") == 0)
			put_net(k, service, &p->peers[i], IPPROTO_UDP);
	}
}

/* The calls that are known, and those that the kernel and a guard's stop cause. */
static void put_calls(struct guard_kern *k, uint32_t service, const struct guard_profile *p)
{
	static const unsigned always[] = {15 /* rt_sigreturn */, 60 /* exit */,
					  219 /* restart_syscall */, 231 /* exit_group */};
	uint64_t set[GUARD_N_SYSCALLS / 64];

	memcpy(set, p->syscalls, sizeof(set));
	for (size_t i = 0; i < SK_ARRAY_LEN(always); i++)
		set[always[i] / 64] |= 1ull << always[i] % 64;
	(void)guard_kern_put(k, GUARD_MAP_CALL_SETS, &service, set);
}

static void put_profile(struct guard_enforce *f, struct guard_kern *k, struct service *svc)
{
	const struct guard_profile *p = svc->profile;
	struct guard_policy policy = policy_of(p, f->options.mode);

	put_calls(k, svc->index, p);
	for (size_t i = 0; i < p->n_programs; i++) {
		put_program(k, svc->index, &p->programs[i], (uint32_t)i + 1);
		put_parents(k, svc->index, p, &p->programs[i], (uint32_t)i + 1);
	}
	for (size_t i = 0; i < p->n_libraries; i++)
		put_size(k, svc->index, p->libraries[i].content.size);
	put_peers(k, svc->index, p);
	guard_named_put(k, svc->index, p, f->options.mode, &policy);
	svc->names = guard_named_list(p, f->arena, &svc->n_names);
	/* Last: from here on the service is judged by it. */
	(void)guard_kern_put(k, GUARD_MAP_POLICIES, &svc->index, &policy);
}

static bool same_hash(const struct guard_content *c, const uint8_t *hash)
{
	return c->has_sha256 && memcmp(c->sha256, hash, GUARD_HASH_BYTES) == 0;
}

/* What a file of known content may be used for. */
static struct guard_allow allow_of(const struct guard_profile *p, const uint8_t *hash)
{
	struct guard_allow a = {0};
	struct guard_family family;

	for (size_t i = 0; i < p->n_programs; i++) {
		const struct guard_program *prog = &p->programs[i];

		for (size_t j = 0; j < prog->n_scripts; j++)
			if (same_hash(&prog->scripts[j].content, hash))
				a.flags |= GUARD_A_SCRIPT;
		if (!same_hash(&prog->content, hash) || (a.flags & GUARD_A_EXEC) != 0)
			continue;
		family = guard_family_of(prog->content.path);
		a.flags |= GUARD_A_EXEC | GUARD_A_LIB;
		a.flags |= prog->interpreter ? GUARD_A_INTERPRETER : 0u;
		a.flags |= prog->multicall ? GUARD_A_MULTICALL : 0u;
		a.flags |= prog->inline_code ? GUARD_A_INLINE : 0u;
		a.flags |= prog->interactive ? GUARD_A_INTERACTIVE : 0u;
		a.flags |= prog->anon_exec ? GUARD_A_ANON : 0u;
		a.flags |= prog->raw_socket ? GUARD_A_RAW : 0u;
		a.flags |= prog->remote ? GUARD_A_REMOTE : 0u;
		a.flags |= prog->shapes.n_items != 0 ? GUARD_A_SHAPES : 0u;
		a.flags |= has_parents(p, prog) ? GUARD_A_PARENTS : 0u;
		a.program = (uint32_t)i + 1;
		a.letters = family.letters;
		a.valued = family.valued;
	}
	for (size_t i = 0; i < p->n_libraries; i++)
		if (same_hash(&p->libraries[i].content, hash))
			a.flags |= GUARD_A_LIB;
	return a;
}

static void put_allow(struct guard_kern *k, uint32_t service, const struct guard_file_id *id,
		      const struct guard_allow *a)
{
	struct guard_allow_key key = {.service = service, .file = *id};

	/* It may change once more within the same tick: looked at again when it is used again. */
	if (!guard_files_is_settled(id))
		return;
	(void)guard_kern_put(k, GUARD_MAP_ALLOW, &key, a);
}

static void resolve_file(struct guard_enforce *f, struct guard_kern *k, const struct service *svc,
			 uint32_t pid, const char *path)
{
	struct guard_file_id id;
	struct guard_allow a;

	if (path == NULL || !guard_files_identify(pid, path, &id) ||
	    !guard_files_hash(f->files, &id, pid, path, f->hash))
		return;
	a = allow_of(svc->profile, f->hash);
	if (a.flags != 0)
		put_allow(k, svc->index, &id, &a);
}

/* Enters every file of the profile that a running container has under its learned name. */
static void resolve(struct guard_enforce *f, struct guard_kern *k, struct service *svc,
		    uint32_t pid)
{
	const struct guard_profile *p = svc->profile;

	if (svc->resolved || pid == 0)
		return;
	svc->resolved = true;
	for (size_t i = 0; i < p->n_programs; i++) {
		resolve_file(f, k, svc, pid, p->programs[i].content.path);
		for (size_t j = 0; j < p->programs[i].n_scripts; j++)
			resolve_file(f, k, svc, pid, p->programs[i].scripts[j].content.path);
	}
	for (size_t i = 0; i < p->n_libraries; i++)
		resolve_file(f, k, svc, pid, p->libraries[i].content.path);
}

/* Where the container asks for names, and what it may know already. */
static void look_around(struct guard_enforce *f, struct guard_kern *k, const struct service *svc,
			uint64_t cgroup, uint32_t pid)
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

static struct service *service_of(struct guard_enforce *f, const char *name, bool *ret_new)
{
	struct service *svc;

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
	struct service *svc = w->service != NULL ? service_of(f, w->service, &fresh) : NULL;
	int r = 0;

	w->index = GUARD_DEFAULT_SERVICE;
	if (svc == NULL)
		return 0;
	if (fresh)
		r = guard_profile_load(f->options.dir, w->service, &svc->profile, err);
	if (svc->profile == NULL)
		return r;
	if (fresh)
		put_profile(f, k, svc);
	w->user = svc;
	w->index = svc->index;
	resolve(f, k, svc, guard_session_pid(w));
	if (w->has_started || w->is_host)
		look_around(f, k, svc, w->cgroup, guard_session_pid(w));
	return 1;
}

const struct guard_profile *guard_enforce_profile(const struct guard_whose *w)
{
	const struct service *svc = w->user;

	return svc != NULL ? svc->profile : NULL;
}

/** struct held - a record being looked at */
struct held {
	struct guard_enforce *f;
	struct guard_kern *k;
	const struct guard_rec *rec;
	struct guard_event *e;
	struct guard_whose *w;
	struct service *svc;              /* NULL: no profile */
	const struct guard_program *prog; /* of the profile, once it is known to be the one */
	enum guard_section section;       /* that minds; GUARD_N_SECTIONS: no list does */
	bool has_hash;
};

/* Has something that the profile knows this size? Only then can the content be known. */
static bool is_known_size(const struct guard_profile *p, uint64_t size)
{
	for (size_t i = 0; i < p->n_programs; i++) {
		const struct guard_program *prog = &p->programs[i];

		if (prog->content.size == size)
			return true;
		for (size_t j = 0; j < prog->n_scripts; j++)
			if (prog->scripts[j].content.size == size)
				return true;
	}
	for (size_t i = 0; i < p->n_libraries; i++)
		if (p->libraries[i].content.size == size)
			return true;
	return false;
}

/* Files can be made as large as one likes at no cost: the agent does not hash all of them. */
static bool is_worth_hashing(const struct held *h)
{
	return h->rec->file.size <= HASH_MOST ||
	       (h->svc != NULL && is_known_size(h->svc->profile, h->rec->file.size));
}

/* The kernel's own descriptor where there is one: a path may lead elsewhere by now. */
static bool find_hash(struct held *h)
{
	struct guard_files *files = h->f->files;
	const struct guard_file_id *id = &h->rec->file;
	uint32_t pid;

	if (h->e->file_fd >= 0)
		return guard_files_hash_fd(files, id, h->e->file_fd, h->f->hash);
	if ((h->rec->type == GUARD_REC_EXEC &&
	     guard_files_hash(files, id, h->rec->host_pid, NULL, h->f->hash)) ||
	    guard_files_hash(files, id, h->rec->host_pid, h->e->file_path, h->f->hash))
		return true;
	pid = guard_session_pid(h->w);
	if (pid != 0 && guard_files_hash(files, id, pid, h->e->file_path, h->f->hash))
		return true;
	return guard_files_hash_layers(files, id, h->w->layers, h->e->file_path, h->f->hash);
}

static void take_hash(struct held *h)
{
	if (!is_worth_hashing(h))
		return;
	h->has_hash = find_hash(h);
	for (size_t i = 0; h->has_hash && i < GUARD_HASH_BYTES; i++)
		(void)snprintf(h->e->file_sha256 + 2 * i, 3, "%02x", h->f->hash[i]);
}

static uint32_t wanted_use(const struct guard_rec *rec)
{
	return rec->type == GUARD_REC_EXEC     ? GUARD_A_EXEC
	       : rec->type == GUARD_REC_SCRIPT ? GUARD_A_SCRIPT
					       : GUARD_A_LIB;
}

/* A file of known content: entered for the next time. Returns the reason that remains. */
static enum guard_reason known_content(struct held *h, const struct guard_allow *a)
{
	const struct guard_program *prog;
	enum guard_reason reason;
	struct guard_call call;
	struct guard_task task;

	put_allow(h->k, h->w->index, &h->rec->file, a);
	if (h->rec->type != GUARD_REC_EXEC || h->svc == NULL || a->program == 0)
		return GUARD_REASON_NONE;
	prog = h->prog = &h->svc->profile->programs[a->program - 1];
	guard_call_parse(prog->content.path, h->e->args, h->e->n_args, &call);
	if (guard_kern_get(h->k, GUARD_MAP_TASKS, &h->rec->host_pid, &task)) {
		task.program = a->program;
		task.use = a->flags;
		task.script = call.script != NULL ? guard_name_hash(call.script) : 0;
		(void)guard_kern_put(h->k, GUARD_MAP_TASKS, &h->rec->host_pid, &task);
	}
	reason = (enum guard_reason)guard_call_judge(prog, &call);
	if (reason == GUARD_REASON_NONE && (h->rec->flags & GUARD_RF_RUNNING) == 0 &&
	    !guard_expect_parent(prog, h->e->exe) &&
	    guard_expect_mode(h->svc->profile, GUARD_SECTION_PARENTS, h->f->options.mode) !=
		    GUARD_MODE_UNSET) {
		reason = GUARD_REASON_NOT_IN_PROFILE;
		h->section = GUARD_SECTION_PARENTS;
		h->e->detail = "parent";
	}
	if (reason != GUARD_REASON_NONE && (h->rec->flags & GUARD_RF_ENTRY) != 0)
		return GUARD_REASON_ENTRY;
	return reason;
}

/* Looks at content. Returns the reason to mind, GUARD_REASON_NONE when there is none. */
static enum guard_reason look(struct held *h)
{
	struct guard_allow a = {.flags = wanted_use(h->rec)};
	uint8_t below[GUARD_HASH_BYTES];

	if (h->svc != NULL) {
		if (h->has_hash)
			a = allow_of(h->svc->profile, h->f->hash);
		if (h->has_hash && (a.flags & wanted_use(h->rec)) != 0)
			return known_content(h, &a);
	} else if (h->e->reason == GUARD_REASON_DRIFT && h->has_hash &&
		   guard_files_below(h->rec->host_pid, h->e->file_path, below) &&
		   memcmp(below, h->f->hash, sizeof(below)) == 0) {
		return known_content(h, &a);
	}
	return h->e->reason;
}

static enum guard_reason default_reason(const struct held *h)
{
	if (h->rec->flags & GUARD_RF_UNLINKED)
		return GUARD_REASON_FILELESS;
	if (h->e->file_origin == GUARD_ORIGIN_UPPER || h->e->file_origin == GUARD_ORIGIN_VOLUME ||
	    h->e->file_origin == GUARD_ORIGIN_TMPFS)
		return GUARD_REASON_DRIFT;
	if (h->svc == NULL)
		return GUARD_REASON_NONE;
	return h->rec->flags & GUARD_RF_ENTRY ? GUARD_REASON_ENTRY : GUARD_REASON_NOT_IN_PROFILE;
}

static enum guard_mode mode_for(const struct held *h)
{
	const struct guard_enforce_options *o = &h->f->options;

	if (h->svc == NULL)
		return o->default_mode;
	if (h->section == GUARD_N_SECTIONS)
		return own_mode(h->svc->profile, o->mode);
	return guard_expect_mode(h->svc->profile, h->section, o->mode);
}

/* Whatever the lists say: a shell that somebody outside talks to. */
static bool is_remote(struct held *h)
{
	struct guard_remote *remote = &h->f->remote;
	enum guard_remote_state state;

	if (h->prog != NULL && h->prog->remote)
		return false;
	state = guard_remote_look(h->rec, h->e, h->prog != NULL ? h->prog->content.path : NULL,
				  h->w, remote);
	if (state == GUARD_REMOTE_AGAIN && h->f->session != NULL)
		guard_session_later(
			h->f->session, h->rec,
			guard_remote_pause((h->rec->flags & GUARD_RF_LATER) != 0 ? h->rec->op : 0));
	if (state != GUARD_REMOTE_YES)
		return false;
	h->section = GUARD_N_SECTIONS;
	h->e->peer_address = remote->from.address;
	h->e->peer_port = remote->from.port;
	h->e->peer_protocol = "tcp";
	h->e->relay = remote->relay[0] != '\0' ? remote->relay : NULL;
	return mode_for(h) != GUARD_MODE_UNSET;
}

/*
 * Nobody said what this container does, but this is known not to be wanted. What a profile knows is
 * for its review to mind.
 */
static bool is_unwelcome(struct held *h)
{
	const struct guard_sign *sign = guard_sign_of_event(h->e, h->f->options.signs);

	if (sign == NULL ||
	    (strcmp(sign->severity, "critical") != 0 && strcmp(sign->severity, "high") != 0))
		return false;
	h->section = GUARD_N_SECTIONS;
	return mode_for(h) != GUARD_MODE_UNSET;
}

/* A program that no list forbids: is it given the arguments that it is known with? */
static enum guard_reason judge_start(struct held *h)
{
	uint32_t one = 1;
	struct guard_seen_key key = {.cgroup = h->w->index,
				     .a = h->rec->value,
				     .kind = GUARD_REC_EXEC,
				     .op = GUARD_SEEN_FINE};

	if (is_remote(h))
		return GUARD_REASON_SHELL;
	if (h->svc == NULL && is_unwelcome(h))
		return GUARD_REASON_POLICY;
	if (h->prog == NULL || (h->rec->flags & GUARD_RF_LATER) != 0)
		return GUARD_REASON_NONE;
	h->section = GUARD_SECTION_ARGUMENTS;
	if (mode_for(h) == GUARD_MODE_UNSET)
		return GUARD_REASON_NONE;
	if (guard_expect_arguments(h->prog, h->e->args, h->e->n_args)) {
		key.b = (uint64_t)(h->prog - h->svc->profile->programs) + 1;
		if (key.a != 0)
			(void)guard_kern_put(h->k, GUARD_MAP_SEEN, &key, &one);
		return GUARD_REASON_NONE;
	}
	h->e->detail = "arguments";
	return h->rec->flags & GUARD_RF_ENTRY ? GUARD_REASON_ENTRY : GUARD_REASON_NOT_IN_PROFILE;
}

static bool decide_held(struct held *h)
{
	enum guard_reason reason = h->e->reason;
	enum guard_mode mode;

	if (h->svc != NULL)
		resolve(h->f, h->k, h->svc, h->rec->host_pid);
	take_hash(h);
	if (reason == GUARD_REASON_NONE)
		h->e->reason = default_reason(h);
	reason = look(h);
	if (reason == GUARD_REASON_NONE && h->rec->type == GUARD_REC_EXEC)
		reason = judge_start(h);
	h->e->reason = reason;
	mode = mode_for(h);
	if (reason != GUARD_REASON_NONE && mode == GUARD_MODE_ENFORCE) {
		(void)guard_kern_release(h->k, h->rec, SIGKILL); /* gone is as good */
		h->e->verdict = (enum guard_verdict)guard_kern_refusal(h->k);
		return true;
	}
	if (!guard_kern_release(h->k, h->rec, SIGCONT) && (h->rec->flags & GUARD_RF_LATE) != 0) {
		/* It waited for an agent that had ended, and was ended for that. */
		h->e->verdict = GUARD_VERDICT_KILLED;
		h->e->reason = h->rec->reason != 0 ? (enum guard_reason)h->rec->reason
						   : GUARD_REASON_POLICY;
		return true;
	}
	h->e->verdict = reason == GUARD_REASON_NONE ? GUARD_VERDICT_ALLOWED
			: mode < GUARD_MODE_ALERT   ? GUARD_VERDICT_OBSERVED
						    : GUARD_VERDICT_ALERTED;
	return reason != GUARD_REASON_NONE && mode != GUARD_MODE_UNSET;
}

static bool file_expected(const struct held *h)
{
	return h->svc == NULL ||
	       guard_expect_file(h->svc->profile, h->e->file_path,
				 h->rec->op == 2 ? GUARD_ACCESS_WRITE : GUARD_ACCESS_READ);
}

/* A process that opened a file waits before it can use it. */
static bool decide_open(struct held *h)
{
	struct guard_seen_key key = {.cgroup = h->rec->cgroup,
				     .a = h->rec->file.ino,
				     .b = h->rec->value,
				     .kind = GUARD_REC_OPEN,
				     .op = h->rec->op | GUARD_SEEN_FINE};
	uint64_t one = 1;

	if (file_expected(h)) {
		(void)guard_kern_put(h->k, GUARD_MAP_SEEN, &key, &one);
		guard_kern_release(h->k, h->rec, SIGCONT);
		return false;
	}
	guard_kern_release(h->k, h->rec, SIGKILL);
	h->e->verdict = GUARD_VERDICT_KILLED;
	h->e->reason = GUARD_REASON_NOT_IN_PROFILE;
	return true;
}

/* Program starts, files and ports that were let through and are judged from their records. */
static enum guard_reason judge_record(struct held *h)
{
	if (h->rec->type == GUARD_REC_EXEC) {
		if (h->svc != NULL && h->rec->program != 0 &&
		    h->rec->program <= h->svc->profile->n_programs)
			h->prog = &h->svc->profile->programs[h->rec->program - 1];
		return judge_start(h);
	}
	if (h->svc == NULL)
		return GUARD_REASON_NONE;
	if (h->rec->type == GUARD_REC_OPEN) {
		h->section = GUARD_SECTION_FILES;
		return file_expected(h) ? GUARD_REASON_NONE : GUARD_REASON_NOT_IN_PROFILE;
	}
	if (h->rec->type == GUARD_REC_BIND) {
		h->section = GUARD_SECTION_LISTEN;
		return guard_expect_listen(h->svc->profile, h->e->peer_protocol, h->rec->port)
			       ? GUARD_REASON_NONE
			       : GUARD_REASON_NOT_IN_PROFILE;
	}
	return GUARD_REASON_NONE;
}

/* Too late to stop what it did, not too late to end it. */
static bool decide_late(struct held *h, enum guard_reason reason)
{
	enum guard_mode mode = mode_for(h);

	if (reason == GUARD_REASON_NONE || mode == GUARD_MODE_UNSET)
		return false;
	if (h->rec->type == GUARD_REC_EXEC ||
	    (h->rec->type == GUARD_REC_OPEN && h->rec->file.size <= OPENED_HASHED))
		take_hash(h);
	h->e->reason = reason;
	h->e->verdict = mode == GUARD_MODE_AUDIT ? GUARD_VERDICT_OBSERVED : GUARD_VERDICT_ALERTED;
	if (mode == GUARD_MODE_ENFORCE && guard_kern_kill(h->k, h->rec))
		h->e->verdict = GUARD_VERDICT_KILLED;
	return true;
}

static bool is_file_violation(const struct guard_rec *rec)
{
	return (rec->type == GUARD_REC_EXEC || rec->type == GUARD_REC_MMAP ||
		rec->type == GUARD_REC_SCRIPT) &&
	       rec->reason != 0;
}

/* A shell that the service never had is told as such. */
static void refine(struct held *h)
{
	if (h->e->kind == GUARD_KIND_EXEC && h->e->reason == GUARD_REASON_NOT_IN_PROFILE &&
	    guard_story_is_shell(h->e->file_path))
		h->e->reason = GUARD_REASON_SHELL;
}

/* What ran before the guard: known files are entered, others are told of. Nothing is ended. */
static bool judge_running(struct held *h)
{
	struct guard_allow a = {0};

	if (h->svc == NULL)
		return false;
	take_hash(h);
	if (h->has_hash)
		a = allow_of(h->svc->profile, h->f->hash);
	if ((a.flags & wanted_use(h->rec)) != 0) {
		(void)known_content(h, &a);
		return false;
	}
	h->e->verdict = GUARD_VERDICT_ALERTED;
	h->e->reason = GUARD_REASON_NOT_IN_PROFILE;
	return mode_for(h) >= GUARD_MODE_ALERT;
}

static bool judge(struct held *h)
{
	const struct guard_rec *rec = h->rec;

	if (rec->type == GUARD_REC_EXEC && h->svc != NULL)
		look_around(h->f, h->k, h->svc, h->w->cgroup, rec->host_pid);
	if ((rec->flags & GUARD_RF_RUNNING) != 0)
		return judge_running(h);
	if (rec->verdict == GUARD_REC_HELD)
		return rec->type == GUARD_REC_OPEN ? decide_open(h) : decide_held(h);
	if (is_file_violation(rec) && h->e->file_path != NULL) {
		take_hash(h);
		/* Not blocked: content may still tell that it is no violation. */
		if (rec->verdict <= GUARD_REC_ALERTED)
			h->e->reason = look(h);
		return h->e->reason != GUARD_REASON_NONE;
	}
	if (rec->reason != 0)
		return true;
	return decide_late(h, judge_record(h));
}

/* The program of the profile that was run; NULL: none. Counted repetitions have a path alone. */
static const struct guard_program *program_of(const struct held *h)
{
	const struct guard_profile *p = h->svc->profile;

	if (h->prog != NULL)
		return h->prog;
	if (h->rec != NULL)
		return h->rec->program != 0 && h->rec->program <= p->n_programs
			       ? &p->programs[h->rec->program - 1]
			       : NULL;
	for (size_t i = 0; h->e->file_path != NULL && i < p->n_programs; i++)
		if (strcmp(p->programs[i].content.path, h->e->file_path) == 0)
			return &p->programs[i];
	return NULL;
}

/* A program that is known, started from outside by a name that is not: the sentence names that. */
static void name_applet(const struct held *h)
{
	const struct guard_program *prog;
	struct guard_event *e = h->e;
	struct guard_call call;

	if (h->svc == NULL || e->kind != GUARD_KIND_EXEC || e->file_is_script ||
	    e->reason != GUARD_REASON_ENTRY || e->detail != NULL)
		return;
	prog = program_of(h);
	if (prog == NULL)
		return;
	guard_call_parse(e->file_path, e->args, e->n_args, &call);
	if (call.applet[0] != '\0' && guard_call_judge(prog, &call) == GUARD_REC_R_APPLET)
		e->applet = call.applet;
}

/* What the profile has instead, for the sentence. */
static void expect(const struct held *h, struct sk_buf *b)
{
	const struct guard_profile *p = h->svc != NULL ? h->svc->profile : NULL;
	const struct guard_event *e = h->e;
	unsigned nr;

	sk_buf_reset(b);
	if (p == NULL ||
	    (e->reason != GUARD_REASON_NOT_IN_PROFILE && e->reason != GUARD_REASON_ENTRY))
		return;
	if (h->prog != NULL && e->detail != NULL)
		guard_expected_texts(
			strcmp(e->detail, "parent") == 0 ? &h->prog->parents : &h->prog->shapes, b);
	else if (e->kind == GUARD_KIND_OPEN && e->file_path != NULL)
		guard_expected_files(p, e->file_path,
				     e->file_write ? GUARD_ACCESS_WRITE : GUARD_ACCESS_READ, b);
	else if (e->kind == GUARD_KIND_BIND)
		guard_expected_listen(p, b);
	else if (e->kind == GUARD_KIND_PRIVILEGE && e->detail != NULL &&
		 guard_capability_number(sk_span_str(e->detail), &nr))
		guard_expected_capabilities(p, b);
	else if (e->kind == GUARD_KIND_PRIVILEGE)
		guard_expected_syscalls(p, b);
	h->e->expected = b->ptr;
}

/* Which package the file came with: what was not in the image came with none. */
static void find_owner(struct held *h)
{
	const struct guard_enforce_options *o = &h->f->options;
	struct guard_event *e = h->e;
	const char *package = NULL;
	uint32_t pid = 0;

	if (e->file_path == NULL || e->file_package != NULL || o->owner == NULL ||
	    e->reason == GUARD_REASON_NONE)
		return;
	if (e->file_origin != GUARD_ORIGIN_IMAGE) {
		if (e->kind != GUARD_KIND_OPEN && e->file_origin != GUARD_ORIGIN_UNKNOWN &&
		    e->file_origin != GUARD_ORIGIN_HOST)
			e->file_package = "";
		return;
	}
	if (h->rec != NULL && (h->rec->verdict <= GUARD_REC_ALERTED))
		pid = h->rec->host_pid;
	if (pid == 0)
		pid = guard_session_pid(h->w);
	switch (o->owner(o->owner_ctx, pid, h->w, e->file_path, &package)) {
	case GUARD_OWNED_YES:
		e->file_package = package;
		break;
	case GUARD_OWNED_NO:
		e->file_package = "";
		break;
	case GUARD_OWNED_UNKNOWN:
		break;
	}
}

/*
 * A profile learned from running containers alone knows nothing of how they start: what a container
 * does that starts now is noted where only a list of those days minds.
 */
static void forgive_start(const struct held *h)
{
	const struct guard_event *e = h->e;
	bool lists = e->kind == GUARD_KIND_OPEN || e->kind == GUARD_KIND_BIND ||
		     e->kind == GUARD_KIND_PRIVILEGE ||
		     (e->kind == GUARD_KIND_EXEC && e->detail != NULL);

	if (h->svc != NULL && h->svc->profile->runs != 0 && h->svc->profile->starts == 0 &&
	    !h->w->has_started && lists && e->reason == GUARD_REASON_NOT_IN_PROFILE &&
	    e->verdict == GUARD_VERDICT_ALERTED)
		h->e->verdict = GUARD_VERDICT_OBSERVED;
}

bool guard_enforce_event(struct guard_enforce *f, struct guard_kern *k, const struct guard_rec *rec,
			 struct guard_event *e, struct guard_whose *w)
{
	struct held h = {
		.f = f, .k = k, .rec = rec, .e = e, .w = w, .svc = w != NULL ? w->user : NULL};
	bool tell = true;

	h.section = rec != NULL && rec->type == GUARD_REC_MMAP ? GUARD_SECTION_LIBRARIES
							       : GUARD_SECTION_EXECUTABLES;
	e->profile = h.svc != NULL ? h.svc->name : NULL;
	if (rec != NULL)
		tell = judge(&h);
	if (tell && e->kind != GUARD_KIND_LOST) {
		forgive_start(&h);
		refine(&h);
		name_applet(&h);
		expect(&h, &f->expected);
		find_owner(&h);
		guard_story_tell(e, rec, f->options.signs, &f->text);
	}
	return tell;
}
