/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Attempts on the agent itself. */
#pragma once

/* A signal for the agent from inside a container, unless it is the agent's own container. */
static __always_inline int is_tampering(struct task_struct *task, struct subject *s)
{
	struct guard_control *ctl = get_control();

	return ctl != NULL && (__u32)READ(task, tgid) == ctl->agent_pid &&
	       subject_current(s) == 0 && container_of_task(task) != s->container;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(guard_tamper, int sig, void *info, struct task_struct *task, int group, int result)
{
	struct guard_stats *st = get_stats();
	struct subject s = {};

	if (is_tampering(task, &s) &&
	    report_call(&s, (void *)bpf_get_current_task(), GUARD_CALL_SIGNAL_AGENT, (__u64)sig,
			GUARD_REC_R_TAMPER) != 0 &&
	    st != NULL)
		st->tampers++;
	return 0;
}
