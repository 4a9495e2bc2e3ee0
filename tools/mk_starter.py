#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes data/starter from feeds: the same documents without what matching and reports do not need.

Usage: tools/mk_starter.py DATA OUT STOCKADE
  DATA      directory with osv/, vendor/ and signals/
  OUT       directory to write, data/starter
  STOCKADE  program, asked (vercmp) which enumerated versions a range covers already

Equal input gives equal bytes. Needs zstd. What is left out is said in OUT/README.md.
"""
import json
import os
import subprocess
import sys

# Families of ecosystems that are kept; of Debian only the releases that have records of their own.
LANGUAGES = {
    "npm", "PyPI", "Go", "Maven", "crates.io", "RubyGems", "NuGet", "Packagist", "Hex", "Pub", "SwiftURL",
}
DEBIAN = {"Debian:11", "Debian:12", "Debian:13"}

# The largest window that the program unpacks, 32 MiB.
WINDOW_LOG = 25

LANGUAGE_FILES = [
    "Go", "Go-vulndb", "Maven", "NuGet", "Packagist", "PyPI", "RubyGems", "RustSec", "crates.io", "npm",
]

# Families whose "versions" only repeats the range (the reader ignores them, too).
BY_RELEASE = {"Debian", "Alpine", "Alpaquita", "BellSoft Hardened Containers"}


def lines(path):
    with subprocess.Popen(["zstd", "-dcq", "--long=31", path], stdout=subprocess.PIPE) as p:
        yield from p.stdout
    if p.returncode != 0:
        sys.exit(f"{path}: not readable by zstd")


def text_of(path):
    return b"".join(lines(path)).decode()


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write(out, name, text):
    """Compresses text; returns what README.md says of the file."""
    data = text.encode()
    path = os.path.join(out, name)
    packed = subprocess.run(
        ["zstd", "-q", "-c", "-19", f"--long={WINDOW_LOG}", "--no-progress", "--single-thread"],
        input=data, stdout=subprocess.PIPE, check=True).stdout
    with open(path, "wb") as f:
        f.write(packed)
    return {"name": name, "raw": len(data), "size": len(packed)}


# --- versions ---

class Versions:
    """Which enumerated versions no range covers: questions are collected and asked at once."""

    def __init__(self, program):
        self.program = program
        self.questions = {}
        self.answers = {}

    def ask(self, family, a, b):
        """-1, 0, 1, None for text that the ecosystem refuses; collected where not answered yet."""
        if (family, a, b) not in self.answers:
            self.questions.setdefault(family, {})[a, b] = True
            return None
        return self.answers[family, a, b]

    def answer(self):
        for family, pairs in sorted(self.questions.items()):
            got = subprocess.run([self.program, "vercmp", family, "-"], input="".join(f"{a}\t{b}\n" for a, b in pairs),
                                 stdout=subprocess.PIPE, text=True, check=False).stdout.split("\n")
            if len(got) != len(pairs) + 1:
                sys.exit(f"vercmp {family}: {len(got) - 1} answers to {len(pairs)} questions")
            for (a, b), g in zip(pairs, got):
                self.answers[family, a, b] = None if g == "?" else int(g)
        self.questions = {}

    def covered(self, family, version, ranges):
        """Asks all there is to ask, so that one round of questions is enough."""
        inside = False
        for r in ranges:
            for low, op, high in intervals(r):
                above = low == "0" or self.least(family, version, low, (0, 1))
                below = op is None or self.least(family, version, high, (-1,) if op == "fixed" else (-1, 0))
                inside = inside or (above and below)
        return inside

    def least(self, family, a, b, wanted):
        return self.ask(family, a, b) in wanted


def intervals(r):
    low = None
    for e in r["events"]:
        if "introduced" in e:
            if low is not None:
                yield low, None, None
            low = e["introduced"]
        for op in ("fixed", "last_affected"):
            if op in e and low is not None:
                yield low, op, e[op]
                low = None
    if low is not None:
        yield low, None, None


# --- documents ---

def day(time):
    """When a document changed is told to the day: it dates the feed and decides between copies."""
    return time[:10] + "T00:00:00Z"


def kept(ecosystem, families):
    family = ecosystem.split(":")[0]
    return family in families and (family != "Debian" or ecosystem in DEBIAN)


def usable(affected):
    ranges = [{"type": r["type"], "events": r["events"]}
              for r in affected.get("ranges") or [] if r.get("type") in ("ECOSYSTEM", "SEMVER")]
    return ranges, affected.get("versions") or []


def strip_affected(affected, families, versions):
    package = affected.get("package") or {}
    ecosystem = package.get("ecosystem", "")
    family = ecosystem.split(":")[0]
    if not package.get("name") or not kept(ecosystem, families):
        return None
    ranges, listed = usable(affected)
    if ranges and listed:
        listed = [] if family in BY_RELEASE else [v for v in listed if not versions.covered(family, v, ranges)]
    if not ranges and not listed:
        return None
    out = {"package": {"name": package["name"], "ecosystem": ecosystem}}
    if ranges:
        out["ranges"] = ranges
    if listed:
        out["versions"] = listed
    if affected.get("severity"):
        out["severity"] = affected["severity"]
    urgency = (affected.get("ecosystem_specific") or {}).get("urgency")
    if family == "Debian" and urgency:
        out["ecosystem_specific"] = {"urgency": urgency}
    return out


NOTICES = ("DSA-", "DLA-", "DTSA-", "ALSA-", "ALBA-", "ALEA-", "RLSA-", "RXSA-", "RHSA-", "RHBA-", "RHEA-")


def strip(doc, families, versions):
    """A smaller document that says the same of the same packages, or None."""
    affected = [a for a in (strip_affected(a, families, versions) for a in doc.get("affected") or []) if a]
    if not affected:
        return None
    out = {"affected": affected, "id": doc["id"], "modified": day(doc["modified"])}
    if doc.get("published"):
        out["published"] = doc["published"]
    for key in ("withdrawn", "aliases", "upstream", "severity"):
        if doc.get(key):
            out[key] = doc[key]
    if doc["id"].startswith(NOTICES):
        related = [r for r in doc.get("related") or [] if r.startswith("CVE-")]
        if related:
            out["related"] = related
        word = (doc.get("summary") or "").split(":")[0]
        if word.lower() in ("critical", "important", "moderate", "low"):
            out["summary"] = word + ":"
    word = (doc.get("database_specific") or {}).get("severity")
    if isinstance(word, str):
        out["database_specific"] = {"severity": word}
    return out


def newest(paths):
    """The documents; of each id only the newest, all of them where several are equally new."""
    found = {}
    for path in paths:
        for line in lines(path):
            doc = json.loads(line)
            old = found.setdefault(doc["id"], [])
            time = doc["modified"]
            if old and time > old[0]["modified"]:
                old.clear()
            if not old or (time == old[0]["modified"] and doc not in old):
                old.append(doc)
    return [d for docs in found.values() for d in docs]


def by_package(doc):
    first = doc["affected"][0]["package"]
    return first["ecosystem"].split(":")[0], first["name"], len(doc["affected"]), doc["id"], compact(doc)


def documents(data, names, families, versions):
    docs = newest([os.path.join(data, "osv", n + ".jsonl.zst") for n in names])
    for doc in docs:
        strip(doc, families, versions)  # collects the questions
    versions.answer()
    kept_docs = {}
    for doc in docs:
        small = strip(doc, families, versions)
        if small:
            kept_docs[compact(small)] = small  # copies that differ in what is left out are one
    return sorted(kept_docs.values(), key=by_package)


def date_of(docs):
    return max(d["modified"] for d in docs)[:10]


def save_documents(out, name, docs, what, licence):
    entry = write(out, name, "".join(compact(d) + "\n" for d in docs))
    entry.update(what=what, licence=licence, count=len(docs), date=date_of(docs))
    return entry


def cves_of(docs):
    found = set()
    for d in docs:
        for i in [d["id"], *d.get("aliases", ()), *d.get("related", ()), *d.get("upstream", ())]:
            if i.startswith("CVE-"):
                found.add(i)
    return found


# --- other feeds ---

def secdb(data, out):
    feeds = []
    for line in lines(os.path.join(data, "vendor", "alpine-secdb.ndjson.zst")):
        d = json.loads(line)["d"]
        if d.get("packages"):
            feeds.append({k: d[k] for k in ("distroversion", "reponame", "packages")})
    feeds.sort(key=lambda d: (d["reponame"], [int(n) if n.isdigit() else 0 for n in d["distroversion"][1:].split(".")]))
    entry = write(out, "alpine-secdb.jsonl.zst", "".join(compact(d) + "\n" for d in feeds))
    entry.update(what="Alpine's security database", licence="alpine", count=len(feeds), date="2025-01")
    ids = {i for d in feeds for p in d["packages"] for l in (p["pkg"].get("secfixes") or {}).values()
           for s in l for i in s.split() if i.startswith("CVE-")}
    return entry, ids


def kev(data, out):
    d = json.loads(text_of(os.path.join(data, "signals", "known_exploited_vulnerabilities.json.zst")))
    d["vulnerabilities"] = [
        {"cveID": v["cveID"], "dateAdded": v["dateAdded"], "knownRansomwareCampaignUse": v["knownRansomwareCampaignUse"]}
        for v in d["vulnerabilities"]]
    entry = write(out, "kev.json.zst", compact(d) + "\n")
    entry.update(what="CISA's catalogue of exploited vulnerabilities", licence="kev", count=len(d["vulnerabilities"]),
                 date=d["dateReleased"][:10])
    return entry


def endoflife(data, out):
    products = []
    newest_release = ""
    for line in lines(os.path.join(data, "signals", "endoflife.jsonl.zst")):
        d = json.loads(line)
        newest_release = max([newest_release] + [r.get("latestReleaseDate") or "" for r in d["releases"]])
        releases = [{k: r[k] for k in ("releaseCycle", "codename", "eol", "eoes") if k in r} for r in d["releases"]]
        products.append({"product": d["product"], "releases": releases})
    products.sort(key=lambda d: d["product"])
    entry = write(out, "endoflife.jsonl.zst", "".join(compact(d) + "\n" for d in products))
    entry.update(what="end of support of distributions, runtimes and programs", licence="eol", count=len(products),
                 date=newest_release)
    return entry


def vulnrichment(data, out, cves):
    rows = [r.decode() for r in lines(os.path.join(data, "signals", "vulnrichment.tsv.zst"))]
    rows = sorted(r for r in rows if r.split("\t")[0] in cves and r.split("\t")[1])
    entry = write(out, "vulnrichment.tsv.zst", "".join(rows))
    entry.update(what="CVSS vectors of CISA's Vulnrichment, for the vulnerabilities above", licence="kev",
                 count=len(rows), date="2025")
    return entry


def epss(data, out, cves):
    rows = [r.decode() for r in lines(os.path.join(data, "signals", "epss_scores-2021-08-31.csv.zst"))]
    rows = [r for r in rows if r[0] == "#" or r.startswith("cve,") or r.split(",")[0] in cves]
    entry = write(out, "epss.csv.zst", "".join(rows))
    entry.update(what="EPSS, for the vulnerabilities above", licence="epss", count=len(rows) - 2, date="2021-08-31")
    return entry


README = """# The starter set

Advisories as they were published, so that a fresh clone can judge packages before anything is fetched.
The newest document is of {newest}; every report says how old the database is. `stockade db update` gets today's.

| file | what | records | newest | bytes | unpacked |
|---|---|---:|---|---:|---:|
{rows}
| all | | | | {total} | |

Made by `tools/mk_starter.py DATA data/starter build/stockade` from the published feeds; equal input gives equal bytes.
The documents keep the feeds' own shape and are read by the readers of those feeds. Left out is what neither
matching nor reports need: descriptions, references, credits, purls, Git ranges, identifiers of other vendors'
notices, the time of day of `modified`, and enumerated `versions` that a range of the same entry covers
(decided by `stockade vercmp`, one by one). Left out, too, are other distributions than those above, and Debian
before 11; Red Hat's fixes need the module streams that only its CVE documents name, and those are too large for
here. Of documents that a feed repeats only the newest is here. Nothing is left out for being unfixed or
unimportant.

The build makes `data/starter.db` of it in the build directory. Licences: LICENSES.md.
"""


def readme(out, entries):
    rows = "\n".join(f"| `{e['name']}` | {e['what']} | {e['count']} | {e['date']} | {e['size']} | {e['raw']} |" for e in entries)
    text = README.format(rows=rows, total=sum(e["size"] for e in entries), newest=max(e["date"] for e in entries))
    with open(os.path.join(out, "README.md"), "w", encoding="utf-8") as f:
        f.write(text)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    data, out, program = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    versions = Versions(program)
    entries = []
    cves = set()
    for name, sources, families, what, licence in (
            ("debian", ["Debian", "Alpine"], {"Debian"}, "Debian 11-13", "debian"),
            ("alpine", ["Alpine", "Debian"], {"Alpine"}, "Alpine", "alpine"),
            ("languages", LANGUAGE_FILES, LANGUAGES, "packages of language ecosystems", "ghsa"),
            ("rocky", ["Rocky"], {"Rocky Linux"}, "Rocky Linux", "rocky"),
            ("almalinux", ["AlmaLinux"], {"AlmaLinux"}, "AlmaLinux", "alma"),
            ("bitnami", ["Bitnami"], {"Bitnami"}, "Bitnami's programs", "bitnami")):
        docs = documents(data, sources, families, versions)
        cves |= cves_of(docs)
        entries.append(save_documents(out, name + ".jsonl.zst", docs, what, licence))
        print(entries[-1], flush=True)
    entry, ids = secdb(data, out)
    entries.append(entry)
    cves |= ids
    entries += [kev(data, out), endoflife(data, out), vulnrichment(data, out, cves), epss(data, out, cves)]
    readme(out, entries)
    print(sum(e["size"] for e in entries))


if __name__ == "__main__":
    main()
