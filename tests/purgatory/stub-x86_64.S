/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that does nothing but leave as kexec does: QEMU's -kernel loads
 * this by multiboot (protected mode, paging off), it goes to long mode with 4
 * or 5 levels as the byte at 0x1800000 says, maps only the first GiB, and jumps
 * to the purgatory image at 0x2000000.  Used by tests/purgatory/qemu.c.
 *
 * If the byte behind it is 1 it leaves as a kernel does that wants to return
 * (doc/jump-protocol.md): this page is its control page, with the list of the
 * image's pages.  Returned to, it goes to the payload with what it was told to
 * enter the next time in rdi, 0xbac in rbx, and in r12 the requests of the local
 * APIC for vectors 64 to 95, of which it has left one.
 *
 * The third byte is the number of other CPUs, which are kept busy in low memory.
 *
 * As hostile as the contract allows: the stack pointer is not mapped, GDT and
 * IDT are gone, every register is junk.
 */
	.code32
	.text
	.globl	_start
	.balign	4096
	.long	0x1badb002, 0, -0x1badb002	/* multiboot header */
_start:
	cld
	mov	$pd, %edi
	mov	$0x83, %eax			/* present, writable, 2 MiB */
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	movl	$(pd + 3), pdpt
	movl	$(pdpt + 3), pml4
	movl	$(pml4 + 3), pml5
	movl	$(apic_pd + 3), pdpt + 3 * 8
	movl	$0xfee00083, apic_pd + 0x1f7 * 8

	cmpb	$0, 0x1800002
	je	1f
	/*
	 * The other CPUs count themselves at 0x8010 and stay in "jmp .": INIT, start-up
	 * IPI (SDM vol. 3A, 8.4.4.1).  QEMU 7.2 lets an INIT pend for a CPU in HLT, where
	 * the firmware has left them, and keeps a start-up IPI over the next INIT for one
	 * that has not begun: so all of them are waited for.
	 */
	movl	$0x1006fff0, 0x8000		/* lock incw 0x8010 */
	movl	$0xfeeb80, 0x8004		/* jmp . */
	movw	$0, 0x8010
	movl	$0xc4500, 0xfee00300
	movl	$0xc4608, 0xfee00300
	movzbl	0x1800002, %eax
2:	pause
	cmpw	%ax, 0x8010
	jne	2b

1:	mov	$0x20, %eax			/* CR4.PAE */
	mov	$pml4, %ebx
	cmpb	$5, 0x1800000
	jne	2f
	or	$0x1000, %eax			/* CR4.LA57 */
	mov	$pml5, %ebx
2:	mov	%eax, %cr4
	mov	%ebx, %cr3
	mov	%ebx, 0x8020			/* for who comes back on them */
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x901, %eax			/* LME, NXE, SCE as Linux has them */
	wrmsr
	mov	$0x80000001, %eax		/* PG, PE and nothing else */
	mov	%eax, %cr0
	mov	$nothing, %esi
	lgdt	gdtr
	ljmp	$0x08, $3f
	.code64
3:	lidt	(%rsi)
	lgdt	(%rsi)
	mov	$0x7ffffffff000, %rsp
	mov	$0x5a5a5a5a5a5a5a5a, %rbx
	mov	%rbx, %rcx
	mov	%rbx, %rdx
	mov	%rbx, %rsi
	mov	%rbx, %rdi
	mov	%rbx, %rbp
	mov	%rbx, %r8
	mov	%rbx, %r15
	mov	$0x2000000, %eax
	mov	$0x1800001, %edx
	cmpb	$1, (%rdx)
	mov	%rbx, %rdx
	je	4f
	jmp	*%rax
4:	mov	$0xfee00000, %edi		/* local APIC */
	movl	$0x1ff, 0xf0(%rdi)		/* on, */
	movl	$0x44041, 0x300(%rdi)		/* vector 65 to ourselves, */
5:	testl	$2, 0x220(%rdi)
	jz	5b
	movl	$0xff, 0xf0(%rdi)		/* off */
	mov	$swap_page + 4096, %esp
	call	*%rax
	pop	%rdi
	mov	$0xfee00000, %r12d
	mov	0x220(%r12), %r12d
	mov	$0xbac, %ebx
	mov	$0x50000000, %eax
	jmp	*%rax
	/* what looks like it and is not: a list of other pages, one without an end */
	.byte	0
	.long	other + 2, 0
	.long	endless + 2, 0
	.long	list + 2, 0

	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff
gdtr:
	.word	15
	.long	gdt, 0
nothing:
	.space	10

	.data
	.balign	4096
list:	.quad	0x2000000 + 1
	.set	source, 0x1a00000
	.rept	32
	.quad	source + 8
	.set	source, source + 4096
	.endr
	.quad	4
	.balign	4096
other:	.quad	0x2001000 + 1
	.quad	0x1a00000 + 8
	.quad	4
	.balign	4096
endless:
	.long	endless + 2, 0

	.bss
	.balign	4096
swap_page:
	.space	4096
pml5:	.space	4096
pml4:	.space	4096
pdpt:	.space	4096
apic_pd:
	.space	4096
pd:	.space	4096

	.section .note.GNU-stack, "", @progbits
