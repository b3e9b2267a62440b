/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last instructions of purgatory on x86_64.  Called by handover.c, with
 * our page tables loaded; nobody comes back.
 *
 * Where paging goes off, code, stack and tables are below 4 GiB (kexec places
 * the image there, handover.c has checked it), so physical addresses fit into
 * the 32-bit registers.  32-bit code has no pc-relative addressing: what it
 * needs is put into registers before, whose low halves survive the switch.
 */

#define CR0_PG_BIT	31
#define CR4_MCE		0x40
#define CR4_LA57_BIT	12
#define EFER		0xc0000080
#define EFER_LME_BIT	8
#define MSR_GS_BASE	0xc0000101

	.text
	.code64

/* void purg_jump64(uint64_t pc, uint64_t rsi, uint64_t rsp) */
	.globl	purg_jump64
purg_jump64:
	mov	%rdi, jump_pc(%rip)
	mov	%rsi, jump_si(%rip)
	mov	%rdx, jump_sp(%rip)

/*
 * boot.rst, "64-bit Boot Protocol": "interrupt must be disabled; %rsi must
 * hold the base address of the struct boot_params".  abi.h: every other
 * register 0 but rsp.
 */
jump64:
	mov	$0x18, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	lea	stack_top(%rip), %rsp
	mov	jump_sp(%rip), %rax
	test	%rax, %rax
	cmovnz	%rax, %rsp
	mov	jump_si(%rip), %rsi
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%edi, %edi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	jmp	*jump_pc(%rip)

/*
 * void purg_jump64_4level(uint64_t pc, uint64_t rsi, uint64_t rsp, uint64_t cr3)
 *
 * SDM vol. 3A, 4.1.1: "Software cannot modify CR4.LA57 while IA-32e mode is
 * active" (it is #GP).  So: compatibility mode, paging off, which ends IA-32e
 * mode, another CR4, another table, paging on again; EFER.LME stays set.
 */
	.globl	purg_jump64_4level
purg_jump64_4level:
	mov	%rdi, jump_pc(%rip)
	mov	%rsi, jump_si(%rip)
	mov	%rdx, jump_sp(%rip)
	mov	%cr4, %rbx
	btr	$CR4_LA57_BIT, %ebx
	lea	jump64(%rip), %rdx
	jmp	levels

/*
 * void purg_jump32(uint64_t pc, uint64_t esi)
 *
 * boot.rst, "32-bit Boot Protocol": "the CPU must be in 32-bit protected mode
 * with paging disabled; a GDT must be loaded with the descriptors for
 * selectors __BOOT_CS(0x10) and __BOOT_DS(0x18) [...] interrupt must be
 * disabled; %esi must hold the base address of the struct boot_params; %ebp,
 * %edi and %ebx must be zero."
 */
	.code64
	.globl	purg_jump32
purg_jump32:
	lea	stack_top(%rip), %rsp
	lea	gdt32(%rip), %rbx
	lea	stack_top(%rip), %rbp
	pushq	$0x08
	lea	1f(%rip), %rax
	push	%rax
	lretq
	.code32
1:	mov	$0x18, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%cr0, %eax
	btr	$CR0_PG_BIT, %eax
	mov	%eax, %cr0
	mov	$EFER, %ecx
	rdmsr
	btr	$EFER_LME_BIT, %eax
	wrmsr
	/* PAE, LA57 and all else off; MCE may not be cleared in a TDX guest. */
	mov	%cr4, %eax
	and	$CR4_MCE, %eax
	mov	%eax, %cr4
	xor	%eax, %eax
	mov	%eax, %cr3

	/* A GDT whose 0x10 is 32-bit code, and no IDT: ours has 64-bit gates. */
	push	%ebx
	pushw	$(4 * 8 - 1)
	lgdtl	(%esp)
	movl	$0, 2(%esp)
	movw	$0, (%esp)
	lidtl	(%esp)
	mov	%ebp, %esp
	mov	$0x18, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	pushl	$2
	popfl
	pushl	$0x10
	push	%edi
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%edi, %edi
	xor	%ebp, %ebp
	lretl

/*
 * uint64_t purg_call64(uint64_t pc, const uint64_t arg[3], uint64_t rsp)
 *
 * The psABI: "(%rsp + 8) is always a multiple of 16 when control is transferred
 * to the function entry point".  The function may use all registers.
 */
	.code64
	.globl	purg_call64
purg_call64:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, jump_sp(%rip)
	mov	%rdi, %rax
	mov	%rdx, %rsp
	and	$-16, %rsp
	mov	16(%rsi), %rdx
	mov	(%rsi), %rdi
	mov	8(%rsi), %rsi
	call	*%rax
	mov	jump_sp(%rip), %rsp
	cli
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/*
 * void purg_leave(uint64_t pc, const uint64_t *top)
 *
 * Back into the control page of a kernel that jumped (relocate_kernel_64.S,
 * behind "call *%rdx"): it reads the word at rsp as the address to go to the
 * next time, and with it the direction flag clear, as its copies need it.  All
 * else it has saved itself; EFER must be as that kernel left it, as its page
 * tables have NX bits.
 */
	.globl	purg_leave
purg_leave:
	mov	%rsi, %rsp
	jmp	*%rdi

/*
 * void purg_leave_levels(uint64_t pc, const uint64_t *top, uint64_t cr3, uint64_t cr4)
 *
 * The same with another CR4.LA57: see purg_jump64_4level.
 */
	.globl	purg_leave_levels
purg_leave_levels:
	mov	%rdi, jump_pc(%rip)
	mov	%rsi, jump_sp(%rip)
	mov	%ecx, %ebx
	mov	%edx, %ecx
	lea	leave64(%rip), %rdx

/* To rdx, with the table ecx and CR4 ebx. */
levels:
	lea	stack_top(%rip), %rsp
	pushq	$0x08
	lea	1f(%rip), %rax
	push	%rax
	lretq
	.code32
1:	mov	$0x18, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%cr0, %eax
	btr	$CR0_PG_BIT, %eax
	mov	%eax, %cr0
	mov	%ebx, %cr4
	mov	%ecx, %cr3
	mov	%cr0, %eax
	bts	$CR0_PG_BIT, %eax
	mov	%eax, %cr0
	pushl	$0x10
	push	%edx
	lretl
	.code64
leave64:
	mov	jump_pc(%rip), %rdi
	mov	jump_sp(%rip), %rsi
	jmp	purg_leave

/*
 * void purg_restore(uint64_t va, uint64_t cr3, uint64_t gs_base)
 *
 * As core_restore_code of hibernate_asm_64.S does it: the kernel's cr3 in r9, and
 * the address in r8.  No stack is used before it has its own, but an NMI would.
 * The base of gs is for kernels whose returns count calls there.
 */
	.globl	purg_restore
purg_restore:
	mov	%rdi, jump_pc(%rip)
	mov	%rsi, jump_si(%rip)
	mov	%rdx, jump_sp(%rip)
restore64:
	lea	stack_top(%rip), %rsp
	mov	jump_sp(%rip), %rdx
	mov	%edx, %eax
	shr	$32, %rdx
	mov	$MSR_GS_BASE, %ecx
	wrmsr
	mov	jump_pc(%rip), %r8
	mov	jump_si(%rip), %r9
	jmp	*%r8

/*
 * void purg_restore_levels(uint64_t va, uint64_t cr3, uint64_t gs_base, uint64_t table,
 *			    uint64_t cr4)
 *
 * The same with another CR4.LA57.
 */
	.globl	purg_restore_levels
purg_restore_levels:
	mov	%rdi, jump_pc(%rip)
	mov	%rsi, jump_si(%rip)
	mov	%rdx, jump_sp(%rip)
	mov	%r8d, %ebx
	lea	restore64(%rip), %rdx
	jmp	levels

	.bss
	.balign	8
jump_pc:
	.quad	0
jump_si:
	.quad	0
jump_sp:
	.quad	0

	.section .note.GNU-stack, "", @progbits
