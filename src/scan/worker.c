/* SPDX-License-Identifier: Apache-2.0 */
/* What confines workers here: a worker tells what is in force, and tries some of it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sandbox.h"
#include "base/wire.h"
#include "scan/pool.h"
#include "scan/scan.h"

enum {
	REPORT_MS = 10000, /* it takes a few milliseconds */
};

enum trial {
	TRIAL_SOCKET = 1 << 0, /* bits: what was possible */
	TRIAL_FORK = 1 << 1,
	TRIAL_OPEN = 1 << 2,
	TRIAL_CODE = 1 << 3,
};

static int try_all(const struct scan_job *job, struct sk_buf *answer, sk_unused struct sk_err *err)
{
	unsigned possible = 0;
	pid_t pid;

	if (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0)
		possible |= TRIAL_SOCKET;
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		possible |= TRIAL_FORK;
	if (open("/", O_RDONLY | O_CLOEXEC) >= 0)
		possible |= TRIAL_OPEN;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED)
		possible |= TRIAL_CODE;
	sk_wire_put_u64(answer, job->layers);
	sk_wire_put_u64(answer, possible);
	return 0;
}

static void describe_landlock(struct sk_arena *a, bool in_force, struct scan_worker_feature *ret)
{
	unsigned abi = sk_sandbox_landlock_abi();

	*ret = (struct scan_worker_feature){.name = "landlock", .in_force = in_force};
	if (abi == 0)
		ret->detail = "this kernel has none: the worker of a directory tree may open files "
			      "outside the tree for reading";
	else
		ret->detail = sk_arena_printf(
			a, "interface %u: no file outside the tree that is scanned", abi);
}

static void describe(struct sk_arena *a, unsigned layers, unsigned possible,
		     struct scan_worker_feature *ret)
{
	bool seccomp = (layers & SK_SANDBOX_SECCOMP) != 0 && possible == 0;

	ret[0] = (struct scan_worker_feature){"no_new_privs",
					      (layers & SK_SANDBOX_NO_NEW_PRIVS) != 0,
					      "no program that it starts could have more rights"};
	ret[1] = (struct scan_worker_feature){
		"rlimits", (layers & SK_SANDBOX_RLIMITS) != 0,
		"memory, CPU time and descriptors are bounded, files cannot grow"};
	ret[2] = (struct scan_worker_feature){
		"seccomp", seccomp,
		seccomp ? "no socket, process, program, executable memory, opening or changing of "
			  "files (a tree: opening for reading)"
			: "the filter is loaded and does not hold"};
	describe_landlock(a, (layers & SK_SANDBOX_LANDLOCK) != 0, &ret[3]);
	ret[4] = (struct scan_worker_feature){
		"namespaces", false, "not used: what they would hide is denied by seccomp already"};
}

/** struct found - the worker's answer */
struct found {
	unsigned layers;   /* enum sk_sandbox_layers that are in force */
	unsigned possible; /* attempts that were not refused */
};

static void read_found(struct sk_wire *w, void *to)
{
	struct found *f = to;

	f->layers = (unsigned)sk_wire_get_u64(w, UINT32_MAX);
	f->possible = (unsigned)sk_wire_get_u64(w, UINT32_MAX);
}

int scan_worker_report(struct sk_arena *a, struct scan_worker_feature *ret, struct sk_err *err)
{
	struct scan_job job = {.what = "worker", .fd = -1, .work = try_all};
	struct found f;
	int r = scan_pool_ask(&job, sk_mono_ms() + REPORT_MS, read_found, &f, err);

	if (r == 0)
		describe(a, f.layers, f.possible, ret);
	return r;
}
