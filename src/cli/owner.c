/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The databases are read in the layers below the container, so what somebody wrote while it ran is
 * not believed, and by confined processes, which another process of ours starts: it has one thread,
 * and only alerts wait for it. An image whose databases cannot be read, or not in time, is let
 * alone for a minute. Layers are found by a process of the container; where it has ended, by what
 * is known of the container or of another one of the same image.
 */
#include "cli/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/map.h"
#include "guard/event.h"
#include "guard/files.h"
#include "guard/story.h"
#include "scan/owner.h"

enum {
	MAX_ANSWERS = 512,
	MAX_IMAGES = 256,        /* whose layers are remembered */
	LAYERS_BYTES = 64 << 10, /* of the names of an image's layers */
	ASK_MS = 3000,           /* Debian's lists take 50 ms */
	AGAIN_MS = 60000, /* until it is asked again what could not be told, or not in time */
	TEXT_SIZE = 2 * SCAN_OWNER_SIZE + 2,
	PATH_SIZE = 4096,
	STORY_SIZE = 4096,
};

/** struct question - to the process that asks, sent whole; the layers' directories come with it */
struct question {
	uint64_t id;
	char path[PATH_SIZE];
};

/** struct reply - its answer */
struct reply {
	uint64_t id;
	bool is_known;
	bool has_database;
	char name[SCAN_OWNER_SIZE];
	char version[SCAN_OWNER_SIZE];
};

/** struct answer - to one question; used 0: free */
struct answer {
	uint64_t used;
	uint64_t image; /* hash */
	uint64_t path;  /* hash; 0: for every path of the image */
	uint64_t id;
	uint64_t until_ms; /* asked again then; 0: never */
	bool is_asked;     /* and not answered yet */
	enum guard_owned owned;
	char text[TEXT_SIZE];
};

/** struct image - where its layers lie */
struct image {
	uint64_t image; /* hash */
	char *layers;   /* as for guard_files_lower() */
};

struct cli_owner {
	struct answer answers[MAX_ANSWERS];
	struct image images[MAX_IMAGES];
	size_t n_images; /* ever; the oldest one is forgotten */
	uint64_t clock;
	uint64_t last_id;
	int fd; /* of the process that asks; -1: there is none */
	pid_t pid;
	struct sk_buf text;
};

/** struct layers - of a container */
struct layers {
	int fds[SCAN_OWNER_MAX_LAYERS];
	size_t n;
};

union control {
	struct cmsghdr head;
	uint8_t room[CMSG_SPACE(sizeof(int) * SCAN_OWNER_MAX_LAYERS)];
};

/* The next question; false at the end. */
static bool receive(int fd, struct question *q, struct layers *l)
{
	union control control;
	struct iovec iov = {.iov_base = q, .iov_len = sizeof(*q)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *head;
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*q))
		return false;
	q->path[PATH_SIZE - 1] = '\0';
	l->n = 0;
	head = CMSG_FIRSTHDR(&msg);
	if (head != NULL && head->cmsg_type == SCM_RIGHTS) {
		l->n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(l->fds, CMSG_DATA(head), l->n * sizeof(int));
	}
	return true;
}

static void answer(int fd)
{
	struct question *q = sk_alloc(sizeof(*q));
	struct layers l;

	while (receive(fd, q, &l)) {
		struct reply reply = {.id = q->id};
		struct scan_owner owner;
		struct sk_err err;

		if (scan_owner(l.fds, l.n, q->path, sk_mono_ms() + ASK_MS, &owner, &err) < 0) {
			sk_log(SK_LOG_WARN, "package databases of a container: %s", err.msg);
		} else {
			reply.is_known = true;
			reply.has_database = owner.has_database;
			memcpy(reply.name, owner.name, sizeof(reply.name));
			memcpy(reply.version, owner.version, sizeof(reply.version));
		}
		for (size_t i = 0; i < l.n; i++)
			sk_closep(&l.fds[i]);
		if (send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
			break;
	}
	sk_free(q);
}

static void process(int fd, pid_t agent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "stockade-owner");
	if (fd > STDERR_FILENO + 1)
		(void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, ~0u, 0);
	if (getppid() == agent)
		answer(fd);
	_exit(0);
}

struct cli_owner *cli_owner_new(void)
{
	struct cli_owner *o = sk_alloc(sizeof(*o));
	pid_t agent = getpid();
	int fds[2];

	o->fd = -1;
	sk_buf_init(&o->text, STORY_SIZE);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return o;
	o->pid = fork();
	if (o->pid == 0)
		process(fds[1], agent);
	(void)close(fds[1]);
	if (o->pid > 0)
		o->fd = fds[0];
	else
		(void)close(fds[0]);
	return o;
}

void cli_owner_free(struct cli_owner *o)
{
	if (o == NULL)
		return;
	sk_closep(&o->fd);
	if (o->pid > 0) {
		(void)kill(o->pid, SIGKILL);
		while (waitpid(o->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	for (size_t i = 0; i < MAX_IMAGES; i++)
		sk_free(o->images[i].layers);
	sk_buf_release(&o->text);
	sk_free(o);
}

/* What is known of a path holds, whatever became of a question for another one. */
static struct answer *find(struct cli_owner *o, uint64_t image, uint64_t path)
{
	uint64_t now = sk_mono_ms();
	struct answer *all = NULL;

	for (size_t i = 0; i < MAX_ANSWERS; i++) {
		struct answer *a = &o->answers[i];

		if (a->used == 0 || a->image != image || (a->until_ms != 0 && a->until_ms <= now))
			continue;
		if (a->path == path)
			return a;
		if (a->path == 0)
			all = a;
	}
	return all;
}

/* Has any question about an image been answered from its databases? */
static bool was_read(const struct cli_owner *o, uint64_t image)
{
	for (size_t i = 0; i < MAX_ANSWERS; i++)
		if (o->answers[i].used != 0 && o->answers[i].image == image &&
		    o->answers[i].owned != GUARD_OWNED_UNKNOWN)
			return true;
	return false;
}

static struct answer *find_asked(struct cli_owner *o, uint64_t id)
{
	for (size_t i = 0; i < MAX_ANSWERS; i++)
		if (o->answers[i].used != 0 && o->answers[i].id == id)
			return &o->answers[i];
	return NULL;
}

static struct answer *oldest(struct cli_owner *o)
{
	struct answer *a = &o->answers[0];

	for (size_t i = 1; i < MAX_ANSWERS; i++)
		if (o->answers[i].used < a->used)
			a = &o->answers[i];
	return a;
}

static void open_layer(void *ctx, const char *dir)
{
	struct layers *l = ctx;
	int fd;

	if (l->n == SCAN_OWNER_MAX_LAYERS)
		return;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		l->fds[l->n++] = fd;
}

static struct image *image_of(struct cli_owner *o, uint64_t image)
{
	for (size_t i = 0; i < MAX_IMAGES; i++)
		if (o->images[i].layers != NULL && o->images[i].image == image)
			return &o->images[i];
	return NULL;
}

static void add_dir(void *ctx, const char *dir)
{
	(void)sk_buf_printf(ctx, ":%s", dir);
}

/* The layers below a running container are those of its image, also when it is gone. */
static void remember_layers(struct cli_owner *o, uint64_t image, const struct guard_whose *w,
			    uint32_t pid)
{
	struct image *known;
	struct sk_buf b;

	if (image_of(o, image) != NULL)
		return;
	sk_buf_init(&b, LAYERS_BYTES);
	guard_files_lower(w->layers, add_dir, &b);
	if (b.len != 0 || (pid != 0 && guard_files_layers(pid, add_dir, &b) && b.len != 0)) {
		known = &o->images[o->n_images++ % MAX_IMAGES];
		sk_free(known->layers);
		*known = (struct image){.image = image, .layers = sk_strdup(b.ptr)};
	}
	sk_buf_release(&b);
}

static bool open_layers(struct cli_owner *o, uint64_t image, uint32_t pid,
			const struct guard_whose *w, struct layers *l)
{
	const struct image *known;

	remember_layers(o, image, w, pid);
	guard_files_lower(w->layers, open_layer, l);
	if (l->n == 0 && pid != 0)
		(void)guard_files_layers(pid, open_layer, l); /* it may have ended */
	known = image_of(o, image);
	if (l->n == 0 && known != NULL)
		guard_files_lower(known->layers, open_layer, l);
	pid = l->n == 0 ? guard_session_pid(w) : 0;
	if (pid != 0)
		(void)guard_files_layers(pid, open_layer, l);
	return l->n != 0;
}

static uint64_t image_hash(const struct guard_whose *w)
{
	return sk_hash64(sk_span_str(w->info.image_digest != NULL ? w->info.image_digest : w->id));
}

void cli_owner_meet(struct cli_owner *o, const struct guard_whose *w)
{
	if (w->has_started && !w->is_host)
		remember_layers(o, image_hash(w), w, guard_session_pid(w));
}

/* Never waits: when too much is asked for already, nobody can tell. */
static bool send_question(const struct cli_owner *o, const struct layers *l, uint64_t id,
			  const char *path)
{
	struct question q = {.id = id};
	union control control = {0};
	struct iovec iov = {.iov_base = &q, .iov_len = sizeof(q)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = CMSG_SPACE(sizeof(int) * l->n)};

	if (strlen(path) >= sizeof(q.path))
		return false;
	memcpy(q.path, path, strlen(path));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int) * l->n);
	memcpy(CMSG_DATA(&control.head), l->fds, sizeof(int) * l->n);
	return sendmsg(o->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(q);
}

static void take_reply(struct cli_owner *o, const struct reply *r)
{
	struct answer *a = find_asked(o, r->id);

	if (a == NULL)
		return;
	a->is_asked = false;
	if (!r->is_known) {
		a->path = was_read(o, a->image) ? a->path : 0;
		a->until_ms = sk_mono_ms() + AGAIN_MS;
	} else if (!r->has_database) {
		a->path = 0;
	} else if (r->name[0] == '\0') {
		a->owned = GUARD_OWNED_NO;
	} else {
		a->owned = GUARD_OWNED_YES;
		(void)snprintf(a->text, sizeof(a->text), "%.*s%s%.*s", SCAN_OWNER_SIZE - 1, r->name,
			       r->version[0] != '\0' ? " " : "", SCAN_OWNER_SIZE - 1, r->version);
	}
}

static void take_replies(struct cli_owner *o)
{
	struct reply reply;

	while (o->fd >= 0) {
		ssize_t n = recv(o->fd, &reply, sizeof(reply), MSG_DONTWAIT);

		if (n == (ssize_t)sizeof(reply))
			take_reply(o, &reply);
		else if (n == 0)
			sk_closep(&o->fd); /* it ended */
		else
			break;
	}
}

enum guard_owned cli_owner_ask(void *ctx, uint32_t pid, const struct guard_whose *w,
			       const char *path, struct guard_owner_answer *ret)
{
	struct cli_owner *o = ctx;
	uint64_t image = image_hash(w), hash = sk_hash64(sk_span_str(path)) | 1;
	struct answer *a;
	struct layers l = {.n = 0};
	bool sent;

	take_replies(o);
	a = find(o, image, hash);
	if (a == NULL) {
		if (o->fd < 0 || !open_layers(o, image, pid, w, &l))
			return GUARD_OWNED_UNKNOWN;
		sent = send_question(o, &l, o->last_id + 1, path);
		for (size_t i = 0; i < l.n; i++)
			sk_closep(&l.fds[i]);
		if (!sent)
			return GUARD_OWNED_UNKNOWN;
		a = oldest(o);
		*a = (struct answer){
			.image = image, .path = hash, .id = ++o->last_id, .is_asked = true};
	}
	a->used = ++o->clock;
	if (a->is_asked && o->fd >= 0) {
		ret->question = a->id;
		return GUARD_OWNED_LATER;
	}
	ret->package = a->text;
	return a->owned;
}

bool cli_owner_is_known(void *ctx, uint64_t question)
{
	struct cli_owner *o = ctx;
	const struct answer *a;

	take_replies(o);
	a = find_asked(o, question);
	return a == NULL || !a->is_asked || o->fd < 0;
}

void cli_owner_tell(struct cli_owner *o, struct guard_queued *w,
		    const struct guard_sign_list *signs)
{
	const struct answer *a = find_asked(o, w->event.owner_question);

	if (w->event.owner_question == 0)
		return;
	if (a == NULL || a->is_asked || a->owned == GUARD_OWNED_UNKNOWN)
		w->event.file_owner_unknown = true;
	else
		w->event.file_package =
			sk_arena_strdup(w->arena, a->owned == GUARD_OWNED_YES ? a->text : "");
	w->event.owner_question = 0;
	guard_story_tell(&w->event, w->has_rec ? &w->rec : NULL, signs, &o->text);
}
