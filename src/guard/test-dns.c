/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages, well-formed and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/defs.h"
#include "guard/dns.h"

/* A message from text: hexadecimal digits, 'words' as they are, blanks ignored. */
static size_t bytes_of(const char *text, uint8_t *to)
{
	size_t n = 0;
	unsigned value;

	while (*text != '\0') {
		if (*text == ' ') {
			text++;
		} else if (*text == '\'') {
			for (text++; *text != '\''; text++)
				to[n++] = (uint8_t)*text;
			text++;
		} else {
			char pair[3] = {text[0], text[1], '\0'};

			value = 0;
			for (int i = 0; i < 2; i++)
				value = value * 16 + (unsigned)(pair[i] <= '9'
									? pair[i] - '0'
									: pair[i] - 'a' + 10);
			to[n++] = (uint8_t)value;
			text += 2;
		}
	}
	return n;
}

static bool parse(const char *text, struct guard_dns *m)
{
	uint8_t bytes[2048];

	return guard_dns_parse(sk_span_of(bytes, bytes_of(text, bytes)), m);
}

#define ASKED "02'db'07'example'03'org'00 0001 0001 "
#define ANSWER(n) "1234 8180 0001 00" n " 0000 0000 " ASKED
#define A_OF(owner, addr) owner " 0001 0001 00000e10 0004 " addr " "
#define CNAME_OF(owner, ttl, len, target) owner " 0005 0001 " ttl " " len " " target " "

static void questions(void **state)
{
	struct guard_dns m;

	(void)state;
	assert_true(
		parse("1234 0100 0001 0000 0000 0000 02'dB'07'EXAMPLE'03'org'00 001c 0001", &m));
	assert_int_equal(m.id, 0x1234);
	assert_int_equal(m.type, GUARD_DNS_AAAA);
	assert_string_equal(m.name, "db.example.org");
	assert_false(m.is_answer);
	assert_true(parse("0000 0100 0001 0000 0000 0000 00 0002 0001", &m));
	assert_string_equal(m.name, ".");
	/* a dot inside a label is no border */
	assert_true(parse("0000 0100 0001 0000 0000 0000 03'a.b'00 0001 0001", &m));
	assert_string_equal(m.name, "a\\046b");
}

static void answers(void **state)
{
	struct guard_dns m;

	(void)state;
	assert_true(parse(ANSWER("02") A_OF("c00c", "0a000001") A_OF("c00c", "0a000002"), &m));
	assert_true(m.is_answer);
	assert_int_equal(m.n_addresses, 2);
	assert_int_equal(m.addresses[1].family, AF_INET);
	assert_memory_equal(m.addresses[1].addr, "\x0a\0\0\x02", 4);
	assert_int_equal(m.addresses[0].ttl, 3600);
	assert_false(m.truncated);
	/* the chain, though the records stand the other way round; the least time counts */
	assert_true(parse(ANSWER("03") A_OF("01'x'c00f", "0a000003")
				  CNAME_OF("01'y'c00f", "0000003c", "0004", "01'x'c00f")
					  CNAME_OF("c00c", "00000e10", "0004", "01'Y'c00f"),
			  &m));
	assert_int_equal(m.n_aliases, 2);
	assert_string_equal(m.aliases[0], "y.example.org");
	assert_string_equal(m.aliases[1], "x.example.org");
	assert_int_equal(m.n_addresses, 1);
	assert_int_equal(m.addresses[0].ttl, 60);
	/* IPv6 */
	assert_true(parse("1234 8180 0001 0001 0000 0000 01'a'00 001c 0001 "
			  "c00c 001c 0001 0000003c 0010 20010db8000000000000000000000001",
			  &m));
	assert_int_equal(m.addresses[0].family, AF_INET6);
	/* no such name */
	assert_true(parse("1234 8183 0001 0000 0000 0000 " ASKED, &m));
	assert_string_equal(guard_dns_code_name(m.code), "NXDOMAIN");
}

static void hostile(void **state)
{
	static const char *const none[] = {
		"",
		"1234",
		/* no question, two of them, another operation, another class */
		"1234 8180 0000 0001 0000 0000 " ASKED,
		"1234 8180 0002 0001 0000 0000 " ASKED ASKED,
		"1234 a980 0001 0001 0000 0000 " ASKED,
		"1234 8180 0001 0000 0000 0000 01'a'00 0001 0003",
		/* the name ends too early, is compressed, has a reserved length */
		"1234 8180 0001 0000 0000 0000 05'a'",
		"1234 8180 0001 0000 0000 0000 c000 0001 0001",
		"1234 8180 0001 0000 0000 0000 41'a'00 0001 0001",
		"1234 8180 0001 0000 0000 0000 01'a'00 0001 00",
	};
	static const char *const empty[] = {
		/* another name's address, another class, wrong lengths */
		ANSWER("01") A_OF("04'evil'00", "0a000001"),
		ANSWER("01") "c00c 0001 0003 00000e10 0004 0a000001",
		ANSWER("01") "c00c 0001 0001 00000e10 0005 0a00000100",
		ANSWER("01") "c00c 001c 0001 00000e10 0004 0a000001",
		/* loops: to itself, forwards, two names in a circle */
		ANSWER("01") A_OF("c020", "0a000001"),
		ANSWER("01") A_OF("c0ff", "0a000001"),
		ANSWER("02") CNAME_OF("c00c", "00000e10", "0002", "c00c")
			A_OF("01'x'00", "0a000001"),
		ANSWER("02") CNAME_OF("c00c", "00000e10", "0004", "01'x'c00f")
			CNAME_OF("01'x'c00f", "00000e10", "0002", "c00c"),
		/* an alias whose name is longer than its record */
		ANSWER("02") CNAME_OF("c00c", "00000e10", "0002", "01'x'00")
			A_OF("01'x'00", "0a000001"),
		/* cut off, and more promised than there is */
		ANSWER("01") "c00c 0001 0001 00000e10 0004 0a0000",
		ANSWER("ff"),
	};
	struct guard_dns m;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(none); i++)
		assert_false(parse(none[i], &m));
	for (size_t i = 0; i < SK_ARRAY_LEN(empty); i++) {
		assert_true(parse(empty[i], &m));
		assert_int_equal(m.n_addresses, 0);
	}
	assert_true(m.truncated);
}

/* More records than are looked at, more addresses than are kept. */
static void many(void **state)
{
	uint8_t bytes[12 + 20 + 200 * 16];
	size_t n = bytes_of(ANSWER("c8"), bytes);
	struct guard_dns m;

	(void)state;
	for (int i = 0; i < 200; i++)
		n += bytes_of(A_OF("c00c", "0a000001"), bytes + n);
	assert_true(guard_dns_parse(sk_span_of(bytes, n), &m));
	assert_int_equal(m.n_addresses, GUARD_DNS_MAX_ADDRESSES);
	assert_true(m.truncated);
}

static void names(void **state)
{
	static const char *const bad[] = {
		"a..b",
		".a",
		"a b",
		"a\\",
		"a\\25",
		"a\\256",
		"\xc3\xa4.de",
		"0123456789012345678901234567890123456789012345678901234567890123.org"};
	uint8_t wire[GUARD_DNS_WIRE_SIZE], query[GUARD_DNS_QUERY_SIZE];
	char most[300] = "";
	struct guard_dns m;

	(void)state;
	assert_int_equal(guard_dns_wire(sk_span_str("Db.Example.ORG."), wire), 16);
	assert_memory_equal(wire, "\2db\7example\3org", 16);
	assert_int_equal(guard_dns_wire(sk_span_str("."), wire), 1);
	for (size_t i = 0; i < SK_ARRAY_LEN(bad); i++)
		assert_int_equal(guard_dns_wire(sk_span_str(bad[i]), wire), 0);
	/* 253 letters and dots are the most */
	for (size_t i = 0; i < 253; i++)
		most[i] = i % 2 == 0 ? 'a' : '.';
	assert_int_equal(guard_dns_wire(sk_span_str(most), wire), 255);
	assert_int_equal(guard_dns_wire(sk_span_of("b.", 2), wire), 3);
	most[253] = 'a';
	assert_int_equal(guard_dns_wire(sk_span_str(most), wire), 0);
	most[253] = '\0';
	assert_true(guard_dns_parse(
		sk_span_of(query, guard_dns_query(sk_span_str(most), GUARD_DNS_A, 7, query)), &m));
	assert_string_equal(m.name, most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions), cmocka_unit_test(answers), cmocka_unit_test(hostile),
		cmocka_unit_test(many),      cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
