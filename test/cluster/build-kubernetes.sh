#!/usr/bin/env bash
# build-kubernetes.sh [OUT]: builds the programs of Kubernetes that the cluster's story runs.
#
# From published Go modules, so it needs Go (1.26 for 1.36) and a module proxy; no Docker, no git. Ten minutes and
# 5 GB the first time. OUT is kubernetes-programs in $KEYSYSTEM_CLUSTER (or in /var/tmp/keysystem-cluster);
# modules and caches go to $KEYSYSTEM_GO, beside OUT when unset. What is there at this version is not built again.
set -euo pipefail

version=${KUBERNETES_VERSION:-v1.36.3}
out=${1:-${KEYSYSTEM_CLUSTER:-/var/tmp/keysystem-cluster}/kubernetes-programs}
programs="kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl fake-cri"

fail() { # CAUSE WHAT-TO-DO
  printf 'build-kubernetes: error: %s\nbuild-kubernetes: hint: %s\n' "$1" "$2" >&2
  exit 1
}
say() { printf 'build-kubernetes: %s\n' "$*" >&2; }

command -v go >/dev/null || fail "go is not installed" "https://go.dev/dl, Go 1.26 or newer"
mkdir -p "$out"
out=$(cd "$out" && pwd)
cache=${KEYSYSTEM_GO:-$(dirname "$out")/kubernetes-go}
mkdir -p "$cache/tmp"
cache=$(cd "$cache" && pwd)
exec 9>"$cache/.lock"
flock 9

todo=()
for program in $programs; do
  [ -x "$out/$program" ] && [ "$(cat "$out/.$program.version" 2>/dev/null)" = "$version" ] || todo+=("$program")
done
[ ${#todo[@]} -gt 0 ] || exit 0

export GOMODCACHE=$cache/mod GOCACHE=$cache/build GOTMPDIR=$cache/tmp
export GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0
export GOFLAGS="-mod=mod -modcacherw -trimpath -buildvcs=false"
source=$cache/src/kubernetes-$version
rm -rf "$source"
mkdir -p "$source/fake-cri"
cd "$source"

# The module's own go.mod, for its versions of everybody else's, with its links into the repository
# (k8s.io/x => ./staging/src/k8s.io/x) turned into the published k8s.io/x of the same release.
go mod init probe >/dev/null 2>&1
module=$(go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
[ -d "$module" ] || fail "k8s.io/kubernetes@$version cannot be had" "go env GOPROXY, and the network"
cp "$module/go.mod" "$module/go.sum" .
chmod u+w go.mod go.sum
edits=(-module=kubernetes.build.local "-require=k8s.io/kubernetes@$version")
for each in $(sed -n 's#^[[:space:]]*\(k8s.io/[a-z-]*\) => ./staging/src/.*#\1#p' go.mod); do
  edits+=("-dropreplace=$each" "-replace=$each=$each@v0.${version#v1.}")
  ! grep -Eq "^[[:space:]]*$each v0\.0\.0" go.mod || edits+=("-require=$each@v0.${version#v1.}")
done
go mod edit "${edits[@]}"
# Without a package of its own the module has nothing that holds its requirements.
printf 'package main\n\nfunc main() {}\n' >main.go

# Kubernetes' own container runtime for tests, as a program: a kubelet is Ready on it, and runs no pod.
cat >fake-cri/main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cri-client/pkg/fake"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fake-cri SOCKET")
		os.Exit(2)
	}
	os.Remove(os.Args[1])
	runtime := fake.NewFakeRemoteRuntime()
	if err := runtime.Start("unix://" + os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	runtime.Stop()
}
GO

package_of() { if [ "$1" = fake-cri ]; then echo ./fake-cri; else echo "k8s.io/kubernetes/cmd/$1"; fi; }
minor=${version#v1.}
flags="-s -w"
for each in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags+=" -X $each.gitVersion=$version -X $each.gitMajor=1 -X $each.gitMinor=${minor%%.*} -X $each.gitTreeState=clean"
  flags+=" -X $each.gitCommit=module -X $each.buildDate=1970-01-01T00:00:00Z"
done
say "fetching modules …"
for program in "${todo[@]}"; do go list -deps "$(package_of "$program")" >/dev/null; done
# One at a time: each link takes 2 GB of memory.
for program in "${todo[@]}"; do
  say "$program $version …"
  go build -ldflags "$flags" -o "$source/out" "$(package_of "$program")"
  mv "$source/out" "$out/$program"
  echo "$version" >"$out/.$program.version"
done
say "done: $out"
