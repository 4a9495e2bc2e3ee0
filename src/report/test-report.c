/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: golden files at 80 columns, foreign text, key order, counts. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "report/report.h"

static const char *data_dir;

static const char *const ssl_fixed[] = {"1.1.1n-0+deb11u5"};
static const char *const lodash_fixed[] = {"4.17.19", "5.0.0"};
static const char *const ssl_aliases[] = {"DSA-5417-1"};
static const char *const hostile_fixed[] = {"1.0\033[2J\xff"};
static const char *ssl_locations[] = {"var/lib/dpkg/status"};
static const char *lodash_locations[] = {
	"srv/app/node_modules/a-rather-long-path-name/node_modules/another/node_modules/lodash/"
	"package.json"};
static const struct model_cvss ssl_cvss[] = {
	{"3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5, "NVD"}};

/** struct sample - a report with something of everything */
struct sample {
	struct model_package packages[4];
	struct model_finding findings[6];
	struct model_suppressed suppressed[2];
	struct model_diagnostic diagnostics[2];
	struct model_layer layers[2];
	struct model_feed feeds[1];
	struct model_report r;
};

static void fill_packages(struct sample *s)
{
	s->packages[0] = (struct model_package){
		.type = MODEL_PACKAGE_LANGUAGE,
		.id = "pkg:npm/lodash@4.17.15",
		.name = "lodash",
		.version = "4.17.15",
		.ecosystem = "npm",
		.purl = "pkg:npm/lodash@4.17.15",
		.source_name = "lodash",
		.source_version = "4.17.15",
		.layer = 1,
		.locations = lodash_locations,
		.n_locations = 1,
	};
	for (size_t i = 1; i < 3; i++)
		s->packages[i] = (struct model_package){
			.type = MODEL_PACKAGE_DEB,
			.id = i == 1 ? "pkg:deb/debian/libssl1.1@1.1.1n-0+deb11u3"
				     : "pkg:deb/debian/openssl@1.1.1n-0+deb11u3",
			.name = i == 1 ? "libssl1.1" : "openssl",
			.version = "1.1.1n-0+deb11u3",
			.ecosystem = "Debian:11",
			.arch = "amd64",
			.source_name = "openssl",
			.source_version = "1.1.1n-0+deb11u3",
			.locations = ssl_locations,
			.n_locations = 1,
		};
	s->packages[3] = (struct model_package){
		.type = MODEL_PACKAGE_DEB,
		.id = "pkg:deb/debian/evil",
		.name = "evil\033]0;title\007\xe2\x80\xae",
		.version = "1",
		.ecosystem = "Debian:11",
		.source_name = "evil",
		.source_version = "1",
		.layer = MODEL_NO_LAYER,
	};
}

static void fill_findings(struct sample *s)
{
	for (size_t i = 0; i < 2; i++)
		s->findings[i] = (struct model_finding){
			.id = "CVE-2023-0464",
			.aliases = (const char **)(uintptr_t)ssl_aliases,
			.n_aliases = 1,
			.package = &s->packages[i + 1],
			.fixed_versions = (const char **)(uintptr_t)ssl_fixed,
			.n_fixed_versions = 1,
			.state = MODEL_STATE_FIXED,
			.severity = MODEL_SEVERITY_HIGH,
			.severity_source = "NVD",
			.cvss = ssl_cvss,
			.n_cvss = 1,
			.kev = {true, "2023-05-01", true},
			.epss = {true, 0.25, 0.9, "2025-02-01"},
			.risk = 78.75,
			.advisory = {"OSV Debian", "CVE-2023-0464", "< 1.1.1n-0+deb11u5"},
			.published = "2023-03-22T17:15:13Z",
			.fix_published = "2023-05-31T00:00:00Z",
		};
	s->findings[2] = (struct model_finding){
		.id = "CVE-2020-8203",
		.package = &s->packages[0],
		.fixed_versions = (const char **)(uintptr_t)lodash_fixed,
		.n_fixed_versions = 2,
		.state = MODEL_STATE_FIXED,
		.severity = MODEL_SEVERITY_CRITICAL,
		.epss = {true, 0.1, 0.5, NULL},
		.risk = 9.0,
		.advisory = {"OSV npm", "GHSA-p6mc-m468-83gw", "< 4.17.19"},
	};
	s->findings[3] = (struct model_finding){
		.id = "CVE-2099-1",
		.package = &s->packages[1],
		.state = MODEL_STATE_WILL_NOT_FIX,
		.severity = MODEL_SEVERITY_LOW,
		.advisory = {"OSV Debian", "CVE-2099-1", "all versions"},
	};
	s->findings[4] = (struct model_finding){
		.id = "A-VERY-LONG-IDENTIFIER-2025:12345-6",
		.package = &s->packages[3],
		.fixed_versions = (const char **)(uintptr_t)hostile_fixed,
		.n_fixed_versions = 1,
		.state = MODEL_STATE_FIXED,
		.severity = MODEL_SEVERITY_UNKNOWN,
		.advisory = {"F", "X", "< 2"},
	};
	s->suppressed[0] = (struct model_suppressed){
		.finding = s->findings[3],
		.reason = MODEL_REASON_UNIMPORTANT,
		.text = "the distribution rates it as no real risk",
		.source = "OSV Debian",
	};
	s->suppressed[1] = (struct model_suppressed){
		.finding = s->findings[2],
		.reason = MODEL_REASON_IGNORED,
		.text = "not reachable, and this is explained at such a length that it is cut",
		.source = ".stockadeignore:3",
		.until = "2026-01-31",
	};
}

static void fill(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	fill_packages(s);
	fill_findings(s);
	s->layers[0] = (struct model_layer){.size = 30000000, .created_by = "ADD rootfs"};
	s->layers[0].diff_id = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("layer"));
	s->feeds[0] = (struct model_feed){"OSV Debian", 40000, "2025-02-01T00:00:00Z"};
	s->diagnostics[0] = (struct model_diagnostic){
		MODEL_DIAGNOSTIC_WARNING, "layer 1: srv/x.tar",
		"the member is damaged \033[31mand its message is long enough to be wrapped"};
	s->r = (struct model_report){
		.target = {.reference = "docker-archive:app.tar",
			   .kind = "docker-archive",
			   .platform = "linux/amd64",
			   .os = {.id = "debian",
				  .version_id = "11",
				  .pretty_name = "Debian GNU/Linux 11 (bullseye)",
				  .ecosystem = "Debian:11",
				  .end_of_life = "2024-08-14",
				  .extended_support = "2026-08-31"},
			   .layers = s->layers,
			   .n_layers = 2},
		.database = {.built = "2025-02-02T00:00:00Z",
			     .newest_feed = "2025-02-01T00:00:00Z",
			     .feeds = s->feeds,
			     .n_feeds = 1,
			     .relevant = s->feeds},
		.packages = s->packages,
		.n_packages = 4,
		.findings = s->findings,
		.n_findings = 5,
		.suppressed = s->suppressed,
		.n_suppressed = 2,
		.diagnostics = s->diagnostics,
		.n_diagnostics = 1,
		.verdict = "fail",
		.tripped_by = "1 finding of severity critical; the advisories are older than "
			      "allowed",
	};
	s->r.target.digest = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("manifest"));
	s->r.database.digest = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("database"));
}

static void write_report(const char *format, const struct model_report *r,
			 const struct report_options *opts, struct sk_buf *b)
{
	struct sk_sink sink = sk_sink_buf(b);
	struct sk_err err = {0};

	sk_buf_init(b, 1 << 24);
	if (report_find(format)->write(r, opts, &sink, &err) < 0)
		fail_msg("%s", err.msg);
}

/* The file is the truth; SK_UPDATE_GOLDEN in the environment writes it anew, to be read in the
 * diff. */
static void check_golden(const char *name, const char *format, const struct model_report *r,
			 const struct report_options *opts)
{
	struct sk_buf got, want, path;
	struct sk_err err = {0};

	write_report(format, r, opts, &got);
	sk_buf_init(&want, 1 << 20);
	sk_buf_init(&path, 4096);
	sk_buf_printf(&path, "%s/%s", data_dir, name);
	if (getenv("SK_UPDATE_GOLDEN") != NULL)
		assert_int_equal(
			sk_write_file_atomic(AT_FDCWD, path.ptr, sk_buf_span(&got), 0644, &err), 0);
	if (sk_read_file(AT_FDCWD, path.ptr, &want, &err) < 0)
		print_message("%s\n", err.msg);
	if (!sk_span_eq(sk_buf_span(&got), sk_buf_span(&want)))
		fail_msg("%s differs; now:\n%s", name, got.ptr);
	sk_buf_release(&got);
	sk_buf_release(&want);
	sk_buf_release(&path);
}

static void test_golden(void **state)
{
	struct report_options opts = {.now = 1748736000}; /* 2025-06-01 */
	struct sample s;

	(void)state;
	fill(&s);
	check_golden("table.txt", "table", &s.r, &opts);
	check_golden("report.json", "json", &s.r, &opts);
	opts.show_suppressed = true;
	check_golden("table-suppressed.txt", "table", &s.r, &opts);
	opts = (struct report_options){.now = 1748736000, .colour = true, .width = 120};
	opts.severity_mask = 1u << MODEL_SEVERITY_CRITICAL;
	check_golden("table-colour.txt", "table", &s.r, &opts);
}

static void test_empty(void **state)
{
	struct report_options opts = {.now = 1748736000};
	struct model_report r = {.target = {.reference = "dir:.", .kind = "dir"},
				 .verdict = "pass"};
	struct model_package p = {.id = "x", .name = "x", .version = "1"};

	(void)state;
	check_golden("empty.txt", "table", &r, &opts);
	check_golden("empty.json", "json", &r, &opts);
	r.packages = &p;
	r.n_packages = 1;
	r.verdict = "incomplete";
	check_golden("clean.txt", "table", &r, &opts);
}

/* At every width: no line is wider, and no byte of foreign text acts on the terminal. */
static void test_width(void **state)
{
	struct sample s;

	(void)state;
	fill(&s);
	for (unsigned width = 60; width <= 140; width++) {
		struct report_options opts = {
			.now = 1748736000, .show_suppressed = true, .width = width};
		struct sk_buf b;
		struct sk_span rest, line;

		write_report("table", &s.r, &opts, &b);
		rest = sk_buf_span(&b);
		while (sk_span_line(&rest, &line)) {
			struct sk_span left = line;
			uint32_t cp;

			if (sk_text_width(line) > width)
				fail_msg("width %u: %.*s", width, SK_SPAN_ARG(line));
			while (left.len > 0) {
				assert_true(sk_utf8_next(&left, &cp));
				assert_false(sk_text_is_unsafe(cp));
			}
		}
		sk_buf_release(&b);
	}
}

static void test_summary(void **state)
{
	struct report_summary sum;
	struct sample s;

	(void)state;
	fill(&s);
	report_summarise(&s.r, &sum);
	assert_int_equal(sum.packages, 4);
	assert_int_equal(sum.findings, 5);
	assert_int_equal(sum.fixable, 4);
	assert_int_equal(sum.by_severity[MODEL_SEVERITY_HIGH], 2);
	assert_int_equal(sum.suppressed[MODEL_REASON_IGNORED], 1);
	assert_null(report_find("nonesuch"));
	assert_non_null(report_find(report_names(0)));
	assert_string_equal(report_names(1), "json");
	assert_null(report_names(2));
}

static void check_keys(const struct sk_json *j, const char *want)
{
	struct sk_buf b;
	struct sk_span key;
	const struct sk_json *value;
	void *iter = NULL;

	sk_buf_init(&b, 4096);
	while (sk_json_next(j, &iter, &key, &value)) {
		sk_buf_add_span(&b, key);
		sk_buf_add_char(&b, ' ');
	}
	assert_string_equal(b.ptr, want);
	sk_buf_release(&b);
}

static void test_keys(void **state)
{
	struct report_options opts = {0};
	struct sk_err err = {0};
	struct sample s;
	struct sk_buf b;
	struct sk_json *j;

	(void)state;
	fill(&s);
	write_report("json", &s.r, &opts, &b);
	assert_int_equal(sk_json_parse(sk_buf_span(&b), 0, &j, &err), 0);
	check_keys(j, "schema target database packages findings suppressed diagnostics summary ");
	check_keys(sk_json_get(j, "target"),
		   "reference kind digest config_digest platform os base layers ");
	check_keys(sk_json_at(sk_json_get(j, "packages"), 0),
		   "id name version ecosystem arch purl source layer locations owner ");
	check_keys(sk_json_at(sk_json_get(j, "findings"), 0),
		   "id aliases package fixed_versions state severity severity_source cvss kev epss "
		   "risk layer locations advisory published fix_published ");
	check_keys(sk_json_at(sk_json_get(j, "suppressed"), 0),
		   "id aliases package fixed_versions state severity severity_source cvss kev epss "
		   "risk layer locations advisory published fix_published reason ");
	check_keys(sk_json_get(j, "summary"),
		   "packages findings by_severity fixable suppressed verdict ");
	sk_json_free(j);
	sk_buf_release(&b);
}

/* A clean result is as old as the advisories that would have spoken, not as the database's newest;
 * what was not judged is not clean.
 */
static void test_age(void **state)
{
	struct report_options opts = {.now = 1740000000};
	struct model_feed feed = {"OSV Debian", 1, "2025-02-01T00:00:00Z"};
	struct model_package package = {
		.type = MODEL_PACKAGE_DEB, .name = "hello", .ecosystem = "Debian:12"};
	struct model_report r = {
		.target = {.reference = "dir:x"},
		.database = {.newest_feed = "2025-02-10T00:00:00Z",
			     .feeds = &feed,
			     .n_feeds = 1,
			     .relevant = &feed},
		.packages = &package,
		.n_packages = 1,
		.verdict = "pass",
	};
	struct sk_buf b;

	(void)state;
	write_report("table", &r, &opts, &b);
	assert_non_null(strstr(b.ptr, "No known vulnerabilities in 1 package."));
	assert_non_null(strstr(b.ptr, "Advisories up to 2025-02-01 (OSV Debian), 18 days old"));
	sk_buf_release(&b);
	r.n_filtered = 2;
	write_report("table", &r, &opts, &b);
	assert_non_null(strstr(b.ptr, "None of 2 findings in 1 package is among those asked for."));
	assert_null(strstr(b.ptr, "No known"));
	sk_buf_release(&b);
	r.n_filtered = 0;
	r.database.relevant = NULL;
	r.n_unjudged = 1;
	write_report("table", &r, &opts, &b);
	assert_non_null(strstr(b.ptr, "None of 1 package could be judged."));
	assert_null(strstr(b.ptr, "No known"));
	assert_non_null(strstr(b.ptr, "Advisories up to 2025-02-10 (newest feed), 9 days old"));
	sk_buf_release(&b);
}

static int full_sink(void *ctx, const void *ptr, size_t len)
{
	(void)ctx;
	(void)ptr;
	(void)len;
	return -28; /* ENOSPC */
}

static void test_full(void **state)
{
	const struct sk_sink sink = {.write = full_sink};
	struct report_options opts = {0};
	struct sample s;

	(void)state;
	fill(&s);
	for (size_t i = 0; report_names(i) != NULL; i++) {
		struct sk_err err = {0};

		assert_int_equal(report_find(report_names(i))->write(&s.r, &opts, &sink, &err),
				 -28);
		assert_non_null(strstr(err.msg, "ENOSPC"));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_width),  cmocka_unit_test(test_summary),
		cmocka_unit_test(test_keys),   cmocka_unit_test(test_age),
		cmocka_unit_test(test_full),
	};

	if (argc != 2)
		return 2;
	data_dir = argv[1];
	return cmocka_run_group_tests_name("report/report", tests, NULL, NULL);
}
