/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing profiles. argv[1]: the directory of the data files. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "guard/test-util.h"

static const char *data_dir;

static void full_document_comes_back(void **state)
{
	char *text = slurp(data_dir, "profile-full.yaml");
	struct guard_profile *p = profile_of(text);
	char *again = text_of(p);

	(void)state;
	assert_string_equal(again, text);
	guard_profile_free(p);
	sk_free(again);
	sk_free(text);
}

static void full_document_is_understood(void **state)
{
	char *text = slurp(data_dir, "profile-full.yaml");
	struct guard_profile *p = profile_of(text);
	const struct guard_program *box = &p->programs[0];
	const struct guard_program *perl = &p->programs[1];

	(void)state;
	assert_string_equal(p->service, "shop/web");
	assert_int_equal(p->mode, GUARD_MODE_ENFORCE);
	assert_int_equal(p->section_modes[GUARD_SECTION_FILES], GUARD_MODE_AUDIT);
	assert_int_equal(p->section_modes[GUARD_SECTION_PEERS], GUARD_MODE_UNSET);
	assert_int_equal(p->learned_s, 7200);
	assert_int_equal(p->last_new - p->first, 600);
	assert_true(p->incomplete && p->lost == 5 && p->runs == 2 && p->replicas == 3);
	assert_int_equal(p->unseen, 1u << GUARD_SECTION_LIBRARIES | 1u << GUARD_SECTION_SYSCALLS);
	assert_int_equal(guard_profile_mode(p, GUARD_SECTION_LIBRARIES, GUARD_MODE_ENFORCE),
			 GUARD_MODE_AUDIT);
	assert_int_equal(p->n_images, 2);
	assert_int_equal(p->n_programs, 3);
	assert_true(box->multicall && !box->interpreter);
	assert_int_equal(box->content.size, 900);
	assert_int_equal(box->content.sha256[31], 1);
	assert_int_equal(box->item.images, 3);
	assert_int_equal(box->applets.items[0].item.images, 3);
	assert_int_equal(box->applets.items[1].item.images, 2);
	assert_true(perl->main && perl->entry && perl->interpreter && perl->inline_code &&
		    perl->interactive && perl->anon_exec && perl->raw_socket && !perl->multicall);
	assert_int_equal(perl->n_scripts, 2);
	assert_string_equal(perl->scripts[0].item.comment, "says: hello");
	assert_false(perl->scripts[1].content.has_sha256);
	assert_string_equal(p->programs[2].content.path, "1st #\"\\\n\xe2\x80\xae");
	assert_int_equal(p->files[3].access, GUARD_ACCESS_READ | GUARD_ACCESS_WRITE);
	assert_string_equal(p->peers[0].protocol, "unix");
	assert_int_equal(p->peers[1].port, 5432);
	assert_null(p->peers[1].name);
	assert_int_equal(p->listen[1].port, 53);
	assert_int_equal(p->capabilities, 1ull << 0 | 1ull << 10);
	assert_int_equal(p->syscalls[0] & 3, 3);
	assert_int_equal(p->syscalls[500 / 64] >> 500 % 64 & 1, 1);
	assert_true(p->syscalls_ia32);
	guard_profile_free(p);
	sk_free(text);
}

static void add_things(struct guard_profile *p, bool reverse)
{
	static const char *const digests[] = {"sha256:bb", "sha256:aa"};
	static const char *const paths[] = {"/usr/bin/b", "/usr/bin/a", "/usr/bin/c"};

	for (size_t i = 0; i < 2; i++)
		(void)guard_profile_image(p, digests[reverse ? 1 - i : i], NULL, 1000);
	for (size_t i = 0; i < 3; i++) {
		const char *path = paths[reverse ? 2 - i : i];
		struct guard_content c = {.path = path};
		struct guard_program *prog = guard_profile_add_program(p, &c, NULL);

		prog->item.images = guard_profile_image(p, "sha256:bb", NULL, 1000);
		(void)guard_profile_add_file(p, path, NULL);
		(void)guard_profile_add_text(p, &prog->shapes, paths[reverse ? 1 : 0], NULL);
		(void)guard_profile_add_text(p, &prog->shapes, paths[reverse ? 0 : 1], NULL);
	}
}

static void order_of_learning_does_not_show(void **state)
{
	struct guard_profile *a = guard_profile_new("s"), *b = guard_profile_new("s");
	char *ta, *tb;

	(void)state;
	add_things(a, false);
	add_things(b, true);
	ta = text_of(a);
	tb = text_of(b);
	assert_string_equal(ta, tb);
	assert_non_null(strstr(ta, "images: [2]"));
	sk_free(ta);
	sk_free(tb);
	guard_profile_free(a);
	guard_profile_free(b);
}

static void bytes_that_are_no_text(void **state)
{
	struct guard_profile *p = guard_profile_new("s"), *q;
	char *once, *twice;

	(void)state;
	(void)guard_profile_add_file(p, "/tmp/\xff\x01 \xf0\x9f\x98\x80", NULL);
	once = text_of(p);
	q = profile_of(once);
	assert_string_equal(q->files[0].pattern, "/tmp/\\xff\x01 \xf0\x9f\x98\x80");
	twice = text_of(q);
	assert_string_equal(once, twice);
	sk_free(once);
	sk_free(twice);
	guard_profile_free(p);
	guard_profile_free(q);
}

static void check_error(char **columns, size_t n, void *ctx)
{
	static const char head[] = "schema: stockade.profile/1\nservice: x\n";
	struct guard_profile *p = NULL;
	struct sk_err err = {0};
	struct sk_buf b;
	char *text = unescape(columns[0]);

	(void)ctx;
	assert_int_equal(n, 2);
	sk_buf_init(&b, 1 << 16);
	if (text[0] == 'H')
		(void)sk_buf_add_str(&b, head);
	(void)sk_buf_add_str(&b, text[0] == 'H' ? text + 1 : text);
	if (guard_profile_parse(sk_buf_span(&b), &p, &err) != -SK_E_FORMAT)
		fail_msg("not refused: %s", columns[0]);
	if (strstr(err.msg, columns[1]) == NULL)
		fail_msg("%s\n  says: %s\n  not: %s", columns[0], err.msg, columns[1]);
	sk_buf_release(&b);
	sk_free(text);
}

static void errors_name_their_line(void **state)
{
	(void)state;
	assert_true(each_line(data_dir, "profile-errors.data", 2, check_error, NULL) > 50);
}

static void file_names(void **state)
{
	char buf[256], small[7], longest[252];

	(void)state;
	assert_string_equal(guard_profile_file_name("shop/web", buf, sizeof(buf)), "shop.web.yaml");
	assert_string_equal(guard_profile_file_name("a", small, sizeof(small)), "a.yaml");
	assert_null(guard_profile_file_name("ab", small, sizeof(small)));
	assert_null(guard_profile_file_name("", buf, sizeof(buf)));
	assert_null(guard_profile_file_name(".", buf, sizeof(buf)));
	assert_null(guard_profile_file_name("..", buf, sizeof(buf)));
	assert_null(guard_profile_file_name("./", buf, sizeof(buf)));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(guard_profile_file_name(longest, buf, sizeof(buf)));
	longest[250] = '\0';
	assert_non_null(guard_profile_file_name(longest, buf, sizeof(buf)));
}

static void files_are_replaced_in_one_step(void **state)
{
	char base[] = "/tmp/guard-profile-XXXXXX", dir[64], path[128];
	struct guard_profile *p = guard_profile_new("shop/web"), *q = NULL;
	struct sk_err err = {0};
	struct dirent *entry;
	size_t n = 0;
	DIR *d;

	(void)state;
	assert_non_null(mkdtemp(base));
	(void)snprintf(dir, sizeof(dir), "%s/profiles", base);
	assert_int_equal(guard_profile_load(dir, "shop/web", &q, &err), 0);
	assert_null(q);
	assert_int_equal(guard_profile_save(dir, p, &err), 0);
	p->mode = GUARD_MODE_ALERT;
	assert_int_equal(guard_profile_save(dir, p, &err), 0);
	assert_int_equal(guard_profile_load(dir, "shop/web", &q, &err), 0);
	assert_int_equal(q->mode, GUARD_MODE_ALERT);
	guard_profile_free(q);
	q = NULL;
	assert_int_equal(guard_profile_load(dir, "other", &q, &err), 0);
	assert_null(q);
	/* both names have the same file */
	assert_int_equal(guard_profile_load(dir, "shop.web", &q, &err), -SK_E_AMBIGUOUS);
	d = opendir(dir);
	while ((entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	(void)closedir(d);
	assert_int_equal(n, 1);
	(void)snprintf(path, sizeof(path), "%s/shop.web.yaml", dir);
	assert_int_equal(unlink(path) | rmdir(dir) | rmdir(base), 0);
	guard_profile_free(p);
}

/* A file of the largest size that learning makes is read in linear time. */
static void many_items(void **state)
{
	struct guard_profile *p;
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 32 << 20);
	(void)sk_buf_add_str(&b, "schema: stockade.profile/1\nservice: x\nfiles:\n");
	for (int i = 0; i < GUARD_MAX_ITEMS; i++)
		(void)sk_buf_printf(&b, "- pattern: /f%d\n", i);
	p = profile_of(b.ptr);
	assert_int_equal(p->n_files, GUARD_MAX_ITEMS);
	guard_profile_free(p);
	sk_buf_release(&b);
}

static size_t peer_at(struct guard_profile *p, const struct guard_peer *peer, bool *ret_new)
{
	const struct guard_peer *found = guard_profile_add_peer(p, peer, ret_new);

	return (size_t)(found - p->peers);
}

/* What was read is found when it is learned again, at once however much there is. */
static void known_items(void **state)
{
	struct guard_peer peer = {.address = "10.0.0.1", .protocol = "tcp", .port = 80};
	struct guard_profile *p =
		profile_of("schema: stockade.profile/1\nservice: x\nfiles:\n- pattern: /a\n"
			   "- pattern: /b\npeers:\n- address: 10.0.0.1\n  protocol: tcp\n"
			   "  port: 80\n- name: db\n  protocol: tcp\n  port: 80\n");
	char text[32];
	bool fresh = false;

	(void)state;
	assert_ptr_equal(guard_profile_add_file(p, "/b", &fresh), &p->files[1]);
	assert_int_equal(peer_at(p, &peer, &fresh), 0);
	peer = (struct guard_peer){.name = "db", .protocol = "tcp", .port = 80};
	assert_int_equal(peer_at(p, &peer, &fresh), 1);
	assert_false(fresh);
	peer.protocol = "udp";
	assert_int_equal(peer_at(p, &peer, &fresh), 2);
	assert_true(fresh);
	peer.port = 0;
	assert_int_equal(peer_at(p, &peer, NULL), 3);
	peer = (struct guard_peer){.address = "db", .protocol = "udp"};
	assert_int_equal(peer_at(p, &peer, NULL), 4);
	peer.address = text;
	for (int i = 5; i < GUARD_MAX_ITEMS; i++) {
		(void)snprintf(text, sizeof(text), "10.1.%d.%d", i >> 8, i & 255);
		(void)guard_profile_add_file(p, text, NULL);
		assert_int_equal(peer_at(p, &peer, NULL), i);
	}
	peer.port = 1;
	assert_null(guard_profile_add_peer(p, &peer, NULL));
	assert_int_equal(p->n_files, GUARD_MAX_ITEMS - 5 + 2);
	guard_profile_free(p);
}

static struct guard_content content(const char *path, uint8_t hash)
{
	struct guard_content c = {.path = path, .has_sha256 = hash != 0};

	memset(c.sha256, hash, sizeof(c.sha256));
	return c;
}

static size_t library_at(struct guard_profile *p, const char *path, uint8_t hash)
{
	struct guard_content c = content(path, hash);

	return (size_t)(guard_profile_add_library(p, &c, NULL) - p->libraries);
}

/* By content where both have it, else by path. */
static void known_libraries(void **state)
{
	struct guard_profile *p = profile_of("schema: stockade.profile/1\nservice: x\nlibraries:\n"
					     "- path: /read\n- path: /twice\n");
	struct guard_content found = content("/read", 3);
	char text[32];

	(void)state;
	assert_int_equal(library_at(p, "/a", 1), 2);
	assert_int_equal(library_at(p, "/a", 2), 3);
	assert_int_equal(library_at(p, "/elsewhere", 2), 3);
	assert_int_equal(library_at(p, "/a", 0), 2);
	assert_int_equal(library_at(p, "/a", 1), 2);
	/* Any content will do until one is known. */
	assert_int_equal(library_at(p, "/read", 3), 0);
	assert_int_equal(library_at(p, "/read", 1), 0);
	guard_profile_complete_library(p, &p->libraries[0], &found);
	assert_int_equal(library_at(p, "/read", 3), 0);
	assert_int_equal(library_at(p, "/moved", 3), 0);
	assert_int_equal(library_at(p, "/read", 0), 0);
	assert_int_equal(library_at(p, "/read", 2), 3);
	assert_int_equal(library_at(p, "/read", 4), 4);
	assert_int_equal(library_at(p, "/twice", 4), 1);
	for (int i = 5; i < GUARD_MAX_ITEMS; i++) {
		(void)snprintf(text, sizeof(text), "/l%d", i);
		assert_int_equal(library_at(p, text, 0), i);
	}
	assert_int_equal(library_at(p, "/l77", 0), 77);
	assert_int_equal(p->n_libraries, GUARD_MAX_ITEMS);
	guard_profile_free(p);
}

/* Names that are made up as needed are as many as the service likes. */
static void known_names(void **state)
{
	struct guard_profile *p =
		profile_of("schema: stockade.profile/1\nservice: x\nnames: [a, b]\n");
	bool fresh = false;
	char text[32];

	(void)state;
	assert_ptr_equal(guard_profile_add_text(p, &p->names, "b", &fresh), &p->names.items[1]);
	assert_false(fresh);
	for (int i = 2; i < GUARD_MAX_ITEMS; i++) {
		(void)snprintf(text, sizeof(text), "n%d", i);
		(void)guard_profile_add_text(p, &p->names, text, &fresh);
	}
	assert_ptr_equal(guard_profile_add_text(p, &p->names, "n77", NULL), &p->names.items[77]);
	assert_null(guard_profile_add_text(p, &p->names, "one more", NULL));
	guard_profile_free(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_document_comes_back),
		cmocka_unit_test(full_document_is_understood),
		cmocka_unit_test(order_of_learning_does_not_show),
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(errors_name_their_line),
		cmocka_unit_test(file_names),
		cmocka_unit_test(files_are_replaced_in_one_step),
		cmocka_unit_test(many_items),
		cmocka_unit_test(known_items),
		cmocka_unit_test(known_libraries),
		cmocka_unit_test(known_names),
	};

	data_dir = argc > 1 ? argv[1] : "testdata";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
