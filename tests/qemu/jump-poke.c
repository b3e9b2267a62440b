/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads or writes one word of physical memory through a mapping of /dev/mem: how
 * `jump` changes the memory of the kernel that sleeps.  Built for the guests.
 *
 *	jump-poke PA [VALUE]		prints what was there
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "jump-pattern.h"

#define PAGE	4096u

int main(int argc, char **argv)
{
	volatile uint64_t *word;
	uint64_t pa;
	uint8_t *at;
	int fd;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: jump-poke PA [VALUE]\n");
		return 2;
	}
	pa = strtoull(argv[1], NULL, 0);
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	at = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
					(off_t)(pa / PAGE * PAGE));
	if (at == MAP_FAILED) {
		fprintf(stderr, "jump-poke: /dev/mem at %#" PRIx64 ": %s\n", pa, strerror(errno));
		return 1;
	}
	word = (volatile uint64_t *)(at + pa % PAGE);
	printf("%#" PRIx64 "\n", *word);
	if (argc == 3)
		*word = strtoull(argv[2], NULL, 0);
	return 0;
}
