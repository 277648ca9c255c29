#!/usr/bin/env bash
# The real services that tests and trials use, for a developer's machine and for CI: PostgreSQL, MinIO, stripe-mock.
#
#   scripts/services.sh start    start what is not running, wait until it answers, print the variables
#   scripts/services.sh env      print the variables of the running services: eval "$(scripts/services.sh env)"
#   scripts/services.sh stop     stop them and delete their data
#
# Everything lives in one throw-away folder ($SHUYI_SERVICES_DIR, by default a folder per user in the temporary
# directory) and listens on 127.0.0.1 only. Ports are free ones unless $SHUYI_POSTGRES_PORT, $SHUYI_MINIO_PORT or
# $SHUYI_STRIPE_MOCK_PORT name them. A program that is not installed is an error: .ci/run shows how to install it.
set -euo pipefail

dir="${SHUYI_SERVICES_DIR:-${TMPDIR:-/tmp}/shuyi-services-$(id -u)}"
env_file="$dir/env"

fail() { echo "services.sh: $*" >&2; exit 1; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

need() { command -v "$1" >/dev/null || fail "$1 is not installed ($2)"; }

# Run as the user who may run PostgreSQL: it refuses root.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

postgres_bin() {
    local bin
    bin="$(find /usr/lib/postgresql -maxdepth 2 -name bin -type d 2>/dev/null | sort -V | tail -n 1)"
    [ -n "$bin" ] || bin="$(dirname "$(command -v postgres || true)")"
    [ -x "$bin/initdb" ] || fail "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    echo "$bin"
}

wait_for() { # wait_for NAME COMMAND...: until it succeeds, 60 s at most
    local name="$1" deadline=$((SECONDS + 60))
    shift
    while [ "$SECONDS" -lt "$deadline" ]; do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    tail -n 20 "$dir"/*.log >&2 || true
    stop
    fail "$name did not answer within a minute"
}

answers() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer sk_test_123"}), timeout=2)' "$1"; }

alive() { [ -f "$1" ] && kill -0 "$(head -n 1 "$1")" 2>/dev/null; }

start_postgres() {
    local bin port data="$dir/postgres"
    bin="$(postgres_bin)"
    port="$1"
    if ! [ -d "$data" ]; then
        mkdir "$data"
        [ "$(id -u)" != 0 ] || chown postgres "$data"
        as_postgres "$bin/initdb" -D "$data" --username=shuyi --auth=trust --encoding=UTF8 --locale=C.UTF-8 >"$dir/initdb.log"
    fi
    # The data is thrown away, so it need not survive a loss of power.
    as_postgres "$bin/pg_ctl" -D "$data" -l "$data/server.log" -o "-p $port -c listen_addresses=127.0.0.1 -k '$data' \
        -c max_connections=300 -c fsync=off -c full_page_writes=off" start >/dev/null
    wait_for PostgreSQL "$bin/pg_isready" -h 127.0.0.1 -p "$port"
    "$bin/psql" -h 127.0.0.1 -p "$port" -U shuyi -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname = 'shuyi'" | grep -q 1 ||
        "$bin/createdb" -h 127.0.0.1 -p "$port" -U shuyi shuyi
}

start_minio() {
    need minio "go install github.com/minio/minio@latest"
    mkdir -p "$dir/minio"
    MINIO_ROOT_USER=shuyi MINIO_ROOT_PASSWORD=shuyi-secret MINIO_UPDATE=off MINIO_BROWSER=off \
        setsid nohup minio server "$dir/minio" --address "127.0.0.1:$1" --quiet >"$dir/minio.log" 2>&1 </dev/null &
    echo $! >"$dir/minio.pid"
    wait_for MinIO answers "http://127.0.0.1:$1/minio/health/ready"
}

start_stripe_mock() {
    need stripe-mock "go install github.com/stripe/stripe-mock@latest"
    # It serves HTTPS too; on a port of the system's choice, since only HTTP is used.
    setsid nohup stripe-mock -http-addr "127.0.0.1:$1" -https-addr 127.0.0.1:0 >"$dir/stripe-mock.log" 2>&1 </dev/null &
    echo $! >"$dir/stripe-mock.pid"
    wait_for stripe-mock answers "http://127.0.0.1:$1/v1/customers"
}

stop() {
    local name
    for name in minio stripe-mock; do
        if alive "$dir/$name.pid"; then kill "$(cat "$dir/$name.pid")"; fi
    done
    if [ -f "$dir/postgres/postmaster.pid" ]; then
        as_postgres "$(postgres_bin)/pg_ctl" -D "$dir/postgres" -m immediate stop >/dev/null || true
    fi
    [ ! -e "$dir" ] || [ -f "$dir/.shuyi-services" ] || fail "$dir was not made by this script, so it is left alone"
    rm -rf "$dir"
}

start() {
    if [ -f "$env_file" ] && alive "$dir/minio.pid" && alive "$dir/stripe-mock.pid" && alive "$dir/postgres/postmaster.pid"; then
        cat "$env_file"
        return
    fi
    stop
    mkdir -p "$dir"
    chmod 711 "$dir"
    touch "$dir/.shuyi-services"
    local postgres_port="${SHUYI_POSTGRES_PORT:-$(free_port)}" minio_port="${SHUYI_MINIO_PORT:-$(free_port)}"
    local stripe_port="${SHUYI_STRIPE_MOCK_PORT:-$(free_port)}"
    start_postgres "$postgres_port"
    start_minio "$minio_port"
    start_stripe_mock "$stripe_port"
    cat >"$env_file" <<EOF
export SHUYI_TEST_POSTGRES_URL='postgresql://shuyi@127.0.0.1:$postgres_port/shuyi'
export SHUYI_TEST_S3='s3://shuyi:shuyi-secret@127.0.0.1:$minio_port/shuyi-test?secure=false'
export SHUYI_TEST_STRIPE_MOCK='http://127.0.0.1:$stripe_port'
EOF
    cat "$env_file"
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    env) if [ -f "$env_file" ]; then cat "$env_file"; else fail "not running; scripts/services.sh start"; fi ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
