/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing and merging profiles. argv[1]: the directory of the data files. */
#include <stdio.h>

#include "guard/profile-diff.h"
#include "guard/profile-merge.h"
#include "guard/test-util.h"

static const char *data_dir;

static struct guard_profile *load(const char *name)
{
	char *text = slurp(data_dir, name);
	struct guard_profile *p = profile_of(text);

	sk_free(text);
	return p;
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static char *diff_text(const struct guard_profile *before, const struct guard_profile *after)
{
	struct guard_diff d;
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	guard_profile_diff(before, after, &d);
	for (size_t i = 0; i < d.n_items; i++)
		(void)sk_buf_printf(&b, "%s|%s|%s|%s|%s|%s\n", guard_change_name(d.items[i].change),
				    d.items[i].section, d.items[i].item, or_empty(d.items[i].what),
				    or_empty(d.items[i].before), or_empty(d.items[i].after));
	guard_diff_release(&d);
	return sk_buf_steal(&b);
}

static void differences(void **state)
{
	struct guard_profile *before = load("compare-old.yaml");
	struct guard_profile *after = load("compare-new.yaml");
	char *want = slurp(data_dir, "compare.expected");
	char *got = diff_text(before, after);
	char *none = diff_text(before, before);

	(void)state;
	assert_string_equal(got, want);
	assert_string_equal(none, "");
	sk_free(want);
	sk_free(got);
	sk_free(none);
	guard_profile_free(before);
	guard_profile_free(after);
}

static void union_has_both(void **state)
{
	struct guard_profile *to = load("compare-old.yaml");
	struct guard_profile *from = load("compare-new.yaml");
	struct sk_err err = {0};
	const struct guard_program *hand;

	(void)state;
	assert_int_equal(guard_profile_merge(to, from, &err), 0);
	assert_int_equal(to->mode, GUARD_MODE_ALERT);
	assert_int_equal(to->n_images, 2);
	assert_int_equal(to->runs, 2);
	assert_int_equal(to->replicas, 3);
	assert_int_equal(to->learned_s, 7200);
	assert_true(to->incomplete && to->lost == 1);
	assert_int_equal(to->n_programs, 5); /* two contents of a, b, c, hand */
	assert_int_equal(to->n_libraries, 1);
	assert_int_equal(to->libraries[0].item.images, 3);
	assert_int_equal(to->files[0].access, GUARD_ACCESS_READ | GUARD_ACCESS_WRITE);
	assert_int_equal(to->n_peers, 2);
	assert_int_equal(to->capabilities, 1ull << 0 | 1ull << 21);
	hand = guard_profile_program(to, &(struct guard_content){.path = "/usr/bin/hand"});
	assert_non_null(hand);
	assert_int_equal(hand->item.images, 0); /* put in by hand: for any image */
	guard_profile_free(to);
	guard_profile_free(from);
}

/* A profile of one program, whose content nobody could read when @sha is 0. */
static struct guard_profile *of_program(uint8_t sha, uint64_t count)
{
	struct guard_profile *p = guard_profile_new("web");
	struct guard_content c = {.path = "/bin/id", .has_sha256 = sha != 0, .size = sha};
	struct guard_program *prog;

	memset(c.sha256, sha, sizeof(c.sha256));
	prog = guard_profile_add_program(p, &c, NULL);
	prog->item.count = count;
	p->incomplete = sha == 0;
	return p;
}

/* Another run has read it; what a person wrote without a content stays so; losses stay losses. */
static void union_completes(void **state)
{
	struct guard_profile *full = of_program(7, 1);
	struct sk_err err = {0};

	(void)state;
	for (int i = 0; i < 4; i++) {
		bool is_learned = (i & 1) != 0, is_lossy = (i & 2) != 0;
		struct guard_profile *to = of_program(0, is_learned ? 1 : 0);

		to->lost = is_lossy ? 1 : 0;
		assert_int_equal(guard_profile_merge(to, full, &err), 0);
		assert_int_equal(to->n_programs, 1);
		assert_int_equal(to->programs[0].content.has_sha256, is_learned);
		assert_int_equal(to->programs[0].content.size, is_learned ? 7 : 0);
		assert_int_equal(to->incomplete, !is_learned || is_lossy);
		guard_profile_free(to);
	}
	guard_profile_free(full);
}

/* What was merged comes apart again by image. */
static void images_come_apart(void **state)
{
	struct guard_profile *old = load("compare-old.yaml"), *new = load("compare-new.yaml");
	struct guard_profile *both = load("compare-old.yaml"), *part_old, *part_new;
	struct sk_err err = {0};
	char *want, *got;

	(void)state;
	assert_int_equal(guard_profile_merge(both, new, &err), 0);
	part_old = guard_profile_of_image(both, 0);
	part_new = guard_profile_of_image(both, 1);
	assert_int_equal(part_old->n_programs, 3);
	assert_int_equal(part_new->n_programs, 3);
	assert_string_equal(part_new->images[0].digest, "sha256:bb");
	/* /etc is one item now, and capabilities and modes are the whole profile's */
	want = sk_strdup("removed|images|sha256:aa|||\n"
			 "added|images|sha256:bb|||\n"
			 "changed|executables|/usr/bin/a||sha256 010000000000…|sha256 "
			 "090000000000…\n"
			 "removed|executables|/usr/bin/b||sha256 020000000000…|\n"
			 "added|executables|/usr/bin/c|||sha256 040000000000…\n"
			 "added|executables|/usr/bin/a|traits||anon_exec\n"
			 "removed|executables|/usr/bin/a|arguments|a -y|\n"
			 "added|executables|/usr/bin/a|arguments||a -z\n"
			 "removed|files|/var/old||read|\n"
			 "removed|peers|10.0.0.1 port 5432 tcp|||\n"
			 "added|peers|10.0.0.1 port 5433 tcp|||\n"
			 "removed|names|a.example.org|||\n"
			 "added|names|b.example.org|||\n");
	got = diff_text(part_old, part_new);
	assert_string_equal(got, want);
	sk_free(want);
	sk_free(got);
	guard_profile_free(part_old);
	guard_profile_free(part_new);
	guard_profile_free(both);
	guard_profile_free(old);
	guard_profile_free(new);
}

static void twice_is_once(void **state)
{
	struct guard_profile *p = load("profile-full.yaml"), *q = load("profile-full.yaml");
	struct sk_err err = {0};
	char *none;

	(void)state;
	assert_int_equal(guard_profile_merge(p, q, &err), 0);
	none = diff_text(p, q);
	assert_string_equal(none, "");
	assert_int_equal(p->programs[0].item.count, 2 * q->programs[0].item.count);
	assert_int_equal(p->programs[0].item.images, q->programs[0].item.images);
	sk_free(none);
	guard_profile_free(p);
	guard_profile_free(q);
}

static void too_many_images(void **state)
{
	struct guard_profile *p = guard_profile_new("x"), *q = guard_profile_new("x");
	struct sk_err err = {0};
	char digest[32];

	(void)state;
	for (unsigned i = 0; i < 65; i++) {
		(void)snprintf(digest, sizeof(digest), "sha256:%u", i);
		(void)guard_profile_image(i < 64 ? p : q, digest, NULL, 0);
	}
	assert_int_equal(guard_profile_merge(p, q, &err), -SK_E_LIMIT);
	guard_profile_free(p);
	guard_profile_free(q);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),     cmocka_unit_test(union_has_both),
		cmocka_unit_test(union_completes), cmocka_unit_test(images_come_apart),
		cmocka_unit_test(twice_is_once),   cmocka_unit_test(too_many_images),
	};

	data_dir = argc > 1 ? argv[1] : "testdata";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
