#!/usr/bin/env bash
# Installs the clients that are not ours into the folder it is given, each in the version that devdb was last shown to
# serve. What cannot be had is SKIPPED with the reason; what is there already is left as it is.
set -euo pipefail
folder=$1
odbc_client=mssql-python==1.16.0
python_clients=(pymssql==2.4.6 python-tds==1.17.1 "$odbc_client")
node_client=tedious@19.2.2
mkdir -p "$folder"

# Runs a command that prints nothing unless it fails.
try() {
    local what=$1 said
    shift
    if ! said=$("$@" 2>&1); then
        echo "$what: SKIPPED, $(grep -m 1 -v '^ *$' <<<"$said")"
        return 1
    fi
}

# Microsoft's driver brings itself, but not these.
has_libraries=yes
for library in libltdl7 libkrb5-3; do
    dpkg -s "$library" >/dev/null 2>&1 && continue
    try "$library" timeout 120 apt-get update -qq && try "$library" timeout 120 apt-get install -y -qq "$library" || has_libraries=no
done
for client in "${python_clients[@]}"; do
    [ -f "$folder/$client.done" ] && continue
    if [ "$client" = "$odbc_client" ] && [ "$has_libraries" = no ]; then
        echo "$client: SKIPPED, a library that it needs is missing"
        continue
    fi
    try "$client" timeout 300 python3 -m pip install --quiet --disable-pip-version-check --no-input --retries 1 --timeout 20 \
        --no-cache-dir --root-user-action ignore --upgrade --target "$folder/python" "$client" || continue
    touch "$folder/$client.done"
done
if [ ! -f "$folder/$node_client.done" ] && try "$node_client" timeout 300 npm install --loglevel error --no-audit --no-fund \
    --fetch-retries 1 --fetch-timeout 20000 --cache "$folder/npm" --prefix "$folder/node" "$node_client"; then
    touch "$folder/$node_client.done"
fi
