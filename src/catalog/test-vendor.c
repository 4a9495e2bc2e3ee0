/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose package is it. That no package of the Debian archive is called foreign is shown by
 * test/t1210-catalog-dpkg over all of them.
 */
#include "catalog/test-common.h"

static const struct {
	const char *distro;
	enum model_package_type type;
	const char *version;
	const char *vendor;
	const char *origin;
	bool foreign;
} cases[] = {
	{"debian", MODEL_PACKAGE_DEB, "2.36-9+deb12u4", "GNU Libc <x@lists.debian.org>", NULL, 0},
	{"debian", MODEL_PACKAGE_DEB, "1.0-1~bpo12+1", "Somebody <a@gmail.com>", NULL, 0},
	{"debian", MODEL_PACKAGE_DEB, "1.0-1", NULL, NULL, 0},
	{"ubuntu", MODEL_PACKAGE_DEB, "2.35-0ubuntu3.4", "Ubuntu Developers <u@ubuntu.com>",
	 "Ubuntu", 0},
	{"raspbian", MODEL_PACKAGE_DEB, "2.31-13+rpt2", "x <y@z>", "Raspbian", 0},
	{"debian", MODEL_PACKAGE_DEB, "18.17.0-1nodesource1", "N <i@nodesource.com>", NULL, 1},
	{"debian", MODEL_PACKAGE_DEB, "5:24.0.5-1~debian.12~bookworm",
	 "Docker <support@docker.com>", NULL, 1},
	{"debian", MODEL_PACKAGE_DEB, "1.6.21-1", "Docker <support@docker.com>", NULL, 1},
	{"debian", MODEL_PACKAGE_DEB, "15.3-1.pgdg120+1",
	 "Debian PostgreSQL Maintainers <team+postgresql@tracker.debian.org>", NULL, 1},
	{"debian", MODEL_PACKAGE_DEB, "8.2.7-1+0~20230609.45+debian12~1.gbp2a3bd5",
	 "Debian PHP Maintainers <team+pkg-php@tracker.debian.org>", NULL, 1},
	{"debian", MODEL_PACKAGE_DEB, "115.0.5790.110-1",
	 "Chrome Linux Team <chromium-dev@chromium.org>", NULL, 1},
	{"debian", MODEL_PACKAGE_DEB, "1:10.11.4+maria~deb12", "MariaDB <x@lists.launchpad.net>",
	 NULL, 1},
	{"ubuntu", MODEL_PACKAGE_DEB, "3.0-1ubuntu1~ppa2", "A <a@b>", NULL, 1},
	{"ubuntu", MODEL_PACKAGE_DEB, "1:2.30.0-0ppa1~ubuntu18.04.1", "A <a@b>", NULL, 1},
	{"debian", MODEL_PACKAGE_DEB, "6:7.2.4-1rl1~bookworm1", "A <a@b>", NULL, 1},
	{"debian", MODEL_PACKAGE_DEB, "1.0", "<root@build>", "none", 1},
	{"rhel", MODEL_PACKAGE_RPM, "1-1", "Red Hat, Inc.", "Red Hat", 0},
	{"rhel", MODEL_PACKAGE_RPM, "1-1.el9", "Fedora Project", "Fedora Project", 1},
	{"fedora", MODEL_PACKAGE_RPM, "1-1", "Fedora Project", NULL, 0},
	{"centos", MODEL_PACKAGE_RPM, "1-1", "CentOS", NULL, 0},
	{"rocky", MODEL_PACKAGE_RPM, "1-1", "Rocky Enterprise Software Foundation", NULL, 0},
	{"ol", MODEL_PACKAGE_RPM, "1-1", "Oracle America", NULL, 0},
	{"ol", MODEL_PACKAGE_RPM, "1-1", "Oracle and/or its affiliates", NULL, 1},
	{"sles", MODEL_PACKAGE_RPM, "1-1", "SUSE LLC <https://www.suse.com/>", NULL, 0},
	{"rhel", MODEL_PACKAGE_RPM, "1-1", NULL, NULL, 0},
	{"rhel", MODEL_PACKAGE_RPM, "1-1", "(none)", NULL, 0},
	{"nobody", MODEL_PACKAGE_RPM, "1-1", "Acme", NULL, 0},
	{"alpine", MODEL_PACKAGE_APK, "1-r1", "Acme", NULL, 0},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct model_distro d = {.id = cases[i].distro};
		struct model_package p = {
			.type = cases[i].type,
			.version = cases[i].version,
			.vendor = cases[i].vendor,
			.origin = cases[i].origin,
		};
		const char *why = NULL;

		if (catalog_is_third_party(&p, &d, &why) != cases[i].foreign)
			fail_msg("%s %s", cases[i].version, cases[i].vendor);
		assert_int_equal(why != NULL, cases[i].foreign);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
