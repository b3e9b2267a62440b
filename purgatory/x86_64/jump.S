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
 * mode, LA57 off, the 4-level table, paging on again; EFER.LME stays set.
 */
	.globl	purg_jump64_4level
purg_jump64_4level:
	mov	%rdi, jump_pc(%rip)
	mov	%rsi, jump_si(%rip)
	mov	%rdx, jump_sp(%rip)
	lea	stack_top(%rip), %rsp
	lea	jump64(%rip), %rdx
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
	mov	%cr4, %eax
	btr	$CR4_LA57_BIT, %eax
	mov	%eax, %cr4
	mov	%ecx, %cr3
	mov	%cr0, %eax
	bts	$CR0_PG_BIT, %eax
	mov	%eax, %cr0
	pushl	$0x10
	push	%edx
	lretl

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

	.bss
	.balign	8
jump_pc:
	.quad	0
jump_si:
	.quad	0
jump_sp:
	.quad	0

	.section .note.GNU-stack, "", @progbits
