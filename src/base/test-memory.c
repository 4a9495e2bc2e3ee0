/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: arenas, growing buffers, maps, aborting allocation. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"

static void allocates(void **state)
{
	sk_cleanup(sk_freep) unsigned char *zeroed = sk_alloc(100);
	sk_cleanup(sk_freep) char *copy = sk_strdup("text");
	size_t n_items = 0, cap = 0, result = 7;
	int *items = NULL;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(zeroed[i], 0);
	assert_string_equal(copy, "text");
	for (int i = 0; i < 1000; i++) {
		SK_GROW(items, n_items, cap);
		items[n_items++] = i;
	}
	assert_true(cap >= 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	sk_free(items);
	sk_free(sk_alloc(0));
	sk_free(sk_realloc_array(NULL, 0, 8));
	assert_true(sk_size_mul(6, 7, &result) && result == 42);
	assert_false(sk_size_mul(SIZE_MAX, 2, &result));
	assert_true(sk_size_add(40, 2, &result) && result == 42);
	assert_false(sk_size_add(SIZE_MAX, 1, &result));
}

/* Does a child that runs @fn come to its end in peace? A sanitizer may stop it before our abort().
 */
static bool survives(void (*fn)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)close(STDERR_FILENO);
		/* Sanitizers and cmocka must not catch it. */
		(void)signal(SIGABRT, SIG_DFL);
		fn();
		_exit(0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void ask_too_much_array(void)
{
	volatile size_t n = SIZE_MAX / 2;

	sk_free(sk_realloc_array(NULL, n, 16));
}

static void ask_too_much_arena(void)
{
	struct sk_arena *a = sk_arena_new();
	volatile size_t n = SIZE_MAX / 2;

	(void)sk_arena_array(a, n, 16);
}

static void ask_too_much_block(void)
{
	struct sk_arena *a = sk_arena_new();
	volatile size_t n = SIZE_MAX - 8;

	(void)sk_arena_alloc(a, n);
}

static void ask_little(void)
{
	sk_free(sk_realloc_array(NULL, 2, 16));
}

static void aborts_on_absurd_sizes(void **state)
{
	(void)state;
	assert_true(survives(ask_little));
	assert_false(survives(ask_too_much_array));
	assert_false(survives(ask_too_much_arena));
	assert_false(survives(ask_too_much_block));
}

static void fills_arenas(void **state)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	unsigned char *blocks[600];
	char *text;

	(void)state;
	for (size_t i = 0; i < 600; i++) {
		/* Small ones, and some that get a block of their own. */
		size_t size = i % 100 == 99 ? 300 * 1024 : i + 1;

		blocks[i] = sk_arena_alloc(a, size);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		for (size_t j = 0; j < size; j += 61)
			assert_int_equal(blocks[i][j], 0);
		memset(blocks[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < 600; i++)
		assert_int_equal(blocks[i][0], i & 0xff);
	assert_true(sk_arena_used(a) > 6 * 300 * 1024);
	text = sk_arena_printf(a, "%s-%d", "x", 12);
	assert_string_equal(text, "x-12");
	assert_string_equal(sk_arena_str(a, sk_span_of("abcd", 2)), "ab");
	assert_string_equal(sk_arena_str(a, (struct sk_span){NULL, 0}), "");
	assert_null(sk_arena_strdup(a, NULL));
	assert_string_equal(sk_arena_strdup(a, "y"), "y");
	sk_arena_free(NULL);
}

static void grows_buffers(void **state)
{
	struct sk_buf b;
	char *content;

	(void)state;
	sk_buf_init(&b, 1000);
	assert_null(b.ptr);
	assert_true(sk_buf_add(&b, NULL, 0));
	assert_true(sk_buf_add_str(&b, "one"));
	assert_true(sk_buf_add_char(&b, ' '));
	assert_true(sk_buf_add_span(&b, sk_span_str("two")));
	assert_true(sk_buf_printf(&b, " %d%c", 3, '!'));
	assert_string_equal(b.ptr, "one two 3!");
	assert_true(sk_span_eq_str(sk_buf_span(&b), "one two 3!"));
	sk_buf_reset(&b);
	assert_int_equal(b.len, 0);
	for (int i = 0; i < 1000; i++)
		assert_true(sk_buf_add_char(&b, 'x'));
	assert_false(b.overflow);
	/* Full: refused, remembered, content kept. */
	assert_false(sk_buf_add_char(&b, 'y'));
	assert_false(sk_buf_printf(&b, "%d", 1));
	assert_null(sk_buf_reserve(&b, 1));
	assert_null(sk_buf_reserve(&b, SIZE_MAX));
	assert_ptr_equal(sk_buf_reserve(&b, 0), b.ptr + 1000);
	assert_true(b.overflow);
	assert_int_equal(b.len, 1000);
	assert_int_equal(strlen(b.ptr), 1000);
	content = sk_buf_steal(&b);
	assert_int_equal(strlen(content), 1000);
	assert_null(b.ptr);
	sk_free(content);
	content = sk_buf_steal(&b);
	assert_string_equal(content, "");
	sk_free(content);
	sk_buf_reset(&b);
	sk_buf_release(&b);
}

static void maps(void **state)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct sk_map m = {0};
	struct sk_span key;
	uint64_t value, sum = 0;
	size_t pos = 0, n = 0;

	(void)state;
	assert_false(sk_map_get(&m, sk_span_str("x"), &value));
	assert_false(sk_map_next(&m, &pos, &key, &value));
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(*sk_map_put(&m, sk_span_str(sk_arena_printf(a, "k%d", (int)i)), i),
				 i);
	assert_int_equal(m.n_items, 5000);
	/* An existing key keeps its value, which can be changed in place. */
	assert_int_equal(*sk_map_put(&m, sk_span_str("k7"), 99), 7);
	*sk_map_put(&m, sk_span_str("k7"), 99) = 70;
	assert_int_equal(m.n_items, 5000);
	assert_true(sk_map_get(&m, sk_span_str("k7"), &value) && value == 70);
	assert_true(sk_map_get(&m, sk_span_str("k4999"), NULL));
	assert_false(sk_map_get(&m, sk_span_str("k5000"), &value));
	*sk_map_put(&m, sk_span_of("", 0), 1) = 0;
	assert_true(sk_map_get(&m, (struct sk_span){NULL, 0}, NULL));
	for (pos = 0; sk_map_next(&m, &pos, &key, &value); n++)
		sum += value;
	assert_int_equal(n, 5001);
	assert_int_equal(sum, 5000ull * 4999 / 2 + 63);
	sk_map_release(&m);
	assert_false(sk_map_get(&m, sk_span_str("k7"), &value));
}

static void hashes_the_same_everywhere(void **state)
{
	/* SipHash-1-3 with an all-zero key, computed by an independent implementation of the paper.
	 */
	(void)state;
	assert_true(sk_hash64(sk_span_str("")) == UINT64_C(0xd1fba762150c532c));
	assert_true(sk_hash64(sk_span_str("stockade")) == UINT64_C(0x2d00bc33c8dc9882));
	assert_true(sk_hash64(sk_span_str("a longer text of 27 bytes..")) ==
		    UINT64_C(0x45de156dc4cf085b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocates),    cmocka_unit_test(aborts_on_absurd_sizes),
		cmocka_unit_test(fills_arenas), cmocka_unit_test(grows_buffers),
		cmocka_unit_test(maps),         cmocka_unit_test(hashes_the_same_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
