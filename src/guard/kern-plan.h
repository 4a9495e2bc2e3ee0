/* SPDX-License-Identifier: Apache-2.0 */
/* Which program serves which backend. Included by kern-bpf.c alone. */
#pragma once

enum plan_flags {
	PLAN_SIGNAL = 1 << 0,
	PLAN_LSM = 1 << 1,
	PLAN_CALLS = 1 << 2,    /* with either, when system calls are noted */
	PLAN_NEEDED = 1 << 3,   /* the backend is none without it */
	PLAN_CGROUP = 1 << 4,   /* attached to the root cgroup */
	PLAN_ITER = 1 << 5,     /* attached when it is read */
	PLAN_FALLBACK = 1 << 6, /* used when the one before it does not load */
	PLAN_CAPS = 1 << 7,     /* with the signal backend, when capabilities are noted or judged */
	PLAN_HOLD = 1 << 8,     /* with either, when programs may be held */
	PLAN_VMA = 1 << 9,      /* asks which mapping is at an address */
};

/* X(NAME, flags) in the order of the report */
#define GUARD_PLAN(X)                                                                              \
	X(guard_exec, PLAN_SIGNAL | PLAN_LSM | PLAN_VMA)                                           \
	X(guard_exec_old, PLAN_SIGNAL | PLAN_LSM | PLAN_NEEDED | PLAN_FALLBACK)                    \
	X(guard_fork, PLAN_SIGNAL | PLAN_LSM | PLAN_NEEDED)                                        \
	X(guard_exit, PLAN_SIGNAL | PLAN_LSM | PLAN_NEEDED)                                        \
	X(guard_cgroup_mkdir, PLAN_SIGNAL | PLAN_LSM | PLAN_NEEDED)                                \
	X(guard_cgroup_rmdir, PLAN_SIGNAL | PLAN_LSM)                                              \
	X(guard_cgroup_attach, PLAN_SIGNAL | PLAN_LSM | PLAN_NEEDED)                               \
	X(guard_sys_exit, PLAN_SIGNAL | PLAN_CALLS | PLAN_VMA)                                     \
	X(guard_sys_exit_old, PLAN_SIGNAL | PLAN_CALLS | PLAN_FALLBACK)                            \
	X(guard_signal, PLAN_HOLD)                                                                 \
	X(guard_tamper, PLAN_SIGNAL)                                                               \
	X(guard_connect4, PLAN_SIGNAL | PLAN_LSM | PLAN_CGROUP)                                    \
	X(guard_connect6, PLAN_SIGNAL | PLAN_LSM | PLAN_CGROUP)                                    \
	X(guard_sendmsg4, PLAN_SIGNAL | PLAN_LSM | PLAN_CGROUP)                                    \
	X(guard_sendmsg6, PLAN_SIGNAL | PLAN_LSM | PLAN_CGROUP)                                    \
	X(guard_dns_out, PLAN_SIGNAL | PLAN_LSM | PLAN_CGROUP)                                     \
	X(guard_dns_in, PLAN_SIGNAL | PLAN_LSM | PLAN_CGROUP)                                      \
	X(guard_capable, PLAN_CAPS)                                                                \
	X(guard_capable_old, PLAN_CAPS | PLAN_FALLBACK)                                            \
	X(guard_bprm, PLAN_LSM | PLAN_NEEDED)                                                      \
	X(guard_file_open, PLAN_LSM)                                                               \
	X(guard_mmap_file, PLAN_LSM)                                                               \
	X(guard_mprotect, PLAN_LSM)                                                                \
	X(guard_socket_create, PLAN_LSM)                                                           \
	X(guard_socket_listen, PLAN_LSM)                                                           \
	X(guard_sock_graft, PLAN_LSM)                                                              \
	X(guard_socket_connect, PLAN_LSM)                                                          \
	X(guard_unix_connect, PLAN_LSM)                                                            \
	X(guard_socket_sendmsg, PLAN_LSM)                                                          \
	X(guard_traceme, PLAN_LSM)                                                                 \
	X(guard_umount, PLAN_LSM)                                                                  \
	X(guard_pivotroot, PLAN_LSM)                                                               \
	X(guard_ptrace, PLAN_LSM)                                                                  \
	X(guard_mount, PLAN_LSM)                                                                   \
	X(guard_move_mount, PLAN_LSM)                                                              \
	X(guard_read_file, PLAN_LSM)                                                               \
	X(guard_load_data, PLAN_LSM)                                                               \
	X(guard_bpf, PLAN_LSM)                                                                     \
	X(guard_userns, PLAN_LSM)                                                                  \
	X(guard_setuid, PLAN_LSM)                                                                  \
	X(guard_capset, PLAN_LSM)                                                                  \
	X(guard_kill, PLAN_LSM)                                                                    \
	X(guard_lsm_capable, PLAN_LSM)                                                             \
	X(guard_walk_tasks, PLAN_SIGNAL | PLAN_LSM | PLAN_ITER)                                    \
	X(guard_unlink, PLAN_LSM)                                                                  \
	X(guard_rmdir, PLAN_LSM)                                                                   \
	X(guard_rename, PLAN_LSM)                                                                  \
	X(guard_walk_vmas, PLAN_SIGNAL | PLAN_LSM | PLAN_ITER)                                     \
	X(guard_walk_pins, PLAN_SIGNAL | PLAN_LSM | PLAN_ITER)
