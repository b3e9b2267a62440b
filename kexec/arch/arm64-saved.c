/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a saved arm64 kernel is entered: at cpu_resume(), in the state that a kernel is
 * started in.  doc/resume-protocol.md, section 3.  And with its LPI tables in the
 * redistributors, which it does not set again (doc/purgatory-arm64.md, "A saved
 * kernel").  Called by plan/saved.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arm64.h"

/* ---- LPIs -------------------------------------------------------------------------- */

/* Are all its pages there?  Records ascend. */
static bool core_has(const struct kx_saved *s, uint64_t pa, uint64_t len)
{
	uint64_t page = s->contexts.context.page_size, at = pa;

	for (size_t i = 0; i < s->head.record_count && at - pa < len; i++)
		if (at >= s->record[i].pa && at - s->record[i].pa < s->record[i].pages * page)
			at = s->record[i].pa + s->record[i].pages * page;
	return at - pa >= len;
}

static bool has_redistributor(const struct kx_gic_tables *t, uint64_t pa)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (t->v[i].gicr_pa == pa)
			return true;
	return false;
}

/*
 * Purgatory will write there.  A machine by ACPI does not say where redistributors
 * are, but the running kernel's own tables do; where neither is known, the machine is
 * the same one all the same (plan/saved-same.c).
 */
static bool is_redistributor(const struct kx_gic *g, const struct kx_gic_tables *now,
			     uint64_t pa)
{
	for (uint32_t i = 0; i < g->gicr_count; i++)
		if (pa >= g->gicr[i].pa && pa - g->gicr[i].pa < g->gicr[i].len)
			return true;
	return has_redistributor(now, pa) || (!g->gicr_count && !now->count);
}

static int check_tables(const struct kx_plan *p, const struct kx_gic_tables *then,
			const struct kx_gic_tables *now, struct kx_err *err)
{
	if (!core_has(p->saved, then->prop_pa, PURG_LPI_PROP_LEN))
		return kx_err_set(err, ENOEXEC, "machine: LPI property table: has no pages at 0x%"
				  PRIx64, then->prop_pa);
	for (uint32_t i = 0; i < then->count; i++) {
		if (!core_has(p->saved, then->v[i].pend_pa, PURG_LPI_PEND_LEN))
			return kx_err_set(err, ENOEXEC, "machine: LPI pending table: has no pages at 0x%"
					  PRIx64, then->v[i].pend_pa);
		if (!is_redistributor(&p->sources->arm64.gic, now, then->v[i].gicr_pa))
			return kx_err_set(err, EINVAL, "this machine has no redistributor at 0x%" PRIx64
					  ", which the saved kernel used", then->v[i].gicr_pa);
	}
	return 0;
}

/* Then's tables; and of redistributors that only the running kernel uses, none. */
static int put_tables(struct kx_plan *p, const struct kx_gic_tables *then,
		      const struct kx_gic_tables *now, struct kx_err *err)
{
	struct purg_param *param = &p->param;

	param->lpi_prop_pa = then->prop_pa;
	param->lpi_count = then->count;
	memcpy(param->lpi, then->v, then->count * sizeof(then->v[0]));
	for (uint32_t i = 0; i < now->count; i++) {
		if (has_redistributor(then, now->v[i].gicr_pa))
			continue;
		if (param->lpi_count == PURG_LPI_MAX)
			return kx_err_set(err, ENOSPC, "more than %u redistributors", PURG_LPI_MAX);
		param->lpi[param->lpi_count++] = (struct purg_lpi){ now->v[i].gicr_pa, 0 };
	}
	kx_plan_note(p, "interrupts: purgatory gives %" PRIu32
		     " redistributors the saved kernel's LPI tables", then->count);
	return 0;
}

static int check_unknown_kept(struct kx_plan *p, const char *why, struct kx_err *err)
{
	if (!p->request->resume_anyway)
		return kx_err_set(err, EOPNOTSUPP,
				  "on a machine with a GICv3 ITS expected to know the kept kernel's LPI tables: %s (--resume-anyway goes on without LPIs)",
				  why);
	kx_plan_note(p, "GICv3: the kept kernel has no LPIs any more");
	return 0;
}

/*
 * Without its tables a kernel goes on with those of the kernel that puts it back,
 * which fit only where that one used the same interrupts for the same.  (Seen: 7.2
 * put back by 5.10 hangs.)  And which have to be where its own were: it has other pages
 * there if it was kept in memory, and the redistributors write to them.
 */
static int check_unknown(struct kx_plan *p, const char *why, struct kx_err *err)
{
	const char *release = p->saved->contexts.context.release;

	if (p->saved->kept_pa)
		return check_unknown_kept(p, why, err);
	if (!strcmp(release, p->sources->release))
		return 0;
	if (p->request->resume_anyway) {
		kx_plan_note(p, "GICv3: the LPI tables stay those of this kernel, which may not fit");
		return 0;
	}
	return kx_err_set(err, EOPNOTSUPP,
			  "release: on a machine with a GICv3 ITS expected %s to resume itself, have %s, whose interrupt tables it would get: %s (--resume-anyway tries)",
			  release, p->sources->release, why);
}

static int set_lpis(struct kx_plan *p, struct kx_err *err)
{
	struct kx_gic_tables then, now;
	struct kx_err why = { .code = 0 };
	int r = kx_gic_tables_parse(p->saved->machine, &then, &why);

	if (r == -ENOENT) {
		r = p->sources->arm64.gic.its_count ? check_unknown(p, why.text, err) : 0;
		if (r == 0)
			kx_arm64_stop_interrupts(p, p->saved->kept_pa && p->sources->arm64.gic.its_count);
		return r;
	}
	if (r < 0)
		return kx_err_set(err, -r, "%s", why.text);
	if (kx_gic_tables_parse(p->sources->machine_note, &now, NULL) < 0)
		now.count = 0;
	r = check_tables(p, &then, &now, err);
	if (r < 0)
		return r;
	kx_arm64_stop_interrupts(p, true);
	return put_tables(p, &then, &now, err);
}

/* ---- the entry ------------------------------------------------------------------------ */

int kx_arm64_enter_saved(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_context *c = &p->saved->contexts.context;

	if (c->entry_kind != CONTEXT_ENTRY_RESUME_ARM64)
		return kx_err_set(err, ENOEXEC, "entry kind: expected %u (arm64 resume), have %u",
				  CONTEXT_ENTRY_RESUME_ARM64, c->entry_kind);
	if (c->entry % 4)
		return kx_err_set(err, ENOEXEC,
				  "entry: expected a multiple of 4, have 0x%" PRIx64, c->entry);
	p->param.entry_kind = PURG_ENTRY_ARM64;
	p->param.pc = c->entry;
	p->param.psci = p->sources->arm64.psci;
	return set_lpis(p, err);
}
