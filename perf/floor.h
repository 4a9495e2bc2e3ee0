/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of reading layers: what the libraries alone need for the same bytes. Each part runs on
 * one thread and its time is the least of several runs.
 */
#pragma once

#include <stdint.h>

#include "unpack/unpack.h"

/** struct floor_part - stored bytes of one layer, in a file */
struct floor_part {
	int fd;
	uint64_t off;
	uint64_t len;
	enum unpack_compression compression;
	uint64_t plain_len; /* found by floor_measure() */
	double inflate;     /* seconds: read(2) and the library's decompression, no hash */
	double stored_hash; /* seconds: SHA-256 of the stored bytes, from the cache */
	double plain_hash;  /* seconds: SHA-256 of the decompressed bytes, from the cache */
};

/**
 * floor_measure() - time the parts of one layer
 * @p: fd, off and len filled; the rest is written
 * @runs: least of so many
 *
 * Reading counts in @inflate also where nothing is compressed.
 */
void floor_measure(struct floor_part *p, uint32_t runs);

/**
 * floor_two_cores() - seconds below which two cores cannot get with all layers
 * @parts: measured
 * @n: count
 * @hash_stored: whether the stored bytes are hashed too
 *
 * The larger of half of all work, and of the longest step that one stream cannot share: inflating
 * a layer, or one of its digests. Return: seconds.
 */
double floor_two_cores(const struct floor_part *parts, size_t n, bool hash_stored);

/**
 * floor_cpu() - seconds of all work on one core
 * @parts: measured
 * @n: count
 * @hash_stored: whether the stored bytes are hashed too
 *
 * Return: seconds.
 */
double floor_cpu(const struct floor_part *parts, size_t n, bool hash_stored);
