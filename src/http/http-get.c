/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test tool: http-get URL FILE [key=value ...]. Prints one line: result, status, received bytes,
 * message. Keys: unix_socket, ca_file, proxy, stall_ms, connect_ms, backoff_ms, max_wait_ms, tries,
 * max_size, etag, mode (get|fetch).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "http/http.h"

struct settings {
	struct http_options opts;
	struct http_request req;
	bool once;
};

static bool set_number(struct settings *s, const char *key, struct sk_span value)
{
	uint32_t *const numbers[] = {&s->opts.stall_timeout_ms, &s->opts.connect_timeout_ms,
				     &s->opts.backoff_ms, &s->opts.max_wait_ms, &s->opts.max_tries};
	static const char *const names[] = {
		"stall_ms=", "connect_ms=", "backoff_ms=", "max_wait_ms=", "tries="};

	for (size_t i = 0; i < SK_ARRAY_LEN(names); i++)
		if (strcmp(key, names[i]) == 0)
			return sk_parse_u32(value, numbers[i]);
	return strcmp(key, "max_size=") == 0 && sk_parse_u64(value, &s->req.max_size);
}

static bool set(struct settings *s, const char *word)
{
	struct sk_span value = sk_span_str(word);
	char key[32] = "";
	size_t at = sk_span_find(value, '=') + 1;

	if (at > value.len || at >= sizeof(key))
		return false;
	memcpy(key, word, at);
	value = sk_span_sub(value, at, value.len);
	if (strcmp(key, "unix_socket=") == 0)
		s->opts.unix_socket = value.ptr;
	else if (strcmp(key, "ca_file=") == 0)
		s->opts.ca_file = value.ptr;
	else if (strcmp(key, "proxy=") == 0)
		s->opts.proxy = value.ptr;
	else if (strcmp(key, "etag=") == 0)
		s->req.etag = value.ptr;
	else if (strcmp(key, "mode=") == 0)
		s->once = sk_span_eq_str(value, "get");
	else
		return set_number(s, key, value);
	return true;
}

int main(int argc, char **argv)
{
	struct settings s = {.req = {.max_size = 1 << 30}};
	sk_cleanup(http_client_freep) struct http_client *c = NULL;
	sk_cleanup(sk_closep) int fd = -1;
	struct http_response resp = {0};
	struct sk_err err = {0};
	struct sk_sink sink;
	int r;

	if (argc < 3)
		return 2;
	s.req.url = argv[1];
	for (int i = 3; i < argc; i++)
		if (!set(&s, argv[i]))
			return 2;
	fd = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return 2;
	r = http_client_new(&s.opts, &c, &err);
	sink = sk_sink_fd(&fd);
	if (r == 0)
		r = s.once ? http_get(c, &s.req, &sink, &resp, &err)
			   : http_fetch(c, &s.req, fd, &resp, &err);
	(void)printf("%s\t%d\t%llu\t%s\n",
		     r == 0   ? "ok"
		     : r == 1 ? "not-modified"
			      : sk_err_name(-r),
		     resp.status, (unsigned long long)resp.received, r < 0 ? err.msg : resp.etag);
	return r < 0;
}
