/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Says what CNTVCT_EL0 or the TSC is, as a line of the kernel's log.  Under QEMU's
 * `-icount shift=0` the counter's 62.5 MHz are one count for 16 instructions.
 * Called by the scripts of `bench purgatory` and `bench jump`.
 *
 *	counter NAME		"KX: counter NAME=N"
 *	counter NAME jump	likewise, then straight into the loaded kernel, so
 *				that what a tool's -e does besides does not count
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/reboot.h>

static uint64_t counter(void)
{
#ifdef __aarch64__
	uint64_t v;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(v) : : "memory");
	return v;
#else
	return __builtin_ia32_rdtsc();
#endif
}

static int say(int kmsg, const char *name, uint64_t v)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "<5>KX: counter %s=%" PRIu64 "\n", name, v);

	return write(kmsg, line, (size_t)n) == n ? 0 : -1;
}

int main(int argc, char **argv)
{
	int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "jump"))) {
		fprintf(stderr, "usage: counter NAME [jump]\n");
		return 2;
	}
	if (kmsg < 0 || say(kmsg, argv[1], counter()) < 0) {
		perror("counter: /dev/kmsg");
		return 1;
	}
	if (argc == 2)
		return 0;
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	perror("counter: reboot");
	return 1;
}
