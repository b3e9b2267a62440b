/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flat purgatory images inside kexec (include/purgatory/blob.h).  Both
 * architectures are in every build, because a plan for the other one can be
 * computed and tested; where a compiler was missing the file is empty.
 *
 * The include path of this file is the build directory's purgatory/.
 */
	.section .rodata
	.macro	blob arch
	.globl	purg_blob_\arch, purg_blob_\arch\()_end
	.balign	64
purg_blob_\arch:
	.incbin	"\arch/purgatory.bin"
purg_blob_\arch\()_end:
name_\arch:
	.asciz	"\arch"
	.endm

	blob	x86_64
	blob	arm64

/* const struct purg_blob purg_blobs[PURG_BLOB_COUNT] */
	.macro	entry arch
	.quad	name_\arch
	.quad	purg_blob_\arch
	.quad	purg_blob_\arch\()_end - purg_blob_\arch
	.endm

	.section .data.rel.ro, "aw"
	.balign	8
	.globl	purg_blobs
	.type	purg_blobs, %object
purg_blobs:
	entry	x86_64
	entry	arm64
	.size	purg_blobs, . - purg_blobs

	.section .note.GNU-stack, "", %progbits
