/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's side: a slot for each process, which is asked one question at a time. An answer that
 * is taken later waits in the socket until then.
 */
#include "guard/reader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/map.h"
#include "guard/reader-priv.h"

enum {
	OF_ONE = 4,           /* questions of one owner at a time */
	IDLE_MOST = 2,        /* processes that wait for a question */
	LIMIT_MS = 5000,      /* for an answer, and */
	BYTES_PER_MS = 20000, /* for a file's bytes: 20 MB/s */
	TURN_MS = 15000,      /* longest wait for a slot */
	TAKE_MS = 2000,       /* for an answer to be taken after its time */
	HUNG_MS = 250,        /* without an answer: nothing that cannot wait is asked beside it */
	N_SPENT = 256,
	N_KEPT = 1024,
};

#define MAX_READ (4ull << 30) /* files.c reads no more */

/** struct share - of the agent's time, for waiting */
struct share {
	uint64_t span_ms;
	uint64_t most_ms; /* in each span */
};

static const struct share shares[] = {
	[GUARD_PATIENCE_OFTEN] = {1000, 250},
	[GUARD_PATIENCE_RARE] = {60000, 5000},
	[GUARD_PATIENCE_FULL] = {1, UINT32_MAX},
};

/* Of all together, where an answer may be taken later. */
static const struct share share_of_all = {1000, 500};

enum slot_state {
	SLOT_FREE, /* no process */
	SLOT_IDLE,
	SLOT_ASKED,
	SLOT_ENDING, /* killed, not gone */
};

/** struct slot - a process */
struct slot {
	enum slot_state state;
	int fd;
	uint32_t op;
	uint32_t dev;
	uint64_t owner;
	uint64_t ticket; /* 0: nobody takes the answer */
	uint64_t since_ms;
	uint64_t until_ms;
};

/** struct kept - content of a file, each change of which would show */
struct kept {
	struct guard_file_id id;
	bool is_set;
	uint8_t hash[GUARD_HASH_BYTES];
};

/** struct spent - time that was waited for somebody */
struct spent {
	uint64_t since_ms;
	uint64_t ms;
};

struct guard_reader {
	int fd; /* of the process that starts the others */
	pid_t pid;
	bool is_over; /* nothing is waited for */
	uint64_t tidy_ms;
	struct slot slots[GUARD_READER_SLOTS];
	struct kept kept[N_KEPT]; /* by the file's hash; a later one takes the place */
	bool was_kept;            /* what was answered last */
	struct spent all;
	struct spent one[SK_ARRAY_LEN(shares)][N_SPENT]; /* by the owner's hash */
	struct {
		struct guard_reader_question head;
		char text[GUARD_READER_QUESTION];
	} question;
	size_t question_len; /* of its texts */
	struct {
		struct guard_reader_answer head;
		char text[GUARD_READER_TEXT];
	} answer;
};

int guard_reader_new(struct guard_reader **ret, struct sk_err *err)
{
	sk_cleanup(guard_reader_freep) struct guard_reader *r = sk_alloc(sizeof(*r));
	pid_t agent = getpid();
	int fds[2];

	r->fd = -1;
	for (size_t i = 0; i < GUARD_READER_SLOTS; i++)
		r->slots[i].fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return sk_err_errno(err, errno, "guard: socketpair");
	r->pid = fork();
	if (r->pid == 0)
		guard_reader_serve(fds[1], agent);
	r->fd = fds[0];
	(void)close(fds[1]);
	if (r->pid < 0)
		return sk_err_errno(err, errno, "guard: fork");
	*ret = sk_take(r);
	return 0;
}

void guard_reader_free(struct guard_reader *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < GUARD_READER_SLOTS; i++)
		sk_closep(&r->slots[i].fd);
	sk_closep(&r->fd);
	if (r->pid > 0) {
		/* The others end with it, those that can be ended. */
		(void)kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	sk_free(r);
}

void guard_reader_give_up(struct guard_reader *r)
{
	r->is_over = true;
}

static void vacate(struct slot *s)
{
	sk_closep(&s->fd);
	*s = (struct slot){.fd = -1};
}

static void end_process(struct guard_reader *r, struct slot *s)
{
	struct guard_reader_order order = {.slot = (uint32_t)(s - r->slots), .is_end = 1};

	if (guard_reader_message(r->fd, &order, sizeof(order), -1))
		s->state = SLOT_ENDING;
	s->ticket = 0;
}

static bool start_process(struct guard_reader *r, struct slot *s)
{
	struct guard_reader_order order = {.slot = (uint32_t)(s - r->slots)};
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	s->fd = fds[0];
	if (guard_reader_message(r->fd, &order, sizeof(order), fds[1]))
		s->state = SLOT_IDLE;
	else
		vacate(s);
	(void)close(fds[1]);
	return s->state == SLOT_IDLE;
}

/* It has nothing to do: some are kept. */
static void rest(struct guard_reader *r, struct slot *s)
{
	size_t n_idle = 0;

	for (size_t i = 0; i < GUARD_READER_SLOTS; i++)
		n_idle += r->slots[i].state == SLOT_IDLE;
	s->state = SLOT_IDLE;
	s->ticket = 0;
	if (n_idle >= IDLE_MOST)
		vacate(s);
}

/* Into the reader's storage; false when there is none, and the process is gone. */
static bool receive(struct guard_reader *r, struct slot *s)
{
	ssize_t n = recv(s->fd, &r->answer, sizeof(r->answer), MSG_DONTWAIT);

	if (n < (ssize_t)sizeof(r->answer.head) ||
	    r->answer.head.len > (size_t)n - sizeof(r->answer.head)) {
		end_process(r, s);
		vacate(s);
		return false;
	}
	rest(r, s);
	return true;
}

static bool has_answer(const struct slot *s, unsigned wait_ms)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	return poll(&p, 1, (int)wait_ms) > 0;
}

/* What nobody takes is thrown away, what takes too long is ended, what has ended makes room. */
static void tidy(struct guard_reader *r, uint64_t now)
{
	char byte;

	if (now == r->tidy_ms)
		return;
	r->tidy_ms = now;
	for (size_t i = 0; i < GUARD_READER_SLOTS; i++) {
		struct slot *s = &r->slots[i];

		if (s->state == SLOT_ENDING && recv(s->fd, &byte, 1, MSG_DONTWAIT) == 0)
			vacate(s);
		if (s->state != SLOT_ASKED)
			continue;
		if (s->ticket != 0 && now >= s->until_ms + TAKE_MS)
			s->ticket = 0;
		if (s->ticket == 0 && has_answer(s, 0))
			(void)receive(r, s);
		else if (s->ticket == 0 && now >= s->until_ms)
			end_process(r, s);
	}
}

/* A container may have a few hanging; what hung once is not asked again as long as it hangs. */
static bool is_hopeless(const struct guard_reader *r, const struct guard_asking *a, uint32_t dev,
			uint64_t now)
{
	size_t n_hung = 0;

	for (size_t i = 0; i < GUARD_READER_SLOTS; i++) {
		const struct slot *s = &r->slots[i];

		if (s->owner != a->owner || (s->state != SLOT_ASKED && s->state != SLOT_ENDING))
			continue;
		if (s->state == SLOT_ASKED && has_answer(s, 0))
			continue; /* nobody has taken it yet */
		if (a->ticket == 0 && now - s->since_ms >= HUNG_MS)
			return true;
		if (s->state == SLOT_ASKED && now < s->until_ms)
			continue;
		if (s->dev == dev || ++n_hung == OF_ONE)
			return true;
	}
	return false;
}

/* NULL: it is not its turn. */
static struct slot *find_room(struct guard_reader *r, uint64_t owner)
{
	struct slot *free_one = NULL, *idle = NULL;
	size_t n = 0;

	for (size_t i = 0; i < GUARD_READER_SLOTS; i++) {
		struct slot *s = &r->slots[i];

		if (s->state == SLOT_FREE && free_one == NULL)
			free_one = s;
		else if (s->state == SLOT_IDLE && idle == NULL)
			idle = s;
		else if (s->state > SLOT_IDLE && s->owner == owner)
			n++;
	}
	if (n >= OF_ONE)
		return NULL;
	return idle != NULL ? idle : free_one;
}

static struct slot *put_question(struct guard_reader *r, const struct guard_asking *a, int pass,
				 uint64_t now)
{
	const struct guard_reader_question *q = &r->question.head;
	struct slot *s = find_room(r, a->owner);

	if (s == NULL || (s->state == SLOT_FREE && !start_process(r, s)))
		return NULL;
	if (!guard_reader_message(s->fd, &r->question, sizeof(*q) + r->question_len, pass)) {
		end_process(r, s); /* it died, as of too little memory */
		vacate(s);
		return NULL;
	}
	s->state = SLOT_ASKED;
	s->op = q->op;
	s->dev = q->id.dev;
	s->owner = a->owner;
	s->ticket = a->ticket;
	s->since_ms = now;
	s->until_ms =
		now + LIMIT_MS + (q->id.size < MAX_READ ? q->id.size : MAX_READ) / BYTES_PER_MS;
	return s;
}

static struct slot *find_asked(struct guard_reader *r, const struct guard_asking *a, int op)
{
	for (size_t i = 0; a->ticket != 0 && i < GUARD_READER_SLOTS; i++) {
		struct slot *s = &r->slots[i];

		if (s->state == SLOT_ASKED && s->ticket == a->ticket && s->owner == a->owner &&
		    (op < 0 || s->op == (uint32_t)op))
			return s;
	}
	return NULL;
}

/* What is left of a share, at most @wait. */
static unsigned left_of(struct spent *s, const struct share *share, unsigned wait, uint64_t now)
{
	uint64_t left;

	if (now - s->since_ms >= share->span_ms)
		*s = (struct spent){.since_ms = now};
	left = s->ms < share->most_ms ? share->most_ms - s->ms : 0;
	return left < wait ? (unsigned)left : wait;
}

/* One that is slow on purpose costs little of the time that others need. */
static bool wait_for(struct guard_reader *r, const struct guard_asking *a, const struct slot *s,
		     uint64_t now)
{
	struct sk_span owner = sk_span_of(&a->owner, sizeof(a->owner));
	struct spent *one = &r->one[a->patience][sk_hash64(owner) % N_SPENT];
	unsigned wait = left_of(one, &shares[a->patience], a->wait_ms, now);
	bool is_there;

	if (a->ticket != 0)
		wait = left_of(&r->all, &share_of_all, wait, now);
	if (now - s->since_ms >= HUNG_MS || r->is_over)
		wait = 0;
	is_there = has_answer(s, wait);
	now = sk_mono_ms() - now;
	one->ms += now;
	r->all.ms += now;
	return is_there;
}

/* Asks what was put together, or goes on with what was asked before. */
static enum guard_read ask(struct guard_reader *r, const struct guard_asking *a, int pass)
{
	uint64_t now = sk_mono_ms();
	struct slot *s;

	tidy(r, now);
	s = find_asked(r, a, (int)r->question.head.op);
	if (s == NULL && (r->is_over || is_hopeless(r, a, r->question.head.id.dev, now)))
		return GUARD_READ_LATE;
	if (s == NULL)
		s = put_question(r, a, pass, now);
	if (s == NULL)
		return a->ticket != 0 && sk_mono_ns() - a->since_ns < TURN_MS * SK_MS_NS
			       ? GUARD_READ_LATER
			       : GUARD_READ_LATE;
	if (wait_for(r, a, s, now)) {
		if (!receive(r, s))
			return GUARD_READ_LATE;
		return r->answer.head.is_found != 0 ? GUARD_READ_YES : GUARD_READ_NO;
	}
	if (a->ticket != 0 && !r->is_over && sk_mono_ms() < s->until_ms)
		return GUARD_READ_LATER;
	s->ticket = 0;
	return GUARD_READ_LATE;
}

bool guard_reader_is_due(struct guard_reader *r, const struct guard_asking *a)
{
	uint64_t now = sk_mono_ms();
	const struct slot *s;

	tidy(r, now);
	s = find_asked(r, a, -1);
	if (s != NULL)
		return r->is_over || has_answer(s, 0) || now >= s->until_ms;
	return r->is_over || find_room(r, a->owner) != NULL || is_hopeless(r, a, 0, now) ||
	       sk_mono_ns() - a->since_ns >= TURN_MS * SK_MS_NS;
}

static void put_text(struct guard_reader *r, const char *text, uint32_t *ret_len)
{
	size_t len = text != NULL ? strlen(text) + 1 : 0;

	/* A text that does not fit is not there: less is found then. */
	if (len == 0 || len > sizeof(r->question.text) - r->question_len)
		return;
	memcpy(r->question.text + r->question_len, text, len);
	r->question_len += len;
	*ret_len = (uint32_t)len;
}

static struct guard_reader_question *begin(struct guard_reader *r, enum guard_reader_op op,
					   uint32_t pid, const char *path)
{
	struct guard_reader_question *q = &r->question.head;

	*q = (struct guard_reader_question){.op = op, .pid = pid};
	r->question_len = 0;
	put_text(r, path, &q->path_len);
	return q;
}

static void put_whose(struct guard_reader *r, const struct guard_whose *w)
{
	struct guard_reader_question *q = &r->question.head;

	q->is_host = w->is_host;
	put_text(r, w->path[0] != '\0' ? w->path : NULL, &q->cgroup_len);
	put_text(r, w->layers, &q->layers_len);
}

enum guard_read guard_reader_used(struct guard_reader *r, const struct guard_asking *a,
				  const struct guard_whose *w, const struct guard_used_file *u,
				  uint8_t *ret)
{
	struct kept *kept = &r->kept[sk_hash64(sk_span_of(u->id, sizeof(*u->id))) % N_KEPT];
	struct guard_reader_question *q;
	enum guard_read read;

	r->was_kept = kept->is_set && memcmp(&kept->id, u->id, sizeof(*u->id)) == 0;
	if (r->was_kept) {
		memcpy(ret, kept->hash, GUARD_HASH_BYTES);
		return GUARD_READ_YES;
	}
	q = begin(r, GUARD_READER_USED, u->pid, u->path);
	q->id = *u->id;
	q->is_program = u->is_program;
	put_whose(r, w);
	read = ask(r, a, u->fd);
	if (read != GUARD_READ_YES)
		return read;
	memcpy(ret, r->answer.head.hash, GUARD_HASH_BYTES);
	r->was_kept = r->answer.head.is_kept != 0;
	if (r->was_kept) {
		*kept = (struct kept){.id = *u->id, .is_set = true};
		memcpy(kept->hash, ret, GUARD_HASH_BYTES);
	}
	return read;
}

bool guard_reader_is_kept(const struct guard_reader *r)
{
	return r->was_kept;
}

enum guard_read guard_reader_named(struct guard_reader *r, const struct guard_asking *a,
				   uint32_t pid, const char *path, struct guard_file_id *ret_id,
				   uint8_t *ret)
{
	enum guard_read read;

	(void)begin(r, GUARD_READER_NAMED, pid, path);
	read = ask(r, a, -1);
	if (read == GUARD_READ_YES) {
		*ret_id = r->answer.head.id;
		memcpy(ret, r->answer.head.hash, GUARD_HASH_BYTES);
	}
	return read;
}

enum guard_read guard_reader_below(struct guard_reader *r, const struct guard_asking *a,
				   const struct guard_whose *w, const char *path, uint64_t size,
				   uint8_t *ret)
{
	struct guard_reader_question *q =
		begin(r, ret != NULL ? GUARD_READER_BELOW_CONTENT : GUARD_READER_BELOW, 0, path);
	enum guard_read read;

	q->id.size = size;
	put_whose(r, w);
	read = ask(r, a, -1);
	if (read == GUARD_READ_YES && ret != NULL)
		memcpy(ret, r->answer.head.hash, GUARD_HASH_BYTES);
	return read;
}

enum guard_read guard_reader_place(struct guard_reader *r, const struct guard_asking *a,
				   const struct guard_whose *w, uint32_t pid, char *path,
				   size_t size, bool *directory)
{
	struct guard_reader_question *q = begin(r, GUARD_READER_PLACE, pid, path);
	enum guard_read read;

	q->size = (uint32_t)size;
	put_whose(r, w);
	read = ask(r, a, -1);
	if (read != GUARD_READ_YES)
		return read;
	if (r->answer.head.len >= size)
		return GUARD_READ_NO;
	memcpy(path, r->answer.text, r->answer.head.len);
	path[r->answer.head.len] = '\0';
	*directory |= r->answer.head.is_directory != 0;
	return GUARD_READ_YES;
}

/* What the question that was put together has for a text. */
static struct sk_span text_of(struct guard_reader *r, const struct guard_asking *a, char *buf,
			      size_t size)
{
	size_t len = 0;

	r->question.head.size = (uint32_t)size;
	if (ask(r, a, -1) == GUARD_READ_YES)
		len = r->answer.head.len < size ? r->answer.head.len : size;
	memcpy(buf, r->answer.text, len);
	return sk_span_of(buf, len);
}

struct sk_span guard_reader_text(struct guard_reader *r, const struct guard_asking *a, uint32_t pid,
				 const char *path, char *buf, size_t size)
{
	(void)begin(r, GUARD_READER_FILE_TEXT, pid, path);
	return text_of(r, a, buf, size);
}

struct sk_span guard_reader_arguments(struct guard_reader *r, const struct guard_asking *a,
				      uint32_t pid, char *buf, size_t size)
{
	(void)begin(r, GUARD_READER_ARGUMENTS, pid, NULL);
	return text_of(r, a, buf, size);
}
