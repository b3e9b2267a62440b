/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network interfaces that must be quiet while the next kernel starts.
 */
#ifndef KEXEC_SYS_INTERFACES_H
#define KEXEC_SYS_INTERFACES_H

#include <net/if.h>
#include <stddef.h>

/* The interfaces that were taken down. */
struct kx_interfaces {
	char (*name)[IF_NAMESIZE];	/* malloc; kx_interfaces_deinit() */
	size_t n;
};

/*
 * Take down every interface that is up, but loopback ones.  One that cannot be
 * taken down is left: it is no reason not to reboot.
 */
void kx_interfaces_down(struct kx_interfaces *ret);
/* Bring those up again, in reverse order. */
void kx_interfaces_up(const struct kx_interfaces *l);
void kx_interfaces_deinit(struct kx_interfaces *l);

#endif
