/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device tree for the next kernel, prepared as Linux prepares it itself
 * for kexec_file_load (drivers/of/kexec.c, of_kexec_alloc_and_setup_fdt()):
 * what describes this boot goes, what describes the next one comes, the machine
 * stays.  Called by arm64.c.
 *
 * One difference: the kernel knows where the running tree lies and drops that
 * reservation by address (see arm64-dtb-reserve.c).  As there, the new tree
 * itself needs no reservation: arch/arm64/kernel/setup.c keeps its memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "arm64.h"
#include "kx/fdt.h"
#include "kx/timing.h"

/* Our properties with their names; the command line comes on top. */
#define EXTRA_SPACE	0x1000

#define KASLR_SEED_LEN	8
/* What drivers/of/kexec.c gives (RNG_SEED_SIZE). */
#define RNG_SEED_LEN	128

/* Properties of /chosen that only hold for the boot they were written for. */
static const char *const stale_props[] = {
	"bootargs",
	"kaslr-seed",
	"rng-seed",
	"linux,initrd-start",
	"linux,initrd-end",
	"linux,elfcorehdr",
	"linux,usable-memory-range",
	"linux,ima-kexec-buffer",
	"linux,kho-fdt",
	"linux,kho-scratch",
	KX_TIMING_PROPERTY,
};

int kx_arm64_dtb_err(struct kx_err *err, int r, const char *what)
{
	/* The buffer is sized for everything, so NOSPACE is no case of its own. */
	return kx_err_set(err, ENOEXEC, "device tree: %s: %s", what, fdt_strerror(r));
}

/* Where we start from. */
struct base_tree {
	struct kx_bytes bytes;
	const char *name;
	bool running;
};

static int choose_tree(struct kx_plan *p, struct base_tree *ret, struct kx_err *err)
{
	const struct kx_arm64_facts *facts = &p->sources->arm64;

	if (p->request->dtb.path)
		*ret = (struct base_tree){ p->request->dtb.bytes, p->request->dtb.path, false };
	else if (p->payload && p->payload->dtb.len)
		*ret = (struct base_tree){ p->payload->dtb, "the UKI's .dtb", false };
	else if (facts->fdt.len)
		*ret = (struct base_tree){ facts->fdt, facts->fdt_source, true };
	else
		return kx_err_set(err, EINVAL,
				  "no device tree: neither /sys/firmware/fdt (root only) nor "
				  "/proc/device-tree is readable, and --dtb is not given");
	kx_plan_note(p, "dtb: made from %s", ret->name);
	return 0;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Where the last block ends.  QEMU's trees have nearly 1 MiB of room behind. */
static uint64_t used_size(const void *fdt)
{
	uint64_t reserve = ((uint64_t)fdt_num_mem_rsv(fdt) + 1) * sizeof(struct fdt_reserve_entry);
	uint64_t end = fdt_off_mem_rsvmap(fdt) + reserve;

	end = max_u64(end, (uint64_t)fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt));
	return max_u64(end, (uint64_t)fdt_off_dt_strings(fdt) + fdt_size_dt_strings(fdt));
}

/*
 * The running kernel has overwritten the seeds it was given with NOP tags; left
 * in, they would make the tree longer with every kexec.
 */
static void squeeze_nops(void *fdt)
{
	uint8_t *structure = (uint8_t *)fdt + fdt_off_dt_struct(fdt);
	int from = 0, to = 0, next;
	uint32_t tag;

	do {
		tag = fdt_next_tag(fdt, from, &next);
		if (next < 0)
			return;
		if (tag != FDT_NOP) {
			memmove(structure + to, structure + from, (size_t)(next - from));
			to += next - from;
		}
		from = next;
	} while (tag != FDT_END);
	fdt_set_size_dt_struct(fdt, (uint32_t)to);
}

/* @from with room to grow by @room, its blocks in the order libfdt writes. */
static int open_for_edit(struct kx_arena *a, const void *from, uint64_t room, void **ret,
			 struct kx_err *err)
{
	uint64_t used = used_size(from), size;
	void *fdt;
	int r;

	if (used > KX_FDT_MAX)
		return kx_err_set(err, E2BIG,
				  "device tree: 0x%" PRIx64 " bytes, and the kernel takes at most 0x%x",
				  used, KX_FDT_MAX);
	/* Twice, because putting blocks into order in place needs a second copy. */
	size = 2 * used + room;
	fdt = kx_arena_alloc(a, size);
	if (!fdt)
		return kx_err_set(err, ENOMEM, "device tree: no memory for 0x%" PRIx64 " bytes", size);
	memcpy(fdt, from, used);
	fdt_set_totalsize(fdt, (uint32_t)used);
	squeeze_nops(fdt);
	r = fdt_open_into(fdt, fdt, (int)size);
	if (r < 0)
		return kx_arm64_dtb_err(err, r, "copy");
	*ret = fdt;
	return 0;
}

static int chosen_node(void *fdt, struct kx_err *err)
{
	int node = fdt_path_offset(fdt, "/chosen");

	if (node == -FDT_ERR_NOTFOUND)
		node = fdt_add_subnode(fdt, 0, "chosen");
	return node < 0 ? kx_arm64_dtb_err(err, node, "/chosen") : node;
}

static int drop_reservations(struct kx_plan *p, void *fdt, bool running, struct kx_err *err)
{
	struct arm64_stale stale;

	kx_arm64_stale_find(fdt, running, p->sources->page_size, &stale);
	for (int i = fdt_num_mem_rsv(fdt) - 1; i >= 0; i--) {
		uint64_t start, size;
		int r = fdt_get_mem_rsv(fdt, i, &start, &size);

		if (r == 0 && kx_arm64_stale_has(&stale, start, size)) {
			r = fdt_del_mem_rsv(fdt, i);
			kx_plan_note(p, "dtb: reservation [0x%" PRIx64 "-0x%" PRIx64
				     ") of this boot dropped", start, start + size);
		}
		if (r < 0)
			return kx_arm64_dtb_err(err, r, "memory reservations");
	}
	return 0;
}

static int drop_props(void *fdt, int chosen, struct kx_err *err)
{
	for (size_t i = 0; i < sizeof(stale_props) / sizeof(stale_props[0]); i++) {
		int r = fdt_delprop(fdt, chosen, stale_props[i]);

		if (r < 0 && r != -FDT_ERR_NOTFOUND)
			return kx_arm64_dtb_err(err, r, stale_props[i]);
	}
	return 0;
}

static int set_initrd(void *fdt, int chosen, struct kx_range initrd, struct kx_err *err)
{
	int r;

	if (kx_range_empty(initrd))
		return 0;
	r = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", initrd.start);
	if (r == 0)
		r = fdt_setprop_u64(fdt, chosen, "linux,initrd-end", initrd.end);
	if (r == 0)
		r = fdt_add_mem_rsv(fdt, initrd.start, kx_range_len(initrd));
	return r < 0 ? kx_arm64_dtb_err(err, r, "linux,initrd-start") : 0;
}

/* The kernel zeroes or removes seeds once it has used them: give it new ones. */
static int set_seeds(struct kx_plan *p, void *fdt, int chosen, struct kx_err *err)
{
	struct kx_bytes random = p->request->random;
	int r;

	if (random.len < KASLR_SEED_LEN + RNG_SEED_LEN) {
		kx_plan_note(p, "dtb: no random numbers: kaslr-seed and rng-seed left out");
		return 0;
	}
	r = fdt_setprop(fdt, chosen, "kaslr-seed", random.data, KASLR_SEED_LEN);
	if (r == 0)
		r = fdt_setprop(fdt, chosen, "rng-seed", random.data + KASLR_SEED_LEN, RNG_SEED_LEN);
	if (r < 0)
		return kx_arm64_dtb_err(err, r, "kaslr-seed, rng-seed");
	kx_plan_note(p, "dtb: kaslr-seed and rng-seed renewed");
	return 0;
}

/* Room for the timing record, which purgatory fills once the tree is verified. */
static int set_timing(void *fdt, int chosen, struct kx_err *err)
{
	uint8_t record[KX_TIMING_LEN];
	int r;

	kx_timing_blank(record);
	r = fdt_setprop(fdt, chosen, KX_TIMING_PROPERTY, record, sizeof(record));
	return r < 0 ? kx_arm64_dtb_err(err, r, KX_TIMING_PROPERTY) : 0;
}

/*
 * The areas that this kernel is kept in are reserved; their headers are not, because
 * the next kernel does that itself, and complains if somebody did it before
 * (reserve_elfcorehdr(), since 5.15 fdt_reserve_elfcorehdr()).  Reservations in the
 * header of the tree are obeyed with EFI and ACPI as well: only EFI's stub drops them,
 * through which kexec does not go (early_init_fdt_scan_reserved_mem()).
 */
static int set_kept(const struct kx_plan *p, void *fdt, int chosen, struct kx_err *err)
{
	const struct kx_keep *keep = p->request->keep;
	int r = 0;

	if (!kx_request_keeps(p->request))
		return 0;
	for (size_t i = 0; i < keep->area_count && r == 0; i++)
		r = fdt_add_mem_rsv(fdt, keep->area[i].start, kx_range_len(keep->area[i]));
	if (r < 0)
		return kx_arm64_dtb_err(err, r, "memory reservations");
	/* In the root's cells, as kernels read it. */
	r = fdt_appendprop_addrrange(fdt, 0, chosen, "linux,elfcorehdr", p->own.core.start,
				     kx_range_len(p->own.core));
	return r < 0 ? kx_arm64_dtb_err(err, r, "linux,elfcorehdr") : 0;
}

/*
 * A crash kernel's memory: the reservation, and where there are two the high one first,
 * as Linux has it itself, because kernels before 5.15 take one range only
 * (early_init_dt_check_for_usable_mem_range()).  What is not in it needs no reservation.
 */
static int set_crash(const struct kx_plan *p, void *fdt, int chosen, struct kx_err *err)
{
	const struct kx_sources *s = p->sources;
	int r;

	if (!p->request->crash)
		return 0;
	r = fdt_appendprop_addrrange(fdt, 0, chosen, "linux,elfcorehdr", p->own.core.start,
				     kx_range_len(p->own.core));
	for (size_t i = s->crash_count; i-- && r == 0;)
		r = fdt_appendprop_addrrange(fdt, 0, chosen, "linux,usable-memory-range",
					     s->crash[i].start, kx_range_len(s->crash[i]));
	return r < 0 ? kx_arm64_dtb_err(err, r, "linux,usable-memory-range") : 0;
}

static int set_chosen(struct kx_plan *p, void *fdt, struct kx_range initrd, struct kx_err *err)
{
	int chosen = chosen_node(fdt, err), r;

	if (chosen < 0)
		return chosen;
	r = drop_props(fdt, chosen, err);
	if (r < 0)
		return r;
	/* An empty command line is no bootargs at all, as with kexec_file_load. */
	if (p->cmdline && *p->cmdline) {
		r = fdt_setprop_string(fdt, chosen, "bootargs", p->cmdline);
		if (r < 0)
			return kx_arm64_dtb_err(err, r, "bootargs");
	}
	r = set_initrd(fdt, chosen, initrd, err);
	if (r == 0)
		r = set_kept(p, fdt, chosen, err);
	if (r == 0)
		r = set_crash(p, fdt, chosen, err);
	if (r == 0)
		r = set_seeds(p, fdt, chosen, err);
	if (r == 0)
		r = set_timing(fdt, chosen, err);
	if (r < 0)
		return r;
	r = fdt_setprop_empty(fdt, chosen, "linux,booted-from-kexec");
	return r < 0 ? kx_arm64_dtb_err(err, r, "linux,booted-from-kexec") : 0;
}

static int edit(struct kx_plan *p, void *fdt, const struct base_tree *base,
		const void *running, struct kx_range initrd, struct kx_err *err)
{
	int r = chosen_node(fdt, err);

	if (r < 0)
		return r;
	r = drop_reservations(p, fdt, base->running, err);
	if (r == 0 && running)
		r = kx_arm64_dtb_merge(p, fdt, running, err);
	if (r == 0)
		r = set_chosen(p, fdt, initrd, err);
	if (r < 0)
		return r;
	r = fdt_pack(fdt);
	if (r < 0)
		return kx_arm64_dtb_err(err, r, "pack");
	if (fdt_totalsize(fdt) > KX_FDT_MAX)
		return kx_err_set(err, E2BIG,
				  "device tree: 0x%x bytes, and the kernel takes at most 0x%x",
				  fdt_totalsize(fdt), KX_FDT_MAX);
	return 0;
}

int kx_arm64_dtb_build(struct kx_plan *p, struct kx_range initrd, struct kx_bytes *ret,
		       struct kx_err *err)
{
	const struct kx_arm64_facts *facts = &p->sources->arm64;
	const void *from, *running = NULL;
	struct base_tree base = { 0 };
	void *fdt = NULL;
	uint64_t room;
	int r;

	r = choose_tree(p, &base, err);
	if (r < 0)
		return r;
	r = kx_fdt_open(base.bytes, p->arena, &from, err);
	if (r < 0) {
		kx_err_wrap(err, "%s", base.name);
		return r;
	}
	room = EXTRA_SPACE + (p->cmdline ? strlen(p->cmdline) : 0);
	if (!base.running && facts->fdt.len) {
		r = kx_fdt_open(facts->fdt, p->arena, &running, err);
		if (r < 0) {
			kx_err_wrap(err, "%s", facts->fdt_source);
			return r;
		}
		/* One cell may become two. */
		room += 2 * used_size(running);
	}
	r = open_for_edit(p->arena, from, room, &fdt, err);
	if (r == 0)
		r = edit(p, fdt, &base, running, initrd, err);
	if (r < 0) {
		kx_err_wrap(err, "%s", base.name);
		return r;
	}
	*ret = (struct kx_bytes){ fdt, fdt_totalsize(fdt) };
	return 0;
}

uint64_t kx_arm64_dtb_timing(struct kx_bytes dtb)
{
	int chosen = fdt_path_offset(dtb.data, "/chosen"), len;
	const uint8_t *record = fdt_getprop(dtb.data, chosen, KX_TIMING_PROPERTY, &len);

	return record ? (uint64_t)(record - dtb.data) : 0;
}
