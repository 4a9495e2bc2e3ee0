/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON report, schema stockade.report/1 (docs/formats/report.md). Every key is always there and
 * in this order; what is not known is null, what there is none of is an empty array. Nothing in it
 * depends on when or where it is written.
 */
#include "base/json.h"

#include "report/report-priv.h"

static void write_digest(struct sk_jw *w, const char *key, const struct sk_digest *d)
{
	char text[SK_DIGEST_TEXT_SIZE];

	sk_jw_str(w, key, d->alg != SK_DIGEST_NONE ? sk_digest_text(d, text) : NULL);
}

static void write_strings(struct sk_jw *w, const char *key, const char *const *items, size_t n)
{
	sk_jw_array(w, key);
	for (size_t i = 0; i < n; i++)
		sk_jw_str(w, NULL, items[i]);
	sk_jw_end_array(w);
}

static void write_os(struct sk_jw *w, const struct model_distro *d)
{
	if (d->id == NULL) {
		sk_jw_null(w, "os");
		return;
	}
	sk_jw_object(w, "os");
	sk_jw_str(w, "id", d->id);
	sk_jw_str(w, "version_id", d->version_id);
	sk_jw_str(w, "pretty_name", d->pretty_name);
	sk_jw_str(w, "ecosystem", d->ecosystem);
	sk_jw_str(w, "end_of_life", d->end_of_life);
	sk_jw_str(w, "extended_support", d->extended_support);
	sk_jw_end_object(w);
}

static void write_target(struct sk_jw *w, const struct model_target *t)
{
	sk_jw_object(w, "target");
	sk_jw_str(w, "reference", t->reference);
	sk_jw_str(w, "kind", t->kind);
	write_digest(w, "digest", &t->digest);
	write_digest(w, "config_digest", &t->config_digest);
	sk_jw_str(w, "platform", t->platform);
	write_os(w, &t->os);
	sk_jw_str(w, "base", t->base);
	sk_jw_array(w, "layers");
	for (size_t i = 0; i < t->n_layers; i++) {
		sk_jw_object(w, NULL);
		sk_jw_u64(w, "index", i);
		write_digest(w, "digest", &t->layers[i].digest);
		write_digest(w, "diff_id", &t->layers[i].diff_id);
		sk_jw_u64(w, "size", t->layers[i].size);
		sk_jw_str(w, "created_by", t->layers[i].created_by);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
	sk_jw_end_object(w);
}

static void write_relevant(struct sk_jw *w, const struct model_feed *feed)
{
	if (feed == NULL) {
		sk_jw_null(w, "relevant_feed");
		return;
	}
	sk_jw_object(w, "relevant_feed");
	sk_jw_str(w, "name", feed->name);
	sk_jw_str(w, "date", feed->date);
	sk_jw_end_object(w);
}

static void write_database(struct sk_jw *w, const struct model_database *d)
{
	sk_jw_object(w, "database");
	write_digest(w, "digest", &d->digest);
	sk_jw_str(w, "built", d->built);
	sk_jw_str(w, "oldest_feed", d->oldest_feed);
	sk_jw_str(w, "newest_feed", d->newest_feed);
	sk_jw_array(w, "feeds");
	for (size_t i = 0; i < d->n_feeds; i++) {
		sk_jw_object(w, NULL);
		sk_jw_str(w, "name", d->feeds[i].name);
		sk_jw_u64(w, "records", d->feeds[i].records);
		sk_jw_str(w, "date", d->feeds[i].date);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
	write_relevant(w, d->relevant);
	sk_jw_end_object(w);
}

static void write_source(struct sk_jw *w, const struct model_package *p)
{
	sk_jw_object(w, "source");
	sk_jw_str(w, "name", p->source_name);
	sk_jw_str(w, "version", p->source_version);
	sk_jw_end_object(w);
}

static void write_layer(struct sk_jw *w, const struct model_package *p)
{
	if (p->layer == MODEL_NO_LAYER)
		sk_jw_null(w, "layer");
	else
		sk_jw_u64(w, "layer", p->layer);
}

static void write_package(struct sk_jw *w, const struct model_package *p)
{
	sk_jw_object(w, NULL);
	sk_jw_str(w, "id", p->id);
	sk_jw_str(w, "name", p->name);
	sk_jw_str(w, "version", p->version);
	sk_jw_str(w, "ecosystem", p->ecosystem);
	sk_jw_str(w, "arch", p->arch);
	sk_jw_str(w, "purl", p->purl);
	write_source(w, p);
	write_layer(w, p);
	write_strings(w, "locations", p->locations, p->n_locations);
	sk_jw_str(w, "owner", p->owner);
	sk_jw_end_object(w);
}

static void write_finding_package(struct sk_jw *w, const struct model_package *p)
{
	sk_jw_object(w, "package");
	sk_jw_str(w, "id", p->id);
	sk_jw_str(w, "name", p->name);
	sk_jw_str(w, "version", p->version);
	sk_jw_str(w, "ecosystem", p->ecosystem);
	sk_jw_str(w, "purl", p->purl);
	write_source(w, p);
	sk_jw_end_object(w);
}

static void write_ratings(struct sk_jw *w, const struct model_finding *f)
{
	sk_jw_array(w, "cvss");
	for (size_t i = 0; i < f->n_cvss; i++) {
		sk_jw_object(w, NULL);
		sk_jw_str(w, "version", f->cvss[i].version);
		sk_jw_str(w, "vector", f->cvss[i].vector);
		sk_jw_decimal(w, "score", f->cvss[i].score, 1);
		sk_jw_str(w, "source", f->cvss[i].source);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
}

static void write_signals(struct sk_jw *w, const struct model_finding *f)
{
	if (f->kev.listed) {
		sk_jw_object(w, "kev");
		sk_jw_str(w, "date_added", f->kev.date_added);
		sk_jw_bool(w, "ransomware", f->kev.ransomware);
		sk_jw_end_object(w);
	} else {
		sk_jw_null(w, "kev");
	}
	if (f->epss.known) {
		sk_jw_object(w, "epss");
		sk_jw_decimal(w, "score", f->epss.score, 5);
		sk_jw_decimal(w, "percentile", f->epss.percentile, 5);
		sk_jw_str(w, "date", f->epss.date);
		sk_jw_end_object(w);
	} else {
		sk_jw_null(w, "epss");
	}
	sk_jw_decimal(w, "risk", f->risk, 4);
}

/* The members of a finding; the caller opens and closes the object. */
static void write_finding(struct sk_jw *w, const struct model_finding *f)
{
	sk_jw_str(w, "id", f->id);
	write_strings(w, "aliases", f->aliases, f->n_aliases);
	write_finding_package(w, f->package);
	write_strings(w, "fixed_versions", f->fixed_versions, f->n_fixed_versions);
	sk_jw_str(w, "state", model_state_text(f->state));
	sk_jw_str(w, "severity", model_severity_text(f->severity));
	sk_jw_str(w, "severity_source", f->severity_source);
	write_ratings(w, f);
	write_signals(w, f);
	write_layer(w, f->package);
	write_strings(w, "locations", f->package->locations, f->package->n_locations);
	sk_jw_object(w, "advisory");
	sk_jw_str(w, "feed", f->advisory.feed);
	sk_jw_str(w, "id", f->advisory.id);
	sk_jw_str(w, "range", f->advisory.range);
	sk_jw_end_object(w);
	sk_jw_str(w, "published", f->published);
	sk_jw_str(w, "fix_published", f->fix_published);
}

static void write_suppressed(struct sk_jw *w, const struct model_suppressed *s)
{
	sk_jw_object(w, NULL);
	write_finding(w, &s->finding);
	sk_jw_object(w, "reason");
	sk_jw_str(w, "kind", model_reason_text(s->reason));
	sk_jw_str(w, "text", s->text);
	sk_jw_str(w, "source", s->source);
	sk_jw_str(w, "until", s->until);
	sk_jw_end_object(w);
	sk_jw_end_object(w);
}

static void write_diagnostic(struct sk_jw *w, const struct model_diagnostic *d)
{
	static const char *const words[] = {
		[MODEL_DIAGNOSTIC_INFO] = "info",
		[MODEL_DIAGNOSTIC_WARNING] = "warning",
		[MODEL_DIAGNOSTIC_ERROR] = "error",
	};

	sk_jw_object(w, NULL);
	sk_jw_str(w, "severity", words[d->severity]);
	sk_jw_str(w, "place", d->place);
	sk_jw_str(w, "message", d->message);
	sk_jw_end_object(w);
}

static void write_summary(struct sk_jw *w, const struct model_report *r)
{
	struct report_summary s;

	report_summarise(r, &s);
	sk_jw_object(w, "summary");
	sk_jw_u64(w, "packages", s.packages);
	sk_jw_u64(w, "findings", s.findings);
	sk_jw_object(w, "by_severity");
	for (size_t i = MODEL_N_SEVERITIES; i-- > 0;)
		sk_jw_u64(w, model_severity_text((enum model_severity)i), s.by_severity[i]);
	sk_jw_end_object(w);
	sk_jw_u64(w, "fixable", s.fixable);
	sk_jw_object(w, "suppressed");
	for (size_t i = 0; i < MODEL_N_REASONS; i++)
		sk_jw_u64(w, model_reason_text((enum model_reason)i), s.suppressed[i]);
	sk_jw_end_object(w);
	sk_jw_str(w, "verdict", r->verdict);
	sk_jw_end_object(w);
}

static int json_write(const struct model_report *r, const struct report_options *opts,
		      const struct sk_sink *out, struct sk_err *err)
{
	struct sk_jw w;
	int res;

	(void)opts;
	sk_jw_init(&w, out, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.report/1");
	write_target(&w, &r->target);
	write_database(&w, &r->database);
	sk_jw_array(&w, "packages");
	for (size_t i = 0; i < r->n_packages; i++)
		write_package(&w, &r->packages[i]);
	sk_jw_end_array(&w);
	sk_jw_array(&w, "findings");
	for (size_t i = 0; i < r->n_findings; i++) {
		sk_jw_object(&w, NULL);
		write_finding(&w, &r->findings[i]);
		sk_jw_end_object(&w);
	}
	sk_jw_end_array(&w);
	sk_jw_array(&w, "suppressed");
	for (size_t i = 0; i < r->n_suppressed; i++)
		write_suppressed(&w, &r->suppressed[i]);
	sk_jw_end_array(&w);
	sk_jw_array(&w, "diagnostics");
	for (size_t i = 0; i < r->n_diagnostics; i++)
		write_diagnostic(&w, &r->diagnostics[i]);
	sk_jw_end_array(&w);
	write_summary(&w, r);
	sk_jw_end_object(&w);
	res = sk_jw_finish(&w);
	return res < 0 ? sk_err_set(err, -res, "cannot write the report: %s", sk_err_name(-res))
		       : 0;
}

const struct report_ops report_json = {.name = "json", .write = json_write};
