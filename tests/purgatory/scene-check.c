// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a scene (scene.h) has left behind: memory, registers, the timing record,
 * the number of instructions, the state of caches that are not there, the map.
 */
#include <endian.h>
#include <unistd.h>
#include "../unit/test.h"
#include "scene.h"

static int copy_piece(void *arg_, uint64_t off, uint64_t len)
{
	struct world *w = arg_;

	memcpy(w->want + off, w->ram.p + off, len);
	return 0;
}

/*
 * What memory has to be in the end: as it is now, when QEMU has put its device
 * tree there, but for what the unpack list writes.
 */
int scene_snapshot(struct world *w)
{
	uint64_t base = places[ARM].ram_low;

	w->want = calloc(1, w->ram.len);
	w->before = w->s->mode & MODE_WATCH ? calloc(1, WATCH_RAM_LEN) : NULL;
	if (!w->want || (!w->before && (w->s->mode & MODE_WATCH)))
		return 0;
	ram_pieces(&w->ram, copy_piece, w);
	if (w->before)
		memcpy(w->before, w->want, WATCH_RAM_LEN);
	/* A saved kernel's two pending tables. */
	if (w->s->gic == 3)
		memset(w->want + (GUEST_LPI_SAVED + PURG_LPI_PROP_LEN - base), 0, 2 * PURG_LPI_PEND_LEN);
	if (!w->s->unpack)
		return 1;
	memcpy(w->want + (w->unpack.target_pa - base), w->unpack.target_want, UNPACK_TARGET_LEN);
	memcpy(w->want + (w->unpack.moves_pa - base), w->unpack.moves_want, UNPACK_MOVES_LEN);
	return 1;
}

/* Purgatory's own, what it stamps, and what stub and payload write. */
static uint64_t may_change(const struct world *w, uint64_t pa)
{
	const struct { uint64_t start, end; } own[] = {
		{ w->p.base, w->p.base + PURG_IMAGE_MAX + w->p.pool_len },
		{ w->timing_pa + 8, w->timing_pa ? w->timing_pa + PURG_TIMING_WORDS * 8 : 0 },
		{ GUEST_BEFORE, GUEST_END },
		{ WATCH_CLEANED, w->s->mode & MODE_WATCH ? WATCH_END : 0 },
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (pa >= own[i].start && pa < own[i].end)
			return own[i].end - pa;
	return 0;
}

static int compare_piece(void *arg_, uint64_t off, uint64_t len)
{
	struct world *w = arg_;
	uint64_t end = off + len;

	while (off < end) {
		uint64_t skip, n = end - off < 4096 ? end - off : 4096;

		if (!memcmp(w->want + off, w->ram.p + off, n)) {
			off += n;
			continue;
		}
		while (w->want[off] == w->ram.p[off])
			off++;
		skip = may_change(w, places[ARM].ram_low + off);
		if (!skip) {
			printf("# at %#llx: have %#x, want %#x\n",
			       (unsigned long long)(places[ARM].ram_low + off), w->ram.p[off], w->want[off]);
			return 1;
		}
		off += skip;
	}
	return 0;
}

/* guest-arm64.h's lists, as names and as values the stub has set. */
#define REG_NAME(reg)		#reg,
#define REG_VALUE(reg, value)	{ #reg, value },
static const char *const reg_names[] = {
	REGS_ANY(REG_NAME) REGS_EL1(REG_NAME) REGS_EL2(REG_NAME) REGS_EL12(REG_NAME)
};
static const struct {
	const char *name;
	uint64_t value;
} reg_stale[] = {
	STALE_ANY(REG_VALUE) STALE_EL1(REG_VALUE) STALE_EL2(REG_VALUE) STALE_EL12(REG_VALUE)
};

static size_t reg_count(const struct scene *s)
{
	size_t el1 = sizeof((const char *[]){ REGS_ANY(REG_NAME) REGS_EL1(REG_NAME) }) / sizeof(char *);
	size_t el2 = sizeof((const char *[]){ REGS_EL2(REG_NAME) }) / sizeof(char *);

	if (!s->el2 || (s->mode & MODE_WATCH))
		return el1;
	return s->mode & MODE_E2H ? sizeof(reg_names) / sizeof(reg_names[0]) : el1 + el2;
}

/* The stub did set them: else the comparison would prove nothing. */
static void check_stale(const struct scene *s, const char *name, uint64_t have)
{
	/* With E2H = 1, EL2's are set by EL1's names. */
	if ((s->mode & MODE_E2H) && strstr(name, "_EL2") && strcmp(name, "TPIDR_EL2"))
		return;
	for (size_t i = 0; i < sizeof(reg_stale) / sizeof(reg_stale[0]); i++)
		if (!strcmp(reg_stale[i].name, name) && reg_stale[i].value != have)
			test_report(!printf("# the stub has not set %s: %#llx\n", name,
					    (unsigned long long)have), name, 0, "stub");
}

static void check_registers(const struct world *w)
{
	const uint64_t *before = (const uint64_t *)(void *)ram_at(&w->ram, GUEST_BEFORE) + 1;
	const uint64_t *after = (const uint64_t *)(void *)ram_at(&w->ram, GUEST_AFTER) + 1;

	for (size_t i = 0; i < reg_count(w->s); i++) {
		check_stale(w->s, reg_names[i], before[i]);
		test_u64(after[i], before[i], w->s->name, 0, reg_names[i]);
	}
}

static uint64_t stamp(const struct world *w, int word)
{
	uint64_t v;

	memcpy(&v, ram_at(&w->ram, w->timing_pa + 8 * (uint64_t)word), sizeof(v));
	return be64toh(v);
}

static void check_timing(const struct world *w)
{
	uint64_t bytes = 0, before = 0, after = UINT64_MAX;

	for (uint32_t i = 0; i < w->p.region_count; i++)
		bytes += w->p.region[i].len;
	if (w->s->arch == ARM) {
		memcpy(&before, ram_at(&w->ram, GUEST_BEFORE), 8);
		memcpy(&after, ram_at(&w->ram, GUEST_AFTER), 8);
		CHECK_EQ_U64(stamp(w, PURG_TIMING_HZ), 62500000);
	} else {
		CHECK_EQ_U64(stamp(w, PURG_TIMING_HZ), 0);
	}
	CHECK_EQ_U64(stamp(w, PURG_TIMING_HEAD), PURG_TIMING_MAGIC);
	CHECK_EQ_U64(stamp(w, PURG_TIMING_BYTES), bytes);
	CHECK(before <= stamp(w, PURG_TIMING_ENTRY));
	for (int i = PURG_TIMING_ENTRY; i < PURG_TIMING_EXIT; i++)
		CHECK(stamp(w, i) <= stamp(w, i + 1));
	CHECK(stamp(w, PURG_TIMING_VERIFIED) < stamp(w, PURG_TIMING_EXIT));
	CHECK(stamp(w, PURG_TIMING_EXIT) <= after);
}

/* From the stub's last instruction to the payload's first. */
static void check_count(const struct world *w)
{
	uint64_t before, after, bytes = 0, ns;

	memcpy(&before, ram_at(&w->ram, GUEST_BEFORE), 8);
	memcpy(&after, ram_at(&w->ram, GUEST_AFTER), 8);
	for (uint32_t i = 0; i < w->p.region_count; i++)
		bytes += w->p.region[i].len;
	ns = (after - before) * 16;		/* 62.5 MHz */
	printf("# %s: %llu instructions for %llu bytes, %llu.%02llu per byte\n", w->s->name,
	       (unsigned long long)ns, (unsigned long long)bytes, (unsigned long long)(ns / bytes),
	       (unsigned long long)(ns % bytes * 100 / bytes));
	CHECK(ns * 100 / bytes <= w->s->most);
}

/* One line, 64 bytes, at @off of the watched memory. */
static int watched_line(const struct world *w, uint64_t off)
{
	const uint8_t *now = w->ram.p + off;
	const uint8_t *cleaned = ram_at(&w->ram, WATCH_CLEANED + off);
	uint8_t seen = *ram_at(&w->ram, WATCH_LINES + off / 64);
	uint64_t pa = WATCH_RAM + off, own = pa - WATCH_BASE;
	int write = 0, map = !(w->s->flags & PURG_F_NO_MAP);

	if (pa >= GUEST_BEFORE && pa < GUEST_END)
		return 1;
	for (uint32_t i = 0; i < w->p.region_count; i++)
		if ((w->p.region[i].flags & PURG_REGION_WRITE) &&
		    pa - w->p.region[i].pa < w->p.region[i].mem_len)
			write = 1;
	/* Whatever was written or may be was cleaned, and not written to after that. */
	if (map && (write || memcmp(now, w->before + off, 64)))
		return (seen & 2) && !memcmp(now, cleaned, 64);
	/* Without map: before it is written. */
	if (write)
		return (seen & 2) && !memcmp(w->before + off, cleaned, 64);
	/* The image, and what there is of the pool, was dropped when the map came. */
	if (map && own < PURG_IMAGE_MAX)
		return (seen & 1) && !memcmp(ram_at(&w->ram, WATCH_DROPPED + own),
					     ram_at(&w->ram, WATCH_OWN + own), 64);
	return 1;
}

/* Registers in the order they were written: monitor-arm64.S's KEY(). */
#define KEY_SCTLR	0x300400
#define KEY_TTBR0	0x300800
#define KEY_TCR		0x340800
#define KEY_MAIR	0x302804

/* What a machine with caches would make of what purgatory did. */
static void check_watched(const struct world *w)
{
	static const struct {
		uint32_t key, low;	/* SCTLR's M, C and I */
	} on[] = {
		{ KEY_SCTLR, 0x1000 }, { KEY_MAIR, 0 }, { KEY_TCR, 0 }, { KEY_TTBR0, 0 },
		{ KEY_SCTLR, 0x1005 }, { KEY_SCTLR, 0 }, { KEY_MAIR, 0 }, { KEY_TCR, 0 },
		{ KEY_TTBR0, 0 }, { KEY_SCTLR, 0 },
	};
	const uint64_t *log = (const uint64_t *)(void *)ram_at(&w->ram, WATCH_LOG);
	uint64_t all = sizeof(on) / sizeof(on[0]);
	int map = !(w->s->flags & PURG_F_NO_MAP);

	for (uint64_t off = 0; off < WATCH_RAM_LEN; off += 64)
		if (!watched_line(w, off)) {
			printf("# line %#llx\n", (unsigned long long)(WATCH_RAM + off));
			test_report(0, w->s->name, 0, "not cleaned, or written afterwards");
			break;
		}
	if (!map || !CHECK_EQ_U64(log[0], all))
		return;
	for (uint64_t i = 0; i < all; i++) {
		const uint64_t *e = log + 4 * (i + 1);

		CHECK_EQ_U64(e[0], on[i].key);
		if (on[i].key == KEY_SCTLR)
			CHECK_EQ_U64(e[1] & 0x1005, on[i].low);
		/* All IVACs before the map, all CIVACs on it. */
		CHECK_EQ_U64(e[2], i ? log[1] : 0);
		CHECK_EQ_U64(e[3], i > 4 ? log[2] : 0);
	}
	printf("# %s: %llu lines dropped, %llu cleaned\n", w->s->name, (unsigned long long)log[1],
	       (unsigned long long)log[2]);
}

int scene_check(struct world *w)
{
	const struct unpack_plan *u = &w->unpack;

	test_failed = 0;	/* of this file */
	if (w->s->unpack) {
		CHECK_MEM(ram_at(&w->ram, u->target_pa), u->target_want, UNPACK_TARGET_LEN);
		CHECK_MEM(ram_at(&w->ram, u->moves_pa), u->moves_want, UNPACK_MOVES_LEN);
	}
	if (w->s->arch == ARM && !w->s->payload) {
		CHECK(ram_pieces(&w->ram, compare_piece, w) == 0);
		check_registers(w);
	}
	if (w->s->mode & MODE_WATCH)
		check_watched(w);
	if (w->s->timing)
		check_timing(w);
	if (w->s->most)
		check_count(w);
	return !test_failed;
}

/* The stub's list: one segment, whose 32 sources are one behind the other. */
static void check_map(const struct world *w, int entered_twice)
{
	const struct context_map *map = (const void *)ram_at(&w->ram, w->p.map_pa);
	const struct context_run *run = (const void *)(map + 1);

	/* The second time the stub is on tables of another level count. */
	CHECK_EQ_U64(map->status, entered_twice ? CONTEXT_UNKNOWN : CONTEXT_FILLED);
	if (entered_twice)
		return;
	CHECK_EQ_U64(map->list_head & 0xfff, 2);
	CHECK_EQ_U64(map->page_count, 32);
	CHECK_EQ_U64(map->run_count, 1);
	CHECK_EQ_U64(run->dst_pa, w->p.base);
	CHECK_EQ_U64(run->src_pa, 0x1a00000);
	CHECK_EQ_U64(run->pages, 32);
	CHECK_EQ_U64(run[1].pages, 0);
}

int scene_jump(const struct world *w)
{
	const struct context_note *context = (const void *)ram_at(&w->ram, w->p.context_pa);
	const struct context_state *state = (const void *)ram_at(&w->ram, w->p.state_pa);
	int twice = w->s->preserve == 3;
	uint64_t result[PURG_RESULT_WORDS];

	test_failed = 0;	/* of this file */
	memcpy(result, ram_at(&w->ram, w->p.result_pa), sizeof(result));
	CHECK_EQ_U64(context->status, CONTEXT_FILLED);
	CHECK_EQ_U64(state->status, CONTEXT_FILLED);
	CHECK_EQ_U64(context->entry, state->return_address);
	CHECK_EQ_U64(context->value[0], 0);
	check_map(w, twice);
	if (twice) {
		CHECK_EQ_U64(context->entry, FUNCTION_PA + 31);
		return !test_failed;
	}
	CHECK_EQ_U64(state->sp & 0xfff, 0xff8);
	CHECK_EQ_U64(state->slot, 0);
	CHECK_EQ_U64(state->swap_page, state->sp & ~0xfffULL);
	CHECK_EQ_U64(state->control_page, context->entry & ~0xfffULL);
	CHECK_EQ_U64(state->cr4, w->s->mode == 5 ? 0x1020 : 0x20);
	CHECK_EQ_U64(state->efer & 0x900, 0x900);
	CHECK(context->entry > 0x100000 && context->entry < 0x1000000);
	CHECK_EQ_U64(result[PURG_RESULT_CALLS], w->s->entry == PURG_ENTRY_CALL && w->s->preserve == 1);
	if (result[PURG_RESULT_CALLS])
		CHECK_EQ_U64(result[PURG_RESULT_VALUE], 0x3f);
	return !test_failed;
}

/* Is @pa in what should be mapped, pages of the granule? */
static int should_map(const struct world *w, uint64_t pa)
{
	uint64_t page = 1ULL << w->p.page_shift;

	if (w->s->unmapped)
		return 1;
	if (pa - w->p.base < PURG_IMAGE_MAX || pa - 0x09000000 < page)
		return 1;
	for (uint32_t i = 0; i < w->p.region_count; i++)
		if (pa - w->p.region[i].pa < w->p.region[i].mem_len)
			return 1;
	return 0;
}

/* What the CPU makes of a virtual address, halted with its MMU as it is. */
static void walk_one(struct world *w, uint64_t pa)
{
	char command[64], answer[8192], want[64];

	snprintf(command, sizeof(command), "gva2gpa 0x%llx", (unsigned long long)pa);
	if (!CHECK(vm_monitor(&w->vm, command, answer, sizeof(answer))))
		return;
	snprintf(want, sizeof(want), "gpa: %#llx\r\n", (unsigned long long)pa);
	if (!test_report(!!strstr(answer, should_map(w, pa) ? want : "Unmapped"), w->s->name, 0, command))
		printf("# got: %s\n", strchr(answer, '\n'));
}

/* Both ends of every range, from the inside and from the outside. */
int scene_walk(struct world *w)
{
	const uint64_t others[] = { 0, 0x08000000, 0x0a000000, GUEST_STUB, w->p.base + PURG_IMAGE_MAX,
				    0x47000000, 0x4ffff000, 1ULL << 38 };

	test_failed = 0;	/* of this file */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		walk_one(w, others[i]);
	for (uint32_t i = 0; i <= w->p.region_count + 1; i++) {
		uint64_t start = 0x09000000, len = 1ULL << w->p.page_shift;

		if (i < w->p.region_count) {
			start = w->p.region[i].pa;
			len = w->p.region[i].mem_len;
		} else if (i == w->p.region_count) {
			start = w->p.base;
			len = PURG_IMAGE_MAX;
		}
		walk_one(w, start - 0x1000);
		walk_one(w, start);
		walk_one(w, start + len - 0x1000);
		walk_one(w, start + len);
	}
	return !test_failed;
}

/*
 * INIT puts a CPU at the reset vector (SDM vol. 3A, table 9-1: EIP 0xfff0), where
 * it waits; the stub had left it in a loop.
 */
int scene_stopped(struct world *w)
{
	char command[64], answer[8192];

	test_failed = 0;	/* of this file */
	for (int i = 1; i < w->s->cpus; i++) {
		snprintf(command, sizeof(command), "cpu %d", i);
		CHECK(vm_monitor(&w->vm, command, answer, sizeof(answer)));
		/* QEMU runs the CPUs in turn: one may not have had its INIT yet. */
		for (int tries = 0; tries < 50; tries++) {
			CHECK(vm_monitor(&w->vm, "info registers", answer, sizeof(answer)));
			if (strstr(answer, "EIP=0000fff0") && strstr(answer, "HLT=1"))
				break;
			usleep(100000);
		}
		if (!test_report(strstr(answer, "EIP=0000fff0") && strstr(answer, "HLT=1"), w->s->name, 0, command))
			printf("# got: %s\n", answer);
	}
	return !test_failed;
}

/* Are the bits @mask of the register at @pa as said? */
static void check_register(struct world *w, uint64_t pa, uint32_t mask, uint32_t want)
{
	char command[64], answer[8192];
	unsigned int value = 77;
	const char *found;

	snprintf(command, sizeof(command), "xp /1wx 0x%llx", (unsigned long long)pa);
	if (!CHECK(vm_monitor(&w->vm, command, answer, sizeof(answer))))
		return;
	found = strstr(answer, ": 0x");
	if (!test_report(found && sscanf(found, ": %x", &value) == 1 && (value & mask) == want,
			 w->s->name, 0, command))
		printf("# got: %s\n", answer);
}

/* The saved kernel's, with the attributes that the stub's had, or Linux's. */
static void check_tables(struct world *w)
{
	uint32_t attributes = w->s->mode & MODE_GIC ? 0 : 0x780;

	for (uint32_t i = 0; i < 2; i++) {
		uint64_t gicr = GUEST_GICR + i * GUEST_GICR_STEP;

		check_register(w, gicr + 0x70, ~0u, GUEST_LPI_SAVED | attributes | 15);
		check_register(w, gicr + 0x74, ~0u, 0);
		check_register(w, gicr + 0x78, ~0u,
			       (GUEST_LPI_SAVED + (i + 1) * PURG_LPI_PEND_LEN) | attributes);
		check_register(w, gicr + 0x7c, ~0u, 0);
	}
}

int scene_gic(struct world *w)
{
	uint32_t its = w->s->gic == 2, lpis = w->s->gic != 1;

	test_failed = 0;	/* of this file */
	check_register(w, GUEST_ITS, 1, its);
	check_register(w, GUEST_GICR, 1, lpis);
	check_register(w, GUEST_GICR + GUEST_GICR_STEP, 1, lpis);
	if (w->s->gic == 3)
		check_tables(w);
	return !test_failed;
}
