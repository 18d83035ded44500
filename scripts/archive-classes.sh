#!/usr/bin/env bash
# Starts a broker once, in memory and for a moment, and keeps the classes that it loaded in examples/cluster/target/sediment.jsa: a start with
# -XX:SharedArchiveFile=…/sediment.jsa costs half the processor time of one without. The file fits only this jar and this JVM; to any other
# JVM it is nothing, so a failure here fails nothing: brokers then start as they do without.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jar=$PWD/examples/cluster/target/sediment.jar # the archive remembers the path
archive=${jar%.jar}.jsa
work=$(mktemp -d)
broker=
trap '[ -z "$broker" ] || kill -9 "$broker" 2>/dev/null || true; rm -rf "$work"' EXIT
rm -f "$archive"
for attempt in 1 2 3; do # ports are drawn, not reserved
  port=$((15000 + RANDOM % 15000))
  HOST=127.0.0.1 PORT=$port HTTP_PORT=$((port + 1)) RAFT_LISTEN_ADDR=127.0.0.1:$((port + 2)) RAFT_PATH=$work/raft-$attempt OBJECT_STORE_TYPE=local \
    DATA_PATH=$work/data-$attempt "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx256m -XX:ArchiveClassesAtExit="$work/archive" -Xlog:cds=off -Xlog:cds+dynamic=off \
    -jar "$jar" >"$work/log" 2>&1 &
  broker=$!
  while kill -0 "$broker" 2>/dev/null && ! grep -q "Sediment is ready" "$work/log"; do sleep 0.1; done
  kill "$broker" 2>/dev/null || true
  wait "$broker" || true
  broker=
  if [ -s "$work/archive" ]; then
    mv "$work/archive" "$archive"
    exit 0
  fi
done
echo "no class archive, starts will be slower; the last attempt said:" >&2
tail -n 5 "$work/log" >&2
: >"$archive" # which the JVM ignores, and nobody tries again
