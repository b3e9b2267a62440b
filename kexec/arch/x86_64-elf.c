/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ELF executable, as a rule a vmlinux: every PT_LOAD goes to its physical
 * address, and e_entry is entered in long mode with boot_params in rsi, as a
 * decompressor would.  Called by x86_64.c.
 *
 * Segments of a kexec are whole pages, PT_LOADs need not be: loads that share
 * a page are joined into one segment, the others are borrowed from the file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "x86_64.h"

static int by_pa(const void *x, const void *y)
{
	const struct kx_elf_load *a = x, *b = y;

	return a->pa < b->pa ? -1 : a->pa > b->pa;
}

/* The loads that occupy memory, sorted; checked not to wrap or overlap. */
static int sort_loads(struct kx_plan *p, const struct kx_elf *elf, struct kx_elf_load **ret,
		      size_t *ret_n, struct kx_err *err)
{
	struct kx_elf_load *v = kx_arena_alloc(p->arena, elf->load_count * sizeof(*v));
	struct kx_range r, last = { 0, 0 };
	size_t n = 0;

	if (!v && elf->load_count)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < elf->load_count; i++)
		if (elf->load[i].mem_len)
			v[n++] = elf->load[i];
	if (n == 0)
		return kx_err_set(err, ENOEXEC, "ELF: expected at least one PT_LOAD with memory, have none");
	qsort(v, n, sizeof(*v), by_pa);
	for (size_t i = 0; i < n; i++) {
		if (!kx_range_make(v[i].pa, v[i].mem_len, &r) || r.end > X86_PLACE_MAX)
			return kx_err_set(err, ENOEXEC,
					  "ELF: PT_LOAD at 0x%" PRIx64 ", 0x%" PRIx64
					  " bytes: ends above 64 TiB", v[i].pa, v[i].mem_len);
		if (r.start < last.end)
			return kx_err_set(err, ENOEXEC,
					  "ELF: PT_LOADs at 0x%" PRIx64 " and 0x%" PRIx64 " overlap",
					  last.start, r.start);
		last = r;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static struct kx_range pages_of(const struct kx_plan *p, const struct kx_elf_load *l)
{
	return kx_range_grow((struct kx_range){ l->pa, l->pa + l->mem_len },
			     p->sources->page_size);
}

/* How many of the @n loads at @v share pages one with the next. */
static size_t group(const struct kx_plan *p, const struct kx_elf_load *v, size_t n,
		    struct kx_range *ret)
{
	size_t k = 1;

	*ret = pages_of(p, v);
	for (; k < n; k++) {
		struct kx_range next = pages_of(p, &v[k]);

		if (next.start >= ret->end)
			break;
		ret->end = next.end;
	}
	return k;
}

/* The file bytes of a group, padded so that they begin at @r.start. */
static int group_bytes(struct kx_plan *p, const struct kx_elf_load *v, size_t n,
		       struct kx_range r, struct kx_bytes *ret, struct kx_err *err)
{
	const struct kx_elf_load *last = &v[n - 1];
	uint64_t len = last->pa + last->bytes.len - r.start;
	uint8_t *buf;

	if (n == 1 && v->pa == r.start) {
		*ret = v->bytes;
		return 0;
	}
	buf = kx_arena_alloc(p->arena, (size_t)len);
	if (!buf)
		return kx_err_set(err, ENOMEM, "ELF: no memory for 0x%" PRIx64 " bytes", len);
	for (size_t i = 0; i < n; i++)
		if (v[i].bytes.len)
			memcpy(buf + (v[i].pa - r.start), v[i].bytes.data, v[i].bytes.len);
	*ret = (struct kx_bytes){ buf, (size_t)len };
	return 0;
}

static int place_group(struct kx_plan *p, const struct kx_elf_load *v, size_t n,
		       struct kx_range r, size_t number, struct kx_err *err)
{
	struct kx_bytes bytes = KX_BYTES_NONE;
	const char *name = "kernel";
	int rc;

	if (number)
		name = kx_arena_printf(p->arena, "kernel %zu", number + 1);
	if (!name)
		return kx_err_set(err, ENOMEM, "out of memory");
	rc = group_bytes(p, v, n, r, &bytes, err);
	if (rc == 0)
		rc = kx_plan_place_at(p, name, r, bytes, "the ELF program header's p_paddr", err);
	if (rc == 0)
		kx_plan_segment(p, name)->handover = true;
	return rc;
}

/*
 * vmlinux gives its entry as a physical address (phys_startup_64); other
 * executables may give the virtual one.
 */
static int find_entry(const struct kx_elf *elf, uint64_t *ret, struct kx_err *err)
{
	for (size_t i = 0; i < elf->load_count; i++) {
		const struct kx_elf_load *l = &elf->load[i];

		if (elf->entry >= l->pa && elf->entry - l->pa < l->mem_len) {
			*ret = elf->entry;
			return 0;
		}
	}
	for (size_t i = 0; i < elf->load_count; i++) {
		const struct kx_elf_load *l = &elf->load[i];

		if (elf->entry >= l->va && elf->entry - l->va < l->mem_len) {
			*ret = l->pa + (elf->entry - l->va);
			return 0;
		}
	}
	return kx_err_set(err, ENOEXEC, "ELF: e_entry 0x%" PRIx64 " is in no PT_LOAD", elf->entry);
}

static int check_args(const struct kx_plan *p, struct kx_err *err)
{
	if (p->request->x86.args == KX_ARGS_ELF)
		return kx_err_set(err, EOPNOTSUPP, "--args-elf is not supported yet");
	if (p->request->x86.args == KX_ARGS_NONE && *p->cmdline)
		return kx_err_set(err, EINVAL, "--args-none cannot pass a command line");
	if (p->request->x86.args == KX_ARGS_NONE && p->initrd.len)
		return kx_err_set(err, EINVAL, "--args-none cannot pass an initrd");
	return 0;
}

int kx_x86_place_elf(struct kx_plan *p, const struct kx_elf *elf, struct x86_kernel *ret,
		     struct kx_err *err)
{
	struct kx_elf_load *v = NULL;
	size_t n = 0, number = 0;
	int rc;

	rc = check_args(p, err);
	if (rc == 0)
		rc = find_entry(elf, &ret->pc, err);
	if (rc == 0)
		rc = sort_loads(p, elf, &v, &n, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; number++) {
		struct kx_range r;
		size_t k = group(p, v + i, n - i, &r);

		rc = place_group(p, v + i, k, r, number, err);
		if (rc < 0)
			return rc;
		i += k;
	}
	ret->entry_kind = PURG_ENTRY_X86_64;
	ret->low_pa = v[0].pa;
	ret->levels5 = false;
	ret->wants_params = p->request->x86.args != KX_ARGS_NONE;
	ret->cmdline_size = p->arch->cmdline_max - 1;
	/* A vmlinux does not say; every one since 3.14 (XLF_EFI_KEXEC) can. */
	ret->efi_kexec = true;
	ret->params_max = X86_4GIB;
	ret->initrd_max = X86_4GIB;
	ret->initrd_why = "highest room below 4 GiB, where every kernel looks";
	return 0;
}
