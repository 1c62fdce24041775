#!/usr/bin/env bash
# scripts/clean_room.sh [COMMAND...] - the project in a bare Debian 12, made by debootstrap.
#
# Clones the committed state into a new root without any package beyond the minimal system, runs
# there what a newcomer types, and says how long it took. Needs root and debootstrap. Default: start
# `./glass lab`, wait for its page, then run ./check. The root is removed afterwards; KEEP=1 keeps it.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
room=$work/room
release=${RELEASE:-bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}

finish() {
  [ -z "${lab:-}" ] || kill "$lab" 2>/dev/null || true
  for place in proc sys dev/pts dev; do umount -l "$room/$place" 2>/dev/null || true; done
  [ -n "${KEEP:-}" ] && echo "the room is kept: $room" || rm -rf --one-file-system "$work"
}
trap finish EXIT

echo "making a bare Debian ($release) ..."
debootstrap --variant=minbase "$release" "$room" "$mirror" >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log"; exit 1; }
cp /etc/resolv.conf "$room/etc/resolv.conf"
mount -t proc proc "$room/proc"
mount --rbind /dev "$room/dev"
mount --make-rslave "$room/dev"
git clone -q "$here" "$room/root/glassrtc"

inside() { chroot "$room" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8 bash -c "cd /root/glassrtc && $1"; }

if [ $# -gt 0 ]; then
  inside "$*"
  exit
fi

began=$SECONDS
inside "./glass lab --port 18097" >"$work/lab.log" 2>&1 &
lab=$!
until bash -c 'exec 3<>/dev/tcp/127.0.0.1/18097 && printf "GET / HTTP/1.0\r\nHost: localhost:18097\r\n\r\n" >&3 && grep -qi "<!doctype html" <&3' 2>/dev/null; do
  kill -0 "$lab" 2>/dev/null || { cat "$work/lab.log"; echo "the lab ended before its page was there"; exit 1; }
  [ $((SECONDS - began)) -lt 600 ] || { cat "$work/lab.log"; echo "no page after ten minutes"; exit 1; }
  sleep 1
done
echo "from clone to page: $((SECONDS - began)) s"
kill "$lab" 2>/dev/null || true
pkill -f 'glass lab --port 18097' 2>/dev/null || true
lab=
inside "./check"
