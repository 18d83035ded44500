# Functions of the end-to-end scripts: start and stop a broker and an S3 server, count checks. Sourced, needs $work and $java.
source scripts/lib/class-paths.sh
source scripts/lib/http.sh
passed=0
broker_pid= s3_pid= broker=
s3_settings=()

check() { # NAME, then compares the files $work/expected and $work/actual
  if ! cmp -s "$work/expected" "$work/actual"; then
    echo "FAILED: $1" >&2
    diff "$work/expected" "$work/actual" | head -20 >&2
    exit 1
  fi
  passed=$((passed + 1))
  echo "ok: $1"
}

last_port=$((10000 + $$ % 15000)) # below the range that outgoing connections take theirs from

claim_ports() { # sets $port, $http and $raft to ports nobody listens on and no earlier call has named
  local name
  for name in port http raft; do
    last_port=$((last_port + 1))
    while (exec 3<>"/dev/tcp/127.0.0.1/$last_port") 2>/dev/null; do last_port=$((last_port + 1)); done
    printf -v "$name" %s "$last_port"
  done
}

start_broker() { # DIR NAME=value...
  claim_ports
  restart_broker "$@"
}

restart_broker() { # DIR NAME=value...: on the ports that were claimed last
  local dir=$1
  shift
  mkdir -p "$dir"
  if [ -f "$dir/broker.log" ]; then cat "$dir/broker.log" >>"$dir/broker-before.log" && rm "$dir/broker.log"; fi # which holds the line awaited below
  env HOST=127.0.0.1 PORT="$port" HTTP_PORT="$http" RAFT_LISTEN_ADDR="127.0.0.1:$raft" RAFT_PATH="$dir/raft" "$@" \
    "$java" -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+ExitOnOutOfMemoryError -jar examples/cluster/target/sediment.jar >"$dir/broker.log" 2>&1 &
  broker_pid=$!
  broker=127.0.0.1:$port
  await_line "$dir/broker.log" "Sediment is ready.*:$port " "$broker_pid"
}

await_line() { # FILE TEXT PID: until the file has the text; fails when the process ends or after 90 s
  local n
  for ((n = 0; n < 450; n++)); do
    if grep -q "$2" "$1" 2>/dev/null; then return; fi
    if ! kill -0 "$3" 2>/dev/null; then break; fi
    sleep 0.2
  done
  echo "FAILED: no '$2' in $1:" >&2
  tail -30 "$1" >&2
  exit 1
}

stop_broker() { # SIGTERM must end it with exit status 0
  local status=0
  kill "$broker_pid"
  wait "$broker_pid" || status=$?
  broker_pid=
  if [ "$status" != 0 ]; then
    echo "FAILED: exit status after SIGTERM: $status" >&2
    exit 1
  fi
}

start_s3() { # DIR; sets $s3_settings, the settings of a broker on it
  local classes
  classes=$(test_class_path) # before the server is waited for: it may have to be made first
  mkdir -p "$1"
  "$java" -Xmx512m -cp "$classes" io.sediment.objectstore.s3.S3LoopbackServer --folder "$1" >"$1.log" 2>&1 &
  s3_pid=$!
  await_line "$1.log" "ready endpoint=" "$s3_pid"
  s3_settings=(OBJECT_STORE_TYPE=s3 DATA_PATH=cluster
    "S3_ENDPOINT=$(s3_said endpoint "$1.log")" "S3_BUCKET=$(s3_said bucket "$1.log")"
    "AWS_ACCESS_KEY_ID=$(s3_said accessKey "$1.log")" "AWS_SECRET_ACCESS_KEY=$(s3_said secretKey "$1.log")")
}

s3_said() { # NAME FILE: what the server printed as NAME=value
  sed -n "s/.*[ ]$1=\([^ ]*\).*/\1/p" "$2" | head -n 1
}

stop_s3() {
  kill "$s3_pid"
  wait "$s3_pid" 2>/dev/null || true
  s3_pid=
}

stop_all() { # whatever still runs in the background: brokers, servers, clients, and what those in process groups of their own have started
  local pid
  for pid in $(jobs -p); do kill -9 -- "-$pid" 2>/dev/null || kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap stop_all EXIT
