/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scene of tests/purgatory/qemu.c: what is asked of one machine (struct scene,
 * a row of its tables), and the machine while it runs (struct world).
 */
#ifndef PURG_TEST_SCENE_H
#define PURG_TEST_SCENE_H

#include "purgatory/abi.h"
#include "purgatory/context-note.h"
#include "guest-arm64.h"
#include "machine.h"
#include "unpack-plan.h"

enum { X86, ARM };

#define WANTS	5

struct scene {
	const char *name;
	int arch;
	const char *cpu;	/* -cpu */
	uint32_t mode;		/* x86: levels; arm64: MODE_* */
	int el2;
	uint32_t entry;
	uint32_t paging, flags, on_fail;
	int corrupt;		/* one bit of the initrd, after its digest */
	uint64_t initrd_pa;	/* no memory is there; 0 = the usual one */
	uint64_t initrd_len;	/* 0 = INITRD_LEN */
	uint64_t stuck;		/* an MMIO console here, whose transmitter is never ready */
	int vga;
	const char *payload;	/* another than the usual one */
	int halts;		/* the machine must not end by itself */
	int timing;		/* a timing record */
	uint32_t page_shift;	/* 0 = 12 */
	uint64_t far_pa;	/* a region that is mapped and not looked at */
	int quarters;		/* the initrd's digest is PURG_REGION_QUARTERS' */
	int parts;		/* the initrd is verified in so many parts */
	uint64_t odd;		/* bytes that the initrd's region is too short by */
	enum unpack_kind unpack;
	enum unpack_flip flip;
	int loose;		/* the packed region is not verified */
	int walk;		/* ask the monitor what is mapped */
	int unmapped;		/* ... and that MMU is off */
	int preserve;		/* x86: left by a kernel that wants to return; which code[] */
	uint64_t va, pc, cr3;	/* of a saved kernel; pc and cr3: 0 = the usual ones */
	int cpus;		/* the others have to be stopped in the end; 0 = one */
	int gic;		/* arm64: a GICv3; 2: which the block does not name; 3: that
				   gets a saved kernel's LPI tables */
	uint32_t most;		/* instructions for 100 bytes, all included */
	const char *want[WANTS];
	const char *never;
};

/* Where a function lies that is called, or a kernel that is returned to. */
#define FUNCTION_PA	0x30000000ULL

/* What a saved kernel gets. */
#define RESTORE_CR3	0x123456000ULL
#define RESTORE_GS	0xff11000012345678ULL

/* One architecture's machine: what lies where. */
struct place {
	const char *name, *qemu, *payload, *payload32;
	uint64_t base, payload_pa, payload32_pa, initrd_pa, timing_pa;
	uint64_t packed_pa, target_pa, moves_pa;
	uint64_t ram_len, ram_low, low_len, ram_high;
};

extern const struct place places[];

/* One running scene. */
struct world {
	const struct scene *s;
	char built[512];
	struct ram ram;
	struct vm vm;
	struct purg_param p;
	struct unpack_plan unpack;
	uint8_t *before;	/* watched: memory as it was loaded */
	uint64_t payload_pa, initrd_pa, timing_pa;
	uint8_t *want;		/* what all of memory has to be; arm64 */
};

/*
 * scene-memory.c: memory as a kernel would leave it, with purgatory's image and
 * block, from what was built in @dir.  0, 1 if purgatory was not built, -1 if a
 * file or memory is missing.
 */
int scene_memory(struct world *w, const char *dir);

/*
 * scene-check.c.  _snapshot: notes what memory is, and has to be in the end.
 * _check: everything that is left behind, once the payload has run.  _jump: what
 * was recorded for a kernel that wants to return.  _walk: what the MMU of a halted
 * machine maps.  _stopped: its other CPUs wait for their start-up IPI.  _gic: what
 * its GIC was left with.  1 if all is well, else it was printed.
 */
int scene_snapshot(struct world *w);
int scene_check(struct world *w);
int scene_jump(const struct world *w);
int scene_walk(struct world *w);
int scene_stopped(struct world *w);
int scene_gic(struct world *w);

#endif
