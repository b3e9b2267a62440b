# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every script of the test bed agrees on: where things are kept, what the
# architectures are called, how to fail.  Sourced, never run.

# Where downloaded and derived files live between runs.  Nothing in it is
# precious: remove it and `fetch-kernels` brings it back.
#
#	kernels/<arch>/<release>/{vmlinuz,config,version}   fetch-kernels
#	bin/<arch>/busybox                                  fetch-kernels
#	inputs/, parts/                                     mkinput, mkinitrd, cell
#	logs/                                               cell
KX_CACHE=${KX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kexec-tools-tests}

KX_QEMU_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KX_TOP=$(cd "$KX_QEMU_DIR/../.." && pwd)
# shellcheck disable=SC2034	# used by cell
KX_BUILD=${KX_BUILD:-$KX_TOP/build}

# Exit status 2 means "the bed is broken", as against 1, "the test failed".
die() {
	echo "${0##*/}: $*" >&2
	exit 2
}

need_command() {
	command -v "$1" >/dev/null ||
		die "expected the command '$1', not found (package $2)"
}

# publish TEMPORARY FINAL: make a finished file visible in one step, so that
# nobody, not even after a power cut or from another cell, sees half of it.  The
# first move may cross file systems, the second does not.
publish() {
	mv -f -T "$1" "$2.new.$$"
	mv -f -T "$2.new.$$" "$2"
}

# stale BINARY SOURCE: is it to be made (again)?
stale() {
	local header

	for header in "$KX_QEMU_DIR"/*.h; do
		[[ ! $header -nt $1 ]] || return 0
	done
	[[ ! -x $1 || $2 -nt $1 ]]
}

# build_helper NAME: compile the C helper NAME.c for this machine unless an
# up-to-date binary is there, and print its path.
build_helper() {
	local src=$KX_QEMU_DIR/$1.c out=$KX_CACHE/helpers/$1

	if stale "$out" "$src"; then
		mkdir -p "${out%/*}"
		"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$out.$$" "$src" ||
			die "cannot compile $src"
		publish "$out.$$" "$out"
	fi
	echo "$out"
}

# build_plugin NAME: the same, as a plugin for QEMU.
build_plugin() {
	local src=$KX_QEMU_DIR/$1.c out=$KX_CACHE/helpers/$1.so

	if stale "$out" "$src"; then
		mkdir -p "${out%/*}"
		"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -shared -fPIC \
			-o "$out.$$" "$src" || die "cannot compile $src"
		publish "$out.$$" "$out"
	fi
	echo "$out"
}

# build_guest_helper NAME ARCH [OPTION...]: the same, static and for the guests
# of ARCH; OPTIONs are more for the compiler.
build_guest_helper() {
	local src=$KX_QEMU_DIR/$1.c out=$KX_CACHE/helpers/$2/$1 cc=gcc

	[[ $2 != arm64 ]] || cc=aarch64-linux-gnu-gcc
	if stale "$out" "$src"; then
		mkdir -p "${out%/*}"
		"$cc" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -static \
			-o "$out.$$" "$src" "${@:3}" || die "cannot compile $src for $2"
		publish "$out.$$" "$out"
	fi
	echo "$out"
}

# build_function NAME: compile NAME.c, a function, into a flat binary that begins
# with it and does not depend on its address, for kexec --call.
build_function() {
	local src=$KX_QEMU_DIR/$1.c out=$KX_CACHE/helpers/x86_64/$1.bin

	if stale "$out" "$src"; then
		mkdir -p "${out%/*}"
		gcc -std=gnu11 -O2 -Wall -Wextra -ffreestanding -fpie -static -no-pie -nostdlib \
			-fno-stack-protector -fno-asynchronous-unwind-tables \
			-fcf-protection=none -Wl,--build-id=none -Wl,-Ttext=0x10000 -Wl,-e,0x10000 \
			-o "$out.elf.$$" "$src" || die "cannot compile $src"
		objcopy -O binary -j .text "$out.elf.$$" "$out.$$"
		rm "$out.elf.$$"
		chmod +x "$out.$$"	# what stale() looks at
		publish "$out.$$" "$out"
	fi
	echo "$out"
}

# disk_options ARCH RELEASE IMAGE...: into the array of that name, what `cell` needs so
# that its first kernel has the images as /dev/vda and so on, and in /disk the modules
# for them.  All writes and flushes to the first one are logged to $disk_log, unless
# that is empty (replay-writes.c).
disk_options() {
	local modules=$KX_CACHE/kernels/$1/$2/disk module image drive n=0

	[[ -d $modules ]] || die "no disk modules: run fetch-disk-modules $1/$2"
	disk_options=()
	for module in "$modules"/*.ko; do
		disk_options+=("--file=$module:/disk/${module##*/}")
	done
	for image in "${@:3}"; do
		drive="file=$image,format=raw,cache=unsafe"
		if [[ -n ${disk_log:-} ]] && ((n == 0)); then
			: >"$disk_log"
			drive="driver=blklogwrites,file.driver=file,file.filename=$image"
			drive+=",log.driver=file,log.filename=$disk_log,cache=writeback"
		fi
		disk_options+=(--qemu=-drive "--qemu=$drive,if=none,id=disk$n"
			--qemu=-device "--qemu=virtio-blk-pci,drive=disk$n")
		n=$((n + 1))
	done
}
