// SPDX-License-Identifier: GPL-2.0-only
/*
 * For kexec --call: makes purgatory, which is behind it in memory, forget by which
 * word it knows the page for the result.  Built as call-digest.c is.
 */
#include "../../include/purgatory/abi.h"

uint64_t forget(const uint8_t *end);

/* @end: where not to look any more. */
uint64_t forget(const uint8_t *end)
{
	const uint8_t *at;

	__asm__("lea forget(%%rip), %0" : "=r"(at));
	at = (const uint8_t *)(((uintptr_t)at | (PURG_IMAGE_ALIGN - 1)) + 1);
	for (; at < end; at += PURG_IMAGE_ALIGN) {
		volatile struct purg_param *p = (volatile void *)(uintptr_t)(at + PURG_PARAM_OFF);

		if (p->magic != PURG_MAGIC)
			continue;
		p->result_cookie = ~p->result_cookie;
		return 0;
	}
	/* Then there is a result, and the test fails. */
	return 1;
}
