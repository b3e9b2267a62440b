/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory the kernel that captures takes.
 */
#ifndef ESTIMATE_H
#define ESTIMATE_H

#include <stdint.h>

/* Bytes. */
struct estimate {
	/* What is known: of the files, and the running kernel. */
	uint64_t kernel;	/* where it runs: init_size, image_size */
	uint64_t initrd;	/* the file, in memory until it is unpacked */
	uint64_t unpacked;	/* its files, in memory for ever */
	uint64_t modules;	/* those of the initrd, when they are loaded */
	/* What follows of them. */
	uint64_t runtime;	/* the kernel's own, and the programs' */
	uint64_t pages;		/* struct page of all of it */
	uint64_t total;
	uint64_t crashkernel;	/* total, rounded up to what one writes */
};

/* The constants, for who prints them. */
#define ESTIMATE_KERNEL_RUNTIME	(48ull << 20)
#define ESTIMATE_TOOLS		(48ull << 20)
#define ESTIMATE_ROUND		(16ull << 20)
#define ESTIMATE_STRUCT_PAGE	64u
#define ESTIMATE_PAGE		4096u

/* Fills the lower half of @e from the upper.  Never above 2^63, whatever it is given. */
void estimate_add_up(struct estimate *e);

#endif
