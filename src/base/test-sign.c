/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519: the first test vectors of RFC 8032, section 7.1, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parse.h"
#include "base/sign.h"

/* The keys of RFC 8032's TEST 2 in PEM, and its signature of the byte 0x72. */
static const char private_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
	"-----END PRIVATE KEY-----\n";
static const char public_pem[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
				 "-----END PUBLIC KEY-----\n";
static const char signature_hex[] =
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

static void signs_as_the_rfc(void **state)
{
	uint8_t expected[SK_SIGNATURE_SIZE], got[SK_SIGNATURE_SIZE];
	sk_cleanup(sk_key_freep) struct sk_key *key = NULL;
	struct sk_err err;

	(void)state;
	assert_true(sk_parse_hex(sk_span_str(signature_hex), expected, sizeof(expected)));
	assert_int_equal(sk_key_read_private(sk_span_str(private_pem), &key, &err), 0);
	assert_int_equal(sk_key_sign(key, sk_span_of("\x72", 1), got, &err), 0);
	assert_memory_equal(got, expected, sizeof(got));
}

static void verifies_and_refuses(void **state)
{
	sk_cleanup(sk_key_freep) struct sk_key *key = NULL;
	uint8_t signature[SK_SIGNATURE_SIZE];
	struct sk_span whole = sk_span_of(signature, sizeof(signature));
	struct sk_err err;

	(void)state;
	assert_true(sk_parse_hex(sk_span_str(signature_hex), signature, sizeof(signature)));
	assert_int_equal(sk_key_read_public(sk_span_str(public_pem), &key, &err), 0);
	assert_int_equal(sk_key_verify(key, sk_span_of("\x72", 1), whole, &err), 0);
	assert_int_equal(sk_key_verify(key, sk_span_of("\x73", 1), whole, &err), -SK_E_SIGNATURE);
	assert_int_equal(sk_key_verify(key, sk_span_of("\x72", 1), sk_span_sub(whole, 0, 63), &err),
			 -SK_E_SIGNATURE);
	signature[5] ^= 1;
	assert_int_equal(sk_key_verify(key, sk_span_of("\x72", 1), whole, &err), -SK_E_SIGNATURE);
	assert_int_equal(sk_key_sign(key, sk_span_of("\x72", 1), signature, &err),
			 -SK_E_UNSUPPORTED);
}

static void refuses_what_is_no_key(void **state)
{
	struct sk_key *key = NULL;
	struct sk_err err;

	(void)state;
	assert_int_equal(sk_key_read_private(sk_span_str(public_pem), &key, &err), -SK_E_FORMAT);
	assert_int_equal(sk_key_read_public(sk_span_str("hello"), &key, &err), -SK_E_FORMAT);
	assert_int_equal(sk_key_read_public(sk_span_str(""), &key, &err), -SK_E_FORMAT);
	assert_null(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_as_the_rfc),
		cmocka_unit_test(verifies_and_refuses),
		cmocka_unit_test(refuses_what_is_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
