# Scenarios with groups for run-clients-e2e.sh, which sets $member and $tail: the command of a member, with the broker, a topic and a group in between.
partitions=6
member_pids=()

start_member() { # FILE TOPIC GROUP: its lines go to FILE
  "${member[@]}" "$broker" "$2" "$3" ${tail[@]+"${tail[@]}"} >"$1" 2>"$1.err" &
  member_pids+=($!)
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

await_more() { # FILE: until the member has been given records after this call
  local n before
  before=$(wc -l <"$1")
  for ((n = 0; n < 600; n++)); do
    if tail -n +$((before + 2)) "$1" | grep -q ' R '; then return; fi # the line after the first may have been on its way
    sleep 0.1
  done
  echo "FAILED: no record any more in $1:" >&2
  tail -20 "$1.err" >&2
  exit 1
}

await_all() { # FOLDER: until the members have been given all values
  local n records
  records=$(cat "$1/produced")
  for ((n = 0; n < 600; n++)); do
    if [ "$(cat "$1"/member-? | awk '$2 == "R" { print $5 }' | sort -u | wc -l)" -ge "$records" ]; then return; fi
    sleep 0.2
  done
}

check_members() { # FOLDER NAME
  if ! cat "$1"/member-? | sort -s -n -k1,1 | awk -v COUNT="$(cat "$1/produced")" -f scripts/clients/check-members.awk >"$1/verdict"; then
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
  start_producer "$folder/produced" "$1"
  start_member "$folder/member-1" "$1" "group-$1"
  await_records "$folder/member-1"
  start_member "$folder/member-2" "$1" "group-$1"
  await_records "$folder/member-2"
  start_member "$folder/member-3" "$1" "group-$1"
  await_records "$folder/member-3"
  kill -9 "${member_pids[2]}"
  wait "${member_pids[2]}" 2>/dev/null || true
  kill "${member_pids[1]}"
  sleep 1
  end_producer "$folder/produced"
  await_all "$folder"
  end_members
  check_members "$folder" "$1: two members join, one leaves, one is killed: nothing skipped, nothing again after its commit"
  if ! cat "$folder"/member-? | grep -q ' S '; then check_lag "$1"; fi
}

killed_broker() { # LIBRARY: the broker is killed twice, and started again on its port
  local folder=$work/run/kill-$1 round
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
    restart_broker "$dir" "${broker_settings[@]}"
    await_more "$folder/member-1"
    await_more "$folder/member-2"
  done
  end_producer "$folder/produced"
  await_all "$folder"
  end_members
  check_members "$folder" "$1: the broker is killed twice: no answered commit is lost, and the group goes on"
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
