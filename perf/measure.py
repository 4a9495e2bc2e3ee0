"""What the measurements share: the best of several runs of a command, in time and memory."""
import os
import subprocess

TIMED = os.path.join(os.environ['SK_BUILD'], 'perf', 'timed')


def best(cmd, times=7, accept=(0,), env=None, stdin=None):
    """Least wall seconds and largest peak memory (bytes) of several runs: other load only adds time.

    Output is thrown away; children count in the memory as the largest single process.
    """
    done = subprocess.run([TIMED, str(times)] + cmd, stdin=stdin or subprocess.DEVNULL, check=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, text=True)
    ns, kib, code = done.stderr.splitlines()[-1].split()
    if int(code) not in accept:
        raise RuntimeError(f'{cmd} exited with {code}: {done.stderr[-500:]}')
    return int(ns) / 1e9, int(kib) * 1024


def report(name, unit, ours, floor=None, goal=None, peer=None):
    """Prints one line for perf/run."""
    texts = ['-' if x is None else f'{x:.4g}' for x in (ours, floor, goal, peer)]
    print('\t'.join([name, unit] + texts))
