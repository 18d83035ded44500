# The disk of a local store is full for a while. Sourced by run-e2e.sh; needs a small filesystem of its own, so root, or sudo without a password.
echo "== the disk is full for a while"
small=$work/small
mkdir -p "$small"
as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
if "${as_root[@]}" mount -t tmpfs -o "size=64m,mode=777" tmpfs "$small" 2>/dev/null; then
  unmount_small() { "${as_root[@]}" umount -l "$small" 2>/dev/null || true; }
  trap 'stop_all; unmount_small' EXIT
  start_broker "$work/full" OBJECT_STORE_TYPE=local "DATA_PATH=$small/data"
  seq 1 1000 | produce -t full -p 0

  cat /dev/zero >"$small/ballast" 2>/dev/null || true
  seq 1001 20000 >"$work/later"
  produce -E -t full -p 0 -X enable.idempotence=true -X message.timeout.ms=90000 -X request.timeout.ms=3000 <"$work/later" &
  producer=$!
  sleep 8 # longer than a request may take
  http_get "$http" /health/live >"$work/actual"
  printf '200\nlive\n' >"$work/expected"
  check "the broker lives on a full disk"
  kill -0 "$producer" 2>/dev/null && echo waits >"$work/actual" || echo ended >"$work/actual"
  echo waits >"$work/expected"
  check "nothing is acknowledged on a full disk"

  rm "$small/ballast"
  wait "$producer"
  seq 1 20000 >"$work/expected"
  consume -t full -p 0 -o beginning >"$work/actual"
  check "when there is room again all goes on by itself, and nothing is lost or doubled"
  stop_broker
  unmount_small
  trap stop_all EXIT
else
  echo "left out: no small filesystem can be mounted here (needs root)"
fi
