/* SPDX-License-Identifier: GPL-2.0-only */
/* First instructions of the payload, entered in 64-bit mode: keeps what it found. */
	.text
	.globl	_start
_start:
	mov	%rax, saved(%rip)
	pushfq				/* also proves that the stack can be used */
	pop	%rax
	mov	%rax, 128 + saved(%rip)
	mov	%rbx, 8 + saved(%rip)
	mov	%rcx, 16 + saved(%rip)
	mov	%rdx, 24 + saved(%rip)
	mov	%rsi, 32 + saved(%rip)
	mov	%rdi, 40 + saved(%rip)
	mov	%rbp, 48 + saved(%rip)
	mov	%rsp, 56 + saved(%rip)
	mov	%r8, 64 + saved(%rip)
	mov	%r9, 72 + saved(%rip)
	mov	%r10, 80 + saved(%rip)
	mov	%r11, 88 + saved(%rip)
	mov	%r12, 96 + saved(%rip)
	mov	%r13, 104 + saved(%rip)
	mov	%r14, 112 + saved(%rip)
	mov	%r15, 120 + saved(%rip)
	mov	%cr0, %rax
	mov	%rax, 136 + saved(%rip)
	mov	%cr4, %rax
	mov	%rax, 144 + saved(%rip)
	xor	%eax, %eax
	mov	%cs, %ax
	shl	$16, %rax
	mov	%ds, %ax
	shl	$16, %rax
	mov	%es, %ax
	shl	$16, %rax
	mov	%ss, %ax
	mov	%rax, 152 + saved(%rip)
	lea	_start(%rip), %rax
	mov	%rax, 160 + saved(%rip)
	mov	%cr3, %rax
	mov	%rax, 168 + saved(%rip)
	mov	$0xc0000101, %ecx		/* GS_BASE */
	rdmsr
	mov	%eax, 176 + saved(%rip)
	mov	%edx, 180 + saved(%rip)
	mov	$0xc0000080, %ecx		/* EFER */
	rdmsr
	mov	%eax, 184 + saved(%rip)
	/* Segment registers can be loaded: the GDT is where GDTR says. */
	mov	$0x18, %eax
	mov	%eax, %ds
	mov	%eax, %es
	lea	stack(%rip), %rsp
	lea	saved(%rip), %rdi
	call	payload
1:	hlt
	jmp	1b

	.bss
	.balign	16
saved:	.space	192
	.space	4096
stack:
	.section .note.GNU-stack, "", @progbits
