# SPDX-License-Identifier: Apache-2.0
"""Which vulnerabilities does the Debian feed give to a list of packages: written from the feed's
documentation alone, sharing no code with the program that it judges. Versions are compared by dpkg.
"""
import functools
import json
import re
import subprocess


@functools.lru_cache(maxsize=None)
def at_least(version, bound):
    """version >= bound in dpkg's order."""
    if bound == "0":
        return True
    done = subprocess.run(["dpkg", "--compare-versions", version, "ge", bound],
                          stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def load(path, release):
    """Documents of the OSV feed that speak of a release: {source package: [(document, affected)]}."""
    table = {}
    reader = subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE)
    marker = f'"Debian:{release}"'.encode()
    seen = set()
    for line in reader.stdout:
        if marker not in line:
            continue
        document = json.loads(line)
        if document.get("withdrawn"):
            continue
        for affected in document.get("affected", []):
            package = affected.get("package", {})
            if package.get("ecosystem") != f"Debian:{release}":
                continue
            key = (document["id"], json.dumps(affected, sort_keys=True))
            if key in seen:
                continue
            seen.add(key)
            table.setdefault(package["name"], []).append((document, affected))
    if reader.wait() != 0:
        raise SystemExit(f"zstd: cannot read {path}")
    return table


def is_affected(version, affected):
    if version in affected.get("versions", []):
        return True
    for entry in affected.get("ranges", []):
        if entry.get("type") == "GIT":
            continue
        inside = False
        for event in entry.get("events", []):
            if "introduced" in event and at_least(version, event["introduced"]):
                inside = True
            elif "fixed" in event and at_least(version, event["fixed"]):
                inside = False
            elif "last_affected" in event and at_least(version, event["last_affected"]) \
                    and version != event["last_affected"]:
                inside = False
        if inside:
            return True
    return False


def cves(document):
    """Identities of a document: its CVEs, else its own id."""
    names = [document["id"], *document.get("aliases", [])]
    if not document["id"].startswith("CVE-"):
        names += document.get("related", []) + document.get("upstream", [])
    found = sorted({name for name in names if name.startswith("CVE-")})
    return found or [document["id"]]


def is_correction(document, others):
    """DLA-1-2 without a CVE, where DLA-1-1 closes some: it mends an update and is no vulnerability."""
    part = re.fullmatch(r"((?:DSA|DLA)-\d+)-(\d+)", document["id"])
    if not part or int(part[2]) < 2 or cves(document) != [document["id"]]:
        return False
    return any(other["id"] == part[1] + "-1" and cves(other) != [other["id"]] for other, _ in others)


def judge(packages, table):
    """packages: (name, version, source name, source version); gives (findings, unimportant), sets of
    (id, package name, package version). The record of a CVE outranks the notices that mention it.
    """
    findings, unimportant = set(), set()
    for name, version, source, source_version in packages:
        entries = table.get(source, [])
        spoken = {d["id"] for d, _ in entries if d["id"].startswith("CVE-")}
        for document, affected in entries:
            if not is_affected(source_version, affected):
                continue
            urgency = affected.get("ecosystem_specific", {}).get("urgency")
            for cve in cves(document):
                if cve != document["id"] and cve in spoken:
                    continue
                small = urgency == "unimportant" or is_correction(document, entries)
                bucket = unimportant if small else findings
                bucket.add((cve, name, version))
    return findings, unimportant - findings
