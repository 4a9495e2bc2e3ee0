/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of sockets. Format: Linux, Documentation/networking/proc_net_tcp.rst. */
#include "guard/netstat.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/parse.h"

enum {
	MAX_SOCKETS = 65536,
	MAX_TABLE = 16 << 20, /* bytes of one table; 150 a socket */
	MAX_PORTS = 65536,
	STATE_LISTEN = 0x0a,
	/* Linux's default of net.ipv4.ip_local_port_range */
	EPHEMERAL_FIRST = 32768,
};

struct guard_netstat {
	struct guard_connection *items; /* by inode */
	size_t n_items;
	size_t cap;
	uint8_t listened[MAX_PORTS / 8]; /* bit per port */
};

struct guard_netstat *guard_netstat_new(void)
{
	return sk_alloc(sizeof(struct guard_netstat));
}

void guard_netstat_free(struct guard_netstat *n)
{
	if (n == NULL)
		return;
	sk_free(n->items);
	sk_free(n);
}

static bool next_field(struct sk_span *line, struct sk_span *ret)
{
	while (line->len != 0 && line->ptr[0] == ' ')
		*line = sk_span_sub(*line, 1, line->len);
	return line->len != 0 && sk_span_cut(line, ' ', ret);
}

static bool parse_number(struct sk_span s, uint32_t *ret)
{
	uint8_t bytes[4];

	if (s.len == 4 && sk_parse_hex(s, bytes, 2)) {
		*ret = (uint32_t)bytes[0] << 8 | bytes[1];
		return true;
	}
	if (s.len == 2 && sk_parse_hex(s, bytes, 1)) {
		*ret = bytes[0];
		return true;
	}
	return false;
}

/* Words of four bytes, each printed as the machine's number: x86-64 has the last byte first. */
static bool parse_address(struct sk_span s, bool is_v6, char *ret)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	uint8_t bytes[16], swapped[16];
	size_t len = is_v6 ? 16 : 4;

	if (s.len != len * 2 || !sk_parse_hex(s, bytes, len))
		return false;
	for (size_t i = 0; i < len; i++)
		swapped[i] = bytes[i / 4 * 4 + 3 - i % 4];
	if (is_v6 && memcmp(swapped, mapped, sizeof(mapped)) == 0)
		return inet_ntop(AF_INET, swapped + 12, ret, GUARD_ADDRESS_SIZE) != NULL;
	return inet_ntop(is_v6 ? AF_INET6 : AF_INET, swapped, ret, GUARD_ADDRESS_SIZE) != NULL;
}

static void add_line(struct guard_netstat *n, struct sk_span line, bool is_v6)
{
	struct guard_connection c = {0};
	struct sk_span field[10], host, port;
	uint32_t local, remote, state;

	for (size_t i = 0; i < SK_ARRAY_LEN(field); i++)
		if (!next_field(&line, &field[i]))
			return;
	if (!sk_span_cut(&field[1], ':', &host) || !parse_number(field[1], &local))
		return;
	port = field[2];
	if (!sk_span_cut(&port, ':', &host) || !parse_number(port, &remote) ||
	    !parse_number(field[3], &state) || !sk_parse_u64(field[9], &c.inode))
		return;
	if (remote == 0) {
		if (state == STATE_LISTEN)
			n->listened[local / 8] |= (uint8_t)(1u << local % 8);
		return;
	}
	if (n->n_items >= MAX_SOCKETS || c.inode == 0 || !parse_address(host, is_v6, c.address))
		return;
	c.local_port = (uint16_t)local;
	c.port = (uint16_t)remote;
	SK_GROW(n->items, n->n_items, n->cap);
	n->items[n->n_items++] = c;
}

static int compare_inodes(const void *a, const void *b)
{
	uint64_t one = ((const struct guard_connection *)a)->inode;
	uint64_t other = ((const struct guard_connection *)b)->inode;

	return one < other ? -1 : one > other;
}

void guard_netstat_add(struct guard_netstat *n, struct sk_span text, bool is_v6)
{
	struct sk_span line;

	while (sk_span_line(&text, &line))
		add_line(n, line, is_v6);
	if (n->n_items != 0)
		qsort(n->items, n->n_items, sizeof(*n->items), compare_inodes);
}

void guard_netstat_read(struct guard_netstat *n, uint32_t pid)
{
	static const char *const tables[] = {"tcp", "tcp6", "udp", "udp6"};
	struct sk_err err;
	struct sk_buf b;
	char path[64];

	sk_buf_init(&b, MAX_TABLE);
	for (size_t i = 0; i < SK_ARRAY_LEN(tables); i++) {
		sk_cleanup(sk_closep) int fd = -1;

		(void)snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, tables[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		sk_buf_reset(&b);
		/* Cut: what there is will do. */
		if (fd < 0 || (sk_read_fd(fd, &b, &err) < 0 && b.len == 0))
			continue;
		guard_netstat_add(n, sk_buf_span(&b), (i & 1) != 0);
	}
	sk_buf_release(&b);
}

const struct guard_connection *guard_netstat_outgoing(const struct guard_netstat *n, uint64_t inode)
{
	const struct guard_connection key = {.inode = inode}, *c = NULL;

	if (n->n_items != 0)
		c = bsearch(&key, n->items, n->n_items, sizeof(*c), compare_inodes);
	if (c == NULL || (n->listened[c->local_port / 8] & 1u << c->local_port % 8) != 0 ||
	    (c->local_port < EPHEMERAL_FIRST && c->port >= EPHEMERAL_FIRST))
		return NULL;
	return c;
}
