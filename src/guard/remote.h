/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shells that take their commands from the network: with a connection as standard input, or through
 * pipes or a terminal whose other end another process of the container holds beside a connection.
 * Connections that were accepted do not count: a CGI script or a child of inetd has those.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard/attrib.h"
#include "guard/bpf/record.h"
#include "guard/event.h"
#include "guard/netstat.h"

enum guard_remote_state {
	GUARD_REMOTE_NO,
	GUARD_REMOTE_YES,
	GUARD_REMOTE_AGAIN, /* not now; who holds the other end may connect yet */
};

/** struct guard_remote - from where */
struct guard_remote {
	struct guard_connection from;
	char relay[256]; /* program between the connection and the shell, "" for none */
};

/**
 * guard_remote_look() - does a program that was started take its commands from the network
 * @rec: its start
 * @e: the record's event
 * @name: path by which the program is known; NULL: as it was started
 * @w: its container
 * @ret: filled for GUARD_REMOTE_YES
 *
 * Reads /proc of the process, and of the container's others when pipes or a terminal are involved;
 * only for interpreters without script and code, and for any with code whose input is a socket.
 * Return: what is known now.
 */
enum guard_remote_state guard_remote_look(const struct guard_rec *rec, const struct guard_event *e,
					  const char *name, const struct guard_whose *w,
					  struct guard_remote *ret);

/**
 * guard_remote_pause() - how long to wait before looking again
 * @tries: how often it was looked at
 *
 * Return: nanoseconds.
 */
uint64_t guard_remote_pause(uint32_t tries);
