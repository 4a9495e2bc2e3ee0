/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, documents and the choice among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/doc.h"
#include "image/target.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void targets(void **state)
{
	static const struct {
		const char *text;
		enum image_kind kind;
		const char *rest;
	} cases[] = {
		{"-", IMAGE_STDIN, "-"},
		{"alpine.tar", IMAGE_AUTO, "alpine.tar"},
		{"host:5000/x:1", IMAGE_HOST, "5000/x:1"},
		{"localhost:5000/x", IMAGE_AUTO, "localhost:5000/x"},
		{"oci:/a:b:c", IMAGE_OCI_DIR, "/a:b:c"},
		{"oci-archive:x", IMAGE_OCI_ARCHIVE, "x"},
		{"docker:debian:12", IMAGE_ENGINE, "debian:12"},
		{"docker-daemon:debian:12", IMAGE_ENGINE, "debian:12"},
		{"oci-dir:/a:b", IMAGE_OCI_DIR, "/a:b"},
		{"file:x.tar", IMAGE_AUTO, "x.tar"},
		{"docker-archive:x.tar", IMAGE_DOCKER_ARCHIVE, "x.tar"},
		{"host:", IMAGE_HOST, "/"},
		{"pkg:npm/a@1", IMAGE_PURL, "pkg:npm/a@1"},
		{"purl:pkg:npm/a@1", IMAGE_PURL, "pkg:npm/a@1"},
		{"purls:-", IMAGE_PURLS, "-"},
		{"dir:.", IMAGE_DIR, "."},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct image_target t = image_target_parse(cases[i].text);

		assert_int_equal(t.kind, cases[i].kind);
		assert_string_equal(t.rest, cases[i].rest);
	}
}

static void selections(void **state)
{
	struct sk_span text = SK_SPAN("a:b@c");
	struct image_select s;

	(void)state;
	assert_true(image_select_split(text, 0, &s));
	assert_int_equal(s.path.len, 5);
	assert_true(image_select_split(text, 1, &s));
	assert_true(sk_span_eq_str(s.path, "a:b") && sk_span_eq_str(s.digest, "c"));
	assert_true(image_select_split(text, 2, &s));
	assert_true(sk_span_eq_str(s.path, "a") && sk_span_eq_str(s.tag, "b@c"));
	assert_false(image_select_split(text, 3, &s));
}

static void tags(void **state)
{
	(void)state;
	assert_true(image_tag_matches(sk_span_str("1.0"), sk_span_str("1.0")));
	assert_true(image_tag_matches(sk_span_str("docker.io/library/debian:12"),
				      sk_span_str("debian:12")));
	assert_true(image_tag_matches(sk_span_str("debian:12"), sk_span_str("12")));
	assert_false(image_tag_matches(sk_span_str("debian:12"), sk_span_str("2")));
	assert_false(image_tag_matches(sk_span_str("12"), sk_span_str("debian:12")));
	assert_false(image_tag_matches(sk_span_str("x"), sk_span_str("")));
}

static int parse(enum image_doc_kind kind, const char *text, struct sk_arena *a,
		 struct image_doc *ret)
{
	struct sk_limits limits = sk_limits_default();
	struct sk_budget budget;
	struct sk_err err;

	sk_budget_init(&budget, &limits);
	return image_doc_parse(kind, sk_span_str(text), &budget, a, ret, &err);
}

static void documents(void **state)
{
	static const char index[] =
		"{\"schemaVersion\":2,\"manifests\":["
		"{\"digest\":\"sha256:" HEX64 "\",\"size\":5,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"arm64\",\"variant\":\"v8\"},\"annotations\":"
		"{\"org.opencontainers.image.ref.name\":\"1.0\"}},"
		"{\"digest\":\"sha256:" HEX64 "\",\"size\":5,\"platform\":{\"os\":\"unknown\","
		"\"architecture\":\"unknown\"}}]}";
	static const char config[] =
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"sha256:" HEX64
		"\",\"sha256:" HEX64
		"\"]},\"history\":[{\"created_by\":\"a\"},{\"empty_layer\":true,"
		"\"created_by\":\"ENV\"},{\"comment\":\"b\"}]}";
	struct sk_arena *a = sk_arena_new();
	struct sk_limits limits = sk_limits_default();
	struct image_doc d, again;
	struct sk_buf bytes;
	struct sk_err err;

	(void)state;
	assert_int_equal(parse(IMAGE_DOC_INDEX, index, a, &d), 0);
	assert_int_equal(d.kind, IMAGE_DOC_INDEX);
	assert_int_equal(d.n_blobs, 2);
	assert_string_equal(d.blobs[0].tag, "1.0");
	assert_false(d.blobs[0].is_attestation);
	assert_true(d.blobs[1].is_attestation);
	assert_int_equal(parse(IMAGE_DOC_CONFIG, config, a, &d), 0);
	assert_int_equal(d.n_diff_ids, 2);
	assert_string_equal(d.created_by[0], "a");
	assert_string_equal(d.created_by[1], "b");
	sk_buf_init(&bytes, 1 << 16);
	image_doc_encode(&d, &bytes);
	assert_int_equal(image_doc_decode(sk_buf_span(&bytes), &limits, a, &again, &err), 0);
	assert_int_equal(again.n_diff_ids, 2);
	assert_string_equal(again.created_by[1], "b");
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(
			image_doc_decode(sk_span_of(bytes.ptr, len), &limits, a, &again, &err),
			-SK_E_FORMAT);
	sk_buf_release(&bytes);
	sk_arena_free(a);
}

/* History that does not fit the layers is not attributed to the wrong ones. */
static void odd_history(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct image_doc d;

	(void)state;
	assert_int_equal(parse(IMAGE_DOC_CONFIG,
			       "{\"rootfs\":{\"diff_ids\":[\"sha256:" HEX64
			       "\"]},\"history\":[{\"created_by\":\"a\"},{\"created_by\":\"b\"}]}",
			       a, &d),
			 0);
	assert_int_equal(d.n_created_by, 0);
	sk_arena_free(a);
}

static void refused(void **state)
{
	static const struct {
		enum image_doc_kind kind;
		int r;
		const char *text;
	} cases[] = {
		{IMAGE_DOC_INDEX, -SK_E_FORMAT, "[]"},
		{IMAGE_DOC_INDEX, -SK_E_FORMAT, "{}"},
		{IMAGE_DOC_INDEX, -SK_E_FORMAT, "{\"manifests\":[],\"manifests\":[]}"},
		{IMAGE_DOC_INDEX, -SK_E_FORMAT, "{\"manifests\":[],\"layers\":[]}"},
		{IMAGE_DOC_INDEX, -SK_E_FORMAT,
		 "{\"manifests\":[{\"digest\":\"md5:x\",\"size\":1}]}"},
		{IMAGE_DOC_INDEX, -SK_E_FORMAT,
		 "{\"manifests\":[{\"digest\":\"sha256:" HEX64 "\",\"size\":-1}]}"},
		{IMAGE_DOC_INDEX, -SK_E_UNSUPPORTED, "{\"schemaVersion\":1,\"manifests\":[]}"},
		{IMAGE_DOC_INDEX, -SK_E_FORMAT,
		 "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"manifests\":[]}"},
		{IMAGE_DOC_MANIFEST, -SK_E_FORMAT, "{\"layers\":[]}"},
		{IMAGE_DOC_MANIFEST, -SK_E_UNSUPPORTED,
		 "{\"config\":{\"digest\":\"sha256:" HEX64 "\",\"size\":1},\"layers\":[{\"digest\":"
		 "\"sha256:" HEX64 "\",\"size\":1,\"mediaType\":\"application/vnd.cncf.helm\"}]}"},
		{IMAGE_DOC_CONFIG, -SK_E_UNSUPPORTED, "{}"},
		{IMAGE_DOC_CONFIG, -SK_E_FORMAT, "{\"rootfs\":{\"diff_ids\":[\"x\"]}}"},
		{IMAGE_DOC_INDEX, -SK_E_FORMAT, "{\"manifests\":[],\"Manifests\":[]}"},
		{IMAGE_DOC_INDEX, -SK_E_FORMAT, "{\"manifests\":[],\"manifest\xc5\xbf\":[]}"},
		{IMAGE_DOC_CONFIG, -SK_E_FORMAT, "{\"rootfs\":{},\"rootFS\":{}}"},
		{IMAGE_DOC_CONFIG, -SK_E_FORMAT, "{\"rootfs\":{\"Diff_IDs\":[]}}"},
		{IMAGE_DOC_ARCHIVE, -SK_E_FORMAT, "[{\"Config\":\"c\",\"config\":\"d\"}]"},
		{IMAGE_DOC_ARCHIVE, -SK_E_FORMAT, "[]"},
		{IMAGE_DOC_ARCHIVE, -SK_E_FORMAT, "{}"},
		{IMAGE_DOC_ARCHIVE, -SK_E_FORMAT, "[{}]"},
		{IMAGE_DOC_ARCHIVE, -SK_E_FORMAT, "[{\"Config\":\"c\",\"Layers\":[1]}]"},
	};
	struct sk_arena *a = sk_arena_new();
	struct image_doc d;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++)
		assert_int_equal(parse(cases[i].kind, cases[i].text, a, &d), cases[i].r);
	sk_arena_free(a);
}

static void platforms(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct image_platform p, have = {"linux", "arm", "v7"}, arm64 = {"linux", "arm64", "v8"};

	(void)state;
	assert_true(image_platform_parse("linux/arm/v7", a, &p));
	assert_int_equal(image_platform_matches(&have, &p), 2);
	assert_true(image_platform_parse("linux/arm", a, &p));
	assert_int_equal(image_platform_matches(&have, &p), 1);
	assert_true(image_platform_parse("linux/arm/v6", a, &p));
	assert_int_equal(image_platform_matches(&have, &p), 0);
	assert_true(image_platform_parse("arm64", a, &p));
	assert_int_equal(image_platform_matches(&arm64, &p), 1);
	assert_true(image_platform_parse("windows/arm64", a, &p));
	assert_int_equal(image_platform_matches(&arm64, &p), 0);
	assert_false(image_platform_parse("", a, &p));
	assert_false(image_platform_parse("linux/", a, &p));
	assert_false(image_platform_parse("a/b/c/d", a, &p));
	assert_string_equal(image_platform_text(&arm64, a), "linux/arm64/v8");
	sk_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets),     cmocka_unit_test(selections),
		cmocka_unit_test(tags),        cmocka_unit_test(documents),
		cmocka_unit_test(odd_history), cmocka_unit_test(refused),
		cmocka_unit_test(platforms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
