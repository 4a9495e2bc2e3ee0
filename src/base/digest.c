/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests over libcrypto. The one-shot SHA256_* functions are used, not EVP: they need no provider
 * look-up, which is a third of a short run's start-up time, and reach the same SHA-NI code.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <stdio.h>

#include <openssl/sha.h>

#include "base/alloc.h"
#include "base/parse.h"

struct sk_hasher {
	enum sk_digest_alg alg;
	union {
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} u;
};

static const struct {
	const char *prefix;
	size_t size;
} algs[] = {
	[SK_DIGEST_NONE] = {"", 0},
	[SK_DIGEST_SHA256] = {"sha256:", SHA256_DIGEST_LENGTH},
	[SK_DIGEST_SHA512] = {"sha512:", SHA512_DIGEST_LENGTH},
};

static void hasher_start(struct sk_hasher *h)
{
	if (h->alg == SK_DIGEST_SHA512)
		(void)SHA512_Init(&h->u.sha512);
	else
		(void)SHA256_Init(&h->u.sha256);
}

struct sk_hasher *sk_hasher_new(enum sk_digest_alg alg)
{
	struct sk_hasher *h = sk_alloc(sizeof(*h));

	h->alg = alg;
	hasher_start(h);
	return h;
}

void sk_hasher_free(struct sk_hasher *h)
{
	sk_free(h);
}

void sk_hasher_add(struct sk_hasher *h, const void *ptr, size_t len)
{
	if (len == 0)
		return;
	if (h->alg == SK_DIGEST_SHA512)
		(void)SHA512_Update(&h->u.sha512, ptr, len);
	else
		(void)SHA256_Update(&h->u.sha256, ptr, len);
}

void sk_hasher_finish(struct sk_hasher *h, struct sk_digest *ret)
{
	*ret = (struct sk_digest){.alg = h->alg};
	if (h->alg == SK_DIGEST_SHA512)
		(void)SHA512_Final(ret->bytes, &h->u.sha512);
	else
		(void)SHA256_Final(ret->bytes, &h->u.sha256);
	hasher_start(h);
}

struct sk_digest sk_digest_of(enum sk_digest_alg alg, struct sk_span s)
{
	struct sk_hasher h = {.alg = alg};
	struct sk_digest d;

	hasher_start(&h);
	sk_hasher_add(&h, s.ptr, s.len);
	sk_hasher_finish(&h, &d);
	return d;
}

bool sk_digest_parse(struct sk_span s, struct sk_digest *ret)
{
	struct sk_digest d = {0};

	for (size_t i = 1; i < SK_ARRAY_LEN(algs); i++) {
		struct sk_span hex = s;

		if (!sk_span_strip_prefix(&hex, algs[i].prefix))
			continue;
		if (!sk_parse_hex(hex, d.bytes, algs[i].size))
			return false;
		d.alg = (enum sk_digest_alg)i;
		*ret = d;
		return true;
	}
	return false;
}

const char *sk_digest_text(const struct sk_digest *d, char *buf)
{
	size_t len = strlen(algs[d->alg].prefix);

	memcpy(buf, algs[d->alg].prefix, len);
	(void)sk_format_hex(d->bytes, algs[d->alg].size, buf + len);
	return buf;
}

bool sk_digest_eq(const struct sk_digest *a, const struct sk_digest *b)
{
	return a->alg != SK_DIGEST_NONE && a->alg == b->alg &&
	       memcmp(a->bytes, b->bytes, algs[a->alg].size) == 0;
}

size_t sk_digest_size(enum sk_digest_alg alg)
{
	return algs[alg].size;
}
