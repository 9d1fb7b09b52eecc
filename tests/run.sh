#!/usr/bin/env bash
# Installs what the tests need, builds with warnings as errors, runs every test, and skips none.
# The last line is "N passed, N failed"; anything but zero failures, or any skipped test, exits with 1.
# --long [histories=100000] [minutes=5] runs the soaks instead, each of which takes minutes or hours, and prints what they report.
set -uo pipefail
cd "$(dirname "$0")/.."

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export SESSIONLIFETIME_TESTS_COMPLETE=1

fail() {
  echo "$1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

# The browser tests need Chromium, Firefox, WebKit with a display nobody sees, fonts that look like something, and npm for the tools of the browser module. Elsewhere than on Debian, install them yourself.
need=()
command -v chromium >/dev/null || [ -n "${CHROMIUM_PATH:-}" ] || need+=(chromium)
command -v firefox-esr >/dev/null || [ -n "${FIREFOX_PATH:-}" ] || need+=(firefox-esr)
command -v WebKitWebDriver >/dev/null || need+=(webkit2gtk-driver)
command -v Xvfb >/dev/null || need+=(xvfb)
command -v fc-list >/dev/null && [ -n "$(fc-list 2>/dev/null)" ] || need+=(fontconfig fonts-noto-core)
command -v node >/dev/null || need+=(nodejs)
command -v npm >/dev/null || need+=(npm)
# The stores are tested against servers of their own, on free ports of the loopback address.
[ -x "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)" ] || need+=(postgresql)
command -v redis-server >/dev/null || need+=(redis-server)
# The load balancers of the pages.
[ -x "$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null)" ] || need+=(nginx)
[ -x "$(command -v haproxy || ls /usr/sbin/haproxy 2>/dev/null)" ] || need+=(haproxy)
if [ ${#need[@]} -gt 0 ] && command -v apt-get >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  echo "Installing ${need[*]}"
  { "${as_root[@]}" apt-get update -qq \
    && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${need[@]}"; } \
    >"$results/apt.log" 2>&1 || { cat "$results/apt.log" >&2; fail "Could not install ${need[*]}."; }
fi

dotnet build SessionLifetime.sln -c Release --nologo -v quiet || fail "The build failed."

if [ "${1:-}" = --long ]; then
  passed=0 failed=0
  report="$results/report.txt"
  soak() {
    if dotnet run --project tests/SessionLifetime.Soak -c Release --no-build -- "$@" 2>&1 | tee -a "$report"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      echo "$* broke a promise." | tee -a "$report" >&2
    fi
  }
  soak simulate "${2:-100000}"
  for database in sqlite postgres redis; do
    soak chaos "$database" "${3:-5}"
    soak deploy "$database"
    soak speed "$database"
  done
  if dotnet run --project tests/SessionLifetime.Soak -c Release --no-build | grep -q '^use '; then
    for engine in chromium firefox webkit; do
      soak use "$engine" 120
    done
  fi
  echo
  echo "The report:"
  cat "$report"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
fi

for project in tests/*/*.Tests.csproj; do
  name=$(basename "$project" .csproj)
  dotnet test "$project" -c Release --no-build --nologo \
    --logger "trx;LogFileName=$name.trx" --results-directory "$results" --blame-hang-timeout 10min \
    || echo "$name did not pass." >&2
  [ -f "$results/$name.trx" ] || fail "$name wrote no results."
done

passed=0 failed=0 skipped=0
for file in "$results"/*.trx; do
  counters=$(grep -o '<Counters [^>]*' "$file")
  total=$(sed -E 's/.* total="([0-9]+)".*/\1/' <<<"$counters")
  ok=$(sed -E 's/.* passed="([0-9]+)".*/\1/' <<<"$counters")
  bad=$(sed -E 's/.* failed="([0-9]+)".*/\1/' <<<"$counters")
  passed=$((passed + ok))
  failed=$((failed + bad))
  skipped=$((skipped + total - ok - bad))
done

if [ "$skipped" -gt 0 ]; then
  echo "$skipped tests did not run; here that is a failure." >&2
  failed=$((failed + skipped))
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
