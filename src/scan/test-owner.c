/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns a file, asked of layers made of a few files. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/io.h"
#include "scan/owner.h"
#include "scan/pool.h"

enum {
	N_LAYERS = 3,
};

/** struct image - three layers, the uppermost first */
struct image {
	char dir[64];
	int layers[N_LAYERS];
};

static void put(const struct image *m, int layer, const char *path, const char *text)
{
	char name[512];
	FILE *f;

	(void)snprintf(name, sizeof(name), "%s/%d/%s", m->dir, layer, path);
	for (char *p = name + strlen(m->dir) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(name, 0755);
		*p = '/';
	}
	f = fopen(name, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct image image_new(void)
{
	struct image m = {.dir = "/tmp/owner-XXXXXX"};
	char name[96];

	assert_non_null(mkdtemp(m.dir));
	for (int i = 0; i < N_LAYERS; i++) {
		(void)snprintf(name, sizeof(name), "%s/%d", m.dir, i);
		assert_int_equal(mkdir(name, 0755), 0);
		m.layers[i] = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(m.layers[i] >= 0);
	}
	return m;
}

static void image_free(struct image *m)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl("/bin/rm", "rm", "-rf", m->dir, NULL);
		_exit(1);
	}
	(void)waitpid(pid, NULL, 0);
	for (int i = 0; i < N_LAYERS; i++)
		sk_closep(&m->layers[i]);
}

static void check(const struct image *m, const char *path, bool has_database, const char *name,
		  const char *version)
{
	struct scan_owner o;
	struct sk_err err;

	if (scan_owner(m->layers, N_LAYERS, path, sk_mono_ms() + 60000, &o, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(o.has_database, has_database);
	assert_string_equal(o.name, name);
	assert_string_equal(o.version, version);
}

#define STANZA(name, version)                                                                      \
	"Package: " name "\nStatus: install ok installed\nArchitecture: amd64\nVersion: " version  \
	"\nMaintainer: x\n\n"

static void debian(void **state)
{
	struct image m = image_new();

	(void)state;
	check(&m, "/usr/bin/bash", false, "", "");
	put(&m, 2, "var/lib/dpkg/status", STANZA("bash", "5.2-1") STANZA("gone", "1"));
	put(&m, 2, "var/lib/dpkg/info/bash.list", "/.\n/bin\n/bin/bash\n/usr\n/usr/share/doc\n");
	put(&m, 2, "var/lib/dpkg/info/gone:amd64.list", "/.\n/usr\n/usr/bin\n/usr/bin/gone\n");
	check(&m, "/usr/bin/bash", true, "bash", "5.2-1");
	check(&m, "/bin/bash", true, "bash", "5.2-1");
	check(&m, "/usr/bin/gone", true, "gone", "1");
	check(&m, "/usr/local/bin/bash", true, "", "");
	check(&m, "/usr/bin/bas", true, "", "");
	/* A layer above updates one package and removes the other. */
	put(&m, 0, "var/lib/dpkg/status", STANZA("bash", "5.2-1+b2"));
	check(&m, "/usr/bin/bash", true, "bash", "5.2-1+b2");
	check(&m, "/usr/bin/gone", true, "", "");
	image_free(&m);
}

static void distroless(void **state)
{
	struct image m = image_new();

	(void)state;
	put(&m, 1, "var/lib/dpkg/status.d/base-files", STANZA("base-files", "12.4"));
	put(&m, 1, "var/lib/dpkg/status.d/base-files.md5sums",
	    "d41d8cd98f00b204e9800998ecf8427e  usr/lib/os-release\n");
	check(&m, "/usr/lib/os-release", true, "base-files", "12.4");
	image_free(&m);
}

static void alpine(void **state)
{
	struct image m = image_new();

	(void)state;
	put(&m, 1, "lib/apk/db/installed",
	    "P:busybox\nV:1.36.1-r2\nA:x86_64\nF:bin\nR:busybox\nF:etc\nR:securetty\n\n"
	    "P:musl\nV:1.2.4-r1\nA:x86_64\nF:lib\nR:ld-musl-x86_64.so.1\n\n");
	check(&m, "/bin/busybox", true, "busybox", "1.36.1-r2");
	check(&m, "/lib/ld-musl-x86_64.so.1", true, "musl", "1.2.4-r1");
	check(&m, "/bin/evil", true, "", "");
	image_free(&m);
}

/* A database behind a link is none: the link may lead anywhere. */
static void links(void **state)
{
	struct image m = image_new();
	char name[128];

	(void)state;
	put(&m, 1, "var/lib/x", "");
	put(&m, 2, "dpkg/status", STANZA("bash", "5.2-1"));
	(void)snprintf(name, sizeof(name), "%s/1/var/lib/dpkg", m.dir);
	assert_int_equal(symlink("../../../2/dpkg", name), 0);
	check(&m, "/usr/bin/bash", false, "", "");
	image_free(&m);
}

/* What cannot be read is an error, not "no package". */
static void damaged(void **state)
{
	struct image m = image_new();
	struct scan_owner o;
	struct sk_err err;

	(void)state;
	put(&m, 1, "var/lib/rpm/rpmdb.sqlite", "this is no database");
	assert_true(scan_owner(m.layers, N_LAYERS, "/bin/x", sk_mono_ms() + 60000, &o, &err) < 0);
	image_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(debian), cmocka_unit_test(distroless), cmocka_unit_test(alpine),
		cmocka_unit_test(links),  cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
