/* SPDX-License-Identifier: Apache-2.0 */
/* Reading DNS messages (RFC 1035, RFC 3596) from hostile servers, and writing questions. */
#include "guard/dns.h"

#include <string.h>
#include <sys/socket.h>

enum {
	HEADER_SIZE = 12,
	LABEL_MAX = 63,
	MAX_JUMPS = 127,  /* of one compressed name: each leads to at least one byte of it */
	MAX_RECORDS = 96, /* looked at in one answer */
	TYPE_CNAME = 5,
	CLASS_IN = 1,
	FLAG_ANSWER = 0x80,
	FLAG_TRUNCATED = 0x02,
	OPCODE_MASK = 0x78,
};

/** struct wire - a name, not compressed, lower case */
struct wire {
	uint8_t bytes[GUARD_DNS_WIRE_SIZE];
	size_t len;
};

/** struct record - where a resource record is */
struct record {
	size_t owner; /* offset of its name */
	size_t data;
	uint16_t type;
	uint16_t len;
	uint32_t ttl;
	bool used;
};

/** struct answer - the records of a message */
struct answer {
	struct sk_span message;
	struct record records[MAX_RECORDS];
	size_t n_records;
};

static uint8_t byte_at(struct sk_span m, size_t off)
{
	return ((const uint8_t *)m.ptr)[off];
}

static bool u16_at(struct sk_span m, size_t off, uint16_t *ret)
{
	if (off + 2 > m.len)
		return false;
	*ret = (uint16_t)(byte_at(m, off) << 8 | byte_at(m, off + 1));
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/*
 * Reads the name at @off, follows compression backwards only. @ret_end: behind it, where it was not
 * compressed.
 */
static bool read_name(struct sk_span m, size_t off, struct wire *ret, size_t *ret_end)
{
	size_t end = 0, lowest = off;
	unsigned jumps = 0;

	ret->len = 0;
	while (off < m.len) {
		uint8_t len = byte_at(m, off);

		if (len >= 0xc0) {
			uint16_t to;

			if (!u16_at(m, off, &to) || ++jumps > MAX_JUMPS)
				return false;
			end = end == 0 ? off + 2 : end;
			off = to & 0x3fffu;
			if (off >= lowest)
				return false;
			lowest = off;
			continue;
		}
		if (len > LABEL_MAX || off + 1 + len > m.len ||
		    ret->len + 1 + len > GUARD_DNS_WIRE_SIZE - (len != 0))
			return false;
		ret->bytes[ret->len++] = len;
		for (size_t i = 1; i <= len; i++)
			ret->bytes[ret->len++] = lower(byte_at(m, off + i));
		off += 1u + len;
		if (len == 0) {
			*ret_end = end == 0 ? off : end;
			return true;
		}
	}
	return false;
}

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void write_text(const struct wire *name, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < name->len && name->bytes[i] != 0; i += 1u + name->bytes[i]) {
		if (n != 0)
			to[n++] = '.';
		for (size_t j = i + 1; j <= i + name->bytes[i]; j++) {
			uint8_t c = name->bytes[j];

			if (is_plain(c)) {
				to[n++] = (char)c;
				continue;
			}
			to[n++] = '\\';
			to[n++] = (char)('0' + c / 100);
			to[n++] = (char)('0' + c / 10 % 10);
			to[n++] = (char)('0' + c % 10);
		}
	}
	if (n == 0)
		to[n++] = '.';
	to[n] = '\0';
}

static bool same(const struct wire *a, const struct wire *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Where the records of the answer section are; returns false when the message ends before them. */
static bool find_records(struct answer *a, size_t off, size_t n)
{
	struct wire owner;

	for (size_t i = 0; i < n; i++) {
		struct record *r = &a->records[i];
		uint16_t class, high, low;

		if (i == MAX_RECORDS)
			return false;
		r->owner = off;
		if (!read_name(a->message, off, &owner, &off) ||
		    !u16_at(a->message, off, &r->type) || !u16_at(a->message, off + 2, &class) ||
		    !u16_at(a->message, off + 4, &high) || !u16_at(a->message, off + 6, &low) ||
		    !u16_at(a->message, off + 8, &r->len) || off + 10 + r->len > a->message.len)
			return false;
		r->data = off + 10;
		r->ttl = (uint32_t)high << 16 | low;
		r->used = class != CLASS_IN;
		off += 10u + r->len;
		a->n_records++;
	}
	return true;
}

static void take_address(const struct answer *a, const struct record *r, uint32_t ttl,
			 struct guard_dns *ret)
{
	struct guard_dns_address *to;

	if (ret->n_addresses == GUARD_DNS_MAX_ADDRESSES ||
	    !((r->type == GUARD_DNS_A && r->len == 4) ||
	      (r->type == GUARD_DNS_AAAA && r->len == 16)))
		return;
	to = &ret->addresses[ret->n_addresses++];
	memset(to, 0, sizeof(*to));
	to->family = r->type == GUARD_DNS_A ? AF_INET : AF_INET6;
	memcpy(to->addr, (const uint8_t *)a->message.ptr + r->data, r->len);
	to->ttl = r->ttl < ttl ? r->ttl : ttl;
}

/* Takes the addresses of a name; @name becomes its alias. Returns false at the end of the chain. */
static bool follow(struct answer *a, struct wire *name, uint32_t *ttl, struct guard_dns *ret)
{
	struct record *alias = NULL;
	struct wire owner, target;
	size_t end;

	for (size_t i = 0; i < a->n_records; i++) {
		struct record *r = &a->records[i];

		if (r->used || !read_name(a->message, r->owner, &owner, &end) ||
		    !same(&owner, name))
			continue;
		r->used = true;
		if (r->type == TYPE_CNAME && alias == NULL)
			alias = r;
		take_address(a, r, *ttl, ret);
	}
	if (alias == NULL || ret->n_aliases == GUARD_DNS_MAX_ALIASES ||
	    !read_name(a->message, alias->data, &target, &end) || end > alias->data + alias->len)
		return false;
	*name = target;
	*ttl = alias->ttl < *ttl ? alias->ttl : *ttl;
	write_text(name, ret->aliases[ret->n_aliases++]);
	return true;
}

bool guard_dns_parse(struct sk_span message, struct guard_dns *ret)
{
	struct answer a = {.message = message};
	uint16_t questions, answers, class;
	struct wire name;
	uint32_t ttl = UINT32_MAX;
	size_t off;

	if (message.len < HEADER_SIZE || !u16_at(message, 4, &questions) || questions != 1 ||
	    !u16_at(message, 6, &answers) || (byte_at(message, 2) & OPCODE_MASK) != 0 ||
	    !read_name(message, HEADER_SIZE, &name, &off) || off != HEADER_SIZE + name.len ||
	    !u16_at(message, off + 2, &class) || class != CLASS_IN)
		return false;
	ret->n_addresses = 0;
	ret->n_aliases = 0;
	(void)u16_at(message, 0, &ret->id);
	(void)u16_at(message, off, &ret->type);
	ret->is_answer = (byte_at(message, 2) & FLAG_ANSWER) != 0;
	ret->truncated = (byte_at(message, 2) & FLAG_TRUNCATED) != 0;
	ret->code = byte_at(message, 3) & 15;
	write_text(&name, ret->name);
	if (!ret->is_answer)
		return true;
	if (!find_records(&a, off + 4, answers))
		ret->truncated = true;
	while (follow(&a, &name, &ttl, ret)) {
	}
	return true;
}

/* One byte of a label: itself or \DDD. Returns false when it is neither. */
static bool read_byte(struct sk_span name, size_t *pos, uint8_t *ret)
{
	const char *p = name.ptr;
	unsigned value = 0;

	*ret = lower((uint8_t)p[*pos]);
	if (*ret != '\\') {
		(*pos)++;
		return *ret > ' ' && *ret < 0x7f;
	}
	if (*pos + 4 > name.len)
		return false;
	for (size_t i = 1; i <= 3; i++) {
		if (p[*pos + i] < '0' || p[*pos + i] > '9')
			return false;
		value = value * 10 + (unsigned)(p[*pos + i] - '0');
	}
	*pos += 4;
	*ret = lower((uint8_t)value);
	return value < 256;
}

size_t guard_dns_wire(struct sk_span name, uint8_t *ret)
{
	const char *p = name.ptr;
	size_t n = 1, label = 0, pos = 0;

	if (name.len != 0 && p[name.len - 1] == '.')
		name.len--; /* the root may be written */
	while (pos < name.len) {
		if (p[pos] == '.') {
			if (n == label + 1)
				return 0;
			ret[label] = (uint8_t)(n - label - 1);
			label = n++;
			pos++;
		} else if (!read_byte(name, &pos, &ret[n]) || n - label > LABEL_MAX) {
			return 0;
		} else {
			n++;
		}
		if (n > GUARD_DNS_WIRE_SIZE - 1)
			return 0;
	}
	if (name.len == 0) {
		ret[0] = 0;
		return 1;
	}
	if (n == label + 1)
		return 0;
	ret[label] = (uint8_t)(n - label - 1);
	ret[n++] = 0;
	return n;
}

bool guard_dns_pattern(struct sk_span text, struct guard_dns_pattern *ret)
{
	ret->wildcard = sk_span_eq_str(text, "*") || sk_span_strip_prefix(&text, "*.");
	if (sk_span_eq_str(text, "*"))
		text = sk_span_str(".");
	ret->len = guard_dns_wire(text, ret->wire);
	return ret->len > 1 || (ret->wildcard && ret->len == 1);
}

size_t guard_dns_query(struct sk_span name, uint16_t type, uint16_t id, uint8_t *ret)
{
	static const uint8_t head[] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}; /* recursion desired */
	size_t len = guard_dns_wire(name, ret + HEADER_SIZE), n = HEADER_SIZE + len;

	if (len == 0)
		return 0;
	memcpy(ret, head, sizeof(head));
	ret[0] = (uint8_t)(id >> 8);
	ret[1] = (uint8_t)id;
	ret[n++] = (uint8_t)(type >> 8);
	ret[n++] = (uint8_t)type;
	ret[n++] = 0;
	ret[n++] = CLASS_IN;
	return n;
}

const char *guard_dns_type_name(uint16_t type)
{
	switch (type) {
	case GUARD_DNS_A:
		return "A";
	case 2:
		return "NS";
	case TYPE_CNAME:
		return "CNAME";
	case 6:
		return "SOA";
	case 12:
		return "PTR";
	case 15:
		return "MX";
	case 16:
		return "TXT";
	case GUARD_DNS_AAAA:
		return "AAAA";
	case 33:
		return "SRV";
	case 35:
		return "NAPTR";
	case 64:
		return "SVCB";
	case 65:
		return "HTTPS";
	case 255:
		return "ANY";
	default:
		return NULL;
	}
}

const char *guard_dns_code_name(uint8_t code)
{
	static const char *const codes[] = {NULL,       "FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};

	return code < SK_ARRAY_LEN(codes) ? codes[code] : NULL;
}
