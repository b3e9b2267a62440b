# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Debian packages of any suite and architecture, without touching the machine's
# own apt: fetch-kernels and cross-libs source this after lib.sh.  The caller
# sets $work to a scratch folder, calls private_apt once, then the others.

KX_KEYRING=${KX_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

# The machine's own answer to "where is Debian": the main archive, not the
# security archive, which has other suites.
find_mirror() {
	local uri

	if [[ -n ${KX_MIRROR:-} ]]; then
		echo "$KX_MIRROR"
		return
	fi
	# Once the lists have been downloaded apt knows who signed what ...
	uri=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
		awk '$1 == "Debian" { print $2; exit }')
	# ... before that, only names: the archive's folder is called debian.
	[[ -n $uri ]] || uri=$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null |
		awk '/\/debian\/?$/ { print; exit }')
	[[ -n $uri ]] || die "expected a Debian archive in apt's configuration," \
		"found none; set KX_MIRROR to the URI of a mirror"
	echo "$uri"
}

# A private apt below $work.  The machine's apt.conf still counts (proxies,
# credentials); its hooks, pins and sources do not.
private_apt() {
	local suites=$1 mirror suite

	[[ -r $KX_KEYRING ]] || die "cannot read Debian's keyring $KX_KEYRING" \
		"(package debian-archive-keyring, or set KX_KEYRING)"
	mirror=$(find_mirror)
	mkdir -p "$work"/{lists,cache/archives}/partial "$work/debs"
	: >"$work/status"
	for suite in $suites; do
		echo "deb [arch=amd64,arm64 signed-by=$KX_KEYRING]" \
			"$mirror $suite main"
	done >"$work/sources.list"
	cat >"$work/apt.conf" <<-END
	#clear APT::Update::Post-Invoke-Success;
	#clear APT::Update::Post-Invoke;
	#clear APT::Architectures;
	APT::Architecture "amd64";
	APT::Architectures { "amd64"; "arm64"; };
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Acquire::Retries "3";
	Dir::State "$work";
	Dir::State::lists "$work/lists/";
	Dir::State::status "$work/status";
	Dir::Cache "$work/cache";
	Dir::Etc::sourcelist "$work/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	END
	echo "${0##*/}: package lists of $suites from $mirror" >&2
	apt-get -q=2 -c "$work/apt.conf" --error-on=any update >"$work/log" 2>&1 ||
		die "apt-get update failed:"$'\n'"$(tail -n 20 "$work/log")"
}

# package_field PACKAGE[=VERSION] FIELD
package_field() {
	apt-cache -c "$work/apt.conf" show "$1" 2>/dev/null |
		awk -v f="$2:" '$1 == f { sub(/^[^ ]* */, ""); print; exit }'
}

# newest_version PACKAGE REGEX
newest_version() {
	apt-cache -c "$work/apt.conf" madison "$1" 2>/dev/null |
		awk -F'|' '{ gsub(/ /, "", $2); print $2 }' |
		{ grep -E "$2" || true; } | sort -V | tail -n 1
}

# dependency PACKAGE=VERSION PATTERN DEB_ARCH: the first dependency whose name
# matches, as name:arch=version
dependency() {
	package_field "$1" Depends | tr ',|' '\n\n' |
		sed -n -E "s/^ *($2)( \(= ([^)]*)\))?.*/\1:$3=\3/p" | head -n 1 |
		sed 's/=$//'
}

# unpack PACKAGE FOLDER PATTERN...: fetch a package, extract only what matches
unpack() {
	local package=$1 to=$2 deb
	shift 2

	mkdir -p "$to"
	rm -f "$work"/debs/*
	(cd "$work/debs" &&
		apt-get -q=2 -c "$work/apt.conf" download "$package") \
		>"$work/log" 2>&1 ||
		die "cannot download $package:"$'\n'"$(tail -n 5 "$work/log")"
	deb=$(echo "$work"/debs/*.deb)
	# A pattern may have no match: the file is in the next package.
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -C "$to" --wildcards "$@" 2>/dev/null || true
	rm -f "$deb"
}
