/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: one const ops per format, listed in one array. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "model/finding.h"

/** struct report_options - how to show */
struct report_options {
	bool show_suppressed; /* table only: JSON always has them */
	bool colour;
	unsigned width;         /* columns of the table; 0: 80 */
	unsigned severity_mask; /* table only: bit (1 << enum model_severity); 0: all */
	int64_t now;            /* seconds since the epoch: "since", ages; never in JSON */
};

/** struct report_ops - one format */
struct report_ops {
	const char *name; /* "table", "json" */
	int (*write)(const struct model_report *r, const struct report_options *opts,
		     const struct sk_sink *out, struct sk_err *err);
};

/**
 * report_find() - format by name
 * @name: such as "json", in any case
 *
 * Return: NULL when unknown.
 */
const struct report_ops *report_find(const char *name);

/**
 * report_names() - all formats, for help texts and messages
 * @i: from 0
 *
 * Return: name, NULL after the last.
 */
const char *report_names(size_t i);

/** struct report_summary - counts that every format shows */
struct report_summary {
	size_t packages;
	size_t findings;
	size_t by_severity[MODEL_N_SEVERITIES];
	size_t fixable;
	size_t suppressed[MODEL_N_REASONS];
};

/**
 * report_summarise() - count
 * @r: report
 * @ret: written
 */
void report_summarise(const struct model_report *r, struct report_summary *ret);
