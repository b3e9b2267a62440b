// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way out, arm64: Documentation/arch/arm64/booting.rst, "4. Call the
 * kernel image"; and what the main flow asks that is trivial here, because
 * the MMU is off.  Called by purgatory.c.
 */
#include "arm64.h"
#include "purgatory/lz4.h"

void purg_arch_init(struct purg_param *p)
{
	(void)p;	/* vectors are set, devices are reachable */
}

const char *purg_arch_check(const struct purg_param *p)
{
	if (p->entry_kind != PURG_ENTRY_ARM64)
		return "not an arm64 entry";
	if (p->pc & 3)
		return "entry point not aligned to 4";
	return NULL;
}

/* FP/SIMD may trap (CPACR_EL1, CPTR_EL2 are the old kernel's): no SHA2 instructions. */
sha256_blocks_fn *purg_arch_sha256_begin(struct purg_fpu *save)
{
	save->reg[0] = save->reg[1] = 0;
	return sha256_blocks_portable;
}

void purg_arch_sha256_end(const struct purg_fpu *save)
{
	(void)save;
}

uint64_t purg_arch_counter(void)
{
	return 0;
}

uint64_t purg_arch_counter_hz(void)
{
	return 0;
}

int purg_arch_map(struct purg_param *p, const char **ret_why)
{
	(void)p;
	*ret_why = "not asked for";
	return 0;
}

void purg_arch_write_begin(void *dst, uint64_t len)
{
	(void)dst;
	(void)len;
}

void purg_arch_move(void *dst, const void *src, uint64_t len)
{
	__builtin_memmove(dst, src, len);
}

void purg_arch_zero(void *dst, uint64_t len)
{
	__builtin_memset(dst, 0, len);
}

purg_lz4_fn *purg_arch_lz4(void)
{
	return purg_lz4_decode_strict;
}

PURG_NORETURN void purg_arch_handover(struct purg_param *p)
{
	purg_jump(p->pc, p->reg);
}
