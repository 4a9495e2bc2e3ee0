/* SPDX-License-Identifier: Apache-2.0 */
#include "vulndb/cvss-priv.h"
bool vulndb_cvss4_score(struct sk_span text, double *ret)
{
	(void)text;
	(void)ret;
	return false;
}
