#!/usr/bin/env bash
# Starts two brokers that form a cluster, for a moment and on the local disk, and keeps the classes that one of them loaded in an archive beside the
# jar, sediment.jsa: a start with -XX:SharedArchiveFile=…/sediment.jsa costs half the processor time of one without, and a broker that comes to lead the
# metadata group does so without reading classes from the jar first. So this one is to lead it before it leaves; where it does not, the archive lacks
# these classes and nothing else. The file fits only this jar, at this path, and this JVM; to any other JVM it is nothing, so a failure here fails
# nothing: brokers then start as they do without.
#
#   scripts/archive-classes.sh [JAR]     default: examples/cluster/target/sediment.jar
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/lib/http.sh"
jar=$(realpath "${1:-$root/examples/cluster/target/sediment.jar}") # the archive remembers the path
archive=${jar%.jar}.jsa
work=$(mktemp -d)
brokers=()
end() {
  for pid in ${brokers[@]+"${brokers[@]}"}; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
}
trap 'end; rm -rf "$work"' EXIT
rm -f "$archive"

start() { # BROKER [JVM OPTION...]
  local id=$1
  shift
  BROKER_ID=$id HOST=127.0.0.1 PORT=$((port + id)) HTTP_PORT=$((port + 2 + id)) RAFT_LISTEN_ADDR=127.0.0.1:$((port + 4 + id)) \
    RAFT_PEERS="0=127.0.0.1:$((port + 4)),1=127.0.0.1:$((port + 5))" RAFT_PATH=$dir/raft-$id OBJECT_STORE_TYPE=local DATA_PATH=$dir/data \
    "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx256m "$@" -jar "$jar" >"$dir/log-$id" 2>&1 &
  brokers[id]=$!
}
await_ready() { # BROKER; neither of the two is without the other
  local tries pid
  for ((tries = 0; tries < 600; tries++)); do
    ! grep -q "Sediment is ready" "$dir/log-$1" || return 0
    for pid in "${brokers[@]}"; do kill -0 "$pid" 2>/dev/null || return 1; done
    sleep 0.1
  done
  return 1
}
leads() { # whether broker 0 does
  local metrics
  metrics=$(http_get $((port + 2)) /metrics) && grep -q '^sediment_metadata_leader .*1\.0' <<<"$metrics"
}
stop() { kill "${brokers[$1]}" && wait "${brokers[$1]}"; }

rehearse() {
  start 0 -XX:ArchiveClassesAtExit="$dir/archive" -Xlog:cds=off -Xlog:cds+dynamic=off
  start 1
  await_ready 0 && await_ready 1 || return 1
  if ! leads; then # the other one leaves, and comes back as a follower
    stop 1 || return 1
    start 1
    await_ready 1 || return 1
  fi
  stop 0 || return 1
  [ -s "$dir/archive" ]
}

for attempt in 1 2 3; do # ports are drawn, not reserved
  port=$((15000 + RANDOM % 15000))
  dir=$work/$attempt
  mkdir "$dir"
  if rehearse; then
    mv "$dir/archive" "$archive"
    exit 0
  fi
  end
done
echo "no class archive, starts will be slower; the last attempt said:" >&2
tail -n 5 "$dir"/log-* >&2
: >"$archive" # which the JVM ignores, and nobody tries again
