/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles while they are learned: others that write them too, files that cannot be read. */
#include "base/io.h"
#include "guard/learn.h"
#include "guard/profile-yaml.h"
#include "guard/story.h"
#include "guard/test-util.h"

static char dir[] = "/tmp/guard-learn-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

static struct guard_learn *begin(struct guard_whose *w)
{
	struct guard_learn *l = guard_learn_new(dir);
	struct sk_err err = {0};

	if (guard_learn_container(l, w, &err) < 0)
		fail_msg("%s", err.msg);
	return l;
}

static void offer(struct guard_learn *l, struct guard_whose *w, uint16_t port)
{
	struct guard_rec rec = {.type = GUARD_REC_BIND, .proto = 6};
	struct guard_event e = {
		.kind = GUARD_KIND_BIND, .peer_protocol = "tcp", .peer_port = port, .file_fd = -1};

	guard_learn_event(l, &rec, &e, w);
}

static void end(struct guard_learn *l)
{
	struct sk_err err = {0};

	if (guard_learn_save(l, &err) < 0)
		fail_msg("%s", err.msg);
	guard_learn_free(l);
}

static struct guard_profile *load(void)
{
	struct guard_profile *p = NULL;
	struct sk_err err = {0};

	if (guard_profile_load(dir, "web", &p, &err) < 0)
		fail_msg("%s", err.msg);
	assert_non_null(p);
	return p;
}

/* Two of them at once: what either saw is there, what both began with counts once. */
static void both_are_kept(void **state)
{
	struct guard_whose one = {.service = "web"}, other = {.service = "web"};
	struct guard_profile *p;

	(void)state;
	for (uint32_t round = 0; round < 2; round++) {
		struct guard_learn *a = begin(&one), *b = begin(&other);

		offer(a, &one, (uint16_t)(80 + 10 * round));
		offer(b, &other, (uint16_t)(81 + 10 * round));
		end(a);
		end(b);
		one.user = other.user = NULL;
		p = load();
		assert_int_equal(p->n_listen, 2 * (round + 1));
		assert_int_equal(p->runs, 2 * (round + 1));
		assert_int_equal(p->replicas, 2 * (round + 1));
		guard_profile_free(p);
	}
	assert_int_equal(unlink(in_dir("web.yaml")), 0);
}

/* What somebody writes by hand meanwhile stays. */
static void edits_are_kept(void **state)
{
	struct guard_whose w = {.service = "web"};
	struct guard_learn *l = begin(&w);
	struct guard_profile *p;

	(void)state;
	offer(l, &w, 80);
	put("web.yaml", "schema: stockade.profile/1\nservice: web\nmode: enforce\n");
	end(l);
	p = load();
	assert_int_equal(p->mode, GUARD_MODE_ENFORCE);
	assert_int_equal(p->n_listen, 1);
	assert_int_equal(p->runs, 1);
	guard_profile_free(p);
	assert_int_equal(unlink(in_dir("web.yaml")), 0);
}

/* Said once, counted, and not overwritten. */
static void broken_files_are_told(void **state)
{
	struct guard_learn *l = guard_learn_new(dir);
	struct guard_whose one = {.service = "web"}, other = {.service = "web"};
	struct sk_err err = {0};
	char *text;

	(void)state;
	put("web.yaml", "schema: [");
	assert_true(guard_learn_container(l, &one, &err) < 0);
	assert_non_null(strstr(err.msg, "web.yaml"));
	assert_int_equal(guard_learn_container(l, &other, &err), 0);
	offer(l, &one, 80);
	assert_int_equal(guard_learn_state(l).n_refused, 1);
	assert_int_equal(guard_learn_state(l).n_services, 0);
	end(l);
	text = slurp(dir, "web.yaml");
	assert_string_equal(text, "schema: [");
	sk_free(text);
	assert_int_equal(unlink(in_dir("web.yaml")), 0);
}

/* One that no engine knows is asked for again and again, and is one all the same. */
static void containers_count_once(void **state)
{
	struct guard_whose w = {.service = "web"};
	struct guard_learn *l = begin(&w);
	struct sk_err err = {0};

	(void)state;
	assert_int_equal(guard_learn_container(l, &w, &err), 0);
	assert_int_equal(guard_learn_state(l).n_containers, 1);
	guard_learn_free(l);
}

/* Processes without room may be anybody's. */
static void who_is_not_followed_is_missing(void **state)
{
	struct guard_whose w = {.service = "web"};
	struct guard_learn *l = begin(&w);
	struct guard_event e = {.kind = GUARD_KIND_LOST, .count = 3, .file_fd = -1};
	struct guard_profile *p;

	(void)state;
	guard_learn_event(l, NULL, &e, NULL);
	assert_int_equal(guard_learn_state(l).lost, 0);
	e.detail = GUARD_STORY_NOT_FOLLOWED;
	guard_learn_event(l, NULL, &e, NULL);
	assert_int_equal(guard_learn_state(l).lost, 3);
	end(l);
	p = load();
	assert_true(p->incomplete);
	assert_int_equal(p->lost, 3);
	guard_profile_free(p);
	assert_int_equal(unlink(in_dir("web.yaml")), 0);
}

static void start(struct guard_learn *l, struct guard_whose *w, uint32_t pid, const char *path,
		  const char *word)
{
	const char *args[] = {path, word};
	struct guard_rec rec = {.type = GUARD_REC_EXEC, .host_pid = pid, .exec_id = pid};
	struct guard_event e = {.kind = GUARD_KIND_EXEC,
				.file_path = path,
				.args = args,
				.n_args = 2,
				.exe = "/bin/parent",
				.file_fd = -1};

	guard_learn_event(l, &rec, &e, w);
}

static void act(struct guard_learn *l, struct guard_whose *w, uint32_t pid, uint16_t type,
		uint64_t value)
{
	struct guard_rec rec = {.type = type, .host_pid = pid, .exec_id = pid, .value = value};
	struct guard_event e = {.file_path = "/lib/ld.so", .file_fd = -1};

	if (type == GUARD_REC_MMAP)
		rec.flags = GUARD_RF_EXECVE; /* the kernel's, before the program runs */
	guard_learn_event(l, &rec, &e, w);
}

/* Beside another guard: who is killed before he did anything never ran. */
static void what_is_blocked_is_not_learned(void **state)
{
	struct guard_whose w = {.service = "web"};
	struct guard_learn *l = begin(&w);
	struct guard_profile *p;

	(void)state;
	guard_learn_guarded(l);
	start(l, &w, 1, "/bin/served", "a");
	act(l, &w, 1, GUARD_REC_EXIT, 0);
	start(l, &w, 2, "/bin/served", "--blocked");
	act(l, &w, 2, GUARD_REC_MMAP, 0);
	act(l, &w, 2, GUARD_REC_EXIT, 9);
	start(l, &w, 3, "/bin/blocked", "b");
	act(l, &w, 3, GUARD_REC_EXIT, 9);
	/* One that did something, one that ended otherwise, one that others use too. */
	start(l, &w, 4, "/bin/killed", "c");
	act(l, &w, 4, GUARD_REC_OPEN, 0);
	act(l, &w, 4, GUARD_REC_EXIT, 9);
	start(l, &w, 5, "/bin/failed", "d");
	act(l, &w, 5, GUARD_REC_EXIT, 1 << 8);
	start(l, &w, 6, "/bin/both", "e");
	start(l, &w, 7, "/bin/both", "e");
	act(l, &w, 6, GUARD_REC_EXIT, 9);
	end(l);
	p = load();
	assert_int_equal(p->n_programs, 4);
	for (size_t i = 0; i < p->n_programs; i++) {
		assert_string_not_equal(p->programs[i].content.path, "/bin/blocked");
		assert_int_equal(p->programs[i].shapes.n_items, 1);
		assert_null(strstr(p->programs[i].shapes.items[0].text, "--blocked"));
	}
	guard_profile_free(p);
	assert_int_equal(unlink(in_dir("web.yaml")), 0);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_are_kept),
		cmocka_unit_test(edits_are_kept),
		cmocka_unit_test(broken_files_are_told),
		cmocka_unit_test(containers_count_once),
		cmocka_unit_test(who_is_not_followed_is_missing),
		cmocka_unit_test(what_is_blocked_is_not_learned),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
