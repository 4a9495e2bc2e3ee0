/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_floor: programs that do nothing at the tracepoints where the signal backend of the guard
 * has its own. Says "ready" and keeps them until its standard input ends. What a process then takes
 * is what being asked costs, before the guard does anything.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

static const struct {
	const char *type; /* in the kernel's BTF */
	bool optional;    /* not every kernel has it */
} points[] = {
	{"btf_trace_sys_exit", false},           {"btf_trace_sched_process_fork", false},
	{"btf_trace_sched_process_exec", false}, {"btf_trace_sched_process_exit", false},
	{"btf_trace_signal_generate", false},    {"btf_trace_cap_capable", true},
};

/* The kernel lets go when the process ends: nothing here is closed. */
static bool attach(const struct btf *kernel, const char *type, bool optional)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP);
	int id = btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF), fd;

	if (id < 0) {
		(void)fprintf(stderr, "guard_floor: the kernel has no %s\n", type);
		return optional;
	}
	opts.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "floor", "Dual BSD/GPL", nothing,
			   sizeof(nothing) / sizeof(nothing[0]), &opts);
	if (fd >= 0 && bpf_raw_tracepoint_open(NULL, fd) >= 0)
		return true;
	(void)fprintf(stderr, "guard_floor: %s: %s\n", type, strerror(errno));
	return false;
}

int main(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	char byte;

	if (kernel == NULL) {
		(void)fprintf(stderr, "guard_floor: the kernel's types: %s\n", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		if (!attach(kernel, points[i].type, points[i].optional))
			return 1;
	btf__free(kernel);
	(void)printf("ready\n");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
