/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel logs while a call runs.
 */
#ifndef KEXEC_SYS_KMSG_H
#define KEXEC_SYS_KMSG_H

#include <stdbool.h>
#include <stddef.h>

/* Longest log line that is quoted, with the NUL. */
#define KX_KMSG_LINE	256

/* /dev/kmsg, positioned behind the last record; negative errno. Close it. */
int kx_kmsg_open(void);
/*
 * The last record from @fd's position on whose text starts with one of
 * @prefixes (NULL-terminated), into @line; "" if there is none or @fd is < 0.
 */
void kx_kmsg_since(int fd, const char *const *prefixes, char line[KX_KMSG_LINE]);
/*
 * One record as read(2) gives it ("6,339,5140900,-;text\n KEY=value\n"): if its
 * text starts with one of @prefixes, copy the text (cut if too long) and say so.
 */
bool kx_kmsg_match(const char *record, size_t len, const char *const *prefixes,
		   char line[KX_KMSG_LINE]);

#endif
