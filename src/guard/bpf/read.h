/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reading the kernel's memory. */
#pragma once

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define CAST(type, p) ((type *)bpf_rdonly_cast((void *)(p), bpf_core_type_id_kernel(type)))

/*
 * READ(p, a, b) is p->a->b: plain loads where the kernel can be told what @p leads to (from 6.2),
 * else a call for each arrow. What it returns is no number to the verifier if it is a pointer: see
 * number_of().
 */
#define READ(p, ...)                                                                               \
	(have_cast ? ___arrow(CAST(typeof(*(p)), p), __VA_ARGS__) : BPF_CORE_READ(p, __VA_ARGS__))
