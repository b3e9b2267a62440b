# SPDX-License-Identifier: GPL-2.0-only
# Small kernels and initrds for tests of the command line and of plans, always
# the same bytes.  Sourced by tests/cli/run and tests/plan/run.
#
# They are sound for every check kexec makes and would boot nowhere: the headers
# ask for as much memory as a distribution's kernel, the files are tiny.

# le N VALUE: VALUE as N little-endian bytes
le() {
	local n=$1 v=$(($2)) i

	for ((i = 0; i < n; i++)); do
		printf "\\x$(printf %02x $((v >> (8 * i) & 255)))"
	done
}

# zeros N
zeros() {
	head -c "$(($1))" /dev/zero
}

# pattern N: N bytes that are not zeros
pattern() {
	yes 'kexec-tools test pattern' | head -c "$(($1))"
}

# arm64_image IMAGE_SIZE FILE_SIZE: Documentation/arch/arm64/booting.rst
arm64_image() {
	le 4 0x14000010			# b +0x40
	le 4 0
	le 8 0				# text_offset
	le 8 "$1"			# image_size
	le 8 0xa			# little-endian, 4 KiB pages, anywhere
	zeros 24
	printf 'ARM\x64'
	le 4 0
	pattern $(($2 - 64))
}

# bzimage INIT_SIZE KERNEL_SIZE XLOADFLAGS: Documentation/arch/x86/boot.rst,
# protocol 2.15, one sector of setup code
bzimage() {
	zeros 0x1f1
	le 1 1				# setup_sects
	le 2 0
	le 4 $(($2 / 16))		# syssize
	le 2 0; le 2 0; le 2 0
	le 2 0xaa55			# boot_flag
	le 2 0x6aeb			# jump: the header ends at 0x26c
	printf HdrS
	le 2 0x020f			# version
	zeros 9				# 0x208
	le 1 1				# 0x211 loadflags: LOADED_HIGH
	zeros 26			# 0x212
	le 4 0x7fffffff			# 0x22c initrd_addr_max
	le 4 0x200000			# 0x230 kernel_alignment
	le 1 1				# relocatable_kernel
	le 1 21				# min_alignment
	le 2 "$3"			# 0x236 xloadflags
	le 4 2047			# cmdline_size
	zeros 28			# 0x23c
	le 8 0x1000000			# 0x258 pref_address
	le 4 "$1"			# 0x260 init_size
	zeros 412			# 0x264 to the end of the setup
	pattern "$2"
}

# make_inputs DIR
make_inputs() {
	arm64_image 0x2010000 65536 >"$1/Image"
	gzip -9nc "$1/Image" >"$1/Image.gz"
	# KERNEL_64, CAN_BE_LOADED_ABOVE_4G, EFI_KEXEC, 5LEVEL, 5LEVEL_ENABLED
	bzimage 0x3f97000 65536 0x73 >"$1/bzImage"
	bzimage 0x3f97000 65536 0x13 >"$1/bzImage-4level"
	bzimage 0xc000000 65536 0x73 >"$1/bzImage-192m"
	bzimage 0x11000000 65536 0x73 >"$1/bzImage-272m"
	pattern 100001 >"$1/initrd"
	pattern 50002 >"$1/initrd2"
	printf '\x31\xc0\xc3' >"$1/function.bin"	# xor %eax, %eax; ret
}

# make_cores DIR PROGRAM: saved cores, by tests/plan/make-core
make_cores() {
	local arch codec

	for arch in arm64 x86_64; do
		for codec in raw lz4 zstd; do
			"$2" $arch $codec complete >"$1/core-$arch-$codec"
		done
		"$2" $arch raw complete another >"$1/core-$arch-another"
		"$2" $arch lz4 complete encrypted >"$1/core-$arch-encrypted" || (($? == 77))
		"$2" $arch lz4 writing >"$1/core-$arch-writing"
		"$2" $arch lz4 consumed >"$1/core-$arch-consumed"
	done
}
