# SPDX-License-Identifier: Apache-2.0
"""Versions just below and above a boundary, and package URLs that ask for them."""
import re
import subprocess
from urllib.parse import quote


def compare(program, family, pairs):
    """{(a, b): -1, 0, 1 or None} by one process; None is text that the ecosystem refuses."""
    pairs = list(dict.fromkeys(pairs))
    done = subprocess.run([program, "vercmp", family, "-"], input="".join(f"{a}\t{b}\n" for a, b in pairs),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    answers = done.stdout.split("\n")[:-1]
    if len(answers) != len(pairs):
        raise SystemExit(f"vercmp {family}: {len(answers)} answers to {len(pairs)} questions: {done.stderr}")
    return {p: None if a == "?" else int(a) for p, a in zip(pairs, answers)}


def raised(v, by=1):
    """The last number one higher or lower; None when it cannot be."""
    found = list(re.finditer(r"\d+", v))
    if not found:
        return None
    m = found[-1]
    n = int(m[0]) + by
    return None if n < 0 else v[:m.start()] + str(n) + v[m.end():]


def around(family, v):
    """(candidates below, candidates above), nearest first; which of them is valid the comparator tells."""
    deb = ([v + "~"], [v + "+1", v + ".1"])
    rpm = ([v + "~"], [v + ".0", v + "^", raised(v)])
    apk = ([raised(v, -1), re.sub(r"(_\w+)?-r\d+$", "_rc1-r0", v)], [raised(v)])
    semver = ([v + "-0", re.sub(r"-.*", "-0", v), raised(v, -1)], [v + ".0", raised(v)])
    plain = ([raised(v, -1)], [raised(v), v + ".1"])
    table = {
        "Debian": deb, "Ubuntu": deb, "Alpine": apk, "Alpaquita": apk, "BellSoft Hardened Containers": apk,
        "Red Hat": rpm, "AlmaLinux": rpm, "Rocky Linux": rpm, "SUSE": rpm, "openSUSE": rpm, "Amazon Linux": rpm,
        "Arch Linux": ([raised(v, -1)], [raised(v)]),
        "npm": semver, "crates.io": semver, "Go": semver, "Bitnami": semver, "Hex": semver, "Pub": semver,
        "SwiftURL": semver, "NuGet": semver,
        "PyPI": ([v + ".dev0", raised(v, -1)], [v + ".post1", raised(v)]),
        "Maven": ([v + "-SNAPSHOT", v + "-alpha", raised(v, -1)], [v + ".1", v + "-1", raised(v)]),
        "RubyGems": ([v + ".a", raised(v, -1)], [v + ".1", raised(v)]),
        "Packagist": ([v + "-alpha1", raised(v, -1)], [v + ".1", v + "-p1", raised(v)]),
    }
    below, above = table.get(family, plain)
    return [b for b in below if b and b != v], [a for a in above if a and a != v]


def part(text):
    return quote(text, safe=".-_~")


def names(text):
    return "/".join(part(p) for p in text.split("/"))


LANGUAGES = {
    "npm": "npm", "PyPI": "pypi", "Go": "golang", "crates.io": "cargo", "RubyGems": "gem", "NuGet": "nuget",
    "Packagist": "composer", "Bitnami": "bitnami", "Maven": "maven", "Hex": "hex", "Pub": "pub", "SwiftURL": "swift",
}


def distro(ecosystem):
    """(type, namespace, distro) for a release, None when no installed system is called so."""
    family, _, release = ecosystem.partition(":")
    numbered = re.sub(r":LTS$", "", release)
    if family == "Debian" and re.match(r"\d+$", release):
        return "deb", "debian", "debian-" + release
    if family == "Ubuntu" and re.match(r"\d+\.\d+$", numbered):
        return "deb", "ubuntu", "ubuntu-" + numbered
    if family == "Alpine" and re.match(r"v\d+\.\d+$", release):
        return "apk", "alpine", "alpine-" + release[1:]
    if family == "Alpaquita":
        return "apk", "alpaquita", "alpaquita-" + release
    if family == "Arch Linux":
        return "alpm", "arch", "arch"
    m = re.match(r"enterprise_linux:(\d+)", release)
    if family == "Red Hat" and m:
        return "rpm", "redhat", "rhel-" + m[1]
    if family == "AlmaLinux":
        return "rpm", "almalinux", "almalinux-" + release
    if family == "Rocky Linux":
        return "rpm", "rocky", "rocky-" + release
    if family == "Amazon Linux":
        return "rpm", "amzn", "amzn-" + ("2018.03" if release == "1" else release)
    m = re.match(r"Leap (\d+\.\d+)$", release)
    if family == "openSUSE" and m:
        return "rpm", "opensuse", "opensuse-leap-" + m[1]
    if family == "openSUSE" and release == "Tumbleweed":
        return "rpm", "opensuse", "opensuse-tumbleweed"
    m = re.match(r"Linux Enterprise Server (12|15) SP(\d)$", release)
    if family == "SUSE" and m:
        return "rpm", "suse", f"sles-{m[1]}.{m[2]}"
    return None


def purl(ecosystem, name, version, arch=None):
    """A package URL, None where none can ask for this ecosystem."""
    family = ecosystem.split(":")[0]
    if family in LANGUAGES:
        if ecosystem != family:
            return None
        if family == "Maven":
            group, _, artifact = name.partition(":")
            return f"pkg:maven/{part(group)}/{part(artifact)}@{part(version)}"
        if family == "Go" and name not in ("stdlib", "toolchain"):
            version = "v" + version
        if "/" in name and family in ("PyPI", "crates.io", "RubyGems", "NuGet", "Bitnami", "Pub"):
            return None  # no such package can be
        return f"pkg:{LANGUAGES[family]}/{names(name)}@{part(version)}"
    place = distro(ecosystem)
    if place is None:
        return None
    kind, namespace, release = place
    more = ""
    if kind == "rpm":
        epoch, colon, rest = version.partition(":")
        if colon and epoch.isdigit():
            version = rest
            more += "&epoch=" + epoch
        more += "&upstream=" + part(name)
    if arch:
        more += "&arch=" + arch
    return f"pkg:{kind}/{namespace}/{part(name)}@{part(version)}?distro={release}{more}"
