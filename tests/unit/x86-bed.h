/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PC for the x86_64 layout tests: its memory map, a bzImage with a setup
 * header made by hand from boot.rst, and a plan to lay out.
 */
#ifndef X86_BED_H
#define X86_BED_H

#include <errno.h>

#include "kx/arch.h"
#include "test.h"

#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)

/* Up to and including kernel_info_offset, protocol 2.15. */
#define HEADER_END	0x26c
#define SETUP_LEN	0x400

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct kx_plan plan;
	struct kx_image image;
	struct kx_err err;
	struct kx_format format;
	uint8_t setup[SETUP_LEN];
	uint8_t old_params[0x1000];
	uint8_t random[64];
	uint8_t content[64];
};

static inline void bed_mem(struct bed *b, uint64_t start, uint64_t end, enum kx_mem_type type)
{
	struct kx_mem m = { { start, end }, type, 0, "" };

	CHECK(kx_memmap_add(&b->src.firmware, &b->arena, m, &b->err) == 0);
}

/* What QEMU's q35 says, with @ram bytes below 2 GiB. */
static inline void bed_machine(struct bed *b, uint64_t ram)
{
	b->src.firmware.n = 0;
	bed_mem(b, 0, 0x9fc00, KX_MEM_RAM);
	bed_mem(b, 0x9fc00, 0xa0000, KX_MEM_RESERVED);
	bed_mem(b, 0xf0000, 0x100000, KX_MEM_RESERVED);
	bed_mem(b, 0x100000, ram - 0x20000, KX_MEM_RAM);
	bed_mem(b, ram - 0x20000, ram, KX_MEM_ACPI);
	bed_mem(b, 0xfffc0000, GIB(4), KX_MEM_RESERVED);
}

/* An image of @len bytes that needs @init_size, as Debian builds them. */
static inline void bed_bzimage(struct bed *b, size_t len, uint32_t init_size)
{
	uint8_t *h = b->setup;
	void *kernel = kx_arena_alloc(&b->arena, len);

	memset(h, 0xee, SETUP_LEN);
	memset(h + 0x1f1, 0, HEADER_END - 0x1f1);
	h[0x1ef] = 0xff;			/* the sentinel */
	h[0x1f1] = 1;
	kx_put_le16(h + 0x1fe, 0xaa55);
	h[0x200] = 0xeb;
	h[0x201] = HEADER_END - 0x202;
	memcpy(h + 0x202, "HdrS", 4);
	kx_put_le16(h + 0x206, 0x020f);
	h[0x211] = 0x81;
	kx_put_le32(h + 0x230, 0x200000);
	b->format = (struct kx_format){ .id = KX_FORMAT_BZIMAGE, .name = "bzImage" };
	b->image = (struct kx_image){
		.format = &b->format,
		.machine = KX_MACHINE_X86_64,
		.bzimage = {
			.setup = { b->setup, SETUP_LEN },
			.kernel = { kernel, len },
			.version = 0x020f,
			.loadflags = 0x81,
			.xloadflags = 0x7f,
			.kernel_alignment = 0x200000,
			.relocatable = true,
			.pref_address = 0x1000000,
			.init_size = init_size,
			.cmdline_size = 2047,
			.initrd_addr_max = 0x7fffffff,
		},
	};
}

static inline void bed_init(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	b->src.machine = KX_MACHINE_X86_64;
	b->src.page_size = 0x1000;
	b->src.has_cap_boot = true;
	b->req.mem_max = UINT64_MAX;
	for (size_t i = 0; i < sizeof(b->random); i++)
		b->random[i] = (uint8_t)(0x40 + i);
	b->req.random = (struct kx_bytes){ b->random, sizeof(b->random) };
	b->plan = (struct kx_plan){
		.arch = &kx_archs[KX_MACHINE_X86_64],
		.arena = &b->arena,
		.request = &b->req,
		.sources = &b->src,
		.cmdline = "console=ttyS0 quiet",
	};
	memset(b->content, 0x5a, sizeof(b->content));
	bed_machine(b, MIB(512));
	bed_bzimage(b, MIB(8), MIB(60));
}

static inline void bed_deinit(struct bed *b)
{
	kx_arena_deinit(&b->arena);
}

static inline void bed_initrd(struct bed *b, size_t len)
{
	b->plan.initrd = (struct kx_bytes){ kx_arena_alloc(&b->arena, len), len };
}

static inline int bed_layout(struct bed *b)
{
	int r = kx_plan_space(&b->plan, &b->err);

	if (r == 0)
		r = b->plan.arch->layout(&b->plan, &b->image, &b->err);
	if (r == 0)
		r = kx_plan_regions(&b->plan, &b->err);
	return r < 0 ? r : kx_plan_place_purgatory(&b->plan, &b->err);
}

/* The segment, or an empty one that fails every check. */
static inline struct kx_segment bed_segment(struct bed *b, const char *name)
{
	struct kx_segment *s = kx_plan_segment(&b->plan, name);

	CHECK(s);
	return s ? *s : (struct kx_segment){ .name = name };
}

/* boot_params as the next kernel sees them. */
static inline const uint8_t *bed_params(struct bed *b)
{
	static const uint8_t none[0x1000];
	struct kx_segment s = bed_segment(b, "boot_params");

	return CHECK(s.buf.len >= 0x1000) ? s.buf.data : none;
}

static inline uint64_t le(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* What is at physical address @pa of the boot_params segment; NULL if outside. */
static inline const uint8_t *bed_at(struct bed *b, uint64_t pa, size_t len)
{
	struct kx_segment s = bed_segment(b, "boot_params");
	struct kx_bytes v;

	if (pa < s.range.start || !kx_bytes_sub(s.buf, pa - s.range.start, len, &v))
		return NULL;
	return v.data;
}

/* Data of the setup_data node of @type, following the chain; NULL if absent. */
static inline const uint8_t *bed_node(struct bed *b, uint32_t type, uint32_t *ret_len)
{
	uint64_t pa = le(bed_params(b) + 0x250, 8);
	const uint8_t *n;

	for (int i = 0; pa && i < 8; i++, pa = le(n, 8)) {
		n = bed_at(b, pa, 16);
		if (!n)
			return NULL;
		*ret_len = (uint32_t)le(n + 12, 4);
		if (le(n + 8, 4) == type)
			return bed_at(b, pa + 16, *ret_len);
	}
	return NULL;
}

static inline bool bed_note(const struct bed *b, const char *part)
{
	for (size_t i = 0; i < b->plan.note_count; i++)
		if (strstr(b->plan.note[i], part))
			return true;
	return false;
}

#endif
