/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of /etc/hosts and /etc/resolv.conf. */
#include "guard/hosts.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; a comment ends it. */
static bool next_word(struct sk_span *rest, struct sk_span *ret)
{
	const char *p = rest->ptr;
	size_t i = 0, start;

	while (i < rest->len && is_blank(p[i]))
		i++;
	start = i;
	while (i < rest->len && !is_blank(p[i]) && p[i] != '#' && p[i] != ';')
		i++;
	if (i == start)
		return false;
	*ret = sk_span_sub(*rest, start, i - start);
	*rest = sk_span_sub(*rest, i, rest->len);
	return true;
}

static bool read_address(struct sk_span word, struct guard_dns_address *ret)
{
	char text[INET6_ADDRSTRLEN];

	if (word.len >= sizeof(text) || memchr(word.ptr, '\0', word.len) != NULL)
		return false;
	memset(ret, 0, sizeof(*ret));
	memcpy(text, word.ptr, word.len);
	text[word.len] = '\0';
	ret->family = memchr(text, ':', word.len) != NULL ? AF_INET6 : AF_INET;
	return inet_pton(ret->family, text, ret->addr) == 1;
}

void guard_hosts_parse(struct sk_span text, guard_hosts_fn *fn, void *ctx)
{
	uint8_t wire[GUARD_DNS_WIRE_SIZE];
	struct guard_dns_address a;
	struct sk_span line, word;

	while (sk_span_line(&text, &line)) {
		if (!next_word(&line, &word) || !read_address(word, &a))
			continue;
		while (next_word(&line, &word))
			if (guard_dns_wire(word, wire) > 1)
				fn(ctx, &a, word);
	}
}

void guard_hosts_nameservers(struct sk_span text, struct guard_nameservers *ret)
{
	static const struct guard_dns_address own = {AF_INET, {127, 0, 0, 1}, 0};
	struct guard_dns_address a;
	struct sk_span line, word;

	ret->n_servers = 0;
	while (sk_span_line(&text, &line)) {
		if (!next_word(&line, &word) || !sk_span_eq_str(word, "nameserver") ||
		    !next_word(&line, &word) || !read_address(word, &a) ||
		    ret->n_servers == GUARD_MAX_NAMESERVERS)
			continue;
		ret->servers[ret->n_servers++] = a;
	}
	if (ret->n_servers == 0)
		ret->servers[ret->n_servers++] = own;
}
