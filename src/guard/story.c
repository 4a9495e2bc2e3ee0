/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of alerts. Techniques: MITRE ATT&CK for Enterprise and Containers, version 15. */
#include "guard/story.h"

#include <string.h>

#include "base/defs.h"
#include "base/text.h"
#include "guard/bpf/call-nr.h"
#include "guard/names.h"
#include "guard/rating.h"
#include "guard/signs.h"

static const struct {
	uint32_t nr;
	const char *name;
	enum guard_kind kind;
	const char *attack;
} calls[] = {
	{30, "shmat", GUARD_KIND_MMAP, "T1055"},
	{56, "clone", GUARD_KIND_NAMESPACE, "T1611"},
	{101, "ptrace", GUARD_KIND_PTRACE, "T1055.008"},
	{135, "personality", GUARD_KIND_MMAP, "T1055"},
	{155, "pivot_root", GUARD_KIND_MOUNT, "T1611"},
	{165, "mount", GUARD_KIND_MOUNT, "T1611"},
	{166, "umount", GUARD_KIND_MOUNT, "T1611"},
	{172, "iopl", GUARD_KIND_PRIVILEGE, "T1068"},
	{173, "ioperm", GUARD_KIND_PRIVILEGE, "T1068"},
	{175, "init_module", GUARD_KIND_MODULE, "T1547.006"},
	{246, "kexec_load", GUARD_KIND_MODULE, "T1542"},
	{272, "unshare", GUARD_KIND_NAMESPACE, "T1611"},
	{298, "perf_event_open", GUARD_KIND_BPF, "T1068"},
	{304, "open_by_handle_at", GUARD_KIND_OPEN, "T1611"},
	{308, "setns", GUARD_KIND_NAMESPACE, "T1611"},
	{310, "process_vm_readv", GUARD_KIND_PTRACE, "T1003.007"},
	{311, "process_vm_writev", GUARD_KIND_PTRACE, "T1055"},
	{313, "finit_module", GUARD_KIND_MODULE, "T1547.006"},
	{320, "kexec_file_load", GUARD_KIND_MODULE, "T1542"},
	{321, "bpf", GUARD_KIND_BPF, "T1014"},
	{323, "userfaultfd", GUARD_KIND_PRIVILEGE, "T1068"},
	{425, "io_uring_setup", GUARD_KIND_PRIVILEGE, "T1562.001"},
	{428, "open_tree", GUARD_KIND_MOUNT, "T1611"},
	{429, "move_mount", GUARD_KIND_MOUNT, "T1611"},
	{430, "fsopen", GUARD_KIND_MOUNT, "T1611"},
	{432, "fsmount", GUARD_KIND_MOUNT, "T1611"},
	{433, "fspick", GUARD_KIND_MOUNT, "T1611"},
	{435, "clone3", GUARD_KIND_NAMESPACE, "T1611"},
	{438, "pidfd_getfd", GUARD_KIND_PTRACE, "T1003"},
	{442, "mount_setattr", GUARD_KIND_MOUNT, "T1611"},
	{467, "open_tree_attr", GUARD_KIND_MOUNT, "T1611"},
	{GUARD_CALL_SIGNAL_AGENT, "signal for the guard", GUARD_KIND_PRIVILEGE, "T1562.001"},
	{GUARD_CALL_REMOVE_PINS, "removing pins of the guard", GUARD_KIND_PRIVILEGE, "T1562.001"},
	{GUARD_CALL_WRITE_MEMORY, "writing to /proc/PID/mem", GUARD_KIND_PTRACE, "T1055.009"},
	{GUARD_CALL_READ_MEMORY, "reading /proc/PID/mem", GUARD_KIND_PTRACE, "T1003.007"},
};

const char *guard_story_call(uint32_t nr, enum guard_kind *ret_kind)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(calls); i++) {
		if (calls[i].nr == nr) {
			*ret_kind = calls[i].kind;
			return calls[i].name;
		}
	}
	*ret_kind = GUARD_KIND_PRIVILEGE;
	return guard_syscall_name(nr) != NULL ? guard_syscall_name(nr) : "system call";
}

static const char *attack_of_call(uint32_t nr)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(calls); i++)
		if (calls[i].nr == nr)
			return calls[i].attack;
	return "T1611";
}

bool guard_story_is_shell(const char *path)
{
	static const char *const shells[] = {"sh",   "bash", "dash", "ash",  "zsh", "ksh",
					     "mksh", "csh",  "tcsh", "fish", "hush"};
	struct sk_span base;

	if (path == NULL)
		return false;
	base = sk_span_sub(sk_span_str(path), 0, strlen(path));
	base = sk_span_sub(base,
			   sk_span_rfind(base, '/') < base.len ? sk_span_rfind(base, '/') + 1 : 0,
			   base.len);
	for (size_t i = 0; i < SK_ARRAY_LEN(shells); i++)
		if (sk_span_eq_str(base, shells[i]))
			return true;
	return false;
}

static const char *const attacks[] = {
	[GUARD_REASON_NONE] = NULL,          [GUARD_REASON_NOT_IN_PROFILE] = "T1059",
	[GUARD_REASON_ENTRY] = "T1609",      [GUARD_REASON_DRIFT] = "T1105",
	[GUARD_REASON_FILELESS] = "T1620",   [GUARD_REASON_LOADER] = "T1574",
	[GUARD_REASON_SCRIPT] = "T1059",     [GUARD_REASON_APPLET] = "T1059.004",
	[GUARD_REASON_SHELL] = "T1059.004",  [GUARD_REASON_ANON_EXEC] = "T1055",
	[GUARD_REASON_RAW_SOCKET] = "T1040", [GUARD_REASON_ESCAPE] = "T1611",
	[GUARD_REASON_TAMPER] = "T1562.001", [GUARD_REASON_POLICY] = "T1562.001",
};

_Static_assert(SK_ARRAY_LEN(attacks) == GUARD_N_REASONS, "attacks");

static void quote(struct sk_buf *b, const char *text)
{
	(void)sk_buf_add_char(b, '\'');
	(void)sk_text_escape(b, sk_span_str(text != NULL ? text : "?"));
	(void)sk_buf_add_char(b, '\'');
}

/*
 * Repetitions that nobody lived to tell are counted without the path: the guard that ended knew it.
 */
static void quote_file(struct sk_buf *b, const struct guard_event *e)
{
	if (e->file_path != NULL)
		quote(b, e->file_path);
	else
		(void)sk_buf_add_str(b, "a file that the guard before this one told of");
}

static const char *origin_words(enum guard_origin origin)
{
	switch (origin) {
	case GUARD_ORIGIN_UPPER:
		return "was written while the container ran";
	case GUARD_ORIGIN_VOLUME:
		return "is on a volume, not in the image";
	case GUARD_ORIGIN_TMPFS:
		return "is on a temporary file system, not in the image";
	default:
		return "is not the image's";
	}
}

/* Who comes from outside starts one program; what that starts in turn is started from inside. */
static void tell_entry(const struct guard_event *e, struct sk_buf *b)
{
	(void)sk_buf_add_str(b, e->kind == GUARD_KIND_EXEC && e->exe == NULL
					? "; started from outside the container"
					: "; in a session started from outside the container");
}

/* A known program, used in a way that is not. */
static bool tell_use(const struct guard_event *e, struct sk_buf *b)
{
	if (e->detail == NULL ||
	    (e->reason != GUARD_REASON_NOT_IN_PROFILE && e->reason != GUARD_REASON_ENTRY))
		return false;
	quote_file(b, e);
	if (strcmp(e->detail, "parent") == 0) {
		(void)sk_buf_add_str(b, " is known, but not as started by ");
		if (e->exe != NULL)
			quote(b, e->exe);
		else
			(void)sk_buf_add_str(b, "who started it, which nobody can tell any more");
	} else {
		(void)sk_buf_add_str(b, " is known, but not with these arguments");
	}
	if (e->reason == GUARD_REASON_ENTRY)
		tell_entry(e, b);
	return true;
}

/* A reverse shell. */
static void tell_remote(const struct guard_event *e, struct sk_buf *b)
{
	(void)sk_buf_printf(b,
			    " takes its commands from %s port %u, over a connection opened from "
			    "inside",
			    e->peer_address, e->peer_port);
	if (e->relay != NULL) {
		(void)sk_buf_add_str(b, " by ");
		quote(b, e->relay);
	}
}

static bool is_late(const struct guard_event *e)
{
	return e->sha256_state != NULL && strcmp(e->sha256_state, GUARD_CONTENT_LATE) == 0;
}

static bool is_gone(const struct guard_event *e)
{
	return e->sha256_state != NULL && !is_late(e);
}

static void tell_exec(const struct guard_event *e, struct sk_buf *b)
{
	if (tell_use(e, b))
		return;
	switch (e->reason) {
	case GUARD_REASON_DRIFT:
		quote_file(b, e);
		(void)sk_buf_printf(b, " %s and %s", origin_words(e->file_origin),
				    is_gone(e) && e->verdict <= GUARD_VERDICT_ALERTED
					    ? "its content was gone before it could be looked at"
					    : "no known program has its content");
		break;
	case GUARD_REASON_FILELESS:
		quote_file(b, e);
		(void)sk_buf_add_str(b, " has no name in any directory: memory file or unlinked");
		break;
	case GUARD_REASON_LOADER:
		(void)sk_buf_add_str(
			b, "the dynamic linker was run as the main program, to start another file");
		break;
	case GUARD_REASON_SCRIPT:
		quote_file(b, e);
		(void)sk_buf_add_str(b, " is known, but not with this script");
		break;
	case GUARD_REASON_APPLET:
		quote_file(b, e);
		(void)sk_buf_add_str(b, " is known, but not under this name");
		break;
	case GUARD_REASON_SHELL:
		quote_file(b, e);
		if (e->peer_address != NULL) {
			tell_remote(e, b);
			break;
		}
		(void)sk_buf_add_str(
			b, " was started as a free shell: commands instead of a known script");
		break;
	case GUARD_REASON_ENTRY:
		if (e->applet != NULL) {
			(void)sk_buf_add_str(b, "applet ");
			quote(b, e->applet);
			(void)sk_buf_add_str(b, " of ");
		}
		quote_file(b, e);
		(void)sk_buf_add_str(b, " is not in the profile");
		tell_entry(e, b);
		break;
	case GUARD_REASON_POLICY:
		quote_file(b, e);
		(void)sk_buf_add_str(b, " shows what is unwelcome anywhere");
		break;
	default:
		quote_file(b, e);
		(void)sk_buf_add_str(b, " is not among the programs of this service");
		break;
	}
}

/* A capability or a system call. */
static void tell_power(const struct guard_event *e, struct sk_buf *b)
{
	unsigned nr;

	(void)sk_buf_printf(b, "%s %s, which this service never did",
			    guard_capability_number(sk_span_str(e->detail), &nr)
				    ? "it used the capability"
				    : "it made the system call",
			    e->detail);
}

static void tell_policy(const struct guard_event *e, struct sk_buf *b)
{
	if (e->kind == GUARD_KIND_DNS) {
		quote(b, e->detail);
		(void)sk_buf_add_str(b, " is a name that is unwelcome anywhere");
		return;
	}
	if (e->kind == GUARD_KIND_OPEN) {
		(void)sk_buf_add_str(b, "there was no room to look at what it opened: it "
					"does not go on");
		return;
	}
	if (e->detail != NULL && strcmp(e->detail, "userfaultfd") == 0)
		(void)sk_buf_add_str(b, "userfaultfd lets a process halt the kernel where "
					"it reads its memory");
	else
		(void)sk_buf_add_str(b, "io_uring can do work that system calls do not show");
}

static void tell_escape(const struct guard_event *e, struct sk_buf *b)
{
	if (e->kind == GUARD_KIND_CONNECT) {
		quote(b, e->peer_address != NULL ? e->peer_address : "a socket");
		(void)sk_buf_add_str(
			b, " is a container engine's socket outside: who talks to it rules "
			   "the host, and ");
		(void)sk_buf_add_str(b, e->profile != NULL ? "this service never did"
							   : "no profile allows it");
	} else if (e->kind == GUARD_KIND_OPEN && e->detail == NULL) {
		quote_file(b, e);
		(void)sk_buf_add_str(
			b, " was opened to be written: the kernel acts on it for the whole "
			   "host");
	} else {
		(void)sk_buf_printf(b, "%s leads out of a container and %s",
				    e->detail != NULL ? e->detail : "the call",
				    e->profile != NULL ? "this service never used it"
						       : "no profile allows it");
	}
}

/* Reasons that say what it is about. Returns false for others. */
static bool tell_reason(const struct guard_event *e, struct sk_buf *b)
{
	switch (e->reason) {
	case GUARD_REASON_ANON_EXEC:
		(void)sk_buf_add_str(b, "memory without a file behind it was made executable");
		return true;
	case GUARD_REASON_RAW_SOCKET:
		if (e->peer_protocol != NULL && strcmp(e->peer_protocol, "alg") == 0)
			(void)sk_buf_add_str(b, "a socket of the kernel's ciphers was opened");
		else
			(void)sk_buf_printf(b, "a %s socket was opened",
					    e->peer_protocol != NULL ? e->peer_protocol : "raw");
		return true;
	case GUARD_REASON_ESCAPE:
		tell_escape(e, b);
		return true;
	case GUARD_REASON_TAMPER:
		if (e->detail != NULL && strstr(e->detail, "pins") != NULL)
			(void)sk_buf_printf(b,
					    "%s, which keep it in force when its agent is killed",
					    e->detail);
		else
			(void)sk_buf_add_str(b, "a signal was sent to the guard itself");
		return true;
	case GUARD_REASON_POLICY:
		tell_policy(e, b);
		return true;
	default:
		return false;
	}
}

static void tell_peer(const struct guard_event *e, struct sk_buf *b)
{
	const char *protocol = e->peer_protocol != NULL ? e->peer_protocol : "?";

	(void)sk_buf_printf(b, "%s port %u (%s", e->peer_address, e->peer_port, protocol);
	if (e->peer_name != NULL) {
		(void)sk_buf_add_str(b, ", looked up as ");
		quote(b, e->peer_name);
	}
	(void)sk_buf_add_str(b, ") is no peer of this service");
}

static void tell_file(const struct guard_event *e, struct sk_buf *b)
{
	quote_file(b, e);
	if (e->reason == GUARD_REASON_SCRIPT)
		(void)sk_buf_add_str(b, " is read as a script and is none of this service");
	else if (e->reason == GUARD_REASON_FILELESS)
		(void)sk_buf_add_str(b, " is mapped as code and has no name in any directory");
	else if (e->kind == GUARD_KIND_MMAP)
		(void)sk_buf_add_str(b, " is mapped as code and is no library of this service");
	else
		(void)sk_buf_printf(b, " was opened to be %s, which this service never did",
				    e->file_write ? "written" : "read");
}

static void tell_other(const struct guard_event *e, struct sk_buf *b)
{
	const char *protocol = e->peer_protocol != NULL ? e->peer_protocol : "?";

	if (tell_reason(e, b))
		return;
	if (e->kind == GUARD_KIND_DNS) {
		quote(b, e->detail);
		(void)sk_buf_add_str(b, " is no name that this service asks for");
	} else if (e->kind == GUARD_KIND_ACCEPT) {
		(void)sk_buf_printf(b,
				    "a connection was accepted on port %u (%s), which this "
				    "service never offered",
				    e->local_port, protocol);
	} else if (e->kind == GUARD_KIND_BIND) {
		(void)sk_buf_printf(b, "port %u (%s) is offered, which this service never did",
				    e->peer_port, protocol);
	} else if (e->reason == GUARD_REASON_NOT_IN_PROFILE && e->peer_address == NULL &&
		   e->file_path == NULL && e->detail != NULL) {
		tell_power(e, b);
	} else if (e->peer_address != NULL) {
		tell_peer(e, b);
	} else {
		tell_file(e, b);
	}
}

/* What is unexpected and also looks like something well known is told as that. */
static void tell_sign(struct guard_event *e, const struct guard_sign_list *signs, struct sk_buf *b)
{
	const struct guard_sign *sign = guard_sign_of_event(e, signs);

	if (sign == NULL)
		return;
	(void)sk_buf_printf(b, "; sign of: %s (%s)", sign->text, sign->group);
	e->sign = sign->text;
	e->attack = sign->attack;
	if (e->severity == NULL || strcmp(e->severity, "critical") != 0)
		e->severity = sign->severity;
}

/*
 * A call that is merely new is no technique; one that leads out of a container is. Of clone and
 * clone3 only the flags do, and then the reason is another.
 */
static const char *attack_of_power(const char *word)
{
	unsigned nr;

	if (word == NULL)
		return NULL;
	for (size_t i = 0; i < SK_ARRAY_LEN(calls); i++)
		if (strcmp(calls[i].name, word) == 0)
			return calls[i].nr == 56 || calls[i].nr == 435 ? NULL : calls[i].attack;
	return guard_capability_number(sk_span_str(word), &nr)
		       ? "T1548" /* abuse of elevation control */
		       : NULL;
}

/* Of what is merely not in the profile. */
static const char *attack_of_kind(const struct guard_event *e)
{
	switch (e->kind) {
	case GUARD_KIND_CONNECT:
	case GUARD_KIND_SEND:
		return "T1071"; /* application layer protocol */
	case GUARD_KIND_DNS:
		return "T1071.004"; /* DNS */
	case GUARD_KIND_ACCEPT:
	case GUARD_KIND_BIND:
		return "T1205"; /* traffic signalling: a port that waits */
	case GUARD_KIND_OPEN:
		return e->file_write ? "T1565.001" : "T1005"; /* stored data; local data */
	case GUARD_KIND_PRIVILEGE:
		return attack_of_power(e->detail);
	default:
		return attacks[GUARD_REASON_NOT_IN_PROFILE];
	}
}

void guard_story_tell(struct guard_event *e, const struct guard_rec *rec,
		      const struct guard_sign_list *signs, struct sk_buf *b)
{
	sk_buf_reset(b);
	if (e->reason == GUARD_REASON_NONE)
		return;
	e->attack = attacks[e->reason];
	if (e->reason == GUARD_REASON_ESCAPE && rec != NULL && rec->type == GUARD_REC_CALL)
		e->attack = attack_of_call(rec->op);
	if (e->reason == GUARD_REASON_NOT_IN_PROFILE)
		e->attack = attack_of_kind(e);
	if (e->reason == GUARD_REASON_DRIFT && e->kind == GUARD_KIND_MMAP)
		e->attack = "T1574.006";
	e->severity = guard_rating(e);
	if (e->kind == GUARD_KIND_OPEN && strcmp(e->severity, "low") == 0)
		e->attack = NULL; /* everybody opens that */
	if (e->kind == GUARD_KIND_EXEC && !e->file_is_script)
		tell_exec(e, b);
	else
		tell_other(e, b);
	if (e->reason == GUARD_REASON_SHELL && e->peer_address != NULL) {
		e->severity = "critical";
	} else if (rec != NULL && (rec->flags & GUARD_RF_STDIN_SOCKET) != 0) {
		(void)sk_buf_add_str(b, "; its input is a socket");
		e->severity = "critical";
	}
	if (e->error != NULL)
		(void)sk_buf_printf(b, "; it failed (%s)", e->error);
	if (is_late(e))
		(void)sk_buf_add_str(b, "; its content could not be read in time");
	if (rec != NULL && (rec->flags & GUARD_RF_LATE) != 0)
		(void)sk_buf_add_str(b, "; no agent lived to look at it then");
	if (rec != NULL && (rec->flags & GUARD_RF_ENTRY) != 0 && e->reason != GUARD_REASON_ENTRY)
		tell_entry(e, b);
	if (e->file_package != NULL && e->file_package[0] == '\0')
		(void)sk_buf_add_str(b, "; the file is owned by no package");
	else if (e->file_package != NULL) {
		(void)sk_buf_add_str(b, "; the file is owned by ");
		(void)sk_text_escape(b, sk_span_str(e->file_package));
	}
	if (e->expected != NULL && e->expected[0] != '\0')
		(void)sk_buf_printf(b, "; expected: %s", e->expected);
	tell_sign(e, signs, b);
	e->reason_text = b->ptr;
}
