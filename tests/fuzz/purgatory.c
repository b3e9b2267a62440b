/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets of purgatory: what it makes of memory that is not what kexec had
 * written.
 *
 * The LZ4 decoder: both builds, the format's document and liblz4 have to agree on
 * every block (tests/purgatory/lz4-agree.h).  The input is two bytes of a length, a byte of options, and the block.  Where
 * the length is not taken from there, it is what the block says, or one off;
 * otherwise nearly every block would be refused at its end.
 */
#include <setjmp.h>

#include "../../purgatory/purgatory.h"
#include "../purgatory/lz4-agree.h"
#include "purgatory/context-note.h"
#include "targets.h"

#define HEAD_LEN	3
/* More than the largest offset. */
#define UNPACKED_MAX	((uint64_t)72 << 10)

/* Bits of the third byte: how src and dst are aligned, and whose length. */
#define SRC_SHIFT(b)	((b) & 7u)
#define DST_SHIFT(b)	((b) >> 3 & 7u)
#define LENGTH(b)	((b) >> 6)

enum { LENGTH_GIVEN, LENGTH_RIGHT, LENGTH_MORE, LENGTH_LESS };

static uint64_t unpacked_len(struct kx_bytes block)
{
	struct lz4_buf b = lz4_buf(UNPACKED_MAX, 0);
	struct lz4_plain r = lz4_plain(block.data, block.len, b.p, UNPACKED_MAX);

	free(b.raw);
	return r.len;
}

void fuzz_purgatory_lz4(struct kx_bytes in)
{
	struct kx_bytes block;
	const char *why = NULL;
	uint64_t len;

	if (in.len < HEAD_LEN)
		return;
	block = (struct kx_bytes){ in.data + HEAD_LEN, in.len - HEAD_LEN };
	len = in.data[0] + 256u * in.data[1];
	if (LENGTH(in.data[2]) != LENGTH_GIVEN)
		len = unpacked_len(block);
	if (LENGTH(in.data[2]) == LENGTH_MORE)
		len++;
	if (LENGTH(in.data[2]) == LENGTH_LESS && len)
		len--;
	if (lz4_agree(block.data, block.len, len, SRC_SHIFT(in.data[2]), DST_SHIFT(in.data[2]),
		      &why) == LZ4_DIFFERS) {
		fprintf(stderr, "%s\n", why);
		FUZZ_ASSERT(!"the decoders differ");
	}
}

/* ---- the parameter block and the unpack list ----------------------------------- */

/*
 * Memory that purgatory is told about, and what it makes of a list over it.  The
 * input is a block's regions, four of 5 bytes each (offset, length, flags), then
 * records of 11 bytes; addresses are relative to the memory, and may leave it.
 */
#define MEMORY_LEN	0x800u
#define REGIONS		4u
#define REGION_BYTES	5u
#define RECORD_BYTES	11u
#define RECORDS_MAX	32u

static jmp_buf failed;

int purg_arch_console_known(uint32_t kind) { return kind != PURG_CONSOLE_VGA_TEXT; }
const char *purg_arch_check(const struct purg_param *p) { (void)p; return NULL; }
void purg_arch_move(void *dst, const void *src, uint64_t len) { memmove(dst, src, len); }
void purg_arch_zero(void *dst, uint64_t len) { memset(dst, 0, len); }
purg_lz4_fn *purg_arch_lz4(void) { return purg_lz4_decode; }
void purg_console_write(struct purg_param *p, const char *text, size_t len)
{
	(void)p;
	(void)text;
	(void)len;
}

PURG_NORETURN void purg_fail(struct purg_param *p, struct purg_line *l)
{
	purg_line_str(l, "; resetting");
	purg_line_print(l, p);
	longjmp(failed, 1);
}

static uint64_t le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void block_regions(struct purg_param *p, const uint8_t *in, const uint8_t *memory)
{
	for (p->region_count = 0; p->region_count < REGIONS; p->region_count++, in += REGION_BYTES)
		p->region[p->region_count] = (struct purg_region){
			.pa = (uintptr_t)memory + le(in, 2) % MEMORY_LEN,
			.mem_len = le(in + 2, 2),
			.flags = in[4] & (PURG_REGION_WRITE | PURG_REGION_HANDOVER),
		};
	/* What is mapped has to be there. */
	for (uint32_t i = 0; i < REGIONS; i++) {
		struct purg_region *r = &p->region[i];
		uint64_t room = MEMORY_LEN - (r->pa - (uintptr_t)memory);

		if (r->mem_len > room)
			r->mem_len = room;
	}
}

static uint32_t block_records(struct purg_unpack *list, struct kx_bytes in, const uint8_t *memory)
{
	uint32_t n = 0;

	for (; n < RECORDS_MAX && in.len >= (n + 1) * RECORD_BYTES; n++) {
		const uint8_t *b = in.data + n * RECORD_BYTES;

		list[n] = (struct purg_unpack){
			.src_pa = (uintptr_t)memory + (uint64_t)(int64_t)(int16_t)le(b, 2),
			.src_len = le(b + 2, 2),
			.dst_pa = (uintptr_t)memory + (uint64_t)(int64_t)(int16_t)le(b + 4, 2),
			.dst_len = b[8] & 1 ? le(b + 2, 2) : le(b + 6, 2),
			.codec = b[9],
			.reserved = b[10],
		};
	}
	return n;
}

/* What no region with WRITE covers must be as it was. */
static void check_untouched(const struct purg_param *p, const uint8_t *memory)
{
	for (uint32_t i = 0; i < MEMORY_LEN; i++)
		if (!purg_param_inside(p, (uintptr_t)memory + i, 1, PURG_REGION_WRITE))
			FUZZ_ASSERT(memory[i] == (uint8_t)(i * 37 >> 3));
}

void fuzz_purgatory_unpack(struct kx_bytes in)
{
	/* Of their own, so that a byte too far is seen. */
	struct purg_param *p = calloc(1, sizeof(*p));
	struct purg_unpack *list = calloc(RECORDS_MAX, sizeof(*list));
	uint8_t *memory = malloc(MEMORY_LEN);

	if (p && list && memory && in.len >= REGIONS * REGION_BYTES) {
		for (uint32_t i = 0; i < MEMORY_LEN; i++)
			memory[i] = (uint8_t)(i * 37 >> 3);
		block_regions(p, in.data, memory);
		in.data += REGIONS * REGION_BYTES;
		in.len -= REGIONS * REGION_BYTES;
		p->unpack_count = block_records(list, in, memory);
		p->unpack_pa = (uintptr_t)list;
		if (!setjmp(failed))
			purg_unpack(p);
		check_untouched(p, memory);
	}
	free(memory);
	free(list);
	free(p);
}

/* What purgatory writes to, and reads, when a kernel wants to be returned to. */
static void check_jump(const struct purg_param *p)
{
	FUZZ_ASSERT(p->segment_count <= PURG_SEGMENTS_MAX);
	for (uint32_t i = 0; i < p->segment_count; i++)
		FUZZ_ASSERT(!((p->segment[i].pa | p->segment[i].len) & 0xfff));
	if (p->context_pa)
		FUZZ_ASSERT(purg_param_inside(p, p->context_pa, sizeof(struct context_note),
					      PURG_REGION_WRITE));
	if (p->state_pa)
		FUZZ_ASSERT(purg_param_inside(p, p->state_pa, sizeof(struct context_state),
					      PURG_REGION_WRITE));
	if (p->map_pa)
		FUZZ_ASSERT(p->map_len >= sizeof(struct context_map) &&
			    purg_param_inside(p, p->map_pa, p->map_len, PURG_REGION_WRITE));
	if (p->result_pa)
		FUZZ_ASSERT(purg_param_inside(p, p->result_pa, PURG_RESULT_WORDS * 8,
					      PURG_REGION_WRITE));
}

/* A whole block: no verdict of param.c may depend on bytes outside of it. */
void fuzz_purgatory_param(struct kx_bytes in)
{
	struct purg_param *p = calloc(1, sizeof(*p));

	if (!p)
		return;
	memcpy(p, in.data, in.len < sizeof(*p) ? in.len : sizeof(*p));
	if (!purg_param_check_head(p)) {
		purg_param_fix_consoles(p);
		FUZZ_ASSERT(p->console_count <= PURG_CONSOLES_MAX);
		if (!purg_param_check(p, p->base)) {
			FUZZ_ASSERT(p->region_count <= PURG_REGIONS_MAX);
			FUZZ_ASSERT(p->base + PURG_IMAGE_MAX + p->pool_len > p->base);
			for (uint32_t i = 0; i < p->region_count; i++)
				FUZZ_ASSERT(p->region[i].pa + p->region[i].mem_len >= p->region[i].pa);
			if (p->timing_pa)
				FUZZ_ASSERT(purg_param_inside(p, p->timing_pa, PURG_TIMING_WORDS * 8,
							      PURG_REGION_WRITE));
			if (p->part_count)
				FUZZ_ASSERT(purg_param_inside(p, p->part_pa, p->part_count *
							      sizeof(struct purg_part), 0));
			check_jump(p);
		}
	}
	free(p);
}
