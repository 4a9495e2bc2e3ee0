# SPDX-License-Identifier: Apache-2.0
"""Real Debian trees, a real Docker engine and real image tools for the integration tests.

Trees are made once by debootstrap and kept under SK_CACHE (the build directory), because the same tree
serves the release build and the sanitizer build.
"""
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time

SKIP = 77


def skip(reason):
    """End the test as skipped; the reason is what the runner shows."""
    print(reason)
    sys.exit(SKIP)


def need(*tools):
    """Skip unless every tool is installed."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        skip("not installed: " + ", ".join(missing))


def run(*argv, **kwargs):
    """Run a command that must succeed; show its output when it does not."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **kwargs)
    if done.returncode != 0:
        sys.stdout.buffer.write(done.stdout)
        raise SystemExit(f"{' '.join(argv)}: exit {done.returncode}")
    return done.stdout


def cache_dir():
    path = os.environ.get("SK_CACHE") or os.path.join(os.environ["SK_TMP"], "cache")
    os.makedirs(path, exist_ok=True)
    return path


def mirror():
    """The archive that this machine's apt uses; debootstrap's default where it names none."""
    for name in ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]:
        if not os.path.exists(name):
            continue
        for line in open(name, encoding="utf-8"):
            words = line.split()
            if len(words) >= 2 and words[0] == "URIs:":
                return words[1]
            if len(words) >= 3 and words[0] == "deb":
                return next((w for w in words[1:] if "://" in w), None)
    return "http://deb.debian.org/debian"


def debian_tree(suite):
    """Directory with a minimal Debian of the suite, without its security updates."""
    need("debootstrap")
    if os.geteuid() != 0:
        skip("debootstrap needs root")
    tree = os.path.join(cache_dir(), f"debian-{suite}")
    with open(tree + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(tree + "/.complete"):
            shutil.rmtree(tree, ignore_errors=True)
            run("debootstrap", "--variant=minbase", suite, tree + "/root", mirror())
            shutil.rmtree(tree + "/root/var/cache/apt/archives", ignore_errors=True)
            open(tree + "/.complete", "w", encoding="utf-8").close()
    return tree + "/root"


@contextlib.contextmanager
def docker_engine(tmp):
    """A Docker engine of the test's own; yields the DOCKER_HOST value."""
    need("dockerd", "docker")
    if os.geteuid() != 0:
        skip("a Docker engine needs root")
    # Socket paths are limited to 108 bytes, so it does not live in the deep temporary directory.
    base = f"/run/stockade-test-{os.getpid()}"
    os.makedirs(base, exist_ok=True)
    host = f"unix://{base}/docker.sock"
    log = open(os.path.join(tmp, "dockerd.log"), "wb")
    engine = subprocess.Popen(
        ["dockerd", "--data-root", os.path.join(tmp, "docker"), "--exec-root", base + "/exec",
         "--pidfile", base + "/pid", "-H", host, "--iptables=false", "--bridge=none"],
        stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            answer = subprocess.run(["docker", "-H", host, "info"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, check=False)
            if answer.returncode == 0:
                break
            if engine.poll() is not None:
                skip("the Docker engine does not start here: "
                     + open(log.name, encoding="utf-8", errors="replace").read()[-300:])
            time.sleep(0.1)
        else:
            raise SystemExit("the Docker engine did not answer within 30 s")
        yield host
    finally:
        engine.terminate()
        engine.wait()
        log.close()
        subprocess.run(["umount", "-R", os.path.join(tmp, "docker")], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(base, ignore_errors=True)
