#!/usr/bin/env bash
# Consumer groups with clients that people use, against one broker on the local store: three members that join, leave and are killed while records are
# produced, once with each assignor of the list below; and kcat -G.
#
#   scripts/run-clients-e2e.sh [--only NAME]     NAME: java, java-cooperative or kcat
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
only=
while [ $# -gt 0 ]; do
  case $1 in
    --only) only=$2; shift 2 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

if ! command -v kcat >/dev/null; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq kcat) >/dev/null
  else
    echo "kcat is missing; install it (Debian and Ubuntu: apt-get install kcat; macOS: brew install kcat) and run again" >&2
    exit 1
  fi
fi

scripts/build-if-stale.sh
work=$PWD/examples/cluster/target/clients
rm -rf "$work/run" && mkdir -p "$work/run"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
source scripts/lib/e2e.sh
source scripts/lib/groups.sh

declare -A class_path
file=$work/class-path
if [ ! -s "$file" ] || [ scripts/clients/current/pom.xml -nt "$file" ]; then
  ./mvnw -B -q -ntp -f scripts/clients/current/pom.xml dependency:build-classpath -Dmdep.outputFile="$file"
fi
class_path[current]=$(cat "$file")
mkdir -p "$work/current"
"${java}c" -nowarn --release 11 -d "$work/current" -cp "${class_path[current]}" scripts/clients/Member.java

dir=$work/run
broker_settings=(OBJECT_STORE_TYPE=local "DATA_PATH=$dir/data" GROUP_INITIAL_REBALANCE_DELAY_MS=0 GROUP_MIN_SESSION_TIMEOUT_MS=1000)
start_broker "$dir" "${broker_settings[@]}"

wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
jvm=("$java" -Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn)
classic=(session.timeout.ms=3000 heartbeat.interval.ms=300)

members_of() { # NAME: sets $member, the command of a member of that library, to which broker, topic and group are appended
  tail=()
  case $1 in
    java) member=("${jvm[@]}" -cp "$work/current:${class_path[current]}" Member); tail=("${classic[@]}") ;;
    java-cooperative) member=("${jvm[@]}" -cp "$work/current:${class_path[current]}" Member)
      tail=("${classic[@]}" partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor) ;;
  esac
}

for library in java java-cooperative; do
  if wanted "$library"; then
    members_of "$library"
    three_members "$library"
  fi
done
if wanted kcat; then source scripts/lib/kcat-groups.sh; fi
stop_broker
echo "$passed passed, 0 failed"
