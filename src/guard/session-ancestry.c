/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who started whom: programs are known by their exec ids, whichever process runs them; processes
 * that were forked and run their parent's program come between.
 */
#include "guard/fan-proc.h"
#include "guard/session-priv.h"

/** struct step - a process on the way up */
struct step {
	uint32_t host_pid;
	uint32_t host_ppid;
	uint64_t program; /* exec id of what it ran */
};

static void add(struct guard_event *e, const struct guard_image_of *image, uint32_t pid,
		uint32_t host_pid)
{
	e->ancestry[e->n_ancestry++] =
		(struct guard_ancestor){.pid = pid,
					.host_pid = host_pid,
					.exe = image->exe,
					.args = (const char *const *)image->args,
					.n_args = image->n_args};
}

static struct guard_forked *place_of(struct guard_session *s, uint32_t host_pid)
{
	return &s->forked[host_pid % GUARD_MAX_FORKED];
}

void guard_session_note_fork(struct guard_session *s, const struct guard_rec *rec)
{
	uint32_t host_pid = (uint32_t)rec->value;

	*place_of(s, host_pid) = (struct guard_forked){.program = rec->exec_id,
						       .host_pid = host_pid,
						       .host_ppid = rec->host_pid,
						       .pid = rec->op};
}

/*
 * A process that was forked and ran this program, whatever it has started since. Those whose making
 * was not told are remembered when they are met alive. Who adopted an orphan is none.
 */
static const struct guard_forked *find_forked(struct guard_session *s, uint32_t host_pid,
					      uint64_t program)
{
	struct guard_forked *f = place_of(s, host_pid);
	const struct guard_image_of *later;
	struct guard_fan_task look;
	struct guard_task task;

	if (f->host_pid == host_pid && f->program == program)
		return f;
	if (!guard_kern_get(s->kern, GUARD_MAP_TASKS, &host_pid, &task))
		return NULL;
	later = guard_lineage_get(s->lineage, task.exec_id);
	if (task.exec_id != program &&
	    (later == NULL || later->host_pid != host_pid || later->parent != program))
		return NULL;
	if (!guard_fan_task_look(host_pid, &look))
		return NULL;
	*f = (struct guard_forked){
		.program = program, .host_pid = host_pid, .host_ppid = task.ppid, .pid = look.pid};
	return f;
}

/* The forked processes between @at and the one that started its program. */
static void add_forked(struct guard_session *s, struct step at, const struct guard_image_of *image,
		       struct guard_event *e)
{
	const struct guard_forked *f;

	while (at.host_pid != image->host_pid && at.host_ppid != image->host_pid &&
	       at.host_ppid != 0 && e->n_ancestry < GUARD_MAX_ANCESTRY &&
	       (f = find_forked(s, at.host_ppid, at.program)) != NULL) {
		add(e, image, f->pid, f->host_pid);
		at.host_pid = f->host_pid;
		at.host_ppid = f->host_ppid;
	}
}

void guard_session_ancestry(struct guard_session *s, const struct guard_rec *rec, uint64_t program,
			    bool is_exec, struct guard_event *e)
{
	struct step at = {
		.host_pid = rec->host_pid, .host_ppid = rec->host_ppid, .program = program};
	const struct guard_image_of *image = guard_lineage_get(s->lineage, program);

	/* What it runs itself is told as the process. */
	if (image != NULL && !is_exec && (image->host_pid == at.host_pid || at.host_ppid == 0)) {
		at.program = image->parent;
		image = guard_lineage_get(s->lineage, image->parent);
	}
	while (image != NULL && e->n_ancestry < GUARD_MAX_ANCESTRY) {
		add_forked(s, at, image, e);
		if (e->n_ancestry == GUARD_MAX_ANCESTRY || image->parent == image->exec_id)
			break;
		add(e, image, image->pid, image->host_pid);
		at = (struct step){.host_pid = image->host_pid,
				   .host_ppid = image->host_ppid,
				   .program = image->parent};
		image = guard_lineage_get(s->lineage, image->parent);
	}
}
