/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a profile as the kernel half knows them, and addresses that they lead to. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "guard/kern.h"
#include "guard/profile.h"
#include "guard/resolver.h"
#include "guard/signs.h"

/**
 * guard_named_put() - enter all names of a profile
 * @k: kernel half
 * @service: index
 * @p: profile
 * @given: --mode
 * @policy: mode and flags are filled in
 */
void guard_named_put(struct guard_kern *k, uint32_t service, const struct guard_profile *p,
		     enum guard_mode given, struct guard_policy *policy);

/**
 * guard_named_signs() - enter the names that are unwelcome anywhere
 * @k: kernel half
 * @more: further signs, may be NULL
 */
void guard_named_signs(struct guard_kern *k, const struct guard_sign_list *more);

/**
 * guard_named_list() - names of peers that can be looked up: no wildcards, each once
 * @p: profile
 * @a: the list lives here, its texts in @p
 * @ret_n: count
 *
 * Return: the list.
 */
const char *const *guard_named_list(const struct guard_profile *p, struct sk_arena *a,
				    size_t *ret_n);

/**
 * guard_named_open() - a container may talk to an address that one of its peers' names led to
 * @k: kernel half
 * @p: profile
 * @found: name and address
 */
void guard_named_open(struct guard_kern *k, const struct guard_profile *p,
		      const struct guard_resolver_found *found);

/**
 * guard_named_servers() - a service may ask the name servers of one of its containers
 * @k: kernel half
 * @service: index
 * @servers: from its /etc/resolv.conf
 */
void guard_named_servers(struct guard_kern *k, uint32_t service,
			 const struct guard_nameservers *servers);
