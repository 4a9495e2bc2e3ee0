"""What the measurements share: the best of several runs of a command, in time and memory."""
import os
import subprocess
import time


def run(cmd, accept=(0,), env=None):
    """Wall seconds and peak memory (bytes) of one run of @cmd and its children."""
    start = time.perf_counter()
    child = subprocess.Popen(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    stderr = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    child.returncode = code
    if code not in accept:
        raise RuntimeError(f'{cmd} exited with {code}: {stderr.decode("utf-8", "replace")[-500:]}')
    return seconds, usage.ru_maxrss * 1024


def best(cmd, times=7, accept=(0,), env=None):
    """The least time and the largest memory of several runs: other load only ever adds time."""
    runs = [run(cmd, accept, env) for _ in range(times)]
    return min(r[0] for r in runs), max(r[1] for r in runs)


def report(name, unit, ours, floor=None, goal=None, peer=None):
    """Prints one line for perf/run."""
    texts = ['-' if x is None else f'{x:.4g}' for x in (ours, floor, goal, peer)]
    print('\t'.join([name, unit] + texts))
