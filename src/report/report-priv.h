/* SPDX-License-Identifier: Apache-2.0 */
/* The formats. */
#pragma once

#include "report/report.h"

extern const struct report_ops report_json;
extern const struct report_ops report_table;
