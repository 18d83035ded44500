# How the process starts, says what is wrong, and stops. Sourced by run-e2e.sh with a broker running in $dir on $store_settings; leaves it stopped.
echo "== the process: health, refused starts, SIGTERM"

http_get "$http" /health/live >"$work/actual"
printf '200\nlive\n' >"$work/expected"
check "/health/live answers"

http_get "$http" /health/ready >"$work/actual"
printf '200\nready\n' >"$work/expected"
check "/health/ready answers once clients are served"

figures='process_resident_bytes|sediment_memory_used_bytes|sediment_store_requests_seconds_count|sediment_wal_ack_seconds_count'
http_get "$http" /metrics | grep -oE "^(200|$figures)\b" | sort -u >"$work/actual"
tr '|' '\n' <<<"200|$figures" >"$work/expected"
check "/metrics has the broker's figures as Prometheus text"

# A start that must fail: its exit status, the number of lines it prints, and the parts of them that PATTERN names.
refused_start() { # PATTERN NAME=value...
  local pattern=$1 status=0 port=$port http=$http raft=$raft
  shift
  claim_ports
  env HOST=127.0.0.1 PORT="$port" HTTP_PORT="$http" RAFT_LISTEN_ADDR="127.0.0.1:$raft" RAFT_PATH="$dir/raft" "${store_settings[@]}" "$@" \
    "$java" -Xmx256m -jar examples/cluster/target/sediment.jar >"$dir/refused.log" 2>&1 || status=$?
  echo "exit $status"
  if [ "$status" = 2 ]; then grep -c ERROR "$dir/refused.log"; fi
  grep -oE "$pattern" "$dir/refused.log" || cat "$dir/refused.log"
}

refused_start 'RAFT_PATH=.* is in use by another broker process' >"$work/actual"
printf 'exit 3\nRAFT_PATH=%s is in use by another broker process\n' "$dir/raft" >"$work/expected"
check "a second start on data in use says so, with exit status 3"

wrong_setting() { # NAME VALUE ALLOWED
  refused_start "$1='.*" "$1=$2" >"$work/actual"
  printf "exit 2\n1\n%s='%s' is not allowed; it takes %s\n" "$1" "$2" "$3" >"$work/expected"
  check "$1=$2 is refused in one line, with exit status 2"
}
wrong_setting PORT 70000 'a port number, 1 to 65535'
wrong_setting MEMORY_BUDGET 1m 'a size like 64m or 2g, at least 64m, or nothing'
wrong_setting OBJECT_STORE_TYPE tape 'local, s3, memory'

echo "== SIGTERM under a producer"
numbers_slowly() { # for some seconds, so that the broker stops somewhere in between
  local n
  for ((n = 0; n < 200; n++)); do
    seq $((n * 1000 + 1)) $((n * 1000 + 1000))
    sleep 0.02
  done
}
numbers_slowly | produce -E -t drained -p 0 -X enable.idempotence=true -X message.timeout.ms=60000 2>"$work/drained.log" &
producer=$!
until [ "$(consume -t drained -p 0 -o beginning -c 1 2>/dev/null | wc -l)" = 1 ]; do sleep 0.1; done
stop_broker
tail -n 1 "$dir/broker.log" | grep -o 'stopped$' >"$work/actual" || true
echo stopped >"$work/expected"
check "SIGTERM under load ends the broker in order, with exit status 0"

restart_broker "$dir" "${store_settings[@]}"
wait "$producer"
consume -t drained -p 0 -o beginning >"$work/actual"
seq 1 200000 >"$work/expected"
check "a producer that goes on after the restart has lost and doubled nothing"
stop_broker

refused_start 'CLUSTER_ID=other but the bucket belongs to cluster' CLUSTER_ID=other >"$work/actual"
printf 'exit 2\n1\nCLUSTER_ID=other but the bucket belongs to cluster\n' >"$work/expected"
check "another cluster's CLUSTER_ID is refused with exit status 2"
