/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A crash kernel that is none: one page of zeros, loaded for a panic at the
 * start of the crash kernel reservation.  Enough for everybody to believe that
 * a crash kernel is loaded.  Run by failures.d/staging in its guests.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/kexec.h */
#define KEXEC_ON_CRASH	1ul

struct segment {
	const void *buf;
	size_t bufsz;
	unsigned long mem;
	size_t memsz;
};

int main(void)
{
	unsigned long start, end, crash = 0;
	struct segment s = { 0 };
	FILE *f = fopen("/proc/iomem", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " : Crash kernel") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			crash = start;
	if (!crash) {
		fprintf(stderr, "crash-image: no reservation in /proc/iomem\n");
		return 1;
	}
	s.mem = crash;
	s.memsz = (size_t)sysconf(_SC_PAGESIZE);
	if (syscall(SYS_kexec_load, crash, 1ul, &s, KEXEC_ON_CRASH) < 0) {
		perror("crash-image: kexec_load");
		return 1;
	}
	return 0;
}
