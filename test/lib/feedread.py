# SPDX-License-Identifier: Apache-2.0
"""What documents of advisory feeds say, read from the feeds' own documentation alone; shares no code
with the program that is judged by it.

Every reader turns one document into Claims: in this ecosystem, this package has these versions in that
state. A version is affected when an interval holds it or when it is listed.
"""
import json
import random
import re
import subprocess
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Interval:
    low: str  # "" from the beginning
    kind: str  # "fixed", "last_affected" or "" for none
    high: str


@dataclass
class Claim:
    ecosystem: str
    package: str
    intervals: frozenset = frozenset()
    versions: frozenset = frozenset()
    state: str = "affected"  # or another word of the look-up
    unimportant: bool = False
    malicious: bool = False
    arches: frozenset = frozenset()
    module: str = ""


@dataclass
class Document:
    id: str
    ids: set  # every name of its vulnerability; of a notice: itself
    closes: set = field(default_factory=set)  # CVEs of a notice
    aliases: set = field(default_factory=set)
    notice: bool = False
    withdrawn: bool = False
    claims: list = field(default_factory=list)
    text: str = ""  # as the feed has it


ALL = frozenset({Interval("", "", "")})
NOTICE = re.compile(r"(DSA|DLA|DTSA|USN|LSN|RHSA|RHBA|RHEA|ALSA|ALBA|ALEA|RLSA|RXSA|SUSE|openSUSE|MGASA|ALAS|ELSA)")
RPM = {"Red Hat", "AlmaLinux", "Rocky Linux", "SUSE", "openSUSE"}
CVE = re.compile(r"CVE-\d{4}-\d+$")


def lines(path):
    with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE) as p:
        yield from p.stdout


def sample(path, n, seed, wanted=b""):
    """n lines at random, in the file's order; one pass, one line of each kept in memory."""
    rng = random.Random(seed)
    kept = []
    seen = 0
    for line in lines(path):
        if wanted and wanted not in line:
            continue
        if len(kept) < n:
            kept.append((seen, line))
        else:
            at = rng.randrange(seen + 1)
            if at < n:
                kept[at] = (seen, line)
        seen += 1
    return [line.decode() for _, line in sorted(kept)]


def normal_name(family, name):
    if family == "PyPI":
        return re.sub(r"[-_.]+", "-", name).lower()
    if family in ("NuGet", "Packagist", "Hex", "Pub"):
        return name.lower()
    return name


def bound(family, v):
    return v[2:] if family in RPM and v.startswith("0:") else v


# --- OSV ---

def osv_intervals(affected, family):
    out = set()
    for r in affected.get("ranges") or []:
        if r["type"] not in ("ECOSYSTEM", "SEMVER"):
            continue
        low = None
        for e in r["events"]:
            for kind, v in e.items():
                v = bound(family, v)
                if kind == "introduced":
                    if low is not None:
                        out.add(Interval(low, "", ""))
                    low = "" if v in ("0", "0.0.0-0") else v
                elif kind in ("fixed", "last_affected") and low is not None:
                    out.add(Interval(low, kind, v))
                    low = None
        if low is not None:
            out.add(Interval(low, "", ""))
    return frozenset(out)


def osv(d):
    doc = Document(d["id"], {d["id"], *(d.get("aliases") or [])}, notice=bool(NOTICE.match(d["id"])),
                   withdrawn=bool(d.get("withdrawn")), aliases=set(d.get("aliases") or []))
    others = (d.get("upstream") or []) or (doc.notice and d.get("related")) or []
    doc.closes = {i for i in others if CVE.match(i)}
    if not doc.notice:
        doc.ids |= set(d.get("upstream") or [])
    for a in d.get("affected") or []:
        package = a.get("package") or {}
        ecosystem = package.get("ecosystem", "")
        family = ecosystem.split(":")[0]
        if not ecosystem or not package.get("name"):
            continue
        intervals = osv_intervals(a, family)
        versions = frozenset(a.get("versions") or [])
        if not intervals and not versions:
            continue
        # The releases' feeds enumerate what their range says; only the range is meant there.
        if intervals and family in ("Debian", "Alpine", "Ubuntu", "Alpaquita", "BellSoft Hardened Containers"):
            versions = frozenset()
        claim = Claim(ecosystem, normal_name(family, package["name"]), intervals, versions,
                      malicious=d["id"].startswith("MAL-"))
        urgency = (a.get("ecosystem_specific") or {}).get("urgency") if family == "Debian" else None
        claim.unimportant = urgency == "unimportant"
        if urgency == "end-of-life":
            claim.state = "end_of_life"
        if intervals == {Interval("", "fixed", "0")}:
            claim.intervals, claim.versions, claim.state = ALL, frozenset(), "not_affected"
        doc.claims.append(claim)
    return doc


# --- vendors' own feeds ---

def secdb(d):
    """One document for each identifier."""
    docs = {}
    ecosystem = "Alpine:" + d["distroversion"]
    for p in d["packages"]:
        name = p["pkg"]["name"]
        for version, texts in (p["pkg"].get("secfixes") or {}).items():
            for text in texts or []:
                ids = [re.sub(r"^CVE_", "CVE-", i) for i in text.split() if re.search(r"\d", i)]
                cves = [i for i in ids if CVE.match(i)]
                groups = [[c] for c in cves] if len(cves) > 1 else [ids] if ids else []
                for g in groups:
                    main = next((i for i in g if CVE.match(i)), g[0])
                    doc = docs.setdefault(main, Document(main, set()))
                    doc.ids |= set(g)
                    doc.aliases |= set(g)
                    if version == "0":
                        doc.claims.append(Claim(ecosystem, name, ALL, state="not_affected"))
                    else:
                        doc.claims.append(Claim(ecosystem, name, frozenset({Interval("", "fixed", version)})))
    return list(docs.values())


AMAZON = {"amazon-linux": "1", "amazon-linux-ami": "1", "amazon-linux-2": "2", "amazon-linux-2022": "2022",
          "amazon-linux-2023": "2023"}


def amazon(d):
    doc = Document(d["ID"], {d["ID"]}, notice=True)
    doc.closes = {r["ID"] for r in (d.get("References") or {}).get("Reference") or [] if CVE.match(r["ID"])}
    collection = d["Pkglist"]["Collection"]
    short, _, extra = collection["Short"].partition("---")
    release = AMAZON.get(short)
    if release is None:
        return doc
    arches = {}
    for p in collection.get("Package") or []:
        epoch = p["Epoch"] + ":" if p.get("Epoch") not in (None, "", "0") else ""
        series = re.search(r"[\d.]+$", extra)
        low = ""
        if series and p["Version"].startswith(series[0] + "."):
            low = epoch + series[0]  # another series than the release's own
        key = p["Name"], low, f"{epoch}{p['Version']}-{p['Release']}"
        arches.setdefault(key, set()).add(p["Arch"])
    for (name, low, fixed), a in arches.items():
        doc.claims.append(Claim("Amazon Linux:" + release, name, frozenset({Interval(low, "fixed", fixed)}),
                                arches=frozenset(a)))
    return doc


def arch(d):
    doc = Document(d["name"], {d["name"], *d.get("advisories", [])}, set(d["issues"]), notice=True)
    for name in d["packages"]:
        claim = Claim("Arch Linux", name, ALL)
        if d["status"] == "Not affected":
            claim.state = "not_affected"
        elif d.get("fixed"):
            claim.intervals = frozenset({Interval("", "fixed", d["fixed"])})
        elif d["status"] == "Unknown":
            claim.state = "under_investigation"
        doc.claims.append(claim)
    return doc


REDHAT_STATES = {
    "Affected": "affected", "Not affected": "not_affected", "Will not fix": "will_not_fix", "Fix deferred": "deferred",
    "Under investigation": "under_investigation", "New": "under_investigation", "Out of support scope": "end_of_life",
}


def as_list(x):
    return [x] if isinstance(x, dict) else x or []


def redhat_scope(cpe):
    m = re.match(r"cpe:/.:redhat:(.+)$", cpe)
    return "Red Hat:" + m[1] if m else None


def redhat(d):
    doc = Document(d["name"], {d["name"]})
    for s in as_list(d.get("package_state")):
        scope = redhat_scope(s["cpe"])
        module, slash, name = s["package_name"].partition("/")
        if not slash:
            module, name = "", s["package_name"]
        elif ":" not in module:
            continue  # a container image
        if scope and s["fix_state"] in REDHAT_STATES and name:
            doc.claims.append(Claim(scope, name, ALL, state=REDHAT_STATES[s["fix_state"]], module=module))
    for r in as_list(d.get("affected_release")):
        scope = redhat_scope(r["cpe"])
        m = re.match(r"([^/:]+)-(\d+):([^-/]+-[^-/]+)$", r.get("package") or "")
        if not scope or not m or re.match(r".*:.*-\d{10}", r["package"]):
            continue
        epoch = "" if m[2] == "0" else m[2] + ":"
        doc.claims.append(Claim(scope, m[1], frozenset({Interval("", "fixed", epoch + m[3])})))
    return doc


UBUNTU = {
    "dapper": "6.06:LTS", "hardy": "8.04:LTS", "lucid": "10.04:LTS", "precise": "12.04:LTS", "trusty": "14.04:LTS",
    "xenial": "16.04:LTS", "bionic": "18.04:LTS", "focal": "20.04:LTS", "jammy": "22.04:LTS", "noble": "24.04:LTS",
    "mantic": "23.10", "lunar": "23.04", "kinetic": "22.10", "impish": "21.10",
}
UBUNTU_STATES = {
    "needed": "affected", "pending": "affected", "active": "affected", "needs-triage": "under_investigation",
    "not-affected": "not_affected", "deferred": "deferred",
}
UBUNTU_ENDED = ("end of life", "end-of-life", "end of standard support", "end of kernel support")


def ubuntu(d):
    """Releases of the table above, without their pockets."""
    doc = Document(d["candidate"], {d["candidate"]})
    for release, packages in d["packages"].items():
        if release not in UBUNTU:
            continue
        for name, p in packages.items():
            note = p.get("note") or ""
            claim = Claim("Ubuntu:" + UBUNTU[release], name, ALL)
            if p["status"] == "released":
                m = re.match(r"\s*(\d\S*)", note)
                if not m:
                    continue
                claim.intervals = frozenset({Interval("", "fixed", m[1])})
            elif p["status"] == "ignored":
                claim.state = "end_of_life" if any(e in note for e in UBUNTU_ENDED) else "will_not_fix"
            elif p["status"] in UBUNTU_STATES:
                claim.state = UBUNTU_STATES[p["status"]]
            else:
                continue
            doc.claims.append(claim)
    return doc


def read(text):
    """The documents of one line of a feed."""
    d = json.loads(text)
    d = d["d"] if "_path" in d and "d" in d else d
    if "distroversion" in d:
        docs = secdb(d)
    elif "Pkglist" in d:
        docs = [amazon(d)]
    elif d.get("name", "").startswith("AVG-"):
        docs = [arch(d)]
    elif "bugzilla" in d:
        docs = [redhat(d)]
    elif "candidate" in d:
        docs = [ubuntu(d)]
    else:
        docs = [osv(d)]
    for doc in docs:
        doc.text = text
    return docs
