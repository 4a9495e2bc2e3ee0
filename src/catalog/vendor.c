/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages of other vendors. For rpm the Vendor says it. A deb has no such field, and Debian's
 * maintainers write from anywhere, so only what no package of the distribution has is taken as a
 * sign: an Origin or Vendor field of somebody else, marks in the version, and the addresses of
 * known vendors. The lists hold against every package of Debian 12 (test-vendor.c says how).
 */
#include "base/ascii.h"
#include "catalog/catalog.h"

/** struct own_vendor - how a distribution signs its own packages */
struct own_vendor {
	const char *id;
	const char *vendor; /* beginning of Vendor */
};

static const struct own_vendor own_vendors[] = {
	{"rhel", "Red Hat"},
	{"centos", "CentOS"},
	{"centos", "Red Hat"},
	{"scientific", "Scientific Linux"},
	{"eurolinux", "EuroLinux"},
	{"springdale", "Springdale"},
	{"rocky", "Rocky"},
	{"almalinux", "AlmaLinux"},
	{"ol", "Oracle America"},
	{"amzn", "Amazon"},
	{"fedora", "Fedora Project"},
	{"sles", "SUSE"},
	{"sles", "openSUSE"},
	{"sles_sap", "SUSE"},
	{"sles_sap", "openSUSE"},
	{"sled", "SUSE"},
	{"sled", "openSUSE"},
	{"sle_hpc", "SUSE"},
	{"sle_hpc", "openSUSE"},
	{"sle-micro", "SUSE"},
	{"sl-micro", "SUSE"},
	{"suse-microos", "SUSE"},
	{"opensuse", "openSUSE"},
	{"opensuse", "SUSE"},
	{"opensuse-leap", "openSUSE"},
	{"opensuse-leap", "SUSE"},
	{"opensuse-leap-micro", "openSUSE"},
	{"opensuse-leap-micro", "SUSE"},
	{"leap-micro", "openSUSE"},
	{"leap-micro", "SUSE"},
	{"opensuse-tumbleweed", "openSUSE"},
	{"opensuse-microos", "openSUSE"},
	{"photon", "VMware"},
	{"photon", "Broadcom"},
	{"mageia", "Mageia"},
	{"mariner", "Microsoft"},
	{"azurelinux", "Microsoft"},
	{"openeuler", "http://openeuler.org"},
	{"openeuler", "openEuler"},
};

/*
 * Part of Maintainer in packages that vendors offer for Debian and Ubuntu: names and addresses of
 * teams. A company's domain alone says nothing, because its people maintain packages in Debian too.
 */
static const char *const foreign_maintainers[] = {
	"Docker <support@docker.com>",
	"@nodesource.com>",
	"Chrome Linux Team <",
	"Microsoft Corporation <",
	"Microsoft Data Platform Group <",
	"Microsoft <",
	"vscode-linux@microsoft.com",
	"dotnetpackages@dotnetfoundation.org",
	".NET Team <",
	".NET Core Team <",
	"HashiCorp <",
	"Elasticsearch Team <",
	"Elastic Packages <",
	"MongoDB Packaging <packaging@mongodb.com>",
	"GitLab, Inc. <",
	"GitLab B.V. <",
	"nginx-packaging@f5.com",
	"packaging@nginx.com",
	"NGINX Packaging <",
	"contact@grafana.com",
	"support@influxdb.com",
	"support@influxdata.com",
	"cudatools@nvidia.com",
	"cudatools <",
	"Percona Development Team <",
	"MySQL Release Engineering <",
	"Datadog Packages <",
	"Confluent Packaging <",
	"ClickHouse Dev Team <",
	"Kubernetes Authors <",
	"@puppetlabs.com>",
	"Puppet Labs <",
	"Chef Software, Inc. <",
	"Zabbix Packaging Team <",
	"Proxmox Support Team <",
	"Azul Systems, Inc. <",
	"temurin-dev@eclipse.org",
	"corretto-team@amazon.com",
	"opensource+cli@github.com",
	"Yarn Developers <",
	"Spotify <",
	"Slack Technologies",
	"root@linuxmint.com",
	"neon@kde.org",
};

/* Marks in versions. Debian's and Ubuntu's own are +debNuN, ~bpoN, +bN, +nmuN, ubuntuN, buildN. */
static const char *const foreign_versions[] = {
	"nodesource", ".pgdg",    "+maria~", "+pneon", "0xneon", "ppa", /* Launchpad's: 1-0ppa1~ */
	"~debian.",   "~ubuntu.", /* Docker's: 5:24.0.5-1~debian.12~bookworm */
	"rl1~",                   /* Redis': 6:7.2.4-1rl1~bookworm1 */
};

static bool same_family(struct sk_span origin, const struct model_distro *d)
{
	static const char *const families[] = {"debian", "ubuntu", "raspbian", "devuan"};
	struct sk_span head;

	for (size_t i = 0; i < SK_ARRAY_LEN(families); i++) {
		head = sk_span_sub(origin, 0, strlen(families[i]));
		if (sk_span_eq_nocase(head, sk_span_str(families[i])))
			return true;
	}
	head = sk_span_str(d->id);
	return head.len != 0 && sk_span_eq_nocase(sk_span_sub(origin, 0, head.len), head);
}

/* deb.sury.org: "8.2.7-1+0~20230609.45+debian12~1.gbp2a3bd5" */
static bool has_build_day(struct sk_span v)
{
	for (size_t at = 0; at + 11 < v.len; at++) {
		size_t digits = 0;

		if (!sk_span_starts(sk_span_sub(v, at, v.len), "+0~20"))
			continue;
		while (at + 3 + digits < v.len && sk_is_digit(v.ptr[at + 3 + digits]))
			digits++;
		if (digits == 8)
			return true;
	}
	return false;
}

static bool deb_is_foreign(const struct model_package *p, const struct model_distro *d,
			   const char **ret_why)
{
	struct sk_span version = sk_span_str(p->version), vendor = sk_span_str(p->vendor);

	if (p->origin != NULL && !same_family(sk_span_str(p->origin), d)) {
		*ret_why = "the package's Origin or Vendor names somebody else";
		return true;
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(foreign_versions); i++) {
		if (sk_span_contains(version, foreign_versions[i])) {
			*ret_why = "the version carries another repository's mark";
			return true;
		}
	}
	if (has_build_day(version)) {
		*ret_why = "the version carries another repository's mark";
		return true;
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(foreign_maintainers); i++) {
		if (sk_span_contains(vendor, foreign_maintainers[i])) {
			*ret_why = "the package's Maintainer is another vendor";
			return true;
		}
	}
	return false;
}

static bool rpm_is_foreign(const struct model_package *p, const struct model_distro *d,
			   const char **ret_why)
{
	struct sk_span vendor = sk_span_str(p->vendor);
	bool known = false;

	/* "(none)" is what rpm shows for no vendor, and what some tools then write */
	if (vendor.len == 0 || d->id == NULL || sk_span_eq_str(vendor, "(none)"))
		return false;
	for (size_t i = 0; i < SK_ARRAY_LEN(own_vendors); i++) {
		struct sk_span own = sk_span_str(own_vendors[i].vendor);

		if (strcmp(own_vendors[i].id, d->id) != 0)
			continue;
		known = true;
		if (sk_span_eq_nocase(sk_span_sub(vendor, 0, own.len), own))
			return false;
	}
	if (known)
		*ret_why = "the package's Vendor is not the distribution";
	return known;
}

bool catalog_is_third_party(const struct model_package *p, const struct model_distro *d,
			    const char **ret_why)
{
	const char *unused;

	if (ret_why == NULL)
		ret_why = &unused;
	switch (p->type) {
	case MODEL_PACKAGE_DEB:
		return deb_is_foreign(p, d, ret_why);
	case MODEL_PACKAGE_RPM:
		return rpm_is_foreign(p, d, ret_why);
	case MODEL_PACKAGE_APK:
	case MODEL_PACKAGE_LANGUAGE:
		break;
	}
	return false;
}
