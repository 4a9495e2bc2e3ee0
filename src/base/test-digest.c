/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: the examples of FIPS 180-4, textual form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/digest.h"

static const char abc_256[] =
	"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char abc_512[] =
	"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
static const char empty_256[] =
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void hashes(void **state)
{
	char text[SK_DIGEST_TEXT_SIZE];
	struct sk_digest d = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("abc"));

	(void)state;
	assert_string_equal(sk_digest_text(&d, text), abc_256);
	d = sk_digest_of(SK_DIGEST_SHA512, sk_span_str("abc"));
	assert_string_equal(sk_digest_text(&d, text), abc_512);
	d = sk_digest_of(SK_DIGEST_SHA256, (struct sk_span){NULL, 0});
	assert_string_equal(sk_digest_text(&d, text), empty_256);
	d = (struct sk_digest){0};
	assert_string_equal(sk_digest_text(&d, text), "");
}

static void hashes_in_pieces(void **state)
{
	static const enum sk_digest_alg algs[] = {SK_DIGEST_SHA256, SK_DIGEST_SHA512};
	static const char *const expected[] = {abc_256, abc_512};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		sk_cleanup(sk_hasher_freep) struct sk_hasher *h = sk_hasher_new(algs[i]);
		char text[SK_DIGEST_TEXT_SIZE];
		struct sk_digest d;

		/* Twice: finishing starts over. */
		for (int round = 0; round < 2; round++) {
			sk_hasher_add(h, "a", 1);
			sk_hasher_add(h, NULL, 0);
			sk_hasher_add(h, "bc", 2);
			sk_hasher_finish(h, &d);
			assert_string_equal(sk_digest_text(&d, text), expected[i]);
		}
	}
	sk_hasher_free(NULL);
}

static void parses(void **state)
{
	static const char *const bad[] = {
		"",
		"sha256:",
		"sha256:ba78",
		"md5:d41d8cd98f00b204e9800998ecf8427e",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag",
		"sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	};
	struct sk_digest a, b, none = {0};

	(void)state;
	assert_true(sk_digest_parse(sk_span_str(abc_256), &a));
	b = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("abc"));
	assert_true(sk_digest_eq(&a, &b));
	assert_true(sk_digest_parse(sk_span_str(abc_512), &b));
	assert_false(sk_digest_eq(&a, &b));
	assert_false(sk_digest_eq(&none, &none));
	b = a;
	b.bytes[31] ^= 1;
	assert_false(sk_digest_eq(&a, &b));
	for (size_t i = 0; i < SK_ARRAY_LEN(bad); i++)
		assert_false(sk_digest_parse(sk_span_str(bad[i]), &b));
	assert_int_equal(sk_digest_size(SK_DIGEST_NONE), 0);
	assert_int_equal(sk_digest_size(SK_DIGEST_SHA256), 32);
	assert_int_equal(sk_digest_size(SK_DIGEST_SHA512), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test(hashes_in_pieces),
		cmocka_unit_test(parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
