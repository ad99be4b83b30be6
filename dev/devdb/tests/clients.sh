#!/usr/bin/env bash
# Runs the clients that are not ours against a devdb of their own; says SKIPPED for those that are not installed.
# PYTHON, NODE and NODE_MODULES say where they are installed.
set -euo pipefail
cd "$(dirname "$0")/../../.."
python=${PYTHON:-python3} node=${NODE:-node}
cargo build --locked -q -p xmlx-devdb --example serve
port=${PORT:-14330}
"${CARGO_TARGET_DIR:-target}/debug/examples/serve" "127.0.0.1:$port" >/dev/null &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 50); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done
"$python" dev/devdb/tests/clients.py 127.0.0.1 "$port"
if (cd "${NODE_MODULES:-.}" && "$node" -e 'require("tedious")') 2>/dev/null; then
    "$node" dev/devdb/tests/clients.mjs 127.0.0.1 "$port"
else
    echo "tedious: SKIPPED, not installed"
fi
