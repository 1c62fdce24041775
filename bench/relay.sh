#!/usr/bin/env bash
# bench/relay.sh [ROUNDS] [SECONDS] - our STUN and TURN server beside coturn's: the same load, the same run, one
# process on one core each; the load has the other core. The two take turns; medians, and the ratio pair by pair.
#
#   cmake --preset bench && cmake --build --preset bench --target glass bench_relay_load
#   bench/relay.sh
#
# ROUNDS of SECONDS for each of stun, alloc, relay, bulk. Root may set NICE=-15 where others use the machine as well.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-5} seconds=${2:-2} nice=${NICE:-0}
modes=${MODES:-stun alloc relay bulk}
glass=${GLASS:-build/bench/demo/glass}
load=build/bench/bench/bench_relay_load
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

nice -n "$nice" taskset -c 0 "$glass" serve --host 127.0.0.1 --port 0 --turn-port 3490 --turns-port 5490 --user bench:bench \
  --allow-peer 127.0.0.0/8 --max-allocations 100000 --user-allocations 100000 >/dev/null 2>"$work/glass.log" &
ours=$!
pids+=("$ours")
nice -n "$nice" taskset -c 0 turnserver -n --no-cli --listening-ip=127.0.0.1 --relay-ip=127.0.0.1 --listening-port=3491 --no-tls --no-dtls \
  --lt-cred-mech --user=bench:bench --realm=bench --allow-loopback-peers -m 0 --min-port=49152 --max-port=65535 \
  --userdb="$work/turndb" --pidfile="$work/pid" --log-file="$work/coturn.log" --simple-log >/dev/null 2>&1 &
theirs=$!
pids+=("$theirs")
sleep 1
echo "load average before: $(cut -d' ' -f1-3 /proc/loadavg)"
ask() { nice -n "$nice" taskset -c 1 "$load" "$1" "127.0.0.1:$2" bench bench 127.0.0.1 "$3" "$seconds"; }
for mode in $modes; do
  for _ in $(seq "$rounds"); do
    echo "glass $(ask "$mode" 3490 "$ours") coturn $(ask "$mode" 3491 "$theirs")" | tee -a "$work/rounds"
  done
done
python3 - "$work/rounds" <<'SUMMARY'
import statistics, sys

rounds = {}
for line in open(sys.argv[1]):
    _, mode, ours, our_cost, _, _, theirs, their_cost = line.split()
    rounds.setdefault(mode, []).append([float(x) for x in (ours, our_cost, theirs, their_cost)])
print("| job | glass/s | coturn/s | ratio (min to max) | glass us | coturn us | ratio (min to max) |")
print("|---|---|---|---|---|---|---|")
for mode, rows in rounds.items():
    rate, cost = [a / c for a, _, c, _ in rows], [d / b for _, b, _, d in rows]
    a, b, c, d = (statistics.median(column) for column in zip(*rows))
    print(f"| {mode} | {a:,.0f} | {c:,.0f} | {statistics.median(rate):.2f} ({min(rate):.2f} to {max(rate):.2f}) "
          f"| {b:.2f} | {d:.2f} | {statistics.median(cost):.2f} ({min(cost):.2f} to {max(cost):.2f}) |")
SUMMARY
