/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd: <state>/io.containerd.runtime.v2.task/<namespace>/<id>/config.json and the names of
 * images and containers in meta.db (bucket v1). podman and CRI-O: containers/storage's
 * containers.json and images.json, the bundle in …/userdata. runc: /run/runc/<id>/state.json, whose
 * labels name the bundle. The bundle is that of the OCI runtime-spec 1.1; its annotations are
 * believed where the engine writes them itself.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/io.h"
#include "guard/bolt.h"
#include "guard/engine-priv.h"
#include "guard/files.h"

enum {
	PATH_BYTES = 4096,
	NAMESPACES_MOST = 64,
	PODS_MOST = 100000,
	VALUE_MOST = 4096,
	DOCUMENT_MOST = 16 << 20,
};

/* Where containerd keeps what runs, and its database. */
static const struct {
	const char *state;
	const char *data;
} containerds[] = {
	{"/run/containerd", "/var/lib/containerd"},
	{"/run/k3s/containerd", "/var/lib/rancher/k3s/agent/containerd"},
	{"/var/snap/microk8s/common/run/containerd",
	 "/var/snap/microk8s/common/var/lib/containerd"},
};

static const char *const runc_states[] = {"/run/runc", "/run/crun"};

/* The first of several annotations that is there. */
static const char *first_of(struct sk_arena *a, const struct sk_json *j, const char *const *keys)
{
	const char *text = NULL;

	for (; text == NULL && *keys != NULL; keys++)
		text = guard_engine_keep(a, sk_json_get_text(j, *keys));
	return text;
}

/* The first entry of "name@sha256:…,…", of "[\"…\"]" or a bare id → "sha256:…". */
static const char *digest_of(struct sk_arena *a, const char *text)
{
	struct sk_span s = sk_span_str(text != NULL ? text : ""), first;
	size_t at = sk_span_find(s, '@');

	if (at < s.len)
		s = sk_span_sub(s, at + 1, s.len);
	if (!sk_span_cut(&s, ',', &first))
		return NULL;
	for (size_t i = 0; i < first.len; i++)
		if (first.ptr[i] == '"' || first.ptr[i] == ']')
			first.len = i;
	if (first.len == 64)
		return sk_arena_printf(a, "sha256:%.*s", SK_SPAN_ARG(first));
	return sk_span_starts(first, "sha256:") ? sk_arena_str(a, first) : NULL;
}

static void replace(const char **have, const char *text)
{
	if (text != NULL)
		*have = text;
}

/* CRI-O repeats kubelet's labels as a document of its own. */
static void take_labels(const struct sk_json *annotations, struct sk_arena *a,
			struct guard_engine_info *ret)
{
	sk_cleanup(sk_json_freep) struct sk_json *j =
		guard_engine_json(sk_json_get_text(annotations, "io.kubernetes.cri-o.Labels"));

	replace(&ret->pod_name,
		guard_engine_keep(a, sk_json_get_text(j, "io.kubernetes.pod.name")));
	replace(&ret->pod_namespace,
		guard_engine_keep(a, sk_json_get_text(j, "io.kubernetes.pod.namespace")));
	replace(&ret->pod_container,
		guard_engine_keep(a, sk_json_get_text(j, "io.kubernetes.container.name")));
}

static void take_pod(const struct sk_json *annotations, enum guard_bundle_of by, struct sk_arena *a,
		     struct guard_engine_info *ret)
{
	static const char *const cri[][2] = {{"io.kubernetes.cri.container-name", NULL},
					     {"io.kubernetes.cri.sandbox-name", NULL},
					     {"io.kubernetes.cri.sandbox-namespace", NULL}};
	static const char *const crio[][3] = {
		{"io.kubernetes.container.name", NULL},
		{"io.kubernetes.pod.name", "io.kubernetes.cri-o.KubeName", NULL},
		{"io.kubernetes.pod.namespace", "io.kubernetes.cri-o.Namespace", NULL}};
	bool is_cri = by == GUARD_BUNDLE_CRI;

	if (by == GUARD_BUNDLE_ANY)
		return;
	replace(&ret->pod_container, first_of(a, annotations, is_cri ? cri[0] : crio[0]));
	replace(&ret->pod_name, first_of(a, annotations, is_cri ? cri[1] : crio[1]));
	replace(&ret->pod_namespace, first_of(a, annotations, is_cri ? cri[2] : crio[2]));
	if (!is_cri)
		take_labels(annotations, a, ret);
	replace(&ret->name, ret->pod_container);
}

bool guard_engine_parse_bundle(struct sk_span text, enum guard_bundle_of by, struct sk_arena *a,
			       struct guard_engine_info *ret)
{
	static const char *const image[][3] = {
		[GUARD_BUNDLE_CRI] = {"io.kubernetes.cri.image-name", NULL},
		[GUARD_BUNDLE_CRIO] = {"io.kubernetes.cri-o.ImageName", NULL},
		[GUARD_BUNDLE_ANY] = {"org.opencontainers.image.ref.name", NULL}};
	static const char *const digest[] = {"io.kubernetes.cri-o.ImageRepoDigests",
					     "io.kubernetes.cri-o.ImageRef",
					     "io.kubernetes.cri-o.Image", NULL};
	static const char *const nerdctl[] = {"nerdctl/name", NULL};
	sk_cleanup(sk_json_freep) struct sk_json *j = guard_engine_json(text);
	const struct sk_json *annotations = sk_json_get(j, "annotations");

	if (sk_json_get(j, "ociVersion") == NULL)
		return false;
	take_pod(annotations, by, a, ret);
	replace(&ret->image_reference, first_of(a, annotations, image[by]));
	if (by == GUARD_BUNDLE_CRIO)
		replace(&ret->image_digest, digest_of(a, first_of(a, annotations, digest)));
	if (by == GUARD_BUNDLE_ANY)
		replace(&ret->name, first_of(a, annotations, nerdctl));
	return true;
}

static bool read_at(const struct guard_engine *e, struct sk_buf *b, const char *dir,
		    const char *middle, const char *id, const char *tail)
{
	char path[PATH_BYTES];

	return snprintf(path, sizeof(path), "%s%s%s%s", dir, middle, id, tail) <
		       (int)sizeof(path) &&
	       guard_engine_read(e, path, b);
}

static const char *bolt_text(int fd, struct sk_arena *a, struct sk_buf *b,
			     const struct sk_span *path, size_t n)
{
	return guard_bolt_get(fd, path, n, b) == 1 ? guard_engine_keep(a, sk_buf_span(b)) : NULL;
}

/* containerd's database: the container's image, the image's digest, what compose calls it. */
static void take_meta(const struct guard_engine *e, const char *data, const char *space,
		      const char *id, struct sk_arena *a, struct guard_engine_info *ret)
{
	struct sk_span path[6] = {sk_span_str("v1"), sk_span_str(space), sk_span_str("containers"),
				  sk_span_str(id), sk_span_str("image")};
	char name[PATH_BYTES];
	sk_cleanup(sk_closep) int fd = -1;
	struct sk_buf b;

	(void)snprintf(name, sizeof(name), "%s%s/io.containerd.metadata.v1.bolt/meta.db", e->root,
		       data);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	sk_buf_init(&b, VALUE_MOST);
	replace(&ret->image_reference, bolt_text(fd, a, &b, path, 5));
	path[4] = sk_span_str("labels");
	path[5] = sk_span_str("com.docker.compose.project");
	ret->compose_project = bolt_text(fd, a, &b, path, 6);
	path[5] = sk_span_str("com.docker.compose.service");
	ret->compose_service = bolt_text(fd, a, &b, path, 6);
	if (ret->image_reference != NULL) {
		path[2] = sk_span_str("images");
		path[3] = sk_span_str(ret->image_reference);
		path[4] = sk_span_str("target");
		path[5] = sk_span_str("digest");
		ret->image_digest = bolt_text(fd, a, &b, path, 6);
	}
	sk_buf_release(&b);
}

/* Calls for each namespace of a containerd; stops when the function says that it found something.
 */
static bool each_space(const struct guard_engine *e, const char *state, struct sk_buf *b,
		       const char *id, char *ret_space, size_t size)
{
	char dir[PATH_BYTES], middle[PATH_BYTES];
	struct dirent *d;
	bool found = false;
	DIR *list;

	(void)snprintf(dir, sizeof(dir), "%s%s/io.containerd.runtime.v2.task", e->root, state);
	list = opendir(dir);
	for (int i = 0; list != NULL && !found && i < NAMESPACES_MOST; i++) {
		d = readdir(list);
		if (d == NULL)
			break;
		if (d->d_name[0] == '.')
			continue;
		(void)snprintf(middle, sizeof(middle), "/io.containerd.runtime.v2.task/%s/",
			       d->d_name);
		found = read_at(e, b, state, middle, id, "/config.json");
		if (found)
			(void)snprintf(ret_space, size, "%s", d->d_name);
	}
	if (list != NULL)
		(void)closedir(list);
	return found;
}

static int find_containerd(struct guard_engine *e, const char *id, struct sk_arena *a,
			   struct sk_buf *b, struct guard_engine_info *ret)
{
	char space[256];

	for (size_t i = 0; i < SK_ARRAY_LEN(containerds); i++) {
		if (!each_space(e, containerds[i].state, b, id, space, sizeof(space)))
			continue;
		if (!guard_engine_parse_bundle(sk_buf_span(b),
					       strcmp(space, "k8s.io") == 0 ? GUARD_BUNDLE_CRI
									    : GUARD_BUNDLE_ANY,
					       a, ret))
			continue;
		take_meta(e, containerds[i].data, space, id, a, ret);
		if (ret->name == NULL && strlen(id) != 64)
			ret->name = sk_arena_strdup(a, id);
		return 1;
	}
	return 0;
}

bool guard_engine_parse_storage(struct sk_span text, const char *id, struct sk_arena *a,
				struct guard_engine_info *ret, bool *ret_pod)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = guard_engine_json(text);

	for (size_t i = 0; i < sk_json_len(j); i++) {
		const struct sk_json *c = sk_json_at(j, i);
		sk_cleanup(sk_json_freep) struct sk_json *meta = NULL;

		if (!sk_span_eq_str(sk_json_get_text(c, "id"), id))
			continue;
		meta = guard_engine_json(sk_json_get_text(c, "metadata"));
		*ret_pod = sk_json_get_text(meta, "pod-id").len != 0;
		ret->name =
			guard_engine_keep(a, sk_json_text(sk_json_at(sk_json_get(c, "names"), 0)));
		ret->image_reference = guard_engine_keep(a, sk_json_get_text(meta, "image-name"));
		ret->image_digest =
			digest_of(a, guard_engine_keep(a, sk_json_get_text(c, "image")));
		return true;
	}
	return false;
}

const char *guard_engine_storage_digest(struct sk_span text, const char *image_id,
					struct sk_arena *a)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = guard_engine_json(text);
	struct sk_span id = sk_span_str(image_id);

	(void)sk_span_strip_prefix(&id, "sha256:");
	for (size_t i = 0; i < sk_json_len(j); i++) {
		const struct sk_json *image = sk_json_at(j, i);

		if (sk_span_eq(sk_json_get_text(image, "id"), id))
			return digest_of(a,
					 guard_engine_keep(a, sk_json_get_text(image, "digest")));
	}
	return NULL;
}

static bool is_crio(const struct sk_buf *b)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = guard_engine_json(sk_buf_span(b));

	return sk_span_eq_str(
		sk_json_get_text(sk_json_get(j, "annotations"), "io.container.manager"), "cri-o");
}

/* @root: of containers/storage; @bundle: directory, NULL for the usual ones */
static int find_storage(struct guard_engine *e, const char *root, const char *bundle,
			const char *id, struct sk_arena *a, struct sk_buf *b,
			struct guard_engine_info *ret)
{
	bool listed = false, pod = false;
	const char *digest;

	if (read_at(e, b, root, "/overlay-containers/containers.json", "", ""))
		listed = guard_engine_parse_storage(sk_buf_span(b), id, a, ret, &pod);
	if (!listed && read_at(e, b, root, "/overlay-containers/volatile-containers.json", "", ""))
		listed = guard_engine_parse_storage(sk_buf_span(b), id, a, ret, &pod);
	if (ret->image_digest != NULL &&
	    read_at(e, b, root, "/overlay-images/images.json", "", "")) {
		digest = guard_engine_storage_digest(sk_buf_span(b), ret->image_digest, a);
		replace(&ret->image_digest, digest);
	}
	if (bundle != NULL
		    ? !read_at(e, b, bundle, "/config.json", "", "")
		    : !read_at(e, b, root, "/overlay-containers/", id, "/userdata/config.json") &&
			      !read_at(e, b, "/run/containers/storage", "/overlay-containers/", id,
				       "/userdata/config.json"))
		return listed;
	/* Whoever may start podman chooses annotations; the list is the engine's. */
	if ((pod || !listed) && is_crio(b))
		listed |= guard_engine_parse_bundle(sk_buf_span(b), GUARD_BUNDLE_CRIO, a, ret);
	return listed;
}

/* The bundle that a runtime's state names. Returns false when there is none. */
static bool bundle_of(struct guard_engine *e, const char *id, struct sk_buf *b, char *ret,
		      size_t size)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(runc_states); i++) {
		sk_cleanup(sk_json_freep) struct sk_json *j = NULL;
		const struct sk_json *labels;

		if (!read_at(e, b, runc_states[i], "/", id, "/state.json"))
			continue;
		j = guard_engine_json(sk_buf_span(b));
		labels = sk_json_get(sk_json_get(j, "config"), "labels");
		/* the runtime's own comes after the annotations */
		for (size_t n = sk_json_len(labels); n > 0; n--) {
			struct sk_span s = sk_json_text(sk_json_at(labels, n - 1));

			if (sk_span_strip_prefix(&s, "bundle=") && s.len > 0 && s.ptr[0] == '/')
				return snprintf(ret, size, "%.*s", SK_SPAN_ARG(s)) < (int)size;
		}
	}
	return false;
}

static int find_runc(struct guard_engine *e, const char *id, struct sk_arena *a, struct sk_buf *b,
		     struct guard_engine_info *ret)
{
	char bundle[PATH_BYTES], root[PATH_BYTES];
	const char *storage;

	if (!bundle_of(e, id, b, bundle, sizeof(bundle))) {
		if (strcmp(id, e->made_id) != 0)
			return 0;
		(void)snprintf(bundle, sizeof(bundle), "%s", e->made_bundle);
	}
	storage = strstr(bundle, "/overlay-containers/");
	if (storage != NULL) {
		(void)snprintf(root, sizeof(root), "%.*s", (int)(storage - bundle), bundle);
		return find_storage(e, root, bundle, id, a, b, ret);
	}
	if (!read_at(e, b, bundle, "/config.json", "", "") ||
	    !guard_engine_parse_bundle(sk_buf_span(b), GUARD_BUNDLE_ANY, a, ret))
		return 0;
	if (ret->name == NULL)
		ret->name = sk_arena_strdup(a, id);
	return 1;
}

/* "--bundle DIR" among the arguments of `runc create` or `runc run`, whose last one is the id. */
static bool bundle_argument(struct sk_span args, const char *id, struct sk_span *ret)
{
	struct sk_span arg, before = {NULL, 0};
	bool found = false;

	while (sk_span_cut(&args, '\0', &arg)) {
		if (sk_span_eq_str(before, "--bundle") || sk_span_eq_str(before, "-b"))
			*ret = arg;
		else if (sk_span_strip_prefix(&arg, "--bundle="))
			*ret = arg;
		if (arg.len != 0)
			found = sk_span_eq_str(arg, id);
		before = arg;
	}
	return found;
}

void guard_engine_maker(struct guard_engine *e, uint32_t pid, struct sk_span args, const char *id)
{
	struct sk_span dir = {NULL, 0};
	char name[64], cwd[PATH_BYTES];
	ssize_t n;

	e->made_id[0] = '\0';
	if (!bundle_argument(args, id, &dir))
		return;
	(void)snprintf(name, sizeof(name), "/proc/%u/cwd", pid);
	n = readlink(name, cwd, sizeof(cwd) - 1);
	cwd[n > 0 ? n : 0] = '\0';
	if (snprintf(e->made_bundle, sizeof(e->made_bundle), "%s%s%.*s",
		     dir.len > 0 && dir.ptr[0] == '/' ? "" : cwd, dir.len == 0 ? "" : "/",
		     SK_SPAN_ARG(dir)) < (int)sizeof(e->made_bundle))
		(void)snprintf(e->made_id, sizeof(e->made_id), "%s", id);
}

const char *guard_engine_layers(struct guard_engine *e, const char *id, struct sk_arena *a)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = NULL;
	const char *dir = NULL;
	struct sk_span root;
	struct sk_buf b;

	if (strcmp(id, e->made_id) != 0)
		return NULL;
	sk_buf_init(&b, DOCUMENT_MOST);
	if (read_at(e, &b, e->made_bundle, "/config.json", "", ""))
		j = guard_engine_json(sk_buf_span(&b));
	root = sk_json_get_text(sk_json_get(j, "root"), "path");
	if (root.len != 0)
		dir = sk_arena_printf(a, "%s%s%.*s", root.ptr[0] == '/' ? "" : e->made_bundle,
				      root.ptr[0] == '/' ? "" : "/", SK_SPAN_ARG(root));
	sk_buf_release(&b);
	return dir != NULL ? guard_files_overlay(0, dir, a) : NULL;
}

/* No path is made from what is no name. */
static bool is_id(const char *id)
{
	size_t n = strlen(id);

	if (n == 0 || n >= GUARD_ID_SIZE || id[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!sk_is_alnum(id[i]) && strchr("_.+-", id[i]) == NULL)
			return false;
	return true;
}

int guard_engine_disk(struct guard_engine *e, const char *id, struct sk_arena *a, struct sk_buf *b,
		      struct guard_engine_info *ret)
{
	int r;

	if (!is_id(id))
		return 0;
	r = find_containerd(e, id, a, b, ret);
	if (r == 0)
		r = find_storage(e, "/var/lib/containers/storage", NULL, id, a, b, ret);
	return r == 0 ? find_runc(e, id, a, b, ret) : r;
}

static bool is_dir(const struct guard_engine *e, const char *dir, const char *id)
{
	char path[PATH_BYTES];

	return snprintf(path, sizeof(path), "%s%s/%s/.", e->root, dir, id) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

bool guard_engine_has(struct guard_engine *e, const char *id)
{
	char space[256];
	struct sk_buf b;
	bool found = false;

	if (!is_id(id))
		return false;
	sk_buf_init(&b, DOCUMENT_MOST);
	for (size_t i = 0; i < SK_ARRAY_LEN(runc_states) && !found; i++)
		found = is_dir(e, runc_states[i], id);
	for (size_t i = 0; i < SK_ARRAY_LEN(containerds) && !found; i++)
		found = each_space(e, containerds[i].state, &b, id, space, sizeof(space));
	sk_buf_release(&b);
	return found;
}

enum {
	UID_LEN = 36, /* RFC 9562 text; static pods have 32 digits */
	UID_STATIC_LEN = 32,
};

/* "…pod<UID>…", with "_" for "-" where systemd names it. The last one counts. */
static size_t pod_uid(const char *cgroup, char *ret)
{
	size_t best = 0;

	for (const char *p = strstr(cgroup, "pod"); p != NULL; p = strstr(p + 1, "pod")) {
		size_t n = 0;

		while (n < UID_LEN &&
		       ((p[3 + n] >= '0' && p[3 + n] <= '9') ||
			(p[3 + n] >= 'a' && p[3 + n] <= 'f') || p[3 + n] == '-' || p[3 + n] == '_'))
			n++;
		if (n != UID_LEN && n != UID_STATIC_LEN)
			continue;
		for (size_t i = 0; i < n; i++)
			ret[i] = p[3 + i] == '_' ? '-' : p[3 + i];
		ret[n] = '\0';
		best = n;
	}
	return best;
}

bool guard_engine_pod(struct guard_engine *e, const char *cgroup, struct sk_arena *a,
		      struct guard_engine_info *ret)
{
	char uid[UID_LEN + 1], dir[PATH_BYTES];
	struct sk_span name, space;
	struct dirent *d;
	bool found = false;
	DIR *list;

	if (strstr(cgroup, "kubepods") == NULL || pod_uid(cgroup, uid) == 0)
		return false;
	(void)snprintf(dir, sizeof(dir), "%s/var/log/pods", e->root);
	list = opendir(dir);
	for (int i = 0; list != NULL && !found && i < PODS_MOST; i++) {
		d = readdir(list);
		if (d == NULL)
			break;
		/* namespace_name_uid: neither of the first two holds "_" */
		name = sk_span_str(d->d_name);
		if (!sk_span_cut(&name, '_', &space))
			continue;
		found = sk_span_eq_str(sk_span_sub(name, sk_span_find(name, '_') + 1, name.len),
				       uid);
		if (!found)
			continue;
		ret->pod_namespace = guard_engine_keep(a, space);
		ret->pod_name = guard_engine_keep(a, sk_span_sub(name, 0, sk_span_find(name, '_')));
	}
	if (list != NULL)
		(void)closedir(list);
	return found;
}
