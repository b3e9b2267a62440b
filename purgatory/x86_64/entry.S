/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry point, descriptor tables and exception stubs, x86_64.
 *
 * State at entry, from the kernel's relocate_kernel_64.S (all versions):
 * 64-bit mode, identity map of at least this image, 4 or 5 levels; CR0.PE|PG,
 * WP AM TS EM clear; CR4 = PAE, LA57 if it was on, MCE under TDX; interrupts
 * off; GDT and IDT unusable or the old kernel's own; registers anything.
 *
 * The stack is not touched: kernels from v6.14 until 786a45757dcd ("x86/kexec:
 * Push kjump return address even for non-kjump kexec") enter with rsp at the
 * end of the control page, where the next word may not be mapped.  With
 * PURG_F_PRESERVE preserve.c looks at what it points to.
 */
	.section .head, "ax"
	.code64
	.globl	purg_entry
purg_entry:
	jmp	start

	.text
start:
	cli
	cld
	mov	%rsp, purg_entered(%rip)	/* struct purg_entered */
	mov	%cr0, %rax
	mov	%rax, purg_entered+8(%rip)
	mov	%cr3, %rax
	mov	%rax, purg_entered+16(%rip)
	mov	%cr4, %rax
	mov	%rax, purg_entered+24(%rip)
	lea	stack_top(%rip), %rsp

	/* The descriptor register's image is built here: it has an address in it. */
	lea	gdt(%rip), %rax
	push	%rax
	pushw	$(gdt_end - gdt - 1)
	lgdt	(%rsp)
	lea	stack_top(%rip), %rsp

	mov	$0x18, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs		/* and their bases become 0 */
	mov	%eax, %gs
	pushq	$0x10
	lea	1f(%rip), %rax
	push	%rax
	lretq
1:
	pushq	$2			/* flags: only the bit that is always 1 */
	popfq
	xor	%ebp, %ebp
	lea	purg_param(%rip), %rdi
	lea	purg_image_start(%rip), %rsi
	call	purgatory
2:	hlt
	jmp	2b

/*
 * boot.rst, both protocols: "__BOOT_CS(0x10) and __BOOT_DS(0x18); both
 * descriptors must be 4G flat segment; __BOOT_CS must have execute/read
 * permission, and __BOOT_DS must have read/write permission".  The accessed
 * bit is set already, so that the CPU has nothing to write.
 */
	.section .rodata
	.balign	16
	.globl	gdt, gdt32, gdt_end
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 0x08 32-bit code, for jump.S */
	.quad	0x00af9b000000ffff	/* 0x10 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18 data */
gdt_end:
gdt32:
	.quad	0
	.quad	0
	.quad	0x00cf9b000000ffff	/* 0x10 32-bit code */
	.quad	0x00cf93000000ffff	/* 0x18 data */

/*
 * Stubs of 16 bytes (trap.c: STUB_LEN) that make all frames alike: SDM vol.
 * 3A, table 6-1, says which vectors push an error code.
 */
	.text
	.balign	16
	.globl	purg_trap_stubs
purg_trap_stubs:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	vector == 2
	/*
	 * An NMI says nothing about the kernel we check: a watchdog's must
	 * not cost a crash dump.
	 */
	iretq
	.else
	.if	!((0x60227d00 >> vector) & 1)	/* not 8, 10-14, 17, 21, 29, 30 */
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap
	.endif
	.set	vector, vector + 1
	.endr
	.balign	16
trap:
	cld
	mov	%rsp, %rdi		/* struct purg_frame */
	and	$-16, %rsp
	call	purg_trap		/* does not return */
3:	hlt
	jmp	3b

/* An interrupt that nobody waits for: see apic.c. */
	.globl	purg_irq
purg_irq:
	push	%rax
	push	%rcx
	push	%rdx
	mov	purg_apic_eoi(%rip), %rax
	test	%rax, %rax
	jz	4f
	movl	$0, (%rax)
	jmp	5f
4:	mov	$0x80b, %ecx		/* x2APIC: EOI */
	xor	%edx, %edx
	wrmsr
5:	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

	.bss
	.balign	16
	.globl	purg_entered
purg_entered:
	.space	4 * 8
	.balign	16
	.space	0x1000
	.globl	stack_top
stack_top:

	.section .note.GNU-stack, "", @progbits
