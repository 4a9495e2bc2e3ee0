# SPDX-License-Identifier: Apache-2.0
"""A web server with a temper, for tests of everything that fetches: static files from a directory, with the
misbehaviour that a test asks for by path. Every request is recorded."""
import base64
import email.utils
import hashlib
import http.server
import os
import socket
import socketserver
import ssl
import subprocess
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def content(self):
        path = self.path.split("?")[0].lstrip("/")
        from urllib.parse import unquote
        full = os.path.join(self.server.root, unquote(path))
        if not os.path.isfile(full):
            return None, None
        with open(full, "rb") as data:
            return data.read(), os.stat(full).st_mtime

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def plan(self):
        """The next misbehaviour planned for this path, None for none."""
        with self.server.lock:
            queue = self.server.plans.get(self.path.split("?")[0], [])
            return queue.pop(0) if queue else None

    def do_GET(self):
        with self.server.lock:
            self.server.requests.append((self.path, dict(self.headers)))
        plan = self.plan()
        if plan is not None and plan[0] == "status":
            self.answer(plan[1], b"planned", plan[2] if len(plan) > 2 else ())
            return
        if plan is not None and plan[0] == "redirect":
            self.answer(302, b"", [("Location", plan[1])])
            return
        body, mtime = self.content()
        if body is None:
            self.answer(404, b"no such file")
            return
        self.serve(body, mtime, plan)

    def serve(self, body, mtime, plan):
        etag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        headers = [("ETag", etag), ("Last-Modified", email.utils.formatdate(mtime, usegmt=True))]
        if plan is not None and plan[0] == "no-validator":
            headers = []
            plan = plan[1] if len(plan) > 1 else None
        if self.server.checksums:
            headers.append(("x-goog-hash", "crc32c=AAAAAA==,md5=" + base64.b64encode(hashlib.md5(body).digest()).decode()))
            headers.append(("Repr-Digest", "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"))
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, b"", headers)
            return
        status, start = 200, 0
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and self.headers.get("If-Range", etag) in (etag, headers and headers[1][1]):
            start = int(wanted[6:].split("-")[0])
            status = 206
            headers.append(("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}"))
        part = body[start:]
        if plan is None:
            self.answer(status, part, headers)
        elif plan[0] == "truncate":
            self.answer(status, part[:plan[1]], headers, length=len(part))
            self.close_connection = True
        elif plan[0] == "stall":
            self.answer(status, part[:plan[1]], headers, length=len(part))
            self.wfile.flush()
            self.server.stop.wait(plan[2])
            self.close_connection = True
        elif plan[0] == "corrupt":
            self.answer(status, bytes(b ^ 0xff for b in part), headers)
        elif plan[0] == "slow":
            time.sleep(plan[1])
            self.answer(status, part, headers)
        else:
            raise ValueError(plan)


class Quiet:
    """A client that hangs up is part of the tests."""

    def handle_error(self, request, client_address):
        pass


class Server(Quiet, socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class UnixServer(Quiet, socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("unix", 0)


class Web:
    """Context manager: Web(root) or Web(root, tls=directory) or Web(root, unix=path)."""

    def __init__(self, root, tls=None, unix=None):
        self.server = UnixServer(unix, Handler) if unix else Server(("127.0.0.1", 0), Handler)
        self.server.root = root
        self.server.plans = {}
        self.server.requests = []
        self.server.checksums = False
        self.server.lock = threading.Lock()
        self.server.stop = threading.Event()
        self.scheme = "http"
        if tls:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(tls, "cert.pem"), os.path.join(tls, "key.pem"))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = "http://unix" if unix else f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.stop.set()
        self.server.shutdown()
        self.server.server_close()

    def plan(self, path, *steps):
        """What the next requests for a path meet, one step each."""
        self.server.plans[path] = list(steps)

    def requests(self, path=None):
        with self.server.lock:
            found = [r for r in self.server.requests if path is None or r[0].split("?")[0] == path]
        return found

    def forget(self):
        with self.server.lock:
            self.server.requests.clear()


def certificate(directory):
    """Self-signed certificate for 127.0.0.1; cert.pem is its own authority."""
    os.makedirs(directory, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", os.path.join(directory, "key.pem"),
                    "-out", os.path.join(directory, "cert.pem")], check=True, stderr=subprocess.DEVNULL)
    return directory


def closed_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
