"""What the measurements share: the best of several runs of a command, in time and memory, the inputs,
the floor of layers, a database."""
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.parse

SRC, BUILD = os.environ['SK_SRC'], os.environ['SK_BUILD']
PROGRAM = os.environ['STOCKADE']
SHARED = os.environ.get('SK_SHARED', '')
TIMED = os.path.join(BUILD, 'perf', 'timed')
INPUTS = os.path.join(BUILD, 'bench-inputs')
SKIP = 77


class Result:
    """Least wall and CPU seconds, and the largest memory of one process, and of all together (bytes)."""

    def __init__(self, text):
        ns, kib, code, cpu_ns, tree_kib = (int(word) for word in text.split())
        self.wall, self.cpu, self.code = ns / 1e9, cpu_ns / 1e9, code
        self.memory, self.tree = kib * 1024, max(tree_kib, kib) * 1024


def skip(reason):
    print(reason)
    sys.exit(SKIP)


def run(cmd, times=5, accept=(0,), env=None, watch=False):
    """Several runs of a command: other load only adds time. Output is thrown away.

    @watch: once more, looking at the memory of all processes together
    """
    done = subprocess.run([TIMED] + ['-t'] * watch + [str(times)] + cmd, stdin=subprocess.DEVNULL, check=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, text=True)
    result = Result(done.stderr.splitlines()[-1])
    if result.code not in accept:
        raise RuntimeError(f'{cmd} exited with {result.code}: {done.stderr[-500:]}')
    return result


def best(cmd, times=7, accept=(0,), env=None):
    """Least wall seconds and largest peak memory of one process (bytes)."""
    result = run(cmd, times, accept, env)
    return result.wall, result.memory


def report(name, unit, ours, floor=None, goal=None, peer=None):
    """Prints one line for perf/run."""
    texts = ['-' if x is None else f'{x:.4g}' for x in (ours, floor, goal, peer)]
    print('\t'.join([name, unit] + texts), flush=True)


def inputs(name):
    """Makes an input of perf/mk_inputs unless it is there; its directory."""
    done = subprocess.run([os.path.join(SRC, 'perf', 'mk_inputs'), INPUTS, name], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        skip(f'cannot make the input {name}: {done.stdout.strip().splitlines()[-1:]}')
    return INPUTS


def origin(name):
    """What the input is made of; a stand-in is said on stderr."""
    path = os.path.join(INPUTS, name + '.origin')
    if os.path.exists(path):
        text = open(path, encoding='utf-8').read().strip()
        print(f'# {name}: {text}', file=sys.stderr)


def layer_places(archive):
    """Where the layers of a docker-archive or OCI archive lie: ["OFF:LEN"...], largest first."""
    with tarfile.open(archive) as tar:
        files = {m.name: m for m in tar if m.isfile()}
        load = lambda name: json.load(tar.extractfile(files[name]))
        if 'manifest.json' in files:
            names = load('manifest.json')[0]['Layers']
        else:
            blob = lambda d: 'blobs/' + d['digest'].replace(':', '/')
            names = [blob(l) for l in load(blob(load('index.json')['manifests'][0]))['layers']]
    return [f'{files[n].offset_data}:{files[n].size}' for n in names]


class Floor:
    def __init__(self, text):
        words = text.split()
        self.two_cores, self.cpu, self.inflate, self.hash = (float(w) for w in words[:4])
        self.stored, self.plain = (int(w) for w in words[4:])


def floor(file, places, stored, times=2):
    """What reading, inflating and hashing alone need; None where ISA-L is not there to be measured."""
    tool = os.path.join(BUILD, 'perf', 'bench_floor')
    if not os.path.exists(tool):
        return None
    done = subprocess.run([tool, str(times), 'stored' if stored else 'plain', file] + places, check=True,
                          stdout=subprocess.PIPE, text=True)
    return Floor(done.stdout)


def database():
    """A database built by this program: of all feeds where they are at hand, else the starter set.

    Beside it lies how long building took and in how much memory, as JSON.
    """
    path = os.path.join(INPUTS, 'all.db')
    note = path + '.json'
    os.makedirs(INPUTS, exist_ok=True)
    if os.path.exists(note) and os.path.getmtime(note) >= os.path.getmtime(PROGRAM):
        return path
    if not SHARED:
        for name in ('data/starter.db', 'starter.db'):
            if os.path.exists(os.path.join(BUILD, name)):
                return os.path.join(BUILD, name)
        skip('no feeds to build a database from')
    done = run([PROGRAM, 'db', 'build', '--from', os.path.join(SHARED, 'data'), '-o', path], 1, watch=False)
    with open(note, 'w', encoding='utf-8') as file:
        json.dump({'wall': done.wall, 'cpu': done.cpu, 'memory': done.memory}, file)
    return path


def database_note():
    path = os.path.join(INPUTS, 'all.db.json')
    return json.load(open(path, encoding='utf-8')) if os.path.exists(path) else None


def packages(count):
    """The file with @count package URLs: what this machine has installed, as often as it takes."""
    path = os.path.join(INPUTS, f'packages-{count}')
    os.makedirs(INPUTS, exist_ok=True)
    if os.path.exists(path):
        return path
    if shutil.which('dpkg-query') is None:
        skip('no dpkg to take a list of packages from')
    fields = '${db:Status-Status}\t${Package}\t${Version}\t${source:Package}\t${source:Version}\t${Architecture}\n'
    text = subprocess.run(['dpkg-query', '-W', '-f', fields], check=True, stdout=subprocess.PIPE, text=True).stdout
    quote = lambda s: urllib.parse.quote(s, safe='')
    rows = [l.split('\t')[1:] for l in text.splitlines() if l.startswith('installed\t')]
    lines = [f'pkg:deb/debian/{quote(n)}@{quote(v)}?arch={a}&distro=debian-12&upstream={quote(sn)}%40{quote(sv)}'
             for n, v, sn, sv, a in rows]
    # Too few: the same again in another release.
    lines += [l.replace('distro=debian-12', 'distro=debian-11') for l in lines]
    while len(lines) < count:
        lines += lines
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines[:count]) + '\n')
    return path


def peer(archive, times=1):
    """Seconds of the first installed scanner that reads this archive offline, and its name."""
    plain = archive.split(':', 1)[-1]
    scanners = {
        'trivy': ['trivy', 'image', '--quiet', '--skip-db-update', '--skip-java-db-update', '--offline-scan',
                  '--input', plain],
        'grype': ['grype', '-q', archive],
        'syft': ['syft', '-q', archive],
        'osv-scanner': ['osv-scanner', 'scan', 'image', '--archive', plain],
    }
    for name, cmd in scanners.items():
        if shutil.which(name) is None:
            continue
        try:
            return run(cmd, times, accept=(0, 1)).wall
        except RuntimeError as why:
            print(f'# {name}: {str(why)[-200:]}', file=sys.stderr)
    return None


def count_calls(cmd, prefix):
    """System calls, allocations and copies of a command and its workers; None for what cannot be counted."""
    calls = None
    if shutil.which('strace'):
        out = prefix + '.strace'
        subprocess.run(['strace', '-f', '-qq', '-c', '-o', out] + cmd, check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        rows = [line.split() for line in open(out, encoding='utf-8')]
        calls = sum(int(row[3]) for row in rows if len(row) > 4 and row[3].isdigit() and row[-1] != 'total')
    counter = os.path.join(BUILD, 'perf', 'count.so')
    if not os.path.exists(counter):
        return calls, None
    path = prefix + '.count'
    with open(path, 'wb') as file:
        file.write(bytes(48))
    subprocess.run(cmd, check=False, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, LD_PRELOAD=counter, COUNT_FILE=path))
    data = open(path, 'rb').read()
    numbers = [int.from_bytes(data[i:i + 8], sys.byteorder) for i in range(0, 32, 8)]
    return calls, numbers
