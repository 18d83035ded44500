#!/usr/bin/env bash
# Builds what is stale and runs N brokers (default 3) on loopback over one shared store, in the foreground; Ctrl-C stops them together.
# Broker i listens on BASE_PORT + i (default 19092), its Raft port is 100 above and its HTTP port 200 above. The first three vote on metadata.
#
#   scripts/run-cluster.sh [N]
#
# Everything lies in CLUSTER_DIR (default ./cluster): a folder per broker, its log and its Raft folder, and with the local store the data.
# The store's variables (OBJECT_STORE_TYPE, S3_BUCKET …) and all other settings in the environment go to every broker; JAVA_OPTS to every JVM.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/lib/broker-command.sh"
source "$root/scripts/lib/http.sh"
count=${1:-3}
base=${BASE_PORT:-19092}
dir=${CLUSTER_DIR:-./cluster}
if ! [[ $count =~ ^[1-9][0-9]?$ ]]; then
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
"$root/scripts/build-if-stale.sh"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

peers=
for ((i = 0; i < count && i < 3; i++)); do peers+=${peers:+,}$i=127.0.0.1:$((base + 100 + i)); done

set_broker_command "-Xmx384m -XX:MaxDirectMemorySize=384m -XX:+ExitOnOutOfMemoryError"
pids=()
stop() {
  trap - INT TERM EXIT
  if ((${#pids[@]})); then
    kill "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true
  fi
}
trap stop EXIT
trap 'stop; exit 0' INT TERM

bootstrap=
for ((i = 0; i < count; i++)); do
  mkdir -p "$dir/broker-$i"
  env BROKER_ID=$i HOST=127.0.0.1 PORT=$((base + i)) RAFT_LISTEN_ADDR=127.0.0.1:$((base + 100 + i)) RAFT_PEERS="$peers" \
    HTTP_PORT=$((base + 200 + i)) RAFT_PATH="$dir/broker-$i/raft" DATA_PATH="${DATA_PATH:-$dir/data}" \
    "${broker_command[@]}" >>"$dir/broker-$i/broker.log" 2>&1 &
  pids+=($!)
  bootstrap+=${bootstrap:+,}127.0.0.1:$((base + i))
done
for ((i = 0; i < count; i++)); do
  until is_ready $((base + 200 + i)); do
    if ! kill -0 "${pids[i]}" 2>/dev/null; then
      echo "broker $i ended; its log: $dir/broker-$i/broker.log" >&2
      tail -5 "$dir/broker-$i/broker.log" >&2
      exit 1
    fi
    sleep 0.2
  done
  echo "broker $i is ready: pid ${pids[i]}, log $dir/broker-$i/broker.log"
done
echo "The cluster is ready: kcat -b $bootstrap -L"
wait
