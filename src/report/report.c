/* SPDX-License-Identifier: Apache-2.0 */
/* The list of formats, and what all of them count. */
#include <strings.h>

#include "report/report-priv.h"

static const struct report_ops *const formats[] = {&report_table, &report_json};

const struct report_ops *report_find(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(formats); i++) {
		if (strcasecmp(formats[i]->name, name) == 0)
			return formats[i];
	}
	return NULL;
}

const char *report_names(size_t i)
{
	return i < SK_ARRAY_LEN(formats) ? formats[i]->name : NULL;
}

void report_summarise(const struct model_report *r, struct report_summary *ret)
{
	*ret = (struct report_summary){.packages = r->n_packages, .findings = r->n_findings};
	for (size_t i = 0; i < r->n_findings; i++) {
		ret->by_severity[r->findings[i].severity]++;
		ret->fixable += r->findings[i].n_fixed_versions > 0;
	}
	for (size_t i = 0; i < r->n_suppressed; i++)
		ret->suppressed[r->suppressed[i].reason]++;
}
