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
  while [ ! -e "$1" ]; do
    seq "$next" $((next + 49))
    next=$((next + 50))
    sleep 0.2
  done | kcat -P -b "$broker" -t "$2" -X acks=all -X linger.ms=20 -X message.timeout.ms=120000
  kcat -C -q -e -b "$broker" -t "$2" -o beginning | sort -n | tail -n 1 >"$1"
}

create_topic() { # TOPIC
  kafka_tool TopicCommand --create --topic "$1" --partitions "$partitions" >/dev/null
}

kafka_tool() { # CLASS ARGUMENT...: one of Kafka's own tools
  local tool=$1
  shift
  "${jvm[@]}" -cp "${class_path[current]}" "org.apache.kafka.tools.$tool" --bootstrap-server "$broker" "$@"
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

end_members() { # SIGTERM: each leaves its group
  local pid
  for pid in "${member_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${member_pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  member_pids=()
}

three_members() { # LIBRARY
  local folder=$work/run/$1 producer
  echo "== three members: $1"
  mkdir -p "$folder"
  create_topic "$1"
  produce_until "$folder/produced" "$1" &
  producer=$!
  start_member "$folder/member-1" "$1" "group-$1"
  await_records "$folder/member-1"
  start_member "$folder/member-2" "$1" "group-$1"
  await_records "$folder/member-2"
  start_member "$folder/member-3" "$1" "group-$1"
  await_records "$folder/member-3"
  kill -9 "${member_pids[2]}"
  kill "${member_pids[1]}"
  sleep 1
  touch "$folder/produced"
  wait "$producer"
  await_all "$folder"
  end_members
  check_members "$folder" "$1: two members join, one leaves, one is killed: nothing skipped, nothing again after its commit"
}
