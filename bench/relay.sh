#!/usr/bin/env bash
# bench/relay.sh [SECONDS] - our STUN and TURN server beside coturn's: the same load, the same run, one
# process on one core each; the load has the other core.
#
#   cmake --preset bench && cmake --build --preset bench --target glass bench_relay_load
#   bench/relay.sh
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-3}
glass=build/bench/demo/glass
load=build/bench/bench/bench_relay_load
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

taskset -c 0 "$glass" serve --host 127.0.0.1 --port 0 --turn-port 3490 --turns-port 5490 --user bench:bench \
  --allow-peer 127.0.0.0/8 --max-allocations 100000 --user-allocations 100000 >"$work/glass.log" 2>&1 &
ours=$!
pids+=("$ours")
taskset -c 0 turnserver -n --no-cli --listening-ip=127.0.0.1 --relay-ip=127.0.0.1 --listening-port=3491 --no-tls --no-dtls \
  --lt-cred-mech --user=bench:bench --realm=bench --allow-loopback-peers -m 1 --min-port=49152 --max-port=65535 \
  --userdb="$work/turndb" --pidfile="$work/pid" --log-file="$work/coturn.log" --simple-log >"$work/coturn.out" 2>&1 &
theirs=$!
pids+=("$theirs")
sleep 1
echo "load average before: $(cut -d' ' -f1-3 /proc/loadavg)"
for mode in stun alloc relay bulk; do
  printf 'glass   '; taskset -c 1 "$load" $mode 127.0.0.1:3490 bench bench 127.0.0.1 "$ours" "$seconds"
  printf 'coturn  '; taskset -c 1 "$load" $mode 127.0.0.1:3491 bench bench 127.0.0.1 "$theirs" "$seconds"
done
