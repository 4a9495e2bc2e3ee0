# SPDX-License-Identifier: Apache-2.0
"""A small copy of the public feed servers' paths in a directory: OSV's export, secdb, KEV, EPSS, endoflife."""
import gzip
import json
import os
import zipfile


def document(name, fixed, package="openssl", ecosystem="Debian:12", modified="2025-01-01T00:00:00Z", **more):
    return {"id": name, "modified": modified, "published": "2024-06-01T00:00:00Z", "affected": [{
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}] + ([{"fixed": fixed}] if fixed else [])}]}],
        **more}


class Site:
    """Files below root; documents of an ecosystem are added with add(), then written with export()."""

    def __init__(self, root):
        self.root = root
        self.documents = {}

    def write(self, path, data):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as out:
            out.write(data)

    def add(self, ecosystem, *documents):
        for entry in documents:
            self.documents.setdefault(ecosystem, {})[entry["id"]] = entry

    def export(self, ecosystem, archive=True):
        """archive=False leaves all.zip as it was, as between two of the server's daily exports."""
        entries = sorted(self.documents[ecosystem].values(), key=lambda d: d["modified"], reverse=True)
        lines = "".join(f"{d['modified']},{d['id']}\n" for d in entries)
        self.write(f"{ecosystem}/modified_id.csv", lines.encode())
        for entry in entries:
            self.write(f"{ecosystem}/{entry['id']}.json", json.dumps(entry, indent=1).encode())
        if archive:
            path = os.path.join(self.root, ecosystem, "all.zip")
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
                for entry in entries:
                    out.writestr(f"{entry['id']}.json", json.dumps(entry))

    def others(self):
        secdb = {"distroversion": "v3.10", "reponame": "main", "packages": [
            {"pkg": {"name": "busybox", "secfixes": {"1.30.1-r5": ["CVE-2019-0001"]}}}]}
        self.write("v3.10/main.json", json.dumps(secdb).encode())
        kev = {"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2025.01.01",
               "dateReleased": "2025-01-01T00:00:00.0000Z", "count": 1, "vulnerabilities": [
                   {"cveID": "CVE-2024-0001", "vendorProject": "x", "product": "y", "vulnerabilityName": "z",
                    "dateAdded": "2024-12-24", "shortDescription": "s", "requiredAction": "r",
                    "dueDate": "2025-02-01", "knownRansomwareCampaignUse": "Known"}]}
        self.write("sites/default/files/feeds/known_exploited_vulnerabilities.json", json.dumps(kev).encode())
        epss = "#model_version:v2025.03.14,score_date:2025-04-01T00:00:00+0000\ncve,epss,percentile\n" \
               "CVE-2024-0001,0.50000,0.90000\n"
        self.write("epss_scores-current.csv.gz", gzip.compress(epss.encode(), mtime=0))
        self.write("api/debian.json", json.dumps([{"cycle": "12", "eol": "2026-06-10"}]).encode())
