#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the vulndb targets: fuzz/mkcorpus-vulndb.py STOCKADE (from the source root).

Feeds are the inputs of the unit tests, one document a seed; databases are built from them.
"""
import io
import os
import subprocess
import sys
import tempfile
import zipfile

DATA = 'src/vulndb/testdata'
KINDS = [
    ('secdb', '"distroversion"'), ('redhat', '"bugzilla"'), ('ubuntu', '"candidate"'), ('amazon', '"Pkglist"'),
    ('arch', '"AVG-'), ('kev', '"catalogVersion"'), ('kev', '"CVE_RECORD"'),
    ('eol', '"releaseCycle"'), ('debian', '"bookworm"'),
]


def put(target, name, data):
    place = f'fuzz/corpus/vulndb_{target}'
    os.makedirs(place, exist_ok=True)
    with open(f'{place}/{name}', 'wb') as f:
        f.write(data)


def main():
    for case in sorted(os.listdir(DATA)):
        if not case.endswith('.in'):
            continue
        with open(f'{DATA}/{case}', encoding='utf-8') as f:
            for i, line in enumerate(f):
                kind = next((k for k, word in KINDS if word in line), 'osv')
                if kind != 'osv' or len(line) > 500:
                    put(kind, f'{case[:-3]}-{i}', line.encode())
        with tempfile.TemporaryDirectory() as tmp:
            subprocess.run([sys.argv[1], 'db', 'build', '--text', '--from', f'{DATA}/{case}', '-o', f'{tmp}/db'],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with open(f'{tmp}/db', 'rb') as f:
                put('file', case[:-3], f.read())
            if case == 'signals.in':
                with open(f'{tmp}/db.text', 'rb') as f:
                    put('text', case[:-3], f.read())
    put('repos', 'map', b'{"data":{"rhel-8-for-x86_64-baseos-rpms":{"cpes":["cpe:/o:redhat:enterprise_linux:8::baseos",'
        b'"cpe:/o:redhat:rhel_eus:8.6::baseos"]},"x":{"cpes":["cpe:/a:other:x"]}}}\n')
    put('table', 'epss', b'#model_version:v2021.04.14,score_date:2021-08-31T00:00:00+0000\ncve,epss,percentile\n'
        b'CVE-2017-0001,0.04847,0.87467\nCVE-2017-0002,2,0.9\n')
    put('table', 'vulnrichment', b'CVE-1999-0006\tCVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\tnone\tyes\ttotal\t0\n'
        b'CVE-1999-0007\t\tnone\tno\tpartial\t0\n')
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, 'w') as z:
        for name, how in (('a.json', zipfile.ZIP_DEFLATED), ('b.json', zipfile.ZIP_STORED), ('d/', zipfile.ZIP_STORED)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            z.writestr(info, '{"id":"CVE-2024-0001"}' * (not name.endswith('/')), how)
    put('zip', 'three', archive.getvalue())
    with open(f'{DATA}/cvss.data', encoding='utf-8') as f:
        for i, line in enumerate(x for x in f if not x.startswith('#')):
            if i % 9 == 0:
                put('cvss', f'v{i}', line.split(' ')[0].encode())


main()
