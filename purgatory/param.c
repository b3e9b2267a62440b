// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the parameter block (include/purgatory/abi.h) one that we can obey?
 * kexec and purgatory come from one build, so a failure here means that the
 * image was damaged between load and exec, or a bug; either way nothing of it
 * may be followed.  purgatory.c prints the sentence and fails.
 */
#include "purgatory.h"
#include "purgatory/console.h"
#include "purgatory/context-note.h"

#define REGION_FLAGS	(PURG_REGION_VERIFY | PURG_REGION_HANDOVER | PURG_REGION_WRITE | \
			 PURG_REGION_VERIFY_AFTER | PURG_REGION_QUARTERS)
#define PARAM_FLAGS	(PURG_F_QUIET | PURG_F_RESET_VGA | PURG_F_DISABLE_PIC | PURG_F_TIMING | \
			 PURG_F_NO_MAP | PURG_F_NO_SHA2 | PURG_F_PRESERVE | PURG_F_STOP_CPUS)

const char *purg_param_check_head(const struct purg_param *p)
{
	if (p->magic != PURG_MAGIC)
		return "wrong magic";
	if (p->version != PURG_VERSION)
		return "wrong version";
	if (p->size != sizeof(*p))
		return "wrong size";
	return NULL;
}

static const char *check_console(const struct purg_console *c)
{
	if (c->kind != PURG_CONSOLE_NONE && !purg_arch_console_known(c->kind))
		return "console of a kind this machine has not";
	return purg_console_fault(c);
}

const char *purg_param_fix_consoles(struct purg_param *p)
{
	const char *why = NULL;

	if (p->console_count > PURG_CONSOLES_MAX) {
		p->console_count = 0;
		return "too many consoles";
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
		return "region wraps";
	if (r->len > r->mem_len)
		return "region verifies more than it maps";
	if (r->flags & ~REGION_FLAGS)
		return "unknown region flag";
	if ((r->flags & PURG_REGION_VERIFY) && (r->flags & PURG_REGION_VERIFY_AFTER))
		return "region verified twice";
	if (r->reserved)
		return "reserved field of a region is not 0";
	if (!name_ends(r->name))
		return "region name without end";
	return NULL;
}

static int overlaps(const struct purg_region *r, uint64_t pa, uint64_t len)
{
	return r->pa < pa ? pa - r->pa < r->mem_len : r->pa - pa < len;
}

int purg_param_inside(const struct purg_param *p, uint64_t pa, uint64_t len, uint32_t flags)
{
	for (uint32_t i = 0; i < p->region_count; i++) {
		const struct purg_region *r = &p->region[i];

		if ((r->flags & flags) == flags && pa >= r->pa && pa - r->pa <= r->mem_len &&
		    len <= r->mem_len - (pa - r->pa))
			return 1;
	}
	return 0;
}

static const char *check_memory(const struct purg_param *p, uint64_t base)
{
	uint64_t own = PURG_IMAGE_MAX + p->pool_len;

	if (p->region_count > PURG_REGIONS_MAX)
		return "too many regions";
	for (uint32_t i = 0; i < p->region_count; i++) {
		const char *why = check_region(&p->region[i]);

		if (why)
			return why;
		/* Stack and tables change while we work, and must not be changed. */
		if (overlaps(&p->region[i], base, own))
			return "a region over purgatory itself";
	}
	if (p->unpack_count &&
	    ((p->unpack_pa & 7) ||
	     !purg_param_inside(p, p->unpack_pa, p->unpack_count * sizeof(struct purg_unpack), 0)))
		return "unpack list in no region";
	if (p->part_count &&
	    ((p->part_pa & 7) ||
	     !purg_param_inside(p, p->part_pa, p->part_count * sizeof(struct purg_part), 0)))
		return "table of parts in no region";
	if (p->timing_pa &&
	    ((p->timing_pa & 3) ||
	     !purg_param_inside(p, p->timing_pa, PURG_TIMING_WORDS * 8, PURG_REGION_WRITE)))
		return "timing record in no region to write to";
	return NULL;
}

/* A note, or none. */
static int note_fits(const struct purg_param *p, uint64_t pa, uint64_t len)
{
	return !pa || (!(pa & 7) && purg_param_inside(p, pa, len, PURG_REGION_WRITE));
}

static const char *check_jump(const struct purg_param *p)
{
	if (p->segment_count > PURG_SEGMENTS_MAX)
		return "too many segments";
	for (uint32_t i = 0; i < p->segment_count; i++)
		if ((p->segment[i].pa | p->segment[i].len) & 0xfff)
			return "segment not of whole pages";
	if (p->map_pa && p->map_len < sizeof(struct context_map))
		return "no room for a map";
	if (!note_fits(p, p->context_pa, sizeof(struct context_note)) ||
	    !note_fits(p, p->state_pa, sizeof(struct context_state)) ||
	    !note_fits(p, p->map_pa, p->map_len))
		return "note in no region to write to";
	if (!note_fits(p, p->result_pa, PURG_RESULT_WORDS * 8))
		return "result in no region to write to";
	return NULL;
}

/* IHI0069: registers are in frames of 64 KiB. */
#define FRAME_OFF	0xffffULL

static const char *check_gic(const struct purg_param *p)
{
	if (p->its_count > PURG_ITS_MAX || p->gicr_count > PURG_GICR_MAX)
		return "too many parts of an interrupt controller";
	for (uint32_t i = 0; i < p->its_count; i++)
		if (p->its_pa[i] & FRAME_OFF)
			return "part of an interrupt controller not aligned";
	for (uint32_t i = 0; i < p->gicr_count; i++) {
		const struct purg_gicr *r = &p->gicr[i];
		uint64_t end;

		if ((r->pa | r->len | r->stride) & FRAME_OFF)
			return "part of an interrupt controller not aligned";
		if (__builtin_add_overflow(r->pa, r->len, &end))
			return "part of an interrupt controller wraps";
	}
	return NULL;
}

static const char *check_lpis(const struct purg_param *p)
{
	if (p->lpi_count > PURG_LPI_MAX)
		return "too many LPI tables";
	for (uint32_t i = 0; i < p->lpi_count; i++) {
		const struct purg_lpi *l = &p->lpi[i];

		if ((l->gicr_pa | l->pend_pa) & FRAME_OFF)
			return "redistributor or LPI pending table not aligned";
		if (!l->pend_pa)
			continue;
		if (!purg_param_inside(p, l->pend_pa, PURG_LPI_PEND_LEN, PURG_REGION_WRITE))
			return "LPI pending table in no region to write to";
		if ((p->lpi_prop_pa & 0xfff) ||
		    !purg_param_inside(p, p->lpi_prop_pa, PURG_LPI_PROP_LEN, PURG_REGION_WRITE))
			return "LPI property table in no region";
	}
	return NULL;
}

const char *purg_param_check(const struct purg_param *p, uint64_t base)
{
	const char *why;
	uint64_t end;

	if (p->base != base)
		return "not loaded where it says";
	if (base & (PURG_IMAGE_ALIGN - 1))
		return "image not aligned";
	if (p->pool_len < PURG_POOL_MIN || (p->pool_len & 0xfff) ||
	    __builtin_add_overflow(base + PURG_IMAGE_MAX, p->pool_len, &end))
		return "no room for page tables";
	if (p->page_shift != 12 && p->page_shift != 14 && p->page_shift != 16)
		return "unknown page size";
	if (p->flags & ~PARAM_FLAGS)
		return "unknown flag";
	if (p->on_fail > PURG_FAIL_HALT)
		return "unknown on_fail";
	if (p->psci > PURG_PSCI_SMC)
		return "unknown PSCI method";
	if (p->paging > PURG_PAGING_5LEVEL)
		return "unknown paging mode";
	if (p->reserved || p->reserved2 || p->reserved3 || p->reserved4)
		return "reserved field is not 0";
	why = check_memory(p, base);
	if (!why)
		why = check_jump(p);
	if (!why)
		why = check_gic(p);
	if (!why)
		why = check_lpis(p);
	if (why)
		return why;
	return p->entry_kind == PURG_ENTRY_STAGED ? NULL : purg_arch_check(p);
}
