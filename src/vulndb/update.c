/* SPDX-License-Identifier: Apache-2.0 */
/* The feed store: conditional requests for whole files, state beside them, replacement by rename.
 */
#include "vulndb/update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "vulndb/update-priv.h"

static const struct {
	const char *name;
	const char *url;
} sources[] = {
#define X(name, text, url) [VULNDB_SOURCE_##name] = {text, url},
	VULNDB_SOURCES(X)
#undef X
};

_Static_assert(SK_ARRAY_LEN(sources) == VULNDB_N_SOURCES, "one row per source");

const char *vulndb_source_name(enum vulndb_source s)
{
	return sources[s].name;
}

const char *vulndb_source_url(enum vulndb_source s)
{
	return sources[s].url;
}

bool vulndb_source_find(const char *name, enum vulndb_source *ret)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(sources); i++) {
		if (strcmp(sources[i].name, name) == 0) {
			*ret = (enum vulndb_source)i;
			return true;
		}
	}
	return false;
}

/* Blanks are all that names of ecosystems have beside plain characters; the rest is escaped too. */
static void add_escaped(struct sk_buf *url, const char *path)
{
	for (; *path != '\0'; path++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/?=&:",
			   *path) != NULL)
			(void)sk_buf_add_char(url, *path);
		else
			(void)sk_buf_printf(url, "%%%02X", (unsigned char)*path);
	}
}

const char *vulndb_update_url(const struct update *u, enum vulndb_source s, const char *fmt, ...)
{
	const char *base = u->opts->urls[s] != NULL ? u->opts->urls[s] : sources[s].url;
	char path[UPDATE_MAX_URL / 4];
	const char *text;
	struct sk_buf url;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	sk_buf_init(&url, UPDATE_MAX_URL);
	(void)sk_buf_add_str(&url, base);
	while (url.len != 0 && url.ptr[url.len - 1] == '/')
		url.len--;
	add_escaped(&url, path);
	text = sk_arena_str(u->arena, sk_buf_span(&url));
	sk_buf_release(&url);
	return text;
}

struct vulndb_update_file *vulndb_update_file(struct update *u, const char *name)
{
	SK_GROW(u->files, u->n_files, u->files_cap);
	u->files[u->n_files] = (struct vulndb_update_file){.name = sk_arena_strdup(u->arena, name)};
	return &u->files[u->n_files++];
}

void vulndb_update_problem(struct update *u, struct vulndb_update_file *f, const struct sk_err *err)
{
	f->problem = sk_arena_strdup(u->arena, err->msg);
}

int vulndb_update_dirs(const struct update *u, const char *name, struct sk_err *err)
{
	for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		const char *dir = sk_arena_str(u->arena, sk_span_of(name, (size_t)(slash - name)));

		if (mkdirat(u->dirfd, dir, 0755) < 0 && errno != EEXIST)
			return sk_err_errno(err, errno, "create %s in %s", dir, u->opts->store);
	}
	return 0;
}

static void take_text(const struct sk_json *root, const char *key, char *to, size_t size)
{
	struct sk_span text = sk_json_get_text(root, key);

	if (text.len < size)
		(void)snprintf(to, size, "%.*s", SK_SPAN_ARG(text));
}

static const char *state_name(const struct update *u, const char *name)
{
	return sk_arena_printf(u->arena, "%s.state", name);
}

void vulndb_update_state_read(const struct update *u, const char *name, struct update_state *ret)
{
	sk_cleanup(sk_json_freep) struct sk_json *root = NULL;
	struct sk_err ignored;
	struct sk_buf text;

	*ret = (struct update_state){0};
	sk_buf_init(&text, 64 * 1024);
	/* State without its file would keep the file from ever being fetched. */
	if (faccessat(u->dirfd, name, F_OK, 0) == 0 &&
	    sk_read_file(u->dirfd, state_name(u, name), &text, &ignored) == 0 &&
	    sk_json_parse(sk_buf_span(&text), 0, &root, &ignored) == 0) {
		take_text(root, "etag", ret->etag, sizeof(ret->etag));
		take_text(root, "last_modified", ret->last_modified, sizeof(ret->last_modified));
		take_text(root, "newest", ret->newest, sizeof(ret->newest));
	}
	sk_buf_release(&text);
}

int vulndb_update_state_write(const struct update *u, const char *name,
			      const struct update_state *s, struct sk_err *err)
{
	struct sk_buf text;
	struct sk_sink sink = sk_sink_buf(&text);
	struct sk_jw w;
	int r;

	sk_buf_init(&text, 64 * 1024);
	sk_jw_init(&w, &sink, 0);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "etag", s->etag);
	sk_jw_str(&w, "last_modified", s->last_modified);
	sk_jw_str(&w, "newest", s->newest);
	sk_jw_end_object(&w);
	r = sk_jw_finish(&w);
	if (r == 0)
		r = sk_write_file_atomic(u->dirfd, state_name(u, name), sk_buf_span(&text), 0644,
					 err);
	sk_buf_release(&text);
	return r;
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	const struct update *u = ctx;
	const struct vulndb_update_progress *p = u->opts->progress;

	if (p != NULL && u->n_files != 0)
		p->update(p->ctx, u->files[u->n_files - 1].name, done, total);
}

static int replace(struct update *u, int fd, const char *beside, const char *name,
		   struct sk_err *err)
{
	if (fsync(fd) < 0 || renameat(u->dirfd, beside, u->dirfd, name) < 0)
		return sk_err_errno(err, errno, "replace %s in %s", name, u->opts->store);
	return 0;
}

int vulndb_update_fetch_file(struct update *u, const char *url, const char *name,
			     struct update_state *state, struct vulndb_update_file *f,
			     struct sk_err *err)
{
	const char *beside = sk_arena_printf(u->arena, "%s.new", name);
	const struct http_progress progress = {.update = on_progress, .ctx = u};
	struct http_request req = {
		.url = url,
		.etag = state->etag,
		.last_modified = state->last_modified,
		.max_size = UPDATE_MAX_FILE,
		.progress = &progress,
	};
	struct http_response resp;
	sk_cleanup(sk_closep) int fd = -1;
	int r = vulndb_update_dirs(u, name, err);

	if (r < 0)
		return r;
	fd = openat(u->dirfd, beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return sk_err_errno(err, errno, "create %s in %s", beside, u->opts->store);
	r = http_fetch(u->opts->http, &req, fd, &resp, err);
	f->fetched += resp.received;
	if (r == 0)
		r = replace(u, fd, beside, name, err);
	if (r != 0) {
		(void)unlinkat(u->dirfd, beside, 0);
		return r;
	}
	f->changed = true;
	(void)snprintf(state->etag, sizeof(state->etag), "%s", resp.etag);
	(void)snprintf(state->last_modified, sizeof(state->last_modified), "%s",
		       resp.last_modified);
	return 0;
}

int vulndb_update_fetch_text(struct update *u, const char *url, struct sk_buf *out,
			     struct vulndb_update_file *f, struct sk_err *err)
{
	/* Through an unnamed file, so that resumption works here too. */
	sk_cleanup(sk_closep) int fd = openat(u->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct http_request req = {.url = url, .max_size = out->max - out->len};
	struct http_response resp;
	int r;

	if (fd < 0)
		return sk_err_errno(err, errno, "create a file in %s", u->opts->store);
	r = http_fetch(u->opts->http, &req, fd, &resp, err);
	f->fetched += resp.received;
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return sk_err_errno(err, errno, "read what was received");
	return sk_read_fd(fd, out, err);
}

bool vulndb_update_add_line(struct sk_buf *lines, struct sk_buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->ptr[i] == '\n' || text->ptr[i] == '\r')
			text->ptr[i] = ' ';
	return sk_buf_add_span(lines, sk_buf_span(text)) && sk_buf_add_char(lines, '\n');
}

/* One conditional request for one file; a failure is the file's problem. */
static void fetch_plain(struct update *u, const char *url, const char *name, bool may_be_absent)
{
	struct vulndb_update_file *f = vulndb_update_file(u, name);
	struct update_state state;
	struct sk_err err;
	int r;

	vulndb_update_state_read(u, name, &state);
	r = vulndb_update_fetch_file(u, url, name, &state, f, &err);
	if (r == 0)
		r = vulndb_update_state_write(u, name, &state, &err);
	if (r == -SK_E_NOT_FOUND && may_be_absent)
		u->n_files--;
	else if (r < 0)
		vulndb_update_problem(u, f, &err);
}

static void update_alpine(struct update *u)
{
	/* Branches since 3.10; later ones are tried in turn until one is missing. */
	enum {
		FIRST_MINOR = 10,
		LAST_MINOR = 60
	};
	static const char *const repos[] = {"main", "community"};
	bool found = true;

	for (int minor = FIRST_MINOR; found && minor <= LAST_MINOR; minor++) {
		found = false;
		for (size_t i = 0; i < SK_ARRAY_LEN(repos); i++) {
			size_t before = u->n_files;

			fetch_plain(
				u,
				vulndb_update_url(u, VULNDB_SOURCE_ALPINE, "/v3.%d/%s.json", minor,
						  repos[i]),
				sk_arena_printf(u->arena, "alpine/v3.%d-%s.json", minor, repos[i]),
				true);
			found = found || u->n_files > before;
		}
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(repos); i++)
		fetch_plain(u,
			    vulndb_update_url(u, VULNDB_SOURCE_ALPINE, "/edge/%s.json", repos[i]),
			    sk_arena_printf(u->arena, "alpine/edge-%s.json", repos[i]), true);
}

static int update_all(struct update *u, struct sk_err *err)
{
	const bool *wanted = u->opts->wanted;
	int r = 0;

	if (wanted[VULNDB_SOURCE_OSV])
		r = vulndb_update_osv(u, err);
	if (r == 0 && wanted[VULNDB_SOURCE_ALPINE])
		update_alpine(u);
	if (r == 0 && wanted[VULNDB_SOURCE_DEBIAN])
		fetch_plain(u, vulndb_update_url(u, VULNDB_SOURCE_DEBIAN, "/tracker/data/json"),
			    "debian/tracker.json", false);
	if (r == 0 && wanted[VULNDB_SOURCE_KEV])
		fetch_plain(
			u,
			vulndb_update_url(
				u, VULNDB_SOURCE_KEV,
				"/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
			"signals/kev.json", false);
	if (r == 0 && wanted[VULNDB_SOURCE_EPSS])
		fetch_plain(u,
			    vulndb_update_url(u, VULNDB_SOURCE_EPSS, "/epss_scores-current.csv.gz"),
			    "signals/epss.csv.gz", false);
	if (r == 0 && wanted[VULNDB_SOURCE_ENDOFLIFE])
		r = vulndb_update_endoflife(u, err);
	if (r == 0 && wanted[VULNDB_SOURCE_REDHAT])
		r = vulndb_update_redhat(u, err);
	return r;
}

static void collect(const struct update *u, struct vulndb_update_result *ret)
{
	*ret = (struct vulndb_update_result){.n_files = u->n_files};
	ret->files = sk_arena_array(u->arena, u->n_files, sizeof(*ret->files));
	for (size_t i = 0; i < u->n_files; i++) {
		ret->files[i] = u->files[i];
		ret->fetched += u->files[i].fetched;
		ret->changed = ret->changed || u->files[i].changed;
		ret->n_problems += u->files[i].problem != NULL;
	}
}

int vulndb_update_store(const struct vulndb_update_options *opts, struct sk_arena *a,
			struct vulndb_update_result *ret, struct sk_err *err)
{
	struct update u = {.opts = opts, .arena = a, .dirfd = -1};
	int r;

	if (mkdir(opts->store, 0755) < 0 && errno != EEXIST)
		return sk_err_errno(err, errno, "create %s", opts->store);
	u.dirfd = open(opts->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (u.dirfd < 0)
		return sk_err_errno(err, errno, "open %s", opts->store);
	r = update_all(&u, err);
	if (r == 0)
		collect(&u, ret);
	sk_closep(&u.dirfd);
	sk_free(u.files);
	return r;
}

int vulndb_lock(const char *db_path, int *ret_fd, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = -1;
	char quoted[256];
	struct sk_buf path;

	(void)sk_text_quote(sk_span_str(db_path), quoted, sizeof(quoted));
	sk_buf_init(&path, 2 * 4096);
	if (!sk_buf_printf(&path, "%s.lock", db_path)) {
		sk_buf_release(&path);
		return sk_err_set(err, ENAMETOOLONG, "%s: name too long", quoted);
	}
	fd = open(path.ptr, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	sk_buf_release(&path);
	if (fd < 0)
		return sk_err_errno(err, errno, "create the lock beside %s", quoted);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return sk_err_set(err, EBUSY, "another update of %s is running", quoted);
		return sk_err_errno(err, errno, "lock %s", quoted);
	}
	*ret_fd = sk_take_fd(fd);
	return 0;
}
