/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network interfaces down before the jump, and up again if there is none.
 *
 * A network card that keeps receiving writes into memory that the next kernel
 * takes for free.  netdevice(7) documents the ioctls.  Called by commit.c.
 */
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/netlink.h>

#include "interfaces.h"
#include "open.h"

/* Any socket takes the ioctls; this family exists wherever there are interfaces. */
static int open_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static bool get_flags(int fd, const char *name, struct ifreq *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->ifr_name, name, strnlen(name, sizeof(ret->ifr_name) - 1));
	return ioctl(fd, SIOCGIFFLAGS, ret) == 0;
}

static bool take_down(int fd, const char *name)
{
	struct ifreq ifr;

	if (!get_flags(fd, name, &ifr) || !(ifr.ifr_flags & IFF_UP) ||
	    ifr.ifr_flags & IFF_LOOPBACK)
		return false;
	ifr.ifr_flags = (short)(ifr.ifr_flags & ~IFF_UP);
	return ioctl(fd, SIOCSIFFLAGS, &ifr) == 0;
}

void kx_interfaces_down(struct kx_interfaces *ret)
{
	_cleanup_fd_ int fd = open_socket();
	struct if_nameindex *all = if_nameindex();
	size_t count = 0;

	*ret = (struct kx_interfaces){ NULL, 0 };
	while (all && all[count].if_name)
		count++;
	if (count)
		ret->name = calloc(count, sizeof(*ret->name));
	for (size_t i = 0; fd >= 0 && i < count; i++) {
		if (!take_down(fd, all[i].if_name) || !ret->name)
			continue;
		memcpy(ret->name[ret->n++], all[i].if_name,
		       strnlen(all[i].if_name, IF_NAMESIZE - 1));
	}
	if (all)
		if_freenameindex(all);
}

void kx_interfaces_up(const struct kx_interfaces *l)
{
	_cleanup_fd_ int fd = open_socket();
	struct ifreq ifr;

	for (size_t i = l->n; fd >= 0 && i--;) {
		if (!get_flags(fd, l->name[i], &ifr))
			continue;
		ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
		/* Nothing more can be done for one that stays down. */
		(void)ioctl(fd, SIOCSIFFLAGS, &ifr);
	}
}

void kx_interfaces_deinit(struct kx_interfaces *l)
{
	free(l->name);
	*l = (struct kx_interfaces){ NULL, 0 };
}
