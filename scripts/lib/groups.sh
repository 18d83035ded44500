# Scenarios with groups for run-clients-e2e.sh, which sets $member and $tail: the command of a member, with the broker, a topic and a group in between.
partitions=6
member_pids=()

start_member() { # FILE TOPIC GROUP: its lines go to FILE
  "${member[@]}" "$broker" "$2" "$3" ${tail[@]+"${tail[@]}"} >"$1" 2>"$1.err" &
  member_pids+=($!)
}

watch_commits() { # FILE GROUP: writes there what the group commits, for members that do not tell
  "${jvm[@]}" -cp "$work/current:${class_path[current]}" Commits "$broker" "$2" >"$1" 2>"$1.err" &
  watcher=$!
}

drop_torn_line() { # FILE: of a member that was killed in the middle of a line; the next file's first line would be taken for its rest
  if [ -n "$(tail -c 1 "$1")" ]; then sed -i '$d' "$1"; fi
}

await_records() { # FILE: until the member has been given a record
  local n
  for ((n = 0; n < 600; n++)); do
    if grep -q ' R ' "$1" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "FAILED: no record in $1:" >&2
  tail -20 "$1.err" >&2
  exit 1
}

produce_until() { # FILE TOPIC: numbers from 1 on, for as long as members come and go: until FILE is there, which then holds how many
  local next=1
  while [ ! -e "$1" ] && kill -0 $$ 2>/dev/null; do
    seq "$next" $((next + 49))
    next=$((next + 50))
    sleep 0.2
  done | kcat -P -E -b "$broker" -t "$2" -X acks=all -X linger.ms=20 -X message.timeout.ms=120000 2>"$1.err"
  kcat -C -q -e -b "$broker" -t "$2" -o beginning | sort -n | tail -n 1 >"$1"
}

start_producer() { # FILE TOPIC: sets $producer; in a process group of its own, so that the whole pipeline can be ended
  set -m
  produce_until "$1" "$2" &
  producer=$!
  set +m
}

end_producer() { # FILE: it writes there how many it has produced
  touch "$1"
  wait "$producer"
}

create_topic() { # TOPIC
  kafka_tool TopicCommand --create --topic "$1" --partitions "$partitions" >/dev/null
}

kafka_tool() { # CLASS ARGUMENT...: one of Kafka's own tools
  local tool=$1
  shift
  "${jvm[@]}" -cp "${class_path[current]}" "org.apache.kafka.tools.$tool" --bootstrap-server "$broker" "$@"
}

went_on() { # FILE SINCE: the ms since 1970 at which the member was answered a commit of records that it was given after SINCE; waits a minute for it
  local n at
  for ((n = 0; n < 600; n++)); do
    at=$(awk -v SINCE="$2" '$2 == "R" && $1 > SINCE { given = 1 } $2 == "S" && given { print $1; exit }' "$1")
    if [ -n "$at" ]; then echo "$at"; return; fi
    sleep 0.1
  done
  echo "FAILED: no commit any more in $1:" >&2
  tail -20 "$1.err" >&2
  return 1
}

check_went_on() { # NAME FOLDER KILLED SINCE LIMIT: both members have gone on since KILLED, and LIMIT ms after SINCE at the latest
  local i at
  for i in 1 2; do
    at=$(went_on "$2/member-$i" "$3")
    echo "member $i goes on $((at - $3)) ms after the kill"
    if [ $((at - $4)) -gt "$5" ]; then echo "FAILED: $1: member $i goes on after $((at - $4)) ms, more than $5" >&2; exit 1; fi
  done
  passed=$((passed + 1))
  echo "ok: $1"
}

now_ms() { date +%s%3N; }

await_all() { # FOLDER: until the members have been given all values
  local n records
  records=$(cat "$1/produced")
  for ((n = 0; n < 600; n++)); do
    if [ "$(cat "$1"/member-? | awk '$2 == "R" { print $5 }' | sort -u | wc -l)" -ge "$records" ]; then return; fi
    sleep 0.2
  done
}

check_members() { # FOLDER NAME
  if ! find "$1" \( -name 'member-?' -o -name commits \) -exec cat {} + | sort -s -n -k1,1 | awk -v COUNT="$(cat "$1/produced")" -f scripts/clients/check-members.awk >"$1/verdict"; then
    echo "FAILED: $2:" >&2
    head -20 "$1/verdict" >&2
    tail -n 5 "$1"/*.err >&2
    exit 1
  fi
  passed=$((passed + 1))
  echo "ok: $2"
}

check_lag() { # LIBRARY: of a group whose members commit by themselves, at the latest when they leave
  kafka_tool consumer.group.ConsumerGroupCommand --describe --offsets --group "group-$1" 2>/dev/null |
    awk -v TOPIC="$1" '$2 == TOPIC { n++; lag += $6; if ($4 == "-") lag += 1 } END { print n, lag }' >"$work/actual"
  cat "$work/run/$1"/member-? | awk '$2 == "R" && !($3 in seen) { seen[$3]; n++ } END { print n, 0 }' >"$work/expected"
  check "$1: the last members commit what they were given"
}

end_members() { # SIGTERM: each leaves its group
  local pid
  for pid in "${member_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${member_pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  member_pids=()
}

three_members() { # LIBRARY
  local folder=$work/run/$1
  echo "== three members: $1"
  mkdir -p "$folder"
  create_topic "$1"
  if [ "$tells_commits" = no ]; then watch_commits "$folder/commits" "group-$1"; fi
  start_producer "$folder/produced" "$1"
  start_member "$folder/member-1" "$1" "group-$1"
  await_records "$folder/member-1"
  start_member "$folder/member-2" "$1" "group-$1"
  await_records "$folder/member-2"
  start_member "$folder/member-3" "$1" "group-$1"
  await_records "$folder/member-3"
  kill -9 "${member_pids[2]}"
  wait "${member_pids[2]}" 2>/dev/null || true
  drop_torn_line "$folder/member-3"
  kill "${member_pids[1]}"
  sleep 1
  end_producer "$folder/produced"
  await_all "$folder"
  end_members
  if [ "$tells_commits" = no ]; then
    kill "$watcher"
    wait "$watcher" 2>/dev/null || true
  fi
  check_members "$folder" "$1: two members join, one leaves, one is killed: nothing skipped, nothing again after its commit"
  if [ "$tells_commits" = no ]; then check_lag "$1"; fi
}

killed_broker() { # LIBRARY: the broker is killed twice, and started again on its port
  local folder=$work/run/kill-$1 round killed
  echo "== the broker is killed: $1"
  mkdir -p "$folder"
  create_topic "kill-$1"
  start_producer "$folder/produced" "kill-$1"
  start_member "$folder/member-1" "kill-$1" "group-kill-$1"
  start_member "$folder/member-2" "kill-$1" "group-kill-$1"
  await_records "$folder/member-1"
  await_records "$folder/member-2"
  for round in 1 2; do
    kill -9 "$broker_pid"
    wait "$broker_pid" 2>/dev/null || true
    killed=$(now_ms)
    restart_broker "$dir" "${broker_settings[@]}"
    check_went_on "$1: its members are back within their session timeout of the broker's return" "$folder" "$killed" "$(now_ms)" "$session_ms"
  done
  end_producer "$folder/produced"
  await_all "$folder"
  end_members
  check_members "$folder" "$1: the broker is killed twice: no answered commit is lost, and the group goes on"
}

start_three_brokers() { # DIR NAME=value...: sets $broker to all of them, and $three_pids
  local dir=$1 i peers='' ports=() https=() rafts=()
  shift
  for i in 0 1 2; do
    claim_ports
    ports+=("$port") https+=("$http") rafts+=("$raft")
    peers+=${peers:+,}$i=127.0.0.1:$raft
  done
  broker='' three_pids=()
  for i in 0 1 2; do
    mkdir -p "$dir/broker-$i"
    env BROKER_ID="$i" HOST=127.0.0.1 PORT="${ports[i]}" HTTP_PORT="${https[i]}" RAFT_LISTEN_ADDR="127.0.0.1:${rafts[i]}" RAFT_PEERS="$peers" \
      RAFT_PATH="$dir/broker-$i/raft" "$@" \
      "$java" -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+ExitOnOutOfMemoryError -jar examples/cluster/target/sediment.jar >"$dir/broker-$i.log" 2>&1 &
    three_pids+=($!)
    broker+=${broker:+,}127.0.0.1:${ports[i]}
  done
  for i in 0 1 2; do await_line "$dir/broker-$i.log" "Sediment is ready" "${three_pids[i]}"; done
}

coordinator_of() { # GROUP: the id of the broker
  kafka_tool consumer.group.ConsumerGroupCommand --describe --state --group "$1" 2>/dev/null | awk -v GROUP="$1" '$1 == GROUP { gsub(/[()]/, "", $3); print $3 }'
}

loaded_at() { # FOLDER: the ms since 1970 at which a broker had loaded the only group from its second leader on; waits a minute for it
  local n at
  for ((n = 0; n < 600; n++)); do
    at=$(sed -n 's/^\([^ ]*\) .*(leader epoch 1) are loaded: records=[1-9].*/\1/p' "$1"/broker-?.log | head -n 1)
    if [ -n "$at" ]; then date -d "$at" +%s%3N; return; fi
    sleep 0.1
  done
  echo "FAILED: nobody has loaded the group" >&2
  return 1
}

failed_over() { # LIBRARY: of three brokers the one that coordinates the group is killed
  local folder=$work/run/failover-$1 coordinator killed loaded pid
  echo "== a coordinator is taken over: $1"
  mkdir -p "$folder"
  start_three_brokers "$folder/brokers" "${settings_of_groups[@]}" OBJECT_STORE_TYPE=local "DATA_PATH=$folder/brokers/data"
  create_topic failover
  start_producer "$folder/produced" failover
  start_member "$folder/member-1" failover "group-failover-$1"
  start_member "$folder/member-2" failover "group-failover-$1"
  await_records "$folder/member-1"
  await_records "$folder/member-2"
  coordinator=$(coordinator_of "group-failover-$1")
  kill -9 "${three_pids[coordinator]}"
  wait "${three_pids[coordinator]}" 2>/dev/null || true
  killed=$(now_ms)
  loaded=$(loaded_at "$folder/brokers")
  echo "another broker has loaded the group $((loaded - killed)) ms after the kill"
  check_went_on "$1: its members go on within their session timeout of that" "$folder" "$killed" "$loaded" "$session_ms"
  [ "$(coordinator_of "group-failover-$1")" = "$coordinator" ] && { echo "FAILED: broker $coordinator is dead and coordinates" >&2; exit 1; }
  end_producer "$folder/produced"
  await_all "$folder"
  end_members
  check_members "$folder" "$1: another broker takes the group over: no answered commit is lost, and the group goes on"
  for pid in "${three_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${three_pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}

word_count() { # PROTOCOL
  local app=count-$1 n pid
  echo "== Kafka Streams word count: group.protocol=$1"
  kafka_tool TopicCommand --create --if-not-exists --topic text --partitions 3 >/dev/null
  kafka_tool TopicCommand --create --topic "$app" --partitions 3 >/dev/null
  [ -n "$(kcat -C -q -e -b "$broker" -t text -o beginning -c 1)" ] || kcat -P -b "$broker" -t text -X acks=all <LICENSE
  "${jvm[@]}" -cp "$work/current:${class_path[current]}" WordCount "$broker" "$app" "$work/run/$app" "group.protocol=$1" >"$work/run/$app.log" 2>&1 &
  pid=$!
  tr 'A-Z' 'a-z' <LICENSE | tr -cs 'a-z' '\n' | sed '/^$/d' | sort | uniq -c | awk '{ print $2 " " $1 }' | sort >"$work/expected"
  for ((n = 0; n < 300; n++)); do
    kcat -C -q -e -b "$broker" -t "$app" -o beginning -K ' ' | awk '{ last[$1] = $2 } END { for (word in last) print word " " last[word] }' | sort >"$work/actual"
    if cmp -s "$work/expected" "$work/actual"; then break; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.5
  done
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  check "a word count with group.protocol=$1 counts every word of a text"
  kafka_tool TopicCommand --list | grep "^$app-" | sort >"$work/actual"
  printf '%s\n' "$app-count-store-changelog" "$app-words-repartition" >"$work/expected"
  check "its changelog and repartition topics are there: group.protocol=$1"
}
