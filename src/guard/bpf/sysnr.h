/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Numbers of system calls: which ones are looked at and for what, 64-bit, 32-bit and x32 ones;
 * which lead out of a container.
 */
#pragma once

#define CALL_NR 0x3fffffff /* without the x32 bit */

enum {
	CALL_UNSHARE = 272,
	READ_IMPLIES_EXEC_BIT = 0x0400000,
	NEW_NAMESPACES = 0x7e020080, /* CLONE_NEWTIME, NEWNS, NEWCGROUP … NEWNET */
	SOCKETCALL = 102,            /* the 32-bit call, and what it may be told to do */
	SYS_SOCKET_ = 1,
	SYS_CONNECT_ = 3,
	SYS_LISTEN_ = 4,
	SYS_ACCEPT_ = 5,
	SYS_ACCEPT4_ = 18,
};

enum call_op {
	OP_NONE,
	OP_OPEN,
	OP_MMAP,
	OP_MPROTECT,
	OP_SOCKET,
	OP_LISTEN,
	OP_ACCEPT,
	OP_CONNECT,
	OP_USER,
	OP_PLACE,
	OP_REMOVE,
};

static __always_inline int is_compat(struct task_struct *task)
{
	return (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT_BIT) != 0;
}

#define BIT_IN(word, nr) ((nr) / 64 == (word) ? 1ull << ((nr) % 64) : 0)

/* What places_of() knows: names that are made, moved, removed or changed. */
#define PLACE_CALLS(w)                                                                             \
	(BIT_IN(w, 49) | BIT_IN(w, 76) | BIT_IN(w, 82) | BIT_IN(w, 83) | BIT_IN(w, 84) |           \
	 BIT_IN(w, 86) | BIT_IN(w, 87) | BIT_IN(w, 88) | BIT_IN(w, 90) | BIT_IN(w, 92) |           \
	 BIT_IN(w, 94) | BIT_IN(w, 133) | BIT_IN(w, 258) | BIT_IN(w, 259) | BIT_IN(w, 260) |       \
	 BIT_IN(w, 263) | BIT_IN(w, 264) | BIT_IN(w, 265) | BIT_IN(w, 266) | BIT_IN(w, 268) |      \
	 BIT_IN(w, 316) | BIT_IN(w, 452))

static __always_inline int is_place(__u32 nr, int compat)
{
	__u64 set = 0;

	if (compat)
		return 0;
	switch (nr / 64) {
	case 0:
		set = PLACE_CALLS(0);
		break;
	case 1:
		set = PLACE_CALLS(1);
		break;
	case 2:
		set = PLACE_CALLS(2);
		break;
	case 4:
		set = PLACE_CALLS(4);
		break;
	case 7:
		set = PLACE_CALLS(7);
		break;
	}
	return (set >> (nr % 64)) & 1;
}

static __always_inline enum call_op op_of(__u32 nr, int compat)
{
	if (compat) {
		switch (nr) {
		case 5:   /* open */
		case 8:   /* creat */
		case 295: /* openat */
		case 437: /* openat2 */
			return OP_OPEN;
		case 90:  /* old mmap */
		case 192: /* mmap2 */
		case 397: /* shmat */
			return OP_MMAP;
		case 125: /* mprotect */
		case 380: /* pkey_mprotect */
			return OP_MPROTECT;
		case SOCKETCALL:
		case 359: /* socket */
			return OP_SOCKET;
		case 362: /* connect */
			return OP_CONNECT;
		case 363: /* listen */
			return OP_LISTEN;
		case 364: /* accept4 */
			return OP_ACCEPT;
		case 23:  /* setuid, of 16 bits */
		case 70:  /* setreuid */
		case 164: /* setresuid */
		case 203: /* setreuid */
		case 208: /* setresuid */
		case 185: /* capset */
		case 213: /* setuid */
			return OP_USER;
		case 10:  /* unlink */
		case 38:  /* rename */
		case 40:  /* rmdir */
		case 301: /* unlinkat */
		case 302: /* renameat */
		case 353: /* renameat2 */
			return OP_REMOVE;
		}
		return OP_NONE;
	}
	switch (nr) {
	case 2:   /* open */
	case 85:  /* creat */
	case 257: /* openat */
	case 304: /* open_by_handle_at */
	case 437: /* openat2 */
		return OP_OPEN;
	case 9:  /* mmap */
	case 30: /* shmat */
		return OP_MMAP;
	case 10:  /* mprotect */
	case 329: /* pkey_mprotect */
		return OP_MPROTECT;
	case 41: /* socket */
		return OP_SOCKET;
	case 42: /* connect */
		return OP_CONNECT;
	case 43:  /* accept */
	case 288: /* accept4 */
		return OP_ACCEPT;
	case 50: /* listen */
		return OP_LISTEN;
	case 105: /* setuid */
	case 113: /* setreuid */
	case 117: /* setresuid */
	case 126: /* capset */
		return OP_USER;
	case 82:  /* rename */
	case 84:  /* rmdir */
	case 87:  /* unlink */
	case 263: /* unlinkat */
	case 264: /* renameat */
	case 316: /* renameat2 */
		return OP_REMOVE;
	}
	return is_place(nr, compat) ? OP_PLACE : OP_NONE;
}

static __always_inline enum call_op op_of_socketcall(__u32 what)
{
	switch (what) {
	case SYS_SOCKET_:
		return OP_SOCKET;
	case SYS_CONNECT_:
		return OP_CONNECT;
	case SYS_LISTEN_:
		return OP_LISTEN;
	case SYS_ACCEPT_:
	case SYS_ACCEPT4_:
		return OP_ACCEPT;
	}
	return OP_NONE;
}

/* The descriptor that a call is about: its first argument, which socketcall has in memory. */
static __always_inline __u32 call_socket(struct pt_regs *regs, __u32 nr, int compat)
{
	__u32 fd = (__u32)(compat ? regs->bx : regs->di);

	if (compat && nr == SOCKETCALL)
		bpf_probe_read_user(&fd, sizeof(fd), (void *)(regs->cx & 0xffffffff));
	return fd;
}

/*
 * The number that a 32-bit call, or one of x32's own, has among the 64-bit ones, for the calls that
 * break_out() knows.
 */
static __always_inline __u32 native_nr(__u32 nr, int compat)
{
	if (!compat && nr >= 512 && nr < 548) {
		switch (nr) {
		case 521:
			return 101;
		case 528:
			return 246;
		case 539:
			return 310;
		case 540:
			return 311;
		}
		return GUARD_N_CALLS;
	}
	if (!compat || nr >= 403)
		return nr;
	switch (nr) {
	case 21:
		return 165; /* mount */
	case 22:            /* oldumount */
	case 52:
		return 166; /* umount2 */
	case 26:
		return 101; /* ptrace */
	case 101:
		return 173; /* ioperm */
	case 110:
		return 172; /* iopl */
	case 128:
		return 175; /* init_module */
	case 136:
		return 135; /* personality */
	case 217:
		return 155; /* pivot_root */
	case 283:
		return 246; /* kexec_load */
	case 310:
		return 272; /* unshare */
	case 336:
		return 298; /* perf_event_open */
	case 342:
		return 304; /* open_by_handle_at */
	case 346:
		return 308; /* setns */
	case 347:
		return 310; /* process_vm_readv */
	case 348:
		return 311; /* process_vm_writev */
	case 350:
		return 313; /* finit_module */
	case 357:
		return 321; /* bpf */
	case 374:
		return 323; /* userfaultfd */
	}
	return GUARD_N_CALLS;
}

/* Calls that lead out of a container; @arg is the first register, which is not in memory. */
static __always_inline __u8 break_out(__u32 nr, __u64 arg)
{
	switch (nr) {
	case CALL_UNSHARE: /* clone is seen when it makes a process */
		return (arg & NEW_NAMESPACES) ? GUARD_REC_R_ESCAPE : 0;
	case 101: /* ptrace: TRACEME, POKETEXT, POKEDATA, ATTACH, SEIZE */
		return arg == 0 || arg == 4 || arg == 5 || arg == 16 || arg == 0x4206
			       ? GUARD_REC_R_ESCAPE
			       : 0;
	case 135: /* personality */
		return arg != 0xffffffff && (arg & READ_IMPLIES_EXEC_BIT) ? GUARD_REC_R_ANON_EXEC
									  : 0;
	case 155: /* pivot_root */
	case 165: /* mount */
	case 166: /* umount2 */
	case 172: /* iopl */
	case 173: /* ioperm */
	case 175: /* init_module */
	case 246: /* kexec_load */
	case 298: /* perf_event_open */
	case 304: /* open_by_handle_at */
	case 308: /* setns */
	case 310: /* process_vm_readv, of another process */
	case 311: /* process_vm_writev */
	case 313: /* finit_module */
	case 320: /* kexec_file_load */
	case 321: /* bpf */
	case 428: /* open_tree */
	case 429: /* move_mount */
	case 430: /* fsopen */
	case 432: /* fsmount */
	case 433: /* fspick */
	case 438: /* pidfd_getfd */
	case 442: /* mount_setattr */
	case 467: /* open_tree_attr */
		return GUARD_REC_R_ESCAPE;
	case 323: /* userfaultfd: whoever touches the memory waits as long as its owner likes */
	case 425: /* io_uring_setup: its requests pass by the hooks of system calls */
		return GUARD_REC_R_POLICY;
	}
	return 0;
}

#define NATIVE_CALLS(w)                                                                            \
	(BIT_IN(w, 2) | BIT_IN(w, 9) | BIT_IN(w, 10) | BIT_IN(w, 30) | BIT_IN(w, 41) |             \
	 BIT_IN(w, 42) | BIT_IN(w, 43) | BIT_IN(w, 288) | BIT_IN(w, 50) | BIT_IN(w, 85) |          \
	 BIT_IN(w, 101) | BIT_IN(w, 105) | BIT_IN(w, 113) | BIT_IN(w, 117) | BIT_IN(w, 126) |      \
	 BIT_IN(w, 135) | BIT_IN(w, 155) | BIT_IN(w, 165) | BIT_IN(w, 166) | BIT_IN(w, 172) |      \
	 BIT_IN(w, 173) | BIT_IN(w, 175) | BIT_IN(w, 246) | BIT_IN(w, 257) | BIT_IN(w, 272) |      \
	 BIT_IN(w, 298) | BIT_IN(w, 304) | BIT_IN(w, 308) | BIT_IN(w, 310) | BIT_IN(w, 311) |      \
	 BIT_IN(w, 313) | BIT_IN(w, 320) | BIT_IN(w, 321) | BIT_IN(w, 323) | BIT_IN(w, 329) |      \
	 BIT_IN(w, 425) | BIT_IN(w, 428) | BIT_IN(w, 429) | BIT_IN(w, 430) | BIT_IN(w, 432) |      \
	 BIT_IN(w, 433) | BIT_IN(w, 437) | BIT_IN(w, 438) | BIT_IN(w, 442) | BIT_IN(w, 467))

/*
 * Does op_of(), places_of() or break_out() say anything of the call? 32-bit calls and x32 are rare:
 * all may.
 */
static __always_inline int is_notable(__u32 nr, int compat)
{
	__u64 set = 0;

	if (compat || nr >= 512)
		return 1;
	switch (nr / 64) {
	case 0:
		set = NATIVE_CALLS(0) | PLACE_CALLS(0);
		break;
	case 1:
		set = NATIVE_CALLS(1) | PLACE_CALLS(1);
		break;
	case 2:
		set = NATIVE_CALLS(2) | PLACE_CALLS(2);
		break;
	case 3:
		set = NATIVE_CALLS(3);
		break;
	case 4:
		set = NATIVE_CALLS(4) | PLACE_CALLS(4);
		break;
	case 5:
		set = NATIVE_CALLS(5);
		break;
	case 6:
		set = NATIVE_CALLS(6);
		break;
	case 7:
		set = NATIVE_CALLS(7) | PLACE_CALLS(7);
		break;
	}
	return (set >> (nr % 64)) & 1;
}
