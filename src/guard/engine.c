/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker: <root>/containers/<id>/config.v2.json and image/<driver>/repositories.json, Engine
 * API 1.24 on. containerd, CRI-O, podman: the runtime bundle's config.json (OCI runtime-spec 1.1).
 */
#include "guard/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"

enum {
	MAX_SOCKETS = 16,
	MAX_ROOTS = 16,
	DOCUMENT_MAX = 16 << 20,
	ANSWER_SECONDS = 2, /* a daemon that takes longer is asked again at the next container */
};

struct guard_engine {
	char *sockets[MAX_SOCKETS];
	size_t n_sockets;
	char *roots[MAX_ROOTS]; /* Docker's data roots */
	char *drivers[MAX_ROOTS];
	size_t n_roots;
};

static void add_socket(struct guard_engine *e, const char *path)
{
	if (path == NULL || e->n_sockets == MAX_SOCKETS)
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
	if (e->n_roots == MAX_ROOTS)
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
static struct sk_span ask(const char *path, const char *target, struct sk_buf *b)
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

static struct sk_json *parse(struct sk_span text)
{
	struct sk_json *j = NULL;
	struct sk_err err;

	if (text.len == 0 || sk_json_parse(text, SK_JSON_ALLOW_DUPLICATES, &j, &err) < 0)
		return NULL;
	return j;
}

static void learn_root(struct guard_engine *e, const char *socket)
{
	struct sk_buf b;
	sk_cleanup(sk_json_freep) struct sk_json *j = NULL;
	struct sk_span root, driver;

	sk_buf_init(&b, DOCUMENT_MAX);
	j = parse(ask(socket, "/info", &b));
	root = sk_json_get_text(j, "DockerRootDir");
	driver = sk_json_get_text(j, "Driver");
	if (root.len != 0)
		add_root(e, root.ptr, driver.len != 0 ? driver.ptr : "overlay2");
	sk_buf_release(&b);
}

struct guard_engine *guard_engine_new(const char *const *sockets, size_t n)
{
	struct guard_engine *e = sk_alloc(sizeof(*e));

	for (size_t i = 0; i < n; i++)
		add_socket(e, sockets[i]);
	add_socket(e, getenv("DOCKER_HOST"));
	add_socket(e, "/var/run/docker.sock");
	add_socket(e, "/run/podman/podman.sock");
	for (size_t i = 0; i < e->n_sockets; i++)
		learn_root(e, e->sockets[i]);
	add_root(e, "/var/lib/docker", "overlay2");
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

static const char *keep(struct sk_arena *a, struct sk_span s)
{
	return s.len != 0 ? sk_arena_str(a, s) : NULL;
}

bool guard_engine_parse_docker(struct sk_span text, struct sk_arena *a,
			       struct guard_engine_info *ret)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = parse(text);
	const struct sk_json *config = sk_json_get(j, "Config");
	const struct sk_json *labels = sk_json_get(config, "Labels");
	struct sk_span name = sk_json_get_text(j, "Name");

	if (config == NULL)
		return false;
	(void)sk_span_strip_prefix(&name, "/");
	ret->name = keep(a, name);
	ret->image_reference = keep(a, sk_json_get_text(config, "Image"));
	ret->image_digest = keep(a, sk_json_get_text(j, "Image"));
	ret->compose_project = keep(a, sk_json_get_text(labels, "com.docker.compose.project"));
	ret->compose_service = keep(a, sk_json_get_text(labels, "com.docker.compose.service"));
	ret->pod_name = keep(a, sk_json_get_text(labels, "io.kubernetes.pod.name"));
	ret->pod_namespace = keep(a, sk_json_get_text(labels, "io.kubernetes.pod.namespace"));
	ret->pod_container = keep(a, sk_json_get_text(labels, "io.kubernetes.container.name"));
	return true;
}

/* The first of several annotations that is there. */
static const char *first_of(struct sk_arena *a, const struct sk_json *j, const char *const *keys)
{
	for (; *keys != NULL; keys++) {
		struct sk_span s = sk_json_get_text(j, *keys);

		if (s.len != 0)
			return sk_arena_str(a, s);
	}
	return NULL;
}

/* "name@sha256:…" → "sha256:…" */
static const char *digest_part(const char *text)
{
	const char *at = text != NULL ? strchr(text, '@') : NULL;

	return at != NULL ? at + 1 : text;
}

bool guard_engine_parse_bundle(struct sk_span text, struct sk_arena *a,
			       struct guard_engine_info *ret)
{
	static const char *const container[] = {"io.kubernetes.cri.container-name",
						"io.kubernetes.container.name", NULL};
	static const char *const image[] = {"io.kubernetes.cri.image-name",
					    "io.kubernetes.cri-o.ImageName", "io.container.image",
					    NULL};
	static const char *const digest[] = {"io.kubernetes.cri-o.ImageRepoDigests",
					     "io.kubernetes.cri-o.ImageRef", NULL};
	static const char *const pod[] = {"io.kubernetes.cri.sandbox-name",
					  "io.kubernetes.pod.name", NULL};
	static const char *const space[] = {"io.kubernetes.cri.sandbox-namespace",
					    "io.kubernetes.pod.namespace", NULL};
	static const char *const name[] = {"io.kubernetes.cri-o.Name", "io.podman.name", NULL};
	sk_cleanup(sk_json_freep) struct sk_json *j = parse(text);
	const struct sk_json *annotations = sk_json_get(j, "annotations");

	if (sk_json_get(j, "ociVersion") == NULL)
		return false;
	ret->pod_container = first_of(a, annotations, container);
	ret->image_reference = first_of(a, annotations, image);
	ret->image_digest = digest_part(first_of(a, annotations, digest));
	ret->pod_name = first_of(a, annotations, pod);
	ret->pod_namespace = first_of(a, annotations, space);
	ret->name = first_of(a, annotations, name);
	if (ret->name == NULL)
		ret->name = ret->pod_container;
	return true;
}

const char *guard_engine_repo_digest(struct sk_span text, const char *image_id, struct sk_arena *a)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = parse(text);
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

static bool read_document(const char *path, struct sk_buf *b)
{
	struct sk_err err;

	sk_buf_reset(b);
	return sk_read_file(AT_FDCWD, path, b, &err) == 0;
}

static int find_docker(struct guard_engine *e, const char *id, struct sk_arena *a, struct sk_buf *b,
		       struct guard_engine_info *ret)
{
	char path[1024];
	const char *digest;

	for (size_t i = 0; i < e->n_roots; i++) {
		(void)snprintf(path, sizeof(path), "%s/containers/%s/config.v2.json", e->roots[i],
			       id);
		if (!read_document(path, b) || !guard_engine_parse_docker(sk_buf_span(b), a, ret))
			continue;
		(void)snprintf(path, sizeof(path), "%s/image/%s/repositories.json", e->roots[i],
			       e->drivers[i]);
		if (ret->image_digest != NULL && read_document(path, b)) {
			digest = guard_engine_repo_digest(sk_buf_span(b), ret->image_digest, a);
			if (digest != NULL)
				ret->image_digest = digest;
		}
		return 1;
	}
	return 0;
}

static int find_bundle(const char *id, struct sk_arena *a, struct sk_buf *b,
		       struct guard_engine_info *ret)
{
	static const char *const places[] = {
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json",
		"/run/containerd/io.containerd.runtime.v2.task/default/%s/config.json",
		"/run/containers/storage/overlay-containers/%s/userdata/config.json",
	};
	char path[256];

	for (size_t i = 0; i < SK_ARRAY_LEN(places); i++) {
		const char *tail = strstr(places[i], "%s");

		(void)snprintf(path, sizeof(path), "%.*s%s%s", (int)(tail - places[i]), places[i],
			       id, tail + 2);
		if (read_document(path, b) && guard_engine_parse_bundle(sk_buf_span(b), a, ret))
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
		if (guard_engine_parse_docker(ask(e->sockets[i], target, b), a, ret))
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
		r = find_bundle(id, a, &b, ret);
	if (r == 0)
		r = find_socket(e, id, a, &b, ret);
	sk_buf_release(&b);
	return r;
}
