// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way to a target on the network: its name and a route, without a packet to it.
 * Names are asked of getent(1), which knows what this system asks (nsswitch.conf), also
 * for a kdump that is linked statically.  Called by check-target.c, verb-capture.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kdump.h"

const char *net_host(struct kdump *k)
{
	const char *where = k->conf.where, *start, *end;

	if (k->conf.target == TARGET_SSH) {
		start = strrchr(where, '@') + 1;
		end = start + strlen(start);
	} else if (k->conf.target == TARGET_NFS) {
		start = where;
		end = strstr(where, ":/");
	} else {
		return NULL;
	}
	/* "[2001:db8::1]:/srv" */
	if (end - start > 2 && start[0] == '[' && end[-1] == ']') {
		start++;
		end--;
	}
	return kx_arena_printf(k->arena, "%.*s", (int)(end - start), start);
}

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t len;
};

static bool numeric(const char *text, struct address *ret)
{
	*ret = (struct address){ .len = 0 };
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->len = sizeof(ret->v4);
	} else if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->len = sizeof(ret->v6);
	}
	/* The port of discard; nothing is sent to it, but connect(2) wants one. */
	ret->v4.sin_port = htons(9);
	return ret->len;
}

static int resolve(const char *host, struct address *ret, struct kx_err *err)
{
	const char *argv[] = { "getent", "ahosts", host, NULL };
	char answer[256];
	int r;

	if (numeric(host, ret))
		return 0;
	r = run_output(argv, answer, sizeof(answer), err);
	if (r < 0)
		return r;
	answer[strcspn(answer, " \t\n")] = '\0';
	if (r || !numeric(answer, ret))
		return kx_err_set(err, ENOENT, "%s: nobody knows the address of this name", host);
	return 0;
}

int net_route(struct kdump *k, const char *host, const char **ret_from, struct kx_err *err)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct address to, from = { .len = sizeof(struct sockaddr_in6) };
	int fd, r = resolve(host, &to, err);

	if (r < 0)
		return r;
	fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* udp(7): connect sets where datagrams go, and so finds the route; it sends none. */
	if (fd < 0 || connect(fd, &to.any, to.len) < 0 ||
	    getsockname(fd, &from.any, &from.len) < 0)
		r = kx_err_set(err, errno, "%s: no route: %s", host, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (r < 0)
		return r;
	if (from.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &from.v4.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &from.v6.sin6_addr, text, sizeof(text));
	*ret_from = kx_arena_strdup(k->arena, text);
	return *ret_from ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}
