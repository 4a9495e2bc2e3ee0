/* SPDX-License-Identifier: Apache-2.0 */
/* How old the advisories are that speak of a target. */
#include <string.h>

#include "match/match.h"

static struct sk_span family_of(const char *ecosystem)
{
	struct sk_span name = sk_span_str(ecosystem);

	return sk_span_sub(name, 0, sk_span_find(name, ':'));
}

static bool speaks_of(const struct model_feed *feed, struct sk_span family)
{
	for (size_t i = 0; i < feed->n_families; i++) {
		if (sk_span_eq_str(family, feed->families[i]))
			return true;
	}
	return false;
}

static const struct model_feed *newest_speaker(const struct model_database *d,
					       struct sk_span family)
{
	const struct model_feed *newest = NULL;

	for (size_t i = 0; i < d->n_feeds; i++) {
		const struct model_feed *feed = &d->feeds[i];

		if (feed->date == NULL || !speaks_of(feed, family))
			continue;
		/* RFC 3339 in UTC: the order of times is that of texts */
		if (newest == NULL || strcmp(feed->date, newest->date) > 0)
			newest = feed;
	}
	return newest;
}

const struct model_feed *match_relevant_feed(const struct model_database *d,
					     const struct model_package *packages,
					     size_t n_packages)
{
	const struct model_feed *relevant = NULL;
	struct sk_span last = {NULL, 0};

	for (size_t i = 0; i < n_packages; i++) {
		const struct model_feed *feed;
		struct sk_span family;

		if (packages[i].ecosystem == NULL)
			continue;
		family = family_of(packages[i].ecosystem);
		if (last.ptr != NULL && sk_span_eq(family, last))
			continue; /* most targets have long runs of one family */
		last = family;
		feed = newest_speaker(d, family);
		if (feed != NULL && (relevant == NULL || strcmp(feed->date, relevant->date) < 0))
			relevant = feed;
	}
	return relevant;
}
