/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine, a kernel and an initrd made into a whole plan, and that plan
 * obeyed: memory is a buffer, loading is what the kernel does, and the unpack
 * list is read and followed as purgatory does.  What ends up in memory is
 * compared with what the layout wanted there.  For test-pack.c and
 * test-stage.c.
 */
#ifndef PAYLOAD_BED_H
#define PAYLOAD_BED_H

#include <errno.h>
#include <lz4.h>
#include <sys/mman.h>

#include "../../kexec/plan/check.h"
#include "forge.h"
#include "kx/arch.h"
#include "purgatory/sha256.h"
#include "test.h"
#include "tree.h"

#define MIB(n)		((uint64_t)(n) << 20)
#define RAM_LEN		MIB(512)

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct kx_plan plan;
	struct kx_err err;
	struct tree tree;
	uint64_t ram;		/* where RAM starts */
	uint8_t *mem;		/* and what is in it */
	uint32_t seed;
	uint8_t random[256];
};

static inline void bed_mem(struct bed *b, struct kx_memmap *m, uint64_t start, uint64_t end,
			   enum kx_mem_type type, unsigned int depth, const char *name)
{
	struct kx_mem e = { { start, end }, type, depth, name };

	CHECK(kx_memmap_add(m, &b->arena, e, &b->err) == 0);
}

/* The same numbers each time the program runs. */
static inline uint32_t bed_random(struct bed *b)
{
	b->seed = b->seed * 1664525u + 1013904223u;
	return b->seed >> 8;
}

/* How much of what bed_bytes() makes shrinks, in eighths. */
enum { RANDOM = 0, MIXED = 4, TEXT = 8 };

/* Pages of noise and of text, and some of zeros if there is any text. */
static inline struct kx_bytes bed_bytes(struct bed *b, size_t len, unsigned int text)
{
	uint8_t *p = kx_arena_alloc_raw(&b->arena, len + 1);

	for (size_t off = 0; off < len; off += 4096) {
		size_t n = len - off < 4096 ? len - off : 4096;
		bool shrinks = bed_random(b) % 8 < text;

		if (shrinks && bed_random(b) % 8 == 0) {
			memset(p + off, 0, n);
			continue;
		}
		for (size_t i = 0; i < n; i++)
			p[off + i] = shrinks ? (uint8_t)"the quick brown fox "[i % 20] :
					       (uint8_t)bed_random(b);
	}
	return (struct kx_bytes){ p, len };
}

static inline void bed_kernel(struct bed *b, size_t len, uint64_t room)
{
	struct forge f = FORGE_NONE;
	uint8_t *copy;

	if (b->src.machine == KX_MACHINE_ARM64) {
		forge_arm64_image(&f, len);
		kx_put_le64(f.p + 16, room);
	} else {
		forge_bzimage(&f, len);
		kx_put_le32(f.p + 0x260, (uint32_t)room);
	}
	copy = kx_arena_alloc_raw(&b->arena, f.len);
	memcpy(copy, f.p, f.len);
	b->req.kernel = (struct kx_input){ .path = "kernel", .bytes = { copy, f.len }, .fd = -1 };
	forge_free(&f);
}

/* The same bzImage with noise for a kernel, as a packed one is. */
static inline void bed_noise_kernel(struct bed *b)
{
	struct kx_bytes old = b->req.kernel.bytes, noise = bed_bytes(b, old.len, RANDOM);
	uint8_t *copy = kx_arena_alloc_raw(&b->arena, old.len);

	memcpy(copy, noise.data, old.len);
	memcpy(copy, old.data, 0x400);
	b->req.kernel.bytes = (struct kx_bytes){ copy, old.len };
}

static inline void bed_initrd(struct bed *b, struct kx_bytes bytes)
{
	b->req.initrd[0] = (struct kx_input){ .path = "initrd", .bytes = bytes, .fd = -1 };
	b->req.initrd_count = 1;
}

static inline void bed_release(struct bed *b, const char *release)
{
	snprintf(b->src.release, sizeof(b->src.release), "%s", release);
}

static inline void bed_init(struct bed *b, enum kx_machine machine)
{
	uint64_t ram = machine == KX_MACHINE_ARM64 ? MIB(1024) : MIB(1);

	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	b->ram = ram;
	b->mem = mmap(NULL, RAM_LEN, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->mem == MAP_FAILED)
		exit(99);
	b->src.root = "";
	b->src.machine = machine;
	bed_release(b, machine == KX_MACHINE_ARM64 ? "6.1.0-37-arm64" : "6.1.0-37-amd64");
	b->src.page_size = 4096;
	b->src.total_ram = RAM_LEN;
	b->src.has_cap_boot = true;
	b->src.config_kexec = b->src.config_kexec_file = b->src.config_kexec_sig_force = -1;
	b->src.console[0] = (struct purg_console){ .kind = PURG_CONSOLE_PL011, .addr = 0x9000000 };
	b->src.console_count = machine == KX_MACHINE_ARM64;
	if (machine == KX_MACHINE_ARM64) {
		b->src.arm64.fdt = tree_machine(&b->tree);
		b->src.arm64.fdt_source = "test";
		b->src.arm64.psci = PURG_PSCI_HVC;
	}
	bed_mem(b, &b->src.firmware, ram, ram + RAM_LEN, KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.iomem, ram, ram + RAM_LEN, KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.iomem, ram + MIB(300), ram + MIB(301), KX_MEM_OTHER, 1, "reserved");
	b->req.random = (struct kx_bytes){ b->random, sizeof(b->random) };
	b->req.mem_max = UINT64_MAX;
	b->req.append = "quiet";
	bed_kernel(b, MIB(2), MIB(8));
}

/* crashkernel=: @len bytes, 16 MiB into the RAM. */
static inline void bed_reserve(struct bed *b, uint64_t len)
{
	struct kx_range r = { b->ram + MIB(16), b->ram + MIB(16) + len };

	bed_mem(b, &b->src.iomem, r.start, r.end, KX_MEM_OTHER, 1, "Crash kernel");
	b->src.crash[b->src.crash_count++] = r;
	b->src.crash_loaded = (struct kx_opt_u64){ true, 0 };
}

static inline void bed_deinit(struct bed *b)
{
	munmap(b->mem, RAM_LEN);
	kx_arena_deinit(&b->arena);
}

static inline bool bed_build(struct bed *b)
{
	if (CHECK(kx_plan_build(&b->req, &b->src, &b->arena, &b->plan, &b->err) == 0))
		return true;
	printf("# %s\n", b->err.text);
	return false;
}

static inline void bed_fails(struct bed *b, int code, const char *text)
{
	CHECK_EQ_U64((uint64_t)-kx_plan_build(&b->req, &b->src, &b->arena, &b->plan, &b->err),
		     (uint64_t)code);
	CHECK_STR(b->err.text, text);
}

static inline const struct kx_segment *bed_find(const struct kx_segment *s, size_t n,
						const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(s[i].name, name))
			return &s[i];
	return NULL;
}

static inline const struct kx_segment *bed_target(struct bed *b, const char *name)
{
	return bed_find(b->plan.target, b->plan.target_count, name);
}

static inline bool bed_noted(const struct bed *b, const char *text)
{
	for (size_t i = 0; i < b->plan.note_count; i++)
		if (strstr(b->plan.note[i], text))
			return true;
	return false;
}

/* ---- obeying --------------------------------------------------------------- */

/* Memory at @pa; NULL, and a failure, if it is not all RAM. */
static inline uint8_t *bed_at(struct bed *b, uint64_t pa, uint64_t len)
{
	bool ok = pa >= b->ram && pa - b->ram <= RAM_LEN && len <= RAM_LEN - (pa - b->ram);

	return CHECK(ok) ? b->mem + (pa - b->ram) : NULL;
}

/* kernel/kexec_core.c: the bytes, and zeros behind them. */
static inline void bed_load(struct bed *b, const struct kx_segment *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t room = kx_range_len(s[i].range);
		uint8_t *at = bed_at(b, s[i].range.start, room);

		if (!at)
			continue;
		memset(at, 0, room);
		if (s[i].buf.len)
			memcpy(at, s[i].buf.data, s[i].buf.len);
	}
}

static inline void bed_verify(struct bed *b, const struct purg_param *param, uint32_t flag)
{
	for (uint32_t i = 0; i < param->region_count; i++) {
		const struct purg_region *r = &param->region[i];
		uint8_t digest[PURG_SHA256_LEN], *at = bed_at(b, r->pa, r->len);
		struct sha256 s;

		if (!(r->flags & flag) || !at)
			continue;
		sha256_init(&s, sha256_blocks_portable);
		sha256_update(&s, at, r->len);
		sha256_final(&s, digest);
		if (!CHECK_MEM(digest, r->sha256, sizeof(digest)))
			printf("# region %s\n", r->name);
	}
}

/* Is [@pa, @pa + @len) in one region with @flags? */
static inline bool bed_inside(const struct purg_param *p, uint64_t pa, uint64_t len, uint32_t flags)
{
	for (uint32_t i = 0; i < p->region_count; i++)
		if ((p->region[i].flags & flags) == flags && pa >= p->region[i].pa &&
		    pa - p->region[i].pa <= p->region[i].mem_len &&
		    len <= p->region[i].mem_len - (pa - p->region[i].pa))
			return true;
	return false;
}

static inline void bed_record(struct bed *b, const struct purg_param *p, struct purg_unpack u)
{
	uint8_t *dst = bed_at(b, u.dst_pa, u.dst_len), *src = NULL;

	CHECK(bed_inside(p, u.dst_pa, u.dst_len, PURG_REGION_WRITE));
	if (u.codec != PURG_CODEC_ZERO) {
		CHECK(bed_inside(p, u.src_pa, u.src_len, 0));
		src = bed_at(b, u.src_pa, u.src_len);
	}
	if (!dst || (!src && u.codec != PURG_CODEC_ZERO))
		return;
	if (u.codec == PURG_CODEC_ZERO)
		memset(dst, 0, u.dst_len);
	else if (u.codec == PURG_CODEC_RAW)
		memmove(dst, src, u.dst_len);
	else
		CHECK_EQ_U64((uint64_t)LZ4_decompress_safe((char *)src, (char *)dst, (int)u.src_len,
							   (int)u.dst_len), u.dst_len);
}

/* @s is in memory as the layout wanted it. */
static inline void bed_compare(struct bed *b, const struct kx_segment *s)
{
	uint64_t room = kx_range_len(s->range), zeros = 0;
	const uint8_t *at = bed_at(b, s->range.start, room);

	if (!at)
		return;
	if (s->buf.len)
		CHECK_MEM(at, s->buf.data, s->buf.len);
	for (uint64_t i = s->buf.len; i < room; i++)
		zeros += at[i] == 0;
	CHECK_EQ_U64(zeros, room - s->buf.len);
}

/* Load, jump, unpack, compare. */
static inline void bed_run(struct bed *b)
{
	struct kx_plan *p = &b->plan;
	struct purg_param param;
	uint8_t *at;

	/* What is in RAM before. */
	for (size_t i = 0; i < p->target_count; i++) {
		at = bed_at(b, p->target[i].range.start, kx_range_len(p->target[i].range));
		if (at)
			memset(at, 0xa5, kx_range_len(p->target[i].range));
	}
	bed_load(b, p->staged, p->staged_count);
	bed_load(b, p->segment, p->segment_count);
	at = bed_at(b, p->entry + PURG_PARAM_OFF, sizeof(param));
	if (!at)
		return;
	memcpy(&param, at, sizeof(param));
	CHECK_EQ_U64(param.magic, PURG_MAGIC);
	CHECK_EQ_U64(param.unpack_count, p->unpack_count);
	bed_verify(b, &param, PURG_REGION_VERIFY);
	if (param.unpack_count) {
		CHECK(bed_inside(&param, param.unpack_pa,
				 param.unpack_count * sizeof(struct purg_unpack), 0));
		at = bed_at(b, param.unpack_pa, param.unpack_count * sizeof(struct purg_unpack));
	}
	for (uint32_t i = 0; i < param.unpack_count && at; i++) {
		struct purg_unpack u;

		memcpy(&u, at + i * sizeof(u), sizeof(u));
		bed_record(b, &param, u);
	}
	bed_verify(b, &param, PURG_REGION_VERIFY_AFTER);
	for (size_t i = 0; i < p->target_count; i++)
		bed_compare(b, &p->target[i]);
	for (size_t i = 0; i < p->segment_count; i++)
		if (strcmp(p->segment[i].name, "purgatory"))
			bed_compare(b, &p->segment[i]);
}

/* Where the initrd is at the end: as it was given. */
static inline void bed_check_initrd(struct bed *b)
{
	const struct kx_segment *s = bed_target(b, "initrd");
	struct kx_bytes want = b->req.initrd[0].bytes;
	const uint8_t *at;

	if (!s)
		s = kx_plan_segment(&b->plan, "initrd");
	if (!CHECK(s != NULL))
		return;
	at = bed_at(b, s->range.start, want.len);
	if (at)
		CHECK_MEM(at, want.data, want.len);
}

#endif
