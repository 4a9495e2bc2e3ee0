/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard profile edit: the user's editor on a copy, which has to be a profile. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli-priv.h"
#include "cli/cmd_guard_profile-priv.h"
#include "guard/profile-lint.h"
#include "guard/profile-yaml.h"

static int run_editor(const char *path, struct sk_err *err)
{
	const char *editor = getenv("VISUAL");
	int status = 0;
	pid_t pid;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		return sk_err_errno(err, errno, "start the editor");
	if (pid == 0) {
		/* the variable may hold arguments, as for every program that asks it */
		(void)execl("/bin/sh", "sh", "-c", "eval \"$0 \\\"\\$1\\\"\"", editor, path,
			    (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sk_err_errno(err, errno, "wait for the editor");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return sk_err_set(err, EIO, "the editor ended with a failure; nothing was changed");
	return 0;
}

static bool asks_again(void)
{
	char answer[16] = "";

	if (isatty(STDIN_FILENO) == 0)
		return false;
	(void)fprintf(stderr, "edit again? [Y/n] ");
	return fgets(answer, sizeof(answer), stdin) != NULL && answer[0] != 'n' && answer[0] != 'N';
}

/* Edits the copy until it is a profile. */
static int edit_copy(struct cli_context *ctx, const char *copy, struct guard_profile **ret,
		     struct sk_err *err)
{
	int r;

	do {
		r = run_editor(copy, err);
		if (r < 0)
			return r;
		r = cmd_guard_profile_read(copy, ret, err);
		if (r < 0)
			(void)cli_fail(ctx, err);
	} while (r < 0 && asks_again());
	if (r < 0)
		return sk_err_set(err, -r, "nothing was changed; the edited text is in %s", copy);
	return 0;
}

static void warn_findings(const struct guard_profile *p)
{
	struct guard_lint l;

	guard_profile_lint(p, (int64_t)time(NULL), &l);
	for (size_t i = 0; i < l.n_items; i++)
		if (l.items[i].level == GUARD_LINT_ERROR)
			(void)fprintf(stderr, "%s: %s\n", l.items[i].section, l.items[i].text);
	guard_lint_release(&l);
}

static const char *profile_path(struct cli_context *ctx, const char *arg)
{
	const char *dir = cli_option(ctx, "profiles");
	char name[256];

	if (dir == NULL)
		return arg;
	if (guard_profile_file_name(arg, name, sizeof(name)) == NULL)
		return arg;
	return sk_arena_printf(cli_arena(ctx), "%s/%s", dir, name);
}

/* What was written meanwhile, as by learning, is not overwritten. */
static int replace(const char *copy, const char *path, const struct stat *was, struct sk_err *err)
{
	struct stat now;

	if (stat(path, &now) == 0 &&
	    (now.st_ino != was->st_ino || now.st_dev != was->st_dev ||
	     now.st_size != was->st_size ||
	     sk_timespec_ns(&now.st_ctim) != sk_timespec_ns(&was->st_ctim)))
		return sk_err_set(err, EBUSY,
				  "the profile was changed meanwhile; the edited text is in %s",
				  copy);
	return rename(copy, path) < 0 ? sk_err_errno(err, errno, "replace the profile") : 0;
}

static int edit(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	size_t n;
	const char *const *args = cli_args(ctx, &n);
	const char *path = profile_path(ctx, args[0]);
	const char *copy = sk_arena_printf(cli_arena(ctx), "%s.edit", path);
	struct sk_err err = {0};
	struct stat st = {0};
	struct sk_buf text;
	int r;

	sk_buf_init(&text, CMD_GUARD_PROFILE_MAX);
	(void)stat(path, &st); /* reading it fails then */
	r = sk_read_file(AT_FDCWD, path, &text, &err);
	if (r == 0)
		r = sk_write_file_atomic(AT_FDCWD, copy, sk_buf_span(&text), st.st_mode & 0777,
					 &err);
	sk_buf_release(&text);
	if (r == 0)
		r = edit_copy(ctx, copy, &p, &err);
	/* what the person wrote, comments too, not our writing of it */
	if (r == 0)
		r = replace(copy, path, &st, &err);
	if (r < 0)
		return cli_fail(ctx, &err);
	warn_findings(p);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option edit_options[] = {CMD_GUARD_PROFILE_DIR, {NULL}};

const struct command cmd_guard_profile_edit = {
	.name = "edit",
	.summary = "edit a profile; a broken one is not accepted",
	.usage = "PROFILE",
	.more = "Example:\n"
		"  stockade guard profile edit --profiles profiles shop/web\n",
	.options = edit_options,
	.min_args = 1,
	.max_args = 1,
	.run = edit,
};
