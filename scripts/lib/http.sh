# HTTP on this machine without curl, which a fresh machine may lack. Sourced.
http_get() { # PORT PATH: prints the status and the body; fails where nobody answers
  local status
  { exec 4<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  if printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&4 && read -r _ status _ <&4; then
    echo "$status"
    tr -d '\r' <&4 | sed '1,/^$/d'
  else
    status=
  fi
  exec 4>&-
  [ -n "$status" ]
}

is_ready() { # PORT: whether the broker with this HTTP_PORT serves clients
  local answer
  answer=$(http_get "$1" /health/ready) && [[ $answer == 200* ]]
}
