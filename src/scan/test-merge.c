/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of merging, as data: testdata/merge.data. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/map.h"
#include "base/parse.h"
#include "scan/merge.h"
#include "scan/vtree.h"

enum {
	MAX_LAYERS = 8,
	MAX_FACTS = 16,
	MAX_WORDS = 8,
};

struct merge_case {
	struct sk_arena *arena;
	struct sk_span name;
	struct scan_facts facts[MAX_LAYERS];
	const struct scan_facts *parts[MAX_LAYERS];
	struct scan_layer layers[MAX_LAYERS];
	size_t n_layers;
	struct scan_alias known[MAX_FACTS];
	size_t n_known;
	struct sk_buf expected;
};

static const char *data_dir;

static int cmp_u64(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

static void add_hash(struct sk_arena *a, uint64_t **list, size_t *n, struct sk_span path)
{
	uint64_t *grown = sk_arena_array(a, *n + 1, sizeof(*grown));

	if (*n != 0)
		memcpy(grown, *list, *n * sizeof(*grown));
	grown[(*n)++] = sk_hash64(path);
	qsort(grown, *n, sizeof(*grown), cmp_u64);
	*list = grown;
}

static void add_packages(struct merge_case *c, struct scan_fact *f, struct sk_span *words, size_t n)
{
	f->result.packages = sk_arena_array(c->arena, n, sizeof(*f->result.packages));
	f->result.n_packages = n;
	for (size_t i = 0; i < n; i++) {
		size_t at = sk_span_find(words[i], '=');

		f->result.packages[i].name = sk_arena_str(c->arena, sk_span_sub(words[i], 0, at));
		f->result.packages[i].version =
			sk_arena_str(c->arena, sk_span_sub(words[i], at + 1, words[i].len));
	}
}

static void add_fact(struct merge_case *c, enum scan_fact_type type, struct sk_span *words,
		     size_t n)
{
	struct scan_facts *facts = &c->facts[c->n_layers - 1];
	struct scan_fact *f;

	assert_true(facts->n_facts < MAX_FACTS);
	if (facts->facts == NULL)
		facts->facts = sk_arena_array(c->arena, MAX_FACTS, sizeof(*facts->facts));
	f = &facts->facts[facts->n_facts++];
	f->type = type;
	f->path = sk_span_eq_str(words[1], ".") ? sk_span_str("") : words[1];
	if (type == SCAN_FACT_FILE)
		add_packages(c, f, words + 2, n - 2);
	else if (n > 2)
		f->link = words[2];
}

static void read_words(struct merge_case *c, struct sk_span line, struct sk_span *words, size_t n)
{
	static const struct {
		const char *word;
		enum scan_fact_type type;
	} facts[] = {
		{"file", SCAN_FACT_FILE},       {"link", SCAN_FACT_SYMLINK},
		{"hard", SCAN_FACT_HARDLINK},   {"gone", SCAN_FACT_WHITEOUT},
		{"opaque", SCAN_FACT_OPAQUE},   {"now-dir", SCAN_FACT_DIR},
		{"now-other", SCAN_FACT_OTHER},
	};

	if (sk_span_eq_str(words[0], "known")) {
		c->known[c->n_known++] = (struct scan_alias){.real = words[1], .claimed = words[2]};
		return;
	}
	if (sk_span_eq_str(words[0], "layer")) {
		assert_true(c->n_layers < MAX_LAYERS);
		c->parts[c->n_layers] = &c->facts[c->n_layers];
		c->layers[c->n_layers] =
			(struct scan_layer){.parts = &c->parts[c->n_layers], .n_parts = 1};
		c->n_layers++;
		return;
	}
	if (sk_span_eq_str(words[0], "=") || sk_span_eq_str(words[0], "?") ||
	    sk_span_eq_str(words[0], "!")) {
		(void)sk_buf_printf(&c->expected, "%.*s\n", SK_SPAN_ARG(line));
		return;
	}
	assert_true(c->n_layers != 0);
	if (sk_span_eq_str(words[0], "dir")) {
		add_hash(c->arena, &c->facts[c->n_layers - 1].dirs,
			 &c->facts[c->n_layers - 1].n_dirs, words[1]);
		return;
	}
	if (sk_span_eq_str(words[0], "other")) {
		add_hash(c->arena, &c->facts[c->n_layers - 1].others,
			 &c->facts[c->n_layers - 1].n_others, words[1]);
		return;
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(facts); i++) {
		if (sk_span_eq_str(words[0], facts[i].word)) {
			add_fact(c, facts[i].type, words, n);
			return;
		}
	}
	fail_msg("unknown line: %.*s", SK_SPAN_ARG(line));
}

static void print_result(const struct scan_merged *m, struct sk_buf *out)
{
	for (size_t i = 0; i < m->n_files; i++) {
		const struct scan_file *f = &m->files[i];

		(void)sk_buf_printf(out, "= %s %u", f->path, f->layer);
		for (size_t k = 0; k < f->fact->result.n_packages; k++)
			(void)sk_buf_printf(out, " %s=%s@%u", f->fact->result.packages[k].name,
					    f->fact->result.packages[k].version, f->since[k]);
		(void)sk_buf_add_char(out, '\n');
	}
	for (size_t i = 0; i < m->n_needs; i++) {
		(void)sk_buf_printf(out, "? %.*s %.*s", SK_SPAN_ARG(m->needs[i].alias.real),
				    SK_SPAN_ARG(m->needs[i].alias.claimed));
		if (m->needs[i].layer != MODEL_NO_LAYER)
			(void)sk_buf_printf(out, " %u", m->needs[i].layer);
		(void)sk_buf_add_char(out, '\n');
	}
	if (m->lost != NULL)
		(void)sk_buf_printf(out, "! %s\n", m->lost);
}

static void run_case(struct merge_case *c)
{
	struct scan_merged merged = {0};
	struct sk_buf out;

	sk_buf_init(&out, 1 << 16);
	scan_merge(c->layers, c->n_layers, c->known, c->n_known, c->arena, &merged);
	print_result(&merged, &out);
	if (!sk_span_eq(sk_buf_span(&out), sk_buf_span(&c->expected)))
		fail_msg("case %.*s:\n%sinstead of\n%s", SK_SPAN_ARG(c->name),
			 out.len != 0 ? out.ptr : "nothing\n",
			 c->expected.len != 0 ? c->expected.ptr : "nothing\n");
	sk_buf_release(&out);
}

static void end_case(struct merge_case *c)
{
	if (c->arena != NULL)
		run_case(c);
	sk_arena_free(c->arena);
	sk_buf_release(&c->expected);
	*c = (struct merge_case){0};
}

static size_t split(struct sk_span line, struct sk_span *words)
{
	struct sk_span piece;
	size_t n = 0;

	while (sk_span_cut(&line, ' ', &piece)) {
		assert_true(n < MAX_WORDS);
		if (piece.len != 0)
			words[n++] = piece;
	}
	return n;
}

static void merge_data(void **state)
{
	struct merge_case *c = sk_alloc(sizeof(*c));
	struct sk_span rest, line, words[MAX_WORDS];
	struct sk_err err;
	struct sk_buf text, path;
	size_t n_cases = 0;

	(void)state;
	sk_buf_init(&text, 1 << 20);
	sk_buf_init(&path, 4096);
	(void)sk_buf_printf(&path, "%s/merge.data", data_dir);
	assert_int_equal(sk_read_file(AT_FDCWD, path.ptr, &text, &err), 0);
	rest = sk_buf_span(&text);
	while (sk_span_line(&rest, &line)) {
		size_t n;

		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (sk_span_strip_prefix(&line, "case ")) {
			end_case(c);
			c->arena = sk_arena_new();
			c->name = line;
			sk_buf_init(&c->expected, 1 << 16);
			n_cases++;
			continue;
		}
		n = split(line, words);
		read_words(c, line, words, n);
	}
	end_case(c);
	assert_true(n_cases > 30);
	sk_free(c);
	sk_buf_release(&text);
	sk_buf_release(&path);
}

/* What is removed and put again is found again; siblings stay. */
static void tree_put_and_remove(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct scan_vtree t;
	struct scan_found f;

	(void)state;
	scan_vtree_init(&t, a);
	f = scan_vtree_follow(&t, sk_span_str("a/b/c"), SCAN_FOLLOW_MAKE, NULL, NULL);
	assert_int_equal(f.node, SCAN_NO_NODE);
	(void)scan_vtree_put(&t, f.real, SCAN_NODE_OTHER);
	(void)scan_vtree_put(&t, sk_span_str("a/b/d"), SCAN_NODE_OTHER);
	scan_vtree_remove(&t, scan_vtree_get(&t, sk_span_str("a/b/c")));
	assert_int_equal(scan_vtree_get(&t, sk_span_str("a/b/c")), SCAN_NO_NODE);
	assert_int_not_equal(scan_vtree_get(&t, sk_span_str("a/b/d")), SCAN_NO_NODE);
	scan_vtree_remove(&t, scan_vtree_get(&t, sk_span_str("a")));
	assert_int_equal(scan_vtree_get(&t, sk_span_str("a/b/d")), SCAN_NO_NODE);
	assert_int_equal(scan_vtree_next(&t, 0, false), SCAN_NO_NODE);
	f = scan_vtree_follow(&t, sk_span_str("a/b/d"), SCAN_FOLLOW_MAKE, NULL, NULL);
	(void)scan_vtree_put(&t, f.real, SCAN_NODE_OTHER);
	assert_int_not_equal(scan_vtree_get(&t, sk_span_str("a/b/d")), SCAN_NO_NODE);
	scan_vtree_release(&t);
	sk_arena_free(a);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merge_data),
		cmocka_unit_test(tree_put_and_remove),
	};

	data_dir = argc > 1 ? argv[1] : "testdata";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
