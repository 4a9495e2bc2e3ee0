/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of a profile. A learned profile allows what was seen, also what should not have been: an
 * operator's session, an attack that was under way, a pattern that grew too wide. Each finding says
 * why it matters and what to do.
 */
#include "guard/profile-lint.h"

#include <string.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/map.h"
#include "base/span.h"
#include "guard/bpf/record.h"
#include "guard/call.h"
#include "guard/names.h"
#include "guard/profile-priv.h"
#include "guard/shape.h"
#include "guard/signs.h"

enum {
	MINUTE = 60,
	DAY = 24 * 3600,
	LEARNED_LEAST = 10 * MINUTE, /* shorter runs miss what happens by the hour */
	QUIET_SHARE = 4,             /* a quarter of the learning time without anything new */
	STALE_DAYS = 90,
	MANY_SHAPES = 32,
};

static const char *const levels[] = {
#define X(name, text) [GUARD_LINT_##name] = text,
	GUARD_LINT_LEVELS(X)
#undef X
};

_Static_assert(SK_ARRAY_LEN(levels) == GUARD_N_LINT_LEVELS, "levels");

const char *guard_lint_level_name(enum guard_lint_level level)
{
	return (size_t)level < GUARD_N_LINT_LEVELS ? levels[level] : "";
}

void guard_lint_release(struct guard_lint *l)
{
	sk_free(l->items);
	sk_arena_free(l->arena);
	*l = (struct guard_lint){0};
}

static void add(struct guard_lint *l, struct guard_lint_finding f)
{
	SK_GROW(l->items, l->n_items, l->cap);
	l->items[l->n_items++] = f;
	l->n_levels[f.level]++;
}

#define FINDING(list, lvl, name, where, which, what, todo)                                         \
	add(list, (struct guard_lint_finding){.level = GUARD_LINT_##lvl,                           \
					      .rule = name,                                        \
					      .section = where,                                    \
					      .item = which,                                       \
					      .text = what,                                        \
					      .advice = todo})

static bool is_listed(const char *const *list, size_t n, struct sk_span word)
{
	for (size_t i = 0; i < n; i++)
		if (sk_span_eq_str(word, list[i]))
			return true;
	return false;
}

/* How it was learned */

static const char *few_text(const struct guard_profile *p, struct guard_lint *l)
{
	if (p->replicas <= 1)
		return p->runs == 1 ? "learned once only, from one container"
				    : "learned from one container only";
	return sk_arena_printf(l->arena, "learned once only, from %llu containers",
			       (unsigned long long)p->replicas);
}

static void lint_learning(const struct guard_profile *p, struct guard_lint *l)
{
	if (p->incomplete)
		FINDING(l, ERROR, "incomplete", "learned", NULL,
			p->lost == 0 ? "a program was gone before its content could be read"
				     : sk_arena_printf(l->arena,
						       "%llu events were lost while learning, so "
						       "the profile may miss what the service does",
						       (unsigned long long)p->lost),
			p->lost == 0 ? "learn once more: what can be read then completes it"
				     : "learn once more; when that loses nothing, take lost and "
				       "incomplete out of the file");
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++)
		if ((p->unseen & 1u << i) != 0)
			FINDING(l, WARNING, "unseen", "learned",
				guard_section_name((enum guard_section)i),
				"whatever learned this could not see that; nothing is held against it",
				"learn once more where BPF works");
	if (p->runs != 0 && p->learned_s < LEARNED_LEAST)
		FINDING(l, WARNING, "short", "learned", NULL,
			sk_arena_printf(l->arena, "learned for %llu s only",
					(unsigned long long)p->learned_s),
			"learn over start, normal traffic, timers, log rotation and shutdown");
	if (p->last > p->first && p->last_new != 0 &&
	    p->last - p->last_new < (p->last - p->first) / QUIET_SHARE)
		FINDING(l, WARNING, "not_converged", "learned", NULL,
			sk_arena_printf(l->arena, "something new was seen %lld s before the end",
					(long long)(p->last - p->last_new)),
			"learn until nothing new comes for a while");
	if (p->runs == 1 || (p->runs != 0 && p->replicas <= 1))
		FINDING(l, NOTE, "one_run", "learned", NULL, few_text(p, l),
			p->starts <= 1
				? "learn again with a new container: starting is when most programs run, and "
				  "a restart keeps what the first start wrote"
				: "learn again another time: what is seldom may not have happened");
	if (p->runs != 0 && p->starts == 0)
		FINDING(l, WARNING, "no_start", "learned", NULL,
			"no container was learned from its start on: what it reads, uses and calls "
			"while starting is only noted, not reported",
			"learn once more while the container is made anew (docker rm -f and docker run, "
			"docker compose up --force-recreate, kubectl rollout restart): a restart keeps "
			"what the first start wrote, so that work is not seen");
	if (p->mode == GUARD_MODE_UNSET)
		FINDING(l, NOTE, "no_mode", "mode", NULL,
			"the mode comes from the command line that runs the guard",
			"write mode: audit, alert or enforce once the profile is reviewed");
	if (p->n_programs == 0)
		FINDING(l, ERROR, "empty", "executables", NULL,
			"no program is known: everything would be reported or blocked",
			"learn while the service runs, or start from the image");
}

static void lint_images(const struct guard_profile *p, int64_t now, struct guard_lint *l)
{
	for (size_t i = 0; now != 0 && i < p->n_images; i++)
		if (p->images[i].last != 0 && now - p->images[i].last > (int64_t)STALE_DAYS * DAY)
			FINDING(l, NOTE, "stale_image", "images", p->images[i].digest,
				"not seen for three months, and what only it does is still allowed",
				"remove the image and the items that name only it");
}

/* Programs */

static const char *const shells[] = {"sh",   "bash", "dash", "ash",  "zsh", "ksh",
				     "mksh", "csh",  "tcsh", "fish", "hush"};
static const char *const fetchers[] = {"curl", "wget", "nc",     "ncat", "netcat", "socat", "ssh",
				       "scp",  "sftp", "telnet", "ftp",  "tftp",   "rsync"};
static const char *const packagers[] = {"apt",    "apt-get", "dpkg", "apk", "yum", "dnf", "rpm",
					"zypper", "pip",     "pip3", "npm", "gem", "cpan"};
static const char *const builders[] = {"gcc", "cc", "g++", "clang", "make",
				       "ld",  "as", "tcc", "go"};
static const char *const operators[] = {"vi",     "vim", "nano",    "less",   "top",
					"htop",   "ps",  "ls",      "whoami", "id",
					"strace", "gdb", "tcpdump", "su",     "sudo"};

static bool is_shell(const struct guard_program *prog)
{
	return prog->content.path != NULL &&
	       is_listed(shells, SK_ARRAY_LEN(shells),
			 sk_path_base(sk_span_str(prog->content.path)));
}

static const char *parents_text(struct guard_lint *l, const struct guard_program *prog)
{
	if (prog->parents.n_items == 0)
		return "";
	return sk_arena_printf(l->arena, ", started by %s%s", prog->parents.items[0].text,
			       prog->parents.n_items > 1 ? " and others" : "");
}

/* The applet of a multi-call binary that runs scripts; NULL: none. */
static const char *shell_applet(const struct guard_program *prog)
{
	for (size_t i = 0; i < prog->applets.n_items; i++)
		if (guard_applet_is_shell(prog->applets.items[i].text))
			return prog->applets.items[i].text;
	return NULL;
}

/* A multi-call binary is an interpreter in its shells alone: its other applets need no script. */
static void lint_scripts(const struct guard_program *prog, struct guard_lint *l)
{
	const char *applet = prog->multicall ? shell_applet(prog) : NULL;

	if (!prog->interpreter || prog->inline_code || prog->interactive || prog->n_scripts != 0 ||
	    (prog->multicall && applet == NULL))
		return;
	if (prog->multicall)
		FINDING(l, NOTE, "no_script", "executables", prog->content.path,
			sk_arena_printf(l->arena,
					"may be called as %s, but no script is known for it, so no "
					"such call is allowed",
					applet),
			sk_arena_printf(l->arena, "add its scripts, or remove the applet %s",
					applet));
	else
		FINDING(l, NOTE, "no_script", "executables", prog->content.path,
			"is an interpreter without any script, so no use of it is allowed",
			"add its scripts, or remove the program");
}

static void lint_shell(const struct guard_program *prog, struct guard_lint *l)
{
	if (prog->interactive)
		FINDING(l, WARNING, "interactive", "executables", prog->content.path,
			sk_arena_printf(l->arena,
					"may be started without script and code%s: an "
					"attacker's commands come that way",
					parents_text(l, prog)),
			"remove the trait interactive, unless the service itself needs it");
	if (prog->inline_code)
		FINDING(l, WARNING, "inline_code", "executables", prog->content.path,
			sk_arena_printf(
				l->arena,
				"may be given any code in its arguments%s; programs that "
				"the code starts are still judged, built-in commands are not",
				parents_text(l, prog)),
			"let the service call programs directly or a script, then remove the "
			"trait inline_code");
	lint_scripts(prog, l);
}

static void lint_multicall(const struct guard_program *prog, struct guard_lint *l)
{
	if (prog->multicall && prog->applets.n_items == 0)
		FINDING(l, NOTE, "no_applet", "executables", prog->content.path,
			"is a multi-call binary without any applet, so no use of it is allowed",
			"add the names it is called by, or remove the program");
	for (size_t i = 0; prog->multicall && i < prog->applets.n_items; i++) {
		struct sk_span name = sk_span_str(prog->applets.items[i].text);

		if (is_listed(fetchers, SK_ARRAY_LEN(fetchers), name))
			FINDING(l, WARNING, "network_tool", "executables", prog->content.path,
				sk_arena_printf(
					l->arena,
					"may be called as %s, which brings files in and out",
					prog->applets.items[i].text),
				"remove the applet, unless the service needs it");
	}
}

/* Programs that a service rarely needs and an attacker always does. */
static void lint_name(const struct guard_program *prog, struct guard_lint *l)
{
	static const struct {
		const char *const *names;
		size_t n;
		const char *rule;
		const char *text;
	} groups[] = {
		{fetchers, SK_ARRAY_LEN(fetchers), "network_tool", "brings files in and out"},
		{packagers, SK_ARRAY_LEN(packagers), "package_manager",
		 "installs software; an image is built, not changed"},
		{builders, SK_ARRAY_LEN(builders), "compiler", "makes new programs"},
		{operators, SK_ARRAY_LEN(operators), "operator_tool",
		 "is what a person at a terminal uses"},
	};
	struct sk_span name = sk_path_base(sk_span_str(prog->content.path));

	for (size_t i = 0; i < SK_ARRAY_LEN(groups); i++)
		if (is_listed(groups[i].names, groups[i].n, name))
			FINDING(l, WARNING, groups[i].rule, "executables", prog->content.path,
				groups[i].text, "remove it, unless the service needs it");
}

static void lint_sign(const struct guard_program *prog, struct guard_lint *l)
{
	const struct guard_sign *sign = guard_sign_of_program(prog->content.path, NULL, 0, NULL);

	for (size_t i = 0; sign == NULL && i < prog->shapes.n_items; i++) {
		struct sk_span rest = sk_span_str(prog->shapes.items[i].text), word;

		while (sign == NULL && sk_span_cut(&rest, ' ', &word)) {
			const char *args[2] = {"", sk_arena_str(l->arena, word)};

			sign = guard_sign_of_program(NULL, args, 2, NULL);
		}
	}
	if (sign != NULL)
		FINDING(l, ERROR, "sign", "executables", prog->content.path,
			sk_arena_printf(l->arena, "%s (%s, %s): it was learned, so it was there",
					sign->text, sign->group, sign->attack),
			"treat the container as compromised; learn again from a clean one");
}

static bool is_writable_place(const char *path)
{
	static const char *const places[] = {"/tmp/",  "/var/tmp/", "/dev/shm/", "/run/",
					     "/proc/", "memfd:",    "/memfd:"};

	for (size_t i = 0; i < SK_ARRAY_LEN(places); i++)
		if (sk_span_starts(sk_span_str(path), places[i]))
			return true;
	return false;
}

static void lint_content(const struct guard_content *c, const char *section, struct guard_lint *l)
{
	if (!c->has_sha256)
		FINDING(l, WARNING, "no_content", section, c->path,
			"is known by its path only: a file put there later is accepted",
			"learn it, or write sha256 and size");
	if (is_writable_place(c->path))
		FINDING(l, ERROR, "writable_place", section, c->path,
			"is code in a place that everything can write to",
			"find out who put it there; bring it with the image");
}

static void lint_program(const struct guard_program *prog, struct guard_lint *l)
{
	lint_content(&prog->content, "executables", l);
	for (size_t i = 0; i < prog->n_scripts; i++)
		lint_content(&prog->scripts[i].content, "executables", l);
	if (is_shell(prog) || prog->interpreter)
		lint_shell(prog, l);
	lint_multicall(prog, l);
	lint_name(prog, l);
	lint_sign(prog, l);
	if (prog->entry)
		FINDING(l, WARNING, "entry", "executables", prog->content.path,
			"was started from outside the container while learning",
			"remove it if that was an operator and no health check");
	if (prog->anon_exec)
		FINDING(l, NOTE, "anon_exec", "executables", prog->content.path,
			"may make anonymous memory executable: shellcode does the same",
			"keep it for just-in-time compilers only");
	if (prog->raw_socket)
		FINDING(l, WARNING, "raw_socket", "executables", prog->content.path,
			"may open raw or packet sockets", "keep it for ping and the like only");
	if (prog->remote)
		FINDING(l, ERROR, "remote", "executables", prog->content.path,
			"took its commands from the network while learning: so does a reverse shell",
			"remove the trait remote, unless that is the service's very purpose");
	if (prog->shapes.n_items > MANY_SHAPES)
		FINDING(l, NOTE, "many_arguments", "executables", prog->content.path,
			sk_arena_printf(l->arena, "has %zu different argument lists",
					prog->shapes.n_items),
			"replace what varies with a star");
}

/* The other sections */

static void lint_file(const struct guard_file *file, struct guard_lint *l)
{
	static const char *const probes[] = {"/usr/bin/x", "/bin/x", "/usr/sbin/x", "/usr/lib/x.so",
					     "/lib/x.so",  "/etc/x", "/root/.ssh/x"};
	struct sk_span pattern = sk_span_str(file->pattern);

	if (guard_pattern_match(pattern, (struct sk_span)SK_SPAN("/some/place/deep/down")) &&
	    guard_pattern_match(pattern, (struct sk_span)SK_SPAN("/other"))) {
		FINDING(l, WARNING, "wide_pattern", "files", file->pattern, "allows every file",
			"name the directories that the service uses");
		return;
	}
	for (size_t i = 0; (file->access & GUARD_ACCESS_WRITE) != 0 && i < SK_ARRAY_LEN(probes);
	     i++) {
		if (!guard_pattern_match(pattern, sk_span_str(probes[i])))
			continue;
		FINDING(l, WARNING, "writes_system", "files", file->pattern,
			"allows writing where programs and settings are",
			"write to a volume; keep the image's directories read-only");
		return;
	}
}

static void lint_peer(const struct guard_peer *peer, struct guard_lint *l)
{
	const char *text = guard_peer_text(l->arena, peer);
	struct sk_span address = sk_span_str(peer->address);

	if (peer->protocol != NULL && strcmp(peer->protocol, "unix") == 0) {
		FINDING(l, WARNING, "engine_socket", "peers", text,
			"may talk to a container engine, and so do anything on the host",
			"keep it for tools that manage containers only; better: a proxy that "
			"allows what they need");
		return;
	}
	if (sk_span_ends(address, "/0") || (peer->name != NULL && strcmp(peer->name, "*") == 0))
		FINDING(l, WARNING, "any_peer", "peers", text, "allows every address",
			"name the peers, or a narrower prefix");
	if (peer->port == 0)
		FINDING(l, NOTE, "any_port", "peers", text, "allows every port of this peer",
			"write the port");
}

static void lint_capabilities(const struct guard_profile *p, struct guard_lint *l)
{
	static const struct {
		const char *name;
		const char *text;
	} strong[] = {
		{"SYS_ADMIN", "is most of what root may do, mounting among it"},
		{"SYS_MODULE", "loads code into the kernel"},
		{"SYS_RAWIO", "reaches the hardware"},
		{"SYS_PTRACE", "reads and changes other processes"},
		{"SYS_BOOT", "starts another kernel"},
		{"DAC_READ_SEARCH", "opens any file of the host by its handle"},
		{"NET_ADMIN", "changes routes, filters and interfaces"},
		{"NET_RAW", "sends and reads raw packets"},
		{"BPF", "loads programs into the kernel"},
		{"PERFMON", "watches the whole kernel"},
		{"MAC_ADMIN", "changes the security policy"},
		{"SYSLOG", "reads addresses of the kernel"},
	};
	unsigned nr;

	for (size_t i = 0; i < SK_ARRAY_LEN(strong); i++)
		if (guard_capability_number(sk_span_str(strong[i].name), &nr) &&
		    (p->capabilities >> nr & 1) != 0)
			FINDING(l, WARNING, "capability", "capabilities", strong[i].name,
				strong[i].text, "run the service without it if it can");
}

static void lint_syscalls(const struct guard_profile *p, struct guard_lint *l)
{
	static const char *const strong[] = {
		"ptrace",
		"mount",
		"umount2",
		"pivot_root",
		"init_module",
		"finit_module",
		"kexec_load",
		"kexec_file_load",
		"bpf",
		"perf_event_open",
		"setns",
		"unshare",
		"userfaultfd",
		"process_vm_readv",
		"process_vm_writev",
		"pidfd_getfd",
		"open_by_handle_at",
		"io_uring_setup",
		"move_mount",
		"fsopen",
		"open_tree",
	};
	unsigned nr;

	for (size_t i = 0; i < SK_ARRAY_LEN(strong); i++)
		if (guard_syscall_number(sk_span_str(strong[i]), &nr) &&
		    (p->syscalls[nr / 64] >> nr % 64 & 1) != 0)
			FINDING(l, NOTE, "system_call", "syscalls", strong[i],
				"is used by attacks on the kernel or to leave a container",
				"see which program makes it; it will be in the exported filter");
	if (p->syscalls_ia32)
		FINDING(l, WARNING, "ia32", "syscalls", NULL,
			"32-bit system calls were made; they are neither listed nor filtered by name",
			"use 64-bit programs only");
}

/* The kernel half holds so many ports for a name; the others stay denied. */
static void lint_name_ports(const struct guard_profile *p, struct guard_lint *l)
{
	struct sk_map ports = {0};

	for (size_t i = 0; i < p->n_peers; i++) {
		const struct guard_peer *peer = &p->peers[i];
		uint64_t *n, more = peer->protocol == NULL ? 2 : 1;

		if (peer->name == NULL)
			continue;
		n = sk_map_put(&ports, sk_span_str(peer->name), 0);
		if (*n <= GUARD_NAME_PORTS && *n + more > GUARD_NAME_PORTS)
			FINDING(l, WARNING, "name_ports", "peers", peer->name,
				"has more ports than are allowed for a name: the later ones stay denied",
				"leave the port out, or give addresses");
		*n += more;
	}
	sk_map_release(&ports);
}

/* Worst first; equal ones stay in their order. */
static void sort_findings(struct guard_lint *l)
{
	struct guard_lint_finding *sorted =
		sk_realloc_array(NULL, l->n_items != 0 ? l->n_items : 1, sizeof(*sorted));
	size_t n = 0;

	for (int level = 0; level < GUARD_N_LINT_LEVELS; level++)
		for (size_t i = 0; i < l->n_items; i++)
			if (l->items[i].level == (enum guard_lint_level)level)
				sorted[n++] = l->items[i];
	sk_free(l->items);
	l->items = sorted;
}

void guard_profile_lint(const struct guard_profile *p, int64_t now, struct guard_lint *ret)
{
	struct guard_lint l = {.arena = sk_arena_new()};
	const void **programs = guard_sorted_programs(p);

	lint_learning(p, &l);
	lint_images(p, now, &l);
	for (size_t i = 0; i < p->n_programs; i++)
		lint_program(programs[i], &l);
	for (size_t i = 0; i < p->n_libraries; i++)
		lint_content(&p->libraries[i].content, "libraries", &l);
	for (size_t i = 0; i < p->n_files; i++)
		lint_file(&p->files[i], &l);
	for (size_t i = 0; i < p->n_peers; i++)
		lint_peer(&p->peers[i], &l);
	lint_name_ports(p, &l);
	lint_capabilities(p, &l);
	lint_syscalls(p, &l);
	sk_free(programs);
	sort_findings(&l);
	*ret = l;
}
