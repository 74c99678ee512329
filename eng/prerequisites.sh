# Installs and starts what tests need on Debian 12. Source it; functions fail with one sentence that says what is missing.

install_packages() {
  local missing=() p
  for p in "$@"; do dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  [ "$(id -u)" = 0 ] || { echo "missing packages: ${missing[*]} (install them as root: apt-get install ${missing[*]})" >&2; return 1; }
  echo "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Starts dockerd where none answers. Sets DOCKERD_PID (empty where one was running already).
start_docker() {
  DOCKERD_PID=
  if docker info >/dev/null 2>&1; then return 0; fi
  dockerd >"$1/dockerd.log" 2>&1 &
  DOCKERD_PID=$!
  local i
  for i in $(seq 1 150); do
    docker info >/dev/null 2>&1 && return 0
    kill -0 "$DOCKERD_PID" 2>/dev/null || { tail -n 20 "$1/dockerd.log" >&2; echo "dockerd does not start" >&2; return 1; }
    sleep 0.2
  done
  echo "dockerd does not answer" >&2; return 1
}

# Unpacks kubectl 1.20 (Debian 12) and 1.32 (Debian 13) beside each other without installing them. Sets KUBECTL_120 and KUBECTL_132.
fetch_kubectls() {
  local dir=$1; mkdir -p "$dir"
  KUBECTL_120=$dir/1.20/usr/bin/kubectl; KUBECTL_132=$dir/1.32/usr/bin/kubectl
  if [ ! -x "$KUBECTL_120" ]; then
    apt-get update -qq
    (cd "$dir" && rm -rf deb && mkdir deb && cd deb && apt-get download -qq kubernetes-client && dpkg -x ./kubernetes-client_*.deb "$dir/1.20"); rm -rf "$dir/deb"
  fi
  if [ ! -x "$KUBECTL_132" ]; then
    # A newer suite is never enabled for the machine itself: this apt reads lists and caches of its own.
    local apt=$dir/apt; mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    sed 's/^Suites:.*/Suites: trixie/' /etc/apt/sources.list.d/debian.sources | awk 'BEGIN{RS="";ORS="\n\n"} NR==1' > "$apt/trixie.sources"
    local o=(-qq -o Dir::Etc::sourcelist="$apt/trixie.sources" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root)
    apt-get "${o[@]}" update
    (cd "$apt" && apt-get "${o[@]}" download kubectl && dpkg -x ./kubectl_*.deb "$dir/1.32")
    rm -rf "$apt"
  fi
}

# Installs the JavaScript client that a test's program uses, in the versions of its lock file.
fetch_node_client() {
  { command -v node && command -v npm; } >/dev/null || install_packages nodejs npm
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] || (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}
