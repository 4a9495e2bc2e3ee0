/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog-dump: the tests' tool. Reads one file as the cataloguer of the given path would and
 * prints what it records, tab-separated, one line each: package NAME VERSION ARCH SOURCE
 * SOURCE_VERSION MODULE VENDOR ORIGIN THIRD_PARTY distro ID VERSION_ID CODENAME PRETTY_NAME
 * ECOSYSTEM · owned PACKAGE PATH · set NAME · diagnostic SEVERITY PLACE MESSAGE Usage: catalog-dump
 * [-f] [-d ID] PATH-IN-TARGET FILE. Exit: 0, 2 usage, 3 failure.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "catalog/catalog.h"

static int64_t read_fd(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	ssize_t got = read(*(int *)ctx, buf, len);

	return got < 0 ? sk_err_set(err, SK_E_FORMAT, "read failed") : got;
}

static void column(const char *s)
{
	printf("\t%s", s != NULL ? s : "-");
}

static void print_package(const struct model_package *p, const struct model_distro *d)
{
	const char *why = "-";
	bool foreign = catalog_is_third_party(p, d, &why);
	const char *texts[] = {p->name,        p->version,        p->arch,
			       p->source_name, p->source_version, p->module,
			       p->vendor,      p->origin,         foreign ? why : "-"};

	printf("package");
	for (size_t i = 0; i < SK_ARRAY_LEN(texts); i++)
		column(texts[i]);
	printf("\n");
}

static void print_result(const struct catalog_result *r, const struct model_distro *d)
{
	for (size_t i = 0; i < r->n_packages; i++)
		print_package(&r->packages[i], d);
	for (size_t i = 0; i < r->n_owned; i++)
		printf("owned\t%s\t%s\n", r->owned[i].package, r->owned[i].path);
	for (size_t i = 0; i < r->n_content_sets; i++)
		printf("set\t%s\n", r->content_sets[i]);
	for (size_t i = 0; i < r->n_diagnostics; i++)
		printf("diagnostic\t%d\t%s\t%s\n", (int)r->diagnostics[i].severity,
		       r->diagnostics[i].place, r->diagnostics[i].message);
	if (r->distro.id == NULL)
		return;
	printf("distro");
	column(r->distro.id);
	column(r->distro.version_id);
	column(r->distro.codename);
	column(r->distro.pretty_name);
	column(r->distro.ecosystem);
	printf("\n");
}

static int dump(const char *path, const char *file, unsigned flags, const struct model_distro *d)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(sk_closep) int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct catalog_input in = {.read = read_fd, .ctx = &fd, .path = sk_span_str(path)};
	struct sk_limits limits = sk_limits_default();
	struct catalog_result result = {0};
	struct sk_budget budget;
	enum catalog_kind kind;
	struct sk_err err = {0};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		fprintf(stderr, "cannot open %s\n", file);
		return 3;
	}
	in.size = (uint64_t)st.st_size;
	if (!catalog_claims(in.path, flags, &kind)) {
		fprintf(stderr, "nobody claims %s\n", path);
		return 2;
	}
	sk_budget_init(&budget, &limits);
	if (catalog_parse(kind, &in, flags, &budget, a, &result, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 3;
	}
	if (result.distro.id != NULL)
		(void)model_distro_map(&result.distro, a);
	print_result(&result, d);
	return 0;
}

int main(int argc, char **argv)
{
	struct model_distro distro = {0};
	unsigned flags = 0;
	int opt;

	while ((opt = getopt(argc, argv, "fd:")) != -1) {
		if (opt == 'f')
			flags |= CATALOG_CLAIM_FILES;
		else if (opt == 'd')
			distro.id = optarg;
		else
			return 2;
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: catalog-dump [-f] [-d ID] PATH-IN-TARGET FILE\n");
		return 2;
	}
	return dump(argv[optind], argv[optind + 1], flags, &distro);
}
