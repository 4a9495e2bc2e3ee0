/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker: <root>/containers/<id>/config.v2.json and image/<driver>/repositories.json, Engine
 * API 1.24 on. The others are in engine-disk.c.
 */
#include "guard/engine.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "guard/engine-priv.h"

enum {
	DOCUMENT_MAX = 16 << 20,
	PATH_BYTES = 4096,
	ANSWER_SECONDS = 2, /* a daemon that takes longer */
	SILENT_MS = 60000,  /* is not asked for so long */
};

static void add_socket(struct guard_engine *e, const char *path)
{
	if (path == NULL || e->n_sockets == GUARD_MAX_SOCKETS)
		return;
	if (strncmp(path, "unix://", 7) == 0)
		path += 7;
	if (path[0] != '/')
		return;
	for (size_t i = 0; i < e->n_sockets; i++)
		if (strcmp(e->sockets[i], path) == 0)
			return;
	e->sockets[e->n_sockets++] = sk_strdup(path);
}

static void add_root(struct guard_engine *e, const char *root, const char *driver)
{
	if (e->n_roots == GUARD_MAX_ROOTS)
		return;
	for (size_t i = 0; i < e->n_roots; i++)
		if (strcmp(e->roots[i], root) == 0)
			return;
	e->roots[e->n_roots] = sk_strdup(root);
	e->drivers[e->n_roots++] = sk_strdup(driver);
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -1;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		sk_closep(&fd);
	return fd;
}

/* GET over HTTP/1.0: the answer ends with the connection. Returns the body, or an empty span. */
static struct sk_span get(const char *path, const char *target, struct sk_buf *b)
{
	sk_cleanup(sk_closep) int fd = connect_to(path);
	struct sk_err err;
	char request[512];
	const char *body;

	if (fd < 0)
		return (struct sk_span){NULL, 0};
	(void)snprintf(request, sizeof(request),
		       "GET %s HTTP/1.0\r\nHost: engine\r\nAccept: application/json\r\n\r\n",
		       target);
	if (sk_write_all(fd, request, strlen(request)) < 0 || sk_read_fd(fd, b, &err) < 0 ||
	    b->len < 12 || memcmp(b->ptr, "HTTP/1.", 7) != 0 || memcmp(b->ptr + 9, "200", 3) != 0)
		return (struct sk_span){NULL, 0};
	body = memmem(b->ptr, b->len, "\r\n\r\n", 4);
	if (body == NULL)
		return (struct sk_span){NULL, 0};
	return sk_span_of(body + 4, b->len - (size_t)(body + 4 - b->ptr));
}

/* A daemon that hangs does not make us wait for each container. */
static struct sk_span ask(struct guard_engine *e, size_t socket, const char *target,
			  struct sk_buf *b)
{
	uint64_t began = sk_mono_ms();
	struct sk_span body = {NULL, 0};

	if (began < e->silent_ms[socket])
		return body;
	body = get(e->sockets[socket], target, b);
	if (body.len == 0 && sk_mono_ms() - began >= ANSWER_SECONDS * 1000)
		e->silent_ms[socket] = sk_mono_ms() + SILENT_MS;
	return body;
}

struct sk_json *guard_engine_json(struct sk_span text)
{
	struct sk_json *j = NULL;
	struct sk_err err;

	if (text.len == 0 || sk_json_parse(text, SK_JSON_ALLOW_DUPLICATES, &j, &err) < 0)
		return NULL;
	return j;
}

static void learn_root(struct guard_engine *e, size_t socket)
{
	struct sk_buf b;
	sk_cleanup(sk_json_freep) struct sk_json *j = NULL;
	struct sk_span root, driver;

	sk_buf_init(&b, DOCUMENT_MAX);
	j = guard_engine_json(ask(e, socket, "/info", &b));
	root = sk_json_get_text(j, "DockerRootDir");
	driver = sk_json_get_text(j, "Driver");
	if (root.len != 0)
		add_root(e, root.ptr, driver.len != 0 ? driver.ptr : "overlay2");
	sk_buf_release(&b);
}

/* "165536.165536": what dockerd keeps with --userns-remap, by the first ids of its users. */
static bool is_remapped(const char *name)
{
	size_t user = strspn(name, "0123456789"), group;

	if (user == 0 || name[user] != '.')
		return false;
	group = strspn(name + user + 1, "0123456789");
	return group != 0 && name[user + 1 + group] == '\0';
}

static void add_remapped(struct guard_engine *e, const char *root)
{
	DIR *d = opendir(root);
	char path[PATH_BYTES];
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (is_remapped(entry->d_name) &&
		    snprintf(path, sizeof(path), "%s/%s", root, entry->d_name) < (int)sizeof(path))
			add_root(e, path, "overlay2");
	if (d != NULL)
		(void)closedir(d);
}

struct guard_engine *guard_engine_new(const char *const *sockets, size_t n)
{
	struct guard_engine *e = sk_alloc(sizeof(*e));

	e->root = "";
	for (size_t i = 0; i < n; i++)
		add_socket(e, sockets[i]);
	add_socket(e, getenv("DOCKER_HOST"));
	add_socket(e, "/var/run/docker.sock");
	add_socket(e, "/run/podman/podman.sock");
	for (size_t i = 0; i < e->n_sockets; i++)
		learn_root(e, i);
	add_root(e, "/var/lib/docker", "overlay2");
	add_remapped(e, "/var/lib/docker");
	return e;
}

void guard_engine_free(struct guard_engine *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->n_sockets; i++)
		sk_free(e->sockets[i]);
	for (size_t i = 0; i < e->n_roots; i++) {
		sk_free(e->roots[i]);
		sk_free(e->drivers[i]);
	}
	sk_free(e);
}

bool guard_engine_parse_docker(struct sk_span text, struct sk_arena *a,
			       struct guard_engine_info *ret)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = guard_engine_json(text);
	const struct sk_json *config = sk_json_get(j, "Config");
	const struct sk_json *labels = sk_json_get(config, "Labels");
	struct sk_span name = sk_json_get_text(j, "Name");

	if (config == NULL)
		return false;
	(void)sk_span_strip_prefix(&name, "/");
	ret->name = guard_engine_keep(a, name);
	ret->image_reference = guard_engine_keep(a, sk_json_get_text(config, "Image"));
	ret->image_digest = guard_engine_keep(a, sk_json_get_text(j, "Image"));
	ret->compose_project =
		guard_engine_keep(a, sk_json_get_text(labels, "com.docker.compose.project"));
	ret->compose_service =
		guard_engine_keep(a, sk_json_get_text(labels, "com.docker.compose.service"));
	/* cri-dockerd names its containers so; other people's labels are believed nothing. */
	if (!sk_span_starts(name, "k8s_"))
		return true;
	ret->pod_name = guard_engine_keep(a, sk_json_get_text(labels, "io.kubernetes.pod.name"));
	ret->pod_namespace =
		guard_engine_keep(a, sk_json_get_text(labels, "io.kubernetes.pod.namespace"));
	ret->pod_container =
		guard_engine_keep(a, sk_json_get_text(labels, "io.kubernetes.container.name"));
	return true;
}

const char *guard_engine_keep(struct sk_arena *a, struct sk_span s)
{
	return s.len != 0 && s.len <= GUARD_ENGINE_TEXT_MAX ? sk_arena_str(a, s) : NULL;
}

const char *guard_engine_repo_digest(struct sk_span text, const char *image_id, struct sk_arena *a)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = guard_engine_json(text);
	const struct sk_json *names = sk_json_get(j, "Repositories"), *tags, *id;
	void *outer = NULL, *inner;
	struct sk_span name, tag;

	while (sk_json_next(names, &outer, &name, &tags)) {
		inner = NULL;
		while (sk_json_next(tags, &inner, &tag, &id)) {
			size_t at = sk_span_find(tag, '@');

			if (at < tag.len && sk_span_eq_str(sk_json_text(id), image_id))
				return sk_arena_str(a, sk_span_sub(tag, at + 1, tag.len));
		}
	}
	return NULL;
}

bool guard_engine_read(const struct guard_engine *e, const char *path, struct sk_buf *b)
{
	char full[PATH_BYTES];
	struct sk_err err;

	sk_buf_reset(b);
	return snprintf(full, sizeof(full), "%s%s", e->root, path) < (int)sizeof(full) &&
	       sk_read_file(AT_FDCWD, full, b, &err) == 0;
}

void guard_engine_root(struct guard_engine *e, const char *root)
{
	e->root = root;
}

static int find_docker(struct guard_engine *e, const char *id, struct sk_arena *a, struct sk_buf *b,
		       struct guard_engine_info *ret)
{
	char path[1024];
	const char *digest;

	for (size_t i = 0; i < e->n_roots; i++) {
		(void)snprintf(path, sizeof(path), "%s/containers/%s/config.v2.json", e->roots[i],
			       id);
		if (!guard_engine_read(e, path, b) ||
		    !guard_engine_parse_docker(sk_buf_span(b), a, ret))
			continue;
		(void)snprintf(path, sizeof(path), "%s/image/%s/repositories.json", e->roots[i],
			       e->drivers[i]);
		if (ret->image_digest != NULL && guard_engine_read(e, path, b)) {
			digest = guard_engine_repo_digest(sk_buf_span(b), ret->image_digest, a);
			if (digest != NULL)
				ret->image_digest = digest;
		}
		return 1;
	}
	return 0;
}

static int find_socket(struct guard_engine *e, const char *id, struct sk_arena *a, struct sk_buf *b,
		       struct guard_engine_info *ret)
{
	char target[128];

	(void)snprintf(target, sizeof(target), "/containers/%s/json", id);
	for (size_t i = 0; i < e->n_sockets; i++) {
		sk_buf_reset(b);
		if (guard_engine_parse_docker(ask(e, i, target, b), a, ret))
			return 1;
	}
	return 0;
}

int guard_engine_find(struct guard_engine *e, const char *id, struct sk_arena *a,
		      struct guard_engine_info *ret)
{
	struct sk_buf b;
	int r;

	memset(ret, 0, sizeof(*ret));
	sk_buf_init(&b, DOCUMENT_MAX);
	r = find_docker(e, id, a, &b, ret);
	if (r == 0)
		r = guard_engine_disk(e, id, a, &b, ret);
	if (r == 0)
		r = find_socket(e, id, a, &b, ret);
	sk_buf_release(&b);
	return r;
}
