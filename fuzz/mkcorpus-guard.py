#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of guard_elf: small ELF files with an interpreter, libraries and search paths; and
of guard_dns: questions and answers, with aliases, compression, loops; and of guard_bolt: bbolt files of
pages of 1,024 bytes; and of guard_mounts: mount tables."""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def elf(bits):
    strings = b"\0libc.so.6\0libm.so.6\0libx.so\0$ORIGIN/../lib:/opt/lib\0"
    interp = b"/lib64/ld-linux-x86-64.so.2\0"
    word = "<Q" if bits == 64 else "<I"
    head = 64 if bits == 64 else 52
    ph = 56 if bits == 64 else 32
    base = 0x400000
    at_interp = head + 3 * ph
    at_strings = at_interp + len(interp)
    at_dynamic = at_strings + len(strings)
    entries = [(1, 1), (1, 11), (14, 21), (29, 29), (5, base + at_strings), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack(word, tag) + struct.pack(word, value) for tag, value in entries)
    size = at_dynamic + len(dynamic)

    def segment(kind, off, length):
        if bits == 64:
            return struct.pack("<IIQQQQQQ", kind, 5, off, base + off, base + off, length, length, 4096)
        return struct.pack("<IIIIIIII", kind, off, base + off, base + off, length, length, 5, 4096)

    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1, 1]) + b"\0" * 9
    if bits == 64:
        header = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, head, 0, 0, head, ph, 3, 64, 0, 0)
    else:
        header = struct.pack("<HHIIIIIHHHHHH", 3, 3, 1, 0, head, 0, 0, head, ph, 3, 40, 0, 0)
    data = ident + header
    data += segment(1, 0, size) + segment(3, at_interp, len(interp)) + segment(2, at_dynamic, len(dynamic))
    return data + interp + strings + dynamic


ASKED = b"\2db\7example\3org\0\0\1\0\1"


def message(records, n=None, code=0, asked=ASKED):
    """An answer; records begin at offset 32, the name at 12, its parent at 15."""
    n = len(records) if n is None else n
    return struct.pack(">HHHHHH", 0x1234, 0x8180 | code, 1, n, 0, 0) + asked + b"".join(records)


def record(owner, kind, data, ttl=60, length=None):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(data) if length is None else length) + data


def dns_messages():
    same, parent = b"\xc0\x0c", b"\xc0\x0f"
    return {
        "question": struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + ASKED,
        "addresses": message([record(same, 1, b"\x0a\0\0\1"), record(same, 28, b"\x20\1" + b"\0" * 14)]),
        "alias": message([record(same, 5, b"\1x" + parent), record(b"\1X" + parent, 1, b"\x0a\0\0\2")]),
        "circle": message([record(same, 5, b"\1x" + parent), record(b"\1x" + parent, 5, same)]),
        "itself": message([record(b"\xc0\x20", 1, b"\x0a\0\0\1")]),
        "cut": message([record(same, 1, b"\x0a", length=4)], n=200),
        "none": message([], code=3),
        "odd": message([], asked=b"\3a.b\2\0\xff\0\0\x10\0\1"),
    }


PAGE = 1024


def meta(number, root, txid):
    data = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, root, 0, 2, 6, txid)
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = (digest ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return struct.pack("<QHHI", number, 4, 0, 0) + data + struct.pack("<Q", digest)


def leaf(number, key, value, flags=0):
    return struct.pack("<QHHIIIII", number, 2, 1, 0, flags, 16, len(key), len(value)) + key + value


def bolt(kind):
    inline = struct.pack("<QQ", 0, 0) + leaf(0, b"x", b"near")
    own = struct.pack("<QQ", 5, 0)
    below = 3 if kind == "circle" else 4
    branch = struct.pack("<QHHIIIQ", 3, 1, 1, 0, 16, 2, below) + b"v1"
    pages = [meta(0, 3, 1), meta(1, 3, 2), b"", branch,
             leaf(4, b"v1", inline if kind == "inline" else own, 1), leaf(5, b"x", b"far")]
    return b"".join(page.ljust(PAGE, b"\0") for page in pages)


def mount_tables():
    return {
        "docker": "612 530 0:56 / / rw,relatime master:190 - overlay overlay rw,lowerdir=/l/B:/l/A,"
        "upperdir=/d/diff,workdir=/d/work\n613 612 0:60 / /proc rw - proc proc rw\n",
        "escapes": "36 35 98:0 / / rw - overlay o rw,lowerdir=/a\\040b:/c\\054d,upperdir=/e\\134f\\000\n",
        "single": "36 35 0:9 / / ro shared:1 propagate_from:2 - overlay o ro,lowerdir+=/b,lowerdir+=/a\n",
        "others": "36 35 98:0 /m /x\\040y rw master:1 - ext3 /dev/root rw,errors=continue\n37 36 8:1 / / rw shared:1\n",
    }


def main():
    folder = os.path.join(HERE, "corpus", "guard_bolt")
    os.makedirs(folder, exist_ok=True)
    for kind in ("inline", "own", "circle"):
        with open(os.path.join(folder, kind), "wb") as f:
            f.write(bolt(kind))
    folder = os.path.join(HERE, "corpus", "guard_elf")
    os.makedirs(folder, exist_ok=True)
    for bits in (32, 64):
        with open(os.path.join(folder, f"elf{bits}"), "wb") as f:
            f.write(elf(bits))
    folder = os.path.join(HERE, "corpus", "guard_dns")
    os.makedirs(folder, exist_ok=True)
    for name, data in dns_messages().items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    folder = os.path.join(HERE, "corpus", "guard_hosts")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "hosts"), "w", encoding="utf-8") as f:
        f.write("127.0.0.1\tlocalhost\n10.0.0.5 db.example.org db # the database\n::1 ip6-localhost\n10.0.0.256 no\n")
    with open(os.path.join(folder, "resolv.conf"), "w", encoding="utf-8") as f:
        f.write("search example.org\nnameserver 10.0.0.53\n; nameserver 10.0.0.54\nnameserver fe80::1\noptions ndots:5\n")
    folder = os.path.join(HERE, "corpus", "guard_mounts")
    os.makedirs(folder, exist_ok=True)
    for name, text in mount_tables().items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)


main()
