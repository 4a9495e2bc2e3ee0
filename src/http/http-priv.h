/* SPDX-License-Identifier: Apache-2.0 */
/* Shared inside http/ only. */
#pragma once

#include "http/http.h"

/* Effective options of a client, defaults filled in; borrowed. */
const struct http_options *http_client_options(const struct http_client *c);
