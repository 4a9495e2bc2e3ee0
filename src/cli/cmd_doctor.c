/* SPDX-License-Identifier: Apache-2.0 */
/* stockade doctor: what this kernel and these rights allow, and what is thereby not covered. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/json.h"
#include "cli/command.h"
#include "guard/cgroup.h"
#include "guard/fan.h"
#include "guard/kern.h"
#include "guard/lsm-list.h"
#include "scan/scan.h"

/* What a program that did not load leaves uncovered. */
static const struct {
	const char *name; /* NULL: guard_kern_ring_strangers(), "": guard_cgroup_is_hybrid() */
	enum guard_backend backend;
	const char *loss;
} losses[] = {
	{"guard_exec", GUARD_BACKEND_SIGNAL,
	 "the dynamic linker that the kernel maps with a program: which file it is"},
	{"guard_walk_vmas", GUARD_BACKEND_AUTO, "code that was mapped before the guard started"},
	{"guard_cgroup_mkdir", GUARD_BACKEND_AUTO, "containers that start later"},
	{"guard_bprm", GUARD_BACKEND_LSM, "denial of programs before they start"},
	{"guard_file_open", GUARD_BACKEND_LSM, "files and scripts that are opened"},
	{"guard_mmap_file", GUARD_BACKEND_LSM, "code mapped from files"},
	{"guard_mprotect", GUARD_BACKEND_LSM, "memory made executable"},
	{"guard_socket_create", GUARD_BACKEND_LSM, "raw and packet sockets"},
	{"guard_socket_connect", GUARD_BACKEND_LSM, "peers"},
	{"guard_userns", GUARD_BACKEND_LSM, "user namespaces, unless they need a mount"},
	{"guard_sys_exit", GUARD_BACKEND_SIGNAL,
	 "code by what the kernel has mapped: mmap is judged by its registers, all that mprotect "
	 "makes executable counts as memory without a file"},
	{"guard_sys_exit_old", GUARD_BACKEND_SIGNAL,
	 "files and scripts that are opened, code mapped, memory made executable, raw sockets, "
	 "ports that are offered, calls that lead out of a container"},
	{"guard_capable_old", GUARD_BACKEND_SIGNAL, "capabilities that are used"},
	{"guard_socket_listen", GUARD_BACKEND_LSM, "ports that are offered"},
	{"guard_dns_out", GUARD_BACKEND_AUTO, "names that are asked for, peers by name"},
	{"guard_dns_in", GUARD_BACKEND_AUTO, "answers to names, peers by name"},
	{"guard_connect4", GUARD_BACKEND_SIGNAL, "IPv4 peers"},
	{"guard_connect6", GUARD_BACKEND_SIGNAL, "IPv6 peers"},
	{"guard_sendmsg4", GUARD_BACKEND_SIGNAL, "IPv4 datagrams"},
	{"guard_sendmsg6", GUARD_BACKEND_SIGNAL, "IPv6 datagrams"},
	{NULL, GUARD_BACKEND_AUTO, "what workers of io_uring connect to, send to and open"},
	{"", GUARD_BACKEND_AUTO,
	 "containers of runtimes that make their cgroups in the version 1 trees of this host alone"},
};

static const char *const signal_limits[] = {
	"file opens are seen when they are done: they are reported, or the process is ended before it uses the file",
	"calls that lead out of a container are killed when they return: the call has happened",
	"code mapped from files is judged on return from mmap: the process is killed, the call was made",
	"work given to io_uring is not seen, its use is reported",
};

static const char *const fanotify_limits[] = {
	"code mapped from files; scripts that an interpreter reads, beyond the names in its arguments",
	"memory made executable; programs in memory files that need no dynamic linker",
	"peers, raw and packet sockets, ports offered",
	"calls that lead out of a container, io_uring",
	"files that are opened, capabilities, system calls",
	"programs on file systems that processes serve (FUSE), or that a container mounted a moment ago",
	"arguments are read before the kernel copies them: another thread may change them in between",
	"it ends with the agent: nothing stays in force",
};

static bool is_missing(const struct guard_kern *k, const char *name)
{
	size_t n;
	const struct guard_kern_program *p = guard_kern_programs(k, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(p[i].name, name) == 0)
			return !p[i].attached && p[i].error != 0;
	return false;
}

/* What is lost by the @i-th, NULL when it is there. */
static const char *loss(const struct guard_kern *k, size_t i)
{
	enum guard_backend backend = guard_kern_backend(k);
	bool lost;

	if (losses[i].backend != backend && losses[i].backend != GUARD_BACKEND_AUTO)
		return NULL;
	if (losses[i].name != NULL && losses[i].name[0] == '\0')
		lost = guard_cgroup_is_hybrid();
	else if (losses[i].name != NULL)
		lost = is_missing(k, losses[i].name);
	else
		lost = backend != GUARD_BACKEND_FANOTIFY && guard_kern_ring_strangers(k);
	return lost ? losses[i].loss : NULL;
}

/** struct limits - what a backend does not do, however well it loads */
struct limits {
	const char *const *texts;
	size_t n;
};

static struct limits limits_of(enum guard_backend backend)
{
	if (backend == GUARD_BACKEND_SIGNAL)
		return (struct limits){signal_limits, SK_ARRAY_LEN(signal_limits)};
	if (backend == GUARD_BACKEND_FANOTIFY)
		return (struct limits){fanotify_limits, SK_ARRAY_LEN(fanotify_limits)};
	return (struct limits){NULL, 0};
}

/** struct modules - the security modules that the kernel runs */
struct modules {
	enum guard_lsm_state bpf;
	char list[GUARD_LSM_LIST_SIZE];
};

enum {
	ADVICE_SIZE = GUARD_LSM_LIST_SIZE + 256,
};

/* How to get what is missing; NULL when nothing is. */
static const char *modules_advice(const struct modules *m, char buf[static ADVICE_SIZE])
{
	if (m->bpf == GUARD_LSM_PRESENT)
		return NULL;
	if (m->bpf == GUARD_LSM_UNKNOWN)
		return "root can read /sys/kernel/security/lsm";
	(void)snprintf(buf, ADVICE_SIZE,
		       "to add it: append \"lsm=%s%sbpf\" to the kernel's command line (on Debian "
		       "GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub) and restart",
		       m->list, m->list[0] != '\0' ? "," : "");
	return buf;
}

static void put_modules_json(struct sk_jw *w, const struct modules *m)
{
	char buf[ADVICE_SIZE];
	const char *advice = modules_advice(m, buf);

	sk_jw_object(w, "lsm");
	if (m->bpf == GUARD_LSM_UNKNOWN)
		sk_jw_null(w, "bpf");
	else
		sk_jw_bool(w, "bpf", m->bpf == GUARD_LSM_PRESENT);
	sk_jw_str(w, "list", m->list);
	if (advice != NULL)
		sk_jw_str(w, "advice", advice);
	sk_jw_end_object(w);
}

/** struct worker - what confines the workers of a scan */
struct worker {
	struct scan_worker_feature features[SCAN_WORKER_N_FEATURES];
	int r; /* negative: no worker can be confined, @err says why */
	struct sk_err err;
};

static void put_worker_json(struct sk_jw *w, const struct worker *worker)
{
	sk_jw_object(w, "worker");
	sk_jw_bool(w, "confined", worker->r == 0);
	if (worker->r < 0)
		sk_jw_str(w, "why", worker->err.msg);
	sk_jw_array(w, "features");
	for (size_t i = 0; worker->r == 0 && i < SCAN_WORKER_N_FEATURES; i++) {
		sk_jw_object(w, NULL);
		sk_jw_str(w, "name", worker->features[i].name);
		sk_jw_bool(w, "in_force", worker->features[i].in_force);
		sk_jw_str(w, "detail", worker->features[i].detail);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
	sk_jw_end_object(w);
}

static void put_worker_table(const struct worker *worker)
{
	(void)printf("\nscan workers%s%s\n", worker->r < 0 ? ": none can be confined: " : "",
		     worker->r < 0 ? worker->err.msg : "");
	for (size_t i = 0; worker->r == 0 && i < SCAN_WORKER_N_FEATURES; i++)
		(void)printf("  %-4s %-13s %s\n", worker->features[i].in_force ? "yes" : "no",
			     worker->features[i].name, worker->features[i].detail);
}

/** struct findings - what was tried and how it went */
struct findings {
	struct guard_kern *kern; /* NULL: nothing works, @why says why */
	struct sk_err why;
	struct sk_err fan; /* code 0: fanotify works */
	char cgroup[256];
	struct modules modules;
	struct worker worker;
};

static void put_programs_json(struct sk_jw *w, const struct guard_kern_program *p, size_t n)
{
	sk_jw_array(w, "programs");
	for (size_t i = 0; i < n; i++) {
		sk_jw_object(w, NULL);
		sk_jw_str(w, "name", p[i].name);
		sk_jw_str(w, "hook", p[i].hook);
		sk_jw_bool(w, "attached", p[i].attached);
		if (!p[i].attached)
			sk_jw_str(w, "why", p[i].why);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
}

static int put_json(const struct findings *f)
{
	struct sk_sink sink = cli_stdout();
	const struct guard_kern *k = f->kern;
	const struct guard_kern_program *p = NULL;
	enum guard_backend backend = k != NULL ? guard_kern_backend(k) : GUARD_BACKEND_AUTO;
	struct limits limits = limits_of(backend);
	struct utsname u = {0};
	size_t n = 0;
	struct sk_jw w;

	(void)uname(&u);
	if (k != NULL)
		p = guard_kern_programs(k, &n);
	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.doctor/1");
	sk_jw_str(&w, "kernel", u.release);
	sk_jw_str(&w, "backend", k != NULL ? guard_backend_name(backend) : "none");
	if (k == NULL)
		sk_jw_str(&w, "why", f->why.msg);
	else if (guard_kern_fallback(k) != NULL)
		sk_jw_str(&w, "why", guard_kern_fallback(k));
	sk_jw_object(&w, "fanotify");
	sk_jw_bool(&w, "works", f->fan.code == 0);
	if (f->fan.code != 0)
		sk_jw_str(&w, "why", f->fan.msg);
	sk_jw_end_object(&w);
	put_modules_json(&w, &f->modules);
	sk_jw_str(&w, "cgroup", f->cgroup);
	put_programs_json(&w, p, n);
	sk_jw_array(&w, "not_covered");
	for (size_t i = 0; k != NULL && i < SK_ARRAY_LEN(losses); i++)
		if (loss(k, i) != NULL)
			sk_jw_str(&w, NULL, loss(k, i));
	for (size_t i = 0; i < limits.n; i++)
		sk_jw_str(&w, NULL, limits.texts[i]);
	sk_jw_end_array(&w);
	put_worker_json(&w, &f->worker);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w);
}

/* Why no program of BPF LSM works although the kernel runs the module; NULL: one does, or is not
 * needed. */
static const char *refused(const struct findings *f)
{
	const struct guard_kern_program *p = NULL;
	size_t n = 0;

	if (f->kern != NULL)
		p = guard_kern_programs(f->kern, &n);
	for (size_t i = 0; i < n; i++)
		if (p[i].error != 0 && p[i].hook != NULL && strncmp(p[i].hook, "lsm/", 4) == 0 &&
		    guard_kern_backend(f->kern) != GUARD_BACKEND_LSM)
			return p[i].why;
	return NULL;
}

static void put_modules_table(const struct findings *f)
{
	const struct modules *m = &f->modules;
	const char *why = m->bpf == GUARD_LSM_PRESENT ? refused(f) : NULL;
	static const char *const words[] = {
		[GUARD_LSM_UNKNOWN] = "not known whether bpf is in it",
		[GUARD_LSM_ABSENT] = "bpf is not in it, so BPF LSM cannot block",
		[GUARD_LSM_PRESENT] = "bpf is in it",
	};
	char buf[ADVICE_SIZE];
	const char *advice = modules_advice(m, buf);

	(void)printf("lsm=     %s%s%s%s%s%s\n", words[m->bpf], m->list[0] != '\0' ? " (" : "",
		     m->list, m->list[0] != '\0' ? ")" : "",
		     why != NULL ? ", but its programs are refused: " : "", why != NULL ? why : "");
	if (advice != NULL)
		(void)printf("         %s\n", advice);
}

static void put_program(const struct guard_kern_program *p)
{
	if (p->error != 0)
		(void)printf("  %-4s %-34s %s\n", p->attached ? "yes" : "no", p->hook, p->why);
	else
		(void)printf("  %-4s %s\n", p->attached ? "yes" : "no", p->hook);
}

static void put_table(const struct findings *f)
{
	const struct guard_kern *k = f->kern;
	const struct guard_kern_program *p = NULL;
	enum guard_backend backend = k != NULL ? guard_kern_backend(k) : GUARD_BACKEND_AUTO;
	struct limits limits = limits_of(backend);
	struct utsname u = {0};
	size_t n = 0;

	(void)uname(&u);
	(void)printf("kernel   %s\ncgroups  %s\nbackend  %s", u.release, f->cgroup,
		     k != NULL ? guard_backend_name(backend) : "none");
	if (k == NULL) {
		if (cli_lacks_rights(&f->why))
			(void)printf(": %s", CLI_BE_ROOT);
		(void)printf(": %s\n", f->why.msg);
		put_modules_table(f);
		return;
	}
	p = guard_kern_programs(k, &n);
	if (guard_kern_fallback(k) != NULL)
		(void)printf(": %s", guard_kern_fallback(k));
	(void)printf("\n");
	put_modules_table(f);
	(void)printf("fanotify %s%s\n\n",
		     f->fan.code == 0 ? "works: it can refuse programs" : "no: ",
		     f->fan.code == 0 ? "" : f->fan.msg);
	for (size_t i = 0; i < n; i++)
		if (p[i].attached || p[i].error != 0)
			put_program(&p[i]);
	(void)printf("\nnot covered:\n");
	for (size_t i = 0; i < SK_ARRAY_LEN(losses); i++)
		if (loss(k, i) != NULL)
			(void)printf("  %s\n", loss(k, i));
	for (size_t i = 0; i < limits.n; i++)
		(void)printf("  %s\n", limits.texts[i]);
}

/* Here every line is of the guard. */
static void drop_prefix(struct sk_err *err)
{
	static const char prefix[] = "guard: ";

	if (strncmp(err->msg, prefix, sizeof(prefix) - 1) == 0)
		memmove(err->msg, err->msg + sizeof(prefix) - 1,
			strlen(err->msg) + 1 - (sizeof(prefix) - 1));
}

static int doctor(struct cli_context *ctx)
{
	struct guard_kern_options o = {.calls = true, .caps = true};
	sk_cleanup(guard_kern_freep) struct guard_kern *k = NULL;
	const char *backend = cli_option(ctx, "backend");
	struct findings f = {.cgroup = "no version 2 tree is mounted"};
	int failure = 0;

	if (backend != NULL && !guard_backend_parse(backend, &o.backend))
		return cli_usage_error(ctx, "unknown backend");
	/* First: they fork. */
	f.worker.r = scan_worker_report(cli_arena(ctx), f.worker.features, &f.worker.err);
	if (guard_fan_probe(&f.fan) == 0)
		f.fan.code = 0;
	f.modules.bpf = guard_lsm_bpf(f.modules.list);
	if (!guard_cgroup_root(f.cgroup, sizeof(f.cgroup)))
		(void)sk_err_set(&f.why, SK_E_UNSUPPORTED, "guard: %s", f.cgroup);
	else if (guard_kern_open(&o, &k, &f.why) < 0)
		k = NULL;
	drop_prefix(&f.why);
	drop_prefix(&f.fan);
	f.kern = k;
	if (cli_wants_json(ctx)) {
		failure = put_json(&f);
	} else {
		put_table(&f);
		put_worker_table(&f.worker);
	}
	return k != NULL && f.worker.r == 0 && failure >= 0 ? CLI_EXIT_CLEAN : CLI_EXIT_FAILURE;
}

static const struct cli_option options[] = {
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{"backend", 0, "BACKEND", NULL, "what this one would cover (auto: the best that works)",
	 "auto|lsm|signal|fanotify", 0},
	{NULL},
};

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "what this kernel and these rights allow guard and scan, what is not covered",
	.usage = "[-f FORMAT] [--backend BACKEND]",
	.options = options,
	.run = doctor,
};
