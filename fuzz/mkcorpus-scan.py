#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets of images and of the workers' channel. No input, the same bytes
each time.

Usage: fuzz/mkcorpus-scan.py [DIRECTORY of the corpora, default fuzz/corpus]
"""
import hashlib
import json
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "test", "lib"))
import mkimage as mk

root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "corpus")


def seed(target, name, data):
    d = os.path.join(root, target)
    os.makedirs(d, exist_ok=True)
    with open(os.path.join(d, name), "wb") as f:
        f.write(data)


def number(n):
    out = b""
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def text(s):
    return number(0) if s is None else number(len(s) + 1) + s.encode()


def span(s):
    return number(len(s)) + s.encode()


def package(name, version):
    fields = [name, version, "amd64", None, None, name, version, None, None, None]
    return number(0) + b"".join(text(f) for f in fields) + number(0) + text(None) + number(0)


def result(packages=(), distro=(None,) * 6, notes=()):
    out = number(len(packages)) + b"".join(package(*p) for p in packages)
    out += b"".join(text(d) for d in distro) + number(0) + number(0)
    return out + number(len(notes)) + b"".join(number(1) + text("x") + text(n) for n in notes)


def fact(kind_of_fact, kind, path, link="", body=b""):
    return number(kind_of_fact) + number(kind) + span(path) + span(link) + body


def facts(list_of_facts, dirs=(), others=(), version=1):
    out = b"SKF1" + number(version) + number(0) + number(1) + bytes(range(32))
    out += number(100) + number(200) + number(7)
    out += number(len(list_of_facts)) + b"".join(list_of_facts)
    for hashes in (dirs, others):
        out += number(len(hashes)) + b"".join(h.to_bytes(8, "little") for h in sorted(hashes))
    return out + number(0)


image = mk.Image([[("a", "b")], [("c", "d")]], how="gzip")
image.blobs()
seed("image_manifest", "manifest", image.manifest_bytes)
seed("image_manifest", "config", image.config_bytes)
seed("image_manifest", "archive",
     mk.docker_files([image, image], tags=["x:1", "y:2"])["manifest.json"])
seed("image_index", "one", mk.oci_files(image)["index.json"])
arm = mk.Image([[("a", "b")]], arch="arm64", variant="v8")
seed("image_index", "two", mk.oci_files([image, arm], tags=["1.0", "2.0"],
                                        attestation=True)["index.json"])

OS_RELEASE, STATUS, APK = 0, 2, 5
file, symlink, hardlink, whiteout, opaque = range(5)
status = fact(file, STATUS, "var/lib/dpkg/status", "",
              text(None) + result([("bash", "5.2"), ("curl", "8.0")], notes=["odd record"]))
release = fact(file, OS_RELEASE, "usr/lib/os-release", "",
               text(None) + result(distro=("debian", "12", "bookworm", "Debian", None, None)))
seed("scan_facts", "empty", facts([]))
seed("scan_facts", "debian", facts([status, release, fact(symlink, 0, "etc/os-release",
                                                          "../usr/lib/os-release")], {1, 2}, {3}))
seed("scan_facts", "links", facts([
    fact(symlink, 0, "lib", "usr/lib"),
    fact(hardlink, APK, "lib/apk/db/installed", "usr/lib/apk/db/installed"),
    fact(symlink, 0, "etc/os-release", "/opt/release"), fact(symlink, 0, "var", "../var")]))
seed("scan_facts", "removals", facts([
    fact(whiteout, 0, "var/lib/dpkg/status"), fact(opaque, 0, "var/lib"), fact(opaque, 0, ""),
    fact(file, APK, "lib/apk/db/installed", "", text("damaged") + result())]))
member = span("manifest.json") + span("") + number(512) + number(2) + number(1) + number(0) + span("[]")
seed("scan_facts", "archive", number(1) + member + span(""))


def entry(content, kind=1, key=hashlib.sha256(b"").digest()):
    head = b"SKC1" + kind.to_bytes(4, "little") + len(content).to_bytes(8, "little") + key
    return head + hashlib.sha256(head + content).digest() + content


seed("scan_cache", "facts", entry(facts([release])))
seed("scan_cache", "seen", entry(number(1) + bytes(range(32)) + number(100)))
seed("scan_cache", "nothing", entry(b""))
seed("scan_cache", "kind", entry(facts([]), kind=2))
seed("scan_cache", "cut", entry(facts([status]))[:-1])
seed("scan_cache", "content", facts([status, release]))
