/* SPDX-License-Identifier: Apache-2.0 */
/* Interpreters and multi-call binaries, as their manuals describe their options. */
#include "guard/call.h"

#include <string.h>

#include "base/ascii.h"
#include "base/span.h"

#define LETTER(c) (1u << ((c) - 'a'))
#define UPPER(c) (1u << GUARD_LETTER_##c)
#define LONG (1u << GUARD_LETTER_LONG)

/* Options that bring code, or have it read from standard input; options that take a value. */
#define SHELL (LETTER('c') | LETTER('s'))
#define PYTHON (LETTER('c') | LETTER('m') | LETTER('i'))
#define NODE (LETTER('e') | LETTER('p') | LETTER('i') | LONG)
#define PHP (LETTER('r') | LETTER('b') | LETTER('a') | UPPER(R) | UPPER(E) | LONG)

static const struct {
	const char *name;
	bool prefix; /* versions may follow: python3.11 */
	struct guard_family family;
} families[] = {
	{"sh", false, {true, false, SHELL, LETTER('o') | UPPER(O) | LONG}},
	{"bash", false, {true, false, SHELL, LETTER('o') | UPPER(O) | LONG}},
	{"rbash", false, {true, false, SHELL, LETTER('o') | UPPER(O) | LONG}},
	{"dash", false, {true, false, SHELL, LETTER('o')}},
	{"ash", false, {true, false, SHELL, LETTER('o')}},
	{"zsh", true, {true, false, SHELL, LETTER('o') | LONG}},
	{"ksh", true, {true, false, SHELL, LETTER('o') | UPPER(R)}},
	{"mksh", false, {true, false, SHELL, LETTER('o')}},
	{"csh", false, {true, false, SHELL, 0}},
	{"tcsh", false, {true, false, SHELL, 0}},
	{"python", true, {true, false, PYTHON, UPPER(W), .reopens = true}},
	{"pypy", true, {true, false, PYTHON, UPPER(W), .reopens = true}},
	{"perl", true, {true, false, LETTER('e') | UPPER(E) | LETTER('m') | LETTER('d'), UPPER(I)}},
	{"ruby", true, {true, false, LETTER('e'), LETTER('r') | UPPER(I)}},
	{"node", true, {true, false, NODE, LETTER('r') | LONG}},
	{"php", true, {true, false, PHP, LETTER('d') | LETTER('c') | LETTER('z') | LONG}},
	{"lua", true, {true, false, LETTER('e') | LETTER('i'), LETTER('l')}},
	{"luajit", true, {true, false, LETTER('e') | LETTER('i'), LETTER('l')}},
	{"Rscript", false, {true, false, LETTER('e'), 0}},
	{"expect", false, {true, false, LETTER('c'), 0}},
	{"tclsh", true, {true, false, 0, LONG}},
	{"busybox", true, {true, true, SHELL, LETTER('o')}},
	{"toybox", true, {true, true, SHELL, LETTER('o')}},
	{"coreutils", false, {false, true, 0, 0}},
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* "python" is "python3", "python3.11", "python-wrapper" is not. */
static bool is_version(const char *tail)
{
	for (; *tail != '\0'; tail++)
		if (!sk_is_digit(*tail) && *tail != '.' && *tail != '-' && *tail != 'm')
			return false;
	return true;
}

struct guard_family guard_family_of(const char *path)
{
	const char *base = path != NULL ? base_of(path) : "";

	for (size_t i = 0; i < SK_ARRAY_LEN(families); i++) {
		size_t n = strlen(families[i].name);

		if (strncmp(base, families[i].name, n) == 0 &&
		    (base[n] == '\0' || (families[i].prefix && is_version(base + n))))
			return families[i].family;
	}
	return (struct guard_family){0};
}

bool guard_applet_is_shell(const char *name)
{
	return strcmp(name, "sh") == 0 || strcmp(name, "ash") == 0 || strcmp(name, "hush") == 0 ||
	       strcmp(name, "bash") == 0;
}

uint64_t guard_path_hash(const char *path)
{
	uint64_t hash = GUARD_FNV_BASIS;

	for (const char *p = path; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * GUARD_FNV_PRIME;
	return hash;
}

uint64_t guard_name_hash(const char *path)
{
	return guard_path_hash(base_of(path));
}

void guard_call_parse(const char *path, const char *const *args, size_t n_args,
		      struct guard_call *ret)
{
	const char *words[2] = {NULL, NULL};
	struct guard_parse p;
	size_t first = 0;

	memset(ret, 0, sizeof(*ret));
	ret->family = guard_family_of(path);
	guard_parse_init(&p, ret->family.letters, ret->family.valued);
	for (size_t i = 0; i < n_args; i++) {
		guard_u32 before = p.n_words;

		for (const char *c = args[i]; *c != '\0'; c++)
			guard_parse_step(&p, (uint8_t)*c);
		guard_parse_step(&p, 0);
		if (p.n_words > before && before < 2)
			words[before] = args[i];
	}
	ret->applet = base_of(n_args > 0 ? args[0] + (args[0][0] == '-') : "");
	if (ret->family.multicall && guard_family_of(ret->applet).multicall) {
		ret->is_self = true;
		ret->applet = words[0] != NULL ? base_of(words[0]) : "";
		first = 1;
	}
	ret->is_shell = ret->family.multicall ? guard_applet_is_shell(ret->applet)
					      : ret->family.interpreter;
	if (!ret->is_shell)
		return;
	ret->code = p.code[first] != 0;
	ret->interactive = !ret->code && (p.n_words <= first || p.stdin_[first]);
	if (!ret->code && !ret->interactive)
		ret->script = words[first];
}

/* Blanks and marks as titles have them: "nginx: worker process", "(sd-pam)", "redis-server *:6379"
 */
static bool is_title_name(const char *exe, const char *name)
{
	bool is_path = name[0] == '/' || name[0] == '.';
	bool is_exe = strcmp(is_path ? base_of(name) : name, base_of(exe)) == 0;

	return !is_exe && (name[0] == '(' || name[0] == '[' || strpbrk(name, " :\t") != NULL);
}

bool guard_call_is_title(const char *exe, const char *const *args, size_t n_args, size_t len,
			 size_t area)
{
	size_t given = 0;

	for (size_t i = 1; i < n_args; i++)
		given += args[i][0] != '\0';
	if (n_args == 0 || (area != 0 && area != len))
		return true;
	return (n_args > 1 && given == 0) || is_title_name(exe, args[0]);
}

static bool has_text(const struct guard_text_list *list, const char *text)
{
	for (size_t i = 0; i < list->n_items; i++)
		if (strcmp(list->items[i].text, text) == 0)
			return true;
	return false;
}

enum guard_rec_reason guard_call_judge(const struct guard_program *prog,
				       const struct guard_call *call)
{
	if (prog->multicall && !has_text(&prog->applets, call->applet))
		return GUARD_REC_R_APPLET;
	if (!prog->interpreter || !call->is_shell)
		return GUARD_REC_R_NONE;
	if (call->code)
		return prog->inline_code ? GUARD_REC_R_NONE : GUARD_REC_R_SHELL;
	if (call->interactive)
		return prog->interactive ? GUARD_REC_R_NONE : GUARD_REC_R_SHELL;
	for (size_t i = 0; call->script != NULL && i < prog->n_scripts; i++)
		if (strcmp(base_of(prog->scripts[i].content.path), base_of(call->script)) == 0)
			return GUARD_REC_R_NONE;
	return GUARD_REC_R_SCRIPT;
}
