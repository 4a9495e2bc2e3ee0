/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argument shapes and path patterns. Both must be stable: the same program doing the same work
 * gives the same shape in every run, or a profile never converges. So whatever looks like a number,
 * a digest, a random name or a time is replaced, and nothing else is.
 */
#include "guard/shape.h"

#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/defs.h"
#include "base/io.h"

enum {
	HEX_LEAST = 8,         /* shorter hexadecimal words are words: "cafe", "add" */
	RANDOM_LEAST = 6,      /* mkstemp's XXXXXX */
	MIXED_LEAST = 24,      /* base64 and the like */
	WORD_LONGEST = 64,     /* longer words are data, not options */
	TRANSITIONS_LEAST = 3, /* between letters and digits: x81k2, not x86 or i18n */
	STACK_PATH = 1024,
};

static bool all_of(struct sk_span s, bool (*is)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (!is(s.ptr[i]))
			return false;
	return s.len != 0;
}

static bool any_of(struct sk_span s, bool (*is)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (is(s.ptr[i]))
			return true;
	return false;
}

/* Digits, perhaps signed, perhaps with a fraction. */
static bool is_number(struct sk_span s)
{
	size_t dot;

	if (s.len > 1 && (s.ptr[0] == '-' || s.ptr[0] == '+'))
		s = sk_span_sub(s, 1, s.len);
	dot = sk_span_find(s, '.');
	if (!all_of(sk_span_sub(s, 0, dot), sk_is_digit))
		return false;
	return dot == s.len || all_of(sk_span_sub(s, dot + 1, s.len), sk_is_digit);
}

static bool is_digest(struct sk_span s)
{
	if (sk_span_starts(s, "0x") && s.len > 2)
		return all_of(sk_span_sub(s, 2, s.len), sk_is_hex);
	return s.len >= HEX_LEAST && all_of(s, sk_is_hex) && any_of(s, sk_is_digit);
}

/* Does a word of letters and digits look like chance? */
static bool is_random(struct sk_span s)
{
	size_t numeric = 0, any = 0;

	if (!all_of(s, sk_is_alnum))
		return false;
	for (size_t i = 1; i < s.len; i++) {
		char a = s.ptr[i - 1], b = s.ptr[i];

		numeric += sk_is_digit(a) != sk_is_digit(b);
		/* a capital at the start of a word is no sign of chance */
		any += sk_is_digit(a) != sk_is_digit(b) ||
		       (sk_is_upper(a) != sk_is_upper(b) && (i != 1 || !sk_is_upper(a)));
	}
	if (numeric >= TRANSITIONS_LEAST)
		return true;
	if (s.len >= RANDOM_LEAST && any * 2 >= s.len)
		return true;
	return s.len >= MIXED_LEAST && any_of(s, sk_is_digit) && any_of(s, sk_is_upper) &&
	       any_of(s, sk_is_lower);
}

/* 8-4-4-4-12 hexadecimal digits, RFC 9562 */
static bool is_uuid(struct sk_span s)
{
	if (s.len != 36)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.ptr[i] != '-' : !sk_is_hex(s.ptr[i]))
			return false;
	}
	return true;
}

/* Path patterns */

/* How much of a path below a directory changes from run to run. */
enum churn {
	CHURN_NONE,    /* what an image brings */
	CHURN_NUMBERS, /* whole components that are numbers */
	CHURN_DEVICE,  /* numbers at the end of names too */
	CHURN_DATA,    /* numbers, times, digests, random words */
	CHURN_TEMP,    /* names that programs make up */
};

static const struct {
	const char *dir;
	enum churn churn;
} places[] = {
	{"/usr/", CHURN_NONE},     {"/lib", CHURN_NONE},       {"/bin/", CHURN_NONE},
	{"/sbin/", CHURN_NONE},    {"/etc/", CHURN_NONE},      {"/opt/", CHURN_NONE},
	{"/boot/", CHURN_NONE},    {"/proc/", CHURN_NUMBERS},  {"/dev/shm/", CHURN_TEMP},
	{"/dev/", CHURN_NUMBERS},  {"/sys/", CHURN_DEVICE},    {"/tmp/", CHURN_TEMP},
	{"/var/tmp/", CHURN_TEMP}, {"/run/user/", CHURN_DATA},
};

static enum churn churn_of(struct sk_span path)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(places); i++)
		if (sk_span_starts(path, places[i].dir))
			return places[i].churn;
	return CHURN_DATA;
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_' || c == ':' || c == '@' || c == '+' || c == '~' ||
	       c == ' ' || c == ',' || c == '#' || c == '=';
}

/* What mkstemp makes of XXXXXX, where it shows: "VmoxvK", not "access", "Access" or "README". */
static bool is_mkstemp(struct sk_span s)
{
	return s.len == RANDOM_LEAST && all_of(s, sk_is_alnum) && any_of(s, sk_is_lower) &&
	       any_of(sk_span_sub(s, 1, s.len), sk_is_upper);
}

static bool token_changes(struct sk_span token, enum churn churn, bool last)
{
	if (is_number(token) || is_digest(token) || is_random(token) || (last && is_mkstemp(token)))
		return true;
	if (churn != CHURN_TEMP || token.len < RANDOM_LEAST || !all_of(token, sk_is_alnum))
		return false;
	/* under /tmp the last part of a name is what mkstemp made of XXXXXX */
	return last && (any_of(token, sk_is_digit) ||
			any_of(sk_span_sub(token, 1, token.len), sk_is_upper));
}

/* What mkstemp made of XXXXXX behind a separator. "Config" and "sha256" do not look like it. */
static bool is_made_up(struct sk_span token)
{
	bool odd = false;

	if (token.len != RANDOM_LEAST || !all_of(token, sk_is_alnum))
		return false;
	for (size_t i = 1; i < token.len; i++)
		odd = odd || sk_is_upper(token.ptr[i]) ||
		      (sk_is_digit(token.ptr[i - 1]) && !sk_is_digit(token.ptr[i]));
	return odd && any_of(token, sk_is_lower);
}

/* "app-2026-01-02.log" becomes "app-" star ".log". */
static void add_data_component(struct sk_buf *b, struct sk_span c, enum churn churn)
{
	size_t held = 0; /* separators after a star, written once something else follows */
	bool star = false;

	if (is_uuid(c)) {
		(void)sk_buf_add_char(b, '*');
		return;
	}
	for (size_t i = 0; i <= c.len;) {
		size_t end = i;
		struct sk_span token;

		while (end < c.len && !is_separator(c.ptr[end]))
			end++;
		token = sk_span_sub(c, i, end - i);
		if (token.len != 0 && (token_changes(token, churn, end == c.len) ||
				       (i != 0 && end == c.len && is_made_up(token)))) {
			if (!star)
				(void)sk_buf_add_char(b, '*');
			star = true;
			held = 0;
		} else if (token.len != 0 || !star) {
			(void)sk_buf_add_span(b, sk_span_sub(c, i - held, held));
			(void)sk_buf_add_span(b, token);
			star = false;
			held = 0;
		}
		if (end < c.len && star)
			held++;
		else if (end < c.len)
			(void)sk_buf_add_char(b, c.ptr[end]);
		i = end + 1;
	}
	(void)sk_buf_add_span(b, sk_span_sub(c, c.len - held, held));
}

static void add_component(struct sk_buf *b, struct sk_span c, enum churn churn)
{
	size_t stem = c.len;

	switch (churn) {
	case CHURN_NONE:
		(void)sk_buf_add_span(b, c);
		return;
	case CHURN_NUMBERS:
	case CHURN_DEVICE:
		while (stem > 0 && sk_is_digit(c.ptr[stem - 1]))
			stem--;
		if (stem == c.len || (stem != 0 && churn == CHURN_NUMBERS))
			(void)sk_buf_add_span(b, c);
		else
			(void)(sk_buf_add_span(b, sk_span_sub(c, 0, stem)) &&
			       sk_buf_add_char(b, '*'));
		return;
	case CHURN_DATA:
	case CHURN_TEMP:
		add_data_component(b, c, churn);
		return;
	}
}

bool guard_pattern_of(struct sk_span path, struct sk_buf *b)
{
	enum churn churn = churn_of(path);
	struct sk_span rest = path, c;
	bool first = true;

	while (sk_span_cut(&rest, '/', &c)) {
		if (!first)
			(void)sk_buf_add_char(b, '/');
		first = false;
		add_component(b, c, churn);
	}
	return !b->overflow;
}

bool guard_pattern_is_kin(struct sk_span a, struct sk_span b)
{
	struct sk_span tail_a, tail_b;
	size_t stem = a.len - RANDOM_LEAST;

	if (a.len != b.len || a.len <= RANDOM_LEAST || !is_separator(a.ptr[stem - 1]) ||
	    churn_of(a) < CHURN_DATA ||
	    !sk_span_eq(sk_span_sub(a, 0, stem), sk_span_sub(b, 0, stem)))
		return false;
	tail_a = sk_span_sub(a, stem, a.len);
	tail_b = sk_span_sub(b, stem, b.len);
	return all_of(tail_a, sk_is_alnum) && all_of(tail_b, sk_is_alnum) &&
	       (is_made_up(tail_a) || is_made_up(tail_b));
}

/* One step of the pattern over all positions of the text at once; one star stops at @stop. */
static size_t match_step(struct sk_span pattern, size_t i, struct sk_span path, char stop, bool *at)
{
	if (pattern.ptr[i] != '*') {
		for (size_t j = path.len; j > 0; j--)
			at[j] = at[j - 1] && path.ptr[j - 1] == pattern.ptr[i];
		at[0] = false;
		return i + 1;
	}
	if (i + 1 < pattern.len && pattern.ptr[i + 1] == '*') {
		for (size_t j = 1; j <= path.len; j++)
			at[j] = at[j] || at[j - 1];
		return i + 2;
	}
	for (size_t j = 1; j <= path.len; j++)
		at[j] = at[j] || (at[j - 1] && path.ptr[j - 1] != stop);
	return i + 1;
}

static bool matches_until(struct sk_span pattern, struct sk_span path, char stop)
{
	size_t literal = sk_span_find(pattern, '*');
	bool stack[STACK_PATH + 1];
	bool *at = stack;
	bool matches;

	if (literal == pattern.len)
		return sk_span_eq(pattern, path);
	if (path.len < literal ||
	    !sk_span_eq(sk_span_sub(pattern, 0, literal), sk_span_sub(path, 0, literal)))
		return false;
	pattern = sk_span_sub(pattern, literal, pattern.len);
	path = sk_span_sub(path, literal, path.len);
	if (path.len > STACK_PATH)
		at = sk_alloc(path.len + 1);
	memset(at, 0, path.len + 1);
	at[0] = true;
	for (size_t i = 0; i < pattern.len;)
		i = match_step(pattern, i, path, stop, at);
	matches = at[path.len];
	if (at != stack)
		sk_free(at);
	return matches;
}

bool guard_pattern_match(struct sk_span pattern, struct sk_span path)
{
	return matches_until(pattern, path, '/');
}

bool guard_shape_match(struct sk_span known, struct sk_span shape)
{
	return sk_span_eq_str(known, "*") || matches_until(known, shape, ' ');
}

/* Argument shapes */

/* Interpreters, and the options whose next word is code. Versions follow the name: python3.11. */
static const struct {
	const char *name;
	const char *letters; /* also at the end of a cluster: sh -lc */
	const char *words;   /* separated by blanks */
} interpreters[] = {
	{"sh", "c", ""},
	{"bash", "c", ""},
	{"dash", "c", ""},
	{"ash", "c", ""},
	{"zsh", "c", ""},
	{"ksh", "c", ""},
	{"mksh", "c", ""},
	{"fish", "c", "--command"},
	{"python", "c", ""},
	{"pypy", "c", ""},
	{"perl", "eE", ""},
	{"ruby", "e", ""},
	{"lua", "e", ""},
	{"luajit", "e", ""},
	{"php", "rBRE", "--run"},
	{"node", "ep", "--eval --print"},
	{"nodejs", "ep", "--eval --print"},
	{"awk", "", ""},
	{"tclsh", "", ""},
	{"Rscript", "e", ""},
};

static struct sk_span without_version(struct sk_span name)
{
	while (name.len != 0 &&
	       (sk_is_digit(name.ptr[name.len - 1]) || name.ptr[name.len - 1] == '.'))
		name.len--;
	return name;
}

static int interpreter_of(const char *const *args, size_t n_args)
{
	struct sk_span name = sk_path_base(sk_span_str(args[0]));

	if ((sk_span_eq_str(name, "busybox") || sk_span_eq_str(name, "toybox")) && n_args > 1)
		name = sk_span_str(args[1]);
	(void)sk_span_strip_prefix(&name, "-"); /* a login shell */
	name = without_version(name);
	for (size_t i = 0; i < SK_ARRAY_LEN(interpreters); i++)
		if (sk_span_eq_str(name, interpreters[i].name))
			return (int)i;
	return -1;
}

static bool is_listed(const char *words, struct sk_span word)
{
	struct sk_span rest = sk_span_str(words), piece;

	while (sk_span_cut(&rest, ' ', &piece))
		if (piece.len != 0 && sk_span_eq(piece, word))
			return true;
	return false;
}

/* Is the word after this option code? */
static bool takes_code(int interpreter, struct sk_span option)
{
	char last;

	if (interpreter < 0 || option.len < 2 || option.ptr[0] != '-')
		return false;
	if (option.ptr[1] == '-')
		return is_listed(interpreters[interpreter].words, option);
	last = option.ptr[option.len - 1];
	return strchr(interpreters[interpreter].letters, last) != NULL &&
	       all_of(sk_span_sub(option, 1, option.len), sk_is_alnum);
}

/* Code by its looks, for programs that are not known to take any. */
static bool looks_like_code(struct sk_span option, struct sk_span word)
{
	return sk_span_eq_str(option, "-c") &&
	       (sk_span_find(word, ' ') < word.len || sk_span_find(word, ';') < word.len);
}

static bool is_printable(struct sk_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return false;
	return true;
}

static bool is_path(struct sk_span s)
{
	return sk_span_starts(s, "/") || sk_span_starts(s, "./") || sk_span_starts(s, "../") ||
	       sk_span_starts(s, "~/");
}

/* Numbers between separators become N, random words a star. */
static void add_tokens(struct sk_buf *b, struct sk_span s)
{
	for (size_t i = 0; i < s.len;) {
		size_t end = i;
		struct sk_span token;

		while (end < s.len && !is_separator(s.ptr[end]) && s.ptr[end] != '/')
			end++;
		token = sk_span_sub(s, i, end - i);
		if (all_of(token, sk_is_digit))
			(void)sk_buf_add_char(b, 'N');
		else if (is_digest(token))
			(void)sk_buf_add_char(b, 'H');
		else if (is_random(token))
			(void)sk_buf_add_char(b, '*');
		else
			(void)sk_buf_add_span(b, token);
		if (end < s.len)
			(void)sk_buf_add_char(b, s.ptr[end]);
		i = end + 1;
	}
}

/* "https://host:443/path?query": scheme and host say whom, the rest changes. */
static bool add_url(struct sk_buf *b, struct sk_span s)
{
	size_t colon = sk_span_find(s, ':');
	struct sk_span rest = sk_span_sub(s, colon, s.len);
	size_t slash;

	if (!sk_span_strip_prefix(&rest, "://") || colon == 0 ||
	    !all_of(sk_span_sub(s, 0, colon), sk_is_alnum))
		return false;
	slash = sk_span_find(rest, '/');
	(void)sk_buf_add_span(b, sk_span_sub(s, 0, colon));
	(void)sk_buf_add_str(b, "://");
	/* a user's name and password are nobody's business */
	rest = sk_span_sub(rest, 0, slash);
	if (sk_span_rfind(rest, '@') < rest.len)
		rest = sk_span_sub(rest, sk_span_rfind(rest, '@') + 1, rest.len);
	(void)sk_buf_add_span(b, rest);
	if (colon + 3 + slash < s.len)
		(void)sk_buf_add_str(b, "/*");
	return true;
}

static void add_word(struct sk_buf *b, struct sk_span s)
{
	bool quote = sk_span_find(s, ' ') < s.len;

	if (s.len == 0)
		(void)sk_buf_add_str(b, "''");
	else if (is_number(s))
		(void)sk_buf_add_char(b, 'N');
	else if (is_uuid(s) || is_digest(s))
		(void)sk_buf_add_char(b, 'H');
	else if (!is_printable(s))
		(void)sk_buf_add_char(b, '*');
	else if (is_path(s) && !quote)
		(void)guard_pattern_of(s, b);
	else if (!quote && add_url(b, s))
		return;
	else if (s.len > WORD_LONGEST || is_random(s))
		(void)sk_buf_add_char(b, '*');
	else if (quote)
		(void)(sk_buf_add_char(b, '\'') && sk_buf_add_span(b, s) &&
		       sk_buf_add_char(b, '\''));
	else
		add_tokens(b, s);
}

/* "-j4" gives -jN; "--port=80" gives --port=N; "-I/usr/include" keeps its path. */
static void add_option(struct sk_buf *b, struct sk_span s)
{
	size_t at = sk_span_find(s, '=');

	if (at < s.len) {
		(void)sk_buf_add_span(b, sk_span_sub(s, 0, at + 1));
		add_word(b, sk_span_sub(s, at + 1, s.len));
	} else if (s.ptr[1] != '-' && s.len > 2 && !all_of(sk_span_sub(s, 1, s.len), sk_is_alnum)) {
		(void)sk_buf_add_span(b, sk_span_sub(s, 0, 2));
		add_word(b, sk_span_sub(s, 2, s.len));
	} else if (s.ptr[1] != '-' && all_of(sk_span_sub(s, 2, s.len), sk_is_digit)) {
		(void)sk_buf_add_span(b, sk_span_sub(s, 0, 2));
		(void)sk_buf_add_char(b, 'N');
	} else {
		(void)sk_buf_add_span(b, s.len > WORD_LONGEST ? (struct sk_span)SK_SPAN("-*") : s);
	}
}

static void add_assignment(struct sk_buf *b, struct sk_span s)
{
	size_t at = sk_span_find(s, '=');

	if (at == 0 || at == s.len || at > WORD_LONGEST / 2 || is_path(s) ||
	    sk_span_find(s, ' ') < at || !is_printable(s)) {
		add_word(b, s);
		return;
	}
	(void)sk_buf_add_span(b, sk_span_sub(s, 0, at + 1));
	if (at + 1 < s.len)
		add_word(b, sk_span_sub(s, at + 1, s.len));
}

/* What a program is called stays: python3.11 is not python3.N. */
static void add_name(struct sk_buf *b, struct sk_span s)
{
	if (s.len == 0 || s.len > WORD_LONGEST || is_random(s) || !is_printable(s))
		add_word(b, s);
	else
		(void)sk_buf_add_span(b, s);
}

bool guard_shape_of(const char *const *args, size_t n_args, struct sk_buf *b)
{
	struct sk_span last = {NULL, 0};
	bool options = true;
	int interpreter;

	if (n_args == 0)
		return !b->overflow;
	interpreter = interpreter_of(args, n_args);
	add_name(b, sk_path_base(sk_span_str(args[0])));
	for (size_t i = 1; i < n_args; i++) {
		struct sk_span s = sk_span_str(args[i]);

		(void)sk_buf_add_char(b, ' ');
		if (options && (takes_code(interpreter, last) || looks_like_code(last, s)))
			(void)sk_buf_add_str(b, "CODE");
		else if (options && s.len > 1 && s.ptr[0] == '-' && !is_number(s) &&
			 is_printable(s))
			add_option(b, s);
		else
			add_assignment(b, s);
		options = options && !sk_span_eq_str(s, "--");
		last = s;
	}
	return !b->overflow;
}
