/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The directory where the guard's programs are pinned: what is taken out of it is in force no more.
 */
#pragma once

enum {
	BPFFS_MAGIC = 0xcafe4a11,
};

/* Its inode lives as long as the directory does; the agent says when there is another. */
static __always_inline int is_pins(__u64 inode)
{
	return inode != 0 && inode == pins_inode;
}

/* Was anything removed or renamed there since this was asked last? */
static __noinline int pins_changed(void)
{
	struct inode *dir = (void *)pins_inode;
	__u64 now;

	if (pins_inode == 0 || (__u32)BPF_CORE_READ(dir, i_sb, s_magic) != BPFFS_MAGIC)
		return 0;
	now = inode_ctime(dir);
	if (now == pins_ctime)
		return 0;
	pins_ctime = now;
	return 1;
}
