/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST through libcurl's easy interface (RFC 9110, RFC 9112). */
#include "http/http.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <dlfcn.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "base/text.h"
#include "http/http-priv.h"

enum {
	DEFAULT_CONNECT_MS = 10000,
	DEFAULT_STALL_MS = 30000,
	DEFAULT_BACKOFF_MS = 500,
	DEFAULT_MAX_WAIT_MS = 60000,
	DEFAULT_TRIES = 6,
	MAX_REDIRECTS = 5,
};

/* The functions of libcurl in use; their types come from its header. */
#define CURL_FUNCTIONS(X)                                                                          \
	X(global_init)                                                                             \
	X(global_cleanup)                                                                          \
	X(easy_init)                                                                               \
	X(easy_cleanup)                                                                            \
	X(easy_reset)                                                                              \
	X(easy_setopt)                                                                             \
	X(easy_getinfo)                                                                            \
	X(easy_perform)                                                                            \
	X(easy_strerror)                                                                           \
	X(slist_append)                                                                            \
	X(slist_free_all)

struct curl_api {
#define X(name) __typeof__(&curl_##name) name;
	CURL_FUNCTIONS(X)
#undef X
};

struct http_client {
	struct http_options opts; /* text owned */
	void *library;
	struct curl_api api;
	CURL *handle;
	char *silent_origin; /* scheme and authority of a server that did not answer */
	unsigned int n_silent;
};

/* One transfer under way. */
struct transfer {
	struct http_client *c;
	const struct http_request *req;
	const struct http_message *message; /* what is posted, or NULL */
	const struct sk_sink *body;
	struct http_response *resp;
	int failure; /* of the sink or of a check, 0: none */
	struct sk_err *err;
	bool checked; /* status and range were looked at */
};

static char *copy_text(const char *text)
{
	return text != NULL ? sk_strdup(text) : NULL;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value != 0 ? value : fallback;
}

static int load_api(struct http_client *c, struct sk_err *err)
{
	c->library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (c->library == NULL)
		c->library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
	if (c->library == NULL)
		return sk_err_set(
			err, SK_E_UNSUPPORTED,
			"HTTP needs libcurl, which is not installed (Debian: apt-get install libcurl4)");
#define X(name)                                                                                    \
	*(void **)&c->api.name = dlsym(c->library, "curl_" #name);                                 \
	if (c->api.name == NULL)                                                                   \
		return sk_err_set(err, SK_E_UNSUPPORTED, "libcurl has no curl_" #name);
	CURL_FUNCTIONS(X)
#undef X
	return 0;
}

int http_client_new(const struct http_options *opts, struct http_client **ret, struct sk_err *err)
{
	sk_cleanup(http_client_freep) struct http_client *c = sk_alloc(sizeof(*c));
	int r = load_api(c, err);

	if (r < 0)
		return r;
	if (c->api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return sk_err_set(err, SK_E_UNSUPPORTED, "libcurl does not start");
	c->handle = c->api.easy_init();
	if (c->handle == NULL)
		return sk_err_set(err, ENOMEM, "libcurl does not start");
	c->opts = *opts;
	c->opts.unix_socket = copy_text(opts->unix_socket);
	c->opts.ca_file = copy_text(opts->ca_file);
	c->opts.proxy = copy_text(opts->proxy);
	c->opts.connect_timeout_ms = or_default(opts->connect_timeout_ms, DEFAULT_CONNECT_MS);
	c->opts.stall_timeout_ms = or_default(opts->stall_timeout_ms, DEFAULT_STALL_MS);
	c->opts.backoff_ms = or_default(opts->backoff_ms, DEFAULT_BACKOFF_MS);
	c->opts.max_wait_ms = or_default(opts->max_wait_ms, DEFAULT_MAX_WAIT_MS);
	c->opts.max_tries = or_default(opts->max_tries, DEFAULT_TRIES);
	*ret = sk_take(c);
	return 0;
}

void http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	if (c->handle != NULL) {
		c->api.easy_cleanup(c->handle);
		c->api.global_cleanup();
	}
	/* The library stays loaded: its TLS library registers exit handlers that must find their
	 * code. */
	sk_free((char *)(uintptr_t)c->opts.unix_socket);
	sk_free((char *)(uintptr_t)c->opts.ca_file);
	sk_free((char *)(uintptr_t)c->opts.proxy);
	sk_free(c->silent_origin);
	sk_free(c);
}

const struct http_options *http_client_options(const struct http_client *c)
{
	return &c->opts;
}

/* "https://host:port" of "https://host:port/path" */
static struct sk_span origin_of(const char *url)
{
	const char *authority = strstr(url, "://");

	if (authority == NULL)
		return sk_span_str(url);
	authority += strlen("://");
	return sk_span_of(url, (size_t)(authority - url) + strcspn(authority, "/?#"));
}

unsigned int http_client_silent(const struct http_client *c, const char *url)
{
	if (c->silent_origin == NULL || !sk_span_eq_str(origin_of(url), c->silent_origin))
		return 0;
	return c->n_silent;
}

void http_client_note(struct http_client *c, const char *url, bool silent)
{
	struct sk_span origin = origin_of(url);
	unsigned int before = http_client_silent(c, url);

	if (before == 0 && silent) {
		sk_free(c->silent_origin);
		c->silent_origin = sk_alloc(origin.len + 1);
		memcpy(c->silent_origin, origin.ptr, origin.len);
	}
	if (before != 0 || silent)
		c->n_silent = silent ? before + 1 : 0;
}

/* The value of a header line when its name fits; names are case-insensitive. */
static bool header_value(struct sk_span line, const char *name, struct sk_span *ret)
{
	size_t len = strlen(name);

	if (line.len <= len || line.ptr[len] != ':' || strncasecmp(line.ptr, name, len) != 0)
		return false;
	*ret = sk_span_trim(sk_span_sub(line, len + 1, line.len));
	return true;
}

static void keep_text(char *to, struct sk_span value)
{
	if (value.len >= HTTP_TEXT_SIZE)
		return;
	if (value.len != 0)
		memcpy(to, value.ptr, value.len);
	to[value.len] = '\0';
}

/* "bytes 100-199/1000": the offset of the first byte, the size of the whole. */
static void keep_range(struct http_response *resp, struct sk_span value)
{
	size_t dash, slash;

	if (!sk_span_strip_prefix(&value, "bytes "))
		return;
	dash = sk_span_find(value, '-');
	slash = sk_span_find(value, '/');
	if (!sk_parse_u64(sk_span_sub(value, 0, dash), &resp->offset))
		resp->offset = UINT64_MAX;
	if (!sk_parse_u64(sk_span_sub(value, slash + 1, value.len), &resp->total))
		resp->total = 0;
}

/* The part behind "name=" of a list, up to a comma; colons around it are dropped. */
static void keep_sum(char *to, struct sk_span list, const char *name)
{
	struct sk_span piece;

	while (sk_span_cut(&list, ',', &piece)) {
		piece = sk_span_trim(piece);
		if (!sk_span_strip_prefix(&piece, name))
			continue;
		if (piece.len > 1 && piece.ptr[0] == ':')
			piece = sk_span_sub(piece, 1, piece.len - 2);
		keep_text(to, piece);
	}
}

/*
 * RFC 9530 Repr-Digest, the older Content-MD5, and what Google's storage service says of stored
 * objects, which the OSV export lies in.
 */
static bool keep_checksum(struct http_response *resp, struct sk_span line)
{
	struct sk_span value;

	if (header_value(line, "repr-digest", &value))
		keep_sum(resp->sha256, value, "sha-256=");
	else if (header_value(line, "x-goog-hash", &value))
		keep_sum(resp->md5, value, "md5=");
	else if (header_value(line, "content-md5", &value))
		keep_text(resp->md5, value);
	else
		return false;
	return true;
}

static size_t on_header(char *ptr, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct sk_span line = sk_span_of(ptr, size * n);
	struct sk_span value;
	uint32_t seconds;

	if (sk_span_starts(line, "HTTP/")) {
		/* A new answer, after a redirect or a 100: what the last one said is void. */
		*t->resp = (struct http_response){0};
	} else if (keep_checksum(t->resp, line)) {
		return size * n;
	} else if (header_value(line, "etag", &value)) {
		keep_text(t->resp->etag, value);
	} else if (header_value(line, "last-modified", &value)) {
		keep_text(t->resp->last_modified, value);
	} else if (header_value(line, "content-range", &value)) {
		keep_range(t->resp, value);
	} else if (header_value(line, "retry-after", &value)) {
		if (sk_parse_u32(value, &seconds) && seconds < UINT32_MAX / 1000)
			t->resp->retry_after_ms = seconds * 1000;
	}
	return size * n;
}

static int check_answer(struct transfer *t)
{
	curl_off_t length = -1;
	long status = 0;

	(void)t->c->api.easy_getinfo(t->c->handle, CURLINFO_RESPONSE_CODE, &status);
	(void)t->c->api.easy_getinfo(t->c->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	t->resp->status = (int)status;
	t->checked = true;
	if (status == 200) {
		t->resp->offset = 0;
		t->resp->total = length > 0 ? (uint64_t)length : 0;
	} else if (status == 206 && t->resp->offset != t->req->resume_from) {
		return sk_err_set(t->err, SK_E_NETWORK,
				  "the server sent another range than asked for");
	}
	if (t->message == NULL && t->resp->total > t->req->max_size)
		return sk_err_set(
			t->err, SK_E_LIMIT, "%llu bytes announced, at most %llu are accepted",
			(unsigned long long)t->resp->total, (unsigned long long)t->req->max_size);
	return 0;
}

static void keep_error_body(struct http_response *resp, struct sk_span piece)
{
	size_t have = strlen(resp->error_body);

	piece = sk_span_sub(piece, 0, sizeof(resp->error_body) - 1 - have);
	if (piece.len != 0 && memchr(piece.ptr, '\0', piece.len) == NULL) {
		memcpy(resp->error_body + have, piece.ptr, piece.len);
		resp->error_body[have + piece.len] = '\0';
	}
}

static size_t on_body(char *ptr, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * n;

	if (!t->checked)
		t->failure = check_answer(t);
	if (t->failure < 0)
		return 0;
	if (t->message != NULL && t->resp->status / 100 == 2)
		return len;
	if (t->resp->status != 200 && t->resp->status != 206) {
		keep_error_body(t->resp, sk_span_of(ptr, len));
		return len;
	}
	if (t->resp->offset + t->resp->received + len > t->req->max_size) {
		t->failure = sk_err_set(t->err, SK_E_LIMIT, "more than the accepted %llu bytes",
					(unsigned long long)t->req->max_size);
		return 0;
	}
	t->failure = t->body->write(t->body->ctx, ptr, len);
	if (t->failure < 0) {
		(void)sk_err_errno(t->err, -t->failure, "write what was received");
		return 0;
	}
	t->resp->received += len;
	return len;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t done, curl_off_t up_total,
		       curl_off_t up_done)
{
	const struct transfer *t = ctx;
	const struct http_progress *p = t->req->progress;

	(void)up_total;
	(void)up_done;
	if (p != NULL && t->checked)
		p->update(p->ctx, t->resp->offset + (uint64_t)done,
			  total > 0 ? t->resp->offset + (uint64_t)total : 0);
	return 0;
}

static void add_header(struct transfer *t, struct curl_slist **list, const char *name,
		       const char *value)
{
	char line[2 * HTTP_TEXT_SIZE];

	if (value == NULL || value[0] == '\0' || strpbrk(value, "\r\n") != NULL)
		return;
	if (name != NULL)
		(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	*list = t->c->api.slist_append(*list, name != NULL ? line : value);
}

static struct curl_slist *request_headers(struct transfer *t)
{
	const struct http_request *req = t->req;
	struct curl_slist *list = NULL;
	char range[64];

	add_header(t, &list, "If-None-Match", req->etag);
	add_header(t, &list, "If-Modified-Since", req->last_modified);
	if (req->resume_from != 0) {
		(void)snprintf(range, sizeof(range), "bytes=%llu-",
			       (unsigned long long)req->resume_from);
		add_header(t, &list, "Range", range);
		add_header(t, &list, "If-Range", req->if_range);
	}
	for (size_t i = 0; req->headers != NULL && req->headers[i] != NULL; i++)
		add_header(t, &list, NULL, req->headers[i]);
	return list;
}

/* Whole seconds are what libcurl's stall detection takes. */
static long stall_seconds(const struct http_client *c)
{
	long seconds = (long)(c->opts.stall_timeout_ms / 1000);

	return seconds != 0 ? seconds : 1;
}

static void setup(struct transfer *t, struct curl_slist *headers, char *message)
{
	struct http_client *c = t->c;
	bool tls = strncasecmp(t->req->url, "https:", 6) == 0;

	c->api.easy_reset(c->handle);
#define SET(option, value) (void)c->api.easy_setopt(c->handle, CURLOPT_##option, value)
	SET(ERRORBUFFER, message);
	SET(URL, t->req->url);
	SET(NOSIGNAL, 1L);
	SET(PROTOCOLS_STR, "http,https");
	SET(REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
	SET(FOLLOWLOCATION, 1L);
	SET(MAXREDIRS, (long)MAX_REDIRECTS);
	SET(USERAGENT, "stockade/" STOCKADE_VERSION);
	SET(HTTPHEADER, headers);
	SET(CONNECTTIMEOUT_MS, (long)c->opts.connect_timeout_ms);
	SET(LOW_SPEED_LIMIT, 1L);
	SET(LOW_SPEED_TIME, stall_seconds(c));
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, t);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, t);
	SET(XFERINFOFUNCTION, on_progress);
	SET(XFERINFODATA, t);
	SET(NOPROGRESS, 0L);
	if (t->message != NULL) {
		SET(FOLLOWLOCATION, 0L);
		SET(TIMEOUT_MS, (long)t->message->timeout_ms);
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)t->message->body.len);
		SET(POSTFIELDS, t->message->body.len != 0 ? t->message->body.ptr : "");
	}
	if (c->opts.unix_socket != NULL)
		SET(UNIX_SOCKET_PATH, c->opts.unix_socket);
	if (c->opts.ca_file != NULL)
		SET(CAINFO, c->opts.ca_file);
	if (c->opts.proxy != NULL)
		SET(PROXY, c->opts.proxy);
#undef SET
}

static int curl_failure(CURLcode code, const char *message, struct sk_err *err)
{
	char quoted[300];
	int sk_code;

	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		sk_code = SK_E_TIMEOUT;
		break;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
		sk_code = SK_E_TRUNCATED;
		break;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		sk_code = SK_E_USAGE;
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		sk_code = SK_E_AUTH;
		break;
	default:
		sk_code = SK_E_NETWORK;
		break;
	}
	return sk_err_set(err, sk_code, "%s",
			  sk_text_quote(sk_span_str(message), quoted, sizeof(quoted)));
}

static int status_failure(const struct http_response *resp, struct sk_err *err)
{
	char quoted[160] = "";
	int code;

	if (resp->error_body[0] != '\0')
		(void)sk_text_quote(sk_span_str(resp->error_body), quoted, sizeof(quoted));
	if (resp->status == 404 || resp->status == 410)
		code = SK_E_NOT_FOUND;
	else if (resp->status == 401 || resp->status == 403 || resp->status == 407)
		code = SK_E_AUTH;
	else if (resp->status == 429 || resp->status >= 500)
		code = SK_E_NETWORK;
	else
		code = SK_E_UNSUPPORTED;
	return sk_err_set(err, code, "the server answers %d%s%s", resp->status,
			  quoted[0] != '\0' ? " " : "", quoted);
}

static int finish(struct transfer *t, CURLcode code, const char *message)
{
	struct http_client *c = t->c;

	if (t->failure < 0)
		return t->failure;
	if (code != CURLE_OK)
		return curl_failure(code, message[0] != '\0' ? message : c->api.easy_strerror(code),
				    t->err);
	if (!t->checked) {
		int r = check_answer(t);

		if (r < 0)
			return r;
	}
	if (t->message != NULL && t->resp->status / 100 == 2)
		return 0;
	if (t->message == NULL && t->resp->status == 304)
		return 1;
	if (t->resp->status != 200 && t->resp->status != 206)
		return status_failure(t->resp, t->err);
	return 0;
}

static int perform(struct transfer *t)
{
	const struct http_request *req = t->req;
	struct curl_slist *headers = request_headers(t);
	char message[CURL_ERROR_SIZE] = "";
	char quoted[200];
	CURLcode code;
	int r;

	*t->resp = (struct http_response){0};
	if (t->message != NULL)
		add_header(t, &headers, "Content-Type", t->message->content_type);
	setup(t, headers, message);
	code = t->c->api.easy_perform(t->c->handle);
	r = finish(t, code, message);
	t->c->api.slist_free_all(headers);
	if (r < 0)
		return sk_err_wrap(t->err, r, "%s",
				   sk_text_quote(sk_span_str(req->url), quoted, sizeof(quoted)));
	return r;
}

int http_get(struct http_client *c, const struct http_request *req, const struct sk_sink *body,
	     struct http_response *ret, struct sk_err *err)
{
	struct transfer t = {.c = c, .req = req, .body = body, .resp = ret, .err = err};

	return perform(&t);
}

int http_post(struct http_client *c, const struct http_message *msg, struct http_response *ret,
	      struct sk_err *err)
{
	const struct http_request req = {.url = msg->url, .headers = msg->headers};
	struct transfer t = {.c = c, .req = &req, .message = msg, .resp = ret, .err = err};

	return perform(&t);
}
