/* SPDX-License-Identifier: Apache-2.0 */
/* Owners of files of containers that are gone: another one of the same image told of its layers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "cli/owner.h"
#include "guard/session.h"

enum {
	PATIENCE_US = 10000000,
	STEP_US = 5000,
	NO_PROCESS = 4194303, /* larger than any number here */
};

static const char status[] = "Package: probes\nStatus: install ok installed\nVersion: 1.2-3\n"
			     "Architecture: all\n\n";
static const char list[] = "/bin/first\n/bin/second\n";

static void put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (text == NULL) {
		assert_int_equal(mkdir(path, 0755), 0);
		return;
	}
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static enum guard_owned ask(struct cli_owner *o, uint32_t pid, const struct guard_whose *w,
			    const char *path, struct guard_owner_answer *ret)
{
	enum guard_owned owned = GUARD_OWNED_LATER;

	for (int i = 0; i < PATIENCE_US / STEP_US && owned == GUARD_OWNED_LATER; i++) {
		*ret = (struct guard_owner_answer){0};
		owned = cli_owner_ask(o, pid, w, path, ret);
		if (owned == GUARD_OWNED_LATER)
			(void)usleep(STEP_US);
	}
	return owned;
}

static void layers_are_remembered(void **state)
{
	static const char *const made[] = {"var/lib/dpkg/info/probes.list",
					   "var/lib/dpkg/info",
					   "var/lib/dpkg/status",
					   "var/lib/dpkg",
					   "var/lib",
					   "var",
					   "bin/second",
					   "bin/first",
					   "bin"};
	struct guard_whose known = {.info.image_digest = "sha256:one"}, gone = known,
			   other = {.info.image_digest = "sha256:other"};
	char dir[] = "/tmp/cli-owner-XXXXXX", path[256];
	struct guard_owner_answer a;
	struct cli_owner *o;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = SK_ARRAY_LEN(made); i-- > 0;)
		put(dir, made[i],
		    strstr(made[i], "list") != NULL     ? list
		    : strstr(made[i], "status") != NULL ? status
		    : strstr(made[i], "bin/") != NULL   ? "x"
							: NULL);
	(void)snprintf(path, sizeof(path), "/upper:%s", dir);
	known.layers = path;
	o = cli_owner_new();
	assert_int_equal(ask(o, 0, &gone, "/bin/first", &a), GUARD_OWNED_UNKNOWN);
	assert_int_equal(ask(o, 0, &known, "/bin/first", &a), GUARD_OWNED_YES);
	assert_string_equal(a.package, "probes 1.2-3");
	assert_int_equal(ask(o, 0, &gone, "/bin/second", &a), GUARD_OWNED_YES);
	assert_string_equal(a.package, "probes 1.2-3");
	assert_int_equal(ask(o, NO_PROCESS, &gone, "/bin/third", &a), GUARD_OWNED_NO);
	assert_int_equal(ask(o, 0, &other, "/bin/first", &a), GUARD_OWNED_UNKNOWN);
	cli_owner_free(o);
	for (size_t i = 0; i < SK_ARRAY_LEN(made); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, made[i]);
		(void)remove(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
