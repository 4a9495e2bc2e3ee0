/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test tool: guard-event-samples [line]. Prints events of every kind, verdict, reason and origin,
 * with little and with much in them and with foreign bytes, as JSON or as lines for people.
 */
#include <string.h>
#include <unistd.h>

#include "guard/event.h"

static const char *const args[] = {"sh", "-c", "echo \"\033[31m\" it's \xff \n", ""};

static void fill(struct guard_event *e, bool hostile)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	e->severity = "high";
	e->attack = "T1059.004";
	e->service = hostile ? "a\nb\xe2\x80\xae" : "shop/web";
	e->image_reference = "shop/web:1";
	e->image_digest = "sha256:aa";
	e->container_id = id;
	e->container_name = "web-1";
	e->pod_namespace = "shop";
	e->pod_name = "web-5d9c";
	e->host = "node1";
	e->pid = 7;
	e->host_pid = 4711;
	e->ppid = 1;
	e->host_ppid = 4710;
	e->uid = 33;
	e->exe = "/usr/sbin/apache2";
	e->args = args;
	e->n_args = hostile ? 4 : 2;
	e->args_cut = hostile;
	e->cwd = "/";
	for (size_t i = 0; i < (hostile ? GUARD_MAX_ANCESTRY : 1); i++) {
		e->ancestry[i] = (struct guard_ancestor){1, 4710, "/usr/sbin/apache2", args, 1};
		e->n_ancestry++;
	}
	e->file_path = hostile ? "/tmp/\xc3(\033]0;x\a" : "/bin/dash";
	e->file_script = "/srv/x.sh";
	memcpy(e->file_sha256, id, sizeof(e->file_sha256));
	e->file_package = "dash 0.5.12-2";
	e->n_files = hostile ? GUARD_MAX_FILES : 2;
	e->files_directory = hostile ? "/tmp/\xc3(\033]0;x\a" : "/srv";
	e->n_files_examples = hostile ? GUARD_MAX_EXAMPLES : 2;
	for (size_t i = 0; i < e->n_files_examples; i++)
		e->files_examples[i] = e->file_path;
	e->peer_address = "2001:db8::1";
	e->peer_port = 65535;
	e->peer_protocol = "tcp";
	e->peer_name = "db.example.org";
	e->local_address = "2001:db8::2";
	e->local_port = 443;
	e->has_user = true;
	e->user_before = 33;
	e->gained = args;
	e->n_gained = hostile ? 4 : 1;
	e->child_pid = 8;
	e->child_host_pid = 4712;
	e->dns_type = "AAAA";
	e->dns_error = hostile ? "NXDOMAIN" : NULL;
	e->dns_answer = true;
	e->dns_addresses = args;
	e->n_dns_addresses = hostile ? 4 : 1;
	e->dns_aliases = args;
	e->n_dns_aliases = hostile ? 4 : 0;
	e->detail = "unshare";
	e->error = hostile ? "EPERM" : NULL;
	e->profile = "shop.web";
	e->count = UINT64_MAX;
	e->first_us = 1;
	e->last_us = 253402300799999999ull; /* the end of the year 9999 */
	e->lost_events = 5;
	e->lost_cgroup = "/system.slice/docker-0.scope";
}

static int show(const struct guard_event *e, bool line)
{
	int fd = STDOUT_FILENO;
	struct sk_sink out = sk_sink_fd(&fd);

	return line ? guard_event_line(e, false, &out) : guard_event_json(e, &out);
}

int main(int argc, char **argv)
{
	bool line = argc > 1 && strcmp(argv[1], "line") == 0;
	int r = 0;

	for (int i = 0; r == 0 && i < GUARD_N_KINDS * 3; i++) {
		struct guard_event e = {.time_us = 1767225600000001ull};

		e.kind = (enum guard_kind)(i % GUARD_N_KINDS);
		if (i >= GUARD_N_KINDS)
			fill(&e, i >= 2 * GUARD_N_KINDS);
		r = show(&e, line);
	}
	for (int i = 1; r == 0 && i < GUARD_N_REASONS; i++) {
		struct guard_event e = {.kind = GUARD_KIND_EXEC, .file_path = "/x", .host_pid = 1};

		e.reason = (enum guard_reason)i;
		e.verdict = (enum guard_verdict)(i % GUARD_N_VERDICTS);
		e.file_origin = (enum guard_origin)(i % GUARD_N_ORIGINS);
		e.file_write = i % 2 != 0;
		e.kind = i % 3 == 0 ? GUARD_KIND_OPEN : GUARD_KIND_EXEC;
		r = show(&e, line);
	}
	return r < 0;
}
