/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache that others share: any file in place of an entry is as good as none, or it is a whole
 * entry; what was put comes back, and no longer when a byte of it has changed. Contents go to the
 * decoders that they are for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "fuzz/target.h"
#include "scan/cache.h"
#include "scan/reader.h"

enum {
	HEADER_SIZE = 80, /* docs/formats/cache.md */
	CACHE_SIZE = 64 << 20,
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void write_entry(const char *path, struct sk_span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && sk_write_all(fd, bytes.ptr, bytes.len) == 0);
	(void)close(fd);
}

static void decode(struct sk_span bytes)
{
	const struct scan_wanted wanted = {0};
	struct sk_limits limits = sk_limits_default();
	struct sk_arena *a = sk_arena_new();
	struct scan_facts f;
	struct sk_digest digest;
	struct sk_err err = {0};
	uint64_t size;

	(void)!scan_hash_decode(bytes, &digest, &size, &err); /* refused or not, it comes back */
	(void)!scan_facts_decode(bytes, &wanted, &limits, a, &f, &err);
	sk_arena_free(a);
}

/* The entry as a whole, then with one byte changed that the input chooses. */
static void change(struct scan_cache *c, const struct scan_cache_key *key, const char *path,
		   struct sk_span content)
{
	struct sk_buf entry, got;
	struct sk_err err = {0};
	size_t at;

	sk_buf_init(&entry, CACHE_SIZE);
	sk_buf_init(&got, CACHE_SIZE);
	must(scan_cache_get(c, key, &got) && sk_span_eq(sk_buf_span(&got), content));
	must(sk_read_file(AT_FDCWD, path, &entry, &err) == 0);
	must(entry.len == HEADER_SIZE + content.len);
	at = content.len > 1
		     ? ((size_t)(uint8_t)content.ptr[0] << 8 | (uint8_t)content.ptr[1]) % entry.len
		     : 0;
	entry.ptr[at] = (char)(entry.ptr[at] ^ 1);
	write_entry(path, sk_buf_span(&entry));
	sk_buf_reset(&got);
	must(!scan_cache_get(c, key, &got));
	sk_buf_release(&entry);
	sk_buf_release(&got);
}

static void use_cache(struct scan_cache *c, const char *path, const struct scan_cache_key *key,
		      struct sk_span bytes)
{
	struct sk_buf got;

	sk_buf_init(&got, CACHE_SIZE);
	write_entry(path, bytes);
	if (scan_cache_get(c, key, &got)) {
		must(sk_span_eq(sk_buf_span(&got), sk_span_sub(bytes, HEADER_SIZE, bytes.len)));
		decode(sk_buf_span(&got));
	}
	sk_buf_release(&got);
	decode(bytes);
	scan_cache_put(c, key, bytes);
	change(c, key, path, bytes);
	(void)unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The key of the seeds: of facts, and for the digest of no bytes. */
	const struct scan_cache_key key = {
		.kind = SCAN_CACHE_FACTS,
		.digest = sk_digest_of(SK_DIGEST_SHA256, sk_span_of("", 0)),
	};
	char shm[] = "/dev/shm/fuzz-cache-XXXXXX", tmp[] = "/tmp/fuzz-cache-XXXXXX";
	char path[sizeof(shm) + 1 + 2 * SK_SHA256_SIZE];
	const char *dir = shm;
	struct scan_cache *c;
	size_t n;

	if (size > CACHE_SIZE / 16)
		return 0;
	/* Entries are synchronised, which takes no time in memory. */
	if (mkdtemp(shm) == NULL)
		dir = mkdtemp(tmp);
	must(dir != NULL);
	n = (size_t)snprintf(path, sizeof(path), "%s/", dir);
	for (size_t i = 0; i < SK_SHA256_SIZE; i++)
		n += (size_t)snprintf(path + n, sizeof(path) - n, "%02x", key.digest.bytes[i]);
	c = scan_cache_open(dir, CACHE_SIZE);
	must(c != NULL);
	use_cache(c, path, &key, sk_span_of(data, size));
	scan_cache_free(c);
	must(rmdir(dir) == 0);
	return 0;
}
