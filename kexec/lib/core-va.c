// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a virtual address of the kernel that a core is of to its memory: a walk of
 * its page tables, or a PT_LOAD that has the address.  Called by vmcore-dump.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/core-va.h"

#define ENTRY_LEN	8u

void kx_core_va_init(struct kx_core_va *ret, const struct kx_core *core,
		     const struct kx_context_map *map, struct kx_bytes vmcoreinfo)
{
	int (*tables)(const struct kx_core *c, struct kx_bytes text, struct kx_core_tables *t,
		      struct kx_err *err) =
		core->machine == KX_ELF_ARM64 ? kx_core_tables_arm64 : kx_core_tables_x86_64;

	*ret = (struct kx_core_va){ .core = core, .map = map };
	ret->has_tables = tables(core, vmcoreinfo, &ret->tables, &ret->why) == 0;
}

bool kx_core_va_load(const struct kx_core *c, uint64_t va, uint64_t *ret_pa, uint64_t *ret_len)
{
	for (size_t i = 0; i < c->load_count; i++) {
		const struct kx_core_load *l = &c->load[i];

		/* 0: not known (doc/resumable-core.md); no kernel is there. */
		if (!l->va || l->pa == KX_CORE_NO_PA || va < l->va || va - l->va >= l->mem_len)
			continue;
		*ret_pa = l->pa + (va - l->va);
		*ret_len = l->mem_len - (va - l->va);
		return true;
	}
	return false;
}

/* ---- page tables ---------------------------------------------------------------- */

static unsigned int level_shift(const struct kx_core_tables *t, unsigned int level)
{
	return t->page_shift + level * (t->page_shift - 3);
}

static uint64_t entry_index(const struct kx_core_tables *t, unsigned int level, uint64_t va)
{
	unsigned int bits = level + 1 == t->levels ? t->top_bits : t->page_shift - 3;

	return (va >> level_shift(t, level)) & ((1ULL << bits) - 1);
}

/* A kernel's addresses: all bits above the ones that are translated are set. */
static bool translated(const struct kx_core_tables *t, uint64_t va)
{
	return va >> t->va_bits == UINT64_MAX >> t->va_bits;
}

static int walk(const struct kx_core_va *v, uint64_t va, uint64_t *ret_pa, uint64_t *ret_len,
		struct kx_err *err)
{
	const struct kx_core_tables *t = &v->tables;
	uint64_t table = t->top_pa;

	if (!translated(t, va))
		return kx_err_set(err, ENXIO, "expected an address of a kernel of %u bits",
				  t->va_bits);
	for (unsigned int level = t->levels; level-- > 0;) {
		uint64_t at = table + entry_index(t, level, va) * ENTRY_LEN;
		uint64_t inside = va & ((1ULL << level_shift(t, level)) - 1);
		enum kx_core_entry kind;
		uint8_t b[ENTRY_LEN];
		uint64_t e = 0, pa;
		int r;

		r = kx_context_memory_read(v->core, v->map, at, b, sizeof(b), err);
		if (r < 0)
			return kx_err_wrap(err, "page table of level %u", level);
		if (!kx_bytes_le64((struct kx_bytes){ b, sizeof(b) }, 0, &e))
			return kx_err_set(err, EIO, "an entry of 8 bytes has less");
		kind = t->entry(t, e & ~t->clear, level, &pa);
		if (kind == KX_CORE_ENTRY_NONE)
			return kx_err_set(err, ENXIO, "page table of level %u: expected an entry"
					  " that is present at 0x%" PRIx64 ", have 0x%" PRIx64,
					  level, at, e);
		if (kind == KX_CORE_ENTRY_MEMORY) {
			*ret_pa = (pa & ~((1ULL << level_shift(t, level)) - 1)) + inside;
			*ret_len = (1ULL << level_shift(t, level)) - inside;
			return 0;
		}
		table = pa & ~((1ULL << t->page_shift) - 1);
	}
	return kx_err_set(err, ENXIO, "page table of level 0: expected memory, have a table");
}

/* ---- both ---------------------------------------------------------------------- */

int kx_core_va_find(const struct kx_core_va *v, uint64_t va, uint64_t *ret_pa, uint64_t *ret_len,
		    struct kx_err *err)
{
	struct kx_err why = v->why;
	int r = -ENXIO;

	if (v->has_tables)
		r = walk(v, va, ret_pa, ret_len, &why);
	if (r == 0 || kx_core_va_load(v->core, va, ret_pa, ret_len))
		return 0;
	return kx_err_set(err, v->has_tables ? -r : ENXIO, "virtual address 0x%" PRIx64
			  ": no PT_LOAD has it; %s", va, why.text);
}

int kx_core_va_read(const struct kx_core_va *v, uint64_t va, void *to, size_t len,
		    struct kx_err *err)
{
	uint8_t *p = to;

	while (len) {
		uint64_t pa, n;
		int r;

		r = kx_core_va_find(v, va, &pa, &n, err);
		if (r < 0)
			return r;
		if (n > len)
			n = len;
		r = kx_context_memory_read(v->core, v->map, pa, p, (size_t)n, err);
		if (r < 0)
			return kx_err_wrap(err, "virtual address 0x%" PRIx64, va);
		p += n;
		va += n;
		len -= (size_t)n;
	}
	return 0;
}
