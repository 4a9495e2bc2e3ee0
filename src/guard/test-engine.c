/* SPDX-License-Identifier: Apache-2.0 */
/* What engines leave on the disk: their documents as they write them, and hostile ones. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/io.h"
#include "guard/attrib.h"
#include "guard/bolt.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

static void test_crio(void **state)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.2-dev\",\"annotations\":{\"io.container.manager\":\"cri-o\","
		"\"io.kubernetes.cri-o.ContainerType\":\"container\",\"io.kubernetes.cri-o.Name\":"
		"\"k8s_api_api-0_prod_uid_0\",\"io.kubernetes.cri-o.KubeName\":\"api-0\","
		"\"io.kubernetes.cri-o.ImageName\":\"quay.io/example/api:3\","
		"\"io.kubernetes.cri-o.ImageRef\":\"" ONES "\",\"io.kubernetes.cri-o.Labels\":"
		"\"{\\\"io.kubernetes.container.name\\\":\\\"api\\\",\\\"io.kubernetes.pod.name\\\":"
		"\\\"api-0\\\",\\\"io.kubernetes.pod.namespace\\\":\\\"prod\\\"}\"}}";
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct guard_engine_info info = {0};

	(void)state;
	assert_true(guard_engine_parse_bundle(sk_span_str(text), GUARD_BUNDLE_CRIO, a, &info));
	assert_string_equal(info.pod_namespace, "prod");
	assert_string_equal(info.pod_name, "api-0");
	assert_string_equal(info.name, "api");
	assert_string_equal(info.image_reference, "quay.io/example/api:3");
	assert_string_equal(info.image_digest, "sha256:" ONES);
	assert_string_equal(guard_whose_service(&info, ID, a), "prod/api");
	/* The same words from whoever may start a container are nobody's. */
	memset(&info, 0, sizeof(info));
	assert_true(guard_engine_parse_bundle(sk_span_str(text), GUARD_BUNDLE_ANY, a, &info));
	assert_null(info.pod_name);
	assert_null(info.name);
	assert_null(info.image_digest);
}

static void test_repo_digests(void **state)
{
	static const char *const rows[][2] = {
		{"quay.io/a@sha256:" ONES, "sha256:" ONES},
		{"quay.io/a@sha256:" ONES ",quay.io/b@sha256:" ID, "sha256:" ONES},
		{"[\\\"quay.io/a@sha256:" ONES "\\\"]", "sha256:" ONES},
		{ID, "sha256:" ID},
		{"neither", NULL},
		{"@", NULL},
		{"[]", NULL},
	};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	char text[1024];

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++) {
		struct guard_engine_info info = {0};

		(void)snprintf(text, sizeof(text),
			       "{\"ociVersion\":\"1\",\"annotations\":"
			       "{\"io.kubernetes.cri-o.ImageRepoDigests\":\"%s\"}}",
			       rows[i][0]);
		assert_true(
			guard_engine_parse_bundle(sk_span_str(text), GUARD_BUNDLE_CRIO, a, &info));
		if (rows[i][1] == NULL)
			assert_null(info.image_digest);
		else
			assert_string_equal(info.image_digest, rows[i][1]);
	}
}

static void test_storage(void **state)
{
	static const char containers[] =
		"[{\"id\":\"other\"},{\"id\":\"" ID "\",\"names\":[\"web\"],\"image\":\"" ONES
		"\",\"metadata\":\"{\\\"image-name\\\":\\\"localhost/bb:1\\\",\\\"name\\\":\\\"web\\\"}\"}]";
	static const char images[] = "[{\"id\":\"" ONES "\",\"digest\":\"sha256:" ID "\"}]";
	static const char crio[] =
		"[{\"id\":\"" ID "\",\"metadata\":\"{\\\"pod-id\\\":\\\"x\\\"}\"}]";
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct guard_engine_info info = {0};
	bool pod = true;

	(void)state;
	assert_true(guard_engine_parse_storage(sk_span_str(containers), ID, a, &info, &pod));
	assert_false(pod);
	assert_string_equal(info.name, "web");
	assert_string_equal(info.image_reference, "localhost/bb:1");
	assert_string_equal(info.image_digest, "sha256:" ONES);
	assert_string_equal(guard_engine_storage_digest(sk_span_str(images), info.image_digest, a),
			    "sha256:" ID);
	assert_null(guard_engine_storage_digest(sk_span_str(images), "sha256:" ID, a));
	assert_true(guard_engine_parse_storage(sk_span_str(crio), ID, a, &info, &pod));
	assert_true(pod);
	assert_false(guard_engine_parse_storage(sk_span_str(containers), ONES, a, &info, &pod));
	assert_false(guard_engine_parse_storage(sk_span_str("{}"), ID, a, &info, &pod));
	assert_false(
		guard_engine_parse_storage(sk_span_str("[[],0,{\"id\":0}]"), ID, a, &info, &pod));
}

static void test_long_names(void **state)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct guard_engine_info info = {0};
	char name[4096], text[8192];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(text, sizeof(text), "{\"Name\":\"/%s\",\"Config\":{\"Image\":\"i\"}}", name);
	assert_true(guard_engine_parse_docker(sk_span_str(text), a, &info));
	assert_null(info.name);
	assert_string_equal(guard_whose_service(&info, ID, a), "0123456789ab");
}

static void test_label_of_pod(void **state)
{
	static const char text[] = "{\"Name\":\"/%s\",\"Config\":{\"Image\":\"i\",\"Labels\":"
				   "{\"io.kubernetes.pod.name\":\"p-0\"}}}";
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct guard_engine_info info = {0};
	char b[512];

	(void)state;
	(void)snprintf(b, sizeof(b), text, "posh");
	assert_true(guard_engine_parse_docker(sk_span_str(b), a, &info));
	assert_null(info.pod_name);
	(void)snprintf(b, sizeof(b), text, "k8s_c_p-0_ns_uid_0");
	assert_true(guard_engine_parse_docker(sk_span_str(b), a, &info));
	assert_string_equal(info.pod_name, "p-0");
}

static void test_chosen_id(void **state)
{
	static const char *const rows[][2] = {
		{"web", "web"},
		{"runc-web.scope", "web"},
		{"cri-containerd-web.scope", "web"},
		{"session-1.scope", "session-1"},
		{".scope", ".scope"},
		{"runc-.scope", NULL},
		{"", NULL},
	};
	char id[GUARD_ID_SIZE], small[4];

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++) {
		bool is = guard_cgroup_chosen_id(sk_span_str(rows[i][0]), id, sizeof(id));

		assert_int_equal(is, rows[i][1] != NULL);
		if (is)
			assert_string_equal(id, rows[i][1]);
	}
	assert_false(guard_cgroup_chosen_id(sk_span_str("four"), small, sizeof(small)));
	assert_false(guard_cgroup_container_id(sk_span_str("libpod-conmon-" ID ".scope"), id));
	assert_true(guard_cgroup_container_id(sk_span_str("libpod-" ID ".scope"), id));
}

static void put_file(const char *root, const char *path, const char *text)
{
	char full[512];
	int fd;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(full, 0700);
		*p = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(sk_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void test_tree(void **state)
{
	static const char annotated[] =
		"{\"ociVersion\":\"1\",\"annotations\":{\"io.kubernetes.cri.container-name\":\"app\","
		"\"io.kubernetes.cri.sandbox-name\":\"db-0\",\"io.kubernetes.cri.sandbox-namespace\":\"n\"}}";
	char root[] = "/tmp/stockade-engine-XXXXXX";
	struct guard_engine *e = guard_engine_new(NULL, 0);
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct guard_engine_info info = {0};

	(void)state;
	assert_non_null(mkdtemp(root));
	guard_engine_root(e, root);
	put_file(root, "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		 annotated);
	put_file(root, "/run/containerd/io.containerd.runtime.v2.task/default/web/config.json",
		 annotated);
	put_file(root, "/run/secret/config.json", annotated);
	put_file(root, "/var/log/pods/ns_dns-k4x9z_005f082b-5fd9-4650-8ef4-473e63bc2d13/x", "");
	assert_int_equal(guard_engine_find(e, ID, a, &info), 1);
	assert_string_equal(info.pod_name, "db-0");
	assert_int_equal(guard_engine_find(e, "web", a, &info), 1);
	assert_null(info.pod_name);
	assert_string_equal(info.name, "web");
	assert_true(guard_engine_has(e, "web"));
	assert_false(guard_engine_has(e, "other"));
	assert_false(guard_engine_has(e, "../../../secret"));
	assert_false(guard_engine_has(e, ".."));
	assert_false(guard_engine_has(e, ""));
	assert_int_equal(guard_engine_find(e, "../../../secret", a, &info), 0);
	memset(&info, 0, sizeof(info));
	assert_true(guard_engine_pod(
		e, "/x/kubepods-burstable-pod005f082b_5fd9_4650_8ef4_473e63bc2d13.slice/y", a,
		&info));
	assert_string_equal(info.pod_namespace, "ns");
	assert_string_equal(info.pod_name, "dns-k4x9z");
	assert_false(
		guard_engine_pod(e, "/kubepods/pod105f082b-5fd9-4650-8ef4-473e63bc2d13", a, &info));
	assert_false(guard_engine_pod(e, "/kubepods/pod", a, &info));
	assert_false(guard_engine_pod(e, "/pods", a, &info));
	guard_engine_free(e);
	assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* A bbolt file: built by the rules of its format, pages of 4,096 bytes. */
enum {
	PAGE = 4096,
	N_PAGES = 6,
};

static void put16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void put_meta(uint8_t *page, uint64_t id, uint64_t root, uint64_t txid)
{
	uint64_t h = 0xcbf29ce484222325u;

	put64(page, id);
	put16(page + 8, 4);
	put32(page + 16, 0xED0CDAED);
	put32(page + 20, 2);
	put32(page + 24, PAGE);
	put64(page + 32, root);
	put64(page + 16 + 48, txid);
	for (size_t i = 0; i < 56; i++)
		h = (h ^ page[16 + i]) * 0x100000001b3u;
	put64(page + 16 + 56, h);
}

/* A leaf of one element. Returns its length. */
static size_t put_leaf(uint8_t *to, uint64_t id, const char *key, uint32_t flags, const void *value,
		       size_t len)
{
	size_t klen = strlen(key);

	put64(to, id);
	put16(to + 8, 2);
	put16(to + 10, 1);
	put32(to + 16, flags);
	put32(to + 20, 16);
	put32(to + 24, (uint32_t)klen);
	put32(to + 28, (uint32_t)len);
	memcpy(to + 32, key, klen);
	memcpy(to + 32 + klen, value, len);
	return 32 + klen + len;
}

static void make_bolt(uint8_t *file)
{
	uint8_t inner[512] = {0}, bucket[16] = {0};
	size_t n;

	memset(file, 0, (size_t)N_PAGES * PAGE);
	put_meta(file, 0, 3, 1);
	put_meta(file + PAGE, 1, 3, 2);
	/* page 3: a branch to 4 ("a") and 5 ("v1") */
	put64(file + 3 * PAGE, 3);
	put16(file + 3 * PAGE + 8, 1);
	put16(file + 3 * PAGE + 10, 2);
	put32(file + 3 * PAGE + 16, 32);
	put32(file + 3 * PAGE + 20, 1);
	put64(file + 3 * PAGE + 24, 4);
	put32(file + 3 * PAGE + 32, 17);
	put32(file + 3 * PAGE + 36, 2);
	put64(file + 3 * PAGE + 40, 5);
	memcpy(file + 3 * PAGE + 48, "av1", 3);
	/* page 4: bucket "a" with its own page 2, which has x = far */
	put64(bucket, 2);
	(void)put_leaf(file + 4 * PAGE, 4, "a", 1, bucket, sizeof(bucket));
	(void)put_leaf(file + 2 * PAGE, 2, "x", 0, "far", 3);
	/* page 5: bucket "v1", inline, which has x = near */
	n = put_leaf(inner + 16, 0, "x", 0, "near", 4);
	(void)put_leaf(file + 5 * PAGE, 5, "v1", 1, inner, 16 + n);
}

static int ask_bolt(const uint8_t *file, size_t size, const char *bucket, const char *key,
		    struct sk_buf *b)
{
	struct sk_span path[] = {sk_span_str(bucket), sk_span_str(key)};
	sk_cleanup(sk_closep) int fd = memfd_create("bolt", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(sk_write_all(fd, file, size), 0);
	return guard_bolt_get(fd, path, 2, b);
}

static void test_bolt(void **state)
{
	static uint8_t file[N_PAGES * PAGE];
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 4096);
	make_bolt(file);
	assert_int_equal(ask_bolt(file, sizeof(file), "a", "x", &b), 1);
	assert_true(sk_span_eq_str(sk_buf_span(&b), "far"));
	assert_int_equal(ask_bolt(file, sizeof(file), "v1", "x", &b), 1);
	assert_true(sk_span_eq_str(sk_buf_span(&b), "near"));
	assert_int_equal(ask_bolt(file, sizeof(file), "v1", "y", &b), 0);
	assert_int_equal(ask_bolt(file, sizeof(file), "b", "x", &b), 0);
	/* A bucket is no value, a value no bucket. */
	assert_int_equal(ask_bolt(file, sizeof(file), "x", "x", &b), 0);
	/* The first meta page is damaged: the second is enough. */
	file[20] ^= 1;
	assert_int_equal(ask_bolt(file, sizeof(file), "v1", "x", &b), 1);
	file[PAGE + 20] ^= 1;
	assert_int_equal(ask_bolt(file, sizeof(file), "v1", "x", &b), -EBADMSG);
	sk_buf_release(&b);
}

/* Every cut and every damaged byte ends, inside the file's bytes. */
static void test_bolt_damaged(void **state)
{
	static uint8_t file[N_PAGES * PAGE];
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 4096);
	make_bolt(file);
	for (size_t size = 0; size < sizeof(file); size += 997)
		assert_int_not_equal(ask_bolt(file, size, "v1", "x", &b), 1);
	for (size_t i = 2 * PAGE; i < sizeof(file); i += i % PAGE < 64 ? 1 : 64) {
		for (int bit = 0; bit < 8; bit++) {
			file[i] ^= (uint8_t)(1 << bit);
			(void)!ask_bolt(file, sizeof(file), "a", "x", &b);
			(void)!ask_bolt(file, sizeof(file), "v1", "x", &b);
			file[i] ^= (uint8_t)(1 << bit);
		}
	}
	/* a branch that leads to itself */
	put64(file + 3 * PAGE + 24, 3);
	assert_int_equal(ask_bolt(file, sizeof(file), "a", "x", &b), -EBADMSG);
	sk_buf_release(&b);
}

/* A daemon that hangs is not waited for again and again. */
static void test_silent(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *const sockets[] = {addr.sun_path};
	struct guard_engine_info info;
	struct guard_engine *e;
	struct sk_arena *a = sk_arena_new();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), n = 0;

	(void)state;
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/guard-engine-%d", (int)getpid());
	(void)unlink(addr.sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 16), 0);
	e = guard_engine_new(sockets, 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(guard_engine_find(e, "none-of-this-name", a, &info), 0);
	while (accept(fd, NULL, NULL) >= 0)
		n++;
	assert_int_equal(n, 1);
	guard_engine_free(e);
	sk_arena_free(a);
	(void)close(fd);
	(void)unlink(addr.sun_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crio),         cmocka_unit_test(test_repo_digests),
		cmocka_unit_test(test_storage),      cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_label_of_pod), cmocka_unit_test(test_chosen_id),
		cmocka_unit_test(test_tree),         cmocka_unit_test(test_bolt),
		cmocka_unit_test(test_bolt_damaged), cmocka_unit_test(test_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
