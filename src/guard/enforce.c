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
#include "guard/files.h"
#include "guard/profile-yaml.h"
#include "guard/shape.h"
#include "guard/story.h"

enum {
	TEXT_MAX = 16 << 10,
};

/** struct service - a profile in force */
struct service {
	char *name;
	struct guard_profile *profile; /* NULL: there is none */
	uint32_t index;
	bool resolved; /* its files were looked up in a running container */
};

struct guard_enforce {
	struct guard_enforce_options options;
	struct guard_files *files;
	struct service services[GUARD_MAX_SERVICES];
	size_t n_services;
	struct sk_buf text;
	uint8_t hash[GUARD_HASH_BYTES];
};

struct guard_enforce *guard_enforce_new(const struct guard_enforce_options *o)
{
	struct guard_enforce *f = sk_alloc(sizeof(*f));

	f->options = *o;
	f->files = guard_files_new();
	sk_buf_init(&f->text, TEXT_MAX);
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
	sk_buf_release(&f->text);
	sk_free(f);
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

static struct guard_policy policy_of(const struct guard_profile *p, enum guard_mode given)
{
	enum guard_mode mode = p->mode != GUARD_MODE_UNSET ? p->mode : given;
	struct guard_policy policy = {
		.mode_exec = (uint8_t)guard_profile_mode(p, GUARD_SECTION_EXECUTABLES, given),
		.mode_lib = (uint8_t)guard_profile_mode(p, GUARD_SECTION_LIBRARIES, given),
		.mode_peer = (uint8_t)guard_profile_mode(p, GUARD_SECTION_PEERS, given),
		.mode_file = (uint8_t)guard_profile_mode(p, GUARD_SECTION_FILES, given),
		.mode_listen = (uint8_t)guard_profile_mode(p, GUARD_SECTION_LISTEN, given),
		.mode_builtin = (uint8_t)mode,
		.mode_anon = (uint8_t)guard_profile_mode(p, GUARD_SECTION_EXECUTABLES, given),
		.has_profile = 1,
		.flags = GUARD_P_RECORD | GUARD_P_HOLD,
	};

	if (policy.mode_file >= GUARD_MODE_ALERT || policy.mode_listen >= GUARD_MODE_ALERT)
		policy.flags |= GUARD_P_LEARN;
	return policy;
}

static void put_size(struct guard_kern *k, uint32_t service, uint64_t size)
{
	struct guard_size_key key = {.service = service, .size = size};
	uint32_t one = 1;

	(void)guard_kern_put(k, GUARD_MAP_SIZES, &key, &one);
}

static void put_use(struct guard_kern *k, uint32_t service, uint32_t program, uint32_t kind,
		    const char *name, uint32_t value)
{
	struct guard_use_key key = {.service = service,
				    .program = program,
				    .kind = kind,
				    .hash = guard_name_hash(name)};

	(void)guard_kern_put(k, GUARD_MAP_USES, &key, &value);
}

static void put_program(struct guard_kern *k, uint32_t service, const struct guard_program *prog,
			uint32_t number)
{
	put_size(k, service, prog->content.size);
	for (size_t i = 0; i < prog->applets.n_items; i++) {
		const char *name = prog->applets.items[i].text;

		put_use(k, service, number, 2, name,
			GUARD_U_KNOWN | (guard_applet_is_shell(name) ? GUARD_U_SHELL : 0u));
	}
	if (prog->multicall)
		put_use(k, service, number, 2, prog->content.path, GUARD_U_SELF);
	for (size_t i = 0; i < prog->n_scripts; i++) {
		put_use(k, service, number, 1, prog->scripts[i].content.path, GUARD_U_KNOWN);
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

static void put_profile(struct guard_enforce *f, struct guard_kern *k, const struct service *svc)
{
	const struct guard_profile *p = svc->profile;
	struct guard_policy policy = policy_of(p, f->options.mode);

	(void)guard_kern_put(k, GUARD_MAP_CALL_SETS, &svc->index, p->syscalls);
	for (size_t i = 0; i < p->n_programs; i++)
		put_program(k, svc->index, &p->programs[i], (uint32_t)i + 1);
	for (size_t i = 0; i < p->n_libraries; i++)
		put_size(k, svc->index, p->libraries[i].content.size);
	put_peers(k, svc->index, p);
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
	return 1;
}

/** struct held - a record being looked at */
struct held {
	struct guard_enforce *f;
	struct guard_kern *k;
	const struct guard_rec *rec;
	struct guard_event *e;
	struct guard_whose *w;
	struct service *svc; /* NULL: no profile */
	bool has_hash;
};

static void take_hash(struct held *h)
{
	uint32_t pid = guard_session_pid(h->w);
	struct guard_files *files = h->f->files;
	const struct guard_file_id *id = &h->rec->file;

	h->has_hash = (h->rec->type == GUARD_REC_EXEC &&
		       guard_files_hash(files, id, h->rec->host_pid, NULL, h->f->hash)) ||
		      guard_files_hash(files, id, h->rec->host_pid, h->e->file_path, h->f->hash) ||
		      (pid != 0 && guard_files_hash(files, id, pid, h->e->file_path, h->f->hash));
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
	prog = &h->svc->profile->programs[a->program - 1];
	guard_call_parse(prog->content.path, h->e->args, h->e->n_args, &call);
	if (guard_kern_get(h->k, GUARD_MAP_TASKS, &h->rec->host_pid, &task)) {
		task.program = a->program;
		task.use = a->flags;
		task.script = call.script != NULL ? guard_name_hash(call.script) : 0;
		(void)guard_kern_put(h->k, GUARD_MAP_TASKS, &h->rec->host_pid, &task);
	}
	reason = (enum guard_reason)guard_call_judge(prog, &call);
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
	enum guard_section section = h->rec->type == GUARD_REC_MMAP ? GUARD_SECTION_LIBRARIES
								    : GUARD_SECTION_EXECUTABLES;

	return h->svc != NULL ? guard_profile_mode(h->svc->profile, section, o->mode)
			      : o->default_mode;
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
	h->e->reason = reason;
	mode = mode_for(h);
	if (reason != GUARD_REASON_NONE && mode == GUARD_MODE_ENFORCE) {
		guard_kern_release(h->k, h->rec, SIGKILL);
		h->e->verdict = GUARD_VERDICT_KILLED;
		return true;
	}
	guard_kern_release(h->k, h->rec, SIGCONT);
	h->e->verdict = reason == GUARD_REASON_NONE ? GUARD_VERDICT_ALLOWED : GUARD_VERDICT_ALERTED;
	return reason != GUARD_REASON_NONE && mode >= GUARD_MODE_ALERT;
}

/* Files and ports are judged here: they alert, nothing is decided in time. */
static bool judge_pattern(struct held *h)
{
	const struct guard_profile *p = h->svc->profile;
	unsigned access = h->rec->op == 2 ? GUARD_ACCESS_WRITE : GUARD_ACCESS_READ;

	if (h->rec->type == GUARD_REC_OPEN) {
		for (size_t i = 0; i < p->n_files; i++)
			if ((p->files[i].access & access) != 0 &&
			    guard_pattern_match(sk_span_str(p->files[i].pattern),
						sk_span_str(h->e->file_path)))
				return false;
		return guard_profile_mode(p, GUARD_SECTION_FILES, h->f->options.mode) >=
		       GUARD_MODE_ALERT;
	}
	if (h->rec->type != GUARD_REC_BIND)
		return false;
	for (size_t i = 0; i < p->n_listen; i++)
		if (p->listen[i].port == h->rec->port &&
		    strcmp(p->listen[i].protocol, h->e->peer_protocol) == 0)
			return false;
	return guard_profile_mode(p, GUARD_SECTION_LISTEN, h->f->options.mode) >= GUARD_MODE_ALERT;
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

	if ((rec->flags & GUARD_RF_RUNNING) != 0)
		return judge_running(h);
	if (rec->verdict == GUARD_REC_HELD)
		return decide_held(h);
	if (is_file_violation(rec) && h->e->file_path != NULL) {
		take_hash(h);
		/* Not blocked: content may still tell that it is no violation. */
		if (rec->verdict == GUARD_REC_ALERTED) {
			h->e->reason = look(h);
			return h->e->reason != GUARD_REASON_NONE;
		}
		return rec->verdict > GUARD_REC_ALLOWED;
	}
	if (rec->verdict > GUARD_REC_ALLOWED)
		return true;
	if (h->svc == NULL || !judge_pattern(h))
		return false;
	h->e->verdict = GUARD_VERDICT_ALERTED;
	h->e->reason = GUARD_REASON_NOT_IN_PROFILE;
	return true;
}

bool guard_enforce_event(struct guard_enforce *f, struct guard_kern *k, const struct guard_rec *rec,
			 struct guard_event *e, struct guard_whose *w)
{
	struct held h = {.f = f, .k = k, .rec = rec, .e = e, .w = w, .svc = w->user};
	bool tell = true;

	e->profile = h.svc != NULL ? h.svc->name : NULL;
	if (rec != NULL)
		tell = judge(&h);
	if (tell && e->kind != GUARD_KIND_LOST) {
		refine(&h);
		guard_story_tell(e, rec, &f->text);
	}
	return tell;
}
