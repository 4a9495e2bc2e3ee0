/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the event schema. */
#include "guard/event.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "guard/bpf/record.h"

static const char *const kinds[] = {
#define X(name, text) [GUARD_KIND_##name] = text,
	GUARD_KINDS(X)
#undef X
};
static const char *const verdicts[] = {
#define X(name, text) [GUARD_VERDICT_##name] = text,
	GUARD_VERDICTS(X)
#undef X
};
static const char *const reasons[] = {
#define X(name, text) [GUARD_REASON_##name] = text,
	GUARD_REASONS(X)
#undef X
};
static const char *const origins[] = {
#define X(name, text) [GUARD_ORIGIN_##name] = text,
	GUARD_ORIGINS(X)
#undef X
};

_Static_assert(SK_ARRAY_LEN(kinds) == GUARD_N_KINDS, "kinds");
_Static_assert(SK_ARRAY_LEN(verdicts) == GUARD_N_VERDICTS, "verdicts");
_Static_assert(SK_ARRAY_LEN(reasons) == GUARD_N_REASONS, "reasons");
_Static_assert(SK_ARRAY_LEN(origins) == GUARD_N_ORIGINS, "origins");

/* Both halves number alike. */
_Static_assert((int)GUARD_VERDICT_KILLED == (int)GUARD_REC_KILLED, "verdicts");
_Static_assert((int)GUARD_REASON_POLICY == (int)GUARD_REC_R_POLICY, "reasons");
_Static_assert((int)GUARD_REASON_ANON_EXEC == (int)GUARD_REC_R_ANON_EXEC, "reasons");
_Static_assert((int)GUARD_ORIGIN_HOST == (int)GUARD_REC_O_HOST, "origins");

const char *guard_kind_name(enum guard_kind kind)
{
	return (size_t)kind < GUARD_N_KINDS ? kinds[kind] : "";
}

const char *guard_verdict_name(enum guard_verdict verdict)
{
	return (size_t)verdict < GUARD_N_VERDICTS ? verdicts[verdict] : "";
}

const char *guard_reason_name(enum guard_reason reason)
{
	return (size_t)reason < GUARD_N_REASONS ? reasons[reason] : "";
}

const char *guard_origin_name(enum guard_origin origin)
{
	return (size_t)origin < GUARD_N_ORIGINS ? origins[origin] : "";
}

void guard_event_set_hash(struct guard_event *e, const uint8_t *hash)
{
	(void)sk_format_hex(hash, GUARD_SHA256_HEX / 2, e->file_sha256);
}

bool guard_event_is_unix(const struct guard_event *e)
{
	return e->peer_protocol != NULL && strcmp(e->peer_protocol, "unix") == 0;
}

const char *guard_event_path(const struct guard_event *e, const char *name, char *buf, size_t size)
{
	struct sk_span dir = sk_span_str(e->cwd);

	if (name[0] == '/')
		return name;
	if (dir.len == 0 || dir.ptr[0] != '/')
		return NULL;
	if (dir.len == 1)
		dir.len = 0;
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	return (size_t)snprintf(buf, size, "%.*s/%s", SK_SPAN_ARG(dir), name) < size ? buf : NULL;
}
