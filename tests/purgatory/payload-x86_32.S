/* SPDX-License-Identifier: GPL-2.0-only */
/* First instructions of the payload, entered in 32-bit mode: keeps what it found. */
	.code32
	.text
	.globl	_start
_start:
	mov	%eax, saved
	mov	%ebx, 8 + saved
	mov	%ecx, 16 + saved
	mov	%edx, 24 + saved
	mov	%esi, 32 + saved
	mov	%edi, 40 + saved
	mov	%ebp, 48 + saved
	mov	%esp, 56 + saved
	mov	$stack, %esp
	pushf
	pop	%eax
	mov	%eax, 128 + saved
	mov	%cr0, %eax
	mov	%eax, 136 + saved
	mov	%cr4, %eax
	mov	%eax, 144 + saved
	xor	%eax, %eax
	mov	%es, %ax
	shl	$16, %eax
	mov	%ss, %ax
	mov	%eax, 152 + saved
	xor	%eax, %eax
	mov	%cs, %ax
	shl	$16, %eax
	mov	%ds, %ax
	mov	%eax, 156 + saved
	mov	$0xc0000080, %ecx
	rdmsr
	mov	%eax, 64 + saved		/* EFER where r8 would be */
	mov	$0x18, %eax
	mov	%eax, %ds
	push	$saved
	call	payload
1:	hlt
	jmp	1b

	.bss
	.balign	16
saved:	.space	192			/* the last four are of payload-x86_64.S */
	.space	4096
stack:
	.section .note.GNU-stack, "", @progbits
