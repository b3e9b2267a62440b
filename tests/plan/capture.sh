#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Captures what kexec reads of a running machine, for `kexec --sysroot=DIR`:
#
#	capture.sh DIR			into a new directory
#	capture.sh FILE.tar		into an archive
#	capture.sh FILE.tar.gz
#
# Run it as root, or /proc/iomem has no addresses and the firmware's tables are
# not readable.  What is not there is left out, as kexec leaves it out.  Nothing
# but the files below is read: no serial numbers, no keys, no disks.  The device
# tree's random seeds are in /sys/firmware/fdt only as zeros.
#
# Plain POSIX shell, and every command is in busybox, so that it also runs in an
# initramfs.  The file kx/uname ("Linux RELEASE MACHINE PAGESIZE") stands for
# uname(2) and sysconf(3); see kexec/sys/sources.c.

set -u
export LC_ALL=C

release=$(uname -r)

# Patterns below /.  Whatever kexec/sys/sources*.c, removable.c, config.c and
# console*.c learn to read belongs here, too.
files="
proc/cmdline
proc/config.gz
proc/cpuinfo
proc/iomem
proc/meminfo
proc/self/status
proc/sys/kernel/kexec_load_*
boot/config-$release
lib/modules/$release/config
sys/class/tty/*/custom_divisor
sys/class/tty/*/flags
sys/class/tty/*/io_type
sys/class/tty/*/iomem_base
sys/class/tty/*/iomem_reg_shift
sys/class/tty/*/line
sys/class/tty/*/port
sys/class/tty/*/type
sys/class/tty/*/uartclk
sys/class/tty/console/active
sys/devices/system/memory/block_size_bytes
sys/devices/system/memory/memory*/phys_index
sys/devices/system/memory/memory*/state
sys/devices/system/memory/memory*/valid_zones
sys/devices/system/memory/crash_hotplug
sys/firmware/acpi/tables/FACP
sys/firmware/acpi/tables/SPCR
sys/firmware/edd/int13_dev*/*
sys/firmware/efi/config_table
sys/firmware/efi/fw_platform_size
sys/firmware/efi/fw_vendor
sys/firmware/efi/runtime
sys/firmware/efi/runtime-map/*/*
sys/firmware/efi/systab
sys/firmware/fdt
sys/firmware/memmap/*/*
sys/kernel/boot_params/data
sys/kernel/boot_params/version
sys/kernel/debug/boot_params/data
sys/kernel/crash_elfcorehdr_size
sys/kernel/kexec_*
sys/kernel/kexec/*
sys/kernel/security/lockdown
sys/devices/system/cpu/crash_hotplug
sys/devices/system/cpu/possible
sys/devices/system/cpu/cpu*/crash_notes
sys/devices/system/cpu/cpu*/crash_notes_size
sys/kernel/vmcoreinfo
"

# Directories whose mere existence is a fact.
directories="
sys/firmware/acpi/tables
sys/firmware/efi
sys/kernel
"

say() {
	echo "capture.sh: $*" >&2
}

die() {
	say "$*"
	exit 1
}

usage() {
	die "usage: capture.sh DIR | FILE.tar | FILE.tar.gz"
}

# The kernel's page size, or nothing.  busybox has no getconf; smaps says it as
# "KernelPageSize:        4 kB".
page_size() {
	getconf PAGESIZE 2>/dev/null && return
	sed -n 's/^KernelPageSize: *\([0-9]*\) kB$/\1/p' /proc/self/smaps 2>/dev/null |
		while read -r kib; do
			echo $((kib * 1024))
			break
		done
}

# copy FILE OUT: its bytes, as far as they can be read.  Files below /sys lie
# about their size, so cat and not cp.
copy() {
	mkdir -p "$2/${1%/*}" || die "cannot make $2/${1%/*}"
	cat "/$1" >"$2/$1" 2>/dev/null || rm -f "$2/$1"
}

copy_patterns() {
	while read -r pattern; do
		# No quotes: the shell finds the files. No name has blanks.
		for file in /$pattern; do
			[ -f "$file" ] && [ -r "$file" ] && copy "${file#/}" "$1"
		done
	done <<-END
		$files
	END
	for directory in $directories; do
		[ -d "/$directory" ] && mkdir -p "$1/$directory"
	done
}

# x86_64: of what the boot loader handed on, only the timing record (kexec
# --last-boot); other nodes may hold seeds.
copy_timing() {
	for type in /sys/kernel/boot_params/setup_data/*/type; do
		[ "$(cat "$type" 2>/dev/null)" = 0x4b58544d ] || continue
		copy "${type#/}" "$1"
		type=${type%type}data
		copy "${type#/}" "$1"
	done
}

# The notes of the kernel that sleeps or crashed: /proc/vmcore as far as its only
# PT_NOTE, which comes first, and no memory (doc/resumable-core.md).
copy_core() {
	[ -r /proc/vmcore ] || return 0
	end=0
	# p_offset and p_filesz of the first program header
	for at in 72 96; do
		n=$(od -A n -t u8 -j $at -N 8 /proc/vmcore 2>/dev/null)
		end=$((end + n))
	done
	mkdir -p "$1/proc" || die "cannot make $1/proc"
	head -c "$end" /proc/vmcore >"$1/proc/vmcore" 2>/dev/null || rm -f "$1/proc/vmcore"
}

# Only where there is no flattened tree: kernels built without it, or not root.
copy_device_tree() {
	[ -s "$1/sys/firmware/fdt" ] && return
	[ -d /sys/firmware/devicetree/base ] || return
	find /sys/firmware/devicetree/base -type f | while read -r file; do
		copy "${file#/}" "$1"
	done
}

capture() {
	size=$(page_size)
	[ -n "$size" ] || die "cannot find out the page size (no getconf, no /proc/self/smaps)"
	mkdir -p "$1/kx" || die "cannot make $1/kx"
	echo "$(uname -s) $release $(uname -m) $size" >"$1/kx/uname" ||
		die "cannot write $1/kx/uname"
	copy_patterns "$1"
	copy_device_tree "$1"
	copy_timing "$1"
	copy_core "$1"
	[ "$(id -u)" = 0 ] || say "not root: addresses and firmware tables are missing"
}

# archive DIR FILE TAR-FLAGS
archive() {
	tar -C "$1" "$3" "$2" . || die "cannot write $2"
}

[ $# -eq 1 ] || usage
case $1 in
''|-*)
	usage ;;
*.tar|*.tar.gz|*.tgz)
	work=$(mktemp -d) || die "cannot make a temporary directory"
	trap 'rm -rf "$work"' EXIT
	capture "$work/machine"
	case $1 in
	*.tar)	archive "$work/machine" "$1" -cf ;;
	*)	archive "$work/machine" "$1" -czf ;;
	esac ;;
*)
	[ ! -e "$1" ] || die "$1: exists"
	capture "$1" ;;
esac
