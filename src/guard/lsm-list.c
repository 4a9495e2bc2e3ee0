/* SPDX-License-Identifier: Apache-2.0 */
/* The list is a file of securityfs; where that is not mounted it is opened without a place. */
#include "guard/lsm-list.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"

bool guard_lsm_lists(struct sk_span list, const char *name)
{
	struct sk_span rest = sk_span_trim(list), word;

	while (sk_span_cut(&rest, ',', &word))
		if (sk_span_eq_str(word, name))
			return true;
	return false;
}

/* A mount that nobody sees and that ends with its descriptor. */
static int open_unmounted(void)
{
	sk_cleanup(sk_closep) int fs = (int)syscall(SYS_fsopen, "securityfs", FSOPEN_CLOEXEC);
	sk_cleanup(sk_closep) int dir = -1;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
		return -1;
	dir = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return dir < 0 ? -1 : openat(dir, "lsm", O_RDONLY | O_CLOEXEC);
}

enum guard_lsm_state guard_lsm_bpf(char ret_list[static GUARD_LSM_LIST_SIZE])
{
	sk_cleanup(sk_closep) int fd = open("/sys/kernel/security/lsm", O_RDONLY | O_CLOEXEC);
	struct sk_span list;
	int64_t n;

	ret_list[0] = '\0';
	if (fd < 0)
		fd = open_unmounted();
	n = fd < 0 ? -1 : sk_read_full(fd, ret_list, GUARD_LSM_LIST_SIZE - 1);
	if (n <= 0) {
		ret_list[0] = '\0';
		return GUARD_LSM_UNKNOWN;
	}
	list = sk_span_trim(sk_span_of(ret_list, (size_t)n));
	ret_list[list.len] = '\0'; /* nothing is before it: the kernel writes no blanks */
	return guard_lsm_lists(list, "bpf") ? GUARD_LSM_PRESENT : GUARD_LSM_ABSENT;
}
