/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timing record that purgatory leaves for the next kernel's user space
 * (enum purg_timing in purgatory/abi.h), and what kexec --last-boot makes of it.
 *
 *	arch/arm64-dtb.c, arch/x86_64-boot-params.c	lay out an empty record
 *	purgatory/timing.c				fills it
 *	sys/last-boot.c					finds it one kernel later
 *	lib/timing.c					reads and prints it
 */
#ifndef KX_TIMING_H
#define KX_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/json.h"
#include "purgatory/abi.h"

#define KX_TIMING_LEN	(PURG_TIMING_WORDS * 8u)

/* arm64: the record is this property of /chosen. */
#define KX_TIMING_PROPERTY	"kexec-timing"
/*
 * x86_64: it is the data of a setup_data node of this type, "KXTM".  The
 * kernel's own types are small numbers and bit 31 (SETUP_INDIRECT); it skips
 * what it does not know, keeps its memory, and shows it to user space
 * (x86_64.h).
 */
#define KX_TIMING_SETUP_TYPE	0x4b58544du

struct kx_timing {
	uint64_t word[PURG_TIMING_WORDS];	/* by enum purg_timing, host order */
};

/* A record that nobody has written to yet, into KX_TIMING_LEN bytes. */
void kx_timing_blank(uint8_t *to);

/*
 * -ENOEXEC: not a record, or stamps that cannot be; -EOPNOTSUPP: a version from
 * later; -ENODATA: purgatory has not written it, or had no counter.  *ret
 * untouched on error.
 */
KX_CHECKED int kx_timing_parse(struct kx_bytes b, struct kx_timing *ret, struct kx_err *err);

/* ---- the last boot ------------------------------------------------------- */

struct kx_last_boot {
	struct kx_timing record;
	const char *machine;		/* "arm64", "x86_64" */
	const char *source;		/* the file the record was in */
	uint64_t hz;			/* of the counter; 0 = not known */
	const char *hz_source;		/* where that is from; NULL if not known */
	uint64_t hz_error;		/* it may be wrong by so many parts in 10^9 */

	/* Only on the machine itself, not for a captured one. */
	bool running;
	uint64_t now;			/* the counter ... */
	uint64_t age_ns;		/* ... and the running kernel's clock, together */
};

/* What lies between purgatory's exit and now, in microseconds. */
struct kx_timing_kernel {
	uint64_t start;			/* until the kernel's clock started */
	uint64_t since;			/* that clock now */
	uint64_t error;			/* start may be wrong by this */
};

/* NULL, or why it cannot be told; *ret untouched then. */
const char *kx_timing_kernel(const struct kx_last_boot *b, struct kx_timing_kernel *ret);

void kx_last_boot_print_text(const struct kx_last_boot *b, struct kx_text *t);
/* doc/plan-json.md, schema "kexec-last-boot/1" */
void kx_last_boot_print_json(const struct kx_last_boot *b, struct kx_text *t);

#endif
