/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases on their way: a form in which two that say nearly the same are nearly the same bytes.
 * Deltas are made between databases in this form. docs/formats/publication.md, "Deltas".
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/span.h"

/**
 * vulndb_to_transit() - bring a file into the form in which deltas are made
 * @file: database; anything else stays as it is
 * @out: appended to
 *
 * Return: false when it is a database of this version whose tables are not in order, or @out is too
 * small.
 */
sk_must_check bool vulndb_to_transit(struct sk_span file, struct sk_buf *out);

/**
 * vulndb_from_transit() - undo vulndb_to_transit()
 * @form: bytes
 * @out: appended to; its maximum bounds the result
 *
 * Return: false when damaged.
 */
sk_must_check bool vulndb_from_transit(struct sk_span form, struct sk_buf *out);
