/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The databases are read in the layers below the container, so what somebody wrote while it ran is
 * not believed, and by confined processes. An image whose databases cannot be read, or not in time,
 * is let alone for a minute.
 */
#include "cli/owner.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/map.h"
#include "guard/files.h"
#include "guard/session.h"
#include "scan/owner.h"
#include "scan/pool.h"

enum {
	MAX_ANSWERS = 512,
	ASK_MS = 3000,    /* Debian's lists take 50 ms; events wait meanwhile */
	AGAIN_MS = 60000, /* until an image is asked that could not be read, or not in time */
	TEXT_SIZE = 2 * SCAN_OWNER_SIZE + 2,
};

/** struct answer - to one question; used 0: free */
struct answer {
	uint64_t used;
	uint64_t image;    /* hash */
	uint64_t path;     /* hash; 0: for every path of the image */
	uint64_t until_ms; /* asked again then; 0: never */
	enum guard_owned owned;
	char text[TEXT_SIZE];
};

struct cli_owner {
	struct answer answers[MAX_ANSWERS];
	uint64_t clock;
};

struct cli_owner *cli_owner_new(void)
{
	return sk_alloc(sizeof(struct cli_owner));
}

void cli_owner_free(struct cli_owner *o)
{
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

static struct answer *oldest(struct cli_owner *o)
{
	struct answer *a = &o->answers[0];

	for (size_t i = 1; i < MAX_ANSWERS; i++)
		if (o->answers[i].used < a->used)
			a = &o->answers[i];
	return a;
}

/** struct layers - of a container */
struct layers {
	int fds[SCAN_OWNER_MAX_LAYERS];
	size_t n;
};

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

static void ask(struct answer *a, const struct layers *l, const char *path)
{
	struct scan_owner owner;
	struct sk_err err;

	if (scan_owner(l->fds, l->n, path, sk_mono_ms() + ASK_MS, &owner, &err) < 0) {
		sk_log(SK_LOG_WARN, "package databases of a container: %s", err.msg);
		a->path = 0;
		a->until_ms = sk_mono_ms() + AGAIN_MS;
	} else if (!owner.has_database) {
		a->path = 0;
	} else if (owner.name[0] == '\0') {
		a->owned = GUARD_OWNED_NO;
	} else {
		a->owned = GUARD_OWNED_YES;
		(void)snprintf(a->text, sizeof(a->text), "%s%s%s", owner.name,
			       owner.version[0] != '\0' ? " " : "", owner.version);
	}
}

/* The process may have ended by now, and with it the container: the layers stay. */
static bool open_layers(struct layers *l, uint32_t pid, const struct guard_whose *w)
{
	if (pid != 0 && guard_files_layers(pid, open_layer, l) && l->n != 0)
		return true;
	pid = guard_session_pid(w);
	if (pid != 0 && guard_files_layers(pid, open_layer, l) && l->n != 0)
		return true;
	guard_files_lower(w->layers, open_layer, l);
	return l->n != 0;
}

enum guard_owned cli_owner_ask(void *ctx, uint32_t pid, const struct guard_whose *w,
			       const char *path, const char **ret)
{
	struct cli_owner *o = ctx;
	const char *name = w->info.image_digest != NULL ? w->info.image_digest : w->id;
	uint64_t image = sk_hash64(sk_span_str(name)), hash = sk_hash64(sk_span_str(path)) | 1;
	struct answer *a = find(o, image, hash);
	struct layers l = {.n = 0};

	if (a == NULL) {
		if (!open_layers(&l, pid, w))
			return GUARD_OWNED_UNKNOWN;
		a = oldest(o);
		*a = (struct answer){.image = image, .path = hash};
		ask(a, &l, path);
		for (size_t i = 0; i < l.n; i++)
			sk_closep(&l.fds[i]);
	}
	a->used = ++o->clock;
	*ret = a->text;
	return a->owned;
}
