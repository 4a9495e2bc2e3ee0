/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Files: identity below overlayfs, origin, path. */
#pragma once

static __always_inline __u64 inode_ctime(struct inode *inode)
{
	struct inode___v510 *old = (void *)inode;
	struct inode___v66 *mid = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec))
		return (__u64)READ(inode, i_ctime_sec) * 1000000000ull +
		       (READ(inode, i_ctime_nsec) & 0x7fffffff);
	if (bpf_core_field_exists(mid->__i_ctime))
		return (__u64)READ(mid, __i_ctime.tv_sec) * 1000000000ull +
		       ((__u64)READ(mid, __i_ctime.tv_nsec) & 0x7fffffff);
	return (__u64)READ(old, i_ctime.tv_sec) * 1000000000ull + (__u64)READ(old, i_ctime.tv_nsec);
}

/* The inode below overlayfs that holds the content; @ret_upper: it is in the writable layer. */
static __always_inline struct inode *real_inode(struct inode *inode, __u32 *ret_upper)
{
	struct dentry *upper = NULL;
	void *lower = NULL;

	if (ovl_upper_off == 0)
		return inode;
	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + ovl_upper_off);
	if (upper != NULL) {
		*ret_upper = 1;
		return READ(upper, d_inode);
	}
	bpf_probe_read_kernel(&lower, sizeof(lower), (void *)inode + ovl_lower_off);
	if (lower == NULL || ovl_lower_kind == 1)
		return lower != NULL ? lower : inode;
	/* struct ovl_entry: a count, padding, then pairs of layer and dentry */
	if (ovl_lower_kind == 3)
		bpf_probe_read_kernel(&lower, sizeof(lower), lower + 16);
	if (lower == NULL)
		return inode;
	lower = READ((struct dentry *)lower, d_inode);
	return lower != NULL ? lower : inode;
}

/*
 * The file system that the task's container has as its root: a task that changed its root directory
 * to a mount below it has another one. The top is mounted over the whole of what is below.
 */
static __always_inline struct super_block *root_sb(struct task_struct *task)
{
	struct vfsmount *vfs = READ(task, fs, root.mnt);
	struct mount *mnt = (void *)vfs - bpf_core_field_offset(struct mount, mnt);

	for (int i = 0; i < ROOT_DEPTH; i++) {
		struct mount *up = READ(mnt, mnt_parent);

		FORGET();
		if (up == mnt || READ(mnt, mnt_mountpoint) == READ(up, mnt.mnt_root))
			break;
		mnt = up;
	}
	return READ(mnt, mnt.mnt_sb);
}

static __always_inline void file_origin(struct super_block *sb, struct task_struct *task,
					__u32 upper, __u32 host, struct seen_file *f)
{
	unsigned long magic = READ(sb, s_magic);

	/* An overlay that is not the root one, as an engine or a process may mount it, is no image.
	 */
	if (magic == OVERLAY_MAGIC && sb != READ(task, fs, root.mnt, mnt_sb))
		f->origin = GUARD_REC_O_VOLUME;
	else if (magic == OVERLAY_MAGIC)
		f->origin = upper ? GUARD_REC_O_UPPER : GUARD_REC_O_IMAGE;
	else if (magic == TMPFS_MAGIC || magic == RAMFS_MAGIC)
		f->origin = f->unlinked ? GUARD_REC_O_MEMFD : GUARD_REC_O_TMPFS;
	else if (host)
		f->origin = GUARD_REC_O_HOST;
	else if (sb == root_sb(task))
		f->origin = GUARD_REC_O_UNKNOWN; /* an engine without overlayfs: content decides */
	else
		f->origin = GUARD_REC_O_VOLUME;
}

/* The path people know: a mapping of an overlay's file holds the file below. */
static __always_inline struct path *file_path(struct file *file)
{
	struct backing_file *backing = (void *)file;

	if (bpf_core_field_exists(backing->user_path) && (READ(file, f_mode) & fmode_backing) != 0)
		return __builtin_preserve_access_index(&backing->user_path);
	return __builtin_preserve_access_index(&file->f_path);
}

/* What is written through a mapping does not show in the times of such files. */
static __always_inline __u32 is_untimed(struct inode *inode)
{
	unsigned long magic = READ(inode, i_sb, s_magic);

	return magic == TMPFS_MAGIC || magic == RAMFS_MAGIC;
}

static __always_inline void file_look(struct file *file, struct task_struct *task, __u32 host,
				      struct seen_file *f)
{
	struct inode *inode = READ(file_path(file), dentry, d_inode);
	struct super_block *sb = READ(inode, i_sb);
	__u32 upper = 0;

	f->unlinked = READ(inode, i_nlink) == 0;
	if (READ(sb, s_magic) == OVERLAY_MAGIC)
		inode = real_inode(inode, &upper);
	file_origin(sb, task, upper, host, f);
	f->id.ino = READ(inode, i_ino);
	f->id.size = (__u64)READ(inode, i_size);
	f->id.dev = READ(inode, i_sb, s_dev);
	f->id.ctime_ns = inode_ctime(inode);
	f->id.untimed = upper || f->origin == GUARD_REC_O_TMPFS ? is_untimed(inode) : 0;
	f->place = (__u64)READ(inode, i_generation) << 32 | f->id.dev;
	f->writers = f->origin != GUARD_REC_O_IMAGE && READ(inode, i_writecount.counter) > 0;
}

/* What a file opened for writing leads to, other than to itself. */
enum written {
	WRITES_FILE,
	WRITES_MEMORY, /* of a process: that changes code that is mapped read-only */
	WRITES_HOST,   /* what the kernel does on the host: programs that it starts, and the like */
};

/* @want: a constant, which is compared with its NUL. */
#define IS_NAME(n, want)                                                                           \
	({                                                                                         \
		int same_ = 1;                                                                     \
		_Pragma("unroll") for (__u32 i_ = 0; i_ < sizeof(want);                            \
				       i_++) if ((n)[i_] != (want)[i_]) same_ = 0;                 \
		same_;                                                                             \
	})

static __noinline int written_name(struct file *file, unsigned long magic)
{
	char n[16] = {};

	bpf_probe_read_kernel_str(n, sizeof(n), READ(file, f_path.dentry, d_name.name));
	switch (magic) {
	case PROC_MAGIC:
		if (IS_NAME(n, "mem"))
			return WRITES_MEMORY;
		return IS_NAME(n, "core_pattern") || IS_NAME(n, "modprobe") ||
				       IS_NAME(n, "hotplug") || IS_NAME(n, "poweroff_cmd") ||
				       IS_NAME(n, "sysrq-trigger")
			       ? WRITES_HOST
			       : WRITES_FILE;
	case SYSFS_MAGIC:
		return IS_NAME(n, "uevent_helper") ? WRITES_HOST : WRITES_FILE;
	case CGROUP1_MAGIC:
		return IS_NAME(n, "release_agent") ? WRITES_HOST : WRITES_FILE;
	}
	return IS_NAME(n, "register") ? WRITES_HOST : WRITES_FILE;
}

static __always_inline int what_is_written(struct file *file)
{
	unsigned long magic = READ(file, f_inode, i_sb, s_magic);

	return magic == PROC_MAGIC || magic == SYSFS_MAGIC || magic == CGROUP1_MAGIC ||
			       magic == BINFMT_MAGIC
		       ? written_name(file, magic)
		       : WRITES_FILE;
}

/* Was a process' memory opened to read another one's? Whose it is, is settled by the opening. */
static __always_inline int reads_other(struct file *file, struct task_struct *task)
{
	return (READ(file, f_mode) & FMODE_READ_BIT) != 0 &&
	       READ(file, private_data) != (void *)READ(task, mm);
}

/*
 * The path as the task's root directory shows it, last component first, each with its NUL, into the
 * first GUARD_PATH_BYTES of @buf, which has 256 bytes more; the length goes to @r->path_len.
 */
static __always_inline int path_steps(struct path *path, struct task_struct *task, __u8 *buf,
				      struct guard_rec *r)
{
	struct dentry *dentry = READ(path, dentry);
	struct vfsmount *vfs = READ(path, mnt);
	struct mount *mnt = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
	struct dentry *root = READ(task, fs, root.dentry);
	struct vfsmount *root_vfs = READ(task, fs, root.mnt);
	struct mount *root_mnt = (void *)root_vfs - bpf_core_field_offset(struct mount, mnt);

	r->path_len = 0;
	for (int i = 0; i < GUARD_PATH_DEPTH; i++) {
		struct dentry *parent = READ(dentry, d_parent);
		struct mount *up = mnt;
		__u32 off;
		long n;

		FORGET();
		off = r->path_len;
		if (dentry == root && mnt == root_mnt)
			return 0;
		if (dentry == READ(mnt, mnt.mnt_root))
			up = READ(mnt, mnt_parent);
		if (up != mnt) {
			dentry = READ(mnt, mnt_mountpoint);
			mnt = up;
			continue;
		}
		/* The top of everything has no name; a file without a directory, as a memfd, has.
		 */
		if (dentry == parent && off != 0)
			return 0;
		if (off > GUARD_PATH_BYTES - 1)
			break;
		n = bpf_probe_read_kernel_str(buf + BOUND(off, PATH_MASK), 256,
					      READ(dentry, d_name.name));
		if (n > 0)
			r->path_len = (__u16)(off + n);
		if (dentry == parent)
			return 0;
		dentry = parent;
	}
	r->flags |= GUARD_RF_PATH_CUT;
	return 0;
}

static __always_inline int path_walk(struct path *path, struct task_struct *task, __u8 *buf,
				     struct guard_rec *r)
{
	path_steps(path, task, buf, r);
	if (r->path_len > GUARD_PATH_BYTES - 1) {
		r->path_len = GUARD_PATH_BYTES - 1;
		r->flags |= GUARD_RF_PATH_CUT;
	}
	return 0;
}

/*
 * The same for programs at tracepoints, into their scratch: a global function, which the verifier
 * looks at once instead of once for every way that leads to it.
 */
__noinline int guard_path(__u64 path)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;
	struct scratch *x = bpf_map_lookup_elem(&scratches, &zero);

	return x != NULL ? path_walk((struct path *)path, task, x->data, &x->rec) : 0;
}

/* FNV-1a of a file's own name, as guard_parse makes it of a script's. */
static __noinline __u64 dentry_hash(struct dentry *dentry)
{
	const unsigned char *name = READ(dentry, d_name.name);
	__u64 hash = GUARD_FNV_BASIS;
	__u8 c = 0;

	/* Byte by byte: who calls has hardly any stack left. */
	for (int i = 0; i < GUARD_NAME_HASHED; i++) {
		bpf_probe_read_kernel(&c, 1, name + i);
		if (c == 0)
			break;
		hash = (hash ^ c) * GUARD_FNV_PRIME;
	}
	return hash;
}
