/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of bytes: each of the 256 against <ctype.h> in the C locale. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ascii.h"

static void agrees_with_the_c_locale(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;

		assert_int_equal(sk_is_digit(c), isdigit(i) != 0);
		assert_int_equal(sk_is_lower(c), islower(i) != 0);
		assert_int_equal(sk_is_upper(c), isupper(i) != 0);
		assert_int_equal(sk_is_alpha(c), isalpha(i) != 0);
		assert_int_equal(sk_is_alnum(c), isalnum(i) != 0);
		assert_int_equal(sk_is_hex(c), isxdigit(i) != 0);
		assert_int_equal(sk_is_space(c), isspace(i) != 0);
		assert_int_equal((unsigned char)sk_lower(c), tolower(i));
		assert_int_equal((unsigned char)sk_upper(c), toupper(i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_c_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
