/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random bytes for the next kernel's seeds, getrandom(2).  Called by main.c.
 */
#include <errno.h>
#include <sys/random.h>

#include "kx/sys.h"

struct kx_bytes kx_random(struct kx_arena *a, size_t n)
{
	uint8_t *p = kx_arena_alloc(a, n);
	size_t have = 0;

	while (p && have < n) {
		/*
		 * An initramfs may call this before the pool is ready; waiting
		 * there can take minutes, and a next kernel without our seed
		 * only has to gather its own.
		 */
		ssize_t r = getrandom(p + have, n - have, GRND_NONBLOCK);

		if (r < 0 && errno != EINTR)
			return KX_BYTES_NONE;
		if (r > 0)
			have += (size_t)r;
	}
	return p ? (struct kx_bytes){ p, n } : KX_BYTES_NONE;
}
