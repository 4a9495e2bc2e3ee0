#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the cataloguers' fuzz targets. No input, the same bytes each time.

Usage: fuzz/mkcorpus-catalog.py [DIRECTORY of the corpora, default fuzz/corpus]
"""
import os
import sqlite3
import struct
import sys
import tempfile
import zlib

root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def seed(target, name, data):
    d = os.path.join(root, "catalog_" + target)
    os.makedirs(d, exist_ok=True)
    with open(os.path.join(d, name), "wb") as f:
        f.write(data)


def header(name, files=0, epoch=None, module=None):
    """An rpm header: sorted tags, each type with its alignment."""
    tags = [
        (1000, 6, 1, name.encode() + b"\0"),
        (1001, 6, 1, b"1.0\0"),
        (1002, 6, 1, b"2.el9\0"),
        (1011, 6, 1, b"Red Hat, Inc.\0"),
        (1022, 6, 1, b"x86_64\0"),
        (1044, 6, 1, b"src-1.0-2.el9.src.rpm\0"),
    ]
    if epoch is not None:
        tags.append((1003, 4, 1, struct.pack(">I", epoch)))
    if module:
        tags.append((5096, 6, 1, module.encode() + b"\0"))
    if files:
        names = b"".join(b"f%d\0" % i for i in range(files))
        tags.append((1116, 4, files, b"".join(struct.pack(">I", i % 2) for i in range(files))))
        tags.append((1117, 8, files, names))
        tags.append((1118, 8, 2, b"/usr/bin/\0/etc/\0"))
    tags.sort()
    index, data = b"", b""
    for tag, kind, count, value in tags:
        if kind == 4:
            data += bytes(-len(data) % 4)
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += value
    return struct.pack(">II", len(tags), len(data)) + index + data


HEADERS = [header("a"), header("bash", 5, 2), header("node", 40, None, "nodejs:10:1:2")]


def ndb(blobs):
    slots, out = [b"Slot" + bytes(12)] * 254, b""
    for i, blob in enumerate(blobs):
        size = (28 + len(blob) + 15) // 16 * 16
        body = b"BlbS" + struct.pack("<III", i + 1, 5, len(blob)) + blob
        body += bytes(size - 12 - len(body))
        slots[i * 2] = b"Slot" + struct.pack("<III", i + 1, (4096 + len(out)) // 16, size // 16)
        out += body + struct.pack("<II", zlib.adler32(body), len(blob)) + b"BlbE"
    return b"RpmP" + struct.pack("<IIII", 0, 7, 1, 9) + bytes(12) + b"".join(slots) + out


def bdb(blobs, e, page=512):
    """One hash page with references, and chains of overflow pages."""
    items, overflow, at = [], [], 2
    for num, blob in [(0, None)] + list(enumerate(blobs, 1)):
        items.append(b"\x01" + struct.pack(e + "I", num))
        if blob is None:
            items.append(b"\x01" + struct.pack(e + "I", 9))
            continue
        if len(blob) < 100:
            items.append(b"\x01" + blob)
            continue
        items.append(b"\x03\0\0\0" + struct.pack(e + "II", at, len(blob)))
        parts = [blob[i : i + page - 26] for i in range(0, len(blob), page - 26)]
        for i, part in enumerate(parts):
            nxt = at + 1 if i + 1 < len(parts) else 0
            head = bytes(8) + struct.pack(e + "IIIHHBB", at, 0, nxt, 1, len(part), 0, 7)
            overflow.append((head + part).ljust(page, b"\0"))
            at += 1
    body, offs, end = b"", [], page
    for it in items:
        end -= len(it)
        offs.append(end)
        body = it + body
    hash_page = bytes(8) + struct.pack(e + "IIIHHBB", 1, 0, 0, len(items), end, 0, 13)
    hash_page += b"".join(struct.pack(e + "H", o) for o in offs)
    hash_page = hash_page.ljust(end, b"\0") + body
    meta = bytes(8) + struct.pack(e + "IIIIBBBB", 0, 0x61561, 9, page, 0, 8, 0, 0)
    meta += struct.pack(e + "II", 0, at - 1)
    first = b"\x01" if e == "<" else b"\0"
    return first + meta[1:].ljust(page - 1, b"\0") + hash_page + b"".join(overflow)


def sqlite(blobs, page):
    path = os.path.join(tempfile.mkdtemp(), "db")
    con = sqlite3.connect(path)
    con.execute("PRAGMA page_size=%d" % page)
    con.execute("CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    for b in blobs:
        con.execute("INSERT INTO Packages(blob) VALUES(?)", (b,))
    con.commit()
    con.close()
    with open(path, "rb") as f:
        data = bytearray(f.read())
    os.unlink(path)
    # the version of the library that wrote it is not part of the seed
    data[92:100] = bytes(8)
    return bytes(data[16:])


for i, h in enumerate(HEADERS):
    seed("rpm_header", "header-%d" % i, h)
seed("rpm_ndb", "three", ndb(HEADERS))
seed("rpm_ndb", "empty", ndb([]))
seed("rpm_bdb", "little", bdb(HEADERS, "<"))
seed("rpm_bdb", "big", bdb(HEADERS, ">"))
seed("rpm_sqlite", "three", sqlite(HEADERS, 512))
seed("rpm_sqlite", "empty", sqlite([], 512))
seed("dpkg", "status", b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\n"
     b"Version: 2.36-9+deb12u4\nMaintainer: a <b@c>\nDescription: d\n more\n\nPackage: b\nVersion: 1:2\nOrigin: x\n")
seed("dpkg", "list", b"/.\n/bin\n/bin/bash\n/usr\n/usr/share/doc\n")
seed("dpkg", "sums", b"0123456789abcdef0123456789abcdef  usr/bin/x\n")
seed("apk", "installed", b"C:Q1x=\nP:musl\nV:1.1-r2\nA:x86_64\no:musl\nm:T <t@a>\nF:lib\nR:libc.so\na:0:0:755\n\nP:b\nV:1\n\n")
seed("os_release", "debian", b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n')
seed("os_release", "lsb", b"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_DESCRIPTION=\"a\\\"b\"\n")
seed("os_release", "sentence", b"CentOS release 6.10 (Final)\n")
seed("os_release", "suse", b"SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n")
seed("os_release", "version", b"3.19.1\n")
