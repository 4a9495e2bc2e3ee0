"""What the style checks share: the list of files, C without comments, the report.

Each tools/check_NAME [ROOT] prints FILE:LINE: MESSAGE for what it finds and exits with 1 then.
tools/check_checks proves that each check finds what it is for.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else
                       os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))


def files(pattern):
    """Paths below ROOT that git knows or would know, and that match; sorted."""
    done = subprocess.run(['git', '-C', ROOT, 'ls-files', '-co', '--exclude-standard'],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode == 0 and os.path.exists(os.path.join(ROOT, '.git')):
        names = done.stdout.splitlines()
    else:
        # A source archive without git: build directories are left out by name.
        names = [os.path.relpath(os.path.join(d, f), ROOT) for d, _, fs in os.walk(ROOT) for f in fs
                 if not os.path.relpath(d, ROOT).startswith(('build', '.git'))]
    return sorted(n for n in set(names)
                  if re.search(pattern, n) and os.path.isfile(os.path.join(ROOT, n)))


def c_files():
    return files(r'\.[ch]$')


def read(name):
    with open(os.path.join(ROOT, name), encoding='utf-8', errors='replace') as f:
        return f.read()


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text, strings=True):
    """C text with comments (and the contents of strings) turned to spaces; lines stay."""

    def clear(match):
        token = match.group(0)
        if token[0] in '"\'':
            return token[0] + re.sub(r'[^\n]', ' ', token[1:-1]) + token[0] if strings else token
        return re.sub(r'[^\n]', ' ', token)

    return TOKEN.sub(clear, text)


class Report:
    def __init__(self):
        self.n = 0

    def add(self, name, line, message):
        print(f'{name}:{line}: {message}')
        self.n += 1

    def finish(self):
        sys.exit(1 if self.n else 0)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1
