# scripts/packages.sh - the packages that the project needs, and installing the missing ones.
#
# Sourced by ./glass, ./check and .ci/run. Debian 12 or newer and Ubuntu 24.04 or newer.

# To build and run `glass`.
PACKAGES_BUILD="g++ cmake ninja-build pkg-config libssl-dev libasio-dev libboost-dev libfmt-dev nlohmann-json3-dev libcli11-dev"
# To build and run the tests.
PACKAGES_TEST="libgtest-dev libgmock-dev ccache git python3"
# What `./check --all` adds: the second compiler, the formatter, the peers, the browsers.
PACKAGES_ALL="clang-19 clang-format-19 libclang-rt-19-dev libbenchmark-dev libusrsctp-dev libmbedtls-dev libgnutls28-dev libwolfssl-dev libsrtp2-dev tshark
  python3-aiortc chromium firefox-esr fonts-dejavu-core iproute2 procps
  coturn libnss3-tools openssl zip unzip nftables conntrack"

# say TEXT: progress goes to standard error.
say() { printf '%s\n' "$*" >&2; }

# supported_system: is this a Debian 12+ or Ubuntu 24.04+? Sets SYSTEM to what it is.
supported_system() {
  SYSTEM="an unknown system"
  [ -r /etc/os-release ] || return 1
  local id version
  id=$(. /etc/os-release && printf '%s' "${ID:-}")
  version=$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")
  SYSTEM="$id $version"
  case "$id" in
    debian) [ -z "$version" ] || [ "${version%%.*}" -ge 12 ] ;;
    ubuntu) [ "${version%%.*}" -ge 24 ] ;;
    *) return 1 ;;
  esac
}

# missing_packages NAME...: prints the ones that are not installed, one a line.
missing_packages() {
  local name installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
  for name in "$@"; do
    grep -qxF -- "$name" <<<"$installed" || printf '%s\n' "$name"
  done
}

# as_root COMMAND...: runs it as root, by sudo when needed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else say "This needs root, and there is no sudo: $*"; return 6
  fi
}

# need_packages NAME...: installs what is missing, having said what. 6: it could not.
need_packages() {
  local missing
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  missing=$(tr '\n' ' ' <<<"$missing")
  if ! supported_system; then
    say "This is $SYSTEM; the packages can only be installed on Debian 12 or newer and Ubuntu 24.04 or newer."
    say "Please install what matches these Debian packages, then run this again: $missing"
    return 6
  fi
  say "Missing packages: $missing"
  say "Installing them with apt ..."
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || { say "apt-get update failed."; return 6; }
  # shellcheck disable=SC2086 # a list of words
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null || {
    say "apt could not install: $missing"; return 6; }
}

# need_node: a Node.js of version 18 or newer with npm, from wherever the machine has it.
need_node() {
  local major=0
  command -v node >/dev/null && major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  if [ "$major" -lt 18 ] || ! command -v npm >/dev/null; then need_packages nodejs npm; fi
}
