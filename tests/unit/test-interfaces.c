/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which interfaces go down before the jump and come up after a failed one.
 *
 * No interface of this machine is touched: if_nameindex(3) and ioctl(2) are
 * replaced by this file's.  (The linker prefers the program's symbols.)
 */
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#include "../../kexec/sys/interfaces.h"
#include "test.h"

static struct link {
	char name[IF_NAMESIZE];
	short flags;
	bool stuck;		/* refuses to change */
} links[5];

static char order[200];		/* "-eth0 +eth0": what was asked, in order */
static bool no_list;

struct if_nameindex *if_nameindex(void)
{
	struct if_nameindex *l;
	size_t n = 0;

	if (no_list)
		return NULL;
	l = calloc(sizeof(links) / sizeof(links[0]) + 1, sizeof(*l));
	for (size_t i = 0; l && i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].name[0])
			l[n++] = (struct if_nameindex){ (unsigned int)i + 1, links[i].name };
	return l;
}

void if_freenameindex(struct if_nameindex *l)
{
	free(l);
}

static int set_flags(struct link *l, short flags)
{
	size_t n = strlen(order);

	snprintf(order + n, sizeof(order) - n, "%s%c%s", n ? " " : "",
		 flags & IFF_UP ? '+' : '-', l->name);
	if (l->stuck) {
		errno = EPERM;
		return -1;
	}
	l->flags = flags;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct ifreq *ifr;
	va_list ap;

	(void)fd;
	va_start(ap, request);
	ifr = va_arg(ap, struct ifreq *);
	va_end(ap);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (strcmp(links[i].name, ifr->ifr_name))
			continue;
		if (request == SIOCSIFFLAGS)
			return set_flags(&links[i], ifr->ifr_flags);
		ifr->ifr_flags = links[i].flags;
		return 0;
	}
	errno = ENODEV;
	return -1;
}

static void begin(void)
{
	static const struct link start[] = {
		{ "lo", IFF_UP | IFF_LOOPBACK | IFF_RUNNING, false },
		{ "eth0", IFF_UP | IFF_BROADCAST | IFF_PROMISC, false },
		{ "wlan0", IFF_BROADCAST, false },
		{ "abcdefghijklmno", IFF_UP, false },	/* IF_NAMESIZE - 1 characters */
		{ "tun0", IFF_UP | IFF_POINTOPOINT, true },
	};

	memcpy(links, start, sizeof(links));
	order[0] = 0;
	no_list = false;
}

static void test_down_up(void)
{
	struct kx_interfaces l;

	begin();
	kx_interfaces_down(&l);
	CHECK_STR(order, "-eth0 -abcdefghijklmno -tun0");
	CHECK(links[0].flags & IFF_UP);
	CHECK(links[1].flags == (IFF_BROADCAST | IFF_PROMISC));
	/* What was down before, and what would not go down, are not remembered. */
	CHECK_EQ_U64(l.n, 2);
	order[0] = 0;
	kx_interfaces_up(&l);
	CHECK_STR(order, "+abcdefghijklmno +eth0");
	CHECK(links[1].flags == (IFF_UP | IFF_BROADCAST | IFF_PROMISC));
	CHECK(links[2].flags == IFF_BROADCAST);
	kx_interfaces_deinit(&l);
	CHECK(!l.name && !l.n);
}

static void test_gone(void)
{
	struct kx_interfaces l;

	begin();
	kx_interfaces_down(&l);
	links[1].name[0] = 0;
	order[0] = 0;
	kx_interfaces_up(&l);
	CHECK_STR(order, "+abcdefghijklmno");
	kx_interfaces_deinit(&l);
}

static void test_none(void)
{
	struct kx_interfaces l;

	begin();
	no_list = true;
	kx_interfaces_down(&l);
	CHECK_EQ_U64(l.n, 0);
	kx_interfaces_up(&l);
	kx_interfaces_deinit(&l);
	begin();
	memset(links, 0, sizeof(links));
	kx_interfaces_down(&l);
	CHECK_EQ_U64(l.n, 0);
	kx_interfaces_deinit(&l);
	CHECK_STR(order, "");
}

TEST_MAIN(
	{ "down and up again", test_down_up },
	{ "one that is gone meanwhile", test_gone },
	{ "no interfaces", test_none },
)
