/* SPDX-License-Identifier: Apache-2.0 */
/* The ELF reader: this program, a made-up file, and what is left when it is cut or changed. */
#include <elf.h>
#include <stdio.h>

#include "guard/elf-read.h"
#include "guard/test-util.h"

struct bytes {
	unsigned char *ptr;
	size_t len;
};

static int read_bytes(void *ctx, uint64_t off, void *buf, size_t len)
{
	const struct bytes *b = ctx;

	if (off > b->len || len > b->len - off)
		fail_msg("read beyond the end: %llu", (unsigned long long)off);
	if (len != 0)
		memcpy(buf, b->ptr + off, len);
	return 0;
}

static int parse(struct sk_arena *a, const struct bytes *b, size_t len, struct guard_elf *ret)
{
	struct bytes part = {b->ptr, len};
	const struct guard_elf_source src = {.read = read_bytes, .ctx = &part, .size = len};
	struct sk_err err = {0};

	return guard_elf_read(&src, a, ret, &err);
}

static struct bytes load(const char *path)
{
	struct sk_err err = {0};
	struct bytes b;
	struct sk_buf buf;

	sk_buf_init(&buf, 64 << 20);
	if (sk_read_file(AT_FDCWD, path, &buf, &err) < 0)
		fail_msg("%s", err.msg);
	b.len = buf.len;
	b.ptr = (unsigned char *)sk_buf_steal(&buf);
	return b;
}

static void own_program(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct bytes b = load("/proc/self/exe");
	bool libc = false;
	struct guard_elf elf;

	(void)state;
	assert_int_equal(parse(a, &b, b.len, &elf), 1);
	assert_true(elf.is_64 == (sizeof(void *) == 8));
	assert_non_null(elf.interp);
	assert_int_equal(elf.interp[0], '/');
	for (size_t i = 0; i < elf.n_needed; i++)
		libc = libc || strcmp(elf.needed[i], "libc.so.6") == 0;
	assert_true(libc);
	sk_free(b.ptr);
	sk_arena_free(a);
}

static const char *corpus;

static void made_up(void **state)
{
	static const char *const names[] = {"elf32", "elf64"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sk_arena *a = sk_arena_new();
		struct guard_elf elf;
		struct bytes b;
		char path[4096];

		(void)snprintf(path, sizeof(path), "%s/%s", corpus, names[i]);
		b = load(path);
		assert_int_equal(parse(a, &b, b.len, &elf), 1);
		assert_int_equal(elf.is_64, i);
		assert_int_equal(elf.n_needed, 2);
		assert_string_equal(elf.needed[0], "libc.so.6");
		assert_string_equal(elf.needed[1], "libm.so.6");
		assert_string_equal(elf.soname, "libx.so");
		assert_string_equal(elf.runpath, "$ORIGIN/../lib:/opt/lib");
		assert_null(elf.rpath);
		assert_string_equal(elf.interp, "/lib64/ld-linux-x86-64.so.2");
		sk_free(b.ptr);
		sk_arena_free(a);
	}
}

/* Every prefix, and every single byte set to 0xff, ends with a verdict and no read outside. */
static void damaged(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct guard_elf elf;
	struct bytes b;
	char path[4096];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/elf64", corpus);
	b = load(path);
	for (size_t len = 0; len < b.len; len++) {
		int r = parse(a, &b, len, &elf);

		/* the end of the dynamic section is a NULL entry and padding: not needed */
		assert_true(len < 16 ? r == 0 : r < 0 || len + 16 >= b.len);
	}
	for (size_t i = 0; i < b.len; i++) {
		unsigned char was = b.ptr[i];

		b.ptr[i] = 0xff;
		(void)(parse(a, &b, b.len, &elf) < 0);
		b.ptr[i] = was;
	}
	b.ptr[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(parse(a, &b, b.len, &elf), -SK_E_UNSUPPORTED);
	sk_free(b.ptr);
	sk_arena_free(a);
}

static void other_files(void **state)
{
	unsigned char script[] = "#!/bin/sh\necho no program at all\n";
	struct bytes b = {script, sizeof(script) - 1};
	struct sk_arena *a = sk_arena_new();
	struct guard_elf elf;

	(void)state;
	assert_int_equal(parse(a, &b, b.len, &elf), 0);
	assert_int_equal(parse(a, &b, 0, &elf), 0);
	sk_arena_free(a);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_program),
		cmocka_unit_test(made_up),
		cmocka_unit_test(damaged),
		cmocka_unit_test(other_files),
	};
	static char path[4096];

	(void)snprintf(path, sizeof(path), "%s/../../../fuzz/corpus/guard_elf",
		       argc > 1 ? argv[1] : "testdata");
	corpus = path;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
