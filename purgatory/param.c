// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the parameter block (include/purgatory/abi.h) one that we can obey?
 * kexec and purgatory come from one build, so a failure here means that the
 * image was damaged between load and exec, or a bug; either way nothing of it
 * may be followed.  purgatory.c prints the sentence and fails.
 */
#include "purgatory.h"

#define REGION_FLAGS	(PURG_REGION_VERIFY | PURG_REGION_HANDOVER)
#define PARAM_FLAGS	(PURG_F_QUIET | PURG_F_RESET_VGA | PURG_F_DISABLE_PIC)

const char *purg_param_check_head(const struct purg_param *p)
{
	if (p->magic != PURG_MAGIC)
		return "parameter block: wrong magic";
	if (p->version != PURG_VERSION)
		return "parameter block: wrong version";
	if (p->size != sizeof(*p))
		return "parameter block: wrong size";
	return NULL;
}

static const char *check_console(const struct purg_console *c)
{
	uint64_t end;

	if (c->kind == PURG_CONSOLE_NONE)
		return NULL;
	if (!purg_arch_console_known(c->kind))
		return "parameter block: console of a kind this machine has not";
	if (c->kind == PURG_CONSOLE_8250_PORT && c->addr > 0x10000 - 8)
		return "parameter block: console port beyond 0xffff";
	if (c->kind == PURG_CONSOLE_8250_MMIO && c->reg_shift > 8)
		return "parameter block: console register stride too large";
	if (c->kind == PURG_CONSOLE_8250_MMIO && c->reg_width != 1 && c->reg_width != 4)
		return "parameter block: console register width neither 1 nor 4";
	if (c->kind == PURG_CONSOLE_8250_MMIO && c->reg_width == 4 &&
	    ((c->addr & 3) || c->reg_shift < 2))
		return "parameter block: console registers not aligned to their width";
	if (c->kind == PURG_CONSOLE_PL011 && (c->addr & 3))
		return "parameter block: console registers not aligned to their width";
	if (c->divisor > 0xffff)
		return "parameter block: console divisor over 16 bits";
	if (__builtin_add_overflow(c->addr, 0x1000, &end))
		return "parameter block: console address wraps";
	return NULL;
}

const char *purg_param_fix_consoles(struct purg_param *p)
{
	const char *why = NULL;

	if (p->console_count > PURG_CONSOLES_MAX) {
		p->console_count = 0;
		return "parameter block: too many consoles";
	}
	for (uint32_t i = 0; i < p->console_count; i++) {
		const char *bad = check_console(&p->console[i]);

		if (bad) {
			p->console[i].kind = PURG_CONSOLE_NONE;
			why = bad;
		}
	}
	return why;
}

static int name_ends(const char name[PURG_NAME_LEN])
{
	for (uint32_t i = 0; i < PURG_NAME_LEN; i++)
		if (!name[i])
			return 1;
	return 0;
}

static const char *check_region(const struct purg_region *r)
{
	uint64_t end;

	if (__builtin_add_overflow(r->pa, r->mem_len, &end))
		return "parameter block: region wraps";
	if (r->len > r->mem_len)
		return "parameter block: region verifies more than it maps";
	if (r->flags & ~REGION_FLAGS)
		return "parameter block: unknown region flag";
	if (r->reserved)
		return "parameter block: reserved field of a region is not 0";
	if (!name_ends(r->name))
		return "parameter block: region name without end";
	return NULL;
}

static int inside(uint64_t pa, const struct purg_region *r)
{
	return pa >= r->pa && pa - r->pa < r->mem_len;
}

const char *purg_param_check(const struct purg_param *p, uint64_t base)
{
	if (p->base != base)
		return "parameter block: not loaded where it says";
	if (base & (PURG_IMAGE_ALIGN - 1))
		return "parameter block: image not aligned";
	if (p->flags & ~PARAM_FLAGS)
		return "parameter block: unknown flag";
	if (p->on_fail > PURG_FAIL_HALT)
		return "parameter block: unknown on_fail";
	if (p->psci > PURG_PSCI_SMC)
		return "parameter block: unknown PSCI method";
	if (p->paging > PURG_PAGING_4LEVEL)
		return "parameter block: unknown paging mode";
	if (p->reserved)
		return "parameter block: reserved field is not 0";
	if (p->region_count > PURG_REGIONS_MAX)
		return "parameter block: too many regions";
	for (uint32_t i = 0; i < p->region_count; i++) {
		const char *why = check_region(&p->region[i]);

		if (why)
			return why;
		/* Our stack changes while we hash: this digest never matches. */
		if ((p->region[i].flags & PURG_REGION_VERIFY) && inside(base, &p->region[i]))
			return "parameter block: asked to verify purgatory itself";
	}
	return purg_arch_check(p);
}
