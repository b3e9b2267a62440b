/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of the kernel log, from /dev/kmsg.
 *
 * The format is Documentation/ABI/testing/dev-kmsg: each read(2) gives one
 * record, "prefix;text\n" with continuation lines that start with a space;
 * EPIPE when records were overwritten before they were read, EAGAIN at the
 * end.  Called by commit.c around system calls that may be refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"
#include "open.h"

/* "userspace … buffer of at least 8192 bytes": CONSOLE_EXT_LOG_MAX. */
#define RECORD_MAX	8192

int kx_kmsg_open(void)
{
	int fd = kx_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		int e = errno;

		kx_close(&fd);
		return -e;
	}
	return fd;
}

bool kx_kmsg_match(const char *record, size_t len, const char *const *prefixes,
		   char line[KX_KMSG_LINE])
{
	const char *end = record + len, *text = memchr(record, ';', len), *nl;
	size_t n;

	if (!text)
		return false;
	text++;
	nl = memchr(text, '\n', (size_t)(end - text));
	n = (size_t)((nl ? nl : end) - text);
	for (; *prefixes; prefixes++) {
		size_t want = strlen(*prefixes);

		if (n < want || memcmp(text, *prefixes, want))
			continue;
		if (n >= KX_KMSG_LINE)
			n = KX_KMSG_LINE - 1;
		memcpy(line, text, n);
		line[n] = 0;
		return true;
	}
	return false;
}

void kx_kmsg_since(int fd, const char *const *prefixes, char line[KX_KMSG_LINE])
{
	char record[RECORD_MAX];
	size_t len = 0;
	int r;

	line[0] = 0;
	if (fd < 0)
		return;
	do {
		r = kx_read_some(fd, record, sizeof(record), &len);
		if (r == 0 && len)
			kx_kmsg_match(record, len, prefixes, line);
	} while (r == -EPIPE || (r == 0 && len));
}
