/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OSV's export: ECOSYSTEM/all.zip once, then ECOSYSTEM/modified_id.csv (newest first) says which
 * documents ECOSYSTEM/ID.json to fetch. Changed documents are kept as JSON lines beside the
 * archive; of two documents with one id the later one counts. Source: the export's documentation at
 * google.github.io/osv.dev/data/.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/json.h"
#include "vulndb/update-priv.h"

enum {
	/* More changed documents than this, and the archive is fetched again instead. */
	OSV_MAX_CHANGES = 2000,
	OSV_MAX_ID = 128,
	OSV_MAX_CHANGES_SIZE = 256 << 20,
};

static const char *const default_ecosystems[] = {
	"AlmaLinux", "Alpine",    "Bitnami",     "CRAN",     "Debian",    "Go",
	"Hackage",   "Hex",       "Maven",       "NuGet",    "Packagist", "Pub",
	"PyPI",      "Red Hat",   "Rocky Linux", "RubyGems", "SUSE",      "SwiftURL",
	"Ubuntu",    "crates.io", "npm",         "openSUSE",
};

const char *const *vulndb_update_ecosystems(size_t *ret_n)
{
	*ret_n = SK_ARRAY_LEN(default_ecosystems);
	return default_ecosystems;
}

struct ecosystem {
	const char *name;
	const char *zip; /* names in the store */
	const char *changes;
	struct update_state state;
	struct vulndb_update_file *file;
};

/* Ids become parts of addresses and nothing else; still, nothing odd gets through. */
static bool id_ok(struct sk_span id)
{
	if (id.len == 0 || id.len > OSV_MAX_ID || id.ptr[0] == '.')
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+",
			   id.ptr[i]) == NULL)
			return false;
	return true;
}

struct id_list {
	struct sk_span *ids;
	size_t n;
	size_t cap;
	struct sk_span newest; /* time stamp of the first line */
};

/*
 * Lines "2024-11-25T10:00:00Z,GHSA-…", newest first. RFC 3339 stamps in UTC compare as text. A
 * document that changed in the very second of the last update may come a second time; missing it
 * would be worse.
 */
static void changed_ids(struct sk_span list, const char *since, struct id_list *ret)
{
	struct sk_span line;

	while (sk_span_line(&list, &line)) {
		size_t comma = sk_span_find(line, ',');
		struct sk_span stamp = sk_span_sub(line, 0, comma);
		struct sk_span id = sk_span_sub(line, comma + 1, line.len);

		if (ret->newest.ptr == NULL)
			ret->newest = stamp;
		if (sk_span_cmp(stamp, sk_span_str(since)) < 0 || ret->n > OSV_MAX_CHANGES)
			break;
		if (!id_ok(id))
			continue;
		SK_GROW(ret->ids, ret->n, ret->cap);
		ret->ids[ret->n++] = id;
	}
}

static int add_document(struct update *u, struct ecosystem *e, struct sk_span id,
			struct sk_buf *changes, struct sk_err *err)
{
	sk_cleanup(sk_json_freep) struct sk_json *root = NULL;
	struct sk_buf text;
	int r;

	sk_buf_init(&text, UPDATE_MAX_DOCUMENT);
	r = vulndb_update_fetch_text(
		u,
		vulndb_update_url(u, VULNDB_SOURCE_OSV, "/%s/%.*s.json", e->name, SK_SPAN_ARG(id)),
		&text, e->file, err);
	if (r == 0)
		r = sk_json_parse(sk_buf_span(&text), SK_JSON_ALLOW_DUPLICATES, &root, err);
	if (r == 0 && !sk_span_eq(sk_json_get_text(root, "id"), id))
		r = sk_err_set(err, SK_E_FORMAT, "%.*s.json holds another document",
			       SK_SPAN_ARG(id));
	if (r == 0 && !vulndb_update_add_line(changes, &text))
		r = sk_err_set(err, SK_E_LIMIT, "too many changed documents");
	if (r == 0)
		e->file->documents++;
	sk_buf_release(&text);
	return r;
}

static int read_changes(struct update *u, const char *name, struct sk_buf *out, struct sk_err *err)
{
	int r = sk_read_file(u->dirfd, name, out, err);

	return r == -ENOENT ? 0 : r;
}

static int apply_changes(struct update *u, struct ecosystem *e, const struct id_list *list,
			 struct sk_err *err)
{
	struct sk_buf changes;
	size_t n_gone = 0;
	int r;

	sk_buf_init(&changes, OSV_MAX_CHANGES_SIZE);
	r = read_changes(u, e->changes, &changes, err);
	/* Oldest first, so that a file that is cut short is a prefix in time. */
	for (size_t i = list->n; r == 0 && i-- > 0;) {
		r = add_document(u, e, list->ids[i], &changes, err);
		if (r == -SK_E_NOT_FOUND) {
			n_gone++;
			r = 0;
		}
	}
	if (r == 0 && e->file->documents != 0) {
		r = sk_write_file_atomic(u->dirfd, e->changes, sk_buf_span(&changes), 0644, err);
		e->file->changed = true;
	}
	if (r == 0 && n_gone != 0)
		e->file->problem = sk_arena_printf(
			u->arena,
			"%zu listed documents are not there; what the archive says of them stays",
			n_gone);
	sk_buf_release(&changes);
	return r;
}

static int fetch_archive(struct update *u, struct ecosystem *e, struct sk_span newest,
			 struct sk_err *err)
{
	int r;

	/* The archive is fetched whole: what is known of an older one must not stop that. */
	e->state = (struct update_state){0};
	r = vulndb_update_fetch_file(
		u, vulndb_update_url(u, VULNDB_SOURCE_OSV, "/%s/all.zip", e->name), e->zip,
		&e->state, e->file, err);
	if (r < 0)
		return r;
	/* An archive that is newer than the list already has what the next delta fetches again:
	 * harmless. */
	(void)unlinkat(u->dirfd, e->changes, 0);
	(void)snprintf(e->state.newest, sizeof(e->state.newest), "%.*s", SK_SPAN_ARG(newest));
	return vulndb_update_state_write(u, e->zip, &e->state, err);
}

static int update_ecosystem(struct update *u, struct ecosystem *e, struct sk_err *err)
{
	struct id_list list = {0};
	struct sk_buf csv;
	int r;

	sk_buf_init(&csv, UPDATE_MAX_LIST);
	vulndb_update_state_read(u, e->zip, &e->state);
	r = vulndb_update_fetch_text(
		u, vulndb_update_url(u, VULNDB_SOURCE_OSV, "/%s/modified_id.csv", e->name), &csv,
		e->file, err);
	if (r == 0)
		changed_ids(sk_buf_span(&csv), e->state.newest, &list);
	if (r == 0 && (e->state.newest[0] == '\0' || list.n > OSV_MAX_CHANGES)) {
		r = fetch_archive(u, e, list.newest, err);
	} else if (r == 0 && list.n != 0 && !sk_span_eq_str(list.newest, e->state.newest)) {
		r = apply_changes(u, e, &list, err);
		(void)snprintf(e->state.newest, sizeof(e->state.newest), "%.*s",
			       SK_SPAN_ARG(list.newest));
		if (r == 0)
			r = vulndb_update_state_write(u, e->zip, &e->state, err);
	}
	sk_free(list.ids);
	sk_buf_release(&csv);
	return r;
}

int vulndb_update_osv(struct update *u, struct sk_err *err)
{
	size_t n = u->opts->n_ecosystems;
	const char *const *names = n != 0 ? u->opts->ecosystems : vulndb_update_ecosystems(&n);

	for (size_t i = 0; i < n; i++) {
		struct ecosystem e = {.name = names[i]};
		struct sk_err problem;
		int r;

		if (strchr(e.name, '/') != NULL || e.name[0] == '.')
			return sk_err_set(err, SK_E_USAGE, "no ecosystem has the name %s", e.name);
		e.zip = sk_arena_printf(u->arena, "osv/%s/all.zip", e.name);
		e.changes = sk_arena_printf(u->arena, "osv/%s/changes.jsonl", e.name);
		e.file = vulndb_update_file(u, e.zip);
		r = vulndb_update_dirs(u, e.zip, err);
		if (r < 0)
			return r;
		r = update_ecosystem(u, &e, &problem);
		if (r < 0)
			vulndb_update_problem(u, e.file, &problem);
	}
	return 0;
}
