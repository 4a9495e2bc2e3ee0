/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to the system log: datagrams on its local socket in the form of RFC 3164, which syslogd,
 * rsyslog and journald read there. Not syslog(3): that waits when the daemon is slow.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "guard/output-priv.h"

enum {
	MAX_DATAGRAM = GUARD_SYSLOG_LINE + 128,
};

void guard_syslog_output_close(struct guard_syslog_output *s)
{
	sk_closep(&s->fd);
	s->fd = -1;
	sk_free(s->path);
	s->path = NULL;
}

static bool connect_log(struct guard_syslog_output *s)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (strlen(s->path) >= sizeof(addr.sun_path))
		return false;
	memcpy(addr.sun_path, s->path, strlen(s->path));
	sk_closep(&s->fd);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return false;
	if (connect(s->fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return true;
	sk_closep(&s->fd);
	s->fd = -1;
	return false;
}

void guard_syslog_output_open(struct guard_syslog_output *s, const char *path)
{
	s->path = sk_strdup(path != NULL ? path : "/dev/log");
	s->fd = -1;
	(void)connect_log(s); /* without: at each line again */
}

static int priority(const char *severity)
{
	static const struct {
		const char *word;
		int level;
	} levels[] = {{"critical", LOG_CRIT}, {"high", LOG_ERR}, {"medium", LOG_WARNING}};

	for (size_t i = 0; severity != NULL && i < SK_ARRAY_LEN(levels); i++)
		if (strcmp(severity, levels[i].word) == 0)
			return LOG_DAEMON | levels[i].level;
	return LOG_DAEMON | LOG_NOTICE;
}

/* Returns 0, or what the matter was. */
static int send_datagram(struct guard_syslog_output *s, struct sk_span message)
{
	if (s->fd < 0)
		return ENOTCONN;
	return send(s->fd, message.ptr, message.len, MSG_NOSIGNAL) == (ssize_t)message.len ? 0
											   : errno;
}

bool guard_syslog_output_line(struct guard_syslog_output *s, const char *severity,
			      struct sk_span line)
{
	time_t now = time(NULL);
	struct sk_buf b;
	char stamp[32];
	struct tm tm;
	int r;

	if (line.len != 0 && line.ptr[line.len - 1] == '\n')
		line.len--;
	if (localtime_r(&now, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm) == 0)
		return false;
	sk_buf_init(&b, MAX_DATAGRAM);
	(void)sk_buf_printf(&b, "<%d>%s stockade[%d]: ", priority(severity), stamp, (int)getpid());
	(void)sk_buf_add_span(&b, line);
	/* the daemon may have been started anew: once more on a new socket */
	r = b.overflow ? EMSGSIZE : send_datagram(s, sk_buf_span(&b));
	if (r != 0 && r != EAGAIN && r != EMSGSIZE && connect_log(s))
		r = send_datagram(s, sk_buf_span(&b));
	sk_buf_release(&b);
	return r == 0;
}
