// SPDX-License-Identifier: GPL-2.0-only
/* Memory for a scene (scene.h): image, block, kernel, initrd, unpack list. */
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "purgatory/sha256.h"
#include "scene.h"

#define INITRD_LEN	(3 * 1024 * 1024 + 123)
#define PAGE_64K	0x10000ULL	/* whole pages for every granule */
#define TIMING_OFF	0x104		/* in its region: aligned to 4 and no more */

const struct place places[] = {
	[X86] = { "x86_64", "qemu-system-x86_64", "payload-x86_64.bin", "payload-x86_32.bin",
		  0x2000000, 0x50000000, 0x4000000, 0x140000000, 0x3000000,
		  0x148000000, 0x70000000, 0x150000000,
		  /* hw/i386/pc_piix.c: 3 GiB below 4 GiB */
		  6ULL << 30, 0, 3ULL << 30, 4ULL << 30 },
	[ARM] = { "arm64", "qemu-system-aarch64", "payload-arm64.bin", "", 0x44000000,
		  0x46000000, 0, 0x49000000, 0x45000000,
		  0x4c000000, 0x4d000000, 0x4e000000,
		  256 << 20, 0x40000000, 256 << 20, 0 },
};

struct bytes {
	uint8_t *p;
	size_t len;
};

static struct bytes slurp(const char *in, const char *name)
{
	char path[600];
	struct bytes b = { NULL, 0 };
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", in, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return b;
	if (!fstat(fd, &st) && st.st_size && (b.p = malloc((size_t)st.st_size))) {
		ssize_t n = read(fd, b.p, (size_t)st.st_size);

		b.len = n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return b;
}

static void put(struct world *w, uint64_t pa, const void *bytes, uint64_t len)
{
	uint8_t *to = ram_at(&w->ram, pa);

	memcpy(to, bytes, len);
}

/* Recognisable bytes before and behind [@pa, @pa + @len), which must stay. */
static void put_fence(struct world *w, uint64_t pa, uint64_t len)
{
	uint8_t *start = ram_at(&w->ram, pa), *end = ram_at(&w->ram, pa + len);

	for (uint64_t i = 0; i < 8192; i++) {
		start[-1 - (int64_t)i] = (uint8_t)(0x5a ^ i);
		end[i] = (uint8_t)(0xa5 ^ i);
	}
}

static uint64_t whole(uint64_t len)
{
	return (len + PAGE_64K - 1) & ~(PAGE_64K - 1);
}

static struct purg_region *add_region(struct world *w, const char *name, uint64_t pa,
				      const void *bytes, uint64_t len, uint64_t mem_len, uint32_t flags)
{
	struct purg_region *r = &w->p.region[w->p.region_count++];
	struct sha256 s;

	r->pa = pa;
	r->len = len;
	r->mem_len = mem_len;
	r->flags = flags;
	snprintf(r->name, sizeof(r->name), "%s", name);
	sha256_init(&s, sha256_blocks_portable);
	sha256_update(&s, bytes, len);
	sha256_final(&s, r->sha256);
	return r;
}

static void add_console(struct purg_param *p, uint32_t kind, uint64_t addr, uint32_t shift)
{
	p->console[p->console_count++] = (struct purg_console){
		.kind = kind, .addr = addr, .reg_shift = shift, .reg_width = 1u << shift,
	};
}

static void make_head(struct world *w)
{
	const struct scene *s = w->s;
	struct purg_param *p = &w->p;

	*p = (struct purg_param){
		.magic = PURG_MAGIC, .version = PURG_VERSION, .size = sizeof(*p),
		.flags = s->flags, .on_fail = s->on_fail, .paging = s->paging,
		.psci = s->arch == X86 ? PURG_PSCI_NONE : s->el2 ? PURG_PSCI_SMC : PURG_PSCI_HVC,
		.base = places[s->arch].base, .page_shift = s->page_shift ? s->page_shift : 12,
		.pool_len = s->page_shift || s->far_pa ? 0x100000 : PURG_POOL_MIN,
		.entry_kind = s->entry, .pc = w->payload_pa,
	};
	if (s->stuck)
		add_console(p, PURG_CONSOLE_8250_MMIO, s->stuck, 2);
	if (s->arch == X86) {
		p->reg[0] = 0x9a000;
		p->reg[1] = s->entry == PURG_ENTRY_X86_64 ? 0x50100000 : 0;
		if (s->entry == PURG_ENTRY_RESTORE) {
			p->pc = s->pc ? s->pc : p->pc;
			p->reg[0] = s->va;
			p->reg[1] = s->cr3 ? s->cr3 : RESTORE_CR3;
			p->reg[2] = RESTORE_GS;
		}
		add_console(p, PURG_CONSOLE_8250_PORT, 0x3f8, 0);
		if (s->vga)
			add_console(p, PURG_CONSOLE_VGA_TEXT, 0xb8000, 0);
	} else {
		p->reg[0] = 0x1234567890ab;
		if (s->gic & 1) {
			p->its_pa[p->its_count++] = GUEST_ITS;
			p->gicr[p->gicr_count++] = (struct purg_gicr){ GUEST_GICR, GUEST_GICR_LEN, 0 };
		}
		add_console(p, PURG_CONSOLE_PL011, 0x09000000, 0);
	}
}

#define PARTS_MAX	32

/* The initrd in parts of many lengths, the last being what is left. */
static void make_parts(struct world *w, struct purg_region *initrd, const uint8_t *bytes)
{
	static struct purg_part part[PARTS_MAX];
	uint64_t pa = places[w->s->arch].timing_pa, at = 0, end = initrd->len;
	uint32_t n = (uint32_t)w->s->parts;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t len = i + 1 < n ? end / n - 7 * (i % 5) : end - at;
		struct sha256 s;

		part[i] = (struct purg_part){ .pa = initrd->pa + at, .len = len };
		sha256_init(&s, sha256_blocks_portable);
		sha256_update(&s, bytes + at, len);
		sha256_final(&s, part[i].sha256);
		at += len;
	}
	initrd->flags = 0;
	initrd->len = 0;
	w->p.part_pa = pa;
	w->p.part_count = n;
	w->p.part_bytes = end;
	add_region(w, "parts", pa, part, n * sizeof(*part), PAGE_64K, PURG_REGION_VERIFY);
	put(w, pa, part, n * sizeof(*part));
}

static int make_initrd(struct world *w)
{
	const struct scene *s = w->s;
	uint64_t len = s->initrd_len ? s->initrd_len : INITRD_LEN;
	uint8_t *initrd = malloc(len);
	struct purg_region *r;

	if (!initrd)
		return -1;
	for (uint64_t i = 0; i < len; i++)
		initrd[i] = (uint8_t)(i * 2654435761u >> 13);
	r = add_region(w, "initrd", w->initrd_pa, initrd, len, whole(len) - s->odd, PURG_REGION_VERIFY);
	if (s->quarters) {
		r->flags |= PURG_REGION_QUARTERS;
		sha256_quarters(initrd, len, &(struct sha256_engine){ .blocks = sha256_blocks_portable },
				r->sha256);
	}
	if (s->parts)
		make_parts(w, r, initrd);
	initrd[len - 1] ^= (uint8_t)s->corrupt;
	if (!s->initrd_pa)
		put(w, w->initrd_pa, initrd, len);
	if (!s->initrd_pa)
		put_fence(w, w->initrd_pa, len);
	free(initrd);
	return 0;
}

static void make_timing(struct world *w)
{
	uint8_t page[4096] = "a device tree";
	uint64_t magic = htobe64(PURG_TIMING_MAGIC), pa = places[w->s->arch].timing_pa;

	w->timing_pa = w->p.timing_pa = pa + TIMING_OFF;
	memcpy(page + TIMING_OFF, &magic, sizeof(magic));
	add_region(w, "dtb", pa, page, sizeof(page), PAGE_64K, PURG_REGION_VERIFY | PURG_REGION_WRITE);
	put(w, pa, page, sizeof(page));
	put_fence(w, pa, sizeof(page));
}

static void make_unpack(struct world *w)
{
	const struct scene *s = w->s;
	struct unpack_plan *u = &w->unpack;

	unpack_plan_init(u, s->unpack, places[s->arch].packed_pa, places[s->arch].target_pa,
			 places[s->arch].moves_pa);
	if (s->flip == FLIP_AFTER)
		unpack_plan_flip(u, s->flip);
	w->p.unpack_pa = u->packed_pa;
	w->p.unpack_count = u->count;
	add_region(w, "packed", u->packed_pa, u->packed, u->packed_len, whole(u->packed_len),
		   s->loose ? 0 : PURG_REGION_VERIFY);
	add_region(w, "target", u->target_pa, u->target_want, UNPACK_TARGET_LEN, UNPACK_TARGET_LEN,
		   PURG_REGION_WRITE | PURG_REGION_VERIFY_AFTER);
	add_region(w, "moves", u->moves_pa, u->moves_want, UNPACK_MOVES_LEN, UNPACK_MOVES_LEN,
		   PURG_REGION_WRITE | PURG_REGION_VERIFY_AFTER);
	if (s->flip != FLIP_AFTER)
		unpack_plan_flip(u, s->flip);
	put(w, u->packed_pa, u->packed, u->packed_len);
	put(w, u->target_pa, u->target, UNPACK_TARGET_LEN);
	put(w, u->moves_pa, u->moves, UNPACK_MOVES_LEN);
	put_fence(w, u->packed_pa, u->packed_len);
	put_fence(w, u->target_pa, UNPACK_TARGET_LEN);
	put_fence(w, u->moves_pa, UNPACK_MOVES_LEN);
}

/* Of the function's region, whose end is the stack. */
#define CONTEXT_OFF	0x8000
#define STATE_OFF	0x8100
#define MAP_OFF		0x8200
#define MAP_RUNS	4
#define RESULT_OFF	0x9000
/* "mov 0x300081xx, %rcx" of kernel[]: cr3 in the state. */
#define STATE_CR3	((uint8_t)__builtin_offsetof(struct context_state, cr3))
#define FUNCTION_LEN	0x10000ULL

/*
 * A jump: its record, and a function, which adds and uses SSE, or is not one, or
 * is a kernel that was returned to and jumps again.
 */
static void make_jump(struct world *w)
{
	static const uint8_t add[] = {
		0x66, 0x0f, 0xef, 0xc0,			/* pxor %xmm0, %xmm0 */
		0x48, 0x8d, 0x04, 0x37,			/* lea (%rdi, %rsi), %rax */
		0x48, 0x01, 0xd0, 0xc3,			/* add %rdx, %rax; ret */
	}, fault[] = { 0x0f, 0x0b };			/* ud2 */
	const uint8_t kernel[] = {
		0x48, 0x8b, 0x04, 0x24,			/* mov (%rsp), %rax */
		0x48, 0xc7, 0xc4, 0x00, 0xf0, 0x00, 0x30, /* mov $0x3000f000, %rsp */
		0x48, 0x8b, 0x0c, 0x25, STATE_CR3, 0x81, 0x00, 0x30, /* mov 0x300081.., %rcx */
		0x48, 0x81, 0xc1, 0, (uint8_t)(w->s->mode == 5 ? 0x10 : 0xf0),
		(uint8_t)(w->s->mode == 5 ? 0 : 0xff),	/* add $0x1000 or -0x1000, %rcx: */
		(uint8_t)(w->s->mode == 5 ? 0 : 0xff),	/* the stub's other tables */
		0x0f, 0x22, 0xd9,			/* mov %rcx, %cr3 */
		0xff, 0xd0, 0xf4,			/* call *%rax; hlt */
	};
	const struct { const uint8_t *p; size_t len; } code[] = {
		[1] = { add, sizeof(add) }, [2] = { fault, sizeof(fault) },
		[3] = { kernel, sizeof(kernel) },
	};
	struct purg_param *p = &w->p;
	uint8_t page[FUNCTION_LEN] = { 0 };

	memcpy(page, code[w->s->preserve].p, code[w->s->preserve].len);
	memcpy(page + RESULT_OFF, "cookies!", 8);
	p->flags |= PURG_F_PRESERVE | PURG_F_STOP_CPUS;
	p->context_pa = FUNCTION_PA + CONTEXT_OFF;
	p->state_pa = FUNCTION_PA + STATE_OFF;
	p->map_pa = FUNCTION_PA + MAP_OFF;
	p->map_len = sizeof(struct context_map) + MAP_RUNS * sizeof(struct context_run);
	p->result_pa = FUNCTION_PA + RESULT_OFF;
	memcpy(&p->result_cookie, "cookies!", 8);
	p->segment[p->segment_count++] = (struct purg_segment){
		p->base, PURG_IMAGE_MAX + p->pool_len,
	};
	if (p->entry_kind == PURG_ENTRY_CALL) {
		p->pc = FUNCTION_PA;
		p->reg[0] = 0x30;
		p->reg[1] = 0xc;
		p->reg[2] = 3;
		p->reg[3] = FUNCTION_PA + FUNCTION_LEN;
	}
	if (w->s->preserve == 3)
		p->pc = FUNCTION_PA;
	add_region(w, "function", FUNCTION_PA, page, 0, FUNCTION_LEN,
		   PURG_REGION_WRITE | PURG_REGION_HANDOVER);
	put(w, FUNCTION_PA, page, FUNCTION_LEN);
}

/*
 * A kernel that slept.  It changes what was verified, and jumps as it did before, on the
 * stub's tables; back again, it goes to the payload with what it was told to enter
 * the next time in rdi, 0xbac in rbx.
 */
static void make_woken(struct world *w)
{
	const uint32_t want = w->s->paging;
	/* From the stub's tables to those of the other number of levels. */
	const uint16_t off = want == PURG_PAGING_4LEVEL && w->s->mode == 5 ? 0x1000 :
			     want == PURG_PAGING_5LEVEL && w->s->mode == 4 ? 0xf000 : 0;
	const uint8_t sign = off == 0xf000 ? 0xff : 0;
	const uint8_t kernel[] = {
		0x48, 0x8b, 0x04, 0x24,			/* mov (%rsp), %rax */
		0x48, 0xc7, 0xc4, 0x00, 0xf0, 0x00, 0x30, /* mov $0x3000f000, %rsp */
		0x48, 0xb9, 0x00, 0x00, 0x00, 0x40,
		0x01, 0x00, 0x00, 0x00,			/* mov $0x140000000, %rcx */
		0xfe, 0x01,				/* incb (%rcx) */
		0x8b, 0x0c, 0x25, 0x20, 0x80, 0x00, 0x00, /* mov 0x8020, %ecx */
		0x48, 0x81, 0xc1, 0, (uint8_t)(off >> 8), sign, sign,	/* add $.., %rcx */
		0x0f, 0x22, 0xd9,			/* mov %rcx, %cr3 */
		0xff, 0xd0,				/* call *%rax */
		0x48, 0x8b, 0x3c, 0x24,			/* mov (%rsp), %rdi */
		0xbb, 0xac, 0x0b, 0x00, 0x00,		/* mov $0xbac, %ebx */
		0xb8, 0x00, 0x00, 0x00, 0x50,		/* mov $0x50000000, %eax */
		0xff, 0xe0,				/* jmp *%rax */
	};
	uint8_t page[FUNCTION_LEN] = { 0 };

	memcpy(page, kernel, sizeof(kernel));
	w->p.flags |= PURG_F_STOP_CPUS;
	w->p.pc = w->s->pc ? w->s->pc : FUNCTION_PA;
	add_region(w, "home", FUNCTION_PA, page, 0, FUNCTION_LEN,
		   PURG_REGION_WRITE | PURG_REGION_HANDOVER);
	w->p.region[w->p.region_count - 2].flags |= PURG_REGION_WRITE;
	put(w, FUNCTION_PA, page, FUNCTION_LEN);
}

/* Tables of LPIs, in memory that is not zero. */
static void make_tables(struct world *w)
{
	struct purg_param *p = &w->p;

	p->lpi_prop_pa = GUEST_LPI_SAVED;
	for (uint32_t i = 0; i < 2; i++)
		p->lpi[p->lpi_count++] = (struct purg_lpi){
			GUEST_GICR + i * GUEST_GICR_STEP, GUEST_LPI_SAVED + (i + 1) * PAGE_64K,
		};
	memset(ram_at(&w->ram, GUEST_LPI_SAVED), 0x5a, 3 * PAGE_64K);
	add_region(w, "tables", GUEST_LPI_SAVED, NULL, 0, 3 * PAGE_64K, PURG_REGION_WRITE);
	put_fence(w, GUEST_LPI_SAVED, 3 * PAGE_64K);
}

int scene_memory(struct world *w, const char *dir)
{
	const struct scene *s = w->s;
	int is32 = s->entry == PURG_ENTRY_X86_32;
	char name[64];
	struct bytes blob, payload, stub;

	snprintf(name, sizeof(name), "%s/purgatory.bin", places[s->arch].name);
	blob = slurp(dir, name);
	if (!blob.len)
		return 1;
	w->payload_pa = is32 ? places[X86].payload32_pa : places[s->arch].payload_pa;
	w->initrd_pa = s->initrd_pa ? s->initrd_pa : places[s->arch].initrd_pa;
	payload = slurp(w->built, s->payload ? s->payload :
			is32 ? places[X86].payload32 : places[s->arch].payload);
	if (!payload.len)
		return -1;
	make_head(w);
	add_region(w, "kernel", w->payload_pa, payload.p, payload.len, 0x200000,
		   PURG_REGION_VERIFY | PURG_REGION_HANDOVER);
	put(w, w->payload_pa, payload.p, payload.len);
	if (make_initrd(w))
		return -1;
	if (s->timing)
		make_timing(w);
	if (s->unpack)
		make_unpack(w);
	if (s->preserve)
		make_jump(w);
	if (s->entry == PURG_ENTRY_WOKEN)
		make_woken(w);
	if (s->gic == 3)
		make_tables(w);
	if (s->far_pa)
		add_region(w, "far", s->far_pa, NULL, 0, PAGE_64K, 0);
	memcpy(blob.p + PURG_PARAM_OFF, &w->p, sizeof(w->p));
	put(w, w->p.base, blob.p, blob.len);
	put_fence(w, w->p.base, PURG_IMAGE_MAX + w->p.pool_len);
	if (s->arch == ARM) {
		stub = slurp(w->built, "stub-arm64.bin");
		put(w, GUEST_STUB, stub.p, stub.len);
		free(stub.p);
	}
	memcpy(ram_at(&w->ram, s->arch == ARM ? GUEST_MODE : 0x1800000), &s->mode, sizeof(s->mode));
	if (s->preserve)
		*(uint8_t *)ram_at(&w->ram, 0x1800001) = 1;
	if (s->cpus)
		*(uint8_t *)ram_at(&w->ram, 0x1800002) = (uint8_t)(s->cpus - 1);
	free(blob.p);
	free(payload.p);
	return 0;
}

