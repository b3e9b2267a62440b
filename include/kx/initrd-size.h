/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory an initramfs takes once the next kernel has unpacked it, as far as
 * its containers tell (lib/initrd-size.c).
 */
#ifndef KX_INITRD_SIZE_H
#define KX_INITRD_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "kx/bytes.h"

struct kx_initrd_size {
	uint64_t bytes;		/* saturates */
	bool exact;		/* false: some part does not say, and is guessed */
};

/* Never fails: what is no archive and not packed counts as it is. */
struct kx_initrd_size kx_initrd_unpacked(struct kx_bytes b);

#endif
