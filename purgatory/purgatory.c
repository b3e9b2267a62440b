// SPDX-License-Identifier: GPL-2.0-only
/*
 * What purgatory does, in order: check its block, map what the block names,
 * verify, unpack, verify what was unpacked, record the time, hand over.  Knows
 * no register and no page table; those are the purg_arch_ hooks.  entry.S of
 * each architecture calls purgatory() on its own stack, with interrupts masked
 * and its own exception vectors.
 */
#include "purgatory.h"

/*
 * kexec writes this into the image.  The section keeps it at PURG_PARAM_OFF
 * (purgatory.lds); it is in no other way special.
 */
struct purg_param purg_param __attribute__((section(".param"), aligned(64)));

/* abi.h promises one layout for every compiler. */
_Static_assert(sizeof(struct purg_region) == 80, "struct purg_region has padding");
_Static_assert(sizeof(struct purg_console) == 24, "struct purg_console has padding");
_Static_assert(sizeof(struct purg_unpack) == 40, "struct purg_unpack has padding");
_Static_assert(sizeof(struct purg_part) == 48, "struct purg_part has padding");
_Static_assert(sizeof(struct purg_param) == 128 + 4 * 24 + 32 * 80 + 56 + 16 * 16 + 8 + 16 * 8 + 32 * 24 +
	       16 + 512 * 16 + 24,
	       "struct purg_param has padding");

PURG_NORETURN void purg_stop(struct purg_param *p)
{
	struct purg_line l;

	if (p->on_fail == PURG_FAIL_RESET) {
		purg_arch_reset(p);
		purg_line_init(&l);
		purg_line_str(&l, "no way to reset this machine; halted");
		purg_line_print(&l, p);
	}
	purg_arch_halt();
}

PURG_NORETURN void purg_fail(struct purg_param *p, struct purg_line *l)
{
	purg_line_str(l, p->on_fail == PURG_FAIL_RESET ? "; resetting" : "; halted");
	purg_line_print(l, p);
	purg_stop(p);
}

static PURG_NORETURN void fail_block(struct purg_param *p, const char *why)
{
	struct purg_line l;

	purg_line_init(&l);
	purg_line_str(&l, "parameter block: ");
	purg_line_str(&l, why);
	purg_fail(p, &l);
}

static PURG_NORETURN void fail_unmapped(struct purg_param *p, const char *why)
{
	struct purg_line l;

	purg_line_init(&l);
	purg_line_str(&l, "page tables: ");
	purg_line_str(&l, why);
	purg_fail(p, &l);
}

/* "name [0x1000-0x1fff]", inclusive as in /proc/iomem. */
static void line_range(struct purg_line *l, const char *name, uint64_t pa, uint64_t len)
{
	purg_line_str(l, name);
	purg_line_str(l, " [");
	purg_line_hex(l, pa);
	purg_line_str(l, "-");
	purg_line_hex(l, pa + (len ? len - 1 : 0));
	purg_line_str(l, "]");
}

/* @l names what has @digest, and should have another. */
static PURG_NORETURN void fail_digest(struct purg_param *p, struct purg_line *l,
				      const uint8_t *digest, const uint8_t *want)
{
	purg_line_str(l, ": SHA-256 is ");
	purg_line_bytes(l, digest, 4);
	purg_line_str(l, "..., expected ");
	purg_line_bytes(l, want, 4);
	purg_line_str(l, "...");
	purg_fail(p, l);
}

static void region_verify(struct purg_param *p, const struct purg_region *r,
			  const struct sha256_engine *e)
{
	const void *data = (const void *)(uintptr_t)r->pa;
	uint8_t digest[PURG_SHA256_LEN];
	struct purg_line l;
	struct sha256 s;

	if (r->flags & PURG_REGION_QUARTERS) {
		sha256_quarters(data, r->len, e, digest);
	} else {
		sha256_init(&s, e->blocks);
		sha256_update(&s, data, r->len);
		sha256_final(&s, digest);
	}
	if (!__builtin_memcmp(digest, r->sha256, sizeof(digest)))
		return;
	purg_line_init(&l);
	line_range(&l, r->name, r->pa, r->len);
	fail_digest(p, &l, digest, r->sha256);
}

/* The regions with @flag; returns how many. */
static uint32_t regions_verify(struct purg_param *p, uint32_t flag, const struct sha256_engine *e)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->region_count; i++) {
		if (!(p->region[i].flags & flag))
			continue;
		region_verify(p, &p->region[i], e);
		count++;
	}
	return count;
}

/* The parts that have digests of their own; the table has been verified. */
struct parts {
	struct purg_param *p;
	uint32_t next;
};

static const struct purg_part *part_at(const struct purg_param *p, size_t i)
{
	return (const struct purg_part *)(uintptr_t)p->part_pa + i;
}

static void line_part(struct purg_line *l, const struct purg_param *p, size_t i)
{
	const struct purg_part *part = part_at(p, i);

	purg_line_init(l);
	purg_line_str(l, "part ");
	purg_line_dec(l, i);
	purg_line_str(l, " of ");
	purg_line_dec(l, p->part_count);
	line_range(l, "", part->pa, part->len);
}

static int part_next(void *ctx, struct sha256_message *ret)
{
	struct parts *v = ctx;
	const struct purg_part *part = part_at(v->p, v->next);
	struct purg_line l;

	if (v->next == v->p->part_count)
		return 0;
	if (!purg_param_inside(v->p, part->pa, part->len, 0)) {
		line_part(&l, v->p, v->next);
		purg_line_str(&l, ": in no region");
		purg_fail(v->p, &l);
	}
	*ret = (struct sha256_message){
		.data = (const uint8_t *)(uintptr_t)part->pa, .len = part->len, .tag = v->next++,
	};
	return 1;
}

static void part_done(void *ctx, const struct sha256_message *m,
		      const uint8_t digest[SHA256_DIGEST_LEN])
{
	struct parts *v = ctx;
	const struct purg_part *part = part_at(v->p, m->tag);
	struct purg_line l;

	if (!__builtin_memcmp(digest, part->sha256, sizeof(part->sha256)))
		return;
	line_part(&l, v->p, m->tag);
	fail_digest(v->p, &l, digest, part->sha256);
}

static uint32_t verify(struct purg_param *p, uint32_t flag)
{
	struct purg_fpu fpu;
	struct sha256_engine e = purg_arch_sha256_begin(&fpu);
	uint32_t count = regions_verify(p, flag, &e);

	if (flag == PURG_REGION_VERIFY && p->part_count) {
		struct parts parts = { .p = p };
		struct sha256_feed feed = { part_next, part_done, &parts };

		sha256_many(&e, &feed);
	}
	purg_arch_sha256_end(&fpu);
	return count;
}

static uint64_t verify_bytes(const struct purg_param *p)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < p->region_count; i++)
		if (p->region[i].flags & (PURG_REGION_VERIFY | PURG_REGION_VERIFY_AFTER))
			bytes += p->region[i].len;
	return bytes + p->part_bytes;
}

static void say_start(struct purg_param *p, const char *unmapped)
{
	struct purg_line l;

	purg_line_init(&l);
	purg_line_str(&l, "verifying ");
	purg_line_dec(&l, (verify_bytes(p) + 1023) >> 10);
	purg_line_str(&l, " KiB");
	if (p->unpack_count) {
		purg_line_str(&l, ", unpacking ");
		purg_line_dec(&l, p->unpack_count);
		purg_line_str(&l, p->unpack_count == 1 ? " record" : " records");
	}
	if (unmapped) {
		purg_line_str(&l, ", caches off: ");
		purg_line_str(&l, unmapped);
	}
	purg_line_print(&l, p);
}

static void say_entry(struct purg_param *p, uint32_t verified)
{
	struct purg_line l;

	purg_line_init(&l);
	purg_line_dec(&l, verified);
	purg_line_str(&l, verified == 1 ? " region" : " regions");
	if (p->entry_kind == PURG_ENTRY_RETURN) {
		purg_line_str(&l, " verified, returning to the other kernel");
	} else if (p->entry_kind == PURG_ENTRY_RESTORE || p->entry_kind == PURG_ENTRY_WOKEN) {
		purg_line_str(&l, " verified, going on with the saved kernel at ");
		purg_line_hex(&l, p->entry_kind == PURG_ENTRY_WOKEN ? p->pc : p->reg[0]);
	} else {
		purg_line_str(&l, p->entry_kind == PURG_ENTRY_CALL ? " verified, calling " :
							  " verified, entering kernel at ");
		purg_line_hex(&l, p->pc);
	}
	purg_line_print(&l, p);
}

/* A panic while the crash kernel's memory holds something else (abi.h). */
static PURG_NORETURN void say_staged(struct purg_param *p)
{
	struct purg_line l;

	purg_line_init(&l);
	purg_line_str(&l, "the crash kernel reservation holds a kernel staged for kexec -e,"
			  " not a crash kernel: no dump");
	purg_fail(p, &l);
}

PURG_NORETURN void purgatory(struct purg_param *p, uint64_t base)
{
	const char *why = purg_param_check_head(p), *unmapped = NULL;
	uint64_t stamp[PURG_TIMING_WORDS];
	const char *bad_console;
	uint32_t verified;

	stamp[PURG_TIMING_ENTRY] = purg_arch_counter();
	if (why) {
		/* Not a block we know: no console, no PSCI method to believe. */
		p->console_count = 0;
		p->psci = PURG_PSCI_NONE;
		p->on_fail = PURG_FAIL_RESET;
		purg_stop(p);
	}
	bad_console = purg_param_fix_consoles(p);
	purg_arch_init(p);
	purg_console_init(p);

	why = bad_console ? bad_console : purg_param_check(p, base);
	if (why)
		fail_block(p, why);
	if (p->entry_kind == PURG_ENTRY_STAGED)
		say_staged(p);
	if (purg_arch_map(p, &unmapped))
		fail_unmapped(p, unmapped);
	if (!(p->flags & PURG_F_QUIET))
		say_start(p, unmapped);
	stamp[PURG_TIMING_MAP] = purg_arch_counter();

	verified = verify(p, PURG_REGION_VERIFY);
	stamp[PURG_TIMING_VERIFIED] = purg_arch_counter();
	purg_unpack(p);
	stamp[PURG_TIMING_UNPACKED] = purg_arch_counter();
	verified += verify(p, PURG_REGION_VERIFY_AFTER);
	stamp[PURG_TIMING_CHECKED] = purg_arch_counter();
	if (!(p->flags & PURG_F_QUIET))
		say_entry(p, verified);

	stamp[PURG_TIMING_HZ] = purg_arch_counter_hz();
	stamp[PURG_TIMING_BYTES] = verify_bytes(p);
	stamp[PURG_TIMING_EXIT] = purg_arch_counter();
	purg_timing_record(p, stamp);
	purg_arch_handover(p);
}
