/* SPDX-License-Identifier: Apache-2.0 */
/* What kern*.c share. */
#pragma once

#include <bpf/libbpf.h>

#include "guard/kern.h"

#define GUARD_PIN_DIR "/sys/fs/bpf/stockade"

enum {
	GUARD_MAX_PROGRAMS = 48,
};

struct guard_bpf;

struct guard_kern {
	struct guard_bpf *skel;
	enum guard_backend backend;
	struct guard_kern_program programs[GUARD_MAX_PROGRAMS];
	char why[GUARD_MAX_PROGRAMS][160];
	struct bpf_link *links[GUARD_MAX_PROGRAMS];
	size_t n_programs;
	struct ring_buffer *rings;
	guard_record_fn *fn;
	void *fn_ctx;
	int fn_result;
	int map_fds[GUARD_N_MAPS];
	int control_fd;
	int stats_fd;
	int cgroup_fd;
	struct guard_control control;
	int n_cpus;
};

/**
 * guard_kern_map_name() - name of a map in the object and among the pins
 * @map: which
 *
 * Return: static text.
 */
const char *guard_kern_map_name(enum guard_map map);
