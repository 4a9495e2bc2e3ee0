#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Both ends of t6220.

guard-dns.py client: commands from standard input, one result a line.
guard-dns.py forge FILE: a name server on 10.66.0.20 that answers as the word in FILE says.
guard-dns.py embedded FILE: one on 127.0.0.11 that answers with the address in FILE.
guard-dns.py serve: takes connections on the ports of the test.
"""
import socket
import struct
import sys
import threading


def name_of(text):
    return b"".join(bytes([len(w)]) + w.encode() for w in text.split(".")) + b"\0"


def question(number, name, kind=1):
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + name_of(name) + struct.pack(">HH", kind, 1)


def answer(query, address, number=None, name=None):
    """What a server says to a query; with another id or name where that is given."""
    asked = query[12:] if name is None else name_of(name) + query[-4:]
    head = query[:2] if number is None else struct.pack(">H", number)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
    return head + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + asked + record


def connect(where, port):
    try:
        socket.create_connection((where, int(port)), 3).close()
        return "ok"
    except socket.gaierror as e:
        return f"unknown {e.errno}"
    except OSError as e:
        return f"errno {e.errno}"


def ask(server, name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        try:
            s.sendto(question(4711, name), (server, 53))
            s.recvfrom(4096)
            return "answered"
        except OSError as e:
            return f"nothing {e.errno}"


def ask_connected(server, name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        try:
            s.connect((server, 53))
            s.send(question(4712, name))
            s.recv(4096)
            return "answered"
        except OSError as e:
            return f"nothing {e.errno}"


def ask_tcp(server, name):
    with socket.create_connection((server, 53), 3) as s:
        q = question(7, name)
        s.sendall(struct.pack(">H", len(q)) + q)
        return "answered" if len(s.recv(4096)) > 12 else "nothing"


def own(name, address):
    """A process of the container answers its own question."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def serve():
        query, peer = server.recvfrom(4096)
        server.sendto(answer(query, address), peer)

    t = threading.Thread(target=serve, daemon=True)
    t.start()
    result = ask("127.0.0.1", name)
    server.close()
    return result


def flood(server, n):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for i in range(int(n)):
            s.sendto(question(i & 0xffff, f"f{i}.example.net"), (server, 53))
    return "ok"


def client():
    commands = {"connect": connect, "ask": ask, "connected": ask_connected, "tcp": ask_tcp, "own": own, "flood": flood}
    for line in sys.stdin:
        word, *args = line.split()
        if word == "quit":
            break
        try:
            print(commands[word](*args), flush=True)
        except OSError as e:
            print(f"failed {e.errno}", flush=True)


def forge(path):
    right = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    right.bind(("10.66.0.20", 53))
    wrong = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wrong.bind(("10.66.0.20", 5353))
    while True:
        query, peer = right.recvfrom(4096)
        how = open(path, encoding="utf-8").read().strip()
        number = struct.unpack(">H", query[:2])[0]
        if how == "id":
            right.sendto(answer(query, "10.66.0.14", number=number ^ 1), peer)
        elif how == "port":
            wrong.sendto(answer(query, "10.66.0.14"), peer)
        elif how == "name":
            right.sendto(answer(query, "10.66.0.14", name="db.example.com"), peer)
        elif how == "true":
            right.sendto(answer(query, "10.66.0.14"), peer)


def embedded(path):
    """An engine's resolver: in the container's network, not in its cgroup, behind a redirection."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.11", 1053))
    while True:
        query, peer = s.recvfrom(4096)
        s.sendto(answer(query, open(path, encoding="utf-8").read().strip()), peer)


def serve():
    listeners = []
    for port in (5432, 5433, 6379):
        s = socket.create_server(("::", port), family=socket.AF_INET6, backlog=64, dualstack_ipv6=True)
        listeners.append(s)
    print("ready", flush=True)

    def take(s):
        while True:
            s.accept()[0].close()

    for s in listeners:
        threading.Thread(target=take, args=(s,), daemon=True).start()
    threading.Event().wait()


{"client": client, "forge": lambda: forge(sys.argv[2]), "embedded": lambda: embedded(sys.argv[2]), "serve": serve}[sys.argv[1]]()
