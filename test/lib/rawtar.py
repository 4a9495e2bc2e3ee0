# SPDX-License-Identifier: Apache-2.0
"""Tar members written byte by byte, so that every field can be wrong, and images made from them."""
import gzip
import hashlib
import io
import json
import os

BLOCK = 512


def octal(value, width):
    return f"{value:0{width - 1}o}".encode() + b"\0"


def header(name=b"file", size=0, typeflag=b"0", link=b"", mode=0o644, size_field=None, magic=b"ustar\x0000",
           prefix=b"", checksum=None, mtime=0, uid=0):
    """One 512-byte header; size_field replaces the 12 bytes of the size whatever they say."""
    block = bytearray(BLOCK)
    block[0:len(name[:100])] = name[:100]
    block[100:108] = octal(mode, 8)
    block[108:116] = octal(uid, 8)
    block[116:124] = octal(0, 8)
    block[124:136] = size_field if size_field is not None else octal(size, 12)
    block[136:148] = octal(mtime, 12)
    block[156:157] = typeflag
    block[157:157 + len(link[:100])] = link[:100]
    block[257:265] = magic
    block[345:345 + len(prefix[:155])] = prefix[:155]
    block[148:156] = b" " * 8
    total = sum(block) if checksum is None else checksum
    block[148:156] = f"{total:06o}\0 ".encode()
    return bytes(block)


def padded(data):
    return data + b"\0" * (-len(data) % BLOCK)


def member(name, data=b"", **kwargs):
    kwargs.setdefault("size", len(data))
    return header(name, **kwargs) + padded(data)


def pax_record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def pax(records, typeflag=b"x"):
    body = b"".join(pax_record(k, v) for k, v in records)
    return member(b"PaxHeaders/x", body, typeflag=typeflag)


def gnu_long(text, typeflag=b"L"):
    return member(b"././@LongLink", text + b"\0", typeflag=typeflag, magic=b"ustar  \0")


def base256(value, width=12):
    raw = value.to_bytes(width, "big", signed=True)
    return (bytes([raw[0] | 0x80]) + raw[1:]) if value >= 0 else raw


END = b"\0" * (2 * BLOCK)


def tar(*members):
    return b"".join(members) + END


OS_RELEASE = b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'


def stanza(name, version, extra=b""):
    return (b"Package: " + name + b"\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: "
            b"Debian Developers <d@lists.debian.org>\nVersion: " + version + b"\n" + extra + b"Description: x\n\n")


STATUS = stanza(b"openssl", b"3.0.1-1") + stanza(b"zlib1g", b"1:1.2.13.dfsg-1", b"Source: zlib\n")
PACKAGES = {("openssl", "3.0.1-1"), ("zlib1g", "1:1.2.13.dfsg-1")}


def debian_members():
    """The least that makes a Debian: os-release and a status file with two packages."""
    return (member(b"etc/os-release", OS_RELEASE) + member(b"var/lib/dpkg/status", STATUS))


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def docker_archive(path, layers, config=None, manifest=None, extra=b""):
    """Write a docker-archive of uncompressed layers; config and manifest replace what is written."""
    names = []
    done = set()
    with open(path, "wb") as out:
        for layer in layers:
            name = sha256(layer)[7:] + "/layer.tar"
            names.append(name)
            if name not in done:
                done.add(name)
                out.write(header(name.encode(), size=len(layer)))
                out.write(layer)
                out.write(b"\0" * (-len(layer) % BLOCK))
        if config is None:
            config = image_config([sha256(layer) for layer in layers])
        config_name = sha256(config)[7:] + ".json"
        if manifest is None:
            manifest = json.dumps([{"Config": config_name, "RepoTags": ["t:1"], "Layers": names}]).encode()
        out.write(member(config_name.encode(), config))
        out.write(member(b"manifest.json", manifest))
        out.write(extra)
        out.write(END)
    return path


def image_config(diff_ids):
    return json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                       "rootfs": {"type": "layers", "diff_ids": diff_ids},
                       "history": [{"created_by": f"step {i}"} for i in range(len(diff_ids))]}).encode()


class Layout:
    """An OCI layout directory under construction."""

    def __init__(self, path):
        self.path = path
        os.makedirs(os.path.join(path, "blobs/sha256"), exist_ok=True)
        with open(os.path.join(path, "oci-layout"), "w", encoding="utf-8") as out:
            out.write('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data, media_type):
        digest = sha256(data)
        with open(os.path.join(self.path, "blobs/sha256", digest[7:]), "wb") as out:
            out.write(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def manifest(self, layers, plain_layers, config=None):
        """layers: [(stored bytes, media type suffix)], plain_layers: their uncompressed bytes or diff_ids."""
        diff_ids = [p if isinstance(p, str) else sha256(p) for p in plain_layers]
        cfg = self.blob(config if config is not None else image_config(diff_ids),
                        "application/vnd.oci.image.config.v1+json")
        stored = [self.blob(data, "application/vnd.oci.image.layer.v1.tar" + suffix) for data, suffix in layers]
        document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": cfg, "layers": stored}
        return self.blob(json.dumps(document).encode(), document["mediaType"])

    def index(self, manifests, name="index.json"):
        document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                    "manifests": manifests}
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as out:
            json.dump(document, out)
        return self.path


def oci(path, stored, suffix, plain):
    """OCI layout with one layer."""
    layout = Layout(path)
    return layout.index([layout.manifest([(stored, suffix)], [plain])])


def gz(data):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, compresslevel=6) as stream:
        stream.write(data)
    return out.getvalue()
