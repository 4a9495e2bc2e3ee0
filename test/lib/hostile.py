# SPDX-License-Identifier: Apache-2.0
"""Hostile targets, made by script. Each case is a function that writes a target and returns
(target argument, expectation):

    "same"   the two packages of the base image, exit 0
    "error"  exit 3 with a message, no report that could be taken for a clean one
    "either" one of the two; what is forbidden is a crash, a hang, memory beyond the bound, a wrong answer
    "limit"  exit 3 and the message names the limit and how to raise it
"""
import bz2
import json
import lzma
import os
import struct
import subprocess
import zlib

import rawtar
from rawtar import END, debian_members, gz, member, oci, pax, sha256, tar

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def layer_file(path, data):
    with open(path, "wb") as out:
        out.write(data)
    return "layer:" + path


# --- bombs -----------------------------------------------------------------------------------------

ZEROS = 10 << 30
CHUNK = 16 << 20


def zero_tar_head():
    """Members in front of a file of 10 GB of zeros, with a base-256 size."""
    return debian_members() + rawtar.header(b"zeros", size_field=rawtar.base256(ZEROS))


def deflate_zeros():
    """Raw deflate blocks, byte aligned, that give CHUNK zeros each and can be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(b"\0" * CHUNK)
    first = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"\0" * CHUNK) + packer.flush(zlib.Z_FULL_FLUSH)
    del first
    return block


@case
def gzip_10_gb_of_zeros(path):
    head = zero_tar_head()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    crc = zlib.crc32(head)
    zeros = b"\0" * CHUNK
    for _ in range(ZEROS // CHUNK):
        crc = zlib.crc32(zeros, crc)
    crc = zlib.crc32(END, crc)
    with open(path, "wb") as out:
        out.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
        out.write(packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH))
        block = deflate_zeros()
        for _ in range(ZEROS // CHUNK):
            out.write(block)
        tail = zlib.compressobj(9, zlib.DEFLATED, -15)
        out.write(tail.compress(END) + tail.flush())
        out.write(struct.pack("<II", crc, (len(head) + ZEROS + len(END)) & 0xffffffff))
    return "layer:" + path, "same"


def piped_bomb(path, *packer):
    with open(path, "wb") as out:
        pack = subprocess.Popen(packer, stdin=subprocess.PIPE, stdout=out)
        pack.stdin.write(zero_tar_head())
        for _ in range((1 << 30) // CHUNK):
            pack.stdin.write(b"\0" * CHUNK)
        pack.stdin.close()
        if pack.wait() != 0:
            raise SystemExit(f"{packer[0]} failed")
    return "layer:" + path, "limit"


@case
def zstd_bomb(path):
    return piped_bomb(path, "zstd", "-q", "-3")


@case
def xz_bomb(path):
    return piped_bomb(path, "xz", "-0")


@case
def bzip2_bomb(path):
    one = bz2.compress(b"\0" * (64 << 20))
    with open(path, "wb") as out:
        out.write(bz2.compress(zero_tar_head()))
        out.write(one * 16)
    return "layer:" + path, "limit"


@case
def zstd_huge_window(path):
    pack = subprocess.run(["zstd", "-q", "--ultra", "-22", "--long=31", "-c"], input=tar(debian_members()),
                          stdout=subprocess.PIPE, check=True)
    # A streamed frame declares the whole window, 2 GiB, whatever it holds.
    return layer_file(path, pack.stdout), "either"


@case
def gzip_many_members(path):
    data = tar(debian_members())
    with open(path, "wb") as out:
        for i in range(0, len(data), 7):
            out.write(gz(data[i:i + 7]))
    return "layer:" + path, "same"


@case
def gzip_many_empty_members(path):
    with open(path, "wb") as out:
        out.write(gz(b"") * 200000 + gz(tar(debian_members())))
    return "layer:" + path, "same"


@case
def xz_many_streams(path):
    data = tar(debian_members())
    return layer_file(path, b"".join(lzma.compress(data[i:i + 1000]) for i in range(0, len(data), 1000))), "same"


@case
def million_empty_entries(path):
    plain = bytearray()
    with open(path, "wb") as out:
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        out.write(packer.compress(debian_members()))
        template = rawtar.header(b"d/0000000")
        base = sum(template[:148]) + sum(template[156:]) + 8 * 32 - 7 * ord("0")
        for i in range(1000000):
            digits = b"%07d" % i
            block = bytearray(template)
            block[2:9] = digits
            block[148:156] = b"%06o\0 " % (base + sum(digits))
            plain += block
            if len(plain) > (1 << 22):
                out.write(packer.compress(bytes(plain)))
                plain.clear()
        out.write(packer.compress(bytes(plain) + END) + packer.flush())
    return "layer:" + path, "same"


# --- layers ----------------------------------------------------------------------------------------

@case
def two_thousand_layers(path):
    layers = [tar(debian_members())] + [tar(member(b"f%d" % i)) for i in range(1999)]
    return "docker-archive:" + rawtar.docker_archive(path, layers), "limit"


@case
def same_layer_1000_times(path):
    return "docker-archive:" + rawtar.docker_archive(path, [tar(debian_members())] * 1000), "same"


@case
def fewer_diff_ids_than_layers(path):
    layer = tar(debian_members())
    config = rawtar.image_config([sha256(layer)])
    return "docker-archive:" + rawtar.docker_archive(path, [layer, tar(member(b"x"))], config=config), "error"


@case
def wrong_diff_id(path):
    layer = tar(debian_members())
    return "docker-archive:" + rawtar.docker_archive(
        path, [layer], config=rawtar.image_config(["sha256:" + "0" * 64])), "error"


@case
def manifest_names_itself(path):
    layout = rawtar.Layout(path)
    # The digest of a document cannot be in the document; the nearest is an index that names index.json.
    layout.index([{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:" + "1" * 64,
                   "size": 100}])
    os.link(os.path.join(path, "index.json"), os.path.join(path, "blobs/sha256", "1" * 64))
    return "oci:" + path, "error"


@case
def indexes_nested_deeply(path):
    layout = rawtar.Layout(path)
    plain = tar(debian_members())
    inner = layout.manifest([(plain, "")], [plain])
    for _ in range(100):
        inner = layout.blob(json.dumps({"schemaVersion": 2, "manifests": [inner]}).encode(),
                            "application/vnd.oci.image.index.v1+json")
    return "oci:" + layout.index([inner]), "limit"


@case
def huge_config(path):
    plain = tar(debian_members())
    layout = rawtar.Layout(path)
    entry = layout.manifest([(plain, "")], [plain])
    manifest_path = os.path.join(path, "blobs/sha256", entry["digest"][7:])
    manifest = json.load(open(manifest_path, encoding="utf-8"))
    config = os.path.join(path, "blobs/sha256", manifest["config"]["digest"][7:])
    with open(config, "r+b") as out:
        out.truncate(1 << 30)
    manifest["config"]["size"] = 1 << 30
    entry = layout.blob(json.dumps(manifest).encode(), manifest["mediaType"])
    return "oci:" + layout.index([entry]), "limit"


@case
def blob_shorter_than_declared(path):
    plain = tar(debian_members())
    oci(path, gz(plain), "+gzip", plain)
    name = os.path.join(path, "blobs/sha256", sha256(gz(plain))[7:])
    os.truncate(name, os.path.getsize(name) - 10)
    return "oci:" + path, "error"


@case
def blob_longer_than_declared(path):
    plain = tar(debian_members())
    oci(path, gz(plain), "+gzip", plain)
    with open(os.path.join(path, "blobs/sha256", sha256(gz(plain))[7:]), "ab") as out:
        out.write(b"more")
    return "oci:" + path, "error"


@case
def blob_is_a_fifo(path):
    plain = tar(debian_members())
    oci(path, plain, "", plain)
    name = os.path.join(path, "blobs/sha256", sha256(plain)[7:])
    os.unlink(name)
    os.mkfifo(name)
    return "oci:" + path, "error"


@case
def blob_links_outside(path):
    plain = tar(debian_members())
    oci(path, plain, "", plain)
    name = os.path.join(path, "blobs/sha256", sha256(plain)[7:])
    os.unlink(name)
    os.symlink("/etc/passwd", name)
    return "oci:" + path, "error"


# --- JSON ------------------------------------------------------------------------------------------

def with_manifest(path, manifest):
    return "docker-archive:" + rawtar.docker_archive(path, [tar(debian_members())], manifest=manifest), "error"


@case
def json_100000_deep(path):
    return with_manifest(path, b"[" * 100000 + b"]" * 100000)


@case
def json_duplicate_keys(path):
    return with_manifest(path, b'[{"Config":"a","Config":"b","RepoTags":[],"Layers":[]}]')


@case
def json_huge_string(path):
    plain = tar(debian_members())
    rawtar.docker_archive(path, [plain], extra=b"")
    with open(path, "r+b") as out:
        out.seek(-len(END), os.SEEK_END)
        # The second manifest.json wins in tar; its string is 2 GB of holes.
        out.write(rawtar.header(b"manifest.json", size=2 << 30))
        out.write(b'[{"Config":"')
        out.seek((2 << 30) - 12, os.SEEK_CUR)
        out.write(END)
    return "docker-archive:" + path, "error"


@case
def json_not_utf8(path):
    return with_manifest(path, b'[{"Config":"\xff\xfe","RepoTags":[],"Layers":[]}]')


@case
def json_empty_list(path):
    return with_manifest(path, b"[]")


# --- names -----------------------------------------------------------------------------------------

def names_case(names):
    def build(path):
        extra = b"".join(member(n) if len(n) <= 100 else rawtar.gnu_long(n) + member(n[:100]) for n in names)
        return layer_file(path, tar(extra, debian_members())), "same"
    return build


CASES["names_with_dotdot"] = names_case([b"../../../etc/shadow", b"a/../../b", b"..", b".", b"./", b"//x//y"])
CASES["names_absolute"] = names_case([b"/etc/passwd", b"/"])
CASES["names_with_controls"] = names_case([b"a\x01b\x7f", b"\x1b[31mred\x1b[0m", b"\x1b]0;title\x07", b"new\nline"])
CASES["names_invalid_utf8"] = names_case([b"\xff\xfe\xfd", b"\xc0\xaf", b"\xed\xa0\x80"])
CASES["names_bidirectional"] = names_case(["\u202egnp.exe".encode(), "\u2066x\u2069".encode(), "\u200b".encode()])


@case
def name_of_64_kib(path):
    return layer_file(path, tar(rawtar.gnu_long(b"n" * 65536), member(b"n"), debian_members())), "either"


@case
def name_of_10_gib(path):
    head = rawtar.header(b"././@LongLink", typeflag=b"L", size_field=rawtar.base256(10 << 30))
    return layer_file(path, head + b"n" * 100000), "error"


@case
def deep_path(path):
    return layer_file(path, tar(pax([(b"path", b"d/" * 100000 + b"f")]), member(b"f"), debian_members())), "either"


@case
def package_names_attack_the_terminal(path):
    status = rawtar.stanza(b"evil\x1b[2J\x1b]52;c;AAAA\x07", b"1.0\xe2\x80\xae") + rawtar.STATUS
    return layer_file(path, tar(member(b"etc/os-release", rawtar.OS_RELEASE),
                                member(b"var/lib/dpkg/status", status))), "either"


# --- links and special files -----------------------------------------------------------------------

def links_case(*members, expect="same"):
    def build(path):
        return layer_file(path, tar(debian_members(), *members)), expect
    return build


def link(name, target, typeflag):
    return member(name, link=target, typeflag=typeflag)


CASES["hardlink_to_nothing"] = links_case(link(b"a", b"does/not/exist", b"1"))
CASES["hardlink_to_itself"] = links_case(link(b"a", b"a", b"1"))
CASES["symlink_to_itself"] = links_case(link(b"a", b"a", b"2"))
CASES["devices_and_fifos"] = links_case(member(b"dev/null", typeflag=b"3"), member(b"dev/sda", typeflag=b"4"),
                                        member(b"fifo", typeflag=b"6"))
CASES["status_replaced_by_fifo"] = links_case(member(b"var/lib/dpkg/status", typeflag=b"6"), expect="error")


@case
def os_release_link_loop(path):
    loop = link(b"etc/os-release", b"../usr/lib/os-release", b"2") + link(b"usr/lib/os-release", b"../../etc/os-release", b"2")
    return layer_file(path, tar(loop, member(b"var/lib/dpkg/status", rawtar.STATUS))), "either"


@case
def dpkg_directory_link_loop(path):
    loop = link(b"var/lib/dpkg", b"../lib2/dpkg", b"2") + link(b"var/lib2", b"lib", b"2")
    return layer_file(path, tar(member(b"etc/os-release", rawtar.OS_RELEASE), loop)), "error"


@case
def status_links_outside(path):
    return layer_file(path, tar(member(b"etc/os-release", rawtar.OS_RELEASE),
                                link(b"var/lib/dpkg/status", b"/../../../../var/lib/dpkg/status", b"2"))), "error"


@case
def hardlink_chain_across_layers(path):
    layers = [tar(debian_members())]
    for i in range(200):
        source = b"var/lib/dpkg/status" if i == 0 else b"l%d" % (i - 1)
        layers.append(tar(link(b"l%d" % i, source, b"1")))
    return "docker-archive:" + rawtar.docker_archive(path, layers), "same"


# --- tar fields ------------------------------------------------------------------------------------

def size_case(field, expect="error"):
    def build(path):
        return layer_file(path, tar(debian_members(), rawtar.header(b"x", size_field=field))), expect
    return build


CASES["size_negative_octal"] = size_case(b"-0000000001\0")
CASES["size_not_octal"] = size_case(b"99999999999\0")
CASES["size_huge_octal"] = size_case(b"77777777777\0")
CASES["size_negative_base256"] = size_case(rawtar.base256(-1))
CASES["size_huge_base256"] = size_case(b"\x80" + b"\xff" * 11)
CASES["size_63_bits"] = size_case(rawtar.base256((1 << 63) - 1))


def pax_case(*records, expect="error"):
    def build(path):
        return layer_file(path, tar(debian_members(), pax(list(records)), member(b"x", b"data"))), expect
    return build


CASES["pax_size_negative"] = pax_case((b"size", b"-1"))
CASES["pax_size_huge"] = pax_case((b"size", b"9" * 30))
CASES["pax_size_63_bits"] = pax_case((b"size", str((1 << 63) - 1).encode()))
CASES["pax_empty_path"] = pax_case((b"path", b""), expect="either")
CASES["pax_nul_in_path"] = pax_case((b"path", b"a\0b"), expect="either")
CASES["sparse_overlap"] = pax_case((b"GNU.sparse.major", b"0"), (b"GNU.sparse.minor", b"1"),
                                   (b"GNU.sparse.name", b"x"), (b"GNU.sparse.size", b"100"),
                                   (b"GNU.sparse.map", b"0,4,2,4,90,4"))
CASES["sparse_beyond_the_end"] = pax_case((b"GNU.sparse.major", b"0"), (b"GNU.sparse.minor", b"1"),
                                          (b"GNU.sparse.size", b"3"), (b"GNU.sparse.map", b"0,4"))
CASES["sparse_overflow"] = pax_case((b"GNU.sparse.major", b"0"), (b"GNU.sparse.minor", b"1"),
                                    (b"GNU.sparse.size", b"18446744073709551615"),
                                    (b"GNU.sparse.map", b"18446744073709551614,4"))


@case
def pax_record_length_lies(path):
    body = b"99999 path=x\n"
    return layer_file(path, tar(debian_members(), member(b"p", body, typeflag=b"x"), member(b"x"))), "error"


@case
def sparse_status_of_a_terabyte(path):
    head = pax([(b"GNU.sparse.major", b"0"), (b"GNU.sparse.minor", b"1"), (b"GNU.sparse.size", b"1099511627776"),
                (b"GNU.sparse.name", b"var/lib/dpkg/status"), (b"GNU.sparse.map", b"0,4")])
    return layer_file(path, tar(member(b"etc/os-release", rawtar.OS_RELEASE), head,
                                member(b"var/lib/dpkg/status", b"Pack"))), "error"


@case
def checksum_wrong(path):
    return layer_file(path, tar(debian_members(), rawtar.header(b"x", checksum=1))), "error"


@case
def garbage_after_the_end(path):
    return layer_file(path, tar(debian_members()) + os.urandom(5000)), "either"


# --- package databases -----------------------------------------------------------------------------

def status_case(status, expect):
    def build(path):
        return layer_file(path, tar(member(b"etc/os-release", rawtar.OS_RELEASE),
                                    member(b"var/lib/dpkg/status", status))), expect
    return build


CASES["status_without_blank_lines"] = status_case(rawtar.STATUS.replace(b"\n\n", b"\n"), "either")
CASES["status_binary"] = status_case(bytes(range(256)) * 1000, "error")
CASES["status_nul_bytes"] = status_case(rawtar.STATUS + b"\0" * 4096, "either")
CASES["status_no_version"] = status_case(b"Package: a\nStatus: install ok installed\n\n" + rawtar.STATUS, "either")


@case
def status_with_a_1_gb_line(path):
    head = rawtar.header(b"var/lib/dpkg/status", size=1 << 30)
    with open(path, "wb") as out:
        out.write(member(b"etc/os-release", rawtar.OS_RELEASE) + head + b"Package: ")
        out.seek((1 << 30) - 9, os.SEEK_CUR)
        out.write(END)
    return "layer:" + path, "error"


@case
def apk_binary(path):
    release = b'ID=alpine\nVERSION_ID=3.19.1\n'
    return layer_file(path, tar(member(b"etc/os-release", release),
                                member(b"lib/apk/db/installed", os.urandom(1 << 20)))), "error"


def rpm_case(name, data):
    def build(path):
        release = b'ID="rhel"\nVERSION_ID="8.4"\n'
        return layer_file(path, tar(member(b"etc/os-release", release),
                                    member(b"var/lib/rpm/" + name, data))), "error"
    return build


def bdb_page(number, next_page, kind, entries=0, size=4096):
    page = bytearray(size)
    struct.pack_into("<IIIIIHHBB", page, 0, 0, 1, number, 0, next_page, entries, 26, 0, kind)
    return bytes(page)


def bdb_cyclic():
    meta = bytearray(4096)
    struct.pack_into("<IIII", meta, 0, 0, 1, 0, 0x061561)
    struct.pack_into("<II", meta, 16, 9, 4096)
    meta[25] = 8
    struct.pack_into("<I", meta, 32, 3)
    bucket = bytearray(bdb_page(1, 1, 13, 2))
    struct.pack_into("<HH", bucket, 26, 4000, 3980)
    bucket[4000] = 1
    struct.pack_into("<B3xII", bucket, 3980, 3, 2, 1 << 30)
    overflow = bytearray(bdb_page(2, 2, 7))
    return bytes(meta + bucket + overflow + bdb_page(3, 3, 7))


CASES["rpm_bdb_cyclic"] = rpm_case(b"Packages", bdb_cyclic())
CASES["rpm_bdb_truncated"] = rpm_case(b"Packages", bdb_cyclic()[:700])
CASES["rpm_bdb_page_size_zero"] = rpm_case(b"Packages", bdb_cyclic()[:20] + b"\0" * 4 + bdb_cyclic()[24:])
CASES["rpm_ndb_slots_lie"] = rpm_case(b"Packages.db", b"RpmP" + struct.pack("<IIII", 0, 1, 0xffffffff, 0) + b"Slot" * 2000)
CASES["rpm_ndb_garbage"] = rpm_case(b"Packages.db", b"RpmP" + os.urandom(8192))
CASES["rpm_sqlite_garbage"] = rpm_case(b"rpmdb.sqlite", b"SQLite format 3\0" + os.urandom(8192))
CASES["rpm_empty"] = rpm_case(b"rpmdb.sqlite", b"")
CASES["rpm_unknown"] = rpm_case(b"Packages", b"what is this" * 1000)


# --- directories -----------------------------------------------------------------------------------

def debian_directory(path):
    for name, data in (("etc/os-release", rawtar.OS_RELEASE), ("var/lib/dpkg/status", rawtar.STATUS)):
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        with open(os.path.join(path, name), "wb") as out:
            out.write(data)


@case
def directory_with_fifos_and_sockets(path):
    debian_directory(path)
    os.mkfifo(os.path.join(path, "etc/alpine-release"))
    os.mkfifo(os.path.join(path, "fifo"))
    return "dir:" + path, "either"


@case
def directory_links_to_the_host(path):
    os.makedirs(os.path.join(path, "etc"))
    os.makedirs(os.path.join(path, "var/lib"))
    with open(os.path.join(path, "etc/os-release"), "wb") as out:
        out.write(rawtar.OS_RELEASE)
    os.symlink("/var/lib/dpkg", os.path.join(path, "var/lib/dpkg"))
    return "dir:" + path, "error"


@case
def directory_link_loops(path):
    debian_directory(path)
    for i in range(50):
        os.symlink("..", os.path.join(path, f"loop{i}"))
    return "dir:" + path, "same"


@case
def directory_deep(path):
    debian_directory(path)
    here = os.open(path, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    return "dir:" + path, "either"


@case
def empty_file(path):
    return layer_file(path, b""), "error"


@case
def random_file(path):
    return layer_file(path, os.urandom(1 << 20)), "error"
