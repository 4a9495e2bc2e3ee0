/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The few kernel structures that the programs read, with the few members they use. Offsets are
 * relocated at load time (CO-RE), so order and size here mean nothing. Names with three underscores
 * are the same structure in other kernel versions.
 */
#pragma once

#define KRELO __attribute__((preserve_access_index))

typedef __u32 kdev_t;
typedef struct {
	int counter;
} katomic_t;

struct list_head {
	struct list_head *next;
} KRELO;

struct qstr {
	const unsigned char *name;
	__u64 hash_len;
} KRELO;

struct super_block {
	kdev_t s_dev;
	unsigned long s_magic;
	struct dentry *s_root;
} KRELO;

struct inode {
	unsigned short i_mode;
	unsigned int i_nlink;
	kdev_t i_rdev;
	__u32 i_generation;
	unsigned long i_ino;
	long long i_size;
	katomic_t i_writecount;
	struct super_block *i_sb;
	long long i_ctime_sec;     /* 6.11 on */
	unsigned int i_ctime_nsec; /* top bit: "was asked for" */
} KRELO;

struct timespec64 {
	long long tv_sec;
	long tv_nsec;
} KRELO;

struct inode___v66 {
	struct timespec64 __i_ctime;
} KRELO;

struct inode___v510 {
	struct timespec64 i_ctime;
} KRELO;

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
} KRELO;

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
} KRELO;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
} KRELO;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} KRELO;

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_mode;
	unsigned int f_flags;
	void *private_data;
} KRELO;

/* What is mapped of an overlay's file; user_path is the overlay's (6.5 on). */
struct backing_file {
	struct path user_path;
} KRELO;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} KRELO;

struct files_struct {
	struct fdtable *fdt;
} KRELO;

struct fs_struct {
	struct path root;
	struct path pwd;
} KRELO;

struct ns_common {
	unsigned int inum;
} KRELO;

struct mnt_namespace {
	struct ns_common ns;
} KRELO;

struct filename {
	const char *name;
} KRELO;

struct nameidata {
	struct filename *name;
} KRELO;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
} KRELO;

struct upid {
	int nr;
} KRELO;

struct pid {
	unsigned int level;
	struct upid numbers[1];
} KRELO;

struct mm_struct {
	katomic_t mm_users;
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
} KRELO;

struct kernfs_node {
	const char *name;
	__u64 id;
} KRELO;

struct cgroup_root {
	int hierarchy_id;
} KRELO;

struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
	struct cgroup *cgroup;
} KRELO;

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
	struct cgroup *ancestors[1]; /* 6.1 on; by level, itself the last */
} KRELO;

struct cgroup___v510 {
	__u64 ancestor_ids[1];
} KRELO;

struct css_set {
	struct cgroup *dfl_cgrp;
} KRELO;

struct signal_struct {
	katomic_t live;
} KRELO;

struct thread_info {
	__u32 status;
} KRELO;

struct kuid {
	__u32 val;
} KRELO;

struct kcaps {
	__u64 bits;
} KRELO;

struct cred {
	struct kuid uid;
	struct kuid euid;
	struct kcaps cap_permitted; /* an array until 6.3, of the same size */
	struct user_namespace *user_ns;
} KRELO;

struct kernel_siginfo {
	int si_code;
} KRELO;

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	unsigned int personality;
	int pid;
	int tgid;
	int exit_code;
	unsigned int in_execve : 1;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct files_struct *files;
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct pid *thread_pid;
	struct css_set *cgroups;
	struct nameidata *nameidata;
	const struct cred *real_cred;
} KRELO;

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	int argc;
	char buf[256];
} KRELO;

struct pt_regs {
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long cx;
	unsigned long bx;
	unsigned long bp;
	unsigned long ip;
	unsigned long orig_ax;
} KRELO;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	struct file *vm_file;
	void *anon_vma;
} KRELO;

struct in6_addr {
	__u8 bytes[16];
} KRELO;

struct sock_common {
	unsigned short skc_family;
	unsigned short skc_num;
	__be16 skc_dport;
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
} KRELO;

struct sock {
	struct sock_common __sk_common;
	__u16 sk_type;
	__u16 sk_protocol;
	struct pid *sk_peer_pid;
} KRELO;

struct sockaddr_un {
	char sun_path[108];
} KRELO;

struct unix_address {
	int len;
	struct sockaddr_un name[1];
} KRELO;

struct unix_sock {
	struct unix_address *addr;
	struct path path;
	struct sock *peer;
} KRELO;

struct socket {
	short type;
	struct sock *sk;
} KRELO;

struct sockaddr {
	unsigned short sa_family;
	char sa_data[14];
} KRELO;

struct msghdr {
	void *msg_name;
	int msg_namelen;
} KRELO;
