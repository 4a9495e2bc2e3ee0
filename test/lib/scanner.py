# SPDX-License-Identifier: Apache-2.0
"""Runs the program on targets made by tests and looks at its JSON."""
import json
import os
import subprocess
import sys

STOCKADE = os.environ["STOCKADE"]
TMP = os.environ["SK_TMP"]

ADVISORIES = [
    {"schema_version": "1.6.0", "id": "DEBIAN-CVE-2024-0001", "aliases": ["CVE-2024-0001"],
     "modified": "2024-02-01T00:00:00Z", "published": "2024-01-01T00:00:00Z",
     "affected": [{"package": {"ecosystem": "Debian:12", "name": "curl"},
                   "ranges": [{"type": "ECOSYSTEM",
                               "events": [{"introduced": "0"}, {"fixed": "8.0-2"}]}]}]},
]


def database():
    """A database of a few advisories, made once a test."""
    path = os.path.join(TMP, "test.db")
    if os.environ.get("STOCKADE_DB_PATH"):
        return os.environ["STOCKADE_DB_PATH"]
    if not os.path.exists(path):
        feed = os.path.join(TMP, "feed.jsonl")
        with open(feed, "w") as out:
            for a in ADVISORIES:
                out.write(json.dumps(a) + "\n")
        subprocess.run([STOCKADE, "db", "build", "--from", feed, "-o", path], check=True,
                       stdout=subprocess.DEVNULL)
    return path


def run(*args, stdin=None, env=None, timeout=300):
    """(exit code, stdout, stderr)"""
    full = dict(os.environ, STOCKADE_DB_PATH=database(), **(env or {}))
    done = subprocess.run([STOCKADE, *args], stdin=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=full, timeout=timeout)
    return done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")


def scan(target, *args, code=0, stdin=None):
    """The report of a scan that must end with @code."""
    got, out, err = run("scan", target, "-f", "json", *args, stdin=stdin)
    if got != code:
        sys.exit(f"scan {target} {args}: exit {got}, expected {code}\n{err}{out[:2000]}")
    return json.loads(out)


def fails(target, *words, code=3, args=(), stdin=None):
    """A scan that must fail and say all of @words."""
    got, out, err = run("scan", target, *args, stdin=stdin)
    if got != code:
        sys.exit(f"scan {target} {args}: exit {got}, expected {code}\n{err}{out[:2000]}")
    for w in words:
        if w not in err:
            sys.exit(f"scan {target}: {w!r} is not in: {err}")
    return err


def packages(report):
    return sorted(f'{p["name"]}={p["version"]}' for p in report["packages"])


def layers_of(report):
    return {p["name"]: p["layer"] for p in report["packages"]}


def equal(got, expected, what):
    if got != expected:
        sys.exit(f"{what}: {got!r} instead of {expected!r}")
