/* SPDX-License-Identifier: Apache-2.0 */
/* What the export formats share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "guard/profile.h"

enum {
	GUARD_EXPORT_MAX = 64 << 20, /* bytes of a document */
	GUARD_EXPORT_NAME = 64,
};

int guard_export_seccomp(const struct guard_profile *p, const struct sk_sink *sink,
			 struct sk_err *err);
int guard_export_apparmor(const struct guard_profile *p, const struct sk_sink *sink,
			  struct sk_err *err);
int guard_export_kubearmor(const struct guard_profile *p, const struct sk_sink *sink,
			   struct sk_err *err);
int guard_export_kubernetes(const struct guard_profile *p, const struct sk_sink *sink,
			    struct sk_err *err);
int guard_export_docker(const struct guard_profile *p, const struct sk_sink *sink,
			struct sk_err *err);

/* A service's name as Kubernetes takes names (RFC 1123 label): "stockade-shop-web". */
const char *guard_export_name(const struct guard_profile *p, char buf[GUARD_EXPORT_NAME]);

/*
 * A port below 1024 that the service offers; NULL: none, or what it takes to bind it was learned.
 * Docker lets everybody in a container bind those (net.ipv4.ip_unprivileged_port_start is 0), so
 * that learning there does not see the need for NET_BIND_SERVICE, which is there elsewhere.
 */
const struct guard_listen *guard_export_hidden_port(const struct guard_profile *p);

/* The capabilities of the profile, with those that such a port needs. */
uint64_t guard_export_capabilities(const struct guard_profile *p);

/* Hands the document over and releases @b. */
int guard_export_finish(struct sk_buf *b, const struct sk_sink *sink, struct sk_err *err);
