// SPDX-License-Identifier: GPL-2.0-only
/*
 * purgatory.c, param.c, print.c, console.c, uart8250.c and x86_64/vga.c on the
 * host: the hooks are fakes that note what was called, the devices are arrays.
 */
#include <setjmp.h>
#include "../../purgatory/purgatory.h"
#include "../../purgatory/x86_64/x86_64.h"
#include "purgatory/lz4.h"
#include <io.h>
#include "../unit/test.h"

#define BASE	0x2000000
#define PORT	0x3f8

enum { HANDED_OVER = 1, HALTED };

static jmp_buf out;
static char serial[4096];
static size_t serial_len;
static const char *map_why;	/* what purg_arch_map says */
static int map_fails;
static uint64_t clock_now;
static int resets, can_reset, lsr_value, polls;
static uint8_t regs[8];
static uint16_t screen[25 * 80];
static uint8_t crtc_index, crtc[256];

uint8_t purg_in8(uint16_t port)
{
	if (port == PORT + 5) {
		polls++;
		return (uint8_t)lsr_value;
	}
	if (port == 0x3d5)
		return crtc[crtc_index];
	return 0;
}

void purg_out8(uint16_t port, uint8_t v)
{
	if (port == 0x3d4)
		crtc_index = v;
	if (port == 0x3d5)
		crtc[crtc_index] = v;
	if (port < PORT || port >= PORT + 8)
		return;
	if (port == PORT && !(regs[3] & 0x80) && serial_len < sizeof(serial) - 1)
		serial[serial_len++] = (char)v;
	regs[port - PORT] = v;
}

uint8_t purg_rd8(uint64_t pa) { return purg_in8((uint16_t)(PORT + (pa - 0x1000) / 4)); }
uint32_t purg_rd32(uint64_t pa) { return purg_rd8(pa) | 0xabcdef00; }
void purg_wr8(uint64_t pa, uint8_t v) { purg_out8((uint16_t)(PORT + (pa - 0x1000) / 4), v); }
void purg_wr32(uint64_t pa, uint32_t v) { purg_wr8(pa, (uint8_t)v); }
uint16_t purg_rd16(uint64_t pa) { return screen[(pa - 0xb8000) / 2]; }
void purg_wr16(uint64_t pa, uint16_t v) { screen[(pa - 0xb8000) / 2] = v; }

int purg_arch_console_known(uint32_t kind) { return kind && kind != PURG_CONSOLE_PL011 && kind < 5; }
void purg_arch_init(struct purg_param *p) { (void)p; }
void purg_arch_sha256_end(const struct purg_fpu *save) { (void)save; }
void purg_arch_reset(const struct purg_param *p) { (void)p; resets++; if (can_reset) longjmp(out, HALTED); }
PURG_NORETURN void purg_arch_halt(void) { longjmp(out, HALTED); }
PURG_NORETURN void purg_arch_handover(struct purg_param *p) { (void)p; longjmp(out, HANDED_OVER); }

int purg_arch_console_write(const struct purg_console *c, const char *text, size_t len)
{
	return purg_vga_write(c, text, len);
}

const char *purg_arch_check(const struct purg_param *p)
{
	return p->entry_kind == PURG_ENTRY_X86_64 ? NULL : "arch says no";
}

static const struct sha256_engine portable = { .blocks = sha256_blocks_portable };

struct sha256_engine purg_arch_sha256_begin(struct purg_fpu *save)
{
	save->reg[0] = save->reg[1] = 0;
	return portable;
}

int purg_arch_map(struct purg_param *p, const char **ret_why)
{
	(void)p;
	*ret_why = map_why;
	return map_fails ? -1 : 0;
}

uint64_t purg_arch_counter(void) { return clock_now += 1000; }
uint64_t purg_arch_counter_hz(void) { return 1000000; }
void purg_arch_move(void *dst, const void *src, uint64_t len) { memmove(dst, src, len); }
void purg_arch_zero(void *dst, uint64_t len) { memset(dst, 0, len); }
purg_lz4_fn *purg_arch_lz4(void) { return purg_lz4_decode; }

static uint8_t data[3][1000];

static struct purg_param good(void)
{
	struct purg_param p = {
		.magic = PURG_MAGIC, .version = PURG_VERSION, .size = sizeof(p), .base = BASE,
		.pool_len = PURG_POOL_MIN, .page_shift = 12,
		.entry_kind = PURG_ENTRY_X86_64, .pc = 0x1000200, .region_count = 3, .console_count = 1,
		.console = { { .kind = PURG_CONSOLE_8250_PORT, .addr = PORT } },
	};

	for (int i = 0; i < 3; i++) {
		struct purg_region *r = &p.region[i];
		struct sha256 s;

		memset(data[i], i + 1, sizeof(data[i]));
		r->pa = (uintptr_t)data[i];
		r->len = r->mem_len = sizeof(data[i]);
		r->flags = i == 2 ? PURG_REGION_HANDOVER : PURG_REGION_VERIFY;
		memcpy(r->name, "region-0", 9);
		r->name[7] = (char)('0' + i);
		sha256_init(&s, sha256_blocks_portable);
		sha256_update(&s, data[i], sizeof(data[i]));
		sha256_final(&s, r->sha256);
	}
	data[2][0] ^= 1;	/* nobody checks this one */
	return p;
}

static int run(struct purg_param *p)
{
	int end = setjmp(out);

	if (end)
		return end;
	serial_len = 0;
	memset(serial, 0, sizeof(serial));
	memset(regs, 0, sizeof(regs));
	resets = polls = 0;
	purgatory(p, BASE);
}

static void reset_fakes(void)
{
	map_why = NULL;
	map_fails = 0;
	can_reset = 1;
	lsr_value = 0x60;
}

static void test_good(void)
{
	struct purg_param p = good();

	reset_fakes();
	CHECK_EQ_U64(run(&p), HANDED_OVER);
	CHECK_STR(serial, "kexec purgatory: verifying 2 KiB\r\n"
			  "kexec purgatory: 2 regions verified, entering kernel at 0x1000200\r\n");
	CHECK_EQ_U64(regs[3], 0);	/* no divisor: the line was left alone */
	p = good();
	p.flags = PURG_F_QUIET;
	CHECK_EQ_U64(run(&p), HANDED_OVER);
	CHECK_STR(serial, "");
}

static void test_quarters(void)
{
	struct purg_param p = good();
	struct purg_region *r = &p.region[1];

	reset_fakes();
	r->flags |= PURG_REGION_QUARTERS;
	CHECK_EQ_U64(run(&p), HALTED);	/* a plain digest is another */
	sha256_quarters(data[1], sizeof(data[1]), &portable, r->sha256);
	CHECK_EQ_U64(run(&p), HANDED_OVER);
	data[1][sizeof(data[1]) - 1] ^= 1;
	CHECK_EQ_U64(run(&p), HALTED);
}

static void test_mismatch(void)
{
	struct purg_param p = good();
	char want[200], pa[64];

	reset_fakes();
	data[1][999] ^= 0x80;
	snprintf(pa, sizeof(pa), "[0x%zx-0x%zx]", (size_t)(uintptr_t)data[1],
		 (size_t)(uintptr_t)data[1] + 999);
	p.flags = PURG_F_QUIET;
	CHECK_EQ_U64(run(&p), HALTED);
	CHECK_EQ_U64((uint64_t)resets, 1);
	snprintf(want, sizeof(want), "kexec purgatory: region-1 %s: SHA-256 is ", pa);
	CHECK(!strncmp(serial, want, strlen(want)));
	snprintf(want, sizeof(want), "..., expected %02x%02x%02x%02x...; resetting\r\n", p.region[1].sha256[0],
		 p.region[1].sha256[1], p.region[1].sha256[2], p.region[1].sha256[3]);
	CHECK(strstr(serial, want) != NULL);
	CHECK(strstr(serial, want) + strlen(want) == serial + serial_len);	/* one line */

	can_reset = 0;
	CHECK_EQ_U64(run(&p), HALTED);
	CHECK(strstr(serial, "no way to reset this machine; halted\r\n") != NULL);

	p.on_fail = PURG_FAIL_HALT;
	CHECK_EQ_U64(run(&p), HALTED);
	CHECK_EQ_U64((uint64_t)resets, 0);
	CHECK(strstr(serial, "...; halted\r\n") != NULL);
}

static const char *reason(struct purg_param *p)
{
	reset_fakes();
	p->flags |= PURG_F_QUIET;
	CHECK_EQ_U64(run(p), HALTED);
	return serial;
}

#define BAD(change, text) do {								\
	struct purg_param p = good();							\
											\
	change;										\
	CHECK_STR(reason(&p), text[0] ? "kexec purgatory: parameter block: " text "; resetting\r\n" : ""); \
} while (0)

static void test_bad_block(void)
{
	/* Not our block: no console is believed. */
	BAD(p.magic++, "");
	BAD(p.version++, "");
	BAD(p.size++, "");
	BAD(p.console_count = PURG_CONSOLES_MAX + 1; p.on_fail = 0, "");
	BAD(p.base += 0x10000, "not loaded where it says");
	BAD(p.flags = 256, "unknown flag");
	BAD(p.psci = 3, "unknown PSCI method");
	BAD(p.paging = 3, "unknown paging mode");
	BAD(p.pool_len = PURG_POOL_MIN - 0x1000, "no room for page tables");
	BAD(p.pool_len = ~0xfffULL, "no room for page tables");
	BAD(p.page_shift = 13, "unknown page size");
	BAD(p.region[0].flags |= PURG_REGION_VERIFY_AFTER, "region verified twice");
	BAD(p.reserved = 1, "reserved field is not 0");
	BAD(p.reserved2 = 1, "reserved field is not 0");
	BAD(p.segment_count = 17, "too many segments");
	BAD(p.segment_count = 1; p.segment[0].len = 1, "segment not of whole pages");
	BAD(p.context_pa = 8, "note in no region to write to");
	BAD(p.state_pa = 8, "note in no region to write to");
	BAD(p.map_pa = 8; p.map_len = 48, "note in no region to write to");
	BAD(p.map_pa = 8; p.map_len = 47, "no room for a map");
	BAD(p.result_pa = 8, "result in no region to write to");
	BAD(p.its_count = PURG_ITS_MAX + 1, "too many parts of an interrupt controller");
	BAD(p.lpi_count = PURG_LPI_MAX + 1, "too many LPI tables");
	BAD(p.lpi_count = 1; p.lpi[0].gicr_pa = 0x1000,
	    "redistributor or LPI pending table not aligned");
	BAD(p.lpi_count = 1; p.lpi[0].pend_pa = 0x1000,
	    "redistributor or LPI pending table not aligned");
	BAD(p.lpi_count = 1; p.lpi[0].pend_pa = 0x7770000,
	    "LPI pending table in no region to write to");
	BAD(p.gicr_count = PURG_GICR_MAX + 1, "too many parts of an interrupt controller");
	BAD(p.its_count = 1; p.its_pa[0] = 0x8080001, "part of an interrupt controller not aligned");
	BAD(p.gicr_count = 1; p.gicr[0].len = 0x8000, "part of an interrupt controller not aligned");
	BAD(p.gicr_count = 1; p.gicr[0].stride = 0x1000, "part of an interrupt controller not aligned");
	BAD(p.gicr_count = 1; p.gicr[0].pa = -0x10000ULL; p.gicr[0].len = 0x10000,
	    "part of an interrupt controller wraps");
	BAD(p.region_count = 33, "too many regions");
	BAD(p.region[1].pa = ~0ULL; p.region[1].mem_len = 1001, "region wraps");
	BAD(p.region[1].mem_len--, "region verifies more than it maps");
	BAD(p.region[1].flags = 32, "unknown region flag");
	BAD(p.region[1].reserved = 1, "reserved field of a region is not 0");
	BAD(memset(p.region[1].name, 'x', 16), "region name without end");
	BAD(p.region[1].pa = BASE - 5, "a region over purgatory itself");
	/* A bad console is said on the good ones. */
	BAD(p.console_count = 2; p.console[1].kind = 9, "console of a kind this machine has not");
	BAD(p.console_count = 2; p.console[1].kind = PURG_CONSOLE_8250_MMIO; p.console[1].reg_width = 2,
	    "console register width neither 1 nor 4");
	BAD(p.console[1] = p.console[0]; p.console_count = 2; p.console[1].addr = 0xfffa,
	    "console port beyond 0xffff");
	{
		struct purg_param p = good();

		p.entry_kind = PURG_ENTRY_ARM64;
		CHECK_STR(reason(&p), "kexec purgatory: parameter block: arch says no; resetting\r\n");
		p = good();
		p.on_fail = 2;
		CHECK_STR(reason(&p), "kexec purgatory: parameter block: unknown on_fail; halted\r\n");
	}
}

static void test_unmappable(void)
{
	struct purg_param p = good();

	reset_fakes();
	map_fails = 1;
	map_why = "not enough of them";
	CHECK_EQ_U64(run(&p), HALTED);
	CHECK_STR(serial, "kexec purgatory: page tables: not enough of them; resetting\r\n");

	/* Without map, but on: said, and everything is verified. */
	p = good();
	reset_fakes();
	map_why = "no granule";
	CHECK_EQ_U64(run(&p), HANDED_OVER);
	CHECK(strstr(serial, "verifying 2 KiB, caches off: no granule\r\n") != NULL);
	CHECK(strstr(serial, "2 regions verified") != NULL);
}

/* One region to read from, one to write to, and a list in a third. */
struct unpack_bed {
	struct purg_param p;
	uint8_t *src, *dst;
	struct purg_unpack *list;
};

#define UNPACK_LEN	4096
#define UNPACK_RECORDS	64

static void unpack_bed(struct unpack_bed *b, uint32_t count)
{
	static uint8_t src[UNPACK_LEN], dst[UNPACK_LEN];
	static struct purg_unpack list[UNPACK_RECORDS];

	*b = (struct unpack_bed){ .p = good(), .src = src, .dst = dst, .list = list };
	memset(list, 0, sizeof(list));
	memset(dst, 0xee, sizeof(dst));
	for (int i = 0; i < UNPACK_LEN; i++)
		src[i] = (uint8_t)(i * 7 + i / 256);
	b->p.region_count = 3;
	b->p.region[0] = (struct purg_region){ .pa = (uintptr_t)src, .mem_len = UNPACK_LEN, .name = "src" };
	b->p.region[1] = (struct purg_region){ .pa = (uintptr_t)dst, .mem_len = UNPACK_LEN,
					       .flags = PURG_REGION_WRITE, .name = "dst" };
	b->p.region[2] = (struct purg_region){ .pa = (uintptr_t)list, .mem_len = sizeof(list), .name = "list" };
	b->p.unpack_pa = (uintptr_t)list;
	b->p.unpack_count = count;
	b->p.flags = PURG_F_QUIET;
	reset_fakes();
}

static void record(struct unpack_bed *b, uint32_t i, uint32_t codec, uint64_t src, uint64_t src_len,
		   uint64_t dst, uint64_t dst_len)
{
	b->list[i] = (struct purg_unpack){
		.src_pa = codec == PURG_CODEC_ZERO ? 0 : (uintptr_t)b->src + src, .src_len = src_len,
		.dst_pa = (uintptr_t)b->dst + dst, .dst_len = dst_len, .codec = codec,
	};
}

static void digest_after(struct unpack_bed *b, const uint8_t *want)
{
	struct purg_region *r = &b->p.region[1];
	struct sha256 s;

	r->flags |= PURG_REGION_VERIFY_AFTER;
	r->len = UNPACK_LEN;
	sha256_init(&s, sha256_blocks_portable);
	sha256_update(&s, want, UNPACK_LEN);
	sha256_final(&s, r->sha256);
}

static void test_unpack(void)
{
	uint8_t want[UNPACK_LEN];
	struct unpack_bed b;

	unpack_bed(&b, 4);
	record(&b, 0, PURG_CODEC_RAW, 100, 1000, 3, 1000);
	record(&b, 1, PURG_CODEC_ZERO, 0, 0, 2000, 77);
	/* In the destination itself, one byte up and ten down. */
	record(&b, 2, PURG_CODEC_RAW, 0, 500, 4, 500);
	b.list[2].src_pa = (uintptr_t)b.dst + 3;
	record(&b, 3, PURG_CODEC_RAW, 0, 500, 20, 500);
	b.list[3].src_pa = (uintptr_t)b.dst + 30;
	memset(want, 0xee, sizeof(want));
	memcpy(want + 3, b.src + 100, 1000);
	memset(want + 2000, 0, 77);
	memmove(want + 4, want + 3, 500);
	memmove(want + 20, want + 30, 500);
	digest_after(&b, want);
	CHECK_EQ_U64(run(&b.p), HANDED_OVER);
	CHECK(!memcmp(b.dst, want, sizeof(want)));

	/* One bit of what comes out is not what kexec had seen. */
	want[4095] ^= 1;
	unpack_bed(&b, 4);
	digest_after(&b, want);
	b.p.unpack_count = 0;
	CHECK_EQ_U64(run(&b.p), HALTED);
	CHECK(!strncmp(serial, "kexec purgatory: dst [0x", 24));

	unpack_bed(&b, UNPACK_RECORDS);
	for (uint32_t i = 0; i < UNPACK_RECORDS; i++)
		record(&b, i, PURG_CODEC_RAW, i * 64, 64, (UNPACK_RECORDS - 1 - i) * 64, 64);
	b.p.flags = 0;
	CHECK_EQ_U64(run(&b.p), HANDED_OVER);
	CHECK(strstr(serial, "verifying 0 KiB, unpacking 64 records\r\n") != NULL);
	for (uint32_t i = 0; i < UNPACK_RECORDS; i++)
		CHECK(!memcmp(b.dst + (UNPACK_RECORDS - 1 - i) * 64, b.src + i * 64, 64));
}

static void bad_record(struct unpack_bed *b, const char *why)
{
	char want[200];

	snprintf(want, sizeof(want), "kexec purgatory: unpack record 1 of 2, to 0x%llx: %s; resetting\r\n",
		 (unsigned long long)b->list[1].dst_pa, why);
	CHECK_EQ_U64(run(&b->p), HALTED);
	CHECK_STR(serial, want);
}

/* A second record that is wrong; the first was obeyed, nothing of the second is. */
#define BAD_RECORD(change, why) do {						\
	struct unpack_bed b;							\
	struct purg_unpack *u;							\
										\
	unpack_bed(&b, 2);							\
	record(&b, 0, PURG_CODEC_RAW, 0, 16, 0, 16);				\
	record(&b, 1, PURG_CODEC_RAW, 0, 16, 64, 16);				\
	u = &b.list[1];								\
	change;									\
	bad_record(&b, why);							\
	CHECK(!memcmp(b.dst, b.src, 16) && b.dst[64] == 0xee);			\
} while (0)

static void test_bad_unpack(void)
{
	BAD_RECORD(u->codec = 3, "unknown codec");
	BAD_RECORD(u->reserved = 1, "reserved field is not 0");
	BAD_RECORD(u->src_len = 15, "raw, but of two lengths");
	BAD_RECORD(u->codec = PURG_CODEC_ZERO, "zeros with a source");
	BAD_RECORD(u->src_pa += UNPACK_LEN - 15, "source in no region");
	BAD_RECORD(u->src_pa = ~0ULL - 7, "source in no region");
	BAD_RECORD(u->dst_pa += UNPACK_LEN - 64 - 15, "destination in no region to write to");
	BAD_RECORD(u->dst_pa = (uintptr_t)b.src, "destination in no region to write to");
	BAD_RECORD(u->dst_len = u->src_len = ~0ULL, "destination in no region to write to");
	BAD_RECORD(b.p.region[2].flags = PURG_REGION_WRITE;
		   u->dst_pa = b.p.unpack_pa + 64, "destination over the list itself");
	BAD_RECORD(u->codec = PURG_CODEC_LZ4; u->src_pa = u->dst_pa + 15,
		   "packed block over its destination");
	{
		struct unpack_bed b;

		unpack_bed(&b, 2);
		b.p.unpack_pa += 4;
		CHECK_STR(reason(&b.p), "kexec purgatory: parameter block: unpack list in no region; resetting\r\n");
		unpack_bed(&b, UNPACK_RECORDS + 1);
		CHECK_STR(reason(&b.p), "kexec purgatory: parameter block: unpack list in no region; resetting\r\n");
		unpack_bed(&b, 0);
		b.p.timing_pa = (uintptr_t)b.src;
		CHECK_STR(reason(&b.p), "kexec purgatory: parameter block: timing record in no region to write to; resetting\r\n");
	}
}

/* Two parts, with a gap between them, of a region without a digest. */
static void parts_bed(struct unpack_bed *b)
{
	static struct purg_part part[2];

	unpack_bed(b, 0);
	for (uint32_t i = 0; i < 2; i++) {
		struct sha256 s;

		part[i] = (struct purg_part){ .pa = (uintptr_t)b->src + 1100 * i, .len = 1000 };
		sha256_init(&s, sha256_blocks_portable);
		sha256_update(&s, b->src + 1100 * i, 1000);
		sha256_final(&s, part[i].sha256);
	}
	b->p.region[2] = (struct purg_region){ .pa = (uintptr_t)part, .mem_len = sizeof(part),
					       .name = "parts" };
	b->p.part_pa = (uintptr_t)part;
	b->p.part_count = 2;
	b->p.part_bytes = 2000;
}

static void test_parts(void)
{
	struct purg_part *part;
	struct unpack_bed b;
	char want[200];

	parts_bed(&b);
	part = (struct purg_part *)(uintptr_t)b.p.part_pa;
	b.p.flags = 0;
	CHECK_EQ_U64(run(&b.p), HANDED_OVER);
	CHECK(strstr(serial, "verifying 2 KiB\r\n") != NULL);
	b.src[1050] ^= 1;		/* between them */
	CHECK_EQ_U64(run(&b.p), HANDED_OVER);

	b.src[2099] ^= 1;
	snprintf(want, sizeof(want), "kexec purgatory: part 1 of 2 [0x%zx-0x%zx]: SHA-256 is ",
		 (size_t)part[1].pa, (size_t)part[1].pa + 999);
	CHECK_EQ_U64(run(&b.p), HALTED);
	if (!CHECK(strstr(serial, want) != NULL))
		printf("# %s\n", serial);
	snprintf(want, sizeof(want), "..., expected %02x%02x%02x%02x...; resetting\r\n", part[1].sha256[0],
		 part[1].sha256[1], part[1].sha256[2], part[1].sha256[3]);
	CHECK(strstr(serial, want) != NULL);
	b.src[2099] ^= 1;

	parts_bed(&b);
	part[0].len = UNPACK_LEN + 1;
	CHECK_EQ_U64(run(&b.p), HALTED);
	snprintf(want, sizeof(want), "kexec purgatory: part 0 of 2 [0x%zx-0x%zx]: in no region; resetting\r\n",
		 (size_t)part[0].pa, (size_t)part[0].pa + UNPACK_LEN);
	CHECK(strstr(serial, want) != NULL);
	parts_bed(&b);
	b.p.part_pa += 4;
	CHECK_STR(reason(&b.p), "kexec purgatory: parameter block: table of parts in no region; resetting\r\n");
	parts_bed(&b);
	b.p.part_count = 3;
	CHECK_STR(reason(&b.p), "kexec purgatory: parameter block: table of parts in no region; resetting\r\n");
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void test_timing(void)
{
	struct unpack_bed b;

	unpack_bed(&b, 0);
	clock_now = 0;
	b.p.flags |= PURG_F_TIMING;
	b.p.timing_pa = (uintptr_t)b.dst + 4;
	CHECK_EQ_U64(run(&b.p), HANDED_OVER);
	CHECK_STR(serial, "kexec purgatory: map 1000 us, verify 1000 us, unpack 1000 us, check 1000 us, all 5000 us\r\n");
	/* The head is kexec's. */
	CHECK_EQ_U64(be64(b.dst + 4), 0xeeeeeeeeeeeeeeeeULL);
	CHECK_EQ_U64(be64(b.dst + 4 + 8 * PURG_TIMING_HZ), 1000000);
	CHECK_EQ_U64(be64(b.dst + 4 + 8 * PURG_TIMING_ENTRY), 1000);
	CHECK_EQ_U64(be64(b.dst + 4 + 8 * PURG_TIMING_EXIT), 6000);
	CHECK_EQ_U64(b.dst[4 + 8 * PURG_TIMING_WORDS], 0xee);
}

static void test_staged(void)
{
	struct purg_param p = good();

	reset_fakes();
	p.entry_kind = PURG_ENTRY_STAGED;
	p.region_count = 0;
	CHECK_EQ_U64(run(&p), HALTED);
	CHECK_STR(serial, "kexec purgatory: the crash kernel reservation holds a kernel staged for kexec -e,"
			  " not a crash kernel: no dump; resetting\r\n");
}

static void test_console(void)
{
	struct purg_param p = good();

	/* Never ready: polled a bounded number of times, once, then dropped. */
	reset_fakes();
	lsr_value = 0;
	CHECK_EQ_U64(run(&p), HANDED_OVER);
	CHECK_EQ_U64((uint64_t)polls, PURG_CONSOLE_POLLS);
	CHECK_EQ_U64(p.console[0].kind, PURG_CONSOLE_NONE);

	/* No device at all. */
	reset_fakes();
	lsr_value = 0xff;
	p = good();
	CHECK_EQ_U64(run(&p), HANDED_OVER);
	CHECK_EQ_U64((uint64_t)polls, 1);

	/* A divisor: 8n1, DLAB closed again, DTR and RTS. */
	reset_fakes();
	p = good();
	p.console[0].divisor = 0x0102;
	CHECK_EQ_U64(run(&p), HANDED_OVER);
	CHECK_EQ_U64(regs[1], 0x01);
	CHECK_EQ_U64(regs[3], 0x03);
	CHECK_EQ_U64(regs[4], 0x03);

	/* MMIO, 32-bit registers 4 apart. */
	reset_fakes();
	p = good();
	p.console[0] = (struct purg_console){ .kind = PURG_CONSOLE_8250_MMIO, .addr = 0x1000,
					      .reg_shift = 2, .reg_width = 4 };
	CHECK_EQ_U64(run(&p), HANDED_OVER);
	CHECK(strstr(serial, "2 regions verified") != NULL);
}

static void test_print(void)
{
	struct purg_param p = good();
	struct purg_line l;

	reset_fakes();
	serial_len = 0;
	memset(serial, 0, sizeof(serial));
	purg_line_init(&l);
	purg_line_hex(&l, 0);
	purg_line_str(&l, " ");
	purg_line_hex(&l, ~0ULL);
	purg_line_str(&l, " ");
	purg_line_dec(&l, 0);
	purg_line_str(&l, " ");
	purg_line_dec(&l, ~0ULL);
	purg_line_str(&l, " ");
	purg_line_bytes(&l, (const uint8_t *)"\x00\x9a\xff", 3);
	purg_line_print(&l, &p);
	CHECK_STR(serial, "kexec purgatory: 0x0 0xffffffffffffffff 0 18446744073709551615 009aff\r\n");

	/* Too long: cut, but a whole line. */
	serial_len = 0;
	memset(serial, 0, sizeof(serial));
	purg_line_init(&l);
	for (int i = 0; i < 100; i++)
		purg_line_dec(&l, 1000000);
	purg_line_print(&l, &p);
	CHECK_EQ_U64(serial_len, PURG_LINE_MAX + 1);
	CHECK(serial[serial_len - 1] == '\n');
}

static void test_vga(void)
{
	struct purg_console c = { .kind = PURG_CONSOLE_VGA_TEXT, .addr = 0xb8000 };

	purg_vga_reset();
	CHECK_EQ_U64(screen[1999], 0x0720);
	CHECK_EQ_U64(crtc[0x0e] << 8 | crtc[0x0f], 0);
	purg_vga_write(&c, "ab\nc", 4);
	CHECK_EQ_U64(screen[0], 0x0700 | 'a');
	CHECK_EQ_U64(screen[80], 0x0700 | 'c');
	CHECK_EQ_U64(crtc[0x0e] << 8 | crtc[0x0f], 81);
	for (int i = 0; i < 24; i++)
		purg_vga_write(&c, "\n", 1);
	CHECK_EQ_U64(screen[0], 0x0700 | 'c');		/* scrolled by one */
	CHECK_EQ_U64(screen[24 * 80], 0x0720);
	/* A cursor register that makes no sense, and a line longer than the screen. */
	crtc[0x0e] = 0xff;
	for (int i = 0; i < 300; i++)
		purg_vga_write(&c, "0123456789", 10);
	CHECK((crtc[0x0e] << 8 | crtc[0x0f]) < 2000);
}

TEST_MAIN({ "verified", test_good },
	  { "digest of quarters", test_quarters },
	  { "mismatch", test_mismatch },
	  { "bad block", test_bad_block },
	  { "region that cannot be mapped", test_unmappable },
	  { "unpacked", test_unpack },
	  { "bad unpack records", test_bad_unpack },
	  { "digests of parts", test_parts },
	  { "timing", test_timing },
	  { "staged, but no crash kernel", test_staged },
	  { "consoles", test_console },
	  { "print", test_print },
	  { "VGA", test_vga })
