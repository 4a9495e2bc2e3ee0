/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 (RFC 8032) and checksums in base64 (RFC 4648) through libcrypto's EVP interface. */
#include "base/sign.h"

#include <limits.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

/* OpenSSL's stack macros take names that begin with sk_. */
#undef sk_free

#include "base/alloc.h"
#include "base/io.h"

struct sk_key {
	EVP_PKEY *pkey;
};

static int key_read(struct sk_span pem, bool private, struct sk_key **ret, struct sk_err *err)
{
	BIO *bio = NULL;
	EVP_PKEY *pkey = NULL;

	if (pem.len != 0 && pem.len < INT_MAX)
		bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	/* An empty password callback answer: an encrypted key is refused, never asked for on the
	 * terminal. */
	if (bio != NULL && private)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
	else if (bio != NULL)
		pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (pkey == NULL)
		return sk_err_set(err, SK_E_FORMAT, "no %s key in PEM form",
				  private ? "private" : "public");
	if (EVP_PKEY_id(pkey) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(pkey);
		return sk_err_set(err, SK_E_UNSUPPORTED, "the key is not an Ed25519 key");
	}
	*ret = sk_alloc(sizeof(**ret));
	(*ret)->pkey = pkey;
	return 0;
}

int sk_key_read_private(struct sk_span pem, struct sk_key **ret, struct sk_err *err)
{
	return key_read(pem, true, ret, err);
}

int sk_key_read_public(struct sk_span pem, struct sk_key **ret, struct sk_err *err)
{
	return key_read(pem, false, ret, err);
}

void sk_key_free(struct sk_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	sk_free(k);
}

int sk_key_sign(const struct sk_key *k, struct sk_span message, uint8_t *ret_signature,
		struct sk_err *err)
{
	uint8_t signature[SK_SIGNATURE_SIZE];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
	     EVP_DigestSign(ctx, signature, &len, (const unsigned char *)message.ptr,
			    message.len) == 1 &&
	     len == sizeof(signature);
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return sk_err_set(err, SK_E_UNSUPPORTED, "the key cannot sign");
	memcpy(ret_signature, signature, sizeof(signature));
	return 0;
}

int sk_key_verify(const struct sk_key *k, struct sk_span message, struct sk_span signature,
		  struct sk_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL && signature.len == SK_SIGNATURE_SIZE &&
	     EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
	     EVP_DigestVerify(ctx, (const unsigned char *)signature.ptr, signature.len,
			      (const unsigned char *)message.ptr, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return sk_err_set(err, SK_E_SIGNATURE, "the signature does not fit the key");
	return 0;
}

int sk_checksum_fd(int fd, bool sha256, char *ret, struct sk_err *err)
{
	enum {
		CHUNK = 64 * 1024
	};
	unsigned char *chunk = sk_alloc(CHUNK);
	unsigned char sum[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int len = 0;
	uint64_t off = 0;
	int64_t n = 1;
	bool ok =
		ctx != NULL && EVP_DigestInit_ex(ctx, sha256 ? EVP_sha256() : EVP_md5(), NULL) == 1;

	while (ok && n > 0) {
		n = sk_pread_full(fd, chunk, CHUNK, off);
		if (n > 0)
			ok = EVP_DigestUpdate(ctx, chunk, (size_t)n) == 1;
		off += n > 0 ? (uint64_t)n : 0;
	}
	ok = ok && n == 0 && EVP_DigestFinal_ex(ctx, sum, &len) == 1;
	EVP_MD_CTX_free(ctx);
	sk_free(chunk);
	if (n < 0)
		return sk_err_errno(err, (int)-n, "read what was received");
	if (!ok)
		return sk_err_set(err, SK_E_UNSUPPORTED, "libcrypto has no such checksum");
	(void)EVP_EncodeBlock((unsigned char *)ret, sum, (int)len);
	return 0;
}
