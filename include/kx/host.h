/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What depends on the CPU that a program itself runs on: sys/host-ARCH.c.
 * It asks the CPU, not the kernel's interfaces, so vmcore-dump uses it too.
 */
#ifndef KX_HOST_H
#define KX_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "purgatory/sha256.h"

/* The fastest SHA-256 block function of this CPU. */
sha256_blocks_fn *kx_sha256_best(void);
/* The same, and what it has for several messages at once. */
struct sha256_engine kx_sha256_engine(void);
/* The counter that purgatory stamps with, as far as user space can see it. */
uint64_t kx_host_counter(void);
/* Can this CPU run with 5 levels of page tables, whatever the kernel does? */
bool kx_host_la57(void);

#endif
