/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apk: the installed database, records of "X:value" lines between blank lines. F: names a
 * directory, R: a file in it. Source: apk-tools' apk-v2 "Installed DB" fields.
 */
#include "base/alloc.h"
#include "catalog/catalog-priv.h"

/** struct record - fields of one package, and its files so far */
struct record {
	struct model_package p;
	const char *directory; /* of the files that follow */
	bool any;
	bool damaged;
};

/** struct reader - state of one file */
struct reader {
	struct catalog_out *o;
	struct record rec;
	size_t first_owned; /* files of this record begin here */
	size_t n_records;
	size_t n_garbage;
};

static int finish(struct reader *rd, struct sk_err *err)
{
	struct record *rec = &rd->rec;
	struct catalog_out *o = rd->o;
	int r = 0;

	if (rec->any && rec->p.name != NULL && rec->p.version != NULL) {
		/* R: lines may come before nothing but F:, never before P:, yet nobody promises it
		 */
		for (size_t i = rd->first_owned; i < o->result.n_owned; i++)
			o->result.owned[i].package = rec->p.name;
		rd->n_records++;
		r = catalog_add_package(o, &rec->p, err);
	} else if (rec->any) {
		o->result.n_owned = rd->first_owned;
		catalog_diagnose(o, MODEL_DIAGNOSTIC_ERROR, sk_span_str(rec->p.name),
				 "apk: record without a usable package name and version");
	}
	if (rec->damaged && rec->p.name != NULL)
		catalog_diagnose(o, MODEL_DIAGNOSTIC_WARNING, sk_span_str(rec->p.name),
				 "apk: record has lines that are no fields");
	rd->first_owned = o->result.n_owned;
	*rec = (struct record){.p = {.type = MODEL_PACKAGE_APK}};
	return r;
}

static const char *word(struct reader *rd, struct sk_span value)
{
	return catalog_is_word(value) ? catalog_text(rd->o, value) : NULL;
}

static int field(struct reader *rd, char letter, struct sk_span value, struct sk_err *err)
{
	struct record *rec = &rd->rec;

	switch (letter) {
	case 'P':
		rec->p.name = word(rd, value);
		break;
	case 'V':
		rec->p.version = word(rd, value);
		break;
	case 'A':
		rec->p.arch = word(rd, value);
		break;
	case 'o':
		rec->p.source_name = word(rd, value);
		break;
	case 'm':
		rec->p.vendor = catalog_text(rd->o, value);
		break;
	case 's': /* repository tag, "@edge" */
		rec->p.origin = catalog_text(rd->o, value);
		break;
	case 'F':
		if ((rd->o->flags & CATALOG_CLAIM_FILES) != 0)
			rec->directory = sk_arena_str(rd->o->a, sk_span_sub(value, 0, 4096));
		break;
	case 'R':
		if ((rd->o->flags & CATALOG_CLAIM_FILES) != 0)
			return catalog_add_owned(rd->o, sk_span_str(rec->directory), value, "",
						 err);
		break;
	default:
		break;
	}
	return 0;
}

static int line_of(struct reader *rd, struct sk_span line, struct sk_err *err)
{
	bool letter;

	if (line.len == 0)
		return finish(rd, err);
	letter = (line.ptr[0] | 0x20) >= 'a' && (line.ptr[0] | 0x20) <= 'z';
	if (line.len < 2 || line.ptr[1] != ':' || !letter) {
		rd->rec.damaged = true;
		rd->n_garbage++;
		return 0;
	}
	rd->rec.any = true;
	return field(rd, line.ptr[0], sk_span_sub(line, 2, line.len), err);
}

int catalog_apk(const struct catalog_input *in, struct catalog_out *o, struct sk_err *err)
{
	sk_cleanup(sk_freep) struct catalog_lines *l = sk_alloc(sizeof(*l));
	struct reader rd = {.o = o, .rec = {.p = {.type = MODEL_PACKAGE_APK}}};
	struct sk_span line;
	int r;

	l->in = in;
	l->budget = o->budget;
	while ((r = catalog_lines_next(l, &line, NULL, err)) > 0) {
		r = line_of(&rd, line, err);
		if (r < 0)
			return r;
	}
	if (r >= 0)
		r = finish(&rd, err);
	if (r >= 0 && rd.n_records == 0 && rd.n_garbage != 0)
		return sk_err_set(err, SK_E_FORMAT, "apk: no record in this file");
	return r;
}
