/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of kx_sources_read_x86() that have a file of their own.
 */
#ifndef KEXEC_SYS_X86_64_H
#define KEXEC_SYS_X86_64_H

#include "kx/sys.h"

#define KX_BOOT_PARAMS_LEN	0x1000

/* s->x86.edd and .mbr_signatures (sources-edd.c); reads .boot_params. Only -ENOMEM. */
KX_CHECKED int kx_edd_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err);

/*
 * s->console (console-x86_64.c); reads cmdline and screen_info.
 * -EINVAL: a --serial or --serial-baud that makes no sense; -ENOMEM.
 */
KX_CHECKED int kx_consoles_x86(struct kx_sources *s, const struct kx_console_wish *wish,
			       struct kx_arena *a, struct kx_err *err);

#endif
