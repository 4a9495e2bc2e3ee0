# SPDX-License-Identifier: Apache-2.0
"""Images made of nothing, for tests: layers from lists of entries, archives in every layout.

A layer is a list of entries: (path, bytes) a file, (path, None) a directory, (path, "-> target") a
symbolic link, (path, "=> target") a hard link. Everything can be bent on the way, which is what
tests of broken images do.
"""
import gzip
import hashlib
import io
import json
import lzma
import bz2
import os
import subprocess
import tarfile


def sha(data):
    return hashlib.sha256(data).hexdigest()


def layer(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in entries:
            info = tarfile.TarInfo(path)
            if content is None:
                info.type = tarfile.DIRTYPE
                info.mode = 0o755
                tar.addfile(info)
            elif isinstance(content, str) and content.startswith("-> "):
                info.type = tarfile.SYMTYPE
                info.linkname = content[3:]
                tar.addfile(info)
            elif isinstance(content, str) and content.startswith("=> "):
                info.type = tarfile.LNKTYPE
                info.linkname = content[3:]
                tar.addfile(info)
            else:
                data = content.encode() if isinstance(content, str) else content
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def compress(data, how):
    if how in (None, "plain"):
        return data
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "xz":
        return lzma.compress(data)
    if how == "bzip2":
        return bz2.compress(data)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE,
                              check=True).stdout
    raise ValueError(how)


MEDIA = {None: "", "plain": "", "gzip": "+gzip", "zstd": "+zstd", "xz": "+xz", "bzip2": "+bzip2"}


class Image:
    """One image: its layers, its configuration, and the blobs that an OCI layout has for them."""

    def __init__(self, layers, how="gzip", os_="linux", arch="amd64", variant=None, history=None,
                 diff_ids=None, config=None, user=None):
        self.tars = [l if isinstance(l, bytes) else layer(l) for l in layers]
        self.how = how
        self.platform = {"os": os_, "architecture": arch}
        if variant:
            self.platform["variant"] = variant
        self.config = dict(self.platform)
        if history is None:
            history = [{"created_by": f"step {i}"} for i in range(len(self.tars))]
        self.config.update({
            "created": "2024-01-01T00:00:00Z",
            "config": {"User": user} if user else {},
            "rootfs": {"type": "layers", "diff_ids": diff_ids if diff_ids is not None else
                       ["sha256:" + sha(t) for t in self.tars]},
            "history": history,
        })
        if config:
            self.config.update(config)
        self.config_bytes = json.dumps(self.config, separators=(",", ":")).encode()
        self.stored = [compress(t, how) for t in self.tars]

    def blobs(self):
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.descriptor(self.config_bytes,
                                      "application/vnd.oci.image.config.v1+json"),
            "layers": [self.descriptor(s, "application/vnd.oci.image.layer.v1.tar" +
                                       MEDIA[self.how]) for s in self.stored],
        }
        self.manifest_bytes = json.dumps(manifest, separators=(",", ":")).encode()
        return [self.manifest_bytes, self.config_bytes] + self.stored

    @staticmethod
    def descriptor(data, media_type):
        return {"mediaType": media_type, "digest": "sha256:" + sha(data), "size": len(data)}


def oci_files(images, tags=None, nested=False, attestation=False):
    """Files of an OCI layout: {path: bytes}. @images: one Image, or several in one index."""
    images = images if isinstance(images, list) else [images]
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    entries = []
    for i, image in enumerate(images):
        for blob in image.blobs():
            files["blobs/sha256/" + sha(blob)] = blob
        entry = Image.descriptor(image.manifest_bytes,
                                 "application/vnd.oci.image.manifest.v1+json")
        entry["platform"] = image.platform
        if tags:
            entry["annotations"] = {"org.opencontainers.image.ref.name": tags[i]}
        entries.append(entry)
    if attestation:
        blob = b'{"schemaVersion":2,"config":{"digest":"sha256:' + b"0" * 64 + \
               b'","size":1},"layers":[]}'
        files["blobs/sha256/" + sha(blob)] = blob
        entry = Image.descriptor(blob, "application/vnd.oci.image.manifest.v1+json")
        entry["platform"] = {"os": "unknown", "architecture": "unknown"}
        entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
        entries.insert(0, entry)
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
             "manifests": entries}
    if nested:
        blob = json.dumps(index).encode()
        files["blobs/sha256/" + sha(blob)] = blob
        index = dict(index, manifests=[Image.descriptor(
            blob, "application/vnd.oci.image.index.v1+json")])
    files["index.json"] = json.dumps(index).encode()
    return files


def docker_files(images, tags=None, names=None, hybrid=False):
    """Members of a docker-archive: {path: bytes or "-> target"}, manifest.json last."""
    images = images if isinstance(images, list) else [images]
    files, manifest = {}, []
    for i, image in enumerate(images):
        layers = []
        for k, (tar, stored) in enumerate(zip(image.tars, image.stored)):
            data = tar if image.how in (None, "plain") else stored
            name = names[k] if names else f"{sha(tar)}/layer.tar"
            if hybrid:
                name = "blobs/sha256/" + sha(data)
            files.setdefault(name, data)
            layers.append(name)
        config = sha(image.config_bytes) + ".json"
        if hybrid:
            config = "blobs/sha256/" + sha(image.config_bytes)
        files[config] = image.config_bytes
        manifest.append({"Config": config, "RepoTags": [tags[i]] if tags else None,
                         "Layers": layers})
    if hybrid:
        files.update(oci_files(images))
    files["manifest.json"] = json.dumps(manifest).encode()
    return files


def write_tar(path, files, order=None):
    names = order if order else list(files)
    with open(path, "wb") as out:
        out.write(layer([(n, files[n]) for n in names]))


def write_dir(path, files):
    for name, data in files.items():
        full = os.path.join(path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as out:
            out.write(data)


DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' \
         'VERSION_CODENAME=bookworm\n'
ALPINE = 'ID=alpine\nVERSION_ID=3.11.5\nPRETTY_NAME="Alpine Linux v3.11"\n'


def dpkg(*packages):
    """A dpkg status file of "name=version" or "name=version<source=version"."""
    text = ""
    for p in packages:
        name, _, version = p.partition("=")
        version, _, source = version.partition("<")
        text += f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n"
        text += "Maintainer: Debian Developers <x@lists.debian.org>\n"
        if source:
            s, _, v = source.partition("=")
            text += f"Source: {s} ({v})\n" if v else f"Source: {s}\n"
        text += f"Version: {version}\nDescription: x\n\n"
    return text


def apk(*packages):
    return "".join("P:{}\nV:{}\nA:x86_64\n\n".format(*p.split("=")) for p in packages)
