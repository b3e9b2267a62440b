/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a GICv3 that purgatory stops, collected: what it takes (abi.h) is
 * checked here, once for both places they are read from.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/gic.h"

int kx_gic_add_its(struct kx_gic *g, uint64_t pa, struct kx_err *err)
{
	if (pa % KX_GIC_FRAME)
		return kx_err_set(err, ENOEXEC, "ITS: address: expected a multiple of 0x%x, have 0x%" PRIx64,
				  KX_GIC_FRAME, pa);
	if (g->its_count == PURG_ITS_MAX)
		return kx_err_set(err, ENOSPC, "more than %u ITSs", PURG_ITS_MAX);
	g->its_pa[g->its_count++] = pa;
	return 0;
}

int kx_gic_add_gicr(struct kx_gic *g, struct purg_gicr r, struct kx_err *err)
{
	uint64_t end;

	if ((r.pa | r.len | r.stride) % KX_GIC_FRAME)
		return kx_err_set(err, ENOEXEC,
				  "redistributors: expected multiples of 0x%x, have 0x%" PRIx64
				  " bytes at 0x%" PRIx64 ", stride 0x%" PRIx64,
				  KX_GIC_FRAME, r.len, r.pa, r.stride);
	if (__builtin_add_overflow(r.pa, r.len, &end))
		return kx_err_set(err, ENOEXEC, "redistributors: 0x%" PRIx64 " bytes at 0x%" PRIx64
				  " wrap", r.len, r.pa);
	if (g->gicr_count == PURG_GICR_MAX)
		return kx_err_set(err, ENOSPC, "more than %u regions of redistributors", PURG_GICR_MAX);
	g->gicr[g->gicr_count++] = r;
	return 0;
}
