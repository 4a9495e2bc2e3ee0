/* SPDX-License-Identifier: Apache-2.0 */
/* What the export formats share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

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

/* Hands the document over and releases @b. */
int guard_export_finish(struct sk_buf *b, const struct sk_sink *sink, struct sk_err *err);
