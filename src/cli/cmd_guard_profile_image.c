/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard profile from-image: unpack an image, find what its entry point needs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ftw.h>

#include "base/text.h"
#include "cli/cli-priv.h"
#include "cli/cmd_guard_profile-priv.h"
#include "guard/from-image.h"
#include "guard/profile-yaml.h"
#include "image/target.h"
#include "scan/scan.h"

static void say_notes(const struct guard_image_notes *notes)
{
	for (size_t i = 0; i < notes->n_items; i++) {
		struct sk_buf b;

		sk_buf_init(&b, 1 << 16);
		(void)sk_text_escape(&b, sk_span_str(notes->items[i]));
		(void)fprintf(stderr, "note: %s\n", b.ptr != NULL ? b.ptr : "");
		sk_buf_release(&b);
	}
}

static int save_profile(struct cli_context *ctx, const struct guard_profile *p, struct sk_err *err)
{
	const char *dir = cli_option(ctx, "profiles");

	return dir != NULL ? guard_profile_save(dir, p, err) : cmd_guard_profile_put(ctx, p, err);
}

/* Where it went, when that is not standard output. */
static void say_place(struct cli_context *ctx, const struct guard_profile *p)
{
	const char *dir = cli_option(ctx, "profiles"), *file = cli_option(ctx, "output");
	char name[256];

	if (dir != NULL && guard_profile_file_name(p->service, name, sizeof(name)) != NULL)
		(void)fprintf(stderr, "written: %s/%s\n", dir, name);
	else if (dir == NULL && file != NULL)
		(void)fprintf(stderr, "written: %s\n", file);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/** struct unpacked - an image in a directory of its own */
struct unpacked {
	char dir[512]; /* "": none */
	char root[544];
};

static void remove_unpacked(struct unpacked *u)
{
	if (u->dir[0] != '\0')
		(void)nftw(u->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Does the image's configuration say how it starts, where the arguments do not? */
static int unpack_image(struct cli_context *ctx, const char *target, struct unpacked *u,
			struct guard_image_start *start, struct sk_err *err)
{
	struct scan_options o = {.target = target,
				 .platform = cli_option(ctx, "platform"),
				 .engine = getenv("DOCKER_HOST"),
				 .limits = cli_limits(ctx)};
	const char *tmp = getenv("TMPDIR");
	struct scan_extracted x;
	int r;

	(void)snprintf(u->dir, sizeof(u->dir), "%s/stockade-image-XXXXXX",
		       tmp != NULL && *tmp == '/' ? tmp : "/var/tmp");
	if (mkdtemp(u->dir) == NULL) {
		int saved = errno;

		u->dir[0] = '\0';
		return sk_err_errno(err, saved, "a directory to unpack in");
	}
	(void)snprintf(u->root, sizeof(u->root), "%s/root", u->dir);
	r = scan_extract(&o, u->dir, cli_arena(ctx), &x, err);
	if (r < 0)
		return r;
	if (start->path == NULL)
		start->path = x.path;
	if (start->n_args == 0) {
		start->args = x.args;
		start->n_args = x.n_args;
	}
	if (start->n_args == 0)
		return sk_err_set(err, SK_E_USAGE,
				  "the image names no program; give it after the target");
	return 0;
}

/* A directory that is no OCI layout is a root directory. */
static bool is_root_dir(const struct image_target *t)
{
	char layout[4096];
	struct stat st;

	if (t->kind == IMAGE_DIR || t->kind == IMAGE_HOST)
		return true;
	if (t->kind != IMAGE_AUTO || stat(t->rest, &st) != 0 || !S_ISDIR(st.st_mode))
		return false;
	return snprintf(layout, sizeof(layout), "%s/oci-layout", t->rest) < (int)sizeof(layout) &&
	       access(layout, F_OK) != 0;
}

static int from_image(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	struct guard_image_notes notes = {.arena = cli_arena(ctx)};
	struct guard_image_start start = {0};
	sk_cleanup(guard_tree_freep) struct guard_tree *tree = NULL;
	struct unpacked u = {.dir = ""};
	const char *root = NULL;
	struct sk_err err = {0};
	int r = 0;
	size_t n;
	const char *const *args = cli_args(ctx, &n);
	const struct image_target target = image_target_parse(args[0]);

	start.service = cli_option(ctx, "service");
	start.path = cli_option(ctx, "path");
	start.args = args + 1;
	start.n_args = n - 1;
	if (is_root_dir(&target)) {
		if (n < 2)
			return cli_usage_error(ctx, "a directory does not say what is started: "
						    "give the program and its arguments");
		root = target.rest;
	} else {
		r = unpack_image(ctx, args[0], &u, &start, &err);
		root = u.root;
	}
	if (r == 0)
		r = guard_tree_open(root, &tree, &err);
	if (r == 0)
		r = guard_profile_from_tree(tree, &start, &p, &notes, &err);
	remove_unpacked(&u);
	if (r < 0 || save_profile(ctx, p, &err) < 0)
		return cli_fail(ctx, &err);
	if (!cli_is_quiet(ctx)) {
		say_place(ctx, p);
		say_notes(&notes);
	}
	return CLI_EXIT_CLEAN;
}

static const struct cli_option image_options[] = {
	{"platform", 0, "OS/ARCH", NULL, "image to take from a multi-platform one", NULL, 0},
	{"service", 0, "NAME", NULL, "name of the service", NULL, 0},
	{"path", 0, "PATH", NULL, "where programs are looked up", NULL, 0},
	{"profiles", 0, "DIR", NULL, "write DIR/<service>.yaml", NULL, 0},
	CMD_GUARD_PROFILE_OUTPUT,
	{NULL},
};

const struct command cmd_guard_profile_from_image = {
	.name = "from-image",
	.summary = "start a profile from an image: entry point and what it needs",
	.usage = "[--service NAME] [--profiles DIR | -o FILE] IMAGE|dir:PATH [-- PROGRAM [ARG…]]",
	.more = "Examples:\n"
		"  stockade guard profile from-image --profiles profiles docker:nginx:1.27\n"
		"  stockade guard profile from-image -o web.yaml dir:rootfs -- /usr/sbin/nginx -g 'daemon off;'\n",
	.options = image_options,
	.min_args = 1,
	.max_args = -1,
	.run = from_image,
};
