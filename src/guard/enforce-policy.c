/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as the kernel half has it: modes, sizes, uses, peers, calls, files of known content. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "guard/call.h"
#include "guard/enforce-priv.h"
#include "guard/expect.h"
#include "guard/named.h"
#include "guard/shape.h"

enum guard_mode guard_enforce_own_mode(const struct guard_profile *p, enum guard_mode given)
{
	return p->mode != GUARD_MODE_UNSET ? p->mode : given;
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
		.mode_builtin = (uint8_t)guard_enforce_own_mode(p, given),
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

static void put_unix(struct guard_kern *k, uint32_t service, const char *path)
{
	struct guard_peer_key key = {.service = service, .family = AF_UNIX};
	uint64_t hash = guard_path_hash(path);
	uint32_t one = 1;

	memcpy(key.addr, &hash, sizeof(hash));
	(void)guard_kern_put(k, GUARD_MAP_PEERS, &key, &one);
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
		if (proto != NULL && strcmp(proto, "unix") == 0)
			put_unix(k, service, p->peers[i].address);
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

void guard_enforce_put_profile(struct guard_enforce *f, struct guard_kern *k,
			       struct guard_service *svc)
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

struct guard_allow guard_enforce_allow_of(const struct guard_profile *p, const uint8_t *hash)
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
		a.flags |= family.reopens ? GUARD_A_REOPENS : 0u;
		a.program = (uint32_t)i + 1;
		a.letters = family.letters;
		a.valued = family.valued;
	}
	for (size_t i = 0; i < p->n_libraries; i++)
		if (same_hash(&p->libraries[i].content, hash))
			a.flags |= GUARD_A_LIB;
	return a;
}

void guard_enforce_put_allow(struct guard_kern *k, uint32_t service, const struct guard_file_id *id,
			     const struct guard_allow *a)
{
	struct guard_allow_key key = {.service = service, .file = *id};

	/* It may change once more within the same tick: looked at again when it is used again. */
	if (!guard_files_is_settled(id))
		return;
	(void)guard_kern_put(k, GUARD_MAP_ALLOW, &key, a);
}
