/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of signs. Names of programs are a weak sign alone, as a miner can be called "nginx";
 * pool protocols, algorithms and pool names are what it cannot do without. Techniques: MITRE ATT&CK
 * for Enterprise and Containers, version 15.
 */
#include "guard/signs.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/span.h"
#include "guard/shape.h"

#define MINER(field, pattern, text)                                                                \
	{                                                                                          \
		"miner", GUARD_SIGN_##field, pattern, "critical", "T1496", text                    \
	}
/* weak: other things listen there too */
#define POOL_PORT(pattern)                                                                         \
	{                                                                                          \
		"miner", GUARD_SIGN_PORT, pattern, "medium", "T1496", "usual port of mining pools" \
	}
#define TUNNEL(field, pattern, text)                                                               \
	{                                                                                          \
		"tunnel", GUARD_SIGN_##field, pattern, "high", "T1572", text                       \
	}
#define SCANNER(pattern, text)                                                                     \
	{                                                                                          \
		"scanner", GUARD_SIGN_PROGRAM, pattern, "high", "T1046", text                      \
	}
#define SECRET(pattern, text)                                                                      \
	{                                                                                          \
		"credentials", GUARD_SIGN_PATH, pattern, "high", "T1552.001", text                 \
	}
#define ESCAPE(field, pattern, text)                                                               \
	{                                                                                          \
		"escape", GUARD_SIGN_##field, pattern, "critical", "T1611", text                   \
	}

static const struct guard_sign signs[] = {
	MINER(ARGUMENT, "stratum+tcp://*", "mining pool protocol"),
	MINER(ARGUMENT, "stratum+ssl://*", "mining pool protocol"),
	MINER(ARGUMENT, "stratum+tls://*", "mining pool protocol"),
	MINER(ARGUMENT, "stratum2+tcp://*", "mining pool protocol"),
	MINER(ARGUMENT, "stratum1+tcp://*", "mining pool protocol"),
	MINER(ARGUMENT, "ethproxy+tcp://*", "mining pool protocol"),
	MINER(ARGUMENT, "--donate-level*", "option of a miner"),
	MINER(ARGUMENT, "--randomx-*", "option of a miner"),
	MINER(ARGUMENT, "--cpu-max-threads-hint*", "option of a miner"),
	MINER(ARGUMENT, "--nicehash", "option of a miner"),
	MINER(ARGUMENT, "--coin=*", "option of a miner"),
	MINER(ARGUMENT, "--algo=rx*", "mining algorithm"),
	MINER(ARGUMENT, "--algo=cn*", "mining algorithm"),
	MINER(ARGUMENT, "rx/0", "mining algorithm"),
	MINER(ARGUMENT, "cn/r", "mining algorithm"),
	MINER(ARGUMENT, "cryptonight*", "mining algorithm"),
	MINER(ARGUMENT, "randomx", "mining algorithm"),
	MINER(PROGRAM, "xmrig*", "name of a miner"),
	MINER(PROGRAM, "xmr-stak*", "name of a miner"),
	MINER(PROGRAM, "minerd", "name of a miner"),
	MINER(PROGRAM, "cpuminer*", "name of a miner"),
	MINER(PROGRAM, "ccminer*", "name of a miner"),
	MINER(PROGRAM, "cgminer*", "name of a miner"),
	MINER(PROGRAM, "bfgminer*", "name of a miner"),
	MINER(PROGRAM, "ethminer*", "name of a miner"),
	MINER(PROGRAM, "nbminer*", "name of a miner"),
	MINER(PROGRAM, "t-rex", "name of a miner"),
	MINER(PROGRAM, "lolMiner*", "name of a miner"),
	MINER(PROGRAM, "nanominer*", "name of a miner"),
	MINER(PROGRAM, "srbminer*", "name of a miner"),
	MINER(PROGRAM, "kdevtmpfsi", "miner of the Kinsing family"),
	MINER(PROGRAM, "kinsing*", "loader of the Kinsing family"),
	MINER(NAME, "minexmr.com", "mining pool"),
	MINER(NAME, "supportxmr.com", "mining pool"),
	MINER(NAME, "nanopool.org", "mining pool"),
	MINER(NAME, "hashvault.pro", "mining pool"),
	MINER(NAME, "moneroocean.stream", "mining pool"),
	MINER(NAME, "c3pool.com", "mining pool"),
	MINER(NAME, "c3pool.org", "mining pool"),
	MINER(NAME, "2miners.com", "mining pool"),
	MINER(NAME, "f2pool.com", "mining pool"),
	MINER(NAME, "nicehash.com", "mining pool"),
	MINER(NAME, "unmineable.com", "mining pool"),
	MINER(NAME, "herominers.com", "mining pool"),
	MINER(NAME, "monerohash.com", "mining pool"),
	MINER(NAME, "donate.v2.xmrig.com", "donation pool of a miner"),
	MINER(NAME, "xmrig.com", "source of a miner"),
	POOL_PORT("3333"),
	POOL_PORT("14444"),
	POOL_PORT("45700"),
	TUNNEL(PROGRAM, "chisel", "tunnel to another network"),
	TUNNEL(PROGRAM, "frpc", "tunnel to another network"),
	TUNNEL(PROGRAM, "ngrok", "tunnel to another network"),
	TUNNEL(PROGRAM, "cloudflared", "tunnel to another network"),
	TUNNEL(PROGRAM, "ligolo*", "tunnel to another network"),
	TUNNEL(PROGRAM, "gost", "tunnel to another network"),
	TUNNEL(PROGRAM, "gs-netcat", "tunnel to another network"),
	TUNNEL(NAME, "ngrok.io", "tunnel to another network"),
	TUNNEL(NAME, "trycloudflare.com", "tunnel to another network"),
	TUNNEL(NAME, "onion", "name of the Tor network"),
	TUNNEL(ARGUMENT, "*/dev/tcp/*", "shell connected to the network"),
	TUNNEL(ARGUMENT, "*/dev/udp/*", "shell connected to the network"),
	SCANNER("masscan", "scanner of networks"),
	SCANNER("nmap", "scanner of networks"),
	SCANNER("zmap", "scanner of networks"),
	SCANNER("zgrab*", "scanner of networks"),
	SCANNER("pnscan", "scanner of networks"),
	SCANNER("fscan", "scanner of networks"),
	SECRET("/etc/shadow", "password hashes"),
	SECRET("/etc/gshadow", "password hashes"),
	SECRET("*/.ssh/id_*", "private keys of users"),
	SECRET("*/.aws/credentials", "credentials of a cloud account"),
	SECRET("*/.docker/config.json", "credentials of registries"),
	SECRET("*/.kube/config", "credentials of a cluster"),
	SECRET("/var/run/secrets/kubernetes.io/*", "the pod's own token"),
	SECRET("/run/secrets/kubernetes.io/*", "the pod's own token"),
	ESCAPE(PATH, "*/docker.sock", "control of the container engine"),
	ESCAPE(PATH, "*/containerd.sock", "control of the container engine"),
	ESCAPE(PATH, "*/crio.sock", "control of the container engine"),
	ESCAPE(PATH, "*/podman.sock", "control of the container engine"),
	ESCAPE(PATH, "*/release_agent", "program that the kernel runs on the host"),
	ESCAPE(PATH, "/proc/sys/kernel/core_pattern", "program that the kernel runs on the host"),
	ESCAPE(PATH, "/proc/sys/kernel/modprobe", "program that the kernel runs on the host"),
	ESCAPE(PATH, "/proc/sys/kernel/hotplug", "program that the kernel runs on the host"),
	ESCAPE(PATH, "/proc/sys/kernel/poweroff_cmd", "program that the kernel runs on the host"),
	ESCAPE(PATH, "*/binfmt_misc/register", "program that the kernel runs on the host"),
	ESCAPE(PATH, "/proc/sysrq-trigger", "commands to the kernel"),
	ESCAPE(PATH, "/sys/kernel/uevent_helper", "program that the kernel runs on the host"),
	ESCAPE(PATH, "/proc/1/root/*", "file system of another container or of the host"),
	ESCAPE(PROGRAM, "nsenter", "enters other name spaces"),
};

const struct guard_sign *guard_signs(size_t *ret_n)
{
	*ret_n = SK_ARRAY_LEN(signs);
	return signs;
}

/* "*" matches any text: the step over components of guard_pattern_match() is written "**". */
static bool fits(const char *pattern, struct sk_span text)
{
	char deep[256];
	size_t n = 0;

	for (; *pattern != '\0' && n + 2 < sizeof(deep); pattern++) {
		deep[n++] = *pattern;
		if (*pattern == '*')
			deep[n++] = '*';
	}
	return guard_pattern_match(sk_span_of(deep, n), text);
}

static bool fits_name(const char *pattern, struct sk_span name)
{
	size_t len = strlen(pattern);

	if (name.len != 0 && name.ptr[name.len - 1] == '.')
		name.len--;
	if (name.len < len ||
	    !sk_span_eq_nocase(sk_span_sub(name, name.len - len, len), sk_span_str(pattern)))
		return false;
	return name.len == len || name.ptr[name.len - len - 1] == '.';
}

static const struct guard_sign *find_in(const struct guard_sign *list, size_t n,
					enum guard_sign_field field, struct sk_span text)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].field != field)
			continue;
		if (field == GUARD_SIGN_NAME ? fits_name(list[i].pattern, text)
					     : fits(list[i].pattern, text))
			return &list[i];
	}
	return NULL;
}

static const struct guard_sign *find(const struct guard_sign_list *more,
				     enum guard_sign_field field, const char *text)
{
	const struct guard_sign *sign = NULL;

	if (text == NULL)
		return NULL;
	if (more != NULL)
		sign = find_in(more->items, more->n, field, sk_span_str(text));
	if (sign == NULL)
		sign = find_in(signs, SK_ARRAY_LEN(signs), field, sk_span_str(text));
	return sign;
}

const struct guard_sign *guard_sign_of_program(const char *path, const char *const *args,
					       size_t n_args, const struct guard_sign_list *more)
{
	const struct guard_sign *sign = NULL;

	for (size_t i = 1; i < n_args && sign == NULL; i++)
		sign = find(more, GUARD_SIGN_ARGUMENT, args[i]);
	if (sign == NULL && path != NULL)
		sign = find(more, GUARD_SIGN_PROGRAM, sk_path_base(sk_span_str(path)).ptr);
	if (sign == NULL && n_args != 0)
		sign = find(more, GUARD_SIGN_PROGRAM, sk_path_base(sk_span_str(args[0])).ptr);
	return sign;
}

const struct guard_sign *guard_sign_of_event(const struct guard_event *e,
					     const struct guard_sign_list *more)
{
	const struct guard_sign *sign = NULL;
	char port[8];

	switch (e->kind) {
	case GUARD_KIND_EXEC:
		return guard_sign_of_program(e->file_path, e->args, e->n_args, more);
	case GUARD_KIND_OPEN:
		return find(more, GUARD_SIGN_PATH, e->file_path);
	case GUARD_KIND_DNS:
		return find(more, GUARD_SIGN_NAME, e->detail != NULL ? e->detail : e->peer_name);
	case GUARD_KIND_CONNECT:
	case GUARD_KIND_SEND:
		sign = find(more, GUARD_SIGN_NAME, e->peer_name);
		if (sign == NULL && e->peer_port != 0) {
			(void)snprintf(port, sizeof(port), "%u", e->peer_port);
			sign = find(more, GUARD_SIGN_PORT, port);
		}
		return sign;
	default:
		return NULL;
	}
}
