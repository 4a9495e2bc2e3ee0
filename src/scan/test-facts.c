/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: what becomes one, and the way over the channel and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "scan/facts.h"

struct text {
	const char *rest;
};

static int64_t read_text(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	struct text *t = ctx;
	size_t n = strlen(t->rest) < len ? strlen(t->rest) : len;

	(void)err;
	memcpy(buf, t->rest, n);
	t->rest += n;
	return (int64_t)n;
}

static void add(struct scan_facts_builder *b, enum scan_entry_type type, const char *path,
		const char *content)
{
	struct text text = {.rest = content != NULL ? content : ""};
	struct scan_entry e = {.type = type,
			       .path = sk_span_str(path),
			       .link = sk_span_str(content),
			       .size = strlen(text.rest),
			       .whiteouts = true,
			       .read = read_text,
			       .ctx = &text};
	struct sk_err err = {0};

	assert_int_equal(scan_facts_add(b, &e, &err), 0);
}

static const char status[] = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n"
			     "Architecture: amd64\nSource: bash-src (5.2)\n\n";

static void build(struct scan_facts_builder *b, struct sk_arena *a, struct sk_budget *budget)
{
	struct sk_limits limits = sk_limits_default();

	sk_budget_init(budget, &limits);
	*b = (struct scan_facts_builder){.arena = a, .budget = budget};
	add(b, SCAN_ENTRY_DIR, "var", NULL);
	add(b, SCAN_ENTRY_DIR, "var/lib/dpkg", NULL);
	add(b, SCAN_ENTRY_DIR, "opt", NULL);
	add(b, SCAN_ENTRY_FILE, "opt/file", "x");
	add(b, SCAN_ENTRY_FILE, "var/lib/dpkg/status", status);
	add(b, SCAN_ENTRY_FILE, "usr/lib/os-release", "ID=debian\nVERSION_ID=12\n");
	add(b, SCAN_ENTRY_SYMLINK, "lib", "usr/lib");
	add(b, SCAN_ENTRY_SYMLINK, "opt/link", "nowhere");
	add(b, SCAN_ENTRY_HARDLINK, "etc/os-release", "usr/lib/os-release");
	add(b, SCAN_ENTRY_OTHER, "usr/share", NULL);
	add(b, SCAN_ENTRY_FILE, "etc/.wh.os-release", "");
	add(b, SCAN_ENTRY_FILE, "opt/.wh.gone", "");
	add(b, SCAN_ENTRY_FILE, "var/lib/.wh..wh..opq", "");
	add(b, SCAN_ENTRY_FILE, "var/lib/.wh..wh.aufs", "");
	add(b, SCAN_ENTRY_FILE, ".wh.", "");
	add(b, SCAN_ENTRY_FILE, ".wh..", "");
	add(b, SCAN_ENTRY_FILE, ".wh....", "");
	add(b, SCAN_ENTRY_FILE, ".wh.var", "");
	b->facts.diff_id = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("x"));
	b->facts.size = 77;
	scan_facts_finish(b);
}

static void what_becomes_a_fact(void **state)
{
	static const struct {
		enum scan_fact_type type;
		const char *path;
	} expected[] = {
		{SCAN_FACT_FILE, "var/lib/dpkg/status"},
		{SCAN_FACT_FILE, "usr/lib/os-release"},
		{SCAN_FACT_SYMLINK, "lib"},
		{SCAN_FACT_HARDLINK, "etc/os-release"},
		{SCAN_FACT_WHITEOUT, "etc/os-release"},
		{SCAN_FACT_OPAQUE, "var/lib"},
		{SCAN_FACT_WHITEOUT, "var"},
	};
	struct sk_arena *a = sk_arena_new();
	struct scan_facts_builder b;
	struct sk_budget budget;

	(void)state;
	build(&b, a, &budget);
	assert_int_equal(b.facts.n_facts, SK_ARRAY_LEN(expected));
	for (size_t i = 0; i < SK_ARRAY_LEN(expected); i++) {
		assert_int_equal(b.facts.facts[i].type, expected[i].type);
		assert_string_equal(b.facts.facts[i].path.ptr, expected[i].path);
	}
	assert_int_equal(b.facts.n_dirs, 2);
	assert_true(scan_facts_has_hash(b.facts.dirs, 2, sk_span_str("var/lib/dpkg")));
	assert_false(scan_facts_has_hash(b.facts.dirs, 2, sk_span_str("opt")));
	assert_int_equal(b.facts.n_others, 1);
	assert_int_equal(b.facts.n_entries, 18);
	scan_facts_builder_release(&b);
	sk_arena_free(a);
}

/* Of several entries for one path the last one counts. */
static void repeated_paths(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct sk_limits limits = sk_limits_default();
	struct scan_facts_builder b = {.arena = a};
	struct sk_budget budget;

	(void)state;
	sk_budget_init(&budget, &limits);
	b.budget = &budget;
	add(&b, SCAN_ENTRY_OTHER, "var/lib/dpkg/status", NULL);
	add(&b, SCAN_ENTRY_DIR, "var/lib/dpkg/status", NULL);
	assert_int_equal(b.facts.n_facts, 0);
	add(&b, SCAN_ENTRY_FILE, "var/lib/dpkg/status", status);
	add(&b, SCAN_ENTRY_DIR, "var/lib/dpkg", NULL);
	assert_int_equal(b.facts.n_facts, 1);
	add(&b, SCAN_ENTRY_OTHER, "var/lib/dpkg/status", NULL);
	assert_int_equal(b.facts.n_facts, 2);
	assert_int_equal(b.facts.facts[1].type, SCAN_FACT_OTHER);
	add(&b, SCAN_ENTRY_FILE, "var/lib/dpkg/status", status);
	add(&b, SCAN_ENTRY_DIR, "var/lib/dpkg/status", NULL);
	assert_int_equal(b.facts.facts[3].type, SCAN_FACT_DIR);
	add(&b, SCAN_ENTRY_OTHER, "var/lib", NULL);
	assert_int_equal(b.facts.facts[4].type, SCAN_FACT_OTHER);
	assert_string_equal(b.facts.facts[4].path.ptr, "var/lib");
	scan_facts_builder_release(&b);
	sk_arena_free(a);
}

static void there_and_back(void **state)
{
	const struct scan_wanted wanted = {0};
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct scan_facts_builder b;
	struct sk_budget budget;
	struct sk_buf bytes, again;
	struct scan_facts f;
	struct sk_err err;

	(void)state;
	build(&b, a, &budget);
	sk_buf_init(&bytes, 1 << 20);
	sk_buf_init(&again, 1 << 20);
	scan_facts_encode(&b.facts, &bytes);
	assert_int_equal(scan_facts_decode(sk_buf_span(&bytes), &wanted, &limits, a, &f, &err), 0);
	scan_facts_encode(&f, &again);
	assert_true(sk_span_eq(sk_buf_span(&bytes), sk_buf_span(&again)));
	assert_int_equal(f.size, 77);
	assert_true(sk_digest_eq(&f.diff_id, &b.facts.diff_id));
	assert_int_equal(f.facts[0].result.n_packages, 1);
	assert_string_equal(f.facts[0].result.packages[0].name, "bash");
	assert_string_equal(f.facts[0].result.packages[0].source_name, "bash-src");
	assert_string_equal(f.facts[1].result.distro.id, "debian");
	sk_buf_release(&bytes);
	sk_buf_release(&again);
	scan_facts_builder_release(&b);
	sk_arena_free(a);
}

/* Cut anywhere it is refused; with any byte changed it is refused or is other valid facts. */
static void damaged(void **state)
{
	const struct scan_wanted wanted = {0};
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct scan_facts_builder b;
	struct sk_budget budget;
	struct sk_buf bytes;
	struct scan_facts f;
	struct sk_err err;

	(void)state;
	build(&b, a, &budget);
	sk_buf_init(&bytes, 1 << 20);
	scan_facts_encode(&b.facts, &bytes);
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(scan_facts_decode(sk_span_of(bytes.ptr, len), &wanted, &limits, a,
						   &f, &err),
				 -SK_E_FORMAT);
	for (size_t i = 0; i < bytes.len; i++) {
		static const uint8_t flips[] = {0x01, 0x80, 0xff, 0x55};

		for (size_t k = 0; k < SK_ARRAY_LEN(flips); k++) {
			bytes.ptr[i] = (char)(bytes.ptr[i] ^ flips[k]);
			if (scan_facts_decode(sk_buf_span(&bytes), &wanted, &limits, a, &f, &err) ==
			    0)
				for (size_t n = 0; n < f.n_facts; n++)
					assert_true(f.facts[n].type < SCAN_FACT_N_TYPES);
			bytes.ptr[i] = (char)(bytes.ptr[i] ^ flips[k]);
		}
	}
	sk_buf_release(&bytes);
	scan_facts_builder_release(&b);
	sk_arena_free(a);
}

static int decode_fact(const struct scan_fact *fact, const struct scan_wanted *wanted)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct scan_fact copy = *fact;
	struct scan_facts in = {.facts = &copy, .n_facts = 1}, out;
	struct sk_buf bytes;
	struct sk_err err;
	int r;

	sk_buf_init(&bytes, 1 << 20);
	scan_facts_encode(&in, &bytes);
	r = scan_facts_decode(sk_buf_span(&bytes), wanted, &limits, a, &out, &err);
	sk_buf_release(&bytes);
	sk_arena_free(a);
	return r;
}

/* A worker that lies: facts that nobody asked for, paths out of the tree, missing parts. */
static void lies(void **state)
{
	static const char *const paths[] = {"/etc/os-release",  "etc//os-release", "../etc/passwd",
					    "etc/./os-release", "etc/os-release/", "opt/x"};
	const struct scan_wanted wanted = {0};
	struct scan_fact f = {.type = SCAN_FACT_FILE,
			      .kind = CATALOG_OS_RELEASE,
			      .path = SK_SPAN("etc/os-release")};
	struct model_package p = {
		.name = "a", .version = "1", .source_name = "a", .source_version = "1"};

	(void)state;
	assert_int_equal(decode_fact(&f, &wanted), 0);
	for (size_t i = 0; i < SK_ARRAY_LEN(paths); i++) {
		f.path = sk_span_str(paths[i]);
		assert_int_equal(decode_fact(&f, &wanted), -SK_E_FORMAT);
	}
	f.path = sk_span_str("etc/os-release");
	f.kind = CATALOG_RPM;
	assert_int_equal(decode_fact(&f, &wanted), -SK_E_FORMAT);
	f.kind = CATALOG_OS_RELEASE;
	f.result.packages = &p;
	f.result.n_packages = 1;
	assert_int_equal(decode_fact(&f, &wanted), 0);
	p.name = NULL;
	assert_int_equal(decode_fact(&f, &wanted), -SK_E_FORMAT);
	f = (struct scan_fact){.type = SCAN_FACT_HARDLINK,
			       .kind = CATALOG_OS_RELEASE,
			       .path = SK_SPAN("etc/os-release"),
			       .link = SK_SPAN("../x")};
	assert_int_equal(decode_fact(&f, &wanted), -SK_E_FORMAT);
	f.link = sk_span_str("x");
	assert_int_equal(decode_fact(&f, &wanted), 0);
}

static void aliases(void **state)
{
	const struct scan_alias list[] = {
		{SK_SPAN("opt/release"), SK_SPAN("etc/os-release")},
		{SK_SPAN("odd/dpkg"), SK_SPAN("var/lib/dpkg")},
	};
	const struct scan_wanted wanted = {.aliases = list, .n_aliases = 2};
	enum catalog_kind kind;

	(void)state;
	assert_true(scan_wants(&wanted, sk_span_str("opt/release"), &kind));
	assert_int_equal(kind, CATALOG_OS_RELEASE);
	assert_true(scan_wants(&wanted, sk_span_str("odd/dpkg/status"), &kind));
	assert_int_equal(kind, CATALOG_DPKG_STATUS);
	/* Only what was asked for: the rest is known from the first pass. */
	assert_false(scan_wants(&wanted, sk_span_str("var/lib/dpkg/status"), &kind));
	assert_false(scan_wants(&wanted, sk_span_str("odd/dpkgstatus"), &kind));
	assert_false(scan_wants(&wanted, sk_span_str("odd/dpkg/x"), &kind));
	assert_true(scan_leads(&wanted, sk_span_str("odd")));
	assert_true(scan_leads(&wanted, sk_span_str("opt")));
	assert_true(scan_leads(&wanted, sk_span_str("odd/dpkg/status.d")));
	assert_true(scan_leads(&wanted, sk_span_str("")));
	assert_false(scan_leads(&wanted, sk_span_str("od")));
	assert_false(scan_leads(&wanted, sk_span_str("odd/other")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_becomes_a_fact),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(damaged),
		cmocka_unit_test(repeated_paths),
		cmocka_unit_test(lies),
		cmocka_unit_test(aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
