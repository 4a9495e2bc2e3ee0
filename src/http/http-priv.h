/* SPDX-License-Identifier: Apache-2.0 */
/* Shared inside http/ only. */
#pragma once

#include "http/http.h"

/* Effective options of a client, defaults filled in; borrowed. */
const struct http_options *http_client_options(const struct http_client *c);

/*
 * How many requests in a row this URL's server has left without any answer; a fetch of many files
 * must not be patient with each of them. Only the server asked last is remembered.
 */
unsigned int http_client_silent(const struct http_client *c, const char *url);

/* A try ended: with an answer of the server or, @silent, without. */
void http_client_note(struct http_client *c, const char *url, bool silent);
