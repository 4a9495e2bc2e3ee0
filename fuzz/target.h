/* SPDX-License-Identifier: Apache-2.0 */
/* What libFuzzer and the replay driver call. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * LLVMFuzzerTestOneInput() - feed one input to a parser; a broken invariant aborts
 * @data: bytes
 * @size: count
 *
 * Return: 0.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
