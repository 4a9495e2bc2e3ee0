/* SPDX-License-Identifier: Apache-2.0 */
/* Mount tables, see proc(5): lines, their escapes, what overlays are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard/mounts.h"

#define OVERLAY(point, options)                                                                    \
	"612 530 0:56 / " point " rw master:1 - overlay overlay " options "\n"

static void lines_are_read(void **state)
{
	static const char *const bad[] = {"",
					  "36",
					  "36 35 98 / / rw - ext4 x rw",
					  "36 35 98:0 / / rw shared:1 ext4 x rw",
					  "36 35 x:0 / / rw - ext4 x rw",
					  "36 35 98:0 / / rw - ext4"};
	struct guard_mount m;

	(void)state;
	assert_true(guard_mount_parse(
		sk_span_str("36 35 98:7 /m /x rw,noatime master:1 shared:2 - ext3 /dev/r rw,e=c"),
		&m));
	assert_int_equal(m.major, 98);
	assert_int_equal(m.minor, 7);
	assert_true(sk_span_eq_str(m.point, "/x"));
	assert_true(sk_span_eq_str(m.type, "ext3"));
	assert_true(sk_span_eq_str(m.options, "rw,e=c"));
	for (size_t i = 0; i < SK_ARRAY_LEN(bad); i++)
		assert_false(guard_mount_parse(sk_span_str(bad[i]), &m));
}

static void escapes_are_undone(void **state)
{
	char text[8];

	(void)state;
	assert_true(guard_mount_text(sk_span_str("a\\040b\\134"), text, sizeof(text)));
	assert_string_equal(text, "a b\\");
	assert_true(guard_mount_text(sk_span_str("\\04\\9"), text, sizeof(text)));
	assert_string_equal(text, "\\04\\9");
	assert_true(guard_mount_text(sk_span_str("1234567"), text, sizeof(text)));
	assert_false(guard_mount_text(sk_span_str("12345678"), text, sizeof(text)));
	assert_false(guard_mount_text(sk_span_str("a\\000b"), text, sizeof(text)));
}

static void overlays_are_found(void **state)
{
	static const struct {
		const char *table, *dir, *layers;
	} tables[] = {
		{OVERLAY("/", "rw,lowerdir=/l/b:/l/a,upperdir=/d,workdir=/w"), "/", "/d:/l/b:/l/a"},
		{OVERLAY("/", "rw,upperdir=/d,lowerdir=/l"), "/", "/d:/l"},
		{OVERLAY("/", "ro,lowerdir=/b:/a"), "/", ":/b:/a"},
		{OVERLAY("/", "rw,lowerdir+=/b,lowerdir+=/a,upperdir=/d"), "/", "/d:/b:/a"},
		{OVERLAY("/r", "rw,lowerdir=/b\\040c:/a\\054,upperdir=/d"), "/r", "/d:/b c:/a,"},
		{OVERLAY("/r\\040s", "rw,lowerdir=/l"), "/r s", ":/l"},
		/* what is mounted over it later is not the root directory */
		{OVERLAY("/", "rw,lowerdir=/l") OVERLAY("/", "rw,lowerdir=/m"), "/", ":/l"},
		{"1 0 0:1 / / rw - tmpfs t rw\n" OVERLAY("/x", "rw,lowerdir=/l"), "/x", ":/l"},
		{OVERLAY("/", "rw,upperdir=/d"), "/", NULL},
		{OVERLAY("/x", "rw,lowerdir=/l"), "/", NULL},
		{"1 0 0:1 / / rw - ext4 overlay rw,lowerdir=/l\n", "/", NULL},
		{"", "/", NULL},
	};
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 4096);
	for (size_t i = 0; i < SK_ARRAY_LEN(tables); i++) {
		sk_buf_reset(&b);
		assert_int_equal(
			guard_mounts_overlay(sk_span_str(tables[i].table), tables[i].dir, &b),
			tables[i].layers != NULL);
		if (tables[i].layers != NULL)
			assert_string_equal(b.ptr, tables[i].layers);
	}
	sk_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(overlays_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
