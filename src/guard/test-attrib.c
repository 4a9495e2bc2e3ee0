/* SPDX-License-Identifier: Apache-2.0 */
/* Containers: ids in cgroup names, engines' documents, services, selection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "guard/attrib.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_container_id(void **state)
{
	char id[GUARD_CONTAINER_ID_SIZE];

	(void)state;
	assert_true(guard_cgroup_container_id(sk_span_str("docker-" ID ".scope"), id));
	assert_string_equal(id, ID);
	assert_true(
		guard_cgroup_container_id(sk_span_str("/kubepods/pod1/cri-containerd-" ID), id));
	assert_false(guard_cgroup_container_id(sk_span_str("0" ID), id));
	assert_false(guard_cgroup_container_id(sk_span_str("init.scope"), id));
	assert_false(guard_cgroup_container_id(sk_span_str(""), id));
}

static void find_again(void *ctx, const char *path, uint64_t id)
{
	char found[GUARD_CGROUP_PATH_SIZE];
	int *left = ctx;

	/* others come and go */
	if (*left > 0 && id != 0 && id == guard_cgroup_id(path)) {
		(*left)--;
		if (guard_cgroup_find(path, id, found, sizeof(found)))
			assert_string_equal(found, path);
	}
}

static void test_find(void **state)
{
	char root[GUARD_CGROUP_PATH_SIZE], found[GUARD_CGROUP_PATH_SIZE];
	int left = 50;

	(void)state;
	if (!guard_cgroup_root(root, sizeof(root)))
		skip();
	guard_cgroup_walk(root, find_again, &left);
	assert_true(guard_cgroup_find(root, guard_cgroup_id(root), found, sizeof(found)));
	assert_string_equal(found, root);
	assert_false(guard_cgroup_find(root, UINT64_MAX / 3, found, sizeof(found)));
}

/* Every spelling of a cgroup leads to one directory. */
static void test_spell(void **state)
{
	static const char mounts[] = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
				     "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
				     "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu 0 0\n";
	static const char *const same[] = {
		"/a/b",
		"a/b",
		"a/b/",
		"//a/./b",
		"/sys/fs/cgroup/unified/a/b",
		"/sys/fs/cgroup/unified//a/b/",
		"/sys/fs/cgroup/a/b",
		"/sys/fs/cgroup/cpu,cpuacct/a/b",
		"0::/a/b",
		"4:cpu,cpuacct:/a/b",
	};
	static const char *const root[] = {"/", "/sys/fs/cgroup", "/sys/fs/cgroup/unified/"};
	char path[GUARD_CGROUP_PATH_SIZE], small[30];

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(same); i++) {
		assert_true(guard_cgroup_spell(sk_span_str(mounts), "/sys/fs/cgroup/unified",
					       same[i], path, sizeof(path)));
		assert_string_equal(path, "/sys/fs/cgroup/unified/a/b");
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(root); i++) {
		assert_true(guard_cgroup_spell(sk_span_str(mounts), "/sys/fs/cgroup/unified",
					       root[i], path, sizeof(path)));
		assert_string_equal(path, "/sys/fs/cgroup/unified");
	}
	assert_true(guard_cgroup_spell(sk_span_str("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"),
				       "/sys/fs/cgroup", "/sys/fs/cgroups", path, sizeof(path)));
	assert_string_equal(path, "/sys/fs/cgroup/sys/fs/cgroups");
	assert_false(guard_cgroup_spell(sk_span_str(mounts), "/sys/fs/cgroup/unified", "a/../b",
					path, sizeof(path)));
	assert_false(guard_cgroup_spell(sk_span_str(mounts), "/sys/fs/cgroup/unified", "a/bcdefgh",
					small, sizeof(small)));
}

/* Selected by where it is: itself, what it is in, what is in it. */
static void test_places(void **state)
{
	static const struct {
		const char *cgroup, *unit;
		bool selected;
	} cases[] = {
		{"/c/docker/" ID, NULL, true},
		{"/c/docker", NULL, true},
		{"/c", NULL, true},
		{"/c/docker/" ID "/init", NULL, true},
		{"/c/dock", NULL, false},
		{"/c/docker/" ID "0", NULL, false},
		{"/c/docker/other", NULL, false},
		{NULL, "docker", false},
		{NULL, "docker-" ID ".scope", false},
	};
	struct guard_whose w = {.path = "/c/docker/" ID, .id = ID, .service = "web"};
	struct guard_whose in_unit = {.path = "/c/x.service/" ID, .id = ID, .service = "web"};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct guard_select s = {.cgroups = &cases[i].cgroup,
					 .n_cgroups = cases[i].cgroup != NULL,
					 .units = &cases[i].unit,
					 .n_units = cases[i].unit != NULL};

		assert_int_equal(guard_select_match(&s, &w), cases[i].selected);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const units[] = {"x", "x.service", "y"};
		struct guard_select s = {.units = &units[i], .n_units = 1};

		assert_int_equal(guard_select_match(&s, &in_unit), i < 2);
	}
}

static void test_docker(void **state)
{
	static const char text[] =
		"{\"Name\":\"/web-1\",\"Image\":\"sha256:aa\",\"Config\":{\"Image\":\"nginx:1\",\"Labels\":"
		"{\"com.docker.compose.project\":\"shop\",\"com.docker.compose.service\":\"web\"}}}";
	static const char repos[] =
		"{\"Repositories\":{\"nginx\":{\"nginx:1\":\"sha256:aa\",\"nginx@sha256:bb\":\"sha256:aa\"}}}";
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct guard_engine_info info = {0};

	(void)state;
	assert_true(guard_engine_parse_docker(sk_span_str(text), a, &info));
	assert_string_equal(info.name, "web-1");
	assert_string_equal(info.image_reference, "nginx:1");
	assert_string_equal(guard_whose_service(&info, ID, a), "shop/web");
	assert_string_equal(guard_engine_repo_digest(sk_span_str(repos), "sha256:aa", a),
			    "sha256:bb");
	assert_null(guard_engine_repo_digest(sk_span_str(repos), "sha256:cc", a));
	assert_false(guard_engine_parse_docker(sk_span_str("{}"), a, &info));
	assert_false(guard_engine_parse_docker(sk_span_str("nothing"), a, &info));
}

static void test_bundle(void **state)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.2\",\"annotations\":{\"io.kubernetes.cri.container-name\":\"app\","
		"\"io.kubernetes.cri.sandbox-name\":\"shop-7d9c8b6f5d-x2x4z\",\"io.kubernetes.cri.sandbox-namespace\":"
		"\"prod\",\"io.kubernetes.cri.image-name\":\"r/shop:2\"}}";
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct guard_engine_info info = {0};

	(void)state;
	assert_true(guard_engine_parse_bundle(sk_span_str(text), GUARD_BUNDLE_CRI, a, &info));
	assert_string_equal(info.pod_name, "shop-7d9c8b6f5d-x2x4z");
	assert_string_equal(guard_whose_service(&info, ID, a), "prod/shop");
	assert_false(guard_engine_parse_bundle(sk_span_str("[]"), GUARD_BUNDLE_CRI, a, &info));
}

static void test_owner(void **state)
{
	static const char *const rows[][2] = {
		{"shop-7d9c8b6f5d-x2x4z", "shop"},
		{"agent-k4x9z", "agent"},
		{"db-0", "db"},
		{"db-12", "db"},
		{"plain", "plain"},
		{"a-b", "a-b"},
		{"my-app-5f6d7c8b9-abcde", "my-app"},
	};
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(rows); i++)
		assert_string_equal(guard_owner_of_pod(rows[i][0], a), rows[i][1]);
}

static void test_select(void **state)
{
	static const char *const names[] = {"web"}, *const ids[] = {"0123456"},
				 *const images[] = {"nginx"};
	struct guard_whose w = {.id = ID,
				.service = "web-service",
				.info = {.name = "web", .image_reference = "nginx:latest"}};
	struct guard_select none = {0}, s;

	(void)state;
	assert_true(guard_select_match(&none, &w));
	s = (struct guard_select){.containers = names, .n_containers = 1};
	assert_true(guard_select_match(&s, &w));
	s = (struct guard_select){.containers = ids, .n_containers = 1};
	assert_true(guard_select_match(&s, &w));
	s = (struct guard_select){.images = images, .n_images = 1};
	assert_true(guard_select_match(&s, &w));
	s = (struct guard_select){.services = names, .n_services = 1};
	assert_false(guard_select_match(&s, &w));
	w.info.name = "other";
	s = (struct guard_select){.containers = names, .n_containers = 1};
	assert_false(guard_select_match(&s, &w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_container_id), cmocka_unit_test(test_find),
		cmocka_unit_test(test_spell),        cmocka_unit_test(test_places),
		cmocka_unit_test(test_docker),       cmocka_unit_test(test_bundle),
		cmocka_unit_test(test_owner),        cmocka_unit_test(test_select),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
