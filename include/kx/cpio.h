/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Archives in initrds: "newc" cpio, 070701, or 070702 with checksums
 * (Documentation/driver-api/early-userspace/buffer-format.rst).  lib/cpio.c.
 */
#ifndef KX_CPIO_H
#define KX_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/bytes.h"
#include "kx/err.h"

struct kx_cpio_member {
	struct kx_bytes name;		/* borrowed; without its NUL */
	uint32_t mode, len;
	bool last;			/* the trailer: the archive ends behind it */
};

/* Does an archive begin at @off, which is in @b? */
bool kx_cpio_is(struct kx_bytes b, size_t off);

/*
 * The member at @off, which is in @b.  *ret_end is behind it and its padding, as far as
 * that is there; a multiple of 4 but at the end of @b, if @off is one.
 *   -ENOEXEC  it is none, or a malformed one: where, field, wanted, found
 */
KX_CHECKED int kx_cpio_member(struct kx_bytes b, size_t off, struct kx_cpio_member *ret,
			      size_t *ret_end, struct kx_err *err);

#endif
