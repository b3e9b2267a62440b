// SPDX-License-Identifier: GPL-2.0-only
/*
 * --read: physical memory to standard output.  Where the core has a backup map,
 * what the sleeping kernel had there, from its backup pages; --as-is takes what
 * is there now.  Called by main.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmcore-dump.h"

#define PIECE	((size_t)1 << 20)

int read_memory(const struct dump *d, const struct options *o, struct kx_err *err)
{
	const struct kx_context_map *map = o->as_is ? NULL : kx_contexts_map(&d->notes);
	uint8_t *buf = kx_arena_alloc_raw(d->arena, PIECE);
	int r;

	if (!buf)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes", PIECE);
	for (uint64_t done = 0; done < o->len;) {
		size_t n = o->len - done < PIECE ? (size_t)(o->len - done) : PIECE;

		r = kx_context_memory_read(&d->core, map, o->pa + done, buf, n, err);
		if (r < 0) {
			kx_err_wrap(err, "%s", d->path);
			return r;
		}
		if (fwrite(buf, 1, n, stdout) != n)
			return kx_err_set(err, EIO, "cannot write to standard output: %s",
					  strerror(errno));
		done += n;
	}
	return 0;
}
