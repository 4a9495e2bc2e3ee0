/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel half of the guard. Decisions are made here from kernel objects; records are reports.
 * One object serves 5.10 to 6.18: what a kernel refuses is left out by the loader.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "record.h"
#include "parse.h"
#include "call-nr.h"
#include "kernel.h"
#include "maps.h"
#include "read.h"
#include "file.h"
#include "pins.h"
#include "task.h"
#include "noted.h"
#include "decide.h"
#include "life.h"
#include "exec.h"
#include "unix.h"
#include "socket.h"
#include "sysnr.h"
#include "open.h"
#include "mapping.h"
#include "place.h"
#include "call.h"
#include "cap.h"
#include "tamper.h"
#include "net.h"
#include "dns.h"
#include "lsm.h"
#include "walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
