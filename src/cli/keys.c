/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of configuration keys. "section.key" is KEY under SECTION in stockade.yaml and
 * STOCKADE_SECTION_KEY in the environment; an option that names the key is its flag.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/budget.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/cli-priv.h"

#define SEVERITIES "critical|high|medium|low|negligible|unknown"

static const struct cli_key key_table[] = {
	{"db.alpine_url", CLI_TYPE_URL, "https://secdb.alpinelinux.org", NULL,
	 "base address of Alpine's secdb"},
	{"db.debian_url", CLI_TYPE_URL, "https://security-tracker.debian.org", NULL,
	 "base address of Debian's security tracker"},
	{"db.ecosystems", CLI_TYPE_LIST, NULL, NULL, "OSV ecosystems that db update fetches"},
	{"db.endoflife_url", CLI_TYPE_URL, "https://endoflife.date", NULL,
	 "base address of endoflife.date"},
	{"db.epss_url", CLI_TYPE_URL, "https://epss.empiricalsecurity.com", NULL,
	 "base address of EPSS"},
	{"db.from", CLI_TYPE_URL, NULL, NULL,
	 "publication that db update follows instead of the public feeds"},
	{"db.kev_url", CLI_TYPE_URL, "https://www.cisa.gov", NULL,
	 "base address of CISA's catalogue"},
	{"db.key", CLI_TYPE_PATH, NULL, NULL, "public key of the publication"},
	{"db.osv_url", CLI_TYPE_URL, "https://osv-vulnerabilities.storage.googleapis.com", NULL,
	 "base address of OSV's export"},
	{"db.path", CLI_TYPE_PATH, NULL, NULL, "advisory database"},
	{"db.publish_key", CLI_TYPE_PATH, NULL, NULL, "private key that signs a publication"},
	{"db.redhat_url", CLI_TYPE_URL, "https://access.redhat.com/hydra/rest/securitydata", NULL,
	 "base address of Red Hat's security data"},
	{"db.sources", CLI_TYPE_LIST, NULL, "osv|alpine|debian|redhat|kev|epss|endoflife",
	 "feeds that db update fetches; not set: all but debian and redhat"},
	{"db.store", CLI_TYPE_PATH, NULL, NULL, "where db update keeps what it fetched"},
	{"db.text", CLI_TYPE_BOOL, "true", NULL,
	 "titles, references and more ratings beside the database, for db lookup"},
	{"guard.max_containers", CLI_TYPE_NUMBER, NULL, NULL,
	 "containers that the guard has room for, 8192 if not said"},
	{"guard.min_severity", CLI_TYPE_STRING, NULL, "critical|high|medium|low",
	 "guard run tells only of alerts that are so bad, or worse; not set: of all"},
	{"guard.signs", CLI_TYPE_PATH, NULL, NULL,
	 "file with further signs of what is unwelcome anywhere"},
	{"log.format", CLI_TYPE_STRING, "text", "text|json", "form of the messages on stderr"},
	{"log.level", CLI_TYPE_STRING, "warning", "error|warning|info|debug",
	 "most detailed messages that are written"},
	{"network.ca_file", CLI_TYPE_PATH, NULL, NULL,
	 "certificate authorities instead of the system's, PEM"},
	{"network.connect_timeout", CLI_TYPE_DURATION, "10s", NULL,
	 "longest wait for a connection"},
	{"network.max_wait", CLI_TYPE_DURATION, "60s", NULL, "longest wait between two tries"},
	{"network.proxy", CLI_TYPE_URL, NULL, NULL,
	 "proxy; not set: https_proxy, http_proxy, no_proxy"},
	{"network.stall_timeout", CLI_TYPE_DURATION, "30s", NULL,
	 "give up when nothing comes for so long"},
	{"output.color", CLI_TYPE_STRING, "auto", "auto|always|never",
	 "colour; auto: on a terminal unless NO_COLOR is set"},
	{"scan.allow_empty", CLI_TYPE_BOOL, "false", NULL,
	 "a target without packages is clean instead of a failure"},
	{"scan.cache", CLI_TYPE_BOOL, "true", NULL, "remember what layers contain"},
	{"scan.cache_dir", CLI_TYPE_PATH, NULL, NULL, "where layers are remembered"},
	{"scan.cache_size", CLI_TYPE_SIZE, "256MiB", NULL,
	 "bytes that remembered layers may take; the oldest go first"},
	{"scan.fail_on", CLI_TYPE_LIST, NULL, SEVERITIES "|any",
	 "exit 1 when a finding has one of these severities, or a worse one; any: whatever it is"},
	{"scan.format", CLI_TYPE_STRING, "table", NULL, "form of the report"},
	{"scan.ignore_file", CLI_TYPE_PATH, NULL, NULL, "list of findings to hold back"},
	{"scan.ignore_unfixed", CLI_TYPE_BOOL, "false", NULL,
	 "leave findings without a fix out of the gate and the table"},
	{"scan.max_db_age", CLI_TYPE_DURATION, NULL, NULL,
	 "exit 1 when the newest advisory of the feeds that speak of the target is older"},
	{"scan.only", CLI_TYPE_LIST, NULL, "kev", "kinds of findings to keep"},
	{"scan.platform", CLI_TYPE_STRING, NULL, NULL,
	 "os/arch[/variant] to take from a multi-platform image"},
	{"scan.severity", CLI_TYPE_LIST, NULL, SEVERITIES, "severities to show"},
	{"scan.show_suppressed", CLI_TYPE_BOOL, "false", NULL,
	 "list what is held back, with the reason"},
	{"scan.workers", CLI_TYPE_NUMBER, "0", NULL, "worker processes; 0: one a core"},
};

static const char *const type_names[] = {
	[CLI_TYPE_STRING] = "text",   [CLI_TYPE_PATH] = "path", [CLI_TYPE_BOOL] = "boolean",
	[CLI_TYPE_NUMBER] = "number", [CLI_TYPE_SIZE] = "size", [CLI_TYPE_DURATION] = "duration",
	[CLI_TYPE_URL] = "URL",       [CLI_TYPE_LIST] = "list",
};

_Static_assert(SK_ARRAY_LEN(type_names) == CLI_N_TYPES, "one name per type");

static const char *const source_names[] = {
	[CLI_SOURCE_UNSET] = "not set", [CLI_SOURCE_DEFAULT] = "default",
	[CLI_SOURCE_FILE] = "file",     [CLI_SOURCE_ENVIRONMENT] = "environment",
	[CLI_SOURCE_FLAG] = "flag",
};

_Static_assert(SK_ARRAY_LEN(source_names) == CLI_N_SOURCES, "one name per source");

const char *cli_type_name(enum cli_type type)
{
	return type_names[type];
}

const char *cli_source_name(enum cli_source source)
{
	return source_names[source];
}

static int key_order(const void *a, const void *b)
{
	return strcmp(((const struct cli_key *)a)->name, ((const struct cli_key *)b)->name);
}

static struct cli_key limit_key(struct sk_arena *a, enum sk_limit limit)
{
	struct sk_limits limits = sk_limits_default();
	const char *unit;
	const char *why = sk_limit_why(limit, &unit);
	enum cli_type type = CLI_TYPE_NUMBER;

	if (strcmp(unit, "bytes") == 0)
		type = CLI_TYPE_SIZE;
	else if (strcmp(unit, "seconds") == 0)
		type = CLI_TYPE_DURATION;
	return (struct cli_key){
		.name = sk_arena_printf(a, "limits.%s", sk_limit_name(limit)),
		.type = type,
		.def = sk_arena_printf(a, "%" PRIu64, limits.max[limit]),
		.help = sk_arena_printf(a, "%s at most for one scan; %s", unit, why),
	};
}

struct cli_key *cli_keys_new(struct sk_arena *a, size_t *ret_n)
{
	size_t n = SK_ARRAY_LEN(key_table) + SK_N_LIMITS;
	struct cli_key *keys = sk_arena_array(a, n, sizeof(*keys));

	memcpy(keys, key_table, sizeof(key_table));
	for (size_t i = 0; i < SK_N_LIMITS; i++)
		keys[SK_ARRAY_LEN(key_table) + i] = limit_key(a, (enum sk_limit)i);
	qsort(keys, n, sizeof(*keys), key_order);
	*ret_n = n;
	return keys;
}

bool cli_key_find(const struct cli_context *ctx, const char *name, size_t *ret_index)
{
	for (size_t i = 0; i < ctx->n_keys; i++) {
		if (strcmp(ctx->keys[i].name, name) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

const char *cli_key_variable(struct sk_arena *a, const char *name)
{
	char *variable = sk_arena_printf(a, "STOCKADE_%s", name);

	for (char *p = variable; *p != '\0'; p++)
		*p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
	return variable;
}

/* "a|b|c" as people read it: "a, b, c". */
static int no_choice(const char *choices, const char *text, struct sk_arena *a, struct sk_err *err)
{
	struct sk_span rest = sk_span_str(choices);
	struct sk_span piece;
	const char *list = "";
	char quoted[128];

	while (sk_span_cut(&rest, '|', &piece))
		list = sk_arena_printf(a, "%s%s%.*s", list, *list == '\0' ? "" : ", ",
				       SK_SPAN_ARG(piece));
	return sk_err_set(err, SK_E_USAGE, "%s is none of %s",
			  sk_text_quote(sk_span_str(text), quoted, sizeof(quoted)), list);
}

int cli_choice(const char *choices, const char *text, struct sk_arena *a, const char **ret,
	       struct sk_err *err)
{
	struct sk_span rest = sk_span_str(choices);
	struct sk_span piece;

	while (sk_span_cut(&rest, '|', &piece)) {
		if (sk_span_eq_nocase(piece, sk_span_str(text))) {
			*ret = sk_arena_str(a, piece);
			return 0;
		}
	}
	return no_choice(choices, text, a, err);
}

static int bad_value(const struct cli_key *key, const char *text, struct sk_err *err)
{
	static const char *const examples[CLI_N_TYPES] = {
		[CLI_TYPE_BOOL] = " such as true or false",
		[CLI_TYPE_SIZE] = " such as 64MiB",
		[CLI_TYPE_DURATION] = " such as 90s, 12h or 3d",
		[CLI_TYPE_URL] = " with https://, http:// or file:///",
	};
	char quoted[128];

	return sk_err_set(err, SK_E_USAGE, "%s is no %s%s",
			  sk_text_quote(sk_span_str(text), quoted, sizeof(quoted)),
			  cli_type_name(key->type),
			  examples[key->type] != NULL ? examples[key->type] : "");
}

/* Items without white space around them, joined by single commas. */
static int check_list(const struct cli_key *key, const char *text, struct sk_arena *a,
		      const char **ret, struct sk_err *err)
{
	struct sk_span rest = sk_span_str(text);
	struct sk_span piece;
	const char *list = "";

	while (sk_span_cut(&rest, ',', &piece)) {
		const char *item = sk_arena_str(a, sk_span_trim(piece));
		int r = 0;

		if (*item == '\0')
			continue;
		if (key->choices != NULL)
			r = cli_choice(key->choices, item, a, &item, err);
		if (r < 0)
			return r;
		list = *list == '\0' ? item : sk_arena_printf(a, "%s,%s", list, item);
	}
	*ret = list;
	return 0;
}

static const char *expand_home(const char *text, struct sk_arena *a)
{
	const char *home = getenv("HOME");

	if (strncmp(text, "~/", 2) != 0 || home == NULL)
		return text;
	return sk_arena_printf(a, "%s%s", home, text + 1);
}

int cli_key_check(const struct cli_key *key, const char *text, struct sk_arena *a, const char **ret,
		  struct sk_err *err)
{
	struct sk_span span = sk_span_str(text);
	const char *value = text;
	uint64_t number;
	bool ok = true;
	bool truth;

	switch (key->type) {
	case CLI_TYPE_BOOL:
		ok = sk_parse_bool(span, &truth);
		if (ok)
			value = truth ? "true" : "false";
		break;
	case CLI_TYPE_NUMBER:
		ok = sk_parse_u64(span, &number);
		break;
	case CLI_TYPE_SIZE:
		ok = sk_parse_size(span, &number);
		break;
	case CLI_TYPE_DURATION:
		ok = sk_parse_duration(span, &number);
		break;
	case CLI_TYPE_URL:
		ok = sk_span_starts(span, "https://") || sk_span_starts(span, "http://") ||
		     sk_span_starts(span, "file:///");
		break;
	case CLI_TYPE_LIST:
		return check_list(key, text, a, ret, err);
	case CLI_TYPE_PATH:
		value = expand_home(text, a);
		break;
	default:
		if (key->choices != NULL)
			return cli_choice(key->choices, text, a, ret, err);
		break;
	}
	if (!ok)
		return bad_value(key, text, err);
	*ret = value;
	return 0;
}
