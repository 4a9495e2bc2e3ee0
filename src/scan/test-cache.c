/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the cache: what is kept, what is refused, what goes first. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

#include "base/io.h"
#include "base/wire.h"
#include "scan/cache.h"
#include "scan/reader.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test-scan-cache-XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static struct scan_cache_key key_for(const char *text)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_digest d = sk_digest_of(SK_DIGEST_SHA256, sk_span_str(text));
	struct scan_wanted wanted = {0};

	return scan_cache_facts_key(&d, &wanted, &limits);
}

static bool has(struct scan_cache *c, const char *text, const char *content)
{
	struct scan_cache_key key = key_for(text);
	struct sk_buf b;
	bool r;

	sk_buf_init(&b, 1 << 20);
	r = scan_cache_get(c, &key, &b);
	if (r)
		assert_true(sk_span_eq_str(sk_buf_span(&b), content));
	else
		assert_int_equal(b.len, 0);
	sk_buf_release(&b);
	return r;
}

static void put(struct scan_cache *c, const char *text, const char *content)
{
	struct scan_cache_key key = key_for(text);

	scan_cache_put(c, &key, sk_span_str(content));
}

static void keeps(void **state)
{
	sk_cleanup(scan_cache_freep) struct scan_cache *c = scan_cache_open(dir, 1 << 20);
	sk_cleanup(scan_cache_freep) struct scan_cache *other = NULL;

	(void)state;
	assert_non_null(c);
	assert_false(has(c, "a", ""));
	put(c, "a", "first");
	put(c, "b", "");
	assert_true(has(c, "a", "first"));
	assert_true(has(c, "b", ""));
	assert_false(has(c, "c", ""));
	put(c, "a", "second");
	other = scan_cache_open(dir, 1 << 20);
	assert_true(has(other, "a", "second"));
}

static void keys_differ(void **state)
{
	struct sk_digest d = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("x"));
	struct sk_limits limits = sk_limits_default();
	struct scan_alias alias = {.real = sk_span_str("ab"), .claimed = sk_span_str("c")};
	struct scan_alias shifted = {.real = sk_span_str("a"), .claimed = sk_span_str("bc")};
	struct scan_wanted plain = {0}, first = {.aliases = &alias, .n_aliases = 1},
			   second = {.aliases = &shifted, .n_aliases = 1}, flags = {.flags = 1};
	struct scan_cache_key base = scan_cache_facts_key(&d, &plain, &limits), k[3];

	(void)state;
	for (size_t i = 0; i < SK_N_LIMITS; i++) {
		struct sk_limits more = limits;
		struct scan_cache_key key;

		more.max[i]++;
		key = scan_cache_facts_key(&d, &plain, &more);
		assert_int_equal(sk_digest_eq(&key.digest, &base.digest), i == SK_LIMIT_TIME);
	}
	k[0] = scan_cache_facts_key(&d, &first, &limits);
	k[1] = scan_cache_facts_key(&d, &second, &limits);
	k[2] = scan_cache_facts_key(&d, &flags, &limits);
	for (size_t i = 0; i < 3; i++) {
		assert_false(sk_digest_eq(&k[i].digest, &base.digest));
		assert_false(sk_digest_eq(&k[i].digest, &k[(i + 1) % 3].digest));
	}
}

/* A file that is another, or was changed, is another key; so is another part of it. */
static void identity(void **state)
{
	struct scan_cache_key first, again, changed, part;
	char path[96];
	int fd, zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	bool settled = true;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && zero >= 0);
	assert_true(scan_cache_seen_key(fd, 0, 10, &first, &settled));
	assert_false(settled);
	assert_true(scan_cache_seen_key(fd, 0, 10, &again, NULL));
	assert_true(sk_digest_eq(&first.digest, &again.digest));
	assert_true(scan_cache_seen_key(fd, 1, 10, &part, NULL));
	assert_false(sk_digest_eq(&first.digest, &part.digest));
	assert_true(scan_cache_seen_key(fd, 0, 11, &part, NULL));
	assert_false(sk_digest_eq(&first.digest, &part.digest));
	assert_int_equal(write(fd, "x", 1), 1);
	assert_true(scan_cache_seen_key(fd, 0, 10, &changed, NULL));
	assert_false(sk_digest_eq(&first.digest, &changed.digest));
	assert_false(scan_cache_seen_key(zero, 0, 10, &first, NULL));
	(void)close(fd);
	(void)close(zero);
}

/* The entry of one key under the name of another is none, nor is one of another kind. */
static void misplaced(void **state)
{
	sk_cleanup(scan_cache_freep) struct scan_cache *c = scan_cache_open(dir, 1 << 20);
	struct scan_cache_key a = key_for("a"), b = key_for("b");
	char from[160] = "", to[160] = "";
	struct sk_buf content;
	size_t n;

	(void)state;
	put(c, "a", "content");
	n = (size_t)snprintf(from, sizeof(from), "%s/", dir);
	memcpy(to, from, n + 1);
	for (size_t i = 0; i < SK_SHA256_SIZE; i++) {
		(void)snprintf(from + n + 2 * i, 3, "%02x", a.digest.bytes[i]);
		(void)snprintf(to + n + 2 * i, 3, "%02x", b.digest.bytes[i]);
	}
	assert_int_equal(rename(from, to), 0);
	assert_false(has(c, "a", ""));
	assert_false(has(c, "b", ""));
	put(c, "a", "content");
	a.kind = SCAN_CACHE_SEEN;
	sk_buf_init(&content, 1 << 20);
	assert_false(scan_cache_get(c, &a, &content));
	sk_buf_release(&content);
}

static void set_age(struct scan_cache *c, const char *text, int seconds)
{
	struct scan_cache_key key = key_for(text);
	struct timespec times[2];
	char path[160];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", dir);

	(void)c;
	for (size_t i = 0; i < SK_SHA256_SIZE; i++)
		(void)snprintf(path + n + 2 * i, 3, "%02x", key.digest.bytes[i]);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &times[0]), 0);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Room for eight files of one block. Used ones are young again. */
static void oldest_first(void **state)
{
	sk_cleanup(scan_cache_freep) struct scan_cache *c = scan_cache_open(dir, 8 * 4096);
	sk_cleanup(scan_cache_freep) struct scan_cache *later = NULL;
	const char *names[] = {"0", "1", "2", "3", "4", "5", "6", "7"};

	(void)state;
	for (int i = 0; i < 8; i++) {
		put(c, names[i], "x");
		set_age(c, names[i], 100000 - i);
	}
	assert_true(has(c, "0", "x"));
	later = scan_cache_open(dir, 8 * 4096);
	put(later, "new", "x");
	put(later, "newer", "x");
	assert_true(has(later, "0", "x"));
	assert_false(has(later, "1", "x"));
	assert_false(has(later, "2", "x"));
	assert_true(has(later, "3", "x"));
	assert_true(has(later, "new", "x"));
	assert_true(has(later, "newer", "x"));
}

static void too_large(void **state)
{
	sk_cleanup(scan_cache_freep) struct scan_cache *c = scan_cache_open(dir, 8 * 4096);
	static char text[3 * 4096];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	put(c, "small", "x");
	put(c, "large", text);
	assert_true(has(c, "small", "x"));
	assert_false(has(c, "large", text));
}

/* Files that a killed process has left count, and go in their turn; strangers stay. */
static void left_behind(void **state)
{
	sk_cleanup(scan_cache_freep) struct scan_cache *c = scan_cache_open(dir, 4 * 4096);
	const struct timespec old[2] = {{1000, 0}, {1000, 0}};
	char path[128];

	(void)state;
	for (int i = 0; i < 6; i++) {
		int fd;

		(void)snprintf(path, sizeof(path), "%s/%s%d", dir, i < 5 ? "tmp-" : "other", i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, "half", 4), 4);
		assert_int_equal(futimens(fd, old), 0);
		(void)close(fd);
	}
	put(c, "a", "x");
	assert_true(has(c, "a", "x"));
	(void)snprintf(path, sizeof(path), "%s/tmp-0", dir);
	assert_int_equal(access(path, F_OK), -1);
	(void)snprintf(path, sizeof(path), "%s/other5", dir);
	assert_int_equal(access(path, F_OK), 0);
}

static void unsafe(void **state)
{
	char path[128];
	struct scan_cache *c;

	(void)state;
	assert_int_equal(chmod(dir, 0777), 0);
	assert_null(scan_cache_open(dir, 1 << 20));
	assert_int_equal(chmod(dir, 0700), 0);
	assert_null(scan_cache_open("", 1 << 20));
	assert_null(scan_cache_open("/dev/null", 1 << 20));
	(void)snprintf(path, sizeof(path), "%s/deep/er", dir);
	c = scan_cache_open(path, 1 << 20);
	assert_non_null(c);
	scan_cache_free(c);
	scan_cache_free(NULL);
}

/* The answer of a worker that digests, and the content of a "seen" entry. */
static void digests_are_checked(void **state)
{
	struct sk_digest d = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("x")), got = {0};
	struct sk_digest other = sk_digest_of(SK_DIGEST_SHA512, sk_span_str("x"));
	struct sk_err err;
	struct sk_buf b;
	uint64_t size = 0;

	(void)state;
	sk_buf_init(&b, 4096);
	sk_wire_put_digest(&b, &d);
	sk_wire_put_u64(&b, 300);
	assert_int_equal(scan_hash_decode(sk_buf_span(&b), &got, &size, &err), 0);
	assert_true(sk_digest_eq(&got, &d));
	assert_int_equal(size, 300);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(
			scan_hash_decode(sk_span_sub(sk_buf_span(&b), 0, n), &got, &size, &err),
			-SK_E_FORMAT);
	(void)sk_buf_add_char(&b, 0);
	assert_int_equal(scan_hash_decode(sk_buf_span(&b), &got, &size, &err), -SK_E_FORMAT);
	sk_buf_reset(&b);
	sk_wire_put_digest(&b, &other);
	sk_wire_put_u64(&b, 1);
	assert_int_equal(scan_hash_decode(sk_buf_span(&b), &got, &size, &err), -SK_E_FORMAT);
	sk_buf_reset(&b);
	sk_wire_put_digest(&b, &d);
	sk_wire_put_u64(&b, UINT64_MAX);
	assert_int_equal(scan_hash_decode(sk_buf_span(&b), &got, &size, &err), -SK_E_FORMAT);
	sk_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps, setup, teardown),
		cmocka_unit_test(keys_differ),
		cmocka_unit_test(digests_are_checked),
		cmocka_unit_test_setup_teardown(identity, setup, teardown),
		cmocka_unit_test_setup_teardown(misplaced, setup, teardown),
		cmocka_unit_test_setup_teardown(oldest_first, setup, teardown),
		cmocka_unit_test_setup_teardown(too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(left_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(unsafe, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
