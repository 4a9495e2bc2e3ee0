# SPDX-License-Identifier: Apache-2.0
# For tests of the guard: an engine of their own, images from Debian's packages, the guard in the
# background. Everything lives under SK_TMP and ends with the test.

skip() {
	echo "$*"
	exit 77
}

fail() {
	echo "FAILED: $*" >&2
	[ -s "$SK_TMP/guard.err" ] && sed 's/^/guard: /' "$SK_TMP/guard.err" >&2
	[ -s "$SK_TMP/events.json" ] && tail -n 20 "$SK_TMP/events.json" >&2
	exit 1
}

guard_needs() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -e /sys/kernel/btf/vmlinux ] || skip "this kernel has no type information (BTF)"
	GUARD_HERE=1
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip "needs $tool"
	done
	local what
	what=$("$STOCKADE" doctor -f json 2>/dev/null) || true
	case $what in
	*'"backend":"none"'* | *'"backend": "none"'*) skip "no backend of the guard works here: ${what:0:200}" ;;
	esac
}

ENGINE_PID=
GUARD_PID=
GUARD_HERE= # the test runs guards on this machine

guard_end() {
	local status=$?
	[ -n "$GUARD_PID" ] && kill -TERM "$GUARD_PID" 2>/dev/null && wait "$GUARD_PID" 2>/dev/null
	[ -n "$GUARD_HERE" ] && "$STOCKADE" guard stop >/dev/null 2>&1
	if [ -n "$ENGINE_PID" ]; then
		docker ps -aq 2>/dev/null | xargs -r docker rm -f >/dev/null 2>&1
		kill "$ENGINE_PID" 2>/dev/null
		wait "$ENGINE_PID" 2>/dev/null
		grep -l "^$SK_TMP" /proc/self/mounts >/dev/null 2>&1 || true
		awk -v t="$SK_TMP/" 'index($2, t) == 1 { print $2 }' /proc/self/mounts | sort -r |
			xargs -r -n 1 umount 2>/dev/null
	fi
	return "$status"
}
trap guard_end EXIT

# An engine without bridges and packet filters: containers have the host's network or none.
engine_start() {
	local dir=$SK_TMP/engine
	mkdir -p "$dir"
	dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
		-H "unix://$dir/docker.sock" --iptables=false --ip6tables=false --bridge=none \
		--storage-driver=overlay2 >"$dir/log" 2>&1 &
	ENGINE_PID=$!
	export DOCKER_HOST=unix://$dir/docker.sock
	local i
	for i in $(seq 150); do
		docker info >/dev/null 2>&1 && return
		kill -0 "$ENGINE_PID" 2>/dev/null || break
		sleep 0.2
	done
	skip "no Docker engine can be started here: $(tail -n 1 "$dir/log")"
}

# guard_start ARG...: `stockade guard ARG...` in the background, ready when this returns.
guard_start() {
	: >"$SK_TMP/guard.err"
	"$STOCKADE" guard "$@" >"$SK_TMP/guard.out" 2>"$SK_TMP/guard.err" &
	GUARD_PID=$!
	local i
	for i in $(seq 600); do
		grep -q ready "$SK_TMP/guard.err" && return
		kill -0 "$GUARD_PID" 2>/dev/null || break
		sleep 0.1
	done
	fail "guard $1 does not get ready"
}

guard_stop() {
	kill -TERM "$GUARD_PID"
	local status=0
	wait "$GUARD_PID" || status=$?
	GUARD_PID=
	[ "$status" = 0 ] || fail "guard ended with $status"
}

# busybox_image NAME [OPTION OF docker import]...: the static busybox with links for some applets.
busybox_image() {
	local root=$SK_TMP/busybox-image applet
	mkdir -p "$root/bin" "$root/tmp" "$root/etc" "$root/data"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in sh ls cat id sleep wget cp mv chmod chown touch ln echo env mkdir rm nc true head; do
		ln -sf busybox "$root/bin/$applet"
	done
	tar -C "$root" -c . | docker import "${@:2}" - "$1" >/dev/null
}

# events FILTER: how many events of the file satisfy a Python expression over e (a dictionary);
# folded ones count as often as they happened.
events() {
	python3 - "$SK_TMP/events.json" "$1" <<'PY'
import json, sys
n = 0
try:
    lines = open(sys.argv[1])
except FileNotFoundError:
    lines = []
for line in lines:
    e = json.loads(line)
    reason = e.get("reason", {}).get("kind", "")
    process, file = e.get("process", {}), e.get("file", {})
    if eval("(" + sys.argv[2] + ")"):
        n += e["count"]
print(n)
PY
}
