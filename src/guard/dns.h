/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages as far as the guard needs them: the question, the addresses that an answer gives for
 * it and the names on the way (RFC 1035 section 4, RFC 3596). Every byte is hostile: lengths are
 * checked, compression must lead backwards, a message costs a bounded time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/span.h"

enum {
	GUARD_DNS_WIRE_SIZE = 255,           /* longest name on the wire, with the root's length */
	GUARD_DNS_TEXT_SIZE = 4 * 255 + 1,   /* longest text of one, every byte as \DDD, and NUL */
	GUARD_DNS_MAX_ADDRESSES = 64,        /* kept of one answer */
	GUARD_DNS_MAX_ALIASES = 8,           /* followed */
	GUARD_DNS_QUERY_SIZE = 12 + 255 + 4, /* longest question */
	GUARD_DNS_A = 1,
	GUARD_DNS_AAAA = 28,
};

/** struct guard_dns_address - of the name that was asked for */
struct guard_dns_address {
	uint16_t family;  /* AF_INET, AF_INET6 */
	uint8_t addr[16]; /* IPv4 in the first four bytes */
	uint32_t ttl;     /* seconds; the least on the way from the name to the address */
};

/** struct guard_dns - a message */
struct guard_dns {
	uint16_t id;
	bool is_answer;
	bool truncated; /* there was more: said by the server, or behind the end of what was given
			 */
	uint8_t code;   /* of an answer: 0 none, 2 server failure, 3 no such name, … */
	uint16_t type;  /* of the question */
	char name[GUARD_DNS_TEXT_SIZE]; /* asked for: lower case, no dot at the end; "." the root */
	struct guard_dns_address addresses[GUARD_DNS_MAX_ADDRESSES];
	size_t n_addresses;
	char aliases[GUARD_DNS_MAX_ALIASES][GUARD_DNS_TEXT_SIZE]; /* the name's other names */
	size_t n_aliases;
};

/**
 * guard_dns_parse() - read a message
 * @message: bytes; may end early
 * @ret: written on success
 *
 * Addresses are those of the name that was asked for and of the aliases that lead on from it,
 * wherever in the answer they stand; others are left out. Names are text: a byte that is no letter,
 * digit, '-' or '_' is written as \DDD.
 * Return: false when it is no message with one question of class IN.
 */
sk_must_check bool guard_dns_parse(struct sk_span message, struct guard_dns *ret);

/**
 * guard_dns_wire() - a name as it is on the wire, in lower case
 * @name: text as guard_dns_parse() writes it
 * @ret: GUARD_DNS_WIRE_SIZE bytes
 *
 * Return: bytes, 0 when it is no name.
 */
size_t guard_dns_wire(struct sk_span name, uint8_t *ret);

/** struct guard_dns_pattern - a name, or all names below one */
struct guard_dns_pattern {
	bool wildcard; /* "*.NAME", "*" */
	size_t len;
	uint8_t wire[GUARD_DNS_WIRE_SIZE];
};

/**
 * guard_dns_pattern() - read a name as profiles write it
 * @text: "db.example.org", "*.example.org" for all below but not itself, "*" for all
 * @ret: written on success
 *
 * Return: false when it is none.
 */
sk_must_check bool guard_dns_pattern(struct sk_span text, struct guard_dns_pattern *ret);

/**
 * guard_dns_query() - make a question
 * @name: text
 * @type: GUARD_DNS_A, GUARD_DNS_AAAA
 * @id: number
 * @ret: GUARD_DNS_QUERY_SIZE bytes
 *
 * Return: bytes, 0 when @name is no name.
 */
size_t guard_dns_query(struct sk_span name, uint16_t type, uint16_t id, uint8_t *ret);

/**
 * guard_dns_type_name() - word for a type of question
 * @type: any value
 *
 * Return: static text such as "AAAA", NULL when it has none here.
 */
const char *guard_dns_type_name(uint16_t type);

/**
 * guard_dns_code_name() - word for what an answer says
 * @code: any value
 *
 * Return: static text such as "NXDOMAIN", NULL for no error and unknown ones.
 */
const char *guard_dns_code_name(uint8_t code);
