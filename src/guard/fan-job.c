/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of the fanotify backend: made, answered once, handed to the session as records. */
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "guard/kern-fan-priv.h"

struct guard_fan_job *guard_fan_job_new(int fd, uint32_t tid)
{
	struct guard_fan_job *j = sk_alloc(sizeof(*j));

	j->fd = fd;
	j->tid = tid;
	j->refs = 1;
	return j;
}

void guard_fan_job_put(struct guard_fan_job *j)
{
	if (--j->refs != 0)
		return;
	if (j->script != NULL)
		guard_fan_job_put(j->script);
	if (j->gate != NULL)
		guard_fan_job_put(j->gate);
	sk_closep(&j->fd);
	sk_free(j);
}

uint64_t guard_fan_next_exec_id(struct guard_fan_kern *f)
{
	uint64_t now = sk_mono_ns();

	f->last_exec_id = now > f->last_exec_id ? now : f->last_exec_id + 1;
	return f->last_exec_id;
}

static void make_image(struct guard_fan_kern *f, const struct guard_fan_job *j)
{
	struct guard_fan_image image = {
		.parent = j->rec.parent_exec_id, .dev = j->exe_dev, .ino = j->exe_ino};
	struct guard_task *t = guard_table_get(f->maps[GUARD_MAP_TASKS], &j->rec.host_pid);

	(void)guard_table_put(f->images, &j->rec.exec_id, &image);
	if (t == NULL)
		return;
	t->parent_exec_id = j->rec.parent_exec_id;
	t->exec_id = j->rec.exec_id;
	t->exe = j->rec.file;
	/* The session has entered what it found in the content of what was held. */
	if (j->rec.verdict != GUARD_REC_HELD || j->rec.program != 0)
		t->program = j->rec.program;
}

/* The program that may start is the process's own from now on. */
static void let_go(struct guard_fan_kern *f, const struct guard_fan_job *j)
{
	if (j->role == GUARD_FAN_NOTHING || j->flight.mark == 0)
		return;
	(void)guard_table_put(f->flights, &j->tid, &j->flight);
	if (j->rec.type == GUARD_REC_EXEC && j->rec.exec_id != 0)
		make_image(f, j);
}

void guard_fan_answer_job(struct guard_fan_kern *f, struct guard_fan_job *j, bool allow)
{
	if (j->asked_ns == 0 || j->answered_ns != 0)
		return;
	if (allow)
		let_go(f, j);
	else
		guard_table_del(f->flights, &j->tid);
	j->answered_ns = sk_mono_ns();
	guard_fan_answer(f->fd, j->fd, allow);
	TAILQ_REMOVE(&f->waiting, j, waiting);
	if (allow)
		TAILQ_INSERT_TAIL(&f->lingering, j, waiting);
	else
		guard_fan_job_put(j);
}

bool guard_fan_emit(struct guard_fan_kern *f, struct guard_fan_job *j, bool urgent)
{
	struct guard_container *c = guard_table_get(f->maps[GUARD_MAP_CONTAINERS], &j->rec.cgroup);
	uint64_t one = 1;

	/* What is held has a thread behind it: that bounds it. */
	if (f->n_out >= GUARD_FAN_MAX_JOBS && j->rec.verdict != GUARD_REC_HELD) {
		f->stats.lost++;
		if (c != NULL)
			c->lost++;
		guard_fan_job_put(j);
		return false;
	}
	TAILQ_INSERT_TAIL(&f->out, j, queue);
	f->n_out++;
	f->stats.records++;
	if (c != NULL)
		c->records++;
	if (urgent && write(f->out_fd, &one, sizeof(one)) < 0)
		return true; /* it is awake, or looks within a poll */
	return true;
}
