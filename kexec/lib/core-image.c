// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the image of the kernel is that a core is of, as far as its VMCOREINFO
 * says.  drgn and gdb look for the kernel's variables, its page tables among them,
 * at the virtual addresses of PT_LOADs; those of the direct map are no help.
 * Called by the writers of cores.
 */
#include <string.h>

#include "kx/core.h"
#include "kx/number.h"
#include "kx/range.h"

/* No image is larger, and other symbols are farther away (KERNEL_IMAGE_SIZE of x86). */
#define IMAGE_MAX	(1ULL << 30)
/* What image and the memory around it are mapped with. */
#define BLOCK		(2ULL << 20)
/* arch/x86/include/asm/page_64_types.h: __START_KERNEL_map */
#define X86_64_MAP	0xffffffff80000000ULL

#define SYMBOL		"SYMBOL("
#define VALUE_MAX	20

/* The address on the line "SYMBOL(name)=hex" of @len bytes; false if it is no such line. */
static bool line_symbol(const uint8_t *line, size_t len, uint64_t *ret)
{
	const uint8_t *eq = memchr(line, '=', len);
	char value[VALUE_MAX];
	size_t n;

	if (len < sizeof(SYMBOL) || memcmp(line, SYMBOL, sizeof(SYMBOL) - 1) || !eq)
		return false;
	n = len - (size_t)(eq + 1 - line);
	if (n >= sizeof(value))
		return false;
	memcpy(value, eq + 1, n);
	value[n] = '\0';
	return kx_number_parse(value, 16, ret, NULL) == 0;
}

/* The highest symbol from @start on that is in the image. */
static uint64_t last_symbol(struct kx_bytes text, uint64_t start)
{
	uint64_t last = start, va;

	while (text.len) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;

		if (line_symbol(text.data, len, &va) && va > last && va - start < IMAGE_MAX)
			last = va;
		text.data += len + !!end;
		text.len -= len + !!end;
	}
	return last;
}

bool kx_core_image(struct kx_bytes vmcoreinfo, uint16_t machine, struct kx_range *ret_pa,
		   uint64_t *ret_va)
{
	uint64_t start, end, offset, base;

	if (kx_vmcoreinfo_symbol(vmcoreinfo, "_stext", &start, NULL) < 0)
		return false;
	if (machine == KX_ELF_ARM64) {
		if (kx_vmcoreinfo_number(vmcoreinfo, "kimage_voffset", &offset, NULL) < 0)
			return false;
	} else {
		if (kx_vmcoreinfo_number(vmcoreinfo, "phys_base", &base, NULL) < 0)
			return false;
		offset = X86_64_MAP - base;
	}
	end = last_symbol(vmcoreinfo, start);
	if (end > UINT64_MAX - BLOCK)
		return false;
	end = kx_align_down(end, BLOCK) + BLOCK;
	start = kx_align_down(start, BLOCK);
	if (!kx_range_make(start - offset, end - start, ret_pa))
		return false;
	*ret_va = start;
	return true;
}

bool kx_core_image_part(const struct kx_core_load *load, struct kx_range image_pa,
			uint64_t image_va, struct kx_core_load *ret)
{
	uint64_t end = load->pa + load->mem_len, skip;

	if (load->pa >= image_pa.end || end <= image_pa.start)
		return false;
	skip = load->pa < image_pa.start ? image_pa.start - load->pa : 0;
	end = end < image_pa.end ? end : image_pa.end;
	*ret = *load;
	ret->pa += skip;
	ret->off += load->file_len ? skip : 0;
	ret->va = image_va + (ret->pa - image_pa.start);
	ret->mem_len = end - ret->pa;
	ret->file_len = load->file_len ? ret->mem_len : 0;
	return true;
}

void kx_core_loads_init(struct kx_core_loads *l, struct kx_bytes vmcoreinfo, uint16_t machine,
			uint64_t direct_va)
{
	*l = (struct kx_core_loads){ .direct_va = direct_va };
	if (!kx_core_image(vmcoreinfo, machine, &l->image, &l->image_va))
		l->image = (struct kx_range){ 0, 0 };
}

static void load_put(struct kx_core_loads *l, const struct kx_core_load *load)
{
	l->count++;
	if (l->at)
		l->at = kx_core_phdr_build(l->at, KX_CORE_PT_LOAD, load);
}

void kx_core_loads_put(struct kx_core_loads *l, const struct kx_core_load *run)
{
	struct kx_core_load load = *run, image;

	if (!load.mem_len)
		return;
	load.flags = KX_CORE_RWX;
	load.va = l->direct_va ? load.pa + l->direct_va : 0;
	load_put(l, &load);
	if (kx_core_image_part(&load, l->image, l->image_va, &image))
		load_put(l, &image);
}
