#!/usr/bin/env bash
# Consumer groups with the clients that people use, against one broker on the local store: for each library three members that join, leave and are killed
# while records are produced; Kafka's own tools; a Kafka Streams word count with both protocols; a broker that is killed under a group; and one of three that is
# taken over from.
#
#   scripts/run-clients-e2e.sh [--only NAME,NAME…]     NAME: a library of the list below, tools, streams, kill or failover
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
only=
while [ $# -gt 0 ]; do
  case $1 in
    --only) only=$2; shift 2 ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

wanted() { [ -z "$only" ] || [[ ,$only, == *,$1,* ]]; }

need=()
command -v kcat >/dev/null || need+=(kcat)
if wanted kafka-python && ! /usr/bin/python3 -c 'import kafka' 2>/dev/null; then need+=(python3-kafka); fi
if wanted confluent-kafka && ! /usr/bin/python3 -c 'import confluent_kafka' 2>/dev/null; then need+=(python3-confluent-kafka); fi
if wanted sarama; then
  command -v go >/dev/null || need+=(golang-go)
  command -v gcc >/dev/null || need+=(gcc libc6-dev)
  [ -d /usr/share/gocode/src/github.com/Shopify/sarama ] || need+=(golang-github-shopify-sarama-dev)
fi
if wanted kafkajs && ! command -v npm >/dev/null; then need+=(npm); fi
if [ ${#need[@]} -gt 0 ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}") >/dev/null
  else
    echo "missing: ${need[*]}; install these packages (the names are Debian's) and run again" >&2
    exit 1
  fi
fi

scripts/build-if-stale.sh
work=$PWD/examples/cluster/target/clients
rm -rf "$work/run" && mkdir -p "$work/run"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
source scripts/lib/e2e.sh
source scripts/lib/groups.sh

find_class_path current scripts/clients/current/pom.xml 4.4.0
find_class_path 3.9 scripts/clients/old/pom.xml 3.9.1
find_class_path 2.1 scripts/clients/old/pom.xml 2.1.1

if wanted kafkajs && [ ! -d "$work/node_modules/kafkajs" ]; then
  npm install --silent --no-audit --no-fund --prefix "$work" kafkajs@2.2.4 >/dev/null
fi
if wanted sarama && [ scripts/clients/member.go -nt "$work/member-sarama" ]; then
  GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$work/go-cache CGO_CFLAGS=-w go build -o "$work/member-sarama" scripts/clients/member.go
fi
for version in current 3.9 2.1; do compile_client "$version" Member; done
compile_client current WordCount
compile_client current Commits

dir=$work/run
set_sessions() { # MS: how long members may be silent, both as those of classic groups ask for and as brokers tell the others
  session_ms=$1
  classic=("session.timeout.ms=$session_ms" heartbeat.interval.ms=300)
  settings_of_groups=(GROUP_INITIAL_REBALANCE_DELAY_MS=0 GROUP_MIN_SESSION_TIMEOUT_MS=1000
    "GROUP_CONFIGS=group.consumer.min.session.timeout.ms=1000,group.consumer.session.timeout.ms=$session_ms,group.consumer.min.heartbeat.interval.ms=300,group.consumer.heartbeat.interval.ms=300,group.streams.initial.rebalance.delay.ms=0")
  broker_settings=(OBJECT_STORE_TYPE=local "DATA_PATH=$dir/data" "${settings_of_groups[@]}")
}
set_sessions 3000 # members that are killed are missed soon
start_broker "$dir" "${broker_settings[@]}"

jvm=("$java" -Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn)

members_of() { # NAME: sets $member, the command of a member of that library, to which broker, topic and group are appended, and whether it $tells_commits
  tail=() tells_commits=yes
  case $1 in
    java) member=("${jvm[@]}" -cp "$work/current:${class_path[current]}" Member); tail=("${classic[@]}") ;;
    java-cooperative) member=("${jvm[@]}" -cp "$work/current:${class_path[current]}" Member)
      tail=("${classic[@]}" partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor) ;;
    java-consumer) member=("${jvm[@]}" -cp "$work/current:${class_path[current]}" Member); tail=(group.protocol=consumer) ;;
    java-3.9) member=("${jvm[@]}" -cp "$work/3.9:${class_path[3.9]}" Member); tail=("${classic[@]}") ;;
    java-2.1) member=("${jvm[@]}" -cp "$work/2.1:${class_path[2.1]}" Member); tail=("${classic[@]}") ;;
    confluent-kafka) member=(/usr/bin/python3 scripts/clients/member_confluent.py) ;;
    kafka-python) member=(/usr/bin/python3 scripts/clients/member_kafka.py) ;;
    kafkajs) member=(env "NODE_PATH=$work/node_modules" node scripts/clients/member.js) ;;
    sarama) member=("$work/member-sarama") tells_commits=no ;;
    kcat) member=(scripts/clients/member_kcat.sh) tells_commits=no ;;
  esac
}

for library in java java-cooperative java-consumer java-3.9 java-2.1 confluent-kafka kafka-python kafkajs sarama kcat; do
  if wanted "$library"; then
    members_of "$library"
    three_members "$library"
  fi
done
if wanted kcat; then source scripts/lib/kcat-groups.sh; fi
if wanted tools; then source scripts/lib/kafka-tools.sh; fi
if wanted streams; then
  word_count classic
  word_count streams
fi
lenient_ms=20000 # where a broker is killed: on a slow machine its members take seconds to find the next one
if wanted kill; then
  set_sessions "$lenient_ms"
  stop_broker
  restart_broker "$dir" "${broker_settings[@]}"
  for library in java java-consumer; do
    members_of "$library"
    killed_broker "$library"
  done
fi
stop_broker
if wanted failover; then
  set_sessions "$lenient_ms"
  for library in java java-consumer; do
    members_of "$library"
    failed_over "$library"
  done
fi
echo "$passed passed, 0 failed"
